"""Interpolation between samples, piecewise linear: differentiable by the place, the samples, and where these lie."""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises, Subgradient
from ..op import composed
from .creation import astype
from .deciding import refuse_where
from .indexing import getitem
from .joining import concatenate
from .operands import is_weak, like, operand, share_record, value_of
from .selection import where


def interp(x, xp, fp, /, left=None, right=None, period=None):
    """The function at x that is linear between the points (xp, fp), xp increasing, and `left` and `right` of them.

    Those are fp[0] and fp[-1] unless given. With a period, xp may have any order. All arguments but the period have
    derivatives. At a point xp the derivative is that of the segment that begins there (at the last point: ends there).
    The result has the type of the arguments, where NumPy's is always float64.

    Shapes: x (...), xp (n,), fp (n,) -> (...).

    >>> float(ag.interp(1.5, [1.0, 2.0], [10.0, 20.0]))
    15.0
    """
    xp, fp = _floating(operand(xp, "interp")), _floating(operand(fp, "interp"))
    x = np.asarray(x, xp.dtype) if is_weak(x) else _floating(operand(x, "interp"))
    if xp.ndim != 1 or xp.shape != fp.shape or not len(xp):
        raise ShapeError(f"interp: xp and fp must be two vectors of one length > 0; got {xp.shape} and {fp.shape}")
    dtype = np.result_type(x.dtype, xp.dtype, fp.dtype)
    x, xp, fp = (v if v.dtype == dtype else astype(v, dtype) for v in (x, xp, fp))
    if period is not None:
        x, xp, fp = _over_one_period(x, xp, fp, period)
        left = right = None
    places, points, last = value_of(x), value_of(xp), len(xp) - 1
    refuse_where(
        points[1:] < points[:-1], lambda: OptionError("interp: xp must increase; sort xp and fp by np.argsort(xp)")
    )
    start = np.clip(np.searchsorted(points, places, "right") - 1, 0, max(last - 1, 0))
    xp, fp = like(xp, start), like(fp, start)  # while a program is captured
    stop = np.minimum(start + 1, last)
    x0, f0, f1 = getitem(xp, start), getitem(fp, start), getitem(fp, stop)
    width = getitem(xp, stop) - x0
    point = value_of(width) == 0  # only at the end: one point, or several at one place
    inside = where(point, f1, (f1 - f0) / where(point, 1, width) * (x - x0) + f0)
    inside = where(places < points[0], fp[0] if left is None else left, inside)
    return where(places > points[last], fp[last] if right is None else right, inside)


def _floating(x):
    return x if x.dtype.kind == "f" else astype(x, np.float64)


def _over_one_period(x, xp, fp, period):
    """Everything moved into one period by whole periods, in order, and one point more on either side."""
    if period == 0:
        raise OptionError("interp: the period must not be 0")
    period = abs(period)

    def moved(v):
        return v - (value_of(v) - np.mod(value_of(v), period))

    xp = moved(xp)
    order = np.argsort(value_of(xp))
    xp, fp = getitem(xp, order), getitem(fp, order)
    xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return moved(x), xp, concatenate([fp[-1:], fp, fp[:1]])


_KNOTS = np.array([-2.0, -0.5, 0.25, 2.0], np.float16)  # the narrowest type: the result takes that of the others
_GRID = np.arange(-3, 3, 0.505)  # the points that Distinct(margin=0.5) takes numbers from


@composed(
    name="interp",
    domain={
        "x": Interval(-3, 3, away_from=[*_KNOTS, *_GRID, *(_GRID - 4.3), *(_GRID + 4.3)]),
        "xp": Distinct(margin=0.5),
    },
    examples=[
        Example(x=(5,), xp=_KNOTS, fp=(4,)),
        Example(x=(2, 3), xp=_KNOTS, fp=(4,), left=(), right=()),
        Example(x=(), xp=_KNOTS, fp=(4,), left=None, right=()),
        Example(x=(0,), xp=_KNOTS, fp=(4,)),
        Example(x=(6,), xp=(1,), fp=(1,), left=(), right=()),
        Example(x=(3, 2), xp=(4,), fp=(4,), period=4.3),
        Example(x=(3,), xp=(4,), fp=(4,), period=-7),
    ],
    reference=lambda x, xp, fp, left=None, right=None, period=None: np.interp(
        x, xp, fp, None if left is None else float(left), None if right is None else float(right), period
    ),
    errors=[
        Raises(ShapeError, "two vectors of one length", x=(), xp=(3,), fp=(2,)),
        Raises(OptionError, "must increase", x=(), xp=np.array([2.0, 1.0]), fp=(2,)),
        Raises(OptionError, "must not be 0", x=(), xp=(2,), fp=(2,), period=0),
    ],
    subgradients=[
        Subgradient(
            {"x": np.arange(3.0), "xp": np.arange(3.0), "fp": np.array([0.0, 1.0, 3.0])},
            {"x": np.array([1.0, 2.0, 2.0]), "xp": np.array([-1.0, -2.0, -2.0]), "fp": np.ones(3)},
            "the segment that begins at the point; at the last point the one that ends there",
        )
    ],
)
def _interp(x, xp, fp, left=None, right=None, /, period=None):
    return interp(x, xp, fp, left, right, period)


share_record(interp, _interp)
