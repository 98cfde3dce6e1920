"""Machine code that several threads do together, phase by phase, without coming back to Python in between.

Knows how tasks are handed out, by numbers in memory that all threads change. Does not know what a task computes, or
where threads come from.

Note [Phases]
A phase is a number of tasks that may be done at the same time. It is over when all of them are done; then the next one
begins. Each thread takes one task after the other, by adding 1 to a number, until there is none left. Then it looks
again and again whether the others are done, without the interpreter's lock, as falling asleep and waking up takes
longer than a task; after some time it offers its core in each turn, so that a thread that was held up gets on. A thread
that comes late finds phases that are over, and goes on to the one that is not; if none comes, the first thread does it
all. So nobody waits for a thread that has not begun, nor for one that has not come back to Python yet.
"""

import ctypes
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..parallel import get_num_threads, share
from . import gemm
from .addresses import address
from .emitting import Function, Module
from .llvm import Library

__all__ = ["ARGUMENTS", "Phase", "shared", "stretches", "symbols", "write_sharing"]

ARGUMENTS = [("ptr", "table"), ("i64", "task"), ("ptr", "settings"), ("ptr", "space")]
"""What the function of a phase gets: a table, the number of the task, settings of the phase (the rows and columns of a
part of a product), and memory of the thread's own for products. That of a serial phase gets the table only."""

_LOOKS = 1 << 13  # some microseconds
_LINE = 8  # numbers of a phase: tasks begun, done, and in all, and its settings; as many as a line of the cache has
_OFFER = "autograd_core_offer_core"


@dataclass
class Phase:
    """A function of the code, that is called for each of `count` tasks.

    A product of `sizes` (rows, columns) has as many tasks as there are threads, with a workspace of so many bytes for
    each. `alone` is what may have threads of its own.
    """

    name: str
    count: int = 1
    sizes: Sequence[int] = ()
    workspace: int = 0
    alone: bool = False

    @property
    def is_serial(self) -> bool:
        return self.count == 1 and not self.sizes

    def line(self, threads: int) -> list[int]:
        """The numbers of the phase at its start."""
        if not self.sizes:
            return [0, 0, self.count, 0, 0, 0, 0, 0]
        m, n = self.sizes
        rows, columns = gemm.parts(m, n, threads)
        return [0, 0, -(-m // rows) * -(-n // columns), rows, columns, 0, 0, 0]


def stretches(phases: Sequence[Phase]) -> Iterator[tuple[str, list[Phase]]]:
    """Phases that threads go through together, with a name for the function that does; empty for one serial phase."""
    some: list[Phase] = []
    for phase in [*phases, None]:
        if phase is not None and not phase.alone:
            some.append(phase)
            continue
        if some:
            yield f"shared.{some[0].name}" if len(some) > 1 or not some[0].is_serial else "", some
            some = []
        if phase is not None:
            yield "", [phase]


def write_sharing(module: Module, name: str, phases: Sequence[Phase]) -> None:
    """Write a function of a table, the lines of all phases and a workspace, that goes through the phases."""
    if "wait" not in module.functions:
        _write_waiting(module)
    function = Function(module, name, [("ptr", "table"), ("ptr", "lines"), ("ptr", "space")])
    for i, phase in enumerate(phases):
        begun, done, total, settings = (
            function.text_value(f"getelementptr i64, ptr %lines, i64 {_LINE * i + at}") for at in range(4)
        )
        count = function.text_value(f"load i64, ptr {total}, align 8")
        take, work, behind = (function.new_label() for _ in range(3))
        function.emit(f"br label %{take}")
        function.label(take)
        task = function.text_value(f"atomicrmw add ptr {begun}, i64 1 monotonic")
        some = function.text_value(f"icmp slt i64 {task}, {count}")
        function.emit(f"br i1 {some}, label %{work}, label %{behind}")
        function.label(work)
        more = "" if phase.is_serial else f", i64 {task}, ptr {settings}, ptr %space"
        function.emit(f"call void @{phase.name}(ptr %table{more})")
        function.text_value(f"atomicrmw add ptr {done}, i64 1 release")
        function.emit(f"br label %{take}")
        function.label(behind)
        function.emit(f"call void @wait(ptr {done}, i64 {count})")
    function.finish()


def _write_waiting(module: Module) -> None:
    """Write a function that returns when a number is as large as another one."""
    module.declare(_OFFER, "i32", [])
    function = Function(module, "wait", [("ptr", "done"), ("i64", "count")])
    look, again, offer, end = (function.new_label() for _ in range(4))
    looks, more = function.register(), function.register()
    function.emit(f"br label %{look}")
    function.label(look)
    function.emit(f"{looks} = phi i64 [ 0, %entry ], [ {more}, %{again} ], [ {more}, %{offer} ]")
    now = function.text_value("load atomic i64, ptr %done acquire, align 8")
    whole = function.text_value(f"icmp sge i64 {now}, %count")
    function.emit(f"br i1 {whole}, label %{end}, label %{again}")
    function.label(again)
    function.emit(f"{more} = add i64 {looks}, 1")
    long = function.text_value(f"icmp sgt i64 {more}, {_LOOKS}")
    function.emit(f"br i1 {long}, label %{offer}, label %{look}")
    function.label(offer)
    function.text_value(f"call i32 @{_OFFER}()")
    function.emit(f"br label %{look}")
    function.label(end)
    function.finish()


def symbols(declared: Collection[str]) -> dict[str, int]:
    """The address of the system's function by which a thread offers its core to others, if it is declared."""
    if _OFFER not in declared:
        return {}
    if os.name == "nt":
        offer = ctypes.WinDLL("kernel32").SwitchToThread  # type: ignore[attr-defined,unused-ignore]  # only there
    else:
        offer = ctypes.CDLL(None).sched_yield
    return {_OFFER: ctypes.cast(offer, ctypes.c_void_p).value or 0}


def shared(library: Library, name: str, phases: Sequence[Phase]) -> Callable[[int], None]:
    """A function of a table's address that goes through phases on several threads, as written above."""
    code = library.function(name, *[ctypes.c_void_p] * 3)
    workspace = max(phase.workspace for phase in phases)
    most = max(phase.count for phase in phases)
    threads, start = 0, np.zeros(0, np.int64)

    def run(table: int) -> None:
        nonlocal threads, start
        if threads != get_num_threads():
            threads = get_num_threads()
            start = np.array([phase.line(threads) for phase in phases], np.int64)
        lines = start.copy()  # new ones: who comes too late finds that all is done

        def work(tasks: Iterator[int]) -> None:
            code(table, address(lines), gemm.space(workspace) if workspace else 0)  # holds the lines

        share(work, threads if workspace else min(most, threads), done=lambda: True)

    return run
