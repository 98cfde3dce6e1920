"""Elementary functions without branches: a few operations that any vector unit has, and stated errors.

Knows formulas, their coefficients, and how far they are from the truth. Does not know what they are computed on: each
is written once, over an arithmetic `m` and its values `x`, which are LLVM's registers (`emitting.Arithmetic`), and
NumPy's arrays in the tests. Values have operators; `m` has `fma`, `where`, `bits` and the like.

All are right at zeros of both signs, infinities, NaNs and subnormal numbers, and where the result overflows or
underflows; none sets or heeds floating-point flags. What each costs and how far it is off is in docs/approximations.md.

# Note [How the coefficients were found]
A polynomial, or numerator and denominator of a rational function, that minimises the largest relative error on the
interval: Remez's exchange for polynomials, Lawson's reweighted least squares for rational functions (as in Nakatsukasa,
Sète and Trefethen, "The AAA algorithm", 2018), in 60 digits. Denominators were rounded to the type first; then the
other coefficients one by one, lowest first, those left being fitted anew each time. `python -m benchmarks.minimax`
does it again.
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
    """The formula ``f(m, x)`` of a function by NumPy's or SciPy's name, in numbers of a type; None if there is none."""
    return _FORMULAS.get((name, dtype.char))
