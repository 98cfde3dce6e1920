"""Machine code for the LSTM and the GRU over all steps of a sequence: products and gates in one go.

In a sequence that is computed step by step the matrices are small, and most of the time goes into getting from one
operation to the next. Here a tile of pre-activations is summed up in registers, and becomes gates and states right
there. Rows of a batch do not meet, so that each core takes some of them through all steps. Knows layouts in memory, no
arrays. `ops.recurrence` says what is computed.

Every kernel takes a tuple of arrays, the first row and the last. The first array are the lengths: steps, rows, hidden.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from .addresses import entered
from .elementwise import computed
from .emitting import Module, Value
from .writing import Code, Mask

__all__ = ["ROWS", "gru", "gru_pulled", "lstm", "lstm_pulled"]

Type = np.dtype[Any]

ROWS = 4  # of a tile: with three or four vectors in each there are enough sums that need not wait for each other
_COLUMNS = 2  # vectors in a row of a tile where they are neighbours
_BLOCK = 32  # products that are added up in one go: rounding errors grow with them


@cache
def lstm(dtype: Type) -> Any:
    """The states and the cells, out (2, steps, rows, hidden), and the activations, gates (steps, rows, 4 * hidden).

    From x, as the gates, h and c (rows, hidden), and across (hidden, 4 * hidden), which is the transposed weight.
    """
    k = _Kernel("lstm", "lengths x h c across gates out", dtype, gates=4)
    n = k.hidden
    with k.code.loop(0, k.steps) as (t, _):
        h, cell = k.before(t, "%h", "%out"), k.before(t, "%c", "%out", k.steps)
        for rows, v, mask in k.vectors():
            places = [k.gate(t, rows, gate, v) for gate in range(4)]
            sums = k.multiplied([k.load("%x", place, mask) for place in places], h, rows, v, mask)
            i, f, u, o = (k.of("tanh" if gate == 2 else "sigmoid", z) for gate, z in enumerate(sums))
            new = f * k.load(cell, [row * n + v for row in rows], mask) + i * u
            for value, place in zip((i, f, u, o), places, strict=True):
                k.store(value, "%gates", place, mask)
            k.store(new, "%out", k.state(t + k.steps, rows, v), mask)
            k.store(o * k.of("tanh", new), "%out", k.state(t, rows, v), mask)
    return k.finished()


@cache
def lstm_pulled(dtype: Type) -> Any:
    """The derivatives by the pre-activations, dz (as the gates), and by the first state and cell, dh and dc.

    From g (as out), c, the weight (4 * hidden, hidden), gates and out; dh and dc (rows, hidden) begin with zeros.
    """
    k = _Kernel("lstm_pulled", "lengths g c weight gates out dz dh dc", dtype, gates=4)
    n = k.hidden
    for t in k.backwards():
        cell = k.before(t, "%c", "%out", k.steps)
        for rows, v, mask in k.vectors():
            own, states, cells = [row * n + v for row in rows], k.state(t, rows, v), k.state(t + k.steps, rows, v)
            places = [k.gate(t, rows, gate, v) for gate in range(4)]
            i, f, u, o = (k.load("%gates", place, mask) for place in places)
            dh = k.load("%g", states, mask) + k.load("%dh", own, mask)
            shown = k.of("tanh", k.load("%out", cells, mask))
            dc = k.load("%g", cells, mask) + k.load("%dc", own, mask) + (1 - shown * shown) * o * dh
            before = k.load(cell, own, mask)
            slopes = dc * u * (i - i * i), dc * before * (f - f * f), dc * i * (1 - u * u), dh * shown * (o - o * o)
            for slope, place in zip(slopes, places, strict=True):
                k.store(slope, "%dz", place, mask)
            k.store(dc * f, "%dc", own, mask)
        k.carried_back(t, "%dz", add=False)
    return k.finished()


@cache
def gru(dtype: Type) -> Any:
    """The states, out (steps, rows, hidden), and of all steps the gates and what comes across for new content.

    From x, as the gates (steps, rows, 3 * hidden), h (rows, hidden), across (hidden, 3 * hidden), which is the
    transposed weight, and bias (3 * hidden).
    """
    k = _Kernel("gru", "lengths x h across bias gates content out", dtype, gates=3)
    n = k.hidden
    with k.code.loop(0, k.steps) as (t, _):
        h = k.before(t, "%h", "%out")
        for rows, v, mask in k.vectors():
            places = [k.gate(t, rows, gate, v) for gate in range(3)]
            starts = [k.load("%bias", [n * gate + v] * len(rows), mask) for gate in range(3)]
            from_r, from_u, content = k.multiplied(starts, h, rows, v, mask)
            r = k.of("sigmoid", k.load("%x", places[0], mask) + from_r)
            u = k.of("sigmoid", k.load("%x", places[1], mask) + from_u)
            new = k.of("tanh", k.load("%x", places[2], mask) + r * content)
            for value, place in zip((r, u, new), places, strict=True):
                k.store(value, "%gates", place, mask)
            k.store(content, "%content", k.state(t, rows, v), mask)
            before = k.load(h, [row * n + v for row in rows], mask)
            k.store((before - new) * u + new, "%out", k.state(t, rows, v), mask)
    return k.finished()


@cache
def gru_pulled(dtype: Type) -> Any:
    """The derivatives by what comes from inputs and from states, dx and da (as the gates), and by the first state, dh.

    From g (as out), h, the weight (3 * hidden, hidden), gates, content and out; dh (rows, hidden) begins with zeros.
    """
    k = _Kernel("gru_pulled", "lengths g h weight gates content out dx da dh", dtype, gates=3)
    n = k.hidden
    for t in k.backwards():
        h = k.before(t, "%h", "%out")
        for rows, v, mask in k.vectors():
            own, states = [row * n + v for row in rows], k.state(t, rows, v)
            places = [k.gate(t, rows, gate, v) for gate in range(3)]
            r, u, new = (k.load("%gates", place, mask) for place in places)
            dh = k.load("%g", states, mask) + k.load("%dh", own, mask)
            d_new = dh * (1 - u) * (1 - new * new)
            d_r = d_new * k.load("%content", states, mask) * (r - r * r)
            d_u = dh * (k.load(h, own, mask) - new) * (u - u * u)
            for pointer, last in (("%dx", d_new), ("%da", d_new * r)):
                for slope, place in zip((d_r, d_u, last), places, strict=True):
                    k.store(slope, pointer, place, mask)
            k.store(dh * u, "%dh", own, mask)
        k.carried_back(t, "%da", add=True)
    return k.finished()


class _Kernel:
    """A kernel in the making: loops over tiles, several rows of them as one vector, and products."""

    def __init__(self, name: str, arrays: str, dtype: Type, gates: int) -> None:
        self.code = c = Code(Module(), name, arrays, "first last", dtype)
        self.load, self.store = c.load_rows, c.store_rows
        self.arrays, self.gates = len(arrays.split()), gates
        self.steps, self.rows, self.hidden = c.record("%lengths", 0, 3)

    # -- loops

    def backwards(self) -> Iterator[Value]:
        """Loop over the steps from the last one to the first."""
        with self.code.loop(0, self.steps) as (back, _):
            yield self.steps - 1 - back

    def vectors(self) -> Iterator[tuple[list[Value], Value, Mask]]:
        """Loop over vectors of hidden units, and in it over the rows of tiles."""
        with self.code.loop(0, self.hidden, self.code.lanes) as (v, _):
            for rows in self._tiles():
                yield rows, v, self.code.mask(self.hidden - v)

    def _tiles(self) -> Iterator[list[Value]]:
        """Loop over the rows, some at a time, then over those that are left."""
        c = self.code
        first, last = c.argument("first"), c.argument("last")
        whole = last - c.remainder(last - first, ROWS)
        with c.loop(first, whole, ROWS) as (row, _):
            yield [row + number for number in range(ROWS)]
        with c.loop(whole, last) as (row, _):
            yield [row]

    # -- places

    def before(self, t: Value, first: str, out: str, begin: Value | int = 0) -> str:
        """Where the states are that a step begins with: in an array of their own, then in those of the step before."""
        other = self.code.at(out, (t - 1 + begin) * self.rows * self.hidden)
        return self.code.either(t < 1, first, other)

    def gate(self, t: Value, rows: Sequence[Value], gate: int, v: Value | int) -> list[Value]:
        """Where the numbers of a gate are."""
        return [((t * self.rows + row) * self.gates + gate) * self.hidden + v for row in rows]

    def state(self, t: Value, rows: Sequence[Value], v: Value) -> list[Value]:
        return [(t * self.rows + row) * self.hidden + v for row in rows]

    # -- numbers

    def of(self, name: str, x: Value) -> Value:
        return computed(name, [x], (x.dtype, x.dtype), inline=False)

    # -- products

    def multiplied(self, starts: Sequence[Value], h: str, rows: Sequence[Value], v: Value, mask: Mask) -> list[Value]:
        """For each gate, the start and what comes across from the states."""
        lefts = [self.code.at(h, row * self.hidden) for row in rows]
        columns = [self.hidden * gate + v for gate in range(self.gates)]
        masks = [mask] * self.gates
        return self._product(starts, lefts, self.hidden, "%across", columns, self.hidden * self.gates, masks)

    def carried_back(self, t: Value, slopes: str, *, add: bool) -> None:
        """Put what the pre-activations of a step send back to the state before it into dh, or add it."""
        c, n = self.code, self.hidden
        with c.loop(0, n, c.lanes * _COLUMNS) as (v, _):
            columns = [v + c.lanes * number for number in range(_COLUMNS)]
            masks = [c.mask(n - column) for column in columns]
            for rows in self._tiles():
                places = [[row * n + column for row in rows] for column in columns]
                zeros = c.joined([c.zeros()] * len(rows))
                starts = [
                    self.load("%dh", place, mask) if add else zeros for place, mask in zip(places, masks, strict=True)
                ]
                lefts = [c.at(slopes, place) for place in self.gate(t, rows, 0, 0)]
                sums = self._product(starts, lefts, n * self.gates, "%weight", columns, n, masks)
                for value, place, mask in zip(sums, places, masks, strict=True):
                    self.store(value, "%dh", place, mask)

    def _product(
        self, starts: Sequence[Value], lefts: Sequence[str], length: Value, right: str, columns: Sequence[Value],
        step: Value, masks: Sequence[Mask],
    ) -> list[Value]:  # fmt: skip
        """Add to vectors of a tile the product of rows, which begin at addresses, with vectors of a matrix."""
        c = self.code
        apart = [c.part(start, row * c.lanes, c.lanes) for row in range(len(lefts)) for start in starts]
        with c.loop(0, length, _BLOCK, apart) as (first, totals):
            with c.loop(first, c.smaller(first + _BLOCK, length), 1, [c.zeros()] * len(apart)) as (i, sums):
                begin = i * step
                seen = [c.load(c.at(right, begin + v), mask) for v, mask in zip(columns, masks, strict=True)]
                for row, left in enumerate(lefts):
                    factor = c.broadcast(c.at(left, i))
                    for at, value in enumerate(seen, row * len(seen)):
                        sums[at] = sums[at] + factor * value
            totals[:] = [total + part for total, part in zip(totals, sums, strict=True)]
        return [c.joined(totals[column :: len(columns)]) for column in range(len(columns))]

    def finished(self) -> Any:
        """The kernel, as a function."""
        return entered(self.code.function, self.arrays)
