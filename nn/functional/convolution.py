"""Cross-correlation, and what "same" and "valid" mean for it."""

from typing import Any

import numpy as np

import autograd_core as ag

from .sizes import Padding, Size

__all__ = ["conv1d", "conv2d", "conv3d"]


def conv1d(
    x: Any, weight: Any, bias: Any = None, stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1
) -> Any:
    """Cross-correlation over one axis, plus a bias for each channel.

    Shapes: x (N, channels, n), weight (out_channels, channels / groups, k), bias (out_channels,)
    -> (N, out_channels, m).
    `padding` is a number of zeros on either side, or "same" for m = n, or "valid" for none.

    >>> conv1d(np.ones((1, 1, 4)), np.ones((1, 1, 3)), padding="same")
    array([[[2., 3., 3., 2.]]])
    """
    return _conv(ag.conv1d, "conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1
) -> Any:
    """Cross-correlation over height and width, plus a bias for each channel.

    Shapes: x (N, channels, height, width), weight (out_channels, channels / groups, *kernel), bias (out_channels,)
    -> (N, out_channels, height', width'). Options are one number or one for each axis; `padding` as for conv1d.

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((2, 1, 2, 2)), np.array([0.0, 0.5])).shape
    (1, 2, 2, 2)
    """
    return _conv(ag.conv2d, "conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any, weight: Any, bias: Any = None, stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1
) -> Any:
    """Cross-correlation over depth, height and width, plus a bias for each channel.

    Shapes: as for conv2d, with depth before height.
    """
    return _conv(ag.conv3d, "conv3d", 3, x, weight, bias, stride, padding, dilation, groups)


def _conv(
    conv: Any,
    name: str,
    ndim: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    if isinstance(padding, str):
        x, padding = _padded(name, ndim, x, weight, stride, padding, dilation)
    return conv(x, weight, bias, stride, padding, dilation, groups)


def _padded(name: str, ndim: int, x: Any, weight: Any, stride: Any, padding: str, dilation: Any) -> tuple[Any, Any]:
    """What "same" and "valid" mean in numbers; where the two sides differ, x comes back padded."""
    if padding not in ("same", "valid"):
        raise ag.OptionError(f"{name}: padding must be a number, one for each axis, 'same' or 'valid'; got {padding!r}")
    if padding == "valid" or np.ndim(x) != ndim + 2 or np.ndim(weight) != ndim + 2:
        return x, 0
    if any(s != 1 for s in np.ravel(stride)):
        raise ag.OptionError(f"{name}: padding='same' needs stride 1, got {stride!r}; give the padding as a number")
    reach = np.broadcast_to(dilation, (ndim,)) * (np.array(np.shape(weight)[2:]) - 1)
    if not (reach % 2).any():
        return x, tuple(int(r) // 2 for r in reach)
    return ag.pad(x, [(0, 0), (0, 0), *((int(r) // 2, int(r) - int(r) // 2) for r in reach)]), 0
