"""What this machine can do at best, measured: matrix products, and copies of arrays of several sizes.

And the arithmetic on it: how long a piece of work must take at least, and what fraction of that speed was reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.machine import cores
from benchmarks.work import Work

Array = np.ndarray[Any, np.dtype[Any]]

PRODUCT_SIZES = (256, 512, 1024, 2048)
COPY_SIZES = tuple(2**power for power in range(16, 30, 2))  # 64 KiB to 256 MiB: both arrays together
SECONDS = 0.25  # for each size


def product_speed(product: Callable[[Array, Array], Callable[[], object] | None]) -> dict[str, float]:
    """The best speed of a float32 matrix product, in floating-point operations a second, by the matrices' size."""
    speeds = {}
    rng = np.random.default_rng(0)
    for size in PRODUCT_SIZES:
        multiply = product(rng.random((size, size), np.float32), rng.random((size, size), np.float32))
        if multiply is None:
            return {}
        speeds[str(size)] = 2 * size**3 / _fastest(multiply)
    return speeds


def copy_speeds() -> dict[str, float]:
    """The best speed of a copy, on one thread or on all cores, in bytes read and written a second, by bytes in all."""
    speeds = {}
    with ThreadPoolExecutor(cores()) as pool:
        for size in COPY_SIZES:
            source, target = np.ones(size // 8, np.float32), np.zeros(size // 8, np.float32)
            parts = list(zip(np.array_split(target, cores()), np.array_split(source, cores()), strict=True))
            alone = _fastest(lambda to=target, of=source: np.copyto(to, of))
            shared = _fastest(lambda parts=parts: list(pool.map(lambda part: np.copyto(*part), parts)))
            speeds[str(size)] = size / min(alone, shared)
    return speeds


def _fastest(run: Callable[[], object]) -> float:
    run()
    best, until = float("inf"), perf_counter() + SECONDS
    while perf_counter() < until:
        start = perf_counter()
        run()
        best = min(best, perf_counter() - start)
    return best


@dataclass
class Roof:
    """What was measured: matrix products by contestant and size, copies by size."""

    products: dict[str, dict[str, float]] = field(default_factory=dict)
    copies: dict[str, float] = field(default_factory=dict)

    def best_product(self, name: str | None = None) -> float:
        """The fastest matrix product of one contestant, or of all; 0 where nothing was measured."""
        chosen: Mapping[str, Mapping[str, float]] = (
            self.products if name is None else {name: self.products.get(name, {})}
        )
        return max((speed for speeds in chosen.values() for speed in speeds.values()), default=0.0)

    def copy(self, size: float) -> float:
        """The speed of copies of that size, between the sizes measured as on a straight line in the logarithm."""
        sizes = sorted(map(int, self.copies))
        return float(np.interp(np.log(max(size, 1.0)), np.log(sizes), [self.copies[str(n)] for n in sizes]))

    def least_seconds(self, work: Work) -> float:
        """The time that work takes under the roof: its arithmetic or its memory, whichever takes longer."""
        return max(work.flops / self.best_product(), work.bytes / self.copy(work.bytes))

    def bound_by(self, work: Work) -> str:
        """Which of the two it is."""
        return "arithmetic" if work.flops / self.best_product() >= work.bytes / self.copy(work.bytes) else "memory"

    def fraction(self, work: Work, seconds: float) -> float:
        """What part of the possible speed was reached."""
        return self.least_seconds(work) / seconds
