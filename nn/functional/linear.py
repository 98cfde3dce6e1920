"""The affine map of a perceptron's layer, with PyTorch's names of its arguments."""

from typing import Any

import autograd_core as ag

__all__ = ["linear"]


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """Affine map ``input @ weight.T + bias``.

    Shapes: input (..., in_features), weight (out_features, in_features), bias (out_features,) -> (..., out_features).

    >>> linear(np.ones((2, 3)), weight=np.ones((4, 3)), bias=np.zeros(4)).shape
    (2, 4)
    """
    return ag.linear(input, weight, bias)
