"""Convolution in one, two and three dimensions, as networks use it (cross-correlation) and as mathematics defines it.

Note [Three faces]
With T(x, w, g) = <conv(x, w), g>, linear in each of its three arguments, there are three operations that leave one of
them open: the convolution itself, its input face and its weight face. The VJPs of each are the other two, so that
derivatives of any order exist and none is written twice. The input face is the transposed convolution. The convolution
also takes a bias, which it adds on the way.
"""

import functools
import operator
from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..layout import sum_to
from ..op import general, multilinear
from . import convolution_kernels as kernels

_WIDE = Interval(-2, 2)


def per_axis(name: str, option: str, value: Any, ndim: int, least: int) -> tuple[int, ...]:
    """An option as one whole number per spatial axis.

    Raises: OptionError if it is no whole number, too small, or not one number or one for each axis.
    """
    if type(value) is int and value >= least:  # most calls
        return (value,) * ndim
    values = (value,) * ndim if np.ndim(value) == 0 else tuple(value)
    if len(values) != ndim or not all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in values):
        raise OptionError(f"{name}: {option} must be a whole number or {ndim} of them, got {value!r}")
    if min(values) < least:
        raise OptionError(f"{name}: {option} must be at least {least}, got {value!r}")
    # lists here and in the kernels: a tuple made from a generator leaves a spare one in the interpreter each time
    return tuple([int(v) for v in values])


def _check(name, x, w, bias, padding, dilation, groups, ndim):
    axes = ("length", "height, width", "depth, height, width")[ndim - 1]
    layout = f"x is laid out (batch, channels, {axes})"
    if np.ndim(x) != ndim + 2:
        hint = "; for a single example use x[None]" if np.ndim(x) == ndim + 1 else ""
        raise ShapeError(f"{name}: x must have {ndim + 2} axes, got shape {np.shape(x)}; {layout}{hint}")
    if np.ndim(w) != ndim + 2:
        raise ShapeError(
            f"{name}: weight must be (out_channels, in_channels / groups, {axes} of the kernel), "
            f"got shape {np.shape(w)}"
        )
    if not isinstance(groups, int) or groups < 1 or w.shape[0] % groups:
        raise OptionError(
            f"{name}: groups must be a whole number that divides the {w.shape[0]} out_channels, got {groups!r}"
        )
    if x.shape[1] != w.shape[1] * groups:
        raise ShapeError(
            f"{name}: x has {x.shape[1]} channels but weight expects {w.shape[1] * groups} "
            f"(weight {w.shape}, groups={groups}); {layout}"
        )
    if bias is not None and np.shape(bias) != w.shape[:1]:
        raise ShapeError(
            f"{name}: bias must have one number per out_channel, shape {w.shape[:1]}; got {np.shape(bias)}"
        )
    for n, k, p, d in zip(x.shape[2:], w.shape[2:], padding, dilation, strict=True):
        if k < 1 or d * (k - 1) + 1 > n + 2 * p:
            raise ShapeError(
                f"{name}: the kernel reaches over {d * (k - 1) + 1} but x has only {n + 2 * p} (x {x.shape}, "
                f"weight {w.shape}, padding={padding}, dilation={dilation}); use more padding or a smaller kernel"
            )


def _flipped(w, flip):
    """True convolution is the correlation with the kernel reversed along its spatial axes."""
    return w[(Ellipsis, *(slice(None, None, -1),) * (w.ndim - 2))] if flip else w


def _loop_reference(ndim):
    def reference(x, w, bias=None, stride=1, padding=0, dilation=1, groups=1, flip_kernel=False):
        s, p, d = (np.broadcast_to(v, ndim) for v in (stride, padding, dilation))
        w = _flipped(w, flip_kernel)
        x = np.pad(x, [(0, 0), (0, 0), *((n, n) for n in p)])
        sizes = [(x.shape[2 + i] - d[i] * (w.shape[2 + i] - 1) - 1) // s[i] + 1 for i in range(ndim)]
        out = np.zeros((x.shape[0], w.shape[0], *sizes))
        per_in, per_out = w.shape[1], w.shape[0] // groups
        for o in range(w.shape[0]):
            first = o // per_out * per_in
            for place in np.ndindex(*sizes):
                window = tuple(
                    slice(place[i] * s[i], place[i] * s[i] + d[i] * (w.shape[2 + i] - 1) + 1, d[i]) for i in range(ndim)
                )
                out[(slice(None), o, *place)] = np.tensordot(
                    x[(slice(None), slice(first, first + per_in), *window)], w[o], axes=ndim + 1
                )
        return out if bias is None else out + bias.reshape(-1, *(1,) * ndim)

    return reference


def _make(ndim: int) -> tuple[Any, Any, Any]:
    """The three faces for so many spatial axes."""
    name = f"conv{ndim}d"
    small, kernel = ((6,), (3,)) if ndim == 1 else ((5, 4), (3, 2)) if ndim == 2 else ((3, 4, 3), (2, 2, 2))
    once = (1,) * ndim

    def conv(xp, x, w, bias=None, /, stride=1, padding=0, dilation=1, groups=1, flip_kernel=False):
        stride, padding, dilation = _options(name, ndim, stride, padding, dilation)
        _check(name, x, w, bias, padding, dilation, groups, ndim)
        return kernels.conv_forward(x, _flipped(w, flip_kernel), stride, padding, dilation, groups, bias)

    def conv_input(xp, y, w, /, shape, stride=1, padding=0, dilation=1, groups=1, flip_kernel=False):
        stride, padding, dilation = _options(name, ndim, stride, padding, dilation)
        return kernels.conv_input(y, _flipped(w, flip_kernel), tuple(shape[2:]), stride, padding, dilation, groups)

    def conv_weight(xp, x, y, /, shape, stride=1, padding=0, dilation=1, groups=1, flip_kernel=False):
        stride, padding, dilation = _options(name, ndim, stride, padding, dilation)
        return _flipped(kernels.conv_weight(x, y, tuple(shape[2:]), stride, padding, dilation, groups), flip_kernel)

    over = ("one axis", "two axes", "three axes")[ndim - 1]
    conv.__doc__ = f"""Cross-correlation of x with the kernels of w over {over} of space.

    What networks call a convolution; with `flip_kernel=True`, which reverses the kernels, it is the convolution of
    mathematics, sum over j of x[i - j] w[j].

    Shapes: x (batch, channels, *n), w (out_channels, channels / groups, *k), bias (out_channels,) or None
    -> (batch, out_channels, *m) with m = (n + 2 padding - dilation (k - 1) - 1) // stride + 1 along each axis.
    Options are one number or one per axis.

    >>> ag.{name}(np.ones({(1, 1, *(3,) * ndim)}), np.ones({(1, 1, *(2,) * ndim)})).shape
    {(1, 1, *(2,) * ndim)}
    """
    conv_input.__doc__ = f"""Transposed {name}: the input face, what each element of x contributed to, weighted by y.

    Shapes: y (batch, out_channels, *m), w (out_channels, channels / groups, *k) -> shape (batch, channels, *n).

    >>> ag.{name}_input(np.ones({(1, 1, *(2,) * ndim)}), np.ones({(1, 1, *(2,) * ndim)}), {(1, 1, *(3,) * ndim)}).shape
    {(1, 1, *(3,) * ndim)}
    """
    conv_weight.__doc__ = f"""The weight face of {name}: correlation of x with y, for each element of the kernel.

    Shapes: x (batch, channels, *n), y (batch, out_channels, *m) -> shape (out_channels, channels / groups, *k).

    >>> ag.{name}_weight(np.ones({(1, 1, *(3,) * ndim)}), np.ones({(1, 1, *(2,) * ndim)}), {(1, 1, *(2,) * ndim)}).shape
    {(1, 1, *(2,) * ndim)}
    """
    for function, suffix in ((conv, ""), (conv_input, "_input"), (conv_weight, "_weight")):
        function.__name__ = name + suffix

    x, w = (2, 4, *small), (2, 4, *kernel)
    variants: list[tuple[Any, Any, dict[str, Any]]] = [
        (x, w, {}),
        (x, w, {"stride": 2, "padding": 1}),
        (x, w, {"padding": once, "flip_kernel": True}),
        ((2, 4, *small), (4, 2, *(2,) * ndim), {"dilation": 2, "groups": 2}),
        ((0, 4, *small), w, {}),
    ]

    def spatial(x, w, stride=1, padding=0, dilation=1, **_):
        m = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, p, d in zip(
                x[2:], w[2:], *(np.broadcast_to(v, ndim) for v in (stride, padding, dilation)), strict=True
            )
        ]
        return (x[0], w[0], *map(int, m))

    def jvp(xp, tangents, x, w, **options):
        dx, dw, db = tangents
        terms = [] if dx is None else [faces[0](dx, w, **options)]
        terms += [] if dw is None else [faces[0](x, dw, **options)]
        terms += [] if db is None else [xp.reshape(db, (-1, *once))]
        return functools.reduce(operator.add, terms)

    face = general(
        vjps=[
            lambda g, w, x_aval, **options: faces[1](g, w, x_aval.shape, **options),
            lambda g, x, w_aval, **options: faces[2](x, g, w_aval.shape, **options),
            lambda xp, g: xp.sum(g, axis=(0, *range(2, ndim + 2))),
        ],
        fused=[None, None, lambda g: sum_to(g, (0, *range(2, ndim + 2)))],
        jvp=jvp,
        domain=_WIDE,
        examples=[Example(x=a, w=b, **options) for a, b, options in variants]
        + [Example(x=x, w=w, bias=(2,)), Example(x=x, w=(4, 2, *(2,) * ndim), bias=(4,), groups=2, stride=2)],
        reference=_loop_reference(ndim),
        errors=[
            Raises(ShapeError, "x has 3 channels but weight expects 4", x=(1, 3, *small), w=w),
            Raises(ShapeError, f"x must have {ndim + 2} axes", x=x[1:], w=w),
            Raises(ShapeError, "weight must be", x=x, w=w[1:]),
            Raises(ShapeError, "bias must have one number per out_channel", x=x, w=w, bias=(3,)),
            Raises(ShapeError, "the kernel reaches over 9", x=x, w=(2, 4, *(9,) * ndim)),
            Raises(OptionError, "stride must be at least 1, got -1", x=x, w=w, stride=-1),
            Raises(OptionError, "padding must be at least 0", x=x, w=w, padding=-1),
            Raises(OptionError, "dilation must be a whole number", x=x, w=w, dilation=1.5),
            Raises(OptionError, "groups must be a whole number that divides", x=x, w=w, groups=3),
        ],
    )(conv)
    input_face = multilinear(
        vjps=[
            lambda g, w, shape, **options: faces[0](g, w, **options),
            lambda g, y, w_aval, shape, **options: faces[2](g, y, w_aval.shape, **options),
        ],
        domain=_WIDE,
        examples=[Example(y=spatial(a, b, **options), w=b, shape=a, **options) for a, b, options in variants],
    )(conv_input)
    weight_face = multilinear(
        vjps=[
            lambda g, y, x_aval, shape, **options: faces[1](y, g, x_aval.shape, **options),
            lambda g, x, shape, **options: faces[0](x, g, **options),
        ],
        domain=_WIDE,
        examples=[Example(x=a, y=spatial(a, b, **options), shape=b, **options) for a, b, options in variants],
    )(conv_weight)
    faces = (face, input_face, weight_face)
    return faces


def _options(name, ndim, stride, padding, dilation):
    return (
        per_axis(name, "stride", stride, ndim, 1),
        per_axis(name, "padding", padding, ndim, 0),
        per_axis(name, "dilation", dilation, ndim, 1),
    )


conv1d, conv1d_input, conv1d_weight = _make(1)
conv2d, conv2d_input, conv2d_weight = _make(2)
conv3d, conv3d_input, conv3d_weight = _make(3)
