"""Arrays repeated: each element in its place, the whole side by side, and over and over up to a shape.

The cotangent of an element is the sum of those of its copies.
"""

from math import prod

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed, linear
from .creation import astype
from .indexing import getitem, scatter_add
from .operands import operand, value_of
from .reduction import sum
from .shape import broadcast_to, ravel, reshape

_WIDE = Interval(-3, 3)


def repeat(x, /, repeats, axis=None):
    """Each element repeated in its place, along an axis (None: of the flattened array).

    Shapes: x (..., n, ...) -> (..., n * repeats, ...), or the sum of the repeats.

    >>> ag.repeat(np.arange(2), 2)
    array([0, 0, 1, 1])
    """
    if type(repeats) is not int:
        repeats = np.array(value_of(repeats))  # the graph keeps it, whatever becomes of the caller's
    return _repeat(x, repeats, axis)


def _unrepeat(xp, g, x_aval, repeats, axis):
    n = prod(x_aval.shape) if axis is None else x_aval.shape[axis]
    where = 0 if axis is None else axis % len(x_aval.shape)
    if np.size(repeats) == 1:  # the copies become an axis of their own, to be summed over
        k = int(np.reshape(repeats, ()))
        grouped = xp.reshape(g, (*g.shape[:where], n, k, *g.shape[where + 1 :]))
        return xp.reshape(xp.sum(grouped, axis=where + 1), x_aval.shape)
    owner = np.repeat(np.arange(n), repeats)  # which element each repeated one came from
    totals = scatter_add(g, (slice(None),) * where + (owner,), (*g.shape[:where], n, *g.shape[where + 1 :]))
    return xp.reshape(totals, x_aval.shape)


@linear(
    name="repeat",
    transpose=_unrepeat,
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), repeats=2),
        Example(x=(2, 3), repeats=3, axis=1),
        Example(x=(2, 3), repeats=[2], axis=0),
        Example(x=(2, 3), repeats=np.array([2, 0, 1]), axis=-1),
        Example(x=(2,), repeats=[1, 2]),
        Example(x=(2, 0), repeats=2, axis=-1),
        Example(x=(2, 2), repeats=0),
        Example(x=(), repeats=2),
    ],
    reference=np.repeat,
    errors=[
        Raises(ShapeError, "repeat: .*broadcast", x=(3,), repeats=[1, 2]),
        Raises(ShapeError, "negative", x=(3,), repeats=-1),
        Raises(ShapeError, "axis 1 is out of bounds", x=(3,), repeats=1, axis=1),
    ],
)
def _repeat(xp, x, /, repeats, axis=None):
    return xp.repeat(x, repeats, axis)


repeat.op, _repeat.__doc__ = _repeat.op, repeat.__doc__  # type: ignore[attr-defined]


def _untile(xp, g, x_aval, reps):
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    ndim = max(len(reps), len(x_aval.shape))
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - len(x_aval.shape)) + x_aval.shape
    paired = xp.reshape(g, tuple(int(n) for pair in zip(reps, shape, strict=True) for n in pair))
    return xp.reshape(xp.sum(paired, axis=tuple(range(0, 2 * ndim, 2))), x_aval.shape)


@linear(
    transpose=_untile,
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), reps=2),
        Example(x=(3,), reps=(2, 2)),
        Example(x=(2, 1, 2), reps=(1, 3)),
        Example(x=(2,), reps=0),
        Example(x=(), reps=2),
    ],
    reference=np.tile,
)
def tile(xp, x, /, reps):
    """The whole array repeated side by side, so many times along each axis.

    Shapes: x (..., n) -> (..., n * reps).

    >>> ag.tile(np.arange(2), 2)
    array([0, 1, 0, 1])
    """
    return xp.tile(x, reps)


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), new_shape=(4, 2)),
        Example(x=(2, 3), new_shape=4),
        Example(x=(3,), new_shape=(2, 4)),
        Example(x=(2,), new_shape=(3, 0)),
        Example(x=(0,), new_shape=(2,)),
        Example(x=(), new_shape=(2, 2)),
    ],
    reference=np.resize,
    errors=[Raises(OptionError, "must not be negative", x=(2,), new_shape=(-1,))],
)
def resize(x, /, new_shape):
    """The elements in C order, over and over, until a shape is full; zeros if there are none.

    Shapes: x (...) -> new_shape.

    >>> ag.resize(np.array([1, 2]), (2, 3))
    array([[1, 2, 1],
           [2, 1, 2]])
    """
    x = operand(x, "resize")
    shape = (int(new_shape),) if np.ndim(new_shape) == 0 else tuple(new_shape)
    if any(n < 0 for n in shape):
        raise OptionError(f"resize: the lengths of new_shape must not be negative, got {shape}")
    size = prod(shape)
    if not size or not x.size:
        return broadcast_to(astype(sum(x), x.dtype), shape)  # 0, or nothing, and still a part of the graph
    return reshape(getitem(tile(ravel(x), -(-size // x.size)), slice(0, size)), shape)
