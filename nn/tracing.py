"""One forward pass of a model, watched: which modules were called with what, and what their operations cost.

Knows modules and the meter of autograd_core. Does not know how any of it is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import autograd_core as ag

from .module import Module
from .parameter import values
from .untouched import left_as_it_was

__all__ = ["Call", "Trace", "trace"]

_SHOWN = 3  # so many calls of one module by another are told apart; the rest of them count as one


@dataclass
class Call:
    """A module that was called: by which call, with what, and what its own operations cost.

    `inputs` and `outputs` are those of the first call if it stands for several (`calls`), as shapes in the nesting
    that they came in, "-" as long as there are none. `again` says that the module had been called before. The
    operations of modules that it called are theirs. With no `calls` it is a module that was not called; if `partly`,
    some below it were.
    """

    module: Module
    parent: "Call | None" = None
    children: list["Call"] = field(default_factory=list)
    inputs: Any = "-"
    outputs: Any = "-"
    calls: int = 1
    again: bool = False
    failed: bool = False
    partly: bool = False
    multiply_adds: int = 0
    kept: int = 0


@dataclass
class Trace:
    """What a forward pass did: the first call, which leads to all others, and what its operations cost.

    `largest` is the largest result of an operation, in bytes. `unread` are the names of parameters that no operation
    had as an argument. `error` is what went wrong, if something did.
    """

    root: Call
    largest: int = 0
    unread: tuple[str, ...] = ()
    error: Exception | None = None


def trace(model: Module, args: Sequence[Any], kwargs: Mapping[str, Any], training: bool) -> Trace:
    """Run a model once and leave it as it was.

    All floating-point arguments and all parameters, frozen ones too, are recorded, so that every operation on them is
    seen. A model that will not take Tensors that require a gradient is run on the arguments as they are.
    """
    for prepared in (_recorded, _copied):
        found = _attempt(model, args, kwargs, training, prepared)
        if found.error is None:
            break
    return found


def _attempt(
    model: Module, args: Sequence[Any], kwargs: Mapping[str, Any], training: bool, prepared: Callable[..., Any]
) -> Trace:
    recorder = _Recorder(model)
    result = Trace(recorder.root)
    with left_as_it_was(model, training), ag.enable_grad():
        unwanted = [p.requires_grad_() for p in model.parameters() if not p.requires_grad]
        given, named = prepared(list(args), unwanted), prepared(dict(kwargs), unwanted)
        with ag.metered(unwanted) as meter:
            outputs, result.error = recorder.run(meter, given, named)
            kept = meter.kept()  # while the outputs hold the graph
            result.unread = tuple(name for name, p in model.named_parameters() if not meter.reads(p))
        del outputs
    for i, call in recorder.owners:
        call.multiply_adds += meter.costs[i].multiply_adds
        call.kept += kept[i]
    result.largest = max((cost.nbytes for cost in meter.costs), default=0)
    return result


class _Recorder:
    """Sees the modules of a model being called, and their `forward` too where a model calls it without calling them,
    which `observing` does not see."""

    def __init__(self, model: Module) -> None:
        self.model, self.root = model, Call(model)
        self.owners: list[tuple[int, Call]] = []  # which call each operation belongs to
        self._stack: list[tuple[Call, bool]] = []  # and whether it is one of several, which tells nothing of its own
        self._seen: set[int] = set()
        self._mark = 0  # so many operations have been credited
        self._failure: BaseException | None = None

    def run(self, meter: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Exception | None]:
        """The outputs, and what went wrong; `left_as_it_was` takes away what makes the modules report."""
        self._meter = meter
        for module in self.model.modules():
            object.__setattr__(module, "forward", self._reporting(module, module.forward))
        try:
            return self.model(*args, **kwargs), None
        except Exception as error:  # raised again by summary, with the table up to here
            return None, error
        finally:
            self._failure = None

    def _reporting(self, module: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def report(*args: Any, **kwargs: Any) -> Any:
            call, own = self._enter(module, args, kwargs)
            try:
                outputs = forward(*args, **kwargs)
                if own:
                    call.outputs = shape_of(outputs)
                return outputs
            except BaseException as error:  # goes on; only where it came up is noted
                if error is not self._failure:  # else it comes from a module that this one called
                    self._failure, call.failed = error, True
                raise
            finally:
                self._credit()
                self._stack.pop()

        return report

    def _enter(self, module: Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Call, bool]:
        """The call that what happens next belongs to, and whether it is this very one."""
        self._credit()
        above, several = self._stack[-1] if self._stack else (None, False)
        if above is None:
            call, own = self.root, True
        elif several:
            call, own = above, False
        else:
            earlier = [called for called in above.children if called.module is module]
            several, own = len(earlier) >= _SHOWN, len(earlier) <= _SHOWN
            if own:
                call = Call(module, above, again=id(module) in self._seen)
                above.children.append(call)
            else:
                call = earlier[-1]
                call.calls += 1
        if own:
            given = [*args, *kwargs.values()]
            call.inputs = shape_of(given[0] if len(given) == 1 else given)
        self._seen.add(id(module))
        self._stack.append((call, several))
        return call, own

    def _credit(self) -> None:
        """What was recorded since the last change belongs to the innermost call."""
        if self._stack:
            self.owners += ((i, self._stack[-1][0]) for i in range(self._mark, len(self._meter.costs)))
        self._mark = len(self._meter.costs)


def shape_of(value: Any) -> Any:
    """The shapes of arrays in the nesting that they stand in; the type of anything else, by name.

    >>> shape_of({"x": np.ones((2, 3)), "state": [None, 1.5]})
    {'x': (2, 3), 'state': [None, 'float']}
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {str(name): shape_of(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [shape_of(part) for part in value]
    shape = getattr(value, "shape", None)
    return tuple(shape) if isinstance(shape, tuple) else type(value).__name__


def _recorded(value: Any, unwanted: list[ag.Tensor]) -> Any:
    """The arguments, those of floating point as Tensors that are recorded, all of them copies."""
    if isinstance(value, np.ndarray | np.generic | ag.Tensor) and value.dtype.kind == "f":
        tracked = ag.tensor(values(value), requires_grad=True).clone()  # no leaf: it may be assigned to
        unwanted.append(tracked)
        return tracked
    return _nested(value, _recorded, unwanted)


def _copied(value: Any, unwanted: list[ag.Tensor]) -> Any:
    return _nested(value, _copied, unwanted)


def _nested(value: Any, prepared: Callable[..., Any], unwanted: list[ag.Tensor]) -> Any:
    if isinstance(value, ag.Tensor):
        return ag.tensor(values(value))
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(prepared(part, unwanted) for part in value))
    if type(value) in (list, tuple):
        return type(value)(prepared(part, unwanted) for part in value)
    if type(value) is dict:
        return {name: prepared(part, unwanted) for name, part in value.items()}
    return value
