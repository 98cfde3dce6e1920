"""Putting numbers together in a reduction: vectors, lanes, and what a sum loses by rounding.

Knows what each reduction is of two numbers. Does not know loops or memory.

Note [Rounding errors of sums]
Along the innermost axis a sum has as many partial sums as lanes that are computed at a time, for blocks of some
thousand numbers, so that each is the sum of some sixty; they are added in pairs, and blocks are added with Knuth's
TwoSum (The Art of Computer Programming 2, 4.2.2, theorem B), which loses nothing. Over the other axes, sums are added
one after the other, as NumPy does.
"""

from collections.abc import Sequence

from .arithmetic import where
from .elementwise import computed
from .emitting import Value
from .nests import Line
from .vectors import shuffled

__all__ = ["combined", "corrected", "horizontal", "loses", "pairwise", "rounded_off"]


def combined(line: Line, a: Value, b: Value) -> Value:
    """What the reduction makes of two results."""
    dtype = line.out.dtype
    return computed(line.name, [a, b], (dtype, dtype, dtype), inline=True)


def pairwise(line: Line, values: Sequence[Value]) -> Value:
    """All results in one: pairs are put together until one is left."""
    values = list(values)
    while len(values) > 1:
        pairs = [combined(line, a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = pairs + values[2 * len(pairs) :]
    return values[0]


def horizontal(line: Line, value: Value) -> Value:
    """All lanes in one number: halves are put together until one is left."""
    while value.lanes > 1:
        half = value.lanes // 2
        value = combined(line, shuffled(value, range(half)), shuffled(value, range(half, value.lanes)))
    return value


def loses(line: Line) -> bool:
    """Whether a reduction loses something by rounding that can be kept apart."""
    return line.name == "add" and line.out.dtype.kind == "f"


def rounded_off(a: Value, b: Value, total: Value) -> Value:
    """What the sum of two numbers lost by rounding, exactly: Knuth's TwoSum."""
    back = total - a
    return (a - (total - back)) + (b - back)


def corrected(total: Value, lost: Value) -> Value:
    """A sum with what was lost."""
    return total + where(lost.isnan(), 0, lost)  # infinite sums lose nothing
