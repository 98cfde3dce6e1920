"""Functions of LLVM IR whose loops, addresses and vectors are written by hand, for kernels that own the registers.

Adds to `emitting` what such a kernel needs: loops and branches that carry values, tables of numbers, vectors as wide as
the processor's, with a mask for the rest of a row. Knows nothing of what a kernel computes.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import numpy as np

from .arithmetic import where
from .branching import INDEX, loop
from .emitting import BOOL, Function, Module, Value, type_name
from .llvm import vector_bytes
from .vectors import everywhere, lanes_summed, loaded, shuffled, stored

__all__ = ["Code", "Mask", "lanes_of"]

Type: TypeAlias = np.dtype[Any]
Mask: TypeAlias = Value | None
"""Which lanes are there; None for all."""


def lanes_of(dtype: Type) -> int:
    """How many numbers a vector of the processor has."""
    return vector_bytes() // dtype.itemsize


class Code:
    """A function in the making, with loops, addresses and vectors of one width.

    It takes addresses of memory that nothing else writes to, whole numbers, and real numbers of its dtype. Vectors are
    as wide as the processor's unless told how many lanes they have. What is `internal` is called by its module only.
    """

    def __init__(
        self, module: Module, name: str, pointers: str, numbers: str, dtype: Type, *, reals: str = "", lanes: int = 0,
        contract: bool = True, internal: bool = False,
    ) -> None:  # fmt: skip
        kinds = {"ptr noalias": pointers, "i64": numbers, type_name(dtype, 1): reals}
        self.function = Function(
            module, name, [(kind, name) for kind, names in kinds.items() for name in names.split()],
            contract=contract, internal=internal,
            attributes=f'{"noinline " if internal else ""}nounwind "prefer-vector-width"="{8 * vector_bytes()}"',
        )  # fmt: skip
        self.dtype, self.lanes = dtype, lanes or lanes_of(dtype)
        self.module = module

    def call(self, name: str, *arguments: Value | str) -> None:
        """Call a function that returns nothing, with values and addresses."""
        given = [f"ptr {each}" if isinstance(each, str) else f"{each.type} {each.text}" for each in arguments]
        self.function.emit(f"call void @{name}({', '.join(given)})")

    # -- numbers

    def argument(self, name: str, dtype: Type = INDEX) -> Value:
        """An argument that is a number: a whole one unless told."""
        return Value(self.function, f"%{name}", dtype, 1)

    def remainder(self, a: Value, b: int) -> Value:
        """What division leaves, with the sign of a."""
        return self.function.value(f"srem i64 {a.text}, {b}", INDEX, 1)

    def quotient(self, a: Value, b: Value | int) -> Value:
        return self.function.value(f"sdiv i64 {a.text}, {a.like(b).text}", INDEX, 1)

    def smaller(self, a: Value, b: Value | int) -> Value:
        """The lesser of two whole numbers."""
        return where(a < b, a, b)

    # -- loops and branches

    def loop(
        self, start: Value | int, stop: Value | int, step: int = 1, carried: Sequence[Value] = ()
    ) -> AbstractContextManager[tuple[Value, list[Value]]]:
        """Repeat for an index from start to below stop; the list of carried values is changed from round to round."""
        return loop(self.function, start, stop, step, carried)

    def vectors(self, start: Value | int, stop: Value) -> Iterator[tuple[int, Value]]:
        """Loop over vectors from start to stop, then over the numbers that are left: how many lanes, and the index."""
        whole = start + ((stop - start) & -self.lanes)
        for lanes, begin, end in ((self.lanes, start, whole), (1, whole, stop)):
            with self.loop(begin, end, lanes) as (i, _):
                yield lanes, i

    # -- addresses

    def at(self, pointer: str, index: Value | int, dtype: Type | None = None) -> str:
        """The address of a number, so many behind another."""
        element = type_name(dtype or self.dtype, 1)
        place = index if isinstance(index, int) else index.text
        return self.function.text_value(f"getelementptr {element}, ptr {pointer}, i64 {place}")

    def is_given(self, pointer: str) -> Value:
        """Whether an address is not null."""
        return self.function.value(f"icmp ne ptr {pointer}, null", BOOL, 1)

    def either(self, condition: Value, a: str, b: str) -> str:
        """One of two addresses: the first if the condition is true."""
        return self.function.text_value(f"select i1 {condition.text}, ptr {a}, ptr {b}")

    def fetch(self, pointer: str, *, write: bool = False) -> None:
        """Have memory brought into the first cache, where there is memory, to be read or written soon."""
        self.module.declare("llvm.prefetch.p0", "void", ["ptr", "i32", "i32", "i32"])
        self.function.emit(f"call void @llvm.prefetch.p0(ptr {pointer}, i32 {int(write)}, i32 3, i32 1)")

    # -- numbers in memory

    def index(self, pointer: str, index: Value | int) -> Value:
        """Read a number of a table."""
        return self.function.value(f"load i64, ptr {self.at(pointer, index, INDEX)}", INDEX, 1)

    def record(self, pointer: str, row: Value | int, columns: int) -> list[Value]:
        """Read a row of a table with so many columns."""
        return [self.index(pointer, row * columns + i) for i in range(columns)]

    def load(self, pointer: str, mask: Mask = None, *, lanes: int = 0, dtype: Type | None = None) -> Value:
        """Read neighbours in memory, a whole vector unless told; with a mask, zeros in the lanes that are not in it."""
        return loaded(self.function, pointer, dtype or self.dtype, lanes or self.lanes, mask=mask)

    def store(self, value: Value, pointer: str, mask: Mask = None) -> None:
        """Write neighbours in memory, with a mask those lanes only."""
        stored(value, pointer, mask=mask)

    def load_rows(self, pointer: str, places: Sequence[Value], mask: Mask) -> Value:
        """Read vectors at several places, as one value."""
        return self.joined([self.load(self.at(pointer, place), mask) for place in places])

    def store_rows(self, value: Value, pointer: str, places: Sequence[Value], mask: Mask) -> None:
        """Write vectors, which are one value, to several places."""
        for row, place in enumerate(places):
            self.store(self.part(value, row * self.lanes, self.lanes), self.at(pointer, place), mask)

    def broadcast(self, pointer: str) -> Value:
        """All lanes are the number at that address."""
        return self.spread(self.load(pointer, lanes=1))

    def spread(self, numbers: Value, times: int = 0) -> Value:
        """Each lane repeated, as many times as a vector has lanes unless told."""
        times = times or self.lanes
        if numbers.lanes == 1:
            return everywhere(numbers, times)
        return shuffled(numbers, [lane for lane in range(numbers.lanes) for _ in range(times)])

    def joined(self, values: Sequence[Value]) -> Value:
        """The lanes of two, four, or any power of two of values, side by side."""
        if values[0].lanes == 1 < len(values):
            return self._gathered(values)
        while len(values) > 1:
            values = [shuffled(a, range(2 * a.lanes), b) for a, b in zip(values[::2], values[1::2], strict=True)]
        return values[0]

    def _gathered(self, numbers: Sequence[Value]) -> Value:
        kind, text = type_name(numbers[0].dtype, len(numbers)), "poison"
        for lane, number in enumerate(numbers):
            text = self.function.text_value(f"insertelement {kind} {text}, {number.type} {number.text}, i64 {lane}")
        return Value(self.function, text, numbers[0].dtype, len(numbers))

    def part(self, value: Value, start: int, count: int) -> Value:
        """Neighbouring lanes of a value."""
        return shuffled(value, range(start, start + count))

    def zeros(self) -> Value:
        return Value(self.function, "zeroinitializer", self.dtype, self.lanes)

    def mask(self, count: Value, lanes: int = 0) -> Value:
        """The lanes below count."""
        counts = self.spread(count, lanes or self.lanes)
        steps = ", ".join(f"i64 {lane}" for lane in range(counts.lanes))
        return Value(self.function, f"<{steps}>", INDEX, counts.lanes) < counts

    def totals(self, values: Sequence[Value]) -> Value:
        """The sum over the lanes of each value, side by side, as one value."""
        count = 1 << (len(values) - 1).bit_length()
        filled = [*values, *[values[-1]] * (count - len(values))]
        sums = [lanes_summed(filled[i : i + self.lanes]) for i in range(0, count, self.lanes)]
        return shuffled(self.joined(sums), range(len(values)))
