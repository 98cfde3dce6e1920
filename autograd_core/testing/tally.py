"""What was checked so far, and how hard drawn checks try: what a test run knows, and a single check does not.

Knows reports by their numbers. The pytest plugin reads the one object and sets the other; without it both just stand
here, and can be read and set by hand.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from .report import GradientReport

Counts = dict[str, Any]
"""Counts in plain lists and numbers, which can be sent to another process."""


@dataclass
class Tally:
    """How many checks were made, of which functions, and of how many numbers.

    >>> from autograd_core.testing.tally import Tally
    >>> tally = Tally()
    >>> tally.count(GradientReport(True, 1, checked=6, failed=0, kinks=1, function="relu", where="net.py:3"))
    >>> tally
    Tally(functions={'relu (net.py:3)'}, checks=1, entries=6, kinks=1, wrong=set())
    """

    functions: set[str] = field(default_factory=set)
    checks: int = 0
    entries: int = 0
    kinks: int = 0
    wrong: set[str] = field(default_factory=set)

    def count(self, report: GradientReport) -> None:
        """One more check, which came to this report."""
        self.functions.add(_named(report))
        self.checks += 1
        self.entries += report.checked
        self.kinks += report.kinks

    def blame(self, report: GradientReport) -> None:
        """A test failed because of this report. A wrong gradient that a test expects is not counted as wrong."""
        self.wrong.add(_named(report))

    def take(self) -> Counts:
        """All that was counted since the last time, empty if nothing was; counting starts anew."""
        counts = {"functions": sorted(self.functions), "checks": self.checks, "entries": self.entries}
        counts |= {"kinks": self.kinks, "wrong": sorted(self.wrong)}
        self.functions, self.checks, self.entries, self.kinks, self.wrong = set(), 0, 0, 0, set()
        return counts if any(counts.values()) else {}


def _named(report: GradientReport) -> str:
    return f"{report.function} ({report.where})" if report.where else report.function


@dataclass
class Effort:
    """What `given_gradcheck` goes by where a test says nothing: None is Hypothesis's own profile, and mode="full".

    Examples and profile are read when a test is defined, the mode when it runs.
    """

    examples: int | None = None
    mode: Literal["full", "random"] | None = None
    profile: str | None = None  # a name from PROFILES of `hypothesis`


TALLY = Tally()
"""Every call of `gradcheck` is counted here."""

EFFORT = Effort()
"""Set by the options of the pytest plugin."""
