"""Sums, means, norms and other reductions, and what standardizes or accumulates along axes."""

import numpy as np

import autograd_core as ag

from ..graph import Graph, fixed
from ..program import Operation
from .operands import Writer, axes_of, brought, number

__all__ = ["WRITERS"]


def _reduction(kind: str, as_input: bool = False) -> Writer:
    """One node; the axes are an input of ReduceSum and an attribute of the others."""

    def write(graph: Graph, op: Operation) -> str:
        _check(op)
        x = brought(graph, op.arguments[0], op.dtype)
        return _reduced(graph, kind, x, axes_of(op), _kept(op), as_input)

    return write


def _check(op: Operation) -> None:
    """Refuse what no reduction of ONNX has."""
    if any(not (argument is None or argument is True) for argument in op.arguments[1:]):
        raise ag.OptionError(f"export: {op.where} with where= has no counterpart in ONNX; multiply by the mask")
    if op.options.get("initial") is not None:
        raise ag.OptionError(f"export: {op.where} with initial= has no counterpart in ONNX; add it afterwards")


def _kept(op: Operation) -> int:
    return int(bool(op.options.get("keepdims")))


def _reduced(graph: Graph, kind: str, x: str, axes: list[int], keepdims: int = 1, as_input: bool = False) -> str:
    if not axes:  # ONNX would take them all
        return x
    if as_input:
        return graph.add(kind, x, graph.constant(axes, np.int64), keepdims=keepdims)
    return graph.add(kind, x, axes=axes, keepdims=keepdims)


def _truth(kind: str) -> Writer:
    """Whether any or all are true: the largest and the smallest of 0 and 1."""

    def write(graph: Graph, op: Operation) -> str:
        _check(op)
        ones = graph.cast(brought(graph, op.arguments[0], np.dtype(bool)), np.int32)
        return graph.cast(_reduced(graph, kind, ones, axes_of(op), _kept(op)), bool)

    return write


def _argument_of(kind: str) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        axis, keepdims = op.options["axis"], _kept(op)
        x = graph.name(op.arguments[0])
        if axis is None:
            x, axis = graph.add("Reshape", x, graph.constant([-1], np.int64)), 0
            found = graph.add(kind, x, axis=0, keepdims=0)
            return graph.reshape(found, op.shape)
        return graph.add(kind, x, axis=axis % max(len(op.shapes[0]), 1), keepdims=keepdims)

    return write


def _variance(graph: Graph, op: Operation) -> str:
    _check(op)
    x, axes = brought(graph, op.arguments[0], op.dtype), axes_of(op)
    apart = graph.add("Sub", x, _reduced(graph, "ReduceMean", x, axes))
    squares = graph.add("Mul", apart, apart)
    ddof = op.options.get("ddof", 0)
    if not ddof:
        return _reduced(graph, "ReduceMean", squares, axes, _kept(op))
    count = np.prod([fixed(op.shapes[0][a], f"what {op.where} averages over") for a in axes])
    total = _reduced(graph, "ReduceSum", squares, axes, _kept(op), as_input=True)
    return graph.add("Div", total, number(graph, op, count - ddof))


def _deviation(graph: Graph, op: Operation) -> str:
    return graph.add("Sqrt", _variance(graph, op))


def _standardize(graph: Graph, op: Operation) -> str:
    x, axes = graph.name(op.arguments[0]), axes_of(op)
    apart = graph.add("Sub", x, _reduced(graph, "ReduceMean", x, axes))
    variance = _reduced(graph, "ReduceMean", graph.add("Mul", apart, apart), axes)
    scale = graph.add("Sqrt", graph.add("Add", variance, number(graph, op, op.options["eps"])))
    return graph.add("Div", apart, scale)


def _standardize_affine(graph: Graph, op: Operation) -> str:
    out, (_, weight, bias) = _standardize(graph, op), op.arguments
    if weight is not None:
        out = graph.add("Mul", out, brought(graph, weight, op.dtype))
    return out if bias is None else graph.add("Add", out, brought(graph, bias, op.dtype))


def _norm(graph: Graph, op: Operation) -> str:
    """Of order 1, 2 or infinity as one node; of another order p, ``(sum |x|^p)^(1/p)``."""
    order, axes, kept = op.options.get("ord"), axes_of(op), _kept(op)
    x = brought(graph, op.arguments[0], op.dtype)
    if order in (None, 1, 2) and axes:
        return _reduced(graph, "ReduceL1" if order == 1 else "ReduceL2", x, axes, kept)
    if order == 0:
        raise ag.OptionError(f"export: {op.where} of order 0 has no counterpart in ONNX; count what is not 0")
    x = graph.add("Abs", x)
    if order is None or not axes:
        return x
    if abs(order) == np.inf:
        return _reduced(graph, "ReduceMax" if order > 0 else "ReduceMin", x, axes, kept)
    powers = graph.add("Pow", x, number(graph, op, order))
    return graph.add("Pow", _reduced(graph, "ReduceSum", powers, axes, kept, True), number(graph, op, 1 / order))


def _along(kind: str) -> Writer:
    """Operations along one axis that keep the shape."""

    def write(graph: Graph, op: Operation) -> str:
        axes = axes_of(op)
        if len(axes) != 1:
            raise ag.OptionError(
                f"export: {op.where} over several axes has no counterpart in ONNX; reshape them to one"
            )
        return graph.add(kind, graph.name(op.arguments[0]), axis=axes[0])

    return write


def _cumsum(graph: Graph, op: Operation) -> str:
    if op.options["axis"] is None and len(op.shapes[0]) != 1:
        raise ag.OptionError(f"export: {op.where} over all axes at once has no counterpart in ONNX; give an axis")
    return graph.add("CumSum", brought(graph, op.arguments[0], op.dtype), graph.constant(axes_of(op)[0], np.int64))


def _sort(graph: Graph, op: Operation) -> str:
    """As many of the smallest as there are."""
    if op.options["axis"] is None:
        raise ag.OptionError(f"export: {op.where} of all elements at once is not written; reshape to one axis before")
    x = graph.name(op.arguments[0])
    axis = axes_of(op)[0]
    length = graph.add("Shape", x, start=axis, end=axis + 1)
    return graph.add("TopK", x, length, outputs=2, axis=axis, largest=0)[op.name == "argsort"]


WRITERS: dict[str, Writer] = {
    "all": _truth("ReduceMin"),
    "any": _truth("ReduceMax"),
    "argmax": _argument_of("ArgMax"),
    "argmin": _argument_of("ArgMin"),
    "argsort": _sort,
    "cumsum": _cumsum,
    "linalg.vector_norm": _norm,
    "log_softmax": _along("LogSoftmax"),
    "logsumexp": _reduction("ReduceLogSumExp"),
    "max": _reduction("ReduceMax"),
    "mean": _reduction("ReduceMean"),
    "min": _reduction("ReduceMin"),
    "prod": _reduction("ReduceProd"),
    "softmax": _along("Softmax"),
    "sort": _sort,
    "standardize": _standardize,
    "standardize_affine": _standardize_affine,
    "std": _deviation,
    "sum": _reduction("ReduceSum", as_input=True),
    "var": _variance,
}
"""By the name of the operation."""
