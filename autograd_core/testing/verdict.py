"""Whether one claimed derivative is right, by differences along a line.

Knows a `Point` and `Differences`. Does not know which derivative it is, nor why it may be wrong.

Note [Verdict]
What is compared is the derivative of all outputs, weighted with random numbers and summed; the differences keep the
outputs apart, so that each may have its own best step, and its own kinks. A derivative is right if it lies within the
estimated error of differences that are good enough to tell anything; steps are refined until they are, or until all
have been tried. Then it is wrong if the best estimate is good enough and contradicts it; undecided if none is good
enough; and not judged where the function has no derivative.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np

from .differences import Differences, Line, first_step
from .point import DOUBLE, Place, Point
from .report import Array, Entry, Step

_SAFETY = 4.0


class Judge:
    """Gives verdicts at one point. `eps` is the first step and `rtol` what is tolerated at least, or None."""

    def __init__(self, point: Point, eps: float | None = None, rtol: float | None = None) -> None:
        self.point, self._rtol = point, rtol or 0.0
        self._first = eps or first_step(point.precision)

    def judged(self, line: Line, analytic: float, slack: float = 0.0, scale: float = 1.0) -> tuple[Entry, Array]:
        """The verdict on a derivative along a line, and the derivative of each output; see Note [Verdict].

        `slack` is how far rounding may put the claimed derivative off, `scale` the length in which steps are measured.
        """
        point, counts = self.point, self.point.weight != 0
        differences = self._differences(line, scale)
        if not differences.refine():  # nothing can be moved: the input is not finite
            nowhere = np.full(point.center.size, np.nan)
            return Entry(-1, (), analytic, np.nan, np.inf, "undefined"), nowhere
        around = point.total(differences.around(), np.abs(point.weight))
        partly = not np.isfinite(point.center).all()
        while differences.refine():
            column, error = differences.estimate()
            entry = self._compared(analytic, slack, column, error, around)
            sharp = entry.status == "right" and entry.tolerance <= self._sharp * self._scale(entry, around)
            if sharp and not partly and not (differences.may_have_kinks() & counts).any():
                return entry, column
        after, before = differences.one_sided()
        entry = replace(entry, forward=point.total(after), backward=point.total(before))
        # where some outputs are not finite, an entry that moves no other is theirs
        theirs = partly and not (np.isfinite(analytic) and np.where(counts, column, 0).any())
        if theirs or (differences.undefined() & counts).any():
            return replace(entry, status="undefined"), column
        # what a choice of one side or the other at each kink can explain, and as much beyond on either side
        apart = 1.5 * point.total(differences.kinks(), np.abs(point.weight))
        if apart and (entry.status == "undecided" or entry.error <= apart + entry.tolerance):
            return replace(entry, status="kink"), column
        return entry, column

    def sweep(self, line: Line, weight: Array, scale: float = 1.0) -> tuple[Step, ...]:
        """What all steps along a line say of the outputs, weighted so and summed."""
        differences = self._differences(line, scale)
        while differences.refine():
            pass
        return () if len(differences.steps) < 2 else tuple(Step(*row) for row in differences.table(weight))

    def _differences(self, line: Line, scale: float) -> Differences:
        point = self.point
        return Differences(line, point.center, point.noise, point.precision, self._first, scale)

    def _compared(self, analytic: float, slack: float, column: Array, error: Array, around: float = 0.0) -> Entry:
        point = self.point
        numeric, bound = point.total(column), point.total(error, np.abs(point.weight))
        tolerance = _SAFETY * (bound + slack) + 64 * point.precision * point.largest
        entry = Entry(-1, (), analytic, numeric, max(tolerance, self._rtol * abs(numeric)), "undecided")
        if not (np.isfinite(numeric) and bound <= self._decided * self._scale(entry, around)):
            return entry
        return replace(entry, status="right" if abs(analytic - numeric) <= entry.tolerance else "wrong")

    def _scale(self, entry: Entry, around: float) -> float:
        """What size of a derivative matters here: its own, or a share of others, of those within a step (at a minimum,
        where its own is zero), and of the function."""
        point = self.point
        analytic, steep = (abs(x) if np.isfinite(x) else 0.0 for x in (entry.analytic, around))
        nothing = max(1e-6, 10 * point.precision**0.5)
        return max(analytic, abs(entry.numeric), 1e-3 * point.largest, 0.1 * steep, nothing * point.size)

    @property
    def _decided(self) -> float:
        """A difference that may be further off than this share of the derivative decides nothing."""
        return min(0.5, max(1e-4, 30 * self.point.precision**0.5))

    @property
    def _sharp(self) -> float:
        """A tolerance of this share of the derivative is as good as any."""
        return max(1e-7, 20 * self.point.precision ** (2 / 3))

    # --- the complex step ---------------------------------------------------------------------------------------------

    @cached_property
    def takes_complex(self) -> bool:
        """Whether a complex step can be believed: the function takes complex numbers, and agrees with differences along
        a random direction; `abs` and comparisons take them, and are not analytic."""
        point = self.point
        if point.precision > DOUBLE or not np.isfinite(point.center).all():
            return False
        direction = point.direction(signed=False)
        column = point.complex_slope(direction)
        if column is None:
            return False
        differences = self._differences(point.line(direction), 1.0)
        while differences.refine() and len(differences.steps) < 4:
            pass
        value, error = differences.estimate()
        size = np.abs(value).max(initial=0)
        return bool((np.abs(column - value) <= _SAFETY * error + 1e-9 * size).all() and (error <= 1e-6 * size).all())

    def by_complex_step(self, place: Place, analytic: float, slack: float) -> tuple[Entry, Array] | None:
        """An entry that the complex step confirms; what it does not confirm is left to differences."""
        if not self.takes_complex:
            return None
        direction = [np.zeros(x.shape) for x in self.point.inputs]
        direction[place[0]].flat[place[1]] = 1.0
        column = self.point.complex_slope(direction)
        if column is None:
            return None
        bound = 64 * self.point.precision * np.abs(column) + self.point.noise
        entry = self._compared(analytic, slack, column, bound)
        return (entry, column) if entry.status == "right" else None
