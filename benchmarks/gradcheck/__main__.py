"""The command line.

``python -m benchmarks.gradcheck [--quick] [--inputs N] [--draws N] [--workers N] [--page FILE]``
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from benchmarks.gradcheck import page
from benchmarks.gradcheck.bugs import BUGS
from benchmarks.gradcheck.page import Results
from benchmarks.gradcheck.right import GROUPS
from benchmarks.gradcheck.rivals import installed
from benchmarks.gradcheck.tally import members, run_alarms, run_bugs, run_right

INPUTS, DRAWS = 1000, 10
QUICK_INPUTS, QUICK_DRAWS = 10, 2
PAGE = Path(__file__).resolve().parents[2] / "docs" / "gradcheck-selftest.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Find planted bugs and pass right derivatives, beside PyTorch and JAX; exit status 1 where an aim is missed."""
    options = _parser().parse_args(arguments)
    inputs = options.inputs or (QUICK_INPUTS if options.quick else INPUTS)
    draws = options.draws or (QUICK_DRAWS if options.quick else DRAWS)
    rivals = installed()
    results = Results(rivals=rivals, versions=_versions())

    print("wrong derivatives")
    for row in tqdm(run_bugs(draws, rivals), total=len(BUGS), unit="bug"):
        results.bugs.append(row)
        tqdm.write(str(row))
    print("the same right derivatives for all")
    results.alarms = list(tqdm(run_alarms(draws, rivals), total=3, unit="sort"))
    print("right derivatives")
    for found in tqdm(run_right(inputs, options.workers), total=sum(len(members(g)) for g in GROUPS), unit="function"):
        results.right.append(found)
        if found.alarms:
            tqdm.write(str(found))
    order = list(GROUPS)
    results.right.sort(key=lambda row: (order.index(row.group), row.name))

    for table in (page.right_table(results), page.kind_table(results), page.alarm_table(results)):
        print("\n" + table)
    print("\n" + page.rival_table(results, relative=False))
    print("\n" + page.summary(results))
    if not options.quick or options.page != PAGE:
        options.page.parent.mkdir(exist_ok=True)
        options.page.write_text(page.page(results))
    return int(bool(results.failures))


def _versions() -> dict[str, str]:
    """What took part."""
    found = {"Python": platform.python_version()}
    for name, module in {"NumPy": "numpy", "SciPy": "scipy", "PyTorch": "torch", "JAX": "jax"}.items():
        try:
            found[name] = importlib.import_module(module).__version__
        except ImportError:
            continue
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gradcheck", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="few inputs; does not write the page in docs/")
    parser.add_argument("--inputs", type=int, help=f"to draw for each right derivative ({INPUTS})")
    parser.add_argument("--draws", type=int, help=f"of the inputs of each bug ({DRAWS})")
    parser.add_argument("--workers", type=int, help="processes for the right derivatives (one for each core)")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the results are written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
