"""The buffers of a computation, and which of them the arrays of its first run lie in.

Knows arrays' addresses. Does not know steps, nor where a plan will put anything.
"""

import math
from typing import Any

import numpy as np

from ..lowered import Buffer, Piece

__all__ = ["Memory", "span"]


class Memory:
    """The buffers of a computation, and which of them the arrays of its first run lie in."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self.whole: dict[Buffer, Piece] = {}  # the array that each was made for
        self._arrays: dict[Buffer, Any] = {}  # holds the memory, so that no other array gets its addresses
        self._starts: dict[Buffer, int] = {}

    def buffer(self, array: Any, kind: Any) -> Piece:
        """A new buffer for the memory of an array."""
        start, low, high = span(array)
        buffer = Buffer(len(self.buffers), high - low, kind, array if kind == "constant" else None)
        self.buffers.append(buffer)
        self._arrays[buffer], self._starts[buffer] = array, low
        self.whole[buffer] = piece = Piece(buffer, start - low, array.shape, array.strides, array.dtype)
        return piece

    def temporary(self, piece: Piece) -> Buffer:
        """A buffer for a piece that no array stands for."""
        buffer = Buffer(len(self.buffers), math.prod(piece.shape) * piece.dtype.itemsize, "temporary")
        self.buffers.append(buffer)
        return buffer

    def object(self, held: Any) -> Piece:
        """A place for what is no array."""
        buffer = Buffer(len(self.buffers), 0, "object")
        self.buffers.append(buffer)
        self._arrays[buffer] = held
        self.whole[buffer] = piece = Piece(buffer, 0, (), (), np.dtype(object))
        return piece

    def piece(self, array: Any, buffer: Buffer) -> Piece:
        """An array that lies in a buffer."""
        offset = span(array)[0] - self._starts[buffer] if array.size else 0
        return Piece(buffer, offset, array.shape, array.strides, array.dtype)

    def moved(self, piece: Piece, array: Any) -> None:
        """The array that a piece is lies somewhere else now, in the same way."""
        if array.size:
            self._arrays[piece.buffer] = array
            self._starts[piece.buffer] = span(array)[0] - piece.offset

    def holds(self, buffer: Buffer, array: Any) -> bool:
        """Whether an array lies in a buffer."""
        if not array.size:
            return False
        _, low, high = span(array)
        start = self._starts[buffer]
        return start <= low and high <= start + buffer.nbytes and start != 0


def span(array: Any) -> tuple[int, int, int]:
    """The addresses of an array's first element, of the lowest byte that it has, and behind the highest."""
    if not array.size:
        return 0, 0, 0
    found = array.__array_interface__
    start = low = high = found["data"][0]
    if found["strides"] is None:
        return start, low, high + array.nbytes
    for n, stride in zip(array.shape, array.strides, strict=True):
        if stride < 0:
            low += (n - 1) * stride
        else:
            high += (n - 1) * stride
    return start, low, high + array.itemsize
