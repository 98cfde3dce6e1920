"""Machine code for the LSTM, over all steps of a sequence for some of its rows: products and gates in one go.

In a sequence that is computed step by step the matrices are small, and most of the time goes into getting from one
operation to the next. Here a tile of pre-activations is summed up in registers, and becomes gates, cell and state right
there. Rows of a batch do not meet, so that each core takes some of them through all steps. Knows layouts in memory, no
arrays. `ops.recurrence` says what is computed.
"""

import ctypes
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from .addresses import write_entry
from .elementwise import computed
from .emitting import Module, Value
from .llvm import compiled
from .writing import Code

__all__ = ["ROWS", "lstm", "lstm_pulled"]

Type = np.dtype[Any]

ROWS = 4  # of a tile: with four vectors in each there are enough sums that need not wait for each other
_COLUMNS = 2  # vectors in a row of a tile where they are neighbours
_GATES = 4
_BLOCK = 32  # products that are added up in one go: rounding errors grow with them


@cache
def lstm(dtype: Type) -> Any:
    """The states, the cells, and the activations of the gates, for the first row to below the last.

    It takes the lengths (steps, rows, hidden), x (steps, rows, 4 * hidden), h and c (rows, hidden), across (hidden,
    4 * hidden), which is the transposed weight, gates (as x) and out (2, steps, rows, hidden).
    """
    k = _Kernel("lstm", "lengths x h c across gates out", dtype)
    c, n = k.code, k.hidden
    with c.loop(0, k.steps) as (t, _):
        h = k.chosen(t, "%h", c.at("%out", (t - 1) * k.rows * n))
        cell = k.chosen(t, "%c", c.at("%out", ((t - 1) + k.steps) * k.rows * n))
        with c.loop(0, n, c.lanes) as (v, _):
            mask = c.mask(n - v)
            for rows in k.tiles():
                places = [[k.gate(t, row, gate) + v for gate in range(_GATES)] for row in rows]
                sums = [c.load(c.at("%x", place), mask) for each in places for place in each]
                columns = [n * gate + v for gate in range(_GATES)]
                sums = k.multiplied(sums, [c.at(h, row * n) for row in rows], n, "%across", columns, n * _GATES, [mask] * 4)
                for number, (row, place) in enumerate(zip(rows, places, strict=True)):
                    i, f, u, o = (
                        k.of("tanh" if gate == 2 else "sigmoid", sums[number * _GATES + gate]) for gate in range(_GATES)
                    )
                    new = f * c.load(c.at(cell, row * n + v), mask) + i * u
                    for value, at in zip((i, f, u, o), place, strict=True):
                        c.store(value, c.at("%gates", at), mask)
                    c.store(new, c.at("%out", k.state(t + k.steps, row) + v), mask)
                    c.store(o * k.of("tanh", new), c.at("%out", k.state(t, row) + v), mask)
    return k.finished()


@cache
def lstm_pulled(dtype: Type) -> Any:
    """The derivatives by the pre-activations, and by the first state and cell.

    It takes the lengths, g (as out), c, weight (4 * hidden, hidden), gates, out, dz (as gates), and dh and dc (rows,
    hidden), which begin with zeros.
    """
    k = _Kernel("lstm_pulled", "lengths g c weight gates out dz dh dc", dtype)
    c, n = k.code, k.hidden
    with c.loop(0, k.steps) as (back, _):
        t = k.steps - 1 - back
        cell = k.chosen(t, "%c", c.at("%out", ((t - 1) + k.steps) * k.rows * n))
        with c.loop(c.argument("first"), c.argument("last")) as (row, _), c.loop(0, n, c.lanes) as (v, _):
            mask, own = c.mask(n - v), row * n + v
            places = [k.gate(t, row, gate) + v for gate in range(_GATES)]
            i, f, u, o = (c.load(c.at("%gates", place), mask) for place in places)
            dh = c.load(c.at("%g", k.state(t, row) + v), mask) + c.load(c.at("%dh", own), mask)
            shown = k.of("tanh", c.load(c.at("%out", k.state(t + k.steps, row) + v), mask))
            dc = c.load(c.at("%g", k.state(t + k.steps, row) + v), mask) + c.load(c.at("%dc", own), mask)
            dc = dc + (1 - shown * shown) * o * dh
            before = c.load(c.at(cell, own), mask)
            slopes = dc * u * (i - i * i), dc * before * (f - f * f), dc * i * (1 - u * u), dh * shown * (o - o * o)
            for slope, place in zip(slopes, places, strict=True):
                c.store(slope, c.at("%dz", place), mask)
            c.store(dc * f, c.at("%dc", own), mask)
        with c.loop(0, n, c.lanes * _COLUMNS) as (v, _):
            columns = [v + c.lanes * number for number in range(_COLUMNS)]
            masks = [c.mask(n - column) for column in columns]
            for rows in k.tiles():
                sums = [c.zeros()] * (len(rows) * _COLUMNS)
                lefts = [c.at("%dz", k.gate(t, row, 0)) for row in rows]
                sums = k.multiplied(sums, lefts, n * _GATES, "%weight", columns, n, masks)
                for number, value in enumerate(sums):
                    row, column = rows[number // _COLUMNS], number % _COLUMNS
                    c.store(value, c.at("%dh", row * n + columns[column]), masks[column])
    return k.finished()


class _Kernel:
    """A kernel in the making, with loops over tiles of rows, and products."""

    def __init__(self, name: str, arrays: str, dtype: Type) -> None:
        self.code = c = Code(Module(), name, arrays, "first last", dtype)
        self.arrays = len(arrays.split())
        self.steps, self.rows, self.hidden = c.record("%lengths", c.number(0), 3)

    def of(self, name: str, x: Value) -> Value:
        return computed(name, [x], (x.dtype, x.dtype), inline=False)

    def chosen(self, t: Value, first: str, other: str) -> str:
        """An address in the first step, and one in all others."""
        return self.code.function.text_value(f"select i1 {(t < 1).text}, ptr {first}, ptr {other}")

    def gate(self, t: Value, row: Value, gate: int) -> Value:
        """Where the numbers of a gate begin."""
        return ((t * self.rows + row) * _GATES + gate) * self.hidden

    def state(self, t: Value, row: Value) -> Value:
        return (t * self.rows + row) * self.hidden

    def tiles(self) -> Iterator[list[Value]]:
        """Loop over the rows, some at a time, then over those that are left."""
        c = self.code
        first, last = c.argument("first"), c.argument("last")
        whole = last - c.remainder(last - first, ROWS)
        with c.loop(first, whole, ROWS) as (row, _):
            yield [row + number for number in range(ROWS)]
        with c.loop(whole, last) as (row, _):
            yield [row]

    def multiplied(
        self, sums: Sequence[Value], lefts: Sequence[str], length: Value, right: str, columns: Sequence[Value],
        step: Value, masks: Sequence[str],
    ) -> list[Value]:  # fmt: skip
        """Add to a tile the product of rows, which begin at addresses, with vectors of a matrix at these columns."""
        c = self.code
        with c.loop(0, length, _BLOCK, sums) as (first, totals):
            with c.loop(first, c.smaller(first + _BLOCK, length), 1, [c.zeros()] * len(sums)) as (i, parts):
                begin = i * step
                seen = [c.load(c.at(right, begin + v), mask) for v, mask in zip(columns, masks, strict=True)]
                for row, left in enumerate(lefts):
                    factor = c.broadcast(c.at(left, i))
                    for at, value in enumerate(seen, row * len(seen)):
                        parts[at] = parts[at] + factor * value
            totals[:] = [total + part for total, part in zip(totals, parts, strict=True)]
        return list(totals)

    def finished(self) -> Any:
        """The kernel, as a function of a tuple of arrays, the first row and the last."""
        module, name = self.code.module, self.code.function.name
        self.code.function.finish()
        write_entry(module, "run", name, self.arrays, 2)
        return compiled(module.text).function("run", ctypes.py_object, ctypes.c_int64, ctypes.c_int64)
