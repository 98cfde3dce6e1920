"""Data sets, mini-batches, splits and one-hot labels: nothing is lost, invented, reordered or retyped."""

from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from nn.data import DataLoader, Dataset, Subset, TensorDataset, collate, one_hot, random_split

sizes = st.integers(0, 40)
batch_sizes = st.integers(1, 45)
seeds = st.integers(0, 2**32 - 1)
DTYPES = [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int32, np.int64, np.uint64, np.bool_]


def numbered(size):
    """Samples that tell their number twice, as a row of an image and as a label."""
    labels = np.arange(size)
    return TensorDataset(np.stack([labels, labels + 0.5], axis=1).astype(np.float32), labels)


class Slow(Dataset):
    """The same samples as another data set, to be had only one by one."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]


class Bare:
    """A data set that inherits nothing."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return index, index / 2


def labels_of(loader):
    return [batch[-1].tolist() for batch in loader]


def same(one, other):
    return all(
        a.dtype == b.dtype and np.array_equal(a.data, b.data)
        for x, y in zip(one, other, strict=True)
        for a, b in zip(x, y, strict=True)
    )


# --- DataLoader ---


@given(sizes, batch_sizes)
def test_an_epoch_in_order_is_the_data_set(size, batch_size):
    data = numbered(size)
    batches = list(DataLoader(data, batch_size))
    assert [label for _, y in batches for label in y.tolist()] == list(range(size))
    assert all(np.array_equal(x.data[:, 0], y.data) for x, y in batches)


@given(st.integers(1, 40), batch_sizes, seeds)
def test_a_shuffled_epoch_holds_every_sample_once_with_its_label(size, batch_size, seed):
    batches = list(DataLoader(numbered(size), batch_size, shuffle=True, rng=seed))
    assert sorted(label for _, y in batches for label in y.tolist()) == list(range(size))
    assert all(np.array_equal(x.data[:, 0], y.data) for x, y in batches)


@given(sizes, batch_sizes, st.booleans())
def test_len_counts_the_batches_and_only_the_last_may_be_short(size, batch_size, drop_last):
    loader = DataLoader(numbered(size), batch_size, drop_last=drop_last)
    lengths = [len(y) for y in labels_of(loader)]
    assert len(loader) == len(lengths)
    assert all(length == batch_size for length in lengths[:-1])
    assert sum(lengths) == (size // batch_size * batch_size if drop_last else size)
    assert 0 not in lengths


@given(st.integers(1, 40), batch_sizes, seeds)
def test_a_seed_and_its_generator_give_the_same_epochs(size, batch_size, seed):
    one = DataLoader(numbered(size), batch_size, shuffle=True, rng=seed)
    other = DataLoader(numbered(size), batch_size, shuffle=True, rng=np.random.default_rng(seed))
    assert [labels_of(one) for _ in range(3)] == [labels_of(other) for _ in range(3)]


def test_each_epoch_has_a_new_order_and_no_seed_is_no_repetition():
    loaders = [DataLoader(numbered(30), 30, shuffle=True, rng=rng) for rng in (0, None, None)]
    orders = [tuple(labels_of(loader)[0]) for loader in loaders for _ in range(2)]
    assert len(set(orders)) == 6  # two of them agree by chance once in 10^31 runs


def test_an_epoch_left_early_does_not_change_the_next():
    whole, early = (DataLoader(numbered(20), 3, shuffle=True, rng=7) for _ in range(2))
    list(whole)
    next(iter(early))
    assert labels_of(whole) == labels_of(early)


@given(st.integers(1, 20), batch_sizes, seeds, st.data())
def test_taking_batches_together_and_one_by_one_is_the_same(size, batch_size, seed, data):
    fast = numbered(size)
    chosen = data.draw(st.lists(st.integers(-size, size - 1), min_size=1))
    for one, other in [(fast, Slow(fast)), (Subset(fast, chosen), Slow(Subset(Slow(fast), chosen)))]:
        assert same(*(DataLoader(it, batch_size, shuffle=True, rng=seed) for it in (one, other)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("wrap", [lambda data: data, Slow, lambda data: Subset(data, [2, 0])])
def test_numbers_keep_their_type(dtype, wrap):
    (batch,) = next(iter(DataLoader(wrap(TensorDataset(np.ones((3, 2), dtype))), 2)))
    assert isinstance(batch, ag.Tensor)
    assert batch.dtype == dtype
    assert batch.shape == (2, 2)


def test_a_batch_of_a_tensor_data_set_asks_for_no_single_sample(monkeypatch):
    def refuse(self, index):
        raise AssertionError("asked for a sample")

    monkeypatch.setattr(TensorDataset, "__getitem__", refuse)
    data = numbered(10)
    assert labels_of(DataLoader(Subset(data, range(4)), 4)) == [[0, 1, 2, 3]]


@pytest.mark.parametrize("base", [TensorDataset, Subset])
def test_a_subclass_that_changes_samples_is_heeded(base):
    class Shifted(base):
        def __getitem__(self, index):
            return (super().__getitem__(index)[0].item() + 100,)

    arguments = (np.arange(3),) if base is TensorDataset else (TensorDataset(np.arange(3)), range(3))
    assert labels_of(DataLoader(Shifted(*arguments), 2)) == [[100, 101], [102]]


def test_writing_into_a_batch_leaves_the_data_set_alone():
    array = np.zeros((4, 2))
    for (x,) in DataLoader(TensorDataset(array), 4):
        x.data[...] = 1
    assert not array.any()


def test_an_attribute_called_batch_is_no_obstacle():
    data = Slow(numbered(3))
    data.batch = 64
    assert labels_of(DataLoader(data, 2)) == [[0, 1], [2]]


def test_anything_with_length_and_index_can_be_loaded():
    assert [x.tolist() for x, _ in DataLoader(Bare(), 2)] == [[0, 1], [2, 3], [4]]
    assert [x.tolist() for x in DataLoader(np.arange(3), 2)] == [[0, 1], [2]]
    assert [x.tolist() for x in DataLoader([4.0, 5.0], 2)] == [[4.0, 5.0]]


# --- data sets ---


@given(st.data())
def test_a_subset_of_a_subset_is_the_composition(data):
    outer = data.draw(st.lists(st.integers(-9, 8), min_size=1))
    inner = data.draw(st.lists(st.integers(-len(outer), len(outer) - 1)))
    nested = Subset(Subset(numbered(9), outer), inner)
    assert [nested[i][1].item() for i in range(len(nested))] == [np.arange(9)[outer][i] for i in inner]


def test_negative_positions_count_from_the_end_of_data_sets_that_do_not_know_them():
    assert [Subset(Bare(), [-1, 0, -5])[i][0] for i in range(3)] == [4, 0, 0]


def test_small_integer_types_can_index_large_data_sets():
    assert Subset(TensorDataset(np.arange(1000)), np.array([200, 3], np.uint8))[0][0].item() == 200
    assert Subset(TensorDataset(np.arange(1000)), np.array([-1], np.int8))[0][0].item() == 999


def test_a_tensor_data_set_shares_its_arrays_and_iterates_like_a_sequence():
    x = np.arange(6.0).reshape(3, 2)
    data = TensorDataset(x, [7, 8, 9])
    x[2] = -1
    assert [(a.tolist(), b.item()) for a, b in data] == [([0, 1], 7), ([2, 3], 8), ([-1, -1], 9)]
    assert [tensor.shape for tensor in data.tensors] == [(3, 2), (3,)]


@pytest.mark.parametrize("method", ["__len__", "__getitem__"])
def test_a_data_set_without_length_or_samples_cannot_be_made(method):
    incomplete = type("Incomplete", (Slow,), {method: getattr(Dataset, method)})
    with pytest.raises(TypeError, match=method):
        incomplete(numbered(3))


# --- collate ---


def test_structures_are_collated_leaf_by_leaf():
    Pair = namedtuple("Pair", "image label")
    samples = [{"pair": Pair(np.full((2, 2), i, np.float32), i), "name": f"no. {i}", "box": [i, 0.5]} for i in range(3)]
    batch = collate(samples)
    assert isinstance(batch["pair"], Pair)
    assert batch["pair"].image.shape == (3, 2, 2)
    assert batch["pair"].image.dtype == np.float32
    assert batch["pair"].label.tolist() == [0, 1, 2]
    assert batch["pair"].label.dtype.kind == "i"
    assert batch["name"] == ["no. 0", "no. 1", "no. 2"]
    assert [column.tolist() for column in batch["box"]] == [[0, 1, 2], [0.5, 0.5, 0.5]]


# --- random_split ---


@given(st.lists(st.integers(0, 12), min_size=1, max_size=5).filter(lambda lengths: sum(lengths) != 1), seeds)
def test_a_split_by_lengths_has_them_and_is_a_partition(lengths, seed):
    parts = random_split(numbered(sum(lengths)), lengths, rng=seed)
    assert [len(part) for part in parts] == lengths
    assert sorted(i for part in parts for i in part.indices.tolist()) == list(range(sum(lengths)))


@given(st.integers(0, 200), st.lists(st.integers(1, 100), min_size=1, max_size=5), seeds)
def test_a_split_by_fractions_is_a_partition_within_one_sample_each(size, weights, seed):
    fractions = [weight / sum(weights) for weight in weights]
    parts = random_split(range(size), fractions, rng=seed)
    assert sorted(i for part in parts for i in part.indices.tolist()) == list(range(size))
    for part, fraction in zip(parts, fractions, strict=True):
        assert abs(len(part) - size * fraction) < 1 + 1e-9  # the product is rounded


def test_samples_left_over_go_round_robin():
    # these are the lengths of PyTorch 2's random_split
    assert [len(part) for part in random_split(range(10), [0.25] * 4)] == [3, 3, 2, 2]
    assert [len(part) for part in random_split(range(3), [0.5, 0.5])] == [2, 1]
    # 0.1 + 0.2 + 0.7 sums to a little less than 1, and 0.7 + 0.2 + 0.1 to another number
    assert [len(part) for part in random_split(range(10), [0.1, 0.2, 0.7])] == [1, 2, 7]


def test_a_split_follows_its_seed():
    one, again, other = (random_split(range(30), [15, 15], rng=seed)[0].indices.tolist() for seed in (1, 1, 2))
    assert one == again != other
    assert one != sorted(one)


# --- one_hot ---

labels = st.lists(st.integers(0, 9), min_size=1, max_size=12)


@given(labels, st.integers(10, 12), st.sampled_from(DTYPES[:-1]))
def test_one_hot_is_undone_by_argmax_and_has_one_1_a_row(labels, num_classes, dtype):
    rows = one_hot(np.array(labels), num_classes, dtype)
    assert rows.shape == (len(labels), num_classes)
    assert rows.dtype == dtype
    assert rows.argmax(axis=1).tolist() == labels
    assert (np.sort(rows, axis=1)[:, -1] == 1).all()
    assert (rows.sum(axis=1) == 1).all()


@given(labels)
def test_one_hot_without_a_number_takes_the_largest_label_for_the_last_class(labels):
    assert one_hot(labels).shape == one_hot(labels, num_classes=-1).shape == (len(labels), max(labels) + 1)


def test_one_hot_keeps_the_kind_and_the_axes_of_its_argument():
    array = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    assert isinstance(one_hot(array), np.ndarray)
    assert isinstance(one_hot(ag.asarray(array)), ag.Tensor)
    assert np.array_equal(one_hot(ag.asarray(array)).data, np.eye(3)[array])
    assert one_hot(2).tolist() == [0, 0, 1]
    assert one_hot(np.zeros(0, int), 3).shape == (0, 3)


# --- refusals ---

trainable = ag.tensor(np.ones(3), requires_grad=True)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: TensorDataset(np.ones((3, 2)), np.ones(4)), ag.ShapeError, r"same length.*\(3, 2\), \(4,\)"),
        (lambda: TensorDataset(), ag.ShapeError, "one or more arrays.*none"),
        (lambda: TensorDataset(np.ones(3), 1.0), ag.ShapeError, r"first axis.*\(3,\), \(\)"),
        (lambda: TensorDataset(np.ones(3), trainable), ag.GraphError, r"array 1 requires a gradient.*detach"),
        (lambda: TensorDataset(["a", "b"]), ag.DTypeError, "array 0 must hold real numbers.*<U1"),
        (lambda: TensorDataset([[1], [2, 3]]), ag.DataError, "array 0 is not an array of numbers"),
        (lambda: Subset(numbered(3), [0, 3]), ag.OptionError, "index 3 lies outside a data set of 3 samples"),
        (lambda: Subset(numbered(3), [-4]), ag.OptionError, "index -4 lies outside"),
        (lambda: Subset(numbered(3), [True, False, True]), ag.OptionError, "whole numbers.*bool.*flatnonzero"),
        (lambda: Subset(numbered(3), [0.0]), ag.OptionError, "whole numbers.*float64"),
        (lambda: DataLoader(numbered(3), 0), ag.OptionError, "batch_size must be a positive whole number, got int 0"),
        (lambda: DataLoader(numbered(3), -2), ag.OptionError, "batch_size.*got int -2"),
        (lambda: DataLoader(numbered(3), 2.0), ag.OptionError, "batch_size.*got float 2.0"),
        (lambda: DataLoader(numbered(3), True), ag.OptionError, "batch_size.*got bool True"),
        (lambda: DataLoader(numbered(3), "4"), ag.OptionError, "batch_size.*got str '4'"),
        (lambda: DataLoader(numbered(3), np.ones(3)), ag.OptionError, "batch_size.*got ndarray array"),
        (lambda: DataLoader(numbered(3), 2, 32), ag.OptionError, "shuffle must be True or False, got int 32"),
        (lambda: DataLoader(numbered(3), 2, drop_last="no"), ag.OptionError, "drop_last must be True or False"),
        (lambda: DataLoader(numbered(0), 2, True), ag.OptionError, "shuffle=True, but the data set is empty"),
        (lambda: DataLoader(iter([1]), 2), ag.OptionError, "length and indexing, got list_iterator.*TensorDataset"),
        (lambda: DataLoader(Dataset, 2), ag.OptionError, "dataset must be a data set, got the class Dataset"),
        (lambda: DataLoader(numbered(3), rng="seed"), ag.OptionError, "rng must be a seed.*got str 'seed'"),
        (lambda: DataLoader(numbered(3), rng=-1), ag.OptionError, "rng must be a seed.*got int -1"),
        (lambda: random_split(range(10), [5, 4]), ag.OptionError, r"sum to the 10 samples.*\[5, 4\].*sum to 9"),
        (lambda: random_split(range(10), [0.5, 0.4]), ag.OptionError, "fractions that sum to 1.*sum to 0.9"),
        (lambda: random_split(range(10), [5.0, 5.0]), ag.OptionError, "whole numbers"),
        (lambda: random_split(range(10), [11, -1]), ag.OptionError, "none negative"),
        (lambda: random_split(range(10), [float("nan"), 1]), ag.OptionError, "none negative"),
        (lambda: random_split(range(10), []), ag.OptionError, r"got \[\]"),
        (lambda: one_hot([0, 3], 3), ag.DataError, r"0 \.\.\. 2 \(3 classes\), but 3 stands at position 1"),
        (lambda: one_hot([[0, 1], [-1, 0]]), ag.DataError, r"but -1 stands at position \(1, 0\)"),
        (lambda: one_hot([0.0, 1.0]), ag.DTypeError, "labels must be integers, got float64"),
        (lambda: one_hot([True]), ag.DTypeError, "labels must be integers, got bool"),
        (lambda: one_hot(np.zeros(0, int)), ag.OptionError, "pass num_classes"),
        (lambda: one_hot([0], 0), ag.OptionError, "num_classes must be a positive whole number"),
        (lambda: collate([np.ones(3), np.ones(4)]), ag.ShapeError, r"sample 0 has \(3,\) and sample 1 has \(4,\).*pad"),
        (lambda: collate([(1, 2), (1,)]), ag.DataError, r"one structure, but sample 0 is tuple \(1, 2\) and sample 1"),
        (lambda: collate([(1, 2), 1]), ag.DataError, "one structure"),
        (lambda: collate([{"x": 1}, {"y": 1}]), ag.DataError, "one structure.*'y'"),
        (lambda: collate([{"x": (1, None)}]), ag.DTypeError, r"sample\['x'\]\[1\] 0 of a batch.*None"),
        (lambda: collate([1.0, "one"]), ag.DTypeError, "sample 1 of a batch must hold real numbers"),
        (lambda: collate([trainable]), ag.GraphError, "requires a gradient.*detach"),
    ],
)
def test_what_is_refused_and_in_which_words(call, error, words):
    with pytest.raises(error, match=words):
        call()
