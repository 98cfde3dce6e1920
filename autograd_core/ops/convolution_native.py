"""Convolution by machine code: which numbers of batch-last memory a convolution joins, as the tables its kernels read.

Knows the geometry of Note [Taps and runs] for both directions, forward and to the input, and shares the runs between
the cores. Does not know how the kernels are made. The tables depend on shapes and options only, and are kept.
"""

import functools
import math
from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels import llvm
from ..parallel import share
from .convolution_geometry import Form, Ints

Array = NDArray[Any]

_LONGEST = 1536  # numbers in a run, so that there are enough of them to share
_JOB = 768  # numbers in each row of the output that a tile meets at once: all of them stay in the first cache
_TASKS = 16  # tasks of one call, about
_MOST_SUMS = 1 << 20  # numbers in the partial sums of a weight's cotangent
_WORTH_THREADS = 1 << 22  # multiplications from which other cores are woken
_WORTHWHILE = 1 << 14  # multiplications from which the tables pay


def suits(form: Form, *arrays: Array) -> bool:
    """Whether machine code is there for these arrays, and fast: neighbours in memory fill a vector."""
    dtype = arrays[0].dtype
    if not (dtype.char in "fd" and dtype.isnative and all(type(a) is np.ndarray and a.dtype == dtype for a in arrays)):
        return False
    if not llvm.available():
        return False
    cell = form.batch * (form.out_space[2] if form.stride[2] == 1 else 1)
    return cell * dtype.itemsize >= llvm.vector_bytes() and form.multiplications >= _WORTHWHILE


def forward(form: Form, x: Array, w: Array, bias: Array | None, out: Array) -> None:
    """``out = conv(x, w) + bias``, in batch-last memory.

    Shapes: x (D, H, C, W, N), w (O, C / groups, *kernel), bias (O,) -> out (D, H, O, W, N).
    """
    w = w.reshape(form.groups, -1, *w.shape[1:]).transpose(0, 1, 3, 4, 5, 2)
    _multiply(form, False, x, w, bias, out)


def transposed(form: Form, g: Array, w: Array, out: Array) -> None:
    """The input face in batch-last memory: what each element of the input is sent by g.

    Shapes: g (D, H, O, W, N), w (O, C / groups, *kernel) -> out (D, H, C, W, N).
    """
    w = w.reshape(form.groups, -1, *w.shape[1:]).transpose(0, 2, 3, 4, 5, 1)
    _multiply(form, True, g, w, None, out)


def _multiply(form: Form, back: bool, x: Array, w: Array, bias: Array | None, out: Array) -> None:
    """Shapes: w (groups, rows, *kernel, taps of one kernel position)."""
    groups, rows = w.shape[:2]
    from ..kernels.convolution import products, tile_columns, tile_rows  # only where there are some

    tile = tile_rows(rows)
    columns = tile_columns(tile)
    tables = _product_tables(form, back, columns, columns * llvm.vector_bytes() // out.itemsize)
    kernel = products(out.dtype, tile)
    packed = _packed(w, tables.orders, tile)
    bias = np.zeros(groups * rows, out.dtype) if bias is None else np.ascontiguousarray(bias, out.dtype)
    taps = len(tables.taps)
    size, row = out.itemsize, out.shape[3] * out.shape[4]
    x_group, out_group = (a.shape[2] // groups * a.shape[3] * a.shape[4] * size for a in (x, out))
    cuts = tables.cuts
    fixed = [table.ctypes.data for table in (tables.taps, tables.spans, tables.runs)]
    x_at, w_at, bias_at, out_at = (a.ctypes.data for a in (x, packed, bias, out))

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            group, part = divmod(task, len(cuts) - 1)
            kernel(
                x_at + group * x_group, w_at + group * packed.strides[0], bias_at + group * rows * size,
                out_at + group * out_group, *fixed, cuts[part], cuts[part + 1], rows, taps, row,
            )  # fmt: skip

    share(work, groups * (len(cuts) - 1), worthwhile=form.multiplications > _WORTH_THREADS)


def weight(form: Form, x: Array, g: Array) -> Array:
    """The weight face of arrays in batch-last memory.

    Shapes: x (D, H, C, W, N), g (D, H, O, W, N) -> (O, C / groups, *kernel).
    """
    tables = _correlation_tables(form)
    rows, taps, size = form.out_channels // form.groups, len(tables.taps), x.itemsize
    from ..kernels.convolution import correlations, tile_rows

    tile = tile_rows(rows)
    whole = rows - rows % tile
    parts = [(0, whole, correlations(x.dtype, tile))]
    if whole < rows:
        parts.append((whole, rows, correlations(x.dtype, rows - whole)))
    sums = np.zeros((len(tables.cuts) - 1, form.groups, taps, rows), x.dtype)
    row = g.shape[3] * g.shape[4]
    x_group, g_group = (a.shape[2] // form.groups * a.shape[3] * a.shape[4] * size for a in (x, g))
    cuts = tables.cuts
    fixed = [table.ctypes.data for table in (tables.taps, tables.places, tables.jobs, tables.groups)]
    x_at, g_at, sums_at = (a.ctypes.data for a in (x, g, sums))

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            part, group = divmod(task, form.groups)
            for first, last, kernel in parts:
                kernel(
                    x_at + group * x_group, g_at + group * g_group,
                    sums_at + part * sums.strides[0] + group * sums.strides[1],
                    *fixed, cuts[part], cuts[part + 1], first, last, rows, row,
                )  # fmt: skip

    share(work, form.groups * (len(cuts) - 1), worthwhile=form.multiplications > _WORTH_THREADS)
    total = sums.sum(axis=0).reshape(form.groups, *form.kernel, -1, rows)
    return np.ascontiguousarray(total.transpose(0, 5, 4, 1, 2, 3)).reshape(form.out_channels, -1, *form.kernel)


class _Axis(NamedTuple):
    """Along one axis, output ``o`` meets kernel positions ``order[k]`` for ``spans[o]``, at ``base[o] + offset[k]``."""

    order: Ints
    offset: Ints
    base: Ints
    spans: tuple[tuple[int, int], ...]


def _axis(form: Form, axis: int, back: bool) -> _Axis:
    size, out_size = form.space[axis], form.out_space[axis]
    kernel, stride, padding, dilation = (v[axis] for v in (form.kernel, form.stride, form.padding, form.dilation))
    if not back:
        order = list(range(kernel))
        base = [o * stride - padding for o in range(out_size)]
        offset = [k * dilation for k in order]
        met = [[0 <= b + f < size for f in offset] for b in base]
    else:  # input i hears of output (i + padding - k dilation) / stride, where that is whole: kernel positions by rests
        order = sorted(range(kernel), key=lambda k: (k * dilation % stride, k))
        base = [(i + padding) // stride for i in range(size)]
        offset = [-(k * dilation // stride) for k in order]
        rests = [k * dilation % stride for k in order]
        met = [
            [rest == (i + padding) % stride and 0 <= b + f < out_size for rest, f in zip(rests, offset, strict=True)]
            for i, b in enumerate(base)
        ]
    spans = [(row.index(True), kernel - row[::-1].index(True)) if any(row) else (0, 0) for row in met]
    return _Axis(tuple(order), tuple(offset), tuple(base), tuple(spans))


class _ProductTables(NamedTuple):
    """The tables of ``products``; the order of the kernel positions in each axis; where the runs are cut into tasks."""

    taps: Array
    spans: Array
    runs: Array
    orders: tuple[Ints, ...]
    cuts: list[int]


@functools.lru_cache(maxsize=64)
def _product_tables(form: Form, back: bool, columns: int, vectors: int) -> _ProductTables:
    axes = [_axis(form, axis, back) for axis in range(3)]
    source, target = (form.out_memory, form.in_memory) if back else (form.in_memory, form.out_memory)
    batch, (deep, high, wide) = form.batch, axes
    channels = source[2] // form.groups
    x_numbers, out_numbers = (math.prod(memory[2:]) for memory in (source, target))
    taps = _taps(source, channels, axes)
    spans: list[tuple[int, int]] = []
    known: dict[Any, tuple[int, int]] = {}

    def span_range(d: int, h: int, w: int) -> tuple[int, int]:
        key = deep.spans[d], high.spans[h], wide.spans[w]
        if key not in known:
            first = len(spans)
            for start, stop in _tap_ranges(form.kernel, channels, *key):
                if len(spans) > first and spans[-1][1] == start:
                    spans[-1] = spans[-1][0], stop
                else:
                    spans.append((start, stop))
            known[key] = first, len(spans)
        return known[key]

    runs, costs = [], []
    for (d, h), count, x_step, out_step in _alike(deep, high, source, columns):
        x_row = (deep.base[d] * source[1] + high.base[h]) * x_numbers
        out_row = (d * target[1] + h) * out_numbers
        for lo, hi in _neighbours(wide):
            ranges = span_range(d, h, lo)
            met = sum(stop - start for start, stop in spans[slice(*ranges)])
            length = (hi - lo) * batch
            pieces = -(-count * length // _LONGEST)
            for piece in range(pieces):
                start, stop = (min(length, -(-length * i // pieces // vectors) * vectors) for i in (piece, piece + 1))
                if start < stop:
                    runs.append(
                        (x_row + wide.base[lo] * batch + start, out_row + lo * batch + start, stop - start, *ranges,
                         count, x_step * x_numbers, out_step * out_numbers)
                    )  # fmt: skip
                    costs.append(count * (stop - start) * (met + 8))
    return _ProductTables(
        taps, np.array(spans, np.int64).reshape(-1, 2), np.array(runs, np.int64),
        tuple([axis.order for axis in axes]), _cuts(costs, -(-_TASKS // form.groups)),
    )  # fmt: skip


def _alike(deep: "_Axis", high: "_Axis", source: Ints, most: int) -> Iterator[tuple[tuple[int, int], int, int, int]]:
    """Rows of the output that meet the same kernel positions, at equal steps: the first, how many, and the steps."""
    groups: dict[Any, list[tuple[int, int]]] = {}
    for d, h in product(range(len(deep.base)), range(len(high.base))):
        groups.setdefault((deep.spans[d], high.spans[h]), []).append((d, h))
    height = len(high.base)
    found = []
    for rows in groups.values():
        places = [(deep.base[d] * source[1] + high.base[h], d * height + h) for d, h in rows]
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(places)]
        start = 0
        while start < len(rows):
            end = start + 1
            while end < min(len(rows), start + most) and steps[end - 1] == steps[start]:
                end += 1
            found.append((rows[start], end - start, *(steps[start] if end > start + 1 else (0, 0))))
            start = end
    return iter(sorted(found))


def _taps(source: Ints, channels: int, axes: list[_Axis]) -> Array:
    """Offsets of (depth, height, width, channels) of the kernel in memory."""
    deep, high, wide = (np.array(axis.offset, np.int64) for axis in axes)
    _, height, all_channels, width, batch = source
    c = np.arange(channels, dtype=np.int64) * (width * batch)
    row = all_channels * width * batch
    offsets = deep[:, None, None, None] * (height * row) + high[:, None, None] * row + wide[:, None] * batch + c
    return np.ascontiguousarray(offsets.reshape(-1))


def _tap_ranges(kernel: Ints, channels: int, deep: Any, high: Any, wide: Any) -> Iterator[tuple[int, int]]:
    for d, h in product(range(*deep), range(*high)):
        first = (d * kernel[1] + h) * kernel[2]
        if wide[0] < wide[1]:
            yield (first + wide[0]) * channels, (first + wide[1]) * channels


def _neighbours(axis: _Axis) -> Iterator[tuple[int, int]]:
    """The ranges of outputs which meet the same kernel positions, one step further in the input with each step."""
    start = 0
    for o in range(1, len(axis.base) + 1):
        if o == len(axis.base) or axis.spans[o] != axis.spans[start] or axis.base[o] != axis.base[start] + o - start:
            yield start, o
            start = o


class _CorrelationTables(NamedTuple):
    """The tables of ``correlations``, and where the groups are cut into tasks."""

    taps: Array
    places: Array
    jobs: Array
    groups: Array
    cuts: list[int]


@functools.lru_cache(maxsize=64)
def _correlation_tables(form: Form) -> _CorrelationTables:
    axes = [_axis(form, axis, False) for axis in range(3)]
    deep, high, wide = axes
    batch, channels = form.batch, form.channels // form.groups
    (_, height, all_channels, width, _), (_, out_height, out_channels, out_width, _) = form.in_memory, form.out_memory
    # a place is a row of the output where the steps along it are steps of the input, else a position
    by_rows = form.stride[2] == 1
    columns = 1 if by_rows else out_width
    places = [
        (
            ((d * height + h) * all_channels * width + w) * batch,
            ((i * out_height + j) * out_channels * out_width + k) * batch,
        )
        for i, d in enumerate(deep.base)
        for j, h in enumerate(high.base)
        for k, w in enumerate(wide.base[:columns])
    ]
    width_of_place = out_width * batch if by_rows else batch
    each = max(1, _JOB // (columns * width_of_place))  # rows
    # which outputs along the width each kernel position meets
    met = [[o for o, (lo, hi) in enumerate(wide.spans) if lo <= k < hi] for k in range(form.kernel[2])]
    jobs: list[Ints] = []
    groups, costs = [0], []
    for d, top in product(range(form.out_space[0]), range(0, out_height, each)):
        bottom = min(out_height, top + each)
        mine: dict[Any, list[tuple[int, int]]] = {}
        for kd, kh, kw in product(*(range(k) for k in form.kernel)):
            rows = [h for h in range(top, bottom) if high.spans[h][0] <= kh < high.spans[h][1]]
            if not rows or not met[kw] or not deep.spans[d][0] <= kd < deep.spans[d][1]:
                continue
            # kernel positions which meet the same places, one after the other, are one job
            key = rows[0], rows[-1] + 1, met[kw][0], met[kw][-1] + 1
            first = ((kd * form.kernel[1] + kh) * form.kernel[2] + kw) * channels
            ranges = mine.setdefault(key, [])
            if ranges and ranges[-1][1] == first:
                ranges[-1] = ranges[-1][0], first + channels
            else:
                ranges.append((first, first + channels))
        whole = out_width * batch if by_rows else 1
        pieces = -(-whole // _JOB)
        for piece in range(pieces):
            part = range(*(min(whole, -(-whole * i // pieces // 64) * 64) for i in (piece, piece + 1)))
            for (row, row_end, lo, hi), ranges in mine.items():
                row, row_end = d * out_height + row, d * out_height + row_end
                for job in _jobs(by_rows, row, row_end, lo, hi, columns, batch, part):
                    jobs += [(*job, *taps_of_job) for taps_of_job in ranges]
            costs.append(sum(job[2] * (job[4] - job[3]) * (job[6] - job[5]) for job in jobs[groups[-1] :]))
            groups.append(len(jobs))
    taps = _taps(form.in_memory, channels, axes)
    # so many partial sums, which depends on the shapes alone, and so do the bits of the total
    parts = min(-(-_TASKS // (2 * form.groups)), max(2, _MOST_SUMS // max(1, form.out_channels * len(taps))))
    return _CorrelationTables(
        taps, np.array(places, np.int64), np.array(jobs, np.int64), np.array(groups, np.int64), _cuts(costs, parts)
    )


def _jobs(
    by_rows: bool, row: int, row_end: int, lo: int, hi: int, columns: int, batch: int, part: range
) -> Iterator[Ints]:
    """Offset in x and in the output, length, and the range of places, of the jobs for a rectangle of the output."""
    if by_rows:
        start, stop = max(lo * batch, part.start), min(hi * batch, part.stop)
        if start < stop:
            yield start, start, stop - start, row, row_end
    elif hi - lo == columns:
        yield 0, 0, batch, row * columns, row_end * columns
    else:
        for r in range(row, row_end):
            yield 0, 0, batch, r * columns + lo, r * columns + hi


def _cuts(costs: list[int], parts: int) -> list[int]:
    """Where a list of works is cut into parts that cost about the same."""
    total = np.cumsum([0, *costs])
    inner = np.searchsorted(total, np.arange(1, parts) * (total[-1] / parts))
    return [int(cut) for cut in np.unique([0, *inner, len(costs)])]


def _packed(w: Array, orders: tuple[Ints, ...], tile: int) -> Array:
    """The weights in the order in which the kernel reads them.

    Shapes: w (groups, rows, *kernel, channels) -> (groups, blocks, *kernel, channels, tile).
    """
    for axis, order in enumerate(orders):
        if order != tuple(range(len(order))):
            w = w.take(order, axis=2 + axis)
    groups, rows = w.shape[:2]
    whole, blocks = rows // tile, -(-rows // tile)
    packed = np.empty((groups, blocks, *w.shape[2:], tile), w.dtype)
    main = w[:, : whole * tile].reshape(groups, whole, tile, *w.shape[2:])
    packed[:, :whole] = np.moveaxis(main, 2, -1)
    if whole < blocks:
        packed[:, -1] = np.moveaxis(w[:, rows - tile :], 1, -1)
    return packed
