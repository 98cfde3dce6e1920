"""Moving elements without changing them: shapes, axes, joining, cutting, padding, repeating.

All are linear, so each one's derivative is its transpose.
"""

from math import prod

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..layout import reshape_batch
from ..op import composed, linear
from .indexing import scatter_add

_WIDE = Interval(-3, 3)


def _inverse(axes):
    return tuple(int(i) for i in np.argsort([a % len(axes) for a in axes]))


@linear(
    transpose=lambda g, x_aval: reshape(g, x_aval.shape),
    views=True,
    domain=_WIDE,
    examples=[
        Example(x=(2, 6), shape=(3, 4)),
        Example(x=(2, 6), shape=(2, 3, -1)),
        Example(x=(2, 3), shape=-1),
        Example(x=(0, 3), shape=(3, 0)),
        Example(x=(), shape=(1, 1)),
        Example(x=(2, 3, 2), shape=(-1, 2)),
    ],
    reference=lambda x, shape: x.reshape(shape),
    errors=[Raises(ShapeError, "cannot reshape", x=(2, 3), shape=(4,))],
)
def reshape(xp, x, /, shape):
    """The same elements, in C order, in another shape; one length may be -1 and is then worked out.

    Shapes: x (...) -> shape.

    >>> ag.reshape(np.arange(4.0), (2, 2))
    array([[0., 1.],
           [2., 3.]])
    """
    x = xp.asarray(x)
    if isinstance(shape, tuple) and len(shape) > 1 and x.ndim > 1 and shape[0] == x.shape[0]:
        return reshape_batch(x, shape)
    return x.reshape(shape)


@composed(domain=_WIDE, examples=[Example(x=(2, 3)), Example(x=()), Example(x=(0, 2))], reference=np.ravel)
def ravel(x, /):
    """All elements in C order along one axis.

    Shapes: x (...) -> (size,).

    >>> ag.ravel(np.ones((1, 2)))
    array([1., 1.])
    """
    return reshape(x, -1) if np.size(x) else reshape(x, (0,))


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


def _along(axis, ndim, start, stop):
    """The index of a range along one axis."""
    return (slice(None),) * (axis % ndim) + (slice(start, stop),)


def _piece(xp, g, position, arrays_aval, axis):
    """The part of the cotangent that belongs to the array at this position."""
    if axis is None:
        start = sum(prod(a.shape) for a in arrays_aval[:position])
        own = arrays_aval[position]
        return xp.reshape(g[start : start + prod(own.shape)], own.shape).astype(own.dtype)
    start = sum(a.shape[axis] for a in arrays_aval[:position])
    own = arrays_aval[position]
    return g[_along(axis, len(own.shape), start, start + own.shape[axis])].astype(own.dtype)


@linear(
    transpose=_piece,
    variadic=True,
    domain=_WIDE,
    examples=[
        Example(arrays=[(2, 3), (1, 3)]),
        Example(arrays=[(2, 3), (2, 0), (2, 1)], axis=-1),
        Example(arrays=[(2,)]),
        Example(arrays=[(2, 2), (3,)], axis=None),
    ],
    reference=np.concatenate,
    errors=[
        Raises(ShapeError, "must match exactly", arrays=[(2, 3), (2, 2)]),
        Raises(ShapeError, "need at least one array", arrays=[]),
    ],
)
def concatenate(xp, arrays, /, axis=0):
    """Joined end to end along an existing axis (None: each one flattened).

    Shapes: arrays [(..., n_i, ...)] -> (..., sum of n_i, ...).

    >>> ag.concatenate([np.ones(1), np.zeros(2)])
    array([1., 0., 0.])
    """
    return xp.concatenate(arrays, axis=axis)


@linear(
    transpose=lambda xp, g, position, arrays_aval, axis: g[(slice(None),) * (axis % g.ndim) + (position,)].astype(
        arrays_aval[position].dtype
    ),
    variadic=True,
    domain=_WIDE,
    examples=[Example(arrays=[(2, 3), (2, 3)]), Example(arrays=[(2,), (2,), (2,)], axis=-1), Example(arrays=[()])],
    reference=np.stack,
    errors=[Raises(ShapeError, "must have the same shape", arrays=[(2,), (3,)])],
)
def stack(xp, arrays, /, axis=0):
    """Joined along a new axis.

    Shapes: arrays [(...)] -> (..., number of arrays, ...).

    >>> ag.stack([np.ones(2), np.zeros(2)]).shape
    (2, 2)
    """
    return xp.stack(arrays, axis=axis)


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(4, 3), indices_or_sections=2),
        Example(x=(2, 5), indices_or_sections=(1, 3), axis=1),
        Example(x=(2,), indices_or_sections=[1]),
        Example(x=(0, 2), indices_or_sections=2),
    ],
    reference=np.split,
    errors=[Raises(ShapeError, "equal", x=(5,), indices_or_sections=2)],
)
def split(x, /, indices_or_sections, axis=0):
    """Cut along an axis, into so many equal sections or before the given indices; a list.

    Shapes: x (..., n, ...) -> [(..., n_i, ...)].

    >>> [part.shape for part in ag.split(np.ones(4), 2)]
    [(2,), (2,)]
    """
    n = x.shape[axis]
    if np.ndim(indices_or_sections) == 0:
        sections = int(indices_or_sections)
        if sections < 1 or n % sections:
            raise ShapeError(
                f"split: axis {axis} of length {n} does not divide into {sections} equal sections; "
                "give the indices to cut at instead"
            )
        cuts = range(n // sections, n, n // sections) if n else [0] * (sections - 1)
    else:
        cuts = [int(i) for i in indices_or_sections]
    return [x[_along(axis, x.ndim, start, stop)] for start, stop in zip([0, *cuts], [*cuts, n], strict=True)]


def _widths(pad_width, ndim):
    return np.broadcast_to(pad_width, (ndim, 2)).tolist()


@linear(
    transpose=lambda xp, g, x_aval, pad_width: g[
        tuple(
            slice(before, before + n) for (before, _), n in zip(_widths(pad_width, g.ndim), x_aval.shape, strict=True)
        )
    ],
    jvp=lambda xp, tangents, pad_width: xp.pad(tangents[0], pad_width),
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), pad_width=1),
        Example(x=(3,), pad_width=(0, 2)),
        Example(x=(2, 0), pad_width=((1, 2), (0, 3)), constant_values=7.0),
    ],
    reference=np.pad,
    errors=[
        Raises(OptionError, "mode 'reflect' is not supported", x=(3,), pad_width=1, mode="reflect"),
        Raises(OptionError, "negative", x=(3,), pad_width=-1),
    ],
)
def pad(xp, x, /, pad_width, mode="constant", constant_values=0):
    """With a border of one constant: `pad_width` is one width, (before, after), or such a pair for each axis.

    Shapes: x (n, ...) -> (before + n + after, ...).

    >>> ag.pad(np.ones(1), (1, 2))
    array([0., 1., 0., 0.])
    """
    if mode != "constant":
        raise OptionError(f"pad: mode {mode!r} is not supported yet; only 'constant' is")
    if np.min(pad_width) < 0:
        raise OptionError(f"pad: a width is negative: {pad_width}; cut with an index instead")
    return xp.pad(x, pad_width, constant_values=constant_values)


@linear(
    transpose=lambda xp, g, axis: xp.flip(g, axis),
    views=True,
    domain=_WIDE,
    examples=[Example(x=(2, 3)), Example(x=(2, 3), axis=1), Example(x=(2, 0, 2), axis=(0, -1))],
    reference=np.flip,
    errors=[Raises(ShapeError, "axis 1 is out of bounds", x=(2,), axis=1)],
)
def flip(xp, x, /, axis=None):
    """Elements in reverse order along all axes, or those listed.

    Shapes: x (...) -> (...).

    >>> ag.flip(np.arange(3))
    array([2, 1, 0])
    """
    return xp.flip(x, axis)


def _opposite(shift):
    return tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift


@linear(
    transpose=lambda xp, g, shift, axis: xp.roll(g, _opposite(shift), axis),
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), shift=1),
        Example(x=(2, 3), shift=-4, axis=1),
        Example(x=(2, 3), shift=(1, 2), axis=(0, 1)),
        Example(x=(0, 3), shift=1),
    ],
    reference=np.roll,
    errors=[Raises(ShapeError, "axis 1 is out of bounds", x=(2,), shift=1, axis=1)],
)
def roll(xp, x, /, shift, axis=None):
    """Elements moved round along an axis (None: along the flattened array).

    Shapes: x (...) -> (...).

    >>> ag.roll(np.arange(3), 1)
    array([2, 0, 1])
    """
    return xp.roll(x, shift, axis)


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


def _unrepeat(xp, g, x_aval, repeats, axis):
    n = prod(x_aval.shape) if axis is None else x_aval.shape[axis]
    where = 0 if axis is None else axis % len(x_aval.shape)
    if np.size(repeats) == 1:
        k = int(np.reshape(repeats, ()))
        grouped = xp.reshape(g, (*g.shape[:where], n, k, *g.shape[where + 1 :]))
        return xp.reshape(xp.sum(grouped, axis=where + 1), x_aval.shape)
    owner = np.repeat(np.arange(n), repeats)  # which element each repeated one came from
    totals = scatter_add(g, _along_index(where, owner), (*g.shape[:where], n, *g.shape[where + 1 :]))
    return xp.reshape(totals, x_aval.shape)


def _along_index(axis, index):
    return (slice(None),) * axis + (index,)


@linear(
    transpose=_unrepeat,
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), repeats=2),
        Example(x=(2, 3), repeats=3, axis=1),
        Example(x=(2, 3), repeats=np.array([2, 0, 1]), axis=-1),
        Example(x=(2,), repeats=[1, 2]),
        Example(x=(), repeats=2),
    ],
    reference=np.repeat,
    errors=[Raises(ShapeError, "broadcast", x=(3,), repeats=[1, 2])],
)
def repeat(xp, x, /, repeats, axis=None):
    """Each element repeated in its place, along an axis (None: of the flattened array).

    Shapes: x (..., n, ...) -> (..., n * repeats, ...), or the sum of the repeats.

    >>> ag.repeat(np.arange(2), 2)
    array([0, 0, 1, 1])
    """
    return xp.repeat(x, repeats, axis)
