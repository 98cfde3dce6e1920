"""A picture as a tree of text, for terminals and for whoever has no layout program: a line for each item.

Knows pictures. Items stand in the order of computation, indented under the group they stand in; numbers at the left
name them, and `<-` says which ones each was computed from.
"""

from collections.abc import Iterator

from .picture import Item, Picture
from .summaries import number
from .themes import norms
from .wording import (
    folded_text,
    gradient_line,
    line_of,
    order_text,
    saved_text,
    shape_text,
    shortened,
    value_line,
)

_WIDTH = 48
_SHOWN = ("parameter", "input", "constant", "output")


def to_text(picture: Picture) -> str:
    """The picture as lines of text."""
    return "\n".join(_lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    if picture.title:
        yield line_of(picture.title)
    yield from map(line_of, picture.notes)
    if span := norms(picture):
        low, high = map(number, span)
        yield f"norm of the gradient {low}" if low == high else f"norm of the gradient {low} … {high}"
    width = max(3, len(str(len(picture.items) - 1)))
    path = ""
    for i, item in enumerate(picture.items):
        if item.path != path:
            yield from _opened(path, item.path, picture, " " * width)
            path = item.path
        pad = "  " * (path.count(".") + 1 if path else 0)
        sources = f"  <- {', '.join(str(edge.source) for edge in item.edges)}" if item.edges else ""
        yield f"{i:>{width}}  {pad}{'  '.join(_said(item, picture))}{sources}"
        if picture.rules:
            for edge in item.edges:
                if edge.rule is not None:
                    rule = edge.rule.latex if picture.rules == "latex" else edge.rule.words
                    yield f"{' ' * width}  {pad}  to {edge.source}: {line_of(rule)}"


def _opened(before: str, path: str, picture: Picture, margin: str) -> Iterator[str]:
    """A heading for each group that the next item stands in and the one before did not."""
    old, new = (p.split(".") if p else [] for p in (before, path))
    shared = 0
    while shared < min(len(old), len(new)) and old[shared] == new[shared]:
        shared += 1
    for depth in range(min(shared, max(len(new) - 1, 0)), len(new)):
        inner = ".".join(new[: depth + 1])
        group = picture.groups.get(inner)
        kind = f" {shortened(group.type, _WIDTH)}" if group and group.type else ""
        label = group.label if group and group.kind == "repeat" else inner
        yield f"{margin}  {'  ' * depth}[{shortened(label, _WIDTH)}]{kind}"


def _said(item: Item, picture: Picture) -> Iterator[str]:
    """The words of an item, those that there are."""
    if picture.order and (order := order_text(item)):
        yield order
    yield shortened(item.title, _WIDTH) + (f" ×{item.count}" if item.count > 1 else "")
    if item.operation and item.operation != item.title:
        yield shortened(item.operation, _WIDTH)
    if item.options:
        yield shortened(item.options, _WIDTH)
    if item.kind in _SHOWN and item.title != item.kind:
        yield item.kind
    for text in (shape_text(item), folded_text(item)):
        if text:
            yield text
    if picture.values and item.value is not None:
        yield f"data {value_line(item.value, _WIDTH)}"
    if picture.gradients and item.gradient is not None:
        yield f"grad {gradient_line(item.gradient, _WIDTH)}"
    if picture.saved and (kept := line_of(saved_text(item))):
        yield kept
    if picture.places and item.place is not None:
        yield line_of(str(item.place))
