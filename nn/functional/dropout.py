"""Leaving elements out at random."""

from typing import Any

import numpy as np

import autograd_core as ag

from ..randomness import RandomSource, generator

__all__ = ["dropout"]


def dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: RandomSource = None) -> Any:
    """Set each element to 0 with probability `p`, and divide the others by 1 - p; nothing unless `training`.

    Shapes: x (...) -> the same.
    Errors: OptionError for p outside [0, 1].
    Source: Srivastava et al., Dropout (2014), scaled in training in the place of testing.

    >>> dropout(np.ones(4), 0.5, rng=0)
    array([2., 2., 2., 0.])
    """
    if not 0 <= p <= 1:
        raise ag.OptionError(f"dropout: p is the probability to drop, from 0 to 1; got {p!r}")
    if not training or p == 0:
        return x
    kept = generator(rng, "dropout").random(np.shape(x), np.float32) >= p
    dtype = getattr(x, "dtype", np.dtype(np.float64))
    return x * (kept * dtype.type(1 / (1 - p) if p < 1 else 0))
