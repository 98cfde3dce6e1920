"""What each of NumPy's functions is, element by element, in machine code.

Knows ufuncs by NumPy's names, and which of them give NumPy's own bits. Does not know arrays or loops.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from . import arithmetic
from .approximations import approximation
from .approximations.numbers import Formula
from .arithmetic import Arithmetic, where
from .emitting import BOOL, Function, Module, Value, type_name

__all__ = ["computed", "identity", "is_known"]

Type: TypeAlias = np.dtype[Any]

TYPES = frozenset("?bhilqBHILQfd")
_REAL = frozenset("fd")


def _add(a: Value, b: Value) -> Value:
    return a | b if a.dtype == BOOL else a + b


def _multiply(a: Value, b: Value) -> Value:
    return a & b if a.dtype == BOOL else a * b


def _maximum(a: Value, b: Value) -> Value:
    """The first if it is greater or NaN, else the second: of two zeros the second, as processors and NumPy have it."""
    return where((a > b) | a.isnan() if a.dtype.kind == "f" else a > b, a, b)


def _minimum(a: Value, b: Value) -> Value:
    return where((a < b) | a.isnan() if a.dtype.kind == "f" else a < b, a, b)


def _sign(x: Value) -> Value:
    if x.dtype.kind == "f":  # a NaN stays one, and a zero of either sign becomes +0
        return where(x > 0, 1, where(x < 0, -1, where(x == 0, 0, x)))
    return where(x > 0, 1, where(x < 0, -1, x)) if x.dtype.kind == "i" else where(x != 0, 1, x)


def _absolute(x: Value) -> Value:
    return arithmetic.absolute(x)


def _isfinite(x: Value) -> Value:
    return arithmetic.absolute(x) < np.inf


def _isinf(x: Value) -> Value:
    return arithmetic.absolute(x) == np.inf


# Functions whose results are rounded correctly, or not at all, so that there is one right answer.
_EXACT: dict[str, Callable[..., Value]] = {
    "add": _add,
    "subtract": lambda a, b: a - b,
    "multiply": _multiply,
    "divide": lambda a, b: a / b,
    "true_divide": lambda a, b: a / b,
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "copy": lambda x: x,
    "absolute": _absolute,
    "fabs": _absolute,
    "sign": _sign,
    "square": lambda x: _multiply(x, x),
    "reciprocal": lambda x: 1 / x,
    "sqrt": arithmetic.sqrt,
    "maximum": _maximum,
    "minimum": _minimum,
    "where": where,
    "floor": arithmetic.floor,
    "ceil": arithmetic.ceil,
    "trunc": arithmetic.trunc,
    "rint": arithmetic.rint,
    "copysign": arithmetic.copysign,
    "isnan": lambda x: x.isnan(),
    "isfinite": _isfinite,
    "isinf": _isinf,
    "signbit": lambda x: arithmetic.bits(x) < 0,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "logical_and": lambda a, b: _truth(a) & _truth(b),
    "logical_or": lambda a, b: _truth(a) | _truth(b),
    "logical_xor": lambda a, b: _truth(a) ^ _truth(b),
    "logical_not": lambda x: ~_truth(x),
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,
    "invert": lambda x: ~x,
}
_ONLY_REAL = frozenset(
    {
        *("divide", "true_divide", "reciprocal", "sqrt", "floor", "ceil", "trunc", "rint", "copysign", "fabs"),
        *("isnan", "isfinite", "isinf", "signbit"),
    }
)


def _truth(x: Value) -> Value:
    return x if x.dtype == BOOL else x != 0


@cache
def is_known(name: str, loop: tuple[Type, ...], *, approximate: bool) -> bool:
    """Whether the function can be computed here in these types (operands, then result).

    Without `approximate` only if the bits are those of NumPy.
    """
    if any(dtype.char not in TYPES or not dtype.isnative for dtype in loop):
        return False
    if name in _EXACT:
        if name in _ONLY_REAL:
            return loop[0].char in _REAL
        if name == "copy" and loop[0].kind == "f" and loop[-1].kind in "iu":
            return approximate  # a number that is too large becomes something, and what differs
        return not (loop[0] == BOOL and name in ("negative", "subtract"))
    return approximate and _approximation(name, loop) is not None


def computed(name: str, operands: list[Value], loop: tuple[Type, ...], *, inline: bool) -> Value:
    """The function of values, which are of the types of its loop; the result too.

    What is a formula stands where it is needed with `inline`, and else in a function of its own.
    """
    exact = _EXACT.get(name)
    if exact is not None:
        return exact(*operands)
    first = operands[0]
    function, formula = first.function, _approximation(name, loop)
    assert formula is not None
    if inline:
        return _written(formula, function, loop[0], operands)
    called = f"{name}.{loop[0].char}{first.lanes}"
    if called not in function.module.functions:
        _define(function.module, called, formula, loop, first.lanes)
    return function.call(called, loop[-1], first.lanes, *operands)


def _written(formula: Formula, function: Function, dtype: Type, operands: Sequence[Value]) -> Value:
    """A formula, each operation rounded as it says."""
    before, function.contract = function.contract, False
    result: Value = formula(Arithmetic(function, dtype, operands[0].lanes), *operands)
    function.contract = before
    return result


def _define(module: Module, called: str, formula: Formula, loop: tuple[Type, ...], lanes: int) -> None:
    """A function of a formula: LLVM meets it once, however often it is called."""
    kinds = [type_name(dtype, lanes) for dtype in loop]
    function = Function(
        module, called, [(kind, f"x{i}") for i, kind in enumerate(kinds[:-1])], result=kinds[-1],
        internal=True, attributes="noinline nounwind",
    )  # fmt: skip
    arguments = [Value(function, f"%x{i}", dtype, lanes) for i, dtype in enumerate(loop[:-1])]
    function.finish(_written(formula, function, loop[0], arguments))


def _approximation(name: str, loop: tuple[Type, ...]) -> Formula | None:
    if len(set(loop)) > 1 or loop[0].char not in _REAL:
        return None
    return approximation(name, loop[0])


def identity(name: str, dtype: Type) -> Any:
    """The number that a reduction begins with; None if there is no such reduction here."""
    if name in ("maximum", "minimum"):
        if dtype == BOOL:
            return name == "minimum"
        sign = -1 if name == "maximum" else 1
        if dtype.kind == "f":
            return sign * np.inf
        limits = np.iinfo(dtype)
        return limits.min if name == "maximum" else limits.max
    return {"add": 0, "multiply": 1, "logical_or": False, "logical_and": True}.get(name)
