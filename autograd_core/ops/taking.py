"""Picking elements by lists of indices and by conditions, and counting with weights.

Indices and conditions are constants; the elements picked are linear in what they are picked from, and the transpose
adds up where an element was picked more than once. What NumPy writes in place (`np.put`, `np.put_along_axis`, ...) has
`x[index] = value` in its place.
"""

import numpy as np

from ..arrays import is_differentiable
from ..errors import DTypeError, IndexingError, OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed, linear
from .creation import astype
from .indexing import getitem, scatter_add, setitem
from .joining import stack
from .operands import operand, value_of
from .selection import where
from .shape import broadcast_to

_WIDE = Interval(-3, 3)


def _along(axis, index):
    """The index of places along one axis."""
    return (slice(None),) * axis + (index,)


# --- by index ---------------------------------------------------------------------------------------------------------


def _inside(indices, n, mode):
    """Indices from 0 to n - 1 (or from -n), with those outside wrapped or clipped to these."""
    if mode == "wrap":
        return indices % n if n else indices
    return np.clip(indices, 0, n - 1) if mode == "clip" and n else indices


def _untake(g, x_aval, indices, axis, mode):
    shape = x_aval.shape
    if axis is None:
        flat = scatter_add(g, _inside(indices, int(np.prod(shape)), mode), (int(np.prod(shape)),))
        return flat.reshape(shape)
    axis %= max(len(shape), 1)
    if not shape:
        return scatter_add(g, _inside(indices, 1, mode), (1,)).reshape(shape)
    return scatter_add(g, _along(axis, _inside(indices, shape[axis], mode)), shape)


@linear(
    transpose=[_untake, None],
    domain=_WIDE,
    examples=[
        Example(x=(3,), indices=np.array([0, 2, 0])),
        Example(x=(2, 3), indices=np.array([[4, 0], [-1, 4]])),
        Example(x=(2, 3), indices=np.array([2, 0, 2]), axis=1),
        Example(x=(2, 3, 2), indices=np.array([[0, -1], [1, 1]]), axis=-2),
        Example(x=(2, 3), indices=1, axis=0),
        Example(x=(3,), indices=np.array([-4, 5, 1]), mode="wrap"),
        Example(x=(2, 3), indices=np.array([-4, 5, 1]), axis=1, mode="clip"),
        Example(x=(), indices=np.array([0, 0])),
        Example(x=(2, 0), indices=np.array([1, 1]), axis=0),
        Example(x=(3,), indices=np.zeros((0,), int)),
    ],
    reference=np.take,
    errors=[
        Raises(IndexingError, "index 3 is out of bounds", x=(3,), indices=np.array([3])),
        Raises(ShapeError, "axis 1 is out of bounds", x=(3,), indices=np.array([0]), axis=1),
        Raises(DTypeError, "Cannot cast", x=(3,), indices=np.array([0.5])),
        Raises(ShapeError, "mode", x=(3,), indices=np.array([0]), mode="around"),
    ],
)
def take(xp, x, indices, /, axis=None, *, mode="raise"):
    """Elements at indices along an axis (None: of the flattened array).

    `mode` says what an index outside is: an error ("raise"), counted round ("wrap"), or the nearest end ("clip").

    Shapes: x (..., n, ...), indices (i, ...) -> (..., i, ..., ...).

    >>> ag.take(np.array([1.0, 2.0, 3.0]), [2, 0])
    array([3., 1.])
    """
    return xp.take(x, np.asarray(indices, np.intp) if np.size(indices) == 0 else indices, axis=axis, mode=mode)


def _untake_along_axis(g, x_aval, indices, axis):
    shape = x_aval.shape
    if axis is None:
        return scatter_add(g, indices, (int(np.prod(shape)),)).reshape(shape)
    axis %= len(shape)
    index = [np.arange(n).reshape([-1 if i == j else 1 for j in range(len(shape))]) for i, n in enumerate(shape)]
    return scatter_add(g, (*index[:axis], indices, *index[axis + 1 :]), shape)


@linear(
    transpose=[_untake_along_axis, None],
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), indices=np.array([[0, 2, 0, 1], [1, 1, 0, -1]])),
        Example(x=(2, 3), indices=np.array([[1, 0, 1]]), axis=0),
        Example(x=(2, 3, 2), indices=np.array([[[2, 0]], [[1, 1]]]), axis=-2),
        Example(x=(1, 3), indices=np.array([[0, 0], [2, 1]]), axis=1),
        Example(x=(2, 3), indices=np.array([[2], [0]]), axis=1),
        Example(x=(3, 2), indices=np.array([5, 0, 5]), axis=None),
        Example(x=(0, 3), indices=np.zeros((0, 2), int), axis=1),
    ],
    reference=np.take_along_axis,
    errors=[
        Raises(IndexingError, "index 3 is out of bounds", x=(3,), indices=np.array([3])),
        Raises(IndexingError, "must be an integer array", x=(3,), indices=np.array([0.5])),
        Raises(ShapeError, "same number of dimensions", x=(2, 3), indices=np.array([0])),
        Raises(ShapeError, "axis 1 is out of bounds", x=(3,), indices=np.array([0]), axis=1),
    ],
)
def take_along_axis(xp, x, indices, /, axis=-1):
    """Elements at indices along an axis, others in each of its lanes: what `argsort` and the like return, applied.

    Shapes: x (..., n, ...), indices (..., m, ...) -> (..., m, ...), the other axes broadcast.

    >>> ag.take_along_axis(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), axis=1)
    array([[2.],
           [3.]])
    """
    return xp.take_along_axis(x, indices, axis)


@linear(
    transpose=[
        None,
        lambda xp, g, condition, x_aval, axis: _untake(
            g, x_aval, np.flatnonzero(condition), None if axis is None else axis, "raise"
        ),
    ],
    domain=_WIDE,
    examples=[
        Example(condition=np.array([True, False, True]), x=(3,)),
        Example(condition=np.array([False, True]), x=(2, 3), axis=1),
        Example(condition=np.array([0, 1]), x=(2, 3), axis=-2),
        Example(condition=np.array([True, False, True, True]), x=(2, 3)),
        Example(condition=np.array([True]), x=()),
        Example(condition=np.array([True, False]), x=(2, 0), axis=0),
    ],
    reference=np.compress,
    errors=[
        Raises(IndexingError, "out of bounds", condition=np.array([False, False, False, True]), x=(3,)),
        Raises(ShapeError, "axis 1 is out of bounds", condition=np.array([True]), x=(3,), axis=1),
        Raises(ShapeError, "1-d", condition=np.array([[True]]), x=(3,)),
    ],
)
def compress(xp, condition, x, /, axis=None):
    """The elements along an axis (None: of the flattened array) at which a condition holds.

    Shapes: condition (m,) with m up to n, x (..., n, ...) -> (..., how many hold, ...).

    >>> ag.compress([True, False, True], np.array([1.0, 2.0, 3.0]))
    array([1., 3.])
    """
    return xp.compress(condition, x, axis=axis)


@linear(
    transpose=[None, lambda g, condition, x_aval: _untake(g, x_aval, np.flatnonzero(condition), None, "raise")],
    domain=_WIDE,
    examples=[
        Example(condition=np.array([True, False, True]), x=(3,)),
        Example(condition=np.array([[1, 0, 2], [0, 0, 3]]), x=(2, 3)),
        Example(condition=np.array(True), x=()),
        Example(condition=np.zeros((0,), bool), x=(0,)),
    ],
    reference=np.extract,
    errors=[Raises(IndexingError, "out of bounds", condition=np.array([False, False, False, True]), x=(3,))],
)
def extract(xp, condition, x, /):
    """The elements at which a condition of the same size holds, both flattened.

    Shapes: condition (...), x (...) -> (how many hold,).

    >>> ag.extract(np.array([True, False]), np.array([1.0, 2.0]))
    array([1.])
    """
    return xp.extract(condition, x)


# --- among several arrays ---------------------------------------------------------------------------------------------


def choose(a, choices, mode="raise"):
    """For each element the one of several arrays that an index names; all are broadcast to one shape.

    `mode` says what an index outside is: an error ("raise"), counted round ("wrap"), or the nearest end ("clip").

    Shapes: a (...) of integers, choices [(...)] -> broadcast (...).

    >>> ag.choose([1, 0], [np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    array([3., 2.])
    """
    indices = np.asarray(value_of(a))
    if indices.dtype.kind not in "iub":
        raise DTypeError(f"choose: the indices must be integers, got {indices.dtype}")
    choices = [operand(c, "choose") for c in (choices if isinstance(choices, list | tuple) else list(choices))]
    if not choices:
        raise ShapeError("choose: there is nothing to choose from")
    try:
        shape = np.broadcast_shapes(indices.shape, *(c.shape for c in choices))
    except ValueError as error:
        raise ShapeError(f"choose: {error}") from None
    if mode not in ("raise", "wrap", "clip"):
        raise OptionError(f"choose: mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    if mode == "raise" and indices.size and not (indices.min() >= 0 and indices.max() < len(choices)):
        raise IndexingError(
            f"choose: the indices must be from 0 to {len(choices) - 1}, got {indices.min()} to {indices.max()}"
        )
    indices = np.broadcast_to(_inside(indices.astype(np.intp), len(choices), mode), shape)
    table = stack([broadcast_to(c, shape) for c in choices])
    return getitem(table, (indices, *np.indices(shape, sparse=True)))


@composed(
    name="choose",
    domain=_WIDE,
    examples=[
        Example(choices=[(3,), (3,)], a=np.array([1, 0, 1])),
        Example(choices=[(2, 3), (3,), ()], a=np.array([[2], [0]])),
        Example(choices=[(2,), (2,)], a=np.array([-1, 3]), mode="wrap"),
        Example(choices=[(2,), (2,), (2,)], a=np.array([-1, 3]), mode="clip"),
        Example(choices=[(), ()], a=np.array(1)),
        Example(choices=[(0,), (1,)], a=np.array(1)),
    ],
    reference=lambda choices, a, mode="raise": np.choose(a, choices, mode=mode),
    errors=[
        Raises(IndexingError, "from 0 to 1", choices=[(2,), (2,)], a=np.array([0, 2])),
        Raises(DTypeError, "must be integers", choices=[(2,), (2,)], a=np.array([0.5])),
        Raises(ShapeError, "broadcast", choices=[(2,), (3,)], a=np.array([0])),
        Raises(OptionError, "mode must be", choices=[(2,), (2,)], a=np.array([0]), mode="around"),
    ],
)
def _choose(choices, /, a, mode="raise"):
    return choose(a, choices, mode)


choose.op, _choose.__doc__ = _choose.op, choose.__doc__  # type: ignore[attr-defined]


def select(condlist, choicelist, default=0):
    """For each element that of the first array whose condition holds, or the default where none does.

    Nothing of an array that is not chosen reaches the gradient.

    Shapes: condlist [(...)] of booleans, choicelist [(...)], default (...) -> broadcast (...).

    >>> x = np.array([1.0, 2.0, 3.0])
    >>> ag.select([x < 2, x > 2], [x, 10 * x], default=-1.0)
    array([ 1., -1., 30.])
    """
    conditions, choices = [value_of(c) for c in condlist], list(choicelist)
    if len(conditions) != len(choices) or not choices:
        raise ShapeError(f"select: {len(conditions)} conditions for {len(choices)} choices; one for each is needed")
    for condition in conditions:
        if np.asarray(condition).dtype != bool:
            raise DTypeError(f"select: the conditions must be booleans, got {np.asarray(condition).dtype}")
    # Python numbers are weak; everything that could be the result has a say in its type, chosen or not
    dtype = np.result_type(
        *(c if isinstance(c, int | float) else operand(c, "select").dtype for c in [*choices, default])
    )
    out = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        out = where(condition, choice, out)
    return out if out.dtype == dtype else astype(out, dtype)


@composed(
    name="select",
    domain=_WIDE,
    examples=[
        Example(
            choicelist=[(3,), (3,)],
            default=(),
            condlist=[np.array([True, False, False]), np.array([True, True, False])],
        ),
        Example(choicelist=[(2, 1), (3,)], condlist=[np.array([True, False, False]), np.array([[True], [False]])]),
        Example(choicelist=[(), (2,)], default=(2,), condlist=[np.array(False), np.array([True, False])]),
        Example(choicelist=[(0,)], default=7.0, condlist=[np.array([True])]),
    ],
    reference=lambda choicelist, default=0, *, condlist: np.select(condlist, choicelist, default),
    errors=[
        Raises(ShapeError, "2 conditions for 1 choices", choicelist=[(2,)], condlist=[np.array([True, False])] * 2),
        Raises(DTypeError, "must be booleans", choicelist=[(2,)], condlist=[np.array([1, 0])]),
    ],
)
def _select(choicelist, default=0, /, *, condlist):
    return select(condlist, choicelist, default)


select.op, _select.__doc__ = _select.op, select.__doc__  # type: ignore[attr-defined]


def _halves(v):
    return 0.5 * v


def _cubes(v, scale=1.0):
    return scale * v * v * v


@composed(
    domain=Interval(-3, 3, away_from=[0]),
    examples=[
        Example(x=(3,), condlist=[np.array([True, False, True])], funclist=[_cubes, _halves]),
        Example(x=(2, 2), condlist=[np.array([[True, False], [False, False]])], funclist=[2.0, _halves]),
        Example(
            x=(3,),
            condlist=[np.array([True, False, True]), np.array([True, True, False])],
            funclist=[_halves, _cubes, 1],
        ),
        Example(x=(), condlist=[np.array(True)], funclist=[_cubes, 1.0]),
        Example(x=(3,), condlist=[np.array([True, False, True])], funclist=[_cubes], scale=2.0),
        Example(x=(0,), condlist=[np.zeros(0, bool)], funclist=[_cubes]),
    ],
    reference=np.piecewise,
    errors=[
        Raises(
            ShapeError,
            "1 conditions take 1 or 2 functions, got 3",
            x=(2,),
            condlist=[np.ones(2, bool)],
            funclist=[0, 1, 2],
        ),
        Raises(ShapeError, "shape", x=(2,), condlist=[np.ones(3, bool)], funclist=[1]),
    ],
)
def piecewise(x, /, condlist, funclist, **kw):
    """A function with several cases: each condition has a function of the elements at which it holds, or a number.

    One function more than there are conditions is for the elements at which none holds; without it, these give 0. Where
    several conditions hold, the last one counts. The functions are recorded, and get `kw` as keywords.

    Shapes: x (...), condlist [(...)] of the shape of x -> (...), in the type of x.

    >>> x = np.array([-1.0, 2.0])
    >>> ag.piecewise(x, [x < 0, x >= 0], [lambda v: -v, lambda v: v * v])
    array([1., 4.])
    """
    x = operand(x, "piecewise")
    one = np.isscalar(condlist) or not (isinstance(condlist[0], list) or np.ndim(condlist[0]) or not x.ndim)
    conditions = [np.asarray(value_of(c), bool) for c in ([condlist] if one else condlist)]
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    elif len(functions) != len(conditions):
        n = len(conditions)
        raise ShapeError(f"piecewise: {n} conditions take {n} or {n + 1} functions, got {len(functions)}")
    out = setitem(x, 0, ...)
    for condition, function in zip(conditions, functions, strict=True):
        if condition.shape != x.shape:
            raise ShapeError(f"piecewise: a condition has the shape {condition.shape}, and x has {x.shape}")
        if not callable(function):
            out = setitem(out, function, condition)
        elif condition.any():
            out = setitem(out, function(getitem(x, condition), **kw), condition)
    return out


# --- counting ---------------------------------------------------------------------------------------------------------


@linear(
    transpose=[None, lambda xp, g, x: xp.take(g, x)],
    domain=_WIDE,
    examples=[
        Example(x=np.array([0, 2, 2, 1]), weights=(4,)),
        Example(x=np.array([1, 1]), weights=(2,), minlength=4),
        Example(x=np.array([], int), weights=(0,)),
    ],
    # without any elements NumPy forgets the type of the weights
    reference=lambda x, weights, minlength=0: np.bincount(x, weights, minlength).astype(weights.dtype),
    errors=[
        Raises(ShapeError, "negative", x=np.array([-1]), weights=(1,)),
        Raises(ShapeError, "same length", x=np.array([1, 0]), weights=(1,)),
        Raises(DTypeError, "Cannot cast", x=np.array([0.5]), weights=(1,)),
    ],
)
def bincount(xp, x, weights=None, /, *, minlength=0):
    """The sum of the weights of all that have the number 0, 1, 2, ...; without weights, how many have it, a constant.

    Shapes: x (n,) of integers >= 0, weights (n,) -> (one more than the largest number, or minlength,).

    >>> ag.bincount([0, 2, 2], np.array([0.5, 1.0, 2.0]))
    array([0.5, 0. , 3. ])
    """
    out = xp.bincount(x, weights, minlength)
    own = weights is not None and is_differentiable(np.asarray(weights).dtype)
    return out.astype(np.asarray(weights).dtype, copy=False) if own else out
