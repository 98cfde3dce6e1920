"""Elementwise steps on large arrays, done block by block, so that what lies between them stays in the cache.

Knows steps and NumPy. Does not know plans. The numbers are those of the steps one after the other, bit for bit; what is
only needed in between has no memory but that of one block.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from math import prod
from typing import Any, TypeGuard

import numpy as np

from ..lowered import Buffer, Elementwise, Number, Piece, Reduce, Step
from .planning import buffers_of, kept_by_run, read_by, written_by

__all__ = ["Blocks", "blocked", "quietly"]

BLOCK = 1 << 14  # numbers: several arrays of so many fit into a first- and second-level cache
_LARGE = 1 << 16  # numbers from which that is worth a loop in Python


def quietly(parts: Iterable[tuple[Any, Sequence[str]]], depth: int) -> str:
    """The lines of steps, so far indented; where the code of steps ignores errors, they stand within np.errstate.

    Neighbours that ignore the same share it, as it takes as long as a step on few numbers.
    """
    text, open_for = "", frozenset[str]()
    for step, lines in parts:
        silent = isinstance(step, Elementwise) and (step.name == "where" or step.out.dtype == bool)  # never warns
        quiet = open_for if silent else getattr(step, "quiet", frozenset())
        if quiet and quiet != open_for:
            ignored = ", ".join(f"{kind}='ignore'" for kind in sorted(quiet))
            text += f"{'    ' * depth}with errstate({ignored}):\n"
        text += "".join(f"{'    ' * (depth + bool(quiet))}{line}\n" for line in lines)
        open_for = quiet
    return text


class Blocks:
    """Neighbouring elementwise steps on arrays that lie alike.

    pieces      what lies outside, each as one row of numbers, in the order in which `run` takes it
    run         does the steps
    inner       buffers that have no memory of their own
    """

    def __init__(self, steps: Sequence[Elementwise], kept: Collection[Buffer]) -> None:
        self.steps = steps
        self.size = prod(steps[0].out.shape)
        self.inner = {b for step in steps for b in buffers_of(step) if b.kind == "temporary" and b not in kept}
        self.pieces: list[Piece] = []
        self.run = self._compiled()

    def _compiled(self) -> Callable[..., None]:
        names: dict[str, Any] = {"copyto": np.copyto, "errstate": np.errstate}
        rows: dict[Piece, str] = {}
        own: dict[tuple[Buffer, Any], str] = {}
        body = []

        def row(x: Any) -> str:
            if isinstance(x, Number):
                name = f"n{len(names)}"
                names[name] = np.array(x.value, x.dtype)
                return name
            if x.buffer in self.inner:
                if (x.buffer, x.dtype) not in own:
                    own[x.buffer, x.dtype] = name = f"s{len(names)}"
                    names[name] = np.empty(BLOCK, x.dtype)
                return f"{own[x.buffer, x.dtype]}[:m]"
            if not any(x.strides):  # one number for all
                flat = replace(x, shape=(), strides=())
                rows.setdefault(flat, f"p{len(rows)}")
                return rows[flat]
            flat = replace(x, shape=(self.size,), strides=(x.dtype.itemsize,))
            rows.setdefault(flat, f"p{len(rows)}")
            return f"{rows[flat]}[i:j]"

        for step in self.steps:
            operands, out = [row(x) for x in step.operands], row(step.out)
            if step.name == "copy":
                lines = [f"copyto({out}, {operands[0]}, 'unsafe')"]
            elif step.name == "where":
                lines = [f"copyto({out}, {operands[2]})", f"copyto({out}, {operands[1]}, 'same_kind', {operands[0]})"]
            else:
                name = f"{step.name}{len(names)}"
                names[name] = getattr(np, step.name)
                lines = [f"{name}({', '.join(operands)}, out={out})"]
            body.append((step, lines))
        self.pieces = list(rows)
        source = (
            f"def run({', '.join(rows.values())}):\n"
            f"    for i in range(0, {self.size}, {BLOCK}):\n"
            f"        j = min(i + {BLOCK}, {self.size})\n"
            f"        m = j - i\n{quietly(body, 2)}"
        )
        exec(source, names)
        run: Callable[..., None] = names["run"]
        return run


def blocked(steps: Sequence[Step], kept: set[Buffer]) -> list[Step | Blocks]:
    """The steps, with those that can be done in blocks together put together."""
    runs: list[list[Step]] = []
    late: list[Step] = []  # reductions that stand between steps which do not need them
    for step in steps:
        if runs and _belongs(step, runs[-1][-1]) and not any(_depends(step, other) for other in late):
            runs[-1].append(step)
        elif runs and isinstance(step, Reduce) and _lies_well(runs[-1][-1]):
            late.append(step)
        else:
            runs += [[other] for other in late]
            late = []
            runs.append([step])
    runs += [[other] for other in late]
    found: list[Step | Blocks] = []
    for run, outside in zip(runs, kept_by_run(runs, kept), strict=True):
        if len(run) < 2:
            found += run
        else:
            found.append(Blocks([s for s in run if isinstance(s, Elementwise)], outside))
    return found


def _depends(step: Step, other: Step) -> bool:
    """Whether a step cannot change places with one before it."""
    read, written = ({p.buffer for p in pieces} for pieces in (read_by(step), written_by(step)))
    before_read, before_written = ({p.buffer for p in pieces} for pieces in (read_by(other), written_by(other)))
    return bool(read & before_written or written & (before_read | before_written))


def _belongs(step: Step, before: Step) -> bool:
    return _lies_well(step) and _lies_well(before) and step.out.shape == before.out.shape


def _lies_well(step: Step) -> TypeGuard[Elementwise]:
    """Whether a step goes through arrays that are large, dense, and all in the same order; or single numbers."""
    if not isinstance(step, Elementwise) or prod(step.out.shape) < _LARGE or not _is_row(step.out):
        return False
    n = step.out.dtype.itemsize
    order = [stride // n for stride in step.out.strides]
    for x in step.operands:
        alike = not isinstance(x, Piece) or [s / x.dtype.itemsize for s in x.strides] == order
        if isinstance(x, Piece) and any(x.strides) and (x.shape != step.out.shape or not alike):
            return False
    return True


def _is_row(piece: Piece) -> bool:
    """Whether an array fills its memory without gaps or repetition, in whatever order of axes."""
    expected = piece.dtype.itemsize
    for stride, n in sorted(zip(piece.strides, piece.shape, strict=True)):
        if n > 1:
            if stride != expected:
                return False
            expected *= n
    return True
