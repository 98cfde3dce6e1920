"""The results in words: one line for a terminal, and the page docs/agreement.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.agreement.comparison import ORDERS, TOLERANCE
from benchmarks.agreement.coverage import NO_COUNTERPART, registered
from benchmarks.agreement.pytorch import LARGEST
from benchmarks.agreement.tally import Row

_METHOD = f"""\
PyTorch keeps a table of its operations with sample inputs for each, which its own tests read. Each entry that has a
counterpart here is called on both sides with the same float64 numbers (int64 for what takes integers alone), and
compared are: the values; the first derivatives, for a random cotangent u; and the derivatives of <v, gradient> for a
random v by the arguments and by u, which are second derivatives and JVPs. Shapes and types must be equal, numbers equal
to {TOLERANCE:.0e} of the largest number that takes part, NaN equal to NaN. A difference must have an explanation in
`benchmarks/agreement/differences.py`, or the run fails."""


def summary(rows: Sequence[Row]) -> str:
    """All counts, as a list."""
    total = _totals(rows)
    compared = [row for row in rows if row.compared[0]]
    ours = {name for row in compared for name in registered(row.counterpart)}
    return "\n".join(
        [
            f"- compared: {len(ours)} operations, with {len({row.counterpart.theirs for row in compared})} entries of "
            f"PyTorch's table and {sum(row.samples for row in rows):,} samples",
            *(
                f"- {name}: {total[order]:,} samples compared, {total[f'{order} differs']:,} of them differ"
                for order, name in zip(ORDERS, ("values", "first derivatives", "second derivatives"), strict=True)
            ),
            f"- without a second derivative in PyTorch: {total['first only']:,}",
            f"- differences without an explanation: {total['failures']:,}",
            f"- refused here: {total['refused']:,}",
            f"- left out: {total['skipped']:,}",
            f"- seconds: {sum(row.seconds for row in rows):.0f}",
        ]
    )


def _totals(rows: Sequence[Row]) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in rows:
        for name, compared, differing in zip(ORDERS, row.compared, row.differing, strict=True):
            total[name] += compared
            total[f"{name} differs"] += differing
        total["failures"] += len(row.failures)
        total["refused"] += row.refused.total()
        total["skipped"] += row.skipped.total()
        total["first only"] += row.first_only
    return total


def page(rows: Sequence[Row], versions: Mapping[str, str], limit: int) -> str:
    """The whole page."""
    named = " and ".join(f"{name} {version}" for name, version in versions.items())
    compared = sorted((row for row in rows if row.compared[0]), key=lambda row: row.counterpart.theirs)
    return (
        "\n\n".join(
            [
                "# Agreement with PyTorch",
                f"Written by `python -m benchmarks.agreement` with {named}; what stands here is counted, not typed.",
                _METHOD,
                summary(rows),
                f"At most {limit} samples of an entry are taken, none with an array of more than {LARGEST:,} numbers.",
                *_failures(rows),
                "## Differences, and why",
                "An operation that PyTorch has under several names is counted under each. `count` is of samples.",
                _table(("PyTorch's entries", "count", "why"), _reasons(rows, "explained")),
                "## What PyTorch computes and we refuse",
                _table(("PyTorch's entries", "count", "what"), _reasons(rows, "refused")),
                "## Samples left out",
                _table(("what they ask for", "count"), [(k, str(v)) for k, v in _sum(rows, "skipped").most_common()]),
                "## Entry by entry",
                "`worst` is the largest difference that counts as rounding, relative to the largest number there.",
                _table(
                    ("PyTorch's entry", "here", "samples", "values", "first", "second", "differ", "worst"),
                    [_line(row) for row in compared],
                ),
                "## Operations without a counterpart in PyTorch's table",
                _table(("here", "why"), sorted((f"`{name}`", why) for name, why in NO_COUNTERPART.items())),
            ]
        )
        + "\n"
    )


def _failures(rows: Iterable[Row]) -> list[str]:
    failures = [f"- {failure}" for row in rows for failure in row.failures]
    return ["## Without an explanation", "\n".join(failures)] if failures else []


def _line(row: Row) -> tuple[str, ...]:
    ours = ", ".join(f"`{name}`" for name in row.counterpart.ours)
    differing = max(row.differing)
    counts = (str(row.samples), *map(str, row.compared), str(differing) if differing else "")
    return f"`{row.counterpart.theirs}`", ours, *counts, f"{row.worst:.0e}" if row.worst else "0"


def _sum(rows: Iterable[Row], what: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(getattr(row, what))
    return total


def _reasons(rows: Sequence[Row], what: str) -> list[tuple[str, ...]]:
    return [
        (
            ", ".join(dict.fromkeys(f"`{r.counterpart.theirs}`" for r in rows if why in getattr(r, what))),
            str(count),
            why,
        )
        for why, count in _sum(rows, what).most_common()
    ]


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *lines])
