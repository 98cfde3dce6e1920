"""Pooling layers: the maximum or the mean of each window."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from .. import functional
from ..functional.sizes import Size
from ..module import Module

__all__ = ["AvgPool1d", "AvgPool2d", "MaxPool1d", "MaxPool2d"]


class Pool(Module):
    """What pooling layers have in common: windows of `kernel_size`, `stride` apart (the kernel size unless given)."""

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool(Pool):
    """What pooling by the maximum has besides: PyTorch's further options, at the values that there are.

    Errors: OptionError for a dilation other than 1, and for indices or rounding up.
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        given = {"dilation": (dilation, 1), "return_indices": (return_indices, False), "ceil_mode": (ceil_mode, False)}
        for name, (value, only) in given.items():
            if not np.all(np.equal(value, only)):
                raise ag.OptionError(f"{type(self).__name__}: {name} can only be {only} here, got {value!r}")
        self.dilation, self.return_indices, self.ceil_mode = dilation, return_indices, ceil_mode

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"


class MaxPool1d(MaxPool):
    """Maximum of each window along one axis.

    Shapes: x (N, channels, n) -> (N, channels, m) with m = (n + 2 padding - kernel_size) // stride + 1.

    >>> MaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[3., 2.]]])
    """

    def forward(self, x: Any) -> Any:
        return functional.max_pool1d(x, self.kernel_size, self.stride, self.padding)


class MaxPool2d(MaxPool):
    """Maximum of each window over height and width.

    Shapes: x (N, channels, *n) -> (N, channels, *m) with, along each axis,
    m = (n + 2 padding - kernel_size) // stride + 1.

    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    def forward(self, x: Any) -> Any:
        return functional.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool1d(Pool):
    """Mean of each window along one axis, padding included.

    Shapes: as for MaxPool1d.

    >>> AvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[2., 1.]]])
    """

    def forward(self, x: Any) -> Any:
        return functional.avg_pool1d(x, self.kernel_size, self.stride, self.padding)

    def extra_repr(self) -> str:
        shown = {name: getattr(self, name) for name in ("kernel_size", "stride", "padding")}
        whole = {name: tuple(n) if isinstance(n, Sequence) else (n,) for name, n in shown.items()}
        return ", ".join(f"{name}={n}" for name, n in whole.items())


class AvgPool2d(Pool):
    """Mean of each window over height and width, padding included.

    Shapes: as for MaxPool2d.

    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """

    def forward(self, x: Any) -> Any:
        return functional.avg_pool2d(x, self.kernel_size, self.stride, self.padding)
