"""What comparisons of one class add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["TOLERATED", "Row"]

TOLERATED = 1e-9  # float64, relative: sums in another order


@dataclass
class Row:
    """One class: how many settings were compared, the largest difference, and what was left out, by reason."""

    name: str
    compared: int = 0
    largest: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def note(self, gap: float, what: str) -> None:
        """Count a comparison; one with too large a difference is a failure."""
        self.compared += 1
        self.largest = max(self.largest, gap)
        if not gap <= TOLERATED:
            self.failures.append(f"{what}: differs by {gap:.1e}")

    def skip(self, reason: str) -> None:
        """Count a setting that cannot be compared."""
        self.skipped[reason] += 1

    def fail(self, what: str) -> None:
        """Count a comparison that came to no number."""
        self.compared += 1
        self.largest = float("inf")
        self.failures.append(what)

    def __str__(self) -> str:
        left = "".join(f"; {count} not: {reason}" for reason, count in self.skipped.items())
        return f"{self.name:28s} {self.compared:5,d} compared, largest difference {self.largest:.1e}{left}"
