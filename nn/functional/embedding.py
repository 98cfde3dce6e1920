"""Rows of a table by their numbers, one by one or reduced in bags.

Knows ids and tables. Does not know where the table comes from.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

__all__ = ["embedding", "embedding_bag"]

Ids = NDArray[np.integer[Any]]
Mode = Literal["sum", "mean", "max"]


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """Row ``weight[i]`` for every id i.

    The row `padding_idx` gets no gradient. With `max_norm`, rows that are asked for and have a larger norm (of order
    `norm_type`) are first shortened to it, in `weight` itself. With `scale_grad_by_freq`, the gradient of a row is
    divided by the number of times that it is asked for.
    Shapes: input (...) whole numbers, weight (rows, features) -> (..., features).
    Errors: DTypeError for ids that are floats, OptionError for an id that is no row, with its place, and for
    sparse=True: gradients are dense here.

    >>> embedding(np.array([2, 0]), np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    array([[4., 5.],
           [0., 1.]])
    """
    who = "embedding"
    check_dense(sparse, who)
    ids = checked_ids(input, weight, who)
    padding_idx = checked_padding(padding_idx, weight.shape[0], who)
    if max_norm is not None:
        _shorten(weight, ids, max_norm, norm_type)
    return _rows(ids, weight, padding_idx, scale_grad_by_freq)


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: Mode = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """Sum, mean or largest of the rows of each bag of ids; zeros for an empty bag.

    Ids that are `padding_idx` do not count. `per_sample_weights` multiply the rows, for mode "sum".
    Shapes: input (bags, ids) whole numbers; or (ids,) with offsets (bags,), where each bag begins, and, with
    `include_last_offset`, where the last one ends; per_sample_weights like the input -> (bags, features).
    Errors: as for embedding; OptionError for offsets that do not rise from 0 to the number of ids.

    >>> embedding_bag(np.array([0, 1, 1]), np.array([[1.0], [3.0]]), offsets=np.array([0, 2]))
    array([[2.],
           [3.]])
    """
    who = "embedding_bag"
    check_dense(sparse, who)
    check_bag_options(mode, scale_grad_by_freq, who)
    ids = checked_ids(input, weight, who)
    padding_idx = checked_padding(padding_idx, weight.shape[0], who)
    if per_sample_weights is not None:
        if mode != "sum":
            raise ag.OptionError(f"{who}: per_sample_weights need mode='sum', got mode={mode!r}")
        if np.shape(per_sample_weights) != ids.shape:
            raise ag.ShapeError(
                f"{who}: per_sample_weights must have the shape of the input {ids.shape}, "
                f"got {np.shape(per_sample_weights)}"
            )
    places, counted = _bags(ids, offsets, include_last_offset, who)
    flat = ids.reshape(-1) if ids.size else np.zeros(1, np.intp)  # places of empty bags lie at 0
    if max_norm is not None and ids.size:
        _shorten(weight, ids, max_norm, norm_type)
    grid = flat[places]
    if padding_idx is not None:
        counted = counted & (grid != padding_idx)
    rows = _rows(grid, weight, None, scale_grad_by_freq, counted)
    number, there = np.zeros((), rows.dtype), counted[..., None]
    if mode == "max":
        empty = np.expand_dims(~counted.any(axis=1), 1)
        if not grid.shape[1]:
            return ag.sum(rows, axis=1)
        largest = ag.max(ag.where(there | empty[..., None], rows, np.asarray(-np.inf, rows.dtype)), axis=1)
        return ag.where(empty, number, largest)
    if per_sample_weights is not None and ids.size:
        rows = rows * ag.getitem(ag.reshape(per_sample_weights, -1), places)[..., None]
    total = ag.sum(ag.where(there, rows, number), axis=1)
    if mode == "sum":
        return total
    return total / np.maximum(counted.sum(axis=1), 1)[:, None].astype(rows.dtype)


@ag.performed
def checked_ids(input: Any, weight: Any, who: str) -> Ids:
    """Ids as an array, if they are rows of the table."""
    ids = _plain(input)
    if np.ndim(weight) != 2:
        raise ag.ShapeError(f"{who}: weight must be (rows, features), got shape {np.shape(weight)}")
    if ids.dtype.kind not in "iu":
        if ids.size:
            raise ag.DTypeError(f"{who}: ids must be integers, got {ids.dtype}; use ids.astype(int)")
        ids = ids.astype(np.intp)
    rows = weight.shape[0]
    if ids.size and not 0 <= ids.min() <= ids.max() < rows:
        place = tuple(int(i[0]) for i in np.nonzero((ids < 0) | (ids >= rows)))
        at = f" at position {place[0] if len(place) == 1 else place}" if place else ""
        raise ag.OptionError(f"{who}: id {ids[place]}{at} is out of range for {rows} rows (0 to {rows - 1})")
    return ids


def checked_padding(padding_idx: Any, rows: int, who: str) -> int | None:
    """The row that stands for padding, counted from 0."""
    if padding_idx is None:
        return None
    if (
        isinstance(padding_idx, bool)
        or not isinstance(padding_idx, int | np.integer)
        or not -rows <= padding_idx < rows
    ):
        raise ag.OptionError(f"{who}: padding_idx must be a row, from {-rows} to {rows - 1}, got {padding_idx!r}")
    return int(padding_idx) % rows


def check_dense(sparse: Any, who: str) -> None:
    """Refuse gradients that hold only the rows that were asked for."""
    if sparse:
        raise ag.OptionError(f"{who}: sparse can only be False here: gradients are dense arrays; leave it out")


def check_bag_options(mode: Any, scale_grad_by_freq: bool, who: str) -> None:
    """Refuse a mode that there is not, and what does not go together."""
    if mode not in ("sum", "mean", "max"):
        raise ag.OptionError(f"{who}: mode must be one of sum, mean, max; got {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ag.OptionError(f"{who}: scale_grad_by_freq does not go with mode='max'; use 'sum' or 'mean'")


def _rows(
    ids: Ids, weight: Any, padding_idx: int | None, by_frequency: bool, counted: NDArray[np.bool_] | None = None
) -> Any:
    """The rows, whose gradients are divided by how often an id (that counts) is there if `by_frequency`."""
    rows = ag.getitem(weight, ids)
    if not isinstance(rows, ag.Tensor):
        return rows
    if by_frequency and ids.size:
        plain = rows.detach()
        # the value is that of `plain`, to the last bit; what is added is zero, and carries the gradient
        rows = plain + (rows - plain) / _times(ids, counted, weight.shape[0], rows.dtype)
    if padding_idx is None or not (ag.capturing() or (ids == padding_idx).any()):
        return rows
    return ag.where((ids == padding_idx)[..., None], rows.detach(), rows)


@ag.performed
def _times(ids: Any, counted: Any, rows: int, dtype: Any) -> Any:
    """How often each id is there, at least once."""
    ids = _plain(ids)
    times = np.bincount(ids.ravel() if counted is None else ids[_plain(counted)], minlength=rows)[ids]
    return np.maximum(times, 1)[..., None].astype(dtype)


def _plain(x: Any) -> Any:
    return np.asarray(x.detach().data if isinstance(x, ag.Tensor) else x)


@ag.performed
def _shorten(weight: Any, ids: Ids, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are asked for down to a norm, in place and unrecorded."""
    with ag.no_grad():
        array = weight.detach().data if isinstance(weight, ag.Tensor) else weight
        used = np.unique(_plain(ids))
        norms = np.linalg.norm(array[used], ord=norm_type, axis=1)
        long = norms > max_norm
        if long.any():
            table = weight.writable() if isinstance(weight, ag.Tensor) else weight
            table[used[long]] *= (max_norm / (norms[long] + 1e-7)).astype(table.dtype)[:, None]  # as in PyTorch


@ag.performed
def _bags(ids: Ids, offsets: Any, include_last: bool, who: str) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For each bag (down) the places of its ids among all ids (across), and which of them are there."""
    if ids.ndim == 2:
        if offsets is not None:
            raise ag.OptionError(f"{who}: for an input (bags, ids) every row is a bag, and offsets must be left out")
        return np.arange(ids.size).reshape(ids.shape), np.ones(ids.shape, bool)
    if ids.ndim != 1 or offsets is None:
        raise ag.ShapeError(f"{who}: input must be (bags, ids), or (ids,) with offsets; got {ids.shape}")
    starts = _plain(offsets)
    if starts.ndim != 1 or (starts.dtype.kind not in "iu" and starts.size):
        raise ag.DTypeError(f"{who}: offsets must be a list of whole numbers, got {starts.dtype} of {starts.shape}")
    ends = starts if include_last else np.append(starts, ids.size)
    if (
        (include_last and (not starts.size or starts[-1] != ids.size))
        or (starts.size and starts[0])
        or (np.diff(ends) < 0).any()
    ):
        end = f"to the number of ids {ids.size}" if include_last else f"and stay within the {ids.size} ids"
        raise ag.OptionError(f"{who}: offsets must rise from 0 {end}, got {starts.tolist()}")
    lengths = np.diff(ends).astype(np.intp)
    n = np.arange(int(lengths.max(initial=0)))
    counted = n < lengths[:, None]
    return np.where(counted, ends[:-1, None] + n, 0).astype(np.intp), counted
