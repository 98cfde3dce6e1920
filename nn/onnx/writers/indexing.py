"""Elements picked by an index, by positions along an axis, and put into others.

Note [Picking by arrays]
NumPy's arrays in an index share one shape, which takes the place of their axes, or comes first where other axes lie
between them. Here these axes are brought together and made one; its positions are computed from the arrays', and one
Gather picks them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from ..graph import Graph, fixed
from ..program import Batch, Constant, Input, Operation, Ref
from .operands import Writer, arguments, axes_of, brought

__all__ = ["WRITERS"]

_Shape = tuple[int | Batch, ...]


def _getitem(graph: Graph, op: Operation) -> str:
    parts = _parts(op, len(op.shapes[0]))
    if any(np.dtype(bool) == graph.type_of(part) for part in parts if isinstance(part, Input | Ref)):
        raise ag.OptionError(f"export: {op.where} picks by a mask that is computed, so that shapes depend on values")
    x, shape = graph.name(op.arguments[0]), op.shapes[0]
    if not any(_is_array(part) for part in parts):
        cuts = _cuts(parts, op)
        x = graph.sliced(x, cuts)
        return x if all(isinstance(part, slice) for part in parts) else graph.reshape(x, op.shape)
    if None in [part for part in parts if not _is_array(part)]:
        shape = _with_new_axes(parts, shape)
        x, parts = graph.reshape(x, shape), [slice(None) if part is None else part for part in parts]
    slices = [part if isinstance(part, slice) else slice(None) for part in parts]
    cuts = _cuts(slices, op)
    x, shape = graph.sliced(x, cuts), _after(shape, cuts, op)
    return _picked(graph, op, x, shape, {axis: part for axis, part in enumerate(parts) if not isinstance(part, slice)})


def _is_array(part: Any) -> bool:
    return not (part is None or isinstance(part, slice | int))


def _parts(op: Operation, rank: int) -> list[Any]:
    """The index with a part for each axis, and None for new ones; arrays of truth values become positions."""
    index = op.options["index"]
    parts: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        value = part.value if isinstance(part, Constant) else part
        if isinstance(value, bool | np.bool_):
            raise ag.OptionError(f"export: {op.where} picks by a truth value, which is not written")
        if isinstance(value, Batch):
            fixed(value, f"an index of {op.where}")
        if isinstance(value, np.ndarray) and value.dtype == bool:
            parts += [Constant(places) for places in np.nonzero(value)]
        else:
            parts.append(part)
    named = sum(part is not None and part is not Ellipsis for part in parts)
    rest = [slice(None)] * (rank - named)
    place = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    return [*parts, *rest] if place is None else [*parts[:place], *rest, *parts[place + 1 :]]


def _cuts(parts: Sequence[Any], op: Operation) -> dict[int, slice]:
    """What is left of which axes, new ones not counted; a whole number leaves one element."""
    cuts, axis = {}, 0
    for part in parts:
        if part is None:
            continue
        if isinstance(part, int):
            cuts[axis] = slice(part, part + 1 if part != -1 else None)
        elif part != slice(None):
            start = None if part.start is None else fixed(part.start, f"the start of {op.where}")
            cuts[axis] = slice(start, _stop(part, op.shapes[0][axis], op), part.step)
        axis += 1
    return cuts


def _stop(part: slice, length: int | Batch, op: Operation) -> int | None:
    if not isinstance(part.stop, Batch):
        return part.stop
    if part.stop != length:
        raise ag.OptionError(f"export: {op.where} ends at a place that follows the number of samples")
    return None  # at the end


def _with_new_axes(parts: Sequence[Any], shape: _Shape) -> _Shape:
    lengths = iter(shape)
    return tuple(1 if part is None else next(lengths) for part in parts)


def _after(shape: _Shape, cuts: dict[int, slice], op: Operation) -> _Shape:
    """The shape of what is left."""
    found = list(shape)
    for axis, part in cuts.items():
        found[axis] = len(range(fixed(shape[axis], f"an axis that {op.where} cuts, beside picking by arrays,"))[part])
    return tuple(found)


def _picked(graph: Graph, op: Operation, x: str, shape: _Shape, places: dict[int, Any]) -> str:
    """See Note [Picking by arrays]."""
    axes = list(places)
    if len(axes) == 1:
        return graph.add("Gather", x, _position(graph, places[axes[0]]), axis=axes[0])
    if axes != list(range(axes[0], axes[-1] + 1)):
        order = [*axes, *(axis for axis in range(len(shape)) if axis not in places)]
        x, shape = graph.add("Transpose", x, perm=order), tuple(shape[axis] for axis in order)
        places = dict(enumerate(places.values()))
        axes = list(places)
    lengths = [fixed(shape[axis], f"an axis that {op.where} picks from by several arrays") for axis in axes]
    x = graph.reshape(x, (*shape[: axes[0]], int(np.prod(lengths)), *shape[axes[-1] + 1 :]))
    position = ""
    for place, length in zip(places.values(), lengths, strict=True):
        one = _position(graph, place, length)
        if position:
            one = graph.add("Add", graph.add("Mul", position, graph.constant(length, np.int64)), one)
        position = one
    return graph.add("Gather", x, position, axis=axes[0])


def _position(graph: Graph, part: Any, length: int | None = None) -> str:
    """Whole numbers; counted from the front where the length of their axis is given."""
    if isinstance(part, int | Constant):
        places = np.asarray(part.value if isinstance(part, Constant) else part, np.int64)
        return graph.constant(places if length is None else places % max(length, 1), np.int64)
    name = brought(graph, part, np.dtype(np.int64))
    return name if length is None else graph.add("Mod", name, graph.constant(length, np.int64))


def _take(graph: Graph, op: Operation) -> str:
    if op.options.get("mode", "raise") != "raise":
        raise ag.OptionError(f"export: {op.where} with mode={op.options['mode']!r} has no counterpart in ONNX")
    x, places = graph.name(op.arguments[0]), _position(graph, op.arguments[1])
    if op.options["axis"] is None:
        return graph.add("Gather", graph.add("Reshape", x, graph.constant([-1], np.int64)), places, axis=0)
    return graph.add("Gather", x, places, axis=axes_of(op)[0])


def _take_along_axis(graph: Graph, op: Operation) -> str:
    x, places = graph.name(op.arguments[0]), _position(graph, op.arguments[1])
    if op.options["axis"] is None:
        raise ag.OptionError(f"export: {op.where} over all axes at once has no counterpart in ONNX; give an axis")
    axis = axes_of(op)[0]
    if any(a != b for i, (a, b) in enumerate(zip(*op.shapes, strict=True)) if i != axis):
        raise ag.OptionError(f"export: {op.where} with axes that are broadcast has no counterpart in ONNX")
    return graph.add("GatherElements", x, places, axis=axis)


# --- putting elements in ----------------------------------------------------------------------------------------------


def _scatter_add(graph: Graph, op: Operation) -> str:
    """Into zeros, where the index is one of slices: a border of zeros."""
    return _bordered(graph, op, graph.name(op.arguments[0]), op.shapes[0])


def _bordered(graph: Graph, op: Operation, x: str, shape: _Shape) -> str:
    parts = _parts(op, len(op.shape))
    if any(part is None or _is_array(part) for part in parts):
        raise ag.OptionError(f"export: {op.where} at places given by arrays is not written; use masks and where")
    before, after, inner = [], [], []
    for part, length in zip(parts, op.shape, strict=True):
        if part == slice(None):
            start, stop, step = 0, 0, 1
        elif isinstance(length, Batch):
            start, stop, step = _in_samples(part, length, op)
        else:
            ends = slice(part, part + 1 or None) if isinstance(part, int) else part
            start, stop, step = ends.indices(length)
            stop = length - max(stop, start)
        if step != 1:
            raise ag.OptionError(f"export: {op.where} at every {step}. place is not written; use masks and where")
        inner.append(length if part == slice(None) or isinstance(length, Batch) else length - start - stop)
        before.append(start)
        after.append(stop)
    x = x if tuple(inner) == tuple(shape) else graph.reshape(x, inner)
    return graph.add("Pad", x, graph.constant([*before, *after], np.int64), mode="constant")


def _in_samples(part: Any, length: Batch, op: Operation) -> tuple[int, int, int]:
    if isinstance(part, slice) and part.start in (None, 0) and part.stop in (None, length) and part.step in (None, 1):
        return 0, 0, 1
    raise ag.OptionError(f"export: {op.where} at some of the samples is not written")


def _setitem(graph: Graph, op: Operation) -> str:
    """Chosen by a mask: what was there, or the new elements in a border of zeros."""
    x, value = arguments(graph, op)
    parts = _parts(op, len(op.shape))
    ours = [0 if isinstance(n, Batch) else n for n in op.shape]
    if any(isinstance(n, Batch) and p != slice(None) for n, p in zip(op.shape, parts, strict=False)):
        raise ag.OptionError(f"export: {op.where} at some of the samples is not written; use masks and where")
    if any(not isinstance(part, int | slice | Constant) for part in parts):
        raise ag.OptionError(f"export: {op.where} at places that are computed is not written; use masks and where")
    mask = np.zeros([n or 1 for n in ours], bool)
    index = tuple(part.value if isinstance(part, Constant) else part for part in parts)
    mask[index] = True
    if all(n == 1 for n in op.shapes[1]):
        value = graph.add("Reshape", value, graph.constant([1] * len(op.shape), np.int64))
    else:
        kept = [p for p in zip(op.shape, mask.shape, parts, strict=True) if not isinstance(p[2], int)]
        shape = tuple(n if isinstance(n, Batch) or part == slice(None) else len(range(m)[part]) for n, m, part in kept)
        value = _bordered(graph, op, graph.add("Expand", value, graph.lengths(shape)), shape)
    return graph.add("Where", graph.constant(mask), value, x)


WRITERS: dict[str, Writer] = {
    "getitem": _getitem,
    "scatter_add": _scatter_add,
    "setitem": _setitem,
    "take": _take,
    "take_along_axis": _take_along_axis,
}
"""By the name of the operation."""
