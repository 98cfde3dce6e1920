"""What follows a matrix product, folded into it: a bias, relu, relu's gradient, and a step of gradient descent.

Knows steps. Does not know layers or optimizers. What is looked for is the next step that touches a product's result,
if nobody else reads that: ``out + bias`` with a bias for each column, ``maximum(out, 0)``, ``out * (x > 0)``,
``out * rate`` with one number, and ``w -= out``. One product may take in several, one after the other.
"""

from bisect import bisect
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import prod

from ..lowered import Buffer, Elementwise, Number, Operand, Piece, Product, Step
from .planning import touching

__all__ = ["folded"]


def folded(steps: Sequence[Step], kept: Collection[Buffer], takes: Callable[[Step], bool]) -> list[Step]:
    """The steps with what follows products folded into them. `kept` are handed out; `takes` says what can be run."""
    uses = _Uses(steps)
    found: dict[int, Step] = dict(enumerate(steps))
    for i, step in enumerate(steps):
        here = began = i
        while isinstance(step, Product):
            there = uses.after(here, step.out.buffer)
            larger = None if there is None else _joined(step, here, found[there], there, uses)
            if there is None or larger is None or not takes(larger):
                break
            if larger.out != step.out:
                out = step.out.buffer
                others = uses.after(-1, out) != began or uses.after(there, out) is not None
                if others or out.kind != "temporary" or out in kept:
                    break
                began = there
            del found[here]
            found[there], here, step = larger, there, larger
    return [found[i] for i in sorted(found)]


class _Uses:
    """Where buffers are read and written."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        readers, self.written = touching(steps)
        self._touched = {b: sorted(readers[b] + self.written[b]) for b in {*readers, *self.written}}

    def after(self, i: int, buffer: Buffer) -> int | None:
        """The first step behind one that touches a buffer."""
        places = self._touched.get(buffer, [])
        at = bisect(places, i)
        return places[at] if at < len(places) else None

    def changes(self, buffer: Buffer, start: int, stop: int) -> bool:
        """Whether a step behind `start` and before `stop` writes into a buffer."""
        places = self.written[buffer]
        at = bisect(places, start)
        return at < len(places) and places[at] < stop


def _joined(product: Product, here: int, step: Step, there: int, uses: _Uses) -> Product | None:
    """The product that computes the step as well, at the place of the step; None if there is none."""
    if not isinstance(step, Elementwise) or any(uses.changes(x.buffer, here, there) for x in product.operands):
        return None
    out, dtype = step.out, product.out.dtype
    if len(step.operands) != 2 or out.dtype != dtype or any(each != dtype for each in step.loop):
        return None
    first, second = step.operands
    if out.shape != product.out.shape or first == second:
        return None
    if step.name == "subtract":
        descends = (first, second) == (out, product.out) and not (product.keep or _ends(product))
        larger = replace(product, out=out, scale=-product.scale, keep=1.0) if descends else None
    elif product.out in (first, second):
        larger = _with(product, step.name, second if first == product.out else first, out, there, uses)
    else:
        return None
    if larger is None:
        return None
    read = (larger.a, larger.b, larger.rate, larger.bias, larger.gate)
    return None if any(x is not None and x.buffer is out.buffer for x in read) else larger


def _with(product: Product, name: str, other: Operand, out: Piece, there: int, uses: _Uses) -> Product | None:
    """The product with an operation that has another operand beside its result."""
    if product.keep or product.gate is not None:
        return None
    if name == "maximum" and isinstance(other, Number) and other.value == 0:
        return replace(product, out=out, relu=True)
    if not isinstance(other, Piece) or product.relu:
        return None
    if name == "add" and product.bias is None and other.shape and other.dtype == out.dtype:
        *rows, columns = other.shape
        if all(n == 1 for n in rows) and len(rows) < len(out.shape) and columns == out.shape[-1]:
            bias = replace(other, shape=(columns,), strides=other.strides[-1:])
            return replace(product, out=out, bias=bias)
    if name == "multiply":
        if prod(other.shape) == 1:
            if _ends(product) or product.rate or other.dtype != out.dtype:
                return None
            return replace(product, out=out, rate=replace(other, shape=(), strides=()))
        x = _above_zero(other, out, there, uses)
        return None if x is None else replace(product, out=out, gate=x)
    return None


def _ends(product: Product) -> bool:
    """Whether something comes behind the factor that a product is multiplied by."""
    return product.bias is not None or product.relu or product.gate is not None


def _above_zero(truth: Piece, out: Piece, there: int, uses: _Uses) -> Piece | None:
    """The x that ``x > 0`` was computed from, as large as `out`, if it is still the same."""
    made = uses.written[truth.buffer]
    step = uses.steps[made[0]] if len(made) == 1 and made[0] < there else None
    if not isinstance(step, Elementwise) or step.name != "greater" or step.out != truth:
        return None
    x, zero = step.operands
    if not isinstance(zero, Number) or zero.value != 0 or not isinstance(x, Piece) or x.dtype != out.dtype:
        return None
    return x if x.shape == out.shape and not uses.changes(x.buffer, made[0], there) else None
