"""Samples become batches: numbers, arrays and what is made of them, stacked along a new first axis.

Knows how samples are built. Does not know which of them were picked, nor where they come from.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..arguments import brief

__all__ = ["collate", "constant", "convert", "default_collate"]


def collate(samples: Sequence[Any]) -> Any:
    """Stack samples of one structure along a new first axis, leaf by leaf.

    Numbers, arrays and Tensors (...) become a Tensor (N, ...) of their type; tuples, lists and dicts of them become a
    tuple, list or dict of Tensors; text stays a list. `default_collate` is the same function under PyTorch's name.
    Errors: ShapeError for arrays of differing shapes, DataError for samples of differing structure, GraphError for
    Tensors that require gradients.

    >>> batch = collate([{"x": [0.0, 1.0], "label": 3}, {"x": [2.0, 3.0], "label": 7}])
    >>> batch["label"].tolist(), [column.tolist() for column in batch["x"]]
    ([3, 7], [[0.0, 2.0], [1.0, 3.0]])
    """
    if not samples:
        raise ag.DataError("collate: a batch needs one or more samples, got none")
    return _collate(samples, "sample")


default_collate = collate


def convert(sample: Any) -> Any:
    """One sample with its arrays as Tensors and everything else as it is: what a DataLoader without batches yields.

    >>> x, label = convert((np.zeros(3), 7))
    >>> x.shape, label
    ((3,), 7)
    """
    if isinstance(sample, np.ndarray):
        return ag.asarray(sample)
    if isinstance(sample, Mapping):
        return {key: convert(value) for key, value in sample.items()}
    if isinstance(sample, tuple | list):
        parts = [convert(part) for part in sample]
        return type(sample)(*parts) if hasattr(sample, "_fields") else type(sample)(parts)
    return sample


def constant(value: Any, who: str) -> NDArray[Any]:
    """The numbers of an array, a sequence or a Tensor that has no gradient to lose.

    Errors: GraphError, DataError or DTypeError, which name `who` has them.

    >>> constant([1, 2], "labels")
    array([1, 2])
    """
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
    arrays = [constant(sample, f"collate: {path} {i} of a batch") for i, sample in enumerate(samples)]
    for i, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise ag.ShapeError(
                f"collate: the samples of a batch must have one shape, but {path} 0 has {arrays[0].shape} and "
                f"{path} {i} has {array.shape}; crop or pad them in the data set's __getitem__, or pass the "
                "DataLoader a collate_fn"
            )
    return ag.asarray(np.stack(arrays))


def _check_alike(samples: Sequence[Any], kinds: list[Any], path: str) -> None:
    for i, kind in enumerate(kinds):
        if kind != kinds[0]:
            raise ag.DataError(
                f"collate: the samples of a batch must have one structure, but {path} 0 is {brief(samples[0])} and "
                f"{path} {i} is {brief(samples[i])}"
            )
