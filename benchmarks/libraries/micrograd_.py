"""micrograd itself, on its own example. It computes with Python's numbers, and follows the graph by recursion."""

from __future__ import annotations

from collections.abc import Callable

from micrograd.engine import Value

from benchmarks import problems
from benchmarks.machine import version
from benchmarks.step import Step


def describe() -> dict[str, str]:
    """Its version."""
    return {"version": version("micrograd")}


def micrograd() -> Step:
    a = b = Value(0.0)

    def run() -> None:
        nonlocal a, b
        a, b = Value(-4.0), Value(2.0)
        problems.micrograd(a, b, Value.relu).backward()

    return Step(run, lambda: [a.grad, b.grad])


STEPS: dict[str, Callable[[], Step]] = {"micrograd": micrograd}
