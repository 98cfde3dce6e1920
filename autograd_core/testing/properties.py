"""What every derivative must keep to besides agreeing with differences: rules, each a small function, tried in order.

Knows functions with a VJP as flat arrays, wherever they come from. Judges no number by differences, and no rule by
more than the function itself shows: what it cannot be asked (it raises there, or is not finite) breaks no rule.
Tolerances: see Note [Tolerances] in `trial`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import OptionError
from .functions import Function
from .report import Finding
from .rounding import largest, rounded_inputs_or_results, rounded_results, smallest_of_interest
from .trial import Arrays, Trial, apart, changed, copies, signs

Array = np.ndarray[Any, np.dtype[Any]]
Rule = Callable[[Trial], Iterator[Finding]]
Layout = Callable[[Array], Array]


def broken_rules(
    function: Function,
    cotangents: Sequence[Array],
    rng: np.random.Generator,
    *,
    skip: Collection[str] = (),
    noise: Sequence[Array] | None = None,
) -> list[Finding]:
    """All rules of `PROPERTIES` that a function and its VJP break at the inputs of the function.

    `cotangents` have the shapes of the outputs; `noise`, if known, is the standard deviation of the rounding errors of
    each output. Calls the function and its VJP about 25 times each. A rule in `skip` is not tried, nor are those that
    mean nothing once an earlier one is broken: numbers are compared only if they come out the same twice and have the
    right shapes.

    Raises: OptionError for an unknown rule in `skip`, and whatever the function raises at its inputs.

    >>> from autograd_core.testing.functions import adapted
    >>> square = adapted((lambda x: x**2, lambda x, g: 2 * x), [np.array([1.0, 2.0])])  # no factor g
    >>> [finding.cause for finding in broken_rules(square, [np.array([1.0, 0.5])], np.random.default_rng(0))]
    ['cotangent']
    """
    unknown = set(skip) - set(PROPERTIES)
    if unknown:
        raise OptionError(f"broken_rules: skip is a list of {', '.join(PROPERTIES)}; got {', '.join(sorted(unknown))}")
    findings: list[Finding] = []
    with np.errstate(all="ignore"):  # some points are on the edge of the domain, or beyond
        trial = Trial(function, cotangents, rng, noise)
        for name, rule in PROPERTIES.items():
            if name in _OF_NUMBERS and not trial.comparable:
                continue
            if name not in skip:
                trial.findings = list(rule(trial))
                trial.broken |= {finding.cause for finding in trial.findings}
                findings += trial.findings
    return findings


# --- rules about form -------------------------------------------------------------------------------------------------


def shape(trial: Trial) -> Iterator[Finding]:
    """Each gradient has the shape of its input."""
    if len(trial.gradients) != len(trial.inputs):
        yield Finding("shape", f"the VJP gives {len(trial.gradients)} gradients for {len(trial.inputs)} inputs")
        return
    for label, g, x in zip(trial.labels, trial.gradients, trial.inputs, strict=True):
        if g.shape != x.shape:
            advice = ""
            if x.size != g.size and _broadcasts(x.shape, g.shape):
                advice = "; sum it over the axes along which the input was broadcast"
            elif x.size == g.size:
                advice = "; reshape or transpose it"
            yield Finding("shape", f"the gradient of {label} has shape {g.shape}, {label} has {x.shape}{advice}")


def dtype(trial: Trial) -> Iterator[Finding]:
    """Each gradient has the type of its input, unless the function itself computes in another one."""
    if _computes_coarsely(trial):
        return  # this is said once, by `precision`
    for label, g, x in zip(trial.labels, trial.gradients, trial.inputs, strict=False):
        if g.dtype != x.dtype and not _is_promoted(x, trial.values, g):
            yield Finding("dtype", f"the gradient of {label} is of type {g.dtype}, {label} is {x.dtype}")


def mutation(trial: Trial) -> Iterator[Finding]:
    """Nothing writes into what it is given."""
    given, tangents = copies(trial.inputs), trial.random(trial.inputs)
    directions = copies(tangents)
    trial.push(given, directions)
    trial.written["the JVP writes into"] = changed(given, trial.inputs)
    if changed(directions, tangents):
        yield Finding("mutation", "the JVP writes into a tangent that it is given; work on a copy")
    for who, positions in trial.written.items():
        for i in positions:
            yield Finding("mutation", f"{who} {trial.labels[i]}; work on a copy of it")
    for i in trial.written_cotangents:
        which = f" of output {i}" if len(trial.values) > 1 else ""
        yield Finding("mutation", f"the VJP writes into the cotangent{which}; work on a copy of it")


# --- rules about memory -----------------------------------------------------------------------------------------------


def aliasing(trial: Trial) -> Iterator[Finding]:
    """Gradients lie in memory of their own, and no result is overwritten by the next call.

    An output may be a view of an input, and a gradient one of the cotangent, as those of an identity, a reshape or a
    transposition are: a cotangent is passed on. What is read-only cannot do harm, and other frameworks look after their
    memory.
    """
    names = [f"the gradient of {label}" for label in trial.labels]
    pulled = list(zip(names, trial.pulled, strict=False))
    for i, (name, g) in enumerate(pulled):
        for other, h in pulled[:i]:
            if _share(g, h):
                change = "adding to one in place would change the other"
                yield Finding("aliasing", f"{other} and {name} share memory: {change}; return a copy")
        for label, x in zip(trial.labels, trial.seen, strict=True):
            if g.flags.writeable and _share(g, x):
                yield Finding("aliasing", f"{name} lies in the memory of the input {label}; return a copy")
    outputs, gradients = trial.overwritten or ([], [])
    for i in outputs:
        yield Finding("aliasing", f"the next call of the function overwrites output {i}; return a new array")
    for i in gradients:
        yield Finding("aliasing", f"the next call of the VJP overwrites {names[i]}; return a new array")


# --- rules about numbers ----------------------------------------------------------------------------------------------


def repeatability(trial: Trial) -> Iterator[Finding]:
    """Equal inputs give equal numbers, whatever was called in between.

    Up to the square root of eps: threads may add up in any order, and a cancellation may follow; what draws random
    numbers, or adds to its last result, is off by more.
    """
    yield from trial.unsteady


def precision(trial: Trial) -> Iterator[Finding]:
    """No number is rounded to a coarser type on the way; see Note [Rounding] in `rounding`."""
    if any(x.dtype != np.float64 for x in trial.inputs):
        return
    if _computes_coarsely(trial):
        kind = ", ".join(sorted({str(y.dtype) for y in trial.values}))
        advice = f"pass {kind} inputs, or let it compute in double precision (jax: jax_enable_x64)"
        yield Finding("precision", f"the function returns {kind} for float64 inputs; {advice}")
        return
    if any(a.dtype != np.float64 for a in (*trial.values, *trial.gradients)):
        return

    def called(arrays: Arrays) -> Arrays | None:
        return trial.attempt(trial.call, arrays)

    def pulled(cotangents: Arrays) -> Callable[[Arrays], Arrays | None]:
        return lambda arrays: trial.attempt(trial.pull, arrays, cotangents)

    floor = smallest_of_interest(*trial.inputs, *trial.cotangents)
    for i, (kind, what) in enumerate(rounded_inputs_or_results(called, trial.inputs, floor, trial.rng)):
        if kind:
            which = f"output {i}" if len(trial.values) > 1 else "the output"
            yield Finding("precision", _ROUNDED[what].format(which, kind))
            break
    found = [_ROUNDED["linear"].format("{}", k) if k else "" for k in trial.scaled.kinds]
    simple = [signs(u, trial.rng) for u in trial.cotangents]
    one_hot = _one_hot(simple, trial.rng)
    for search in (
        lambda: rounded_inputs_or_results(pulled(trial.cotangents), trial.inputs, floor, trial.rng),
        lambda: [(kind, "factors") for kind in rounded_results(pulled(simple), trial.inputs, floor, trial.rng)],
        lambda: [(k, "factors") for k in rounded_results(pulled(one_hot), trial.inputs, floor, trial.rng)],
    ):
        if not any(found):
            found = [_ROUNDED[what].format("{}", kind) if kind else "" for kind, what in search()]
    for label, message in zip(trial.labels, found, strict=False):
        if message:
            yield Finding("precision", message.format(f"the gradient of {label}"))
            return


_ROUNDED = {
    "inputs": "{} does not change while the inputs move inside the rounding cells of {}, and jumps at their edges: "
    "they are rounded to that type first",
    "results": "all numbers of {} are {} numbers, although they follow the inputs: they are rounded to that type",
    "linear": "{} does not change when the cotangent changes by less than {} can tell: on the way from the cotangent "
    "numbers are rounded to that type",
    "factors": "{} is the cotangent times {} numbers, although these follow the inputs: they are rounded to that type",
}


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


def float32(trial: Trial) -> Iterator[Finding]:
    """In single precision a gradient is single, and right where the function is.

    Only of a function that is itself right there, to 64 eps, at three points near. Single precision explains 100 times
    what changes in the gradient in double precision when inputs and cotangents move by 8 eps, 10 times what changes in
    the error then, and errors of 64 eps of the cotangent. Not judged below 1 % of the largest number, and near the ends
    of the range of single precision.
    """
    narrow = [x.astype(np.float32) for x in trial.inputs]
    if "precision" in trial.broken or any(x.dtype != np.float64 for x in trial.inputs) or not _is_moderate(narrow):
        return
    values = trial.attempt(trial.call, narrow)
    if values is None:
        return
    cotangents = [np.asarray(u.astype(np.float32), y.dtype) for u, y in zip(trial.cotangents, values, strict=True)]
    gradients = trial.attempt(trial.pull, narrow, cotangents)
    if gradients is None:
        return
    single = all(y.dtype == np.float32 for y in values)
    for label, g in zip(trial.labels, gradients, strict=True):
        # a wider one loses nothing, and matters to those only who work in single precision; a Python number has no type
        differs = g.dtype != np.float32 if trial.function.given_coarse else g.dtype.itemsize < 4
        if single and differs and g.ndim and "dtype" not in trial.broken:
            yield Finding("dtype", f"the gradient of {label} is of type {g.dtype} where all else is float32")
            return
    wide, wide_cotangents = [x.astype(np.float64) for x in narrow], [u.astype(np.float64) for u in cotangents]
    right = trial.attempt(trial.pull, wide, wide_cotangents)
    if right is None or not all(np.all(np.isfinite(a)) for a in right):
        return
    if not all(np.all(np.isfinite(g)) for g in gradients):
        yield from _not_finite(trial, values, trial.attempt(trial.call, wide), gradients, right)
        return
    off = [a - r for a, r in zip(gradients, right, strict=True)]
    explained = [2.0**-23 * largest(g) for g in right]
    sides = [signs(a, trial.rng) for a in (*wide, *wide_cotangents)]
    error, n = 0.0, len(wide)
    for sign in (1, 0, -1):
        moved = [a * (1 + sign * 2.0**-20 * s) for a, s in zip((*wide, *wide_cotangents), sides, strict=True)]
        singles = [np.asarray(a, np.float32) for a in moved[:n]]
        singles += [np.asarray(a, y.dtype) for a, y in zip(moved[n:], values, strict=True)]
        doubles = [a.astype(np.float64) for a in singles]
        outputs, exact = trial.attempt(trial.call, singles[:n]), trial.attempt(trial.call, doubles[:n])
        coarse = trial.attempt(trial.pull, singles[:n], singles[n:]) if sign else gradients
        fine = trial.attempt(trial.pull, doubles[:n], doubles[n:]) if sign else right
        if outputs is None or exact is None or coarse is None or fine is None:
            return
        error = max([error, *(_relative(y, z) for y, z in zip(outputs, exact, strict=True))])
        for i, (a, b) in enumerate(zip(coarse, fine, strict=True)):
            # what is wrong is wrong in the same way at points so near; rounding is off in any way
            explained[i] = max(explained[i], largest(b - right[i]), 0.1 * largest(a - b - off[i]))
    if not error <= 2.0**-17:  # single precision is too coarse for the function itself, or reaches its end
        return
    scale = max(map(largest, right), default=0.0)
    rounding = 64 * 2.0**-23 * max(map(largest, cotangents), default=0.0)  # after a cancellation, as where tanh is flat
    for label, g, r, e in zip(trial.labels, gradients, right, explained, strict=True):
        found = apart(g, r, max(100 * e, 0.01 * scale, rounding))
        if found and 1e-30 < scale < 1e30:
            yield Finding(
                "float32",
                f"in float32 the gradient of {label} is {found[0]:.6g} where float64 gives {found[1]:.6g}; "
                f"the function itself is off by {error:.1e} only",
            )
            return


def _not_finite(
    trial: Trial, values: Arrays, exact: Arrays | None, gradients: Arrays, right: Arrays
) -> Iterator[Finding]:
    """What overflows in the gradient in single precision, where neither the function nor its derivative does."""
    if exact is None or not all(_relative(y, z) <= 2.0**-17 for y, z in zip(values, exact, strict=True)):
        return
    for label, g, r in zip(trial.labels, gradients, right, strict=True):
        if not np.all(np.isfinite(g)) and largest(r) < 1e30:
            index = tuple(np.argwhere(~np.isfinite(g))[0])
            yield Finding(
                "float32",
                f"in float32 the gradient of {label} is {g[index]:.6g} where float64 gives {r[index]:.6g}, and the "
                "function itself is finite",
            )
            return


PROPERTIES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        shape,
        dtype,
        mutation,
        repeatability,
        aliasing,
        precision,
        linearity,
        transposition,
        layout,
        float32,
    )
}
"""The rules by name, in the order in which they are tried."""

_OF_NUMBERS = ("precision", "linearity", "transposition", "layout", "float32")


# --- arrays -----------------------------------------------------------------------------------------------------------


def _share(a: Array, b: Array) -> bool:
    """Whether writing into one changes the other."""
    if not (a.flags.writeable or b.flags.writeable) or _is_foreign(a):
        return False
    try:
        return np.shares_memory(a, b, max_work=10**5)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return False


def _is_foreign(a: Array) -> bool:
    """Whether the memory belongs to another framework, which knows who shares it, as that of `tensor.numpy()`."""
    base: Any = a
    while isinstance(base, np.ndarray):
        base = base.base
    return base is not None


def _relative(a: Array, expected: Array) -> float:
    """The largest error as a share of the largest number; infinite if anything is not finite."""
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(expected))):
        return np.inf
    return largest(a - expected) / (largest(expected) or 1.0)


def _one_hot(arrays: Sequence[Array], rng: np.random.Generator) -> Arrays:
    """Zeros, and one number of the arrays."""
    found = [np.zeros_like(a) for a in arrays]
    filled = [i for i, a in enumerate(arrays) if a.size]
    if filled:
        i = int(rng.choice(filled))
        place = int(rng.integers(arrays[i].size))
        found[i].flat[place] = arrays[i].flat[place]
    return found


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


def _computes_coarsely(trial: Trial) -> bool:
    """Whether the function turns double precision into a coarser type."""
    double = bool(trial.inputs) and all(x.dtype == np.float64 for x in trial.inputs)
    return double and bool(trial.values) and all(np.finfo(y.dtype).bits < 64 for y in trial.values)


def _is_promoted(x: Array, values: Sequence[Array], g: Array) -> bool:
    """Whether a coarse input meets a finer type inside, so that output and gradient have the latter."""
    return g.dtype.kind == "f" and g.dtype in [y.dtype for y in values] and g.dtype.itemsize > x.dtype.itemsize


def _is_moderate(arrays: Sequence[Array]) -> bool:
    """Whether all numbers, and what is a few multiplications away from them, are in the range of single precision."""
    sizes = [np.abs(a[a != 0]) for a in arrays]
    return all(np.all((s > 1e-12) & (s < 1e12)) for s in sizes)


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False
