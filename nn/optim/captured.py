"""An optimizer in a program that is being captured: its update as steps, and what decides which steps these are.

Knows slots, and what `Optimizer` keeps of its own. Does not know any update formula.

Note [Updates in programs]
In a program that is being captured (`ag.compile`) an update is the same code, run in two halves. Without any blocks it
gives only the numbers that it computes with, which `typed` notes: that is done again in each replay, and counts steps.
With arrays that note what is done to them, and the numbers from before, it gives the steps. Optimizers that compute
with other numbers than those from `typed` are not `fusible`, and are performed whole.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import Array, Noted

if TYPE_CHECKING:
    from .optimizer import Group, Optimizer

__all__ = ["decided_by", "rewritten"]

MOVED = ("momentum", "betas")  # what schedulers change besides rates; whether it is 0 decides what is computed


def decided_by(optimizer: "Optimizer") -> list[tuple[Callable[[Any], Any], Any]]:
    """Functions, with an argument each, that tell what decides how an optimizer moves its parameters."""
    groups = optimizer.param_groups
    kept = [(p, n) for p, state in optimizer.state.items() for n in state if n not in optimizer.numbers]
    options: list[Any] = [(g.get, n) for g in groups for n in g if n not in ("params", "lr", *MOVED)]
    options += [(_switches, (g, n)) for g in groups for n in MOVED if n in g]

    def arrays(_: Any) -> Any:
        lengths = [(id(g), len(g["params"])) for g in optimizer.param_groups]
        return lengths, len(optimizer.state), [id(optimizer.state.get(p, {}).get(n)) for p, n in kept]

    return [*options, (arrays, None)]


def _switches(option: "tuple[Group, str]") -> Any:
    """Which numbers of an option are not 0."""
    value = option[0].get(option[1])
    return tuple(map(bool, value)) if isinstance(value, tuple) else bool(value)


def rewritten(optimizer: "Optimizer", group: "Group", rewrite: Callable[..., None]) -> None:
    """Hand a group's update over as steps; see Note [Updates in programs]."""
    slots = [(slot, parameter) for slot, parameter, _, _ in optimizer._slots_of(group, None)]
    given: list[Any] = []
    written: list[bool] = []
    for slot, parameter in slots:
        given += [parameter, parameter.grad, *(slot.state[name] for name in slot.names)]
        written += [True, False, *(True for _ in slot.names)]
    were_fresh = [slot.fresh for slot, _ in slots]
    constant = not optimizer.numbers and not any(were_fresh)
    known: list[Array] = []
    options: Any = None  # what they were found with: others do not change while this is replayed

    def numbers() -> list[Array]:
        nonlocal known, options
        given = [group.get(name) for name in ("lr", *MOVED)]
        if options is not None and given == options:
            return known
        noted = Noted()
        optimizer._run(group, noted, [(slot, ()) for slot, _ in slots])
        for slot, _ in slots:
            slot.fresh = False
        known = noted.arrays
        options = given if constant and type(group["lr"]) is float else None
        return known

    def update(arrays: Sequence[Any], found: Sequence[Any]) -> None:
        before = [{n: slot.state[n] for n in optimizer.numbers if n in slot.state} for slot, _ in slots]
        fresh = [slot.fresh for slot, _ in slots]
        left = iter(arrays)
        live: list[Any] = []
        for (slot, _), was in zip(slots, were_fresh, strict=True):
            w, g = next(left), next(left)
            kept = [next(left) for _ in slot.names]
            slot.fresh = was
            live.append((slot, [(w, g, (*kept, *(np.empty_like(w) for _ in range(slot.scratch))))]))
        optimizer._run(group, Noted(found), live)
        for (slot, _), numbers_before, was in zip(slots, before, fresh, strict=True):
            slot.state.update(numbers_before)
            slot.fresh = was

    rewrite(update, numbers, given, written)
