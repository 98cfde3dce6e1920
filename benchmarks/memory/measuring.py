"""A row and a library, measured in a fresh process that counts; and what is written of several of them.

Entries are plain data, as a report keeps them: ``{"row", "library", "peak", "kept", "state"}`` in bytes, or with
``"missing"`` in place of the numbers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmarks.contestant import ROOT, WorkerError
from benchmarks.libraries import LIBRARIES
from benchmarks.memory.counter import environment
from benchmarks.memory.rows import ROWS

CONTESTANTS = ("ours", "captured", "torch")
PATIENCE = 300  # seconds for one process
MEBI = 2**20
GOALS = {"ours": 1.0, "captured": 0.7}  # of PyTorch's peak


def measured(
    rows: Iterable[str] = ROWS, libraries: Sequence[str] = CONTESTANTS, patience: float = PATIENCE
) -> Iterator[dict[str, Any]]:
    """Entries for rows and libraries, one after the other."""
    for row in rows:
        for library in libraries:
            yield {"row": row, "library": library, **asked(library, row, patience=patience)}


def asked(library: str, row: str, *options: str, patience: float = PATIENCE) -> dict[str, Any]:
    """What a fresh process answers.

    Errors: CannotRunError where bytes cannot be counted, WorkerError where the process fails.
    """
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    settings = {**os.environ, **LIBRARIES[library].environment, "PYTHONPATH": path, **environment()}
    command = [sys.executable, "-m", "benchmarks.memory.worker", library, row, *options]
    with tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as cache:
        settings |= dict.fromkeys(LIBRARIES[library].cache, cache)
        try:
            done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=patience, check=False)
        except subprocess.TimeoutExpired:
            return {"missing": f"no answer within {patience:.0f} s"}
    if done.returncode or not done.stdout:
        raise WorkerError(f"{library}, {row}: the process ended with status {done.returncode}\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def table(entries: Iterable[dict[str, Any]]) -> str:
    """Markdown: the peaks in MiB, and ours as fractions of PyTorch's, against their goals."""
    peaks: dict[str, dict[str, int]] = {}
    state: dict[str, int] = {}
    for entry in entries:
        found = peaks.setdefault(entry["row"], {})
        if "peak" in entry:
            found[entry["library"]], state[entry["row"]] = entry["peak"], entry["state"]
    names = [name for name in CONTESTANTS if any(name in found for found in peaks.values())]
    lines = [
        _line(["row", *(LIBRARIES[name].title for name in names), "parameters, optimizer, data"]),
        _line(["---", *("--:" for _ in names), "--:"]),
    ]
    for row, found in peaks.items():
        cells = [_cell(found, name) for name in names]
        lines.append(_line([row, *cells, _mebi(state[row]) if row in state else ""]))
    return "\n".join(lines)


def _cell(found: dict[str, int], name: str) -> str:
    if name not in found:
        return "-"
    text = _mebi(found[name])
    if name in GOALS and "torch" in found:
        ratio = found[name] / found["torch"]
        text += f" ({ratio:.2f}{'' if ratio <= GOALS[name] else ', goal missed'})"
    return text


def dominating(row: str, most: int = 4) -> str:
    """In words: what an eager step of ours holds at its peak."""
    answer = asked("ours", row, "--labels")
    if "missing" in answer:
        return f"{row}: {answer['missing']}"
    sums = {name: nbytes for name, nbytes in answer["by_operation"].items() if nbytes > 0}
    total = sum(sums.values())
    largest = [f"{name} {_mebi(nbytes)} ({nbytes / total:.0%})" for name, nbytes in list(sums.items())[:most]]
    return f"{row}: at its peak, during `{answer['during']}`, a step holds {', '.join(largest)}"


def _mebi(nbytes: float) -> str:
    return f"{nbytes / MEBI:,.2f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
