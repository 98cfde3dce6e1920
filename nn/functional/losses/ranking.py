"""Losses of comparisons: which of two is more, and which two are alike."""

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag

from ..distance import pairwise_distance
from .reduction import Reduction, check_alike, check_reduction, reduced
from .targets import floating, signed

__all__ = [
    "cosine_embedding_loss",
    "margin_ranking_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0.0,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """``max(0, margin - t (x1 - x2))``: for t = 1 the first should be more than the second, for t = -1 less.

    A tie, t = 0, costs the margin, and teaches nothing.
    Shapes: input1, input2 and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for targets that are not 1, 0 or -1.

    >>> margin_ranking_loss(np.array([2.0]), np.array([1.0]), np.array([-1])).item()
    1.0
    """
    check_reduction(reduction, "margin_ranking_loss", size_average, reduce)
    check_alike(input1, input2, "margin_ranking_loss", "second inputs")
    check_alike(input1, target, "margin_ranking_loss")
    signs = floating(signed(target, "margin_ranking_loss", ties=True), input1)
    return reduced(ag.relu(margin - signs * ag.subtract(input1, input2)), reduction)


_EPSILON = 1e-12  # PyTorch's, added to both squared lengths


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0.0,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """1 - cos of the angle between two vectors where the target is 1, ``max(0, cos - margin)`` where it is -1.

    Shapes: input1 and input2 (N, n) or (n,); target (N,) or () -> () or, for reduction "none", that of the target.
    Errors: ShapeError for other shapes, OptionError for targets that are neither 1 nor -1.

    >>> x = np.array([[3.0, 4.0], [3.0, 4.0]])
    >>> cosine_embedding_loss(x, np.array([[4.0, 3.0], [4.0, 3.0]]), np.array([1, -1]), reduction="none").round(4)
    array([0.04, 0.96])
    """
    check_reduction(reduction, "cosine_embedding_loss", size_average, reduce)
    check_alike(input1, input2, "cosine_embedding_loss", "second inputs")
    if np.ndim(input1) not in (1, 2) or np.shape(target) != np.shape(input1)[:-1]:
        raise ag.ShapeError(
            "cosine_embedding_loss: inputs must be (batch, n) with targets (batch,), or (n,) with targets (); "
            f"got {np.shape(input1)} and {np.shape(target)}"
        )
    near = signed(target, "cosine_embedding_loss") == 1
    product = ag.sum(input1 * input2, axis=-1)
    squares = [ag.sum(ag.square(x), axis=-1) + _EPSILON for x in (input1, input2)]
    cosine = product / ag.sqrt(squares[0] * squares[1])
    return reduced(ag.where(near, 1 - cosine, ag.relu(cosine - margin)), reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """``max(0, margin + |anchor - positive| - |anchor - negative|)``, with distances in the p-norm, `eps` added.

    With `swap`, the negative's distance is that to the nearer of anchor and positive.
    Shapes: all three (N, n) or (n,) -> () or, for reduction "none", (N,) or ().
    Errors: ShapeError for shapes that differ, OptionError for a margin that is not positive.
    Source: Balntas et al., Learning local feature descriptors with triplets and shallow convolutional networks (2016).

    >>> near, far = np.array([[0.0, 0.0]]), np.array([[0.0, 0.5]])
    >>> triplet_margin_loss(near, near, far).round(4)
    np.float64(0.5)
    """
    check_reduction(reduction, "triplet_margin_loss", size_average, reduce)
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Any:
    """`triplet_margin_loss` with any distance; `pairwise_distance` unless another is given.

    Shapes: all three alike -> () or, for reduction "none", what the distance gives.
    Errors: as for triplet_margin_loss.

    >>> near, far = np.array([[0.0, 0.0]]), np.array([[0.0, 0.5]])
    >>> triplet_margin_with_distance_loss(near, near, far, distance_function=lambda a, b: abs(a - b).sum(-1)).item()
    0.5
    """
    check_reduction(reduction, "triplet_margin_with_distance_loss")
    check_alike(anchor, positive, "triplet_margin_loss", "positives")
    check_alike(anchor, negative, "triplet_margin_loss", "negatives")
    if not margin > 0:
        raise ag.OptionError(f"triplet_margin_loss: margin must be positive, got {margin!r}")
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ag.minimum(far, distance(positive, negative))
    return reduced(ag.relu(margin + near - far), reduction)
