"""What an operation's record says about its inputs, as plain data: domains, examples, refusals.

The conformance suite turns them into Hypothesis strategies; nothing here draws or checks anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import AutogradError


@dataclass(frozen=True)
class Interval:
    """Real numbers from `low` to `high`, at least `margin` away from every point of `away_from` (kinks, poles)."""

    low: float
    high: float
    away_from: Sequence[float] = ()
    margin: float = 0.05


@dataclass(frozen=True)
class Distinct:
    """Numbers of which any two in one array differ by at least `margin`: no ties for a maximum or an order."""

    low: float = -3.0
    high: float = 3.0
    margin: float = 0.05


@dataclass(frozen=True)
class Apart:
    """Like Interval, and any two arguments differ by at least `margin` in each element once they are broadcast."""

    low: float = -3.0
    high: float = 3.0
    margin: float = 0.05


@dataclass(frozen=True)
class Matrices:
    """Numbers from -1 to 1 (not near 0), to which matrices add `spacing` times 1, 2, 3, ... down their main diagonals.

    An array of two or more axes is then a stack of matrices of full rank whose eigenvalues and singular values lie
    apart: for as many as three rows or columns and a spacing of 5, the discs of Gershgorin do not meet. `symmetric`
    ones are also positive definite. Vectors and numbers come as they are. With `unfolded` it is all elements of the
    array, in C order, that make one such matrix, if they are as many as a square matrix has.
    """

    spacing: float = 5.0
    symmetric: bool = False
    unfolded: bool = False


Domain = Interval | Distinct | Apart | Matrices


class Example:
    """One way to call an operation: a shape for each array to be drawn, a value for everything else.

    A tuple given for an array argument is the shape to draw; an ndarray is taken as it is, as a constant; a list of
    tuples gives the shapes of a variadic argument. What is not named keeps its default.
    """

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments

    def __repr__(self) -> str:
        return f"Example({', '.join(f'{k}={v!r}' for k, v in self.arguments.items())})"


class Raises(Example):
    """A call that must be refused: with this exception, in words that `match` (a regular expression)."""

    def __init__(self, error: type[AutogradError], match: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.error, self.match = error, match


@dataclass(frozen=True)
class Subgradient:
    """The derivative chosen where the mathematics leaves a choice: `gradients` of the summed output at `at`."""

    at: Mapping[str, Any]
    gradients: Mapping[str, Any]
    because: str = ""
