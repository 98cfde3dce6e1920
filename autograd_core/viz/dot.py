"""A picture in Graphviz' language: a card for each item, nested frames for its groups, a legend for its gradients.

Knows pictures, themes, and how labels are written in DOT. Does not lay anything out. The same picture gives the same
text, an item a line, under names that tell what it is, so that two files can be compared by `diff`.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from .picture import Edge, Group, Item, Picture, Summary
from .summaries import number
from .themes import SHAPES, THEMES, Theme, colour_at, colour_of_norm, ink, norms
from .wording import (
    LEAVES,
    details,
    flag_text,
    folded_text,
    kind_text,
    norm_text,
    order_text,
    printable,
    range_text,
    saved_text,
    shape_text,
    shortened,
    value_line,
)

FONT = "Helvetica,Arial,sans-serif"
MONO = "Courier New,Courier,monospace"

_PLAIN_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">'
_RICH = 120  # items, beyond which cards have neither bars nor thumbnails
_FAST = 250  # beyond which the layout is rough, see `_layout`
_WIDTH = 44  # characters in a line of a card
_BESIDE = ("parameter", "gradient")  # kinds that may stand beside what reads or gives them


def to_dot(picture: Picture) -> str:
    """The picture as DOT text."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    theme = THEMES[picture.theme]
    names = _names(picture.items)
    span = norms(picture)
    yield "digraph computation {"
    yield f'  graph [rankdir={picture.direction}, bgcolor="{theme.background}", fontname="{FONT}", fontsize=10,'
    yield f'         fontcolor="{theme.text}", labelloc="t", labeljust="l", nodesep=0.25, ranksep=0.35, pad=0.2,'
    yield f"         {_layout(picture)}label={_heading(picture, theme, span)}];"
    yield f'  node [fontname="{FONT}", fontsize=10, fontcolor="{theme.text}", color="{theme.edge}",'
    yield f'        fillcolor="{theme.node}", height=0.2, width=0.3, margin="0.08,0.04"];'
    yield f'  edge [color="{theme.edge}", fontname="{FONT}", fontsize=8, fontcolor="{theme.text}", arrowsize=0.6];'
    sides = _sides(picture.items)
    yield from _clusters(picture, theme, names, span, sides)
    left, right = ({beside[k] for beside in sides.values() if len(beside) > k} for k in (0, 1))
    for i, item in enumerate(picture.items):
        for edge in item.edges:
            leftwards = edge.source in right or i in left
            order = ", weight=0" if leftwards else ""  # or Graphviz would turn the order round
            yield f"  {names[edge.source]} -> {names[i]} [{_edge(edge, item, picture)}{order}];"
    yield "}"


def _layout(picture: Picture) -> str:
    """How long the layout may try: graphs that nobody reads node by node are laid out roughly, but soon.

    Measured with Graphviz 14 on chains with one more edge a node: 300 nodes take 1 s, and 0.3 s with these limits;
    1,000 take 32 s, and 7 s. Of the shapes of edges straight ones are the cheapest.
    """
    if len(picture.items) <= _FAST:
        return ""
    return "nslimit=2, nslimit1=2, mclimit=0.3, splines=line, "


def _heading(picture: Picture, theme: Theme, span: tuple[float, float] | None) -> str:
    """Title, legend and notes, above the graph."""
    rows = []
    if picture.title:
        rows.append(f'<TR><TD ALIGN="LEFT">{_sized(f"<B>{_html(picture.title)}</B>", 14)}</TD></TR>')
    if span:
        rows.append(f'<TR><TD ALIGN="LEFT">{_legend(theme, span)}</TD></TR>')
    for note in picture.notes:
        lines = textwrap.wrap(printable(note), 90) or [""]
        said = '<BR ALIGN="LEFT"/>'.join([*map(_html, lines), ""])
        rows.append(f'<TR><TD ALIGN="LEFT">{_sized(said, 9, theme.muted)}</TD></TR>')
    return f"<{_table(rows)}>" if rows else '""'


def _legend(theme: Theme, span: tuple[float, float]) -> str:
    low, high = span
    if not high > low:
        fill = colour_at(theme, 0.5)
        said = _sized(number(low), 9, ink(fill, theme.text))
        cells = f'<TD>{_sized("norm of the gradient", 9)}</TD><TD BGCOLOR="{fill}">{said}</TD>'
        return f"{_PLAIN_TABLE}<TR>{cells}</TR></TABLE>"
    steps = 9
    swatches = [f"<TD>{_sized(f'norm of the gradient {number(low)}', 9)}</TD>"]
    for i in range(steps):
        colour = colour_at(theme, i / (steps - 1))
        border = f' BORDER="1" SIDES="{"L" * (i == 0)}TB{"R" * (i == steps - 1)}" COLOR="{theme.edge}"'
        swatches.append(f'<TD FIXEDSIZE="TRUE" WIDTH="14" HEIGHT="10" BGCOLOR="{colour}"{border}></TD>')
    swatches.append(f"<TD>{_sized(number(high), 9)}</TD>")
    return f"{_PLAIN_TABLE}<TR>{''.join(swatches)}</TR></TABLE>"


# --- groups -----------------------------------------------------------------------------------------------------------


def _sides(items: Sequence[Item]) -> dict[int, list[int]]:
    """For operations the parameters of their own frame, or the gradients of such, that stand beside them.

    Above them those would take the place of the module before, and the computation would have to step aside. There are
    two sides, so more than two stand above.
    """
    touching: dict[int, list[int]] = {}
    for i, item in enumerate(items):
        for edge in item.edges:
            for one, other in ((edge.source, i), (i, edge.source)):
                if items[one].kind in _BESIDE and items[other].kind not in _BESIDE:
                    touching.setdefault(one, []).append(other)
    sides: dict[int, list[int]] = {}
    for one, others in touching.items():
        if len(others) == 1 and items[one].path and items[one].path == items[others[0]].path:
            sides.setdefault(others[0], []).append(one)
    return {i: beside for i, beside in sides.items() if len(beside) <= 2}


def _clusters(
    picture: Picture,
    theme: Theme,
    names: Sequence[str],
    span: tuple[float, float] | None,
    sides: Mapping[int, Sequence[int]],
) -> Iterator[str]:
    """The nodes in nested frames, groups in the order in which they are first computed in."""
    beside = {one for both in sides.values() for one in both}
    inside: dict[str, list[int | str]] = {"": []}
    for i, item in enumerate(picture.items):
        path = item.path
        known = path in inside
        inside.setdefault(path, []).append(i)
        while path and not known:
            parent = path.rpartition(".")[0]
            known = parent in inside
            inside.setdefault(parent, []).append(path)
            path = parent
    stack: list[Iterator[int | str]] = [iter(inside[""])]
    while stack:
        pad = "  " * len(stack)
        for entry in stack[-1]:
            if isinstance(entry, int):
                left, right = sides.get(entry, ())[:1], sides.get(entry, ())[1:]
                for i in (*left, entry, *right) if entry not in beside else ():
                    yield f"{pad}{names[i]} [{_node(picture.items[i], picture, theme, span)}];"
                if left:
                    yield f"{pad}{{rank=same; {'; '.join(names[i] for i in (*left, entry, *right))}}}"
                continue
            yield f"{pad}subgraph {_quoted('cluster_' + entry)} {{"
            yield from (f"{pad}  {line}" for line in _frame(entry, picture.groups.get(entry), theme))
            stack.append(iter(inside[entry]))
            break
        else:
            stack.pop()
            if stack:
                yield f"{pad[2:]}}}"


def _frame(path: str, group: Group | None, theme: Theme) -> Iterator[str]:
    label = f"<B>{_html(shortened(group.label if group else path.rpartition('.')[2], _WIDTH))}</B>"
    if group and group.type and group.type != group.label:
        label += f"  {_sized(_html(shortened(group.type, _WIDTH)), 9, theme.muted)}"
    yield f'label=<{label}>; labeljust="l"; fontsize=10; class="kind-group"; tooltip={_escaped(path)};'
    style = "rounded,dashed" if group and group.kind == "repeat" else "rounded,filled"
    yield f'style="{style}"; color="{theme.group_border}"; fillcolor="{theme.group}"; margin=8;'


# --- nodes ------------------------------------------------------------------------------------------------------------


def _node(item: Item, picture: Picture, theme: Theme, span: tuple[float, float] | None) -> str:
    shown = (item.value if picture.values else None, item.gradient if picture.gradients else None)
    flags = [summary.flag for summary in shown if summary is not None]
    wrong = bool({"NaN", "inf"} & set(flags))
    border = theme.wrong if wrong else theme.borders.get(item.kind, theme.edge)
    attributes = {**SHAPES.get(item.kind, SHAPES["operation"]), "color": border} | ({"penwidth": "3"} if wrong else {})
    card = _card(item, picture, theme, span)
    described = {
        "label": f"<{_pile(card, border, theme.node) if item.kind == 'repeat' else card}>",
        "id": _quoted(item.name),
        "class": _quoted(" ".join([f"kind-{item.kind}", *(f"flag-{flag.lower()}" for flag in flags if flag)])),
        "tooltip": _escaped(*details(item, picture)),
    }
    quoted = {key: f'"{value}"' for key, value in attributes.items()}
    return ", ".join(f"{key}={value}" for key, value in (described | quoted).items())


def _card(item: Item, picture: Picture, theme: Theme, span: tuple[float, float] | None) -> str:
    """The text of a node, the important things first and largest."""
    rich = len(picture.items) <= _RICH
    rows = [_row(_title(item, picture, theme))]
    for words in (item.options, shape_text(item), folded_text(item)):
        rows += _said(words, theme.muted)
    if picture.values and item.value is not None:
        rows += _value(item.value, theme, rich, _is_image(item))
    if picture.gradients and item.gradient is not None:
        rows += _gradient(item.gradient, theme, span)
    if picture.saved:
        rows += _said(saved_text(item), theme.muted)
    if picture.places and item.place is not None:
        rows += _said(str(item.place), theme.muted)
    return _table(rows)


def _title(item: Item, picture: Picture, theme: Theme) -> str:
    parts = [_sized(f"<B>{_html(shortened(item.title, _WIDTH))}</B>", 12)]
    if picture.order and (order := order_text(item)):
        parts.insert(0, _sized(_html(order), 9))
    if item.count > 1:
        parts.append(_sized(f"<B>×{item.count}</B>", 14))
    what = item.operation if item.operation and item.operation != item.title else kind_text(item)
    if what:
        parts.append(_sized(_html(shortened(what, _WIDTH)), 9, theme.muted))
    return " &#160;".join(parts)


def _value(summary: Summary, theme: Theme, rich: bool, image: bool) -> list[str]:
    rows = []
    if summary.flag in ("NaN", "inf"):
        rows.append(_row(_sized(f"<B>data {_html(flag_text(summary))}</B>", 10, theme.wrong)))
        if summary.size == 1:
            return rows
    if summary.numbers:
        return [*rows, _row(_numbers("data", summary.numbers))]
    if rich and image and summary.thumbnail:
        return [*rows, _row(_thumbnail(summary.thumbnail)), *_said(range_text(summary), theme.muted)]
    if rich and len(summary.histogram) > 1:
        return [*rows, _row(_bars(summary.histogram, theme.edge)), *_said(range_text(summary), theme.muted)]
    return rows + _said(f"data {value_line(summary)}", theme.text, 10)


def _gradient(summary: Summary, theme: Theme, span: tuple[float, float] | None) -> list[str]:
    """A band in the colour of its norm; one that is wrong has no colour but its mark."""
    if summary.flag:
        colour = theme.wrong if summary.flag != "zero" else theme.text
        return [_row(_sized(f"<B>grad {_html(flag_text(summary))}</B>", 10, colour))]
    fill = colour_of_norm(theme, summary.norm, span) if span and summary.norm else theme.node
    said = summary.numbers or norm_text(summary) or range_text(summary)
    text = _numbers("grad", said)
    # browsers write up to a twentieth wider than was measured
    room = "" if text.startswith("<TABLE") else "&#160;" * (1 + len(said) // 12)
    return [f'<TR><TD BGCOLOR="{fill}"><FONT COLOR="{ink(fill, theme.text)}">{room}{text}{room}</FONT></TD></TR>']


def _said(words: str, colour: str, size: int = 9) -> list[str]:
    return [_row(_sized(_html(shortened(words, _WIDTH)), size, colour))] if words else []


def _numbers(word: str, numbers: str) -> str:
    """Numbers on one line, or a small matrix: one row below the other, columns kept apart by spaces of equal width."""
    if len(numbers) > _WIDTH - 8 and "\n" not in numbers:
        numbers = textwrap.fill(numbers, _WIDTH - 14, subsequent_indent=" ")
    if "\n" not in numbers:
        return _sized(_html(shortened(f"{word} {numbers}", _WIDTH)), 10)
    lines = "<BR/>".join(_html(line).replace(" ", "&#160;") for line in numbers.split("\n"))
    matrix = f'<FONT FACE="{MONO}" POINT-SIZE="9">{lines}</FONT>'
    cells = f"<TD>{_sized(word, 10)}</TD><TD>{matrix}</TD>"
    return f"{_PLAIN_TABLE}<TR>{cells}</TR></TABLE>"


def _pile(card: str, border: str, fill: str, sheets: int = 2, edge: int = 4) -> str:
    """A card on top of others, of which the edges are seen below and to the right."""
    paint = f'BORDER="1" BGCOLOR="{fill}" COLOR="{border}"'
    top = f'<TD {paint} CELLPADDING="5">{card}</TD>'
    for _ in range(sheets):
        rows = (
            f'<TR>{top}<TD {paint} SIDES="TR" WIDTH="{edge}"></TD></TR>'
            f'<TR><TD {paint} SIDES="LBR" COLSPAN="2" HEIGHT="{edge}"></TD></TR>'
        )
        pile = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
        top = f"<TD>{pile}</TD>"
    return pile


def _is_image(item: Item) -> bool:
    """Whether a thumbnail says more than a histogram: something given, with sides that are alike."""
    sides = [n for n in item.shape if n > 1]
    return item.kind in ("input", "constant") and len(sides) == 2 and min(sides) >= 8 and max(sides) <= 2 * min(sides)


def _bars(counts: Sequence[int], colour: str, height: int = 18, width: int = 6) -> str:
    """A histogram as cells of a table. Whatever is not empty is at least two points high."""
    top = max(counts)
    cells = []
    for count in counts:
        bar = max(2, round(height * count / top)) if count else 0
        parts = [(height - bar, ""), (bar, f' BGCOLOR="{colour}"')]
        drawn = "".join(
            f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{tall}"{fill}></TD></TR>' for tall, fill in parts if tall
        )
        cells.append(f'<TD><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{drawn}</TABLE></TD>')
    return _fixed(f"<TR>{''.join(cells)}</TR>", width * len(counts), height)


def _thumbnail(rows: Sequence[Sequence[float]], side: int = 4) -> str:
    """An image as cells of a table, black the lowest and white the highest."""
    drawn = []
    for row in rows:
        greys = (f"{round(15 * bright) * 17:02x}" * 3 for bright in row)
        size = f'FIXEDSIZE="TRUE" WIDTH="{side}" HEIGHT="{side}"'
        drawn.append("<TR>" + "".join(f'<TD {size} BGCOLOR="#{grey}"></TD>' for grey in greys) + "</TR>")
    return _fixed("".join(drawn), side * len(rows[0]), side * len(rows))


def _fixed(rows: str, width: int, height: int) -> str:
    """A table that keeps its size in a wider card."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}>{rows}</TABLE>'


# --- edges ------------------------------------------------------------------------------------------------------------


def _edge(edge: Edge, item: Item, picture: Picture) -> str:
    source = picture.items[edge.source]
    said = f"{source.title} → {item.title}" + (f" as {edge.argument}" if edge.argument else "")
    attributes = []
    if edge.rule is not None and picture.rules:
        rule = edge.rule.latex if picture.rules == "latex" else edge.rule.words
        lines = textwrap.wrap(printable(rule), 30) or [""]
        attributes.append(f"label=<{'<BR/>'.join(map(_html, lines))}>")
        said += f"\nback: {edge.rule.words}"
    attributes.append(f"tooltip={_escaped(*said.splitlines())}")
    if "hidden" in (source.kind, item.kind):
        attributes.append("style=dashed")
    if source.kind == "hidden" and any(picture.items[other.source].kind != "hidden" for other in item.edges):
        attributes.append("constraint=false")  # it comes from far away, and would push everything aside
    elif source.kind not in LEAVES:
        attributes.append("weight=8")  # the computation goes straight down, what it reads stands beside
    return ", ".join(attributes)


# --- text -------------------------------------------------------------------------------------------------------------


def _names(items: Sequence[Item]) -> list[str]:
    """The names of the items as identifiers of DOT, no two alike whatever they are."""
    names: list[str] = []
    taken: set[str] = set()
    for item in items:
        name = _quoted(item.name or "unnamed")
        count = 1
        while name in taken:
            count += 1
            name = _quoted(f"{item.name or 'unnamed'} ({count})")
        taken.add(name)
        names.append(name)
    return names


def _quoted(text: str) -> str:
    r"""An identifier or a plain attribute: a backslash is doubled, so that it escapes nothing."""
    return '"' + printable(text).replace("\n", " ").replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(*lines: str) -> str:
    """Lines of a tooltip, in which Graphviz looks for entities, and for escapes twice."""
    texts = (escape(printable(line)).replace("\\", "\\" * 4).replace("\n", " ") for line in lines)
    return '"' + "\\n".join(texts) + '"'


def _html(text: str) -> str:
    """Text of a label. Graphviz looks for escapes here too: a node's name would stand for the N of LaTeX's Nabla."""
    return escape(printable(text), quote=False).replace("\\", "\\\\").replace("\n", "<BR/>")


def _sized(text: str, size: int, colour: str = "") -> str:
    return f'<FONT POINT-SIZE="{size}"{f" COLOR={chr(34)}{colour}{chr(34)}" if colour else ""}>{text}</FONT>'


def _row(text: str) -> str:
    return f"<TR><TD>{text}</TD></TR>"


def _table(rows: Sequence[str]) -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>'
