"""Layers that pass on what they get, in another shape or as it is."""

from typing import Any

from .. import functional
from ..module import Module

__all__ = ["Flatten", "Identity"]


class Flatten(Module):
    """All axes from `start_dim` to `end_dim` as one, in C order: (N, channels, height, width) -> (N, features).

    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        return functional.flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """Gives back what it gets.

    >>> Identity()(3)
    3
    """

    def forward(self, x: Any) -> Any:
        return x
