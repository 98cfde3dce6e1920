"""Masks on a cotangent that comes back through a selection, put before it: on less memory, and without its argument.

Knows steps, and the names of operations that select. Does not know what is selected, nor why something is masked.

Note [Masks of what was selected]
A max-pooling's result y = S x is made of elements of x, and its cotangent g comes back as S^T g: each element goes to
where the one of y stood. A mask m(x), a relu's say, acts on that element by element. Where something arrives, x is the
y that it belongs to; elsewhere there is nothing to mask. So ``m(x) * S^T g = S^T (m(y) * g)``: the same numbers (but
for the signs of zeros) from as many as y has, and x need not be kept.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import prod
from typing import Any, TypeGuard

import numpy as np

from ..lowered import Buffer, Elementwise, Host, Number, Piece, Step
from ..op import SELECTING
from .planning import touching, with_pieces, written_by

__all__ = ["masked_before"]


def masked_before(steps: Sequence[Step], kept: Collection[Buffer], new: Callable[[Piece], Buffer]) -> list[Step]:
    """The steps with masks of a selection's argument done before its cotangent is sent back.

    `kept` are handed out; `new` makes a buffer of the size of a piece.
    """
    readers, writers = touching(steps)
    kept = set(kept) | {piece.buffer for step in steps for piece in getattr(step, "taken", ())}

    def only(piece: Any, reader: int) -> int | None:
        """Which step makes the whole of what only one step reads."""
        if not isinstance(piece, Piece) or piece.buffer in kept or readers[piece.buffer] != [reader]:
            return None
        made = writers[piece.buffer]
        return made[0] if len(made) == 1 and piece in written_by(steps[made[0]]) else None

    def selection(back: Step) -> tuple[Piece, Piece] | None:
        """Argument and result of the selection whose cotangent a step sends back, if both stay as they are."""
        found = back.inputs[-1] if isinstance(back, Host) and len(back.inputs) == 2 else None
        if not isinstance(found, Piece) or len(writers[found.buffer]) != 1:
            return None
        made = writers[found.buffer][0]
        step = steps[made]
        if not isinstance(step, Host) or step.label not in SELECTING or step.outputs[1:] != (found,):
            return None
        x, y = step.inputs[0], step.outputs[0]
        changed = any(i > made for each in (x, y) if isinstance(each, Piece) for i in writers[each.buffer])
        dense = y.buffer.nbytes == prod(y.shape) * y.dtype.itemsize
        return (x, y) if isinstance(x, Piece) and dense and not changed else None

    found: dict[int, list[Step]] = {}
    same: dict[Buffer, Buffer] = {}
    for i, step in enumerate(steps):
        if not isinstance(step, Elementwise) or step.name != "multiply" or step.out.buffer in kept:
            continue
        for spread, mask in (step.operands, step.operands[::-1]):
            j, k = only(spread, i), only(mask, i)
            if j is None or k is None or not _lies_as(step.out, spread) or writers[step.out.buffer] != [i]:
                continue
            back, masking, ends = steps[j], steps[k], selection(steps[j])
            if isinstance(back, Host) and ends is not None and _is_mask(masking, ends[0]):
                x, y = ends
                masked, g = _like(y, masking.out.dtype, new), _like(y, step.out.dtype, new)
                operands = tuple([y if each == x else each for each in masking.operands])
                found[j] = [
                    Elementwise(masking.name, operands, masked, masking.loop),
                    Elementwise("multiply", (back.inputs[0], masked), g, step.loop),
                    replace(back, inputs=(g, *back.inputs[1:])),
                ]
                found[i] = found[k] = []
                same[step.out.buffer] = back.outputs[0].buffer
                break

    def now(x: Any) -> Any:
        return replace(x, buffer=same[x.buffer]) if isinstance(x, Piece) and x.buffer in same else x

    return [with_pieces(each, now) for i, step in enumerate(steps) for each in found.get(i, [step])]


def _is_mask(step: Step, x: Piece) -> TypeGuard[Elementwise]:
    """Whether a step compares x with numbers."""
    if not isinstance(step, Elementwise) or step.out.dtype != bool:
        return False
    return all(isinstance(each, Number) or each == x for each in step.operands)


def _lies_as(a: Piece, b: Any) -> bool:
    return bool(replace(a, buffer=b.buffer) == b)


def _like(piece: Piece, dtype: np.dtype[Any], new: Callable[[Piece], Buffer]) -> Piece:
    """A new piece with the axes of another one in their order."""
    strides = tuple([stride // piece.dtype.itemsize * dtype.itemsize for stride in piece.strides])
    piece = replace(piece, offset=0, strides=strides, dtype=dtype)
    return replace(piece, buffer=new(piece))
