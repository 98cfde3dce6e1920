"""Reading predictions and labels: class ids from scores, one-hot rows or ids, and what is refused on the way.

Knows shapes and types. Does not know what is counted.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..data import check_labels

__all__ = ["array_of", "classes_of"]


def classes_of(
    outputs: Any, labels: Any, who: str, threshold: float | None = None
) -> tuple[NDArray[Any], NDArray[Any], int | None]:
    """Predicted ids (N,), true ids (N,), and the number of classes where columns tell it.

    With a `threshold`, the outputs are (N,) or (N, 1) scores of one unit, and class 1 is predicted above it.

    >>> classes_of([[0.1, 0.9], [0.8, 0.2]], [1, 1], "accuracy")
    (array([1, 0]), array([1, 1]), 2)
    >>> classes_of([0.3, 0.7], [1, 1], "accuracy", threshold=0.5)
    (array([0, 1]), array([1, 1]), 2)
    """
    scores, targets = array_of(outputs), array_of(labels)
    if threshold is not None:
        scores, targets = _above(scores, threshold, who), _of_one_unit(targets, who)
    shapes = f"got outputs {scores.shape} and labels {targets.shape}"
    for array in (scores, targets):
        if array.ndim not in (1, 2):
            raise ag.ShapeError(f"{who}: outputs and labels must be (N, classes) or (N,); {shapes}")
        if array.ndim == 2 and array.shape[1] < 2:
            raise ag.ShapeError(
                f"{who}: {array.shape[1]} columns cannot tell classes apart; {shapes}. Labels are ids (N,), by "
                "labels[:, 0]; one unit's probability is turned into ids by (outputs[:, 0] > 0.5).astype(int), or by "
                "threshold=0.5"
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
    if threshold is not None:
        check_labels(true, 2, f"{who}: labels of one unit")
        columns = 2
    return predicted, true, columns


def array_of(value: Any) -> NDArray[Any]:
    """The numbers of an array, a sequence or a Tensor.

    >>> array_of(ag.tensor([1, 2]))
    array([1, 2])
    """
    return np.asarray(value.data if isinstance(value, ag.Tensor) else value)


def _above(scores: NDArray[Any], threshold: float, who: str) -> NDArray[Any]:
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    if scores.ndim != 1 or scores.dtype.kind != "f":
        raise ag.ShapeError(
            f"{who}: threshold is for the scores of one unit, (N,) or (N, 1) real numbers, got {scores.shape} of "
            f"{scores.dtype}; of several columns the highest is the prediction"
        )
    if np.isnan(scores).any():
        raise ag.DataError(f"{who}: the scores hold NaN (first in row {int(np.argmax(np.isnan(scores)))})")
    return (scores > threshold).astype(np.int64)


def _of_one_unit(labels: NDArray[Any], who: str) -> NDArray[Any]:
    """Labels 0 and 1 as ids, also where they are real numbers or in a column, as binary_cross_entropy wants them."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind == "f":
        if not np.isin(labels, (0, 1)).all():
            raise ag.DataError(f"{who}: labels of one unit are 0 or 1")
        return labels.astype(np.int64)
    return labels


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
