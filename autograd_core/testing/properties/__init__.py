"""What every derivative must keep to besides agreeing with differences: rules, each a small function, tried in order.

Knows functions with a VJP as flat arrays, wherever they come from. Judges no number by differences, and no rule by
more than the function itself shows: what it cannot be asked (it raises there, or is not finite) breaks no rule.
Tolerances: see Note [Tolerances] in `trial`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from ...errors import OptionError
from ..functions import Function
from ..report import Finding
from .form import aliasing, dtype, mutation, shape
from .numbers import layout, linearity, repeatability, transposition
from .precision import float32, precision
from .trial import Array, Trial

__all__ = ["PROPERTIES", "broken_rules"]

Rule = Callable[[Trial], Iterator[Finding]]


def broken_rules(
    function: Function,
    cotangents: Sequence[Array],
    rng: np.random.Generator,
    *,
    skip: Collection[str] = (),
) -> list[Finding]:
    """All rules of `PROPERTIES` that a function and its VJP break at the inputs of the function.

    `cotangents` have the shapes of the outputs. Calls the function and its VJP about 25 times each, and up to 130 where
    something looks suspicious. A rule in `skip` is not tried, nor are those that mean nothing once an earlier one is
    broken: numbers are compared only if they come out the same twice and have the right shapes.

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
        trial = Trial(function, cotangents, rng)
        for name, rule in PROPERTIES.items():
            if name in _OF_NUMBERS and not trial.comparable:
                continue
            if name not in skip:
                trial.findings = list(rule(trial))
                trial.broken |= {finding.cause for finding in trial.findings}
                findings += trial.findings
    return findings


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
