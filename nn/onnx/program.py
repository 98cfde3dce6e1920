"""A model as a program: what it computes for a batch of any size, as a list of operations and layers.

Knows modules, and the operations that `ag.taped` writes down. Does not know ONNX.

Note [Two runs]
The model is run twice, on batches of n and of n + 1 samples with other values. What is the same in both runs is a
constant of the program; a length that is n times something in one and n + 1 times that in the other follows the batch;
whatever else differs depends on the input in a way that was not written down (a Python number, an array that NumPy made
of what `.numpy()` gave), and is refused, rather than frozen at the values of the example.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..module import Module, values
from ..untouched import left_as_it_was

__all__ = ["Batch", "Call", "Constant", "Input", "Operation", "Parameter", "Program", "Ref", "Uniform", "program_of"]


@dataclass(frozen=True)
class Batch:
    """A length that is `factor` times the number of samples."""

    factor: int


@dataclass(frozen=True)
class Ref:
    """The value of this number, which an operation or a layer computed."""

    number: int


@dataclass(frozen=True)
class Input:
    """The input at this position."""

    position: int


@dataclass(frozen=True)
class Parameter:
    """A parameter or buffer of the model, by its name in the state_dict."""

    name: str


@dataclass(frozen=True, eq=False)
class Constant:
    """An array that is the same for every input."""

    value: NDArray[Any]


@dataclass(frozen=True)
class Uniform:
    """An array of one number whose shape follows the batch, such as a state that begins with zeros."""

    value: Any
    shape: tuple[int | Batch, ...]


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of autograd_core. `shapes` are those of its arguments, None for one left out."""

    name: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    result: Ref
    shape: tuple[int | Batch, ...]
    dtype: np.dtype[Any]
    shapes: tuple[Any, ...]
    where: str


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer that is exported as a whole."""

    path: str
    layer: Module
    arguments: tuple[Any, ...]
    results: tuple[Ref, ...]
    dtypes: tuple[np.dtype[Any], ...]
    shapes: tuple[Any, ...]


@dataclass(eq=False)
class Program:
    """Steps in order; `inputs` and `outputs` with their shapes and types; all parameters and buffers by name."""

    inputs: list[tuple[tuple[int | Batch, ...], np.dtype[Any]]]
    outputs: list[tuple[Any, tuple[int | Batch, ...], np.dtype[Any]]]
    steps: list[Operation | Call]
    state: dict[str, NDArray[Any]]


@dataclass(eq=False)
class _Called:
    """A call of a whole layer in one run: what went in, and the leaves that stand for what came out."""

    path: str
    layer: Module
    arguments: tuple[Any, ...]
    outputs: list[Any]
    position: int  # so many operations had been recorded before


@dataclass(eq=False)
class _Run:
    """One run of the model, and what was written down."""

    inputs: list[ag.Tensor]
    outputs: list[Any]
    tape: Any
    calls: list[_Called] = field(default_factory=list)


def program_of(
    model: Module, inputs: Sequence[Any], whole: Callable[[Module], bool] = lambda layer: False, batch: bool = True
) -> Program:
    """What a model computes for inputs of these shapes, in evaluation mode; the model is left as it was.

    `whole` tells the layers that are not looked into. Without `batch`, all lengths are those of the example.
    Errors: OptionError where the program depends on the input's values, or on the batch in other ways than by length.
    """
    given = [np.asarray(values(x) if isinstance(x, ag.Tensor) else x) for x in inputs]
    if not given:
        raise ag.OptionError("export: give the inputs of an example, arrays or Tensors")
    other = [_another(x, batch) for x in given]
    sizes = (len(given[0]), len(other[0])) if batch else (1, 1)
    with left_as_it_was(model, training=False), ag.enable_grad():
        frozen = [p for p in model.parameters() if not p.requires_grad]
        for parameter in frozen:
            parameter.requires_grad_()
        first, second = (_run(model, x, whole) for x in (given, other))
        return _Joined(model, first, second, sizes).program()


def _another(x: NDArray[Any], batch: bool) -> NDArray[Any]:
    """Inputs of the same kind with other values, and with one sample more."""
    if x.ndim == 0 or len(x) == 0:
        raise ag.OptionError(
            f"export: inputs need an axis of samples first, and at least one sample; got shape {x.shape}"
        )
    turned = x[::-1] if len(x) > 1 or x.dtype.kind != "f" else x * 1.5 + 0.25
    return np.concatenate([turned, turned[:1]]) if batch else np.ascontiguousarray(turned)


def _run(model: Module, arrays: Sequence[NDArray[Any]], whole: Callable[[Module], bool]) -> _Run:
    # what a Tensor shares stays the same array whoever looks at it, by which the tape knows it
    inputs = [ag.tensor(x, requires_grad=True) if x.dtype.kind == "f" else ag.asarray(x.copy()) for x in arrays]
    paths = {id(layer): path for path, layer in model.named_modules()}
    with ag.taped() as tape, _not_looked_into(model, whole, paths, tape) as calls:
        for x in inputs:
            if not x.requires_grad:
                tape.follow(x)
        outputs = model(*inputs)
    return _Run(inputs, list(_leaves(outputs)), tape, calls)


@contextmanager
def _not_looked_into(
    model: Module, whole: Callable[[Module], bool], paths: Mapping[int, str], tape: Any
) -> Iterator[list[_Called]]:
    """Have the layers that are exported as a whole run unseen, with fresh leaves in the place of their results."""
    calls: list[_Called] = []

    def unseen(layer: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                return forward(*args, **kwargs)
            fresh: list[Any] = []

            def leaf(output: ag.Tensor) -> ag.Tensor:
                fresh.append(ag.tensor(values(output), requires_grad=True))
                return fresh[-1]

            with tape.paused(), ag.no_grad():
                result = _mapped(forward(*args), leaf)
            calls.append(_Called(paths[id(layer)], layer, tuple(_leaves(args)), fresh, len(tape.steps)))
            return result

        return run

    chosen = [layer for layer in model.modules() if whole(layer)]
    for layer in chosen:
        object.__setattr__(layer, "forward", unseen(layer, layer.forward))
    try:
        yield calls
    finally:
        for layer in chosen:
            object.__delattr__(layer, "forward")


class _Joined:
    """Two runs of one model, joined to one program. Values are called by their numbers in the first run."""

    def __init__(self, model: Module, first: _Run, second: _Run, sizes: tuple[int, int]) -> None:
        self.state, self.first, self.second, self.sizes = model.state_dict(), first, second, sizes
        self.given: dict[int, Any] = {}  # what was there before the first operation
        self.shapes: dict[int, tuple[int | Batch, ...]] = {}
        self.same: dict[int, int] = {}  # the number in the first run of a number in the second
        for name, parameter in model.named_parameters():
            self.given[self._join(parameter, parameter, "a parameter")] = Parameter(name)
        for i, pair in enumerate(zip(first.inputs, second.inputs, strict=True)):
            self.given[self._join(*pair, "the input")] = Input(i)

    def _join(self, x: ag.Tensor, y: ag.Tensor, where: str) -> int:
        number, other = self.first.tape.number(x), self.second.tape.number(y)
        self.same[other], self.shapes[number] = number, self._lengths(x.shape, y.shape, where)
        return int(number)

    def program(self) -> Program:
        a, b = self.first.tape.steps, self.second.tape.steps
        names = [[step.operation for step in steps] for steps in (a, b)]
        calls = [[(call.path, call.position) for call in run.calls] for run in (self.first, self.second)]
        if names[0] != names[1] or calls[0] != calls[1]:
            raise ag.OptionError(
                "export: the model computes other operations for another batch, so it has no one program; its "
                "forward must not decide by the values or the number of samples"
            )
        steps: list[Operation | Call] = []
        waiting = list(zip(self.first.calls, self.second.calls, strict=True))
        for i, pair in enumerate(zip(a, b, strict=True)):
            while waiting and waiting[0][0].position <= i:
                steps.append(self._call(*waiting.pop(0)))
            steps.append(self._operation(*pair))
        steps += [self._call(*pair) for pair in waiting]
        return Program(self._described(self.first.inputs, self.second.inputs), self._outputs(), steps, self.state)

    def _described(self, xs: Sequence[Any], ys: Sequence[Any]) -> list[tuple[tuple[int | Batch, ...], Any]]:
        return [(self._lengths(x.shape, y.shape, "the input"), x.dtype) for x, y in zip(xs, ys, strict=True)]

    def _outputs(self) -> list[tuple[Any, tuple[int | Batch, ...], Any]]:
        where = "the output of the model"
        return [
            (self._tensor(x, y, where), self._lengths(x.shape, y.shape, where), x.dtype)
            for x, y in zip(self.first.outputs, self.second.outputs, strict=True)
            if x is not None
        ]

    def _operation(self, a: Any, b: Any) -> Operation:
        where = f"{a.operation}{f' in {a.path}' if a.path else ''}{f' ({a.place})' if a.place else ''}"
        pairs = list(zip(a.arguments, b.arguments, strict=True))
        arguments = tuple(self._argument(x, y, where) for x, y in pairs)
        options = {name: self._option(value, b.options[name], where) for name, value in a.options.items()}
        shapes = tuple(
            self.shapes[x]
            if ag.Tape.refers(x)
            else None
            if x is None
            else self._lengths(np.shape(x), np.shape(y), where)
            for x, y in pairs
        )
        self.same[b.result] = a.result
        self.shapes[a.result] = lengths = self._lengths(a.shape, b.shape, where)
        return Operation(a.operation, arguments, options, Ref(a.result), lengths, a.dtype, shapes, where)

    def _call(self, a: _Called, b: _Called) -> Call:
        where = f"{a.path} ({type(a.layer).__name__})"
        pairs = list(zip(a.arguments, b.arguments, strict=True))
        arguments = tuple(self._tensor(x, y, where) for x, y in pairs)
        shapes = tuple(None if x is None else self._lengths(np.shape(x), np.shape(y), where) for x, y in pairs)
        results = tuple(Ref(self._join(x, y, where)) for x, y in zip(a.outputs, b.outputs, strict=True))
        return Call(a.path, a.layer, arguments, results, tuple(x.dtype for x in a.outputs), shapes)

    def _argument(self, x: Any, y: Any, where: str) -> Any:
        """What the arguments of an operation stand for: numbers on the tapes, or arrays."""
        if not ag.Tape.refers(x):
            return x if x is None or isinstance(x, bool) else self._constant(x, y, where)
        if self.same.get(y) != x:
            raise self._refusal(where)
        return self.given.get(x, Ref(x))

    def _tensor(self, x: Any, y: Any, where: str) -> Any:
        """What two Tensors, or two other arguments of a layer, stand for."""
        if isinstance(x, ag.Tensor) and (number := self.first.tape.number(x)) is not None:
            return self._argument(number, self.second.tape.number(y), where)
        return None if x is None else self._constant(values(x), values(y), where)

    def _constant(self, x: Any, y: Any, where: str) -> Any:
        x, y = np.asarray(x), np.asarray(y)
        if x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind == "f"):
            return Constant(x)
        if x.size and y.size and (x == x.flat[0]).all() and (y == x.flat[0]).all():
            return Uniform(x.flat[0], self._lengths(x.shape, y.shape, where))
        raise self._refusal(where)

    def _refusal(self, where: str) -> ag.OptionError:
        return ag.OptionError(
            f"export: an argument of {where} depends on the input in a way that is not recorded (by a Python number, "
            "or by NumPy through .numpy()), and would be frozen at the values of the example; compute it with Tensors, "
            "or outside, and pass it as an input"
        )

    def _option(self, x: Any, y: Any, where: str) -> Any:
        if isinstance(x, slice):
            parts = (self._option(getattr(x, n), getattr(y, n), where) for n in ("start", "stop", "step"))
            return slice(*parts)
        if isinstance(x, tuple | list) and isinstance(y, tuple | list) and len(x) == len(y):
            return tuple(self._option(u, v, where) for u, v in zip(x, y, strict=True))
        if isinstance(x, ag.Tensor):
            return self._tensor(x, y, where)
        if isinstance(x, np.ndarray):
            number = self.first.tape.find(x)
            if number is not None:
                return self._argument(number, self.second.tape.find(y), where)
            return self._constant(x, y, where)
        if isinstance(x, int | np.integer) and not isinstance(x, bool):
            return self._length(int(x), y, where)
        if x is not y and x != y:
            raise self._refusal(where)
        return x

    def _lengths(self, x: Sequence[int], y: Sequence[int], where: str) -> tuple[int | Batch, ...]:
        if len(x) != len(y):
            raise self._refusal(where)
        return tuple(self._length(m, n, where) for m, n in zip(x, y, strict=True))

    def _length(self, m: int, n: Any, where: str) -> int | Batch:
        if m == n:
            return int(m)
        factor, rest = divmod(m, self.sizes[0])
        if rest or n != factor * self.sizes[1]:
            raise self._refusal(where)
        return Batch(factor)


def _leaves(outputs: Any) -> Iterator[Any]:
    if isinstance(outputs, tuple | list):
        for part in outputs:
            yield from _leaves(part)
    elif isinstance(outputs, dict):
        for part in outputs.values():
            yield from _leaves(part)
    else:
        yield outputs


def _mapped(outputs: Any, made: Callable[[Any], Any]) -> Any:
    if isinstance(outputs, tuple | list):
        return type(outputs)(_mapped(part, made) for part in outputs)
    return made(outputs) if isinstance(outputs, ag.Tensor) else outputs
