"""The report on the disk, each file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.report.findings import Findings
from benchmarks.report.markdown import drawings, markdown
from benchmarks.report.page import page


def write(findings: Findings, folder: Path) -> Path:
    """Write `index.html`, `benchmarks.md` with its pictures, and `findings.json`; returns the page."""
    _whole(folder / "findings.json", findings.json() + "\n")
    _with_pictures(findings, folder / "benchmarks.md", folder / "pictures")
    _whole(folder / "index.html", page(findings))
    return folder / "index.html"


def publish(findings: Findings, file: Path) -> None:
    """Write the Markdown report to a page of the documentation, its pictures into `pictures/benchmarks` beside it."""
    _with_pictures(findings, file, file.parent / "pictures" / "benchmarks")


def _with_pictures(findings: Findings, file: Path, pictures: Path) -> None:
    for name, svg in drawings(findings).items():
        _whole(pictures / name, svg + "\n")
    _whole(file, markdown(findings, pictures.relative_to(file.parent).as_posix()))


def _whole(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(file)
