"""Images of another size: by the nearest element, or by polynomials through the nearest few; axis after axis.

Positions follow PyTorch's convention: elements are cells, whose corners are aligned, unless `align_corners` aligns the
centres of the outermost ones.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag

from .adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = ["interpolate", "upsample"]

# the modes, and over how many axes each is defined
_MODES = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "trilinear": (3,),
    "bicubic": (2,),
}
_SHARPNESS = -0.75  # the slope of the cubic kernel at 1; Keys has -0.5, PyTorch and OpenCV have this


def interpolate(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """x enlarged, or made smaller, to `size`, or by `scale_factor`.

    `mode` is "nearest", "nearest-exact", "area" (means), "linear" (one axis), "bilinear", "bicubic" (two axes) or
    "trilinear" (three). With `align_corners` the outermost elements stay outermost. A `scale_factor` also says how far
    apart elements are; with `recompute_scale_factor` that follows from the sizes alone.
    Shapes: input x (N, channels, *n) -> (N, channels, *m); m is `size`, or n * scale_factor rounded down.
    Errors: OptionError for an unknown mode, both or neither of size and scale_factor, and for `antialias`.
    Source: Keys, Cubic convolution interpolation for digital image processing (1981), for bicubic.

    >>> interpolate(np.array([[[1.0, 2.0]]]), scale_factor=2)
    array([[[1., 1., 2., 2.]]])
    >>> interpolate(np.array([[[1.0, 2.0]]]), 3, mode="linear", align_corners=True)
    array([[[1. , 1.5, 2. ]]])
    """
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    ndim = x.ndim - 2
    if mode not in _MODES:
        raise ag.OptionError(f"interpolate: mode must be one of {', '.join(_MODES)}; got {mode!r}")
    if ndim not in _MODES[mode]:
        axes = " or ".join(map(str, _MODES[mode]))
        raise ag.ShapeError(
            f"interpolate: mode={mode!r} is for {axes} axes after (batch, channels), got x of shape {x.shape}"
        )
    if antialias:
        raise ag.OptionError(
            "interpolate: there is no antialias=True here; pool with avg_pool2d before, or mode='area'"
        )
    smooth = mode not in ("nearest", "nearest-exact", "area")
    if align_corners is not None and not smooth:
        raise ag.OptionError(f"interpolate: align_corners is for linear and cubic modes, not for mode={mode!r}")
    sizes, factors = _sizes(x, ndim, size, scale_factor, bool(recompute_scale_factor) or mode == "area")
    if min(*sizes, *x.shape[2:]) < 1:
        raise ag.ShapeError(f"interpolate: from x {x.shape} to {tuple(sizes)} there is nothing to see")
    if mode == "area":
        pools: tuple[Any, ...] = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)
        return pools[ndim - 1](x, sizes)
    for axis, (m, factor) in enumerate(zip(sizes, factors, strict=True), 2):
        if smooth:
            x = _along(x, axis, m, factor, bool(align_corners), 4 if mode == "bicubic" else 2)
        else:
            x = _nearest(x, axis, m, factor, 0.5 if mode == "nearest-exact" else 0.0)
    return x


def upsample(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """The older name of `interpolate`.

    >>> upsample(np.array([[[1.0, 2.0]]]), 4)
    array([[[1., 1., 2., 2.]]])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


def _sizes(x: Any, ndim: int, size: Any, scale_factor: Any, recompute: bool) -> tuple[list[int], list[float | None]]:
    """The size along each axis, and the factor that says how far apart elements are, or None if the sizes do."""
    if (size is None) == (scale_factor is None):
        both = "neither" if size is None else "both"
        raise ag.OptionError(f"interpolate: give one of size and scale_factor, got {both}")
    name, given = ("size", size) if scale_factor is None else ("scale_factor", scale_factor)
    values = list(given) if isinstance(given, Sequence | np.ndarray) else [given] * ndim
    if len(values) != ndim:
        raise ag.OptionError(f"interpolate: {name} must be a number or {ndim} of them for x {x.shape}, got {given!r}")
    kinds: Any = int | np.integer if scale_factor is None else int | float | np.integer | np.floating
    if not all(isinstance(v, kinds) and not isinstance(v, bool) and v > 0 for v in values):
        kind = "whole numbers" if scale_factor is None else "numbers"
        raise ag.OptionError(f"interpolate: {name} must be positive {kind}, got {given!r}")
    if scale_factor is None:
        return [int(v) for v in values], [None] * ndim
    sizes = [math.floor(n * float(v)) for n, v in zip(x.shape[2:], values, strict=True)]
    return sizes, [None if recompute else float(v) for v in values]


def _nearest(x: Any, axis: int, m: int, factor: float | None, offset: float) -> Any:
    """Each place of the result takes the element of x whose cell it begins in, or whose centre is nearest.

    The same size, or the double one, says enough where cells begin, whatever the factor that led to it, as in PyTorch:
    there in two dimensions, while in one and three the gradient alone follows that rule.
    """
    n = x.shape[axis]
    if m == n and (factor is None or not offset):
        return x
    if m == 2 * n and not offset:
        factor = None
    # in single precision, as PyTorch: where a cell begins exactly, rounding decides
    step = np.float32(1 / factor) if factor else np.float32(n) / np.float32(m)
    places = np.minimum(np.floor((np.arange(m, dtype=np.float32) + np.float32(offset)) * step).astype(int), n - 1)
    if m % n == 0 and np.array_equal(places, np.arange(m) // (m // n)):
        return ag.repeat(x, m // n, axis)
    return ag.take(x, places, axis)


def _along(x: Any, axis: int, m: int, factor: float | None, align_corners: bool, taps: int) -> Any:
    """Sums of the two or four nearest elements along an axis, with weights that depend on the position between them."""
    n = x.shape[axis]
    if m == n and (taps == 2 or factor is None or align_corners):
        return x
    if align_corners:
        at = np.arange(m) * ((n - 1) / (m - 1) if m > 1 else 0.0)
    else:
        at = (np.arange(m) + 0.5) * (1 / factor if factor else n / m) - 0.5
    first = np.floor(at).astype(int)
    between = at - first
    weights = (1 - between, between) if taps == 2 else _cubic(between)
    first = first if taps == 2 else first - 1
    total: Any = None
    for i, weight in enumerate(weights):
        part = ag.take(x, np.clip(first + i, 0, n - 1), axis)  # beyond the ends the outermost elements go on
        part = part * weight.astype(x.dtype).reshape((-1,) + (1,) * (x.ndim - axis - 1))
        total = part if total is None else total + part
    return total


def _cubic(t: Any) -> tuple[Any, ...]:
    """The weights of four neighbours, of which the second lies t before the position."""
    a = _SHARPNESS

    def near(d: Any) -> Any:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Any) -> Any:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return far(t + 1), near(t), near(1 - t), far(2 - t)
