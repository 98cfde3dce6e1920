"""Matrix products that are too small to be packed, written out for their sizes.

Knows registers and strides; every size and distance is a constant in the code. Does not know when that is faster than a
product of any size (`gemm.py`): `products.py` does.

A tile of the result is in registers while the whole inner length passes. Where rows of the second factor lie side by
side, each is a few vectors, and is multiplied by one number of the first factor after the other. Where both factors lie
side by side along the inner length (the usual ``x @ weight.T``), vectors of both are multiplied, and the lanes summed
up at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arithmetic import fma
from .branching import Loop
from .emitting import Function, Value, constant, full
from .vectors import everywhere, lanes_summed, loaded, moved, splat, stored

__all__ = ["Matrix", "is_worthwhile", "write"]

Body = Callable[[str, int], None]

_MOST = 1 << 23  # multiplications
_FEW = 16  # rows, or columns, of which packed panels would be half empty
_CACHE = 1 << 19  # bytes of the second factor, which is read as it lies


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix at a pointer, with the distances in bytes of neighbours in a column (`row`) and in a row (`column`)."""

    pointer: str
    row: int
    column: int


def is_worthwhile(sizes: tuple[int, int, int], a: Matrix, b: Matrix, item: int) -> bool:
    """Whether this is faster than packing both factors, as measured: for strides that fit, and sizes that do."""
    m, n, k = sizes
    if m * n * k > _MOST:
        return False
    if _by_dots(n, a, b, item):
        return min(m, n) < _FEW or k >= 8 * min(m, n)
    return b.column == item and (m == 1 or k * n * item <= _CACHE)  # one row reads the second factor once anyway


def _by_dots(n: int, a: Matrix, b: Matrix, item: int) -> bool:
    return a.column == item and b.row == item and (b.column != item or n == 1)


class _Product:
    def __init__(
        self, function: Function, dtype: np.dtype[Any], vector_bytes: int, a: Matrix, b: Matrix, out: Matrix,
        scale: Value, keep: float,
    ) -> None:  # fmt: skip
        self.function, self.dtype, self.a, self.b, self.out = function, dtype, a, b, out
        self.keep, self.is_scaled = keep, scale.text != constant(1, dtype)
        self.lanes = vector_bytes // dtype.itemsize
        # in all lanes, for as many as a result may have: of one vector, and of up to four sums
        self.scales = {lanes: everywhere(scale, lanes) for lanes in (1, 2, 4, self.lanes)}
        self.registers = 24 if vector_bytes == 64 else 12  # for numbers of the result, of 32 or 16

    def at(self, matrix: Matrix, row: str, column: str) -> str:
        """The address of an element, by registers or constants."""
        pointer = matrix.pointer
        for index, stride in ((row, matrix.row), (column, matrix.column)):
            if index == "0" or stride == 0:
                continue
            distance = (
                str(int(index) * stride) if index.isdigit() else self.function.text_value(f"mul i64 {index}, {stride}")
            )
            pointer = self.function.text_value(f"getelementptr i8, ptr {pointer}, i64 {distance}")
        return pointer

    def put(self, value: Value, pointer: str, present: int) -> None:
        old = loaded(self.function, pointer, self.dtype, value.lanes, present) if self.keep else None
        if old is not None and self.keep != 1:
            old = old * self.keep
        if self.is_scaled:
            scale = self.scales[value.lanes]
            value = value * scale if old is None else fma(value, scale, old)
        elif old is not None:
            value = old + value
        stored(value, pointer, present)

    # -- rows of b side by side

    def by_rows(self, m: int, n: int, k: int) -> None:
        vectors = min(-(-n // self.lanes), max(2, 8 // m))  # eight sums at least, to be busy while one is added to
        self._tiles(n, vectors * self.lanes, lambda j, columns: self._strip(m, k, j, columns))

    def _strip(self, m: int, k: int, j: str, columns: int) -> None:
        vectors = -(-columns // self.lanes)
        rows = _even(m, self.registers // vectors)
        self._tiles(m, rows, lambda i, count: self._row_tile(i, count, j, columns, vectors, k))

    def _row_tile(self, i: str, rows: int, j: str, columns: int, vectors: int, k: int) -> None:
        function, lanes, item = self.function, self.lanes, self.dtype.itemsize
        a, b = self.at(self.a, i, "0"), self.at(self.b, "0", j)
        present = [min(lanes, columns - v * lanes) for v in range(vectors)]

        def step(p: str, sums: list[Value]) -> list[Value]:
            b_row = self.at(Matrix(b, self.b.row, item), p, "0")
            a_column = self.at(Matrix(a, 0, self.a.column), "0", p)
            across = [
                loaded(function, moved(function, b_row, v * lanes * item), self.dtype, lanes, present[v])
                for v in range(vectors)
            ]
            new = []
            for row in range(rows):
                factor = splat(function, moved(function, a_column, row * self.a.row), self.dtype, lanes)
                new += [fma(factor, across[v], sums[row * vectors + v]) for v in range(vectors)]
            return new

        sums = self._along(k, 1, [full(function, 0, self.dtype, lanes)] * (rows * vectors), step)
        out = self.at(self.out, i, j)
        for row in range(rows):
            for v in range(vectors):
                place = moved(function, out, row * self.out.row + v * lanes * item)
                self.put(sums[row * vectors + v], place, present[v])

    # -- both side by side along the inner length

    def by_dots(self, m: int, n: int, k: int) -> None:
        while self.lanes > 1 and self.lanes // 2 >= k:
            self.lanes //= 2
        columns = min(4, self.lanes)
        rows = _even(m, self.registers // columns)
        self._tiles(
            n, columns, lambda j, width: self._tiles(m, rows, lambda i, count: self._dot_tile(i, count, j, width, k))
        )

    def _dot_tile(self, i: str, rows: int, j: str, columns: int, k: int) -> None:
        function, lanes, item = self.function, self.lanes, self.dtype.itemsize
        a, b = self.at(self.a, i, "0"), self.at(self.b, "0", j)

        def step(p: str, sums: list[Value], present: int = lanes) -> list[Value]:
            a_here = self.at(Matrix(a, 0, item), "0", p)
            b_here = self.at(Matrix(b, item, 0), p, "0")
            right = [
                loaded(function, moved(function, b_here, column * self.b.column), self.dtype, lanes, present)
                for column in range(columns)
            ]
            new = []
            for row in range(rows):
                left = loaded(function, moved(function, a_here, row * self.a.row), self.dtype, lanes, present)
                new += [fma(left, right[column], sums[row * columns + column]) for column in range(columns)]
            return new

        sums = [full(function, 0, self.dtype, lanes)] * (rows * columns)
        whole = k // lanes * lanes
        if whole:
            sums = self._along(whole, lanes, sums, step)
        if whole < k:
            sums = step(str(whole), sums, k - whole)
        out = self.at(self.out, i, j)
        for row in range(rows):
            total = lanes_summed(sums[row * columns : (row + 1) * columns])
            self.put(total, moved(function, out, row * self.out.row), columns)

    # -- loops

    def _tiles(self, total: int, size: int, body: Body) -> None:
        """Do the body for each tile, from its first index and with its size."""
        whole = total // size * size
        if whole > size:
            loop = Loop(self.function, "0", str(whole), size)
            body(loop.index, size)
            loop.close()
        elif whole:
            body("0", size)
        if whole < total:
            body(str(whole), total - whole)

    def _along(
        self, length: int, by: int, sums: list[Value], step: Callable[[str, list[Value]], list[Value]]
    ) -> list[Value]:
        if length == by:
            return step("0", sums)
        loop = Loop(self.function, "0", str(length), by, sums)
        loop.close(step(loop.index, list(loop.carried)))
        return loop.last


def write(
    function: Function, dtype: np.dtype[Any], vector_bytes: int, sizes: tuple[int, int, int], a: Matrix, b: Matrix,
    out: Matrix, *, scale: Value, keep: float,
) -> None:  # fmt: skip
    """Write ``out = scale * a @ b + keep * out`` into a function: a (m, k), b (k, n); rows of `out` are dense.

    `scale` is one number.
    """
    product = _Product(function, dtype, vector_bytes, a, b, out, scale, keep)
    if _by_dots(sizes[1], a, b, dtype.itemsize):
        product.by_dots(*sizes)
    else:
        product.by_rows(*sizes)


def _even(total: int, most: int) -> int:
    """The size of equal parts of a total, each at most so large, but for the last."""
    return -(-total // -(-total // most))
