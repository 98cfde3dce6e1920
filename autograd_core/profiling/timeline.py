"""Memory over time, as areas one on the other: what was alive, by kind, and when there was most.

Knows moments and kinds. The same numbers make the same picture.
"""

from collections.abc import Iterator, Sequence
from html import escape
from math import floor, log10

from .ledger import KINDS
from .result import Findings, Memory, Moment
from .text import bytes_, seconds

__all__ = ["draw"]

WIDE = 1000
_LEFT, _TOP, _HIGH = 70, 34, 220
_SHORT = {
    "parameter": "parameters",
    "input": "inputs",
    "saved": "saved for the sweep",
    "result": "other results",
    "cotangent": "cotangents",
    "gradient": "gradients",
}


def draw(findings: Findings) -> tuple[list[str], int]:
    """The picture as elements of SVG, and how high it is; nothing without memory."""
    memory = findings.memory
    if memory is None or not memory.timeline or not memory.peak:
        return [], 0
    lines = [*_passes(findings), *_axes(findings, memory), *_areas(findings, memory), *_peak(findings, memory)]
    legend, rows = _legend(memory)
    return [*lines, *legend], _TOP + _HIGH + 30 + 20 * rows


def _x(findings: Findings, time: float) -> float:
    return _LEFT + (WIDE - _LEFT) * min(max(time / findings.wall, 0.0), 1.0) if findings.wall else _LEFT


def _y(memory: Memory, nbytes: float) -> float:
    return _TOP + _HIGH * (1 - nbytes / memory.peak)


def _passes(findings: Findings) -> Iterator[str]:
    """The time of backward passes, as bands behind the areas; named where there is room beside the peak's mark."""
    peak = findings.memory.peak_seconds if findings.memory else 0.0
    for begin, end in findings.sweeps:
        left, right = _x(findings, begin), _x(findings, end)
        yield '<g class="band"><title>backward pass</title>'
        yield f'<rect x="{left:.1f}" y="{_TOP - 14}" width="{max(right - left, 0.5):.1f}" height="{_HIGH + 14}"/>'
        if right - left > 60 and not left - 10 < _x(findings, peak) < left + 64:
            yield f'<text x="{left + 4:.1f}" y="{_TOP - 4}">backward</text>'
        yield "</g>"


def _axes(findings: Findings, memory: Memory) -> Iterator[str]:
    bottom = _TOP + _HIGH
    step = _round_bytes(memory.peak)
    for i in range(int(memory.peak / step) + 1):
        y = _y(memory, i * step)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDE}"/>'
        yield f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{bytes_(i * step)}</text>'
    if findings.wall > 0:
        step = _round(findings.wall / 6)
        for i in range(int(findings.wall / step) + 1):
            x = _x(findings, i * step)
            anchor = "end" if x > WIDE - 20 else "middle"
            yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16}" text-anchor="{anchor}">{seconds(i * step)}</text>'


def _round(value: float) -> float:
    """A round number near a value: 1, 2 or 5 times a power of ten, not below it."""
    power = 10.0 ** floor(log10(value))
    return next((k * power for k in (1, 2, 5) if k * power >= value), 10 * power)


def _round_bytes(peak: int) -> float:
    """A third of a size, round in the unit that the size is written in."""
    unit = 1
    while peak >= 1024 * unit:
        unit *= 1024
    return max(_round(peak / unit / 3) * unit, 1)


def _areas(findings: Findings, memory: Memory) -> Iterator[str]:
    """Each kind on those before it, in steps: what is alive stays so until the next moment."""
    below = [0.0] * len(memory.timeline)
    for kind in KINDS:
        upper = [b + moment.held.get(kind, 0) for b, moment in zip(below, memory.timeline, strict=True)]
        if upper != below:
            top = _steps(findings, memory, memory.timeline, upper)
            bottom = _steps(findings, memory, memory.timeline, below)[::-1]
            points = "L".join(f"{x:.1f} {y:.1f}" for x, y in [*top, *bottom])
            most = max(moment.held.get(kind, 0) for moment in memory.timeline)
            yield f'<g class="area {kind}"><title>{escape(KINDS[kind])}: at most {bytes_(most)}</title>'
            yield f'<path d="M{points}Z"/></g>'
        below = upper


def _steps(
    findings: Findings, memory: Memory, moments: Sequence[Moment], heights: Sequence[float]
) -> list[tuple[float, float]]:
    points = []
    for i, height in enumerate(heights):
        end = moments[i + 1].seconds if i + 1 < len(moments) else findings.wall
        y = _y(memory, height)
        points += [(_x(findings, moments[i].seconds), y), (_x(findings, end), y)]
    return points


def _peak(findings: Findings, memory: Memory) -> Iterator[str]:
    x = _x(findings, memory.peak_seconds)
    words = f"peak: {bytes_(memory.peak)} at {seconds(memory.peak_seconds)}"
    anchor, at = ("end", x + 4) if x > WIDE / 2 else ("start", x - 4)
    yield f'<g class="peak"><title>{words}</title><path d="M{x:.1f} {_TOP}V{_TOP + _HIGH}"/>'
    yield f'<path class="mark" d="M{x - 5:.1f} {_TOP - 8}h10l-5 8z"/>'
    yield f'<text x="{at:.1f}" y="{_TOP - 18}" text-anchor="{anchor}">{words}</text></g>'


def _legend(memory: Memory) -> tuple[list[str], int]:
    """A patch and a name for each kind there is, and in how many rows."""
    lines, x, row = [], _LEFT, 0
    for kind, name in _SHORT.items():
        if any(moment.held.get(kind, 0) for moment in memory.timeline):
            width = 34 + 7 * len(name)
            if x + width > WIDE:
                x, row = _LEFT, row + 1
            y = _TOP + _HIGH + 30 + 20 * row
            lines.append(f'<g class="area {kind}"><rect x="{x}" y="{y}" width="14" height="12"/>')
            lines.append(f'<text x="{x + 20}" y="{y + 10}">{name}</text></g>')
            x += width
    return lines, row + 1
