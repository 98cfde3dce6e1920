"""What every derivative must keep to besides agreeing with differences: rules, each a small function, tried in order.

Knows functions with a VJP as flat arrays, wherever they come from. Judges no number by differences, and no rule by
more than the function itself shows: what it cannot be asked (it raises there, or is not finite) breaks no rule.

Note [Tolerances]
Two computations of one thing may differ by
  - 64 eps of the largest number that takes part, eps being that of the coarsest type that takes part;
  - 4 times what changes when each input moves by 2^-21 of itself: after a cancellation inside
    this is the rounding error, on a kink it is the jump (two computations may take different sides), else it is small; what breaks a rule is off by a share of the number itself;
  - 16 times the noise of the function, where it was measured.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import OptionError
from .functions import Function
from .report import Finding
from .rounding import Scaled, largest, rounded_inputs_or_results, rounded_results, smallest_of_interest

Array = np.ndarray[Any, np.dtype[Any]]
Arrays = list[Array]
Rule = Callable[["Trial"], Iterator[Finding]]
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


class Trial:
    """One function at one point, and what the rules ask of it: each answer is computed once, when it is first needed.

    `values` and `gradients` are copies of the first results, the results themselves (`outputs`, `pulled`) are kept as
    they came, with the arrays that they were computed from (`seen`, `weights`); nobody else writes into any of them.
    """

    def __init__(
        self,
        function: Function,
        cotangents: Sequence[Array],
        rng: np.random.Generator,
        noise: Sequence[Array] | None = None,
    ) -> None:
        self.function, self.rng, self.labels = function, rng, function.labels
        self.inputs = _copies(function.inputs)
        self.noise_of_outputs = noise
        self.findings: list[Finding] = []
        self.broken: set[str] = set()
        given = _copies(self.inputs)
        self.outputs = function(given)
        self.values = _copies(self.outputs)
        self.written = {f"{function.name} writes into": _changed(given, self.inputs)}
        self.cotangents = [np.array(u, y.dtype) for u, y in zip(cotangents, self.values, strict=True)]
        self.seen, self.weights = _copies(self.inputs), _copies(self.cotangents)
        self.pulled = function.pull(self.seen, self.weights)
        self.gradients = _copies(self.pulled)
        self.written["the VJP writes into"] = _changed(self.seen, self.inputs)
        self.overwritten = _changed(self.weights, self.cotangents)
        self.fits = [g.shape for g in self.gradients] == [x.shape for x in self.inputs]

    # --- asking -------------------------------------------------------------------------------------------------------

    def call(self, arrays: Sequence[Array]) -> Arrays:
        """The outputs at copies of some arrays."""
        return _copies(self.function(_copies(arrays)))

    def pull(self, arrays: Sequence[Array], cotangents: Sequence[Array]) -> Arrays:
        """The VJP at copies of some arrays."""
        return _copies(self.function.pull(_copies(arrays), _copies(cotangents)))

    def push(self, arrays: Arrays, tangents: Arrays) -> Arrays | None:
        """The JVP at these very arrays; None if there is no forward mode."""
        try:
            return self.function.push(arrays, tangents)
        except NotImplementedError:  # an operation inside has none
            return None

    def attempt(self, ask: Callable[..., Arrays], *arguments: Any) -> Arrays | None:
        """What is answered where the function need not be defined; None if it raises anything or has other shapes."""
        expected = self.values if len(arguments) == 1 else self.gradients
        try:
            found = ask(*arguments)
        except Exception:  # whatever a function raises for what it was not written for
            return None
        return found if [a.shape for a in found] == [a.shape for a in expected] else None

    def random(self, like: Sequence[Array]) -> Arrays:
        """Random numbers, none of them small."""
        return [np.asarray(_signs(a, self.rng) * self.rng.uniform(0.5, 1.5, a.shape), a.dtype) for a in like]

    def moved(self, share: float) -> Arrays:
        """Inputs moved by a share of themselves; zeros by that share of the largest number of their array, or of 1."""
        return [
            np.asarray(x + share * s * np.where(x == 0, largest(x) or 1.0, np.abs(x)), x.dtype)
            for x, s in zip(self.inputs, (_signs(x, self.rng) for x in self.inputs), strict=True)
        ]

    # --- what is known ------------------------------------------------------------------------------------------------

    @property
    def comparable(self) -> bool:
        """Whether numbers can be compared at all."""
        return self.fits and not self.unsteady

    @cached_property
    def unsteady(self) -> list[Finding]:
        """Where equal inputs give other numbers."""
        return list(_unsteady(self))

    @cached_property
    def eps(self) -> float:
        """Of the coarsest type that takes part."""
        types = {a.dtype for a in (*self.inputs, *self.values, *self.gradients) if a.dtype.kind == "f"}
        return max((float(np.finfo(t).eps) for t in types), default=float(np.finfo(np.float64).eps))

    @cached_property
    def elsewhere(self) -> tuple[Arrays | None, Arrays | None]:
        """The results for other inputs and cotangents."""
        arrays = self.moved(2.0**-16)
        return self.attempt(self.call, arrays), self.attempt(self.pull, arrays, self.random(self.cotangents))

    @cached_property
    def again(self) -> tuple[Arrays, Arrays]:
        """The results for equal inputs and cotangents."""
        return self.call(self.inputs), self.pull(self.inputs, self.cotangents)

    @cached_property
    def changes(self) -> tuple[list[float], list[float]]:
        """What changes in the outputs and gradients when inputs move a little; see Note [Tolerances]."""
        outputs, gradients = [0.0] * len(self.values), [0.0] * len(self.gradients)
        for sign in (1, -1):
            arrays = self.moved(sign * max(2.0**-21, 8 * self.eps))
            for changes, base, found in (
                (outputs, self.values, self.attempt(self.call, arrays)),
                (gradients, self.gradients, self.attempt(self.pull, arrays, self.cotangents)),
            ):
                for i, (a, b) in enumerate(zip(base, found or base, strict=True)):
                    finite = np.isfinite(a)
                    difference = np.abs(b[finite] - a[finite])
                    # on the edge of the domain nothing is known
                    changes[i] = max([changes[i], *np.where(np.isnan(difference), np.inf, difference)])
        return outputs, gradients

    @cached_property
    def scaled(self) -> Scaled:
        """The VJP as a function of its cotangent, on the line through the latter."""
        return Scaled(lambda u: self.attempt(self.pull, self.inputs, u), self.cotangents, self.gradients, self.rng)

    def rounding(self, i: int) -> float:
        """How far two computations of a gradient may differ; see Note [Tolerances]."""
        size = max([largest(self.gradients[i]), *map(largest, self.cotangents)])
        return 64 * self.eps * size + 4 * self.changes[1][i] + 4 * self.scaled.noise[i]

    def rounding_of_output(self, i: int) -> float:
        measured = largest(np.asarray(self.noise_of_outputs[i])) if self.noise_of_outputs is not None else 0.0
        return 64 * self.eps * largest(self.values[i]) + 4 * self.changes[0][i] + 16 * measured


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
    given, tangents = _copies(trial.inputs), trial.random(trial.inputs)
    directions = _copies(tangents)
    trial.push(given, directions)
    trial.written["the JVP writes into"] = _changed(given, trial.inputs)
    if _changed(directions, tangents):
        yield Finding("mutation", "the JVP writes into a tangent that it is given; work on a copy")
    for who, changed in trial.written.items():
        for i in changed:
            yield Finding("mutation", f"{who} {trial.labels[i]}; work on a copy of it")
    for i in trial.overwritten:
        which = f" of output {i}" if len(trial.values) > 1 else ""
        yield Finding("mutation", f"the VJP writes into the cotangent{which}; work on a copy of it")


# --- rules about memory -----------------------------------------------------------------------------------------------


def aliasing(trial: Trial) -> Iterator[Finding]:
    """Gradients lie in memory of their own, and no result is overwritten by the next call.

    An output may be a view of an input. What is read-only cannot do harm.
    """
    names = [f"the gradient of {label}" for label in trial.labels]
    pulled = list(zip(names, trial.pulled, strict=False))
    for i, (name, g) in enumerate(pulled):
        for other, h in pulled[:i]:
            if _share(g, h):
                change = "adding to one in place would change the other"
                yield Finding("aliasing", f"{other} and {name} share memory: {change}; return a copy")
        for label, x in zip(trial.labels, trial.seen, strict=True):
            if _share(g, x):
                yield Finding("aliasing", f"{name} lies in the memory of the input {label}; return a copy")
        if any(_share(g, u) for u in trial.weights):
            change = "adding to it in place would change the cotangent, which others may read"
            yield Finding("aliasing", f"{name} lies in the memory of the cotangent: {change}; return a copy")
    values, gradients = trial.elsewhere
    if values is None or gradients is None:
        return
    for i, (y, before) in enumerate(zip(trial.outputs, trial.values, strict=True)):
        if not _same_bits(y, before):
            yield Finding("aliasing", f"the next call of the function overwrites output {i}; return a new array")
    for (name, g), before in zip(pulled, trial.gradients, strict=True):
        if not _same_bits(g, before):
            yield Finding("aliasing", f"the next call of the VJP overwrites {name}; return a new array")


# --- rules about numbers ----------------------------------------------------------------------------------------------


def repeatability(trial: Trial) -> Iterator[Finding]:
    """Equal inputs give equal numbers, whatever was called in between.

    Up to the square root of eps: threads may add up in any order, and a cancellation may follow; what draws random
    numbers, or adds to its last result, is off by more.
    """
    yield from trial.unsteady


def _unsteady(trial: Trial) -> Iterator[Finding]:
    def change(a: Sequence[Array], b: Sequence[Array]) -> tuple[float, float] | None:
        """The numbers that differ most, of those that differ at all."""
        pairs = [(p, q, np.sqrt(trial.eps) * largest(p)) for p, q in zip(a, b, strict=True)]
        return next((found for p, q, tolerance in pairs if (found := _apart(q, p, tolerance))), None)

    values, gradients = trial.again
    if found := change(trial.values, values):
        advice = "switch off what is random, or give it the same seed each time"
        yield Finding("repeatability", f"f gave {found[1]:.10g}, and {found[0]:.10g} when called again; {advice}")
        return
    if found := change(trial.gradients, gradients):
        said = f"the VJP gave {found[1]:.10g}, and {found[0]:.10g} when it was called again"
        ratio = _ratio(gradients, trial.gradients)
        third = trial.attempt(trial.pull, trial.inputs, trial.cotangents)
        grown = third and [a - b for a, b in zip(third, gradients, strict=True)]
        first = [a - b for a, b in zip(gradients, trial.gradients, strict=True)]
        if ratio is not None and grown and not change(first, grown):
            said += f": the second call gives {ratio:.4g} times the first; it adds to what it gave before"
        yield Finding("repeatability", said)
        return
    if None not in trial.elsewhere:
        last = trial.call(trial.inputs), trial.pull(trial.inputs, trial.cotangents)
        for who, before, after in zip(("f", "the VJP"), (trial.values, trial.gradients), last, strict=True):
            if found := change(before, after):
                yield Finding(
                    "repeatability",
                    f"{who} gave {found[1]:.10g}, and {found[0]:.10g} after a call with other inputs: "
                    "it keeps something from one call to the next",
                )


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
    simple = [_powers_of_two(u, trial.rng) for u in trial.cotangents]
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
        tolerance = 5 * trial.rounding(i)
        expected = 2 * of_u[i] - 3 * of_w[i]
        finite = np.isfinite(expected)
        constant = _apart(of_zero[i][finite], np.zeros_like(expected[finite]), tolerance)
        wrong = _apart(of_mixed[i], expected, tolerance)
        if not constant and not wrong:
            continue
        start = f"the VJP is not linear in its cotangent: in the gradient of {label}, "
        shifted = [a - of_zero[i] for a in (of_mixed[i], of_u[i], of_w[i])]
        if not any(_apart(a[i], of_u[i], tolerance) for a in (of_w, of_mixed, of_zero)):
            message = f"the VJP ignores its cotangent: the gradient of {label} is the same for any; multiply by it"
        elif constant and not _apart(shifted[0], 2 * shifted[1] - 3 * shifted[2], tolerance):
            message = start + f"{constant[0]:.6g} is added, which the cotangent 0 gives too"
        elif wrong and abs(wrong[0] - wrong[1]) <= 1e-6 * largest(expected):
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
    pushed = trial.push(_copies(trial.inputs), _copies(tangents))
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
            if found := _apart(a, b, trial.rounding_of_output(i)):
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
        if found := _apart(g, trial.gradients[i], trial.rounding(i)):
            return *found, trial.labels[i]
    return None


def float32(trial: Trial) -> Iterator[Finding]:
    """In single precision a gradient is single, and right where the function is.

    What single precision explains is the error of the function itself, and what changes in the gradient in double when
    inputs and cotangents move by 2^-20, both 100 times. Not judged near the ends of the range of single precision.
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
        if single and g.dtype != np.float32 and g.ndim and "dtype" not in trial.broken:  # a Python number has no type
            yield Finding("dtype", f"the gradient of {label} is of type {g.dtype} where all else is float32")
            return
    wide, wide_cotangents = [x.astype(np.float64) for x in narrow], [u.astype(np.float64) for u in cotangents]
    exact, right = trial.attempt(trial.call, wide), trial.attempt(trial.pull, wide, wide_cotangents)
    if exact is None or right is None:
        return
    if not all(np.all(np.isfinite(a)) for a in (*exact, *right, *values, *gradients)):
        return
    error = max((_relative(y, z) for y, z in zip(values, exact, strict=True)), default=0.0)
    explained = [(error + 2.0**-23) * largest(g) for g in right]
    sides = [_signs(a, trial.rng) for a in (*wide, *wide_cotangents)]
    for sign in (1, -1):
        moved = [a * (1 + sign * 2.0**-20 * s) for a, s in zip((*wide, *wide_cotangents), sides, strict=True)]
        near = trial.attempt(trial.pull, moved[: len(wide)], moved[len(wide) :])
        if near is None:
            return
        explained = [max(e, largest(a - g)) for e, a, g in zip(explained, near, right, strict=True)]
    scale = max(map(largest, right), default=0.0)
    rounding = 64 * 2.0**-23 * max(map(largest, cotangents), default=0.0)  # after a cancellation, as where tanh is flat
    for label, g, r, e in zip(trial.labels, gradients, right, explained, strict=True):
        found = _apart(g, r, max(100 * e, 0.01 * scale, rounding))
        if found and 1e-30 < scale < 1e30:
            yield Finding(
                "float32",
                f"in float32 the gradient of {label} is {found[0]:.6g} where float64 gives {found[1]:.6g}; "
                f"the function itself is off by {error:.1e} only",
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


def _copies(arrays: Sequence[Array]) -> Arrays:
    """Writable copies in C order."""
    return [np.array(a, order="C") for a in arrays]


def _changed(arrays: Sequence[Array], before: Sequence[Array]) -> list[int]:
    return [i for i, (a, b) in enumerate(zip(arrays, before, strict=True)) if not _same_bits(a, b)]


def _same_bits(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def _share(a: Array, b: Array) -> bool:
    """Whether writing into one changes the other."""
    if not (a.flags.writeable or b.flags.writeable):
        return False
    try:
        return np.shares_memory(a, b, max_work=10**5)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return False


def _apart(a: Array, expected: Array, tolerance: float) -> tuple[float, float] | None:
    """The numbers that differ most, where the expected one is finite, if by more than what is tolerated."""
    finite = np.isfinite(expected)
    a, expected = a[finite].astype(np.float64), expected[finite].astype(np.float64)
    error = np.abs(a - expected)
    error[np.isnan(error)] = np.inf
    if not error.size or error.max() <= tolerance:
        return None
    worst = int(error.argmax())
    return float(a[worst]), float(expected[worst])


def _ratio(a: Sequence[Array], b: Sequence[Array]) -> float | None:
    """The number that one list of arrays is times another; None if there is none."""
    x, y = (np.concatenate([z.ravel() for z in side]) for side in (a, b))
    ratio = float(x @ y / (y @ y))
    return ratio if np.abs(x - ratio * y).max() <= 1e-6 * np.abs(x).max() else None


def _relative(a: Array, expected: Array) -> float:
    return largest(a - expected) / (largest(expected) or 1.0)


def _signs(a: Array, rng: np.random.Generator) -> Array:
    return np.asarray(rng.choice([-1.0, 1.0], a.shape))


def _powers_of_two(a: Array, rng: np.random.Generator) -> Array:
    return np.asarray(_signs(a, rng) * 2.0 ** rng.integers(0, 3, a.shape))


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
