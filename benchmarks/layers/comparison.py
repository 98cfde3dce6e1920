"""One layer here and in PyTorch, from the same parameters, on the same inputs.

Knows how modules of both libraries are called. Does not know any layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_core as ag

__all__ = ["DifferenceError", "Fixed", "compare"]


@dataclass(frozen=True, eq=False)
class Fixed:
    """An array of floating point that no gradient is wanted for."""

    array: np.ndarray[Any, Any]


class DifferenceError(AssertionError):
    """Names, shapes or types that are not alike, where numbers cannot be compared."""


def compare(
    ours: Any,
    theirs: Any,
    args: Sequence[Any],
    named: Mapping[str, Any] | None = None,
    *,
    calls: int = 1,
    seed: int = 0,
) -> float:
    """The largest difference of outputs, gradients and buffers over some calls with the same arguments.

    Relative to the largest number of each where that is above 1; computed in float64. PyTorch's module takes over the
    parameters and buffers of ours, by name. Arguments are nested tuples, lists and dicts of ndarrays and others.
    Errors: DifferenceError where state_dicts, shapes or the structure of outputs are not alike.
    """
    import torch

    wanted = [(name, tuple(value.shape)) for name, value in theirs.state_dict().items()]
    found = [(name, value.shape) for name, value in ours.state_dict().items()]
    if found != wanted:
        raise DifferenceError(f"state_dict {found} here, {wanted} in PyTorch")
    theirs.load_state_dict({name: torch.tensor(np.array(value)) for name, value in ours.state_dict().items()})
    largest = 0.0
    for _ in range(calls):
        here, mine = _mapped([args, named or {}], lambda a, wanted: ag.tensor(a, requires_grad=wanted))
        there, yours = _mapped([args, named or {}], lambda a, wanted: torch.tensor(a, requires_grad=wanted))
        total_here, total_there, gap = _totals(ours(*here[0], **here[1]), theirs(*there[0], **there[1]), seed)
        largest = max(largest, gap)
        if total_there is None:
            continue
        total_here.backward()
        total_there.backward()
        parameters = dict(theirs.named_parameters())
        pairs = [(p, parameters[name]) for name, p in ours.named_parameters()]
        largest = max([largest, *(_difference_of_gradients(p, q) for p, q in [*pairs, *zip(mine, yours, strict=True)])])
        ours.zero_grad()
        theirs.zero_grad()
    after = theirs.state_dict()
    return max([largest, *(_difference(value, after[name].numpy()) for name, value in ours.state_dict().items())])


def _totals(ours: Any, theirs: Any, seed: int) -> tuple[Any, Any, float]:
    """The sums of all outputs with the same random weights, None where nothing is differentiable; and their gap."""
    import torch

    out_here, out_there = list(_leaves(ours)), list(_leaves(theirs))
    shapes = [[tuple(np.shape(part)) for part in parts] for parts in (out_here, out_there)]
    if shapes[0] != shapes[1]:
        raise DifferenceError(f"outputs of shapes {shapes[0]} here, {shapes[1]} in PyTorch")
    rng = np.random.default_rng(seed + 1)
    total_here: Any = None
    total_there: Any = None
    largest = 0.0
    for a, b in zip(out_here, out_there, strict=True):
        recorded = isinstance(a, ag.Tensor) and a.requires_grad
        largest = max(largest, _difference(a.detach().numpy() if isinstance(a, ag.Tensor) else a, b.detach().numpy()))
        if b.requires_grad != recorded:
            raise DifferenceError("a gradient is recorded in only one of both")
        if recorded:
            weight = rng.normal(size=tuple(b.shape))
            here, there = (a * weight).sum(), (b * torch.tensor(weight)).sum()
            total_here = here if total_here is None else total_here + here
            total_there = there if total_there is None else total_there + there
    return total_here, total_there, largest


def _difference_of_gradients(p: Any, q: Any) -> float:
    if p.grad is None and q.grad is None:
        return 0.0
    if p.grad is None or q.grad is None:  # None and zeros say the same: nothing depends on it
        given = p.grad if p.grad is not None else q.grad
        return float(np.abs(given.numpy()).max(initial=0))
    return _difference(p.grad.numpy(), q.grad.numpy())


def _mapped(arguments: Any, made: Callable[[Any, bool], Any]) -> tuple[Any, list[Any]]:
    """The arguments as tensors of one library, and the list of those that want a gradient."""
    wanted = []

    def walk(value: Any) -> Any:
        if isinstance(value, Fixed):
            return made(value.array, False)
        if isinstance(value, np.ndarray):
            tensor = made(value, value.dtype.kind == "f")
            if value.dtype.kind == "f":
                wanted.append(tensor)
            return tensor
        if isinstance(value, dict):
            return {name: walk(part) for name, part in value.items()}
        return type(value)(walk(part) for part in value) if isinstance(value, tuple | list) else value

    return walk(arguments), wanted


def _leaves(outputs: Any) -> Iterator[Any]:
    if isinstance(outputs, tuple | list):
        for part in outputs:
            yield from _leaves(part)
    elif outputs is not None:
        yield outputs


def _difference(a: Any, b: Any) -> float:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise DifferenceError(f"shapes {a.shape} here, {b.shape} in PyTorch")
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0.0, np.abs(a.astype(float) - b.astype(float)))
    finite = np.abs(b[np.isfinite(b)])
    return float(gap.max() / max(1.0, finite.max(initial=0)))
