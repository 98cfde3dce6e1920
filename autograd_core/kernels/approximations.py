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
    exp_range: tuple[float, float]  # beyond, e**x is 0 or infinite
    exp: tuple[float, ...]  # q of e**r = 1 + r + r**2 q(r), |r| <= ln(2) / 2
    exp2_range: tuple[float, float]
    exp2: tuple[float, ...]  # q of 2**r = 1 + r q(r), |r| <= 1/2
    log: tuple[tuple[float, ...], tuple[float, ...]]  # p / q of ln(1 + f) = f + f**2 p / q, sqrt(1/2) <= 1 + f <= sqrt(2)

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
    exp_range=(-104.0, 89.0),
    exp=(0.49999994, 0.16666517, 0.041668102, 0.008369181, 0.001383853),
    exp2_range=(-151.0, 129.0),
    exp2=(0.69314724, 0.24022655, 0.055502724, 0.009617063, 0.00134182, 0.00015820574),
    log=(
        (-0.5, 0.3333333, -0.25000823, 0.20001261, -0.16623324, 0.14200947, -0.13159479, 0.12765485, -0.07640065),
        (1.0,),
    ),
)
_DOUBLE = Constants(
    digits=52,
    bias=1023,
    smallest=2.0**-1022,
    root_bits=0x3FE6A09E667F3BCD,
    ln2_high=6.93147180369123816490e-01,
    ln2_low=1.90821492927058770002e-10,
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
        (-0.5, -1.3809968554324215, -1.4141952517148362, -0.6559373385504892, -0.13299073621993196,
         -0.008894800132551556, -5.71818253129759e-06),
        (1.0, 3.4286603775315094, 4.614164088450678, 3.073653880635732, 1.0461328329843558, 0.16687767718442686,
         0.009220911489290136),
    ),
)  # fmt: skip


def _constants(m: Any) -> Constants:
    return _SINGLE if m.dtype.itemsize == 4 else _DOUBLE


def _polynomial(m: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    """``c[0] + c[1] x + c[2] x**2 + ...`` by Horner's rule."""
    *rest, last = coefficients
    if not rest:
        return last
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


def _split_exponential(m: Any, x: Any, more: Any = None, series: tuple[float, ...] | None = None) -> tuple[Any, Any]:
    """y and the bits of n with ``e**(x + more) = 2**n (1 + y)``, where |y| is less than about 0.42; `more` is tiny."""
    c = _constants(m)
    series = series or c.exp
    shifted = m.fma(x, 1.4426950408889634, c.whole)
    n = shifted - c.whole
    r = m.fma(n, -c.ln2_low, m.fma(n, -c.ln2_high, x))
    if more is not None:
        r = r + more
    return m.fma(r * r, _polynomial(m, r, series), r), m.bits(shifted) << c.digits


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


def _logarithm(m: Any, f: Any, n: Any) -> Any:
    """``ln(2**n (1 + f))``; n as a real number."""
    c = _constants(m)
    p, q = (_polynomial(m, f, coefficients) for coefficients in c.log)
    small = m.fma(f * f, p if len(c.log[1]) == 1 else p / q, f)
    return m.fma(n, c.ln2_high, m.fma(n, c.ln2_low, small))


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
    f, n = _split(m, x)
    return _on_its_domain(m, x, 0, m.fma(_logarithm(m, f, n * 0), 1.4426950408889634, n))


def log10(m: Any, x: Any) -> Any:
    """``log10(x)``."""
    f, n = _split(m, x)
    return _on_its_domain(
        m, x, 0, m.fma(n, 0.30102999566398120, _logarithm(m, f, n * 0) * 0.43429448190325183)
    )


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


def erf(m: Any, x: Any) -> Any:
    """``-expm1(-w)`` with ``w = -ln(1 - erf(|x|))``, which is ``|x| + |x| p(|x|)``, in single precision, where 3.93 is infinity."""
    size = _at_most(m, m.abs(x), 3.93)
    y, n = _split_exponential(m, -m.fma(size, _polynomial(m, size, _ERF), size))
    scale = _times_power(m, 1.0, n)
    return m.copysign(m.fma(scale, y, scale - 1), x)


_ERF = (0.12837916612625122, 0.6366195678710938, 0.10277630388736725, -0.019147826358675957, -0.00016948420670814812, 0.001675638253800571, -0.0006373304058797657, 0.00011884809646289796, -9.385976227349602e-06)


def _bell_times(m: Any, size: Any, power: float, factor: Any) -> Any:
    """``e**(power size**2) factor``, with the square known to twice the digits; it may be subnormal."""
    square = size * size
    rest = m.fma(size, size, -square)
    y, n = _split_exponential(m, square * power, rest * power)
    return _scaled(m, m.fma(factor, y, factor), n)


def erfc(m: Any, x: Any) -> Any:
    """``1 - erf(x)``, as ``e**-x**2 p(x) / q(x)`` for positive x."""
    size = _at_most(m, m.abs(x), 10.2)
    tail = _bell_times(m, size, -1.0, _polynomial(m, size, _ERFC[0]) / _polynomial(m, size, _ERFC[1]))
    return m.where(x < 0, 2 - tail, tail)


_ERFC = (
    (1.0, 1.4342541694641113, 1.0006812810897827, 0.4024203419685364, 0.09283905476331711, 0.010018612258136272),
    (1.0, 2.5626332759857178, 2.892303705215454, 1.855652928352356, 0.722172737121582, 0.16455191373825073, 0.01775754801928997),
)


def _tail(m: Any, size: Any) -> Any:
    """The standard normal distribution beyond a positive number, over its ``e**(-x**2 / 2)``."""
    return _polynomial(m, size, _TAIL[0]) / _polynomial(m, size, _TAIL[1])


_TAIL = (
    (0.5, 0.43808892369270325, 0.1830822080373764, 0.0405815914273262, 0.004108617082238197),
    (1.0, 1.6740628480911255, 1.2018685340881348, 0.4690668284893036, 0.10172946751117706, 0.010298655368387699),
)


def ndtr(m: Any, x: Any) -> Any:
    """Distribution function of the standard normal distribution."""
    size = _at_most(m, m.abs(x), 14.4)
    tail = _bell_times(m, size, -0.5, _tail(m, size))
    return m.where(x < 0, tail, 1 - tail)


def gelu(m: Any, x: Any) -> Any:
    """``x ndtr(x)``."""
    return x * ndtr(m, x)


def gelu_slope(m: Any, x: Any) -> Any:
    """Its derivative ``ndtr(x) + x e**(-x**2 / 2) / sqrt(2 pi)``; that of x and that of -x have the sum 1."""
    size = _at_most(m, m.abs(x), 14.4)
    slope = _bell_times(m, size, -0.5, m.fma(size, -0.3989422804014327, _tail(m, size)))
    return m.where(x < 0, slope, 1 - slope)


def _wide(formula: Formula) -> Formula:
    """In single precision, computed in double precision and rounded: then only the rounding counts."""

    def rounded(m: Any, x: Any) -> Any:
        double, x = m.widened(x)
        return m.to_float(formula(double, x))

    rounded.__name__, rounded.__doc__ = formula.__name__, formula.__doc__
    return rounded


_EXP_SHORT = (0.5000000067790304, 0.1666666586771668, 0.04166629454856492, 0.008333497234217419, 0.0013944689582530776, 0.00019790323274386856)


@_wide
def erf_wide(m: Any, x: Any) -> Any:
    x = _between(m, x, -3.93, 3.93)
    z = x * x
    return x * _polynomial(m, z, _WERF[0]) / _polynomial(m, z, _WERF[1])


def _wide_tail(m, size, power, P, Q):
    y, n = _split_exponential(m, size * size * power, series=_EXP_SHORT)
    return _times_power(m, 1.0, n) * m.fma(y, _polynomial(m, size, P), _polynomial(m, size, P)) / _polynomial(m, size, Q)


@_wide
def ndtr_wide(m: Any, x: Any) -> Any:
    size = _at_most(m, m.abs(x), 14.4)
    tail = _wide_tail(m, size, -0.5, *_WNDTR)
    return m.where(x < 0, tail, 1 - tail)


@_wide
def erfc_wide(m: Any, x: Any) -> Any:
    size = _at_most(m, m.abs(x), 10.2)
    tail = _wide_tail(m, size, -1.0, *_WERFC)
    return m.where(x < 0, 2 - tail, tail)


@_wide
def gelu_wide(m: Any, x: Any) -> Any:
    size = _at_most(m, m.abs(x), 14.4)
    tail = _wide_tail(m, size, -0.5, *_WNDTR)
    return x*m.where(x < 0, tail, 1 - tail)


_WERF = (
    (1.1283791673161558, 0.3628985552895044, 0.08257519928607997, 0.012394651083905644, 0.0009614309624957135, 6.834719942591025e-05, 8.574071229283782e-07, -2.7241316485172596e-09),
    (1.0, 0.6549438060775099, 0.19149497915225652, 0.03313118410103404, 0.0037107655126931913, 0.0002689324252212964, 1.1163648447979543e-05),
)
_WNDTR = (
    (0.49999999995977507, 0.5070281200657629, 0.2501194567844702, 0.07111696258156724, 0.011600032262763849, 0.0008850237476126783),
    (1.0, 1.8119407931891929, 1.445958617154019, 0.6559323832276298, 0.18048792067211647, 0.02907677717020528, 0.0022184284195989985),
)
_WERFC = (
    (0.9999999999192019, 1.4342553726070801, 1.000683264242628, 0.4024213860897915, 0.0928395254746753, 0.010018689620351516),
    (1.0, 2.562634528704723, 2.892306919439205, 1.8556564594922473, 0.7221749303727756, 0.1645526938248904, 0.0177576878606605),
)


_FORMULAS: dict[tuple[str, str], Formula] = {
    **{(f.__name__, kind): f for f in (exp, exp2, expm1, sigmoid, tanh, log, log2, log10, log1p) for kind in "fd"},
    **{(f.__name__, "f"): f for f in (erf, erfc, ndtr, gelu, gelu_slope, erf_wide, erfc_wide, ndtr_wide, gelu_wide)},
}


def approximation(name: str, dtype: np.dtype[Any]) -> Formula | None:
    """The formula of a function by NumPy's (or SciPy's) name in numbers of a type: ``f(m, x)``. None if there is none."""
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
