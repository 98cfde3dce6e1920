"""Where things stand, and what they are called there: groups by module, and names that are the same in every run.

Knows nodes and the modules they were recorded in. Does not know what is drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Node
from .arguments import kind_of_leaf, parents_of, same
from .names import Names


class Titles:
    """Names for items: each once, and the same however often a program runs."""

    def __init__(self, names: Names) -> None:
        self._counts, self._copied = dict[str, int](), names.copied
        self._taken = {*names.of_node.values(), *(name for name, _ in names.constants)}
        self._named: dict[Any, list[tuple[str, Any]]] = {}
        for name, value in names.constants:
            self._named.setdefault((np.shape(value), str(value.dtype)), []).append((name, value))

    def place(self, path: str, what: str) -> str:
        """What something is called in a place: by an ordinal, if it is not the first of its like there."""
        like = f"{path}/{what}" if path else what
        while True:
            count = self._counts[like] = self._counts.get(like, 0) + 1
            name = like if count == 1 else f"{like}_{count}"
            if name not in self._taken:
                return name

    def of_constant(self, value: Any) -> str:
        """The name of a constant: that of the same array, or else of an equal one that it may be a copy of.

        Many arrays are equal to one of zeros or ones, or of a single number, which therefore names only itself.
        """
        alike = self._named.get((np.shape(value), str(value.dtype)), ()) if hasattr(value, "dtype") else ()
        for name, array in alike:
            if array is value:
                return name
        for name, array in alike:
            if name in self._copied and same(array, value) and (array != np.ravel(array)[:1]).any():
                return name
        return ""


class Paths:
    """The groups that operations and leaves stand in.

    A module that is called again after something else gets a group for each call, so that folding one makes no cycle.
    Parameters stand in the group that all their readers share.
    """

    def __init__(self, operations: Sequence[Node], names: Names) -> None:
        self.module: dict[Node, str] = {}
        self.of_operation: dict[Node, str] = {}
        self.of_leaf: dict[Node, str] = {}
        self.modules: dict[str, str] = {}
        self._calls: dict[tuple[str, str], int] = {}
        self._open: list[tuple[str, str]] = []  # the parts of the module's path, and the path of its group
        last, group = "", ""
        for node in operations:
            module = self.module[node] = self._module(node, names)
            if module != last:
                last, group = module, self.enter(module)
            self.of_operation[node] = group
            for parent in parents_of(node):
                if parent is not None and parent.op is None and (parent in names.homes or _is_parameter(parent)):
                    self.of_leaf[parent] = shared([self.of_leaf.get(parent, group), group])

    def _module(self, node: Node, names: Names) -> str:
        """The module that an operation was recorded in; or else that of the parameters it reads."""
        if node.context.path or not names.homes:
            return node.context.path
        owners = {names.homes[p] for p in node.parents if p is not None and p in names.homes}
        return owners.pop() if len(owners) == 1 else ""

    def enter(self, module: str) -> str:
        """The group for what is computed in a module from now on."""
        parts = module.split(".") if module else []
        level = 0
        while level < min(len(parts), len(self._open)) and self._open[level][0] == parts[level]:
            level += 1
        del self._open[level:]
        for part in parts[level:]:
            around = self._open[-1][1] if self._open else ""
            count = self._calls[around, part] = self._calls.get((around, part), 0) + 1
            own = part if count == 1 else f"{part} ({count})"
            group = f"{around}.{own}" if around else own
            self._open.append((part, group))
            self.modules[group] = ".".join(p for p, _ in self._open)
        return self._open[-1][1] if self._open else ""


def _is_parameter(node: Node) -> bool:
    return kind_of_leaf(node) == "parameter"


def shared(paths: Sequence[str]) -> str:
    """The longest path that all are in."""
    if len(set(paths)) == 1:
        return paths[0]
    parts = [path.split(".") for path in paths if path]
    if not parts or len(parts) < len(paths):
        return ""
    low, high = min(parts), max(parts)
    same = 0
    while same < min(len(low), len(high)) and low[same] == high[same]:
        same += 1
    return ".".join(low[:same])
