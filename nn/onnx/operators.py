"""What ONNX's operators compute, in operations of autograd_core: those that are written here, and their near relations.

Each is a function of the attributes and of the inputs, None where one is left out. Source: ONNX operator schemas,
https://onnx.ai/onnx/operators/, versions 13 to 21.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag

from .. import functional
from ..module import values
from .door import tensor_dtype_to_np_dtype
from .recurrences import gru, lstm, rnn

__all__ = ["OPERATORS"]

Options = dict[str, Any]
Operator = Callable[..., Any]


def _whole(x: Any) -> list[int]:
    """A vector of whole numbers, which must be known and not learned."""
    return [int(n) for n in np.ravel(values(x))]


def _axes(o: Options, given: Any) -> tuple[int, ...] | None:
    axes = _whole(given) if given is not None else o.get("axes")
    return tuple(axes) if axes else None


def _without_options(function: Callable[..., Any]) -> Operator:
    return lambda o, *x: function(*x)


def _reduced(function: Callable[..., Any]) -> Operator:
    def run(o: Options, x: Any, axes: Any = None) -> Any:
        over = _axes(o, axes)
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


# --- windows ----------------------------------------------------------------------------------------------------------


def _padding(o: Options, x: Any, kernel: list[int], value: float = 0.0) -> tuple[Any, Any]:
    """x, padded where the sides differ, and the padding that is left to the operation."""
    axes = len(kernel)
    pads = o.get("pads", [0] * (2 * axes))
    auto = o.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        strides, dilations = o.get("strides", [1] * axes), o.get("dilations", [1] * axes)
        sizes = np.shape(x)[2:]
        wanted = [
            max((math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0)
            for n, s, d, k in zip(sizes, strides, dilations, kernel, strict=True)
        ]
        small, large = [n // 2 for n in wanted], [n - n // 2 for n in wanted]
        pads = small + large if auto == "SAME_UPPER" else large + small
    before, after = pads[:axes], pads[axes:]
    if before == after:
        return x, tuple(before)
    widths = [(0, 0), (0, 0), *zip(before, after, strict=True)]
    return ag.pad(x, widths, constant_values=value), (0,) * axes


def _conv(o: Options, x: Any, weight: Any, bias: Any = None) -> Any:
    kernel = list(np.shape(weight)[2:])
    axes = len(kernel)
    x, padding = _padding(o, x, kernel)
    strides, dilations = tuple(o.get("strides", [1] * axes)), tuple(o.get("dilations", [1] * axes))
    conv = getattr(functional, f"conv{axes}d")
    return conv(x, weight, bias, strides, padding, dilations, o.get("group", 1))


def _conv_transpose(o: Options, x: Any, weight: Any, bias: Any = None) -> Any:
    axes = np.ndim(weight) - 2
    pads = o.get("pads", [0] * (2 * axes))
    if pads[:axes] != pads[axes:] or o.get("auto_pad", "NOTSET") != "NOTSET" or "output_shape" in o:
        raise ag.OptionError("ConvTranspose: only the same padding on both sides is read here")
    conv = getattr(functional, f"conv_transpose{axes}d")
    strides, dilations = tuple(o.get("strides", [1] * axes)), tuple(o.get("dilations", [1] * axes))
    extra = tuple(o.get("output_padding", [0] * axes))
    return conv(x, weight, bias, strides, tuple(pads[:axes]), extra, o.get("group", 1), dilations)


def _max_pool(o: Options, x: Any) -> Any:
    kernel = o["kernel_shape"]
    axes = len(kernel)
    x, padding = _padding(o, x, kernel, -math.inf)
    pool = getattr(functional, f"max_pool{axes}d")
    options = {"dilation": tuple(o.get("dilations", [1] * axes)), "ceil_mode": bool(o.get("ceil_mode", 0))}
    return pool(x, tuple(kernel), tuple(o.get("strides", [1] * axes)), padding, **options)


def _average_pool(o: Options, x: Any) -> Any:
    kernel = o["kernel_shape"]
    axes = len(kernel)
    counted = bool(o.get("count_include_pad", 0))
    padded, padding = _padding(o, x, kernel)
    if padded is not x and not counted:
        raise ag.OptionError("AveragePool: with other padding before than after, only count_include_pad=1 is read here")
    pool = getattr(functional, f"avg_pool{axes}d")
    strides = tuple(o.get("strides", [1] * axes))
    return pool(padded, tuple(kernel), strides, padding, bool(o.get("ceil_mode", 0)), counted)


def _over_space(function: Callable[..., Any]) -> Operator:
    return lambda o, x: function(x, axis=tuple(range(2, np.ndim(x))), keepdims=True)


# --- normalization ----------------------------------------------------------------------------------------------------


def _batch_norm(o: Options, x: Any, scale: Any, bias: Any, mean: Any, var: Any) -> Any:
    if o.get("training_mode"):
        raise ag.OptionError("BatchNormalization: only files that were exported for evaluation are read here")
    shape = (-1, *[1] * (np.ndim(x) - 2))
    scale, bias, mean, var = (ag.reshape(part, shape) for part in (scale, bias, mean, var))
    return (x - mean) * (scale / ag.sqrt(var + o.get("epsilon", 1e-5))) + bias


def _layer_norm(o: Options, x: Any, scale: Any, bias: Any = None) -> Any:
    rank = np.ndim(x)
    axes = tuple(range(o.get("axis", -1) % rank, rank))
    out = ag.standardize(x, axes, o.get("epsilon", 1e-5)) * scale
    return out if bias is None else out + bias


def _instance_norm(o: Options, x: Any, scale: Any, bias: Any) -> Any:
    shape = (-1, *[1] * (np.ndim(x) - 2))
    out = ag.standardize(x, tuple(range(2, np.ndim(x))), o.get("epsilon", 1e-5))
    return out * ag.reshape(scale, shape) + ag.reshape(bias, shape)


# --- shapes -----------------------------------------------------------------------------------------------------------


def _reshape(o: Options, x: Any, shape: Any) -> Any:
    wanted = _whole(shape)
    if not o.get("allowzero"):
        wanted = [np.shape(x)[i] if n == 0 else n for i, n in enumerate(wanted)]
    return ag.reshape(x, tuple(wanted))


def _flatten(o: Options, x: Any) -> Any:
    axis = o.get("axis", 1)
    shape = np.shape(x)
    axis = axis + len(shape) if axis < 0 else axis
    return ag.reshape(x, (math.prod(shape[:axis]), math.prod(shape[axis:])))


def _unsqueeze(o: Options, x: Any, axes: Any = None) -> Any:
    return ag.expand_dims(x, _axes(o, axes) or ())


def _squeeze(o: Options, x: Any, axes: Any = None) -> Any:
    return ag.squeeze(x, _axes(o, axes))


def _slice(o: Options, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None) -> Any:
    first, last = (_whole(v) if v is not None else o[n] for v, n in ((starts, "starts"), (ends, "ends")))
    over = _whole(axes) if axes is not None else o.get("axes", list(range(len(first))))
    by = _whole(steps) if steps is not None else [1] * len(first)
    index: list[Any] = [slice(None)] * np.ndim(x)
    for a, start, end, step in zip(over, first, last, by, strict=True):
        length = np.shape(x)[a]
        stop: int | None = end
        if step < 0 and end < -length:
            stop = None  # beyond the first element
        index[a] = slice(start, stop, step)
    return x[tuple(index)]


def _split(o: Options, x: Any, split: Any = None) -> tuple[Any, ...]:
    axis, count = o.get("axis", 0), o["outputs"]
    length = np.shape(x)[axis]
    each = math.ceil(length / count)
    sizes = (
        _whole(split) if split is not None else o.get("split") or [min(each, length - i * each) for i in range(count)]
    )
    ends = np.cumsum(sizes)[:-1].tolist()
    return tuple(ag.split(x, ends, axis))


def _gather(o: Options, x: Any, indices: Any) -> Any:
    return ag.take(x, values(indices), axis=o.get("axis", 0))


def _pad(o: Options, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    widths = _whole(pads) if pads is not None else o["pads"]
    half = len(widths) // 2
    over = _whole(axes) if axes is not None else list(range(half))
    each = [(0, 0)] * np.ndim(x)
    for a, before, after in zip(over, widths[:half], widths[half:], strict=True):
        each[a] = (before, after)
    mode = o.get("mode", "constant")
    if mode == "constant":
        return ag.pad(x, each, constant_values=float(values(value)) if value is not None else 0.0)
    return ag.pad(x, each, mode=mode)


def _expand(o: Options, x: Any, shape: Any) -> Any:
    return ag.broadcast_to(x, np.broadcast_shapes(np.shape(x), tuple(_whole(shape))))


def _shape(o: Options, x: Any) -> Any:
    return np.array(np.shape(x)[o.get("start", 0) : o.get("end")], np.int64)


def _constant(o: Options) -> Any:
    for name, dtype in (("value", None), ("value_float", np.float32), ("value_int", np.int64)):
        if name in o:
            return np.asarray(o[name], dtype)
    for name, dtype in (("value_floats", np.float32), ("value_ints", np.int64)):
        if name in o:
            return np.asarray(o[name], dtype)
    raise ag.OptionError(f"Constant: of {', '.join(o)} only numbers are read here")


def _constant_of_shape(o: Options, shape: Any) -> Any:
    value = np.asarray(o.get("value", np.zeros(1, np.float32)))
    return np.full(_whole(shape), value.ravel()[0], value.dtype)


def _cast(o: Options, x: Any) -> Any:
    return x.astype(tensor_dtype_to_np_dtype(o["to"]))


# --- products and activations -----------------------------------------------------------------------------------------


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
            "Div": ag.divide,
            "Equal": ag.equal,
            "Exp": ag.exp,
            "Floor": ag.floor,
            "Greater": ag.greater,
            "GreaterOrEqual": ag.greater_equal,
            "HardSwish": lambda x: functional.hardswish(x),
            "Identity": lambda x: x,
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
            "Tile": lambda x, reps: ag.tile(x, tuple(_whole(reps))),
            "Where": ag.where,
            "Xor": ag.logical_xor,
        }.items()
    },
    "ArgMax": _position(ag.argmax),
    "ArgMin": _position(ag.argmin),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda o, *x: ag.concatenate(x, axis=o["axis"]),
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "CumSum": lambda o, x, axis: ag.cumsum(x, axis=int(values(axis))),
    "Dropout": lambda o, x, *_: x,
    "Einsum": lambda o, *x: ag.einsum(o["equation"], *x),
    "Elu": lambda o, x: functional.elu(x, o.get("alpha", 1.0)),
    "Erf": lambda o, x: ag.special.erf(x),
    "Expand": _expand,
    "Flatten": _flatten,
    "GRU": gru,
    "Gather": _gather,
    "Gelu": _gelu,
    "Gemm": _gemm,
    "GlobalAveragePool": _over_space(ag.mean),
    "GlobalMaxPool": _over_space(ag.max),
    "HardSigmoid": lambda o, x: ag.clip(o.get("alpha", 0.2) * x + o.get("beta", 0.5), 0, 1),
    "InstanceNormalization": _instance_norm,
    "LSTM": lstm,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda o, x: functional.leaky_relu(x, o.get("alpha", 0.01)),
    "LogSoftmax": _along(ag.log_softmax),
    "Max": _chained(ag.maximum),
    "MaxPool": _max_pool,
    "Min": _chained(ag.minimum),
    "Pad": _pad,
    "RNN": rnn,
    "ReduceL1": _reduced(lambda x, axis, keepdims: ag.sum(ag.absolute(x), axis=axis, keepdims=keepdims)),
    "ReduceL2": _reduced(lambda x, axis, keepdims: ag.sqrt(ag.sum(ag.square(x), axis=axis, keepdims=keepdims))),
    "ReduceLogSumExp": _reduced(ag.logsumexp),
    "ReduceMax": _reduced(ag.max),
    "ReduceMean": _reduced(ag.mean),
    "ReduceMin": _reduced(ag.min),
    "ReduceProd": _reduced(ag.prod),
    "ReduceSum": _reduced(ag.sum),
    "ReduceSumSquare": _reduced(lambda x, axis, keepdims: ag.sum(ag.square(x), axis=axis, keepdims=keepdims)),
    "Reshape": _reshape,
    "Selu": lambda o, x: o.get("gamma", 1.0507009873554805) * functional.elu(x, o.get("alpha", 1.6732632423543772)),
    "Shape": _shape,
    "Slice": _slice,
    "Softmax": _along(ag.softmax),
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": lambda o, x: ag.transpose(x, o.get("perm")),
    "Unsqueeze": _unsqueeze,
}
"""By the operator's name: a function of its attributes and its inputs."""
