"""Arrays made from the shape and type of others: constants, and casts between types."""

import numpy as np

from ..errors import OptionError
from ..examples import Example, Interval, Raises
from ..op import elementwise, linear


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.zeros_like)
def zeros_like(xp, x, /):
    """Zeros of the shape and type of x; a constant.

    Shapes: x (...) -> (...).

    >>> ag.zeros_like(np.ones(2))
    array([0., 0.])
    """
    return xp.zeros_like(x)


@elementwise(partials=[None], domain=Interval(-3, 3), reference=np.ones_like)
def ones_like(xp, x, /):
    """Ones of the shape and type of x; a constant.

    Shapes: x (...) -> (...).

    >>> ag.ones_like(np.zeros(2))
    array([1., 1.])
    """
    return xp.ones_like(x)


@linear(
    transpose=lambda xp, g, x_aval: g.astype(x_aval.dtype),
    domain=Interval(-3, 3),
    examples=[Example(x=(2, 3), dtype=np.float64), Example(x=(), dtype=np.float64), Example(x=(0,), dtype=np.float64)],
    reference=lambda x, dtype: x.astype(dtype),
    errors=[Raises(OptionError, "float or integer or bool", x=(2,), dtype=complex)],
)
def astype(xp, x, /, dtype):
    """The same numbers in another type; gradients come back in the type of x.

    Shapes: x (...) -> (...).

    >>> ag.astype(np.array([1.9]), np.float32).dtype
    dtype('float32')
    """
    dtype = np.dtype(dtype)
    if dtype.kind not in "fiub":
        raise OptionError(f"astype: a float or integer or bool type is needed, got {dtype}")
    return xp.asarray(x).astype(dtype)


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
