"""Rules about some of the entries: which are wrong, and what sets them apart from the right ones.

Their place, or the size of a number there: on one side of a threshold a case distinction is wrong.
"""

from collections.abc import Sequence
from math import comb

import numpy as np

from ..report import Cause
from .evidence import (
    Array,
    View,
    digits_of,
    entries_text,
    fitted_to,
    index_text,
    quantities_of,
    round_between,
    wrong_rows,
)

# Note [Threshold or coincidence]
# Any two groups of a few numbers are parted by some threshold of some quantity, now and then. Zero is the threshold of
# most case distinctions and is believed with two entries on each side. Another has to be unlikely as a coincidence:
# the number of ways in which so many wrong entries could lie is compared with the number of quantities. Less will do if
# the derivative there is one that case distinctions have and a mistake in some entries does not bring about: constant.
# A single wrong entry is rather that of an index, unless it is the only negative one or the only one that is flat.


def region(v: View) -> Cause | None:
    """Wrong on one side of zero, or of where the function becomes straight; right on the other: a case distinction."""
    right = v.known & ~v.wrong & v.telling
    straight = v.wrong.sum() > 1 and right.any() and _constant_there(v, right)
    return side_of(v, right, zero=True) or _single(v, right) or (side_of(v, right, zero=False) if straight else None)


def region_anywhere(v: View) -> Cause | None:
    return side_of(v, v.known & ~v.wrong & v.telling, zero=False)


def side_of(v: View, right: Array, zero: bool) -> Cause | None:
    if v.wrong.sum() < 2 or right.sum() < 2:
        return None
    quantities = [(name, q) for name, q in quantities_of(v) if q.size]
    against = [(f"{v.label} - {name}", v.x - q) for name, q in quantities[1:]]
    against.sort(key=lambda pair: pair[0].endswith("out"))  # the other inputs first
    quantities = [*quantities, *against, (f"abs({v.label})", np.abs(v.x))]
    number = len({tuple(np.argsort(q[v.wrong | right])) for _, q in quantities})
    ways = comb(int(v.wrong.sum() + right.sum()), int(v.wrong.sum()))
    believed = ways >= number * (3 if _constant_there(v, right) else 10 if _ratio_there(v) else 30)
    found = _threshold(quantities, v.wrong, right, zero) if zero or believed else None
    if found is None:
        return None
    return Cause("region", f"{v.what} is wrong where {found}{_ratio_there(v)}")


def _single(v: View, right: Array) -> Cause | None:
    """One entry on one of the sides; see Note [Threshold or coincidence]."""
    count, others = int(v.wrong.sum()), int(right.sum())
    if not count or not others or min(count, others) > 1:
        return None
    negative = v.x[v.wrong].max() < 0 < v.x[right].min()
    element_by_element = any(u.shape == v.x.shape for u in v.u)
    flat = element_by_element and bool(np.all(np.abs(v.n[v.wrong]) <= v.allowed[v.wrong]))
    found = None
    negative = negative and v.x[v.known & ~v.wrong].min() >= 0
    if negative:
        found = _threshold([(v.label, v.x)], v.wrong, right, zero=True)
    elif flat:
        found = _threshold([(v.label, v.x), (f"abs({v.label})", np.abs(v.x))], v.wrong, right, zero=False)
    if found is None:
        return None
    only = f"; or else just at {index_text(np.argwhere(v.wrong)[0])}" if count == 1 else ""
    return Cause("region", f"{v.what} is wrong where {found}{_ratio_there(v)}{only}")


def _constant_there(v: View, right: Array) -> bool:
    """Whether the function is straight where it is wrong and not elsewhere, or is taken to be straight just there."""

    def same(sizes: Array) -> bool:
        return bool(np.ptp(sizes) <= 1e-5 * sizes.max())

    for u in v.u:
        for fitted in fitted_to(u, v.x.shape):
            claimed, numeric = np.abs(v.a / fitted), np.abs(np.where(np.abs(v.n) <= v.allowed, 0, v.n) / fitted)
            if same(numeric[v.wrong]):
                return not same(numeric[v.wrong | right])
            if claimed[v.wrong].any() and same(claimed[v.wrong]):
                return True
    return False


def _threshold(quantities: Sequence[tuple[str, Array]], wrong: Array, right: Array, zero: bool) -> str | None:
    """The quantity and the number that part wrong from right, in words; only zero, or any number."""
    for name, q in quantities:
        for sign, below, above in ((1, "<", ">="), (-1, ">", "<=")):
            low, high = float(np.max(sign * q[wrong])), float(np.min(sign * q[right]))
            if not low < high or (zero and not (low <= 0 <= high and name[:4] != "abs(")):
                continue
            between = round_between(low, high)
            number = digits_of(sign * between + 0.0)
            counts = f"({wrong.sum()} of {wrong.sum()} entries)", f"({right.sum()} of {right.sum()})"
            if low == between:  # that number itself is wrong
                below, above = below + "=", above[:1]
            return f"{name} {below} {number} {counts[0]}, right where {name} {above} {number} {counts[1]}"
    return None


def _ratio_there(v: View) -> str:
    a, n = v.a[v.wrong], v.n[v.wrong]
    if np.all(np.abs(n) <= v.allowed[v.wrong]):
        return "; there it should be 0"
    if not a.any():
        return "; there it is 0"
    ratio = float(a @ n / (n @ n))
    return f"; there analytic = {digits_of(ratio)} x numeric" if np.allclose(a, ratio * n, rtol=1e-5, atol=0) else ""


def figure(v: View) -> Cause | None:
    right = v.known & ~v.wrong & v.telling
    return _only(v, _pattern(v.wrong, right), right)


def few(v: View) -> Cause | None:
    right = v.known & ~v.wrong & v.telling
    return _only(v, f"in {entries_text(v.wrong)}" if 2 * v.wrong.sum() <= right.sum() else None, right)


def _only(v: View, where: str | None, right: Array) -> Cause | None:
    if where is None:
        return None
    return Cause("entries", f"{v.what} is wrong only {where}, right in {right.sum()} others{_ratio_there(v)}")


def _pattern(wrong: Array, right: Array) -> str | None:
    """Where the wrong entries lie, if there is one or they make a figure."""
    count, shape, judged = int(wrong.sum()), wrong.shape, wrong | right
    if not right.any():
        return None
    if count == 1:
        (position,) = np.argwhere(wrong)
        return f"in entry {index_text(position)} of {wrong.size}"
    index = np.indices(shape)
    for axis in range(wrong.ndim):
        places = np.unique(index[axis][wrong])
        if wrong.ndim > 1 and len(places) == 1 and np.array_equal(wrong, judged & (index[axis] == places[0])):
            return f"at index {places[0]} of axis {axis} ({count} entries)"
    for trailing in (1, 2):
        if wrong.ndim < trailing or min(shape[-trailing:]) < 3:
            continue
        edge = np.any([(index[k] == 0) | (index[k] == shape[k] - 1) for k in range(-trailing, 0)], axis=0)
        ends = f"at the border of the last {'axis' if trailing == 1 else 'two axes'} ({count} entries)"
        if np.array_equal(wrong, judged & edge):
            return ends
    if wrong.ndim > 1 and shape[-1] == shape[-2]:
        for words, figure in [
            ("on the diagonal", index[-1] == index[-2]), ("off the diagonal", index[-1] != index[-2]),
            ("above the diagonal", index[-1] > index[-2]), ("below the diagonal", index[-1] < index[-2]),
        ]:  # fmt: skip
            if np.array_equal(wrong, judged & figure):
                return f"{words} of the last two axes ({count} entries)"
    for axis in range(wrong.ndim):
        if shape[axis] > 2 and np.all(wrong.sum(axis=axis) == 1) and wrong.ndim > 1:
            return f"in one entry of each slice along axis {axis} ({count} entries)"
    return None


def some_outputs(v: View) -> Cause | None:
    """Every entry is wrong, but only because of what comes from some numbers of the output."""
    if len(v.outputs) > 1:
        return None
    y = v.outputs[0]
    for words, mask in (("<= 0", y > 0), (">= 0", y < 0)):
        found = v.pulled([np.where(mask, v.u[0], 0)]) if mask.any() and not mask.all() else None
        if found is not None and v.same(v.n, found):
            return Cause("region", f"{v.what} is right without what comes from outputs {words}: there it should be 0")
    if v.both is None:
        return None
    wrong = wrong_rows(*v.both).reshape(y.shape)
    right = (np.abs(v.both[1]).max(axis=1) > 0).reshape(y.shape) & ~wrong
    if not wrong.any() or not right.any():
        return None
    if wrong.sum() > 1 and right.sum() > 1 and (side := _threshold([("the output", y)], wrong, right, zero=True)):
        return Cause("region", f"what {v.what} gets from the output is wrong where {side}")
    if where := _pattern(wrong, right):
        return Cause("entries", f"what {v.what} gets from the output is wrong only {where} of the output")
    return None
