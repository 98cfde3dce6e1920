"""Every differentiable operation of the registry, called as its record's examples say, with numbers from its domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.testing.cases import Case, draw_case, examples_of


@dataclass(frozen=True)
class RightOperation:
    """An operation, called with each of its examples in turn."""

    op: ag.Op
    within: Callable[[], AbstractContextManager[Any]] = nullcontext

    @property
    def name(self) -> str:
        return self.op.name

    def calls(self, count: int, seed: int) -> Iterable[tuple[Any, list[Any]]]:
        """So many calls: what to check, and inputs drawn for it."""
        rng = np.random.default_rng(seed)
        examples = [e for e in examples_of(self.op) if _case(self.op, e, rng).live_arrays]
        for k in range(count):
            case = _case(self.op, examples[k % len(examples)], rng)
            yield _function(case), [x.copy() for x in case.live_arrays]


def _case(op: ag.Op, example: ag.Example, rng: np.random.Generator) -> Case:
    return draw_case(lambda n: int(rng.integers(n)), op, example)


def _function(case: Case) -> Callable[..., Any]:
    def function(*arrays: Any) -> Any:
        return case(*case.along(arrays))

    function.__name__ = function.__qualname__ = case.op.name
    return function


def cases() -> list[RightOperation]:
    """All operations with a derivative."""
    return [
        RightOperation(op)
        for op in ag.REGISTRY.values()
        if op.kind == "composed" or any(rule is not None for rule in op.rules)
    ]
