"""The inside of a matrix product as LLVM IR: the packing of both factors, and the tile that stays in registers.

A tile is `rows` x `columns` numbers of the result, in registers while all of a block's inner length passes: at each
step one vector after the other of a row of B, times each number of a column of A. Both come from panels that packing
has laid out in just that order, so that the processor reads one number behind the other. This is the register level of
Goto & van de Geijn (2008), *Anatomy of high-performance matrix multiplication*, ACM TOMS 34(3), in the form of Van Zee
& van de Geijn (2015), *BLIS*, ACM TOMS 41(3), where it is the one piece that depends on the processor. Knows no cache
and no array.

Each number of the result is the sum over the inner length in its order, each product added by one fused
multiply-add. So its bits depend neither on the tile's size nor on where in the tile it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arithmetic import convert, fma, where
from .branching import when
from .emitting import Module, Value
from .vectors import shuffled
from .writing import Code, Mask

__all__ = ["Tile", "begun", "write_pack", "write_tile"]


@dataclass(frozen=True)
class Tile:
    """The size of the tile: rows, and columns as a number of vectors of `lanes` numbers.

    rows * vectors registers hold the tile. At least the latency of a multiply-add times how many start in a cycle
    (4 x 2 on recent processors) keep it busy, and with `vectors` and one more they are all there are (16 with AVX2, 32
    with AVX-512). `rows` and `lanes` are powers of two, so that packing can transpose squares.
    """

    dtype: np.dtype[Any]
    lanes: int
    rows: int
    vectors: int

    @property
    def columns(self) -> int:
        return self.vectors * self.lanes


def begun(
    module: Module, shape: Tile, name: str, pointers: str, numbers: str, reals: str = "", *, internal: bool = True
) -> Code:
    """A function whose vectors are the tile's, and whose products and sums are rounded as they are written."""
    return Code(
        module, name, pointers, numbers, shape.dtype, reals=reals, lanes=shape.lanes, contract=False, internal=internal
    )


def write_tile(module: Module, shape: Tile) -> None:
    """A function that computes one tile: ``C = alpha * A @ B + beta * C``, then adds bias, cuts below zero, and gates.

    Arguments: the panels of A (k x rows) and B (k x columns); the tile of C; the bias of its columns or null; the tile
    of the gate or null; k; how many rows and columns C has from there on; the distances of rows of C and of the gate;
    whether to cut off; alpha, beta. C is not read where beta is zero.
    """
    c = begun(module, shape, "tile", "a b c bias gate", "k m n c_row gate_row relu", "alpha beta")
    m, n, lanes, columns = c.argument("m"), c.argument("n"), shape.lanes, shape.columns
    for place in _places(c, shape, "c"):  # the tile of C is on its way while the sums are made
        c.fetch(place, write=True)
    with c.loop(0, c.argument("k"), 1, [c.zeros()] * (shape.rows * shape.vectors)) as (step, sums):
        a, b = c.at("%a", step * shape.rows), c.at("%b", step * columns)
        row = [c.load(c.at(b, j)) for j in range(0, columns, lanes)]
        for i in range(shape.rows):
            factor = c.broadcast(c.at(a, i))
            for j, value in enumerate(row, i * shape.vectors):
                sums[j] = fma(factor, value, sums[j])
    alpha = c.spread(c.argument("alpha", c.dtype))
    scaled = [alpha * value for value in sums]
    is_whole = (m >= shape.rows) & (n >= columns)
    with when(is_whole):
        _write_back(c, shape, scaled, [None] * shape.vectors, [None] * len(scaled))
    with when(~is_whole):
        kept = [c.mask(n - j) for j in range(0, columns, lanes)]
        masks = [where(m > i, mask, False) for i in range(shape.rows) for mask in kept]
        _write_back(c, shape, scaled, kept, masks)
    c.function.finish()


def _places(c: Code, shape: Tile, name: str) -> list[str]:
    """Where the vectors of a tile are, of C or the gate."""
    row = c.argument(f"{name}_row")
    return [c.at(f"%{name}", row * i + j * shape.lanes) for i in range(shape.rows) for j in range(shape.vectors)]


def _write_back(c: Code, shape: Tile, values: list[Value], kept: Sequence[Mask], masks: Sequence[Mask]) -> None:
    """Write a tile, with what was there, bias, cut, gate: all of it, or what masks of its columns and vectors say."""
    places, beta = _places(c, shape, "c"), c.argument("beta", c.dtype)
    with when(beta != 0, values) as values:
        factor = c.spread(beta)
        old = [c.load(place, mask) for place, mask in zip(places, masks, strict=True)]
        values[:] = [fma(factor, was, value) for was, value in zip(old, values, strict=True)]
    with when(c.is_given("%bias"), values) as values:
        bias = [c.load(c.at("%bias", j * shape.lanes), mask) for j, mask in enumerate(kept)]
        values[:] = [value + each for value, each in zip(values, bias * shape.rows, strict=True)]
    with when(c.argument("relu") != 0, values) as values:
        values[:] = [where(value <= 0, 0, value) for value in values]  # a NaN stays
    with when(c.is_given("%gate"), values) as values:
        read = [c.load(place, mask) for place, mask in zip(_places(c, shape, "gate"), masks, strict=True)]
        values[:] = [value * convert(gate > 0, c.dtype) for value, gate in zip(values, read, strict=True)]  # NaN stays
    for value, place, mask in zip(values, places, masks, strict=True):
        c.store(value, place, mask)


def write_pack(module: Module, shape: Tile, width: int, name: str) -> None:
    """A function that lays out a matrix in panels: `width` numbers of the first axis for each place on the second.

    Arguments: where to; where from; the distances of neighbours on the first and on the second axis; the lengths of
    both. What the last panel lacks is filled with something: it ends in numbers of the tile that C does not have. It
    may write `width` * `lanes` numbers behind the panels, and, if they are narrower than a vector, panels to fill one.
    """
    c = begun(module, shape, name, "to from", "across along n k")
    across, along, n, k = map(c.argument, ("across", "along", "n", "k"))

    def copy() -> None:
        """The first axis lies together: copy vectors of it, into several panels if they are narrower."""
        part, wide = min(width, c.lanes), max(width, c.lanes)
        with c.loop(0, n, wide) as (panel, _):
            to, source = c.at("%to", panel * k), c.at("%from", panel)
            starts = range(0, wide, c.lanes)
            masks = [c.mask(n - panel - start) for start in starts]
            with c.loop(0, k) as (step, _):
                line, goal = c.at(source, step * along), c.at(to, step * width)
                for start, mask in zip(starts, masks, strict=True):
                    c.fetch(c.at(line, wide + start))  # of the next panel
                    value = c.load(c.at(line, start), mask)
                    for i in range(c.lanes // part):
                        c.store(c.part(value, i * part, part), c.at(goal, k * (i * width) + start))

    def transpose() -> None:
        """The second axis lies together: transpose squares."""
        lanes = min(width, c.lanes)
        with c.loop(0, n, width) as (panel, _):
            to, source = c.at("%to", panel * k), c.at("%from", panel * across)
            starts = [c.smaller(n - panel - 1, i) * across for i in range(width)]
            with c.loop(0, k, lanes) as (step, _):
                mask, goal = c.mask(k - step, lanes), c.at(to, step * width)
                rows = [c.at(source, start + step) for start in starts]
                for row in rows:
                    c.fetch(c.at(row, 4 * c.lanes))  # 4 lines of memory ahead
                for j in range(0, width, lanes):
                    square = [c.load(row, mask, lanes=lanes) for row in rows[j : j + lanes]]
                    for i, value in enumerate(_transposed(square)):
                        c.store(value, c.at(goal, i * width + j))

    def gather() -> None:
        """Neither axis lies together: take number by number."""
        with c.loop(0, n, width) as (panel, _):
            to, source = c.at("%to", panel * k), c.at("%from", panel * across)
            with c.loop(0, k) as (step, _):
                line, goal = c.at(source, step * along), c.at(to, step * width)
                with c.loop(0, width) as (place, _):
                    start = c.smaller(place, n - panel - 1) * across
                    c.store(c.load(c.at(line, start), lanes=1), c.at(goal, place))

    is_copied, is_turned = across == 1, along == 1
    with when(is_copied):
        copy()
    with when(is_turned & ~is_copied):
        transpose()
    with when(~(is_copied | is_turned)):
        gather()
    c.function.finish()


def _transposed(rows: Sequence[Value]) -> Sequence[Value]:
    """A square of vectors, transposed: after log2(n) shuffles of the upper half into the lower each is a column."""
    n = len(rows)
    halves = [[lane for i in half for lane in (i, i + n)] for half in (range(n // 2), range(n // 2, n))]
    for _ in range(n.bit_length() - 1):
        rows = [shuffled(a, half, b) for a, b in zip(rows[: n // 2], rows[n // 2 :], strict=True) for half in halves]
    return rows
