"""The same elements in another shape or order."""

import numpy as np

from . import Sample, family, sample


@family
def Flatten(rng: np.random.Generator) -> Sample:
    shape = tuple(int(n) for n in rng.integers(1, 4, 4))
    first = int(rng.integers(0, 4))
    last = int(rng.integers(first, 4))
    return sample(first if rng.integers(2) else first - 4, last if rng.integers(2) else last - 4, inputs=[shape])


@family
def Unflatten(rng: np.random.Generator) -> Sample:
    dim = int(rng.integers(-2, 2))
    sizes = [(2, 3), (6, 1), (3, -1), (-1,), (1, 2, 3)][int(rng.integers(5))]
    return sample(dim, sizes, inputs=[(6, 6)])


@family
def Identity(rng: np.random.Generator) -> Sample:
    return sample(inputs=[(2, 3)])


@family
def PixelShuffle(rng: np.random.Generator) -> Sample:
    r = int(rng.integers(1, 4))
    batch = [(), (2,), (2, 3)][int(rng.integers(3))]
    return sample(r, inputs=[(*batch, 2 * r * r, 2, 3)])


@family
def PixelUnshuffle(rng: np.random.Generator) -> Sample:
    r = int(rng.integers(1, 4))
    batch = [(), (2,), (2, 3)][int(rng.integers(3))]
    return sample(r, inputs=[(*batch, 2, 2 * r, 3 * r)])


@family
def ChannelShuffle(rng: np.random.Generator) -> Sample:
    groups = int(rng.integers(1, 4))
    return sample(groups, inputs=[(2, groups * int(rng.integers(1, 4)), *[(3,), (2, 3)][int(rng.integers(2))])])
