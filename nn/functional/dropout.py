"""Leaving elements, or whole channels, out at random."""

import math
from typing import Any

import numpy as np

import autograd_core as ag

from ..randomness import RandomSource, generator

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

# what SELU tends to far below zero: -scale * alpha of Klambauer et al.
_FLOOR = -1.7580993408473766


def dropout(
    input: Any, p: float = 0.5, training: bool = True, inplace: bool = False, *, rng: RandomSource = None
) -> Any:
    """Set each element to 0 with probability `p`, and divide the others by 1 - p; nothing unless `training`.

    `inplace` is accepted and changes nothing: x is not overwritten.
    Shapes: input x (...) -> the same.
    Errors: OptionError for p outside [0, 1].
    Source: Srivastava et al., Dropout (2014), scaled in training in the place of testing.

    >>> dropout(np.ones(4), 0.5, rng=0)
    array([2., 2., 2., 0.])
    """
    check_probability(p, "dropout")
    if not training or p == 0:
        return input
    return _thinned(input, p, np.shape(input), rng, "dropout")


def dropout1d(
    input: Any, p: float = 0.5, training: bool = True, inplace: bool = False, *, rng: RandomSource = None
) -> Any:
    """Dropout of whole channels: the elements of a channel are set to 0 together.

    Shapes: input x (N, channels, n) or (channels, n) -> the same.
    Source: Tompson et al., Efficient object localization using convolutional networks (2015).

    >>> dropout1d(np.ones((1, 3, 2)), rng=1)
    array([[[0., 0.],
            [2., 2.],
            [2., 2.]]])
    """
    return _channels(input, p, training, rng, 1)


def dropout2d(
    input: Any, p: float = 0.5, training: bool = True, inplace: bool = False, *, rng: RandomSource = None
) -> Any:
    """Dropout of whole channels: the elements of a channel are set to 0 together.

    Shapes: input x (N, channels, height, width) -> the same. Three axes are read as (N, channels, n), as in PyTorch.
    Source: as for dropout1d.
    """
    return _channels(input, p, training, rng, 2)


def dropout3d(
    input: Any, p: float = 0.5, training: bool = True, inplace: bool = False, *, rng: RandomSource = None
) -> Any:
    """Dropout of whole channels: the elements of a channel are set to 0 together.

    Shapes: input x (N, channels, depth, height, width) or without N -> the same.
    Source: as for dropout1d.
    """
    return _channels(input, p, training, rng, 3)


def alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False, *, rng: RandomSource = None
) -> Any:
    """Set each element to the lowest value of SELU with probability `p`, then scale and shift.

    So numbers of mean 0 and variance 1 keep both. Nothing unless `training`, which here is off by default, as in
    PyTorch.
    Shapes: input x (...) -> the same.
    Source: Klambauer et al., Self-normalizing neural networks (2017), section 3.
    """
    return _alpha(input, p, training, np.shape(input), rng, "alpha_dropout")


def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False, *, rng: RandomSource = None
) -> Any:
    """`alpha_dropout` of whole channels: the elements of a channel are set together.

    Shapes: input x (N, channels, ...) -> the same.
    Source: as for alpha_dropout.
    """
    if np.ndim(input) < 2:
        raise ag.ShapeError(f"feature_alpha_dropout: x must be (batch, channels, ...), got shape {np.shape(input)}")
    shape = (*np.shape(input)[:2], *(1,) * (np.ndim(input) - 2))
    return _alpha(input, p, training, shape, rng, "feature_alpha_dropout")


def check_probability(p: Any, who: str) -> None:
    """Refuse what is no probability.

    >>> check_probability(1.5, "Dropout")
    Traceback (most recent call last):
    autograd_core.errors.OptionError: Dropout: p is the probability to drop, from 0 to 1; got 1.5
    """
    if not 0 <= p <= 1:
        raise ag.OptionError(f"{who}: p is the probability to drop, from 0 to 1; got {p!r}")


def _kept(x: Any, p: float, shape: tuple[int, ...], rng: RandomSource, who: str) -> Any:
    """Which elements stay."""

    def drawn() -> Any:
        return generator(rng, who).random(shape, np.float32) >= p

    return ag.perform(drawn)


def _thinned(x: Any, p: float, shape: tuple[int, ...], rng: RandomSource, who: str) -> Any:
    dtype = getattr(x, "dtype", np.dtype(np.float64))
    return x * (_kept(x, p, shape, rng, who) * dtype.type(1 / (1 - p) if p < 1 else 0))


def _channels(x: Any, p: float, training: bool, rng: RandomSource, ndim: int) -> Any:
    name = f"dropout{ndim}d"
    check_probability(p, name)
    shape = np.shape(x)
    if len(shape) not in (ndim + 1, ndim + 2):
        raise ag.ShapeError(
            f"{name}: x must have {ndim + 2} axes (batch, channels, ...), or {ndim + 1} without the batch; "
            f"got shape {shape}. To drop single elements, use dropout"
        )
    if not training or p == 0:
        return x
    leading = 1 if len(shape) == ndim + 1 and ndim != 2 else 2
    return _thinned(x, p, (*shape[:leading], *(1,) * (len(shape) - leading)), rng, name)


def _alpha(x: Any, p: float, training: bool, shape: tuple[int, ...], rng: RandomSource, who: str) -> Any:
    check_probability(p, who)
    if not training or p == 0:
        return x
    dtype = getattr(x, "dtype", np.dtype(np.float64))
    if p == 1:
        return x * dtype.type(0)
    # the mean is then p * floor, and the variance (1 - p) (1 + p floor**2)
    scale = 1 / math.sqrt((1 - p) * (1 + p * _FLOOR**2))
    kept = _kept(x, p, shape, rng, who)
    return x * (kept * dtype.type(scale)) + ((~kept * _FLOOR - p * _FLOOR) * scale).astype(dtype)
