"""Pictures as SVG text, drawn by hand: marks for the rows, curves for the families, and the roofline.

Each contestant has a colour and a mark of its own, so that nobody depends on the colours; ours are warm and filled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import atan2, ceil, degrees, floor, log10

from benchmarks.families import FAMILIES
from benchmarks.libraries import LIBRARIES
from benchmarks.report.findings import Findings
from benchmarks.work import WORK

COLOURS = {
    "ours": "#e8743b",
    "captured": "#b5122b",
    "torch": "#1f5fa8",
    "torch_compile": "#5f9bd8",
    "jax": "#1a8a6b",
    "uncollected": "#f0b48f",
}
MARKS = {"ours": "circle", "captured": "diamond", "torch": "square", "torch_compile": "triangle", "jax": "cross"}
INK, FAINT, GRID = "#222", "#667", "#dde1e6"


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis: from values to places on the paper."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        part = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return self.start + part * (self.end - self.start)

    def decades(self) -> list[float]:
        """The powers of ten on the axis."""
        first, last = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
        step = max(1, (last - first) // 6)
        return [10.0**power for power in range(first, last + 1, step)]


def times(findings: Findings, names: Sequence[str]) -> str:
    """Each row's times as multiples of PyTorch's, on a logarithmic axis; left of the line is faster."""
    rows = [row for row in findings.results if findings.spread(row, "torch") and row != "import"]
    values = {row: _multiples(findings, row, names) for row in rows}
    everything = [value for row in rows for value in values[row].values()]
    if not everything:
        return ""
    width, left, step, top = 980, 120, 30, 62
    height = top + step * len(rows) + 34
    scale = Scale(min(0.1, *everything) / 1.3, max(3.0, *everything) * 1.3, left, width - 20)
    parts = [_legend(names, left, 16)]
    for tick in _ticks(scale):
        x = scale(tick)
        parts.append(_line(x, top - 12, x, height - 34, GRID if tick != 1 else INK))
        parts.append(_text(x, height - 16, f"{tick:g}x", "middle", FAINT))
    parts.append(_text(scale(1) - 8, top - 18, "← faster than PyTorch", "end", INK))
    parts.append(_text(scale(1) + 8, top - 18, "slower →", "start", INK))
    for index, row in enumerate(rows):
        y = top + step * (index + 0.4)
        parts.append(_text(left - 12, y + 4, row, "end", INK))
        parts.append(_line(left, y, width - 20, y, "#eef0f3"))
        for name, value in values[row].items():
            said = f"{row}, {LIBRARIES[name].title}: {value:.3g} of PyTorch's time"
            parts.append(_mark(name, scale(value), y, said))
    return _svg(width, height, parts, "Time of each row as a multiple of PyTorch's")


def _multiples(findings: Findings, row: str, names: Sequence[str]) -> dict[str, float]:
    ratios = {name: findings.ratio(row, name, "torch") for name in names}
    return {name: found.median for name, found in ratios.items() if found}


def legend(names: Sequence[str]) -> str:
    """The marks of these contestants, and the band of the work."""
    work = '<line x1="690" y1="14" x2="720" y2="14" stroke="#9aa3ad" stroke-width="5" stroke-opacity=".35"/>'
    parts = [_legend(names, 10, 14), work, _text(727, 18, "grows like the work", "start", INK)]
    return _svg(860, 28, parts, "Legend")


def curve(findings: Findings, name: str, width: int = 480, height: int = 310) -> str:
    """Time per step over the size, both logarithmic; the grey line grows like the work."""
    family, found = FAMILIES[name], findings.curves[name]
    points = {library: values for library, values in found.seconds.items() if values}
    sizes = [size for values in points.values() for size in values]
    if len(set(sizes)) < 2:
        return ""
    seconds = [value for values in points.values() for value in values.values()]
    across = Scale(min(sizes) / 1.15, max(sizes) * 1.15, 62, width - 14)
    up = Scale(min(seconds) / 2, max(seconds) * 2, height - 44, 46)
    heading, _, problem = family.title.partition(": ")
    parts = [_text(10, 16, heading, "start", INK, bold=True), _text(10, 32, problem, "start", FAINT)]
    ordered = sorted(set(sizes))
    parts += _axes(across, up, family.axis, _duration, ordered[:: max(1, len(ordered) // 4)])
    last = ordered[-1]
    base = min(values[last] for values in points.values() if last in values)
    work = [(size, base * family.work(size) / family.work(last)) for size in ordered]
    path = " ".join(f"{across(size):.1f},{up(value):.1f}" for size, value in work if up.low <= value <= up.high)
    parts.append(f'<polyline points="{path}" fill="none" stroke="#9aa3ad" stroke-width="5" stroke-opacity=".35"/>')
    for library, values in points.items():
        path = " ".join(f"{across(size):.1f},{up(value):.1f}" for size, value in sorted(values.items()))
        colour = COLOURS.get(library, FAINT)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        for size, value in values.items():
            said = f"{LIBRARIES[library].title}, {size:,}: {_duration(value)}"
            parts.append(_mark(library, across(size), up(value), said, size=3.5))
    return _svg(width, height, parts, family.title)


def roofline(findings: Findings, names: Sequence[str]) -> str:
    """Speed over arithmetic intensity: the roof that was measured, and where each row of each contestant lies."""
    roof = findings.roof
    rows = [row for row in findings.results if row in WORK]
    if not roof.copies or not roof.best_product() or not rows:
        return ""
    works = {row: WORK[row]() for row in rows}
    dots = []
    for row in rows:
        for name in names:
            found = findings.spread(row, name)
            if found:
                dots.append((row, name, works[row].flops / works[row].bytes, works[row].flops / found.median))
    if not dots:
        return ""
    width, height, band = 980, 520, 90  # the band at the bottom is for the names of the rows
    intensities = [intensity for _, _, intensity, _ in dots]
    across = Scale(min(intensities) / 2.5, max(intensities) * 3, 92, width - 20)
    up = Scale(min(speed for *_, speed in dots) / 1.5, roof.best_product() * 3, height - 48 - band, 44)
    parts = [_legend([n for n in names if any(n == name for _, name, _, _ in dots)], 92, 16)]
    below = "arithmetic intensity: operations for each byte that must be moved"
    parts += _axes(across, up, below, _speed, band=band)
    out_of_cache, in_cache = roof.copies[max(roof.copies, key=int)], max(roof.copies.values())
    for speed, said, dashes in ((in_cache, "copies in cache", "5 4"), (out_of_cache, "copies in memory", "")):
        parts.append(_roof_line(across, up, speed, roof.best_product(), dashes))
        parts.append(_along(across, up, speed, f"{said}: {speed / 1e9:,.0f} GB/s"))
    top = up(roof.best_product())
    parts.append(_text(width - 22, top - 6, f"matrix product: {roof.best_product() / 1e9:,.0f} GFLOP/s", "end", FAINT))
    at = -1e9
    for row in sorted(rows, key=lambda row: works[row].flops / works[row].bytes):
        speeds = [speed for r, _, _, speed in dots if r == row]
        if speeds:
            x, foot = across(works[row].flops / works[row].bytes), height - 48 - band
            at = max(x, at + 14)
            parts += [_line(x, foot, x, up(max(speeds)), "#c9ced6"), _line(x, foot, at, foot + 8, "#c9ced6")]
            turned = f'transform="rotate(-90 {at + 4:.1f} {foot + 12:.1f})"'
            place = f'x="{at + 4:.1f}" y="{foot + 12:.1f}" text-anchor="end" fill="{INK}"'
            parts.append(f"<text {place} {turned}>{escape(row)}</text>")
    for row, name, intensity, speed in dots:
        part = f"{roof.fraction(works[row], works[row].flops / speed):.1%} of the roof"
        said = f"{row}, {LIBRARIES[name].title}: {_speed(speed)}, {part}"
        parts.append(_mark(name, across(intensity), up(speed), said, size=4.5))
    return _svg(width, height, parts, "Roofline")


def _roof_line(across: Scale, up: Scale, copied: float, product: float, dashes: str) -> str:
    points = []
    ridge = product / copied
    for intensity in sorted({across.low, min(max(ridge, across.low), across.high), across.high}):
        speed = min(product, intensity * copied)
        if speed < up.low:
            intensity, speed = up.low / copied, up.low
        points.append(f"{across(intensity):.1f},{up(speed):.1f}")
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{INK}" stroke-width="1.5"{dash}/>'


def _along(across: Scale, up: Scale, copied: float, said: str) -> str:
    """Words along the slope of a roof that copies set, from where it begins on the paper."""
    begin = max(across.low, up.low / copied)
    x, y = across(begin), up(begin * copied)
    steepness = (across(10 * begin) - x, up(10 * begin * copied) - y)
    angle = degrees(atan2(steepness[1], steepness[0]))
    place = f'x="{x + 8:.1f}" y="{y - 6:.1f}" fill="{FAINT}" transform="rotate({angle:.1f} {x:.1f} {y:.1f})"'
    return f"<text {place}>{escape(said)}</text>"


def _axes(
    across: Scale,
    up: Scale,
    below: str,
    said: Callable[[float], str],
    ticks: Sequence[float] = (),
    band: float = 0,
) -> Iterator[str]:
    bottom = up.start + band
    for tick in ticks or across.decades():
        yield _line(across(tick), up.end, across(tick), up.start, GRID)
        yield _text(across(tick), bottom + 16, _short(tick), "middle", FAINT)
    for tick in up.decades():
        yield _line(across.start, up(tick), across.end, up(tick), GRID)
        yield _text(across.start - 6, up(tick) + 4, said(tick), "end", FAINT)
    yield _text((across.start + across.end) / 2, bottom + 34, below, "middle", INK)


def _ticks(scale: Scale) -> list[float]:
    candidates = [factor * 10.0**power for power in range(-4, 5) for factor in (1, 2, 5)]
    inside = [tick for tick in candidates if scale.low <= tick <= scale.high]
    return inside if len(inside) <= 10 else [tick for tick in inside if f"{tick:e}"[0] == "1"]


def _legend(names: Sequence[str], x: float, y: float) -> str:
    parts = []
    for name in names:
        title = LIBRARIES[name].title
        parts += [_mark(name, x + 6, y, title), _text(x + 17, y + 4, title, "start", INK)]
        x += 34 + 6.6 * len(title)
    return "".join(parts)


def _mark(name: str, x: float, y: float, said: str, size: float = 5.0) -> str:
    colour, shape = COLOURS.get(name, FAINT), MARKS.get(name, "circle")
    title = f"<title>{escape(said)}</title>"
    a = size
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{a:.1f}" fill="{colour}">{title}</circle>'
    if shape == "cross":
        path = f"M{x - a:.1f} {y - a:.1f}L{x + a:.1f} {y + a:.1f}M{x - a:.1f} {y + a:.1f}L{x + a:.1f} {y - a:.1f}"
        return f'<path d="{path}" stroke="{colour}" stroke-width="2.4" fill="none">{title}</path>'
    corners = {
        "diamond": [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
        "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        "triangle": [(0, -1.15), (1.1, 0.85), (-1.1, 0.85)],
    }[shape]
    points = " ".join(f"{x + a * dx:.1f},{y + a * dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" fill="{colour}">{title}</polygon>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, words: str, anchor: str, colour: str, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(words)}</text>'


def _svg(width: int, height: int, parts: Iterable[str], title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="12">'
        f'<rect width="{width}" height="{height}" fill="white"/>{"".join(parts)}</svg>'
    )


def _short(value: float) -> str:
    for factor, letter in ((1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g}{letter}"
    return f"{value:.3g}"


def _duration(seconds: float) -> str:
    for factor, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= factor * 0.9999:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _speed(flops: float) -> str:
    for factor, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if flops >= factor * 0.9999:
            return f"{flops / factor:.3g} {unit}FLOP/s"
    return f"{flops:.3g} FLOP/s"
