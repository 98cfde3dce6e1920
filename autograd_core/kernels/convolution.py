"""Machine code for convolutions: sums of products over a list of places, without copies of patches.

Note [Taps and runs]
A convolution is a product of a matrix of weights with a matrix of patches, which need not be made: element (k, j) of it
is ``x[base + taps[k] + j]``, if j runs over numbers that are neighbours in memory both in x and in the output (a run;
in batch-last memory, positions of many images). So one kernel serves every geometry, and the geometry is tables:
offsets of taps; runs, each with its place in both arrays, its length, and how many like it stand at what steps;
and spans, the ranges of taps that a run meets.
Source: Marat Dukhan, The Indirect Convolution Algorithm (2019), who keeps pointers in the place of offsets.

`products` multiplies weights with patches: a tile of outputs lies in registers, and each tap adds to it.
`correlations` multiplies outputs with patches: a tile of weights lies in registers, and each position adds to it.
Knows registers and tables. Does not know what a stride, a padding or an image is.
"""

import ctypes
from functools import cache
from typing import Any

import numpy as np

from .arithmetic import where
from .emitting import Module, Value
from .llvm import compiled, vector_bytes
from .writing import Code, Mask

__all__ = ["JOB", "PLACE", "RUN", "correlations", "products", "tile_columns", "tile_rows"]

Type = np.dtype[Any]

# The columns of the tables, in numbers.
RUN = ("x", "out", "length", "first span", "last span", "count", "x step", "out step")
PLACE = ("x", "out")
JOB = ("x", "out", "length", "first place", "last place", "first tap", "last tap")


@cache
def products(dtype: Type, rows: int) -> Any:
    """The function ``out = bias + weights @ patches``, run by run, for tiles of so many rows of the output.

    It takes x, weights, bias, out, taps, spans, runs; the first and last run; how many rows there are, how many taps in
    a block of weights, and how many numbers from a row of the output to the next. Weights (blocks, taps, rows of a
    tile); if the rows are not a multiple of a tile's, the last block begins earlier and overlaps the one before.
    """
    module = Module()
    _write_products(module, dtype, rows)
    return compiled(module.text).function("products", *[ctypes.c_void_p] * 7, *[ctypes.c_int64] * 5)


@cache
def correlations(dtype: Type, rows: int) -> Any:
    """The function ``sums += patches @ out.T``, job by job, in tiles of so many rows of the output.

    A job is a range of taps and the places that they meet, all of one length. Jobs that read about the same of the
    output are a group: a few rows of it stay in the first cache for all of them.

    It takes x, out, sums, taps, places, jobs, groups; the first and last group; the first and last row, how many rows
    the sums have, and how many numbers from a row of the output to the next. Sums (taps, rows). The rows are a multiple
    of a tile's; taps that are left over are met one by one.
    """
    module = Module()
    _write_correlations(module, dtype, rows)
    return compiled(module.text).function("correlations", *[ctypes.c_void_p] * 7, *[ctypes.c_int64] * 6)


def tile_rows(rows: int) -> int:
    """How many of so many rows a tile has: equal parts, or nearly, and not too many for the registers."""
    most = 8 if vector_bytes() == 64 else 4
    return -(-rows // -(-rows // most))


def tile_columns(rows: int) -> int:
    """How many vectors, or taps, a row of a tile has: sums, a row of them and one number share the registers."""
    return min(8, (24 if vector_bytes() == 64 else 12) // rows)


def _write_products(module: Module, dtype: Type, tile: int) -> None:
    c = Code(module, "products", "x weights bias out taps spans runs", "first last rows count row", dtype)
    rows, count, row, columns = c.argument("rows"), c.argument("count"), c.argument("row"), tile_columns(tile)

    def work(places: list[tuple[Value, Value]], mask: Mask = None) -> None:
        """All rows of one column of tiles, from vectors that begin at these places of x and out."""
        with c.loop(0, rows, tile) as (o, _):
            first_row = c.smaller(o, rows - tile)
            sums = [c.broadcast(c.at("%bias", first_row + i)) for i in range(tile) for _ in places]
            with c.loop(first_span, last_span, 1, sums) as (s, sums):
                start, stop = c.record("%spans", s, 2)
                with c.loop(start, stop, 1, sums) as (k, inner):
                    offset = c.index("%taps", k)
                    seen = [c.load(c.at("%x", x + offset), mask) for x, _ in places]
                    weights = c.at("%weights", o * count + k * tile)
                    for i in range(tile):
                        weight = c.broadcast(c.at(weights, i))
                        for v, x in enumerate(seen, i * len(seen)):
                            inner[v] = inner[v] + weight * x
                sums[:] = inner
            for v, (_, out) in enumerate(places):
                for i in range(tile):
                    c.store(sums[i * len(places) + v], c.at("%out", out + (first_row + i) * row), mask)

    with c.loop(c.argument("first"), c.argument("last")) as (r, _):
        x0, out0, length, first_span, last_span, alike, x_step, out_step = c.record("%runs", r, len(RUN))
        whole = length - c.remainder(length, columns * c.lanes)
        with c.loop(0, whole, columns * c.lanes) as (j, _), c.loop(0, alike) as (i, _):
            x, out = x0 + i * x_step + j, out0 + i * out_step + j
            work([(x + v * c.lanes, out + v * c.lanes) for v in range(columns)])
        # What is left of runs that are alike stands side by side in a tile, if there are several.
        alone = where(alike < 2, length, whole)
        with c.loop(whole, alone, c.lanes) as (j, _):
            work([(x0 + j, out0 + j)], c.mask(length - j))
        with c.loop(alone, length, c.lanes) as (j, _):
            beside = [c.smaller(alike - 1, v) for v in range(columns)]
            work([(x0 + i * x_step + j, out0 + i * out_step + j) for i in beside], c.mask(length - j))
    c.function.finish()


def _write_correlations(module: Module, dtype: Type, tile: int) -> None:
    c = Code(module, "correlations", "x out sums taps places jobs groups", "first last o_first o_last rows row", dtype)
    rows, row, columns = c.argument("rows"), c.argument("row"), tile_columns(tile)

    def add(sums: list[Value], seen: list[str], outs: list[str], mask: Mask = None) -> None:
        by_taps = len(seen) <= tile  # the fewer are held in registers
        held = [c.load(p, mask) for p in (seen if by_taps else outs)]
        for i, p in enumerate(outs if by_taps else seen):
            other = c.load(p, mask)
            for t, value in enumerate(held):
                place = t * tile + i if by_taps else i * tile + t
                sums[place] = sums[place] + value * other

    def work(o: Value, k: Value, taps: int) -> None:
        offsets = [c.index("%taps", k + t) for t in range(taps)]
        sums = [c.zeros()] * (taps * tile)
        with c.loop(first_place, last_place, 1, sums) as (r, sums):
            x1, out1 = c.record("%places", r, len(PLACE))
            seen = [c.at("%x", x0 + x1 + offset) for offset in offsets]
            outs = [c.at("%out", out0 + out1 + (o + i) * row) for i in range(tile)]
            with c.loop(0, whole, c.lanes, sums) as (j, inner):
                add(inner, [c.at(p, j) for p in seen], [c.at(p, j) for p in outs])
            with c.loop(whole, length, c.lanes, inner) as (j, inner):
                add(inner, [c.at(p, j) for p in seen], [c.at(p, j) for p in outs], c.mask(length - j))
            sums[:] = inner
        for t in range(taps):
            place = c.at("%sums", (k + t) * rows + o)
            c.store(c.load(place, lanes=tile) + c.totals(sums[t * tile : (t + 1) * tile]), place)

    o_first, o_last = c.argument("o_first"), c.argument("o_last")
    with (
        c.loop(c.argument("first"), c.argument("last")) as (group, _),
        c.loop(o_first, o_last, tile) as (o, _),
        c.loop(c.index("%groups", group), c.index("%groups", group + 1)) as (job, _),
    ):
        x0, out0, length, first_place, last_place, first_tap, last_tap = c.record("%jobs", job, len(JOB))
        whole = length - c.remainder(length, c.lanes)
        middle = last_tap - c.remainder(last_tap - first_tap, columns)
        with c.loop(first_tap, middle, columns) as (k, _):
            work(o, k, columns)
        with c.loop(middle, last_tap) as (k, _):
            work(o, k, 1)
    c.function.finish()
