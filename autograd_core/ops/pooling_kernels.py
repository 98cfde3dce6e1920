"""Max and average pooling on raw NumPy arrays, with their transposes.

The kernels know shapes and memory; they know no Tensor and check nothing. Shapes are logically
(batch, channels, *spatial) with one or two spatial axes. Whatever order an array has in memory (channels last, batch
last), results have it too. Windows are met tap by tap: one kernel position of all windows at once is a strided view,
and padding is never stored. The cores share blocks of whatever axis lies furthest out in memory. The blocks are large:
threads that call NumPy often wait for each other, which costs more than to leave the cache between taps.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..parallel import share

Array = NDArray[Any]
Ints = tuple[int, ...]
Region = tuple[slice, ...]
Block = tuple[Region, Region]  # of the input, and of the windows

_BLOCK = 1 << 20  # most numbers of the input in a block
_WORTH_THREADS = 1 << 19  # numbers of the input from which other cores are woken


class MaxResidual(NamedTuple):
    """Where the maxima of the windows were, a byte for each tap of a window.

    ``masks``: for each tap, in which windows it holds the maximum, (N, C, *out). ``counts``: how many equal maxima
    share their window's cotangent, (N, C, *out), or None if no window has several.
    """

    masks: tuple[Array, ...]
    counts: Array | None


def max_pool_forward(x: Array, kernel: Ints, stride: Ints, padding: Ints) -> tuple[Array, MaxResidual]:
    """Maximum of each window of x, which is padded with -inf. A NaN is greater than all numbers.

    Shapes: x (N, C, *spatial) -> (N, C, *out).
    """
    windows, x4 = _Windows.of(x.shape, kernel, stride, padding), _planar(x)
    out = _like(x4, windows.out_shape)
    counts = _like(x4, windows.out_shape, np.min_scalar_type(len(windows.taps)))
    fresh = np.zeros_like if any(padding) else np.empty_like  # a tap in the padding is in no mask
    masks = tuple([fresh(out, dtype=bool) for _ in windows.taps])
    tied = []

    def work(tasks: Iterator[Block]) -> None:
        for there_block, block in tasks:
            x_block, out_block, count = x4[there_block], out[block], counts[block]
            mask_blocks = [mask[block] for mask in masks]
            if any(padding):
                out_block[...] = -np.inf
                for here, there in windows.taps:
                    np.maximum(out_block[here], x_block[there], out=out_block[here])
            else:  # every tap meets every window
                views = [x_block[there] for _, there in windows.taps]
                np.maximum(views[0], views[-1], out=out_block)
                for view in views[1:-1]:
                    np.maximum(out_block, view, out=out_block)
            for mask, (here, there) in zip(mask_blocks, windows.taps, strict=True):
                np.equal(out_block[here], x_block[there], out=mask[here])
            _count(mask_blocks, count)
            if not count.all():  # nothing equals a NaN
                for mask, (here, there) in zip(mask_blocks, windows.taps, strict=True):
                    mask[here] |= np.isnan(x_block[there])
                _count(mask_blocks, count)
            tied.append(count.max() > 1)

    windows.share(work, x4)
    return _restored(out, x.ndim), MaxResidual(masks, counts if any(tied) else None)


def max_pool_input(
    g: Array, residual: MaxResidual, input_spatial: Ints, kernel: Ints, stride: Ints, padding: Ints
) -> Array:
    """Transpose of ``max_pool_gather``: the cotangent of x for a cotangent g of the maxima. Equal maxima share evenly.

    Shapes: g (N, C, *out) -> (N, C, *input_spatial).
    """
    windows, g4 = _Windows.of((*g.shape[:2], *input_spatial), kernel, stride, padding), _planar(g)
    x = windows.allocate(residual.masks[0], g.dtype)

    def work(tasks: Iterator[Block]) -> None:
        for there_block, block in tasks:
            x_block = x[there_block]
            # g may lie otherwise: it is brought in order once
            part = _like(residual.masks[0][block], g4[block].shape, g.dtype)
            if residual.counts is None:
                part[...] = g4[block]
            else:
                np.divide(g4[block], residual.counts[block], out=part, dtype=part.dtype)
            for mask, (here, there) in zip(residual.masks, windows.taps, strict=True):
                if windows.disjoint:
                    np.multiply(part[here], mask[block][here], out=x_block[there])
                else:
                    x_block[there] += part[here] * mask[block][here]

    windows.share(work, x)
    return _restored(x, g.ndim)


def max_pool_gather(t: Array, residual: MaxResidual, kernel: Ints, stride: Ints, padding: Ints) -> Array:
    """Mean of t over the maxima of each window: the tangent of the maxima for a tangent t of x.

    Shapes: t (N, C, *spatial) -> (N, C, *out).
    """
    windows, t4 = _Windows.of(t.shape, kernel, stride, padding), _planar(t)
    out = _like(residual.masks[0], windows.out_shape, t.dtype)

    def work(tasks: Iterator[Block]) -> None:
        for there_block, block in tasks:
            t_block, out_block = t4[there_block], out[block]
            out_block[...] = 0
            for mask, (here, there) in zip(residual.masks, windows.taps, strict=True):
                out_block[here] += t_block[there] * mask[block][here]
            if residual.counts is not None:
                np.divide(out_block, residual.counts[block], out=out_block, dtype=out.dtype)

    windows.share(work, t4)
    return _restored(out, t.ndim)


def avg_pool_forward(x: Array, kernel: Ints, stride: Ints, padding: Ints) -> Array:
    """Mean of each window of x, which is padded with zeros; they count.

    Shapes: x (N, C, *spatial) -> (N, C, *out).
    """
    windows, x4 = _Windows.of(x.shape, kernel, stride, padding), _planar(x)
    out = _like(x4, windows.out_shape)

    def work(tasks: Iterator[Block]) -> None:
        for there_block, block in tasks:
            x_block, out_block = x4[there_block], out[block]
            out_block[...] = 0
            for here, there in windows.taps:
                out_block[here] += x_block[there]
            out_block /= len(windows.taps)

    windows.share(work, x4)
    return _restored(out, x.ndim)


def avg_pool_input(g: Array, input_spatial: Ints, kernel: Ints, stride: Ints, padding: Ints) -> Array:
    """Transpose of ``avg_pool_forward``: the cotangent of x for a cotangent g of the means.

    Shapes: g (N, C, *out) -> (N, C, *input_spatial).
    """
    windows, g4 = _Windows.of((*g.shape[:2], *input_spatial), kernel, stride, padding), _planar(g)
    x = windows.allocate(g4, g.dtype)

    def work(tasks: Iterator[Block]) -> None:
        for there_block, block in tasks:
            part, x_block = g4[block] / len(windows.taps), x[there_block]
            for here, there in windows.taps:
                if windows.disjoint:
                    x_block[there] = part[here]
                else:
                    x_block[there] += part[here]

    windows.share(work, x)
    return _restored(x, g.ndim)


class _Windows(NamedTuple):
    """The windows of one pooling, lifted to two spatial axes.

    ``taps``: for each kernel position, the outputs whose tap lies in the input, and these inputs, as regions of arrays
    (N, C, height, width). ``disjoint``: no input is met twice. ``covering``: every input is met. ``step``: how far
    apart the rows are where windows start, or 0 if they cannot be cut apart: a row is met from several, or padded.
    """

    in_shape: Ints
    out_shape: Ints
    taps: tuple[tuple[Region, Region], ...]
    disjoint: bool
    covering: bool
    step: int

    @classmethod
    def of(cls, x_shape: Ints, kernel: Ints, stride: Ints, padding: Ints) -> "_Windows":
        ones = (1,) * (4 - len(x_shape))
        space, kernel, stride = x_shape[2:] + ones, kernel + ones, stride + ones
        padding = padding + (0,) * len(ones)
        out_space = tuple([(n + 2 * p - k) // s + 1 for n, k, s, p in zip(space, kernel, stride, padding, strict=True)])
        axes = [list(_axis_taps(*sizes)) for sizes in zip(space, out_space, kernel, stride, padding, strict=True)]
        everything = (slice(None), slice(None))
        taps = tuple(
            [((*everything, high[0], wide[0]), (*everything, high[1], wide[1])) for high, wide in product(*axes)]
        )
        disjoint = all(k <= s for k, s in zip(kernel, stride, strict=True))
        covering = not any(padding) and all(
            k >= s and (o - 1) * s + k >= n for n, o, k, s in zip(space, out_space, kernel, stride, strict=True)
        )
        step = 0 if kernel[0] > stride[0] or padding[0] else stride[0]
        return cls((*x_shape[:2], *space), (*x_shape[:2], *out_space), taps, disjoint, covering, step)

    def allocate(self, prototype: Array, dtype: DTypeLike) -> Array:
        """Make an array for the cotangent of the input, zero where taps are added to it or leave it out."""
        x = _like(prototype, self.in_shape, dtype)
        if not (self.disjoint and self.covering):
            x[...] = 0
        return x

    def share(self, work: Callable[[Iterator[Block]], None], x: Array) -> None:
        """Let the cores work on blocks of the batch, the channels or the height, whichever lies furthest out in memory.

        A block is a region of x, the input, and the region of its windows. The taps hold within it: slices end with it.
        """
        if x.size == 0:
            return
        axes = (0, 1, 2) if self.step else (0, 1)
        axis = max(axes, key=lambda axis: abs(x.strides[axis]) if x.shape[axis] > 1 else -1)
        length, step = self.out_shape[axis], self.step if axis == 2 else 1
        worthwhile = x.size > _WORTH_THREADS
        count = 2 * -(-x.size // (2 * _BLOCK)) if worthwhile else 1  # even: two cores do as many each
        each = -(-length // count)
        cuts = [(lo, min(lo + each, length)) for lo in range(0, length, each)]
        others = (slice(None),) * axis
        blocks = [((*others, slice(lo * step, hi * step)), (*others, slice(lo, hi))) for lo, hi in cuts]
        share(lambda tasks: work(blocks[task] for task in tasks), len(blocks), worthwhile=worthwhile)


def _axis_taps(size: int, out_size: int, kernel: int, stride: int, padding: int) -> Iterator[tuple[slice, slice]]:
    for offset in range(-padding, kernel - padding):
        lo, hi = max(0, -(offset // stride)), min(out_size, -((offset - size) // stride))
        hi = max(lo, hi)
        start = lo * stride + offset
        yield slice(lo, hi), slice(start, start + (hi - lo) * stride, stride)


def _count(masks: list[Array], count: Array) -> None:
    """Write into count how many of the masks hold."""
    if count.dtype == np.uint8:  # a bool is a byte that holds 0 or 1
        masks = [mask.view(np.uint8) for mask in masks]
    np.copyto(count, masks[0])
    for mask in masks[1:]:
        count += mask


def _like(prototype: Array, shape: Ints, dtype: DTypeLike | None = None) -> Array:
    """Make an array of that shape whose axes lie in memory in the order of the prototype's."""
    return np.empty_like(prototype, shape=shape, dtype=dtype, subok=False)


def _planar(a: Array) -> Array:
    return a if a.ndim == 4 else a[..., None]


def _restored(a: Array, ndim: int) -> Array:
    return a if ndim == 4 else a[..., 0]
