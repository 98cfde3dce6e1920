"""Random settings of our own: the families of the tests, beside PyTorch's class of the same name."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from benchmarks.layers.comparison import DifferenceError, compare
from benchmarks.layers.tally import Row
from tests.nn.samples import Family, Sample

__all__ = ["compare_family"]


def compare_family(family: Family, settings: int) -> Row:
    """Compare some settings of a family."""
    row = Row(family.name)
    for seed in range(settings):
        sample = family.sample(seed)
        if sample.only_here:
            row.skip(sample.only_here)
            continue
        try:
            gap = compare(sample.layer(), _theirs(sample), sample.arrays(), calls=sample.calls, seed=seed)
        except DifferenceError as difference:
            row.fail(f"{sample} (seed {seed}): {difference}")
        else:
            row.note(gap, f"{sample} (seed {seed})")
    return row


def _theirs(sample: Sample) -> Any:
    import torch

    kind = getattr(torch.nn, sample.name)
    extra = {"dtype": torch.float64} if "dtype" in inspect.signature(kind).parameters else {}

    def translated(value: Any) -> Any:
        if isinstance(value, Sample):
            return _theirs(value)
        return torch.tensor(value) if isinstance(value, np.ndarray) else value

    options = {name: translated(value) for name, value in sample.options.items()}
    module = kind(*map(translated, sample.args), **options, **extra).double().train(sample.training)
    if any(torch.nn.parameter.is_lazy(held) for held in (*module.parameters(), *module.buffers())):
        module(*map(torch.tensor, sample.arrays()))  # the first call makes them
    return module
