"""How learning rates change over epochs, as callbacks of `fit`."""

import math
from typing import Any

from .arguments import check_positive
from .history import History

__all__ = ["CosineDecay"]


class CosineDecay:
    """Learning rates that fall from what they are to zero along half a cosine, one step after each epoch.

    In epoch k of n, counted from 0, the rate is ``lr (1 + cos(pi k / n)) / 2``.
    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017), without restarts.

    >>> from nn import Linear, optim
    >>> from nn.history import Epoch
    >>> optimizer = optim.SGD(Linear(1, 1).parameters(), lr=1.0)
    >>> CosineDecay(optimizer, epochs=2)(History([Epoch(1, 0.5)]))
    >>> round(optimizer.param_groups[0]["lr"], 12)
    0.5
    """

    def __init__(self, optimizer: Any, epochs: int) -> None:
        self.optimizer, self.epochs = optimizer, check_positive(epochs, "CosineDecay: epochs")
        self.rates = [group["lr"] for group in optimizer.param_groups]

    def __call__(self, history: History) -> None:
        done = min(len(history) / self.epochs, 1.0)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * (1 + math.cos(math.pi * done)) / 2
