"""The same elements in other shapes."""

import math
from typing import Any

import autograd_core as ag

__all__ = ["flatten"]


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """All axes from `start_dim` to `end_dim` as one, in C order.

    >>> flatten(np.ones((2, 3, 4)), 1).shape
    (2, 12)
    """
    shape = x.shape
    first, last = (dim + len(shape) if dim < 0 else dim for dim in (start_dim, end_dim))
    if not 0 <= first <= last < max(len(shape), 1):
        raise ag.ShapeError(f"flatten: x has shape {shape}, and no axes from {start_dim} to {end_dim}")
    return ag.reshape(x, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))
