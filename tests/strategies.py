"""From an operation's record to calls of it: domains become numbers, examples become arrays of them.

Numbers come from a finite set of points for each domain, half of them on a grid of 1/64 (so that ties, zeros and
integers happen), half beside it (so that products do not come out exact). An array is one draw, of bytes or of a seed,
which costs the same whatever its size. The first draw is all 1, or the point nearest to it: zeros hide mistakes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import isqrt, prod
from typing import Any

import numpy as np
from hypothesis import given, settings, strategies as st

from autograd_core import Apart, Distinct, Example, Interval, Op
from autograd_core.examples import Matrices

Draw = Callable[..., Any]
Shape = tuple[int, ...]

DEFAULT_DOMAIN = Interval(-3, 3)
COTANGENTS = Interval(-2, 2, away_from=[0], margin=0.25)
"""Directions and cotangents: never 0, which would hide what it is multiplied with."""


class PythonNumber:
    """Stands in an example for an argument that is to be drawn as a plain Python float."""

    def __repr__(self) -> str:
        return "<Python number>"


NUMBER = PythonNumber()

_ONE = [((),), ((3,),), ((2, 3),), ((0,),), ((2, 0, 3),)]
_PAIRS = [
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


@cache
def examples_of(op: Op) -> Sequence[Example]:
    """The examples in the record; for an operation on each element without any, all the ways arrays broadcast."""
    examples = op.examples() if callable(op.examples) else op.examples
    if examples or op.kind != "elementwise":
        return tuple(examples)
    shapes = _ONE if len(op.arrays) == 1 else _PAIRS
    return tuple(Example(**dict(zip(op.arrays, row, strict=True))) for row in shapes)


# --- numbers ----------------------------------------------------------------------------------------------------------


def domain_of(op: Op, name: str) -> Any:
    """Where the numbers of an argument come from."""
    domain = op.domain.get(name) if isinstance(op.domain, Mapping) else op.domain
    return domain or DEFAULT_DOMAIN


def points(domain: Any, position: int = 0, arguments: int = 1) -> np.ndarray:
    """The numbers of a domain that are tried, for the argument at this position, those nearest to 1 first."""
    if isinstance(domain, Interval):
        grid = np.arange(np.ceil(domain.low * 64), np.floor(domain.high * 64) + 1)
        numbers = np.concatenate([grid, grid + 1 / 3]) / 64
        for kink in domain.away_from:
            numbers = numbers[np.abs(numbers - kink) >= domain.margin]
    else:
        step = domain.margin * 1.01  # a little more than the margin, whatever is rounded
        numbers = np.arange(domain.low, domain.high, step)
        if isinstance(domain, Apart):  # each argument has points of its own, so that no two arguments ever meet
            numbers = numbers[position::arguments]
    numbers = numbers[(numbers >= domain.low) & (numbers <= domain.high)]
    return numbers[np.argsort(np.abs(numbers - 1), kind="stable")]


def draw_array(draw: Draw, shape: Shape, domain: Any, position: int = 0, arguments: int = 1) -> np.ndarray:
    """An array of a shape with numbers from a domain."""
    if isinstance(domain, Matrices):
        return _draw_matrices(draw, shape, domain)
    choice, n = points(domain, position, arguments), prod(shape)
    if isinstance(domain, Distinct):
        return _generator(draw).permutation(choice)[:n].reshape(shape)
    if n > _MANY:
        return _generator(draw).choice(choice, shape)
    drawn = np.frombuffer(draw(st.binary(min_size=2 * n, max_size=2 * n)), np.uint16)
    return choice[drawn % len(choice)].reshape(shape)


def _draw_matrices(draw: Draw, shape: Shape, domain: Matrices) -> np.ndarray:
    n = isqrt(prod(shape))
    if domain.unfolded and shape != (n, n) and n * n == prod(shape):
        return _draw_matrices(draw, (n, n), domain).reshape(shape)
    numbers = draw_array(draw, shape, Interval(-1, 1, away_from=[0]))
    if len(shape) < 2:
        return numbers
    if domain.symmetric:
        numbers = (numbers + np.swapaxes(numbers, -1, -2)) / 2
    rows, columns = shape[-2:]
    return numbers + domain.spacing * np.eye(rows, columns) * np.arange(1, columns + 1)


class First:
    """Draws the first number of each domain, for a call whose numbers do not matter."""

    def __call__(self, strategy: st.SearchStrategy[Any]) -> Any:
        found: list[Any] = []

        @settings(max_examples=1, database=None, derandomize=True)
        @given(strategy)
        def once(value: Any) -> None:
            found.append(value)

        once()
        return found[0]


_MANY = 16  # more numbers than these are not drawn one by one: they come from a generator whose seed is drawn


def _generator(draw: Draw) -> np.random.Generator:
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


# --- calls ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One call of an operation as a function of the arrays that were drawn; everything else is held.

    `slots` says for each drawn array which argument it is, and its position where the argument is a sequence; `live`
    are the numbers of those that have a derivative.
    """

    op: Op
    positional: tuple[Any, ...]
    options: Mapping[str, Any]
    slots: tuple[tuple[int, int | None], ...]
    arrays: tuple[np.ndarray, ...]

    def __call__(self, *arrays: Any) -> list[Any]:
        """All results of the public function, for these arrays in the place of the drawn ones."""
        return self._with_derivative(_listed(self.op.call(*self.filled(arrays), **self.options)))

    def reference(self) -> list[Any]:
        """All results of the NumPy function that the operation must agree with."""
        assert self.op.reference is not None
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

    def having(self, arrays: Sequence[np.ndarray]) -> "Case":
        """The same call with other arrays."""
        return replace(self, arrays=tuple(arrays))

    def along(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """All arrays, with these in the places of the live ones."""
        every = list(self.arrays)
        for k, array in zip(self.live, arrays, strict=True):
            every[k] = array
        return every

    @property
    def live_arrays(self) -> list[np.ndarray]:
        """The drawn arrays that have a derivative."""
        return [self.arrays[k] for k in self.live]

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"{self.op.name}({', '.join(map(repr, self.filled(self.arrays)))}{options})"


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, list | tuple) else [result]


def draw_case(draw: Draw, op: Op, example: Example) -> Case:
    """An example with its shapes filled with numbers from the operation's domain."""
    given = example.arguments
    named = [name for name in op.arrays if name in given and name not in op.masks]
    last = 1 + max((op.arrays.index(name) for name in named), default=-1)
    positional: list[Any] = []
    slots: list[tuple[int, int | None]] = []
    arrays: list[np.ndarray] = []

    for i, name in enumerate(op.arrays[:last]):
        value, domain = given.get(name), domain_of(op, name)
        if isinstance(value, PythonNumber):
            # a number of every type: NumPy takes it in the type of the array, where another would be rounded
            value = float(np.float16(draw_array(draw, (), domain, i, len(op.arrays))))
        elif isinstance(value, tuple):
            slots.append((i, None))
            arrays.append(draw_array(draw, value, domain, i, len(op.arrays)))
        elif isinstance(value, list):
            for position, shape in enumerate(value):
                slots.append((i, position))
                arrays.append(draw_array(draw, shape, domain))
        positional.append(value)
    options = {name: value for name, value in given.items() if name not in named}
    return Case(op, tuple(positional), options, tuple(slots), tuple(arrays))


def draw_like(draw: Draw, arrays: Sequence[Any]) -> list[np.ndarray]:
    """Cotangents or tangents for some arrays: of their shapes, without zeros."""
    return [draw_array(draw, np.shape(a), COTANGENTS) for a in arrays]
