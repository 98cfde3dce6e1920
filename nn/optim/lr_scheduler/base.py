"""What schedulers share: the count of steps, the rates they start from, and the state.

Knows an optimizer's groups and their learning rates. Does not know any formula.
"""

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from ..optimizer import Optimizer

__all__ = ["LRScheduler", "NotStepped", "copied", "fit_state", "per_group"]

NOT_SAVED = ("optimizer", "_is_initial", "_goes_on", "_get_lr_called_within_step")  # the last is PyTorch's


class NotStepped(UserWarning):
    """A scheduler was told to go on before the optimizer took its first step."""


class LRScheduler:
    """Learning rates that change from epoch to epoch, or from step to step: what schedulers derive from.

    Call `step()` after each epoch, or after each step of the optimizer, which comes first. A scheduler of your own
    defines `get_lr()`, the rates of all groups for `self.last_epoch`, from `self.base_lrs`, the rates at the start, or
    from what the groups have. `last_epoch` is -1 for a start; another one goes on from there with the "initial_lr" that
    the groups must then have.
    Errors: OptionError for what is no optimizer, and where "initial_lr" is missing.

    >>> class Halving(LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
    >>> optimizer = nn.optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=0.8)
    >>> scheduler = Halving(optimizer)
    >>> for epoch in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.2]
    """

    last_epoch: int
    base_lrs: list[float]
    _step_count: int
    _last_lr: list[float]
    _is_initial = False
    _goes_on = False  # with a state from before, when nobody knows whether the optimizer has made a step

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = check_optimizer(optimizer, type(self).__name__)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ag.OptionError(
                    f"{type(self).__name__}: to go on from last_epoch={last_epoch}, group {i} of the optimizer needs "
                    "an 'initial_lr'; load the optimizer's state_dict first, or leave last_epoch out and load the "
                    "scheduler's"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """The rates of all groups in epoch `last_epoch`; each scheduler says how."""
        raise NotImplementedError(f"{type(self).__name__}: define get_lr(self), the rates of all groups")

    def closed_form(self) -> list[float] | None:
        """The rates in epoch `last_epoch` from those at the start alone, or None where there is no such formula."""
        return None

    def get_last_lr(self) -> list[float]:
        """The rates that were set last."""
        return self._last_lr

    @ag.performed
    def step(self) -> None:
        """Go on to the next epoch, and set its rates."""
        optimizer = self.optimizer
        unstepped = self._step_count == 1 and not optimizer.has_stepped and not self._goes_on
        if unstepped and type(optimizer).step is Optimizer.step:
            warnings.warn(
                f"{type(self).__name__}.step() came before the first optimizer.step(), so that the first rate is "
                "passed over; call optimizer.step() first",
                NotStepped,
                stacklevel=2,
            )
        self._step_count += 1
        self._go_to(self.last_epoch + 1, self.get_lr)

    def restart(self) -> None:
        """Go to epoch 0, as one of several schedulers that take turns."""
        self._go_to(0, lambda: self.closed_form() or self.get_lr())

    def _go_to(self, epoch: int, rates: Any) -> None:
        self.last_epoch = epoch
        self._set(rates())

    def _set(self, rates: Sequence[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = float(rate)
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def rewind(self) -> None:
        """Go back to before the first epoch; the rates stay."""
        self.last_epoch = -1

    def step_back(self) -> None:
        """Take one step off the count, where another scheduler comes first."""
        self.last_epoch -= 1

    # --- the state ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, whose rates its own state_dict has. Functions are not saved."""
        return {name: copied(value) for name, value in vars(self).items() if name not in NOT_SAVED}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what state_dict gave; nothing is changed unless all of it fits. The rates come with the optimizer.

        Errors: DataError for other names, or values of another kind.
        """
        self._go_on(fit_state(self.state_dict(), state_dict, type(self).__name__))

    def _go_on(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._goes_on = True

    def __repr__(self) -> str:
        shown = (f"{k}={v!r}" for k, v in vars(self).items() if k != "optimizer" and not k.startswith("_"))
        return f"{type(self).__name__}({', '.join(shown)})"


def check_optimizer(optimizer: Any, who: str) -> Optimizer:
    """The optimizer; OptionError unless it is one."""
    if not isinstance(optimizer, Optimizer):
        raise ag.OptionError(f"{who}: optimizer must be an Optimizer of nn.optim, got {type(optimizer).__name__}")
    return optimizer


def per_group(value: Any, name: str, optimizer: Optimizer, who: str) -> list[Any]:
    """A value for each group of an optimizer; OptionError for a list of another length."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * groups
    if len(value) != groups:
        raise ag.OptionError(f"{who}: {name} must be one for each of the {groups} groups, got {len(value)}")
    return list(value)


def copied(value: Any) -> Any:
    """A copy of what a scheduler holds: functions are None, other objects that can be called their attributes."""
    if callable(value):
        return copy.deepcopy(vars(value)) if hasattr(value, "__dict__") and not hasattr(value, "__code__") else None
    if isinstance(value, list | tuple):
        return [copied(part) for part in value]
    return copy.deepcopy(value)


def fit_state(own: Mapping[str, Any], given: Mapping[str, Any], who: str) -> dict[str, Any]:
    """A copy of a saved state; DataError unless it has the names and kinds of one's own."""
    given = {name: value for name, value in given.items() if name not in NOT_SAVED}
    if missing := sorted(set(own) ^ set(given)):
        raise ag.DataError(f"{who}.load_state_dict: this is not the state of a {who}; differing: {', '.join(missing)}")
    for name, value in given.items():
        if _kind(own[name]) != _kind(value) and own[name] is not None and value is not None:
            raise ag.DataError(f"{who}.load_state_dict: {name} is {_kind(own[name])} here, but {_kind(value)} there")
    return copied(given)


def _kind(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return "a number" if isinstance(value, int | float | np.number) else f"a {type(value).__name__}"
