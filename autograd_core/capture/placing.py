"""Arrays where a plan says that they lie: views of memory by offset and strides, and what Python functions returned.

Knows pieces and NumPy. Does not know steps.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..lowered import Piece

__all__ = ["as_planned", "is_dense", "is_in_c_order", "lowest_address", "within"]


def within(whole: Any, piece: Piece, offset: int = 0) -> Any:
    """The array that a piece is, in the memory of the array that its buffer is."""
    if piece.shape == whole.shape and piece.strides == whole.strides and piece.offset == offset:
        return whole
    if not whole.size:
        return np.empty(piece.shape, piece.dtype)
    low, _ = np.lib.array_utils.byte_bounds(whole)
    start = np.asarray(_Memory(whole, low + piece.offset, piece))
    return np.lib.stride_tricks.as_strided(start, piece.shape, piece.strides)


class _Memory:
    """Memory of an array, as the start of another one. It holds the array."""

    def __init__(self, whole: Any, address: int, piece: Piece) -> None:
        self.whole = whole
        self.__array_interface__ = {
            "data": (address, not whole.flags.writeable),
            "shape": (1,),
            "typestr": piece.dtype.str,
            "version": 3,
        }


def as_planned(pieces: Sequence[Piece], label: str, memory: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Brings what a function returned to the layout that the plan was made for."""

    def planned(results: Any) -> tuple[Any, ...]:
        results = results if isinstance(results, tuple) else (results,)
        found = []
        for result, piece in zip(results, pieces, strict=True):
            if piece.buffer.kind == "object":
                found.append(result)
                continue
            array = np.asarray(result)
            if array.shape != piece.shape or array.dtype != piece.dtype:
                raise ValueError(
                    f"{label}: gave {array.dtype}{array.shape} in a replay, "
                    f"and {piece.dtype}{piece.shape} when it was captured"
                )
            looks_into = array.base is not None and array.size and piece.buffer.kind == "host"
            if looks_into and np.may_share_memory(array, memory):  # a view of what is written anew before long
                array = array.copy(order="K")
            if array.strides != piece.strides and array.size > 1:
                own = np.empty(piece.buffer.nbytes, np.uint8)
                other = np.ndarray(piece.shape, piece.dtype, own, piece.offset, piece.strides)
                np.copyto(other, array)
                array = other
            found.append(array)
        return tuple(found)

    return planned


def is_dense(piece: Piece) -> bool:
    """Whether a piece is all of its buffer."""
    return piece.offset == 0 and piece.buffer.nbytes == math.prod(piece.shape) * piece.dtype.itemsize


def is_in_c_order(piece: Piece) -> bool:
    """Whether a piece lies as NumPy lays out new arrays."""
    expected = piece.dtype.itemsize
    for n, stride in zip(piece.shape[::-1], piece.strides[::-1], strict=True):
        if n > 1 and stride != expected:
            return False
        expected *= n
    return True


def lowest_address(array: Any) -> int:
    """The address of the lowest byte that an array has."""
    return int(np.lib.array_utils.byte_bounds(array)[0]) if array.size else 0
