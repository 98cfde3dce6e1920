"""PyTorch's methods that give the elements another shape, or pick some of them: `view`, `unsqueeze`, `split`, `gather`.

How a Tensor lies in memory is not part of its value, so `contiguous` has nothing to do.
"""

from typing import Any, Self

import numpy as np

from . import ops
from .engine import Variable
from .errors import OptionError, ShapeError
from .missing_methods import MissingMethods


def lengths(sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Lengths that came one by one, or as one tuple."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes


def places_along(index: Any, dim: int) -> tuple[Any, ...]:
    """For every axis, where the elements stand that `index` names along the axis `dim`."""
    index = index._array if isinstance(index, Variable) else np.asarray(index)
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[dim] = index
    return tuple(places)


def cut_like(values: Any, like: Any) -> Any:
    """As much of an array as another one has; a number stays."""
    return values[tuple(slice(n) for n in np.shape(like))] if np.ndim(values) else values


class ShapeMethods(MissingMethods):
    """A Variable whose elements can be had in other shapes, and in parts."""

    __slots__ = ()

    # --- other shapes -------------------------------------------------------------------------------------------------

    def view(self, *shape: Any) -> Any:
        """The same elements in another shape. (How they lie in memory is not part of a Tensor's value.)"""
        if len(shape) == 1 and not isinstance(shape[0], int | np.integer | tuple | list):
            raise OptionError(
                f"view({shape[0]!r}): the bits of a Tensor are not read as another type; say astype for the numbers, "
                "or .detach().numpy().view(dtype)"
            )
        return ops.reshape(self, lengths(shape))

    def view_as(self, other: Any) -> Any:
        """The same elements in the shape of another array."""
        return ops.reshape(self, other.shape)

    reshape_as = view_as

    def unflatten(self, dim: int, sizes: Any) -> Any:
        """One axis as several, of these lengths."""
        shape = self._array.shape
        dim %= len(shape)
        return ops.reshape(self, (*shape[:dim], *sizes, *shape[dim + 1 :]))

    def unsqueeze(self, dim: int) -> Any:
        """A new axis of length 1, at this place."""
        return ops.expand_dims(self, dim)

    def permute(self, *dims: Any) -> Any:
        """The axes in another order."""
        return ops.transpose(self, lengths(dims))

    def movedim(self, source: Any, destination: Any) -> Any:
        """Axes moved to other places."""
        return ops.moveaxis(self, source, destination)

    moveaxis = movedim

    def expand(self, *sizes: Any) -> Any:
        """The elements repeated along axes of length 1, and new ones in front; -1 leaves an axis as it is."""
        sizes, shape = lengths(sizes), self._array.shape
        old = (None,) * (len(sizes) - len(shape)) + shape
        if any(n == -1 and m is None for n, m in zip(sizes, old, strict=False)):
            raise ShapeError(f"expand{sizes}: a new axis needs a length, got -1 for shape {shape}")
        return ops.broadcast_to(self, tuple([m if n == -1 else n for n, m in zip(sizes, old, strict=False)]))

    def broadcast_to(self, size: Any) -> Any:
        """The elements repeated along axes of length 1, and new ones in front."""
        return ops.broadcast_to(self, tuple(size))

    def expand_as(self, other: Any) -> Any:
        """The elements repeated to the shape of another array."""
        return ops.broadcast_to(self, other.shape)

    def tile(self, *dims: Any) -> Any:
        """The whole array so many times along each axis."""
        return ops.tile(self, lengths(dims))

    def contiguous(self) -> Self:
        """The tensor itself, because how it lies in memory is not part of its value."""
        return self

    def is_contiguous(self) -> bool:
        """True; see `contiguous`."""
        return True

    # --- parts --------------------------------------------------------------------------------------------------------

    diag = ops.diag
    tril = ops.tril
    triu = ops.triu

    def split(self, split_size: Any, dim: int = 0) -> Any:
        """Parts of this length along an axis, the last one perhaps shorter; or of these lengths, as a tuple.

        (np.split takes the number of parts, or where to cut.)
        """
        n = self._array.shape[dim]
        if isinstance(split_size, int | np.integer):
            if split_size <= 0:
                raise OptionError(f"split: the length of the parts must be positive, got {split_size}")
            cuts: Any = np.arange(split_size, n, split_size)
        else:
            if sum(split_size) != n:
                raise ShapeError(
                    f"split: the lengths {list(split_size)} are not {n} together, the length of axis {dim}"
                )
            cuts = np.cumsum(split_size)[:-1]
        return tuple(ops.split(self, cuts, dim))

    def chunk(self, chunks: int, dim: int = 0) -> Any:
        """At most so many parts of the same length along an axis, the last one perhaps shorter, as a tuple."""
        return self.split(max(1, -(-self._array.shape[dim] // chunks)), dim)

    def unbind(self, dim: int = 0) -> Any:
        """The slices along an axis, as a tuple."""
        return tuple(ops.unstack(self, axis=dim))

    def narrow(self, dim: int, start: int, length: int) -> Any:
        """`length` slices along an axis, from `start` on."""
        return ops.getitem(self, (slice(None),) * (dim % self._array.ndim) + (slice(start, start + length),))

    def select(self, dim: int, index: int) -> Any:
        """One slice along an axis, which is gone."""
        return ops.getitem(self, (slice(None),) * (dim % self._array.ndim) + (index,))

    def index_select(self, dim: int, index: Any) -> Any:
        """The slices along an axis that `index` numbers."""
        return ops.take(self, index, dim)

    def masked_select(self, mask: Any) -> Any:
        """The elements where the mask is True, along one axis."""
        return ops.getitem(self, ops.broadcast_to(mask, self._array.shape))

    def gather(self, dim: int, index: Any) -> Any:
        """For each place of `index`, the element that it numbers along an axis."""
        return ops.getitem(self, places_along(index, dim))

    def scatter(self, dim: int, index: Any, src: Any) -> Any:
        """The elements, with those of `src` at the places that `index` numbers along an axis."""
        return ops.setitem(self, cut_like(src, index), places_along(index, dim))

    def scatter_add(self, dim: int, index: Any, src: Any) -> Any:
        """The elements, and those of `src` added at the places that `index` numbers along an axis."""
        return ops.add(self, ops.scatter_add(cut_like(src, index), places_along(index, dim), self._array.shape))

    def flip(self, *dims: Any) -> Any:
        """The order along some axes reversed."""
        return ops.flip(self, lengths(dims))

    def roll(self, shifts: Any, dims: Any = None) -> Any:
        """The elements moved along axes, those that leave at the end coming back at the start."""
        return ops.roll(self, shifts, dims)
