"""A scheduler that waits until nothing gets better."""

import math
from collections.abc import Sequence
from typing import Any

import autograd_core as ag

from ...arguments import brief
from ..optimizer import Optimizer
from ..options import check_number
from .base import LRScheduler, check_optimizer, per_group

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """The rate times `factor` when a measure has not improved for more than `patience` epochs.

    ``step(measure)`` after each epoch, such as a validation loss (`mode` "min") or an accuracy ("max"). It improves
    where it passes the best so far by more than `threshold`: of the best itself ("rel"), or absolutely ("abs"). After a
    reduction, `cooldown` epochs do not count. Rates stay above `min_lr`; a change within `eps` is not made.
    Errors: OptionError for a factor from 1 on, and for unknown modes.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler, rates = ReduceLROnPlateau(optimizer, factor=0.5, patience=1), []
    >>> for loss in (3.0, 2.0, 2.0, 2.0, 2.0):
    ...     scheduler.step(loss); rates += scheduler.get_last_lr()
    >>> rates
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        who = "ReduceLROnPlateau"
        self.optimizer = check_optimizer(optimizer, who)
        if mode not in ("min", "max"):
            raise ag.OptionError(f"{who}: mode must be 'min' or 'max'; got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ag.OptionError(f"{who}: threshold_mode must be 'rel' or 'abs'; got {threshold_mode!r}")
        check_number(who, "factor", factor, below=1)
        for name, value in (("patience", patience), ("threshold", threshold), ("cooldown", cooldown), ("eps", eps)):
            check_number(who, name, value)
        self.mode, self.factor, self.patience, self.threshold = mode, factor, patience, threshold
        self.threshold_mode, self.cooldown, self.eps = threshold_mode, cooldown, eps
        self.min_lrs = per_group(min_lr, "min_lr", optimizer, who)
        for value in self.min_lrs:
            check_number(who, "min_lr", value)
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

    @ag.performed
    def step(self, metrics: Any = None) -> None:
        """Take note of the measure after another epoch, and lower the rates if it is time."""
        if metrics is None:
            raise ag.OptionError("ReduceLROnPlateau: step needs the measure to watch; write scheduler.step(loss)")
        try:
            reached = metrics.item() if isinstance(metrics, ag.Tensor) else float(metrics)
        except (TypeError, ValueError):
            raise ag.OptionError(f"ReduceLROnPlateau: step needs a number, got {brief(metrics)}") from None
        self.last_epoch += 1
        if self._is_better(reached):
            self.best, self.num_bad_epochs = reached, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _is_better(self, reached: float) -> bool:
        if self.mode == "min":
            return reached < (
                self.best * (1 - self.threshold) if self.threshold_mode == "rel" else self.best - self.threshold
            )
        return reached > (
            self.best * (1 + self.threshold) if self.threshold_mode == "rel" else self.best + self.threshold
        )

    def _reduce(self) -> None:
        lowest = self.min_lrs + self.min_lrs[-1:] * (len(self.optimizer.param_groups) - len(self.min_lrs))
        for group, least in zip(self.optimizer.param_groups, lowest, strict=True):
            reduced = max(group["lr"] * self.factor, least)
            if group["lr"] - reduced > self.eps:
                group["lr"] = reduced
