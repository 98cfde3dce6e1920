"""Losses of classes: by cross-entropy, from scores, log-probabilities or probabilities."""

from typing import Any

from .. import functional
from ..functional.losses.reduction import Reduction
from .loss import Loss

__all__ = ["BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "NLLLoss"]


class CrossEntropyLoss(Loss):
    """Negative log-likelihood of the target under softmax(input), in nats, without overflow.

    `weight` has a number for each class; the mean is then one by weight for class ids, and over all samples for
    probabilities, as in PyTorch. Ids that are `ignore_index` do not count. With `label_smoothing` s, the target is
    1 - s of itself and s of the uniform distribution.
    Where nothing counts, the loss is 0, and so is its gradient (PyTorch: NaN). A class of probability 0 costs nothing,
    whatever its score, minus infinity included.
    Shapes: input (N, classes) or (N, classes, d1, ...); target class ids (N,) or (N, d1, ...), or probabilities of the
    shape of the input (one-hot rows among them) -> () or, for reduction "none", that of class ids.
    Errors: ShapeError for other shapes, OptionError for a label that is no class, DTypeError for ids that are floats.

    >>> round(CrossEntropyLoss()(np.zeros((1, 4)), np.array([2])).item(), 4)
    1.3863
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: None = None,
        ignore_index: int = -100,
        reduce: None = None,
        reduction: Reduction = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.keep("weight", weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return functional.cross_entropy(
            input, target, self.weight, None, self.ignore_index, None, self.reduction, self.label_smoothing
        )


class NLLLoss(Loss):
    """Negative log-likelihood of class ids, in nats, from the log-probabilities that LogSoftmax gives.

    `weight`, `ignore_index` and what does not count are as for CrossEntropyLoss.
    Shapes: input (N, classes) or (N, classes, d1, ...); target (N,) or (N, d1, ...) -> () or, for reduction "none",
    that of the target.
    Errors: as for CrossEntropyLoss.

    >>> round(NLLLoss()(np.log([[0.25, 0.75]]), np.array([1])).item(), 4)
    0.2877
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: None = None,
        ignore_index: int = -100,
        reduce: None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.keep("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        return functional.nll_loss(input, target, self.weight, None, self.ignore_index, None, self.reduction)


class BCELoss(Loss):
    """Binary cross-entropy ``-(t log p + (1 - t) log(1 - p))``, in nats; the logarithms are kept above -100.

    `weight` is multiplied with each element's loss; the mean is over elements.
    Shapes: input and target alike, weight one that broadcasts to it -> () or, for reduction "none", that of the input.
    Errors: ShapeError for shapes that differ, OptionError for values outside [0, 1].

    >>> round(BCELoss()(np.array([0.75]), np.array([1.0])).item(), 4)
    0.2877
    """

    def __init__(
        self, weight: Any = None, size_average: None = None, reduce: None = None, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.keep("weight", weight)

    def forward(self, input: Any, target: Any) -> Any:
        return functional.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of sigmoid(input), in nats, exact and without overflow for logits of any size.

    `weight` is multiplied with each element's loss, `pos_weight` with the part of positive targets; the mean is over
    elements.
    Shapes: input and target alike, both weights broadcast to it -> () or, for reduction "none", that of the input.
    Errors: ShapeError for shapes that differ, OptionError for targets outside [0, 1].

    >>> round(BCEWithLogitsLoss()(np.array([0.0]), np.array([1.0])).item(), 4)
    0.6931
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: None = None,
        reduce: None = None,
        reduction: Reduction = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.keep("weight", weight)
        self.keep("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        return functional.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )
