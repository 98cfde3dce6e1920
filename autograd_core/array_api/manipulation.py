"""Manipulation functions: the same elements in another shape or order."""

import numpy as np

from ..errors import IndexingError, OptionError
from .delegation import copied, evaluate, same_as

__all__ = [
    "broadcast_arrays",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "moveaxis",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tile",
    "unstack",
]


def broadcast_arrays(*arrays):
    """Arrays repeated along axes of length 1 until all have one shape."""
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return [broadcast_to(x, shape) for x in arrays]


@same_as(np.broadcast_to)
def broadcast_to(x, /, shape):
    """An array repeated along new axes, and axes of length 1, until it has a shape."""


@same_as(np.concatenate)
def concat(arrays, /, *, axis=0):
    """Arrays joined along an axis that they have; flattened first if it is None."""


def expand_dims(x, /, axis):
    """An array with a new axis of length 1 there.

    Raises: IndexingError for an axis that the result does not have.
    """
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise IndexingError(f"expand_dims: the result has {x.ndim + 1} axes, and no axis {axis}")
    return evaluate(np.expand_dims, x, axis)


@same_as(np.flip)
def flip(x, /, *, axis=None):
    """The elements in reverse order along one, several or all axes."""


@same_as(np.moveaxis)
def moveaxis(x, source, destination, /):
    """Axes moved to other places, the others in order."""


@same_as(np.transpose)
def permute_dims(x, /, axes):
    """The axes in another order."""


@same_as(np.repeat)
def repeat(x, repeats, /, *, axis=None):
    """Each element along an axis, or of the flattened array, so many times."""


def reshape(x, /, shape, *, copy=None):
    """The same elements in another shape; copy says whether in new memory, or never.

    Raises: OptionError if copy=False and a copy is needed.
    """
    if copy is False:
        memory = x.data  # from here on two tensors reach it
        if memory.size and not np.may_share_memory(memory.reshape(shape), memory):
            raise OptionError(f"reshape: copy=False, but shape {x.shape} cannot become {shape} without a copy")
    return evaluate(np.reshape, copied(x) if copy else x, shape)


@same_as(np.roll)
def roll(x, /, shift, *, axis=None):
    """The elements moved along axes; what falls off one end comes in at the other."""


@same_as(np.squeeze)
def squeeze(x, /, axis):
    """An array without these axes, which have length 1."""


@same_as(np.stack)
def stack(arrays, /, *, axis=0):
    """Arrays of one shape joined along a new axis."""


@same_as(np.tile)
def tile(x, repetitions, /):
    """An array repeated so many times along each axis."""


def unstack(x, /, *, axis=0):
    """The slices along an axis, as a tuple of arrays without it."""
    return tuple(moveaxis(x, axis, 0))
