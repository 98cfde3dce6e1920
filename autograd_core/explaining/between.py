"""The part of a graph between a result and a value: its paths, how many there are, and what goes back along each.

Knows nodes and how one rule is pulled. There is no recursion, because graphs are 100,000 operations deep, and the
number of paths is exact, because it grows as a power of two.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Node, reachable
from ..formulas import bare

_ALL = 1000  # so many paths are all computed, to list the largest
_STEPS = 100_000  # if that takes no more steps than this

Edge = tuple[Node, int]


@dataclass(frozen=True)
class Walk:
    """One path: its edges from the result on, the norm of the cotangent before, between and behind them, and what
    arrives (None for nothing)."""

    edges: Sequence[Edge]
    norms: Sequence[float]
    contribution: Any


class Between:
    """The paths from a root back to a target. `edges` are, by node, the positions of the parents that lead there.

    `count` is the number of paths, `cuts` are the nodes that lie on all of them, the root first.
    """

    def __init__(self, root: Node, target: Node) -> None:
        self.root, self.target = root, target
        nodes = reachable([root], [target])
        leading = {target}
        self.edges: dict[Node, Sequence[int]] = {}
        for node in nodes:  # in the order they were recorded
            if node is not target:
                positions = [i for i, parent in enumerate(node.parents) if parent in leading]
                if positions:
                    leading.add(node)
                    self.edges[node] = positions
        self.leads = root in leading
        self.count = self._counted() if self.leads else 0
        self.cuts = self._in_all() if self.leads else []

    def parents(self, node: Node) -> Iterator[Node]:
        """The nodes that the edges of one lead to, as often as they do."""
        for i in self.edges.get(node, ()):
            parent = node.parents[i]
            assert parent is not None
            yield parent

    def _counted(self) -> int:
        """The number of paths: that of a node is the sum of its parents'. Forgotten once nobody asks again."""
        asked: dict[Node, int] = {}
        for node in self.edges:
            for parent in self.parents(node):
                asked[parent] = asked.get(parent, 0) + 1
        counts = {self.target: 1}
        for node in self.edges:
            counts[node] = 0
            for parent in self.parents(node):
                counts[node] += counts[parent]
                asked[parent] -= 1
                if not asked[parent]:
                    del counts[parent]
        return counts[self.root]

    def _in_all(self) -> list[Node]:
        """The nodes on all paths: those that, going down the order of recording, are the only one still to come."""
        waiting, cuts = {self.root}, []
        for node in (*reversed(self.edges), self.target):
            if len(waiting) == 1:
                cuts.append(node)
            waiting.discard(node)
            waiting.update(self.parents(node))
        return cuts

    def walks(self, seed: Any, limit: int) -> tuple[list[Walk], bool]:
        """At most `limit` paths with what comes back along each, and whether they are the largest of all."""
        if self.count > limit and self.count <= _ALL and self._steps() <= _STEPS:
            found = list(self._walks(seed))
            order = sorted(range(len(found)), key=lambda i: (-_rank(found[i]), i))
            return [found[i] for i in order[:limit]], True
        first = []
        for walk in self._walks(seed):
            first.append(walk)
            if len(first) == limit:
                break
        return first, self.count <= limit

    def _steps(self) -> int:
        """How many rules must be pulled for all paths, where they share their beginnings."""
        ways = {self.root: 1}
        total = 0
        for node in reversed(self.edges):
            for parent in self.parents(node):
                ways[parent] = ways.get(parent, 0) + ways[node]
                total += ways[node]
        return total

    def _walks(self, seed: Any) -> Iterator[Walk]:
        """All paths, those through the first arguments first."""
        if self.root is self.target:
            yield Walk((), (norm(seed),), seed)
            return
        edges: list[Edge] = []
        norms = [norm(seed)]
        stack = [(self.root, i, seed, 0) for i in reversed(self.edges[self.root])]
        while stack:
            node, i, g, depth = stack.pop()
            del edges[depth:], norms[depth + 1 :]
            pulled = None if g is None else pull_one(node, i, g)
            edges.append((node, i))
            norms.append(norm(pulled))
            parent = node.parents[i]
            assert parent is not None
            if parent is self.target:
                yield Walk(tuple(edges), tuple(norms), pulled)
            else:
                stack += [(parent, k, pulled, depth + 1) for k in reversed(self.edges[parent])]


def pull_one(node: Node, i: int, g: Any) -> Any:
    """The cotangent that a rule gives one argument, as if no other wanted any; nobody hears of it."""
    parents: list[Node | None] = [None] * len(node.parents)
    parents[i] = node.parents[i]
    return tuple(bare(node.op).pull(np, parents, node.saved, node.statics, g))[i]


@contextmanager
def unheard(nodes: Iterable[Node]) -> Iterator[None]:
    """Let nobody hear of the sweeps inside: a look at a graph fills no `.grad`."""
    listened = {node: node.op for node in nodes if node.op is not bare(node.op)}
    try:
        for node, op in listened.items():
            node.op = bare(op)
        yield
    finally:
        for node, op in listened.items():
            node.op = op


def norm(g: Any) -> float:
    """The Euclidean norm of a cotangent; of the parts of one, that of all together."""
    if g is None:
        return 0.0
    if isinstance(g, Mapping):
        return float(np.sqrt(sum(norm(part) ** 2 for part in g.values())))
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.linalg.norm(np.asarray(g, dtype=np.float64).ravel()))


def _rank(walk: Walk) -> float:
    size = walk.norms[-1]
    return float("inf") if size != size else size  # a NaN is worth seeing first
