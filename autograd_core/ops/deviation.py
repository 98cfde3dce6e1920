"""How far numbers lie from their mean: variance and standard deviation along axes."""

import math

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Raises, Subgradient
from ..op import general
from .axes import AXES, BAD_AXIS, BAD_MASK, MASK, MASKED, TYPED, WHOLE, WIDE, chosen, count, keep, length, prepared


def _deviation(xp, x, axis, where):
    return chosen(xp, x - xp.mean(x, axis=axis, keepdims=True, where=where), where)


def _free(x, axis, ddof, where):
    """Degrees of freedom; that they are positive was checked in the forward."""
    return count(x.shape, axis, where, x.dtype) - ddof


def _check_freedom(name, x, axis, ddof, where):
    if np.any(count(x.shape, axis, where) - ddof <= 0):
        raise OptionError(
            f"{name}: {length(x.shape, axis)} numbers along axis {axis} of shape {x.shape}"
            f"{' (less where the mask is False)' if where is not True else ''} leave no degree "
            f"of freedom with ddof={ddof}; reduce more numbers, or lower ddof"
        )


DDOF = [Example(x=(4,), ddof=1), Example(x=(2, 3), axis=1, ddof=0.5), Example(x=(2, 2, 3), ddof=1, where=MASK)]
NO_FREEDOM = Raises(OptionError, "no degree of freedom", x=(3,), ddof=3)


@general(
    vjps=[
        lambda xp, g, x, axis, ddof, where: (
            keep(g, x.shape, axis) * (2 / _free(x, axis, ddof, where)) * _deviation(xp, x, axis, where)
        )
    ],
    masks=["where"],
    domain=WIDE,
    examples=[*AXES, *DDOF, *MASKED[1:3], *TYPED],
    reference=np.var,
    errors=[BAD_AXIS, BAD_MASK, WHOLE, NO_FREEDOM, Raises(ShapeError, "axis -1 is out of bounds", x=(), axis=-1)],
)
def var(xp, x, /, axis=None, *, dtype=None, ddof=0, keepdims=False, where=True):
    """Variance along axes: mean squared deviation, with n - ddof in the place of n.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.var(np.array([1.0, 3.0])))
    1.0
    """
    x, options = prepared(xp, x, dtype, where)
    _check_freedom("var", x, axis, ddof, where)
    return xp.var(x, axis=axis, ddof=ddof, keepdims=keepdims, **options)


def in_scale(measure, x, axis, where=True):
    """What is computed from squares, at a scale where those neither overflow nor underflow.

    `measure` is homogeneous: scaled numbers have the scaled measure. NumPy's own value is kept where it is good.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        out = measure(x)
        limits = np.finfo(x.dtype)
        if not x.size or ((out > math.sqrt(limits.tiny / limits.eps)) & (out < np.inf)).all():
            return out
        top = np.maximum.reduce(np.absolute(x), axis=axis, keepdims=True, initial=0, where=where)
        scale = np.where((top > 0) & (top < np.inf), top, 1).astype(x.dtype)
        out = measure(x / scale)
        return out * scale.reshape(np.shape(out))


def _is_constant(x, axis, where, shape):
    """Whether all numbers that a deviation is taken of are equal, so that rounding alone keeps it from being 0."""
    high = np.maximum.reduce(x, axis=axis, initial=-np.inf, where=where)
    return (high <= np.minimum.reduce(x, axis=axis, initial=np.inf, where=where)).reshape(shape)


@general(
    vjps=[
        lambda xp, g, x, out, axis, ddof, where: (
            keep(g / xp.where(out == 0, np.inf, out), x.shape, axis)
            / _free(x, axis, ddof, where)
            * _deviation(xp, x, axis, where)
        )
    ],
    masks=["where"],
    domain=Distinct(),
    examples=[*(e for e in [*AXES, *DDOF, *TYPED] if e.arguments["x"]), Example(x=(0, 2), axis=1), MASKED[2]],
    reference=np.std,
    errors=[BAD_AXIS, BAD_MASK, WHOLE, NO_FREEDOM, Raises(ShapeError, "axis -1 is out of bounds", x=(), axis=-1)],
    subgradients=[Subgradient({"x": np.ones(3)}, {"x": np.zeros(3)}, "all deviations are 0")],
)
def std(xp, x, /, axis=None, *, dtype=None, ddof=0, keepdims=False, where=True):
    """Standard deviation along axes, in the unit of x; where it is 0, its gradient is taken as 0.

    Shapes: x (...) -> x without the axes, or with them of length 1 (keepdims); where broadcasts to x.

    >>> float(ag.std(np.array([1.0, 3.0])))
    1.0
    """
    x, options = prepared(xp, x, dtype, where)
    _check_freedom("std", x, axis, ddof, where)
    if x.dtype.kind != "f":
        return xp.std(x, axis=axis, ddof=ddof, keepdims=keepdims, **options)
    out = in_scale(lambda x: xp.std(x, axis=axis, ddof=ddof, keepdims=keepdims, **options), x, axis, where)
    if not x.size or (out > 8 * np.finfo(out.dtype).eps * np.max(np.absolute(x))).all():
        return out
    return xp.where(_is_constant(x, axis, where, np.shape(out)), 0, out).astype(out.dtype)[()]
