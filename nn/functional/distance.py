"""How far apart vectors are, and how much alike their directions."""

from typing import Any

import numpy as np

import autograd_core as ag

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Cosine of the angle between vectors along `dim`; a length below `eps` counts as `eps`.

    Shapes: x1 and x2 alike, or such that broadcast -> the same without `dim`.

    >>> cosine_similarity(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([0.6])
    """
    x1, x2 = ag.broadcast_arrays(x1, x2)  # first: along `dim` too, which the lengths are taken of
    one, two = (ag.maximum(ag.linalg.norm(x, axis=dim, keepdims=True), eps) for x in (x1, x2))
    return ag.sum((x1 / one) * (x2 / two), axis=dim)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """The p-norm of ``x1 - x2 + eps``, over the last axis.

    Shapes: x1 and x2 alike, or such that broadcast, (..., n) -> (...), or (..., 1) with `keepdim`.

    >>> pairwise_distance(np.array([[3.0, 4.0]]), np.array([[0.0, 0.0]]), eps=0.0)
    array([5.])
    """
    return ag.linalg.norm(ag.subtract(x1, x2) + eps, ord=p, axis=-1, keepdims=keepdim)


def pdist(input: Any, p: float = 2.0) -> Any:
    """The p-norm of the difference of every two rows: of the first and each later one, then of the second, and so on.

    Shapes: input (N, features) -> (N (N - 1) / 2,).

    >>> pdist(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]]))
    array([5., 3., 4.])
    """
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    if x.ndim != 2:
        raise ag.ShapeError(f"pdist: input must be (N, features), got shape {x.shape}")
    first, second = np.triu_indices(len(x), 1)
    return ag.linalg.norm(x[first] - x[second], ord=p, axis=-1)
