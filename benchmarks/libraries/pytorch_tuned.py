"""PyTorch, eager, with what its performance guide advises where it pays: fused optimizers, channels-last images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.libraries.pytorch import describe, train
from benchmarks.problems import NETWORKS
from benchmarks.step import Step

__all__ = ["STEPS", "describe"]

STEPS: dict[str, Callable[[], Step]] = {
    name: partial(train, network, tuned=True)
    for name, network in NETWORKS.items()
    if network.optimizer == "adam" or network.convolutions
}
