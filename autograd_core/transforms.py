"""Functions of functions: gradients, products with Jacobians from either side, Jacobians, Hessians.

All take functions of nested lists, tuples and dicts of arrays, and nest in each other to any order. What goes in as
plain arrays comes out as plain arrays, unless it depends on something else that is being differentiated.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

import numpy as np

from . import ops
from .arrays import as_array, is_differentiable, take_own
from .containers import flatten, flatten_like
from .engine import (
    CONTEXT,
    Cut,
    Leaf,
    Node,
    Variable,
    constant,
    edges_towards,
    freed,
    nodes_of,
    reachable,
    sweep,
    switched,
)
from .errors import DTypeError, GraphError, OptionError, ShapeError
from .places import place_of_user
from .tensor import Tensor, constant_of, gradient_of, saved_variables

Function = Callable[..., Any]


def _lift(value: Any, who: str, recording: bool) -> Tensor:
    """An input as something to differentiate with respect to, still tied to what it was itself computed from."""
    if isinstance(value, Tensor) and value.node is not None and recording:
        return ops.alias(value)
    if isinstance(value, Tensor):
        lifted = constant(Tensor, value._array, value.shared)
    else:
        lifted = constant(Tensor, np.asarray(as_array(value, who)), shared=True)
    if not is_differentiable(lifted._array.dtype):
        raise DTypeError(
            f"{who}: an input is of type {lifted._array.dtype}, which has no derivative; use floating point "
            "(1.0 in the place of 1), or choose other arguments with argnums"
        )
    lifted.node = Leaf(lifted)
    return lifted  # type: ignore[return-value]


def _lower(value: Any, like: Any) -> Any:
    """A result as a plain array, if what it belongs to was one and nobody else differentiates through it."""
    if not isinstance(value, Variable):
        return gradient_of(value) if isinstance(like, Variable) else value
    if value.node is None and not isinstance(like, Variable):
        return value._array if value.shared else np.asarray(value._array)
    return value


class _Run:
    """One recorded run of a function: its inputs as leaves, its outputs, and the cotangents of those from these."""

    def __init__(
        self, function: Function, args: Sequence[Any], kwargs: Any, argnums: Sequence[int] | None, who: str
    ) -> None:
        self.outer = CONTEXT.get().recording
        argnums = range(len(args)) if argnums is None else argnums
        self.given, self.rebuild = flatten([args[i] for i in argnums])
        with switched(recording=True, inside=True):
            self.inputs = [_lift(value, who, self.outer) for value in self.given]
            lifted = list(args)
            for i, arg in zip(argnums, self.rebuild(self.inputs), strict=True):
                lifted[i] = arg
            self.result = function(*lifted, **kwargs)
        self.entangled = False  # whether what was pulled can itself be differentiated by somebody else

    def pull(self, outputs: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
        """The cotangents of the inputs, as the inputs came; zeros where nothing reaches."""
        targets = frozenset(nodes_of(self.inputs))
        found, self.entangled = cotangents_of(targets, outputs, cotangents, self.outer)
        return [_lower(_found(found, x), given) for x, given in zip(self.inputs, self.given, strict=True)]


def _found(found: dict[Node, Any], x: Tensor) -> Any:
    """The cotangent of an input, in memory of its own; zeros if nothing reached it."""
    node = x.node
    if node not in found:
        return np.zeros(x.shape, x.dtype)
    return found.pop(node) if isinstance(found[node], Variable) else take_own(found, node)


def cotangents_of(
    targets: frozenset[Node],
    outputs: Sequence[Any],
    cotangents: Sequence[Any],
    recording: bool,
    *,
    release: bool = False,
) -> tuple[dict[Node, Any], bool]:
    """Sweep from outputs to targets; recorded, if recording is on and anything else could be differentiated through it.

    The cotangents that were found, and whether they were recorded. If not, `release` frees what was saved on the way.
    """
    seeds: dict[Node, Any] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        if isinstance(output, Variable) and output.node is not None:
            node = output.node
            seeds[node] = seeds[node] + cotangent if node in seeds else cotangent
    edges, others = edges_towards(targets, seeds)
    others = others or bool(nodes_of(seeds.values()))
    if recording and others:
        with switched(recording=True):
            seeds = {n: g if isinstance(g, Variable) else constant_of(g) for n, g in seeds.items()}
            return sweep(seeds, ops, targets=targets, edges=edges, saved_of=saved_variables), True
    return sweep({n: _raw(g) for n, g in seeds.items()}, targets=targets, edges=edges, release=release), False


def _raw(value: Any) -> Any:
    return value._array if isinstance(value, Variable) else value


def _bare(value: Any, given: Sequence[Any]) -> Any:
    """What a function returned as a plain array, if all that it was given are such."""
    return value if any(isinstance(x, Variable) for x in given) else _raw(value)


def _one(output: Any, who: str) -> Any:
    """The output, if it is a single number that depends on the inputs or not; else an error in words."""
    if isinstance(output, list | tuple | dict):
        raise ShapeError(
            f"{who}: the function must return one number, it returned a {type(output).__name__}; "
            "use vjp or jacobian, or has_aux=True"
        )
    if np.size(_raw(output)) != 1:
        raise ShapeError(
            f"{who}: the function must return one number, it returned shape {np.shape(_raw(output))}; "
            "reduce it with sum or mean, or use jacobian"
        )
    return output


def _positions(argnums: int | Sequence[int], args: Sequence[Any], who: str) -> tuple[int, ...]:
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for i in positions:
        if not isinstance(i, int) or not -len(args) <= i < len(args):
            raise OptionError(f"{who}: argnums={argnums!r}, but the function was called with {len(args)} arguments")
    return tuple(i % len(args) for i in positions)


def value_and_grad(function: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """From a function that returns one number: the function that returns it together with its gradient.

    The gradient has the structure of the argument `argnums` (a tuple of them for a tuple). With `has_aux` the function
    returns (number, anything), and so does the value.

    >>> ag.value_and_grad(lambda x: (x**2).sum())(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        run = _Run(function, args, kwargs, _positions(argnums, args, "grad"), "grad")
        output, aux = run.result if has_aux else (run.result, None)
        value = _raw(_one(output, "grad"))
        grads = run.rebuild(run.pull([output], [np.ones(np.shape(value), np.result_type(value))]))
        if not run.entangled:
            output = _bare(output, run.given)
            if has_aux:
                leaves, rebuild = flatten(aux)
                aux = rebuild([_bare(x, run.given) for x in leaves])
        return ((output, aux) if has_aux else output), grads[0] if isinstance(argnums, int) else tuple(grads)

    return differentiated


def _depends_on_others(output: Variable, run: _Run) -> bool:
    if output.node is None or not run.outer:
        return False
    return edges_towards(frozenset(nodes_of(run.inputs)), [output.node])[1]


def grad(function: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """From a function that returns one number: the function that returns its gradient.

    >>> float(ag.grad(ag.grad(lambda x: x**3))(2.0))
    12.0
    """
    both = value_and_grad(function, argnums, has_aux)

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return differentiated


def elementwise_grad(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns the gradient of the sum of a function's value: its derivative at every point.

    For a function of each element by itself, as ``np.tanh``, that is the derivative at each element. In general it is
    the sum of each column of the Jacobian.

    >>> ag.elementwise_grad(lambda x: x**3)(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """

    def summed(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if isinstance(result, list | tuple | dict):
            raise ShapeError(
                f"elementwise_grad: the function must return one array, it returned a {type(result).__name__}; use vjp"
            )
        return ops.sum(result)

    return functools.wraps(function)(grad(summed, argnums))


def vjp(function: Function, *primals: Any) -> tuple[Any, Function]:
    """The value at the primals, and the function that multiplies a cotangent of it by the Jacobian from the left.

    The cotangent has the structure of the value; what comes back is a tuple with one entry for each primal.

    >>> out, pull = ag.vjp(lambda x: x**2, np.array([1.0, 2.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    run = _Run(function, primals, {}, None, "vjp")
    outputs, rebuild = flatten(run.result)

    def pull(cotangent: Any) -> Any:
        cotangents = flatten_like(cotangent, run.result, "vjp", "the cotangent")
        for output, g in zip(outputs, cotangents, strict=True):
            _check_shape("vjp", "the cotangent", g, output)
        return tuple(run.rebuild(run.pull(outputs, [_cast(g, o) for g, o in zip(cotangents, outputs, strict=True)])))

    values = [o if isinstance(o, Variable) and _depends_on_others(o, run) else _bare(o, run.given) for o in outputs]
    return rebuild(values), pull


def _cast(g: Any, like: Any) -> Any:
    dtype = _raw(like).dtype if hasattr(_raw(like), "dtype") else np.result_type(like)
    return ops.astype(g, dtype) if isinstance(g, Variable) else np.asarray(as_array(g, "vjp"), dtype=dtype)


def _check_shape(who: str, what: str, value: Any, like: Any) -> None:
    if np.shape(_raw(value)) != np.shape(_raw(like)):
        raise ShapeError(f"{who}: {what} must have shape {np.shape(_raw(like))}, got {np.shape(_raw(value))}")


def jvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value at the primals, and its derivative in the direction of the tangents.

    >>> ag.jvp(lambda x: x**2, (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))[1]
    array([2., 4.])
    """
    given = flatten_like(list(tangents), list(primals), "jvp", "the tangents")
    run = _Run(function, primals, {}, None, "jvp")
    for x, t in zip(run.inputs, given, strict=True):
        _check_shape("jvp", "a tangent", t, x)
    outputs, rebuild = flatten(run.result)
    roots, starts = nodes_of(outputs), nodes_of(run.inputs)
    targets = frozenset(starts)
    others = edges_towards(targets, roots)[1] or bool(nodes_of(given))
    recorded = run.outer and others
    with switched(recording=recorded):
        known: dict[Node, Any] = {}
        for node, x, t in zip(starts, run.inputs, given, strict=True):
            t = _cast(t, x)
            known[node] = (t if isinstance(t, Variable) else constant(Tensor, t)) if recorded else np.array(_raw(t))
        for node in reachable(roots, targets):
            if node not in targets and node.op is not None:
                incoming = [known.get(p) if p is not None else None for p in node.parents]
                if any(t is not None for t in incoming):
                    known[node] = _push(node, incoming, recorded)
    like = next(iter(run.given), None)
    results = []
    for output in outputs:
        zero = np.zeros(np.shape(_raw(output)), _raw(output).dtype)
        results.append(_lower(next((known[n] for n in nodes_of([output]) if n in known), zero), like))
    values = [o if recorded and isinstance(o, Variable) else _bare(o, [like]) for o in outputs]
    return rebuild(values), rebuild(results)


def _push(node: Node, tangents: Sequence[Any], recorded: bool) -> Any:
    """The tangent of a node from those of its parents."""
    if node.saved is None:
        raise freed(node)
    saved = saved_variables(node) if recorded else node.saved
    push = getattr(node.op, "push", None)
    out = push(ops if recorded else np, node, saved, tangents) if push is not None else None
    if out is None:
        out = _push_by_transposition(node, saved, tangents, recorded)
    return out if out.dtype == node.dtype else out.astype(node.dtype)


def _push_by_transposition(node: Node, saved: Any, tangents: Sequence[Any], recorded: bool) -> Any:
    """A JVP from the VJP alone: the VJP is linear in its cotangent, and the JVP is the transpose of that linear map."""
    with switched(recording=True):
        u = Tensor(np.zeros(node.shape, node.dtype), requires_grad=True)
        live = [p if t is not None else None for p, t in zip(node.parents, tangents, strict=True)]
        pulled = node.op.pull(ops, live, saved, node.statics, u)  # type: ignore[union-attr]
    pairs = [(c, t) for c, t in zip(pulled, tangents, strict=True) if c is not None and t is not None]
    found, _ = cotangents_of(frozenset([u.node]), [c for c, _ in pairs], [t for _, t in pairs], recorded)  # type: ignore[list-item]
    return found.get(u.node, np.zeros(node.shape, node.dtype))  # type: ignore[arg-type]


def jacobian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns all partial derivatives: of each element of the value by each element of an argument.

    Shapes: value (...m), argument (...n) -> (...m, ...n); containers of values hold containers of arguments.

    >>> ag.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        run = _Run(function, args, kwargs, _positions(argnums, args, "jacobian"), "jacobian")
        outputs, rebuild = flatten(run.result)
        rows = [_jacobian_of(output, run) for output in outputs]
        grads = [run.rebuild(row) for row in rows]
        return rebuild([g[0] if isinstance(argnums, int) else tuple(g) for g in grads])

    return differentiated


def _jacobian_of(output: Any, run: _Run) -> list[Any]:
    """The derivatives of one output by each input, row by row."""
    raw = _raw(output)
    shape, dtype = np.shape(raw), np.result_type(raw)
    rows = []
    for i in range(int(np.prod(shape, dtype=int))):
        unit = np.zeros(shape, dtype)
        unit.flat[i] = 1
        rows.append(run.pull([output], [unit]))
    if not rows:
        return [
            _lower(np.zeros(shape + x.shape, x.dtype), given) for x, given in zip(run.inputs, run.given, strict=True)
        ]
    return [
        ops.reshape(ops.stack(column), shape + x.shape)
        for column, x in zip(zip(*rows, strict=True), run.inputs, strict=True)
    ]


def hessian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that returns all second derivatives of a function that returns one number.

    Shapes: argument (...n) -> (...n, ...n).

    >>> ag.hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(grad(function, argnums), argnums)


def hvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The product of the Hessian with a vector, for the price of a few gradients: a tuple with one entry per primal.

    >>> ag.hvp(lambda x: (x**3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    (array([6., 0.]),)
    """
    return tuple(jvp(grad(function, tuple(range(len(primals)))), primals, tangents)[1])


def gradients(
    outputs: Any, inputs: Any, grad_outputs: Any = None, create_graph: bool = False, allow_unused: bool = False
) -> Any:
    """Gradients in a graph already recorded, of outputs with respect to inputs; nothing is added to any `.grad`.

    Both are Tensors, or containers of them; the result has the structure of the inputs. The graph is kept.

    Raises: GraphError if an output was not recorded, or an input is not part of the graph (unless `allow_unused`, which
    gives zeros).

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> ag.gradients((x**2).sum(), x)
    Tensor([2., 4.])
    """
    out_leaves, _ = flatten(outputs)
    in_leaves, rebuild = flatten(inputs)
    for x in in_leaves:
        if not isinstance(x, Tensor) or x.node is None:
            raise GraphError("gradients: every input must be a Tensor that requires a gradient")
    for y in out_leaves:
        if not isinstance(y, Tensor) or y.node is None:
            raise GraphError("gradients: every output must be computed from something that requires a gradient")
    given = (
        [None] * len(out_leaves)
        if grad_outputs is None
        else flatten_like(grad_outputs, outputs, "gradients", "grad_outputs")
    )
    seeds = [y._seed(g) for y, g in zip(out_leaves, given, strict=True)]
    targets = frozenset(x.node for x in in_leaves)
    missing = targets - set(reachable(y.node for y in out_leaves))
    if missing and not allow_unused:
        raise GraphError("gradients: an input is not part of the graph of the outputs; say allow_unused=True for zeros")
    edges, _ = edges_towards(targets, [y.node for y in out_leaves], behind=True)
    merged: dict[Node, Any] = {}
    with switched(recording=create_graph):
        for y, g in zip(out_leaves, seeds, strict=True):
            merged[y.node] = merged[y.node] + g if y.node in merged else g
        if create_graph:
            found = sweep(merged, ops, targets=targets, edges=edges, saved_of=saved_variables)
        else:
            found = sweep({n: g._array for n, g in merged.items()}, targets=targets, edges=edges)
    known: dict[Node, Any] = {}
    results = []
    for x in in_leaves:  # one that is asked for twice gets its gradient twice
        if x.node in known:
            results.append(ops.positive(known[x.node]))
        else:
            results.append(known.setdefault(x.node, _lower(_found(found, x), x)))
    return rebuild(results)


def stop_gradient(tree: Any) -> Any:
    """The same values, through which no gradient flows.

    >>> float(ag.grad(lambda x: x * ag.stop_gradient(x))(3.0))
    3.0
    """
    leaves, rebuild = flatten(tree)
    path, place = CONTEXT.get().path, place_of_user()

    def stopped(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        result = constant(x.result_class, x._array, x.shared)
        result.lost = x.lost if x.node is None else Cut("stop_gradient", path, place, ref(x.node))
        return result

    return rebuild([stopped(x) for x in leaves])
