"""Matrix products in machine code: ``C = alpha * A @ B + beta * C`` of float32 or float64, for any strides of A and B.

Knows arrays and threads; `gemm_blocks` writes the code. Does not know when that is faster than NumPy's BLAS:
`ops/product_kernels.py` does.

The bits of a number in C depend on its row of A, its column of B, the inner length and on nothing else: not on how
many threads shared the work, nor on the shape of the rest, the strides or the width of the processor's vectors.
"""

import ctypes
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DTypeError, ShapeError
from ..parallel import get_num_threads, share
from .gemm_blocks import source, workspace
from .gemm_tile import Tile
from .llvm import compiled, vector_bytes

__all__ = ["Product", "multiply", "parts", "product", "space"]

Array = NDArray[Any]

_WORTH_THREADS = 1 << 24  # multiplications, some 130 microseconds, from which other cores are woken


class Product:
    """The compiled product of one dtype. `address` is a C function for one thread; `workspace` the bytes it needs.

        void gemm(const T *a, const T *b, T *c, const T *bias, const T *gate, void *workspace,
                  int64_t m, int64_t n, int64_t k, int64_t a_row, int64_t a_column, int64_t b_row, int64_t b_column,
                  int64_t c_row, int64_t gate_row, int64_t relu, T alpha, T beta)

    computes ``C = alpha * A @ B + beta * C`` for A (m, k), B (k, n), C (m, n), then adds `bias` (n,) to the rows unless
    it is null, then replaces what is below zero by zero if `relu` is not 0, then multiplies by 1 where `gate` (m, n) is
    above zero, and by 0 elsewhere, unless it is null. Distances are in numbers, from row to row and from column to
    column, and may be 0 or negative; in C and the gate the numbers of a row lie together. For a C whose columns do,
    hand over the transposes of B and A. C is not read where beta is 0, and overlaps nothing that is read.
    `workspace` starts at a multiple of 64 and serves one call at a time. Nothing else is kept, nothing fails.
    """

    def __init__(self, dtype: np.dtype[Any], tile: Tile | None = None) -> None:
        self.dtype = dtype
        self.tile = tile = tile or _tile(dtype)
        library = compiled(source(tile))
        self.address = library.address("gemm")
        self.workspace = workspace(tile)
        number = ctypes.c_float if dtype.itemsize == 4 else ctypes.c_double
        self.call = library.function("gemm", *[ctypes.c_void_p] * 6, *[ctypes.c_int64] * 10, number, number)


@cache
def product(dtype: np.dtype[Any]) -> Product:
    """The product of a dtype, float32 or float64, compiled when first asked for.

    Errors: DTypeError for others; OptionError where llvmlite is missing.
    """
    if dtype not in (np.float32, np.float64):
        raise DTypeError(f"matrix products in machine code are of float32 or float64, got {dtype}")
    return Product(dtype)


def multiply(
    a: Array, b: Array, out: Array | None = None, *, alpha: float = 1.0, beta: float = 0.0, bias: Array | None = None,
    relu: bool = False, gate: Array | None = None,
) -> Array:  # fmt: skip
    """Matrix product ``alpha * a @ b + beta * out + bias``, cut off below zero with `relu`; written to `out` if given.

    In the end it is multiplied by 1 where `gate` is above zero, and by 0 elsewhere: relu's gradient.

    Shapes: a (m, k), b (k, n), out and gate (m, n), bias (n,) -> (m, n). `out` overlaps none of the others.
    Errors: ShapeError for shapes that do not fit; DTypeError unless all are float32, or all float64.

    >>> import numpy as np
    >>> multiply(np.ones((2, 3)), np.ones((3, 2)), bias=np.array([0.0, -9.0]), relu=True)
    array([[3., 0.],
           [3., 0.]])
    """
    _check(a, b, out, bias, gate)
    (m, k), n, size = a.shape, b.shape[1], a.itemsize
    code = product(a.dtype)
    if out is None:
        out = np.empty((m, n), a.dtype)
    elif not out.flags.aligned or (n > 1 and out.strides[1] != size):
        if bias is None and out.flags.aligned and out.flags.f_contiguous:
            multiply(b.T, a.T, out.T, alpha=alpha, beta=beta, relu=relu, gate=None if gate is None else gate.T)
        else:
            out[...] = multiply(a, b, out.copy("C"), alpha=alpha, beta=beta, bias=bias, relu=relu, gate=gate)
        return out
    if not (a.flags.aligned and b.flags.aligned):
        a, b = a.copy(), b.copy()
    if bias is not None:
        bias = np.ascontiguousarray(bias)
    if gate is not None and not (gate.flags.aligned and (n == 1 or gate.strides[1] == size)):
        gate = gate.copy("C")
    (a_row, a_column), (b_row, b_column), c_row = a.strides, b.strides, out.strides[0]
    gate_row = 0 if gate is None else gate.strides[0]
    distances = [distance // size for distance in (a_row, a_column, b_row, b_column, c_row, gate_row)]
    a_at, b_at, c_at, bias_at, gate_at = (0 if x is None else x.ctypes.data for x in (a, b, out, bias, gate))

    def part(i: int, j: int, rows: int, columns: int) -> None:
        """The rows from i on and the columns from j on."""
        code.call(
            a_at + i * a_row, b_at + j * b_column, c_at + i * c_row + j * size, bias_at and bias_at + j * size,
            gate_at and gate_at + i * gate_row + j * size, space(code.workspace),
            min(rows, m - i), min(columns, n - j), k, *distances, relu, alpha, beta,
        )  # fmt: skip

    if m * n * k < _WORTH_THREADS:
        part(0, 0, m, n)
        return out
    rows, columns = parts(m, n, get_num_threads())
    across = -(-n // columns)

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            i, j = divmod(task, across)
            part(i * rows, j * columns, rows, columns)

    share(work, -(-m // rows) * across)
    return out


def _check(a: Array, b: Array, out: Array | None, bias: Array | None, gate: Array | None) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ShapeError(f"multiply: the columns of a must be as many as the rows of b, got {a.shape} @ {b.shape}")
    shape = (len(a), b.shape[1])
    if out is not None and out.shape != shape:
        raise ShapeError(f"multiply: out has shape {out.shape}, the product of {a.shape} @ {b.shape} has {shape}")
    if bias is not None and bias.shape != shape[1:]:
        raise ShapeError(f"multiply: bias must be ({shape[1]},), got {bias.shape}")
    if gate is not None and gate.shape != shape:
        raise ShapeError(f"multiply: gate must be {shape}, got {gate.shape}")
    dtypes = [x.dtype for x in (a, b, out, bias, gate) if x is not None]
    if any(dtype != a.dtype for dtype in dtypes):
        raise DTypeError(f"multiply: all arrays must be of one dtype, got {', '.join(map(str, dtypes))}")


def parts(m: int, n: int, threads: int) -> tuple[int, int]:
    """The rows and columns of a part of C, of as many as threads: longer sides are halved, so that least is packed."""
    rows, columns = m, n
    while -(-m // rows) * -(-n // columns) < threads and max(rows, columns) > 64:
        if rows >= columns:
            rows = -(-rows // 64) * 32  # whole tiles
        else:
            columns = -(-columns // 64) * 32
    return rows, columns


class _Here(threading.local):
    """This thread's workspace. It is kept, because each call fills it anew."""

    memory = np.empty(0, np.uint8)
    start = 0


_here = _Here()


def space(count: int) -> int:
    """The address of so many bytes: a workspace for products in this thread."""
    if _here.memory.size < count + 64:
        _here.memory = np.empty(count + 64, np.uint8)
        _here.start = -(-int(_here.memory.ctypes.data) // 64) * 64
    return _here.start


def _tile(dtype: np.dtype[Any]) -> Tile:
    """The tile for this processor; see `Tile`. 16 registers hold it with AVX-512, 12 with AVX2, 8 else."""
    width = vector_bytes()
    rows, vectors = (8, 2) if width == 64 else (4, 3) if width == 32 else (4, 2)
    return Tile(dtype, width // dtype.itemsize, rows, vectors)
