"""One run from beginning to end: who is there, the roof, the rows, the curves, the memory. Prints what it finds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter

from benchmarks.contestant import CannotStartError, Contestant, NotInstalledError, WorkerError
from benchmarks.families import FAMILIES
from benchmarks.libraries import LIBRARIES, CannotRunError
from benchmarks.machine import machine
from benchmarks.measure import ratio, spread
from benchmarks.memory import measuring as peaks
from benchmarks.memory.rows import ROWS as MEMORY_ROWS
from benchmarks.race import Failure, Result, race
from benchmarks.report.findings import Findings
from benchmarks.rows import ROWS
from benchmarks.scaling import measure_curve

QUICK_MEMORY = ("mlp_small", "lenet")
PARTS = ("roof", "rows", "curves", "memory")


@dataclass(frozen=True)
class Settings:
    """What is run, and how long. `repeats` are the rounds of those shown first; the others run fewer."""

    rows: Sequence[str]
    libraries: Sequence[str]
    parts: Sequence[str]
    repeats: int
    round_seconds: float
    quick: bool = False
    families: Sequence[str] = tuple(FAMILIES)

    def repeats_of(self, contestant: Contestant) -> int:
        """Those that everybody looks at run the most rounds."""
        return self.repeats if contestant.library.shown == "first" else max(1, self.repeats // 2)


def run(settings: Settings) -> Findings:
    """Measure everything that is asked for."""
    findings = Findings(machine())
    begun = perf_counter()
    with ExitStack() as stack:
        contestants = {name: stack.enter_context(Contestant(name)) for name in settings.libraries}
        rows_of, families_of = _introduce(contestants, findings)
        present = [contestants[name] for name in rows_of]
        for contestant in present:
            contestant.rest()
        _print_facts(findings)
        if "roof" in settings.parts:
            _measure_roof(present, findings)
        if "rows" in settings.parts:
            for number, row in enumerate(settings.rows, start=1):
                _print(f"[{number}/{len(settings.rows)}, {perf_counter() - begun:.0f} s] ", end="")
                _run_row(row, [contestants[name] for name in rows_of if row in rows_of[name]], settings, findings)
        if "curves" in settings.parts:
            for name in settings.families:
                _run_curve(name, [contestants[n] for n in families_of if name in families_of[n]], settings, findings)
    if "memory" in settings.parts:
        _measure_memory(settings, findings)
    findings.settings = {
        "rounds": f"{settings.repeats} of {settings.round_seconds:g} s each; for others and variants half as many",
        **(
            {"rounds of a curve's points": "{} of {:g} s each".format(*_of_curves(settings))} if findings.curves else {}
        ),
        "duration": f"{(perf_counter() - begun) / 60:.0f} minutes",
    }
    return findings


def _introduce(
    contestants: dict[str, Contestant], findings: Findings
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Ask each library what it runs on; note who is missing. Returns rows and families of those that are there."""
    rows_of, families_of = {}, {}
    for name, contestant in contestants.items():
        try:
            answer = contestant.ask("describe")
        except NotInstalledError:
            findings.missing[name] = "not installed"
            if name == "ours":
                findings.failures.append(Failure(name, "all rows", "not installed", fatal=True))
        except CannotStartError as error:
            findings.missing[name] = str(error)
        except WorkerError as error:
            findings.missing[name] = str(error).strip().splitlines()[-1]
            findings.failures.append(Failure(name, "all rows", str(error), fatal=name == "ours"))
        else:
            findings.libraries[name] = answer["facts"]
            rows_of[name], families_of[name] = answer["rows"], answer["families"]
    _complain(findings.failures)
    return rows_of, {name: families for name, families in families_of.items() if _in_curves(name)}


def _measure_memory(settings: Settings, findings: Findings) -> None:
    names = [name for name in peaks.CONTESTANTS if name in findings.libraries]
    for row in QUICK_MEMORY if settings.quick else MEMORY_ROWS:
        for name in names:
            try:
                findings.memory.append({"row": row, "library": name, **peaks.asked(name, row)})
            except CannotRunError as error:
                _print(f"memory: {error}")
                return
            except WorkerError as error:
                findings.failures.append(Failure(name, f"memory of {row}", str(error), fatal=name == "ours"))
                _complain(findings.failures[-1:])
        if not settings.quick and "ours" in names:
            findings.dominating.append(peaks.dominating(row))
        found = {e["library"]: e["peak"] for e in findings.memory if e["row"] == row and "peak" in e}
        said = ", ".join(f"{LIBRARIES[name].title} {peak / 2**20:,.1f}" for name, peak in found.items())
        _print(f"peak memory of {row}, MiB: {said}")


def _in_curves(name: str) -> bool:
    return LIBRARIES[name].shown in ("first", "curves")


def _measure_roof(present: Iterable[Contestant], findings: Findings) -> None:
    for contestant in present:
        if not findings.roof.copies:
            findings.roof.copies = contestant.ask("copying")["bytes"]
        if flops := contestant.ask("roof")["flops"]:
            findings.roof.products[contestant.name] = flops
            _print(f"matrix product, {contestant.library.title}: {max(flops.values()) / 1e9:,.0f} GFLOP/s")
        contestant.rest()
    if findings.roof.copies:
        speeds = list(findings.roof.copies.values())
        _print(f"copies: {max(speeds) / 1e9:,.0f} GB/s in cache, {speeds[-1] / 1e9:,.0f} GB/s in memory\n")


def _run_row(row: str, entrants: Sequence[Contestant], settings: Settings, findings: Findings) -> None:
    # a fresh process for each row: what others leave behind (an allocator's thresholds, threads) would count
    for contestant in entrants:
        contestant.forget()
    result = race(row, ROWS[row], entrants, settings.repeats_of, settings.round_seconds, not settings.quick)
    for contestant in entrants:
        contestant.rest()
    findings.results[row] = result
    findings.failures += result.failures
    _print(_line(row, result))
    _complain(result.failures)


def _run_curve(name: str, entrants: Sequence[Contestant], settings: Settings, findings: Findings) -> None:
    family = FAMILIES[name]
    sizes = family.quick() if settings.quick else family.sizes
    curve = measure_curve(name, family, sizes, entrants, *_of_curves(settings), _print)
    for contestant in entrants:
        contestant.rest()
    findings.curves[name] = curve
    # one who cannot go on is told of in the curve; only a wrong answer is a failure of the run
    findings.failures += [failure for failure in curve.failures if "disagrees" in failure.message]
    _complain(curve.failures)


def _of_curves(settings: Settings) -> tuple[int, float]:
    """Rounds for each point of a curve, and the seconds of one."""
    return (2, 0.005) if settings.quick else (3, 0.04)


def _line(row: str, result: Result) -> str:
    cells = []
    for name, rounds in result.rounds.items():
        cell = f"{LIBRARIES[name].title} {spread(rounds).median * 1e6:,.4g}"
        ours = result.rounds.get("ours")
        cells.append(cell if not ours or name == "ours" else f"{cell} ({ratio(ours, rounds).median:.2f})")
    return f"{row}: " + " | ".join(cells) if cells else f"{row}: nothing was timed"


def _print_facts(findings: Findings) -> None:
    for key, value in findings.machine.items():
        _print(f"{key}: {value}")
    for name, facts in findings.libraries.items():
        _print(f"{LIBRARIES[name].title}: " + ", ".join(f"{key} {value}" for key, value in facts.items()))
    for name, reason in findings.missing.items():
        _print(f"{LIBRARIES[name].title}: did not run: {reason}")
    _print("")


def _complain(failures: Iterable[Failure]) -> None:
    for failure in failures:
        print(f"{LIBRARIES[failure.library].title}, {failure.row}: {failure.message}", file=sys.stderr, flush=True)


_print: Callable[..., None] = lambda *words, **options: print(*words, flush=True, **options)
