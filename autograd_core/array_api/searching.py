"""Searching functions: where elements are, which is a constant, and the choice between two arrays."""

import numpy as np

from .delegation import evaluate, same_as
from .statistical import sum

__all__ = ["argmax", "argmin", "count_nonzero", "nonzero", "searchsorted", "where"]


@same_as(np.argmax)
def argmax(x, /, *, axis=None, keepdims=False):
    """The index of the largest element; of the first, if there are several."""


@same_as(np.argmin)
def argmin(x, /, *, axis=None, keepdims=False):
    """The index of the smallest element; of the first, if there are several."""


def count_nonzero(x, /, *, axis=None, keepdims=False):
    """How many elements are not zero, along axes."""
    return sum(evaluate(np.not_equal, x, 0), axis=axis, keepdims=keepdims)


@same_as(np.nonzero)
def nonzero(x, /):
    """The indices of the elements that are not zero: an array for each axis."""


@same_as(np.searchsorted)
def searchsorted(x1, x2, /, *, side="left", sorter=None):
    """Where in the sorted vector x1 the elements of x2 would go in order."""


@same_as(np.where)
def where(condition, x1, x2, /):
    """x1 where the condition holds, else x2."""
