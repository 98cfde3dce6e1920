"""Samplers: each gives the positions it promises, as often as it promises, and the same again for the same seed."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from nn.data import (
    BatchSampler,
    ConcatDataset,
    MixedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StratifiedSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

seeds = st.integers(0, 2**32 - 1)


def test_in_order():
    assert list(SequentialSampler(range(4))) == [0, 1, 2, 3]
    assert len(SequentialSampler(range(4))) == 4


@given(st.integers(1, 30), st.integers(1, 70) | st.none(), seeds)
def test_random_order_has_everything_equally_often(size, num_samples, seed):
    sampler = RandomSampler(range(size), num_samples=num_samples, rng=seed)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == (size if num_samples is None else num_samples)
    counts = np.bincount(drawn, minlength=size)
    assert counts.max() - counts.min() <= 1
    for start in range(0, len(drawn) - size + 1, size):  # one whole order after the other, as in PyTorch
        assert sorted(drawn[start : start + size]) == list(range(size))


@given(st.integers(1, 30), st.integers(1, 70), seeds)
def test_with_replacement_everything_can_come_at_any_time(size, num_samples, seed):
    drawn = list(RandomSampler(range(size), True, num_samples, rng=seed))
    assert len(drawn) == num_samples
    assert set(drawn) <= set(range(size))


def test_with_replacement_draws_are_uniform():
    counts = np.bincount(list(RandomSampler(range(10), True, 100_000, rng=0)), minlength=10)
    # five standard deviations of a binomial count: one seed in 200,000 is further away
    assert np.abs(counts - 10_000).max() < 5 * np.sqrt(100_000 * 0.1 * 0.9)


@given(st.lists(st.integers(0, 99)), seeds)
def test_the_given_positions_in_random_order(indices, seed):
    assert sorted(SubsetRandomSampler(indices, rng=seed)) == sorted(indices)


def test_weights_are_odds():
    weights = np.array([0.0, 1.0, 2.0, 5.0])
    counts = np.bincount(list(WeightedRandomSampler(weights, 80_000, rng=0)), minlength=4)
    assert counts[0] == 0
    expected = 80_000 * weights / 8
    assert np.abs(counts - expected).max() < 5 * np.sqrt(80_000 * 0.25)


def test_without_replacement_the_odds_are_among_those_left():
    """The first of two draws, and the second given the first, by hand."""
    weights = [1.0, 2.0, 5.0]
    sampler = WeightedRandomSampler(weights, 2, replacement=False, rng=0)
    pairs = np.array([list(sampler) for _ in range(20_000)])
    assert (pairs[:, 0] != pairs[:, 1]).all()
    for first in range(3):
        for second in {0, 1, 2} - {first}:
            p = weights[first] / 8 * weights[second] / (8 - weights[first])
            frequency = ((pairs[:, 0] == first) & (pairs[:, 1] == second)).mean()
            assert abs(frequency - p) < 5 * np.sqrt(p * (1 - p) / 20_000)  # five standard deviations


def test_a_weight_of_zero_never_comes_even_at_the_edges():
    for weights in ([0.0, 1.0, 0.0], [0.0, 0.0, 1e-300], [1.0, 0.0, 0.0]):
        assert set(WeightedRandomSampler(weights, 1000, rng=1)) == {int(np.argmax(weights))}
    assert list(WeightedRandomSampler([0.0, 3.0, 0.0], 1, replacement=False, rng=1)) == [1]
    for odds in (3.0, 0.7, 1e-300):  # the smallest and the largest number that a generator gives
        sampler = WeightedRandomSampler([0.0, odds, odds / 3, 0.0], 2)
        sampler.rng = SimpleNamespace(random=lambda count: np.array([0.0, 1 - 2.0**-53]))
        assert list(sampler) == [1, 2]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(1, 20), seeds)
def test_every_batch_has_the_classes_in_proportion(labels, batch_size, seed):
    labels = np.array(labels)
    sampler = StratifiedSampler(labels, batch_size, rng=seed)
    order = np.array(list(sampler))
    assert sorted(order.tolist()) == list(range(len(labels)))
    full, rest = divmod(len(labels), batch_size)
    for start in range(0, len(labels), batch_size):
        batch = labels[order[start : start + batch_size]]
        for label in set(labels.tolist()):
            share = len(batch) * (labels == label).mean()
            # rounded up or down, where all batches are alike; see the docstring for the rest
            most = 1 + 1 / full if rest and len(batch) == batch_size else 1
            assert abs((batch == label).sum() - share) < most + 1e-9


def test_stratified_batches_differ_from_epoch_to_epoch_and_are_not_sorted():
    labels = np.arange(60) % 3
    sampler = StratifiedSampler(labels, 6, rng=0)
    first, second = np.array(list(sampler)), np.array(list(sampler))
    assert not np.array_equal(first, second)
    assert not np.array_equal(labels[first], np.sort(labels[first].reshape(10, 6), axis=1).ravel())
    assert (np.sort(labels[first].reshape(10, 6), axis=1) == [0, 0, 1, 1, 2, 2]).all()


@given(st.lists(st.integers(1, 12), min_size=1, max_size=4), st.integers(1, 60), seeds, st.data())
def test_mixed_data_sets_have_their_proportions(sizes, num_samples, seed, data):
    proportions = data.draw(st.lists(st.integers(0, 9), min_size=len(sizes), max_size=len(sizes)).filter(any))
    both = ConcatDataset([range(size) for size in sizes])
    sampler = MixedSampler(both, proportions, num_samples, rng=seed)
    drawn = np.array(list(sampler))
    assert len(drawn) == len(sampler) == num_samples
    stops = np.cumsum(sizes)
    for start, stop, proportion in zip(stops - sizes, stops, proportions, strict=True):
        own = drawn[(start <= drawn) & (drawn < stop)]
        assert abs(len(own) - num_samples * proportion / sum(proportions)) < 1
        counts = np.bincount(own - start, minlength=stop - start)
        assert counts.max() - counts.min() <= 1  # nothing comes again before everything has come


@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_of_any_iterable_and_of_a_sampler_are_the_same(drop_last):
    class Lazy(Sampler):
        def __iter__(self):
            return iter(range(7))

    expected = [[0, 1, 2], [3, 4, 5], [6]][: 2 if drop_last else 3]
    for positions in (Lazy(), SequentialSampler(range(7)), range(7)):
        assert list(BatchSampler(positions, 3, drop_last)) == expected
    assert len(BatchSampler(range(7), 3, drop_last)) == len(expected)
    assert Lazy().order().tolist() == list(range(7))


@pytest.mark.parametrize(
    "make",
    [
        lambda **rng: RandomSampler(range(20), **rng),
        lambda **rng: SubsetRandomSampler(range(20), **rng),
        lambda **rng: WeightedRandomSampler(np.ones(20), 20, **rng),
        lambda **rng: WeightedRandomSampler(np.ones(20), 20, False, **rng),
        lambda **rng: StratifiedSampler(np.arange(20) % 2, 4, **rng),
        lambda **rng: MixedSampler(ConcatDataset([range(10), range(10)]), [1, 1], **rng),
    ],
)
def test_the_seed_decides_under_both_of_its_names(make):
    one, other, third = make(rng=3), make(generator=np.random.default_rng(3)), make(rng=4)
    first = list(one)
    assert first == list(other)
    assert first != list(third)
    assert first != list(one)  # the next epoch is another one


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RandomSampler([]), "RandomSampler: the data set is empty"),
        (lambda: RandomSampler([1], 1), "replacement must be True or False, got int 1"),
        (lambda: RandomSampler([1], num_samples=0), "num_samples must be a positive whole number"),
        (lambda: SubsetRandomSampler([0.5]), "whole numbers"),
        (lambda: SubsetRandomSampler([True, False]), "flatnonzero"),
        (lambda: WeightedRandomSampler([1, -1], 2), "none negative"),
        (lambda: WeightedRandomSampler([0, 0], 2), "not all 0"),
        (lambda: WeightedRandomSampler([1, np.inf], 2), "finite"),
        (lambda: WeightedRandomSampler([[1, 2]], 2), r"one finite number for each sample.*\(1, 2\)"),
        (lambda: WeightedRandomSampler([1, 0, 1], 3, replacement=False), "num_samples=3 cannot be drawn.*2 samples"),
        (lambda: StratifiedSampler([], 2), "labels must be one for each sample"),
        (lambda: StratifiedSampler([0, 1], 0), "batch_size must be a positive whole number"),
        (lambda: MixedSampler([1, 2], [1, 1]), "must be a ConcatDataset"),
        (lambda: MixedSampler(ConcatDataset([[1], [2]]), [1]), "one number for each of the 2 data sets"),
        (lambda: MixedSampler(ConcatDataset([[1], []]), [1, 1]), "data set 1 is empty, but its proportion is 1"),
        (lambda: BatchSampler([1], 2, None), "drop_last must be True or False"),
    ],
)
def test_what_is_refused_and_in_which_words(call, words):
    with pytest.raises(ag.OptionError, match=words):
        call()


def test_a_sampler_that_defines_nothing_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"Sampler: define __iter__\(self\), or order"):
        list(Sampler())
