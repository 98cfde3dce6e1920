"""Under which operation each block of memory was allocated, for eager steps of ours.

Knows how the engine lets others see what is recorded, and how a sweep asks an operation to pull. What is allocated
from the end of one operation to the end of the next is put down to the latter; in a sweep, from the beginning of one
pull to the beginning of the next, to the former.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autograd_core.engine import Node
from autograd_core.watching import observed_by
from benchmarks.memory.counter import Counter


class _Announced:
    """An operation in whose place a sweep finds this, which says so, and is given the very pull.

    Nothing stands between sweep and pull: what only they hold may be written into, and must look so.
    """

    def __init__(self, op: Any, begins: Callable[[str], None]) -> None:
        self._op, self._begins = op, begins

    def __getattr__(self, name: str) -> Any:
        return getattr(self._op, name)

    @property
    def pull(self) -> Callable[..., Any]:
        self._begins(f"{self._op.name}, back")
        return self._op.pull


@contextmanager
def labelled_by_operation(counter: Counter) -> Iterator[list[str]]:
    """Gives the names that the labels stand for: ``conv2d`` for results and residuals, ``conv2d, back``."""
    names = ["the rest"]

    def begins(name: str) -> None:
        names.append(name)
        counter.label(len(names) - 1)

    def see(value: Any, node: Node) -> None:
        if node.op is not None:
            names[-1] = node.op.name
            node.op = _Announced(node.op, begins)
            begins("the rest")

    counter.label(0)
    with observed_by(see):
        yield names
