"""A whole matrix product for one thread as LLVM IR: the loops over blocks that fit the caches.

They are those of Goto & van de Geijn (2008) and of BLIS (Van Zee & van de Geijn 2015; both cited in `gemm_tile`). For
some columns of B and a piece of the inner length, those rows of B are packed; for rows of A, so many that they stay in
the second cache, those are packed; then a panel of B, which stays in the first cache, meets one panel of A after the
other. Knows neither arrays nor threads.

The inner length is cut by a rule that knows only it. So a number of C has the same bits wherever it stands.
"""

from .gemm_text import Text
from .gemm_tile import Tile, declarations, pack, tile

__all__ = ["source", "workspace"]

# Where measured (Zen 5), inner lengths of 256 to 1024, 64 to 512 rows and 512 to 1024 columns take the same time. BLIS
# (config/zen4) has 480, 512 and 6144 for tiles of 32 x 12.
_INNER = 256  # of the inner length at once: 32 columns of B then take 32 KiB of the first cache (48, where measured)
_ROWS = 128  # of A at once: 128 KiB of the second cache (1 MiB)
_COLUMNS = 1024  # of B at once: 1 MiB


def workspace(shape: Tile) -> int:
    """The bytes that both packed blocks take, with what packing writes behind them."""
    return shape.bytes * (_behind_b(shape) + _INNER * _ROWS + shape.rows * shape.lanes)


def _behind_b(shape: Tile) -> int:
    return _INNER * _COLUMNS + shape.columns * shape.lanes + shape.columns * _INNER


def source(shape: Tile) -> str:
    """A module with the function `gemm`, whose arguments `gemm.Product` says."""
    return "\n".join(
        [
            declarations(shape),
            pack(shape, shape.rows, "pack_a"),
            pack(shape, shape.columns, "pack_b"),
            tile(shape),
            _blocks(shape),
        ]
    )


def _blocks(shape: Tile) -> str:
    kind = shape.kind
    text = Text(
        f"void @gemm(i64 %m, i64 %n, i64 %k, {kind} %alpha, ptr %a, i64 %a_row, i64 %a_column, ptr %b, i64 %b_row, "
        f"i64 %b_column, {kind} %beta, ptr %c, i64 %c_row, ptr %bias, i64 %relu, ptr %gate, i64 %gate_row, "
        "ptr %space) nounwind"
    )
    a_space = text.at(kind, "%space", _behind_b(shape))
    # equal pieces of the inner length, so that the last is no rest; with a length of 0 there is one, for beta * C
    pieces = text.let(f"sdiv i64 {text.add('%k', _INNER - 1)}, {_INNER}")
    pieces = text.let(f"call i64 @llvm.smax.i64(i64 {pieces}, i64 1)")
    inner = text.let(f"sdiv i64 {text.add('%k', text.add(pieces, -1))}, {pieces}")
    with text.loop("%n", _COLUMNS) as columns, text.loop(pieces) as piece:
        n = text.least(text.let(f"sub i64 %n, {columns.index}"), _COLUMNS)
        begin = text.multiply(piece.index, inner)
        k = text.least(text.let(f"sub i64 %k, {begin}"), inner)
        is_first = text.let(f"icmp eq i64 {piece.index}, 0")
        is_last = text.let(f"icmp eq i64 {text.add(piece.index, 1)}, {pieces}")
        beta = text.let(f"select i1 {is_first}, {kind} %beta, {kind} 1.0")
        relu = text.let(f"and i1 {is_last}, {text.let('icmp ne i64 %relu, 0')}")
        biased = text.let(f"and i1 {is_last}, {text.let('icmp ne ptr %bias, null')}")
        gated = text.let(f"and i1 {is_last}, {text.let('icmp ne ptr %gate, null')}")
        b = text.at(kind, "%b", text.add(text.multiply(begin, "%b_row"), text.multiply(columns.index, "%b_column")))
        text.do(f"call void @pack_b(ptr %space, ptr {b}, i64 %b_column, i64 %b_row, i64 {n}, i64 {k})")
        with text.loop("%m", _ROWS) as rows:
            m = text.least(text.let(f"sub i64 %m, {rows.index}"), _ROWS)
            a = text.at(kind, "%a", text.add(text.multiply(rows.index, "%a_row"), text.multiply(begin, "%a_column")))
            text.do(f"call void @pack_a(ptr {a_space}, ptr {a}, i64 %a_row, i64 %a_column, i64 {m}, i64 {k})")
            c = text.at(kind, "%c", text.add(text.multiply(rows.index, "%c_row"), columns.index))
            with text.loop(n, shape.columns) as column:
                b_panel = text.at(kind, "%space", text.multiply(column.index, k))
                width = text.let(f"sub i64 {n}, {column.index}")
                bias = text.at(kind, "%bias", text.add(columns.index, column.index))
                bias = text.let(f"select i1 {biased}, ptr {bias}, ptr null")
                with text.loop(m, shape.rows) as row:
                    a_panel = text.at(kind, a_space, text.multiply(row.index, k))
                    height = text.let(f"sub i64 {m}, {row.index}")
                    place = text.at(kind, c, text.add(text.multiply(row.index, "%c_row"), column.index))
                    down = text.multiply(text.add(rows.index, row.index), "%gate_row")
                    gate = text.at(kind, "%gate", text.add(down, text.add(columns.index, column.index)))
                    gate = text.let(f"select i1 {gated}, ptr {gate}, ptr null")
                    text.do(
                        f"call void @tile(i64 {k}, ptr {a_panel}, ptr {b_panel}, ptr {place}, i64 %c_row, "
                        f"i64 {height}, i64 {width}, {kind} %alpha, {kind} {beta}, ptr {bias}, i1 {relu}, ptr {gate}, "
                        "i64 %gate_row)"
                    )
    return str(text)
