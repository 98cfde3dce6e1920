"""Schedulers along a cosine, with and without new starts."""

import math

import autograd_core as ag

from ...arguments import check_positive
from ..optimizer import Optimizer
from ..options import check_number
from .base import LRScheduler

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]


class CosineAnnealingLR(LRScheduler):
    """Rates that fall to `eta_min` along half a cosine in `T_max` epochs, and rise again if one goes on.

    In epoch k the rate is ``eta_min + (lr - eta_min) (1 + cos(pi k / T_max)) / 2``, computed from that of the epoch
    before, so that what else changes the rates is kept.
    Errors: OptionError for T_max that is not positive.
    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017), equation 5.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler, rates = CosineAnnealingLR(optimizer, T_max=2), []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> np.round(rates, 12).tolist()
    [1.0, 0.5, 0.0, 0.5]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = check_positive(T_max, "CosineAnnealingLR: T_max"), eta_min
        check_number("CosineAnnealingLR", "eta_min", eta_min)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self._is_initial:
            return rates
        turn = math.pi / self.T_max
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the epoch before was at the bottom
            rise = (1 - math.cos(turn)) / 2
            return [rate + (base - self.eta_min) * rise for base, rate in zip(self.base_lrs, rates, strict=True)]
        ratio = (1 + math.cos(turn * self.last_epoch)) / (1 + math.cos(turn * (self.last_epoch - 1)))
        return [ratio * (rate - self.eta_min) + self.eta_min for rate in rates]

    def closed_form(self) -> list[float]:
        height = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Rates that fall to `eta_min` along half a cosine and start anew, after `T_0` epochs first, then `T_mult` as many.

    `step` may be given an epoch, also a fractional one: ``scheduler.step(epoch + batch / batches)`` after every batch.
    Errors: OptionError for T_0 and T_mult that are not positive whole numbers, and for a negative epoch.
    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017).

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler, rates = CosineAnnealingWarmRestarts(optimizer, T_0=2), []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> np.round(rates, 12).tolist()
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        who = "CosineAnnealingWarmRestarts"
        self.T_0, self.T_mult = check_positive(T_0, f"{who}: T_0"), check_positive(T_mult, f"{who}: T_mult")
        self.T_i, self.T_cur, self.eta_min = self.T_0, float(last_epoch), eta_min
        check_number(who, "eta_min", eta_min)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    @ag.performed
    def step(self, epoch: float | None = None) -> None:
        """Go on to the next epoch, or to this one, and set its rates."""
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
        else:
            epoch = 0 if epoch is None else epoch
            if not epoch >= 0:
                raise ag.OptionError(f"CosineAnnealingWarmRestarts: epoch must be at least 0, got {epoch!r}")
            self.T_cur, self.T_i = self._place(epoch)
        self._go_to(math.floor(epoch), self.get_lr)

    def _place(self, epoch: float) -> tuple[float, int]:
        """Where an epoch stands in its cycle, and how long that is."""
        start, length = 0, self.T_0
        if self.T_mult == 1:
            return epoch % length, length
        while epoch >= start + length:
            start, length = start + length, length * self.T_mult
        return epoch - start, length
