"""Expressions in the shape of the textbook: without the plumbing of arrays, products in their usual order.

Works on the syntax trees of Python expressions. Knows the names of array functions, not what they compute.
"""

import ast
import io
import math
import tokenize
from collections.abc import Iterator
from fractions import Fraction

Expression = ast.expr

CALLED = {"log", "exp", "sin", "cos", "sqrt", "sinc", "erfcx", "gamma", "beta"}
"""Functions that a docstring may apply without parentheses, as in ``a**b log a``."""

_ROUND = 10**9  # a fraction of larger numbers is no simpler than what it is made of
_TRANSPOSED = {"transposed"}
_AS_GIVEN = {"keep": 0, "chosen": 1, "_scalars": 0, "_tall": 1, "_lanes": 1, "value_of": 0, "broadcast_to": 0}


def parsed(text: str) -> Expression:
    """The expression that a text is."""
    return ast.parse(text, mode="eval").body


def words_of(expression: Expression) -> str:
    """An expression as text."""
    return ast.unparse(ast.fix_missing_locations(expression))


def spelled_out(text: str) -> str:
    """A formula as mathematicians write it, as Python: ``2 x f(x)`` is a product, ``log a`` a call, e a power's base.

    >>> spelled_out("b a**(b-1)"), spelled_out("a**b log a")
    ('b * a ** ( b - 1 )', 'a ** b * log ( a )')
    """
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.string.strip()]
    said: list[str] = []
    closing = False
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else None
        operand = token.type in (tokenize.NAME, tokenize.NUMBER) or token.string == "("
        if before is not None and operand:
            ended = before.type in (tokenize.NAME, tokenize.NUMBER) or before.string == ")"
            if before.string in CALLED and token.type == tokenize.NAME:
                said.append("(")
                closing = True
            elif ended and not (token.string == "(" and before.type == tokenize.NAME and token.start == before.end):
                said.append("*")
        said.append(token.string)
        if closing and token.type == tokenize.NAME and before is not None and before.string in CALLED:
            said.append(")")
            closing = False
    return " ".join(said)


def simplified(expression: Expression) -> Expression:
    """The same, without array namespaces, casts and what only fits shapes."""
    return _Simplified().visit(expression)


class _Simplified(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> Expression:
        if isinstance(node.value, ast.Name):
            if node.value.id in ("xp", "np"):
                return ast.Name({"absolute": "abs"}.get(node.attr, node.attr))
            if node.value.id.endswith("_aval"):
                return ast.Attribute(ast.Name(node.value.id.removesuffix("_aval")), node.attr)
        return self.generic_visit(node)  # type: ignore[return-value]  # an expression

    def visit_Call(self, node: ast.Call) -> Expression:
        node = self.generic_visit(node)  # type: ignore[assignment]  # same kind
        if isinstance(node.func, ast.Attribute) and node.func.attr == "astype":
            return node.func.value
        if not isinstance(node.func, ast.Name):
            return node
        name, arguments = node.func.id, node.args
        if name in _AS_GIVEN and len(arguments) > _AS_GIVEN[name]:
            return arguments[_AS_GIVEN[name]]
        if name in _TRANSPOSED:
            return ast.Attribute(arguments[0], "T")
        if name == "matmul":
            return ast.BinOp(arguments[0], ast.MatMult(), arguments[1])
        if name == "square":
            return ast.BinOp(arguments[0], ast.Pow(), ast.Constant(2))
        node.keywords = [k for k in node.keywords if k.arg != "keepdims"] if name != "sum" else node.keywords
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Expression:
        node = self.generic_visit(node)  # type: ignore[assignment]  # same kind
        if isinstance(node.op, ast.Pow) and isinstance(node.left, ast.Name) and node.left.id == "e":
            return ast.Call(ast.Name("exp"), [node.right], [])
        if isinstance(node.op, ast.Add) and ast.dump(node.left) == ast.dump(node.right):
            return ast.BinOp(ast.Constant(2), ast.Mult(), node.left)
        return node


def times(g: Expression, partial: Expression) -> Expression:
    """The product of a cotangent and a partial, as it is usually written: sign, numbers, cotangent, factors."""
    sign, above, below = factors(partial)
    numbers = [f for f in above if isinstance(f, ast.Constant)]
    others = [f for f in above if not isinstance(f, ast.Constant)]
    value: float = math.prod(number.value for number in numbers)  # type: ignore[misc]  # all are numbers
    if value == 0:
        return ast.Constant(0)
    if 0 < value < 1 and (1 / value).is_integer():
        below, value = [ast.Constant(int(1 / value)), *below], 1
    above = [*([] if value == 1 else [ast.Constant(value)]), g, *others]
    product = _product(above)
    if below:
        product = ast.BinOp(product, ast.Div(), _product(below))
    return _negated(product) if sign < 0 else product


def transposed(expression: Expression) -> Expression:
    """A matrix transposed: what was transposed is itself again, and a product the other way round.

    >>> words_of(transposed(parsed("a.T @ g")))
    'g.T @ a'
    """
    if isinstance(expression, ast.Attribute) and expression.attr == "T":
        return expression.value
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.MatMult):
        return ast.BinOp(transposed(expression.right), ast.MatMult(), transposed(expression.left))
    return ast.Attribute(expression, "T")


def numbers_gathered(expression: Expression) -> Expression:
    """The same, with the numbers of a product in one.

    >>> print(*(words_of(numbers_gathered(parsed(e))) for e in ("2 * (1 / 2) * (a - y)", "2 * (1 / 12) * a")), sep=", ")
    a - y, a / 6
    """
    sign, above, below = factors(expression)
    over, under = ([f for f in side if not _is_number(f)] for side in (above, below))
    if len(over) == len(above) and len(under) == len(below):
        return expression
    number = _product_of_numbers(above) / _product_of_numbers(below)
    if max(number.numerator, number.denominator) > _ROUND:
        return expression
    numerator: list[Expression] = [ast.Constant(number.numerator)] if number.numerator != 1 or not over else []
    product = _product([*numerator, *over])
    if number.denominator != 1:
        under = [ast.Constant(number.denominator), *under]
    if under:
        product = ast.BinOp(product, ast.Div(), _product(under))
    return _negated(product) if sign < 0 else product


def _product_of_numbers(of: list[Expression]) -> Fraction:
    """The product of the numbers among factors, as they are written: 0.1 is a tenth."""
    return math.prod((Fraction(words_of(factor)) for factor in of if _is_number(factor)), start=Fraction(1))


def _is_number(factor: Expression) -> bool:
    return isinstance(factor, ast.Constant) and isinstance(factor.value, int | float) and 0 < factor.value < math.inf


def _product(of: list[Expression]) -> Expression:
    product = of[0]
    for factor in of[1:]:
        product = ast.BinOp(product, ast.Mult(), factor)
    return product


def _negated(expression: Expression) -> Expression:
    """The minus before the first factor, where it is usually written."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mult | ast.Div):
        return ast.BinOp(_negated(expression.left), expression.op, expression.right)
    return ast.UnaryOp(ast.USub(), expression)


def factors(expression: Expression) -> tuple[int, list[Expression], list[Expression]]:
    """Sign, numerator and denominator of a product."""
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.USub):
        sign, above, below = factors(expression.operand)
        return -sign, above, below
    if isinstance(expression, ast.Constant) and isinstance(expression.value, int | float) and expression.value < 0:
        return -1, [ast.Constant(-expression.value)], []
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mult | ast.Div):
        sign, above, below = factors(expression.left)
        other, over, under = factors(expression.right)
        if isinstance(expression.op, ast.Div):
            over, under = under, over
        return sign * other, [*above, *over], [*below, *under]
    return 1, [expression], []


def names_in(expression: Expression) -> Iterator[str]:
    """All names that stand in an expression."""
    return (node.id for node in ast.walk(expression) if isinstance(node, ast.Name))
