"""Random expressions with fan-out and reuse, to test an automatic differentiation engine as a whole.

A graph is a Python function that can be read, of arrays of any namespace that looks like NumPy: an engine's own, jax's,
PyTorch's. Knows nothing of derivatives. `random_graphs` is the strategy; what it draws is a list of small integers for
each node, which `_Growing` reads as one more line, so that leaving some out leaves a graph again.

Note [Tame values]
For each value a bound of its size is known: of a sine it is 1, of a sum the number of terms times that of the terms. A
step that would exceed 10 is not taken, and a sine taken instead; so nothing overflows, however deep the graph, and
differences see something. Functions are smooth everywhere, unless kinks are asked for.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from ..errors import OptionError
from .cases import code
from .domains import Array, Shape, interval, pick_array
from .hypothesis import SearchStrategy, hnp, st

__all__ = ["Graph", "random_graphs"]

_BOUND = 10.0


@dataclass(frozen=True)
class Graph:
    """An expression: `graph(*inputs)` is its value, `source` its code, one line for each node.

    `shapes` are those of the inputs, and `inputs` arrays to call it with. NumPy's functions are used unless another
    namespace is given: ``graph(*inputs, xp=jax.numpy)``. Its repr is code that calls it.

    >>> from autograd_core.testing.graphs import Graph
    >>> graph = Graph("def graph(x0, xp=np):\\n    v0 = xp.sin(x0)\\n    v1 = v0 * v0\\n    return v1", (np.zeros(2),))
    >>> graph.nodes, graph.uses
    (2, {'x0': 1, 'v0': 2, 'v1': 1})
    >>> bool(ag.gradcheck(graph, *graph.inputs))
    True
    """

    source: str
    inputs: tuple[Array, ...]
    _function: Callable[..., Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        namespace: dict[str, Any] = {"np": np}
        exec(compile(self.source, "<random graph>", "exec"), namespace)
        object.__setattr__(self, "_function", namespace["graph"])

    def __call__(self, *inputs: Any, xp: Any = np) -> Any:
        """The value of the expression, computed with the functions of `xp`."""
        return self._function(*inputs, xp=xp)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the inputs."""
        return tuple(x.shape for x in self.inputs)

    @property
    def nodes(self) -> int:
        """How many steps there are, not counting the sum of several results at the end."""
        return self.source.count("\n") - 1

    @property
    def uses(self) -> dict[str, int]:
        """How often each input and each intermediate value is used; more than once is fan-out."""
        lines = self.source.splitlines()[1:]
        names = [f"x{i}" for i in range(len(self.inputs))] + [line.split()[0] for line in lines[:-1]]
        words = "".join(c if c.isalnum() else " " for line in lines for c in line.split("=", 1)[-1]).split()
        return {name: words.count(name) for name in names}

    def __repr__(self) -> str:
        return f"{self.source}\n\ngraph({', '.join(map(code, self.inputs))})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis and IPython print it: as code, not as a record."""
        printer.text(repr(self))


def random_graphs(
    *, max_nodes: int = 8, max_inputs: int = 3, max_dims: int = 2, max_side: int = 3, kinks: bool = False
) -> SearchStrategy[Graph]:
    """Random expressions of arrays, with inputs for them.

    Elementwise functions, broadcasting, reductions, matrix products, reshaping, indexing (also the same row twice) and
    joining; any value may be used any number of times, and all that is unused at the end is summed into the result.
    With `kinks` also absolute values and maxima. Values stay below 10, see Note [Tame values]. Shrinks to few nodes.

    Raises: OptionError if a number is not positive.

    >>> from autograd_core.testing.strategies import random_graphs
    >>> small = random_graphs(max_nodes=3)
    """
    for name, value in {"max_nodes": max_nodes, "max_inputs": max_inputs, "max_side": max_side}.items():
        if value < 1:
            raise OptionError(f"random_graphs: {name} must be at least 1, got {value}")
    if not 0 <= max_dims <= 8:
        raise OptionError(f"random_graphs: max_dims must be from 0 to 8, got {max_dims}")
    return _random_graphs(max_nodes, max_inputs, max_dims, max_side, kinks)


_INPUTS = interval(-2, 2)
_DIGIT = st.integers(0, 59)  # divisible by the small numbers that it is reduced by


@st.composite
def _random_graphs(draw: Any, max_nodes: int, max_inputs: int, max_dims: int, max_side: int, kinks: bool) -> Graph:
    steps = draw(st.lists(st.tuples(_DIGIT, _DIGIT, _DIGIT, _DIGIT), min_size=1, max_size=max_nodes))
    count = draw(st.integers(1, max_inputs))
    drawn = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=max_dims, max_side=max_side))
    growing = _Growing([_Value(f"x{i}", shape, 2.0) for i, shape in enumerate(drawn.input_shapes)], kinks)
    for step in steps:
        growing.grow(*step)
    source, used = growing.source()

    def pick(n: int) -> int:
        return draw(st.integers(0, n - 1))

    return Graph(source, tuple(pick_array(pick, drawn.input_shapes[i], _INPUTS) for i in used))


@dataclass(frozen=True)
class _Value:
    name: str
    shape: Shape
    bound: float


_Step = tuple[str, Shape, float] | None
"""What a line computes, the shape and a bound of it; None where it is not possible."""


class _Growing:
    """A graph to which nodes are added; each is told by four numbers, and any four numbers will do."""

    def __init__(self, inputs: Sequence[_Value], kinks: bool) -> None:
        self.inputs, self.values, self.lines = list(inputs), list(inputs), list[str]()
        self.used: list[_Value] = []
        self.kinds = [*_KINDS, *_KINKS] if kinks else _KINDS

    def grow(self, kind: int, first: int, second: int, option: int) -> None:
        """One more line; if the kind asked for does not fit, a sine."""
        x = self.values[-1 - first % len(self.values)]
        write = self.kinds[kind % len(self.kinds)]
        operands = [x]
        if write.__code__.co_argcount == 3:
            partners = [y for y in reversed(self.values) if write(x, y, option) is not None]
            operands = [x, partners[second % len(partners)]] if partners else [x]
        step = write(*operands, option) if len(operands) == write.__code__.co_argcount - 1 else None
        if step is None or step[2] > _BOUND:
            operands, step = [x], _sine(x, option)
        expression, shape, bound = step  # type: ignore[misc]
        self.used += operands
        self.values.append(_Value(f"v{len(self.lines)}", shape, bound))
        self.lines.append(f"    {self.values[-1].name} = {expression}")

    def source(self) -> tuple[str, list[int]]:
        """The code, with the inputs that are used numbered from 0, and which these are."""
        kept = [i for i, x in enumerate(self.inputs) if x in self.used]
        results = [v for v in self.values[len(self.inputs) :] if v not in self.used]
        parts = [v.name if len(results) == 1 else f"xp.sum({v.name})" for v in results]
        head = f"def graph({', '.join(self.inputs[i].name for i in kept)}, xp=np):"
        text = "\n".join([head, *self.lines, f"    return {' + '.join(parts)}"])
        return re.sub(r"\bx(\d+)\b", lambda name: f"x{kept.index(int(name[1]))}", text), kept


# --- kinds of nodes ---------------------------------------------------------------------------------------------------


def _sine(x: _Value, option: int) -> _Step:
    return f"xp.sin({x.name})", x.shape, 1.0


def _product(x: _Value, y: _Value, option: int) -> _Step:
    shape = _broadcast(x, y)
    return shape if shape is None else (f"{x.name} * {y.name}", shape, x.bound * y.bound)


def _sum_of_two(x: _Value, y: _Value, option: int) -> _Step:
    shape, sign = _broadcast(x, y), "+-"[option % 2]
    return shape if shape is None else (f"{x.name} {sign} {y.name}", shape, x.bound + y.bound)


def _quotient(x: _Value, y: _Value, option: int) -> _Step:
    shape = _broadcast(x, y)
    return shape if shape is None else (f"{x.name} / (1 + {y.name} * {y.name})", shape, x.bound)


def _broadcast(x: _Value, y: _Value) -> Any:
    try:
        return np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return None


def _smooth(x: _Value, option: int) -> _Step:
    form, bound = [
        ("xp.tanh({})", 1.0),
        ("xp.cos({})", 1.0),
        ("xp.exp(-{0} * {0})", 1.0),
        ("xp.sqrt(1 + {0} * {0})", 1 + x.bound),
        ("xp.log(2 + {0} * {0})", 1 + x.bound),
    ][option % 5]
    return form.format(x.name), x.shape, bound


def _reduction(x: _Value, option: int) -> _Step:
    n, keep = len(x.shape), option // 4 % 2 == 1
    name = ("mean", "sum")[option % 2]
    axis = None if not n or option % 3 == 0 else option // 8 % n
    terms = prod(x.shape) if axis is None else x.shape[axis]
    kept = tuple(1 if axis is None or i == axis else side for i, side in enumerate(x.shape))
    shape = kept if keep else tuple(side for i, side in enumerate(x.shape) if axis is not None and i != axis)
    if axis is None:
        return f"xp.{name}({x.name})", (), x.bound * (terms if name == "sum" else 1)
    end = f", axis={axis}, keepdims=True)" if keep else f", axis={axis})"
    return f"xp.{name}({x.name}{end}", shape, x.bound * (terms if name == "sum" else 1)


def _matrix_product(x: _Value, y: _Value, option: int) -> _Step:
    if not x.shape or not y.shape:
        return None
    for form, shape in (("{} @ {}", y.shape), ("{} @ xp.swapaxes({}, -1, -2)", (*y.shape[:-2], *y.shape[:-3:-1]))):
        if "swap" in form and len(y.shape) < 2:
            continue
        try:
            out = np.matmul(np.zeros(x.shape), np.zeros(shape)).shape
        except ValueError:
            continue
        return form.format(x.name, y.name), out, x.bound * y.bound * x.shape[-1]
    return None


def _arrangement(x: _Value, option: int) -> _Step:
    forms: list[tuple[str, Shape]] = [("xp.reshape({}, (-1,))", (prod(x.shape),)), ("{}[None]", (1, *x.shape))]
    if len(x.shape) >= 2:
        forms.insert(0, ("xp.swapaxes({}, 0, -1)", (x.shape[-1], *x.shape[1:-1], x.shape[0])))
    form, shape = forms[option % len(forms)]
    return (form.format(x.name), shape, x.bound) if len(shape) <= 3 else None


def _choice(x: _Value, option: int) -> _Step:
    if not x.shape:
        return None
    n, rest = x.shape[0], x.shape[1:]
    forms: list[tuple[str, Shape]] = [
        ("{}[0]", rest),
        ("{}[xp.asarray([0, 0])]", (2, *rest)),
        ("{}[..., :1]", (*x.shape[:-1], 1)),
    ]
    if n > 1:
        forms += [("{}[1:]", (n - 1, *rest)), (f"{{}}[xp.asarray([{n - 1}, 0, {n - 1}])]", (3, *rest))]
    form, shape = forms[option % len(forms)]
    return form.format(x.name), shape, x.bound


def _joined(x: _Value, y: _Value, option: int) -> _Step:
    bound = max(x.bound, y.bound)
    if option % 2 and x.shape == y.shape and len(x.shape) < 3:
        return f"xp.stack([{x.name}, {y.name}])", (2, *x.shape), bound
    if not x.shape or len(x.shape) != len(y.shape) or x.shape[1:] != y.shape[1:] or x.shape[0] + y.shape[0] > 6:
        return None
    return f"xp.concatenate([{x.name}, {y.name}])", (x.shape[0] + y.shape[0], *x.shape[1:]), bound


def _absolute(x: _Value, option: int) -> _Step:
    return f"xp.abs({x.name})", x.shape, x.bound


def _larger(x: _Value, y: _Value, option: int) -> _Step:
    shape = _broadcast(x, y)
    return shape if shape is None else (f"xp.maximum({x.name}, {y.name})", shape, max(x.bound, y.bound))


_KINDS: list[Any] = [
    _sine,
    _product,
    _sum_of_two,
    _smooth,
    _reduction,
    _matrix_product,
    _arrangement,
    _choice,
    _joined,
    _quotient,
]
_KINKS: list[Any] = [_absolute, _larger]
