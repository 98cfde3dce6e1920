"""Prefetching in a thread changes nothing but the time: the same batches, the same errors, and no thread is left."""

import gc
import threading
import time
import traceback

import numpy as np
import pytest

import autograd_core as ag
from nn.data import DataLoader, Dataset, TensorDataset
from nn.data.prefetch import prefetched


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    before = set(threading.enumerate())
    yield
    gc.collect()
    assert set(threading.enumerate()) <= before


class Recorded(Dataset):
    """Samples that note when they are fetched, and by whom."""

    def __init__(self, size=20, fails_at=None):
        self.size, self.fails_at, self.fetched, self.threads = size, fails_at, [], set()

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        self.fetched.append(index)
        self.threads.add(threading.current_thread().name)
        if index == self.fails_at:
            raise ValueError(f"cannot read file {index}")
        return index


def settled(dataset):
    """What has been fetched once nothing more is; waits at most a few seconds for a thread that is slow to start."""
    count = -1
    for _ in range(100):
        if len(dataset.fetched) == count:
            return count
        count = len(dataset.fetched)
        time.sleep(0.05)
    raise AssertionError("it never stops fetching")


def test_batches_come_in_order_and_from_another_thread():
    data = Recorded()
    assert [batch.tolist() for batch in DataLoader(data, 6, prefetch=2)] == [
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10, 11],
        [12, 13, 14, 15, 16, 17],
        [18, 19],
    ]
    assert data.threads == {"autograd_core prefetch"}


@pytest.mark.parametrize("count", [1, 2, 5])
def test_no_more_than_so_many_batches_are_made_ahead(count):
    data = Recorded(100)
    batches = iter(DataLoader(data, 2, prefetch=count))
    for seen in range(1, 4):
        next(batches)
        assert settled(data) == 2 * (seen + count)  # while the caller is busy with the batch that was given out
    batches.close()


def test_workers_are_batches_ahead():
    data = Recorded(4)
    assert DataLoader(data, num_workers=3).prefetch == 6
    assert DataLoader(data, num_workers=3, prefetch_factor=4).prefetch == 12
    assert DataLoader(data, num_workers=3, prefetch=1).prefetch == 1
    assert DataLoader(data).prefetch == 0


def test_leaving_the_loop_ends_the_thread():
    loader = DataLoader(Recorded(1000), 2, prefetch=4)
    for batch in loader:
        if batch[0].item() == 4:
            break
    del batch
    gc.collect()
    assert all(thread.name != "autograd_core prefetch" for thread in threading.enumerate())


def test_a_loader_that_is_never_asked_starts_no_thread():
    batches = iter(DataLoader(Recorded(), 2, prefetch=4))
    assert all(thread.name != "autograd_core prefetch" for thread in threading.enumerate())
    batches.close()


@pytest.mark.parametrize("prefetch", [0, 3])
def test_an_exception_arrives_where_it_belongs_with_its_origin(prefetch):
    seen = []
    with pytest.raises(ValueError, match="cannot read file 7") as caught:
        seen.extend(batch.tolist() for batch in DataLoader(Recorded(fails_at=7), 3, prefetch=prefetch))
    assert seen == [[0, 1, 2], [3, 4, 5]]
    assert "__getitem__" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert caught.value.__notes__ == ["raised by sample 7 of a Recorded"]
    caught = None


def test_an_exception_is_told_the_sample_behind_a_subset_and_a_sampler():
    data = DataLoader(Recorded(fails_at=13), 4, sampler=[13, 2, 3])
    with pytest.raises(ValueError, match="cannot read file") as caught:
        next(iter(data))
    assert caught.value.__notes__ == ["raised by sample 13 of a Recorded"]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_exhausted_file_does_not_end_the_epoch_in_silence(prefetch):
    class Exhausted(Recorded):
        def __getitem__(self, index):
            return next(iter(())) if index == 4 else index

    with pytest.raises(RuntimeError, match="StopIteration raised by sample 4 of a Exhausted"):
        list(DataLoader(Exhausted(), 2, prefetch=prefetch))


def test_an_error_in_the_loop_ends_the_thread():
    def run():
        for _ in DataLoader(Recorded(100), 2, prefetch=2):
            raise KeyError("in the loop")

    with pytest.raises(KeyError):
        run()


def test_several_loops_over_one_loader_do_not_disturb_each_other():
    loader = DataLoader(Recorded(6), 2, prefetch=2)
    pairs = [(one.tolist(), other.tolist()) for one in loader for other in loader]
    assert pairs == [([i, i + 1], [j, j + 1]) for i in (0, 2, 4) for j in (0, 2, 4)]


def test_the_thread_sees_whether_gradients_are_recorded():
    weight = ag.tensor(2.0, requires_grad=True)

    class Scaled(Recorded):
        def __getitem__(self, index):
            return (index * weight).requires_grad

    for prefetch in (0, 2):
        (recorded,) = DataLoader(Scaled(3), 3, prefetch=prefetch)
        with ag.no_grad():
            (not_recorded,) = DataLoader(Scaled(3), 3, prefetch=prefetch)
        assert recorded.tolist() == [True] * 3
        assert not_recorded.tolist() == [False] * 3


def test_batches_that_were_given_out_are_let_go():
    """So that memory holds the batches ahead and no more."""

    class Item:
        alive = most = 0

        def __init__(self):
            Item.alive += 1
            Item.most = max(Item.most, Item.alive)

        def __del__(self):
            Item.alive -= 1

    for _ in range(20):
        for item in prefetched((Item() for _ in range(50)), 1):
            del item
    # one ahead, and one in the hand
    assert Item.most <= 2
    assert Item.alive == 0


def test_arrays_in_memory_come_the_same_way():
    data = TensorDataset(np.arange(100.0).reshape(50, 2), np.arange(50))
    one, other = (DataLoader(data, 8, shuffle=True, rng=1, num_workers=workers) for workers in (0, 4))
    for (x, y), (u, v) in zip(one, other, strict=True):
        assert np.array_equal(x.data, u.data)
        assert np.array_equal(y.data, v.data)
