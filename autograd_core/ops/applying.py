"""Functions of vectors applied along an axis, and reductions applied axis after axis.

What the function does with Tensors is recorded, and so its derivative is that of its parts.
"""

import numpy as np

from ..containers import flatten
from ..engine import Variable
from ..errors import ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed
from .indexing import getitem
from .joining import stack
from .operands import operand
from .reduction import sum
from .scan import cumsum
from .shape import expand_dims, moveaxis, reshape

_WIDE = Interval(-3, 3)


def apply_along_axis(func1d, axis, arr, /, *args, **kwargs):
    """What a function gives for each vector along an axis of arr, put together in the place of the vectors.

    The function is called once per vector, with it and the further arguments, and returns a number or an array, always
    of the same shape.

    Shapes: arr (..., n, ...), func1d (n,) -> (k, ...) gives (..., k, ..., ...).

    >>> ag.apply_along_axis(lambda v: v[0] * v, 0, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 4.],
           [3., 8.]])
    """
    arr = operand(arr, "apply_along_axis")
    if not -arr.ndim <= axis < arr.ndim:
        raise ShapeError(f"apply_along_axis: axis {axis} is out of bounds for an array with {arr.ndim} axes")
    axis %= arr.ndim
    vectors = moveaxis(arr, axis, -1)
    rest = vectors.shape[:-1]
    if 0 in rest:
        raise ShapeError(
            f"apply_along_axis: shape {arr.shape} has no vectors along axis {axis} to apply the function to"
        )
    results = [_joined(func1d(getitem(vectors, i), *args, **kwargs)) for i in np.ndindex(*rest)]
    shape = results[0].shape
    if any(r.shape != shape for r in results):
        raise ShapeError(
            f"apply_along_axis: the function gave shapes {sorted({r.shape for r in results})}; all must be the same"
        )
    out = reshape(stack(results), rest + shape)
    there, here = range(len(rest), len(rest) + len(shape)), range(axis, axis + len(shape))
    return moveaxis(out, tuple(there), tuple(here))


def _joined(result):
    """What the function gave as one array, also if it is a list of Tensors."""
    if isinstance(result, list | tuple) and any(isinstance(r, Variable) for r in flatten(result)[0]):
        return stack([_joined(r) for r in result])
    return operand(result, "apply_along_axis")


@composed(
    name="apply_along_axis",
    domain=_WIDE,
    examples=[
        Example(arr=(2, 3), func1d=sum, axis=0),
        Example(arr=(2, 3, 2), func1d=cumsum, axis=-2),
        Example(arr=(2, 3), func1d=lambda v: v[:2, None] * v[None], axis=1),
        Example(arr=(3,), func1d=lambda v: [v[0], 2 * v[1]], axis=0),
        Example(arr=(2, 0), func1d=sum, axis=1),
    ],
    reference=lambda arr, func1d, axis: np.apply_along_axis(func1d, axis, arr),
    errors=[
        Raises(ShapeError, "axis 2 is out of bounds", arr=(2, 3), func1d=sum, axis=2),
        Raises(ShapeError, "no vectors", arr=(0, 3), func1d=sum, axis=1),
    ],
)
def _apply_along_axis(arr, /, func1d, axis):
    return apply_along_axis(func1d, axis, arr)


apply_along_axis.op, _apply_along_axis.__doc__ = _apply_along_axis.op, apply_along_axis.__doc__  # type: ignore[attr-defined]


def apply_over_axes(func, a, axes, /):
    """A reduction ``func(a, axis)`` applied along one axis after the other, the reduced axes kept with length 1.

    Shapes: a (...) -> (...) with the axes of length 1, or as the function leaves them.

    >>> ag.apply_over_axes(ag.sum, np.ones((2, 3)), [0, 1])
    array([[6.]])
    """
    a = operand(a, "apply_over_axes")
    ndim = a.ndim
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        if not -ndim <= axis < ndim:
            raise ShapeError(f"apply_over_axes: axis {axis} is out of bounds for an array with {ndim} axes")
        result = operand(func(a, axis % ndim), "apply_over_axes")
        if result.ndim == ndim - 1:
            result = expand_dims(result, axis % ndim)
        if result.ndim != ndim:
            raise ShapeError(
                f"apply_over_axes: the function turned shape {a.shape} into {result.shape}; only one axis may go"
            )
        a = result
    return a


@composed(
    name="apply_over_axes",
    domain=_WIDE,
    examples=[
        Example(a=(2, 3), func=sum, axes=[0, 1]),
        Example(a=(2, 3, 2), func=sum, axes=-1),
        Example(a=(2, 3, 2), func=cumsum, axes=(0, 2)),
        Example(a=(0, 2), func=sum, axes=[0]),
    ],
    reference=lambda a, func, axes: np.apply_over_axes(func, a, axes),
    errors=[
        Raises(ShapeError, "axis 2 is out of bounds", a=(2, 3), func=sum, axes=2),
        Raises(ShapeError, "only one axis may go", a=(2, 3, 2), func=lambda a, axis: a[0, 0], axes=0),
    ],
)
def _apply_over_axes(a, /, func, axes):
    return apply_over_axes(func, a, axes)


apply_over_axes.op, _apply_over_axes.__doc__ = _apply_over_axes.op, apply_over_axes.__doc__  # type: ignore[attr-defined]
