"""Losses with a margin: a score that is right by enough costs nothing."""

from typing import Any, Literal

import autograd_core as ag

from .. import functional
from ..functional.losses.reduction import Reduction
from .loss import Loss

__all__ = [
    "HingeEmbeddingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
]


class HingeEmbeddingLoss(Loss):
    """The distance x of a pair where the target is 1, ``max(0, margin - x)`` where it is -1.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for targets that are neither 1 nor -1.

    >>> HingeEmbeddingLoss(reduction="none")(np.array([0.25, 0.25]), np.array([1, -1]))
    array([0.25, 0.75])
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: None = None,
        reduce: None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        return functional.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class SoftMarginLoss(Loss):
    """``log(1 + e**(-t x))`` for targets t of 1 and -1, without overflow.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for targets that are neither 1 nor -1.

    >>> SoftMarginLoss()(np.array([1e4]), np.array([-1])).item()
    10000.0
    """

    def forward(self, input: Any, target: Any) -> Any:
        return functional.soft_margin_loss(input, target, reduction=self.reduction)


class MultiMarginLoss(Loss):
    """Sum over the wrong classes i of ``max(0, margin - x[target] + x[i])**p``, over the number of all classes.

    `weight` has a number for each class, by which the loss of a sample of that class is multiplied.
    Shapes: input (N, classes) or (classes,); target (N,) or () class ids -> () or, for "none", that of the target.
    Errors: as for CrossEntropyLoss, and OptionError for a p that is neither 1 nor 2.
    Source: Crammer, Singer, On the algorithmic implementation of multiclass kernel-based vector machines (2001).

    >>> MultiMarginLoss()(np.array([[0.0, 0.5]]), np.array([0])).item()
    0.75
    """

    def __init__(
        self,
        p: Literal[1, 2] = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: None = None,
        reduce: None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if p not in (1, 2):
            raise ag.OptionError(f"MultiMarginLoss: p must be 1 or 2, got {p!r}")
        self.keep("weight", weight)
        self.p: Literal[1, 2] = p
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        return functional.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class MultiLabelMarginLoss(Loss):
    """Sum over right classes j and wrong classes i of ``max(0, 1 - x[j] + x[i])``, over the number of all classes.

    A target is a list of class ids, as long as there are classes; the first -1 ends it.
    Shapes: input and target (N, classes) or (classes,) -> () or, for reduction "none", (N,) or ().
    Errors: ShapeError for other shapes, OptionError for a label that is no class, DTypeError for ids that are floats.

    >>> MultiLabelMarginLoss()(np.array([0.1, 0.2, 0.4, 0.8]), np.array([3, 0, -1, 1])).round(4)
    np.float64(0.85)
    """

    def forward(self, input: Any, target: Any) -> Any:
        return functional.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(Loss):
    """Binary cross-entropy of sigmoid(input) with targets 0 and 1, as a mean over classes, then over samples.

    `weight` has a number for each class.
    Shapes: input and target (..., classes) -> () or, for reduction "none", (...).
    Errors: ShapeError for shapes that differ.

    >>> MultiLabelSoftMarginLoss()(np.zeros((1, 2)), np.array([[1, 0]])).round(4)
    np.float64(0.6931)
    """

    def __init__(
        self, weight: Any = None, size_average: None = None, reduce: None = None, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.keep("weight", weight)

    def forward(self, input: Any, target: Any) -> Any:
        return functional.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)
