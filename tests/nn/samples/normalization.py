"""Normalization: over batches, layers, groups, examples and neighbours."""

import numpy as np

from . import Sample, family, sample


def channels(rng: np.random.Generator, name: str, axes: int, batch: bool, alone: bool = True) -> Sample:
    """All options, in training and in evaluation, and what three calls leave in the buffers."""
    track = bool(rng.integers(3)) if batch else bool(rng.integers(2))
    training = bool(rng.integers(3))
    space = [int(n) for n in rng.integers(2, 4, axes)]
    shape = [3, 4, *space]
    if batch and axes == 1 and rng.integers(2):
        shape = shape[:2]
    if not batch and alone and rng.integers(4) == 0:
        shape = shape[1:]
    return sample(
        4,
        eps=float(rng.choice([1e-5, 1e-3, 0.1])),
        momentum=None if batch and rng.integers(3) == 0 else float(rng.choice([0.1, 0.5, 0.0, 1.0])),
        affine=bool(rng.integers(2)),
        track_running_stats=track,
        bias=bool(rng.integers(2)),
        inputs=[rng.normal(1.5, 2, size=shape)],
        training=training,
        calls=3,
    )


@family
def BatchNorm1d(rng: np.random.Generator) -> Sample:
    return channels(rng, "BatchNorm1d", 1, True)


@family
def BatchNorm2d(rng: np.random.Generator) -> Sample:
    return channels(rng, "BatchNorm2d", 2, True)


@family
def BatchNorm3d(rng: np.random.Generator) -> Sample:
    return channels(rng, "BatchNorm3d", 3, True)


@family
def InstanceNorm1d(rng: np.random.Generator) -> Sample:
    return channels(rng, "InstanceNorm1d", 1, False)


@family
def InstanceNorm2d(rng: np.random.Generator) -> Sample:
    return channels(rng, "InstanceNorm2d", 2, False)


@family
def InstanceNorm3d(rng: np.random.Generator) -> Sample:
    return channels(rng, "InstanceNorm3d", 3, False)


def shapes(rng: np.random.Generator) -> tuple[object, tuple[int, ...]]:
    """A normalized shape, as a number or a list, and a shape that ends with it."""
    shape = [int(n) for n in rng.integers(2, 5, int(rng.integers(1, 4)))]
    whole = (*(int(n) for n in rng.integers(1, 4, int(rng.integers(0, 3)))), *shape)
    return (shape[0] if len(shape) == 1 and rng.integers(2) else shape), whole


@family
def LayerNorm(rng: np.random.Generator) -> Sample:
    normalized, shape = shapes(rng)
    return sample(
        normalized,
        eps=float(rng.choice([1e-5, 0.1])),
        elementwise_affine=bool(rng.integers(4)),
        bias=bool(rng.integers(2)),
        inputs=[shape],
    )


@family
def RMSNorm(rng: np.random.Generator) -> Sample:
    normalized, shape = shapes(rng)
    eps = None if rng.integers(2) else float(rng.choice([1e-5, 0.1]))
    return sample(normalized, eps, bool(rng.integers(2)), inputs=[shape])


@family
def GroupNorm(rng: np.random.Generator) -> Sample:
    groups = int(rng.integers(1, 4))
    each = int(rng.integers(2 if rng.integers(2) else 1, 4))
    space = [int(n) for n in rng.integers(2, 4, int(rng.integers(0 if each > 1 else 1, 4)))]
    return sample(
        groups,
        groups * each,
        eps=float(rng.choice([1e-5, 0.1])),
        affine=bool(rng.integers(2)),
        bias=bool(rng.integers(2)),
        inputs=[(2, groups * each, *space)],
    )


@family
def LocalResponseNorm(rng: np.random.Generator) -> Sample:
    space = [int(n) for n in rng.integers(1, 4, int(rng.integers(1, 4)))]
    return sample(
        int(rng.integers(1, 5)),
        alpha=float(rng.choice([1e-4, 0.5])),
        beta=float(rng.choice([0.75, 0.5])),
        k=float(rng.choice([1.0, 2.0])),
        inputs=[(2, int(rng.integers(1, 6)), *space)],
    )
