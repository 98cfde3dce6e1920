"""Layers that find out the number of their input features when they are first called."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from ..functional.sizes import Padding, Size
from ..module import Module
from ..parameter import UninitializedBuffer, UninitializedParameter, values
from ..randomness import RandomSource, generator
from ..state import put
from .batch_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .conv import Conv1d, Conv2d, Conv3d
from .conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
]


class Lazy(Module):
    """What lazy layers have in common: the first call makes its state, and the class becomes the usual one.

    The parameters are the same objects before and after. Until then their values cannot be had, so that an optimizer
    and a state_dict are refused; a state_dict can be loaded.
    """

    becomes: ClassVar[Any]  # the usual class
    found: ClassVar[str]  # the first argument of that class, which is found out
    axis: ClassVar[int]  # of the input, whose length it is

    def _wait(self, *arguments: Any, dtype: DTypeLike, least: int = 1, **options: Any) -> None:
        """Keep the arguments, which the usual class checks, for the first call."""
        draws = "rng" in options
        # the usual class checks the arguments; it is not to draw from the generator that is passed
        self.becomes.__init__(self, least, *arguments, dtype=dtype, **options | ({"rng": 0} if draws else {}))
        for name, parameter in list(self.named_parameters(recurse=False)):
            setattr(self, name, UninitializedParameter(dtype=parameter.dtype))
        for name, buffer in list(self.named_buffers(recurse=False)):
            if buffer.ndim:
                self.register_buffer(name, UninitializedBuffer(dtype=buffer.dtype))
        setattr(self, self.found, 0)
        self._arguments = (
            arguments,
            options | ({"rng": generator(options["rng"], type(self).__name__)} if draws else {}),
        )

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        x, kind = [*args, *kwargs.values()][0], self.becomes
        axes = self.axis + 1 if self.axis >= 0 else -self.axis
        if np.ndim(x) < axes:
            raise ag.ShapeError(f"{type(self).__name__}: x needs at least {axes} axes, got shape {np.shape(x)}")
        arguments, options = self._arguments
        own = dict(self.named_parameters(recurse=False))
        kept = dict(self.named_buffers(recurse=False))
        dtype = next((held.dtype for held in (*own.values(), *kept.values())), np.float32)
        ready = kind(np.shape(x)[self.axis], *arguments, dtype=dtype, **options)
        with ag.no_grad():
            for name, parameter in own.items():
                if isinstance(parameter, UninitializedParameter):  # else it was loaded
                    put(parameter, values(getattr(ready, name)))
        for name, buffer in ready.named_buffers(recurse=False):
            waits = isinstance(kept[name], UninitializedBuffer)
            self.register_buffer(name, buffer if waits else values(kept[name]))
        setattr(self, self.found, getattr(ready, self.found))
        del self._arguments
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


class LazyConvTranspose(Lazy):
    """What lazy transposed convolutions have in common: their arguments."""

    found = "in_channels"

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        options = (stride, padding, output_padding, groups, bias, dilation, padding_mode)
        self._wait(out_channels, kernel_size, *options, rng=rng, dtype=dtype, least=groups)


class LazyConvTranspose1d(LazyConvTranspose, ConvTranspose1d):
    """A `ConvTranspose1d` that takes in_channels from its first input, as LazyLinear its features.

    >>> LazyConvTranspose1d(4, 3, rng=0)(np.ones((1, 2, 8), np.float32)).shape
    (1, 4, 10)
    """

    becomes, axis = ConvTranspose1d, -2


class LazyConvTranspose2d(LazyConvTranspose, ConvTranspose2d):
    """A `ConvTranspose2d` that takes in_channels from its first input, as LazyLinear its features.

    >>> LazyConvTranspose2d(4, 2, stride=2, rng=0)(np.ones((1, 3, 5, 5), np.float32)).shape
    (1, 4, 10, 10)
    """

    becomes, axis = ConvTranspose2d, -3


class LazyConvTranspose3d(LazyConvTranspose, ConvTranspose3d):
    """A `ConvTranspose3d` that takes in_channels from its first input, as LazyLinear its features.

    >>> LazyConvTranspose3d(2, 2, rng=0)(np.ones((1, 1, 4, 4, 4), np.float32)).shape
    (1, 2, 5, 5, 5)
    """

    becomes, axis = ConvTranspose3d, -4


class LazyBatchNorm(Lazy):
    """What lazy normalizations over the batch have in common: their arguments."""

    found, axis = "num_features", 1

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self._wait(eps, momentum, affine, track_running_stats, bias=bias, dtype=dtype)


class LazyBatchNorm1d(LazyBatchNorm, BatchNorm1d):
    """A `BatchNorm1d` that takes num_features from its first input, as LazyLinear its features.

    >>> LazyBatchNorm1d()(np.ones((5, 3), np.float32)).shape
    (5, 3)
    """

    becomes = BatchNorm1d


class LazyBatchNorm2d(LazyBatchNorm, BatchNorm2d):
    """A `BatchNorm2d` that takes num_features from its first input, as LazyLinear its features.

    >>> layer = LazyBatchNorm2d()
    >>> layer(np.ones((5, 3, 4, 4), np.float32)).shape, layer.num_features
    ((5, 3, 4, 4), 3)
    """

    becomes = BatchNorm2d


class LazyBatchNorm3d(LazyBatchNorm, BatchNorm3d):
    """A `BatchNorm3d` that takes num_features from its first input, as LazyLinear its features."""

    becomes = BatchNorm3d


class LazyInstanceNorm(Lazy):
    """What lazy normalizations of each example have in common: their arguments, with other defaults."""

    found = "num_features"

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self._wait(eps, momentum, affine, track_running_stats, bias=bias, dtype=dtype)


class LazyInstanceNorm1d(LazyInstanceNorm, InstanceNorm1d):
    """An `InstanceNorm1d` that takes num_features from its first input, as LazyLinear its features.

    Unlike that, but as in PyTorch, it is `affine` and keeps running statistics unless told otherwise.

    >>> LazyInstanceNorm1d()(np.ones((2, 3, 4), np.float32)).shape
    (2, 3, 4)
    """

    becomes, axis = InstanceNorm1d, -2


class LazyInstanceNorm2d(LazyInstanceNorm, InstanceNorm2d):
    """An `InstanceNorm2d` that takes num_features from its first input, as LazyLinear its features."""

    becomes, axis = InstanceNorm2d, -3


class LazyInstanceNorm3d(LazyInstanceNorm, InstanceNorm3d):
    """An `InstanceNorm3d` that takes num_features from its first input, as LazyLinear its features."""

    becomes, axis = InstanceNorm3d, -4
