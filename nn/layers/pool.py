"""Pooling layers: the maximum, the mean or a power mean of each window, and what undoes the maximum."""

from collections.abc import Sequence
from typing import Any, ClassVar

from .. import functional
from ..functional.sizes import Size
from ..module import Module

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class MaxPool(Module):
    """What pooling by the maximum has in common: windows, `stride` apart (the kernel size unless given)."""

    pool: ClassVar[Any]

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.return_indices, self.ceil_mode = padding, dilation, return_indices, ceil_mode

    def forward(self, input: Any) -> Any:
        return self.pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}" + (", return_indices=True" if self.return_indices else "")
        )


class MaxPool1d(MaxPool):
    """Maximum of each window along one axis.

    Shapes: x (N, channels, n) -> (N, channels, m) with m = (n + 2 padding - dilation (k - 1) - 1) // stride + 1,
    without N for one example. With `ceil_mode` the division rounds up: a last window may reach over the end. With
    `return_indices` the places of the maxima come too; of equal ones that of the first.

    >>> MaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[3., 2.]]])
    """

    pool = staticmethod(functional.max_pool1d)


class MaxPool2d(MaxPool):
    """Maximum of each window over height and width.

    Shapes and options: as for MaxPool1d along each axis; one number or one for each axis. Indices count the elements of
    a channel, row after row.

    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    pool = staticmethod(functional.max_pool2d)


class MaxPool3d(MaxPool):
    """Maximum of each window over depth, height and width.

    Shapes and options: as for MaxPool2d, with depth before height.

    >>> MaxPool3d(2)(np.ones((1, 1, 4, 4, 4))).shape
    (1, 1, 2, 2, 2)
    """

    pool = staticmethod(functional.max_pool3d)


class MaxUnpool(Module):
    """What undoing a MaxPool has in common; call it with what that gave: values, indices, at need a size."""

    unpool: ClassVar[Any]

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def forward(self, input: Any, indices: Any, output_size: Sequence[int] | None = None) -> Any:
        return self.unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(MaxUnpool):
    """Each element at the place that MaxPool1d found it, and zeros elsewhere.

    Shapes: x and indices (N, channels, m) -> (N, channels, n), without N for one example, with
    n = (m - 1) stride - 2 padding + kernel_size, or what `output_size` of the call says, less than a stride from that.

    >>> pool, unpool = MaxPool1d(2, return_indices=True), MaxUnpool1d(2)
    >>> unpool(*pool(np.array([[[1.0, 3.0, 2.0, 0.0]]])))
    array([[[0., 3., 2., 0.]]])
    """

    unpool = staticmethod(functional.max_unpool1d)


class MaxUnpool2d(MaxUnpool):
    """Each element at the place that MaxPool2d found it, and zeros elsewhere.

    Shapes: as for MaxUnpool1d, with height and width.
    """

    unpool = staticmethod(functional.max_unpool2d)


class MaxUnpool3d(MaxUnpool):
    """Each element at the place that MaxPool3d found it, and zeros elsewhere.

    Shapes: as for MaxUnpool1d, with depth, height and width.
    """

    unpool = staticmethod(functional.max_unpool3d)


class AvgPool(Module):
    """What pooling by the mean has in common: windows, `stride` apart (the kernel size unless given); what counts."""

    pool: ClassVar[Any]

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        options = (self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)
        return self.pool(input, *options, self.divisor_override)

    def extra_repr(self) -> str:
        shown = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return shown + self._further()

    def _further(self) -> str:
        """The options that PyTorch does not show, where they are not the default."""
        shown = ", ceil_mode=True" if self.ceil_mode else ""
        shown += "" if self.count_include_pad else ", count_include_pad=False"
        return shown + ("" if self.divisor_override is None else f", divisor_override={self.divisor_override}")


class AvgPool1d(AvgPool):
    """Mean of each window along one axis.

    Shapes: x (N, channels, n) -> (N, channels, m) with m = (n + 2 padding - kernel_size) // stride + 1, without N for
    one example. With `ceil_mode` the division rounds up: a last window may reach over the end. Zeros of the padding
    count, if `count_include_pad`.

    >>> AvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[2., 1.]]])
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)

    def forward(self, input: Any) -> Any:
        options = (self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)
        return functional.avg_pool1d(input, *options)

    def extra_repr(self) -> str:
        shown = {name: getattr(self, name) for name in ("kernel_size", "stride", "padding")}
        whole = {name: tuple(n) if isinstance(n, Sequence) else (n,) for name, n in shown.items()}
        return ", ".join(f"{name}={n}" for name, n in whole.items()) + self._further()


class AvgPool2d(AvgPool):
    """Mean of each window over height and width.

    Shapes and options: as for AvgPool1d along each axis; one number or one for each axis. Sums of windows are divided
    by `divisor_override` instead, if it is given.

    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """

    pool = staticmethod(functional.avg_pool2d)


class AvgPool3d(AvgPool):
    """Mean of each window over depth, height and width.

    Shapes and options: as for AvgPool2d, with depth before height.

    >>> AvgPool3d(2)(np.ones((1, 1, 4, 4, 4))).shape
    (1, 1, 2, 2, 2)
    """

    pool = staticmethod(functional.avg_pool3d)


class LPPool(Module):
    """What pooling by a power has in common: ``(sum of x**p)**(1/p)`` of each window, p being `norm_type`."""

    pool: ClassVar[Any]

    def __init__(
        self, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Any) -> Any:
        return self.pool(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(LPPool):
    """``(sum of x**p)**(1/p)`` of each window along one axis, p being `norm_type`: 1 sums, and large p take maxima.

    Where the sum is 0, the gradient is taken as 0; where it is negative, as odd powers may be, the root is NaN.
    Shapes: x (N, channels, n) -> (N, channels, m) with m = (n - kernel_size) // stride + 1, without N for one example.

    >>> LPPool1d(2, 2)(np.array([[[3.0, 4.0]]]))
    array([[[5.]]])
    """

    pool = staticmethod(functional.lp_pool1d)


class LPPool2d(LPPool):
    """``(sum of x**p)**(1/p)`` of each window over height and width, p being `norm_type`; see LPPool1d.

    Shapes: as for LPPool1d along each axis.
    """

    pool = staticmethod(functional.lp_pool2d)


class LPPool3d(LPPool):
    """``(sum of x**p)**(1/p)`` of each window over depth, height and width, p being `norm_type`; see LPPool1d.

    Shapes: as for LPPool1d along each axis.
    """

    pool = staticmethod(functional.lp_pool3d)
