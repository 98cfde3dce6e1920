"""A report as text for a terminal: the verdict, why, the worst number, and how to see it again.

Knows reports. No number is printed with more digits than its estimated error lets it have.
"""

import textwrap
from collections.abc import Iterator
from math import floor, isfinite, log10

import numpy as np

from .report import Cause, Entry, GradientReport, Step

_WIDTH = 100
_CODE = 20  # a longer reproduction is not printed


def to_text(report: GradientReport) -> str:
    """The report in about 30 lines of 100 columns, with a long reproduction 40; in one or two if all is right."""
    return "\n".join(_lines(report))


def rounded(x: float, error: float, most: int = 16) -> str:
    """A number with the digits that its error lets it have, the last of which is uncertain.

    >>> rounded(1.23456789, 2e-3), rounded(123456.0, 2e3), rounded(0.0, 1.0)
    ('1.235', '1.23e+05', '0')
    """
    if not isfinite(x) or x == 0:
        return f"{x + 0.0:g}"  # no -0
    digits = floor(log10(abs(x))) - floor(log10(error)) + 1 if error > 0 and isfinite(error) else 6 if error else most
    return f"{x:#.{min(max(digits, 1), most)}g}".replace(".e", "e").removesuffix(".")


def shown_steps(entry: Entry, most: int = 7) -> list[Step]:
    """Rows of the sweep; of a long one those around the row that was believed."""
    rows = list(entry.sweep)
    if len(rows) <= most:
        return rows
    if entry.believed is None:
        return [rows[k] for k in np.linspace(0, len(rows) - 1, most).round().astype(int).tolist()]
    start = min(max(rows.index(entry.believed) - most // 2, 0), len(rows) - most)
    return rows[start : start + most]


def sides_matter(entry: Entry, cause: Cause | None) -> bool:
    """Whether one-sided differences say something: at kinks and edges, and where nothing could be decided."""
    return entry.status in ("kink", "undefined", "undecided") or (cause is not None and cause.name in ("kink", "noise"))


def rounded_ratio(entry: Entry) -> str:
    """Analytic by numeric in its meaningful digits, or nothing where it does not tell."""
    if entry.ratio is None:
        return ""
    return rounded(entry.ratio, abs(entry.ratio) * entry.uncertainty / abs(entry.numeric), most=11)


def _lines(report: GradientReport) -> list[str]:
    lines = _wrapped(report.verdict)
    if report.suspicion:
        lines += _wrapped(report.suspicion, "  ")
    w = report.worst
    if w is not None and not report.ok and w.status != "right":
        lines += [*_wrapped(f"worst: {report.derivative_name(w)}", "  "), *_numbers(w)]
        marked = report.wrong_entries()
        if marked:
            more = [f"and in {len(marked) - 3} more inputs"] if len(marked) > 3 else []
            lines += _wrapped("wrong entries: " + ", ".join(marked[:3] + more), "  ")
        lines += _sweep(w, report.cause)
    if report.operation:
        lines += _wrapped(f"operation: {report.operation}", "  ")
    for finding in report.findings[:5]:
        lines += _wrapped(f"{finding.cause}: {finding.message}", "  ", most=2)
    if len(report.findings) > 5:
        lines.append(f"  and {len(report.findings) - 5} more findings, in report.findings")
    for remark in report.remarks:
        lines += _wrapped(remark, "  ")
    if report.ok or not report.reproduction:
        return lines
    code = report.reproduction.strip("\n").split("\n")
    if len(code) > _CODE:
        return [*lines, f"  to reproduce: print(report.reproduction), {len(code)} lines"]
    return [*lines, "  to reproduce:", *(f"    {line}" if line else "" for line in code)]


def _numbers(entry: Entry) -> Iterator[str]:
    error = entry.uncertainty
    analytic, numeric = rounded(entry.analytic, error), rounded(entry.numeric, error)
    yield f"    analytic  {analytic}"
    how = f"off by {entry.error:.2g}, tolerated {entry.tolerance:.2g}"
    numeric += f" ± {error:.2g}" if isfinite(entry.numeric) else ""
    yield f"    numeric   {numeric}" + (f"  ({how})" if isfinite(entry.error) else "")
    if entry.ratio is not None:
        yield f"    analytic / numeric = {rounded_ratio(entry)}"
    if entry.status in ("kink", "undefined"):
        yield f"    from the left {entry.backward:.6g}, from the right {entry.forward:.6g}"


def _sweep(entry: Entry, cause: Cause | None) -> Iterator[str]:
    if not entry.sweep:
        return
    sides, shown = sides_matter(entry, cause), shown_steps(entry, most=5)
    head = ["step", "central difference", "error"] + (["from the left", "from the right"] if sides else [])
    rows = [
        [f"{s.step:.1e}", rounded(s.numeric, s.error), f"{s.error:.1e}"]
        + ([f"{s.backward:.6g}", f"{s.forward:.6g}"] if sides else [])
        for s in shown
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    yield ("    " + "  ".join(map(str.ljust, head, widths))).rstrip()
    for step, row in zip(shown, rows, strict=True):
        line = "  ".join(map(str.ljust, row, widths))
        yield f"  > {line}  believed" if step is entry.believed else f"    {line}".rstrip()


def _wrapped(text: str, indent: str = "", most: int = 4) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", max_lines=most, placeholder=" …"
    )
