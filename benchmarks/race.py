"""One row, all libraries: first the proof that they compute the same, then rounds in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.contestant import Contestant, WorkerError
from benchmarks.evidence import disagreement
from benchmarks.libraries import OURS
from benchmarks.measure import CHECKED_STEPS, spread
from benchmarks.rows import Row


@dataclass(frozen=True)
class Failure:
    """What went wrong, with whom and where. `fatal` failures make the run fail: ours, and any disagreement."""

    library: str
    row: str
    message: str
    fatal: bool


@dataclass
class Result:
    """Seconds per step, one for each round, by library; and, by library, the difference found in the check.

    `cold` is what the checked steps of a fresh process took; `warm` the same, where what was compiled lay on the disk.
    """

    rounds: dict[str, list[float]] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    cold: dict[str, float] = field(default_factory=dict)
    warm: dict[str, float] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def start_up(self, name: str, warm: bool = False) -> float | None:
        """Seconds that the first steps took beyond as many later ones: tracing, planning, compiling, first touches."""
        first, rounds = (self.warm if warm else self.cold).get(name), self.rounds.get(name)
        return None if first is None or not rounds else max(0.0, first - CHECKED_STEPS * spread(rounds).median)


def race(
    name: str,
    row: Row,
    contestants: Sequence[Contestant],
    repeats: Callable[[Contestant], int],
    round_seconds: float,
    first_calls: bool = True,
) -> Result:
    """Check, calibrate and time one row. Whoever fails drops out of it; the others go on.

    With `first_calls` those that keep compiled programs run the check in two processes: before and after.
    """
    result = Result()
    running = _agreeing(name, row, list(contestants), result, first_calls)
    counts: dict[str, int] = {}
    for contestant in list(running):
        with _dropping(contestant, name, running, result):
            counts[contestant.name] = contestant.ask("calibrate", row=name, seconds=round_seconds)["count"]
    result.rounds = {contestant.name: [] for contestant in running}
    wanted = {contestant.name: min(repeats(contestant), row.max_rounds or 99) for contestant in running}
    for turn in range(max(wanted.values(), default=0)):
        for contestant in list(running):
            if turn < wanted[contestant.name]:
                with _dropping(contestant, name, running, result):
                    answer = contestant.ask("round", row=name, count=counts[contestant.name])
                    result.rounds[contestant.name].append(answer["seconds"])
    return result


def _agreeing(name: str, row: Row, running: list[Contestant], result: Result, first_calls: bool) -> list[Contestant]:
    """Those whose evidence agrees with the first one's. The first is ours, where ours runs."""
    evidence = {}
    for contestant in list(running):
        with _dropping(contestant, name, running, result):
            answer = contestant.ask("check", row=name)
            if first_calls and answer["first"] is not None:
                result.cold[contestant.name] = answer["first"]
                if contestant.library.cache:
                    contestant.rest()
                    answer = contestant.ask("check", row=name)
                    result.warm[contestant.name] = answer["first"]
            evidence[contestant.name] = answer["evidence"]
    for contestant in list(running[1:]):
        reference = running[0].name
        difference = disagreement(evidence[reference], evidence[contestant.name])
        result.differences[contestant.name] = difference
        if difference > row.tolerance:
            message = f"disagrees with {reference} by {difference:.2g} where {row.tolerance:.2g} is allowed; not timed"
            result.failures.append(Failure(contestant.name, name, message, fatal=True))
            running.remove(contestant)
    return running


@contextmanager
def _dropping(contestant: Contestant, row: str, running: list[Contestant], result: Result) -> Iterator[None]:
    """Turn a worker's failure into a line of the report, and take the library out of the row."""
    try:
        yield
    except WorkerError as error:
        result.failures.append(Failure(contestant.name, row, str(error), fatal=contestant.library.package == OURS))
        result.rounds.pop(contestant.name, None)
        running.remove(contestant)
