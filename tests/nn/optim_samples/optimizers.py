"""Optimizers with random options, and the small network that they train."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import autograd_core as ag
import nn

__all__ = ["OPTIMIZERS", "OptimizerSample", "Problem"]


class Problem:
    """A tiny network of two layers, as Tensors of `nn` or of PyTorch: parameters and the mean squared error.

    `tanh` and `tensor` are those of the library; the expression is the same in both.
    """

    def __init__(
        self, seed: int, tensor: Callable[..., Any] = ag.tensor, tanh: Callable[..., Any] = ag.tanh, dtype: Any = float
    ) -> None:
        rng = np.random.default_rng([seed, 1])
        self.tanh = tanh
        shapes = [(3, 4), (4,), (4, 2), ()]
        self.params = [tensor((0.5 * rng.normal(size=shape)).astype(dtype), requires_grad=True) for shape in shapes]
        self.inputs, self.targets = (tensor(rng.normal(size=(20, n)).astype(dtype)) for n in (3, 2))

    def loss(self) -> Any:
        """The mean squared error, and a little of all squares, so that no direction is flat."""
        w1, b1, w2, b2 = self.params
        gap = self.tanh(self.inputs @ w1 + b1) @ w2 + b2 - self.targets
        return (gap * gap).mean() + 0.1 * sum((p * p).sum() for p in self.params)

    def closure(self) -> Any:
        """Forget the gradients, compute the loss, and its gradients."""
        for parameter in self.params:
            parameter.grad = None
        loss = self.loss()
        loss.backward()
        return loss


@dataclass(frozen=True)
class OptimizerSample:
    """One optimizer to be made: its options, and those of a second group that differ, if there is one."""

    options: Mapping[str, Any] = field(default_factory=dict)
    second: Mapping[str, Any] | None = None
    name: str = ""
    seed: int = 0

    def made(self, problem: Problem, namespace: Any = nn.optim) -> Any:
        """The optimizer, of `nn.optim` or of PyTorch."""
        params: Any = problem.params
        if self.second is not None:
            params = [{"params": params[:2]}, {"params": params[2:], **self.second}]
        return getattr(namespace, self.name)(params, **self.options)

    def __str__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{self.name}({options}{'' if self.second is None else f'; {dict(self.second)}'})"


@dataclass(frozen=True)
class OptimizerFamily:
    """All options of an optimizer that are worth trying."""

    name: str
    draw: Callable[[np.random.Generator], dict[str, Any]]

    def sample(self, seed: int) -> OptimizerSample:
        """The sample of a seed, the same in every run."""
        rng = np.random.default_rng([seed, *self.name.encode()])
        options, second = self.draw(rng), None
        if rng.integers(3) == 0 and self.name != "LBFGS":
            second = {"lr": options["lr"] * float(rng.choice([0.0, 0.1, 2.0]))}
        return OptimizerSample(options, second, self.name, seed)


OPTIMIZERS: dict[str, OptimizerFamily] = {}


def family(draw: Callable[[np.random.Generator], dict[str, Any]]) -> Callable[[np.random.Generator], dict[str, Any]]:
    """Put a function that draws options into the table, under its own name."""
    OPTIMIZERS[draw.__name__] = OptimizerFamily(draw.__name__, draw)
    return draw


def some(rng: np.random.Generator, *values: Any) -> Any:
    """One of several values."""
    return values[rng.integers(len(values))]


def rate(rng: np.random.Generator, least: float = -4.0, largest: float = -1.0) -> float:
    """A learning rate, its logarithm uniform."""
    return float(10 ** rng.uniform(least, largest))


def usual(rng: np.random.Generator, **more: Any) -> dict[str, Any]:
    """Options that nearly all have."""
    weight_decay, maximize = some(rng, 0.0, 0.0, 0.01, 0.3), some(rng, False, False, True)
    # upwards there is no end, and long steps get to where all gradients but a few are rounding
    return {
        "lr": rate(rng, largest=-2.0 if maximize else -1.0),
        **more,
        "weight_decay": weight_decay,
        "maximize": maximize,
    }


def adams(rng: np.random.Generator, **more: Any) -> dict[str, Any]:
    """Options of Adam's relatives."""
    betas = some(rng, (0.9, 0.999), (0.5, 0.9), (0.0, 0.99), (0.95, 0.8))
    return usual(rng, betas=betas, eps=some(rng, 1e-8, 1e-3), **more)


@family
def SGD(rng: np.random.Generator) -> dict[str, Any]:
    momentum = some(rng, 0.0, 0.5, 0.9)
    nesterov = bool(momentum) and some(rng, False, True)
    return usual(rng, momentum=momentum, nesterov=nesterov, dampening=0.0 if nesterov else some(rng, 0.0, 0.3))


@family
def Adam(rng: np.random.Generator) -> dict[str, Any]:
    return adams(rng, amsgrad=some(rng, False, True), decoupled_weight_decay=some(rng, False, True))


@family
def AdamW(rng: np.random.Generator) -> dict[str, Any]:
    return adams(rng, amsgrad=some(rng, False, True))


@family
def NAdam(rng: np.random.Generator) -> dict[str, Any]:
    slowing = some(rng, 0.0, 4e-3, 0.3)
    return adams(rng, momentum_decay=slowing, decoupled_weight_decay=some(rng, False, True))


@family
def RAdam(rng: np.random.Generator) -> dict[str, Any]:
    return adams(rng, decoupled_weight_decay=some(rng, False, True))


@family
def Adamax(rng: np.random.Generator) -> dict[str, Any]:
    return adams(rng)


@family
def Adagrad(rng: np.random.Generator) -> dict[str, Any]:
    start, eps = some(rng, 0.0, 0.1), some(rng, 1e-10, 1e-3)
    return usual(rng, lr_decay=some(rng, 0.0, 0.3), initial_accumulator_value=start, eps=eps)


@family
def Adadelta(rng: np.random.Generator) -> dict[str, Any]:
    return {**usual(rng, rho=some(rng, 0.9, 0.5, 0.0), eps=some(rng, 1e-6, 1e-3)), "lr": some(rng, 1.0, 0.3)}


@family
def RMSprop(rng: np.random.Generator) -> dict[str, Any]:
    eps, momentum, centered = some(rng, 1e-8, 1e-3), some(rng, 0.0, 0.7), some(rng, False, True)
    return usual(rng, alpha=some(rng, 0.99, 0.5), eps=eps, momentum=momentum, centered=centered)


@family
def Rprop(rng: np.random.Generator) -> dict[str, Any]:
    etas, maximize = some(rng, (0.5, 1.2), (0.3, 1.5)), some(rng, False, True)
    # upwards, long steps would end where the gradient is nothing but rounding, and so are its signs
    sizes = (1e-3, 0.02) if maximize else some(rng, (1e-6, 50), (1e-3, 0.02))
    return {"lr": rate(rng), "etas": etas, "step_sizes": sizes, "maximize": maximize}


@family
def ASGD(rng: np.random.Generator) -> dict[str, Any]:
    return usual(rng, lambd=some(rng, 1e-4, 0.1), alpha=some(rng, 0.75, 0.3), t0=some(rng, 1e6, 5.0, 0.0))


@family
def LBFGS(rng: np.random.Generator) -> dict[str, Any]:
    searched = some(rng, None, "strong_wolfe")
    return {
        "lr": 1.0 if searched else rate(rng, -2.0, 0.0),
        "max_iter": int(rng.integers(1, 4)),
        "max_eval": some(rng, None, 3),
        "history_size": int(rng.integers(1, 6)),
        "tolerance_grad": some(rng, 1e-7, 1e-3),
        "tolerance_change": some(rng, 1e-9, 1e-5),
        "line_search_fn": searched,
    }
