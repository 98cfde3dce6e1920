"""Labels of classes: whole numbers from 0, and the unit vectors that stand for them.

Knows arrays of labels. Does not know samples.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

import autograd_core as ag

from ..arguments import check_positive
from .collation import constant

__all__ = ["check_labels", "one_hot"]


def one_hot(labels: ArrayLike | ag.Tensor, num_classes: int | None = None, dtype: DTypeLike = np.float32) -> Any:
    """Class k becomes the k-th unit vector.

    Without `num_classes`, or with -1, the largest label is taken for the last class. A Tensor gives a Tensor, an array
    an array.
    Shapes: labels (...) -> (..., num_classes).
    Errors: DTypeError for labels that are not integers, DataError for a label below 0 or not below `num_classes`.

    >>> one_hot([2, 0], num_classes=3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    classes = constant(labels, "one_hot: labels")
    if classes.dtype.kind not in "iu":
        raise ag.DTypeError(
            f"one_hot: labels must be integers, got {classes.dtype}; labels.astype(np.int64) where that is meant"
        )
    if num_classes is None or num_classes == -1:
        if classes.size == 0:
            raise ag.OptionError("one_hot: there is no label to tell the number of classes from; pass num_classes")
        num_classes = max(int(classes.max()), 0) + 1
    num_classes = check_positive(num_classes, "one_hot: num_classes")
    check_labels(classes, num_classes, "one_hot: labels")
    encoded = np.zeros((classes.size, num_classes), dtype)
    encoded[np.arange(classes.size), classes.ravel()] = 1
    encoded = encoded.reshape(*classes.shape, num_classes)
    return ag.asarray(encoded) if isinstance(labels, ag.Tensor) else encoded


def check_labels(labels: NDArray[np.integer[Any]], num_classes: int, who: str) -> None:
    """Refuse labels outside 0 ... num_classes - 1, naming the first of them.

    >>> check_labels(np.array([0, 3]), 3, "labels")
    Traceback (most recent call last):
    autograd_core.errors.DataError: labels must lie in 0 ... 2 (3 classes), but 3 stands at position 1
    """
    wrong = (labels < 0) | (labels >= num_classes)
    if wrong.any():
        position = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ag.DataError(
            f"{who} must lie in 0 ... {num_classes - 1} ({num_classes} classes), but {labels[position]} stands at "
            f"position {position[0] if len(position) == 1 else position}"
        )
