"""The loss at rising learning rates, to choose one by eye.

Knows what `nn.train.find_lr` found. Does not train.
"""

from typing import Any

import autograd_core as ag

from ..train import LearningRates
from .paper import axis, series

__all__ = ["learning_rates"]


def learning_rates(found: LearningRates, ax: Any = None) -> Any:
    """The loss by the learning rate, on a logarithmic axis: thin as it was, thick smoothed, the suggestion dashed.

    Errors: OptionError for what is no result of `nn.train.find_lr`, or one without losses.

    >>> found = nn.train.find_lr(model, data, optimizer=optimizer)  # doctest: +SKIP
    >>> ax = nn.plots.learning_rates(found)  # doctest: +SKIP
    """
    if not isinstance(found, LearningRates):
        raise ag.OptionError(f"learning_rates: expects what nn.train.find_lr gives, got {type(found).__name__}")
    if not found.rates:
        raise ag.OptionError("learning_rates: there is no loss; does the first one diverge?")
    ax = axis(ax, "learning_rates")
    ax.plot(found.rates, found.losses, color=series(0), linewidth=0.8, alpha=0.5, label="loss")
    ax.plot(found.rates, found.smoothed, color=series(0), linewidth=2, label="smoothed")
    try:
        rate = found.suggestion
    except ag.DataError:
        pass  # there is none, and the curve shows why
    else:
        ax.axvline(rate, color=series(1), linestyle=(0, (3, 2)), label=f"suggestion {rate:.2g}")
    ax.set_xscale("log")
    low, high = min(found.losses), max(found.smoothed[0], *found.smoothed[: len(found.smoothed) // 2 + 1])
    ax.set_ylim(
        low - 0.1 * (high - low or 1), high + 0.5 * (high - low or 1)
    )  # where it diverges it goes out at the top
    ax.set(xlabel="learning rate", title="Loss at rising learning rates")
    ax.legend(loc="upper left")
    return ax
