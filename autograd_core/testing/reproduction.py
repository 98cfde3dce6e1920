"""A check as text that runs it again: exact arrays, containers, options, and the function where it can be imported.

Knows arrays and Tensors as values to be written down. Runs nothing.
"""

import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from keyword import iskeyword
from typing import Any

import numpy as np

from ..tensor import Tensor
from .report import Array

FILE = "gradcheck-inputs.npz"
PRINTED = 200  # arrays with more numbers are read from a file

_TAKEN = {"np", "ag", "gradcheck", "saved"}  # names with a meaning of their own
_WIDTH = 96  # with an indentation of 4, as in reports, within 100


def reproduce(
    function: str | Sequence[str],
    source: str,
    arguments: Sequence[Any],
    options: Mapping[str, Any],
    names: Sequence[str] = (),
) -> str:
    """Python text that checks a function with these arguments and options again.

    `function` is the qualified name that it can be imported by, as in "package.module.name", or several of a pair or
    triple; in place of one that cannot be imported, such as a lambda, there are dots and a comment. `source` is where
    it is defined, as in "file.py:12". Arrays are written down bit for bit; those with more than 200 numbers are read
    from the file that `report.save_inputs()` writes. `names` are what to call the arguments.

    >>> print(reproduce("numpy.sin", "", [np.array([0.5, -0.0], np.float32)], {"order": 2}))
    import numpy as np
    from autograd_core.testing import gradcheck
    from numpy import sin
    <BLANKLINE>
    x = np.array([0.5, -0.0], dtype=np.float32)
    <BLANKLINE>
    gradcheck(sin, x, order=2)
    """
    inputs = ["x"] if len(arguments) == 1 else [f"x{i}" for i in range(len(arguments))]
    if len(set(names) - _TAKEN) == len(arguments) and all(map(_is_name, names)):
        inputs = list(names)
    text = _Text({*_TAKEN, *inputs})
    called = [text.function(name, source) for name in ([function] if isinstance(function, str) else function)]
    for i, (name, value) in enumerate(zip(inputs, arguments, strict=True)):
        twin = next((j for j in range(i) if arguments[j] is value and isinstance(value, np.ndarray | Tensor)), None)
        written = text.value(value, _key(i)) if twin is None else inputs[twin]
        text.assign(name, written)
    words = []
    for option, value in options.items():
        written = text.value(value, "")
        if written == _UNKNOWN:
            text.remarks.append(f"{option}, {_described(value)}, is left out")
        else:
            words.append(f"{option}={written}")
    first = called[0] if len(called) == 1 else _Group("(", called, ")")
    return text.finish(_Group("gradcheck(", [first, *inputs, *words], ")"))


def arrays_by_key(arguments: Sequence[Any]) -> dict[str, Array]:
    """All arrays among arguments, under the names by which the reproduction reads them from a file."""
    found: dict[str, Array] = {}

    def visit(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                visit(item, f"{key}.{name}")
        elif isinstance(value, list | tuple):
            for i, item in enumerate(value):
                visit(item, f"{key}.{i}")
        elif _is_array(value) and not (array := _array(value)).dtype.hasobject:
            found[key] = array

    for i, value in enumerate(arguments):
        visit(value, _key(i))
    return found


def _key(position: int) -> str:
    return f"argument{position}"


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__") and not isinstance(value, np.generic | type)


def _array(value: Any) -> Array:
    return value.detach().data if isinstance(value, Tensor) else np.asarray(value)


def _described(value: Any) -> str:
    kind = type(value)
    return f"an object of type {kind.__module__}.{kind.__qualname__}"


@dataclass
class _Group:
    """Words between brackets, on one line if they fit."""

    open: str
    items: "Sequence[_Written]"
    close: str

    def __str__(self) -> str:
        return self.open + ", ".join(map(str, self.items)) + self.close

    def lines(self, indent: int, room: int) -> list[str]:
        """The lines behind an indentation; the first line may stand behind something and have less room."""
        flat = str(self)
        if len(flat) <= room or not self.items:
            return [flat]
        first, *rest = self.items
        if isinstance(first, _Group) and self.open.endswith(("(", "=")) and all(isinstance(item, str) for item in rest):
            # the brackets of the first item stand on the lines of these
            lines = first.lines(indent, room - len(self.open))
            if len(lines) > 1:
                return [self.open + lines[0], *lines[1:-1], ", ".join([lines[-1], *map(str, rest)]) + self.close]
        pad, lines, beside = " " * (indent + 4), [self.open], False
        for item in self.items:
            written = [item] if isinstance(item, str) else item.lines(indent + 4, _WIDTH - indent - 5)
            if beside and len(written) == 1 and len(lines[-1]) + len(written[0]) + 2 <= _WIDTH:
                lines[-1] += f" {written[0]},"
            else:
                lines += [pad + written[0], *written[1:]]
                lines[-1] += ","
            beside = isinstance(item, str)
        return [*lines, " " * indent + self.close]


_Written = str | _Group
_UNKNOWN = "..."


@dataclass
class _Text:
    """What has been written so far: imports, remarks, and lines that give names to values."""

    taken: set[str]  # names
    imports: dict[str, str] = field(default_factory=dict)  # what is imported, from where
    body: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    reads: bool = False  # from the file

    def assign(self, name: str, value: _Written) -> None:
        lines = value.lines(0, _WIDTH - len(name) - 3) if isinstance(value, _Group) else [value]
        remarks = [f"# {remark}" for remark in self.remarks]
        self.remarks = []
        self.body += [*remarks, f"{name} = {lines[0]}", *lines[1:]]

    def finish(self, call: _Group) -> str:
        head = ["import numpy as np"]
        if any("ag." in line for line in self.body):
            head.append("import autograd_core as ag")
        head.append("from autograd_core.testing import gradcheck")
        head += [f"from {module} import {name}" for name, module in self.imports.items()]
        if self.reads:
            self.body.insert(0, f'saved = np.load("{FILE}")  # written by report.save_inputs("{FILE}")')
        remarks = [f"# {remark}" for remark in self.remarks]
        return "\n".join([*head, "", *self.body, "", *remarks, *call.lines(0, _WIDTH)])

    def function(self, name: str, source: str) -> str:
        """The name by which the function can be called, imported or to be filled in."""
        module, attribute = _importable(name)
        if module:
            first, *rest = attribute.split(".")
            return ".".join([self.imported(module, first), *rest])
        last = name.replace(":", ".").rpartition(".")[2] or "the function"
        own = next(n for n in chain([last, "f"], map("f{}".format, count(2))) if _is_name(n) and n not in self.taken)
        self.taken.add(own)
        where = f"{last} of {source}" if source else last
        self.remarks.append(f"{where} cannot be imported: put it in place of the dots")
        self.assign(own, _UNKNOWN)
        return own

    def imported(self, module: str, name: str) -> str:
        """What to call a name of a module by."""
        whole = f"{module.replace('.', '_')}_{name}"
        for own, words in [(name, name), (whole, f"{name} as {whole}")]:
            if self.imports.get(words) == module:
                return own
            if own not in self.taken:
                break
        self.imports[words] = module
        self.taken.add(own)
        return own

    def value(self, value: Any, key: str) -> _Written:
        """An expression for a value; dots and a remark where there is none."""
        if isinstance(value, Tensor):
            return self.tensor(value, key)
        if _is_array(value):
            if not isinstance(value, np.ndarray):
                self.remarks.append(f"{key or 'this'} was {_described(value)}")
            return self.array(np.asarray(value), key)
        if isinstance(
            value, np.generic | float | complex | int | str | bytes | type(None) | type(...) | range | slice | np.dtype
        ):
            return _constant(value)
        if isinstance(value, dict):
            return _Group("{", [self.item(k, v, f"{key}.{k}") for k, v in value.items()], "}")
        if isinstance(value, list | tuple | set | frozenset):
            ordered = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            return self.sequence(value, [self.value(v, f"{key}.{i}") for i, v in enumerate(ordered)])
        module, attribute = _importable(f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', '')}")
        if module and callable(value):
            first, *rest = attribute.split(".")
            return ".".join([self.imported(module, first), *rest])
        if key:
            self.remarks.append(f"{_described(value)}: put it in place of the dots")
        return _UNKNOWN

    def item(self, key: Any, value: Any, path: str) -> _Written:
        written = self.value(value, path)
        name = str(self.value(key, path))
        return (
            _Group(f"{name}: {written.open}", written.items, written.close)
            if isinstance(written, _Group)
            else (f"{name}: {written}")
        )

    def sequence(self, value: Any, items: list[_Written]) -> _Written:
        kind = type(value)
        if hasattr(kind, "_fields"):
            return _Group(f"{self.imported(kind.__module__, kind.__qualname__)}(", items, ")")
        if isinstance(value, set | frozenset):
            inner = _Group("[", items, "]")
            return _Group(f"{'frozenset' if isinstance(value, frozenset) else 'set'}(", [inner], ")")
        if isinstance(value, list):
            return _Group("[", items, "]")
        return _Group("(", items, ",)" if len(items) == 1 else ")")

    def tensor(self, value: Tensor, key: str) -> _Written:
        kind = type(value)
        top = kind.__module__.partition(".")[0]
        public = getattr(sys.modules.get(top), kind.__name__, None) is kind
        name = "ag.Tensor" if kind is Tensor else self.imported(top if public else kind.__module__, kind.__qualname__)
        return _Group(f"{name}(", [self.array(_array(value), key), f"requires_grad={value.requires_grad}"], ")")

    def array(self, array: Array, key: str) -> _Written:
        if array.dtype.hasobject:
            self.remarks.append(f"an array of objects with the shape {array.shape}: put it in place of the dots")
            return _UNKNOWN
        plain = array.dtype == np.float64 or (array.dtype == np.bool_ and array.size)
        dtype = [] if plain else [f"dtype={_type_name(array.dtype)}"]
        first = array.reshape(-1)[:1]
        if array.size > 1 and _words(first) and _same_bits(array, np.broadcast_to(first, array.shape)):
            fill = _words(first)[0]
            name, value = ("np.zeros(", []) if fill in ("0.0", "0") else ("np.full(", [fill])
            return _Group(name, [str(array.shape), *value, *dtype], ")")
        if array.size > PRINTED and key:
            self.reads = True
            return f'saved["{key}"]'
        words = _words(array)
        if array.size and not words:
            lines = _Group("[", [f'"{line}"' for line in textwrap.wrap(array.tobytes().hex(), 64)], "]")
            rest = f")), dtype={_type_name(array.dtype)}).reshape({array.shape}).copy()"
            return _Group('np.frombuffer(bytes.fromhex("".join(', [lines], rest)
        if array.flags.f_contiguous and not array.flags.c_contiguous:
            dtype.append('order="F"')
        elif not array.flags.c_contiguous:
            self.remarks.append(f"the array was not contiguous: strides {array.strides}")
        if not array.size:
            return _Group("np.empty(", [str(array.shape), *dtype], ")")
        return _Group("np.array(", [_nested(words, array.shape), *dtype], ")")


def _importable(name: str) -> tuple[str, str]:
    """The module and the name in it; nothing if it cannot be imported from there."""
    module, colon, attribute = name.partition(":")
    if not colon:
        parts = name.split(".")
        known = [k for k in range(len(parts) - 1, 0, -1) if ".".join(parts[:k]) in sys.modules]
        cut = known[0] if known else len(parts) - 1
        module, attribute = ".".join(parts[:cut]), ".".join(parts[cut:])
    known_place = module not in ("", "__main__") and all(map(_is_name, [*module.split("."), *attribute.split(".")]))
    return (module, attribute) if known_place else ("", "")


def _is_name(word: str) -> bool:
    return word.isidentifier() and not iskeyword(word)


def _type_name(dtype: np.dtype[Any]) -> str:
    return f"np.{dtype.type.__name__}" if dtype.isnative and dtype.kind in "fciub" else repr(dtype.str)


def _same_bits(a: Array, b: Array) -> bool:
    return a.tobytes() == b.tobytes()


def _words(array: Array) -> list[str]:
    """A flat array as Python reads it, the shortest words that are exact; none if only bytes give it back."""
    values = array.reshape(-1)
    if array.dtype.kind in "iub":
        return [repr(value) for value in values.tolist()]
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        return []
    for words in ([str(value) for value in values], [repr(float(value)) for value in values]):
        if _same_bits(np.array([float(word) for word in words], array.dtype), values):  # not for every NaN
            return [_word(word) for word in words]
    return []


def _word(text: str) -> str:
    return text.replace("inf", "np.inf").replace("nan", "np.nan")


def _nested(words: list[str], shape: Sequence[int]) -> _Written:
    if not shape:
        return words[0]
    size = len(words) // shape[0]
    return _Group("[", [_nested(words[k * size : (k + 1) * size], shape[1:]) for k in range(shape[0])], "]")


def _constant(value: Any) -> str:
    if isinstance(value, np.generic):
        words = _words(np.asarray(value))
        return f"np.{type(value).__name__}({words[0]})" if words else _UNKNOWN
    if isinstance(value, float):
        return _word(repr(value))
    return f"np.dtype({value.str!r})" if isinstance(value, np.dtype) else repr(value)
