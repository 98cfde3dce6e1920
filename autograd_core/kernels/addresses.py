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

from .emitting import Function, Module
from .llvm import Library, compiled

__all__ = ["address", "resolver", "write_entry"]

_TEXT = """
define void @resolve(ptr %tuple, ptr %places) {{
entry:
  %table = load ptr, ptr %places
  %field_of_code = getelementptr i64, ptr %places, i64 1
  %code = load ptr, ptr %field_of_code
  %field_of_count = getelementptr i64, ptr %places, i64 2
  %count = load i64, ptr %field_of_count
  %pairs = getelementptr i64, ptr %places, i64 3
  %arrays = getelementptr i8, ptr %tuple, i64 {items}
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %loop, label %done
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = getelementptr ptr, ptr %arrays, i64 %i
  %array = load ptr, ptr %at
  %field = getelementptr i8, ptr %array, i64 {head}
  %data = load i64, ptr %field
  %twice = shl i64 %i, 1
  %pair = getelementptr i64, ptr %pairs, i64 %twice
  %number = load i64, ptr %pair
  %second = getelementptr i64, ptr %pair, i64 1
  %offset = load i64, ptr %second
  %low = sub i64 %data, %offset
  %to = getelementptr i64, ptr %table, i64 %number
  store i64 %low, ptr %to
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  %is_code = icmp ne ptr %code, null
  br i1 %is_code, label %call, label %end
call:
  call void %code(ptr %table)
  br label %end
end:
  ret void
}}
"""


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


def write_entry(module: Module, name: str, kernel: str, arrays: int, numbers: int) -> None:
    """Write a function of a tuple of arrays, and numbers, that calls a kernel with the arrays' addresses and those."""
    integers = [("i64", f"n{i}") for i in range(numbers)]
    function = Function(module, name, [("ptr", "tuple"), *integers])
    given = []
    for i in range(arrays):
        item = function.text_value(f"getelementptr i8, ptr %tuple, i64 {tuple.__basicsize__ + 8 * i}")
        array = function.text_value(f"load ptr, ptr {item}")
        field = function.text_value(f"getelementptr i8, ptr {array}, i64 {object.__basicsize__}")
        given.append("ptr " + function.text_value(f"load ptr, ptr {field}"))
    function.emit(f"call void @{kernel}({', '.join([*given, *(f'{kind} %{n}' for kind, n in integers)])})")
    function.finish()


@cache
def _library() -> Library:
    return compiled(_TEXT.format(head=object.__basicsize__, items=tuple.__basicsize__))
