"""Which arrays are alive, who made them, and what there was when there was most.

Knows arrays and labels. Does not know what an operation is. It holds arrays weakly, so that they live as long as they
would anyway, and writes down each birth, each death, and each new name for what lives.

Note [Whose memory]
Memory belongs to the array at the end of the chain of `.base`: a view allocates nothing. An array that is met for the
first time as a result was allocated for it; one that is met for the first time as an argument was there before, but
since when is known only of leaves.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from .stopwatch import clock

__all__ = ["KINDS", "Holder", "Label", "Ledger"]

KINDS = {
    "parameter": "parameters",
    "input": "inputs, and other arrays from outside",
    "saved": "results saved for the sweep",
    "result": "other results",
    "cotangent": "cotangents",
    "gradient": "gradients",
}
"""What memory is held for, in words for a legend."""


class Label(NamedTuple):
    """What an array is: its kind, the operation (or parameter) that it comes from, and the module."""

    kind: str
    name: str
    path: str


@dataclass(frozen=True)
class Holder:
    """Arrays that are alike, how many they are, and their bytes together."""

    kind: str
    name: str
    path: str
    count: int
    nbytes: int


class _Block(ref):
    """The memory of an array, held weakly."""

    __slots__ = ("key", "label", "made", "nbytes")

    key: int  # under which it is among the living
    label: Label
    made: bool  # whether it was allocated here, rather than met
    nbytes: int


class Ledger:
    """Births, deaths and names of arrays, in order."""

    def __init__(self) -> None:
        self.live: dict[int, _Block] = {}
        self.closed = False
        self._began = clock()
        self._early: list[_Block] = []
        # (time, block, bytes that come or go, its label from here on); appending is all that a death in another thread
        # does, so that no lock is needed
        self.log: list[tuple[int, _Block, int, Label | None]] = []

    def find(self, array: np.ndarray) -> _Block | None:
        """The block that an array lies in, if it is known."""
        owner = _owner(array)
        block = self.live.get(id(owner))
        return block if block is not None and block() is owner else None

    def meet(self, array: Any, label: Label, made: bool = False) -> int:
        """Write down an array unless its memory is known. The bytes that were allocated for it."""
        if type(array) is not np.ndarray and not isinstance(array, np.ndarray):
            return 0  # NumPy's numbers are not worth the while
        owner = _owner(array)
        if not owner.nbytes:
            return 0
        key = id(owner)
        known = self.live.get(key)
        if known is not None and known() is owner:
            return 0
        block = _Block(owner, self._freed)
        block.key, block.label, block.made, block.nbytes = key, label, made, owner.nbytes
        self.live[key] = block
        self.log.append((clock(), block, block.nbytes, label))
        return block.nbytes if made else 0

    def name(self, array: Any, label: Label) -> None:
        """What an array is called from here on."""
        block = self.find(array) if isinstance(array, np.ndarray) else None
        if block is not None and block.label != label:
            block.label = label
            self.log.append((clock(), block, 0, label))

    def was_before(self, array: Any) -> None:
        """Say of an array that was met that it was there from the beginning."""
        block = self.find(array) if isinstance(array, np.ndarray) else None
        if block is not None and not block.made:
            self._early.append(block)

    def _freed(self, block: _Block) -> None:
        if self.closed:
            return
        if self.live.get(block.key) is block:
            del self.live[block.key]
        self.log.append((clock(), block, -block.nbytes, None))

    def close(self) -> None:
        """Write down no more: what still lives may die unnoticed."""
        self.closed = True
        self.live.clear()
        early = {id(block) for block in self._early}
        first = [(self._began, block, block.nbytes, block.label) for block in self._early]
        self.log = first + [entry for entry in self.log if id(entry[1]) not in early or entry[2] < 0]
        self._early = []

    def forget(self) -> None:
        """Burn the book: the blocks refer to it, as it does to them."""
        self.close()
        self.log = []

    def states(self) -> Iterator[tuple[int, dict[str, int]]]:
        """The time of each entry, and the bytes of each kind after it. The dict is the same one, changed."""
        held = dict.fromkeys(KINDS, 0)
        kinds: dict[int, str] = {}
        for time, block, delta, label in self.log:
            if delta < 0:
                held[kinds.pop(id(block))] += delta
            elif label is not None:
                before = kinds.get(id(block))
                if before is not None:
                    held[before] -= block.nbytes
                kinds[id(block)] = label.kind
                held[label.kind] += block.nbytes
            yield time, held

    def highest(self) -> tuple[int, int]:
        """The number of the entry after which most is alive, and how much that is; the earliest of several.

        New names right after it count: an operation's result is there before its node, which may keep it.
        """
        best, peak, now = -1, 0, 0
        for i, (_, _, delta, _) in enumerate(self.log):
            now += delta
            if now > peak:
                best, peak = i, now
        while best + 1 < len(self.log) and self.log[best + 1][2] == 0:
            best += 1
        return best, peak

    def highest_made(self) -> int:
        """The most that was alive at once of what was allocated here."""
        peak = now = 0
        for _, block, delta, _ in self.log:
            if block.made:
                now += delta
                peak = max(peak, now)
        return peak

    def holders_after(self, entry: int) -> tuple[Holder, ...]:
        """What is alive after an entry, the largest first."""
        labels: dict[int, tuple[Label, int]] = {}
        for _, block, delta, label in self.log[: entry + 1]:
            if delta < 0:
                del labels[id(block)]
            elif label is not None:
                labels[id(block)] = label, block.nbytes
        counts, sizes = Counter(label for label, _ in labels.values()), Counter[Label]()
        for label, nbytes in labels.values():
            sizes[label] += nbytes
        holders = (Holder(*label, counts[label], sizes[label]) for label in counts)
        return tuple(sorted(holders, key=lambda h: (-h.nbytes, h.kind, h.path, h.name)))


def arrays_in(values: Iterable[Any]) -> Iterator[np.ndarray]:
    """The arrays among values, and in the lists and tuples among them."""
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, list | tuple):
            yield from (v for v in value if isinstance(v, np.ndarray))


def _owner(array: np.ndarray) -> np.ndarray:
    """Whose memory an array looks into. See Note [Whose memory]."""
    base = array.base
    while isinstance(base, np.ndarray):
        array, base = base, base.base
    return array
