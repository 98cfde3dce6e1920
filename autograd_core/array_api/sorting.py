"""Sorting functions."""

import numpy as np

from .delegation import evaluate
from .manipulation import flip

__all__ = ["argsort", "sort"]


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    """The indices that sort an array along an axis; a constant. With `stable`, equal elements keep their order."""
    if not descending:
        return evaluate(np.argsort, x, axis=axis, stable=stable)
    # The last of equal elements comes first in an array sorted backwards, unless it was turned round before.
    backwards = evaluate(np.argsort, flip(x, axis=axis), axis=axis, stable=stable)
    return x.shape[axis] - 1 - flip(backwards, axis=axis)


def sort(x, /, *, axis=-1, descending=False, stable=True):
    """The elements in order along an axis."""
    result = evaluate(np.sort, x, axis=axis, stable=stable)
    return flip(result, axis=axis) if descending else result
