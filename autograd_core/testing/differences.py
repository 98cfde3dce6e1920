"""Derivatives by differences, and how far off they may be.

Knows a function of one number that returns an array, a line through the place where a gradient is checked. Knows no
gradients, and judges none.

Note [Steps]
A central difference over a step h is off by c h^2 + d h^4 + ..., so Richardson's combination of two steps is better
than both, and the difference between it and the one over the smaller step tells how far off that is. To this comes
what rounding does: the noise of the function divided by h. The noise is measured, as third differences of the function
over steps so small that nothing but noise is left of them (after Moré and Wild, Estimating computational noise, 2011).
Where neighbouring steps contradict it, the estimate grows to what they differ by: it may be small by chance, and beyond
a pole or a kink it means nothing. Each element of the output has its own best step, the one with the smallest estimate.

Note [Kinks]
One-sided differences of a smooth function come together as the step shrinks: over a quarter of the step, to a quarter
of the distance. Where they stay apart, over the smallest steps that tell anything through the noise, there is a kink,
or a jump; where they or central differences grow without bound, a vertical tangent.
"""

from collections.abc import Callable

import numpy as np

from .report import Array

Line = Callable[[float], tuple[float, Array]]
"""For an offset, the offset that was really taken once it was rounded, and the values there, in one axis."""

_RATIO = 4.0  # of one step to the next
_STEPS = 9
_COARSE = 2  # steps larger than the first, tried last: for functions with much noise


class Differences:
    """Differences along a line at 0, over as many steps as have been asked for.

    `center` are the values at 0, `noise` their errors and `precision` their relative precision; `first` is the first
    step, as a share of `scale`, the size of the number that moves.
    """

    def __init__(
        self, line: Line, center: Array, noise: Array, precision: float, first: float, scale: float = 1.0
    ) -> None:
        self._line, self._center, self._noise, self._scale = line, center, noise, scale
        self._rounding = 2 * precision * np.abs(np.where(np.isfinite(center), center, 0))
        self._waiting = [scale * first * _RATIO**-k for k in range(_STEPS)]
        self._waiting += [scale * first * _RATIO**k for k in range(1, _COARSE + 1)]
        self.steps: list[float] = []  # from the largest to the smallest
        self._uneven: list[float] = []  # by which share of it both sides may differ, once rounded
        self._precision = precision
        self._after: list[Array] = []
        self._before: list[Array] = []

    def refine(self) -> bool:
        """Take differences over one more step; False if all have been tried."""
        if not self._waiting:
            return False
        step = self._waiting.pop(0)
        with np.errstate(all="ignore"):  # a step may leave the domain; a smaller one follows
            (right, above), (left, below) = self._line(step), self._line(-step)
            if not (right > 0 > left):  # nothing is left of the step once it is rounded
                return self.refine()
            at = int(np.searchsorted(-np.array(self.steps), -step))
            self.steps.insert(at, step)
            self._uneven.insert(at, (abs(right + left) + self._precision) / (right - left))
            self._after.insert(at, (above - self._center) / right)
            self._before.insert(at, (below - self._center) / left)
        return True

    def estimate(self) -> tuple[Array, Array]:
        """The derivative of each element, and how far off it may be. At least two steps must have been tried."""
        with np.errstate(all="ignore"):
            values, errors = self._extrapolated()
            known = errors.copy()
            if len(values) > 1:  # at least what the nearer of both neighbouring steps says
                gaps = np.abs(np.diff(values, axis=0))
                none = np.full_like(gaps[:1], np.inf)
                errors = np.fmax(errors, np.fmin(np.concatenate([none, gaps]), np.concatenate([gaps, none])))
            for ahead in (1, 2):  # and how far the next smaller steps contradict it, beyond their own errors
                contradiction = np.abs(values[:-ahead] - values[ahead:]) - 2 * known[ahead:]
                errors[:-ahead] = np.fmax(errors[:-ahead], contradiction)
            best = np.argmin(np.where(np.isnan(errors), np.inf, errors), axis=0)
            here = np.arange(errors.shape[1])
            value, error = values[best, here], errors[best, here]
        return value, np.where(np.isfinite(error), error, np.inf)

    def around(self) -> Array:
        """How steep each element is within the first step."""
        return np.fmax(np.abs(self._after[0]), np.abs(self._before[0]))

    def one_sided(self) -> tuple[Array, Array]:
        """The derivatives after and before 0, extrapolated from the two smallest steps."""
        after, before = ((_RATIO * d[-1] - d[-2]) / (_RATIO - 1) for d in (self._after, self._before))
        return after, before

    def _extrapolated(self) -> tuple[Array, Array]:
        """For each step but the largest, Richardson's combination with the one before, and its estimated error."""
        steps = np.array(self.steps)[:, None]
        central = (np.array(self._after) + np.array(self._before)) / 2
        square = (steps[:-1] / steps[1:]) ** 2
        value = (square * central[1:] - central[:-1]) / (square - 1)
        # what does not move along this line has the noise of another one
        noise = np.where(central.any(axis=0), self._noise, self._rounding)
        # where sides are not equally long, curvature counts
        curved = np.abs(np.array(self._after[1:]) - np.array(self._before[1:])) * np.array(self._uneven[1:])[:, None]
        # and inside a function the number that moves is rounded again, if only in a product
        rounded = self._precision * self._scale * np.abs(value)
        return value, np.abs(value - central[1:]) + (2 * noise + rounded) / steps[1:] + curved

    def may_have_kinks(self) -> Array:
        """Where the two smallest steps look like a kink; more of them may show that there is none."""
        with np.errstate(all="ignore"):
            (far, near), steps = self._apart(2), np.array(self.steps[-2:])[:, None]
            return (near > 16 * self._noise / steps[1]) & (near > 0.6 * far)

    def kinks(self) -> Array:
        """How far one-sided differences stay apart, 0 where they come together; see Note [Kinks].

        Also where they do so over all but the three smallest steps: a kink is so near that there are too few steps
        below it to tell the derivative from.
        """
        with np.errstate(all="ignore"):
            apart, noise = self._apart(len(self.steps)), 16 * self._noise / np.array(self.steps)[:, None]
            tells = np.isfinite(apart) & (apart > noise)
            jump = np.zeros(apart.shape[1])
            for k in np.flatnonzero(tells.sum(axis=0) >= 3):
                a, told = apart[:, k], tells[:, k]
                stays = (a[2:] > 0.6 * a[1:-1]) & (a[1:-1] > 0.6 * a[:-2]) & told[2:] & told[1:-1] & told[:-2]
                if stays.any():
                    last = int(np.flatnonzero(stays)[-1]) + 2
                    # smaller steps, over which it would stand out of the noise
                    below = (noise[last + 1 :, k] < 0.5 * a[last]).sum()
                    jump[k] = a[last] if below <= 3 else 0.0
        return jump

    def _apart(self, count: int) -> Array:
        return np.abs(np.array(self._after[-count:]) - np.array(self._before[-count:]))

    def undefined(self) -> Array:
        """Where the function is not finite at 0 or next to it, or its central differences grow without bound."""
        with np.errstate(all="ignore"):
            slopes, steps = np.array(self._after) + np.array(self._before), np.array(self.steps)[:, None]
            edge = ~np.isfinite(self._center) | ~np.isfinite(slopes[-2:]).all(axis=0)
            if len(slopes) < 5:
                return edge
            value, error = self.estimate()
            # the measured noise is none at such a place: there even the third difference is not small
            steep = (np.abs(slopes[1:]) > 1.4 * np.abs(slopes[:-1])).all(axis=0)
            return edge | (
                steep & (np.abs(slopes[0]) > 64 * self._rounding / steps[0]) & (error > 0.01 * np.abs(value))
            )

    def table(self, weights: Array) -> list[tuple[float, float, float, float, float]]:
        """Step, derivative, error, forward and backward difference of the weighted sum, from large steps to small."""
        after, before = np.array(self._after), np.array(self._before)
        with np.errstate(all="ignore"):
            value, error = self._extrapolated()
            here = weights != 0  # what has no weight may be anything
            rows = zip(
                self.steps[1:],
                value[:, here] @ weights[here],
                error[:, here] @ np.abs(weights[here]),
                after[1:, here] @ weights[here],
                before[1:, here] @ weights[here],
                strict=True,
            )
        return [tuple(map(float, row)) for row in rows]  # type: ignore[misc]


def first_step(precision: float) -> float:
    """Where the error of Richardson's combination, of fourth order, is as large as that of rounding.

    >>> f"{first_step(2.0**-52):.1e}"
    '9.6e-04'
    """
    return float(1.3 * precision**0.2)


def noise_along(line: Line, center: Array, precision: float) -> Array:
    """The size of the rounding errors of each element near 0; see Note [Steps]."""
    step = 3.7 * precision**0.5  # no power of two: sums with that would not be rounded
    with np.errstate(all="ignore"):
        values = np.array([line(k * step)[1] for k in range(-6, 7)])
        # the third difference of independent errors has 1 + 9 + 9 + 1 times their variance; the median passes a kink
        measured = 1.5 / 20**0.5 * np.median(np.abs(np.diff(values, 3, axis=0)), axis=0)
    floor = 2 * precision * np.abs(np.where(np.isfinite(center), center, 0))
    return np.maximum(np.where(np.isfinite(measured), measured, 0), floor)
