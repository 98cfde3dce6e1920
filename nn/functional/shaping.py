"""The same elements in other shapes, or in another order."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import check_positive

__all__ = ["channel_shuffle", "flatten", "pixel_shuffle", "pixel_unshuffle", "unflatten"]


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """All axes from `start_dim` to `end_dim` as one, in C order.

    >>> flatten(np.ones((2, 3, 4)), 1).shape
    (2, 12)
    """
    shape = input.shape
    first, last = (dim + len(shape) if dim < 0 else dim for dim in (start_dim, end_dim))
    if not 0 <= first <= last < max(len(shape), 1):
        raise ag.ShapeError(f"flatten: x has shape {shape}, and no axes from {start_dim} to {end_dim}")
    return ag.reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """One axis as several, in C order; one of the sizes may be -1, which is what the others leave.

    >>> unflatten(np.ones((2, 12)), 1, (3, -1)).shape
    (2, 3, 4)
    """
    shape, sizes = input.shape, tuple(sizes)
    if not -len(shape) <= dim < len(shape):
        raise ag.ShapeError(f"unflatten: x has shape {shape}, and no axis {dim}")
    dim %= len(shape)
    known = math.prod(n for n in sizes if n != -1)
    left = shape[dim] // known if sizes.count(-1) == 1 and known > 0 else -1
    whole = tuple(left if n == -1 else n for n in sizes)
    if not whole or min(whole) < 0 or math.prod(whole) != shape[dim]:
        raise ag.ShapeError(f"unflatten: axis {dim} of x {shape} has {shape[dim]} elements, which is not {sizes}")
    return ag.reshape(input, (*shape[:dim], *whole, *shape[dim + 1 :]))


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Channels become pixels: each group of r * r channels is spread over squares of r * r pixels.

    Shapes: input x (..., channels * r * r, height, width) -> (..., channels, height * r, width * r).
    Source: Shi et al., Real-time single image and video super-resolution (2016), eq. 4.

    >>> pixel_shuffle(np.arange(4.0).reshape(4, 1, 1), 2)
    array([[[0., 1.],
            [2., 3.]]])
    """
    r = check_positive(upscale_factor, "pixel_shuffle: upscale_factor")
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    if x.ndim < 3 or x.shape[-3] % (r * r):
        raise ag.ShapeError(f"pixel_shuffle: x must be (..., channels * {r * r}, height, width), got shape {x.shape}")
    *batch, channels, height, width = x.shape
    out = ag.reshape(x, (*batch, channels // (r * r), r, r, height, width))
    k = len(batch)
    out = ag.transpose(out, (*range(k + 1), k + 3, k + 1, k + 4, k + 2))
    return ag.reshape(out, (*batch, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """Pixels become channels: the reverse of `pixel_shuffle`.

    Shapes: input x (..., channels, height * r, width * r) -> (..., channels * r * r, height, width).

    >>> pixel_unshuffle(np.arange(4.0).reshape(1, 2, 2), 2).ravel()
    array([0., 1., 2., 3.])
    """
    r = check_positive(downscale_factor, "pixel_unshuffle: downscale_factor")
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    if x.ndim < 3 or x.shape[-2] % r or x.shape[-1] % r:
        raise ag.ShapeError(f"pixel_unshuffle: x must be (..., height * {r}, width * {r}), got shape {x.shape}")
    *batch, channels, height, width = x.shape
    out = ag.reshape(x, (*batch, channels, height // r, r, width // r, r))
    k = len(batch)
    out = ag.transpose(out, (*range(k + 1), k + 2, k + 4, k + 1, k + 3))
    return ag.reshape(out, (*batch, channels * r * r, height // r, width // r))


def channel_shuffle(input: Any, groups: int) -> Any:
    """Channels of so many groups dealt out in turn: the first of each group, then the second of each.

    Shapes: input x (N, channels, ...) -> the same.
    Source: Zhang et al., ShuffleNet (2018).

    >>> channel_shuffle(np.arange(4.0).reshape(1, 4, 1), 2).ravel()
    array([0., 2., 1., 3.])
    """
    groups = check_positive(groups, "channel_shuffle: groups")
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    if x.ndim < 3 or x.shape[1] % groups:
        raise ag.ShapeError(f"channel_shuffle: x must be (batch, channels that {groups} divides, ...), got {x.shape}")
    out = ag.reshape(x, (x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]))
    return ag.reshape(ag.swapaxes(out, 1, 2), x.shape)
