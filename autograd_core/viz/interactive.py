"""One HTML file in which a picture can be explored: folded, searched, looked into, and played step by step.

Knows the picture as data and the program that stands in `page/`; the browser does the rest. The file needs no network
and forbids itself to use one: its policy lets run exactly the program and the style that it was made with.
"""

import base64
import hashlib
import html
import json
import math
from functools import cache
from importlib.resources import files
from typing import Any

from .picture import KINDS, Edge, Formula, Item, Picture, Summary
from .themes import THEMES, colour_at

_PARTS = (  # in the order in which they know each other
    "words.js",
    "formula.js",
    "model.js",
    "ranks.js",
    "order.js",
    "positions.js",
    "layout.js",
    "colours.js",
    "card.js",
    "camera.js",
    "view.js",
    "panel.js",
    "search.js",
    "player.js",
    "main.js",
)
_COLOURS = 33  # so many of a scale are enough to mix the others from
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})  # or a name could end the script


def page(picture: Picture) -> str:
    """A picture as one self-contained interactive HTML file: ASCII text, the same for the same picture.

    It wants all the items, unfolded: the page folds by itself, at first those groups that the picture says.

    >>> from autograd_core.viz.picture import Item, Picture
    >>> page(Picture([Item("x", "input", "x")])).startswith("<!doctype html>")
    True
    """
    style, program = _part("page.css"), _program()
    filled = {
        "TITLE": html.escape(picture.title or "Computation graph"),
        "STYLE": style,
        "STYLE_HASH": _hash(style),
        "PROGRAM": program,
        "PROGRAM_HASH": _hash(program),
        "DATA": json.dumps(_data(picture), separators=(",", ":"), allow_nan=False).translate(_ESCAPED),
    }
    pieces = _part("page.html").split("@@")  # text, name, text, name, ..., text
    pieces[1::2] = [filled[name] for name in pieces[1::2]]
    return "".join(pieces).encode("ascii", "xmlcharrefreplace").decode()


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text("utf-8")


@cache
def _program() -> str:
    """The parts of the program in one scope of their own. They are ASCII, so that the hash is that of the file."""
    return '"use strict";\n(() => {\n' + "\n".join(map(_part, _PARTS)) + "})();\n"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Table:
    """Numbers things in the order in which they are first met, so that each is written once."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def number(self, thing: Any) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    def __iter__(self) -> Any:
        return iter(self._numbers)


def _data(picture: Picture) -> dict[str, Any]:
    rules, places = _Table(), _Table()
    items = [_item(item, rules, places) for item in picture.items]
    return {
        "title": picture.title,
        "notes": picture.notes,
        "direction": picture.direction,
        "theme": picture.theme,
        "backward": picture.backward,
        "values": picture.values,
        "gradients": picture.gradients,
        "kinds": KINDS,
        "scales": {
            name: [colour_at(THEMES[name], i / (_COLOURS - 1)) for i in range(_COLOURS)] for name in ("light", "dark")
        },
        "rules": [[rule.words, rule.latex] for rule in rules],
        "places": [[str(place), place.text] for place in places],
        "groups": [
            _filled(path=path, label=group.label, kind=group.kind, type=group.type, folded=group.folded)
            for path, group in picture.groups.items()
        ],
        "items": items,
    }


def _item(item: Item, rules: _Table, places: _Table) -> dict[str, Any]:
    data = _filled(
        name=item.name,
        kind=item.kind,
        title=item.title,
        path=item.path,
        operation=item.operation,
        options=item.options,
        dtype=item.dtype,
        nbytes=item.nbytes,
        value=_summary(item.value),
        gradient=_summary(item.gradient),
        step=item.step,
        sweep=item.sweep,
        operations=item.operations,
        parameters=item.parameters,
        edges=[_edge(edge, rules) for edge in item.edges],
    )
    data["shape"] = item.shape
    data["saved"] = None if item.saved is None else [[s.name, s.shape, s.dtype, s.nbytes] for s in item.saved]
    if item.place is not None:
        data["place"] = places.number(item.place)
    if item.count > 1:
        data["count"] = item.count
    return data


def _edge(edge: Edge, rules: _Table) -> list[Any]:
    rule: Formula | None = edge.rule
    return [edge.source, edge.argument] if rule is None else [edge.source, edge.argument, rules.number(rule)]


def _summary(summary: Summary | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    data = _filled(
        numbers=summary.numbers,
        zeros=summary.zeros,
        nans=summary.nans,
        infinities=summary.infinities,
        size=summary.size,
        histogram=summary.histogram,
        thumbnail=[[round(v, 3) if math.isfinite(v) else 0 for v in map(float, row)] for row in summary.thumbnail],
        flag=summary.flag,
    )
    for name in ("low", "high", "mean", "norm"):  # zero is an answer, so it is not left out
        number = getattr(summary, name)
        if number is not None and math.isfinite(number):
            data[name] = float(f"{number:.6g}")
    return {**data, "shape": summary.shape, "dtype": summary.dtype}


def _filled(**fields: Any) -> dict[str, Any]:
    """What is not empty: most fields of most items are, and the page takes them as such."""
    return {name: value for name, value in fields.items() if value or value is False}
