"""The first NaN or infinity of a forward computation, among those that reached the output.

Goes back from the output's elements that are not finite, through each operation to the elements of its arguments that
made them so. That is asked of the operation itself: it is computed again with the flaws of its arguments mended, all of
them or all but one's. If the result has its flaws with all arguments mended, the operation makes them; what a mask
hides is not followed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Node, reachable, switched
from ..op import Op
from ..tensor import Tensor
from .advice import advice
from .alive import Names, bare
from .report import Finding, first_of, flaw_of, is_bad, numbers, there
from .values import UNKNOWN, Argument, Step, Values, compute

_MENDED = (0.5, 1.5)  # numbers that most operations are defined for, one of them at least


class Trace:
    """The way of NaNs and infinities through a graph: which operations made them, and which inputs brought them."""

    def __init__(self, roots: Sequence[Node], names: Names) -> None:
        self.names = names
        self.nodes = reachable(roots)
        self.values = Values(self.nodes)
        self.uncertain: list[Node] = []  # those of whose arguments too few are known, the last recorded first
        self._bad: dict[Node, Any] = {}  # elements that are not finite and count; None if they are not known
        self._sources: list[tuple[Node, Finding]] = []
        self._bring: dict[Node, tuple[Node, Any]] = {}
        for root in roots:
            value = self.values.of(root)
            if value is not UNKNOWN and is_bad(value).any():
                self._bad[root] = is_bad(value)
        for node in reversed(self.nodes):
            if node in self._bad and node.op is not None:
                self._follow(node, self._bad[node])
        for leaf, (user, bad) in self._bring.items():
            self._sources.append((user, self._brought(user, leaf, self.values.of(leaf), bad)))

        self._sources.sort(key=lambda pair: pair[0].index)

    @property
    def first(self) -> Finding | None:
        """The first in the order of recording."""
        return self._sources[0][1] if self._sources else None

    @property
    def first_node(self) -> Node:
        """The operation that it came out of, or that read it."""
        return self._sources[0][0]

    @property
    def became_nan(self) -> Finding | None:
        """The first operation with a NaN in its result, and none among its arguments, if it is not the first of all."""
        first = self.first
        if first is None or first.flaw == "NaN":
            return None
        for node in self.nodes:
            value = self.values.of(node)
            if node in self._bad and node.op is not None and value is not UNKNOWN:
                arguments = [a.value for a in self.values.arguments(node) if a.value is not UNKNOWN]
                if np.isnan(value).any() and not any(_has_nan(v) for v in arguments):
                    return self._produced(node, np.isnan(value))
        return None

    def _follow(self, node: Node, bad: Any) -> None:
        """Whether an operation made its flaws, and which of its arguments' did."""
        arguments = self.values.arguments(node)
        flawed = {i: is_bad(a.value) for i, a in enumerate(arguments) if a.value is not UNKNOWN and _has_flaw(a.value)}
        hidden = [i for i, a in enumerate(arguments) if a.value is UNKNOWN]
        if self.values.of(node) is UNKNOWN or bad is None:
            bad = None
        if not isinstance(bare(node.op), Op) or hidden or bad is None:
            guilty = dict(flawed)
            made = not flawed and not any(arguments[i].node is not None for i in hidden)
            if hidden and not flawed:
                self.uncertain.append(node)
        else:
            made = _survives(node, arguments, bad, None)
            guilty = {
                i: mask & _concerning(node, i, arguments, bad)
                for i, mask in flawed.items()
                if _survives(node, arguments, bad, i)
            }
            guilty = {i: mask if mask.any() else flawed[i] for i, mask in guilty.items()}
            if not made and not guilty:
                guilty = flawed  # only together: which of them cannot be said
        if made and bad is not None:
            self._sources.append((node, self._produced(node, bad)))
        for i in {*guilty, *(i for i in hidden if not flawed)}:
            self._blame(node, arguments[i], guilty.get(i))

    def _blame(self, node: Node, argument: Argument, bad: Any) -> None:
        parent = argument.node
        if parent is None:
            if bad is not None:
                self._sources.append((node, self._brought(node, None, argument.value, bad, argument.name)))
            return
        old = self._bad.get(parent)
        self._bad[parent] = bad if old is None or bad is None else old | bad
        if parent.op is None and bad is not None:
            self._bring[parent] = node, self._bad[parent]

    # --- findings -----------------------------------------------------------------------------------------------------

    def _produced(self, node: Node, bad: Any) -> Finding:
        return produced(Step(node, self.values.arguments(node)), self.values.of(node), bad)

    def _brought(self, user: Node, leaf: Node | None, value: Any, bad: Any, argument: str = "") -> Finding:
        """A leaf or a constant that was not finite when it came in."""
        value = np.asarray(value)
        at = first_of(bad, value)
        owner = leaf.owner() if leaf is not None else None  # type: ignore[attr-defined]  # a leaf has one
        learned = isinstance(getattr(owner, "name", None), str)
        name = self.names.of(owner) if owner is not None else self.names.of(value)
        step = Step(user, ())
        return Finding(
            "constant" if leaf is None else "input",
            step.operation,
            flaw_of(value[at]),
            step.place,
            step.path,
            step.options,
            name or (f"argument {argument}" if argument else ""),
            (numbers(name or argument or "it", value, at, value.shape),),
            (),
            "An earlier step made the parameter so: lower the learning rate, clip gradients, or look at that step."
            if learned
            else "Look at the data, or at what was computed from it before anything was recorded.",
            at,
        )


def produced(step: Step, value: Any, bad: Any) -> Finding:
    """An operation whose arguments are not to blame for what is wrong with these elements of its result."""
    value = np.asarray(value)
    at = first_of(bad, value)
    return Finding(
        "operation",
        step.operation,
        flaw_of(value[at]),
        step.place,
        step.path,
        step.options,
        given=tuple(numbers(a.name, a.value, at, value.shape) for a in step.arguments),
        made=(numbers("result", value, at, value.shape),),
        advice=advice(step.operation, {a.name: there(a.value, at, value.shape) for a in step.arguments}, value[at]),
        index=at,
    )


def _has_flaw(value: Any) -> bool:
    return value is not None and bool(is_bad(value).any())


def _has_nan(value: Any) -> bool:
    value = np.asarray(value)
    return value.dtype.kind == "f" and bool(np.isnan(value).any())


def _survives(node: Node, arguments: Sequence[Argument], bad: Any, keep: int | None) -> bool:
    """Whether elements of the result stay flawed when all arguments are mended, or all but one."""
    for number in _MENDED:
        values = [
            a.value if i == keep or not _has_flaw(a.value) else _mended(a.value, number)
            for i, a in enumerate(arguments)
        ]
        result = compute(node, values)
        survives = result is not UNKNOWN and bool((is_bad(result) & bad).any())
        if keep is None and not survives:
            return False
        if keep is not None and survives:
            return True
    return keep is None


def _mended(value: Any, number: float) -> Any:
    """An array with this number in the place of each NaN and infinity."""
    if isinstance(value, float):  # which has no type that the result would take over
        return number
    return np.where(is_bad(value), np.asarray(number, value.dtype), value)


def _concerning(node: Node, i: int, arguments: Sequence[Argument], bad: Any) -> Any:
    """The elements of an argument that these of the result were computed from: all, where that is not easily told."""
    op: Any = bare(node.op)
    value = np.asarray(arguments[i].value)
    if op.kind == "elementwise":
        extra = bad.ndim - value.ndim
        axes = (*range(extra), *(k + extra for k, n in enumerate(value.shape) if n == 1 and bad.shape[k + extra] != 1))
        return bad.any(axis=axes).reshape(value.shape)
    if op.kind == "linear":
        with switched(recording=True):
            leaf = Tensor(np.zeros(value.shape, value.dtype), requires_grad=True)
            values = [leaf if k == i else a.value for k, a in enumerate(arguments)]
            result = compute(node, values)
            if isinstance(result, Tensor) and result.node is not None:
                own = result.node
                pulled = list(bare(own.op).pull(np, own.parents, own.saved, own.statics, bad.astype(result.dtype)))
                return np.asarray(pulled[i]) != 0
    return np.ones(value.shape, bool)
