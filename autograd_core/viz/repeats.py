"""Repetitions in a sequence: where the same stretch comes several times, one right after the other.

Knows sequences of numbers. Does not know what they stand for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST = 3
"""So many times the same is a repetition."""

_PERIODS, _RUNS = 64, 2000  # so many short periods, and so many common ones, are tried; so many runs are considered


@dataclass(frozen=True, order=True)
class Run:
    """`count` times the same stretch of `period` entries, from `start` on."""

    start: int
    period: int
    count: int

    @property
    def end(self) -> int:
        return self.start + self.period * self.count


def runs_in(codes: Sequence[int], sizes: Sequence[int], worthwhile: int) -> list[Run]:
    """The repetitions in a sequence of numbers, none overlapping another, in order.

    `sizes` are what the entries weigh; a run must weigh at least `worthwhile`. Of those that overlap the heaviest is
    taken, and of equal ones that with the shortest period. Near-linear in the length of the sequence.

    >>> runs_in([7, 1, 2, 1, 2, 1, 2, 1, 7], [1] * 9, 4)
    [Run(start=1, period=2, count=3)]
    """
    a = np.asarray(codes, dtype=np.int64)
    weights = np.concatenate(([0], np.cumsum(np.asarray(sizes, dtype=np.int64))))
    found: list[tuple[int, int, int, int]] = []
    for period in _candidates(a):
        same = np.concatenate(([False], a[period:] == a[:-period], [False]))
        turns = np.flatnonzero(same[1:] != same[:-1])
        starts, ends = turns[::2], turns[1::2] + period
        counts = (ends - starts) // period
        heavy = weights[starts + period * counts] - weights[starts]
        good = np.flatnonzero((counts >= LEAST) & (heavy >= worthwhile))
        found += [(-int(heavy[i]), period, int(starts[i]), int(ends[i])) for i in good]
    free = np.ones(len(a), dtype=bool)
    chosen: list[Run] = []
    for _, period, start, end in sorted(found)[:_RUNS]:
        for first, last in _stretches(free, start, end):
            run = Run(first, period, (last - first) // period)
            if run.count >= LEAST and weights[run.end] - weights[run.start] >= worthwhile:
                chosen.append(run)
                free[run.start : run.end] = False
    return sorted(chosen)


def _candidates(a: np.ndarray[Any, Any]) -> list[int]:
    """Periods that may occur: all short ones, and the distances at which the same entry comes again most often."""
    longest = len(a) // LEAST
    order = np.argsort(a, kind="stable")
    distances = np.diff(order)[a[order[1:]] == a[order[:-1]]]
    distances = distances[(distances > _PERIODS) & (distances <= longest)]
    common = np.argsort(-np.bincount(distances), kind="stable")[:_PERIODS] if len(distances) else distances
    return sorted({*range(1, min(_PERIODS, longest) + 1), *(int(p) for p in common if p > _PERIODS)})


def _stretches(free: np.ndarray[Any, Any], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of an interval that no run has taken yet."""
    turns = np.flatnonzero(np.diff(np.concatenate(([False], free[start:end], [False])).astype(np.int8)))
    return ((start + int(a), start + int(b)) for a, b in zip(turns[::2], turns[1::2], strict=True))
