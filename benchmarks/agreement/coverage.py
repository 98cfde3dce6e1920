"""Which operations of the registry are compared, and why PyTorch's table has nothing to compare the others with."""

from __future__ import annotations

import autograd_core as ag
from benchmarks.agreement.counterparts import TABLE, Counterpart, named

_FACE = "PyTorch has it only as a part of the derivatives of the convolution, whose second derivatives are compared"
_POLYNOMIAL = "PyTorch has no polynomials of given coefficients"

NO_COUNTERPART: dict[str, str] = {
    "add_reduceat": "PyTorch has no sums of the pieces of an axis without gaps",
    "apply_along_axis": "the function is given by the caller",
    "apply_over_axes": "the function is given by the caller",
    "cbrt": "PyTorch has no cube root of negative numbers",
    "choose": "PyTorch has no choice among several arrays by their number",
    "conv1d_weight": _FACE,
    "conv2d_weight": _FACE,
    "conv3d_weight": _FACE,
    "convolve": "PyTorch has it only for batches and channels, which is conv1d here and is compared",
    "correlate": "PyTorch has it only for batches and channels, which is conv1d here and is compared",
    "delete": "PyTorch has no such function; it is an index here and there, which is compared",
    "divmod": "the pair of floor_divide and remainder, which are compared",
    "i0_derivative": "a step inside i0, which is compared",
    "imag": "PyTorch refuses it for real numbers",
    "insert": "PyTorch has no such function",
    "interp": "PyTorch interpolates images, not functions given at points",
    "ldexp": "PyTorch's samples have exponents that are no integers",
    "linalg.cofactors": "a step inside linalg.det, which is compared",
    "multiply_reduceat": "PyTorch has no products of the pieces of an axis without gaps",
    "piecewise": "the functions are given by the caller",
    "poly": _POLYNOMIAL,
    "polyadd": _POLYNOMIAL,
    "polyder": _POLYNOMIAL,
    "polydiv": _POLYNOMIAL,
    "polyfit": _POLYNOMIAL,
    "polyint": _POLYNOMIAL,
    "polymul": _POLYNOMIAL,
    "polysub": _POLYNOMIAL,
    "polyval": _POLYNOMIAL,
    "ptp": "PyTorch has no such function; it is the maximum less the minimum, which are compared",
    "real_if_close": "PyTorch has no such function",
    "resize": "PyTorch's resize_ works in place and has no derivative",
    "select": "PyTorch has no choice by a list of conditions; that by one, `where`, is compared",
    "sinc_derivative": "a step inside sinc, which is compared",
    "spacing": "PyTorch has no such function",
    "special.beta": "PyTorch has no beta function",
    "special.betainc": "PyTorch has no beta function",
    "special.betaln": "PyTorch has no beta function",
    "special.erfcinv": "PyTorch has no such function; that of erfinv is compared",
    "special.gamma": "PyTorch has its logarithm alone, which is compared",
    "special.iv": "PyTorch has orders 0 and 1 alone, which are compared",
    "special.ive": "PyTorch has orders 0 and 1 alone, which are compared",
    "special.jv": "PyTorch has orders 0 and 1 alone, which are compared",
    "special.kl_div": "PyTorch has it as a loss of logarithms alone",
    "special.rel_entr": "PyTorch has it as a loss of logarithms alone",
    "squared_error": "PyTorch's MSELoss, which benchmarks/layers compares",
    "standardize": "PyTorch has it inside its normalizing layers, which benchmarks/layers compares",
    "standardize_affine": "PyTorch has it inside its normalizing layers, which benchmarks/layers compares",
    **dict.fromkeys(
        ("rnn_recurrence", "lstm_recurrence", "gru_recurrence"),
        "PyTorch has them inside its recurrent layers, which benchmarks/layers compares",
    ),
    "trim_zeros": "PyTorch has no such function",
    "unwrap": "PyTorch has no such function",
    "vecmat": "PyTorch has it only as matmul, which is compared",
}
"""Differentiable operations that PyTorch's table of samples has nothing for, by their names in the registry."""


def registered(counterpart: Counterpart) -> set[str]:
    """The names in the registry of the operations that a counterpart calls."""
    found = (getattr(named(name), "op", None) for name in counterpart.ours)
    return {op.name for op in found if op is not None}


def differentiable() -> set[str]:
    """The names of the public operations with a derivative; the others are steps inside them."""
    return {name for name, op in ag.REGISTRY.items() if op.differentiable and _is_public(name)}


def _is_public(name: str) -> bool:
    try:
        return getattr(named(name), "op", None) is ag.REGISTRY[name]
    except AttributeError:
        return False


def mapped() -> set[str]:
    """The names in the registry of all operations that are compared."""
    return {name for counterpart in TABLE for name in registered(counterpart)}
