"""Losses that are a negative log-likelihood of numbers or counts, and the divergence of distributions."""

from typing import Any, Literal

from .. import functional
from ..functional.losses.reduction import Reduction
from .loss import Loss

__all__ = ["GaussianNLLLoss", "KLDivLoss", "PoissonNLLLoss"]


class GaussianNLLLoss(Loss):
    """``(log(var) + (input - target)**2 / var) / 2``: the target is normal, with a predicted mean and variance.

    With `full`, the constant ``log(2 pi) / 2`` is added. A variance below `eps` counts as `eps`.
    Shapes: input and target alike; var the same, without the last axis, with one axis 1, or a number -> () or, for
    reduction "none", that of the input.
    Errors: ShapeError for other shapes, OptionError for a negative variance.
    Source: Nix, Weigend, Estimating the mean and variance of the target probability distribution (1994).

    >>> GaussianNLLLoss()(np.array([0.0]), np.array([2.0]), np.array([4.0])).round(4)
    np.float64(1.1931)
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: Reduction = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        return functional.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class PoissonNLLLoss(Loss):
    """``e**input - target * input``: the target is a Poisson count, with the logarithm of its rate as input.

    With `log_input=False`, the input is the rate itself, and `eps` keeps its logarithm finite. With `full`, Stirling's
    approximation of the constant ``log(target!)`` is added, for targets above 1.
    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ.

    >>> PoissonNLLLoss()(np.array([0.0]), np.array([2.0])).item()
    1.0
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: None = None,
        eps: float = 1e-8,
        reduce: None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Any, target: Any) -> Any:
        return functional.poisson_nll_loss(
            log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction
        )


class KLDivLoss(Loss):
    """Kullback-Leibler divergence ``t (log t - input)``, element by element: the input holds log-probabilities.

    With `log_target`, the target does as well. The divergence of distributions is the sum over classes: reduction
    "batchmean" is its mean over samples, while "mean" divides by the number of classes too. A target of 0 costs
    nothing.
    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ.

    >>> KLDivLoss(reduction="batchmean")(np.log([[0.5, 0.5]]), np.array([[1.0, 0.0]])).round(4)
    np.float64(0.6931)
    """

    reductions = ("mean", "batchmean", "sum", "none")

    def __init__(
        self,
        size_average: None = None,
        reduce: None = None,
        reduction: Literal["mean", "batchmean", "sum", "none"] = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        return functional.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
