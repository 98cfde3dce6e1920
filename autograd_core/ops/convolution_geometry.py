"""Which inputs a convolution joins to which outputs, and how its work is cut. It knows sizes, and no arrays.

All sizes are lifted to three spatial axes (depth, height, width); missing ones have length 1.
"""

import math
from itertools import product
from typing import NamedTuple

Ints = tuple[int, ...]

THICK = 48  # rows of a matrix from which a product on views beats a copy of patches
_BLOCK = 1 << 18  # numbers in a scratch matrix: it stays in a core's cache between its making and its use
_WORTH_THREADS = 1 << 21  # multiplications from which other cores are woken


class Tap(NamedTuple):
    """One position of the kernel along an axis: it joins output o to input ``o * stride + offset`` for lo <= o < hi."""

    position: int
    offset: int
    lo: int
    hi: int

    def meet(self, lo: int, hi: int, stride: int) -> tuple[slice, slice]:
        """Return which of the outputs from lo to hi it joins, counted from lo, and to what inputs."""
        start, stop = max(lo, self.lo), min(hi, self.hi)
        if start >= stop:
            return slice(0), slice(0)
        return slice(start - lo, stop - lo), slice(start * stride + self.offset, stop * stride + self.offset, stride)


class Piece(NamedTuple):
    """A part of the output: a plane, some of its rows, and their columns from lo to hi."""

    deep: int
    rows: slice
    lo: int
    hi: int

    @property
    def positions(self) -> int:
        return int(self.rows.stop - self.rows.start) * (self.hi - self.lo)


class Form(NamedTuple):
    """The sizes of one convolution, lifted to three spatial axes (depth, height, width)."""

    batch: int
    channels: int
    out_channels: int
    groups: int
    space: Ints
    out_space: Ints
    kernel: Ints
    stride: Ints
    padding: Ints
    dilation: Ints

    @classmethod
    def of(cls, x_shape: Ints, w_shape: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int) -> "Form":
        ones = (1,) * (5 - len(x_shape))
        space, kernel = ones + x_shape[2:], ones + w_shape[2:]
        stride, padding, dilation = ones + stride, (0,) * len(ones) + padding, ones + dilation
        out_space = tuple(
            [
                max(0, (n + 2 * p - d * (k - 1) - 1) // s + 1)
                for n, k, s, p, d in zip(space, kernel, stride, padding, dilation, strict=True)
            ]
        )
        return cls(x_shape[0], x_shape[1], w_shape[0], groups, space, out_space, kernel, stride, padding, dilation)

    @property
    def in_memory(self) -> Ints:
        depth, height, width = self.space
        return depth, height, self.channels, width, self.batch

    @property
    def out_memory(self) -> Ints:
        depth, height, width = self.out_space
        return depth, height, self.out_channels, width, self.batch

    @property
    def rows(self) -> int:
        return self.out_space[0] * self.out_space[1]

    @property
    def kernel_numbers(self) -> int:
        return math.prod(self.kernel) * self.channels // self.groups

    @property
    def multiplications(self) -> int:
        positions = math.prod(self.out_space) * math.prod(self.kernel)
        return self.batch * positions * self.channels * self.out_channels // self.groups

    @property
    def worthwhile(self) -> bool:
        return self.multiplications > _WORTH_THREADS

    def thick(self, channels: int) -> bool:
        """Whether the rows under a kernel are one matrix, with shifted columns as views, and rows enough."""
        fits = self.groups == 1 and self.stride[2] == 1 and (self.dilation[1] == 1 or self.kernel[1] == 1)
        return fits and (self.kernel[1] * channels >= THICK or self.kernel[0] * self.kernel[2] == 1)

    def pieces(self, matrix_rows: int, numbers: int = _BLOCK, most_rows: int | None = None) -> list["Piece"]:
        """Cut the output into pieces: a scratch matrix, with that many rows for an output row, has so many numbers.

        The first piece is one of the largest.
        """
        depth, height, width = self.out_space
        columns = max(1, numbers // max(1, matrix_rows * self.batch))
        high, wide = _even(most_rows or height, max(1, columns // width)), _even(width, columns)
        return [
            Piece(deep, slice(top, min(height, top + high)), left, min(width, left + wide))
            for deep, top, left in product(range(depth), range(0, height, high), range(0, width, wide))
        ]

    def taps(self, axis: int) -> list[Tap]:
        """Return the kernel positions along an axis which meet the input somewhere."""
        size, out_size, stride = self.space[axis], self.out_space[axis], self.stride[axis]
        taps = []
        for position in range(self.kernel[axis]):
            offset = position * self.dilation[axis] - self.padding[axis]
            lo, hi = max(0, -(offset // stride)), min(out_size, -((offset - size) // stride))
            if lo < hi:
                taps.append(Tap(position, offset, lo, hi))
        return taps

    def under(self, axis: int, position: int) -> tuple[slice, slice]:
        """Return the kernel positions under one output position, and what they meet in the input."""
        start, step = position * self.stride[axis] - self.padding[axis], self.dilation[axis]
        lo = max(0, -(start // step))
        hi = max(lo, min(self.kernel[axis], -((start - self.space[axis]) // step)))
        return slice(lo, hi), slice(start + lo * step, max(0, start + (hi - 1) * step + 1), step)


def _even(size: int, most: int) -> int:
    """Return the length of parts of a size, at most that long and nearly equal."""
    return -(-size // -(-size // min(size, most)))
