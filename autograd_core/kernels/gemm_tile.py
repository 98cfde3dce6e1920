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

from .gemm_text import Text

__all__ = ["Tile", "declarations", "pack", "tile"]


@dataclass(frozen=True)
class Tile:
    """The size of the tile: rows, and columns as a number of vectors of `lanes` numbers of a kind (`float`, `double`).

    rows * vectors registers hold the tile. At least the latency of a multiply-add times how many start in a cycle
    (4 x 2 on recent processors) keep it busy, and with `vectors` and one more they are all there are (16 with AVX2, 32
    with AVX-512). `rows` and `lanes` are powers of two, so that packing can transpose squares.
    """

    kind: str
    lanes: int
    rows: int
    vectors: int

    @property
    def columns(self) -> int:
        return self.vectors * self.lanes

    @property
    def bytes(self) -> int:
        """The size of one number."""
        return 4 if self.kind == "float" else 8

    def vector(self, lanes: int) -> str:
        return f"<{lanes} x {self.kind}>"

    def suffix(self, lanes: int) -> str:
        """How LLVM writes that vector in the names of its functions."""
        return f"v{lanes}f{8 * self.bytes}"


def declarations(shape: Tile) -> str:
    """What the functions below use of LLVM's."""
    lines = [
        "declare i64 @llvm.smin.i64(i64, i64)",
        "declare i64 @llvm.smax.i64(i64, i64)",
        "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)",
    ]
    for lanes in sorted({shape.lanes, min(shape.rows, shape.lanes)}):
        vector, suffix = shape.vector(lanes), shape.suffix(lanes)
        lines += [
            f"declare {vector} @llvm.fma.{suffix}({vector}, {vector}, {vector})",
            f"declare {vector} @llvm.masked.load.{suffix}.p0(ptr, i32, <{lanes} x i1>, {vector})",
            f"declare void @llvm.masked.store.{suffix}.p0({vector}, ptr, i32, <{lanes} x i1>)",
        ]
    return "\n".join(lines) + "\n"


def tile(shape: Tile, name: str = "tile") -> str:
    """A function that computes one tile: ``C = alpha * A @ B + beta * C``, then adds bias, cuts below zero, and gates.

    Arguments: k; the panels of A (k x rows) and B (k x columns, on whole vectors in memory); the tile of C and the
    distance of its rows; how many rows and columns C has from there on; alpha, beta; the bias of its columns or null;
    whether to cut off; the tile of the gate or null, and the distance of its rows. C is not read where beta is zero.
    """
    kind, lanes, columns = shape.kind, shape.lanes, shape.columns
    vector = shape.vector(lanes)
    places = [(i, j) for i in range(shape.rows) for j in range(shape.vectors)]
    text = Text(
        f"internal void @{name}(i64 %k, ptr noalias %a, ptr noalias %b, ptr noalias %c, i64 %row, i64 %m, i64 %n, "
        f"{kind} %alpha, {kind} %beta, ptr noalias %bias, i1 %relu, ptr noalias %gate, i64 %gate_row) noinline nounwind"
    )
    for i, j in places:  # the tile of C is on its way while the sums are made
        _bring(text, text.at(kind, "%c", text.add(text.multiply("%row", i), j * lanes)), write=True)
    with text.loop("%k", carry=[(vector, "zeroinitializer")] * len(places)) as sums:
        a = text.at(kind, "%a", text.multiply(sums.index, shape.rows))
        b = text.at(kind, "%b", text.multiply(sums.index, columns))
        row = [
            text.let(f"load {vector}, ptr {text.at(kind, b, j * lanes)}, align {lanes * shape.bytes}")
            for j in range(shape.vectors)
        ]
        for i in range(shape.rows):
            factor = _everywhere(text, shape, text.let(f"load {kind}, ptr {text.at(kind, a, i)}"))
            for j in range(shape.vectors):
                place = i * shape.vectors + j
                sums.then[place] = _fma(text, shape, factor, row[j], sums.now[place])
    alpha = _everywhere(text, shape, "%alpha")
    scaled = [text.let(f"fmul {vector} {alpha}, {value}") for value in sums.now]

    there = [text.let(f"icmp sgt i64 %m, {i}") for i in range(shape.rows)]
    whole = text.let(f"and i1 {there[-1]}, {text.let(f'icmp sge i64 %n, {columns}')}")
    with text.when(whole):
        _write(text, shape, scaled, [None] * shape.vectors, [None] * len(places))
    with text.when(text.let(f"xor i1 {whole}, true")):
        kept = [_first(text, lanes, text.add("%n", -j * lanes)) for j in range(shape.vectors)]
        none = f"<{lanes} x i1> zeroinitializer"
        masks = [text.let(f"select i1 {there[i]}, <{lanes} x i1> {kept[j]}, {none}") for i, j in places]
        _write(text, shape, scaled, kept, masks)
    return str(text)


def _write(text: Text, shape: Tile, values: list[str], kept: Sequence[str | None], masks: Sequence[str | None]) -> None:
    """Write a tile, with what was there, bias, cut, gate: all of it, or what masks of its columns and vectors say."""
    kind, lanes = shape.kind, shape.lanes
    vector = shape.vector(lanes)
    places = [(i, j) for i in range(shape.rows) for j in range(shape.vectors)]
    at = [text.at(kind, "%c", text.add(text.multiply("%row", i), j * lanes)) for i, j in places]
    with text.when(text.let(f"fcmp une {kind} %beta, 0.0"), [(vector, v) for v in values]) as carried:
        beta = _everywhere(text, shape, "%beta")
        old = [_load(text, shape, place, mask) for place, mask in zip(at, masks, strict=True)]
        carried.then = [_fma(text, shape, beta, was, value) for was, value in zip(old, carried.now, strict=True)]
    with text.when(text.let("icmp ne ptr %bias, null"), [(vector, v) for v in carried.now]) as carried:
        bias = [_load(text, shape, text.at(kind, "%bias", j * lanes), kept[j]) for j in range(shape.vectors)]
        carried.then = [
            text.let(f"fadd {vector} {value}, {bias[j]}") for value, (_, j) in zip(carried.now, places, strict=True)
        ]
    with text.when("%relu", [(vector, v) for v in carried.now]) as carried:
        above = [text.let(f"fcmp ugt {vector} {value}, zeroinitializer") for value in carried.now]  # a NaN stays
        carried.then = [
            text.let(f"select <{lanes} x i1> {yes}, {vector} {value}, {vector} zeroinitializer")
            for yes, value in zip(above, carried.now, strict=True)
        ]
    with text.when(text.let("icmp ne ptr %gate, null"), [(vector, v) for v in carried.now]) as carried:
        there = [text.at(kind, "%gate", text.add(text.multiply("%gate_row", i), j * lanes)) for i, j in places]
        read = [_load(text, shape, place, mask) for place, mask in zip(there, masks, strict=True)]
        above = [text.let(f"fcmp ogt {vector} {value}, zeroinitializer") for value in read]
        ones = [text.let(f"uitofp <{lanes} x i1> {yes} to {vector}") for yes in above]  # a NaN times 0 stays
        carried.then = [text.let(f"fmul {vector} {value}, {one}") for value, one in zip(carried.now, ones, strict=True)]
    for value, place, mask in zip(carried.now, at, masks, strict=True):
        _store(text, shape, value, place, mask)


def pack(shape: Tile, width: int, name: str) -> str:
    """A function that lays out a matrix in panels: `width` numbers of the first axis for each place on the second.

    Arguments: where to; where from; the distances of neighbours on the first and on the second axis; the lengths of
    both. What the last panel lacks is filled with something: it ends in numbers of the tile that C does not have. It
    may write `width` * `lanes` numbers behind the panels, and, if they are narrower than a vector, panels to fill one.
    """
    text = Text(
        f"internal void @{name}(ptr noalias %to, ptr noalias %from, i64 %across, i64 %along, i64 %n, i64 %k) "
        "noinline nounwind"
    )
    copied = text.let("icmp eq i64 %across, 1")
    unit = text.let("icmp eq i64 %along, 1")
    with text.when(copied):
        _copy(text, shape, width)
    with text.when(text.let(f"icmp ugt i1 {unit}, {copied}")):
        _transpose(text, shape, width)
    with text.when(text.let(f"xor i1 {text.let(f'or i1 {copied}, {unit}')}, true")):
        _gather(text, shape, width)
    return str(text)


def _copy(text: Text, shape: Tile, width: int) -> None:
    """The first axis lies together: copy vectors of it, into several panels if they are narrower."""
    kind, lanes, part = shape.kind, shape.lanes, min(width, shape.lanes)
    with text.loop("%n", max(width, lanes)) as panel:
        to = text.at(kind, "%to", text.multiply(panel.index, "%k"))
        source = text.at(kind, "%from", panel.index)
        there = text.let(f"sub i64 %n, {panel.index}")
        starts = range(0, max(width, lanes), lanes)
        masks = [_first(text, lanes, text.add(there, -start)) for start in starts]
        panels = [text.multiply("%k", i * width) for i in range(max(1, lanes // width))]
        with text.loop("%k") as step:
            line = text.at(kind, source, text.multiply(step.index, "%along"))
            goal = text.at(kind, to, text.multiply(step.index, width))
            for start, mask in zip(starts, masks, strict=True):
                _bring(text, text.at(kind, line, max(width, lanes) + start))  # of the next panel
                value = _load(text, shape, text.at(kind, line, start), mask)
                for i, behind in enumerate(panels):
                    numbers = ", ".join(f"i32 {i * part + lane}" for lane in range(part))
                    piece = text.let(
                        f"shufflevector {shape.vector(lanes)} {value}, {shape.vector(lanes)} poison, "
                        f"<{part} x i32> <{numbers}>"
                    )
                    _store(text, shape, piece, text.at(kind, goal, text.add(behind, start)), None, part)


def _transpose(text: Text, shape: Tile, width: int) -> None:
    """The second axis lies together: transpose squares."""
    kind, lanes = shape.kind, min(width, shape.lanes)
    with text.loop("%n", width) as panel:
        to = text.at(kind, "%to", text.multiply(panel.index, "%k"))
        source = text.at(kind, "%from", text.multiply(panel.index, "%across"))
        last = text.add(text.let(f"sub i64 %n, {panel.index}"), -1)
        starts = [text.multiply(text.least(i, last), "%across") for i in range(width)]
        with text.loop("%k", lanes) as step:
            mask = _first(text, lanes, text.let(f"sub i64 %k, {step.index}"))
            goal = text.at(kind, to, text.multiply(step.index, width))
            rows = [text.at(kind, source, text.add(start, step.index)) for start in starts]
            for row in rows:
                _bring(text, text.at(kind, row, 4 * shape.lanes))  # 4 lines of memory ahead
            for j in range(0, width, lanes):
                square = [_load(text, shape, row, mask, lanes) for row in rows[j : j + lanes]]
                for i, value in enumerate(_transposed(text, shape.vector(lanes), square)):
                    _store(text, shape, value, text.at(kind, goal, i * width + j), None, lanes)


def _gather(text: Text, shape: Tile, width: int) -> None:
    """Neither axis lies together: take number by number."""
    kind = shape.kind
    with text.loop("%n", width) as panel:
        to = text.at(kind, "%to", text.multiply(panel.index, "%k"))
        source = text.at(kind, "%from", text.multiply(panel.index, "%across"))
        last = text.add(text.let(f"sub i64 %n, {panel.index}"), -1)
        with text.loop("%k") as step:
            line = text.at(kind, source, text.multiply(step.index, "%along"))
            goal = text.at(kind, to, text.multiply(step.index, width))
            with text.loop(width) as place:
                start = text.multiply(text.least(place.index, last), "%across")
                value = text.let(f"load {kind}, ptr {text.at(kind, line, start)}")
                text.do(f"store {kind} {value}, ptr {text.at(kind, goal, place.index)}")


def _transposed(text: Text, vector: str, rows: list[str]) -> list[str]:
    """A square of vectors, transposed: after log2(n) shuffles of the upper half into the lower each is a column."""
    n = len(rows)
    ranges = [range(n // 2), range(n // 2, n)]
    masks = [", ".join(f"i32 {i}, i32 {i + n}" for i in half) for half in ranges]
    for _ in range(n.bit_length() - 1):
        rows = [
            text.let(f"shufflevector {vector} {a}, {vector} {b}, <{n} x i32> <{mask}>")
            for a, b in zip(rows[: n // 2], rows[n // 2 :], strict=True)
            for mask in masks
        ]
    return rows


def _everywhere(text: Text, shape: Tile, number: str) -> str:
    vector = shape.vector(shape.lanes)
    first = text.let(f"insertelement {vector} poison, {shape.kind} {number}, i64 0")
    return text.let(f"shufflevector {vector} {first}, {vector} poison, <{shape.lanes} x i32> zeroinitializer")


def _fma(text: Text, shape: Tile, a: str, b: str, c: str) -> str:
    vector = shape.vector(shape.lanes)
    return text.let(f"call {vector} @llvm.fma.{shape.suffix(shape.lanes)}({vector} {a}, {vector} {b}, {vector} {c})")


def _first(text: Text, lanes: int, count: str) -> str:
    """A mask of the first `count` lanes."""
    one = text.let(f"insertelement <{lanes} x i64> poison, i64 {count}, i64 0")
    counts = text.let(f"shufflevector <{lanes} x i64> {one}, <{lanes} x i64> poison, <{lanes} x i32> zeroinitializer")
    numbers = ", ".join(f"i64 {i}" for i in range(lanes))
    return text.let(f"icmp slt <{lanes} x i64> <{numbers}>, {counts}")


def _bring(text: Text, at: str, *, write: bool = False) -> None:
    """Have memory brought into the first cache, where there is memory."""
    text.do(f"call void @llvm.prefetch.p0(ptr {at}, i32 {int(write)}, i32 3, i32 1)")


def _load(text: Text, shape: Tile, at: str, mask: str | None, lanes: int = 0) -> str:
    lanes = lanes or shape.lanes
    vector = shape.vector(lanes)
    if mask is None:
        return text.let(f"load {vector}, ptr {at}, align {shape.bytes}")
    return text.let(
        f"call {vector} @llvm.masked.load.{shape.suffix(lanes)}.p0(ptr {at}, i32 {shape.bytes}, "
        f"<{lanes} x i1> {mask}, {vector} zeroinitializer)"
    )


def _store(text: Text, shape: Tile, value: str, at: str, mask: str | None, lanes: int = 0) -> None:
    lanes = lanes or shape.lanes
    vector = shape.vector(lanes)
    if mask is None:
        text.do(f"store {vector} {value}, ptr {at}, align {shape.bytes}")
    else:
        text.do(
            f"call void @llvm.masked.store.{shape.suffix(lanes)}.p0({vector} {value}, ptr {at}, i32 {shape.bytes}, "
            f"<{lanes} x i1> {mask})"
        )
