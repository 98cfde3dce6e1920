"""Activations that are 0 near 0, or close to it."""

from typing import Any

from ... import functional
from .pointwise import Activation

__all__ = ["Hardshrink", "Softshrink", "Tanhshrink"]


class Hardshrink(Activation):
    """x, and 0 where ``|x| <= lambd``.

    >>> Hardshrink()(np.array([-0.4, 0.6]))
    array([0. , 0.6])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        return functional.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Softshrink(Activation):
    """x moved towards 0 by `lambd`, and 0 where it would go past.

    Errors: OptionError for a negative lambd.

    >>> Softshrink()(np.array([-1.5, -0.4]))
    array([-1.,  0.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd
        functional.softshrink(0.0, lambd)  # refuses what it cannot mean

    def forward(self, input: Any) -> Any:
        return functional.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Tanhshrink(Activation):
    """``x - tanh(x)``, element by element.

    >>> Tanhshrink()(np.array([0.0, 40.0]))
    array([ 0., 39.])
    """

    def forward(self, input: Any) -> Any:
        return functional.tanhshrink(input)
