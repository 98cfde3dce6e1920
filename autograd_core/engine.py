"""The engine: values with a node, nodes that remember, and the reverse sweep. It knows no operation.

A `Variable` is a value and, when it depends on something that wants a gradient, a `Node`. A node points to the nodes
it was computed from, never to a Variable, so that a Variable can be re-bound safely; each carries a rising index, so
that going down the index is a valid order for the chain rule. There is no recursion, and there are no reference
cycles: a graph is freed by reference counting alone, however deep it is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar, Token
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, ClassVar, NamedTuple, Protocol
from weakref import ref

import numpy as np

from .arrays import Array
from .errors import GraphError
from .places import Place, place_of_user

_next_index = count().__next__
_new = object.__new__


class Context:
    """What holds for the code that runs now, per thread and per asyncio task. Never changed: replaced.

    `inside` says that this is the inside of a function that is being differentiated as a whole; `place` is where the
    user switched recording off.
    """

    __slots__ = ("_parts", "inside", "path", "place", "recording")

    def __init__(
        self, recording: bool = True, path: str = "", inside: bool = False, place: Place | None = None
    ) -> None:
        self.recording, self.path, self.inside, self.place = recording, path, inside, place
        self._parts: dict[str, Context] = {}

    def part(self, name: str) -> "Context":
        """The same, in the part `name` of this place; made once, because every call of every module asks for it."""
        part = self._parts.get(name)
        if part is None:
            path = f"{self.path}.{name}" if self.path else name
            part = self._parts[name] = Context(self.recording, path, self.inside, self.place)
        return part


CONTEXT: ContextVar[Context] = ContextVar("autograd_core", default=Context())  # noqa: B039 (never mutated)


class Differentiable(Protocol):
    """What the engine asks of an operation: its name, and cotangents for the inputs from that of the output."""

    name: str
    residuals: Sequence[str]

    def pull(self, xp: Any, parents: Sequence["Node | None"], saved: Any, statics: Any, g: Any) -> Iterable[Any]:
        """One cotangent per parent, None for those that get none."""


class Node:
    """One recorded computation: what was applied, to the results of which nodes, and what its rules will read.

    `shape` and `dtype` are those of the result, which is what a cotangent for it must have. `saved` becomes None
    when a sweep has freed the graph.
    """

    __slots__ = ("__weakref__", "context", "dtype", "index", "op", "parents", "saved", "shape", "statics")

    op: Differentiable | None
    parents: Sequence["Node | None"]
    saved: Sequence[Any] | None
    statics: Sequence[Any]
    index: int
    context: Context
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Leaf(Node):
    """The start of a graph: a value that somebody wants a gradient for. Holds its Variable weakly."""

    __slots__ = ("owner",)

    def __init__(self, owner: "Variable") -> None:
        self.op, self.parents, self.saved, self.statics = None, (), (), ()
        self.index, self.context = _next_index(), CONTEXT.get()
        self.shape, self.dtype = owner._array.shape, owner._array.dtype
        self.owner = ref(owner)


class Overheard:
    """An operation in whose place in a graph somebody listens: to the cotangent that comes, and those that go on."""

    def __init__(self, op: Differentiable, listener: Callable[[Any, Sequence[Any]], None]) -> None:
        self.op, self.listener, self.name, self.residuals = op, listener, op.name, op.residuals

    def __getattr__(self, name: str) -> Any:
        return getattr(self.op, name)

    def pull(self, xp: Any, parents: Sequence[Node | None], saved: Any, statics: Any, g: Any) -> Iterable[Any]:
        pulled = tuple(self.op.pull(xp, parents, saved, statics, g))
        self.listener(g, pulled)
        return pulled


class Cut(NamedTuple):
    """Where a value left the graph: by which function, in which module, on which line of the user's, and which node."""

    by: str
    path: str = ""
    place: Place | None = None
    node: "ref[Node] | None" = None


class Variable:
    """A value and the node that computed it (None for a constant). Users hold its subclass, Tensor.

    `shared` says that somebody outside may write into the array, see Note [Who may write] in arrays. `source`, set
    only on what a viewing operation returned, refers weakly to the Variable whose memory it looks into. `lost`, set
    on what has no node, tells why, if it came from something that has one: the context that did not record, or what
    cut it off.
    """

    __slots__ = ("__weakref__", "_array", "_grad", "lost", "node", "shared", "source")

    result_class: ClassVar[type["Variable"]]
    _array: Array
    _grad: "Variable | None"
    lost: Context | Cut | None
    node: Node | None
    shared: bool
    source: "ref[Variable]"


def record(
    cls: type[Variable],
    out: Array,
    op: Differentiable,
    parents: Sequence[Node | None],
    saved: Sequence[Any],
    statics: Sequence[Any],
    context: Context,
) -> Variable:
    """The result of an operation, with a node that remembers how it came about."""
    node = Node()
    node.op = op
    node.parents = parents
    node.saved = saved
    node.statics = statics
    node.index = _next_index()
    node.context = context
    node.shape = out.shape
    node.dtype = out.dtype
    result = _new(cls)
    result._array = out
    result.node = node
    result.shared = False
    return result


def constant(cls: type[Variable], out: Array, shared: bool = False) -> Variable:
    """A value without a node."""
    result = _new(cls)
    result._array = out
    result.node = result.lost = None
    result.shared = shared
    return result


def why_lost(op: Differentiable, context: Context, arguments: Iterable[Any]) -> Context | Cut | None:
    """Why the result of an operation on these arguments is a constant; None if it never was anything else."""
    for x in arguments:
        if isinstance(x, Variable):
            if x.node is not None:
                return Cut(op.name, context.path, place_of_user(), ref(x.node)) if context.recording else context
            if x.lost is not None:
                return x.lost
    return None


def nodes_of(values: Iterable[Any]) -> list[Node]:
    """The nodes of those values that are Variables and have one."""
    return [value.node for value in values if isinstance(value, Variable) and value.node is not None]


def reachable(roots: Iterable[Node], stop: Iterable[Node] = ()) -> list[Node]:
    """All nodes that the roots were computed from, themselves included, in the order they were recorded.

    Goes no further back than the nodes in `stop`.
    """
    seen = set(roots)
    stack, end = list(seen), set(stop)
    while stack:
        node = stack.pop()
        if node in end:
            continue
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda node: node.index)


def sweep(
    seeds: Mapping[Node, Any],
    xp: Any = np,
    *,
    targets: frozenset[Node] = frozenset(),
    edges: Mapping[Node, Sequence[Node | None]] | None = None,
    release: bool = False,
    saved_of: Callable[[Node], Any] | None = None,
) -> dict[Node, Any]:
    """The chain rule, from the seeds' cotangents back: the cotangents of the targets, or of all leaves without any.

    With `xp` NumPy the rules compute on raw arrays. With a namespace of operations on Variables, and `saved_of` that
    reads a node's residuals as Variables, the sweep is itself recorded. `edges` restricts it to the ways that
    `edges_towards` found. `release` frees what the nodes saved.

    Raises: GraphError if what a node saved was freed by an earlier sweep.
    """
    found: dict[Node, Any] = {}
    pending: dict[int, tuple[Node, Any]] = {node.index: (node, g) for node, g in seeds.items()}
    queue = [-index for index in pending]  # a heap: the highest index comes first, after all that depends on it
    heapify(queue)
    owned: set[int] = set()  # indices of nodes whose cotangent is a sum made here
    while queue:
        node, g = pending.pop(-heappop(queue))
        while True:
            op = node.op
            if op is None or (targets and node in targets):
                if not targets or node in targets:
                    found[node] = g
                if edges is None or node not in edges:
                    break
            parents = node.parents if edges is None else edges.get(node)
            if op is None or parents is None:
                break
            saved = node.saved
            if saved is None:
                raise freed(node)
            pulled = op.pull(xp, parents, saved if saved_of is None else saved_of(node), node.statics, g)
            if release:
                node.saved = saved = None
            g = None  # what nobody needs any more is freed before the next rule allocates
            node = None  # type: ignore[assignment]
            for parent, cotangent in zip(parents, pulled):  # noqa: B905 (checking the lengths costs time)
                if cotangent is None or parent is None:
                    continue
                if parent.op is None and not targets:  # a leaf: nothing follows it, so its turn need not come
                    known = found.get(parent)
                    found[parent] = cotangent if known is None else _sum(known, cotangent, parent.index, owned)
                elif node is None and not queue:
                    node, g = parent, cotangent  # perhaps nothing else is left: then it need not queue
                elif parent is node:
                    g = g + cotangent
                else:
                    i = parent.index
                    if i in pending:
                        pending[i] = parent, _sum(pending[i][1], cotangent, i, owned)
                    else:
                        pending[i] = parent, cotangent
                        heappush(queue, -i)
            pulled = cotangent = None  # type: ignore[assignment]
            if node is None:
                break
            if queue:
                pending[node.index] = node, g
                heappush(queue, -node.index)
                break
    return found


def _sum(total: Any, cotangent: Any, index: int, owned: set[int]) -> Any:
    """The sum of the cotangents of a node; in place once it is an array made here, which nobody else holds."""
    if index in owned:
        total += cotangent
        return total
    total = total + cotangent
    if type(total) is np.ndarray:
        owned.add(index)
    return total


def edges_towards(
    targets: frozenset[Node], seeds: Iterable[Node], behind: bool = False
) -> tuple[Mapping[Node, Sequence[Node | None]] | None, bool]:
    """For each node on a way from the seeds to the targets, its parents with those that lead elsewhere left out.

    None if nothing leads elsewhere, so that nothing need be left out. And whether what the targets were computed from,
    or another leaf, is there too: whether somebody else is differentiating. A target may lie `behind` another one only
    if that is said; else the search ends at each.
    """
    nodes = reachable(seeds, () if behind else targets)
    strange = behind or any(node.op is None and node not in targets for node in nodes)
    if not strange:
        return None, any(node.op is not None for node in targets)
    edges: dict[Node, Sequence[Node | None]] = {}
    for node in nodes:
        if behind or node not in targets:
            parents = tuple(p if p in targets or p in edges else None for p in node.parents)
            if any(p is not None for p in parents):
                edges[node] = parents
    return edges, True


def freed(node: Node) -> GraphError:
    """The error of a second sweep over a graph that the first one freed."""
    name = node.op.name if node.op else "leaf"
    return GraphError(
        f"backward: this graph was already swept, and what {name} had saved for it was freed; say "
        "backward(retain_graph=True) the first time, or compute the output again"
        + (f". In {node.context.path}." if node.context.path else "")
    )


class switched:
    """Context manager and decorator that replaces the current context; generators switch only while they run.

    >>> with switched(recording=False):
    ...     CONTEXT.get().recording
    False
    """

    def __init__(self, recording: bool, inside: bool = False) -> None:
        self.recording, self.inside = recording, inside
        self._tokens: list[Any] = []

    def __enter__(self) -> "switched":
        now = CONTEXT.get()
        context = Context(self.recording, now.path, self.inside or now.inside, self._place())
        self._tokens.append(CONTEXT.set(context))
        return self

    def _place(self) -> Place | None:
        """The line to name where this kept something from being recorded."""
        return None

    def __exit__(self, *_: object) -> None:
        CONTEXT.reset(self._tokens.pop())


def enter_module(name: str) -> Token[Context]:
    """From here on, what is computed belongs to the part `name` of the current place in a model.

    Errors and graphs name the place, as in "net.2.linear". Give the token to `leave_module` afterwards.

    >>> token = enter_module("net")
    >>> current_path()
    'net'
    >>> leave_module(token)
    """
    return CONTEXT.set(CONTEXT.get().part(name))


leave_module = CONTEXT.reset


def current_path() -> str:
    """The place in a model that is being computed, or an empty string."""
    return CONTEXT.get().path
