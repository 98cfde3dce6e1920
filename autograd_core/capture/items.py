"""What a replay does one after the other: steps, and runs of steps that are one piece of machine code.

Knows which of them follow each other, and what each reads and writes. Does not know how any is executed.
"""

from collections.abc import Sequence
from typing import Any

from ..kernels.segments import Segment, takes
from ..lowered import Buffer, Elementwise, Fetch, Host, Step
from .blocks import Blocks
from .planning import buffers_of, kept_by_run

__all__ = ["last_uses", "segmented", "stages_of", "written_into"]


def segmented(steps: Sequence[Step], kept: set[Buffer]) -> list[Step | Segment]:
    """The steps with those that machine code can take, and that follow each other, as segments."""
    runs: list[list[Step]] = []
    native: list[bool] = []
    for step in steps:
        taken = takes(step, True)
        if not runs or not taken or not native[-1]:
            runs.append([])
            native.append(taken)
        runs[-1].append(step)
    found: list[Step | Segment] = []
    for run, taken, outside in zip(runs, native, kept_by_run(runs, kept), strict=True):
        if taken:
            segment = Segment([s for s in run if not isinstance(s, Host | Fetch)], outside, approximate=True)
            segment.writes = frozenset(b for step in run for b in written_into(step))
            found.append(segment)
        else:
            found += run
    return found


def written_into(item: Any) -> set[Buffer]:
    """The arrays from Python functions that a step writes into."""
    if isinstance(item, Segment):
        return set(item.writes)
    if isinstance(item, Blocks):
        return {step.out.buffer for step in item.steps if step.out.buffer.kind == "host"}
    return {item.out.buffer} if isinstance(item, Elementwise) and item.out.buffer.kind == "host" else set()


def stages_of(item: Any) -> list[Any]:
    """For each part of the work of an item, in its order, the buffers that it reads or writes."""
    if isinstance(item, Segment):
        return list(item.stages)
    return [{piece.buffer for piece in item.pieces}] if isinstance(item, Blocks) else [buffers_of(item)]


def last_uses(items: Sequence[Any]) -> dict[int, list[Buffer]]:
    """The buffers that each item, by its place, is the last to use."""
    last: dict[Buffer, int] = {}
    for i, item in enumerate(items):
        for stage in stages_of(item):
            for buffer in stage:
                last[buffer] = i
    found: dict[int, list[Buffer]] = {}
    for buffer, i in last.items():
        found.setdefault(i, []).append(buffer)
    return found
