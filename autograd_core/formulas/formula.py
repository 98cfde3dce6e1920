"""The formula of a rule: of an operation in general, or of one recorded node, whose shapes and names say more."""

import ast
import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..engine import Node, Overheard
from ..op import Op
from .latex import barred, latex_of, result_symbol, symbol
from .rules import expression_of
from .said import said_of
from .simplified import parsed, simplified, times, words_of


@dataclass(frozen=True)
class Formula:
    """A formula in words (plain text) and in LaTeX (without dollar signs)."""

    words: str
    latex: str


def rule_of(op: Any, i: int) -> Formula | None:
    """How a cotangent goes back along argument `i` of an operation; None if none does.

    Of an operation that takes a sequence of arrays every position has the same formula. An operation of another kind
    than the registered ones, such as a `checkpoint`, is named.

    >>> rule_of(ag.REGISTRY["tanh"], 0).words
    'g * (1 - out * out)'
    >>> rule_of(ag.REGISTRY["matmul"], 1).latex
    'a^{\\\\top} \\\\bar{y}'
    """
    op = bare(op)
    if not isinstance(op, Op):
        return _named(getattr(op, "name", type(op).__name__), "inputs")
    return _rule(op, 0 if op.variadic else i)


def rule_at(node: Node, i: int, names: Mapping[str, str] | None = None) -> Formula | None:
    """The same for argument `i` of a recorded node, with the axes that its shapes say are summed over.

    `names` has other names for the arguments of the operation and for "out", which then also has the bar in LaTeX.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> rule_at((x * np.ones((3, 2))).node, 0, {"b": "ones"}).words
    'sum(g * ones, axis=0)'
    """
    op, expression = bare(node.op), expression_at(node, i)
    if expression is None:
        return rule_of(op, i)
    position = 0 if op.variadic else i
    usual = expression is _expression(op, position)
    template = _usual_template(op, position) if usual else _template(expression, op)
    return _filled(template, op, names or {})


def expression_at(node: Node, i: int) -> ast.expr | None:
    """The formula as a syntax tree, of `g`, `out` and the names of the arguments; None if it is a sentence, or none."""
    op = bare(node.op)
    if not isinstance(op, Op):
        return None
    position = 0 if op.variadic else i
    expression, parent = _expression(op, position), node.parents[i]
    if parent is None:
        return expression
    special = _SPECIAL.get(op.name)
    if special is not None:
        text = special(op, node, i)
        if text:
            expression = parsed(text)
    if expression is None:
        return None
    broadcasting = op.kind == "elementwise" or op.name in _BROADCASTING
    if not broadcasting or parent.shape == node.shape or op.rules[position] == 0:
        return expression
    extra = len(node.shape) - len(parent.shape)
    narrow = [k + extra for k, n in enumerate(parent.shape) if n == 1 and node.shape[k + extra] != 1]
    axes = [ast.Constant(k) for k in (*range(extra), *narrow)]
    if not axes:
        return expression
    options = [ast.keyword("axis", axes[0] if len(axes) == 1 else ast.Tuple(list[ast.expr](axes), ast.Load()))]
    if narrow:
        options.append(ast.keyword("keepdims", ast.Constant(True)))
    return ast.Call(ast.Name("sum"), [expression], options)


def bare(op: Any) -> Any:
    """An operation without those who listen to it."""
    while isinstance(op, Overheard):
        op = op.op
    return op


def transposes(node: Node) -> bool:
    """Whether a recorded node is a matrix transposed, and nothing else."""
    op, parent = bare(node.op), node.parents[0] if node.parents else None
    if parent is None or len(parent.shape) != 2 or not isinstance(op, Op):
        return False
    if op.name == "swapaxes":
        return (node.statics[0] - node.statics[1]) % 2 == 1
    return op.name == "transpose" and node.statics[0] in (None, (1, 0), (-1, 0), (1, -2), (-1, -2))


def _of_transposition(op: Op, node: Node, i: int) -> str:
    """The rule where the axes of a matrix change places."""
    return "g.T" if transposes(node) else ""


def _of_product(op: Op, node: Node, i: int) -> str:
    """The rule of a product with a vector, which looks otherwise."""
    own, other = node.parents[i], node.parents[1 - i]
    value = other if other is not None else _saved(op, node).get(op.arrays[1 - i])
    if own is None or value is None:
        return ""
    vectors = (len(own.shape) == 1, len(value.shape) == 1)
    left = {(True, True): "g * b", (False, True): "outer(g, b)", (True, False): "b @ g"}
    right = {(True, True): "g * a", (False, True): "outer(a, g)", (True, False): "g @ a"}
    return (left, right)[i].get(vectors, "")


def _of_power(op: Op, node: Node, i: int) -> str:
    """The rule of a power whose exponent is a number."""
    b = _saved(op, node).get("b")
    if i or node.parents[1] is not None or b is None or np.ndim(b):
        return ""
    n = np.asarray(b).item()
    n = int(n) if n == int(n) else n
    return {0: "0 * g", 1: "g", 2: "2 * g * a"}.get(n) or f"{n!r} * g * a ** {n - 1!r}"


def _of_total(op: Op, node: Node, i: int) -> str:
    """The rule of a sum or mean of everything: the one cotangent goes to each number."""
    parent = node.parents[i]
    if parent is None or node.shape or _saved(op, node).get("where", True) is not True:
        return ""
    return "g" if op.name == "sum" else f"g / {math.prod(parent.shape)}"


def _of_cross_entropy(op: Op, node: Node, i: int) -> str:
    """The rule for the scores, with the number of rows."""
    scores, labels = node.parents[0], _saved(op, node).get("labels")
    reduction = dict(zip(op.statics, node.statics, strict=True))["reduction"]
    if i or scores is None or labels is None or reduction == "none":
        return ""
    probable = "softmax(logits) * sum(labels, axis=-1, keepdims=True) - labels"
    slope = probable if labels.shape == scores.shape else "softmax(logits) - onehot(labels)"
    rows = math.prod(scores.shape[:-1]) if reduction == "mean" else 1
    return f"g * ({slope})" + (f" / {rows}" if rows > 1 else "")


_SPECIAL: dict[str, Callable[[Op, Node, int], str]] = {
    "matmul": _of_product,
    "transpose": _of_transposition,
    "swapaxes": _of_transposition,
    "power": _of_power,
    "sum": _of_total,
    "mean": _of_total,
    "cross_entropy": _of_cross_entropy,
}


def _saved(op: Op, node: Node) -> dict[str, Any]:
    """What a node keeps for its rules, by name."""
    return dict(zip(op.residuals, node.saved or (), strict=False))


@cache
def _rule(op: Op, i: int) -> Formula | None:
    said = said_of(op.name, op.arrays[i])
    if op.rules[i] is None:
        return None
    if isinstance(said, tuple):
        return Formula(*said)
    expression, remark = _expression(op, i), _remark(op, i)
    if expression is None:
        return _named(op.name, op.arrays[i]) if op.kind != "elementwise" else _partial(op, op.arrays[i])
    return Formula(words_of(expression) + (f"; {remark}" if remark else ""), latex_of(expression, op.arrays))


@cache
def _expression(op: Op, i: int) -> ast.expr | None:
    """The formula of a rule, as far as it is one."""
    rule, said = op.rules[i], said_of(op.name, op.arrays[i])
    if rule is None or isinstance(said, tuple):
        return None
    if said is not None:
        return parsed(said.partition(";")[0])
    if not callable(rule):
        return times(ast.Name("g"), ast.Constant(rule))
    found = expression_of(rule)
    if found is None:
        return None
    return times(ast.Name("g"), simplified(found)) if op.kind == "elementwise" else simplified(found)


def _remark(op: Op, i: int) -> str:
    """What is to be added in words to a formula."""
    said = said_of(op.name, op.arrays[0 if op.variadic else i])
    return said.partition("; ")[2] if isinstance(said, str) else ""


@cache
def _usual_template(op: Op, i: int) -> Formula:
    """The formula of a rule, with marks where names go: of a graph there are many, and names are all that differs."""
    expression = _expression(op, i)
    assert expression is not None
    return _template(expression, op, _remark(op, i))


def _template(expression: ast.expr, op: Op, remark: str = "") -> Formula:
    marks = {name: chr(_MARK + k) for k, name in enumerate(("g", "out", *op.arrays))}
    marked = _Renamed({name: mark for name, mark in marks.items() if name != "g"}).visit(copy.deepcopy(expression))
    symbols = {mark: mark for mark in marks.values()} | {"g": marks["g"]}
    return Formula(words_of(marked) + (f"; {remark}" if remark else ""), latex_of(marked, op.arrays, symbols))


def _filled(template: Formula, op: Op, names: Mapping[str, str]) -> Formula:
    """A template with its names."""
    words, latex = template.words, template.latex
    result = names.get("out") or result_symbol(op.arrays)
    for k, name in enumerate(("g", "out", *op.arrays)):
        mark, called = chr(_MARK + k), names.get(name, name)
        words = words.replace(mark, called)
        shown = barred(result) if name == "g" else symbol(result if name == "out" else called)
        latex = latex.replace(mark, shown)
    return Formula(words, latex)


_BROADCASTING = {"where", "ldexp"}  # besides the elementwise operations
_MARK = 0xE000  # the first character for private use


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.names.get(node.id, node.id))


def _named(operation: str, argument: str) -> Formula:
    """What is left to say where a rule cannot be read."""
    x = symbol(argument)
    return Formula(f"VJP of {operation}", rf"\left(\frac{{\partial y}}{{\partial {x}}}\right)^{{\top}} \bar{{y}}")


def _partial(op: Op, argument: str) -> Formula:
    y = "z" if "y" in op.arrays else "y"
    return Formula(
        f"g * d {op.name} / d {argument}", rf"\bar{{{y}}} \odot \frac{{\partial {y}}}{{\partial {symbol(argument)}}}"
    )
