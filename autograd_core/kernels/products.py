"""Matrix products in machine code: calls of the BLAS that NumPy has loaded.

Knows how a BLAS takes matrices, and where its functions lie. Does not know steps besides `Product`, or loops.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from ..capture.lowered import Buffer, Piece, Product
from .emitting import Function, constant, element_name

__all__ = ["is_possible", "symbols", "write"]

_NAMES = ("scipy_cblas_{}64_", "cblas_{}64_", "cblas_{}")  # with 64-bit integers, but for the last


def is_possible(product: Product, *, approximate: bool) -> bool:
    """Whether a product of two matrices, or of a matrix and a vector, is one call of a BLAS.

    Without `approximate` only if it is the call that NumPy makes.
    """
    a, b, out = product.a, product.b, product.out
    if a.dtype.char not in "fd" or not (a.dtype == b.dtype == out.dtype) or not symbols():
        return False
    if not (1 <= len(a.shape) <= 2 and 1 <= len(b.shape) <= 2) or 0 in a.shape + b.shape:
        return False
    if not approximate:
        plain = product.scale == 1 and product.keep == 0
        if not plain or 1 in a.shape + b.shape or len(a.shape) + len(b.shape) < 4 or a.buffer is b.buffer:
            return False
    return _matrices(product) is not None


def write(function: Function, product: Product, bases: Callable[[Buffer], str]) -> None:
    """Write the call into a function."""
    found = _matrices(product)
    assert found is not None
    (left, left_turned, left_step), (right, right_turned, right_step), (m, n, k), out_step = found
    letter = product.a.dtype.char
    name, real = f"blas_{'s' if letter == 'f' else 'd'}gemm", element_name(product.a.dtype)
    size = "i64" if _wide() else "i32"
    scalars = [constant(number, product.a.dtype) for number in (product.scale, product.keep)]
    function.module.declare(
        name, "void", ["i32"] * 3 + [size] * 3 + [real, "ptr", size, "ptr", size, real, "ptr", size]
    )
    pointers = []
    for piece in (left, right, product.out):
        base = bases(piece.buffer)
        pointers.append(
            function.text_value(f"getelementptr i8, ptr {base}, i64 {piece.offset}") if piece.offset else base
        )
    function.emit(
        f"call void @{name}(i32 101, i32 {112 if left_turned else 111}, i32 {112 if right_turned else 111}, "
        f"{size} {m}, {size} {n}, {size} {k}, {real} {scalars[0]}, ptr {pointers[0]}, {size} {left_step}, "
        f"ptr {pointers[1]}, {size} {right_step}, {real} {scalars[1]}, ptr {pointers[2]}, {size} {out_step})"
    )


@cache
def symbols() -> dict[str, int]:
    """The addresses of the BLAS's functions, under the names that they have here. None if there is no BLAS."""
    library, template = _blas()
    if library is None:
        return {}
    addresses = {}
    for name in ("sgemm", "dgemm"):
        address = ctypes.cast(getattr(library, template.format(name)), ctypes.c_void_p).value
        assert address is not None
        addresses[f"blas_{name}"] = address
    return addresses


def _wide() -> bool:
    return _blas()[1] != _NAMES[-1]


@cache
def _blas() -> tuple[Any, str]:
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None, ""
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    own = [library for library in found if "numpy" in (library.filepath or "")]
    if len(own or found) != 1:
        return None, ""
    library = ctypes.CDLL((own or found)[0].filepath)
    for template in _NAMES:
        if hasattr(library, template.format("sgemm")):
            return library, template
    return None, ""


def _matrices(
    product: Product,
) -> tuple[tuple[Piece, bool, int], tuple[Piece, bool, int], tuple[int, int, int], int] | None:
    """Factors as (piece, transposed, distance of rows), the sizes, and the distance of rows in the result.

    None if a BLAS cannot take them. All are row by row; a result column by column is the transposed product.
    """
    a, b, out = product.a, product.b, product.out
    item = a.dtype.itemsize
    (m, k), (a_row, a_column) = (a.shape, a.strides) if len(a.shape) == 2 else ((1, a.shape[0]), (0, a.strides[0]))
    (_, n), (b_row, b_column) = (b.shape, b.strides) if len(b.shape) == 2 else ((k, 1), (b.strides[0], 0))
    out_strides = list(out.strides)
    if len(a.shape) == 1:
        out_strides.insert(0, 0)
    if len(b.shape) == 1:
        out_strides.append(0)
    straight = _row_by_row(m, n, out_strides[0], out_strides[1], item)
    if straight:
        left, right, step = _taken(m, k, a_row, a_column, item), _taken(k, n, b_row, b_column, item), straight
        sizes, first, second = (m, n, k), a, b
    else:
        turned = _row_by_row(n, m, out_strides[1], out_strides[0], item)
        if not turned:
            return None
        left, right, step = _taken(n, k, b_column, b_row, item), _taken(k, m, a_column, a_row, item), turned
        sizes, first, second = (n, m, k), b, a
    if left is None or right is None:
        return None
    return (first, *left), (second, *right), sizes, step


def _row_by_row(rows: int, columns: int, row: int, column: int, item: int) -> int:
    """How many numbers lie from row to row, if the numbers of a row lie side by side; else 0."""
    if columns > 1 and column != item:
        return 0
    if rows == 1:
        return columns
    return row // item if row % item == 0 and row >= columns * item else 0


def _taken(rows: int, columns: int, row: int, column: int, item: int) -> tuple[bool, int] | None:
    """A factor as a BLAS takes it: whether transposed, and the distance of what is a row then."""
    step = _row_by_row(rows, columns, row, column, item)
    if step:
        return False, step
    step = _row_by_row(columns, rows, column, row, item)
    return (True, step) if step else None
