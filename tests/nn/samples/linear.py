"""Linear layers, and layers that find their sizes out."""

import numpy as np

from . import Sample, family, sample
from .convolution import convolution


@family
def Linear(rng: np.random.Generator) -> Sample:
    features, outputs = (int(n) for n in rng.integers(1, 5, 2))
    batch = [(), (3,), (2, 3), (0,), (2, 1, 3)][rng.integers(5)]
    return sample(features, outputs, bias=bool(rng.integers(2)), inputs=[(*batch, features)])


@family
def Bilinear(rng: np.random.Generator) -> Sample:
    first, second, outputs = (int(n) for n in rng.integers(1, 5, 3))
    batch = [(), (3,), (2, 3), (0,)][rng.integers(4)]
    return sample(first, second, outputs, bias=bool(rng.integers(2)), inputs=[(*batch, first), (*batch, second)])


@family
def LazyLinear(rng: np.random.Generator) -> Sample:
    drawn = Linear(rng)
    return sample(*drawn.args[1:], inputs=drawn.inputs, **drawn.options)


def lazy(rng: np.random.Generator, axes: int) -> Sample:
    """A convolution without the number of its input channels."""
    drawn = convolution(rng, axes)
    return sample(*drawn.args[1:], inputs=drawn.inputs, **drawn.options)


@family
def LazyConv1d(rng: np.random.Generator) -> Sample:
    return lazy(rng, 1)


@family
def LazyConv2d(rng: np.random.Generator) -> Sample:
    return lazy(rng, 2)


@family
def LazyConv3d(rng: np.random.Generator) -> Sample:
    return lazy(rng, 3)
