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
from benchmarks.measure import spread
from benchmarks.race import Failure, race
from benchmarks.rows import Row

# By so much the time's exponent may exceed the work's for reasons that are not the library's: arrays and graphs that
# leave a cache on the way make each operation dearer. Noise is allowed for besides.
SLACK = 0.1


@dataclass
class Curve:
    """Seconds per step by library and size, the fastest of the rounds; and who stopped where, with the reason.

    `noise` is the part by which the median of the rounds was slower than the fastest.
    """

    seconds: dict[str, dict[int, float]] = field(default_factory=dict)
    noise: dict[str, dict[int, float]] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True)
class Growth:
    """Exponents over the upper half of the sizes: of the time, and of the work over the same sizes.

    `noise` bounds what the time's would change by if every point were off by its noise, in the worst direction.
    """

    time: float
    work: float
    noise: float = 0.0

    @property
    def faster_than_its_work(self) -> bool:
        return self.time - self.noise > self.work + SLACK


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


def growth(family: Family, seconds: dict[int, float], noise: dict[int, float] | None = None) -> Growth | None:
    """Both exponents, and what is known of the noise; None where fewer than two sizes were measured."""
    if len(seconds) < 2:
        return None
    sizes = upper_half(list(seconds))
    if len(sizes) < 2:
        sizes = sorted(seconds)[-2:]
    x = np.log(sizes) - np.mean(np.log(sizes))
    off = np.log1p([(noise or {}).get(size, 0.0) for size in sizes])
    return Growth(
        time=exponent(sizes, [seconds[size] for size in sizes]),
        work=exponent(sizes, [family.work(size) for size in sizes]),
        noise=float(np.abs(x) @ off / (x @ x)),
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
    curve = Curve(*({contestant.name: {} for contestant in contestants} for _ in range(2)))
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
            measured = result.rounds[contestant.name]
            curve.seconds[contestant.name][size] = min(measured)
            curve.noise[contestant.name][size] = spread(measured).median / min(measured) - 1
        said(f"{name} {size:,}: " + ", ".join(f"{c.library.title} {_us(curve, c, size)}" for c in running))
    return curve


def _us(curve: Curve, contestant: Contestant, size: int) -> str:
    return f"{curve.seconds[contestant.name][size] * 1e6:,.4g}"
