"""How well scores put samples in order: the area under the ROC curve, and average precision.

Knows scores and labels. Does not know at which score a decision is made, which is why it looks at all of them.

Note [One class]
Where all labels are of one class nothing can be in order: roc_auc is NaN, and so is average_precision without a
positive sample; a warning says so. As in scikit-learn, which however calls the latter 0.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from .labels import array_of, classes_of

__all__ = ["average_precision", "roc_auc"]

Given = ArrayLike | ag.Tensor


def roc_auc(outputs: Given, labels: Given, average: str | None = "macro") -> Any:
    """The area under the ROC curve: the probability that a positive sample scores above a negative one, ties half.

    With one column of scores, or none, the labels are 0 and 1. With two, class 1 is the positive one. With more, each
    class is set against the rest; rows that are no probabilities are taken for logits. `average` over classes is
    "macro", their mean, "weighted" by how often each occurs, or None for an array (classes,).
    Shapes: outputs (N,), (N, 1) or (N, classes) scores; labels (N,) or (N, 1) ids, or (N, classes) one-hot.
    Errors: ShapeError for other shapes or no samples, DataError for NaN and for labels that are no class.

    >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    >>> roc_auc([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]], [0, 1, 2])
    1.0
    """
    return _by_class("roc_auc", area, outputs, labels, average)


def average_precision(outputs: Given, labels: Given, average: str | None = "macro") -> Any:
    """The area under precision over recall, as steps: the sum of ``(R_n - R_{n-1}) P_n`` over falling thresholds.

    Everything else is as for `roc_auc`.

    >>> round(average_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 6)
    0.833333
    """
    return _by_class("average_precision", steps, outputs, labels, average)


def area(scores: NDArray[Any], positive: NDArray[np.bool_]) -> float:
    """The area under the ROC curve of one class, by the ranks of Mann and Whitney; NaN where it has no value.

    >>> area(np.array([1.0, 2.0, 2.0]), np.array([False, True, False]))
    0.75
    """
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others:
        return float("nan")
    _, place, ties = np.unique(scores, return_inverse=True, return_counts=True)
    rank = np.cumsum(ties) - (ties - 1) / 2  # of equal scores, the middle
    return float((rank[place][positive].sum() - count * (count + 1) / 2) / (count * others))


def steps(scores: NDArray[Any], positive: NDArray[np.bool_]) -> float:
    """Average precision of one class; NaN where no sample is of it.

    >>> steps(np.array([3.0, 2.0, 1.0]), np.array([True, False, True]))
    0.8333333333333333
    """
    count = int(positive.sum())
    if not count:
        return float("nan")
    levels, place = np.unique(-scores, return_inverse=True)  # from the highest score down
    right = np.cumsum(np.bincount(place, positive, len(levels)))
    taken = np.cumsum(np.bincount(place, minlength=len(levels)))
    return float((np.diff(right, prepend=0.0) * right / taken).sum() / count)


def _by_class(who: str, figure: Any, outputs: Any, labels: Any, average: str | None) -> Any:
    if average not in ("macro", "weighted", None):
        raise ag.OptionError(f"{who}: average must be 'macro', 'weighted' or None; got {average!r}")
    scores = array_of(outputs)
    if scores.ndim not in (1, 2) or scores.dtype.kind not in "fiu":
        raise ag.ShapeError(f"{who}: outputs must be scores (N,), (N, 1) or (N, classes), got {scores.shape}")
    if scores.ndim == 1 or scores.shape[1] == 1:
        real = scores.reshape(len(scores)).astype(np.float64)
        _, true, _ = classes_of(real, labels, who, threshold=0.0)
        columns = [real]
    else:
        _, true, _ = classes_of(scores, labels, who)
        columns = _columns(scores.astype(np.float64))
    if len(true) == 0:
        raise ag.ShapeError(f"{who}: there are no samples (N = 0)")
    if len(columns) == 1:
        return _warned(who, np.array([figure(columns[0], true == 1)]))[0].item()
    figures = _warned(who, np.array([figure(column, true == k) for k, column in enumerate(columns)]))
    if average is None:
        return figures
    weights = np.bincount(true, minlength=len(columns)) if average == "weighted" else np.ones(len(columns))
    with_weight = weights > 0
    return float((figures[with_weight] * weights[with_weight]).sum() / weights.sum())


def _columns(scores: NDArray[Any]) -> list[NDArray[Any]]:
    """The scores of each class, or of class 1 alone where there are two."""
    total = scores.sum(axis=1)
    if ((scores >= 0) & (scores <= 1)).all() and np.allclose(total, 1, rtol=0, atol=1e-3):  # float16 sums that far off
        return [scores[:, 1]] if scores.shape[1] == 2 else [*scores.T]
    if scores.shape[1] == 2:
        return [scores[:, 1] - scores[:, 0]]
    high = scores.max(axis=1, keepdims=True)
    others = []
    for k in range(scores.shape[1]):  # log(p / (1 - p)): in the order of p, and no two become equal near 1
        rest = np.delete(scores, k, axis=1) - high
        with np.errstate(divide="ignore"):
            others.append(scores[:, k] - high[:, 0] - np.log(np.exp(rest).sum(axis=1)))
    return others


def _warned(who: str, figures: NDArray[Any]) -> NDArray[Any]:
    """See Note [One class]."""
    if np.isnan(figures).any():
        missing = f"{np.isnan(figures).sum()} of the classes have no sample, or all"
        what = "the labels are all of one class" if len(figures) == 1 else missing
        warnings.warn(f"{who}: {what}, and the figure has no value (NaN)", RuntimeWarning, stacklevel=4)
    return figures
