"""Rules about numbers: that they come out the same again, whatever the layout, and obey the algebra of derivatives."""

from collections.abc import Callable, Iterator

import numpy as np

from ..report import Finding
from .rounding import largest
from .trial import Array, Trial, apart, copies

Layout = Callable[[Array], Array]


def repeatability(trial: Trial) -> Iterator[Finding]:
    """Equal inputs give equal numbers, whatever was called in between.

    Up to the square root of eps: threads may add up in any order, and a cancellation may follow; what draws random
    numbers, or adds to its last result, is off by more.
    """
    yield from trial.unsteady


def linearity(trial: Trial) -> Iterator[Finding]:
    """The VJP is linear in its cotangent: J'(2 u - 3 w) = 2 J'u - 3 J'w, and J'0 = 0."""
    u, w = trial.cotangents, trial.random(trial.cotangents)
    mixed = [np.asarray(2 * a - 3 * b, a.dtype) for a, b in zip(u, w, strict=True)]
    of_u = trial.gradients
    of_w, of_mixed, of_zero = (trial.pull(trial.inputs, v) for v in (w, mixed, [np.zeros_like(a) for a in u]))
    for i, label in enumerate(trial.labels):
        tolerance = 5 * (trial.rounding(i) + 64 * trial.eps * max(largest(of_w[i]), *map(largest, w)))
        expected = 2 * of_u[i] - 3 * of_w[i]
        finite = np.isfinite(expected)
        constant = apart(of_zero[i][finite], np.zeros_like(expected[finite]), tolerance)
        wrong = apart(of_mixed[i], expected, tolerance)
        if not constant and not wrong:
            continue
        start = f"the VJP is not linear in its cotangent: in the gradient of {label}, "
        shifted = [a - of_zero[i] for a in (of_mixed[i], of_u[i], of_w[i])]
        if not any(apart(a[i], of_u[i], tolerance) for a in (of_w, of_mixed, of_zero)):
            message = f"the VJP ignores its cotangent: the gradient of {label} is the same for any; multiply by it"
        elif constant and not apart(shifted[0], 2 * shifted[1] - 3 * shifted[2], tolerance):
            message = start + f"{constant[0]:.6g} is added, which the cotangent 0 gives too"
        elif wrong and abs(wrong[0] - wrong[1]) <= 0.005 * largest(expected):  # bfloat16 rounds to 0.004
            if "precision" not in trial.broken:
                share = abs(wrong[0] - wrong[1]) / largest(expected)
                message = f"the gradient of {label} is linear in the cotangent only to {share:.1e} of its size"
                yield Finding("precision", message)
            return
        else:
            got, right = wrong or constant or (np.nan, np.nan)
            message = start + f"J'(2 u - 3 w) is {got:.6g}, and 2 J'u - 3 J'w is {right:.6g}"
        yield Finding("cotangent", message)
        return


def transposition(trial: Trial) -> Iterator[Finding]:
    """Forward and reverse mode are transposed: <u, J t> = <J'u, t>."""
    tangents = trial.random(trial.inputs)
    pushed = trial.push(copies(trial.inputs), copies(tangents))
    if pushed is None:
        return
    shapes, expected = [p.shape for p in pushed], [y.shape for y in trial.values]
    if shapes != expected:
        yield Finding("transposition", f"the JVP gives tangents of shapes {shapes} for outputs of shapes {expected}")
        return
    forward = [a * b for a, b in zip(trial.cotangents, pushed, strict=True)]
    reverse = [a * b for a, b in zip(trial.gradients, tangents, strict=True)]
    if not all(np.all(np.isfinite(a)) for a in (*forward, *reverse)):
        return
    left, right = (sum(float(a.sum(dtype=np.float64)) for a in side) for side in (forward, reverse))
    # each product and each number in the gradient is rounded
    tolerance = 64 * trial.eps * sum(float(np.abs(a).sum()) for a in (*forward, *reverse))
    tolerance += sum(trial.rounding(i) * float(np.abs(t).sum()) for i, t in enumerate(tangents))
    if abs(left - right) > tolerance:
        yield Finding(
            "transposition",
            f"forward and reverse mode disagree: <u, J t> is {left:.10g} by the JVP, <J'u, t> is {right:.10g} by the "
            f"VJP, for random u and t; rounding explains {tolerance:.1e}",
        )


def layout(trial: Trial) -> Iterator[Finding]:
    """How arrays lie in memory does not matter: transposed, with gaps, backwards."""
    largest_rank = max((a.ndim for a in (*trial.inputs, *trial.cotangents) if a.size), default=0)
    for name, lay in _LAYOUTS.items():
        if largest_rank < (2 if name == "transposed" else 1):
            continue
        ours = f"gives other numbers for arrays that are {name}"
        values = trial.attempt(trial.function, [lay(x) for x in trial.inputs])
        for i, (a, b) in enumerate(zip(values or [], trial.values, strict=values is not None)):
            if found := apart(a, b, trial.rounding_of_output(i)):
                yield Finding("layout", f"f {ours}: {found[0]:.10g} instead of {found[1]:.10g}")
                return
        if _laid(trial, lay, lay):
            # the inputs or the cotangents alone, if that is enough
            alone = (("inputs", lay, np.array), ("cotangents", np.array, lay))
            which = next((what for what, a, b in alone if _laid(trial, a, b)), "inputs and cotangents")
            got, right, label = _laid(trial, lay, lay)  # type: ignore[misc]
            yield Finding(
                "layout",
                f"the VJP gives other numbers for {which} that are {name}: "
                f"{got:.10g} instead of {right:.10g} in the gradient of {label}",
            )
            return


def _laid(trial: Trial, of_input: Layout, of_cotangent: Layout) -> tuple[float, float, str] | None:
    """A number of a gradient that is another one for these layouts: what it is, was, and whose gradient it is in."""
    arrays, cotangents = [of_input(x) for x in trial.inputs], [of_cotangent(u) for u in trial.cotangents]
    gradients = trial.attempt(trial.function.pull, arrays, cotangents)
    for i, g in enumerate(gradients or ()):
        if found := apart(g, trial.gradients[i], trial.rounding(i)):
            return *found, trial.labels[i]
    return None


def _transposed(a: Array) -> Array:
    return np.array(a, order="F")


def _with_gaps(a: Array) -> Array:
    """Every other number of an array of NaN: reading beside the numbers shows."""
    every_other = (slice(None, None, 2),) * a.ndim
    wide = np.full([2 * n for n in a.shape], np.nan, a.dtype)
    wide[every_other] = a
    return np.asarray(wide[every_other])


def _backwards(a: Array) -> Array:
    return np.flip(np.array(np.flip(a), order="C"))


_LAYOUTS: dict[str, Layout] = {"transposed": _transposed, "strided": _with_gaps, "backwards": _backwards}
