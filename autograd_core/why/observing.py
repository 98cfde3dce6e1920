"""Noting, while a computation is watched, where numbers stop being finite: as it is recorded, and as it is swept.

Knows nodes as they are made. Does not know what is done about it: whoever observes says that.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import ref

from ..engine import Node, Overheard
from ..op import Op
from ..watching import Watched, overhear, seen
from .alive import alive, bare
from .backward import made
from .forward import Trace, produced
from .report import Finding, has_bad, is_bad
from .values import Argument, Step, names_of_arguments, place_of

Tell = Callable[[Step, Any, Sequence[Any]], None]


def listen(node: Node, tell: Tell) -> None:
    """Have told of every sweep over a node, and over what stands behind it unseen: step, cotangent, what is pulled."""
    place = place_of(node)
    for member in (node, *node.parents):
        if member is None or member.op is None or (member is not node and isinstance(member.op, Overheard)):
            continue
        same_call = member is node or member.index == node.index - 1  # a result of a call, and the call itself
        overhear(member, _telling(tell, Step(member, arguments_seen(member), place if same_call else None)))


@contextmanager
def listening_to_the_alive(tell: Tell) -> Iterator[None]:
    """Have told of every sweep over the graphs that are there already, until the end of the block."""
    stand_ins = []
    for node in alive(Node):
        if node.op is not None:
            overhear(node, _telling(tell, Step(node, arguments_seen(node), place_of(node))))
            stand_ins.append((ref(node), node.op))
    try:
        yield
    finally:
        for there, stand_in in stand_ins:
            left = there()
            if left is not None and left.op is stand_in:
                left.op = stand_in.op


def _telling(tell: Tell, step: Step) -> Callable[[Any, Sequence[Any]], None]:
    return lambda g, pulled: tell(step, _raw(g), [_raw(c) for c in pulled])


def arguments_seen(node: Node) -> Sequence[Argument]:
    """What an operation was applied to, without the nodes."""
    what = seen(node)
    if what is None or not what.inputs:
        return ()
    return [Argument(name, value, None) for name, value in zip(names_of_arguments(node), what.inputs, strict=True)]


def _raw(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _raw(part) for key, part in value.items()}
    return getattr(value, "_array", value)


class Transitions:
    """All operations of a run that made a NaN or an infinity out of finite numbers, in order."""

    def __init__(self) -> None:
        self.forward: list[tuple[int, Finding]] = []
        self.backward: list[Finding] = []

    def observe(self, value: Watched, node: Node) -> None:
        """Note the operation that a new node stands for, and what sweeps will do there."""
        if node.op is None:
            return
        if has_bad(value._array):
            arguments = arguments_seen(node)
            if arguments and not any(has_bad(a.value) for a in arguments):
                self.forward.append((node.index, produced(Step(node, arguments), value._array, is_bad(value._array))))
        listen(node, self._swept)

    def _swept(self, step: Step, g: Any, pulled: Sequence[Any]) -> None:
        if not has_bad(g) and has_bad(dict(enumerate(pulled))):
            self.backward.append(made(step, g, pulled))

    def before(self, finding: Finding, trace: Trace) -> tuple[Finding, Sequence[str]]:
        """What a finding really came from: an earlier step of the run, or an operation inside a call.

        Those are in no graph any more.
        """
        user, kept = trace.first_node, {node.index for node in trace.nodes}
        gone = [(index, found) for index, found in self.forward if index < user.index and index not in kept]
        if finding.kind == "input" and gone:
            name = finding.name or "an input"
            return gone[0][1], [f"It is the first of the run; by the last step {name} was not finite any more."]
        born = max((i for i in kept if i < user.index - 1), default=-1)
        within = [found for index, found in gone if index > born]
        if finding.kind == "operation" and within and not isinstance(bare(user.op), Op):
            return within[0], [f"That is inside {finding.operation}{finding.where}."]
        return finding, ()
