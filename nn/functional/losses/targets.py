"""What targets of classification may be: class ids or probabilities, with the classes on axis 1."""

from typing import Any

import numpy as np

import autograd_core as ag

from .reduction import constant, plain

__all__ = ["check_ids", "check_unit", "class_weights", "classes_last", "floating", "signed"]


@ag.performed
def check_unit(x: Any, who: str, hint: str = "") -> None:
    """Refuse numbers outside [0, 1]."""
    values = plain(x)
    if values.size and not (values.min() >= 0 and values.max() <= 1):  # NaN compares false
        wrong = values[~((values >= 0) & (values <= 1))].ravel()[0]
        raise ag.OptionError(f"{who} must lie in [0, 1], got {wrong}{hint}")


def check_ids(ids: Any, rows: tuple[int, ...], scores: Any, who: str) -> int:
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


def classes_last(scores: Any, target: Any, who: str) -> tuple[Any, Any]:
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


def floating(target: Any, like: Any) -> Any:
    """Targets as numbers to compute with: integers and booleans in the type of the predictions."""
    kind = getattr(target, "dtype", np.dtype(float)).kind
    if kind == "f" or getattr(like, "dtype", np.dtype(int)).kind != "f":
        return target
    return target.astype(like.dtype)


def class_weights(weight: Any, scores: Any, who: str) -> Any:
    """A weight for each class, in the type of the scores."""
    given, classes = constant(weight, scores, f"{who}: weight"), np.shape(scores)[-1:]
    if given.shape != classes:
        raise ag.ShapeError(f"{who}: weight has a number for each class, shape {classes}; got {given.shape}")
    return given


@ag.performed
def signed(target: Any, who: str, ties: bool = False) -> Any:
    """Targets of 1 and -1, and of 0 if there may be ties, as plain numbers."""
    signs = plain(target)
    known = (np.abs(signs) == 1) | (ties & (signs == 0))
    if not known.all():
        wrong = signs[~known].ravel()[0]
        hint = "; classes 0 and 1 become 2 * target - 1" if wrong == 0 else ""
        raise ag.OptionError(f"{who}: targets must be 1{', 0' if ties else ''} or -1, got {wrong}{hint}")
    return signs
