"""What a function that is being traced has computed so far: which array is which value, and what was applied.

Knows operations and Tensors. Does not know sweeps, nor what a function changes outside.

Note [Which array is which]
Values are told apart by the arrays they lie in: while a function is traced, every array that was seen is held, so that
its identity names it. Where the engine makes a copy of an array (of what a user could write into), the copy has the
same name. What is neither an input, nor computed, nor held by a Tensor from outside, is a constant: the function made
it, or found it, without an operation.

Note [Plain arrays]
A plain array among the arguments is followed as a Tensor that stands for it, and so is all that is computed from such
arrays alone. `plain` remembers which values these are, and whether NumPy gave an array or a number, so that the caller
gets what the function would have returned.
"""

from types import FrameType
from typing import Any, Literal, TypeAlias

import numpy as np

from .. import engine
from ..engine import CONTEXT, Cut, Variable, constant
from ..errors import GraphError
from ..op import REGISTRY, Op
from ..places import place_of_user
from ..tensor import Tensor
from .program import Argument, Instruction, Value, rebuilt, values_in

__all__ = ["Plain", "Record", "as_given", "followed_constant"]

Plain: TypeAlias = Literal["array", "number"]


class Record:
    """The instructions that were written down, and the values that they are about."""

    def __init__(self, lowering: Any = None) -> None:
        self.states: list[Any] = []  # what decides which operations are applied
        self.lowering = lowering  # is told of every instruction while its arrays are there
        self.instructions: list[Instruction] = []
        self.muted = 0
        self.born = engine._next_index()  # nodes with a lower index were recorded before
        self._arrays: dict[int, tuple[Any, Value]] = {}
        self._outside: dict[int, Variable] = {}  # what was read from Tensors from outside, by the id of the array
        self._owners: dict[int, tuple[Any, Variable]] = {}  # of each array that was read, the Tensor it was read from
        self.plain: dict[Value, Plain] = {}  # see Note [Plain arrays]
        self.given: dict[int, Variable] = {}  # by their ids, the Tensors that stand for arguments
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
        if isinstance(array, np.bool_):  # from outside: see `listening`; the next trace finds it as an array
            variable._array = array = np.asarray(array)
        value = self.known(array)
        if value is None:
            held, owner = self._owners.get(id(array), (None, variable))
            owner = owner if held is array and owner._array is array else variable  # not one that shares its array
            self._owners[id(array)] = array, owner
            value = self._emit("read", None, (), array, target=owner)
            self._outside[id(array)] = owner
        return value

    def is_constant(self, variable: Variable) -> bool:
        """Whether the numbers of a Tensor are the same in every call: it was made inside, from nothing outside."""
        value = self.known(variable._array)
        return value is not None and value.array is not None

    def form(self, x: Any) -> Plain | None:
        """What a result is to those who know nothing of this: a plain array, a number of NumPy's, or None of these."""
        if isinstance(x, Variable):
            return self.plain.get(self.of_variable(x))
        return "array" if isinstance(x, np.ndarray) else "number" if isinstance(x, np.generic) else None

    def is_plain(self, x: Any) -> bool:
        """Whether this is no Tensor, or stands for what is none."""
        if not isinstance(x, Variable):
            return True
        return self.known(x._array) in self.plain

    def standing_for(self, raw: Any) -> Any:
        """A Tensor in the place of a plain array."""
        value = self._constant(raw)
        self.plain[value] = "array" if isinstance(raw, np.ndarray) else "number"
        return followed_constant(raw)

    def made_tensor(self, variable: Variable) -> Variable:
        """What stands for a plain array, as a Tensor that somebody has made of it."""
        result: Variable = REGISTRY["alias"].call(variable)
        self.plain.pop(self.of_variable(result), None)
        return result

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

    def applied(self, op: Op, frame: FrameType, result: Any, is_array: bool) -> None:
        """An operation was applied: `frame` is that of its public function; NumPy gave an array, or a number."""
        own = frame.f_locals
        if op.variadic:
            name = op.arrays[0]
            given, values = own[name], own[f"{name}_value"]
            inputs: tuple[Any, ...] = (tuple(map(self.argument, given, values)),)
        else:
            given = [own[name] for name in op.arrays]
            inputs = tuple([self.argument(x, own[f"{name}_value"]) for name, x in zip(op.arrays, given, strict=True)])
        outs = result if op.aux else (result,)
        outs = tuple(out for out in outs if out is not None)  # nothing was found besides
        if self._is_constant(inputs):  # computed from nothing that is followed
            self._constant(outs[0])
            return
        options = {name: self.option(own[name]) for name in op.statics}
        is_plain = all(map(self.is_plain, given))
        if not any(isinstance(x, Variable) for x in given):
            if any(value.array is None for value in values_in((inputs, options))):
                place = place_of_user()
                raise GraphError(
                    f"trace: {op.name} of plain arrays gives a plain array, which would be that of this one call"
                    f"{f' ({place}: {place.text})' if place else ''}; write ag.asarray around the array"
                )
            self._constant(outs[0])
            return
        found = self._emit("apply", op, inputs, *outs, options=options)
        if is_plain:
            value = found if isinstance(found, Value) else found[0]
            self.plain[value] = "array" if is_array else "number"

    def _is_constant(self, inputs: Any) -> bool:
        if isinstance(inputs, tuple):
            return all(map(self._is_constant, inputs))
        return not isinstance(inputs, Value)


def followed_constant(array: Any) -> Any:
    """A Tensor around an array that is followed."""
    result: Any = constant(Tensor.result_class, array)
    result.lost = Cut("an input", "", None)
    return result


def as_given(array: Any, form: Plain) -> Any:
    """An array in the form in which NumPy gave it."""
    return array[()] if form == "number" and not array.ndim else np.asarray(array)
