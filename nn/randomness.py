"""Where random numbers come from: a keyword `rng`, a seed or a generator, as in Scientific Python's SPEC 7.

Without one they are new in every run, unless `ag.manual_seed` was called.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

import autograd_core as ag

from .arguments import brief

__all__ = ["RandomSource", "generator", "one_source"]

# quoted: NumPy loads its random numbers only when they are first asked for, and importing this must not ask
RandomSource: TypeAlias = (
    "int | Sequence[int] | np.random.SeedSequence | np.random.BitGenerator | np.random.Generator | None"
)


def generator(rng: RandomSource, who: str) -> "np.random.Generator":
    """The generator that `rng` stands for; a Generator is itself, so that several layers draw on from one.

    Errors: OptionError for what is neither a seed nor a generator.

    >>> draw = generator(7, "Linear")
    >>> generator(draw, "Linear") is draw
    True
    """
    return ag.generator(rng, who)


def one_source(rng: RandomSource, other: Any, who: str) -> "np.random.Generator":
    """The generator of `rng`, or of `generator`, which is PyTorch's name for it; at most one of them is given."""
    if rng is not None and other is not None:
        raise ag.OptionError(f"{who}: rng and generator are two names for one thing; pass one of them")
    if other is not None and type(other).__module__.partition(".")[0] == "torch":
        raise ag.OptionError(f"{who}: generator must be a seed or a numpy.random.Generator, got {brief(other)}")
    return generator(other if rng is None else rng, who)
