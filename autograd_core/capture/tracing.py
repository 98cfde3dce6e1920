"""Following a function while it runs: every operation, every sweep and every effect becomes an instruction.

Knows what may happen outside the function: Tensors that are written into, gradients, and what is performed. Does not
know how it hears of all that (`listening`), nor what becomes of the program.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Variable, switched
from ..errors import GraphError
from ..tensor import Tensor
from .guarding import undisturbed
from .program import Instruction, Program, Value
from .record import followed_constant
from .sweeping import Sweeping

__all__ = ["Tracer"]

_ANY: Any = object()  # a gradient that may be there or not, as it is replaced


class Tracer(Sweeping):
    """Writes down what a function computes, and what it changes."""

    def __init__(self, lowering: Any = None) -> None:
        super().__init__(lowering)
        self._births: set[int] = set()  # the arrays of Tensors that were made inside
        self._grads: dict[Tensor, Any] = {}  # of each leaf that was looked at, the gradient that the program knows of
        self.had_grad: dict[Tensor, bool] = {}  # of each such leaf, whether it had a gradient when first looked at

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
            self._grads[tensor] = _ANY if replaced else grad
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
        seen = [get() for get, _ in self.states]
        self.muted += 1
        try:
            result = function(*arguments)
        finally:
            self.muted -= 1
        self.states = undisturbed(self.states, seen)  # what this changed, it changes in every replay
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
        for out, its_own in zip(result if isinstance(result, tuple) else (result,), own, strict=False):
            if not isinstance(out, Variable):
                self.plain[self._constant(its_own)] = "array" if isinstance(out, np.ndarray) else "number"
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
            tensor: Any = x  # what optimizers write into are leaves
            raws.append(tensor.writable() if is_written else x._array)
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
