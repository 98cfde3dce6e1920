"""A loader that is resumed goes on with exactly the batches that would have come, wherever it was interrupted."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
from nn.augment import Augmented, Distorted, Flip, Noise, Shift
from nn.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    MixedSampler,
    RandomSampler,
    Sampler,
    StratifiedSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

LABELS = np.arange(23)
IMAGES = np.random.default_rng(0).random((23, 1, 5, 5), dtype=np.float32)


class Jittered(Dataset):
    """A data set as people write them: one sample at a time, with a generator of its own."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(LABELS)

    def __getitem__(self, index):
        return IMAGES[index] + self.rng.standard_normal(), LABELS[index]


class Bare:
    """The same without inheriting anything, and with the generator one object further away."""

    def __init__(self, seed):
        self.inner = Jittered(seed)

    def __len__(self):
        return len(self.inner)

    def __getitem__(self, index):
        return self.inner[index]


class Stream(IterableDataset):
    """Samples from a stream that draws them."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def __iter__(self):
        for label in LABELS:
            yield self.rng.standard_normal(3), label


class Walk(Sampler):
    """A sampler that draws while it goes, and is never done."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def __iter__(self):
        for _ in range(30):
            yield int(self.rng.integers(len(LABELS)))


def one_generator(seed):
    """The order and the noise from the same generator."""
    rng = np.random.default_rng(seed)
    return DataLoader(Augmented(TensorDataset(IMAGES, LABELS), Noise(0.1), rng=rng), 4, shuffle=True, rng=rng)


def pair(seed):
    return TensorDataset(IMAGES, LABELS), seed


def augmented(seed):
    return Augmented(TensorDataset(IMAGES, LABELS), Shift(1), Flip(), Noise(0.1), rng=seed)


def concatenated(seed):
    return ConcatDataset([Distorted(TensorDataset(IMAGES, LABELS), rng=seed), augmented(seed + 1)])


LOADERS = {
    "in order": lambda seed, **more: DataLoader(TensorDataset(IMAGES, LABELS), 4, **more),
    "shuffled": lambda seed, **more: DataLoader(TensorDataset(IMAGES, LABELS), 4, shuffle=True, rng=seed, **more),
    "last dropped": lambda seed, **more: DataLoader(
        TensorDataset(IMAGES, LABELS), 4, shuffle=True, drop_last=True, rng=seed, **more
    ),
    "augmented": lambda seed, **more: DataLoader(augmented(seed), 4, shuffle=True, rng=seed + 1, **more),
    "a part of it": lambda seed, **more: DataLoader(Subset(augmented(seed), range(15)), 4, shuffle=True, rng=1, **more),
    "own data set": lambda seed, **more: DataLoader(Jittered(seed), 4, shuffle=True, rng=seed + 1, **more),
    "bare data set": lambda seed, **more: DataLoader(Bare(seed), 4, shuffle=True, rng=seed + 1, **more),
    "stream": lambda seed, **more: DataLoader(Stream(seed), 4, **more),
    "lazy sampler": lambda seed, **more: DataLoader(augmented(seed), 4, sampler=Walk(seed), **more),
    "weighted": lambda seed, **more: DataLoader(
        augmented(seed), 4, sampler=WeightedRandomSampler(LABELS + 1, 20, rng=seed), **more
    ),
    "stratified": lambda seed, **more: DataLoader(
        augmented(seed), 4, sampler=StratifiedSampler(LABELS % 3, 4, rng=seed), **more
    ),
    "mixed": lambda seed, **more: DataLoader(
        both := concatenated(seed), 4, sampler=MixedSampler(both, [1, 2], 30, rng=seed), **more
    ),
    "batch sampler": lambda seed, **more: DataLoader(
        Jittered(seed), batch_sampler=BatchSampler(RandomSampler(LABELS, rng=seed), 4, True), **more
    ),
    "no batches": lambda seed, **more: DataLoader(Jittered(seed), None, shuffle=True, rng=seed, **more),
    "own collating": lambda seed, **more: DataLoader(
        Jittered(seed), 4, shuffle=True, rng=seed, collate_fn=lambda samples: (samples[0][0], len(samples)), **more
    ),
    "one generator": lambda seed, **more: one_generator(seed),
}
names = pytest.mark.parametrize("name", LOADERS)
ahead = pytest.mark.parametrize("prefetch", [0, 1, 3])


def values(batch):
    """A batch as bytes, which compare bit by bit."""
    return [(np.asarray(part.data if isinstance(part, ag.Tensor) else part)).tobytes() for part in batch]


def epochs(loader, count):
    return [[values(batch) for batch in loader] for _ in range(count)]


@names
@ahead
def test_the_same_seed_gives_the_same_epochs_with_and_without_prefetching(name, prefetch):
    expected = epochs(LOADERS[name](3), 3)
    assert epochs(LOADERS[name](3, prefetch=prefetch), 3) == expected
    assert name in ("in order",) or expected[0] != expected[1]


@names
@ahead
def test_after_every_number_of_batches_the_rest_follows(name, prefetch):
    """Also in another process, which knows nothing but the state and how the loader was made, with other seeds."""
    make = LOADERS[name]
    expected = [batch for epoch in epochs(make(3), 3) for batch in epoch]
    length = len(expected) // 3
    for stop in range(2 * length + 1):
        loader, seen = make(3, prefetch=prefetch), []
        state = None
        while len(seen) < stop:  # interrupted within the loop, after this batch
            for batch in loader:
                seen.append(values(batch))
                if len(seen) == stop:
                    state = copy.deepcopy(loader.state_dict())
                    break
        state = loader.state_dict() if state is None else state
        resumed = make(99, prefetch=3 - prefetch if name != "one generator" else 0)
        resumed.load_state_dict(state)
        # an epoch whose last batch has been seen still has to end
        finished = [values(batch) for batch in resumed] if stop and stop % length == 0 else []
        assert finished == []
        rest = [values(batch) for _ in range(3) for batch in resumed]
        assert seen + rest[: len(expected) - stop] == expected


@names
def test_a_run_can_be_interrupted_again_and_again(name):
    make = LOADERS[name]
    expected = [batch for epoch in epochs(make(5), 2) for batch in epoch]
    loader, seen = make(5), []
    rounds = 0
    while len(seen) < len(expected):
        rounds += 1
        for batch in loader:
            seen.append(values(batch))
            state = loader.state_dict()
            loader = make(rounds)
            loader.load_state_dict(state)
            break
        assert rounds < 3 * len(expected)
    assert seen == expected


@names
@ahead
def test_between_epochs_the_state_is_that_of_the_next_epoch(name, prefetch):
    loader = LOADERS[name](3, prefetch=prefetch)
    epochs(loader, 1)
    state = loader.state_dict()
    assert state["position"] is None
    resumed = LOADERS[name](4)
    resumed.load_state_dict(state)
    assert epochs(resumed, 2) == epochs(loader, 2)


@names
def test_a_state_that_was_loaded_can_be_saved_at_once(name):
    loader, other = LOADERS[name](3), LOADERS[name](4)
    batches = iter(loader)
    next(batches)
    next(batches)
    other.load_state_dict(loader.state_dict())
    assert repr(other.state_dict()) == repr(loader.state_dict())


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(0, 4), st.integers(0, 40))
def test_resuming_is_right_for_every_seed_batch_size_and_place(seed, batch_size, prefetch, stop):
    def make(seed):
        return DataLoader(augmented(seed), batch_size, shuffle=True, rng=seed + 1, prefetch=prefetch)

    expected = [batch for epoch in epochs(make(seed), 2) for batch in epoch]
    stop = min(stop, len(expected) // 2 - 1)
    loader = make(seed)
    batches = iter(loader)
    seen = [values(next(batches)) for _ in range(stop)]
    resumed = make(seed + 7)
    resumed.load_state_dict(loader.state_dict())
    assert seen + [batch for epoch in epochs(resumed, 2) for batch in epoch] == expected


@names
@ahead
def test_a_loop_that_is_left_draws_no_more_than_it_was_given(name, prefetch):
    """The batches that were prefetched in vain are as if they had never been made."""
    loaders = [LOADERS[name](3), LOADERS[name](3, prefetch=prefetch)]
    for loader in loaders:
        for i, _ in enumerate(loader):
            if i == 1:
                break
    assert epochs(loaders[0], 2) == epochs(loaders[1], 2)


def test_a_state_is_plain_and_small():
    loader = LOADERS["augmented"](3)
    next(iter(loader))
    state = loader.state_dict()

    def check(value):
        if isinstance(value, dict):
            assert all(isinstance(key, str) for key in value)
            return [leaf for part in value.values() for leaf in check(part)]
        assert type(value) in (int, float, str, bool, type(None), np.ndarray)
        return [value]

    assert len(check(state)) < 30
    assert set(state) == {"samples", "batch_size", "position", "start", "data"}
    assert list(state["start"]) == ["order.sampler.rng"]
    assert list(state["data"]) == ["dataset.rng"]  # the generators that are handed over are not drawn from


def test_what_brings_a_state_of_its_own_is_asked_for_it():
    class Counting(Jittered):
        def __init__(self):
            super().__init__(0)
            self.count = 0

        def __getitem__(self, index):
            self.count += 1
            return (self.count,)

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state):
            self.count = state["count"]

    first, second = Counting(), Counting()
    loader = DataLoader(first, 2, prefetch=3)
    batches = iter(loader)
    next(batches)
    resumed = DataLoader(second, 2)
    resumed.load_state_dict(loader.state_dict())
    assert next(iter(resumed))[0].tolist() == [3, 4]


def test_every_numpy_generator_can_be_resumed():
    for kind in (np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64):
        one, other = (RandomSampler(LABELS, rng=np.random.Generator(kind(seed))) for seed in (1, 2))
        one.order()
        other.load_state_dict(copy.deepcopy(one.state_dict()))
        assert list(one) == list(other)


def test_networks_in_a_data_set_are_not_saved_with_it():
    from nn import Linear

    class Embedded(Jittered):
        def __init__(self):
            super().__init__(0)
            self.network = Linear(2, 2)

    assert list(Embedded().state_dict()) == ["rng"]


def state_of(name, **changes):
    loader = LOADERS[name](3)
    next(iter(loader))
    return {**loader.state_dict(), **changes}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "a state has the entries .*position.*got NoneType None"),
        ({}, "a state has the entries"),
        (state_of("augmented", samples=24), "saved where samples was 24, but it is 23 here"),
        (state_of("augmented", batch_size=8), "saved where batch_size was 8, but it is 4 here"),
        (state_of("augmented", position=-1), "position must be a number of batches or None, got int -1"),
        (state_of("augmented", position="2"), "position must be a number of batches or None, got str"),
        (state_of("in order"), "another loader or data set.*missing: 'order.sampler.rng'"),
        (state_of("augmented", data={}), "missing: 'dataset.rng'"),
        (state_of("augmented", data={"dataset.rng": 1, "dataset.other": 2}), "unexpected: 'dataset.other'"),
        (state_of("augmented", data={"dataset.rng": 1}), "dataset.rng: not the state of a PCG64"),
        (
            state_of("augmented", data={"dataset.rng": np.random.MT19937(0).state}),
            "dataset.rng: not the state of a PCG64",
        ),
        (state_of("augmented", data=[]), "a state is a dict by paths, got list"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(state, words):
    loader = LOADERS["augmented"](3)
    before = repr(loader.state_dict())
    with pytest.raises(ag.DataError, match=words):
        loader.load_state_dict(state)
    assert repr(loader.state_dict()) == before
