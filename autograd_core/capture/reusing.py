"""Writing results where an operand lay that nobody reads again.

Knows steps and what they read last. Does not know where memory comes from.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from ..lowered import Buffer, Elementwise, Host, Piece, Product, Step
from .planning import read_by, touching, with_pieces

__all__ = ["in_place"]

_LARGE = 1 << 15  # bytes from which that is worth anything


def in_place(steps: Sequence[Step], kept: Collection[Buffer]) -> list[Step]:
    """The steps with large elementwise results in the place of an operand that is as large and read here last.

    Only results that somebody reads who is not elementwise, and what such results are made of: others may never be in
    memory. The operand may be an array that a Python function returned, if nobody else holds it.
    """
    readers, writers = touching(steps)
    needed = {piece.buffer for step in steps if isinstance(step, Host | Product) for piece in read_by(step)}
    kept = set(kept) | {piece.buffer for step in steps for piece in getattr(step, "taken", ())}
    place: dict[Buffer, Buffer] = {}
    for i, step in reversed([*enumerate(steps)]):
        if not isinstance(step, Elementwise) or not _may_move(step.out, kept) or step.out.buffer not in needed:
            continue
        if writers[step.out.buffer][0] < i:
            continue
        for x in read_by(step):
            alone = all(other == x for other in read_by(step) if other.buffer is x.buffer)
            if alone and i == max(readers[x.buffer] + writers[x.buffer]) and _takes(x, step.out, kept):
                place[step.out.buffer] = x.buffer
                needed.add(x.buffer)
                break

    def now(x: Any) -> Any:
        while isinstance(x, Piece) and x.buffer in place:
            x = replace(x, buffer=place[x.buffer])
        return x

    return [with_pieces(step, now) for step in steps]


def _may_move(out: Piece, kept: Collection[Buffer]) -> bool:
    return out.buffer.kind == "temporary" and out.buffer.nbytes >= _LARGE and out.buffer not in kept


def _takes(x: Piece, out: Piece, kept: Collection[Buffer]) -> bool:
    alike = (x.shape, x.strides, x.dtype, x.offset) == (out.shape, out.strides, out.dtype, out.offset)
    whole = x.buffer.nbytes == out.buffer.nbytes
    return alike and whole and x.buffer.kind in ("temporary", "host") and x.buffer not in kept
