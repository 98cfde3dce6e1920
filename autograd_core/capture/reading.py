"""From the text of a program back to the program. What is read is only data: nothing of it is ever executed.

Knows the language of programs (see `writing`) and the operations. Every text that is no program is refused by its line.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import numpy as np

from ..calling import Aval
from ..containers import flatten
from ..errors import DataError
from ..op import REGISTRY, Op
from .expressions import Expressions, aval_of
from .program import Instruction, Kind, Program, Value, values_in

__all__ = ["parsed", "read_program"]

_PLACE = re.compile(r"#\s*(.*?:\d+)(?:: (.*))?")


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


class _Reader(Expressions):
    """Reads statement after statement; knows the values so far."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.inputs: dict[str, Value] = {}
        self.instructions: list[Instruction] = []
        self.place: Said | None = None

    # --- lines --------------------------------------------------------------------------------------------------------

    def program(self) -> Program:
        lines = self._lines()
        if next(lines, False) is False or not self.stands("word", "program"):
            self.refuse("a program begins with `program name(arguments)`")
        self.at += 1
        name, head, number = self.name(), self.tokens[self.at :], self.number
        for path in lines:
            if self.stands("word", "return"):
                break
            self._statement(path)
        else:
            self.refuse("the program ends without `return`")
        self.at += 1
        result = self.expression()
        self.end()
        outputs, _ = flatten(result)
        if next(lines, None) is not None:
            self.refuse("there is something behind `return`")
        self.number, self.tokens, self.at = number, head, 0
        arguments = self.arguments()
        self.end()
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
            self.tokens, self.at = self.split(line.rstrip()), 0
            remark = self.tokens.pop()[1] if self.tokens and self.tokens[-1][0] == "remark" else ""
            if self.tokens:
                yield remark[1:].strip()
            elif found := _PLACE.fullmatch(remark):
                self.place = Said(found[1])
                self.place.text = found[2] or ""

    def _statement(self, path: str) -> None:
        kind, word = self.tokens[0]
        if word in ("store", "store_grad") and kind == "word":
            self.at = 1
            name = self.name()
            self.take("=")
            value = self.expression()
            if not isinstance(value, Value) and (value is not None or word == "store"):
                self.refuse(f"{word} needs a value")
            self.end()
            self._add(Instruction(cast(Kind, word), None, (value,), (), name=name), path)
            return
        outs = [self._declaration()]
        while self.stands("sign", ","):
            self.at += 1
            outs.append(self._declaration())
        self.take("=")
        kind, word = self.next("an operation")
        if kind == "value":
            self.at -= 1
            self._sum(outs, path)
        elif kind != "word":
            self.refuse(f"an operation is needed, got {word}")
        elif word in ("input", "const"):
            self._given(word, outs)
        elif word in ("read", "read_grad"):
            name = self.name()
            self._define(outs, 1)
            self._add(Instruction(cast(Kind, word), None, (), tuple(v for _, v in outs), name=name), path)
        elif word == "perform":
            self.refuse("a Python function is performed, which a text cannot hold")
        elif ".vjp." in word:
            self._pull(word, outs, path)
        else:
            self._apply(word, outs, path)
        self.end()

    def _add(self, instruction: Instruction, path: str) -> None:
        instruction.path, instruction.place = path, self.place  # type: ignore[assignment]  # what the file says of it
        self.instructions.append(instruction)

    # --- statements ---------------------------------------------------------------------------------------------------

    def _declaration(self) -> tuple[str, Value]:
        kind, word = self.next("a value")
        if kind != "value":
            self.refuse(f"a statement begins with a value, such as %1, got {word}")
        self.take(":")
        kind, text = self.next("a type")
        if kind != "type":
            self.refuse(f"the type of a value is like float32[2,3], got {text}")
        shape, dtype = self.typed(text)
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
            value.array = self.constant(value)

    def _sum(self, outs: Sequence[tuple[str, Value]], path: str) -> None:
        a = self.expression()
        self.take("+")
        b = self.expression()
        if not isinstance(b, Value):
            self.refuse("the sum of two values is needed")
        self._define(outs, 1)
        self._add(Instruction("add", REGISTRY["add"], (a, b), (outs[0][1],)), path)

    def _apply(self, word: str, outs: Sequence[tuple[str, Value]], path: str) -> None:
        op = self._operation(word)
        args, named = self.arguments()
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
        args, named = self.arguments()
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
        aval: Any = aval_of(outs[0][1].shape, outs[0][1].dtype)
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
