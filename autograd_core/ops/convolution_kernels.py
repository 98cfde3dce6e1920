"""Convolution on raw NumPy arrays: the trilinear form <conv(x, w), g> and its three partial maps.

The kernels know shapes, memory and matrix products; they know no Tensor and check nothing. Shapes are logically
(batch, channels, *spatial) and (out channels, channels / groups, *kernel); one to three spatial axes.

# Note [Batch-last memory]

Inside, and in what ``conv_forward`` and ``conv_input`` return, an array (N, C, D, H, W) lies in memory as (D, H, C, W, N). There

- the ``kernel height`` rows under an output row are one matrix (rows * C, W * N), and a step of the kernel along the
  width is a shift of its columns by N: with stride 1 a convolution is a few matrix products per row on views, and no patch is copied;
- every inner loop, also that of a pooling or of a bias, runs over at least N adjacent numbers;
- what lies in the padding is never touched: rows and columns that would read it are left out of the products.

NumPy's elementwise functions keep such an order, so a network converts its input once. With few channels those products are too thin to be
fast; then the patches of a block of columns are copied, and there is one product per block. Strides, dilated rows and groups take the same way.
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from autograd_core.parallel import share

Array = NDArray[Any]
Ints = tuple[int, ...]

_BLOCK = 1 << 18  # numbers in a scratch matrix: it stays in a core's cache between its product and its use
_SENT = 1 << 20  # the same for what is added to the cotangent of an input: sums want fewer and larger calls
_MOST_SUMS = 1 << 20  # numbers in the partial sums of a weight's cotangent
_THICK = 48  # rows of a matrix from which a product on views beats a copy of patches
_TURNED_AT_ONCE = 1 << 12  # numbers in a row from which an array is not transposed in one call
_WORTH_THREADS = 1 << 21  # multiplications from which other cores are woken


def conv_forward(
    x: Array, w: Array, stride: Ints, padding: Ints, dilation: Ints, groups: int, bias: Array | None = None
) -> Array:
    """Cross-correlation of a zero-padded x with w, plus a bias, which costs less here than as an addition of its own.

    Shapes: x (N, C, *spatial), w (O, C / groups, *kernel), bias (O,) -> (N, O, *out).
    """
    if x.dtype == np.float16:  # no BLAS multiplies halves
        bias = None if bias is None else _wide(bias)
        return conv_forward(_wide(x), _wide(w), stride, padding, dilation, groups, bias).astype(np.float16)
    form = _Form.of(x.shape, w.shape, stride, padding, dilation, groups)
    out = np.empty(form.out_memory, np.result_type(x, w))
    if out.size:
        way = _forward_on_views if form.thick(form.channels) else _forward_on_patches
        way(form, _batch_last(x), _lifted(w), bias, out)
    return _logical(out, x.ndim)


def conv_input(
    g: Array, w: Array, input_spatial: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Array:
    """Transpose of ``conv_forward`` in x: the cotangent of x for a cotangent g of the output.

    Shapes: g (N, O, *out), w (O, C / groups, *kernel) -> (N, C, *input_spatial).
    """
    if g.dtype == np.float16:
        return conv_input(_wide(g), _wide(w), input_spatial, stride, padding, dilation, groups).astype(np.float16)
    x_shape = (g.shape[0], w.shape[1] * groups, *input_spatial)
    form = _Form.of(x_shape, w.shape, stride, padding, dilation, groups)
    if form.stride == (1, 1, 1) and form.channels >= 16 and form.thick(form.out_channels):
        # The transpose is a correlation too: of g with the reversed kernel, padded by what is left of its reach.
        reverse = np.flip(w, tuple(range(2, w.ndim))).swapaxes(0, 1)
        rest = tuple(d * (k - 1) - p for d, k, p in zip(dilation, w.shape[2:], padding, strict=True))
        return conv_forward(g, reverse, stride, rest, dilation, 1)
    out = np.zeros(form.in_memory, np.result_type(g, w))
    if out.size and g.size:
        _scatter(form, _batch_last(g), _lifted(w), out)
    return _logical(out, g.ndim)


def conv_weight(
    x: Array, g: Array, kernel_spatial: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Array:
    """Transpose of ``conv_forward`` in w: the cotangent of w for a cotangent g of the output.

    Shapes: x (N, C, *spatial), g (N, O, *out) -> (O, C / groups, *kernel_spatial).
    """
    if x.dtype == np.float16:
        return conv_weight(_wide(x), _wide(g), kernel_spatial, stride, padding, dilation, groups).astype(np.float16)
    w_shape = (g.shape[1], x.shape[1] // groups, *kernel_spatial)
    form = _Form.of(x.shape, w_shape, stride, padding, dilation, groups)
    dtype = np.result_type(x, g)
    if not (x.size and g.size):
        return np.zeros(w_shape, dtype)
    way = _weight_on_views if form.thick(form.channels) else _weight_on_patches
    return way(form, _batch_last(x), _batch_last(g), dtype).reshape(w_shape)


class _Tap(NamedTuple):
    """One position of the kernel along an axis: it joins output o to input ``o * stride + offset`` for lo <= o < hi."""

    index: int
    offset: int
    lo: int
    hi: int

    def meet(self, lo: int, hi: int, stride: int) -> tuple[slice, slice]:
        """Return which of the outputs from lo to hi it joins, counted from lo, and to what inputs."""
        start, stop = max(lo, self.lo), min(hi, self.hi)
        if start >= stop:
            return slice(0), slice(0)
        return slice(start - lo, stop - lo), slice(start * stride + self.offset, stop * stride + self.offset, stride)


class _Piece(NamedTuple):
    """A part of the output: a plane, some of its rows, and their columns from lo to hi."""

    deep: int
    rows: slice
    lo: int
    hi: int

    @property
    def size(self) -> int:
        return (self.rows.stop - self.rows.start) * (self.hi - self.lo)


class _Form(NamedTuple):
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
    def of(cls, x_shape: Ints, w_shape: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int) -> "_Form":
        ones = (1,) * (5 - len(x_shape))
        space, kernel = ones + x_shape[2:], ones + w_shape[2:]
        stride, padding, dilation = ones + stride, (0,) * len(ones) + padding, ones + dilation
        out_space = tuple(
            max(0, (n + 2 * p - d * (k - 1) - 1) // s + 1)
            for n, k, s, p, d in zip(space, kernel, stride, padding, dilation, strict=True)
        )
        return cls(
            x_shape[0], x_shape[1], w_shape[0], groups, space, out_space, kernel, stride, padding, dilation
        )

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
    def worthwhile(self) -> bool:
        positions = math.prod(self.out_space) * math.prod(self.kernel)
        return self.batch * positions * self.channels * self.out_channels // self.groups > _WORTH_THREADS

    def thick(self, channels: int) -> bool:
        """Whether the rows under a kernel are one matrix, with shifted columns as views, and rows enough."""
        fits = self.groups == 1 and self.stride[2] == 1 and (self.dilation[1] == 1 or self.kernel[1] == 1)
        return fits and (self.kernel[1] * channels >= _THICK or self.kernel[0] * self.kernel[2] == 1)

    def pieces(self, matrix_rows: int, numbers: int = _BLOCK, most_rows: int | None = None) -> list["_Piece"]:
        """Cut the output into pieces: a scratch matrix, with that many rows for an output row, has so many numbers.

        The first piece is one of the largest.
        """
        depth, height, width = self.out_space
        columns = max(1, numbers // max(1, matrix_rows * self.batch))
        high, wide = _even(most_rows or height, max(1, columns // width)), _even(width, columns)
        return [
            _Piece(deep, slice(top, min(height, top + high)), left, min(width, left + wide))
            for deep, top, left in product(range(depth), range(0, height, high), range(0, width, wide))
        ]

    def taps(self, axis: int) -> list[_Tap]:
        """Return the kernel positions along an axis which meet the input somewhere."""
        size, out_size, stride = self.space[axis], self.out_space[axis], self.stride[axis]
        taps = []
        for index in range(self.kernel[axis]):
            offset = index * self.dilation[axis] - self.padding[axis]
            lo, hi = max(0, -(offset // stride)), min(out_size, -((offset - size) // stride))
            if lo < hi:
                taps.append(_Tap(index, offset, lo, hi))
        return taps

    def under(self, axis: int, position: int) -> tuple[slice, slice]:
        """Return the kernel positions under one output position, and what they meet in the input."""
        start, step = position * self.stride[axis] - self.padding[axis], self.dilation[axis]
        lo = max(0, -(start // step))
        hi = max(lo, min(self.kernel[axis], -((start - self.space[axis]) // step)))
        return slice(lo, hi), slice(start + lo * step, max(0, start + (hi - 1) * step + 1), step)


def _forward_on_views(form: _Form, x: Array, w: Array, bias: Array | None, out: Array) -> None:
    batch, channels = form.batch, form.channels
    x = x.reshape(*form.space[:2], channels, -1)
    out = out.reshape(*form.out_space[:2], form.out_channels, -1)
    # (kernel depth, kernel width, O, kernel height * C)
    w = np.ascontiguousarray(w.transpose(2, 4, 0, 3, 1)).reshape(form.kernel[0], form.kernel[2], form.out_channels, -1)
    taps = sorted(form.taps(2), key=lambda tap: tap.lo - tap.hi)  # the longest first, as it is stored and not added
    pieces = form.pieces(form.out_channels, most_rows=1)

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(pieces[0].size * form.out_channels * batch, out.dtype)
        for task in tasks:
            deep, rows, lo, hi = pieces[task]
            target = out[deep, rows.start, :, lo * batch : hi * batch]
            planes, depths = form.under(0, deep)
            kernel_rows, rows = form.under(1, rows.start)
            part = slice(kernel_rows.start * channels, kernel_rows.stop * channels)
            started = False
            for plane, x_plane in zip(w[planes], x[depths], strict=True):
                matrix = x_plane[rows].reshape(-1, x.shape[-1])
                for tap in taps if len(matrix) else ():
                    start, stop = max(lo, tap.lo), min(hi, tap.hi)
                    if start >= stop:
                        continue
                    seen = matrix[:, (start + tap.offset) * batch : (stop + tap.offset) * batch]
                    here = target[:, (start - lo) * batch : (stop - lo) * batch]
                    if started:
                        term = scratch[: here.size].reshape(here.shape)
                        here += np.matmul(plane[tap.index, :, part], seen, out=term)
                    else:
                        target[:, : (start - lo) * batch] = 0
                        target[:, (stop - lo) * batch :] = 0
                        np.matmul(plane[tap.index, :, part], seen, out=here)
                        started = True
            if not started:
                target[...] = 0
            if bias is not None:
                target += bias[:, None]

    share(work, len(pieces), worthwhile=form.worthwhile)


def _weight_on_views(form: _Form, x: Array, g: Array, dtype: np.dtype[Any]) -> Array:
    batch, channels = form.batch, form.channels
    x = x.reshape(*form.space[:2], channels, -1)
    g = g.reshape(form.rows, form.out_channels, -1)
    taps = form.taps(2)
    sums = _partial_sums(form.rows, (form.kernel[0], form.kernel[2], form.kernel[1] * channels, form.out_channels), dtype)

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(form.kernel[1] * channels * form.out_channels, dtype)
        for task in tasks:
            for row in _chunk(form.rows, task, len(sums)):
                deep, high = divmod(row, form.out_space[1])
                planes, depths = form.under(0, deep)
                kernel_rows, rows = form.under(1, high)
                part = slice(kernel_rows.start * channels, kernel_rows.stop * channels)
                for plane, x_plane in zip(sums[task, planes], x[depths], strict=True):
                    matrix = x_plane[rows].reshape(-1, x.shape[-1])
                    term = scratch[: len(matrix) * form.out_channels].reshape(-1, form.out_channels)
                    for tap in taps if len(matrix) else ():
                        seen = matrix[:, (tap.lo + tap.offset) * batch : (tap.hi + tap.offset) * batch]
                        here = g[row, :, tap.lo * batch : tap.hi * batch]
                        plane[tap.index, part] += np.matmul(seen, here.T, out=term)

    share(work, len(sums), worthwhile=form.worthwhile)
    total = sums.sum(axis=0).reshape(form.kernel[0], form.kernel[2], form.kernel[1], channels, form.out_channels)
    return np.ascontiguousarray(total.transpose(4, 3, 0, 2, 1))


def _forward_on_patches(form: _Form, x: Array, w: Array, bias: Array | None, out: Array) -> None:
    patches, width = _patches(form, x), form.kernel_numbers
    w = np.ascontiguousarray(w.transpose(0, 2, 4, 3, 1)).reshape(form.groups, -1, width)
    out = out.reshape(*form.out_space[:2], form.groups, -1, form.out_space[2] * form.batch)
    pieces = form.pieces(form.groups * width)

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(pieces[0].size * form.batch * form.groups * width, x.dtype)
        for task in tasks:
            deep, rows, lo, hi = pieces[task]
            matrices = _copied(patches[deep, rows, ..., lo:hi, :], scratch)
            target = out[deep, rows, ..., lo * form.batch : hi * form.batch]
            np.matmul(w, matrices, out=target)
            if bias is not None:
                target += bias.reshape(form.groups, -1, 1)

    share(work, len(pieces), worthwhile=form.worthwhile)


def _weight_on_patches(form: _Form, x: Array, g: Array, dtype: np.dtype[Any]) -> Array:
    patches, width = _patches(form, x), form.kernel_numbers
    g = g.reshape(*form.out_space[:2], form.groups, -1, form.out_space[2] * form.batch)
    pieces = form.pieces(form.groups * width)
    sums = _partial_sums(len(pieces), (form.groups, width, g.shape[3]), dtype)

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(pieces[0].size * form.batch * form.groups * width, x.dtype)
        for task in tasks:
            for part in _chunk(len(pieces), task, len(sums)):
                deep, rows, lo, hi = pieces[part]
                matrices = _copied(patches[deep, rows, ..., lo:hi, :], scratch)
                here = g[deep, rows, ..., lo * form.batch : hi * form.batch]
                sums[task] += (matrices @ here.swapaxes(-1, -2)).sum(axis=0)

    share(work, len(sums), worthwhile=form.worthwhile)
    depth, height, width = form.kernel
    total = sums.sum(axis=0).reshape(form.groups, depth, width, height, -1, g.shape[3])
    return np.ascontiguousarray(total.transpose(0, 5, 4, 1, 3, 2))


def _scatter(form: _Form, g: Array, w: Array, out: Array) -> None:
    """Add to the input what each kernel position sends there from a piece of g. Tasks own channels of the input."""
    groups, batch, stride = form.groups, form.batch, form.stride
    channels, out_channels = form.channels // groups, form.out_channels // groups
    positions = math.prod(form.kernel)
    most = _SENT // (positions * math.prod(form.out_space) * batch)  # few large additions: small ones do not run in parallel
    each = min(channels, max(1, _THICK // positions, most))
    blocks = [(group, lo, min(channels, lo + each)) for group in range(groups) for lo in range(0, channels, each)]
    w = w.reshape(groups, out_channels, channels, *form.kernel).transpose(0, 3, 4, 5, 2, 1)
    g = g.reshape(*form.out_space[:2], groups, out_channels, -1)
    pieces = form.pieces(positions * each, _SENT)
    taps = list(product(*(form.taps(axis) for axis in range(3))))

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(pieces[0].size * batch * positions * each, out.dtype)
        for task in tasks:
            group, first, last = blocks[task]
            matrix = np.ascontiguousarray(w[group, ..., first:last, :]).reshape(-1, out_channels)
            mine = out[:, :, group * channels + first : group * channels + last]
            for deep, rows, lo, hi in pieces:
                here = g[deep, rows, group, :, lo * batch : hi * batch]
                sent = scratch[: len(here) * len(matrix) * here.shape[-1]].reshape(len(here), len(matrix), -1)
                np.matmul(matrix, here, out=sent)
                sent = sent.reshape(len(here), *form.kernel, last - first, hi - lo, batch)
                for plane, row, column in taps:
                    if plane.lo <= deep < plane.hi:
                        high, high_in = row.meet(rows.start, rows.stop, stride[1])
                        wide, wide_in = column.meet(lo, hi, stride[2])
                        term = sent[high, plane.index, row.index, column.index, :, wide]
                        mine[deep * stride[0] + plane.offset, high_in, :, wide_in] += term

    share(work, len(blocks), worthwhile=form.worthwhile)


def _patches(form: _Form, x: Array) -> Array:
    """View the padded input as patches.

    Shapes: x as in Note [Batch-last memory] -> (out depth, out height, groups, kernel depth, kernel width, kernel height,
    C / groups, out width, N).
    """
    depth, height, channels, width, batch = x.shape
    if any(form.padding):
        deep, high, wide = form.padding
        padded = np.zeros((depth + 2 * deep, height + 2 * high, channels, width + 2 * wide, batch), x.dtype)
        padded[deep : deep + depth, high : high + height, :, wide : wide + width] = x
        x = padded
    n = x.itemsize  # strides are computed: NumPy leaves those of axes of length 1 open
    c = n * batch * x.shape[3]
    h = c * channels
    d = h * x.shape[1]
    w = n * batch
    shape = (*form.out_space[:2], form.groups, *form.kernel[::2], form.kernel[1], channels // form.groups)
    strides = (d * form.stride[0], h * form.stride[1], c * (channels // form.groups))
    taps = (d * form.dilation[0], w * form.dilation[2], h * form.dilation[1], c)
    return as_strided(
        x, (*shape, form.out_space[2], batch), (*strides, *taps, w * form.stride[2], n), writeable=False
    )


def _copied(patches: Array, scratch: Array) -> Array:
    """Copy patches (rows, groups, ..., columns, N) into scratch, as matrices (rows, groups, kernel numbers, columns * N)."""
    copy = scratch[: patches.size].reshape(patches.shape)
    np.copyto(copy, patches)
    return copy.reshape(*patches.shape[:2], -1, patches.shape[-2] * patches.shape[-1])


def _partial_sums(parts: int, shape: Ints, dtype: np.dtype[Any]) -> Array:
    """Make the sums that tasks add to. Their number depends on the shapes alone, and so do the bits of the total."""
    most = max(2, _MOST_SUMS // math.prod(shape))
    return np.zeros((min(8, parts, most), *shape), dtype)


def _chunk(size: int, part: int, parts: int) -> range:
    return range(size * part // parts, size * (part + 1) // parts)


def _even(size: int, most: int) -> int:
    """Return the length of parts of a size, at most that long and nearly equal."""
    return -(-size // -(-size // min(size, most)))


def _wide(a: Array) -> Array:
    return a.astype(np.float32)


def _lifted(a: Array) -> Array:
    """Give an array (., ., *spatial) three spatial axes."""
    return a[(slice(None), slice(None), *(None,) * (5 - a.ndim))]


def _batch_last(a: Array) -> Array:
    """Lay an array (N, C, *spatial) out as in Note [Batch-last memory]; what lies so already is not copied."""
    a = _lifted(a).transpose(2, 3, 1, 4, 0)
    if a.flags.c_contiguous or a.strides[-1] == a.itemsize or a[0, 0].size < _TURNED_AT_ONCE:
        return np.ascontiguousarray(a)
    # A batch far apart in memory shares few cache lines, and is read through a compact copy of each row.
    turned = np.empty(a.shape, a.dtype)
    for row in np.ndindex(a.shape[:2]):
        turned[row] = a[row].copy(order="K")
    return turned


def _logical(a: Array, ndim: int) -> Array:
    """View batch-last memory as (N, C, *spatial) with that many axes."""
    return a.transpose(4, 2, 0, 1, 3)[(slice(None), slice(None), *(0,) * (5 - ndim))]
