"""What an instruction does, as a function of plain arrays: as it is, or in the form in which it is read for steps.

Knows operations, their rules, and what is performed. Does not know steps, nor who calls the function.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..arrays import held_beyond_local
from ..calling import compile_pull
from ..op import Op
from .effects import as_tensor, unwrapped
from .followed import NAMESPACE
from .program import Instruction, Value, rebuilt, values_in

__all__ = ["executable", "taken_by"]


def taken_by(instruction: Instruction) -> list[Value]:
    """The values that an instruction takes, each once."""
    return list(dict.fromkeys(values_in((instruction.inputs, instruction.options))))


def executable(
    instruction: Instruction, values: list[Value] | None = None, *, lowering: bool = False, exact: bool = True
) -> tuple[Callable[..., Any], list[Value]]:
    """A function of plain arrays that does what an instruction does, and the values it takes."""
    values = taken_by(instruction) if values is None else values
    op: Any = instruction.op
    inputs, options, position = instruction.inputs, instruction.options, instruction.position
    if instruction.kind == "apply":
        positional = [i for i, name in enumerate(op.arrays) if name not in op.masks]
        namespace = NAMESPACE if lowering else np
        masks = [(i, name) for i, name in enumerate(op.arrays) if name in op.masks]

        def apply(*arrays: Any) -> Any:
            known = dict(zip(values, arrays, strict=True))
            named = {name: _filled(inputs[i], known) for i, name in masks}
            named |= {name: _filled(value, known) for name, value in options.items()}
            given = [_filled(inputs[i], known) for i in positional]
            if op.variadic:
                given = [list(given[0])]
            result = op.forward(namespace, *given, **named)
            return tuple(part for part in result if part is not None) if op.aux else result

        return apply, values
    if instruction.kind == "pull":
        names, avals = instruction.names, instruction.avals
        parents: list[Any] = [None] * len(avals)
        parents[position] = avals[position]
        rule = _unconditional(op, exact) if lowering else op.pull

        def pull(*arrays: Any) -> Any:
            known = dict(zip(values, arrays, strict=True))
            given = {name: _filled(value, known) for name, value in zip(names, inputs, strict=True)}
            saved = [given.get(name) for name in op.residuals]
            statics = [_filled(options[name], known) for name in op.statics]
            return tuple(rule(np, parents, saved, statics, given["g"]))[position]

        return pull, values
    if instruction.kind == "add":
        return lambda *arrays: arrays[values.index(inputs[0])] + arrays[values.index(inputs[1])], values
    function = instruction.target
    if instruction.kind == "numbers":
        return function, []

    def perform(*arrays: Any) -> Any:
        known = dict(zip(values, map(as_tensor, arrays), strict=True))
        return _own(unwrapped(function(*(_filled(part, known) for part in inputs))))

    return perform, values


def _filled(tree: Any, known: dict[Value, Any]) -> Any:
    """An argument or an option with the arrays that its Values are."""
    if isinstance(tree, Value):
        return known[tree]
    if isinstance(tree, tuple):
        return rebuilt(tree, (_filled(part, known) for part in tree))
    return tree


def _own(result: Any) -> Any:
    """What was performed gave, copied where it may be written into by who gave it."""
    if isinstance(result, tuple):
        return tuple(map(_own, result))
    return result.copy() if isinstance(result, np.ndarray) and held_beyond_local(result) else result


@cache
def _unconditional(op: Op, exact: bool) -> Callable[..., Any]:
    """The reverse of an operation, with what a cotangent of zero absorbs computed without looking whether it occurs."""
    return compile_pull(op, _absorb if exact else _absorb_but_for_signs)


def _absorb(xp: Any, g: Any, partial: Any) -> Any:
    if not isinstance(partial, np.ndarray):
        return g * partial
    absorbed = np.logical_and(np.logical_not(np.isfinite(partial)), g == 0)
    return g * np.where(absorbed, 0, partial)


def _absorb_but_for_signs(xp: Any, g: Any, partial: Any) -> Any:
    """The same but for the sign of a zero, in fewer steps; where they become machine code, which warns of nothing."""
    if not isinstance(partial, np.ndarray) or partial.dtype.char not in "fd":
        return _absorb(xp, g, partial)
    return np.where(g == 0, g, g * partial)
