"""Why there is no gradient: what a tensor without one remembers, and what of its graph is alive, put into sentences.

Knows why values leave a graph, and what a sweep leaves behind. Nothing need be switched on beforehand; lines of
operations are known of what was recorded under `ag.watch()`.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import is_differentiable
from ..engine import Context, Cut, Node, Variable, reachable
from ..errors import DTypeError
from ..places import Place
from ..tensor import Tensor
from ..watching import seen
from .alive import Names, Readers, alive, bare
from .leaving import crossing, cuts_alive, in_words
from .report import where

CAUSES = {
    "not None": "there is a gradient",
    "constant": "made without requires_grad=True, from nothing that requires a gradient",
    "frozen": "requires_grad was switched off",
    "detached": "cut off by detach or stop_gradient",
    "shared memory": "made from the array of a tensor, which remembers nothing",
    "no_grad": "computed while recording was off",
    "gradient": "a gradient, computed without create_graph",
    "dtype": "integers and truth values have no derivative",
    "operation": "came out of an operation that has no derivative",
    "intermediate": "the result of a computation, and no leaf",
    "unused": "nothing that is alive was computed from it",
    "no backward": "no sweep has come by yet",
    "not on a path": "the output was not computed from it",
    "cut": "a sweep came by, and was stopped on the way",
    "freed": "what a sweep needs was freed by an earlier one",
    "cleared": "set to None after a sweep",
}
"""All causes that an answer may name."""

_DETACHING = ("detach", "stop_gradient")
_SHOWN = 5  # so many ends of ways are listed


@dataclass(frozen=True)
class Answer:
    """Why a gradient is None, or why a tensor requires none. `str()` says it in sentences.

    `cause` is one of `CAUSES`. `name` is what the user calls the tensor; `place` the line, `path` the module and
    `operation` the operation that is to blame, as far as they are known; `remedy` what to do. `ways` says where what
    was computed from the tensor ends.
    """

    cause: str
    text: str
    remedy: str = ""
    name: str = ""
    place: Place | None = None
    path: str = ""
    operation: str = ""
    ways: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.text, *(f"  - {way}" for way in self.ways), *([self.remedy] if self.remedy else [])])

    __repr__ = __str__


def why_none(t: Any, y: Any = None) -> Answer:
    """Why `t.grad` is None, or `t.requires_grad` False: which of the causes, where, and what to do.

    `y` is the output whose backward() was expected to reach `t`; without it, what was last computed from `t` is meant.
    The answer has attributes (cause, place, path, operation, remedy and others), and prints as a few sentences.

    Raises: DTypeError for what is no Tensor.

    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> y = ag.exp(x.detach()).sum()
    >>> ag.why_none(y).cause
    'detached'
    >>> ag.why_none(x, ag.exp(x).sum()).cause
    'no backward'
    """
    for what, value in (("t", t), ("y", y)):
        if not isinstance(value, Tensor) and not (what == "y" and value is None):
            raise DTypeError(
                f"why_none: {what} must be a Tensor, got {type(value).__name__}"
                + ("; pass the tensor itself, x in the place of x.grad" if value is None else "")
                + ("; an ndarray has no gradient: make it a leaf with ag.tensor(a, requires_grad=True)")
                * isinstance(value, np.ndarray)
            )
    return _Question(t, y, Names(sys._getframe(1))).answer()


class _Question:
    """One tensor, perhaps an output, and what the user calls them."""

    def __init__(self, t: Tensor, y: Tensor | None, names: Names) -> None:
        self.t, self.y, self.names = t, y, names
        self.name = names.of(t)
        self.called = self.name or "this tensor"
        self.module = names.parameters.get(id(t), "").rpartition(".")[0]
        self.cleared = hasattr(t, "_grad")  # the slot is empty until a gradient, or a None, is put there

    def answer(self) -> Answer:
        if self.t.grad is not None:
            frozen = "" if self.t.requires_grad else " The tensor itself requires no gradient now: no sweep adds to it."
            return self._answer("not None", f"{self.called}.grad is not None.{frozen}")
        if self.t.node is None:
            return self._constant(self.t, self.called)
        if self.t.node.op is not None:
            return self._intermediate(self.t.node)
        if self.y is not None and self.y.node is None:
            output = self.names.of(self.y) or "the output"
            why = self._constant(self.y, output)
            text = f"{self.called}.grad is None, because {output} is a constant, from which no sweep starts. {why.text}"
            return self._answer(why.cause, text, why.remedy, why.place, why.path, why.operation)
        return self._leaf(self.t.node)

    def _answer(
        self,
        cause: str,
        text: str,
        remedy: str = "",
        place: Place | None = None,
        path: str = "",
        operation: str = "",
        ways: Sequence[str] = (),
    ) -> Answer:
        return Answer(cause, text, remedy, self.name, place, path or self.module, operation, tuple(ways))

    # --- constants ----------------------------------------------------------------------------------------------------

    def _constant(self, t: Tensor, called: str) -> Answer:
        """Why a tensor has no node."""
        lost = getattr(t, "lost", None)
        if isinstance(lost, Cut):
            return self._cut_off(t, called, lost)
        if isinstance(lost, Context):
            return self._unrecorded(called, lost)
        if not is_differentiable(t.dtype):
            return self._answer(
                "dtype",
                f"{called} is of type {t.dtype}: integers and truth values have no derivative.",
                "Use floating point, for instance ag.tensor(values, dtype=np.float32, requires_grad=True).",
            )
        if isinstance(getattr(t, "name", None), str):  # a parameter of nn, which the core does not know
            return self._answer(
                "frozen",
                f"{called} is a parameter that was made with requires_grad=False.",
                "Say requires_grad_() of it before the forward computation to learn it.",
            )
        shared = self._sharing(t)
        if shared is not None:
            whose = self.names.of(shared) or (shared.node.op.name if shared.node.op else "a leaf")
            return self._answer(
                "shared memory",
                f"{called} looks into the memory of {whose}, and was made from its array (.data, or np.asarray of what "
                "detach returned): arrays do not remember how they were computed.",
                f"Compute with {whose} itself.",
            )
        return self._answer(
            "constant",
            f"{called} is a constant: it was made without requires_grad=True, and from nothing that requires a "
            "gradient.",
            "Make it with ag.tensor(values, requires_grad=True), or say requires_grad_() of it, before computing with "
            "it.",
        )

    def _cut_off(self, t: Tensor, called: str, lost: Cut) -> Answer:
        there = where(lost.place, lost.path)
        if lost.by == "requires_grad_":
            return self._answer(
                "frozen",
                f"{called} is frozen: requires_grad was switched off, for it or for what it was computed from{there}.",
                "Say requires_grad_() of it before the forward computation to learn it.",
                lost.place,
                lost.path,
                lost.by,
            )
        if lost.by in _DETACHING:
            return self._answer(
                "detached",
                f"{called} is a constant: it is, or was computed from, what {lost.by} returned{there}.",
                f"Leave {lost.by} away where a gradient is wanted.",
                lost.place,
                lost.path,
                lost.by,
            )
        kind = "" if is_differentiable(t.dtype) else f", and is of type {t.dtype}"
        return self._answer(
            "operation",
            f"{called} is a constant{kind}: it is, or was computed from, the result of {lost.by}{there}, "
            "which has no derivative.",
            "Use a smooth operation in its place (softmax for argmax, sigmoid for a comparison), or none.",
            lost.place,
            lost.path,
            lost.by,
        )

    def _unrecorded(self, called: str, lost: Context) -> Answer:
        if lost.place is None:
            return self._answer(
                "gradient",
                f"{called} is, or was computed from, a gradient of a sweep that was not recorded.",
                "Say create_graph=True in backward() or ag.gradients() to differentiate a gradient.",
                path=lost.path,
            )
        return self._answer(
            "no_grad",
            f"{called} is, or was computed from, a result of a computation that was not recorded: recording was "
            f"switched off{where(lost.place, lost.path)}.",
            "Compute it outside no_grad.",
            lost.place,
            lost.path,
        )

    def _sharing(self, t: Tensor) -> Any:
        """A tensor with a node whose memory a constant looks into."""
        found = [
            other
            for other in alive(Variable)
            if getattr(other, "node", None) is not None and np.may_share_memory(other._array, t._array)
        ]
        return min(found, key=lambda other: other.node.index, default=None)

    # --- results ------------------------------------------------------------------------------------------------------

    def _intermediate(self, node: Node) -> Answer:
        op, what = bare(node.op), seen(node)
        text = f"{self.called} is no leaf, but the result of {_described(node)}; backward() fills the .grad of leaves."
        remedy = "Say retain_grad() of it before backward(), or ag.gradients(output, tensor) for its gradient alone."
        cause = "intermediate"
        if self.t.retains_grad:
            cause = "freed" if _swept(node) else "no backward"
            text = f"{self.called} is the result of {_described(node)}, whose gradient is to be retained; " + (
                "the sweep came by before retain_grad() was called, or was not recorded in its .grad since."
                if _swept(node)
                else "no sweep has come by since."
            )
            remedy = "Call backward() on what was computed from it" + ", once more computed." * _swept(node)
        elif what is not None and what.gradient is not None:
            text += " It was watched, and a sweep brought it one, which ag.draw shows."
        return self._answer(cause, text, remedy, what.place if what else None, node.context.path, op.name)

    # --- leaves -------------------------------------------------------------------------------------------------------

    def _leaf(self, node: Node) -> Answer:
        readers = Readers()
        computed = readers.all_from(node)
        if self.y is not None:
            assert self.y.node is not None
            end = self.y.node
            if end is not node and end not in computed:
                return self._off_the_path(node, end, readers, computed)
        elif computed:
            end = computed[-1]
        else:
            return self._unused()
        return self._on_the_path(node, end, readers, computed)

    def _unused(self) -> Answer:
        lost = getattr(self.t, "lost", None)
        if isinstance(lost, Cut) and lost.by == "requires_grad_":
            return self._answer(
                "frozen",
                f"{self.called} was frozen{where(lost.place, lost.path)}; it requires a gradient again, but nothing "
                "that is alive was computed from it since.",
                "Do the forward computation again, then call backward().",
                lost.place,
                lost.path,
                lost.by,
            )
        if self.cleared:
            return self._answer(
                "cleared",
                f"{self.called}.grad was set to None (zero_grad does that), and nothing that is alive was computed "
                "from the tensor.",
                "Read .grad after backward() and before zero_grad().",
            )
        cuts = cuts_alive({self.t.node} if self.t.node is not None else ())
        return self._answer(
            "unused",
            f"Nothing that is alive was computed from {self.called}: it was never used, used only where recording was "
            "off, or all that was computed from it is gone."
            + (" Values that are alive left a graph, perhaps its own:" if cuts else ""),
            "" if cuts else "Pass the output too, ag.why_none(t, output), while it is alive.",
            ways=[in_words(cut) for cut in cuts],
            place=cuts[0].place if len(cuts) == 1 else None,
            operation=cuts[0].by if len(cuts) == 1 and isinstance(cuts[0], Cut) else "",
        )

    def _on_the_path(self, node: Node, end: Node, readers: Readers, computed: Sequence[Node]) -> Answer:
        """Why what was computed up to `end`, from this leaf among others, has brought it no gradient."""
        before = set(reachable([end]))
        between = [n for n in computed if n in before]
        first = [n for n in readers.of(node) if n in before] or [end]
        path, output = first[0].context.path, _described(end)
        gone = next((n for n in between if n.saved is None and not _in_the_sweep_of(n, end, readers)), None)
        if gone is not None or not _swept(end):
            if gone is not None:
                return self._answer(
                    "freed",
                    f"{self.called}.grad is None: no sweep from {output} can come to it, because what "
                    f"{_described(gone)} had saved was freed by an earlier sweep; backward() raises there.",
                    "Say backward(retain_graph=True) the first time, or do the forward computation again.",
                    _place(gone),
                    gone.context.path,
                    bare(gone.op).name if gone.op else "",
                )
            return self._answer(
                "no backward",
                f"{self.called}.grad is None, because backward() has not been called on {output}, which was computed "
                "from it." + " It was set to None before." * self.cleared,
                "Call backward() on it. (ag.gradients and ag.grad return gradients, and fill no .grad.)",
                _place(end),
                self.module or path,
                bare(end.op).name if end.op else "",
            )
        passed = [n for n in first if _swept(n)]
        if passed and self.cleared:
            return self._answer(
                "cleared",
                f"{self.called}.grad is None, though a sweep from {output} has come by {_described(passed[0])}: it was "
                "set to None afterwards (zero_grad does that).",
                "Read .grad after backward() and before zero_grad(). What the sweep freed is gone: do the forward "
                "computation again, or say backward(retain_graph=True) before a second one.",
                _place(passed[0]),
                self.module or path,
            )
        last = passed or [n for n in between if _swept(n) and any(p in between and not _swept(p) for p in n.parents)]
        stopped = [n for n in last if n in between] or [end]
        return self._answer(
            "cut",
            f"{self.called}.grad is None: the sweep from {output} came to {_described(stopped[-1])}, which hands no "
            "cotangent on to what was computed from the tensor.",
            "A custom_vjp whose backward returns None for an argument says that there is no gradient for it; a sweep "
            "of ag.gradients fills no .grad.",
            _place(stopped[-1]) or next((_place(n) for n in readers.of(stopped[-1]) if _place(n)), None),
            stopped[-1].context.path,
            bare(stopped[-1].op).name if stopped[-1].op else "",
        )

    def _off_the_path(self, node: Node, end: Node, readers: Readers, computed: Sequence[Node]) -> Answer:
        """Where the ways from a leaf end, when none of them comes to an output."""
        output = self.names.of(self.y) or _described(end)
        found = crossing([node, *computed], reachable([end]))
        ends = [n for n in computed if not readers.of(n)]
        if found is not None:
            value, user, argument = found
            what = _described(value) if value.op is not None else self.called
            return self._answer(
                "cut",
                f"{self.called}.grad is None, because {output} depends on its values and not on its graph: {argument} "
                f"of {_described(user)} has the values of {what}, and came there as an array or detached.",
                "Leave .detach(), .data and np.asarray away on the way.",
                _place(user),
                user.context.path,
                bare(user.op).name,
                [_described(n) for n in ends[:_SHOWN]],
            )
        cuts = cuts_alive({node, *computed})
        ways = [f"ends at {_described(n)}" for n in ends[-_SHOWN:]] + [in_words(cut) for cut in cuts[:_SHOWN]]
        text = f"{self.called}.grad is None, because {output} was not computed from it"
        text += "; here what was computed from it ends, and values left a graph, perhaps its own:" if ways else "."
        only = cuts[0] if len(cuts) == 1 else None
        return self._answer(
            "not on a path",
            text,
            "Compute the output from the tensor itself; run it again under `with ag.watch():` to know all lines.",
            only.place if only else _place(ends[-1]) if ends and not cuts else None,
            (only.path if only else ends[-1].context.path if ends and not cuts else "") or "",
            only.by if isinstance(only, Cut) else bare(ends[-1].op).name if ends and not cuts else "",
            ways,
        )


def _swept(node: Node) -> bool:
    what = seen(node)
    return node.saved is None or (what is not None and what.sweep is not None)


def _in_the_sweep_of(node: Node, end: Node, readers: Readers) -> bool:
    """Whether the sweep that freed what a node saved was the one that came by the end, as far as can be told."""
    if not _swept(end):
        return False
    what = seen(node)
    later = [w.sweep for w in map(seen, readers.of(node)) if w is not None and w.sweep is not None]
    return what is None or what.sweep is None or all(sweep < what.sweep for sweep in later)


def _place(node: Node) -> Place | None:
    what = seen(node)
    return what.place if what is not None else None


def _described(node: Node) -> str:
    """An operation by name, line, module and the shape of its result."""
    name = bare(node.op).name if node.op is not None else "the leaf"
    return f"{name} of shape {node.shape}{where(_place(node), node.context.path)}"
