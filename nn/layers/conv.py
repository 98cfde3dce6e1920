"""Convolutional layers, over one, two or three axes."""

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import functional, init
from ..arguments import check_positive
from ..functional.sizes import Padding, Size, per_axis
from ..module import Module, Parameter
from ..randomness import RandomSource, generator

__all__ = ["Conv1d", "Conv2d", "Conv3d"]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Conv(Module):
    """What convolutional layers have in common: their parameters, and where they start from."""

    ndim: ClassVar[int]
    convolve: ClassVar[Any]

    def __init__(
        self,
        in_channels: int,
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
        super().__init__()
        who = type(self).__name__
        self.in_channels = check_positive(in_channels, f"{who}: in_channels")
        self.out_channels = check_positive(out_channels, f"{who}: out_channels")
        self.groups = check_positive(groups, f"{who}: groups")
        if in_channels % groups or out_channels % groups:
            raise ag.OptionError(
                f"{who}: groups must divide the channels; got groups={groups} for {in_channels} in, {out_channels} out"
            )
        kernel = self._sizes(kernel_size, "kernel_size", 1)
        self._sizes(stride, "stride", 1)
        self._sizes(dilation, "dilation", 1)
        if not isinstance(padding, str):
            self._sizes(padding, "padding", 0)
        elif padding not in ("same", "valid"):
            raise ag.OptionError(f"{who}: padding must be numbers, 'same' or 'valid'; got {padding!r}")
        elif padding == "same" and any(s != 1 for s in np.ravel(stride)):
            raise ag.OptionError(f"{who}: padding='same' needs stride 1, got {stride}; give the padding as a number")
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation
        if padding_mode not in PADDING_MODES:
            raise ag.OptionError(f"{who}: padding_mode must be one of {', '.join(PADDING_MODES)}; got {padding_mode!r}")
        self.padding_mode = padding_mode
        rng = generator(rng, who)
        shape = (out_channels, in_channels // groups, *kernel)
        self.weight = Parameter(init.uniform_fan_in(shape, rng=rng, dtype=dtype))
        fan_in = math.prod(shape[1:])
        self.bias = (
            Parameter(init.uniform_fan_in((out_channels,), fan_in=fan_in, rng=rng, dtype=dtype)) if bias else None
        )

    def _sizes(self, value: Any, name: str, least: int) -> tuple[int, ...]:
        return per_axis(value, self.ndim, f"{type(self).__name__}: {name}", least)

    def forward(self, input: Any) -> Any:
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = functional.pad(input, self._border(), self.padding_mode), 0
        return self.convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _border(self) -> list[int]:
        """The padding as `functional.pad` takes it: before and after, the last axis first."""
        border: list[int] = []
        kernel, dilation = self._sizes(self.kernel_size, "kernel_size", 1), self._sizes(self.dilation, "dilation", 1)
        for axis in reversed(range(self.ndim)):
            reach = dilation[axis] * (kernel[axis] - 1)
            if isinstance(self.padding, str):
                border += [reach // 2, reach - reach // 2] if self.padding == "same" else [0, 0]
            else:
                border += [self._sizes(self.padding, "padding", 0)[axis]] * 2
        return border

    def extra_repr(self) -> str:
        shown = f"{self.in_channels}, {self.out_channels}"
        for name, default in {"kernel_size": None, "stride": None, "padding": 0, "dilation": 1}.items():
            given = getattr(self, name)
            sizes = given if isinstance(given, str) else self._sizes(given, name, 0)
            if sizes != (default,) * self.ndim:
                shown += f", {name}={sizes!r}"
        shown += f", groups={self.groups}" if self.groups != 1 else ""
        shown += ", bias=False" if self.bias is None else ""
        shown += f", padding_mode={self.padding_mode!r}" if self.padding_mode != "zeros" else ""
        return shown + init.shown_dtype(self.weight)


class Conv1d(Conv):
    """Cross-correlation with learned kernels along one axis, plus a bias for each channel.

    Shapes: x (N, in_channels, n) -> (N, out_channels, m) with m = (n + 2 padding - dilation (k - 1) - 1) // stride + 1,
    without N for one example. weight (out_channels, in_channels / groups, k), bias (out_channels,). `padding` may be
    "same" for m = n, or "valid"; it is of what `padding_mode` says: "zeros", "reflect", "replicate" or "circular".
    Initial values: uniform within 1/sqrt(in_channels / groups * k), as in PyTorch.

    >>> Conv1d(2, 4, 3, padding="same", rng=0)(np.ones((1, 2, 8), np.float32)).shape
    (1, 4, 8)
    """

    ndim = 1
    convolve = staticmethod(functional.conv1d)


class Conv2d(Conv):
    """Cross-correlation with learned kernels over height and width, plus a bias for each channel.

    Shapes: x (N, in_channels, *n) -> (N, out_channels, *m) with, along each axis,
    m = (n + 2 padding - dilation (k - 1) - 1) // stride + 1, without N for one example.
    weight (out_channels, in_channels / groups, *k), bias (out_channels,). Options are one number or one for each axis;
    `padding` may be "same" for m = n, or "valid"; `padding_mode` is as for Conv1d.
    Initial values: uniform within 1/sqrt(in_channels / groups * k * k), as in PyTorch.

    >>> Conv2d(1, 6, 5, rng=0)(np.ones((2, 1, 28, 28), np.float32)).shape
    (2, 6, 24, 24)
    """

    ndim = 2
    convolve = staticmethod(functional.conv2d)


class Conv3d(Conv):
    """Cross-correlation with learned kernels over depth, height and width, plus a bias for each channel.

    Shapes and initial values: as for Conv2d, with depth before height.

    >>> Conv3d(1, 2, 3, padding=1, rng=0)(np.ones((1, 1, 4, 4, 4), np.float32)).shape
    (1, 2, 4, 4, 4)
    """

    ndim = 3
    convolve = staticmethod(functional.conv3d)
