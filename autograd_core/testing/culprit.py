"""Which operation's rule is wrong: found by differences at every value on the way, from the outputs back.

Knows functions of Tensors, whose graph can be watched. A sweep goes back from the outputs, and what it gives to a value
is right until it passes the wrong rule; so the last value computed whose cotangent is wrong went into the operation to
blame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Node, reachable
from ..places import place_of_user
from ..transforms import gradients
from ..watching import Watched, observed_by, watched_leaf
from .comparison import Comparison
from .diagnosis import Evidence
from .tensor_functions import TensorFunction

_LONGEST = 300  # a graph of more operations takes longer to search than anybody waits
_EXPLAINED = 64  # so many numbers of an operation's argument are compared to explain what is wrong with its rule


@dataclass(frozen=True)
class Culprit:
    """The operation whose rule is wrong, with the line that called it, and what its own numbers tell, if they do."""

    description: str
    evidence: Evidence | None


def culprit_of(comparison: Comparison) -> Culprit | None:
    """The operation whose rule is wrong; None if that cannot be told."""
    function = comparison.point.function
    if type(function) is not TensorFunction:
        return None
    run = _Run(function, comparison)
    if len(run.on_the_way) > _LONGEST:
        return None
    found = run.pulled(run.tracked, run.cotangents, run.on_the_way)
    cotangents = dict(zip(run.on_the_way, found, strict=True))
    for node in reversed(run.on_the_way):
        bent = _Bent(function, run.number[node])
        if comparison.is_wrong_at(bent, cotangents[node]):
            users = [n for n in run.nodes if node in n.parents]
            description = " or ".join(dict.fromkeys(run.described(user) for user in users))
            only = users[0] if len(users) == 1 else None
            return Culprit(description, run.evidence(node, only, bent, cotangents) if only else None)
    return None


class _Run:
    """One run of a function under observation: all values with their nodes, in order, and the lines that asked."""

    def __init__(self, function: TensorFunction, comparison: Comparison) -> None:
        self.comparison = comparison
        self.value: dict[Node, Watched] = {}
        self.number: dict[Node, int] = {}
        self._lines: dict[Node, str] = {}
        with observed_by(self._observe):
            outputs = function.outputs([watched_leaf(x.copy()) for x in comparison.point.inputs])
        pairs = [(y, u) for y, u in zip(outputs, comparison.point.cotangents, strict=True) if y.requires_grad]
        self.tracked, self.cotangents = [y for y, _ in pairs], [u for _, u in pairs]
        self.nodes = reachable(y.node for y in self.tracked)
        self.on_the_way = [node for node in self.nodes if node in self.value]

    def _observe(self, value: Watched, node: Node) -> None:
        self.number[node] = len(self.number)
        self.value[node] = value
        self._lines[node] = str(place_of_user() or "")

    def pulled(self, outputs: Sequence[Any], cotangents: Sequence[Any], nodes: Sequence[Node]) -> list[Any]:
        """The cotangents of some of the values."""
        found = gradients(list(outputs), [self.value[n] for n in nodes], list(cotangents), allow_unused=True)
        return [np.asarray(g.data) for g in found]

    def evidence(self, node: Node, user: Node, bent: "_Bent", cotangents: dict[Node, Any]) -> Evidence | None:
        """What the operation's own argument and result tell of its rule."""
        results = [n for n in self.on_the_way if n is user or user in n.parents]
        if len(results) != 1 or self.value[node].size > _EXPLAINED:
            return None
        (result,) = results
        numeric, error, wrong = self.comparison.compared_at(bent, cotangents[node])

        def pull(given: Sequence[Any]) -> list[Any]:
            return self.pulled([self.value[result]], given, [node])

        return Evidence(
            inputs=[np.asarray(self.value[node].data)],
            labels=[f"the argument of {result.op.name if result.op else 'a leaf'}"],
            outputs=[np.asarray(self.value[result].data)],
            cotangents=[cotangents[result]],
            analytic=[cotangents[node]],
            numeric=[numeric],
            error=[error],
            wrong=[wrong],
            columns=[None],
            pull=pull,
            order=1,
        )

    def described(self, node: Node) -> str:
        """An operation by its name, its place in a model, and the line that called it."""
        own = [node, *(n for n in self.nodes if node in n.parents)]  # a call with results of its own has its line there
        line = next((self._lines[n] for n in own if n in self._lines), "")
        name = node.op.name if node.op else "leaf"
        place = f" in {node.context.path}" if node.context.path else ""
        return f"{name}{place}" + (f" at {line}" if line else "")


class _Bent:
    """The function with one value on the way moved: the outputs as a function of how far."""

    def __init__(self, function: TensorFunction, number: int) -> None:
        self.function, self.number = function, number

    def __call__(self, arrays: Sequence[Any], offset: Any) -> list[Any]:
        seen = 0

        def observer(value: Watched, node: Node) -> None:
            nonlocal seen
            if seen == self.number:
                value._array = value._array + offset
            seen += 1

        with observed_by(observer):
            outputs = self.function.outputs([watched_leaf(x.copy()) for x in arrays])
        return [np.asarray(getattr(y, "data", y)) for y in outputs]
