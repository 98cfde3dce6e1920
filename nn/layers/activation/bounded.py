"""Activations between two bounds."""

from typing import Any

from ... import functional
from .pointwise import Activation, Inplace

__all__ = ["Hardsigmoid", "Hardtanh", "LogSigmoid", "Sigmoid", "Softsign", "Step", "Tanh"]


class Sigmoid(Activation):
    """``1 / (1 + e**-x)``, element by element.

    >>> Sigmoid()(np.array([0.0]))
    array([0.5])
    """

    def forward(self, input: Any) -> Any:
        return functional.sigmoid(input)


class LogSigmoid(Activation):
    """``log(1 / (1 + e**-x))``, element by element, without overflow.

    >>> LogSigmoid()(np.array([-1e4]))
    array([-10000.])
    """

    def forward(self, input: Any) -> Any:
        return functional.logsigmoid(input)


class Tanh(Activation):
    """Hyperbolic tangent, element by element.

    >>> Tanh()(np.array([0.0]))
    array([0.])
    """

    def forward(self, input: Any) -> Any:
        return functional.tanh(input)


class Softsign(Activation):
    """``x / (1 + |x|)``, element by element.

    >>> Softsign()(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """

    def forward(self, input: Any) -> Any:
        return functional.softsign(input)


class Hardtanh(Activation):
    """x, and the bound where it is outside of both bounds; its slope at the bounds is 0. `inplace` has no effect.

    Errors: OptionError for a min_val above max_val.

    >>> Hardtanh(-2, 2)(np.array([-3.0, 0.5, 3.0]))
    array([-2. ,  0.5,  2. ])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace
        functional.hardtanh(0.0, min_val, max_val)  # refuses what it cannot mean

    def forward(self, input: Any) -> Any:
        return functional.hardtanh(input, self.min_val, self.max_val)


class Hardsigmoid(Inplace):
    """``x / 6 + 1/2`` between -3 and 3, 0 on the left and 1 on the right. `inplace` has no effect.

    >>> Hardsigmoid()(np.array([-4.0, 0.0, 4.0]))
    array([0. , 0.5, 1. ])
    """

    def forward(self, input: Any) -> Any:
        return functional.hardsigmoid(input)


class Step(Activation):
    """1 where x is above 0, else 0: the threshold unit, which is flat, so that its gradient is 0 everywhere.

    >>> Step()(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 1.])
    """

    def forward(self, input: Any) -> Any:
        return functional.step(input)
