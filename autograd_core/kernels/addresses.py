"""Where arrays lie, for machine code: from the identities of several arrays to the addresses of their memory.

Knows how CPython lays out NumPy's array object: its data pointer follows the object's head, as NumPy's C interface
promises; and that a tuple's items follow its head. Asking an array in Python for its address takes longer than a small
kernel.
"""

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from .branching import INDEX, when
from .emitting import Function, Module, Value
from .llvm import Library, compiled
from .writing import Code

__all__ = ["address", "entered", "of_item", "resolver"]


def address(array: Any) -> int:
    """Where the first element of an array lies.

    >>> a = np.zeros(2)
    >>> address(a[1:]) - address(a)
    8
    """
    return int(array.__array_interface__["data"][0])


def resolver(places: Sequence[tuple[int, int]], table: int, code: int = 0) -> tuple[Callable[[Any, int], None], Any]:
    """A function of a tuple of as many arrays as there are places that writes where they lie into a table.

    A place is an entry of the table, and how many bytes before the array's first element the address shall point. With
    the address of machine code, that is called with the table's address afterwards. The function's second argument is
    the address of the array that is returned with it, which has to be kept.
    """
    numbers = np.array([table, code, len(places), *(n for place in places for n in place)], np.int64)
    return _library().function("resolve", ctypes.py_object, ctypes.c_void_p), numbers


def of_item(function: Function, i: Value | int) -> str:
    """Write into a function of a tuple of arrays where the numbers of one of them lie."""
    items = function.text_value(f"getelementptr i8, ptr %tuple, i64 {tuple.__basicsize__}")
    item = function.text_value(f"getelementptr ptr, ptr {items}, i64 {i if isinstance(i, int) else i.text}")
    array = function.text_value(f"load ptr, ptr {item}")
    field = function.text_value(f"getelementptr i8, ptr {array}, i64 {object.__basicsize__}")
    return function.text_value(f"load ptr, ptr {field}")


def entered(kernel: Function, arrays: int) -> Any:
    """End a kernel of addresses and the bounds of what to go through; a function of a tuple of arrays, and bounds."""
    kernel.finish()
    function = Function(kernel.module, "run", [("ptr", "tuple"), ("i64", "first"), ("i64", "last")])
    given = [f"ptr {of_item(function, i)}" for i in range(arrays)]
    function.emit(f"call void @{kernel.name}({', '.join([*given, 'i64 %first', 'i64 %last'])})")
    function.finish()
    return compiled(kernel.module.text).function("run", ctypes.py_object, ctypes.c_int64, ctypes.c_int64)


@cache
def _library() -> Library:
    c = Code(Module(), "resolve", "tuple places", "", INDEX)
    table, code = (c.function.text_value(f"load ptr, ptr {c.at('%places', field)}") for field in range(2))
    pairs = c.at("%places", 3)
    with c.loop(0, c.index("%places", 2)) as (i, _):
        entry, before = c.record(pairs, i, 2)
        place = c.function.text_value(f"getelementptr i8, ptr {of_item(c.function, i)}, i64 {(-before).text}")
        c.function.emit(f"store ptr {place}, ptr {c.at(table, entry)}")
    with when(c.is_given(code)):
        c.function.emit(f"call void {code}(ptr {table})")
    c.function.finish()
    return compiled(c.module.text)
