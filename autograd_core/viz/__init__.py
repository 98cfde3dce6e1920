"""Pictures of computation graphs: what was applied to what, in which module, with which shapes.

Knows nodes and their contexts. Does not compute, and keeps no node alive: a `Graph` is text. The layout comes from
Graphviz, through the program `dot` or the pygraphviz wheel; both are looked for when a picture is asked for, and
without them there is still the text.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..containers import flatten
from ..engine import Leaf, Node, reachable
from ..errors import DTypeError, OptionError
from ..tensor import Tensor

LIMIT = 300
INSTALL = "install Graphviz (apt install graphviz, brew install graphviz) or pip install 'autograd-core[viz]'"

_PICTURES = ("svg", "png", "pdf")
_TEXTS = ("dot", "txt")
_STYLES = {  # shapes and borders tell the kinds apart; colours only repeat it
    "operation": 'shape=box, style="rounded,filled", fillcolor="#ffffff", color="#57606a"',
    "output": 'shape=box, style="rounded,filled", peripheries=2, fillcolor="#ffffff", color="#24292f"',
    "parameter": 'shape=ellipse, style="filled", fillcolor="#dbeafe", color="#1d4ed8"',
    "input": 'shape=invhouse, style="filled", fillcolor="#dcfce7", color="#15803d"',
    "constant": 'shape=box, style="dashed", color="#8c959f"',
    "hidden": 'shape=note, style="dashed", color="#9a3412"',
}


@dataclass
class _Item:
    """One node of the picture: its lines of text, where it stands, and the numbers of those it was computed from."""

    kind: str
    lines: tuple[str, ...]
    path: str = ""
    sources: list[int] = field(default_factory=list)


class Graph:
    """A drawn computation graph: DOT text, and pictures of it where Graphviz is installed.

    `.dot` is the same text for the same computation in every run. `.save(path)` writes svg, png, pdf, dot or txt, by
    the ending of the name. `str()` lists the nodes in the order of computation. Notebooks show the picture.
    """

    def __init__(self, items: Sequence[_Item], title: str = "", direction: str = "TB") -> None:
        self._items = list(items)
        self.title, self.direction = title, direction
        self.dot = "\n".join(_dot(self._items, title, direction)) + "\n"

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<Graph of {len(self._items)} nodes and {sum(len(item.sources) for item in self._items)} edges>"

    def __str__(self) -> str:
        return "\n".join(_listing(self._items, self.title))

    def render(self, format: str = "svg") -> bytes:
        """The picture as the bytes of an svg, png or pdf file.

        Raises: OptionError for another format, ImportError where Graphviz is not installed.
        """
        if format not in _PICTURES:
            raise OptionError(f"render: format must be one of {', '.join(_PICTURES)}, got {format!r}")
        if shutil.which("dot"):
            import graphviz

            return graphviz.Source(self.dot).pipe(format=format)
        try:
            import pygraphviz
        except ImportError as error:
            raise ImportError(f"drawing a graph as {format} needs a layout program: {INSTALL}") from error
        return pygraphviz.AGraph(string=self.dot).draw(format=format, prog="dot")

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the graph to a file whose ending tells the format; returns its path.

        Raises: OptionError for an unknown ending, ImportError for a picture where Graphviz is not installed.
        """
        path = Path(path)
        format = path.suffix.removeprefix(".").lower()
        if format not in _PICTURES + _TEXTS:
            known = ", ".join(f".{name}" for name in _PICTURES + _TEXTS)
            raise OptionError(f"save: the name of the file must end in one of {known}, got {str(path)!r}")
        if format in _PICTURES:
            content = self.render(format)
        else:
            content = (self.dot if format == "dot" else f"{self}\n").encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def _repr_svg_(self) -> str | None:
        try:
            return self.render("svg").decode()
        except Exception:  # a notebook shows the text instead
            return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        svg = self._repr_svg_()
        if svg is not None:
            return {"text/plain": repr(self), "image/svg+xml": svg}
        return {"text/plain": f"{self}\nNo picture: {INSTALL}."}


def draw(
    outputs: Any, names: Mapping[str, Tensor] | None = None, *, limit: int = LIMIT, direction: str = "TB"
) -> Graph:
    """The graph that a Tensor, or a container of Tensors, was computed with.

    Operations stand in the module that they were applied in. Leaves carry the names that `names` gives them, for
    instance `dict(model.named_parameters())`. Of a graph with more than `limit` nodes the last ones are shown, and the
    picture says so. `direction` is "TB" (downwards) or "LR" (to the right).

    Raises: DTypeError for anything but Tensors, OptionError for an unknown direction or limit.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> print(ag.draw((x * x).sum(), {"x": x}))
      0  x  input  (2,) float64
      1  multiply  (2,) float64  <- 0, 0
      2  sum  () float64  output  <- 1
    """
    tensors, _ = flatten(outputs)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise DTypeError(f"draw: only Tensors know how they were computed, got {type(tensor).__name__}")
    if direction not in ("TB", "LR"):
        raise OptionError(f"draw: direction must be 'TB' (downwards) or 'LR' (to the right), got {direction!r}")
    if not isinstance(limit, int) or limit < 1:
        raise OptionError(f"draw: limit must be a positive whole number, got {limit!r}")
    roots = [tensor.node for tensor in tensors if tensor.node is not None]
    nodes = reachable(roots)
    shown = _last(nodes, limit)
    hidden = len(nodes) - len(shown)
    items = _items(shown, frozenset(roots), names or {}, hidden)
    items += [_Item("constant", ("constant", _kind_of(t._array))) for t in tensors if t.node is None]
    title = f"The last {len(shown):,} of {len(nodes):,} nodes; draw(..., limit={len(nodes)}) shows all."
    return Graph(items, title if hidden else "", direction)


def _last(nodes: Sequence[Node], limit: int) -> list[Node]:
    """The last operations with the leaves they read, in the order they were recorded: about `limit` nodes."""
    if len(nodes) <= limit:
        return list(nodes)
    chosen: set[Node] = set()
    constants = 0
    for node in reversed(nodes):
        if len(chosen) + constants >= limit:
            break
        if node.op is not None or not chosen:
            chosen.add(node)
            leaves = (p for p in node.parents if p is not None and p.op is None)
            chosen.update(leaf for leaf, _ in zip(leaves, range(limit - len(chosen)), strict=False))
            constants += sum(value is not _ABSENT and not _is_number(value) for value in _constants(node).values())
    return [node for node in nodes if node in chosen]


def _items(nodes: Sequence[Node], roots: frozenset[Node], names: Mapping[str, Tensor], hidden: int) -> list[_Item]:
    """The picture's nodes, constants included, each after all that it was computed from."""
    of_node = {tensor.node: name for name, tensor in names.items() if tensor.node is not None}
    constants = {name: tensor for name, tensor in names.items() if tensor.node is None}
    homes = _homes(nodes, of_node)
    items: list[_Item] = []
    number: dict[Node, int] = {}
    if hidden:
        items.append(_Item("hidden", (f"{hidden:,} earlier nodes", "not shown")))
    for node in nodes:
        kind = "output" if node in roots and node.op is not None else "operation"
        if isinstance(node, Leaf):
            item = _leaf(node, of_node.get(node))
        elif node.op is None:
            item = _Item("input", ("leaf", f"{node.shape} {node.dtype}"))
        else:
            item = _Item(kind, _operation(node))
        item.path = homes[node] if node in homes else _home(node, of_node)
        values = _constants(node)
        for i, parent in enumerate(node.parents):
            if parent is not None:
                item.sources.append(number.get(parent, 0))
            elif values[i] is not _ABSENT and not _is_number(values[i]):
                lines = _constant(values[i], constants)
                items.append(_Item("constant", lines, item.path if len(lines) == 1 else ""))
                item.sources.append(len(items) - 1)
        number[node] = len(items)
        items.append(item)
    return items


def _homes(nodes: Iterable[Node], names: Mapping[Any, str]) -> dict[Node, str]:
    """For each leaf the module that all its readers share, so that a layer's weights stand in the layer."""
    homes: dict[Node, str] = {}
    for node in nodes:
        for parent in node.parents:
            if parent is not None and parent.op is None:
                home = _home(node, names)
                homes[parent] = _common(homes.get(parent, home), home)
    return homes


def _home(node: Node, names: Mapping[Any, str]) -> str:
    """The module that an operation was recorded in; or else that of the parameters it reads, which their names tell."""
    if node.context.path:
        return node.context.path
    owners = {names[p].rpartition(".")[0] for p in node.parents if p is not None and p in names}
    return owners.pop() if len(owners) == 1 else ""


def _common(a: str, b: str) -> str:
    shared = []
    for x, y in zip(a.split("."), b.split("."), strict=False):
        if x != y:
            break
        shared.append(x)
    return ".".join(shared)


def _leaf(node: Leaf, name: str | None) -> _Item:
    owner = node.owner()
    kind = "parameter" if owner is not None and type(owner) is not Tensor else "input"
    return _Item(kind, (*((name,) if name else ()), kind, f"{node.shape} {node.dtype}"))


def _operation(node: Node) -> tuple[str, ...]:
    """Its name; its numbers and options; what came out."""
    op: Any = node.op
    arrays, statics = getattr(op, "arrays", ()), getattr(op, "statics", ())
    defaults = getattr(op, "defaults", {})
    options = [f"{arrays[i]}={np.asarray(v).item():.6g}" for i, v in _constants(node).items() if _is_number(v)]
    given = zip(statics, node.statics, strict=False)
    options += [f"{name}={_short(value)}" for name, value in given if not _same(value, defaults.get(name, _ABSENT))]
    return (op.name, *((", ".join(options),) if options else ()), f"{node.shape} {node.dtype}")


_ABSENT = object()


def _constants(node: Node) -> dict[int, Any]:
    """The inputs without a node, by position: what was saved of them, None for nothing, _ABSENT for one not given."""
    op: Any = node.op
    arrays: Sequence[str] = getattr(op, "arrays", ())
    defaults: Mapping[str, Any] = getattr(op, "defaults", {})
    saved = dict(zip(op.residuals, node.saved, strict=False)) if op is not None and node.saved is not None else {}
    positions = [i for i, parent in enumerate(node.parents) if parent is None]
    if getattr(op, "variadic", False):
        values = saved.get(arrays[0])
        return {i: None if values is None else values[i] for i in positions}
    named = {i: arrays[i] if i < len(arrays) else "" for i in positions}
    known = {i: saved.get(name) for i, name in named.items()}
    return {i: _ABSENT if value is defaults.get(named[i], _ABSENT) else value for i, value in known.items()}


def _is_number(value: Any) -> bool:
    return value is not None and value is not _ABSENT and np.ndim(value) == 0


def _constant(value: Any, names: Mapping[str, Tensor]) -> tuple[str, ...]:
    if value is None:
        return ("constant",)
    kind = _kind_of(value)
    for name, tensor in names.items():
        if _same(tensor._array, value):
            return (name, "constant", kind)
    return (f"constant {kind}",)


def _kind_of(value: Any) -> str:
    return f"{np.shape(value)} {getattr(value, 'dtype', type(value).__name__)}"


def _same(a: Any, b: Any) -> bool:
    """Whether two values are equal, arrays among them; what cannot be compared is not."""
    if a is b:
        return True
    try:
        return np.shape(a) == np.shape(b) and bool(np.all(a == b))
    except Exception:  # options may be of any type, and what their comparison does is their business
        return False


def _short(value: Any) -> str:
    text = f"array {value.shape}" if isinstance(value, np.ndarray) else " ".join(repr(value).split())
    return text if len(text) <= 30 else text[:27] + "..."


# --- text -------------------------------------------------------------------------------------------------------------


def _dot(items: Sequence[_Item], title: str, direction: str) -> Iterator[str]:
    """The graph in Graphviz' language, modules as nested clusters."""
    yield "digraph computation {"
    yield f'  graph [rankdir={direction}, bgcolor="white", nodesep=0.3, ranksep=0.35, labelloc="t",'
    yield f'         fontname="Helvetica,Arial,sans-serif", fontsize=11, label={_quoted(title)}];'
    yield '  node [fontname="Helvetica,Arial,sans-serif", fontsize=11, height=0.3, margin="0.12,0.06"];'
    yield '  edge [color="#57606a", arrowsize=0.7];'
    order = sorted(range(len(items)), key=lambda i: _parts(items[i].path))  # stable: modules together, each in order
    open_path: list[str] = []
    for i in order:
        item, parts = items[i], _parts(items[i].path)
        while open_path != list(parts[: len(open_path)]):
            yield f"{'  ' * len(open_path)}}}"
            open_path.pop()
        for part in parts[len(open_path) :]:
            open_path.append(part)
            pad = "  " * (len(open_path) + 1)
            yield f"{pad[2:]}subgraph {_quoted('cluster_' + '.'.join(open_path))} {{"
            yield f'{pad}label={_quoted(".".join(open_path))}; labeljust="l";'
            yield f'{pad}style="rounded"; color="#afb8c1"; bgcolor="#f6f8fa";'
        pad = "  " * (len(open_path) + 1)
        yield f'{pad}n{i} [label={_quoted(*item.lines)}, class="{item.kind}", {_STYLES[item.kind]}];'
    for depth in range(len(open_path), 0, -1):
        yield f"{'  ' * depth}}}"
    for i, item in enumerate(items):
        for source in item.sources:
            yield f"  n{source} -> n{i}{' [style=dashed]' if items[source].kind == 'hidden' else ''};"
    yield "}"


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def _quoted(*lines: str) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def _listing(items: Sequence[_Item], title: str) -> Iterator[str]:
    """One line per node, in the order of computation, under the module it stands in."""
    if title:
        yield title
    path, width = "", max(3, len(str(len(items) - 1)))
    for i, item in enumerate(items):
        if item.path != path:
            path = item.path
            yield f"[{path}]"
        parts = [*item.lines, *(("output",) if item.kind == "output" else ())]
        sources = f"  <- {', '.join(map(str, item.sources))}" if item.sources else ""
        yield f"{i:>{width}}  {'  '.join(parts)}{sources}"
