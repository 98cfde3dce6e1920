"""Text of LLVM IR, written by ordinary Python expressions: values that have operators.

A `Value` is a vector register of some element type (one lane: a scalar), or a constant; an operator on it appends an
instruction to the function that it belongs to. What has no operator is in `arithmetic`, loops are in `branching`.
Knows LLVM's types and instructions. Does not know arrays, or how the text becomes code.
"""

import struct
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "BOOL",
    "Function",
    "Module",
    "Value",
    "constant",
    "element_name",
    "full",
    "suffix",
    "type_name",
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

    With `contract`, LLVM may make one instruction, which rounds once, of a product and a sum that follows it. What is
    `internal` is called by its module only.
    """

    def __init__(
        self, module: Module, name: str, arguments: Sequence[tuple[str, str]], *, result: str = "void",
        contract: bool = False, internal: bool = False, attributes: str = "nounwind",
    ) -> None:  # fmt: skip
        self.module, self.name, self.contract = module, name, contract
        linkage = "internal " if internal else ""
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
        full_name = f"llvm.{name}.{suffix(first.dtype, first.lanes)}"
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

    def __eq__(self, other: object) -> "Value":  # type: ignore[override]  # not a bool, as in NumPy
        return self._compare("oeq", "eq", other)

    def __ne__(self, other: object) -> "Value":  # type: ignore[override]  # not a bool, as in NumPy
        return self._compare("une", "ne", other)

    __hash__ = object.__hash__

    def isnan(self) -> "Value":
        return self._binary("fcmp uno", self, dtype=BOOL)


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


def suffix(dtype: Type, lanes: int) -> str:
    """How LLVM writes such numbers in the names of its functions: ``v16f32``, or just ``f32``."""
    element = f"f{8 * dtype.itemsize}" if dtype.kind == "f" else element_name(dtype)
    return element if lanes == 1 else f"v{lanes}{element}"
