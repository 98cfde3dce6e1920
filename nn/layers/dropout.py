"""Leaving units out at random, so that none relies on another."""

from typing import Any

import autograd_core as ag

from .. import functional
from ..module import Module
from ..randomness import RandomSource, generator

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, set each element to 0 with probability `p` and divide the others by 1 - p; else pass on.

    Each call draws anew from `rng`.
    Shapes: x (...) -> the same.
    Errors: OptionError for p outside [0, 1], and for inplace=True: results are new arrays.
    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting (2014).

    >>> layer = Dropout(0.5, rng=0)
    >>> layer(np.ones(4)), layer.eval()(np.ones(4))
    (array([2., 2., 2., 0.]), array([1., 1., 1., 1.]))
    """

    def __init__(self, p: float = 0.5, inplace: bool = False, *, rng: RandomSource = None) -> None:
        super().__init__()
        if inplace:
            raise ag.OptionError("Dropout: inplace can only be False here: results are new arrays")
        if not 0 <= p <= 1:
            raise ag.OptionError(f"Dropout: p is the probability to drop, from 0 to 1; got {p!r}")
        self.p, self.inplace, self.rng = p, inplace, generator(rng, "Dropout")

    def forward(self, x: Any) -> Any:
        return functional.dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
