"""Running a program instruction by instruction, as it was captured: no plan, no buffers, the bits of eager code.

Knows what an instruction does through `executing`. Is the reference that plans are compared with.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..containers import flatten
from ..engine import Variable
from ..errors import AutogradError, DataError, DTypeError, GraphError, OptionError, ShapeError
from .effects import setter_of_grad, writer
from .executing import executable
from .listening import TRACER
from .program import Instruction, Program, Value, values_in
from .writing import Writer

__all__ = ["Replay"]

_Step = tuple[Callable[..., Any], list[Value], Instruction, list[Value]]


class Replay:
    """A program made ready: each instruction as a function, with the values that nobody needs after it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.leaves, _ = flatten([list(program.arguments[0]), program.arguments[1]])
        _, self.rebuild = flatten(program.result)
        self.changed = {id(i.target) for i in program.instructions if i.kind == "store"}
        last: dict[Value, int] = {}
        for n, i in enumerate(program.instructions):
            for value in (*i.outputs, *values_in((i.inputs, i.options))):
                last[value] = n
        kept = set(values_in(program.outputs))
        free: list[list[Value]] = [[] for _ in program.instructions]
        for value, n in last.items():
            if value not in kept:
                free[n].append(value)
        self.steps: list[_Step] = [
            (*self._function(i), i, gone) for i, gone in zip(program.instructions, free, strict=True)
        ]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if TRACER.get() is not None:
            raise GraphError(f"{self.program.name}: a program is run while another is traced; call the function itself")
        values = self._given(args, kwargs)
        for run, needed, i, gone in self.steps:
            try:
                found = run(*[values[value] for value in needed])
            except AutogradError:
                raise
            except Exception as error:  # whatever an operation does not take
                raise DataError(f"{self._named(i)}: {error}") from error
            self._keep(values, i, found)
            for value in gone:
                values.pop(value, None)
        return self.rebuild([self._out(values, x) for x in self.program.outputs])

    # --- what goes in and out -----------------------------------------------------------------------------------------

    def _given(self, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[Value, Any]:
        program = self.program
        named = dict(program.arguments[1])
        if kwargs.keys() == named.keys():
            kwargs = {name: kwargs[name] for name in named}  # in the order of capture
        given, _ = flatten([list(args), kwargs])
        expected = _outline([list(program.arguments[0]), named])
        if len(given) != len(self.leaves) or expected != _outline([list(args), kwargs]):
            call = Writer(program)._given(*program.arguments)
            raise OptionError(f"{program.name}: call it as it was captured: {program.name}({call})")
        values = {value: np.asarray(value.array) for value in program.constants() if value.array is not None}
        for expected, got in zip(self.leaves, given, strict=True):
            if isinstance(expected, Value):
                values[expected] = self._input(expected, got)
            elif type(expected) is not type(got) or not (expected is got or expected == got):
                raise OptionError(f"{program.name}: captured with {expected!r}, which cannot change; got {got!r}")
        return values

    def _input(self, value: Value, given: Any) -> Any:
        name = f"{self.program.name}: {self.program.names.get(value, value)}"
        if isinstance(given, Variable):
            if given.node is not None:
                raise GraphError(
                    f"{name}: a program records nothing, so that the gradient would be lost; use .detach()"
                )
            given = given._array
        array = np.asarray(given)
        if array.dtype != value.dtype:
            raise DTypeError(f"{name} is {value.type}, got {array.dtype}")
        if array.shape != value.shape:
            raise ShapeError(f"{name} is {value.type}, got shape {array.shape}")
        return array

    def _out(self, values: dict[Value, Any], x: Any) -> Any:
        if not isinstance(x, Value):
            return x
        array = values[x]
        owned = x not in self.program.inputs and x.array is None
        return array if owned or not isinstance(array, np.ndarray) else array.copy(order="K")

    # --- instructions -------------------------------------------------------------------------------------------------

    def _function(self, i: Instruction) -> tuple[Callable[..., Any], list[Value]]:
        if i.kind in ("read", "read_grad", "store", "store_grad") and i.target is None:
            return self._unbound(i), list(values_in(i.inputs))
        if i.kind in ("read", "read_grad"):
            return self._reader(i), []
        if i.kind == "store":
            return writer(i.target), list(values_in(i.inputs))
        if i.kind == "store_grad":
            if i.inputs[0] is None:
                return setter_of_grad(i.target, True), []
            put = setter_of_grad(i.target, False)
            return lambda array: put(np.array(array)), list(values_in(i.inputs))
        if i.kind == "update":
            raise GraphError(
                f"{self.program.name}: it updates in place, as a part of a plan; ag.trace gives a program that runs"
            )
        return executable(i)

    def _reader(self, i: Instruction) -> Callable[[], Any]:
        tensor, name = i.target, self._named(i)
        copied = id(tensor) in self.changed

        def read() -> Any:
            holder = tensor if i.kind == "read" else tensor._grad
            if holder is None:
                raise GraphError(f"{name}: there is no gradient now")
            array = np.asarray(holder._array)
            return array.copy(order="K") if copied or i.kind == "read_grad" else array

        return read

    def _unbound(self, i: Instruction) -> Callable[..., Any]:
        def refuse(*_: Any) -> Any:
            raise OptionError(
                f"{self.program.name}: it needs the Tensor {i.name!r}; say program.bind({{{i.name!r}: tensor}}), "
                "or program.bind(model)"
            )

        return refuse

    def _keep(self, values: dict[Value, Any], i: Instruction, found: Any) -> None:
        if not i.outputs:
            return
        results = found if isinstance(found, tuple | list) else (found,)
        if len(results) != len(i.outputs):
            raise DataError(f"{self._named(i)}: it gave {len(results)} results")
        for value, result in zip(i.outputs, results, strict=True):
            shape, dtype = np.shape(result) if value.dtype != object else (), getattr(result, "dtype", None)
            if value.dtype != object and (shape != value.shape or dtype != value.dtype):
                raise DataError(f"{self._named(i)}: it gave {dtype}[{','.join(map(str, shape))}]")
            values[value] = result

    def _named(self, i: Instruction) -> str:
        return f"{self.program.name}: {Writer(self.program).statement(i)}"


def _outline(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _outline(part) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree) is list, [_outline(part) for part in tree]
    return tree is None
