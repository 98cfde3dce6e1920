"""A plan: the steps of one program, in their final form, and how a call goes through them.

Knows how steps are put in order and which executor takes them. Does not know when a plan is used.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..engine import Variable
from ..kernels.llvm import available
from ..tensor import constant_of
from .lowered import Piece
from .planning import hoisted, needed, shared_results
from .program import Value
from .replaying import Replay

if TYPE_CHECKING:
    from .compiling import Run

__all__ = ["Plan"]


class Plan:
    """How one program is replayed. `replay.source` is the text of what runs."""

    def __init__(self, run: "Run") -> None:
        steps, outputs = run.builder.finish(run.outputs)
        pieces = [x for x in outputs if isinstance(x, Piece)]
        steps = shared_results(steps)
        steps = self.steps = hoisted(needed(steps, {p.buffer for p in pieces}))
        inputs = [run.builder.pieces[value] for value in run.inputs]
        self.replay = Replay(steps, inputs, outputs, native=not run.builder.exact and available())
        self._run, self._rebuild, self._plain = self.replay.run, run.rebuild, run.plain
        self._arrays = run.arrays
        self._numbers = [not isinstance(x, Piece) for x in outputs]
        self._single = run.single and not self._numbers[0]

    def run(self, leaves: Sequence[Any]) -> Any:
        """The results of a call with these arguments."""
        arrays = [x._array if isinstance(x, Variable) else x for x in map(leaves.__getitem__, self._arrays)]
        found = self._run(*arrays)
        if self._plain:
            made = [x if n or x.ndim else x[()] for x, n in zip(found, self._numbers, strict=True)]
        elif self._single:
            return constant_of(found[0])
        else:
            made = [x if n else constant_of(x) for x, n in zip(found, self._numbers, strict=True)]
        return self._rebuild(made)
