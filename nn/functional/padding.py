"""Borders of constants, mirror images, repeated edges or periods, in PyTorch's words."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag

__all__ = ["pad"]

_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """x with a border: `pad` is (before, after) of the last axis, then of the axis before it, and so on.

    That order is PyTorch's; `ag.pad` takes NumPy's pairs, first axis first. A negative number cuts off. `mode` is
    "constant" (of `value`, 0 unless given), "reflect" (about the outermost element), "replicate" (it again and again)
    or "circular" (x as a period).
    Shapes: input x (..., n) -> (..., before + n + after).
    Errors: OptionError for an odd number of widths, an unknown mode, a `value` where there is none; ShapeError for more
    widths than axes, for a mirror image or a period that is longer than x, and where nothing would be left.

    >>> pad(np.array([[1.0, 2.0, 3.0]]), (2, 1), "reflect")
    array([[3., 2., 1., 2., 3., 2.]])
    >>> pad(np.ones((2, 1)), (0, 1, -1, 0))
    array([[1., 0.]])
    """
    widths = [int(n) for n in pad] if all(isinstance(n, int | np.integer) for n in pad) else None
    if widths is None or len(widths) % 2:
        raise ag.OptionError(f"pad: pad must be whole numbers, two for each axis from the last on, got {pad!r}")
    if mode not in _MODES:
        raise ag.OptionError(f"pad: mode must be one of {', '.join(_MODES)}; got {mode!r}")
    if value and mode != "constant":
        raise ag.OptionError(f"pad: value is for mode='constant', not for {mode!r}; got {value!r}")
    x = input if isinstance(input, ag.Tensor) else np.asarray(input)
    if len(widths) > 2 * x.ndim:
        raise ag.ShapeError(f"pad: {len(widths)} numbers are for {len(widths) // 2} axes, and x has shape {x.shape}")
    pairs = {x.ndim - 1 - i: (widths[2 * i], widths[2 * i + 1]) for i in range(len(widths) // 2)}
    _check(x.shape, pairs, mode)
    cuts, borders = [slice(None)] * x.ndim, {}
    for axis, (before, after) in pairs.items():
        borders[axis] = (max(before, 0), max(after, 0))
        length = x.shape[axis] + (sum(borders[axis]) if mode == "reflect" else 0)
        cuts[axis] = slice(max(-before, 0), length - max(-after, 0))
    cut = any(width < 0 for width in widths)
    if cut and mode != "reflect":
        x = x[tuple(cuts)]
    options = {"constant_values": value} if value else {}
    x = ag.pad(x, borders, _MODES[mode], **options)
    return x[tuple(cuts)] if cut and mode == "reflect" else x  # a mirror shows what is cut off too


def _check(shape: tuple[int, ...], pairs: dict[int, tuple[int, int]], mode: str) -> None:
    """Refuse what would leave nothing, or reach further than there is something to repeat."""
    for axis, (before, after) in pairs.items():
        size = shape[axis]
        if size + before + after < 0 or size + min(before, 0) + min(after, 0) < 0:
            raise ag.ShapeError(f"pad: axis {axis} of x {shape} is only {size} long; {(before, after)} leaves nothing")
        most = {"reflect": size - 1, "circular": size + min(before, 0) + min(after, 0)}.get(mode)
        if most is not None and max(before, after) > most:
            raise ag.ShapeError(
                f"pad: mode={mode!r} has at most {most} elements to repeat along axis {axis} of x {shape}, "
                f"got {(before, after)}"
            )
