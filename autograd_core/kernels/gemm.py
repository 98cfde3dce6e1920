"""Matrix products in machine code: ``C = alpha * A @ B + beta * C`` of float32 or float64, for any strides of A and B.

Knows caches, threads and arrays. The three outer loops are those of Goto & van de Geijn (2008) and of BLIS (Van Zee &
van de Geijn 2015): columns of B that fit the last cache, then a piece of the inner length, whose rows of B are packed
once; then rows of A that fit the second cache, packed too; and inside, tile by tile, what `gemm_tile` computes. Does
not know when it is faster than NumPy's BLAS: `ops/product_kernels.py` does.

The bits of a number in C depend on its row of A, its column of B, the inner length and on nothing else: not on how
many threads shared the work, nor on the shape of the rest or the strides.
"""

import ctypes
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from ..parallel import share
from .gemm_text import Text
from .gemm_tile import Tile, declarations, pack, tile
from .llvm import Library, available, compiled, vector_bytes

__all__ = ["Product", "multiply", "product"]

Array = NDArray[Any]

_INNER = 384  # of the inner length at once: a panel of B (32 columns) then fills the first cache, 48 KiB
_ROWS = 256  # of A at once, 384 KiB: less than half of the second cache
_COLUMNS = 1024  # of B at once, 1.5 MiB of the last cache
_WORTH_THREADS = 1 << 21  # multiplications from which other cores are woken


class Product:
    """The compiled product of one dtype. `address` is a C function for one thread; `workspace` the bytes it needs.

        void gemm(int64_t m, int64_t n, int64_t k, T alpha,
                  const T *a, int64_t a_row, int64_t a_column,
                  const T *b, int64_t b_row, int64_t b_column,
                  T beta, T *c, int64_t c_row, const T *bias, int64_t relu, void *workspace)

    computes ``C = alpha * A @ B + beta * C`` for A (m, k), B (k, n), C (m, n), then adds `bias` (n,) to the rows unless
    it is null, then replaces what is below zero by zero if `relu` is not 0. Distances are in numbers, of neighbours in
    a column (`row`) and in a row (`column`), and may be negative or 0; rows of C lie together, and C overlaps nothing.
    For a C whose columns lie together, hand over the transposes of B and A. C is not read where beta is 0. `workspace`
    starts at a multiple of 64 and belongs to one call at a time. There are no other states, and no errors.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.shape = _tile_of(dtype)
        self.library: Library = compiled(_source(self.shape))
        self.workspace = _workspace(self.shape) * dtype.itemsize
        number = ctypes.c_float if dtype.itemsize == 4 else ctypes.c_double
        size, pointer = ctypes.c_int64, ctypes.c_void_p
        arguments = [size] * 3 + [number] + [pointer, size, size] * 2 + [number, pointer, size, pointer, size, pointer]
        self.call = self.library.function("gemm", *arguments)

    @property
    def address(self) -> int:
        return self.library.address("gemm")


@cache
def product(dtype: Any) -> Product:
    """The product of a dtype, compiled when first asked for.

    Errors: OptionError where llvmlite is missing.
    """
    return Product(np.dtype(dtype))


def multiply(
    a: Array, b: Array, out: Array | None = None, *, alpha: float = 1.0, beta: float = 0.0, bias: Array | None = None,
    relu: bool = False,
) -> Array:  # fmt: skip
    """Matrix product ``alpha * a @ b + beta * out + bias``, cut off below zero with `relu`; written to `out` if given.

    Shapes: a (m, k), b (k, n), out (m, n), bias (n,) -> (m, n); one dtype, float32 or float64.
    Errors: ShapeError for shapes that do not fit; OptionError where llvmlite is missing.
    """
    (m, k), (inner, n) = a.shape, b.shape
    if k != inner:
        raise ShapeError(f"multiply: inner lengths {k} and {inner} differ: shapes {a.shape} @ {b.shape}")
    if out is None:
        out = np.empty((m, n), a.dtype)
    elif out.shape != (m, n):
        raise ShapeError(f"multiply: out has shape {out.shape}, the product {(m, n)}")
    found = product(a.dtype)
    a_row, a_column = _distances(a)
    b_row, b_column = _distances(b)
    size = a.itemsize
    start, (c_row, _) = out.ctypes.data, _distances(out)
    at = a.ctypes.data, b.ctypes.data, 0 if bias is None else bias.ctypes.data
    by_rows = m >= n
    length = max(m, n)
    step = -(-length // (2 * 32)) * 32

    def work(tasks: Iterator[int]) -> None:
        space = _space(found.workspace)
        for task in tasks:
            first = task * step
            many = min(step, length - first)
            if by_rows:
                found.call(
                    many, n, k, alpha, at[0] + first * a_row * size, a_row, a_column, at[1], b_row, b_column, beta,
                    start + first * c_row * size, c_row, at[2], relu, space,
                )  # fmt: skip
            else:
                found.call(
                    m, many, k, alpha, at[0], a_row, a_column, at[1] + first * b_column * size, b_row, b_column, beta,
                    start + first * size, c_row, at[2] and at[2] + first * size, relu, space,
                )  # fmt: skip

    share(work, -(-length // step), worthwhile=m * n * k >= _WORTH_THREADS)
    return out


def _distances(x: Array) -> tuple[int, int]:
    row, column = x.strides
    return row // x.itemsize, column // x.itemsize


class _Spaces(threading.local):
    space: Array | None = None


_spaces = _Spaces()


def _space(count: int) -> int:
    """The address of this thread's workspace. It is kept: every call fills it anew."""
    if _spaces.space is None or _spaces.space.size < count + 64:
        _spaces.space = np.empty(count + 64, np.uint8)
    return -(-int(_spaces.space.ctypes.data) // 64) * 64


def _tile_of(dtype: np.dtype[Any]) -> Tile:
    kind = {"f": "float", "d": "double"}[dtype.char]
    lanes = vector_bytes() // dtype.itemsize
    return Tile(kind, lanes, rows=8, vectors=2) if vector_bytes() == 64 else Tile(kind, lanes, rows=4, vectors=2)


def _workspace(shape: Tile) -> int:
    """How many numbers both packed blocks take, and what packing writes behind them."""
    return _INNER * (_ROWS + _COLUMNS) + 2 * shape.columns * shape.lanes


def _source(shape: Tile) -> str:
    kind = shape.kind
    text = Text(
        f"void @gemm(i64 %m, i64 %n, i64 %k, {kind} %alpha, ptr %a, i64 %a_row, i64 %a_column, "
        f"ptr %b, i64 %b_row, i64 %b_column, {kind} %beta, ptr %c, i64 %c_row, ptr %bias, i64 %relu, ptr %space) nounwind"
    )
    b_space = "%space"
    a_space = text.at(kind, "%space", _INNER * _COLUMNS + shape.columns * shape.lanes)
    relu = text.let("icmp ne i64 %relu, 0")
    # equal pieces of the inner length, so that the last is no rest; one of length 0 writes beta * C
    pieces = text.let(f"sdiv i64 {text.add('%k', _INNER - 1)}, {_INNER}")
    pieces = text.let(f"call i64 @llvm.smax.i64(i64 {pieces}, i64 1)")
    inner = text.let(f"sdiv i64 {text.add('%k', text.add(pieces, -1))}, {pieces}")
    with text.loop("%n", _COLUMNS) as columns:
        n = text.least(text.let(f"sub i64 %n, {columns.index}"), _COLUMNS)
        with text.loop(pieces) as piece:
            begin = text.multiply(piece.index, inner)
            k = text.least(text.let(f"sub i64 %k, {begin}"), inner)
            is_first = text.let(f"icmp eq i64 {piece.index}, 0")
            is_last = text.let(f"icmp eq i64 {text.add(piece.index, 1)}, {pieces}")
            beta = text.let(f"select i1 {is_first}, {kind} %beta, {kind} 1.0")
            cut = text.let(f"and i1 {is_last}, {relu}")
            some_bias = text.let("icmp ne ptr %bias, null")
            biased = text.let(f"and i1 {is_last}, {some_bias}")
            b = text.at(
                kind, "%b", text.add(text.multiply(begin, "%b_row"), text.multiply(columns.index, "%b_column"))
            )
            text.do(f"call void @pack_b(ptr {b_space}, ptr {b}, i64 %b_column, i64 %b_row, i64 {n}, i64 {k})")
            with text.loop("%m", _ROWS) as rows:
                m = text.least(text.let(f"sub i64 %m, {rows.index}"), _ROWS)
                a = text.at(
                    kind, "%a", text.add(text.multiply(rows.index, "%a_row"), text.multiply(begin, "%a_column"))
                )
                text.do(f"call void @pack_a(ptr {a_space}, ptr {a}, i64 %a_row, i64 %a_column, i64 {m}, i64 {k})")
                c = text.at(kind, "%c", text.add(text.multiply(rows.index, "%c_row"), columns.index))
                with text.loop(n, shape.columns) as column:
                    b_panel = text.at(kind, b_space, text.multiply(column.index, k))
                    n_left = text.least(text.let(f"sub i64 {n}, {column.index}"), shape.columns)
                    bias = text.at(kind, "%bias", text.add(columns.index, column.index))
                    bias = text.let(f"select i1 {biased}, ptr {bias}, ptr null")
                    with text.loop(m, shape.rows) as row:
                        a_panel = text.at(kind, a_space, text.multiply(row.index, k))
                        m_left = text.least(text.let(f"sub i64 {m}, {row.index}"), shape.rows)
                        place = text.at(kind, c, text.add(text.multiply(row.index, "%c_row"), column.index))
                        text.do(
                            f"call void @tile(i64 {k}, ptr {a_panel}, ptr {b_panel}, ptr {place}, i64 %c_row, "
                            f"i64 {m_left}, i64 {n_left}, {kind} %alpha, {kind} {beta}, ptr {bias}, i1 {cut})"
                        )
    return "\n".join(
        [
            declarations(shape),
            "declare i64 @llvm.smax.i64(i64, i64)",
            pack(shape, shape.rows, "pack_a"),
            pack(shape, shape.columns, "pack_b"),
            tile(shape),
            str(text),
        ]
    )
