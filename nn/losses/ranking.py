"""Losses of comparisons: which of two is more, and which two are alike."""

from collections.abc import Callable
from typing import Any

import autograd_core as ag

from .. import functional
from ..functional.losses.reduction import Reduction
from ..layers.distance import PairwiseDistance
from .loss import Loss

__all__ = ["CosineEmbeddingLoss", "MarginRankingLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss"]


class MarginRankingLoss(Loss):
    """``max(0, margin - t (x1 - x2))``: for t = 1 the first should be more than the second, for t = -1 less.

    A tie, t = 0, costs the margin, and teaches nothing.
    Shapes: input1, input2 and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for targets that are not 1, 0 or -1.

    >>> MarginRankingLoss()(np.array([2.0]), np.array([1.0]), np.array([-1])).item()
    1.0
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: None = None,
        reduce: None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return functional.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(Loss):
    """1 - cos of the angle between two vectors where the target is 1, ``max(0, cos - margin)`` where it is -1.

    Shapes: input1 and input2 (N, n) or (n,); target (N,) or () -> () or, for reduction "none", that of the target.
    Errors: ShapeError for other shapes, OptionError for targets that are neither 1 nor -1.

    >>> CosineEmbeddingLoss()(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]]), np.array([1])).round(4)
    np.float64(0.04)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: None = None,
        reduce: None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return functional.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """``max(0, margin + |anchor - positive| - |anchor - negative|)``, with distances in the p-norm, `eps` added.

    With `swap`, the negative's distance is that to the nearer of anchor and positive.
    Shapes: all three (N, n) or (n,) -> () or, for reduction "none", (N,) or ().
    Errors: ShapeError for shapes that differ, OptionError for a margin that is not positive.
    Source: Balntas et al., Learning local feature descriptors with triplets and shallow convolutional networks (2016).

    >>> near, far = np.array([[0.0, 0.0]]), np.array([[0.0, 0.5]])
    >>> TripletMarginLoss()(near, near, far).round(4)
    np.float64(0.5)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: None = None,
        reduce: None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if not margin > 0:
            raise ag.OptionError(f"TripletMarginLoss: margin must be positive, got {margin!r}")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        return functional.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class TripletMarginWithDistanceLoss(Loss):
    """`TripletMarginLoss` with any distance, a function or a module; `PairwiseDistance` unless another is given.

    Shapes: all three alike -> () or, for reduction "none", what the distance gives.
    Errors: as for TripletMarginLoss.

    >>> near, far = np.array([[0.0, 0.0]]), np.array([[0.0, 0.5]])
    >>> TripletMarginWithDistanceLoss(distance_function=lambda a, b: abs(a - b).sum(-1))(near, near, far).item()
    0.5
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        if not margin > 0:
            raise ag.OptionError(f"TripletMarginWithDistanceLoss: margin must be positive, got {margin!r}")
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin, self.swap = margin, swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        return functional.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
