"""autograd_core and nn, captured: the same functions and training steps as eager, under `ag.compile`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

import autograd_core as ag
from benchmarks import problems
from benchmarks.families import FAMILIES
from benchmarks.libraries import CannotRunError, ours
from benchmarks.libraries.ours import Problem
from benchmarks.problems import NETWORKS, Array
from benchmarks.sequences import SEQUENCES
from benchmarks.step import Step

if not hasattr(ag, "compile"):
    raise CannotRunError("this version has no ag.compile")


def describe() -> dict[str, str]:
    """As eager."""
    return ours.describe()


def product(a: Array, b: Array) -> Callable[[], object] | None:
    """One matrix product of our own, for the roof, where there is machine code."""
    from autograd_core.kernels import gemm, llvm

    out = np.empty((len(a), b.shape[1]), a.dtype)
    return partial(gemm.multiply, a, b, out) if llvm.available() else None


def chain(length: int = problems.CHAIN_LENGTH) -> Step:
    def function(x: Array, factor: Array, shift: Array) -> object:
        return ag.sum(problems.chain(x, factor, shift, ag.tanh, length))

    return _differentiated(function, *problems.chain_data(length))


def gelu(count: int = problems.GELU_NUMBERS) -> Step:
    return _differentiated(lambda x: ag.sum(problems.gelu(x, ag.tanh)), problems.gelu_data(count))


def micrograd() -> Step:
    compiled = ag.compile(ag.value_and_grad(lambda a, b: problems.micrograd(a, b, ag.relu), (0, 1)))
    a, b = np.array(-4.0), np.array(2.0)
    gradients = a, b

    def run() -> None:
        nonlocal gradients
        _, gradients = compiled(a, b)

    return Step(run, lambda: gradients)


def logistic() -> Step:
    weight, bias, inputs, signs = problems.logistic_data()
    compiled = ag.compile(ag.value_and_grad(lambda w, b: problems.logistic(w, b, inputs, signs, ag), (0, 1)))
    value, gradients = 0.0, (weight, bias)

    def run() -> None:
        nonlocal value, gradients
        value, gradients = compiled(weight, bias)

    return Step(run, lambda: [value, *gradients])


def train(problem: Problem) -> Step:
    """The eager contestant's training step, whole, as one program."""
    model, step = ours.training(problem)
    compiled = ag.compile(step)
    x, y = (ag.tensor(array) for array in problem.data())
    loss = x

    def run() -> None:
        nonlocal loss
        loss = compiled(x, y)

    return Step(run, lambda: problem.evidence(loss.item(), [p.data for p in model.parameters()]))


def _differentiated(function: Callable[..., object], *arguments: Array) -> Step:
    compiled = ag.compile(ag.value_and_grad(function))
    gradient = arguments[0]

    def run() -> None:
        nonlocal gradient
        _, gradient = compiled(*arguments)

    return Step(run, lambda: [gradient])


# The chain of 100,000 operations is captured in the scaling curves; its row is about recording and freeing.
STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain,
    "gelu": gelu,
    "micrograd": micrograd,
    "logistic": logistic,
    **{name: partial(train, problem) for name, problem in (NETWORKS | SEQUENCES).items()},
}

CURVES: dict[str, Callable[[int], Step]] = {
    "operations": lambda size: chain(size // 3),
    "numbers": gelu,
    **{name: lambda size, f=family: train(f.network(size)) for name, family in FAMILIES.items() if family.network},
}
