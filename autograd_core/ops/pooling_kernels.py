"""Max and average pooling on raw NumPy arrays, with their transposes.

The kernels know shapes and memory; they know no Tensor and check nothing. Shapes are logically
(batch, channels, *spatial) with one to three spatial axes. Whatever order an array has in memory (channels last, batch
last), results have it too. Windows are met tap by tap: one kernel position of all windows at once is a strided view,
and padding is never stored. The cores share blocks of whatever axis lies furthest out in memory. The blocks are large:
threads that call NumPy often wait for each other, which costs more than to leave the cache between taps.
"""

import functools
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..layout import empty_like
from ..parallel import share
from . import pooling_native as native

Array = NDArray[Any]
Ints = tuple[int, ...]
Region = tuple[slice, ...]
Block = tuple[Region, Region]  # of the input, and of the windows

_BLOCK = 1 << 20  # most numbers of the input in a block
_WORTH_THREADS = 1 << 19  # numbers of the input from which other cores are woken


class MaxResidual(NamedTuple):
    """Where the maxima of the windows were, a byte for each tap of a window.

    ``masks``: for each tap, in which windows it holds the maximum, (N, C, *out). ``counts``: how many equal maxima
    share their window's cotangent, (N, C, *out), or None if no window has several. Machine code leaves one mask, of
    bytes whose bit t says it of tap t.
    """

    masks: tuple[Array, ...]
    counts: Array | None

    @property
    def in_bytes(self) -> bool:
        return self.masks[0].dtype == np.uint8

    def split(self, taps: int) -> "MaxResidual":
        """The same with a mask for each tap."""
        if not self.in_bytes:
            return self
        masks = [(self.masks[0] & (1 << tap)).astype(bool) for tap in range(taps)]
        counts = np.zeros_like(self.masks[0])
        _count(masks, counts)
        return MaxResidual(tuple(masks), counts)


def max_pool_forward(
    x: Array, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints = (), ceil_mode: bool = False
) -> tuple[Array, MaxResidual]:
    """Maximum of each window of x, which is padded with -inf. A NaN is greater than all numbers.

    Shapes: x (N, C, *spatial) -> (N, C, *out).
    """
    windows, x4 = _Windows.of(x.shape, kernel, stride, padding, dilation, ceil_mode), _planar(x)
    out = _like(x4, windows.out_shape)
    if windows.grid and native.suits(windows.grid, x4):
        found = _like(x4, windows.out_shape, np.uint8)
        native.forward(windows.grid, x4, out, found)
        return _restored(out, x.ndim), MaxResidual((found,), None)
    counts = _like(x4, windows.out_shape, np.min_scalar_type(len(windows.taps)))
    least = -np.inf if out.dtype.kind == "f" else np.iinfo(out.dtype).min if out.dtype.kind in "iu" else False
    fresh = np.zeros_like if windows.padded else np.empty_like  # a tap in the padding is in no mask
    masks = tuple([fresh(out, dtype=bool) for _ in windows.taps])
    tied = []

    def work(tasks: Iterator[Block]) -> None:
        for there_block, block in tasks:
            x_block, out_block, count = x4[there_block], out[block], counts[block]
            mask_blocks = [mask[block] for mask in masks]
            if windows.padded:
                out_block[...] = least
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
                np.maximum(count, 1, out=count)  # a window of padding alone has no maximum
            tied.append(count.max() > 1)

    windows.share(work, x4)
    return _restored(out, x.ndim), MaxResidual(masks, counts if any(tied) else None)


def max_pool_input(
    g: Array,
    residual: MaxResidual,
    input_spatial: Ints,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints = (),
    ceil_mode: bool = False,
) -> Array:
    """Transpose of ``max_pool_gather``: the cotangent of x for a cotangent g of the maxima. Equal maxima share evenly.

    Shapes: g (N, C, *out) -> (N, C, *input_spatial).
    """
    x_shape = (*g.shape[:2], *input_spatial)
    windows, g4 = _Windows.of(x_shape, kernel, stride, padding, dilation, ceil_mode), _planar(g)
    x = windows.allocate(residual.masks[0], g.dtype)
    if residual.in_bytes:
        if windows.grid and native.suits(windows.grid, x):
            g4 = _alike(g4, residual.masks[0])
            native.transposed(windows.grid, x, g4, residual.masks[0])
            return _restored(x, g.ndim)
        residual = residual.split(len(windows.taps))

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


def max_pool_gather(
    t: Array,
    residual: MaxResidual,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints = (),
    ceil_mode: bool = False,
) -> Array:
    """Mean of t over the maxima of each window: the tangent of the maxima for a tangent t of x.

    Shapes: t (N, C, *spatial) -> (N, C, *out).
    """
    windows, t4 = _Windows.of(t.shape, kernel, stride, padding, dilation, ceil_mode), _planar(t)
    residual = residual.split(len(windows.taps))
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


def avg_pool_forward(
    x: Array,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: float | None = None,
) -> Array:
    """Mean of each window of x, which is padded with zeros; they count, or do not, or the sum is divided by a number.

    Shapes: x (N, C, *spatial) -> (N, C, *out).
    """
    windows, x4 = _Windows.of(x.shape, kernel, stride, padding, (), ceil_mode), _planar(x)
    out = _like(x4, windows.out_shape)
    divisor_of = windows.divisors(count_include_pad, divisor_override, out.dtype)

    def work(tasks: Iterator[Block]) -> None:
        for there_block, block in tasks:
            x_block, out_block = x4[there_block], out[block]
            out_block[...] = 0
            for here, there in windows.taps:
                out_block[here] += x_block[there]
            out_block /= divisor_of(block)

    windows.share(work, x4)
    return _restored(out, x.ndim)


def avg_pool_input(
    g: Array,
    input_spatial: Ints,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: float | None = None,
) -> Array:
    """Transpose of ``avg_pool_forward``: the cotangent of x for a cotangent g of the means.

    Shapes: g (N, C, *out) -> (N, C, *input_spatial).
    """
    x_shape = (*g.shape[:2], *input_spatial)
    windows, g4 = _Windows.of(x_shape, kernel, stride, padding, (), ceil_mode), _planar(g)
    x = windows.allocate(g4, g.dtype)
    divisor_of = windows.divisors(count_include_pad, divisor_override, g.dtype)

    def work(tasks: Iterator[Block]) -> None:
        for there_block, block in tasks:
            part, x_block = g4[block] / divisor_of(block), x[there_block]
            for here, there in windows.taps:
                if windows.disjoint:
                    x_block[there] = part[here]
                else:
                    x_block[there] += part[here]

    windows.share(work, x)
    return _restored(x, g.ndim)


def pooled_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """Return how many windows there are along an axis.

    With `ceil_mode` the last may reach over the end, unless it would start behind the input and the padding before it.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


class _Windows(NamedTuple):
    """The windows of one pooling, lifted to two spatial axes if there is one.

    ``taps``: for each kernel position, the outputs whose tap lies in the input, and these inputs, as regions of arrays
    (N, C, height, width). ``padded``: some tap of some window lies outside the input. ``disjoint``: no input is met
    twice. ``covering``: every input is met. ``step``: how far apart the rows (along the first spatial axis) are where
    windows start, or 0 if they cannot be cut apart: a row is met from several, or padded. ``sizes``: for each axis,
    its length, the number of its windows, kernel, stride and padding. ``grid``: the same for machine code, which wants
    every tap to meet every window, and no third spatial axis.
    """

    in_shape: Ints
    out_shape: Ints
    taps: tuple[tuple[Region, Region], ...]
    padded: bool
    disjoint: bool
    covering: bool
    step: int
    sizes: tuple[tuple[int, int, int, int, int], ...]
    grid: "native.Grid | None" = None

    @classmethod
    @functools.lru_cache(maxsize=256)  # a training asks for the same ones again and again
    def of(
        cls, x_shape: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints = (), ceil_mode: bool = False
    ) -> "_Windows":
        ones = (1,) * (4 - len(x_shape))
        dilation = (dilation or (1,) * len(kernel)) + ones
        space, kernel, stride = x_shape[2:] + ones, kernel + ones, stride + ones
        padding = padding + (0,) * len(ones)
        out_space = tuple(
            [pooled_size(*sizes, ceil_mode) for sizes in zip(space, kernel, stride, padding, dilation, strict=True)]
        )
        sizes = tuple(zip(space, out_space, kernel, stride, padding, strict=True))
        axes = [list(_axis_taps(*five, d)) for five, d in zip(sizes, dilation, strict=True)]
        everything = (slice(None), slice(None))
        taps = tuple(
            [
                ((*everything, *(here for here, _ in tap)), (*everything, *(there for _, there in tap)))
                for tap in product(*axes)
            ]
        )
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        over = [bool(p) or (o - 1) * s + r > n for (n, o, _, s, p), r in zip(sizes, reach, strict=True)]
        disjoint = all(r <= s for r, s in zip(reach, stride, strict=True))
        covering = not any(padding) and all(
            s <= k == r and (o - 1) * s + k >= n for (n, o, k, s, _), r in zip(sizes, reach, strict=True)
        )
        step = 0 if reach[0] > stride[0] or over[0] else stride[0]
        shapes = (*x_shape[:2], *space), (*x_shape[:2], *out_space)
        grid = None
        if not any(over) and len(space) == 2:
            offsets = tuple([(there[2].start, there[3].start) for _, there in taps])
            grid = native.Grid(shapes[1], (1, 1, *stride), offsets, disjoint)
        return cls(*shapes, taps, any(over), disjoint, covering, step, sizes, grid)

    def divisors(self, include_pad: bool, override: float | None, dtype: np.dtype[Any]) -> Callable[[Region], Any]:
        """What the sums of a block of windows are divided by: their sizes as far as they lie in the (padded) input."""
        if override is not None:
            return lambda block: override
        beyond = any((o - 1) * s + k > n + 2 * p for n, o, k, s, p in self.sizes)
        if not beyond and (include_pad or not self.padded):
            return lambda block: len(self.taps)
        counts = np.ones((), dtype)
        for n, o, k, s, p in self.sizes:
            start = np.arange(o) * s - p
            end = np.minimum(start + k, n + p)
            if not include_pad:
                start, end = np.maximum(start, 0), np.minimum(end, n)
            counts = counts[..., None] * (end - start).astype(dtype)
        whole = np.broadcast_to(counts, self.out_shape)
        return lambda block: whole[block]

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


def _axis_taps(
    size: int, out_size: int, kernel: int, stride: int, padding: int, dilation: int
) -> Iterator[tuple[slice, slice]]:
    for offset in range(-padding, kernel * dilation - padding, dilation):
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
    return empty_like(prototype, shape, dtype)


def _alike(a: Array, prototype: Array) -> Array:
    """The same numbers, in memory like the prototype's."""
    order = np.argsort([-stride for stride in prototype.strides], kind="stable")
    if a.transpose(order).flags.c_contiguous:
        return a
    copy = _like(prototype, a.shape, a.dtype)
    copy[...] = a
    return copy


def _planar(a: Array) -> Array:
    return a if a.ndim > 3 else a[..., None]


def _restored(a: Array, ndim: int) -> Array:
    return a if ndim > 3 else a[..., 0]
