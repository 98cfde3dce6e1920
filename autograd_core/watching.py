"""Watching a computation while it is recorded: every value with its node, in order, and the line that asked for it.

A tool for tools. While somebody observes, the results of operations are `Watched`, and a Watched tells the observer of
its node; so the engine knows nothing of being watched, and costs what it costs.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .engine import Leaf, Node, Variable, constant
from .tensor import Tensor

Observer = Callable[["Watched", Node], None]

_OBSERVER: ContextVar[Observer | None] = ContextVar("observer", default=None)
_NODE: Any = vars(Variable)["node"]  # the slot
_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Watched(Tensor):
    """A Tensor that tells the observer of each node it gets, once it has its value; the observer may change that."""

    __slots__ = ()

    @property
    def node(self) -> Node | None:
        return _NODE.__get__(self)

    @node.setter
    def node(self, node: Node | None) -> None:
        _NODE.__set__(self, node)
        observer = _OBSERVER.get()
        if observer is not None and node is not None:
            observer(self, node)


def watched_leaf(array: Any) -> Watched:
    """An array as the start of a watched graph. It is shared, not copied."""
    leaf: Any = constant(Watched, array, shared=True)
    leaf.node = Leaf(leaf)
    return leaf


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Let an observer see what is recorded from here on, in this context.

    What other threads compute meanwhile may be Watched too, which nobody there notices: they have no observer.
    """
    token, before = _OBSERVER.set(observer), Tensor.result_class
    Tensor.result_class = Watched
    try:
        yield
    finally:
        Tensor.result_class = before
        _OBSERVER.reset(token)


def line_of_user() -> str:
    """The innermost line outside this package that runs now, as "file.py:12"; empty if there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_PACKAGE, "<generated")):
            return place(file, frame.f_lineno)
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def place(file: str, line: int) -> str:
    """A line of a file as "file.py:12", of a cell of a notebook as "cell [3]:12"."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    cell = shell.compile.format_code_name(file) if shell else None  # ("Cell", "In[3]"), None for what is no cell
    if cell:
        return f"cell {cell[1].removeprefix('In')}:{line}"
    relative = os.path.relpath(file)
    return f"{file if relative.startswith('..') else relative}:{line}"
