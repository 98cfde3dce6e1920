"""Where time goes: nested intervals, each nanosecond of which is somebody's own.

Knows clocks, and names to put times to. Does not know what runs. While an interval lasts, what lies inside it belongs
to the inner one; what the profiler itself takes belongs to nobody, and is counted apart. So all times add up to what
the clock on the wall says, to the nanosecond.
"""

from time import perf_counter_ns as clock
from typing import NamedTuple

__all__ = ["Stopwatch", "Task", "Total", "clock"]


class Task(NamedTuple):
    """What time is put to: in which pass ("forward" or "backward"), in which module, of what kind, and by which name.

    `kind` is "operation", "module" (Python in a module, between its operations) or "sweep" (what the reverse sweep does
    between operations: their order, and sums of cotangents).
    """

    phase: str
    path: str
    kind: str
    name: str = ""


class Total:
    """What has come together for a task: calls, nanoseconds of its own, and bytes that it allocated."""

    __slots__ = ("calls", "nanoseconds", "nbytes")

    def __init__(self) -> None:
        self.calls = self.nanoseconds = self.nbytes = 0


class Stopwatch:
    """The times of tasks, by task, in the order of their first end."""

    def __init__(self) -> None:
        self.totals: dict[Task, Total] = {}
        self.overhead = self.events = 0
        self._inside = [0]  # for each interval that is open: nanoseconds of what lay in it, and of the profiler there

    @property
    def depth(self) -> int:
        """How many intervals are open."""
        return len(self._inside)

    def open(self) -> None:
        """An interval begins."""
        self._inside.append(0)

    def close(self, task: Task, nanoseconds: int) -> Total:
        """The innermost interval ends: so long it took with all that lay in it."""
        total = self.total(task)
        total.calls += 1
        total.nanoseconds += nanoseconds - self._inside.pop()
        return total

    def total(self, task: Task) -> Total:
        """What has come together for a task."""
        total = self.totals.get(task)
        if total is None:
            total = self.totals[task] = Total()
        return total

    def charge(self, nanoseconds: int, overhead: int) -> None:
        """Tell the interval around one that has ended how long it took, the profiler's work at both ends included."""
        self._inside[-1] += nanoseconds
        self.overhead += overhead
        self.events += 1
