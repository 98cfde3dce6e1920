"""From Tensors to what a picture could show of their computation: every node as an item, with the arrays behind it.

Knows nodes, what was seen of them, and names. Does not know what is folded, nor how anything is drawn. It computes
nothing: what it shows of a value or a gradient is an array that somebody still holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from ..custom import _Bundle, _Pick
from ..engine import Leaf, Node, reachable
from ..formulas import Formula, rule_at, rule_of
from ..op import Op
from ..tensor import Tensor
from ..watching import seen
from .arguments import (
    ABSENT,
    UNKNOWN,
    argument_name,
    constants_of,
    dtype_text,
    is_inside,
    is_number,
    kind_of_leaf,
    number_text,
    operation_of,
    options_of,
    parents_of,
    saved_by,
)
from .names import Names
from .paths import Paths, Titles
from .picture import Edge, Item, Summary
from .summaries import summarize


@dataclass
class Collection:
    """Items, each after all that it was computed from, and by their numbers the arrays of values and gradients.

    `kinds_of_work` says of each operation what it does, apart from where its arguments come from: equal for equal
    work. `recorded` are the nodes of operations, and which argument each edge is (-1 for one without a derivative).
    `modules` tells for the path of a group the path of the module, and `types` for that the class.
    """

    items: list[Item] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    gradients: list[Any] = field(default_factory=list)
    kinds_of_work: list[Any] = field(default_factory=list)
    recorded: dict[int, tuple[Node, Sequence[int]]] = field(default_factory=dict)
    outputs: set[int] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    _summaries: dict[int, Summary] = field(default_factory=dict)
    _rules: dict[Any, dict[int, Formula | None]] = field(default_factory=dict)

    def add(self, item: Item, value: Any = None, gradient: Any = None, work: Any = None) -> int:
        """The number of a new item."""
        self.items.append(item)
        self.values.append(value)
        self.gradients.append(gradient)
        self.kinds_of_work.append(work)
        return len(self.items) - 1

    def value(self, i: int) -> Summary | None:
        """What is shown of the value of an item."""
        return self._summary(self.values[i])

    def gradient(self, i: int) -> Summary | None:
        """What is shown of the gradient of an item."""
        return self._summary(self.gradients[i])

    def _summary(self, array: Any) -> Summary | None:
        if array is None:
            return None
        if id(array) not in self._summaries:  # the lists hold the arrays, so that no other gets the same id
            self._summaries[id(array)] = summarize(array)
        return self._summaries[id(array)]

    def rules(self, i: int) -> list[Formula | None]:
        """How cotangents go back along the edges of an item."""
        if i not in self.recorded:
            return [None] * len(self.items[i].edges)
        node, positions = self.recorded[i]
        op = operation_of(node)
        shapes = tuple(None if p is None else p.shape for p in node.parents)
        alike = (op, node.shape, shapes, i if None in shapes else None)  # what was saved of constants counts too
        known = self._rules.setdefault(alike, {})
        for k in positions:
            if k >= 0 and k not in known:
                known[k] = rule_at(node, k) if isinstance(op, Op) else rule_of(op, k)
        return [known[k] if k >= 0 else None for k in positions]


def collect(tensors: Sequence[Tensor], names: Names) -> Collection:
    """Everything that Tensors were computed from, leaves right before what reads them first."""
    return _Collector(tensors, names).collection


class _Collector:
    """The items of a computation, made in the order in which it was recorded."""

    def __init__(self, tensors: Sequence[Tensor], names: Names) -> None:
        roots = list(dict.fromkeys(t.node for t in tensors if t.node is not None))
        nodes = [node for node in reachable(roots) if not is_inside(node)]
        operations = [node for node in nodes if node.op is not None]
        self.names, self.titles, self.roots = names, Titles(names), set(roots)
        self.paths = Paths(operations, names)
        self.arrays = _Arrays(nodes, tensors, names)
        self.sweep = _order_of_sweep(operations)
        self.collection = Collection(modules=self.paths.modules, types=names.types)
        self.number: dict[Node, int] = {}
        self.constants: dict[Any, int] = {}
        for step, node in enumerate(operations, 1):
            self.number[node] = self._operation(node, step)
        alone = [self._leaf(node) for node in roots if node.op is None]
        self.collection.outputs = {*alone, *(self._constant(t._array, "") for t in tensors if t.node is None)}

    def _leaf(self, node: Node) -> int:
        if node not in self.number:
            kind, path = kind_of_leaf(node), self.paths.of_leaf.get(node, "")
            title = self.names.of_node.get(node)
            item = _item(node, title or self.titles.place(path, kind), kind, title or kind, path)
            item.parameters = prod(node.shape) if kind == "parameter" else 0
            self.number[node] = self._add(node, item)
        return self.number[node]

    def _constant(self, value: Any, path: str) -> int:
        """The same item for the same array, however often it is read; one for each that is not known."""
        title = self.titles.of_constant(value)
        key: Any = title or (object() if value is None else id(value))  # the collection holds it, so the id stays its
        if key not in self.constants:
            path = "" if title else path
            item = Item(title or self.titles.place(path, "constant"), "constant", title or "constant", path)
            if value is not None:
                array = np.asarray(value)
                item.shape, item.dtype, item.nbytes = array.shape, dtype_text(array.dtype), array.nbytes
            self.constants[key] = self.collection.add(item, value)
        return self.constants[key]

    def _operation(self, node: Node, step: int) -> int:
        op, parents, path = operation_of(node), parents_of(node), self.paths.of_operation[node]
        one_of_several = isinstance(op, _Pick) and node.parents[0] in self.number
        done = f"{op.name}[{op.position}]" if one_of_several else op.name
        name = self.titles.place(self.paths.module[node], done)
        kind = "output" if node in self.roots else "operation"
        item = _item(node, name, kind, self.names.of_node.get(node, done), path)
        item.operation, item.operations, item.step, item.sweep = done, 1, step, self.sweep.get(node)
        item.saved = saved_by(node, op)
        what = seen(node)
        item.place = what.place if what is not None else None
        if isinstance(op, _Bundle):  # all results of a call, which have no shape together
            item.shape, item.dtype, item.nbytes = (), "", 0
        given = constants_of(node, op, parents) if None in parents else {}
        if getattr(op, "kind", "") == "elementwise":  # mostly a number; an item for each would say nothing
            given = {i: UNKNOWN if value is None else value for i, value in given.items()}
        numbers = [f"{argument_name(op, i)}={number_text(v)}" for i, v in given.items() if is_number(v)]
        options = options_of(node, op)
        item.options = ", ".join(numbers + options)
        arguments: list[int] = []
        for i, parent in enumerate(parents):
            if parent is not None:
                source = self._leaf(parent) if parent.op is None else self.number[parent]
            elif given[i] is not ABSENT and not is_number(given[i]):
                source = self._constant(given[i], path)
            else:
                continue
            item.edges.append(Edge(source, argument_name(op, i)))
            arguments.append(-1 if parent is None else i)
        number = self._add(node, item, (op.name, node.shape, item.dtype, len(parents), *options))
        self.collection.recorded[number] = node, arguments
        return number

    def _add(self, node: Node, item: Item, work: Any = None) -> int:
        return self.collection.add(item, self.arrays.values.get(node), self.arrays.gradients.get(node), work)


def _item(node: Node, name: str, kind: str, title: str, path: str) -> Item:
    if node.dtype is None:  # nothing that is an array
        return Item(name, kind, title, path)
    nbytes = prod(node.shape) * node.dtype.itemsize
    return Item(name, kind, title, path, shape=node.shape, dtype=dtype_text(node.dtype), nbytes=nbytes)


def _order_of_sweep(operations: Sequence[Node]) -> dict[Node, int]:
    """The places of operations in the latest sweep if it was watched, else in the one that would come: from the end."""
    visits = {node: what.sweep for node in operations if (what := seen(node)) is not None and what.sweep is not None}
    visited = sorted(visits, key=visits.__getitem__) if visits else operations[::-1]
    return {node: i for i, node in enumerate(visited, 1)}


class _Arrays:
    """The values and gradients of nodes, as far as anybody holds them."""

    def __init__(self, nodes: Iterable[Node], tensors: Iterable[Tensor], names: Names) -> None:
        self.values: dict[Node, Any] = {}
        self.gradients: dict[Node, Any] = {}
        nodes = list(nodes)
        for node in nodes:  # from the least certain to the most
            if node.op is not None and node.saved:
                self._read(node)
        for node in nodes:
            what = seen(node)
            if what is not None:
                self.values[node] = what.value
                if isinstance(what.gradient, np.ndarray | np.generic):
                    self.gradients[node] = what.gradient
        held = [*names.tensors.values(), *tensors]
        held += [owner for node in nodes if isinstance(node, Leaf) and isinstance(owner := node.owner(), Tensor)]
        for tensor in held:
            if tensor.node is not None:
                self.values[tensor.node] = tensor._array
                if tensor.grad is not None:
                    self.gradients[tensor.node] = tensor.grad._array

    def _read(self, node: Node) -> None:
        """What an operation saved of its arguments is their value."""
        op = operation_of(node)
        arrays: Sequence[str] = getattr(op, "arrays", ())
        parents = dict(zip(arrays, node.parents, strict=False))
        for name, value in zip(op.residuals, node.saved or (), strict=False):
            if name == "out":
                self.values[node] = value
            elif isinstance(value, tuple) and arrays and name == arrays[0]:
                self.values |= {p: v for p, v in zip(node.parents, value, strict=False) if p is not None}
            elif value is not None and (parent := parents.get(name)) is not None:
                self.values[parent] = value
