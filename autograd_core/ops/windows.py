"""Windows that slide over an array, element by element: a view on every place where one fits.

An element lies in many windows, and its cotangent is the sum over all of them.
"""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import linear
from .indexing import getitem, scatter_add


def _lengths_and_axes(window_shape, axis, ndim):
    """The lengths of a window, and the axes that they lie along."""
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = range(ndim) if axis is None else axis if np.iterable(axis) else (axis,)
    return lengths, tuple(axes)


def _pairs_of_places(g_shape, x_shape, window_shape, axis):
    """For each place in a window: its index in the windows, and which elements of x all windows have there."""
    lengths, axes = _lengths_and_axes(window_shape, axis, len(x_shape))
    for place in np.ndindex(*lengths):
        starts = [0] * len(x_shape)
        for a, offset in zip(axes, place, strict=True):
            starts[a] += offset
        elements = tuple(slice(start, start + n) for start, n in zip(starts, g_shape, strict=False))
        yield (..., *place), elements


def _overlap(xp, g, x_aval, window_shape, axis):
    total = xp.zeros(x_aval.shape, g.dtype)
    for place, elements in _pairs_of_places(g.shape, x_aval.shape, window_shape, axis):
        total = total + scatter_add(getitem(g, place), elements, x_aval.shape)
    return total


def _overlap_in_place(g, x_aval, window_shape, axis):
    total = np.zeros(x_aval.shape, g.dtype)
    for place, elements in _pairs_of_places(g.shape, x_aval.shape, window_shape, axis):
        total[elements] += g[place]
    return total


@linear(
    transpose=_overlap,
    fused=[_overlap_in_place],
    views=True,
    domain=Interval(-3, 3),
    examples=[
        Example(x=(4,), window_shape=2),
        Example(x=(3, 4), window_shape=(2, 3)),
        Example(x=(3, 4), window_shape=2, axis=-1),
        Example(x=(3, 2, 4), window_shape=(2, 3), axis=(0, 2)),
        Example(x=(4, 2), window_shape=(2, 2), axis=(0, 0)),
        Example(x=(0, 2), window_shape=1, axis=1),
        Example(x=(), window_shape=()),
    ],
    reference=np.lib.stride_tricks.sliding_window_view,
    errors=[
        Raises(ShapeError, "larger than", x=(3,), window_shape=4),
        Raises(ShapeError, "one length per axis", x=(3, 3), window_shape=2),
        Raises(ShapeError, "axis 1 is out of bounds", x=(3,), window_shape=2, axis=1),
        Raises(OptionError, "negative", x=(3,), window_shape=-1),
    ],
)
def sliding_window_view(xp, x, /, window_shape, axis=None):
    """Every window of a shape that fits into x along the axes (None: all of them), as further axes; a view.

    Shapes: x (..., n, ...) -> (..., n - length + 1, ..., length): an axis of places, and a last axis for the window.

    >>> ag.sliding_window_view(np.arange(4), 2)
    array([[0, 1],
           [1, 2],
           [2, 3]])
    """
    x = xp.asarray(x)
    lengths, axes = _lengths_and_axes(window_shape, axis, x.ndim)
    if len(lengths) != len(axes):
        raise ShapeError(
            f"sliding_window_view: a window of shape {lengths} along the axes {axes}: one length per axis is needed"
        )
    if any(n < 0 for n in lengths):
        raise OptionError(f"sliding_window_view: the lengths of a window must not be negative, got {lengths}")
    return np.lib.stride_tricks.sliding_window_view(x, lengths, axes)
