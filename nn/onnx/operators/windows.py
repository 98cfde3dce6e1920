"""Convolutions and pools, and the normalizations of images."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag

from ... import functional
from .attributes import Operator, Options

__all__ = ["OPERATORS"]


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


def _group_norm(o: Options, x: Any, scale: Any, bias: Any) -> Any:
    if np.shape(scale) != np.shape(x)[1:2]:
        raise ag.OptionError("GroupNormalization: only one scale for each channel is read here, as since version 21")
    return functional.group_norm(x, o["num_groups"], scale, bias, o.get("epsilon", 1e-5))


def _local_response_norm(o: Options, x: Any) -> Any:
    if o["size"] % 2 == 0:
        raise ag.OptionError("LRN: only windows of an odd size are read here")
    alpha, beta = o.get("alpha", 1e-4), o.get("beta", 0.75)
    return functional.local_response_norm(x, o["size"], alpha, beta, o.get("bias", 1.0))


OPERATORS: dict[str, Operator] = {
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "GlobalAveragePool": _over_space(ag.mean),
    "GlobalMaxPool": _over_space(ag.max),
    "GroupNormalization": _group_norm,
    "InstanceNormalization": _instance_norm,
    "LRN": _local_response_norm,
    "LayerNormalization": _layer_norm,
    "MaxPool": _max_pool,
}
"""By the operator's name."""
