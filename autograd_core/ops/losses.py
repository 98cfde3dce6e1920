"""The loss of least squares in one operation: what it costs to record three would be most of it on small batches."""

import numpy as np

from ..arrays import as_floating
from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import general

_REDUCTIONS = ("mean", "sum", "none")


def _pulled(xp, g, x, y, reduction):
    return (g * (2 / x.size) if reduction == "mean" else g * 2) * (x - y)


def _reference(x, y, reduction="mean"):
    losses = np.square(x - y)
    return np.mean(losses) if reduction == "mean" else np.sum(losses) if reduction == "sum" else losses


@general(
    vjps=[
        lambda xp, g, x, y, reduction: _pulled(xp, g, x, y, reduction),
        lambda xp, g, x, y, reduction: -_pulled(xp, g, x, y, reduction),
    ],
    domain=Interval(-3, 3),
    examples=[
        Example(x=(2, 3), y=(2, 3)),
        Example(x=(2, 3), y=(2, 3), reduction="sum"),
        Example(x=(2, 3), y=(2, 3), reduction="none"),
        Example(x=(), y=()),
        Example(x=(0, 2), y=(0, 2), reduction="sum"),
    ],
    reference=_reference,
    errors=[
        Raises(ShapeError, r"must have the same shape, got \(2, 3\) and \(3,\)", x=(2, 3), y=(3,)),
        Raises(ShapeError, "the mean of no numbers", x=(0,), y=(0,)),
        Raises(OptionError, "reduction must be one of mean, sum, none", x=(2,), y=(2,), reduction="avg"),
    ],
)
def squared_error(xp, x, y, /, reduction="mean"):
    """Squared difference ``(x - y)**2`` of each element, averaged over all, added up, or as it is.

    Shapes: x and y alike -> () or, for reduction "none", the same.
    Errors: ShapeError for shapes that differ: there is no broadcasting.

    >>> ag.squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    x, y = as_floating(x), as_floating(y)
    if x.shape != y.shape:
        raise ShapeError(f"squared_error: x and y must have the same shape, got {x.shape} and {y.shape}")
    difference = xp.subtract(x, y)
    losses = xp.multiply(difference, difference)
    if reduction == "none":
        return losses
    if reduction not in _REDUCTIONS:
        raise OptionError(f"squared_error: reduction must be one of {', '.join(_REDUCTIONS)}, got {reduction!r}")
    wide = np.float32 if losses.dtype.itemsize == 2 else losses.dtype  # a sum of halves would overflow
    total = xp.add.reduce(losses, None, wide)
    if reduction == "mean":
        if not x.size:
            raise ShapeError(f"squared_error: the mean of no numbers, got shape {x.shape}")
        total = total / x.size
    return total.astype(losses.dtype)
