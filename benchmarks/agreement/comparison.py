"""One sample on both sides: the values, and the first and second derivatives along the same random directions.

Note [What is compared]
For a function f of some arrays, with random u shaped like its results and v shaped like its arguments:

    value     f(x)
    first     g = d<u, f(x)>/dx, the VJP of u
    second    the derivatives of <v, g> by x, which are those of the Hessian of <u, f>, and by u, which are the JVP of v

so that the second order says something about a linear function too.

Note [Tolerance]
Both sides compute in float64 but add up in another order and take other roads (a series here, a table there, another
factorisation). TOLERANCE times the largest number that takes part bounds what rounding can do with the small arrays of
the samples: it is 5000 units in the last place, far below the effect of any wrong formula. A narrower type is rounded
to once or twice, and may be off by 4 of its own units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import autograd_core as ag
from benchmarks.agreement import pytorch
from benchmarks.agreement.counterparts import Counterpart, Skip

TOLERANCE = 1e-12
ORDERS = ("value", "first", "second")

Array = np.ndarray[Any, Any]


@dataclass
class Finding:
    """A difference: of which order (0 for a value), in which array, and where in it.

    `differs` marks the elements; it is a single True where shape or type differ. `arrays` are the arguments that are
    arrays, `args` and `kwargs` all of them.
    """

    row: Counterpart
    order: int
    place: int
    ours: Array
    theirs: Array
    differs: Array
    arrays: Sequence[Array]
    args: Sequence[Any]
    kwargs: dict[str, Any]
    words: str = ""

    def __str__(self) -> str:
        shapes = ", ".join(str(a.shape) for a in self.arrays)
        text = f"{self.row.theirs} ({', '.join(self.row.ours)}), {ORDERS[self.order]} {self.place}: {self.words}"
        return f"{text}; arrays {shapes}; options {_brief(self.args[1:])} {_brief(self.kwargs)}"


def _brief(x: Any) -> str:
    if isinstance(x, dict):
        return "{" + ", ".join(f"{k}={_brief(v)}" for k, v in x.items()) + "}"
    if isinstance(x, list | tuple):
        return "(" + ", ".join(map(_brief, x)) + ")"
    return f"<{x.dtype}{x.shape}>" if hasattr(x, "shape") else repr(x)


@dataclass
class Outcome:
    """What came of one sample: how far it was compared, what differed, and why derivatives were left out."""

    compared: list[bool] = field(default_factory=lambda: [False, False, False])
    findings: list[Finding] = field(default_factory=list)
    worst: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    first_only: bool = False
    left_out: str = ""


def compare(row: Counterpart, op: Any, sample: Any, seed: int) -> Outcome:
    """Both sides of one sample. Raises Skip for a sample that has no counterpart."""
    given = pytorch.Arguments(sample, lambda array, live: ag.tensor(array, requires_grad=True) if live else array)
    theirs = pytorch.evaluate(op, *given.theirs, row.prepare, row.gauge)
    with np.errstate(all="ignore"):
        ours = row(*given.ours)
        return _compared(row, given, ours, theirs, np.random.default_rng(seed))


def _compared(row: Counterpart, given: Any, ours: list[Any], theirs: list[Any], rng: np.random.Generator) -> Outcome:
    outcome = Outcome()

    def check(order: int, mine: Sequence[Any], other: Sequence[Any], parts: Sequence[Array]) -> None:
        outcome.compared[order] = True
        for place, (a, b) in enumerate(zip(mine, other, strict=True)):
            words, differs, error = difference(a, b, parts)
            outcome.worst[order] = max(outcome.worst[order], error)
            if words:
                finding = Finding(row, order, place, a, b, differs, given.arrays, *given.ours, words)
                outcome.findings.append(finding)

    if len(ours) != len(theirs):
        raise RuntimeError(f"{row.theirs}: {len(ours)} results here, {len(theirs)} there")
    pairs = [(y, z) for y, z in zip(ours, theirs, strict=True) if y is not None]
    values = [value_of(y) for y, _ in pairs]
    check(0, values, [pytorch.array_of(z) for _, z in pairs], given.arrays)
    live = [
        (y, z)
        for y, z in pairs
        if value_of(y).dtype.kind == "f" and (getattr(y, "requires_grad", False) or z.requires_grad)
    ]
    if not live or not given.leaves or any(f.differs.shape != f.ours.shape for f in outcome.findings):
        return outcome
    us = [rng.standard_normal(value_of(y).shape).astype(value_of(y).dtype) for y, _ in live]
    vs = [rng.standard_normal(x.shape) for x, _ in given.leaves]
    try:
        there = pytorch.differentiate([z for _, z in live], [x for x, _ in given.leaves], us, vs)
    except Skip as skip:
        outcome.left_out = str(skip)
        return outcome
    here = differentiate([y for y, _ in live], [x for _, x in given.leaves], us, vs)
    parts = [*given.arrays, *us, *vs]
    check(1, here[0], there[0], parts)
    if there[1] is None:
        outcome.first_only = True
    else:
        check(2, here[1], there[1], parts + there[0])
    return outcome


def value_of(y: Any) -> Array:
    """The numbers of a result."""
    return np.asarray(y.detach() if isinstance(y, ag.Tensor) else y)


def differentiate(
    outputs: Sequence[Any], leaves: Sequence[Any], us: Sequence[Array], vs: Sequence[Array]
) -> tuple[list[Array], list[Array]]:
    """The gradients of <u, outputs>, and those of <v, gradients> by the leaves and the us."""
    cotangents = [ag.tensor(u, requires_grad=True) for u in us]
    recorded = [i for i, y in enumerate(outputs) if getattr(y, "requires_grad", False)]
    if not recorded:
        return [np.zeros(x.shape) for x in leaves], [np.zeros(x.shape) for x in (*leaves, *cotangents)]
    first = ag.gradients(
        [outputs[i] for i in recorded],
        list(leaves),
        [cotangents[i] for i in recorded],
        create_graph=True,
        allow_unused=True,
    )
    grads = [value_of(g) for g in first]
    inner: Any = 0.0
    for g, v in zip(first, vs, strict=True):
        inner = inner + ag.sum(g * v)
    if not inner.requires_grad:
        return grads, [np.zeros(x.shape) for x in (*leaves, *cotangents)]
    second = ag.gradients(inner, [*leaves, *cotangents], allow_unused=True)
    return grads, [value_of(g) for g in second]


def difference(ours: Array, theirs: Array, parts: Sequence[Array]) -> tuple[str, Array, float]:
    """What differs, in words ("" for nothing), where, and by how much of the largest number that takes part.

    NaN equals NaN, and an infinity equals itself. See Note [Tolerance].
    """
    if ours.shape != theirs.shape:
        return f"shape {ours.shape} here, {theirs.shape} there", np.array(True), 0.0
    if ours.dtype != theirs.dtype:
        return f"type {ours.dtype} here, {theirs.dtype} there", np.array(True), 0.0
    if not ours.size:
        return "", np.zeros(ours.shape, bool), 0.0
    if ours.dtype.kind != "f":
        differs = ours != theirs
        return _words(ours, theirs, differs), differs, 0.0
    with np.errstate(all="ignore"):
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
        distance = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
        error = np.where(same, 0.0, distance) / magnitude([theirs, *parts])
    differs = ~(error <= (TOLERANCE if ours.dtype == np.float64 else 4 * float(np.finfo(ours.dtype).eps)))
    agreeing = error[~differs] if ours.dtype == np.float64 else np.zeros(0)
    return _words(ours, theirs, differs), differs, float(agreeing.max()) if agreeing.size else 0.0


def _words(ours: Array, theirs: Array, differs: Array) -> str:
    if not differs.any():
        return ""
    at = tuple(int(i) for i in np.argwhere(differs)[0])
    return f"{ours[at]!r} here, {theirs[at]!r} there at {at}, {int(differs.sum())} of {differs.size}"


def magnitude(arrays: Sequence[Array]) -> float:
    """The largest finite number that takes part, at least 1."""
    return max([1.0, *(float(np.abs(a[np.isfinite(a)]).max(initial=0)) for a in arrays if a.dtype.kind in "iuf")])
