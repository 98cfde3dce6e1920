"""What the classic units take: numbers in rows, and a class id for each row, checked in the same words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

__all__ = ["class_ids", "rows"]


def rows(x: Any, who: str, features: int | None = None) -> NDArray[Any]:
    """Samples as a matrix of floating-point numbers.

    Errors: ShapeError for what is no matrix, has no samples, or another number of features; DataError for NaN.

    >>> rows([[1, 2]], "Perceptron", 2)
    array([[1., 2.]])
    """
    x = np.asarray(x.detach().data if isinstance(x, ag.Tensor) else x)
    if x.dtype.kind != "f":
        x = x.astype(float)
    if x.ndim != 2 or not x.size or (features is not None and x.shape[1] != features):
        wanted = "features" if features is None else f"{features} features"
        hint = "; x[:, None] is a column of one feature, x[None] a single sample" if x.ndim == 1 and x.size else ""
        raise ag.ShapeError(f"{who}: x must be (samples, {wanted}), at least one of each; got {x.shape}{hint}")
    if np.isnan(x).any():
        row, column = np.argwhere(np.isnan(x))[0]
        raise ag.DataError(f"{who}: x[{row}, {column}] is NaN")
    return x


def class_ids(y: Any, samples: int, who: str, classes: int | None = None) -> NDArray[np.intp]:
    """One class id for each sample, from 0 up to the number of classes, if there is one.

    Errors: DTypeError for ids that are not whole numbers, ShapeError for another number of them, DataError for an id
    that is no class.

    >>> class_ids([True, False], 2, "Perceptron")
    array([1, 0])
    """
    ids = np.asarray(y.detach().data if isinstance(y, ag.Tensor) else y)
    if ids.dtype.kind not in "iub":
        hint = "y.astype(int)" if ids.dtype.kind == "f" else "np.unique(y, return_inverse=True)[1] makes such of names"
        raise ag.DTypeError(f"{who}: class ids must be integers, got {ids.dtype}; {hint}")
    if ids.shape != (samples,):
        hint = "; use y[:, 0]" if ids.shape == (samples, 1) else ""
        raise ag.ShapeError(f"{who}: y must have a class id for each of {samples} samples, got shape {ids.shape}{hint}")
    if ids.min() < 0 or (classes is not None and ids.max() >= classes):
        wrong = ids[(ids < 0) | (ids >= (classes or np.inf))][0]
        hint = "; labels -1 and 1 become (y + 1) // 2" if wrong == -1 else ""
        up_to = "0, 1, ..." if classes is None else f"0 to {classes - 1}"
        raise ag.DataError(f"{who}: class ids are {up_to}, got {wrong}{hint}")
    return ids.astype(np.intp)
