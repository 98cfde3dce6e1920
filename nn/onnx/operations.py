"""Which nodes of ONNX compute an operation of autograd_core; a line for each, or a function where it takes several.

Knows operations by name, with their arguments and options. Does not know layers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from .graph import Graph, fixed
from .program import Batch, Constant, Operation

__all__ = ["OPERATIONS"]

Writer = Callable[[Graph, Operation], str]

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


def _compared(kind: str) -> Writer:
    """The arguments are brought to their own common type."""

    def write(graph: Graph, op: Operation) -> str:
        return graph.add(kind, *_in_common_type(graph, op))

    return write


def _not_equal(graph: Graph, op: Operation) -> str:
    return graph.add("Not", graph.add("Equal", *_in_common_type(graph, op)))


def _in_common_type(graph: Graph, op: Operation) -> list[str]:
    known = [graph.type_of(argument) for argument in op.arguments]
    arrays = [dtype for dtype in known if dtype is not None]
    weak = [a for a, dtype in zip(op.arguments, known, strict=True) if dtype is None]
    scalars = [a.value.item() if isinstance(a, Constant) else a for a in weak]
    common = np.result_type(*arrays, *scalars)
    return [_brought(graph, argument, common) for argument in op.arguments]


def _brought(graph: Graph, argument: Any, dtype: Any) -> str:
    """An argument in a type."""
    name, known = graph.name(argument, dtype), graph.type_of(argument)
    return name if known is None or known == dtype or isinstance(argument, Constant) else graph.cast(name, dtype)


def _ndtr(graph: Graph, op: Operation) -> str:
    """The normal distribution function, (1 + erf(x / sqrt 2)) / 2."""
    (x,) = _arguments(graph, op)
    scaled = graph.add("Erf", graph.add("Mul", x, _number(graph, op, 0.5**0.5)))
    return graph.add("Mul", graph.add("Add", scaled, _number(graph, op, 1)), _number(graph, op, 0.5))


def _argument_of(kind: str) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        axis, keepdims = op.options["axis"], int(bool(op.options.get("keepdims")))
        x = graph.name(op.arguments[0])
        if axis is None:
            x, axis = graph.add("Reshape", x, graph.constant([-1], np.int64)), 0
        return graph.add(kind, x, axis=axis % max(len(op.shapes[0]), 1), keepdims=keepdims)

    return write


def _plain(kind: str) -> Writer:
    return lambda graph, op: graph.add(kind, *_arguments(graph, op))


def _arguments(graph: Graph, op: Operation) -> list[str]:
    """The names of all arguments, brought to the type of the result, as NumPy does."""
    return [_brought(graph, argument, op.dtype) if argument is not None else "" for argument in op.arguments]


# --- composed of several nodes ----------------------------------------------------------------------------------------


def _number(graph: Graph, op: Operation, value: float) -> str:
    return graph.constant(value, op.dtype)


def _square(graph: Graph, op: Operation) -> str:
    (x,) = _arguments(graph, op)
    return graph.add("Mul", x, x)


def _expm1(graph: Graph, op: Operation) -> str:
    (x,) = _arguments(graph, op)
    return graph.add("Sub", graph.add("Exp", x), _number(graph, op, 1))


def _log1p(graph: Graph, op: Operation) -> str:
    (x,) = _arguments(graph, op)
    return graph.add("Log", graph.add("Add", x, _number(graph, op, 1)))


def _log_to(base: float) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        (x,) = _arguments(graph, op)
        return graph.add("Mul", graph.add("Log", x), _number(graph, op, 1 / np.log(base)))

    return write


def _exp2(graph: Graph, op: Operation) -> str:
    return graph.add("Pow", _number(graph, op, 2), *_arguments(graph, op))


def _erfc(graph: Graph, op: Operation) -> str:
    return graph.add("Sub", _number(graph, op, 1), graph.add("Erf", *_arguments(graph, op)))


def _logaddexp(graph: Graph, op: Operation) -> str:
    a, b = _arguments(graph, op)
    apart = graph.add("Neg", graph.add("Abs", graph.add("Sub", a, b)))
    return graph.add("Add", graph.add("Max", a, b), graph.add("Softplus", apart))


def _clip(graph: Graph, op: Operation) -> str:
    x, low, high = _arguments(graph, op)
    x = graph.add("Max", x, low) if low else x
    return graph.add("Min", x, high) if high else x


def _where(graph: Graph, op: Operation) -> str:
    condition, a, b = op.arguments
    return graph.add("Where", *(_brought(graph, x, t) for x, t in ((condition, bool), (a, op.dtype), (b, op.dtype))))


def _cast(graph: Graph, op: Operation) -> str:
    return graph.cast(graph.name(op.arguments[0]), op.dtype)


# --- sums and other reductions ----------------------------------------------------------------------------------------


def _axes(op: Operation) -> list[int]:
    axis, rank = op.options.get("axis"), len(op.shapes[0])
    axes = range(rank) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return [int(a) % rank for a in axes]


def _reduction(kind: str, as_input: bool = False) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        if any(not (argument is None or argument is True) for argument in op.arguments[1:]):
            raise ag.OptionError(f"export: {op.where} with where= has no counterpart in ONNX; multiply by the mask")
        if op.options.get("initial") is not None:
            raise ag.OptionError(f"export: {op.where} with initial= has no counterpart in ONNX; add it afterwards")
        x, keepdims = graph.name(op.arguments[0]), int(bool(op.options.get("keepdims")))
        if as_input:
            return graph.add(kind, x, graph.constant(_axes(op), np.int64), keepdims=keepdims)
        return graph.add(kind, x, axes=_axes(op), keepdims=keepdims)

    return write


def _variance(graph: Graph, op: Operation) -> str:
    x, axes = graph.name(op.arguments[0]), _axes(op)
    apart = graph.add("Sub", x, graph.add("ReduceMean", x, axes=axes, keepdims=1))
    squares = graph.add("Mul", apart, apart)
    keepdims = int(bool(op.options.get("keepdims")))
    ddof = op.options.get("ddof", 0)
    if not ddof:
        return graph.add("ReduceMean", squares, axes=axes, keepdims=keepdims)
    count = np.prod([fixed(op.shapes[0][a], f"what {op.where} averages over") for a in axes])
    total = graph.add("ReduceSum", squares, graph.constant(axes, np.int64), keepdims=keepdims)
    return graph.add("Div", total, _number(graph, op, count - ddof))


def _standardize(graph: Graph, op: Operation) -> str:
    x, axes = graph.name(op.arguments[0]), _axes(op)
    apart = graph.add("Sub", x, graph.add("ReduceMean", x, axes=axes, keepdims=1))
    variance = graph.add("ReduceMean", graph.add("Mul", apart, apart), axes=axes, keepdims=1)
    scale = graph.add("Sqrt", graph.add("Add", variance, _number(graph, op, op.options["eps"])))
    return graph.add("Div", apart, scale)


def _norm(graph: Graph, op: Operation) -> str:
    order = op.options.get("ord")
    if order not in (None, 1, 2):
        raise ag.OptionError(f"export: {op.where} of order {order!r} has no counterpart in ONNX; there are 1 and 2")
    keepdims = int(bool(op.options.get("keepdims")))
    return graph.add(
        "ReduceL1" if order == 1 else "ReduceL2", graph.name(op.arguments[0]), axes=_axes(op), keepdims=keepdims
    )


def _along(kind: str) -> Writer:
    """Operations along one axis that keep the shape."""
    return lambda graph, op: graph.add(kind, graph.name(op.arguments[0]), axis=_axes(op)[0])


def _cumsum(graph: Graph, op: Operation) -> str:
    if op.options["axis"] is None and len(op.shapes[0]) != 1:
        raise ag.OptionError(f"export: {op.where} over all axes at once has no counterpart in ONNX; give an axis")
    return graph.add("CumSum", graph.name(op.arguments[0]), graph.constant(_axes(op)[0], np.int64))


# --- products and convolutions ----------------------------------------------------------------------------------------


def _linear(graph: Graph, op: Operation) -> str:
    x, weight, bias = (graph.name(argument, op.dtype) for argument in op.arguments)
    if len(op.shapes[0]) == 2:
        return graph.add("Gemm", x, weight, *([bias] if bias else []), transB=1)
    product = graph.add("MatMul", x, graph.once("Transpose", weight, perm=[1, 0]))
    return graph.add("Add", product, bias) if bias else product


def _einsum(graph: Graph, op: Operation) -> str:
    return graph.add("Einsum", *_arguments(graph, op), equation=op.options["subscripts"].replace(" ", ""))


def _windows(op: Operation, axes: int) -> dict[str, Any]:
    """Strides, symmetric padding and dilation of a window operation, one number for each axis."""
    each = {name: _each(op.options[name], axes) for name in ("stride", "padding", "dilation") if name in op.options}
    found = {"strides": each["stride"], "pads": [*each["padding"], *each["padding"]]}
    return found | ({"dilations": each["dilation"]} if "dilation" in each else {})


def _each(value: Any, axes: int) -> list[int]:
    return [int(v) for v in (value if isinstance(value, Sequence) else (value,) * axes)]


def _conv(axes: int) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        _no_flipping(op)
        x, weight, bias = (graph.name(argument, op.dtype) for argument in op.arguments)
        kernel = list(op.shapes[1][2:])
        attributes = _windows(op, axes) | {"kernel_shape": kernel, "group": op.options["groups"]}
        return graph.add("Conv", x, weight, *([bias] if bias else []), **attributes)

    return write


def _conv_transposed(axes: int) -> Writer:
    """The gradient of a convolution by its input, which is the transposed convolution."""

    def write(graph: Graph, op: Operation) -> str:
        _no_flipping(op)
        y, weight = (graph.name(argument, op.dtype) for argument in op.arguments)
        window = _windows(op, axes)
        kernel, sizes = op.shapes[1][2:], op.shapes[0][2:]
        extra = [
            int(wanted) - ((int(n) - 1) * s - 2 * p + d * (int(k) - 1) + 1)
            for wanted, n, s, p, d, k in zip(
                op.shape[2:], sizes, window["strides"], window["pads"], window["dilations"], kernel, strict=False
            )
        ]
        return graph.add(
            "ConvTranspose",
            y,
            weight,
            **window,
            kernel_shape=list(kernel),
            group=op.options["groups"],
            output_padding=extra,
        )

    return write


def _no_flipping(op: Operation) -> None:
    if op.options["flip_kernel"]:
        raise ag.OptionError(f"export: {op.where} turns its kernel round; ONNX correlates: turn the weight instead")


def _pool(kind: str, axes: int) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        options = op.options
        if options.get("divisor_override") is not None:
            raise ag.OptionError(f"export: {op.where} with divisor_override has no counterpart in ONNX")
        stride = options["kernel_size"] if options["stride"] is None else options["stride"]
        padding = _each(options["padding"], axes)
        attributes: dict[str, Any] = {
            "kernel_shape": _each(options["kernel_size"], axes),
            "strides": _each(stride, axes),
            "pads": [*padding, *padding],
            "ceil_mode": int(options.get("ceil_mode", False)),
        }
        if kind == "AveragePool":
            attributes["count_include_pad"] = int(options.get("count_include_pad", True))
        elif "dilation" in options:
            attributes["dilations"] = _each(options["dilation"], axes)
        return graph.add(kind, graph.name(op.arguments[0]), **attributes)

    return write


# --- shapes -----------------------------------------------------------------------------------------------------------


def _reshape(graph: Graph, op: Operation) -> str:
    """Also what adds and takes away axes of length 1: the elements keep their order."""
    if op.options.get("order", "C") not in ("C", "K", None):
        raise ag.OptionError(f"export: {op.where} in the order of columns has no counterpart in ONNX; transpose first")
    return graph.reshape(graph.name(op.arguments[0]), op.shape)


def _transpose(graph: Graph, op: Operation) -> str:
    rank = len(op.shape)
    axes = op.options["axes"]
    order = range(rank)[::-1] if axes is None else [a % rank for a in axes]
    return graph.add("Transpose", graph.name(op.arguments[0]), perm=list(order))


def _swapaxes(graph: Graph, op: Operation) -> str:
    order = list(range(len(op.shape)))
    a, b = op.options["axis1"], op.options["axis2"]
    order[a], order[b] = order[b], order[a]
    return graph.add("Transpose", graph.name(op.arguments[0]), perm=order)


def _moveaxis(graph: Graph, op: Operation) -> str:
    rank = len(op.shape)
    source, destination = (_many(op.options[name], rank) for name in ("source", "destination"))
    order = [axis for axis in range(rank) if axis not in source]
    for place, axis in sorted(zip(destination, source, strict=True)):
        order.insert(place, axis)
    return graph.add("Transpose", graph.name(op.arguments[0]), perm=order)


def _many(axis: Any, rank: int) -> list[int]:
    return [int(a) % rank for a in (axis if isinstance(axis, tuple | list) else (axis,))]


def _broadcast_to(graph: Graph, op: Operation) -> str:
    return graph.add("Expand", graph.name(op.arguments[0]), graph.lengths(op.shape))


def _concatenate(graph: Graph, op: Operation) -> str:
    if op.options["axis"] is None:
        parts = [graph.add("Reshape", name, graph.constant([-1], np.int64)) for name in _arguments(graph, op)]
        return graph.add("Concat", *parts, axis=0)
    return graph.add("Concat", *_arguments(graph, op), axis=_axes(op)[0])


def _stack(graph: Graph, op: Operation) -> str:
    axis = op.options["axis"] % len(op.shape)
    place = graph.constant([axis], np.int64)
    return graph.add("Concat", *(graph.add("Unsqueeze", x, place) for x in _arguments(graph, op)), axis=axis)


def _tile(graph: Graph, op: Operation) -> str:
    reps = op.options["reps"]
    reps = list(reps) if isinstance(reps, tuple | list) else [reps]
    rank = len(op.shape)
    x = graph.reshape(graph.name(op.arguments[0]), (*[1] * (rank - len(op.shapes[0])), *op.shapes[0]))
    return graph.add("Tile", x, graph.constant([*[1] * (rank - len(reps)), *map(int, reps)], np.int64))


def _flip(graph: Graph, op: Operation) -> str:
    axes = _axes(op)
    n = len(axes)
    ends = (np.full(n, -1), np.full(n, np.iinfo(np.int64).min), np.array(axes), np.full(n, -1))
    return graph.add("Slice", graph.name(op.arguments[0]), *(graph.constant(e, np.int64) for e in ends))


def _getitem(graph: Graph, op: Operation) -> str:
    """Slices, whole numbers and new axes; or one array of positions along one axis."""
    index = op.options["index"]
    parts = list(index) if isinstance(index, tuple) else [index]
    rank = len(op.shapes[0])
    named = sum(part is not None and part is not Ellipsis for part in parts)
    if Ellipsis in [part for part in parts if not isinstance(part, np.ndarray | Constant)]:
        place = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts[place : place + 1] = [slice(None)] * (rank - named)
    x, axis = graph.name(op.arguments[0]), 0
    starts, stops, axes, steps = [], [], [], []
    for part in parts:
        if part is None:
            continue
        if isinstance(part, slice):
            if part != slice(None):
                step = fixed(part.step or 1, f"a step of {op.where}")
                low, high = (0, np.iinfo(np.int64).max) if step > 0 else (-1, np.iinfo(np.int64).min)
                starts.append(low if part.start is None else fixed(part.start, f"the start of {op.where}"))
                stops.append(high if part.stop is None else part.stop)
                axes.append(axis)
                steps.append(step)
        elif isinstance(part, int):
            starts.append(part)
            stops.append(part + 1 if part != -1 else np.iinfo(np.int64).max)
            axes.append(axis)
            steps.append(1)
        elif sum(not isinstance(p, slice) for p in parts) == 1:
            x = graph.add("Gather", x, _positions(graph, part), axis=axis)
            if not axes:
                return x
            raise ag.OptionError(f"export: {op.where} picks by slices and by an array at once; do one after the other")
        else:
            raise ag.OptionError(
                f"export: {op.where} picks by several arrays, or new axes beside one, which is not written"
            )
        axis += 1
    if axes:
        if any(isinstance(stop, Batch) for stop in stops):
            stops = [np.iinfo(np.int64).max if isinstance(stop, Batch) else stop for stop in stops]
        x = graph.add("Slice", x, *(graph.constant(ends, np.int64) for ends in (starts, stops, axes, steps)))
    return graph.reshape(x, op.shape) if any(not isinstance(part, slice) for part in parts) else x


def _positions(graph: Graph, part: Any) -> str:
    if isinstance(part, Constant) and part.value.dtype.kind == "b":
        return graph.constant(np.flatnonzero(part.value), np.int64)
    return graph.name(part)


def _take(graph: Graph, op: Operation) -> str:
    if len(op.arguments) > 1:
        return graph.add("Gather", graph.name(op.arguments[0]), graph.name(op.arguments[1]), axis=_axes(op)[0])
    raise ag.OptionError(f"export: {op.where} has no positions")


OPERATIONS: dict[str, Writer] = {
    **{name: _plain(kind) for name, kind in _SAME_NAME.items()},
    **{name: _compared(kind) for name, kind in _OF_ONE_TYPE.items()},
    "argmax": _argument_of("ArgMax"),
    "argmin": _argument_of("ArgMin"),
    "astype": _cast,
    "broadcast_to": _broadcast_to,
    "clip": _clip,
    "concatenate": _concatenate,
    "cumsum": _cumsum,
    "einsum": _einsum,
    "exp2": _exp2,
    "expand_dims": _reshape,
    "expm1": _expm1,
    "flip": _flip,
    "getitem": _getitem,
    "linalg.vector_norm": _norm,
    "linear": _linear,
    "log10": _log_to(10),
    "log1p": _log1p,
    "log2": _log_to(2),
    "log_softmax": _along("LogSoftmax"),
    "logaddexp": _logaddexp,
    "logsumexp": _reduction("ReduceLogSumExp"),
    "max": _reduction("ReduceMax"),
    "mean": _reduction("ReduceMean"),
    "min": _reduction("ReduceMin"),
    "moveaxis": _moveaxis,
    "not_equal": _not_equal,
    "prod": _reduction("ReduceProd"),
    "reshape": _reshape,
    "softmax": _along("Softmax"),
    "special.erfc": _erfc,
    "special.ndtr": _ndtr,
    "square": _square,
    "squeeze": _reshape,
    "stack": _stack,
    "standardize": _standardize,
    "sum": _reduction("ReduceSum", as_input=True),
    "swapaxes": _swapaxes,
    "take": _take,
    "tile": _tile,
    "transpose": _transpose,
    "var": _variance,
    "where": _where,
    **{f"conv{n}d": _conv(n) for n in (1, 2, 3)},
    **{f"conv{n}d_input": _conv_transposed(n) for n in (1, 2, 3)},
    **{f"max_pool{n}d": _pool("MaxPool", n) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _pool("AveragePool", n) for n in (1, 2, 3)},
}
"""By the name of the operation: a function that writes it and gives the name of its result."""
