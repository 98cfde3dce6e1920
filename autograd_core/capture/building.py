"""From instructions to steps, while a function is traced: each instruction lowered, or kept whole.

Knows both sides: what instructions mean, and what NumPy steps are. Does not know in which order anything runs, nor
where memory comes from.
"""

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..kernels.llvm import available
from ..lowered import Buffer, Elementwise, Fetch, Host, Number, Piece, Step
from ..op import BY_STEPS
from .effects import reader, setter_of_grad, writer
from .executing import executable, taken_by
from .followed import NAMESPACE, NotLowerable
from .lowering import close, lowered, rewritten, same_bits_for_other_numbers, same_for_other_numbers
from .memory import Memory
from .planning import read_by
from .program import Instruction, Value, values_in

__all__ = ["Builder", "Onlooker"]


_ENOUGH = 128  # numbers of which not all agree by chance, as nine in ten may of two formulas for the same
_CHECKED: dict[Any, bool] = {}  # what is known of the steps of instructions


def _once(question: str, instruction: Instruction, arrays: Sequence[Any], find: Callable[[], bool]) -> bool:
    """The answer to a question about an instruction on arrays that lie like these, which is found once."""
    forms = tuple((a.shape, a.strides, a.dtype) for a in arrays)
    options = repr({k: v for k, v in instruction.options.items() if not any(values_in(v))})
    key = question, instruction.kind, instruction.label, instruction.position, options, forms
    if key not in _CHECKED:
        if len(_CHECKED) > 4096:
            _CHECKED.clear()
        _CHECKED[key] = find()
    return _CHECKED[key]


@dataclass(eq=False)
class Builder:
    """What was built so far. `exact` permits only steps that give the bits of the operation."""

    exact: bool = True
    memory: Memory = field(default_factory=Memory)
    steps: list[Step | Instruction] = field(default_factory=list)
    pieces: dict[Value, Piece] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    updated: set[int] = field(default_factory=set)  # the ids of Tensors that updates write into
    _errors: Mapping[str, object] = field(default_factory=np.geterr)  # what NumPy did of errors before the function ran
    _arrays: dict[Value, Any] = field(default_factory=dict)  # what each value is here, where lowered steps computed it
    _eager: dict[Value, Any] = field(default_factory=dict)  # and what the function itself computed
    _whole: set[tuple[str, int]] = field(default_factory=set)  # what could not be lowered, and is not tried again

    def input(self, value: Value, array: Any) -> None:
        """An array that the function is called with."""
        self._place(value, array, "input")

    def constant(self, value: Value, array: Any) -> None:
        """An array that is neither given nor computed."""
        self._place(value, array, "constant")

    def fix(self, constants: Sequence[Value]) -> None:
        """These constants are the same for ever: nobody else can write into them."""
        for value in constants:
            buffer = self.pieces[value].buffer if value in self.pieces else None
            array = buffer.array if buffer is not None else None
            if buffer is not None and array is not None and array.flags.forc:  # else a copy would lie in another way
                buffer.array = array.copy(order="K")
                buffer.array.flags.writeable = False

    def _place(self, value: Value, array: Any, kind: Any) -> None:
        array = np.asarray(array)
        self.pieces[value], self._arrays[value] = self.memory.buffer(array, kind), array
        self._eager[value] = array

    def add(self, instruction: Instruction, outs: Sequence[Any]) -> None:
        """An instruction was traced, with these results."""
        if instruction.kind in ("read", "read_grad"):
            self._place(instruction.outputs[0], outs[0], "input")
            self.steps.append(instruction)
        elif instruction.kind in ("store", "store_grad"):
            self.steps.append(instruction)
        else:
            self._compute(instruction, outs)

    def _compute(self, instruction: Instruction, outs: Sequence[Any]) -> None:
        values = taken_by(instruction)
        pieces = [self.pieces[value] for value in values]
        for value, out in zip(instruction.outputs, outs, strict=True):
            self._arrays[value] = self._eager[value] = out if value.dtype.hasobject else np.asarray(out)
        if self._by_steps(instruction, values, outs):
            return
        name = instruction.label, instruction.position
        objects = any(value.dtype.hasobject for value in (*values, *instruction.outputs))
        if instruction.kind not in ("perform", "numbers") and not objects and name not in self._whole:
            arrays = [self._arrays[value] for value in values]
            try:
                followed, _ = executable(instruction, values, lowering=True, exact=not self.takes_updates)
                steps, found, exact = lowered(followed, self.memory, pieces, arrays, tuple(outs), self._quiet())
                self._check(instruction, followed, steps, arrays)
                if self.exact and exact:
                    exact = self._is_exact(instruction, followed, arrays, found)
            except NotLowerable as reason:
                self._whole.add(name)
                self.reasons[instruction.label] = str(reason)
            else:
                if exact or not self.exact:
                    self.steps += steps
                    for value, (piece, array) in zip(instruction.outputs, found, strict=True):
                        if self.exact and not _laid_out_alike(array, self._eager[value]):
                            piece, array = self._laid_out(piece, array, self._eager[value])
                        self.pieces[value], self._arrays[value] = piece, array
                    return
                self.reasons[instruction.label] = "other bits"
        run, _ = executable(instruction, values)
        if not objects and self._is_view(values, instruction.outputs):
            again = run(*(self._arrays[value] for value in values))  # of the arrays that stand for the arguments here
            again = again if isinstance(again, tuple) else (again,)
            self._arrays.update(zip(instruction.outputs, map(np.asarray, again), strict=True))
        made = []
        for value in instruction.outputs:
            array = self._arrays[value]
            if value.dtype == object:
                made.append(self.memory.object(array))
                continue
            made.append(self._inside(array, pieces) or self.memory.buffer(array, "host"))
        self.pieces.update(zip(instruction.outputs, made, strict=True))
        effect = instruction.kind in ("perform", "numbers") or (instruction.kind == "apply" and bool(instruction.fills))
        if not effect and all(piece.buffer in {p.buffer for p in pieces} for piece in made):
            return  # a view of what is there already
        quiet: dict[str, Any] = dict.fromkeys(self._quiet(), "ignore")
        run = np.errstate(**quiet)(run) if quiet else run
        self.steps.append(Host(run, tuple(pieces), tuple(made), instruction.label, effect))

    def _quiet(self) -> list[str]:
        """The kinds of floating-point errors that the function ignores here, by an np.errstate of its own."""
        now = np.geterr().items()
        return [kind for kind, what in now if what == "ignore" and self._errors[kind] != "ignore"]

    def _by_steps(self, instruction: Instruction, values: Sequence[Value], outs: Sequence[Any]) -> bool:
        """Lower an operation that looks at numbers by what stands for it where steps become machine code."""
        op = instruction.op
        rules = BY_STEPS.get(op.name, {}) if op is not None else {}
        if op is None or instruction.kind not in rules or instruction.position:
            return False
        rule, names = rules[instruction.kind], instruction.names or op.arrays
        given = dict(zip(names, instruction.inputs, strict=True)) | instruction.options
        place = {value: i for i, value in enumerate(values)}

        def run(*arrays: Any) -> Any:
            return rule(NAMESPACE, **{n: arrays[place[x]] if isinstance(x, Value) else x for n, x in given.items()})

        pieces = [None if value.dtype == object else self.pieces[value] for value in values]
        try:
            steps, found, _ = lowered(
                run, self.memory, pieces, [self._arrays[v] for v in values], outs[0], self._quiet()
            )
        except NotLowerable as reason:
            self.reasons[instruction.label] = str(reason)
            return False
        if not self.takes_updates:  # the operation stays whole, but what its rule checks is known before it runs
            self.steps += [step for step in steps if isinstance(step, Host) and step.label == "check"]
            return False
        whole, _ = executable(instruction)  # for what it finds besides; left out if nobody reads that
        made = [self.memory.object(out) if v.dtype == object else self.memory.buffer(np.asarray(out), "host")
                for v, out in zip(instruction.outputs, outs, strict=True)]  # fmt: skip
        if len(outs) > 1:
            self.steps.append(Host(whole, tuple(self.pieces[v] for v in values), tuple(made), instruction.label))
        self.steps += steps
        self.pieces.update(zip(instruction.outputs, made, strict=True))
        self.pieces[instruction.outputs[0]], self._arrays[instruction.outputs[0]] = found[0]
        return True

    @property
    def takes_updates(self) -> bool:
        """Whether updates in place are worth being steps: where they become machine code."""
        return not self.exact and available()

    def update(
        self, instruction: Instruction, raws: Sequence[Any], numbers: Sequence[Any], written: Sequence[bool]
    ) -> None:
        """An update in place, done here: on copies as it is, then on the arrays themselves, written down."""
        values = list(instruction.inputs)
        pieces = [self.pieces[value] for value in values]
        update = instruction.target
        copies = [raw.copy(order="K") if w else raw for raw, w in zip(raws, written, strict=True)]
        update(copies, numbers)
        expected = [c for c, w in zip(copies, written, strict=True) if w]
        outs = [raw for raw, w in zip(raws, written, strict=True) if w]
        places = [piece for piece, w in zip(pieces, written, strict=False) if w]
        before = [out.copy(order="K") for out in outs]
        count = len(raws)

        def run(*arrays: Any) -> None:
            update(arrays[:count], arrays[count:])

        try:
            steps = rewritten(run, self.memory, pieces, [*raws, *numbers], places, self._quiet())
            if not all(map(close, outs, expected)):
                raise NotLowerable("another result")
        except NotLowerable as reason:
            self.reasons["update"] = str(reason)
            for out, old in zip(outs, before, strict=True):
                np.copyto(out, old)
            run(*raws, *numbers)
            steps = [Host(run, tuple(pieces), (), "update", True)]
        self.steps += steps
        instruction.options = {"steps": tuple(getattr(s, "name", "update") for s in steps)}
        self.pieces.update(zip(instruction.outputs, places, strict=True))
        self.updated.update(id(t) for t in instruction.avals)

    def finish(self, outputs: Sequence[Any], start: int = 0, stop: int | None = None) -> tuple[list[Any], list[Any]]:
        """The steps from `start` to before `stop`, with those that read or change something outside; and the outputs.

        An output that a step could still write into, or that is not the plan's to hand out, is copied.
        """
        steps: list[Any] = []
        later: dict[Any, Callable[[], Any]] = {}  # what is read after something was changed outside
        changed = False
        taken = set[Buffer]()
        stores, last_read = self._stores_and_reads()
        written = {i.target: n for n, i in enumerate(self.steps) if isinstance(i, Instruction) and i.kind == "store"}
        for n, step in enumerate(self.steps[:stop]):
            if n < start:
                continue
            changed = changed or (bool(steps) and _changes(steps[-1]))
            if not isinstance(step, Instruction):
                steps.append(step)
            elif step.kind in ("read", "read_grad"):
                piece = self.pieces[step.outputs[0]]
                copied = step.kind == "read" and written.get(step.target, -1) > n
                if copied:  # a Tensor is written into: is what was there before still read?
                    copied = last_read.get(piece.buffer, -1) > stores[bisect(stores, n)]
                if changed and step.kind == "read":
                    later[step.target] = reader(step.target, piece)
                kept = id(step.target) in self.updated
                fetch = reader(step.target, piece, step.kind == "read_grad", copied, kept)
                steps.append(Fetch(fetch, piece))
            elif step.inputs[0] is None:
                steps.append(Host(setter_of_grad(step.target, True), (), (), "store_grad", True))
            else:
                piece = self.pieces[step.inputs[0]]
                if step.kind == "store":
                    steps.append(Host(writer(step.target), (piece,), (), "store", True))
                    continue
                if piece.buffer.kind != "temporary" or piece.buffer in taken:
                    piece = self._copy(piece, steps)
                taken.add(piece.buffer)
                steps.append(Host(setter_of_grad(step.target, False), (piece,), (), "store_grad", True, (piece,)))
        found = []
        for value in outputs:
            out = self.pieces[value] if isinstance(value, Value) else value
            if isinstance(out, Piece) and (out.buffer.kind in ("input", "constant") or out.buffer in taken):
                out = self._copy(out, steps)
            found.append(out)
        if later:  # before anything is done that must not be done twice
            steps.insert(0, Host(partial(_read_all, [*later.values()]), (), (), "look", True))
        return steps, found

    def _stores_and_reads(self) -> tuple[list[int], dict[Buffer, int]]:
        """Which of the steps are stores, and which step is the last that reads a buffer."""
        stores, last_read = list[int](), dict[Buffer, int]()
        for n, step in enumerate(self.steps):
            if not isinstance(step, Instruction):
                last_read.update((piece.buffer, n) for piece in read_by(step))
            elif step.kind == "store":
                stores.append(n)
        return stores, last_read

    def _laid_out(self, piece: Piece, array: Any, like: Any) -> tuple[Piece, Any]:
        """The same numbers in the order of another array: sums of them round differently in any other."""
        copy = np.empty_like(like)
        np.copyto(copy, array)
        own = self.memory.buffer(copy, "temporary")
        self.steps.append(Elementwise("copy", (piece,), own, (piece.dtype, piece.dtype)))
        return own, copy

    def _copy(self, piece: Piece, steps: list[Any]) -> Piece:
        own = self.memory.buffer(np.empty(piece.shape, piece.dtype), "temporary")
        steps.append(Elementwise("copy", (piece,), own, (piece.dtype, piece.dtype)))
        return own

    def _check(
        self, instruction: Instruction, run: Callable[..., Any], steps: Sequence[Step], arrays: Sequence[Any]
    ) -> None:
        """Refuse steps that hold numbers of these very arrays; looked at once for each form of an instruction."""
        if not any(isinstance(x, Number) for step in steps if isinstance(step, Elementwise) for x in step.operands):
            return
        if not _once("steps", instruction, arrays, lambda: same_for_other_numbers(run, steps, arrays)):
            raise NotLowerable("its steps depend on the numbers")

    def _is_exact(
        self, instruction: Instruction, run: Callable[..., Any], arrays: Sequence[Any], found: Sequence[tuple[Any, Any]]
    ) -> bool:
        """Whether steps that gave the bits of an operation do so for other numbers: a few may have agreed by chance."""
        size = min(array.size for _, array in found)
        if not 0 < size < _ENOUGH or not any(array.dtype.kind == "f" for array in arrays):
            return True
        whole, _ = executable(instruction)
        count = -(-_ENOUGH // size)
        return _once("bits", instruction, arrays, lambda: same_bits_for_other_numbers(run, whole, arrays, count))

    def _is_view(self, values: Sequence[Value], outputs: Sequence[Value]) -> bool:
        """Whether a result lies in the memory of an argument, as they were computed eagerly."""
        return any(np.may_share_memory(self._eager[out], self._eager[value]) for out in outputs for value in values)

    def _inside(self, array: Any, pieces: Sequence[Piece]) -> Piece | None:
        """Where a result lies that is a view of an argument."""
        for piece in pieces:
            if piece.buffer.kind != "object" and self.memory.holds(piece.buffer, array):
                return self.memory.piece(array, piece.buffer)
        return None


class Onlooker(Builder):
    """Builds nothing, in a run that no plan is made from: the first one. What is done in place is done."""

    def _place(self, value: Value, array: Any, kind: Any) -> None:
        pass

    def add(self, instruction: Instruction, outs: Sequence[Any]) -> None:
        pass

    def update(
        self, instruction: Instruction, raws: Sequence[Any], numbers: Sequence[Any], written: Sequence[bool]
    ) -> None:
        instruction.target(raws, numbers)


def _changes(step: Step) -> bool:
    return isinstance(step, Host) and step.effect and step.label != "check"


def _read_all(readers: Sequence[Callable[[], Any]]) -> None:
    """Look whether all that is read from outside later on lies as when it was captured."""
    for read in readers:
        read()


def _laid_out_alike(a: Any, b: Any) -> bool:
    """Whether the elements of two arrays of one shape lie in memory in the same order, and as close."""
    return a.size < 2 or all(x == y for x, y, n in zip(a.strides, b.strides, a.shape, strict=True) if n > 1)
