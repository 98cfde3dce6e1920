"""A function at one point: its values, a claimed gradient, and how it can be moved from there.

Knows a `Function`, and what rounding does to it here. Judges nothing.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from .differences import Line, noise_along
from .functions import Function
from .report import Array, Index

Place = tuple[int, int]
"""One number: which input, and where in it, in C order."""

Bent = Callable[[Sequence[Array], Array], list[Array]]
"""The outputs, at these inputs, when some value on the way is moved by an offset."""

DOUBLE = float(np.finfo(np.float64).eps)


class Point:
    """A function at its inputs, with the gradient it claims of its outputs, weighted with random numbers and summed.

    `outputs`, `cotangents` (the weights) and `analytic` (the gradients) are as they come; `center` and `weight` are the
    first two in one axis, in double precision. `fits` says which gradients have the shape of their input.
    """

    def __init__(self, function: Function, rng: np.random.Generator) -> None:
        self.function, self.rng, self.inputs = function, rng, function.inputs
        self.outputs = [y.copy() for y in self._called(self.inputs)]
        self.cotangents = [_weights(y, rng) for y in self.outputs]
        self.analytic = [np.array(g) for g in self.pull(self.cotangents)]
        self.fits = [g.shape == x.shape for g, x in zip(self.analytic, self.inputs, strict=True)]
        self.center, self.weight = joined(self.outputs), joined(self.cotangents)

    def _called(self, arrays: Sequence[Array]) -> list[Array]:
        with np.errstate(all="ignore"):  # steps may leave the domain
            return self.function([x.copy() for x in arrays])  # copies: it may write into what it gets, or keep it

    def pull(self, cotangents: Sequence[Array]) -> list[Array]:
        """The claimed VJP, of copies."""
        with np.errstate(all="ignore"):
            return self.function.pull([x.copy() for x in self.inputs], [u.copy() for u in cotangents])

    def total(self, values: Array, weight: Array | None = None) -> float:
        """The weighted sum over the outputs; what has no weight may be anything."""
        weight = self.weight if weight is None else weight
        return float(np.where(weight == 0, 0, weight * values).sum())

    # --- rounding -----------------------------------------------------------------------------------------------------

    @cached_property
    def precision(self) -> float:
        """The coarsest relative precision of what goes in and comes out."""
        return max(float(np.finfo(a.dtype).eps) for a in (*self.inputs, *self.outputs))

    @cached_property
    def noise(self) -> Array:
        """The size of the rounding errors of all outputs, in one axis."""
        direction = [self.rng.uniform(-1, 1, x.shape) * _size(x) for x in self.inputs]
        return noise_along(self.line(direction), self.center, self.precision)

    @cached_property
    def slack(self) -> list[Array]:
        """How far rounding may put the claimed gradient off: what changes in it when inputs move by a few roundings.

        After a cancellation, as in x - mean(x) for large x, that is more than the size of the gradient tells.
        """
        slack = [np.zeros(x.shape) for x in self.inputs]
        for _ in range(2):
            shares = [1 + 4 * self.precision * self.rng.choice([-1.0, 1.0], x.shape) for x in self.inputs]
            moved = [(x * share).astype(x.dtype) for x, share in zip(self.inputs, shares, strict=True)]
            with np.errstate(all="ignore"):
                found = self.function.pull(moved, [u.copy() for u in self.cotangents])
                for i, (g, h) in enumerate(zip(found, self.analytic, strict=True)):
                    if self.fits[i] and g.shape == h.shape:
                        slack[i] = np.fmax(slack[i], np.where(np.isfinite(g - h), np.abs(g - h), 0))
        return slack

    @cached_property
    def largest(self) -> float:
        """The largest number in the gradient."""
        return max((float(np.abs(g[np.isfinite(g)]).max(initial=0)) for g in self.analytic), default=0.0)

    @cached_property
    def size(self) -> float:
        """The largest share of an output in what is differentiated."""
        return float(np.abs(np.where(self.weight == 0, 0, self.weight * self.center)).max(initial=0))

    # --- moving -------------------------------------------------------------------------------------------------------

    def direction(self, signed: bool = True) -> list[Array]:
        """A random direction, in proportion to the inputs."""
        lengths = [self.rng.uniform(0.5, 1.5, x.shape) * _size(x) for x in self.inputs]
        return [d * self.rng.choice([-1.0, 1.0], d.shape) for d in lengths] if signed else lengths

    def line(self, direction: Sequence[Array]) -> Line:
        """The outputs along a direction."""

        def line(t: float) -> tuple[float, Array]:
            moved = [(x + t * d).astype(x.dtype) for x, d in zip(self.inputs, direction, strict=True)]
            return t, joined(self._called(moved))

        return line

    def line_at(self, place: Place) -> Line:
        """The outputs when one number of the inputs moves."""
        i, position = place
        old = self.inputs[i].flat[position]

        def line(t: float) -> tuple[float, Array]:
            arrays = [x.copy() for x in self.inputs]
            arrays[i].flat[position] = old + t
            return float(arrays[i].flat[position] - old), joined(self._called(arrays))

        return line

    def bent_line(self, bent: Bent, direction: Array) -> Line:
        """The outputs when a value on the way moves."""

        def line(t: float) -> tuple[float, Array]:
            with np.errstate(all="ignore"):
                return t, joined(bent(self.inputs, t * direction))

        return line

    def complex_slope(self, direction: Sequence[Array]) -> Array | None:
        """The derivative along a direction by a complex step, exact up to rounding (Squire and Trapp, 1998).

        None if the function does not take complex numbers. It may take them without being analytic there.
        """
        step = 1e-20
        found = self.function.at_complex([x + 1j * step * d for x, d in zip(self.inputs, direction, strict=True)])
        if found is None or [y.shape for y in found] != [y.shape for y in self.outputs]:
            return None
        return joined([y.imag for y in found]) / step

    # --- where numbers stand ------------------------------------------------------------------------------------------

    def index_of_output(self, k: int) -> tuple[int, Index]:
        """Which output, and where in it, the k-th of all numbers is."""
        for number, y in enumerate(self.outputs):
            if k < y.size:
                return number, tuple(int(j) for j in np.unravel_index(k, y.shape))
            k -= y.size
        raise IndexError(k)

    def position_of_output(self, number: int, index: Index) -> int:
        """The opposite."""
        return sum(y.size for y in self.outputs[:number]) + position(index, self.outputs[number].shape)

    def split(self, values: Array) -> list[Array]:
        """One array for each output from all numbers in one axis."""
        parts = np.split(values, np.cumsum([y.size for y in self.outputs])[:-1])
        return [part.reshape(y.shape).astype(y.dtype) for part, y in zip(parts, self.outputs, strict=True)]


def position(index: Index, shape: tuple[int, ...]) -> int:
    """Where an index lies in C order."""
    return int(np.ravel_multi_index(index, shape)) if index else 0


def joined(arrays: Sequence[Any]) -> Array:
    """All numbers in one axis, in double precision."""
    return np.concatenate([*(np.asarray(y, dtype=np.float64).ravel() for y in arrays), np.zeros(0)])


def _size(x: Array) -> Array:
    return np.maximum(1, np.abs(x))


def _weights(y: Array, rng: np.random.Generator) -> Array:
    """Random weights of an output; zero where it is not finite, because there it says nothing of the other numbers."""
    weights = rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1.0, 1.0], y.shape)
    return np.where(np.isfinite(y), weights, 0.0).astype(y.dtype)
