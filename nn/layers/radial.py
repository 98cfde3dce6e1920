"""Radial basis functions: units that answer to what is near their centre."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import init
from ..arguments import check_positive
from ..module import Module, Parameter
from ..randomness import RandomSource, generator

__all__ = ["RBF"]


class RBF(Module):
    """``e**(-||x - c||**2 / (2 s**2))`` for each centre c: 1 there, and falling with the distance. Centres are learned.

    So is the width s of each unit, through its logarithm, which keeps it positive.
    Shapes: x (..., in_features) -> (..., out_features). centers (out_features, in_features), log_sigma (out_features,).
    Initial values: centres from a standard normal, all widths `sigma`.
    Errors: OptionError for a sigma that is not positive, ShapeError for another number of features.
    Source: Broomhead, Lowe, Multivariable functional interpolation and adaptive networks (1988).

    >>> layer = RBF(1, 1, rng=0)
    >>> _ = layer.load_state_dict({"centers": np.array([[2.0]]), "log_sigma": np.zeros(1)})
    >>> layer(np.array([[2.0], [3.0]])).detach().numpy().round(4).tolist()
    [[1.0], [0.6065]]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        sigma: float = 1.0,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.in_features = check_positive(in_features, "RBF: in_features")
        self.out_features = check_positive(out_features, "RBF: out_features")
        if not sigma > 0:
            raise ag.OptionError(f"RBF: sigma is a width, and must be positive; got {sigma!r}")
        self.sigma = sigma
        drawn = generator(rng, "RBF").standard_normal((out_features, in_features))
        self.centers = Parameter(drawn.astype(dtype))
        self.log_sigma = Parameter(np.full(out_features, math.log(sigma), dtype))

    def forward(self, x: Any) -> Any:
        if np.ndim(x) < 1 or np.shape(x)[-1] != self.in_features:
            raise ag.ShapeError(f"RBF: x needs {self.in_features} features on its last axis, got shape {np.shape(x)}")
        # differences first: ||x||**2 - 2 x.c + ||c||**2 would cancel where x is close to c
        squares = ag.sum(ag.square(ag.expand_dims(x, -2) - self.centers), axis=-1)
        return ag.exp(-0.5 * squares * ag.exp(-2 * self.log_sigma))

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, sigma={self.sigma}"
            + init.shown_dtype(self.centers)
        )
