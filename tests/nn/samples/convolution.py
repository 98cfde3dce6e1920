"""Convolutions."""

import numpy as np

from . import Sample, family, sample


def convolution(rng: np.random.Generator, axes: int) -> Sample:
    """Settings of a convolution over some axes, with images that are no smaller than the kernel reaches."""
    groups = int(rng.choice([1, 1, 2]))
    kernel = tuple(int(k) for k in rng.integers(1, 4, axes))
    dilation = int(rng.integers(1, 3))
    same = bool(rng.integers(4) == 0)
    stride = 1 if same else tuple(int(s) for s in rng.integers(1, 3, axes))
    padding = "same" if same else int(rng.integers(0, 3))
    size = [int(n) for n in rng.integers(5, 7, axes)]
    return sample(
        2 * groups,
        4,
        kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bool(rng.integers(2)),
        inputs=[(2, 2 * groups, *size)],
    )


@family
def Conv1d(rng: np.random.Generator) -> Sample:
    return convolution(rng, 1)


@family
def Conv2d(rng: np.random.Generator) -> Sample:
    return convolution(rng, 2)


@family
def Conv3d(rng: np.random.Generator) -> Sample:
    return convolution(rng, 3)
