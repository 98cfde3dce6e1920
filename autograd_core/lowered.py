"""A captured computation as NumPy would run it: steps on strided pieces of memory. Plain data.

Knows buffers, shapes and NumPy's names. Does not know operations, gradients, or how a step is executed.

Every array is a `Piece` of a `Buffer`: what NumPy calls a view (reshape, transpose, basic indexing, broadcasting) costs
no step, because it is the same buffer with another offset, shape and strides. All of them are known when the plan is
made; only the addresses of inputs are new in each replay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

__all__ = ["Buffer", "Elementwise", "Fetch", "Host", "Number", "Operand", "Piece", "Product", "Reduce", "Step"]


@dataclass(eq=False)
class Buffer:
    """Memory that one value lies in, dense, `nbytes` long.

    An input is the caller's (or a parameter's) and may be written only where a step says so; a constant is never
    written; an output is handed out after a replay, so that each replay needs a new one; a temporary lives in the
    plan's own memory, from the first step that writes it to the last that reads it; a host buffer is an array that a
    Python function returned. What is no array at all, and goes from one such function to another, is an object.
    """

    number: int
    nbytes: int
    kind: Literal["input", "constant", "temporary", "host", "output", "object"]
    array: np.ndarray[Any, Any] | None = None  # of a constant

    def __repr__(self) -> str:
        return f"{self.kind[0]}{self.number}"


@dataclass(frozen=True, slots=True)
class Piece:
    """An array in a buffer: `offset` and `strides` are in bytes; a stride of 0 repeats what lies there."""

    buffer: Buffer
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class Number:
    """A number that takes part in a step, in the type that the step computes in."""

    value: Any
    dtype: np.dtype[Any]


Operand: TypeAlias = Piece | Number


@dataclass(eq=False)
class Elementwise:
    """A ufunc by NumPy's name, or "where" or "copy", element by element: operands broadcast to the shape of `out`.

    `loop` are the types that the ufunc computes in (operands, then result): operands of other types are converted
    first, as NumPy does, and the result is converted to that of `out`. "copy" converts its operand to `out`'s type.
    `out` may be the same piece as an operand, but never overlaps one otherwise. `quiet` are the kinds of floating-point
    errors that the code ignores here, under np.errstate.
    """

    name: str
    operands: tuple[Operand, ...]
    out: Piece
    loop: tuple[np.dtype[Any], ...]
    quiet: frozenset[str] = frozenset()


@dataclass(eq=False)
class Reduce:
    """``name.reduce`` of an operand over `axes` ("add", "multiply", "maximum", "minimum", "logical_or" ...).

    `out` has the operand's shape without those axes.
    """

    name: str
    operand: Piece
    axes: tuple[int, ...]
    out: Piece
    quiet: frozenset[str] = frozenset()


@dataclass(eq=False)
class Product:
    """A matrix product ``out = scale * rate * (a @ b) + keep * out``, with stacks as np.matmul has them.

    Then `bias` is added to its rows, then what is below zero becomes zero with `relu`, then it is multiplied by 1 where
    `gate` is above zero, and by 0 elsewhere. Eagerly none of that is there: it comes from folding what follows into the
    product. `function` is the NumPy function that eager code calls ("dot" or "matmul"), for the same bits.
    """

    a: Piece
    b: Piece
    out: Piece
    function: Literal["dot", "matmul"] = "matmul"
    scale: float = 1.0
    keep: float = 0.0
    rate: Piece | None = None  # one number
    bias: Piece | None = None
    relu: bool = False
    gate: Piece | None = None
    quiet: frozenset[str] = frozenset()

    @property
    def operands(self) -> tuple[Piece, ...]:
        """All that is read."""
        given = (self.a, self.b, self.out if self.keep else None, self.rate, self.bias, self.gate)
        return tuple([x for x in given if x is not None])


@dataclass(eq=False)
class Host:
    """Anything else: a Python function of arrays and `arguments` that are not, which returns new arrays.

    `inputs` become arrays; `call` gets them in order; what it returns (one array, or a tuple) is bound to `outputs`,
    and copied there where the memory lies otherwise. `effect` says that it is called for what it does as well; `taken`
    are inputs that it keeps, so that their memory is not used again.
    """

    call: Callable[..., Any]
    inputs: tuple[Operand, ...]
    outputs: tuple[Piece, ...]
    label: str = ""
    effect: bool = False
    taken: Sequence[Piece] = field(default_factory=tuple)


@dataclass(eq=False)
class Fetch:
    """Reading an array from outside while the plan runs: `fetch` returns it, laid out as `out` says."""

    fetch: Callable[[], Any]
    out: Piece


Step: TypeAlias = Elementwise | Reduce | Product | Host | Fetch
