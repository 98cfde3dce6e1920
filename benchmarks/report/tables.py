"""The findings in rows and columns. Markdown and HTML show the same tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.families import FAMILIES
from benchmarks.goals import Verdict
from benchmarks.libraries import LIBRARIES
from benchmarks.report.findings import Findings
from benchmarks.rows import ROWS
from benchmarks.scaling import Growth, growth
from benchmarks.work import WORK

MICROSECONDS = 1e6
OURS = ("ours", "captured")


@dataclass(frozen=True)
class Table:
    """A heading for each column, and the cells. The first `words` columns are text, the others numbers."""

    header: list[str]
    rows: list[list[str]]
    words: int = 1


def shown(findings: Findings, *companies: str) -> list[str]:
    """The contestants of these companies that ran, in their order."""
    return [name for name, library in LIBRARIES.items() if library.shown in companies and name in findings.libraries]


def times(findings: Findings, names: Sequence[str], against: Sequence[str] = OURS, described: bool = True) -> Table:
    """Medians in microseconds for each contestant; behind each rival, our time as a fraction of theirs."""
    names = [name for name in names if name in findings.libraries]
    rows = []
    for row in findings.results:
        cells = [_time(findings, row, name, against) for name in names]
        if any(cells):
            rows.append([row, *([ROWS[row].work] if described else []), *cells])
    words = ["row", "work"] if described else ["row"]
    return Table([*words, *(LIBRARIES[name].title for name in names)], rows, words=len(words))


def goals(findings: Findings) -> Table:
    """Each goal with what was measured, and by how much it is met or missed."""
    rows = [[v.row, v.words, _number(v.measured), _said(v)] for v in findings.verdicts()]
    return Table(["row", "goal", "measured", "met"], rows, words=2)


def start_ups(findings: Findings, names: Sequence[str]) -> Table:
    """Milliseconds of tracing, planning and compiling: nothing compiled before / compiled programs on the disk."""
    rows = []
    for row, result in findings.results.items():
        cells = [_start_up(result.start_up(name), result.start_up(name, warm=True)) for name in names]
        if any(cells):
            rows.append([row, *cells])
    return Table(["row", *(LIBRARIES[name].title for name in names)], rows)


def growths(findings: Findings) -> Table:
    """The exponent of the time of each contestant along each family, and of the work; who grows faster is said.

    Behind ± stands what noise may make of it.
    """
    names = list(dict.fromkeys(name for curve in findings.curves.values() for name in curve.seconds))
    rows = []
    for name, curve in findings.curves.items():
        family = FAMILIES[name]
        sizes = [size for values in curve.seconds.values() for size in values]
        whole = growth(family, dict.fromkeys(sizes, 1.0))
        found = [growth(family, curve.seconds.get(library, {}), curve.noise.get(library)) for library in names]
        cells = [_exponent(each, whole) for each in found]
        rows.append([family.axis, "" if whole is None else f"{whole.work:.2f}", *cells])
    return Table(["along", "work", *(LIBRARIES[library].title for library in names)], rows)


def points(findings: Findings, name: str) -> Table:
    """Microseconds per step of one family."""
    seconds = findings.curves[name].seconds
    sizes = sorted({size for values in seconds.values() for size in values})
    rows = [[f"{size:,}", *(_us(seconds[n].get(size)) for n in seconds)] for size in sizes]
    return Table([FAMILIES[name].axis, *(LIBRARIES[n].title for n in seconds)], rows, words=0)


def fractions(findings: Findings, names: Sequence[str]) -> Table:
    """What part of the machine's speed each contestant reaches."""
    rows = []
    roof = findings.roof
    for row in findings.results:
        if row not in WORK or not roof.copies or not roof.best_product():
            continue
        work = WORK[row]()
        spreads = [findings.spread(row, name) for name in names]
        cells = ["" if s is None else f"{roof.fraction(work, s.median):.1%}" for s in spreads]
        least = _us(roof.least_seconds(work))
        rows.append([row, roof.bound_by(work), _count(work.flops), _count(work.bytes), least, *cells])
    header = ["row", "bound by", "flop", "bytes", "least time, us", *(LIBRARIES[name].title for name in names)]
    return Table(header, rows, words=2)


def roof(findings: Findings) -> Table:
    """The matrix products and copies measured."""
    rows = [
        [f"matrix product, {LIBRARIES[name].title}", size, f"{speed / 1e9:,.0f} GFLOP/s"]
        for name, speeds in findings.roof.products.items()
        for size, speed in sorted(speeds.items(), key=lambda item: -item[1])[:1]
    ]
    rows += [
        ["copy, read and written", _count(int(size)) + "B", f"{speed / 1e9:,.0f} GB/s"]
        for size, speed in findings.roof.copies.items()
    ]
    return Table(["what", "size", "speed"], rows)


def memory(findings: Findings) -> Table:
    """Peak memory of a training step in MiB, and as a fraction of PyTorch's; and what is there whatever is done."""
    peaks: dict[str, dict[str, float]] = {}
    state = {}
    for entry in findings.memory:
        if "peak" in entry:
            peaks.setdefault(entry["row"], {})[entry["library"]] = entry["peak"]
            state[entry["row"]] = entry["state"]
    names = [name for name in LIBRARIES if any(name in values for values in peaks.values())]
    rows = []
    for row, values in peaks.items():
        cells = []
        for name in names:
            cell = f"{values[name] / 2**20:,.2f}" if name in values else ""
            if cell and name in OURS and values.get("torch", 0) > 0:
                cell += f" ({values[name] / values['torch']:.2f})"
            cells.append(cell)
        rows.append([row, *cells, f"{state[row] / 2**20:,.2f}"])
    return Table(["row", *(LIBRARIES[name].title for name in names), "parameters, optimizer, data"], rows)


def contestants(findings: Findings) -> Table:
    """Who took part, on what; and who did not, and why."""
    rows = [
        [LIBRARIES[name].title, ", ".join(f"{key} {value}" for key, value in facts.items())]
        for name, facts in findings.libraries.items()
    ]
    rows += [[LIBRARIES[name].title, f"did not run: {reason}"] for name, reason in findings.missing.items()]
    return Table(["contestant", "ran on"], rows, words=2)


def _time(findings: Findings, row: str, name: str, against: Sequence[str]) -> str:
    own = findings.spread(row, name)
    if own is None:
        return ""
    if name in against:
        return _us(own.median)
    ratios = [findings.ratio(row, ours, name) for ours in against]
    said = " / ".join("-" if r is None else fraction(r.median) for r in ratios)
    return f"{_us(own.median)} ({said})" if any(ratios) else _us(own.median)


def _said(verdict: Verdict) -> str:
    if verdict.missed is None:
        return "not measured"
    if verdict.met:
        return "yes"
    if verdict.missed >= 10:
        return f"no, {verdict.missed + 1:,.0f} times"
    return f"no, by {verdict.missed:.0%}" if verdict.missed >= 0.1 else f"no, by {verdict.missed:.1%}"


def _exponent(found: Growth | None, whole: Growth | None) -> str:
    if found is None or whole is None:
        return ""
    # whoever stopped earlier is compared with the work over the sizes that it did
    own = "" if abs(found.work - whole.work) < 0.005 else f" (work {found.work:.2f})"
    noise = f" ± {found.noise:.2f}" if found.noise >= 0.005 else ""
    return f"{found.time:.2f}{noise}{own}{', faster than its work' if found.faster_than_its_work else ''}"


def fraction(value: float) -> str:
    """A ratio in as many digits as anybody reads."""
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.095 else f"{value:.1g}"


def _start_up(cold: float | None, warm: float | None) -> str:
    if cold is None:
        return ""
    return _ms(cold) if warm is None else f"{_ms(cold)} / {_ms(warm)}"


def _us(seconds: float | None) -> str:
    if seconds is None:
        return ""
    value = seconds * MICROSECONDS
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ms(seconds: float) -> str:
    value = seconds * 1e3
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _count(value: float) -> str:
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {letter}"
    return f"{value:.3g} "
