"""Who traces here, and the questions that a Tensor cannot be asked meanwhile: what would be true of this one call only.

Knows which questions there are, and says what to write instead, with the user's line. Does not know what is followed.
"""

import sys
from contextvars import ContextVar
from typing import Any

from ..engine import CONTEXT
from ..errors import GraphError
from ..places import place_of_user
from ..tensor import Tensor
from .tracing import Tracer

__all__ = ["CHOICE", "OWN", "TRACER", "WAYS_OUT", "listening", "refusing", "where"]

TRACER: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


def listening() -> Tracer | None:
    """The tracer that is to hear of what happens here, if there is one."""
    tracer = TRACER.get()
    return None if tracer is None or tracer.muted else tracer


CHOICE = "to choose between arrays use ag.where; what decides in Python must be a Python value, given as an argument"
_NUMBER = "compute with the Tensor itself, or return it and read its number outside; to use it here, ag.perform"
_ARRAY = "use operations of ag, which are captured, in the place of functions of plain arrays; or ag.perform"
_PRINTED = "print its .shape, return it, or write ag.perform(print, x), which prints in every replay"

WAYS_OUT = {
    "__bool__": CHOICE,
    "__contains__": CHOICE,
    "__float__": _NUMBER,
    "__int__": _NUMBER,
    "__index__": _NUMBER,
    "item": _NUMBER,
    "tolist": _NUMBER,
    "numpy": _ARRAY,
    "data": _ARRAY,
    "__array__": _ARRAY,
    "__dlpack__": _ARRAY,
    "__repr__": _PRINTED,
    "__format__": _PRINTED,
    "__reduce__": _ARRAY,
    "__deepcopy__": _ARRAY,
    "equal": CHOICE,
}
OWN = __name__.partition(".")[0] + "."
_OPERATIONS = f"{OWN}ops."


def refusing(name: str, instead: str) -> Any:
    """A method or property of Tensor that is refused while its numbers are those of one call."""
    original = getattr(Tensor, name)
    said = {"data": ".data", "item": ".item()", "tolist": ".tolist()", "numpy": ".numpy()"}.get(name, f"{name}()")
    said = {"__bool__": "bool(), as in `if` and `while`,", "__contains__": "`in`"}.get(name, said.replace("__", ""))

    def check(self: Tensor) -> None:
        tracer = listening()
        caller = f"{sys._getframe(2).f_globals.get('__name__')}."
        if tracer is None or (caller.startswith(OWN) and not caller.startswith(_OPERATIONS)):
            return
        if not tracer.is_constant(self):
            raise GraphError(
                f"trace: {said} asks for the numbers of this one call{where()}, which other calls would not have; "
                f"{instead}"
            )

    if isinstance(original, property):

        def get(self: Tensor) -> Any:
            check(self)
            return original.__get__(self)

        def put(self: Tensor, value: Any) -> None:
            check(self)
            original.__set__(self, value)

        return property(get, put)

    def method(self: Tensor, *args: Any, **options: Any) -> Any:
        check(self)
        return original(self, *args, **options)

    return method


def where() -> str:
    """The module and the line of the user's that are at work, for a message."""
    place, path = place_of_user(), CONTEXT.get().path
    line = f" ({place}: {place.text})" if place else ""
    return f"{f' in {path}' if path else ''}{line}"
