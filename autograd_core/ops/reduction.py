"""Reductions along axes: sums, means, extremes, products, and log-sum-exp.

`axis` is None (all axes), a number, or a tuple of numbers; with `keepdims` the reduced axes stay, of length 1. As in
NumPy, `where` leaves out elements, `initial` is one more element, and `dtype` is the type computed in.
"""

import math
from typing import Any

import numpy as np

from ..arrays import as_floating
from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Raises, Subgradient
from ..op import general, linear
from .axes import (
    AXES,
    BAD_AXIS,
    BAD_MASK,
    EMPTY,
    EXTREME,
    MASK,
    MASKED,
    NUMBER,
    REPEATED,
    TYPED,
    WHOLE,
    WIDE,
    axes_of,
    chosen,
    count,
    keep,
    length,
    prepared,
    unset,
)

_NOTHING = "nothing to reduce"
_MANY = 4096  # elements from which a view that repeats them costs less than writing them


def _spread(g, x_aval, axis, scale=None):
    """First-order transpose of a sum: the cotangent repeated (and scaled) along the reduced axes."""
    shape = x_aval.shape
    if scale is not None:
        g = g * scale
    if math.prod(shape) > _MANY or (not isinstance(g, np.generic) and type(g) is not np.ndarray):
        return np.broadcast_to(keep(g, shape, axis), shape)  # no memory, but slow to set up
    out = np.empty(shape, g.dtype)
    if axis is None:
        out.fill(g.item())
    else:
        out[...] = keep(g, shape, axis)
    return out


@linear(
    transpose=lambda xp, g, x_aval, axis, where: chosen(
        xp, xp.broadcast_to(keep(g, x_aval.shape, axis), x_aval.shape), where
    ),
    fused=[lambda g, x_aval, axis, where: chosen(np, _spread(g, x_aval, axis), where)],
    jvp=lambda xp, tangents, out_aval, axis, keepdims, where: xp.sum(
        tangents[0], axis=axis, dtype=out_aval.dtype, keepdims=keepdims, where=where
    ),
    masks=["where"],
    domain=WIDE,
    examples=[
        *AXES,
        *NUMBER,
        *EMPTY,
        *MASKED,
        *TYPED,
        Example(x=(2, 3), axis=0, initial=2.5),
        Example(x=(2, 3), initial=-1, where=MASK),
        Example(x=(0,), initial=3.0),
    ],
    reference=np.sum,
    errors=[BAD_AXIS, REPEATED, BAD_MASK, WHOLE],
)
def sum(xp, x, /, axis=None, *, dtype=None, keepdims=False, initial=None, where=True):
    """Sum along axes.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> ag.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """
    if dtype is None and initial is None and where is True:
        return xp.add.reduce(x, axis, None, None, keepdims)
    x, options = prepared(xp, x, dtype, where)
    return xp.add.reduce(x, axis, keepdims=keepdims, **options, **unset(initial))


@linear(
    transpose=lambda xp, g, x_aval, axis, where: chosen(
        xp,
        xp.broadcast_to(keep(g, x_aval.shape, axis) / count(x_aval.shape, axis, where, g.dtype), x_aval.shape),
        where,
    ),
    fused=[
        lambda g, x_aval, axis, where: (
            _spread(g, x_aval, axis, 1 / (length(x_aval.shape, axis) or 1))
            if where is True
            else chosen(
                np,
                _spread(keep(g, x_aval.shape, axis) / count(x_aval.shape, axis, where, g.dtype), x_aval, axis),
                where,
            )
        )
    ],
    jvp=lambda xp, tangents, out_aval, axis, keepdims, where: xp.mean(
        tangents[0], axis=axis, dtype=out_aval.dtype, keepdims=keepdims, where=where
    ),
    masks=["where"],
    domain=WIDE,
    examples=[*AXES, *MASKED[1:3], *TYPED],
    reference=np.mean,
    errors=[
        BAD_AXIS,
        BAD_MASK,
        WHOLE,
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
    x, options = prepared(xp, x, dtype, where)
    numbers = length(x.shape, axis)
    if not numbers:
        raise ShapeError(f"mean: {_NOTHING} along axis {axis} of shape {x.shape}")
    if not options and x.ndim and x.dtype.kind == "f" and x.dtype.itemsize >= 4:
        return xp.add.reduce(x, axis, None, None, keepdims) / numbers
    if where is not True and not count(x.shape, axis, where).all():
        raise OptionError(f"mean: {_NOTHING} along axis {axis} of shape {x.shape} where the mask lets nothing through")
    return xp.mean(x, axis=axis, keepdims=keepdims, **options)  # adds up integers and halves in a wider type


def _ties(xp, g, x, out, axis, initial, where):
    """The cotangent of an extreme: to the elements that attain it, in equal shares, `initial` among them."""
    out = keep(out, x.shape, axis)
    attained = chosen(xp, (x == out).astype(g.dtype), where)
    shares = xp.sum(attained, axis=axis, keepdims=True)
    if initial is not None:
        shares = xp.maximum(shares + (out == initial), 1)
    return keep(g, x.shape, axis) * (attained / shares)


_EXTREME: dict[str, Any] = {
    **EXTREME,
    "vjps": [_ties],
    "masks": ["where"],
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
    x, options = prepared(xp, x, None, where)
    return xp.maximum.reduce(x, axis=axis, keepdims=keepdims, **options, **unset(initial))


@general(reference=np.min, **_EXTREME)
def min(xp, x, /, axis=None, *, keepdims=False, initial=None, where=True):
    """Smallest element along axes; ties share the gradient evenly.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.min(np.array([1.0, 3.0, 2.0])))
    1.0
    """
    x, options = prepared(xp, x, None, where)
    return xp.minimum.reduce(x, axis=axis, keepdims=keepdims, **options, **unset(initial))


def _product_of_others(xp, x, axis):
    """For each element the product of all others along the axes: right where elements are 0, and differentiable."""
    axes = axes_of(axis, x.ndim)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    order = rest + axes
    lengths = tuple(x.shape[a] for a in order)
    n = length(x.shape, axis)
    flat = xp.reshape(xp.transpose(x, order), (*lengths[: len(rest)], n))
    others = xp.prod(xp.where(np.eye(n, dtype=bool), 1, xp.expand_dims(flat, -2)), axis=-1)
    back = tuple(int(i) for i in np.argsort(order))
    return xp.transpose(xp.reshape(others, lengths), back)


def _prod_vjp(xp, g, x, axis, dtype, initial, where):
    factors = x if dtype is None else x.astype(dtype)
    factors = factors if where is True else xp.where(where, factors, 1)
    g = keep(g if initial is None else g * initial, x.shape, axis)
    return chosen(xp, g * _product_of_others(xp, factors, axis), where)


@general(
    vjps=[_prod_vjp],
    fused=[
        lambda g, x, out, axis, dtype, initial, where: (
            keep(g * out, x.shape, axis) / x
            if where is True and np.all(x)
            else _prod_vjp(np, g, x, axis, dtype, initial, where)
        )
    ],
    masks=["where"],
    domain=WIDE,
    examples=[
        *AXES,
        *NUMBER,
        *EMPTY,
        *MASKED[1:3],
        *TYPED,
        Example(x=(2, 3), axis=0, initial=2.5),
        Example(x=(2, 3), initial=-1.0, where=MASK),
    ],
    reference=np.prod,
    errors=[BAD_AXIS, BAD_MASK, WHOLE],
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
    x, options = prepared(xp, x, dtype, where)
    return xp.multiply.reduce(x, axis=axis, keepdims=keepdims, **options, **unset(initial))


def _weights(xp, x, out, axis):
    """``e**x / e**out``; where that is infinite over infinite or 0 over 0, equal shares of what attains it."""
    out = keep(out, x.shape, axis)
    endless = xp.isinf(out)
    if not endless.any():
        return xp.exp(x - out)
    attained = (x == out).astype(x.dtype)
    share = attained / xp.maximum(xp.sum(attained, axis=axis, keepdims=True), 1)
    return xp.where(endless, share, xp.exp(xp.where(endless, 0, x) - xp.where(endless, 0, out)))


def _logsumexp_reference(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


@general(
    vjps=[lambda xp, g, x, out, axis: keep(g, x.shape, axis) * _weights(xp, x, out, axis)],
    domain=WIDE,
    examples=[*AXES, *NUMBER],
    reference=_logsumexp_reference,
    errors=[BAD_AXIS, Raises(ShapeError, "zero-size array", x=(0,))],
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
    x = as_floating(x)
    top = xp.maximum.reduce(x, axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        out = shift + xp.log(xp.add.reduce(xp.exp(x - shift), axis=axis, keepdims=True))
    return out if keepdims else out.reshape([n for i, n in enumerate(x.shape) if i not in axes_of(axis, x.ndim)])


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
    examples=[*AXES, *EMPTY, *MASKED[:3]],
    reference=np.all,
    errors=[BAD_AXIS, BAD_MASK],
)
def all(xp, x, /, axis=None, *, keepdims=False, where=True):
    """Whether all elements along axes are true (not 0); a constant, without a gradient.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> bool(ag.all(np.array([True, False])))
    False
    """
    x, options = prepared(xp, x, None, where)
    return xp.all(x, axis=axis, keepdims=keepdims, **options)


@general(
    vjps=[None],
    masks=["where"],
    domain=Distinct(),
    examples=[*AXES, *EMPTY, *MASKED[:3]],
    reference=np.any,
    errors=[BAD_AXIS, BAD_MASK],
)
def any(xp, x, /, axis=None, *, keepdims=False, where=True):
    """Whether any element along axes is true (not 0); a constant, without a gradient.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> bool(ag.any(np.array([True, False])))
    True
    """
    x, options = prepared(xp, x, None, where)
    return xp.any(x, axis=axis, keepdims=keepdims, **options)


@general(
    vjps=[None],
    domain=Distinct(),
    examples=_ONE_AXIS,
    reference=np.argmax,
    errors=[BAD_AXIS, Raises(ShapeError, "empty sequence", x=(0,))],
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
    errors=[BAD_AXIS, Raises(ShapeError, "empty sequence", x=(0,))],
)
def argmin(xp, x, /, axis=None, *, keepdims=False):
    """Index of the first smallest element along one axis (None: of the flattened array); a constant.

    Shapes: x (...) -> x without the axis, or with it of length 1 (keepdims).

    >>> int(ag.argmin(np.array([1.0, 3.0, 2.0])))
    0
    """
    return xp.argmin(x, axis=axis, keepdims=keepdims)
