"""What a right derivative is, as plain data, and how its inputs are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.gradcheck.numbers import Input, drawn


@dataclass(frozen=True)
class Right:
    """A function with a derivative that is right, and the inputs to draw for it.

    `function` is what `gradcheck` takes. `within` is entered around every call, for a library that must be told which
    types to compute in.
    """

    name: str
    function: Any
    inputs: Sequence[Input]
    within: Callable[[], AbstractContextManager[Any]] = nullcontext

    def calls(self, count: int, seed: int) -> Iterable[tuple[Any, list[Any]]]:
        """So many calls: what to check, and inputs drawn for it."""
        rng = np.random.default_rng(seed)
        for _ in range(count):
            yield self.function, drawn(self.inputs, rng)
