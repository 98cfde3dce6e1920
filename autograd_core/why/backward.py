"""The first NaN or infinity of a sweep: the operation to which a finite cotangent came, and from which none went on.

Sweeps a graph that has not been freed once more, step by step and without touching any `.grad`; of one that was
watched, it reads what was seen of the latest sweep.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Node, reachable
from .advice import advice
from .alive import bare
from .report import Finding, first_of, flaw_of, has_bad, is_bad, numbers, there
from .values import Step, Values, place_of


def can_be_swept(roots: Sequence[Node]) -> bool:
    """Whether nothing of a graph was freed."""
    return all(node.saved is not None for node in reachable(roots))


def first_in_new_sweep(roots: Sequence[Node]) -> Finding | None:
    """Sweep a graph from ones, and stop at the first operation that makes a NaN or an infinity."""
    nodes = reachable(roots)
    cotangents: dict[Node, Any] = {root: np.ones(root.shape, root.dtype) for root in roots}
    place = None
    with np.errstate(all="ignore"):
        for node in reversed(nodes):
            g = cotangents.pop(node, None)
            if g is None or node.op is None:
                continue
            place = place_of(node) or place  # a bundle has none of its own, and comes after its results
            pulled = tuple(bare(node.op).pull(np, node.parents, node.saved, node.statics, g))
            if has_bad(dict(enumerate(pulled))):
                return made(Step(node, Values(nodes).arguments(node), place), g, pulled)
            for parent, cotangent in zip(node.parents, pulled, strict=False):
                if parent is not None and cotangent is not None:
                    old = cotangents.get(parent)
                    total = cotangents[parent] = cotangent if old is None else old + cotangent
                    if old is not None and has_bad(total):
                        return summed(Step(parent, ()), total)
    return None


def first_seen(roots: Sequence[Node], seen: Any) -> Finding | None:
    """The first in what was seen of the latest sweep over each node."""
    nodes = reachable(roots)
    swept = sorted((n for n in nodes if (what := seen(n)) and what.sweep is not None), key=lambda n: seen(n).sweep)
    readers: dict[Node, list[Node]] = {}
    for node in nodes:
        for parent in node.parents:
            if parent is not None:
                readers.setdefault(parent, []).append(node)
    for node in swept:
        what = seen(node)
        if has_bad(what.gradient):
            return _unseen(node, what.gradient, readers, seen)
        if has_bad(dict(enumerate(what.pulled))):
            return made(Step(node, Values(nodes).arguments(node)), what.gradient, what.pulled)
    for node in reversed(nodes):
        owner = getattr(node, "owner", lambda: None)()
        grad = owner.grad if owner is not None else None
        if grad is not None and has_bad(grad._array):
            return _unseen(node, grad._array, readers, seen)
    return None


def _unseen(node: Node, g: Any, readers: dict[Node, list[Node]], seen: Any) -> Finding:
    """What gave a node its cotangent: a reader that nobody could see at work, else a sum."""
    for reader in readers.get(node, ()):
        if seen(reader) is None:
            place = next((place_of(r) for r in readers.get(reader, ()) if place_of(r)), None)
            return made(Step(reader, (), place), None, (g,))
    return summed(Step(node, ()), g)


def made(step: Step, g: Any, pulled: Sequence[Any]) -> Finding:
    """An operation that gave a NaN or an infinity for a finite cotangent."""
    position = next(i for i, c in enumerate(pulled) if has_bad(c))
    value = pulled[position]
    value = np.asarray(next(v for v in value.values() if has_bad(v)) if isinstance(value, dict) else value)
    at = first_of(is_bad(value), value)
    given = tuple(numbers(a.name, a.value, at, value.shape) for a in step.arguments)
    if g is not None and not isinstance(g, dict):
        given += (numbers("cotangent", g, at, value.shape),)
    numbers_there = {a.name: there(a.value, at, value.shape) for a in step.arguments}
    return Finding(
        "rule",
        step.operation,
        flaw_of(value[at]),
        step.place,
        step.path,
        step.options,
        given=given,
        made=(numbers(f"cotangent of {step.argument(position)}", value, at, value.shape),),
        advice=advice(step.operation, numbers_there, value[at], backward=True),
        index=at,
    )


def summed(step: Step, total: Any) -> Finding:
    """Cotangents of a value that are finite, and whose sum is not; or a seed that is not."""
    total = np.asarray(total)
    at = tuple(int(i) for i in np.argwhere(is_bad(total))[0])
    return Finding(
        "sum",
        step.operation,
        flaw_of(total[at]),
        step.place,
        step.path,
        given=(numbers("cotangent", total),),
        advice="Several parts of the computation, or the gradient given to backward(), ask for more than the type can "
        "hold: scale the loss, or compute in a wider type.",
        index=at,
    )
