"""Losses that are a negative log-likelihood of numbers or counts, and the divergence of distributions."""

import math
from typing import Any, Literal

import numpy as np

import autograd_core as ag

from .reduction import Reduction, check_alike, check_reduction, plain, reduced
from .targets import floating

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: Reduction = "mean"
) -> Any:
    """``(log(var) + (input - target)**2 / var) / 2``: the target is normal, with a predicted mean and variance.

    With `full`, the constant ``log(2 pi) / 2`` is added. A variance below `eps` counts as `eps`, and its gradient is
    that of `eps`, as in PyTorch.
    Shapes: input and target alike; var the same, without the last axis, with one axis 1, or a number -> () or, for
    reduction "none", that of the input.
    Errors: ShapeError for other shapes, OptionError for a negative variance.
    Source: Nix, Weigend, Estimating the mean and variance of the target probability distribution (1994).

    >>> gaussian_nll_loss(np.array([0.0]), np.array([2.0]), np.array([4.0]), full=True).round(4)
    np.float64(2.1121)
    """
    check_reduction(reduction, "gaussian_nll_loss")
    check_alike(input, target, "gaussian_nll_loss")
    shape, given = np.shape(input), np.shape(var)
    if given not in ((), shape):
        if given == shape[:-1]:
            var = ag.expand_dims(var, -1)
        elif len(given) != len(shape) or [b for a, b in zip(shape, given, strict=True) if a != b] != [1]:
            raise ag.ShapeError(
                f"gaussian_nll_loss: var must have the shape of the predictions {shape}, the same without its last "
                f"axis, or with one axis of length 1; got {given}"
            )
    ag.perform(_check_variance, var)
    if not isinstance(var, ag.Tensor):
        var = np.maximum(floating(np.asarray(var), input), eps)
        var = var.astype(input.dtype) if input.dtype.kind == "f" and not given else var
    else:
        var = var + ag.perform(
            lambda var: np.maximum(eps - plain(var), 0), var
        )  # not a maximum, which would take the gradient away
    losses = 0.5 * (ag.log(var) + ag.square(ag.subtract(input, floating(target, input))) / var)
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def _check_variance(var: Any) -> None:
    if (plain(var) < 0).any():
        raise ag.OptionError(f"gaussian_nll_loss: a variance is not negative, got {plain(var).min()}")


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: None = None,
    eps: float = 1e-8,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """``e**input - target * input``: the target is a Poisson count, with the logarithm of its rate as `input`.

    With `log_input=False`, the input is the rate itself, and `eps` keeps its logarithm finite. With `full`, Stirling's
    approximation of the constant ``log(target!)`` is added, for targets above 1.
    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ.

    >>> poisson_nll_loss(np.array([0.0]), np.array([2.0])).item()
    1.0
    """
    check_reduction(reduction, "poisson_nll_loss", size_average, reduce)
    check_alike(input, target, "poisson_nll_loss")
    target = floating(target, input)
    losses = ag.exp(input) - target * input if log_input else input - target * ag.log(input + eps)
    if full:
        several = ag.perform(lambda target: plain(target) > 1, target)
        count = ag.where(several, target, 1.0)
        stirling = count * ag.log(count) - count + 0.5 * ag.log(2 * math.pi * count)
        losses = losses + ag.where(several, stirling, 0.0)
    return reduced(losses, reduction)


def kl_div(
    input: Any,
    target: Any,
    size_average: None = None,
    reduce: None = None,
    reduction: Literal["mean", "batchmean", "sum", "none"] = "mean",
    log_target: bool = False,
) -> Any:
    """Kullback-Leibler divergence ``t (log t - input)``, element by element: `input` holds log-probabilities.

    With `log_target`, the target does as well. The divergence of distributions is the sum over classes: reduction
    "batchmean" is its mean over samples, while "mean" divides by the number of classes too. A target of 0 costs
    nothing, whatever the input, minus infinity included.
    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ.

    >>> kl_div(np.log([[0.5, 0.5]]), np.array([[1.0, 0.0]]), reduction="batchmean").round(4)
    np.float64(0.6931)
    """
    check_reduction(reduction, "kl_div", size_average, reduce, ("mean", "batchmean", "sum", "none"))
    check_alike(input, target, "kl_div")
    target = floating(target, input)
    if log_target:
        nothing = ag.perform(lambda target: np.isneginf(plain(target)), target)
        log_target_, share = ag.where(nothing, 0.0, target), ag.where(nothing, 0.0, ag.exp(target))
        losses = share * (log_target_ - ag.where(nothing, 0.0, input))
    else:
        nothing = ag.perform(lambda target, input: (plain(target) == 0) & np.isneginf(plain(input)), target, input)
        some = ag.capturing() or nothing.any()
        losses = ag.special.xlogy(target, target) - target * (ag.where(nothing, 0.0, input) if some else input)
    if reduction == "batchmean":
        samples = np.shape(input)[0] if np.ndim(input) else 1
        return ag.sum(losses) / samples if samples else ag.mean(losses)  # of nothing, which is refused
    return reduced(losses, reduction)
