"""Convolution and correlation of two sequences, as NumPy has them (for networks, see convolution).

Both are bilinear. A convolution cut to `same` or `valid` is a part of the full one, so the rules know the full one
only: they put the cotangent back into its place there.
"""

from math import prod

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed, multilinear
from .operands import operand
from .reordering import flip

_WIDE = Interval(-2, 2)
_MODES = ("full", "same", "valid")


def _in_full(xp, g, a_aval, v_aval, mode):
    """The cotangent of the full convolution from that of its part."""
    n, m = prod(a_aval.shape), prod(v_aval.shape)
    shorter = min(n, m)
    start = {"full": 0, "same": (shorter - 1) // 2, "valid": shorter - 1}[mode]
    return xp.pad(g, (start, n + m - 1 - start - len(g))) if mode != "full" else g


def _convolve_vjp(xp, g, other, own_aval, mode):
    """The correlation of the cotangent with the other sequence."""
    whole = _in_full(xp, g, own_aval, other, mode)
    return xp.reshape(convolve(whole, xp.flip(other), "valid"), own_aval.shape)


@multilinear(
    vjps=[
        lambda xp, g, v, a_aval, mode: _convolve_vjp(xp, g, v, a_aval, mode),
        lambda xp, g, a, v_aval, mode: _convolve_vjp(xp, g, a, v_aval, mode),
    ],
    domain=_WIDE,
    examples=[
        Example(a=(4,), v=(3,)),
        Example(a=(2,), v=(5,)),
        Example(a=(5,), v=(3,), mode="same"),
        Example(a=(5,), v=(2,), mode="same"),
        Example(a=(2,), v=(4,), mode="same"),
        Example(a=(5,), v=(2,), mode="valid"),
        Example(a=(3,), v=(4,), mode="valid"),
        Example(a=(3,), v=(3,), mode="valid"),
        Example(a=(), v=(2,)),
    ],
    reference=np.convolve,
    errors=[
        Raises(ShapeError, "v cannot be empty", a=(2,), v=(0,)),
        Raises(ShapeError, "two sequences", a=(2, 2), v=(2,)),
        Raises(OptionError, "mode must be one of full, same, valid", a=(2,), v=(2,), mode="circular"),
    ],
)
def convolve(xp, a, v, /, mode="full"):
    """Convolution of two sequences, ``sum over m of a[m] v[n - m]``: all of it, or a part in the middle.

    `same` is as long as the longer one, `valid` is where the shorter one lies inside the longer.

    Shapes: a (n,), v (m,) -> full (n + m - 1,), same (max(n, m),), valid (max(n, m) - min(n, m) + 1,).

    >>> ag.convolve([1.0, 2.0, 3.0], [1.0, 1.0])
    array([1., 3., 5., 3.])
    """
    _check("convolve", a, v, mode)
    return xp.convolve(a, v, mode)


def _check(who, a, v, mode):
    if np.ndim(a) > 1 or np.ndim(v) > 1:
        raise ShapeError(
            f"{who}: two sequences of numbers are needed, got shapes {np.shape(a)} and {np.shape(v)}; "
            "for several at once use ag.conv1d"
        )
    if mode not in _MODES:
        raise OptionError(f"{who}: mode must be one of {', '.join(_MODES)}, got {mode!r}")


@composed(
    domain=_WIDE,
    examples=[
        Example(a=(4,), v=(2,)),
        Example(a=(2,), v=(4,)),
        Example(a=(4,), v=(2,), mode="full"),
        Example(a=(2,), v=(5,), mode="full"),
        Example(a=(5,), v=(2,), mode="same"),
        Example(a=(2,), v=(4,), mode="same"),
        Example(a=(3,), v=(5,), mode="same"),
        Example(a=(3,), v=(3,)),
        Example(a=(), v=(2,)),
    ],
    reference=lambda a, v, mode="valid": np.correlate(np.atleast_1d(a), v, mode),
    errors=[
        Raises(ShapeError, "two sequences", a=(2,), v=(2, 1)),
        Raises(OptionError, "mode must be one of", a=(2,), v=(2,), mode="circular"),
    ],
)
def correlate(a, v, /, mode="valid"):
    """Correlation of two sequences, ``sum over n of a[n + k] v[n]``: all of it, or a part in the middle as `convolve`.

    A number is a sequence of one, as in `convolve`.

    Shapes: a (n,), v (m,) -> full (n + m - 1,), same (max(n, m),), valid (max(n, m) - min(n, m) + 1,).

    >>> ag.correlate([1.0, 2.0, 3.0], [1.0, 1.0])
    array([3., 5.])
    """
    a, v = operand(a, "correlate"), operand(v, "correlate")
    _check("correlate", a, v, mode)
    if v.size > a.size:
        return flip(convolve(v, flip(a), mode))
    return convolve(a, flip(v), mode)
