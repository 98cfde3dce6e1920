"""Pictures of graphs beside torchviz and torchview, in one run: writes docs/drawing.md.

`python -m benchmarks.drawing [--folder runs/drawing]`; the pictures of all three are left in the folder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.drawing.ours import DRAWN, ROOT
from benchmarks.machine import machine, version

LIMIT = 60  # seconds for one drawing: nobody waits longer
SIZES = (100, 1_000, 10_000, 100_000)
LIBRARIES = ("autograd-core", "torchviz", "torchview")
FOR_SCALE = ("autograd-core", "autograd-core, unfolded", "torchviz")

SHOWN = Path(__file__).with_name("shown.md")  # what can be seen, by hand, from looking at the pictures of a run


def measured(library: str, what: str, folder: Path) -> dict[str, float] | str:
    """The figures of one cell, or in a word why there are none."""
    command = [sys.executable, "-m", "benchmarks.drawing.cell", library, what, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, cwd=ROOT)
    except subprocess.TimeoutExpired as late:
        lines = _json_lines((late.stdout or b"").decode())
        return lines[-1] | {"layout": float("inf")} if lines else f"over {LIMIT} s"
    lines = _json_lines(done.stdout)
    if done.returncode == 0:
        return lines[-1]
    error = (done.stderr.strip().splitlines() or [f"killed ({-done.returncode})"])[-1].partition(":")[0]
    return lines[-1] | {"layout": float("nan")} if lines else error


def _json_lines(text: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def seconds(value: float | None) -> str:
    if value is None:
        return ""
    if value == float("inf"):
        return f"over {LIMIT} s"
    if value != value:
        return "not tried"  # by ours: beyond its limit it says so at once
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def size(value: float | None) -> str:
    return "" if value is None else f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e3:.0f} kB"


def row(what: str, library: str, cell: dict[str, float] | str) -> str:
    if isinstance(cell, str):
        return f"| {what} | {library} | {cell} | | | | | |"
    cells = [f"{cell['nodes']:,.0f}", seconds(cell["draw"]), size(cell["dot_bytes"]), seconds(cell["layout"])]
    cells += [size(cell.get("svg_bytes")), " ".join(filter(None, (size(cell.get("page_bytes")),)))]
    return f"| {what} | {library} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "drawing")
    folder = parser.parse_args().folder
    head = "| | | boxes | drawn in | DOT | laid out in | SVG | page |\n|---|---|--:|--:|--:|--:|--:|--:|"
    tables: dict[str, list[str]] = {"scale": [head], "pictures": [head]}
    jobs: list[tuple[str, str, str]] = [
        *(("scale", f"{n}", library) for n in SIZES for library in FOR_SCALE),
        *(("pictures", name, library) for name in DRAWN for library in LIBRARIES),
    ]
    for table, what, library in jobs:
        cell: Any = measured(library, what, folder)
        tables[table].append(row(f"{int(what):,} operations" if table == "scale" else what, library, cell))
        print(tables[table][-1], flush=True)
    facts = machine()
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchviz", "torchview", "pygraphviz"))
    page = f"""# Pictures of graphs, beside torchviz and torchview

Made by `make drawing` on {facts["processor"]} ({facts["cores"]} cores), Python {facts["python"]}, {versions}.
Every cell ran in a process of its own, for {LIMIT} seconds at most. The layout of all three is that of pygraphviz'
Graphviz. torchviz was asked for attributes and saved tensors, torchview for nested modules and rolled repetitions.

## Large graphs

A chain of multiplications, additions and tanh. Ours folds what repeats, and says so on the picture; unfolded is with
`fold=False` and a `limit` for all of it. Above 3,000 boxes no layout is tried; above 5,000 the page folds them anyway.

{chr(10).join(tables["scale"])}

## Seven programs

Those of [make_pictures.py](make_pictures.py), written alike in PyTorch. torchview draws one forward pass of a Module,
so three programs are none for it.

{chr(10).join(tables["pictures"])}

## What can be seen

By looking at the pictures, and at netron with the same models exported to ONNX.

{SHOWN.read_text()}"""
    (ROOT / "docs" / "drawing.md").write_text(page)


if __name__ == "__main__":
    main()
