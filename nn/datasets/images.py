"""Labelled images, split into a training and a test set.

Knows shapes and grey levels. Does not know where images come from.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from ..data import TensorDataset


@dataclass(frozen=True)
class ImageData:
    """Labelled images for training and for testing.

    Shapes: a sample is an image (channels, height, width), or a row of its values if flattened, and a label ().
    Units: grey levels from 0 to 1; labels int64 from 0 to len(classes) - 1.
    """

    train: TensorDataset
    test: TensorDataset
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        names = ", ".join(self.classes)
        return f"ImageData(train={self.train!r}, test={self.test!r}, {len(self.classes)} classes: {names})"


def labelled_images(
    images: NDArray[Any], labels: NDArray[Any], *, white: int, flatten: bool, dtype: DTypeLike
) -> TensorDataset:
    """Scale images so that the grey level `white` becomes 1, and pair them with their labels.

    Shapes: images (N, height, width) or (N, channels, height, width), labels (N,) -> samples as in `ImageData`.
    Errors: OptionError for a dtype that has no fractions.

    >>> labelled_images(np.full((3, 8, 8), 16), np.arange(3), white=16, flatten=True, dtype=np.float32)
    TensorDataset((3, 64) float32, (3,) int64)
    """
    if np.dtype(dtype).kind != "f":
        raise ag.OptionError(
            f"images: dtype must be a floating point type, because grey levels run from 0 to 1, got {np.dtype(dtype)}"
        )
    planes = images if images.ndim == 4 else images[:, None]
    shape = (len(images), -1) if flatten else planes.shape
    return TensorDataset(np.divide(images, white, dtype=dtype).reshape(shape), labels.astype(np.int64))
