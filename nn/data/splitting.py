"""Data sets cut into parts: at random, or so that each part has the classes in the proportions of the whole.

Knows positions and labels. Does not know samples.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import autograd_core as ag

from ..randomness import RandomSource, one_source
from .collation import constant
from .combining import Subset
from .dataset import Samples, TensorDataset
from .samplers import proportional

__all__ = ["random_split", "stratified_split"]


def random_split(
    dataset: Samples,
    lengths: Sequence[int] | Sequence[float],
    generator: RandomSource = None,
    *,
    rng: RandomSource = None,
) -> list[Subset]:
    """Split a data set at random into disjoint subsets of the given lengths.

    Fractions that sum to 1 are rounded down, and the samples left over go to the subsets in turn, as in PyTorch.
    `generator` is PyTorch's name for `rng`.
    Errors: OptionError for lengths that do not sum to the number of samples.

    >>> [len(part) for part in random_split(range(10), [7, 3], rng=0)]
    [7, 3]
    >>> [len(part) for part in random_split(range(10), [0.5, 0.25, 0.25], rng=0)]
    [6, 2, 2]
    """
    size = len(dataset)
    counts = _counts(list(lengths), size, "random_split")
    order = one_source(rng, generator, "random_split").permutation(size)
    stops = np.cumsum(counts).tolist()
    return [Subset(dataset, order[stop - count : stop]) for count, stop in zip(counts, stops, strict=True)]


def stratified_split(
    dataset: Samples,
    lengths: Sequence[int] | Sequence[float],
    labels: ArrayLike | ag.Tensor | None = None,
    generator: RandomSource = None,
    *,
    rng: RandomSource = None,
) -> list[Subset]:
    """Split a data set at random into disjoint subsets that hold each class in its proportion.

    `labels` has one for each sample; None takes the last array of a TensorDataset. What a class gets in a subset is
    less than one sample from its share of what the subsets before have left. Lengths are as in `random_split`.
    Shapes: labels (N,).
    Errors: OptionError for labels that are not one for each sample.

    >>> labels = np.array([0] * 8 + [1] * 4)
    >>> parts = stratified_split(range(12), [0.75, 0.25], labels, rng=0)
    >>> [np.bincount(labels[part.indices]).tolist() for part in parts]
    [[6, 3], [2, 1]]
    """
    if labels is None:
        if not isinstance(dataset, TensorDataset):
            raise ag.OptionError(
                f"stratified_split: the labels of a {type(dataset).__name__} are not known; pass labels=, one for each "
                "sample"
            )
        labels = dataset.tensors[-1]
    classes = constant(labels, "stratified_split: labels")
    if classes.shape != (len(dataset),):
        raise ag.OptionError(
            f"stratified_split: labels must be one for each of the {len(dataset)} samples, got shape {classes.shape}"
        )
    classes = np.unique(classes, return_inverse=True)[1]
    counts = _counts(list(lengths), len(dataset), "stratified_split")
    draw = one_source(rng, generator, "stratified_split")
    left = draw.permutation(len(dataset))
    parts = []
    for count in counts:
        taken = np.zeros(len(left), bool)
        if count:
            taken[proportional(np.unique(classes[left], return_inverse=True)[1], count)] = True
        parts.append(Subset(dataset, left[taken]))
        left = left[~taken]
    return parts


def _counts(lengths: list[Any], size: int, who: str) -> list[int]:
    if not lengths or any(
        isinstance(n, bool | np.bool_) or not isinstance(n, int | float | np.number) or not n >= 0 for n in lengths
    ):
        raise ag.OptionError(f"{who}: lengths must be whole numbers or fractions, none negative, got {lengths}")
    if math.isclose(math.fsum(lengths), 1):
        counts = [math.floor(size * fraction) for fraction in lengths]
        for i in range(size - sum(counts)):
            counts[i % len(counts)] += 1
        return counts
    if all(isinstance(n, int | np.integer) for n in lengths) and sum(lengths) == size:
        return [int(n) for n in lengths]
    raise ag.OptionError(
        f"{who}: lengths must be whole numbers that sum to the {size} samples, or fractions that sum to 1; "
        f"got {lengths}, which sum to {math.fsum(lengths):g}"
    )
