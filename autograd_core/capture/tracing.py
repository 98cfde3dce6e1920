"""Following a function while it runs: every operation, every sweep and every effect becomes an instruction.

Knows how operations, sweeps and Tensors tell of themselves (through the names that `listening` replaces). Does not know
what becomes of the program.

Note [Which array is which]
Values are told apart by the arrays they lie in: while a function is traced, every array that was seen is held, so that
its identity names it. Where the engine makes a copy of an array (of what a user could write into), the copy has the
same name. What is neither an input, nor computed, nor held by a Tensor from outside, is a constant: the function made
it, or found it, without an operation.
"""

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from .. import engine
from ..calling import Aval
from ..engine import CONTEXT, Cut, Node, Overheard, Variable, constant, reachable, switched
from ..errors import GraphError
from ..op import REGISTRY, Op
from ..places import place_of_user
from ..tensor import Tensor
from .program import Argument, Instruction, Program, Value, rebuilt, values_in

__all__ = ["Cotangent", "Tracer"]


class Cotangent:
    """A cotangent on its way through a sweep that is traced. The engine adds such up like arrays."""

    __slots__ = ("raw", "tracer", "value")
    __array_ufunc__ = None  # so that an array on the left leaves a sum to this

    def __init__(self, tracer: "Tracer", raw: Any, value: Value) -> None:
        self.tracer, self.raw, self.value = tracer, raw, value

    @property
    def shape(self) -> tuple[int, ...]:
        return self.raw.shape

    @property
    def dtype(self) -> Any:
        return self.raw.dtype

    @property
    def ndim(self) -> int:
        return self.raw.ndim

    def __add__(self, other: Any) -> "Cotangent":
        return self.tracer.sum(self, self.tracer.cotangent(other))

    def __radd__(self, other: Any) -> "Cotangent":
        return self.tracer.sum(self.tracer.cotangent(other), self)


class _Followed(Overheard):
    """An operation whose rules are followed during a sweep."""

    def __init__(self, tracer: "Tracer", node: Node) -> None:
        op: Any = node.op
        self.tracer, self.node, self.op, self.name, self.residuals = tracer, node, op, op.name, op.residuals

    def pull(self, xp: Any, parents: Any, saved: Any, statics: Any, g: Any) -> Any:
        return self.tracer.pull(self.op, self.node, xp, parents, saved, statics, g)


class Tracer:
    """Writes down what a function computes."""

    def __init__(self, lowering: Any = None) -> None:
        self.states: list[tuple[Callable[[], Any], Any]] = []  # what decides which operations are applied
        self.lowering = lowering  # is told of every instruction while its arrays are there
        self.instructions: list[Instruction] = []
        self.muted = 0
        self.born = engine._next_index()  # nodes with a lower index were recorded before
        self._arrays: dict[int, tuple[Any, Value]] = {}
        self._variables: dict[int, tuple[Variable, Value]] = {}  # of truth values, which NumPy has only two of
        self._outside: dict[int, Variable] = {}  # what was read from Tensors from outside, by the id of the array
        self._owners: dict[int, tuple[Any, Variable]] = {}  # of each array that was read, the Tensor it was read from
        self._before: dict[int, tuple[Any, Value]] = {}  # those that something was performed after; graphs hold them
        self._births: set[int] = set()  # the arrays of Tensors that were made inside
        self._grads: dict[Tensor, Any] = {}  # of each leaf that was looked at, the gradient that the program knows of
        self.had_grad: dict[Tensor, bool] = {}  # of each such leaf, whether it had a gradient when first looked at
        self._count = 0

    # --- values -------------------------------------------------------------------------------------------------------

    def new(self, array: Any) -> Value:
        """A value for an array that was not seen before."""
        is_array = isinstance(array, np.ndarray | np.generic)
        value = Value(self._count, *((array.shape, array.dtype) if is_array else ((), np.dtype(object))))
        self._count += 1
        return value

    def keep(self, array: Any, value: Value) -> Value:
        """From here on, this array is that value."""
        if not isinstance(array, np.bool_):
            self._arrays[id(array)] = array, value
        return value

    def copied(self, array: Any, copy: Any) -> None:
        """A copy of an array was made, which is the same value."""
        found = self._arrays.get(id(array))
        if found is not None:
            self.keep(copy, found[1])
        elif isinstance(array, np.ndarray) and copy is not array:
            self.keep(copy, self._constant(array))

    def known(self, array: Any) -> Value | None:
        """The value that lies in an array, if it was seen."""
        found = self._arrays.get(id(array))
        return None if found is None else found[1]

    def _constant(self, array: Any) -> Value:
        value = self.known(array)
        if value is None:
            value = self.keep(array, self.new(array))
            value.array = array
            if self.lowering is not None:
                self.lowering.constant(value, array)
        return value

    def input(self, array: Any) -> Value:
        """An array that the function is called with."""
        value = self.keep(array, self.new(array))
        if self.lowering is not None:
            self.lowering.input(value, array)
        return value

    def argument(self, given: Any, value: Any) -> Argument:
        """What an operation was given, as an argument of an instruction."""
        if isinstance(given, Variable):
            return self.of_variable(given, value)
        if isinstance(value, np.ndarray | np.generic):
            return self._constant(value)
        return value

    def of_variable(self, variable: Variable, array: Any = None) -> Value:
        """The value of a Tensor; one from outside is read here."""
        array = variable._array if array is None else array
        value = self.known(array)
        if value is None and isinstance(array, np.bool_) and id(variable) in self._variables:
            value = self._variables[id(variable)][1]
        if value is None:
            held, owner = self._owners.get(id(array), (None, variable))
            owner = owner if held is array and owner._array is array else variable  # not one that shares its array
            self._owners[id(array)] = array, owner
            value = self._emit("read", None, (), array, target=owner)
            self._outside[id(array)] = owner
        return value

    def named(self, variable: Variable) -> None:
        """A Tensor was made around what was computed last. (Truth values alone have no identity of their own.)"""
        if isinstance(variable._array, np.bool_) and self.instructions and self.instructions[-1].outputs:
            self._variables[id(variable)] = variable, self.instructions[-1].outputs[0]

    def is_constant(self, variable: Variable) -> bool:
        """Whether the numbers of a Tensor are the same in every call: it was made inside, from nothing outside."""
        value = self.known(variable._array)
        return value is not None and value.array is not None

    def option(self, option: Any) -> Any:
        """A static option, with Values in the place of arrays."""
        if isinstance(option, tuple):
            known = self.known(option)
            return rebuilt(option, map(self.option, option)) if known is None else known
        if isinstance(option, np.ndarray):
            return self._constant(option)
        if isinstance(option, np.generic):  # a result without axes, used as an index
            known = self.known(option)
            return option if known is None else known
        return option

    def _emit(self, kind: Any, op: Op | None, inputs: tuple[Any, ...], *outs: Any, **more: Any) -> Any:
        values = tuple(self.keep(out, self.new(out)) for out in outs)
        path, place = more.pop("path", None) or CONTEXT.get().path, place_of_user()
        instruction = Instruction(kind, op, inputs, values, path=path, place=place, **more)
        self.instructions.append(instruction)
        if self.lowering is not None:
            self.muted += 1  # lowering runs rules, which may apply operations
            try:
                self.lowering.add(instruction, outs)
            finally:
                self.muted -= 1
        return values[0] if len(values) == 1 else values

    # --- operations ---------------------------------------------------------------------------------------------------

    def applied(self, op: Op, frame: FrameType, result: Any) -> None:
        """An operation was applied: `frame` is that of its public function."""
        own = frame.f_locals
        if op.variadic:
            name = op.arrays[0]
            pairs = zip(own[name], own[f"{name}_value"], strict=True)
            inputs: tuple[Any, ...] = (tuple(self.argument(*pair) for pair in pairs),)
        else:
            inputs = tuple(self.argument(own[name], own[f"{name}_value"]) for name in op.arrays)
        outs = result if op.aux else (result,)
        outs = tuple(out for out in outs if out is not None)  # nothing was found besides
        if self._is_constant(inputs):  # computed from nothing that is followed
            self._constant(outs[0])
            return
        options = {name: self.option(own[name]) for name in op.statics}
        if not any(isinstance(x, Variable) for x in (own[op.arrays[0]] if op.variadic else map(own.get, op.arrays))):
            if any(value.array is None for value in values_in((inputs, options))):
                place = place_of_user()
                raise GraphError(
                    f"trace: {op.name} of plain arrays gives a plain array, which would be that of this one call"
                    f"{f' ({place}: {place.text})' if place else ''}; write ag.asarray around the array"
                )
            self._constant(outs[0])
            return
        self._emit("apply", op, inputs, *outs, options=options)

    def _is_constant(self, inputs: Any) -> bool:
        if isinstance(inputs, tuple):
            return all(map(self._is_constant, inputs))
        return not isinstance(inputs, Value)

    # --- sweeps -------------------------------------------------------------------------------------------------------

    def cotangent(self, raw: Any) -> Any:
        """An array as a cotangent that is followed."""
        if isinstance(raw, Cotangent):
            return raw
        if isinstance(raw, Variable):
            return Cotangent(self, raw._array, self.of_variable(raw))
        if isinstance(raw, np.ndarray | np.generic):
            return Cotangent(self, raw, self._constant(raw))
        return raw

    def sum(self, a: Cotangent, b: Cotangent) -> Cotangent:
        """The sum of two cotangents."""
        raw = a.raw + b.raw
        return Cotangent(self, raw, self._emit("add", REGISTRY["add"], (a.value, b.value), raw))

    def sweep(self, seeds: Any, *args: Any, **options: Any) -> dict[Node, Any]:
        """The engine's sweep, followed."""
        nodes = []
        for node in reachable(seeds, options.get("targets", ())):
            if node.op is not None and not isinstance(node.op, _Followed):
                nodes.append((node, node.op))
                node.op = _Followed(self, node)
        try:
            followed = {node: self.cotangent(g) for node, g in seeds.items()}
            found = engine.sweep(followed, *args, **options)
        finally:
            for node, op in nodes:
                node.op = op
        return {node: self._raw(g) for node, g in found.items()}

    def _raw(self, g: Any) -> Any:
        if not isinstance(g, Cotangent):
            return g
        raw = g.raw if isinstance(g.raw, np.ndarray) else np.asarray(g.raw)
        self.keep(raw, g.value)
        return raw

    def pull(self, op: Any, node: Node, xp: Any, parents: Any, saved: Any, statics: Any, g: Any) -> Any:
        """A step of a sweep: one instruction for each argument that gets a cotangent."""
        if xp is not np:
            return op.pull(xp, parents, saved, statics, g)
        if not isinstance(op, Op):
            return self._pull_other(op, node, parents, saved, statics, g)
        if node.index < self.born:
            raise GraphError(
                f"trace: a sweep goes through {op.name}, which was recorded before the function was called; "
                "compute it inside the function, or give the function its .detach()"
            )
        self.muted += 1
        try:
            pulled = tuple(op.pull(np, parents, saved, statics, g.raw))
        finally:
            self.muted -= 1
        known = {name: self._residual(value) for name, value in zip(op.residuals, saved, strict=True)}
        options = {name: self.option(value) for name, value in zip(op.statics, statics, strict=True)}
        avals = tuple(None if p is None else _aval(p) for p in parents)
        found: list[Any] = []
        for i, (parent, raw) in enumerate(zip(parents, pulled, strict=True)):
            if parent is None or raw is None:
                found.append(None)
                continue
            rule = 0 if op.variadic else i
            read = tuple(n for n in op.residuals if n in op.reads[rule] or n in op.fused_reads[rule])
            inputs = (g.value, *(known[name] for name in read))
            more: dict[str, Any] = {"options": options, "position": i, "avals": avals, "path": node.context.path}
            value = self._emit("pull", op, inputs, raw, names=("g", *read), **more)
            found.append(Cotangent(self, raw, value))
        return found

    def followed(self, saved: Any) -> Any:
        """What a rule gets of a value that is computed, or given, as a Tensor; a constant as it is."""
        if isinstance(saved, tuple) and not hasattr(saved, "_fields"):
            return tuple(map(self.followed, saved))
        value = self.known(saved) if isinstance(saved, np.ndarray | np.generic) else None
        return saved if value is None or value.array is not None else followed_constant(saved)

    def _residual(self, saved: Any) -> Any:
        if saved is not None and self.known(saved) is not None:
            return self.known(saved)
        if isinstance(saved, tuple):
            return rebuilt(saved, map(self._residual, saved))
        if self.known(saved) is None and id(saved) in self._before:
            return self._before[id(saved)][1]
        return self._constant(saved) if isinstance(saved, np.ndarray | np.generic) else saved

    def _pull_other(self, op: Any, node: Node, parents: Any, saved: Any, statics: Any, g: Any) -> Any:
        """A step through something that is not an operation of the registry: a listener, or a whole function."""
        if isinstance(op, Overheard):
            pulled = tuple(self.pull(op.op, node, np, parents, saved, statics, g))
            op.listener(self._raw(g), tuple(map(self._raw, pulled)))
            return pulled
        if getattr(op, "by_hand", False):  # the user's rule gets Tensors, so that what it computes is seen
            parts = type(g)({i: self._tensor(part) for i, part in g.items()})
            with switched(recording=False):
                pulled = op._pull(True, parents, parts)
            return [None if p is None else self.cotangent(p) for p in pulled]
        return [p if isinstance(p, dict) else self.cotangent(p) for p in op.pull(np, parents, saved, statics, g)]

    def _tensor(self, g: Any) -> Any:
        return followed_constant(self._raw(g)) if isinstance(g, Cotangent) else g

    def push(self, original: Callable[..., Any], node: Node, tangents: Sequence[Any], recorded: bool) -> Any:
        """A step of forward mode, by operations, so that they are seen."""
        if recorded:
            return original(node, tangents, True)
        for t in tangents:
            if isinstance(t, np.ndarray | np.generic):
                self._constant(t)
        with switched(recording=False):
            out = original(node, [None if t is None else followed_constant(t) for t in tangents], True)
        return out._array if isinstance(out, Variable) else out

    # --- effects ------------------------------------------------------------------------------------------------------

    def stored(self, tensor: Tensor, new: Variable, before: Any) -> None:
        """A leaf or constant, which had the array `before`, was written into in place."""
        value = self.of_variable(new)
        if id(before) in self._births:
            self._births.add(id(tensor._array))
        else:
            self._emit("store", None, (value,), target=tensor)
            self._outside[id(tensor._array)] = tensor
        self.keep(tensor._array, value)

    def moved(self, tensor: Tensor, before: Any) -> None:
        """A Tensor got a copy of its array, which was `before`."""
        value = self.known(before)
        if value is not None:
            self.keep(tensor._array, value)
            if self.is_outside(before):
                self._outside[id(tensor._array)] = tensor

    def detached(self, detach: Callable[[Any], Any], variable: Variable) -> Any:
        """A Tensor that shares the array of another, which may get a new one on the way."""
        value, was_outside = self.of_variable(variable), self.is_outside(variable._array)
        result = detach(variable)
        self.keep(variable._array, value)
        if was_outside:
            self._outside[id(variable._array)] = variable
            self._owners[id(variable._array)] = variable._array, variable
        self.named(result)
        return result

    def is_outside(self, array: Any) -> bool:
        """Whether an array is that of a Tensor from outside the function."""
        return id(array) in self._outside

    def born_inside(self, array: Any) -> None:
        """An array of a Tensor that was made inside the function, from numbers or from an array."""
        if isinstance(array, np.ndarray) and self.known(array) is None:
            self.keep(array, self._constant(array.copy()))
        self._births.add(id(array))

    def looked_at(self, tensor: Tensor, replaced: bool = False) -> None:
        """Somebody is about to read the gradient of a Tensor, or to replace it whatever it was."""
        grad = getattr(tensor, "_grad", None)
        if tensor not in self._grads:
            self._grads[tensor] = grad
            if not replaced:
                self.had_grad[tensor] = grad is not None
        if grad is not None and not replaced and self.known(grad._array) is None:
            self._emit("read_grad", None, (), grad._array, target=tensor)

    def flush(self) -> None:
        """Write down which gradients leaves have now, where the program does not know yet."""
        for tensor, before in self._grads.items():
            grad = getattr(tensor, "_grad", None)
            if grad is not before:
                value = None if grad is None else self.of_variable(grad)
                self._emit("store_grad", None, (value,), target=tensor)
                self._grads[tensor] = grad

    def perform(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Do what has to be done in every replay, now."""
        if self.muted:
            return function(*arguments)
        self.flush()
        inputs = tuple(self._computed(a) if isinstance(a, Variable) else a for a in arguments)
        self.muted += 1
        try:
            result = function(*arguments)
        finally:
            self.muted -= 1
        for argument, value in zip(arguments, inputs, strict=True):
            if isinstance(value, Value):  # who looks at its array may be given a copy, and it the other
                self.keep(argument._array, value)
        outs = result if isinstance(result, tuple) else () if result is None else (result,)
        outs = tuple(out._array if isinstance(out, Variable) else out for out in outs)
        for out in outs:
            if not isinstance(out, np.ndarray | np.generic):
                raise GraphError(f"perform: what is done must return arrays or nothing, got {type(out).__name__}")
        own = tuple(np.array(out) for out in outs)  # a generator may give out an array that is known
        self._emit("perform", None, inputs, *own, target=function)
        # whatever it was may have changed Tensors from outside: they are read anew
        for array in self._outside:
            found = self._arrays.pop(array, None)
            if found is not None:
                self._before[array] = found
        self._outside.clear()
        for tensor in self._grads:
            grad = self._grads[tensor] = getattr(tensor, "_grad", None)
            if grad is not None:
                self._arrays.pop(id(grad._array), None)
        tensors = tuple(map(followed_constant, own))
        return tensors if isinstance(result, tuple) else tensors[0] if tensors else None

    @property
    def takes_updates(self) -> bool:
        """Whether updates in place become steps, rather than being performed."""
        return self.lowering is not None and self.lowering.takes_updates

    def rewrite(
        self,
        update: Callable[..., None],
        numbers: Callable[[], list[Any]],
        arrays: Sequence[Any],
        written: Sequence[bool],
    ) -> None:
        """An update in place: see `rewriting`."""
        self.muted += 1
        try:
            found = tuple(numbers())
        finally:
            self.muted -= 1
        self._emit("numbers", None, (), *found, target=numbers)
        given = [self.argument(x, x._array if isinstance(x, Variable) else x) for x in arrays]
        raws = []
        for x, is_written in zip(arrays, written, strict=True):
            if not isinstance(x, Variable):
                raws.append(x)
                continue
            value = self.of_variable(x)
            raws.append(x.writable() if is_written else x._array)  # type: ignore[attr-defined]
            if is_written:
                self.keep(x._array, value)
                self._outside[id(x._array)] = x
        inputs = (*given, *(self.known(n) for n in found))
        targets = [x for x, is_written in zip(arrays, written, strict=True) if is_written]
        outs = [raw for raw, is_written in zip(raws, written, strict=True) if is_written]
        values = tuple(self.new(out) for out in outs)
        instruction = Instruction("update", None, inputs, values, target=update, avals=tuple(targets))
        self.instructions.append(instruction)
        with switched(recording=False):
            self.muted += 1
            try:
                self.lowering.update(instruction, raws, list(found), written)
            finally:
                self.muted -= 1
        for out, value in zip(outs, values, strict=True):
            self.keep(out, value)

    def _computed(self, variable: Variable) -> Any:
        """The value of a Tensor that was computed here; one from outside is itself."""
        if self.is_outside(variable._array) or self.known(variable._array) is None:
            return variable
        return self.of_variable(variable)

    def program(self, name: str, inputs: Sequence[Value], outputs: Sequence[Any]) -> Program:
        """What was written down."""
        self.flush()
        return Program(name, inputs, self.instructions, outputs)


def followed_constant(array: Any) -> Any:
    """A Tensor around an array that is followed."""
    result: Any = constant(Tensor.result_class, array)
    result.lost = Cut("an input", "", None)
    return result


def _aval(node: Any) -> Aval:
    aval: Any = object.__new__(Aval)
    aval.shape, aval.dtype = node.shape, node.dtype
    return aval
