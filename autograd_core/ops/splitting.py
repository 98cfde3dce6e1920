"""Arrays cut: into parts along an axis, into single slices, and with elements left out.

All are basic or integer indexing, whose transpose puts the cotangents back in their places.
"""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed
from .indexing import getitem
from .operands import operand, value_of
from .refusals import named
from .shape import moveaxis, ravel

_WIDE = Interval(-3, 3)
_UNEVEN = Raises(ShapeError, "does not divide into 2 equal sections", x=(5,), indices_or_sections=2)


def _along(axis, part):
    """The index of a part of one axis >= 0."""
    return (slice(None),) * axis + (part,)


def _place(who, axis, ndim):
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{who}: axis {axis} is out of bounds for an array with {ndim} axes")
    return axis % ndim


def _cut(who, x, indices_or_sections, axis, even=True):
    """The parts of x between cuts, or in so many sections, of equal lengths if `even`."""
    x = operand(x, who)
    axis = _place(who, axis, x.ndim)
    n = x.shape[axis]
    if np.ndim(indices_or_sections) == 0:
        sections = int(indices_or_sections)
        if sections < 1:
            raise OptionError(f"{who}: at least one section is needed, got {sections}")
        if even and n % sections:
            raise ShapeError(
                f"{who}: axis {axis} of length {n} does not divide into {sections} equal sections; "
                "give the indices to cut at instead, or use array_split"
            )
        length, longer = divmod(n, sections)
        cuts = [i * length + min(i, longer) for i in range(1, sections)]
    else:
        cuts = [int(i) for i in value_of(indices_or_sections)]
    return [getitem(x, _along(axis, slice(a, b))) for a, b in zip([0, *cuts], [*cuts, n], strict=True)]


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(4, 3), indices_or_sections=2),
        Example(x=(2, 5), indices_or_sections=(1, 3), axis=1),
        Example(x=(2, 5), indices_or_sections=np.array([3, 1, -1, 9]), axis=-1),
        Example(x=(2,), indices_or_sections=[1]),
        Example(x=(0, 2), indices_or_sections=2),
    ],
    reference=np.split,
    errors=[
        _UNEVEN,
        Raises(OptionError, "at least one section", x=(5,), indices_or_sections=0),
        Raises(ShapeError, "axis 1 is out of bounds", x=(4,), indices_or_sections=2, axis=1),
    ],
)
def split(x, /, indices_or_sections, axis=0):
    """Cut along an axis, into so many equal sections or before the given indices; a list.

    Shapes: x (..., n, ...) -> [(..., n_i, ...)].

    >>> [part.shape for part in ag.split(np.ones(4), 2)]
    [(2,), (2,)]
    """
    return _cut("split", x, indices_or_sections, axis)


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(5, 2), indices_or_sections=3),
        Example(x=(2, 4), indices_or_sections=[1], axis=1),
        Example(x=(2, 2), indices_or_sections=3, axis=-1),
        Example(x=(0,), indices_or_sections=2),
    ],
    reference=np.array_split,
    errors=[Raises(OptionError, "at least one section", x=(5,), indices_or_sections=0)],
)
def array_split(x, /, indices_or_sections, axis=0):
    """Cut along an axis, as `split`; sections that cannot be equal differ by one, the longer ones first.

    Shapes: x (..., n, ...) -> [(..., n_i, ...)].

    >>> ag.array_split(np.arange(3), 2)
    [array([0, 1]), array([2])]
    """
    return _cut("array_split", x, indices_or_sections, axis, even=False)


@composed(
    domain=_WIDE,
    examples=[Example(x=(4, 2), indices_or_sections=2), Example(x=(0, 2), indices_or_sections=[1])],
    reference=np.vsplit,
    errors=[Raises(ShapeError, "at least 2 axes", x=(4,), indices_or_sections=2)],
)
def vsplit(x, /, indices_or_sections):
    """Cut into parts one below the other, along the first axis.

    Shapes: x (n, m, ...) -> [(n_i, m, ...)].

    >>> [part.shape for part in ag.vsplit(np.ones((4, 3)), 2)]
    [(2, 3), (2, 3)]
    """
    return _cut("vsplit", _with_at_least("vsplit", x, 2), indices_or_sections, 0)


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(2, 4), indices_or_sections=2),
        Example(x=(3,), indices_or_sections=[1]),
        Example(x=(0,), indices_or_sections=2),
    ],
    reference=np.hsplit,
    errors=[Raises(ShapeError, "at least 1 axes", x=(), indices_or_sections=2)],
)
def hsplit(x, /, indices_or_sections):
    """Cut into parts side by side, along the second axis; a vector along its only one.

    Shapes: x (k, n, ...) -> [(k, n_i, ...)].

    >>> [part.shape for part in ag.hsplit(np.ones((2, 4)), 2)]
    [(2, 2), (2, 2)]
    """
    x = _with_at_least("hsplit", x, 1)
    return _cut("hsplit", x, indices_or_sections, 1 if x.ndim > 1 else 0)


@composed(
    domain=_WIDE,
    examples=[Example(x=(2, 1, 4), indices_or_sections=2), Example(x=(2, 0, 3), indices_or_sections=[1])],
    reference=np.dsplit,
    errors=[Raises(ShapeError, "at least 3 axes", x=(2, 2), indices_or_sections=2)],
)
def dsplit(x, /, indices_or_sections):
    """Cut into parts one behind the other, along the third axis.

    Shapes: x (k, m, n, ...) -> [(k, m, n_i, ...)].

    >>> [part.shape for part in ag.dsplit(np.ones((2, 3, 4)), 2)]
    [(2, 3, 2), (2, 3, 2)]
    """
    return _cut("dsplit", _with_at_least("dsplit", x, 3), indices_or_sections, 2)


def _with_at_least(who, x, ndim):
    x = operand(x, who)
    if x.ndim < ndim:
        raise ShapeError(f"{who}: an array with at least {ndim} axes is needed, got shape {x.shape}")
    return x


@composed(
    domain=_WIDE,
    examples=[Example(x=(2, 3)), Example(x=(2, 3), axis=-1), Example(x=(2, 0), axis=0)],
    reference=lambda x, axis=0: list(np.moveaxis(x, axis, 0)),
    errors=[
        Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), axis=2),
        Raises(ShapeError, "axis 0 is out of bounds", x=()),
    ],
)
def unstack(x, /, *, axis=0):
    """Cut into single slices, without the axis; a tuple. The opposite of `stack`.

    Shapes: x (..., n, ...) -> ((...), n times).

    >>> ag.unstack(np.array([[1, 2], [3, 4]]))
    (array([1, 2]), array([3, 4]))
    """
    x = operand(x, "unstack")
    slices = moveaxis(x, _place("unstack", axis, x.ndim), 0)
    return tuple(getitem(slices, i) for i in range(slices.shape[0]))


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(3,), obj=1),
        Example(x=(2, 3), obj=-1, axis=1),
        Example(x=(2, 3), obj=[0, 4]),
        Example(x=(3, 2), obj=[0, -1, 0], axis=-2),
        Example(x=(2, 4), obj=slice(0, 4, 2), axis=1),
        Example(x=(3,), obj=np.array([True, False, True])),
        Example(x=(3,), obj=[]),
        Example(x=(0, 2), obj=[1], axis=1),
    ],
    reference=np.delete,
    errors=[
        Raises(ShapeError, "axis 1 is out of bounds", x=(3,), obj=0, axis=1),
    ],
)
def delete(x, /, obj, axis=None):
    """Without the elements that obj (a number, numbers, a slice or a mask) names along an axis (None: flattened).

    Shapes: x (..., n, ...) -> (..., n - m, ...).

    >>> ag.delete(np.array([1, 2, 3]), 1)
    array([1, 3])
    """
    x = operand(x, "delete")
    if axis is None:
        x, axis = ravel(x), 0
    axis = _place("delete", axis, x.ndim)
    with named("delete"):
        kept = np.delete(np.arange(x.shape[axis]), value_of(obj))
    return getitem(x, _along(axis, kept))


@composed(
    domain=Interval(-3, 3, away_from=[0]),
    examples=[
        Example(x=(3,)),
        Example(x=(2, 3), trim="f"),
        Example(x=(2, 3), trim="B", axis=1),
        Example(x=(2, 3), axis=(0, -1)),
        Example(x=(0,)),
    ],
    reference=np.trim_zeros,
    errors=[
        Raises(OptionError, "trim must be", x=(3,), trim="x"),
        Raises(ShapeError, "axis 1 is out of bounds", x=(3,), axis=1),
    ],
)
def trim_zeros(x, /, trim="fb", axis=None):
    """Without the zeros in front (f), behind (b), or both, along all axes or those listed.

    Which elements are zeros is decided by the values, and has no derivative.

    Shapes: x (n, ...) -> (n or less, ...).

    >>> ag.trim_zeros(np.array([0, 1, 0, 2, 0]))
    array([1, 0, 2])
    """
    x = operand(x, "trim_zeros")
    sides = str(trim).lower()
    if sides not in ("fb", "bf", "f", "b"):
        raise OptionError(f"trim_zeros: trim must be 'f', 'b' or 'fb', got {trim!r}")
    listed = range(x.ndim) if axis is None else axis if np.iterable(axis) else (axis,)
    axes = {_place("trim_zeros", a, x.ndim) for a in listed}
    places = np.argwhere(value_of(x))
    first, last = (places.min(0), places.max(0) + 1) if len(places) else (np.zeros(x.ndim, int),) * 2
    whole = not len(places)  # then nothing is left, whichever side is asked for
    return getitem(
        x,
        tuple(
            slice(int(first[a]) if "f" in sides or whole else None, int(last[a]) if "b" in sides or whole else None)
            if a in axes
            else slice(None)
            for a in range(x.ndim)
        ),
    )
