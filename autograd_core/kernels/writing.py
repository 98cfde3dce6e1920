"""Functions of LLVM IR whose loops, addresses and vectors are written by hand, for kernels that own the registers.

Adds to `emitting` what such a kernel needs: loops that carry values from turn to turn, tables of numbers, vectors as
wide as the processor's, with a mask for the rest of a row. Knows nothing of what a kernel computes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .emitting import Function, Module, Value, type_name, where
from .llvm import vector_bytes

__all__ = ["INDEX", "Code"]

Type = np.dtype[Any]

INDEX = np.dtype(np.int64)


class Code:
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
        return Value(self.function, f"%{name}", INDEX, 1)

    def number(self, value: int) -> Value:
        return Value(self.function, str(value), INDEX, 1)

    def remainder(self, a: Value, b: int) -> Value:
        return self.function.value(f"srem i64 {a.text}, {b}", INDEX, 1)

    def quotient(self, a: Value, b: Value | int) -> Value:
        return self.function.value(f"sdiv i64 {a.text}, {b.text if isinstance(b, Value) else b}", INDEX, 1)

    def smaller(self, a: Value, b: Value) -> Value:
        return where(a < b, a, b)

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
        index = f.value("", INDEX, 1)
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
        return self.function.value(f"load i64, ptr {self.at(pointer, index, INDEX)}", INDEX, 1)

    def record(self, pointer: str, index: Value, columns: int) -> list[Value]:
        return [self.index(pointer, index * columns + i) for i in range(columns)]

    def load(self, pointer: str, mask: str = "", *, lanes: int = 0, dtype: Type | None = None) -> Value:
        """Read neighbours in memory, a whole vector unless told; with a mask, zeros in the lanes that are not in it."""
        dtype, lanes = dtype or self.dtype, lanes or self.lanes
        kind = type_name(dtype, lanes)
        if not mask:
            return self.function.value(f"load {kind}, ptr {pointer}, align {dtype.itemsize}", dtype, lanes)
        name = f"llvm.masked.load.{_suffix(dtype, lanes)}.p0"
        self.module.declare(name, kind, ["ptr", "i32 immarg", f"<{lanes} x i1>", kind])
        return self.function.value(
            f"call {kind} @{name}(ptr {pointer}, i32 {dtype.itemsize}, {mask}, {kind} zeroinitializer)", dtype, lanes
        )

    def store(self, value: Value, pointer: str, mask: str = "") -> None:
        """Write neighbours in memory, with a mask those lanes only."""
        size = value.dtype.itemsize
        if not mask:
            self.function.emit(f"store {value.type} {value.text}, ptr {pointer}, align {size}")
            return
        name = f"llvm.masked.store.{_suffix(value.dtype, value.lanes)}.p0"
        self.module.declare(name, "void", [value.type, "ptr", "i32 immarg", f"<{value.lanes} x i1>"])
        self.function.emit(f"call void @{name}({value.type} {value.text}, ptr {pointer}, i32 {size}, {mask})")

    def broadcast(self, pointer: str) -> Value:
        """All lanes are the number at that address."""
        return self.spread(self.load(pointer, lanes=1))

    def spread(self, numbers: Value, times: int = 0) -> Value:
        """Each lane repeated, as many times as a vector has lanes unless told."""
        times = times or self.lanes
        if times == 1:
            return numbers
        pair = self._gathered([numbers, numbers]) if numbers.lanes == 1 else numbers
        return self._shuffled(pair, pair, [lane for lane in range(numbers.lanes) for _ in range(times)])

    def joined(self, values: Sequence[Value]) -> Value:
        """The lanes of two, four, or any power of two of values, side by side."""
        if values[0].lanes == 1 < len(values):
            return self._gathered(values)
        while len(values) > 1:
            values = [self._shuffled(a, b, range(2 * a.lanes)) for a, b in zip(values[::2], values[1::2], strict=True)]
        return values[0]

    def _gathered(self, numbers: Sequence[Value]) -> Value:
        kind, text = type_name(numbers[0].dtype, len(numbers)), "poison"
        for lane, number in enumerate(numbers):
            text = self.function.text_value(f"insertelement {kind} {text}, {number.type} {number.text}, i64 {lane}")
        return Value(self.function, text, numbers[0].dtype, len(numbers))

    def chosen(self, value: Value, lanes: Sequence[int]) -> Value:
        """Some lanes of a value, side by side."""
        return value if value.lanes == len(lanes) == 1 else self._shuffled(value, value, lanes)

    def part(self, value: Value, start: int, count: int) -> Value:
        """Neighbouring lanes of a value."""
        return value if count == value.lanes else self._shuffled(value, value, range(start, start + count))

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

    def totals(self, values: Sequence[Value]) -> Value:
        """The sum over the lanes of each value, side by side, as one value."""
        count = 1 << (len(values) - 1).bit_length()
        filled = [*values, *[self.zeros()] * (count - len(values))]
        several = [self._totals(filled[i : i + self.lanes]) for i in range(0, count, self.lanes)]
        while len(several) > 1:
            several = [
                self._shuffled(a, b, range(2 * a.lanes)) for a, b in zip(several[::2], several[1::2], strict=True)
            ]
        return self._shuffled(several[0], several[0], range(len(values))) if len(values) < count else several[0]

    def _totals(self, values: list[Value]) -> Value:
        """The same for as many values as there are lanes, or a half of that, or a quarter, and so on."""
        count = len(values)
        while len(values) > 1:  # neighbouring lanes are added, and the values of a pair stand side by side
            values = [self._halved(a, b) for a, b in zip(values[::2], values[1::2], strict=True)]
        total = values[0]
        while total.lanes > count:
            total = self._halved(total)
        return total

    def _halved(self, a: Value, b: Value | None = None) -> Value:
        lanes = a.lanes * (1 if b is None else 2)
        b = a if b is None else b
        return self._shuffled(a, b, range(0, lanes, 2)) + self._shuffled(a, b, range(1, lanes, 2))

    def _shuffled(self, a: Value, b: Value, order: Sequence[int]) -> Value:
        if len(order) == 1:
            return self.function.value(f"extractelement {a.type} {a.text}, i64 {order[0]}", a.dtype, 1)
        lanes = ", ".join(f"i32 {lane}" for lane in order)
        return self.function.value(
            f"shufflevector {a.type} {a.text}, {b.type} {b.text}, <{len(order)} x i32> <{lanes}>",
            a.dtype, len(order),
        )  # fmt: skip


def _suffix(dtype: Type, lanes: int) -> str:
    return f"v{lanes}{'f' if dtype.kind == 'f' else 'i'}{8 * dtype.itemsize}"
