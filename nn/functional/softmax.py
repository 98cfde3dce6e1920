"""Scores to probabilities over an axis, and a random choice by them that has a gradient."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from ..randomness import RandomSource, generator
from .activation import floating

__all__ = ["gumbel_softmax", "log_softmax", "softmax", "softmin"]


def softmax(input: Any, dim: int | None = None, *, dtype: DTypeLike | None = None) -> Any:
    """Probabilities ``e**x / sum(e**x)`` along `dim`, without overflow; in another `dtype` if that is given.

    Without `dim`, classes are the last axis of at most two; of more axes PyTorch would take the first or the second,
    depending on their number.
    Errors: OptionError for more than two axes without a `dim`.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return ag.softmax(_cast(input, dtype), _classes_at(input, dim, "softmax"))


def log_softmax(input: Any, dim: int | None = None, *, dtype: DTypeLike | None = None) -> Any:
    """Logarithm of the softmax along `dim`, without overflow; options and errors are those of `softmax`.

    >>> log_softmax(np.array([0.0, -1e4]))
    array([     0., -10000.])
    """
    return ag.log_softmax(_cast(input, dtype), _classes_at(input, dim, "log_softmax"))


def softmin(input: Any, dim: int | None = None, *, dtype: DTypeLike | None = None) -> Any:
    """The softmax of -x: the smallest is the likeliest; options and errors are those of `softmax`.

    >>> softmin(np.array([0.0, 1e4]))
    array([1., 0.])
    """
    return ag.softmax(ag.negative(_cast(input, dtype)), _classes_at(input, dim, "softmin"))


def gumbel_softmax(
    logits: Any, tau: float = 1.0, hard: bool = False, eps: float = 1e-10, dim: int = -1, *, rng: RandomSource = None
) -> Any:
    """A random choice by softmax(logits), relaxed to probabilities that have a gradient; the lower `tau`, the harder.

    With `hard`, the result is one-hot, and the gradient is that of the relaxed choice. `eps` is PyTorch's, without
    effect there and here.
    Errors: OptionError for a tau that is not positive.
    Source: Jang, Gu, Poole, Categorical reparameterization with Gumbel-softmax (2016).

    >>> gumbel_softmax(np.array([0.0, 100.0]), hard=True, rng=0)
    array([0., 1.])
    """
    if not tau > 0:
        raise ag.OptionError(f"gumbel_softmax: tau must be positive, got {tau!r}")
    shape, dtype = np.shape(logits), floating(logits)

    def drawn() -> Any:
        return generator(rng, "gumbel_softmax").gumbel(size=shape).astype(dtype)

    noise = ag.perform(drawn)
    soft = ag.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    values = ag.stop_gradient(soft)
    chosen = ag.argmax(values, axis=dim, keepdims=True)
    hot = np.zeros(np.shape(logits), floating(logits))
    np.put_along_axis(hot, np.asarray(chosen), 1, axis=dim)
    return (hot - values) + soft if isinstance(soft, ag.Tensor) else hot


def _cast(x: Any, dtype: DTypeLike | None) -> Any:
    return x if dtype is None else ag.astype(x, dtype)


def _classes_at(x: Any, dim: int | None, who: str) -> int:
    """The axis of the classes."""
    if dim is None:
        if np.ndim(x) > 2:
            raise ag.OptionError(
                f"{who}: say which dim the classes are of x {np.shape(x)}; without it, PyTorch takes the first of one "
                "or three axes and else the second. dim=-1 is the last"
            )
        return -1
    return dim
