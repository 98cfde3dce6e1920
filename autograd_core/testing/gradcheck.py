"""Gradients against differences, with a tolerance that the differences themselves tell, and against other rules.

Puts the kit together: what is checked (`functions`), the numbers beside those that are claimed (`comparison`), what
else must hold (`properties`), why it is probably wrong (`diagnosis`, `culprit`), and what is said of it (`report`).
"""

import inspect
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ..errors import OptionError
from .arguments import argument_names, copied, import_names
from .comparison import Comparison
from .culprit import culprit_of
from .diagnosis import Evidence, cause_of_shape, diagnose
from .functions import adapted
from .properties import PROPERTIES, broken_rules
from .report import CAUSES, Cause, Entry, Finding, GradientMismatch, GradientReport
from .reproduction import reproduce
from .tally import TALLY


def gradcheck(
    function: Any,
    *inputs: Any,
    order: int = 1,
    mode: Literal["full", "random"] = "full",
    samples: int | None = None,
    eps: float | Literal["auto"] = "auto",
    rtol: float | None = None,
    rng: int | np.random.Generator | None = 0,
    skip: Collection[str] = (),
    raise_exception: bool = True,
) -> GradientReport:
    """Compare a gradient with differences, entry by entry, and see whether it keeps the other rules of derivatives.

    `function` is one of
      - a function of Tensors, or of arrays through NumPy's functions, called with `inputs`;
      - a module, checked by its inputs and its parameters;
      - a function without parameters, which reads Tensors that require gradients from elsewhere: these are `inputs`;
      - a pair `(f, vjp)` or a triple `(f, vjp, jvp)` of plain functions, where `vjp(*inputs, g)` returns one gradient
        for each input; or `(f, gradient)` of one number. `g` may stand anywhere if it is called so.
    `inputs` are arrays or nested lists, tuples and dicts of them; what is not floating point is held constant. Single
    and half precision are checked in double, unless the function does not compute in it.

    `mode="random"` compares derivatives in `samples` random directions (3), which takes a few evaluations however many
    entries there are, and looks for the entry only if one is wrong; "full" compares all entries, or `samples` random
    ones of each input. `order=2` also checks the gradient of the gradient (of the squared output), and so on. The step
    and the tolerance come from the precision and from differences over several steps; `eps` sets the first step, as a
    share of each number, and `rtol` widens the tolerance to that share of the numeric derivative. `skip` names rules
    that need not hold, of: repeatability, mutation, aliasing, shape, dtype, linearity, transposition, layout,
    precision, float32. Where the function has a kink, no gradient is judged.

    Raises: GradientMismatch if anything is wrong, unless `raise_exception` is False; OptionError, DTypeError,
    ShapeError, GraphError for what cannot be checked.

    >>> gradcheck(lambda x: ag.sin(x) * x, np.array([0.5, 2.0])).ok
    True
    >>> report = gradcheck((np.sin, lambda x, g: -g * np.cos(x)), np.array([0.5, 2.0]), raise_exception=False)
    >>> report.cause.name
    'sign'
    """
    __tracebackhide__ = True  # pytest then shows the line of the test
    _validate(order, mode, samples, eps, skip)
    given = copied(inputs)  # what the report shows is what the function was called with, whatever it does to it
    checked = adapted(function, inputs)
    generator = np.random.default_rng(rng)
    for k in range(1, order + 1):
        comparison = Comparison(checked, generator, None if eps == "auto" else eps, rtol)
        findings = [] if k > 1 else broken_rules(checked, comparison.point.cotangents, generator, skip=skip)
        if not any(finding.cause == "repeatability" for finding in findings):  # then differences say nothing
            comparison.run(mode, samples)
        report = _report(comparison, findings, k)
        if not report.ok:
            break
        if k < order:
            checked = checked.derived(comparison.point.cotangents)
    if not report.ok:
        options = {"order": order, "mode": mode, "samples": samples, "eps": eps, "rtol": rtol, "rng": rng, "skip": skip}
        defaults = inspect.signature(gradcheck).parameters
        unusual = {name: value for name, value in options.items() if value != defaults[name].default}
        text = reproduce(import_names(function), report.where, given, unusual, argument_names(function, len(given)))
        report = replace(report, reproduction=text, arguments=given)
    TALLY.count(report)
    if raise_exception and not report.ok:
        raise GradientMismatch(report)
    return report


def _validate(order: int, mode: str, samples: int | None, eps: Any, skip: Collection[str]) -> None:
    if order < 1:
        raise OptionError(f"gradcheck: order must be 1 or more, got {order!r}")
    if mode not in ("full", "random"):
        raise OptionError(f"gradcheck: mode must be 'full' or 'random', got {mode!r}")
    if samples is not None and samples < 1:
        raise OptionError(f"gradcheck: samples must be a positive whole number or None, got {samples!r}")
    if eps != "auto" and not (isinstance(eps, int | float) and 0 < eps < 1):
        raise OptionError(f"gradcheck: eps must be 'auto' or a step between 0 and 1, got {eps!r}")
    unknown = {skip} if isinstance(skip, str) else set(skip) - set(PROPERTIES)
    if unknown:
        raise OptionError(f"gradcheck: skip is a list of {', '.join(PROPERTIES)}; got {', '.join(sorted(unknown))}")


def _report(comparison: Comparison, findings: Sequence[Finding], order: int) -> GradientReport:
    """What one order came to."""
    point, entries = comparison.point, comparison.entries
    failed = comparison.count("wrong", "undecided") - comparison.unclear
    worst = max(entries, key=_badness, default=None)
    cause, culprit = None, None
    if failed and worst is not None:
        worst = comparison.explained(worst)
        culprit = culprit_of(comparison) if worst.status == "wrong" else None
    if failed or findings:
        evidence = culprit.evidence if culprit and culprit.evidence else _evidence(comparison, order)
        cause = _cause(comparison, findings, worst, evidence)
    return GradientReport(
        ok=not failed and not findings,
        order=order,
        checked=len(entries),
        failed=failed,
        kinks=comparison.count("kink", "undefined"),
        undecided=comparison.unclear,
        kink=next((comparison.unweighted(e) for e in entries if e.status in ("kink", "undefined")), None),
        worst=worst,
        findings=tuple(findings),
        cause=cause,
        function=point.function.name,
        where=point.function.where,
        operation=culprit.description if culprit else "",
        labels=tuple(point.function.labels),
        inputs=tuple(point.inputs),
        output_shapes=tuple(y.shape for y in point.outputs),
        method="complex step, confirmed by differences" if comparison.judge.takes_complex else "central differences",
        wrong=tuple(comparison.wrong) if failed else (),
    )


def _badness(entry: Entry) -> tuple[int, float]:
    """First what is wrong, by how much of what is tolerated; then what is undecided; then the rest."""
    rank = {"wrong": 3, "undecided": 2, "right": 1, "kink": 0, "undefined": 0}[entry.status]
    error = entry.error if rank == 1 else entry.error / entry.tolerance if entry.tolerance else np.inf
    return rank, float(np.inf if np.isnan(error) else error)


# What explains wrong numbers better than the numbers themselves.
_BEFORE_NUMBERS = ("repeatability", "mutation", "shape", "cotangent", "precision")


def _cause(comparison: Comparison, findings: Sequence[Finding], worst: Entry | None, evidence: Evidence) -> Cause:
    """The cause that explains most."""
    for name in _BEFORE_NUMBERS:
        for finding in findings:
            if finding.cause == name:
                return _of_shape(comparison) if name == "shape" else Cause(name, finding.message)
    if worst is not None and worst.status == "wrong":
        cause = diagnose(evidence)
        # rounding that comes of a type that was seen to be wrong
        types = [finding for finding in findings if finding.cause == "dtype" and cause.name == "precision"]
        return Cause("dtype", types[0].message) if types else cause
    if findings:
        return Cause(findings[0].cause, findings[0].message)
    return Cause("noise", CAUSES["noise"])


def _evidence(comparison: Comparison, order: int) -> Evidence:
    point = comparison.point
    return Evidence(
        inputs=point.inputs,
        labels=point.function.labels,
        outputs=point.outputs,
        cotangents=point.cotangents,
        analytic=point.analytic,
        numeric=comparison.numeric,
        error=comparison.error,
        wrong=comparison.wrong,
        columns=comparison.columns,
        pull=point.pull,
        order=order,
    )


def _of_shape(comparison: Comparison) -> Cause:
    point = comparison.point
    pairs = zip(point.inputs, point.analytic, point.fits, strict=True)
    x, g = next((x, g) for x, g, fits in pairs if not fits)
    return cause_of_shape(x.shape, g.shape, [y.shape for y in point.outputs])
