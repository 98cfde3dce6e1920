"""How a profile hears of operations, sweeps and modules: names that are replaced while it lasts, and put back.

Knows where the engine looks up what it calls. Does not know what is made of what is heard. While nobody profiles,
nothing of this is in the way of anything; while somebody does, other threads pass by it.

Note [What is replaced]
    forward, record, why_lost    in the globals of each operation's public function (see Note [Generated functions])
    record                       in `custom`, for functions with a derivative of their own
    sweep, take_own, _deliver    where `tensor` and `transforms` look them up
    enter_module, leave_module   in the package, where modules look them up
During a sweep, each of its nodes has a stand-in for its operation: so the time of a rule is told from that of the
sweep, and where in a model the node stands; and a graph may be profiled that was recorded before. Operations that run
inside the rule of another one are part of that; only what users wrote (`custom_vjp`, `checkpoint`) is looked into.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from inspect import unwrap
from threading import get_ident
from typing import Any

import autograd_core

from .. import custom, engine, transforms
from ..arrays import take_own
from ..engine import Context, Node, Overheard, reachable
from ..op import REGISTRY, Op
from ..replacing import Replacements
from ..tensor import _deliver as deliver
from .recorder import Recorder
from .stopwatch import clock

__all__ = ["heard_by", "timed"]

_RECORDERS: ContextVar[tuple[Recorder, ...]] = ContextVar("recorders", default=())


def _listening() -> tuple[Recorder, ...]:
    """Who listens to this thread. (A thread may have been given a copy of another one's context.)"""
    recorders = _RECORDERS.get()
    return recorders if not recorders or recorders[0].thread == get_ident() else ()


@contextmanager
def heard_by(recorder: Recorder, alone: bool = False) -> Iterator[None]:
    """Let a recorder hear what this thread does in this context, beside those that do already, or alone."""
    _REPLACED.install()
    token = _RECORDERS.set((recorder,) if alone else (*_listening(), recorder))
    try:
        yield
    finally:
        _RECORDERS.reset(token)
        _REPLACED.remove()


def _replace_all(replace: Callable[[Any, str, Any], None]) -> None:
    for op in REGISTRY.values():
        here = getattr(unwrap(op.call), "__globals__", {})
        if here.get("op") is op:  # else it is composed of others
            replace(here, "forward", timed(op, here["forward"]))
            replace(here, "record", _record)
            replace(here, "why_lost", _why_lost)
    replace(vars(custom), "record", _record)
    replace(deliver.__globals__, "sweep", _sweep)
    replace(deliver.__globals__, "_deliver", _deliver)
    replace(vars(transforms), "sweep", _sweep)
    replace(vars(transforms), "take_own", _take_own)
    replace(vars(autograd_core), "enter_module", _enter_module)
    replace(vars(autograd_core), "leave_module", _leave_module)


_REPLACED = Replacements(_replace_all)


# --- operations -------------------------------------------------------------------------------------------------------


def timed(op: Op, forward: Callable[..., Any]) -> Callable[..., Any]:
    """The forward computation of an operation, as somebody listens to it."""
    name = op.name

    def timed_forward(*args: Any, **kwargs: Any) -> Any:
        recorders = _listening()
        if not recorders or recorders[0].inside_rule:
            return forward(*args, **kwargs)
        began = clock()
        for recorder in recorders:
            recorder.watch.open()
        result = None
        start = clock()
        try:
            result = forward(*args, **kwargs)
            return result
        finally:
            stop = clock()
            for recorder in recorders:
                recorder.computed(name, stop - start, (*args, *kwargs.values()), result)
            _charge(recorders, began, start, stop)

    return timed_forward


def _charge(recorders: tuple[Recorder, ...], began: int, start: int, stop: int) -> None:
    """An interval has ended, at both ends of which the listeners took some time too."""
    ended = clock()
    for recorder in recorders:
        recorder.watch.charge(ended - began, (start - began) + (ended - stop))


def _record(cls: Any, out: Any, op: Any, parents: Any, saved: Any, statics: Any, context: Context) -> Any:
    recorders = _listening()
    if recorders:
        start = clock()
        for recorder in recorders:
            recorder.recorded(op.name, parents, saved)
        _charge(recorders, start, start, start)
    return engine.record(cls, out, op, parents, saved, statics, context)


def _why_lost(op: Any, context: Context, arguments: Any) -> Any:
    recorders = _listening()
    if recorders:
        start = clock()
        for recorder in recorders:
            recorder.met(arguments, recorder.place(context.path))
        _charge(recorders, start, start, start)
    return engine.why_lost(op, context, arguments)


# --- sweeps -----------------------------------------------------------------------------------------------------------


class _Timed(Overheard):
    """An operation during a sweep whose rules are timed."""

    def __init__(self, op: Any, path: str) -> None:
        self.op, self.name, self.residuals, self.path = op, op.name, op.residuals, path
        self.rules = hasattr(op, "rules")  # not a function that somebody wrote, who may want to see into it

    def pull(self, xp: Any, parents: Any, saved: Any, statics: Any, g: Any) -> Any:
        recorders = _listening()
        if not recorders:
            return self.op.pull(xp, parents, saved, statics, g)
        began = clock()
        for recorder in recorders:
            recorder.begin_pull(self.path, self.rules)
        pulled = None
        start = clock()
        try:
            pulled = self.op.pull(xp, parents, saved, statics, g)
            if not isinstance(pulled, tuple | list):
                pulled = tuple(pulled)
            return pulled
        finally:
            stop = clock()
            for recorder in recorders:
                recorder.end_pull(self.name, stop - start, parents, saved, g, pulled)
            _charge(recorders, began, start, stop)


def _sweep(seeds: Any, *args: Any, targets: Any = frozenset(), edges: Any = None, **options: Any) -> Any:
    recorders = _listening()
    if not recorders:
        return engine.sweep(seeds, *args, targets=targets, edges=edges, **options)
    began = clock()
    nodes = _stand_in(reachable(seeds, targets) if edges is None else edges)
    for recorder in recorders:
        recorder.begin_sweep(node for node, _ in nodes)
    found = None
    start = clock()
    try:
        found = engine.sweep(seeds, *args, targets=targets, edges=edges, **options)
        return found
    finally:
        stop = clock()
        for node, timed in nodes:
            if node.op is timed:
                node.op = timed.op
        for recorder in recorders:
            recorder.end_sweep(stop - start, found)
        _charge(recorders, began, start, stop)


def _stand_in(nodes: Any) -> list[tuple[Node, _Timed]]:
    """Give nodes operations that are timed; those that do not have one from a sweep around this one."""
    pairs = []
    for node in nodes:
        if node.op is not None and type(node.op) is not _Timed:
            timed = _Timed(node.op, node.context.path)
            pairs.append((node, timed))
            node.op = timed
    return pairs


def _deliver(found: dict[Node, Any]) -> None:
    recorders = _listening()
    if not recorders:
        return deliver(found)
    began = clock()
    leaves: list[Any] = list(found)
    for recorder in recorders:
        recorder.begin_sweep()
    start = clock()
    try:
        deliver(found)
    finally:
        stop = clock()
        for recorder in recorders:
            held = ((leaf, owner.grad) for leaf in leaves if (owner := leaf.owner()) is not None)
            recorder.end_sweep(stop - start, {leaf: grad for leaf, grad in held if grad is not None})
        _charge(recorders, began, start, stop)


def _take_own(found: dict[Any, Any], leaf: Any) -> Any:
    array = take_own(found, leaf)
    recorders = _listening()
    if recorders:
        start = clock()
        for recorder in recorders:
            recorder.is_gradient(leaf, array)
        _charge(recorders, start, start, start)
    return array


# --- modules ----------------------------------------------------------------------------------------------------------


def _enter_module(name: str) -> Token[Context]:
    began = clock()
    token = engine.enter_module(name)
    for recorder in _listening():
        recorder.enter(token, began)
    return token


def _leave_module(token: Token[Context]) -> None:
    now = clock()
    for recorder in _listening():
        recorder.leave(token, now)
    engine.leave_module(token)
