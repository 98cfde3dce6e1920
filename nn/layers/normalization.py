"""Normalization that looks at one example alone: a layer, groups of channels, neighbouring channels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import functional, init
from ..arguments import check_positive
from ..module import Module, Parameter

__all__ = ["GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class LayerNorm(Module):
    """The last axes of each example brought to mean 0 and variance 1, times a weight, plus a bias.

    Shapes: x (..., *normalized_shape) -> the same; weight, bias normalized_shape, a number for one axis.
    Initial values: weight 1, bias 0.
    Source: Ba, Kiros and Hinton, Layer normalization (2016).

    >>> LayerNorm(2, eps=0)(np.array([[1.0, 3.0]], np.float32)).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.normalized_shape = normalized_axes(normalized_shape, "LayerNorm")
        self.eps, self.elementwise_affine = eps, elementwise_affine
        dtype = init.floating(dtype)
        self.weight = Parameter(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, dtype)) if elementwise_affine and bias else None

    def forward(self, input: Any) -> Any:
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}" + ("" if self.weight is None else init.shown_dtype(self.weight))
        )


class RMSNorm(Module):
    """The last axes of each example over their root mean square, times a weight.

    `eps`, the machine's epsilon of the numbers' type unless given, is added to the mean square.
    Shapes: x (..., *normalized_shape) -> the same; weight normalized_shape, a number for one axis.
    Initial values: weight 1.
    Source: Zhang and Sennrich, Root mean square layer normalization (2019).

    >>> RMSNorm(2, eps=0, elementwise_affine=False)(np.array([[0.0, 2.0]])).round(4)
    array([[0.    , 1.4142]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.normalized_shape = normalized_axes(normalized_shape, "RMSNorm")
        self.eps, self.elementwise_affine = eps, elementwise_affine
        dtype = init.floating(dtype)
        self.weight = Parameter(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None

    def forward(self, x: Any) -> Any:
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}" + (
            "" if self.weight is None else init.shown_dtype(self.weight)
        )


class GroupNorm(Module):
    """Groups of channels of each example brought to mean 0 and variance 1, then channels times a weight, plus a bias.

    One group is a layer norm with weights by channel; as many groups as channels make an instance norm.
    Shapes: x (N, num_channels, ...) -> the same; weight, bias (num_channels,).
    Initial values: weight 1, bias 0.
    Source: Wu and He, Group normalization (2018).

    >>> GroupNorm(2, 4)(np.ones((1, 4, 3), np.float32)).shape
    (1, 4, 3)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.num_groups = check_positive(num_groups, "GroupNorm: num_groups")
        self.num_channels = check_positive(num_channels, "GroupNorm: num_channels")
        if num_channels % num_groups:
            raise ag.OptionError(f"GroupNorm: num_groups={num_groups} must divide num_channels={num_channels}")
        self.eps, self.affine = eps, affine
        dtype = init.floating(dtype)
        self.weight = Parameter(np.ones(num_channels, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_channels, dtype)) if affine and bias else None

    def forward(self, input: Any) -> Any:
        if np.ndim(input) < 2 or np.shape(input)[1] != self.num_channels:
            raise ag.ShapeError(f"GroupNorm: x must be (batch, {self.num_channels}, ...), got shape {np.shape(input)}")
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}" + ("" if self.weight is None else init.shown_dtype(self.weight))
        )


class LocalResponseNorm(Module):
    """x over ``(k + alpha * mean of the squares of neighbouring channels)**beta``, `size` channels with itself between.

    Shapes: x (N, channels, n, ...) -> the same.
    Source: Krizhevsky et al., ImageNet classification with deep convolutional neural networks (2012), section 3.3,
    there with the sum in the place of the mean.

    >>> LocalResponseNorm(2)(np.ones((1, 3, 4))).shape
    (1, 3, 4)
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = check_positive(size, "LocalResponseNorm: size")
        self.alpha, self.beta, self.k = alpha, beta, k

    def forward(self, input: Any) -> Any:
        return functional.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def normalized_axes(normalized_shape: Any, who: str) -> tuple[int, ...]:
    """The lengths of the axes that are normalized: a number means one axis.

    >>> normalized_axes(3, "LayerNorm")
    (3,)
    """
    given = (normalized_shape,) if isinstance(normalized_shape, int | np.integer) else tuple(normalized_shape)
    if not given:
        raise ag.OptionError(f"{who}: normalized_shape needs at least one axis, got {normalized_shape!r}")
    return tuple([check_positive(n, f"{who}: normalized_shape") for n in given])
