"""What a wrong derivative is, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.gradcheck.numbers import Input


@dataclass(frozen=True)
class Bug:
    """A function with a derivative that is wrong, the inputs to show it at, and what a check should say.

    `function` is a pair (f, vjp) or a triple (f, vjp, jvp) of plain functions, or a function of Tensors; `fresh` makes
    it anew where it keeps something from one call to the next. `causes` are the names, of
    `autograd_core.testing.report.CAUSES`, that describe the bug: two only where they are the same thing seen from two
    sides.

    For other libraries: `nested` is a bug of second order as f, its right derivative, and the wrong derivative of that,
    each a plain function of one array, element by element; `summed` says that it would be none in an engine that sums
    the gradient to the shape of its input, as PyTorch's does.
    """

    name: str
    function: Any
    inputs: Sequence[Input]
    causes: tuple[str, ...]
    order: int = 1
    nested: tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]] | None = None
    fresh: Callable[[], Any] | None = None
    summed: bool = False

    def made(self) -> Any:
        """What to check, with nothing left of earlier calls."""
        return self.fresh() if self.fresh else self.function
