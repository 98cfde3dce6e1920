"""The numbers of a tensor in another type, and new tensors of its type: `float`, `long`, `to`, `new_zeros`.

There is one device, "cpu". These stand in a file of their own because their names hide Python's.
"""

from typing import Any, Self

import numpy as np

from . import ops
from .engine import Variable, constant
from .errors import OptionError
from .pytorch_methods import PytorchMethods
from .shape_methods import lengths

_DEVICES = ("cpu", "cuda", "mps", "xpu", "meta")


def check_device(device: Any, who: str) -> None:
    """Refuse every device but "cpu" and None.

    >>> check_device("cuda:0", "to")
    Traceback (most recent call last):
    autograd_core.errors.OptionError: to: there is one device, 'cpu'; got 'cuda:0'
    """
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise OptionError(f"{who}: there is one device, 'cpu'; got {str(device)!r}")


class Conversions(PytorchMethods):
    """A Variable whose numbers can be had in another type."""

    __slots__ = ()

    def new_tensor(self, data: Any, dtype: Any = None, device: Any = None, requires_grad: Any = False) -> Any:
        """A Tensor of other data, of the type of this one."""
        check_device(device, "new_tensor")
        new: Any = constant(self.result_class, np.array(data, dtype=dtype or self._array.dtype))
        return new.requires_grad_() if requires_grad else new

    def new_full(self, size: Any, fill_value: Any, **options: Any) -> Any:
        """One number everywhere, of the type of this tensor; options as for `new_tensor`."""
        return self.new_tensor(np.full(size, fill_value), **options)

    def new_zeros(self, *size: Any, **options: Any) -> Any:
        """Zeros, of the type of this tensor; options as for `new_tensor`."""
        return self.new_full(lengths(size), 0, **options)

    def new_ones(self, *size: Any, **options: Any) -> Any:
        """Ones, of the type of this tensor; options as for `new_tensor`."""
        return self.new_full(lengths(size), 1, **options)

    new_empty = new_zeros

    def type_as(self, other: Any) -> Any:
        """The numbers in the type of another array."""
        return ops.astype(self, other.dtype, copy=False)

    def to(
        self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: Any = False, copy: Any = False
    ) -> Any:
        """The numbers in another type, or that of another tensor; the only device is "cpu".

        Returns the tensor itself where nothing changes, unless `copy`.
        Errors: OptionError for another device.
        """
        for given in args:
            if isinstance(given, Variable):
                dtype = given._array.dtype
            elif isinstance(given, str) and given.partition(":")[0] in _DEVICES:
                device = given
            elif given is not True and given is not False:
                dtype = given
        check_device(device, "to")
        return ops.astype(self, self._array.dtype if dtype is None else dtype, copy=copy)

    def cpu(self) -> Self:
        """The tensor itself, because there is no other device."""
        return self

    def type(self, dtype: Any = None, non_blocking: Any = False) -> Any:
        """The numbers in another type."""
        if dtype is None:
            raise OptionError("type(): the type of the numbers is x.dtype, that of the tensor type(x)")
        return self.to(dtype)

    def half(self) -> Any:
        """The numbers as float16."""
        return self.to(np.float16)

    def float(self) -> Any:
        """The numbers as float32."""
        return self.to(np.float32)

    def double(self) -> Any:
        """The numbers as float64."""
        return self.to(np.float64)

    def byte(self) -> Any:
        """The numbers as uint8."""
        return self.to(np.uint8)

    def short(self) -> Any:
        """The numbers as int16."""
        return self.to(np.int16)

    def int(self) -> Any:
        """The numbers as int32."""
        return self.to(np.int32)

    def long(self) -> Any:
        """The numbers as int64."""
        return self.to(np.int64)

    def bool(self) -> Any:
        """Whether the numbers are not 0."""
        return self.to(np.bool_)
