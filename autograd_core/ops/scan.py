"""Running reductions along one axis: sums, products, extremes and log-sums, and sums and products between indices.

`axis` is a number, or None for the flattened array. Where a derivative of a product or an extreme wants one number for
each element from all results behind it, that is a linear recurrence from the right, which is solved by doubling: no
division, so zeros are as good as other numbers, and no loop over elements.
"""

from typing import Any

import numpy as np

from ..errors import IndexingError, ShapeError
from ..examples import Distinct, Example, Raises, Subgradient
from ..op import composed, general, linear
from .axes import BAD_AXIS, TYPED, WHOLE, WIDE, prepared
from .indexing import scatter_add
from .joining import concatenate
from .operands import operand, value_of
from .reduction import prod
from .selection import isnan, where
from .taking import take

_AXES = [
    Example(x=(5,)),
    Example(x=(2, 3)),
    Example(x=(2, 3), axis=0),
    Example(x=(2, 3, 2), axis=-2),
    Example(x=(1, 2), axis=0),
    Example(x=(0, 2), axis=0),
    Example(x=(2, 0), axis=0),
]
_TYPED = TYPED[:1]  # without keepdims, which a scan does not have
_NUMBER = [Example(x=())]
_BAD_AXIS_OF_PIECES = Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), indices=np.array([0]), axis=2)


def _lanes(xp, x, axis):
    """x with the axis that is run along in the last place."""
    return xp.reshape(x, (-1,)) if axis is None else xp.moveaxis(x, axis, -1)


def _back(xp, lanes, shape, axis):
    """The inverse of `_lanes`."""
    return xp.reshape(lanes, shape) if axis is None else xp.reshape(xp.moveaxis(lanes, -1, axis), shape)


def _from_the_right(xp, factors, terms):
    """The s with ``s[i] = terms[i] + factors[i] s[i + 1]`` along the last axis, in log2(n) steps.

    After the step d, terms[i] holds what s[i] gets from i up to i + d, and factors[i] the product of d factors from i.
    """
    step, n = 1, terms.shape[-1]
    while step < n:
        near = terms[..., :-step] + factors * terms[..., step:]
        terms = xp.concatenate([near, terms[..., -step:]], axis=-1)
        factors = factors[..., :-step] * factors[..., step:]
        step *= 2
    return terms


def _argument(xp, x, axis, dtype=None):
    """x as an array, flat if there is no axis; refuses a type that has no derivative."""
    x, _ = prepared(xp, x, dtype, where=True)
    return x.reshape(-1) if axis is None else x


# --- sums and products ------------------------------------------------------------------------------------------------


def _sum_from_the_right(xp, g, x_aval, axis):
    along = 0 if axis is None else axis
    return xp.reshape(xp.flip(xp.cumsum(xp.flip(g, along), axis=along), along), x_aval.shape)


@linear(
    transpose=_sum_from_the_right,
    domain=WIDE,
    examples=[*_AXES, *_NUMBER, *_TYPED],
    reference=np.cumsum,
    errors=[BAD_AXIS, WHOLE],
)
def cumsum(xp, x, /, axis=None, *, dtype=None):
    """Running sum along an axis: each element is the sum of all up to it.

    Shapes: x (...) -> (...); flat without an axis.

    >>> ag.cumsum(np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    """
    x = _argument(xp, x, axis, dtype)
    return xp.cumsum(x, axis=axis, dtype=dtype)


def _cumprod_vjp(xp, g, x, out, axis, dtype):
    # x[k] stands in all products from the k-th on: its partial there is the product of those before it, times the
    # product of those behind it up to the place of the result.
    factors = _lanes(xp, x if dtype is None else x.astype(dtype), axis)
    products = out if axis is None else xp.moveaxis(out, axis, -1)
    before = xp.concatenate([xp.ones_like(products[..., :1]), products[..., :-1]], axis=-1)
    behind = _from_the_right(xp, factors[..., 1:], g if axis is None else xp.moveaxis(g, axis, -1))
    return _back(xp, before * behind, x.shape, axis)


@general(
    vjps=[_cumprod_vjp],
    domain=WIDE,
    examples=[*_AXES, *_NUMBER, *_TYPED],
    reference=np.cumprod,
    errors=[BAD_AXIS, WHOLE],
    subgradients=[
        Subgradient({"x": np.array([0.0, 2.0, 3.0])}, {"x": np.array([9.0, 0.0, 0.0])}, "products of the others"),
        Subgradient({"x": np.array([2.0, 0.0, 3.0])}, {"x": np.array([1.0, 8.0, 0.0])}, "products of the others"),
        Subgradient({"x": np.array([2.0, 0.0, 0.0])}, {"x": np.array([1.0, 2.0, 0.0])}, "products of the others"),
    ],
)
def cumprod(xp, x, /, axis=None, *, dtype=None):
    """Running product along an axis: each element is the product of all up to it; zeros have their derivatives too.

    Shapes: x (...) -> (...); flat without an axis.

    >>> ag.cumprod(np.array([1.0, 2.0, 3.0]))
    array([1., 2., 6.])
    """
    x = _argument(xp, x, axis, dtype)
    return xp.cumprod(x, axis=axis, dtype=dtype)


_INITIAL = [
    Example(x=(3,)),
    Example(x=(2, 3), axis=1),
    Example(x=(2, 3), axis=-2, include_initial=True),
    Example(x=(3,), include_initial=True),
    Example(x=(2, 0), axis=1, include_initial=True),
    Example(x=(0,)),
    Example(x=(2, 3), axis=0, dtype=np.float64),
]
_ONE_AXIS = [
    Raises(ShapeError, "which axis", x=(2, 3)),
    Raises(ShapeError, "at least one axis", x=()),
]


def _cumulative(who, scan, first, x, axis, dtype, include_initial):
    """A running reduction in the ways of the array API: one axis, and on request what an empty one gives in front."""
    x = operand(x, who)
    if not x.ndim:
        raise ShapeError(f"{who}: an array with at least one axis is needed, got a single number")
    if axis is None and x.ndim > 1:
        raise ShapeError(f"{who}: which axis is to be run along? there are {x.ndim}; say axis=")
    axis = 0 if axis is None else axis
    out = scan(x, axis=axis, dtype=dtype)
    if not include_initial:
        return out
    shape = [1 if i == axis % x.ndim else n for i, n in enumerate(x.shape)]
    return concatenate([np.full(shape, first, out.dtype), out], axis=axis)


def _included(scan, first):
    """NumPy's `cumulative_...`, which are new in NumPy 2.1."""

    def reference(x, *, axis=None, dtype=None, include_initial=False):
        axis = 0 if axis is None else axis
        out = scan(x, axis=axis, dtype=dtype)
        return np.insert(out, 0, first, axis=axis) if include_initial else out

    return reference


@composed(domain=WIDE, examples=_INITIAL, reference=_included(np.cumsum, 0), errors=[BAD_AXIS, *_ONE_AXIS])
def cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False):
    """Running sum along an axis, with the empty sum 0 in front on request.

    Shapes: x (..., n, ...) -> (..., n, ...), or n + 1 with include_initial. Only one axis needs no `axis`.

    >>> ag.cumulative_sum(np.array([1.0, 2.0]), include_initial=True)
    array([0., 1., 3.])
    """
    return _cumulative("cumulative_sum", cumsum, 0, x, axis, dtype, include_initial)


@composed(domain=WIDE, examples=_INITIAL, reference=_included(np.cumprod, 1), errors=[BAD_AXIS, *_ONE_AXIS])
def cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False):
    """Running product along an axis, with the empty product 1 in front on request.

    Shapes: x (..., n, ...) -> (..., n, ...), or n + 1 with include_initial. Only one axis needs no `axis`.

    >>> ag.cumulative_prod(np.array([2.0, 3.0]), include_initial=True)
    array([1., 2., 6.])
    """
    return _cumulative("cumulative_prod", cumprod, 1, x, axis, dtype, include_initial)


@composed(domain=WIDE, examples=[*_AXES, *_NUMBER, *_TYPED], reference=np.nancumsum, errors=[BAD_AXIS, WHOLE])
def nancumsum(x, /, axis=None, *, dtype=None):
    """Running sum along an axis in which a NaN counts as 0 and has the gradient 0.

    Shapes: x (...) -> (...); flat without an axis.

    >>> ag.nancumsum(np.array([1.0, np.nan, 3.0]))
    array([1., 1., 4.])
    """
    x = operand(x, "nancumsum")
    return cumsum(where(isnan(x), 0, x), axis, dtype=dtype)


@composed(domain=WIDE, examples=[*_AXES, *_NUMBER, *_TYPED], reference=np.nancumprod, errors=[BAD_AXIS, WHOLE])
def nancumprod(x, /, axis=None, *, dtype=None):
    """Running product along an axis in which a NaN counts as 1 and has the gradient 0.

    Shapes: x (...) -> (...); flat without an axis.

    >>> ag.nancumprod(np.array([2.0, np.nan, 3.0]))
    array([2., 2., 6.])
    """
    x = operand(x, "nancumprod")
    return cumprod(where(isnan(x), 1, x), axis, dtype=dtype)


# --- extremes ---------------------------------------------------------------------------------------------------------


def _same(a, b):
    """Whether numbers are equal, a NaN being equal to a NaN."""
    return (a == b) | ((a != a) & (b != b))


def _running_ties(xp, g, x, out, axis):
    """The cotangent of a running extreme: each result's, in equal shares, to the elements up to it that attain it."""
    values, extremes = _lanes(np, value_of(x), axis), _lanes(np, value_of(out), axis)
    attained = _same(values, extremes).astype(g.dtype)
    stays = _same(extremes[..., 1:], extremes[..., :-1]).astype(g.dtype)  # from one place to the next
    sharing = _from_the_right(np, stays[..., ::-1], attained[..., ::-1])[..., ::-1]
    return _back(xp, attained * _from_the_right(xp, stays, _lanes(xp, g, axis) / sharing), x.shape, axis)


_EXTREME: dict[str, Any] = {
    "vjps": [_running_ties],
    "domain": Distinct(),
    "examples": [*_AXES, *_NUMBER],
    "errors": [BAD_AXIS],
    "subgradients": [
        Subgradient({"x": np.array([1.0, 1.0])}, {"x": np.array([1.5, 0.5])}, "ties up to a place share it evenly"),
    ],
}


def _accumulated(ufunc):
    return lambda x, axis=None: ufunc.accumulate(np.ravel(x) if axis is None else x, axis or 0)


@general(reference=_accumulated(np.maximum), **_EXTREME)
def cummax(xp, x, /, axis=None):
    """Running maximum along an axis; elements that tie for it share the gradient evenly.

    Shapes: x (...) -> (...); flat without an axis.

    >>> ag.cummax(np.array([1.0, 3.0, 2.0]))
    array([1., 3., 3.])
    """
    return xp.maximum.accumulate(_argument(xp, x, axis), axis or 0)


@general(reference=_accumulated(np.minimum), **_EXTREME)
def cummin(xp, x, /, axis=None):
    """Running minimum along an axis; elements that tie for it share the gradient evenly.

    Shapes: x (...) -> (...); flat without an axis.

    >>> ag.cummin(np.array([2.0, 1.0, 3.0]))
    array([2., 1., 1.])
    """
    return xp.minimum.accumulate(_argument(xp, x, axis), axis or 0)


# --- log-sums ---------------------------------------------------------------------------------------------------------


def _decays(xp, x, out):
    """``e**(out[i] - out[i + 1])`` and ``e**(x[i] - out[i])``; where these are of infinities, equal shares."""
    sums = value_of(out)
    endless = np.isinf(sums)
    if not endless.any():
        return xp.exp(out[..., :-1] - out[..., 1:]), xp.exp(x - out)
    attained = endless & (value_of(x) == sums)
    many = np.where(sums > 0, np.cumsum(attained & (sums > 0), axis=-1), np.cumsum(attained & (sums < 0), axis=-1))
    many = np.maximum(many, 1).astype(sums.dtype)
    x, out = xp.where(endless, 0, x), xp.where(endless, 0, out)
    either = endless[..., :-1] | endless[..., 1:]
    share = np.where(sums[..., :-1] == sums[..., 1:], many[..., :-1] / many[..., 1:], 0)
    decay = xp.where(either, share.astype(sums.dtype), xp.exp(out[..., :-1] - out[..., 1:]))
    return decay, xp.where(endless, (attained / many).astype(sums.dtype), xp.exp(x - out))


def _logcumsumexp_vjp(xp, g, x, out, axis):
    decay, weight = _decays(xp, _lanes(xp, x, axis), _lanes(xp, out, axis))
    return _back(xp, weight * _from_the_right(xp, decay, _lanes(xp, g, axis)), x.shape, axis)


@general(
    vjps=[_logcumsumexp_vjp],
    domain=WIDE,
    examples=[*_AXES, *_NUMBER],
    reference=_accumulated(np.logaddexp),
    errors=[BAD_AXIS],
    subgradients=[
        Subgradient({"x": np.full(2, -np.inf)}, {"x": np.array([1.5, 0.5])}, "equal arguments share"),
        Subgradient({"x": np.array([-np.inf, 1.0])}, {"x": np.array([1.0, 1.0])}, "the limit"),
        Subgradient({"x": np.array([0.0, np.inf])}, {"x": np.array([1.0, 1.0])}, "the limit"),
    ],
)
def logcumsumexp(xp, x, /, axis=None):
    """Running ``log(sum(e**x))`` along an axis, without overflow.

    Shapes: x (...) -> (...); flat without an axis.

    >>> ag.logcumsumexp(np.array([0.0, 0.0, 0.0])).round(4)
    array([0.    , 0.6931, 1.0986])
    """
    return xp.logaddexp.accumulate(_argument(xp, x, axis), axis or 0)


# --- between indices --------------------------------------------------------------------------------------------------


def _pieces(indices, n, who):
    """For each element of each piece, the number of the piece and the place of the element, as NumPy's reduceat.

    Piece i goes from its index up to the next one, the last piece to the end; one that would be empty has one element.
    """
    starts = np.asarray(value_of(indices))
    if starts.size and not (starts.min() >= 0 and starts.max() < n):
        raise IndexingError(f"{who}: the indices must be from 0 to {n - 1}, got {starts.tolist()}")
    stops = np.append(starts[1:], n)
    lengths = np.maximum(stops - starts, 1)
    owners = np.repeat(np.arange(starts.size), lengths)
    return owners, np.arange(owners.size) - np.repeat(np.cumsum(lengths) - lengths, lengths) + starts[owners]


def _spread_pieces(xp, g, x_aval, indices, axis):
    axis = axis % len(x_aval.shape)
    owners, places = _pieces(indices, x_aval.shape[axis], "add_reduceat")
    return scatter_add(xp.take(g, owners, axis=axis), (slice(None),) * axis + (places,), x_aval.shape)


_PIECES = [
    Example(x=(5,), indices=np.array([0, 2, 3])),
    Example(x=(2, 4), indices=np.array([2, 0, 3, 1]), axis=1),
    Example(x=(3, 2), indices=np.array([0, 0]), axis=-2, dtype=np.float64),
    Example(x=(3, 0), indices=np.array([1, 2])),
]


@linear(
    transpose=[_spread_pieces, None],
    domain=WIDE,
    examples=_PIECES,
    reference=np.add.reduceat,
    errors=[Raises(IndexingError, "out-of-bounds", x=(3,), indices=np.array([0, 3])), _BAD_AXIS_OF_PIECES],
)
def add_reduceat(xp, x, indices, /, axis=0, *, dtype=None):
    """Sums of pieces of an axis, each from one index up to the next, as ``np.add.reduceat``.

    Shapes: x (..., n, ...), indices (m,) -> (..., m, ...).

    >>> ag.add_reduceat(np.arange(5.0), [0, 2])
    array([1., 9.])
    """
    return xp.add.reduceat(_argument(xp, x, axis, dtype), indices, axis, dtype)


@composed(
    domain=WIDE,
    examples=_PIECES,
    reference=np.multiply.reduceat,
    errors=[Raises(IndexingError, "from 0 to 2", x=(3,), indices=np.array([0, 3])), _BAD_AXIS_OF_PIECES],
)
def multiply_reduceat(x, /, indices, axis=0, *, dtype=None):
    """Products of pieces of an axis, each from one index up to the next, as ``np.multiply.reduceat``.

    Takes memory for as many elements as if all pieces were as long as the longest.

    Shapes: x (..., n, ...), indices (m,) -> (..., m, ...).

    >>> ag.multiply_reduceat(np.arange(1.0, 6.0), [0, 2])
    array([ 2., 60.])
    """
    x = operand(x, "multiply_reduceat")
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"multiply_reduceat: axis {axis} is out of bounds for an array with {x.ndim} axes")
    axis = axis % x.ndim
    owners, places = _pieces(indices, x.shape[axis], "multiply_reduceat")
    lengths = np.bincount(owners, minlength=np.size(indices))
    along = np.arange(lengths.max(initial=0))
    taken = along < lengths[:, None]
    table = np.zeros(taken.shape, np.intp)
    table[taken] = places
    taken = taken.reshape(*taken.shape, *(1,) * (x.ndim - axis - 1))
    return prod(where(taken, take(x, table, axis), 1), axis + 1, dtype=dtype)
