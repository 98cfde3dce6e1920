"""A claimed gradient beside differences: entry by entry, or in random directions, each with a verdict.

Knows a `Function` and `Differences`. Does not know why a number is wrong, nor how that is said.

Note [Verdict]
What is compared is the gradient of all outputs, weighted with random numbers and summed; the differences keep the
outputs apart, so that each may have its own best step, and its own kinks. An entry is right if it lies within the
estimated error of differences that are good enough to tell anything; steps are refined until they are, or until all
have been tried. Then the entry is wrong if the best estimate is good enough and contradicts it; undecided if none is
good enough; and not judged where the function has no derivative.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

from .differences import Differences, first_step, noise_along
from .functions import Function
from .report import Array, Entry, Index, Status, Step

_SAFETY = 4.0
_DIRECTIONS = 3
_EXPLAINED = 200  # so many entries are compared to explain a wrong direction
_LARGE = 1_000_000  # no Jacobian with more numbers is kept

Place = tuple[int, int]
"""One number: which input, and where in it, in C order."""

Bent = Callable[[Sequence[Array], Array], list[Array]]
"""The outputs, at these inputs, when some value on the way is moved by an offset."""


@dataclass(frozen=True)
class Plan:
    """How hard to look: see the options of `gradcheck`."""

    mode: Literal["full", "random"] = "full"
    samples: int | None = None
    eps: float | None = None
    rtol: float | None = None
    complex_step: bool = True


class Comparison:
    """The claimed gradient of one function at its inputs, and what differences say of it.

    `analytic`, `numeric`, `error` and `wrong` are arrays for each input, `numeric` NaN where nothing was compared, or a
    gradient of the wrong shape has nothing to compare with; `columns` are the Jacobians by differences (all numbers of
    the outputs, all numbers of the input), or None where they are too large to keep.
    """

    def __init__(self, function: Function, plan: Plan, rng: np.random.Generator) -> None:
        self.function, self.plan, self._rng = function, plan, rng
        self.inputs = function.inputs
        self.outputs = [y.copy() for y in self._called(self.inputs)]
        self.cotangents = [_weights(y, rng) for y in self.outputs]
        self.analytic = [np.array(g) for g in self.pull(self.cotangents)]
        self.fits = [g.shape == x.shape for g, x in zip(self.analytic, self.inputs, strict=True)]
        self.numeric = [np.full(x.shape, np.nan) for x in self.inputs]
        self.error = [np.full(x.shape, np.nan) for x in self.inputs]
        self.wrong = [np.zeros(x.shape, bool) for x in self.inputs]
        m = self._center.size
        self.columns = [np.full((m, x.size), np.nan) if m * x.size <= _LARGE else None for x in self.inputs]
        self.entries: list[Entry] = []

    def run(self) -> None:
        """Compare, and keep the entries."""
        with np.errstate(all="ignore"):  # a gradient may be infinite, and steps may leave the domain
            if self.plan.mode == "random":
                self._compare_directions()
            else:
                self.entries += [self._entry(*place) for place in self._progress(self._places())]

    @property
    def unclear(self) -> int:
        """How many entries are undecided and pass: those in a coarse type that agree as far as can be told.

        In double precision, where differences decide nothing, something is amiss; in coarser types it is ordinary.
        """
        if self.precision <= np.finfo(np.float64).eps:
            return 0
        return sum(bool(e.status == "undecided" and e.error <= e.tolerance) for e in self.entries)

    # --- the function -------------------------------------------------------------------------------------------------

    def _called(self, arrays: Sequence[Array]) -> list[Array]:
        with np.errstate(all="ignore"):
            return self.function([x.copy() for x in arrays])  # copies: it may write into what it gets, or keep it

    def pull(self, cotangents: Sequence[Array]) -> list[Array]:
        """The claimed VJP, of copies."""
        with np.errstate(all="ignore"):
            return self.function.pull([x.copy() for x in self.inputs], [u.copy() for u in cotangents])

    @cached_property
    def precision(self) -> float:
        """The coarsest relative precision of what goes in and comes out."""
        return max(float(np.finfo(a.dtype).eps) for a in (*self.inputs, *self.outputs))

    @cached_property
    def noise(self) -> Array:
        """The size of the rounding errors of all outputs, in one axis."""
        direction = [self._rng.uniform(-1, 1, x.shape) * np.maximum(1, np.abs(x)) for x in self.inputs]
        return noise_along(self._line(direction), self._center, self.precision)

    @cached_property
    def _center(self) -> Array:
        return _joined(self.outputs)

    @cached_property
    def _weight(self) -> Array:
        return _joined(self.cotangents)

    @cached_property
    def _slack(self) -> list[Array]:
        """How far rounding may put the claimed gradient off: what changes in it when inputs move by a few roundings.

        After a cancellation, as in x - mean(x) for large x, that is more than the size of the gradient tells.
        """
        slack = [np.zeros(x.shape) for x in self.inputs]
        for _ in range(2):
            signs = [self._rng.choice([-1.0, 1.0], x.shape) for x in self.inputs]
            moved = [
                (x * (1 + 4 * self.precision * s)).astype(x.dtype) for x, s in zip(self.inputs, signs, strict=True)
            ]
            found = self.function.pull(moved, [u.copy() for u in self.cotangents])
            for i, (g, h) in enumerate(zip(found, self.analytic, strict=True)):
                if self.fits[i] and g.shape == h.shape:
                    change = np.abs(g - h)
                    slack[i] = np.maximum(slack[i], np.where(np.isfinite(change), change, 0))
        return slack

    @cached_property
    def _largest(self) -> float:
        """The largest number in the gradient."""
        sizes = [np.abs(g[np.isfinite(g)]).max(initial=0) for g in self.analytic]
        return float(max(sizes, default=0.0))

    @cached_property
    def _size(self) -> float:
        """The largest share of an output in what is differentiated."""
        return float(np.abs(np.where(self._weight == 0, 0, self._weight * self._center)).max(initial=0))

    def _line(self, direction: Sequence[Array]) -> Callable[[float], tuple[float, Array]]:
        def line(t: float) -> tuple[float, Array]:
            moved = [(x + t * d).astype(x.dtype) for x, d in zip(self.inputs, direction, strict=True)]
            return t, _joined(self._called(moved))

        return line

    def _line_at(self, place: Place) -> Callable[[float], tuple[float, Array]]:
        i, position = place
        old = self.inputs[i].flat[position]

        def line(t: float) -> tuple[float, Array]:
            arrays = [x.copy() for x in self.inputs]
            arrays[i].flat[position] = old + t
            return float(arrays[i].flat[position] - old), _joined(self._called(arrays))

        return line

    # --- entries ------------------------------------------------------------------------------------------------------

    def _places(self) -> list[Place]:
        """What is to be compared: all numbers, or so many of each input."""
        places: list[Place] = []
        for i, x in enumerate(self.inputs):
            positions = np.arange(x.size)
            if self.plan.samples is not None and self.plan.samples < x.size:
                positions = np.sort(self._rng.choice(x.size, self.plan.samples, replace=False))
            if self.fits[i]:
                places += [(i, int(p)) for p in positions]
        return places

    def _progress(self, places: Sequence[Place]) -> Any:
        name = f"gradient of {self.function.name}"
        return tqdm(places, name, unit=" entries", delay=2, leave=False, disable=None)  # None: only on a terminal

    def _entry(self, i: int, position: int) -> Entry:
        x = self.inputs[i]
        index = tuple(int(j) for j in np.unravel_index(position, x.shape))
        value, place = float(x[index]), (i, position)
        quick = self._by_complex_step(place)
        entry, column = quick or self._judged(
            self._line_at(place),
            float(self.analytic[i][index]),
            float(self._slack[i][index]),
            self._first * max(1.0, abs(value)),
        )
        self.numeric[i][index], self.error[i][index] = entry.numeric, entry.tolerance
        self.wrong[i][index] = entry.status == "wrong"
        columns = self.columns[i]
        if columns is not None:
            columns[:, position] = column
        return replace(entry, input=i, index=index, value=value)

    @property
    def _first(self) -> float:
        return self.plan.eps or first_step(self.precision)

    def swept(self, entry: Entry) -> Entry:
        """The same entry with all that the steps say, if it is one of an input."""
        if entry.input < 0:
            return entry
        position = _position(entry.index, self.inputs[entry.input].shape)
        line = self._line_at((entry.input, position))
        differences = Differences(
            line, self._center, self.noise, self.precision, self._first * max(1.0, abs(entry.value))
        )
        while differences.refine():
            pass
        if entry.output is None:
            weight = self._weight
        else:
            weight = np.zeros_like(self._weight)
            number, index = entry.output
            weight[sum(y.size for y in self.outputs[:number]) + _position(index, self.outputs[number].shape)] = 1.0
        return replace(entry, sweep=tuple(Step(*row) for row in differences.table(weight)))

    def _judged(self, line: Any, analytic: float, slack: float, first: float) -> tuple[Entry, Array]:
        """The verdict on one derivative, and the derivative of each output; see Note [Verdict].

        `slack` is how far rounding may put the claimed derivative off.
        """
        differences = Differences(line, self._center, self.noise, self.precision, first)
        differences.refine()
        counts, partly = self._weight != 0, not np.isfinite(self._center).all()
        around = self._sum(differences.around(), np.abs(self._weight))
        while differences.refine():
            column, error = differences.estimate()
            entry = self._verdict(analytic, slack, column, error, around)
            sharp = entry.status == "right" and entry.tolerance <= self._sharp * self._scale(entry, around)
            if sharp and not partly and not (differences.may_have_kinks() & counts).any():
                return entry, column
        after, before = differences.one_sided()
        entry = replace(entry, forward=self._sum(after), backward=self._sum(before))
        # where some outputs are not finite, an entry that moves no other is theirs
        theirs = partly and not (np.isfinite(analytic) and np.where(counts, column, 0).any())
        if theirs or (differences.undefined() & counts).any():
            return replace(entry, status="undefined"), column
        kinks = differences.kinks() & counts
        # what a choice of one side or the other at each kink can explain, and as much beyond on either side
        apart = 1.5 * self._sum(np.where(kinks, np.abs(after - before), 0), np.abs(self._weight))
        if kinks.any() and (entry.status == "undecided" or entry.error <= apart + entry.tolerance):
            return replace(entry, status="kink"), column
        return entry, column

    def _verdict(self, analytic: float, slack: float, column: Array, error: Array, around: float = 0.0) -> Entry:
        numeric, bound = self._sum(column), self._sum(error, np.abs(self._weight))
        rounding = _SAFETY * slack + 64 * self.precision * self._largest
        tolerance = max(_SAFETY * bound + rounding, (self.plan.rtol or 0) * abs(numeric))
        entry = Entry(-1, (), analytic, numeric, tolerance, "undecided")
        if not (np.isfinite(numeric) and bound <= self._decided * self._scale(entry, around)):
            return entry
        return replace(entry, status="right" if abs(analytic - numeric) <= tolerance else "wrong")

    def _sum(self, values: Array, weight: Array | None = None) -> float:
        """The weighted sum over the outputs; what has no weight may be anything."""
        weight = self._weight if weight is None else weight
        return float(np.where(weight == 0, 0, weight * values).sum())

    def _scale(self, entry: Entry, around: float) -> float:
        """What size of a derivative matters here: its own, or a small share of others, of those within a step (at a
        minimum), and of the function."""
        analytic = abs(entry.analytic) if np.isfinite(entry.analytic) else 0.0
        steep = around if np.isfinite(around) else 0.0
        nothing = max(1e-6, 10 * self.precision**0.5)
        return max(analytic, abs(entry.numeric), 1e-3 * self._largest, 1e-3 * steep, nothing * self._size)

    @property
    def _decided(self) -> float:
        """A difference that may be further off than this share of the derivative decides nothing."""
        return min(0.5, max(1e-4, 30 * self.precision**0.5))

    @property
    def _sharp(self) -> float:
        """A tolerance of this share of the derivative is as good as any."""
        return max(1e-7, 20 * self.precision ** (2 / 3))

    # --- the complex step ---------------------------------------------------------------------------------------------

    @cached_property
    def takes_complex(self) -> bool:
        """Whether the function can be differentiated by a complex step: it takes complex numbers, and agrees with
        differences along a random direction; `abs` and comparisons take them, and are not analytic."""
        if not self.plan.complex_step or self.precision > np.finfo(np.float64).eps:
            return False
        direction = [self._rng.uniform(0.5, 1.5, x.shape) * np.maximum(1, np.abs(x)) for x in self.inputs]
        column = self._complex_column(direction)
        if column is None or not np.isfinite(self._center).all():
            return False
        differences = Differences(self._line(direction), self._center, self.noise, self.precision, self._first)
        while differences.refine() and len(differences.steps) < 4:
            pass
        value, error = differences.estimate()
        size = np.abs(value).max(initial=0)
        return bool((np.abs(column - value) <= _SAFETY * error + 1e-9 * size).all() and (error <= 1e-6 * size).all())

    def _complex_column(self, direction: Sequence[Array]) -> Array | None:
        """The derivative along a direction, exact up to rounding (Squire and Trapp, 1998)."""
        step = 1e-20
        found = self.function.at_complex([x + 1j * step * d for x, d in zip(self.inputs, direction, strict=True)])
        if found is None or [y.shape for y in found] != [y.shape for y in self.outputs]:
            return None
        return np.concatenate([*(y.imag.ravel() for y in found), np.zeros(0)]) / step

    def _by_complex_step(self, place: Place) -> tuple[Entry, Array] | None:
        """An entry that the complex step confirms; what it does not confirm is left to differences."""
        if not self.takes_complex:
            return None
        direction = [np.zeros(x.shape) for x in self.inputs]
        direction[place[0]].flat[place[1]] = 1.0
        column = self._complex_column(direction)
        if column is None:
            return None
        bound = 64 * self.precision * np.abs(column) + self.noise
        i, position = place
        entry = self._verdict(
            float(self.analytic[i].flat[position]), float(self._slack[i].flat[position]), column, bound
        )
        return (entry, column) if entry.status == "right" else None

    # --- random directions --------------------------------------------------------------------------------------------

    def _compare_directions(self) -> None:
        for _ in range(self.plan.samples or _DIRECTIONS):
            direction = [
                self._rng.uniform(0.5, 1.5, x.shape) * self._rng.choice([-1.0, 1.0], x.shape) * np.maximum(1, np.abs(x))
                for x in self.inputs
            ]
            entry = self._along(direction)
            self.entries.append(entry)
            if entry.status == "wrong":
                explained = self._explain(direction)
                if verdicts(explained, "wrong"):  # else it is only together that they are wrong
                    self.entries = explained
                return

    def _along(self, direction: Sequence[Array]) -> Entry:
        """The verdict on the derivative in one direction."""
        direction = [d if fits else np.zeros_like(d) for d, fits in zip(direction, self.fits, strict=True)]
        analytic = sum(
            float(np.sum(g * d)) for g, d, fits in zip(self.analytic, direction, self.fits, strict=True) if fits
        )
        slack = sum(float(np.sum(s * np.abs(d))) for s, d in zip(self._slack, direction, strict=True))
        return self._judged(self._line(direction), analytic, slack, self._first)[0]

    def _explain(self, direction: Sequence[Array]) -> list[Entry]:
        """The entries of an input that a wrong direction is wrong by, which is found by halving the direction."""
        places = [(i, p) for i, x in enumerate(self.inputs) if self.fits[i] for p in range(x.size)]
        while len(places) > 1:
            half = places[: len(places) // 2]
            part = [np.zeros_like(d) for d in direction]
            for i, p in half:
                part[i].flat[p] = direction[i].flat[p]
            places = half if self._along(part).status == "wrong" else places[len(places) // 2 :]
        i, position = places[0]
        others = self._rng.choice(self.inputs[i].size, min(_EXPLAINED, self.inputs[i].size), replace=False)
        return [self._entry(i, int(p)) for p in sorted({position, *others.tolist()})]

    def is_wrong_at(self, bent: Bent, gradient: Array) -> bool:
        """Whether a gradient by some value on the way is wrong, in a random direction."""
        direction = self._rng.uniform(0.5, 1.5, gradient.shape) * self._rng.choice([-1.0, 1.0], gradient.shape)
        return self._bent_by(bent, gradient, direction).status == "wrong"

    def compared_at(self, bent: Bent, gradient: Array) -> tuple[Array, Array, Array]:
        """For each number of a value on the way: the derivative by differences, its error, and whether the gradient is
        wrong."""
        numeric, error, wrong = np.empty(gradient.shape), np.empty(gradient.shape), np.empty(gradient.shape, bool)
        for index in np.ndindex(gradient.shape):
            direction = np.zeros(gradient.shape)
            direction[index] = 1.0
            entry = self._bent_by(bent, gradient, direction)
            numeric[index], error[index], wrong[index] = entry.numeric, entry.tolerance, entry.status == "wrong"
        return numeric, error, wrong

    def _bent_by(self, bent: Bent, gradient: Array, direction: Array) -> Entry:
        def line(t: float) -> tuple[float, Array]:
            with np.errstate(all="ignore"):
                return t, _joined(bent(self.inputs, t * direction))

        return self._judged(line, float(np.sum(gradient * direction)), 0.0, self._first)[0]

    # --- which output -------------------------------------------------------------------------------------------------

    def unweighted(self, entry: Entry) -> Entry:
        """The same entry without the weight of the output, if there is one number of it only."""
        if self._weight.size != 1 or entry.input < 0 or not self._weight[0]:
            return entry
        w = float(self._weight[0])
        return replace(
            entry,
            output=(0, (0,) * self.outputs[0].ndim),
            analytic=entry.analytic / w,
            numeric=entry.numeric / w,
            tolerance=entry.tolerance / abs(w),
            forward=entry.forward / w,
            backward=entry.backward / w,
        )

    def output_of(self, entry: Entry) -> Entry:
        """The same entry for one number of the outputs: the one whose derivative is most wrong, found by halving."""
        columns = self.columns[entry.input] if entry.input >= 0 else None
        if columns is None or entry.status != "wrong" or entry.output is not None:
            return entry
        position = _position(entry.index, self.inputs[entry.input].shape)
        column = columns[:, position]
        places = np.flatnonzero(self._weight != 0)
        while len(places) > 1:
            halves = np.array_split(places, 2)
            places = max(halves, key=lambda half: abs(self._claimed(entry, half) - self._sum_of(column, half)))
        k = places[0]
        claimed = self._claimed(entry, places) / float(self._weight[k])
        if not abs(claimed - column[k]) > entry.tolerance / max(abs(self._weight[k]), 1e-300):
            return entry  # wrong in the sum only: a VJP that is not linear
        return replace(entry, output=self._output(int(k)), analytic=claimed, numeric=float(column[k]))

    def _claimed(self, entry: Entry, places: Array) -> float:
        """The claimed derivative of some of the outputs."""
        chosen = np.zeros_like(self._weight)
        chosen[places] = self._weight[places]
        cotangents, start = [], 0
        for u in self.cotangents:
            cotangents.append(chosen[start : start + u.size].reshape(u.shape).astype(u.dtype))
            start += u.size
        return float(self.pull(cotangents)[entry.input][entry.index])

    def _sum_of(self, column: Array, places: Array) -> float:
        return float((self._weight[places] * column[places]).sum())

    def _output(self, k: int) -> tuple[int, Index]:
        for number, y in enumerate(self.outputs):
            if k < y.size:
                return number, tuple(int(j) for j in np.unravel_index(k, y.shape))
            k -= y.size
        raise IndexError(k)


def verdicts(entries: Sequence[Entry], *status: Status) -> int:
    """How many entries got one of these verdicts."""
    return sum(entry.status in status for entry in entries)


def _position(index: Index, shape: tuple[int, ...]) -> int:
    """Where an index lies in C order."""
    return int(np.ravel_multi_index(index, shape)) if index else 0


def _joined(arrays: Sequence[Array]) -> Array:
    """All numbers in one axis, in double precision."""
    return np.concatenate([*(np.asarray(y, dtype=np.float64).ravel() for y in arrays), np.zeros(0)])


def _weights(y: Array, rng: np.random.Generator) -> Array:
    """Random weights of an output; zero where it is not finite, because there it says nothing of the other numbers."""
    weights = rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1.0, 1.0], y.shape)
    return np.where(np.isfinite(y), weights, 0.0).astype(y.dtype)
