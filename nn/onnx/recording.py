"""From a model to its program: it is run twice, and what the two runs have in common is the program.

Knows runs and programs. Does not know ONNX.

Note [Two runs]
The model is run on batches of n and of 2 n + 1 samples, with the values elsewhere. What is the same in both runs is a
constant of the program; a length that is k times n in one and k times 2 n + 1 in the other follows the batch, and so
does such a number that is computed with; whatever else differs depends on the input in a way that was not written down
(a Python number, an array that NumPy made of what `.numpy()` gave), and is refused, rather than frozen at the values of
the example. Half the samples, or all but one, are refused too: no such length is the same, or in proportion, in both.
Two runs more, on values drawn to the largest and to the smallest of the example, must agree with the first in all that
is not computed. So a decision by values goes unnoticed only if it is the same for all four.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..module import Module
from ..untouched import left_as_it_was
from .program import Batch, Call, Constant, Count, Input, Operation, Parameter, Program, Ref, Uniform
from .running import Called, Run, run

__all__ = ["program_of"]

_OUTPUT = "the output of the model"


def program_of(
    model: Module, inputs: Sequence[Any], whole: Callable[[Module], bool] = lambda layer: False, batch: bool = True
) -> Program:
    """What a model computes for inputs of these shapes, in evaluation mode; the model is left as it was.

    `whole` tells the layers that are not looked into. Without `batch`, all lengths are those of the example.
    Errors: OptionError where the program depends on the input's values, or on the batch in other ways than by length.
    """
    given = [_array(x) for x in inputs]
    if not given:
        raise ag.OptionError("export: give the inputs of an example, arrays or Tensors")
    if batch and any(len(x) % len(given[0]) for x in given):
        raise ag.OptionError(
            f"export: all inputs need the same number of samples, the first axis; got {[len(x) for x in given]}; "
            "dynamic_batch=False writes the lengths of the example"
        )
    others = [[_elsewhere(x, batch) for x in given], *([_drawn(x, to) for x in given] for to in (np.max, np.min))]
    sizes = (len(given[0]), len(others[0][0])) if batch else (1, 1)
    with left_as_it_was(model, training=False), ag.enable_grad(), np.errstate(all="ignore"):
        frozen = [p for p in model.parameters() if not p.requires_grad]
        for parameter in frozen:
            parameter.requires_grad_()
        first, second, *more = (run(model, x, whole) for x in (given, *others))
        for other in more:
            _Joined(model, first, other, (1, 1)).program()
        return _Joined(model, first, second, sizes).program()


def _array(x: Any) -> NDArray[Any]:
    """An input of the example; several in a tuple or a dict are none."""
    if x is None or isinstance(x, tuple | list | dict):
        raise ag.OptionError(
            f"export: an input must be an array, got {'None' if x is None else f'a {type(x).__name__}'}; wrap the "
            "model in a Module that takes arrays one by one, and leaves out what is None"
        )
    array = _plain(x)
    if array.ndim == 0 or len(array) == 0:
        raise ag.OptionError(
            f"export: inputs need an axis of samples first, and at least one sample; got shape {array.shape}"
        )
    return array


def _plain(x: Any) -> NDArray[Any]:
    """What a Tensor holds; anything else as an array, itself if it is one."""
    return x.detach().numpy() if isinstance(x, ag.Tensor) else np.asarray(x)


def _dtype(x: Any) -> np.dtype[Any]:
    return x.dtype if isinstance(x, ag.Tensor) else np.asarray(x).dtype


def _content(x: NDArray[Any]) -> tuple[str, tuple[int, ...], bytes]:
    return x.dtype.str, x.shape, x.tobytes()


def _elsewhere(x: NDArray[Any], batch: bool) -> NDArray[Any]:
    """The same values in other places, so that they lie in the same domain, and more samples."""
    turned = np.flip(x)
    return np.concatenate([turned, turned, turned[:1]]) if batch else np.ascontiguousarray(turned)


def _drawn(x: NDArray[Any], to: Callable[[Any], Any]) -> NDArray[Any]:
    """Values drawn to an extreme of them, within their range; where all are equal, the range is one around them."""
    if x.dtype.kind not in "iuf":
        return np.full_like(x, to(x))
    end = to(x)
    if x.dtype.kind == "f" and np.min(x) == np.max(x):
        end = to([x.flat[0] - 1, x.flat[0] + 1])
    drawn = x + 0.9 * (end - x.astype(float))
    return np.asarray(np.rint(drawn) if x.dtype.kind != "f" else drawn).astype(x.dtype)


class _Joined:
    """Two runs of one model, joined to one program. Values are called by their numbers in the first run."""

    def __init__(self, model: Module, first: Run, second: Run, sizes: tuple[int, int]) -> None:
        self.state, self.first, self.second, self.sizes = model.state_dict(), first, second, sizes
        self.given: dict[int, Any] = {}  # what was there before the first operation
        self.shapes: dict[int, tuple[int | Batch, ...]] = {}
        self.same: dict[int, int] = {}  # the number in the first run of a number in the second
        self.buffers = {_content(self.state[name]): name for name, _ in model.named_buffers() if name in self.state}
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
        where = _OUTPUT
        pairs = zip(self.first.outputs, self.second.outputs, strict=True)
        return [
            (self._tensor(x, y, where), self._lengths(np.shape(x), np.shape(y), where), _dtype(x))
            for x, y in pairs
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

    def _call(self, a: Called, b: Called) -> Call:
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
        if not ag.Tape.refers(y) or self.same.get(y) != x:
            raise self._refusal(where)
        return self.given.get(x, Ref(x))

    def _tensor(self, x: Any, y: Any, where: str) -> Any:
        """What two Tensors, or two other arguments of a layer, stand for."""
        if isinstance(x, ag.Tensor) and (number := self.first.tape.number(x)) is not None:
            return self._argument(number, self.second.tape.number(y), where)
        return None if x is None else self._constant(_plain(x), _plain(y), where)

    def _constant(self, x: Any, y: Any, where: str) -> Any:
        x, y = np.asarray(x), np.asarray(y)
        if x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind == "f"):
            name = self.buffers.get(_content(x)) if x.ndim else None
            return Constant(x) if name is None else Parameter(name)  # equal buffers are one, by whatever name
        if not x.size and not y.size:
            return Uniform(x.dtype.type(0), self._lengths(x.shape, y.shape, where))
        if x.size and y.size and (x == x.flat[0]).all() and (y == x.flat[0]).all():
            return Uniform(x.flat[0], self._lengths(x.shape, y.shape, where))
        if x.shape == y.shape == () and x == x.astype(np.int64):
            followed = self._length(int(x), y.item(), where)
            if isinstance(followed, Batch):
                return Count(followed.factor)
        raise self._refusal(where)

    def _refusal(self, where: str) -> ag.OptionError:
        what = where if where == _OUTPUT else f"an argument of {where}"
        return ag.OptionError(
            f"export: {what} depends on the input in a way that is not recorded (by a Python number, or by NumPy "
            "through .numpy()), and would be frozen at the values of the example; compute it with Tensors, or outside, "
            "and pass it as an input"
        )

    def _option(self, x: Any, y: Any, where: str) -> Any:
        if isinstance(x, slice):
            parts = (self._option(getattr(x, n), getattr(y, n), where) for n in ("start", "stop", "step"))
            return slice(*parts)
        if isinstance(x, tuple | list) and isinstance(y, tuple | list) and len(x) == len(y):
            return tuple(self._option(u, v, where) for u, v in zip(x, y, strict=True))
        if ag.Tape.refers(x):
            return self._argument(x, y, where)
        if isinstance(x, np.ndarray):
            return self._constant(x, y, where)
        if isinstance(x, int | np.integer) and not isinstance(x, bool):
            return self._length(int(x), y, where)
        if x is not y and (type(x) is not type(y) or (x != y and not x != x)):
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
