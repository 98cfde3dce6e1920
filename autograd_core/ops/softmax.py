"""Scores to probabilities, and the loss that is read off them: softmax, its logarithm, and cross-entropy.

Each row goes through all steps while it lies in a core's cache: by machine code (`rows_native`) where that can be made,
else with NumPy, along the last axis of a large array.
"""

from collections.abc import Iterator
from functools import cache, partial
from math import prod

import numpy as np

from ..arrays import as_floating
from ..errors import DTypeError, OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..layout import BLOCK, LARGE
from ..op import BY_STEPS, general
from ..parallel import share
from . import rows_native as native
from .axes import BAD_AXIS
from .reduction import logsumexp

_WIDE = Interval(-4, 4)
_WORTH_THREADS = 1 << 17  # numbers from which other cores are woken: exponentials take long
_AXES = [Example(x=(2, 3)), Example(x=(3,), axis=0), Example(x=(2, 3, 2), axis=1), Example(x=(0, 3)), Example(x=(2, 0))]


def _lies_in_rows(x, axis):
    """Whether an array is large, and dense along its last axis, which the axis is."""
    return x.size > LARGE and axis in (-1, x.ndim - 1) and x.flags.c_contiguous


def _in_rows(work, *arrays):
    """Call `work` on blocks of rows of arrays that have as many, on several cores if the first is large."""
    rows = len(arrays[0])
    step = max(1, BLOCK // (arrays[0].size // (rows or 1) or 1))
    if rows <= step:
        if rows:
            work(*arrays)
        return

    def run(tasks: Iterator[int]) -> None:
        for task in tasks:
            part = slice(task * step, (task + 1) * step)
            work(*(a[part] for a in arrays))

    share(run, -(-rows // step), worthwhile=arrays[0].size >= _WORTH_THREADS)


def _rows(x):
    """An array as a matrix whose rows are its last axis."""
    return x.reshape(prod(x.shape[:-1]), x.shape[-1])


def _exponentials(x, out):
    """``e**(x - max)`` of each row; returns their sums."""
    np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=out)
    np.exp(out, out=out)
    return np.add.reduce(out, axis=1, keepdims=True)


def _softmax_of_rows(x, out):
    out /= _exponentials(x, out)


def _log_softmax_of_rows(x, out):
    np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=out)
    out -= np.log(np.add.reduce(np.exp(out), axis=1, keepdims=True))


def _softmax_pulled(g, out, axis):
    """The derivative of softmax, row by row where rows are long or many."""
    found = native.mapped("softmax_pulled", axis, g, out)
    if found is not None:
        return found
    if not _lies_in_rows(out, axis):
        return out * (g - np.add.reduce(g * out, axis=axis, keepdims=True))
    result = np.empty_like(out)

    def work(g, out, result):
        np.subtract(g, np.vecdot(g, out)[:, None], out=result)
        result *= out

    _in_rows(work, *map(_rows, (g, out, result)))
    return result


def _log_softmax_pulled(g, out, axis):
    """The derivative of log_softmax, likewise."""
    found = native.mapped("log_softmax_pulled", axis, g, out)
    if found is not None:
        return found
    if not _lies_in_rows(out, axis):
        return g - np.exp(out) * np.add.reduce(g, axis=axis, keepdims=True)
    result = np.empty_like(out)

    def work(g, out, result):
        np.exp(out, out=result)
        result *= np.add.reduce(g, axis=1, keepdims=True)
        np.subtract(g, result, out=result)

    _in_rows(work, *map(_rows, (g, out, result)))
    return result


def _shifted(xp, x, axis):
    """x minus its largest along the axis, which leaves the softmax as it is; an axis of length 0 has no largest."""
    x = as_floating(x)
    return xp.subtract(x, (xp.maximum if x.size else xp.add).reduce(x, axis=axis, keepdims=True))


def _softmax_reference(x, axis=-1):
    e = np.exp(x)
    return e / np.sum(e, axis=axis, keepdims=True)


@general(
    vjps=[lambda xp, g, out, axis: out * (g - xp.sum(g * out, axis=axis, keepdims=True))],
    fused=[_softmax_pulled],
    domain=_WIDE,
    examples=_AXES,
    reference=_softmax_reference,
    errors=[BAD_AXIS],
)
def softmax(xp, x, /, axis=-1):
    """Probabilities ``e**x / sum(e**x)`` along an axis, without overflow.

    Shapes: x (..., classes, ...) -> the same.

    >>> ag.softmax(np.array([1e4, 1e4]))
    array([0.5, 0.5])
    """
    x = as_floating(x)
    found = native.mapped("softmax", axis, x)
    if found is not None:
        return found
    if _lies_in_rows(x, axis):
        out = np.empty_like(x)
        _in_rows(_softmax_of_rows, _rows(x), _rows(out))
        return out
    e = _shifted(xp, x, axis)
    e = xp.exp(e, out=e)
    e /= xp.add.reduce(e, axis=axis, keepdims=True)
    return e


@general(
    vjps=[lambda xp, g, out, axis: g - xp.exp(out) * xp.sum(g, axis=axis, keepdims=True)],
    fused=[_log_softmax_pulled],
    domain=_WIDE,
    examples=_AXES,
    reference=lambda x, axis=-1: np.log(_softmax_reference(x, axis)),
    errors=[BAD_AXIS],
)
def log_softmax(xp, x, /, axis=-1):
    """Logarithm of the softmax, ``x - log(sum(e**x))``, without overflow.

    Shapes: x (..., classes, ...) -> the same.

    >>> ag.log_softmax(np.array([0.0, -1e4]))
    array([     0., -10000.])
    """
    x = as_floating(x)
    found = native.mapped("log_softmax", axis, x)
    if found is not None:
        return found
    if _lies_in_rows(x, axis):
        out = np.empty_like(x)
        _in_rows(_log_softmax_of_rows, _rows(x), _rows(out))
        return out
    out = _shifted(xp, x, axis)
    total = xp.add.reduce(xp.exp(out), axis=axis, keepdims=True)
    out -= xp.log(total if x.size else xp.ones_like(total))
    return out


_REDUCTIONS = ("mean", "sum", "none")


def _check_labels(logits, labels, reduction):
    if reduction not in _REDUCTIONS:
        raise OptionError(f"cross_entropy: reduction must be one of {', '.join(_REDUCTIONS)}, got {reduction!r}")
    if np.ndim(logits) < 1:
        raise ShapeError("cross_entropy: logits need an axis of classes, got a number")
    if labels.dtype.kind == "f" or labels.shape == logits.shape:
        if labels.shape != logits.shape:
            raise ShapeError(
                f"cross_entropy: labels given as probabilities must have the shape of the logits {logits.shape}, "
                f"got {labels.shape}; class ids must be integers of shape {logits.shape[:-1]}"
            )
        return
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"cross_entropy: class ids must be integers, got {labels.dtype}")
    if labels.shape != logits.shape[:-1]:
        hint = "; use labels[:, 0]" if labels.shape == (*logits.shape[:-1], 1) else ""
        raise ShapeError(
            f"cross_entropy: class ids must have shape {logits.shape[:-1]} for logits {logits.shape}, "
            f"got {labels.shape}{hint}"
        )
    _check_ids(labels, logits.shape[-1])


def _check_ids(labels, classes):
    unsigned = labels.view(f"u{labels.dtype.itemsize}")  # what is negative becomes too large
    if labels.size and np.maximum.reduce(unsigned, axis=None) >= classes:
        bad = labels[(labels < 0) | (labels >= classes)].ravel()[0]
        raise OptionError(f"cross_entropy: label {bad} is out of range for {classes} classes (0 to {classes - 1})")


def _hot(xp, logits, labels):
    """Labels as probabilities: class ids become one-hot rows."""
    if labels.shape == logits.shape:
        return labels
    return np.equal(labels[..., None], np.arange(logits.shape[-1])).astype(logits.dtype)


def _mean_weight(logits, reduction):
    count = prod(logits.shape[:-1])
    return 1 / count if reduction == "mean" and count else 1


def _upstream(xp, g, logits, reduction):
    """The cotangent of each row's loss, as a column."""
    return xp.expand_dims(g, -1) if reduction == "none" else g * _mean_weight(logits, reduction)


def _cross_entropy_logits(xp, g, logits, labels, reduction):
    hot = _hot(xp, logits, labels)
    total = 1 if hot is not labels else xp.sum(hot, axis=-1, keepdims=True)
    return _upstream(xp, g, logits, reduction) * (softmax(logits) * total - hot)


def _of_classes(x, labels):
    """The losses of rows by class ids, and what the derivative needs again: the largest number and the sum of each."""
    ids = labels.reshape(-1)
    found = native.cross_entropy(x, ids)
    if found is not None:
        return found[0].reshape(labels.shape), found[1]
    losses, known = np.empty(len(x), x.dtype), np.empty((2, len(x)), x.dtype)

    def work(x, ids, losses, largest, sums):
        np.maximum.reduce(x, axis=1, keepdims=True, out=largest)
        shifted = x - largest
        losses[...] = shifted[np.arange(len(x)), ids]
        np.add.reduce(np.exp(shifted, out=shifted), axis=1, keepdims=True, out=sums)
        np.subtract(np.log(sums[:, 0]), losses, out=losses)

    _in_rows(work, x, ids, losses, *known[..., None])
    return losses.reshape(labels.shape), known


def _cross_entropy_fused(g, logits, labels, aux, reduction):
    if labels.shape == logits.shape:
        p = softmax(logits) * labels.sum(axis=-1, keepdims=True) - labels
        p *= _upstream(np, g, logits, reduction)
        return p
    weights = np.broadcast_to(_upstream(np, g, logits, reduction), (*labels.shape, 1)).reshape(-1, 1)
    found = native.cross_entropy_pulled(_rows(logits), labels.reshape(-1), aux, weights)
    if found is not None:
        return found.reshape(logits.shape)
    p = np.empty(logits.shape, logits.dtype)

    def work(p, x, ids, largest, sums, weights):
        np.subtract(x, largest, out=p)
        np.exp(p, out=p)
        p *= weights / sums
        p[np.arange(len(p)), ids] -= weights[:, 0]

    _in_rows(work, _rows(p), _rows(logits), labels.reshape(-1), *aux[..., None], weights)
    return p


def _cross_entropy_reference(logits, labels, reduction="mean"):
    logp = logits - logsumexp(logits, axis=-1, keepdims=True)
    loss = -np.sum(_hot(np, logits, labels) * logp, axis=-1)
    return np.mean(loss) if reduction == "mean" else np.sum(loss) if reduction == "sum" else loss


def _expected(labels, logp):
    """Minus the mean of log-probabilities under the labels; a class of probability 0 adds 0, also to minus infinity."""
    with np.errstate(invalid="ignore"):
        loss = -np.add.reduce(labels * logp, axis=-1)
        if np.isnan(loss).any():
            loss = -np.add.reduce(labels * np.where((labels == 0) & np.isneginf(logp), 0, logp), axis=-1)
    return loss


_IDS = np.array([0, 2])


@general(
    vjps=[
        _cross_entropy_logits,
        lambda xp, g, logits, reduction: -_upstream(xp, g, logits, reduction) * log_softmax(logits),
    ],
    fused=[_cross_entropy_fused, None],
    aux=True,
    domain={"logits": _WIDE, "labels": Interval(0.1, 1)},
    examples=[
        Example(logits=(2, 3), labels=_IDS),
        Example(logits=(2, 3), labels=_IDS, reduction="sum"),
        Example(logits=(2, 3), labels=_IDS, reduction="none"),
        Example(logits=(2, 3), labels=(2, 3)),
        Example(logits=(2, 2, 3), labels=np.array([[0, 1], [2, 0]])),
        Example(logits=(3,), labels=np.array(1)),
        Example(logits=(0, 3), labels=np.zeros(0, int), reduction="sum"),
    ],
    reference=_cross_entropy_reference,
    errors=[
        Raises(OptionError, "label 3 is out of range for 3 classes", logits=(2, 3), labels=np.array([0, 3])),
        Raises(OptionError, "label -1 is out of range", logits=(2, 3), labels=np.array([0, -1])),
        Raises(ShapeError, r"use labels\[:, 0\]", logits=(2, 3), labels=np.array([[0], [1]])),
        Raises(ShapeError, r"class ids must have shape \(2,\)", logits=(2, 3), labels=np.array([0, 1, 2])),
        Raises(ShapeError, "given as probabilities", logits=(2, 3), labels=np.array([0.0, 1.0])),
        Raises(OptionError, "reduction must be one of", logits=(2, 3), labels=_IDS, reduction="avg"),
    ],
)
def cross_entropy(xp, logits, labels, /, reduction="mean"):
    """Negative log-likelihood of the labels under softmax(logits), in nats, without overflow.

    A class of probability 0 costs nothing, even if its logit is minus infinity.
    Shapes: logits (..., classes); labels (...) class ids, or (..., classes) probabilities -> () or (...) for "none".
    Raises: OptionError for a label out of range; ShapeError for labels of another shape.
    Source: Bishop, Pattern Recognition and Machine Learning, eq. 4.108 (with the mean in the place of the sum).

    >>> round(float(ag.cross_entropy(np.zeros((1, 2)), np.array([0]))), 4)
    0.6931
    """
    logits, labels = as_floating(logits), xp.asarray(labels)
    _check_labels(logits, labels, reduction)
    if labels.shape == logits.shape:
        loss, known = _expected(labels, log_softmax(logits)), None
    else:
        loss, known = _of_classes(_rows(logits), labels)
    return (loss if reduction == "none" else xp.add.reduce(loss, axis=None) * _mean_weight(logits, reduction)), known


@cache
def _classes(count):
    """The class ids, which nobody may write into."""
    ids = np.arange(count)
    ids.flags.writeable = False
    return ids


def _rows_by_steps(xp, logits, labels):
    """Of each row: its numbers above the largest, their exponentials, the sum of these, and where the label is."""
    if labels.shape == logits.shape or not logits.size or logits.dtype.char not in "fd":
        raise NotImplementedError
    shifted = logits - xp.maximum.reduce(logits, axis=-1, keepdims=True)
    powers = xp.exp(shifted)
    hot = xp.equal(labels[..., None], _classes(logits.shape[-1]))
    return shifted, powers, xp.add.reduce(powers, axis=-1, keepdims=True), hot


def _cross_entropy_by_steps(xp, logits, labels, reduction):
    shifted, _, sums, hot = _rows_by_steps(xp, logits, labels)
    xp.check(partial(_check_ids, classes=logits.shape[-1]), labels)
    losses = xp.log(sums) - xp.add.reduce(xp.where(hot, shifted, 0), axis=-1, keepdims=True)
    if reduction == "none":
        return losses[..., 0]
    return xp.add.reduce(losses, axis=None) * _mean_weight(logits, reduction)


def _cross_entropy_pull_by_steps(xp, g, logits, labels, reduction, **_):
    _, powers, sums, hot = _rows_by_steps(xp, logits, labels)
    weights = g[..., None] if reduction == "none" else g * _mean_weight(logits, reduction)
    return powers * (weights / sums) - xp.where(hot, weights, 0)


BY_STEPS["cross_entropy"] = {"apply": _cross_entropy_by_steps, "pull": _cross_entropy_pull_by_steps}
