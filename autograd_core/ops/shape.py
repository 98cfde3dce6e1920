"""The same elements in another shape: reshaping, exchanging axes, adding and dropping them, broadcasting.

All are linear, so each one's derivative is its transpose. The order of elements is always that of their indices: how an
array lies in memory is not part of a Tensor's value.
"""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..layout import reshape_batch
from ..op import composed, linear
from .creation import alias
from .operands import operand
from .refusals import named

_WIDE = Interval(-3, 3)


def _inverse(axes):
    return tuple(int(i) for i in np.argsort([a % len(axes) for a in axes]))


@linear(
    transpose=lambda g, x_aval, order: reshape(g, x_aval.shape, order),
    views=True,
    domain=_WIDE,
    examples=[
        Example(x=(2, 6), shape=(3, 4)),
        Example(x=(2, 6), shape=(2, 3, -1)),
        Example(x=(2, 3), shape=-1),
        Example(x=(0, 3), shape=(3, 0)),
        Example(x=(), shape=(1, 1)),
        Example(x=(2, 3, 2), shape=(-1, 2)),
        Example(x=(2, 3, 2), shape=(3, 4), order="F"),
        Example(x=(2, 3), shape=(3, 2), copy=True),
    ],
    reference=lambda x, shape, order="C", copy=None: x.reshape(shape, order=order),
    errors=[
        Raises(ShapeError, "cannot reshape", x=(2, 3), shape=(4,)),
        Raises(OptionError, "layout in memory", x=(2, 3), shape=(6,), order="A"),
        Raises(OptionError, "order must be 'C' or 'F'", x=(2, 3), shape=(6,), order="Z"),
    ],
)
def reshape(xp, x, /, shape, order="C", *, copy=None):
    """The same elements in another shape; one length may be -1 and is then worked out.

    Both shapes are read and filled with the last index running fastest (C), or with the first one (F). With copy=False
    what would need new memory is refused.

    Shapes: x (...) -> shape.

    >>> ag.reshape(np.arange(4.0), (2, 2))
    array([[0., 1.],
           [2., 3.]])
    """
    x = x if isinstance(x, np.ndarray) else xp.asarray(x)
    if order == "C" and copy is None:
        if isinstance(shape, tuple) and len(shape) > 1 and x.ndim > 1 and shape[0] == x.shape[0]:
            return reshape_batch(x, shape)
        return x.reshape(shape)
    if order not in ("C", "F"):
        raise OptionError(_order_refused("reshape", order))
    out = x.reshape(shape, order=order)
    if copy:
        return out.copy()
    if copy is False and not np.shares_memory(x, out) and x.size:
        raise ShapeError(f"reshape: {x.shape} does not become {shape} without a copy; leave copy=False away")
    return out


def _order_refused(who, order):
    if order in ("A", "K"):
        return (
            f"{who}: order={order!r} follows the layout in memory, which is not part of a Tensor's value; "
            "say 'C' or 'F'"
        )
    return f"{who}: order must be 'C' or 'F', got {order!r}"


@composed(
    domain=_WIDE,
    examples=[Example(x=(2, 3)), Example(x=()), Example(x=(0, 2)), Example(x=(2, 3), order="F")],
    reference=np.ravel,
    errors=[Raises(OptionError, "ravel: order='K' follows the layout in memory", x=(2, 3), order="K")],
)
def ravel(x, /, order="C"):
    """All elements along one axis, the last index running fastest (C), or the first one (F).

    Shapes: x (...) -> (size,).

    >>> ag.ravel(np.ones((1, 2)))
    array([1., 1.])
    """
    if order not in ("C", "F"):
        raise OptionError(_order_refused("ravel", order))
    return reshape(x, -1 if np.size(x) else (0,), order)


@linear(
    transpose=lambda xp, g, axes: xp.transpose(g, None if axes is None else _inverse(axes)),
    views=True,
    domain=_WIDE,
    examples=[
        Example(x=(2, 3)),
        Example(x=(2, 3, 4), axes=(1, 2, 0)),
        Example(x=(2, 0, 1), axes=(-1, 0, 1)),
        Example(x=()),
    ],
    reference=np.transpose,
    errors=[
        Raises(ShapeError, "axes don't match", x=(2, 3), axes=(0,)),
        Raises(ShapeError, "repeated axis", x=(2, 3), axes=(0, 0)),
    ],
)
def transpose(xp, x, /, axes=None):
    """Axes in another order: reversed, or as listed.

    Shapes: x (n0, n1, ...) -> (n[axes[0]], n[axes[1]], ...).

    >>> ag.transpose(np.ones((2, 3))).shape
    (3, 2)
    """
    return xp.transpose(x, axes)


@composed(
    domain=_WIDE,
    examples=[Example(x=(2, 3)), Example(x=(2, 0, 4)), Example(x=(2, 1, 3, 4))],
    reference=lambda x: np.swapaxes(x, -1, -2),
    errors=[Raises(ShapeError, r"at least two axes, got shape \(3,\)", x=(3,))],
)
def matrix_transpose(x, /):
    """Each matrix of a stack transposed: the last two axes exchanged.

    Shapes: x (..., n, m) -> (..., m, n).

    >>> ag.matrix_transpose(np.ones((4, 2, 3))).shape
    (4, 3, 2)
    """
    x = operand(x, "matrix_transpose")
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose: a matrix has at least two axes, got shape {x.shape}")
    return swapaxes(x, -1, -2)


@linear(
    transpose=lambda xp, g, axis1, axis2: xp.swapaxes(g, axis1, axis2),
    views=True,
    domain=_WIDE,
    examples=[Example(x=(2, 3, 4), axis1=0, axis2=-1), Example(x=(2, 0), axis1=0, axis2=1)],
    reference=np.swapaxes,
    errors=[Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), axis1=0, axis2=2)],
)
def swapaxes(xp, x, /, axis1, axis2):
    """Two axes exchanged.

    Shapes: x (..., m, ..., n, ...) -> (..., n, ..., m, ...).

    >>> ag.swapaxes(np.ones((2, 3)), 0, 1).shape
    (3, 2)
    """
    return xp.swapaxes(x, axis1, axis2)


@linear(
    transpose=lambda xp, g, source, destination: xp.moveaxis(g, destination, source),
    views=True,
    domain=_WIDE,
    examples=[Example(x=(2, 3, 4), source=0, destination=-1), Example(x=(2, 0, 4), source=(0, 1), destination=(2, 0))],
    reference=np.moveaxis,
    errors=[Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), source=2, destination=0)],
)
def moveaxis(xp, x, /, source, destination):
    """Axes moved to other places; the rest keeps its order.

    Shapes: as numpy.moveaxis.

    >>> ag.moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return xp.moveaxis(x, source, destination)


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(2, 3, 4), axis=2),
        Example(x=(2, 3, 4), axis=-3, start=3),
        Example(x=(2, 0, 4), axis=0, start=-1),
        Example(x=(2, 3), axis=1, start=1),
    ],
    reference=np.rollaxis,
    errors=[
        Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), axis=2),
        Raises(ShapeError, "start 3 is not a place among 2 axes", x=(2, 3), axis=0, start=3),
    ],
)
def rollaxis(x, /, axis, start=0):
    """One axis moved to before the axis that is `start` now; moveaxis says the same more clearly.

    Shapes: as numpy.rollaxis.

    >>> ag.rollaxis(np.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    x = operand(x, "rollaxis")
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"rollaxis: axis {axis} is out of bounds for an array with {x.ndim} axes")
    if not -x.ndim <= start <= x.ndim:
        raise ShapeError(f"rollaxis: start {start} is not a place among {x.ndim} axes")
    axis, before = axis % x.ndim, start + x.ndim if start < 0 else start
    return moveaxis(x, axis, before - 1 if axis < before else before)


@linear(
    transpose=lambda xp, g, x_aval: xp.reshape(g, x_aval.shape),
    views=True,
    domain=_WIDE,
    examples=[Example(x=(1, 3, 1)), Example(x=(1, 3, 1), axis=0), Example(x=(1, 0, 1), axis=(0, -1)), Example(x=())],
    reference=np.squeeze,
    errors=[Raises(ShapeError, "cannot select an axis to squeeze", x=(2, 3), axis=0)],
)
def squeeze(xp, x, /, axis=None):
    """Without axes of length 1: all of them, or those listed.

    Shapes: x (..., 1, ...) -> (...).

    >>> ag.squeeze(np.ones((1, 2))).shape
    (2,)
    """
    return xp.squeeze(x, axis)


@linear(
    transpose=lambda xp, g, x_aval: xp.reshape(g, x_aval.shape),
    views=True,
    domain=_WIDE,
    examples=[Example(x=(3,), axis=0), Example(x=(2, 3), axis=(0, -1)), Example(x=(), axis=0)],
    reference=np.expand_dims,
    errors=[Raises(ShapeError, "axis 3 is out of bounds", x=(2,), axis=3)],
)
def expand_dims(xp, x, /, axis):
    """With new axes of length 1 at the places `axis` of the result.

    Shapes: x (...) -> (..., 1, ...).

    >>> ag.expand_dims(np.ones(2), 0).shape
    (1, 2)
    """
    return xp.expand_dims(x, axis)


# --- at least so many axes --------------------------------------------------------------------------------------------


_SOME = [
    Example(arrays=[()]),
    Example(arrays=[(2,), ()]),
    Example(arrays=[(2, 3), (3,), (0,)]),
    Example(arrays=[(2, 1, 2), (2, 1, 1, 2)]),
]


def atleast_1d(*arys):
    """With one axis at least: a number becomes a vector of one. Several arrays come back as a tuple.

    Shapes: x (...) -> (...), or () -> (1,).

    >>> ag.atleast_1d(3.0)
    array([3.])
    """
    return _atleast_1d(arys)


@composed(
    name="atleast_1d", variadic=True, domain=_WIDE, examples=_SOME, reference=lambda arrays: np.atleast_1d(*arrays)
)
def _atleast_1d(arrays, /):
    found = [operand(x, "atleast_1d") for x in arrays]
    return _one_or_all([alias(x) if x.ndim else reshape(x, (1,)) for x in found])


atleast_1d.op, _atleast_1d.__doc__ = _atleast_1d.op, atleast_1d.__doc__  # type: ignore[attr-defined]


def atleast_2d(*arys):
    """With two axes at least: a vector becomes a row. Several arrays come back as a tuple.

    Shapes: x (...) -> (...), or (n,) -> (1, n).

    >>> ag.atleast_2d(np.zeros(2))
    array([[0., 0.]])
    """
    return _atleast_2d(arys)


@composed(
    name="atleast_2d", variadic=True, domain=_WIDE, examples=_SOME, reference=lambda arrays: np.atleast_2d(*arrays)
)
def _atleast_2d(arrays, /):
    found = [operand(x, "atleast_2d") for x in arrays]
    return _one_or_all([alias(x) if x.ndim > 1 else reshape(x, (1, x.size)) for x in found])


atleast_2d.op, _atleast_2d.__doc__ = _atleast_2d.op, atleast_2d.__doc__  # type: ignore[attr-defined]


def atleast_3d(*arys):
    """With three axes at least: a vector gets one before and one after, a matrix one after.

    Several arrays come back as a tuple.

    Shapes: x (...) -> (...), or (n, m) -> (n, m, 1), or (n,) -> (1, n, 1).

    >>> ag.atleast_3d(np.zeros(2)).shape
    (1, 2, 1)
    """
    return _atleast_3d(arys)


@composed(
    name="atleast_3d", variadic=True, domain=_WIDE, examples=_SOME, reference=lambda arrays: np.atleast_3d(*arrays)
)
def _atleast_3d(arrays, /):
    found = [operand(x, "atleast_3d") for x in arrays]
    return _one_or_all(
        [alias(x) if x.ndim > 2 else reshape(x, (*x.shape, 1) if x.ndim == 2 else (1, x.size, 1)) for x in found]
    )


atleast_3d.op, _atleast_3d.__doc__ = _atleast_3d.op, atleast_3d.__doc__  # type: ignore[attr-defined]


def _one_or_all(found):
    return found[0] if len(found) == 1 else tuple(found)


# --- broadcasting -----------------------------------------------------------------------------------------------------


@linear(
    transpose=lambda g: g,  # the cotangent is summed over the broadcast axes, as for every operation
    views=True,
    domain=_WIDE,
    examples=[
        Example(x=(3,), shape=(2, 3)),
        Example(x=(2, 1), shape=(2, 3)),
        Example(x=(), shape=(2,)),
        Example(x=(1, 0), shape=(2, 0)),
    ],
    reference=np.broadcast_to,
    errors=[Raises(ShapeError, "broadcast", x=(2, 3), shape=(3, 3))],
)
def broadcast_to(xp, x, /, shape):
    """Repeated along new axes and axes of length 1 up to a shape.

    Shapes: x (...) -> shape.

    >>> ag.broadcast_to(np.ones(2), (3, 2)).shape
    (3, 2)
    """
    return xp.broadcast_to(x, shape)


def broadcast_arrays(*args):
    """All arrays repeated up to the one shape that they broadcast to; a tuple.

    Shapes: args (...) -> broadcast (...), each.

    >>> [x.shape for x in ag.broadcast_arrays(np.ones(3), np.ones((2, 1)))]
    [(2, 3), (2, 3)]
    """
    return _broadcast_arrays(args)


@composed(
    name="broadcast_arrays",
    variadic=True,
    domain=_WIDE,
    examples=[Example(arrays=[(2, 1), (3,)]), Example(arrays=[(2,), ()]), Example(arrays=[(0,), (1,), (2, 1)])],
    reference=lambda arrays: np.broadcast_arrays(*arrays),
    errors=[Raises(ShapeError, "broadcast_arrays: shape mismatch", arrays=[(2,), (3,)])],
)
def _broadcast_arrays(arrays, /):
    found = [operand(x, "broadcast_arrays") for x in arrays]
    with named("broadcast_arrays"):
        shape = np.broadcast_shapes(*(x.shape for x in found))
    return tuple(broadcast_to(x, shape) for x in found)


broadcast_arrays.op, _broadcast_arrays.__doc__ = _broadcast_arrays.op, broadcast_arrays.__doc__  # type: ignore[attr-defined]
