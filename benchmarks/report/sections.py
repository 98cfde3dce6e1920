"""The report from top to bottom: headings, sentences, tables and pictures. Markdown and HTML follow this list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.families import FAMILIES
from benchmarks.libraries import LIBRARIES
from benchmarks.measure import CHECKED_STEPS
from benchmarks.report import charts, tables
from benchmarks.report.findings import Findings
from benchmarks.report.tables import Table
from benchmarks.scaling import SLACK, growth


@dataclass(frozen=True)
class Picture:
    """An SVG drawing. `name` is that of its file where it lies beside the text."""

    name: str
    svg: str


@dataclass(frozen=True)
class Section:
    """A heading, and below it sentences, tables and pictures in order. `folded`: shown on demand where that exists."""

    title: str
    parts: list[str | Table | Picture]
    folded: bool = False


def headline(findings: Findings) -> str:
    """What came out, in a few sentences."""
    judged = [verdict for verdict in findings.verdicts() if verdict.met is not None]
    met = sum(bool(verdict.met) for verdict in judged)
    sentences = []
    for who, rival in (("ours", "torch"), ("captured", "torch"), ("captured", "jax")):
        ratios = [findings.ratio(row, who, rival) for row in findings.results if row != "import"]
        medians = [found.median for found in ratios if found]
        if medians:
            faster = sum(median < 1 for median in medians)
            sentences.append(
                f"{LIBRARIES[who].title} is faster than {LIBRARIES[rival].title} in {faster} of "
                f"{len(medians)} rows ({tables.fraction(min(medians))} to {tables.fraction(max(medians))} of its time)."
            )
    if findings.curves:
        growing = _fast_growing(findings, tables.OURS)
        sentences.append(f"Growing faster than the work: {'; '.join(growing) or 'none of ours'}.")
    if judged:
        sentences.append(f"{met} of {len(judged)} goals are met.")
    return " ".join(sentences)


def sections(findings: Findings) -> Iterator[Section]:
    """All sections that have something to say."""
    first = tables.shown(findings, "first")
    if findings.results:
        yield _times(findings, first)
        if findings.verdicts():
            yield Section("Goals", ["What this project set out to reach, judged by this run.", tables.goals(findings)])
    if any(result.cold for result in findings.results.values()):
        shown = tables.shown(findings, "first", "variants")
        yield Section(
            "Start-up",
            [
                f"Milliseconds that the first {CHECKED_STEPS} steps of a fresh process take beyond as many later ones: "
                "tracing, planning, compiling, and whatever else is done once. Behind the slash: in a second process, "
                "which finds on the disk what the first one compiled.",
                tables.start_ups(findings, shown),
            ],
        )
    if findings.curves:
        yield _curves(findings)
    if findings.roof.products:
        yield _roof(findings, first)
    if findings.memory:
        yield Section(
            "Peak memory",
            [
                "MiB held at the peak of a step beyond parameters, optimizer state and data; in brackets as a fraction "
                "of PyTorch's. The same allocator counts for all libraries, each row in a fresh process. In mlp_deep "
                "with checkpoints every 6 of 24 layers keep only their inputs, and are computed again in the sweep.",
                tables.memory(findings),
                *(f"{sentence}." for sentence in findings.dominating),
            ],
        )
    yield from _more(findings)


def _times(findings: Findings, first: list[str]) -> Section:
    return Section(
        "Time of a step",
        [
            "Each mark is one contestant's time for one training step, or one forward and backward pass, as a multiple "
            "of eager PyTorch's in the same run.",
            Picture("times", charts.times(findings, first)),
            "Medians in microseconds. Behind each rival: the time of eager / of captured as a fraction of the rival's, "
            "the median over rounds, so that below 1 ours is faster.",
            tables.times(findings, first),
        ],
    )


def _curves(findings: Findings) -> Section:
    parts: list[str | Table | Picture] = [
        "Time of a step over the size of the problem, both on logarithmic axes. The grey band grows like the work, "
        f"that is, like the floating-point operations. "
        f"Growing faster than that: {'; '.join(_fast_growing(findings)) or 'nobody'}."
    ]
    libraries = list(dict.fromkeys(name for curve in findings.curves.values() for name in curve.seconds))
    parts.append(Picture("scaling_legend", charts.legend(libraries)))
    parts += [Picture(f"scaling_{name}", charts.curve(findings, name)) for name in findings.curves]
    parts += [
        "Exponents of power laws, time = constant x size ^ exponent, fitted over the upper half of the sizes in "
        "logarithmic scale, as small sizes cost what a call costs; where the time's exponent is below the work's, that "
        "still counts. Each point is the fastest of its rounds; behind ± stands by how much the exponent would change, "
        "at worst, if each point were as slow as the median of its rounds. A contestant grows faster than its work if "
        f"its exponent, less that, exceeds the work's by more than {SLACK:g}: floating-point operations are not all "
        "that there is to do, and what outgrows a cache pays more for each: arrays of millions of numbers do, and the "
        "copies under Roofline are slower by as much.",
        tables.growths(findings),
    ]
    parts += [
        f"{LIBRARIES[library].title} along {FAMILIES[name].axis}: {reason}."
        for name, curve in findings.curves.items()
        for library, reason in curve.stopped.items()
    ]
    if "uncollected" in libraries:
        parts.append(
            "Python's search for cyclic garbage goes through all living objects again whenever there are a quarter "
            f"more of them, so that a graph of many operations pays for its size. {LIBRARIES['uncollected'].title}: "
            "the same code with that search switched off, which is what remains of the growth without it."
        )
    return Section("Scaling", parts)


def _fast_growing(findings: Findings, among: Sequence[str] = tuple(LIBRARIES)) -> list[str]:
    return [
        f"{LIBRARIES[library].title} along {FAMILIES[name].axis}"
        for name, curve in findings.curves.items()
        for library, seconds in curve.seconds.items()
        if library in among
        and (fitted := growth(FAMILIES[name], seconds, curve.noise.get(library)))
        and fitted.faster_than_its_work
    ]


def _roof(findings: Findings, first: list[str]) -> Section:
    return Section(
        "Roofline",
        [
            "How fast each row's arithmetic runs, under what this machine can do: the fastest float32 matrix product "
            "of any contestant in this run, and copies of arrays. Only the work that cannot be avoided counts: "
            "products, and inputs and parameters moved once. Small rows lie low because a step costs time "
            "even when there is little to compute.",
            Picture("roofline", charts.roofline(findings, first)),
            "The fraction of the machine's speed that each contestant reaches.",
            tables.fractions(findings, first),
            tables.roof(findings),
        ],
    )


def _more(findings: Findings) -> Iterator[Section]:
    others, variants = tables.shown(findings, "others"), tables.shown(findings, "variants")
    if findings.results and others:
        shown = tables.times(findings, ["ours", "captured", *others], described=False)
        yield Section("Other libraries", ["As above.", shown])
    if findings.results and variants:
        yield Section(
            "Variants of ours",
            [
                "NumPy alone: without llvmlite (`AUTOGRAD_CORE_NATIVE=0`). AVX-512 BLAS: with "
                "`OPENBLAS_CORETYPE=SkylakeX`, which makes OpenBLAS take its AVX-512 kernels where it chose others.",
                _beside(findings, variants),
            ],
        )
    if findings.curves:
        parts: list[str | Table | Picture] = []
        for name in findings.curves:
            parts += [FAMILIES[name].title, tables.points(findings, name)]
        yield Section("Scaling, the numbers", ["Microseconds a step.", *parts], folded=True)
    lines = [*findings.machine.items(), *findings.settings.items()]
    yield Section(
        "Machine and method",
        [
            Table(["", ""], [[key, value] for key, value in lines], words=2),
            tables.contestants(findings),
            "Each contestant runs in a process of its own, a fresh one for each row. Before anything is timed, values, "
            "gradients and moved parameters after a few steps must agree between all of them to float32 rounding. "
            "Rounds take turns, so that a noisy machine disturbs all alike; ratios are taken round by round. Absolute "
            "times differ from machine to machine.",
        ],
    )
    if findings.failures:
        yield Section(
            "What failed", [f"{LIBRARIES[f.library].title}, {f.row}: {_last(f.message)}" for f in findings.failures]
        )


def _beside(findings: Findings, variants: list[str]) -> Table:
    names = ["ours", "captured", *variants]
    return tables.times(findings, names, against=names, described=False)


def _last(message: str) -> str:
    return message.strip().splitlines()[-1][:300] if message.strip() else ""
