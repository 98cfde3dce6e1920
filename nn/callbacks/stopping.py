"""When it gets no better: early stopping, and keeping the weights of the best epoch.

Knows figures of the history by name. Does not know how they came about.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import check_flag, check_positive
from ..history import better
from ..saving import save_weights
from .base import Callback

__all__ = ["BestWeights", "EarlyStopping"]


class EarlyStopping(Callback):
    """End training when a figure has not become better for `patience` epochs: Nielsen's no-improvement-in-n.

    Better means by more than `min_delta`, from the best so far. `watch` is a figure of the history; losses and errors
    are better low and everything else high, unless `mode` says "min" or "max". With `restore_best`, the model ends with
    the weights of its best epoch, however training ends.
    Errors: OptionError for options out of range, and in training for a figure that there is not.
    Source: M. Nielsen, Neural Networks and Deep Learning, ch. 3; L. Prechelt, Early stopping, but when? (1998).

    >>> EarlyStopping(patience=3).watch
    'validation_loss'
    """

    def __init__(
        self,
        watch: str = "validation_loss",
        *,
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str | None = None,
        restore_best: bool = False,
    ) -> None:
        check_flag(restore_best, "EarlyStopping: restore_best")
        better(watch, 0.0, 0.0, mode)
        if not isinstance(min_delta, int | float) or not 0 <= min_delta < float("inf"):
            raise ag.OptionError(f"EarlyStopping: min_delta must be a number, at least 0; got {min_delta!r}")
        self.watch, self.mode, self.min_delta, self.restore_best = watch, mode, min_delta, restore_best
        self.patience = check_positive(patience, "EarlyStopping: patience")
        self.best: float | None = None
        self.best_epoch = 0
        self._weights: dict[str, Any] | None = None

    def epoch_end(self, run: Any) -> None:
        figure = watched(run, self.watch, "EarlyStopping")
        if self.best is None or better(self.watch, figure, self.best, self.mode, self.min_delta):
            self.best, self.best_epoch = figure, run.epoch
            if self.restore_best:
                self._weights = run.evaluated.state_dict()
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop(f"{self.watch} has not become better since epoch {self.best_epoch}")

    def train_end(self, run: Any) -> None:
        if self._weights is not None:
            run.evaluated.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_epoch": self.best_epoch, "weights": self._weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.best, self.best_epoch, self._weights = state["best"], state["best_epoch"], state["weights"]


class BestWeights(Callback):
    """Write the weights to a file after each epoch whose figure is better than all before.

    `watch` and `mode` are as for EarlyStopping. The file is a safetensors file, as of `nn.saving.save_weights`.
    Errors: OptionError in training for a figure that there is not.

    >>> BestWeights("best.safetensors", "validation_accuracy").watch
    'validation_accuracy'
    """

    def __init__(
        self, path: str | os.PathLike[str], watch: str = "validation_loss", *, mode: str | None = None
    ) -> None:
        better(watch, 0.0, 0.0, mode)
        self.path, self.watch, self.mode = Path(path), watch, mode

    def epoch_end(self, run: Any) -> None:
        watched(run, self.watch, "BestWeights")
        if run.history.best(self.watch, self.mode).number == run.epoch:
            save_weights(run.evaluated, self.path)


def watched(run: Any, name: str, who: str) -> float:
    """A figure of the last epoch.

    Errors: OptionError where there is none, with what helps.
    """
    figure = run.history.last[name]
    if not isinstance(figure, int | float | np.number):
        hint = "give fit validation=, or watch 'train_loss'" if name.startswith("validation_") else "watch one of these"
        there = ", ".join(n for n in run.history.names if isinstance(run.history.last[n], int | float))
        raise ag.OptionError(f"{who}: the epochs have no figure {name!r}; {hint}: {there}")
    return float(figure)
