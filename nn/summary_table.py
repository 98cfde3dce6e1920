"""The table of a summary: a line for each module that was called, or was not, with its numbers; as data and as text.

Knows how a traced forward pass is told. Does not know how it is traced, nor how a page looks.
"""

import os
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag

from .files import write_whole
from .module import Module
from .tracing import Call, Trace

__all__ = ["Layer", "Summary", "failure", "told"]

_WIDTH = 100
_NAME, _SHAPE = 20, 12  # what is left of a name and of a shape where the lines would be too long


@dataclass(frozen=True)
class Layer:
    """One line of a summary: a module that was called, or that was not.

    All numbers are the module's own, without those of the modules below it, so that each column adds up; a folded line
    (`depth=`) has those of all that it stands for. `marks` are words such as "reused", which a line of the table shows
    in parentheses. Shapes are tuples in the nesting that they came in. `kept` are bytes.
    """

    name: str
    type: str
    depth: int = 0
    path: str = ""
    input_shape: Any = None
    output_shape: Any = None
    parameters: int = 0
    frozen: int = 0
    buffers: int = 0
    multiply_adds: int = 0
    kept: int = 0
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What a model is made of. `str()` is the table, notebooks show it as HTML, `save` writes either.

    `layers` are the lines. `parameters` counts each number once, `frozen` those among them that are not learned,
    `buffers` the numbers in buffers. The memory is in bytes: `kept` is what the forward pass keeps for the sweep, and
    `step` an estimate of the most that a training step holds at once: parameters, gradients, buffers, what is kept,
    and twice the largest result; what an optimizer keeps and what operations need for themselves come on top.
    """

    model: str
    layers: tuple[Layer, ...]
    input_shape: Any
    output_shape: Any
    parameters: int
    frozen: int
    buffers: int
    multiply_adds: int
    parameter_bytes: int
    gradient_bytes: int
    buffer_bytes: int
    kept: int
    step: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        sentences = [line for text in (*self.totals(), *self.notes) for line in textwrap.wrap(text, _WIDTH)]
        return "\n".join([*_table(self.layers), *sentences])

    __repr__ = __str__

    def totals(self) -> list[str]:
        """What stands below the table, in sentences."""
        learned = self.parameters - self.frozen
        buffers = f", and {self.buffers:,} numbers in buffers" if self.buffers else ""
        return [
            f"Parameters: {self.parameters:,}, of which {learned:,} learned and {self.frozen:,} frozen{buffers}.",
            f"Multiply-adds: {self.multiply_adds:,} in one forward pass on {shown_shape(self.input_shape)}.",
            f"Memory: {shown_bytes(self.parameter_bytes)} parameters, {shown_bytes(self.gradient_bytes)} gradients, "
            f"{shown_bytes(self.kept)} kept for the sweep.",
            f"A training step on this needs about {shown_bytes(self.step)}, and what the optimizer keeps.",
        ]

    def _repr_html_(self) -> str:
        from .summary_page import fragment

        return fragment(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the summary to a file whose ending tells the format, .html or .txt; returns its path.

        Errors: OptionError for another ending.
        """
        from .summary_page import page

        ending = Path(path).suffix.lower()
        if ending not in (".html", ".txt"):
            raise ag.OptionError(f"save: the name of the file must end in .html or .txt, got {str(path)!r}")
        return write_whole(path, (page(self) if ending == ".html" else f"{self}\n").encode())


# --- from calls to lines ----------------------------------------------------------------------------------------------


def told(model: Module, traced: Trace, input_shape: Any, depth: int | None) -> Summary:
    """The summary of a forward pass."""
    paths = {id(module): path for path, module in model.named_modules()}
    if traced.error is None:
        _add_idle(model, traced.root)
    layers: list[Layer] = []
    counted, met = set[int](), set[int]()
    for call, deep in _in_order(traced.root):
        path, marks = paths[id(call.module)], _marks(call)
        numbers: dict[str, Any] = {}
        if id(call.module) not in met:
            met.add(id(call.module))
            numbers, shared = _numbers(call, counted)
            marks += ["shared"] * shared
        layer = Layer(
            name=path.removeprefix(f"{paths[id(call.parent.module)]}.") if call.parent else "",
            type=type(call.module).__name__,
            depth=deep,
            path=path,
            input_shape=call.inputs,
            output_shape=call.outputs,
            multiply_adds=call.multiply_adds,
            kept=call.kept,
        )
        layer = replace(layer, **numbers)
        layers.append(replace(layer, marks=(*marks, *_frozen(layer))))
    parameters, buffers = list(model.parameters()), [_size(buffer) for _, buffer in model.named_buffers()]
    held, learned = sum(p.nbytes for p in parameters), sum(p.nbytes for p in parameters if p.requires_grad)
    buffer_bytes, kept = sum(nbytes for _, nbytes in buffers), sum(layer.kept for layer in layers)
    notes = []
    if traced.unread and traced.error is None:
        shown = ", ".join(traced.unread[:5]) + (", ..." if len(traced.unread) > 5 else "")
        notes.append(f"Read by no operation that was recorded: {shown}.")
    return Summary(
        model=type(model).__name__,
        layers=tuple(layers if depth is None else _folded(layers, depth)),
        input_shape=input_shape,
        output_shape=traced.root.outputs,
        parameters=sum(p.size for p in parameters),
        frozen=sum(p.size for p in parameters if not p.requires_grad),
        buffers=sum(size for size, _ in buffers),
        multiply_adds=sum(layer.multiply_adds for layer in layers),
        parameter_bytes=held,
        gradient_bytes=learned,
        buffer_bytes=buffer_bytes,
        kept=kept,
        step=held + learned + buffer_bytes + kept + 2 * traced.largest,
        notes=tuple(notes),
    )


def _in_order(root: Call) -> Iterator[tuple[Call, int]]:
    """All calls as they came, and how deep each stands."""
    stack = [(root, 0)]
    while stack:
        call, depth = stack.pop()
        yield call, depth
        stack += [(child, depth + 1) for child in reversed(call.children)]


def _add_idle(model: Module, root: Call) -> None:
    """Put the modules that were not called below the call of what they are parts of, as no calls."""
    first: dict[int, Call] = {}
    for call, _ in _in_order(root):
        first.setdefault(id(call.module), call)
    modules = dict(model.named_modules())
    busy = [path for path, module in modules.items() if id(module) in first]
    whole: list[str] = []
    for path, module in modules.items():
        if id(module) in first or any(path.startswith(f"{above}.") for above in whole):
            continue
        partly = any(name.startswith(f"{path}.") for name in busy)
        if not partly:
            whole.append(path)
        elif not any(True for _ in module.named_parameters(recurse=False)):
            continue  # it only groups others
        owner = path
        while id(modules.get(owner)) not in first:
            owner = owner.rpartition(".")[0]
        first[id(modules[owner])].children.append(Call(module, first[id(modules[owner])], calls=0, partly=partly))


def _marks(call: Call) -> list[str]:
    if not call.calls:
        return ["only its parts are used" if call.partly else "not used"]
    reused = [f"reused, {call.calls} calls" if call.calls > 1 else "reused"] if call.again else []
    return reused + ["failed here"] * call.failed


def _numbers(call: Call, counted: set[int]) -> tuple[dict[str, Any], bool]:
    """The parameters and buffers of a module that were not yet counted, and whether some were."""
    modules = [call.module] if call.calls or call.partly else list(call.module.modules())
    own = {id(p): p for module in modules for p in module.parameters(recurse=False)}
    new = [p for p in own.values() if id(p) not in counted]
    counted.update(own)
    buffers = [getattr(module, name) for module in modules for name in module._buffers]
    numbers = {
        "parameters": sum(p.size for p in new),
        "frozen": sum(p.size for p in new if not p.requires_grad),
        "buffers": sum(_size(buffer)[0] for buffer in buffers if buffer is not None),
    }
    return numbers, len(new) < len(own)


def _size(array: Any) -> tuple[int, int]:
    """How many numbers, and bytes, an array or Tensor has; a plain number is one."""
    return (array.size, array.nbytes) if hasattr(array, "nbytes") else (np.size(array), np.asarray(array).nbytes)


def _folded(layers: Sequence[Layer], depth: int) -> list[Layer]:
    """The layers down to a depth, each with the numbers of those below it that are not shown."""
    shown: list[Layer] = []
    for layer in layers:
        if layer.depth <= depth:
            shown.append(layer)
            continue
        names = ("parameters", "frozen", "buffers", "multiply_adds", "kept")
        shown[-1] = replace(shown[-1], **{name: getattr(shown[-1], name) + getattr(layer, name) for name in names})
    return [
        layer if {"frozen", "partly frozen"} & {*layer.marks} else replace(layer, marks=(*layer.marks, *_frozen(layer)))
        for layer in shown
    ]


def _frozen(layer: Layer) -> list[str]:
    """Whether all of the parameters, or some, are not learned."""
    return ["frozen" if layer.frozen == layer.parameters else "partly frozen"] if layer.frozen else []


def failure(traced: Trace, result: Summary, by_shape: bool) -> ag.AutogradError:
    """What went wrong in the forward pass, as an error that names the layer; the table is a note on it."""
    error = traced.error
    failed = next((layer for layer in result.layers if "failed here" in layer.marks), result.layers[0])
    where = f"{failed.path} ({failed.type})" if failed.path else failed.type
    hint = "; input_shape is that of one sample, and batch_size comes before it" if by_shape else ""
    what = str(error).rstrip(".")
    told = type(error) if isinstance(error, ag.AutogradError) else ag.AutogradError
    raised = told(
        f"summary: the forward pass failed in {where}, which was given {shown_shape(failed.input_shape)}: "
        f"{what if isinstance(error, ag.AutogradError) else f'{type(error).__name__}: {what}'}. "
        f"The model was given {shown_shape(result.input_shape)}{hint}."
    )
    raised.add_note("\n".join(_table(result.layers)))
    return raised


# --- as text ----------------------------------------------------------------------------------------------------------


def shown_shape(shape: Any) -> str:
    """Shapes as text, in the nesting that they came in.

    >>> shown_shape({"logits": (1, 10), "state": [(1, 4), None]})
    '{logits: (1, 10), state: [(1, 4), None]}'
    """
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{name}: {shown_shape(part)}" for name, part in shape.items()) + "}"
    if isinstance(shape, list):
        return "[" + ", ".join(map(shown_shape, shape)) + "]"
    return str(shape)


def shown_bytes(count: int) -> str:
    """A number of bytes in the unit that suits it.

    >>> shown_bytes(512), shown_bytes(177_704), shown_bytes(2**20 - 1)
    ('512 B', '173.5 KiB', '1.0 MiB')
    """
    amount, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1023.95 or unit == "TiB":
            break
        amount /= 1024
    return f"{count} B" if unit == "B" else f"{amount:,.1f} {unit}"


def branches(layers: Sequence[Layer]) -> list[str]:
    """The lines of the tree before each layer."""
    found, more = [], list[bool]()  # whether another layer of that depth follows under the same parent, by depth
    for layer in reversed(layers):
        depth = layer.depth
        more += [False] * (depth + 1 - len(more))
        stem = "".join("│  " if there else "   " for there in more[1:depth])
        found.append(f"{stem}{'├─ ' if more[depth] else '└─ '}" if depth else "")
        more[depth] = True
        del more[depth + 1 :]
    return found[::-1]


def cells(layer: Layer) -> tuple[str, ...]:
    """What stands in the columns: name, input, output, parameters, multiply-adds, what is kept."""
    marks = f" ({', '.join(layer.marks)})" if layer.marks else ""
    return (
        f"{layer.name}: {layer.type}{marks}" if layer.name else f"{layer.type}{marks}",
        shown_shape(layer.input_shape),
        shown_shape(layer.output_shape),
        f"{layer.parameters:,}" if layer.parameters else "-",
        f"{layer.multiply_adds:,}" if layer.multiply_adds else "-",
        shown_bytes(layer.kept) if layer.kept else "-",
    )


HEADS = ("Layer", "Input", "Output", "Parameters", "Multiply-adds", "Kept")


def _table(layers: Sequence[Layer]) -> list[str]:
    """Aligned columns within 100 characters; what does not fit is cut short, shapes before names."""
    rows = [(stem + name, *rest) for stem, (name, *rest) in zip(branches(layers), map(cells, layers), strict=True)]
    widths = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    for column, least in ((1, _SHAPE), (2, _SHAPE), (0, _NAME), (1, 5), (2, 6)):
        excess = sum(widths) + 2 * (len(widths) - 1) - _WIDTH
        widths[column] = max(min(widths[column], max(least, widths[column] - excess)), 1)
    lines = [
        "  ".join(
            f"{_cut(cell, width):{'<' if i < 3 else '>'}{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (HEADS, *rows)
    ]
    rule = "-" * min(sum(widths) + 2 * (len(widths) - 1), _WIDTH)
    return [lines[0], rule, *lines[1:], rule]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."
