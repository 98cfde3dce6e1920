"""The command line: ``python -m benchmarks.layers``."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterable

from benchmarks.layers.module_db import compare_samples, without_counterpart
from benchmarks.layers.settings import compare_family
from benchmarks.layers.tally import Row
from tests.nn.samples import FAMILIES


def main() -> int:
    """Compare, print a line for each class, and return 1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layers")
    parser.add_argument("--only", default="", help="classes, with commas between")
    parser.add_argument("--settings", type=int, default=100, help="of each class, drawn at random (100)")
    parser.add_argument("--no-samples", action="store_true", help="leave out PyTorch's own samples")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    warnings.simplefilter("ignore")  # what PyTorch says of the settings
    chosen = [family for name, family in FAMILIES.items() if not only or name in only]
    failures = _shown("random settings", (compare_family(family, options.settings) for family in chosen))
    if not options.no_samples:
        failures += _shown("PyTorch's module_db", compare_samples(only))
        if not only:
            print("not here:", ", ".join(without_counterpart()))
    return int(failures > 0)


def _shown(title: str, rows: Iterable[Row]) -> int:
    print(f"--- {title}")
    failures = 0
    for row in rows:
        print(row, flush=True)
        for failure in row.failures[:5]:
            print(f"    {failure}", flush=True)
        failures += len(row.failures)
    return failures


if __name__ == "__main__":
    sys.exit(main())
