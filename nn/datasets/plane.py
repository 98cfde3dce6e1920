"""Classes of points in the plane and on the line, made up: small enough to watch a network learn them.

Knows where each class lies. Does not know what can be learned of it.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from ..arguments import brief, check_positive
from ..data import TensorDataset
from ..randomness import RandomSource, generator

__all__ = ["circles", "intervals", "moons", "rings", "spirals", "xor"]


def moons(n: int = 200, noise: float = 0.2, *, rng: RandomSource = 0, dtype: DTypeLike = np.float32) -> TensorDataset:
    """Two half circles that reach into each other, class by class in turn; `noise` is normal, with this deviation.

    Shapes: points (n, 2), labels (n,).
    Source: scikit-learn's make_moons.

    >>> points, labels = (tensor.numpy() for tensor in moons(4, noise=0.0).tensors)
    >>> labels, np.linalg.norm(points[labels == 0], axis=1)
    (array([0, 1, 0, 1]), array([1., 1.], dtype=float32))
    """
    draw, labels = _start("moons", n, noise, rng, 2)
    angles = np.pi * draw.random(n)
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lower = np.stack([1 - np.cos(angles), 0.5 - np.sin(angles)], axis=1)
    return _points(np.where(labels[:, None] == 0, upper, lower), labels, noise, draw, dtype)


def circles(
    n: int = 200, noise: float = 0.1, factor: float = 0.5, *, rng: RandomSource = 0, dtype: DTypeLike = np.float32
) -> TensorDataset:
    """A circle of radius 1 (class 0) around one of radius `factor` (class 1); `noise` is normal, with this deviation.

    Shapes: points (n, 2), labels (n,).
    Errors: OptionError for a factor outside 0 to 1.
    Source: scikit-learn's make_circles.

    >>> points, labels = (tensor.numpy() for tensor in circles(4, noise=0.0).tensors)
    >>> np.linalg.norm(points, axis=1).round(6), labels
    (array([1. , 0.5, 1. , 0.5], dtype=float32), array([0, 1, 0, 1]))
    """
    if not 0 <= factor < 1:
        raise ag.OptionError(f"circles: factor must be at least 0 and below 1, got {brief(factor)}")
    draw, labels = _start("circles", n, noise, rng, 2)
    radius = np.where(labels == 0, 1.0, factor)
    return _points(_polar(radius, 2 * np.pi * draw.random(n)), labels, noise, draw, dtype)


def spirals(
    n: int = 200,
    noise: float = 0.02,
    classes: int = 2,
    turns: float = 1.0,
    *,
    rng: RandomSource = 0,
    dtype: DTypeLike = np.float32,
) -> TensorDataset:
    """Arms that wind `turns` times around the origin out to radius 1, one for each class; `noise` is normal.

    Shapes: points (n, 2), labels (n,).
    Source: K. Lang, M. Witbrock, Learning to tell two spirals apart, 1988, with points drawn along the arms.

    >>> spirals(300, classes=3)
    TensorDataset((300, 2) float32, (300,) int64)
    """
    classes = check_positive(classes, "spirals: classes")
    draw, labels = _start("spirals", n, noise, rng, classes)
    along = np.sqrt(draw.random(n))  # so that the points lie about equally close everywhere on the arm
    return _points(_polar(along, 2 * np.pi * (turns * along + labels / classes)), labels, noise, draw, dtype)


def xor(n: int = 200, noise: float = 0.25, *, rng: RandomSource = 0, dtype: DTypeLike = np.float32) -> TensorDataset:
    """Points around the corners (±1, ±1) of a square; class 1 where the signs differ. `noise` is normal.

    No line separates the classes. With ``n=4, noise=0`` it is the truth table.
    Shapes: points (n, 2), labels (n,).
    Source: M. Minsky, S. Papert, Perceptrons, 1969.

    >>> points, labels = xor(4, noise=0).tensors
    >>> points.tolist(), labels.tolist()
    ([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    draw, corners = _start("xor", n, noise, rng, 4)
    first, second = corners % 2, corners // 2
    return _points(np.stack([first, second], axis=1) * 2.0 - 1, first ^ second, noise, draw, dtype)


def rings(n: int = 200, noise: float = 0.0, *, rng: RandomSource = 0, dtype: DTypeLike = np.float32) -> TensorDataset:
    """A disc of radius 1/3 (class 0) within a ring from 2/3 to 1 (class 1), each evenly filled.

    A layer of two units cannot pull them apart, however many such layers there are: it takes a third dimension.
    Shapes: points (n, 2), labels (n,).
    Source: C. Olah, Neural Networks, Manifolds, and Topology, 2014.

    >>> points, labels = (tensor.numpy() for tensor in rings(100).tensors)
    >>> bool((np.linalg.norm(points[labels == 0], axis=1) < 1 / 3).all())
    True
    """
    draw, labels = _start("rings", n, noise, rng, 2)
    inner, outer = np.where(labels == 0, 0.0, 2 / 3), np.where(labels == 0, 1 / 3, 1.0)
    radius = np.sqrt(inner**2 + (outer**2 - inner**2) * draw.random(n))  # evenly by area
    return _points(_polar(radius, 2 * np.pi * draw.random(n)), labels, noise, draw, dtype)


def intervals(
    n: int = 200, noise: float = 0.0, *, rng: RandomSource = 0, dtype: DTypeLike = np.float32
) -> TensorDataset:
    """The rings on a line: -1/3 to 1/3 (class 0) between -1 to -2/3 and 2/3 to 1 (class 1), evenly filled.

    Shapes: points (n, 1), labels (n,).
    Source: C. Olah, Neural Networks, Manifolds, and Topology, 2014.

    >>> intervals(6)
    TensorDataset((6, 1) float32, (6,) int64)
    """
    draw, labels = _start("intervals", n, noise, rng, 2)
    within = draw.uniform(-1, 1, n)
    points = np.where(labels == 0, within / 3, np.sign(within) * (2 + np.abs(within)) / 3)
    return _points(points[:, None], labels, noise, draw, dtype)


def _start(
    who: str, n: int, noise: float, rng: RandomSource, classes: int
) -> tuple["np.random.Generator", NDArray[np.int64]]:
    """The generator, and the classes in turn."""
    n = check_positive(n, f"{who}: n")
    if isinstance(noise, bool) or not isinstance(noise, int | float | np.number) or not 0 <= noise < math.inf:
        raise ag.OptionError(f"{who}: noise is a standard deviation: a number from 0, got {brief(noise)}")
    return generator(rng, who), np.arange(n, dtype=np.int64) % classes


def _polar(radius: NDArray[Any], angle: NDArray[Any]) -> NDArray[Any]:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _points(
    points: NDArray[Any], labels: NDArray[Any], noise: float, draw: "np.random.Generator", dtype: DTypeLike
) -> TensorDataset:
    noisy = points + noise * draw.standard_normal(points.shape)
    return TensorDataset(noisy.astype(dtype), labels.astype(np.int64))
