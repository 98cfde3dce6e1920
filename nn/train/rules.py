"""What goes along with updates: learning rates that change, gradients that are clipped, weights that are averaged.

Knows schedulers and averages by what is called of them. Does not know the loop.
"""

import inspect
from collections.abc import Callable
from numbers import Real
from typing import Any

import autograd_core as ag

from .. import optim
from ..arguments import brief
from ..history import Epoch
from ..module import Module

__all__ = ["Scheduling", "averaged", "check_optimizer", "clipping", "option"]

_BY_STEP = ("OneCycleLR", "CyclicLR")  # whose settings count updates


class Scheduling:
    """When a scheduler makes its step, and of which figure.

    Errors: OptionError for another interval, and for what has no step().
    """

    def __init__(self, scheduler: Any, every: str | None, watch: str) -> None:
        if scheduler is not None and not callable(getattr(scheduler, "step", None)):
            raise ag.OptionError(f"fit: scheduler must have a step(), got {type(scheduler).__name__}")
        if every not in ("epoch", "step", None):
            raise ag.OptionError(f"fit: scheduler_every must be 'epoch', 'step' or None, got {every!r}")
        self._scheduler, self._watch = scheduler, watch
        self._looks = scheduler is not None and "metrics" in inspect.signature(scheduler.step).parameters
        by_step = type(scheduler).__name__ in _BY_STEP if every is None else every == "step"
        if by_step and self._looks:
            raise ag.OptionError("fit: a scheduler that looks at a figure makes its steps by epochs")
        self.after_step: Callable[[], Any] | None = scheduler.step if scheduler is not None and by_step else None

    def after_epoch(self, epoch: Epoch) -> None:
        """Make a step after an epoch, if that is when."""
        if self._scheduler is None or self.after_step is not None:
            return
        if not self._looks:
            self._scheduler.step()
            return
        figure = epoch[self._watch]
        if figure is None:
            raise ag.OptionError(f"fit: the scheduler looks at {self._watch!r}, and the epochs have no such figure")
        self._scheduler.step(figure)


def clipping(model: Module, norm: float | None, value: float | None) -> Callable[[], Any] | None:
    """The function that clips the gradients of a model, if they are to be."""
    parameters = list(model.parameters())
    steps: list[Callable[[], Any]] = []
    if norm is not None:
        largest = option("clip_norm", norm)
        steps.append(lambda: optim.clip_grad_norm_(parameters, largest))
    if value is not None:
        bound = option("clip_value", value)
        steps.append(lambda: optim.clip_grad_value_(parameters, bound))
    return (lambda: [step() for step in steps]) if steps else None


def check_optimizer(optimizer: Any, model: Any, loss: Any, who: str) -> None:
    """Refuse what is no optimizer, and one that moves nothing of the model (nor of a loss that learns).

    Errors: OptionError.
    """
    if not isinstance(model, Module):
        raise ag.OptionError(f"{who}: model must be an nn.Module, got {brief(model)}")
    if isinstance(optimizer, type) or not callable(getattr(optimizer, "step", None)):
        raise ag.OptionError(
            f"{who}: optimizer must be one of the model's parameters, such as nn.optim.Adam(model.parameters()); got "
            f"{brief(optimizer)}"
        )
    moved = {id(p) for group in getattr(optimizer, "param_groups", ()) for p in group["params"]}
    learned = [*model.parameters(), *(loss.parameters() if isinstance(loss, Module) else ())]
    if moved and not any(id(parameter) in moved for parameter in learned):
        raise ag.OptionError(
            f"{who}: the optimizer has none of this model's parameters, so that the model would not learn; make it of "
            "model.parameters(), after everything that replaces them"
        )


def averaged(ema: Any, model: Module) -> Any:
    """An average of the weights: the one that is given, or one of a decay."""
    if ema is None or hasattr(ema, "update_parameters"):
        return ema
    if isinstance(ema, bool) or not isinstance(ema, Real) or not 0 <= float(ema) < 1:
        raise ag.OptionError(f"fit: ema must be an AveragedModel, or a decay from 0 to below 1; got {ema!r}")
    from ..averaging import AveragedModel, get_ema_multi_avg_fn

    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(float(ema)), use_buffers=True)


def option(name: str, value: Any) -> float:
    """A number, at least 0.

    >>> option("l2", 0.1)
    0.1
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < float("inf"):
        raise ag.OptionError(f"fit: {name} must be a finite number, at least 0; got {value!r}")
    return float(value)
