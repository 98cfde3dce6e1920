"""Python's operators and a closed set of ndarray methods, as operations. Everything else is a function."""

from typing import Any

from . import ops
from .engine import Variable
from .errors import OptionError


class Operators(Variable):
    """A Variable that can be calculated with: ``+ - * / ** @ []``, comparisons, and NumPy's commonest methods."""

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
    __invert__ = ops.logical_not
    __and__ = __rand__ = ops.logical_and
    __or__ = __ror__ = ops.logical_or

    def __pos__(self) -> Any:
        return self

    def __rsub__(self, other: Any) -> Any:
        return ops.subtract(other, self)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.divide(other, self)

    def __rpow__(self, other: Any) -> Any:
        return ops.power(other, self)

    def __rmatmul__(self, other: Any) -> Any:
        return ops.matmul(other, self)

    def __getitem__(self, index: Any) -> Any:
        return ops.getitem(self, ops.indexing.plain_index(index))

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
    clip = ops.clip
    dot = ops.dot
    ravel = flatten = ops.ravel
    repeat = ops.repeat
    squeeze = ops.squeeze
    swapaxes = ops.swapaxes
    astype = ops.astype
    exp = ops.exp
    log = ops.log
    sqrt = ops.sqrt
    tanh = ops.tanh
    relu = ops.relu
    sigmoid = ops.sigmoid

    def reshape(self, *shape: Any) -> Any:
        """The same elements in another shape, given as one tuple or as separate lengths."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """Axes in another order, given as one tuple or as separate numbers; reversed if none are given."""
        listed = len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list))
        return ops.transpose(self, (axes[0] if listed else axes) or None)

    @property
    def T(self) -> Any:
        """The axes reversed."""
        return ops.transpose(self)

    @property
    def mT(self) -> Any:
        """The last two axes exchanged: each matrix of a stack transposed."""
        if len(self._data.shape) < 2:
            raise OptionError(f"mT: a matrix has at least two axes, got shape {self._data.shape}")
        return ops.swapaxes(self, -1, -2)
