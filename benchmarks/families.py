"""Families of problems that grow along one axis: what the scaling curves are drawn over. Knows no library.

A point of a family is written ``name@size``, as in ``batch@512``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.problems import Convolution, Network
from benchmarks.work import chain_work, gelu_work, network_work

# One of a million ReLUs that rounds to the other side of zero moves a gradient by some hundredths of its norm.
FLIPPED = 0.05


@dataclass(frozen=True)
class Family:
    """One axis. `work` counts floating-point operations, `network` builds the problem where it is one.

    `tolerance` bounds the relative difference between libraries, as in a row of the table. `limits` are the largest
    sizes of libraries that cannot go on, with the reason.
    """

    title: str
    axis: str
    sizes: tuple[int, ...]
    work: Callable[[int], float]
    network: Callable[[int], Network] | None = None
    tolerance: float = FLIPPED
    limits: dict[str, tuple[int, str]] = field(default_factory=dict)

    def quick(self) -> tuple[int, ...]:
        """A middle and a later size."""
        return self.sizes[len(self.sizes) // 2 - 1], self.sizes[-2]


def _of_networks(network: Callable[[int], Network], **fields: Any) -> Family:
    return Family(network=network, work=lambda size: network_work(network(size)).flops, **fields)


def batches(size: int) -> Network:
    """The small MLP of the table, at any batch size, with SGD."""
    return Network(image=(784,), sizes=(784, 128, 64, 10), batch=size)


def widths(size: int) -> Network:
    """Three layers of one width."""
    return Network(image=(size,), sizes=(size, size, size, size), batch=128)


def depths(size: int) -> Network:
    """So many layers of 64 units, begun as He et al. (2015) advise, so that gradients keep their size."""
    return Network(image=(64,), sizes=(64,) * (size + 1), batch=64, learning_rate=0.01, gain=6**0.5)


def images(size: int) -> Network:
    """Two convolutions with pooling, then a classifier, on images of any size divisible by four."""
    return Network(
        image=(3, size, size),
        convolutions=(Convolution(16, kernel=3, padding=1), Convolution(32, kernel=3, padding=1)),
        sizes=(32 * (size // 4) ** 2, 10),
        batch=16,
        learning_rate=0.01,
    )


FAMILIES = {
    "operations": Family(
        title="Number of operations: a chain of (multiply, add, tanh) on 10 numbers",
        axis="operations recorded",
        sizes=(30, 99, 300, 999, 3_000, 9_999, 30_000, 99_999),
        work=lambda size: chain_work(size // 3).flops,
        limits={"jax": (3_000, "XLA takes minutes to compile a longer chain")},
    ),
    "numbers": Family(
        title="Array size: hand-written GELU",
        axis="numbers",
        sizes=(1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000, 4_000_000),
        work=lambda size: gelu_work(size).flops,
    ),
    "batch": _of_networks(
        batches, title="Batch size: MLP 784-128-64-10, SGD", axis="batch", sizes=(1, 4, 16, 64, 256, 1_024, 4_096)
    ),
    "width": _of_networks(
        widths,
        title="Width: three layers, batch 128, SGD",
        axis="width",
        sizes=(16, 32, 64, 128, 256, 512, 1_024, 2_048),
    ),
    "depth": _of_networks(
        depths,
        title="Depth: layers of 64 units, batch 64, SGD",
        axis="layers",
        sizes=(1, 2, 4, 8, 16, 32, 64, 128),
        tolerance=6 * FLIPPED,  # and what flips below is seen by all layers above
    ),
    "image": _of_networks(
        images, title="Image size: CNN 16@3x3, 32@3x3, batch 16, SGD", axis="pixels a side", sizes=(8, 16, 32, 64, 128)
    ),
}
