"""Values and derivatives where floating point numbers run out: near 0, near poles, far out, at infinity.

Each row is a claim: function, argument, and there the value, the first and the second derivative. The source of each
expected number stands beside it:

    mp       mpmath 1.3 with 60 digits, derivatives by its own differences, rounded to 17 digits
    series   the first term of the power series there; the next one is less than a rounding error
    limit    what the function tends to, in elementary terms
    exact    arithmetic
    choice   where the mathematics leaves a choice: the table of subgradients

Note [How close]
64 units in the last place of the expected number, as everywhere. Where a row says `of=1`, 64 units in the last place of
1: the derivative of a function that saturates is a difference of numbers near 1, and is as good as they are.
No row may warn: where the function is finite, so is everything on the way, or nobody hears of it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from nn import functional as F

INF, NAN = math.inf, math.nan
ROUNDING = 64
S = ag.special


@dataclass(frozen=True)
class Row:
    """A claim; None is for what it says nothing about."""

    name: str
    x: float
    value: float | None
    first: float | None
    second: float | None
    source: str
    of: float = 0.0
    dtype: type = np.float64

    @property
    def function(self) -> Any:
        return FUNCTIONS[self.name]


def _bce(target):
    return lambda x: F.binary_cross_entropy_with_logits(x, np.asarray(target, x.dtype), reduction="sum")


def _of_two(f):
    """A function of a vector as one of its first element; the second is 0."""
    return lambda x: f(ag.stack([x, ag.zeros_like(x)]))


FUNCTIONS = {
    **{name: getattr(ag, name) for name in ag.ops.__all__},
    **{f"special.{name}": getattr(S, name) for name in S.__all__},
    "x**0": lambda x: x**0,
    "x**1": lambda x: x**1,
    "x**2.5": lambda x: ag.power(x, 2.5),
    "x**[3]": lambda x: ag.power(x, np.array(3, np.int8)),
    "0**x": lambda x: ag.power(0.0, x),
    "xlogy(0, x)": lambda x: S.xlogy(0.0, x),
    "xlogy(2, x)": lambda x: S.xlogy(2.0, x),
    "logaddexp(x, 0)": lambda x: ag.logaddexp(x, 0.0),
    "logaddexp(x, x)": lambda x: ag.logaddexp(x, x),
    "logaddexp(x, -x)": lambda x: ag.logaddexp(x, -x),
    "logaddexp(x, -inf)": lambda x: ag.logaddexp(x, -INF),
    "logaddexp2(x, 0)": lambda x: ag.logaddexp2(x, 0.0),
    "logaddexp2(x, x)": lambda x: ag.logaddexp2(x, x),
    "hypot(x, 1)": lambda x: ag.hypot(x, 1.0),
    "hypot(x, x)": lambda x: ag.hypot(x, x),
    "arctan2(x, 1)": lambda x: ag.arctan2(x, 1.0),
    "arctan2(x, 1e-200)": lambda x: ag.arctan2(x, 1e-200),
    "iv(1.5, x)": lambda x: S.iv(1.5, x),
    "jv(1.5, x)": lambda x: S.jv(1.5, x),
    "gammainc(2.5, x)": lambda x: S.gammainc(2.5, x),
    "betainc(2, 3, x)": lambda x: S.betainc(2.0, 3.0, x),
    "logsumexp([x, 0])": _of_two(ag.logsumexp),
    "log_softmax([x, 0])[0]": _of_two(lambda v: ag.log_softmax(v)[0]),
    "log_softmax([x, 0])[1]": _of_two(lambda v: ag.log_softmax(v)[1]),
    "softmax([x, 0])[0]": _of_two(lambda v: ag.softmax(v)[0]),
    "cross_entropy([x, 0], 0)": _of_two(lambda v: ag.cross_entropy(v, np.array(0))),
    "cross_entropy([x, 0], 1)": _of_two(lambda v: ag.cross_entropy(v, np.array(1))),
    "bce_with_logits(x, 0)": _bce(0.0),
    "bce_with_logits(x, 1)": _bce(1.0),
    "std([x, x])": lambda x: ag.std(ag.stack([x, x])),
    "var([x, x])": lambda x: ag.var(ag.stack([x, x])),
    "norm([x, 0])": _of_two(ag.linalg.norm),
    "where(x > 0, sqrt(x), 0)": lambda x: ag.where(x > 0, ag.sqrt(x), 0.0),
    "prod([x, 0])": _of_two(ag.prod),
}

# log(1 + e**x): the sigmoid is its derivative
_SOFTPLUS = [
    (-1e4, 0.0, 0.0, 0.0, "limit"),
    (-40.0, 4.248354255291589e-18, 4.248354255291589e-18, 4.248354255291589e-18, "mp"),
    (-3.0, 0.048587351573742059, 0.047425873177566781, 0.045176659730912133, "mp"),
    (0.0, math.log(2), 0.5, 0.25, "exact"),
    (3.0, 3.0485873515737421, 0.95257412682243322, 0.045176659730912133, "mp"),
    (1e4, 1e4, 1.0, 0.0, "limit"),
    (-INF, 0.0, 0.0, 0.0, "limit"),
    (INF, INF, 1.0, 0.0, "limit"),
]
_AS_SOFTPLUS = ["softplus", "logaddexp(x, 0)", "logsumexp([x, 0])", "bce_with_logits(x, 0)", "cross_entropy([x, 0], 1)"]
_FINITE = {"logsumexp([x, 0])", "bce_with_logits(x, 0)", "cross_entropy([x, 0], 1)"}  # there inf - inf would happen

TABLE = [
    *(
        Row(name, *row, of=1.0)
        for name in _AS_SOFTPLUS
        for row in _SOFTPLUS
        if not (math.isinf(row[0]) and name in _FINITE)
    ),
    *(  # minus softplus of -x, and minus softplus of x
        Row(name, sign * x, -value, -sign * first, -second, source, of=1.0)
        for name, sign in [
            ("special.log_expit", -1),
            ("log_softmax([x, 0])[0]", -1),
            ("log_softmax([x, 0])[1]", 1),
        ]
        for x, value, first, second, source in _SOFTPLUS
        if math.isfinite(x)
    ),
    *(
        Row(name, -x, value, -first, second, source, of=1.0)
        for name in ["bce_with_logits(x, 1)", "cross_entropy([x, 0], 0)"]
        for x, value, first, second, source in _SOFTPLUS
        if math.isfinite(x)
    ),
    Row("sigmoid", -INF, 0.0, 0.0, 0.0, "limit"),
    Row("sigmoid", -1e4, 0.0, 0.0, 0.0, "limit"),
    Row("sigmoid", -700.0, 9.8596765437597709e-305, 9.8596765437597709e-305, 9.8596765437597709e-305, "mp"),
    Row("sigmoid", -30.0, 9.357622968839299e-14, 9.3576229688384233e-14, 9.357622968836672e-14, "mp"),
    Row("sigmoid", 0.0, 0.5, 0.25, 0.0, "exact"),
    Row("sigmoid", 3.0, 0.95257412682243322, 0.045176659730912133, -0.040891574660943479, "mp"),
    Row("sigmoid", 1e4, 1.0, 0.0, 0.0, "limit"),
    Row("sigmoid", INF, 1.0, 0.0, 0.0, "limit"),
    Row("softmax([x, 0])[0]", 1e4, 1.0, 0.0, 0.0, "limit"),
    Row("softmax([x, 0])[0]", -1e4, 0.0, 0.0, 0.0, "limit"),
    Row("tanh", 0.5, 0.46211715726000976, 0.78644773296592741, -0.72686198138358728, "mp"),
    *(Row("tanh", s * x, s, 0.0, 0.0, "limit") for s in (-1.0, 1.0) for x in (1e4, 1e200, INF)),
    Row("tanh", 1e-300, 1e-300, 1.0, 0.0, "series", of=1.0),
    Row("softsign", 1e4, 1e4 / 10001, 1 / 10001**2, -2 / 10001**3, "exact"),
    Row("softsign", -1e200, -1.0, 0.0, 0.0, "limit"),
    Row("softsign", 0.0, 0.0, 1.0, 0.0, "choice"),
    Row("relu", 0.0, 0.0, 0.0, 0.0, "choice"),
    Row("absolute", 0.0, 0.0, 0.0, 0.0, "choice"),
    # exponentials and logarithms
    Row("exp", -1e4, 0.0, 0.0, 0.0, "limit"),
    Row("exp", -INF, 0.0, 0.0, 0.0, "limit"),
    Row("exp", 1e-300, 1.0, 1.0, 1.0, "series"),
    Row("expm1", -40.0, -1.0, 4.248354255291589e-18, 4.248354255291589e-18, "mp"),
    Row("expm1", 2.0**-30, 9.3132257504915938e-10, 1.0000000009313226, 1.0000000009313226, "mp"),
    Row("expm1", 1e-300, 1e-300, 1.0, 1.0, "series"),
    Row("expm1", -INF, -1.0, 0.0, 0.0, "limit"),
    Row("log1p", 1e-300, 1e-300, 1.0, -1.0, "series"),
    Row("log1p", -1e-300, -1e-300, 1.0, -1.0, "series"),
    Row("log1p", 1e-8, 9.9999999500000003e-9, 0.9999999900000001, -0.9999999800000003, "mp"),
    Row("log1p", 20.0, 3.044522437723423, 0.047619047619047619, -0.0022675736961451247, "mp"),
    Row("log1p", INF, INF, 0.0, 0.0, "limit"),
    Row("log", 1e-300, -300 * math.log(10), 1e300, None, "exact"),
    Row("log", 1e-100, -100 * math.log(10), 1e100, -1e200, "exact"),
    Row("log", INF, INF, 0.0, 0.0, "limit"),
    Row("log2", 2.0**-500, -500.0, 2.0**500 / math.log(2), -(2.0**1000) / math.log(2), "exact"),
    Row("log10", 1e100, 100.0, 1e-100 / math.log(10), -1e-200 / math.log(10), "exact"),
    Row("sqrt", 1e-200, 1e-100, 5e99, -2.5e299, "exact"),
    Row("sqrt", 0.0, 0.0, INF, None, "limit"),
    Row("sqrt", INF, INF, 0.0, 0.0, "limit"),
    Row("cbrt", 1000.0, 10.0, 0.0033333333333333333, -2.2222222222222222e-6, "mp"),
    Row("cbrt", -1000.0, -10.0, 0.0033333333333333333, 2.2222222222222222e-6, "mp"),
    Row("cbrt", 1e-150, 1e-50, 1e100 / 3, -2e250 / 9, "exact"),
    Row("cbrt", 0.0, 0.0, INF, None, "limit"),
    Row("reciprocal", 1e200, 1e-200, 0.0, 0.0, "limit"),
    Row("reciprocal", INF, 0.0, 0.0, 0.0, "limit"),
    # powers
    Row("x**0", 0.0, 1.0, 0.0, 0.0, "exact"),
    Row("x**1", 0.0, 0.0, 1.0, 0.0, "exact"),
    Row("x**[3]", -2.0, -8.0, 12.0, -12.0, "exact"),
    Row("x**[3]", 0.0, 0.0, 0.0, 0.0, "exact"),
    Row("x**2.5", 0.0, 0.0, 0.0, 0.0, "exact"),
    Row("0**x", 2.0, 0.0, 0.0, 0.0, "exact"),
    # circles and hyperbolas
    Row("sinh", 700.0, 5.0711602736750225e303, 5.0711602736750225e303, 5.0711602736750225e303, "mp"),
    Row("cosh", -700.0, 5.0711602736750225e303, -5.0711602736750225e303, 5.0711602736750225e303, "mp"),
    Row("sinh", 1e-300, 1e-300, 1.0, 1e-300, "series"),
    Row("cosh", 1e-300, 1.0, 1e-300, 1.0, "series"),
    Row("arcsinh", 1e4, 9.903487555036128, 9.9999999500000004e-5, -9.9999998500000019e-9, "mp"),
    Row("arcsinh", -1e200, -200 * math.log(10) - math.log(2), 1e-200, 0.0, "limit"),
    Row("arccosh", 1e4, 9.903487550036128, 0.0001000000005, -1.0000000150000002e-8, "mp"),
    Row("arccosh", 1e200, 200 * math.log(10) + math.log(2), 1e-200, 0.0, "limit"),
    Row("arccosh", 1.0, 0.0, INF, None, "limit"),
    Row("arctan", 1e4, 1.57069632679523, 9.999999900000001e-9, -1.9999999600000006e-12, "mp"),
    Row("arctan", -1e200, -math.pi / 2, 0.0, 0.0, "limit"),
    Row("arctan2(x, 1)", 1e4, 1.57069632679523, 9.999999900000001e-9, -1.9999999600000006e-12, "mp"),
    Row("arctan2(x, 1)", 1e200, math.pi / 2, 0.0, 0.0, "limit"),
    Row("arctan2(x, 1e-200)", 1e-200, math.pi / 4, 0.5e200, None, "exact"),
    Row("hypot(x, 1)", 1e200, 1e200, 1.0, 0.0, "limit"),
    Row("hypot(x, 1)", 0.0, 1.0, 0.0, 1.0, "exact"),
    Row("hypot(x, x)", 0.0, 0.0, 0.0, 0.0, "choice"),
    Row("hypot(x, x)", 1e-300, math.sqrt(2) * 1e-300, math.sqrt(2), None, "exact"),
    # sinc and i0
    Row("sinc", 0.0, 1.0, 0.0, -(math.pi**2) / 3, "series"),
    Row("sinc", 1e-300, 1.0, -(math.pi**2) / 3 * 1e-300, -(math.pi**2) / 3, "series"),
    Row("sinc", 2.0**-7, 0.99989960421614178, -0.025700546552007759, -3.2892736171051545, "mp"),
    Row("sinc", 0.5, 0.63661977236758134, -1.2732395447351627, -1.1902271282389357, "mp"),
    Row("sinc", 2.5, 0.12732395447351627, -0.050929581789406507, -1.2158933960043921, "mp"),
    Row("sinc", 1e4, 0.0, 1e-4, -2e-8, "exact"),
    Row("i0", 0.0, 1.0, 0.0, 0.5, "series"),
    Row("i0", 1.0, 1.2660658777520083, 0.56515910399248503, 0.70090677375952331, "mp"),
    Row("i0", -3.0, 4.8807925858650241, -3.9533702174026094, 3.5630025133974876, "mp"),
    Row("i0", 30.0, 781672297823.97749, 768532038938.957, 756054563192.67892, "mp"),
    Row("i0", 700.0, 1.5295933476718737e302, 1.5285003902339007e302, 1.5274097756858253e302, "mp"),
    # sums of exponentials
    *(Row(name, -INF, -INF, 1.0, 0.0, "choice") for name in ["logaddexp(x, x)", "logaddexp2(x, x)"]),
    Row("logaddexp(x, x)", INF, INF, 1.0, 0.0, "choice"),
    Row("logaddexp(x, -x)", 1e4, 1e4, 1.0, 0.0, "limit"),
    Row("logaddexp(x, -x)", -5e307, 5e307, -1.0, 0.0, "limit"),
    Row("logaddexp(x, -inf)", 3.0, 3.0, 1.0, 0.0, "exact"),
    Row("logaddexp2(x, 0)", 0.0, 1.0, 0.5, math.log(2) / 4, "exact"),
    Row("logaddexp2(x, 0)", 1e4, 1e4, 1.0, 0.0, "limit"),
    Row("logaddexp2(x, 0)", -1e4, 0.0, 0.0, 0.0, "limit"),
    # reductions
    Row("std([x, x])", 1.0, 0.0, 0.0, None, "choice"),
    Row("var([x, x])", 1e8, 0.0, 0.0, 0.0, "exact"),
    Row("norm([x, 0])", 0.0, 0.0, 0.0, None, "choice"),
    Row("prod([x, 0])", 0.0, 0.0, 0.0, 0.0, "exact"),
    Row("where(x > 0, sqrt(x), 0)", 0.0, 0.0, 0.0, 0.0, "exact"),
]

# special functions, which need SciPy
SPECIAL = [
    Row("special.erf", 1.0, 0.84270079294971487, 0.4151074974205947, -0.83021499484118941, "mp"),
    Row("special.erf", -3.0, -0.99997790950300141, 0.00013925305194674785, 0.00083551831168048712, "mp"),
    Row("special.erf", 2.0**-6, 0.017629489782642006, 1.1281037175260041, -0.035253241172687628, "mp"),
    Row("special.erf", 1e-300, 2 / math.sqrt(math.pi) * 1e-300, 2 / math.sqrt(math.pi), None, "series"),
    *(Row("special.erf", s * x, s, 0.0, 0.0, "limit") for s in (-1.0, 1.0) for x in (1e4, 1e200, INF)),
    Row("special.erfc", 5.0, 1.5374597944280349e-12, -1.5670866531017335e-11, 1.5670866531017335e-10, "mp"),
    Row("special.erfcx", 3.0, 0.17900115118138995, -0.054372260007172871, 0.031768742319742673, "mp", of=1.0),
    Row("special.erfcx", 50.0, 0.011281536265323773, -0.00022554056313532388, 9.0162171151572226e-6, "mp", of=2e-4),
    Row("special.erfinv", 0.5, 0.47693627620446987, 1.1125848189719498, 1.1807463499934, "mp"),
    Row("special.erfinv", 1.0, INF, INF, None, "limit"),
    Row("special.log_ndtr", -10.0, -53.231285150512471, 10.098093233962512, -0.99055462217434374, "mp", of=10.0),
    Row("special.log_ndtr", 0.0, -math.log(2), 0.79788456080286536, -2 / math.pi, "mp"),
    Row("special.log_ndtr", 5.0, -2.8665161296376359e-7, 1.4867199409049057e-6, -7.4336019148607112e-6, "mp"),
    Row("special.log_ndtr", 1e4, 0.0, 0.0, 0.0, "limit"),
    Row("special.ndtri", 0.25, -0.67448975019608174, 3.1468650805610924, -6.6793100075327818, "mp"),
    Row("special.logit", 2.0**-10, -6.9304947659516265, 1025.0009775171065, -1048574.9980440102, "mp"),
    Row("special.logit", 1e-100, -100 * math.log(10), 1e100, -1e200, "series"),
    Row("special.logit", 0.0, -INF, INF, None, "limit"),
    Row("special.gammaln", 0.5, 0.57236494292470009, -1.9635100260214235, 4.9348022005446793, "mp"),
    Row("special.gammaln", 1e4, 82099.717496442377, 9.2102903711428494, 0.00010000500016666667, "mp"),
    Row("special.gamma", 4.5, 11.631728396567449, 16.154969393303071, 25.330270150544694, "mp"),
    Row("special.digamma", 0.5, -1.9635100260214235, 4.9348022005446793, -16.82879664423432, "mp"),
    Row("special.entr", 0.5, 0.34657359027997265, -0.30685281944005469, -2.0, "mp"),
    Row("special.entr", 0.0, 0.0, INF, None, "limit"),
    Row("xlogy(0, x)", 0.0, 0.0, 0.0, 0.0, "choice"),
    Row("xlogy(0, x)", 2.0, 0.0, 0.0, 0.0, "exact"),
    Row("xlogy(2, x)", 1e-100, -200 * math.log(10), 2e100, -2e200, "exact"),
    Row("special.j0", 1.0, 0.76519768655796655, -0.44005058574493352, -0.32514710081303304, "mp"),
    Row("special.j1", 0.0, 0.0, 0.5, 0.0, "series"),
    Row("special.y1", 2.0, -0.10703243154093755, 0.56389188842021389, -0.20167162055440379, "mp"),
    Row("special.i1", 1.0, 0.56515910399248503, 0.70090677375952331, 0.42941143422544675, "mp"),
    Row("special.i0e", 10.0, 0.12783333716342861, -0.0065706557789730886, 0.0010150434195006253, "mp", of=1.0),
    Row("iv(1.5, x)", 2.0, 1.0994731886331097, 1.2216319716142228, 1.1071108714321225, "mp"),
    Row("jv(1.5, x)", 2.0, 0.49129377868716235, 0.14454580254645599, -0.28721392944886152, "mp"),
    Row("gammainc(2.5, x)", 3.0, 0.6937810815867216, 0.19460869331856584, -0.09730434665928292, "mp"),
    Row("betainc(2, 3, x)", 0.25, 0.26171875, 1.6875, 2.25, "mp"),
]

# What would overflow in a narrow type on the way to a result that does not. The expected numbers are rounded to it.
NARROW = [
    Row(r.name, r.x, r.value, r.first, r.second, r.source, 1.0, t) for r in TABLE for t in (np.float16, np.float32)
]
_SHOWN = (np.float16, np.float32)


def derivatives(f: Any, x: Any, dtype: type, twice: bool) -> list[Any]:
    """The value and the derivatives at a point, by one or two sweeps."""
    t = ag.tensor(np.array(x, dtype), requires_grad=True)
    value = f(t)
    first = ag.gradients(value, t, create_graph=True)
    again = twice and first.requires_grad
    second = ag.gradients(first, t, allow_unused=True) if again else ag.zeros((), dtype)
    for y in (value, first, second):
        assert y.dtype == dtype
    return [float(y.detach()) for y in (value, first, second)]


def assert_row(row: Row) -> None:
    if row.name.startswith("special."):
        pytest.importorskip("scipy", reason="scipy is not installed: special functions have no values")
    eps = float(np.finfo(row.dtype).eps)
    with np.errstate(all="raise", under="ignore", divide="raise" if math.isfinite(row.value or 0) else "ignore"):
        found = derivatives(row.function, row.x, row.dtype, row.second is not None)
    for what, got, expected in zip(
        ("value", "first derivative", "second derivative"), found, (row.value, row.first, row.second), strict=True
    ):
        if expected is None:
            continue
        if math.isinf(expected):
            assert got == expected, what
        else:
            assert abs(got - expected) <= ROUNDING * eps * max(abs(expected), row.of), (what, got, expected)


def _id(row: Any) -> str:
    return f"{row.name} at {row.x}" + (f" {row.dtype.__name__}" if row.dtype in _SHOWN else "")


@pytest.mark.parametrize("row", TABLE, ids=_id)
def test_value_and_derivatives_at_the_extremes(row):
    assert_row(row)


@pytest.mark.parametrize("row", SPECIAL, ids=_id)
def test_special_functions_at_the_extremes(row):
    pytest.importorskip("scipy", reason="scipy is not installed: special functions have no values")
    assert_row(row)


def _fits(row: Row) -> bool:
    """Whether argument and results are numbers of the narrow type, the argument exactly."""
    with np.errstate(over="ignore"):
        if float(row.dtype(row.x)) != row.x:
            return False
    big, small = float(np.finfo(row.dtype).max), float(np.finfo(row.dtype).smallest_normal)
    given = [row.x, row.value, row.first, row.second]
    return all(v is None or math.isinf(v) or v == 0 or small <= abs(v) <= big for v in given[:1]) and all(
        v is None or math.isinf(v) or abs(v) <= big for v in given
    )


@pytest.mark.parametrize("row", [row for row in NARROW if _fits(row)], ids=_id)
def test_narrow_types_at_the_extremes(row):
    assert_row(row)


# --- NaN and kinks ----------------------------------------------------------------------------------------------------


def gradient(f, *numbers):
    """The derivatives of a function of numbers."""
    tensors = [ag.tensor(x, requires_grad=True) for x in numbers]
    return [float(g) for g in ag.gradients(f(*tensors), tensors)]


@pytest.mark.parametrize("f", [np.fmax, np.fmin])
def test_the_gradient_goes_to_the_number_that_is_no_nan(f):
    assert gradient(f, NAN, 2.0) == [0.0, 1.0]
    assert gradient(f, 2.0, NAN) == [1.0, 0.0]
    assert gradient(f, 2.0, 2.0) == gradient(f, NAN, NAN) == [0.5, 0.5]


def test_fmax_and_fmin_choose():
    assert gradient(np.fmax, 1.0, 2.0) == [0.0, 1.0] == gradient(np.fmin, 2.0, 1.0)


def test_the_angle_of_the_origin_has_no_derivative():
    assert np.isnan(gradient(np.arctan2, 0.0, 0.0)).all()  # as JAX; PyTorch says 0


@pytest.mark.parametrize("base", [0.5, 2.0])
def test_both_orders_of_differentiating_a_power_agree_at_exponent_zero(base):
    """d2(a**b) / (db da) at b = 0 is 1 / a, whichever comes first."""
    by_base_first = ag.grad(lambda b: ag.grad(lambda a: a**b)(np.float64(base)))(np.float64(0.0))
    by_exponent_first = ag.grad(lambda a: ag.grad(lambda b: a**b)(np.float64(0.0)))(np.float64(base))
    assert by_base_first == by_exponent_first == 1 / base


def test_powers_of_negative_numbers_have_a_derivative_in_the_base_only():
    base = ag.tensor([-2.0, -2.0, 0.0, 0.0], requires_grad=True)
    exponent = np.array([3, -1, 0, 2])
    np.testing.assert_allclose(base.detach().data[:2] ** exponent[:2], [-8.0, -0.5])
    np.testing.assert_allclose(ag.gradients(ag.sum(base**exponent), base), [12.0, -0.25, 0.0, 0.0], rtol=1e-15)
    assert np.isnan(gradient(np.power, -2.0, 3.0)[1])  # the logarithm of a negative number


def test_nan_to_num_replaces_with_constants():
    t = ag.tensor([NAN, INF, -INF, 3.0], requires_grad=True)
    for options in ({}, {"nan": 2.0}, {"posinf": 5.0, "neginf": -5.0}):
        out = np.nan_to_num(t, **options)
        np.testing.assert_array_equal(out.detach(), np.nan_to_num(t.detach().data, **options))
        np.testing.assert_array_equal(ag.gradients(out.sum(), t), [0.0, 0.0, 0.0, 1.0])
    with pytest.raises(ag.MissingRuleError, match="copy"):
        np.nan_to_num(t, copy=False)


def test_an_infinite_number_has_no_fraction():
    t = ag.tensor([INF, -1.5, 2.0], requires_grad=True)
    fraction, whole = np.modf(t)
    np.testing.assert_array_equal(fraction.detach(), [0.0, -0.5, 0.0])
    np.testing.assert_array_equal(whole.detach(), [INF, -1.0, 2.0])
    np.testing.assert_array_equal(ag.gradients(fraction.sum(), t), [0.0, 1.0, 1.0])


def test_an_exponent_is_an_integer():
    mask, into = np.array([True, False, True]), np.full(3, 7.0)
    f = lambda t: np.ldexp(t, np.array([1, 2, 3]), where=mask, out=ag.tensor(into))
    numbers = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(f(ag.tensor(numbers)).data, [2.0, 7.0, 24.0])
    ag.gradcheck(f, numbers)
    np.testing.assert_array_equal(
        np.ldexp.outer(ag.tensor(numbers), np.array([1, 2])).data, np.ldexp.outer(numbers, np.array([1, 2]))
    )
    with pytest.raises(ag.DTypeError, match="ldexp"):
        np.ldexp(ag.tensor(numbers), 0.5)


def test_mantissa_and_exponent():
    numbers = np.array([12.0, -0.3, 0.0, 5e-324, 1e308])
    t = ag.tensor(numbers, requires_grad=True)
    mantissa, exponent = np.frexp(t)
    for got, expected in zip((mantissa, exponent), np.frexp(numbers), strict=True):
        np.testing.assert_array_equal(got.detach(), expected)
        assert got.dtype == expected.dtype
    assert not exponent.requires_grad
    np.testing.assert_array_equal(ag.gradients(mantissa[:3].sum(), t), [2.0**-4, 2.0, 1.0, 0.0, 0.0])
    np.testing.assert_array_equal(ag.gradients(np.ldexp(t[:3], exponent[:3]).sum(), t), [16.0, 0.5, 1.0, 0.0, 0.0])


@pytest.mark.parametrize("a", [7.5, -7.5])
@pytest.mark.parametrize("b", [2.0, -2.0])
def test_division_with_a_remainder_in_all_four_quarters(a, b):
    for f in (np.remainder, np.fmod):
        whole = round((a - f(a, b)) / b)
        assert gradient(f, a, b) == [1.0, -whole]
    for f in (np.floor_divide, lambda x, y: x // y):
        assert gradient(f, a, b) == [0.0, 0.0]
    quotient, rest = np.divmod(ag.tensor(a, requires_grad=True), b)
    assert (float(quotient.detach()), float(rest.detach())) == divmod(a, b)


def test_float_power_computes_in_double_precision():
    t = ag.tensor(np.array([2.0, 3.0], np.float32), requires_grad=True)
    out = np.float_power(t, 2)
    assert out.dtype == np.float64
    g = ag.gradients(out.sum(), t)
    assert g.dtype == np.float32
    np.testing.assert_array_equal(g, [4.0, 6.0])
    np.testing.assert_array_equal(np.float_power(ag.tensor([2, 4]), -1).data, [0.5, 0.25])
    with pytest.raises(ag.DTypeError, match="float_power: computes in float64"):
        np.float_power(t, 2, dtype=np.float32)


@pytest.mark.parametrize("order", range(7))
def test_all_derivatives_of_sinc_at_0(order):
    """Of the power series, by repeated differentiation: (-1)**(n / 2) pi**n / (n + 1) for even n."""
    f = ag.sinc
    for _ in range(order):
        f = ag.grad(f)
    expected = 0.0 if order % 2 else (-1) ** (order // 2) * math.pi**order / (order + 1)
    assert abs(float(f(0.0)) - expected) <= ROUNDING * np.finfo(float).eps * max(1, abs(expected))
