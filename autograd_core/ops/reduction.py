"""Reductions along axes: sums, means, deviations, extremes, products, and log-sum-exp.

`axis` is None (all axes), a number, or a tuple of numbers; with `keepdims` the reduced axes stay, of length 1. As in
NumPy, `where` leaves out elements, `initial` is one more element, and `dtype` is the type computed in.
"""

import math
from typing import Any

import numpy as np

from ..arrays import is_differentiable
from ..errors import DTypeError, OptionError, ShapeError
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
_NUMBER = [Example(x=(), axis=0), Example(x=(), axis=-1, keepdims=True)]
_MASK = np.array([[True, False, True], [True, True, False]])
_MASKED = [
    Example(x=(2, 3), where=_MASK),
    Example(x=(2, 3), axis=1, where=_MASK, keepdims=True),
    Example(x=(2, 2, 3), axis=(0, 2), where=_MASK),
    Example(x=(2, 3), axis=0, where=np.array([[True], [False]])),
    Example(x=(2, 3), axis=0, where=True),
]
_TYPED = [Example(x=(2, 3), axis=1, dtype=np.float64), Example(x=(2, 3), dtype=np.float64, keepdims=True)]
_BAD_AXIS = Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), axis=2)
_REPEATED = Raises(ShapeError, "duplicate", x=(2, 3), axis=(0, 0))
_BAD_MASK = Raises(ShapeError, "broadcast", x=(2, 3), where=np.array([True, False]))
_WHOLE = Raises(DTypeError, "integers have no derivative", x=(2, 3), dtype=np.int64)
_NOTHING = "nothing to reduce"
_MANY = 4096  # elements from which a view that repeats them costs less than writing them


def _axes(axis, ndim):
    """The reduced axes as a tuple of numbers >= 0."""
    if axis is None or not ndim:  # for a sum, a product or an extreme NumPy takes a number to have an axis 0
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


def _count(shape, axis, where):
    """How many numbers each reduced one stands for; an array, its axes kept, where a mask leaves some out."""
    if where is True:
        return _length(shape, axis)
    return np.add.reduce(np.broadcast_to(where, shape), axis, np.intp, keepdims=True)


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


def _chosen(xp, g, where):
    """The cotangents of the elements that took part, 0 for the others."""
    return g if where is True else xp.where(where, g, 0)


def _arguments(xp, x, dtype, where):
    """x as an array, and the keywords that a ufunc's reduction takes; refuses what has no derivative."""
    x = xp.asarray(x)
    if dtype is None and where is True:
        return x, {}
    if where is not True and np.broadcast_shapes(np.shape(where), x.shape) != x.shape:
        raise ValueError(f"where= of shape {np.shape(where)} does not broadcast to the shape {x.shape} of x")
    if dtype is not None and is_differentiable(x.dtype) and not is_differentiable(np.dtype(dtype)):
        raise TypeError(f"dtype={np.dtype(dtype)}: integers have no derivative; use .detach() for the value")
    return x, ({} if dtype is None else {"dtype": dtype}) | ({} if where is True else {"where": where})


def _unset(initial):
    """`initial` as NumPy's reductions take it."""
    return {} if initial is None else {"initial": initial}


@linear(
    transpose=lambda xp, g, x_aval, axis, where: _chosen(
        xp, xp.broadcast_to(_keep(g, x_aval.shape, axis), x_aval.shape), where
    ),
    fused=[lambda g, x_aval, axis, where: _chosen(np, _spread(g, x_aval, axis), where)],
    jvp=lambda xp, tangents, out_aval, axis, keepdims, where: xp.sum(
        tangents[0], axis=axis, dtype=out_aval.dtype, keepdims=keepdims, where=where
    ),
    masks=["where"],
    domain=_WIDE,
    examples=[
        *_AXES,
        *_NUMBER,
        *_EMPTY,
        *_MASKED,
        *_TYPED,
        Example(x=(2, 3), axis=0, initial=2.5),
        Example(x=(2, 3), initial=-1, where=_MASK),
        Example(x=(0,), initial=3.0),
    ],
    reference=np.sum,
    errors=[_BAD_AXIS, _REPEATED, _BAD_MASK, _WHOLE],
)
def sum(xp, x, /, axis=None, *, dtype=None, keepdims=False, initial=None, where=True):
    """Sum along axes.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> ag.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """
    if dtype is None and initial is None and where is True:
        return xp.add.reduce(x, axis, None, None, keepdims)
    x, options = _arguments(xp, x, dtype, where)
    return xp.add.reduce(x, axis, keepdims=keepdims, **options, **_unset(initial))


@linear(
    transpose=lambda xp, g, x_aval, axis, where: _chosen(
        xp,
        xp.broadcast_to(_keep(g, x_aval.shape, axis) / _count(x_aval.shape, axis, where), x_aval.shape),
        where,
    ),
    fused=[
        lambda g, x_aval, axis, where: (
            _spread(g, x_aval, axis, 1 / (_length(x_aval.shape, axis) or 1))
            if where is True
            else _chosen(
                np, _spread(_keep(g, x_aval.shape, axis) / _count(x_aval.shape, axis, where), x_aval, axis), where
            )
        )
    ],
    jvp=lambda xp, tangents, out_aval, axis, keepdims, where: xp.mean(
        tangents[0], axis=axis, dtype=out_aval.dtype, keepdims=keepdims, where=where
    ),
    masks=["where"],
    domain=_WIDE,
    examples=[*_AXES, *_MASKED[1:3], *_TYPED],
    reference=np.mean,
    errors=[
        _BAD_AXIS,
        _BAD_MASK,
        _WHOLE,
        Raises(ShapeError, "axis 0 is out of bounds", x=(), axis=0),
        Raises(ShapeError, _NOTHING, x=(0,)),
        Raises(OptionError, _NOTHING, x=(2,), where=np.array([False, False])),
    ],
)
def mean(xp, x, /, axis=None, *, dtype=None, keepdims=False, where=True):
    """Arithmetic mean along axes.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.mean(np.array([1.0, 2.0, 6.0])))
    3.0
    """
    x, options = _arguments(xp, x, dtype, where)
    count = _length(x.shape, axis)
    if not count:
        raise ShapeError(f"mean: {_NOTHING} along axis {axis} of shape {x.shape}")
    if not options and x.ndim and x.dtype.kind == "f" and x.dtype.itemsize >= 4:
        return xp.add.reduce(x, axis, None, None, keepdims) / count
    if where is not True and not _count(x.shape, axis, where).all():
        raise OptionError(f"mean: {_NOTHING} along axis {axis} of shape {x.shape} where the mask lets nothing through")
    return xp.mean(x, axis=axis, keepdims=keepdims, **options)  # adds up integers and halves in a wider type


def _deviation(xp, x, axis, where):
    return _chosen(xp, x - xp.mean(x, axis=axis, keepdims=True, where=where), where)


def _free(shape, axis, ddof, where):
    """Degrees of freedom; that they are positive was checked in the forward."""
    return _count(shape, axis, where) - ddof


def _check_freedom(name, x, axis, ddof, where):
    if np.any(_count(x.shape, axis, where) - ddof <= 0):
        raise OptionError(
            f"{name}: {_length(x.shape, axis)} numbers along axis {axis} of shape {x.shape}"
            f"{' (less where the mask is False)' if where is not True else ''} leave no degree "
            f"of freedom with ddof={ddof}; reduce more numbers, or lower ddof"
        )


_DDOF = [Example(x=(4,), ddof=1), Example(x=(2, 3), axis=1, ddof=0.5), Example(x=(2, 2, 3), ddof=1, where=_MASK)]
_NO_FREEDOM = Raises(OptionError, "no degree of freedom", x=(3,), ddof=3)


@general(
    vjps=[
        lambda xp, g, x, axis, ddof, where: (
            _keep(g, x.shape, axis) * (2 / _free(x.shape, axis, ddof, where)) * _deviation(xp, x, axis, where)
        )
    ],
    masks=["where"],
    domain=_WIDE,
    examples=[*_AXES, *_DDOF, *_MASKED[1:3], *_TYPED],
    reference=np.var,
    errors=[_BAD_AXIS, _BAD_MASK, _WHOLE, _NO_FREEDOM, Raises(ShapeError, "axis -1 is out of bounds", x=(), axis=-1)],
)
def var(xp, x, /, axis=None, *, dtype=None, ddof=0, keepdims=False, where=True):
    """Variance along axes: mean squared deviation, with n - ddof in the place of n.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.var(np.array([1.0, 3.0])))
    1.0
    """
    x, options = _arguments(xp, x, dtype, where)
    _check_freedom("var", x, axis, ddof, where)
    return xp.var(x, axis=axis, ddof=ddof, keepdims=keepdims, **options)


def in_scale(measure, x, axis, where=True):
    """What is computed from squares, at a scale where those neither overflow nor underflow.

    `measure` is homogeneous: scaled numbers have the scaled measure. NumPy's own value is kept where it is good.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        out = measure(x)
        limits = np.finfo(x.dtype)
        if not x.size or ((out > math.sqrt(limits.tiny / limits.eps)) & (out < np.inf)).all():
            return out
        top = np.maximum.reduce(np.absolute(x), axis=axis, keepdims=True, initial=0, where=where)
        scale = np.where((top > 0) & (top < np.inf), top, 1).astype(x.dtype)
        out = measure(x / scale)
        return out * scale.reshape(np.shape(out))


def _is_constant(x, axis, where, shape):
    """Whether all numbers that a deviation is taken of are equal, so that rounding alone keeps it from being 0."""
    high = np.maximum.reduce(x, axis=axis, initial=-np.inf, where=where)
    return (high <= np.minimum.reduce(x, axis=axis, initial=np.inf, where=where)).reshape(shape)


@general(
    vjps=[
        lambda xp, g, x, out, axis, ddof, where: (
            _keep(g / xp.where(out == 0, np.inf, out), x.shape, axis)
            / _free(x.shape, axis, ddof, where)
            * _deviation(xp, x, axis, where)
        )
    ],
    masks=["where"],
    domain=Distinct(),
    examples=[*(e for e in [*_AXES, *_DDOF, *_TYPED] if e.arguments["x"]), Example(x=(0, 2), axis=1), _MASKED[2]],
    reference=np.std,
    errors=[_BAD_AXIS, _BAD_MASK, _WHOLE, _NO_FREEDOM, Raises(ShapeError, "axis -1 is out of bounds", x=(), axis=-1)],
    subgradients=[Subgradient({"x": np.ones(3)}, {"x": np.zeros(3)}, "all deviations are 0")],
)
def std(xp, x, /, axis=None, *, dtype=None, ddof=0, keepdims=False, where=True):
    """Standard deviation along axes, in the unit of x; where it is 0, its gradient is taken as 0.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.std(np.array([1.0, 3.0])))
    1.0
    """
    x, options = _arguments(xp, x, dtype, where)
    _check_freedom("std", x, axis, ddof, where)
    if x.dtype.kind != "f":
        return xp.std(x, axis=axis, ddof=ddof, keepdims=keepdims, **options)
    out = in_scale(lambda x: xp.std(x, axis=axis, ddof=ddof, keepdims=keepdims, **options), x, axis, where)
    if not x.size or (out > 8 * np.finfo(out.dtype).eps * np.max(np.absolute(x))).all():
        return out
    return xp.where(_is_constant(x, axis, where, np.shape(out)), 0, out).astype(out.dtype)[()]


def _ties(xp, g, x, out, axis, initial, where):
    """The cotangent of an extreme: to the elements that attain it, in equal shares, `initial` among them."""
    out = _keep(out, x.shape, axis)
    attained = _chosen(xp, (x == out).astype(g.dtype), where)
    shares = xp.sum(attained, axis=axis, keepdims=True)
    if initial is not None:
        shares = xp.maximum(shares + (out == initial), 1)
    return _keep(g, x.shape, axis) * (attained / shares)


_HIGH, _LOW = 100.0, -100.0
_EXTREME: dict[str, Any] = {
    "vjps": [_ties],
    "masks": ["where"],
    "domain": Distinct(),
    "examples": [
        *_AXES,
        *_NUMBER,
        Example(x=(0, 2), axis=1),
        Example(x=(2, 3), axis=0, initial=_HIGH),
        Example(x=(2, 3), initial=_LOW),
        Example(x=(0,), initial=0.0),
        Example(x=(2, 3), axis=1, initial=_LOW, where=_MASK),
        Example(x=(2, 2, 3), axis=(0, 2), initial=_HIGH, where=_MASK, keepdims=True),
    ],
    "errors": [
        _BAD_AXIS,
        Raises(ShapeError, "zero-size array", x=(0,)),
        Raises(ShapeError, "broadcast", x=(2, 3), initial=0, where=np.array([True, False])),
        Raises(ShapeError, "does not have an identity", x=(2, 3), where=_MASK),
    ],
    "subgradients": [
        Subgradient({"x": np.array([1.0, 1.0])}, {"x": np.array([0.5, 0.5])}, "ties share evenly"),
    ],
}


@general(reference=np.max, **_EXTREME)
def max(xp, x, /, axis=None, *, keepdims=False, initial=None, where=True):
    """Largest element along axes; ties share the gradient evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.max(np.array([1.0, 3.0, 2.0])))
    3.0
    """
    x, options = _arguments(xp, x, None, where)
    return xp.maximum.reduce(x, axis=axis, keepdims=keepdims, **options, **_unset(initial))


@general(reference=np.min, **_EXTREME)
def min(xp, x, /, axis=None, *, keepdims=False, initial=None, where=True):
    """Smallest element along axes; ties share the gradient evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.min(np.array([1.0, 3.0, 2.0])))
    1.0
    """
    x, options = _arguments(xp, x, None, where)
    return xp.minimum.reduce(x, axis=axis, keepdims=keepdims, **options, **_unset(initial))


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


def _prod_vjp(xp, g, x, axis, dtype, initial, where):
    factors = x if dtype is None else x.astype(dtype)
    factors = factors if where is True else xp.where(where, factors, 1)
    g = _keep(g if initial is None else g * initial, x.shape, axis)
    return _chosen(xp, g * _product_of_others(xp, factors, axis), where)


@general(
    vjps=[_prod_vjp],
    fused=[
        lambda g, x, out, axis, dtype, initial, where: (
            _keep(g * out, x.shape, axis) / x
            if where is True and np.all(x)
            else _prod_vjp(np, g, x, axis, dtype, initial, where)
        )
    ],
    masks=["where"],
    domain=_WIDE,
    examples=[
        *_AXES,
        *_NUMBER,
        *_EMPTY,
        *_MASKED[1:3],
        *_TYPED,
        Example(x=(2, 3), axis=0, initial=2.5),
        Example(x=(2, 3), initial=-1.0, where=_MASK),
    ],
    reference=np.prod,
    errors=[_BAD_AXIS, _BAD_MASK, _WHOLE],
    subgradients=[
        Subgradient({"x": np.array([0.0, 2.0, 3.0])}, {"x": np.array([6.0, 0.0, 0.0])}, "the product of the others"),
        Subgradient({"x": np.array([0.0, 0.0, 3.0])}, {"x": np.zeros(3)}, "the product of the others"),
    ],
)
def prod(xp, x, /, axis=None, *, dtype=None, keepdims=False, initial=None, where=True):
    """Product along axes; its derivative is the product of the other elements, zeros included.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.prod(np.array([2.0, 3.0])))
    6.0
    """
    x, options = _arguments(xp, x, dtype, where)
    return xp.multiply.reduce(x, axis=axis, keepdims=keepdims, **options, **_unset(initial))


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
    examples=[*_AXES, *_NUMBER],
    reference=_logsumexp_reference,
    errors=[_BAD_AXIS, Raises(ShapeError, "zero-size array", x=(0,))],
    subgradients=[
        Subgradient({"x": np.full(2, -np.inf)}, {"x": np.full(2, 0.5)}, "equal arguments share"),
        Subgradient({"x": np.array([-np.inf, 1.0])}, {"x": np.array([0.0, 1.0])}, "the limit"),
    ],
)
def logsumexp(xp, x, /, axis=None, *, keepdims=False):
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


@general(
    vjps=[None],
    masks=["where"],
    domain=Distinct(),
    examples=[*_AXES, *_EMPTY, *_MASKED[:3]],
    reference=np.all,
    errors=[_BAD_AXIS, _BAD_MASK],
)
def all(xp, x, /, axis=None, *, keepdims=False, where=True):
    """Whether all elements along axes are true (not 0); a constant, without a gradient.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> bool(ag.all(np.array([True, False])))
    False
    """
    x, options = _arguments(xp, x, None, where)
    return xp.all(x, axis=axis, keepdims=keepdims, **options)


@general(
    vjps=[None],
    masks=["where"],
    domain=Distinct(),
    examples=[*_AXES, *_EMPTY, *_MASKED[:3]],
    reference=np.any,
    errors=[_BAD_AXIS, _BAD_MASK],
)
def any(xp, x, /, axis=None, *, keepdims=False, where=True):
    """Whether any element along axes is true (not 0); a constant, without a gradient.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> bool(ag.any(np.array([True, False])))
    True
    """
    x, options = _arguments(xp, x, None, where)
    return xp.any(x, axis=axis, keepdims=keepdims, **options)


@general(
    vjps=[None],
    domain=Distinct(),
    examples=_ONE_AXIS,
    reference=np.argmax,
    errors=[_BAD_AXIS, Raises(ShapeError, "empty sequence", x=(0,))],
)
def argmax(xp, x, /, axis=None, *, keepdims=False):
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
def argmin(xp, x, /, axis=None, *, keepdims=False):
    """Index of the first smallest element along one axis (None: of the flattened array); a constant.

    Shapes: x (...) -> x without the axis, or with it of length 1 (keepdims).

    >>> int(ag.argmin(np.array([1.0, 3.0, 2.0])))
    0
    """
    return xp.argmin(x, axis=axis, keepdims=keepdims)
