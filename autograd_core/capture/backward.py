"""The sweep that somebody may start from what a captured function returned: traced at once, planned beside it.

Knows graphs and tracers. Does not know how plans run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Node, Variable, edges_towards, reachable
from .building import Builder
from .listening import traced_by
from .program import Value
from .tracing import Tracer

__all__ = ["Backward"]


@dataclass(eq=False)
class Backward:
    """The cotangents of leaves from those of outputs.

    outputs     which of the function's outputs have a gradient, by position
    targets     where gradients go: what was there before the call
    seeds       the values that stand for the cotangents of the outputs
    gradients   the values of the targets' cotangents; None for those that get none
    start       how many of the builder's steps come before
    reaching    which of the outputs each target is reached from, as bits
    """

    outputs: list[int]
    targets: list[Node]
    seeds: list[Value]
    gradients: list[Value | None]
    start: int
    reaching: list[int]

    @classmethod
    def of(cls, tracer: Tracer, builder: Builder, outputs: Sequence[Any]) -> "Backward | None":
        """The sweep from these outputs; None if there is nothing to sweep, or it was swept."""
        live = [i for i, x in enumerate(outputs) if isinstance(x, Variable) and x.node is not None]
        live = [i for i in live if outputs[i].node.op is None or outputs[i].node.saved is not None]
        nodes = [outputs[i].node for i in live]
        if not nodes:
            return None
        found = reachable(nodes, [n for n in reachable(nodes) if n.index < tracer.born])
        targets = [n for n in found if n.index < tracer.born]  # not what was made, and differentiated by, inside
        if not targets or any(n.saved is None for n in found if n not in targets):
            return None  # a part of it was swept, and freed
        reaching = _reaching(nodes, found, targets)
        start = len(builder.steps)
        arrays = [np.ones(outputs[i].shape, outputs[i].dtype) for i in live]
        with traced_by(tracer):
            seeds = [tracer.input(array) for array in arrays]
            merged: dict[Node, Any] = {}
            for node, array in zip(nodes, arrays, strict=True):
                g = tracer.cotangent(array)
                merged[node] = merged[node] + g if node in merged else g
            wanted = frozenset(targets)
            edges, _ = edges_towards(wanted, merged)
            swept = tracer.sweep(merged, targets=wanted, edges=edges)
            gradients = [tracer.known(swept[n]) if n in swept else None for n in targets]
        return cls(live, targets, seeds, gradients, start, reaching)


def _reaching(outputs: Sequence[Node], nodes: Sequence[Node], targets: Sequence[Node]) -> list[int]:
    """For each target, the numbers of the outputs that were computed from it, as bits. `nodes` are all in between."""
    bits, ends = dict.fromkeys(nodes, 0), set(targets)
    for i, node in enumerate(outputs):
        bits[node] |= 1 << i
    for node in reversed(nodes):  # what was recorded later first
        for parent in () if node in ends else node.parents:
            if parent in bits:
                bits[parent] |= bits[node]
    return [bits[node] for node in targets]
