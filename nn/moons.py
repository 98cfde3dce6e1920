"""Two moons: a classification in the plane that trains in a blink, for what is best seen there.

Knows what is to be shown: how a boundary is learned, how gradients vanish, how units die. Does not know how it looks.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import datasets, functional, init, optim
from .data import TensorDataset
from .layers.activation import ReLU, Sigmoid
from .layers.mlp import MLP
from .module import Module
from .monitor import GradientNorms
from .randomness import RandomSource, generator
from .train import fit

__all__ = ["Moons", "boundaries", "deep_gradients", "experiments", "rates", "two_moons"]

_DEPTH, _WIDTH = 12, 16


@dataclass(frozen=True)
class Moons:
    """The points, and what was tried on them.

    `boundaries` holds a network after so many epochs, `gradients` the norms in deep networks and `rates` networks
    trained at different learning rates, each by a name for people.
    """

    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    boundaries: Mapping[str, Module]
    gradients: Mapping[str, GradientNorms]
    rates: Mapping[str, Module]


def two_moons(count: int = 200, noise: float = 0.2, rng: RandomSource = 0) -> tuple[Any, Any]:
    """Points of two half circles that reach into each other, with normal noise, and which half each is of.

    Shapes: points (count, 2) float32, labels (count,).
    Source: `nn.datasets.moons`, as arrays.

    >>> points, labels = two_moons(4, noise=0.0)
    >>> labels, np.linalg.norm(points[labels == 0], axis=1)
    (array([0, 1, 0, 1]), array([1., 1.], dtype=float32))
    """
    points, labels = datasets.moons(count, noise, rng=rng).tensors
    return points.numpy(), labels.numpy()


def experiments(seed: int = 0) -> Moons:
    """All of them on the same points; it takes about a second."""
    points, labels = two_moons(rng=seed)
    return Moons(
        points,
        labels,
        boundaries(points, labels, seed=seed),
        deep_gradients(points, labels, seed=seed),
        rates(points, labels, seed=seed),
    )


def boundaries(points: Any, labels: Any, at: Sequence[int] = (1, 10, 100), *, seed: int = 0) -> dict[str, Module]:
    """A small network as it was after some numbers of epochs."""
    model = MLP([2, 32, 32, 2], rng=seed)
    kept: dict[str, Module] = {}

    def keep(history: Any) -> None:
        if history.last.number in at:
            number = history.last.number
            kept[f"after {number} epoch{'s' * (number > 1)}"] = copy.deepcopy(model)

    optimizer = optim.Adam(model.parameters(), lr=0.01)
    data = TensorDataset(points, labels)
    fit(model, data, epochs=max(at), optimizer=optimizer, rng=seed, progress=False, callbacks=[keep])
    return kept


def deep_gradients(points: Any, labels: Any, steps: int = 150, *, seed: int = 0) -> dict[str, GradientNorms]:
    """Gradient norms by layer in two networks of the same depth, one whose gradients vanish, and one whose do not."""
    records = {}
    for name, activation in (("sigmoid units", Sigmoid), ("ReLU units, weights scaled after He", ReLU)):
        rng = generator(seed, "deep_gradients")
        model = MLP([2, *[_WIDTH] * _DEPTH, 2], activation, rng=rng)
        if activation is ReLU:
            for parameter in model.parameters():
                if parameter.ndim == 2:
                    init.kaiming_normal_(parameter, rng=rng)
        record, optimizer = GradientNorms(model), optim.SGD(model.parameters(), lr=0.05)
        record.unit = "step"
        for _ in range(steps):
            optimizer.zero_grad()
            functional.cross_entropy(model(points), labels).backward()
            record.record()
            optimizer.step()
        records[name] = record
    return records


def rates(points: Any, labels: Any, lrs: Sequence[float] = (0.1, 10.0), *, seed: int = 0) -> dict[str, Module]:
    """The same network after plain gradient descent, at a learning rate that suits and at one that is far too large."""
    trained: dict[str, Module] = {}
    data = TensorDataset(points, labels)
    for lr in lrs:
        model = MLP([2, 32, 32, 2], rng=seed)
        fit(model, data, epochs=50, optimizer=optim.SGD(model.parameters(), lr=lr), rng=seed, progress=False)
        trained[f"learning rate {lr:g}"] = model
    return trained
