"""Activation functions as modules."""

from typing import Any

from .. import functional
from ..module import Module

__all__ = ["LogSoftmax", "ReLU", "Sigmoid", "Softmax", "Softplus", "Tanh"]


class ReLU(Module):
    """``max(x, 0)``, element by element.

    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, x: Any) -> Any:
        return functional.relu(x)


class Sigmoid(Module):
    """``1 / (1 + e**-x)``, element by element.

    >>> Sigmoid()(np.array([0.0]))
    array([0.5])
    """

    def forward(self, x: Any) -> Any:
        return functional.sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent, element by element.

    >>> Tanh()(np.array([0.0]))
    array([0.])
    """

    def forward(self, x: Any) -> Any:
        return functional.tanh(x)


class Softplus(Module):
    """``log(1 + e**x)``, element by element, without overflow.

    >>> Softplus()(np.array([1e4]))
    array([10000.])
    """

    def forward(self, x: Any) -> Any:
        return functional.softplus(x)


class Softmax(Module):
    """Probabilities ``e**x / sum(e**x)`` along `dim`.

    >>> Softmax()(np.array([[1e4, 1e4]]))
    array([[0.5, 0.5]])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return functional.softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """Logarithm of the softmax along `dim`, without overflow.

    >>> LogSoftmax()(np.array([[0.0, -1e4]]))
    array([[     0., -10000.]])
    """

    def forward(self, x: Any) -> Any:
        return functional.log_softmax(x, self.dim)
