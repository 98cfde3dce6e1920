"""The summary of a model as HTML: a table for a notebook, and a page of its own. Nothing is fetched, no script runs.

Knows a finished summary. Does not know models.
"""

import re
from collections.abc import Iterator
from html import escape

from .summary_table import HEADS, Summary, branches, cells, shown_bytes, shown_shape

__all__ = ["fragment", "page"]

_LIGHT = "--ink: #1c1e21; --soft: #5b626a; --rule: #dcdad3; --accent: #1f5fae; --bar: 31 95 174; --bad: #b3261e;"
_DARK = "--ink: #e7e6e1; --soft: #a3a9b1; --rule: #383d43; --accent: #7db4f5; --bar: 110 170 245; --bad: #ff8f84;"

# all rules stand under one class, so that they leave a notebook alone; Jupyter and VS Code tell their theme on the body
_CSS = (
    f"""
.ag-summary {{ {_LIGHT} }}
@media screen and (prefers-color-scheme: dark) {{ .ag-summary {{ {_DARK} }} }}
[data-jp-theme-light="true"] .ag-summary, .vscode-light .ag-summary {{ {_LIGHT} }}
[data-jp-theme-light="false"] .ag-summary, .vscode-dark .ag-summary {{ {_DARK} }}
"""
    + """
.ag-summary { color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.ag-summary .scroll { overflow-x: auto; }
.ag-summary table { border-collapse: collapse; font-variant-numeric: tabular-nums; border: 0; margin: 0; }
.ag-summary caption { text-align: left; font-weight: 650; font-size: 1.1em; padding: 0 0 .4rem; color: var(--ink); }
.ag-summary th, .ag-summary td { padding: 0 0 0 1.4rem; text-align: right; white-space: nowrap; border: 0;
  background-color: transparent; color: var(--ink); font-weight: 400; line-height: 1.75; }
.ag-summary th:first-child, .ag-summary td:first-child { padding-left: 0; }
.ag-summary.ag-summary .text { text-align: left; } /* twice, to outdo what notebooks say of cells */
.ag-summary thead th { color: var(--soft); border-bottom: 1px solid var(--rule); vertical-align: bottom; }
.ag-summary tfoot td { border-top: 1px solid var(--rule); font-weight: 650; }
.ag-summary tbody th { font-weight: 400; }
.ag-summary .tree { color: var(--soft); font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  white-space: pre; }
.ag-summary b { font-weight: 650; } .ag-summary .soft { color: var(--soft); }
.ag-summary .mark { color: var(--accent); border: 1px solid currentColor; border-radius: 4px; padding: 0 .3em;
  font-size: .8em; margin-left: .4em; }
.ag-summary .mark.bad { color: var(--bad); }
.ag-summary td.text { white-space: normal; min-width: 6rem; max-width: 16rem; vertical-align: top; }
.ag-summary th[scope="row"], .ag-summary .number { vertical-align: top; }
.ag-summary .number { padding-right: .35rem; background-origin: content-box; background-clip: content-box; }
.ag-summary .share { background-image: linear-gradient(to left, rgb(var(--bar) / .18) var(--part), transparent 0);
  background-size: 100% 1.75em; background-repeat: no-repeat; }
.ag-summary p { margin: .5rem 0 0; max-width: 52rem; color: var(--soft); }
"""
)


def fragment(summary: Summary) -> str:
    """The table with its styles, for a notebook; the plain text if that should fail."""
    try:
        return f'<div class="ag-summary"><style>{_CSS}</style>\n{_body(summary)}\n</div>'
    except Exception:  # a notebook cell must show something, whatever a layer calls itself
        return f"<pre>{escape(str(summary))}</pre>"


def page(summary: Summary) -> str:
    """A whole document, in the reader's light or dark."""
    title = f"{escape(summary.model)}: summary"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n:root {{ color-scheme: light dark; }}\n"
        "body { margin: 2rem; background: #fbfaf7; }\n"
        "@media screen and (prefers-color-scheme: dark) { body { background: #16181b; } }\n</style>\n</head>\n<body>\n"
        f"{fragment(summary)}\n</body>\n</html>\n"
    )


def _body(summary: Summary) -> str:
    head = "".join(f'<th scope="col"{_kind(i)}>{name}</th>' for i, name in enumerate(HEADS))
    ends = (f"{summary.parameters:,}", f"{summary.multiply_adds:,}", shown_bytes(summary.kept))
    foot = (
        f'<td class="text">In all</td><td class="text">{escape(shown_shape(summary.input_shape))}</td>'
        f'<td class="text">{escape(shown_shape(summary.output_shape))}</td>'
        + "".join(f'<td class="number">{end}</td>' for end in ends)
    )
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in (*summary.totals(), *summary.notes))
    return (
        f'<div class="scroll"><table><caption>{escape(summary.model)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{''.join(_rows(summary))}</tbody>\n<tfoot><tr>{foot}</tr></tfoot></table></div>\n{sentences}"
    )


def _rows(summary: Summary) -> Iterator[str]:
    most = [max((getattr(layer, name) for layer in summary.layers), default=0) for name in _SHARES]
    for layer, stem in zip(summary.layers, branches(summary.layers), strict=True):
        name = f"<b>{escape(layer.name)}</b> " if layer.name else ""
        marks = "".join(
            f'<span class="mark{" bad" if mark == "failed here" else ""}">{escape(mark)}</span>' for mark in layer.marks
        )
        _, inputs, outputs, *numbers = cells(layer)
        columns = "".join(f'<td class="text">{escape(_unbroken(shape))}</td>' for shape in (inputs, outputs))
        for column, number, largest in zip(_SHARES, numbers, most, strict=True):
            part = 100 * getattr(layer, column) / largest if largest else 0
            columns += f'<td class="number share" style="--part: {part:.1f}%">{number}</td>'
        tree = f'<span class="tree">{stem}</span>' if stem else ""
        yield f'<tr><th scope="row" class="text">{tree}{name}{escape(layer.type)}{marks}</th>{columns}</tr>\n'


def _unbroken(shapes: str) -> str:
    """Text in which a line may end between shapes and not within one."""
    parts = re.split(r"(\([^()]*\))", shapes)
    return "".join(part.replace(" ", "\N{NO-BREAK SPACE}") if i % 2 else part for i, part in enumerate(parts))


_SHARES = ("parameters", "multiply_adds", "kept")


def _kind(column: int) -> str:
    return ' class="text"' if column < 3 else ' class="number"'
