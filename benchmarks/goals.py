"""The goals as numbers: what is compared with what, and whether it is met by a run's measurements.

Knows results and the roof. Does not know how anything is measured or shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.libraries import LIBRARIES
from benchmarks.measure import ratio, spread
from benchmarks.memory.measuring import GOALS as MEMORY_GOALS
from benchmarks.race import Result
from benchmarks.roof import Roof
from benchmarks.work import WORK

MICROSECONDS = 1e6


class Goal(Protocol):
    """Something that a row is to reach."""

    @property
    def words(self) -> str:
        """The goal in words."""

    @property
    def limit(self) -> float:
        """The number it speaks of."""

    def measure(self, row: str, result: Result, roof: Roof) -> float | None:
        """The number measured; None where the run does not tell."""

    def missed(self, measured: float) -> float:
        """By what fraction of the limit it is missed; zero or less where it is met."""


def _called(who: str) -> str:
    return LIBRARIES[who].title.removeprefix("autograd-core ")


@dataclass(frozen=True)
class Ratio:
    """Our time at most so many times a rival's, or the fastest one's of several: the median over rounds."""

    who: str
    rivals: tuple[str, ...]
    limit: float

    @property
    def words(self) -> str:
        rivals = " and ".join(LIBRARIES[rival].title for rival in self.rivals)
        return f"{_called(self.who)} <= {self.limit:g} of {'the faster of ' if self.rivals[1:] else ''}{rivals}"

    def measure(self, row: str, result: Result, roof: Roof) -> float | None:
        ours = result.rounds.get(self.who)
        theirs = [result.rounds[rival] for rival in self.rivals if result.rounds.get(rival)]
        if not ours or not theirs:
            return None
        return max(ratio(ours, rounds).median for rounds in theirs)

    def missed(self, measured: float) -> float:
        return measured / self.limit - 1


@dataclass(frozen=True)
class Microseconds:
    """Our time at most so long."""

    who: str
    limit: float

    @property
    def words(self) -> str:
        return f"<= {self.limit:,.0f} us"

    def measure(self, row: str, result: Result, roof: Roof) -> float | None:
        ours = result.rounds.get(self.who)
        return spread(ours).median * MICROSECONDS if ours else None

    def missed(self, measured: float) -> float:
        return measured / self.limit - 1


@dataclass(frozen=True)
class OfRoof:
    """At least such a fraction of the speed of the fastest matrix product of our own measured in the same run."""

    who: str
    limit: float

    @property
    def words(self) -> str:
        return f"{_called(self.who)} >= {self.limit:.0%} of the speed of its own matrix product"

    def measure(self, row: str, result: Result, roof: Roof) -> float | None:
        ours, speed = result.rounds.get(self.who), max(roof.best_product(self.who), roof.best_product("ours"))
        if not ours or not speed:
            return None
        return WORK[row]().flops / spread(ours).median / speed

    def missed(self, measured: float) -> float:
        return self.limit / measured - 1


@dataclass(frozen=True)
class StartUp:
    """Seconds that the first steps take beyond as many later ones: tracing, planning and compiling."""

    who: str
    limit: float
    warm: bool = False

    @property
    def words(self) -> str:
        kept = " when it lies compiled on the disk" if self.warm else ""
        return f"{_called(self.who)}: <= {self.limit:g} s to trace, plan and compile{kept}"

    def measure(self, row: str, result: Result, roof: Roof) -> float | None:
        return result.start_up(self.who, self.warm)

    def missed(self, measured: float) -> float:
        return measured / self.limit - 1


@dataclass(frozen=True)
class Verdict:
    """One goal after the run. `missed` is None where it could not be judged."""

    row: str
    words: str
    limit: float
    measured: float | None
    missed: float | None

    @property
    def met(self) -> bool | None:
        return None if self.missed is None else self.missed <= 0


def verdicts(goals: Mapping[str, Sequence[Goal]], results: Mapping[str, Result], roof: Roof) -> list[Verdict]:
    """Every goal of the rows that ran, in their order."""
    judged = []
    for row, result in results.items():
        for goal in goals.get(row, ()):
            measured = goal.measure(row, result, roof)
            missed = None if measured is None else goal.missed(measured)
            judged.append(Verdict(row, goal.words, goal.limit, measured, missed))
    return judged


def memory_verdicts(entries: Iterable[Mapping[str, Any]]) -> list[Verdict]:
    """Peak memory of ours against PyTorch's, row by row."""
    peaks: dict[str, dict[str, float]] = {}
    for entry in entries:
        if "peak" in entry:
            peaks.setdefault(entry["row"], {})[entry["library"]] = entry["peak"]
    judged = []
    for row, found in peaks.items():
        for who, limit in MEMORY_GOALS.items():
            if who in found and found.get("torch", 0) > 0:
                measured = found[who] / found["torch"]
                words = f"{_called(who)}: peak memory <= {limit:g} of PyTorch"
                judged.append(Verdict(row, words, limit, measured, measured / limit - 1))
    return judged


def _eager(limit: float) -> Ratio:
    return Ratio("ours", ("torch",), limit)


def _captured(limit: float) -> Ratio:
    return Ratio("captured", ("jax",), limit)


GOALS: dict[str, tuple[Goal, ...]] = {
    "chain300": (_eager(0.6), _captured(1.0)),
    "gelu": (_eager(1.0), _captured(0.3)),
    "mlp_nielsen": (_eager(0.6), _captured(0.6)),
    "mlp_small": (_eager(0.8), _captured(0.8)),
    "mlp_wide": (
        Ratio("ours", ("torch", "jax"), 0.9),
        Ratio("captured", ("torch", "jax"), 0.9),
        OfRoof("ours", 0.8),
        OfRoof("captured", 0.8),
    ),
    "lenet": (
        _eager(1.0),
        StartUp("captured_numpy", 0.05),
        StartUp("captured", 3.0),
        StartUp("captured", 0.3, warm=True),
    ),
    "cnn28": (_eager(0.8),),
    "cnn32": (_eager(1.0),),
    "micrograd": (_eager(0.6),),
    "chain100k": (_eager(0.8),),
    "import": (Microseconds("ours", 60_000),),
}
