"""A program as text: for people, and, with every number exact, for files.

Knows programs. `reading` is the way back. Does not know what operations compute.

Note [The language of programs]
One statement a line. A `#` begins a remark: alone on a line the user's line that the statements below it come from,
behind a statement the module.

    program step(%x, scale=2.0)                             how it was called: the arguments
    %x: float32[10,784] = input
    %3: float32[3] = const [0.0, 1.0, 2.0]                  large ones: const base64("...", crc32=..., strides=(...))
    %4: float32[30,784] = read 0.weight                     a Tensor from outside; read_grad: its gradient
    %5: float32[10,30] = linear(%x, %4, None)               an operation: arrays by position, options by name
    %6: float32[10,30] = linear.vjp.x(g=%5, weight=%4)      the cotangent of its argument x
    %7: float32[10,30] = %6 + %6                            the sum of two cotangents
    %8: bool[10,30] = perform drawn()                       a Python function, called in every replay; not in files
    store 0.weight = %9
    store_grad 0.weight = %10                               or None
    return {"loss": %7}                                     what it returned

Values are numbers, strings as in JSON, None, True, False, inf, nan, tuples, lists, dicts, indices (1:, ::2, ...), types
(float32), NumPy's numbers (float32(0.1)), shapes with types (float32[3,4]), and values by name. Options that are as by
default are left out.
"""

import base64
import functools
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from ..calling import Aval
from ..errors import GraphError
from .program import Instruction, Program, Value, values_in

__all__ = ["Writer", "saved", "written"]

SMALL = 16
"""Constants of so many numbers are written out."""
NUMBERS = "fiub"
"""The kinds of types whose numbers text can hold."""

_COLUMN = 72  # where remarks stand, unless a line is longer
_PLAIN = re.compile(r"(?:[0-9]+\.)*[^\W\d]\w*(?:\.\w+|\[[0-9]+\])*")


def written(program: Program, limit: int | None = None) -> str:
    """The program for a reader, of at most `limit` instructions."""
    return "\n".join(Writer(program).lines(limit))


def saved(program: Program) -> str:
    """The program with all its numbers, and a sum of them all as the last line.

    Raises: GraphError for what text cannot hold.
    """
    text = "".join(f"{line}\n" for line in Writer(program, exact=True).lines(None))
    return f"{text}# sum {crc32(text.encode()):08x}\n"


class Writer:
    """Writes a program, or one instruction of it. `exact`: so that it can be read again."""

    def __init__(self, program: Program, exact: bool = False) -> None:
        self.program, self.exact = program, exact
        self._outside = {id(i): i.name or f"outside.{n}" for n, i in program._outside()}

    def lines(self, limit: int | None) -> Iterator[str]:
        """The lines of the program."""
        program = self.program
        yield f"program {_word(program.name)}({self._given(*program.arguments)})"
        yield f"# {self._counted()}"
        for value in program.inputs:
            yield f"{self.declared(value)} = input"
        for value in program.constants():
            yield f"{self.declared(value)} = {self._constant(value)}"
        shown: Sequence[Instruction | None] = program.instructions
        left = 0
        if limit is not None and len(shown) > limit:
            left = len(shown) - limit
            shown = [*shown[: (limit + 1) // 2], None, *shown[len(shown) - limit // 2 :]]
        place = None
        for i in shown:
            if i is None:
                yield f"... {left:,} instructions; text(limit=None) shows all"
                continue
            statement = self.statement(i)
            if i.kind == "store_grad":  # written down wherever it was noticed
                yield statement
                continue
            if i.place is not None and str(i.place) != place:
                place = str(i.place)
                said = _line(i.place.text)
                yield f"# {_line(place)}{': ' if said else ''}{said}"
            yield f"{statement:<{_COLUMN}}  # {_line(i.path)}" if i.path else statement
        yield f"return {self._value(program.result)}"

    def _counted(self) -> str:
        kinds = [i.kind for i in self.program.instructions]
        forward, sweep = kinds.count("apply"), kinds.count("pull") + kinds.count("add")
        several = {
            "operation": (forward, ""),
            "step": (sweep, " of a sweep"),
            "read": (kinds.count("read") + kinds.count("read_grad"), ""),
            "effect": (sum(i.has_effect for i in self.program.instructions), ""),
            "constant": (len(self.program.constants()), ""),
        }
        said = [f"{n:,} {what}{'s' * (n != 1)}{more}" for what, (n, more) in several.items() if n]
        return ", ".join(said) or "nothing is computed"

    # --- statements ---------------------------------------------------------------------------------------------------

    def statement(self, i: Instruction) -> str:
        """One instruction."""
        outs = ", ".join(map(self.declared, i.outputs))
        if i.kind in ("store", "store_grad"):
            return f"{i.kind} {_word(self.outside(i))} = {self._value(i.inputs[0])}"
        if i.kind in ("read", "read_grad"):
            done = f"{i.kind} {_word(self.outside(i))}"
        elif i.kind == "add":
            done = f"{self._value(i.inputs[0])} + {self._value(i.inputs[1])}"
        elif i.op is None:
            if self.exact:
                where = f" ({i.place}: {i.place.text})" if i.place else ""
                raise GraphError(
                    f"save: {self.program.name} performs {_function(i.target)}, a Python function, which text cannot "
                    f"hold{where}; leave it outside of what is traced, or write it with operations"
                )
            done = f"{self.performed(i)}({self._given(i.inputs, {})})"
        else:
            done = f"{i.label}({self._given(*(self._applied(i) if i.kind == 'apply' else self._pulled(i)))})"
        return f"{outs} = {done}" if outs else done

    def outside(self, i: Instruction) -> str:
        """What the Tensor from outside is called that an instruction reads or changes."""
        return self._outside.get(id(i), "")

    def performed(self, i: Instruction) -> str:
        """What is performed."""
        return f"{i.kind} {_word(_function(i.target))}"

    def options(self, i: Instruction) -> list[str]:
        """The options of an instruction that are not as by default, as they stand in the text."""
        return [f"{k}={self._value(v)}" for k, v in self._other(i.op, i.options).items()] if i.op else []

    def _applied(self, i: Instruction) -> tuple[Sequence[Any], dict[str, Any]]:
        op: Any = i.op
        plain = {name: value for name, value in zip(op.arrays, i.inputs, strict=True) if name not in op.masks}
        while plain and (last := next(reversed(plain))) in op.optional and _alike(plain[last], op.defaults.get(last)):
            del plain[last]
        named = {name: value for name, value in zip(op.arrays, i.inputs, strict=True) if name in op.masks}
        return list(plain.values()), self._other(op, named | i.options)

    def _pulled(self, i: Instruction) -> tuple[Sequence[Any], dict[str, Any]]:
        op: Any = i.op
        return (), self._other(op, dict(zip(i.names, i.inputs, strict=True)) | i.options)

    def _other(self, op: Any, options: dict[str, Any]) -> dict[str, Any]:
        """Those that are not as by default."""
        free = {*op.statics, *op.masks}
        missing = object()
        return {k: v for k, v in options.items() if k not in free or not _alike(v, op.defaults.get(k, missing))}

    def declared(self, value: Value) -> str:
        """A value with its type."""
        return f"{self.name(value)}: {value.type}"

    def name(self, value: Value) -> str:
        """What a value is called."""
        return f"%{self.program.names.get(value, value.number)}"

    # --- values -------------------------------------------------------------------------------------------------------

    def _given(self, args: Sequence[Any], kwargs: Any) -> str:
        return ", ".join([*map(self._value, args), *(f"{k}={self._value(v)}" for k, v in kwargs.items())])

    def _value(self, x: Any) -> str:
        if isinstance(x, Value):
            return self.name(x)
        if isinstance(x, Aval):
            return f"{x.dtype}[{','.join(map(str, x.shape))}]"
        if x is None or x is Ellipsis or isinstance(x, bool):
            return "..." if x is Ellipsis else str(x)
        if isinstance(x, int | float) and not isinstance(x, np.generic):
            return repr(x)
        if isinstance(x, str):
            return json.dumps(str(x), ensure_ascii=not x.isprintable())
        if isinstance(x, np.generic) and x.dtype.kind in NUMBERS:
            return f"{x.dtype}({_numbers(x)})"
        if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic | float | int)):
            return str(np.dtype(x))
        if isinstance(x, slice):
            ends = ["" if end is None else self._value(end) for end in (x.start, x.stop, x.step)]
            return ":".join(ends if ends[2] else ends[:2])
        if isinstance(x, tuple):
            inside = ", ".join(map(self._value, x))
            named = type(x).__name__ if hasattr(x, "_fields") else ""
            return f"{named}({inside}{',' if len(x) == 1 else ''})"
        if isinstance(x, list):
            return f"[{', '.join(map(self._value, x))}]"
        if isinstance(x, dict):
            return f"{{{', '.join(f'{self._value(k)}: {self._value(v)}' for k, v in x.items())}}}"
        if self.exact:
            raise GraphError(f"save: {self.program.name} holds {_brief(x)}, which text cannot hold")
        return f"<{_brief(x)}>"

    def _constant(self, value: Value) -> str:
        array = np.asarray(value.array)
        if array.dtype.kind not in NUMBERS or array.dtype.itemsize > 8 or not array.dtype.isnative:
            if self.exact:
                raise GraphError(f"save: {self.program.name} holds a constant {value.type}, which text cannot hold")
            return f"const <{array.dtype}>"
        if array.size <= SMALL and (not self.exact or (_is_plain(array) and _is_ordinary(array))):
            return f"const {_numbers(array)}"
        content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        if not self.exact:
            low_high = f", {array.min()} to {array.max()}" if array.size else ""
            return f"const <{array.size:,} numbers{low_high}, crc32 {crc32(content):08x}>"
        strides = "" if _is_plain(array) else f", strides={_compact(array)}"
        return f'const base64("{base64.b64encode(content).decode()}", crc32="{crc32(content):08x}"{strides})'


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numbers(x: Any) -> str:
    """The numbers of an array, nested, each as the shortest text that gives it again."""
    x = np.asarray(x)
    if x.ndim:
        return f"[{', '.join(map(_numbers, x))}]"
    value = x.item()
    if isinstance(value, bool | int) or not math.isfinite(value):
        return repr(value)
    short = repr(float(str(x[()])))
    return short if x.dtype.type(float(short)) == x else repr(value)


def _is_ordinary(array: Any) -> bool:
    """Whether each NaN is the one that `nan` gives."""
    if array.dtype.kind != "f" or not np.isnan(array).any():
        return True
    return bool(array[np.isnan(array)].tobytes() == np.full(int(np.isnan(array).sum()), np.nan, array.dtype).tobytes())


def _is_plain(array: Any) -> bool:
    """Whether an array is laid out as a new one is."""
    return bool(array.flags.c_contiguous)


def _compact(array: Any) -> tuple[int, ...]:
    """Strides in elements; those of a small part of something large without its gaps."""
    size = array.itemsize
    strides = tuple(s // size if s % size == 0 else 0 for s in array.strides)
    extent = 1 + sum(abs(s) * (n - 1) for s, n in zip(strides, array.shape, strict=True) if n)
    if extent <= 64 * array.size and all(s % size == 0 for s in array.strides):
        return strides
    order = np.empty_like(array).strides  # keeps the order of the axes
    return tuple(0 if own == 0 else s // size for own, s in zip(array.strides, order, strict=True))


def _alike(a: Any, b: Any) -> bool:
    """Whether an option is as by default."""
    if any(True for _ in values_in((a, b))):
        return False
    return a is b or (type(a) is type(b) and isinstance(a, bool | int | float | str | tuple) and repr(a) == repr(b))


def _word(name: str) -> str:
    """A name as it is if it is plain, else as a string."""
    return name if _PLAIN.fullmatch(name) else json.dumps(_line(name), ensure_ascii=False)


def _line(text: str) -> str:
    return " ".join(text.split())


def _brief(x: Any) -> str:
    name = getattr(x, "__qualname__", None)
    return f"{type(x).__name__} {name}" if isinstance(name, str) else type(x).__name__


def _function(function: Any) -> str:
    """What a function is called where it was written."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", type(function).__name__)
    return str(name).replace(".<locals>", "")
