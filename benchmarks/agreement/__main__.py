"""The command line.

``python -m benchmarks.agreement [--only a,b] [--samples N] [--seed N] [--page FILE]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.agreement import pytorch
from benchmarks.agreement.counterparts import TABLE
from benchmarks.agreement.page import page, summary
from benchmarks.agreement.tally import run

SAMPLES = 1000
PAGE = Path(__file__).resolve().parents[2] / "docs" / "agreement.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare with PyTorch on its own samples; the exit status is 1 where a difference has no explanation."""
    options = _parser().parse_args(arguments)
    chosen = options.only.split(",") if options.only else []
    counterparts = [c for c in TABLE if not chosen or {c.theirs, *c.ours} & set(chosen)]
    rows = []
    try:
        for row in run(counterparts, options.samples, options.seed):
            rows.append(row)
            print(row, flush=True)
            for failure in row.failures:
                print(f"    unexplained: {failure}", file=sys.stderr, flush=True)
        print("\n" + summary(rows))
        if not chosen:
            options.page.parent.mkdir(exist_ok=True)
            options.page.write_text(page(rows, pytorch.versions(), options.samples))
    except pytorch.NotInstalledError as error:
        print(error, file=sys.stderr)
        return 2
    return int(any(row.failures for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agreement", description=main.__doc__)
    parser.add_argument("--only", help="operations, by PyTorch's names or ours, with commas between; writes no page")
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"at most so many of each entry ({SAMPLES})")
    parser.add_argument("--seed", type=int, default=0, help="of the samples and of the random directions (0)")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the results are written (docs/agreement.md)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
