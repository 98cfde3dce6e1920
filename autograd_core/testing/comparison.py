"""A claimed gradient beside differences: entry by entry, or in random directions.

Knows which derivatives to compare, and which of them to look at again where something is wrong: the entry behind a
wrong direction, the output behind a wrong entry. The verdicts come from `verdict`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from tqdm import tqdm

from .functions import Function
from .point import DOUBLE, Bent, Place, Point, position
from .report import Array, Entry, Status
from .verdict import Judge

_DIRECTIONS = 3
_EXPLAINED = 200  # so many entries are compared to explain a wrong direction
_LARGE = 1_000_000  # no Jacobian with more numbers is kept


class Comparison:
    """What differences say of a gradient.

    `numeric`, `error` and `wrong` are arrays for each input, NaN and False where nothing was compared, as where a
    gradient of the wrong shape has nothing to compare with; `columns` are the Jacobians by differences (all numbers of
    the outputs, all numbers of the input), or None where they are too large to keep.
    """

    def __init__(
        self, function: Function, rng: np.random.Generator, eps: float | None = None, rtol: float | None = None
    ) -> None:
        self.point = point = Point(function, rng)
        self.judge = Judge(point, eps, rtol)
        self.numeric = [np.full(x.shape, np.nan) for x in point.inputs]
        self.error = [np.full(x.shape, np.nan) for x in point.inputs]
        self.wrong = [np.zeros(x.shape, bool) for x in point.inputs]
        m = point.center.size
        self.columns = [np.full((m, x.size), np.nan) if m * x.size <= _LARGE else None for x in point.inputs]
        self.entries: list[Entry] = []

    def run(self, mode: Literal["full", "random"], samples: int | None) -> None:
        """Compare, and keep the entries."""
        with np.errstate(all="ignore"):  # a gradient may be infinite
            if mode == "random":
                self._compare_directions(samples or _DIRECTIONS)
            else:
                name = f"gradient of {self.point.function.name}"
                places = tqdm(self._places(samples), name, unit=" entries", delay=2, leave=False, disable=None)
                self.entries = [self._entry(*place) for place in places]  # disable=None: a bar on terminals only

    def count(self, *status: Status) -> int:
        """How many entries got one of these verdicts."""
        return sum(entry.status in status for entry in self.entries)

    @property
    def unclear(self) -> int:
        """How many entries are undecided and pass: those in a coarse type that agree as far as can be told.

        In double precision, where differences decide nothing, something is amiss; in coarser types it is ordinary.
        """
        if self.point.precision <= DOUBLE:
            return 0
        return sum(bool(e.status == "undecided" and e.error <= e.tolerance) for e in self.entries)

    # --- entries ------------------------------------------------------------------------------------------------------

    def _places(self, samples: int | None) -> list[Place]:
        """What is to be compared: all numbers, or so many of each input."""
        places: list[Place] = []
        for i, x in enumerate(self.point.inputs):
            positions = np.arange(x.size)
            if samples is not None and samples < x.size:
                positions = np.sort(self.point.rng.choice(x.size, samples, replace=False))
            if self.point.fits[i]:
                places += [(i, int(p)) for p in positions]
        return places

    def _entry(self, i: int, place: int) -> Entry:
        x = self.point.inputs[i]
        index = tuple(int(j) for j in np.unravel_index(place, x.shape))
        value, analytic, slack = (
            float(a[i][index]) for a in (self.point.inputs, self.point.analytic, self.point.slack)
        )
        quick = self.judge.by_complex_step((i, place), analytic, slack)
        line = self.point.line_at((i, place))
        entry, column = quick or self.judge.judged(line, analytic, slack, max(1.0, abs(value)))
        self.numeric[i][index], self.error[i][index] = entry.numeric, entry.tolerance
        self.wrong[i][index] = entry.status == "wrong"
        columns = self.columns[i]
        if columns is not None:
            columns[:, place] = column
        return replace(entry, input=i, index=index, value=value)

    # --- random directions --------------------------------------------------------------------------------------------

    def _compare_directions(self, count: int) -> None:
        for _ in range(count):
            direction = self.point.direction()
            entry = self._along(direction)
            self.entries.append(entry)
            if entry.status == "wrong":
                explained = self._explain(direction)
                if any(e.status == "wrong" for e in explained):  # else it is only together that they are wrong
                    self.entries = explained
                return

    def _along(self, direction: Sequence[Array]) -> Entry:
        """The verdict on the derivative in one direction."""
        point = self.point
        direction = [d if fits else np.zeros_like(d) for d, fits in zip(direction, point.fits, strict=True)]
        pairs = [(g, d) for g, d, fits in zip(point.analytic, direction, point.fits, strict=True) if fits]
        analytic = sum(float(np.sum(g * d)) for g, d in pairs)
        slack = sum(float(np.sum(s * np.abs(d))) for s, d in zip(point.slack, direction, strict=True))
        return self.judge.judged(point.line(direction), analytic, slack)[0]

    def _explain(self, direction: Sequence[Array]) -> list[Entry]:
        """The entries of an input that a wrong direction is wrong by, which is found by halving the direction."""
        inputs = self.point.inputs
        places = [(i, p) for i, x in enumerate(inputs) if self.point.fits[i] for p in range(x.size)]
        while len(places) > 1:
            half = places[: len(places) // 2]
            part = [np.zeros_like(d) for d in direction]
            for i, p in half:
                part[i].flat[p] = direction[i].flat[p]
            places = half if self._along(part).status == "wrong" else places[len(places) // 2 :]
        i, found = places[0]
        others = self.point.rng.choice(inputs[i].size, min(_EXPLAINED, inputs[i].size), replace=False)
        return [self._entry(i, p) for p in sorted({found, *others.tolist()})]

    # --- values on the way --------------------------------------------------------------------------------------------

    def is_wrong_at(self, bent: Bent, gradient: Array) -> bool:
        """Whether a gradient by some value on the way is wrong, in a random direction."""
        rng = self.point.rng
        direction = rng.uniform(0.5, 1.5, gradient.shape) * rng.choice([-1.0, 1.0], gradient.shape)
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
        return self.judge.judged(self.point.bent_line(bent, direction), float(np.sum(gradient * direction)))[0]

    # --- looking again ------------------------------------------------------------------------------------------------

    def explained(self, entry: Entry) -> Entry:
        """An entry of an input, for the output that is most wrong, with all that the steps say."""
        if entry.input < 0:
            return entry
        point = self.point
        entry = self._of_worst_output(self.unweighted(entry))
        place = position(entry.index, point.inputs[entry.input].shape)
        weight = point.weight
        if entry.output is not None:
            weight = np.zeros_like(weight)
            weight[point.position_of_output(*entry.output)] = 1.0
        return replace(
            entry, sweep=self.judge.sweep(point.line_at((entry.input, place)), weight, max(1.0, abs(entry.value)))
        )

    def unweighted(self, entry: Entry) -> Entry:
        """The same entry without the weight of the output, if there is one number of it only."""
        weight = self.point.weight
        if weight.size != 1 or entry.input < 0 or not weight[0]:
            return entry
        w = float(weight[0])
        return replace(
            entry,
            output=self.point.index_of_output(0),
            analytic=entry.analytic / w,
            numeric=entry.numeric / w,
            tolerance=entry.tolerance / abs(w),
            forward=entry.forward / w,
            backward=entry.backward / w,
        )

    def _of_worst_output(self, entry: Entry) -> Entry:
        """The same entry for one number of the outputs: the one whose derivative is most wrong, found by halving."""
        columns = self.columns[entry.input]
        if columns is None or entry.status != "wrong" or entry.output is not None:
            return entry
        weight = self.point.weight
        column = columns[:, position(entry.index, self.point.inputs[entry.input].shape)]

        def off(places: Array) -> float:
            return abs(self._claimed(entry, places) - float((weight[places] * column[places]).sum()))

        places = np.flatnonzero(weight != 0)
        while len(places) > 1:
            places = max(np.array_split(places, 2), key=off)
        k = int(places[0])
        claimed = self._claimed(entry, places) / float(weight[k])
        if not abs(claimed - column[k]) > entry.tolerance / abs(weight[k]):
            return entry  # wrong in the sum only: a VJP that is not linear
        return replace(entry, output=self.point.index_of_output(k), analytic=claimed, numeric=float(column[k]))

    def _claimed(self, entry: Entry, places: Array) -> float:
        """The claimed derivative of some of the outputs."""
        chosen = np.zeros_like(self.point.weight)
        chosen[places] = self.point.weight[places]
        return float(self.point.pull(self.point.split(chosen))[entry.input][entry.index])
