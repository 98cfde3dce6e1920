"""A plan: the steps of one program, in their final form, and how a call goes through them.

Knows how steps are put in order and which executor takes them. Does not know when a plan is used.

Note [What a later sweep reads]
If what a function returns can be differentiated, its plan has a second part: from the cotangents of the outputs to
those of leaves and arguments. What that part reads of the first is handed out with the outputs, in memory of its own,
so that several calls may wait for their sweeps; what somebody could write into meanwhile is copied: arguments, arrays
from outside, results that are plain arrays. For a sweep that is itself recorded (create_graph) the function is called
again, as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import snapshot
from ..containers import flatten
from ..custom import bundled, filled
from ..engine import Variable, switched
from ..kernels.llvm import available
from ..kernels.segments import takes
from ..lowered import Buffer, Piece
from ..tensor import constant_of
from ..transforms import cotangents_of
from .folding import folded
from .hastening import hastened
from .planning import buffers_of, hoisted, needed, shared_results, with_pieces, written_by
from .program import Instruction
from .record import as_given
from .replaying import Replay
from .reusing import in_place
from .selecting import masked_before

if TYPE_CHECKING:
    from .compiling import Run

__all__ = ["Plan"]


class Plan:
    """How one program is replayed. `replay.source` is the text of what runs; `later`, if there is one, of its sweep."""

    def __init__(self, run: "Run") -> None:
        backward, builder = run.backward, run.builder
        self._native = not builder.exact and available()
        steps, outputs = builder.finish(run.outputs, 0, backward.start if backward else None)
        self._rebuild, self._arrays = run.rebuild, run.arrays
        self._numbers = [not isinstance(x, Piece) for x in outputs]
        self._count, self._forms = len(outputs), run.forms
        self.later: Replay | None = None
        kept: list[Piece] = []
        if backward is not None:
            kept = self._plan_backward(run)
        plain = {
            x.buffer for x, form in zip(outputs, run.forms, strict=True) if isinstance(x, Piece) and form == "array"
        }
        self._copied = [piece.buffer in plain for piece in kept]
        steps, handed = shared_results(steps, [*outputs, *kept], plain)
        pieces = [x for x in handed if isinstance(x, Piece)]
        ends = {p.buffer for p in pieces}
        steps = needed(steps, ends)
        if not builder.exact:
            steps = masked_before(steps, ends, builder.memory.temporary)
        if self._native:
            steps = needed(folded(steps, ends, partial(takes, approximate=True)), ends)
        self.steps = hoisted(in_place(hastened(steps), ends))
        inputs = [builder.pieces[value] for value in run.inputs]
        self.replay = Replay(self.steps, inputs, handed, native=self._native)
        self._call = None if self.later is not None else self._whole_call(run, outputs)

    @property
    def nbytes(self) -> int:
        """Bytes that intermediate results have, from call to call."""
        return self.replay.nbytes + (self.later.nbytes if self.later is not None else 0)

    def _plan_backward(self, run: "Run") -> list[Piece]:
        """Plan the sweep; what it reads of the first part."""
        backward, builder = run.backward, run.builder
        assert backward is not None
        gradients = [value for value in backward.gradients if value is not None]
        steps, found = builder.finish(gradients, backward.start, None)
        steps, found = shared_results(steps, found)
        steps = needed(steps, {p.buffer for p in found if isinstance(p, Piece)})
        made = {p.buffer for step in steps for p in written_by(step)}
        read = {b for step in steps for b in buffers_of(step)} | {p.buffer for p in found if isinstance(p, Piece)}
        seeds = [builder.pieces[value] for value in backward.seeds]
        outside = {s.buffer for s in seeds} | {b for b in read if b.kind == "constant" and _is_own(b.array)}
        theirs = sorted(read - made - outside, key=lambda b: b.number)
        moved = {b: Buffer(b.number, b.nbytes, "object" if b.kind == "object" else "input") for b in theirs}

        def now(x: Any) -> Any:
            return replace(x, buffer=moved[x.buffer]) if isinstance(x, Piece) and x.buffer in moved else x

        steps = hoisted([with_pieces(step, now) for step in steps])
        kept = [builder.memory.whole[b] for b in theirs]
        self.later = Replay(steps, [*seeds, *map(now, kept)], [now(x) for x in found], native=self._native)
        self._live, self._targets = backward.outputs, backward.targets
        # the outputs that each target gets a gradient from, as bits
        self._reaching = [
            bits if value is not None else 0 for value, bits in zip(backward.gradients, backward.reaching, strict=True)
        ]
        inputs = {builder.pieces[value].buffer: i for i, value in enumerate(run.inputs)}
        self._given = [inputs.get(b) for b in theirs]  # which argument each is, if it is one
        tensors = {builder.pieces[i.outputs[0]].buffer: i.target for i in builder.steps if _is_read(i)}
        self._owners = [tensors.get(b, b.array) for b in theirs]  # or which Tensor or array from outside
        self._of_argument = {node: i for i, node in run.nodes.items()}
        return kept

    def run(self, leaves: Sequence[Any], function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The results of a call with these arguments."""
        if self._call is not None:
            return self._call(leaves)
        arrays = [x._array if isinstance(x, Variable) else x for x in map(leaves.__getitem__, self._arrays)]
        found = self.replay.run(*map(np.asarray, arrays))  # machine code looks into an array's head
        return self._recorded(found, leaves, function, args, kwargs)

    def _whole_call(self, run: "Run", outputs: Sequence[Any]) -> Callable[[Sequence[Any]], Any]:
        """A function of the leaves of the arguments that unpacks them, replays, and builds the result."""
        names: dict[str, Any] = {"replay": self.replay.run, "asarray": np.asarray, "tensor": constant_of}
        names["rebuild"] = run.rebuild
        given = ", ".join(
            f"asarray(leaves[{i}]{'._array' * of})" for i, of in zip(run.arrays, run.of_tensors, strict=True)
        )
        made = []
        for i, x in enumerate(outputs):
            if not isinstance(x, Piece):
                made.append(f"x{i}")
            elif run.forms[i] is None:
                made.append(f"tensor(x{i})")
            else:
                made.append(f"x{i}[()]" if run.forms[i] == "number" and not x.shape else f"x{i}")
        found = "".join(f"x{i}, " for i in range(len(outputs)))
        result = _text(run.rebuild([*map(_Part, made)]), names) or f"rebuild([{', '.join(made)}])"
        lines = [f"    {found}= replay({given})" if found else f"    replay({given})", f"    return {result}"]
        exec("def call(leaves):\n" + "\n".join(lines), names)
        call: Callable[[Sequence[Any]], Any] = names["call"]
        return call

    def _recorded(
        self, found: Sequence[Any], leaves: Sequence[Any], function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        """The results, with a node each that starts the sweep."""
        results, kept = found[: self._count], list(found[self._count :])
        for i, (given, owner) in enumerate(zip(self._given, self._owners, strict=True)):
            owner = owner if given is None else leaves[self._arrays[given]]
            if self._copied[i] or (owner is not None and (not isinstance(owner, Variable) or owner.shared)):
                kept[i] = snapshot(kept[i])
        parents = [
            leaves[self._arrays[self._of_argument[n]]].node if n in self._of_argument else n for n in self._targets
        ]
        values = [results[i] for i in self._live]
        later: Any = self.later  # there is one, as results are recorded
        sweep: Callable[..., Any] = later.run

        def pull(recorded: bool, nodes: Any, parts: Any) -> Sequence[Any]:
            cotangents = filled(parts, values, recorded)
            if recorded:
                return _differentiated(function, args, kwargs, self._live, parents, cotangents)
            dense = [np.ascontiguousarray(g).reshape(np.shape(v)) for g, v in zip(cotangents, values, strict=True)]
            gradients, given = iter(sweep(*dense, *kept)), sum(1 << i for i in parts)
            found = [next(gradients) if bits else None for bits in self._reaching]
            return [g if bits & given else None for g, bits in zip(found, self._reaching, strict=True)]

        bundle = iter(bundled("compile", values, parents, pull))
        live = set(self._live)
        made = [
            x if n else next(bundle) if i in live else constant_of(x) if form is None else as_given(x, form)
            for i, (x, n, form) in enumerate(zip(results, self._numbers, self._forms, strict=True))
        ]
        return self._rebuild(made)


def _is_own(constant: Any) -> bool:
    """Whether nobody can write into a constant: see `Builder.fix`."""
    return constant.base is None and not constant.flags.writeable


def _is_read(step: Any) -> bool:
    return isinstance(step, Instruction) and step.kind == "read"


class _Part(str):
    """The text of a part of a result."""


def _text(tree: Any, names: dict[str, Any]) -> str:
    """The text that builds plain containers with these parts; empty if there are others."""
    if isinstance(tree, _Part):
        return tree
    if tree is None:
        return "None"
    if type(tree) not in (tuple, list, dict):
        return ""
    parts = [_text(part, names) for part in (tree.values() if type(tree) is dict else tree)]
    if not all(parts):
        return ""
    if type(tree) is dict:
        keys = []
        for key in tree:
            keys.append(f"key{len(names)}")
            names[keys[-1]] = key
        return f"{{{', '.join(f'{key}: {part}' for key, part in zip(keys, parts, strict=True))}}}"
    inside = "".join(f"{part}, " for part in parts)
    return f"({inside})" if type(tree) is tuple else f"[{inside}]"


def _differentiated(
    function: Callable[..., Any], args: Any, kwargs: Any, live: Sequence[int], parents: Sequence[Any], cotangents: Any
) -> list[Any]:
    """The cotangents of the parents, recorded: by another call of the function."""
    with switched(recording=True):
        outputs, _ = flatten(function(*args, **kwargs))
    found, _ = cotangents_of(frozenset(parents), [outputs[i] for i in live], cotangents, True)
    return [found.get(node) for node in parents]
