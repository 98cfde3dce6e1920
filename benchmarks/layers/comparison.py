"""One layer here and in PyTorch, from the same parameters, on the same inputs.

Knows samples and how both libraries are called. Does not know any layer.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

import autograd_core as ag
from tests.nn.samples import Sample

__all__ = ["Difference", "compare"]


class Difference(AssertionError):
    """Names, shapes or types that are not alike, where numbers cannot be compared."""


def compare(sample: Sample) -> float:
    """The largest difference of outputs, gradients and buffers, relative to the largest number of each where that is
    above 1; in float64.

    Errors: Difference where state_dicts, shapes or the structure of outputs are not alike.
    """
    ours, theirs = sample.layer(), _theirs(sample)
    before = {name: copy.deepcopy(value) for name, value in ours.state_dict().items()}
    import torch

    wanted = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
    found = {name: value.shape for name, value in before.items()}
    if list(found.items()) != list(wanted.items()):
        raise Difference(f"{sample}: state_dict {found} here, {wanted} in PyTorch")
    theirs.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in before.items()})
    arrays = sample.arrays()
    largest = 0.0
    for _ in range(sample.calls):
        here, mine = _mapped(arrays, lambda a: ag.tensor(a, requires_grad=a.dtype.kind == "f"))
        there, yours = _mapped(arrays, lambda a: torch.tensor(a, requires_grad=a.dtype.kind == "f"))
        out_here, out_there = list(_leaves(ours(*here))), list(_leaves(theirs(*there)))
        if [tuple(o.shape) for o in out_here] != [tuple(o.shape) for o in out_there]:
            raise Difference(f"{sample}: outputs {[o.shape for o in out_here]}, {[tuple(o.shape) for o in out_there]}")
        rng = np.random.default_rng(sample.seed + 1)
        total_here: Any = 0.0
        total_there: Any = 0.0
        for a, b in zip(out_here, out_there, strict=True):
            largest = max(largest, _difference(a.detach().numpy(), b.detach().numpy()))
            if b.requires_grad != a.requires_grad:
                raise Difference(f"{sample}: a gradient is recorded in only one of both")
            if b.requires_grad:
                weight = rng.normal(size=tuple(b.shape))
                total_here, total_there = (
                    total_here + (a * weight).sum(),
                    total_there + (b * torch.tensor(weight)).sum(),
                )
        if isinstance(total_here, float):
            continue
        total_here.backward()
        total_there.backward()
        pairs = [(p, dict(theirs.named_parameters())[name]) for name, p in ours.named_parameters()]
        for p, q in [*pairs, *zip(mine, yours, strict=True)]:
            if (p.grad is None) != (q.grad is None):
                # PyTorch gives None or zeros where nothing depends on it: both say the same
                given = p.grad.numpy() if p.grad is not None else q.grad.numpy()
                largest = max(largest, float(np.abs(given).max(initial=0)))
            elif p.grad is not None:
                largest = max(largest, _difference(p.grad.numpy(), q.grad.numpy()))
        ours.zero_grad()
        theirs.zero_grad()
    after = {name: value.numpy() for name, value in theirs.state_dict().items()}
    return max([largest, *(_difference(value, after[name]) for name, value in ours.state_dict().items())])


def _theirs(sample: Sample) -> Any:
    import torch

    kind = getattr(torch.nn, sample.name)
    extra = {"dtype": torch.float64} if "dtype" in inspect.signature(kind).parameters else {}
    options = {
        name: torch.tensor(value) if isinstance(value, np.ndarray) else value for name, value in sample.options.items()
    }
    return kind(*sample.args, **options, **extra).double().train(sample.training)


def _mapped(arrays: tuple[Any, ...], made: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """The arguments as tensors of one library, and the list of those that want a gradient."""
    wanted = []

    def walk(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            tensor = made(value)
            if value.dtype.kind == "f":
                wanted.append(tensor)
            return tensor
        return type(value)(walk(part) for part in value) if isinstance(value, tuple | list) else value

    return tuple(walk(value) for value in arrays), wanted


def _leaves(outputs: Any) -> Iterator[Any]:
    if isinstance(outputs, tuple | list):
        for part in outputs:
            yield from _leaves(part)
    elif outputs is not None:
        yield outputs


def _difference(a: Any, b: Any) -> float:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise Difference(f"shapes {a.shape} and {b.shape}")
    if not a.size:
        return 0.0
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0.0, np.abs(a.astype(float) - b.astype(float)))
    finite = np.abs(b[np.isfinite(b)])
    return float(gap.max() / max(1.0, finite.max(initial=0)))
