"""Runs: each bug with each checker at several draws, and each right derivative at many."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from autograd_core.containers import flatten
from benchmarks.gradcheck import kit
from benchmarks.gradcheck.bugs import BUGS, Bug
from benchmarks.gradcheck.numbers import in_single
from benchmarks.gradcheck.right import AT_KINKS, BY_HAND, GROUPS, Right
from benchmarks.gradcheck.rivals import Checker
from benchmarks.gradcheck.verdict import Verdict

OURS = "autograd_core.testing.gradcheck"


# --- bugs -------------------------------------------------------------------------------------------------------------


@dataclass
class BugRow:
    """What each checker said of one bug, draw by draw."""

    bug: Bug
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)

    def caught(self, checker: str = OURS) -> int:
        return sum(v.caught is True for v in self.verdicts[checker])

    def expressed(self, checker: str) -> bool:
        return all(v.caught is not None for v in self.verdicts[checker])

    @property
    def named(self) -> int:
        """How often the bug was caught and the cause right."""
        return sum(v.caught is True and v.cause in self.bug.causes for v in self.verdicts[OURS])

    @property
    def said(self) -> str:
        """The causes named, the most frequent first."""
        found = Counter(v.cause or "(none)" for v in self.verdicts[OURS] if v.caught)
        return ", ".join(name for name, _ in found.most_common())

    def __str__(self) -> str:
        draws = len(self.verdicts[OURS])
        text = f"{self.bug.name:64} caught {self.caught()}/{draws}, cause {self.named}/{draws}"
        return text if self.named == draws else f"{text}: {'/'.join(self.bug.causes)}, said {self.said or 'nothing'}"


def run_bugs(draws: int, rivals: Sequence[Checker]) -> Iterator[BugRow]:
    """Each bug, at inputs drawn with the seeds 0, 1, ... for all checkers alike."""
    for bug in BUGS:
        row = BugRow(bug, {OURS: [kit.ask_about(bug, seed) for seed in range(draws)]})
        for rival in rivals:
            row.verdicts[rival.name] = [rival.ask_about(bug, seed) for seed in range(draws)]
        yield row


# --- right derivatives ------------------------------------------------------------------------------------------------


@dataclass
class RightRow:
    """The counts of one right derivative, and what was said where it was taken for wrong."""

    group: str
    name: str
    inputs: int = 0
    checked: int = 0
    alarms: int = 0
    words: str = ""
    cause: str = ""

    def __str__(self) -> str:
        text = f"{self.group}: {self.name}, {self.inputs} inputs, {self.checked:,} numbers"
        return f"{text}, {self.alarms} FALSE ALARMS\n{self.words}" if self.alarms else text


def run_right(draws: int, workers: int | None = None) -> Iterator[RightRow]:
    """Each right derivative of each group that is installed, at so many inputs. In no particular order."""
    tasks = [(group, i, draws) for group in GROUPS for i in range(len(members(group)))]
    context = multiprocessing.get_context("spawn")  # a fork of a process that runs threads may hang
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=context) as pool:
        yield from (future.result() for future in as_completed([pool.submit(check_right, *task) for task in tasks]))


def members(group: str) -> Sequence[Any]:
    """The right derivatives of a group; none where its library is not installed."""
    try:
        return GROUPS[group]()
    except ImportError:
        return []


def check_right(group: str, index: int, draws: int) -> RightRow:
    """Check one right derivative at so many inputs."""
    case = members(group)[index]
    row = RightRow(group, case.name)
    with case.within():
        for seed, (function, inputs) in enumerate(case.calls(draws, seed=index)):
            verdict = kit.ask(function, inputs, seed=seed)
            row.inputs += 1
            row.checked += verdict.checked
            if verdict.caught:
                row.alarms += 1
                row.words, row.cause = row.words or verdict.words, row.cause or verdict.cause
    return row


# --- false alarms of all checkers -------------------------------------------------------------------------------------


@dataclass
class Alarms:
    """How often each checker objected to right derivatives of one sort, and how often it was asked."""

    sort: str
    asked: Counter[str] = field(default_factory=Counter)
    raised: Counter[str] = field(default_factory=Counter)
    functions: dict[str, set[str]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def count(self, checker: str, name: str, verdict: Verdict) -> None:
        if verdict.caught is None:
            return
        self.asked[checker] += 1
        self.raised[checker] += verdict.caught
        self.functions.setdefault(checker, set())
        if verdict.caught:
            self.functions[checker].add(name)
        self.seconds.setdefault(checker, []).append(verdict.seconds)


def in_single_precision(case: Right) -> Right:
    """The same function for arrays in single precision, and computed in it whatever is given."""
    f, vjp = _positional(case.function)[:2]

    def f_single(*inputs: Any) -> Any:
        return _narrow(f(*_narrow(inputs)))

    def vjp_single(*inputs: Any, g: Any) -> Any:
        return _narrow(vjp(*_narrow(inputs), _narrow(g)))

    return Right(case.name, (f_single, vjp_single), [in_single(x) for x in case.inputs])


def _narrow(tree: Any) -> Any:
    """The same containers with all that is in double precision in single."""
    leaves, rebuild = flatten(tree)
    return rebuild([np.asarray(x, np.float32) if np.asarray(x).dtype == np.float64 else x for x in leaves])


def run_alarms(draws: int, rivals: Sequence[Checker]) -> Iterator[Alarms]:
    """The same right derivatives for all: smooth, at kinks, and computed in single precision."""
    sorts = {
        "where smooth": BY_HAND,
        "at kinks": AT_KINKS,
        "in float32": [in_single_precision(case) for case in BY_HAND],
    }
    for sort, cases in sorts.items():
        alarms = Alarms(sort)
        for index, case in enumerate(cases):
            for seed, (function, inputs) in enumerate(case.calls(draws, seed=index)):
                alarms.count(OURS, case.name, kit.ask(function, inputs, seed=seed))
                for rival in rivals:
                    alarms.count(rival.name, case.name, rival.ask(_positional(function), inputs))
        yield alarms


def _positional(function: tuple[Any, ...]) -> tuple[Any, ...]:
    """The pair with the cotangent as the last argument, for a VJP that takes it by name alone."""
    f, vjp, *rest = function
    if vjp.__code__.co_kwonlyargcount:
        return f, lambda *inputs: vjp(*inputs[:-1], g=inputs[-1]), *rest
    return function


def middle(seconds: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return 1000 * median(seconds) if seconds else 0.0
