"""Elementwise functions: each is NumPy's of the same name.

There are two signatures, so the functions are made from a table. Three functions that are about complex numbers answer
for real ones: `real` and `conj` are the number itself, `imag` is 0.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .creation import zeros_like
from .delegation import copied, evaluate, same_as

_OF_ONE = {
    "abs": "Absolute value.",
    "acos": "Inverse cosine.",
    "acosh": "Inverse hyperbolic cosine.",
    "asin": "Inverse sine.",
    "asinh": "Inverse hyperbolic sine.",
    "atan": "Inverse tangent.",
    "atanh": "Inverse hyperbolic tangent.",
    "bitwise_invert": "Each bit, or truth value, inverted; a constant.",
    "ceil": "The nearest integer that is not smaller.",
    "cos": "Cosine of an angle in radians.",
    "cosh": "Hyperbolic cosine.",
    "exp": "Exponential function.",
    "expm1": "``exp(x) - 1``, precise for small x.",
    "floor": "The nearest integer that is not larger.",
    "isfinite": "Whether x is neither infinite nor a NaN; a constant.",
    "isinf": "Whether x is infinite; a constant.",
    "isnan": "Whether x is not a number; a constant.",
    "log": "Natural logarithm.",
    "log10": "Logarithm to the base 10.",
    "log1p": "``log(1 + x)``, precise for small x.",
    "log2": "Logarithm to the base 2.",
    "logical_not": "Whether x is false (zero); a constant.",
    "negative": "``-x``.",
    "positive": "``+x``: the number itself.",
    "reciprocal": "``1 / x``.",
    "round": "The nearest integer; of two equally near, the even one.",
    "sign": "1, 0 or -1, as x is positive, zero or negative.",
    "signbit": "Whether the sign is a minus, that of -0.0 included; a constant.",
    "sin": "Sine of an angle in radians.",
    "sinh": "Hyperbolic sine.",
    "sqrt": "Square root.",
    "square": "``x * x``.",
    "tan": "Tangent of an angle in radians.",
    "tanh": "Hyperbolic tangent.",
    "trunc": "The nearest integer that is not further from 0.",
}
_OF_TWO = {
    "add": "``x1 + x2``.",
    "atan2": "The angle in radians of the point (x2, x1), from the positive first axis.",
    "bitwise_and": "Bits, or truth values, that both have; a constant.",
    "bitwise_left_shift": "The bits of x1 moved x2 places to the left; a constant.",
    "bitwise_or": "Bits, or truth values, that at least one has; a constant.",
    "bitwise_right_shift": "The bits of x1 moved x2 places to the right; a constant.",
    "bitwise_xor": "Bits, or truth values, that one of the two has; a constant.",
    "copysign": "The magnitude of x1 with the sign of x2.",
    "divide": "``x1 / x2``.",
    "equal": "Whether ``x1 == x2``; a constant.",
    "floor_divide": "``x1 // x2``: the quotient rounded down.",
    "greater": "Whether ``x1 > x2``; a constant.",
    "greater_equal": "Whether ``x1 >= x2``; a constant.",
    "hypot": "``sqrt(x1**2 + x2**2)``, without overflow in between.",
    "less": "Whether ``x1 < x2``; a constant.",
    "less_equal": "Whether ``x1 <= x2``; a constant.",
    "logaddexp": "``log(exp(x1) + exp(x2))``, without overflow in between.",
    "logical_and": "Whether both are true; a constant.",
    "logical_or": "Whether at least one is true; a constant.",
    "logical_xor": "Whether one of the two is true; a constant.",
    "maximum": "The larger of two.",
    "minimum": "The smaller of two.",
    "multiply": "``x1 * x2``.",
    "nextafter": "The number next to x1 in the direction of x2.",
    "not_equal": "Whether ``x1 != x2``; a constant.",
    "pow": "``x1 ** x2``.",
    "remainder": "``x1 % x2``: what is left of x1 after x2 was taken out, with the sign of x2.",
    "subtract": "``x1 - x2``.",
}

__all__ = [*_OF_ONE, *_OF_TWO, "clip", "conj", "imag", "real"]  # noqa: PLE0604


def _of_one(x, /): ...


def _of_two(x1, x2, /): ...


def _made(name: str, says: str, declared: Callable[..., Any]) -> Callable[..., Any]:
    function = same_as(getattr(np, name))(declared)
    function.__name__ = function.__qualname__ = name
    function.__doc__ = says
    return function


globals().update({name: _made(name, says, _of_one) for name, says in _OF_ONE.items()})
globals().update({name: _made(name, says, _of_two) for name, says in _OF_TWO.items()})


def clip(x, /, min=None, max=None):
    """x, or the bound it is beyond; None is no bound."""
    return copied(x) if min is None and max is None else evaluate(np.clip, x, min, max)


def conj(x, /):
    """The complex conjugate, which for a real number is itself."""
    return copied(x)


def imag(x, /):
    """The imaginary part, which of a real number is 0."""
    return zeros_like(x)


def real(x, /):
    """The real part, which of a real number is itself."""
    return copied(x)
