"""The affine layer."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import functional, init
from ..arguments import check_positive
from ..module import Module, Parameter
from ..randomness import RandomSource, generator

__all__ = ["Linear"]


class Linear(Module):
    """Affine map ``y = x W^T + b``.

    Shapes: x (..., in_features) -> (..., out_features). weight (out_features, in_features), bias (out_features,).
    Initial values: uniform within 1/sqrt(in_features), as in PyTorch.

    >>> Linear(3, 2, rng=0)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.in_features = check_positive(in_features, "Linear: in_features")
        self.out_features = check_positive(out_features, "Linear: out_features")
        rng = generator(rng, "Linear")
        self.weight = Parameter(init.uniform_fan_in((out_features, in_features), rng=rng, dtype=dtype))
        self.bias = (
            Parameter(init.uniform_fan_in((out_features,), fan_in=in_features, rng=rng, dtype=dtype)) if bias else None
        )

    def forward(self, x: Any) -> Any:
        return functional.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
            + init.shown_dtype(self.weight)
        )
