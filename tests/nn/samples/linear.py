"""Linear layers, and layers that find their sizes out."""

import numpy as np

from . import Sample, family, sample
from .convolution import convolution, transposed
from .normalization import channels


def without_the_first(drawn: Sample) -> Sample:
    """The same settings without the number of the input's features or channels."""
    more = {"training": drawn.training, "calls": drawn.calls}
    return sample(*drawn.args[1:], inputs=drawn.inputs, **more, **drawn.options)


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
    return without_the_first(Linear(rng))


@family
def LazyConv1d(rng: np.random.Generator) -> Sample:
    return without_the_first(convolution(rng, 1))


@family
def LazyConv2d(rng: np.random.Generator) -> Sample:
    return without_the_first(convolution(rng, 2))


@family
def LazyConv3d(rng: np.random.Generator) -> Sample:
    return without_the_first(convolution(rng, 3))


@family
def LazyConvTranspose1d(rng: np.random.Generator) -> Sample:
    return without_the_first(transposed(rng, 1))


@family
def LazyConvTranspose2d(rng: np.random.Generator) -> Sample:
    return without_the_first(transposed(rng, 2))


@family
def LazyConvTranspose3d(rng: np.random.Generator) -> Sample:
    return without_the_first(transposed(rng, 3))


@family
def LazyBatchNorm1d(rng: np.random.Generator) -> Sample:
    return without_the_first(channels(rng, "BatchNorm1d", 1, True))


# PyTorch 2.13 counts the axes of a single example from the wrong end in these three
@family
def LazyInstanceNorm1d(rng: np.random.Generator) -> Sample:
    return without_the_first(channels(rng, "InstanceNorm1d", 1, False, alone=False))


@family
def LazyBatchNorm2d(rng: np.random.Generator) -> Sample:
    return without_the_first(channels(rng, "BatchNorm2d", 2, True))


@family
def LazyInstanceNorm2d(rng: np.random.Generator) -> Sample:
    return without_the_first(channels(rng, "InstanceNorm2d", 2, False, alone=False))


@family
def LazyBatchNorm3d(rng: np.random.Generator) -> Sample:
    return without_the_first(channels(rng, "BatchNorm3d", 3, True))


@family
def LazyInstanceNorm3d(rng: np.random.Generator) -> Sample:
    return without_the_first(channels(rng, "InstanceNorm3d", 3, False, alone=False))
