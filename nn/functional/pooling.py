"""The maximum or the mean of windows."""

from typing import Any

import autograd_core as ag

from .sizes import Size

__all__ = ["avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"]


def max_pool1d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Any:
    """Maximum of each window along one axis; `stride` is the kernel size unless given.

    Shapes: x (N, channels, n) -> (N, channels, m).

    >>> max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[3., 2.]]])
    """
    return ag.max_pool1d(x, kernel_size, stride, padding)


def max_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Any:
    """Maximum of each window over height and width; `stride` is the kernel size unless given.

    Shapes: x (N, channels, height, width) -> (N, channels, height', width').
    """
    return ag.max_pool2d(x, kernel_size, stride, padding)


def avg_pool1d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Any:
    """Mean of each window along one axis, padding included; `stride` is the kernel size unless given.

    Shapes: x (N, channels, n) -> (N, channels, m).

    >>> avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[2., 1.]]])
    """
    return ag.avg_pool1d(x, kernel_size, stride, padding)


def avg_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Any:
    """Mean of each window over height and width, padding included; `stride` is the kernel size unless given.

    Shapes: x (N, channels, height, width) -> (N, channels, height', width').
    """
    return ag.avg_pool2d(x, kernel_size, stride, padding)
