"""Rules about the gradient as a whole: what is not a gradient at all, and what is off by one number.

Only here is the VJP asked for what every VJP must do: be repeatable, and linear in its cotangent.
"""

from collections.abc import Callable
from math import prod

import numpy as np

from ..report import Cause
from .evidence import JACOBIAN, Array, View, close, cosine, digits_of, entries_text, index_text
from .formulas import inner
from .jacobians import is_element_by_element


def not_finite(v: View) -> Cause | None:
    bad = v.wrong & ~np.isfinite(v.a)
    if not bad.any():
        return None
    kind = "NaN" if np.isnan(v.a[bad]).any() else "infinite"
    return Cause("not finite", f"{v.what} is {kind} in {entries_text(bad)}, where differences are finite")


def zero(v: View) -> Cause | None:
    if v.a.any():
        return None
    return Cause("zero", f"{v.what} is 0 in all entries, where differences give up to {v.scale:.3g}")


def not_repeatable(v: View) -> Cause | None:
    again = v.case.ask(v.u)
    if again is None or close(again[v.i][v.known], v.a[v.known], 1e-3):  # where nothing is known it may be NaN
        return None
    return Cause("repeatability", f"{v.what} has other numbers when it is asked for again with the same cotangent")


def cotangent_not_linear(v: View) -> Cause | None:
    """A VJP is linear in its cotangent, which takes no differences to see."""
    rng = np.random.default_rng(0)
    other: list[Array] = [np.asarray(rng.uniform(0.5, 1.5, u.shape)) for u in v.u]
    doubled, turned = v.case.ask([2 * u for u in v.u]), v.case.ask([-u for u in v.u])
    alone, added = v.case.ask(other), v.case.ask([u + w for u, w in zip(v.u, other, strict=True)])
    if doubled is None or turned is None or alone is None or added is None:
        return None
    if close(doubled[v.i][v.known], v.a[v.known]) and close(alone[v.i][v.known], v.a[v.known]):
        ones = None if v.columns is None else np.nansum(v.columns, axis=0).reshape(v.x.shape)
        if ones is not None and v.telling.sum() > 2 and abs(cosine(v.a, ones, v.known)) < 0.5:
            return None  # it is not what a cotangent of ones would give either
        return Cause("cotangent", f"{v.what} is the same whatever the cotangent: it is not multiplied in")
    for words, found, expected, share in [
        ("twice the cotangent does not give twice the gradient", doubled[v.i], 2 * v.a, 1e-5),
        ("minus the cotangent does not give minus the gradient", turned[v.i], -v.a, 1e-5),
        ("the gradient of a sum of cotangents is not the sum of theirs", added[v.i], v.a + alone[v.i], 1e-2),
    ]:  # rounding to a coarse type commutes with powers of two and signs, but not with sums
        off = np.abs(found - expected) > share * np.abs(expected[v.known]).max()
        if off.any() and not (3 * off.sum() <= off.size and np.all(off <= v.wrong)):  # if few, which ones says more
            k = np.unravel_index(np.argmax(np.where(off, np.abs(found - expected), 0)), found.shape)
            came = f"{found[k]:.6g} at {index_text(k)} instead of {expected[k]:.6g}"
            return Cause("cotangent", f"{v.what} is not linear in the cotangent: {words} ({came})")
    return None


def flat(v: View) -> Cause | None:
    """The function does not change at all: it is on one side of a threshold, and the gradient on the other."""
    judged = v.known & (v.telling | v.wrong)
    if np.any(np.abs(v.n[judged]) > v.allowed[judged]) or not v.a[v.wrong].any():
        return None
    if v.columns is not None and np.nanmax(np.abs(v.columns)) > JACOBIAN * v.scale:
        return None  # it does change, and only the sum of the changes is 0
    return Cause("region", f"{v.what} is up to {v.scale:.3g}, and the function does not change at all there; "
                 "there it should be 0, as on the flat side of a threshold")  # fmt: skip


def sign(v: View) -> Cause | None:
    if not v.same(v.a, -v.n):
        return None
    return Cause("sign", f"{v.what}: analytic = -numeric {v.everywhere or 'in the one number there is'}")


def factor(v: View) -> Cause | None:
    """One number for all entries. If it has no name, it may still be a function of the output, as of a norm."""
    ratio, count = ratio_of(v)
    if ratio is None or abs(ratio - 1) < (3e-6 if count < 2 else 1e-7):  # of rounding each entry has its own
        return None
    name = _name_of(ratio, v)
    if name is None:
        cause = inner(v)
        if cause or count < 2:
            return cause
    where = v.everywhere or ("in every number of the Jacobian" if count > 1 else "in the one number there is")
    return Cause("factor", f"{v.what}: analytic = {digits_of(ratio)} x numeric {where}{', ' + name if name else ''}")


def ratio_of(v: View) -> tuple[float | None, int]:
    """What numeric is multiplied by to give analytic, if it is one number; and how many numbers say so."""
    count = int(v.telling.sum())
    if count > 1 or v.both is None:
        a, n = v.a[v.telling], v.n[v.telling]
        c = float(a @ n / (n @ n)) if n.any() else np.nan
        return (c, count) if np.isfinite(c) and c and v.same(v.a, c * v.n, c) else (None, count)
    claimed, numeric = v.both  # one entry, perhaps of many outputs
    c = float(np.sum(claimed * numeric) / np.sum(numeric**2))
    one = np.isfinite(c) and c and close(claimed, c * numeric, JACOBIAN) and v.same(v.a, c * v.n, c)
    return (c, int((np.abs(numeric) > 0.01 * np.abs(numeric).max()).sum())) if one else (None, count)


def precision(v: View) -> Cause | None:
    off = np.abs(v.a - v.n)[v.known]
    largest = float(off.max()) / v.scale
    digits = f"{v.what} is off by at most {largest:.1e} of its largest number"
    for dtype, limit in ((np.float16, 1e-2), (np.float32, 1e-3)):
        if (
            np.array_equal(v.a, v.a.astype(dtype))
            and largest < limit
            and not all(np.array_equal(u, u.astype(dtype)) for u in v.u)
        ):
            return Cause(
                "precision", f"{digits}, and every entry is exactly a {np.dtype(dtype)}: it was rounded to one"
            )
    if largest < 1e-6 or (largest < 1e-5 and 3 * v.wrong.sum() >= v.telling.sum()):
        return Cause("precision", f"{digits}, as rounding to float32 does (6e-08 a step); not by the same factor")
    return None


def passed_through(v: View) -> Cause | None:
    if len(v.u) > 1 or v.u[0].shape != v.x.shape or v.telling.sum() < 2 or not v.same(v.a, v.u[0]):
        return None
    return Cause("inner", f"{v.what} is the cotangent itself: the derivative of the function is not multiplied in")


def cotangent_mixed(v: View) -> Cause | None:
    """A VJP that reads the cotangent only as one number, its sum or one of its entries."""
    if v.jacobian is None or v.x.size < 2 or len(v.jacobian) < 2 or is_element_by_element(v):
        return None
    if not close(np.concatenate([u.ravel() for u in v.u]) @ v.jacobian, v.a.ravel(), 1e-3):
        return None  # it is not linear, so it has no Jacobian
    claimed, numeric = v.both or (v.jacobian, None)
    if close(claimed, claimed[:1]) and (numeric is None or not close(numeric, numeric[:1], JACOBIAN)):
        return Cause("cotangent", f"{v.what} depends on the sum of the cotangent only, not on its entries")
    used = np.abs(claimed).max(axis=1) > JACOBIAN * np.abs(claimed).max()
    if used.sum() == 1 and (numeric is None or (np.abs(numeric[~used]).max() > JACOBIAN * np.abs(numeric).max())):
        return Cause("cotangent", f"{v.what} depends on entry {int(np.argmax(used))} of the cotangent only")
    return None


def rounded(v: View) -> Cause | None:
    off = np.abs(v.a - v.n)[v.known]
    if v.telling.sum() < 4 or off.max() > 4e-3 * v.scale:
        return None
    largest = off.max() / v.scale
    return Cause(
        "precision", f"{v.what} is off by at most {largest:.1e} of its largest number, by no constant factor: "
        "rounded to a coarse type, or an approximation"
    )  # fmt: skip


def _name_of(ratio: float, v: View) -> str | None:
    """What a constant factor is, in words, if it is a length, a small fraction, a well-known number, or near one."""
    e = v.case.evidence
    shapes = [(v.label, v.x.shape), *[("the output", y.shape) for y in e.outputs]]
    shapes += [(label, x.shape) for j, (label, x) in enumerate(zip(e.labels, e.inputs, strict=True)) if j != v.i]
    lengths = [(f"the length of axis {axis} of {name}", n) for name, s in shapes for axis, n in enumerate(s) if n > 1]
    lengths += [(f"the size of {name}", prod(s)) for name, s in shapes if prod(s) > 1]

    def is_(number: float) -> bool:
        return abs(abs(ratio) / number - 1) < 1e-5

    def of_length(function: Callable[[int], float]) -> str:
        return next((name for name, n in lengths if is_(function(n))), "")

    words = None
    if length := of_length(lambda n: n):
        words = f"{'a factor 2 too much, or' if is_(2) else 'which is'} {length}" + (
            ", perhaps the 1/N of a mean is missing" if abs(ratio) > 2.5 else ""
        )
    elif length := of_length(lambda n: 1 / n):
        words = f"{'a factor 2 too little, or' if is_(0.5) else 'which is'} 1 over {length}" + (
            ", perhaps a mean instead of a sum" if abs(ratio) < 0.4 else ""
        )
    elif fraction := next(((p, q) for q in range(1, 5) for p in range(1, 13) if is_(p / q)), None):
        p, q = fraction
        words = {(1, 1): ""}.get(fraction, f"a factor {p if p > 1 else q} too {'much' if p > q else 'little'}")
        words = words if 1 in fraction else f"a factor {p}/{q}"
    elif length := of_length(lambda n: n / (n - 1)) or of_length(lambda n: (n - 1) / n):
        words = f"which is {'N / (N - 1)' if abs(ratio) > 1 else '(N - 1) / N'}, N being {length}"
    elif length := of_length(lambda n: n**0.5) or of_length(lambda n: n**-0.5):
        words = f"which is {'1 over ' * (abs(ratio) < 1)}the square root of {length}"
    else:
        for text, number in (("ln 2", np.log(2)), ("ln 10", np.log(10)), ("pi", np.pi), ("sqrt(2)", np.sqrt(2))):
            for k, times in ((1, ""), (2, "2 "), (0.5, "half ")):
                if is_(k * number) or is_(1 / (k * number)):
                    words = f"which is {'1 over ' * (not is_(k * number))}{times}{text}"
    if words is None and abs(abs(ratio) - 1) < 0.02:
        words = f"off by a relative {abs(ratio) - 1:.1e}"
    return words if words is None or ratio > 0 else f"{words} and the wrong sign"
