"""Running a plan: its steps as a Python function that NumPy executes, in memory that is laid out beforehand.

Knows lowered steps and NumPy. Does not know operations or Tensors. The function is generated as source text, one line
for each call, so that replaying costs what the calls cost; `Replay.source` is that text.
"""

import linecache
from collections.abc import Callable, Sequence
from itertools import count
from threading import Lock, RLock
from typing import Any

import numpy as np

from ..arrays import held_beyond_local
from ..kernels.addresses import address, resolver
from ..kernels.segments import Segment
from ..lowered import Buffer, Elementwise, Fetch, Host, Number, Piece, Product, Reduce, Step
from ..ops.product_kernels import leaving_the_cores, takes_threads
from .blocks import Blocks, blocked, quietly
from .items import last_uses, segmented, stages_of, written_into
from .placing import as_planned, is_dense, is_in_c_order, lowest_address, within
from .planning import Layout, laid_out

__all__ = ["Replay"]

_next = count().__next__


class Replay:
    """Steps as a function ``run(*inputs) -> outputs``, for arrays laid out as those that the plan was made with.

    `inputs` and `outputs` are pieces (an output may be a number); a Fetch stands among the steps where an array from
    outside is read while the plan runs.
    """

    def __init__(self, steps: Sequence[Step], inputs: Sequence[Piece], outputs: Sequence[Any], native: bool) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self._whole: dict[Buffer, Piece] = {piece.buffer: piece for piece in inputs}
        self._views: dict[Buffer, list[str]] = {}
        self._begun: set[Buffer] = set()
        out_buffers = {p.buffer for p in self.outputs if isinstance(p, Piece)}
        taken = {p.buffer for step in steps for p in getattr(step, "taken", ())}
        for buffer in out_buffers | taken:
            if buffer.kind == "temporary":
                buffer.kind = "output"
        self._owned: dict[Buffer, Piece] = {}  # how a buffer that is handed out is most often seen
        for piece in (*(p for step in steps for p in getattr(step, "taken", ())), *self.outputs):
            if isinstance(piece, Piece) and is_dense(piece):
                self._owned.setdefault(piece.buffer, piece)
        self._own: set[Buffer] = set()  # arrays from Python functions that are written into
        self._placed: set[Buffer] = set()  # those whose addresses machine code has
        cut: Callable[..., Any] = segmented if native else blocked
        self.items: list[Step | Segment | Blocks] = cut(steps, out_buffers)
        stages = [stage for item in self.items for stage in stages_of(item)]
        self.layout: Layout = laid_out(stages)
        self._memory = np.empty(self.layout.nbytes + 64, np.uint8)
        self._arena = self._memory[-address(self._memory) % 64 :]
        self._names: dict[str, Any] = {
            "copyto": np.copyto,
            "ndarray": np.ndarray,
            "empty": np.empty,
            "errstate": np.errstate,
        }
        self._names["uint8"] = np.dtype(np.uint8)
        self._pieces: dict[Piece, str] = {}
        self._lines: list[str] = []
        self._make_table()
        last = last_uses(self.items)
        parts: list[tuple[Any, list[str]]] = []
        for i, step in enumerate(self.items):
            self._lines = []
            parts.append((step, self._lines))
            for buffer in sorted(written_into(step) - self._own, key=lambda b: b.number):
                self._own.add(buffer)
                self._placed.discard(buffer)
                for name in self._views.pop(buffer, ()):
                    self._lines.append(f"{name} = None")
                array, held = f"b{buffer.number}", self._name(held_beyond_local, "held")
                self._lines.append(
                    f"if {held}({array}) or not {array}.flags.writeable: {array} = {array}.copy(order='K')"
                )
            self._step(step)
            gone = [
                b for b in last.get(i, ()) if b.kind in ("host", "input", "output", "object") and b not in out_buffers
            ]
            names = [name for b in gone for name in (f"b{b.number}", *self._views.pop(b, ()))]
            if names:  # so that memory is free, and parameters can be written into by others
                self._lines.append(f"{' = '.join(names)} = None")
        self._lines = []
        parts.append((None, self._lines))
        results = ", ".join(self._result(p) for p in self.outputs)
        arguments = ", ".join(f"b{p.buffer.number}" for p in self.inputs)
        result = f"({results}{',' if self.outputs else ''})"
        self.source = f"def run({arguments}):\n    with lock:\n{quietly(parts, 2)}        return {result}\n"
        reenters = any(isinstance(step, Host) and step.label.startswith("perform") for step in steps)
        self._names["lock"] = RLock() if reenters else Lock()  # what is performed may call the same function
        file = f"<captured {_next()}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(True), file)
        exec(compile(self.source, file, "exec"), self._names)
        self.run: Callable[..., tuple[Any, ...]] = self._names["run"]
        if reenters:
            self.run = self._reentrant(self.run, self._names["lock"])

    def _reentrant(self, run: Callable[..., Any], lock: Any) -> Callable[..., Any]:
        """The same function for one that may be called while it runs: each call finds the memory as it left it."""
        memory = [self._memory, self._names["table"]] if "table" in self._names else [self._memory]
        running = False

        def again(*inputs: Any) -> Any:
            nonlocal running
            with lock:
                was, running = running, True
                saved = [array.copy() for array in memory] if was else []
                try:
                    return run(*inputs)
                finally:
                    running = was
                    for array, before in zip(memory, saved, strict=False):
                        array[...] = before

        return again

    @property
    def nbytes(self) -> int:
        """Bytes of the memory that all temporary results share."""
        return self.layout.nbytes

    # --- names --------------------------------------------------------------------------------------------------------

    def _name(self, value: Any, prefix: str) -> str:
        name = f"{prefix}{len(self._names)}"
        self._names[name] = value
        return name

    def _array(self, piece: Piece) -> str:
        """An expression for the array that a piece is."""
        buffer = piece.buffer
        if buffer.kind == "object":
            return f"b{buffer.number}"
        if buffer.kind in ("temporary", "constant"):
            if piece not in self._pieces:
                self._pieces[piece] = self._name(self._static(piece), "t" if buffer.kind == "temporary" else "c")
            return self._pieces[piece]
        views = self._views.setdefault(buffer, [])
        if buffer.kind == "output":
            self._begin(buffer)
        if self._pieces.get(piece) not in views:
            view = self._view(piece)
            if view == f"b{buffer.number}":
                return view
            name = f"p{len(self._names)}_{len(self._pieces)}"
            self._lines.append(f"{name} = {view}")
            self._pieces[piece] = name
            views.append(name)
        return self._pieces[piece]

    def _begin(self, buffer: Buffer) -> None:
        """New memory for a buffer that is handed out, when it is first used."""
        if buffer not in self._begun:
            self._begun.add(buffer)
            whole = self._owned.get(buffer)
            if whole is not None and whole.offset == 0 and is_in_c_order(whole):
                self._whole[buffer] = whole
                self._lines.append(f"b{buffer.number} = empty({whole.shape}, {self._name(whole.dtype, 'd')})")
            else:
                self._whole[buffer] = Piece(buffer, 0, (buffer.nbytes,), (1,), np.dtype(np.uint8))
                self._lines.append(f"b{buffer.number} = empty({max(buffer.nbytes, 1)}, uint8)")

    def _static(self, piece: Piece) -> Any:
        if piece.buffer.kind == "constant":
            whole = piece.buffer.array
            return within(whole, piece)
        offset = self.layout.offsets[piece.buffer] + piece.offset
        return np.ndarray(piece.shape, piece.dtype, self._arena, offset, piece.strides)

    def _view(self, piece: Piece) -> str:
        name = f"b{piece.buffer.number}"
        if piece.buffer.kind == "output" and self._whole[piece.buffer] != piece:
            shape, dtype = piece.shape, self._name(piece.dtype, "d")
            return f"ndarray({shape}, {dtype}, {name}, {piece.offset}, {piece.strides})"
        whole = self._whole[piece.buffer]
        if whole == piece:
            return name
        if whole.shape[::-1] == piece.shape and whole.strides[::-1] == piece.strides and whole.offset == piece.offset:
            return f"{name}.T"
        return f"{self._name(within, 'within')}({name}, {self._name(piece, 'piece')}, {whole.offset})"

    def _operand(self, x: Any) -> str:
        if isinstance(x, Number):
            return self._name(np.array(x.value, x.dtype), "n")
        return self._array(x)

    def _result(self, x: Any) -> str:
        return self._array(x) if isinstance(x, Piece) else self._name(x, "r")

    def _make_table(self) -> None:
        """The addresses of all buffers, for machine code; those that stay are written here."""
        segments = [item for item in self.items if isinstance(item, Segment)]
        used = {buffer for segment in segments for stage in segment.stages for buffer in stage}
        if not segments:
            return
        table = np.zeros(max((b.number for b in used), default=0) + 1, np.uint64)
        self._names["table"] = table
        self._table = address(table)
        start = address(self._arena)
        for buffer in used:
            if buffer.kind == "temporary":
                table[buffer.number] = start + self.layout.offsets[buffer]
            elif buffer.kind == "constant":
                table[buffer.number] = lowest_address(buffer.array)

    def _segment(self, segment: Segment) -> None:
        moved = []
        for buffer in sorted({b for stage in segment.stages for b in stage}, key=lambda b: b.number):
            if buffer.kind in ("input", "host", "output") and buffer not in self._placed:
                if buffer.kind == "output":
                    self._begin(buffer)
                self._placed.add(buffer)
                moved.append(buffer)
        if not moved:
            self._lines.append(f"{self._name(segment.run, 'segment')}({self._table})")
            return
        places = [(b.number, self._whole[b].offset) for b in moved]
        resolve, numbers = resolver(places, self._table, segment.code)
        self._name(numbers, "places")
        arrays = ", ".join(f"b{b.number}" for b in moved)
        self._lines.append(f"{self._name(resolve, 'resolve')}(({arrays},), {address(numbers)})")
        if not segment.code:
            self._lines.append(f"{self._name(segment.run, 'segment')}({self._table})")

    # --- steps --------------------------------------------------------------------------------------------------------

    def _step(self, step: Any) -> None:
        if isinstance(step, Segment):
            self._segment(step)
        elif isinstance(step, Blocks):
            given = ", ".join([self._array(piece) for piece in step.pieces])
            self._lines.append(f"{self._name(step.run, 'blocks')}({given})")
        elif isinstance(step, Fetch):
            name = self._name(step.fetch, "fetch")
            self._lines.append(f"b{step.out.buffer.number} = {name}()")
            self._whole[step.out.buffer] = step.out
        elif isinstance(step, Elementwise):
            self._elementwise(step)
        elif isinstance(step, Reduce):
            ufunc = self._name(getattr(np, step.name).reduce, step.name)
            x, out = self._array(step.operand), self._array(step.out)
            self._lines.append(f"{ufunc}({x}, {step.axes}, None, {out})")
        elif isinstance(step, Product):
            self._product(step)
        else:
            self._host(step)

    def _elementwise(self, step: Elementwise) -> None:
        operands = [self._operand(x) for x in step.operands]
        out = self._array(step.out)
        if step.name == "copy":
            self._lines.append(f"copyto({out}, {operands[0]}, 'unsafe')")
        elif step.name == "where":
            condition, a, b = operands
            self._lines.append(f"copyto({out}, {b})")
            self._lines.append(f"copyto({out}, {a}, 'same_kind', {condition})")
        else:
            ufunc = self._name(getattr(np, step.name), step.name)
            self._lines.append(f"{ufunc}({', '.join(operands)}, out={out})")

    def _product(self, step: Product) -> None:
        a, b, out = self._array(step.a), self._array(step.b), self._array(step.out)
        multiply = getattr(np, step.function)
        function = self._name(
            leaving_the_cores(multiply) if takes_threads(step.a.shape, step.b.shape) else multiply, step.function
        )
        same = step.a.buffer is step.b.buffer  # a @ a.T has a way of its own, and other bits with `out`
        fits = step.function == "matmul" or is_in_c_order(step.out)
        if step.scale == 1 and step.keep == 0 and fits:
            self._lines.append(f"{function}({a}, {b}, {out})" if not same else f"copyto({out}, {function}({a}, {b}))")
        elif step.scale == 1 and step.keep == 0:
            self._lines.append(f"{out}[...] = {function}({a}, {b})")
        else:
            scaled = self._name(np.array(step.scale, step.out.dtype), "n")
            self._names["add"] = np.add
            self._lines.append(f"s = {function}({a}, {b})")
            self._lines.append(f"s *= {scaled}")
            kept = f"{self._name(np.array(step.keep, step.out.dtype), 'n')} * {out}" if step.keep != 1 else out
            self._lines.append(f"add({kept}, s, {out})" if step.keep else f"{out}[...] = s")

    def _host(self, step: Host) -> None:
        call = self._name(step.call, "call")
        given = ", ".join(self._operand(x) for x in step.inputs)
        if not step.outputs:
            self._lines.append(f"{call}({given})")
            return
        theirs = {x.buffer for x in step.inputs if isinstance(x, Piece)}  # an output may be a view of an input
        own = [p.buffer.kind in ("host", "object") and p.buffer not in theirs for p in step.outputs]
        names = ", ".join(f"b{p.buffer.number}" if is_own else "_" for p, is_own in zip(step.outputs, own, strict=True))
        if step.label == "numbers":  # always the same
            self._lines.append(f"{names}, = {call}({given})")
        else:
            checked = self._name(as_planned(step.outputs, step.label, self._memory), "planned")
            self._lines.append(f"{names}, = {checked}({call}({given}))")
        for piece, is_own in zip(step.outputs, own, strict=True):
            if is_own:
                self._whole[piece.buffer] = piece
