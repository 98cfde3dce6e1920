"""Creation functions: Tensors from shapes, ranges, other arrays, and other libraries' memory. They are constants."""

import numpy as np

from ..arrays import as_array
from ..engine import constant
from ..errors import OptionError
from ..tensor import Tensor, from_dlpack as sharing
from .data_types import astype
from .delegation import check_device, evaluate, same_as

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
    """Numbers from start (0) to before stop in steps of step."""
    check_device(device, "arange")
    bounds = (0, start) if stop is None else (start, stop)
    return evaluate(np.arange, *bounds, step, dtype=dtype)


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    """A Tensor of numbers, nested sequences or another array: in the same memory if possible, or unless copy=True.

    Raises: OptionError if copy=False and a copy is needed.
    """
    check_device(device, "asarray")
    if isinstance(obj, Tensor):
        dtype = obj.dtype if dtype is None else np.dtype(dtype)
        if copy is False and dtype != obj.dtype:
            raise OptionError(f"asarray: copy=False, but {obj.dtype} cannot become {dtype} without a copy")
        return astype(obj, dtype, copy=copy)
    array = np.asarray(as_array(np.asarray(obj) if isinstance(obj, complex) else obj, "asarray"))
    if dtype is not None and dtype != array.dtype:
        # from the numbers themselves, because NumPy takes large integers for floats unless it is told what they are
        array = as_array(np.asarray(obj, dtype=dtype), "asarray")
    shares = array is obj or array.base is not None
    if copy is False and not shares:
        raise OptionError(f"asarray: copy=False, but {type(obj).__name__} cannot become a Tensor without a copy")
    return constant(Tensor, array.copy() if copy and shares else array, shared=not copy)


def from_dlpack(x, /, *, device=None, copy=None):
    """A Tensor that shares the memory of another library's array, or copies it with copy=True."""
    check_device(device, "from_dlpack")
    return sharing(x, copy=copy)


@same_as(np.empty)
def empty(shape, *, dtype=None, device=None):
    """An array with whatever numbers the memory has."""


def empty_like(x, /, *, dtype=None, device=None):
    """An array of the shape and type of x with whatever numbers the memory has."""
    return empty(x.shape, dtype=dtype or x.dtype, device=device)


def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
    """Ones on the k-th diagonal of a matrix, zeros elsewhere."""
    return evaluate(np.eye, n_rows, n_cols, k, dtype=dtype or float, device=device)


@same_as(np.full)
def full(shape, fill_value, *, dtype=None, device=None):
    """One number everywhere."""


def full_like(x, /, fill_value, *, dtype=None, device=None):
    """One number everywhere, in the shape and type of x."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device)


def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
    """So many evenly spaced numbers from start to stop."""
    return evaluate(np.linspace, start, stop, num, endpoint, dtype=dtype, device=device)


def meshgrid(*arrays, indexing="xy"):
    """The coordinates of a grid: each vector along an axis of its own, repeated along the others."""
    return list(evaluate(np.meshgrid, *arrays, indexing=indexing))


@same_as(np.ones)
def ones(shape, *, dtype=None, device=None):
    """Ones."""


def ones_like(x, /, *, dtype=None, device=None):
    """Ones, in the shape and type of x."""
    return ones(x.shape, dtype=dtype or x.dtype, device=device)


@same_as(np.tril)
def tril(x, /, *, k=0):
    """The lower triangles of matrices, up to the k-th diagonal; zeros above it."""


@same_as(np.triu)
def triu(x, /, *, k=0):
    """The upper triangles of matrices, from the k-th diagonal; zeros below it."""


@same_as(np.zeros)
def zeros(shape, *, dtype=None, device=None):
    """Zeros."""


def zeros_like(x, /, *, dtype=None, device=None):
    """Zeros, in the shape and type of x."""
    return zeros(x.shape, dtype=dtype or x.dtype, device=device)
