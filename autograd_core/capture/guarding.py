"""What a plan takes for granted besides its signature, and whether it still holds.

Knows Tensors and Python's functions. What of an object decides which operations a function applies is said by the
object itself: its method `__captured__` returns a function that tells it (for a module: which parts are in training).
"""

from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from ..tensor import Tensor
from .tracing import Tracer

__all__ = ["Guards", "guards_of"]

_PLAIN = (bool, int, float, str, bytes, type(None))


class Guards:
    """What held when a function was traced. `hold` says whether it does now."""

    def __init__(self, grads: list[tuple[Tensor, bool]], states: list[tuple[Callable[[], Any], Any]]) -> None:
        self._grads, self._states = grads, states

    def hold(self) -> bool:
        """Whether everything is still so."""
        for tensor, had in self._grads:
            if (getattr(tensor, "_grad", None) is not None) != had:
                return False
        for state, value in self._states:
            if state() != value:
                return False
        return True

    def same(self, other: "Guards") -> bool:
        """Whether two runs took the same for granted."""
        if [had for _, had in self._grads] != [had for _, had in other._grads]:
            return False
        return [value for _, value in self._states] == [value for _, value in other._states]


def guards_of(function: Any, tracer: Tracer) -> Guards:
    """What the run that a tracer followed took for granted."""
    grads = list(tracer.had_grad.items())
    return Guards(grads, [(state, value) for state, value in tracer.states])


def states_of(function: Any) -> list[tuple[Callable[[], Any], Any]]:
    """What a function can see from where it stands that decides what it does, with what that is now."""
    found: list[tuple[Callable[[], Any], Any]] = []
    for get in _seen(function, set(), 0):
        value = get()
        if type(value) in _PLAIN:
            found.append((get, value))
        elif hasattr(type(value), "__captured__"):
            state = value.__captured__()
            found.append((state, state()))
    return found


def _seen(function: Any, known: set[int], depth: int) -> Iterator[Callable[[], Any]]:
    """The variables of a function, and of the functions among them."""
    if id(function) in known or depth > 3:
        return
    known.add(id(function))
    if isinstance(function, MethodType):
        owner = function.__self__
        yield lambda: owner
        if not hasattr(type(owner), "__captured__"):
            for name in vars(owner) if hasattr(owner, "__dict__") else ():
                yield lambda name=name: vars(owner).get(name)
        function = function.__func__
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        yield from _seen(wrapped, known, depth)
    if not isinstance(function, FunctionType):
        if not isinstance(function, BuiltinFunctionType) and hasattr(type(function), "__captured__"):
            yield lambda: function
        return
    if (function.__module__ or "").partition(".")[0] in _LIBRARIES:
        return
    variables: list[Callable[[], Any]] = []
    for cell in function.__closure__ or ():
        variables.append(lambda cell=cell: _content(cell))
    scope = function.__globals__
    for name in function.__code__.co_names:
        if name in scope:
            variables.append(lambda name=name: scope.get(name))
    for get in variables:
        yield get
        value = get()
        if isinstance(value, FunctionType | MethodType):
            yield from _seen(value, known, depth + 1)


_LIBRARIES = {"numpy", "autograd_core", "nn", "builtins"}


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return None
