"""The HTML around a report: its look on light and dark paper and in print, its sections, and the list of them.

Knows nothing of networks.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .. import plots

__all__ = ["Section", "columns", "drawn", "page", "png"]

_LIGHT = """--paper: #fbfaf7; --card: #ffffff; --ink: #1c1e21; --soft: #5b626a; --rule: #dcdad3; --accent: #1f5fae;
  --good: #1a7a42; --bad: #b3261e; --bar: 31 95 174;
  --series-1: #1f5fae; --series-2: #c2570c; --series-3: #1a7a42; --series-4: #7b3fa0;
  --series-5: #b3266b; --series-6: #0b7a86; --series-7: #7a5c00; --series-8: #5b626a;"""
_DARK = """--paper: #16181b; --card: #1e2125; --ink: #e7e6e1; --soft: #a3a9b1; --rule: #383d43; --accent: #7db4f5;
  --good: #6cc990; --bad: #ff8f84; --bar: 110 170 245;
  --series-1: #7db4f5; --series-2: #f5a15c; --series-3: #6cc990; --series-4: #c99bea;
  --series-5: #f58bb8; --series-6: #5fc9d6; --series-7: #d9bf5a; --series-8: #a3a9b1;"""
_CSS = (
    f"""
:root {{ color-scheme: light dark; {_LIGHT} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
@media print {{ :root {{ color-scheme: light; --paper: #ffffff; }} }}
"""
    + """
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 3rem 0 .3rem; scroll-margin-top: 1rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .3rem 0 .9rem; max-width: 46rem; }
a { color: var(--accent); }
.soft, figcaption, .card small { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 1.4rem 0 0; font-size: .875rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; margin: 1.6rem 0 0; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 1rem 1.2rem; }
.card strong { display: block; font-size: 2.3rem; line-height: 1.15; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.card small { display: block; font-size: .875rem; }
.card .verdict { font-size: 1.3rem; line-height: 1.4; padding: .45rem 0 .4rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
figure { margin: .8rem 0 0; }
figure > svg { width: 100%; height: auto; display: block; overflow: visible; }
figcaption { font-size: .875rem; margin-top: .3rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1.2rem 2.5rem; }
.columns > * { min-width: 0; }
.beside { display: flex; flex-wrap: wrap; gap: 1.2rem 2rem; align-items: flex-start; }
.beside > figure:last-child { flex: 1 1 24rem; min-width: 0; }
.scroll { overflow-x: auto; }
img.px { image-rendering: pixelated; display: block; border-radius: 3px; background: #fff; }
.digit img { width: 9rem; height: 9rem; border: 1px solid var(--rule); }
.tiles { display: flex; flex-wrap: wrap; gap: .55rem; padding: 0; margin: .6rem 0 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .5rem;
  font-size: .8125rem; line-height: 1.35; width: 6.6rem; }
.tiles img { width: 100%; aspect-ratio: 1; margin-bottom: .35rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.settings td, .settings th { text-align: left; vertical-align: top; padding: .25rem 1.4rem .25rem 0; font-size: .875rem;
  border-bottom: 1px solid var(--rule); font-weight: 400; }
.settings thead th { color: var(--soft); }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto;
  font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; margin: .6rem 0; }
.graphs figure { margin: .8rem 0; padding: .6rem; border: 1px solid var(--rule); border-radius: 10px;
  overflow: auto; max-height: 44rem; background: #fff; }
.graphs.on-dark figure { background: #0d1117; }
.graphs figure > svg { width: auto; max-width: none !important; }
.graphs.on-dark { display: none; }
@media screen and (prefers-color-scheme: dark) {
  .graphs.on-dark { display: block; } .graphs.on-light { display: none; } }
main .ag-profile .back { fill: none; }
main .ag-summary caption { display: none; }
main .ag-summary p { margin-top: .2rem; }
main .ag-summary { --ink: inherit; --soft: inherit; --rule: inherit; --accent: inherit; --bad: inherit;
  --bar: inherit; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--soft); }
@media (max-width: 34rem) { main { padding-top: 1.5rem; } }
@media print { main { max-width: none; padding: 0; } nav { display: none; } h2, h3 { break-after: avoid; }
  figure, .card, .tiles li { break-inside: avoid; }
  .graphs figure { overflow: visible; max-height: none; }
  .graphs figure > svg { max-width: 100% !important; } pre { white-space: pre-wrap; font-size: .6875rem; }
  body { font-size: 14px; } a { color: inherit; } }
"""
)


@dataclass(frozen=True)
class Section:
    """A heading, a few words on how to read what is below, and that, as HTML."""

    anchor: str
    title: str
    words: str
    body: str

    def __str__(self) -> str:
        return (
            f'<section>\n<h2 id="{self.anchor}">{self.title}</h2>\n<p class="soft">{self.words}</p>\n'
            f"{self.body}\n</section>"
        )


def page(title: str, summary: str, cards: str, sections: Iterable[Section]) -> str:
    """The whole file. The arguments are HTML."""
    sections = list(sections)
    links = "".join(f'<a href="#{section.anchor}">{section.title}</a>' for section in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{title}</h1>\n<p class='soft'>{summary}</p></header>\n{cards}\n<nav>{links}</nav>\n"
        + "\n".join(map(str, sections))
        + "\n</main>\n</body>\n</html>\n"
    )


def columns(*blocks: str) -> str:
    """Blocks beside each other where there is room, else below each other."""
    return f'<div class="columns">{"".join(f"<div>{block}</div>" for block in blocks)}</div>'


def drawn(figure: Any, title: str, caption: str = "") -> str:
    """A figure of Matplotlib; the title is for screen readers."""
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{plots.as_svg(figure, title)}{below}</figure>"


def png(content: bytes) -> str:
    """A PNG as an address."""
    return "data:image/png;base64," + base64.b64encode(content).decode()
