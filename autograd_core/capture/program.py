"""A captured computation: typed values, and the operations that make them from each other. Plain data.

Knows operations as records. Does not know how it was captured, nor how it is executed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from ..op import Op
from ..places import Place

__all__ = ["Argument", "Instruction", "Program", "Value", "values_in"]


class Value:
    """One array of a program: its number, shape and dtype.

    A constant also has its `array`, which is read when the program runs: it is the one the function computed with, not
    a copy.
    """

    __slots__ = ("array", "dtype", "number", "shape")

    def __init__(self, number: int, shape: tuple[int, ...], dtype: np.dtype[Any], array: Any = None) -> None:
        self.number, self.shape, self.dtype, self.array = number, shape, dtype, array

    @property
    def nbytes(self) -> int:
        """Bytes in all elements."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def type(self) -> str:
        """The type in words: "float32[10,30]"."""
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"

    def __repr__(self) -> str:
        return f"%{self.number}"


Argument: TypeAlias = Any  # a Value, a number, None, or a tuple of these

Kind = Literal["apply", "pull", "add", "read", "read_grad", "store", "store_grad", "perform"]


@dataclass(eq=False)
class Instruction:
    """One step of a program.

    kind          what is done:
      apply       an operation, on `inputs` in the order of its arrays (a sequence of arrays is one tuple)
      pull        the cotangent of argument number `position` of an operation; `inputs` are g and the residuals, by `names`
      add         the sum of two cotangents
      read, read_grad      the value, or the gradient, that `target` has now: a Tensor from outside the function
      store, store_grad    give `target` a value, or a gradient (None: none)
      perform     call `target` with the inputs, as `ag.perform` does
    options       the static options of the operation, by name; arrays in them are Values
    outputs       the values it makes
    avals         shapes and dtypes that a pull reads: of the arguments, by position
    """

    kind: Kind
    op: Op | None
    inputs: tuple[Argument, ...]
    outputs: tuple[Value, ...]
    options: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    position: int = 0
    avals: tuple[Any, ...] = ()
    target: Any = None
    path: str = ""
    place: Place | None = None

    @property
    def label(self) -> str:
        """What stands in the program's text: the operation, with the argument whose cotangent it is."""
        if self.kind == "apply":
            return self.op.name  # type: ignore[union-attr]
        if self.kind == "pull":
            op: Any = self.op
            name = f"{op.arrays[0]}[{self.position}]" if op.variadic else op.arrays[self.position]
            return f"{op.name}.vjp.{name}"
        if self.kind == "perform":
            return f"perform {getattr(self.target, '__qualname__', type(self.target).__name__)}"
        return self.kind

    @property
    def has_effect(self) -> bool:
        """Whether something besides the outputs comes of it."""
        return self.kind in ("store", "store_grad", "perform")


def values_in(tree: Any) -> Iterator[Value]:
    """The Values in an argument or an option."""
    if isinstance(tree, Value):
        yield tree
    elif isinstance(tree, tuple | list):
        for part in tree:
            yield from values_in(part)
    elif isinstance(tree, dict):
        for part in tree.values():
            yield from values_in(part)
    elif isinstance(tree, slice):
        yield from values_in((tree.start, tree.stop, tree.step))


class Program:
    """What a function computed when it was traced, as `ag.trace` returns it. `str()` is its text.

    inputs        the arrays that the function was called with, in order
    instructions  what is computed, in order
    outputs       the arrays it returned, in order; a number is itself
    """

    def __init__(
        self, name: str, inputs: Sequence[Value], instructions: Sequence[Instruction], outputs: Sequence[Any]
    ) -> None:
        self.name = name
        self.inputs, self.instructions, self.outputs = tuple(inputs), tuple(instructions), tuple(outputs)

    def __len__(self) -> int:
        return len(self.instructions)

    def constants(self) -> list[Value]:
        """The arrays that are neither inputs nor computed, in the order of their use."""
        made = {v for i in self.instructions for v in i.outputs} | set(self.inputs)
        found = {v: None for i in self.instructions for v in values_in((i.inputs, i.options)) if v not in made}
        found |= {v: None for v in values_in(self.outputs) if v not in made}
        return list(found)
