"""Losses with a margin: a score that is right by enough costs nothing."""

from typing import Any, Literal

import numpy as np

import autograd_core as ag

from .reduction import Reduction, check_alike, check_reduction, plain, reduced
from .targets import check_ids, class_weights, floating, signed

__all__ = [
    "hinge_embedding_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
]


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """The distance x of a pair where the target is 1, ``max(0, margin - x)`` where it is -1.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for targets that are neither 1 nor -1.

    >>> hinge_embedding_loss(np.array([0.25, 0.25]), np.array([1, -1]), reduction="none")
    array([0.25, 0.75])
    """
    check_reduction(reduction, "hinge_embedding_loss", size_average, reduce)
    check_alike(input, target, "hinge_embedding_loss")
    near = signed(target, "hinge_embedding_loss") == 1
    return reduced(ag.where(near, input, ag.relu(margin - input)), reduction)


def soft_margin_loss(
    input: Any, target: Any, size_average: None = None, reduce: None = None, reduction: Reduction = "mean"
) -> Any:
    """``log(1 + e**(-t x))`` for targets t of 1 and -1, without overflow.

    Shapes: input and target alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ, OptionError for targets that are neither 1 nor -1.

    >>> soft_margin_loss(np.array([0.0, 1e4]), np.array([1, -1]), reduction="none").round(4)
    array([6.931e-01, 1.000e+04])
    """
    check_reduction(reduction, "soft_margin_loss", size_average, reduce)
    check_alike(input, target, "soft_margin_loss")
    signs = floating(signed(target, "soft_margin_loss"), input)
    return reduced(ag.softplus(ag.negative(input) * signs), reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: Literal[1, 2] = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """Mean over the wrong classes i of ``max(0, margin - x[target] + x[i])**p``, with the number of all classes below.

    `weight` has a number for each class, by which the loss of a sample of that class is multiplied.
    Shapes: input (N, classes) or (classes,); target (N,) or () class ids -> () or, for "none", that of the target.
    Errors: as for cross_entropy, and OptionError for a p that is neither 1 nor 2.
    Source: Crammer, Singer, On the algorithmic implementation of multiclass kernel-based vector machines (2001).

    >>> multi_margin_loss(np.array([[0.0, 0.5]]), np.array([0])).item()
    0.75
    """
    check_reduction(reduction, "multi_margin_loss", size_average, reduce)
    if p not in (1, 2):
        raise ag.OptionError(f"multi_margin_loss: p must be 1 or 2, got {p!r}")
    if np.ndim(input) not in (1, 2):
        raise ag.ShapeError(f"multi_margin_loss: x must be (batch, classes) or (classes,), got {np.shape(input)}")
    shape, who = np.shape(input), "multi_margin_loss"
    if not shape:
        raise ag.ShapeError(f"{who}: an axis of classes is needed, got a number")
    classes = shape[-1]

    def checked(target: Any) -> Any:
        ids = plain(target)
        check_ids(ids, shape[:-1], input, who)
        return ids.astype(np.intp)

    ids = ag.perform(checked, target)
    right = ag.take_along_axis(input, ids[..., None], axis=-1)
    short = ag.relu(margin - right + input)
    short = ag.where(np.arange(classes) == ids[..., None], 0.0, short if p == 1 else ag.square(short))
    losses = ag.sum(short, axis=-1) / classes
    if weight is not None:
        losses = losses * class_weights(weight, input, "multi_margin_loss")[ids]
    return reduced(losses, reduction)


def multilabel_margin_loss(
    input: Any, target: Any, size_average: None = None, reduce: None = None, reduction: Reduction = "mean"
) -> Any:
    """Sum over right classes j and wrong classes i of ``max(0, 1 - x[j] + x[i])``, over the number of all classes.

    A target is a list of class ids, as long as there are classes; the first -1 ends it.
    Shapes: input and target (N, classes) or (classes,) -> () or, for reduction "none", (N,) or ().
    Errors: ShapeError for other shapes, OptionError for a label that is no class, DTypeError for ids that are floats.

    >>> multilabel_margin_loss(np.array([0.1, 0.2, 0.4, 0.8]), np.array([3, 0, -1, 1])).round(4)
    np.float64(0.85)
    """
    check_reduction(reduction, "multilabel_margin_loss", size_average, reduce)
    check_alike(input, target, "multilabel_margin_loss")
    if np.ndim(input) not in (1, 2):
        raise ag.ShapeError(f"multilabel_margin_loss: x must be (batch, classes) or (classes,), got {np.shape(input)}")
    classes = np.shape(input)[-1]
    ids, pairs = _listed(target, input, classes)
    right = ag.expand_dims(ag.take_along_axis(input, ids, axis=-1), -1)
    short = ag.relu(1 - right + ag.expand_dims(input, -2))
    return reduced(ag.sum(ag.where(pairs, short, 0.0), axis=(-2, -1)) / classes, reduction)


@ag.performed
def _listed(target: Any, input: Any, classes: int) -> tuple[Any, Any]:
    """The classes that are listed, with 0 behind their end; and of each pair, whether it is a right and a wrong one."""
    ids = plain(target)
    if ids.dtype.kind != "i":
        raise ag.DTypeError(f"multilabel_margin_loss: class ids must be signed integers, got {ids.dtype}")
    listed = np.logical_and.accumulate(ids != -1, axis=-1)
    ids = np.where(listed, ids, 0).astype(np.intp)
    check_ids(ids, ids.shape, input, "multilabel_margin_loss")
    wrong = np.logical_not((listed[..., :, None] & (ids[..., :, None] == np.arange(classes))).any(axis=-2))
    return ids, listed[..., :, None] & wrong[..., None, :]


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: None = None,
    reduce: None = None,
    reduction: Reduction = "mean",
) -> Any:
    """Binary cross-entropy of sigmoid(input) with targets 0 and 1, as a mean over classes, then over samples.

    `weight` has a number for each class.
    Shapes: input and target (..., classes) -> () or, for reduction "none", (...).
    Errors: ShapeError for shapes that differ.

    >>> multilabel_soft_margin_loss(np.zeros((1, 2)), np.array([[1, 0]])).round(4)
    np.float64(0.6931)
    """
    check_reduction(reduction, "multilabel_soft_margin_loss", size_average, reduce)
    check_alike(input, target, "multilabel_soft_margin_loss")
    if not np.ndim(input):
        raise ag.ShapeError("multilabel_soft_margin_loss: an axis of classes is needed, got a number")
    target = floating(target, input)
    terms = target * ag.softplus(ag.negative(input)) + (1 - target) * ag.softplus(input)
    if weight is not None:
        terms = terms * class_weights(weight, input, "multilabel_soft_margin_loss")
    return reduced(ag.mean(terms, axis=-1), reduction)
