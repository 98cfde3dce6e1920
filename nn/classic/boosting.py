"""Boosting: many stumps that are hardly better than guessing, weighted into one that is much better."""

import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..arguments import check_positive
from ..data import one_hot
from ..module import Module, values
from .samples import class_ids, rows
from .stump import DecisionStump

__all__ = ["AdaBoost"]


class AdaBoost(Module):
    """A weighted vote ``f(x) = sum_i alpha_i g_i(x)`` of decision stumps; each minds what those before got wrong.

    A stump with the error e (by weight) gets the vote ``alpha = rate (log((1 - e) / e) + log(classes - 1))``, and the
    samples that it gets wrong weigh e**alpha more for the next; for two classes that is twice the textbook's
    ``log((1 - e) / e) / 2``, and the same vote. Learning ends before `n_estimators` when a stump makes no mistake,
    which then has the vote 1, or is no better than guessing, and is left out. This is SAMME, as in scikit-learn.
    Shapes: x (N, features) -> scores (N, num_classes), the sum of votes for each class. Buffers: weights
    (n_estimators,), the votes; those of stumps that are not needed are 0.
    Source: Freund, Schapire (1997); Zhu, Zou, Rosset, Hastie, Multi-class AdaBoost (2009).

    >>> x = np.arange(6.0)[:, None]
    >>> model = AdaBoost(3).fit(x, [0, 0, 1, 1, 0, 0])  # no single stump can say that
    >>> model.predict(x)
    array([0, 0, 1, 1, 0, 0])
    """

    weights: Any

    def __init__(self, n_estimators: int = 50, learning_rate: float = 1.0, num_classes: int = 2) -> None:
        super().__init__()
        self.n_estimators = check_positive(n_estimators, "AdaBoost: n_estimators")
        if not learning_rate > 0:
            raise ag.OptionError(f"AdaBoost: learning_rate must be positive, got {learning_rate!r}")
        self.learning_rate = learning_rate
        self.num_classes = check_positive(num_classes, "AdaBoost: num_classes")
        if num_classes < 2:
            raise ag.OptionError("AdaBoost: num_classes must be 2 or more, got 1")
        self.stumps = [DecisionStump() for _ in range(n_estimators)]
        self.register_buffer("weights", np.zeros(n_estimators))
        self.errors: list[float] = []

    def fit(self, x: Any, y: Any) -> Self:
        """Learn stump after stump; `errors` are theirs, by weight. Returns self.

        Shapes: x (N, features), y (N,) class ids.
        Errors: as for DecisionStump, and DataError if no stump is better than guessing.
        """
        samples = rows(x, "AdaBoost")
        ids = class_ids(y, len(samples), "AdaBoost", self.num_classes)
        share = np.full(len(ids), 1 / len(ids))
        votes, self.errors = np.zeros(self.n_estimators), []
        for i, stump in enumerate(self.stumps):
            wrong = stump.fit(samples, ids, share).predict(samples) != ids
            error = float(share[wrong].sum() / share.sum())
            if error >= 1 - 1 / self.num_classes:
                if i == 0:
                    raise ag.DataError(
                        f"AdaBoost: the best stump is wrong for {error:.0%} of the samples, no better than guessing"
                    )
                break
            self.errors.append(error)
            if error <= 0:
                votes[i] = 1.0
                break
            votes[i] = self.learning_rate * (math.log((1 - error) / error) + math.log(self.num_classes - 1))
            share = share * np.exp(votes[i] * wrong)
            share /= share.sum()
        self.weights = votes
        return self

    def forward(self, x: Any) -> Any:
        return sum(self._ballots(x), np.zeros((len(x), self.num_classes)))

    def _ballots(self, x: Any) -> Iterator[Any]:
        """For each stump, its vote for the class that it says."""
        for stump, vote in zip(self.stumps, values(self.weights), strict=True):
            if vote:
                classes = [int(stump.below), int(stump.above)]
                below, above = one_hot(classes, self.num_classes, np.float64)
                side = ag.expand_dims(stump(x), -1)
                yield float(vote) * (side * above + (1 - side) * below)

    def predict(self, x: Any) -> NDArray[np.intp]:
        """The class with most votes, for each sample: (N, features) -> (N,)."""
        return np.asarray(self(rows(x, "AdaBoost"))).argmax(axis=1)

    def staged_predict(self, x: Any) -> Iterator[NDArray[np.intp]]:
        """What `predict` would say with the first stump, the first two, and so on."""
        samples = rows(x, "AdaBoost")
        scores = np.zeros((len(samples), self.num_classes))
        for ballot in self._ballots(samples):
            scores = scores + ballot
            yield scores.argmax(axis=1)

    def extra_repr(self) -> str:
        return f"n_estimators={self.n_estimators}, learning_rate={self.learning_rate}, num_classes={self.num_classes}"
