"""What is computed, written down: every operation on tracked values, with its arguments, constants among them.

A tool for tools, such as exporting to another format. Knows operations as records. Does not know what they mean.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .engine import CONTEXT, Cut, Node, Variable
from .places import Place, place_of_user
from .watching import Watched, arguments_of, call_of_constant, observed_by, options_as_given

__all__ = ["Step", "Tape", "taped"]


class Ref(int):
    """The number of a value that is tracked, or was computed from one.

    >>> Ref(3)
    %3
    """

    def __repr__(self) -> str:
        return f"%{int(self)}"


@dataclass(frozen=True, eq=False)
class Step:
    """One operation: its name, its arguments in order, its options, and the number of its result.

    An argument is the Ref of a value, or else the constant itself, an array or a number (None for one left out); so is
    an array in an option, such as the positions of an index. `path` is the module that it was computed in, `place` the
    line that asked for it.
    """

    operation: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    result: Ref
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    path: str
    place: Place | None


class Tape:
    """What `taped` saw: `steps`, in the order in which they were computed."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._numbers: dict[Node, Ref] = {}
        self._arrays: dict[int, tuple[Any, Ref]] = {}  # by id; an array that is held keeps its id
        self._count = 0
        self._paused = False

    def follow(self, constant: Variable) -> Ref:
        """The number of a constant, such as an array of integers, that what is computed from is to be written down."""
        constant.lost = Cut("an input", "", None)
        return self._keep(constant._array, self._new())

    def number(self, value: Variable) -> Ref | None:
        """The number that a value has as an argument or a result; None for any other constant."""
        if value.node is not None:
            return self._of_node(value.node, value._array)
        return self._known(value._array)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Write nothing down of what is computed inside."""
        before, self._paused = self._paused, True
        try:
            yield
        finally:
            self._paused = before

    @staticmethod
    def refers(argument: Any) -> bool:
        """Whether an argument of a step is the number of a value, and not a number itself."""
        return isinstance(argument, Ref)

    def _new(self) -> Ref:
        self._count += 1
        return Ref(self._count - 1)

    def _keep(self, array: Any, number: Ref) -> Ref:
        self._arrays[id(array)] = array, number
        return number

    def _known(self, array: Any) -> Ref | None:
        found = self._arrays.get(id(array))
        return None if found is None else found[1]

    def _of_node(self, node: Node, array: Any) -> Ref:
        if node not in self._numbers:
            self._numbers[node] = self._keep(array, self._new())
        return self._numbers[node]

    def _argument(self, array: Any, parent: Node | None) -> Any:
        if parent is not None:
            return self._of_node(parent, array)
        number = self._known(array)
        return array if number is None else number

    def _option(self, value: Any, given: Any) -> Any:
        """An option, with numbers in the place of the arrays in it that are known as they were given."""
        if isinstance(value, tuple) and isinstance(given, tuple) and len(value) == len(given):
            return tuple(self._option(*pair) for pair in zip(value, given, strict=True))
        number = None
        if isinstance(given, Variable):
            number = self.number(given)
        elif isinstance(given, np.ndarray):
            number = self._known(given)
        return value if number is None else number

    def _see(self, value: Watched, node: Node) -> None:
        op: Any = node.op
        if node in self._numbers:  # known already: `x += y` gives x the node of x + y
            self._keep(value._array, self._numbers[node])
        elif op is not None and not self._paused:
            held = arguments_of(node)
            parents = [*node.parents, *(None for _ in held[len(node.parents) :])]
            self._write(op, held, parents, node.statics, value, self._of_node, node.context.path)

    def _see_constant(self, value: Watched) -> None:
        if self._paused:
            return
        called, why = call_of_constant(), value.lost
        if called is not None:
            op, held, given, statics = called
            parents = [v.node if isinstance(v, Variable) else None for v in given]
            new = lambda _, array: self._keep(array, self._new())
            self._write(op, held, parents, statics, value, new, CONTEXT.get().path)
        elif isinstance(why, Cut) and why.node is not None and (node := why.node()) is not None:
            self._keep(value._array, self._of_node(node, value._array))  # the same value, detached

    def _write(
        self,
        op: Any,
        held: Sequence[Any],
        parents: Sequence[Any],
        statics: Sequence[Any],
        value: Watched,
        number: Any,
        path: str,
    ) -> None:
        arguments = tuple(self._argument(*pair) for pair in zip(held, parents, strict=True))
        array = value._array
        result = number(value.node, array)
        given = options_as_given(op) if any(map(_holds_arrays, statics)) else {}
        options = {n: self._option(value, given.get(n, value)) for n, value in zip(op.statics, statics, strict=True)}
        shape, dtype = np.shape(array), array.dtype
        self.steps.append(Step(op.name, arguments, options, result, shape, dtype, path, place_of_user()))


def _holds_arrays(option: Any) -> bool:
    return isinstance(option, np.ndarray) or (isinstance(option, tuple) and any(map(_holds_arrays, option)))


@contextmanager
def taped() -> Iterator[Tape]:
    """Write down what is computed inside from tracked values, in this context; the tape holds every value of it.

    What is a constant because an operation has no derivative, or because recording is off, is written down as well.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.taped() as tape:
    ...     y = ag.sin(x) * (x > 1.5)
    >>> [(step.operation, step.arguments[0], step.result) for step in tape.steps]
    [('sin', %0, %1), ('greater', %0, %2), ('multiply', %1, %3)]
    >>> tape.steps[2].arguments
    (%1, %2)
    """
    tape = Tape()
    with observed_by(tape._see, tape._see_constant):
        yield tape
