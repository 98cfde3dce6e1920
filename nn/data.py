"""Data sets, mini-batches and splits.

Knows how samples are picked, shuffled and stacked into Tensors. Does not know where they come from (`nn.datasets`), nor
what is learned from them.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

import autograd_core as ag

from .arguments import brief, check_flag, check_positive
from .randomness import RandomSource, generator

__all__ = ["DataLoader", "Dataset", "Subset", "TensorDataset", "collate", "one_hot", "random_split"]


class Samples(Protocol):
    """What a DataLoader needs of a data set: a length, and a sample for each position below it."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


class Dataset(ABC):
    """A finite collection of samples, each a number, an array, or a tuple or dict of such.

    Inheriting is optional: everything with ``__len__`` and ``__getitem__`` can be loaded. Override `batch` where many
    samples can be fetched faster together than one by one.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...     def __getitem__(self, index):
    ...         return index, index**2
    >>> [squares.tolist() for _, squares in DataLoader(Squares(), batch_size=3)]
    [[0, 1, 4], [9, 16]]
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: Any, /) -> Any: ...

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices`, collated into one batch."""
        return collate([self[index] for index in indices.tolist()])


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
        self._arrays = tuple(_constant(array, f"TensorDataset: array {i}") for i, array in enumerate(arrays))
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


class Subset(Dataset):
    """The samples of a data set at given positions; negative positions count from its end.

    Errors: OptionError for positions that are not whole numbers or lie outside the data set.

    >>> evens = Subset(TensorDataset(np.arange(10)), range(0, 10, 2))
    >>> len(evens), evens[1][0].item()
    (5, 2)
    """

    def __init__(self, dataset: Samples, indices: ArrayLike | ag.Tensor):
        positions = _constant(indices, "Subset: indices")
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
        return _batch(self.dataset, self.indices[indices])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} of {self.dataset!r})"


class DataLoader:
    """Mini-batches of a data set, as Tensors; each iteration is one epoch.

    The last batch is smaller where `batch_size` does not divide the number of samples; `drop_last` leaves it out.
    With `shuffle`, each epoch draws a new order from `rng` when it starts: a seed or a numpy.random.Generator gives the
    same batches again, None gives others in every run. Numbers keep their type: labels stay integers.
    Errors: OptionError for a batch size that is not a positive whole number, and for shuffling no samples.

    >>> images, labels = np.zeros((5, 1, 8, 8), np.float32), np.arange(5)
    >>> for x, y in DataLoader(TensorDataset(images, labels), batch_size=2):
    ...     print(x.shape, y.tolist())
    (2, 1, 8, 8) [0, 1]
    (2, 1, 8, 8) [2, 3]
    (1, 1, 8, 8) [4]
    """

    def __init__(
        self,
        dataset: Samples,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        *,
        rng: RandomSource = None,
    ):
        if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise ag.OptionError(
                f"DataLoader: dataset must have a length and indexing, got {type(dataset).__name__}; "
                "arrays become a data set by TensorDataset(x, y)"
            )
        check_flag(shuffle, "DataLoader: shuffle")
        check_flag(drop_last, "DataLoader: drop_last")
        if shuffle and len(dataset) == 0:
            raise ag.OptionError("DataLoader: shuffle=True, but the data set is empty; check the split that made it")
        self.dataset = dataset
        self.batch_size = check_positive(batch_size, "DataLoader: batch_size")
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.rng = generator(rng, "DataLoader")

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        # The whole order is drawn here, before the first batch: an epoch that is left early does not change the next.
        size = len(self.dataset)
        order = self.rng.permutation(size) if self.shuffle else np.arange(size)
        starts = range(0, len(self) * self.batch_size, self.batch_size)
        return (_batch(self.dataset, order[start : start + self.batch_size]) for start in starts)


def random_split(
    dataset: Samples, lengths: Sequence[int] | Sequence[float], *, rng: RandomSource = None
) -> list[Subset]:
    """Split a data set at random into disjoint subsets of the given lengths.

    Fractions that sum to 1 are rounded down, and the samples left over go to the subsets in turn, as in PyTorch.
    Errors: OptionError for lengths that do not sum to the number of samples.

    >>> [len(part) for part in random_split(range(10), [7, 3], rng=0)]
    [7, 3]
    >>> [len(part) for part in random_split(range(10), [0.5, 0.25, 0.25], rng=0)]
    [6, 2, 2]
    """
    size = len(dataset)
    counts = _counts(list(lengths), size)
    order = generator(rng, "random_split").permutation(size)
    stops = np.cumsum(counts).tolist()
    return [Subset(dataset, order[stop - count : stop]) for count, stop in zip(counts, stops, strict=True)]


def one_hot(labels: ArrayLike | ag.Tensor, num_classes: int | None = None, dtype: DTypeLike = np.float32) -> Any:
    """Class k becomes the k-th unit vector.

    Without `num_classes`, the largest label is taken for the last class. A Tensor gives a Tensor, an array an array.
    Shapes: labels (...) -> (..., num_classes).
    Errors: DTypeError for labels that are not integers, DataError for a label below 0 or not below `num_classes`.

    >>> one_hot([2, 0], num_classes=3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    classes = _constant(labels, "one_hot: labels")
    if classes.dtype.kind not in "iu":
        raise ag.DTypeError(
            f"one_hot: labels must be integers, got {classes.dtype}; labels.astype(np.int64) where that is meant"
        )
    if num_classes is None:
        if classes.size == 0:
            raise ag.OptionError("one_hot: there is no label to tell the number of classes from; pass num_classes")
        num_classes = max(int(classes.max()), 0) + 1
    num_classes = check_positive(num_classes, "one_hot: num_classes")
    check_labels(classes, num_classes, "one_hot: labels")
    encoded = np.zeros((classes.size, num_classes), dtype)
    encoded[np.arange(classes.size), classes.ravel()] = 1
    encoded = encoded.reshape(*classes.shape, num_classes)
    return ag.asarray(encoded) if isinstance(labels, ag.Tensor) else encoded


def collate(samples: Sequence[Any]) -> Any:
    """Stack samples of one structure along a new first axis, leaf by leaf.

    Numbers, arrays and Tensors (...) become a Tensor (N, ...) of their type; tuples, lists and dicts of them become a
    tuple, list or dict of Tensors; text stays a list.
    Errors: ShapeError for arrays of differing shapes, DataError for samples of differing structure, GraphError for
    Tensors that require gradients.

    >>> batch = collate([{"x": [0.0, 1.0], "label": 3}, {"x": [2.0, 3.0], "label": 7}])
    >>> batch["label"].tolist(), [column.tolist() for column in batch["x"]]
    ([3, 7], [[0.0, 2.0], [1.0, 3.0]])
    """
    return _collate(samples, "sample")


def check_labels(labels: NDArray[np.integer[Any]], num_classes: int, who: str) -> None:
    """Refuse labels outside 0 ... num_classes - 1, naming the first of them.

    >>> check_labels(np.array([0, 3]), 3, "labels")
    Traceback (most recent call last):
    autograd_core.errors.DataError: labels must lie in 0 ... 2 (3 classes), but 3 stands at position 1
    """
    wrong = (labels < 0) | (labels >= num_classes)
    if wrong.any():
        position = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ag.DataError(
            f"{who} must lie in 0 ... {num_classes - 1} ({num_classes} classes), but {labels[position]} stands at "
            f"position {position[0] if len(position) == 1 else position}"
        )


def _batch(dataset: Samples, indices: NDArray[np.intp]) -> Any:
    if isinstance(dataset, Dataset):
        return dataset.batch(indices)
    return collate([dataset[index] for index in indices.tolist()])


def _collate(samples: Sequence[Any], path: str) -> Any:
    first = samples[0]
    if isinstance(first, str | bytes):
        return list(samples)
    if isinstance(first, Mapping):
        _check_alike(
            samples, [set(sample) if isinstance(sample, Mapping) else type(sample) for sample in samples], path
        )
        return {key: _collate([sample[key] for sample in samples], f"{path}[{key!r}]") for key in first}
    if isinstance(first, tuple | list):
        kinds = [
            (type(sample), len(sample)) if isinstance(sample, tuple | list) else type(sample) for sample in samples
        ]
        _check_alike(samples, kinds, path)
        columns = [_collate(column, f"{path}[{i}]") for i, column in enumerate(zip(*samples, strict=True))]
        return type(first)(*columns) if hasattr(first, "_fields") else type(first)(columns)
    return _stack(samples, path)


def _stack(samples: Sequence[Any], path: str) -> ag.Tensor:
    arrays = [_constant(sample, f"collate: {path} {i} of a batch") for i, sample in enumerate(samples)]
    for i, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise ag.ShapeError(
                f"collate: the samples of a batch must have one shape, but {path} 0 has {arrays[0].shape} and "
                f"{path} {i} has {array.shape}; crop or pad them in the data set's __getitem__"
            )
    return ag.asarray(np.stack(arrays))


def _check_alike(samples: Sequence[Any], kinds: list[Any], path: str) -> None:
    for i, kind in enumerate(kinds):
        if kind != kinds[0]:
            raise ag.DataError(
                f"collate: the samples of a batch must have one structure, but {path} 0 is {brief(samples[0])} and "
                f"{path} {i} is {brief(samples[i])}"
            )


def _constant(value: Any, who: str) -> NDArray[Any]:
    """The numbers of an array, a sequence or a Tensor that has no gradient to lose."""
    if isinstance(value, ag.Tensor):
        if value.requires_grad:
            raise ag.GraphError(f"{who} requires a gradient, which a batch would lose; pass its .detach()")
        return np.asarray(value.data)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ag.DataError(f"{who} is not an array of numbers ({error})") from None
    if array.dtype.kind not in "biuf":
        raise ag.DTypeError(f"{who} must hold real numbers, got {array.dtype}: {brief(value)}")
    return array


def _counts(lengths: list[Any], size: int) -> list[int]:
    if not lengths or any(
        isinstance(n, bool | np.bool_) or not isinstance(n, int | float | np.number) or not n >= 0 for n in lengths
    ):
        raise ag.OptionError(f"random_split: lengths must be whole numbers or fractions, none negative, got {lengths}")
    if math.isclose(math.fsum(lengths), 1):
        counts = [math.floor(size * fraction) for fraction in lengths]
        for i in range(size - sum(counts)):
            counts[i % len(counts)] += 1
        return counts
    if all(isinstance(n, int | np.integer) for n in lengths) and sum(lengths) == size:
        return [int(n) for n in lengths]
    raise ag.OptionError(
        f"random_split: lengths must be whole numbers that sum to the {size} samples, or fractions that sum to 1; "
        f"got {lengths}, which sum to {math.fsum(lengths):g}"
    )


def _shapes(arrays: Sequence[NDArray[Any]]) -> str:
    return ", ".join(str(array.shape) for array in arrays) or "none"
