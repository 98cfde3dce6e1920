"""The maximum, the mean or a power mean of windows, of a given size or as many as are asked for."""

import math
from typing import Any

import numpy as np

import autograd_core as ag

from .sizes import Size, in_batch, per_axis

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


def max_pool1d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum of each window along one axis; `stride` is the kernel size unless given.

    With `ceil_mode` a last window may reach over the end. With `return_indices` the places of the maxima come too.
    Shapes: input x (N, channels, n) -> (N, channels, m), without N for one example.

    >>> max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[3., 2.]]])
    """
    return _max_pool(ag.max_pool1d, 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum of each window over height and width; options as for max_pool1d, one number or one for each axis.

    Shapes: input x (N, channels, height, width) -> (N, channels, height', width'), without N for one example.
    Indices count the elements of a channel, row after row.
    """
    return _max_pool(ag.max_pool2d, 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Maximum of each window over depth, height and width; options as for max_pool1d, one number or one for each axis.

    Shapes: input x (N, channels, depth, height, width) -> (N, channels, *m), without N for one example.
    """
    return _max_pool(ag.max_pool3d, 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def avg_pool1d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Mean of each window along one axis; `stride` is the kernel size unless given.

    Zeros of the padding count, if `count_include_pad`. With `ceil_mode` a last window may reach over the end.
    Shapes: input x (N, channels, n) -> (N, channels, m), without N for one example.

    >>> avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[2., 1.]]])
    """
    return in_batch(ag.avg_pool1d, input, 1, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Mean of each window over height and width; options as for avg_pool1d, one number or one for each axis.

    Sums of windows are divided by `divisor_override` instead, if it is given.
    Shapes: input x (N, channels, height, width) -> (N, channels, height', width'), without N for one example.
    """
    return in_batch(
        ag.avg_pool2d, input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Mean of each window over depth, height and width; options as for avg_pool2d.

    Shapes: input x (N, channels, depth, height, width) -> (N, channels, *m), without N for one example.
    """
    return in_batch(
        ag.avg_pool3d, input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Any:
    """Power mean without the mean: ``(sum of x**p over the window)**(1/p)`` along one axis, p being `norm_type`.

    Where the sum is 0, the gradient is taken as 0; where it is negative, the root is NaN, as in PyTorch.
    Shapes: input x (N, channels, n) -> (N, channels, m), without N for one example.

    >>> lp_pool1d(np.array([[[3.0, 4.0]]]), 2, 2)
    array([[[5.]]])
    """
    return _lp_pool(avg_pool1d, 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Any:
    """``(sum of x**p over the window)**(1/p)`` over height and width, p being `norm_type`; see lp_pool1d.

    Shapes: input x (N, channels, height, width) -> (N, channels, height', width'), without N for one example.
    """
    return _lp_pool(avg_pool2d, 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Any:
    """``(sum of x**p over the window)**(1/p)`` over depth, height and width, p being `norm_type`; see lp_pool1d.

    Shapes: input x (N, channels, depth, height, width) -> (N, channels, *m), without N for one example.
    """
    return _lp_pool(avg_pool3d, 3, input, norm_type, kernel_size, stride, ceil_mode)


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, output_size: Any = None
) -> Any:
    """Each element of x at the place that max_pool1d found it, and zeros elsewhere.

    `output_size` chooses among the lengths that pooling maps to one. Where several windows had the same maximum, its
    place gets the last of their elements, and only that one has a gradient.
    Shapes: x, indices (N, channels, m) -> (N, channels, n), without N for one example.

    >>> out, indices = max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2, return_indices=True)
    >>> max_unpool1d(out, indices, 2)
    array([[[0., 3., 2., 0.]]])
    """
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, output_size: Any = None
) -> Any:
    """Each element of x at the place that max_pool2d found it, and zeros elsewhere; see max_unpool1d.

    Shapes: x, indices (N, channels, height, width) -> (N, channels, height', width'), without N for one example.
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any, indices: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, output_size: Any = None
) -> Any:
    """Each element of x at the place that max_pool3d found it, and zeros elsewhere; see max_unpool1d.

    Shapes: x, indices (N, channels, depth, height, width) -> (N, channels, *n), without N for one example.
    """
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _max_pool(
    operation: Any,
    ndim: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    out = in_batch(operation, x, ndim, kernel_size, stride, padding, dilation, ceil_mode)
    if not return_indices:
        return out
    return out, _places(x, out.shape, ndim, kernel_size, stride, padding, dilation)


@ag.performed
def _places(
    x: Any, shape: tuple[int, ...], ndim: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> Any:
    """Where in its channel each window has its first maximum: windows are cut out of arrays of values and of places."""
    kernel, steps, pads, gaps = (
        np.broadcast_to(option, (ndim,)).tolist()
        for option in (kernel_size, kernel_size if stride is None else stride, padding, dilation)
    )
    values = x.detach().numpy() if isinstance(x, ag.Tensor) else np.asarray(x)
    space, windows, axes = values.shape[-ndim:], shape[-ndim:], tuple(range(-ndim, 0))
    reach = [d * (k - 1) + 1 for d, k in zip(gaps, kernel, strict=True)]
    # as much behind the end as the last window reaches over it
    widths = [
        (p, max(0, (m - 1) * s + r - n - p)) for p, m, s, r, n in zip(pads, windows, steps, reach, space, strict=True)
    ]

    every: Any = (..., *(slice(0, (m - 1) * s + 1, s) for m, s in zip(windows, steps, strict=True)))

    def cut(a: Any, outside: Any) -> Any:
        a = np.pad(a, [(0, 0)] * (a.ndim - ndim) + widths, constant_values=outside)
        view = np.lib.stride_tricks.sliding_window_view(a, reach, axis=axes)
        view = view[(*every, *(slice(None, None, d) for d in gaps))]
        return view.reshape(*view.shape[:-ndim], math.prod(kernel))

    places = cut(np.arange(math.prod(space)).reshape(space), 0)
    lowest = -np.inf if values.dtype.kind == "f" else np.iinfo(values.dtype).min
    first = cut(values, lowest).argmax(axis=-1)
    return np.take_along_axis(np.broadcast_to(places, (*first.shape, places.shape[-1])), first[..., None], -1)[..., 0]


def _lp_pool(average: Any, ndim: int, x: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Any:
    count = math.prod(per_axis(kernel_size, ndim, f"lp_pool{ndim}d: kernel_size", 1))
    total = average(x**norm_type, kernel_size, stride, 0, ceil_mode) * count
    return ag.where(total == 0, 0, total ** (1 / norm_type))  # at 0 the slope of a root is infinite


def _max_unpool(ndim: int, x: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any) -> Any:
    name = f"max_unpool{ndim}d"
    x = x if isinstance(x, ag.Tensor) else np.asarray(x)
    places = indices if isinstance(indices, ag.Tensor) else np.asarray(indices)
    if x.ndim not in (ndim + 1, ndim + 2) or places.shape != x.shape:
        raise ag.ShapeError(
            f"{name}: x and indices must both be ([batch,] channels, *{ndim} axes), got {x.shape} and {places.shape}"
        )
    kernel = per_axis(kernel_size, ndim, f"{name}: kernel_size", 1)
    steps = kernel if stride is None else per_axis(stride, ndim, f"{name}: stride", 1)
    pads = per_axis(padding, ndim, f"{name}: padding")
    space = [(m - 1) * s - 2 * p + k for m, s, p, k in zip(x.shape[-ndim:], steps, pads, kernel, strict=True)]
    if output_size is not None:
        given = [int(n) for n in output_size][-ndim:]
        if len(given) != ndim or any(abs(n - m) >= s for n, m, s in zip(given, space, steps, strict=True)):
            raise ag.ShapeError(f"{name}: output_size must be nearer to {tuple(space)} than the stride {steps}, "
                                f"got {output_size!r}")  # fmt: skip
        space = given
    size, lines = math.prod(space), math.prod(x.shape[:-ndim])

    def found(indices: Any) -> tuple[Any, Any]:
        places = indices.detach().numpy() if isinstance(indices, ag.Tensor) else indices
        if places.dtype.kind not in "iu" or (places.size and not 0 <= places.min() <= places.max() < size):
            raise ag.OptionError(
                f"{name}: indices must be whole numbers from 0 to {size - 1}, as max_pool{ndim}d returns them"
            )
        flat = (np.arange(lines)[:, None] * size + places.reshape(lines, math.prod(x.shape[-ndim:]))).ravel()
        taken = np.full(lines * size, -1)
        taken[flat] = np.arange(flat.size)  # of several elements at a place the last one stays
        return taken >= 0, np.maximum(taken, 0)

    there, taken = ag.perform(found, places)
    out = ag.where(there, ag.reshape(x, (-1,))[taken], 0) if x.size else ag.reshape(x, (-1,))
    return ag.reshape(out if x.size else ag.pad(out, (0, lines * size)), (*x.shape[:-ndim], *space))
