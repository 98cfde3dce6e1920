"""Reductions along axes: sums, means, deviations, extremes, products, and log-sum-exp.

`axis` is None (all axes), a number, or a tuple of numbers; with `keepdims` the reduced axes stay, of length 1.
"""

import math
from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises, Subgradient
from ..op import general, linear

_WIDE = Interval(-3, 3)
_AXES = [
    Example(x=(2, 3)),
    Example(x=(2, 3), axis=0),
    Example(x=(2, 3, 2), axis=(0, -1)),
    Example(x=(2, 3), axis=1, keepdims=True),
    Example(x=(2, 1), axis=(0, 1), keepdims=True),
    Example(x=()),
]
_EMPTY = [Example(x=(0,)), Example(x=(2, 0, 3), axis=1)]
_BAD_AXIS = Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), axis=2)
_REPEATED = Raises(ShapeError, "duplicate", x=(2, 3), axis=(0, 0))
_NOTHING = "nothing to reduce"
_MANY = 4096  # elements from which a view that repeats them costs less than writing them


def _axes(axis, ndim):
    """The reduced axes as a tuple of numbers >= 0."""
    if axis is None:
        return tuple(range(ndim))
    return tuple([a % ndim for a in (axis if isinstance(axis, tuple | list) else (axis,))])


def _kept(shape, axis):
    """The shape with the reduced axes kept as 1."""
    if axis is None:
        return (1,) * len(shape)
    axes = _axes(axis, len(shape))
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def _length(shape, axis):
    """How many numbers each reduced one stands for."""
    return math.prod(shape) if axis is None else math.prod(shape[a] for a in _axes(axis, len(shape)))


def _keep(g, shape, axis):
    """A reduced array with the reduced axes back, of length 1."""
    kept = _kept(shape, axis)
    return g if g.shape == kept else g.reshape(kept)


def _spread(g, x_aval, axis, scale=None):
    """First-order transpose of a sum: the cotangent repeated (and scaled) along the reduced axes."""
    shape = x_aval.shape
    if scale is not None:
        g = g * scale
    if math.prod(shape) > _MANY:
        return np.broadcast_to(_keep(g, shape, axis), shape)  # no memory, but slow to set up
    out = np.empty(shape, g.dtype)
    if axis is None:
        out.fill(g.item())
    else:
        out[...] = _keep(g, shape, axis)
    return out


@linear(
    transpose=lambda xp, g, x_aval, axis: xp.broadcast_to(_keep(g, x_aval.shape, axis), x_aval.shape),
    fused=[lambda g, x_aval, axis: _spread(g, x_aval, axis)],
    domain=_WIDE,
    examples=_AXES + _EMPTY,
    reference=np.sum,
    errors=[_BAD_AXIS, _REPEATED],
)
def sum(xp, x, /, axis=None, keepdims=False):
    """Sum along axes.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> ag.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """
    return xp.add.reduce(x, axis, None, None, keepdims)


@linear(
    transpose=lambda xp, g, x_aval, axis: xp.broadcast_to(
        _keep(g, x_aval.shape, axis) / _length(x_aval.shape, axis), x_aval.shape
    ),
    fused=[lambda g, x_aval, axis: _spread(g, x_aval, axis, 1 / (_length(x_aval.shape, axis) or 1))],
    domain=_WIDE,
    examples=_AXES,
    reference=np.mean,
    errors=[_BAD_AXIS, Raises(ShapeError, _NOTHING, x=(0,))],
)
def mean(xp, x, /, axis=None, keepdims=False):
    """Arithmetic mean along axes.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.mean(np.array([1.0, 2.0, 6.0])))
    3.0
    """
    x = xp.asarray(x)
    count = _length(x.shape, axis)
    if not count:
        raise ShapeError(f"mean: {_NOTHING} along axis {axis} of shape {x.shape}")
    if x.dtype.kind == "f" and x.dtype.itemsize >= 4:
        return xp.add.reduce(x, axis, None, None, keepdims) / count
    return xp.mean(x, axis=axis, keepdims=keepdims)  # adds up integers and half precision in a wider type


def _deviation(xp, x, axis):
    return x - xp.mean(x, axis=axis, keepdims=True)


def _free(shape, axis, ddof):
    """Degrees of freedom; that they are positive was checked in the forward."""
    return _length(shape, axis) - ddof


def _check_freedom(name, x, axis, ddof):
    if _length(np.shape(x), axis) - ddof <= 0:
        raise OptionError(
            f"{name}: {_length(np.shape(x), axis)} numbers along axis {axis} of shape {np.shape(x)} leave no degree "
            f"of freedom with ddof={ddof}; reduce more numbers, or lower ddof"
        )


_DDOF = [Example(x=(4,), ddof=1), Example(x=(2, 3), axis=1, ddof=0.5)]
_NO_FREEDOM = Raises(OptionError, "no degree of freedom", x=(3,), ddof=3)


@general(
    vjps=[
        lambda xp, g, x, axis, ddof: (
            _keep(g, x.shape, axis) * (2 / _free(x.shape, axis, ddof)) * _deviation(xp, x, axis)
        )
    ],
    domain=_WIDE,
    examples=_AXES + _DDOF,
    reference=np.var,
    errors=[_BAD_AXIS, _NO_FREEDOM],
)
def var(xp, x, /, axis=None, ddof=0, keepdims=False):
    """Variance along axes: mean squared deviation, with n - ddof in the place of n.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.var(np.array([1.0, 3.0])))
    1.0
    """
    _check_freedom("var", x, axis, ddof)
    return xp.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@general(
    vjps=[
        lambda xp, g, x, out, axis, ddof: (
            _keep(g / (xp.where(out == 0, 1, out) * _free(x.shape, axis, ddof)), x.shape, axis)
            * _deviation(xp, x, axis)
        )
    ],
    domain=Distinct(),
    examples=[*(e for e in _AXES + _DDOF if e.arguments["x"]), Example(x=(0, 2), axis=1)],
    reference=np.std,
    errors=[_BAD_AXIS, _NO_FREEDOM],
    subgradients=[Subgradient({"x": np.ones(3)}, {"x": np.zeros(3)}, "all deviations are 0")],
)
def std(xp, x, /, axis=None, ddof=0, keepdims=False):
    """Standard deviation along axes, in the unit of x; where it is 0, its gradient is taken as 0.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.std(np.array([1.0, 3.0])))
    1.0
    """
    _check_freedom("std", x, axis, ddof)
    return xp.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _ties(xp, g, x, out, axis):
    """The cotangent of an extreme: to the elements that attain it, in equal shares."""
    attained = (x == _keep(out, x.shape, axis)).astype(g.dtype)
    return _keep(g, x.shape, axis) * (attained / xp.sum(attained, axis=axis, keepdims=True))


_EXTREME: dict[str, Any] = {
    "vjps": [_ties],
    "domain": Distinct(),
    "examples": [*_AXES, Example(x=(0, 2), axis=1)],
    "errors": [_BAD_AXIS, Raises(ShapeError, "zero-size array", x=(0,))],
    "subgradients": [
        Subgradient({"x": np.array([1.0, 1.0])}, {"x": np.array([0.5, 0.5])}, "ties share evenly"),
    ],
}


@general(reference=np.max, **_EXTREME)
def max(xp, x, /, axis=None, keepdims=False):
    """Largest element along axes; ties share the gradient evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.max(np.array([1.0, 3.0, 2.0])))
    3.0
    """
    return xp.maximum.reduce(xp.asarray(x), axis=axis, keepdims=keepdims)


@general(reference=np.min, **_EXTREME)
def min(xp, x, /, axis=None, keepdims=False):
    """Smallest element along axes; ties share the gradient evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.min(np.array([1.0, 3.0, 2.0])))
    1.0
    """
    return xp.minimum.reduce(xp.asarray(x), axis=axis, keepdims=keepdims)


def _product_of_others(xp, x, axis):
    """For each element the product of all others along the axes: right where elements are 0, and differentiable."""
    axes = _axes(axis, x.ndim)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    order = rest + axes
    lengths = tuple(x.shape[a] for a in order)
    n = _length(x.shape, axis)
    flat = xp.reshape(xp.transpose(x, order), (*lengths[: len(rest)], n))
    others = xp.prod(xp.where(np.eye(n, dtype=bool), 1, xp.expand_dims(flat, -2)), axis=-1)
    back = tuple(int(i) for i in np.argsort(order))
    return xp.transpose(xp.reshape(others, lengths), back)


@general(
    vjps=[lambda xp, g, x, axis: _keep(g, x.shape, axis) * _product_of_others(xp, x, axis)],
    fused=[
        lambda g, x, out, axis: (
            _keep(g * out, x.shape, axis) / x
            if np.all(x)
            else _keep(g, x.shape, axis) * _product_of_others(np, x, axis)
        )
    ],
    domain=_WIDE,
    examples=_AXES + _EMPTY,
    reference=np.prod,
    errors=[_BAD_AXIS],
    subgradients=[
        Subgradient({"x": np.array([0.0, 2.0, 3.0])}, {"x": np.array([6.0, 0.0, 0.0])}, "the product of the others"),
        Subgradient({"x": np.array([0.0, 0.0, 3.0])}, {"x": np.zeros(3)}, "the product of the others"),
    ],
)
def prod(xp, x, /, axis=None, keepdims=False):
    """Product along axes; its derivative is the product of the other elements, zeros included.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.prod(np.array([2.0, 3.0])))
    6.0
    """
    return xp.multiply.reduce(xp.asarray(x), axis=axis, keepdims=keepdims)


def _weights(xp, x, out, axis):
    """``e**x / e**out``; where that is infinite over infinite or 0 over 0, equal shares of what attains it."""
    out = _keep(out, x.shape, axis)
    endless = xp.isinf(out)
    if not endless.any():
        return xp.exp(x - out)
    attained = (x == out).astype(x.dtype)
    share = attained / xp.maximum(xp.sum(attained, axis=axis, keepdims=True), 1)
    return xp.where(endless, share, xp.exp(xp.where(endless, 0, x) - xp.where(endless, 0, out)))


def _logsumexp_reference(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


@general(
    vjps=[lambda xp, g, x, out, axis: _keep(g, x.shape, axis) * _weights(xp, x, out, axis)],
    domain=_WIDE,
    examples=_AXES,
    reference=_logsumexp_reference,
    errors=[_BAD_AXIS, Raises(ShapeError, "zero-size array", x=(0,))],
    subgradients=[
        Subgradient({"x": np.full(2, -np.inf)}, {"x": np.full(2, 0.5)}, "equal arguments share"),
        Subgradient({"x": np.array([-np.inf, 1.0])}, {"x": np.array([0.0, 1.0])}, "the limit"),
    ],
)
def logsumexp(xp, x, /, axis=None, keepdims=False):
    """``log(sum(e**x))`` along axes, without overflow.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> round(float(ag.logsumexp(np.array([1000.0, 1000.0]))), 4)
    1000.6931
    """
    x = xp.asarray(x)
    top = xp.maximum.reduce(x, axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        out = shift + xp.log(xp.add.reduce(xp.exp(x - shift), axis=axis, keepdims=True))
    return out if keepdims else out.reshape([n for i, n in enumerate(x.shape) if i not in _axes(axis, x.ndim)])


_ONE_AXIS = [
    Example(x=(2, 3)),
    Example(x=(2, 3), axis=1),
    Example(x=(2, 3), axis=-2, keepdims=True),
    Example(x=(0, 2), axis=1),
]


@general(vjps=[None], domain=Distinct(), examples=_AXES + _EMPTY, reference=np.all, errors=[_BAD_AXIS])
def all(xp, x, /, axis=None, keepdims=False):
    """Whether all elements along axes are true (not 0); a constant, without a gradient.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> bool(ag.all(np.array([True, False])))
    False
    """
    return xp.all(x, axis=axis, keepdims=keepdims)


@general(vjps=[None], domain=Distinct(), examples=_AXES + _EMPTY, reference=np.any, errors=[_BAD_AXIS])
def any(xp, x, /, axis=None, keepdims=False):
    """Whether any element along axes is true (not 0); a constant, without a gradient.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> bool(ag.any(np.array([True, False])))
    True
    """
    return xp.any(x, axis=axis, keepdims=keepdims)


@general(
    vjps=[None],
    domain=Distinct(),
    examples=_ONE_AXIS,
    reference=np.argmax,
    errors=[_BAD_AXIS, Raises(ShapeError, "empty sequence", x=(0,))],
)
def argmax(xp, x, /, axis=None, keepdims=False):
    """Index of the first largest element along one axis (None: of the flattened array); a constant.

    Shapes: x (...) -> x without the axis, or with it of length 1 (keepdims).

    >>> int(ag.argmax(np.array([1.0, 3.0, 2.0])))
    1
    """
    return xp.argmax(x, axis=axis, keepdims=keepdims)


@general(
    vjps=[None],
    domain=Distinct(),
    examples=_ONE_AXIS,
    reference=np.argmin,
    errors=[_BAD_AXIS, Raises(ShapeError, "empty sequence", x=(0,))],
)
def argmin(xp, x, /, axis=None, keepdims=False):
    """Index of the first smallest element along one axis (None: of the flattened array); a constant.

    Shapes: x (...) -> x without the axis, or with it of length 1 (keepdims).

    >>> int(ag.argmin(np.array([1.0, 3.0, 2.0])))
    0
    """
    return xp.argmin(x, axis=axis, keepdims=keepdims)
