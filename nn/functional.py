"""What layers and losses compute, as functions of arrays, by PyTorch's names; all of it differentiable operations.

Takes arrays and Tensors, gives back what came. Does not know modules or parameters.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

import autograd_core as ag

# the same as in the core
from autograd_core import linear, relu, sigmoid, softplus, tanh

from .data import one_hot
from .randomness import RandomSource, generator

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv3d",
    "cross_entropy",
    "dropout",
    "flatten",
    "linear",
    "log_softmax",
    "max_pool1d",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]

Size = int | Sequence[int]
Padding = Size | Literal["same", "valid"]
Reduction = Literal["mean", "sum", "none"]

# --- convolution and pooling ------------------------------------------------------------------------------------------


def conv1d(
    x: Any, weight: Any, bias: Any = None, stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1
) -> Any:
    """Cross-correlation over one axis, plus a bias for each channel.

    Shapes: x (N, channels, n), weight (out_channels, channels / groups, k), bias (out_channels,)
    -> (N, out_channels, m).
    `padding` is a number of zeros on either side, or "same" for m = n, or "valid" for none.

    >>> conv1d(np.ones((1, 1, 4)), np.ones((1, 1, 3)), padding="same")
    array([[[2., 3., 3., 2.]]])
    """
    return _conv(ag.conv1d, "conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1
) -> Any:
    """Cross-correlation over height and width, plus a bias for each channel.

    Shapes: x (N, channels, height, width), weight (out_channels, channels / groups, *kernel), bias (out_channels,)
    -> (N, out_channels, height', width'). Options are one number or one for each axis; `padding` as for conv1d.

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((2, 1, 2, 2)), np.array([0.0, 0.5])).shape
    (1, 2, 2, 2)
    """
    return _conv(ag.conv2d, "conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any, weight: Any, bias: Any = None, stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1
) -> Any:
    """Cross-correlation over depth, height and width, plus a bias for each channel.

    Shapes: as for conv2d, with depth before height.
    """
    return _conv(ag.conv3d, "conv3d", 3, x, weight, bias, stride, padding, dilation, groups)


def _conv(
    conv: Any,
    name: str,
    ndim: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    if isinstance(padding, str):
        x, padding = _padded(name, ndim, x, weight, stride, padding, dilation)
    return conv(x, weight, bias, stride, padding, dilation, groups)


def _padded(name: str, ndim: int, x: Any, weight: Any, stride: Any, padding: str, dilation: Any) -> tuple[Any, Any]:
    """What "same" and "valid" mean in numbers; where the two sides differ, x comes back padded."""
    if padding not in ("same", "valid"):
        raise ag.OptionError(f"{name}: padding must be a number, one for each axis, 'same' or 'valid'; got {padding!r}")
    if padding == "valid" or np.ndim(x) != ndim + 2 or np.ndim(weight) != ndim + 2:
        return x, 0
    if any(s != 1 for s in np.ravel(stride)):
        raise ag.OptionError(f"{name}: padding='same' needs stride 1, got {stride!r}; give the padding as a number")
    reach = np.broadcast_to(dilation, (ndim,)) * (np.array(np.shape(weight)[2:]) - 1)
    if not (reach % 2).any():
        return x, tuple(int(r) // 2 for r in reach)
    return ag.pad(x, [(0, 0), (0, 0), *((int(r) // 2, int(r) - int(r) // 2) for r in reach)]), 0


def max_pool1d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Any:
    """Maximum of each window along one axis; `stride` is the kernel size unless given.

    Shapes: x (N, channels, n) -> (N, channels, m).

    >>> max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[3., 2.]]])
    """
    return ag.max_pool1d(x, kernel_size, stride, padding)


def max_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Any:
    """Maximum of each window over height and width; `stride` is the kernel size unless given.

    Shapes: x (N, channels, height, width) -> (N, channels, height', width').
    """
    return ag.max_pool2d(x, kernel_size, stride, padding)


def avg_pool1d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Any:
    """Mean of each window along one axis, padding included; `stride` is the kernel size unless given.

    Shapes: x (N, channels, n) -> (N, channels, m).

    >>> avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[2., 1.]]])
    """
    return ag.avg_pool1d(x, kernel_size, stride, padding)


def avg_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Any:
    """Mean of each window over height and width, padding included; `stride` is the kernel size unless given.

    Shapes: x (N, channels, height, width) -> (N, channels, height', width').
    """
    return ag.avg_pool2d(x, kernel_size, stride, padding)


# --- activations and the like -----------------------------------------------------------------------------------------


def softmax(x: Any, dim: int = -1) -> Any:
    """Probabilities ``e**x / sum(e**x)`` along `dim`.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return ag.softmax(x, dim)


def log_softmax(x: Any, dim: int = -1) -> Any:
    """Logarithm of the softmax along `dim`, without overflow.

    >>> log_softmax(np.array([0.0, -1e4]))
    array([     0., -10000.])
    """
    return ag.log_softmax(x, dim)


def dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: RandomSource = None) -> Any:
    """Set each element to 0 with probability `p`, and divide the others by 1 - p; nothing unless `training`.

    Shapes: x (...) -> the same.
    Errors: OptionError for p outside [0, 1].
    Source: Srivastava et al., Dropout (2014), scaled in training in the place of testing.

    >>> dropout(np.ones(4), 0.5, rng=0)
    array([2., 2., 2., 0.])
    """
    if not 0 <= p <= 1:
        raise ag.OptionError(f"dropout: p is the probability to drop, from 0 to 1; got {p!r}")
    if not training or p == 0:
        return x
    kept = generator(rng, "dropout").random(np.shape(x), np.float32) >= p
    dtype = getattr(x, "dtype", np.dtype(np.float64))
    return x * (kept * dtype.type(1 / (1 - p) if p < 1 else 0))


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """All axes from `start_dim` to `end_dim` as one, in C order.

    >>> flatten(np.ones((2, 3, 4)), 1).shape
    (2, 12)
    """
    shape = x.shape
    first, last = (dim + len(shape) if dim < 0 else dim for dim in (start_dim, end_dim))
    if not 0 <= first <= last < max(len(shape), 1):
        raise ag.ShapeError(f"flatten: x has shape {shape}, and no axes from {start_dim} to {end_dim}")
    return ag.reshape(x, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


# --- losses -----------------------------------------------------------------------------------------------------------


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
