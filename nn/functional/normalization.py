"""Numbers brought to a mean and a variance of their own: over the batch, a layer, groups of channels, or an example.

Most are `ag.standardize_affine` along other axes. Does not know modules; running statistics are arrays that are passed.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd_core as ag

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "normalize",
    "rms_norm",
]


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel brought to mean 0 and variance 1 over the batch and space, times a weight, plus a bias.

    In `training` with the mean and the variance (divided by n) of x, which also move the running ones, in place, by the
    share `momentum`; the running variance is that divided by n - 1. Else with the running ones.
    Shapes: input x (N, channels, ...) -> the same; the other arrays (channels,).
    Errors: ShapeError for one number per channel in training, which has no variance.
    Source: Ioffe and Szegedy, Batch normalization (2015), algorithms 1 and 2.

    >>> batch_norm(np.array([[1.0], [3.0]]), None, None, training=True, eps=0)
    array([[-1.],
           [ 1.]])
    """
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    _check_channels("batch_norm", x, 2, weight=weight, bias=bias, running_mean=running_mean, running_var=running_var)
    if not training:
        if running_mean is None or running_var is None:
            raise ag.OptionError("batch_norm: running_mean and running_var are needed where training=False")
        return _by_running(x, running_mean, running_var, weight, bias, eps)
    axes = (0, *range(2, x.ndim))
    count = math.prod(x.shape[axis] for axis in axes)
    if not count:
        return _affine(x * 1, weight, bias)  # nothing to see, and nothing that statistics could move to
    if count == 1:
        raise ag.ShapeError(
            f"batch_norm: training needs more than one number for each channel, got x {x.shape}; "
            "use a larger batch, or .eval()"
        )
    weight, bias = _along(weight, x), _along(bias, x)
    if running_mean is None and running_var is None:
        return ag.standardize_affine(x, weight, bias, axes, eps)
    moments = np.empty((2, x.shape[1]), np.result_type(x.dtype, np.float32))
    out = ag.standardize_affine(x, weight, bias, axes, eps, moments=moments)
    _move(running_mean, lambda: moments[0], momentum)
    _move(running_var, lambda: moments[1] * (count / (count - 1)), momentum)
    return out


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel of each example brought to mean 0 and variance 1 over space, times a weight, plus a bias.

    Running statistics are moved by the means over the batch of the means and of the variances (divided by n - 1), and
    are what is used where `use_input_stats` is False.
    Shapes: input x (N, channels, n, ...) -> the same; the other arrays (channels,).
    Errors: ShapeError for channels of a single number.
    Source: Ulyanov et al., Instance normalization (2016).
    """
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    _check_channels("instance_norm", x, 3, weight=weight, bias=bias, running_mean=running_mean, running_var=running_var)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ag.OptionError("instance_norm: running_mean and running_var are needed where use_input_stats=False")
        return _by_running(x, running_mean, running_var, weight, bias, eps)
    axes = tuple(range(2, x.ndim))
    count = math.prod(x.shape[2:])
    if count == 1:
        raise ag.ShapeError(
            f"instance_norm: training needs more than one number in each channel of an example, got x {x.shape}"
        )
    weight, bias = _along(weight, x), _along(bias, x)
    if running_mean is None and running_var is None:
        return ag.standardize_affine(x, weight, bias, axes, eps)
    moments = np.empty((2, *x.shape[:2]), np.result_type(x.dtype, np.float32))
    out = ag.standardize_affine(x, weight, bias, axes, eps, moments=moments)
    if len(x):
        _move(running_mean, lambda: moments[0].mean(axis=0), momentum)
        _move(running_var, lambda: moments[1].mean(axis=0) * (count / (count - 1)), momentum)
    return out


def layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """The last axes of each example brought to mean 0 and variance 1, times a weight, plus a bias.

    Shapes: input x (..., *normalized_shape) -> the same; weight and bias normalized_shape.
    Source: Ba, Kiros and Hinton, Layer normalization (2016).

    >>> layer_norm(np.array([[1.0, 3.0], [2.0, 2.0]]), (2,), eps=0)
    array([[-1.,  1.],
           [ 0.,  0.]])
    """
    x, axes = _last_axes("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    return ag.standardize_affine(x, weight, bias, axes, eps)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Groups of channels of each example brought to mean 0 and variance 1, then channels times a weight, plus a bias.

    Shapes: input x (N, channels, ...) -> the same; weight and bias (channels,).
    Source: Wu and He, Group normalization (2018).
    """
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    _check_channels("group_norm", x, 2, weight=weight, bias=bias)
    if not isinstance(num_groups, int | np.integer) or num_groups < 1 or x.shape[1] % num_groups:
        raise ag.OptionError(
            f"group_norm: num_groups must be a whole number that divides the {x.shape[1]} channels of x {x.shape}, "
            f"got {num_groups!r}"
        )
    if not x.size:
        return _affine(x * 1, weight, bias)
    grouped = ag.reshape(x, (x.shape[0], num_groups, -1, *x.shape[2:]))
    if math.prod(grouped.shape[2:]) == 1:
        raise ag.ShapeError(f"group_norm: a group needs more than one number, got x {x.shape}, num_groups={num_groups}")
    weight, bias = (
        None if v is None else ag.reshape(v, (num_groups, -1, *(1,) * (x.ndim - 2))) for v in (weight, bias)
    )
    out = ag.standardize_affine(grouped, weight, bias, tuple(range(2, grouped.ndim)), eps)
    return ag.reshape(out, x.shape)


def rms_norm(input: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Any:
    """The last axes of each example over their root mean square, times a weight.

    `eps`, the machine's epsilon of the numbers' type unless given, is added to the mean square.
    Shapes: input x (..., *normalized_shape) -> the same; weight normalized_shape.
    Source: Zhang and Sennrich, Root mean square layer normalization (2019).

    >>> rms_norm(np.array([[3.0, 4.0, 0.0, 0.0]]), (4,), eps=0)
    array([[1.2, 1.6, 0. , 0. ]])
    """
    x, axes = _last_axes("rms_norm", input, normalized_shape, weight=weight)
    eps = float(np.finfo(x.dtype).eps) if eps is None else eps
    out = x / ag.sqrt(ag.mean(ag.square(x), axis=axes, keepdims=True) + eps)
    return out if weight is None else out * weight


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """x over ``(k + alpha * mean of the squares of neighbouring channels)**beta``, `size` channels with itself between.

    Shapes: input x (N, channels, n, ...) -> the same.
    Source: Krizhevsky et al., ImageNet classification with deep convolutional neural networks (2012), section 3.3,
    there with the sum in the place of the mean.
    """
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    if x.ndim < 3:
        raise ag.ShapeError(f"local_response_norm: x must be (batch, channels, n, ...), got shape {x.shape}")
    if not x.size:
        return x
    squares = ag.reshape(ag.square(x), (x.shape[0], 1, x.shape[1], -1))
    padded = ag.pad(squares, {2: (size // 2, (size - 1) // 2)})
    means = ag.reshape(ag.avg_pool2d(padded, (size, 1), 1), x.shape)
    return x / (means * alpha + k) ** beta


def normalize(input: Any, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Any:
    """x over its p-norm along `dim`, or over `eps` where the norm is smaller.

    Shapes: input x (...) -> the same.

    >>> normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    if isinstance(dim, tuple | list):
        length = ag.sum(ag.absolute(input) ** p, axis=tuple(dim), keepdims=True) ** (1 / p)
    else:
        length = ag.linalg.norm(input, p, dim, True)
    return input / ag.maximum(length, eps)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    """x times a weight, plus a bias, of one number for each channel."""
    x = x if weight is None else x * _along(weight, x)
    return x if bias is None else x + _along(bias, x)


def _along(numbers: Any, x: Any) -> Any:
    """One number for each channel, so that it meets the channels of x."""
    return numbers if numbers is None or x.ndim == 2 else ag.reshape(numbers, (-1, *(1,) * (x.ndim - 2)))


def _by_running(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    """x with a mean and a variance that are given, and have no derivative."""
    shape = (-1, *(1,) * (x.ndim - 2))

    def found(*given: Any) -> tuple[Any, Any]:
        mean, var = (held.detach().numpy() if isinstance(held, ag.Tensor) else np.asarray(held) for held in given)
        # new arrays: later steps may move the running ones
        return mean.astype(x.dtype).reshape(shape), (1 / np.sqrt(var + eps)).astype(x.dtype)

    mean, factor = ag.perform(found, mean, var)
    # the mean first: of a large one, times the factor, too few digits would be left
    out = (x - mean) * ag.reshape(factor if weight is None else weight * factor, shape)
    return out if bias is None else out + ag.reshape(bias, shape)


@ag.performed
def _move(running: Any, found: Callable[[], Any], momentum: float | Callable[[], float]) -> None:
    """Bring a running statistic a part of the way to what was found, in place. What that is, each replay asks anew."""
    if running is None:
        return
    with ag.no_grad():
        array = running.writable() if isinstance(running, ag.Tensor) else running
        array += (momentum() if callable(momentum) else momentum) * (found() - array)


def _check_channels(who: str, x: Any, least: int, **given: Any) -> None:
    if x.ndim < least:
        raise ag.ShapeError(f"{who}: x must be (batch, channels{', n' * (least - 2)}, ...), got shape {x.shape}")
    for name, value in given.items():
        if value is not None and np.shape(value) != (x.shape[1],):
            raise ag.ShapeError(
                f"{who}: {name} must have one number for each of {x.shape[1]} channels (x {x.shape}), "
                f"got shape {np.shape(value)}"
            )


def _last_axes(who: str, x: Any, normalized_shape: Any, **given: Any) -> tuple[Any, tuple[int, ...]]:
    x = x if isinstance(x, ag.Tensor) else np.asarray(x)
    shape = (normalized_shape,) if isinstance(normalized_shape, int | np.integer) else tuple(normalized_shape)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ag.ShapeError(f"{who}: x must have shape (..., {', '.join(map(str, shape))}), got {x.shape}")
    for name, value in given.items():
        if value is not None and np.shape(value) != shape:
            raise ag.ShapeError(f"{who}: {name} must have the normalized shape {shape}, got {np.shape(value)}")
    return x, tuple(range(-len(shape), 0))
