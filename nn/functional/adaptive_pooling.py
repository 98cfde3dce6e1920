"""Pooling to as many windows as are asked for, which cover the input evenly and overlap where they must.

Along an axis of length n, window i of m begins at ``floor(i n / m)`` and ends before ``ceil((i + 1) n / m)``.
"""

import math
from typing import Any

import numpy as np

import autograd_core as ag

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
]


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Means of so many windows along one axis.

    Shapes: input x (N, channels, n) -> (N, channels, output_size), without N for one example.

    >>> adaptive_avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0, 4.0]]]), 2)
    array([[[2., 2.]]])
    """
    return _average(input, output_size, 1)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Means of so many windows over height and width; None keeps an axis, and 1 takes its mean ("global" pooling).

    Shapes: input x (N, channels, height, width) -> (N, channels, *output_size), without N for one example.

    >>> adaptive_avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), (1, None))
    array([[[[6., 7., 8., 9.]]]])
    """
    return _average(input, output_size, 2)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """Means of so many windows over depth, height and width; None keeps an axis.

    Shapes: input x (N, channels, depth, height, width) -> (N, channels, *output_size), without N for one example.
    """
    return _average(input, output_size, 3)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of so many windows along one axis, and with `return_indices` where they were.

    Shapes: input x (N, channels, n) -> (N, channels, output_size), without N for one example.

    >>> adaptive_max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0, 4.0]]]), 2)
    array([[[3., 4.]]])
    """
    return _maximum(input, output_size, 1, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of so many windows over height and width; None keeps an axis. Indices count a channel row after row.

    Shapes: input x (N, channels, height, width) -> (N, channels, *output_size), without N for one example.
    """
    return _maximum(input, output_size, 2, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of so many windows over depth, height and width; None keeps an axis.

    Shapes: input x (N, channels, depth, height, width) -> (N, channels, *output_size), without N for one example.
    """
    return _maximum(input, output_size, 3, return_indices)


def _prepared(x: Any, output_size: Any, ndim: int, name: str) -> tuple[Any, list[int]]:
    x = x if isinstance(x, ag.Tensor) else np.asarray(x)
    if x.ndim not in (ndim + 1, ndim + 2):
        axes = ("length", "height, width", "depth, height, width")[ndim - 1]
        raise ag.ShapeError(f"{name}: x must be ([batch,] channels, {axes}), got shape {x.shape}")
    given = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size,) * ndim
    if len(given) != ndim or not all(
        m is None or (isinstance(m, int | np.integer) and not isinstance(m, bool) and m > 0) for m in given
    ):
        several = "" if ndim == 1 else f", or {ndim} of them"
        raise ag.OptionError(
            f"{name}: output_size must be a positive whole number or None{several}; got {output_size!r}"
        )
    if 0 in x.shape[-ndim:]:
        raise ag.ShapeError(f"{name}: there is nothing to pool in x {x.shape}")
    return x, [n if m is None else int(m) for m, n in zip(given, x.shape[-ndim:], strict=True)]


def _windows(n: int, m: int) -> tuple[Any, Any]:
    """The places along an axis that each window sees, as rows, and which of them are its own: rows are filled up."""
    starts = np.arange(m) * n // m
    ends = -(-(np.arange(m) + 1) * n // m)
    places = starts[:, None] + np.arange((ends - starts).max())
    inside = places < ends[:, None]
    return np.minimum(places, n - 1), inside


def _average(x: Any, output_size: Any, ndim: int) -> Any:
    x, sizes = _prepared(x, output_size, ndim, f"adaptive_avg_pool{ndim}d")
    space = x.shape[-ndim:]
    if all(m == 1 for m in sizes):
        return ag.mean(x, axis=tuple(range(-ndim, 0)), keepdims=True)
    if all(n % m == 0 for n, m in zip(space, sizes, strict=True)):
        pool = (ag.avg_pool1d, ag.avg_pool2d, ag.avg_pool3d)[ndim - 1]
        kernel = tuple([n // m for n, m in zip(space, sizes, strict=True)])
        return pool(x[None], kernel)[0] if x.ndim == ndim + 1 else pool(x, kernel)
    for axis, (n, m) in enumerate(zip(space, sizes, strict=True), x.ndim - ndim):
        if n != m:  # a mean over a box is a mean of means
            places, inside = _windows(n, m)
            parts = ag.take(x, places, axis)
            inside = inside.reshape(inside.shape + (1,) * (x.ndim - axis - 1))
            counts = inside.sum(axis=1).astype(x.dtype)
            x = ag.sum(ag.where(inside, parts, 0), axis=axis + 1) / counts
    return x


def _maximum(x: Any, output_size: Any, ndim: int, return_indices: bool) -> Any:
    x, sizes = _prepared(x, output_size, ndim, f"adaptive_max_pool{ndim}d")
    space = x.shape[-ndim:]
    if not return_indices and all(n % m == 0 for n, m in zip(space, sizes, strict=True)):
        pool = (ag.max_pool1d, ag.max_pool2d, ag.max_pool3d)[ndim - 1]
        kernel = tuple([n // m for n, m in zip(space, sizes, strict=True)])
        return pool(x[None], kernel)[0] if x.ndim == ndim + 1 else pool(x, kernel)
    # all windows of all axes at once, so that equal maxima share evenly: (..., windows of each axis, their places)
    index: Any = np.zeros((1,) * (2 * ndim), int)
    inside: Any = np.ones((1,) * (2 * ndim), bool)
    for i, (n, m) in enumerate(zip(space, sizes, strict=True)):
        places, own = _windows(n, m)
        shape = [1] * (2 * ndim)
        shape[i], shape[ndim + i] = places.shape
        index = index * n + places.reshape(shape)
        inside = inside & own.reshape(shape)
    flat = ag.reshape(x, (*x.shape[:-ndim], math.prod(space)))
    seen = ag.where(inside, flat[..., index], -np.inf)
    out = ag.max(seen, axis=tuple(range(-ndim, 0)))
    if not return_indices:
        return out
    each = index[(0,) * ndim].size
    index = np.broadcast_to(index.reshape(*sizes, each), (*out.shape, each))

    def first_places(seen: Any) -> Any:
        values = seen.detach().numpy() if isinstance(seen, ag.Tensor) else seen
        first = values.reshape(*out.shape, each).argmax(axis=-1)
        return np.take_along_axis(index, first[..., None], -1)[..., 0]

    return out, ag.perform(first_places, seen)
