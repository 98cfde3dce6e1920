"""Schedulers with random options, and the optimizers whose rates they set."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import autograd_core as ag
import nn

from .optimizers import some

__all__ = ["SCHEDULERS", "Part", "SchedulerSample"]


@dataclass(frozen=True)
class Part:
    """A scheduler to be made: its name and its options, in which lists of Parts stand for schedulers."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def made(self, optimizer: Any, namespace: Any) -> Any:
        """The scheduler, of `nn.optim.lr_scheduler` or of PyTorch."""
        options = {
            name: [part.made(optimizer, namespace) for part in value]
            if isinstance(value, list) and value and isinstance(value[0], Part)
            else value
            for name, value in self.options.items()
        }
        if self.name == "ChainedScheduler":
            return namespace.ChainedScheduler(**options)
        return getattr(namespace, self.name)(optimizer, **options)

    def __str__(self) -> str:
        shown = (
            f"{k}=[{', '.join(map(str, v))}]" if isinstance(v, list) else f"{k}={v!r}" for k, v in self.options.items()
        )
        return f"{self.name}({', '.join(shown)})"


@dataclass(frozen=True)
class SchedulerSample:
    """One scheduler to be made, with an optimizer of two groups. `measures` are what its steps are given."""

    part: Part
    optimizer: str
    rates: tuple[float, float]
    measures: Sequence[float] | None = None
    steps: int = 100

    def made(self, optim: Any = nn.optim, tensor: Callable[..., Any] = ag.tensor) -> tuple[Any, Any]:
        """The optimizer and the scheduler, of `nn.optim` or of PyTorch."""
        a, b = (tensor(np.ones(1), requires_grad=True) for _ in range(2))
        options = {} if self.optimizer == "Adam" else {"momentum": 0.9}
        groups = [{"params": [a]}, {"params": [b], "lr": self.rates[1]}]
        optimizer = getattr(optim, self.optimizer)(groups, lr=self.rates[0], **options)
        return optimizer, self.part.made(optimizer, optim.lr_scheduler)

    def step(self, scheduler: Any, i: int) -> None:
        """The step of a scheduler in epoch i."""
        scheduler.step() if self.measures is None else scheduler.step(self.measures[i])

    def __str__(self) -> str:
        return str(self.part)


@dataclass(frozen=True)
class SchedulerFamily:
    """All options of a scheduler that are worth trying."""

    name: str
    draw: Callable[[np.random.Generator], dict[str, Any]]

    def sample(self, seed: int) -> SchedulerSample:
        """The sample of a seed, the same in every run."""
        rng = np.random.default_rng([seed, *self.name.encode()])
        options = self.draw(rng)
        rates = (float(rng.uniform(0.1, 1)), float(rng.uniform(0.001, 0.1)))
        measures = options.pop("measures", None)
        return SchedulerSample(Part(self.name, options), some(rng, "SGD", "Adam"), rates, measures)


SCHEDULERS: dict[str, SchedulerFamily] = {}


def family(draw: Callable[[np.random.Generator], dict[str, Any]]) -> Callable[[np.random.Generator], dict[str, Any]]:
    """Put a function that draws options into the table, under its own name."""
    SCHEDULERS[draw.__name__] = SchedulerFamily(draw.__name__, draw)
    return draw


def length(rng: np.random.Generator) -> int:
    """A number of epochs, shorter or longer than what is looked at."""
    return int(some(rng, 1, 2, 7, 30, 99, 100, 250))


def falling(epoch: int) -> float:
    """A factor."""
    return 1 / (1 + 0.1 * epoch)


def waving(epoch: int) -> float:
    """A factor."""
    return 1 + 0.1 * math.sin(epoch)


@family
def LambdaLR(rng: np.random.Generator) -> dict[str, Any]:
    return {"lr_lambda": some(rng, falling, waving, [falling, waving])}


@family
def MultiplicativeLR(rng: np.random.Generator) -> dict[str, Any]:
    return {"lr_lambda": some(rng, falling, waving, [falling, waving])}


@family
def StepLR(rng: np.random.Generator) -> dict[str, Any]:
    return {"step_size": length(rng), "gamma": float(rng.uniform(0.7, 1.1))}


@family
def MultiStepLR(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "milestones": sorted(rng.integers(0, 120, 4).tolist() * some(rng, 1, 2)),
        "gamma": float(rng.uniform(0.1, 1)),
    }


@family
def ConstantLR(rng: np.random.Generator) -> dict[str, Any]:
    return {"factor": float(rng.uniform(0.1, 1)), "total_iters": length(rng)}


@family
def LinearLR(rng: np.random.Generator) -> dict[str, Any]:
    ends = {"start_factor": float(rng.uniform(0.1, 1)), "end_factor": float(rng.uniform(0.1, 1))}
    return {**ends, "total_iters": length(rng)}


@family
def ExponentialLR(rng: np.random.Generator) -> dict[str, Any]:
    return {"gamma": float(rng.uniform(0.8, 1.05))}


@family
def PolynomialLR(rng: np.random.Generator) -> dict[str, Any]:
    return {"total_iters": length(rng), "power": float(some(rng, 0.5, 1, 2, 3.3))}


@family
def CosineAnnealingLR(rng: np.random.Generator) -> dict[str, Any]:
    return {"T_max": length(rng), "eta_min": some(rng, 0.0, 1e-3)}


@family
def CosineAnnealingWarmRestarts(rng: np.random.Generator) -> dict[str, Any]:
    options = {"T_0": length(rng), "T_mult": some(rng, 1, 2, 3), "eta_min": some(rng, 0.0, 1e-3)}
    if rng.integers(2):
        options["measures"] = np.cumsum(rng.choice([0.25, 0.5, 1], 100)).tolist()  # epochs, here, fractional ones too
    return options


@family
def CyclicLR(rng: np.random.Generator) -> dict[str, Any]:
    low, momentum = float(rng.uniform(0.001, 0.1)), bool(rng.integers(2))
    options = {
        "base_lr": some(rng, low, [low, 0.2]),
        "max_lr": some(rng, 1.0, [1.0, 2.0]),
        "step_size_up": length(rng),
        "step_size_down": some(rng, None, 3, 40),
        "mode": some(rng, "triangular", "triangular2", "exp_range"),
        "gamma": float(rng.uniform(0.9, 1)),
        "cycle_momentum": momentum,
        "base_momentum": some(rng, 0.8, [0.7, 0.5]),
        "max_momentum": some(rng, 0.9, [0.9, 0.8]),
    }
    if rng.integers(3) == 0:
        options |= {"scale_fn": falling, "scale_mode": some(rng, "cycle", "iterations")}
    return options


@family
def OneCycleLR(rng: np.random.Generator) -> dict[str, Any]:
    steps = some(rng, {"total_steps": some(rng, 100, 101, 150)}, {"epochs": 12, "steps_per_epoch": 10})
    return {
        **steps,
        "max_lr": some(rng, 1.0, [1.0, 2.0]),
        "pct_start": some(rng, 0.3, 0.005, 0.5, 0.07),
        "anneal_strategy": some(rng, "cos", "linear"),
        "cycle_momentum": some(rng, True, False),
        "base_momentum": some(rng, 0.85, [0.7, 0.5]),
        "max_momentum": some(rng, 0.95, [0.9, 0.8]),
        "div_factor": some(rng, 25.0, 3.0),
        "final_div_factor": some(rng, 1e4, 10.0),
        "three_phase": some(rng, False, True),
    }


@family
def ReduceLROnPlateau(rng: np.random.Generator) -> dict[str, Any]:
    mode = some(rng, "min", "max")
    losses = np.exp(-np.arange(100) / 20) + rng.normal(size=100) * 0.1 + some(rng, 0.0, -1.0)
    return {
        "mode": mode,
        "factor": float(rng.uniform(0.1, 0.9)),
        "patience": int(rng.integers(0, 6)),
        "threshold": some(rng, 1e-4, 0.05),
        "threshold_mode": some(rng, "rel", "abs"),
        "cooldown": int(rng.integers(0, 4)),
        "min_lr": some(rng, 0.0, [1e-2, 1e-3]),
        "eps": some(rng, 1e-8, 1e-3),
        "measures": (losses if mode == "min" else -losses).tolist(),
    }


SIMPLE = ["StepLR", "LinearLR", "ConstantLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR", "LambdaLR"]


def parts(rng: np.random.Generator, count: int) -> list[Part]:
    """Several schedulers, each of any simple kind."""
    return [Part(name, SCHEDULERS[name].draw(rng)) for name in rng.choice(SIMPLE, count).tolist()]


@family
def SequentialLR(rng: np.random.Generator) -> dict[str, Any]:
    count = int(rng.integers(1, 4))
    milestones = sorted(rng.choice(np.arange(1, 120), count - 1, replace=False).tolist())
    return {"schedulers": parts(rng, count), "milestones": milestones}


@family
def ChainedScheduler(rng: np.random.Generator) -> dict[str, Any]:
    return {"schedulers": parts(rng, int(rng.integers(1, 4)))}
