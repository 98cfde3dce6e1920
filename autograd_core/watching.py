"""Watching a computation while it is recorded and swept: values, cotangents, and the lines that asked for them.

A tool for tools. While somebody observes, the results of operations are `Watched`, and a Watched tells the observers of
its node; an operation that is `Overheard` tells of the cotangents that pass it. So the engine knows nothing of being
watched, and costs what it costs.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from .engine import Leaf, Node, Overheard, Variable, constant
from .places import Place, place_of_user
from .tensor import Tensor

Observer = Callable[["Watched", Node], None]

_OBSERVERS: ContextVar[tuple[Observer, ...]] = ContextVar("observers", default=())
_OF_CONSTANTS: ContextVar[tuple[Callable[["Watched"], None], ...]] = ContextVar("of_constants", default=())
_NODE: Any = vars(Variable)["node"]  # the slots
_LOST: Any = vars(Variable)["lost"]


class Watched(Tensor):
    """A Tensor that tells the observers of each node it gets, once it has its value; an observer may change that.

    Who observes constants is told of those that are computed from something tracked, or from another such constant.
    """

    __slots__ = ()

    @property
    def node(self) -> Node | None:
        return _NODE.__get__(self)

    @node.setter
    def node(self, node: Node | None) -> None:
        _NODE.__set__(self, node)
        if node is not None:
            for observer in _OBSERVERS.get():
                observer(self, node)

    @property
    def lost(self) -> Any:
        return _LOST.__get__(self)

    @lost.setter
    def lost(self, why: Any) -> None:
        _LOST.__set__(self, why)
        if why is not None:
            for observer in _OF_CONSTANTS.get():
                observer(self)


def watched_leaf(array: Any) -> Watched:
    """An array as the start of a watched graph. It is shared, not copied."""
    leaf: Any = constant(Watched, array, shared=True)
    leaf.node = Leaf(leaf)
    return leaf


class _Switch:
    """Makes results Watched while at least one observer is at work, in whatever thread."""

    def __init__(self) -> None:
        self._observers, self._lock = 0, Lock()

    def turn(self, step: int) -> None:
        with self._lock:
            self._observers += step
            Tensor.result_class = Watched if self._observers else Tensor


_SWITCH = _Switch()


@contextmanager
def observed_by(observer: Observer, of_constants: Callable[[Watched], None] | None = None) -> Iterator[None]:
    """Let an observer see what is recorded from here on, in this context, after those that observe already.

    What other threads compute meanwhile may be Watched too, which nobody there notices: they have no observer.
    """
    token = _OBSERVERS.set((*_OBSERVERS.get(), observer))
    other = _OF_CONSTANTS.set((*_OF_CONSTANTS.get(), of_constants)) if of_constants is not None else None
    _SWITCH.turn(+1)
    try:
        yield
    finally:
        _SWITCH.turn(-1)
        if other is not None:
            _OF_CONSTANTS.reset(other)
        _OBSERVERS.reset(token)


class Seen:
    """What was seen of a node: its value, its line, and in the latest sweep the cotangents that came and went on.

    Arrays as they were computed, none of them a copy; None for what was not seen. `inputs` are the values of all
    arguments, by position, constants among them. `sweep` numbers the sweeps' visits to nodes, rising.
    """

    __slots__ = ("gradient", "inputs", "place", "pulled", "sweep", "value")

    def __init__(self, value: Any, inputs: Sequence[Any], place: Place | None) -> None:
        self.value, self.inputs, self.place = value, inputs, place
        self.gradient: Any = None
        self.pulled: Sequence[Any] = ()
        self.sweep: int | None = None


_NEAR = 6  # so many frames lie at most between an operation and what observes its result

_SEEN: WeakKeyDictionary[Node, Seen] = WeakKeyDictionary()
_next_visit = count().__next__


def seen(node: Node) -> Seen | None:
    """What `watch` saw of a node; None if it was recorded while nobody watched."""
    return _SEEN.get(node)


@contextmanager
def watch() -> Iterator[None]:
    """Remember of all that is recorded inside its value, the line it stands on, and the gradients it will get.

    Graphs drawn afterwards show it all, and `why_nan` knows the lines. It lasts as long as the graph does, for which
    every value is kept; sweeps over that graph are seen wherever they are started. For looking, not for training: an
    operation takes several microseconds longer.

    >>> with ag.watch():
    ...     x = ag.tensor(2.0, requires_grad=True)
    ...     y = ag.sin(x * x)
    >>> y.backward()
    >>> graph = ag.draw(y, {"x": x})
    """
    with observed_by(_remember):
        yield


def _remember(value: Watched, node: Node) -> None:
    what = _SEEN[node] = Seen(value._array, arguments_of(node), place_of_user())
    if node.op is not None:
        overhear(node, lambda g, pulled: _note(what, g, pulled))


def arguments_of(node: Node) -> Sequence[Any]:
    """The values of an operation's arguments, which its own frame holds while it records its result.

    For an observer to ask, while it is told of the node.
    """
    frame = _frame_of(node.op)
    return () if frame is None else _held(node.op, frame)


def call_of_constant() -> tuple[Any, Sequence[Any], Sequence[Any], Sequence[Any]] | None:
    """The operation that a constant comes from, the values of its arguments, these as they were given, and its options.

    For an observer of constants to ask, while it is told of one; None if it comes from something else, as by detach.
    """
    frame: Any = sys._getframe(2)
    for _ in range(_NEAR):
        if frame is None:
            break
        op = frame.f_globals.get("op")
        if frame.f_globals.get("name_of_op") is not None and frame.f_code is _code_of(op):
            given = [frame.f_locals[name] for name in op.arrays]
            options = [frame.f_locals[name] for name in op.statics]
            return op, _held(op, frame), given[0] if op.variadic else given, options
        frame = frame.f_back
    return None


def options_as_given(op: Any) -> dict[str, Any]:
    """The options of an operation as its caller wrote them, where a public function stands before it that copies them.

    For an observer to ask, while it is told of the result; empty if there is no such function.
    """
    frame: Any = _frame_of(op)
    for _ in range(_NEAR):
        frame = None if frame is None else frame.f_back
        if frame is None:
            break
        if frame.f_code.co_name == op.name and all(name in frame.f_locals for name in op.statics):
            return {name: frame.f_locals[name] for name in op.statics}
    return {}


def _code_of(op: Any) -> Any:
    call = getattr(op, "call", None)
    return getattr(getattr(call, "__wrapped__", call), "__code__", None)  # some stand behind a check


def _frame_of(op: Any) -> Any:
    """The frame of an operation's own function, not far above."""
    code, frame = _code_of(op), sys._getframe(3)
    for _ in range(_NEAR):
        if code is None or frame is None or frame.f_code is code:
            break
        frame = frame.f_back  # type: ignore[assignment]  # None is looked for
    return frame if frame is not None and frame.f_code is code else None


def _held(op: Any, frame: Any) -> Sequence[Any]:
    held = [frame.f_locals[f"{name}_value"] for name in op.arrays]
    return tuple(held[0]) if op.variadic else tuple(held)


def _note(what: Seen, g: Any, pulled: Sequence[Any]) -> None:
    what.gradient, what.pulled, what.sweep = _raw(g), tuple(map(_raw, pulled)), _next_visit()


def _raw(value: Any) -> Any:
    return value._array if isinstance(value, Variable) else value


def overhear(node: Node, listener: Callable[[Any, Sequence[Any]], None]) -> None:
    """Tell a listener of each cotangent that comes to a node, and of those that go on to its parents.

    What the listener holds must not hold the node, or the graph is never freed.
    """
    if node.op is not None:
        node.op = Overheard(node.op, listener)
