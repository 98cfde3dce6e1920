"""A whole matrix product for one thread as LLVM IR: the loops over blocks that fit the caches.

They are those of Goto & van de Geijn (2008) and of BLIS (Van Zee & van de Geijn 2015; both cited in `gemm_tile`). For
some columns of B and a piece of the inner length, those rows of B are packed; for rows of A, so many that they stay in
the second cache, those are packed; then a panel of B, which stays in the first cache, meets one panel of A after the
other. Knows neither arrays nor threads.

The inner length is cut by a rule that knows only it. So a number of C has the same bits wherever it stands.
"""

from .arithmetic import where
from .emitting import Module
from .gemm_tile import Tile, begun, write_pack, write_tile

__all__ = ["source", "workspace"]

# Where measured (Zen 5), inner lengths of 256 to 1024, 64 to 512 rows and 512 to 1024 columns take the same time. BLIS
# (config/zen4) has 480, 512 and 6144 for tiles of 32 x 12.
_INNER = 256  # of the inner length at once: 32 columns of B then take 32 KiB of the first cache (48, where measured)
_ROWS = 128  # of A at once: 128 KiB of the second cache (1 MiB)
_COLUMNS = 1024  # of B at once: 1 MiB


def workspace(shape: Tile) -> int:
    """The bytes that both packed blocks take, with what packing writes behind them."""
    return shape.dtype.itemsize * (_behind_b(shape) + _INNER * _ROWS + shape.rows * shape.lanes)


def _behind_b(shape: Tile) -> int:
    return _INNER * _COLUMNS + shape.columns * shape.lanes + shape.columns * _INNER


def source(shape: Tile) -> str:
    """A module with the function `gemm`, whose arguments `gemm.Product` says."""
    module = Module()
    write_pack(module, shape, shape.rows, "pack_a")
    write_pack(module, shape, shape.columns, "pack_b")
    write_tile(module, shape)
    _write_blocks(module, shape)
    return module.text


def _write_blocks(module: Module, shape: Tile) -> None:
    numbers = "m n k a_row a_column b_row b_column c_row gate_row relu"
    c = begun(module, shape, "gemm", "a b c bias gate space", numbers, "alpha beta", internal=False)
    m, n, k, a_row, a_column, b_row, b_column, c_row, gate_row, relu = map(c.argument, numbers.split())
    alpha, beta = c.argument("alpha", c.dtype), c.argument("beta", c.dtype)
    a_space = c.at("%space", _behind_b(shape))
    # equal pieces of the inner length, so that the last is no rest; with a length of 0 there is one, for beta * C
    pieces = c.quotient(k + (_INNER - 1), _INNER)
    pieces = where(pieces < 1, 1, pieces)
    inner = c.quotient(k + pieces - 1, pieces)
    with c.loop(0, n, _COLUMNS) as (column, _), c.loop(0, pieces) as (piece, _):
        width, begin = c.smaller(n - column, _COLUMNS), piece * inner
        depth = c.smaller(k - begin, inner)
        is_last = piece + 1 == pieces
        kept = where(piece == 0, beta, 1)
        b = c.at("%b", begin * b_row + column * b_column)
        c.call("pack_b", "%space", b, b_column, b_row, width, depth)
        with c.loop(0, m, _ROWS) as (row, _):
            height = c.smaller(m - row, _ROWS)
            a = c.at("%a", row * a_row + begin * a_column)
            c.call("pack_a", a_space, a, a_row, a_column, height, depth)
            with c.loop(0, width, shape.columns) as (j, _), c.loop(0, height, shape.rows) as (i, _):
                down, across = row + i, column + j
                bias, gate = c.at("%bias", across), c.at("%gate", down * gate_row + across)
                c.call(
                    "tile", c.at(a_space, i * depth), c.at("%space", j * depth), c.at("%c", down * c_row + across),
                    c.either(is_last & c.is_given("%bias"), bias, "null"),
                    c.either(is_last & c.is_given("%gate"), gate, "null"),
                    depth, height - i, width - j, c_row, gate_row, where(is_last, relu, 0), alpha, kept,
                )  # fmt: skip
    c.function.finish()
