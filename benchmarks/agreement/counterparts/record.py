"""What a counterpart is: an entry of PyTorch's table, our operation, and how a call of theirs is a call of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np

import autograd_core as ag
import nn


class Skip(Exception):
    """A sample that asks for something we do not have on purpose; the message says what."""


@dataclass(frozen=True)
class Counterpart:
    """One entry of PyTorch's table and what answers for it here.

    theirs    PyTorch's name, with the variant behind a dot
    ours      public names of the operations that are called: of autograd_core, or of nn.functional
    call      takes PyTorch's arguments, under PyTorch's names, and calls ours
    prepare   what the first argument is turned into on both sides, such as a symmetric matrix
    gauge     what is compared in the place of the results, where those are determined only up to a sign or a basis;
              it is applied to Tensors of either kind
    """

    theirs: str
    ours: tuple[str, ...]
    call: Callable[..., Any]
    gauge: Callable[..., list[Any]] | None = None
    prepare: Callable[[Any], Any] | None = None

    def __call__(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """Our results in a flat list. Raises Skip for an option that `call` does not name."""
        if self.prepare is not None:
            args = [self.prepare(args[0]), *args[1:]]
        try:
            bound = inspect.signature(self.call).bind(*args, **kwargs)
        except TypeError as error:
            raise Skip(f"an option without a counterpart ({str(error).removeprefix('got an ')})") from None
        results = _flat(self.call(*bound.args, **bound.kwargs))
        return self.gauge(*results) if self.gauge is not None else results


def _flat(results: Any) -> list[Any]:
    if isinstance(results, list | tuple):
        return [y for x in results for y in _flat(x)]
    return [results]


@cache
def named(name: str) -> Any:
    """A public function: `exp`, `linalg.inv`, `nn.functional.conv2d`."""
    return attrgetter(name.removeprefix("nn."))(nn) if name.startswith("nn.") else attrgetter(name)(ag)


def unary(theirs: str, ours: str) -> Counterpart:
    """A function of one array, without options."""
    return Counterpart(theirs, (ours,), lambda input: named(ours)(input))


def binary(theirs: str, ours: str) -> Counterpart:
    """A function of two arrays, without options."""
    return Counterpart(theirs, (ours,), lambda input, other: named(ours)(input, other))


def axes(x: Any, dim: Any) -> Any:
    """Axes for NumPy: to PyTorch no axes mean all of them, and a number has one."""
    if isinstance(dim, list | tuple):
        return tuple(dim) if dim and np.ndim(x) else None
    return dim if np.ndim(x) else None


def axis(x: Any, dim: int | None) -> int | None:
    """One axis for NumPy: to PyTorch a number has one."""
    return dim if np.ndim(x) else None


def refuse(condition: bool, what: str) -> None:
    """Leave a sample out that asks for what has no counterpart here."""
    if condition:
        raise Skip(what)
