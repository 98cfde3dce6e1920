"""One function at one point, with what is asked of it to see whether it keeps the rules.

Knows functions with a VJP as flat arrays, and which questions may go unanswered. Judges nothing but whether equal
questions get equal answers.

Note [Tolerances]
Two computations of one thing may differ by
  - 64 eps of the largest number that takes part, eps being that of the coarsest type that takes part;
  - 4 times what changes when each input moves by 2^-21 of itself: after a cancellation this is the rounding error, on a
    kink it is the jump (two computations may take different sides), and else it is small, while what breaks a rule is
    off by a share of the number itself.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..functions import Function
from ..report import Array, Finding
from .rounding import Scaled, largest

Arrays = list[Array]


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
    ) -> None:
        self.function, self.rng, self.labels = function, rng, function.labels
        self.inputs = copies(function.inputs)
        self.findings: list[Finding] = []
        self.broken: set[str] = set()
        given = copies(self.inputs)
        self.outputs = function(given)
        self.values = copies(self.outputs)
        self.written = {f"{function.name} writes into": changed(given, self.inputs)}
        self.cotangents = [np.array(u, y.dtype) for u, y in zip(cotangents, self.values, strict=True)]
        self.seen, self.weights = copies(self.inputs), copies(self.cotangents)
        self.pulled = function.pull(self.seen, self.weights)
        self.gradients = copies(self.pulled)
        self.written["the VJP writes into"] = changed(self.seen, self.inputs)
        self.written_cotangents = changed(self.weights, self.cotangents)
        self.fits = [g.shape for g in self.gradients] == [x.shape for x in self.inputs]

    # --- asking -------------------------------------------------------------------------------------------------------

    def call(self, arrays: Sequence[Array]) -> Arrays:
        """The outputs at copies of some arrays."""
        return copies(self.function(copies(arrays)))

    def pull(self, arrays: Sequence[Array], cotangents: Sequence[Array]) -> Arrays:
        """The VJP at copies of some arrays."""
        return copies(self.function.pull(copies(arrays), copies(cotangents)))

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
        return [np.asarray(signs(a, self.rng) * self.rng.uniform(0.5, 1.5, a.shape), a.dtype) for a in like]

    def moved(self, share: float) -> Arrays:
        """Inputs moved by a share of themselves; zeros by that share of the largest number of their array, or of 1."""
        return [
            np.asarray(x + share * s * np.where(x == 0, largest(x) or 1.0, np.abs(x)), x.dtype)
            for x, s in zip(self.inputs, (signs(x, self.rng) for x in self.inputs), strict=True)
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
    def overwritten(self) -> tuple[list[int], list[int]] | None:
        """Which of the first outputs and gradients a call with other arguments changes; None if it fails."""
        arrays = self.moved(2.0**-16)
        if self.attempt(self.call, arrays) is None:
            return None
        if self.attempt(self.pull, arrays, self.random(self.cotangents)) is None:
            return None
        return changed(self.outputs, self.values), changed(self.pulled, self.gradients)

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
        return 64 * self.eps * largest(self.values[i]) + 4 * self.changes[0][i]


def copies(arrays: Sequence[Array]) -> Arrays:
    """Writable copies in C order."""
    return [np.array(a, order="C") for a in arrays]


def changed(arrays: Sequence[Array], before: Sequence[Array]) -> list[int]:
    return [i for i, (a, b) in enumerate(zip(arrays, before, strict=True)) if not same_bits(a, b)]


def same_bits(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def signs(a: Array, rng: np.random.Generator) -> Array:
    return np.asarray(rng.choice([-1.0, 1.0], a.shape))


def _unsteady(trial: Trial) -> Iterator[Finding]:
    def change(a: Sequence[Array], b: Sequence[Array]) -> tuple[float, float] | None:
        """The numbers that differ most, of those that differ at all."""
        pairs = [(p, q, np.sqrt(trial.eps) * largest(p)) for p, q in zip(a, b, strict=True)]
        return next((found for p, q, tolerance in pairs if (found := apart(q, p, tolerance))), None)

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
    if trial.overwritten is None:
        return
    # the VJP first: it may have kept something from the call of the function just now
    gradients, values = trial.pull(trial.inputs, trial.cotangents), trial.call(trial.inputs)
    for who, before, after in (("the VJP", trial.gradients, gradients), ("f", trial.values, values)):
        if found := change(before, after):
            yield Finding(
                "repeatability",
                f"{who} gave {found[1]:.10g}, and {found[0]:.10g} after a call with other inputs: "
                "it keeps something from one call to the next",
            )


def apart(a: Array, expected: Array, tolerance: float) -> tuple[float, float] | None:
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


def computes_coarsely(trial: Trial) -> bool:
    """Whether the function turns double precision into a coarser type."""
    double = bool(trial.inputs) and all(x.dtype == np.float64 for x in trial.inputs)
    return double and bool(trial.values) and all(np.finfo(y.dtype).bits < 64 for y in trial.values)
