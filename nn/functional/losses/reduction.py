"""From what single predictions cost to the loss: mean, sum, weights, and the shapes that go together."""

from typing import Any, Literal

import numpy as np

import autograd_core as ag

__all__ = ["Reduction", "check_alike", "check_reduction", "constant", "plain", "reduced", "weighted"]

Reduction = Literal["mean", "sum", "none"]
_REDUCTIONS = ("mean", "sum", "none")


def check_reduction(
    reduction: Any, who: str, size_average: Any = None, reduce: Any = None, known: tuple[str, ...] = _REDUCTIONS
) -> None:
    """Refuse an unknown reduction, and the two arguments that said it in PyTorch before there was one."""
    if size_average is not None or reduce is not None:
        meant = size_average if isinstance(size_average, str) else reduce if isinstance(reduce, str) else None
        old = "none" if reduce is False else "sum" if size_average is False else "mean"
        raise ag.OptionError(
            f"{who}: size_average and reduce are PyTorch's arguments of old; write reduction={meant or old!r}"
        )
    if reduction not in known:
        raise ag.OptionError(f"{who}: reduction must be one of {', '.join(known)}; got {reduction!r}")


def reduced(losses: Any, reduction: str) -> Any:
    """The mean or the sum of losses, or the losses."""
    return ag.mean(losses) if reduction == "mean" else ag.sum(losses) if reduction == "sum" else losses


def weighted(losses: Any, weight: Any, reduction: str, who: str) -> Any:
    """Losses of elements, each times a weight; their mean is one by weight, as in PyTorch's losses of distances."""
    if weight is None:
        return reduced(losses, reduction)
    share = constant(weight, losses, f"{who}: weight")
    if share.shape != losses.shape:
        raise ag.ShapeError(f"{who}: weight must have the shape of the predictions {losses.shape}, got {share.shape}")
    total = reduced(losses * share, "none" if reduction == "none" else "sum")
    return total / (float(share.sum()) or 1.0) if reduction == "mean" else total


def check_alike(prediction: Any, target: Any, who: str, of: str = "targets") -> None:
    """Refuse shapes that differ."""
    if prediction.shape != target.shape:
        raise ag.ShapeError(
            f"{who}: predictions and {of} must have the same shape, got {prediction.shape} and {target.shape}"
            f"{_mend(prediction.shape, target.shape)}; broadcasting would compare every prediction with every target"
        )


def _mend(prediction: tuple[int, ...], target: tuple[int, ...]) -> str:
    if prediction == (*target, 1):
        return "; use target[:, None]" if len(target) == 1 else "; use target[..., None]"
    if target == (*prediction, 1):
        return "; use target[:, 0]" if len(prediction) == 1 else "; use target[..., 0]"
    return ""


def plain(x: Any) -> Any:
    """The numbers behind an array or Tensor, to look at."""
    return np.asarray(x.detach().data if isinstance(x, ag.Tensor) else x)


def constant(x: Any, like: Any, who: str) -> Any:
    """Numbers that are given and not learned, in the type of the predictions.

    Errors: OptionError for a Tensor that wants a gradient, which PyTorch does not have for weights either.
    """
    if isinstance(x, ag.Tensor) and x.requires_grad:
        raise ag.OptionError(f"{who} is given and not learned, and has no gradient; pass {who.split()[-1]}.detach()")
    dtype = getattr(like, "dtype", None)
    kind = dtype if dtype is not None and dtype.kind == "f" else float
    return ag.perform(lambda x: plain(x).astype(kind, copy=False), x)
