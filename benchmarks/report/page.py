"""The report as one HTML page that needs nothing beside it."""

from __future__ import annotations

import re
from html import escape

from benchmarks.report.findings import Findings
from benchmarks.report.sections import Picture, Section, headline, sections
from benchmarks.report.tables import Table

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #f4f5f7; margin: 0; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 60px; }
h1 { font-size: 28px; margin: 8px 0 4px; }
h2 { font-size: 20px; margin: 0 0 8px; }
section, header { background: white; border: 1px solid #e2e5ea; border-radius: 8px; }
section, header { padding: 18px 22px; margin: 14px 0; }
.scroll { overflow-x: auto; }
nav a { margin-right: 14px; color: #1f5fa8; text-decoration: none; }
p { max-width: 78ch; margin: 8px 0; }
table { border-collapse: collapse; font-size: 13px; margin: 10px 0; }
th { text-align: left; border-bottom: 2px solid #c9ced6; padding: 4px 10px; vertical-align: bottom; }
td { border-bottom: 1px solid #eceef2; padding: 3px 10px; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
td.yes { color: #146c43; font-weight: 600; } td.no { color: #a3122b; font-weight: 600; }
td.good { background: #eaf6ef; } td.bad { background: #fdeeee; }
.facts { color: #556; }
svg { max-width: 100%; height: auto; }
.pictures { display: flex; flex-wrap: wrap; gap: 8px; }
"""


def page(findings: Findings) -> str:
    """The whole page."""
    parts = list(sections(findings))
    links = "".join(f'<a href="#{_anchor(section.title)}">{escape(section.title)}</a>' for section in parts)
    facts = ", ".join(findings.machine[key] for key in ("processor", "system") if key in findings.machine)
    cores = findings.machine.get("cores", "?")
    head = (
        f"<header><h1>autograd-core, side by side</h1><p>{escape(headline(findings))}</p>"
        f'<p class="facts">{escape(facts)}, {escape(cores)} cores. '
        "One run, reproducible with <code>make bench</code>.</p>"
        f"<nav>{links}</nav></header>"
    )
    body = "".join(_section(section) for section in parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>autograd-core: benchmarks</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main>{head}{body}</main></body></html>\n"
    )


def _section(section: Section) -> str:
    inside, pictures = [], []
    for part in [*section.parts, ""]:
        if isinstance(part, Picture):
            pictures.append(part.svg)
            continue
        if pictures:
            inside.append(f'<div class="pictures">{"".join(pictures)}</div>')
            pictures = []
        if part:
            inside.append(_table(part) if isinstance(part, Table) else f"<p>{_code(part)}</p>")
    text = "".join(inside)
    if section.folded:
        text = f"<details><summary>Show</summary>{text}</details>"
    return f'<section id="{_anchor(section.title)}"><h2>{escape(section.title)}</h2>{text}</section>'


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    head = "".join(f"<th{_number(index, table)}>{escape(cell)}</th>" for index, cell in enumerate(table.header))
    head = f"<thead><tr>{head}</tr></thead>" if any(table.header) else ""
    rows = "".join(
        "<tr>" + "".join(_cell(cell, index, table) for index, cell in enumerate(row)) + "</tr>" for row in table.rows
    )
    return f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'


def _cell(cell: str, index: int, table: Table) -> str:
    classes = ["n"] if index >= table.words else []
    if table.header[index] == "met":
        classes.append("yes" if cell.startswith("yes") else "no" if cell.startswith("no,") else "")
    if found := re.search(r"\((?:[\d,.]+|-) / ([\d,.]+)\)$|\(([\d,.]+) / -\)$", cell):
        # shaded by the better of ours: captured where it ran
        ratio = float((found[1] or found[2]).replace(",", ""))
        classes.append("good" if ratio < 1 else "bad")
    return f'<td class="{" ".join(filter(None, classes))}">{_code(cell)}</td>'


def _number(index: int, table: Table) -> str:
    return ' class="n"' if index >= table.words else ""


def _code(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z]+", "-", title.lower())
