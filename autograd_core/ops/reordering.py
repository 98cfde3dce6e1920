"""Elements moved to other places of the same array: reversed, turned, rolled.

All are linear, so each one's derivative is its transpose.
"""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..op import composed, linear
from .creation import copy
from .operands import operand
from .shape import swapaxes

_WIDE = Interval(-3, 3)


@linear(
    transpose=lambda xp, g, axis: xp.flip(g, axis),
    views=True,
    domain=_WIDE,
    examples=[Example(x=(2, 3)), Example(x=(2, 3), axis=1), Example(x=(2, 0, 2), axis=(0, -1))],
    reference=np.flip,
    errors=[Raises(ShapeError, "axis 1 is out of bounds", x=(2,), axis=1)],
)
def flip(xp, x, /, axis=None):
    """Elements in reverse order along all axes, or those listed.

    Shapes: x (...) -> (...).

    >>> ag.flip(np.arange(3))
    array([2, 1, 0])
    """
    return xp.flip(x, axis)


@composed(
    domain=_WIDE,
    examples=[Example(x=(2, 3)), Example(x=(2, 0, 2))],
    reference=np.fliplr,
    errors=[Raises(ShapeError, r"at least two axes is needed, got shape \(3,\)", x=(3,))],
)
def fliplr(x, /):
    """Left and right exchanged: the elements along the second axis in reverse order.

    Shapes: x (n, m, ...) -> (n, m, ...).

    >>> ag.fliplr(np.array([[1, 2]]))
    array([[2, 1]])
    """
    x = operand(x, "fliplr")
    if x.ndim < 2:
        raise ShapeError(f"fliplr: an array with at least two axes is needed, got shape {x.shape}")
    return flip(x, 1)


@composed(
    domain=_WIDE,
    examples=[Example(x=(2, 3)), Example(x=(3,)), Example(x=(0, 2))],
    reference=np.flipud,
    errors=[Raises(ShapeError, "at least one axis", x=())],
)
def flipud(x, /):
    """Up and down exchanged: the elements along the first axis in reverse order.

    Shapes: x (n, ...) -> (n, ...).

    >>> ag.flipud(np.array([1, 2]))
    array([2, 1])
    """
    x = operand(x, "flipud")
    if not x.ndim:
        raise ShapeError("flipud: an array with at least one axis is needed, got a single number")
    return flip(x, 0)


@composed(
    domain=_WIDE,
    examples=[
        Example(x=(2, 3)),
        Example(x=(2, 3), k=2),
        Example(x=(2, 3, 2), k=-1, axes=(-1, 0)),
        Example(x=(2, 3, 2), k=7, axes=(1, 2)),
        Example(x=(0, 2), k=4),
    ],
    reference=np.rot90,
    errors=[
        Raises(OptionError, "two different axes", x=(2, 3), axes=(0, -2)),
        Raises(OptionError, "two different axes", x=(2, 3), axes=(0, 1, 0)),
        Raises(ShapeError, "out of bounds", x=(2, 3), axes=(0, 2)),
    ],
)
def rot90(x, /, k=1, axes=(0, 1)):
    """Turned k times by 90 degrees in the plane of two axes, from the first towards the second.

    Shapes: x (..., n, ..., m, ...) -> (..., m, ..., n, ...) for odd k.

    >>> ag.rot90(np.array([[1, 2]]))
    array([[2],
           [1]])
    """
    x, axes = operand(x, "rot90"), tuple(axes)
    if any(not -x.ndim <= a < x.ndim for a in axes):
        raise ShapeError(f"rot90: axes {axes} are out of bounds for an array with {x.ndim} axes")
    if len(axes) != 2 or axes[0] % x.ndim == axes[1] % x.ndim:
        raise OptionError(f"rot90: two different axes are needed, got {axes}")
    turns = k % 4
    if turns % 2 == 0:
        return flip(x, axes) if turns else copy(x)
    # a quarter turn is a reflection along one axis, and one across the diagonal
    return swapaxes(flip(x, axes[1]), *axes) if turns == 1 else flip(swapaxes(x, *axes), axes[1])


def _opposite(shift):
    return -np.asarray(shift) if np.ndim(shift) else -shift


@linear(
    transpose=lambda xp, g, shift, axis: xp.roll(g, _opposite(shift), axis),
    domain=_WIDE,
    examples=[
        Example(x=(2, 3), shift=1),
        Example(x=(2, 3), shift=-4, axis=1),
        Example(x=(2, 3), shift=(1, 2), axis=(0, 1)),
        Example(x=(0, 3), shift=1),
        Example(x=(2, 3), shift=(1, -3)),
        Example(x=(2, 3), shift=2, axis=(0, -1)),
        Example(x=(4,), shift=np.array([1, 2]), axis=(0, 0)),
    ],
    reference=np.roll,
    errors=[Raises(ShapeError, "axis 1 is out of bounds", x=(2,), shift=1, axis=1)],
)
def roll(xp, x, /, shift, axis=None):
    """Elements moved round along an axis (None: along the flattened array).

    Shapes: x (...) -> (...).

    >>> ag.roll(np.arange(3), 1)
    array([2, 0, 1])
    """
    return xp.roll(x, shift, axis)
