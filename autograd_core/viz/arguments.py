"""What a node tells of itself: its operation, what it was given, its options, and what it keeps for the sweep.

Knows nodes and what was seen of them. Does not know names, nor what is shown of all this.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..custom import _Bundle, _Pick
from ..engine import Leaf, Node, Overheard
from ..watching import seen
from .picture import Saved

ABSENT = object()
"""In the place of an argument that was not given."""
UNKNOWN = np.str_("constant")
"""In the place of a number that nobody holds any more."""


def operation_of(node: Node) -> Any:
    """The operation of a node, whoever listens in its place."""
    op: Any = node.op
    while isinstance(op, Overheard):
        op = op.op
    return op


def parents_of(node: Node) -> Sequence[Node | None]:
    """What a node was computed from: of the only result of a call with its own derivative, the arguments of that."""
    if _is_only_result(node):
        bundle: Any = node.parents[0]
        return bundle.parents
    return node.parents


def _is_only_result(node: Node) -> bool:
    op = operation_of(node)
    if not isinstance(op, _Pick) or node.parents[0] is None:
        return False
    return len(operation_of(node.parents[0]).avals) == 1


def is_inside(node: Node) -> bool:
    """Whether a node stands for the whole of a call whose only result is a node too."""
    op = operation_of(node)
    return isinstance(op, _Bundle) and len(op.avals) == 1


def kind_of_leaf(node: Node) -> str:
    owner = node.owner() if isinstance(node, Leaf) else None
    return "parameter" if owner is not None and not type(owner).__module__.startswith("autograd_core") else "input"


def argument_name(op: Any, i: int) -> str:
    arrays: Sequence[str] = getattr(op, "arrays", ())
    if getattr(op, "variadic", False):
        return f"{arrays[0]}[{i}]"
    return arrays[i] if i < len(arrays) else ""


def constants_of(node: Node, op: Any, parents: Sequence[Node | None]) -> dict[int, Any]:
    """The arguments without a node, by position: None for an unknown value, ABSENT for an argument not given."""
    positions = [i for i, parent in enumerate(parents) if parent is None]
    arrays: Sequence[str] = getattr(op, "arrays", ())
    what = seen(node)
    if what is not None and len(what.inputs) == len(parents):
        return {i: ABSENT if what.inputs[i] is None or what.inputs[i] is True else what.inputs[i] for i in positions}
    saved = dict(zip(op.residuals, node.saved or (), strict=False))
    if getattr(op, "variadic", False):
        values = saved.get(arrays[0])
        return {i: None if values is None else values[i] for i in positions}
    optional: Mapping[str, Any] = getattr(op, "defaults", {})
    known: dict[int, Any] = {}
    for i in positions:
        name = arrays[i] if i < len(arrays) else ""
        value = saved.get(name)
        absent = name in optional and (value is None or value is optional[name])
        known[i] = ABSENT if absent else value
    return known


def options_of(node: Node, op: Any) -> list[str]:
    """The options of an operation that are not as they are by default."""
    defaults = getattr(op, "defaults", {})
    given = zip(getattr(op, "statics", ()), node.statics, strict=False)
    return [f"{name}={_short(value)}" for name, value in given if not same(value, defaults.get(name, ABSENT))]


def saved_by(node: Node, op: Any) -> tuple[Saved, ...] | None:
    if node.saved is None:
        return None
    kept: list[Saved] = []
    for name, value in zip(op.residuals, node.saved, strict=False):
        if isinstance(value, tuple):
            kept += [_kept(f"{name}[{i}]", v) for i, v in enumerate(value) if hasattr(v, "nbytes")]
        elif hasattr(value, "nbytes"):
            kept.append(_kept(name, value))
    return tuple(kept)


def _kept(name: str, value: Any) -> Saved:
    return Saved(name, tuple(value.shape), dtype_text(value.dtype), int(value.nbytes))


@cache
def dtype_text(dtype: Any) -> str:
    """The name of a type of numbers, which NumPy finds slowly."""
    return str(dtype)


def is_number(value: Any) -> bool:
    return value is not None and value is not ABSENT and np.ndim(value) == 0


def number_text(value: Any) -> str:
    value = np.asarray(value).item()
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal, arrays among them; what cannot be compared is not."""
    if a is b:
        return True
    try:
        return np.shape(a) == np.shape(b) and bool(np.all(a == b))
    except Exception:  # options may be of any type, and what their comparison does is their business
        return False


def _short(value: Any) -> str:
    text = " ".join(_written(value).split())
    return text if len(text) <= 30 else text[:27] + "..."


def _written(value: Any) -> str:
    """A value as programs have it, an index in brackets: `[1:, ::2]`."""
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    if isinstance(value, slice):
        return f"[{_part(value)}]"
    if isinstance(value, tuple) and any(isinstance(part, slice) or part is Ellipsis for part in value):
        return f"[{', '.join(map(_part, value))}]"
    text = getattr(value, "__name__", None) if callable(value) else repr(value)
    return type(value).__name__ if text is None or " at 0x" in text else text  # an address is another one in each run


def _part(value: Any) -> str:
    """What stands between the commas of an index."""
    if isinstance(value, slice):
        ends = ["" if end is None else str(end) for end in (value.start, value.stop, value.step)]
        return ":".join(ends if ends[2] else ends[:2])
    return "..." if value is Ellipsis else _written(value)
