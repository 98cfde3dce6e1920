"""What a run has found: counts for each counterpart, explained and unexplained differences."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import autograd_core as ag
from benchmarks.agreement import pytorch
from benchmarks.agreement.comparison import ORDERS, compare
from benchmarks.agreement.counterparts import Counterpart, Skip, named
from benchmarks.agreement.differences import explanations, reason_for_refusal


@dataclass
class Row:
    """The counts of one counterpart."""

    counterpart: Counterpart
    samples: int = 0
    compared: list[int] = field(default_factory=lambda: [0, 0, 0])
    differing: list[int] = field(default_factory=lambda: [0, 0, 0])
    worst: float = 0.0
    first_only: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        numbers = ", ".join(
            f"{name} {count}{f' ({differing} differ)' if differing else ''}"
            for name, count, differing in zip(ORDERS, self.compared, self.differing, strict=True)
        )
        return f"{self.counterpart.theirs:32} {self.samples:4} samples: {numbers}; to {self.worst:.0e}"


def run(counterparts: Iterable[Counterpart], limit: int, seed: int) -> Iterable[Row]:
    """Compare each counterpart on at most `limit` samples."""
    table = pytorch.table()
    for counterpart in counterparts:
        row = Row(counterpart)
        begun = time.perf_counter()
        if counterpart.theirs not in table:
            row.skipped["PyTorch has no such entry"] += 1
        else:
            _compare_all(row, table[counterpart.theirs], limit, seed)
        row.seconds = time.perf_counter() - begun
        yield row


def _compare_all(row: Row, op: Any, limit: int, seed: int) -> None:
    try:
        for name in row.counterpart.ours:
            named(name)
    except AttributeError as error:
        row.failures.append(f"{row.counterpart.theirs}: {error}")
        return
    samples = pytorch.samples(op, seed)
    row.samples = len(samples)
    if len(samples) > limit:
        row.skipped[f"more than {limit} samples of one entry"] += len(samples) - limit
    for number, sample in enumerate(samples[:limit]):
        _compare_one(row, op, sample, seed + number)


def _compare_one(row: Row, op: Any, sample: Any, seed: int) -> None:
    counterpart = row.counterpart
    try:
        outcome = compare(counterpart, op, sample, seed)
    except Skip as skip:
        row.skipped[str(skip)] += 1
        return
    except ag.AutogradError as error:
        refusal = reason_for_refusal(counterpart.theirs, error)
        if refusal is None:
            row.failures.append(f"{counterpart.theirs}: {type(error).__name__}: {error}")
        else:
            row.refused[refusal.why] += 1
        return
    except Exception as error:
        row.failures.append(f"{counterpart.theirs}: {type(error).__name__}: {error}")
        return
    row.first_only += outcome.first_only
    if outcome.left_out:
        row.skipped[f"derivatives alone: {outcome.left_out}"] += 1
    row.worst = max(row.worst, *outcome.worst)
    for order in range(3):
        row.compared[order] += outcome.compared[order]
        row.differing[order] += any(f.order == order for f in outcome.findings)
    reasons = set()
    for finding in outcome.findings:
        found = explanations(finding)
        if not found:
            row.failures.append(str(finding))
        reasons.update(difference.why for difference in found)
    row.explained.update(reasons)
