"""Python's operators and a closed set of ndarray methods, as operations. Everything else is a function."""

from typing import Any

import numpy as np

from . import ops
from .engine import Variable
from .errors import OptionError
from .ops.bits import on_bits


class Operators(Variable):
    """A Variable that can be calculated with: all of Python's operators, and NumPy's commonest methods."""

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

    sum = ops.sum
    mean = ops.mean
    var = ops.var
    std = ops.std
    max = ops.max
    min = ops.min
    prod = ops.prod
    all = ops.all
    any = ops.any
    argmax = ops.argmax
    argmin = ops.argmin
    argpartition = ops.argpartition
    argsort = ops.argsort
    conj = conjugate = ops.conjugate
    cumprod = ops.cumprod
    cumsum = ops.cumsum
    diagonal = ops.diagonal
    dot = ops.dot
    ravel = flatten = ops.ravel
    repeat = ops.repeat
    round = ops.round
    searchsorted = ops.searchsorted
    squeeze = ops.squeeze
    swapaxes = ops.swapaxes
    take = ops.take
    trace = ops.trace
    astype = ops.astype
    exp = ops.exp
    log = ops.log
    sqrt = ops.sqrt
    tanh = ops.tanh
    relu = ops.relu
    sigmoid = ops.sigmoid

    def nonzero(self) -> Any:
        """Where the elements are that are not 0, as one array of numbers for each axis; constants."""
        return np.nonzero(self)  # type: ignore[arg-type]

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """The elements, those beyond a bound replaced by it."""
        return ops.clip(self, min, max)

    def choose(self, choices: Any, mode: str = "raise") -> Any:
        """For each element, which is a number of a choice, the element of that choice."""
        return ops.choose(self, choices, mode=mode)

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """The slices along an axis for which the condition holds."""
        return ops.compress(condition, self, axis)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """The same elements in another shape, given as one tuple or as separate lengths."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def transpose(self, *axes: Any) -> Any:
        """Axes in another order, given as one tuple or as separate numbers; reversed if none are given."""
        listed = len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list))
        return ops.transpose(self, (axes[0] if listed else axes) or None)

    @property
    def real(self) -> Any:
        """The real part, which of real numbers is themselves."""
        return ops.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part, which of real numbers is 0."""
        return ops.imag(self)

    @property
    def T(self) -> Any:
        """The axes reversed."""
        return ops.transpose(self)

    @property
    def mT(self) -> Any:
        """The last two axes exchanged: each matrix of a stack transposed."""
        if len(self._array.shape) < 2:
            raise OptionError(f"mT: a matrix has at least two axes, got shape {self._array.shape}")
        return ops.swapaxes(self, -1, -2)
