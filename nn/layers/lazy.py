"""Layers that find out the number of their input features when they are first called."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from ..functional.sizes import Padding, Size
from ..module import Module
from ..parameter import UninitializedParameter, values
from ..randomness import RandomSource, generator
from ..state import put
from .conv import Conv1d, Conv2d, Conv3d
from .linear import Linear

__all__ = ["LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyLinear"]


class Lazy(Module):
    """What lazy layers have in common: the first call makes the parameters, and the class becomes the usual one.

    The parameters are the same objects before and after. Until then their values cannot be had, so that an optimizer
    and a state_dict are refused; a state_dict can be loaded.
    """

    becomes: ClassVar[Any]  # the usual class
    found: ClassVar[str]  # the first argument of that class, which is found out
    axis: ClassVar[int]  # of the input, whose length it is

    def _wait(self, *arguments: Any, rng: RandomSource, dtype: DTypeLike, least: int = 1) -> None:
        """Keep the arguments, which the usual class checks, for the first call."""
        self.becomes.__init__(self, least, *arguments, rng=0, dtype=dtype)
        for name, parameter in list(self.named_parameters(recurse=False)):
            setattr(self, name, UninitializedParameter(dtype=parameter.dtype))
        setattr(self, self.found, 0)
        self.rng = generator(rng, type(self).__name__)
        self._arguments = arguments

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        x, kind = [*args, *kwargs.values()][0], self.becomes
        if np.ndim(x) < -self.axis:
            raise ag.ShapeError(f"{type(self).__name__}: x needs at least {-self.axis} axes, got shape {np.shape(x)}")
        own = dict(self.named_parameters(recurse=False))
        ready = kind(x.shape[self.axis], *self._arguments, rng=self.rng, dtype=own["weight"].dtype)
        with ag.no_grad():
            for name, parameter in own.items():
                if isinstance(parameter, UninitializedParameter):  # else it was loaded
                    put(parameter, values(getattr(ready, name)))
        setattr(self, self.found, getattr(ready, self.found))
        del self.rng, self._arguments
        self.__class__ = kind
        return kind.forward(self, *args, **kwargs)

    def extra_repr(self) -> str:
        return self.becomes.extra_repr(self).partition(", ")[2]


class LazyLinear(Lazy, Linear):
    """A `Linear` that takes in_features from the last axis of its first input, and is a Linear from then on.

    Shapes, initial values: as for Linear.
    Errors: GraphError where a value of its parameters is needed before that, as by an optimizer.

    >>> layer = LazyLinear(2, rng=0)
    >>> layer
    LazyLinear(out_features=2, bias=True)
    >>> layer(np.ones((5, 3), np.float32)).shape, layer
    ((5, 2), Linear(in_features=3, out_features=2, bias=True))
    """

    becomes, found, axis = Linear, "in_features", -1

    def __init__(
        self, out_features: int, bias: bool = True, *, rng: RandomSource = None, dtype: DTypeLike = np.float32
    ) -> None:
        self._wait(out_features, bias, rng=rng, dtype=dtype)


class LazyConv(Lazy):
    """What lazy convolutions have in common: their arguments."""

    found = "in_channels"

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        options = (stride, padding, dilation, groups, bias, padding_mode)
        self._wait(out_channels, kernel_size, *options, rng=rng, dtype=dtype, least=groups)


class LazyConv1d(LazyConv, Conv1d):
    """A `Conv1d` that takes in_channels from its first input, as LazyLinear its features.

    >>> LazyConv1d(4, 3, rng=0)(np.ones((1, 2, 8), np.float32)).shape
    (1, 4, 6)
    """

    becomes, axis = Conv1d, -2


class LazyConv2d(LazyConv, Conv2d):
    """A `Conv2d` that takes in_channels from its first input, as LazyLinear its features.

    >>> net = nn.Sequential(LazyConv2d(6, 5, rng=0), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10, rng=0))
    >>> net(np.ones((2, 1, 28, 28), np.float32)).shape, net[0].in_channels, net[3].in_features
    ((2, 10), 1, 3456)
    """

    becomes, axis = Conv2d, -3


class LazyConv3d(LazyConv, Conv3d):
    """A `Conv3d` that takes in_channels from its first input, as LazyLinear its features.

    >>> LazyConv3d(2, 3, padding=1, rng=0)(np.ones((1, 1, 4, 4, 4), np.float32)).shape
    (1, 2, 4, 4, 4)
    """

    becomes, axis = Conv3d, -4
