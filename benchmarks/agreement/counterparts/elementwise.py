"""Functions of each element: arithmetic, transcendental and special functions, choices, comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from benchmarks.agreement.counterparts.record import Counterpart, binary, refuse, unary

_UNARY = {
    "abs": "absolute",
    "angle": "angle",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atanh": "arctanh",
    "ceil": "ceil",
    "conj": "conjugate",
    "conj_physical": "conjugate",
    "cos": "cos",
    "cosh": "cosh",
    "deg2rad": "deg2rad",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "floor": "floor",
    "i0": "i0",
    "isfinite": "isfinite",
    "isinf": "isinf",
    "isnan": "isnan",
    "isneginf": "isneginf",
    "isposinf": "isposinf",
    "log": "log",
    "log10": "log10",
    "log1p": "log1p",
    "log2": "log2",
    "logical_not": "logical_not",
    "neg": "negative",
    "nn.functional.softsign": "softsign",
    "positive": "positive",
    "rad2deg": "rad2deg",
    "real": "real",
    "reciprocal": "reciprocal",
    "sigmoid": "sigmoid",
    "sign": "sign",
    "sgn": "sign",
    "signbit": "signbit",
    "sin": "sin",
    "sinc": "sinc",
    "sinh": "sinh",
    "sqrt": "sqrt",
    "square": "square",
    "tan": "tan",
    "tanh": "tanh",
    "trunc": "trunc",
}

_SPECIAL = {
    "digamma": "digamma",
    "erf": "erf",
    "erfc": "erfc",
    "erfinv": "erfinv",
    "lgamma": "gammaln",
    "nn.functional.logsigmoid": "log_expit",
    "sigmoid": "expit",
    "special.bessel_j0": "j0",
    "special.bessel_j1": "j1",
    "special.bessel_y0": "y0",
    "special.bessel_y1": "y1",
    "special.entr": "entr",
    "special.erfcx": "erfcx",
    "special.i0e": "i0e",
    "special.i1": "i1",
    "special.i1e": "i1e",
    "special.log_ndtr": "log_ndtr",
    "special.modified_bessel_i0": "i0",
    "special.modified_bessel_i1": "i1",
    "special.ndtr": "ndtr",
    "special.ndtri": "ndtri",
}

_SPECIAL_BINARY = {
    "igamma": "gammainc",
    "igammac": "gammaincc",
    "special.xlog1py": "xlog1py",
    "xlogy": "xlogy",
}

_BINARY = {
    "atan2": "arctan2",
    "copysign": "copysign",
    "eq": "equal",
    "floor_divide": "floor_divide",
    "fmax": "fmax",
    "fmin": "fmin",
    "fmod": "fmod",
    "ge": "greater_equal",
    "gt": "greater",
    "heaviside": "heaviside",
    "hypot": "hypot",
    "le": "less_equal",
    "logaddexp": "logaddexp",
    "logaddexp2": "logaddexp2",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
    "lt": "less",
    "max.binary": "maximum",
    "maximum": "maximum",
    "min.binary": "minimum",
    "minimum": "minimum",
    "mul": "multiply",
    "ne": "not_equal",
    "nextafter": "nextafter",
    "pow": "power",
    "remainder": "remainder",
    "true_divide": "divide",
}


def _add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    return ag.add(input, other if alpha == 1 else ag.multiply(other, alpha))


def _sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    return ag.subtract(input, other if alpha == 1 else ag.multiply(other, alpha))


def _div(input: Any, other: Any, *, rounding_mode: Any = None) -> Any:
    if rounding_mode is None:
        return ag.divide(input, other)
    if rounding_mode == "floor":
        return ag.floor_divide(input, other)
    return ag.trunc(ag.divide(input, other))


def _round(input: Any, *, decimals: int = 0) -> Any:
    return ag.round(input, decimals)


def _clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    return ag.clip(input, min, max)


def _polygamma(input: Any, n: int) -> Any:
    return ag.special.polygamma(n, input)


def _logit(input: Any, eps: float | None = None) -> Any:
    refuse(eps is not None, "the logit of clipped numbers")
    return ag.special.logit(input)


def _nan_to_num(input: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
    return ag.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


def _softplus(input: Any, beta: float = 1, threshold: float = 20) -> Any:
    """PyTorch's turns linear beyond a threshold, at the default of which nothing is lost."""
    scaled = ag.multiply(input, beta)
    return ag.where(ag.greater(scaled, threshold), input, ag.divide(ag.softplus(scaled), beta))


def _where(input: Any, condition: Any, other: Any) -> Any:
    return ag.where(condition, input, other)


ELEMENTWISE = [
    *(unary(theirs, ours) for theirs, ours in _UNARY.items()),
    *(binary(theirs, ours) for theirs, ours in _BINARY.items()),
    unary("abs", "fabs"),
    *(unary(theirs, f"special.{ours}") for theirs, ours in _SPECIAL.items()),
    *(binary(theirs, f"special.{ours}") for theirs, ours in _SPECIAL_BINARY.items()),
    *(Counterpart(f"polygamma.polygamma_n_{n}", ("special.polygamma",), _polygamma) for n in range(5)),
    Counterpart("logit", ("special.logit",), _logit),
    unary("trunc", "fix"),
    Counterpart("float_power", ("power",), lambda input, other: np.float_power(input, other)),
    Counterpart("add", ("add",), _add),
    Counterpart("sub", ("subtract",), _sub),
    Counterpart("rsub", ("subtract",), lambda input, other, *, alpha=1: _sub(other, input, alpha=alpha)),
    Counterpart("__radd__", ("add",), lambda input, other: other + input),
    Counterpart("__rdiv__", ("divide",), lambda input, other: other / input),
    Counterpart("__rmul__", ("multiply",), lambda input, other: other * input),
    Counterpart("__rpow__", ("power",), lambda input, other: other**input),
    Counterpart("__rsub__", ("subtract",), lambda input, other: other - input),
    Counterpart("__rmod__", ("remainder",), lambda input, other: ag.remainder(other, input)),
    *(
        Counterpart(name, ("divide", "floor_divide", "trunc"), _div)
        for name in ("div.no_rounding_mode", "div.floor_rounding", "div.trunc_rounding")
    ),
    *(
        Counterpart(name, ("round",), _round)
        for name in ("round", "round.decimals_0", "round.decimals_3", "round.decimals_neg_3")
    ),
    Counterpart("round", ("rint",), lambda input: ag.rint(input)),
    Counterpart("frac", ("modf",), lambda input: ag.modf(input)[0]),
    Counterpart("frexp", ("frexp",), lambda input: ag.frexp(input)),
    Counterpart("clamp", ("clip",), _clamp),
    Counterpart("clamp_min", ("clip",), lambda input, min: ag.clip(input, min)),
    Counterpart("clamp_max", ("clip",), lambda input, max: ag.clip(input, None, max)),
    Counterpart("nan_to_num", ("nan_to_num",), _nan_to_num),
    Counterpart("where", ("where",), _where),
    Counterpart("masked_fill", ("where",), lambda input, mask, value: ag.where(mask, value, input)),
    Counterpart("nn.functional.relu", ("relu",), lambda input, inplace=False: ag.relu(input)),
    Counterpart("nn.functional.softplus", ("softplus",), _softplus),
    Counterpart("nn.functional.logsigmoid", ("softplus",), lambda input: -ag.softplus(-input)),
    Counterpart("nn.functional.silu", ("sigmoid",), lambda input, inplace=False: input * ag.sigmoid(input)),
    Counterpart("nn.functional.tanhshrink", ("tanh",), lambda input: input - ag.tanh(input)),
    Counterpart("rsqrt", ("sqrt", "reciprocal"), lambda input: ag.reciprocal(ag.sqrt(input))),
    Counterpart("lerp", ("add",), lambda input, end, weight: input + weight * (end - input)),
    Counterpart("addcmul", ("multiply",), lambda input, a, b, *, value=1: input + value * a * b),
    Counterpart("addcdiv", ("divide",), lambda input, a, b, *, value=1: input + value * a / b),
]
