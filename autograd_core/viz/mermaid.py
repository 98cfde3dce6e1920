"""A picture as a Mermaid flowchart, which GitHub draws in a block marked `mermaid`.

Knows pictures, and how Mermaid writes shapes, groups and text. Numbers are written out; of colours there are only those
of wrong gradients, since whoever draws has a theme of its own.
"""

from collections.abc import Iterator

from .picture import Item, Picture
from .wording import (
    folded_text,
    gradient_line,
    kind_text,
    line_of,
    order_text,
    saved_text,
    shape_text,
    shortened,
    value_line,
)

_SHAPES = {
    "operation": ("(", ")"),
    "output": ("([", "])"),
    "parameter": ("[(", ")]"),
    "input": (">", "]"),
    "constant": ("[", "]"),
    "module": ("[[", "]]"),
    "repeat": ("[[", "]]"),
    "hidden": ("{{", "}}"),
    "sum": ("((", "))"),
    "gradient": ("[/", "/]"),
    "sweep": ("[\\", "/]"),
    "effect": ("[\\", "\\]"),
}
_CLASSES = (
    "classDef dashed stroke-dasharray: 4 3",
    "classDef thick stroke-width: 4px",
    "classDef wrong stroke: #b42318, stroke-width: 4px",
)
_CLASS_OF = {"constant": "dashed", "hidden": "dashed", "output": "thick", "repeat": "thick"}
_WIDTH = 44


def to_mermaid(picture: Picture) -> str:
    """The picture as the text of a Mermaid flowchart. GitHub draws at most 500 edges and 50,000 characters."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    if picture.title:
        yield from ("---", f"title: {_yaml(picture.title)}", "---")
    yield f"flowchart {picture.direction}"
    for note in picture.notes:
        yield f"  %% {line_of(note)}"
    yield from _grouped(picture)
    for i, item in enumerate(picture.items):
        for edge in item.edges:
            arrow = "-.->" if "hidden" in (picture.items[edge.source].kind, item.kind) else "-->"
            rule = edge.rule.words if edge.rule is not None and picture.rules else ""
            yield f"  n{edge.source} {arrow}{f'|{_text(rule)}|' if rule else ''} n{i}"
    for definition in _CLASSES:
        yield f"  {definition}"


def _grouped(picture: Picture) -> Iterator[str]:
    """The nodes inside the frames of their groups, which may be opened once only."""
    inside: dict[str, list[int | str]] = {"": []}
    for i, item in enumerate(picture.items):
        path, entry = item.path, i  # type: str, int | str
        while path not in inside:
            inside[path] = [entry]
            path, entry = path.rpartition(".")[0], path
        inside[path].append(entry)
    stack: list[Iterator[int | str]] = [iter(inside[""])]
    groups = 0
    while stack:
        pad = "  " * len(stack)
        entry = next(stack[-1], None)  # type: ignore[assignment]  # None at the end
        if entry is None:
            stack.pop()
            if stack:
                yield f"{pad[2:]}end"
        elif isinstance(entry, int):
            yield f"{pad}{_node(entry, picture.items[entry], picture)}"
        else:
            group = picture.groups.get(entry)
            label = group.label if group else entry.rpartition(".")[2]
            kind = f" {group.type}" if group and group.type and group.type != group.label else ""
            yield f"{pad}subgraph g{groups} [{_text(shortened(label, _WIDTH) + kind)}]"
            groups += 1
            stack.append(iter(inside[entry]))


def _node(i: int, item: Item, picture: Picture) -> str:
    opening, closing = _SHAPES.get(item.kind, _SHAPES["operation"])
    flags = {s.flag for s in (item.value, item.gradient) if s is not None}
    marked = "wrong" if flags & {"NaN", "inf"} else _CLASS_OF.get(item.kind, "")
    return f"n{i}{opening}{_text(*_said(item, picture))}{closing}{f':::{marked}' if marked else ''}"


def _said(item: Item, picture: Picture) -> Iterator[str]:
    """The lines of a node."""
    operation = item.operation if item.operation != item.title else ""
    title = " ".join(filter(None, (item.title, f"×{item.count}" if item.count > 1 else "", operation)))
    yield " ".join(filter(None, (order_text(item) if picture.order else "", title)))
    if item.options:
        yield item.options
    yield " ".join(filter(None, (kind_text(item), shape_text(item))))
    yield folded_text(item)
    if picture.values and item.value is not None:
        yield f"data {value_line(item.value)}"
    if picture.gradients and item.gradient is not None:
        yield f"grad {gradient_line(item.gradient)}"
    if picture.saved:
        yield saved_text(item)
    if picture.places and item.place is not None:
        yield str(item.place)


def _text(*lines: str) -> str:
    """Lines in quotes. What could be read as markup is written as an entity, by number, as Mermaid wants it."""
    said = (shortened(line, _WIDTH) for line in lines)
    return '"' + "<br/>".join("".join(map(_character, line)) for line in said if line) + '"'


def _character(c: str) -> str:
    return c if c.isalnum() or c in " .,:+-=×·…▶◀⚠∞▁▂▃▄▅▆▇█()" else f"#{ord(c)};"


def _yaml(text: str) -> str:
    """A string of YAML in double quotes, on one line."""
    return '"' + line_of(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
