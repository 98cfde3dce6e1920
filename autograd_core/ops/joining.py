"""Arrays joined: end to end, along a new axis, in blocks, and put in between others.

All are linear in what they join, and each array gets its part of the cotangent back.
"""

from math import prod
from typing import Any

import numpy as np

from ..arrays import is_differentiable
from ..errors import DTypeError, IndexingError, OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed, linear
from .creation import astype, copy
from .indexing import getitem
from .operands import operand, value_of
from .refusals import named
from .shape import broadcast_to, moveaxis, ravel, reshape

_WIDE = Interval(-3, 3)
_WHOLE = Raises(DTypeError, "integers have no derivative", arrays=[(2, 2), (2, 2)], dtype=int, casting="unsafe")


def _typed(arrays, dtype, casting):
    """The keywords of the type to join in; refuses what has no derivative."""
    if dtype is None:
        return {} if casting == "same_kind" else {"casting": casting}
    if not is_differentiable(np.dtype(dtype)) and any(np.result_type(x).kind == "f" for x in arrays):
        raise TypeError(f"dtype={np.dtype(dtype)}: integers have no derivative; use .detach() for the value")
    return {"dtype": dtype, "casting": casting}


def _piece(xp, g, position, arrays_aval, axis):
    """The part of the cotangent that belongs to the array at this position."""
    own = arrays_aval[position]
    if axis is None:
        start = sum(prod(a.shape) for a in arrays_aval[:position])
        return xp.reshape(g[start : start + prod(own.shape)], own.shape).astype(own.dtype)
    start = sum(a.shape[axis] for a in arrays_aval[:position])
    part = slice(start, start + own.shape[axis])
    return g[(slice(None),) * (axis % len(own.shape)) + (part,)].astype(own.dtype)


@linear(
    transpose=_piece,
    variadic=True,
    domain=_WIDE,
    examples=[
        Example(arrays=[(2, 3), (1, 3)]),
        Example(arrays=[(2, 3), (2, 0), (2, 1)], axis=-1),
        Example(arrays=[(2,)]),
        Example(arrays=[(2, 2), (3,)], axis=None),
        Example(arrays=[(2,), (1,)], dtype=np.float64),
        Example(arrays=[(2, 2), (3,)], axis=None, dtype=np.float64, casting="safe"),
    ],
    reference=np.concatenate,
    errors=[
        Raises(ShapeError, "must match exactly", arrays=[(2, 3), (2, 2)]),
        Raises(ShapeError, "need at least one array", arrays=[]),
        Raises(DTypeError, "Cannot cast", arrays=[(2,)], dtype=np.float32, casting="safe"),
        _WHOLE,
    ],
)
def concatenate(xp, arrays, /, axis=0, *, dtype=None, casting="same_kind"):
    """Joined end to end along an existing axis (None: each one flattened).

    Shapes: arrays [(..., n_i, ...)] -> (..., sum of n_i, ...).

    >>> ag.concatenate([np.ones(1), np.zeros(2)])
    array([1., 0., 0.])
    """
    return xp.concatenate(arrays, axis=axis, **_typed(arrays, dtype, casting))


@linear(
    transpose=lambda xp, g, position, arrays_aval, axis: g[(slice(None),) * (axis % g.ndim) + (position,)].astype(
        arrays_aval[position].dtype
    ),
    variadic=True,
    domain=_WIDE,
    examples=[
        Example(arrays=[(2, 3), (2, 3)]),
        Example(arrays=[(2,), (2,), (2,)], axis=-1),
        Example(arrays=[()]),
        Example(arrays=[(2,), (2,)], dtype=np.float64, casting="safe"),
    ],
    reference=np.stack,
    errors=[
        Raises(ShapeError, "must have the same shape", arrays=[(2,), (3,)]),
        Raises(ShapeError, "axis 2 is out of bounds", arrays=[(2,), (2,)], axis=2),
        _WHOLE,
    ],
)
def stack(xp, arrays, /, axis=0, *, dtype=None, casting="same_kind"):
    """Joined along a new axis: from Tensors of one number each, a vector.

    Shapes: arrays [(...)] -> (..., number of arrays, ...).

    >>> ag.stack([np.ones(2), np.zeros(2)]).shape
    (2, 2)
    """
    return xp.stack(arrays, axis=axis, **_typed(arrays, dtype, casting))


def _operands(arrays, who):
    """Each array to be joined; refuses one array in the place of a list."""
    if not np.iterable(arrays):
        raise OptionError(f"{who}: a list or tuple of arrays is needed, got {type(arrays).__name__}")
    return [operand(x, who) for x in arrays]


def _with_axes(x, ndim):
    """x with axes of length 1 in front, until it has so many."""
    return x if x.ndim >= ndim else reshape(x, (1,) * (ndim - x.ndim) + x.shape)


@composed(
    variadic=True,
    domain=_WIDE,
    examples=[
        Example(arrays=[(3,), (3,)]),
        Example(arrays=[(2, 3), (3,), (0, 3)]),
        Example(arrays=[(), ()]),
        Example(arrays=[(1, 2, 2), (2, 2, 2)], dtype=np.float64, casting="safe"),
    ],
    reference=np.vstack,
    errors=[Raises(ShapeError, "must match exactly", arrays=[(2,), (3,)]), _WHOLE],
)
def vstack(arrays, /, *, dtype=None, casting="same_kind"):
    """Joined one below the other, along the first axis; vectors are rows.

    Shapes: arrays [(n_i, ...)] -> (sum of n_i, ...).

    >>> ag.vstack([np.ones(2), np.zeros(2)])
    array([[1., 1.],
           [0., 0.]])
    """
    rows = [_with_axes(x, 2) for x in _operands(arrays, "vstack")]
    return concatenate(rows, 0, dtype=dtype, casting=casting)


@composed(
    variadic=True,
    domain=_WIDE,
    examples=[
        Example(arrays=[(2,), (3,)]),
        Example(arrays=[(2, 3), (2, 1)]),
        Example(arrays=[(), (), (0,)]),
        Example(arrays=[(1, 2, 2), (1, 1, 2)], dtype=np.float64, casting="safe"),
    ],
    reference=np.hstack,
    errors=[Raises(ShapeError, "must match exactly", arrays=[(2, 3), (3, 3)]), _WHOLE],
)
def hstack(arrays, /, *, dtype=None, casting="same_kind"):
    """Joined side by side, along the second axis; vectors along their only one.

    Shapes: arrays [(k, n_i, ...)] -> (k, sum of n_i, ...).

    >>> ag.hstack([np.ones(1), np.zeros(2)])
    array([1., 0., 0.])
    """
    columns = [_with_axes(x, 1) for x in _operands(arrays, "hstack")]
    axis = 1 if columns and columns[0].ndim > 1 else 0
    return concatenate(columns, axis, dtype=dtype, casting=casting)


@composed(
    variadic=True,
    domain=_WIDE,
    examples=[
        Example(arrays=[(2,), (2,)]),
        Example(arrays=[(2, 3), (2, 3)]),
        Example(arrays=[(2, 1, 2), (2, 1)]),
        Example(arrays=[(), ()]),
    ],
    reference=np.dstack,
    errors=[Raises(ShapeError, "must match exactly", arrays=[(2,), (3,)])],
)
def dstack(arrays, /):
    """Joined one behind the other, along the third axis; vectors and matrices get the axes that they lack.

    Shapes: arrays [(k, m, n_i, ...)] -> (k, m, sum of n_i, ...).

    >>> ag.dstack([np.ones(2), np.zeros(2)]).shape
    (1, 2, 2)
    """
    deep = [_with_axes(x, 2) for x in _operands(arrays, "dstack")]
    return concatenate([reshape(x, (*x.shape, 1)) if x.ndim == 2 else x for x in deep], 2)


@composed(
    variadic=True,
    domain=_WIDE,
    examples=[Example(arrays=[(2,), (2, 3), (2,)]), Example(arrays=[(), ()]), Example(arrays=[(0,), (0,)])],
    reference=np.column_stack,
    errors=[Raises(ShapeError, "must match exactly", arrays=[(2,), (3,)])],
)
def column_stack(arrays, /):
    """Joined as columns of one matrix; vectors are columns.

    Shapes: arrays [(n,) or (n, m_i)] -> (n, number of columns).

    >>> ag.column_stack([np.ones(2), np.zeros(2)])
    array([[1., 0.],
           [1., 0.]])
    """
    columns = [x if x.ndim > 1 else reshape(x, (x.size, 1)) for x in _operands(arrays, "column_stack")]
    return concatenate(columns, 1)


@composed(
    variadic=True,
    domain=_WIDE,
    examples=[Example(arrays=[(2, 2), (2, 3)]), Example(arrays=[(2,), (), (0,)]), Example(arrays=[(1, 2, 2), (2, 3)])],
    reference=np.block,
    errors=[Raises(ShapeError, "must match exactly", arrays=[(2, 2), (3, 2)])],
)
def block(arrays, /):
    """One array put together from blocks: nested lists, the innermost joined along the last axis, and so on outwards.

    Shapes: arrays [[(n_i, m_j)]] -> (sum of n_i, sum of m_j); what lacks axes gets them in front.

    >>> ag.block([[np.eye(2), np.zeros((2, 1))], [np.ones((1, 3))]])
    array([[1., 0., 0.],
           [0., 1., 0.],
           [1., 1., 1.]])
    """
    leaves: list[Any] = []
    depth = _depth(arrays)
    found = _blocks(arrays, leaves)
    ndim = max([depth, *(x.ndim for x in leaves)])

    def joined(blocks, level):
        if not isinstance(blocks, list):
            return _with_axes(blocks, ndim)
        return concatenate([joined(b, level + 1) for b in blocks], level - depth)

    return joined(found, 0) if depth else copy(found)


def _depth(blocks):
    """How deep the lists are nested, everywhere; refuses tuples, empty lists and uneven depths."""
    if isinstance(blocks, tuple):
        raise DTypeError("block: only lists can be nested, got a tuple; what is to be joined is to stand in lists")
    if not isinstance(blocks, list):
        return 0
    depths = {_depth(b) for b in blocks}
    if len(depths) != 1:
        raise ShapeError(
            "block: a list is empty" if not depths else f"block: the lists are nested {sorted(depths)} deep in one list"
        )
    return depths.pop() + 1


def _blocks(blocks, leaves):
    """The same lists, of arrays and Tensors, which are put into `leaves` too."""
    if isinstance(blocks, list):
        return [_blocks(b, leaves) for b in blocks]
    leaves.append(operand(blocks, "block"))
    return leaves[-1]


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(2,), values=(3,)),
        Example(x=(2, 3), values=(2,)),
        Example(x=(2, 3), values=(1, 3), axis=0),
        Example(x=(2, 3), values=(2, 0), axis=-1),
        Example(x=(), values=()),
    ],
    reference=np.append,
    errors=[Raises(ShapeError, "same number of dimensions", x=(2, 3), values=(3,), axis=0)],
)
def append(x, values, /, axis=None):
    """With values joined on behind along an axis (None: both flattened).

    Shapes: x (..., n, ...), values (..., m, ...) -> (..., n + m, ...).

    >>> ag.append(np.array([1, 2]), 3)
    array([1, 2, 3])
    """
    return concatenate([operand(x, "append"), operand(values, "append")], axis)


def insert(x, obj, values, /, axis=None):
    """With values put in before the elements that obj (a number, numbers, a slice or a mask) names along an axis.

    Shapes: x (..., n, ...), values broadcast to (..., m, ...) -> (..., n + m, ...); axis None: x flattened.

    >>> ag.insert(np.array([1, 2, 3]), 1, 5)
    array([1, 5, 2, 3])
    """
    x, values = operand(x, "insert"), operand(values, "insert")
    if axis is None:
        x, axis = ravel(x), 0
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"insert: axis {axis} is out of bounds for an array with {x.ndim} axes")
    axis %= x.ndim
    n, places = x.shape[axis], _places(obj, x.shape[axis])
    if places.size and (places.min() < -n or places.max() > n):
        raise IndexingError(f"insert: index {obj} is out of bounds for axis {axis} with {n} elements")
    if getattr(values, "node", None) is not None and not is_differentiable(x.dtype):
        raise DTypeError(
            f"insert: values of type {values.dtype} would be cut to {x.dtype}; convert x with .astype first"
        )
    if places.size == 1:  # one place takes as many as there are along the axis
        values = reshape(values, (1,) * (x.ndim - values.ndim) + values.shape) if values.ndim < x.ndim else values
        if places.ndim == 0:
            values = moveaxis(values, 0, axis)
        m = values.shape[axis]
        places = np.repeat(places, m)
    else:
        m = places.size
    with named("insert"):
        order = np.insert(np.arange(n), places, n + np.arange(m)) if m else np.arange(n)
    while values.ndim > x.ndim and values.shape[0] == 1:
        values = reshape(values, values.shape[1:])
    room = (*x.shape[:axis], m, *x.shape[axis + 1 :])
    if len(values.shape) > x.ndim or any(n not in (1, k) for n, k in zip(values.shape[::-1], room[::-1], strict=False)):
        raise ShapeError(f"insert: values of shape {values.shape} do not broadcast to {room}, what goes into {x.shape}")
    joined = concatenate([x, astype(broadcast_to(values, room), x.dtype)], axis)
    return getitem(joined, (slice(None),) * axis + (order,))


def _places(obj, n):
    """Before which elements to insert: numbers in an array, without an axis if there is one place."""
    if isinstance(obj, slice):
        return np.arange(*obj.indices(n))
    places = np.asarray(value_of(obj))
    if places.dtype == bool:
        places = np.flatnonzero(places)
    return places if places.size else places.astype(np.intp)


@composed(
    name="insert",
    domain=_WIDE,
    examples=[
        Example(x=(3,), values=(), obj=1),
        Example(x=(3,), values=(2,), obj=-1),
        Example(x=(2, 3), values=(2,), obj=[1, 4]),
        Example(x=(2, 3), values=(), obj=2, axis=0),
        Example(x=(2, 3), values=(2,), obj=1, axis=1),
        Example(x=(2, 3), values=(2, 1), obj=[1], axis=-1),
        Example(x=(2, 3), values=(3, 2), obj=1, axis=1),
        Example(x=(2, 3), values=(2, 1), obj=[0, 2, 2], axis=1),
        Example(x=(3,), values=(2,), obj=slice(0, 3, 2)),
        Example(x=(3,), values=(2,), obj=np.array([True, False, True])),
        Example(x=(0,), values=(2,), obj=[0, 0]),
        Example(x=(2, 2), values=(1,), obj=[], axis=0),
    ],
    reference=lambda x, values, obj, axis=None: np.insert(x, obj, values, axis),
    errors=[
        Raises(
            ShapeError,
            r"insert: values of shape \(4,\) do not broadcast to \(2, 3\)",
            x=(2, 3),
            values=(4,),
            obj=[0, 1],
            axis=0,
        ),
        Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), values=(), obj=0, axis=2),
        Raises(IndexingError, "index -4 is out of bounds", x=(3,), values=(), obj=-4),
        Raises(DTypeError, "integer", x=(3,), values=(), obj=1.5),
    ],
)
def _insert(x, values, /, obj, axis=None):
    return insert(x, obj, values, axis)


insert.op, _insert.__doc__ = _insert.op, insert.__doc__  # type: ignore[attr-defined]
