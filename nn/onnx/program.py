"""A model as a program: what it computes for a batch of any size, as a list of operations and layers.

Knows what a program consists of. Does not know how it is found (`recording.py`), nor what becomes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..module import Module

__all__ = ["Batch", "Call", "Constant", "Count", "Input", "Operation", "Parameter", "Program", "Ref", "Uniform"]


@dataclass(frozen=True)
class Batch:
    """A length that is `factor` times the number of samples."""

    factor: int


@dataclass(frozen=True)
class Ref:
    """The value of this number, which an operation or a layer computed."""

    number: int


@dataclass(frozen=True)
class Input:
    """The input at this position."""

    position: int


@dataclass(frozen=True)
class Parameter:
    """A parameter or buffer of the model, by its name in the state_dict."""

    name: str


@dataclass(frozen=True, eq=False)
class Constant:
    """An array that is the same for every input."""

    value: NDArray[Any]


@dataclass(frozen=True)
class Uniform:
    """An array of one number whose shape follows the batch, such as a state that begins with zeros."""

    value: Any
    shape: tuple[int | Batch, ...]


@dataclass(frozen=True)
class Count:
    """The number of samples, times a factor, as a number to compute with."""

    factor: int


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of autograd_core. `shapes` are those of its arguments, None for one left out."""

    name: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    result: Ref
    shape: tuple[int | Batch, ...]
    dtype: np.dtype[Any]
    shapes: tuple[Any, ...]
    where: str


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer that is exported as a whole."""

    path: str
    layer: Module
    arguments: tuple[Any, ...]
    results: tuple[Ref, ...]
    dtypes: tuple[np.dtype[Any], ...]
    shapes: tuple[Any, ...]


@dataclass(eq=False)
class Program:
    """Steps in order; `inputs` and `outputs` with their shapes and types; all parameters and buffers by name."""

    inputs: list[tuple[tuple[int | Batch, ...], np.dtype[Any]]]
    outputs: list[tuple[Any, tuple[int | Batch, ...], np.dtype[Any]]]
    steps: list[Operation | Call]
    state: dict[str, NDArray[Any]]
