"""The command line.

``python -m benchmarks [--quick] [--rows a,b] [--libraries ours,torch] [--parts rows,curves]
[--families depth,batch] [--repeats N] [--output DIR] [--publish FILE]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.families import FAMILIES
from benchmarks.libraries import LIBRARIES
from benchmarks.report.findings import Findings
from benchmarks.report.sections import headline
from benchmarks.report.writing import publish, write
from benchmarks.rows import ROWS
from benchmarks.run import PARTS, Settings, run

OUTPUT = Path(__file__).resolve().parents[1] / "runs" / "bench"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; the exit status is 1 where ours fails or a library computes something else."""
    options = _parser().parse_args(arguments)
    if options.again:
        findings = Findings.read((options.output / "findings.json").read_text())
    else:
        findings = run(_settings(options))
    page = write(findings, options.output)
    if options.publish:
        publish(findings, options.publish)
    print(f"\n{headline(findings)}")
    for verdict in findings.verdicts():
        if verdict.met is False:
            print(f"not met: {verdict.row}, {verdict.words}: measured {verdict.measured:,.3g}")
    print(f"The report is {page}")
    return int(any(failure.fatal for failure in findings.failures))


def _settings(options: argparse.Namespace) -> Settings:
    quick = options.quick
    libraries = options.libraries
    if libraries is None:
        # compilers that take long, and those that are not looked at first, have time in a full run
        left_out = ("torch_compile",)
        libraries = [n for n, lib in LIBRARIES.items() if not quick or (lib.shown == "first" and n not in left_out)]
    return Settings(
        rows=options.rows,
        libraries=libraries,
        parts=options.parts,
        repeats=options.repeats or (2 if quick else 7),
        round_seconds=0.005 if quick else 0.2,
        quick=quick,
        families=options.families,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    for option, known, default in (
        ("--rows", list(ROWS), list(ROWS)),
        ("--libraries", list(LIBRARIES), None),
        ("--parts", list(PARTS), list(PARTS)),
        ("--families", list(FAMILIES), list(FAMILIES)),
    ):
        parser.add_argument(option, type=_chosen_from(known), default=default, help=f"some of {','.join(known)}")
    parser.add_argument("--repeats", type=int, help="rounds for each row and contestant (7; quick: 2)")
    parser.add_argument("--quick", action="store_true", help="three minutes: short rounds, few contestants, few sizes")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the report (runs/bench)")
    parser.add_argument("--publish", type=Path, metavar="FILE", help="write the Markdown report to this file as well")
    parser.add_argument("--again", action="store_true", help="measure nothing, show the findings in the folder again")
    return parser


def _chosen_from(known: list[str]) -> Callable[[str], list[str]]:
    """An argument of names with commas between. They are put in the order of `known`, so that ours comes first."""

    def parse(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",")]
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; choose from {', '.join(known)}")
        return [name for name in known if name in names]

    return parse


if __name__ == "__main__":
    sys.exit(main())
