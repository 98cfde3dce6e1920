"""Loops and branches in functions of LLVM IR, and the values that they carry.

What changes from round to round, or in a branch, is handed over and taken back: LLVM's registers are written once, and
a value that depends on the way it was reached is chosen by a `phi`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from .emitting import Function, Value, full

__all__ = ["INDEX", "Loop", "loop", "when"]

INDEX = np.dtype(np.int64)
"""The type of lengths, and of places in memory."""


@contextmanager
def loop(
    function: Function, start: Value | int, stop: Value | int, step: int = 1, carried: Sequence[Value] = ()
) -> Iterator[tuple[Value, list[Value]]]:
    """Repeat for an index from start to below stop; the list of carried values is changed from round to round."""
    start = full(function, start, INDEX, 1) if isinstance(start, int) else start
    before, head, body, behind = function.block, *(function.new_label() for _ in range(3))
    function.emit(f"br label %{head}")
    function.label(head)
    line = len(function.lines)
    here = [function.value("", value.dtype, value.lanes) for value in (start, *carried)]  # their lines are written last
    index, *values = here
    function.emit(f"br i1 {(index < stop).text}, label %{body}, label %{behind}")
    function.label(body)
    yield index, values
    following = [function.value(f"add nsw i64 {index.text}, {step}", INDEX, 1), *values]
    last = function.block
    function.emit(f"br label %{head}")
    function.label(behind)
    for i, (phi, first, then) in enumerate(zip(here, [start, *carried], following, strict=True), line):
        function.lines[i] = f"  {phi.text} = phi {phi.type} [ {first.text}, %{before} ], [ {then.text}, %{last} ]"
    values[:] = here[1:]


class Loop:
    """A loop from `begin` to `end` in steps, done at least once, that carries values from round to round.

    It stands in the text as a processor does it, with one jump for each round. It is closed where its body ends.
    """

    def __init__(self, function: Function, begin: str, end: str, step: int, carried: Sequence[Value] = ()) -> None:
        self.function, self.begin, self.end, self.step, self.starts = function, begin, end, step, carried
        self.before, self.name = function.block, function.new_label()
        function.emit(f"br label %{self.name}")
        function.label(self.name)
        self.at = len(function.lines)
        self.index = function.register()
        self.carried = [Value(function, function.register(), value.dtype, value.lanes) for value in carried]
        self.last: list[Value] = []  # what is left behind the loop

    def close(self, values: Sequence[Value] = ()) -> None:
        """End the loop; the values are what its next round gets, and after the last what is left."""
        function = self.function
        following = function.text_value(f"add nuw nsw i64 {self.index}, {self.step}")
        last, behind = function.block, function.new_label()
        more = function.text_value(f"icmp slt i64 {following}, {self.end}")
        function.emit(f"br i1 {more}, label %{self.name}, label %{behind}")
        phis = [f"  {self.index} = phi i64 [ {self.begin}, %{self.before} ], [ {following}, %{last} ]"]
        for start, now, value in zip(self.starts, self.carried, values, strict=True):
            phis.append(f"  {now.text} = phi {now.type} [ {start.text}, %{self.before} ], [ {value.text}, %{last} ]")
        function.lines[self.at : self.at] = phis
        function.label(behind)
        self.last = list(values)


@contextmanager
def when(condition: Value, carried: Sequence[Value] = ()) -> Iterator[list[Value]]:
    """Do something only if the condition is true; the list of carried values is changed there."""
    function, values = condition.function, list(carried)
    before, inside, behind = function.block, function.new_label(), function.new_label()
    function.emit(f"br i1 {condition.text}, label %{inside}, label %{behind}")
    function.label(inside)
    yield values
    last = function.block
    function.emit(f"br label %{behind}")
    function.label(behind)
    values[:] = [
        function.value(f"phi {old.type} [ {old.text}, %{before} ], [ {new.text}, %{last} ]", old.dtype, old.lanes)
        for old, new in zip(carried, values, strict=True)
    ]
