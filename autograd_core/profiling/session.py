"""Profiling a block of code, and the object that holds what was found.

Knows when to start and to stop. Times are those of this thread; other threads may have profiles of their own.
"""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from ..errors import OptionError
from ..op import REGISTRY
from . import page, text
from .hooks import heard_by, timed
from .recorder import Recorder
from .result import Findings, Memory, ModuleTime, OperationTime, collect
from .stopwatch import clock

__all__ = ["Profile", "profile"]


class Profile:
    """What `profile` found: times in seconds, memory in bytes. `str()` is a table; notebooks show pictures.

    operations    OperationTime(name, phase, calls, seconds, nbytes), the longest first; `.mean` is per call
    modules       ModuleTime(path, calls, forward, forward_own, backward, backward_own, python, nbytes), as a tree
    memory        Memory(peak, peak_seconds, peak_made, allocated, holders, timeline, process_peak), or None
    parts         what the time consists of: forward, backward, sweep, modules, elsewhere, profiler
    wall          the sum of the parts: the time on the wall
    explained     the share of it, without that of the profiler, that operations and their rules took
    """

    def __init__(self) -> None:
        self.finished = False
        self.findings = Findings()

    @property
    def operations(self) -> list[OperationTime]:
        """Per operation and pass, the longest first."""
        return list(self.findings.operations)

    @property
    def modules(self) -> list[ModuleTime]:
        """Per module, each before what lies in it."""
        return list(self.findings.modules)

    @property
    def memory(self) -> Memory | None:
        """Bytes; None if nobody looked."""
        return self.findings.memory

    @property
    def parts(self) -> dict[str, float]:
        """What the time consists of, in seconds."""
        return dict(self.findings.parts)

    @property
    def wall(self) -> float:
        """Seconds from the beginning to the end."""
        return self.findings.wall

    @property
    def explained(self) -> float:
        """The share of the time that operations and their rules took."""
        return self.findings.explained

    def __str__(self) -> str:
        if not self.finished:
            return "profile: not finished; it is told when the `with` block has ended"
        return text.tables(self.findings)

    def __repr__(self) -> str:
        return f"<{text.headline(self.findings)}>" if self.finished else "<profile, not finished>"

    @property
    def html(self) -> str:
        """The report as a page of HTML that needs nothing but itself.

        Raises: OptionError before the `with` block has ended, as `svg` and `save` do.
        """
        return page.page(self._whole())

    @property
    def svg(self) -> str:
        """The pictures alone: time by module and operation, and memory over time."""
        return page.picture(self._whole())

    def _whole(self) -> Findings:
        if not self.finished:
            raise OptionError("profile: not finished; it can be shown and saved when the `with` block has ended")
        return self.findings

    def save(self, path: Any) -> Path:
        """Write it to a file: .html, .svg (the pictures), .txt (the tables) or .json (the numbers); returns the path.

        Raises: OptionError for another ending.
        """
        path = Path(path)
        ways = {".html": lambda: self.html, ".svg": lambda: self.svg, ".txt": lambda: f"{text.tables(self._whole())}\n"}
        ways[".json"] = lambda: text.as_json(self._whole())
        if path.suffix not in ways:
            raise OptionError(f"save: a profile can be saved as {', '.join(ways)}; got {path.name!r}")
        path.write_text(ways[path.suffix](), encoding="utf-8")
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Text and pictures for a notebook; whatever goes wrong with them, the cell goes on."""
        try:
            bundle = {"text/plain": str(self)}
        except Exception as error:  # a cell never fails for its display
            return {"text/plain": f"<profile that cannot be shown: {error!r}>"}
        if self.finished:
            try:
                bundle["text/html"] = page.fragment(self.findings)
            except Exception as error:  # as above
                bundle["text/plain"] += f"\nthe pictures cannot be shown: {error!r}"
        return bundle


@contextmanager
def profile(*, memory: bool | Literal["exact"] = True) -> Iterator[Profile]:
    """Measure what runs inside: time and memory per operation and per module, forward and backward.

    The times of operations are those of their computation on arrays; what it takes to record them is Python's part.
    Everything adds up to the time on the wall, less what the profiler itself took, which is told. Memory is that of
    results, of cotangents and gradients, and of what they were computed from. An optimizer's own is not seen, nor are
    temporary arrays inside operations; a sum of cotangents is seen when a rule takes it up. With `memory="exact"`
    Python's own `tracemalloc` measures the peak of the process too, which makes everything slower. With `memory=False`
    nobody looks at memory, which is right for very long runs: otherwise a note is kept of each array. What other
    threads do is not seen, though it takes its share of the machine.

    Raises: OptionError for another `memory`.

    >>> x = ag.tensor(np.ones(1000), requires_grad=True)
    >>> with ag.profile() as p:
    ...     ag.sum(ag.exp(x)).backward()
    >>> sorted((o.name, o.phase, o.calls) for o in p.operations)
    [('exp', 'backward', 1), ('exp', 'forward', 1), ('sum', 'backward', 1), ('sum', 'forward', 1)]
    """
    if memory not in (True, False, "exact"):
        raise OptionError(f'profile: memory must be True, False or "exact", got {memory!r}')
    result, recorder = Profile(), Recorder(bool(memory))
    trace = _Trace() if memory == "exact" else None
    with heard_by(recorder):
        if trace:
            trace.begin()
        began = clock()
        try:
            yield result
        finally:
            ended = clock()
            recorder.finish(ended)
            process_peak = trace.end() if trace else None
            result.findings = collect(recorder, began, ended, _event_cost(), process_peak)
            result.finished = True
            if recorder.ledger is not None:
                recorder.ledger.forget()


class _Trace:
    """The peak of what Python allocates; somebody else's trace goes on."""

    def begin(self) -> None:
        self.own = not tracemalloc.is_tracing()
        if self.own:
            tracemalloc.start()
        tracemalloc.reset_peak()
        self.before = tracemalloc.get_traced_memory()[0]

    def end(self) -> int:
        peak = tracemalloc.get_traced_memory()[1] - self.before
        if self.own:
            tracemalloc.stop()
        return peak


def _event_cost(rounds: int = 300) -> float:
    """Seconds that an event still adds to the times around it, beyond what is counted as the profiler's: measured.

    An operation that does nothing is called with and without somebody listening. The fastest of several tries counts.
    """

    def nothing(value: Any) -> Any:
        return value

    heard, best = timed(REGISTRY["positive"], nothing), float("inf")
    for _ in range(3):
        recorder = Recorder(memory=False)
        with heard_by(recorder, alone=True):
            began = clock()
            for _ in range(rounds):
                heard(None)
            middle = clock()
            for _ in range(rounds):
                nothing(None)
            ended = clock()
        rest = (middle - began) - recorder.watch.overhead - (ended - middle)
        best = min(best, rest / rounds / 1e9)
    return max(best, 0.0)
