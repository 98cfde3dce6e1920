"""Rules about form and memory: shapes, types, who writes where, and who shares what."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..report import Finding
from .trial import Array, Trial, changed, computes_coarsely, copies


def shape(trial: Trial) -> Iterator[Finding]:
    """Each gradient has the shape of its input."""
    if len(trial.gradients) != len(trial.inputs):
        yield Finding("shape", f"the VJP gives {len(trial.gradients)} gradients for {len(trial.inputs)} inputs")
        return
    for label, g, x in zip(trial.labels, trial.gradients, trial.inputs, strict=True):
        if g.shape != x.shape:
            advice = ""
            if x.size != g.size and _broadcasts(x.shape, g.shape):
                advice = "; sum it over the axes along which the input was broadcast"
            elif x.size == g.size:
                advice = "; reshape or transpose it"
            yield Finding("shape", f"the gradient of {label} has shape {g.shape}, {label} has {x.shape}{advice}")


def dtype(trial: Trial) -> Iterator[Finding]:
    """Each gradient has the type of its input, unless the function itself computes in another one."""
    if computes_coarsely(trial):
        return  # this is said once, by `precision`
    for label, g, x in zip(trial.labels, trial.gradients, trial.inputs, strict=False):
        if g.dtype != x.dtype and not _is_promoted(x, trial.values, g):
            yield Finding("dtype", f"the gradient of {label} is of type {g.dtype}, {label} is {x.dtype}")


def mutation(trial: Trial) -> Iterator[Finding]:
    """Nothing writes into what it is given."""
    given, tangents = copies(trial.inputs), trial.random(trial.inputs)
    directions = copies(tangents)
    trial.push(given, directions)
    trial.written["the JVP writes into"] = changed(given, trial.inputs)
    if changed(directions, tangents):
        yield Finding("mutation", "the JVP writes into a tangent that it is given; work on a copy")
    for who, positions in trial.written.items():
        for i in positions:
            yield Finding("mutation", f"{who} {trial.labels[i]}; work on a copy of it")
    for i in trial.written_cotangents:
        which = f" of output {i}" if len(trial.values) > 1 else ""
        yield Finding("mutation", f"the VJP writes into the cotangent{which}; work on a copy of it")


def aliasing(trial: Trial) -> Iterator[Finding]:
    """Gradients lie in memory of their own, and no result is overwritten by the next call.

    An output may be a view of an input, and a gradient one of the cotangent, as those of an identity, a reshape or a
    transposition are: a cotangent is passed on. What is read-only cannot do harm, and other frameworks look after their
    memory.
    """
    names = [f"the gradient of {label}" for label in trial.labels]
    pulled = list(zip(names, trial.pulled, strict=False))
    for i, (name, g) in enumerate(pulled):
        for other, h in pulled[:i]:
            if _share(g, h):
                change = "adding to one in place would change the other"
                yield Finding("aliasing", f"{other} and {name} share memory: {change}; return a copy")
        for label, x in zip(trial.labels, trial.seen, strict=True):
            if g.flags.writeable and _share(g, x):
                yield Finding("aliasing", f"{name} lies in the memory of the input {label}; return a copy")
    outputs, gradients = trial.overwritten or ([], [])
    for i in outputs:
        yield Finding("aliasing", f"the next call of the function overwrites output {i}; return a new array")
    for i in gradients:
        yield Finding("aliasing", f"the next call of the VJP overwrites {names[i]}; return a new array")


def _share(a: Array, b: Array) -> bool:
    """Whether writing into one changes the other."""
    if not (a.flags.writeable or b.flags.writeable) or _is_foreign(a):
        return False
    try:
        return np.shares_memory(a, b, max_work=10**5)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return False


def _is_foreign(a: Array) -> bool:
    """Whether the memory belongs to another framework, which knows who shares it, as that of `tensor.numpy()`."""
    base: Any = a
    while isinstance(base, np.ndarray):
        base = base.base
    return base is not None


def _is_promoted(x: Array, values: Sequence[Array], g: Array) -> bool:
    """Whether a coarse input meets a finer type inside, so that output and gradient have the latter."""
    return g.dtype.kind == "f" and g.dtype in [y.dtype for y in values] and g.dtype.itemsize > x.dtype.itemsize


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False
