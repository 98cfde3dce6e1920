"""Data sets made of data sets: a part of one, several behind each other, several side by side.

Knows positions. Does not know what is in a sample.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from ..arguments import brief
from .collation import constant
from .dataset import Dataset, IterableDataset, Samples, fetch

__all__ = ["ChainDataset", "ConcatDataset", "StackDataset", "Subset"]


class Subset(Dataset):
    """The samples of a data set at given positions; negative positions count from its end.

    Errors: OptionError for positions that are not whole numbers or lie outside the data set.

    >>> evens = Subset(nn.data.TensorDataset(np.arange(10)), range(0, 10, 2))
    >>> len(evens), evens[1][0].item()
    (5, 2)
    """

    def __init__(self, dataset: Samples, indices: ArrayLike | ag.Tensor):
        positions = constant(indices, "Subset: indices")
        if positions.size == 0:
            positions = positions.astype(np.intp)
        if positions.ndim != 1 or positions.dtype.kind not in "iu":
            raise ag.OptionError(
                "Subset: indices must be a sequence of whole numbers, "
                f"got shape {positions.shape} of {positions.dtype}; a mask becomes one by np.flatnonzero(mask)"
            )
        size = len(dataset)
        outside = (positions < -size) | (positions >= size)
        if outside.any():
            raise ag.OptionError(f"Subset: index {positions[outside][0]} lies outside a data set of {size} samples")
        self.dataset = dataset
        positions = positions.astype(np.intp)
        self.indices = np.where(positions < 0, positions + size, positions)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any, /) -> Any:
        return self.dataset[self.indices[index].tolist()]

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices` of this subset, fetched together where the data set can."""
        if type(self).__getitem__ is not Subset.__getitem__:
            return super().batch(indices)
        return fetch(self.dataset, self.indices[indices])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} of {self.dataset!r})"


class ConcatDataset(Dataset):
    """Data sets behind each other, as one; `cumulative_sizes` are the positions where the next one begins.

    A `MixedSampler` draws from them in given proportions.
    Errors: OptionError for no data set, or one that has no length.

    >>> both = ConcatDataset([nn.data.TensorDataset(np.arange(3)), nn.data.TensorDataset(np.arange(10, 12))])
    >>> len(both), both[3][0].item(), both.cumulative_sizes
    (5, 10, [3, 5])
    >>> [x.tolist() for x, in nn.data.DataLoader(both, batch_size=4)]
    [[0, 1, 2, 10], [11]]
    """

    def __init__(self, datasets: Iterable[Samples]):
        self.datasets = list(datasets)
        if not self.datasets:
            raise ag.OptionError("ConcatDataset: needs one or more data sets, got none")
        _check_indexed(self.datasets, "ConcatDataset")
        self.cumulative_sizes: list[int] = np.cumsum([len(dataset) for dataset in self.datasets]).tolist()

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any, /) -> Any:
        if not -len(self) <= index < len(self):
            raise ag.IndexingError(f"ConcatDataset: sample {index} of {len(self)}")
        which, offset = self._locate(np.asarray(index % len(self)))
        return self.datasets[int(which)][int(offset)]

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices`: those of each data set are fetched together, then put in order."""
        if type(self).__getitem__ is not ConcatDataset.__getitem__:
            return super().batch(indices)
        which, offsets = self._locate(indices)
        members = np.unique(which).tolist()
        if len(members) == 1:
            return fetch(self.datasets[members[0]], offsets)
        batches = [fetch(self.datasets[i], offsets[which == i]) for i in members]
        # behind each other stand the samples of the first data set, of the second, ...: where did each belong?
        return _merge(batches, np.argsort(np.argsort(which, kind="stable"), kind="stable"), "batch")

    def _locate(self, indices: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        which = np.searchsorted(self.cumulative_sizes, indices, side="right")
        return which, indices - np.concatenate([[0], self.cumulative_sizes])[which]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.datasets))})"


class StackDataset(Dataset):
    """Data sets side by side: a sample is the tuple of theirs, or the dict if they are given by name.

    Errors: ShapeError for differing lengths, OptionError for no data set or for both ways at once.

    >>> pairs = StackDataset(image=["a", "b"], label=[0, 1])
    >>> pairs[1]
    {'image': 'b', 'label': 1}
    """

    def __init__(self, *args: Samples, **kwargs: Samples):
        if bool(args) == bool(kwargs):
            raise ag.OptionError(
                "StackDataset: needs one or more data sets, "
                + ("all by position or all by name" if args else "got none")
            )
        self.datasets: Any = args or kwargs
        members = list(args or kwargs.values())
        _check_indexed(members, "StackDataset")
        lengths = [len(dataset) for dataset in members]
        if len(set(lengths)) > 1:
            raise ag.ShapeError(f"StackDataset: the data sets must have the same length, got {lengths}")
        self._length = lengths[0]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any, /) -> Any:
        return self._each(lambda dataset: dataset[index])

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices`, fetched together where the data sets can."""
        if type(self).__getitem__ is not StackDataset.__getitem__:
            return super().batch(indices)
        return self._each(lambda dataset: fetch(dataset, indices))

    def _each(self, what: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: what(dataset) for name, dataset in self.datasets.items()}
        return tuple([what(dataset) for dataset in self.datasets])

    def __repr__(self) -> str:
        if isinstance(self.datasets, dict):
            shown = [f"{name}={dataset!r}" for name, dataset in self.datasets.items()]
        else:
            shown = [repr(dataset) for dataset in self.datasets]
        return f"{type(self).__name__}({', '.join(shown)})"


class ChainDataset(IterableDataset):
    """Streams of samples, one after the other.

    >>> class Letters(IterableDataset):
    ...     def __init__(self, letters):
    ...         self.letters = letters
    ...     def __iter__(self):
    ...         return iter(self.letters)
    >>> "".join(ChainDataset([Letters("ab"), Letters("c")]))
    'abc'
    """

    def __init__(self, datasets: Iterable[Iterable[Any]]):
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)  # type: ignore[arg-type, misc]  # where all have one

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.datasets))})"


def _merge(batches: list[Any], order: NDArray[np.intp], path: str) -> Any:
    """The samples of batches of one structure, as one batch in the given order."""
    first = batches[0]
    if isinstance(first, dict) and all(isinstance(batch, dict) and batch.keys() == first.keys() for batch in batches):
        return {key: _merge([batch[key] for batch in batches], order, f"{path}[{key!r}]") for key in first}
    if all(isinstance(batch, ag.Tensor) for batch in batches):
        arrays = [batch.numpy() for batch in batches]
        if len({array.shape[1:] for array in arrays}) > 1:
            raise ag.ShapeError(
                f"ConcatDataset: the samples of a batch must have one shape, but the data sets have "
                f"{', '.join(str(array.shape[1:]) for array in arrays)} ({path}); crop or pad them"
            )
        return ag.asarray(np.concatenate(arrays)[order])
    if isinstance(first, tuple | list) and all(type(batch) is type(first) for batch in batches):
        if isinstance(first, list) and isinstance(first[0], str | bytes):
            texts = [text for batch in batches for text in batch]
            return [texts[i] for i in order.tolist()]
        if len({len(batch) for batch in batches}) == 1:
            parts = [_merge(list(part), order, f"{path}[{i}]") for i, part in enumerate(zip(*batches, strict=True))]
            return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    raise ag.DataError(
        f"ConcatDataset: the samples of a batch must have one structure, but the data sets give "
        f"{' and '.join(brief(batch) for batch in batches)} ({path})"
    )


def _check_indexed(datasets: list[Any], who: str) -> None:
    for dataset in datasets:
        if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise ag.OptionError(
                f"{who}: a data set must have a length and indexing, got {brief(dataset)}"
                + ("; streams go behind each other by ChainDataset" if isinstance(dataset, IterableDataset) else "")
            )
