"""Whether two programs are the same, and if not, in which line they first differ, in words."""

from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from ..calling import Aval
from .program import Instruction, Program, Value

__all__ = ["difference", "made_inside"]


def difference(a: Program, b: Program) -> str:
    """Where two programs differ; an empty text if they are the same."""
    for one, other in zip(a.instructions, b.instructions, strict=False):
        what = _differing(one, other)
        if what:
            place = other.place or one.place
            line = f" ({place}: {place.text})" if place else ""
            return f"{what}{line}"
    if len(a.instructions) != len(b.instructions):
        longer = max(a.instructions, b.instructions, key=len)
        extra = longer[min(len(a.instructions), len(b.instructions))]
        line = f" ({extra.place}: {extra.place.text})" if extra.place else ""
        return f"{len(a.instructions)} operations, and then {len(b.instructions)}; {extra.label}{line} is in one only"
    if not _same(a.outputs, b.outputs):
        return "what it returned"
    return ""


def made_inside(a: Program, b: Program) -> list[Value]:
    """The constants of the second of two equal programs that lie elsewhere than in the first.

    The function makes them anew in each call, so that nobody else can change them. A view may be another array each
    time, and yet look at what lies outside.
    """
    constants, others = a.constants(), b.constants()
    if len(constants) != len(others):
        return []
    filled = {value for i in b.instructions for value in i.fills}
    return [
        now
        for was, now in zip(constants, others, strict=True)
        if now not in filled and was.array is not now.array and not np.may_share_memory(was.array, now.array)
    ]


def _differing(a: Instruction, b: Instruction) -> str:
    if (a.kind, a.label) != (b.kind, b.label):
        return f"{a.label}, and then {b.label}"
    if a.kind in ("read", "read_grad", "store", "store_grad") and a.target is not b.target:
        return f"{a.label} of two different Tensors; one that the function makes anew in each call is a constant to it"
    if a.kind == "perform" and not _same_plain(_held(a.target), _held(b.target)):
        return f"{a.label} used {_held(a.target)!r}, and then {_held(b.target)!r}; pass what changes as an argument"
    pairs = [*zip(a.inputs, b.inputs, strict=False), *((a.options[k], b.options.get(k)) for k in a.options)]
    for one, other in pairs:
        if a.kind == "perform" and not isinstance(one, Value):
            continue  # what is done is done with whatever it holds
        if isinstance(one, Value) and one in a.fills:
            continue
        if not _same(one, other):
            if (
                isinstance(one, Value)
                and isinstance(other, Value)
                and one.array is not None
                and other.array is not None
            ):
                return (
                    f"{a.label} took an array that had other numbers; if it is random, draw it with ag.perform; "
                    "if it changes, make it an argument"
                )
            return f"{a.label} took {_brief(one)}, and then {_brief(other)}; make it an argument"
    return "" if len(a.inputs) == len(b.inputs) else a.label


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Value) and isinstance(b, Value):
        if a.array is None or b.array is None:
            return a.number == b.number and a.shape == b.shape and a.dtype == b.dtype
        return a.array is b.array or (
            a.dtype == b.dtype and np.array_equal(a.array, b.array, equal_nan=a.dtype.kind == "f")
        )
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return a is b or (isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and bool(np.array_equal(a, b)))
    if isinstance(a, Aval) and isinstance(b, Aval):
        return bool(a.shape == b.shape and a.dtype == b.dtype)
    return type(a) is type(b) and bool(a == b)


_PLAIN = (bool, int, float, str, bytes, type(None))


def _held(function: Any) -> dict[str, Any]:
    """The numbers and words that a function which is performed would use in every replay, by name."""
    if isinstance(function, partial):
        given = {**{str(i): x for i, x in enumerate(function.args)}, **function.keywords}
        return {**_held(function.func), **{name: x for name, x in given.items() if isinstance(x, _PLAIN)}}
    if not isinstance(function, FunctionType):
        return {}
    found: dict[Any, Any] = dict(enumerate(function.__defaults__ or ()))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not yet assigned
            continue
    return {str(name): x for name, x in found.items() if type(x) in _PLAIN}


def _same_plain(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(_same(a[name], b[name]) for name in a)


def _brief(x: Any) -> str:
    return x.type if isinstance(x, Value) else repr(x)
