"""The results in words: a line per row while the run goes on, then Markdown and JSON."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.libraries import LIBRARIES
from benchmarks.measure import Spread, ratio, spread
from benchmarks.race import Failure, Result
from benchmarks.rows import ROWS

MICROSECONDS = 1e6


@dataclass
class Report:
    """Everything a run has found out."""

    machine: dict[str, str]
    libraries: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def preamble(self) -> str:
        """Machine, versions, threads and kernels, as a Markdown list."""
        lines = [f"- {name}: {value}" for name, value in self.machine.items()]
        for name, facts in self.libraries.items():
            lines.append(f"- {LIBRARIES[name].title}: " + ", ".join(f"{key} {value}" for key, value in facts.items()))
        lines += [f"- {LIBRARIES[name].title}: not installed" for name in self.missing]
        return "\n".join(lines)

    def line(self, row: str) -> str:
        """One row's medians, and our ratios to them."""
        result = self.results[row]
        cells = []
        for name, rounds in result.rounds.items():
            cell = f"{LIBRARIES[name].title} {_us(spread(rounds))}"
            ours = result.rounds.get("ours")
            cells.append(cell if ours is None or name == "ours" else f"{cell} ({ratio(ours, rounds).median:.2f})")
        return f"{row:12} " + " | ".join(cells) if cells else f"{row:12} nothing was timed"

    def table(self) -> str:
        """The Markdown table: medians in microseconds, and our ratio to each library with its quartiles."""
        names = list(self.libraries)
        header = ["row", *(LIBRARIES[name].title for name in names), "goal of this stage", "met", "final goal", "work"]
        lines = [_line(header), _line(["---"] + ["--:"] * len(names) + ["---"] * 4)]
        for row, result in self.results.items():
            cells = [_cell(result, name) for name in names]
            lines.append(_line([row, *cells, _goal(row), self._met(row), ROWS[row].final, ROWS[row].work]))
        return "\n".join(lines)

    def markdown(self) -> str:
        """The whole report."""
        parts = [
            "# Benchmarks",
            self.preamble(),
            "Medians in microseconds for one step. Behind each rival: our time over its time, the median over rounds "
            "and the quartiles. Absolute figures differ from machine to machine; the ratios are what is compared.",
            self.table(),
        ]
        if self.failures:
            parts.append("## Failures")
            parts += [f"{LIBRARIES[f.library].title}, {f.row}:\n\n```\n{f.message.strip()}\n```" for f in self.failures]
        return "\n\n".join(parts) + "\n"

    def json(self) -> str:
        """The same with every round, for programs."""
        return json.dumps(
            {
                "machine": self.machine,
                "libraries": self.libraries,
                "missing": self.missing,
                "rows": {row: self._numbers(row) for row in self.results},
                "failures": [dataclasses.asdict(failure) for failure in self.failures],
            },
            indent=2,
        )

    def write(self, folder: Path) -> None:
        """Write `latest.md` and `latest.json`, each whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("latest.md", self.markdown()), ("latest.json", self.json() + "\n")):
            unfinished = folder / f".{name}.{os.getpid()}"
            unfinished.write_text(text)
            unfinished.replace(folder / name)

    def _met(self, row: str) -> str:
        measured = _measured(row, self.results[row])
        return "-" if measured is None else "yes" if measured <= ROWS[row].limit else "no"

    def _numbers(self, row: str) -> dict[str, Any]:
        result = self.results[row]
        ours = result.rounds.get("ours")
        libraries: dict[str, Any] = {}
        for name, rounds in result.rounds.items():
            libraries[name] = {"seconds": dataclasses.asdict(spread(rounds)), "rounds": rounds}
            if name in result.differences:
                libraries[name]["difference"] = result.differences[name]
            if ours is not None and name != "ours":
                libraries[name]["ratio"] = dataclasses.asdict(ratio(ours, rounds))
        goal = {"limit": ROWS[row].limit, "measured": _measured(row, result), "met": self._met(row)}
        return {"work": ROWS[row].work, "goal": goal, "final": ROWS[row].final, "libraries": libraries}


def _measured(row: str, result: Result) -> float | None:
    """The number that the row's goal speaks of: microseconds, or the ratio to PyTorch."""
    ours, torch = result.rounds.get("ours"), result.rounds.get("torch")
    if ours is None:
        return None
    if ROWS[row].absolute:
        return spread(ours).median * MICROSECONDS
    return None if torch is None else ratio(ours, torch).median


def _goal(row: str) -> str:
    return f"<= {ROWS[row].limit:,.0f} us" if ROWS[row].absolute else f"<= {ROWS[row].limit} of PyTorch"


def _cell(result: Result, name: str) -> str:
    rounds, ours = result.rounds.get(name), result.rounds.get("ours")
    if rounds is None:
        return "-"
    if ours is None or name == "ours":
        return _us(spread(rounds))
    times = ratio(ours, rounds)
    return f"{_us(spread(rounds))} ({times.median:.2f}, {times.low:.2f}-{times.high:.2f})"


def _us(seconds: Spread) -> str:
    value = seconds.median * MICROSECONDS
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
