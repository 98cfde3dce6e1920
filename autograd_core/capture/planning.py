"""From steps to a plan: what is not needed is left out, memory is laid out by who reads what last, order is kept.

Knows lowered steps. Does not know operations, nor how a step is executed.
"""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Any, TypeGuard

from ..lowered import Buffer, Elementwise, Fetch, Host, Number, Operand, Piece, Product, Reduce, Step
from .effects import traced_instead

__all__ = [
    "Layout",
    "buffers_of",
    "hoisted",
    "kept_by_run",
    "laid_out",
    "needed",
    "read_by",
    "shared_results",
    "touching",
    "written_by",
]

_ALIGNED = 64  # bytes: a cache line, and the widest vectors


def read_by(step: Step) -> list[Piece]:
    """The pieces that a step reads."""
    if isinstance(step, Elementwise):
        operands: Iterable[Operand] = step.operands
    elif isinstance(step, Reduce):
        operands = (step.operand,)
    elif isinstance(step, Product):
        operands = step.operands
    elif isinstance(step, Host):
        operands = step.inputs
    else:
        operands = ()
    return [x for x in operands if isinstance(x, Piece)]


def written_by(step: Step) -> list[Piece]:
    """The pieces that a step writes."""
    return [*step.outputs] if isinstance(step, Host) else [step.out]


def needed(steps: Sequence[Step], kept: Iterable[Buffer]) -> list[Step]:
    """The steps without those whose results nobody reads. Steps with effects, and writes into inputs, are kept."""
    live, found = set(kept), list[Step]()
    for step in reversed(steps):
        written = {piece.buffer for piece in written_by(step)}
        if written & live or _changes_outside(step, written):
            found.append(step)
            live |= {piece.buffer for piece in read_by(step)}
    return found[::-1]


def _changes_outside(step: Step, written: set[Buffer]) -> bool:
    if isinstance(step, Host):
        return step.effect
    return not isinstance(step, Fetch) and any(buffer.kind in ("input", "constant") for buffer in written)


def shared_results(
    steps: Sequence[Step], outputs: Sequence[Any], alone: Collection[Buffer] = ()
) -> tuple[list[Step], list[Any]]:
    """The steps with each computation done once: what is computed again from the same pieces is the first result.

    Only where the operands were not written in between, and the result never is again; and not those in buffers that
    are to stand `alone`, because somebody may write into them. And the outputs, which may be such results.
    """
    writes: dict[Buffer, int] = {}
    for step in steps:
        for piece in written_by(step):
            writes[piece.buffer] = writes.get(piece.buffer, 0) + 1
    same: dict[Buffer, tuple[Buffer, int]] = {}
    seen: dict[Any, Piece] = {}
    version: dict[Buffer, int] = {}  # how often it was written up to here
    found = list[Step]()

    def now(x: Any) -> Any:
        if isinstance(x, Piece) and x.buffer in same:
            buffer, offset = same[x.buffer]
            return replace(x, buffer=buffer, offset=x.offset + offset)
        return x

    def key(x: Any) -> Any:
        if isinstance(x, Piece):
            return x, version.get(x.buffer, 0)
        return (x.value, type(x.value), x.dtype) if isinstance(x, Number) else x

    for step in steps:
        step = with_pieces(step, now)
        form: Any = _form(step, key)
        for piece in written_by(step):
            version[piece.buffer] = version.get(piece.buffer, 0) + 1
        if isinstance(step, Host | Fetch):
            found.append(step)
            continue
        once = writes.get(step.out.buffer, 0) == 1 and all(
            p.buffer.kind != "input" or not writes.get(p.buffer) for p in read_by(step)
        )
        if not once or step.out.buffer.kind != "temporary" or step.out.buffer in alone:
            found.append(step)
            continue
        if form in seen:
            same[step.out.buffer] = seen[form].buffer, 0
        else:
            seen[form] = step.out
            found.append(step)
    return found, [now(x) for x in outputs]


def _form(step: Step, key: Callable[[Any], Any]) -> Any:
    """What two steps have in common that compute the same; `key` stands for an operand."""
    if isinstance(step, Host | Fetch):
        return None
    out = step.out
    form = (out.shape, out.strides, out.dtype, out.offset, out.buffer.nbytes)
    if isinstance(step, Elementwise):
        return step.name, tuple(map(key, step.operands)), step.loop, form
    if isinstance(step, Reduce):
        return "reduce", step.name, key(step.operand), step.axes, form
    ends = map(key, (step.a, step.b, step.rate, step.bias, step.gate))
    return "product", step.function, step.scale, step.keep, step.relu, *ends, form


def with_pieces(step: Step, now: Any) -> Step:
    if isinstance(step, Elementwise):
        return Elementwise(step.name, tuple(map(now, step.operands)), now(step.out), step.loop, step.quiet)
    if isinstance(step, Reduce):
        return Reduce(step.name, now(step.operand), step.axes, now(step.out), step.quiet)
    if isinstance(step, Product):
        a, b, out, rate, bias, gate = map(now, (step.a, step.b, step.out, step.rate, step.bias, step.gate))
        return replace(step, a=a, b=b, out=out, rate=rate, bias=bias, gate=gate)
    if isinstance(step, Host):
        inputs, outputs, taken = (tuple(map(now, pieces)) for pieces in (step.inputs, step.outputs, step.taken))
        return replace(step, inputs=inputs, outputs=outputs, taken=taken)
    return step


def hoisted(steps: Sequence[Step]) -> list[Step]:
    """The steps with reading from outside moved as far forward as what changes there permits.

    So that what can run as one piece stands together. A check of an argument comes first; the numbers of an update are
    moved over what can neither fail nor depend on them.
    """
    found = list[Step]()
    barrier = 0
    later = {b for step in steps for b in ([step.out.buffer] if isinstance(step, Fetch) else _into_inputs(step))}
    for step in steps:
        if _is_check(step, later):  # before anything is done outside
            found.insert(0, replace(step, call=traced_instead(step.call)))
            barrier += 1
            continue
        if isinstance(step, Fetch):
            found.insert(barrier, step)
            barrier += 1
            continue
        place = len(found)
        while _are_numbers(step) and place > barrier and isinstance(found[place - 1], Elementwise | Reduce | Product):
            place -= 1
        found.insert(place, step)
        if isinstance(step, Host) and step.effect:
            barrier = len(found)
    return found


def _into_inputs(step: Step) -> set[Buffer]:
    return {piece.buffer for piece in written_by(step) if piece.buffer.kind == "input"}


def _are_numbers(step: Step) -> bool:
    return isinstance(step, Host) and step.label == "numbers"


def _is_check(step: Step, later: set[Buffer]) -> TypeGuard[Host]:
    """Whether this looks at arguments only, which are there from the start."""
    return (
        isinstance(step, Host)
        and step.label == "check"
        and all(p.buffer.kind == "input" and p.buffer not in later for p in read_by(step))
    )


@dataclass(frozen=True)
class Layout:
    """Where temporary buffers lie in one piece of memory of `nbytes`."""

    offsets: dict[Buffer, int]
    nbytes: int


def laid_out(stages: Sequence[Iterable[Buffer]]) -> Layout:
    """Give each temporary buffer a place from the first stage that uses it to the last.

    First fit, in the order in which buffers are first used; what is used in one stage never overlaps.
    """
    first: dict[Buffer, int] = {}
    last: dict[Buffer, int] = {}
    for i, stage in enumerate(stages):
        for buffer in stage:
            if buffer.kind == "temporary":
                first.setdefault(buffer, i)
                last[buffer] = i
    offsets: dict[Buffer, int] = {}
    used: list[tuple[int, int, int]] = []  # a heap: (last stage, offset, end)
    free: list[tuple[int, int]] = []  # in order, with something used behind each
    total = top = 0
    for buffer in sorted(first, key=lambda b: (first[b], -b.nbytes, b.number)):
        while used and used[0][0] < first[buffer]:
            _, start, end = heappop(used)
            top = _freed(free, start, end, top)
        size = -(-max(buffer.nbytes, 1) // _ALIGNED) * _ALIGNED
        for i, (place, end) in enumerate(free):
            if end - place >= size:
                free[i : i + 1] = [(place + size, end)] if end - place > size else []
                break
        else:
            place, top = top, top + size
        offsets[buffer] = place
        heappush(used, (last[buffer], place, place + size))
        total = max(total, top)
    return Layout(offsets, total)


def _freed(free: list[tuple[int, int]], start: int, end: int, top: int) -> int:
    """Put a span among the free ones, joined to its neighbours; the end of what is used."""
    i = bisect(free, (start, end))
    if i < len(free) and free[i][0] == end:
        end = free.pop(i)[1]
    if i and free[i - 1][1] == start:
        i -= 1
        start = free.pop(i)[0]
    if end == top:
        return start
    free.insert(i, (start, end))
    return top


def buffers_of(step: Step) -> set[Buffer]:
    """The buffers that a step reads or writes."""
    return {piece.buffer for piece in (*read_by(step), *written_by(step))}


def touching(steps: Sequence[Step]) -> tuple[dict[Buffer, list[int]], dict[Buffer, list[int]]]:
    """Which steps read each buffer, and which write it; none where it is not mentioned."""
    readers, writers = defaultdict[Buffer, list[int]](list), defaultdict[Buffer, list[int]](list)
    for i, step in enumerate(steps):
        for piece in read_by(step):
            readers[piece.buffer].append(i)
        for piece in written_by(step):
            writers[piece.buffer].append(i)
    return readers, writers


def kept_by_run(runs: Sequence[Sequence[Step]], kept: Collection[Buffer]) -> list[set[Buffer]]:
    """For each run of steps, which of its buffers somebody else reads or writes, or has in the end."""
    touched = [set[Buffer]().union(*map(buffers_of, run)) for run in runs]
    count = Counter(buffer for buffers in touched for buffer in buffers)
    return [{buffer for buffer in buffers if count[buffer] > 1 or buffer in kept} for buffers in touched]
