"""From wrong numbers to the most probable cause: the mistake that, made in a right gradient, gives exactly these.

Knows the claimed gradient, the differences and the claimed VJP as a thing to ask further; knows neither how the
differences were taken nor who wrote the function. A guess, for a reader who has to find the mistake: nothing passes or
fails by it.

Note [What counts as an explanation]
A rule has to predict every entry that was compared, the wrong and the right ones, within the error of the differences
and a small share of what is off. One number fits many rules, so rules with a free constant want two numbers or more,
or a constant that can be named. Rules stand in `RULES` from the most to the least telling; the first that explains
all inputs that are wrong wins, else the first that explains the input with the most wrong entries.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ..report import Cause
from .axes import broadcast, swapped, transposed
from .entries import few, figure, region, region_anywhere, side_of, some_outputs
from .evidence import (
    JACOBIAN,
    Array,
    Claim,
    Evidence,
    View,
    broadcast_axes,
    cosine,
    digits_of,
    entries_text,
    wrong_rows,
)
from .formulas import entry_by_entry, inner, term
from .jacobians import in_other_places, partly_summed, partly_there, used_again
from .whole import (
    cotangent_mixed,
    cotangent_not_linear,
    factor,
    flat,
    not_finite,
    not_repeatable,
    passed_through,
    precision,
    rounded,
    sign,
    zero,
)

__all__ = ["Evidence", "cause_of_shape", "diagnose"]


RULES: tuple[Callable[[View], Cause | None], ...] = (
    not_finite,
    zero,
    not_repeatable,
    cotangent_not_linear,
    flat,
    sign,
    swapped,
    broadcast,
    partly_summed,
    factor,
    precision,
    transposed,
    in_other_places,
    used_again,
    region,
    figure,
    region_anywhere,
    few,
    some_outputs,
    inner,
    term,
    passed_through,
    cotangent_mixed,
    rounded,
    entry_by_entry,
    partly_there,
)
"""What can be wrong, from the most to the least telling. Each explains one input, or gives None."""


def diagnose(evidence: Evidence) -> Cause:
    """The most probable cause of the wrong numbers, with the numbers that say so.

    >>> x, u = np.array([0.3, -1.2, 2.0]), np.array([0.7, 1.1, -0.4])
    >>> claimed = lambda cotangents: [4 * x * cotangents[0]]  # of x * x
    >>> diagnose(Evidence([x], ["x"], [x * x], [u], claimed([u]), [2 * x * u], [np.full(3, 1e-9)],
    ...                   [np.full(3, True)], [None], claimed)).message
    'the gradient of x: analytic = 2 x numeric in all 3 entries, a factor 2 too much'
    """
    for x, gradient, wrong in zip(evidence.inputs, evidence.analytic, evidence.wrong, strict=True):
        if np.shape(gradient) != x.shape and wrong.any():
            return cause_of_shape(x.shape, np.shape(gradient), [y.shape for y in evidence.outputs])
    with np.errstate(all="ignore"):  # rules divide by what may be zero, and then see that they do not fit
        outputs, focused = _only_wrong_outputs(evidence)
        cause = _cause(focused)
    if evidence.order > 1 and cause.name not in ("not finite", "precision", "repeatability"):
        cause = Cause("second order", f"when differentiated again, {cause.message}")
    return Cause(cause.name, outputs + cause.message)


def cause_of_shape(input_shape: Sequence[int], gradient_shape: Sequence[int], output_shapes: Any) -> Cause:
    """Why a gradient may have another shape than its input.

    >>> cause_of_shape((3,), (4, 3), [(4, 3)]).message
    'the gradient has shape (4, 3), its input (3,): it is not summed over axis 0, along which the input was broadcast'
    """
    x, gradient, outputs = tuple(input_shape), tuple(gradient_shape), [tuple(shape) for shape in output_shapes]
    what = f"the gradient has shape {gradient}, its input {x}: "
    axes = broadcast_axes(x, gradient)
    if axes:
        several = "axes " + ", ".join(map(str, axes)) if len(axes) > 1 else f"axis {axes[0]}"
        return Cause("broadcast", f"{what}it is not summed over {several}, along which the input was broadcast")
    if sorted(x) == sorted(gradient):
        return Cause("transposed", f"{what}axes are exchanged")
    if prod(x) == prod(gradient):
        return Cause("shape", f"{what}as many numbers, so it wants a reshape")
    if gradient in outputs:
        return Cause("shape", f"{what}it has the shape of the output instead")
    return Cause("shape", f"{what}a gradient has the shape of its input")


def _only_wrong_outputs(evidence: Evidence) -> tuple[str, Evidence]:
    """If what comes from some outputs is right, the evidence about the others; and words for them."""
    shapes = [y.shape for y in evidence.outputs]
    if len(shapes) == 1 or any(c is None for c, w in zip(evidence.columns, evidence.wrong, strict=True) if w.any()):
        return "", evidence
    claim = Claim(evidence)
    views = [View(claim, i) for i, wrong in enumerate(evidence.wrong) if wrong.any()]
    bounds = np.cumsum([0, *map(prod, shapes)])
    off = np.zeros(bounds[-1], bool)
    for view in views:
        if view.both is None:
            return "", evidence
        off |= wrong_rows(*view.both)
    chosen = [k for k in range(len(shapes)) if off[bounds[k] : bounds[k + 1]].any()]
    if not chosen or len(chosen) == len(shapes):
        return "", evidence
    rows = np.concatenate([np.arange(bounds[k], bounds[k + 1]) for k in chosen])
    u = [evidence.cotangents[k] for k in chosen]

    def pull(cotangents: list[Array]) -> list[Array]:
        given = dict(zip(chosen, cotangents, strict=True))
        return evidence.pull([given.get(k, np.zeros(shape)) for k, shape in enumerate(shapes)])

    columns = [None if c is None else c[rows] for c in evidence.columns]
    analytic = [np.asarray(g, np.float64) for g in pull(u)]
    numeric: list[Array] = []
    error: list[Array] = []
    wrong: list[Array] = []
    flat = np.concatenate([np.ravel(c) for c in u])
    for x, a, c, e, w in zip(evidence.inputs, analytic, columns, evidence.error, evidence.wrong, strict=True):
        n = np.full(x.shape, np.nan) if c is None else (flat @ c).reshape(x.shape)
        n = np.where(np.isfinite(evidence.numeric[len(numeric)]), n, np.nan)
        bound = e + 1e-6 * np.abs(n)
        numeric.append(n)
        error.append(bound)
        wrong.append(w & ~(np.abs(a - n) <= bound))
    if not any(w.any() for w in wrong):
        return "", evidence
    focused = replace(
        evidence, outputs=[evidence.outputs[k] for k in chosen], cotangents=u, analytic=analytic, numeric=numeric,
        error=error, wrong=wrong, columns=columns, pull=pull,
    )  # fmt: skip
    return f"only what comes from output {', '.join(map(str, chosen))} of {len(shapes)} is wrong: ", focused


def _cause(evidence: Evidence) -> Cause:
    case = Claim(evidence)
    views = [View(case, i) for i, wrong in enumerate(evidence.wrong) if wrong.any()]
    if not views:
        return Cause("unrelated", "no number is known to be wrong")
    for rule in RULES:
        causes: list[Cause] = []
        for view in views:
            cause = rule(view)
            if cause is None:
                break
            causes.append(cause)
        else:
            others = [f"; likewise {view.label}" for view in views[1:] if causes[0].name != "swapped"]
            return Cause(causes[0].name, causes[0].message + "".join(others))
    worst = max(views, key=lambda view: int(view.wrong.sum()))
    return next((cause for rule in RULES if (cause := rule(worst))), None) or _otherwise(worst)


def _otherwise(v: View) -> Cause:
    """No rule explains it: say how far the numbers agree."""
    right = v.known & ~v.wrong
    if cause := side_of(v, right, zero=True):
        return cause
    if 0 < 2 * v.wrong.sum() <= right.sum():
        return Cause("entries", f"{v.what} is wrong in {entries_text(v.wrong)}, right in {right.sum()} others")
    a, n = v.a[v.telling], v.n[v.telling]
    numbers = f"the largest numbers are {np.abs(a).max():.4g} and {np.abs(n).max():.4g}" if a.size else ""
    if a.size == 1:
        ratio = (
            f"analytic = {digits_of(float(a[0] / n[0]))} x numeric in the one number there is ({a[0]:.6g}, {n[0]:.6g})"
        )
        return Cause("factor", f"{v.what}: {ratio}; one number is too few to tell why")
    if v.both is not None and np.all(np.sign(a) == np.sign(n)) and a.size > 2 and _same_zeros(*v.both):
        low, high = np.min(a / n), np.max(a / n)
        return Cause("inner", f"{v.what}: analytic / numeric varies from {low:.4g} to {high:.4g}, entry by entry")
    # the sums over the outputs may be alike by chance, the Jacobians hardly
    alignment = cosine(v.a, v.n, v.telling) if v.both is None else cosine(*v.both, np.full(v.both[0].shape, True))
    if alignment > 0.5:
        return Cause("term", f"{v.what} is near, but not a multiple: the cosine between both is {alignment:.3g}")
    return Cause("unrelated", f"{v.what} has the cosine {alignment:.2g} with the differences; {numbers}")


def _same_zeros(claimed: Array, numeric: Array) -> bool:
    zeros = [np.abs(j) <= JACOBIAN * np.abs(j).max() for j in (claimed, numeric)]
    return bool(np.array_equal(*zeros) and 2 * zeros[1].sum() >= zeros[1].size)
