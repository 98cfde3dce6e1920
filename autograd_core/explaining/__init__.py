"""The chain rule for a graph that was recorded: every path from a result back to a value, and what each contributes.

A tool: it reads the graph, pulls cotangents along single paths with the rules of the operations, and changes nothing.
`between` finds the paths, `labels` names what lies on them, `layers` finds the deltas of a network, `explanation` says
it.
"""

import sys
from typing import Any

import numpy as np

from ..engine import edges_towards, freed, sweep
from ..errors import DTypeError, GraphError, OptionError, ShapeError
from ..tensor import Tensor
from ..viz.names import names_given, names_in
from .between import Between, Walk, unheard
from .explanation import Delta, Explanation, Factor, Path
from .labels import Labels
from .layers import deltas_of

__all__ = ["Delta", "Explanation", "Factor", "Path", "explain"]


def explain(y: Tensor, x: Tensor, *, gradient: Any = None, names: Any = None, limit: int = 10) -> Explanation:
    """The chain rule from `y` back to `x`: every path, the factor on each of its edges, the contributions, their sum.

    x is a leaf or an intermediate result that y was computed from. The contribution of a path is what comes to x if
    the cotangent goes back along that path alone; the sum of all is compared with the engine's own sweep. Of more
    than `limit` paths the largest contributions are listed, or, where there are too many to be computed, the first.
    For a network of layers it also gives the deltas of backpropagation, each from the next.

    The cotangent of y is `gradient`; without it 1, for every element of an array. `names` is a mapping of names to
    Tensors or a module, without it the variables of the caller. Values and lines of what was recorded under
    `ag.watch()` are known too. The graph stays as it is, so this goes before `backward()` or with `retain_graph=True`.

    Raises: GraphError if y does not depend on x, or if what is needed was freed by a sweep; DTypeError for anything
    but Tensors; ShapeError for a gradient of another shape; OptionError for a limit that is no positive number.

    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> y = x * x + x
    >>> print(explain(y, x))
    dy/dx: 3 paths lead from y back to x
    each line is a factor, g being the cotangent that arrives there
    <BLANKLINE>
    path 1 contributes 3 = 1 * 3
      y = add(v1, x) = 12   to v1: g      1
      v1 = multiply(x, x)   to x: g * x   3
    <BLANKLINE>
    path 2 contributes 3 = 1 * 3
      y = add(v1, x) = 12   to v1: g      1
      v1 = multiply(x, x)   to x: g * x   3
    <BLANKLINE>
    path 3 contributes 1
      y = add(v1, x) = 12   to x: g   1
    <BLANKLINE>
    sum of all 3 paths = 3 + 3 + 1 = 7, as the engine's own sweep finds
    """
    for name, value in (("y", y), ("x", x)):
        if not isinstance(value, Tensor):
            raise DTypeError(f"explain: {name} must be a Tensor, got {type(value).__name__}")
    if not isinstance(limit, int) or limit < 1:
        raise OptionError(f"explain: limit must be a whole number of paths, at least 1, got {limit!r}")
    if y.node is None or x.node is None:
        which = "y" if y.node is None else "x"
        raise GraphError(
            f"explain: {which} is a constant, through which no gradient flows; ag.why_none({which}) says why, and "
            "requires_grad=True makes a leaf that wants one"
        )
    seed = _seed(y, gradient)
    stretch = Between(y.node, x.node)
    if not stretch.leads:
        raise GraphError("explain: y was not computed from x, so there is no path; ag.why_none(x) says more")
    for node in stretch.edges:
        if node.saved is None:
            raise GraphError(str(freed(node)).replace("backward: ", "explain: ", 1))
    known_names = names_in(sys._getframe(1)) if names is None else names_given(names, "explain")
    labels = Labels(stretch, known_names, {y.node: y, x.node: x})
    steps = deltas_of(stretch, labels, given=gradient is not None)
    targets = frozenset({y.node, x.node, *(step.node for step in steps)})
    edges, _ = edges_towards(targets, [y.node], behind=True)
    with unheard(stretch.edges), np.errstate(all="ignore"):  # a NaN is to be seen, not warned of
        found = sweep({y.node: seed}, targets=targets, edges=edges)
        walked, largest = stretch.walks(seed, limit)
        zero = np.zeros(x.shape, x.dtype)
        paths = tuple(_path(walk, labels, zero) for walk in walked)
    return Explanation(
        of=labels.of(y.node),
        by=labels.of(x.node),
        seed=seed,
        given=gradient is not None,
        gradient=found.get(x.node, zero),
        count=stretch.count,
        paths=paths,
        largest=largest,
        deltas=tuple(step.made(found) for step in steps),
    )


def _seed(y: Tensor, gradient: Any) -> Any:
    if gradient is None:
        return np.ones(y.shape, y.dtype)
    try:
        seed = np.asarray(gradient.data if isinstance(gradient, Tensor) else gradient, dtype=y.dtype)
    except (TypeError, ValueError):
        raise DTypeError(f"explain: gradient must be numbers of the shape of y, {y.shape}; got {gradient!r}") from None
    if seed.shape != y.shape:
        raise ShapeError(f"explain: gradient must have the shape of y, {y.shape}; got {seed.shape}")
    return seed


def _path(walk: Walk, labels: Labels, zero: Any) -> Path:
    """What was found on a way through the graph; where nothing arrives, zeros."""
    arrived = zero if walk.contribution is None else walk.contribution
    return Path(tuple(labels.factor(node, i) for node, i in walk.edges), tuple(walk.norms), arrived)
