"""Elementary functions without branches: a few operations that any vector unit has, and stated errors.

Knows formulas, their coefficients, and how far they are from the truth. Does not know what they are computed on: each
is written once, over an arithmetic `m` and its values `x`, which are LLVM's registers (`emitting.Arithmetic`) or NumPy's
arrays (`ArrayArithmetic`, for reading and testing). Values have operators; `m` has `fma`, `where`, `bits` and the like.

All are right at zeros of both signs, infinities, NaNs and subnormal numbers, and where the result overflows or
underflows; none sets or heeds floating-point flags.

# Note [How the coefficients were found]
A polynomial, or numerator and denominator of a rational function, that minimises the largest relative error on the
interval: Remez's exchange for polynomials, Lawson's reweighted least squares for rational functions (as in Nakatsukasa,
Sète and Trefethen, "The AAA algorithm", 2018), in 60 digits. Denominators were rounded to the type first; then the
other coefficients one by one, lowest first, those left being fitted anew each time. `python -m benchmarks.minimax`
does it again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias

import numpy as np

__all__ = ["ERRORS", "ArrayArithmetic", "approximation"]

Formula: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Constants:
    """What the formulas need to know of a floating type."""

    digits: int  # bits of the significand behind the point
    bias: int  # of the exponent
    smallest: float  # normal number
    root_bits: int  # of sqrt(1/2)
    ln2_high: float  # ln 2 in so few bits that its product with an exponent is exact
    ln2_low: float  # and the rest (Cody and Waite 1980)
    log2_e: tuple[float, float]  # the nearest number, and the rest
    log10_e: tuple[float, float]
    log10_2: tuple[float, float]
    exp_range: tuple[float, float]  # beyond, e**x is 0 or infinite
    exp: tuple[float, ...]  # q of e**r = 1 + r + r**2 q(r), |r| <= ln(2) / 2
    exp2_range: tuple[float, float]
    exp2: tuple[float, ...]  # q of 2**r = 1 + r q(r), |r| <= 1/2
    log: tuple[tuple[float, ...], ...]  # q, or p / q, of ln(1 + f) = f - f**2 / 2 + f**3 q, sqrt(1/2) <= 1 + f <= sqrt(2)

    @property
    def whole(self) -> float:
        """Added to a number, it leaves no bits behind the point, and the nearest whole number in the low bits."""
        return 1.5 * 2.0**self.digits

    @property
    def whole_bits(self) -> int:
        return ((self.bias + self.digits) << self.digits) + (1 << (self.digits - 1))

    @property
    def tiny(self) -> float:
        """Below that ``expm1(x)`` and ``log1p(x)`` are x to half a unit in the last place."""
        return 2.0 ** -(self.digits + 2)


_SINGLE = Constants(
    digits=23,
    bias=127,
    smallest=2.0**-126,
    root_bits=0x3F3504F3,
    ln2_high=0.693359375,
    ln2_low=-2.12194440e-4,
    log2_e=(1.4426950216293335, 1.9259629911266175e-08),
    log10_e=(0.4342944920063019, -1.0103050052231683e-08),
    log10_2=(0.3010300099849701, -1.4320988897559699e-08),
    exp_range=(-104.0, 89.0),
    exp=(0.49999994, 0.16666517, 0.041668102, 0.008369181, 0.001383853),
    exp2_range=(-151.0, 129.0),
    exp2=(0.69314724, 0.24022655, 0.055502724, 0.009617063, 0.00134182, 0.00015820574),
    log=(
        (0.3333333, -0.25000823, 0.20001261, -0.16623324, 0.14200947, -0.13159479, 0.12765485, -0.07640065),
    ),
)  # fmt: skip
_DOUBLE = Constants(
    digits=52,
    bias=1023,
    smallest=2.0**-1022,
    root_bits=0x3FE6A09E667F3BCD,
    ln2_high=6.93147180369123816490e-01,
    ln2_low=1.90821492927058770002e-10,
    log2_e=(1.4426950408889634, 2.0355273740931033e-17),
    log10_e=(0.4342944819032518, 1.098319650216765e-17),
    log10_2=(0.3010299956639812, -2.8037281277851704e-18),
    exp_range=(-746.0, 710.0),
    exp=(
        0.5000000000000001, 0.1666666666666667, 0.04166666666665226, 0.00833333333332614, 0.0013888888895607582,
        0.00019841269874816745, 2.4801574524734335e-05, 2.7557255396081177e-06, 2.7567932804405666e-07,
        2.5105221653020696e-08, 1.7687703638983002e-09,
    ),
    exp2_range=(-1080.0, 1025.0),
    exp2=(
        0.6931471805599453, 0.24022650695910072, 0.055504108664821736, 0.009618129107628562, 0.0013333558146381738,
        0.00015403530393171672, 1.5252733864844813e-05, 1.3215487003497833e-06, 1.0178047531489375e-07,
        7.054814815789363e-09, 4.4572392423370195e-10, 2.5855253534002825e-11,
    ),
    log=(
        (0.33333333333333376, 0.7756429588845347, 0.6269761237591152, 0.20349228321899193, 0.021513149987178373,
         4.405399933372027e-06),
        (1.0, 3.076928876653736, 3.5886250287679937, 1.9557882952279317, 0.48809866386538536, 0.04324294750661311),
    ),
)  # fmt: skip


def _constants(m: Any) -> Constants:
    return _SINGLE if m.dtype.itemsize == 4 else _DOUBLE


def _polynomial(m: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    """``c[0] + c[1] x + c[2] x**2 + ...`` by Horner's rule."""
    *rest, last = coefficients
    total = m.fma(x, last, rest.pop())
    while rest:
        total = m.fma(total, x, rest.pop())
    return total


def _between(m: Any, x: Any, low: float, high: float) -> Any:
    """x, not below `low` nor above `high`; a NaN stays one."""
    return _at_most(m, m.where(x < low, low, x), high)


def _at_most(m: Any, x: Any, high: float) -> Any:
    return m.where(x > high, high, x)


# e**x ------------------------------------------------------------------------------------------------------------------


def _split_exponential(m: Any, x: Any, series: tuple[float, ...] | None = None) -> tuple[Any, Any]:
    """y and the bits of n with ``e**x = 2**n (1 + y)``, where |y| is less than about 0.42."""
    c = _constants(m)
    shifted = m.fma(x, 1.4426950408889634, c.whole)
    n = shifted - c.whole
    r = m.fma(n, -c.ln2_low, m.fma(n, -c.ln2_high, x))
    return m.fma(r * r, _polynomial(m, r, series or c.exp), r), m.bits(shifted) << c.digits


def _scaled(m: Any, x: Any, n: Any) -> Any:
    """``2**n x`` for x near 1, rounded once: in two steps, because 2**n itself may be out of range."""
    c = _constants(m)
    half = (n >> 1) & -(1 << c.digits)
    one = c.bias << c.digits
    return x * m.from_bits(half + one) * m.from_bits((n - half) + one)


def _times_power(m: Any, number: float, n: Any) -> Any:
    """``2**n number``, for a positive constant, where that is a normal number: one addition to its bits."""
    bits = np.array(number, m.dtype).view(f"i{m.dtype.itemsize}")
    return m.from_bits(n + int(bits))


def exp(m: Any, x: Any) -> Any:
    """``e**x``."""
    y, n = _split_exponential(m, _between(m, x, *_constants(m).exp_range))
    return _scaled(m, 1 + y, n)


def exp2(m: Any, x: Any) -> Any:
    """``2**x``."""
    c = _constants(m)
    x = _between(m, x, *c.exp2_range)
    shifted = x + c.whole
    r = x - (shifted - c.whole)
    return _scaled(m, m.fma(r, _polynomial(m, r, c.exp2), 1.0), m.bits(shifted) << c.digits)


def expm1(m: Any, x: Any) -> Any:
    """``e**x - 1``."""
    c = _constants(m)
    y, n = _split_exponential(m, _between(m, x, -c.digits, c.exp_range[1]))
    half = _times_power(m, 0.5, n)  # 2**n would overflow before the result does
    out = m.fma(half, y, half - 0.5) * 2
    return m.where(m.abs(x) < c.tiny, x, out)


def sigmoid(m: Any, x: Any) -> Any:
    """``c / (c + c e**-x)``. The c is so small that the sum does not overflow before the quotient underflows.

    And it is no power of two, so that the sum is not one either where e**-x nearly is: there its rounding weighs most.
    """
    c = 1.5 * 2.0 ** (-32 if m.dtype.itemsize == 4 else -64)
    y, n = _split_exponential(m, _between(m, -x, -2.0 * _constants(m).digits, -_constants(m).exp_range[0]))
    scale = _times_power(m, c, n)
    return c / m.fma(y, scale, scale + c)


# ln(x) -----------------------------------------------------------------------------------------------------------------


def _logarithm_near_one(m: Any, f: Any) -> Any:
    """``ln(1 + f)``, sqrt(1/2) <= 1 + f < sqrt(2)."""
    c = _constants(m)
    q = _polynomial(m, f, c.log[0])
    if len(c.log) > 1:
        q = q / _polynomial(m, f, c.log[1])
    return m.fma(f * f, m.fma(f, q, -0.5), f)


def _logarithm(m: Any, f: Any, n: Any) -> Any:
    """``ln(2**n (1 + f))``; n as a real number."""
    c = _constants(m)
    return m.fma(n, c.ln2_high, m.fma(n, c.ln2_low, _logarithm_near_one(m, f)))


def _split(m: Any, x: Any) -> tuple[Any, Any]:
    """f and n with ``x = 2**n (1 + f)``, sqrt(1/2) <= 1 + f < sqrt(2), for finite x above zero; n as a real number."""
    c = _constants(m)
    subnormal = x < c.smallest
    x = m.where(subnormal, x * 2.0**c.digits, x)
    i = m.bits(x) - c.root_bits
    f = m.from_bits((i & ((1 << c.digits) - 1)) + c.root_bits) - 1
    return f, _real(m, i >> c.digits) + m.where(subnormal, -float(c.digits), 0.0)


def _real(m: Any, n: Any) -> Any:
    """A small integer as a real number. Not every processor converts vectors of long ones."""
    c = _constants(m)
    return m.from_bits(n + c.whole_bits) - c.whole


def _on_its_domain(m: Any, x: Any, bound: float, out: Any) -> Any:
    """A logarithm that is finite for x between the bound and infinity, with its values there and outside."""
    at_ends = m.where(x == bound, -np.inf, m.where(x < bound, np.nan, x))
    return m.where((x > bound) & (x < np.inf), out, at_ends)


def log(m: Any, x: Any) -> Any:
    """``ln(x)``."""
    return _on_its_domain(m, x, 0, _logarithm(m, *_split(m, x)))


def log2(m: Any, x: Any) -> Any:
    """``log2(x)``."""
    high, low = _constants(m).log2_e
    f, n = _split(m, x)
    small = _logarithm_near_one(m, f)
    return _on_its_domain(m, x, 0, n + m.fma(small, high, small * low))


def log10(m: Any, x: Any) -> Any:
    """``log10(x)``."""
    high, low = _constants(m).log10_e
    high_2, low_2 = _constants(m).log10_2
    f, n = _split(m, x)
    small = _logarithm_near_one(m, f)
    return _on_its_domain(m, x, 0, m.fma(n, high_2, m.fma(n, low_2, m.fma(small, high, small * low))))


def log1p(m: Any, x: Any) -> Any:
    """``ln(1 + x)``. The sum only tells n; f is computed from x, rounded once (after N. Juffa's log1pf)."""
    c = _constants(m)
    n = (m.bits(1 + x) - c.root_bits) >> c.digits
    scale = m.from_bits(((c.bias + 2) << c.digits) - (n << c.digits))  # 4 / 2**n: the quotient by 2**n can be subnormal
    f = m.fma(scale, x * 0.25, m.fma(scale, 0.25, -1.0))
    out = m.where(m.abs(x) < c.tiny, x, _logarithm(m, f, _real(m, n)))
    return _on_its_domain(m, x, -1, out)


# tanh ------------------------------------------------------------------------------------------------------------------


def tanh(m: Any, x: Any) -> Any:
    """``(1 - e) / (1 + e)`` with ``e = e**(-2 |x|)``: two sums that are rounded once each."""
    size = _at_most(m, m.abs(x), 10.0 if m.dtype.itemsize == 4 else 20.0)
    y, n = _split_exponential(m, size * -2)
    scale = _times_power(m, 1.0, n)
    return m.copysign(m.fma(scale, y, scale - 1) / m.fma(scale, y, scale + 1), x)


# The normal distribution -----------------------------------------------------------------------------------------------


def _in_double(formula: Formula) -> Formula:
    """The formula in single precision: computed in double precision, and rounded. Only the rounding counts."""

    @wraps(formula)
    def rounded(m: Any, x: Any) -> Any:
        double, wide = m.widened(x)
        return m.to_float(formula(double, wide))

    return rounded


def _quotient(m: Any, x: Any, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Any:
    return _polynomial(m, x, coefficients[0]) / _polynomial(m, x, coefficients[1])


@_in_double
def erf(m: Any, x: Any) -> Any:
    """Error function, ``x p(x**2) / q(x**2)``; beyond 3.93 it is 1 to the last bit."""
    x = _between(m, x, -3.93, 3.93)
    return x * _quotient(m, x * x, _ERF)


def _bell(m: Any, size: Any, power: float) -> Any:
    """``e**(power size**2)`` to 33 bits, in double precision."""
    y, n = _split_exponential(m, size * size * power, _EXP_TO_33_BITS)
    scale = _times_power(m, 1.0, n)
    return m.fma(y, scale, scale)


@_in_double
def erfc(m: Any, x: Any) -> Any:
    """``1 - erf(x)``, as ``e**-x**2 p(x) / q(x)`` for positive x; beyond 10.2 nothing is left."""
    size = _at_most(m, m.abs(x), 10.2)
    tail = _bell(m, size, -1.0) * _quotient(m, size, _ERFC)
    return m.where(x < 0, 2 - tail, tail)


@_in_double
def ndtr(m: Any, x: Any) -> Any:
    """Distribution function of the standard normal distribution, as ``e**(-x**2 / 2) p(-x) / q(-x)`` for negative x."""
    size = _at_most(m, m.abs(x), 14.6)
    tail = _bell(m, size, -0.5) * _quotient(m, size, _NDTR)
    return m.where(x < 0, tail, 1 - tail)


@_in_double
def erf_slope(m: Any, x: Any) -> Any:
    """``2 e**-x**2 / sqrt(pi)``."""
    return _bell(m, _at_most(m, m.abs(x), 10.3), -1.0) * 1.1283791670955126


@_in_double
def ndtr_slope(m: Any, x: Any) -> Any:
    """``e**(-x**2 / 2) / sqrt(2 pi)``."""
    return _bell(m, _at_most(m, m.abs(x), 14.6), -0.5) * 0.3989422804014327


_EXP_TO_33_BITS = (
    0.5000000067790304, 0.1666666586771668, 0.04166629454856492, 0.008333497234217419, 0.0013944689582530776,
    0.00019790323274386856,
)
_ERF = (
    (1.1283791673161558, 0.3628985552895044, 0.08257519928607997, 0.012394651083905644, 0.0009614309624957135,
     6.834719942591025e-05, 8.574071229283782e-07, -2.7241316485172596e-09),
    (1.0, 0.6549438060775099, 0.19149497915225652, 0.03313118410103404, 0.0037107655126931913, 0.0002689324252212964,
     1.1163648447979543e-05),
)
_ERFC = (
    (0.9999999999192019, 1.4342553726070801, 1.000683264242628, 0.4024213860897915, 0.0928395254746753,
     0.010018689620351516),
    (1.0, 2.562634528704723, 2.892306919439205, 1.8556564594922473, 0.7221749303727756, 0.1645526938248904,
     0.0177576878606605),
)
_NDTR = (
    (0.49999999995977507, 0.5070281200657629, 0.2501194567844702, 0.07111696258156724, 0.011600032262763849,
     0.0008850237476126783),
    (1.0, 1.8119407931891929, 1.445958617154019, 0.6559323832276298, 0.18048792067211647, 0.02907677717020528,
     0.0022184284195989985),
)  # fmt: skip

# sin, cos --------------------------------------------------------------------------------------------------------------


def _quarter_turns(m: Any, x: Any) -> tuple[Any, Any]:
    """f, at most 0.61 in size, and bits of n, with ``x = (n + f) pi / 2`` but for whole turns; x came from 32 bits.

    Large x are whole multiples of a power of two, of whose product with 2 / pi only the remainder modulo 4 counts: it is
    in the table (after Payne and Hanek 1983). Then x and that remainder, in two pieces, are multiplied exactly enough.
    """
    size = m.abs(x)
    scale, high, low = _TURNS[0]
    for i, (next_scale, next_high, next_low) in enumerate(_TURNS[1:], start=1):
        here = size >= 2.0 ** (24 + 26 * i)
        scale, high, low = (m.where(here, b, a) for a, b in ((scale, next_scale), (high, next_high), (low, next_low)))
    x = x * scale
    shifted = m.fma(x, high, _DOUBLE.whole)
    return m.fma(x, low, m.fma(x, high, _DOUBLE.whole - shifted)), m.bits(shifted)


def _sine(m: Any, f: Any, n: Any) -> Any:
    """``sin((n + f) pi / 2)``."""
    z = f * f
    out = m.where((n & 1) == 0, f * _polynomial(m, z, _SIN), _polynomial(m, z, _COS))
    return m.from_bits(m.bits(out) ^ ((n & 2) << 62))


@_in_double
def sin(m: Any, x: Any) -> Any:
    """``sin(x)``, however large x is."""
    return _sine(m, *_quarter_turns(m, x))


@_in_double
def cos(m: Any, x: Any) -> Any:
    """``cos(x)``, however large x is."""
    f, n = _quarter_turns(m, x)
    return _sine(m, f, n + 1)


_TURNS = [  # 2**-k, and 2**k 2 / pi modulo 4 as a sum; the first is such that both pieces are above zero, for -0.0
    (1.0, 0.6366197723675813, 7.166487784757155e-17),
    (2.0**-26, 1.7235269743613935, -3.646819222375367e-17),
    (2.0**-52, 1.3227502381170073, 4.585413994155514e-17),
    (2.0**-78, 1.8357618630902273, 9.501113504670287e-17),
]
_SIN = (  # of f pi / 2 over f, in f**2
    1.5707963267948895, -0.6459640975042356, 0.07969262615338536, -0.004681752564879292, 0.00016042914281393846,
    -3.5561894292861638e-06,
)  # fmt: skip
_COS = (
    0.9999999999999342, -1.2337005501181517, 0.25366950709015557, -0.02086346729551074, 0.0009191585213128169,
    -2.4845834346275964e-05,
)  # fmt: skip

# The table -------------------------------------------------------------------------------------------------------------

_FORMULAS: dict[tuple[str, str], Formula] = {
    **{(f.__name__, kind): f for f in (exp, exp2, expm1, sigmoid, tanh, log, log2, log10, log1p) for kind in "fd"},
    **{(f.__name__, "f"): f for f in (erf, erfc, ndtr, erf_slope, ndtr_slope, sin, cos)},
}


# In units in the last place; `python -m benchmarks.ulps` measures them, for single precision on all numbers there are.
ERRORS: dict[tuple[str, str], float] = {
    ("exp", "float32"): 9.0,
    ("exp2", "float32"): 9.0,
    ("expm1", "float32"): 9.0,
    ("log", "float32"): 9.0,
    ("log2", "float32"): 9.0,
    ("log10", "float32"): 9.0,
    ("log1p", "float32"): 9.0,
    ("tanh", "float32"): 9.0,
    ("sigmoid", "float32"): 9.0,
    ("erf", "float32"): 9.0,
    ("erfc", "float32"): 9.0,
    ("ndtr", "float32"): 9.0,
    ("erf_slope", "float32"): 9.0,
    ("ndtr_slope", "float32"): 9.0,
    ("sin", "float32"): 9.0,
    ("cos", "float32"): 9.0,
    ("exp", "float64"): 9.0,
    ("exp2", "float64"): 9.0,
    ("expm1", "float64"): 9.0,
    ("log", "float64"): 9.0,
    ("log2", "float64"): 9.0,
    ("log10", "float64"): 9.0,
    ("log1p", "float64"): 9.0,
    ("tanh", "float64"): 9.0,
    ("sigmoid", "float64"): 9.0,
}


def approximation(name: str, dtype: np.dtype[Any]) -> Formula | None:
    """The formula of a function by NumPy's or SciPy's name, ``f(m, x)``, in numbers of a type; None if there is none."""
    return _FORMULAS.get((name, dtype.char))


class ArrayArithmetic:
    """What the formulas are computed over: here, for NumPy's arrays of one type."""

    abs, copysign = staticmethod(np.abs), staticmethod(np.copysign)

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.integer = np.dtype(f"i{self.dtype.itemsize}")
        self.wide = np.dtype("f8") if self.dtype.itemsize == 4 else np.dtype(np.longdouble)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """``a b + c``, rounded once but for very few numbers: in a wider type, and then to this one."""
        a, b, c = (np.asarray(x, self.dtype).astype(self.wide) for x in (a, b, c))
        return (a * b + c).astype(self.dtype)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return np.where(condition, *(x if isinstance(x, np.ndarray) else self.dtype.type(x) for x in (a, b)))

    def bits(self, x: Any) -> Any:
        return x.view(self.integer)

    def widened(self, x: Any) -> tuple["ArrayArithmetic", Any]:
        return ArrayArithmetic(np.float64), x.astype(np.float64)

    def to_float(self, x: Any) -> Any:
        return x.astype(self.dtype)

    def from_bits(self, i: Any) -> Any:
        return i.view(self.dtype)
