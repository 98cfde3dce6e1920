"""Moving the zero frequency to the middle of a spectrum, and back: rolls by half the length."""

import numpy as np

from ...errors import ShapeError
from ...examples import Example, Interval, Raises
from ...op import composed
from ..operands import operand
from ..reordering import roll

_WIDE = Interval(-3, 3)
_EXAMPLES = [
    Example(x=(4,)),
    Example(x=(5,)),
    Example(x=(3, 4)),
    Example(x=(3, 4), axes=1),
    Example(x=(3, 2, 5), axes=(0, -1)),
    Example(x=(0, 3)),
]
_BAD_AXIS = Raises(ShapeError, "axis 1 is out of bounds", x=(3,), axes=1)


def _listed(axes, ndim):
    return tuple(range(ndim)) if axes is None else tuple(axes) if isinstance(axes, tuple | list) else (axes,)


def _check(who, axes, ndim):
    for axis in axes:
        if not -ndim <= axis < ndim:
            raise ShapeError(f"{who}: axis {axis} is out of bounds for an array with {ndim} axes")


@composed(name="fft.fftshift", domain=_WIDE, examples=_EXAMPLES, reference=np.fft.fftshift, errors=[_BAD_AXIS])
def fftshift(x, /, axes=None):
    """The zero frequency moved from the start to the middle, along all axes or those listed.

    Shapes: x (...) -> (...).

    >>> ag.fft.fftshift(np.array([0.0, 1.0, 2.0, -2.0, -1.0]))
    array([-2., -1.,  0.,  1.,  2.])
    """
    x = operand(x, "fft.fftshift")
    axes = _listed(axes, x.ndim)
    _check("fft.fftshift", axes, x.ndim)
    return roll(x, tuple(x.shape[a] // 2 for a in axes), axes)


@composed(name="fft.ifftshift", domain=_WIDE, examples=_EXAMPLES, reference=np.fft.ifftshift, errors=[_BAD_AXIS])
def ifftshift(x, /, axes=None):
    """The zero frequency moved from the middle to the start, along all axes or those listed; undoes `fftshift`.

    Shapes: x (...) -> (...).

    >>> ag.fft.ifftshift(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
    array([ 0.,  1.,  2., -2., -1.])
    """
    x = operand(x, "fft.ifftshift")
    axes = _listed(axes, x.ndim)
    _check("fft.ifftshift", axes, x.ndim)
    return roll(x, tuple(-(x.shape[a] // 2) for a in axes), axes)
