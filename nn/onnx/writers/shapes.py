"""Arrays laid out anew: reshaped, with their axes in another order, joined, repeated, padded."""

from typing import Any

import numpy as np

import autograd_core as ag

from ..graph import Graph, fixed
from ..program import Operation
from .operands import Writer, arguments, axes_of

__all__ = ["WRITERS"]


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
    if 0 in op.shape:  # runtimes disagree on what Expand makes of no elements
        return graph.zeros(op.shape, op.dtype)
    return graph.add("Expand", graph.name(op.arguments[0]), graph.lengths(op.shape))


def _concatenate(graph: Graph, op: Operation) -> str:
    names = arguments(graph, op)
    if op.options["axis"] is None:
        parts = [graph.add("Reshape", name, graph.constant([-1], np.int64)) for name in names]
        return graph.add("Concat", *parts, axis=0)
    axis = axes_of(op)[0]
    filled = [name for name, shape in zip(names, op.shapes, strict=True) if shape[axis] != 0]
    return graph.add("Concat", *(filled or names[:1]), axis=axis)


def _stack(graph: Graph, op: Operation) -> str:
    axis = op.options["axis"] % len(op.shape)
    place = graph.constant([axis], np.int64)
    return graph.add("Concat", *(graph.add("Unsqueeze", x, place) for x in arguments(graph, op)), axis=axis)


def _tile(graph: Graph, op: Operation) -> str:
    reps = op.options["reps"]
    reps = list(reps) if isinstance(reps, tuple | list) else [reps]
    rank = len(op.shape)
    x = graph.reshape(graph.name(op.arguments[0]), (*[1] * (rank - len(op.shapes[0])), *op.shapes[0]))
    return graph.add("Tile", x, graph.constant([*[1] * (rank - len(reps)), *map(int, reps)], np.int64))


def _flip(graph: Graph, op: Operation) -> str:
    axes = axes_of(op)
    n = len(axes)
    ends = (np.full(n, -1), np.full(n, np.iinfo(np.int64).min), np.array(axes), np.full(n, -1))
    return graph.add("Slice", graph.name(op.arguments[0]), *(graph.constant(e, np.int64) for e in ends))


def _repeat(graph: Graph, op: Operation) -> str:
    """Each element in its place: along an axis of its own, or by the number of each element."""
    repeats, axis = op.options["repeats"], op.options["axis"]
    x, shape = graph.name(op.arguments[0]), op.shapes[0]
    if axis is None:
        lengths = [fixed(n, f"what {op.where} flattens") for n in shape]
        x, shape, axis = graph.reshape(x, (int(np.prod(lengths)),)), (int(np.prod(lengths)),), 0
    axis %= len(shape)
    times = getattr(repeats, "value", repeats)
    if np.size(times) != 1:
        places = np.repeat(np.arange(fixed(shape[axis], f"an axis of {op.where}")), times)
        return graph.add("Gather", x, graph.constant(places, np.int64), axis=axis)
    apart = graph.add("Unsqueeze", x, graph.constant([axis + 1], np.int64))
    counts = np.ones(len(shape) + 1, np.int64)
    counts[axis + 1] = int(np.ravel(times)[0])
    return graph.reshape(graph.add("Tile", apart, graph.constant(counts)), op.shape)


def _roll(graph: Graph, op: Operation) -> str:
    """What goes out at one end comes in at the other."""
    shift, axis = op.options["shift"], op.options["axis"]
    x = graph.name(op.arguments[0])
    if axis is None:
        raise ag.OptionError(f"export: {op.where} over all axes at once is not written; give an axis")
    axes = _many(axis, len(op.shape))
    for by, along in zip(np.broadcast_to(shift, len(axes)).tolist(), axes, strict=True):
        if by:
            tail = graph.sliced(x, {along: slice(-by, None)})
            x = graph.add("Concat", tail, graph.sliced(x, {along: slice(None, -by)}), axis=along)
    return x


def _triangle(upper: int) -> Writer:
    def write(graph: Graph, op: Operation) -> str:
        diagonal = graph.constant(int(op.options.get("k", 0)), np.int64)
        return graph.add("Trilu", graph.name(op.arguments[0]), diagonal, upper=upper)

    return write


WRITERS: dict[str, Writer] = {
    "broadcast_to": _broadcast_to,
    "concatenate": _concatenate,
    "expand_dims": _reshape,
    "flip": _flip,
    "moveaxis": _moveaxis,
    "repeat": _repeat,
    "reshape": _reshape,
    "roll": _roll,
    "squeeze": _reshape,
    "stack": _stack,
    "swapaxes": _swapaxes,
    "tile": _tile,
    "transpose": _transpose,
    "tril": _triangle(0),
    "triu": _triangle(1),
}
"""By the name of the operation."""
