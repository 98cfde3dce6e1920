"""Losses of distances between numbers."""

from typing import Any

from .. import functional
from ..functional.losses.reduction import Reduction
from .loss import Loss

__all__ = ["HuberLoss", "L1Loss", "MSELoss", "QuadraticLoss", "SmoothL1Loss"]


class MSELoss(Loss):
    """Mean squared error, ``(input - target)**2`` averaged over all elements.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ: there is no broadcasting.

    >>> MSELoss()(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    2.0
    """

    def forward(self, input: Any, target: Any) -> Any:
        return functional.mse_loss(input, target, reduction=self.reduction)


class QuadraticLoss(Loss):
    """Half the squared distance of each sample, ``||target - input||**2 / 2``: the cost of textbooks, Nielsen's too.

    A sample's loss is a sum over all its elements, and the mean is over samples: n outputs cost n/2 times what MSELoss
    says.
    Shapes: input and target alike, (N,) or (N, ...) -> () or, for reduction "none", (N,).
    Errors: ShapeError for shapes that differ, or without an axis of samples.
    Source: M. Nielsen, Neural Networks and Deep Learning, eq. 6.

    >>> QuadraticLoss()(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]])).item()
    2.5
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Any, target: Any) -> Any:
        return functional.quadratic_loss(input, target, self.reduction)


class L1Loss(Loss):
    """Mean absolute error, ``|input - target|`` averaged over all elements; its slope at 0 is 0.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ: there is no broadcasting.

    >>> L1Loss()(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    1.0
    """

    def forward(self, input: Any, target: Any) -> Any:
        return functional.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """``d**2 / (2 beta)`` where the difference d is below `beta`, else ``|d| - beta / 2``: slopes between -1 and 1.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for a negative beta; beta 0 is the L1 loss.
    Source: Girshick, Fast R-CNN (2015), eq. 3.

    >>> SmoothL1Loss(reduction="none")(np.array([0.5, 3.0]), np.array([0.0, 0.0]))
    array([0.125, 2.5  ])
    """

    def __init__(
        self, size_average: None = None, reduce: None = None, reduction: Reduction = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        return functional.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """``d**2 / 2`` where the difference d is below `delta`, else ``delta (|d| - delta / 2)``.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for a delta that is not positive.
    Source: Huber, Robust estimation of a location parameter (1964).

    >>> HuberLoss(reduction="none", delta=2.0)(np.array([0.5, 3.0]), np.array([0.0, 0.0]))
    array([0.125, 4.   ])
    """

    def __init__(self, reduction: Reduction = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        return functional.huber_loss(input, target, self.reduction, self.delta)
