"""What is recorded, metered: how many multiplications with additions, and which memory is kept for the sweep.

A tool for tools. Knows the products among the operations, and what each operation's rules read. Does not know modules.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakSet, ref

import numpy as np

from .engine import Leaf, Node, Variable
from .ops.contraction import spelled_out
from .watching import Watched, observed_by

Shape = tuple[int, ...]


class Cost(NamedTuple):
    """One recorded operation: its name, where in the model it ran, what came out, and its multiply-adds."""

    operation: str
    path: str
    shape: Shape
    nbytes: int
    multiply_adds: int


class Meter:
    """What `metered` saw: `costs`, one for each operation, in the order in which they were recorded."""

    def __init__(self, unwanted: Iterable[Variable]) -> None:
        self.costs: list[Cost] = []
        self._nodes: list[ref[Node]] = []
        self._read: WeakSet[Node] = WeakSet()
        self._unwanted = WeakSet(x.node for x in unwanted if x.node is not None)

    def _see(self, value: Watched, node: Node) -> None:
        if node.op is None:
            return
        parents = [parent for parent in node.parents if parent is not None]
        if all(parent in self._unwanted for parent in parents):
            self._unwanted.add(node)
        self._read.update(parent for parent in parents if parent.op is None)
        nbytes = math.prod(node.shape) * node.dtype.itemsize
        self.costs.append(Cost(node.op.name, node.context.path, node.shape, nbytes, _multiply_adds(node)))
        self._nodes.append(ref(node))

    def reads(self, leaf: Variable) -> bool:
        """Whether an operation had this leaf as an argument."""
        return leaf.node in self._read

    def kept(self) -> list[int]:
        """For each of the costs, the bytes of memory that it is the first to keep for the sweep.

        Ask while the results are still held: what nobody can sweep any more is freed, and counts as nothing. Memory of
        leaves is there anyway, and counts as nothing either.
        """
        nodes = [there() for there in self._nodes]
        owners = [leaf.owner() for leaf in self._read if isinstance(leaf, Leaf)]
        known = {id(_memory(owner._array)) for owner in owners if owner is not None}
        found = []
        for node in nodes:
            new = {id(m): m.nbytes for m in map(_memory, self._saved(node)) if id(m) not in known} if node else {}
            known.update(new)
            found.append(sum(new.values()))
        return found

    def _saved(self, node: Node) -> Iterator[Any]:
        """The arrays that the rules will read which run towards what is wanted."""
        op: Any = node.op
        if node.saved is None:
            return
        wanted = [p is not None and p not in self._unwanted for p in node.parents]
        for name, value in zip(op.residuals, node.saved, strict=True):
            if any(wanted) if op.variadic else any(wanted[op.arrays.index(reader)] for reader in op.readers(name)):
                waiting = [value]
                while waiting:
                    part = waiting.pop()
                    if isinstance(part, tuple | list):
                        waiting += part
                    elif isinstance(part, np.ndarray):
                        yield part


@contextmanager
def metered(unwanted: Iterable[Variable] = ()) -> Iterator[Meter]:
    """Meter what is recorded inside.

    A multiply-add is one product with its addition to a sum: those of `linear`, `matmul`, `einsum`, the convolutions,
    and what is composed of them are counted, biases and products of element with element are not. `unwanted` are
    Tensors that were made to require a gradient only so that what is done to them is recorded: what would be kept for
    their gradients alone is not counted as kept.

    >>> w = ag.tensor(np.ones((3, 4)), requires_grad=True)
    >>> with ag.metered() as meter:
    ...     y = ag.exp(np.ones((2, 3)) @ w)
    >>> [(cost.operation, cost.shape, cost.multiply_adds) for cost in meter.costs], meter.kept()
    ([('matmul', (2, 4), 24), ('exp', (2, 4), 0)], [48, 64])
    """
    meter = Meter(unwanted)
    with observed_by(meter._see):
        yield meter


def _memory(array: Any) -> Any:
    """The array that owns the memory which this one looks into, and so keeps."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


# --- multiply-adds ----------------------------------------------------------------------------------------------------


def _multiply_adds(node: Node) -> int:
    op: Any = node.op
    count = PRODUCTS.get(op.name)
    if count is None:
        return 0
    options = dict(zip(op.statics, node.statics, strict=True))
    return count(node.shape, _shapes(op, node), options)


def _shapes(op: Any, node: Node) -> Any:
    """The shapes of the arguments, by name, or in order for a sequence of them.

    A parent knows its own; of a constant factor the value is saved, because the other factor's rule reads it.
    """
    saved = dict(zip(op.residuals, node.saved or (), strict=False))
    if op.variadic:
        return [np.shape(value) for value in saved[op.arrays[0]]]
    shapes = {}
    for name, parent in zip(op.arrays, node.parents, strict=True):
        value = saved.get(name) if parent is None else parent
        shapes[name] = () if value is None else value.shape
    return shapes


def _matmul(out: Shape, shapes: Mapping[str, Shape], options: Any) -> int:
    return math.prod(out) * shapes["a"][-1]


def _linear(out: Shape, shapes: Mapping[str, Shape], options: Any) -> int:
    return math.prod(out) * shapes["weight"][-1] if shapes["weight"] else 0  # only the bias wants a gradient


def _einsum(out: Shape, shapes: Sequence[Shape], options: Mapping[str, Any]) -> int:
    """Each contraction on the way runs over all of its letters."""
    subscripts, optimize = options["subscripts"], options["optimize"] or len(shapes) > 2
    spelled, result = spelled_out(subscripts, tuple(map(len, shapes)))
    terms = list(spelled)
    lengths: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            lengths[letter] = n if lengths.get(letter, 1) == 1 else lengths[letter]
    operands = [np.broadcast_to(0.0, shape) for shape in shapes]
    total = 0
    for step in np.einsum_path(subscripts, *operands, optimize=optimize)[0][1:]:
        taken = [terms.pop(i) for i in sorted(step, reverse=True)]
        letters = sorted(set("".join(taken)))
        total += math.prod(lengths[letter] for letter in letters) * (len(taken) - 1)
        terms.append("".join(letter for letter in letters if letter in "".join([*terms, result])))
    return total


def _conv(out: Shape, shapes: Mapping[str, Shape], options: Any) -> int:
    return math.prod(out) * math.prod(shapes["w"][1:]) if shapes["w"] else 0


def _conv_input(out: Shape, shapes: Mapping[str, Shape], options: Any) -> int:
    return math.prod(shapes["y"]) * math.prod(shapes["w"][1:])


def _conv_weight(out: Shape, shapes: Mapping[str, Shape], options: Any) -> int:
    return math.prod(shapes["y"]) * math.prod(out[1:])


def _convolve(out: Shape, shapes: Mapping[str, Shape], options: Mapping[str, Any]) -> int:
    """The overlap of the two at each place."""
    return int(np.convolve(np.ones(shapes["a"]), np.ones(shapes["v"]), options["mode"]).sum())


PRODUCTS: dict[str, Callable[[Shape, Any, Any], int]] = {
    "matmul": _matmul,
    "linear": _linear,
    "einsum": _einsum,
    "convolve": _convolve,
    **{f"conv{n}d": _conv for n in (1, 2, 3)},
    **{f"conv{n}d_input": _conv_input for n in (1, 2, 3)},
    **{f"conv{n}d_weight": _conv_weight for n in (1, 2, 3)},
}
