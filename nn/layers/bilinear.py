"""The layer that is linear in each of two inputs."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import functional, init
from ..arguments import check_positive
from ..module import Module, Parameter
from ..randomness import RandomSource, generator

__all__ = ["Bilinear"]


class Bilinear(Module):
    """For each output k, ``y_k = input1^T W_k input2 + b_k``.

    Shapes: input1 (..., in1_features), input2 (..., in2_features) -> (..., out_features).
    weight (out_features, in1_features, in2_features), bias (out_features,).
    Initial values: uniform within 1/sqrt(in1_features), as in PyTorch.

    >>> Bilinear(2, 3, 4, rng=0)(np.ones((5, 2), np.float32), np.ones((5, 3), np.float32)).shape
    (5, 4)
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.in1_features = check_positive(in1_features, "Bilinear: in1_features")
        self.in2_features = check_positive(in2_features, "Bilinear: in2_features")
        self.out_features = check_positive(out_features, "Bilinear: out_features")
        rng = generator(rng, "Bilinear")
        shape = (out_features, in1_features, in2_features)
        self.weight = Parameter(init.uniform_fan_in(shape, fan_in=in1_features, rng=rng, dtype=dtype))
        self.bias = (
            Parameter(init.uniform_fan_in((out_features,), fan_in=in1_features, rng=rng, dtype=dtype)) if bias else None
        )

    def forward(self, input1: Any, input2: Any) -> Any:
        return functional.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}" + init.shown_dtype(self.weight)
        )
