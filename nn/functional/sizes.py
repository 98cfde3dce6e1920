"""What options of windows may be: one number for all axes, or one for each; and what an input without a batch means."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

import autograd_core as ag

__all__ = ["Padding", "Size", "in_batch", "per_axis"]

Size = int | Sequence[int]
Padding = Size | Literal["same", "valid"]


def per_axis(value: Any, ndim: int, what: str, least: int = 0) -> tuple[int, ...]:
    """An option as one whole number for each axis.

    >>> per_axis(3, 2, "Conv2d: kernel_size")
    (3, 3)
    >>> per_axis((1, 2, 3), 2, "Conv2d: kernel_size", 1)
    Traceback (most recent call last):
    autograd_core.errors.OptionError: Conv2d: kernel_size must be a whole number or 2 of them, at least 1; got (1, 2, 3)
    """
    sizes = tuple(value) if isinstance(value, Sequence | np.ndarray) else (value,) * ndim
    if len(sizes) != ndim or not all(
        isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= least for n in sizes
    ):
        several = "" if ndim == 1 else f" or {ndim} of them"
        raise ag.OptionError(f"{what} must be a whole number{several}, at least {least}; got {value!r}")
    return tuple([int(n) for n in sizes])


def in_batch(function: Callable[..., Any], x: Any, ndim: int, *arguments: Any, **options: Any) -> Any:
    """Call a function of (batch, channels, *n) that is given an example alone, (channels, *n), with a batch of one."""
    if np.ndim(x) != ndim + 1:
        return function(x, *arguments, **options)
    out = function((x if isinstance(x, ag.Tensor) else np.asarray(x))[None], *arguments, **options)
    return tuple(part[0] for part in out) if isinstance(out, tuple) else out[0]
