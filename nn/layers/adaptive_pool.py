"""Pooling layers that are told how many windows there shall be, whatever the size of the input."""

from typing import Any, ClassVar

from .. import functional
from ..module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
]


class AdaptiveAvgPool(Module):
    """What adaptive pooling by the mean has in common."""

    pool: ClassVar[Any]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        return self.pool(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool(Module):
    """What adaptive pooling by the maximum has in common."""

    pool: ClassVar[Any]

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Any) -> Any:
        return self.pool(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}" + (", return_indices=True" if self.return_indices else "")


class AdaptiveAvgPool1d(AdaptiveAvgPool):
    """Means of `output_size` windows along one axis: window i of m begins at i n / m and ends at (i + 1) n / m.

    Beginnings are rounded down and ends up, so that windows may overlap, and no element is left out.
    Shapes: x (N, channels, n) -> (N, channels, output_size), without N for one example.

    >>> AdaptiveAvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0, 4.0]]]))
    array([[[2., 2.]]])
    """

    pool = staticmethod(functional.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(AdaptiveAvgPool):
    """Means of windows over height and width; AdaptiveAvgPool2d(1) is global average pooling.

    Shapes: x (N, channels, height, width) -> (N, channels, *output_size), without N for one example; a None in
    output_size keeps an axis as it is, one number is for both. Windows are as for AdaptiveAvgPool1d.

    >>> AdaptiveAvgPool2d((1, None))(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[6., 7., 8., 9.]]]])
    """

    pool = staticmethod(functional.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(AdaptiveAvgPool):
    """Means of windows over depth, height and width.

    Shapes: x (N, channels, depth, height, width) -> (N, channels, *output_size); see AdaptiveAvgPool2d.
    """

    pool = staticmethod(functional.adaptive_avg_pool3d)


class AdaptiveMaxPool1d(AdaptiveMaxPool):
    """Maxima of `output_size` windows along one axis, which are those of AdaptiveAvgPool1d.

    With `return_indices` the places of the maxima come too.
    Shapes: x (N, channels, n) -> (N, channels, output_size), without N for one example.

    >>> AdaptiveMaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0, 4.0]]]))
    array([[[3., 4.]]])
    """

    pool = staticmethod(functional.adaptive_max_pool1d)


class AdaptiveMaxPool2d(AdaptiveMaxPool):
    """Maxima of windows over height and width.

    Shapes: as for AdaptiveAvgPool2d. Indices count the elements of a channel, row after row.
    """

    pool = staticmethod(functional.adaptive_max_pool2d)


class AdaptiveMaxPool3d(AdaptiveMaxPool):
    """Maxima of windows over depth, height and width.

    Shapes: as for AdaptiveAvgPool3d.
    """

    pool = staticmethod(functional.adaptive_max_pool3d)
