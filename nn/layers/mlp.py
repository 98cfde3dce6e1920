"""The multi-layer perceptron, given by the numbers of its units."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from ..containers import Sequential
from ..module import Module
from ..randomness import RandomSource, generator
from .activation import ReLU, Sigmoid, Softplus, Tanh
from .linear import Linear

__all__ = ["MLP"]

_ACTIVATIONS = {"relu": ReLU, "sigmoid": Sigmoid, "softplus": Softplus, "tanh": Tanh}


class MLP(Sequential):
    """Linear layers with an activation between them; none after the last.

    `activation` is a class of modules, or "relu", "sigmoid", "softplus" or "tanh".
    Shapes: x (..., sizes[0]) -> (..., sizes[-1]).
    Errors: OptionError for fewer than two sizes, and for another activation.

    >>> MLP([784, 30, 10], activation=Sigmoid)
    MLP(
      (0): Linear(in_features=784, out_features=30, bias=True)
      (1): Sigmoid()
      (2): Linear(in_features=30, out_features=10, bias=True)
    )
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Callable[[], Module] = ReLU,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise ag.OptionError(f"MLP: sizes are those of the input, the hidden layers and the output; got {sizes!r}")
        make = _ACTIVATIONS.get(activation) if isinstance(activation, str) else activation
        if make is None or isinstance(make, Module):
            raise ag.OptionError(
                f"MLP: activation must be a class of modules or one of {', '.join(_ACTIVATIONS)}; got {activation!r}"
            )
        rng = generator(rng, "MLP")
        for i, (inputs, outputs) in enumerate(pairwise(sizes)):
            if i:
                self.append(make())
            self.append(Linear(inputs, outputs, rng=rng, dtype=dtype))
