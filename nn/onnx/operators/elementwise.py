"""Operators element by element, products, and reductions along axes."""

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag

from ... import functional
from ...module import values
from ..door import tensor_dtype_to_np_dtype
from .attributes import Operator, Options, axes as axes_of

__all__ = ["OPERATORS"]


def _without_options(function: Callable[..., Any]) -> Operator:
    return lambda o, *x: function(*x)


def _reduced(function: Callable[..., Any]) -> Operator:
    def run(o: Options, x: Any, axes: Any = None) -> Any:
        over = axes_of(o, axes)
        if over is None and o.get("noop_with_empty_axes"):
            return x
        return function(x, axis=over, keepdims=bool(o.get("keepdims", 1)))

    return run


def _position(function: Callable[..., Any]) -> Operator:
    return lambda o, x: function(x, axis=o.get("axis", 0), keepdims=bool(o.get("keepdims", 1)))


def _chained(function: Callable[[Any, Any], Any]) -> Operator:
    def run(o: Options, first: Any, *others: Any) -> Any:
        for other in others:
            first = function(first, other)
        return first

    return run


def _gemm(o: Options, a: Any, b: Any, c: Any = None) -> Any:
    a = ag.transpose(a) if o.get("transA") else a
    alpha, beta = o.get("alpha", 1.0), o.get("beta", 1.0)
    if o.get("transB") and alpha == beta == 1.0 and c is not None and np.ndim(c) == 1:
        return ag.linear(a, b, c)
    out = a @ (ag.transpose(b) if o.get("transB") else b)
    out = out if alpha == 1.0 else alpha * out
    return out if c is None else out + (c if beta == 1.0 else beta * c)


def _clip(o: Options, x: Any, low: Any = None, high: Any = None) -> Any:
    low, high = o.get("min", low), o.get("max", high)
    return x if low is None and high is None else ag.clip(x, low, high)


def _along(function: Callable[..., Any]) -> Operator:
    return lambda o, x: function(x, axis=o.get("axis", -1))


def _gelu(o: Options, x: Any) -> Any:
    return functional.gelu(x, approximate=o.get("approximate", "none"))


def _cast(o: Options, x: Any) -> Any:
    return x.astype(tensor_dtype_to_np_dtype(o["to"]))


def _divide(a: Any, b: Any) -> Any:
    """Of whole numbers, the quotient without its fraction."""
    if a.dtype.kind in "iu" and b.dtype.kind in "iu":
        return (a - ag.fmod(a, b)) // b
    return ag.divide(a, b)


OPERATORS: dict[str, Operator] = {
    **{
        name: _without_options(function)
        for name, function in {
            "Abs": ag.absolute,
            "Acos": ag.arccos,
            "Acosh": ag.arccosh,
            "Add": ag.add,
            "And": ag.logical_and,
            "Asin": ag.arcsin,
            "Asinh": ag.arcsinh,
            "Atan": ag.arctan,
            "Atanh": ag.arctanh,
            "Ceil": ag.ceil,
            "Cos": ag.cos,
            "Cosh": ag.cosh,
            "Div": _divide,
            "Equal": ag.equal,
            "Exp": ag.exp,
            "Floor": ag.floor,
            "Greater": ag.greater,
            "GreaterOrEqual": ag.greater_equal,
            "HardSwish": lambda x: functional.hardswish(x),
            "Identity": lambda x: x,
            "IsInf": ag.isinf,
            "IsNaN": ag.isnan,
            "Less": ag.less,
            "LessOrEqual": ag.less_equal,
            "Log": ag.log,
            "MatMul": ag.matmul,
            "Mish": lambda x: functional.mish(x),
            "Mul": ag.multiply,
            "Neg": ag.negative,
            "Not": ag.logical_not,
            "Or": ag.logical_or,
            "PRelu": lambda x, slope: ag.where(x > 0, x, x * slope),
            "Pow": ag.power,
            "Reciprocal": ag.reciprocal,
            "Relu": ag.relu,
            "Round": ag.rint,
            "Sigmoid": ag.sigmoid,
            "Sign": ag.sign,
            "Sin": ag.sin,
            "Sinh": ag.sinh,
            "Softplus": ag.softplus,
            "Softsign": ag.softsign,
            "Sqrt": ag.sqrt,
            "Sub": ag.subtract,
            "Tan": ag.tan,
            "Tanh": ag.tanh,
            "Where": ag.where,
            "Xor": ag.logical_xor,
        }.items()
    },
    "ArgMax": _position(ag.argmax),
    "ArgMin": _position(ag.argmin),
    "Cast": _cast,
    "Clip": _clip,
    "CumSum": lambda o, x, axis: ag.cumsum(x, axis=int(values(axis))),
    "Dropout": lambda o, x, *_: x,
    "Einsum": lambda o, *x: ag.einsum(o["equation"], *x),
    "Celu": lambda o, x: functional.celu(x, o.get("alpha", 1.0)),
    "Elu": lambda o, x: functional.elu(x, o.get("alpha", 1.0)),
    "Erf": lambda o, x: ag.special.erf(x),
    "Gelu": _gelu,
    "Gemm": _gemm,
    "HardSigmoid": lambda o, x: ag.clip(o.get("alpha", 0.2) * x + o.get("beta", 0.5), 0, 1),
    "LeakyRelu": lambda o, x: functional.leaky_relu(x, o.get("alpha", 0.01)),
    "LogSoftmax": _along(ag.log_softmax),
    "Max": _chained(ag.maximum),
    "Min": _chained(ag.minimum),
    "Mod": lambda o, a, b: (ag.fmod if o.get("fmod") else ag.remainder)(a, b),
    "ReduceL1": _reduced(lambda x, axis, keepdims: ag.sum(ag.absolute(x), axis=axis, keepdims=keepdims)),
    "ReduceL2": _reduced(lambda x, axis, keepdims: ag.sqrt(ag.sum(ag.square(x), axis=axis, keepdims=keepdims))),
    "ReduceLogSum": _reduced(lambda x, axis, keepdims: ag.log(ag.sum(x, axis=axis, keepdims=keepdims))),
    "ReduceLogSumExp": _reduced(ag.logsumexp),
    "ReduceMax": _reduced(ag.max),
    "ReduceMean": _reduced(ag.mean),
    "ReduceMin": _reduced(ag.min),
    "ReduceProd": _reduced(ag.prod),
    "ReduceSum": _reduced(ag.sum),
    "ReduceSumSquare": _reduced(lambda x, axis, keepdims: ag.sum(ag.square(x), axis=axis, keepdims=keepdims)),
    "Selu": lambda o, x: o.get("gamma", 1.0507009873554805) * functional.elu(x, o.get("alpha", 1.6732632423543772)),
    "Softmax": _along(ag.softmax),
    "Sum": _chained(ag.add),
    "ThresholdedRelu": lambda o, x: ag.where(x > o.get("alpha", 1.0), x, 0.0),
}
"""By the operator's name."""
