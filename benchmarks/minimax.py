"""The coefficients of the approximations, found anew: polynomials and quotients whose largest relative error is least.

`python -m benchmarks.minimax` fits each, with mpmath, in 50 digits, and prints its coefficients and its error in bits,
beside the error of those that are in use; with names behind it ("erf" "sin"), those only. Knows what has to be
approximated where; does not know how it is evaluated.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

from autograd_core.kernels.approximations import circular, normal
from autograd_core.kernels.approximations.numbers import DOUBLE, SINGLE

mp.mp.dps = 50
POINTS = 160  # of the interval, at which errors are compared
Real = Any  # of mpmath


@dataclass
class Task:
    """``f(x) = p(x) / q(x)`` on an interval, where an error of f counts `weight` times."""

    function: Callable[[Real], Real]
    interval: tuple[Real, Real]
    weight: Callable[[Real], Real]
    used: tuple[Sequence[float], ...]  # the coefficients in use, lowest first: of p, and perhaps of q
    dtype: Any = np.float64

    def points(self) -> list[Real]:
        """Denser at both ends, where errors of polynomials grow; none is 0."""
        low, high = map(mp.mpf, self.interval)
        return [
            (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (i + mp.mpf("0.5")) / POINTS) for i in range(POINTS)
        ]

    def error(self, p: Sequence[Real], q: Sequence[Real]) -> Real:
        return max(abs((value(p, x) / value(q, x) - self.function(x)) * self.weight(x)) for x in self.points())


def value(coefficients: Sequence[Real], x: Real) -> Real:
    return mp.polyval([mp.mpf(c) for c in reversed(coefficients)], x)


def fitted(
    task: Task, p_degree: int, q_degree: int, p: Sequence[Real] = (), q: Sequence[Real] = ()
) -> list[list[Real]]:
    """Coefficients of p and q, of which those that are given stay.

    Least squares whose weights grow where the error is large (Lawson 1961), which approaches the least largest error.
    For quotients the equation is multiplied by the denominator of the round before.
    """
    xs, given = task.points(), len(p)
    values, weights = [task.function(x) for x in xs], [task.weight(x) for x in xs]
    free_q = 0 if q else q_degree
    q = list(q) or [mp.mpf(1)]
    p_powers = range(given, p_degree + 1)
    below, lawson = [value(q, x) for x in xs], [mp.mpf(1)] * POINTS
    best: tuple[Real, list[list[Real]]] | None = None
    for turn in range(30):
        rows, right = [], []
        for x, f, w, b, k in zip(xs, values, weights, below, lawson, strict=True):
            scale = w * mp.sqrt(k) / b
            f_times_q = f * (1 if free_q else b)
            rows.append([x**j * scale for j in p_powers] + [-f * x**j * scale for j in range(1, free_q + 1)])
            right.append((f_times_q - value(p, x)) * scale if given else f_times_q * scale)
        a, y = np.array(rows, object), np.array(right, object)
        found = list(mp.lu_solve(mp.matrix((a.T @ a).tolist()), mp.matrix((a.T @ y).tolist())))
        new_p = [*p, *found[: len(p_powers)]]
        new_q = [mp.mpf(1), *found[len(p_powers) :]] if free_q else q
        below = [value(new_q, x) for x in xs]
        errors = [abs((value(new_p, x) / b - f) * w) for x, b, f, w in zip(xs, below, values, weights, strict=True)]
        if best is None or max(errors) < best[0]:
            best = max(errors), [new_p, new_q]
        if turn > 4:
            lawson = [k * (e / max(errors) + mp.mpf("1e-3")) for k, e in zip(lawson, errors, strict=True)]
            mean = mp.fsum(lawson) / POINTS
            lawson = [k / mean for k in lawson]
    assert best is not None
    return best[1]


def rounded(task: Task, p_degree: int, q_degree: int) -> list[list[float]]:
    """The same in numbers of the type; in single precision one after the other, so that the rest makes up for it."""
    p, q = ([float(task.dtype(float(c))) for c in part] for part in fitted(task, p_degree, q_degree))
    if task.dtype == np.float32:
        for i in range(1, p_degree + 1):
            p[i] = float(np.float32(float(fitted(task, p_degree, q_degree, [mp.mpf(c) for c in p[:i]], q)[0][i])))
    return [p, q]


def _exponential(r: Real) -> Real:
    return (mp.expm1(r) - r) / r**2


def _logarithm(f: Real) -> Real:
    return (mp.log1p(f) - f + f**2 / 2) / f**3


def _relative(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
    return lambda x: 1 / function(x)


def _tail(scale: float, factor: float) -> Callable[[Real], Real]:
    return lambda x: mp.exp((x * scale) ** 2) * mp.erfc(x * scale) * factor


def _over(function: Callable[[Real], Real], scale: Real = 1) -> Callable[[Real], Real]:
    """``function(scale sqrt(z)) / sqrt(z)``."""
    return lambda z: function(scale * mp.sqrt(z)) / mp.sqrt(z)


_HALF_LN2 = mp.log(2) / 2
_ROOTS = (mp.sqrt(0.5) - 1, mp.sqrt(2) - 1)
_erf, _erfc, _ndtr = _over(mp.erf), _tail(1, 1), _tail(mp.sqrt(0.5), 0.5)
_sin, _cos = _over(mp.sin, mp.pi / 2), lambda z: mp.cos(mp.pi / 2 * mp.sqrt(z))

TASKS: dict[str, Task] = {
    "exp, single": Task(_exponential, (-_HALF_LN2, _HALF_LN2), lambda r: r**2 / mp.exp(r), (SINGLE.exp,), np.float32),
    "exp, double": Task(_exponential, (-_HALF_LN2, _HALF_LN2), lambda r: r**2 / mp.expm1(r), (DOUBLE.exp,)),
    "exp, 33 bits": Task(_exponential, (-_HALF_LN2, _HALF_LN2), lambda r: r**2 / mp.exp(r), (normal._EXP_TO_33_BITS,)),
    **{
        f"exp2, {name}": Task(lambda r: (2**r - 1) / r, (-0.5, 0.5), lambda r: r / 2**r, (constants.exp2,), dtype)
        for name, constants, dtype in (("single", SINGLE, np.float32), ("double", DOUBLE, np.float64))
    },
    **{
        f"log, {name}": Task(_logarithm, _ROOTS, lambda f: f**3 / mp.log1p(f), constants.log, dtype)
        for name, constants, dtype in (("single", SINGLE, np.float32), ("double", DOUBLE, np.float64))
    },
    "erf": Task(_erf, (0, 3.93**2), _relative(_erf), normal._ERF),
    "erfc": Task(_erfc, (0, 10.2), _relative(_erfc), normal._ERFC),
    "ndtr": Task(_ndtr, (0, 14.6), _relative(_ndtr), normal._NDTR),
    "sin": Task(_sin, (0, 0.25), _relative(_sin), (circular._SIN,)),
    "cos": Task(_cos, (0, 0.25), _relative(_cos), (circular._COS,)),
}


def main() -> None:
    names = sys.argv[1:] or TASKS
    for name in names:
        task = TASKS[name]
        degrees = [len(part) - 1 for part in task.used] + [0]
        found = rounded(task, degrees[0], degrees[1])
        in_use = [*task.used, (1.0,)][:2]
        bits = [float(-mp.log(task.error(p, q), 2)) for p, q in (found, in_use)]
        print(f"{name}: error 2**-{bits[0]:.1f}; of those in use 2**-{bits[1]:.1f}")
        for part in found[: len(task.used)]:
            print("    " + ", ".join(repr(c) for c in part), flush=True)


if __name__ == "__main__":
    main()
