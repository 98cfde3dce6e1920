"""Under which operation each block of memory was allocated, for eager steps of ours.

Knows how the engine lets others see what is recorded, and listen to a sweep. What is allocated from the end of one
operation to the end of the next is put down to the latter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd_core.engine import Node, Overheard
from autograd_core.watching import observed_by
from benchmarks.memory.counter import Counter

ELSEWHERE = "elsewhere"  # the optimizer, and what Python itself allocates


@contextmanager
def labelled_by_operation(counter: Counter) -> Iterator[list[str]]:
    """Gives the names that the labels stand for: ``conv2d`` for results and residuals, ``conv2d, back``."""
    names = [ELSEWHERE]

    def ends(name: str) -> None:
        names[-1] = name
        names.append(ELSEWHERE)
        counter.label(len(names) - 1)

    def see(value: Any, node: Node) -> None:
        op = node.op
        if op is not None:
            ends(op.name)
            node.op = Overheard(op, lambda g, pulled: ends(f"{op.name}, back"))

    counter.label(0)
    with observed_by(see):
        yield names
