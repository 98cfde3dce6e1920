"""Loops over rows of numbers in machine code: along each row something is added up, and then every number changes.

What softmax, its losses and all normalizations have in common. Knows how rows lie in memory, vectors, and the rounding
of sums. Does not know what is computed of the numbers: `row_kernels` does.

Note [Rows along vectors, rows beside each other]
Where the numbers of a row are neighbours in memory, a vector holds numbers of one row, and its lanes are added at the
end. Where the rows are neighbours (channels, if they lie innermost), each lane is a row of its own. Formulas are
written once for both: of a row, they get numbers as vectors, and totals as one number or as a vector of them.

Note [Totals]
A vector adds up some sixty numbers in each lane, blocks of these are added in double precision, and only the total is
rounded. So its error does not grow with the row.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .addresses import entered
from .arithmetic import convert, where
from .elementwise import computed, identity
from .emitting import Module, Value, full
from .vectors import shuffled
from .writing import Code, Mask, lanes_of

__all__ = ["FIELDS", "Layout", "Rows", "lanes_of"]

Type: TypeAlias = np.dtype[Any]
Body: TypeAlias = Callable[[Sequence[Value], Sequence[Value], Mask], Sequence[Value]]

FIELDS = (
    *("rows", "beside", "x_outer", "x_inner", "w_outer", "w_inner"),  # how many, how many side by side, their steps
    *("segments", "length", "x_segment", "x_step", "w_segment", "w_step"),  # in a row: runs of numbers, and their steps
)
"""What a kernel is told about memory, in numbers: of the array (x), and of one that is repeated to its shape (w)."""

_DOUBLE = np.dtype(np.float64)
_ROUNDS = 4  # vectors that are computed side by side, as additions wait for each other: of one row, or of
_ABREAST = 4  # as many rows
_BLOCK = 64  # vectors of a row that are added up, one after the other, in its own type


class Layout(NamedTuple):
    """What a kernel is made for: whether rows are side by side, and how a weight differs from number to number.

    `weight` is "" for none, "row" for one number in each row, "segment" for one in each segment, "each" for any.
    """

    beside: bool
    weight: str = ""


class Rows:
    """A kernel in the making. What `each` is given is written for some rows at a time, and then for those left over.

    Of these rows, numbers and totals are vectors, with a lane for each; `swept` goes along them. The kernel takes a
    tuple of arrays, the numbers that `FIELDS` names and then those named here, and the first row and the last; of rows
    beside each other, the first vector of them and the last.
    """

    def __init__(self, name: str, pointers: str, dtype: Type, layout: Layout) -> None:
        self.code = Code(Module(), name, f"fields {pointers}", "first last", dtype)
        self.arrays, self.dtype, self.layout = 1 + len(pointers.split()), dtype, layout
        c = self.code
        self.load, self.store = c.load_rows, c.store_rows
        self.field = dict(zip(FIELDS, c.record("%fields", 0, len(FIELDS)), strict=True))

    def each(self, body: Callable[[], None]) -> None:
        """Write what is to be done with rows."""
        c = self.code
        first, last = c.argument("first"), c.argument("last")
        if self.layout.beside:
            self._rows(body, first, last, 1)
            return
        whole = last - c.remainder(last - first, _ABREAST)
        self._rows(body, first, whole, _ABREAST)
        self._rows(body, whole, last, 1)

    def _rows(self, body: Callable[[], None], first: Value, last: Value, abreast: int) -> None:
        c, field, lanes = self.code, self.field, self.code.lanes
        self.abreast, self.rounds = abreast, _ROUNDS // abreast
        count, beside = field["beside"], self.layout.beside
        width = c.quotient(count + (lanes - 1), lanes) if beside else count
        with c.loop(first, last, abreast) as (at, _):
            outer = [c.quotient(at + row, width) for row in range(abreast)]
            inner = [(at + row) - each * width for row, each in enumerate(outer)]
            self.mask: Mask = None
            if beside:
                inner = [inner[0] * lanes]
                self.mask = c.mask(count - inner[0])
            self.at = outer[0] * count + inner[0]
            places = list(zip(outer, inner, strict=True))
            self.x = [o * field["x_outer"] + i * field["x_inner"] for o, i in places]
            self.w = [o * field["w_outer"] + i * field["w_inner"] for o, i in places]
            body()

    # -- a number for each row

    def number(self, pointer: str, which: int = 0) -> Value:
        """What an array says of the rows; it may have several numbers for each, all rows' first, then their second."""
        c, lanes = self.code, self.code.lanes if self.layout.beside else self.abreast
        return c.load(c.at(pointer, self.at + self.field["rows"] * which), self.mask, lanes=lanes)

    def put(self, numbers: Value, pointer: str, which: int = 0) -> None:
        """Write what is found of the rows into such an array."""
        place = self.code.at(pointer, self.at + self.field["rows"] * which)
        self.code.store(convert(numbers, self.dtype), place, self.mask)

    def constant(self, pointer: str, number: int) -> Value:
        """A number of an array in double precision, for each row."""
        c = self.code
        one = c.load(c.at(pointer, number, _DOUBLE), lanes=1, dtype=_DOUBLE)
        return c.spread(one, c.lanes if self.layout.beside else self.abreast)

    def spread(self, numbers: Value) -> Value:
        """A number for each row, beside those of the row, and in their type."""
        numbers = convert(numbers, self.dtype)
        return numbers if self.layout.beside else self.code.spread(numbers, self.code.lanes)

    # -- the numbers of rows

    def weight(self, pointer: str, at: Sequence[Value], mask: Mask) -> Value:
        """What an array that is repeated says of numbers of the rows."""
        c, kind = self.code, self.layout.weight
        if kind == "each":  # the same in all rows
            return c.joined([c.load(c.at(pointer, at[0]), mask)] * len(at))
        if self.layout.beside and kind == "row":
            return self.load(pointer, at, mask)
        return c.joined([c.broadcast(c.at(pointer, each)) for each in at])

    def add(self, value: Value, pointer: str, at: Sequence[Value], mask: Mask) -> None:
        """Add to what stands in a repeated array of double precision, for vectors of the rows."""
        c = self.code
        parts = [c.part(value, row * c.lanes, c.lanes) for row in range(len(at))]
        self._add_at(self._folded("add", parts), pointer, at[0], mask)

    def add_numbers(self, numbers: Value, pointer: str, at: Sequence[Value]) -> None:
        """The same for a number of each row."""
        if self.layout.beside:
            self._add_at(numbers, pointer, at[0], self.mask)
            return
        for row, each in enumerate(at):
            self._add_at(self.code.part(numbers, row, 1), pointer, each, None)

    def add_totals(self, value: Value, pointer: str, at: Sequence[Value]) -> None:
        """The same for a total along each row; of rows beside each other, for the total of all."""
        total = self._across("add", value, 1 if self.layout.beside else self.abreast)
        for row, each in enumerate(at):
            self._add_at(self.code.part(total, row, 1), pointer, each, None)

    def _add_at(self, value: Value, pointer: str, at: Value, mask: Mask) -> None:
        c, value = self.code, convert(value, _DOUBLE)
        place = c.at(pointer, at, _DOUBLE)
        c.store(c.load(place, mask, lanes=value.lanes, dtype=_DOUBLE) + value, place, mask)

    # -- along rows

    def swept(self, body: Body, *names: str) -> list[Value]:
        """Go along the rows: a body of places in x, places in w, and a mask. Totals of what it returns, by these names.

        A total is "add", in double precision, or "maximum" of a vector for each call.
        """
        with self.code.loop(0, self.field["segments"], 1, self.starts(names)) as (segment, totals):
            totals[:] = self.along(*self.begin(segment), body, names, totals)
        return self.totals(totals, names)

    def starts(self, names: Sequence[str]) -> list[Value]:
        """What totals begin with, each a vector."""
        f, lanes = self.code.function, self.code.lanes * self.abreast
        return [full(f, identity(name, self.dtype), self._wide(name), lanes) for name in names]

    def begin(self, segment: Value) -> tuple[list[Value], list[Value]]:
        """Where a segment of each row begins in x and in w."""
        x, w = segment * self.field["x_segment"], segment * self.field["w_segment"]
        return [x + each for each in self.x], [w + each for each in self.w]

    def along(
        self, x: Sequence[Value], w: Sequence[Value], body: Body, names: Sequence[str], totals: Sequence[Value]
    ) -> list[Value]:
        """Go along a segment of the rows, and on with totals."""
        c, length, rounds = self.code, self.field["length"], self.rounds
        step = 1 if self.layout.beside else c.lanes
        x_step = self.field["x_step"] if self.layout.beside else 1
        moves = self.layout.weight == "each"

        def call(i: Value, mask: Mask) -> Sequence[Value]:
            distance = i * x_step
            return body([each + distance for each in x], [each + i for each in w] if moves else w, mask)

        with c.loop(0, length, _BLOCK * rounds * step, totals) as (first, blocks):
            stop = c.smaller(first + _BLOCK * rounds * step, length)
            whole = stop - c.remainder(stop - first, rounds * step)
            lanes = c.lanes * self.abreast
            starts = [full(c.function, identity(name, self.dtype), self.dtype, lanes) for name in names]
            with c.loop(first, whole, rounds * step, starts * rounds) as (i, sums):
                for number in range(rounds):
                    for at, value in enumerate(call(i + number * step, self.mask), number * len(names)):
                        sums[at] = self._both(names[at % len(names)], sums[at], value)
            sums = [self._folded(name, sums[at :: len(names)]) for at, name in enumerate(names)]
            with c.loop(whole, stop, step, sums) as (i, sums):
                left = None if self.layout.beside else c.mask(length - i)
                for at, value in enumerate(call(i, self.mask if left is None else left)):
                    if left is not None:
                        value = where(c.joined([left] * self.abreast), value, identity(names[at], self.dtype))
                    sums[at] = self._both(names[at], sums[at], value)
            for at, name in enumerate(names):
                blocks[at] = self._both(name, blocks[at], convert(sums[at], self._wide(name)))
        return blocks

    def totals(self, totals: Sequence[Value], names: Sequence[str]) -> list[Value]:
        """A number for each row from a vector for each; in double precision, but for a maximum."""
        if self.layout.beside:
            return [*totals]
        return [self._across(name, total, self.abreast) for name, total in zip(names, totals, strict=True)]

    def _wide(self, name: str) -> Type:
        return _DOUBLE if name == "add" else self.dtype

    def _both(self, name: str, a: Value, b: Value) -> Value:
        return computed(name, [a, b], (a.dtype, a.dtype, a.dtype), inline=True)

    def _folded(self, name: str, values: Sequence[Value]) -> Value:
        while len(values) > 1:
            values = [self._both(name, a, b) for a, b in zip(values[::2], values[1::2], strict=True)]
        return values[0]

    def _across(self, name: str, value: Value, count: int) -> Value:
        """Each of so many equal parts of a vector, as one number."""
        while value.lanes > count:
            part = value.lanes // count
            halves = [[lane for lane in range(value.lanes) if lane % part // (part // 2) == half] for half in range(2)]
            value = self._both(name, *(shuffled(value, half) for half in halves))
        return value

    def finished(self) -> Any:
        """The kernel, as a function that can be called."""
        return entered(self.code.function, self.arrays)
