"""Which steps share a nest of loops: steps in the order of a program become fewer, larger pieces of work.

Knows which memory steps read and write, and so which of them may be computed together, element by element. Does not
know what they compute, or machine code.

Note [Joining a nest]
A step may join an earlier nest if the nest runs over the same elements, and everything that the step reads or
overwrites is either done with in the nests before, or is the same element of the same round: the very piece that a step
of the nest reads or writes. An elementwise step joins only across nests, a reduction across matrix products too: all it
reads is there already, and what it writes is small.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeAlias

import numpy as np

from ..lowered import Buffer, Elementwise, Number, Piece, Product, Reduce

__all__ = ["Access", "Line", "Nest", "grouped"]

Type: TypeAlias = np.dtype[Any]

_LOOK_BACK = 8  # nests that are looked at for one more step
_MANY = 1000  # lines from which a nest takes no more: LLVM's time grows faster than they do


@dataclass(frozen=True, slots=True)
class Access:
    """What a step reads or writes at each point of a nest's space: one stride in bytes for each of its axes."""

    buffer: Buffer
    offset: int
    strides: tuple[int, ...]
    dtype: Type


@dataclass(slots=True)
class Line:
    """One step of a nest: a function of accesses and numbers. `reduces` are the nest's axes that vanish in `out`."""

    name: str
    operands: tuple[Access | Number, ...]
    out: Access
    loop: tuple[Type, ...]
    reduces: tuple[int, ...] = ()


@dataclass(slots=True)
class Nest:
    """Lines over one space, to be computed point by point, in any order of the points."""

    shape: tuple[int, ...]
    lines: list[Line] = field(default_factory=list)
    written: dict[Buffer, list[Access]] = field(default_factory=dict)
    read: dict[Buffer, list[Access]] = field(default_factory=dict)
    reduced: set[Buffer] = field(default_factory=set)

    @property
    def size(self) -> int:
        return prod(self.shape)

    def add(self, line: Line) -> None:
        self.lines.append(line)
        for access in line.operands:
            if isinstance(access, Access):
                known = self.read.setdefault(access.buffer, [])
                if access not in known:
                    known.append(access)
        known = self.written.setdefault(line.out.buffer, [])
        if line.out not in known:
            known.append(line.out)
        if line.reduces:
            self.reduced.add(line.out.buffer)

    def takes(self, line: Line) -> bool:
        """Whether a line over the nest's space meets only its own elements here."""
        if self.reduced and any(buffer in self.reduced for buffer in _buffers(line)):
            return False
        for access in line.operands:
            if isinstance(access, Access) and not _same_or_apart(access, self.written.get(access.buffer), self.shape):
                return False
        out = line.out
        if line.reduces:
            return out.buffer not in self.written and out.buffer not in self.read
        return _same_or_apart(out, self.written.get(out.buffer), self.shape) and _same_or_apart(
            out, self.read.get(out.buffer), self.shape
        )


def grouped(steps: Sequence[Elementwise | Reduce | Product]) -> list[Nest | Product]:
    """The steps, as nests and matrix products, in an order in which they may be done."""
    groups: list[Nest | Product] = []
    last_write: dict[Buffer, int] = {}  # the last group that writes any of a buffer
    last_read: dict[Buffer, int] = {}
    for step in steps:
        if isinstance(step, Product):
            groups.append(step)
            here = len(groups) - 1
            for piece in step.operands:
                last_read[piece.buffer] = here
            last_write[step.out.buffer] = here
            continue
        shape, line = _line(step)
        if not prod(shape) and not line.reduces:
            continue
        first = max(
            [last_write.get(buffer, -1) for buffer in _buffers(line)] + [last_read.get(line.out.buffer, -1)], default=-1
        )
        place = _place(groups, shape, line, first)
        here = len(groups) if place is None else place
        if place is None:
            nest = Nest(shape)
            groups.append(nest)
            nest.add(line)
        for operand in line.operands:
            if isinstance(operand, Access):
                last_read[operand.buffer] = max(here, last_read.get(operand.buffer, -1))
        last_write[line.out.buffer] = max(here, last_write.get(line.out.buffer, -1))
    return groups


def _place(groups: list[Nest | Product], shape: tuple[int, ...], line: Line, first: int) -> int | None:
    """Add the line to a nest that may have it, from the last one back to the first that may; say which."""
    for here in range(len(groups) - 1, max(first, len(groups) - _LOOK_BACK, 0) - 1, -1):
        group = groups[here]
        if isinstance(group, Product):
            if not line.reduces:
                return None
            continue
        if len(group.lines) >= _MANY:
            continue
        joined = line if group.shape == shape else _joined(group, shape, line)
        if joined is not None and group.takes(joined):
            group.add(joined)
            return here
    return None


def _joined(nest: Nest, shape: tuple[int, ...], line: Line) -> Line | None:
    """The line over the nest's space, where that has as many elements; the nest may take on the line's instead."""
    if prod(nest.shape) != prod(shape) or nest.size < 2:
        return None
    reshaped = _reshaped(line, shape, nest.shape)
    if reshaped is not None:
        return reshaped
    other = Nest(shape)
    for each in nest.lines:
        moved = _reshaped(each, nest.shape, shape)
        if moved is None:
            return None
        other.add(moved)
    if not other.takes(line):
        return None
    nest.shape, nest.lines, nest.written, nest.read, nest.reduced = (
        other.shape, other.lines, other.written, other.read, other.reduced,
    )  # fmt: skip
    return line


def _reshaped(line: Line, shape: tuple[int, ...], target: tuple[int, ...]) -> Line | None:
    if line.reduces:
        return None
    operands: list[Access | Number] = []
    for each in line.operands:
        operand = _reshaped_access(each, shape, target) if isinstance(each, Access) else each
        if operand is None:
            return None
        operands.append(operand)
    out = _reshaped_access(line.out, shape, target)
    return None if out is None else Line(line.name, tuple(operands), out, line.loop)


def _reshaped_access(access: Access, shape: tuple[int, ...], target: tuple[int, ...]) -> Access | None:
    """The same elements in the same order over another shape, where strides can say that."""
    strides: list[int] = []
    runs = _runs(shape, access.strides)
    for size in reversed(target):
        if not runs:
            return None
        length, stride = runs.pop()
        if length % size:
            return None
        strides.insert(0, stride)
        if length > size:
            runs.append((length // size, stride * size))
    return Access(access.buffer, access.offset, tuple(strides), access.dtype)


def _runs(shape: Sequence[int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """Axes with those joined that lie behind each other in memory: (length, stride)."""
    runs: list[tuple[int, int]] = []
    for length, stride in zip(shape, strides, strict=True):
        if runs and runs[-1][1] == stride * length:
            runs[-1] = (runs[-1][0] * length, stride)
        else:
            runs.append((length, stride))
    return runs


def _line(step: Elementwise | Reduce) -> tuple[tuple[int, ...], Line]:
    """A step as a line over a space without axes of length 1."""
    if isinstance(step, Reduce):
        full = step.operand.shape
        axes = tuple(axis % len(full) for axis in step.axes) if full else ()
        own = iter(step.out.strides)
        out_strides = [0 if axis in axes else next(own) for axis in range(len(full))]
        kept_axes = [axis for axis, length in enumerate(full) if length != 1]
        shape = tuple([full[axis] for axis in kept_axes])
        operand = Access(
            step.operand.buffer, step.operand.offset, tuple([step.operand.strides[axis] for axis in kept_axes]),
            step.operand.dtype,
        )  # fmt: skip
        out = Access(step.out.buffer, step.out.offset, tuple([out_strides[axis] for axis in kept_axes]), step.out.dtype)
        reduces = tuple([i for i, axis in enumerate(kept_axes) if axis in axes])
        loop = (step.out.dtype, step.out.dtype)
        name = step.name if reduces else "copy"
        return shape, Line(name, (operand,), out, loop, reduces)
    full = step.out.shape
    kept = [axis for axis, length in enumerate(full) if length != 1] if 1 in full else None
    shape = full if kept is None else tuple([full[axis] for axis in kept])
    operands = tuple([each if isinstance(each, Number) else _access(each, full, kept) for each in step.operands])
    return shape, Line(step.name, operands, _access(step.out, full, kept), step.loop)


def _access(piece: Piece, full: tuple[int, ...], kept_axes: list[int] | None) -> Access:
    """A piece as it is broadcast to a shape, of which some axes are kept."""
    strides = piece.strides
    if piece.shape != full:
        strides = (0,) * (len(full) - len(strides)) + tuple(
            [0 if length == 1 else stride for length, stride in zip(piece.shape, strides, strict=True)]
        )
    if kept_axes is not None:
        strides = tuple([strides[axis] for axis in kept_axes])
    return Access(piece.buffer, piece.offset, strides, piece.dtype)


def _buffers(line: Line) -> list[Buffer]:
    return [line.out.buffer, *(each.buffer for each in line.operands if isinstance(each, Access))]


def _same_or_apart(access: Access, others: list[Access] | None, shape: tuple[int, ...]) -> bool:
    if not others or (len(others) == 1 and others[0] == access):
        return True
    low, high = _extent(access, shape)
    for other in others:
        if other != access:
            other_low, other_high = _extent(other, shape)
            if low < other_high and other_low < high:
                return False
    return True


def _extent(access: Access, shape: tuple[int, ...]) -> tuple[int, int]:
    """The bytes from the first to behind the last that an access can touch."""
    low = high = access.offset
    for length, stride in zip(shape, access.strides, strict=True):
        if stride < 0:
            low += stride * (length - 1)
        else:
            high += stride * (length - 1)
    return low, high + access.dtype.itemsize
