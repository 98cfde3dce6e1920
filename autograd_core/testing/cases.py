"""Calls of a registered operation: its examples, with arrays of numbers from its domain in the place of shapes.

Knows records and domains. Checks nothing, and knows nothing of Hypothesis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from ..errors import OptionError
from ..examples import Domain, Example
from ..op import Op
from .domains import DEFAULT_DOMAIN, Array, First, Pick, pick_array

__all__ = ["NUMBER", "Case", "First", "PythonNumber", "domain_of", "draw_case", "examples_of", "record_of"]


class PythonNumber:
    """Stands in an example for an argument that is to be drawn as a plain Python float."""

    def __repr__(self) -> str:
        return "<Python number>"


NUMBER = PythonNumber()

_ONE: list[tuple[Any, ...]] = [((),), ((3,),), ((2, 3),), ((0,),), ((2, 0, 3),)]
_PAIRS: list[tuple[Any, ...]] = [
    ((), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((2, 1), (1, 3)),
    ((), (2,)),
    ((2,), ()),
    ((0,), (1,)),
    ((2, 0, 3), (3,)),
    ((3,), NUMBER),
    (NUMBER, (3,)),
]
_MORE: list[tuple[Any, ...]] = [((),) * 9, ((3,),) * 9, ((2, 3), (3,), (2, 1)) * 3, ((0,),) * 9]


def record_of(operation: Any) -> Op:
    """The record of an operation, given itself or as the public function.

    Raises: OptionError for anything else.

    >>> record_of(ag.tanh) is ag.REGISTRY["tanh"]
    True
    """
    record = operation if isinstance(operation, Op) else getattr(operation, "op", None)
    if not isinstance(record, Op):
        raise OptionError(
            "an operation is needed: its record (an Op), or a function that @elementwise, @linear_operation, "
            f"@multilinear, @general or @composed has decorated; got {operation!r}"
        )
    return record


@cache
def examples_of(op: Op) -> Sequence[Example]:
    """The examples in the record; for an operation on each element without any, all the ways arrays broadcast."""
    examples = op.examples() if callable(op.examples) else op.examples
    if examples or op.kind != "elementwise":
        return tuple(examples)
    arrays = [name for name in op.arrays if name not in op.masks]
    shapes = {1: _ONE, 2: _PAIRS}.get(len(arrays), _MORE)
    return tuple(Example(**dict(zip(arrays, row, strict=False))) for row in shapes)


def domain_of(op: Op, name: str) -> Domain:
    """Where the numbers of an argument come from."""
    domain = op.domain.get(name) if isinstance(op.domain, Mapping) else op.domain
    return domain or DEFAULT_DOMAIN


@dataclass(frozen=True)
class Case:
    """One call of an operation as a function of the arrays that were drawn; everything else is held.

    `slots` says for each drawn array which argument it is, and its position where the argument is a sequence; `live`
    are the numbers of those that have a derivative.

    >>> from autograd_core.testing.cases import First, draw_case
    >>> case = draw_case(First(), ag.sum.op, ag.Example(x=(2, 3), axis=1))
    >>> case
    sum(np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]), axis=1)
    >>> case(*case.arrays)
    [array([3., 3.])]
    """

    op: Op
    positional: tuple[Any, ...]
    options: Mapping[str, Any]
    slots: tuple[tuple[int, int | None], ...]
    arrays: tuple[Array, ...]

    def __call__(self, *arrays: Any) -> list[Any]:
        """All results of the public function, for these arrays in the place of the drawn ones."""
        return self._with_derivative(_listed(self.op.call(*self.filled(arrays), **self.options)))

    def reference(self) -> list[Array]:
        """All results of the NumPy function that the operation must agree with.

        Raises: OptionError if the record names none.
        """
        if self.op.reference is None:
            raise OptionError(f"{self.op.name}: the record has no reference=")
        results = _listed(self.op.reference(*self.filled(self.arrays), **self.options))
        return self._with_derivative([np.asarray(y) for y in results])

    def _with_derivative(self, results: list[Any]) -> list[Any]:
        """Without the constants, such as integers, that some functions give besides; there claims would be void."""
        several = self.op.kind == "composed" and len(results) > 1
        return [y for y in results if y.dtype.kind == "f"] if several else results

    def filled(self, arrays: Sequence[Any]) -> list[Any]:
        """The positional arguments, with these arrays in their places."""
        arguments = [list(a) if isinstance(a, list) else a for a in self.positional]
        for (i, position), array in zip(self.slots, arrays, strict=True):
            if position is None:
                arguments[i] = array
            else:
                arguments[i][position] = array
        return arguments

    @property
    def live(self) -> list[int]:
        """Which of the drawn arrays have a derivative."""
        return [k for k, (i, _) in enumerate(self.slots) if self.op.kind == "composed" or self.op.rules[i] is not None]

    def having(self, arrays: Sequence[Array]) -> "Case":
        """The same call with other arrays."""
        return replace(self, arrays=tuple(arrays))

    def along(self, arrays: Sequence[Any]) -> list[Any]:
        """All arrays, with these in the places of the live ones."""
        every: list[Any] = list(self.arrays)
        for k, array in zip(self.live, arrays, strict=True):
            every[k] = array
        return every

    @property
    def live_arrays(self) -> list[Array]:
        """The drawn arrays that have a derivative."""
        return [self.arrays[k] for k in self.live]

    def __repr__(self) -> str:
        """The call as code."""
        arguments = [*map(code, self.filled(self.arrays)), *(f"{k}={code(v)}" for k, v in self.options.items())]
        return f"{self.op.name}({', '.join(arguments)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis and IPython print it: as code, not as a record."""
        printer.text(repr(self))


def code(value: Any) -> str:
    """A value as an expression that gives it again, where `np` is NumPy; arrays to the last bit."""
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        inside = ", ".join(map(code, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    if not isinstance(value, np.ndarray):
        return repr(value)
    dtype = "" if value.dtype == np.float64 else f", dtype={value.dtype.name!r}"
    if not value.size:
        return f"np.zeros({value.shape}{dtype})"
    return f"np.array({value.tolist()!r}{dtype})"


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, list | tuple) else [result]


def draw_case(pick: Pick, op: Op, example: Example) -> Case:
    """An example with its shapes filled with numbers from the operation's domain."""
    given = example.arguments
    named = [name for name in op.arrays if name in given and name not in op.masks]
    last = 1 + max((op.arrays.index(name) for name in named), default=-1)
    positional: list[Any] = []
    slots: list[tuple[int, int | None]] = []
    arrays: list[Array] = []

    for i, name in enumerate(op.arrays[:last]):
        value, domain = given.get(name), domain_of(op, name)
        if isinstance(value, PythonNumber):
            # a number of every type: NumPy takes it in the type of the array, where another would be rounded
            value = float(pick_array(pick, (), domain, i, len(op.arrays), np.float16))
        elif isinstance(value, tuple):
            slots.append((i, None))
            arrays.append(pick_array(pick, value, domain, i, len(op.arrays)))
        elif isinstance(value, list):
            for position, shape in enumerate(value):
                slots.append((i, position))
                arrays.append(pick_array(pick, shape, domain))
        positional.append(value)
    options = {name: value for name, value in given.items() if name not in named}
    return Case(op, tuple(positional), options, tuple(slots), tuple(arrays))
