"""Losses of distances between numbers."""

from typing import Any

import numpy as np

import autograd_core as ag

from .reduction import Reduction, check_alike, check_reduction, reduced, weighted
from .targets import floating

__all__ = ["huber_loss", "l1_loss", "mse_loss", "quadratic_loss", "smooth_l1_loss"]


def mse_loss(
    input: Any,
    target: Any,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
    weight: Any = None,
) -> Any:
    """Squared difference, ``(input - target)**2``, averaged over all elements, or by `weight`.

    Shapes: input, target and weight alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ: there is no broadcasting.

    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    2.0
    """
    check_reduction(reduction, "mse_loss", size_average, reduce)
    check_alike(input, target, "mse_loss")
    if weight is None:
        return ag.squared_error(input, floating(target, input), reduction)
    return weighted(ag.squared_error(input, floating(target, input), "none"), weight, reduction, "mse_loss")


def quadratic_loss(input: Any, target: Any, reduction: Reduction = "mean") -> Any:
    """Half the squared distance of each sample, ``||target - input||**2 / 2``: the cost of textbooks, Nielsen's too.

    A sample's loss is a sum over all its elements, and the mean is over samples: n outputs cost n/2 times what
    `mse_loss` says. Of the functions here, only this one has the factor 1/2.
    Shapes: input and target alike, (N,) or (N, ...) -> () or, for reduction "none", (N,).
    Errors: ShapeError for shapes that differ, or without an axis of samples.
    Source: M. Nielsen, Neural Networks and Deep Learning, eq. 6.

    >>> quadratic_loss(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]])).item()
    2.5
    """
    check_reduction(reduction, "quadratic_loss")
    check_alike(input, target, "quadratic_loss")
    if not np.ndim(input):
        raise ag.ShapeError("quadratic_loss: the first axis is that of samples, got numbers without one")
    squares = ag.square(ag.subtract(input, floating(target, input)))
    return reduced(ag.sum(squares, axis=tuple(range(1, np.ndim(input)))) / 2, reduction)


def l1_loss(
    input: Any,
    target: Any,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
    weight: Any = None,
) -> Any:
    """Absolute difference, ``|input - target|``, averaged over all elements, or by `weight`; its slope at 0 is 0.

    Shapes: input, target and weight alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ: there is no broadcasting.

    >>> l1_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    1.0
    """
    check_reduction(reduction, "l1_loss", size_average, reduce)
    check_alike(input, target, "l1_loss")
    return weighted(ag.absolute(ag.subtract(input, floating(target, input))), weight, reduction, "l1_loss")


def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
    beta: float = 1.0,
) -> Any:
    """``d**2 / (2 beta)`` where the difference d is below `beta`, else ``|d| - beta / 2``: slopes between -1 and 1.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for a negative beta; beta 0 is the L1 loss.
    Source: Girshick, Fast R-CNN (2015), eq. 3.

    >>> smooth_l1_loss(np.array([0.5, 3.0]), np.array([0.0, 0.0]), reduction="none")
    array([0.125, 2.5  ])
    """
    check_reduction(reduction, "smooth_l1_loss", size_average, reduce)
    check_alike(input, target, "smooth_l1_loss")
    if not beta >= 0:
        raise ag.OptionError(f"smooth_l1_loss: beta must not be negative, got {beta!r}")
    difference = ag.subtract(input, floating(target, input))
    distance = ag.absolute(difference)
    if beta == 0:
        return reduced(distance, reduction)
    losses = ag.where(distance < beta, ag.square(difference) / (2 * beta), distance - beta / 2)
    return reduced(losses, reduction)


def huber_loss(input: Any, target: Any, reduction: Reduction = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """``d**2 / 2`` where the difference d is below `delta`, else ``delta (|d| - delta / 2)``.

    Shapes: input, target and weight alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for a delta that is not positive.
    Source: Huber, Robust estimation of a location parameter (1964).

    >>> huber_loss(np.array([0.5, 3.0]), np.array([0.0, 0.0]), reduction="none", delta=2.0)
    array([0.125, 4.   ])
    """
    check_reduction(reduction, "huber_loss")
    check_alike(input, target, "huber_loss")
    if not delta > 0:
        raise ag.OptionError(f"huber_loss: delta must be positive, got {delta!r}")
    difference = ag.subtract(input, floating(target, input))
    distance = ag.absolute(difference)
    losses = ag.where(distance < delta, ag.square(difference) / 2, delta * (distance - delta / 2))
    return weighted(losses, weight, reduction, "huber_loss")
