"""Convolution on raw NumPy arrays: the trilinear form <conv(x, w), g> and its three partial maps.

The kernels know shapes, memory and matrix products; they know no Tensor and check nothing. Shapes are logically
(batch, channels, *spatial) and (out channels, channels / groups, *kernel); one to three spatial axes. Where machine
code can be had and suits, `convolution_native` does the work; what stands here is right everywhere.

# Note [Batch-last memory]

Inside, and in what ``conv_forward`` and ``conv_input`` return, an array (N, C, D, H, W) lies in memory as
(D, H, C, W, N). There

- the rows under a kernel are one matrix (kernel height * C, W * N), and a step of the kernel along the width is a shift
  of its columns by N: with stride 1 a convolution is a few matrix products per row on views, and no patch is copied;
- every inner loop, also that of a pooling or of a bias, runs over at least N adjacent numbers;
- padding is not stored: rows and columns of the products that would read it are left out.

NumPy's elementwise functions keep such an order, so a network converts its input once. With few channels the products
are too thin to be fast; then patches are copied for many columns, and each copy takes part in one product. Strides
along the width, dilated rows and groups go the same way.
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from ..layout import empty
from ..parallel import share
from . import convolution_native as native
from .convolution_geometry import THICK, Form, Ints

Array = NDArray[Any]

_SENT = 1 << 20  # numbers in what is added to the cotangent of an input: additions want fewer and larger calls
_MOST_SUMS = 1 << 20  # numbers in the partial sums of a weight's cotangent
_TURNED_AT_ONCE = 1 << 12  # numbers in a row from which an array is not transposed in one call


def conv_forward(
    x: Array, w: Array, stride: Ints, padding: Ints, dilation: Ints, groups: int, bias: Array | None = None
) -> Array:
    """Cross-correlation of a zero-padded x with w, plus a bias, which costs less here than as an addition of its own.

    Shapes: x (N, C, *spatial), w (O, C / groups, *kernel), bias (O,) -> (N, O, *out).
    """
    if x.dtype == np.float16:  # no BLAS multiplies halves
        bias = None if bias is None else _wide(bias)
        return conv_forward(_wide(x), _wide(w), stride, padding, dilation, groups, bias).astype(np.float16)
    form = Form.of(x.shape, w.shape, stride, padding, dilation, groups)
    out = empty(form.out_memory, np.result_type(x, w))
    if out.size:
        if native.suits(form, x, w):
            way = native.forward
        else:
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
    form = Form.of(x_shape, w.shape, stride, padding, dilation, groups)
    if native.suits(form, g, w):
        out = empty(form.in_memory, g.dtype)
        native.transposed(form, _batch_last(g), _lifted(w), out)
        return _logical(out, g.ndim)
    if form.stride == (1, 1, 1) and form.channels >= 16 and form.thick(form.out_channels):
        # The transpose is a correlation too: of g with the reversed kernel, padded by what is left of its reach.
        reverse = np.flip(w, tuple(range(2, w.ndim))).swapaxes(0, 1)
        rest = tuple([d * (k - 1) - p for d, k, p in zip(dilation, w.shape[2:], padding, strict=True)])
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
    form = Form.of(x.shape, w_shape, stride, padding, dilation, groups)
    dtype = np.result_type(x, g)
    if not (x.size and g.size):
        return np.zeros(w_shape, dtype)
    if native.suits(form, x, g):
        return native.weight(form, _batch_last(x), _batch_last(g)).reshape(w_shape)
    way = _weight_on_views if form.thick(form.channels) else _weight_on_patches
    return way(form, _batch_last(x), _batch_last(g), dtype).reshape(w_shape)


def _forward_on_views(form: Form, x: Array, w: Array, bias: Array | None, out: Array) -> None:
    batch, channels = form.batch, form.channels
    x = x.reshape(*form.space[:2], channels, -1)
    out = out.reshape(*form.out_space[:2], form.out_channels, -1)
    # (kernel depth, kernel width, O, kernel height * C)
    w = np.ascontiguousarray(w.transpose(2, 4, 0, 3, 1)).reshape(form.kernel[0], form.kernel[2], form.out_channels, -1)
    taps = sorted(form.taps(2), key=lambda tap: tap.lo - tap.hi)  # the longest first, as it is stored and not added
    pieces = form.pieces(form.out_channels, most_rows=1)

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(pieces[0].positions * form.out_channels * batch, out.dtype)
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
                        here += np.matmul(plane[tap.position, :, part], seen, out=term)
                    else:
                        target[:, : (start - lo) * batch] = 0
                        target[:, (stop - lo) * batch :] = 0
                        np.matmul(plane[tap.position, :, part], seen, out=here)
                        started = True
            if not started:
                target[...] = 0
            if bias is not None:
                target += bias[:, None]

    share(work, len(pieces), worthwhile=form.worthwhile)


def _weight_on_views(form: Form, x: Array, g: Array, dtype: np.dtype[Any]) -> Array:
    batch, channels = form.batch, form.channels
    x = x.reshape(*form.space[:2], channels, -1)
    g = g.reshape(form.rows, form.out_channels, -1)
    taps = form.taps(2)
    depth, height, width = form.kernel
    sums = _partial_sums(form.rows, (depth, width, height * channels, form.out_channels), dtype)

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(height * channels * form.out_channels, dtype)
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
                        plane[tap.position, part] += np.matmul(seen, here.T, out=term)

    share(work, len(sums), worthwhile=form.worthwhile)
    total = sums.sum(axis=0).reshape(depth, width, height, channels, form.out_channels)
    return np.ascontiguousarray(total.transpose(4, 3, 0, 2, 1))


def _forward_on_patches(form: Form, x: Array, w: Array, bias: Array | None, out: Array) -> None:
    patches, width = _patches(form, x), form.kernel_numbers
    w = np.ascontiguousarray(w.transpose(0, 2, 4, 3, 1)).reshape(form.groups, -1, width)
    out = out.reshape(*form.out_space[:2], form.groups, -1, form.out_space[2] * form.batch)
    pieces = form.pieces(form.groups * width)

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(pieces[0].positions * form.batch * form.groups * width, x.dtype)
        for task in tasks:
            deep, rows, lo, hi = pieces[task]
            matrices = _copied(patches[deep, rows, ..., lo:hi, :], scratch)
            target = out[deep, rows, ..., lo * form.batch : hi * form.batch]
            np.matmul(w, matrices, out=target)
            if bias is not None:
                target += bias.reshape(form.groups, -1, 1)

    share(work, len(pieces), worthwhile=form.worthwhile)


def _weight_on_patches(form: Form, x: Array, g: Array, dtype: np.dtype[Any]) -> Array:
    patches, width = _patches(form, x), form.kernel_numbers
    g = g.reshape(*form.out_space[:2], form.groups, -1, form.out_space[2] * form.batch)
    pieces = form.pieces(form.groups * width)
    sums = _partial_sums(len(pieces), (form.groups, width, g.shape[3]), dtype)

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(pieces[0].positions * form.batch * form.groups * width, x.dtype)
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


def _scatter(form: Form, g: Array, w: Array, out: Array) -> None:
    """Add to the input what each kernel position sends there from a piece of g. Tasks own channels of the input."""
    groups, batch, stride = form.groups, form.batch, form.stride
    channels, out_channels = form.channels // groups, form.out_channels // groups
    positions = math.prod(form.kernel)
    # Threads hinder each other in small additions: a task is some channels for a thick product, or all that fit.
    fitting = _SENT // (positions * math.prod(form.out_space) * batch)
    each = min(channels, max(1, THICK // positions, fitting))
    blocks = [(group, lo, min(channels, lo + each)) for group in range(groups) for lo in range(0, channels, each)]
    w = w.reshape(groups, out_channels, channels, *form.kernel).transpose(0, 3, 4, 5, 2, 1)
    g = g.reshape(*form.out_space[:2], groups, out_channels, -1)
    pieces = form.pieces(positions * each, _SENT)
    taps = list(product(*(form.taps(axis) for axis in range(3))))

    def work(tasks: Iterator[int]) -> None:
        scratch = np.empty(pieces[0].positions * batch * positions * each, out.dtype)
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
                        term = sent[high, plane.position, row.position, column.position, :, wide]
                        mine[deep * stride[0] + plane.offset, high_in, :, wide_in] += term

    share(work, len(blocks), worthwhile=form.worthwhile)


def _patches(form: Form, x: Array) -> Array:
    """View the padded input as patches.

    Shapes: x as in Note [Batch-last memory] -> (out depth, out height, groups, kernel depth, kernel width,
    kernel height, C / groups, out width, N).
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
    return as_strided(x, (*shape, form.out_space[2], batch), (*strides, *taps, w * form.stride[2], n), writeable=False)


def _copied(patches: Array, scratch: Array) -> Array:
    """Copy patches into scratch, as matrices.

    Shapes: (rows, groups, kernel..., columns, N) -> (rows, groups, kernel numbers, columns * N).
    """
    copy = scratch[: patches.size].reshape(patches.shape)
    np.copyto(copy, patches)
    return copy.reshape(*patches.shape[:2], -1, patches.shape[-2] * patches.shape[-1])


def _partial_sums(parts: int, shape: Ints, dtype: np.dtype[Any]) -> Array:
    """Make the sums that tasks add to. Their number depends on the shapes alone, and so do the bits of the total."""
    most = max(2, _MOST_SUMS // math.prod(shape))
    return np.zeros((min(8, parts, most), *shape), dtype)


def _chunk(size: int, part: int, parts: int) -> range:
    return range(size * part // parts, size * (part + 1) // parts)


def _wide(a: Array) -> Array:
    return a.astype(np.float32)


def _lifted(a: Array) -> Array:
    """Give an array (., ., *spatial) three spatial axes."""
    return a.reshape(*a.shape[:2], *(1,) * (5 - a.ndim), *a.shape[2:])


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
    a = a.transpose(4, 2, 0, 1, 3)
    return a.reshape(*a.shape[:2], *a.shape[7 - ndim :])
