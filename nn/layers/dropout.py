"""Leaving units, or whole channels of them, out at random, so that none relies on another."""

from typing import Any, ClassVar

from .. import functional
from ..functional.dropout import check_probability
from ..module import Module
from ..randomness import RandomSource, generator

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class RandomDrop(Module):
    """What they have in common: the probability `p`, and the generator `rng`, from which each call draws anew.

    `inplace` is accepted, as scripts give it all the time, and changes nothing: the input is not overwritten.
    """

    drop: ClassVar[Any]

    def __init__(self, p: float = 0.5, inplace: bool = False, *, rng: RandomSource = None) -> None:
        super().__init__()
        who = type(self).__name__
        check_probability(p, who)
        self.p, self.inplace, self.rng = p, inplace, generator(rng, who)

    def forward(self, input: Any) -> Any:
        return self.drop(input, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(RandomDrop):
    """In training, set each element to 0 with probability `p` and divide the others by 1 - p; else pass on.

    Each call draws anew from `rng`. `inplace` changes nothing: the input is not overwritten.
    Shapes: x (...) -> the same.
    Errors: OptionError for p outside [0, 1].
    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting (2014).

    >>> layer = Dropout(0.5, rng=0)
    >>> layer(np.ones(4)), layer.eval()(np.ones(4))
    (array([2., 2., 2., 0.]), array([1., 1., 1., 1.]))
    """

    drop = staticmethod(functional.dropout)


class Dropout1d(RandomDrop):
    """In training, set whole channels to 0 with probability `p` and divide the others by 1 - p; else pass on.

    Neighbours in a channel are much alike: dropping one of them alone would drop little.
    Shapes: x (N, channels, n) or (channels, n) -> the same.
    Source: Tompson et al., Efficient object localization using convolutional networks (2015).

    >>> Dropout1d(0.5, rng=1)(np.ones((1, 3, 2)))
    array([[[0., 0.],
            [2., 2.],
            [2., 2.]]])
    """

    drop = staticmethod(functional.dropout1d)


class Dropout2d(RandomDrop):
    """In training, set whole channels to 0 with probability `p` and divide the others by 1 - p; else pass on.

    Shapes: x (N, channels, height, width) -> the same. Three axes are read as (N, channels, n), as in PyTorch.
    Source: as for Dropout1d.
    """

    drop = staticmethod(functional.dropout2d)


class Dropout3d(RandomDrop):
    """In training, set whole channels to 0 with probability `p` and divide the others by 1 - p; else pass on.

    Shapes: x (N, channels, depth, height, width) or without N -> the same.
    Source: as for Dropout1d.
    """

    drop = staticmethod(functional.dropout3d)


class AlphaDropout(RandomDrop):
    """In training, set each element to the lowest value of SELU with probability `p`, then scale and shift.

    So numbers of mean 0 and variance 1 keep both, as self-normalizing networks need it.
    Shapes: x (...) -> the same.
    Source: Klambauer et al., Self-normalizing neural networks (2017), section 3.

    >>> AlphaDropout(0.5).eval()(np.ones(2))
    array([1., 1.])
    """

    drop = staticmethod(functional.alpha_dropout)


class FeatureAlphaDropout(RandomDrop):
    """AlphaDropout of whole channels: the elements of a channel are set together.

    Shapes: x (N, channels, ...) -> the same.
    Source: as for AlphaDropout.
    """

    drop = staticmethod(functional.feature_alpha_dropout)
