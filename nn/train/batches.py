"""Pairs of inputs and targets, batch by batch, and the mode in which a model meets them.

Knows data loaders and modules. Does not know what is done with a batch.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import brief, check_positive
from ..data import DataLoader, IterableDataset
from ..module import Module
from ..randomness import RandomSource

__all__ = ["count_of", "grouped", "inputs_of", "loader_of", "mode", "pairs", "samples_in", "shapes"]


def loader_of(data: Any, batch_size: int, who: str, *, shuffle: bool = False, rng: RandomSource = None) -> DataLoader:
    """A DataLoader as it is, or one of a data set or a stream.

    Errors: OptionError for arrays, which are no data set, and for what has no length.

    >>> len(loader_of(nn.data.TensorDataset(np.zeros((5, 2)), np.arange(5)), 2, "fit"))
    3
    """
    if isinstance(data, DataLoader):
        return data
    check_positive(batch_size, f"{who}: batch_size")
    parts = data if isinstance(data, tuple) else (data,)
    if parts and all(isinstance(part, np.ndarray | ag.Tensor) for part in parts):
        raise ag.OptionError(
            f"{who}: arrays are no data set; nn.data.TensorDataset(inputs, targets) makes one of them: "
            "a sample is an input and its target"
        )
    if isinstance(data, IterableDataset):
        return DataLoader(data, batch_size)
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        raise ag.OptionError(
            f"{who}: data is a DataLoader, or a data set with a length and samples by position, got {brief(data)}. "
            "A list(...) of pairs is one; a stream is an nn.data.IterableDataset"
        )
    return DataLoader(data, batch_size, shuffle=shuffle and len(data) > 0, rng=rng)


def count_of(loader: Any) -> int | None:
    """The number of batches in an epoch; None of a stream that does not tell.

    >>> count_of([1, 2]), count_of(iter([]))
    (2, None)
    """
    try:
        return len(loader)
    except (TypeError, NotImplementedError):
        return None


def pairs(batches: Iterable[Any], who: str) -> Iterator[tuple[Any, Any]]:
    """Inputs and targets.

    Errors: DataError for a batch that is no pair.

    >>> list(pairs([[1, 2]], "fit"))
    [(1, 2)]
    """
    for batch in batches:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            what = f"{len(batch)} parts" if isinstance(batch, tuple | list) else type(batch).__name__
            raise ag.DataError(
                f"{who}: a sample must be a pair of an input and a target, got {what}; several inputs, or several "
                "targets, stand in a tuple or dict, as in ((left, right), target)"
            )
        yield batch[0], batch[1]


def inputs_of(batches: Iterable[Any]) -> Iterator[Any]:
    """The inputs of batches of pairs, or of inputs alone.

    >>> list(inputs_of([["x", "y"], ["x"], "x"]))
    ['x', 'x', 'x']
    """
    for batch in batches:
        yield batch[0] if isinstance(batch, tuple | list) and len(batch) in (1, 2) else batch


def grouped(batches: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Lists of so many that follow each other; the last may be shorter.

    >>> list(grouped(iter("abc"), 2))
    [['a', 'b'], ['c']]
    """
    while group := list(islice(batches, size)):
        yield group


def samples_in(values: Any) -> int:
    """The number of samples in a part of a batch: an array, or several of them in a dict or tuple.

    >>> samples_in({"left": np.zeros((3, 2)), "right": np.zeros(3)}), samples_in([7, 8])
    (3, 2)
    """
    while isinstance(values, Mapping | tuple | list):
        first = next(iter(values.values() if isinstance(values, Mapping) else values), None)
        if not isinstance(first, np.ndarray | ag.Tensor | Mapping | tuple):
            break
        values = first
    return len(values) if hasattr(values, "__len__") and getattr(values, "ndim", None) != 0 else 1


def shapes(values: Any) -> str:
    """The shapes in a part of a batch, in a message.

    >>> shapes((np.zeros((3, 2)), {"x": np.zeros(3)}))
    "((3, 2), {'x': (3,)})"
    """

    def of(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {key: of(value) for key, value in part.items()}
        if isinstance(part, tuple | list):
            return tuple(of(value) for value in part)
        return getattr(part, "shape", type(part).__name__)

    return str(of(values))


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """Switch a model to training or evaluation, and each of its modules back to what it was.

    >>> model = nn.Linear(2, 2)
    >>> with mode(model, training=False):
    ...     model.training
    False
    >>> model.training
    True
    """
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was in before:
            module.training = was
