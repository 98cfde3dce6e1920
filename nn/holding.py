"""What a module holds: the modules and parameters among its attributes, and containers that hide them.

Knows attributes, lists, tuples and dicts. Does not know what a module is: the kinds to look for are passed.
"""

import dataclasses
import sys
import warnings
from collections import UserList, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Set, ValuesView
from itertools import islice
from pathlib import Path
from types import GeneratorType, SimpleNamespace
from typing import Any, TypeVar

__all__ = ["check_name", "check_once_only", "find", "folded", "hidden", "is_opaque", "join", "warn_of_hidden"]

_HERE = str(Path(__file__).parent)
_ENOUGH = 1000  # so many members of a container are looked at for hidden ones

Kind = TypeVar("Kind")


def find(kind: type[Kind], items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Kind]]:
    """The objects of a kind among named values, and in lists, tuples and dicts among them, with dotted names.

    >>> list(find(int, [("a", 1), ("b", [2, {"c": 3}])]))
    [('a', 1), ('b.0', 2), ('b.1.c', 3)]
    """
    for name, value in items:
        if isinstance(value, kind):
            yield str(name), value
        elif isinstance(value, list | tuple):
            yield from ((f"{name}.{path}", found) for path, found in find(kind, enumerate(value)))
        elif isinstance(value, dict):
            yield from ((f"{name}.{path}", found) for path, found in find(kind, value.items()))


def join(path: str, name: str) -> str:
    """Two parts of a dotted name, of which the first may be empty."""
    return f"{path}.{name}" if path else name


def check_name(name: Any) -> str:
    """What is wrong with a name for a module, parameter or buffer, or nothing.

    >>> check_name("a.b")
    "must be a string without dots, got 'a.b'"
    """
    return "" if isinstance(name, str) and name and "." not in name else f"must be a string without dots, got {name!r}"


def folded(children: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Paths and reprs, with those alike that follow each other in a list as one, as PyTorch shows a ModuleList.

    >>> list(folded([("a.0", "ReLU()"), ("a.1", "ReLU()"), ("b", "ReLU()")]))
    [('a.0-1', '2 x ReLU()'), ('b', 'ReLU()')]
    """
    run: list[str] = []
    last = ""
    for path, shown in (*children, ("", "")):
        end = path.rpartition(".")[2]
        if run and shown == last and path == f"{run[0].rpartition('.')[0]}.{end}" and end.isdecimal():
            run.append(path)
            continue
        if run:
            several = f"{run[0]}-{run[-1].rpartition('.')[2]}"
            yield (several, f"{len(run)} x {last}") if len(run) > 1 else (run[0], last)
        run, last = [path], shown


# --- containers that are not looked into ------------------------------------------------------------------------------


def is_opaque(value: Any) -> bool:
    """Whether a value is a container that `find` does not look into.

    >>> [is_opaque(value) for value in ({1}, deque(), [1], "text", 5)]
    [True, True, False, False, False]
    """
    if isinstance(value, dict | type):
        return False
    return isinstance(value, Set | deque | UserList | ValuesView | Mapping | SimpleNamespace) or (
        dataclasses.is_dataclass(value) or hasattr(type(value), "__attrs_attrs__")
    )


def hidden(kind: type[Kind] | tuple[type[Kind], ...], container: Any) -> list[Kind]:
    """The objects of a kind in a container that is opaque, and in lists, tuples and dicts in it.

    >>> hidden(int, {("a", 1)})
    [1]
    """
    members: Collection[Any]
    if isinstance(container, Mapping):
        members = container.values()
    elif isinstance(container, Set | deque | UserList | ValuesView):
        members = container
    else:
        names: Any = getattr(container, "__dataclass_fields__", None) or vars(container)
        names = [field.name for field in getattr(type(container), "__attrs_attrs__", ())] or [*names]
        members = [getattr(container, name, None) for name in names]
    return [found for _, found in find(kind, enumerate(islice(members, _ENOUGH)))]  # type: ignore[arg-type]


def warn_of_hidden(owner: str, name: str, container: Any, lost: Any) -> None:
    """Say that what stands in a container is not found."""
    what = type(container).__name__
    warnings.warn(
        f"{owner}.{name} is a {what}, which is not looked into: the {type(lost).__name__} in it is not found, so "
        "parameters(), state_dict() and train() pass over it, and no optimizer moves it; keep it in an attribute of "
        "its own, or in a list, a tuple, a dict, nn.ModuleList or nn.ModuleDict",
        UserWarning,
        stacklevel=_outside(),
    )


def check_once_only(owner: str, name: str, value: Any) -> None:
    """Warn of an attribute that can be run through only once, and is not looked into."""
    generator = isinstance(value, GeneratorType) and value.gi_code.co_name == "<genexpr>"
    if generator or isinstance(value, map | filter):
        what = "generator expression" if generator else type(value).__name__
        warnings.warn(
            f"{owner}.{name} is a {what}, which can be run through only once and is not looked into: modules and "
            f"parameters that it makes are not found; write list(...), or [... for ...]",
            UserWarning,
            stacklevel=_outside(),
        )


def _outside() -> int:
    """How far up the first frame is that is not of this package: the line that a warning is about."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        level, frame = level + 1, frame.f_back
    return level
