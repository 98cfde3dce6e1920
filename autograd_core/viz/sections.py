"""The parts of a computation that can be drawn as one: modules, and runs of repetitions.

A section is an interval in the order of computation. So whichever sections are folded, what remains has no cycles.
Knows collected items. Does not know which sections will be folded, nor how that looks.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from .collecting import Collection
from .repeats import LEAST, runs_in

WORTHWHILE = 9
"""A run of repetitions is one if it has so many operations."""


@dataclass
class Section:
    """The operations from `start` to `end`, in the order of computation: a module's call, or `count` repetitions.

    `name` is what it is called inside the one around it, and `level` how many modules it stands in, itself included; a
    run is half a level below what it stands in. Of a run, `parts` are what one repetition consists of, each by its path
    if it is a module, and by its position; `last` is the path of the last module that is repeated.
    """

    start: int
    end: int
    level: float
    path: str
    name: str
    count: int = 1
    parts: tuple[tuple[str, int], ...] = ()
    last: str = ""

    @property
    def is_run(self) -> bool:
        return self.count > 1

    @property
    def length(self) -> int:
        """Operations in one repetition."""
        return (self.end - self.start) // self.count


@dataclass
class _Open:
    """A module whose operations are being gathered: what it has done so far, as numbers for equal work."""

    path: str
    name: str
    start: int
    codes: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


class Structure:
    """The operations of a collection in order, their sections from the outside inwards, and who reads the rest.

    `operations` are numbers of items; `position` is the way back. `readers` are, for leaves and constants, the
    positions of the operations that read them.
    """

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        work = collection.kinds_of_work
        self.operations = [i for i, what in enumerate(work) if what is not None]
        self.position = {i: p for p, i in enumerate(self.operations)}
        self.readers: dict[int, list[int]] = {i: [] for i, what in enumerate(work) if what is None}
        self.sources: list[dict[Any, int]] = []  # by argument the positions of what is read, -1 for leaves, constants
        for p, i in enumerate(self.operations):
            edges = collection.items[i].edges
            pairs = ((edge.argument or k, self.position.get(edge.source, -1)) for k, edge in enumerate(edges))
            self.sources.append(dict(pairs))
            for edge in edges:
                if edge.source in self.readers:
                    self.readers[edge.source].append(p)
        self._codes: dict[Hashable, int] = {}
        self.sections = sorted(self._found(), key=lambda s: (s.start, -s.end, s.level))

    def _code(self, what: Hashable) -> int:
        return self._codes.setdefault(what, len(self._codes))

    def _found(self) -> Iterator[Section]:
        items, work = self.collection.items, self.collection.kinds_of_work
        stack = [_Open("", "", 0)]
        for p, i in enumerate(self.operations):
            path = items[i].path
            if path != stack[-1].path:
                while stack[-1].path and path != stack[-1].path and not path.startswith(f"{stack[-1].path}."):
                    yield from self._closed(stack, p)
                around = stack[-1].path
                for name in path[len(around) :].lstrip(".").split(".") if path != around else ():
                    around = _joined(around, name)
                    stack.append(_Open(around, name, p))
            top = stack[-1]
            top.codes.append(self._code(work[i]))
            top.names.append("")
            top.starts.append(p)
        while stack:
            yield from self._closed(stack, len(self.operations))

    def _closed(self, stack: list[_Open], end: int) -> Iterator[Section]:
        """The innermost open module as a section, with the runs in it; the one around it gets to know what it did."""
        done = stack.pop()
        level = done.path.count(".") + 1 if done.path else 0
        bounds = [*done.starts, end]
        sizes = [b - a for a, b in pairwise(bounds)]
        number = 0
        for run in runs_in(done.codes, sizes, WORTHWHILE) if len(done.codes) >= LEAST else ():
            length = bounds[run.start + run.period] - bounds[run.start]
            for first, count in self._wired_alike(bounds[run.start], length, run.count):
                if count < LEAST or count * length < WORTHWHILE:
                    continue
                number += 1
                at = run.start + (first - bounds[run.start]) // length * run.period
                inner = [_joined(done.path, name) if name else "" for name in done.names[at : at + run.period * count]]
                name = f"×{count}" if number == 1 else f"×{count} ({number})"
                yield Section(
                    first,
                    first + count * length,
                    level + 0.5,
                    _joined(done.path, name),
                    name,
                    count,
                    tuple(zip(inner[: run.period], done.starts[at : at + run.period], strict=True)),
                    next(filter(None, reversed(inner)), ""),
                )
        if stack:
            around = stack[-1]
            around.codes.append(self._code((*zip(done.names, done.codes, strict=True), None)))
            around.names.append(done.name)
            around.starts.append(done.start)
            yield Section(done.start, end, level, done.path, done.name)

    def _wired_alike(self, start: int, length: int, count: int) -> Iterator[tuple[int, int]]:
        """The parts of a run whose repetitions read each other, and what is around them, in the same way.

        What an operation reads from before the run may, in the next repetition, come from this one.
        """
        first = 0
        for r in range(1, count):
            begin = start + first * length
            here = start + r * length
            if not all(
                _alike(self.sources[p], self.sources[p - length], begin, length) for p in range(here, here + length)
            ):
                yield begin, r - first
                first = r
        yield start + first * length, count - first


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _alike(sources: Mapping[Any, int], before: Mapping[Any, int], begin: int, length: int) -> bool:
    """Whether an operation reads from the same places as the one a repetition before it.

    What that one had from before `begin`, or as a number, which is no source at all, can come from anywhere.
    """
    return all(b < begin or sources.get(argument, -1) - b == length for argument, b in before.items())
