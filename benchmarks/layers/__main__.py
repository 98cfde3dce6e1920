"""The command line: ``python -m benchmarks.layers``."""

from __future__ import annotations

import argparse
import sys

from benchmarks.layers.comparison import Difference, compare
from tests.nn.samples import FAMILIES

TOLERATED = 1e-9  # float64, relative: sums in another order


def main() -> int:
    """Compare, print a line for each class, and return 1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layers")
    parser.add_argument("--only", default="", help="classes, with commas between")
    parser.add_argument("--settings", type=int, default=100, help="of each class (100)")
    options = parser.parse_args()
    wrong = 0
    for name, family in FAMILIES.items():
        if options.only and name not in options.only.split(","):
            continue
        largest, count, alone = 0.0, 0, 0
        for seed in range(options.settings):
            sample = family.sample(seed)
            if sample.only_here:
                alone += 1
                continue
            try:
                gap = compare(sample)
            except Difference as difference:
                print(f"  {difference}")
                gap = float("inf")
            if not gap <= TOLERATED:
                print(f"  {sample} seed {seed}: {gap:.2e}")
                wrong += 1
            largest, count = max(largest, gap), count + 1
        print(
            f"{name:28s} {count:4d} settings  largest difference {largest:.1e}"
            + (f"  ({alone} only here)" if alone else "")
        )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
