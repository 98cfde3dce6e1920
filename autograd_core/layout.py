"""Sums and reshapes of raw NumPy arrays that heed the order of axes in memory.

NumPy's own ``sum`` and ``reshape`` are right for any array, and slow for two that convolutional networks meet all the
time: a sum over most axes of a large array (the gradient of a bias), and the flattening of an array with its batch
innermost.
"""

import math
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .parallel import on_one_blas_thread, share

Array = NDArray[Any]

LARGE = 1 << 13  # numbers from which a product with ones beats np.sum
_LINE = 64  # bytes of a cache line
_WORTH_ALIGNING = 1 << 20  # bytes of an array
_WIDE_ROW = 64  # numbers in a row from which NumPy adds up rows as fast as anything
BLOCK = 1 << 16  # numbers of an array that are worked on together
_WORTH_THREADS = 1 << 20  # numbers from which other cores are woken
_TASKS = 8
_RUN = 1 << 10  # numbers added in one product: their rounding errors stay those of a pairwise sum


def sum_to(g: Array, axes: tuple[int, ...], keepdims: bool = False) -> Array:
    """Sum of g over the axes: ``np.sum(g, axes, keepdims=keepdims)``, several times as fast where g is large and dense.

    The innermost sums are products with a vector of ones, which BLAS computes at the speed of memory.
    """
    if (
        type(g) is not np.ndarray
        or g.size < LARGE
        or g.dtype.char not in "fd"
        or (axes == (0,) and g.strides[0] >= _WIDE_ROW * g.itemsize)
    ):
        return _plain_sum(g, axes, keepdims)
    order = sorted(range(g.ndim), key=lambda axis: (g.shape[axis] == 1, -abs(g.strides[axis])))
    dense = g.transpose(order)
    if not dense.flags.c_contiguous:
        return _plain_sum(g, axes, keepdims)
    summed = {axis % g.ndim for axis in axes}
    # Neighbours in memory that are all kept, or all summed, are one axis.
    runs = [(gone, list(run)) for gone, run in groupby(order, key=lambda axis: axis in summed)]
    runs = [(gone, run) for gone, run in runs if _size(g, run) > 1 or not gone]
    merged = dense.reshape([_size(g, run) for _, run in runs])
    gone = tuple([axis for axis, (is_gone, _) in enumerate(runs) if is_gone])
    kept = [axis for is_gone, run in runs if not is_gone for axis in run]
    with on_one_blas_thread():
        total = _sum_runs(merged, gone).reshape([g.shape[axis] for axis in kept])
    total = total.transpose([kept.index(axis) for axis in sorted(kept)])
    return np.expand_dims(total, tuple(sorted(summed))) if keepdims else total


def _plain_sum(g: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    total: Array = np.add.reduce(g, axes, keepdims=keepdims)  # type: ignore[call-overload]
    return total


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """``np.empty``, beginning where a cache line does if it is large: wide vectors that cross a line are read twice."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < _WORTH_ALIGNING:
        return np.empty(shape, dtype)
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def empty_like(prototype: Array, shape: tuple[int, ...] | None = None, dtype: DTypeLike | None = None) -> Array:
    """`empty`, with its axes in memory in the order of the prototype's."""
    shape, dtype = prototype.shape if shape is None else shape, prototype.dtype if dtype is None else np.dtype(dtype)
    if math.prod(shape) * dtype.itemsize < _WORTH_ALIGNING:
        return np.empty_like(prototype, dtype, shape=shape, subok=False)
    order = sorted(range(len(shape)), key=lambda axis: -abs(prototype.strides[axis]))
    made = empty(tuple([shape[axis] for axis in order]), dtype)
    return made.transpose(sorted(range(len(shape)), key=order.__getitem__))


def in_blocks(work: Callable[..., object], *arrays: Array) -> bool:
    """Call `work` on blocks of arrays of one shape that lie alike in memory, on several cores if they are large.

    Each block is one-dimensional and stays in a core's cache from one step of the work to the next. Does nothing and
    returns False where the arrays do not lie alike, or have gaps.
    """
    first = arrays[0]
    if any(type(a) is not np.ndarray or a.shape != first.shape or a.strides != first.strides for a in arrays):
        return False
    order = sorted(range(first.ndim), key=lambda axis: (first.shape[axis] == 1, -abs(first.strides[axis])))
    if not first.transpose(order).flags.c_contiguous:
        return False
    flat = [a.transpose(order).reshape(-1) for a in arrays]

    def run(tasks: Iterator[int]) -> None:
        for task in tasks:
            part = slice(task * BLOCK, (task + 1) * BLOCK)
            work(*(a[part] for a in flat))

    share(run, -(-first.size // BLOCK), worthwhile=first.size >= _WORTH_THREADS)
    return True


def reshape_batch(a: Array, shape: tuple[int, ...]) -> Array:
    """Reshape a to a shape with the same first axis: ``a.reshape(shape)``, keeping a batch that lies innermost there.

    What is flattened for a linear layer then goes into the matrix product as it lies, without being transposed.
    """
    innermost = a.ndim > 1 and a.shape[0] > 1 and a.strides[0] == a.itemsize
    if not innermost:
        return a.reshape(shape)
    rest = a.transpose(*range(1, a.ndim), 0).reshape(*shape[1:], a.shape[0])
    return rest.transpose(rest.ndim - 1, *range(rest.ndim - 1))


def _sum_runs(a: Array, axes: tuple[int, ...]) -> Array:
    """Sum a C-contiguous array over the axes, no two of them neighbours."""
    if not axes:
        return a.copy()
    axis = axes[-1]
    length, inner = a.shape[axis], a[(0,) * (axis + 1)].size
    parts = -(-length // _RUN)
    while length % parts:
        parts += 1
    ones = np.ones(length // parts, a.dtype)
    columns = a.reshape(-1, parts, length // parts, inner)
    total: Array = (_row_sums(columns[..., 0], ones) if inner == 1 else ones @ columns).sum(axis=1)
    rest: Array = total.reshape(a.shape[:axis] + a.shape[axis + 1 :]).sum(axis=axes[:-1])
    return rest


def _row_sums(a: Array, ones: Array) -> Array:
    """``a @ ones``, on several cores if it is large."""
    total = np.empty(a.shape[:-1], a.dtype)
    rows, sums = a.reshape(-1, a.shape[-1]), total.reshape(-1)

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            part = slice(len(rows) * task // _TASKS, len(rows) * (task + 1) // _TASKS)
            np.matmul(rows[part], ones, out=sums[part])

    share(work, _TASKS, worthwhile=a.size >= _WORTH_THREADS)
    return total


def _size(g: Array, axes: list[int]) -> int:
    size = 1
    for axis in axes:
        size *= g.shape[axis]
    return size
