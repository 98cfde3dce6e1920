"""Approximations of the exponential function, and of what is a quotient of exponentials.

Knows single and double precision. Arguments are reduced by whole multiples of ln 2, after Cody and Waite, "Software
manual for the elementary functions", 1980; how coefficients were found is said in the package's Note.
"""

from typing import Any

import numpy as np

from .numbers import DOUBLE, SINGLE, at_most, between, constants, polynomial

__all__ = ["exp", "exp2", "expm1", "sigmoid", "split_exponential", "tanh", "times_power"]


def split_exponential(m: Any, x: Any, series: tuple[float, ...] | None = None) -> tuple[Any, Any]:
    """y and the bits of n with ``e**x = 2**n (1 + y)``, where |y| is less than about 0.42."""
    c = constants(m)
    shifted = m.fma(x, 1.4426950408889634, c.whole)
    n = shifted - c.whole
    r = m.fma(n, -c.ln2_low, m.fma(n, -c.ln2_high, x))
    return m.fma(r * r, polynomial(m, r, series or c.exp), r), m.bits(shifted) << c.digits


def _scaled(m: Any, x: Any, n: Any) -> Any:
    """``2**n x`` for x near 1, rounded once: in two steps, because 2**n itself may be out of range."""
    c = constants(m)
    half = (n >> 1) & -(1 << c.digits)
    one = c.bias << c.digits
    return x * m.from_bits(half + one) * m.from_bits((n - half) + one)


def times_power(m: Any, number: float, n: Any) -> Any:
    """``2**n number``, for a positive constant, where that is a normal number: one addition to its bits."""
    bits = np.array(number, m.dtype).view(f"i{m.dtype.itemsize}")
    return m.from_bits(n + int(bits))


def exp(m: Any, x: Any) -> Any:
    """``e**x``."""
    y, n = split_exponential(m, between(m, x, *constants(m).exp_range))
    return _scaled(m, 1 + y, n)


def exp2(m: Any, x: Any) -> Any:
    """``2**x``."""
    c = constants(m)
    x = between(m, x, *c.exp2_range)
    shifted = x + c.whole
    r = x - (shifted - c.whole)
    return _scaled(m, m.fma(r, polynomial(m, r, c.exp2), 1.0), m.bits(shifted) << c.digits)


def expm1(m: Any, x: Any) -> Any:
    """``e**x - 1``."""
    c = constants(m)
    y, n = split_exponential(m, between(m, x, -c.digits, c.exp_range[1]))
    half = times_power(m, 0.5, n)  # 2**n would overflow before the result does
    out = m.fma(half, y, half - 0.5) * 2
    return m.where(m.abs(x) < c.tiny, x, out)


def sigmoid(m: Any, x: Any) -> Any:
    """``c / (c + c e**-x)``. The c is so small that the sum does not overflow before the quotient underflows.

    And it is no power of two, so that the sum is not one either where e**-x nearly is: there its rounding weighs most.
    """
    c = 1.5 * 2.0 ** (-32 if m.dtype.itemsize == 4 else -64)
    y, n = split_exponential(m, between(m, -x, -2.0 * constants(m).digits, -constants(m).exp_range[0]))
    scale = times_power(m, c, n)
    return c / m.fma(y, scale, scale + c)


def tanh(m: Any, x: Any) -> Any:
    """``(1 - e) / (1 + e)`` with ``e = e**(-2 |x|) = 2**n (1 - 2 y)``: two sums that are rounded once each.

    The halves of ln 2 and of y spare a product each. ln 2 is nearer to its rounded value than it matters here.
    """
    c = constants(m)
    size = at_most(m, m.abs(x), 10.0 if m.dtype.itemsize == 4 else 20.0)
    shifted = m.fma(size, -2 * 1.4426950408889634, c.whole)
    r = m.fma(shifted - c.whole, 0.5 * 0.6931471805599453, size)
    y = m.fma(r * r, polynomial(m, r, _HALVED[m.dtype.itemsize]), r)
    n = m.bits(shifted) << c.digits
    e, twice = times_power(m, 1.0, n), times_power(m, 2.0, n)
    return m.copysign(m.fma(twice, y, 1 - e) / m.fma(-twice, y, 1 + e), x)


_HALVED = {  # q of (1 - e**-2r) / 2 = r + r**2 q(r): that of e**r, times powers of two
    itemsize: tuple([-c * (-2.0) ** (power + 2) / 2 for power, c in enumerate(kind.exp)])
    for itemsize, kind in ((4, SINGLE), (8, DOUBLE))
}
