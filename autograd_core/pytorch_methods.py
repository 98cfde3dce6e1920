"""The methods that PyTorch's tensors have and ndarrays do not, as operations, so that a script's habits carry over.

They have PyTorch's names, arguments and meaning. Those that change the shape are in `shape_methods`, the type of the
numbers in `conversions`, and those that work in place in `assignment`.
"""

import math
from typing import Any, Self

import numpy as np

from . import ops
from .engine import Variable
from .errors import OptionError, ShapeError
from .ndarray_methods import Ordered, in_numpys_words, order_descending, reduced
from .shape_methods import ShapeMethods


class Size(int):
    """The number of elements, as in NumPy; called, the lengths of the axes, as in PyTorch.

    >>> x = ag.ones((2, 3))
    >>> x.size, x.size(), x.size(0)
    (6, (2, 3), 2)
    """

    shape: tuple[int, ...]

    def __new__(cls, shape: tuple[int, ...]) -> Self:
        self = super().__new__(cls, math.prod(shape))
        self.shape = shape
        return self

    def __call__(self, dim: int | None = None) -> Any:
        if dim is None:
            return self.shape
        if not -len(self.shape) <= dim < len(self.shape):
            raise ShapeError(f"size: axis {dim} is out of bounds for shape {self.shape}")
        return self.shape[dim]

    def __reduce__(self) -> Any:
        return int, (int(self),)


def _scaled(other: Any, alpha: Any) -> Any:
    return other if alpha == 1 else ops.multiply(other, alpha)


class PytorchMethods(ShapeMethods):
    """A Variable with the methods that scripts for PyTorch use."""

    __slots__ = ()

    # --- element by element -------------------------------------------------------------------------------------------

    abs = absolute = ops.absolute
    acos = arccos = ops.arccos
    asin = arcsin = ops.arcsin
    atan = arctan = ops.arctan
    atan2 = arctan2 = ops.arctan2
    ceil = ops.ceil
    cos = ops.cos
    cosh = ops.cosh
    erf = ops.special.erf
    exp = ops.exp
    exp2 = ops.exp2
    expm1 = ops.expm1
    floor = ops.floor
    floor_divide = ops.floor_divide
    fmod = ops.fmod
    heaviside = ops.heaviside
    hypot = ops.hypot
    isfinite = ops.isfinite
    isinf = ops.isinf
    isnan = ops.isnan
    log = ops.log
    logit = ops.special.logit
    log10 = ops.log10
    log1p = ops.log1p
    log2 = ops.log2
    logaddexp = ops.logaddexp
    maximum = ops.maximum
    minimum = ops.minimum
    mul = multiply = ops.multiply
    neg = negative = ops.negative
    pow = ops.power
    reciprocal = ops.reciprocal
    relu = ops.relu
    remainder = ops.remainder
    sigmoid = ops.sigmoid
    sign = ops.sign
    sin = ops.sin
    sinh = ops.sinh
    sqrt = ops.sqrt
    square = ops.square
    tan = ops.tan
    tanh = ops.tanh
    true_divide = ops.divide
    trunc = fix = ops.trunc
    xlogy = ops.special.xlogy

    eq = ops.equal
    ge = greater_equal = ops.greater_equal
    gt = greater = ops.greater
    le = less_equal = ops.less_equal
    logical_and = ops.logical_and
    logical_not = ops.logical_not
    logical_or = ops.logical_or
    logical_xor = ops.logical_xor
    lt = less = ops.less
    ne = not_equal = ops.not_equal

    def add(self, other: Any, *, alpha: Any = 1) -> Any:
        """``self + alpha * other``."""
        return ops.add(self, _scaled(other, alpha))

    def sub(self, other: Any, *, alpha: Any = 1) -> Any:
        """``self - alpha * other``."""
        return ops.subtract(self, _scaled(other, alpha))

    subtract = sub

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Any:
        """The quotient; rounded down ("floor") or towards zero ("trunc") if asked for."""
        if rounding_mode not in (None, "floor", "trunc"):
            raise OptionError(f"div: rounding_mode must be None, 'floor' or 'trunc', got {rounding_mode!r}")
        if rounding_mode == "floor":
            return ops.floor_divide(self, other)
        quotient = ops.divide(self, other)
        return quotient if rounding_mode is None else ops.trunc(quotient).astype(self._array.dtype)

    divide = div

    def rsqrt(self) -> Any:
        """One over the square root."""
        return ops.reciprocal(ops.sqrt(self))

    def frac(self) -> Any:
        """What is behind the decimal point, with the sign of the number."""
        return ops.subtract(self, ops.trunc(self))

    def lerp(self, end: Any, weight: Any) -> Any:
        """The way from here to `end`, as much of it as `weight` says."""
        return ops.add(self, ops.multiply(weight, ops.subtract(end, self)))

    def addcmul(self, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """``self + value * tensor1 * tensor2``."""
        return ops.add(self, _scaled(ops.multiply(tensor1, tensor2), value))

    def addcdiv(self, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """``self + value * tensor1 / tensor2``."""
        return ops.add(self, _scaled(ops.divide(tensor1, tensor2), value))

    def clamp(self, min: Any = None, max: Any = None) -> Any:
        """The elements, those beyond a bound replaced by it."""
        return ops.clip(self, min, max)

    def clamp_min(self, min: Any) -> Any:
        """The elements, those below the bound replaced by it."""
        return ops.clip(self, min, None)

    def clamp_max(self, max: Any) -> Any:
        """The elements, those above the bound replaced by it."""
        return ops.clip(self, None, max)

    def nan_to_num(self, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
        """The elements, with finite numbers in the place of NaN and the infinities."""
        return ops.nan_to_num(self, nan=nan, posinf=posinf, neginf=neginf)

    def where(self, condition: Any, other: Any) -> Any:
        """The elements where the condition holds, and those of `other` elsewhere."""
        return ops.where(condition, self, other)

    def masked_fill(self, mask: Any, value: Any) -> Any:
        """The elements, with `value` where the mask is True."""
        if not isinstance(value, Variable):
            value = self._array.dtype.type(value)
        return ops.where(mask, value, self)

    def equal(self, other: Any) -> Any:
        """Whether both have the same shape and the same elements: True or False."""
        return bool(np.array_equal(self._array, other._array if isinstance(other, Variable) else other))

    # --- along axes ---------------------------------------------------------------------------------------------------

    amax = reduced(ops.max)
    amin = reduced(ops.min)
    logsumexp = reduced(ops.logsumexp)
    nanmean = reduced(ops.nanmean)
    nansum = reduced(ops.nansum)

    def softmax(self, dim: int, dtype: Any = None) -> Any:
        """exp(x) as shares of their sum along an axis."""
        return ops.softmax(self if dtype is None else ops.astype(self, dtype), dim)

    def log_softmax(self, dim: int, dtype: Any = None) -> Any:
        """The logarithm of the softmax along an axis."""
        return ops.log_softmax(self if dtype is None else ops.astype(self, dtype), dim)

    def norm(self, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
        """The p-norm of all elements, or along axes."""
        if isinstance(p, str) and p != "fro":
            raise OptionError(f"norm: p must be a number or 'fro', got {p!r}; for others, see ag.linalg.norm")
        options = in_numpys_words(ops.linalg.vector_norm, {"dim": dim, "keepdim": keepdim})
        return ops.linalg.vector_norm(self, ord=2 if p == "fro" else p, **options)

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Ordered:
        """The k largest elements along an axis (or the smallest), and where they stood."""
        count = self._array.shape[dim] if self._array.ndim else 1
        if not 0 <= k <= count:
            raise OptionError(f"topk: k must be from 0 to {count}, the length of axis {dim}, got {k}")
        order = order_descending(self, dim) if largest else ops.argsort(self, dim, stable=True)
        order = ops.take(order, np.arange(k), dim)
        return Ordered(ops.take_along_axis(self, order, dim), order)

    def unique(
        self,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Any:
        """The different elements in order (or slices along an axis), where each went, and how often each came."""
        return ops.unique(self, return_inverse=return_inverse, return_counts=return_counts, axis=dim)

    # --- products -----------------------------------------------------------------------------------------------------

    matmul = mm = bmm = mv = ops.matmul
    inner = ops.inner
    kron = ops.kron
    outer = ger = ops.outer

    def addmm(self, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
        """``beta * self + alpha * (mat1 @ mat2)``."""
        return ops.add(_scaled(self, beta), _scaled(ops.matmul(mat1, mat2), alpha))

    def t(self) -> Any:
        """A matrix transposed; a vector as it is."""
        if self._array.ndim > 2:
            raise ShapeError(f"t: a matrix has two axes, got shape {self._array.shape}; say mT, or permute")
        return ops.transpose(self)

    # --- facts --------------------------------------------------------------------------------------------------------

    @property
    def size(self) -> Size:
        """The number of elements; called, the lengths of the axes: `x.size`, `x.size()`, `x.size(0)`."""
        return Size(self._array.shape)

    def dim(self) -> Any:
        """The number of axes."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> Any:
        """The number of elements."""
        return self._array.size

    nelement = numel

    def element_size(self) -> Any:
        """Bytes per element."""
        return self._array.itemsize

    def is_floating_point(self) -> Any:
        """Whether these are floating point numbers."""
        return self._array.dtype.kind == "f"

    @property
    def is_cuda(self) -> Any:
        """False: there is one device, the CPU."""
        return False

    is_mps = is_xpu = is_cuda

    @property
    def grad_fn(self) -> Any:
        """The operation that computed this; None for a leaf and a constant."""
        return self.node.op if self.node is not None else None
