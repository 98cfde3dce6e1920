"""Machine code for convolutions: sums of products over a list of places, without copies of patches.

Note [Taps and runs]
A convolution is a product of a matrix of weights with a matrix of patches, which need not be made: element (k, j) of it
is ``x[base + taps[k] + j]``, if j runs over numbers that are neighbours in memory both in x and in the output (a run:
in batch-last memory, many positions of many images). So one kernel serves every geometry, and the geometry is tables:
offsets of taps; runs, each with its place in both arrays and its length; and spans, the ranges of taps that a run meets.
Source: Marat Dukhan, The Indirect Convolution Algorithm (2019), who keeps pointers in the place of offsets.

`products` multiplies weights with patches (a tile of outputs lies in registers, and each tap adds to it), `correlations`
multiplies outputs with patches (a tile of weights lies in registers, and each position adds to it). Knows registers and
tables. Does not know what a stride, a padding or an image is.
"""

import ctypes
from functools import cache
from typing import Any

import numpy as np

from .emitting import Module, Value
from .llvm import compiled, vector_bytes
from .writing import INDEX, Code

__all__ = ["JOB", "PLACE", "RUN", "correlations", "products"]

Type = np.dtype[Any]

RUN = ("x", "out", "length", "first span", "last span")  # the columns of the tables, all in numbers
PLACE = ("x", "out")
JOB = ("x", "out", "length", "first place", "last place", "first tap", "last tap")
_STEPS = 4  # vectors of a row that one turn of the innermost loop of `correlations` adds


@cache
def products(dtype: Type, rows: int) -> Any:
    """The function ``out = bias + weights @ patches``, run by run, for tiles of so many rows of the output.

    It takes x, weights, bias, out, taps, spans, runs; the first and last run; how many rows there are, how many taps in
    a block of weights, and how many numbers from a row of the output to the next. Weights (blocks, taps, rows of a
    tile); if the rows are not a multiple of a tile's, the last block begins earlier and overlaps the one before.
    """
    module = Module()
    _write_products(module, dtype, rows, _columns(rows))
    return compiled(module.text).function("products", *[ctypes.c_void_p] * 7, *[ctypes.c_int64] * 5)


@cache
def correlations(dtype: Type, rows: int) -> Any:
    """The function ``sums += patches @ out.T``, job by job, for tiles of so many rows of the output.

    It takes x, out, sums, taps, places, jobs; the first and last job; the first and last row, how many rows the sums
    have, and how many numbers from a row of the output to the next. Sums (taps, rows). The rows are a multiple of a
    tile's; taps that are left over are met one by one.
    """
    module = Module()
    _write_correlations(module, dtype, rows, _columns(rows))
    return compiled(module.text).function("correlations", *[ctypes.c_void_p] * 6, *[ctypes.c_int64] * 6)


def _columns(rows: int) -> int:
    """How wide a tile of so many rows is: its sums, a row of vectors and one number for all share the registers."""
    return max(1, min(8, (24 if vector_bytes() == 64 else 12) // rows))


def _write_products(module: Module, dtype: Type, tile: int, columns: int) -> None:
    c = Code(module, "products", "x weights bias out taps spans runs", "first last rows count row", dtype)
    rows, count, row, wide = c.argument("rows"), c.argument("count"), c.argument("row"), columns * c.lanes

    def work(j: Value, vectors: int, mask: str = "") -> None:
        with c.loop(0, rows, tile) as (o, _):
            over = o + tile - rows
            over = c.function.value(f"select i1 {(over > 0).text}, i64 {over.text}, i64 0", INDEX, 1)
            o_first = o - over
            starts = [c.broadcast(c.at("%bias", o_first + i)) for i in range(tile)]
            # block of weights: o is a multiple of the tile's rows
            w0 = o * count
            sums = [starts[i] for i in range(tile) for _ in range(vectors)]
            with c.loop(first_span, last_span, 1, sums) as (s, sums):
                k0, k1 = c.record("%spans", s, 2)
                with c.loop(k0, k1, 1, sums) as (k, inner):
                    place = c.index("%taps", k) + x0 + j
                    weights = c.at("%weights", w0 + k * tile)
                    seen = [c.load(c.at("%x", place + v * c.lanes), mask) for v in range(vectors)]
                    new = []
                    for i in range(tile):
                        w = c.broadcast(c.at(weights, c.number(i)))
                        new += [inner[i * vectors + v] + w * seen[v] for v in range(vectors)]
                    inner[:] = new
                sums[:] = inner
            for i in range(tile):
                target = out0 + (o_first + i) * row + j
                for v in range(vectors):
                    c.store(sums[i * vectors + v], c.at("%out", target + v * c.lanes), mask)

    with c.loop(c.argument("first"), c.argument("last")) as (r, _):
        x0, out0, length, first_span, last_span = c.record("%runs", r, len(RUN))
        whole = length - c.remainder(length, wide)
        with c.loop(0, whole, wide) as (j, _):
            work(j, columns)
        with c.loop(whole, length, c.lanes) as (j, _):
            work(j, 1, c.mask(length - j))
    c.function.finish()


def _write_correlations(module: Module, dtype: Type, tile: int, columns: int) -> None:
    c = Code(module, "correlations", "x out sums taps places jobs", "first last o_first o_last rows row", dtype)
    rows, row = c.argument("rows"), c.argument("row")

    def add(sums: list[Value], seen: list[str], outs: list[str], mask: str = "") -> None:
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
            with c.loop(0, whole, _STEPS * c.lanes, sums) as (j, inner):
                for step in range(_STEPS):
                    add(inner, *([c.at(c.at(p, j), c.number(step * c.lanes)) for p in ps] for ps in (seen, outs)))
            with c.loop(whole, length, c.lanes, inner) as (j, inner):
                add(inner, *([c.at(p, j) for p in ps] for ps in (seen, outs)), c.mask(length - j))
            sums[:] = inner
        for t in range(taps):
            place = c.at("%sums", (k + t) * rows + o)
            c.store(c.load(place, lanes=tile) + c.totals(sums[t * tile : (t + 1) * tile]), place)

    with c.loop(c.argument("first"), c.argument("last")) as (job, _):
        x0, out0, length, first_place, last_place, first_tap, last_tap = c.record("%jobs", job, len(JOB))
        whole = length - c.remainder(length, _STEPS * c.lanes)
        middle = last_tap - c.remainder(last_tap - first_tap, columns)
        with c.loop(c.argument("o_first"), c.argument("o_last"), tile) as (o, _):
            with c.loop(first_tap, middle, columns) as (k, _):
                work(o, k, columns)
            with c.loop(middle, last_tap) as (k, _):
                work(o, k, 1)
    c.function.finish()
