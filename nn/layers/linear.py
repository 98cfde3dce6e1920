"""The affine layer, and several of them as one."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import init
from ..arguments import check_positive
from ..module import Module, Parameter
from ..parameter import values
from ..randomness import RandomSource, generator

__all__ = ["Linear", "collapse"]


class Linear(Module):
    """Affine map ``y = x W^T + b``.

    Shapes: input (..., in_features) -> (..., out_features). weight (out_features, in_features), bias (out_features,).
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

    def forward(self, input: Any) -> Any:
        return ag.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
            + init.shown_dtype(self.weight)
        )


def collapse(layers: Iterable[Module]) -> Linear:
    """The one Linear that computes what several do one after the other: affine maps compose to an affine map.

    This is why a deep network needs something between its linear layers that is not linear.
    Errors: OptionError for another layer, none, or sizes that do not follow each other.

    >>> deep = nn.Sequential(nn.Linear(3, 100), nn.Linear(100, 2))
    >>> nn.collapse(deep)
    Linear(in_features=3, out_features=2, bias=True)
    """
    chain: list[Any] = list(layers)
    for layer in chain or [None]:
        if not isinstance(layer, Linear):
            raise ag.OptionError(f"collapse: only Linear layers, one at least, compose to one; got {layer!r}")
    for first, second in pairwise(chain):
        if first.out_features != second.in_features:
            raise ag.OptionError(f"collapse: {second!r} does not take what {first!r} gives")
    weight, bias = values(chain[0].weight), None if chain[0].bias is None else values(chain[0].bias)
    for layer in chain[1:]:
        weight, own = values(layer.weight) @ weight, layer.bias
        carried = None if bias is None else values(layer.weight) @ bias
        bias = carried if own is None else values(own) if carried is None else carried + values(own)
    result = Linear(weight.shape[1], weight.shape[0], bias is not None, rng=0, dtype=weight.dtype)
    result.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
    return result
