"""A program as items of a picture: what goes in, each instruction, and what it changes outside.

Knows programs, and what pictures are made from. Does not know what is folded, nor how anything is drawn.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

from ..viz.arguments import dtype_text, number_text
from ..viz.collecting import Collection
from ..viz.names import Names
from ..viz.paths import Paths, Titles
from ..viz.picture import Edge, Item
from .program import Instruction, Program, Value, values_in
from .writing import Writer

__all__ = ["collected"]


def collected(program: Program) -> Collection:
    """Everything in a program, each item after what it is computed from, leaves right before what reads them first.

    Sweeps are groups, with the modules again in them.
    """
    return _Collector(program).collection


class _Collector:
    def __init__(self, program: Program) -> None:
        self.program, self.writer = program, Writer(program)
        self.titles, self.paths = Titles(Names()), Paths((), Names())
        types = program.modules | {f"sweep.{path}": name for path, name in program.modules.items() if path}
        self.collection = Collection(modules=self.paths.modules, types=types)
        self.number: dict[Value, int] = {}
        self.results = {value for value in program.outputs if isinstance(value, Value)}
        last, group = None, ""
        for step, i in enumerate(program.instructions, 1):
            module = _module(i)
            if module != last:
                last, group = module, self.paths.enter(module)
            self._instruction(i, step, group)
        self.collection.outputs = {self._source(value, "") for value in program.outputs if isinstance(value, Value)}

    def _source(self, value: Value, group: str) -> int:
        """The item of a value: an input or a constant gets one when it is first read."""
        if value in self.number:
            return self.number[value]
        name = self.program.names.get(value)
        kind = "input" if value in self.program.inputs else "constant"
        path = group if kind == "constant" else ""
        item = self._item(name or self.titles.place(path, kind), kind, name or kind, path, value)
        self.number[value] = self.collection.add(item, value.array)
        return self.number[value]

    def _item(self, name: str, kind: str, title: str, path: str, value: Value | None) -> Item:
        if value is None or value.dtype == object:
            return Item(name, kind, title, path)
        return Item(name, kind, title, path, "", "", value.shape, dtype_text(value.dtype), value.nbytes)

    def _instruction(self, i: Instruction, step: int, group: str) -> None:
        out = i.outputs[0] if i.outputs else None
        kind, title = self._called(i)
        group = "" if kind in ("parameter", "gradient", "input") else group
        item = self._item(self.titles.place(group, title), kind, title, group, out)
        item.step, item.place = step, i.place
        if kind == "parameter":
            item.parameters = prod(item.shape)
        if i.kind in ("read", "read_grad"):
            number = self.collection.add(item)
        else:
            item.operation, item.operations = title, 1
            given = list(_arguments(i))
            numbers = [f"{name}={number_text(x)}".lstrip("=") for name, x in given if not isinstance(x, Value)]
            item.options = ", ".join(numbers + self.writer.options(i))
            values = [(name, x) for name, x in given if isinstance(x, Value)]
            item.edges = [Edge(self._source(x, group), name) for name, x in values]
            number = self.collection.add(item, work=(title, item.shape, item.dtype, len(values), item.options))
        for value in i.outputs:
            self.number[value] = number

    def _called(self, i: Instruction) -> tuple[str, str]:
        """The kind and the title of the item that an instruction becomes."""
        name = self.writer.outside(i)
        if i.kind == "read":
            plain = i.target is not None and type(i.target).__module__.startswith("autograd_core")
            return "input" if plain else "parameter", name
        if i.kind == "read_grad":
            return "input", f"gradient of {name}"
        if i.kind in ("store", "store_grad"):
            what = "forget the gradient" if i.inputs == (None,) else "gradient"
            return ("effect", f"store {name}") if i.kind == "store" else ("gradient", f"{what} of {name}")
        if i.op is None:
            return "effect", self.writer.performed(i)
        if any(value in self.results for value in i.outputs):
            return "output", i.label
        return {"apply": "operation", "pull": "sweep", "add": "sum"}[i.kind], i.label


def _module(i: Instruction) -> str:
    """The group that an instruction stands in: its module, within the sweep if it is a step of one."""
    if i.kind in ("pull", "add"):
        return f"sweep.{i.path}" if i.path else "sweep"
    return i.path


def _arguments(i: Instruction) -> Iterator[tuple[str, Any]]:
    """The values and numbers that an instruction takes, by name; those of a sequence each, and arrays in options."""
    op: Any = i.op
    names = i.names if i.kind == "pull" else op.arrays if i.kind == "apply" else [""] * len(i.inputs)
    waiting = list(zip(names, i.inputs, strict=True))[::-1]
    while waiting:
        name, x = waiting.pop()
        if isinstance(x, tuple):
            waiting += [(f"{name}[{n}]", part) for n, part in enumerate(x)][::-1]
        elif isinstance(x, Value | int | float) and x is not True:
            yield name, x
    for name, x in i.options.items():
        yield from ((name, value) for value in values_in(x))
