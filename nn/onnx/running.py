"""One run of a model, written down: the operations, and the layers that are not looked into.

Knows modules, and the operations that `ag.taped` writes down. Does not know programs.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..module import Module, values

__all__ = ["Called", "Run", "leaves", "run"]


@dataclass(eq=False)
class Called:
    """A call of a whole layer in one run: what went in, and the leaves that stand for what came out."""

    path: str
    layer: Module
    arguments: tuple[Any, ...]
    outputs: list[Any]
    position: int  # so many operations had been recorded before


@dataclass(eq=False)
class Run:
    """One run of the model, and what was written down."""

    inputs: list[ag.Tensor]
    outputs: list[Any]
    tape: Any
    calls: list[Called] = field(default_factory=list)


def run(model: Module, arrays: Sequence[NDArray[Any]], whole: Callable[[Module], bool]) -> Run:
    # what a Tensor shares stays the same array whoever looks at it, by which the tape knows it
    own = [x.copy() for x in arrays]
    inputs = [ag.tensor(x, requires_grad=True) if x.dtype.kind == "f" else ag.asarray(x) for x in own]
    paths = {id(layer): path for path, layer in model.named_modules()}
    with ag.taped() as tape, _not_looked_into(model, whole, paths, tape) as calls:
        for x in inputs:
            if not x.requires_grad:
                tape.follow(x)
        outputs = model(*inputs)
    for given, copy, tensor in zip(arrays, own, inputs, strict=True):
        now = values(tensor) if tensor.requires_grad else copy
        if not np.array_equal(given, now, equal_nan=given.dtype.kind == "f"):
            raise ag.OptionError("export: the model writes into its input, which no file can do; compute a new value")
    return Run(inputs, list(leaves(outputs)), tape, calls)


@contextmanager
def _not_looked_into(
    model: Module, whole: Callable[[Module], bool], paths: Mapping[int, str], tape: Any
) -> Iterator[list[Called]]:
    """Have the layers that are exported as a whole run unseen, with fresh leaves in the place of their results."""
    calls: list[Called] = []

    def unseen(layer: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            args = inspect.signature(forward).bind(*args, **kwargs).args
            fresh: list[Any] = []

            def leaf(output: ag.Tensor) -> ag.Tensor:
                fresh.append(ag.tensor(values(output), requires_grad=True))
                return fresh[-1]

            with tape.paused(), ag.no_grad():
                result = _mapped(forward(*args), leaf)
            calls.append(Called(paths[id(layer)], layer, tuple(leaves(args)), fresh, len(tape.steps)))
            return result

        return run

    chosen = [layer for layer in model.modules() if whole(layer)]
    for layer in chosen:
        object.__setattr__(layer, "forward", unseen(layer, layer.forward))
    try:
        yield calls
    finally:
        for layer in chosen:
            object.__delattr__(layer, "forward")


def leaves(outputs: Any) -> Iterator[Any]:
    if isinstance(outputs, tuple | list):
        for part in outputs:
            yield from leaves(part)
    elif isinstance(outputs, dict):
        for part in outputs.values():
            yield from leaves(part)
    else:
        yield outputs


def _mapped(outputs: Any, made: Callable[[Any], Any]) -> Any:
    if isinstance(outputs, tuple | list):
        return type(outputs)(_mapped(part, made) for part in outputs)
    return made(outputs) if isinstance(outputs, ag.Tensor) else outputs
