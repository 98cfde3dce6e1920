"""What has no operator among values of LLVM IR: roots, roundings, bits, choices, and other types.

Here too a call appends an instruction to the function that its values belong to. `Arithmetic` has the same as methods,
for formulas that are written once for NumPy's arrays and for values.
"""

from typing import Any, TypeAlias

import numpy as np

from .emitting import BOOL, Function, Value, full, type_name

__all__ = [
    "Arithmetic",
    "absolute",
    "bits",
    "ceil",
    "convert",
    "copysign",
    "floor",
    "fma",
    "real",
    "rint",
    "sqrt",
    "trunc",
    "where",
]

Type: TypeAlias = np.dtype[Any]


def fma(a: Value, b: Any, c: Any) -> Value:
    """``a * b + c``, rounded once."""
    return a.function.intrinsic("fma", a, a.like(b), a.like(c))


def where(condition: Value, a: Any, b: Any) -> Value:
    """Lane by lane: `a` where the condition is true, else `b`. One of them is a value."""
    a, b = (b.like(a), b) if isinstance(b, Value) else (a, a.like(b))
    return a.function.value(
        f"select {condition.type} {condition.text}, {a.type} {a.text}, {b.type} {b.text}", a.dtype, a.lanes
    )


def absolute(x: Value) -> Value:
    """``|x|``, of real numbers (a zero loses its sign) or signed integers."""
    if x.dtype.kind == "f":
        return x.function.intrinsic("fabs", x)
    return where(x < 0, 0 - x, x) if x.dtype.kind == "i" else x


def sqrt(x: Value) -> Value:
    """The square root, rounded correctly."""
    return x.function.intrinsic("sqrt", x)


def floor(x: Value) -> Value:
    return x.function.intrinsic("floor", x)


def ceil(x: Value) -> Value:
    return x.function.intrinsic("ceil", x)


def trunc(x: Value) -> Value:
    return x.function.intrinsic("trunc", x)


def rint(x: Value) -> Value:
    """The nearest whole number, the even one of two."""
    return x.function.intrinsic("roundeven", x)


def copysign(x: Value, sign: Any) -> Value:
    """``|x|`` with the sign of `sign`, that of a zero or a NaN too."""
    return x.function.intrinsic("copysign", x, x.like(sign))


def bits(x: Value) -> Value:
    """The bits of real numbers, as signed integers of the same width."""
    kind = np.dtype(f"i{x.dtype.itemsize}")
    return x.function.value(f"bitcast {x.type} {x.text} to {type_name(kind, x.lanes)}", kind, x.lanes)


def real(x: Value) -> Value:
    """The real numbers whose bits these integers are."""
    kind = np.dtype(f"f{x.dtype.itemsize}")
    return x.function.value(f"bitcast {x.type} {x.text} to {type_name(kind, x.lanes)}", kind, x.lanes)


def convert(x: Value, dtype: Type) -> Value:
    """The same numbers in another type, as NumPy's ``astype``; a real number that has no integer becomes any."""
    if x.dtype == dtype:
        return x
    if dtype == BOOL:
        return x != 0
    kinds = x.dtype.kind + dtype.kind
    if x.dtype == BOOL:
        name = "uitofp" if dtype.kind == "f" else "zext"
    elif kinds == "ff":
        name = "fpext" if dtype.itemsize > x.dtype.itemsize else "fptrunc"
    elif kinds[1] == "f":
        name = "sitofp" if kinds[0] == "i" else "uitofp"
    elif kinds[0] == "f":
        name = "fptosi" if kinds[1] == "i" else "fptoui"
    elif dtype.itemsize == x.dtype.itemsize:
        return Value(x.function, x.text, dtype, x.lanes)  # LLVM's integers have no sign
    elif dtype.itemsize < x.dtype.itemsize:
        name = "trunc"
    else:
        name = "sext" if kinds[0] == "i" else "zext"
    return x.function.value(f"{name} {x.type} {x.text} to {type_name(dtype, x.lanes)}", dtype, x.lanes)


class Arithmetic:
    """What a formula is written over, where it is to hold for NumPy's arrays and for Values: here, for Values.

    `dtype` is the type of the real numbers in it.
    """

    fma, abs, copysign, rint = staticmethod(fma), staticmethod(absolute), staticmethod(copysign), staticmethod(rint)
    sqrt, bits, from_bits = staticmethod(sqrt), staticmethod(bits), staticmethod(real)

    def __init__(self, function: Function, dtype: Type, lanes: int) -> None:
        self.function, self.dtype, self.lanes = function, dtype, lanes

    def where(self, condition: Value, a: Any, b: Any) -> Value:
        if not isinstance(a, Value) and not isinstance(b, Value):
            a = full(self.function, a, self.dtype, self.lanes)
        return where(condition, a, b)

    def to_float(self, x: Value) -> Value:
        return convert(x, self.dtype)

    def widened(self, x: Value) -> tuple["Arithmetic", Value]:
        """An arithmetic of double precision, and x in it."""
        double = np.dtype(np.float64)
        return Arithmetic(self.function, double, self.lanes), convert(x, double)
