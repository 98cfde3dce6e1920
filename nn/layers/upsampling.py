"""Layers that bring images to another size."""

from collections.abc import Sequence
from typing import Any

from .. import functional
from ..module import Module

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


class Upsample(Module):
    """x enlarged, or made smaller, to `size` or by `scale_factor`.

    `mode` is "nearest", "nearest-exact", "area", "linear" (one axis), "bilinear", "bicubic" (two) or "trilinear"
    (three); with `align_corners` the outermost elements stay outermost. See functional.interpolate.
    Shapes: x (N, channels, *n) -> (N, channels, *m); m is `size`, or n * scale_factor rounded down.

    >>> Upsample(scale_factor=2, mode="linear")(np.array([[[0.0, 4.0]]]))
    array([[[0., 1., 3., 4.]]])
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, input: Any) -> Any:
        return functional.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        shown = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        shown += f", mode={self.mode!r}"
        for name in ("align_corners", "recompute_scale_factor"):
            if getattr(self, name) is not None:
                shown += f", {name}={getattr(self, name)}"
        return shown


class UpsamplingNearest2d(Upsample):
    """Images enlarged to `size` or by `scale_factor`: each pixel takes the nearest one.

    Shapes: x (N, channels, height, width) -> (N, channels, *size).

    >>> UpsamplingNearest2d(scale_factor=2)(np.ones((1, 1, 2, 3))).shape
    (1, 1, 4, 6)
    """

    def __init__(
        self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
    ) -> None:
        super().__init__(size, scale_factor, "nearest")

    def extra_repr(self) -> str:
        return f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"


class UpsamplingBilinear2d(Upsample):
    """Images enlarged to `size` or by `scale_factor`, bilinear between pixels whose corners stay corners.

    Shapes: x (N, channels, height, width) -> (N, channels, *size).

    >>> UpsamplingBilinear2d((1, 3))(np.array([[[[1.0, 2.0]]]]))
    array([[[[1. , 1.5, 2. ]]]])
    """

    def __init__(
        self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
    ) -> None:
        super().__init__(size, scale_factor, "bilinear", align_corners=True)

    def extra_repr(self) -> str:
        return f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
