"""A gradient that is wrong somewhere: what is known of it, what its VJP answers, and words for it.

Knows when two numbers agree within the error of the differences. Does not know why they do not: that is the rules.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from ..report import Array

Shape = tuple[int, ...]

JACOBIAN = 1e-4  # how far off a numeric Jacobian may be, as a share of its largest number
ROWS = 64  # a Jacobian of more outputs is not asked for row by row
_PULLS = 300  # what a diagnosis may cost, in calls of the VJP


@dataclass(frozen=True)
class Evidence:
    """A gradient that is wrong somewhere, and what is known of it.

    The derivative is that of the sum of `outputs`, each number times its `cotangents`. For each of the `inputs`, named
    in `labels`: `analytic` is the gradient as claimed, `numeric` what differences say (NaN where none was taken),
    `error` how far off those may be, `wrong` where the two contradict each other, and `columns` the numeric Jacobian
    (number of outputs, number of inputs; NaN where unknown) or None. `pull` is the claimed VJP at these inputs: from
    cotangents to gradients. At `order` 2 the outputs are the gradient of a weighted sum of squared outputs.
    """

    inputs: list[Array]
    labels: list[str]
    outputs: list[Array]
    cotangents: list[Array]
    analytic: list[Array]
    numeric: list[Array]
    error: list[Array]
    wrong: list[Array]
    columns: list[Array | None]
    pull: Callable[[list[Array]], list[Array]]
    order: int = 1


class Claim:
    """The claimed VJP, asked as rarely as possible."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, self.calls = evidence, 0

    def ask(self, cotangents: Sequence[Array]) -> list[Array] | None:
        """The gradients for these cotangents; None if the VJP refuses them, or was asked too often."""
        self.calls += 1
        if self.calls > _PULLS:
            return None
        try:
            gradients = [np.array(g, np.float64) for g in self.evidence.pull([np.array(u) for u in cotangents])]
        except Exception:  # somebody else's code: what it does with cotangents like these is not known
            self.calls = _PULLS
            return None
        expected = [x.shape for x in self.evidence.inputs]
        return gradients if [g.shape for g in gradients] == expected else None

    @cached_property
    def jacobians(self) -> list[Array] | None:
        """What the VJP claims to be the Jacobian by each input; None if the outputs have too many numbers."""
        shapes = [y.shape for y in self.evidence.outputs]
        total = sum(map(prod, shapes))
        if not 0 < total <= ROWS:
            return None
        rows = [self.ask(cut(row, shapes)) for row in np.eye(total)]
        if any(row is None for row in rows):
            return None
        return [np.stack([row[i].ravel() for row in rows if row]) for i in range(len(self.evidence.inputs))]

    def pulled(self, cotangents: Sequence[Array]) -> list[Array] | None:
        """As `ask`, for a VJP that is known to be linear."""
        if self.jacobians is None:
            return self.ask(cotangents)
        u = np.concatenate([np.ravel(c) for c in cotangents])
        return [(u @ p).reshape(x.shape) for p, x in zip(self.jacobians, self.evidence.inputs, strict=True)]


class View:
    """One input, as the rules see it: analytic `a`, numeric `n`, and what two numbers that agree may differ by."""

    def __init__(self, case: Claim, i: int) -> None:
        e = case.evidence
        self.case, self.i, self.label, self.x = case, i, e.labels[i] or f"input {i}", e.inputs[i]
        self.a, self.n = np.asarray(e.analytic[i], np.float64), np.asarray(e.numeric[i], np.float64)
        self.known = np.isfinite(self.n)
        self.wrong = e.wrong[i] & self.known
        self.outputs, self.u = e.outputs, e.cotangents
        off = np.abs(self.a - self.n)[self.wrong]
        largest = np.maximum(np.abs(self.a), np.abs(self.n))
        self.scale = float(np.max(largest, where=self.known & np.isfinite(largest), initial=0.0))
        share = 1e-6 * largest + 1e-9 * self.scale
        if off.size:
            share = np.minimum(share, 0.02 * np.median(off))
        self.allowed = 2 * np.where(np.isfinite(e.error[i]), e.error[i], 0) + share
        self.telling = self.known & (largest > 10 * self.allowed)  # zeros agree with everything and tell nothing

    @property
    def what(self) -> str:
        return f"the gradient of {self.label}"

    @property
    def everywhere(self) -> str:
        count = int(self.telling.sum())
        return f"in all {count} entries" + (" that are not 0" if count < self.known.sum() else "") if count > 1 else ""

    @property
    def columns(self) -> Array | None:
        return self.case.evidence.columns[self.i]

    @property
    def jacobian(self) -> Array | None:
        return self.case.jacobians[self.i] if self.case.jacobians is not None else None

    @cached_property
    def both(self) -> tuple[Array, Array] | None:
        """The claimed Jacobian and the numeric one, in the columns where the latter is known."""
        if self.columns is None or self.jacobian is None:
            return None
        known = np.isfinite(self.columns).all(axis=0)
        return (self.jacobian[:, known], self.columns[:, known]) if known.any() else None

    def pulled(self, cotangents: Sequence[Array]) -> Array | None:
        found = self.case.pulled(cotangents)
        return None if found is None else found[self.i]

    def same(self, left: Array, right: Array, times: Any = 1.0) -> bool:
        """Whether two arrays agree where the derivative is known, `times` being what errors were multiplied by."""
        tolerance = self.allowed * np.maximum(1.0, np.abs(times))
        known = self.known & np.isfinite(left) & np.isfinite(right)
        enough = bool(np.all(known >= self.wrong))
        return enough and bool(np.all((np.abs(left - right) <= tolerance) | ~known))


def close(left: Array, right: Array, share: float = 1e-6) -> bool:
    scale = max(float(np.abs(left).max(initial=0)), float(np.abs(right).max(initial=0)))
    return bool(np.all(np.abs(left - right) <= share * scale))


def cosine(left: Array, right: Array, where: Array) -> float:
    a, b = left[where], right[where]
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-300))


def cut(flat: Array, shapes: Sequence[Shape]) -> list[Array]:
    bounds = np.cumsum([prod(shape) for shape in shapes])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(flat, bounds), shapes, strict=True)]


def broadcast_axes(small: Shape, large: Shape) -> list[int]:
    """The axes of `large` along which an array of shape `small` is copied when it is broadcast to it."""
    if len(small) > len(large):
        return []
    padded = (1,) * (len(large) - len(small)) + small
    if any(s not in (1, n) for s, n in zip(padded, large, strict=True)):
        return []
    return [axis for axis, (s, n) in enumerate(zip(padded, large, strict=True)) if s == 1 and n > 1]


def digits_of(value: float) -> str:
    return f"{value:.7g}"


def times_text(k: float, name: str) -> str:
    if abs(k - 1) < 1e-5:
        return name
    return f"-{name}" if abs(k + 1) < 1e-5 else f"({k:.5g} * {name})"


def index_text(position: Any) -> str:
    return str([int(i) for i in position])


def entries_text(where: Array) -> str:
    """How many entries, and the first of them."""
    positions = np.argwhere(where)
    named = ", ".join(map(index_text, positions[:3])) if where.ndim else ""
    more = ", ..." if len(positions) > 3 else ""
    return f"{len(positions)} of {where.size} entries" + (f" ({named}{more})" if named else "")


def round_between(low: float, high: float) -> float:
    """The roundest number from one to the other."""
    middle = (low + high) / 2
    for digits in range(-int(np.log10(max(abs(low), abs(high), 1))), 17):
        for number in (0.0, round(middle, digits)):
            if low <= number <= high:
                return number
    return middle


def quantities_of(v: View) -> list[tuple[str, Array]]:
    """What a factor may depend on, in the shape of the input: itself, the output, the other inputs."""
    e = v.case.evidence
    found = [(v.label, v.x)]
    for k, y in enumerate(e.outputs):
        found += [("out" if len(e.outputs) == 1 else f"output {k}", fitted) for fitted in fitted_to(y, v.x.shape)]
    for j, (label, x) in enumerate(zip(e.labels, e.inputs, strict=True)):
        if j != v.i:
            found += [(label, fitted) for fitted in fitted_to(x, v.x.shape)]
    return found


def fitted_to(array: Array, shape: Shape) -> list[Array]:
    """The array broadcast to the shape, also with axes put back that a reduction has taken."""
    missing = len(shape) - array.ndim
    if missing < 0 or missing > 3:
        return []
    spread = [np.expand_dims(array, axes) for axes in combinations(range(len(shape)), missing)]
    return [np.broadcast_to(s, shape) for s in spread if all(m in (1, n) for m, n in zip(s.shape, shape, strict=True))]


def wrong_rows(claimed: Array, numeric: Array) -> Array:
    scale = max(float(np.abs(numeric).max()), float(np.abs(claimed).max()))
    return np.asarray(np.abs(claimed - numeric).max(axis=1) > JACOBIAN * scale)
