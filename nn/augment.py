"""Images seen anew in every epoch: turned, scaled, sheared and shifted a little, as other hands would write them.

Knows images as arrays. Does not know what they show; whether a class survives being turned is for the caller to judge.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from .data import Dataset, Samples, collate
from .randomness import RandomSource, generator

__all__ = ["Distorted", "affine"]


class Distorted(Dataset):
    """The images of a data set of (image, label), distorted at random each time they are fetched.

    The angle is uniform within `degrees` either way, the logarithm of the size and the shear within `scale`, the shift
    within `pixels` along each axis.

    >>> images = np.zeros((4, 1, 8, 8), np.float32)
    >>> from nn.data import DataLoader, TensorDataset
    >>> x, y = next(iter(DataLoader(Distorted(TensorDataset(images, np.arange(4)), rng=0), batch_size=4)))
    >>> x.shape, y.tolist()
    ((4, 1, 8, 8), [0, 1, 2, 3])
    """

    def __init__(
        self,
        dataset: Samples,
        degrees: float = 10.0,
        scale: float = 0.1,
        pixels: float = 0.5,
        *,
        rng: RandomSource = None,
    ) -> None:
        self.dataset, self.degrees, self.scale, self.pixels = dataset, degrees, scale, pixels
        self.rng = generator(rng, "Distorted")

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Any, /) -> Any:
        images, labels = self.batch(np.asarray([index]))
        return images[0], labels[0]

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices`, each image distorted in its own way."""
        fetch = getattr(self.dataset, "batch", None)
        images, labels = fetch(indices) if fetch else collate([self.dataset[i] for i in indices.tolist()])
        n = len(images)
        angle = np.deg2rad(self.rng.uniform(-self.degrees, self.degrees, n))
        size = np.exp(self.rng.uniform(-self.scale, self.scale, n))
        shear = self.rng.uniform(-self.scale, self.scale, n)
        shift = self.rng.uniform(-self.pixels, self.pixels, (n, 2))
        cos, sin = np.cos(angle) / size, np.sin(angle) / size
        matrices = np.stack([np.stack([cos, sin], axis=1), np.stack([shear - sin, cos], axis=1)], axis=1)
        return ag.asarray(affine(images.numpy(), matrices, shift)), labels


def affine(images: NDArray[Any], matrices: NDArray[Any], shifts: NDArray[Any]) -> NDArray[Any]:
    """Each image seen through an affine map: the pixel at p shows what was at ``matrix @ p + shift``, 0 from outside.

    Positions are (row, column) from the middle of the image; between pixels the values are interpolated linearly.
    Shapes: images (N, channels, height, width), matrices (N, 2, 2), shifts (N, 2) -> as images.

    >>> image = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> affine(image, np.eye(2)[None], np.array([[0.0, 1.0]]))[0, 0]
    array([[1., 2., 0.],
           [4., 5., 0.],
           [7., 8., 0.]])
    """
    height, width = images.shape[2:]
    middle = (np.array([height, width]) - 1) / 2
    grid = np.moveaxis(np.indices((height, width)), 0, -1) - middle  # (height, width, 2)
    seen = np.einsum("nij,hwj->nhwi", matrices, grid) + shifts[:, None, None, :] + middle
    padded = np.pad(images, ((0, 0), (0, 0), (1, 2), (1, 2)))  # what lies outside is paper
    seen = np.clip(seen + 1, 0, np.array([height, width]) + 1)
    corner = seen.astype(np.intp)
    down, right = np.moveaxis(seen - corner, -1, 0)[:, :, None]
    row, column = np.moveaxis(corner, -1, 0)
    image = np.arange(len(images))[:, None, None]

    def at(i: int, j: int) -> NDArray[Any]:
        return np.moveaxis(padded[image, :, row + i, column + j], -1, 1)

    above = (1 - right) * at(0, 0) + right * at(0, 1)
    below = (1 - right) * at(1, 0) + right * at(1, 1)
    return ((1 - down) * above + down * below).astype(images.dtype)
