"""Optimizers on plain NumPy arrays, for the libraries that leave the update to their users."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.problems import Array, Network
from benchmarks.sequences import Sequential

Update = Callable[[Sequence[Array]], None]


def updater(network: Network | Sequential, parameters: Sequence[Array]) -> Update:
    """A function from gradients to a step of the network's optimizer, which changes `parameters` in place."""
    rate = network.learning_rate
    return _adam(parameters, rate) if network.optimizer == "adam" else _sgd(parameters, rate)


def _sgd(parameters: Sequence[Array], rate: float) -> Update:
    def update(gradients: Sequence[Array]) -> None:
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= rate * gradient

    return update


def _adam(parameters: Sequence[Array], rate: float) -> Update:
    moments = [(np.zeros_like(parameter), np.zeros_like(parameter)) for parameter in parameters]
    count = 0

    def update(gradients: Sequence[Array]) -> None:
        nonlocal count
        count += 1
        scale, root = rate / (1 - 0.9**count), (1 - 0.999**count) ** 0.5
        for parameter, gradient, (first, second) in zip(parameters, gradients, moments, strict=True):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient * gradient - second)
            parameter -= scale * first / (np.sqrt(second) / root + 1e-8)

    return update
