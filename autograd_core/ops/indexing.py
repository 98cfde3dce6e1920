"""Taking elements out by an index, and putting them back: `x[index]` and the scatter-add that is its transpose.

An index is whatever NumPy takes: numbers, slices, None, Ellipsis, arrays, lists and Tensors of integers or booleans,
and tuples of these. It is a constant: the public functions turn it into a private copy, which the graph may keep, and
the records behind them take that as it is.
"""

import numpy as np

from ..arrays import is_differentiable, snapshot
from ..engine import Variable
from ..errors import DTypeError, IndexingError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import linear
from .operands import operand

_WIDE = Interval(-3, 3)
_MANY = 4096  # numbers in rows; from here on, sorting the rows takes less time than adding one after the other


def plain_index(index):
    """An index that the graph may keep: Tensors as arrays, lists as arrays, arrays as private copies."""
    kind = type(index)
    if kind is int or kind is slice:
        return index
    if kind is tuple:
        return tuple([plain_index(part) for part in index])
    if isinstance(index, Variable):
        index = index._array
    elif isinstance(index, list | range):
        index = np.asarray(index, dtype=None if len(index) else np.intp)
    return snapshot(index)


def is_basic(index):
    """Whether NumPy answers with a view: numbers, slices, None and Ellipsis only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or (isinstance(part, slice | int | np.integer) and not isinstance(part, bool))
        for part in parts
    )


_INDICES = [
    Example(x=(3,), index=1),
    Example(x=(3, 4), index=(slice(None, None, -2), None, 1)),
    Example(x=(3, 4), index=(Ellipsis, slice(1, 3))),
    Example(x=(3, 4), index=np.array([0, 2, 0])),
    Example(x=(3, 4), index=(np.array([[0], [2]]), np.array([1, 1, 3]))),
    Example(x=(3, 4), index=np.arange(12).reshape(3, 4) % 3 == 0),
    Example(x=(3, 4, 2), index=(np.array([True, False, True]), slice(None), 0)),
    Example(x=(3, 4), index=(np.array([0, 1]), None, np.array([1, 2]))),
    Example(x=(2, 4), index=(True, np.array([False, True]), np.array([3, 3]))),
    Example(x=(3, 4), index=(slice(None), np.zeros((2, 0), int))),
    Example(x=(3,), index=np.array(2)),
    Example(x=(3,), index=slice(0, 0)),
    Example(x=(0, 2), index=(slice(None), 1)),
    Example(x=(), index=()),
]


def getitem(x, /, index):
    """Elements picked by an index, as ``x[index]``.

    Shapes: as in NumPy.

    >>> ag.getitem(np.arange(4), slice(1, 3))
    array([1, 2])
    """
    return _getitem(x, plain_index(index))


@linear(
    name="getitem",
    transpose=lambda g, x_aval, index: _scatter_add(g, index, x_aval.shape),
    views=True,
    domain=_WIDE,
    examples=_INDICES,
    reference=lambda x, index: x[index],
    errors=[
        Raises(IndexingError, "index 3 is out of bounds", x=(3,), index=3),
        Raises(IndexingError, "too many indices", x=(3,), index=(0, 0)),
        Raises(IndexingError, "integer", x=(3,), index=1.5),
    ],
)
def _getitem(xp, x, /, index):
    return x[index]


getitem.op, _getitem.__doc__ = _getitem.op, getitem.__doc__  # type: ignore[attr-defined]


def scatter_add(x, /, index, shape):
    """Zeros of a shape with x added in at an index; what an index names twice receives both.

    Shapes: x as ``zeros(shape)[index]`` -> shape.

    >>> ag.scatter_add(np.ones(3), np.array([0, 2, 2]), (3,))
    array([1., 0., 2.])
    """
    return _scatter_add(x, plain_index(index), shape)


@linear(
    name="scatter_add",
    transpose=lambda g, index: _getitem(g, index),
    domain=_WIDE,
    examples=[
        Example(x=(2,), index=slice(0, 2), shape=(3,)),
        Example(x=(3, 2), index=np.array([0, 2, 0]), shape=(3, 2)),
        Example(x=(2,), index=(np.array([1, 1]), 0), shape=(2, 3)),
        Example(x=(2, 2), index=(np.array([[1], [0]]), np.array([1, -1])), shape=(2, 3)),
        Example(x=(2, 2), index=(np.array([1, 1]), slice(None, None, -2)), shape=(2, 3)),
        Example(x=(), index=1, shape=(3,)),
        Example(x=(2,), index=np.array([True, False, True]), shape=(3,)),
        Example(x=(0,), index=slice(0, 0), shape=(2,)),
        Example(x=(512, 8), index=np.arange(512) ** 2 % 9 - 4, shape=(5, 8)),
        Example(x=(20, 26, 8), index=7 * np.arange(520).reshape(20, 26) % 300 - 150, shape=(150, 8)),
    ],
    reference=lambda x, index, shape: _scatter_by_loop(x, index, shape),
    errors=[
        Raises(IndexingError, "out of bounds", x=(), index=3, shape=(3,)),
        Raises(IndexingError, "out of bounds", x=(512, 8), index=np.full(512, -6), shape=(5, 8)),
    ],
)
def _scatter_add(xp, x, /, index, shape):
    out = xp.zeros(shape, x.dtype)
    if is_basic(index) or (isinstance(index, np.ndarray) and index.dtype == bool):
        out[index] = x
    elif isinstance(index, np.ndarray) and x.ndim == index.ndim + 1 and x.size >= _MANY and x.shape[-1] >= 8:
        _add_rows(xp, out, index.ravel(), x.reshape(-1, x.shape[-1]))
    else:
        xp.add.at(out, index, x)
    return out


def _add_rows(xp, out, index, rows):
    """Add rows to those of a matrix of zeros that an index names, sorted so that those for one place are neighbours."""
    index = np.arange(len(out))[index]  # none is negative then, or out of bounds
    order = np.argsort(index, kind="stable")
    places = index[order]
    first = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
    counts = np.diff(first, append=len(places))
    if 20 * counts.max() > len(first):  # many rows for few places
        out[places[first]] = xp.add.reduceat(rows[order], first, axis=0)
        return
    for rank in range(counts.max()):  # the first row of every place at once, then the second of those that have one
        first = first[counts > rank]
        counts = counts[counts > rank]
        out[places[first]] += rows[order[first + rank]]


scatter_add.op, _scatter_add.__doc__ = _scatter_add.op, scatter_add.__doc__  # type: ignore[attr-defined]


def _scatter_by_loop(x, index, shape):
    out = np.zeros(shape, x.dtype).ravel()
    for value, place in zip(np.ravel(x), np.ravel(np.arange(out.size).reshape(shape)[index]), strict=True):
        out[place] += value
    return out.reshape(shape)


def _set(x, index, value):
    """A copy of x with other elements at an index."""
    out = np.array(x)
    out[index] = value
    return out


def setitem(x, value, /, index):
    """A copy of x with the elements at an index replaced; integer arrays in it must not name an element twice.

    Shapes: x (...), value broadcast to ``x[index]`` -> x (...), in the type of x.

    Raises: DTypeError for a value that requires a gradient and would be cut to an integer.

    >>> ag.setitem(np.zeros(3), 5.0, 1)
    array([0., 5., 0.])
    """
    if isinstance(value, Variable) and value.node is not None:
        kept = operand(x, "setitem").dtype
        if not is_differentiable(kept):
            raise DTypeError(
                f"setitem: a value with a gradient cannot become {kept}; make x one of floating point numbers"
            )
    return _setitem(x, value, plain_index(index))


def _unset(xp, g, value_aval, index):
    """The cotangent of what was put in, which may have leading axes of length 1 that its place does not have."""
    g = _getitem(g, index)
    extra = len(value_aval.shape) - g.ndim
    return xp.reshape(g, (1,) * extra + g.shape) if extra > 0 else g


@linear(
    name="setitem",
    transpose=[lambda g, index: _setitem(g, 0.0, index), _unset],
    jvp=lambda xp, tangents, out_aval, index: _setitem(
        xp.zeros(out_aval.shape, out_aval.dtype) if tangents[0] is None else tangents[0],
        0.0 if tangents[1] is None else tangents[1],
        index,
    ),
    domain=_WIDE,
    examples=[
        Example(x=(3,), value=(), index=1),
        Example(x=(3, 4), value=(4,), index=slice(0, 2)),
        Example(x=(3, 4), value=(2, 1), index=(np.array([0, 2]), slice(1, 3))),
        Example(x=(3,), value=(2,), index=np.array([True, False, True])),
        Example(x=(3, 2), value=(1, 1, 2), index=0),
        Example(x=(3, 4), value=(2, 1, 3), index=(slice(None, None, -2), None, slice(1, None))),
        Example(x=(3, 4), value=(2,), index=(np.array([True, False, True]), np.array([3, 1]))),
        Example(x=(2, 3), value=(1, 0), index=(slice(0, 0), slice(0, 0))),
        Example(x=(2, 2), value=(), index=(slice(None), 0)),
    ],
    reference=lambda x, value, index: _set(x, index, value),
    errors=[
        Raises(ShapeError, "could not broadcast", x=(3,), value=(2,), index=slice(0, 3)),
        Raises(IndexingError, "out of bounds", x=(3,), value=(), index=3),
        Raises(IndexingError, "names an element twice", x=(3,), value=(2,), index=np.array([0, -3])),
    ],
)
def _setitem(xp, x, value, /, index):
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, np.ndarray) and part.dtype.kind in "iu" for part in parts):
        places = np.arange(np.size(x)).reshape(np.shape(x))[index]
        if np.unique(places).size != np.size(places):
            raise IndexingError(
                "setitem: the index names an element twice, and which value stays is not defined; "
                "use ag.scatter_add to add, or remove the repetition"
            )
    out = xp.array(x)
    out[index] = value
    return out


setitem.op, _setitem.__doc__ = _setitem.op, setitem.__doc__  # type: ignore[attr-defined]
