"""Putting elements in order: sorting, the orders themselves, and elements without repetition.

A sorted array is a permutation of its argument, and so is its cotangent. Elements that are equal could be permuted in
any way; they share their cotangents evenly, as for maxima and medians: ``sort(x)[0]`` has the gradient of ``min(x)``.
The orders are integers, which have no derivative.
"""

import numpy as np

from ..engine import Variable, constant
from ..errors import ShapeError
from ..examples import Distinct, Example, Raises, Subgradient
from ..op import composed, general
from .axes import BAD_AXIS
from .indexing import getitem, scatter_add
from .operands import operand, value_of
from .shape import ravel
from .taking import take


def _flat(xp, x, axis):
    """x as an array with the axis to go along: itself, or flat without one."""
    x = xp.asarray(x)
    return (x.reshape(-1), 0) if axis is None else (x, axis)


def _unsorted(xp, g, order, axis):
    """What is in order, back in the places where the order found it."""
    return xp.take_along_axis(g, np.argsort(order, axis=axis), axis)


def _even(xp, g, values, axis):
    """The cotangents of sorted values, with equal shares for equal values."""
    values = np.moveaxis(values, axis, -1)
    if values.shape[-1] < 2:
        return g
    new = np.ones(values.shape, bool)
    new[..., 1:] = (values[..., 1:] != values[..., :-1]) & (values[..., :-1] == values[..., :-1])  # NaNs are one group
    if new.all():
        return g
    group = np.cumsum(new).reshape(values.shape) - 1  # lanes start with a group of their own
    members = np.bincount(group.ravel())
    moved = xp.moveaxis(g, axis, -1)
    totals = scatter_add(moved, group, members.shape)
    shares = totals / members.astype(g.dtype)
    return xp.moveaxis(xp.take(shares, group), -1, axis)


def _unsort(xp, g, x_aval, out, aux, axis):
    along = 0 if axis is None else axis
    if not aux.ndim:
        return g
    return xp.reshape(_unsorted(xp, _even(xp, g, value_of(out), along), aux, along), x_aval.shape)


def _unpartition(xp, g, x_aval, out, aux, axis):
    along = 0 if axis is None else axis
    out = value_of(out)
    order = np.argsort(out, axis=along)
    ranked = _even(xp, xp.take_along_axis(g, order, along), np.take_along_axis(out, order, along), along)
    return xp.reshape(_unsorted(xp, _unsorted(xp, ranked, order, along), aux, along), x_aval.shape)


_AXES = [
    Example(x=(4,)),
    Example(x=(2, 3)),
    Example(x=(2, 3), axis=0),
    Example(x=(2, 3, 2), axis=-2),
    Example(x=(2, 3), axis=None),
    Example(x=(), axis=None),
    Example(x=(0, 2), axis=0),
]
_KINDS = [Example(x=(4,), kind="stable"), Example(x=(3,), stable=True)]
_TIES = [
    Subgradient({"x": np.array([2.0, 1.0, 1.0])}, {"x": np.ones(3)}, "a permutation, whichever"),
]


def _order_of(xp, x, axis, kind, stable):
    return xp.argsort(x, axis=axis, **({"kind": kind} if stable is None else {"stable": stable}))


@general(
    vjps=[_unsort],
    aux=True,
    domain=Distinct(),
    examples=[*_AXES, *_KINDS],
    reference=np.sort,
    errors=[
        BAD_AXIS,
        Raises(ShapeError, "axis -1 is out of bounds", x=()),
        Raises(ShapeError, "kind", x=(2,), kind="bubble"),
    ],
    subgradients=_TIES,
)
def sort(xp, x, /, axis=-1, kind=None, *, stable=None):
    """The elements in ascending order along an axis (None: of the flattened array), NaNs last.

    Elements that are equal share their gradients evenly. `kind` and `stable` change the time it takes, nothing else.

    Shapes: x (...) -> (...); flat without an axis.

    >>> ag.sort(np.array([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    x, axis = _flat(xp, x, axis)
    order = _order_of(xp, x, axis, kind, stable)
    return xp.take_along_axis(x, order, axis), order


@general(
    vjps=[None],
    domain=Distinct(),
    examples=[*_AXES, *_KINDS],
    reference=np.argsort,
    errors=[BAD_AXIS, Raises(ShapeError, "kind", x=(2,), kind="bubble")],
)
def argsort(xp, x, /, axis=-1, kind=None, *, stable=None):
    """The indices that put the elements along an axis in ascending order; constants, for `take_along_axis`.

    Shapes: x (...) -> (...) of integers; flat without an axis.

    >>> ag.argsort(np.array([3.0, 1.0, 2.0]))
    array([1, 2, 0])
    """
    x, axis = _flat(xp, x, axis)
    return _order_of(xp, x, axis, kind, stable)


_PARTED = [
    Example(x=(3,), kth=1),  # all places are determined here, as in the others
    Example(x=(2, 3), kth=-1, axis=0),
    Example(x=(2, 4), kth=(0, 2)),
    Example(x=(2, 3), kth=(1, 3, 4), axis=None),
    Example(x=(0, 2), kth=0),
]
_BAD_AXIS_OF_PARTS = Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), kth=0, axis=2)
_NOT_THERE = Raises(ShapeError, r"kth\(=3\) out of bounds", x=(3,), kth=3)


@general(
    vjps=[_unpartition],
    aux=True,
    domain=Distinct(),
    examples=_PARTED,
    reference=np.partition,
    errors=[_BAD_AXIS_OF_PARTS, _NOT_THERE],
)
def partition(xp, x, /, kth, axis=-1):
    """The elements along an axis with the kth one where sorting would put it, smaller ones before it, larger behind.

    `kth` may be several places. Elements that are equal share their gradients evenly.

    Shapes: x (...) -> (...); flat without an axis.

    >>> float(ag.partition(np.array([3.0, 1.0, 2.0]), 0)[0])
    1.0
    """
    x, axis = _flat(xp, x, axis)
    order = xp.argpartition(x, kth, axis)
    return xp.take_along_axis(x, order, axis), order


@general(
    vjps=[None], domain=Distinct(), examples=_PARTED, reference=np.argpartition, errors=[_BAD_AXIS_OF_PARTS, _NOT_THERE]
)
def argpartition(xp, x, /, kth, axis=-1):
    """The indices that part the elements along an axis as `partition` does; constants.

    Shapes: x (...) -> (...) of integers; flat without an axis.

    >>> int(ag.argpartition(np.array([3.0, 1.0, 2.0]), 0)[0])
    1
    """
    return xp.argpartition(*_flat(xp, x, axis)[:1], kth, 0 if axis is None else axis)


@general(
    vjps=[None, None],
    domain=Distinct(),
    examples=[
        Example(a=np.array([1.0, 2.0, 2.0, 3.0]), v=(2, 3)),
        Example(a=np.array([0.0, 0.5, 1.0]), v=(20,), side="right"),
        Example(a=np.array([1.0, 0.0, 0.5]), v=(), sorter=np.array([1, 2, 0])),
        Example(a=np.array([0.0]), v=(0,)),
    ],
    reference=lambda a, v, side="left", sorter=None: np.searchsorted(a, v, side, sorter),
    errors=[Raises(ShapeError, "side", a=(2,), v=(), side="middle")],
)
def searchsorted(xp, a, v, /, side="left", sorter=None):
    """The places at which numbers would have to be put into a sorted array to keep it sorted; constants.

    Equal numbers are put before those that are there (`side` "left") or behind them ("right"). `sorter` is the order
    of an a that is not sorted.

    Shapes: a (n,), v (...) -> (...) of integers.

    >>> int(ag.searchsorted(np.array([1.0, 2.0, 3.0]), 2.5))
    2
    """
    return xp.searchsorted(a, v, side, value_of(sorter))


@composed(
    domain=Distinct(),
    examples=[
        Example(ar=(4,)),
        Example(ar=(2, 3)),
        Example(ar=(3, 2), axis=0),
        Example(ar=(2, 3), axis=-1),
        Example(ar=(0,)),
        Example(ar=(2,), equal_nan=False, sorted=True),
    ],
    reference=lambda ar, axis=None, equal_nan=True, sorted=True: np.unique(ar, axis=axis, equal_nan=equal_nan),
    errors=[Raises(ShapeError, "axis 2 is out of bounds", ar=(2, 3), axis=2)],
)
def unique(
    ar, /, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True, sorted=True
):
    """The different elements in ascending order; or, along an axis, the different slices.

    Elements that are equal share the gradient evenly; of slices that are equal the first one gets it. On request a
    tuple, with the indices of the first occurrences, those that build ar again, and the counts, which are constants.

    Shapes: ar (...) -> (how many,), or (..., how many, ...) with an axis.

    >>> ag.unique(np.array([2.0, 1.0, 2.0]))
    array([1., 2.])
    """
    ar = operand(ar, "unique")
    if axis is not None and not -ar.ndim <= axis < ar.ndim:
        raise ShapeError(f"unique: axis {axis} is out of bounds for an array with {ar.ndim} axes")
    _, first, *rest = np.unique(value_of(ar), True, return_inverse, return_counts, axis, equal_nan=equal_nan)
    if axis is not None:
        values = take(ar, first, axis)
    else:
        ordered = sort(ravel(ar))
        values = getitem(ordered, np.unique(value_of(ordered), True, equal_nan=equal_nan)[1])
    facts = [*([first] if return_index else []), *rest]
    if isinstance(ar, Variable):
        facts = [constant(ar.result_class, fact) for fact in facts]
    return (values, *facts) if facts else values
