"""The user's program: which of its lines runs now, how that is named, and which variables there are.

Knows frames and files. Does not know what is computed there.
"""

import linecache
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import CO_OPTIMIZED
from types import FrameType
from typing import Any, NamedTuple

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = (*(os.path.join(_ROOT, package) + os.sep for package in ("autograd_core", "nn")), "<generated", "<frozen")
_AROUND = (os.sep + "contextlib.py", os.sep + "functools.py")  # what calls for us is no user


class Place(NamedTuple):
    """A line of a program. `str()` is "file.py:12", in a notebook "cell [3]:12"."""

    file: str
    line: int

    def __str__(self) -> str:
        return _named(self.file, self.line)

    @property
    def text(self) -> str:
        """What stands there, without its indentation; empty if the source cannot be found."""
        return linecache.getline(self.file, self.line).strip()


def place_of_user() -> Place | None:
    """The innermost line outside the packages of this distribution that runs now; None if there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if _USERS[file]:
            return _new(Place, (file, frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]  # None at the outermost
    return None


_new = tuple.__new__  # a NamedTuple's own is slower


def variables_of(frame: FrameType) -> dict[str, Any]:
    """The public variables that a running function sees, its own first."""
    own = frame.f_locals
    variables = dict(_public(own))
    if own is frame.f_globals:
        return variables
    if frame.f_code.co_flags & CO_OPTIMIZED and type(own) is dict:
        own.clear()  # before Python 3.13 a function's frame keeps this copy, and all in it alive, until it returns
    return variables | {k: v for k, v in _public(frame.f_globals) if k not in variables}


def _public(variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    kept = ("In", "Out") if "_oh" in variables else ()  # what IPython remembers of cells
    names = ((name, value) for name, value in list(variables.items()) if not name.startswith("_"))
    return ((name, value) for name, value in names if name.isidentifier() and name not in kept)  # others are made up


class _Users(dict[str, bool]):
    """Whether a file is the user's; found out once for each, because every frame on the way is asked."""

    def __missing__(self, file: str) -> bool:
        self[file] = mine = not file.startswith(_OURS) and not file.endswith(_AROUND)
        return mine


_USERS = _Users()


@cache
def _named(file: str, line: int) -> str:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    cell = shell.compile.format_code_name(file) if shell else None  # ("Cell", "In[3]"), None for what is no cell
    if cell:
        return f"cell {cell[1].removeprefix('In')}:{line}"
    relative = os.path.relpath(file) if file else ""
    return f"{file if relative.startswith('..') else relative}:{line}"
