"""How a number is obtained: rounds of a fixed count of steps, and what is said about several of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter, process_time, sleep

from benchmarks.step import Step

# Taken before anything is timed, and compared: enough for a program that is planned after two calls to be replayed.
CHECKED_STEPS = 5


def time_round(step: Step, count: int) -> float:
    """Seconds per step over `count` steps. A short step runs once untimed first, to wake threads and fill caches."""
    if count > 1:
        step.run()
        step.finish()
    run = step.run
    start = perf_counter()
    for _ in range(count):
        run()
    step.finish()
    return (perf_counter() - start) / count


def calibrate(step: Step, round_seconds: float) -> int:
    """The number of steps that fill a round. Running them to find out is the warm-up."""
    count = 1
    filled = 0
    while True:
        seconds = time_round(step, count) * count
        if seconds >= round_seconds:
            # Once may have been a first call or somebody else's doing; a very long step is not tried again.
            filled += 1
            if filled == 2 or seconds > 10 * round_seconds:
                return count
        else:
            growth = 1.1 * round_seconds / max(seconds, 1e-9)
            count = int(count * min(10.0, max(2.0, growth)))


def settle() -> None:
    """Wait until this process is idle: OpenBLAS and OpenMP threads spin for up to a tenth of a second after their work.

    Whoever runs next would pay for them.
    """
    for _ in range(100):
        before = process_time()
        sleep(0.01)
        if process_time() - before < 0.002:
            return


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of several measurements."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles; of a single value, the value itself three times."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Our time over theirs, round by round, so that what slows a whole round falls out.

    Where one of the two ran fewer rounds, those that both have count.
    """
    return spread([a / b for a, b in zip(ours, theirs, strict=False)])
