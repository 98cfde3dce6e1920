"""What classifiers have in common: labels of any kind in, probabilities and labels out."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from .. import functional
from ..module import Module
from ..scikit import (
    ClassifierMixin,
    accuracy_score,
    check_classification_targets,
    type_of_target,
    validate_data,
)
from .network import NetworkEstimator

__all__ = ["Classifier"]


@dataclass(eq=False, repr=False)
class Classifier(ClassifierMixin, NetworkEstimator):
    """A network with one output for each class, trained by the cross-entropy."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on samples and their labels; returns self."""
        X, y = self._labelled(X, y, reset=True)
        classes, ids = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ag.DataError(f"{type(self).__name__}: y must hold labels of two classes or more, got 1 class")
        fresh = not (self.warm_start and hasattr(self, "model_"))
        if not fresh and not np.array_equal(classes, self.classes_):
            raise ag.DataError(
                f"{type(self).__name__}: warm_start needs the classes of the first fit, {self.classes_}; got {classes}"
            )
        self.classes_: NDArray[Any] = classes
        self._fit(X, ids, len(classes), stratify=True, fresh=fresh)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Train for one epoch more; the first call needs all `classes` that there will be. Returns self."""
        first = not hasattr(self, "model_")
        if first and classes is None:
            raise ag.OptionError(f"{type(self).__name__}: the first call of partial_fit needs classes=, all labels")
        X, y = self._labelled(X, y, reset=first)
        if first:
            self.classes_ = np.unique(np.asarray(classes))
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ag.DataError(f"{type(self).__name__}: label {unknown[0]!r} is none of the classes {self.classes_}")
        self._partial_fit(X, np.searchsorted(self.classes_, y), len(self.classes_))
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """The probability of each class: (N, classes), in the order of `classes_`."""
        return np.asarray(functional.softmax(self._outputs(X), -1))

    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """The logarithm of the probability of each class: (N, classes)."""
        return np.asarray(functional.log_softmax(self._outputs(X), -1))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable label of each sample: (N,)."""
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(axis=1)]

    def _labelled(self, X: Any, y: Any, reset: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        X, y = validate_data(self, X, y, reset=reset, dtype=(np.float64, np.float32), **self._accepted())
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind not in ("binary", "multiclass"):
            raise ag.DataError(
                f"{type(self).__name__}: y must hold one label for each sample, got targets of type {kind}"
            )
        return X, y

    def _loss(self, outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs, targets)

    def _score(self, model: Module, X: NDArray[Any], targets: NDArray[Any]) -> float:
        return float(accuracy_score(targets, self._run(model, X).argmax(axis=1)))
