"""Running a plan: its steps as a Python function that NumPy executes, in memory that is laid out beforehand.

Knows lowered steps and NumPy. Does not know operations or Tensors. The function is generated as source text, one line
for each call, so that replaying costs what the calls cost; `Replay.source` is that text.
"""

import linecache
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from .lowered import Buffer, Elementwise, Fetch, Host, Number, Piece, Product, Reduce
from .planning import Layout, laid_out, read_by, written_by

__all__ = ["Replay"]

_next = count().__next__


class Replay:
    """Steps as a function ``run(*inputs) -> outputs``, for arrays laid out as those that the plan was made with.

    `inputs` and `outputs` are pieces (an output may be a number); a Fetch stands among the steps where an array from
    outside is read while the plan runs.
    """

    def __init__(self, steps: Sequence[Any], inputs: Sequence[Piece], outputs: Sequence[Any]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self._whole: dict[Buffer, Piece] = {piece.buffer: piece for piece in inputs}
        self._views: dict[Buffer, list[str]] = {}
        groups = [[step] for step in steps]
        out_buffers = {p.buffer for p in self.outputs if isinstance(p, Piece)}
        owned = {p.buffer for step in steps for p in getattr(step, "taken", ())}
        for buffer in out_buffers | owned:
            if buffer.kind == "temporary":
                buffer.kind = "output"
        self.layout: Layout = laid_out(groups, ())
        self._memory = np.empty(self.layout.nbytes + 64, np.uint8)
        start = -self._memory.ctypes.data % 64
        self._arena = self._memory[start:]
        self._names: dict[str, Any] = {"copyto": np.copyto, "ndarray": np.ndarray, "empty": np.empty}
        self._names["uint8"] = np.dtype(np.uint8)
        self._pieces: dict[Piece, str] = {}
        self._lines: list[str] = []
        last = _last_uses(steps)
        for i, step in enumerate(steps):
            self._step(step)
            gone = [b for b in last.get(i, ()) if b.kind in ("host", "input", "output") and b not in out_buffers]
            names = [name for b in gone for name in (f"b{b.number}", *self._views.pop(b, ()))]
            if names:  # so that memory is free, and parameters can be written into by others
                self._lines.append(f"{' = '.join(names)} = None")
        results = ", ".join(self._result(p) for p in self.outputs)
        arguments = ", ".join(f"b{p.buffer.number}" for p in self.inputs)
        body = "".join(f"    {line}\n" for line in self._lines)
        self.source = f"def run({arguments}):\n{body}    return ({results}{',' if self.outputs else ''})\n"
        file = f"<captured {_next()}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(True), file)
        exec(compile(self.source, file, "exec"), self._names)
        self.run: Callable[..., tuple[Any, ...]] = self._names["run"]

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
        if buffer.kind in ("temporary", "constant"):
            if piece not in self._pieces:
                self._pieces[piece] = self._name(self._static(piece), "t" if buffer.kind == "temporary" else "c")
            return self._pieces[piece]
        views = self._views.setdefault(buffer, [])
        if buffer.kind == "output" and not views:
            self._lines.append(f"b{buffer.number} = empty({max(buffer.nbytes, 1)}, uint8)")
            views.append(f"b{buffer.number}")
        if self._pieces.get(piece) not in views:
            view = self._view(piece)
            if view == f"b{buffer.number}":
                return view
            name = f"p{len(self._names)}_{len(self._pieces)}"
            self._lines.append(f"{name} = {view}")
            self._pieces[piece] = name
            views.append(name)
        return self._pieces[piece]

    def _static(self, piece: Piece) -> Any:
        if piece.buffer.kind == "constant":
            whole = piece.buffer.array
            return _within(whole, piece)
        offset = self.layout.offsets[piece.buffer] + piece.offset
        return np.ndarray(piece.shape, piece.dtype, self._arena, offset, piece.strides)

    def _view(self, piece: Piece) -> str:
        name = f"b{piece.buffer.number}"
        if piece.buffer.kind == "output":
            shape, dtype = piece.shape, self._name(piece.dtype, "d")
            return f"ndarray({shape}, {dtype}, {name}, {piece.offset}, {piece.strides})"
        whole = self._whole[piece.buffer]
        if whole == piece:
            return name
        if whole.shape[::-1] == piece.shape and whole.strides[::-1] == piece.strides and whole.offset == piece.offset:
            return f"{name}.T"
        return f"{self._name(_within, 'within')}({name}, {self._name(piece, 'piece')}, {whole.offset})"

    def _operand(self, x: Any) -> str:
        if isinstance(x, Number):
            return self._name(np.array(x.value, x.dtype), "n")
        return self._array(x)

    def _result(self, x: Any) -> str:
        return self._array(x) if isinstance(x, Piece) else self._name(x, "r")

    # --- steps --------------------------------------------------------------------------------------------------------

    def _step(self, step: Any) -> None:
        if isinstance(step, Fetch):
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
            self._lines.append(f"{ufunc}({', '.join(operands)}, {out})")

    def _product(self, step: Product) -> None:
        a, b, out = self._array(step.a), self._array(step.b), self._array(step.out)
        function = self._name(getattr(np, step.function), step.function)
        fits = step.function == "matmul" or _c_order(step.out)
        if step.scale == 1 and step.keep == 0 and fits:
            self._lines.append(f"{function}({a}, {b}, {out})")
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
        checked = self._name(_as_planned(step.outputs, step.label), "planned")
        names = ", ".join(f"b{p.buffer.number}" if p.buffer.kind == "host" else "_" for p in step.outputs)
        self._lines.append(f"{names}, = {checked}({call}({given}))")
        for piece in step.outputs:
            if piece.buffer.kind == "host":
                self._whole[piece.buffer] = piece


def _within(whole: Any, piece: Piece, offset: int = 0) -> Any:
    """The array that a piece is, in the memory of the array that its buffer is."""
    if piece.shape == whole.shape and piece.strides == whole.strides and piece.offset == offset:
        return whole
    if not whole.size:
        return np.empty(piece.shape, piece.dtype)
    low, _ = np.lib.array_utils.byte_bounds(whole)
    start = _Memory(whole, low + piece.offset, piece).array
    return np.lib.stride_tricks.as_strided(start, piece.shape, piece.strides)


class _Memory:
    """Memory of an array, as the start of another one. It holds the array."""

    def __init__(self, whole: Any, address: int, piece: Piece) -> None:
        self.whole = whole
        self.__array_interface__ = {
            "data": (address, not whole.flags.writeable),
            "shape": (1,),
            "typestr": piece.dtype.str,
            "version": 3,
        }
        self.array = np.asarray(self)


def _as_planned(pieces: Sequence[Piece], label: str) -> Callable[[Any], tuple[Any, ...]]:
    """Brings what a function returned to the layout that the plan was made for."""

    def planned(results: Any) -> tuple[Any, ...]:
        results = results if isinstance(results, tuple) else (results,)
        found = []
        for result, piece in zip(results, pieces, strict=True):
            array = np.asarray(result)
            if array.shape != piece.shape or array.dtype != piece.dtype:
                raise ValueError(
                    f"{label}: gave {array.dtype}{array.shape} in a replay, and {piece.dtype}{piece.shape} when it was captured"
                )
            if array.strides != piece.strides and array.size > 1:
                own = np.empty(piece.buffer.nbytes, np.uint8)
                other = np.ndarray(piece.shape, piece.dtype, own, piece.offset, piece.strides)
                np.copyto(other, array)
                array = other
            found.append(array)
        return tuple(found)

    return planned


def _c_order(piece: Piece) -> bool:
    expected = piece.dtype.itemsize
    for n, stride in zip(piece.shape[::-1], piece.strides[::-1], strict=True):
        if n > 1 and stride != expected:
            return False
        expected *= n
    return True


def _last_uses(steps: Sequence[Any]) -> dict[int, list[Buffer]]:
    last: dict[Buffer, int] = {}
    for i, step in enumerate(steps):
        for piece in (*read_by(step), *written_by(step)):
            last[piece.buffer] = i
    found: dict[int, list[Buffer]] = {}
    for buffer, i in last.items():
        found.setdefault(i, []).append(buffer)
    return found
