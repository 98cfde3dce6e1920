"""What the values on the way are called: by the names that are given, else v1, v2, ... in the order of computation.

Knows nodes, and what was seen of them. Constants are called by their number, or what the caller calls them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..custom import _Pick
from ..engine import Leaf, Node, Variable
from ..formulas import Formula, bare, rule_at
from ..formulas.latex import barred, symbol
from ..op import Op
from ..places import Place
from ..tensor import Tensor
from ..viz.names import Names
from ..watching import seen
from .between import Between, pull_one
from .explanation import Factor

_COMPARED = 1_000_000  # larger arrays are not compared to find their names


class Labels:
    """The names of the nodes between two, and what is known of their values."""

    def __init__(self, stretch: Between, names: Names, tensors: Mapping[Node, Tensor]) -> None:
        self.names, self.tensors = names, {**names.tensors, **tensors}
        self._of: dict[Node, str] = {}
        taken = set(names.of_node.values())
        number = 0
        for node in (stretch.target, *stretch.edges):
            name = names.of_node.get(node)
            if name is None:
                fallback = {stretch.root: "y", stretch.target: "x"}.get(node, "")
                if fallback in taken or not fallback:
                    number += 1
                    while f"v{number}" in taken:
                        number += 1
                    fallback = f"v{number}"
                name = fallback
            self._of[node] = name
        self._factors: dict[tuple[Node, int], Factor] = {}

    def of(self, node: Node) -> str:
        """What a node is called."""
        return self._of.get(node) or self.names.of_node.get(node) or f"{_operation(node)}(...)"

    def value(self, node: Node) -> Any:
        """The value of a node, if somebody still knows it."""
        tensor = self.tensors.get(node)
        if tensor is None and isinstance(node, Leaf):
            owner: Any = node.owner()
            tensor = owner
        if tensor is not None:
            return tensor._array
        what = seen(node)
        if what is not None:
            return what.value
        op = bare(node.op)
        residuals = getattr(op, "residuals", ())
        return node.saved[list(residuals).index("out")] if node.saved is not None and "out" in residuals else None

    def place(self, node: Node) -> Place | None:
        """The line that computed a node, if it was watched."""
        what = seen(node)
        return what.place if what is not None else None

    def argument(self, node: Node, i: int) -> str:
        """What one argument is called: a constant by its number, if it is one and the graph or a watcher knows it."""
        parent = node.parents[i]
        if parent is not None:
            return self.of(parent)
        value = self._constant(node, i)
        if value is None:
            return "constant"
        array = value._array if isinstance(value, Variable) else np.asarray(value)
        if array.ndim == 0:
            return f"{array.item():.6g}" if array.dtype.kind == "f" else str(array.item())
        for name, known in self.names.constants:
            if known is array or _same_data(known, array):
                return name
        return "constant"

    def _constant(self, node: Node, i: int) -> Any:
        what, op = seen(node), bare(node.op)
        if what is not None and i < len(what.inputs):
            return what.inputs[i]
        if isinstance(op, Op) and node.saved is not None:
            saved = dict(zip(op.residuals, node.saved, strict=True))
            value = saved.get(op.arrays[0 if op.variadic else i])
            return value[i] if op.variadic and value is not None else value
        return None

    def factor(self, node: Node, i: int) -> Factor:
        """What an edge multiplies by. Found once for all paths that take it."""
        key = node, i
        if key not in self._factors:
            op, parent = bare(node.op), node.parents[i]
            assert parent is not None
            called = [self.argument(node, k) for k in range(len(node.parents))]
            names = {"out": self.of(node)}
            if isinstance(op, Op) and not op.variadic:
                names |= zip(op.arrays, called, strict=True)
                left_out = {*op.masks, *op.optional}
                called = [
                    name
                    for name, array, tracked in zip(called, op.arrays, node.parents, strict=True)
                    if tracked is not None or array not in left_out
                ]
            computed = f"{op.name}({', '.join(called)})"
            of, to = self.of(node), self.of(parent)
            if isinstance(op, Op):
                rule = rule_at(node, i, names) or Formula("0", "0")
            elif isinstance(op, _Pick):
                rule, computed = Formula("g", barred(of)), f"{called[0]}[{op.position}]"
            else:
                jacobian = rf"\left(\frac{{\partial {symbol(of)}}}{{\partial {symbol(to)}}}\right)^{{\top}}"
                rule = Formula(f"VJP of {op.name}", f"{jacobian} {barred(of)}")
            number = None
            if node.shape == parent.shape == () and isinstance(op, Op):
                pulled = pull_one(node, i, np.ones((), node.dtype))
                number = 0.0 if pulled is None else float(pulled)
            shapes = (tuple(node.shape), tuple(parent.shape)) if isinstance(op, Op) else None
            self._factors[key] = Factor(
                of,
                computed,
                to,
                rule,
                number,
                shapes,
                self.value(node),
                self.place(node),
                node.context.path,
            )
        return self._factors[key]


def _same_data(known: Any, kept: Any) -> bool:
    """Whether an array that the graph kept, perhaps as a copy, is one that the caller has: numbers that are not all
    one and the same, and equal."""
    if not isinstance(known, np.ndarray) or known.shape != kept.shape or known.dtype != kept.dtype or not known.size:
        return False
    if known.size > _COMPARED or known.dtype.kind not in "fiub" or known.ravel()[0] != kept.ravel()[0]:
        return False
    return bool((known != known.ravel()[0]).any()) and np.array_equal(known, kept)


def _operation(node: Node) -> str:
    return getattr(node.op, "name", "leaf")
