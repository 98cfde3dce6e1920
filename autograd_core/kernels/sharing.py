"""Machine code that several threads do together: each takes the next part until there is none.

Knows how parts are handed out, by two numbers in memory: how many were begun, and how many are done. Does not know what
a part computes, or where threads come from.

Note [Waiting for the last part]
A thread that falls asleep takes longer to wake up than a part takes. So who finds nothing left to begin looks again and
again whether all is done, without the interpreter's lock; and whether another thread has come back to Python since does
not matter then. Only if somebody was held up is it waited for asleep.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..parallel import share
from .emitting import Function, Module

__all__ = ["shared", "write_sharing"]

_LOOKS = 1 << 17  # about a tenth of a millisecond


def write_sharing(module: Module, name: str, part: str, bounds: Sequence[int]) -> None:
    """Write a function of a table and two numbers, both 0 at first, that calls ``part(table, begin, end, number)``.

    Part i lies between the bounds i and i + 1.
    """
    count = len(bounds) - 1
    numbers = ", ".join(f"i64 {bound}" for bound in bounds)
    module.functions[f"{name}.bounds"] = f"@{name}.bounds = internal constant [{count + 1} x i64] [{numbers}]"
    function = Function(module, name, [("ptr", "table"), ("ptr", "begun")])
    done = function.text_value("getelementptr i64, ptr %begun, i64 1")
    take, work, look, again, end = (function.new_label() for _ in range(5))
    function.emit(f"br label %{take}")
    function.label(take)
    number = function.text_value("atomicrmw add ptr %begun, i64 1 monotonic")
    some = function.text_value(f"icmp slt i64 {number}, {count}")
    function.emit(f"br i1 {some}, label %{work}, label %{look}")
    function.label(work)
    place = function.text_value(f"getelementptr i64, ptr @{name}.bounds, i64 {number}")
    low = function.text_value(f"load i64, ptr {place}")
    high = function.text_value(f"load i64, ptr {function.text_value(f'getelementptr i64, ptr {place}, i64 1')}")
    function.emit(f"call void @{part}(ptr %table, i64 {low}, i64 {high}, i64 {number})")
    function.text_value(f"atomicrmw add ptr {done}, i64 1 release")
    function.emit(f"br label %{take}")
    function.label(look)
    looks, more = function.register(), function.register()
    function.emit(f"{looks} = phi i64 [ 0, %{take} ], [ {more}, %{again} ]")
    now = function.text_value(f"load atomic i64, ptr {done} acquire, align 8")
    whole = function.text_value(f"icmp eq i64 {now}, {count}")
    function.emit(f"br i1 {whole}, label %{end}, label %{again}")
    function.label(again)
    function.emit(f"{more} = add i64 {looks}, 1")
    left = function.text_value(f"icmp slt i64 {more}, {_LOOKS}")
    function.emit(f"br i1 {left}, label %{look}, label %{end}")
    function.label(end)
    function.finish()


def shared(code: Any, count: int) -> Callable[[int], None]:
    """A function of a table's address that does all parts, on several threads; `code` is what was written above."""
    numbers = ctypes.c_int64 * 2

    def run(table: int) -> None:
        begun_and_done = numbers()  # new ones: who comes too late finds that all is done
        place = ctypes.addressof(begun_and_done)

        def work(tasks: Iterator[int]) -> None:
            code(table, place)

        share(work, count, done=lambda: begun_and_done[1] == count)

    return run
