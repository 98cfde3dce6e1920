"""Schedulers that multiply the rates: every so many epochs, in every epoch, or by what a function says.

All but LambdaLR say by how much the rate of an epoch differs from that of the epoch before. So they can be chained, and
leave alone what else changes the rates.
"""

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import autograd_core as ag

from ...arguments import brief, check_positive
from ..optimizer import Optimizer
from ..options import check_number
from .base import LRScheduler, fit_state, per_group

__all__ = [
    "ConstantLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]

Lambda = Callable[[int], float]


class _ByFunction(LRScheduler):
    """A function for each group. It is not saved; an object that can be called has its attributes saved."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Lambda | Sequence[Lambda], last_epoch: int = -1) -> None:
        who = type(self).__name__
        self.lr_lambdas = per_group(lr_lambda, "lr_lambda", optimizer, who)
        if wrong := [function for function in self.lr_lambdas if not callable(function)]:
            raise ag.OptionError(f"{who}: lr_lambda must be a function of the epoch, got {brief(wrong[0])}")
        super().__init__(optimizer, last_epoch)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        state = fit_state(self.state_dict(), state_dict, type(self).__name__)
        for function, attributes in zip(self.lr_lambdas, state.pop("lr_lambdas"), strict=True):
            if attributes:
                vars(function).update(attributes)
        self._go_on(state)


class LambdaLR(_ByFunction):
    """In epoch k, the rate at the start times ``lr_lambda(k)``, with one function for all groups or one for each.

    Errors: OptionError for what cannot be called, and for another number of functions than of groups.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=8.0)
    >>> LambdaLR(optimizer, lambda epoch: 0.5 ** (epoch + 1)).get_last_lr()
    [4.0]
    """

    def get_lr(self) -> list[float]:
        return [rate * f(self.last_epoch) for rate, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(_ByFunction):
    """The rate of epoch k is that of the epoch before times ``lr_lambda(k)``.

    Errors: as for LambdaLR.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=8.0)
    >>> scheduler = MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [4.0]
    """

    def get_lr(self) -> list[float]:
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self._is_initial:
            return rates
        return [rate * f(self.last_epoch) for rate, f in zip(rates, self.lr_lambdas, strict=True)]


class _ByFactor(LRScheduler):
    """One factor for all groups."""

    @abstractmethod
    def ratio(self, epoch: int) -> float:
        """By how much the rate of an epoch differs from that of the epoch before."""

    @abstractmethod
    def scale(self, epoch: int) -> float:
        """By how much the rate of an epoch differs from that at the start."""

    def get_lr(self) -> list[float]:
        ratio = self.ratio(self.last_epoch)
        return [group["lr"] * ratio for group in self.optimizer.param_groups]

    def closed_form(self) -> list[float]:
        scale = self.scale(self.last_epoch)
        return [rate * scale for rate in self.base_lrs]


class StepLR(_ByFactor):
    """The rate times `gamma` every `step_size` epochs.

    Errors: OptionError for a step_size that is not positive.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler, rates = StepLR(optimizer, step_size=2, gamma=0.5), []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = check_positive(step_size, "StepLR: step_size"), gamma
        check_number("StepLR", "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return self.gamma if epoch > 0 and epoch % self.step_size == 0 else 1.0

    def scale(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(_ByFactor):
    """The rate times `gamma` in each epoch of `milestones`; one that is named twice counts twice.

    Errors: OptionError for milestones that are not whole numbers.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler, rates = MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5), []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> rates
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        if not all(isinstance(milestone, int) for milestone in self.milestones):
            raise ag.OptionError(f"MultiStepLR: milestones must be whole numbers, got {brief(self.milestones)}")
        check_number("MultiStepLR", "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return self.gamma ** self.milestones.count(epoch)

    def scale(self, epoch: int) -> float:
        return self.gamma ** bisect_right(self.milestones, epoch)


class ConstantLR(_ByFactor):
    """The rate times `factor` in the first `total_iters` epochs.

    Errors: OptionError for a factor outside (0, 1], and for total_iters that is not positive.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> ConstantLR(optimizer, factor=0.25).get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        self.factor = _fraction("ConstantLR: factor", factor)
        self.total_iters = check_positive(total_iters, "ConstantLR: total_iters")
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return self.factor if epoch == 0 else 1 / self.factor if epoch == self.total_iters else 1.0

    def scale(self, epoch: int) -> float:
        return self.factor if epoch < self.total_iters else 1.0


class LinearLR(_ByFactor):
    """The rate times a factor that goes from `start_factor` to `end_factor` in `total_iters` equal steps: a warm-up.

    Errors: OptionError for factors outside [0, 1], a start_factor of 0, and total_iters that is not positive.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler, rates = LinearLR(optimizer, start_factor=0.25, total_iters=3), []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> np.round(rates, 12).tolist()
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor = _fraction("LinearLR: start_factor", start_factor)
        self.end_factor = _fraction("LinearLR: end_factor", end_factor, least_is_allowed=True)
        self.total_iters = check_positive(total_iters, "LinearLR: total_iters")
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        if epoch == 0:
            return self.start_factor
        if self._is_initial or epoch > self.total_iters:
            return 1.0
        rise = self.end_factor - self.start_factor
        return 1 + rise / (self.total_iters * self.start_factor + (epoch - 1) * rise)

    def scale(self, epoch: int) -> float:
        rise = self.end_factor - self.start_factor
        return self.start_factor + rise * min(self.total_iters, epoch) / self.total_iters


class ExponentialLR(_ByFactor):
    """The rate times `gamma` in every epoch.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler = ExponentialLR(optimizer, gamma=0.5)
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        check_number("ExponentialLR", "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return 1.0 if self._is_initial else self.gamma

    def scale(self, epoch: int) -> float:
        return self.gamma**epoch


class PolynomialLR(_ByFactor):
    """The rate times ``(1 - k / total_iters)**power`` in epoch k, and 0 from epoch `total_iters` on.

    Errors: OptionError for total_iters that is not positive, and a negative power.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler, rates = PolynomialLR(optimizer, total_iters=2, power=2.0), []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> rates
    [1.0, 0.25, 0.0, 0.0]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = check_positive(total_iters, "PolynomialLR: total_iters"), power
        check_number("PolynomialLR", "power", power)
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        if self._is_initial or epoch > self.total_iters:
            return 1.0
        return ((1 - epoch / self.total_iters) / (1 - (epoch - 1) / self.total_iters)) ** self.power

    def scale(self, epoch: int) -> float:
        return (1 - min(self.total_iters, epoch) / self.total_iters) ** self.power


def _fraction(name: str, value: Any, least_is_allowed: bool = False) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1 or (value == 0 and not least_is_allowed):
        least = "0" if least_is_allowed else "above 0"
        raise ag.OptionError(f"{name} must be a factor from {least} to 1; got {brief(value)}")
    return value
