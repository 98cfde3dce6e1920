"""The weighted average, which is differentiable in the weights too."""

from math import prod

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed
from .arithmetic import divide, multiply
from .creation import astype, zeros_like
from .deciding import refuse_where
from .operands import operand, value_of
from .order_statistics import axes_of
from .reduction import mean, sum
from .shape import broadcast_to, moveaxis, reshape


def average(x, /, axis=None, weights=None, returned=False, *, keepdims=False):
    """Weighted mean along axes, ``sum(weights x) / sum(weights)``, differentiable in the weights too.

    `weights` have the shape of x, or of the axes that are averaged. With `returned`, a tuple of the average and the sum
    of the weights. Weights that add up to 0 are refused.

    Shapes: x (...), weights (...) -> x without the axes, or with them of length 1 (keepdims).

    >>> float(ag.average(np.array([1.0, 4.0]), weights=np.array([2.0, 1.0])))
    2.0
    """
    x = operand(x, "average")
    axes = axes_of("average", axis, x.ndim)
    if weights is None:
        out = mean(x, axes, keepdims=keepdims)
        total = zeros_like(out) + prod(x.shape[a] for a in axes)
    else:
        weights = _beside(x, operand(weights, "average"), axes, axis)
        dtype = np.result_type(x.dtype, weights.dtype, np.float64 if x.dtype.kind in "iub" else x.dtype)
        total = sum(astype(weights, dtype), axes, keepdims=keepdims)
        refuse_where(
            value_of(total) == 0,
            lambda: OptionError("average: the weights add up to 0, and cannot be made to add up to 1"),
        )
        out = divide(sum(multiply(astype(x, dtype), weights), axes, keepdims=keepdims), total)
    return (out, broadcast_to(total, out.shape)) if returned else out


def _beside(x, weights, axes, axis):
    """The weights with the axes of x, repeated along those that they lack."""
    if weights.shape == x.shape:
        return weights
    if axis is None or weights.shape != tuple(x.shape[a] for a in axes):
        raise ShapeError(
            f"average: weights have the shape of x, {x.shape}, or of the averaged axes ({axis}); got {weights.shape}"
        )
    order = sorted(range(len(axes)), key=axes.__getitem__)
    weights = moveaxis(weights, order, tuple(range(len(axes))))
    return broadcast_to(reshape(weights, [n if i in axes else 1 for i, n in enumerate(x.shape)]), x.shape)


@composed(
    name="average",
    domain={"x": Interval(-3, 3), "weights": Interval(0.25, 3)},
    examples=[
        Example(x=(3,), weights=(3,)),
        Example(x=(2, 3), weights=(2, 3)),
        Example(x=(2, 3), weights=(3,), axis=1),
        Example(x=(2, 3), weights=(2,), axis=0, keepdims=True),
        Example(x=(2, 3, 2), weights=(2, 3), axis=(0, 1)),
        Example(x=(2, 3, 2), weights=(2, 3), axis=(-1, 1), keepdims=True),
        Example(x=(2, 3), weights=(2, 3), axis=1, returned=True),
        Example(x=(2, 3), axis=0, keepdims=True),
        Example(x=(), weights=()),
        Example(x=(2, 0), weights=(2,), axis=0),
    ],
    reference=lambda x, weights=None, axis=None, returned=False, keepdims=False: np.average(
        x, axis, weights, returned, keepdims=keepdims
    ),
    errors=[
        Raises(ShapeError, "axis 2 is out of bounds", x=(2, 3), axis=2),
        Raises(ShapeError, "nothing to reduce", x=(0,)),
        Raises(ShapeError, "weights have the shape", x=(2, 3), weights=(3,)),
        Raises(OptionError, "add up to 0", x=(2,), weights=np.array([1.0, -1.0])),
    ],
)
def _average(x, weights=None, /, axis=None, returned=False, *, keepdims=False):
    return average(x, axis, weights, returned, keepdims=keepdims)


average.op, _average.__doc__ = _average.op, average.__doc__  # type: ignore[attr-defined]
