"""Layers that put a border around images: of zeros, a constant, mirror images, repeated edges, or periods."""

from typing import Any, ClassVar

import numpy as np

import autograd_core as ag

from .. import functional
from ..functional.sizes import Size, per_axis
from ..module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class Pad(Module):
    """What they have in common: `padding` is one number, or (before, after) of the last axis, of that before it, ..."""

    ndim: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Size) -> None:
        super().__init__()
        self.padding = padding
        self._widths()

    def _widths(self) -> tuple[int, ...]:
        least = -(2**62)  # a negative width cuts off
        try:
            return per_axis(self.padding, 2 * self.ndim, "padding", least)
        except ag.OptionError:
            raise ag.OptionError(
                f"{type(self).__name__}: padding must be a whole number or {2 * self.ndim} of them, before and after "
                f"each axis, the last axis first; got {self.padding!r}"
            ) from None

    def forward(self, input: Any) -> Any:
        if np.ndim(input) not in (self.ndim + 1, self.ndim + 2):
            axes = ("length", "height, width", "depth, height, width")[self.ndim - 1]
            raise ag.ShapeError(
                f"{type(self).__name__}: x must be ([batch,] channels, {axes}), got shape {np.shape(input)}"
            )
        return functional.pad(input, self._widths(), self.mode)

    def extra_repr(self) -> str:
        return f"{self._widths()}"


class ConstantPad(Pad):
    """What borders of a constant have in common; they go around arrays with any number of axes."""

    mode = "constant"

    def __init__(self, padding: Size, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        return functional.pad(input, self._widths(), value=self.value)

    def extra_repr(self) -> str:
        return f"padding={self._widths()}, value={self.value}"


class ConstantPad1d(ConstantPad):
    """A border of `value` at both ends of the last axis: `padding` is a number, or (before, after).

    Shapes: x (..., n) -> (..., before + n + after).

    >>> ConstantPad1d((1, 2), 3.0)(np.zeros((1, 1, 1)))
    array([[[3., 0., 3., 3.]]])
    """

    ndim = 1


class ConstantPad2d(ConstantPad):
    """A border of `value` around images: `padding` is a number, or (left, right, top, bottom).

    Shapes: x (..., height, width) -> (..., top + height + bottom, left + width + right).
    """

    ndim = 2


class ConstantPad3d(ConstantPad):
    """A border of `value` around volumes: `padding` is a number, or (left, right, top, bottom, front, back).

    Shapes: x (..., depth, height, width) -> each axis longer by its two numbers.
    """

    ndim = 3


class ZeroPad(ConstantPad):
    """What borders of zeros have in common."""

    def __init__(self, padding: Size) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self._widths()}"


class ZeroPad1d(ZeroPad):
    """Zeros at both ends of the last axis: `padding` is a number, or (before, after).

    Shapes: x (..., n) -> (..., before + n + after).

    >>> ZeroPad1d(1)(np.ones((1, 1, 2)))
    array([[[0., 1., 1., 0.]]])
    """

    ndim = 1


class ZeroPad2d(ZeroPad):
    """Zeros around images: `padding` is a number, or (left, right, top, bottom); a negative one cuts off.

    Shapes: x (..., height, width) -> (..., top + height + bottom, left + width + right).
    """

    ndim = 2


class ZeroPad3d(ZeroPad):
    """Zeros around volumes: `padding` is a number, or (left, right, top, bottom, front, back).

    Shapes: x (..., depth, height, width) -> each axis longer by its two numbers.
    """

    ndim = 3


class ReflectionPad(Pad):
    """What borders that mirror the inside have in common."""

    mode = "reflect"


class ReflectionPad1d(ReflectionPad):
    """Mirror images about the outermost elements of the last axis: `padding` is a number, or (before, after).

    Shapes: x (N, channels, n) -> (N, channels, before + n + after), without N for one example.
    Errors: ShapeError for a border of n or wider: there is nothing to mirror.

    >>> ReflectionPad1d((2, 1))(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[3., 2., 1., 2., 3., 2.]]])
    """

    ndim = 1


class ReflectionPad2d(ReflectionPad):
    """Mirror images about the outermost rows and columns: `padding` is a number, or (left, right, top, bottom).

    Shapes: x (N, channels, height, width) -> each axis longer by its two numbers, without N for one example.
    """

    ndim = 2


class ReflectionPad3d(ReflectionPad):
    """Mirror images about the outermost planes: `padding` is a number, or (left, right, top, bottom, front, back).

    Shapes: x (N, channels, depth, height, width) -> each axis longer by its two numbers, without N for one example.
    """

    ndim = 3


class ReplicationPad(Pad):
    """What borders that repeat the edge have in common."""

    mode = "replicate"


class ReplicationPad1d(ReplicationPad):
    """The outermost elements of the last axis again and again: `padding` is a number, or (before, after).

    Shapes: x (N, channels, n) -> (N, channels, before + n + after), without N for one example.

    >>> ReplicationPad1d((2, 1))(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[1., 1., 1., 2., 3., 3.]]])
    """

    ndim = 1


class ReplicationPad2d(ReplicationPad):
    """The outermost rows and columns again and again: `padding` is a number, or (left, right, top, bottom).

    Shapes: x (N, channels, height, width) -> each axis longer by its two numbers, without N for one example.
    """

    ndim = 2


class ReplicationPad3d(ReplicationPad):
    """The outermost planes again and again: `padding` is a number, or (left, right, top, bottom, front, back).

    Shapes: x (N, channels, depth, height, width) -> each axis longer by its two numbers, without N for one example.
    """

    ndim = 3


class CircularPad(Pad):
    """What borders that come in from the other side have in common."""

    mode = "circular"


class CircularPad1d(CircularPad):
    """The last axis as one period: `padding` is a number, or (before, after).

    Shapes: x (N, channels, n) -> (N, channels, before + n + after), without N for one example.
    Errors: ShapeError for a border wider than n.

    >>> CircularPad1d((2, 1))(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[2., 3., 1., 2., 3., 1.]]])
    """

    ndim = 1


class CircularPad2d(CircularPad):
    """Images as one tile of many: `padding` is a number, or (left, right, top, bottom).

    Shapes: x (N, channels, height, width) -> each axis longer by its two numbers, without N for one example.
    """

    ndim = 2


class CircularPad3d(CircularPad):
    """Volumes as one cell of many: `padding` is a number, or (left, right, top, bottom, front, back).

    Shapes: x (N, channels, depth, height, width) -> each axis longer by its two numbers, without N for one example.
    """

    ndim = 3
