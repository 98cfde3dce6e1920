"""Where arrays lie, for machine code: from the identities of several arrays to the addresses of their memory.

Knows how CPython lays out NumPy's array object: its data pointer follows the object's head, as NumPy's C interface
promises. Asking an array in Python for its address takes longer than a small kernel.
"""

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from .llvm import Library, compiled

__all__ = ["address", "resolver"]

_TEXT = """
define void @resolve(ptr %arrays, ptr %places, ptr %table, i64 %count) {{
entry:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %loop, label %done
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = getelementptr ptr, ptr %arrays, i64 %i
  %array = load ptr, ptr %at
  %field = getelementptr i8, ptr %array, i64 {head}
  %data = load i64, ptr %field
  %twice = shl i64 %i, 1
  %pair = getelementptr i64, ptr %places, i64 %twice
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


def resolver(places: Sequence[tuple[int, int]], table: int) -> Callable[..., None]:
    """A function of as many arrays as there are places that writes where they lie into a table at an address.

    A place is an entry of the table, and how many bytes before the array's first element the address shall point.
    """
    numbers = np.array(places, np.int64).reshape(-1, 2)
    slots = (ctypes.c_void_p * len(places))()
    function = _library().function("resolve", *[ctypes.c_void_p] * 3, ctypes.c_int64)
    arguments = ctypes.addressof(slots), address(numbers), table, len(places)

    def resolve(*arrays: Any) -> None:
        slots[:] = [*map(id, arrays)]
        function(*arguments)

    resolve.keeps = slots, numbers  # type: ignore[attr-defined]
    return resolve


@cache
def _library() -> Library:
    return compiled(_TEXT.format(head=object.__basicsize__))
