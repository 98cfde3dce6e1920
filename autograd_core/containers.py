"""Nested lists, tuples and dicts of arrays: taking the arrays out in order, and putting others in their places."""

from collections.abc import Callable, Sequence
from typing import Any

from .errors import ShapeError

Rebuild = Callable[[Sequence[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of nested containers in order, and a function that builds the same containers around other leaves.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": (3.0,)})
    >>> leaves, rebuild([10 * x for x in leaves])
    ([1.0, 2.0, 3.0], {'w': [10.0, 20.0], 'b': (30.0,)})
    """
    leaves: list[Any] = []
    build = _flatten(tree, leaves)

    def rebuild(values: Sequence[Any]) -> Any:
        return build(iter(values))

    return leaves, rebuild


def _flatten(tree: Any, leaves: list[Any]) -> Callable[[Any], Any]:
    if isinstance(tree, dict):
        parts = {key: _flatten(value, leaves) for key, value in tree.items()}
        return lambda values: {key: part(values) for key, part in parts.items()}
    if isinstance(tree, list | tuple):
        items = [_flatten(value, leaves) for value in tree]
        kind = type(tree)
        if hasattr(kind, "_fields"):  # a named tuple
            return lambda values: kind(*(item(values) for item in items))
        return lambda values: kind(item(values) for item in items)
    if tree is None:
        return lambda values: None
    leaves.append(tree)
    return next


def flatten_like(tree: Any, like: Any, who: str, what: str) -> list[Any]:
    """The leaves of a tree that must have the containers of another.

    Raises: ShapeError if they differ.
    """
    leaves, _ = flatten(tree)
    expected, _ = flatten(like)
    if len(leaves) != len(expected) or _outline(tree) != _outline(like):
        raise ShapeError(f"{who}: {what} must have the structure {_outline(like)}, got {_outline(tree)}")
    return leaves


def _outline(tree: Any) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{k!r}: {_outline(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(_outline, tree)) + "]"
    if isinstance(tree, tuple):
        return "(" + ", ".join(map(_outline, tree)) + ("," if len(tree) == 1 else "") + ")"
    return "None" if tree is None else "*"
