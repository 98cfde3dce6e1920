"""Elementary functions without branches: a few operations that any vector unit has, and stated errors.

Knows formulas, their coefficients, and how far they are from the truth. Does not know what they are computed on: each
is written once, over an arithmetic `m` and its values `x`, which are LLVM's registers (`emitting.Arithmetic`), and
NumPy's arrays in the tests. Values have operators; `m` has `fma`, `where`, `bits` and the like.

All are right at zeros of both signs, infinities, NaNs and subnormal numbers, and where the result overflows or
underflows; none sets or heeds floating-point flags. What each costs and how far it is off is in docs/approximations.md.

# Note [How the coefficients were found]
A polynomial, or numerator and denominator of a quotient of polynomials, that makes the largest relative error on the
interval nearly as small as it can be: Remez's exchange, or least squares reweighted after Lawson (Nakatsukasa, Sète
and Trefethen, "The AAA algorithm for rational approximation", 2018), in 60 digits. In single precision coefficients
were rounded one after the other, lowest first, and those left fitted anew each time. `python -m benchmarks.minimax`
fits such coefficients, and says how good they and those in use are.
"""

from typing import Any

import numpy as np

from .circular import cos, sin
from .exponential import exp, exp2, expm1, sigmoid, tanh
from .logarithm import log, log1p, log2, log10
from .normal import erf, erf_slope, erfc, ndtr, ndtr_slope
from .numbers import Formula

__all__ = ["ERRORS", "approximation"]

_FORMULAS: dict[tuple[str, str], Formula] = {
    **{(f.__name__, kind): f for f in (exp, exp2, expm1, sigmoid, tanh, log, log2, log10, log1p) for kind in "fd"},
    **{(f.__name__, "f"): f for f in (erf, erfc, ndtr, erf_slope, ndtr_slope, sin, cos)},
}


# In units in the last place; `python -m benchmarks.ulps` measures them, for single precision on all numbers there are.
ERRORS: dict[tuple[str, str], float] = {
    ("exp", "float32"): 1.02,
    ("exp2", "float32"): 0.89,
    ("expm1", "float32"): 1.47,
    ("log", "float32"): 0.94,
    ("log2", "float32"): 1.54,
    ("log10", "float32"): 1.58,
    ("log1p", "float32"): 1.5,
    ("tanh", "float32"): 1.94,
    ("sigmoid", "float32"): 1.92,
    ("erf", "float32"): 0.51,
    ("erfc", "float32"): 0.51,
    ("ndtr", "float32"): 0.51,
    ("erf_slope", "float32"): 0.51,
    ("ndtr_slope", "float32"): 0.51,
    ("sin", "float32"): 0.51,
    ("cos", "float32"): 0.51,
    ("exp", "float64"): 1.1,
    ("exp2", "float64"): 1.0,
    ("expm1", "float64"): 2.1,
    ("log", "float64"): 1.3,
    ("log2", "float64"): 1.7,
    ("log10", "float64"): 1.7,
    ("log1p", "float64"): 2.1,
    ("tanh", "float64"): 2.2,
    ("sigmoid", "float64"): 1.9,
}


def approximation(name: str, dtype: np.dtype[Any]) -> Formula | None:
    """The formula ``f(m, x)`` of a function by NumPy's or SciPy's name, in numbers of a type; None if there is none."""
    return _FORMULAS.get((name, dtype.char))
