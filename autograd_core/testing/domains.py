"""Numbers for arguments: from a domain, which says where a function is smooth, to arrays of numbers to try.

Knows nothing of Hypothesis: a choice is made by a `Pick`, and whoever hands one in decides how.

Note [Simple numbers]
An interval is tried at finitely many points, on grids of 1, 1/4 and 1/64, and beside them, so that ties, zeros and
integers happen, and so that products do not come out exact. One pick says which grid an array keeps to, coarsest first,
then each number is picked, nearest to 1 first: picking less gives whole numbers, then ones. Nothing tends to 0, because
zeros hide mistakes.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import ceil, floor, isfinite, isqrt, log2, prod
from typing import Any

import numpy as np

from ..errors import OptionError
from ..examples import Apart, Distinct, Domain, Interval, Matrices
from .report import Array

Shape = tuple[int, ...]
Pick = Callable[[int], int]
"""Chooses one of the numbers 0, ..., n - 1, of which 0 is the simplest."""

DEFAULT_DOMAIN = Interval(-3, 3)
COTANGENTS = Interval(-2, 2, away_from=(0,), margin=0.25)
"""Directions and cotangents: never 0, which would hide what it is multiplied with."""


class First:
    """Picks the first of everything, for a call whose numbers do not matter.

    >>> from autograd_core.testing.domains import First, pick_array
    >>> pick_array(First(), (2,), ag.Interval(-3, 3))
    array([1., 1.])
    """

    def __call__(self, n: int) -> int:
        return 0


# --- domains ----------------------------------------------------------------------------------------------------------


def interval(low: float, high: float) -> Interval:
    """All numbers from `low` to `high`.

    Raises: OptionError if there are none.

    >>> interval(-1, 1)
    Interval(low=-1, high=1, away_from=(), margin=0.05)
    """
    _check_bounds("interval", low, high)
    return Interval(low, high)


def positive(low: float = 0.1, high: float = 5.0) -> Interval:
    """Positive numbers, for logarithms, roots and divisors; not too near to 0, where these are steep.

    Raises: OptionError if `low` is not positive.

    >>> positive(high=2)
    Interval(low=0.1, high=2, away_from=(), margin=0.05)
    """
    if not low > 0:
        raise OptionError(f"positive: low must be greater than 0, got {low}")
    _check_bounds("positive", low, high)
    return Interval(low, high)


def away_from(*points: float, margin: float = 0.05, low: float = -3.0, high: float = 3.0) -> Interval:
    """Numbers from `low` to `high` that are at least `margin` away from each of the points: from kinks and poles.

    Raises: OptionError without points, or if nothing is left.

    >>> away_from(0, margin=0.1)
    Interval(low=-3.0, high=3.0, away_from=(0,), margin=0.1)
    """
    if not points:
        raise OptionError(
            "away_from: name the points to keep away from, as in away_from(0); or say interval(low, high)"
        )
    _check_bounds("away_from", low, high)
    _check_margin("away_from", margin)
    domain = Interval(low, high, points, margin)
    if not len(_levels(domain)[-1]):
        raise OptionError(
            f"away_from: nothing from {low} to {high} is {margin} away from {', '.join(map(str, points))}"
        )
    return domain


def distinct(margin: float = 0.05, low: float = -3.0, high: float = 3.0) -> Distinct:
    """Numbers of which no two in one array are closer than `margin`: no ties, for a maximum or an order.

    Raises: OptionError if not even two numbers fit.

    >>> distinct(margin=0.2)
    Distinct(low=-3.0, high=3.0, margin=0.2)
    """
    _check_bounds("distinct", low, high)
    _check_margin("distinct", margin, high - low)
    return Distinct(low, high, margin)


def apart(margin: float = 0.05, low: float = -3.0, high: float = 3.0) -> Apart:
    """Numbers such that two arrays, once broadcast, differ by at least `margin` in each element: for `maximum(x, y)`.

    Raises: OptionError if not even two numbers fit.

    >>> apart()
    Apart(low=-3.0, high=3.0, margin=0.05)
    """
    _check_bounds("apart", low, high)
    _check_margin("apart", margin, high - low)
    return Apart(low, high, margin)


def matrices(spacing: float = 5.0, symmetric: bool = False) -> Matrices:
    """Stacks of matrices of full rank with simple eigenvalues; `symmetric` ones are also positive definite.

    The numbers 1, 2, 3, ... times `spacing` are added to the diagonals of matrices with entries between -1 and 1, so
    that up to three rows or columns the discs of Gershgorin do not meet.

    Raises: OptionError if `spacing` is not positive.

    >>> matrices(symmetric=True)
    Matrices(spacing=5.0, symmetric=True, unfolded=False)
    """
    _check_margin("matrices", spacing, what="spacing")
    return Matrices(spacing, symmetric)


def _check_bounds(who: str, low: float, high: float) -> None:
    if not (isfinite(high - low) and low < high):
        raise OptionError(f"{who}: low and high must be finite and low < high, got low={low}, high={high}")


def _check_margin(who: str, margin: float, width: float = np.inf, what: str = "margin") -> None:
    if not 0 < margin < np.inf:
        raise OptionError(f"{who}: {what} must be greater than 0, got {margin}")
    if margin * 1.01 > width:
        raise OptionError(f"{who}: no two numbers in a range of {width:g} are {margin} apart; choose a smaller margin")


# --- points -----------------------------------------------------------------------------------------------------------


def points(domain: Domain, position: int = 0, arguments: int = 1, dtype: Any = np.float64) -> Array:
    """The numbers of a domain that are tried, for the argument at this position, those nearest to 1 first.

    Each is exact in `dtype`, and in the domain.

    >>> points(ag.Interval(0.4, 2))[:3].tolist()
    [1.0, 1.0052083333333333, 0.9895833333333334]
    """
    return _levels(domain, position, arguments, dtype)[-1].copy()


def _levels(domain: Domain, position: int = 0, arguments: int = 1, dtype: Any = np.float64) -> tuple[Array, ...]:
    """The numbers that are tried, from the coarsest grid to all of them; see Note [Simple numbers]."""
    dtype = np.dtype(dtype)
    if isinstance(domain, Interval):
        kinks = tuple(float(x) for x in domain.away_from)
        return _levels_of_interval(float(domain.low), float(domain.high), kinks, float(domain.margin), dtype)
    if isinstance(domain, Distinct):
        return _spaced(float(domain.low), float(domain.high), float(domain.margin), (1.0, 0.25, 0.0), dtype)
    if isinstance(
        domain, Apart
    ):  # each argument has points of its own, on one grid, so that no two arguments ever meet
        (all_of_them,) = _spaced(float(domain.low), float(domain.high), float(domain.margin), (0.0,), dtype)
        return (_nearest_to_one(np.sort(all_of_them)[position::arguments]),)
    raise OptionError(
        f"a domain is made by interval, positive, away_from, distinct, apart or matrices of "
        f"autograd_core.testing.strategies, got {domain!r}"
    )


def _nearest_to_one(numbers: Array) -> Array:
    return numbers[np.argsort(np.abs(numbers - 1.0), kind="stable")]


def _grid(step: float, low: float, high: float) -> Array:
    return np.arange(ceil(low / step), floor(high / step) + 1) * step


_MOST = 2**15  # points of a grid


@cache
def _levels_of_interval(
    low: float, high: float, kinks: Sequence[float], margin: float, dtype: np.dtype[Any]
) -> tuple[Array, ...]:
    def inside(numbers: Array) -> Array:
        with np.errstate(over="ignore"):  # what a narrow type cannot hold is infinite, and left out below
            numbers = np.unique(numbers[(numbers >= low) & (numbers <= high)].astype(dtype).astype(np.float64))
        for kink in kinks:
            numbers = numbers[np.abs(numbers - kink) >= margin]
        return numbers[(numbers >= low) & (numbers <= high)]

    width = high - low
    finest = 1 / 64
    if width < 1 or width / finest > _MOST:  # as many points for a narrow interval, fewer for a wide one
        finest = 2.0 ** (floor(log2(width)) - (6 if width < 1 else 14))
    grid = _grid(finest, low, high)
    numbers = _nearest_to_one(inside(np.concatenate([grid, grid + finest / 3, [1.0]])))
    levels = []
    for step in (1.0, 0.25, finest):
        grid = inside(_grid(step, low, high)) if width / step <= _MOST else numbers[:0]
        if len(grid) >= 4:  # fewer are no choice
            after = np.clip(np.searchsorted(grid, numbers), 1, len(grid) - 1)
            is_nearer = numbers - grid[after - 1] < grid[after] - numbers
            levels.append(np.where(is_nearer, grid[after - 1], grid[after]))
    return tuple(_frozen(level.astype(dtype)) for level in (*levels, numbers))


@cache
def _spaced(low: float, high: float, margin: float, steps: Sequence[float], dtype: np.dtype[Any]) -> tuple[Array, ...]:
    """For each step, multiples of it that keep the margin once they are rounded; for 0 as many numbers as do."""
    least = margin * 1.01 + float(np.finfo(dtype).eps) * max(abs(low), abs(high))
    levels = []
    for step in steps:
        spacing = step * ceil(least / step) if step else least
        if step and spacing < 2 * least:  # hardly coarser than the finest
            continue
        numbers = _grid(spacing, low, high) if step else np.arange(low, high, least)
        numbers = numbers.astype(dtype)
        levels.append(_frozen(_nearest_to_one(numbers[(numbers >= low) & (numbers <= high)])))
    return tuple(levels)


def _frozen(numbers: Array) -> Array:
    numbers.flags.writeable = False
    return numbers


# --- arrays -----------------------------------------------------------------------------------------------------------

_MANY = 64  # more numbers than these are not picked one by one: they come from a generator whose seed is picked


def pick_array(
    pick: Pick, shape: Shape, domain: Domain, position: int = 0, arguments: int = 1, dtype: Any = np.float64
) -> Array:
    """An array of a shape with numbers from a domain, for the argument at this position.

    Raises: OptionError if the domain has no such numbers, or not as many distinct ones.
    """
    if isinstance(domain, Matrices):
        return _pick_matrices(pick, shape, domain, dtype)
    levels, n = _levels(domain, position, arguments, dtype), prod(shape)
    if not n:
        return np.empty(shape, dtype)
    check_enough(levels[-1], n, domain, shape, dtype)
    if isinstance(domain, Distinct):
        levels = tuple(level for level in levels if len(level) >= n)
    numbers = levels[pick(len(levels))] if len(levels) > 1 else levels[0]
    if isinstance(domain, Distinct):
        return _pick_distinct(pick, n, numbers).reshape(shape)
    if n > _MANY:
        return _generator(pick).choice(numbers, shape)
    return numbers[[pick(len(numbers)) for _ in range(n)]].reshape(shape)


def most_distinct(domain: Domain, dtype: Any) -> float:
    """How many numbers an array in this domain can have."""
    return len(_levels(domain, dtype=dtype)[-1]) if isinstance(domain, Distinct) else np.inf


def check_enough(numbers: Array, n: int, domain: Domain, shape: Shape, dtype: Any) -> None:
    if not len(numbers):
        raise OptionError(f"{domain} has no numbers in {np.dtype(dtype)}")
    if isinstance(domain, Distinct) and len(numbers) < n:
        raise OptionError(
            f"an array of shape {shape} needs {n} distinct numbers; {domain} has {len(numbers)} in {np.dtype(dtype)}. "
            "Choose a smaller margin or a wider range"
        )


def _pick_distinct(pick: Pick, n: int, numbers: Array) -> Array:
    if n > _MANY:
        return _generator(pick).permutation(numbers)[:n]
    left = list(range(len(numbers)))
    return numbers[[left.pop(pick(len(left))) for _ in range(n)]]


def _pick_matrices(pick: Pick, shape: Shape, domain: Matrices, dtype: Any) -> Array:
    n = isqrt(prod(shape))
    if domain.unfolded and shape != (n, n) and n * n == prod(shape):
        return _pick_matrices(pick, (n, n), domain, dtype).reshape(shape)
    numbers = pick_array(pick, shape, Interval(-1, 1, away_from=(0,)), dtype=dtype)
    if len(shape) < 2:
        return numbers
    if domain.symmetric:
        numbers = np.tril(numbers) + np.swapaxes(np.tril(numbers, -1), -1, -2)  # a mean could be 0
    rows, columns = shape[-2:]
    return (numbers + domain.spacing * np.eye(rows, columns) * np.arange(1, columns + 1)).astype(dtype)


def _generator(pick: Pick) -> np.random.Generator:
    return np.random.default_rng(pick(2**32))


def pick_cotangents(pick: Pick, arrays: Sequence[Any]) -> list[Array]:
    """Cotangents or tangents for some arrays: of their shapes, in double precision, without zeros."""
    return [pick_array(pick, np.shape(a), COTANGENTS) for a in arrays]
