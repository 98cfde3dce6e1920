"""What is computed, written down: every operation that is recorded, with its arguments, constants among them.

A tool for tools, such as exporting to another format. Knows operations as records. Does not know what they mean.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .engine import Node, Variable
from .places import Place, place_of_user
from .watching import Watched, arguments_of, observed_by

__all__ = ["Step", "Tape", "taped"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Step:
    """One operation: its name, its arguments in order, its options, and the number of its result.

    An argument is the number of a value that is tracked, or else the constant array itself (None for one left out).
    `path` is the module that it was computed in, `place` the line that asked for it.
    """

    operation: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    result: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    path: str
    place: Place | None


class Tape:
    """What `taped` saw: `steps`, in the order in which they were recorded."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._numbers: dict[Node, int] = {}

    def number(self, value: Variable) -> int | None:
        """The number that a tracked value has as an argument or a result; None for a constant."""
        return None if value.node is None else self._number(value.node)

    def _number(self, node: Node) -> int:
        return self._numbers.setdefault(node, len(self._numbers))

    def _see(self, value: Watched, node: Node) -> None:
        op: Any = node.op
        if op is None:
            return
        held: Sequence[Any] = arguments_of(node)
        parents = [*node.parents, *(None for _ in held[len(node.parents) :])]
        arguments = tuple(
            array if parent is None else self._number(parent) for array, parent in zip(held, parents, strict=True)
        )
        options = dict(zip(op.statics, node.statics, strict=True))
        self.steps.append(
            Step(
                op.name,
                arguments,
                options,
                self._number(node),
                node.shape,
                node.dtype,
                node.context.path,
                place_of_user(),
            )
        )


@contextmanager
def taped() -> Iterator[Tape]:
    """Write down what is recorded inside, in this context; the tape holds the graph for as long as it lives.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.taped() as tape:
    ...     y = ag.sin(x) * 3.0
    >>> [(step.operation, step.arguments, step.result) for step in tape.steps]
    [('sin', (0,), 1), ('multiply', (1, 3.0), 2)]
    """
    tape = Tape()
    with observed_by(tape._see):
        yield tape
