"""The command line.

``python -m benchmarks [--rows a,b] [--libraries ours,torch] [--repeats N] [--quick] [--output DIR]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contestant import Contestant, NotInstalledError, WorkerError
from benchmarks.libraries import LIBRARIES
from benchmarks.machine import machine
from benchmarks.race import Failure, race
from benchmarks.report import Report
from benchmarks.rows import ROWS

ROUND_SECONDS = 0.25  # several steps of the slowest network: the first one after a pause finds cold caches
QUICK_ROUND_SECONDS = 0.005


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; the exit status is 1 where ours fails or a library computes something else."""
    options = _parser().parse_args(arguments)
    round_seconds = QUICK_ROUND_SECONDS if options.quick else ROUND_SECONDS
    repeats = options.repeats or (3 if options.quick else 11)
    report = Report(machine())
    with ExitStack() as stack:
        contestants = {name: stack.enter_context(Contestant(name)) for name in options.libraries}
        rows_of = _introduce(contestants, report)
        print(report.preamble(), end="\n\n", flush=True)
        for row in options.rows:
            # a fresh process for each row: what others leave behind (an allocator's thresholds, threads) would count
            for contestant in contestants.values():
                contestant.rest()
            entrants = [contestants[name] for name, rows in rows_of.items() if row in rows]
            result = race(row, ROWS[row], entrants, repeats, round_seconds)
            report.results[row] = result
            report.failures += result.failures
            print(report.line(row), flush=True)
            _complain(result.failures)
    print("\n" + report.table())
    report.write(options.output)
    return int(any(failure.fatal for failure in report.failures))


def _introduce(contestants: dict[str, Contestant], report: Report) -> dict[str, list[str]]:
    """Ask each library what it runs on; note who is missing. Returns the rows of each one that is there."""
    rows_of = {}
    for name, contestant in contestants.items():
        try:
            answer = contestant.ask("describe")
        except NotInstalledError:
            report.missing.append(name)
            if name == "ours":
                report.failures.append(Failure(name, "all rows", "not installed", fatal=True))
        except WorkerError as error:
            report.failures.append(Failure(name, "all rows", str(error), fatal=name == "ours"))
        else:
            report.libraries[name], rows_of[name] = answer["facts"], answer["rows"]
    _complain(report.failures)
    return rows_of


def _complain(failures: Iterable[Failure]) -> None:
    for failure in failures:
        print(f"{LIBRARIES[failure.library].title}, {failure.row}: {failure.message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    for option, known in (("--rows", list(ROWS)), ("--libraries", list(LIBRARIES))):
        parser.add_argument(option, type=_chosen_from(known), default=known, help=f"some of {','.join(known)}")
    parser.add_argument("--repeats", type=int, help="rounds for each row and library (11; quick: 3)")
    parser.add_argument("--quick", action="store_true", help="short rounds: does everything run?")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
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
