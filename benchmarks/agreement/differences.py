"""Where the two sides differ, and why. What is not listed here makes the run fail.

An entry explains a difference only where its condition holds: at a tie, at a bound, for one option. A difference that
no entry explains is a mistake on one side.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.agreement.comparison import Finding

Array = np.ndarray[Any, Any]


Condition = Callable[[Finding], Array]


@dataclass(frozen=True)
class Difference:
    """Numbers that differ on purpose: of which of PyTorch's entries, at which elements, and why."""

    entries: str
    where: Condition
    why: str


@dataclass(frozen=True)
class Refusal:
    """A call that PyTorch computes and we refuse, in words that `words` (a regular expression) finds."""

    entries: str
    words: str
    why: str


# --- conditions -------------------------------------------------------------------------------------------------------


def at(mask: Callable[..., Any], orders: tuple[int, ...] = (1, 2)) -> Condition:
    """Elements that come from elements at which `mask` of the arguments, broadcast, is true."""

    def condition(finding: Finding) -> Array:
        if finding.order not in orders:
            return np.zeros(finding.differs.shape, bool)
        with np.errstate(all="ignore"):
            return _reaching(np.asarray(mask(*finding.arrays)), finding.differs.shape)

    return condition


def _reaching(mask: Array, shape: tuple[int, ...]) -> Array:
    """Which elements of an argument of some shape are broadcast to an element where the mask is true."""
    mask = mask.any(axis=tuple(range(max(0, mask.ndim - len(shape)))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1 and mask.ndim == len(shape) and mask.shape[i] != 1)
    return np.broadcast_to(mask.any(axis=repeated, keepdims=True), shape)


def a_nan(*arrays: Array) -> Array:
    """Where one of the arguments is NaN."""
    return sum(np.isnan(a) for a in arrays) > 0


def zero(*arrays: Array) -> Array:
    """Where all arguments are 0."""
    return sum(a != 0 for a in arrays) == 0


def infinite(*arrays: Array) -> Array:
    """Where an argument is infinite."""
    return sum(np.isinf(a) for a in arrays) > 0


def tie(a: Array, b: Array) -> Array:
    """Where two arguments are equal."""
    return a == b


def undefined(finding: Finding) -> Array:
    """Where PyTorch has NaN."""
    return np.isnan(finding.theirs)


def close(relative: float) -> Condition:
    """Where the numbers differ by less than so much of PyTorch's, or of 1."""

    def condition(finding: Finding) -> Array:
        with np.errstate(invalid="ignore"):
            return np.abs(finding.ours - finding.theirs) <= relative * np.maximum(np.abs(finding.theirs), 1)

    return condition


def second(finding: Finding) -> Array:
    """All of a second derivative."""
    return np.full(finding.differs.shape, finding.order == 2)


def singles(finding: Finding) -> Array:
    """Everything, if an argument is of the type float32."""
    return np.full(finding.differs.shape, any(a.dtype == np.float32 for a in finding.arrays))


def nothing(finding: Finding) -> Array:
    """All of a derivative, if an argument is all zeros, or empty."""
    return np.full(finding.differs.shape, finding.order > 0 and any(not a.any() for a in finding.arrays))


def both(*conditions: Condition) -> Condition:
    """Where all of the conditions hold."""
    return lambda finding: np.logical_and.reduce([condition(finding) for condition in conditions])


def _number(arrays: tuple[Array, ...], place: int) -> Any:
    """One of the arguments of a power; NaN for one that is no array."""
    return arrays[place] if place < len(arrays) else np.nan


# --- the differences --------------------------------------------------------------------------------------------------

DIFFERENCES = [
    Difference("sign sgn", at(a_nan, (0,)), "the sign of NaN is NaN, as in NumPy; 0 in PyTorch"),
    Difference(
        "abs", at(a_nan), "at NaN the derivative is NaN, which is the sign of NaN; 0 in PyTorch, as it takes that sign"
    ),
    Difference(
        "max.binary maximum min.binary minimum nn.functional.relu",
        at(a_nan),
        "at NaN neither argument wins and the derivative is 0; PyTorch passes the whole cotangent on",
    ),
    Difference(
        "nn.functional.softsign",
        both(at(infinite), undefined),
        "at infinity the derivative is its limit, 0; NaN in PyTorch",
    ),
    Difference(
        "hypot", both(at(zero), undefined), "at the origin the derivative is taken as 0; 0/0, which is NaN, in PyTorch"
    ),
    Difference("atan2", at(zero), "at the origin there is no angle, and the derivative is NaN; taken as 0 in PyTorch"),
    Difference(
        "logaddexp",
        both(at(infinite), undefined),
        "equal infinities share the derivative evenly; infinity minus infinity, which is NaN, in PyTorch",
    ),
    Difference(
        "acosh",
        at(lambda x: ~(x >= 1)),
        "below 1 the value is NaN, and so is the derivative; PyTorch's formula has a number there",
    ),
    Difference(
        "acosh",
        both(at(np.isinf), undefined, second),
        "at infinity the second derivative is its limit, 0; NaN in PyTorch",
    ),
    Difference(
        "logaddexp logaddexp2",
        both(at(lambda a, b: np.abs(a - b) > 700), undefined, second),
        "the second derivative vanishes where one term is more than e**700 times the other; PyTorch's overflows to NaN",
    ),
    Difference(
        "clamp_min clamp_max clamp",
        at(tie),
        "exactly at a bound the derivative is shared evenly with the bound; PyTorch gives all of it to the argument",
    ),
    Difference("angle", at(lambda x: x == 0, (0,)), "the angle of -0.0 is pi, as in NumPy; 0 in PyTorch"),
    Difference(
        "copysign",
        both(at(lambda x, _: ~np.isfinite(x) | (x == 0)), undefined),
        "the derivative is the sign that was chosen; PyTorch divides the result by the argument, NaN at 0 and infinity",
    ),
    Difference(
        "fmax fmin",
        at(lambda a, b: (a == b) | np.isnan(a) & np.isnan(b)),
        "ties share the derivative evenly; PyTorch gives all of it to the first",
    ),
    Difference(
        "fmod",
        at(lambda a, b: (np.round(a / b) == a / b) & (np.fmod(a, b) != 0)),
        "the derivative by the divisor is a whole number; PyTorch's is one too many where the quotient rounds up to it",
    ),
    Difference(
        "fmod",
        at(lambda a, b: np.isnan(np.fmod(a, b)), (2,)),
        "where the value is NaN, so is the second derivative by the divisor; 0 in PyTorch",
    ),
    Difference("heaviside", at(a_nan, (0,)), "the step at NaN is NaN, as in NumPy; 0 in PyTorch"),
    Difference(
        "i0 special.i0e special.i1 special.i1e special.modified_bessel_i0 special.modified_bessel_i1",
        at(a_nan),
        "at NaN the derivative is NaN; PyTorch has a number there",
    ),
    Difference(
        "i0 special.i1",
        both(at(lambda x: np.abs(x) > 700), undefined),
        "beyond 700 the function overflows to infinity, and so do its derivatives; NaN in PyTorch",
    ),
    Difference(
        "frac",
        at(np.isinf, (0, 1, 2)),
        "the fraction of an infinity is 0, as in NumPy's modf; NaN in PyTorch",
    ),
    Difference(
        "nextafter",
        at(tie),
        "the derivative passes to the first argument everywhere; PyTorch has 0 where both are equal",
    ),
    Difference(
        "sinc",
        both(at(lambda x: np.abs(x) < 0.1), second),
        "PyTorch's second derivative loses digits to cancellation near 0, and is NaN at 0",
    ),
    Difference(
        "digamma lgamma polygamma.polygamma_n_0",
        close(1e-8),
        "PyTorch's trigamma function has 10 digits: trigamma(3.3) is 0.35350154184 (mpmath), 0.35350154190 there",
    ),
    Difference(
        "digamma",
        at(lambda x: (x < 0) & (x == np.round(x))),
        "at a pole the derivative is infinite; a large number, or NaN, in PyTorch",
    ),
    Difference(
        "lgamma",
        at(lambda x: x == -np.inf, (0, 1, 2)),
        "at minus infinity the value is minus infinity, as in SciPy; plus in PyTorch",
    ),
    Difference(
        "erf erfc special.ndtr special.erfcx digamma polygamma.polygamma_n_0 polygamma.polygamma_n_1 "
        "polygamma.polygamma_n_2 polygamma.polygamma_n_3 polygamma.polygamma_n_4",
        both(at(np.isinf), undefined),
        "at infinity the derivatives are their limits, 0; NaN in PyTorch",
    ),
    Difference(
        "polygamma.polygamma_n_1 polygamma.polygamma_n_2 polygamma.polygamma_n_3 polygamma.polygamma_n_4",
        both(at(np.isinf, (0,)), undefined),
        "at infinity the value is the limit, 0; NaN in PyTorch",
    ),
    Difference(
        "xlogy",
        at(lambda a, b: (a == 0) & (b == 0)),
        "0 log 0 is taken as a constant, with derivatives 0; NaN and infinity in PyTorch",
    ),
    Difference(
        "special.xlog1py",
        at(lambda a, b: (a == 0) & (b == -1)),
        "0 log 0 is taken as a constant, with derivatives 0; NaN and infinity in PyTorch",
    ),
    Difference(
        "special.log_ndtr",
        at(lambda x: (x < -1e5) | np.isinf(x)),
        "the derivative grows as -x for large negative x; PyTorch's cancels to a constant, and is NaN at infinity",
    ),
    Difference(
        "logit",
        at(lambda x: ~((x > 0) & (x < 1))),
        "outside (0, 1) the value is NaN, and the derivative that of the formula; NaN or 0 in PyTorch",
    ),
    Difference(
        "igamma igammac", at(a_nan, (0,)), "of NaN and infinity the value is NaN, as in SciPy; 0 or 1 in PyTorch"
    ),
    Difference(
        "special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1",
        both(close(1e-6), at(np.isfinite, (0,))),
        "PyTorch's Bessel functions have 6 to 8 digits: J0(5.5) is -0.00684386942 (mpmath), -0.00684403274 there",
    ),
    *(
        difference
        for entries, base in (("pow float_power", 0), ("__rpow__", 1))
        for difference in (
            Difference(
                entries,
                both(at(lambda *arrays, base=base: _number(arrays, base) < 0), second),
                "at a negative base the derivative by the exponent is NaN, and so is what follows; PyTorch has 0",
            ),
            Difference(
                entries,
                both(at(lambda *arrays, base=base: _number(arrays, base) == 0), undefined, second),
                "at base 0 the second derivative is that of the power that is left; 0 times infinity, NaN, in PyTorch",
            ),
            Difference(
                entries,
                both(at(lambda *arrays, base=base: _number(arrays, 1 - base) == 0), second),
                "at exponent 0 the derivative of b a**(b - 1) by b is 1 / a; PyTorch takes the first one as 0 there",
            ),
        )
    ),
    Difference("cov", singles, "PyTorch adds float32 weights up in float32; here they become float64 first"),
    Difference(
        "linalg.norm norm linalg.vector_norm linalg.matrix_norm",
        both(nothing, undefined),
        "the second derivative of an empty norm is 0; NaN in PyTorch",
    ),
    Difference(
        "linalg.norm.subgradients_at_zero",
        nothing,
        "a norm of a zero matrix has the derivative 0; PyTorch chooses singular vectors, of which any would do",
    ),
    Difference(
        "nn.functional.celu nn.functional.hardsigmoid",
        close(1e-6),
        "PyTorch rounds 1 / alpha, and 1 / 6, to float32, in float64 too",
    ),
    Difference(
        "nn.functional.elu nn.functional.selu nn.functional.celu",
        at(a_nan),
        "at NaN the slope is NaN; PyTorch takes it for a number on the right of 0",
    ),
    Difference(
        "nn.functional.elu nn.functional.selu nn.functional.celu",
        at(zero),
        "at 0 the second derivative is that of the left side; 0 in PyTorch",
    ),
    Difference(
        "nn.functional.hardshrink nn.functional.hardsigmoid nn.functional.hardtanh nn.functional.relu6",
        at(a_nan),
        "where NaN is passed on, so is the cotangent; PyTorch passes on the one, and 0 for the other",
    ),
    Difference("nn.functional.softshrink", at(a_nan), "where NaN stands for no number, the slope is 0; 1 in PyTorch"),
    Difference(
        "nn.functional.prelu",
        at(lambda x, weight: (x == 0) | np.isnan(x)),
        "at 0 and NaN the slope is the weight; PyTorch's second derivative takes it for 1",
    ),
    Difference(
        "nn.functional.mish", undefined, "the second derivative far out is 0; NaN in PyTorch, as infinity meets 0"
    ),
    Difference(
        "nn.functional.binary_cross_entropy",
        second,
        "PyTorch adds 1e-12 to the denominators of the second derivative, which changes its eleventh digit",
    ),
]

REFUSALS = [
    Refusal(
        "index_copy index_fill scatter",
        "names an element twice",
        "an index that names an element twice: which value stays is not defined, so the assignment is refused",
    ),
    Refusal(
        "linalg.qr qr", "fills up Q", "complete factors: the columns that fill up Q are arbitrary and have no gradient"
    ),
    Refusal("masked.mean", "nothing to reduce", "the mean of no elements, which is NaN in PyTorch, is refused"),
    Refusal("logsumexp", "zero-size array", "the logarithm of an empty sum, which is minus infinity, is refused"),
    Refusal(
        "nn.functional.gaussian_nll_loss nn.functional.hinge_embedding_loss nn.functional.margin_ranking_loss",
        "must have the same shape",
        "losses compare what has the same shape; broadcasting would compare every prediction with every target",
    ),
    Refusal(
        "nn.functional.hinge_embedding_loss nn.functional.margin_ranking_loss nn.functional.soft_margin_loss",
        "must be 1(, 0)? or -1",
        "targets of margins are 1 and -1, and others mean nothing",
    ),
    Refusal(
        "nn.functional.multi_margin_loss nn.functional.multilabel_margin_loss",
        r"must be \(batch, classes\) or|class ids must have shape",
        "a sample is a row of scores, and has one target; PyTorch takes numbers for rows",
    ),
    Refusal(
        "nn.functional.multilabel_soft_margin_loss", "a number for each class", "weights are those of classes, a row"
    ),
    Refusal("nn.functional.cosine_similarity", "out of bounds", "numbers are no vectors, and have no axis"),
    Refusal(
        "tensordot", "have lengths 1 and", "PyTorch stretches contracted axes of length 1; NumPy refuses, and we do"
    ),
    Refusal(
        "einsum",
        "no '...' in its result",
        "PyTorch sums over an ellipsis that the output leaves out; NumPy refuses, and we do",
    ),
]


def explanations(finding: Finding) -> list[Difference]:
    """The entries that together explain all elements that differ; none if an element is left without one."""
    left, found = finding.differs, []
    if finding.ours.shape != finding.theirs.shape or finding.ours.dtype != finding.theirs.dtype:
        return []
    for difference in DIFFERENCES:
        if finding.row.theirs in difference.entries.split():
            explained = left & difference.where(finding)
            if explained.any():
                found.append(difference)
                left = left & ~explained
    return [] if left.any() else found


def reason_for_refusal(theirs: str, error: Exception) -> Refusal | None:
    """The entry that explains why we refuse a call, or None."""
    for refusal in REFUSALS:
        if theirs in refusal.entries.split() and re.search(refusal.words, str(error)):
            return refusal
    return None
