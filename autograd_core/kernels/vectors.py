"""Vectors of numbers between memory and registers: side by side, scattered, or in part.

Knows how numbers lie in memory: a truth value takes a byte there. Does not know arrays or loops.
"""

from typing import Any, TypeAlias

import numpy as np

from .emitting import BOOL, Function, Value, convert, type_name

__all__ = ["everywhere", "first_lanes", "in_memory", "loaded", "low_lanes", "moved", "splat", "stored"]

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


def low_lanes(value: Value, lanes: int) -> Value:
    """The first lanes of a vector."""
    if value.lanes == lanes:
        return value
    places = ", ".join(f"i32 {lane}" for lane in range(lanes))
    text = f"shufflevector {value.type} {value.text}, {value.type} poison, <{lanes} x i32> <{places}>"
    return value.function.value(text, value.dtype, lanes)


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
    function: Function, pointer: str, dtype: Type, lanes: int = 1, present: int | None = None, stride: int | None = None
) -> Value:
    """Numbers from memory, `stride` bytes apart, as far as they are `present`; the other lanes are 0."""
    kind, align = in_memory(dtype, lanes), dtype.itemsize
    present = lanes if present is None else present
    dense = lanes == 1 or stride in (None, dtype.itemsize)
    if dense and present == lanes:
        text = function.text_value(f"load {kind}, ptr {pointer}, align {align}")
    else:
        mask = first_lanes(function, present, lanes)
        places, place, suffix = _places(function, pointer, dtype, lanes, None if dense else stride)
        name = f"llvm.masked.{'load' if dense else 'gather'}.{suffix}"
        function.module.declare(name, kind, [places, "i32", mask.type, kind])
        text = function.text_value(
            f"call {kind} @{name}({places} {place}, i32 {align}, {mask.type} {mask.text}, {kind} zeroinitializer)"
        )
    return Value(function, text, _INT8, lanes) != 0 if dtype == BOOL else Value(function, text, dtype, lanes)


def stored(value: Value, pointer: str, present: int | None = None, stride: int | None = None) -> None:
    """Put the lanes that are `present` into memory, `stride` bytes apart."""
    function, dtype, lanes = value.function, value.dtype, value.lanes
    kind, align = in_memory(dtype, lanes), dtype.itemsize
    present = lanes if present is None else present
    dense = lanes == 1 or stride in (None, dtype.itemsize)
    text = convert(value, _INT8).text if dtype == BOOL else value.text
    if dense and present == lanes:
        function.emit(f"store {kind} {text}, ptr {pointer}, align {align}")
    elif present == 1:
        # LLVM 22 would make a masked store of one lane too wide, where the number is the low part of a wider one.
        number = function.text_value(f"extractelement {kind} {text}, i64 0")
        function.emit(f"store {in_memory(dtype)} {number}, ptr {pointer}, align {align}")
    else:
        mask = first_lanes(function, present, lanes)
        places, place, suffix = _places(function, pointer, dtype, lanes, None if dense else stride)
        name = f"llvm.masked.{'store' if dense else 'scatter'}.{suffix}"
        function.module.declare(name, "void", [kind, places, "i32", mask.type])
        function.emit(f"call void @{name}({kind} {text}, {places} {place}, i32 {align}, {mask.type} {mask.text})")


def _places(function: Function, pointer: str, dtype: Type, lanes: int, stride: int | None) -> tuple[str, str, str]:
    """The address of the first lane, or those of all: type, value, and how LLVM names operations on them."""
    short = f"{'f' if dtype.kind == 'f' else 'i'}{8 * dtype.itemsize}"
    if stride is None:
        return "ptr", pointer, f"v{lanes}{short}.p0"
    distances = ", ".join(f"i64 {lane * stride}" for lane in range(lanes))
    places = function.text_value(f"getelementptr i8, ptr {pointer}, <{lanes} x i64> <{distances}>")
    return f"<{lanes} x ptr>", places, f"v{lanes}{short}.v{lanes}p0"
