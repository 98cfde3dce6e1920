"""The arguments of an operation, brought to the type that NumPy would compute in: ONNX mixes none."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Graph
from ..program import Constant, Operation

__all__ = ["Writer", "arguments", "axes_of", "brought", "in_common_type", "number"]

Writer = Callable[[Graph, Operation], str]


def arguments(graph: Graph, op: Operation) -> list[str]:
    """The names of all arguments, brought to the type of the result, as NumPy does; "" for one left out."""
    return [brought(graph, argument, op.dtype) if argument is not None else "" for argument in op.arguments]


def in_common_type(graph: Graph, op: Operation) -> list[str]:
    """The names of all arguments, brought to their own common type, where the result is of another one."""
    known = [graph.type_of(argument) for argument in op.arguments]
    arrays = [dtype for dtype in known if dtype is not None]
    weak = [a for a, dtype in zip(op.arguments, known, strict=True) if dtype is None]
    scalars = [a.value.item() if isinstance(a, Constant) else a for a in weak if isinstance(a, Constant | int | float)]
    common = np.result_type(*arrays, *scalars)
    return [brought(graph, argument, common) for argument in op.arguments]


def brought(graph: Graph, argument: Any, dtype: Any) -> str:
    """An argument in a type."""
    if isinstance(argument, Constant):
        return graph.constant(argument.value, dtype)
    name, known = graph.name(argument, dtype), graph.type_of(argument)
    return name if known is None or known == dtype else graph.cast(name, dtype)


def number(graph: Graph, op: Operation, value: float) -> str:
    """A number in the type of the result."""
    return graph.constant(value, op.dtype)


def axes_of(op: Operation) -> list[int]:
    """The axes that an operation goes over, counted from the front."""
    axis, rank = op.options.get("axis"), len(op.shapes[0])
    axes = range(rank) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return [int(a) % rank for a in axes] if rank else []
