"""The report as Markdown. Pictures lie beside it as SVG files."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.report.findings import Findings
from benchmarks.report.sections import Picture, headline, sections
from benchmarks.report.tables import Table

COMMAND = "make bench"


def markdown(findings: Findings, pictures: str) -> str:
    """The whole report; `pictures` is the folder of the pictures, seen from the file."""
    blocks = ["# Benchmarks", f"Written by `{COMMAND}`.", headline(findings)]
    for section in sections(findings):
        blocks.append(f"## {section.title}")
        inside = [_part(part, pictures) for part in section.parts]
        if section.folded:
            inside = ["<details><summary>Show</summary>", *inside, "</details>"]
        blocks += inside
    return "\n\n".join(block for block in blocks if block) + "\n"


def drawings(findings: Findings) -> Mapping[str, str]:
    """The pictures by the names of their files."""
    found = [part for section in sections(findings) for part in section.parts if isinstance(part, Picture)]
    return {f"{picture.name}.svg": picture.svg for picture in found if picture.svg}


def _part(part: str | Table | Picture, pictures: str) -> str:
    if isinstance(part, Picture):
        return f"![{part.name}]({pictures}/{part.name}.svg)" if part.svg else ""
    return part if isinstance(part, str) else _table(part)


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    marks = ["---"] * table.words + ["--:"] * (len(table.header) - table.words)
    rows = [table.header, marks, *table.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
