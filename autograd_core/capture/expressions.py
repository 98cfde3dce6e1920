"""What stands in a line of a program: its tokens, and the values that they spell.

Knows the spelling of values (see Note [The language of programs] in `writing`). Does not know what lines mean.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from zlib import crc32

import numpy as np

from ..calling import Aval
from ..errors import DataError
from .program import Value

__all__ = ["Expressions", "aval_of"]

_TYPES = {name: np.dtype(name) for name in ("bool", "float16", "float32", "float64")}
_TYPES |= {f"{kind}{bits}": np.dtype(f"{kind}{bits}") for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
_NAMED = {"None": None, "True": True, "False": False, "inf": math.inf, "nan": math.nan}
_TOKEN = re.compile(
    r"[ \t]*(?:(?P<remark>\#.*)"
    r"|(?P<value>%\w[\w.']*)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    rf"|(?P<type>\b(?:object|{'|'.join(_TYPES)})\[[0-9,]*\])"
    r"|(?P<name>[0-9]+(?:\.[0-9]+)*\.[^\W\d]\w*(?:\.\w+|\[[0-9]+\])*)"
    r"|(?P<number>-?(?:inf\b|nan\b|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?))"
    r"|(?P<word>[^\W\d]\w*(?:\.\w+|\[[0-9]+\])*)"
    r"|(?P<sign>\.\.\.|[()\[\]{},:=+]))"
)
_DEEP = 50  # brackets in each other
_MANY = 64  # axes of an array, as in NumPy

Token = tuple[str, str]


class Expressions:
    """The tokens of one line after the other, from left to right; and the values of the program so far, by name."""

    def __init__(self) -> None:
        self.number = 0
        self.tokens: list[Token] = []
        self.at = 0
        self.values: dict[str, Value] = {}

    def refuse(self, what: str) -> NoReturn:
        raise DataError(f"line {self.number}: {what}")

    def split(self, line: str) -> list[Token]:
        tokens = []
        at = 0
        while at < len(line):
            found = _TOKEN.match(line, at)
            if found is None or found.lastgroup is None:
                if line.startswith("... "):
                    self.refuse("some of the program is not shown; program.save() writes all")
                self.refuse(f"{line[at : at + 20].strip()!r} cannot be read")
            tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        return tokens

    # --- expressions --------------------------------------------------------------------------------------------------

    def arguments(self) -> tuple[list[Any], dict[str, Any]]:
        args: list[Any] = []
        named: dict[str, Any] = {}
        self.take("(")
        while not self.stands("sign", ")"):
            kind, word = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
            if kind in ("word", "number") and word.isidentifier() and self.stands("sign", "=", 1):
                self.at += 2
                if word in named:
                    self.refuse(f"{word} is given twice")
                named[word] = self.expression(1)
            elif named:
                self.refuse("a positional argument stands behind a named one")
            else:
                args.append(self.expression(1))
            if not self.stands("sign", ")"):
                self.take(",")
        self.at += 1
        return args, named

    def expression(self, depth: int = 0) -> Any:
        """A value, or an index such as 1:3."""
        ends: list[Any] = [None]
        while True:
            if self.stands("sign", ":"):
                if len(ends) == 3:
                    self.refuse("an index has three parts at most")
                ends.append(None)
                self.at += 1
            elif len(ends) > 1 and (self.at == len(self.tokens) or self.tokens[self.at][1] in (",", ")", "]", "}")):
                break
            else:
                ends[-1] = self._atom(depth)
                if not self.stands("sign", ":"):
                    break
        return ends[0] if len(ends) == 1 else slice(*ends)

    def _atom(self, depth: int) -> Any:
        if depth > _DEEP:
            self.refuse("too many brackets")
        kind, text = self.next("a value")
        if kind == "value":
            if text[1:] not in self.values:
                self.refuse(f"there is no value {text} here")
            return self.values[text[1:]]
        if kind == "string":
            return self._string(text)
        if kind == "number":
            return self._number(text)
        if kind == "type":
            return aval_of(*self.typed(text))
        if kind == "word" and text in _NAMED:
            return _NAMED[text]
        if kind == "word" and text in _TYPES:
            return self._scalar(_TYPES[text]) if self.stands("sign", "(") else _TYPES[text]
        if kind == "word" and self.stands("sign", "("):
            return self._named_tuple(text, depth)
        if text == "...":
            return Ellipsis
        if text in ("(", "["):
            return self._sequence(text, depth)
        if text == "{":
            return self._dict(depth)
        self.refuse(f"a value is needed, got {text}")

    def _sequence(self, opening: str, depth: int, several: bool = False) -> Any:
        closing = {"(": ")", "[": "]"}[opening]
        items: list[Any] = []
        comma = False
        while not self.stands("sign", closing):
            items.append(self.expression(depth + 1))
            comma = self.stands("sign", ",")
            if not self.stands("sign", closing):
                self.take(",")
        self.at += 1
        if opening == "[":
            return items
        return tuple(items) if several or comma or len(items) != 1 else items[0]

    def _named_tuple(self, name: str, depth: int) -> Any:
        """One of the kinds of tuples that operations use; any other is a plain one."""
        self.at += 1
        parts = self._sequence("(", depth, several=True)
        for kind in tuple.__subclasses__():
            ours = kind.__module__.partition(".")[0] == __name__.partition(".")[0]
            if ours and kind.__name__ == name and len(getattr(kind, "_fields", ())) == len(parts):
                return kind(*parts)
        return parts

    def _dict(self, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while not self.stands("sign", "}"):
            key = self._atom(depth + 1)
            if not isinstance(key, str | int | float | bool | None) or key in found:
                self.refuse("a key is a number or a text, and there once")
            self.take(":")
            found[key] = self.expression(depth + 1)
            if not self.stands("sign", "}"):
                self.take(",")
        self.at += 1
        return found

    def _string(self, text: str) -> str:
        try:
            found = json.loads(text)
        except ValueError:
            self.refuse(f"{text[:30]} is no text")
        return str(found)

    def _number(self, text: str) -> int | float:
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError as error:
            self.refuse(str(error))

    def _scalar(self, dtype: np.dtype[Any]) -> Any:
        self.at += 1
        value = self._atom(_DEEP)
        self.take(")")
        return self._array(value, Value(0, (), dtype))[()]

    def typed(self, text: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        name, _, sides = text[:-1].partition("[")
        parts = sides.split(",") if sides else []
        if len(parts) > _MANY or not all(0 < len(n) < 19 for n in parts):
            self.refuse(f"{text[:60]} is no type")
        shape = tuple(map(int, parts))
        if math.prod(shape) >= 2**60:
            self.refuse(f"{text[:60]} is too large")
        return shape, _TYPES[name] if name != "object" else np.dtype(object)

    # --- constants ----------------------------------------------------------------------------------------------------

    def constant(self, value: Value) -> Any:
        if self.stands("word", "base64"):
            self.at += 1
            return self._laid_out(*self.arguments(), value)
        return self._array(self.expression(), value)

    def _array(self, numbers: Any, value: Value) -> Any:
        """An array of the numbers in nested lists, which must be numbers of that type exactly."""
        leaves, dtype = _leaves(numbers, value.shape), value.dtype
        kinds: Any = {"b": bool, "i": int, "u": int, "f": (int, float)}.get(dtype.kind)
        if leaves is None or kinds is None or not all(isinstance(x, kinds) for x in leaves):
            self.refuse(f"these are not the numbers of a {value.type}")
        if dtype.kind != "b" and any(isinstance(x, bool) for x in leaves):
            self.refuse(f"these are not the numbers of a {value.type}")
        try:
            with np.errstate(over="raise"):
                return np.array(leaves, dtype).reshape(value.shape)
        except (OverflowError, FloatingPointError):
            self.refuse(f"a number is too large for {dtype}")

    def _laid_out(self, args: Sequence[Any], named: Mapping[str, Any], value: Value) -> Any:
        shape, dtype = value.shape, value.dtype
        size = math.prod(shape)
        if len(args) != 1 or not isinstance(args[0], str) or not named.keys() <= {"crc32", "strides"}:
            self.refuse('a constant is base64("...", crc32="...")')
        try:
            content = base64.b64decode(args[0], validate=True)
        except (binascii.Error, ValueError) as error:
            self.refuse(f"the constant is no base64: {error}")
        if dtype.kind == "O" or len(content) != size * dtype.itemsize:
            self.refuse(f"a {value.type} has {size * dtype.itemsize:,} bytes, got {len(content):,}")
        if named.get("crc32") != f"{crc32(content):08x}":
            self.refuse("the numbers of the constant are not as they were saved")
        if dtype.kind == "b" and content.strip(b"\0\1"):
            self.refuse("a truth value is neither 0 nor 1")
        array = np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
        strides = named.get("strides")
        if strides is None:
            return array
        fits = isinstance(strides, tuple) and len(strides) == len(shape) and all(type(s) is int for s in strides)
        extent = [s * (n - 1) for s, n in zip(strides, shape, strict=True) if n] if fits else [2**60]
        low, high = sum(e for e in extent if e < 0), sum(e for e in extent if e > 0)
        if high - low > 128 * size + 1024 or not size:
            self.refuse(f"strides {str(strides)[:60]} do not fit {value.type}")
        room = np.zeros(high - low + 1, dtype)
        laid = np.lib.stride_tricks.as_strided(room[-low:], shape, [s * dtype.itemsize for s in strides])
        laid[...] = array
        return laid

    # --- tokens -------------------------------------------------------------------------------------------------------

    def stands(self, kind: str, text: str, ahead: int = 0) -> bool:
        return self.at + ahead < len(self.tokens) and self.tokens[self.at + ahead] == (kind, text)

    def next(self, wanted: str) -> Token:
        if self.at >= len(self.tokens):
            self.refuse(f"{wanted} is missing at the end")
        self.at += 1
        return self.tokens[self.at - 1]

    def take(self, sign: str) -> None:
        _, text = self.next(f"`{sign}`")
        if text != sign:
            self.refuse(f"`{sign}` expected, got {text[:30]}")

    def end(self) -> None:
        if self.at < len(self.tokens):
            self.refuse(f"the statement ends before {self.tokens[self.at][1][:30]}")

    def name(self) -> str:
        """A name with dots and positions, or any in quotes."""
        kind, text = self.next("a name")
        if kind == "string":
            return self._string(text)
        if kind not in ("name", "word", "number"):
            self.refuse(f"a name is needed, got {text[:30]}")
        return text


def aval_of(shape: tuple[int, ...], dtype: Any) -> Aval:
    aval: Aval = object.__new__(Aval)
    aval.shape, aval.dtype = shape, dtype
    return aval


def _leaves(numbers: Any, shape: tuple[int, ...]) -> list[Any] | None:
    """The numbers in nested lists of a shape; None if they are of another."""
    level = [numbers]
    for n in shape:
        if not all(isinstance(x, list) and len(x) == n for x in level):
            return None
        level = [x for part in level for x in part]
    return level
