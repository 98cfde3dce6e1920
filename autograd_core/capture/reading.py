"""From the text of a program back to the program. What is read is only data: nothing of it is ever executed.

Knows the language of programs (see `writing`) and the operations. Every text that is no program is refused by its line.
"""

import base64
import binascii
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn
from zlib import crc32

import numpy as np

from ..calling import Aval
from ..containers import flatten
from ..errors import DataError
from ..op import REGISTRY, Op
from .program import Instruction, Program, Value, values_in

__all__ = ["parsed", "read_program"]

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
_PLACE = re.compile(r"#\s*(.*?:\d+)(?:: (.*))?")
_DEEP = 50  # brackets in each other
_MANY = 64  # axes of an array, as in NumPy

Token = tuple[str, str]


class Said(str):
    """The line of a program that a statement came from, as its text says."""

    text = ""


def read_program(source: str | os.PathLike[str], tensors: Any = None) -> Program:
    """The program that a file, written by `program.save`, or a text of several lines, holds.

    Tensors from outside are found by name in `tensors`, a mapping or a module; see `Program.bind`. Reading executes
    nothing that stands in the file.

    Raises: DataError, with the line, for what is no program, or is not as it was saved.

    >>> program = ag.read_program('''program double(%x)
    ... %x: float32[2] = input
    ... %1: float32[2] = multiply(%x, 2.0)
    ... return %1''')
    >>> program(np.array([1, 2], np.float32))
    array([2., 4.], dtype=float32)
    """
    if isinstance(source, str) and "\n" in source:
        text, name = source, ""
    else:
        name = os.fspath(source)
        try:
            text = Path(source).read_bytes().decode()
        except UnicodeDecodeError as error:
            raise DataError(f"read_program: {name} is not text: {error.reason}") from None
    try:
        program = parsed(text)
    except DataError as error:
        raise DataError(f"read_program: {f'{name}, ' if name else ''}{error}") from None
    return program if tensors is None else program.bind(tensors)


def parsed(text: str) -> Program:
    """The program that a text holds. Raises: DataError, which opens with the line."""
    return _Reader(text).program()


class _Reader:
    """Reads statement after statement; knows the values so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.number = 0
        self.tokens: list[Token] = []
        self.at = 0
        self.values: dict[str, Value] = {}
        self.inputs: dict[str, Value] = {}
        self.instructions: list[Instruction] = []
        self.place: Said | None = None

    def refuse(self, what: str) -> NoReturn:
        raise DataError(f"line {self.number}: {what}")

    # --- lines --------------------------------------------------------------------------------------------------------

    def program(self) -> Program:
        lines = self._lines()
        if next(lines, False) is False or not self._is("word", "program"):
            self.refuse("a program begins with `program name(arguments)`")
        self.at += 1
        name, head, number = self._name(), self.tokens[self.at :], self.number
        for path in lines:
            if self._is("word", "return"):
                break
            self._statement(path)
        else:
            self.refuse("the program ends without `return`")
        self.at += 1
        result = self._expression()
        self._end()
        outputs, _ = flatten(result)
        if next(lines, None) is not None:
            self.refuse("there is something behind `return`")
        self.number, self.tokens, self.at = number, head, 0
        arguments = self._arguments()
        self._end()
        given = list(dict.fromkeys(values_in(flatten(list(arguments))[0])))
        if given != list(self.inputs.values()):
            self.refuse("the arguments of the program are not its inputs, in order")
        names = {value: name for name, value in self.values.items() if name != str(value.number)}
        return Program(name, given, self.instructions, outputs, arguments=arguments, result=result, names=names)

    def _lines(self) -> Iterator[str]:
        """The statements: after each its tokens are there. Gives the module's path behind it."""
        lines = self.text.split("\n")
        for n, line in enumerate(lines):
            self.number = n + 1
            if (found := re.fullmatch(r"# sum ([0-9a-f]{8})\s*", line)) and not "".join(lines[n + 1 :]).strip():
                before = "".join(f"{line}\n" for line in lines[:n])
                if crc32(before.encode(errors="surrogatepass")) != int(found[1], 16):
                    self.refuse("the file is not as it was saved; if it was changed on purpose, remove this line")
                return
            self.tokens, self.at = self._split(line.rstrip()), 0
            remark = self.tokens.pop()[1] if self.tokens and self.tokens[-1][0] == "remark" else ""
            if self.tokens:
                yield remark[1:].strip()
            elif found := _PLACE.fullmatch(remark):
                self.place = Said(found[1])
                self.place.text = found[2] or ""

    def _split(self, line: str) -> list[Token]:
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

    def _statement(self, path: str) -> None:
        kind, word = self.tokens[0]
        if word in ("store", "store_grad") and kind == "word":
            self.at = 1
            name = self._name()
            self._take("=")
            value = self._expression()
            if not isinstance(value, Value) and (value is not None or word == "store"):
                self.refuse(f"{word} needs a value")
            self._end()
            self._add(Instruction(word, None, (value,), (), name=name), path)  # type: ignore[arg-type]
            return
        outs = [self._declaration()]
        while self._is("sign", ","):
            self.at += 1
            outs.append(self._declaration())
        self._take("=")
        kind, word = self._next("an operation")
        if kind == "value":
            self.at -= 1
            self._sum(outs, path)
        elif kind != "word":
            self.refuse(f"an operation is needed, got {word}")
        elif word in ("input", "const"):
            self._given(word, outs)
        elif word in ("read", "read_grad"):
            name = self._name()
            self._define(outs, 1)
            self._add(Instruction(word, None, (), tuple(v for _, v in outs), name=name), path)  # type: ignore[arg-type]
        elif word == "perform":
            self.refuse("a Python function is performed, which a text cannot hold")
        elif ".vjp." in word:
            self._pull(word, outs, path)
        else:
            self._apply(word, outs, path)
        self._end()

    def _add(self, instruction: Instruction, path: str) -> None:
        instruction.path, instruction.place = path, self.place  # type: ignore[assignment]
        self.instructions.append(instruction)

    # --- statements ---------------------------------------------------------------------------------------------------

    def _declaration(self) -> tuple[str, Value]:
        kind, word = self._next("a value")
        if kind != "value":
            self.refuse(f"a statement begins with a value, such as %1, got {word}")
        self._take(":")
        kind, text = self._next("a type")
        if kind != "type":
            self.refuse(f"the type of a value is like float32[2,3], got {text}")
        shape, dtype = self._type(text)
        name = word[1:]
        number = int(name) if name.isascii() and name.isdigit() and len(name) < 10 else -1 - len(self.values)
        return name, Value(number, shape, dtype)

    def _define(self, outs: Sequence[tuple[str, Value]], count: int) -> None:
        if len(outs) != count:
            self.refuse(f"{count} result{'s' * (count != 1)} expected, got {len(outs)}")
        for name, value in outs:
            if name in self.values:
                self.refuse(f"%{name} is there already")
            self.values[name] = value

    def _given(self, word: str, outs: Sequence[tuple[str, Value]]) -> None:
        if self.instructions:
            self.refuse(f"{word} stands before the first operation")
        self._define(outs, 1)
        name, value = outs[0]
        if word == "input":
            self.inputs[name] = value
        else:
            value.array = self._constant(value)

    def _sum(self, outs: Sequence[tuple[str, Value]], path: str) -> None:
        a = self._expression()
        self._take("+")
        b = self._expression()
        if not isinstance(b, Value):
            self.refuse("the sum of two values is needed")
        self._define(outs, 1)
        self._add(Instruction("add", REGISTRY["add"], (a, b), (outs[0][1],)), path)

    def _apply(self, word: str, outs: Sequence[tuple[str, Value]], path: str) -> None:
        op = self._operation(word)
        args, named = self._arguments()
        given = self._by_name(op, args, named)
        inputs = tuple(given.pop(name) for name in op.arrays)
        if op.variadic:
            self._check_array(inputs[0] if isinstance(inputs[0], tuple) else (), op.name)
        else:
            self._check_array(inputs, op.name)
        self._define(outs, len(outs) if op.aux else 1)
        self._add(Instruction("apply", op, inputs, tuple(v for _, v in outs), given), path)

    def _by_name(self, op: Op, args: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """All arguments of an operation, those that are left out as by default."""
        plain = [name for name in op.arrays if name not in op.masks]
        if len(args) > len(plain):
            self.refuse(f"{op.name} takes {len(plain)} arrays, got {len(args)}")
        given = dict(zip(plain, args, strict=False))
        for name, value in named.items():
            if name not in (*op.masks, *op.statics):
                self.refuse(f"{op.name} has no option {name!r}")
            given[name] = value
        for name in (*op.arrays, *op.statics):
            if name not in given:
                if name not in op.defaults:
                    self.refuse(f"{op.name} needs {name}")
                given[name] = op.defaults[name]
        return given

    def _pull(self, word: str, outs: Sequence[tuple[str, Value]], path: str) -> None:
        of, _, argument = word.partition(".vjp.")
        op = self._operation(of)
        position = self._position(op, argument)
        rule = 0 if op.variadic else position
        if op.rules[rule] is None:
            self.refuse(f"{op.name} has no derivative with respect to {argument}")
        args, named = self._arguments()
        read = [name for name in op.residuals if name in op.reads[rule] or name in op.fused_reads[rule]]
        known = {name: True for name in read if name in op.masks} | dict(named)
        known = {name: known[name] for name in ("g", *op.residuals) if name in known} | known
        options = {name: known.pop(name) if name in known else op.defaults.get(name, known) for name in op.statics}
        lacking = [name for name in (*options, *read) if options.get(name) is known or name not in (*known, *options)]
        unknown = [name for name in known if name != "g" and name not in op.residuals]
        if args or unknown or lacking or not isinstance(known.get("g"), Value):
            what = f"has no {unknown[0]}" if unknown else f"needs {lacking[0]}" if lacking else "takes g=%..."
            self.refuse(f"{word} {what}")
        self._check_array([value for value in known.values() if not isinstance(value, tuple)], word)
        self._define(outs, 1)
        aval: Any = _aval(outs[0][1].shape, outs[0][1].dtype)
        avals = [None] * max(len(op.arrays), position + 1)
        avals[position] = aval
        pull = Instruction(
            "pull",
            op,
            tuple(known.values()),
            (outs[0][1],),
            options,
            names=tuple(known),
            position=position,
            avals=tuple(avals),
        )
        self._add(pull, path)

    def _position(self, op: Op, argument: str) -> int:
        name, _, place = argument.partition("[")
        if name not in op.arrays or bool(place) != op.variadic or len(place) > 6:
            self.refuse(f"{op.name} has no argument {argument}")
        return int(place[:-1]) if place else op.arrays.index(name)

    def _operation(self, name: str) -> Op:
        op = REGISTRY.get(name)
        if op is None or op.kind == "composed":
            self.refuse(f"there is no operation {name!r}; if another package defines it, import that first")
        return op

    def _check_array(self, given: Sequence[Any], who: str) -> None:
        for x in given:
            if not (x is None or isinstance(x, Value | Aval | bool | int | float | np.generic)):
                self.refuse(f"{who} takes arrays, got {type(x).__name__}")

    # --- expressions --------------------------------------------------------------------------------------------------

    def _arguments(self) -> tuple[list[Any], dict[str, Any]]:
        args: list[Any] = []
        named: dict[str, Any] = {}
        self._take("(")
        while not self._is("sign", ")"):
            kind, word = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
            if kind in ("word", "number") and word.isidentifier() and self._is("sign", "=", 1):
                self.at += 2
                if word in named:
                    self.refuse(f"{word} is given twice")
                named[word] = self._expression(1)
            elif named:
                self.refuse("a positional argument stands behind a named one")
            else:
                args.append(self._expression(1))
            if not self._is("sign", ")"):
                self._take(",")
        self.at += 1
        return args, named

    def _expression(self, depth: int = 0) -> Any:
        """A value, or an index such as 1:3."""
        ends: list[Any] = [None]
        while True:
            if self._is("sign", ":"):
                if len(ends) == 3:
                    self.refuse("an index has three parts at most")
                ends.append(None)
                self.at += 1
            elif len(ends) > 1 and (self.at == len(self.tokens) or self.tokens[self.at][1] in (",", ")", "]", "}")):
                break
            else:
                ends[-1] = self._atom(depth)
                if not self._is("sign", ":"):
                    break
        return ends[0] if len(ends) == 1 else slice(*ends)

    def _atom(self, depth: int) -> Any:
        if depth > _DEEP:
            self.refuse("too many brackets")
        kind, text = self._next("a value")
        if kind == "value":
            if text[1:] not in self.values:
                self.refuse(f"there is no value {text} here")
            return self.values[text[1:]]
        if kind == "string":
            return self._string(text)
        if kind == "number":
            return self._number(text)
        if kind == "type":
            return _aval(*self._type(text))
        if kind == "word" and text in _NAMED:
            return _NAMED[text]
        if kind == "word" and text in _TYPES:
            return self._scalar(_TYPES[text]) if self._is("sign", "(") else _TYPES[text]
        if kind == "word" and self._is("sign", "("):
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
        while not self._is("sign", closing):
            items.append(self._expression(depth + 1))
            comma = self._is("sign", ",")
            if not self._is("sign", closing):
                self._take(",")
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
        while not self._is("sign", "}"):
            key = self._atom(depth + 1)
            if not isinstance(key, str | int | float | bool | None) or key in found:
                self.refuse("a key is a number or a text, and there once")
            self._take(":")
            found[key] = self._expression(depth + 1)
            if not self._is("sign", "}"):
                self._take(",")
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
        self._take(")")
        return self._array(value, Value(0, (), dtype))[()]

    def _type(self, text: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        name, _, sides = text[:-1].partition("[")
        parts = sides.split(",") if sides else []
        if len(parts) > _MANY or not all(0 < len(n) < 19 for n in parts):
            self.refuse(f"{text[:60]} is no type")
        shape = tuple(map(int, parts))
        if math.prod(shape) >= 2**60:
            self.refuse(f"{text[:60]} is too large")
        return shape, _TYPES[name] if name != "object" else np.dtype(object)

    # --- constants ----------------------------------------------------------------------------------------------------

    def _constant(self, value: Value) -> Any:
        if self._is("word", "base64"):
            self.at += 1
            return self._laid_out(*self._arguments(), value)
        return self._array(self._expression(), value)

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

    def _is(self, kind: str, text: str, ahead: int = 0) -> bool:
        return self.at + ahead < len(self.tokens) and self.tokens[self.at + ahead] == (kind, text)

    def _next(self, wanted: str) -> Token:
        if self.at >= len(self.tokens):
            self.refuse(f"{wanted} is missing at the end")
        self.at += 1
        return self.tokens[self.at - 1]

    def _take(self, sign: str) -> None:
        _, text = self._next(f"`{sign}`")
        if text != sign:
            self.refuse(f"`{sign}` expected, got {text[:30]}")

    def _end(self) -> None:
        if self.at < len(self.tokens):
            self.refuse(f"the statement ends before {self.tokens[self.at][1][:30]}")

    def _name(self) -> str:
        """A name with dots and positions, or any in quotes."""
        kind, text = self._next("a name")
        if kind == "string":
            return self._string(text)
        if kind not in ("name", "word", "number"):
            self.refuse(f"a name is needed, got {text[:30]}")
        return text


def _aval(shape: tuple[int, ...], dtype: Any) -> Aval:
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
