"""The values in a graph, as far as they can be known: seen, saved, still alive, or computed again.

Knows what nodes keep. Does not know what is asked of the values.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import Leaf, Node, Variable
from ..op import Op
from ..places import Place
from ..watching import seen
from .alive import alive, bare

UNKNOWN: Any = object()


class Argument(NamedTuple):
    """An argument of a recorded operation: its name, its value (perhaps UNKNOWN), and its node if it has one."""

    name: str
    value: Any
    node: Node | None


def place_of(node: Node) -> Place | None:
    """The line that a node was recorded on, if it was watched; of a call that stands for several, that of a result."""
    what = seen(node)
    return what.place if what is not None else None


def names_of_arguments(node: Node) -> Sequence[str]:
    """The names of the arrays that an operation was applied to."""
    op: Any = bare(node.op)
    return [f"{op.arrays[0]}[{i}]" for i in range(len(node.parents))] if op.variadic else op.arrays


class Step:
    """What is remembered of a node to report on it, without holding it."""

    def __init__(self, node: Node, arguments: Sequence[Argument], place: Place | None = None) -> None:
        self.op: Any = bare(node.op)
        self.path, self.place, self._statics = node.context.path, place_of(node) or place, node.statics
        self.arguments = [a for a in arguments if a.value is not UNKNOWN and a.value is not None]

    @property
    def operation(self) -> str:
        """The name of the operation."""
        return self.op.name if self.op is not None else "a leaf"

    @property
    def options(self) -> str:
        """The options that are not the operation's defaults, as in a call."""
        if not isinstance(self.op, Op):
            return ""
        pairs = zip(self.op.statics, self._statics, strict=True)
        return ", ".join(f"{k}={v!r}" for k, v in pairs if repr(v) != repr(self.op.defaults.get(k)))

    def argument(self, position: int) -> str:
        """The name of an argument."""
        if not isinstance(self.op, Op):
            return f"argument {position}"
        return f"{self.op.arrays[0]}[{position}]" if self.op.variadic else self.op.arrays[position]


def compute(node: Node, values: Sequence[Any]) -> Any:
    """The result of a node's operation for other arguments, unrecorded; UNKNOWN if it refuses them."""
    op: Any = bare(node.op)
    options = dict(zip(op.statics, node.statics, strict=True))
    try:
        with np.errstate(all="ignore"):
            if op.variadic:
                return op.call(list(values), **options)
            masks = {name: value for name, value in zip(op.arrays, values, strict=True) if name in op.masks}
            arrays = [value for name, value in zip(op.arrays, values, strict=True) if name not in op.masks]
            return op.call(*arrays, **options, **masks)
    except Exception:  # whatever it says of numbers that nobody gave it
        return UNKNOWN


class Values:
    """What is known of the values of nodes that are given in the order of recording."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._of: dict[Node, Any] = {}
        self._constants: dict[tuple[Node, str], Any] = {}
        for node in nodes:
            what, owner = seen(node), node.owner() if isinstance(node, Leaf) else None
            if what is not None:
                self._of[node] = what.value
            elif owner is not None:
                self._of[node] = owner._array
        self.watched = all(node in self._of for node in nodes if isinstance(bare(node.op), Op))
        if not self.watched:
            self._of.update((v.node, v._array) for v in alive(Variable) if getattr(v, "node", None) is not None)
            for node in nodes:
                self._read(node)
            for node in nodes:
                self._compute(node)

    def of(self, node: Node) -> Any:
        """The value of a node, or UNKNOWN."""
        return self._of.get(node, UNKNOWN)

    def arguments(self, node: Node) -> list[Argument]:
        """What an operation was applied to."""
        op, what = bare(node.op), seen(node)
        if not isinstance(op, Op):
            whole = node.parents[0]  # of one result of a call, what stands for the call: it has no value itself
            if whole is not None and whole.op is not None and not isinstance(bare(whole.op), Op):
                node = whole
            return [Argument(f"argument {i}", self.of(p), p) for i, p in enumerate(node.parents) if p is not None]
        names = names_of_arguments(node)
        if what is not None and len(what.inputs) == len(names):
            return [Argument(*triple) for triple in zip(names, what.inputs, node.parents, strict=True)]
        return [
            Argument(name, self._constants.get((node, name), UNKNOWN) if parent is None else self.of(parent), parent)
            for name, parent in zip(names, node.parents, strict=True)
        ]

    def _read(self, node: Node) -> None:
        """The values among what a node saved for the sweep."""
        op = bare(node.op)
        if not isinstance(op, Op) or node.saved is None:
            return
        for name, value in zip(op.residuals, node.saved, strict=True):
            if value is None:  # no rule that will run asks for it
                continue
            if name == "out":
                self._of.setdefault(node, value)
            elif name in op.arrays:
                parts = value if op.variadic else (value,)
                parents = node.parents if op.variadic else (node.parents[op.arrays.index(name)],)
                for i, (part, parent) in enumerate(zip(parts, parents, strict=True)):
                    if parent is None:
                        self._constants[node, f"{name}[{i}]" if op.variadic else name] = part
                    else:
                        self._of.setdefault(parent, part)

    def _compute(self, node: Node) -> None:
        """The value of a node from its arguments, if they are all known."""
        if node in self._of or not isinstance(bare(node.op), Op):
            return
        values = [argument.value for argument in self.arguments(node)]
        if not any(value is UNKNOWN for value in values):
            value = compute(node, values)
            if value is not UNKNOWN and np.shape(value) == node.shape:
                self._of[node] = value
