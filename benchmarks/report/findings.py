"""Everything a run has found out, as plain data that goes to JSON and comes back."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from benchmarks.goals import GOALS, Verdict, memory_verdicts, verdicts
from benchmarks.measure import Spread, ratio, spread
from benchmarks.race import Failure, Result
from benchmarks.roof import Roof
from benchmarks.scaling import Curve


@dataclass
class Findings:
    """Machine and settings, who took part on what, who is missing and why, and the measurements."""

    machine: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    roof: Roof = field(default_factory=Roof)
    curves: dict[str, Curve] = field(default_factory=dict)
    memory: list[dict[str, Any]] = field(default_factory=list)
    dominating: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def spread(self, row: str, name: str) -> Spread | None:
        """A library's seconds per step in a row; None where it did not run."""
        rounds = self.results[row].rounds.get(name)
        return spread(rounds) if rounds else None

    def ratio(self, row: str, ours: str, theirs: str) -> Spread | None:
        """The time of one as a fraction of the other's."""
        rounds = self.results[row].rounds
        return ratio(rounds[ours], rounds[theirs]) if rounds.get(ours) and rounds.get(theirs) else None

    def verdicts(self) -> list[Verdict]:
        """Which goals are met."""
        return verdicts(GOALS, self.results, self.roof) + memory_verdicts(self.memory)

    def json(self) -> str:
        """All of it, with every round, for programs; `read` reads it again."""
        return json.dumps(dataclasses.asdict(self), indent=1)

    @classmethod
    def read(cls, text: str) -> Findings:
        """Findings from their JSON."""
        data = json.loads(text)
        data["results"] = {row: _with_failures(Result, result) for row, result in data["results"].items()}
        for curve in data["curves"].values():
            for found in (curve["seconds"], curve.setdefault("noise", {})):
                for name, values in found.items():
                    found[name] = {int(size): value for size, value in values.items()}
        data["curves"] = {name: _with_failures(Curve, curve) for name, curve in data["curves"].items()}
        data["roof"] = Roof(**data["roof"])
        data["failures"] = [Failure(**failure) for failure in data["failures"]]
        return cls(**data)


def _with_failures(kind: Any, fields: dict[str, Any]) -> Any:
    failures = [Failure(**failure) for failure in fields.pop("failures")]
    return kind(**fields, failures=failures)
