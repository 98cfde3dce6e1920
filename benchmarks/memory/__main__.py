"""The command line.

``python -m benchmarks.memory [--rows a,b] [--libraries ours,torch] [--output FILE]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.contestant import WorkerError
from benchmarks.libraries import LIBRARIES, CannotRunError
from benchmarks.machine import machine
from benchmarks.memory.measuring import CONTESTANTS, asked, dominating, table
from benchmarks.memory.rows import ROWS

OUTPUT = Path(__file__).resolve().parents[2] / "runs" / "bench" / "memory.md"

SAID = """# Peak memory of a training step

MiB held at the peak of a step beyond parameters, optimizer state and data; in brackets as a fraction of PyTorch's. All
libraries were counted by the same allocator, each row in a fresh process. "mlp_deep" is 24 layers of 256 units at batch
512; with checkpoints, every 6 layers keep only their inputs and are computed again in the sweep.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page; the exit status is 1 where a process fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=main.__doc__)
    parser.add_argument("--rows", type=_names, default=ROWS, help=f"some of {', '.join(ROWS)}, with ; between")
    parser.add_argument("--libraries", type=lambda text: text.split(","), default=CONTESTANTS)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the page (runs/bench/memory.md)")
    options = parser.parse_args(arguments)
    entries: list[dict[str, Any]] = []
    said: list[str] = []
    failed = 0
    for row in options.rows:
        for library in options.libraries:
            try:
                answer = asked(library, row)
            except CannotRunError as error:
                print(error, file=sys.stderr)
                return 0
            except WorkerError as error:
                print(error, file=sys.stderr)
                failed += 1
                continue
            entries.append({"row": row, "library": library, **answer})
            what = f"{answer['peak'] / 2**20:9.2f} MiB" if "peak" in answer else answer["missing"]
            print(f"{row:24} {LIBRARIES[library].title:12} {what}", flush=True)
        if "ours" in options.libraries:
            said.append(dominating(row))
            print(f"    {said[-1]}", flush=True)
    facts = "\n".join(f"- {name}: {value}" for name, value in machine().items())
    page = "\n\n".join([SAID, facts, table(entries), "## What dominates, eager", "\n".join(f"- {s}" for s in said)])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page + "\n")
    print(f"\n{table(entries)}\n\nThe page is {options.output}")
    return int(failed > 0)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(";")]
    if unknown := [name for name in names if name not in ROWS]:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; choose from {', '.join(ROWS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
