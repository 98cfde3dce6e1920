"""Pooling in one, two and three dimensions: the largest, or the mean, of each window.

Maxima are padded with -inf, so that padding never wins; equal maxima share the gradient evenly. Where the maxima were
is found once: given that, max pooling is a linear map (gather) with a transpose (scatter), and both are operations, so
that derivatives of any order exist.
"""

from typing import Any

import numpy as np

from ..arrays import as_floating
from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises, Subgradient
from ..op import SELECTING, general, linear
from . import pooling_kernels as kernels
from .convolution import per_axis

Ints = tuple[int, ...]


def _options(
    name: str,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ndim: int,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Kernel, stride (the kernel's size if None), padding and dilation as one number per axis, checked against x."""
    kernel = per_axis(name, "kernel_size", kernel_size, ndim, 1)
    stride = kernel if stride is None else per_axis(name, "stride", stride, ndim, 1)
    padding = per_axis(name, "padding", padding, ndim, 0)
    dilation = per_axis(name, "dilation", dilation, ndim, 1)
    if np.ndim(x) != ndim + 2:
        layout = ("length", "height, width", "depth, height, width")[ndim - 1]
        raise ShapeError(f"{name}: x must have {ndim + 2} axes (batch, channels, {layout}), got shape {np.shape(x)}")
    for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True):
        reach = d * (k - 1) + 1
        if 2 * p > reach:
            whole = f"kernel_size {k}" if d == 1 else f"reach {reach} of kernel_size {k} with dilation {d}"
            raise OptionError(f"{name}: padding {p} is more than half of the {whole}: a window would hold padding only")
        if kernels.pooled_size(n, k, s, p, d, ceil_mode) < 1:
            raise ShapeError(
                f"{name}: the kernel reaches over {reach} but x has only {n + 2 * p} (x {x.shape}, padding={padding})"
            )
    return kernel, stride, padding, dilation


def _reference(ndim, fill, reduce):
    """Window after window, cut out and reduced: the slow way."""

    def reference(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, **options):
        lists = [np.broadcast_to(v, ndim) for v in (kernel_size, stride or kernel_size, padding, dilation)]
        sizes = [
            kernels.pooled_size(n, int(k), int(s), int(p), int(d), ceil_mode)
            for n, k, s, p, d in zip(x.shape[2:], *lists, strict=True)
        ]
        # padded so far that the windows which reach over the end find their numbers too
        padded = np.pad(x, [(0, 0), (0, 0), *((p, p + s + d * k) for k, s, p, d in zip(*lists, strict=True))],
                        constant_values=fill)  # fmt: skip
        inside = np.pad(np.ones(x.shape[2:]), [(p, 0) for p in lists[2]])
        out = np.zeros((*x.shape[:2], *sizes))
        for place in np.ndindex(*sizes):
            cut: Any = tuple(
                slice(i * s, i * s + d * (k - 1) + 1, d) for i, k, s, _, d in zip(place, *lists, strict=True)
            )
            ends = [n + 2 * p for n, p in zip(x.shape[2:], lists[2], strict=True)]
            counted = np.prod([min(c.stop, end) - c.start for c, end in zip(cut, ends, strict=True)])
            window = padded[(..., *cut)]
            out[(..., *place)] = reduce(window, tuple(range(2, ndim + 2)), counted, inside[cut].sum(), **options)
        return out

    return reference


def _mean(window, axes, counted, real, count_include_pad=True, divisor_override=None):
    return window.sum(axes) / (divisor_override or (counted if count_include_pad else real))


def _largest(window, axes, counted, real):
    return window.max(axes)


def _make(ndim: int) -> tuple[Any, Any]:
    """Max pooling with its two linear maps, and average pooling, for so many spatial axes."""
    small: tuple[int, ...] = ((2, 2, 6), (2, 2, 4, 5), (1, 2, 3, 4, 2))[ndim - 1]
    overlapping: Any = (3, (3, 2), (2, 3, 2))[ndim - 1]
    equal = np.ones((1, 1, *(2,) * ndim))
    variants: list[dict[str, Any]] = [
        {"kernel_size": 2},
        {"kernel_size": overlapping, "stride": 1},
        {"kernel_size": overlapping, "stride": 2, "padding": 1},
    ]
    empty = Example(x=(0, *small[1:]), kernel_size=2)
    # windows that reach over the end, some of which would start behind it
    rounded: dict[str, Any] = {"kernel_size": 2, "stride": 3, "ceil_mode": True}
    dilated: dict[str, Any] = {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": 2}
    maximal = [*variants, rounded, dilated]
    means = [
        *variants,
        rounded,
        {"kernel_size": 2, "padding": 1, "ceil_mode": True},
        {"kernel_size": 2, "padding": 1, "count_include_pad": False},
        {"kernel_size": 2, "stride": 1, "divisor_override": 3},
    ]

    def errors(name):
        return [
            Raises(ShapeError, f"x must have {ndim + 2} axes", x=small[1:], kernel_size=2),
            Raises(ShapeError, "the kernel reaches over 9", x=small, kernel_size=9),
            Raises(OptionError, f"{name}: stride must be at least 1, got -1", x=small, kernel_size=2, stride=-1),
            Raises(OptionError, "kernel_size must be a whole number", x=small, kernel_size=1.5),
            Raises(OptionError, "more than half", x=small, kernel_size=2, padding=2),
        ]

    def max_pool(xp, x, /, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        four = _options(f"max_pool{ndim}d", x, kernel_size, stride, padding, ndim, dilation, ceil_mode)
        return kernels.max_pool_forward(x, *four, ceil_mode)

    def gather(xp, x, /, maxima, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        four = _options(f"max_pool{ndim}d", x, kernel_size, stride, padding, ndim, dilation, ceil_mode)
        return kernels.max_pool_gather(x, maxima, *four, ceil_mode)

    def scatter(xp, y, /, maxima, shape, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        x = np.broadcast_to(0.0, shape)
        four = _options(f"max_pool{ndim}d", x, kernel_size, stride, padding, ndim, dilation, ceil_mode)
        return kernels.max_pool_input(y, maxima, tuple(shape[2:]), *four, ceil_mode)

    def mean_options(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
        if divisor_override == 0:
            raise OptionError(f"avg_pool{ndim}d: divisor_override must not be 0")
        options = _options(f"avg_pool{ndim}d", x, kernel_size, stride, padding, ndim, 1, ceil_mode)
        return *options[:3], ceil_mode, count_include_pad, divisor_override

    def avg_pool(
        xp, x, /, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        options = mean_options(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
        return kernels.avg_pool_forward(as_floating(x), *options)

    def avg_scatter(
        xp,
        y,
        /,
        shape,
        kernel_size,
        stride=None,
        padding=0,
        ceil_mode=False,
        count_include_pad=True,
        divisor_override=None,
    ):
        x = np.broadcast_to(0.0, shape)
        options = mean_options(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
        return kernels.avg_pool_input(y, tuple(shape[2:]), *options)

    over = ("over one spatial axis", "over two spatial axes", "over three spatial axes")[ndim - 1]
    ways = """Options are one number or one per axis; `stride` is the kernel size
    unless given. With `ceil_mode` the division rounds up: a last window that begins in x, or before it, may reach over
    the end."""
    demo = f"np.arange({4**ndim}.0).reshape{(1, 1, *(4,) * ndim)}, 2"
    largest = ("array([1., 3.])", "array([ 5.,  7., 13., 15.])", "array([21., 23., 29., 31., 53., 55., 61., 63.])")
    middle = ("array([0.5, 2.5])", "array([ 2.5,  4.5, 10.5, 12.5])",
              "array([10.5, 12.5, 18.5, 20.5, 42.5, 44.5, 50.5, 52.5])")  # fmt: skip
    max_pool.__doc__ = f"""Largest element of each window, {over}; padding counts as -inf.

    Shapes: x (batch, channels, *n) -> (batch, channels, *m) with
    m = (n + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1 along each axis. {ways}

    >>> ag.max_pool{ndim}d({demo}).ravel()
    {largest[ndim - 1]}
    """
    avg_pool.__doc__ = f"""Mean of each window, {over}; padding counts as 0 and is averaged over too.

    With `count_include_pad=False` it is not; with a `divisor_override` the sums are divided by that number.
    Shapes: x (batch, channels, *n) -> (batch, channels, *m) with
    m = (n + 2 padding - kernel_size) // stride + 1 along each axis. {ways}

    >>> ag.avg_pool{ndim}d({demo}).ravel()
    {middle[ndim - 1]}
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
        for v in maximal:
            x = np.random.default_rng(0).permutation(int(np.prod(small))).reshape(small).astype(float)
            out, maxima = max_pool(np, x, **v)
            found.append((v | {"maxima": maxima}, out.shape))
        return found

    pooled: Any = general(
        vjps=[lambda g, x_aval, aux, **options: scattered(g, aux, x_aval.shape, **options)],
        jvp=lambda xp, tangents, aux, **options: gathered(tangents[0], aux, **options),
        aux=True,
        domain=Distinct(),
        examples=[*(Example(x=small, **v) for v in maximal), empty],
        reference=_reference(ndim, -np.inf, _largest),
        errors=[
            *errors(f"max_pool{ndim}d"),
            Raises(OptionError, "dilation must be at least 1", x=small, kernel_size=2, dilation=0),
            Raises(OptionError, "reach 3 of kernel_size 2", x=small, kernel_size=2, padding=2, dilation=2),
        ],
        subgradients=[Subgradient({"x": equal, "kernel_size": 2}, {"x": equal / 2**ndim}, "ties share evenly")],
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
        examples=[*(Example(x=small, **v) for v in means), empty],
        reference=_reference(ndim, 0, _mean),
        errors=[
            *errors(f"avg_pool{ndim}d"),
            Raises(OptionError, "divisor_override must not be 0", x=small, kernel_size=2, divisor_override=0),
        ],
    )(avg_pool)
    spread: Any = linear(
        transpose=lambda g, shape, **options: averaged(g, **options),
        domain=Interval(-3, 3),
        examples=lambda: [
            Example(y=avg_pool(np, np.zeros(small), **v).shape, shape=small, **v) for v in (variants[0], *means[3:])
        ],
    )(avg_scatter)
    return pooled, averaged


max_pool1d, avg_pool1d = _make(1)
max_pool2d, avg_pool2d = _make(2)
max_pool3d, avg_pool3d = _make(3)
SELECTING.update(("max_pool1d", "max_pool2d", "max_pool3d"))
