"""Approximations of the error function and of the normal distribution, in single precision.

They are computed in double precision to 32 bits, and rounded. In single precision they would take half the time, and be
off by up to 8 units in the last place where the tail is a product of roundings.
"""

from typing import Any

from .exponential import split_exponential, times_power
from .numbers import at_most, between, in_double, polynomial

__all__ = ["erf", "erf_slope", "erfc", "ndtr", "ndtr_slope"]


def _quotient(m: Any, x: Any, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Any:
    return polynomial(m, x, coefficients[0]) / polynomial(m, x, coefficients[1])


@in_double
def erf(m: Any, x: Any) -> Any:
    """Error function, ``x p(x**2) / q(x**2)``; beyond 3.93 it is 1 to the last bit."""
    x = between(m, x, -3.93, 3.93)
    return x * _quotient(m, x * x, _ERF)


def _bell(m: Any, size: Any, power: float) -> Any:
    """``e**(power size**2)`` to 33 bits, in double precision."""
    y, n = split_exponential(m, size * size * power, _EXP_TO_33_BITS)
    scale = times_power(m, 1.0, n)
    return m.fma(y, scale, scale)


@in_double
def erfc(m: Any, x: Any) -> Any:
    """``1 - erf(x)``, as ``e**-x**2 p(x) / q(x)`` for positive x; beyond 10.2 nothing is left."""
    size = at_most(m, m.abs(x), 10.2)
    tail = _bell(m, size, -1.0) * _quotient(m, size, _ERFC)
    return m.where(x < 0, 2 - tail, tail)


@in_double
def ndtr(m: Any, x: Any) -> Any:
    """Distribution function of the standard normal distribution, as ``e**(-x**2 / 2) p(-x) / q(-x)`` for negative x."""
    size = at_most(m, m.abs(x), 14.6)
    tail = _bell(m, size, -0.5) * _quotient(m, size, _NDTR)
    return m.where(x < 0, tail, 1 - tail)


@in_double
def erf_slope(m: Any, x: Any) -> Any:
    """``2 e**-x**2 / sqrt(pi)``."""
    return _bell(m, at_most(m, m.abs(x), 10.3), -1.0) * 1.1283791670955126


@in_double
def ndtr_slope(m: Any, x: Any) -> Any:
    """``e**(-x**2 / 2) / sqrt(2 pi)``."""
    return _bell(m, at_most(m, m.abs(x), 14.6), -0.5) * 0.3989422804014327


_EXP_TO_33_BITS = (
    0.5000000067790304,
    0.1666666586771668,
    0.04166629454856492,
    0.008333497234217419,
    0.0013944689582530776,
    0.00019790323274386856,
)
_ERF = (
    (
        1.1283791673161558,
        0.3628985552895044,
        0.08257519928607997,
        0.012394651083905644,
        0.0009614309624957135,
        6.834719942591025e-05,
        8.574071229283782e-07,
        -2.7241316485172596e-09,
    ),
    (
        1.0,
        0.6549438060775099,
        0.19149497915225652,
        0.03313118410103404,
        0.0037107655126931913,
        0.0002689324252212964,
        1.1163648447979543e-05,
    ),
)
_ERFC = (
    (
        0.9999999999192019,
        1.4342553726070801,
        1.000683264242628,
        0.4024213860897915,
        0.0928395254746753,
        0.010018689620351516,
    ),
    (
        1.0,
        2.562634528704723,
        2.892306919439205,
        1.8556564594922473,
        0.7221749303727756,
        0.1645526938248904,
        0.0177576878606605,
    ),
)
_NDTR = (
    (0.49999999995977507, 0.5070281200657629, 0.2501194567844702, 0.07111696258156724, 0.011600032262763849,
     0.0008850237476126783),
    (1.0, 1.8119407931891929, 1.445958617154019, 0.6559323832276298, 0.18048792067211647, 0.02907677717020528,
     0.0022184284195989985),
)  # fmt: skip
