"""What a profile found, as plain data: times of operations and modules, memory, and how all of it adds up.

Knows what a recorder holds. Does not know how any of it is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .ledger import Holder, Ledger
from .recorder import Recorder
from .stopwatch import Task, Total

__all__ = ["PARTS", "Findings", "Memory", "ModuleTime", "Moment", "OperationTime", "Share", "collect"]

PARTS = {
    "forward": "operations, as they are applied",
    "backward": "their rules, and operations inside them",
    "sweep": "the order of the rules, and sums of cotangents",
    "modules": "Python in modules: recording, and what their code does itself",
    "elsewhere": "everything else: the loss, the optimizer, data, and Python between them",
    "profiler": "what looking took; it is in none of the others",
}
"""The parts of the time on the wall, in words."""

_COLUMNS = 400  # so many moments a timeline has at most


@dataclass(frozen=True)
class OperationTime:
    """An operation in one pass: how often it ran, in how many seconds of its own, and the bytes that it allocated."""

    name: str
    phase: str
    calls: int
    seconds: float
    nbytes: int

    @property
    def mean(self) -> float:
        """Seconds per call."""
        return self.seconds / self.calls


@dataclass(frozen=True)
class ModuleTime:
    """A module, by its path: seconds with all that lies in it, its own alone, and the bytes allocated with all in it.

    `calls` counts forward calls. `python` is the part of `forward_own` between the operations. The path of what stands
    in no module is empty; with all that lies in it, that is everything.
    """

    path: str
    calls: int
    forward: float
    forward_own: float
    backward: float
    backward_own: float
    python: float
    nbytes: int


@dataclass(frozen=True)
class Share:
    """Time of one task, for a picture of all: seconds of its own in one pass, one module, of one kind and name."""

    phase: str
    path: str
    kind: str
    name: str
    calls: int
    seconds: float


@dataclass(frozen=True)
class Moment:
    """What was alive at a time (in seconds from the start): bytes by kind."""

    seconds: float
    held: Mapping[str, int]

    @property
    def nbytes(self) -> int:
        """Bytes of all kinds."""
        return sum(self.held.values())


@dataclass(frozen=True)
class Memory:
    """Arrays of operations, cotangents, gradients, and what those were computed from.

    `peak` is the most that was alive at once, in bytes, of which `peak_made` were allocated while the profile lasted
    (at their own highest); `holders` is what it consisted of. `process_peak` is the most that Python and NumPy had
    allocated beyond what there was at the start, temporary arrays inside operations included; None unless asked for.
    """

    peak: int = 0
    peak_seconds: float = 0.0
    peak_made: int = 0
    allocated: int = 0
    holders: Sequence[Holder] = ()
    timeline: Sequence[Moment] = ()
    process_peak: int | None = None


@dataclass
class Findings:
    """All of it. `parts` add up to `wall`, all in seconds; `sweeps` are the beginnings and ends of backward passes."""

    wall: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
    operations: Sequence[OperationTime] = ()
    modules: Sequence[ModuleTime] = ()
    shares: Sequence[Share] = ()
    memory: Memory | None = None
    sweeps: Sequence[tuple[float, float]] = ()
    events: int = 0
    event_cost: float = 0.0

    @property
    def explained(self) -> float:
        """The share of the time that operations and their rules explain, of what the profiler did not take."""
        rest = self.wall - self.parts.get("profiler", 0.0)
        return (self.parts.get("forward", 0.0) + self.parts.get("backward", 0.0)) / rest if rest > 0 else 0.0

    def plain(self) -> dict[str, Any]:
        """The same as dicts, lists, numbers and text."""
        everything = {name: getattr(self, name) for name in ("wall", "events", "event_cost", "explained")}
        everything["parts"] = dict(self.parts)
        everything["operations"] = [asdict(o) | {"mean": o.mean} for o in self.operations]
        everything["modules"] = [asdict(m) for m in self.modules]
        everything["memory"] = None
        if self.memory is not None:
            plain = {name: getattr(self.memory, name) for name in self.memory.__dataclass_fields__}
            plain["holders"] = [asdict(h) for h in self.memory.holders]
            plain["timeline"] = [{"seconds": m.seconds, **m.held} for m in self.memory.timeline]
            everything["memory"] = plain
        return everything


def collect(recorder: Recorder, began: int, ended: int, event_cost: float, process_peak: int | None) -> Findings:
    """What a recorder has seen between two times of its clock."""
    totals = recorder.watch.totals
    parts = dict.fromkeys(PARTS, 0)
    for task, total in totals.items():
        part = {"sweep": "sweep", "module": "modules"}.get(task.kind, task.phase)
        parts[part] += total.nanoseconds
    parts["profiler"] = recorder.watch.overhead
    parts["elsewhere"] = ended - began - sum(parts.values())
    return Findings(
        wall=(ended - began) / 1e9,
        parts={name: ns / 1e9 for name, ns in parts.items()},
        operations=_operations(totals),
        modules=_modules(totals),
        shares=[
            Share(*task, total.calls, total.nanoseconds / 1e9) for task, total in totals.items() if total.nanoseconds
        ],
        memory=None if recorder.ledger is None else _memory(recorder.ledger, totals.values(), began, process_peak),
        sweeps=[((a - began) / 1e9, (b - began) / 1e9) for a, b in recorder.sweeps if b],
        events=recorder.watch.events,
        event_cost=event_cost,
    )


def _operations(totals: Mapping[Task, Total]) -> list[OperationTime]:
    """Per operation and pass, the longest first."""
    found: dict[tuple[str, str], Total] = {}
    for task, total in totals.items():
        if task.kind == "operation":
            _add(found.setdefault((task.name, task.phase), Total()), total)
    rows = [OperationTime(*key, t.calls, t.nanoseconds / 1e9, t.nbytes) for key, t in found.items()]
    return sorted(rows, key=lambda o: (-o.seconds, o.name, o.phase))


def _add(sum_: Total, other: Total) -> None:
    sum_.calls += other.calls
    sum_.nanoseconds += other.nanoseconds
    sum_.nbytes += other.nbytes


def _modules(totals: Mapping[Task, Total]) -> list[ModuleTime]:
    """Per module, each before what lies in it, in the order in which they first ended; a whole before its parts."""
    own: dict[str, dict[str, Total]] = {"": {}}
    for task, total in totals.items():
        if task.kind != "sweep":
            for path in above(task.path):
                own.setdefault(path, {})
            kind = "python" if task.kind == "module" and task.phase == "forward" else task.phase
            _add(own[task.path].setdefault(kind, Total()), total)
    nothing = Total()

    def of(path: str, kind: str) -> Total:
        return own[path].get(kind, nothing)

    rows = []
    for path in in_order(own):
        inside = [p for p in own if is_inside(p, path)]

        def together(kind: str, inside: Sequence[str] = inside) -> float:
            return sum(of(p, kind).nanoseconds for p in inside) / 1e9

        python = of(path, "python").nanoseconds
        rows.append(
            ModuleTime(
                path=path,
                calls=of(path, "python").calls,
                forward=together("forward") + together("python"),
                forward_own=(of(path, "forward").nanoseconds + python) / 1e9,
                backward=together("backward"),
                backward_own=of(path, "backward").nanoseconds / 1e9,
                python=python / 1e9,
                nbytes=sum(total.nbytes for p in inside for total in own[p].values()),
            )
        )
    return rows


def above(path: str) -> list[str]:
    """A path and all that it lies in, the outermost (the empty one) first.

    >>> above("net.0")
    ['', 'net', 'net.0']
    """
    parts = path.split(".") if path else []
    return ["", *(".".join(parts[: i + 1]) for i in range(len(parts)))]


def is_inside(path: str, module: str) -> bool:
    """Whether a path is that of a module, or of something in it."""
    return not module or path == module or path.startswith(f"{module}.")


def in_order(paths: Iterable[str]) -> list[str]:
    """Paths as in a tree: each followed by those in it, siblings in the order in which they (or theirs) came.

    >>> in_order(["", "b.x", "b", "a", "b.y"])
    ['', 'b', 'b.x', 'b.y', 'a']
    """
    rank: dict[str, int] = {}
    for path in paths:
        for whole in above(path):
            rank.setdefault(whole, len(rank))
    return sorted(paths, key=lambda path: [rank[whole] for whole in above(path)])


def _memory(ledger: Ledger, totals: Iterable[Total], began: int, process_peak: int | None) -> Memory:
    entry, peak = ledger.highest()
    return Memory(
        peak=peak,
        peak_seconds=(ledger.log[entry][0] - began) / 1e9 if peak else 0.0,
        peak_made=ledger.highest_made(),
        allocated=sum(total.nbytes for total in totals),
        holders=ledger.holders_after(entry),
        timeline=_timeline(ledger, began),
        process_peak=process_peak,
    )


def _timeline(ledger: Ledger, began: int) -> list[Moment]:
    """The highest moment of each of so many equal times; all of them, if they are few."""
    if not ledger.log:
        return []
    few = len(ledger.log) <= _COLUMNS
    width = max((ledger.log[-1][0] - began) // _COLUMNS, 1)
    moments: dict[int, tuple[int, int, dict[str, int]]] = {}
    for i, (time, held) in enumerate(ledger.states()):
        now = sum(held.values())
        column = i if few else (time - began) // width
        if column not in moments or now > moments[column][1]:
            moments[column] = time, now, dict(held)
    return [Moment((time - began) / 1e9, held) for time, _, held in moments.values()]
