"""From a nest of steps to loops over vectors of numbers, as LLVM IR.

Knows strides and vectors. Does not know which steps share a nest, or who calls the code.

Note [The innermost axis]
The axes of a nest are put in the order of memory, and those that lie behind each other in every array become one. Along
the last one, all lines are computed for one vector of numbers at a time, and what a line computes stays in a register
for the next. The vector is as wide as several of the processor's: LLVM makes of each line as many instructions, which
do not wait for each other. What is left behind the last wide vector is computed in the processor's own, the last of
them with a mask. A number that is the same all along the axis is read before.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..lowered import Buffer, Number
from .accumulators import combined, corrected, horizontal, loses, pairwise, rounded_off
from .arithmetic import convert, where
from .branching import Loop, when
from .elementwise import computed, identity
from .emitting import BOOL, Function, Value, full
from .nests import Access, Line, Nest
from .vectors import first_lanes, in_memory, loaded, moved, shuffled, splat, stored

__all__ = ["NestCode"]

Type: TypeAlias = np.dtype[Any]

_BLOCK = 4096  # numbers that are added up in one go
_LONG = 100  # lines whose results registers have no room for
_MOST = 4  # of the processor's vectors that are computed at a time
_LONGEST = 6000  # instructions that are worth compiling


class NestCode:
    """The loops of a nest, ready to be written into a function.

    `leaves` says whether anybody reads a buffer that is written here, so that it must be in memory in the end.
    """

    def __init__(self, nest: Nest, leaves: Callable[[Buffer], bool], vector_bytes: int) -> None:
        self.nest = nest
        self.loads: list[Access] = []
        self.stores: list[Access] = []
        self.reductions: list[Line] = []
        seen: set[Access] = set()
        stored: dict[Access, None] = {}
        for line in nest.lines:
            for each in line.operands:
                if isinstance(each, Access) and each not in seen:
                    seen.add(each)
                    self.loads.append(each)
            if line.reduces:
                self.reductions.append(line)
            else:
                seen.add(line.out)
                if leaves(line.out.buffer):
                    stored[line.out] = None
        self.stores, self.stored = list(stored), stored
        self._order_axes()
        self.lanes = self._choose_lanes(vector_bytes)
        self.wide = self.lanes * self._choose_width()

    # -- what there is to do

    def _order_axes(self) -> None:
        """Put the axes in the order of memory, and join those that lie behind each other."""
        shape = self.nest.shape
        accesses = list(dict.fromkeys([*self.loads, *self.stores, *(line.out for line in self.reductions)]))
        axes = list(range(len(shape)))
        if len(axes) > 1:
            inner = max(axes, key=lambda axis: (_score(accesses, axis, shape[axis]), axis))
            axes.remove(inner)
            axes.sort(key=lambda axis: -max(abs(access.strides[axis]) for access in accesses))
            axes.append(inner)
        runs: list[list[int]] = []  # axes that are one
        lengths: list[int] = []
        strides: dict[Access, list[int]] = {access: [] for access in accesses}
        for axis in axes:
            length = shape[axis]
            if runs and all(strides[access][-1] == access.strides[axis] * length for access in accesses):
                runs[-1].append(axis)
                lengths[-1] *= length
                for access in accesses:
                    strides[access][-1] = access.strides[axis]
            else:
                runs.append([axis])
                lengths.append(length)
                for access in accesses:
                    strides[access].append(access.strides[axis])
        if not runs:
            runs, lengths = [[]], [1]
            for access in accesses:
                strides[access].append(0)
        self.outer, self.length = lengths[:-1], lengths[-1]
        self.strides = strides
        place = {axis: at for at, run in enumerate(runs) for axis in run}
        self.reduced_axes = [{place[axis] for axis in line.reduces} for line in self.reductions]

    def _choose_lanes(self, vector_bytes: int) -> int:
        types = {dtype for line in self.nest.lines for dtype in (*line.loop, line.out.dtype)} - {BOOL}
        lanes = vector_bytes // max([dtype.itemsize for dtype in types], default=1)
        while lanes > 1 and lanes // 2 >= self.length:
            lanes //= 2
        return lanes

    def _choose_width(self) -> int:
        """How many of the processor's vectors are computed at a time.

        More than there are if they are few and not all full: then they are computed together, one beside the other.
        """
        vectors = -(-self.length // self.lanes)
        if vectors <= _MOST:
            return vectors if vectors in (1, 2, _MOST) and self.length == vectors * self.lanes else _MOST
        return next((n for n in (_MOST, 2) if n * len(self.nest.lines) <= _LONGEST), 1)

    @property
    def whole(self) -> int:
        """The numbers along the innermost axis that are computed in wide vectors."""
        return self.length // self.wide * self.wide if self.length > self.lanes else 0

    # -- code

    def write(
        self, function: Function, bases: Callable[[Buffer], str], *, part: tuple[str, str] | None = None,
        inline: bool = False,
    ) -> None:  # fmt: skip
        """Write the loops. `part` are registers with the first round (or row) to do and the one to stop at."""
        self.function, self.inline, self.part = function, inline, part
        if not self.nest.size:
            return
        self.hoisted: dict[Access, Value] = {}

        def pointer(access: Access) -> str:
            return moved(function, bases(access.buffer), access.offset)

        if self._is_straight:
            self._innermost(_WhenAsked(pointer))
            return
        accesses = dict.fromkeys([*self.loads, *self.stores, *(line.out for line in self.reductions)])
        self._level(0, {access: pointer(access) for access in accesses})

    @property
    def _is_straight(self) -> bool:
        """Whether there is no loop: then what is read need not be read before it is needed."""
        return not self.outer and not self.whole and self.part is None

    def _level(self, level: int, pointers: dict[Access, str]) -> None:
        """What stands inside the first `level` loops."""
        for access in self.loads:
            *outer, inner = self.strides[access]
            is_same = not any(outer[level:]) and (not inner or self.length <= self.lanes)
            if is_same and access not in self.hoisted:
                lanes = self.wide if self.whole else self.lanes
                self.hoisted[access] = self._load(access, pointers[access], 0, self._last(), lanes)
        if level == len(self.outer):
            self._innermost(pointers)
            return
        begin, end = self.part if self.part and level == 0 else ("0", str(self.outer[level]))
        loop = Loop(self.function, begin, end, 1)
        self._level(level + 1, self._entered(level, loop.index, pointers))
        loop.close()

    def _entered(self, level: int, index: str, pointers: dict[Access, str]) -> dict[Access, str]:
        inside = dict(pointers)
        for access, pointer in pointers.items():
            stride = self.strides[access][level]
            if stride:
                distance = self.function.text_value(f"mul i64 {index}, {stride}")
                inside[access] = self.function.text_value(f"getelementptr i8, ptr {pointer}, i64 {distance}")
        return inside

    def _last(self) -> int:
        """How many lanes of the last vector are there."""
        return self.length % self.lanes or self.lanes

    def _innermost(self, pointers: dict[Access, str]) -> None:
        inner = len(self.outer)
        along = [line for line, axes in zip(self.reductions, self.reduced_axes, strict=True) if inner in axes]
        totals: dict[int, Value] = {}
        dynamic = self.part is not None and not self.outer
        if self.whole:
            if dynamic:
                assert self.part is not None
                begin = self.function.text_value(f"mul i64 {self.part[0]}, {self.wide}")
                end = self.function.text_value(f"mul i64 {self.part[1]}, {self.wide}")
            else:
                begin, end = "0", str(self.whole)
            if along and (dynamic or self.whole > 2 * _BLOCK):
                totals = self._blocks(pointers, along, begin, end)
            else:
                totals = self._rounds(pointers, along, begin, end)
        if self.whole < self.length:
            if dynamic:  # only in the last part
                totals = self._if_last(pointers, along, totals, end)
            else:
                totals = self._rest(pointers, along, totals)
        self._finish(pointers, along, totals)

    def _rounds(self, pointers: dict[Access, str], along: list[Line], begin: str, end: str) -> dict[int, Value]:
        """The loop over wide vectors; the total of each reduction, as one number."""
        function = self.function
        loop = Loop(function, begin, end, self.wide, [self._neutral(line, self.wide) for line in along])
        here = {
            access: function.text_value(
                f"getelementptr {in_memory(access.dtype, 1)}, ptr {pointer}, i64 {loop.index}"
                if self.strides[access][-1] == access.dtype.itemsize
                else f"getelementptr i8, ptr {pointer}, i64 "
                + function.text_value(f"mul i64 {loop.index}, {self.strides[access][-1]}")
            )
            if self.strides[access][-1]
            else pointer
            for access, pointer in pointers.items()
        }
        (found,) = self._vectors(here, [(0, self.wide)], self.wide)
        sums = [combined(line, total, found[id(line)]) for line, total in zip(along, loop.carried, strict=True)]
        loop.close(sums)
        return {id(line): horizontal(line, total) for line, total in zip(along, sums, strict=True)}

    def _blocks(self, pointers: dict[Access, str], along: list[Line], begin: str, end: str) -> dict[int, Value]:
        """The same, block by block."""
        function = self.function
        block = max(1, _BLOCK // self.wide) * self.wide
        starts = [self._neutral(line, 1) for line in along] + [
            full(function, 0, line.out.dtype, 1) for line in along if loses(line)
        ]
        loop = Loop(function, begin, end, block, starts)
        behind = function.text_value(f"add i64 {loop.index}, {block}")
        stop = function.text_value(f"call i64 @llvm.smin.i64(i64 {behind}, i64 {end})")
        function.module.declare("llvm.smin.i64", "i64", ["i64", "i64"])
        found = self._rounds(pointers, along, loop.index, stop)
        sums, lost = list(loop.carried[: len(along)]), list(loop.carried[len(along) :])
        errors = iter(range(len(lost)))
        for at, line in enumerate(along):
            new = combined(line, sums[at], found[id(line)])
            if loses(line):
                error = next(errors)
                lost[error] = lost[error] + rounded_off(sums[at], found[id(line)], new)
            sums[at] = new
        loop.close(sums + lost)
        errors = iter(range(len(lost)))
        return {
            id(line): corrected(sums[at], lost[next(errors)]) if loses(line) else sums[at]
            for at, line in enumerate(along)
        }

    def _rest(self, pointers: dict[Access, str], along: list[Line], totals: dict[int, Value]) -> dict[int, Value]:
        """What is left behind the last wide vector: some of the processor's, the last of which may be short."""
        parts: dict[int, list[Value]] = {id(line): [] for line in along}
        places = [(begin, min(self.lanes, self.length - begin)) for begin in range(self.whole, self.length, self.lanes)]
        for (_, present), values in zip(places, self._vectors(pointers, places, self.lanes), strict=True):
            for line in along:
                value = values[id(line)]
                if present < self.lanes:
                    lanes = first_lanes(self.function, present, self.lanes)
                    value = where(lanes, value, self._neutral(line, self.lanes))
                parts[id(line)].append(value)
        found = {id(line): horizontal(line, pairwise(line, parts[id(line)])) for line in along}
        if totals:
            found = {id(line): combined(line, totals[id(line)], found[id(line)]) for line in along}
        return found

    def _if_last(
        self, pointers: dict[Access, str], along: list[Line], totals: dict[int, Value], end: str
    ) -> dict[int, Value]:
        last = self.function.value(f"icmp eq i64 {end}, {self.whole}", BOOL, 1)
        with when(last, [totals[id(line)] for line in along]) as found:
            found[:] = self._rest(pointers, along, totals).values()
        return {id(line): total for line, total in zip(along, found, strict=True)}

    def _vectors(
        self, pointers: dict[Access, str], places: Sequence[tuple[int, int]], lanes: int
    ) -> list[dict[int, Value]]:
        """All lines for some vectors, each with its distance from the pointers and how many of its lanes are there.

        Line by line, so that the vectors do not wait for each other. Returns the operands of the reductions for each.
        """
        known = [{access: shuffled(value, range(lanes)) for access, value in self.hoisted.items()} for _ in places]
        reduced: list[dict[int, Value]] = [{} for _ in places]
        # what many lines compute has no room in registers: it goes to memory as soon as it is there
        last = {line.out: line for line in self.nest.lines} if len(self.nest.lines) > _LONG else {}
        for line in self.nest.lines:
            for at, (index, present) in enumerate(places):
                operands = []
                for each, dtype in zip(line.operands, line.loop, strict=False):
                    if isinstance(each, Number):
                        operands.append(full(self.function, each.value, dtype, lanes))
                        continue
                    value = known[at].get(each)
                    if value is None:
                        value = known[at][each] = self._load(each, pointers[each], index, present, lanes)
                        if not self.strides[each][-1]:  # the same for all vectors
                            for others in known:
                                others[each] = value
                    operands.append(convert(value, dtype))
                if line.reduces:
                    reduced[at][id(line)] = operands[0]
                else:
                    result = computed(line.name, operands, line.loop, inline=self.inline)
                    known[at][line.out] = result = convert(result, line.out.dtype)
                    if last.get(line.out) is line and line.out in self.stored:
                        self._store(result, line.out, pointers[line.out], index, present)
        for at, (index, present) in enumerate(places):
            for access in self.stores if not last else ():
                self._store(known[at][access], access, pointers[access], index, present)
            for line, axes in zip(self.reductions, self.reduced_axes, strict=True):
                if len(self.outer) not in axes:
                    value = reduced[at][id(line)]
                    if axes:
                        before = self._load(line.out, pointers[line.out], index, present, lanes)
                        value = combined(line, before, value)
                    self._store(value, line.out, pointers[line.out], index, present)
        return reduced

    def _finish(self, pointers: dict[Access, str], along: list[Line], totals: dict[int, Value]) -> None:
        """Put the totals along the innermost axis into memory."""
        for line, axes in zip(self.reductions, self.reduced_axes, strict=True):
            if line in along:
                total, pointer = totals[id(line)], pointers[line.out]
                if self.accumulates(line, axes):
                    total = combined(line, loaded(self.function, pointer, line.out.dtype), total)
                stored(total, pointer)

    def accumulates(self, line: Line, axes: set[int]) -> bool:
        """Whether the result of a reduction is made in several rounds of the outer loops, so that it needs a start."""
        return any(axis < len(self.outer) for axis in axes)

    def starts(self) -> list[Nest]:
        """Nests that give reductions their first value, to be done before."""
        nests = []
        for line, axes in zip(self.reductions, self.reduced_axes, strict=True):
            if self.accumulates(line, axes) or not self.nest.size:
                kept = [axis for axis in range(len(self.nest.shape)) if axis not in line.reduces]
                nest = Nest(tuple([self.nest.shape[axis] for axis in kept]))
                dtype = line.out.dtype
                out = Access(line.out.buffer, line.out.offset, tuple([line.out.strides[axis] for axis in kept]), dtype)
                nest.add(Line("copy", (Number(identity(line.name, dtype), dtype),), out, (dtype, dtype)))
                nests.append(nest)
        return nests

    def _load(self, access: Access, pointer: str, index: int, present: int, lanes: int) -> Value:
        stride = self.strides[access][-1]
        if not stride:
            return splat(self.function, pointer, access.dtype, lanes)
        place = moved(self.function, pointer, index * stride)
        return loaded(self.function, place, access.dtype, lanes, present, stride)

    def _store(self, value: Value, access: Access, pointer: str, index: int, present: int) -> None:
        stride = self.strides[access][-1]
        stored(value, moved(self.function, pointer, index * stride), present, stride)

    def _neutral(self, line: Line, lanes: int) -> Value:
        return full(self.function, identity(line.name, line.out.dtype), line.out.dtype, lanes)


class _WhenAsked(dict[Access, str]):
    """Pointers that are made when they are first asked for."""

    def __init__(self, pointer: Callable[[Access], str]) -> None:
        super().__init__()
        self._pointer = pointer

    def __missing__(self, access: Access) -> str:
        self[access] = found = self._pointer(access)
        return found


def _score(accesses: list[Access], axis: int, length: int) -> tuple[float, ...]:
    """How well an axis would do as the innermost: numbers side by side count, and that there are many.

    Numbers far apart are fetched one by one, which takes as long as several whole vectors.
    """
    dense = sum(access.strides[axis] == access.dtype.itemsize for access in accesses)
    scattered = sum(access.strides[axis] not in (0, access.dtype.itemsize) for access in accesses)
    return (dense - 8 * scattered) * min(length, 16), length
