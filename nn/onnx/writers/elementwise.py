"""Operations element by element: most are a node of ONNX by another name, some take several nodes."""

import numpy as np

import autograd_core as ag

from ..graph import Graph
from ..program import Operation
from .operands import Writer, arguments, brought, in_common_type, number

__all__ = ["WRITERS"]

_SAME_NAME = {  # element by element
    "absolute": "Abs",
    "add": "Add",
    "alias": "Identity",
    "arccos": "Acos",
    "arccosh": "Acosh",
    "arcsin": "Asin",
    "arcsinh": "Asinh",
    "arctan": "Atan",
    "arctanh": "Atanh",
    "ceil": "Ceil",
    "copy": "Identity",
    "cos": "Cos",
    "cosh": "Cosh",
    "divide": "Div",
    "exp": "Exp",
    "fabs": "Abs",
    "floor": "Floor",
    "log": "Log",
    "maximum": "Max",
    "minimum": "Min",
    "multiply": "Mul",
    "negative": "Neg",
    "positive": "Identity",
    "power": "Pow",
    "reciprocal": "Reciprocal",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "sign": "Sign",
    "sin": "Sin",
    "sinh": "Sinh",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "special.erf": "Erf",
    "sqrt": "Sqrt",
    "subtract": "Sub",
    "tan": "Tan",
    "tanh": "Tanh",
    "matmul": "MatMul",
}


_OF_ONE_TYPE = {  # their result is of another type than their arguments
    "equal": "Equal",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "isnan": "IsNaN",
    "less": "Less",
    "less_equal": "LessOrEqual",
    "logical_and": "And",
    "logical_not": "Not",
    "logical_or": "Or",
    "logical_xor": "Xor",
}


def _plain(kind: str) -> Writer:
    return lambda graph, op: graph.add(kind, *arguments(graph, op))


def _compared(kind: str) -> Writer:
    """The arguments are brought to their own common type."""

    def write(graph: Graph, op: Operation) -> str:
        return graph.add(kind, *in_common_type(graph, op))

    return write


def _not_equal(graph: Graph, op: Operation) -> str:
    return graph.add("Not", graph.add("Equal", *in_common_type(graph, op)))


def _ndtr(graph: Graph, op: Operation) -> str:
    """The normal distribution function, (1 + erf(x / sqrt 2)) / 2."""
    (x,) = arguments(graph, op)
    scaled = graph.add("Erf", graph.add("Mul", x, number(graph, op, 0.5**0.5)))
    return graph.add("Mul", graph.add("Add", scaled, number(graph, op, 1)), number(graph, op, 0.5))


def _square(graph: Graph, op: Operation) -> str:
    (x,) = arguments(graph, op)
    return graph.add("Mul", x, x)


def _expm1(graph: Graph, op: Operation) -> str:
    (x,) = arguments(graph, op)
    return graph.add("Sub", graph.add("Exp", x), number(graph, op, 1))


def _log1p(graph: Graph, op: Operation) -> str:
    (x,) = arguments(graph, op)
    return graph.add("Log", graph.add("Add", x, number(graph, op, 1)))


def _log_to(base: float) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        (x,) = arguments(graph, op)
        return graph.add("Mul", graph.add("Log", x), number(graph, op, 1 / np.log(base)))

    return write


def _exp2(graph: Graph, op: Operation) -> str:
    return graph.add("Pow", number(graph, op, 2), *arguments(graph, op))


def _erfc(graph: Graph, op: Operation) -> str:
    return graph.add("Sub", number(graph, op, 1), graph.add("Erf", *arguments(graph, op)))


def _logaddexp(graph: Graph, op: Operation) -> str:
    a, b = arguments(graph, op)
    apart = graph.add("Neg", graph.add("Abs", graph.add("Sub", a, b)))
    return graph.add("Add", graph.add("Max", a, b), graph.add("Softplus", apart))


def _clip(graph: Graph, op: Operation) -> str:
    x, low, high = arguments(graph, op)
    x = graph.add("Max", x, low) if low else x
    return graph.add("Min", x, high) if high else x


def _where(graph: Graph, op: Operation) -> str:
    condition, a, b = op.arguments
    return graph.add("Where", *(brought(graph, x, t) for x, t in ((condition, bool), (a, op.dtype), (b, op.dtype))))


def _cast(graph: Graph, op: Operation) -> str:
    return graph.cast(graph.name(op.arguments[0]), op.dtype)


# --- activations ------------------------------------------------------------------------------------------------------


def _leaky_relu(graph: Graph, op: Operation) -> str:
    (x,) = arguments(graph, op)
    return graph.add("LeakyRelu", x, alpha=float(op.options["negative_slope"]))


def _elu(graph: Graph, op: Operation) -> str:
    (x,) = arguments(graph, op)
    return graph.add("Elu", x, alpha=float(op.options["alpha"]))


def _hardtanh(graph: Graph, op: Operation) -> str:
    (x,) = arguments(graph, op)
    return graph.add("Clip", x, number(graph, op, op.options["min_val"]), number(graph, op, op.options["max_val"]))


def _heaviside(graph: Graph, op: Operation) -> str:
    """The value where x is 0, and NaN where it is NaN; ONNX has no such node."""
    x, value = arguments(graph, op)
    half = graph.add("Div", graph.add("Add", graph.add("Sign", x), number(graph, op, 1)), number(graph, op, 2))
    return graph.add("Where", graph.add("Equal", x, number(graph, op, 0)), value, half)


# --- quotients and rounding -------------------------------------------------------------------------------------------


def _floor_divide(graph: Graph, op: Operation) -> str:
    a, b = arguments(graph, op)
    if op.dtype.kind == "f":
        return graph.add("Floor", graph.add("Div", a, b))
    # ONNX cuts towards 0: the remainder, of the sign of the divisor, is taken away first
    return graph.add("Div", graph.add("Sub", a, graph.add("Mod", a, b)), b)


def _remainder(graph: Graph, op: Operation) -> str:
    a, b = arguments(graph, op)
    if op.dtype.kind != "f":
        return graph.add("Mod", a, b)
    return graph.add("Sub", a, graph.add("Mul", graph.add("Floor", graph.add("Div", a, b)), b))


def _round(graph: Graph, op: Operation) -> str:
    if op.options.get("decimals"):
        raise ag.OptionError(f"export: {op.where} to decimals has no counterpart in ONNX; scale, round and scale back")
    return graph.add("Round", *arguments(graph, op))


def _isinf(graph: Graph, op: Operation) -> str:
    return graph.add("IsInf", *in_common_type(graph, op))


def _isfinite(graph: Graph, op: Operation) -> str:
    """What is neither infinite nor no number: times 0, it is 0."""
    (x,) = in_common_type(graph, op)
    zero = graph.add("Sub", x, x)
    return graph.add("Not", graph.add("IsNaN", zero))


def _zeros_and_ones(value: int) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        return graph.add("Expand", number(graph, op, value), graph.lengths(op.shape))

    return write


WRITERS: dict[str, Writer] = {
    **{name: _plain(kind) for name, kind in _SAME_NAME.items()},
    **{name: _compared(kind) for name, kind in _OF_ONE_TYPE.items()},
    "astype": _cast,
    "clip": _clip,
    "elu": _elu,
    "exp2": _exp2,
    "expm1": _expm1,
    "floor_divide": _floor_divide,
    "hardtanh": _hardtanh,
    "heaviside": _heaviside,
    "isfinite": _isfinite,
    "isinf": _isinf,
    "leaky_relu": _leaky_relu,
    "log10": _log_to(10),
    "log1p": _log1p,
    "log2": _log_to(2),
    "logaddexp": _logaddexp,
    "not_equal": _not_equal,
    "ones_like": _zeros_and_ones(1),
    "remainder": _remainder,
    "rint": _round,
    "round": _round,
    "special.erfc": _erfc,
    "special.ndtr": _ndtr,
    "square": _square,
    "where": _where,
    "zeros_like": _zeros_and_ones(0),
}
"""By the name of the operation."""
