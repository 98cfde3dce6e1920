"""Text of LLVM IR, written by ordinary Python expressions: values that have operators.

A `Value` is a vector register of some element type (one lane: a scalar), or a constant; an operator on it appends an
instruction to the function that it belongs to. The functions below, such as `fma` and `where`, are what has no
operator. Knows LLVM's types and instructions. Does not know arrays, or how the text becomes code.
"""

import struct
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Arithmetic",
    "Function",
    "Loop",
    "Module",
    "Value",
    "absolute",
    "bits",
    "ceil",
    "convert",
    "copysign",
    "floor",
    "fma",
    "full",
    "real",
    "rint",
    "sqrt",
    "trunc",
    "type_name",
    "where",
]

Type: TypeAlias = np.dtype[Any]

BOOL = np.dtype(bool)
_ELEMENT = {"f": "float", "d": "double", "?": "i1"}


@cache
def element_name(dtype: Type) -> str:
    """LLVM's name of one number in a register: ``float``, ``i32``, ``i1`` for a truth value."""
    return _ELEMENT.get(dtype.char) or f"i{8 * dtype.itemsize}"


@cache
def type_name(dtype: Type, lanes: int) -> str:
    """LLVM's name of `lanes` numbers in a register: ``<16 x float>``, or just ``float``."""
    element = element_name(dtype)
    return element if lanes == 1 else f"<{lanes} x {element}>"


class Module:
    """A text of LLVM IR in the making: its functions, and what they declare."""

    def __init__(self) -> None:
        self.declared: dict[str, str] = {}
        self.functions: dict[str, str] = {}

    def declare(self, name: str, result: str, arguments: Sequence[str]) -> None:
        """Announce a function that is LLVM's own, or found when the code is loaded."""
        self.declared.setdefault(name, f"declare {result} @{name}({', '.join(arguments)})")

    @property
    def text(self) -> str:
        return "\n".join([*self.declared.values(), *self.functions.values(), ""])


class Function:
    """A function of a module, as a list of lines that grows. Registers are numbered in the order of their making.

    With `contract`, LLVM may make one instruction, which rounds once, of a product and a sum that follows it.
    """

    def __init__(
        self, module: Module, name: str, arguments: Sequence[tuple[str, str]], *, result: str = "void",
        contract: bool = False, attributes: str = "nounwind",
    ) -> None:  # fmt: skip
        self.module, self.name, self.contract = module, name, contract
        linkage = "internal " if result != "void" else ""
        given = ", ".join(f"{kind} %{argument}" for kind, argument in arguments)
        self.lines = [f"define {linkage}{result} @{name}({given}) {attributes} {{"]
        self.count = 0
        self.labels = 0
        self.label("entry")

    def register(self) -> str:
        self.count += 1
        return f"%r{self.count}"

    def emit(self, line: str) -> None:
        """Append an instruction that has no result."""
        self.lines.append("  " + line)

    def value(self, instruction: str, dtype: Type, lanes: int) -> "Value":
        """Append an instruction whose result is a value of that type."""
        name = self.register()
        self.lines.append(f"  {name} = {instruction}")
        return Value(self, name, dtype, lanes)

    def text_value(self, instruction: str) -> str:
        """Append an instruction with a result of any other type (an address, say), and return its name."""
        name = self.register()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def label(self, name: str) -> None:
        """Begin a block of that name."""
        self.block = name
        self.lines.append(f"{name}:")

    def new_label(self) -> str:
        """A name for a block that no other has."""
        self.labels += 1
        return f"b{self.labels}"

    def finish(self, result: "Value | None" = None) -> None:
        """End the function, and put it into the module."""
        self.emit("ret void" if result is None else f"ret {result.type} {result.text}")
        self.lines.append("}")
        self.module.functions[self.name] = "\n".join(self.lines)

    def call(self, name: str, dtype: Type, lanes: int, *arguments: "Value") -> "Value":
        """Call a function of this module, or one declared, that returns a value."""
        given = ", ".join(f"{value.type} {value.text}" for value in arguments)
        return self.value(f"call {type_name(dtype, lanes)} @{name}({given})", dtype, lanes)

    def intrinsic(self, name: str, *arguments: "Value") -> "Value":
        """Call one of LLVM's functions (``llvm.<name>``) on values of one type, with a result of that type."""
        first = arguments[0]
        full_name = f"llvm.{name}.{_suffix(first.dtype, first.lanes)}"
        self.module.declare(full_name, first.type, [value.type for value in arguments])
        return self.call(full_name, first.dtype, first.lanes, *arguments)


class Value:
    """A register, or a constant, of one type: `lanes` numbers of `dtype`. Truth values are of type bool.

    A Python number beside a value becomes a constant of the value's type. Shifts to the right keep the sign of signed
    integers. Nothing is rounded differently from NumPy, but where the function may contract.
    """

    __slots__ = ("dtype", "function", "lanes", "text")

    def __init__(self, function: Function, text: str, dtype: Type, lanes: int) -> None:
        self.function, self.text, self.dtype, self.lanes = function, text, dtype, lanes

    @property
    def type(self) -> str:
        return type_name(self.dtype, self.lanes)

    def like(self, number: Any) -> "Value":
        """The number as a constant of this value's type."""
        if isinstance(number, Value):
            assert (number.dtype, number.lanes) == (self.dtype, self.lanes), (number.type, self.type)
            return number
        return full(self.function, number, self.dtype, self.lanes)

    def _binary(self, instruction: str, other: Any, *, swapped: bool = False, dtype: Type | None = None) -> "Value":
        right = self.like(other)
        left, right = (right, self) if swapped else (self, right)
        return self.function.value(
            f"{instruction} {self.type} {left.text}, {right.text}", dtype or self.dtype, self.lanes
        )

    def _arithmetic(self, name: str, other: Any, swapped: bool = False) -> "Value":
        if self.dtype.kind == "f":
            flags = " contract" if self.function.contract and name != "div" else ""
            return self._binary(f"f{name}{flags}", other, swapped=swapped)
        return self._binary(name, other, swapped=swapped)

    def __add__(self, other: Any) -> "Value":
        return self._arithmetic("add", other)

    def __radd__(self, other: Any) -> "Value":
        return self._arithmetic("add", other, swapped=True)

    def __sub__(self, other: Any) -> "Value":
        return self._arithmetic("sub", other)

    def __rsub__(self, other: Any) -> "Value":
        return self._arithmetic("sub", other, swapped=True)

    def __mul__(self, other: Any) -> "Value":
        return self._arithmetic("mul", other)

    def __rmul__(self, other: Any) -> "Value":
        return self._arithmetic("mul", other, swapped=True)

    def __truediv__(self, other: Any) -> "Value":
        assert self.dtype.kind == "f"
        return self._arithmetic("div", other)

    def __rtruediv__(self, other: Any) -> "Value":
        assert self.dtype.kind == "f"
        return self._arithmetic("div", other, swapped=True)

    def __neg__(self) -> "Value":
        if self.dtype.kind == "f":
            return self.function.value(f"fneg {self.type} {self.text}", self.dtype, self.lanes)
        return 0 - self

    def __and__(self, other: Any) -> "Value":
        return self._binary("and", other)

    def __or__(self, other: Any) -> "Value":
        return self._binary("or", other)

    def __xor__(self, other: Any) -> "Value":
        return self._binary("xor", other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> "Value":
        return self ^ (True if self.dtype == BOOL else -1)

    def __lshift__(self, count: int) -> "Value":
        return self._binary("shl", count)

    def __rshift__(self, count: int) -> "Value":
        return self._binary("ashr" if self.dtype.kind == "i" else "lshr", count)

    def _compare(self, real: str, integer: str, other: Any) -> "Value":
        if self.dtype.kind == "f":
            return self._binary(f"fcmp {real}", other, dtype=BOOL)
        if integer not in ("eq", "ne"):
            integer = ("s" if self.dtype.kind == "i" else "u") + integer
        return self._binary(f"icmp {integer}", other, dtype=BOOL)

    def __lt__(self, other: Any) -> "Value":
        return self._compare("olt", "lt", other)

    def __le__(self, other: Any) -> "Value":
        return self._compare("ole", "le", other)

    def __gt__(self, other: Any) -> "Value":
        return self._compare("ogt", "gt", other)

    def __ge__(self, other: Any) -> "Value":
        return self._compare("oge", "ge", other)

    def __eq__(self, other: object) -> "Value":  # type: ignore[override]
        return self._compare("oeq", "eq", other)

    def __ne__(self, other: object) -> "Value":  # type: ignore[override]
        return self._compare("une", "ne", other)

    __hash__ = object.__hash__

    def isnan(self) -> "Value":
        return self._binary("fcmp uno", self, dtype=BOOL)


class Loop:
    """A loop from `begin` to `end` in steps, done at least once, that carries values from round to round."""

    def __init__(self, function: Function, begin: str, end: str, step: int, carried: Sequence[Value] = ()) -> None:
        self.function, self.begin, self.end, self.step, self.starts = function, begin, end, step, carried
        self.before, self.name = function.block, function.new_label()
        function.emit(f"br label %{self.name}")
        function.label(self.name)
        self.at = len(function.lines)
        self.index = function.register()
        self.carried = [Value(function, function.register(), value.dtype, value.lanes) for value in carried]
        self.last: list[Value] = []  # what is left behind the loop

    def close(self, values: Sequence[Value] = ()) -> None:
        """End the loop; the values are what its next round gets, and after the last what is left."""
        function = self.function
        following = function.text_value(f"add nuw nsw i64 {self.index}, {self.step}")
        last, behind = function.block, function.new_label()
        more = function.text_value(f"icmp slt i64 {following}, {self.end}")
        function.emit(f"br i1 {more}, label %{self.name}, label %{behind}")
        phis = [f"  {self.index} = phi i64 [ {self.begin}, %{self.before} ], [ {following}, %{last} ]"]
        for start, now, value in zip(self.starts, self.carried, values, strict=True):
            phis.append(f"  {now.text} = phi {now.type} [ {start.text}, %{self.before} ], [ {value.text}, %{last} ]")
        function.lines[self.at : self.at] = phis
        function.label(behind)
        self.last = list(values)


def full(function: Function, number: Any, dtype: Type, lanes: int) -> Value:
    """A constant, the same in all lanes."""
    text = constant(number, dtype)
    if lanes > 1:
        text = f"splat ({element_name(dtype)} {text})"
    return Value(function, text, dtype, lanes)


def constant(number: Any, dtype: Type) -> str:
    """A number of a type as LLVM writes it: exactly, so in hexadecimal where it is real."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            rounded = float(dtype.type(number))
        return f"0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X}"
    if dtype == BOOL:
        return "true" if number else "false"
    return str(int(number))


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

    def to_int(self, x: Value) -> Value:
        return convert(x, np.dtype(f"i{self.dtype.itemsize}"))

    def to_float(self, x: Value) -> Value:
        return convert(x, self.dtype)

    def widened(self, x: Value) -> tuple["Arithmetic", Value]:
        """An arithmetic of double precision, and x in it."""
        double = np.dtype(np.float64)
        return Arithmetic(self.function, double, self.lanes), convert(x, double)


def _suffix(dtype: Type, lanes: int) -> str:
    element = f"f{8 * dtype.itemsize}" if dtype.kind == "f" else element_name(dtype)
    return element if lanes == 1 else f"v{lanes}{element}"
