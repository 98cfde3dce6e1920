"""The results in words: tables for a terminal, and the page docs/gradcheck-selftest.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.gradcheck.bugs import KINDS, Bug
from benchmarks.gradcheck.rivals import Checker
from benchmarks.gradcheck.tally import OURS, Alarms, BugRow, RightRow, middle

_INTRODUCTION = """\
Wrong derivatives of many kinds are given to the check, which must catch them and name the cause; right ones must pass
on all inputs drawn. The same functions are given to the checks of PyTorch and JAX, with their own defaults: through
`torch.autograd.Function` on shared memory, and through `jax.custom_vjp` with callbacks. The bugs are in
`benchmarks/gradcheck/bugs/`, the right derivatives in `benchmarks/gradcheck/right/`. The causes that count as right are
written down with each bug, before anything is checked; two of them only where two names say the same thing."""

_AIMS = {"caught": 0.98, "cause": 0.80}


@dataclass
class Results:
    """All that a run has found."""

    bugs: list[BugRow] = field(default_factory=list)
    right: list[RightRow] = field(default_factory=list)
    alarms: list[Alarms] = field(default_factory=list)
    rivals: Sequence[Checker] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def checkers(self) -> list[str]:
        return [OURS, *(rival.name for rival in self.rivals)]

    @property
    def draws(self) -> int:
        return len(self.bugs[0].verdicts[OURS])

    @property
    def false_alarms(self) -> int:
        ours = sum(alarms.raised[OURS] for alarms in self.alarms)
        return ours + sum(row.alarms for row in self.right)

    def share(self, what: str) -> float:
        """How many of all checks of a bug caught it, or caught it and named the right cause."""
        found = sum(row.caught() if what == "caught" else row.named for row in self.bugs)
        return found / (len(self.bugs) * self.draws)

    @property
    def failures(self) -> list[str]:
        """The aims that were missed."""
        missed = [
            f"{what} in {self.share(what):.1%}, aim {aim:.0%}" for what, aim in _AIMS.items() if self.share(what) < aim
        ]
        return missed + ([f"{self.false_alarms:,} false alarms, aim 0"] if self.false_alarms else [])


def summary(results: Results) -> str:
    """The figures, as a list."""
    everywhere = sum(row.caught() == results.draws for row in results.bugs)
    lines = [
        f"- wrong derivatives: {len(results.bugs)}, each at {results.draws} draws of its inputs",
        f"- caught: {results.share('caught'):.1%} of the checks; {everywhere} bugs at every draw",
        f"- right cause named: {results.share('cause'):.1%} of the checks",
        f"- right derivatives: {len(results.right)}, {sum(row.inputs for row in results.right):,} inputs drawn, "
        f"{sum(row.checked for row in results.right):,} numbers compared",
        f"- false alarms: {results.false_alarms:,}",
    ]
    return "\n".join([*lines, *(f"- AIM MISSED: {failure}" for failure in results.failures)])


def page(results: Results) -> str:
    """The whole page."""
    named = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    parts = [
        "# Self-test of the gradient check",
        f"Written by `python -m benchmarks.gradcheck` with {named}; what stands here is counted, not typed.",
        _INTRODUCTION,
        summary(results),
        "## Right derivatives",
        right_table(results),
        *_named_alarms(results),
        "## Wrong derivatives by kind",
        kind_table(results),
        "## Side by side",
        rival_table(results),
        "A bug that a library has no words for, such as writing into an immutable array, is not counted as missed. "
        "Times are medians of one check, relative to ours.",
        "### False alarms",
        alarm_table(results),
        "The same right derivatives for all, in checks that objected of checks made. At a kink any number between the "
        "one-sided derivatives counts as right. In float32 the function computes in single precision whatever it is "
        "given.",
        *_objections(results),
        "### What each says of one bug",
        *_said_of_one(results),
        "## Bug by bug",
        "Numbers are draws at which the bug was caught, and at which the right cause was named as well; `-` is a bug "
        "that cannot be expressed.",
        bug_table(results),
    ]
    return "\n\n".join(parts) + "\n"


def right_table(results: Results) -> str:
    """Right derivatives by group."""
    groups = {row.group: [r for r in results.right if r.group == row.group] for row in results.right}
    lines = [_right_line(group, rows) for group, rows in groups.items()]
    header = ("where from", "functions", "inputs drawn", "numbers compared", "false alarms")
    return _table(header, [*lines, _right_line("all", results.right)])


def _right_line(group: str, rows: Sequence[RightRow]) -> tuple[str, ...]:
    counts = (sum(r.inputs for r in rows), sum(r.checked for r in rows), sum(r.alarms for r in rows))
    return group, str(len(rows)), *(f"{n:,}" for n in counts)


def _named_alarms(results: Results) -> list[str]:
    alarms = [row for row in results.right if row.alarms]
    if not alarms:
        return []
    lines = [(f"{row.group}: {row.name}", str(row.alarms), row.cause) for row in alarms]
    return ["False alarms:", _table(("function", "inputs", "cause named"), lines)]


def kind_table(results: Results) -> str:
    """Bugs by kind."""
    rows = {row.bug.name: row for row in results.bugs}
    lines = []
    for kind, bugs in KINDS.items():
        found = [rows[bug.name] for bug in bugs]
        checks = len(found) * results.draws
        caught, named = sum(row.caught() for row in found), sum(row.named for row in found)
        lines.append((kind, str(len(bugs)), f"{caught / checks:.0%}", f"{named / checks:.0%}"))
    return _table(("kind", "bugs", "caught", "right cause"), lines)


def rival_table(results: Results, relative: bool = True) -> str:
    """What each checker caught, and how long it took."""
    lines = []
    ours = middle(_seconds(results, OURS))
    for checker in results.checkers:
        expressed = [row for row in results.bugs if row.expressed(checker)]
        caught, checks = sum(row.caught(checker) for row in expressed), len(expressed) * results.draws
        every = sum(row.caught(checker) == results.draws for row in expressed)
        took = middle(_seconds(results, checker))
        time = f"{took / ours:.2g}" if relative else f"{took:.1f} ms"
        lines.append((f"`{checker}`", str(len(expressed)), str(every), f"{caught / checks:.1%}", time))
    return _table(("check", "bugs expressed", "caught at every draw", "of all checks", "time"), lines)


def _seconds(results: Results, checker: str) -> list[float]:
    return [v.seconds for row in results.bugs for v in row.verdicts[checker] if v.caught is not None]


def alarm_table(results: Results) -> str:
    """False alarms of each checker on the same right derivatives."""
    lines = [
        (alarms.sort, *(f"{alarms.raised[c]:,} of {alarms.asked[c]:,}" for c in results.checkers))
        for alarms in results.alarms
    ]
    return _table(("right derivatives", *(f"`{c}`" for c in results.checkers)), lines)


def _objections(results: Results) -> list[str]:
    return [
        f"`{checker}` objects {alarms.sort} to: {', '.join(sorted(alarms.functions[checker]))}."
        for alarms in results.alarms
        for checker in results.checkers
        if alarms.functions.get(checker)
    ]


_SHOWN = "weight of a square matmul transposed"
_LINES = 16


def _said_of_one(results: Results) -> list[str]:
    row = next(row for row in results.bugs if row.bug.name == _SHOWN)
    parts = [f"The bug: {_SHOWN}, `lambda a, b, g: (g @ b.T, (a.T @ g).T)`."]
    for checker in results.checkers:
        words = row.verdicts[checker][0].words.splitlines()
        more = [f"[{len(words) - _LINES} more lines]"] if len(words) > _LINES else []
        parts += [f"`{checker}`:", "\n".join(["```text", *(line.rstrip() for line in words[:_LINES]), *more, "```"])]
    return parts


def bug_table(results: Results) -> str:
    """Each bug and what was said of it."""
    header = (
        "bug",
        "right cause",
        "said",
        "caught",
        "cause",
        *(f"{rival.name.split('.')[0]}" for rival in results.rivals),
    )
    return _table(header, [_bug_line(row, results) for row in results.bugs])


def _bug_line(row: BugRow, results: Results) -> tuple[str, ...]:
    others = [str(row.caught(r.name)) if row.expressed(r.name) else "-" for r in results.rivals]
    return row.bug.name, _causes(row.bug), row.said, str(row.caught()), str(row.named), *others


def _causes(bug: Bug) -> str:
    return " or ".join(bug.causes)


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *lines])
