"""Gradient descent folded into the product that makes the gradient: ``w -= rate * (a @ b)`` as one matrix product.

Knows steps. Does not know optimizers: what is looked for is a product, multiplied by one number, and subtracted from an
array in its place, with nobody else reading what lies in between. The rate goes to the smaller factor.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from ..lowered import Buffer, Elementwise, Piece, Product, Step
from .planning import read_by, written_by

__all__ = ["folded"]


def folded(
    steps: Sequence[Step], kept: Collection[Buffer], new: Callable[[Piece], Buffer], takes: Callable[[Step], bool]
) -> list[Step]:
    """The steps with such three as two.

    `kept` are handed out; `new` makes a buffer of the size of a piece, `takes` says what can be run.
    """
    readers: dict[Buffer, list[int]] = {}
    writers: dict[Buffer, list[int]] = {}
    for i, step in enumerate(steps):
        for piece in read_by(step):
            readers.setdefault(piece.buffer, []).append(i)
        for piece in written_by(step):
            writers.setdefault(piece.buffer, []).append(i)

    def only(piece: Any, reader: int) -> Step | None:
        """The step that makes what only one step reads."""
        if not isinstance(piece, Piece) or piece.buffer.kind != "temporary" or piece.buffer in kept:
            return None
        made = writers.get(piece.buffer, [])
        if readers.get(piece.buffer) != [reader] or len(made) != 1:
            return None
        step = steps[made[0]]
        return step if not isinstance(step, Elementwise | Product) or step.out == piece else None

    found: dict[int, list[Step]] = {}
    for i, step in enumerate(steps):
        if not (isinstance(step, Elementwise) and step.name == "subtract" and step.operands[0] == step.out):
            continue
        scaled = only(step.operands[1], i)
        if not isinstance(scaled, Elementwise) or scaled.name != "multiply":
            continue
        j = writers[scaled.out.buffer][0]
        for gradient, rate in (scaled.operands, scaled.operands[::-1]):
            product = only(gradient, j)
            if isinstance(product, Product) and isinstance(rate, Piece) and not rate.shape:
                folding = _one_product(step, scaled, product, rate, new)
                k = writers[product.out.buffer][0]
                if all(map(takes, folding)) and not _disturbed(product, steps[k + 1 : i]):
                    found |= {i: folding, j: [], k: []}
                    break
    return [each for i, step in enumerate(steps) for each in found.get(i, [step])]


def _one_product(
    step: Elementwise, scaled: Elementwise, product: Product, rate: Piece, new: Callable[[Piece], Buffer]
) -> list[Step]:
    small = product.a if prod(product.a.shape) <= prod(product.b.shape) else product.b
    strides, size = [0] * len(small.shape), small.dtype.itemsize
    for axis in sorted(range(len(small.shape)), key=lambda axis: small.strides[axis]):  # in the same order of axes
        strides[axis] = size
        size *= small.shape[axis]
    place = replace(small, offset=0, strides=tuple(strides))
    place = replace(place, buffer=new(place))
    smaller = Elementwise("multiply", (small, rate), place, scaled.loop)
    a, b = (place if x is small else x for x in (product.a, product.b))
    return [smaller, Product(a, b, step.out, product.function, -product.scale, 1.0)]


def _disturbed(product: Product, between: Sequence[Step]) -> bool:
    """Whether a factor is written before the product's new place."""
    factors = {product.a.buffer, product.b.buffer}
    return bool(product.keep) or any(piece.buffer in factors for s in between for piece in written_by(s))
