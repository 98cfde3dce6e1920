"""Consecutive steps of a plan as one piece of machine code.

Knows steps, and puts together what the files below it make of them. Does not know plans: it gets an array of addresses,
one for each buffer by its number, and runs.
"""

import ctypes
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import astuple, replace
from math import prod
from typing import Any

from ..lowered import Buffer, Elementwise, Number, Operand, Piece, Product, Reduce, Step
from . import products
from .elementwise import identity, is_known
from .emitting import Function, Module
from .llvm import available, compiled, machine, vector_bytes
from .loops import NestCode
from .nests import Access, Line, Nest, grouped
from .remembering import Remembered, described, recalled, remembered
from .sharing import ARGUMENTS, Phase, shared, stretches, symbols, write_sharing

__all__ = ["Segment", "takes"]

_WORTH_THREADS = 1 << 18  # points of a nest from which other cores help
_PART = 1 << 15  # points that one of them does at a time
_PARTS = 32
_SCRATCH = 1 << 22  # bytes of partial results that a nest may have
_LONG = 3000  # lines of a function behind which another one begins: LLVM's time grows faster than what it compiles


def takes(step: Step, approximate: bool) -> bool:
    """Whether a step can be machine code here; without `approximate` only if it gives NumPy's bits."""
    if not available():
        return False
    if isinstance(step, Elementwise):
        conversions = [
            (each.dtype, dtype)
            for each, dtype in zip(step.operands, step.loop, strict=False)
            if isinstance(each, Piece)
        ]
        return is_known(step.name, step.loop, approximate=approximate) and all(
            is_known("copy", pair, approximate=approximate) for pair in [*conversions, (step.loop[-1], step.out.dtype)]
        )
    if isinstance(step, Reduce):
        if not is_known("copy", (step.operand.dtype, step.out.dtype), approximate=approximate):
            return False
        if identity(step.name, step.out.dtype) is None:
            return False
        return approximate or step.out.dtype.kind != "f"  # the order of the operands shows in the last bits
    return isinstance(step, Product) and products.is_possible(step, approximate=approximate)


class Segment:
    """Machine code of steps, all of which it `takes`. `kept` are buffers that somebody reads later.

    run         does the steps; its argument is the address of an array of addresses, by the numbers of buffers
    code        where the machine code lies that `run` is; 0 if it is several pieces
    unneeded    temporary buffers that are never in memory
    stages      for each part of the work, in its order, the buffers that it reads or writes in memory
    """

    def __init__(
        self, steps: Sequence[Elementwise | Reduce | Product], kept: Collection[Buffer], *, approximate: bool
    ) -> None:
        self._approximate = approximate
        self._kept = set(kept)
        self._phases: list[Phase] = []
        self._memory: list[set[Buffer]] = []
        steps = [_with_numbers(step) for step in steps]
        buffers = {piece.buffer.number: piece.buffer for step in steps for piece in _pieces(step)}
        # what calls NumPy's BLAS is not kept: it may be another one in another process
        name = described(steps, self._kept, vector_bytes(), machine()) if approximate else ""
        found = recalled(name, lambda note: _symbols(note["declared"])) if name else None
        if found is None:
            found = self._written(steps, name)
        else:
            self._phases = [Phase(*each) for each in found.note["phases"]]
            self._memory = [{buffers[number] for number in numbers} for numbers in found.note["memory"]]
        in_memory = set().union(*self._memory)
        self.unneeded = frozenset(b for b in buffers.values() if b.kind == "temporary" and b not in in_memory)
        self.stages = tuple(frozenset(each) for each in self._memory)
        self._code = found
        library = found.library
        self._parts: list[Callable[[int], None]] = [
            shared(library, together, phases) if together else library.function(phases[0].name, ctypes.c_void_p)
            for together, phases in stretches(self._phases)
        ]
        self.writes: frozenset[Buffer] = frozenset()  # for who asks; said by who made it
        self.run: Callable[[int], None] = self._run
        self.code = 0
        if len(self._parts) == 1:
            self.run = self._parts[0]
        if len(self._phases) == 1 and self._phases[0].is_serial:
            self.code = library.address(self._phases[0].name)

    def _written(self, steps: Sequence[Elementwise | Reduce | Product], name: str) -> Remembered:
        """Write and compile the code, and keep it under a name."""
        self._module = Module()
        self._function: Function | None = None
        self._scratch = 0
        self._space = 0
        groups = grouped(steps)
        self._touching: dict[Buffer, set[int]] = {}
        for here, group in enumerate(groups):
            for buffer in _buffers(group):
                self._touching.setdefault(buffer, set()).add(here)
        for here, group in enumerate(groups):
            self._memory.append(set())
            if isinstance(group, Product):
                self._write_product(group)
            else:
                self._write_nest(here, group)
        self._finish_serial()
        self._scratch = max(self._scratch, self._space)
        if self._scratch:
            self._module.functions["scratch"] = (
                f"@scratch = internal global [{self._scratch} x i8] zeroinitializer, align 64"
            )
        for together, phases in stretches(self._phases):
            if together:
                write_sharing(self._module, together, phases)
        declared = [*self._module.declared]
        library = compiled(self._module.text, level=1, symbols=_symbols(declared))
        note = {
            "declared": declared,
            "phases": [astuple(phase) for phase in self._phases],
            "scratch": self._scratch,
            "memory": [sorted(buffer.number for buffer in buffers) for buffers in self._memory],
        }
        return remembered(name, library, note) if name else Remembered(library, note)

    def _run(self, table: int) -> None:
        for part in self._parts:
            part(table)

    # -- functions

    def _serial(self) -> Function:
        """The function that is being written, which is done by one thread."""
        if self._function is None:
            self._phases.append(Phase(f"run{len(self._phases)}"))
            return self._begin(self._phases[-1].name)
        if len(self._function.lines) > _LONG:
            following = f"more{len(self._module.functions)}"
            self._function.emit(f"musttail call void @{following}(ptr %table)")
            self._function.finish()
            return self._begin(following)
        return self._function

    def _parallel(self, count: int, sizes: Sequence[int] = (), workspace: int = 0) -> Function:
        """A function that does one of the tasks of a phase."""
        self._finish_serial()
        self._phases.append(Phase(f"part{len(self._phases)}", count, sizes, workspace))
        return Function(self._module, self._phases[-1].name, ARGUMENTS, contract=self._approximate)

    def _begin(self, name: str) -> Function:
        self._function = Function(self._module, name, [("ptr", "table")], contract=self._approximate)
        self._pointers: dict[Any, str] = {}
        return self._function

    def _finish_serial(self) -> None:
        if self._function is not None:
            self._function.finish()
            self._function = None

    def _bases(self, function: Function, pointers: dict[Buffer, str] | None = None) -> Callable[[Buffer], str]:
        """Where a buffer begins, as a register of the function."""
        known = self._pointers if pointers is None else pointers

        def base(buffer: Buffer) -> str:
            if buffer.number < 0:  # partial results
                return known.get(buffer) or function.text_value(
                    f"getelementptr i8, ptr @scratch, i64 {-1 - buffer.number}"
                )
            self._memory[-1].add(buffer)
            if buffer not in known:
                place = function.text_value(f"getelementptr ptr, ptr %table, i64 {buffer.number}")
                known[buffer] = function.text_value(f"load ptr, ptr {place}, align 8")
            return known[buffer]

        return base

    def _write_product(self, product: Product) -> None:
        if products.is_large(product, approximate=self._approximate):
            function = self._parallel(0, products.sizes(product), products.workspace(product.a.dtype))
            products.write_part(function, product, self._bases(function, {}))
            function.finish()
            return

        def space() -> str:  # partial results do not live as long as that they could stand in its way
            self._space = max(self._space, products.workspace(product.a.dtype))
            return "@scratch"

        function = self._serial()
        self._phases[-1].alone |= not self._approximate  # that is NumPy's BLAS
        products.write(function, product, self._bases(function), approximate=self._approximate, space=space)

    # -- nests

    def _write_nest(self, here: int, nest: Nest) -> None:
        def leaves(buffer: Buffer) -> bool:
            return buffer.kind != "temporary" or buffer in self._kept or len(self._touching.get(buffer, ())) > 1

        code = NestCode(nest, leaves, vector_bytes())
        if nest.size >= _WORTH_THREADS and self._write_shared(nest, code, leaves):
            return
        self._write_serial(code)

    def _write_serial(self, code: NestCode) -> None:
        function = self._serial()
        bases = self._bases(function)
        for start in code.starts():
            NestCode(start, lambda _: True, vector_bytes()).write(function, bases)
        code.write(function, bases, inline=self._is_small(code))

    def _is_small(self, code: NestCode) -> bool:
        """Whether what functions compute may stand where they are called, each time anew."""
        return len(code.nest.lines) <= 64

    def _write_shared(self, nest: Nest, code: NestCode, leaves: Callable[[Buffer], bool]) -> bool:
        """Write a nest as a function of a part of it, with what is to be done around it; False if it cannot be."""
        total = code.outer[0] if code.outer else code.whole // code.wide
        count = min(1 << (nest.size // _PART).bit_length(), _PARTS, total)
        apart = sum(
            line.out.dtype.itemsize * prod(n for axis, n in enumerate(nest.shape) if axis not in line.reduces)
            for line, axes in zip(code.reductions, code.reduced_axes, strict=True)
            if 0 in axes
        )
        while count * apart > nest.size:  # partial results shall be far fewer than what they are made from
            count //= 2
        if count < 2:
            return False
        partial: list[tuple[Line, Line, Buffer, int]] = []  # line, as it is in a part, its memory, bytes of one part
        lines = []
        scratch = self._scratch
        for line in nest.lines:
            axes = code.reduced_axes[code.reductions.index(line)] if line.reduces else set()
            if 0 not in axes:
                lines.append(line)
                continue
            dtype = line.out.dtype
            strides, nbytes = [0] * len(nest.shape), dtype.itemsize
            for axis in reversed(range(len(nest.shape))):
                if axis not in line.reduces:
                    strides[axis] = nbytes
                    nbytes *= nest.shape[axis]
            buffer = Buffer(-1 - scratch, nbytes * count, "temporary")
            scratch += -(-nbytes * count // 64) * 64
            inside = replace(line, out=Access(buffer, 0, tuple(strides), dtype))
            lines.append(inside)
            partial.append((line, inside, buffer, nbytes))
        if scratch - self._scratch > _SCRATCH:
            return False
        if partial:
            nest_of_parts = Nest(nest.shape)
            for line in lines:
                nest_of_parts.add(line)
            inside_code = NestCode(nest_of_parts, leaves, vector_bytes())
            changed = {id(inside) for _, inside, _, _ in partial}
            split = [0 in axes for axes in inside_code.reduced_axes]
            if split != [id(line) in changed for line in inside_code.reductions] or (
                inside_code.outer[:1] != code.outer[:1] or inside_code.wide != code.wide
            ):
                return False
            code = inside_code
        self._scratch = scratch
        own = {buffer for _, _, buffer, _ in partial}
        before = [start for start in code.starts() if start.lines[0].out.buffer not in own]
        if before:
            function = self._serial()
            for start in before:
                NestCode(start, lambda _: True, vector_bytes()).write(function, self._bases(function))
        function = self._parallel(count)
        pointers: dict[Buffer, str] = {}
        bases = self._bases(function, pointers)
        for _, _, buffer, nbytes in partial:
            distance = function.text_value(f"mul i64 %task, {nbytes}")
            pointers[buffer] = function.text_value(f"getelementptr i8, ptr {bases(buffer)}, i64 {distance}")
        for start in code.starts():
            if start.lines[0].out.buffer in own:
                NestCode(start, lambda _: True, vector_bytes()).write(function, bases)
        following = function.text_value("add i64 %task, 1")
        products_of = [function.text_value(f"mul i64 {task}, {total}") for task in ("%task", following)]
        begin, end = (function.text_value(f"sdiv i64 {each}, {count}") for each in products_of)
        code.write(function, bases, part=(begin, end), inline=self._is_small(code))
        function.finish()
        for line, inside, buffer, nbytes in partial:
            kept = [axis for axis in range(len(nest.shape)) if axis not in line.reduces]
            together = Nest((count, *(nest.shape[axis] for axis in kept)))
            dtype = line.out.dtype
            operand = Access(buffer, 0, (nbytes, *(inside.out.strides[axis] for axis in kept)), dtype)
            out = Access(line.out.buffer, line.out.offset, (0, *(line.out.strides[axis] for axis in kept)), dtype)
            together.add(Line(line.name, (operand,), out, (dtype, dtype), (0,)))
            self._write_serial(NestCode(together, lambda _: True, vector_bytes()))
        return True


def _symbols(declared: Collection[str]) -> dict[str, int]:
    return products.symbols(declared) | symbols(declared)


def _with_numbers(step: Elementwise | Reduce | Product) -> Elementwise | Reduce | Product:
    """The step with numbers in the place of single ones in memory that stay the same."""
    if not isinstance(step, Elementwise):
        return step

    def number(x: Operand, dtype: Any) -> Operand:
        if not isinstance(x, Piece) or x.dtype != dtype:
            return x
        array = x.buffer.array
        return x if array is None or array.size != 1 or array.flags.writeable else Number(array.item(), dtype)

    operands = [number(*pair) for pair in zip(step.operands, step.loop, strict=False)]
    return step if operands == [*step.operands] else replace(step, operands=tuple(operands))


def _pieces(step: Elementwise | Reduce | Product) -> Iterator[Piece]:
    """What a step reads and writes."""
    yield step.out
    if isinstance(step, Reduce):
        yield step.operand
    elif isinstance(step, Product):
        yield from step.operands
    else:
        yield from (each for each in step.operands if isinstance(each, Piece))


def _buffers(group: Nest | Product) -> set[Buffer]:
    if isinstance(group, Product):
        return {group.out.buffer, *(piece.buffer for piece in group.operands)}
    return {*group.written, *group.read}
