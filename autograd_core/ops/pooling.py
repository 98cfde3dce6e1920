"""Pooling in one and two dimensions: the largest, or the mean, of each window.

Maxima are padded with -inf, so that padding never wins; equal maxima share the gradient evenly. Where the maxima were
is found once: given that, max pooling is a linear map (gather) with a transpose (scatter), and both are operations, so
that derivatives of any order exist.
"""

from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises
from ..op import general, linear
from . import pooling_kernels as kernels
from .convolution import per_axis


def _options(name, x, kernel_size, stride, padding, ndim):
    """Kernel, stride (the kernel's size if None) and padding as one number per axis, checked against x."""
    kernel = per_axis(name, "kernel_size", kernel_size, ndim, 1)
    stride = kernel if stride is None else per_axis(name, "stride", stride, ndim, 1)
    padding = per_axis(name, "padding", padding, ndim, 0)
    if np.ndim(x) != ndim + 2:
        layout = "(batch, channels, length)" if ndim == 1 else "(batch, channels, height, width)"
        raise ShapeError(f"{name}: x must have {ndim + 2} axes {layout}, got shape {np.shape(x)}")
    for n, k, p in zip(x.shape[2:], kernel, padding, strict=True):
        if 2 * p > k:
            raise OptionError(
                f"{name}: padding {p} is more than half of the kernel_size {k}: a window would hold padding only"
            )
        if k > n + 2 * p:
            raise ShapeError(
                f"{name}: the kernel reaches over {k} but x has only {n + 2 * p} (x {x.shape}, padding={padding})"
            )
    return kernel, stride, padding


def _windows(x, kernel_size, stride, padding, ndim, fill):
    """All windows as trailing axes: the slow way, for reference."""
    k, s, p = (np.broadcast_to(v, ndim) for v in (kernel_size, kernel_size if stride is None else stride, padding))
    x = np.pad(x, [(0, 0), (0, 0), *((n, n) for n in p)], constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(x, tuple(k), axis=tuple(range(2, ndim + 2)))
    return windows[(slice(None), slice(None), *(slice(None, None, n) for n in s))]


def _make(ndim: int) -> tuple[Any, Any]:
    """Max pooling with its two linear maps, and average pooling, for so many spatial axes."""
    small, overlapping = ((2, 2, 6), 3) if ndim == 1 else ((2, 2, 4, 5), (3, 2))
    axes = tuple(range(-ndim, 0))
    variants: list[dict[str, Any]] = [
        {"kernel_size": 2},
        {"kernel_size": overlapping, "stride": 1},
        {"kernel_size": overlapping, "stride": 2, "padding": 1},
    ]
    examples = [Example(x=small, **v) for v in variants] + [Example(x=(0, *small[1:]), kernel_size=2)]

    def errors(name):
        return [
            Raises(ShapeError, f"x must have {ndim + 2} axes", x=small[1:], kernel_size=2),
            Raises(ShapeError, "the kernel reaches over 9", x=small, kernel_size=9),
            Raises(OptionError, f"{name}: stride must be at least 1, got -1", x=small, kernel_size=2, stride=-1),
            Raises(OptionError, "kernel_size must be a whole number", x=small, kernel_size=1.5),
            Raises(OptionError, "more than half", x=small, kernel_size=2, padding=2),
        ]

    def max_pool(xp, x, /, kernel_size, stride=None, padding=0):
        return kernels.max_pool_forward(x, *_options(f"max_pool{ndim}d", x, kernel_size, stride, padding, ndim))

    def avg_pool(xp, x, /, kernel_size, stride=None, padding=0):
        return kernels.avg_pool_forward(x, *_options(f"avg_pool{ndim}d", x, kernel_size, stride, padding, ndim))

    def gather(xp, x, /, maxima, kernel_size, stride=None, padding=0):
        return kernels.max_pool_gather(x, maxima, *_options(f"max_pool{ndim}d", x, kernel_size, stride, padding, ndim))

    def scatter(xp, y, /, maxima, shape, kernel_size, stride=None, padding=0):
        options = _options(f"max_pool{ndim}d", np.broadcast_to(0.0, shape), kernel_size, stride, padding, ndim)
        return kernels.max_pool_input(y, maxima, tuple(shape[2:]), *options)

    def avg_scatter(xp, y, /, shape, kernel_size, stride=None, padding=0):
        options = _options(f"avg_pool{ndim}d", np.broadcast_to(0.0, shape), kernel_size, stride, padding, ndim)
        return kernels.avg_pool_input(y, tuple(shape[2:]), *options)

    over = "over one spatial axis" if ndim == 1 else "over two spatial axes"
    out = "m = (n + 2 padding - kernel_size) // stride + 1 along each axis"
    demo = f"np.arange({4**ndim}.0).reshape{(1, 1, *(4,) * ndim)}, 2"
    max_pool.__doc__ = f"""Largest element of each window, {over}; padding counts as -inf.

    Shapes: x (batch, channels, *n) -> (batch, channels, *m) with
    {out}. Options are one number or one per axis; `stride` is the kernel size unless given.

    >>> ag.max_pool{ndim}d({demo}).ravel()
    {"array([1., 3.])" if ndim == 1 else "array([ 5.,  7., 13., 15.])"}
    """
    avg_pool.__doc__ = f"""Mean of each window, {over}; padding counts as 0 and is averaged over too.

    Shapes: x (batch, channels, *n) -> (batch, channels, *m) with
    {out}. Options are one number or one per axis; `stride` is the kernel size unless given.

    >>> ag.avg_pool{ndim}d({demo}).ravel()
    {"array([0.5, 2.5])" if ndim == 1 else "array([ 2.5,  4.5, 10.5, 12.5])"}
    """
    gather.__doc__ = f"""What x has where the maxima of a max_pool{ndim}d were: the derivative of the pooling.

    Shapes: x (batch, channels, *n), maxima as max_pool{ndim}d found them -> (batch, channels, *m).
    """
    scatter.__doc__ = f"""Each element of y at the place of the maximum of its window: the transpose of the gathering.

    Shapes: y (batch, channels, *m), maxima as max_pool{ndim}d found them -> shape (batch, channels, *n).
    """
    avg_scatter.__doc__ = f"""Each element of y spread evenly over its window: the transpose of avg_pool{ndim}d.

    Shapes: y (batch, channels, *m) -> shape (batch, channels, *n).
    """
    names = ("max_pool{}d", "max_pool{}d_gather", "max_pool{}d_scatter", "avg_pool{}d", "avg_pool{}d_scatter")
    for function, name in zip((max_pool, gather, scatter, avg_pool, avg_scatter), names, strict=True):
        function.__name__ = name.format(ndim)

    def given_maxima():
        found = []
        for v in variants:
            x = np.random.default_rng(0).permutation(int(np.prod(small))).reshape(small).astype(float)
            out, maxima = max_pool(np, x, **v)
            found.append((v | {"maxima": maxima}, out.shape))
        return found

    pooled: Any = general(
        vjps=[lambda g, x_aval, aux, **options: scattered(g, aux, x_aval.shape, **options)],
        jvp=lambda xp, tangents, aux, kernel_size, stride, padding: gathered(
            tangents[0], aux, kernel_size, stride, padding
        ),
        aux=True,
        domain=Distinct(),
        examples=examples,
        reference=lambda x, kernel_size, stride=None, padding=0: _windows(
            x, kernel_size, stride, padding, ndim, -np.inf
        ).max(axes),
        errors=errors(f"max_pool{ndim}d"),
    )(max_pool)
    gathered: Any = linear(
        transpose=lambda g, x_aval, **options: scattered(g, shape=x_aval.shape, **options),
        domain=Interval(-3, 3),
        examples=lambda: [Example(x=small, **v) for v, _ in given_maxima()],
    )(gather)
    scattered: Any = linear(
        transpose=lambda g, shape, **options: gathered(g, **options),
        domain=Interval(-3, 3),
        examples=lambda: [Example(y=shape, shape=small, **v) for v, shape in given_maxima()],
    )(scatter)
    averaged: Any = linear(
        transpose=lambda g, x_aval, **options: spread(g, x_aval.shape, **options),
        domain=Interval(-3, 3),
        examples=examples,
        reference=lambda x, kernel_size, stride=None, padding=0: _windows(
            x, kernel_size, stride, padding, ndim, 0
        ).mean(axes),
        errors=errors(f"avg_pool{ndim}d"),
    )(avg_pool)
    spread: Any = linear(
        transpose=lambda g, shape, **options: averaged(g, **options),
        domain=Interval(-3, 3),
        examples=[
            Example(y=(2, 2, *(n // 2 for n in small[2:])), shape=small, kernel_size=2),
        ],
    )(avg_scatter)
    return pooled, averaged


max_pool1d, avg_pool1d = _make(1)
max_pool2d, avg_pool2d = _make(2)
