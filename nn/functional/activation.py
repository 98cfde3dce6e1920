"""Activation functions: what stands between layers."""

from typing import Any

import autograd_core as ag

# the same as in the core
from autograd_core import relu, sigmoid, softplus, tanh

__all__ = ["log_softmax", "relu", "sigmoid", "softmax", "softplus", "tanh"]


def softmax(x: Any, dim: int = -1) -> Any:
    """Probabilities ``e**x / sum(e**x)`` along `dim`.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return ag.softmax(x, dim)


def log_softmax(x: Any, dim: int = -1) -> Any:
    """Logarithm of the softmax along `dim`, without overflow.

    >>> log_softmax(np.array([0.0, -1e4]))
    array([     0., -10000.])
    """
    return ag.log_softmax(x, dim)
