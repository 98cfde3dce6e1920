"""Transposed convolutional layers, which make images larger where a convolution with a stride makes them smaller."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import functional, init
from ..arguments import check_positive
from ..functional.sizes import Size, per_axis
from ..module import Module, Parameter
from ..randomness import RandomSource, generator

__all__ = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class ConvTranspose(Module):
    """What transposed convolutions have in common: their parameters, where they start from, and their output's size."""

    ndim: ClassVar[int]
    convolve: ClassVar[Any]

    def __init__(
        self,
        in_channels: int,
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
        super().__init__()
        who = type(self).__name__
        self.in_channels = check_positive(in_channels, f"{who}: in_channels")
        self.out_channels = check_positive(out_channels, f"{who}: out_channels")
        self.groups = check_positive(groups, f"{who}: groups")
        if in_channels % groups or out_channels % groups:
            raise ag.OptionError(
                f"{who}: groups must divide the channels; got groups={groups} for {in_channels} in, {out_channels} out"
            )
        if padding_mode != "zeros":
            raise ag.OptionError(
                f"{who}: padding_mode can only be 'zeros': padding takes away here; got {padding_mode!r}"
            )
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.output_padding, self.dilation, self.padding_mode = output_padding, dilation, padding_mode
        kernel = self._sizes("kernel_size", 1)
        steps, gaps, longer = self._sizes("stride", 1), self._sizes("dilation", 1), self._sizes("output_padding", 0)
        self._sizes("padding", 0)
        if any(extra >= max(s, d) for extra, s, d in zip(longer, steps, gaps, strict=True)):
            raise ag.OptionError(
                f"{who}: output_padding must be smaller than the stride or the dilation, got {output_padding} "
                f"for stride={stride}, dilation={dilation}"
            )
        rng = generator(rng, who)
        shape = (in_channels, out_channels // groups, *kernel)
        self.weight = Parameter(init.uniform_fan_in(shape, rng=rng, dtype=dtype))
        fan_in = math.prod(shape[1:])
        self.bias = (
            Parameter(init.uniform_fan_in((out_channels,), fan_in=fan_in, rng=rng, dtype=dtype)) if bias else None
        )

    def _sizes(self, name: str, least: int = 0) -> tuple[int, ...]:
        return per_axis(getattr(self, name), self.ndim, f"{type(self).__name__}: {name}", least)

    def forward(self, input: Any, output_size: Sequence[int] | None = None) -> Any:
        longer = self.output_padding if output_size is None else self._missing(input, output_size)
        return self.convolve(
            input, self.weight, self.bias, self.stride, self.padding, longer, self.groups, self.dilation
        )

    def _missing(self, x: Any, output_size: Sequence[int]) -> tuple[int, ...]:
        """How much the output is longer than the shortest one, so that it has the size that is asked for."""
        given = tuple(output_size)
        sizes = given[-self.ndim :]
        options = (self._sizes(name) for name in ("kernel_size", "stride", "padding", "dilation"))
        steps = self._sizes("stride")
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in zip(x.shape[-self.ndim :], *options, strict=True)
        ]
        if len(given) not in (self.ndim, x.ndim) or any(
            not 0 <= m - shortest < s for m, shortest, s in zip(sizes, least, steps, strict=True)
        ):
            most = tuple([shortest + s - 1 for shortest, s in zip(least, steps, strict=True)])
            raise ag.ShapeError(
                f"{type(self).__name__}: output_size must be from {tuple(least)} to {most} for x {tuple(x.shape)}, "
                f"got {given}"
            )
        return tuple([m - shortest for m, shortest in zip(sizes, least, strict=True)])

    def extra_repr(self) -> str:
        shown = f"{self.in_channels}, {self.out_channels}"
        defaults = {"kernel_size": None, "stride": None, "padding": 0, "dilation": 1, "output_padding": 0}
        for name, default in defaults.items():
            sizes = self._sizes(name)
            if sizes != (default,) * self.ndim:
                shown += f", {name}={sizes!r}"
        shown += f", groups={self.groups}" if self.groups != 1 else ""
        return shown + (", bias=False" if self.bias is None else "") + init.shown_dtype(self.weight)


class ConvTranspose1d(ConvTranspose):
    """Each element along an axis sends learned kernels times itself to the output; plus a bias for each channel.

    It is the gradient of Conv1d by its input, so that `padding` takes away from the borders of the output.
    Shapes: x (N, in_channels, n) -> (N, out_channels, m), without N for one example, with
    m = (n - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1; `output_size` of the call chooses m among
    those that Conv1d maps to n. weight (in_channels, out_channels / groups, k), bias (out_channels,).
    Initial values: uniform within 1/sqrt(out_channels / groups * k), as in PyTorch.
    Source: Zeiler et al., Deconvolutional networks (2010).

    >>> layer = ConvTranspose1d(2, 3, 4, stride=2, rng=0)
    >>> layer(np.ones((1, 2, 5), np.float32)).shape, layer(np.ones((1, 2, 5), np.float32), output_size=[13]).shape
    ((1, 3, 12), (1, 3, 13))
    """

    ndim = 1
    convolve = staticmethod(functional.conv_transpose1d)


class ConvTranspose2d(ConvTranspose):
    """Each pixel sends learned kernels times itself to the output; plus a bias for each channel.

    Shapes and initial values: as for ConvTranspose1d, with height and width. Options are one number or one for each
    axis.

    >>> ConvTranspose2d(2, 3, 2, stride=2, rng=0)(np.ones((1, 2, 5, 5), np.float32)).shape
    (1, 3, 10, 10)
    """

    ndim = 2
    convolve = staticmethod(functional.conv_transpose2d)


class ConvTranspose3d(ConvTranspose):
    """Each element of a volume sends learned kernels times itself to the output; plus a bias for each channel.

    Shapes and initial values: as for ConvTranspose1d, with depth, height and width.

    >>> ConvTranspose3d(2, 3, 2, stride=2, rng=0)(np.ones((1, 2, 2, 2, 2), np.float32)).shape
    (1, 3, 4, 4, 4)
    """

    ndim = 3
    convolve = staticmethod(functional.conv_transpose3d)
