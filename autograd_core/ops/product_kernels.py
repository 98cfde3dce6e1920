"""Matrix products of raw NumPy arrays, shared between the cores by ``autograd_core.parallel``.

``np.matmul`` would spread a large product over OpenBLAS's own threads. These go on spinning after it, and take the
cores from every kernel that shares its tasks afterwards. Here BLAS stays on one thread, and large products are cut in
parts. Where the BLAS has kernels for narrower vectors than the processor's, machine code of our own is faster on large
ones (`kernels/gemm.py`), if llvmlite is there to make it.
"""

from collections.abc import Callable, Iterator
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.llvm import available, vector_bytes
from ..parallel import blas_kernels, on_one_blas_thread, owns_the_cores, share

Array = NDArray[Any]
Multiply = Callable[..., Array]

_SMALL = 1 << 13  # numbers in both factors up to which OpenBLAS uses one thread anyway
_FEW = 1 << 18  # multiplications of two matrices up to which it does so too
_WORTH_THREADS = 1 << 22  # multiplications from which other cores are woken
_WORTH_NATIVE = 1 << 21  # multiplications from which wider vectors make up for calling machine code
_WORTH_NATIVE_ALONE = 1 << 23  # the same where the BLAS would use its own threads, and half a MiB for what they do
_LEAST_NATIVE = 16, 32, 16  # rows, columns and inner length; less fills no tile, or is all packing
_PARTS = 4  # of the larger side of the result; more than cores, so that a busy core does fewer


def matmul(a: Array, b: Array) -> Array:
    """Matrix product ``a @ b``. The bits of the result do not depend on the number of cores."""
    if a.ndim == b.ndim == 2:
        count = a.size * b.shape[1]
        if a.size + b.size <= _SMALL or (count <= _FEW and min(a.shape[0], b.shape[1]) > 1):
            return np.dot(a, b)  # takes less time to get going than matmul
        if _is_native(a, b):
            return _multiplied(a, b)
        if not owns_the_cores() or type(a) is not np.ndarray:
            return np.dot(a, b)
        if count >= _WORTH_THREADS and a.dtype == b.dtype:
            return _shared(a, b, np.empty((a.shape[0], b.shape[1]), a.dtype))
    elif b.ndim == 2 < a.ndim and _is_native(a, b):
        return _multiplied(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[1])
    elif a.size + b.size <= _SMALL or not owns_the_cores() or type(a) is not np.ndarray:
        product: Array = np.matmul(a, b)
        return product if isinstance(product, np.ndarray) else np.asarray(product)
    with on_one_blas_thread():
        return np.asarray(np.matmul(a, b))


def leaving_the_cores(function: Multiply) -> Multiply:
    """np.matmul or np.dot, called so that no threads of the BLAS's own stay behind, which kernels would wait for."""

    def product(a: Array, b: Array, out: Array | None = None) -> Array:
        if not owns_the_cores():
            return function(a, b, out)
        if a.ndim == b.ndim == 2 and a.size * b.shape[1] >= _WORTH_THREADS and a.dtype == b.dtype:
            return _shared(a, b, np.empty((a.shape[0], b.shape[1]), a.dtype) if out is None else out)
        with on_one_blas_thread():
            return function(a, b, out)

    return product


def takes_threads(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether the BLAS may use threads of its own for a product of arrays of these shapes."""
    if len(a) == len(b) == 2 and prod(a) * b[1] <= _FEW:
        return False
    return prod(a) + prod(b) > _SMALL


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """``x @ weight.T + bias``, in whichever order in memory is faster; weight (n, k) lies row by row.

    A few rows against many take less time as columns: then the result lies batch innermost.
    """
    if x.ndim == 2 and 1 < x.shape[0] < weight.shape[0] and x.size * weight.shape[0] <= _FEW:
        out = np.dot(weight, x.T).T
    elif x.ndim == 2 and bias is not None and bias.dtype == x.dtype and _is_native(x, weight.T):
        return _multiplied(x, weight.T, bias=bias)
    else:
        out = matmul(x, weight.T)
    if bias is None:
        return out
    if out.dtype == bias.dtype:
        out += bias
        return out
    total: Array = out + bias
    return total


def _is_native(a: Array, b: Array) -> bool:
    """Whether a product of rows with a matrix is one for machine code."""
    if type(a) is not np.ndarray or type(b) is not np.ndarray:
        return False  # one that writes down what NumPy does with it
    k, n = b.shape
    count = a.size * n
    if count < _WORTH_NATIVE or a.dtype != b.dtype or a.dtype.char not in "fd" or not a.dtype.isnative:
        return False
    enough = all(length >= least for length, least in zip((a.size // k, n, k), _LEAST_NATIVE, strict=True))
    return enough and (count >= _WORTH_NATIVE_ALONE or owns_the_cores()) and _blas_is_narrow()


def _multiplied(a: Array, b: Array, bias: Array | None = None) -> Array:
    from ..kernels import gemm  # only where there are such products

    return gemm.multiply(a, b, bias=bias)


@cache
def _blas_is_narrow() -> bool:
    """Whether the BLAS's vectors are known to be half of the processor's, and machine code can be made."""
    return available() and vector_bytes() == 64 and blas_kernels() in ("Haswell", "Zen")


def _shared(a: Array, b: Array, out: Array) -> Array:
    """The product of two large matrices, cut in parts of whole rows or columns that the cores share."""
    by_rows = a.shape[0] >= b.shape[1]
    length = max(out.shape)
    step = -(-length // (_PARTS * 16)) * 16  # whole tiles of the products inside BLAS

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            part = slice(task * step, (task + 1) * step)
            if by_rows:
                np.matmul(a[part], b, out=out[part])
            else:
                np.matmul(a, b[:, part], out=out[:, part])

    share(work, -(-length // step))
    return out
