"""Layers and losses with random settings and inputs: what the tests look at, and what is compared with PyTorch.

A family is a function, named after a class of `nn`, that draws settings for it from a generator. One table feeds what
holds for every layer (`test_conformance.py`), the gradient kit (`test_gradients.py`), and the comparison of
`benchmarks/layers`.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import nn

__all__ = ["FAMILIES", "Sample", "family", "sample"]


@dataclass(frozen=True)
class Sample:
    """One layer or loss to be made, and what it is called with.

    An argument that is a Sample itself stands for its layer. `inputs` are shapes (drawn from a normal distribution),
    arrays, or None. `training` is the mode that it runs in, `calls` the number of times that it is called in a row,
    which is what buffers show. `order` is the highest order of derivatives that exists where the inputs lie.
    `only_here` says why PyTorch cannot be asked ("" if it can).
    """

    args: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[Any] = ()
    training: bool = True
    calls: int = 1
    order: int = 2
    only_here: str = ""
    name: str = ""
    seed: int = 0

    def layer(self, dtype: Any = np.float64) -> nn.Module:
        """The layer or loss; its initial values, and what it draws at random, follow from the seed."""
        kind = getattr(nn, self.name)
        known = inspect.signature(kind).parameters
        extra = {name: value for name, value in {"rng": self.seed, "dtype": dtype}.items() if name in known}

        def made(value: Any) -> Any:
            return value.layer(dtype) if isinstance(value, Sample) else value

        options = {name: made(value) for name, value in self.options.items()}
        layer = kind(*map(made, self.args), **options, **extra).train(self.training)
        if any(
            isinstance(held, nn.UninitializedParameter | nn.UninitializedBuffer)
            for held in (*layer.parameters(), *layer.buffers())
        ):
            layer(*self.arrays(dtype))  # the first call makes them
        return layer

    def arrays(self, dtype: Any = np.float64) -> tuple[Any, ...]:
        """The inputs: integers and booleans as they are, other numbers in the given type."""
        rng = np.random.default_rng(self.seed)

        def array(given: Any) -> Any:
            if isinstance(given, tuple) and all(isinstance(n, int) for n in given):
                return rng.normal(size=given).astype(dtype)
            if isinstance(given, tuple | list):
                return type(given)(array(part) for part in given)
            if isinstance(given, np.ndarray) and given.dtype.kind == "f":
                return given.astype(dtype)
            return given

        return tuple(array(given) for given in self.inputs)

    def __str__(self) -> str:
        shown = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.options.items())]
        return f"{self.name}({', '.join(shown)})"


@dataclass(frozen=True)
class Family:
    """All settings of a class that are worth trying."""

    name: str
    draw: Callable[[np.random.Generator], Sample]

    def sample(self, seed: int) -> Sample:
        """The sample of a seed, the same in every run."""
        # the name as well: families that draw alike should not all draw the same
        drawn = self.draw(np.random.default_rng([seed, *self.name.encode()]))
        return Sample(**{**vars(drawn), "name": self.name, "seed": seed})


FAMILIES: dict[str, Family] = {}


def family(draw: Callable[[np.random.Generator], Sample]) -> Callable[[np.random.Generator], Sample]:
    """Put a function that draws samples into the table, under its own name."""
    FAMILIES[draw.__name__] = Family(draw.__name__, draw)
    return draw


def sample(
    *args: Any,
    inputs: Sequence[Any],
    training: bool = True,
    calls: int = 1,
    order: int = 2,
    only_here: str = "",
    **options: Any,
) -> Sample:
    """A Sample, written as the layer's constructor is called."""
    return Sample(args, options, inputs, training, calls, order, only_here)


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
