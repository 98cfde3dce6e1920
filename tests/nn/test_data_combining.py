"""Data sets made of data sets, streams, and a loader's options: what PyTorch's users pass means the same here."""

from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from nn.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    StackDataset,
    StratifiedSampler,
    Subset,
    TensorDataset,
    default_collate,
    default_convert,
    stratified_split,
)


class Slow(Dataset):
    """The same samples as another data set, to be had only one by one."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]


class Numbers(IterableDataset):
    def __init__(self, stop):
        self.stop = stop

    def __iter__(self):
        return iter(range(self.stop))


class Counted(Numbers):
    def __len__(self):
        return self.stop


def numbered(size, start=0):
    labels = np.arange(start, start + size)
    return TensorDataset(np.stack([labels, labels + 0.5], axis=1).astype(np.float32), labels)


def same(one, other):
    return all(
        a.dtype == b.dtype and np.array_equal(a.data, b.data)
        for x, y in zip(one, other, strict=True)
        for a, b in zip(x, y, strict=True)
    )


# --- data sets behind each other and side by side ---


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4).filter(any), st.integers(1, 8), st.data())
def test_data_sets_behind_each_other_are_the_concatenation(sizes, batch_size, data):
    starts = np.cumsum([0, *sizes])
    parts = [numbered(size, start) for size, start in zip(sizes, starts, strict=False)]
    wrapped = [Slow(part) if data.draw(st.booleans()) else part for part in parts]
    whole, joined = numbered(sum(sizes)), ConcatDataset(wrapped)
    assert len(joined) == len(whole)
    assert [joined[i][1].item() for i in range(-len(whole), len(whole))] == list(range(len(whole))) * 2
    loaders = [DataLoader(it, batch_size, shuffle=True, rng=1) for it in (whole, joined)]
    assert same(*loaders)


def test_data_sets_are_added():
    joined = numbered(2) + numbered(3, 2) + Slow(numbered(1, 5))
    assert [joined[i][1].item() for i in range(6)] == list(range(6))
    assert repr(numbered(2) + numbered(3)) == (
        "ConcatDataset(TensorDataset((2, 2) float32, (2,) int64), TensorDataset((3, 2) float32, (3,) int64))"
    )


def test_structures_are_kept_behind_each_other():
    Pair = namedtuple("Pair", "image name")
    parts = [[Pair({"x": i + 0.5}, f"no. {i}") for i in range(start, start + 3)] for start in (0, 3)]
    (batch,) = DataLoader(ConcatDataset(parts), 6, sampler=[5, 0, 3, 2])
    assert isinstance(batch, Pair)
    assert batch.image["x"].tolist() == [5.5, 0.5, 3.5, 2.5]
    assert batch.name == ["no. 5", "no. 0", "no. 3", "no. 2"]


@given(st.integers(1, 12), st.integers(1, 5))
def test_data_sets_side_by_side_give_tuples_or_dicts(size, batch_size):
    images, labels = np.arange(size) / 2, np.arange(size)
    plain = [(x.tolist(), y.tolist()) for x, y in DataLoader(StackDataset(images, Slow(labels)), batch_size)]
    named = [
        (batch["x"].tolist(), batch["y"].tolist())
        for batch in DataLoader(StackDataset(x=Slow(images), y=labels), batch_size)
    ]
    assert plain == named
    assert [value for x, _ in plain for value in x] == images.tolist()
    assert [value for _, y in plain for value in y] == labels.tolist()


def test_pytorchs_way_to_fetch_many_is_heeded():
    class Together(Slow):
        def __getitem__(self, index):
            raise AssertionError("asked one by one")

        def __getitems__(self, indices):
            return [self.dataset[index] for index in indices]

    assert same(DataLoader(Together(numbered(7)), 3), DataLoader(numbered(7), 3))


# --- streams ---


@given(st.integers(0, 20), st.integers(1, 7), st.booleans(), st.integers(0, 2))
def test_a_stream_comes_in_its_own_order(stop, batch_size, drop_last, prefetch):
    loader = DataLoader(Counted(stop), batch_size, drop_last=drop_last, prefetch=prefetch)
    batches = [batch.tolist() for batch in loader]
    kept = stop // batch_size * batch_size if drop_last else stop
    assert [value for batch in batches for value in batch] == list(range(kept))
    assert len(batches) == len(loader)
    assert all(len(batch) == batch_size for batch in batches[:-1])


def test_streams_are_chained():
    chained = ChainDataset([Counted(3), Counted(2)])
    assert [batch.tolist() for batch in DataLoader(chained, 2)] == [[0, 1], [2, 0], [1]]
    assert len(chained) == 5


def test_a_stream_without_a_length_says_so():
    with pytest.raises(TypeError, match="Numbers"):
        len(DataLoader(Numbers(3)))


# --- the loader's options ---


def test_a_batch_sampler_says_everything():
    batches = [[3, 1], [0], [2, 2, 2]]
    loader = DataLoader(numbered(4), batch_sampler=batches)
    assert [y.tolist() for _, y in loader] == batches
    assert len(loader) == 3
    assert loader.batch_size is None


def test_without_batches_samples_come_one_by_one():
    samples = list(DataLoader(Slow([(np.ones(2), 3, "a")]), None))
    ((image, label, name),) = samples
    assert isinstance(image, ag.Tensor)
    assert (label, name) == (3, "a")
    assert list(DataLoader(Counted(3), None)) == [0, 1, 2]
    assert len(DataLoader(numbered(3), batch_size=None)) == 3


def test_a_collate_fn_gets_the_list_of_samples():
    loader = DataLoader(numbered(5), 2, collate_fn=lambda samples: [int(label.item()) for _, label in samples])
    assert list(loader) == [[0, 1], [2, 3], [4]]
    assert list(DataLoader(Counted(3), 2, collate_fn=sum)) == [1, 2]
    assert default_collate([1, 2]).tolist() == [1, 2]
    assert default_convert({"x": [np.zeros(2), "name"]})["x"][1] == "name"


def test_pytorchs_positional_order():
    data, sampler = numbered(5), SequentialSampler(range(5))
    loader = DataLoader(data, 2, False, sampler, None, 0, None, False, True, 0, None, None, 7)
    assert [y.tolist() for _, y in loader] == [[0, 1], [2, 3]]
    one, other = DataLoader(data, 5, True, generator=7), DataLoader(data, 5, True, rng=7)
    assert same(one, other)


def test_what_a_loader_is_shows():
    data = TensorDataset(np.zeros(3))
    assert (
        repr(DataLoader(data, 2, shuffle=True)) == "DataLoader(TensorDataset((3,) float64), batch_size=2, shuffle=True)"
    )
    assert repr(DataLoader(data, drop_last=True, num_workers=1)) == (
        "DataLoader(TensorDataset((3,) float64), batch_size=1, drop_last=True, prefetch=2)"
    )
    assert "sampler=StratifiedSampler" in repr(DataLoader(data, 2, sampler=StratifiedSampler([0, 0, 1], 2)))
    assert "batch_sampler=list" in repr(DataLoader(data, batch_sampler=[[0]]))


# --- a stratified split ---


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.floats(0.1, 0.9), st.integers(0, 99))
def test_a_stratified_split_is_a_partition_in_proportion(labels, fraction, seed):
    labels = np.array(labels)
    parts = stratified_split(range(len(labels)), [fraction, 1 - fraction], labels, rng=seed)
    assert sorted(i for part in parts for i in part.indices.tolist()) == list(range(len(labels)))
    share = len(parts[0]) / len(labels)
    for label in set(labels.tolist()):
        # rounded up or down; the last digits of the product are not exact
        assert abs((labels[parts[0].indices] == label).sum() - share * (labels == label).sum()) < 1 + 1e-9


def test_a_stratified_split_takes_the_labels_of_a_tensor_data_set_and_follows_its_seed():
    labels = np.repeat([0, 1], [90, 10])
    data = TensorDataset(np.arange(100), labels)
    train, test = stratified_split(data, [80, 20], rng=3)
    assert np.bincount(labels[test.indices]).tolist() == [18, 2]
    assert np.array_equal(train.indices, stratified_split(data, [80, 20], labels, rng=3)[0].indices)
    assert not np.array_equal(train.indices, stratified_split(data, [80, 20], rng=4)[0].indices)


# --- refusals ---


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ConcatDataset([]), ag.OptionError, "one or more data sets"),
        (lambda: ConcatDataset([numbered(2), Numbers(3)]), ag.OptionError, "length and indexing.*ChainDataset"),
        (lambda: ConcatDataset([numbered(2)])[2], ag.IndexingError, "sample 2 of 2"),
        (
            lambda: next(iter(DataLoader(numbered(2) + TensorDataset(np.zeros((2, 3)), np.zeros(2)), 4))),
            ag.ShapeError,
            r"one shape, but the data sets have \(2,\), \(3,\) \(batch\[0\]\)",
        ),
        (
            lambda: next(iter(DataLoader(numbered(2) + TensorDataset(np.zeros(2)), 4))),
            ag.DataError,
            "one structure, but the data sets give",
        ),
        (lambda: StackDataset(), ag.OptionError, "got none"),
        (lambda: StackDataset([1], x=[1]), ag.OptionError, "all by position or all by name"),
        (lambda: StackDataset([1], [1, 2]), ag.ShapeError, r"same length, got \[1, 2\]"),
        (lambda: DataLoader(numbered(3), shuffle=True, sampler=[0]), ag.OptionError, "shuffle and sampler each say"),
        (
            lambda: DataLoader(numbered(3), sampler=[0], batch_sampler=[[0]]),
            ag.OptionError,
            "sampler and batch_sampler",
        ),
        (lambda: DataLoader(numbered(3), 2, batch_sampler=[[0]]), ag.OptionError, "for the batch_sampler to say"),
        (lambda: DataLoader(numbered(3), None, drop_last=True), ag.OptionError, "no meaning with batch_size=None"),
        (lambda: DataLoader(Numbers(3), shuffle=True), ag.OptionError, "shuffle has no meaning for a stream"),
        (lambda: DataLoader(Numbers(3), sampler=[0]), ag.OptionError, "sampler has no meaning for a stream"),
        (
            lambda: DataLoader(numbered(3), worker_init_fn=print),
            ag.OptionError,
            "worker_init_fn.*prefetches in a thread",
        ),
        (lambda: DataLoader(numbered(3), multiprocessing_context="fork"), ag.OptionError, "multiprocessing_context"),
        (lambda: DataLoader(numbered(3), timeout=3), ag.OptionError, "timeout=int 3 is for worker processes"),
        (lambda: DataLoader(numbered(3), pin_memory="yes"), ag.OptionError, "pin_memory must be True or False"),
        (lambda: DataLoader(numbered(3), num_workers=-1), ag.OptionError, "num_workers must be a whole number"),
        (lambda: DataLoader(numbered(3), prefetch=1.5), ag.OptionError, "prefetch must be a whole number"),
        (lambda: DataLoader(numbered(3), rng=1, generator=2), ag.OptionError, "two names for one thing"),
        (
            lambda: DataLoader(numbered(3), 2, sampler=StratifiedSampler([0, 0, 1], 3)),
            ag.OptionError,
            "made for batch_size=3, got 2",
        ),
        (lambda: stratified_split(range(3), [2, 1]), ag.OptionError, "labels of a range are not known; pass labels="),
        (
            lambda: stratified_split(range(3), [2, 1], [0, 1]),
            ag.OptionError,
            r"each of the 3 samples, got shape \(2,\)",
        ),
        (lambda: stratified_split(range(3), [2, 2], [0, 1, 1]), ag.OptionError, "stratified_split: lengths"),
        (lambda: default_collate([]), ag.DataError, "one or more samples"),
        (lambda: len(BatchSampler(iter([1]), 2, False)), TypeError, "does not say how long it is"),
        (lambda: Subset(numbered(3), [5]), ag.OptionError, "lies outside"),
    ],
)
def test_what_is_refused_and_in_which_words(call, error, words):
    with pytest.raises(error, match=words):
        call()
