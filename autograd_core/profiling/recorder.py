"""What one profile has seen: the times of operations, modules and sweeps, and the arrays that came and went.

Knows operations by name, nodes, contexts, and what an event means. Does not know how it hears of them.
"""

from collections.abc import Iterable, Sequence
from contextvars import Token
from threading import get_ident
from typing import Any

import numpy as np

from ..engine import CONTEXT, Context, Leaf, Node, Variable, constant
from .ledger import Label, Ledger, arrays_in
from .stopwatch import Stopwatch, Task, clock

__all__ = ["Recorder"]


class Recorder:
    """The events of one thread, while one profile lasts. `ledger` is None if it does not look at memory."""

    def __init__(self, memory: bool) -> None:
        self.watch = Stopwatch()
        self.ledger = Ledger() if memory else None
        self.thread = get_ident()
        self.sweeps: list[tuple[int, int]] = []  # when the outermost ones began and ended
        self.names: dict[int, Label] = {}  # of leaves, by their index
        self._born = Leaf(constant(Variable, np.zeros(()))).index  # leaves with a lower index were there before
        self._sweeping = 0
        self._base = ""  # where in a model the outermost sweep was started
        # for the nodes whose rules run now: where in a model they stand, and whether what runs inside is part of them
        self._pulling: list[tuple[str, bool]] = []
        self._modules: list[tuple[Token[Context], int, Task, int, int]] = []

    @property
    def phase(self) -> str:
        """The pass that runs."""
        return "backward" if self._sweeping else "forward"

    @property
    def inside_rule(self) -> bool:
        """Whether what runs now is part of the rule of an operation."""
        return bool(self._pulling) and self._pulling[-1][1]

    def place(self, path: str) -> str:
        """Where in a model something belongs that runs, or was recorded, at a path.

        What runs inside the rule of a node belongs to where that node stands.
        """
        if not self._pulling:
            return path
        at, base = self._pulling[-1][0], self._base
        if path == base:
            return at
        path = path.removeprefix(f"{base}.") if base else path
        return f"{at}.{path}" if at else path

    def _task(self, name: str, path: str) -> Task:
        """An operation that is applied; that may be in a sweep too, by what users wrote for it."""
        if self._sweeping and not self.inside_rule:
            return Task("backward", path, "operation", f"{name} (applied)")
        return Task(self.phase, path, "operation", name)

    # --- operations ---------------------------------------------------------------------------------------------------

    def computed(self, name: str, nanoseconds: int, arguments: Iterable[Any], result: Any) -> None:
        """An operation has been applied to arrays. Its result is None if it failed, a tuple if there is more of it."""
        path = self.place(CONTEXT.get().path)
        total = self.watch.close(self._task(name, path), nanoseconds)
        ledger = self.ledger
        if ledger is None:
            return
        for array in arrays_in(arguments):
            ledger.meet(array, Label("input", "", path))
        if isinstance(result, tuple):
            total.nbytes += ledger.meet(result[0], Label("result", name, path), made=True)
            total.nbytes += sum(ledger.meet(a, Label("saved", name, path), made=True) for a in arrays_in(result[1:]))
        else:
            total.nbytes += ledger.meet(result, Label("result", name, path), made=True)

    def recorded(self, name: str, parents: Iterable[Node | None], saved: Iterable[Any]) -> None:
        """A node has been made, which keeps what the sweep will read."""
        ledger = self.ledger
        if ledger is None:
            return
        path = self.place(CONTEXT.get().path)
        for array in arrays_in(saved):
            block = ledger.find(array)
            if block is None:  # a snapshot of what somebody else may write into
                label = Label("saved", f"copy for {name}" if not self.inside_rule else name, path)
                made = ledger.meet(array, label, made=True)
                self.watch.total(self._task(name, path)).nbytes += made
            elif block.label.kind in ("result", "cotangent"):
                ledger.name(array, block.label._replace(kind="saved"))
        self.met((p.owner() for p in parents if p is not None and p.op is None), path)  # type: ignore[attr-defined]  # of leaves

    def met(self, arguments: Iterable[Any], path: str) -> None:
        """Leaves and constants have been used in a module: from now on their memory is known by name."""
        ledger = self.ledger
        if ledger is None:
            return
        for x in arguments:
            if not isinstance(x, Variable):
                continue
            node = x.node
            if node is not None and node.op is not None:
                continue
            name, kind = getattr(x, "name", ""), "parameter" if hasattr(x, "name") else "input"
            ledger.meet(x._array, Label("input", "", path))
            block = ledger.find(x._array) if isinstance(x._array, np.ndarray) else None
            if block is not None and block.label.kind == "input" and kind == "parameter":
                ledger.name(x._array, Label(kind, name, path))
            if node is not None and not self._sweeping and node.index not in self.names:
                self.names[node.index] = Label("gradient", name, path)
                if node.index < self._born:
                    ledger.was_before(x._array)

    # --- sweeps -------------------------------------------------------------------------------------------------------

    def begin_sweep(self, nodes: Iterable[Node] = ()) -> None:
        """From here on it is the backward pass that runs, over nodes that may have been recorded before the profile."""
        for node in nodes:
            for parent in node.parents:
                if parent is not None and parent.op is None and parent.index not in self.names:
                    self.met([parent.owner()], self.place(node.context.path))  # type: ignore[attr-defined]  # a leaf
        self.watch.open()
        if not self._sweeping:
            self._base = CONTEXT.get().path
            self.sweeps.append((clock(), 0))
        self._sweeping += 1

    def end_sweep(self, nanoseconds: int, found: Any) -> None:
        """A sweep is over, and has found cotangents of leaves (None if it failed)."""
        self._sweeping -= 1
        total = self.watch.close(Task("backward", "", "sweep"), nanoseconds)
        if not self._sweeping:  # else it is part of what somebody computes for another sweep
            self.sweeps[-1] = self.sweeps[-1][0], clock()
            for node, g in (found or {}).items():
                total.nbytes += self.is_gradient(node, g)

    def is_gradient(self, leaf: Node, value: Any) -> int:
        """What an array is: the gradient of a leaf. The bytes that were allocated for it just now."""
        array = value._array if isinstance(value, Variable) else value
        if self.ledger is None or not isinstance(array, np.ndarray):
            return 0
        label = self.names.get(leaf.index, Label("gradient", "", ""))
        made = self.ledger.meet(array, label, made=True)
        block = self.ledger.find(array)
        if block is not None and block.made:
            self.ledger.name(array, label)
        return made

    def begin_pull(self, path: str, closed: bool) -> None:
        """From here on the rules of a node run that stands at a path; nobody is to look inside if they are closed."""
        self.watch.open()
        self._pulling.append((self.place(path), closed))

    def end_pull(
        self, name: str, nanoseconds: int, parents: Sequence[Node | None], saved: Any, g: Any, pulled: Any
    ) -> None:
        """The rules of a node have turned its cotangent into those of its parents (None if they failed)."""
        path, _ = self._pulling.pop()
        total = self.watch.close(Task("backward", path, "operation", name), nanoseconds)
        ledger = self.ledger
        if ledger is None:
            return
        if isinstance(saved, tuple):
            for array in arrays_in(saved):
                ledger.meet(array, Label("saved", name, path))
        sums = self.watch.total(Task("backward", "", "sweep"))
        sums.nbytes += ledger.meet(_raw(g), Label("cotangent", "sum or seed", path), made=True)
        for parent, cotangent in zip(parents, pulled or (), strict=False):
            if cotangent is not None:
                label = self.names.get(parent.index) if parent is not None else None
                label = label or Label("cotangent", name, path)
                total.nbytes += ledger.meet(_raw(cotangent), label, made=True)

    # --- modules ------------------------------------------------------------------------------------------------------

    def enter(self, token: Token[Context], began: int) -> None:
        """A module has been entered; the profiler was called at a time."""
        task = Task(self.phase, self.place(CONTEXT.get().path), "module")
        self.watch.open()
        self._modules.append((token, self.watch.depth, task, began, clock()))

    def leave(self, token: Token[Context], now: int) -> None:
        """A module is left; nothing is to be done if it was entered before the profile began."""
        if self._modules and self._modules[-1][0] is token and self._modules[-1][1] == self.watch.depth:
            self._leave_last(now)

    def _leave_last(self, now: int) -> None:
        _, _, task, began, start = self._modules.pop()
        self.watch.close(task, now - start)
        ended = clock()
        self.watch.charge(ended - began, (start - began) + (ended - now))

    def finish(self, now: int) -> None:
        """The profile is over, perhaps inside modules."""
        while self._modules:
            self._leave_last(now)
        if self.ledger is not None:
            self.ledger.close()


def _raw(value: Any) -> Any:
    return value._array if isinstance(value, Variable) else value
