"""Arrays made from the shape and type of others: constants, copies, and casts between types."""

import numpy as np

from ..arrays import is_differentiable
from ..engine import CONTEXT, Variable, constant, why_lost
from ..errors import DTypeError, OptionError
from ..examples import Example, Interval, Raises
from ..op import general, linear
from .operands import is_weak

_WIDE = Interval(-3, 3)
_LIKE = [
    Example(x=(2, 3)),
    Example(x=()),
    Example(x=(0,)),
    Example(x=(3,), dtype=np.float64),
    Example(x=(3,), shape=(2, 2)),
    Example(x=(3,), shape=4),
]
_COMPLEX = Raises(DTypeError, "complex", x=(2,), dtype=complex)


def _checked(dtype):
    """The type asked for; refuses what cannot be computed with."""
    if dtype is not None and np.dtype(dtype).kind not in "fiub":
        raise TypeError(f"a float or integer or bool type is needed, got {np.dtype(dtype)}, which is complex or text")
    return dtype


@general(vjps=[None], domain=_WIDE, examples=_LIKE, reference=np.zeros_like, errors=[_COMPLEX])
def zeros_like(xp, x, /, dtype=None, *, shape=None):
    """Zeros of the shape and type of x, unless others are given; a constant.

    Shapes: x (...) -> (...), or shape.

    >>> ag.zeros_like(np.ones(2))
    array([0., 0.])
    """
    return xp.zeros_like(x, dtype=_checked(dtype), shape=shape)


@general(vjps=[None], domain=_WIDE, examples=_LIKE, reference=np.ones_like, errors=[_COMPLEX])
def ones_like(xp, x, /, dtype=None, *, shape=None):
    """Ones of the shape and type of x, unless others are given; a constant.

    Shapes: x (...) -> (...), or shape.

    >>> ag.ones_like(np.zeros(2))
    array([1., 1.])
    """
    return xp.ones_like(x, dtype=_checked(dtype), shape=shape)


@general(vjps=[None], domain=_WIDE, examples=_LIKE, reference=np.zeros_like, errors=[_COMPLEX])
def empty_like(xp, x, /, dtype=None, *, shape=None):
    """Room for numbers of the shape and type of x, unless others are given; a constant, here of zeros.

    Shapes: x (...) -> (...), or shape.

    >>> ag.empty_like(np.ones(2)).shape
    (2,)
    """
    return xp.zeros_like(x, dtype=_checked(dtype), shape=shape)


@linear(
    transpose=[None, lambda g: g],  # summed over the axes that the number is repeated along
    jvp=lambda xp, tangents, out_aval: xp.broadcast_to(tangents[1], out_aval.shape).astype(out_aval.dtype),
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), fill_value=()),
        Example(x=(2, 3), fill_value=(3,)),
        Example(x=(0,), fill_value=()),
        Example(x=(3,), fill_value=(), dtype=np.float64),
        Example(x=(3,), fill_value=(2, 1), shape=(2, 2)),
    ],
    reference=np.full_like,
    errors=[
        Raises(DTypeError, "would be cut to int64; say dtype=", x=np.array([1, 2], np.int64), fill_value=()),
        Raises(DTypeError, "complex", x=(2,), fill_value=1.0, dtype=complex),
    ],
)
def full_like(xp, x, fill_value, /, dtype=None, *, shape=None):
    """One number everywhere, in the shape and type of x, unless others are given; it may carry a gradient.

    Shapes: x (...), fill_value broadcast to (...) or shape -> (...) or shape.

    >>> ag.full_like(np.zeros(2), 3.0)
    array([3., 3.])
    """
    into = np.result_type(x) if dtype is None else np.dtype(_checked(dtype))
    if not is_weak(fill_value) and is_differentiable(np.result_type(fill_value)) and not is_differentiable(into):
        raise TypeError(f"a fill_value of type {np.result_type(fill_value)} would be cut to {into}; say dtype=")
    return xp.full_like(x, fill_value, dtype=dtype, shape=shape)


@linear(
    transpose=lambda g: g,
    domain=_WIDE,
    examples=[Example(x=(2, 3)), Example(x=()), Example(x=(0,)), Example(x=(2, 3), order="F")],
    reference=np.copy,
)
def copy(xp, x, /, order="K"):
    """The same numbers in new memory, in an order of axes as for numpy.copy; gradients flow through.

    Shapes: x (...) -> (...).

    >>> ag.copy(np.ones(2))
    array([1., 1.])
    """
    return xp.array(x, order=order)


@linear(
    name="astype",
    transpose=lambda xp, g, x_aval: g.astype(x_aval.dtype),
    domain=Interval(-3, 3),
    examples=[Example(x=(2, 3), dtype=np.float64), Example(x=(), dtype=np.float64), Example(x=(0,), dtype=np.float64)],
    reference=lambda x, dtype: x.astype(dtype),
    errors=[Raises(OptionError, "float or integer or bool", x=(2,), dtype=complex)],
)
def _astype(xp, x, /, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind not in "fiub":
        raise OptionError(f"astype: a float or integer or bool type is needed, got {dtype}")
    return xp.asarray(x).astype(dtype)


def astype(x, /, dtype, *, copy=True):
    """The same numbers in another type; gradients come back in the type of x.

    Integers and booleans are constants. With copy=False what has the type already is returned as it is.

    Shapes: x (...) -> (...).

    >>> ag.astype(np.array([1.9]), np.float32).dtype
    dtype('float32')
    """
    if not copy and getattr(x, "dtype", None) == dtype:
        return x
    result = _astype(x, dtype)
    if isinstance(result, Variable) and result.node is not None and not is_differentiable(result._array.dtype):
        lost = why_lost(_astype.op, CONTEXT.get(), (x,))
        result = constant(type(result), result._array)
        result.lost = lost
    return result


astype.op, _astype.__doc__ = _astype.op, astype.__doc__  # type: ignore[attr-defined]


@linear(
    transpose=lambda g: g,
    views=True,
    domain=Interval(-3, 3),
    examples=[Example(x=(2, 3)), Example(x=()), Example(x=(0,))],
    reference=lambda x: x,
)
def alias(xp, x, /):
    """The same numbers in the same memory, as a step of its own in the graph.

    Shapes: x (...) -> (...).

    >>> ag.alias(np.ones(2))
    array([1., 1.])
    """
    return xp.asarray(x)[...]
