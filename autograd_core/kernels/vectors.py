"""Vectors of numbers: from memory and back, side by side, scattered, or in part; and their lanes in another order.

Knows how numbers lie in memory: a truth value takes a byte there. Does not know arrays or loops.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from .arithmetic import convert
from .emitting import BOOL, Function, Value, suffix, type_name

__all__ = [
    "everywhere",
    "first_lanes",
    "in_memory",
    "lanes_summed",
    "loaded",
    "moved",
    "shuffled",
    "splat",
    "stored",
]

Type: TypeAlias = np.dtype[Any]

_INT8 = np.dtype("i1")


def in_memory(dtype: Type, lanes: int = 1) -> str:
    """LLVM's type of so many numbers in memory."""
    return type_name(_INT8 if dtype == BOOL else dtype, lanes)


def moved(function: Function, pointer: str, distance: int) -> str:
    """The address so many bytes further on."""
    return function.text_value(f"getelementptr i8, ptr {pointer}, i64 {distance}") if distance else pointer


def first_lanes(function: Function, present: int, lanes: int) -> Value:
    """Truth values that are true in the first lanes only."""
    text = ", ".join("i1 true" if lane < present else "i1 false" for lane in range(lanes))
    return Value(function, f"<{text}>", BOOL, lanes)


def splat(function: Function, pointer: str, dtype: Type, lanes: int) -> Value:
    """A number in memory, in all lanes."""
    return everywhere(loaded(function, pointer, dtype), lanes)


def everywhere(number: Value, lanes: int) -> Value:
    """A number in all lanes."""
    if lanes == 1:
        return number
    function, dtype = number.function, number.dtype
    kind = type_name(dtype, lanes)
    first = function.text_value(f"insertelement {kind} poison, {number.type} {number.text}, i64 0")
    return function.value(f"shufflevector {kind} {first}, {kind} poison, <{lanes} x i32> zeroinitializer", dtype, lanes)


def loaded(
    function: Function, pointer: str, dtype: Type, lanes: int = 1, present: int | None = None,
    stride: int | None = None, mask: Value | None = None,
) -> Value:  # fmt: skip
    """Numbers from memory, `stride` bytes apart: the first that are `present`, or those in a mask; else 0."""
    kind, align = in_memory(dtype, lanes), dtype.itemsize
    dense = lanes == 1 or stride in (None, dtype.itemsize)
    if mask is None and not (dense and present in (None, lanes)):
        mask = first_lanes(function, present or lanes, lanes)
    if mask is None:
        text = function.text_value(f"load {kind}, ptr {pointer}, align {align}")
    else:
        places, place, name = _places(function, pointer, dtype, lanes, None if dense else stride)
        name = f"llvm.masked.{'load' if dense else 'gather'}.{name}"
        function.module.declare(name, kind, [places, "i32", mask.type, kind])
        text = function.text_value(
            f"call {kind} @{name}({places} {place}, i32 {align}, {mask.type} {mask.text}, {kind} zeroinitializer)"
        )
    return Value(function, text, _INT8, lanes) != 0 if dtype == BOOL else Value(function, text, dtype, lanes)


def stored(
    value: Value, pointer: str, present: int | None = None, stride: int | None = None, mask: Value | None = None
) -> None:
    """Put numbers into memory, `stride` bytes apart: the first that are `present`, or those in a mask."""
    function, dtype, lanes = value.function, value.dtype, value.lanes
    kind, align = in_memory(dtype, lanes), dtype.itemsize
    dense = lanes == 1 or stride in (None, dtype.itemsize)
    text = convert(value, _INT8).text if dtype == BOOL else value.text
    if present == 1 < lanes:
        # LLVM 22 would make a masked store of one lane too wide, where the number is the low part of a wider one.
        text, kind, dense = function.text_value(f"extractelement {kind} {text}, i64 0"), in_memory(dtype), True
    elif mask is None and not (dense and present in (None, lanes)):
        mask = first_lanes(function, present or lanes, lanes)
    if mask is None:
        function.emit(f"store {kind} {text}, ptr {pointer}, align {align}")
    else:
        places, place, name = _places(function, pointer, dtype, lanes, None if dense else stride)
        name = f"llvm.masked.{'store' if dense else 'scatter'}.{name}"
        function.module.declare(name, "void", [kind, places, "i32", mask.type])
        function.emit(f"call void @{name}({kind} {text}, {places} {place}, i32 {align}, {mask.type} {mask.text})")


def _places(function: Function, pointer: str, dtype: Type, lanes: int, stride: int | None) -> tuple[str, str, str]:
    """The address of the first lane, or those of all: type, value, and how LLVM names operations on them."""
    short = suffix(_INT8 if dtype == BOOL else dtype, lanes)
    if stride is None:
        return "ptr", pointer, f"{short}.p0"
    distances = ", ".join(f"i64 {lane * stride}" for lane in range(lanes))
    places = function.text_value(f"getelementptr i8, ptr {pointer}, <{lanes} x i64> <{distances}>")
    return f"<{lanes} x ptr>", places, f"{short}.v{lanes}p0"


def shuffled(a: Value, order: Sequence[int], b: Value | None = None) -> Value:
    """Some lanes of a value, side by side; those of a second one are numbered behind its own."""
    if b is None and list(order) == list(range(a.lanes)):
        return a
    if len(order) == 1:
        return a.function.value(f"extractelement {a.type} {a.text}, i64 {order[0]}", a.dtype, 1)
    lanes = ", ".join(f"i32 {lane}" for lane in order)
    other = "poison" if b is None else b.text
    text = f"shufflevector {a.type} {a.text}, {a.type} {other}, <{len(order)} x i32> <{lanes}>"
    return a.function.value(text, a.dtype, len(order))


def lanes_summed(vectors: Sequence[Value]) -> Value:
    """The sum over the lanes of each vector, side by side, up to a power of two: what is too much repeats the last.

    There are at most as many as they have lanes. Two vectors become one, of sums of neighbours, until there is one;
    then it is folded in the same way.
    """
    count = 1 << (len(vectors) - 1).bit_length()
    vectors = [*vectors, *[vectors[-1]] * (count - len(vectors))]
    while len(vectors) > 1:
        vectors = [_neighbours(x, y) for x, y in zip(vectors[::2], vectors[1::2], strict=True)]
    (total,) = vectors
    while total.lanes > count:
        total = _neighbours(total)
    return total


def _neighbours(x: Value, y: Value | None = None) -> Value:
    """The sums of neighbouring lanes of x, and behind them those of y."""
    lanes = x.lanes if y is None else 2 * x.lanes
    return shuffled(x, range(0, lanes, 2), y) + shuffled(x, range(1, lanes, 2), y)
