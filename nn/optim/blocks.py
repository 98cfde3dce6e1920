"""Parameters cut into blocks that fit a cache, each with its gradient, what is kept for it, and scratch space.

Knows arrays. Does not know any update formula, nor where options come from.

Note [Blocks]
An update reads and writes several arrays as long as the parameter, several times. Large ones are therefore cut along
their first axis into blocks that stay in the cache from the first pass to the last, and intermediate results go into
scratch arrays of a block's size. Small parameters share theirs and keep them, so that a step allocates nothing; those
of a large one are there only while it moves, because a sweep in between would find them in its way. An update for which
nothing is kept is one expression, and makes its own: then blocks are a sixth of the parameter at most. An update that
is said as a formula (`move`) needs neither blocks nor scratch for a large parameter where there is machine code.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy import add, multiply, negative
from numpy.typing import NDArray

import autograd_core as ag

__all__ = ["BLOCK", "Array", "Block", "Noted", "Scratch", "Slot", "direction", "move", "typed"]

Array = NDArray[Any]
Block = tuple[Array, Array, Sequence[Array]]  # what to write into, its gradient, and its state followed by scratch
Formula = Callable[..., None]
PIECE = 1 << 12  # elements that are not cut
BLOCK = 3 << 14  # elements: five float32 arrays of this length fit into a second-level cache of 1 MiB


class Scratch:
    """Arrays for intermediate results, which every small parameter of an optimizer uses in its turn."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._flat: dict[tuple[int, np.dtype[Any]], Array] = {}

    def like(self, shape: tuple[int, ...], dtype: np.dtype[Any], count: int) -> tuple[Array, ...]:
        """So many of the arrays, with this shape."""
        size = math.prod(shape)
        arrays = []
        for i in range(count):
            flat = self._flat.get((i, dtype))
            if flat is None or flat.size < size:
                flat = self._flat[i, dtype] = np.empty(size, dtype)
            arrays.append(flat[:size].reshape(shape))
        return tuple(arrays)


class Slot:
    """How a parameter and the arrays kept for it are cut; see Note [Blocks].

    `state` is what is kept for it, and `fresh` says whether its arrays were made for this step.
    """

    __slots__ = (
        "_kept",
        "_passes",
        "_rows",
        "_scratch",
        "_whole",
        "arrays",
        "dtype",
        "fresh",
        "names",
        "scratch",
        "state",
    )

    def __init__(self, w: Array, state: dict[str, Any], names: tuple[str, ...], scratch: Scratch) -> None:
        self.state, self.dtype, self.fresh = state, w.dtype, False
        self.arrays = arrays = tuple(state[name] for name in names)
        self.names, self._kept = names, tuple(zip(names, arrays, strict=True))
        self.scratch = scratch.count if names else 0
        most = BLOCK if names else min(BLOCK, max(PIECE, w.size // 6))
        self._rows = math.ceil(w.shape[0] / math.ceil(w.size / most)) if w.size > PIECE else 0
        self._passes = w.size > PIECE and ag.machine_code(w.dtype)
        self._whole = None
        if w.size <= most and not self._passes:
            self._whole = (*arrays, *scratch.like(w.shape, w.dtype, self.scratch))

    def holds(self, state: dict[str, Any], names: tuple[str, ...]) -> bool:
        """Whether this was cut from these arrays: the user may have put others in their place."""
        if self.state is not state or self.names != names:
            return False
        get = state.get
        for name, array in self._kept:  # noqa: SIM110 - this runs for every parameter in every step
            if get(name) is not array:
                return False
        return True

    def blocks(self, w: Array, g: Array) -> Iterable[Block]:
        """The blocks of a parameter and its gradient."""
        if self._whole is not None:
            return ((w, g, self._whole),)
        return Passed(self, w, g) if self._passes else self.cut(w, g)

    def cut(self, w: Array, g: Array) -> Iterable[Block]:
        """Blocks of some rows each."""
        rows = self._rows
        if not self.names:
            return [(w[i : i + rows], g[i : i + rows], ()) for i in range(0, len(w), rows)]
        return self._cut(w, g)

    def _cut(self, w: Array, g: Array) -> Iterator[Block]:
        scratch = [np.empty_like(w[: self._rows]) for _ in range(self.scratch)]
        for first in range(0, len(w), self._rows):
            cut = slice(first, first + self._rows)
            part = w[cut]
            yield part, g[cut], [*(a[cut] for a in self.arrays), *(s[: len(part)] for s in scratch)]


class Passed:
    """A large parameter, for which there may be a pass of machine code; else, its blocks."""

    __slots__ = ("g", "slot", "w")

    def __init__(self, slot: Slot, w: Array, g: Array) -> None:
        self.slot, self.w, self.g = slot, w, g

    def __iter__(self) -> Iterator[Block]:
        return iter(self.slot.cut(self.w, self.g))


def move(blocks: Iterable[Block], formula: Formula, numbers: Sequence[Array], *switches: Any) -> None:
    """Move a parameter by ``formula(w, g, arrays, numbers, *switches)``, in one pass or block after block.

    What a formula may do is said by `autograd_core.in_one_pass`.
    """
    if type(blocks) is Passed:
        slot = blocks.slot
        if ag.in_one_pass(formula, blocks.w, blocks.g, slot.arrays, numbers, switches, slot.scratch):
            return
    for w, g, arrays in blocks:
        formula(w, g, arrays, numbers, *switches)


def typed(dtype: np.dtype[Any], *numbers: float) -> list[Array]:
    """Numbers as arrays of a type: a Python number would be converted again in every pass."""
    noted = _NOTED.get()
    if noted is not None:
        return noted.instead(dtype, numbers)
    return [np.array(number, dtype) for number in numbers]


class Noted:
    """While it is entered, the numbers that updates compute with are written down, or come from `given`."""

    def __init__(self, given: Sequence[Array] | None = None) -> None:
        self.arrays: list[Array] = []
        self._given = None if given is None else iter(given)

    def instead(self, dtype: np.dtype[Any], numbers: Sequence[float]) -> list[Array]:
        """The numbers, written down; or those that were written down before."""
        if self._given is None:
            self.arrays.append(np.array(numbers, dtype))
            return [*map(np.asarray, numbers)]  # of which there is no use: nothing is updated
        array = next(self._given)
        return [array[i, ...] for i in range(len(numbers))]

    def __enter__(self) -> None:
        self._token = _NOTED.set(self)

    def __exit__(self, *_: object) -> None:
        _NOTED.reset(self._token)


_NOTED: ContextVar[Noted | None] = ContextVar("noted", default=None)


def direction(g: Array, w: Array, s: Array | None, t: Array | None, maximize: bool, decay: Any) -> Array:
    """What a step goes against: the gradient, negated to `maximize`, plus ``decay * w`` unless `decay` is None.

    What is new is written into s, and t is used; each may be None, and is made then.
    """
    if maximize:
        g = negative(g, s)
    if decay is not None:
        g = add(g, multiply(w, decay, t), s)
    return g
