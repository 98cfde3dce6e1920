"""Calculus on sampled functions: differences, numerical gradients, integrals, unwrapping of angles.

All but the unwrapping are sums of products of what they are given, and are composed of these. So whatever is given may
carry a gradient: samples, their places, and what is put before or after them.
"""

from math import pi

import numpy as np

from ..errors import DTypeError, OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises
from ..op import composed, general
from .arithmetic import multiply, subtract
from .creation import alias, astype
from .indexing import getitem
from .joining import concatenate
from .operands import is_weak, like, operand, share_record, value_of
from .reduction import sum
from .selection import not_equal
from .shape import broadcast_to, ravel, reshape

_WIDE = Interval(-3, 3)


def _along(axis, part):
    """The index of a part (a slice or a number) of one axis >= 0."""
    return (slice(None),) * axis + (part,)


def _place(who, axis, ndim):
    """The axis as a number >= 0; refuses one that is not there."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{who}: axis {axis} is out of bounds for an array with {ndim} axes")
    return axis % ndim


# --- differences ------------------------------------------------------------------------------------------------------


def diff(a, /, n=1, axis=-1, prepend=None, append=None):
    """Differences of neighbours along an axis, ``a[1:] - a[:-1]``, taken n times; of booleans, whether they differ.

    What stands in `prepend` and `append` is joined on first, and has derivatives too; a number counts as one element.

    Shapes: a (..., m, ...) -> (..., m - n, ...); prepend and append as a but for their length along the axis.

    >>> ag.diff(np.array([1.0, 4.0, 9.0]))
    array([3., 5.])
    """
    a = operand(a, "diff")
    if n < 0:
        raise OptionError(f"diff: the order n must not be negative, got {n}")
    if n == 0:
        return alias(a)
    if not a.ndim:
        raise ShapeError("diff: an array with at least one axis is needed, got a single number")
    axis = _place("diff", axis, a.ndim)
    pieces = [_joined(prepend, a, axis), a, _joined(append, a, axis)]
    pieces = [piece for piece in pieces if piece is not None]
    if len(pieces) > 1:
        a = concatenate(pieces, axis)
    minus = not_equal if a.dtype == np.bool_ else subtract
    for _ in range(n):
        a = minus(getitem(a, _along(axis, slice(1, None))), getitem(a, _along(axis, slice(None, -1))))
    return a


def _joined(piece, a, axis):
    """What stands before or after a, with the axes of a."""
    if piece is None or piece is np._NoValue:
        return None
    if is_weak(piece):
        piece = np.asarray(piece, np.result_type(a.dtype, piece))
    piece = operand(piece, "diff")
    return piece if piece.ndim else broadcast_to(piece, (*a.shape[:axis], 1, *a.shape[axis + 1 :]))


@composed(
    name="diff",
    domain=_WIDE,
    examples=[
        Example(a=(4,)),
        Example(a=(2, 4), n=2),
        Example(a=(3, 2), n=1, axis=0),
        Example(a=(2, 3, 2), n=3, axis=-2),
        Example(a=(2, 3), n=0),
        Example(a=(0, 3), axis=1),
        Example(a=(3,), prepend=()),
        Example(a=(2, 3), prepend=None, append=(2, 2), axis=1),
        Example(a=(2, 3), prepend=(1, 3), append=(), n=2, axis=0),
    ],
    reference=lambda a, prepend=None, append=None, n=1, axis=-1: np.diff(
        a, n, axis, np._NoValue if prepend is None else prepend, np._NoValue if append is None else append
    ),
    errors=[
        Raises(OptionError, "must not be negative", a=(3,), n=-1),
        Raises(ShapeError, "a single number", a=()),
        Raises(ShapeError, "axis 1 is out of bounds", a=(3,), axis=1),
        Raises(ShapeError, "must match exactly", a=(2, 3), prepend=(3, 1)),
    ],
)
def _diff(a, prepend=None, append=None, /, n=1, axis=-1):
    return diff(a, n, axis, prepend, append)


share_record(diff, _diff)


def ediff1d(a, /, to_end=None, to_begin=None):
    """Differences of neighbours in the flattened array, with `to_begin` before them and `to_end` behind.

    Both have derivatives too, and take the type of a.

    Shapes: a (m elements), to_end (k elements), to_begin (l elements) -> (l + m - 1 + k,).

    >>> ag.ediff1d(np.array([1.0, 4.0, 9.0]), to_begin=0.0)
    array([0., 3., 5.])
    """
    a = ravel(operand(a, "ediff1d"))
    inner = subtract(a[1:], a[:-1])
    pieces = [_cast("to_begin", to_begin, a.dtype), inner, _cast("to_end", to_end, a.dtype)]
    pieces = [piece for piece in pieces if piece is not None]
    return concatenate(pieces) if len(pieces) > 1 else inner


def _cast(name, piece, dtype):
    """What stands before or after the differences, flat and in their type."""
    if piece is None:
        return None
    weak = is_weak(piece)
    piece = operand(piece, "ediff1d")
    if not np.can_cast(np.result_type(dtype, piece.dtype) if weak else piece.dtype, dtype, "same_kind"):
        raise DTypeError(f"ediff1d: {name} of type {piece.dtype} does not go into the type {dtype} of the differences")
    return astype(ravel(piece), dtype)


@composed(
    name="ediff1d",
    domain=_WIDE,
    examples=[
        Example(a=(4,)),
        Example(a=(2, 3)),
        Example(a=(0,)),
        Example(a=(3,), to_end=(2,)),
        Example(a=(3,), to_end=None, to_begin=()),
        Example(a=(2, 2), to_end=(), to_begin=(1, 2)),
    ],
    reference=np.ediff1d,
    errors=[Raises(DTypeError, "to_end of type float64 does not go", a=np.arange(3), to_end=(1,))],
)
def _ediff1d(a, to_end=None, to_begin=None, /):
    return ediff1d(a, to_end, to_begin)


share_record(ediff1d, _ediff1d)


# --- numerical gradients ----------------------------------------------------------------------------------------------


def gradient(f, /, *spacing, axis=None, edge_order=1):
    """Derivative of a sampled function along each axis: central differences inside, one-sided ones at the edges.

    `spacing` is nothing (distances of 1), one distance for all axes, or for each axis a distance or the coordinates of
    its samples. Distances and coordinates have derivatives too. With edge_order=2 the edges are of second order.

    Shapes: f (n0, n1, ...) -> as f, or a tuple of such for several axes; coordinates (n_axis,).

    >>> ag.gradient(np.array([1.0, 4.0, 9.0]), 2.0)
    array([1.5, 2. , 2.5])
    """
    f = like(operand(f, "gradient"), *spacing)
    if f.dtype.kind != "f":
        f = astype(f, np.float64)
    if edge_order not in (1, 2):
        raise OptionError(f"gradient: edge_order must be 1 or 2, got {edge_order}")
    listed = range(f.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    axes = [_place("gradient", a, f.ndim) for a in listed]
    if len(set(axes)) < len(axes):
        raise ShapeError(f"gradient: an axis is named twice: {axis}")
    if not spacing:
        spacing = (1.0,) * len(axes)
    elif len(spacing) == 1 and np.ndim(value_of(spacing[0])) == 0:
        spacing = spacing * len(axes)
    if len(spacing) != len(axes):
        raise OptionError(
            f"gradient: {len(axes)} axes need no spacing, one distance, or {len(axes)}; got {len(spacing)}"
        )
    found = tuple(_slopes(f, h, a, edge_order) for h, a in zip(spacing, axes, strict=True))
    return found[0] if len(found) == 1 else found


def _slopes(f, spacing, axis, edge_order):
    """The derivative along one axis."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ShapeError(
            f"gradient: axis {axis} has length {n}; edge_order={edge_order} needs {edge_order + 1} samples"
        )

    def at(start, stop=None):
        return getitem(f, _along(axis, slice(start, stop)))

    if is_weak(spacing) or np.ndim(value_of(spacing)) == 0:
        h = spacing if is_weak(spacing) else operand(spacing, "gradient")
        inside = (at(2) - at(0, -2)) / (2.0 * h)
        first, last = (at(1, 2) - at(0, 1)) / h, (at(-1) - at(-2, -1)) / h
        if edge_order == 2:
            first = (4.0 * at(1, 2) - 3.0 * at(0, 1) - at(2, 3)) / (2.0 * h)
            last = (at(-3, -2 if n > 2 else None) - 4.0 * at(-2, -1) + 3.0 * at(-1)) / (2.0 * h)
        return concatenate([first, inside, last], axis)
    steps = reshape(_distances(spacing, n), (-1,) + (1,) * (f.ndim - 1 - axis))
    # In terms of the slopes between neighbours the formulas of second order are weighted means of two of them.
    slopes = (at(1) - at(0, -1)) / steps
    before, after = getitem(slopes, _along(axis, slice(None, -1))), getitem(slopes, _along(axis, slice(1, None)))
    share = steps[:-1] / (steps[:-1] + steps[1:])
    inside = before + (after - before) * share
    first, last = getitem(slopes, _along(axis, slice(0, 1))), getitem(slopes, _along(axis, slice(-1, None)))
    if edge_order == 2:
        bend = after - before
        first = first - getitem(bend, _along(axis, slice(0, 1))) * share[:1]
        last = last + getitem(bend, _along(axis, slice(-1, None))) * (1.0 - share[-1:])
    return concatenate([first, inside, last], axis)


def _distances(coordinates, n):
    """The distances between neighbours from their coordinates, in floating point numbers."""
    x = operand(coordinates, "gradient")
    if x.ndim != 1 or len(x) != n:
        raise ShapeError(f"gradient: coordinates must have shape ({n},), one for each sample; got {x.shape}")
    x = x if x.dtype.kind == "f" else astype(x, np.float64)
    return x[1:] - x[:-1]


@composed(
    name="gradient",
    domain={"f": _WIDE, "spacing": Distinct(0.5, 5, margin=0.5)},
    examples=[
        Example(f=(4,)),
        Example(f=(2,)),
        Example(f=(3, 4)),
        Example(f=(3, 4), axis=-1),
        Example(f=(3, 2, 4), axis=(0, -1)),
        Example(f=(3, 4), edge_order=2),
        Example(f=(4, 3), spacing=[()]),
        Example(f=(4, 3), spacing=[(), ()], edge_order=2),
        Example(f=(4, 3), spacing=[(4,), ()]),
        Example(f=(4,), spacing=[(4,)], edge_order=2),
        Example(f=(3, 5), spacing=[(5,)], axis=1, edge_order=2),
        Example(f=(2, 3), spacing=[(2,), (3,)], axis=(0, 1)),
        Example(f=(0, 3), axis=1),
    ],
    reference=lambda f, spacing=(), axis=None, edge_order=1: np.gradient(f, *spacing, axis=axis, edge_order=edge_order),
    errors=[
        Raises(OptionError, "edge_order must be 1 or 2", f=(4,), edge_order=3),
        Raises(ShapeError, "needs 3 samples", f=(2,), edge_order=2),
        Raises(OptionError, "2 axes need no spacing, one distance, or 2; got 3", f=(2, 2), spacing=[(), (), ()]),
        Raises(ShapeError, r"must have shape \(4,\)", f=(4,), spacing=[(3,)]),
        Raises(ShapeError, "axis 1 is out of bounds", f=(4,), axis=1),
        Raises(ShapeError, "named twice", f=(4, 4), axis=(0, -2)),
    ],
)
def _gradient(f, spacing=(), /, axis=None, edge_order=1):
    return gradient(f, *spacing, axis=axis, edge_order=edge_order)


share_record(gradient, _gradient)


# --- integrals --------------------------------------------------------------------------------------------------------


def trapezoid(y, /, x=None, dx=1.0, axis=-1):
    """Integral of a sampled function along an axis by the trapezoidal rule, with derivatives in y, x and dx.

    Shapes: y (..., n, ...), x (n,) or broadcast with y, or None for samples at a distance dx -> (...).

    >>> float(ag.trapezoid(np.array([1.0, 2.0, 3.0])))
    4.0
    """
    y = operand(y, "trapezoid")
    axis = _place("trapezoid", axis, y.ndim)
    step = dx if is_weak(dx) else operand(dx, "trapezoid")
    if x is not None:
        x = operand(x, "trapezoid")
        if x.ndim == 1 and len(x) != y.shape[axis]:
            raise ShapeError(f"trapezoid: axis {axis} of y has {y.shape[axis]} samples, x has {len(x)} places")
        step = diff(x, axis=-1 if x.ndim == 1 else axis - y.ndim)
        if x.ndim == 1:
            step = reshape(step, (-1,) + (1,) * (y.ndim - 1 - axis))
    pairs = getitem(y, _along(axis, slice(1, None))) + getitem(y, _along(axis, slice(None, -1)))
    return sum(multiply(step, pairs) / 2.0, axis)


@composed(
    name="trapezoid",
    domain=_WIDE,
    examples=[
        Example(y=(4,)),
        Example(y=(3, 4), dx=0.5),
        Example(y=(3, 2), axis=0),
        Example(y=(4,), x=(4,)),
        Example(y=(3, 2, 2), x=(3,), axis=-3),
        Example(y=(2, 3), x=(2, 3)),
        Example(y=(2, 3), x=(2, 1), axis=0),
        Example(y=(0, 3)),
        Example(y=(1,)),
    ],
    reference=np.trapezoid,
    errors=[
        Raises(ShapeError, "axis 1 is out of bounds", y=(3,), axis=1),
        Raises(ShapeError, "axis 0 of y has 3 samples, x has 4 places", y=(3,), x=(4,)),
        Raises(ShapeError, "do not broadcast", y=(3, 2), x=(4, 2), axis=0),
    ],
)
def _trapezoid(y, x=None, /, dx=1.0, axis=-1):
    return trapezoid(y, x, dx, axis)


share_record(trapezoid, _trapezoid)


# --- angles -----------------------------------------------------------------------------------------------------------


@general(
    vjps=[lambda g: g],  # what is added are whole periods, which do not change with p
    domain=Distinct(-4.5, 4.5, margin=0.9),  # differences far from odd multiples of half a period, where it jumps
    examples=[
        Example(p=(4,)),
        Example(p=(2, 3), axis=0),
        Example(p=(2, 4), discont=4.0),
        Example(p=(2, 2, 2), axis=1, period=4),
        Example(p=(0, 3)),
    ],
    reference=np.unwrap,
    errors=[Raises(ShapeError, "at least one dimensional", p=())],
)
def unwrap(xp, p, /, discont=None, axis=-1, *, period=2 * pi):
    """Angles without jumps: whole periods are added so that neighbours differ by less than half a period.

    Only jumps of at least `discont` (half a period if None) are removed. The derivative is 1.

    Shapes: p (..., n, ...) -> (..., n, ...).

    >>> ag.unwrap(np.array([0.0, 3.0, 6.0, 1.0]), period=8)
    array([0., 3., 6., 9.])
    """
    return xp.unwrap(p, discont, axis, period=period)
