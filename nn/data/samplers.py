"""Which samples come, and in which order: positions in a data set, drawn anew for each epoch.

Knows lengths, labels and weights. Does not know samples. The generator of a sampler is in `rng`, a keyword that takes a
seed or a numpy.random.Generator; `generator` is PyTorch's name for it.
"""

import math
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from ..arguments import brief, check_flag, check_positive
from ..randomness import RandomSource, one_source
from .collation import constant
from .combining import ConcatDataset
from .resuming import Stateful

__all__ = [
    "BatchSampler",
    "MixedSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StratifiedSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


class Sampler(Stateful):
    """The positions of an epoch; define ``__iter__``, or `order`, which is faster for a DataLoader.

    A generator kept in an attribute is part of `state_dict`.

    >>> class Backwards(Sampler):
    ...     def __init__(self, size):
    ...         self.size = size
    ...     def order(self):
    ...         return np.arange(self.size)[::-1]
    >>> list(Backwards(3))
    [2, 1, 0]
    """

    _undrawn = ("data_source",)  # which is counted, not drawn from

    def order(self) -> NDArray[np.intp]:
        """All positions of the next epoch."""
        if type(self).__iter__ is Sampler.__iter__:
            raise NotImplementedError(f"{type(self).__name__}: define __iter__(self), or order(self)")
        return np.fromiter(iter(self), np.intp)

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())


class SequentialSampler(Sampler):
    """All positions, from the first to the last.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized):
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def order(self) -> NDArray[np.intp]:
        """All positions, from the first to the last."""
        return np.arange(len(self.data_source))


class RandomSampler(Sampler):
    """All positions in random order; with `replacement`, each of `num_samples` is drawn from all.

    Without replacement, more samples than there are come from several orders, one after the other, as in PyTorch.
    Errors: OptionError for an empty data set.

    >>> sorted(RandomSampler("abcd", rng=0)), len(RandomSampler("abcd", num_samples=10))
    ([0, 1, 2, 3], 10)
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: RandomSource = None,
        *,
        rng: RandomSource = None,
    ):
        check_flag(replacement, "RandomSampler: replacement")
        if num_samples is not None:
            check_positive(num_samples, "RandomSampler: num_samples")
        if len(data_source) == 0:
            raise ag.OptionError("RandomSampler: the data set is empty; check the split that made it")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.rng = one_source(rng, generator, "RandomSampler")

    @property
    def num_samples(self) -> int:
        """How many positions come; those of the data set, where nothing else was said."""
        return len(self.data_source) if self._num_samples is None else int(self._num_samples)

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> NDArray[np.intp]:
        """A new order."""
        size = len(self.data_source)
        if self.replacement:
            return self.rng.integers(size, size=self.num_samples, dtype=np.intp)
        return _cycles(size, self.num_samples, self.rng)


class SubsetRandomSampler(Sampler):
    """The given positions in random order.

    >>> sorted(SubsetRandomSampler([4, 7], rng=0))
    [4, 7]
    """

    def __init__(self, indices: ArrayLike, generator: RandomSource = None, *, rng: RandomSource = None):
        self.indices = indices
        self._positions = constant(indices, "SubsetRandomSampler: indices")
        if self._positions.size == 0:
            self._positions = self._positions.astype(np.intp)
        if self._positions.ndim != 1 or self._positions.dtype.kind not in "iu":
            raise ag.OptionError(
                f"SubsetRandomSampler: indices must be a sequence of whole numbers, got {brief(indices)}; "
                "a mask becomes one by np.flatnonzero(mask)"
            )
        self.rng = one_source(rng, generator, "SubsetRandomSampler")

    def __len__(self) -> int:
        return len(self._positions)

    def order(self) -> NDArray[np.intp]:
        """A new order."""
        return self._positions[self.rng.permutation(len(self._positions))].astype(np.intp)


class WeightedRandomSampler(Sampler):
    """Each of `num_samples` positions is drawn with a probability in proportion to its weight.

    Weights of 1 / (number of samples of its class) make the classes equally frequent. Without `replacement` a position
    comes at most once: each draw is among those that are left.
    Errors: OptionError for weights that are negative, not finite, or all 0, and where fewer than `num_samples` can be
    drawn without replacement.
    Source: P. Efraimidis, P. Spirakis, Weighted random sampling with a reservoir, 2006 (without replacement).

    >>> list(WeightedRandomSampler([0.0, 3.0, 0.0], num_samples=4, rng=0))
    [1, 1, 1, 1]
    """

    def __init__(
        self,
        weights: ArrayLike | ag.Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: RandomSource = None,
        *,
        rng: RandomSource = None,
    ):
        values = constant(weights, "WeightedRandomSampler: weights").astype(np.float64)
        if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any() or not values.any():
            raise ag.OptionError(
                "WeightedRandomSampler: weights must be one finite number for each sample, none negative and not all "
                f"0, got shape {values.shape}: {brief(weights)}"
            )
        check_flag(replacement, "WeightedRandomSampler: replacement")
        self.num_samples = check_positive(num_samples, "WeightedRandomSampler: num_samples")
        possible = np.count_nonzero(values)
        if not replacement and self.num_samples > possible:
            raise ag.OptionError(
                f"WeightedRandomSampler: num_samples={num_samples} cannot be drawn without replacement from "
                f"{possible} samples of positive weight"
            )
        self.weights = values
        self.replacement = replacement
        self.rng = one_source(rng, generator, "WeightedRandomSampler")

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> NDArray[np.intp]:
        """A new draw."""
        if self.replacement:
            sums = np.cumsum(self.weights)
            # the last sum is 1, and so greater than whatever is drawn
            return np.searchsorted(sums / sums[-1], self.rng.random(self.num_samples), side="right")
        # the first to arrive, where the waiting times are exponential with the weights as rates
        with np.errstate(divide="ignore"):
            arrivals = self.rng.standard_exponential(len(self.weights)) / self.weights
        return np.argsort(arrivals, kind="stable")[: self.num_samples]


class StratifiedSampler(Sampler):
    """All positions in random order, such that every batch has the classes in the proportions of the data.

    Give the DataLoader the same `batch_size`. In each batch the number of samples of a class is its share rounded up or
    down, or, where the batches do not divide the samples, less than 1 + 1 / (number of full batches) from it.
    Shapes: labels (N,).

    >>> labels = np.array([0, 0, 0, 1] * 3)
    >>> sampler = StratifiedSampler(labels, batch_size=4, rng=0)
    >>> [np.bincount(labels[batch]).tolist() for batch in BatchSampler(sampler, 4, False)]
    [[3, 1], [3, 1], [3, 1]]
    """

    def __init__(
        self,
        labels: ArrayLike | ag.Tensor,
        batch_size: int,
        generator: RandomSource = None,
        *,
        rng: RandomSource = None,
    ):
        self.labels = constant(labels, "StratifiedSampler: labels")
        if self.labels.ndim != 1 or len(self.labels) == 0:
            raise ag.OptionError(f"StratifiedSampler: labels must be one for each sample, got {brief(labels)}")
        self.batch_size = check_positive(batch_size, "StratifiedSampler: batch_size")
        self.rng = one_source(rng, generator, "StratifiedSampler")
        self._classes = np.unique(self.labels, return_inverse=True)[1]

    def __len__(self) -> int:
        return len(self.labels)

    def order(self) -> NDArray[np.intp]:
        """A new order."""
        size = len(self.labels)
        full, rest = divmod(size, self.batch_size)
        shuffled = self.rng.permutation(size)
        # the classes behind each other, in random order, each of them mixed
        ranks = self.rng.permutation(self._classes.max() + 1)[self._classes]
        line = shuffled[np.argsort(ranks[shuffled], kind="stable")]
        last = np.zeros(size, bool)
        last[proportional(ranks[line], rest)] = True
        # dealt like cards: each batch gets its share of each class, rounded up or down
        dealt = line[~last]
        batches = [self.rng.permutation(dealt[i::full]) for i in self.rng.permutation(full).tolist()]
        return np.concatenate([*batches, self.rng.permutation(line[last])]).astype(np.intp)


class MixedSampler(Sampler):
    """Samples of the data sets in a `ConcatDataset` in given proportions, in random order.

    An epoch has `num_samples` (as many as there are, if None), shared out among the data sets by `proportions`, to the
    nearest whole number. Each data set is gone through in random order, and again if it is too small for its share.

    >>> both = ConcatDataset([range(100), range(10)])
    >>> sampler = MixedSampler(both, [0.25, 0.75], num_samples=40, rng=0)
    >>> sum(position < 100 for position in sampler), len(sampler)
    (10, 40)
    """

    def __init__(
        self,
        data_source: ConcatDataset,
        proportions: Sequence[float],
        num_samples: int | None = None,
        generator: RandomSource = None,
        *,
        rng: RandomSource = None,
    ):
        if not isinstance(data_source, ConcatDataset):
            raise ag.OptionError(f"MixedSampler: data_source must be a ConcatDataset, got {brief(data_source)}")
        shares = constant(proportions, "MixedSampler: proportions").astype(np.float64)
        if shares.shape != (len(data_source.datasets),) or not (shares >= 0).all() or not 0 < shares.sum() < math.inf:
            raise ag.OptionError(
                f"MixedSampler: proportions must be one number for each of the {len(data_source.datasets)} data sets, "
                f"none negative and not all 0, got {brief(proportions)}"
            )
        self.data_source, self.proportions = data_source, proportions
        self._sizes = [len(dataset) for dataset in data_source.datasets]
        self.num_samples = sum(self._sizes) if num_samples is None else num_samples
        check_positive(self.num_samples, "MixedSampler: num_samples")
        self.counts: list[int] = _shares(shares / shares.sum(), self.num_samples).tolist()
        for i, (share, size) in enumerate(zip(shares, self._sizes, strict=True)):
            if share and not size:
                raise ag.OptionError(f"MixedSampler: data set {i} is empty, but its proportion is {share:g}")
        self.rng = one_source(rng, generator, "MixedSampler")

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> NDArray[np.intp]:
        """A new order."""
        starts = [0, *self.data_source.cumulative_sizes]
        parts = [
            start + _cycles(size, count, self.rng)
            for start, size, count in zip(starts, self._sizes, self.counts, strict=False)
            if count
        ]
        return self.rng.permutation(np.concatenate(parts))


class BatchSampler(Stateful):
    """The positions of another sampler, in lists of `batch_size`.

    >>> list(BatchSampler(SequentialSampler(range(7)), batch_size=3, drop_last=False))
    [[0, 1, 2], [3, 4, 5], [6]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool):
        self.sampler = sampler
        self.batch_size = check_positive(batch_size, "BatchSampler: batch_size")
        check_flag(drop_last, "BatchSampler: drop_last")
        self.drop_last = drop_last

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        if not isinstance(self.sampler, Sized):
            raise TypeError(f"BatchSampler: {type(self.sampler).__name__} does not say how long it is (no __len__)")
        full, rest = divmod(len(self.sampler), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        return (np.asarray(batch).tolist() for batch in self.arrays())

    @property
    def draws_at_once(self) -> bool:
        """Whether the order of an epoch is drawn as a whole, rather than while it is gone through."""
        own = type(self).__iter__ is BatchSampler.__iter__ and type(self).arrays is BatchSampler.arrays
        return own and isinstance(self.sampler, Sampler) and type(self.sampler).__iter__ is Sampler.__iter__

    def arrays(self) -> Iterator[NDArray[np.intp]]:
        """The same as arrays; a sampler that knows its whole `order` draws it now, not with the first of them."""
        if self.draws_at_once:
            sampler: Any = self.sampler
            order = np.asarray(sampler.order())
            stop = len(order) - (len(order) % self.batch_size if self.drop_last else 0)
            starts = range(0, stop, self.batch_size)
            return (order[start : start + self.batch_size] for start in starts)
        return self._gathered(iter(self.sampler))

    def _gathered(self, positions: Iterator[int]) -> Iterator[NDArray[np.intp]]:
        batch: list[int] = []
        for position in positions:
            batch.append(position)
            if len(batch) == self.batch_size:
                yield np.asarray(batch)
                batch = []
        if batch and not self.drop_last:
            yield np.asarray(batch)


def proportional(classes: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Positions of `count` samples that hold each class in its proportion, rounded up or down.

    Within a class the first ones are taken, so that what is shuffled gives a random choice. The classes are
    0 ... k - 1.

    >>> classes = np.array([0, 1, 0, 0, 1, 0])
    >>> proportional(classes, 3)
    array([0, 1, 2])
    """
    totals = np.bincount(classes)
    wanted = _shares(totals / len(classes), count)
    by_class = np.argsort(classes, kind="stable")
    rank = np.arange(len(classes)) - np.repeat(np.cumsum(totals) - totals, totals)
    return np.sort(by_class[rank < np.repeat(wanted, totals)])


def _shares(fractions: NDArray[np.float64], total: int) -> NDArray[np.intp]:
    """Whole numbers in these proportions with this sum: rounded down, then one more for the largest remainders."""
    exact = fractions * total
    counts = np.floor(exact + 1e-9).astype(np.intp)  # 0.1 * 30 is a little less than 3
    largest = np.argsort(counts - exact, kind="stable")
    counts[largest[: total - int(counts.sum())]] += 1
    return counts


def _cycles(size: int, count: int, rng: "np.random.Generator") -> NDArray[np.intp]:
    """`count` positions below `size`: random orders, one after the other."""
    if count <= size:
        return rng.permutation(size)[:count]
    return np.concatenate([rng.permutation(size) for _ in range(-(-count // size))])[:count]
