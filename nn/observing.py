"""Observing which modules are called, with what, and what comes out, while a model runs as it always does.

Knows modules and calls. Does not know layers. Nobody pays for it while nobody observes: only then is there another
`Module.__call__`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import autograd_core as ag

from .module import Module

__all__ = ["Call", "observed"]


@dataclass(eq=False)
class Call:
    """One call of a module.

    `path` is the module's in the observed model, "" for the model itself. `caller` is the call that it was made in,
    None for one from outside. `output` is what came back, None before that (`finished` tells the two apart).
    """

    path: str
    module: Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    output: Any = None
    finished: bool = False
    caller: "Call | None" = None
    leaf: bool = True  # it has called no other module

    @property
    def depth(self) -> int:
        """How many calls it was made in."""
        depth, call = 0, self.caller
        while call is not None:
            depth, call = depth + 1, call.caller
        return depth


@dataclass(eq=False)
class _Record:
    """What one `observed` has seen: the paths it listens to, the calls so far, and those that have not returned."""

    paths: dict[int, str]
    calls: list[Call] = field(default_factory=list)
    running: list[Call] = field(default_factory=list)


@contextmanager
def observed(model: Module) -> Iterator[list[Call]]:
    """Every call of a model and of the modules in it, in this context, in the order in which the calls begin.

    A module that is used twice is there twice, under the path that it is first found at. The list holds all inputs and
    outputs, with the graphs behind them, for as long as it lives.
    Errors: OptionError for what is no Module. A call that raises stays in the list, not `finished`.

    >>> model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    >>> with observed(model) as calls:
    ...     y = model(np.ones((4, 2), np.float32))
    >>> [(call.path, type(call.module).__name__, call.output.shape) for call in calls]
    [('', 'Sequential', (4, 3)), ('0', 'Linear', (4, 3)), ('1', 'ReLU', (4, 3))]
    """
    if not isinstance(model, Module):
        raise ag.OptionError(f"observed: expects an nn.Module, got {type(model).__name__}")
    record = _Record({id(module): path for path, module in model.named_modules()})
    token = _RECORDS.set((*_RECORDS.get(), record))
    _SWITCH.turn(+1)
    try:
        yield record.calls
    finally:
        _SWITCH.turn(-1)
        _RECORDS.reset(token)


_RECORDS: ContextVar[tuple[_Record, ...]] = ContextVar("records", default=())
_CALL: Any = Module.__call__


def _observed_call(self: Module, *args: Any, **kwargs: Any) -> Any:
    """Call a module, and write it down wherever it is known."""
    begun = []
    for record in _RECORDS.get():
        path = record.paths.get(id(self))
        if path is not None:
            caller = record.running[-1] if record.running else None
            if caller is not None:
                caller.leaf = False
            call = Call(path, self, args, kwargs, caller=caller)
            record.calls.append(call)
            record.running.append(call)
            begun.append((record, call))
    try:
        output = _CALL(self, *args, **kwargs)
        for _, call in begun:
            call.output, call.finished = output, True
        return output
    finally:
        for record, _ in begun:
            record.running.pop()


class _Switch:
    """Puts `_observed_call` in the place of `Module.__call__` while somebody observes, in whatever thread."""

    def __init__(self) -> None:
        self._observers, self._lock = 0, Lock()

    def turn(self, step: int) -> None:
        with self._lock:
            self._observers += step
            Module.__call__ = _observed_call if self._observers else _CALL  # type: ignore[method-assign]  # on purpose


_SWITCH = _Switch()
