"""A profile as pictures and a page: SVG with its own colours, HTML around it that needs nothing but itself.

Knows what was found, and how its parts are drawn. Light and dark follow the reader's setting; what colours say, words
say too.
"""

from collections.abc import Iterable, Sequence
from html import escape

from . import icicle, timeline
from .result import PARTS, Findings
from .text import bytes_, cost, headline, holder_name, in_words, module_name, percent, seconds

__all__ = ["fragment", "page", "picture"]

# fills pale enough for dark letters in light mode, deep enough for light ones in dark mode; kinds of memory by Okabe
# and Ito's palette, which the colour-blind can tell apart
_LIGHT = """--ink:#1b1f24;--quiet:#59636e;--line:#d0d7de;--back:#ffffff;--band:#8c959f1f;--whole:#eaeef2;
--module:#dfe5ec;--forward:#a9d1f5;--backward:#f7c99b;--sweep:#ecd9f7;--python:#d8e8c4;--elsewhere:#e8e6df;--profiler:#f3d3d8;
--parameter:#7a828c;--input:#b9bfc7;--saved:#0072b2;--result:#56b4e9;--cotangent:#e69f00;--gradient:#009e73"""
_DARK = """--ink:#e6edf3;--quiet:#9aa4af;--line:#3d444d;--back:#0d1117;--band:#9198a12b;--whole:#262c34;
--module:#323a45;--forward:#1c5487;--backward:#84501a;--sweep:#5a3a70;--python:#41592a;--elsewhere:#45433c;--profiler:#6b3440;
--parameter:#8b949e;--input:#5c646e;--saved:#2f8fd0;--result:#7cc6f2;--cotangent:#e0a030;--gradient:#26b58a"""
_DRAWN = """.ag-profile text{fill:var(--ink);font:12px system-ui,sans-serif;white-space:pre}
.ag-profile .tick{fill:var(--quiet);font-size:11px}
.ag-profile .grid{stroke:var(--line);fill:none}
.ag-profile .band rect{fill:var(--band)}.ag-profile .band text{fill:var(--quiet);font-size:11px}
.ag-profile .peak path{stroke:var(--ink);stroke-dasharray:3 3;fill:none}
.ag-profile .peak .mark{fill:var(--ink);stroke:none}
.ag-profile .peak text{font-weight:600}
""" + "\n".join(
    [
        f".ag-profile .{kind} rect{{fill:var(--{kind})}}"
        for kind in ("whole", "module", "python", *PARTS)
        if kind != "modules"
    ]
    + [
        f".ag-profile .area.{kind} path,.ag-profile .area.{kind} rect{{fill:var(--{kind})}}"
        for kind in ("parameter", "input", "saved", "result", "cotangent", "gradient")
    ]
)
_COLOURS = f""".ag-profile{{{_LIGHT}}}
@media screen and (prefers-color-scheme:dark){{.ag-profile{{{_DARK}}}}}
[data-jp-theme-light="true"] .ag-profile,body.vscode-light .ag-profile{{{_LIGHT}}}
[data-jp-theme-light="false"] .ag-profile,body.vscode-dark .ag-profile{{{_DARK}}}
@media print{{.ag-profile{{{_LIGHT}}}}}
"""
_STYLE = f"""{_COLOURS}{_DRAWN}
.ag-profile{{color:var(--ink);background:var(--back);font:14px/1.5 system-ui,sans-serif;max-width:66rem;
 padding:.2rem 0}}
.ag-profile h2{{font-size:1rem;margin:1.4rem 0 .3rem}}
.ag-profile .head{{font-weight:600;font-size:1.05rem;margin:.3rem 0}}
.ag-profile p{{margin:.3rem 0}}.ag-profile .quiet{{color:var(--quiet);font-size:13px}}
.ag-profile figure{{margin:.4rem 0}}.ag-profile svg{{display:block;width:100%;height:auto}}
.ag-profile rect:hover{{stroke:var(--ink)}}
.ag-profile .wide{{overflow-x:auto}}
.ag-profile.ag-profile table{{border-collapse:collapse;font-size:13px;background:none;color:inherit;margin:.3rem 0}}
.ag-profile.ag-profile tr,.ag-profile.ag-profile tbody tr:nth-child(odd){{background:none}}
.ag-profile.ag-profile th,.ag-profile.ag-profile td{{padding:.12rem 1rem .12rem 0;border:0;text-align:right;
 font-weight:400;white-space:pre;font-variant-numeric:tabular-nums}}
.ag-profile.ag-profile thead th{{color:var(--quiet);border-bottom:1px solid var(--line)}}
.ag-profile.ag-profile .words{{text-align:left}}
.ag-profile details summary{{cursor:pointer;color:var(--quiet)}}
@media print{{.ag-profile figure,.ag-profile tr{{break-inside:avoid}}}}
"""


def page(findings: Findings) -> str:
    """The whole report as a page."""
    back = _LIGHT.partition("--back:")[2].partition(";")[0], _DARK.partition("--back:")[2].partition(";")[0]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{escape(headline(findings))}</title>\n'
        f"<style>body{{margin:1.5rem;background:{back[0]}}}"
        f"@media screen and (prefers-color-scheme:dark){{body{{background:{back[1]}}}}}</style></head>\n"
        f"<body>{fragment(findings)}</body></html>\n"
    )


def fragment(findings: Findings) -> str:
    """The report for a place in another page, with its own style, without scripts."""
    parts = [
        f'<div class="ag-profile"><style>{_STYLE}</style>',
        f'<p class="head">{escape(headline(findings))}</p>',
        f'<p class="quiet">{escape(cost(findings))}</p>',
        "<h2>Time by pass, module and operation</h2>",
        f"<figure>{_svg(*icicle.draw(findings), 'Time', _time_in_words(findings))}</figure>",
        '<p class="quiet">Each box is as wide as it took long; below it is what it consists of. '
        "Point at a box for its numbers, which the tables have too.</p>",
        _parts(findings),
    ]
    if findings.memory is not None and findings.memory.holders:
        parts += ["<h2>Memory over time, and what held it</h2>"]
        drawn, height = timeline.draw(findings)
        if drawn:
            parts.append(f"<figure>{_svg(drawn, height, 'Memory', _memory_in_words(findings))}</figure>")
        parts += [_holders(findings), f'<p class="quiet">{escape(in_words(findings.memory))}</p>']
    parts += ["<h2>Operations</h2>", _operations(findings)]
    if len(findings.modules) > 1:
        parts += ["<h2>Modules</h2>", _modules(findings)]
    return "\n".join([*parts, "</div>"])


def picture(findings: Findings) -> str:
    """Both pictures, one below the other, as one SVG."""
    lines, height = icicle.draw(findings)
    below, more = timeline.draw(findings)
    if below:
        lines = [*lines, f'<g transform="translate(0 {height + 24})">', *below, "</g>"]
        height += 24 + more
    words = f"{_time_in_words(findings)} {_memory_in_words(findings)}".strip()
    return _svg(lines, height, "Time and memory", words, f"<style>{_COLOURS}{_DRAWN}</style>")


def _svg(lines: Iterable[str], height: int, title: str, words: str, style: str = "") -> str:
    back = '<rect class="back" x="-12" y="-8" width="1024" height="100%" fill="var(--back)"/>' if style else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-profile" viewBox="-12 -8 1024 {height + 16}" role="img" '
        f'aria-label="{escape(f"{title}. {words}")}">{style}{back}\n' + "\n".join(lines) + "\n</svg>"
    )


def _time_in_words(findings: Findings) -> str:
    shares = ", ".join(f"{name} {percent(t, findings.wall)}" for name, t in findings.parts.items() if t > 0)
    return f"{seconds(findings.wall)} in all: {shares}."


def _memory_in_words(findings: Findings) -> str:
    memory = findings.memory
    if memory is None or not memory.holders:
        return ""
    most = "; ".join(f"{bytes_(h.nbytes)} {' '.join(holder_name(h))}".strip() for h in memory.holders[:3])
    return f"The peak is {bytes_(memory.peak)} at {seconds(memory.peak_seconds)}, most of it: {most}."


# --- tables -----------------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int]) -> str:
    """A table; the columns in `words` have text rather than numbers."""

    def cells(row: Sequence[str], tag: str, scope: str = "") -> str:
        return "".join(
            f"<{tag}{scope}{' class=words' if i in words else ''}>{escape(cell)}</{tag}>" for i, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>\n" for row in rows)
    top = f"<thead><tr>{cells(head, 'th', ' scope=col')}</tr></thead>\n" if any(head) else ""
    return f'<div class="wide"><table>{top}<tbody>{body}</tbody></table></div>'


def _parts(findings: Findings) -> str:
    rows = [[name, seconds(t), percent(t, findings.wall), PARTS[name]] for name, t in findings.parts.items()]
    return _table(["part", "time", "share", "what it is"], rows, (0, 3))


def _operations(findings: Findings) -> str:
    rows = []
    for o in findings.operations:
        times = [seconds(o.seconds), seconds(o.mean), percent(o.seconds, findings.wall)]
        rows.append([o.name, o.phase, f"{o.calls:,}", *times, bytes_(o.nbytes) if o.nbytes else "·"])
    return _folded(["operation", "pass", "calls", "total", "mean", "share", "allocated"], rows, (0, 1))


def _modules(findings: Findings) -> str:
    rows = []
    for m in findings.modules:
        times = [seconds(t) if t else "·" for t in (m.forward, m.forward_own, m.python, m.backward, m.backward_own)]
        share = percent(m.forward + m.backward, findings.wall)
        rows.append([module_name(m), f"{m.calls or '·'}", *times, share, bytes_(m.nbytes) if m.nbytes else "·"])
    head = ["module", "calls", "forward", "own", "Python", "backward", "own", "share", "allocated"]
    return _folded(head, rows, (0,))


def _holders(findings: Findings) -> str:
    memory = findings.memory
    if memory is None or not memory.peak:
        return ""
    rows = [[bytes_(h.nbytes), percent(h.nbytes, memory.peak), f"{h.count:,}", *holder_name(h)] for h in memory.holders]
    title = f"<p>What held {bytes_(memory.peak)} at the peak:</p>"
    return title + _folded(["bytes", "share", "arrays", "for what", "whose"], rows, (3, 4))


_SHOWN = 25


def _folded(head: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[int]) -> str:
    """A table of which the first rows are shown at once."""
    if len(rows) <= _SHOWN + 5:
        return _table(head, rows, words)
    rest = _table(head, rows[_SHOWN:], words)
    more = f"<details><summary>and {len(rows) - _SHOWN} more</summary>{rest}</details>"
    return _table(head, rows[:_SHOWN], words) + more
