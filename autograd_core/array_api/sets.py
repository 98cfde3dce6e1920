"""Set functions: the distinct elements. What they are is gathered from the array, so that gradients flow to them."""

from typing import Any, NamedTuple

import numpy as np

from ..numpy_functions import on_values
from .manipulation import reshape

__all__ = ["unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Any
    inverse_indices: Any


def unique_all(x, /):
    """The distinct elements in order, where each is first, which one each element of x is, and how often each is."""
    _, indices, inverse, counts = on_values(np.unique_all, (x,), {})
    return UniqueAll(reshape(x, (-1,))[indices], indices, inverse, counts)


def unique_counts(x, /):
    """The distinct elements in order, and how often each is."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x, /):
    """The distinct elements in order, and which of them each element of x is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x, /):
    """The distinct elements in order."""
    return unique_all(x).values
