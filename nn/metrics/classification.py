"""Counting which classes were taken for which: accuracy, precision, recall, F1, and the confusion matrix behind them.

Knows scores, class ids and one-hot labels. Does not know models or data sets.

Note [Nothing to divide by]
Precision has no value for a class that was never predicted, recall none for one that never occurs, F1 none where there
is neither. As in scikit-learn such a figure counts as 0, and a warning says which; `zero_division` gives it another
value, without a warning. NaN leaves the class out of averages.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from ..arguments import check_positive
from ..data import check_labels
from .labels import array_of, classes_of

__all__ = ["accuracy", "confusion_matrix", "f1_score", "precision", "recall", "top_k_accuracy"]

Given = ArrayLike | ag.Tensor
AVERAGES = ("binary", "micro", "macro", "weighted", None)


def accuracy(outputs: Given, labels: Given, *, threshold: float | None = None) -> float:
    """The fraction of samples whose predicted class is the true one; the highest score is the prediction.

    With a `threshold`, the outputs are scores of one unit, (N,) or (N, 1): 0.5 for probabilities, 0 for logits.
    Shapes: outputs (N, classes) scores or (N,) class ids; labels (N,) class ids or (N, classes) one-hot.
    Errors: ShapeError for other shapes or no samples, DTypeError for ids that are not integers, DataError for NaN
    scores, for labels that are no class of the outputs, and for rows of labels that are not one-hot.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0])
    0.6666666666666666
    >>> accuracy([1, 0, 2], [1, 0, 2])
    1.0
    >>> accuracy([-2.0, 3.0], [0, 1], threshold=0.0)
    1.0
    """
    predicted, true, _ = classes_of(outputs, labels, "accuracy", threshold)
    if len(true) == 0:
        raise ag.ShapeError("accuracy: there are no samples (N = 0), so no fraction of them can be right")
    return float(np.mean(predicted == true))


def top_k_accuracy(outputs: Given, labels: Given, k: int = 5) -> float:
    """The fraction of samples whose true class is among the k with the highest scores; of equal ones the first counts.

    Shapes: outputs (N, classes) scores; labels (N,) class ids or (N, classes) one-hot.
    Errors: as for `accuracy`, and OptionError for a k that is not below the number of classes.

    >>> top_k_accuracy([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]], [1, 2], k=2)
    0.5
    """
    return float(np.mean(among_first(outputs, labels, k)))


def among_first(outputs: Any, labels: Any, k: int) -> NDArray[np.bool_]:
    """For each sample, whether its true class is among the k with the highest scores.

    >>> among_first([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]], [1, 2], k=2)
    array([ True, False])
    """
    check_positive(k, "top_k_accuracy: k")
    scores = array_of(outputs)
    if scores.ndim != 2:
        raise ag.ShapeError(f"top_k_accuracy: outputs must be scores (N, classes), got {scores.shape}")
    _, true, _ = classes_of(scores, labels, "top_k_accuracy")
    if k >= scores.shape[1]:
        raise ag.OptionError(
            f"top_k_accuracy: among the first {k} of {scores.shape[1]} classes every sample is right; choose a k below"
        )
    if len(true) == 0:
        raise ag.ShapeError("top_k_accuracy: there are no samples (N = 0), so no fraction of them can be right")
    own = scores[np.arange(len(true)), true][:, None]
    earlier = np.arange(scores.shape[1]) < true[:, None]
    ahead: NDArray[np.bool_] = ((scores > own) | ((scores == own) & earlier)).sum(axis=1) < k
    return ahead


def confusion_matrix(
    outputs: Given, labels: Given, num_classes: int | None = None, *, threshold: float | None = None
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
    return counted(outputs, labels, num_classes, threshold, "confusion_matrix")


def precision(
    outputs: Given,
    labels: Given,
    average: str | None = "binary",
    *,
    threshold: float | None = None,
    zero_division: float | str = "warn",
) -> Any:
    """Of the samples that were predicted to be of a class, the fraction that are.

    `average` over classes: "binary" is the figure of class 1, where there are two; "micro" counts all samples together;
    "macro" is the mean of the classes, "weighted" that by how often each occurs; None gives an array (classes,).
    What has no value is 0, and a warning says so, unless `zero_division` is a number; see Note [Nothing to divide by].
    Shapes: outputs (N, classes) scores or (N,) class ids; labels (N,) class ids or (N, classes) one-hot.
    Errors: as for `accuracy`, and OptionError for "binary" with more than two classes.

    >>> precision([1, 1, 0, 1], [1, 0, 0, 1])
    0.6666666666666666
    >>> precision([0, 1, 1, 2], [0, 1, 2, 2], average=None)
    array([1. , 0.5, 1. ])
    """
    return rate("precision", _matrix("precision", outputs, labels, threshold), average, zero_division)


def recall(
    outputs: Given,
    labels: Given,
    average: str | None = "binary",
    *,
    threshold: float | None = None,
    zero_division: float | str = "warn",
) -> Any:
    """Of the samples of a class, the fraction that were predicted to be. Everything else is as for `precision`.

    >>> recall([1, 1, 0, 0], [1, 0, 0, 1])
    0.5
    >>> recall([0, 1, 1, 2], [0, 1, 2, 2], average="macro")
    0.8333333333333334
    """
    return rate("recall", _matrix("recall", outputs, labels, threshold), average, zero_division)


def f1_score(
    outputs: Given,
    labels: Given,
    average: str | None = "binary",
    *,
    threshold: float | None = None,
    zero_division: float | str = "warn",
) -> Any:
    """The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN). Everything else is as for `precision`.

    >>> f1_score([1, 1, 0, 1], [1, 0, 0, 1])
    0.8
    """
    return rate("f1_score", _matrix("f1_score", outputs, labels, threshold), average, zero_division)


def counted(outputs: Any, labels: Any, num_classes: int | None, threshold: float | None, who: str) -> NDArray[np.int64]:
    """The confusion matrix, with errors in the name of who asks.

    >>> counted([1, 0], [1, 1], None, None, "recall")
    array([[0, 0],
           [1, 1]])
    """
    predicted, true, columns = classes_of(outputs, labels, who, threshold)
    size = _size(num_classes, columns, predicted, true, who)
    check_labels(predicted, size, f"{who}: predicted classes")
    check_labels(true, size, f"{who}: labels")
    cells = true.astype(np.int64) * size + predicted.astype(np.int64)
    return np.bincount(cells, minlength=size * size).reshape(size, size).astype(np.int64, copy=False)


def rate(which: str, matrix: NDArray[np.int64], average: str | None, zero_division: float | str = "warn") -> Any:
    """Precision, recall or F1 of a confusion matrix.

    >>> rate("recall", np.array([[3, 1], [0, 2]]), "binary")
    1.0
    """
    if average not in AVERAGES:
        raise ag.OptionError(f"{which}: average must be {', '.join(map(repr, AVERAGES[:-1]))} or None; got {average!r}")
    if zero_division != "warn" and (isinstance(zero_division, bool | str) or not np.isscalar(zero_division)):
        raise ag.OptionError(
            f"{which}: zero_division must be 'warn' or a number, such as 0, 1 or nan; got {zero_division!r}"
        )
    if average == "binary" and len(matrix) > 2:
        raise ag.OptionError(
            f"{which}: there are {len(matrix)} classes, so average='binary' has no meaning; choose 'macro', 'micro', "
            "'weighted', or None for each class"
        )
    right, occurs, guessed = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    if average == "binary":
        right, occurs, guessed = (np.append(counts, [0, 0])[1:2] for counts in (right, occurs, guessed))
    elif average == "micro":
        right, occurs, guessed = (counts.sum(keepdims=True) for counts in (right, occurs, guessed))
    elif average is not None:  # a class that is in neither has no part in a mean
        there = (occurs > 0) | (guessed > 0)
        right, occurs, guessed = right[there], occurs[there], guessed[there]
    if which == "f1_score":
        right = 2 * right
    whole = {"precision": guessed, "recall": occurs, "f1_score": occurs + guessed}[which]
    figures = np.divide(right, whole, out=np.zeros(len(whole)), where=whole > 0)
    figures[whole == 0] = _without_value(which, np.flatnonzero(whole == 0), average, zero_division)
    if average is None:
        return figures
    weights = occurs if average == "weighted" else np.ones(len(figures))
    known = ~np.isnan(figures)
    if not known.any():
        return float("nan")
    total = weights[known].sum()
    return float((figures[known] * weights[known]).sum() / total if total else figures[known].mean())


def _matrix(who: str, outputs: Any, labels: Any, threshold: float | None) -> NDArray[np.int64]:
    if len(array_of(labels)) == 0:
        raise ag.ShapeError(f"{who}: there are no samples (N = 0)")
    return counted(outputs, labels, None, threshold, who)


def _without_value(which: str, classes: NDArray[Any], average: str | None, zero_division: float | str) -> float:
    """What stands for a figure that has no value; see Note [Nothing to divide by]."""
    if zero_division != "warn":
        return float(zero_division)
    if len(classes):
        why = {"precision": "never predicted", "recall": "not in the labels", "f1_score": "neither predicted nor there"}
        who = "the positive class is" if average == "binary" else f"{len(classes)} of the classes are"
        warnings.warn(
            f"{which}: {who} {why[which]}, and a figure without a value counts as 0; zero_division=0 says that this is "
            "meant",
            RuntimeWarning,
            stacklevel=4,
        )
    return 0.0


def _size(num_classes: Any, columns: int | None, predicted: NDArray[Any], true: NDArray[Any], who: str) -> int:
    if num_classes is None:
        if columns is not None:
            return columns
        if len(true) == 0:
            raise ag.OptionError(f"{who}: no sample tells the number of classes; pass num_classes")
        return max(int(predicted.max()), int(true.max()), 0) + 1
    return check_positive(num_classes, f"{who}: num_classes")
