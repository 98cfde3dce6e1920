"""What to do about a NaN or an infinity: a table of operations, of what went in, and of a sentence each.

Knows where the mathematics of common operations is not defined, and where floating point ends. Sentences speak of the
numbers at the element in question where those are known.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Test = Callable[[Mapping[str, Any]], Any]

_LOGS = ("log", "log2", "log10")
_GROWING = ("exp", "exp2", "expm1", "sinh", "cosh", "logaddexp")
_STABLE = "use ag.softmax, ag.log_softmax or ag.logsumexp, which subtract the maximum, or bound the argument with clip"


def _one(name: str, holds: Callable[[Any], Any]) -> Test:
    return lambda given: np.any(holds(given[name]))


def _both(first: str, second: str, holds: Callable[[Any, Any], Any]) -> Test:
    return lambda given: np.any(holds(given[first], given[second]))


_zero = _one("x", lambda x: x == 0)
_negative = _one("x", lambda x: x < 0)

_at_zero: Test = lambda given: "x" not in given or np.any(given["x"] == 0)  # where alone these rules are not finite

_Row = tuple[tuple[str, ...], Test, str]  # operations, what must hold of the arguments, the sentence

FORWARD: list[_Row] = [
    (
        _LOGS,
        _zero,
        "The logarithm of 0 is -infinity: add a small number before, ag.log(x + 1e-12), or clip; for the logarithm of "
        "a softmax use ag.log_softmax.",
    ),
    (
        _LOGS,
        _negative,
        "The logarithm of a negative number is not defined: make the argument positive (softplus, exp), or look for "
        "the sign error.",
    ),
    (("log1p",), _one("x", lambda x: x <= -1), "log1p is defined above -1: clip the argument."),
    (
        ("sqrt",),
        _negative,
        "The square root of a negative number is not defined: a difference that should be 0 or more may be negative "
        "by rounding; use ag.maximum(x, 0).",
    ),
    (
        ("divide",),
        _both("a", "b", lambda a, b: (a == 0) & (b == 0)),
        "0 / 0 is not defined: a mean over an empty selection? Divide by ag.maximum(count, 1).",
    ),
    (
        ("divide", "floor_divide", "remainder", "fmod"),
        _one("b", lambda b: b == 0),
        "Division by zero: add a small number to the denominator, or select with ag.where before dividing.",
    ),
    (("divide",), _both("a", "b", lambda a, b: np.isinf(a) & np.isinf(b)), "infinity / infinity is not defined."),
    (("reciprocal",), _zero, "Division by zero: add a small number to the denominator."),
    (
        ("power",),
        _both("a", "b", lambda a, b: (a < 0) & (b != np.round(b))),
        "A negative number has no real power with a fractional exponent: take ag.abs of the base, or mend its sign.",
    ),
    (
        ("power",),
        _both("a", "b", lambda a, b: (a == 0) & (b < 0)),
        "0 to a negative power is a division by zero: add a small number to the base.",
    ),
    (
        ("multiply",),
        _both("a", "b", lambda a, b: ((a == 0) & np.isinf(b)) | (np.isinf(a) & (b == 0))),
        "0 * infinity is not defined: a factor of 0 does not mask an infinity; select with ag.where.",
    ),
    (
        ("subtract",),
        _both("a", "b", lambda a, b: np.isinf(a) & (a == b)),
        "infinity - infinity is not defined.",
    ),
    (("add",), _both("a", "b", lambda a, b: np.isinf(a) & (a == -b)), "infinity - infinity is not defined."),
    (
        ("arcsin", "arccos"),
        _one("x", lambda x: np.abs(x) > 1),
        "It is defined from -1 to 1: a cosine may be beyond by rounding; clip it.",
    ),
    (("arctanh",), _one("x", lambda x: np.abs(x) >= 1), "It is defined between -1 and 1: clip the argument."),
    (("arccosh",), _one("x", lambda x: x < 1), "It is defined from 1: clip the argument."),
    (
        ("mean", "average", "var", "std", "nanmean"),
        lambda given: any(not np.any(np.size(v) and (k == "x" or v)) for k, v in given.items() if k in ("x", "where")),
        "The mean of nothing is 0 / 0: is the selection empty?",
    ),
    (
        ("softmax", "log_softmax", "cross_entropy"),
        _one("x", np.isneginf),
        "Where all of a row is -infinity (everything masked), there is nothing to normalise: leave at least one "
        "element unmasked, or use a large finite number such as -1e9.",
    ),
    (("linalg.inv", "linalg.solve"), lambda given: True, "The matrix is singular or nearly so."),
]
"""What goes wrong in forward computations; the first row that fits counts."""

BACKWARD: list[_Row] = [
    (
        ("sqrt",),
        _at_zero,
        "The square root has an infinite derivative at 0, and 0 * infinity is NaN further on: use ag.sqrt(x + 1e-12), "
        "or ag.linalg.norm and ag.std, whose derivative at 0 is 0.",
    ),
    (("cbrt",), _at_zero, "The cube root has an infinite derivative at 0: add a small number."),
    (
        ("power",),
        _both("a", "b", lambda a, b: (a == 0) & (b < 1)),
        "The derivative of a power below 1 is infinite at 0: add a small number to the base.",
    ),
    (_LOGS, _at_zero, "1 / x is infinite at 0: add a small number before the logarithm."),
    (
        ("divide",),
        _one("b", lambda b: b == 0),
        "The derivative divides by zero too: select before dividing, x / ag.where(x == 0, 1, x).",
    ),
    (
        ("divide", "reciprocal"),
        lambda given: all(np.isfinite(value).all() for value in given.values()),
        "The derivative divides by the square of the denominator, which is too small: scale it, or add a small number.",
    ),
    (
        ("arcsin", "arccos", "arctanh"),
        _one("x", lambda x: np.abs(x) == 1),
        "The derivative is infinite at -1 and 1: clip to a little less.",
    ),
]
"""What goes wrong in sweeps."""


def advice(operation: str, given: Mapping[str, Any], made: Any, backward: bool = False) -> str:
    """One sentence of what went wrong and what to do, from the numbers at the element in question.

    >>> print(advice("reciprocal", {"x": 0.0}, np.inf))
    Division by zero: add a small number to the denominator.
    """
    for names, holds, sentence in BACKWARD if backward else FORWARD:
        if operation in names and _holds(holds, given):
            return sentence
    values = [np.asarray(v) for v in given.values() if np.asarray(v).dtype.kind == "f"]
    made = np.asarray(made)
    if backward and any(not np.isfinite(v).all() for v in values):
        return "The rule reads values that are not finite: mend the forward computation first."
    if all(np.isfinite(v).all() for v in values) and made.dtype.kind == "f" and np.isinf(made).any():
        largest = np.finfo(made.dtype).max
        what = f"The result is beyond the largest {made.dtype}, {float(largest):.5g}"
        if operation in _GROWING:
            return f"{what}: {_STABLE}."
        if made.dtype == np.float16:
            return f"{what}: compute this in float32, or scale it down."
        return (
            f"{what}: do the numbers grow from step to step? Then lower the learning rate, or clip gradients; else "
            "scale."
        )
    if all(np.isfinite(v).all() for v in values) and any(_huge(v) for v in values):
        return (
            "Products beyond the largest number, of both signs, add up to NaN: do the numbers grow from step to step? "
            "Then lower the learning rate, or clip gradients; else scale."
        )
    return "" if values else "Its arguments are not known."


def _huge(value: Any) -> bool:
    """Whether the square of a number, or a sum of a thousand such, is beyond its type."""
    return bool((np.abs(value) > np.sqrt(np.finfo(value.dtype).max / 1000)).any())


def _holds(test: Test, given: Mapping[str, Any]) -> bool:
    try:
        with np.errstate(all="ignore"):
            return bool(test(given))
    except (KeyError, TypeError, ValueError):  # an argument is not known, or does not fit
        return False
