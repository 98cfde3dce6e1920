"""What was compared, a row for each optimizer and scheduler, for the command line and for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.optimizers.comparison import STEPS, Difference, compare_optimizer, compare_scheduler
from benchmarks.optimizers.database import database
from tests.nn.optim_samples import OPTIMIZERS, SCHEDULERS

__all__ = ["Row", "rows"]


@dataclass
class Row:
    """A name, how many settings were compared and left out, the largest relative difference, and what is to be said."""

    name: str
    settings: int
    skipped: int
    difference: float
    note: str = ""
    worst: str = ""


def rows(settings: int = 100, only: Iterable[str] = ()) -> Iterator[Row]:
    """Random settings of optimizers and schedulers, and PyTorch's own samples of optimizers."""
    only = set(only)
    for name, family in OPTIMIZERS.items():
        if not only or name in only:
            note = f"parameters and state after {STEPS} steps; states exchanged, 5 more"
            if name == "LBFGS":
                note = f"parameters and state after each of {STEPS} steps, with states exchanged"
            yield _row(name, (family.sample(seed) for seed in range(settings)), compare_optimizer, note)
    for name, samples, skipped in database():
        if not only or name in only:
            row = _row(f"{name}, optim_db", samples, compare_optimizer)
            row.skipped += sum(skipped.values())
            row.note = "; ".join(f"{count} left out: {reason}" for reason, count in skipped.items())
            yield row
    for name, family in SCHEDULERS.items():
        if not only or name in only:
            note = "rates and momenta in 100 epochs"
            yield _row(name, (family.sample(seed) for seed in range(settings)), compare_scheduler, note)


def _row(name: str, samples: Iterable[Any], compare: Callable[[Any], float], note: str = "") -> Row:
    row = Row(name, 0, 0, 0.0, note)
    for sample in samples:
        try:
            with np.errstate(all="ignore"):
                gap = compare(sample)
        except Difference as difference:
            gap, sample = float("inf"), f"{sample}: {difference}"
        row.settings += 1
        if not gap <= row.difference:
            row.difference, row.worst = gap, str(sample)
    return row
