"""Max pooling by machine code, where a batch or channels lie innermost in memory and every tap meets every window.

Knows in which order the axes of arrays lie in memory, and shares the rows of windows between the cores. Does not know
how the kernels are made, or how windows lie on their input.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels import llvm
from ..parallel import share

Array = NDArray[Any]
Ints = tuple[int, ...]

_MOST_TAPS = 8  # one bit of a byte for each
_WORTHWHILE = 1 << 12  # numbers of the input from which the call pays
_WORTH_THREADS = 1 << 18  # numbers of the input from which other cores are woken
_TASKS = 8


class Grid(NamedTuple):
    """Windows on an array (N, C, height, width): their number along each axis, the step of a window along it, the taps.

    ``disjoint``: no number of the input is met twice.
    """

    out_shape: Ints
    step: Ints
    taps: tuple[tuple[int, int], ...]
    disjoint: bool


def suits(grid: Grid, x: Array) -> bool:
    """Whether machine code is there for windows on this array."""
    plain = type(x) is np.ndarray and x.dtype.char in "fd" and x.dtype.isnative
    if not plain or x.size < _WORTHWHILE or len(grid.taps) > _MOST_TAPS or not llvm.available():
        return False
    return all(stride % x.itemsize == 0 for stride in x.strides) and _row(x) is not None


def _row(x: Array) -> int | None:
    """Which of the batch and the channels are neighbours in memory, enough of them for a good part of a vector."""
    least = max(2, llvm.vector_bytes() // (4 * x.itemsize))
    return next((axis for axis in (0, 1) if x.strides[axis] == x.itemsize and x.shape[axis] >= least), None)


def forward(grid: Grid, x: Array, out: Array, found: Array) -> None:
    """Write the maxima, and for each window a byte whose bit t says that tap t holds it. Both lie as x does."""
    from ..kernels.pooling import maxima  # only where there are some

    _call(maxima(x.dtype, len(grid.taps)), grid, x, out, found)


def transposed(grid: Grid, x: Array, g: Array, found: Array) -> None:
    """Send g to the maxima: into x, which is zero where no window reaches, and everywhere where windows overlap."""
    from ..kernels.pooling import scattered

    _call(scattered(x.dtype, len(grid.taps), not grid.disjoint), grid, x, g, found)


def _call(kernel: Any, grid: Grid, x: Array, out: Array, found: Array) -> None:
    size, shape = x.itemsize, grid.out_shape
    row = _row(x)
    assert row is not None
    assert all(a == size * b for a, b, n in zip(out.strides, found.strides, shape, strict=True) if n > 1)
    # the outermost axis is shared between the cores: one along which windows do not overlap
    rest = sorted({0, 1, 2, 3} - {row}, key=lambda axis: (not grid.disjoint and axis > 1, -x.strides[axis]))
    strides = [x.strides[axis] // size * grid.step[axis] for axis in rest]
    strides += [out.strides[axis] // size for axis in rest]
    taps = np.array([h * (x.strides[2] // size) + w * (x.strides[3] // size) for h, w in grid.taps], np.int64)
    fixed = [x.ctypes.data, out.ctypes.data, found.ctypes.data, taps.ctypes.data]
    length, *sizes = (shape[axis] for axis in rest)
    parts = min(length, _TASKS)

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            kernel(*fixed, length * task // parts, length * (task + 1) // parts, *sizes, shape[row], *strides)

    share(work, parts, worthwhile=math.prod(x.shape) >= _WORTH_THREADS)
