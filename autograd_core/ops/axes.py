"""What reductions share: the axes they run along, what stays of the shape, and NumPy's masks and types.

The examples and refusals that many of them declare, and others that run along axes too, stand here as well.
"""

import math
from typing import Any

import numpy as np

from ..arrays import is_differentiable
from ..errors import DTypeError, ShapeError
from ..examples import Distinct, Example, Interval, Raises

WIDE = Interval(-3, 3)
AXES = [
    Example(x=(2, 3)),
    Example(x=(2, 3), axis=0),
    Example(x=(2, 3, 2), axis=(0, -1)),
    Example(x=(2, 3), axis=1, keepdims=True),
    Example(x=(2, 1), axis=(0, 1), keepdims=True),
    Example(x=(2, 3), axis=()),
    Example(x=()),
]
EMPTY = [Example(x=(0,)), Example(x=(2, 0, 3), axis=1)]
NUMBER = [Example(x=(), axis=0), Example(x=(), axis=-1, keepdims=True)]
MASK = np.array([[True, False, True], [True, True, False]])
MASKED = [
    Example(x=(2, 3), where=MASK),
    Example(x=(2, 3), axis=1, where=MASK, keepdims=True),
    Example(x=(2, 2, 3), axis=(0, 2), where=MASK),
    Example(x=(2, 3), axis=0, where=np.array([[True], [False]])),
    Example(x=(2, 3), axis=0, where=True),
]
TYPED = [Example(x=(2, 3), axis=1, dtype=np.float64), Example(x=(2, 3), dtype=np.float64, keepdims=True)]
BAD_AXIS = Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), axis=2)
REPEATED = Raises(ShapeError, "duplicate", x=(2, 3), axis=(0, 0))
BAD_MASK = Raises(ShapeError, "broadcast", x=(2, 3), where=np.array([True, False]))
WHOLE = Raises(DTypeError, "integers have no derivative", x=(2, 3), dtype=np.int64)

_HIGH, _LOW = 100.0, -100.0
EXTREME: dict[str, Any] = {
    "domain": Distinct(),
    "examples": [
        *AXES,
        *NUMBER,
        Example(x=(0, 2), axis=1),
        Example(x=(2, 3), axis=0, initial=_HIGH),
        Example(x=(2, 3), initial=_LOW),
        Example(x=(0,), initial=0.0),
        Example(x=(2, 3), axis=1, initial=_LOW, where=MASK),
        Example(x=(2, 2, 3), axis=(0, 2), initial=_HIGH, where=MASK, keepdims=True),
    ],
    "errors": [
        BAD_AXIS,
        Raises(ShapeError, "zero-size array", x=(0,)),
        Raises(ShapeError, "broadcast", x=(2, 3), initial=0, where=np.array([True, False])),
        Raises(ShapeError, "does not have an identity", x=(2, 3), where=MASK),
    ],
}


def axes_of(axis, ndim):
    """The reduced axes as a tuple of numbers >= 0."""
    if axis is None or not ndim:  # for a sum, a product or an extreme NumPy takes a number to have an axis 0
        return tuple(range(ndim))
    return tuple([a % ndim for a in (axis if isinstance(axis, tuple | list) else (axis,))])


def kept_shape(shape, axis):
    """The shape with the reduced axes kept as 1."""
    if axis is None:
        return (1,) * len(shape)
    axes = axes_of(axis, len(shape))
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def length(shape, axis):
    """How many numbers each reduced one stands for."""
    return math.prod(shape) if axis is None else math.prod(shape[a] for a in axes_of(axis, len(shape)))


def count(shape, axis, where, dtype=np.intp):
    """How many numbers each reduced one stands for; an array, its axes kept, where a mask leaves some out.

    As a factor of numbers of some `dtype` it has that type, which it must not widen, or the next one that can count.
    """
    if where is True:
        return length(shape, axis)
    dtype = np.float32 if dtype == np.float16 else dtype
    return np.add.reduce(np.broadcast_to(where, shape), axis, dtype, keepdims=True)


def keep(g, shape, axis):
    """A reduced array with the reduced axes back, of length 1."""
    kept = kept_shape(shape, axis)
    return g if g.shape == kept else g.reshape(kept)


def chosen(xp, g, where):
    """The cotangents of the elements that took part, 0 for the others."""
    return g if where is True else xp.where(where, g, 0)


def prepared(xp, x, dtype, where):
    """x as an array, and the keywords that a ufunc's reduction takes; refuses what has no derivative."""
    x = xp.asarray(x)
    if dtype is None and where is True:
        return x, {}
    if where is not True and np.broadcast_shapes(np.shape(where), x.shape) != x.shape:
        raise ValueError(f"where= of shape {np.shape(where)} does not broadcast to the shape {x.shape} of x")
    if dtype is not None and is_differentiable(x.dtype) and not is_differentiable(np.dtype(dtype)):
        raise TypeError(f"dtype={np.dtype(dtype)}: integers have no derivative; use .detach() for the value")
    return x, ({} if dtype is None else {"dtype": dtype}) | ({} if where is True else {"where": where})


def unset(initial):
    """`initial` as NumPy's reductions take it."""
    return {} if initial is None else {"initial": initial}
