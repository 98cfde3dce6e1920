"""One unit of measured work, as every library hands it over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


def _nothing() -> None:
    """Nothing is left to wait for."""


@dataclass(frozen=True)
class Step:
    """`run` does the work once, and is what is timed; training goes on from step to step.

    `evidence` shows what the steps so far have computed: values, gradients or moved parameters. `finish` waits for work
    that `run` has only begun (JAX returns before its arrays are ready) and is timed once at the end of a round.
    """

    run: Callable[[], None]
    evidence: Callable[[], Sequence[Any]]
    finish: Callable[[], None] = _nothing
