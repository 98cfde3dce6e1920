"""Losses of classes: by cross-entropy, from scores, log-probabilities or probabilities."""

import math
from typing import Any

import numpy as np

import autograd_core as ag

from .reduction import Reduction, check_alike, check_reduction, constant, plain, reduced
from .targets import check_ids, check_unit, class_weights, classes_last, floating

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss"]


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    ignore_index: int = -100,
    reduce: None = None,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Negative log-likelihood of the target under softmax(input), in nats, without overflow.

    `weight` has a number for each class; the mean is then one by weight for class ids, and over all samples for
    probabilities, as in PyTorch. Ids that are `ignore_index` do not count. With `label_smoothing` s, the target is
    1 - s of itself and s of the uniform distribution.
    Where nothing counts, the loss is 0, and so is its gradient (PyTorch: NaN). A class of probability 0 costs nothing,
    whatever its score, minus infinity included.
    Shapes: input (classes,), (N, classes) or (N, classes, d1, ...); target class ids (), (N,) or (N, d1, ...), or
    probabilities of the shape of the input -> () or, for reduction "none", that of class ids.
    Errors: ShapeError for other shapes, OptionError for a label that is no class, DTypeError for ids that are floats.

    >>> round(cross_entropy(np.zeros((1, 4)), np.array([2])).item(), 4)
    1.3863
    """
    if size_average is not None or reduce is not None or not 0 <= label_smoothing <= 1:
        check_reduction(reduction, "cross_entropy", size_average, reduce)
        raise ag.OptionError(f"cross_entropy: label_smoothing must be from 0 to 1, got {label_smoothing!r}")
    if np.ndim(input) > 2:
        input, target = classes_last(input, target, "cross_entropy")
    if weight is None and not label_smoothing and ignore_index < 0:
        try:
            return ag.cross_entropy(input, target, reduction)  # in one operation
        except ag.OptionError:  # captured, what follows refuses what is no class
            if not ag.capturing() and not (plain(target) == ignore_index).any():
                raise
    check_reduction(reduction, "cross_entropy")
    if np.ndim(input) and np.shape(target) == np.shape(input):
        return _of_shares(input, target, weight, ignore_index, reduction, label_smoothing)
    logp = ag.log_softmax(input) if np.ndim(input) else input
    ids, shares = _shares(target, logp, weight, ignore_index, "cross_entropy")
    losses = _picked(logp, ids, shares)
    if label_smoothing:
        every = logp if weight is None else logp * constant(weight, input, "cross_entropy: weight")
        others = ag.negative(ag.sum(every, axis=-1))
        if shares is not None:
            others = ag.where(ag.perform(lambda ids: plain(ids) == ignore_index, target), 0.0, others)
        losses = (1 - label_smoothing) * losses + label_smoothing / np.shape(input)[-1] * others
    return _by_weight(losses, shares, reduction)


def _of_shares(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float) -> Any:
    """Cross-entropy where the targets are probabilities."""
    if ignore_index >= 0:
        raise ag.OptionError(
            "cross_entropy: ignore_index is one of the class ids, and the targets are probabilities; give such samples "
            "a target of zeros"
        )
    logp, target = ag.log_softmax(input), floating(target, input)
    if label_smoothing:
        target = (1 - label_smoothing) * target + label_smoothing / np.shape(input)[-1]
    nothing = ag.perform(lambda logp, target: np.isneginf(plain(logp)) & (plain(target) == 0), logp, target)
    terms = target * (ag.where(nothing, 0.0, logp) if ag.capturing() or nothing.any() else logp)
    if weight is not None:
        terms = terms * class_weights(weight, input, "cross_entropy")
    return reduced(ag.negative(ag.sum(terms, axis=-1)), reduction)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    ignore_index: int = -100,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """Negative log-likelihood of class ids, in nats, from log-probabilities such as `log_softmax` gives.

    `weight`, `ignore_index` and what does not count are as for cross_entropy.
    Shapes: input (classes,), (N, classes) or (N, classes, d1, ...); target (), (N,) or (N, d1, ...) -> () or, for
    reduction "none", that of the target.
    Errors: as for cross_entropy.

    >>> nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1]), reduction="none").round(4)
    array([0.6931, 0.2877])
    """
    check_reduction(reduction, "nll_loss", size_average, reduce)
    if np.ndim(input) > 2:
        input, target = classes_last(input, target, "nll_loss")
    ids, shares = _shares(target, input, weight, ignore_index, "nll_loss")
    return _by_weight(_picked(input, ids, shares), shares, reduction)


def _shares(target: Any, scores: Any, weight: Any, ignore_index: int, who: str) -> tuple[Any, Any]:
    """Class ids, with one that exists in the place of those that are ignored, and what each counts (None: 1)."""
    dtype = scores.dtype if scores.dtype.kind == "f" else float

    def found(target: Any, factors: Any) -> tuple[Any, ...]:
        ids = plain(target)
        ignored = np.equal(ids, ignore_index)
        ids = np.where(ignored, 0, ids).astype(ids.dtype) if ignored.any() else ids
        check_ids(ids, np.shape(scores)[:-1], scores, who)
        if weight is None and not counted and not ignored.any():
            return (ids,)
        each = 1.0 if factors is None else plain(factors)[ids]
        return ids, np.where(ignored, 0, each).astype(dtype)

    counted = ag.capturing()  # other calls may ignore some
    ids, *shares = ag.perform(found, target, None if weight is None else class_weights(weight, scores, who))
    return ids, shares[0] if shares else None


def _picked(logp: Any, ids: Any, shares: Any) -> Any:
    """Minus the log-probability of each id, times what it counts; what does not count is 0 even where that is inf."""
    rows = math.prod(ids.shape)
    flat = ag.reshape(logp, (rows, np.shape(logp)[-1]))
    losses = ag.reshape(ag.negative(ag.getitem(flat, (np.arange(rows), ids.ravel()))), ids.shape)
    return losses if shares is None else shares * ag.where(shares == 0, 0.0, losses)


def _by_weight(losses: Any, shares: Any, reduction: str) -> Any:
    """Losses that count differently, reduced; the mean of nothing is 0."""
    if shares is None or reduction != "mean":
        return reduced(losses, reduction)
    return ag.sum(losses) / ag.perform(lambda shares: np.asarray(plain(shares).sum() or 1, shares.dtype), shares)


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """``-(t log p + (1 - t) log(1 - p))``, in nats; the logarithms are kept above -100, as in PyTorch.

    Where that bound holds, at p = 0 or 1, the gradient of the bounded term is 0; from logits nothing is lost. `weight`
    is multiplied with each element's loss; the mean is over elements.
    Shapes: input and target alike, weight one that broadcasts to it -> () or, for reduction "none", that of the input.
    Errors: ShapeError for shapes that differ, OptionError for values outside [0, 1].

    >>> binary_cross_entropy(np.array([1.0, 0.0]), np.array([1.0, 1.0])).item()
    50.0
    """
    check_reduction(reduction, "binary_cross_entropy", size_average, reduce)
    check_alike(input, target, "binary_cross_entropy")
    check_unit(input, "binary_cross_entropy: probabilities", "; logits go to binary_cross_entropy_with_logits")
    check_unit(target, "binary_cross_entropy: targets")
    target = floating(target, input)
    with np.errstate(divide="ignore"):  # log(0) is what the bound is for
        log_p = ag.maximum(ag.log(input), -100)
        log_q = ag.maximum(ag.log1p(ag.negative(input)), -100)
    losses = -(target * log_p + (1 - target) * log_q)
    return reduced(_scaled(losses, weight, "binary_cross_entropy: weight"), reduction)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
    pos_weight: Any = None,
) -> Any:
    """Binary cross-entropy of sigmoid(input), in nats, exact and without overflow for logits of any size.

    `weight` is multiplied with each element's loss, `pos_weight` with the part of positive targets; the mean is over
    elements.
    Shapes: input and target alike, both weights broadcast to it -> () or, for reduction "none", that of the input.
    Errors: ShapeError for shapes that differ, OptionError for targets outside [0, 1].

    >>> binary_cross_entropy_with_logits(np.array([1e4, -1e4]), np.array([0.0, 0.0]), reduction="none")
    array([10000.,     0.])
    """
    who = "binary_cross_entropy_with_logits"
    check_reduction(reduction, who, size_average, reduce)
    check_alike(input, target, who)
    check_unit(target, f"{who}: targets")
    target = floating(target, input)
    # each term is small where it should be, so that nothing cancels, and smooth, so that the gradient at 0 is right
    positive = _scaled(target * ag.softplus(ag.negative(input)), pos_weight, f"{who}: pos_weight")
    losses = positive + (1 - target) * ag.softplus(input)
    return reduced(_scaled(losses, weight, f"{who}: weight"), reduction)


def _scaled(losses: Any, weight: Any, who: str) -> Any:
    """Losses times weights that broadcast to them, and do not make them more."""
    if weight is None:
        return losses
    factor = constant(weight, losses, who)
    try:
        fits = np.broadcast_shapes(factor.shape, losses.shape) == losses.shape
    except ValueError:
        fits = False
    if not fits:
        raise ag.ShapeError(f"{who} must broadcast to the shape of the predictions {losses.shape}, got {factor.shape}")
    return losses * factor
