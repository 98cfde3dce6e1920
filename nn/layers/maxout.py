"""Units that learn their own activation: the largest of several affine maps."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import functional, init
from ..arguments import check_positive
from ..module import Module, Parameter
from ..randomness import RandomSource, generator

__all__ = ["Maxout"]


class Maxout(Module):
    """The largest of `pieces` affine maps, for each output: any convex function, with enough of them.

    The gradient goes to the map that is largest; maps that tie share it.
    Shapes: x (..., in_features) -> (..., out_features). weight (out_features * pieces, in_features), with the pieces of
    an output side by side; bias (out_features * pieces,).
    Initial values: those of Linear.
    Source: Goodfellow et al., Maxout networks (2013).

    >>> layer = Maxout(1, 1, pieces=2, rng=0)
    >>> _ = layer.load_state_dict({"weight": np.array([[1.0], [-1.0]]), "bias": np.zeros(2)})
    >>> layer(np.array([[-3.0], [2.0]], np.float32)).tolist()  # |x| = max(x, -x)
    [[3.0], [2.0]]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.in_features = check_positive(in_features, "Maxout: in_features")
        self.out_features = check_positive(out_features, "Maxout: out_features")
        self.pieces = check_positive(pieces, "Maxout: pieces")
        rng, rows = generator(rng, "Maxout"), out_features * pieces
        self.weight = Parameter(init.uniform_fan_in((rows, in_features), rng=rng, dtype=dtype))
        self.bias = Parameter(init.uniform_fan_in((rows,), fan_in=in_features, rng=rng, dtype=dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        pieces = functional.linear(x, self.weight, self.bias)
        return ag.max(ag.reshape(pieces, (*pieces.shape[:-1], self.out_features, self.pieces)), axis=-1)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, pieces={self.pieces}, "
            f"bias={self.bias is not None}" + init.shown_dtype(self.weight)
        )
