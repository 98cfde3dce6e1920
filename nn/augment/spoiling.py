"""Images with something lost: noise on them, or a part missing, so that nothing depends on a single pixel.

Knows arrays. Does not know what they show.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..arguments import brief
from ..randomness import RandomSource, generator
from .augmentation import Augmentation
from .moving import check_probability
from .warping import check_extent

__all__ = ["Erase", "Noise"]


class Noise(Augmentation):
    """Normal noise of deviation `std` is added to every value; nothing is clipped.

    >>> float(Noise(0.0)(np.ones((1, 2, 2))).max())
    1.0
    """

    def __init__(self, std: float = 0.1, *, rng: RandomSource = None):
        self.std = check_extent(std, "Noise: std")
        self.rng = generator(rng, "Noise")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """Other noise for each value."""
        kind = np.float64 if images.dtype == np.float64 else np.float32
        noise = rng.standard_normal(images.shape, kind)
        noise *= self.std
        return images + noise.astype(images.dtype, copy=False)


class Erase(Augmentation):
    """With probability `p` a rectangle of each image, in all channels, becomes `value`.

    Its area is uniform within `scale` of the image's, the logarithm of height to width within those of `ratio`; what is
    larger than the image is cut.
    Source: Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang, Random erasing data augmentation, 2017 (there, what is larger
    than the image is drawn again).

    >>> erased = Erase(p=1.0)(np.ones((1, 10, 10)), rng=0)
    >>> bool((erased == 0).any()), bool((erased == 1).any())
    (True, True)
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: float = 0.0,
        *,
        rng: RandomSource = None,
    ):
        self.p = check_probability(p, "Erase: p")
        for name, ends, most in (("scale", scale, 1.0), ("ratio", ratio, math.inf)):
            if len(ends) != 2 or not 0 < ends[0] <= ends[1] <= most:
                raise ag.OptionError(
                    f"Erase: {name} must be two positive numbers, the smaller one first"
                    f"{', at most 1' * (most == 1.0)}, got {brief(ends)}"
                )
        self.scale, self.ratio, self.value = scale, ratio, value
        self.rng = generator(rng, "Erase")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """A rectangle of its own for each image."""
        n, _, height, width = images.shape
        chosen: Any = rng.random(n) < self.p
        area = height * width * rng.uniform(*self.scale, n)
        ratio = np.exp(rng.uniform(math.log(self.ratio[0]), math.log(self.ratio[1]), n))
        inside = chosen[:, None, None, None]
        for axis, length, side in ((2, height, np.sqrt(area * ratio)), (3, width, np.sqrt(area / ratio))):
            side = np.clip(np.round(side), 1, length)
            first = np.floor(rng.random(n) * (length - side + 1))
            place = np.arange(length).reshape([-1 if i == axis else 1 for i in range(4)])
            begin, end = (edge.reshape(n, 1, 1, 1) for edge in (first, first + side))
            inside = inside & (begin <= place) & (place < end)
        return np.where(inside, np.asarray(self.value, images.dtype), images)
