"""How the time of a step grows: points measured along a family, an exponent fitted, and compared with the work's.

Knows families and how a point is raced. Does not know how curves are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import log

import numpy as np

from benchmarks.contestant import Contestant
from benchmarks.families import Family
from benchmarks.race import Failure, race
from benchmarks.rows import Row

# What a fit over a factor of ten or more may be off by, when single points are off by a fifth.
SLACK = 0.1


@dataclass
class Curve:
    """Seconds per step by library and size, the fastest of the rounds; and who stopped where, with the reason."""

    seconds: dict[str, dict[int, float]] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True)
class Growth:
    """Exponents over the upper half of the sizes: of the time, and of the work over the same sizes."""

    time: float
    work: float

    @property
    def faster_than_its_work(self) -> bool:
        return self.time > self.work + SLACK


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of a straight line through the points in double logarithmic scale, by least squares."""
    x, y = np.log(sizes), np.log(values)
    x = x - x.mean()
    return float(x @ y / (x @ x))


def upper_half(sizes: Sequence[int]) -> list[int]:
    """The sizes in the upper half of the range in logarithmic scale, and at least the two largest."""
    ordered = sorted(sizes)
    middle = (log(ordered[0]) + log(ordered[-1])) / 2
    return [size for size in ordered if log(size) >= middle - 1e-9] if len(ordered) > 2 else ordered


def growth(family: Family, seconds: dict[int, float]) -> Growth | None:
    """Both exponents; None where fewer than two sizes were measured."""
    if len(seconds) < 2:
        return None
    sizes = upper_half(list(seconds))
    if len(sizes) < 2:
        sizes = sorted(seconds)[-2:]
    return Growth(
        time=exponent(sizes, [seconds[size] for size in sizes]),
        work=exponent(sizes, [family.work(size) for size in sizes]),
    )


def measure_curve(
    name: str,
    family: Family,
    sizes: Sequence[int],
    contestants: Sequence[Contestant],
    rounds: int,
    round_seconds: float,
    said: Callable[[str], None],
) -> Curve:
    """Race all sizes from the smallest on. Whoever fails at one is not asked for a larger one."""
    curve = Curve(seconds={contestant.name: {} for contestant in contestants})
    running = list(contestants)
    for contestant in running:
        contestant.rest()
    row = Row(family.title, tolerance=family.tolerance)
    for size in sizes:
        for contestant in list(running):
            limit, reason = family.limits.get(contestant.name, (size, ""))
            if size > limit:
                curve.stopped[contestant.name] = reason
                running.remove(contestant)
        result = race(f"{name}@{size}", row, running, lambda _: rounds, round_seconds, first_calls=False)
        for failure in result.failures:
            curve.stopped[failure.library] = f"at {size:,}: {failure.message.strip().splitlines()[-1]}"
        curve.failures += result.failures
        running = [contestant for contestant in running if result.rounds.get(contestant.name)]
        for contestant in running:
            curve.seconds[contestant.name][size] = min(result.rounds[contestant.name])
        said(f"{name} {size:,}: " + ", ".join(f"{c.library.title} {_us(curve, c, size)}" for c in running))
    return curve


def _us(curve: Curve, contestant: Contestant, size: int) -> str:
    return f"{curve.seconds[contestant.name][size] * 1e6:,.4g}"
