"""Sequences of different lengths in one batch: padded to the longest, or packed step by step without the padding.

The functions of torch.nn.utils.rnn, by their names. Knows arrays, Tensors and lengths. Does not know any layer.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence(NamedTuple):
    """Sequences sorted from the longest to the shortest, with the same step of all of them side by side.

    `data` holds step 0 of all sequences, then step 1 of those that have one, and so on; `batch_sizes` says how many
    have each step. `sorted_indices` are the places from which sorting took the sequences and `unsorted_indices` those
    to which it took them, or None if they came sorted. Make one with `pack_padded_sequence` or `pack_sequence`.

    >>> pack_sequence([np.array([1, 2, 3]), np.array([4])]).data
    array([1, 4, 2, 3])
    """

    data: Any
    batch_sizes: NDArray[np.int64]
    sorted_indices: NDArray[np.int64] | None = None
    unsorted_indices: NDArray[np.int64] | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many steps each sequence has, from the longest to the shortest."""
        return lengths_of(self.batch_sizes)


def invert_permutation(permutation: Any) -> NDArray[np.int64]:
    """The permutation that puts back what another has moved.

    >>> invert_permutation([2, 0, 1])
    array([1, 2, 0])
    """
    return np.argsort(_whole(permutation, "invert_permutation: a permutation"), kind="stable")


def lengths_of(batch_sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lengths of sorted sequences, from how many have each step.

    >>> lengths_of(np.array([3, 2, 2]))
    array([3, 3, 1])
    """
    return (batch_sizes[:, None] > np.arange(batch_sizes[0])).sum(axis=0)


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack the first `lengths[n]` steps of each sequence n; what lies behind them is left out.

    Shapes: input (steps, batch, ...), or (batch, steps, ...) with `batch_first`; lengths (batch,).
    Errors: OptionError for lengths that are not from 1 to the number of steps, or that rise unless
    `enforce_sorted=False`, which sorts.

    >>> pack_padded_sequence(np.array([[1, 4], [2, 0], [3, 0]]), [3, 1]).batch_sizes
    array([2, 1, 1])
    """
    who = "pack_padded_sequence"
    if len(input.shape) < 2:
        raise ag.ShapeError(f"{who}: input must be (steps, batch, ...), got shape {input.shape}")
    x = ag.swapaxes(input, 0, 1) if batch_first else input
    lengths = _checked(lengths, x.shape[1], x.shape[0], who)
    order = places = None
    if not enforce_sorted:
        order = np.argsort(-lengths, kind="stable")
        places, lengths = invert_permutation(order), lengths[order]
    elif (np.diff(lengths) > 0).any():
        raise ag.OptionError(
            f"{who}: with enforce_sorted=True the sequences must come from the longest to the shortest, got lengths "
            f"{lengths.tolist()}; pass enforce_sorted=False, and they are sorted, and put back when unpacked"
        )
    step, batch = np.nonzero(np.arange(x.shape[0])[:, None] < lengths)
    columns = batch if order is None else order[batch]
    sizes = (np.arange(int(lengths.max()))[:, None] < lengths).sum(axis=1)
    return PackedSequence(ag.getitem(x, (step, columns)), sizes, order, places)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Any, NDArray[np.int64]]:
    """Unpack: the sequences in the order in which they came, padded to the longest or `total_length`, and the lengths.

    Shapes: -> (steps, batch, ...), or (batch, steps, ...) with `batch_first`; lengths (batch,).
    Errors: OptionError for a `total_length` below the longest.

    >>> pad_packed_sequence(pack_sequence([np.array([1, 2, 3]), np.array([4])]), batch_first=True)
    (array([[1, 2, 3],
           [4, 0, 0]]), array([3, 1]))
    """
    _check_packed(sequence, "pad_packed_sequence")
    lengths, steps = sequence.lengths, len(sequence.batch_sizes)
    if total_length is not None and total_length < steps:
        raise ag.OptionError(
            f"pad_packed_sequence: total_length must be at least the longest length {steps}, got {total_length}"
        )
    steps = steps if total_length is None else total_length
    places = sequence.unsorted_indices
    index, there = _places(lengths, steps)
    if places is not None:
        index, there, lengths = index[:, places], there[:, places], lengths[places]
    if batch_first:
        index, there = index.T, there.T
    return _filled(ag.getitem(sequence.data, index), there, padding_value), lengths


def pad_sequence(
    sequences: Sequence[Any],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: Literal["left", "right"] = "right",
) -> Any:
    """Arrays of different lengths, padded to the longest and side by side.

    Shapes: (steps_n, ...) each -> (steps, batch, ...), or (batch, steps, ...) with `batch_first`.
    Errors: ShapeError for arrays that differ behind their first axis.

    >>> pad_sequence([np.array([1.0, 2.0]), np.array([3.0])], batch_first=True, padding_value=-1)
    array([[ 1.,  2.],
           [ 3., -1.]])
    """
    lengths = _lengths_of_list(sequences, "pad_sequence")
    if padding_side not in ("left", "right"):
        raise ag.OptionError(f"pad_sequence: padding_side must be one of left, right; got {padding_side!r}")
    n = np.arange(int(lengths.max()))
    position = n - (n.size - lengths[:, None]) if padding_side == "left" else np.broadcast_to(n, (lengths.size, n.size))
    there = (position >= 0) & (position < lengths[:, None])
    index = np.where(there, position + (np.cumsum(lengths) - lengths)[:, None], 0)
    if not batch_first:
        index, there = index.T, there.T
    return _filled(ag.getitem(ag.concatenate(sequences, axis=0), index), there, padding_value)


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Pack arrays of different lengths; from the longest to the shortest, unless `enforce_sorted=False`.

    Shapes: (steps_n, ...) each.
    Errors: as for pack_padded_sequence and pad_sequence.

    >>> pack_sequence([np.array([4]), np.array([1, 2])], enforce_sorted=False).sorted_indices
    array([1, 0])
    """
    lengths = _lengths_of_list(sequences, "pack_sequence")
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of a padded batch, each as long as it is.

    >>> unpad_sequence(np.array([[1, 2], [3, 0]]), [2, 1], batch_first=True)
    [array([1, 2]), array([3])]
    """
    x = padded_sequences if batch_first else ag.swapaxes(padded_sequences, 0, 1)
    lengths = _checked(lengths, x.shape[0], x.shape[1], "unpad_sequence")
    return [x[i, :n] for i, n in enumerate(lengths.tolist())]


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The sequences that were packed, in the order in which they came.

    >>> unpack_sequence(pack_sequence([np.array([1, 2]), np.array([3])]))
    [array([1, 2]), array([3])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences))


def padded(sequence: PackedSequence, who: str) -> tuple[Any, NDArray[np.int64]]:
    """Packed sequences side by side, (steps, batch, ...), still from the longest to the shortest; and their lengths."""
    _check_packed(sequence, who)
    lengths = sequence.lengths
    index, there = _places(lengths, len(sequence.batch_sizes))
    return _filled(ag.getitem(sequence.data, index), there, 0.0), lengths


def packed_like(sequence: PackedSequence, x: Any) -> PackedSequence:
    """What `padded` gave, or an array with the same steps, packed again."""
    step, batch = np.nonzero(np.arange(len(sequence.batch_sizes))[:, None] < sequence.lengths)
    return sequence._replace(data=ag.getitem(x, (step, batch)))


def _places(lengths: NDArray[np.int64], steps: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where in packed data each step (down) of each sorted sequence (across) lies, and whether it is there at all."""
    there = np.arange(steps)[:, None] < lengths
    sizes = there.sum(axis=1)
    index = (np.cumsum(sizes) - sizes)[:, None] + np.arange(lengths.size)
    return np.where(there, index, 0), there


def _filled(x: Any, there: NDArray[np.bool_], padding_value: float) -> Any:
    """x where it is there, and a number elsewhere, in the type of x."""
    if there.all():
        return x
    mask = there.reshape(*there.shape, *[1] * (len(x.shape) - there.ndim))
    return ag.where(mask, x, np.asarray(padding_value, x.dtype))


def _lengths_of_list(sequences: Sequence[Any], who: str) -> NDArray[np.int64]:
    if isinstance(sequences, ag.Tensor | np.ndarray) or not len(sequences):
        raise ag.ShapeError(
            f"{who}: a list of arrays is needed, one for each sequence; got {type(sequences).__name__} "
            f"{'with none' if not isinstance(sequences, ag.Tensor | np.ndarray) else f'of shape {sequences.shape}'}"
        )
    shapes = [np.shape(sequence) for sequence in sequences]
    for i, shape in enumerate(shapes):
        if not shape or shape[1:] != shapes[0][1:]:
            raise ag.ShapeError(
                f"{who}: sequences must be (steps, ...), alike behind the first axis; number 0 has shape {shapes[0]}, "
                f"number {i} has {shape}"
            )
    return np.array([shape[0] for shape in shapes])


def _whole(values: Any, who: str) -> NDArray[np.int64]:
    array = np.asarray(values.detach().data if isinstance(values, ag.Tensor) else values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise ag.DTypeError(f"{who} must be a list of whole numbers, got {array.dtype} of shape {array.shape}")
    return array.astype(np.int64)


def _checked(lengths: Any, batch: int, steps: int, who: str) -> NDArray[np.int64]:
    lengths = _whole(lengths, f"{who}: lengths")
    if lengths.shape != (batch,) or not batch:
        raise ag.ShapeError(f"{who}: one length for each of the {batch} sequences is needed, got {len(lengths)}")
    if lengths.min() < 1 or lengths.max() > steps:
        i = int(np.argmax((lengths < 1) | (lengths > steps)))
        raise ag.OptionError(
            f"{who}: lengths must be from 1 to the {steps} steps there are; sequence {i} has length {lengths[i]}"
        )
    return lengths


def _check_packed(sequence: Any, who: str) -> None:
    if not isinstance(sequence, PackedSequence):
        raise ag.OptionError(f"{who}: a PackedSequence is needed, got {type(sequence).__name__}")
    sizes = np.asarray(sequence.batch_sizes)
    if sizes.ndim != 1 or not sizes.size or sizes[-1] < 1 or (np.diff(sizes) > 0).any():
        raise ag.OptionError(f"{who}: batch_sizes must not rise and be at least 1, got {sizes.tolist()}")
    if sizes.sum() != np.shape(sequence.data)[0]:
        raise ag.ShapeError(
            f"{who}: data has {np.shape(sequence.data)[0]} rows where batch_sizes add up to {sizes.sum()}"
        )
