"""What softmax, its losses and the normalizations compute along rows, and on the way back, in machine code.

Formulas over `rows.Rows`: each kernel goes along a row two or three times, while it lies in the cache. Knows no arrays.

Note [The rest of the mean, in machine code]
As in `ops.standardization_kernels`: a mean is rounded, so deviations from it have a mean of their own, which is taken
out of them and of the variance.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from .arithmetic import convert, sqrt, where
from .elementwise import computed
from .emitting import Value
from .rows import Layout, Rows
from .writing import Mask

__all__ = [
    "cross_entropy",
    "cross_entropy_pulled",
    "log_softmax",
    "log_softmax_pulled",
    "softmax",
    "softmax_pulled",
    "standardized",
    "standardized_pulled",
]

Type = np.dtype[Any]
Places = Sequence[Value]


def _of(name: str, x: Value) -> Value:
    """A function by NumPy's name."""
    return computed(name, [x], (x.dtype, x.dtype), inline=True)


# --- softmax ----------------------------------------------------------------------------------------------------------


@cache
def softmax(dtype: Type, beside: bool) -> Any:
    """``e**(x - max) / sum``: x, out."""
    r = Rows("softmax", "x out", dtype, Layout(beside))

    @r.each
    def _() -> None:
        total = r.spread(_exponentials(r, keep=True)[1])

        def divided(x: Places, _: Places, mask: Mask) -> list[Value]:
            r.store(r.load("%out", x, mask) / total, "%out", x, mask)
            return []

        r.swept(divided)

    return r.finished()


def _exponentials(r: Rows, keep: bool) -> list[Value]:
    """The largest number of the row, and the sum of ``e**(x - largest)``; these go to `out` if they are to be kept."""
    (largest,) = r.swept(lambda x, _, mask: [r.load("%x", x, mask)], "maximum")
    shift = r.spread(largest)

    def power(x: Places, _: Places, mask: Mask) -> list[Value]:
        e = _of("exp", r.load("%x", x, mask) - shift)
        if keep:
            r.store(e, "%out", x, mask)
        return [e]

    return [largest, *r.swept(power, "add")]


@cache
def softmax_pulled(dtype: Type, beside: bool) -> Any:
    """``out * (g - sum(g * out))``: g, out, result."""
    r = Rows("softmax_pulled", "g out result", dtype, Layout(beside))

    @r.each
    def _() -> None:
        (total,) = r.swept(lambda x, _, mask: [r.load("%g", x, mask) * r.load("%out", x, mask)], "add")
        shift = r.spread(total)

        def pulled(x: Places, _: Places, mask: Mask) -> list[Value]:
            r.store(r.load("%out", x, mask) * (r.load("%g", x, mask) - shift), "%result", x, mask)
            return []

        r.swept(pulled)

    return r.finished()


@cache
def log_softmax(dtype: Type, beside: bool) -> Any:
    """``x - max - log(sum)``: x, out."""
    r = Rows("log_softmax", "x out", dtype, Layout(beside))

    @r.each
    def _() -> None:
        largest, total = _exponentials(r, keep=False)
        largest, shift = r.spread(largest), r.spread(_of("log", convert(total, dtype)))

        def shifted(x: Places, _: Places, mask: Mask) -> list[Value]:
            r.store(r.load("%x", x, mask) - largest - shift, "%out", x, mask)
            return []

        r.swept(shifted)

    return r.finished()


@cache
def log_softmax_pulled(dtype: Type, beside: bool) -> Any:
    """``g - e**out * sum(g)``: g, out, result."""
    r = Rows("log_softmax_pulled", "g out result", dtype, Layout(beside))

    @r.each
    def _() -> None:
        (total,) = r.swept(lambda x, _, mask: [r.load("%g", x, mask)], "add")
        factor = r.spread(total)

        def pulled(x: Places, _: Places, mask: Mask) -> list[Value]:
            r.store(r.load("%g", x, mask) - _of("exp", r.load("%out", x, mask)) * factor, "%result", x, mask)
            return []

        r.swept(pulled)

    return r.finished()


@cache
def cross_entropy(dtype: Type) -> Any:
    """``log(sum) - (x[id] - max)``: x, ids, losses, and for each row what is needed again, the largest and the sum."""
    r = Rows("cross_entropy", "x ids losses found", dtype, Layout(False))

    @r.each
    def _() -> None:
        largest, total = _exponentials(r, keep=False)
        total = convert(total, dtype)
        labels = r.code.joined([r.code.load(place, lanes=1) for place in _labelled(r, "%x")])
        r.put(_of("log", total) - (labels - largest), "%losses")
        r.put(largest, "%found", 0)
        r.put(total, "%found", 1)

    return r.finished()


@cache
def cross_entropy_pulled(dtype: Type) -> Any:
    """``e**(x - max) * weight / sum``, less the weight at the label: x, ids, found, weights, result."""
    r = Rows("cross_entropy_pulled", "x ids found weights result", dtype, Layout(False))

    @r.each
    def _() -> None:
        weight = r.number("%weights")
        shift, factor = r.spread(r.number("%found", 0)), r.spread(weight / r.number("%found", 1))

        def pulled(x: Places, _: Places, mask: Mask) -> list[Value]:
            r.store(_of("exp", r.load("%x", x, mask) - shift) * factor, "%result", x, mask)
            return []

        r.swept(pulled)
        for row, place in enumerate(_labelled(r, "%result")):
            r.code.store(r.code.load(place, lanes=1) - r.code.part(weight, row, 1), place)

    return r.finished()


def _labelled(r: Rows, pointer: str) -> list[str]:
    """Where the numbers of the rows' classes are."""
    return [r.code.at(pointer, x + r.code.index("%ids", r.at + row)) for row, x in enumerate(r.x)]


# --- standardization --------------------------------------------------------------------------------------------------


@cache
def standardized(dtype: Type, layout: Layout) -> Any:
    """``(x - mean) / sqrt(variance + eps) * weight + bias``, and what is found on the way.

    It takes constants (what each number counts in a mean, and eps), x, weight, bias, out and what is found: of all rows
    the means, their rests, the variances, and what deviations are multiplied by.
    """
    r = Rows("standardized", "constants x weight bias out found", dtype, layout)

    @r.each
    def _() -> None:
        part, eps = r.constant("%constants", 0), r.constant("%constants", 1)
        (total,) = r.swept(lambda x, _, mask: [r.load("%x", x, mask)], "add")
        rounded = convert(total * part, dtype)
        mean = r.spread(rounded)

        def deviations(x: Places, _: Places, mask: Mask) -> list[Value]:
            deviation = r.load("%x", x, mask) - mean
            return [deviation, deviation * deviation]

        first, second = r.swept(deviations, "add", "add")
        first, second = first * part, second * part
        variance = second - first * first
        variance = where(variance < 0, 0, variance)
        spread = variance + eps
        inverse = where(spread == 0, 0, 1 / sqrt(spread))
        rest = r.spread(first)
        for which, number in enumerate((rounded, first, variance, inverse)):
            r.put(number, "%found", which)
        factor = r.spread(inverse)

        def written(x: Places, w: Places, mask: Mask) -> list[Value]:
            out = (r.load("%x", x, mask) - mean - rest) * factor
            if layout.weight:
                out = out * r.weight("%weight", w, mask) + r.weight("%bias", w, mask)
            r.store(out, "%out", x, mask)
            return []

        r.swept(written)

    return r.finished()


@cache
def standardized_pulled(dtype: Type, layout: Layout) -> Any:
    """The derivatives by x, weight and bias; those by the last two are added to sums in double precision.

    It takes constants, g, x, weight, what was found, the result, and the two sums.
    """
    r = Rows("standardized_pulled", "constants g x weight found result by_weight by_bias", dtype, layout)

    @r.each
    def _() -> None:
        part = r.constant("%constants", 0)
        mean, rest, inverse = (r.spread(r.number("%found", which)) for which in (0, 1, 3))

        def seen(x: Places, mask: Mask) -> tuple[Value, Value]:
            return r.load("%g", x, mask), (r.load("%x", x, mask) - mean - rest) * inverse

        total, along = _weighted(r, seen)
        if layout.weight == "row":
            r.add_numbers(along, "%by_weight", r.w)
            r.add_numbers(total, "%by_bias", r.w)
        factor = inverse * r.weight("%weight", r.w, r.mask) if layout.weight == "row" else inverse
        mean_of_g, share = r.spread(total * part), r.spread(along * part)

        def pulled(x: Places, w: Places, mask: Mask) -> list[Value]:
            g, normal = seen(x, mask)
            if layout.weight in ("segment", "each"):
                g = g * r.weight("%weight", w, mask)
            r.store((g - mean_of_g - normal * share) * factor, "%result", x, mask)
            return []

        r.swept(pulled)

    return r.finished()


def _weighted(r: Rows, seen: Any) -> list[Value]:
    """The sums of g and of ``g * normal`` over the row, weights included where they differ in it; theirs are added."""
    names = ("add", "add")

    def products(x: Places, w: Places, mask: Mask) -> list[Value]:
        g, normal = seen(x, mask)
        if r.layout.weight == "each":
            for value, pointer in ((g * normal, "%by_weight"), (g, "%by_bias")):
                r.add(value, pointer, w, mask)
            g = g * r.weight("%weight", w, mask)
        return [g, g * normal]

    if r.layout.weight != "segment":
        return r.swept(products, *names)
    with r.code.loop(0, r.field["segments"], 1, r.starts(names)) as (segment, totals):
        x, w = r.begin(segment)
        parts = r.along(x, w, products, names, r.starts(names))
        weight = r.weight("%weight", w, None)
        for at, (value, pointer) in enumerate(zip(parts, ("%by_bias", "%by_weight"), strict=True)):
            r.add_totals(value, pointer, w)
            totals[at] = totals[at] + convert(weight, value.dtype) * value
    return r.totals(totals, names)
