"""Activations over an axis: probabilities of classes, and gates."""

from typing import Any

import numpy as np

import autograd_core as ag

from ... import functional
from .pointwise import Activation

__all__ = ["GLU", "LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class Softmax(Activation):
    """Probabilities ``e**x / sum(e**x)`` along `dim`; without one, along the last axis of at most two.

    Errors: OptionError for more than two axes without a `dim`.

    >>> Softmax(dim=1)(np.array([[1e4, 1e4]]))
    array([[0.5, 0.5]])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return functional.softmax(input, self.dim)


class LogSoftmax(Softmax):
    """Logarithm of the softmax along `dim`, without overflow.

    >>> LogSoftmax(dim=1)(np.array([[0.0, -1e4]]))
    array([[     0., -10000.]])
    """

    def forward(self, input: Any) -> Any:
        return functional.log_softmax(input, self.dim)


class Softmin(Softmax):
    """The softmax of -x along `dim`: the smallest is the likeliest.

    >>> Softmin(dim=1)(np.array([[0.0, 1e4]]))
    array([[1., 0.]])
    """

    def forward(self, input: Any) -> Any:
        return functional.softmin(input, self.dim)


class Softmax2d(Activation):
    """The softmax over the channels at each place of images.

    Shapes: input (N, channels, height, width) or (channels, height, width) -> the same.
    Errors: ShapeError for another number of axes.

    >>> Softmax2d()(np.zeros((1, 4, 1, 1))).ravel()
    array([0.25, 0.25, 0.25, 0.25])
    """

    def forward(self, input: Any) -> Any:
        if np.ndim(input) not in (3, 4):
            raise ag.ShapeError(
                f"Softmax2d: x is laid out (batch, channels, height, width), with or without the batch; "
                f"got shape {np.shape(input)}"
            )
        return functional.softmax(input, -3)


class GLU(Activation):
    """Gated linear unit: the first half of `dim`, times the sigmoid of the second.

    Shapes: input (..., 2n, ...) -> (..., n, ...).
    Errors: ShapeError for an odd number along `dim`.

    >>> GLU()(np.array([1.0, 2.0, 0.0, 1e4]))
    array([0.5, 2. ])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return functional.glu(input, self.dim)
