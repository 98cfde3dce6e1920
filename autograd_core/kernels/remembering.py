"""What was compiled for steps before: found by the form of the steps alone, so that no code is even written again.

Knows the form of steps, and the place beside compiled code. Does not know how code is written: what somebody wants to
know of it, besides the code itself, is a note.
"""

import hashlib
import json
import struct
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from ..lowered import Buffer, Elementwise, Number, Product, Reduce
from . import llvm

__all__ = ["Remembered", "described", "recalled", "remembered"]


class Remembered:
    """Compiled code, with a note of plain numbers, strings and lists."""

    def __init__(self, library: llvm.Library, note: Any) -> None:
        self.library, self.note = library, note


_HERE: WeakValueDictionary[str, Remembered] = WeakValueDictionary()  # as long as somebody runs it


def described(steps: Sequence[Elementwise | Reduce | Product], kept: Collection[Buffer], *more: Any) -> str:
    """A name for code: the same only where everything is the same that code for the steps is written from."""
    buffers: dict[Buffer, tuple[Any, ...]] = {}
    types: dict[Any, str] = {}

    def form(x: Any) -> Any:
        if x.dtype not in types:
            types[x.dtype] = x.dtype.str
        if isinstance(x, Number):
            value = x.value
            bits = struct.pack("<d", value) if isinstance(value, float) else value
            return type(value).__name__, bits, types[x.dtype]
        buffer = x.buffer
        if buffer not in buffers:
            buffers[buffer] = buffer.number, buffer.nbytes, buffer.kind == "temporary", buffer in kept
        return buffer.number, x.offset, x.shape, x.strides, types[x.dtype]

    forms: list[Any] = []
    for step in steps:
        if isinstance(step, Elementwise):
            forms.append((step.name, [form(x) for x in step.operands], form(step.out), [t.str for t in step.loop]))
        elif isinstance(step, Reduce):
            forms.append((step.name, form(step.operand), step.axes, form(step.out)))
        else:
            factors = struct.pack("<2d", step.scale, step.keep)
            more_pieces = [x and form(x) for x in (step.rate, step.bias, step.gate)]
            forms.append((form(step.a), form(step.b), form(step.out), factors, more_pieces, step.relu))
    whole = repr((forms, list(buffers.values()), more, _sources()))
    return hashlib.sha256(whole.encode()).hexdigest()


@cache
def _sources() -> str:
    """What stands for the way in which code is written: the files that write it."""
    here = Path(__file__).parent
    files = sorted([*here.rglob("*.py"), here.parent / "lowered.py"])
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def remembered(name: str, library: llvm.Library, note: Any) -> Remembered:
    """Keep compiled code under a name, here and in files."""
    found = _HERE[name] = Remembered(library, note)
    llvm.keep(f"{name}.json", json.dumps([library.key, note]).encode())
    return found


def recalled(name: str, symbols: Any) -> Remembered | None:
    """What was kept under a name; `symbols` gives the addresses of what it calls, from the note.

    Code that has memory, as the note says under "scratch", is loaded anew, so that all who run it have their own.
    """
    found = _HERE.get(name)
    if found is not None and found.note.get("scratch"):
        return Remembered(found.library.again(), found.note)
    if found is None and (content := llvm.kept(f"{name}.json")) is not None:
        key, note = json.loads(content)
        library = llvm.recalled(key, symbols(note))
        if library is not None:
            found = _HERE[name] = Remembered(library, note)
    return found
