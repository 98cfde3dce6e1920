"""Where values left their graph: what constants that are alive remember, and what an array's numbers give away.

Knows reasons and lines. Does not know whose gradient is missing.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ..engine import Cut, Node, Variable
from ..watching import seen
from .alive import alive, bare
from .report import where


def cuts_alive(nodes: Collection[Node]) -> list[Any]:
    """Why constants that are alive may not be in a graph with these nodes: each reason once, in a fixed order.

    A reason tells from which node a value was cut off, as long as that is alive; when it is not, it may have been one
    that was computed from these. What was frozen was computed from nothing.
    """
    found: dict[Any, Any] = {}
    for value in alive(Variable):
        lost = getattr(value, "lost", None)
        if getattr(value, "node", None) is not None or lost is None or lost.place is None:
            continue
        origin = lost.node() if isinstance(lost, Cut) and lost.node is not None else None
        if (isinstance(lost, Cut) and lost.by == "requires_grad_") or (origin is not None and origin not in nodes):
            continue
        found[lost.place, lost.path, lost.by if isinstance(lost, Cut) else ""] = lost
    return [found[key] for key in sorted(found)]


def in_words(cut: Any) -> str:
    """One such reason as a clause."""
    by = cut.by if isinstance(cut, Cut) else "no_grad"
    return f"left a graph by {by}{where(cut.place, cut.path)}"


def crossing(values: Sequence[Node], users: Sequence[Node]) -> tuple[Node, Node, str] | None:
    """Where one of these values went on into the graph of the users as a mere array: value, user, and argument.

    Known of what was watched, and of leaves.
    """
    known: dict[Any, Node] = {}
    for node in values:
        array = _value(node)
        if isinstance(array, np.ndarray) and array.size > 1:
            for key in _keys(array):
                known.setdefault(key, node)
    for user in users:
        what, op = seen(user), bare(user.op)
        for i, given in enumerate(what.inputs if what is not None else ()):
            parent = user.parents[i] if i < len(user.parents) else None
            if parent is None and isinstance(given, np.ndarray) and given.size > 1:
                value = next((known[key] for key in _keys(given) if key in known), None)
                if value is not None:
                    return value, user, f"argument {op.arrays[0]}[{i}]" if op.variadic else f"argument {op.arrays[i]}"
    return None


def _keys(array: Any) -> tuple[Any, ...]:
    """What arrays have in common that share their memory, and those that have the same numbers."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    return id(owner), (array.shape, array.dtype.str, hash(array.tobytes()))


def _value(node: Node) -> Any:
    what = seen(node)
    if what is not None:
        return what.value
    owner = getattr(node, "owner", lambda: None)()
    return owner._array if owner is not None else None
