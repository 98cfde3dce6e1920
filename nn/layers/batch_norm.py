"""Normalization of channels: over the batch, or of each example alone; with running statistics for evaluation."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import functional, init
from ..arguments import check_positive
from ..module import Module, Parameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
]


class ChannelNorm(Module):
    """What they have in common: a weight and a bias for each channel, and running means and variances."""

    allowed: ClassVar[tuple[int, ...]]
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        bias: bool,
        dtype: DTypeLike,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        self.num_features = check_positive(num_features, f"{who}: num_features")
        if not eps >= 0:
            raise ag.OptionError(f"{who}: eps must not be negative, got {eps!r}")
        if momentum is not None and not 0 <= momentum <= 1:
            raise ag.OptionError(
                f"{who}: momentum is a share from 0 to 1, or None for the mean of all, got {momentum!r}"
            )
        self.eps, self.momentum, self.affine, self.track_running_stats = eps, momentum, affine, track_running_stats
        dtype = init.floating(dtype)
        self.weight = Parameter(np.ones(num_features, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_features, dtype)) if affine and bias else None
        self.register_buffer("running_mean", np.zeros(num_features, dtype) if track_running_stats else None)
        self.register_buffer("running_var", np.ones(num_features, dtype) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if track_running_stats else None)

    def reset_running_stats(self) -> None:
        """Forget what was seen: running means 0, running variances 1, no batches."""
        if self.track_running_stats:
            for name, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
                getattr(self, name)[...] = value

    def _check_axes(self, x: Any) -> None:
        if np.ndim(x) not in self.allowed:
            allowed = " or ".join(map(str, self.allowed))
            raise ag.ShapeError(f"{type(self).__name__}: x must have {allowed} axes, got shape {np.shape(x)}")

    def _wrong_channels(self, shape: Any, channels: int) -> ag.ShapeError:
        return ag.ShapeError(
            f"{type(self).__name__}: x {tuple(shape)} has {channels} channels, not {self.num_features}"
        )

    def extra_repr(self) -> str:
        held = self.weight if self.weight is not None else self.running_mean
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
            + ("" if held is None else init.shown_dtype(held))
        )


class BatchNorm(ChannelNorm):
    """What normalization over the batch has in common."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, dtype)

    def forward(self, input: Any) -> Any:
        self._check_axes(input)
        if np.shape(input)[1] != self.num_features and (self.weight is not None or self.running_mean is not None):
            raise self._wrong_channels(np.shape(input), np.shape(input)[1])
        by_batch = self.training or self.running_mean is None
        share: Any = 0.0
        if self.training and self.track_running_stats:
            share = self._share if self.momentum is None else self.momentum
        moved = not self.training or callable(share) or share > 0
        mean, var = (self.running_mean, self.running_var) if moved else (None, None)
        out = functional.batch_norm(input, mean, var, self.weight, self.bias, by_batch, share, self.eps)
        if self.training and self.track_running_stats:
            self.num_batches_tracked += 1  # not before: a batch that is refused does not count
        return out

    def _share(self) -> float:
        """The part of a running statistic that is the mean of all batches: this one among those so far."""
        return 1 / (int(self.num_batches_tracked) + 1)


class InstanceNorm(ChannelNorm):
    """What normalization of each example alone has in common."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, dtype)

    def forward(self, input: Any) -> Any:
        self._check_axes(input)
        x = input if isinstance(input, ag.Tensor) else np.asarray(input)
        alone = x.ndim == self.allowed[0]
        channels = x.shape[0 if alone else 1]
        if channels != self.num_features:
            raise self._wrong_channels(x.shape, channels)
        by_input = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        options = (self.weight, self.bias, by_input, momentum, self.eps)
        out = functional.instance_norm(x[None] if alone else x, self.running_mean, self.running_var, *options)
        return out[0] if alone else out


class BatchNorm1d(BatchNorm):
    """Each channel brought to mean 0 and variance 1 over the batch (and space), times a weight, plus a bias.

    In training with the mean and the variance of the batch; `running_mean` and `running_var`, which evaluation uses,
    move there by the share `momentum` (None: they are the means of all batches). The variance that divides is that over
    n; the running one is that over n - 1, as in PyTorch. Without `track_running_stats` every batch stands for itself.
    Shapes: x (N, num_features) or (N, num_features, n) -> the same. weight, bias, running_mean, running_var
    (num_features,), num_batches_tracked ().
    Initial values: weight and running_var 1, the others 0.
    Errors: ShapeError for a single number per channel in training: it has no variance.
    Source: Ioffe and Szegedy, Batch normalization (2015).

    >>> layer = BatchNorm1d(1, eps=0)
    >>> layer(np.array([[1.0], [3.0]], np.float32)).tolist(), layer.running_mean.tolist()
    ([[-1.0], [1.0]], [0.20000000298023224])
    """

    allowed = (2, 3)


class BatchNorm2d(BatchNorm):
    """Each channel of images brought to mean 0 and variance 1 over the batch and space, times a weight, plus a bias.

    Shapes: x (N, num_features, height, width) -> the same; for the rest see BatchNorm1d.

    >>> BatchNorm2d(3)(np.ones((2, 3, 4, 4), np.float32)).shape
    (2, 3, 4, 4)
    """

    allowed = (4,)


class BatchNorm3d(BatchNorm):
    """Each channel of volumes brought to mean 0 and variance 1 over the batch and space, times a weight, plus a bias.

    Shapes: x (N, num_features, depth, height, width) -> the same; for the rest see BatchNorm1d.
    """

    allowed = (5,)


class InstanceNorm1d(InstanceNorm):
    """Each channel of each example brought to mean 0 and variance 1; then, if `affine`, times a weight, plus a bias.

    With `track_running_stats` evaluation uses running statistics, which training moves by the share `momentum`.
    Shapes: x (N, num_features, n) or (num_features, n) -> the same; state as for BatchNorm1d.
    Errors: ShapeError for channels of a single number.
    Source: Ulyanov et al., Instance normalization: the missing ingredient for fast stylization (2016).

    >>> InstanceNorm1d(1, eps=0)(np.array([[[1.0, 3.0]]]))
    array([[[-1.,  1.]]])
    """

    allowed = (2, 3)


class InstanceNorm2d(InstanceNorm):
    """Each channel of each image brought to mean 0 and variance 1; then, if `affine`, times a weight, plus a bias.

    Shapes: x (N, num_features, height, width) or without N -> the same; for the rest see InstanceNorm1d.
    """

    allowed = (3, 4)


class InstanceNorm3d(InstanceNorm):
    """Each channel of each volume brought to mean 0 and variance 1; then, if `affine`, times a weight, plus a bias.

    Shapes: x (N, num_features, depth, height, width) or without N -> the same; for the rest see InstanceNorm1d.
    """

    allowed = (4, 5)
