"""One optimizer, or one scheduler, here and in PyTorch, on the same problem.

Knows samples and how both libraries are called. Does not know any optimizer.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tests.nn.optim_samples.optimizers import OptimizerSample, Problem
from tests.nn.optim_samples.schedulers import SchedulerSample

__all__ = ["STEPS", "Difference", "compare_optimizer", "compare_scheduler"]

STEPS, AFTER = 20, 5
PACE = ("foreach", "fused", "capturable", "differentiable")  # how PyTorch is to compute, in its groups


class Difference(AssertionError):
    """Names or shapes that are not alike, where numbers cannot be compared."""


def compare_optimizer(sample: OptimizerSample) -> float:
    """The largest difference of losses, parameters and state after 20 steps, relative to the largest number of each
    array; then, with the states exchanged between both libraries, after 5 more; in float64.

    LBFGS makes much of little: unit steps without a search are chaotic, and near a minimum differences of gradients are
    rounding. So each of its steps starts from the same parameters and the other's state, and differences are relative
    to at least 1.
    Errors: Difference where the states are not alike.
    """
    import torch

    with _double(torch):
        ours, theirs = Problem(sample.seed), _theirs(sample.seed, torch)
        here, there = sample.made(ours), sample.made(theirs, torch.optim)
        if sample.name == "LBFGS":
            return max(_one_by_one(ours, here, theirs, there) for _ in range(STEPS))
        largest = _train(ours, here, theirs, there, STEPS)
        mine, yours = here.state_dict(), there.state_dict()
        largest = max(largest, _state_difference(mine, yours))
        here, there = sample.made(ours), sample.made(theirs, torch.optim)
        here.load_state_dict(yours)
        there.load_state_dict(_to_torch(mine, torch))
        return max(largest, _train(ours, here, theirs, there, AFTER))


def compare_scheduler(sample: SchedulerSample) -> float:
    """The largest difference of the rates and momenta over all steps, relative to the largest rate of a group.

    Errors: Difference where only one library goes on.
    """
    import torch

    with _double(torch), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PyTorch's, on what is deprecated there
        here, ours = sample.made()
        there, theirs = sample.made(torch.optim, torch.tensor)
        steps = [_rates(here)], [_rates(there)]
        for i in range(sample.steps):
            for optimizer, scheduler, seen in ((here, ours, steps[0]), (there, theirs, steps[1])):
                optimizer.step()
                sample.step(scheduler, i)
                seen.append(_rates(optimizer))
        if not np.array_equal(ours.get_last_lr(), [group["lr"] for group in here.param_groups]):
            raise Difference(f"{sample}: get_last_lr says {ours.get_last_lr()}")
    a, b = (np.array(seen) for seen in steps)
    return float((np.abs(a - b) / np.maximum(np.abs(b).max(axis=0), 1e-300)).max())


def _train(ours: Problem, here: Any, theirs: Problem, there: Any, steps: int, least: float = 0.0) -> float:
    largest = 0.0
    for _ in range(steps):
        largest = max(largest, difference(here.step(ours.closure).item(), there.step(theirs.closure).item()))
    pairs = zip(ours.params, theirs.params, strict=True)
    return max([largest, *(difference(p.detach().numpy(), q.detach().numpy(), least) for p, q in pairs)])


def _one_by_one(ours: Problem, here: Any, theirs: Problem, there: Any) -> float:
    """A step of both from the parameters and the state that are here, which then become those that are there."""
    import torch

    there.load_state_dict(_to_torch(here.state_dict(), torch))
    with torch.no_grad():
        for p, q in zip(ours.params, theirs.params, strict=True):
            q.copy_(torch.tensor(p.detach().numpy()))
    largest = _train(ours, here, theirs, there, 1, 1.0)
    largest = max(largest, _state_difference(here.state_dict(), there.state_dict(), 1.0))
    here.load_state_dict(there.state_dict())
    return largest


def _state_difference(mine: dict[str, Any], yours: dict[str, Any], least: float = 0.0) -> float:
    groups = [{k: v for k, v in group.items() if k not in PACE} for group in yours["param_groups"]]
    for own, other in zip(mine["param_groups"], groups, strict=True):
        alike = {name: list(value) if isinstance(value, tuple) else value for name, value in other.items()}
        if own != alike:
            raise Difference(f"groups {own} here, {alike} in PyTorch")
    if set(mine["state"]) != set(yours["state"]):
        raise Difference(f"state of {set(mine['state'])} here, of {set(yours['state'])} in PyTorch")
    largest = 0.0
    for number, own in mine["state"].items():
        other = {k: v for k, v in yours["state"][number].items() if k != "al" and v is not None}  # al: LBFGS's scratch
        if set(own) != set(other):
            raise Difference(f"state {list(own)} here, {list(other)} in PyTorch")
        for name, value in own.items():
            if isinstance(value, list):
                if len(value) != len(other[name]):
                    raise Difference(f"{name} has {len(value)} entries here, {len(other[name])} in PyTorch")
                largest = max([largest, *(difference(a, b, least) for a, b in zip(value, other[name], strict=True))])
            else:
                largest = max(largest, difference(value, other[name], least))
    return largest


def difference(a: Any, b: Any, least: float = 0.0) -> float:
    """The largest difference of two arrays, relative to the largest number of the second, or to `least`."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        raise Difference(f"shapes {a.shape} and {b.shape}")
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    return float(np.abs(np.where(same, 0.0, a - b)).max() / max(np.abs(b).max(), least))


def _theirs(seed: int, torch: Any) -> Problem:
    return Problem(
        seed, tensor=lambda a, requires_grad=False: torch.tensor(a, requires_grad=requires_grad), tanh=torch.tanh
    )


def _rates(optimizer: Any) -> list[float]:
    momenta = [g["betas"][0] if "betas" in g else g["momentum"] for g in optimizer.param_groups]
    return [float(g["lr"]) for g in optimizer.param_groups] + momenta


def _to_torch(value: Any, torch: Any) -> Any:
    if isinstance(value, dict):
        return {name: _to_torch(part, torch) for name, part in value.items()}
    if isinstance(value, list):
        return [_to_torch(part, torch) for part in value]
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


class _double:
    """PyTorch with float64 for what it makes up itself, such as NAdam's product of momenta."""

    def __init__(self, torch: Any) -> None:
        self.torch, self.before = torch, torch.get_default_dtype()

    def __enter__(self) -> None:
        self.torch.set_default_dtype(self.torch.float64)
        self.torch.set_num_threads(1)  # arrays of a few numbers are not worth sharing

    def __exit__(self, *_: object) -> None:
        self.torch.set_default_dtype(self.before)
