"""Cross-correlation, what "same" and "valid" mean for it, its transpose, and patches as columns."""

import math
from typing import Any

import numpy as np

import autograd_core as ag

from .sizes import Padding, Size, in_batch, per_axis

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "fold", "unfold"]


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation over one axis, plus a bias for each channel.

    Shapes: input x (N, channels, n) or (channels, n), weight (out_channels, channels / groups, k), bias (out_channels,)
    -> (N, out_channels, m) or (out_channels, m).
    `padding` is a number of zeros on either side, or "same" for m = n, or "valid" for none.

    >>> conv1d(np.ones((1, 1, 4)), np.ones((1, 1, 3)), padding="same")
    array([[[2., 3., 3., 2.]]])
    """
    return _conv(ag.conv1d, "conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation over height and width, plus a bias for each channel.

    Shapes: input x (N, channels, height, width), weight (out_channels, channels / groups, *kernel), bias
    (out_channels,) -> (N, out_channels, height', width'); all that without N for one example. Options are one
    number or one for each axis; `padding` as for conv1d.

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((2, 1, 2, 2)), np.array([0.0, 0.5])).shape
    (1, 2, 2, 2)
    """
    return _conv(ag.conv2d, "conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation over depth, height and width, plus a bias for each channel.

    Shapes: as for conv2d, with depth before height.
    """
    return _conv(ag.conv3d, "conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Any:
    """Transposed convolution over one axis: each element of x sends the kernel times itself to the output.

    It is the gradient of conv1d by its input, so that `padding` takes away from the borders of the output, and
    `output_padding` makes it longer at its end; several lengths are mapped to one by a `stride`, and it chooses.
    Shapes: input x (N, channels, n) or (channels, n), weight (channels, out_channels / groups, k), bias (out_channels,)
    -> (N, out_channels, m) with m = (n - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1.
    Source: Zeiler et al., Deconvolutional networks (2010).

    >>> conv_transpose1d(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 1.0, 1.0]]]), stride=2)
    array([[[1., 1., 3., 2., 2.]]])
    """
    return _conv_transpose(ag.conv1d_input, 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Any:
    """Transposed convolution over height and width; see conv_transpose1d.

    Shapes: input x (N, channels, height, width), weight (channels, out_channels / groups, *kernel), bias
    (out_channels,) -> (N, out_channels, height', width'); all that without N for one example.

    >>> conv_transpose2d(np.ones((1, 2, 3, 3)), np.ones((2, 4, 2, 2)), stride=2).shape
    (1, 4, 6, 6)
    """
    return _conv_transpose(ag.conv2d_input, 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Any:
    """Transposed convolution over depth, height and width; see conv_transpose1d.

    Shapes: as for conv_transpose2d, with depth before height.
    """
    return _conv_transpose(ag.conv3d_input, 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def unfold(input: Any, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Any:
    """The patches under a kernel as columns, the channels one below the other.

    Shapes: input x (N, channels, height, width) -> (N, channels * kernel numbers, places), without N for one example.

    >>> unfold(np.arange(4.0).reshape(1, 2, 2), 2)
    array([[0.],
           [1.],
           [2.],
           [3.]])
    """
    kernel = per_axis(kernel_size, 2, "unfold: kernel_size", 1)

    def unfolded(x: Any) -> Any:
        # each output channel is one element of the kernel, and each channel goes through on its own
        if np.ndim(x) != 4:
            raise ag.ShapeError(f"unfold: x must be ([batch,] channels, height, width), got shape {np.shape(x)}")
        taps = _taps(kernel, x.dtype)
        alone = ag.reshape(x, (-1, 1, *x.shape[2:]))
        out = ag.conv2d(alone, taps, None, stride, padding, dilation)
        return ag.reshape(out, (x.shape[0], x.shape[1] * len(taps), math.prod(out.shape[2:])))

    return in_batch(unfolded, input, 2)


def fold(
    input: Any, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Any:
    """Patches added up at the places that `unfold` took them from: its transpose.

    Shapes: input x (N, channels * kernel numbers, places) -> (N, channels, *output_size), without N for one example.

    >>> fold(np.ones((4, 2)), (2, 3), 2)
    array([[[1., 2., 1.],
            [1., 2., 1.]]])
    """
    size, kernel = per_axis(output_size, 2, "fold: output_size", 1), per_axis(kernel_size, 2, "fold: kernel_size", 1)
    lists = [
        per_axis(option, 2, f"fold: {name}", least)
        for name, option, least in (("dilation", dilation, 1), ("padding", padding, 0), ("stride", stride, 1))
    ]
    places = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in zip(size, kernel, *lists, strict=True)]

    def folded(x: Any) -> Any:
        taps = _taps(kernel, x.dtype)
        if x.ndim != 3 or x.shape[1] % len(taps) or x.shape[2] != places[0] * places[1]:
            raise ag.ShapeError(
                f"fold: x must be ([batch,] channels * {len(taps)}, {' * '.join(map(str, places))}) for "
                f"output_size={size} and kernel_size={kernel}, got shape {x.shape}"
            )
        batch, channels = x.shape[0], x.shape[1] // len(taps)
        alone = ag.reshape(x, (batch * channels, len(taps), *places))
        out = ag.conv2d_input(alone, taps, (batch * channels, 1, *size), lists[2], lists[1], lists[0])
        return ag.reshape(out, (batch, channels, *size))

    return in_batch(folded, input if isinstance(input, ag.Tensor) else np.asarray(input), 1)


def _taps(kernel: tuple[int, ...], dtype: Any) -> Any:
    """Kernels of which each is one at one element and zero elsewhere."""
    numbers = kernel[0] * kernel[1]
    return np.eye(numbers, dtype=dtype).reshape(numbers, 1, *kernel)


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
    if np.ndim(x) == ndim + 1:
        x = (x if isinstance(x, ag.Tensor) else np.asarray(x))[None]
        return _conv(conv, name, ndim, x, weight, bias, stride, padding, dilation, groups)[0]
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


def _conv_transpose(
    face: Any,
    ndim: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    name = f"conv_transpose{ndim}d"
    x = x if isinstance(x, ag.Tensor) else np.asarray(x)
    if x.ndim == ndim + 1:
        return _conv_transpose(face, ndim, x[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
    options = (("stride", stride, 1), ("padding", padding, 0), ("output_padding", output_padding, 0))
    stride, padding, longer = (per_axis(value, ndim, f"{name}: {option}", least) for option, value, least in options)
    dilation = per_axis(dilation, ndim, f"{name}: dilation", 1)
    _check_transpose(name, ndim, x, weight, bias, groups)
    for extra, s, d in zip(longer, stride, dilation, strict=True):
        if extra >= max(s, d):
            raise ag.OptionError(
                f"{name}: output_padding must be smaller than the stride or the dilation, got {output_padding} "
                f"for stride={stride}, dilation={dilation}"
            )
    kernel = np.shape(weight)[2:]
    sizes = [
        (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for n, s, p, d, k, extra in zip(x.shape[2:], stride, padding, dilation, kernel, longer, strict=True)
    ]
    if min(sizes) < 1:
        raise ag.ShapeError(
            f"{name}: nothing is left of an output of {tuple(sizes)} (x {x.shape}, weight {np.shape(weight)}, "
            f"stride={stride}, padding={padding}, dilation={dilation}); use less padding"
        )
    beyond = [extra // s for extra, s in zip(longer, stride, strict=True)]
    if any(beyond):  # the output is so long that it has places under inputs that are not there, which are zeros
        x = ag.pad(x, [(0, 0), (0, 0), *((0, n) for n in beyond)])
    out = face(x, weight, (x.shape[0], np.shape(weight)[1] * groups, *sizes), stride, padding, dilation, groups)
    return out if bias is None else out + ag.reshape(bias, (-1, *(1,) * ndim))


def _check_transpose(name: str, ndim: int, x: Any, weight: Any, bias: Any, groups: Any) -> None:
    axes = ("length", "height, width", "depth, height, width")[ndim - 1]
    shape = np.shape(weight)
    if x.ndim != ndim + 2:
        raise ag.ShapeError(f"{name}: x must be ([batch,] channels, {axes}), got shape {x.shape}")
    if len(shape) != ndim + 2:
        raise ag.ShapeError(f"{name}: weight must be (channels, out_channels / groups, {axes}), got shape {shape}")
    if not isinstance(groups, int | np.integer) or groups < 1 or shape[0] % groups:
        raise ag.OptionError(
            f"{name}: groups must be a whole number that divides the {shape[0]} channels, got {groups!r}"
        )
    if x.shape[1] != shape[0]:
        raise ag.ShapeError(
            f"{name}: x has {x.shape[1]} channels but weight expects {shape[0]} (weight {shape}); "
            f"x is laid out (batch, channels, {axes})"
        )
    if bias is not None and np.shape(bias) != (shape[1] * groups,):
        raise ag.ShapeError(
            f"{name}: bias must have one number per out_channel, shape {(shape[1] * groups,)}; got {np.shape(bias)}"
        )
