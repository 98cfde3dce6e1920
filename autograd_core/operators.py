"""Python's operators, as operations."""

from typing import Any

import numpy as np

from . import ops
from .engine import Variable
from .ops.bits import on_bits


class Operators(Variable):
    """A Variable that can be calculated with: all of Python's operators."""

    __slots__ = ()

    __hash__ = object.__hash__
    __array_priority__ = 1000.0

    __add__ = __radd__ = ops.add
    __sub__ = ops.subtract
    __mul__ = __rmul__ = ops.multiply
    __truediv__ = ops.divide
    __pow__ = ops.power
    __matmul__ = ops.matmul
    __neg__ = ops.negative
    __abs__ = ops.absolute
    __eq__ = ops.equal
    __ne__ = ops.not_equal
    __lt__ = ops.less
    __le__ = ops.less_equal
    __gt__ = ops.greater
    __ge__ = ops.greater_equal
    __floordiv__ = ops.floor_divide
    __mod__ = ops.remainder
    __divmod__ = ops.divmod
    __pos__ = ops.positive

    def __rsub__(self, other: Any) -> Any:
        return ops.subtract(other, self)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.divide(other, self)

    def __rpow__(self, other: Any) -> Any:
        return ops.power(other, self)

    def __rmatmul__(self, other: Any) -> Any:
        return ops.matmul(other, self)

    def __rfloordiv__(self, other: Any) -> Any:
        return ops.floor_divide(other, self)

    def __rmod__(self, other: Any) -> Any:
        return ops.remainder(other, self)

    def __rdivmod__(self, other: Any) -> Any:
        return ops.divmod(other, self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return ops.round(self, ndigits or 0)

    # --- bits, as in NumPy: of integers; of truth values, logic -------------------------------------------------------

    def __invert__(self) -> Any:
        return on_bits("~", np.invert, self)

    def __and__(self, other: Any) -> Any:
        return on_bits("&", np.bitwise_and, self, other)

    def __rand__(self, other: Any) -> Any:
        return on_bits("&", np.bitwise_and, other, self)

    def __or__(self, other: Any) -> Any:
        return on_bits("|", np.bitwise_or, self, other)

    def __ror__(self, other: Any) -> Any:
        return on_bits("|", np.bitwise_or, other, self)

    def __xor__(self, other: Any) -> Any:
        return on_bits("^", np.bitwise_xor, self, other)

    def __rxor__(self, other: Any) -> Any:
        return on_bits("^", np.bitwise_xor, other, self)

    def __lshift__(self, other: Any) -> Any:
        return on_bits("<<", np.left_shift, self, other)

    def __rlshift__(self, other: Any) -> Any:
        return on_bits("<<", np.left_shift, other, self)

    def __rshift__(self, other: Any) -> Any:
        return on_bits(">>", np.right_shift, self, other)

    def __rrshift__(self, other: Any) -> Any:
        return on_bits(">>", np.right_shift, other, self)

    def __getitem__(self, index: Any) -> Any:
        return ops.getitem(self, index)
