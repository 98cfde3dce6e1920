"""Approximations of sine and cosine, in single precision, for arguments of any size.

They are computed in double precision, and rounded.
"""

from typing import Any

from .numbers import DOUBLE, in_double, polynomial

__all__ = ["cos", "sin"]


def _quarter_turns(m: Any, x: Any) -> tuple[Any, Any]:
    """f, at most 0.61 in size, and bits of n, with ``x = (n + f) pi / 2`` but for whole turns; x came from 32 bits.

    Large x are whole multiples of a power of two, and of its product with 2 / pi only the remainder modulo 4 counts:
    that is in the table (after Payne and Hanek, "Radian reduction for trigonometric functions", 1983), in two pieces.
    """
    size = m.abs(x)
    scale, high, low = _TURNS[0]
    for i, (next_scale, next_high, next_low) in enumerate(_TURNS[1:], start=1):
        here = size >= 2.0 ** (24 + 26 * i)
        scale, high, low = (m.where(here, b, a) for a, b in ((scale, next_scale), (high, next_high), (low, next_low)))
    x = x * scale
    shifted = m.fma(x, high, DOUBLE.whole)
    n = shifted - DOUBLE.whole
    return m.fma(x, low, m.fma(x, high, -n)), m.bits(shifted)


def _sine(m: Any, f: Any, n: Any) -> Any:
    """``sin((n + f) pi / 2)``."""
    z = f * f
    out = m.where((n & 1) == 0, f * polynomial(m, z, _SIN), polynomial(m, z, _COS))
    return m.from_bits(m.bits(out) ^ ((n & 2) << 62))


@in_double
def sin(m: Any, x: Any) -> Any:
    """``sin(x)``, however large x is."""
    return _sine(m, *_quarter_turns(m, x))


@in_double
def cos(m: Any, x: Any) -> Any:
    """``cos(x)``, however large x is."""
    f, n = _quarter_turns(m, x)
    return _sine(m, f, n + 1)


_TURNS = [  # 2**-k, and 2**k 2 / pi modulo 4 as a sum; the first is such that both pieces are above zero, for -0.0
    (1.0, 0.6366197723675813, 7.166494911215068e-17),
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
