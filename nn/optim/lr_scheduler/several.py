"""Several schedulers of one optimizer: one after the other, or all at once."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import autograd_core as ag

from ...arguments import check_positive
from ..optimizer import Optimizer
from .base import LRScheduler, check_optimizer, copied, fit_state
from .factors import LinearLR
from .plateau import ReduceLROnPlateau

__all__ = ["ChainedScheduler", "SequentialLR", "Warmup"]


class _Several(LRScheduler):
    """The state of several schedulers."""

    _schedulers: list[LRScheduler]

    def _check(self, optimizer: Any, schedulers: Sequence[LRScheduler]) -> None:
        who = type(self).__name__
        self.optimizer = check_optimizer(optimizer, who)
        for i, scheduler in enumerate(schedulers):
            if not isinstance(scheduler, LRScheduler):
                raise ag.OptionError(
                    f"{who}: schedulers must be schedulers, but number {i} is {type(scheduler).__name__}"
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ag.OptionError(
                    f"{who}: number {i} is ReduceLROnPlateau, whose steps need a measure; step it by itself"
                )
            if scheduler.optimizer is not optimizer:
                raise ag.OptionError(f"{who}: all schedulers must be those of one optimizer; number {i} has another")
        self._schedulers = list(schedulers)

    def step_back(self) -> None:
        for scheduler in self._schedulers:
            scheduler.step_back()

    def rewind(self) -> None:
        for scheduler in self._schedulers:
            scheduler.rewind()

    def restart(self) -> None:
        self.rewind()
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        self._initial_step()

    def state_dict(self) -> dict[str, Any]:
        own = {name: copied(value) for name, value in vars(self).items() if name not in ("optimizer", "_schedulers")}
        return {**own, "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        state = fit_state(self.state_dict(), state_dict, type(self).__name__)
        before = [scheduler.state_dict() for scheduler in self._schedulers]
        try:
            for scheduler, saved in zip(self._schedulers, state.pop("_schedulers"), strict=True):
                scheduler.load_state_dict(saved)
        except ag.DataError:
            for scheduler, saved in zip(self._schedulers, before, strict=True):
                scheduler.load_state_dict(saved)
            raise
        vars(self).update(state)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._schedulers))})"


class SequentialLR(_Several):
    """Schedulers that take turns: the next one begins, at its epoch 0, in each of the epochs `milestones`.

    Errors: OptionError unless there is one milestone fewer than schedulers, in rising order, and for schedulers of
    another optimizer.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> first, second = LinearLR(optimizer, 0.5, total_iters=2), nn.optim.lr_scheduler.ExponentialLR(optimizer, 0.1)
    >>> scheduler, rates = SequentialLR(optimizer, [first, second], milestones=[2]), []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> np.round(rates, 12).tolist()
    [0.5, 0.75, 1.0, 0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        who = type(self).__name__
        self._check(optimizer, schedulers)
        self._milestones = [check_positive(milestone, f"{who}: milestones") for milestone in milestones]
        if len(self._milestones) != len(schedulers) - 1 or self._milestones != sorted(self._milestones):
            raise ag.OptionError(
                f"{who}: {len(schedulers)} schedulers need {max(len(schedulers) - 1, 0)} milestones, in rising order; "
                f"got {list(milestones)}"
            )
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        self.step_back()  # of what each scheduler did when it was made, nothing is left
        self._schedulers[0]._initial_step()
        self._last_lr = self._schedulers[0].get_last_lr()

    def _initial_step(self) -> None:
        self.last_epoch = 0
        self._schedulers[0]._initial_step()
        self._last_lr = self._schedulers[0].get_last_lr()

    @ag.performed
    def step(self) -> None:
        """Go on to the next epoch, and set its rates."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            scheduler.restart()
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class Warmup(SequentialLR):
    """Another scheduler after a warm-up: rates rise from `start_factor` of what they are in `steps` equal steps first.

    The same as a SequentialLR of LinearLR and that scheduler.
    Errors: OptionError for steps that is not positive, and a start_factor outside (0, 1].

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> cosine = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> scheduler, rates = Warmup(cosine, steps=2, start_factor=0.5), []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr(); optimizer.step(); scheduler.step()
    >>> np.round(rates, 12).tolist()
    [0.5, 0.75, 1.0, 0.5, 0.0]
    """

    def __init__(self, scheduler: LRScheduler, steps: int, start_factor: float = 1 / 3) -> None:
        optimizer = check_optimizer(getattr(scheduler, "optimizer", None), "Warmup")
        rise = LinearLR(optimizer, start_factor, total_iters=check_positive(steps, "Warmup: steps"))
        super().__init__(optimizer, [rise, scheduler], [steps])


class ChainedScheduler(_Several):
    """Schedulers that all change the rates in every step, one upon the other.

    Errors: OptionError for no schedulers, and for schedulers of another optimizer.

    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> parts = [nn.optim.lr_scheduler.ExponentialLR(optimizer, 0.5) for _ in range(2)]
    >>> scheduler = ChainedScheduler(parts)
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ag.OptionError("ChainedScheduler: there are no schedulers")
        self._check(getattr(schedulers[0], "optimizer", None) if optimizer is None else optimizer, schedulers)
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _initial_step(self) -> None:
        for scheduler in self._schedulers:
            scheduler._initial_step()
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    @ag.performed
    def step(self) -> None:
        """Let all go on to the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]
