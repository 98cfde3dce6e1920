"""How far predictions of real numbers are off: mean errors, and the fraction of variance that is explained.

Knows arrays of real numbers. Does not know models or data sets.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from .labels import array_of

__all__ = ["mean_absolute_error", "mean_squared_error", "r2_score"]

Given = ArrayLike | ag.Tensor


def mean_absolute_error(outputs: Given, targets: Given) -> float:
    """The mean of |output - target|, over samples and whatever each of them holds.

    Shapes: outputs (N, ...), targets the same.
    Errors: ShapeError for shapes that differ or no samples.

    >>> mean_absolute_error([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0])
    0.5
    """
    given, true = pair(outputs, targets, "mean_absolute_error")
    return float(np.abs(given - true).mean())


def mean_squared_error(outputs: Given, targets: Given) -> float:
    """The mean of (output - target)², over samples and whatever each of them holds.

    Shapes: outputs (N, ...), targets the same.
    Errors: ShapeError for shapes that differ or no samples.

    >>> mean_squared_error([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0])
    0.375
    """
    given, true = pair(outputs, targets, "mean_squared_error")
    return float(np.square(given - true).mean())


def r2_score(outputs: Given, targets: Given) -> float:
    """The fraction of the targets' variance that is explained: ``1 - sum (t - y)² / sum (t - mean t)²``.

    1 is perfect, 0 is no better than the mean; of several outputs it is the mean of their figures. Targets that do not
    vary give 1 where they are met exactly and else 0, as in scikit-learn.
    Shapes: outputs (N,) or (N, outputs), targets the same.
    Errors: ShapeError for shapes that differ, and for fewer than two samples, which have no variance.

    >>> round(r2_score([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]), 6)
    0.948608
    """
    given, true = pair(outputs, targets, "r2_score")
    if len(true) < 2:
        raise ag.ShapeError("r2_score: the variance of the targets needs two samples or more, got 1")
    return explained(np.square(given - true).sum(axis=0), np.square(true - true.mean(axis=0)).sum(axis=0))


def explained(residual: NDArray[Any], spread: NDArray[Any]) -> float:
    """R² from the two sums of squares of each output.

    >>> explained(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    0.875
    """
    residual, spread = np.atleast_1d(residual), np.atleast_1d(spread)
    figures = np.where(residual == 0, 1.0, 0.0)
    np.divide(spread - residual, spread, out=figures, where=spread > 0)
    return float(figures.mean())


def pair(outputs: Any, targets: Any, who: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64, if they are of one shape; subtracting (N,) from (N, 1) would give (N, N).

    >>> pair([1.0], [2], "r2_score")
    (array([1.]), array([2.]))
    """
    given, true = array_of(outputs), array_of(targets)
    if given.shape != true.shape or given.ndim == 0:
        raise ag.ShapeError(
            f"{who}: outputs and targets must be of one shape (N, ...), got {given.shape} and {true.shape}; "
            "targets[:, None] makes a column"
        )
    if given.size == 0:
        raise ag.ShapeError(f"{who}: there are no samples")
    for array in (given, true):
        if array.dtype.kind not in "biuf":
            raise ag.DTypeError(f"{who}: outputs and targets must be real numbers, got {array.dtype}")
    return given.astype(np.float64), true.astype(np.float64)
