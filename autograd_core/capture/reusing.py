"""Writing results where an operand lay that nobody reads again.

Knows steps and what they read last. Does not know where memory comes from.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from ..lowered import Buffer, Elementwise, Host, Piece, Product, Step
from .planning import buffers_of, read_by, with_pieces

__all__ = ["in_place"]

_LARGE = 1 << 15  # bytes from which that is worth anything


def in_place(steps: Sequence[Step], kept: Collection[Buffer]) -> list[Step]:
    """The steps with large elementwise results in the place of an operand that is as large and read here last.

    Only results that somebody reads who is not elementwise: others may never be in memory. The operand may be an array
    that a Python function returned, if nobody else holds it.
    """
    read = {piece.buffer for step in steps if isinstance(step, Host | Product) for piece in read_by(step)}
    last = {buffer: i for i, step in enumerate(steps) for buffer in buffers_of(step)}
    kept = set(kept) | {piece.buffer for step in steps for piece in getattr(step, "taken", ())}
    moved: dict[Buffer, Buffer] = {}
    found: list[Step] = []

    def now(x: Any) -> Any:
        return replace(x, buffer=moved[x.buffer]) if isinstance(x, Piece) and x.buffer in moved else x

    for i, step in enumerate(steps):
        out = step.out if isinstance(step, Elementwise) else None
        step = with_pieces(step, now)
        if (
            isinstance(step, Elementwise)
            and step.out.buffer not in moved.values()
            and out is not None
            and _may_move(out, kept)
            and out.buffer in read
        ):
            for x in step.operands:
                if not isinstance(x, Piece) or last.get(x.buffer) != i or not _takes(x, out, kept):
                    continue
                moved[out.buffer] = x.buffer
                last[x.buffer] = last[out.buffer]
                step = replace(step, out=replace(out, buffer=x.buffer))
                break
        found.append(step)
    return found


def _may_move(out: Piece, kept: Collection[Buffer]) -> bool:
    return out.buffer.kind == "temporary" and out.buffer.nbytes >= _LARGE and out.buffer not in kept


def _takes(x: Piece, out: Piece, kept: Collection[Buffer]) -> bool:
    alike = (x.shape, x.strides, x.dtype, x.offset) == (out.shape, out.strides, out.dtype, out.offset)
    whole = x.buffer.nbytes == out.buffer.nbytes
    return alike and whole and x.buffer.kind in ("temporary", "host") and x.buffer not in kept
