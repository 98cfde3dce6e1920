"""Inputs to draw, as plain data: a shape and where the numbers come from. Knows no function and checks nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Numbers:
    """An array of `shape` with numbers from `low` to `high`, at least `margin` from each of `away`.

    `distinct` makes any two of them differ by at least so much; `given` are indices and the number that stands there in
    every draw, for a bug that shows at one number only; `changed` makes something else of the array, such as a matrix
    that is positive definite.
    """

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    away: tuple[float, ...] = ()
    margin: float = 0.05
    distinct: float = 0.0
    given: tuple[tuple[tuple[int, ...], float], ...] = ()
    changed: Callable[[Array], Array] | None = None

    def draw(self, rng: np.random.Generator) -> Array:
        n = int(np.prod(self.shape))
        if self.distinct:
            gap = 2 * self.distinct  # jittered by a quarter of it to each side, so that half of it always stays
            places = np.arange(self.low + gap / 2, self.high, gap)
            x = rng.permutation(places)[:n] + rng.uniform(-gap / 4, gap / 4, n)
        else:
            x = rng.uniform(self.low, self.high, n)
            while (near := self._too_near(x)).any():
                x[near] = rng.uniform(self.low, self.high, int(near.sum()))
        x = x.reshape(self.shape)
        for index, number in self.given:
            x[index] = number
        return x if self.changed is None else self.changed(x)

    def _too_near(self, x: Array) -> Array:
        near = np.zeros(x.shape, bool)
        for kink in self.away:
            near |= np.abs(x - kink) < self.margin
        return near


Input = Numbers | Array | dict[str, Numbers]
"""An array to draw, or several by their names, or a constant such as the labels of classes."""


def real(*shape: int, low: float = -2.0, high: float = 2.0, **options: Any) -> Numbers:
    """Numbers of both signs."""
    return Numbers(shape, low, high, **options)


def positive(*shape: int, low: float = 0.3, high: float = 2.0, **options: Any) -> Numbers:
    """Numbers well above zero."""
    return Numbers(shape, low, high, **options)


def distinct(*shape: int, low: float = -2.0, high: float = 2.0, margin: float = 0.03) -> Numbers:
    """Numbers without ties, for a maximum or an order."""
    return Numbers(shape, low, high, distinct=margin)


def invertible(n: int) -> Numbers:
    """A square matrix far from singular: its diagonal outweighs each row."""
    return Numbers((n, n), -1, 1, changed=lambda a: a + (n + 1) * np.eye(n))


def definite(n: int) -> Numbers:
    """A symmetric positive definite matrix with eigenvalues apart."""
    return Numbers((n, n), -1, 1, changed=lambda a: (a + a.T) / 4 + np.diag(np.arange(1.0, n + 1) * 2))


def in_single(given: Any) -> Any:
    """The same input in single precision."""
    if isinstance(given, dict):
        return {name: in_single(numbers) for name, numbers in given.items()}
    if not isinstance(given, Numbers):
        return given
    changed = given.changed or (lambda x: x)
    return replace(given, changed=lambda x: changed(x).astype(np.float32))


def drawn(inputs: Sequence[Input], rng: np.random.Generator) -> list[Any]:
    """The arguments for one call."""
    return [_drawn(x, rng) for x in inputs]


def _drawn(given: Input, rng: np.random.Generator) -> Any:
    if isinstance(given, dict):
        return {name: numbers.draw(rng) for name, numbers in given.items()}
    return given.draw(rng) if isinstance(given, Numbers) else given.copy()
