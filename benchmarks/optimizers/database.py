"""The samples that PyTorch tests its own optimizers with, as samples here.

Knows torch.testing's table. What has no counterpart is counted by reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import nn
from tests.nn.optim_samples.optimizers import OptimizerSample

__all__ = ["database"]


def database() -> Iterator[tuple[str, list[OptimizerSample], Counter[str]]]:
    """For each optimizer of PyTorch's table: its name, the samples, and how many were left out for which reason."""
    from torch.testing._internal.common_optimizers import optim_db

    for info in optim_db:
        name = info.optim_cls.__name__
        samples, skipped = [], Counter[str]()
        for i, given in enumerate(info.optim_inputs_func(device="cpu")):
            if reason := _reason(name, given.kwargs):
                skipped[reason] += 1
            else:
                samples.append(OptimizerSample(given.kwargs, None, name, i))
        yield name, samples, skipped


def _reason(name: str, options: dict[str, Any]) -> str:
    import torch

    if name not in nn.optim.__all__:
        return "no such optimizer here"
    values = [part for value in options.values() for part in (value if isinstance(value, tuple) else (value,))]
    if any(isinstance(value, torch.Tensor) for value in values):
        return "an option as a Tensor"
    if any(options.get(switch) for switch in ("foreach", "fused", "capturable", "differentiable")):
        return "a switch of how to compute"
    return ""
