"""Following a sweep: each step of it becomes an instruction, in reverse mode and in forward mode.

Knows the engine's sweep and the rules of operations. Does not know what a function changes outside.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import engine
from ..calling import Aval
from ..engine import Node, Overheard, Variable, reachable, switched
from ..errors import GraphError
from ..op import REGISTRY, Op
from .program import Value, rebuilt
from .record import Record, followed_constant

__all__ = ["Cotangent", "Sweeping"]


class Cotangent:
    """A cotangent on its way through a sweep that is traced. The engine adds such up like arrays."""

    __slots__ = ("raw", "tracer", "value")
    __array_ufunc__ = None  # so that an array on the left leaves a sum to this

    def __init__(self, tracer: "Sweeping", raw: Any, value: Value) -> None:
        self.tracer, self.raw, self.value = tracer, raw, value

    @property
    def shape(self) -> tuple[int, ...]:
        return self.raw.shape

    @property
    def dtype(self) -> Any:
        return self.raw.dtype

    @property
    def ndim(self) -> int:
        return self.raw.ndim

    def __add__(self, other: Any) -> "Cotangent":
        return self.tracer.sum(self, self.tracer.cotangent(other))

    def __radd__(self, other: Any) -> "Cotangent":
        return self.tracer.sum(self.tracer.cotangent(other), self)


class _Followed(Overheard):
    """An operation whose rules are followed during a sweep."""

    def __init__(self, tracer: "Sweeping", node: Node) -> None:
        op: Any = node.op
        self.tracer, self.node, self.op, self.name, self.residuals = tracer, node, op, op.name, op.residuals

    def pull(self, xp: Any, parents: Any, saved: Any, statics: Any, g: Any) -> Any:
        return self.tracer.pull(self.op, self.node, xp, parents, saved, statics, g)


class Sweeping(Record):
    """Writes down what sweeps compute."""

    def __init__(self, lowering: Any = None) -> None:
        super().__init__(lowering)
        self._before: dict[int, tuple[Any, Value]] = {}  # those that something was performed after; graphs hold them

    def cotangent(self, raw: Any) -> Any:
        """An array as a cotangent that is followed."""
        if isinstance(raw, Cotangent):
            return raw
        if isinstance(raw, Variable):
            return Cotangent(self, raw._array, self.of_variable(raw))
        if isinstance(raw, np.ndarray | np.generic):
            return Cotangent(self, raw, self._constant(raw))
        return raw

    def sum(self, a: Cotangent, b: Cotangent) -> Cotangent:
        """The sum of two cotangents."""
        raw = a.raw + b.raw
        return Cotangent(self, raw, self._emit("add", REGISTRY["add"], (a.value, b.value), raw))

    def sweep(self, seeds: Any, *args: Any, **options: Any) -> dict[Node, Any]:
        """The engine's sweep, followed."""
        nodes = []
        for node in reachable(seeds, options.get("targets", ())):
            if node.op is not None and not isinstance(node.op, _Followed):
                nodes.append((node, node.op))
                node.op = _Followed(self, node)
        try:
            followed = {node: self.cotangent(g) for node, g in seeds.items()}
            found = engine.sweep(followed, *args, **options)
        finally:
            for node, op in nodes:
                node.op = op
        return {node: self._raw(g) for node, g in found.items()}

    def _raw(self, g: Any) -> Any:
        if not isinstance(g, Cotangent):
            return g
        raw = g.raw if isinstance(g.raw, np.ndarray) else np.asarray(g.raw)
        self.keep(raw, g.value)
        return raw

    def pull(self, op: Any, node: Node, xp: Any, parents: Any, saved: Any, statics: Any, g: Any) -> Any:
        """A step of a sweep: one instruction for each argument that gets a cotangent."""
        if xp is not np:
            return op.pull(xp, parents, saved, statics, g)
        if not isinstance(op, Op):
            return self._pull_other(op, node, parents, saved, statics, g)
        if node.index < self.born:
            raise GraphError(
                f"trace: a sweep goes through {op.name}, which was recorded before the function was called; "
                "compute it inside the function, or give the function its .detach()"
            )
        self.muted += 1
        try:
            pulled = tuple(op.pull(np, parents, saved, statics, g.raw))
        finally:
            self.muted -= 1
        known = {name: self._residual(value) for name, value in zip(op.residuals, saved, strict=True)}
        options = {name: self.option(value) for name, value in zip(op.statics, statics, strict=True)}
        avals = tuple(None if p is None else _aval(p) for p in parents)
        found: list[Any] = []
        for i, (parent, raw) in enumerate(zip(parents, pulled, strict=True)):
            if parent is None or raw is None:
                found.append(None)
                continue
            rule = 0 if op.variadic else i
            read = tuple(n for n in op.residuals if n in op.reads[rule] or n in op.fused_reads[rule])
            inputs = (g.value, *(known[name] for name in read))
            more: dict[str, Any] = {"options": options, "position": i, "avals": avals, "path": node.context.path}
            value = self._emit("pull", op, inputs, raw, names=("g", *read), **more)
            found.append(Cotangent(self, raw, value))
        return found

    def followed(self, saved: Any) -> Any:
        """What a rule gets of a value that is computed, or given, as a Tensor; a constant as it is."""
        if isinstance(saved, tuple) and not hasattr(saved, "_fields"):
            return tuple(map(self.followed, saved))
        value = self.known(saved) if isinstance(saved, np.ndarray | np.generic) else None
        return saved if value is None or value.array is not None else followed_constant(saved)

    def _residual(self, saved: Any) -> Any:
        if saved is not None and self.known(saved) is not None:
            return self.known(saved)
        if isinstance(saved, tuple):
            return rebuilt(saved, map(self._residual, saved))
        if self.known(saved) is None and id(saved) in self._before:
            return self._before[id(saved)][1]
        return self._constant(saved) if isinstance(saved, np.ndarray | np.generic) else saved

    def _pull_other(self, op: Any, node: Node, parents: Any, saved: Any, statics: Any, g: Any) -> Any:
        """A step through something that is not an operation of the registry: a listener, or a whole function."""
        if isinstance(op, Overheard):
            pulled = tuple(self.pull(op.op, node, np, parents, saved, statics, g))
            op.listener(self._raw(g), tuple(map(self._raw, pulled)))
            return pulled
        if getattr(op, "by_hand", False):  # the user's rule gets Tensors, so that what it computes is seen
            parts = type(g)({i: self._tensor(part) for i, part in g.items()})
            with switched(recording=False):
                pulled = op._pull(True, parents, parts)
            return [None if p is None else self.cotangent(p) for p in pulled]
        return [p if isinstance(p, dict) else self.cotangent(p) for p in op.pull(np, parents, saved, statics, g)]

    def _tensor(self, g: Any) -> Any:
        return followed_constant(self._raw(g)) if isinstance(g, Cotangent) else g

    def push(self, original: Callable[..., Any], node: Node, tangents: Sequence[Any], recorded: bool) -> Any:
        """A step of forward mode, by operations, so that they are seen."""
        if recorded:
            return original(node, tangents, True)
        for t in tangents:
            if isinstance(t, np.ndarray | np.generic):
                self._constant(t)
        with switched(recording=False):
            out = original(node, [None if t is None else followed_constant(t) for t in tangents], True)
        return out._array if isinstance(out, Variable) else out


def _aval(node: Any) -> Aval:
    aval: Any = object.__new__(Aval)
    aval.shape, aval.dtype = node.shape, node.dtype
    return aval
