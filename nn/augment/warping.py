"""Images bent, turned, scaled and sheared a little, as other hands would write what they show.

Knows where each pixel is looked up in the image, and how to read between pixels. Does not know what they show.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..arguments import brief
from ..data import Samples
from ..randomness import RandomSource, generator
from .augmentation import Augmentation, Augmented

__all__ = ["Affine", "Distorted", "Elastic", "Rotate", "affine"]


class Affine(Augmentation):
    """Each image is turned, scaled, sheared and shifted around its middle.

    The angle is uniform within `degrees` either way, the logarithm of the size and the shear within `scale`, the shift
    within `pixels` along each axis.

    >>> Affine(degrees=15)(np.zeros((4, 1, 28, 28), np.float32)).dtype
    dtype('float32')
    """

    def __init__(self, degrees: float = 10.0, scale: float = 0.1, pixels: float = 0.5, *, rng: RandomSource = None):
        self.degrees = check_extent(degrees, "Affine: degrees")
        self.scale = check_extent(scale, "Affine: scale")
        self.pixels = check_extent(pixels, "Affine: pixels")
        self.rng = generator(rng, "Affine")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """Each seen through a matrix of its own."""
        n = len(images)
        angle = np.deg2rad(rng.uniform(-self.degrees, self.degrees, n))
        size = np.exp(rng.uniform(-self.scale, self.scale, n))
        shear = rng.uniform(-self.scale, self.scale, n)
        shift = rng.uniform(-self.pixels, self.pixels, (n, 2))
        cos, sin = np.cos(angle) / size, np.sin(angle) / size
        matrices = np.stack([np.stack([cos, sin], axis=1), np.stack([shear - sin, cos], axis=1)], axis=1)
        return affine(images, matrices, shift)


class Rotate(Augmentation):
    """Each image is turned around its middle by an angle that is uniform within `degrees` either way.

    >>> Rotate(15)
    Rotate(degrees=15)
    """

    def __init__(self, degrees: float, *, rng: RandomSource = None):
        self.degrees = check_extent(degrees, "Rotate: degrees")
        self.rng = generator(rng, "Rotate")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """Each turned by an angle of its own."""
        angle = np.deg2rad(rng.uniform(-self.degrees, self.degrees, len(images)))
        cos, sin = np.cos(angle), np.sin(angle)
        matrices = np.stack([np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)], axis=1)
        return affine(images, matrices, np.zeros((len(images), 2)))


class Elastic(Augmentation):
    """Each image is bent like rubber: every pixel is moved at random, together with its neighbours.

    The moves are uniform within `alpha` along each axis, then averaged over neighbours with normal weights of deviation
    `sigma`, in pixels. The published values for MNIST are the defaults.
    Source: P. Simard, D. Steinkraus, J. Platt, Best practices for convolutional neural networks applied to visual
    document analysis, 2003.

    >>> Elastic()(np.zeros((4, 1, 28, 28), np.float32)).shape
    (4, 1, 28, 28)
    """

    def __init__(self, alpha: float = 34.0, sigma: float = 4.0, *, rng: RandomSource = None):
        self.alpha = check_extent(alpha, "Elastic: alpha")
        self.sigma = check_extent(sigma, "Elastic: sigma")
        self.rng = generator(rng, "Elastic")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """Each with a field of moves of its own."""
        n, _, height, width = images.shape
        kind = _precision(images)
        moves = (2 * rng.random((2, n, height, width), kind) - 1) * self.alpha
        moves = _average(height, self.sigma, kind) @ moves @ _average(width, self.sigma, kind).T
        rows = np.arange(height, dtype=kind)[:, None] + moves[0]
        columns = np.arange(width, dtype=kind) + moves[1]
        return _read(images, rows, columns)


class Distorted(Augmented):
    """The images of a data set of (image, label), distorted by `Affine` at random each time they are fetched.

    >>> images = np.zeros((4, 1, 8, 8), np.float32)
    >>> data = Distorted(nn.data.TensorDataset(images, np.arange(4)), rng=0)
    >>> x, y = next(iter(nn.data.DataLoader(data, batch_size=4)))
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
    ):
        super().__init__(dataset, Affine(degrees, scale, pixels, rng=0), rng=rng)
        self.degrees, self.scale, self.pixels = degrees, scale, pixels


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
    kind = _precision(images)
    middle = (height - 1) / 2, (width - 1) / 2
    down = np.arange(height, dtype=kind)[:, None] - middle[0]
    right = np.arange(width, dtype=kind) - middle[1]
    matrices = matrices.astype(kind)[..., None, None]
    shifts = (shifts + middle).astype(kind)[..., None, None]
    rows, columns = (matrices[:, i, 0] * down + matrices[:, i, 1] * right + shifts[:, i] for i in range(2))
    return _read(images, rows, columns)


def _read(images: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
    """The values at positions between pixels, by linear interpolation; 0 outside.

    Shapes: images (N, channels, height, width), rows and columns (N, height, width) -> as images.
    """
    n, channels, height, width = images.shape
    # one row and column of zeros before, and two behind, so that a position outside has four zeros around it
    padded = np.zeros((n, channels, height + 3, width + 3), _precision(images))
    padded[:, :, 1:-2, 1:-2] = images
    rows, columns = np.clip(rows + 1, 0, height + 1), np.clip(columns + 1, 0, width + 1)
    top, left = rows.astype(np.intp), columns.astype(np.intp)
    down, right = (rows - top).astype(padded.dtype)[:, None], (columns - left).astype(padded.dtype)[:, None]
    # as positions in memory, which `take` reads several times faster than four index arrays
    across = width + 3
    size = (height + 3) * across
    planes = np.arange(n * channels).reshape(n, channels, 1, 1) * size
    at = planes + (top * across + left)[:, None]
    values = padded.ravel()
    above, below = _between(values, at, right), _between(values, at + across, right)
    return (above + down * (below - above)).astype(images.dtype, copy=False)


def _between(values: NDArray[Any], at: NDArray[np.intp], fraction: NDArray[Any]) -> NDArray[Any]:
    first = values.take(at)
    return first + fraction * (values.take(at + 1) - first)


def _average(size: int, sigma: float, kind: Any) -> NDArray[Any]:
    """The matrix that averages over neighbours along an axis; outside there is nothing to move."""
    distance = np.arange(size)[:, None] - np.arange(size)
    if sigma == 0:
        return np.eye(size, dtype=kind)
    reach = np.arange(-4 * np.ceil(sigma), 4 * np.ceil(sigma) + 1)
    total = np.exp(-0.5 * (reach / sigma) ** 2).sum()
    return (np.exp(-0.5 * (distance / sigma) ** 2) / total).astype(kind)


def _precision(images: NDArray[Any]) -> Any:
    return np.float64 if images.dtype == np.float64 else np.float32


def check_extent(value: Any, who: str) -> float:
    """The value; OptionError unless it is a finite number from 0.

    >>> check_extent(10, "degrees")
    10
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < float("inf"):
        raise ag.OptionError(f"{who} must be a finite number from 0, got {brief(value)}")
    return value  # type: ignore[return-value]  # stored as it was given
