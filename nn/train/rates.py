"""Finding a learning rate: the loss over a few updates while the rate grows from far too small to far too large.

Knows modules, losses and optimizers by what is called of them. Everything is left as it was.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_core as ag

from .. import functional
from ..arguments import check_positive
from ..data import DataLoader, Samples
from ..module import Module
from ..randomness import RandomSource
from .batches import loader_of, mode, pairs
from .evaluation import Loss
from .rules import check_optimizer
from .steps import step_of

__all__ = ["LearningRates", "find_lr"]

_SMOOTHING = 0.9
_TOO_LARGE = 4.0  # times the smallest loss


@dataclass(frozen=True)
class LearningRates:
    """The loss at rising learning rates, as it was and smoothed."""

    rates: list[float]
    losses: list[float]
    smoothed: list[float]

    @property
    def suggestion(self) -> float:
        """A tenth of the rate with the smallest smoothed loss: large, and well below where it breaks.

        Errors: DataError where the loss never falls, or there are too few to tell.
        """
        lowest = int(np.argmin(self.smoothed)) if self.smoothed else 0
        if lowest < 3 or self.smoothed[0] - self.smoothed[lowest] <= 1e-3 * abs(self.smoothed[0]):
            raise ag.DataError(
                f"find_lr: in {len(self.rates)} updates the loss never falls; begin lower, take more steps, or see "
                "whether the model learns at all"
            )
        return self.rates[lowest] / 10

    def __str__(self) -> str:
        if not self.rates:
            return "no learning rate was tried"
        text = f"{len(self.rates)} learning rates from {self.rates[0]:.2g} to {self.rates[-1]:.2g}"
        try:
            return f"{text}: {self.suggestion:.2g} is suggested"
        except ag.DataError:
            return f"{text}: the loss never falls"


def find_lr(
    model: Module,
    data: Samples | DataLoader,
    *,
    optimizer: Any,
    loss: Loss = functional.cross_entropy,
    start: float = 1e-6,
    end: float = 10.0,
    steps: int = 100,
    batch_size: int = 64,
    rng: RandomSource = None,
) -> LearningRates:
    """Train for some updates while the learning rate rises from `start` to `end` by a constant factor.

    It ends earlier once the loss is 4 times the smallest. `nn.plots.learning_rates` draws the result, and its
    `suggestion` is a tenth of the rate at which it was smallest. The model, the optimizer, their generators and a
    DataLoader are left as they were; of several groups, the first has these rates, and the others keep their proportion
    to it.
    Errors: OptionError for options out of range.
    Source: L. Smith, Cyclical learning rates for training neural networks (2017).

    >>> model = nn.MLP([2, 16, 2], rng=0)
    >>> points = np.random.default_rng(0).standard_normal((200, 2)).astype(np.float32)
    >>> data = nn.data.TensorDataset(points, (points[:, 0] > 0).astype(np.int64))
    >>> found = nn.train.find_lr(model, data, optimizer=nn.optim.SGD(model.parameters(), lr=0.1), rng=0)
    >>> 1e-3 < found.suggestion < 10
    True
    """
    check_positive(steps, "find_lr: steps")
    check_optimizer(optimizer, model, loss, "find_lr")
    if not 0 < start < end < math.inf:
        raise ag.OptionError(f"find_lr: 0 < start < end must hold, got start={start!r}, end={end!r}")
    loader = loader_of(data, batch_size, "find_lr", shuffle=True, rng=rng)
    groups = optimizer.param_groups
    ratios = [group["lr"] / groups[0]["lr"] if groups[0]["lr"] else 1.0 for group in groups]
    before = model.state_dict(), optimizer.state_dict(), loader.state_dict()
    streams = [(rng, rng.bit_generator.state) for _, rng in model.named_generators()]
    gradients = [(p, p.grad) for p in model.parameters()]
    step = step_of(model, optimizer, loss, several=False)
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    mean = 0.0
    try:
        with mode(model, training=True), np.errstate(over="ignore", invalid="ignore"):
            batches = pairs(loader, "find_lr")
            for i in range(steps):
                rate = start * (end / start) ** (i / max(steps - 1, 1))
                for group, ratio in zip(groups, ratios, strict=True):
                    group["lr"] = rate * ratio
                pair = next(batches, None)
                if pair is None:
                    batches = pairs(loader, "find_lr")
                    pair = next(batches, None)
                    if pair is None:
                        raise ag.OptionError("find_lr: there is no batch; is the data set empty, or smaller than that?")
                value, _ = step((pair,))
                mean = _SMOOTHING * mean + (1 - _SMOOTHING) * value
                smooth = mean / (1 - _SMOOTHING ** (i + 1))
                if not math.isfinite(value) or (smoothed and smooth > _TOO_LARGE * min(smoothed)):
                    break
                rates.append(rate)
                losses.append(value)
                smoothed.append(smooth)
    finally:
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        for parameter, gradient in gradients:
            parameter.grad = gradient
        loader.load_state_dict(before[2])
        for drawing, state in streams:
            drawing.bit_generator.state = state
    return LearningRates(rates, losses, smoothed)
