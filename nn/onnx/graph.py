"""An ONNX graph that is being written: nodes, constants and names.

Knows the format. Does not know which operation of ours becomes which of its nodes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from .door import from_array, make_node, np_dtype_to_tensor_dtype
from .program import Batch, Constant, Count, Input, Parameter, Ref, Uniform

__all__ = ["Graph"]


class Graph:
    """Nodes in order, the arrays that come along (`initializers`), and what the values of a program are called."""

    def __init__(self, inputs: Sequence[str], outputs: Sequence[str], state: dict[str, NDArray[Any]]) -> None:
        self.inputs, self.state = list(inputs), state
        self._taken = {*inputs, *outputs, *state}  # names that are not for others
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.names: dict[Ref, str] = {}
        self.types: dict[Any, np.dtype[Any]] = {}  # of inputs and results
        self._shared: dict[Any, str] = {}
        self._numbers = 0

    def add(self, kind: str, *inputs: str, outputs: int = 1, hint: str = "", **attributes: Any) -> Any:
        """Add a node; the name of its output, or the names if there are several. An input "" is left out."""
        stem = self._new(hint or kind.lower())
        names = [stem] if outputs == 1 else [f"{stem}_{i}" for i in range(outputs)]
        self.nodes.append(make_node(kind, list(inputs), names, name=stem, **attributes))
        return names[0] if outputs == 1 else names

    def _new(self, stem: str) -> str:
        """A name that nothing has: the stem and a number."""
        self._numbers += 1
        while f"{stem}_{self._numbers}" in self._taken:
            self._numbers += 1
        return f"{stem}_{self._numbers}"

    def once(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """As `add`, but a node that is there already is used again."""
        key = (kind, inputs, repr(attributes))
        if key not in self._shared:
            self._shared[key] = self.add(kind, *inputs, **attributes)
        return self._shared[key]

    def constant(self, value: Any, dtype: Any = None) -> str:
        """The name of an array that comes along; equal ones are there once."""
        array = np.asarray(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._shared:
            name = self._new("constant")
            self.initializers[name] = from_array(np.ascontiguousarray(array).reshape(array.shape), name)
            self._shared[key] = name
        return self._shared[key]

    def parameter(self, name: str) -> str:
        """The name of a parameter or buffer, which is its own."""
        if name not in self.initializers:
            array = self.state[name]
            self.initializers[name] = from_array(np.array(array, order="C"), name)
        return name

    def name(self, argument: Any, dtype: Any = None) -> str:
        """What an argument of a step is called; numbers and arrays come along in the given type."""
        if argument is None:
            return ""
        if isinstance(argument, Ref):
            return self.names[argument]
        if isinstance(argument, Input):
            return self.inputs[argument.position]
        if isinstance(argument, Parameter):
            return self.parameter(argument.name)
        if isinstance(argument, Uniform):
            return self.add("Expand", self.constant(argument.value, dtype), self.lengths(argument.shape))
        if isinstance(argument, Count):
            count = self.once("Squeeze", self._batch(argument.factor), self.constant([0], np.int64))
            return self.cast(count, np.dtype(dtype or np.int64))
        value = np.asarray(argument.value if isinstance(argument, Constant) else argument)
        weak = value.ndim == 0 or (dtype is not None and value.dtype.kind == np.dtype(dtype).kind)
        return self.constant(value, dtype if weak else None)

    def type_of(self, argument: Any) -> Any:
        """The type of an argument; None for a number, which takes the type of what it meets."""
        if isinstance(argument, Parameter):
            return self.state[argument.name].dtype
        if isinstance(argument, Constant | Uniform):
            return argument.value.dtype if np.ndim(argument.value) else None
        return self.types.get(argument)

    def lengths(self, shape: Sequence[int | Batch]) -> str:
        """The name of a vector of lengths, some of which follow the batch."""
        if not any(isinstance(n, Batch) for n in shape):
            return self.constant(np.array(shape, np.int64))
        parts = [
            self._batch(n.factor) if isinstance(n, Batch) else self.constant(np.array([n], np.int64)) for n in shape
        ]
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=0, hint="lengths")

    def _batch(self, factor: int) -> str:
        """The name of the number of samples times a factor, read from the first input."""
        shape = self.once("Shape", self.inputs[0], start=0, end=1)
        return shape if factor == 1 else self.once("Mul", shape, self.constant(np.array([factor], np.int64)))

    def reshape(self, x: str, shape: Sequence[int | Batch]) -> str:
        """The same elements in another shape."""
        if sum(isinstance(n, Batch) for n in shape) == 1 and 0 not in shape:
            return self.add("Reshape", x, self.constant([-1 if isinstance(n, Batch) else n for n in shape], np.int64))
        return self.add("Reshape", x, self.lengths(shape), allowzero=1)

    def zeros(self, shape: Sequence[int | Batch], dtype: Any) -> str:
        """Zeros in a shape."""
        return self.add("ConstantOfShape", self.lengths(shape), value=from_array(np.zeros(1, dtype)))

    def sliced(self, x: str, along: dict[int, slice]) -> str:
        """A part of x: from, to and by how much, along some of its axes."""
        if not along:
            return x
        whole = np.iinfo(np.int64)
        steps = [part.step or 1 for part in along.values()]
        starts = [
            part.start if part.start is not None else 0 if step > 0 else -1
            for part, step in zip(along.values(), steps, strict=True)
        ]
        stops = [
            part.stop if part.stop is not None else whole.max if step > 0 else whole.min
            for part, step in zip(along.values(), steps, strict=True)
        ]
        ends = (starts, stops, list(along), steps)
        return self.add("Slice", x, *(self.constant(np.array(end, np.int64)) for end in ends))

    def cast(self, x: str, dtype: Any) -> str:
        """The same numbers in another type."""
        return self.add("Cast", x, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))


def fixed(length: int | Batch, who: str) -> int:
    """A length that must not follow the batch."""
    if isinstance(length, Batch):
        raise ag.OptionError(f"export: {who} follows the number of samples, which ONNX has no attribute for")
    return length
