"""Functions with a derivative of their own: one the user defines, or one computed again to save memory.

Both stand in the graph as one node for the whole call (a bundle), with one node for each array it returned.
"""

import functools
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

import numpy as np

from . import ops
from .arrays import snapshot
from .calling import keep
from .containers import flatten, flatten_like
from .engine import CONTEXT, Leaf, Node, Variable, constant, nodes_of, record, switched
from .errors import GraphError, ShapeError
from .tensor import Tensor
from .transforms import cotangents_of, stop_gradient

Function = Callable[..., Any]


class _Parts(dict[int, Any]):
    """Cotangents of some of the outputs of a bundle, by position. The engine adds them up like any other."""

    shape, dtype = (), None

    def __add__(self, other: "_Parts") -> "_Parts":
        total = _Parts(self)
        for i, g in other.items():
            total[i] = total[i] + g if i in total else g
        return total


class _Tangents(list[Any]):
    """The tangents of the outputs of a bundle, in order."""

    dtype = np.dtype(float)


class _Pick:
    """The operation that takes one output out of a bundle."""

    residuals: Sequence[str] = ()

    def __init__(self, name: str, position: int) -> None:
        self.name, self.position = name, position

    def pull(self, xp: Any, parents: Sequence[Node | None], saved: Any, statics: Any, g: Any) -> Any:
        return (_Parts({self.position: g}),)

    def push(self, xp: Any, node: Node, saved: Any, tangents: Sequence[Any]) -> Any:
        return tangents[0][self.position]


class _Bundle:
    """The operation that stands for a whole call: cotangents of all inputs from those of all outputs.

    The function that pulls is its one residual, so that all which that holds is freed as other residuals are.
    """

    residuals: Sequence[str] = ("rule",)
    variadic = False

    def __init__(self, name: str, outputs: Sequence[Any]) -> None:
        self.name, self.avals = name, [(np.shape(y), y.dtype) for y in outputs]

    def readers(self, name: str) -> set[str]:
        """No array's rule is one of its own."""
        return set()

    def pull(self, xp: Any, parents: Sequence[Node | None], saved: Any, statics: Any, g: Any) -> Any:
        (rule,) = saved
        return rule(xp is not np, parents, g)

    def push(self, xp: Any, node: Node, saved: Any, tangents: Sequence[Any]) -> Any:
        """The tangents of all outputs: the transpose of `pull`, which is linear in the cotangents of all outputs."""
        with switched(recording=True):
            probes = [Tensor(np.zeros(shape, dtype), requires_grad=True) for shape, dtype in self.avals]
            pulled = saved[0](True, node.parents, _Parts(enumerate(probes)))
        pairs = [(c, t) for c, t in zip(pulled, tangents, strict=True) if c is not None and t is not None]
        nodes = nodes_of(probes)
        found, _ = cotangents_of(frozenset(nodes), [c for c, _ in pairs], [t for _, t in pairs], xp is not np)
        return _Tangents(found.get(n, np.zeros(u.shape, u.dtype)) for n, u in zip(nodes, probes, strict=True))


def bundled(name: str, outputs: Sequence[Any], parents: Sequence[Node | None], pull: Callable[..., Any]) -> list[Any]:
    """The outputs of a call as Tensors whose gradient `pull` computes."""
    context, cls = CONTEXT.get(), Tensor.result_class
    whole = record(Tensor, np.zeros(()), _Bundle(name, outputs), tuple(parents), (pull,), (), context)
    return [record(cls, y, _Pick(name, i), (whole.node,), (), (), context) for i, y in enumerate(outputs)]


def filled(parts: _Parts, outputs: Sequence[Any], recorded: bool) -> list[Any]:
    """The cotangents of all outputs, with zeros for those that nothing depends on."""
    filled = [parts[i] if i in parts else np.zeros(np.shape(y), y.dtype) for i, y in enumerate(outputs)]
    return [g if isinstance(g, Variable) or not recorded else constant(Tensor, g) for g in filled]


def _raw(value: Any) -> Any:
    return value._array if isinstance(value, Variable) else value


def checkpoint(function: Function) -> Function:
    """The same function, which keeps only its inputs for the sweep and computes the rest again when it is needed.

    The function must give the same values again: where it draws random numbers, pass it a seed, not a generator.

    Raises: GraphError in the sweep if the second run gave other values.

    >>> float(ag.grad(ag.checkpoint(lambda x: ag.exp(x) * x))(0.0))
    1.0
    """

    @functools.wraps(function)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if not CONTEXT.get().recording:
            return function(*args, **kwargs)
        leaves, rebuild_in = flatten([args, kwargs])
        tracked = [i for i, x in enumerate(leaves) if isinstance(x, Tensor) and x.node is not None]

        def run(inputs: Sequence[Any]) -> tuple[list[Any], Any]:
            filled = list(leaves)
            for i, x in zip(tracked, inputs, strict=True):
                filled[i] = x
            a, k = rebuild_in(filled)
            return flatten(function(*a, **k))

        born = Leaf(constant(Tensor, np.zeros(()))).index  # nodes with a lower index were there before this call
        inputs = [_leaf(leaves[i]) for i in tracked]
        outputs, rebuild_out = run(inputs)
        roots = nodes_of(outputs)
        captured = _boundary(roots, born)
        values = [_raw(y) for y in outputs]
        if not roots:
            return rebuild_out([constant(Tensor, y) if isinstance(y, np.ndarray | np.generic) else y for y in values])

        def pull(recorded: bool, parents: Sequence[Node | None], parts: _Parts) -> Sequence[Any]:
            with switched(recording=True):
                again = [ops.alias(leaves[i]) if recorded else _leaf(leaves[i]) for i in tracked]
                second, _ = run(again)
            for old, new in zip(values, second, strict=True):
                if not _same(old, _raw(new)):
                    name = getattr(function, "__name__", type(function).__name__)
                    raise GraphError(
                        f"checkpoint: {name} gave other values when it was run again; "
                        "if it draws random numbers, pass it a seed"
                    )
            live = [
                (y, g) for y, g in zip(second, filled(parts, values, recorded), strict=True) if isinstance(y, Tensor)
            ]
            targets = nodes_of(again) + captured
            found, _ = cotangents_of(
                frozenset(targets), [y for y, _ in live], [g for _, g in live], recorded, release=True
            )
            return [found.get(n) for n in targets]

        nodes = nodes_of(leaves[i] for i in tracked) + captured
        picked = bundled("checkpoint", values, nodes, pull)
        return rebuild_out(
            [p if isinstance(y, Tensor) and y.node is not None else y for p, y in zip(picked, outputs, strict=True)]
        )

    return checkpointed


def _same(old: Any, new: Any) -> bool:
    """Whether two arrays are equal, NaN for NaN. Looking for NaNs takes copies of both, and comes second."""
    return np.array_equal(old, new) or (np.asarray(old).dtype.kind == "f" and np.array_equal(old, new, equal_nan=True))


def _leaf(value: Tensor) -> Tensor:
    """The same value as the start of another graph."""
    leaf = constant(Tensor, value._array, value.shared)
    leaf.node = Leaf(leaf)
    return leaf  # type: ignore[return-value]


def _boundary(roots: Sequence[Node], born: int) -> list[Node]:
    """The nodes from before a call that something in it was computed from directly."""
    inside, found, seen = [n for n in roots if n.index > born], [n for n in roots if n.index < born], set(roots)
    while inside:
        for parent in inside.pop().parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                (inside if parent.index > born else found).append(parent)
    return found


def _kept(residual: Any) -> Any:
    """A residual that nobody else can write into, still tied to what it was computed from."""
    if not isinstance(residual, Variable):
        return snapshot(residual)
    own = constant(Tensor, keep(residual, residual._array) if residual.shared else residual._array)
    own.node = residual.node
    return own


F = TypeVar("F", bound=Function)

_IN_FORWARD: ContextVar[frozenset[Any]] = ContextVar("custom_vjp", default=frozenset())  # whose `forward` runs now


class custom_vjp(Generic[F]):
    """A function whose VJP is defined by hand, as in JAX: `defvjp(forward, backward)`.

    `forward(*args)` returns (value, residuals); `backward(residuals, g)` returns one cotangent per argument, or None.
    Values, residuals and arguments may be nested containers. `forward` may call the function itself, and return its
    value among the residuals. If `backward` is written with operations of this library (or operators, or NumPy's
    functions), the function can be differentiated to any order.

    >>> @ag.custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda residuals, g: (ag.clip(g, -1.0, 1.0),))
    >>> float(ag.grad(lambda x: 5 * clipped(x))(2.0))
    1.0
    """

    def __init__(self, function: F) -> None:
        self.function = function
        self.forward: Function | None = None
        self.backward: Function | None = None
        functools.update_wrapper(self, function)
        self.__name__ = function.__name__

    def defvjp(self, forward: Function, backward: Function) -> None:
        """Define the derivative."""
        self.forward, self.backward = forward, backward

    def __call__(self, *args: Any) -> Any:
        if self.forward is None or self.backward is None:
            raise GraphError(
                f"custom_vjp: {self.__name__} has no derivative yet; call {self.__name__}.defvjp(forward, backward)"
            )
        leaves, _ = flatten(list(args))
        nodes = [x.node if isinstance(x, Tensor) else None for x in leaves]
        if not CONTEXT.get().recording or all(n is None for n in nodes):
            return self.function(*args)
        if self in _IN_FORWARD.get():
            return self._nested(args, leaves, nodes)
        result, residuals = self._forward(args)
        outputs, rebuild = flatten(result)
        values = [np.asarray(_raw(y)) for y in outputs]
        kept, rebuild_residuals = flatten(residuals)
        kept = [_kept(r) for r in kept]

        def pull(recorded: bool, parents: Sequence[Node | None], parts: _Parts) -> Sequence[Any]:
            cotangent = rebuild(filled(parts, values, recorded))
            given = rebuild_residuals(kept if recorded else [_raw(r) for r in kept])
            return self._checked(self.backward(given, cotangent), args, leaves, recorded)  # type: ignore[misc]

        return rebuild(bundled(self.__name__, values, nodes, pull))

    def _forward(self, args: Sequence[Any]) -> Any:
        """Value and residuals, recorded, so that under create_graph the residuals know what they were computed from."""
        token = _IN_FORWARD.set(_IN_FORWARD.get() | {self})
        try:
            return self.forward(*args)  # type: ignore[misc]
        finally:
            _IN_FORWARD.reset(token)

    def _nested(self, args: Sequence[Any], leaves: Sequence[Any], nodes: Sequence[Node | None]) -> Any:
        """The function as its own `forward` calls it: the value now, and the residuals when a sweep comes here.

        That is a sweep of second order, through a residual that is the value itself; to have the residuals ready would
        mean to call `forward` from within `forward`, without end.
        """
        _, rebuild_args = flatten(list(args))
        kept = [_kept(x) if isinstance(x, Variable | np.ndarray) else x for x in leaves]
        with switched(recording=False):
            outputs, rebuild = flatten(self.function(*stop_gradient(list(args))))  # compiled code may take it
        values = [np.asarray(_raw(y)) for y in outputs]

        def pull(recorded: bool, parents: Sequence[Node | None], parts: _Parts) -> Sequence[Any]:
            given = rebuild_args(kept if recorded else [_raw(x) for x in kept])
            with switched(recording=recorded):
                _, residuals = self._forward(given)
                if not recorded:
                    found, rebuild_residuals = flatten(residuals)
                    residuals = rebuild_residuals([_raw(r) for r in found])
                cotangent = rebuild(filled(parts, values, recorded))
                return self._checked(self.backward(residuals, cotangent), args, leaves, recorded)  # type: ignore[misc]

        return rebuild(bundled(self.__name__, values, nodes, pull))

    def _checked(self, pulled: Any, args: Sequence[Any], leaves: Sequence[Any], recorded: bool) -> list[Any]:
        """The cotangents that the user's function returned, one per array, or an error that says what is wrong."""
        who = f"custom_vjp {self.__name__}"
        pulled = list(pulled) if isinstance(pulled, tuple | list) else [pulled]
        if len(pulled) != len(args):
            raise ShapeError(
                f"{who}: backward must return {len(args)} cotangents, one per argument; it returned {len(pulled)}"
            )
        result: list[Any] = []
        for arg, g in zip(args, pulled, strict=True):
            own, _ = flatten(arg)
            result += [None] * len(own) if g is None else flatten_like(g, arg, who, "a cotangent from backward")
        for i, (x, g) in enumerate(zip(leaves, result, strict=True)):
            if g is None or not isinstance(x, Tensor):
                result[i] = None
                continue
            if np.shape(_raw(g)) != x.shape:
                raise ShapeError(f"{who}: a cotangent from backward must have shape {x.shape}, got {np.shape(_raw(g))}")
            g = g if isinstance(g, Variable) else constant(Tensor, np.asarray(g))
            g = g if g._array.dtype == x.dtype else ops.astype(g, x.dtype)
            result[i] = g if recorded else g._array
        return result
