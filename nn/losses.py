"""Losses as modules: each is the function of the same meaning in `functional`, with its reduction."""

from typing import Any

import autograd_core as ag

from . import functional
from .functional.losses import Reduction
from .module import Module

__all__ = ["BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "MSELoss", "NLLLoss"]


class Loss(Module):
    """A function of predictions and targets, reduced to its "mean", its "sum", or not at all ("none")."""

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__()
        if reduction not in ("mean", "sum", "none"):
            raise ag.OptionError(f"{type(self).__name__}: reduction must be one of mean, sum, none; got {reduction!r}")
        self.reduction = reduction

    def extra_repr(self) -> str:
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class MSELoss(Loss):
    """Mean squared error, ``(prediction - target)**2`` averaged over all elements.

    Shapes: prediction and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ: there is no broadcasting.

    >>> MSELoss()(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    2.0
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        return functional.mse_loss(prediction, target, self.reduction)


class CrossEntropyLoss(Loss):
    """Negative log-likelihood of the target under softmax(logits), in nats, without overflow.

    Shapes: logits (N, classes) or (N, classes, d1, ...); target class ids (N,) or (N, d1, ...), or probabilities of the
    shape of the logits (one-hot rows among them) -> () or, for reduction "none", that of class ids.
    Errors: ShapeError for other shapes, OptionError for a label that is no class, DTypeError for ids that are floats.

    >>> round(CrossEntropyLoss()(np.zeros((1, 4)), np.array([2])).item(), 4)
    1.3863
    """

    def forward(self, logits: Any, target: Any) -> Any:
        return functional.cross_entropy(logits, target, self.reduction)


class NLLLoss(Loss):
    """Negative log-likelihood of class ids, in nats, from the log-probabilities that LogSoftmax gives.

    Shapes: log-probabilities (N, classes) or (N, classes, d1, ...); target (N,) or (N, d1, ...) -> () or, for reduction
    "none", that of the target.
    Errors: as for CrossEntropyLoss.

    >>> round(NLLLoss()(np.log([[0.25, 0.75]]), np.array([1])).item(), 4)
    0.2877
    """

    def forward(self, log_probabilities: Any, target: Any) -> Any:
        return functional.nll_loss(log_probabilities, target, self.reduction)


class BCELoss(Loss):
    """Binary cross-entropy ``-(t log p + (1 - t) log(1 - p))``, in nats; the logarithms are kept above -100.

    Shapes: probability and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for values outside [0, 1].

    >>> round(BCELoss()(np.array([0.75]), np.array([1.0])).item(), 4)
    0.2877
    """

    def forward(self, probability: Any, target: Any) -> Any:
        return functional.binary_cross_entropy(probability, target, self.reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of sigmoid(logits), in nats, exact and without overflow for logits of any size.

    Shapes: logits and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for targets outside [0, 1].

    >>> round(BCEWithLogitsLoss()(np.array([0.0]), np.array([1.0])).item(), 4)
    0.6931
    """

    def forward(self, logits: Any, target: Any) -> Any:
        return functional.binary_cross_entropy_with_logits(logits, target, self.reduction)
