"""A report as a fragment of HTML for notebooks: the same words as in a terminal, and a picture of the steps.

Knows reports. The fragment needs nothing but itself, and is the same for the same report. Colours repeat what words,
shapes and strokes say.
"""

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, isfinite, log10
from typing import Any

import numpy as np

from .report import Array, Cause, Entry, GradientReport
from .text import rounded, rounded_ratio, shown_steps, sides_matter

DRAWN = 2000  # inputs with more entries are not drawn as a grid,
_ROOM = 800  # nor if it were wider or higher than this

_LIGHT = "--wrong:#b3261e;--right:#1a6b3c;--quiet:#5b6470;--line:#8883;--fill:#8881"
_DARK = "--wrong:#ff8a80;--right:#7ddba3;--quiet:#a4adba;--line:#fff3;--fill:#fff1"
# Twice the class, so that it counts for more than what notebooks say of tables.
_STYLE = f"""
.ag-gradcheck{{{_LIGHT};color:inherit;font:14px/1.45 system-ui,sans-serif;max-width:60rem;
 border-left:4px solid var(--right);padding:.2rem 0 .2rem 1rem;overflow-wrap:anywhere}}
@media screen and (prefers-color-scheme:dark){{.ag-gradcheck{{{_DARK}}}}}
[data-jp-theme-light="true"] .ag-gradcheck,body.vscode-light .ag-gradcheck{{{_LIGHT}}}
[data-jp-theme-light="false"] .ag-gradcheck,body.vscode-dark .ag-gradcheck{{{_DARK}}}
.ag-gradcheck.failed{{border-color:var(--wrong)}}
.ag-gradcheck.open{{border-color:var(--quiet)}}
.ag-gradcheck p{{margin:.35rem 0}}
.ag-gradcheck .verdict{{font-weight:600;font-size:1.05em}}
.ag-gradcheck .mark{{color:var(--right);margin-right:.4em}}
.ag-gradcheck.failed .mark{{color:var(--wrong)}}
.ag-gradcheck.open .mark{{color:var(--quiet)}}
.ag-gradcheck .quiet,.ag-gradcheck caption{{color:var(--quiet)}}
.ag-gradcheck .parts{{display:flex;flex-wrap:wrap;gap:.2rem 2rem;align-items:flex-start;margin:.5rem 0}}
.ag-gradcheck.ag-gradcheck table{{border-collapse:collapse;margin:.3rem 0;font-size:13px;background:none;color:inherit}}
.ag-gradcheck.ag-gradcheck caption{{text-align:left;padding:0 0 .2rem;font-size:13px}}
.ag-gradcheck.ag-gradcheck tr,
.ag-gradcheck.ag-gradcheck tbody tr:nth-child(odd){{background:none}}
.ag-gradcheck.ag-gradcheck th,
.ag-gradcheck.ag-gradcheck td{{text-align:left;padding:.1rem 1.1rem .1rem 0;border:0;font-weight:400;
 white-space:nowrap;vertical-align:top}}
.ag-gradcheck.ag-gradcheck th{{color:var(--quiet)}}
.ag-gradcheck.ag-gradcheck td{{font-family:ui-monospace,monospace;font-variant-numeric:tabular-nums}}
.ag-gradcheck.ag-gradcheck thead th{{border-bottom:1px solid var(--line)}}
.ag-gradcheck.ag-gradcheck .believed td{{font-weight:700}}
.ag-gradcheck summary{{color:var(--quiet);cursor:pointer}}
.ag-gradcheck ul{{margin:.35rem 0;padding-left:1.2rem}}
.ag-gradcheck pre{{font:12.5px/1.4 ui-monospace,monospace;background:var(--fill);color:inherit;padding:.6rem .8rem;
 margin:.3rem 0;overflow:auto;max-height:24em;white-space:pre}}
.ag-gradcheck figure{{margin:.3rem 0}}
.ag-gradcheck figcaption{{font-size:13px;color:var(--quiet);margin:0 0 .2rem}}
.ag-gradcheck svg{{display:block;max-width:100%;height:auto;overflow:visible}}
.ag-gradcheck svg text{{fill:currentColor;font:11px system-ui,sans-serif}}
@media print{{.ag-gradcheck{{{_LIGHT}}}.ag-gradcheck pre{{max-height:none;white-space:pre-wrap}}
 .ag-gradcheck figure,.ag-gradcheck table{{break-inside:avoid}}}}
"""


def to_html(report: GradientReport) -> str:
    """The report as a fragment of HTML with its own style, without scripts."""
    kind, mark = "failed", "✗"
    if report.ok:
        kind, mark = ("right", "✓") if report.checked > report.kinks else ("open", "–")
    parts = [
        f'<div class="ag-gradcheck {kind}">',
        f"<style>{_STYLE}</style>",
        f'<p class="verdict"><span class="mark" aria-hidden="true">{mark}</span>{escape(report.verdict)}</p>',
    ]
    if report.suspicion:
        parts.append(_paragraph(report.suspicion))
    w = report.worst
    if w is not None and not report.ok and w.status != "right":
        parts += [
            '<div class="parts"><div>',
            _worst(report, w),
            *_steps(w, report.cause),
            "</div>",
            *_sweep(w),
            "</div>",
        ]
        parts += _grids(report)
    if report.operation:
        parts.append(_paragraph(f"operation: {report.operation}"))
    if report.findings:
        items = (f"<li><b>{escape(f.cause)}</b>: {escape(f.message)}</li>" for f in report.findings)
        parts += ["<ul>", *items, "</ul>"]
    parts += [_paragraph(remark, "quiet") for remark in report.remarks]
    if report.reproduction and not report.ok:
        parts += ["<details><summary>to reproduce</summary>", f"<pre>{escape(report.reproduction)}</pre></details>"]
    return "\n".join([*parts, "</div>"])


def _paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def _worst(report: GradientReport, entry: Entry) -> str:
    error = entry.uncertainty
    rows = [("derivative", f"d {report.output_name(entry)} / d {report.input_name(entry)}")]
    if not np.isnan(entry.value):
        rows.append(("at", report.place(entry)))
    rows.append(("analytic", rounded(entry.analytic, error)))
    known = f" ± {error:.2g}" if isfinite(entry.numeric) else ""
    rows.append(("numeric", rounded(entry.numeric, error) + known))
    if entry.ratio is not None:
        rows.append(("analytic / numeric", rounded_ratio(entry)))
    if isfinite(entry.error):
        rows += [("off by", f"{entry.error:.2g}"), ("tolerated", f"{entry.tolerance:.2g}")]
    if entry.status in ("kink", "undefined"):
        rows += [("from the left", f"{entry.backward:.6g}"), ("from the right", f"{entry.forward:.6g}")]
    body = "".join(f'<tr><th scope="row">{escape(a)}</th><td>{escape(b)}</td></tr>' for a, b in rows)
    return f"<table><caption>the worst entry</caption><tbody>{body}</tbody></table>"


def _steps(entry: Entry, cause: Cause | None) -> Iterator[str]:
    """The sweep in numbers."""
    if not entry.sweep:
        return
    sides = sides_matter(entry, cause)
    head = ["step", "central difference", "error"] + (["from the left", "from the right"] if sides else []) + [""]
    cells = "".join(f'<th scope="col">{name}</th>' for name in head)
    yield "<table><caption>differences over smaller and smaller steps</caption>"
    yield f"<thead><tr>{cells}</tr></thead><tbody>"
    for s in shown_steps(entry):
        believed = s is entry.believed
        words = [f"{s.step:.1e}", rounded(s.numeric, s.error), f"{s.error:.1e}"]
        words += [f"{s.backward:.6g}", f"{s.forward:.6g}"] if sides else []
        row = "".join(f"<td>{word}</td>" for word in [*words, "← believed" if believed else ""])
        yield f'<tr class="believed">{row}</tr>' if believed else f"<tr>{row}</tr>"
    yield "</tbody></table>"


# --- the steps as a picture -------------------------------------------------------------------------------------------

_LEFT, _TOP, _WIDE, _HIGH = 46, 40, 330, 190


def _sweep(entry: Entry) -> Iterator[str]:
    """The estimated error and the distance from the claim against the step, both logarithmic: the first falls with the
    step and rises again where rounding takes over; a right gradient follows it, a wrong one levels off."""
    steps = [s for s in entry.sweep if s.step > 0]
    curves = [
        ("estimated error", [s.error for s in steps]),
        ("|analytic − numeric|", [abs(entry.analytic - s.numeric) for s in steps]),
    ]
    seen = [y for _, values in curves for y in values if isfinite(y) and y > 0]
    if len(steps) < 2 or not seen:
        return
    x_range, y_range = _decades([s.step for s in steps]), _decades(seen)

    def place(x: float, y: float) -> tuple[float, float]:
        bottom = 10.0 ** y_range[0]
        return (
            _LEFT + _WIDE * (log10(x) - x_range[0]) / (x_range[1] - x_range[0]),
            _TOP + _HIGH * (y_range[1] - log10(max(y, bottom))) / (y_range[1] - y_range[0]),
        )

    yield "<figure><figcaption>how far off, by step</figcaption>"
    yield f'<svg role="img" width="{_LEFT + _WIDE + 14}" height="{_TOP + _HIGH + 40}" aria-label="{_spoken(curves)}">'
    yield from _axes(x_range, y_range)
    if entry.believed:
        x, _ = place(entry.believed.step, 1.0)
        yield f'<path d="M{x:.1f} {_TOP}V{_TOP + _HIGH}" stroke="currentColor" stroke-dasharray="1 3"/>'
        yield f'<text x="{x:.1f}" y="{_TOP - 5}" text-anchor="middle">believed</text>'
    for k, (name, values) in enumerate(curves):
        points = [(place(s.step, y), y) for s, y in zip(steps, values, strict=True) if isfinite(y)]
        yield _curve([p for p, _ in points], k)
        yield _curve([(_LEFT + 130 * k, 10), (_LEFT + 24 + 130 * k, 10)], k)
        yield f'<text x="{_LEFT + 32 + 130 * k}" y="14">{name}</text>'
    yield "</svg></figure>"


def _curve(points: Sequence[tuple[float, float]], kind: int) -> str:
    """A line with marks: circles for the first kind, crosses on a dashed line for the second."""
    color, dash = ("currentColor", ""), ("var(--wrong)", ' stroke-dasharray="5 3"')
    stroke, dashes = (color, dash)[kind]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    if kind == 0:
        marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="currentColor"/>' for x, y in points)
    else:
        crosses = "".join(f"M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6" for x, y in points)
        marks = f'<path d="{crosses}" stroke="{stroke}" stroke-width="1.6" fill="none"/>'
    return f'<path d="{line}" stroke="{stroke}" stroke-width="1.4"{dashes} fill="none"/>{marks}' if points else ""


def _axes(x_range: tuple[int, int], y_range: tuple[int, int]) -> Iterator[str]:
    right, bottom = _LEFT + _WIDE, _TOP + _HIGH
    lines, words = [], []
    for k in _ticks(x_range):
        x = _LEFT + _WIDE * (k - x_range[0]) / (x_range[1] - x_range[0])
        lines.append(f"M{x:.1f} {_TOP}V{bottom}")
        words.append(f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{_power(k)}</text>')
    for k in _ticks(y_range):
        y = _TOP + _HIGH * (y_range[1] - k) / (y_range[1] - y_range[0])
        lines.append(f"M{_LEFT} {y:.1f}H{right}")
        words.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_power(k)}</text>')
    yield f'<path d="{"".join(lines)}" stroke="currentColor" stroke-opacity=".18" fill="none"/>'
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" stroke="currentColor" fill="none"/>'
    yield from words
    yield f'<text x="{_LEFT + _WIDE / 2:.0f}" y="{bottom + 32}" text-anchor="middle">step</text>'


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def _ticks(bounds: tuple[int, int]) -> range:
    return range(bounds[0], bounds[1] + 1, max(1, ceil((bounds[1] - bounds[0]) / 8)))


def _power(exponent: int) -> str:
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _spoken(curves: Sequence[tuple[str, Sequence[float]]]) -> str:
    words = []
    for name, values in curves:
        known = [y for y in values if isfinite(y)]
        if known:
            words.append(f"{name} between {min(known):.1e} and {max(known):.1e}")
    return escape("Against the step, both axes logarithmic: " + "; ".join(words) + ".")


# --- which entries are wrong ------------------------------------------------------------------------------------------


def _grids(report: GradientReport) -> Iterator[str]:
    marked = [mask for mask in report.wrong if mask.any()]
    for words, mask in list(zip(report.wrong_entries(), marked, strict=False))[:4]:
        drawn = _grid(mask, words) if 1 < mask.size <= DRAWN else ""
        yield f"<figure><figcaption>wrong entries: {escape(words)}</figcaption>{drawn}</figure>"
    if len(marked) > 4:
        yield _paragraph(f"and in {len(marked) - 4} more inputs")


def _grid(mask: Array, words: str) -> str:
    """Squares in rows and columns, one block for each index of the leading axes; wrong ones are filled and crossed."""
    blocks = mask.reshape((-1, *mask.shape[-2:])) if mask.ndim > 1 else _folded(mask)[None]
    _, rows, columns = blocks.shape
    cell = 14 if max(rows, columns) <= 24 else 10 if max(rows, columns) <= 48 else 6
    gap, head = cell, 14 * (len(blocks) > 1)
    across = max(1, min(mask.shape[-3] if len(blocks) > 1 else 1, (640 + gap) // (columns * cell + gap)))
    width = across * (columns * cell + gap) - gap
    height = -(-len(blocks) // across) * (rows * cell + gap + head) - gap
    if max(width, height) > _ROOM:
        return ""
    right: list[str] = []
    wrong: list[str] = []
    names = []
    size = cell - 2
    for b, block in enumerate(blocks):
        left, top = b % across * (columns * cell + gap), head + b // across * (rows * cell + gap + head)
        if head:
            index = ", ".join(map(str, np.unravel_index(b, mask.shape[:-2])))
            names.append(f'<text x="{left}" y="{top - 3}">[{index}]</text>')
        for (i, j), bad in np.ndenumerate(block):
            if mask.ndim == 1 and i * columns + j >= mask.size:
                continue
            (wrong if bad else right).append(f"M{left + j * cell + 1} {top + i * cell + 1}")
    box, cross = f"h{size}v{size}h-{size}z", f"l{size} {size}m0 -{size}l-{size} {size}"
    return (
        f'<svg role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'aria-label="wrong entries: {escape(words)}">'
        f'<path d="{"".join(at + box for at in right)}" fill="currentColor" fill-opacity=".06" '
        'stroke="currentColor" stroke-opacity=".4"/>'
        f'<path d="{"".join(at + box for at in wrong)}" fill="var(--wrong)" fill-opacity=".35" stroke="var(--wrong)"/>'
        f'<path d="{"".join(at + cross for at in wrong)}" stroke="currentColor" fill="none"/>{"".join(names)}</svg>'
    )


def _folded(mask: Array) -> Any:
    """A long row in rows of 50, filled up with False."""
    columns = min(mask.size, 50)
    rows = -(-mask.size // columns)
    return np.resize(np.append(mask, np.zeros(rows * columns - mask.size, bool)), (rows, columns))
