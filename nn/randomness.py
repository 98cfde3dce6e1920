"""Where random numbers come from: a keyword `rng`, a seed or a generator, as in Scientific Python's SPEC 7.

Without one they are new in every run, unless `ag.manual_seed` was called.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

import autograd_core as ag

__all__ = ["RandomSource", "generator"]

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
