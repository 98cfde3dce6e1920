"""Indexing functions."""

import numpy as np

from .delegation import same_as

__all__ = ["take", "take_along_axis"]


@same_as(np.take)
def take(x, indices, /, *, axis=None):
    """The slices of x at indices along an axis, which must be named unless x has one only."""


@same_as(np.take_along_axis)
def take_along_axis(x, indices, /, *, axis=-1):
    """The elements of x at indices of their own for each vector along an axis."""
