"""A convolutional network as an estimator."""

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..containers import Sequential
from ..layers.activation import ReLU
from ..layers.conv import Conv2d
from ..layers.dropout import Dropout
from ..layers.linear import Linear
from ..layers.pool import MaxPool2d
from ..layers.shaping import Flatten
from ..module import Module
from .classes import Classifier

__all__ = ["ConvClassifier"]


@dataclass(eq=False, repr=False)
class ConvClassifier(Classifier):
    """A convolutional network that tells images apart, as an estimator of scikit-learn's.

    For each of `channels`: a convolution with that many maps, ReLU, and max-pooling over 2 x 2 as long as both sides
    are 4 pixels or more; then ReLU layers of `hidden_layer_sizes` with `dropout` before each affine layer.
    Pixels may come as rows, as scikit-learn has them: `image_shape` says which shape they are, (height, width) or
    (channels, height, width); without it, a square number of pixels is a square, and any other a line.
    Other options and the attributes after `fit`: as for MLPClassifier.
    Shapes: X (N, pixels), (N, height, width) or (N, channels, height, width); y (N,) labels of any kind.
    Errors: ShapeError where the pixels do not fill `image_shape`.
    """

    channels: Sequence[int] = (16, 32)
    kernel_size: int = 3
    hidden_layer_sizes: int | Sequence[int] = (64,)
    _: KW_ONLY
    image_shape: Sequence[int] | None = None

    def _accepted(self) -> dict[str, Any]:
        return {"allow_nd": True}

    def _images(self, X: NDArray[Any]) -> NDArray[Any]:
        if X.ndim == 4 and self.image_shape is None:
            return X
        if X.ndim > 4:
            raise ag.ShapeError(f"ConvClassifier: X must be (N, channels, height, width) at most, got shape {X.shape}")
        return X.reshape(len(X), *self._shape(X.shape[1:]))

    def _shape(self, given: tuple[int, ...]) -> tuple[int, ...]:
        if self.image_shape is not None:
            wanted = tuple(self.image_shape)
            shape = (1, *wanted) if len(wanted) == 2 else wanted
            if len(shape) != 3 or math.prod(shape) != math.prod(given):
                raise ag.ShapeError(
                    f"ConvClassifier: image_shape must be (height, width) or (channels, height, width) and hold the "
                    f"{math.prod(given)} pixels of a sample; got {self.image_shape!r}"
                )
            return shape
        if len(given) == 2:
            return (1, *given)
        side = math.isqrt(given[0])
        return (1, side, side) if side * side == given[0] else (1, 1, given[0])

    def _build(self, shape: tuple[int, ...], outputs: int, rng: np.random.Generator, dtype: Any) -> Module:
        maps, height, width = shape
        layers: list[Module] = []
        for wanted in np.atleast_1d(self.channels).tolist():
            layers += [Conv2d(maps, wanted, self.kernel_size, padding="same", rng=rng, dtype=dtype), ReLU()]
            maps = wanted
            if min(height, width) >= 4:
                layers.append(MaxPool2d(2))
                height, width = height // 2, width // 2
        layers.append(Flatten())
        units = maps * height * width
        for wanted in [*np.atleast_1d(self.hidden_layer_sizes).tolist(), outputs]:
            if isinstance(layers[-1], Linear):
                layers.append(ReLU())
            if self.dropout:
                layers.append(Dropout(self.dropout, rng=rng))
            layers.append(Linear(units, wanted, rng=rng, dtype=dtype))
            units = wanted
        return Sequential(*layers)
