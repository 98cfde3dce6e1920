"""Time as an icicle: the whole on top, below each box what it consists of, as wide as it took long.

Knows parts, modules and operations by name. The same numbers make the same picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from .result import PARTS, Findings, above, in_order
from .text import percent, seconds

__all__ = ["Box", "boxes", "draw"]

WIDE, _ROW, _GAP = 1000, 26, 1
_LETTER = 6.4  # about as wide as a letter of 12 pixels is
_NARROW = 0.4  # narrower boxes are not drawn; the tables have their numbers
_FIRST_ROW = {
    "forward": "operations as they are applied, and Python in modules",
    "backward": "rules, and operations inside them",
    **{part: PARTS[part] for part in ("sweep", "elsewhere", "profiler")},
}


@dataclass
class Box:
    """A share of the time: what it is called, where it stands, and what it consists of, from left to right."""

    label: str
    where: str
    kind: str
    seconds: float = 0.0
    calls: int = 0
    inside: list["Box"] = field(default_factory=list)
    depth: int = 0
    left: float = 0.0  # seconds from the left edge

    def add(self, box: "Box") -> "Box":
        """Put a box inside, to the right of those that are there."""
        self.inside.append(box)
        return box


def tree(findings: Findings) -> Box:
    """The whole, divided into passes, modules and operations. What modules take themselves stands in them."""
    whole = Box("everything", "", "whole")
    for part, words in _FIRST_ROW.items():
        if part in ("forward", "backward"):
            inside = _pass(findings, part)
            if inside.seconds:
                whole.add(inside)
        elif findings.parts.get(part, 0.0) > 0:
            whole.add(Box(part, words, part, findings.parts[part]))
    whole.seconds = sum(box.seconds for box in whole.inside)
    return whole


def _pass(findings: Findings, phase: str) -> Box:
    """One pass: modules as they came, in each first those in it, then its own operations, the longest first."""
    shares = [s for s in findings.shares if s.phase == phase and s.kind != "sweep"]
    paths = in_order(dict.fromkeys(path for s in shares for path in above(s.path)))
    at = {path: Box(path.rpartition(".")[2], path, "module") for path in paths}
    at[""] = Box(phase, _FIRST_ROW[phase], phase)
    for path in paths:
        if path:
            at[path.rpartition(".")[0]].add(at[path])
    for s in sorted(shares, key=lambda s: (-s.seconds, s.kind, s.name)):
        kind = phase if s.kind == "operation" else "python"
        at[s.path].add(Box(s.name or "Python", s.path, kind, s.seconds, s.calls))
    for path in reversed(paths):  # the inner ones first
        at[path].seconds = sum(box.seconds for box in at[path].inside)
    return at[""]


def boxes(findings: Findings) -> list[Box]:
    """All boxes with their places, each before those in it."""
    whole = tree(findings)
    found, stack = [], [whole]
    while stack:
        box = stack.pop()
        found.append(box)
        left = box.left
        for inner in box.inside:
            inner.depth, inner.left = box.depth + 1, left
            left += inner.seconds
        stack += reversed(box.inside)
    return found


def draw(findings: Findings) -> tuple[list[str], int]:
    """The picture as elements of SVG, and how high it is."""
    placed = boxes(findings)
    whole = placed[0].seconds
    lines = [line for box in placed if whole for line in _box(box, whole)]
    return lines, (max(box.depth for box in placed) + 1) * (_ROW + _GAP)


def _box(box: Box, whole: float) -> Iterator[str]:
    width = WIDE * box.seconds / whole
    if width < _NARROW:
        return
    x, y = WIDE * box.left / whole, box.depth * (_ROW + _GAP)
    times = f"{seconds(box.seconds)}, {percent(box.seconds, whole)}"
    calls = f", {box.calls:,} calls" if box.calls > 1 else ""
    where = f" ({box.where})" if box.depth == 1 else f" in {box.where}" if box.where else ""
    name = box.where if box.kind == "module" else f"{box.label}{where}"
    yield f'<g class="{box.kind}"><title>{escape(f"{name}: {times}{calls}")}</title>'
    gap = min(_GAP, width / 4)
    yield f'<rect x="{x:.2f}" y="{y}" width="{width - gap:.2f}" height="{_ROW}"/>'
    label = _fitting([f"{box.label}  {seconds(box.seconds)}", box.label], width - 8)
    if label:
        yield f'<text x="{x + 5:.1f}" y="{y + 17}">{escape(label)}</text>'
    yield "</g>"


def _fitting(labels: list[str], width: float) -> str:
    """The first of some labels that fits, or a part of the last, or nothing."""
    for label in labels:
        if len(label) * _LETTER <= width:
            return label
    room = int(width / _LETTER) - 1
    return f"{labels[-1][:room]}…" if room >= 3 else ""
