"""Statistics of sorted numbers: medians, quantiles, percentiles, ranges.

A quantile lies between two neighbours of the sorted numbers. Where it lies is worked out here, as a position from 0 to
n - 1, and the neighbours come from `sort`: so the derivatives are those of sorting and of a linear interpolation, and
elements that are equal share them evenly.
"""

import warnings
from math import prod

import numpy as np

from ..arrays import is_differentiable
from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises, Subgradient
from ..op import composed
from .arithmetic import divide
from .axes import BAD_AXIS, kept_shape
from .creation import astype
from .deciding import either, refuse_where
from .operands import is_weak, operand, perhaps_any, value_of
from .reduction import max, mean, min
from .selection import clip, where
from .shape import moveaxis, ravel, reshape
from .sorting import sort
from .taking import take_along_axis

_AXES = [
    Example(x=(5,)),
    Example(x=(2, 3)),
    Example(x=(4, 2), axis=0),
    Example(x=(2, 3, 2), axis=(0, -1)),
    Example(x=(2, 4), axis=1, keepdims=True),
    Example(x=(2, 3), axis=None, keepdims=True),
    Example(x=()),
]
_REPEATED = Raises(ShapeError, "twice", x=(2, 3), axis=(0, -2))
_EMPTY = Raises(ShapeError, "nothing to", x=(0,))
_TIES = [
    Subgradient({"x": np.array([1.0, 1.0, 2.0])}, {"x": np.array([0.5, 0.5, 0.0])}, "ties share evenly"),
]


def axes_of(who, axis, ndim):
    """The axes as a tuple of numbers >= 0."""
    if axis is None:
        return tuple(range(ndim))
    listed = [int(a) for a in (axis if isinstance(axis, tuple | list) else (axis,))]
    for a in listed:
        if not -ndim <= a < ndim:
            raise ShapeError(f"{who}: axis {a} is out of bounds for an array with {ndim} axes")
    axes = tuple(a % ndim for a in listed)
    if len(set(axes)) < len(axes):
        raise ShapeError(f"{who}: axis {axis} names an axis twice")
    return axes


def _lanes(who, x, axis, keepdims):
    """x with all reduced axes as one, the last; and the shape of one result."""
    axes = axes_of(who, axis, x.ndim)
    if not prod(x.shape[a] for a in axes):
        raise ShapeError(f"{who}: there is nothing to order along axis {axis} of shape {x.shape}")
    rest = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    return _gathered(x, axes), kept_shape(x.shape, axes) if keepdims else rest


def _gathered(x, axes):
    """The axes moved to the end and made one."""
    if x.ndim != 1:
        x = moveaxis(x, axes, tuple(range(x.ndim - len(axes), x.ndim)))
        x = reshape(x, (*x.shape[: x.ndim - len(axes)], prod(x.shape[x.ndim - len(axes) :])))
    return x


def _counts(who, lanes, skip):
    """How many numbers of each lane take part, and which lanes have a NaN for a result, and say so."""
    n = lanes.shape[-1]
    missing = np.add.reduce(np.isnan(value_of(lanes)), -1, np.intp)
    if not skip:
        return np.full(missing.shape, n), missing > 0
    if isinstance(missing, np.ndarray | np.generic) and (missing == n).any():  # in a program nobody knows yet
        warnings.warn(f"{who}: a slice has NaNs only, and the result there is NaN", RuntimeWarning, stacklevel=4)
    return n - missing, missing == n


# --- medians ----------------------------------------------------------------------------------------------------------


def _median(who, x, axis, keepdims, skip):
    x = operand(x, who)
    lanes, shape = _lanes(who, x, axis, keepdims)
    counts, without = _counts(who, lanes, skip)
    last = lanes.shape[-1] - 1
    places = np.stack([(counts - 1) // 2, counts // 2], -1)
    if not perhaps_any(places[..., 0] != places[..., 1]):
        places = places[..., :1]
    places = np.where(without[..., None], last, places)  # NaNs are sorted to the end
    out = mean(take_along_axis(sort(lanes), places, -1), axis=-1)
    return reshape(_of_nothing(out, without) if skip else out, shape)


def _of_nothing(out, without):
    """A result that is NaN where there are no numbers, and has the gradient 0 there."""
    return where(without, np.nan, out) if perhaps_any(without) else out


@composed(
    domain=Distinct(),
    examples=[*_AXES, Example(x=(4, 0), axis=0)],
    reference=np.median,
    errors=[BAD_AXIS, _REPEATED, _EMPTY],
    subgradients=_TIES,
)
def median(x, /, axis=None, *, keepdims=False):
    """The middle one of the sorted numbers along axes, or the mean of the two in the middle; NaN if one is.

    Elements that tie for it share the gradient evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.median(np.array([1.0, 10.0, 2.0])))
    2.0
    """
    return _median("median", x, axis, keepdims, skip=False)


@composed(
    domain=Distinct(),
    examples=[*_AXES, Example(x=(4, 0), axis=0)],
    reference=np.nanmedian,
    errors=[BAD_AXIS, _REPEATED, _EMPTY],
    subgradients=[
        *_TIES,
        Subgradient({"x": np.array([np.nan, 1.0, 3.0])}, {"x": np.array([0.0, 0.5, 0.5])}, "a NaN takes no part"),
    ],
)
def nanmedian(x, /, axis=None, *, keepdims=False):
    """The median along axes of the numbers that are not NaN; of NaNs only it is NaN, with a RuntimeWarning.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.nanmedian(np.array([1.0, np.nan, 10.0, 2.0])))
    2.0
    """
    return _median("nanmedian", x, axis, keepdims, skip=True)


# --- quantiles --------------------------------------------------------------------------------------------------------

# Hyndman & Fan (1996), Sample Quantiles in Statistical Packages, The American Statistician 50: types 4 to 9, whose
# positions are continuous: alpha - 1 + q (n + 1 - alpha - beta), counted from 0.
_CONTINUOUS = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
# The others name elements or the middles between two, by rules of rounding that are NumPy's: the quantile of the
# numbers 0, 1, ..., n - 1 is the position of the quantile of any n numbers.
_STEPS = frozenset(
    {"inverted_cdf", "averaged_inverted_cdf", "closest_observation", "lower", "higher", "midpoint", "nearest"}
)


def _positions(q, counts, method):
    """The positions of quantiles q (m,) among the sorted numbers, for each lane (..., m)."""
    if method in _CONTINUOUS:
        alpha, beta = _CONTINUOUS[method]
        counts = counts[..., None].astype(np.float64)
        return clip(q * (counts + (1 - alpha - beta)) + (alpha - 1), 0.0, np.maximum(counts - 1, 0.0))
    out = np.zeros((*counts.shape, q.size))
    for n in np.unique(counts[counts > 0]):
        out[counts == n] = np.quantile(np.arange(n, dtype=np.float64), value_of(q), method=method)
    return out + q * 0.0  # a step's derivative with respect to q is 0


def _weighted_positions(who, q, lanes, weights, x, axis, skip):
    """The positions at which the weights of the sorted numbers add up to q, as NumPy finds them."""
    weights = np.asarray(value_of(weights))
    axes = axes_of(who, axis, x.ndim)
    if weights.shape == x.shape:
        weights = _gathered(weights, axes)
    elif weights.shape == tuple(x.shape[a] for a in axes):
        weights = np.broadcast_to(weights.reshape(-1), lanes.shape)
    else:
        raise ShapeError(f"{who}: weights have the shape of x, {x.shape}, or of its reduced axes; got {weights.shape}")
    values = value_of(lanes)
    ranks = np.argsort(np.argsort(values, axis=-1, kind="stable"), axis=-1).astype(np.float64)
    ranks[np.isnan(values)] = np.nan
    ordinary = np.isfinite(ranks).any(-1) if skip else np.isfinite(ranks).all(-1)
    quantile_of = np.nanquantile if skip else np.quantile
    out = np.zeros((*ordinary.shape, value_of(q).size))
    try:
        found = quantile_of(ranks[ordinary], value_of(q), axis=-1, weights=weights[ordinary], method="inverted_cdf")
    except ValueError as error:
        raise OptionError(f"{who}: {error}") from None
    out[ordinary] = np.moveaxis(found, 0, -1)
    return out


def _between(low, high, part):
    """``low + part (high - low)``, computed from the nearer end; infinite ends are right where that has a limit."""
    gap = high - low
    out = where(value_of(part) < 0.5, low + gap * part, high - gap * (1 - part))
    at_low = (value_of(part) == 0) | (value_of(low) == value_of(high))
    return either(~np.isfinite(value_of(gap)), lambda: where(at_low, low, out), lambda: out)


def _quantile(who, x, q, axis, method, keepdims, weights, skip):
    x = operand(x, who)
    if method not in _CONTINUOUS and method not in _STEPS:
        raise OptionError(f"{who}: method {method!r} is not one of {', '.join([*_CONTINUOUS, *sorted(_STEPS)])}")
    if weights is not None and method != "inverted_cdf":
        raise OptionError(f"{who}: weights are understood by method='inverted_cdf' only, as in NumPy; got {method!r}")
    dtype = x.dtype if is_differentiable(x.dtype) else np.dtype(np.float64)
    weak, q = is_weak(q), operand(q, who)
    dtype = dtype if weak else np.result_type(dtype, q.dtype)
    refuse_where(
        ~((value_of(q) >= 0) & (value_of(q) <= 1)),
        lambda: OptionError(f"{who}: quantiles lie from 0 to 1, and percentiles from 0 to 100; got {value_of(q)}"),
    )
    lanes, shape = _lanes(who, x, axis, keepdims)
    flat = astype(ravel(q), np.float64)
    counts, without = _counts(who, lanes, skip)
    if weights is None:
        places = _positions(flat, counts, method)
    else:
        places = _weighted_positions(who, flat, lanes, weights, x, axis, skip)
    last = np.where(without, lanes.shape[-1], np.maximum(counts, 1))[..., None] - 1
    if perhaps_any(without):
        places = where(without[..., None], last, places)  # NaNs are sorted to the end
    low = np.floor(value_of(places))
    part = astype(places - low, dtype)
    low = low.astype(np.intp)
    ordered = sort(lanes)
    at_low, at_high = take_along_axis(ordered, low, -1), take_along_axis(ordered, np.minimum(low + 1, last), -1)
    out = moveaxis(_between(at_low, at_high, part), -1, 0)
    out = reshape(_of_nothing(out, without) if skip else out, (*q.shape, *shape))
    return astype(out, dtype) if out.dtype != dtype else out


def _percent(q, who):
    """Hundredths as parts of one; a Python number stays one."""
    return q / 100 if is_weak(q) else divide(operand(q, who), 100)


_MIDDLE = {"x": Distinct(), "q": Interval(0.37, 0.63)}  # between the kinks at multiples of 1/3, for four numbers
_QUANTILES = [
    Example(x=(4,), q=()),
    Example(x=(4,), q=(2,)),
    Example(x=(2, 4), q=(2, 1), axis=1),
    Example(x=(4, 2), q=(2,), axis=0, keepdims=True),
    Example(x=(2, 2, 2), q=(), axis=(0, -1)),
    Example(x=(), q=()),
    Example(x=(5,), q=0.3),
    Example(x=(5,), q=0),
    Example(x=(2, 5), q=1, axis=-1),
    Example(x=(2, 3), q=0.7, axis=None, keepdims=True),
]
_METHODS = [Example(x=(5,), q=q, method=method) for method in [*_CONTINUOUS, *sorted(_STEPS)] for q in (0.1, 0.55, 0.8)]
_STEPPING = [
    Example(x=(3,), q=(), method="inverted_cdf"),
    Example(x=(2, 3), q=0.5, method="inverted_cdf", weights=np.array([[1.0, 4.0, 2.0], [1.5, 0.5, 2.0]])),
    Example(x=(3, 2), q=0.7, axis=0, method="inverted_cdf", weights=np.array([[1.0, 4.0], [2.0, 1.5], [0.5, 2.0]])),
]
# NumPy fails on these when NaNs are left out.
_BESIDE = [Example(x=(2, 5), q=0.4, axis=1, method="inverted_cdf", weights=np.array([1.0, 0.0, 2.0, 1.5, 3.0]))]
_NO_LANES = [Example(x=(4, 0), q=(2,), axis=0)]
_QUANTILE_ERRORS = [
    Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), q=0.5, axis=2),
    Raises(ShapeError, "twice", x=(2, 3), q=0.5, axis=(0, -2)),
    Raises(ShapeError, "nothing to order", x=(0,), q=0.5),
    Raises(OptionError, "from 0 to 1", x=(3,), q=-0.5),
    Raises(OptionError, "is not one of", x=(3,), q=0.5, method="guess"),
    Raises(OptionError, "inverted_cdf", x=(3,), q=0.5, weights=np.ones(3)),
    Raises(ShapeError, "weights have the shape", x=(3,), q=0.5, weights=np.ones(2), method="inverted_cdf"),
]


@composed(
    domain=_MIDDLE,
    examples=[*_QUANTILES, *_METHODS, *_STEPPING, *_BESIDE, *_NO_LANES],
    reference=np.quantile,
    errors=_QUANTILE_ERRORS,
    subgradients=[
        Subgradient({"x": np.array([1.0, 1.0, 2.0]), "q": 0.25}, {"x": np.array([0.5, 0.5, 0.0])}, "ties share evenly"),
    ],
)
def quantile(x, q, /, axis=None, *, method="linear", keepdims=False, weights=None):
    """The number below which a part q of the numbers along axes lies, by one of NumPy's methods; NaN if one is.

    Differentiable in x, and in q by the methods that interpolate continuously: from the right where q names an element.
    The others are steps in q, and all are steps in the weights: there the derivative is 0. `weights` are for the
    method "inverted_cdf", as in NumPy. Elements that tie share the gradient evenly.

    Shapes: x (...), q (...) from 0 to 1 -> the shape of q, then x without the axes (of length 1 with keepdims).

    >>> float(ag.quantile(np.array([1.0, 2.0, 4.0]), 0.75))
    3.0
    """
    return _quantile("quantile", x, q, axis, method, keepdims, weights, skip=False)


@composed(
    domain=_MIDDLE,
    examples=[*_QUANTILES, *_METHODS, *_STEPPING],
    reference=np.nanquantile,
    errors=_QUANTILE_ERRORS,
    subgradients=[
        Subgradient(
            {"x": np.array([3.0, np.nan, 1.0]), "q": 0.25}, {"x": np.array([0.25, 0.0, 0.75])}, "a NaN takes no part"
        ),
    ],
)
def nanquantile(x, q, /, axis=None, *, method="linear", keepdims=False, weights=None):
    """The quantile along axes of the numbers that are not NaN; of NaNs only it is NaN, with a RuntimeWarning.

    Shapes: x (...), q (...) from 0 to 1 -> the shape of q, then x without the axes (of length 1 with keepdims).

    >>> float(ag.nanquantile(np.array([1.0, np.nan, 2.0, 4.0]), 0.75))
    3.0
    """
    return _quantile("nanquantile", x, q, axis, method, keepdims, weights, skip=True)


def _hundredfold(examples):
    return [
        Example(**{**e.arguments, "q": 100 * e.arguments["q"]}) if type(e.arguments["q"]) is float else e
        for e in examples
    ]


_PERCENT = {"x": Distinct(), "q": Interval(37, 63)}
_PERCENT_ERRORS = [
    Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), q=50, axis=2),
    Raises(OptionError, "from 0 to 100", x=(3,), q=150),
    Raises(OptionError, "is not one of", x=(3,), q=50, method="guess"),
]


@composed(
    domain=_PERCENT,
    examples=_hundredfold([*_QUANTILES, *_METHODS[::3], *_STEPPING]),
    reference=np.percentile,
    errors=_PERCENT_ERRORS,
)
def percentile(x, q, /, axis=None, *, method="linear", keepdims=False, weights=None):
    """The number below which q percent of the numbers along axes lie: ``quantile(x, q / 100)``.

    Shapes: x (...), q (...) from 0 to 100 -> the shape of q, then x without the axes (of length 1 with keepdims).

    >>> float(ag.percentile(np.array([1.0, 2.0, 4.0]), 75))
    3.0
    """
    return _quantile("percentile", x, _percent(q, "percentile"), axis, method, keepdims, weights, skip=False)


@composed(
    domain=_PERCENT,
    examples=_hundredfold([*_QUANTILES, *_METHODS[::3], *_STEPPING]),
    reference=np.nanpercentile,
    errors=_PERCENT_ERRORS,
)
def nanpercentile(x, q, /, axis=None, *, method="linear", keepdims=False, weights=None):
    """The percentile along axes of the numbers that are not NaN; of NaNs only it is NaN, with a RuntimeWarning.

    Shapes: x (...), q (...) from 0 to 100 -> the shape of q, then x without the axes (of length 1 with keepdims).

    >>> float(ag.nanpercentile(np.array([1.0, np.nan, 2.0, 4.0]), 75))
    3.0
    """
    return _quantile("nanpercentile", x, _percent(q, "nanpercentile"), axis, method, keepdims, weights, skip=True)


# --- ranges ----------------------------------------------------------------------------------------------


@composed(
    domain=Distinct(),
    examples=[*_AXES, Example(x=(0, 2), axis=1)],
    reference=np.ptp,
    errors=[BAD_AXIS, Raises(ShapeError, "zero-size array", x=(0,))],
    subgradients=[
        Subgradient({"x": np.array([1.0, 1.0, 0.0])}, {"x": np.array([0.5, 0.5, -1.0])}, "ties share evenly")
    ],
)
def ptp(x, /, axis=None, *, keepdims=False):
    """Range along axes, from the smallest to the largest ("peak to peak"); ties share the gradient evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.ptp(np.array([1.0, 4.0, 2.0])))
    3.0
    """
    x = operand(x, "ptp")
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)
