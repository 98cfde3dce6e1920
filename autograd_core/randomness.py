"""Where random numbers come from: a keyword `rng`, a seed or a generator, as in Scientific Python's SPEC 7.

Where no `rng` is given, the numbers are new in every run, unless `manual_seed` was called: from then on every draw
without an `rng` has a stream of its own that follows from that seed. That is for scripts written for PyTorch.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .errors import OptionError

# quoted: NumPy loads its random numbers only when they are first asked for, and importing this must not ask
RandomSource: TypeAlias = (
    "int | Sequence[int] | np.random.SeedSequence | np.random.BitGenerator | np.random.Generator | None"
)

if TYPE_CHECKING:
    _streams: np.random.Generator | None
_streams = None


def generator(rng: RandomSource, who: str) -> "np.random.Generator":
    """The generator that `rng` stands for; a Generator is itself, so that several can draw on from one.

    Errors: OptionError for what is neither a seed nor a generator.

    >>> draw = ag.generator(7, "Linear")
    >>> ag.generator(draw, "Linear") is draw
    True
    """
    if rng is None and _streams is not None:
        return _streams.spawn(1)[0]
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"{who}: rng must be a seed (a whole number, not negative), a numpy.random.Generator or None, "
            f"got {type(rng).__name__} {rng!r} ({error})"
        ) from None


def manual_seed(seed: RandomSource) -> None:
    """From here on, what is drawn without an `rng` follows from this seed, in the whole process; None undoes that.

    Each draw gets a stream of its own, in the order in which they are asked for: the same program gives the same
    numbers. An explicit `rng` is not affected, and is better in new code: it does not depend on what was drawn before.

    >>> ag.manual_seed(0)
    >>> a = ag.generator(None, "a").random()
    >>> ag.manual_seed(0)
    >>> ag.generator(None, "a").random() == a
    True
    >>> ag.manual_seed(None)
    """
    global _streams
    _streams = None if seed is None else generator(seed, "manual_seed")
