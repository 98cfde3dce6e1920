"""The command line: ``python -m benchmarks.optimizers``."""

from __future__ import annotations

import argparse
import sys

from benchmarks.optimizers.rows import rows

TOLERATED = 1e-9  # float64, relative: products in another order
# a search compares losses, which near a minimum say nothing of parameters within the root of a rounding, 1.5e-8
SEARCHING = {"LBFGS": 1e-7, "LBFGS, optim_db": 1e-7}


def main() -> int:
    """Compare, print a line for each class, and return 1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizers")
    parser.add_argument("--only", default="", help="classes, with commas between")
    parser.add_argument("--settings", type=int, default=100, help="of each class (100)")
    options = parser.parse_args()
    wrong = 0
    for row in rows(options.settings, filter(None, options.only.split(","))):
        print(f"{row.name:30s} {row.settings:4d} settings  largest difference {row.difference:.1e}  {row.note}")
        if not row.difference <= SEARCHING.get(row.name, TOLERATED):
            print(f"  {row.worst}")
            wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
