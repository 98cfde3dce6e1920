"""Schedulers that raise the rate and lower it again, and the momentum the other way round."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import autograd_core as ag

from ...arguments import brief, check_flag, check_positive
from ..optimizer import Optimizer
from ..options import check_number
from .base import LRScheduler, check_optimizer, fit_state, per_group

__all__ = ["CyclicLR", "OneCycleLR"]

PerGroup = float | Sequence[float]


class _Cycling(LRScheduler):
    """Momentum that goes along: "momentum" of the groups, or the first of their "betas"."""

    cycle_momentum: bool

    def _start_momentum(self, base_momentum: PerGroup, max_momentum: PerGroup, first: bool) -> None:
        who, optimizer = type(self).__name__, self.optimizer
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ag.OptionError(
                f"{who}: {type(optimizer).__name__} has neither momentum nor betas; write cycle_momentum=False"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        self.base_momentums = per_group(base_momentum, "base_momentum", optimizer, who)
        self.max_momentums = per_group(max_momentum, "max_momentum", optimizer, who)
        for least, most in zip(self.base_momentums, self.max_momentums, strict=True):
            check_number(who, "base_momentum", least, below=1)
            check_number(who, "max_momentum", most, below=1)
        if first:
            self._set_momentum(self.max_momentums)
            for group, least, most in zip(optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True):
                group["max_momentum"], group["base_momentum"] = most, least

    def _set_momentum(self, momentums: Sequence[float]) -> None:
        for group, momentum in zip(self.optimizer.param_groups, momentums, strict=True):
            if self.use_beta1:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum


class CyclicLR(_Cycling):
    """Rates that go up and down between `base_lr` and `max_lr`, `step_size_up` steps up and `step_size_down` down.

    `mode` says how high: "triangular" always to `max_lr`; "triangular2" half as high in each cycle; "exp_range" times
    ``gamma**k`` in step k; or `scale_fn`, a function of the cycle (from 1) or, for ``scale_mode="iterations"``, of the
    step. With `cycle_momentum`, the momentum (or the first beta) goes from `max_momentum` to `base_momentum` meanwhile.
    Errors: OptionError for an unknown mode, and for an optimizer without momentum.
    Source: Smith, Cyclical learning rates for training neural networks (2017).

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], momentum=0.9)
    >>> scheduler, rates = CyclicLR(optimizer, base_lr=1.0, max_lr=2.0, step_size_up=2), []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> rates
    [1.0, 1.5, 2.0, 1.5, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: PerGroup,
        max_lr: PerGroup,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: PerGroup = 0.8,
        max_momentum: PerGroup = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = check_optimizer(optimizer, "CyclicLR")
        lows = per_group(base_lr, "base_lr", optimizer, "CyclicLR")
        self.max_lrs = per_group(max_lr, "max_lr", optimizer, "CyclicLR")
        for name, values in (("base_lr", lows), ("max_lr", self.max_lrs)):
            for value in values:
                check_number("CyclicLR", name, value)
        up = check_positive(step_size_up, "CyclicLR: step_size_up")
        down = up if step_size_down is None else check_positive(step_size_down, "CyclicLR: step_size_down")
        self.total_size, self.step_ratio = float(up + down), up / (up + down)
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ag.OptionError(
                "CyclicLR: mode must be 'triangular', 'triangular2' or 'exp_range', or scale_fn a function; "
                f"got {mode!r}"
            )
        if scale_mode not in ("cycle", "iterations"):
            raise ag.OptionError(f"CyclicLR: scale_mode must be 'cycle' or 'iterations'; got {scale_mode!r}")
        check_flag(cycle_momentum, "CyclicLR: cycle_momentum")
        self.mode, self.gamma, self.scale_fn = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, lows, strict=True):
                group["lr"] = low
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, last_epoch == -1)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def get_lr(self) -> list[float]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self._scale(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            momentums = zip(self.base_momentums, self.max_momentums, strict=True)
            self._set_momentum([most - (most - least) * height * scale for least, most in momentums])
        return [low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def _scale(self, x: float) -> float:
        if self.scale_fn is not None:
            return self.scale_fn(x)
        return {"triangular": 1.0, "triangular2": 0.5 ** (x - 1)}.get(self.mode) or self.gamma**x

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        state = fit_state(self.state_dict(), state_dict, "CyclicLR")
        attributes = state.pop("scale_fn")
        if attributes and self.scale_fn is not None:
            vars(self.scale_fn).update(attributes)
        self._go_on(state)


class OneCycleLR(_Cycling):
    """Rates that go up from ``max_lr / div_factor`` to `max_lr` once, and down to nearly nothing, in a whole training.

    The way up takes the fraction `pct_start` of `total_steps`, or of ``epochs * steps_per_epoch``; the way down ends at
    ``max_lr / div_factor / final_div_factor``. In `three_phase`, it goes down to where it started first, in as many
    steps as up. The way is along a cosine, or straight for ``anneal_strategy="linear"``. With `cycle_momentum`, the
    momentum (or the first beta) goes from `max_momentum` to `base_momentum` and back. Call `step` after every batch.
    Errors: OptionError for a length that is not given, an unknown strategy, an optimizer without momentum, and for more
    than `total_steps` steps.
    Source: Smith and Topin, Super-convergence: very fast training of neural networks using large learning rates (2018).

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], momentum=0.9)
    >>> scheduler, rates = OneCycleLR(optimizer, 1.0, total_steps=5, pct_start=0.6, anneal_strategy="linear"), []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> np.round(rates, 3).tolist()
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: PerGroup,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: PerGroup = 0.85,
        max_momentum: PerGroup = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = check_optimizer(optimizer, "OneCycleLR")
        if total_steps is not None:
            self.total_steps = check_positive(total_steps, "OneCycleLR: total_steps")
        elif epochs is not None and steps_per_epoch is not None:
            self.total_steps = check_positive(epochs, "OneCycleLR: epochs") * check_positive(
                steps_per_epoch, "OneCycleLR: steps_per_epoch"
            )
        else:
            raise ag.OptionError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
        if not isinstance(pct_start, int | float) or not 0 <= pct_start <= 1:
            raise ag.OptionError(f"OneCycleLR: pct_start must be a fraction from 0 to 1; got {brief(pct_start)}")
        if anneal_strategy not in ("cos", "linear"):
            raise ag.OptionError(f"OneCycleLR: anneal_strategy must be 'cos' or 'linear'; got {anneal_strategy!r}")
        for name, factor in (("div_factor", div_factor), ("final_div_factor", final_div_factor)):
            if not isinstance(factor, int | float) or not factor > 0:
                raise ag.OptionError(f"OneCycleLR: {name} must be a positive number; got {brief(factor)}")
        check_flag(cycle_momentum, "OneCycleLR: cycle_momentum")
        check_flag(three_phase, "OneCycleLR: three_phase")
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        self._phases = _phases(self.total_steps, pct_start, three_phase)
        highs = per_group(max_lr, "max_lr", optimizer, "OneCycleLR")
        for high in highs:
            check_number("OneCycleLR", "max_lr", high)
        if last_epoch == -1:
            for group, high in zip(optimizer.param_groups, highs, strict=True):
                group["initial_lr"], group["max_lr"] = high / div_factor, high
                group["min_lr"] = high / div_factor / final_div_factor
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, last_epoch == -1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise ag.OptionError(
                f"OneCycleLR: this is step {self.last_epoch}, but the cycle has {self.total_steps} steps; "
                "total_steps counts the batches of the whole training"
            )
        start = 0.0
        for phase in self._phases[:-1]:
            if self.last_epoch <= phase["end"]:
                break
            start = phase["end"]
        else:
            phase = self._phases[-1]
        part = (self.last_epoch - start) / (phase["end"] - start) if phase["end"] != start else 1.0
        if self.cycle_momentum:
            ends = [(group[phase["momentum"][0]], group[phase["momentum"][1]]) for group in self.optimizer.param_groups]
            self._set_momentum([self._between(*pair, part) for pair in ends])
        return [
            self._between(group[phase["lr"][0]], group[phase["lr"][1]], part) for group in self.optimizer.param_groups
        ]

    def _between(self, first: float, last: float, part: float) -> float:
        if self.anneal_strategy == "linear":
            return (last - first) * part + first
        return last + (first - last) / 2 * (math.cos(math.pi * part) + 1)


def _phases(steps: int, pct_start: float, three: bool) -> list[dict[str, Any]]:
    """In which step each phase ends, and what rate and momentum go from and to."""
    falling, rising, staying = (
        f"{a}_momentum {b}_momentum".split() for a, b in (("max", "base"), ("base", "max"), ("max", "max"))
    )
    up = {"end": pct_start * steps - 1, "lr": ["initial_lr", "max_lr"], "momentum": falling}
    if not three:
        return [up, {"end": steps - 1, "lr": ["max_lr", "min_lr"], "momentum": rising}]
    return [
        up,
        {"end": 2 * pct_start * steps - 2, "lr": ["max_lr", "initial_lr"], "momentum": rising},
        {"end": steps - 1, "lr": ["initial_lr", "min_lr"], "momentum": staying},
    ]
