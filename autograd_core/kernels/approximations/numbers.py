"""What all approximations are built from: the constants of floating types, polynomials, bounds, and a wider type.

Knows no function by name, and of arithmetics only what they offer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias

__all__ = ["DOUBLE", "SINGLE", "Formula", "at_most", "between", "constants", "in_double", "polynomial"]

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
    log: tuple[
        tuple[float, ...], ...
    ]  # q, or p / q, of ln(1 + f) = f - f**2 / 2 + f**3 q, sqrt(1/2) <= 1 + f <= sqrt(2)

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


SINGLE = Constants(
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
DOUBLE = Constants(
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


def constants(m: Any) -> Constants:
    return SINGLE if m.dtype.itemsize == 4 else DOUBLE


def polynomial(m: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    """``c[0] + c[1] x + c[2] x**2 + ...`` by Horner's rule."""
    *rest, last = coefficients
    total = m.fma(x, last, rest.pop())
    while rest:
        total = m.fma(total, x, rest.pop())
    return total


def between(m: Any, x: Any, low: float, high: float) -> Any:
    """x, not below `low` nor above `high`; a NaN stays one."""
    return at_most(m, m.where(x < low, low, x), high)


def at_most(m: Any, x: Any, high: float) -> Any:
    return m.where(x > high, high, x)


def in_double(formula: Formula) -> Formula:
    """The formula in single precision: computed in double precision, and rounded. Only the rounding counts."""

    @wraps(formula)
    def rounded(m: Any, x: Any) -> Any:
        double, wide = m.widened(x)
        return m.to_float(formula(double, wide))

    return rounded
