"""Products, convolutions and pools: what sums over more than one axis at a time."""

import math
from collections.abc import Sequence
from typing import Any

import autograd_core as ag

from ..graph import Graph
from ..program import Batch, Operation
from .operands import Writer, arguments, number

__all__ = ["WRITERS"]


def _linear(graph: Graph, op: Operation) -> str:
    x, weight, bias = arguments(graph, op)
    if len(op.shapes[0]) == 2:
        return graph.add("Gemm", x, weight, *([bias] if bias else []), transB=1)
    product = graph.add("MatMul", x, graph.once("Transpose", weight, perm=[1, 0]))
    return graph.add("Add", product, bias) if bias else product


def _einsum(graph: Graph, op: Operation) -> str:
    return graph.add("Einsum", *arguments(graph, op), equation=op.options["subscripts"].replace(" ", ""))


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
        x, weight, bias = arguments(graph, op)
        kernel = list(op.shapes[1][2:])
        attributes = _windows(op, axes) | {"kernel_shape": kernel, "group": op.options["groups"]}
        return graph.add("Conv", x, weight, *([bias] if bias else []), **attributes)

    return write


def _conv_transposed(axes: int) -> Writer:
    """The gradient of a convolution by its input, which is the transposed convolution."""

    def write(graph: Graph, op: Operation) -> str:
        _no_flipping(op)
        y, weight = arguments(graph, op)
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
        kernel = _each(options["kernel_size"], axes)
        stride = kernel if options["stride"] is None else _each(options["stride"], axes)
        padding, dilation = _each(options["padding"], axes), _each(options.get("dilation", 1), axes)
        partial = _partial_windows(op, kernel, stride, padding, dilation)
        attributes: dict[str, Any] = {
            "kernel_shape": kernel,
            "strides": stride,
            "pads": [*padding, *padding],
            "ceil_mode": int(partial),
        }
        divisor = options.get("divisor_override")
        if kind == "AveragePool":
            attributes["count_include_pad"] = int(divisor is not None or options.get("count_include_pad", True))
        elif "dilation" in options:
            attributes["dilations"] = dilation
        if divisor is not None and partial:
            raise ag.OptionError(f"export: {op.where} with divisor_override and ceil_mode has no counterpart in ONNX")
        out = graph.add(kind, graph.name(op.arguments[0]), **attributes)
        return out if divisor is None else graph.add("Mul", out, number(graph, op, math.prod(kernel) / divisor))

    return write


def _partial_windows(
    op: Operation, kernel: list[int], stride: list[int], padding: list[int], dilation: list[int]
) -> bool:
    """Whether windows at the end reach beyond the padding, in all axes as ONNX's ceil_mode has it.

    A window that would begin in the padding at the end is none here, as in PyTorch; ONNX counts it.
    """
    ways = set()
    for n, wanted, k, s, p, d in zip(
        op.shapes[0][-len(kernel) :], op.shape[-len(kernel) :], kernel, stride, padding, dilation, strict=True
    ):
        if isinstance(n, Batch) or isinstance(wanted, Batch):
            raise ag.OptionError(f"export: {op.where} pools over the axis of samples, whose length is not fixed")
        rest = n + 2 * p - d * (k - 1) - 1
        whole, rounded_up = rest // s + 1, -(-rest // s) + 1
        if whole != rounded_up:
            ways.add(wanted == rounded_up)
    if len(ways) > 1:
        raise ag.OptionError(f"export: {op.where} with these windows under ceil_mode has no counterpart in ONNX")
    return True in ways


WRITERS: dict[str, Writer] = {
    "einsum": _einsum,
    "linear": _linear,
    **{f"conv{n}d": _conv(n) for n in (1, 2, 3)},
    **{f"conv{n}d_input": _conv_transposed(n) for n in (1, 2, 3)},
    **{f"max_pool{n}d": _pool("MaxPool", n) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _pool("AveragePool", n) for n in (1, 2, 3)},
}
"""By the name of the operation."""
