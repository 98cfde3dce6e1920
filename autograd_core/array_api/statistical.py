"""Statistical functions: sums, products, means, deviations and extremes along axes, and running sums."""

from math import nan, prod as product

import numpy as np

from ..errors import OptionError
from .creation import ones, zeros
from .delegation import evaluate, same_as
from .manipulation import concat

__all__ = ["cumulative_prod", "cumulative_sum", "max", "mean", "min", "prod", "std", "sum", "var"]


def _cumulative(name, function, start, x, axis, dtype, include_initial):
    """A running sum or product, with what it starts from if asked for."""
    if axis is None:
        if x.ndim != 1:
            raise OptionError(f"{name}: axis= must be given unless there is one axis, got shape {x.shape}")
        axis = 0
    result = evaluate(function, x, axis=axis, dtype=dtype)
    if not include_initial:
        return result
    shape = list(x.shape)
    shape[axis] = 1
    return concat([start(tuple(shape), dtype=result.dtype), result], axis=axis)


def _average(function, x, axis, keepdims, ddof=0):
    """A mean or a deviation, which of too few numbers the standard wants to be NaN, and an operation refuses."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if product(x.shape[a] for a in axes) - ddof <= 0:
        return sum(x, axis=axis, keepdims=keepdims) * nan
    return evaluate(function, x, axis=axis, keepdims=keepdims, **({"ddof": ddof} if ddof else {}))


def cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False):
    """The products of the elements up to each one along an axis."""
    return _cumulative("cumulative_prod", np.cumprod, ones, x, axis, dtype, include_initial)


def cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False):
    """The sums of the elements up to each one along an axis."""
    return _cumulative("cumulative_sum", np.cumsum, zeros, x, axis, dtype, include_initial)


@same_as(np.max)
def max(x, /, *, axis=None, keepdims=False):
    """The largest element along axes."""


def mean(x, /, *, axis=None, keepdims=False):
    """Arithmetic mean along axes; NaN of nothing."""
    return _average(np.mean, x, axis, keepdims)


@same_as(np.min)
def min(x, /, *, axis=None, keepdims=False):
    """The smallest element along axes."""


@same_as(np.prod)
def prod(x, /, *, axis=None, dtype=None, keepdims=False):
    """Product along axes."""


def std(x, /, *, axis=None, correction=0.0, keepdims=False):
    """Standard deviation along axes: the root of the mean squared deviation, n - correction in the place of n.

    NaN if that is not positive.
    """
    return _average(np.std, x, axis, keepdims, ddof=correction)


@same_as(np.sum)
def sum(x, /, *, axis=None, dtype=None, keepdims=False):
    """Sum along axes."""


def var(x, /, *, axis=None, correction=0.0, keepdims=False):
    """Variance along axes: the mean squared deviation, n - correction in the place of n.

    NaN if that is not positive.
    """
    return _average(np.var, x, axis, keepdims, ddof=correction)
