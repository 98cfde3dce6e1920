"""The activation functions of neural networks, element by element."""

import numpy as np

from ..arrays import as_floating, held_beyond_sweep
from ..examples import Example, Interval, Subgradient
from ..layout import BLOCK, LARGE, empty_like, in_blocks
from ..op import elementwise

_DOUBLE = np.dtype(float)


def _relu_large(x):
    """The same for a large array, block by block."""
    out, zeros = empty_like(x), np.zeros(BLOCK, x.dtype)
    # NumPy compares two arrays several times as fast as an array and a number
    done = in_blocks(lambda x, out: np.maximum(x, zeros[: x.size], out=out), x, out)
    return out if done else np.maximum(x, 0)


def _masked(g, out):
    """``g`` where out > 0, else 0; in the memory of g if nobody needs that any more."""
    if g.size <= LARGE or g.dtype != out.dtype:
        return g * (out > 0)
    spare = not held_beyond_sweep(g) and g.flags.writeable and g.strides == out.strides
    result = g if spare else np.empty_like(out)
    done = in_blocks(lambda g, out, result: np.multiply(g, out > 0, out=result), g, out, result)
    return result if done else g * (out > 0)


@elementwise(
    partials=[lambda out: out > 0],
    fused=[_masked],
    domain=Interval(-4, 4, away_from=[0]),
    reference=lambda x: np.maximum(x, 0),
    subgradients=[Subgradient({"x": 0.0}, {"x": 0.0}, "as every framework takes it")],
)
def relu(xp, x, /):
    """Rectified linear unit ``max(x, 0)``, element by element; its derivative at 0 is taken as 0.

    Shapes: x (...) -> (...).

    >>> ag.relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return xp.maximum(x, 0) if np.size(x) <= LARGE else _relu_large(x)


# Arithmetic with masks in the place of xp.where, which takes ten times as long where signs follow no order: it guesses
# wrong at every other element.


def _leaky_slopes(g, x, negative_slope):
    """``g`` where x > 0, else the slope times g."""
    right = x > 0
    slopes = np.logical_not(right).astype(x.dtype)
    slopes *= negative_slope
    slopes += right
    return g * slopes


@elementwise(
    partials=[lambda xp, x, negative_slope: xp.where(x > 0, xp.ones_like(x), negative_slope)],
    fused=[_leaky_slopes],
    domain=Interval(-4, 4, away_from=[0]),
    examples=[Example(x=(3,)), Example(x=(2, 2), negative_slope=0.2), Example(x=(), negative_slope=-2.0)],
    reference=lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x),
    subgradients=[Subgradient({"x": 0.0}, {"x": 0.01}, "the slope of the left side, as PyTorch takes it")],
)
def leaky_relu(xp, x, /, negative_slope=0.01):
    """x on the right of 0, ``negative_slope * x`` on the left, element by element; at 0 the slope is that of the left.

    Shapes: x (...) -> (...).

    >>> ag.leaky_relu(np.array([-1.0, 2.0]), negative_slope=0.1)
    array([-0.1,  2. ])
    """
    x = x if getattr(x, "dtype", _DOUBLE).kind == "f" else as_floating(x)
    return xp.maximum(x, 0) + negative_slope * xp.minimum(x, 0)


def _elu_slopes(g, x, alpha):
    """``g`` where x > 0, else ``alpha e**x`` times g."""
    slopes = np.exp(np.minimum(x, 0))  # 1 on the right
    if alpha != 1:
        right = x > 0
        factors = np.logical_not(right).astype(slopes.dtype)
        factors *= alpha
        factors += right
        slopes = slopes * factors
    return g * slopes


@elementwise(
    partials=[lambda xp, x, alpha: xp.where(x > 0, xp.ones_like(x), alpha * xp.exp(xp.where(x > 0, 0, x)))],
    fused=[_elu_slopes],
    domain=Interval(-4, 4, away_from=[0]),
    examples=[Example(x=(3,)), Example(x=(2, 2), alpha=0.5), Example(x=(), alpha=2.0)],
    reference=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    subgradients=[Subgradient({"x": 0.0}, {"x": 1.0}, "the slope of the left side, alpha, as PyTorch takes it")],
)
def elu(xp, x, /, alpha=1.0):
    """x on the right of 0, ``alpha (e**x - 1)`` on the left, element by element; at 0 the slope is that of the left.

    Shapes: x (...) -> (...).
    Source: Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by ELUs (2015).

    >>> ag.elu(np.array([-1e4, 2.0]), alpha=0.5)
    array([-0.5,  2. ])
    """
    x = x if getattr(x, "dtype", _DOUBLE).kind == "f" else as_floating(x)
    return xp.maximum(x, 0) + alpha * xp.expm1(xp.minimum(x, 0))


@elementwise(
    partials=[lambda x, min_val, max_val: (x > min_val) & (x < max_val)],
    domain=Interval(-4, 4, away_from=[-1, 0.5, 1]),
    examples=[Example(x=(3,)), Example(x=(2, 2), max_val=0.5), Example(x=(), min_val=-9.0)],
    reference=lambda x, min_val=-1.0, max_val=1.0: np.clip(x, min_val, max_val),
    subgradients=[Subgradient({"x": 1.0}, {"x": 0.0}, "0 at both bounds, as PyTorch takes it; `clip` shares there")],
)
def hardtanh(xp, x, /, min_val=-1.0, max_val=1.0):
    """x, and the bound where it is outside of both bounds, element by element; at the bounds the slope is 0.

    Shapes: x (...) -> (...).

    >>> ag.hardtanh(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    x = x if getattr(x, "dtype", _DOUBLE).kind == "f" else as_floating(x)
    return xp.minimum(xp.maximum(x, min_val), max_val)


@elementwise(
    partials=[lambda out: out * (1 - out)],
    fused=[lambda g, out: g * (out - out * out)],
    domain=Interval(-40, 40),
    reference=lambda x: 1 / (1 + np.exp(-x)),
)
def sigmoid(xp, x, /):
    """Logistic function ``1 / (1 + e**-x)``, element by element, without overflow.

    Shapes: x (...) -> (...).

    >>> float(ag.sigmoid(0.0))
    0.5
    """
    out = xp.negative(x if getattr(x, "dtype", _DOUBLE).kind == "f" else as_floating(x))
    with np.errstate(over="ignore"):  # where e**-x is infinite, the value is 0 to the last bit
        if not isinstance(out, np.ndarray) or not out.ndim:
            return 1 / (1 + xp.exp(out))
        xp.exp(out, out=out)
    out += 1
    return xp.reciprocal(out, out=out)


@elementwise(partials=[lambda xp, x: sigmoid(x)], domain=Interval(-20, 20), reference=lambda x: np.logaddexp(x, 0))
def softplus(xp, x, /):
    """``log(1 + e**x)``, element by element, without overflow.

    Shapes: x (...) -> (...).

    >>> round(float(ag.softplus(0.0)), 4)
    0.6931
    """
    x = x if getattr(x, "dtype", _DOUBLE).kind == "f" else as_floating(x)
    if not isinstance(x, np.ndarray) or not x.ndim:
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.absolute(x)))
    out = xp.absolute(x)  # the same step by step, in one array; NumPy's logaddexp takes several times as long
    xp.log1p(xp.exp(xp.negative(out, out=out), out=out), out=out)
    out += xp.maximum(x, 0)
    return out


@elementwise(
    partials=[lambda xp, x: xp.square(1 / (1 + xp.absolute(x)))],  # 1 / (1 + |x|)**2 would overflow
    domain=Interval(-4, 4, away_from=[0]),
    reference=lambda x: x / (1 + np.abs(x)),
)
def softsign(xp, x, /):
    """Softsign ``x / (1 + |x|)``, element by element.

    Shapes: x (...) -> (...).

    >>> float(ag.softsign(1.0))
    0.5
    """
    return xp.divide(x, 1 + xp.absolute(x))
