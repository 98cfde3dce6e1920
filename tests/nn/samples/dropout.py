"""Dropout: where chance decides nothing PyTorch is asked; else only its own seed says what comes."""

import numpy as np

from . import Sample, family, sample


def drop(rng: np.random.Generator, shape: tuple[int, ...]) -> Sample:
    """Probabilities at their ends and between, in training and in evaluation."""
    p = float(rng.choice([0.0, 1.0, 0.3, 0.5]))
    training, inplace = bool(rng.integers(2)), bool(rng.integers(4) == 0)
    alone = "PyTorch overwrites its input" if inplace else "what is dropped depends on the generator"
    chance = training and 0 < p < 1
    return sample(p, inplace, inputs=[shape], training=training, only_here=alone if inplace or chance else "")


@family
def Dropout(rng: np.random.Generator) -> Sample:
    return drop(rng, tuple(int(n) for n in rng.integers(1, 4, int(rng.integers(1, 4)))))


@family
def Dropout1d(rng: np.random.Generator) -> Sample:
    return drop(rng, (2, 3, 4) if rng.integers(3) else (3, 4))


@family
def Dropout2d(rng: np.random.Generator) -> Sample:
    return drop(rng, (2, 3, 2, 2))


@family
def Dropout3d(rng: np.random.Generator) -> Sample:
    return drop(rng, (2, 3, 2, 2, 2) if rng.integers(3) else (3, 2, 2, 2))


@family
def AlphaDropout(rng: np.random.Generator) -> Sample:
    return drop(rng, tuple(int(n) for n in rng.integers(1, 4, int(rng.integers(1, 4)))))


@family
def FeatureAlphaDropout(rng: np.random.Generator) -> Sample:
    return drop(rng, (2, 3, 4))
