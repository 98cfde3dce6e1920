"""What predictions cost that miss their targets: losses as functions.

Knows predictions and targets as arrays. Does not know where they come from.
"""

import math
from typing import Any, Literal

import numpy as np

import autograd_core as ag
from autograd_core import softplus

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "mse_loss",
    "nll_loss",
]

Reduction = Literal["mean", "sum", "none"]


def cross_entropy(logits: Any, target: Any, reduction: Reduction = "mean") -> Any:
    """Negative log-likelihood of the target under softmax(logits), in nats, without overflow.

    Shapes: logits (classes,), (N, classes) or (N, classes, d1, ...); target class ids (), (N,) or (N, d1, ...), or
    probabilities of the shape of the logits -> () or, for reduction "none", that of class ids.
    Errors: ShapeError for other shapes, OptionError for a label that is no class, DTypeError for ids that are floats.

    >>> round(cross_entropy(np.zeros((1, 4)), np.array([2])).item(), 4)
    1.3863
    """
    if np.ndim(logits) > 2:
        logits, target = _classes_last(logits, target, "cross_entropy")
    return ag.cross_entropy(logits, target, reduction)


def nll_loss(log_probabilities: Any, target: Any, reduction: Reduction = "mean") -> Any:
    """Negative log-likelihood of class ids, in nats, from log-probabilities such as `log_softmax` gives.

    Shapes: log_probabilities (classes,), (N, classes) or (N, classes, d1, ...); target (), (N,) or (N, d1, ...)
    -> () or, for reduction "none", that of the target.
    Errors: as for cross_entropy.

    >>> nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1]), "none").round(4)
    array([0.6931, 0.2877])
    """
    _check_reduction(reduction, "nll_loss")
    if np.ndim(log_probabilities) > 2:
        log_probabilities, target = _classes_last(log_probabilities, target, "nll_loss")
    rows, ids = np.shape(log_probabilities)[:-1], _plain(target)
    classes = _check_ids(ids, rows, log_probabilities, "nll_loss")
    flat = ag.reshape(log_probabilities, (math.prod(rows), classes))
    losses = ag.reshape(-ag.getitem(flat, (np.arange(math.prod(rows)), ids.ravel())), rows)
    return _reduce(losses, reduction)


def mse_loss(prediction: Any, target: Any, reduction: Reduction = "mean") -> Any:
    """Squared difference, ``(prediction - target)**2``, averaged over all elements.

    Shapes: prediction and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ: there is no broadcasting.

    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    2.0
    """
    _check_reduction(reduction, "mse_loss")
    _check_alike(prediction, target, "mse_loss")
    return _reduce(ag.square(ag.subtract(prediction, target)), reduction)


def binary_cross_entropy(probability: Any, target: Any, reduction: Reduction = "mean") -> Any:
    """``-(t log p + (1 - t) log(1 - p))``, in nats; the logarithms are kept above -100, as in PyTorch.

    Where that bound holds, at p = 0 or 1, the gradient of the bounded term is 0; from logits nothing is lost.
    Shapes: probability and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for values outside [0, 1].

    >>> binary_cross_entropy(np.array([1.0, 0.0]), np.array([1.0, 1.0])).item()
    50.0
    """
    _check_reduction(reduction, "binary_cross_entropy")
    _check_alike(probability, target, "binary_cross_entropy")
    _check_unit(probability, "binary_cross_entropy: probabilities", "; logits go to binary_cross_entropy_with_logits")
    _check_unit(target, "binary_cross_entropy: targets")
    with np.errstate(divide="ignore"):  # log(0) is what the bound is for
        log_p = ag.maximum(ag.log(probability), -100)
        log_q = ag.maximum(ag.log1p(ag.negative(probability)), -100)
    return _reduce(-(target * log_p + (1 - target) * log_q), reduction)


def binary_cross_entropy_with_logits(logits: Any, target: Any, reduction: Reduction = "mean") -> Any:
    """Binary cross-entropy of sigmoid(logits), in nats, exact and without overflow for logits of any size.

    Shapes: logits and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for targets outside [0, 1].

    >>> binary_cross_entropy_with_logits(np.array([1e4, -1e4]), np.array([0.0, 0.0]), "none")
    array([10000.,     0.])
    """
    _check_reduction(reduction, "binary_cross_entropy_with_logits")
    _check_alike(logits, target, "binary_cross_entropy_with_logits")
    _check_unit(target, "binary_cross_entropy_with_logits: targets")
    # each term is small where it should be, so that nothing cancels, and smooth, so that the gradient at 0 is right
    return _reduce(target * softplus(ag.negative(logits)) + (1 - target) * softplus(logits), reduction)


def _reduce(losses: Any, reduction: str) -> Any:
    return ag.mean(losses) if reduction == "mean" else ag.sum(losses) if reduction == "sum" else losses


def _check_reduction(reduction: str, who: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ag.OptionError(f"{who}: reduction must be one of mean, sum, none; got {reduction!r}")


def _check_alike(prediction: Any, target: Any, who: str) -> None:
    if prediction.shape != target.shape:
        raise ag.ShapeError(
            f"{who}: predictions and targets must have the same shape, got {prediction.shape} and {target.shape}"
            f"{_mend(prediction.shape, target.shape)}; broadcasting would compare every prediction with every target"
        )


def _mend(prediction: tuple[int, ...], target: tuple[int, ...]) -> str:
    if prediction == (*target, 1):
        return "; use target[:, None]" if len(target) == 1 else "; use target[..., None]"
    if target == (*prediction, 1):
        return "; use target[:, 0]" if len(prediction) == 1 else "; use target[..., 0]"
    return ""


def _check_unit(x: Any, who: str, hint: str = "") -> None:
    values = _plain(x)
    if values.size and not (values.min() >= 0 and values.max() <= 1):  # NaN compares false
        wrong = values[~((values >= 0) & (values <= 1))].ravel()[0]
        raise ag.OptionError(f"{who} must lie in [0, 1], got {wrong}{hint}")


def _check_ids(ids: Any, rows: tuple[int, ...], scores: Any, who: str) -> int:
    """The number of classes, if the class ids are some, and as many as there are rows."""
    if not np.ndim(scores):
        raise ag.ShapeError(f"{who}: an axis of classes is needed, got a number")
    classes = int(np.shape(scores)[-1])
    if ids.dtype.kind not in "iu":
        raise ag.DTypeError(f"{who}: class ids must be integers, got {ids.dtype}")
    if ids.shape != rows:
        hint = "; use target[:, 0]" if ids.shape == (*rows, 1) else ""
        raise ag.ShapeError(f"{who}: class ids must have shape {rows}, got {ids.shape}{hint}")
    if ids.size and not 0 <= ids.min() <= ids.max() < classes:
        wrong = ids[(ids < 0) | (ids >= classes)].ravel()[0]
        raise ag.OptionError(f"{who}: label {wrong} is out of range for {classes} classes (0 to {classes - 1})")
    return classes


def _classes_last(scores: Any, target: Any, who: str) -> tuple[Any, Any]:
    """Scores (N, classes, d1, ...) and targets with the classes moved to the end."""
    shape, given = np.shape(scores), np.shape(target)
    if given == shape:
        return ag.moveaxis(scores, 1, -1), ag.moveaxis(target, 1, -1)
    if given != (shape[0], *shape[2:]):
        raise ag.ShapeError(
            f"{who}: for scores {shape}, laid out (batch, classes, ...), class ids must have shape "
            f"{(shape[0], *shape[2:])} and probabilities {shape}; got {given}"
        )
    return ag.moveaxis(scores, 1, -1), target


def _plain(x: Any) -> Any:
    """The numbers behind an array or Tensor, to look at."""
    return np.asarray(x.detach().data if isinstance(x, ag.Tensor) else x)
