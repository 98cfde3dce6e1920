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

__all__ = ["APPROXIMATIONS", "ERRORS", "ArrayArithmetic"]

Formula: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Constants:
    """What the formulas need to know of a floating type."""

    digits: int  # bits of the significand behind the first
    bias: int  # of the exponent
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
    ln2_high=float.fromhex("0x1.62e42fee00000p-1"),
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
    x = m.where(x < low, low, x)
    return m.where(x > high, high, x)


# e**x ------------------------------------------------------------------------------------------------------------------


def _split_exponential(m: Any, x: Any, more: Any = None) -> tuple[Any, Any]:
    """y and the bits of n with ``e**(x + more) = 2**n (1 + y)``, where |y| is less than about 0.42; `more` is tiny."""
    c = _constants(m)
    shifted = m.fma(x, 1.4426950408889634, c.whole)
    n = shifted - c.whole
    r = m.fma(n, -c.ln2_low, m.fma(n, -c.ln2_high, x))
    if more is not None:
        r = r + more
    return m.fma(r * r, _polynomial(m, r, c.exp), r), m.bits(shifted) << c.digits


def _scaled(m: Any, x: Any, n: Any) -> Any:
    """``2**n x`` for x near 1, rounded once: in two steps, because 2**n itself may be out of range."""
    c = _constants(m)
    half = (n >> 1) & -(1 << c.digits)
    one = c.bias << c.digits
    return x * m.from_bits(half + one) * m.from_bits((n - half) + one)


def _power_of_two(m: Any, n: Any, more: int = 0) -> Any:
    """``2**(n + more)`` where that is a normal number."""
    c = _constants(m)
    return m.from_bits(n + ((c.bias + more) << c.digits))


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
    half = _power_of_two(m, n, -1)  # 2**n would overflow before the result does
    out = m.fma(half, y, half - 0.5) * 2
    return m.where(m.abs(x) < c.tiny, x, out)


def sigmoid(m: Any, x: Any) -> Any:
    """``1 / (1 + e**-x)``. All is scaled by 2**-s, so that e**-x does not overflow before the quotient underflows."""
    c = _constants(m)
    s = 32 if c.digits == 23 else 64
    y, n = _split_exponential(m, _between(m, -x, -2.0 * c.digits, -c.exp_range[0]))
    one = 2.0**-s
    return one / m.fma(1 + y, _power_of_two(m, n, -s), one)


# ln(x) -----------------------------------------------------------------------------------------------------------------


def _split_logarithm(m: Any, x: Any) -> tuple[Any, Any]:
    """Bits of f and n with ``x = 2**n (1 + f)``, sqrt(1/2) <= 1 + f < sqrt(2), for positive normal x."""
    c = _constants(m)
    root = (c.bias << c.digits) - (1 << (c.digits - 1)) + _ROOT[c.digits]
    i = m.bits(x) - root
    return (i & ((1 << c.digits) - 1)) + root, i >> c.digits


# the bits of sqrt(1/2), less those of 3/4, whose significand is one bit
_ROOT = {
    23: int(np.float32(0.5**0.5).view("i4")) - int(np.float32(0.5).view("i4")) - (1 << 22),
    52: int(np.float64(0.5**0.5).view("i8")) - int(np.float64(0.5).view("i8")) - (1 << 51),
}
