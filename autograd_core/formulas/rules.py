"""The expression that a rule is: found in the source of its function, with the functions it leans on written out.

A rule is a lambda or a short function. Which of several lambdas on a line it is, the positions in its code say. A
function whose docstring opens with ``a formula`` stands for that formula; one that is a single `return` for what it
returns. The rest has no expression.
"""

import ast
import inspect
import linecache
import math
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from types import CodeType
from typing import Any

from .simplified import parsed, spelled_out

_DEEP = 8  # functions within functions that are written out; a rule that calls itself ends here

Expression = ast.expr


def expression_of(function: Callable[..., Any]) -> Expression | None:
    """What a function of a rule computes, as an expression of its parameters; None where there is no one expression.

    >>> ast.unparse(expression_of(lambda out: 1 - out * out))
    '1 - out * out'
    """
    return _expression(function, _DEEP)


def _expression(function: Any, depth: int) -> Expression | None:
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType) or not depth:
        return None
    body = _formula_in_docstring(function)
    if body is None:
        body = _body(code)
    return None if body is None else _Written(_names_around(function), depth).visit(body)


def _formula_in_docstring(function: Any) -> Expression | None:
    text = (function.__doc__ or "").removeprefix("``")
    if text == (function.__doc__ or "") or "``" not in text:
        return None
    try:
        return parsed(spelled_out(text.partition("``")[0]))
    except SyntaxError:
        return None


def _body(code: CodeType) -> Expression | None:
    """What a lambda or a function of one statement returns."""
    if code.co_name == "<lambda>":
        lambdas = [n for n in _nodes(code.co_filename) if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno]
        found = [n for n in lambdas if _holds(n.body, code)] if len(lambdas) > 1 else lambdas
        return parsed(ast.unparse(found[0].body)) if len(found) == 1 else None  # a copy, to be rewritten
    for node in _nodes(code.co_filename):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name and _start(node) == code.co_firstlineno:
            body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is not None:
                return parsed(ast.unparse(body[0].value))
    return None


def _start(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


@cache
def _nodes(file: str) -> list[ast.AST]:
    """All of a file that is a function; nothing if the source is not to be had."""
    source = "".join(linecache.getlines(file))
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError:
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda | ast.FunctionDef)]


def _holds(body: Expression, code: CodeType) -> bool:
    """Whether all the code was compiled from this text."""
    start, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    for line, end_line, column, end_column in code.co_positions():
        if line is None or end_line is None or column is None or end_column is None or column == end_column:
            continue  # what belongs to no text, such as the start of the function
        if (line, column) < start or (end_line, end_column) > end:
            return False
    return True


def _names_around(function: Any) -> Mapping[str, Any]:
    """What the free names of a function stand for."""
    around = inspect.getclosurevars(function)
    return {**around.globals, **around.nonlocals}


class _Written(ast.NodeTransformer):
    """Writes private functions out, and gives private names of functions and constants their public ones."""

    def __init__(self, names: Mapping[str, Any], depth: int) -> None:
        self.names, self.depth = names, depth

    def visit_Name(self, node: ast.Name) -> Expression:
        known = self.names.get(node.id)
        if known is None:
            return node
        if isinstance(known, int | float):
            return ast.Name("pi") if known == math.pi else ast.Constant(known)
        operation = getattr(known, "op", None)
        name = getattr(operation, "name", None) or getattr(known, "__name__", None)
        return ast.Name(name.rpartition(".")[2]) if isinstance(name, str) and node.id.startswith("_") else node

    def visit_Call(self, node: ast.Call) -> Expression:
        function = self.names.get(node.func.id) if isinstance(node.func, ast.Name) else None
        own = not hasattr(function, "op") and (
            getattr(function, "__name__", "").startswith("_")
            or (getattr(function, "__doc__", "") or "").startswith("``")
        )
        if own and function is not None:
            body = _expression(function, self.depth - 1)
            parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
            if body is not None and len(node.args) == len(parameters) and not node.keywords:
                given = [self.visit(x) for x in node.args]
                return _Filled(dict(zip(parameters, given, strict=True))).visit(body)
        return self.generic_visit(node)  # type: ignore[return-value]  # an expression, as it was


class _Filled(ast.NodeTransformer):
    """Puts arguments in the places of parameters."""

    def __init__(self, given: Mapping[str, Expression]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> Expression:
        return self.given.get(node.id, node)
