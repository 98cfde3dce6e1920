"""Approximations of logarithms.

Knows single and double precision. The exponent is taken out, so that what is left lies between sqrt(1/2) and sqrt(2).
"""

from typing import Any

import numpy as np

from .numbers import constants, polynomial

__all__ = ["log", "log1p", "log2", "log10"]


def _logarithm_near_one(m: Any, f: Any) -> Any:
    """``ln(1 + f)``, sqrt(1/2) <= 1 + f < sqrt(2)."""
    c = constants(m)
    q = polynomial(m, f, c.log[0])
    if len(c.log) > 1:
        q = q / polynomial(m, f, c.log[1])
    return m.fma(f * f, m.fma(f, q, -0.5), f)


def _logarithm(m: Any, f: Any, n: Any) -> Any:
    """``ln(2**n (1 + f))``; n as a real number."""
    c = constants(m)
    return m.fma(n, c.ln2_high, m.fma(n, c.ln2_low, _logarithm_near_one(m, f)))


def _split(m: Any, x: Any) -> tuple[Any, Any]:
    """f and n with ``x = 2**n (1 + f)``, sqrt(1/2) <= 1 + f < sqrt(2), for finite x above zero; n as a real number."""
    c = constants(m)
    subnormal = x < c.smallest
    x = m.where(subnormal, x * 2.0**c.digits, x)
    i = m.bits(x) - c.root_bits
    f = m.from_bits((i & ((1 << c.digits) - 1)) + c.root_bits) - 1
    return f, _real(m, i >> c.digits) + m.where(subnormal, -float(c.digits), 0.0)


def _real(m: Any, n: Any) -> Any:
    """A small integer as a real number. Not every processor converts vectors of long ones."""
    c = constants(m)
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
    high, low = constants(m).log2_e
    f, n = _split(m, x)
    small = _logarithm_near_one(m, f)
    return _on_its_domain(m, x, 0, n + m.fma(small, high, small * low))


def log10(m: Any, x: Any) -> Any:
    """``log10(x)``."""
    high, low = constants(m).log10_e
    high_2, low_2 = constants(m).log10_2
    f, n = _split(m, x)
    small = _logarithm_near_one(m, f)
    return _on_its_domain(m, x, 0, m.fma(n, high_2, m.fma(n, low_2, m.fma(small, high, small * low))))


def log1p(m: Any, x: Any) -> Any:
    """``ln(1 + x)``. The sum only tells n; f is computed from x, rounded once (after N. Juffa's log1pf)."""
    c = constants(m)
    n = (m.bits(1 + x) - c.root_bits) >> c.digits
    scale = m.from_bits(((c.bias + 2) << c.digits) - (n << c.digits))  # 4 / 2**n: the quotient by 2**n can be subnormal
    f = m.fma(scale, x * 0.25, m.fma(scale, 0.25, -1.0))
    out = m.where(m.abs(x) < c.tiny, x, _logarithm(m, f, _real(m, n)))
    return _on_its_domain(m, x, -1, out)
