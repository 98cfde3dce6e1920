"""What of graphs is alive: nodes, who reads them, and by which names the user knows their values.

Asks Python's garbage collector, because a node knows what it was computed from and not what was computed from it: that
takes milliseconds, and costs nothing until somebody asks. Does not know what the questions are.
"""

import gc
from collections.abc import Iterable, Mapping
from itertools import chain
from types import FrameType
from typing import Any

from ..engine import Leaf, Node, Overheard, Variable
from ..places import place_of_user, variables_of


def alive(kind: type) -> list[Any]:
    """All objects of a class that exist. (Their types are asked: a stranger's `__class__` may be code that runs.)"""
    kinds: set[type] = {kind}
    new: list[type] = [kind]
    while new:
        new = list(chain.from_iterable(map(type.__subclasses__, new)))
        kinds.update(new)
    return [thing for thing in gc.get_objects() if type(thing) in kinds]  # there may be millions


def bare(op: Any) -> Any:
    """An operation, without those who listen to it."""
    while isinstance(op, Overheard):
        op = op.op
    return op


class Readers:
    """Which nodes were computed from which, among those that are alive."""

    def __init__(self) -> None:
        self._of: dict[Node, list[Node]] = {}
        for node in sorted(alive(Node), key=lambda node: node.index):
            for parent in dict.fromkeys(node.parents):
                if parent is not None:
                    self._of.setdefault(parent, []).append(node)

    def of(self, node: Node) -> list[Node]:
        """What was computed from it directly, in the order of recording."""
        return self._of.get(node, [])

    def all_from(self, node: Node) -> list[Node]:
        """What was computed from it in any number of steps, in the order of recording."""
        found: set[Node] = set()
        stack = [node]
        while stack:
            for reader in self.of(stack.pop()):
                if reader not in found:
                    found.add(reader)
                    stack.append(reader)
        return sorted(found, key=lambda node: node.index)


class Names:
    """What the user calls values: parameters by their path in a model, the rest by the variables of the caller."""

    def __init__(self, frame: FrameType | None) -> None:
        place = place_of_user()
        while frame is not None and place != (frame.f_code.co_filename, frame.f_lineno):
            frame = frame.f_back
        variables = variables_of(frame) if frame is not None else {}
        self._variables: dict[int, str] = {}
        for name, value in variables.items():
            self._variables.setdefault(id(value), name)
        for name, value in variables.items():
            if isinstance(value, Variable):
                self._variables.setdefault(id(value._array), name)
        self._parameters: dict[int, str] | None = None

    @property
    def parameters(self) -> Mapping[int, str]:
        """The longest path of each parameter of a model that is alive: that from the outermost model."""
        if self._parameters is None:
            self._parameters = {}
            for model in gc.get_objects():
                if callable(getattr(type(model), "named_parameters", None)):
                    self._add_parameters(model.named_parameters())
        return self._parameters

    def _add_parameters(self, named: Iterable[tuple[str, Any]]) -> None:
        paths: Any = self._parameters
        for path, parameter in named:
            if isinstance(parameter, Variable):
                old = paths.get(id(parameter), "")
                paths[id(parameter)] = max(old, path, key=lambda path: (path.count("."), path))

    def of(self, value: Any) -> str:
        """The name of a Variable or array; empty if it has none."""
        if isinstance(value, Variable):
            name = self.parameters.get(id(value)) or self._variables.get(id(value))
            return name or str(getattr(value, "name", "") or "")
        return self._variables.get(id(value), "")

    def of_leaf(self, node: Node | None) -> str:
        """The name of the Variable that a leaf belongs to; empty if it has none, or is no leaf."""
        owner = node.owner() if isinstance(node, Leaf) else None
        return self.of(owner) if owner is not None else ""
