"""Matrix products among the steps of a segment: which code does one, and how it is called.

Knows how the factors lie. Products of few numbers are written out (`small_products`), others are a call of `gemm`, the
largest one outside of the machine code, as it is shared between threads. Where NumPy's bits are asked for, it is the
BLAS that NumPy has loaded, called as NumPy calls it.
"""

import ctypes
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from ..lowered import Buffer, Piece, Product
from . import gemm, small_products
from .branching import Loop
from .emitting import Function, Value, constant, element_name, full
from .llvm import vector_bytes
from .small_products import Matrix
from .vectors import loaded, moved

__all__ = ["is_large", "is_possible", "sizes", "symbols", "workspace", "write", "write_part"]

Type: TypeAlias = np.dtype[Any]

_LARGE = 1 << 24  # multiplications from which other cores help

_NAMES = ("scipy_cblas_{}64_", "cblas_{}64_", "cblas_{}")  # with 64-bit integers, but for the last


def is_possible(product: Product, *, approximate: bool) -> bool:
    """Whether there is code for a product; without `approximate` only if it gives NumPy's bits."""
    a, b, out = product.a, product.b, product.out
    if a.dtype.char not in "fd" or not a.dtype.isnative or not (a.dtype == b.dtype == out.dtype):
        return False
    if 0 in a.shape + b.shape or any(step % a.dtype.itemsize for piece in (a, b, out) for step in piece.strides):
        return False
    if any(piece is not None and piece.dtype != a.dtype for piece in (product.rate, product.bias, product.gate)):
        return False
    if not approximate:
        return _blas_call(product) is not None
    if product.bias is None and not product.relu and product.gate is None:
        return bool(_orientations(product))
    ends = product.out, product.bias, product.gate
    dense = all(piece is None or piece.strides[-1] == a.dtype.itemsize for piece in ends)
    return dense and is_large(product, approximate=True)  # code for the others ends with the product


def is_large(product: Product, *, approximate: bool) -> bool:
    """Whether the product is worth several threads, and so written in parts."""
    m, n, k = _sizes(product)
    return (
        approximate
        and len(product.out.shape) == len(product.a.shape) == len(product.b.shape) == 2
        and m * n * k >= _LARGE
    )


def sizes(product: Product) -> tuple[int, int]:
    """Rows and columns of a large product, as `write_part` computes it."""
    (m, n, _), _ = _orientations(product)[0]
    return m, n


def write_part(function: Function, product: Product, bases: Callable[[Buffer], str]) -> None:
    """Write a part of a large product into the function of a phase, of as many rows and columns as its settings say."""
    (m, n, k), matrices = _orientations(product)[0]
    item, value = product.out.dtype.itemsize, function.text_value
    rows, place = value("load i64, ptr %settings, align 8"), value("getelementptr i64, ptr %settings, i64 1")
    columns = value(f"load i64, ptr {place}, align 8")
    across = value(f"sdiv i64 {value(f'add i64 {columns}, {n - 1}')}, {columns}")
    i = value(f"mul i64 {value(f'sdiv i64 %task, {across}')}, {rows}")
    j = value(f"mul i64 {value(f'srem i64 %task, {across}')}, {columns}")
    function.module.declare("llvm.smin.i64", "i64", ["i64", "i64"])
    height, width = (
        value(f"call i64 @llvm.smin.i64(i64 {most}, i64 {value(f'sub i64 {whole}, {start}')})")
        for most, whole, start in ((rows, m, i), (columns, n, j))
    )

    def begin(piece: Piece, row: int, column: int) -> str:
        pointer = moved(function, bases(piece.buffer), piece.offset)
        for index, stride in ((i, row), (j, column)):
            if stride:
                pointer = value(f"getelementptr i8, ptr {pointer}, i64 {value(f'mul i64 {index}, {stride}')}")
        return pointer

    pieces, gate = (product.a, product.b, product.out), product.gate
    (a, *a_steps), (b, *b_steps), (out, *out_steps) = matrices
    end: list[int | str] = ["null", int(product.relu), "null", 0]
    if product.bias is not None:
        end[0] = begin(product.bias, 0, item)
    if gate is not None:
        end[2:] = begin(gate, *gate.strides), gate.strides[0] // item
    starts = begin(pieces[a], a_steps[0], 0), begin(pieces[b], 0, b_steps[1]), begin(pieces[out], *out_steps)
    placed = [Matrix(at, *steps) for at, steps in zip(starts, (a_steps, b_steps, out_steps), strict=True)]
    _call_gemm(function, product, (height, width, k), _scale(function, product, bases), placed, end, "%space")


def write(
    function: Function, product: Product, bases: Callable[[Buffer], str], *, approximate: bool, space: Callable[[], str]
) -> None:
    """Write a product into a function; `space` gives the address of a workspace, for those that want one."""
    if not approximate:
        _write_blas(function, product, bases)
        return
    pointers = [moved(function, bases(piece.buffer), piece.offset) for piece in (product.a, product.b, product.out)]
    axes = max(len(product.a.shape), len(product.b.shape), 2) - 2
    stacked = [_of_stack(product.a, axes), _of_stack(product.b, axes), product.out.strides[:axes]]
    loops = []
    for axis, length in enumerate(product.out.shape[:axes]):
        loop = Loop(function, "0", str(length), 1)
        loops.append(loop)
        for at, strides in enumerate(stacked):
            if strides[axis]:
                distance = function.text_value(f"mul i64 {loop.index}, {strides[axis]}")
                pointers[at] = function.text_value(f"getelementptr i8, ptr {pointers[at]}, i64 {distance}")
    _write_one(function, product, pointers, _scale(function, product, bases), space)
    for loop in reversed(loops):
        loop.close()


def _write_one(
    function: Function, product: Product, pointers: list[str], scale: Value, space: Callable[[], str]
) -> None:
    dtype = product.a.dtype
    ways = [
        (sizes, [Matrix(pointers[at], row, column) for at, row, column in matrices])
        for sizes, matrices in _orientations(product)
    ]
    for sizes, (a, b, out) in ways:
        if small_products.is_worthwhile(sizes, a, b, dtype.itemsize):
            small_products.write(function, dtype, vector_bytes(), sizes, a, b, out, scale=scale, keep=product.keep)
            return
    sizes, matrices = ways[0]
    _call_gemm(function, product, sizes, scale, matrices, ("null", 0, "null", 0), space())


def _scale(function: Function, product: Product, bases: Callable[[Buffer], str]) -> Value:
    """The number that a product is multiplied by."""
    rate, dtype = product.rate, product.out.dtype
    if rate is None:
        return full(function, product.scale, dtype, 1)
    return loaded(function, moved(function, bases(rate.buffer), rate.offset), dtype) * product.scale


def _call_gemm(
    function: Function, product: Product, sizes: Sequence[int | str], scale: Value, matrices: Sequence[Matrix],
    end: Sequence[int | str], space: str,
) -> None:  # fmt: skip
    """Write a call of `gemm`; `end` is its bias, relu and gate."""
    dtype = product.out.dtype
    real, name = element_name(dtype), f"autograd_core_gemm_{dtype.char}"
    kinds = ["ptr"] * 6 + ["i64"] * 10 + [real] * 2
    function.module.declare(name, "void", kinds)
    (a, b, out), item = matrices, dtype.itemsize
    bias, relu, gate, gate_row = end
    distances = [each // item for each in (a.row, a.column, b.row, b.column, out.row)]
    given = [
        a.pointer, b.pointer, out.pointer, bias, gate, space, *sizes, *distances, gate_row, relu, scale.text,
        constant(product.keep, dtype),
    ]  # fmt: skip
    function.emit(f"call void @{name}({', '.join(f'{kind} {each}' for kind, each in zip(kinds, given, strict=True))})")


def symbols(declared: Collection[str]) -> dict[str, int]:
    """The addresses of those functions that code declares, and others have loaded."""
    found = {}
    for char in "fd":
        if f"autograd_core_gemm_{char}" in declared:
            found[f"autograd_core_gemm_{char}"] = gemm.product(np.dtype(char)).address
        if f"autograd_core_blas_{char}" in declared:
            library, template = _blas()
            function = getattr(library, template.format("sgemm" if char == "f" else "dgemm"))
            found[f"autograd_core_blas_{char}"] = ctypes.cast(function, ctypes.c_void_p).value or 0
    return found


def workspace(dtype: Type) -> int:
    """The bytes that a product of this type wants for itself."""
    return gemm.product(dtype).workspace


# -- strides


def _sizes(product: Product) -> tuple[int, int, int]:
    a, b = product.a.shape, product.b.shape
    return (a[-2] if len(a) > 1 else 1), (b[-1] if len(b) > 1 else 1), a[-1]


_Oriented: TypeAlias = tuple[tuple[int, int, int], list[tuple[int, int, int]]]


def _orientations(product: Product) -> list[_Oriented]:
    """The product, and that of the transposes, as far as the rows of the result lie side by side there.

    Each as sizes (m, n, k), and for both factors and the result which piece it is (0: a, 1: b, 2: out), with its
    strides (row, column).
    """
    m, n, k = _sizes(product)
    a, b, out = product.a, product.b, product.out
    item = a.dtype.itemsize
    a_row, a_column = (0, a.strides[0]) if len(a.shape) == 1 else a.strides[-2:]
    b_row, b_column = (b.strides[0], item) if len(b.shape) == 1 else b.strides[-2:]
    ends = list(out.strides)
    out_column = ends.pop() if len(b.shape) > 1 else item
    out_row = ends.pop() if len(a.shape) > 1 else item
    if n == 1:
        b_column = out_column = item
    if m == 1:
        a_row = out_row = item
    found: list[_Oriented] = []
    if out_column == item:
        found.append(((m, n, k), [(0, a_row, a_column), (1, b_row, b_column), (2, out_row, out_column)]))
    if out_row == item:
        found.append(((n, m, k), [(1, b_column, b_row), (0, a_column, a_row), (2, out_column, out_row)]))
    return found


def _of_stack(piece: Piece, axes: int) -> Sequence[int]:
    """The strides of a piece along the axes of a stack of matrices, as they are broadcast."""
    own = [0 if length == 1 else step for length, step in zip(piece.shape[:-2], piece.strides[:-2], strict=True)]
    return [0] * (axes - len(own)) + own


# -- NumPy's BLAS


@cache
def _blas() -> tuple[Any, str]:
    """The BLAS that NumPy has loaded, and how it names its functions."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None, ""
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    own = [library for library in found if "numpy" in (library.filepath or "")]
    if len(own or found) == 1:
        library = ctypes.CDLL((own or found)[0].filepath)
        for template in _NAMES:
            if hasattr(library, template.format("sgemm")):
                return library, template
    return None, ""


def _blas_call(product: Product) -> list[Any] | None:
    """Order, transpositions, sizes and row distances as NumPy hands them over; None if NumPy makes another call.

    It does for vectors, also those with an axis of length 1, and for a matrix with its own transpose.
    """
    a, b, out = product.a, product.b, product.out
    if (
        (product.scale, product.keep, product.rate) != (1, 0, None)
        or len(a.shape) != 2
        or len(b.shape) != 2
        or 1 in a.shape + b.shape
    ):
        return None
    if a.buffer is b.buffer or _blas()[0] is None:
        return None
    item = a.dtype.itemsize
    (m, n, k), by_rows = _sizes(product), lambda piece: piece.strides[1] == item and piece.strides[0] > item
    turned = []
    for piece in (a, b):
        if by_rows(piece) and piece.strides[0] >= piece.shape[1] * item:
            turned.append((111, piece.strides[0] // item))
        elif piece.strides[0] == item and piece.strides[1] >= piece.shape[0] * item:
            turned.append((112, piece.strides[1] // item))
        else:
            return None
    if not (by_rows(out) and out.strides[0] >= n * item):
        return None
    (left, left_step), (right, right_step) = turned
    return [101, left, right, m, n, k, left_step, right_step, out.strides[0] // item]


def _write_blas(function: Function, product: Product, bases: Callable[[Buffer], str]) -> None:
    found = _blas_call(product)
    assert found is not None
    *settings, m, n, k, a_step, b_step, out_step = found
    dtype = product.a.dtype
    real, name = element_name(dtype), f"autograd_core_blas_{dtype.char}"
    size = "i32" if _blas()[1] == _NAMES[-1] else "i64"
    kinds = ["i32"] * 3 + [size] * 3 + [real, "ptr", size, "ptr", size, real, "ptr", size]
    function.module.declare(name, "void", kinds)
    a, b, out = (moved(function, bases(piece.buffer), piece.offset) for piece in (product.a, product.b, product.out))
    given = [*settings, m, n, k, constant(1, dtype), a, a_step, b, b_step, constant(0, dtype), out, out_step]
    function.emit(f"call void @{name}({', '.join(f'{kind} {each}' for kind, each in zip(kinds, given, strict=True))})")
