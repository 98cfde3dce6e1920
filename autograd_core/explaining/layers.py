"""Backpropagation through layers, as the textbook has it: the delta of each layer from that of the next.

A layer is a product with a weight, perhaps with a bias added, z = W a + b, and what is applied to it, a = f(z). Its
delta is the cotangent of z. The formulas are composed of the rules along the one way that leads from delta to delta.
Source of the names: Nielsen, Neural Networks and Deep Learning, chapter 2, equations BP1 to BP4.
"""

import ast
import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..engine import Node, reachable
from ..formulas import bare, expression_at, transposes
from ..formulas.latex import barred, latex_of, symbol
from ..formulas.simplified import numbers_gathered, transposed, words_of
from ..op import Op
from .between import Between
from .explanation import Delta
from .labels import Labels

PRODUCTS = {"matmul", "linear", "conv1d", "conv2d", "conv3d"}
_SIGNS = {"add": ast.Add(), "subtract": ast.Sub()}
_FITTING = {"transpose", "swapaxes", "reshape", "moveaxis", "squeeze", "expand_dims", "alias", "astype"}


@dataclass(frozen=True)
class Draft:
    """A delta, or another cotangent on the way, before its value is known: how it follows from the one before."""

    name: str
    node: Node
    layer: int | None
    words: str
    latex: str
    left: str
    where: Sequence[str] = ()

    def made(self, found: Mapping[Node, Any]) -> Delta:
        """The delta with its value."""
        value = found.get(self.node)
        return Delta(self.name, self.layer, self.words, rf"{self.left} = {self.latex}", value, tuple(self.where))


@dataclass
class Layer:
    """One layer: its number, its product and its sum with a bias, which of the product's arguments is the weight."""

    number: int
    product: Node
    z: Node
    weight: int
    a: Node | None = None
    symbols: dict[tuple[Node, int], str] = field(default_factory=dict)


def deltas_of(stretch: Between, labels: Labels, given: bool = False) -> list[Draft]:
    """The deltas of the layers that all paths go through, the last first, and what they come to at the target.

    Nothing where there is no layer. `given` says that the first cotangent is another than 1, and needs a name.
    """
    layers = _layers(stretch)
    met = [layers[node] for node in stretch.cuts if node in layers]
    return _Composer(stretch, labels, met).drafts(given) if met else []


def _layers(stretch: Between) -> dict[Node, Layer]:
    """The layers in the graph of the root, by their z, numbered in the order of computation."""
    products: dict[Node, Node] = {}  # by the z that they are part of
    for node in reachable([stretch.root]):
        op = bare(node.op)
        if not isinstance(op, Op):
            continue
        if op.name in PRODUCTS and any(map(_is_weight, node.parents[:2])):
            products[node] = node
        elif op.name == "add":
            inside = [p for p in node.parents if p is not None and products.get(p) is p]
            if len(inside) == 1:
                products[node] = products.pop(inside[0])
    decided = [p for p in products.values() if _is_weight(p.parents[0]) != _is_weight(p.parents[1])]
    usual = None if not decided else 0 if _is_weight(decided[0].parents[0]) else 1
    layers = {}
    for number, (z, product) in enumerate(products.items(), 1):
        left, right = product.parents[:2]
        if bare(product.op).name != "matmul":
            weight = 1
        elif _is_weight(left) != _is_weight(right):
            weight = 0 if _is_weight(left) else 1
        elif usual is not None:
            weight = usual
        else:  # both were given: that which wants a gradient, where only one does
            weight = 0 if right is None else 1
        layers[z] = Layer(number, product, z, weight)
    return layers


def _is_weight(node: Node | None) -> bool:
    """Whether an argument was given rather than computed, or is such a one in another shape."""
    while node is not None and node.op is not None:
        if bare(node.op).name not in _FITTING:
            return False
        node = node.parents[0]
    return True


class _Composer:
    def __init__(self, stretch: Between, labels: Labels, layers: Sequence[Layer]) -> None:
        self.stretch, self.labels, self.layers = stretch, labels, layers
        self.place = {node: k for k, node in enumerate(stretch.cuts)}
        self.called: dict[Node, str] = {}
        self.called_at: dict[tuple[Node, int], str] = {}
        self.symbols = {name: symbol(name) for name in ("g", "out")}  # as names of the caller's
        for layer in layers:
            self._name(layer)

    def _name(self, layer: Layer) -> None:
        """Give what belongs to a layer its textbook names: z, a, W, b, and a of the layer before for its input."""
        number = layer.number
        self.called[layer.z] = self._symbol("z", number)
        after = self.place[layer.z] - 1
        if after >= 0 and self._edge(after) is not None and _is_activation(self.stretch.cuts[after]):
            layer.a = self.stretch.cuts[after]
            self.called[layer.a] = self._symbol("a", number)
        product = layer.product
        weight = product.parents[layer.weight]
        where = (weight, 0) if weight is not None and transposes(weight) else (product, layer.weight)
        self.called_at[where] = self._symbol("W", number)
        self._symbol("b", number)
        if product is not layer.z:
            for i, parent in enumerate(layer.z.parents):
                if parent is not product:
                    self.called_at[layer.z, i] = f"b{number}"
        elif len(product.parents) > 2:
            self.called_at[product, 2] = f"b{number}"
        data = product.parents[1 - layer.weight]
        if number == 1 and (data is None or data.op is None):
            self.called_at[product, 1 - layer.weight] = self._symbol("a", 0)

    def _symbol(self, letter: str, number: int) -> str:
        name = f"{letter}{number}"
        self.symbols[name] = rf"{{{letter}^{{{number}}}}}"
        return name

    def _argument(self, node: Node, i: int, plainly: bool = False) -> ast.expr:
        """What one argument is called. A transposed matrix, and a sum or difference that has no name, is written out,
        unless it is to be said `plainly`."""
        named, parent = self.called_at.get((node, i)), node.parents[i]
        if named is None and parent is not None:
            named = self.called.get(parent)
        if named is not None:
            return ast.Name(named)
        if parent is None:
            return _number_or_name(self.labels.argument(node, i))
        if not plainly and parent not in self.labels.names.of_node:
            if transposes(parent):
                return transposed(self._argument(parent, 0, plainly=True))
            sign = _SIGNS.get(getattr(bare(parent.op), "name", ""))
            if sign is not None:
                return ast.BinOp(*(self._argument(parent, 0, True), sign, self._argument(parent, 1, True)))
        return ast.Name(self.labels.argument(node, i))

    def _edge(self, k: int) -> int | None:
        """The one edge from a cut to the next; None where several ways lead there."""
        node, after = self.stretch.cuts[k], self.stretch.cuts[k + 1]
        positions = self.stretch.edges[node]
        return positions[0] if len(positions) == 1 and node.parents[positions[0]] is after else None

    def drafts(self, given: bool) -> list[Draft]:
        """All steps, each from the one before."""
        result = self.labels.of(self.stretch.root)
        made: list[Draft] = []
        last = self.layers[0]
        start, e = 0, ast.Name("gradient") if given else _one()
        self.symbols["gradient"] = barred(result)
        if last.a is not None and last.a is not self.stretch.root:
            name = f"d{result}/d{self.called[last.a]}"
            self.symbols[name] = self._derivative(result, self.symbols[self.called[last.a]])
            made.append(self._draft(name, last.a, None, self._composed(e, 0, self.place[last.a])))
            start, e = self.place[last.a], ast.Name(name)
        for layer in self.layers:
            end = self.place[layer.z]
            name = f"delta{layer.number}"
            self.symbols[name] = rf"{{\delta^{{{layer.number}}}}}"
            made.append(self._draft(name, layer.z, layer.number, self._composed(e, start, end), self._where(layer)))
            start, e = end, ast.Name(name)
        target = self.stretch.target
        if target is not self.layers[-1].z:
            own = self._own_name()
            name = f"d{result}/d{own}"
            self.symbols[name] = self._derivative(result, self.symbols.get(own) or symbol(own))
            made.append(self._draft(name, target, None, self._composed(e, start, len(self.stretch.cuts) - 1)))
        return made

    def _own_name(self) -> str:
        """What the target is called as an argument of the lowest layer, if it is that alone; else by its label."""
        target = self.stretch.target
        if any(self._edge(k) is None for k in range(self.place[self.layers[-1].z], len(self.stretch.cuts) - 1)):
            return self.labels.of(target)
        for (node, i), name in self.called_at.items():
            if node.parents[i] is target:
                return name
        return self.called.get(target) or self.labels.of(target)

    def _derivative(self, result: str, of: str) -> str:
        return rf"\frac{{\partial {symbol(result)}}}{{\partial {of}}}"

    def _draft(self, name: str, node: Node, layer: int | None, e: ast.expr, where: Sequence[str] = ()) -> Draft:
        left = self.symbols.get(name) or symbol(name)
        return Draft(name, node, layer, words_of(e), latex_of(e, symbols=self.symbols), left, where)

    def _where(self, layer: Layer) -> list[str]:
        """How a layer is computed, and what the caller calls its parts."""
        number, product, z = layer.number, layer.product, layer.z
        data = self._argument(product, 1 - layer.weight)
        op = bare(product.op).name
        if op == "matmul":
            sides = [data, self._argument(product, layer.weight)]
            left, right = sides if layer.weight else reversed(sides)
            text = words_of(ast.BinOp(left, ast.MatMult(), right)) + ("" if product is z else f" + b{number}")
        else:
            bias = f", b{number}" if product is not z or product.parents[2:] not in ((), (None,)) else ""
            text = f"{op}({words_of(data)}, W{number}{bias})"
        lines = [f"z{number} = {text}"]
        if layer.a is not None:
            lines.append(f"a{number} = {bare(layer.a.op).name}(z{number})")
        for (node, i), name in self.called_at.items():
            if node in (product, product.parents[layer.weight]):
                called = self.labels.argument(node, i)
                if called not in (name, "constant") and not called.endswith("(...)"):
                    lines.append(f"{name} is {called}")
        return lines

    def _composed(self, e: ast.expr, start: int, end: int) -> ast.expr:
        """A cotangent at one cut, pulled back to a later one."""
        for k in range(start, end):
            i = self._edge(k)
            node = self.stretch.cuts[k]
            if i is not None:
                e = self._step(node, i, e)
            else:
                ways = f"sum over {Between(node, self.stretch.cuts[k + 1]).count:,} ways"
                e = ast.Name(ways) if _is_one(e) else ast.Call(ast.Name(ways), [e], [])
        return e

    def _step(self, node: Node, i: int, e: ast.expr) -> ast.expr:
        """A cotangent pulled back along one edge."""
        op, parent = bare(node.op), node.parents[i]
        if _is_activation(node) and parent in self.called:
            slope = ast.Call(ast.Name(f"{op.name}'"), [ast.Name(self.called[parent])], [])
            return slope if _is_one(e) else ast.BinOp(slope, ast.Mult(), e)
        rule = expression_at(node, i)
        if rule is None:
            return ast.Call(ast.Name(f"VJP of {getattr(op, 'name', 'a function')}"), [e], [])
        names: dict[str, ast.expr] = {"out": ast.Name(self.called.get(node) or self.labels.of(node))}
        if not op.variadic:
            names |= {array: self._argument(node, k) for k, array in enumerate(op.arrays)}
        return numbers_gathered(_Put(e, names).visit(copy.deepcopy(rule)))


def _is_activation(node: Node) -> bool:
    op = bare(node.op)
    return isinstance(op, Op) and op.kind == "elementwise" and len(op.arrays) == 1 and callable(op.rules[0])


def _one() -> ast.expr:
    return ast.Constant(1)


def _is_one(e: ast.expr) -> bool:
    return isinstance(e, ast.Constant) and e.value == 1


def _number_or_name(text: str) -> ast.expr:
    """What a constant is called; a number is one."""
    try:
        number = float(text)
    except ValueError:
        return ast.Name(text)
    return ast.Constant(int(number) if number.is_integer() else number) if math.isfinite(number) else ast.Name(text)


class _Put(ast.NodeTransformer):
    """Puts a cotangent in the place of g, and what arguments are called in theirs."""

    def __init__(self, e: ast.expr, names: Mapping[str, ast.expr]) -> None:
        self.e, self.names = e, names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.e if node.id == "g" else self.names.get(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        node = self.generic_visit(node)  # type: ignore[assignment]  # a node of the same kind
        return transposed(node.value) if node.attr == "T" else node
