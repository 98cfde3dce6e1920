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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from .emitting import Function, Module, Value, type_name
from .llvm import compiled, vector_bytes

__all__ = ["JOB", "PLACE", "RUN", "correlations", "products"]

Type = np.dtype[Any]

RUN = ("x", "out", "length", "first span", "last span")  # the columns of the tables, all in numbers
PLACE = ("x", "out")
JOB = ("x", "out", "length", "first place", "last place", "first tap", "last tap")
_INDEX = np.dtype(np.int64)
_STEPS = 4  # vectors of a row that one turn of the innermost loop of `correlations` adds


@cache
def products(dtype: Type, rows: int) -> Any:
    """The function ``out = bias + weights @ patches``, run by run, for tiles of so many rows of the output.

    It takes x, weights, bias, out, taps, spans, runs; the first and last run; how many rows there are, how many taps in
    a block of weights, and how many numbers from a row of the output to the next. Weights (blocks, taps, rows of a
    tile); if the rows are not a multiple of a tile's, the last block begins earlier and overlaps the one before.
    """
    module = Module()
    _write_products(module, dtype, rows, max(1, min(8, _registers() // rows)))
    return compiled(module.text).function("products", *[ctypes.c_void_p] * 7, *[ctypes.c_int64] * 5)


@cache
def correlations(dtype: Type, rows: int, taps: int) -> Any:
    """The function ``sums += patches @ out.T``, job by job, for tiles of so many rows of the output and so many taps.

    It takes x, out, sums, taps, places, jobs; the first and last job; the first and last row, how many rows the sums
    have, and how many numbers from a row of the output to the next. Sums (taps, rows). The rows are a multiple of a
    tile's; taps that are left over are met one by one.
    """
    module = Module()
    _write_correlations(module, dtype, rows, taps)
    return compiled(module.text).function("correlations", *[ctypes.c_void_p] * 6, *[ctypes.c_int64] * 6)


def _registers() -> int:
    """How many sums fit into registers, beside a row of vectors and a broadcast number; narrow vectors are fewer."""
    return 24 if vector_bytes() == 64 else 12


class _Code:
    """A function in the making, with loops, addresses and vectors of one width."""

    def __init__(self, module: Module, name: str, pointers: str, numbers: str, dtype: Type) -> None:
        arguments = [("ptr noalias", name) for name in pointers.split()] + [("i64", name) for name in numbers.split()]
        self.function = Function(
            module, name, arguments, contract=True,
            attributes=f'nounwind "prefer-vector-width"="{8 * vector_bytes()}"',
        )  # fmt: skip
        self.dtype, self.lanes = dtype, vector_bytes() // dtype.itemsize
        self.module = module

    def argument(self, name: str) -> Value:
        return Value(self.function, f"%{name}", _INDEX, 1)

    def number(self, value: int) -> Value:
        return Value(self.function, str(value), _INDEX, 1)

    @contextmanager
    def loop(self, start: Any, stop: Value, step: int = 1, carried: Sequence[Value] = ()) -> Iterator[Any]:
        """Repeat for an index from start to below stop; the list of carried values is changed from turn to turn."""
        f, start = self.function, self.number(start) if isinstance(start, int) else start
        name = f"l{f.register()[1:]}"
        f.emit(f"br label %{name}.entry")
        f.label(f"{name}.entry")
        f.emit(f"br label %{name}")
        f.label(name)
        line = len(f.lines)
        index = f.value("", _INDEX, 1)
        values = [f.value("", value.dtype, value.lanes) for value in carried]
        here = [index, *values]
        f.emit(f"br i1 {(index < stop).text}, label %{name}.body, label %{name}.end")
        f.label(f"{name}.body")
        yield index, values
        f.emit(f"br label %{name}.next")
        f.label(f"{name}.next")
        following = [index + step, *values]
        f.emit(f"br label %{name}")
        f.label(f"{name}.end")
        for i, (phi, first, then) in enumerate(zip(here, [start, *carried], following, strict=True)):
            f.lines[line + i] = (
                f"  {phi.text} = phi {phi.type} [{first.text}, %{name}.entry], [{then.text}, %{name}.next]"
            )
        values[:] = here[1:]

    def at(self, pointer: str, index: Value, dtype: Type | None = None) -> str:
        element = type_name(dtype or self.dtype, 1)
        return self.function.text_value(f"getelementptr inbounds {element}, ptr {pointer}, i64 {index.text}")

    def index(self, pointer: str, index: Value) -> Value:
        """Read a number of a table."""
        return self.function.value(f"load i64, ptr {self.at(pointer, index, _INDEX)}", _INDEX, 1)

    def record(self, pointer: str, index: Value, columns: int) -> list[Value]:
        return [self.index(pointer, index * columns + i) for i in range(columns)]

    def load(self, pointer: str, lanes: int | None = None) -> Value:
        lanes = lanes or self.lanes
        size = self.dtype.itemsize
        return self.function.value(f"load {type_name(self.dtype, lanes)}, ptr {pointer}, align {size}", self.dtype, lanes)

    def store(self, value: Value, pointer: str) -> None:
        self.function.emit(f"store {value.type} {value.text}, ptr {pointer}, align {self.dtype.itemsize}")

    def broadcast(self, pointer: str) -> Value:
        """All lanes are the number at that address."""
        f, kind = self.function, type_name(self.dtype, self.lanes)
        number = self.load(pointer, 1)
        one = f.text_value(f"insertelement {kind} poison, {number.type} {number.text}, i64 0")
        return f.value(f"shufflevector {kind} {one}, {kind} poison, <{self.lanes} x i32> zeroinitializer",
                       self.dtype, self.lanes)  # fmt: skip

    def zeros(self) -> Value:
        return Value(self.function, "zeroinitializer", self.dtype, self.lanes)

    def mask(self, count: Value) -> str:
        """The lanes below count."""
        f, lanes = self.function, self.lanes
        kind, flags = f"<{lanes} x i64>", f"<{lanes} x i1>"
        one = f.text_value(f"insertelement {kind} poison, i64 {count.text}, i64 0")
        whole = f.text_value(f"shufflevector {kind} {one}, {kind} poison, <{lanes} x i32> zeroinitializer")
        steps = ", ".join(f"i64 {lane}" for lane in range(lanes))
        return f"{flags} " + f.text_value(f"icmp slt {kind} <{steps}>, {whole}")

    def load_masked(self, pointer: str, mask: str) -> Value:
        """Load the lanes of the mask, and zeros elsewhere."""
        f, kind = self.function, type_name(self.dtype, self.lanes)
        name = f"llvm.masked.load.v{self.lanes}f{8 * self.dtype.itemsize}.p0"
        self.module.declare(name, kind, ["ptr", "i32 immarg", f"<{self.lanes} x i1>", kind])
        size = self.dtype.itemsize
        return f.value(f"call {kind} @{name}(ptr {pointer}, i32 {size}, {mask}, {kind} zeroinitializer)",
                       self.dtype, self.lanes)  # fmt: skip

    def store_masked(self, value: Value, pointer: str, mask: str) -> None:
        name = f"llvm.masked.store.v{self.lanes}f{8 * self.dtype.itemsize}.p0"
        self.module.declare(name, "void", [value.type, "ptr", "i32 immarg", f"<{self.lanes} x i1>"])
        self.function.emit(
            f"call void @{name}({value.type} {value.text}, ptr {pointer}, i32 {self.dtype.itemsize}, {mask})"
        )

    def totals(self, values: Sequence[Value]) -> Value:
        """The sum over the lanes of each value, side by side, as one value."""
        wanted = len(values)
        values = [*values, *[self.zeros()] * ((1 << (wanted - 1).bit_length()) - wanted)]
        count = len(values)
        while len(values) > 1:  # neighbouring lanes are added, and the values of a pair stand side by side
            values = [self._halved(a, b) for a, b in zip(values[::2], values[1::2], strict=True)]
        total = values[0]
        while total.lanes > count:
            total = self._halved(total)
        return self._shuffled(total, total, range(wanted)) if wanted < total.lanes else total

    def _halved(self, a: Value, b: Value | None = None) -> Value:
        lanes = a.lanes * (1 if b is None else 2)
        b = a if b is None else b
        return self._shuffled(a, b, range(0, lanes, 2)) + self._shuffled(a, b, range(1, lanes, 2))

    def _shuffled(self, a: Value, b: Value, order: Sequence[int]) -> Value:
        lanes = ", ".join(f"i32 {lane}" for lane in order)
        return self.function.value(
            f"shufflevector {a.type} {a.text}, {b.type} {b.text}, <{len(order)} x i32> <{lanes}>",
            self.dtype, len(order),
        )  # fmt: skip


def _write_products(module: Module, dtype: Type, tile: int, columns: int) -> None:
    c = _Code(module, "products", "x weights bias out taps spans runs", "first last rows count row", dtype)
    rows, count, row, wide = c.argument("rows"), c.argument("count"), c.argument("row"), columns * c.lanes

    def work(j: Value, vectors: int, mask: str | None) -> None:
        with c.loop(0, rows, tile) as (o, _):
            over = o + tile - rows
            over = c.function.value(f"select i1 {(over > 0).text}, i64 {over.text}, i64 0", _INDEX, 1)
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
                    seen = [
                        c.load(c.at("%x", place + v * c.lanes)) if mask is None
                        else c.load_masked(c.at("%x", place), mask)
                        for v in range(vectors)
                    ]  # fmt: skip
                    new = []
                    for i in range(tile):
                        w = c.broadcast(c.at(weights, c.number(i)))
                        new += [inner[i * vectors + v] + w * seen[v] for v in range(vectors)]
                    inner[:] = new
                sums[:] = inner
            for i in range(tile):
                target = out0 + (o_first + i) * row + j
                for v in range(vectors):
                    value = sums[i * vectors + v]
                    if mask is None:
                        c.store(value, c.at("%out", target + v * c.lanes))
                    else:
                        c.store_masked(value, c.at("%out", target), mask)

    with c.loop(c.argument("first"), c.argument("last")) as (r, _):
        x0, out0, length, first_span, last_span = c.record("%runs", r, len(RUN))
        whole = c.function.value(f"srem i64 {length.text}, {wide}", _INDEX, 1)
        whole = length - whole
        with c.loop(0, whole, wide) as (j, _):
            work(j, columns, None)
        with c.loop(whole, length, c.lanes) as (j, _):
            work(j, 1, c.mask(length - j))
    c.function.finish()


def _write_correlations(module: Module, dtype: Type, tile: int, columns: int) -> None:
    c = _Code(module, "correlations", "x out sums taps runs jobs", "first last o_first o_last rows row", dtype)
    rows, row = c.argument("rows"), c.argument("row")

    def work(o: Value, k: Value, taps: int) -> None:
        places = [c.index("%taps", k + i) for i in range(taps)]

        def add(sums: list[Value], seen: list[Value], read: Any) -> list[Value]:
            others = [read("%out", i) for i in range(tile)]
            return [sums[t * tile + i] + seen[t] * others[i] for t in range(taps) for i in range(tile)]

        sums = [c.zeros()] * (taps * tile)
        with c.loop(first_run, last_run, 1, sums) as (r, sums):
            x1, out1 = c.record("%runs", r, 2)
            x1, out1 = x1 + x0, out1 + out0 + o * row
            xs = [c.at("%x", x1 + place) for place in places]
            outs = [c.at("%out", out1 + row * i) for i in range(tile)]
            with c.loop(0, whole, _STEPS * c.lanes, sums) as (j, inner):
                for step in range(_STEPS):
                    def here(pointer: str, step=step) -> Value:
                        return c.load(c.at(c.at(pointer, j), c.number(step * c.lanes)))
                    seen = [here(pointer) for pointer in xs]
                    inner[:] = add(inner, seen, lambda _, i: here(outs[i]))
            with c.loop(whole, length, c.lanes, inner) as (j, inner):
                mask = c.mask(length - j)
                seen = [c.load_masked(c.at("%x", x1 + place + j), mask) for place in places]
                inner[:] = add(inner, seen, lambda _, i: c.load_masked(c.at("%out", out1 + row * i + j), mask))
            sums[:] = inner
        for t in range(taps):
            place = c.at("%sums", (k + t) * rows + o)
            c.store(c.load(place, tile) + c.totals(sums[t * tile : (t + 1) * tile]), place)

    with c.loop(c.argument("first"), c.argument("last")) as (job, _):
        x0, out0, length, first_run, last_run, first_tap, last_tap = c.record("%jobs", job, len(JOB))
        whole = length - c.function.value(f"srem i64 {length.text}, {_STEPS * c.lanes}", _INDEX, 1)
        taps = last_tap - first_tap
        middle = last_tap - c.function.value(f"srem i64 {taps.text}, {columns}", _INDEX, 1)
        with c.loop(c.argument("o_first"), c.argument("o_last"), tile) as (o, _):
            with c.loop(first_tap, middle, columns) as (k, _):
                work(o, k, columns)
            with c.loop(middle, last_tap) as (k, _):
                work(o, k, 1)
    c.function.finish()
