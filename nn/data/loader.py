"""Mini-batches of a data set, epoch by epoch, from any point at which a run was interrupted.

Knows how samplers, fetching, collating and prefetching go together, and what has to be kept to continue. Does not know
how each of them works.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import brief, check_flag, check_positive
from ..randomness import RandomSource, one_source
from .collation import collate, convert
from .dataset import IterableDataset, Samples, described, fetch, fetch_each
from .prefetch import prefetched
from .resuming import restorer, snapshot, sources
from .samplers import BatchSampler, RandomSampler, SequentialSampler, StratifiedSampler

__all__ = ["DataLoader", "get_worker_info"]


@dataclass
class _Progress:
    """How far an iteration has come. `data` is None while the generators of the data set are where they belong."""

    start: dict[str, Any]  # the generators of the sampler when the epoch began
    position: int = 0  # how many batches the caller has been given
    data: dict[str, Any] | None = None  # the generators of the data set after the last of those
    ended: bool = False


class DataLoader:
    """Mini-batches of a data set, as Tensors; each iteration is one epoch.

    The last batch is smaller where `batch_size` does not divide the number of samples; `drop_last` leaves it out. With
    `shuffle`, each epoch draws a new order from `rng` when it starts: a seed or a numpy.random.Generator gives the same
    batches again, None gives others in every run; `generator` is PyTorch's name for it. A `sampler` gives the positions
    instead, a `batch_sampler` lists of them, `collate_fn` makes a batch of a list of samples. `batch_size=None` yields
    samples one by one. Numbers keep their type: labels stay integers.

    `prefetch` batches are made ahead in one thread; ``num_workers=n`` means ``prefetch=2 * n`` (or `prefetch_factor`
    for 2). It is a thread, never a process: nothing is pickled, and batches and random numbers are the same as without.
    It pays where samples are waited for, as from a disk, and where they are computed while a core is idle; data that
    lie in memory need none. A generator that the data set draws from must then be its own, not the model's. To leave
    the loop ends the thread. `pin_memory`, `persistent_workers` and `in_order` are accepted and mean nothing here.

    `state_dict()` within the loop tells what has been seen. After `load_state_dict`, also in another process, iterating
    continues with the batch that would have come next, and later epochs follow as without the interruption: the same
    samples with the same random distortions, where generators are attributes of the data set, the sampler or their
    parts. NumPy's global generator and those in closures are not seen.
    Errors: OptionError for a batch size that is not a positive whole number, for options that exclude each other, and
    for shuffling no samples.

    >>> images, labels = np.zeros((5, 1, 8, 8), np.float32), np.arange(5)
    >>> loader = DataLoader(nn.data.TensorDataset(images, labels), batch_size=2)
    >>> for x, y in loader:
    ...     print(x.shape, y.tolist())
    ...     if y[0].item() == 2:
    ...         state = loader.state_dict()
    (2, 1, 8, 8) [0, 1]
    (2, 1, 8, 8) [2, 3]
    (1, 1, 8, 8) [4]
    >>> loader.load_state_dict(state)
    >>> [[y.tolist() for _, y in loader] for _ in range(2)]
    [[[4]], [[0, 1], [2, 3], [4]]]
    """

    def __init__(
        self,
        dataset: Samples | IterableDataset,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: None = None,
        multiprocessing_context: None = None,
        generator: RandomSource = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        rng: RandomSource = None,
        prefetch: int | None = None,
    ):
        if isinstance(dataset, type):
            raise ag.OptionError(
                f"DataLoader: dataset must be a data set, got the class {dataset.__name__}; make one of it"
            )
        self._streams = isinstance(dataset, IterableDataset)
        if not self._streams and not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise ag.OptionError(
                f"DataLoader: dataset must have a length and indexing, got {type(dataset).__name__}; arrays become a "
                "data set by TensorDataset(x, y), a stream by deriving from IterableDataset"
            )
        flags = {"pin_memory": pin_memory, "drop_last": drop_last, "persistent_workers": persistent_workers}
        for name, flag in {"shuffle": shuffle or False, **flags, "in_order": in_order}.items():
            check_flag(flag, f"DataLoader: {name}")
        refused = {"timeout": timeout, "worker_init_fn": worker_init_fn, "pin_memory_device": pin_memory_device}
        for name, value in {**refused, "multiprocessing_context": multiprocessing_context}.items():
            if value:
                raise ag.OptionError(
                    f"DataLoader: {name}={brief(value)} is for worker processes or devices, which are not used here: "
                    "num_workers prefetches in a thread; leave it out"
                )
        self.dataset: Any = dataset
        self.batch_size = None if batch_size is None else check_positive(batch_size, "DataLoader: batch_size")
        self.shuffle, self.drop_last = bool(shuffle), drop_last
        self.num_workers, self.prefetch_factor = num_workers, prefetch_factor
        self.prefetch = _batches_ahead(num_workers, prefetch_factor, prefetch)
        self.pin_memory, self.persistent_workers, self.in_order = pin_memory, persistent_workers, in_order
        self.collate_fn = collate_fn
        self._check_exclusive(sampler, batch_sampler)
        self.rng = one_source(rng, generator, "DataLoader")
        if sampler is None and not self._streams and batch_sampler is None:
            data: Any = dataset
            sampler = RandomSampler(data, rng=self.rng) if self.shuffle else SequentialSampler(data)
        if batch_sampler is None and sampler is not None and self.batch_size is not None:
            batch_sampler = BatchSampler(sampler, self.batch_size, drop_last)
        if batch_sampler is not None and sampler is None:
            self.batch_size = None  # which is for the batch sampler to say, as in PyTorch
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self._progress: _Progress | None = None
        self._loaded: dict[str, Any] | None = None

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        if self._streams:
            full, rest = divmod(len(self.dataset), self.batch_size or 1)
            return full + (rest > 0 and not self.drop_last)
        # a sampler without a length says so itself
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        loaded, self._loaded = self._loaded, None
        found, drawn = self._data_sources(), self._order_sources()
        if loaded is not None:
            restorer(drawn, loaded["start"], "DataLoader")()
        progress = self._progress = _Progress(snapshot(drawn))
        # The whole order is drawn here, before the first batch: an epoch that is left early does not change the next.
        positions = iter(()) if self._streams else self._positions()
        batches = self._from_stream() if self._streams else map(self._fetch, positions)
        if loaded is not None:
            progress.position = loaded["position"]
            for _ in islice(batches if self._streams else positions, progress.position):
                pass  # a stream is read again; what can be indexed need not be fetched
            if not self._streams:
                restorer(found, loaded["data"], "DataLoader")()
        if not self.prefetch:
            return self._now(progress, batches)
        drawn_ahead = {} if isinstance(self.batch_sampler, BatchSampler) and self.batch_sampler.draws_at_once else drawn
        return self._ahead(progress, batches, {**drawn_ahead, **found})

    def state_dict(self) -> dict[str, Any]:
        """What has been seen of the epoch, and what will be drawn: plain numbers, strings and arrays, by name.

        Within the loop ``position`` is the number of batches that came; between epochs it is None.
        """
        if self._loaded is not None:
            return self._loaded
        found, drawn, progress = self._data_sources(), self._order_sources(), self._progress
        if progress is None or progress.ended:
            position, start, data = None, snapshot(drawn), snapshot(found)
        else:
            position, start = progress.position, progress.start
            data = snapshot(found) if progress.data is None else {path: progress.data[path] for path in found}
        return {**self._frame(), "position": position, "start": start, "data": data}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from there with the next iteration; nothing is changed unless all of it fits.

        Errors: DataError for the state of a loader with another number of samples, another batch size, or other random
        generators.
        """
        frame = self._frame()
        expected = {*frame, "position", "start", "data"}
        if not isinstance(state, Mapping) or set(state) != expected:
            raise ag.DataError(
                f"DataLoader: a state has the entries {', '.join(sorted(expected))}, got {brief(state)}; "
                "nothing was loaded"
            )
        for name, here in frame.items():
            if state[name] != here:
                raise ag.DataError(
                    f"DataLoader: the state was saved where {name} was {state[name]}, but it is {here} here, so that "
                    "its position means nothing; nothing was loaded"
                )
        position = state["position"]
        if position is not None and not (isinstance(position, int | np.integer) and position >= 0):
            raise ag.DataError(f"DataLoader: position must be a number of batches or None, got {brief(position)}")
        order = restorer(self._order_sources(), state["start"], "DataLoader")
        data = restorer(self._data_sources(), state["data"], "DataLoader")
        order()
        data()
        self._progress = None
        self._loaded = None if position is None else {**state, "position": int(position)}

    def __repr__(self) -> str:
        shown = [described(self.dataset)]
        shown += [] if self.batch_size is None else [f"batch_size={self.batch_size}"]
        if isinstance(self.sampler, RandomSampler) and self.shuffle:
            shown += ["shuffle=True"]
        elif not isinstance(self.sampler, SequentialSampler | None):
            shown += [f"sampler={type(self.sampler).__name__}"]
        elif not isinstance(self.batch_sampler, BatchSampler | None):
            shown += [f"batch_sampler={type(self.batch_sampler).__name__}"]
        shown += ["drop_last=True"] * self.drop_last + [f"prefetch={self.prefetch}"] * (self.prefetch > 0)
        return f"{type(self).__name__}({', '.join(shown)})"

    # --- iterating ----------------------------------------------------------------------------------------------------

    def _now(self, progress: _Progress, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            progress.position += 1
            yield batch
        progress.ended = True

    def _ahead(self, progress: _Progress, batches: Iterator[Any], found: dict[str, Any]) -> Iterator[Any]:
        progress.data = snapshot(found)
        try:
            # each batch comes with what its making left behind, since more may have been made when it is looked at
            with closing(prefetched(((batch, snapshot(found)) for batch in batches), self.prefetch)) as ready:
                for batch, data in ready:
                    progress.position += 1
                    progress.data = data
                    yield batch
            progress.ended = True
        finally:
            if not progress.ended:  # what was made in vain has drawn nothing
                restorer(found, progress.data, "DataLoader")()

    def _positions(self) -> Iterator[Any]:
        if self.batch_sampler is None:  # then there is a sampler
            return iter(self.sampler)  # type: ignore[arg-type]
        if isinstance(self.batch_sampler, BatchSampler) and type(self.batch_sampler).__iter__ is BatchSampler.__iter__:
            return self.batch_sampler.arrays()
        return map(np.asarray, self.batch_sampler)

    def _fetch(self, position: Any) -> Any:
        if self.batch_sampler is None:
            return (self.collate_fn or convert)(fetch_each(self.dataset, [position])[0])
        if self.collate_fn is None:
            return fetch(self.dataset, position)
        return self.collate_fn(fetch_each(self.dataset, position.tolist()))

    def _from_stream(self) -> Iterator[Any]:
        samples: Iterator[Any] = iter(self.dataset)
        if self.batch_size is None:
            yield from map(self.collate_fn or convert, samples)
            return
        while batch := list(islice(samples, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield (self.collate_fn or collate)(batch)

    # --- what a state is made of --------------------------------------------------------------------------------------

    def _order_sources(self) -> dict[str, Any]:
        """What draws the order of an epoch; for a stream, what draws anything."""
        if self._streams:
            return self._data_sources()
        return sources(self.sampler if self.batch_sampler is None else self.batch_sampler, "order")

    def _data_sources(self) -> dict[str, Any]:
        return sources({"dataset": self.dataset, "collate_fn": self.collate_fn})

    def _frame(self) -> dict[str, Any]:
        """Without which a position means nothing."""
        return {"samples": None if self._streams else len(self.dataset), "batch_size": self.batch_size}

    # --- checks -------------------------------------------------------------------------------------------------------

    def _check_exclusive(self, sampler: Any, batch_sampler: Any) -> None:
        given = {"shuffle": self.shuffle, "sampler": sampler is not None, "batch_sampler": batch_sampler is not None}
        orders = [name for name, there in given.items() if there]
        if len(orders) > 1:
            raise ag.OptionError(f"DataLoader: {' and '.join(orders)} each say which samples come; pass one of them")
        if self._streams and orders:
            raise ag.OptionError(
                f"DataLoader: {orders[0]} has no meaning for a stream ({type(self.dataset).__name__} is an "
                "IterableDataset), whose order is its own; shuffle within its __iter__"
            )
        if batch_sampler is not None and (self.batch_size != 1 or self.drop_last):
            raise ag.OptionError(
                "DataLoader: batch_size and drop_last are for the batch_sampler to say; leave them out"
            )
        if self.batch_size is None and self.drop_last:
            raise ag.OptionError(
                "DataLoader: drop_last=True has no meaning with batch_size=None, which makes no batches"
            )
        if self.shuffle and len(self.dataset) == 0:
            raise ag.OptionError("DataLoader: shuffle=True, but the data set is empty; check the split that made it")
        if isinstance(sampler, StratifiedSampler) and sampler.batch_size != self.batch_size:
            raise ag.OptionError(
                f"DataLoader: the StratifiedSampler is made for batch_size={sampler.batch_size}, got "
                f"{self.batch_size}; give both the same"
            )


def get_worker_info() -> None:
    """None: there are no worker processes, so that a stream which shares itself out among them gives everything.

    >>> get_worker_info() is None
    True
    """


def _batches_ahead(num_workers: int, prefetch_factor: int | None, prefetch: int | None) -> int:
    """How many batches are made ahead."""
    given = {"num_workers": num_workers, "prefetch_factor": prefetch_factor, "prefetch": prefetch}
    for name, value in given.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0):
            raise ag.OptionError(f"DataLoader: {name} must be a whole number, not negative, got {brief(value)}")
    if prefetch is not None:
        return int(prefetch)
    return int(num_workers) * (2 if prefetch_factor is None else int(prefetch_factor))
