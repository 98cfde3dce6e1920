"""How good predictions are, in numbers that people read; none of them has a gradient.

Knows scores, class ids and one-hot labels. Does not know models or data sets.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from .arguments import check_positive
from .data import check_labels

__all__ = ["accuracy", "confusion_matrix"]


def accuracy(outputs: ArrayLike | ag.Tensor, labels: ArrayLike | ag.Tensor) -> float:
    """The fraction of samples whose predicted class is the true one; the highest score is the prediction.

    Shapes: outputs (N, classes) scores or (N,) class ids; labels (N,) class ids or (N, classes) one-hot.
    Errors: ShapeError for other shapes or no samples, DTypeError for ids that are not integers, DataError for NaN
    scores, for labels that are no class of the outputs, and for rows of labels that are not one-hot.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0])
    0.6666666666666666
    >>> accuracy([1, 0, 2], [1, 0, 2])
    1.0
    """
    predicted, true, _ = _classes(outputs, labels, "accuracy")
    if len(true) == 0:
        raise ag.ShapeError("accuracy: there are no samples (N = 0), so no fraction of them can be right")
    return float(np.mean(predicted == true))


def confusion_matrix(
    outputs: ArrayLike | ag.Tensor, labels: ArrayLike | ag.Tensor, num_classes: int | None = None
) -> NDArray[np.int64]:
    """Entry (i, j) counts the samples of class i that were predicted to be of class j.

    Without `num_classes`, the columns of scores or one-hot labels tell the number, or else the largest id.
    Shapes: outputs (N, classes) scores or (N,) class ids; labels (N,) class ids or (N, classes) one-hot
    -> (num_classes, num_classes).
    Errors: as for `accuracy`, and DataError for a class id that is not below `num_classes`.

    >>> confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2])
    array([[1, 0, 0],
           [0, 1, 0],
           [0, 1, 1]])
    """
    predicted, true, columns = _classes(outputs, labels, "confusion_matrix")
    size = _size(num_classes, columns, predicted, true)
    check_labels(predicted, size, "confusion_matrix: predicted classes")
    check_labels(true, size, "confusion_matrix: labels")
    cells = true.astype(np.int64) * size + predicted.astype(np.int64)
    return np.bincount(cells, minlength=size * size).reshape(size, size).astype(np.int64, copy=False)


def _classes(outputs: Any, labels: Any, who: str) -> tuple[NDArray[Any], NDArray[Any], int | None]:
    """Predicted ids (N,), true ids (N,), and the number of classes where columns tell it."""
    scores, targets = _array(outputs), _array(labels)
    shapes = f"got outputs {scores.shape} and labels {targets.shape}"
    for array in (scores, targets):
        if array.ndim not in (1, 2):
            raise ag.ShapeError(f"{who}: outputs and labels must be (N, classes) or (N,); {shapes}")
        if array.ndim == 2 and array.shape[1] < 2:
            raise ag.ShapeError(
                f"{who}: {array.shape[1]} columns cannot tell classes apart; {shapes}. Labels are ids (N,), by "
                "labels[:, 0]; one unit's probability is turned into ids by (outputs[:, 0] > 0.5).astype(int)"
            )
    if len(scores) != len(targets):
        raise ag.ShapeError(f"{who}: outputs and labels must have one row for each sample; {shapes}")
    if scores.ndim == targets.ndim == 2 and scores.shape != targets.shape:
        raise ag.ShapeError(f"{who}: outputs and one-hot labels must have one column for each class; {shapes}")
    columns = next((array.shape[1] for array in (scores, targets) if array.ndim == 2), None)
    true = _ids(targets, f"{who}: labels") if targets.ndim == 1 else _hot(targets, who)
    predicted = _ids(scores, f"{who}: outputs (N,)") if scores.ndim == 1 else _highest(scores, who)
    if scores.ndim == 2:
        check_labels(true, scores.shape[1], f"{who}: labels")
    return predicted, true, columns


def _array(value: Any) -> NDArray[Any]:
    return np.asarray(value.data if isinstance(value, ag.Tensor) else value)


def _ids(array: NDArray[Any], who: str) -> NDArray[Any]:
    if array.dtype.kind not in "biu":
        raise ag.DTypeError(
            f"{who} must be class ids, which are integers, got {array.dtype}; "
            "probabilities of one unit are turned into ids by (p > 0.5).astype(int)"
        )
    return array


def _hot(rows: NDArray[Any], who: str) -> NDArray[Any]:
    wrong = ((rows != 0) & (rows != 1)).any(axis=1) | ((rows != 0).sum(axis=1) != 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ag.DataError(
            f"{who}: labels (N, classes) must be one-hot, a single 1 and otherwise 0 in each row, "
            f"but row {row} is {np.array2string(rows[row], threshold=12)}"
        )
    ids: NDArray[Any] = np.argmax(rows, axis=1)
    return ids


def _highest(scores: NDArray[Any], who: str) -> NDArray[Any]:
    missing = np.isnan(scores).any(axis=1)
    if missing.any():
        raise ag.DataError(
            f"{who}: the scores hold NaN (first in row {int(np.argmax(missing))}), so no class is the highest; "
            "training has probably diverged: try a smaller learning rate"
        )
    ids: NDArray[Any] = np.argmax(scores, axis=1)
    return ids


def _size(num_classes: Any, columns: int | None, predicted: NDArray[Any], true: NDArray[Any]) -> int:
    if num_classes is None:
        if columns is not None:
            return columns
        if len(true) == 0:
            raise ag.OptionError("confusion_matrix: no sample tells the number of classes; pass num_classes")
        return max(int(predicted.max()), int(true.max()), 0) + 1
    return check_positive(num_classes, "confusion_matrix: num_classes")
