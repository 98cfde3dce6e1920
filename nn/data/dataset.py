"""Data sets: collections of samples, to be had by position or one after the other.

Knows how samples are fetched, one by one or many together. Does not know which are asked for, nor what is in them.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from .collation import collate, constant
from .resuming import Stateful

if TYPE_CHECKING:
    from .combining import ConcatDataset

__all__ = ["Dataset", "IterableDataset", "Samples", "TensorDataset", "described", "fetch", "fetch_each"]


class Samples(Protocol):
    """What a DataLoader needs of a data set: a length, and a sample for each position below it."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


class Dataset(Stateful, ABC):
    """A finite collection of samples, each a number, an array, or a tuple or dict of such.

    Inheriting is optional: everything with ``__len__`` and ``__getitem__`` can be loaded. Override `batch` where many
    samples can be fetched faster together than one by one, or define PyTorch's ``__getitems__``. A generator of random
    numbers that is kept in an attribute is part of `state_dict`, so that a run can be resumed. The sum of two data sets
    is a `ConcatDataset`.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...     def __getitem__(self, index):
    ...         return index, index**2
    >>> [squares.tolist() for _, squares in nn.data.DataLoader(Squares(), batch_size=3)]
    [[0, 1, 4], [9, 16]]
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: Any, /) -> Any: ...

    def __add__(self, other: Samples) -> "ConcatDataset":
        from .combining import ConcatDataset  # which is made of data sets

        return ConcatDataset([self, other])

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices`, collated into one batch."""
        return collate(fetch_each(self, indices.tolist()))


class IterableDataset(Stateful, ABC):
    """Samples that come one after the other, as from a stream; define ``__iter__``, and ``__len__`` if it is known.

    The order is the data set's own: a DataLoader neither shuffles nor splits it. To resume in the middle of an epoch,
    its generators are put back and the samples that were seen are read again.

    >>> class Countdown(IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(5, 0, -1))
    >>> [batch.tolist() for batch in nn.data.DataLoader(Countdown(), batch_size=2)]
    [[5, 4], [3, 2], [1]]
    """

    @abstractmethod
    def __iter__(self) -> Iterator[Any]: ...


class TensorDataset(Dataset):
    """Samples along the first axis of arrays that belong together, such as inputs and labels.

    Shapes: arrays (N, ...) of one N -> a sample is a tuple with one Tensor (...) for each array.
    The arrays are shared, not copied; a batch is a copy.
    Errors: ShapeError for differing lengths, GraphError for a Tensor that requires a gradient.

    >>> points = TensorDataset(np.zeros((4, 2)), np.array([0, 1, 1, 0]))
    >>> points
    TensorDataset((4, 2) float64, (4,) int64)
    >>> x, y = points[1]
    >>> x.shape, y.item()
    ((2,), 1)
    """

    def __init__(self, *arrays: ArrayLike | ag.Tensor):
        self._arrays = tuple(constant(array, f"TensorDataset: array {i}") for i, array in enumerate(arrays))
        if not arrays or any(array.ndim == 0 for array in self._arrays):
            raise ag.ShapeError(
                "TensorDataset: needs one or more arrays with samples along their first axis, "
                f"got shapes {_shapes(self._arrays)}"
            )
        if len({len(array) for array in self._arrays}) > 1:
            raise ag.ShapeError(
                "TensorDataset: the arrays must have the same length along their first axis, "
                f"got shapes {_shapes(self._arrays)}"
            )
        self.tensors = tuple(ag.asarray(array) for array in self._arrays)

    def __len__(self) -> int:
        return len(self._arrays[0])

    def __getitem__(self, index: Any, /) -> tuple[ag.Tensor, ...]:
        return tuple(ag.asarray(np.asarray(array[index])) for array in self._arrays)

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices`: one Tensor (len(indices), ...) for each array."""
        # a subclass that changes samples (augmentation, say) must see each of them
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return super().batch(indices)
        return tuple([ag.asarray(array.take(indices, axis=0)) for array in self._arrays])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{array.shape} {array.dtype}' for array in self._arrays)})"


def fetch(dataset: Samples, indices: NDArray[np.intp]) -> Any:
    """The samples at `indices` as one batch, fetched together where the data set can.

    >>> fetch([3, 5, 7], np.array([2, 0])).tolist()
    [7, 3]
    """
    if isinstance(dataset, Dataset):
        return type(dataset).batch(dataset, indices)  # an attribute of that name may be anything
    return collate(fetch_each(dataset, indices.tolist()))


def fetch_each(dataset: Samples, indices: list[Any]) -> list[Any]:
    """The samples at `indices`, not collated; an exception of the data set is told which sample raised it.

    >>> fetch_each([3, 5, 7], [2, 0])
    [7, 3]
    """
    together = getattr(dataset, "__getitems__", None)
    if together is not None:
        return list(together(indices))
    samples: list[Any] = []
    try:
        for index in indices:
            samples.append(dataset[index])
    except Exception as error:
        where = f"raised by sample {indices[len(samples)]!r} of {described(dataset)}"
        if isinstance(error, StopIteration):  # which would end the epoch, and nobody would know
            raise RuntimeError(f"StopIteration {where}") from error
        error.add_note(where)
        raise
    return samples


def described(dataset: Any) -> str:
    """A data set in a message: as it shows itself, where that is short and says more than its type.

    >>> described(TensorDataset(np.zeros(3))), described(list(range(1000)))
    ('TensorDataset((3,) float64)', 'a list')
    """
    plain = isinstance(dataset, list | tuple | np.ndarray) or type(dataset).__repr__ is object.__repr__
    return f"a {type(dataset).__name__}" if plain else repr(dataset)


def _shapes(arrays: Sequence[NDArray[Any]]) -> str:
    return ", ".join(str(array.shape) for array in arrays) or "none"
