"""Images moved by whole pixels: shifted, cropped, mirrored. No value is changed, what comes in from outside is 0.

Knows arrays. Does not know what they show: whether a class survives being mirrored is for the caller to judge.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

import autograd_core as ag

from ..arguments import brief, check_positive
from ..data import Samples, TensorDataset, fetch
from ..randomness import RandomSource, generator
from .augmentation import Augmentation

__all__ = ["Crop", "Flip", "Shift", "expand"]


class Shift(Augmentation):
    """Each image is moved by up to `pixels` up, down, left and right, all whole numbers being equally likely.

    >>> image = np.arange(1.0, 5.0).reshape(1, 2, 2)
    >>> Shift(1)(image, rng=0)[0]
    array([[3., 4.],
           [0., 0.]])
    """

    def __init__(self, pixels: int = 1, *, rng: RandomSource = None):
        self.pixels = check_positive(pixels, "Shift: pixels")
        self.rng = generator(rng, "Shift")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """Windows of the padded images."""
        height, width = images.shape[2:]
        top, left = rng.integers(2 * self.pixels + 1, size=(2, len(images)))
        return _windows(_pad(images, self.pixels), top, left, height, width)


class Crop(Augmentation):
    """A random part of `size`, after a margin of `padding` zeros was put around the image.

    Shapes: (N, channels, height, width) -> (N, channels, *size); a number is both height and width.
    Errors: ShapeError for images that are smaller than that.
    Source: torchvision's RandomCrop.

    >>> Crop(32, padding=4)(np.zeros((5, 3, 32, 32))).shape
    (5, 3, 32, 32)
    """

    def __init__(self, size: int | tuple[int, int], padding: int = 0, *, rng: RandomSource = None):
        sides = size if isinstance(size, tuple | list) else (size, size)
        if len(sides) != 2:
            raise ag.OptionError(f"Crop: size must be a number or (height, width), got {brief(size)}")
        self._sides = tuple(check_positive(side, "Crop: size") for side in sides)
        self.size, self.padding = size, padding
        if padding != 0:
            check_positive(padding, "Crop: padding")
        self.rng = generator(rng, "Crop")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """Windows of the padded images."""
        height, width = self._sides
        room = [side + 2 * self.padding - wanted for side, wanted in zip(images.shape[2:], self._sides, strict=True)]
        if min(room) < 0:
            raise ag.ShapeError(
                f"Crop: images of {images.shape[2:]} with padding={self.padding} are smaller than size={self.size}"
            )
        top, left = (rng.integers(extra + 1, size=len(images)) for extra in room)
        return _windows(_pad(images, self.padding), top, left, height, width)


class Flip(Augmentation):
    """Each image is mirrored, left for right, with probability `p`: for photographs, not for letters or digits.

    >>> Flip(p=1.0)(np.array([[[1.0, 2.0, 3.0]]])).tolist()
    [[[3.0, 2.0, 1.0]]]
    """

    def __init__(self, p: float = 0.5, *, rng: RandomSource = None):
        self.p = check_probability(p, "Flip: p")
        self.rng = generator(rng, "Flip")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """Some of them mirrored."""
        chosen = rng.random(len(images)) < self.p
        return np.where(chosen[:, None, None, None], images[..., ::-1], images)


def expand(dataset: Samples, pixels: int = 1) -> TensorDataset:
    """Five times the images: each as it is, then moved down, up, right and left by so many pixels, with its label.

    Nothing is random; 50,000 images of MNIST become 250,000 (784 MB in float32). Flattened images are taken for square.
    Shapes: samples of an image (channels, height, width) or (side * side,) and a label () -> the same.
    Source: M. Nielsen, Neural Networks and Deep Learning, 2015, chapter 6: expand_mnist.py, which also shuffles.

    >>> image = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> larger = expand(nn.data.TensorDataset(image, [7]))
    >>> [x.tolist() for x, y in larger][1:]  # down, up, right, left
    [[[[0.0, 0.0], [1.0, 2.0]]], [[[3.0, 4.0], [0.0, 0.0]]], [[[0.0, 1.0], [0.0, 3.0]]], [[[2.0, 0.0], [4.0, 0.0]]]]
    """
    pixels = check_positive(pixels, "expand: pixels")
    images, labels = (part.numpy() for part in fetch(dataset, np.arange(len(dataset))))
    grids = images
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        if side**2 != images.shape[1]:
            raise ag.ShapeError(
                f"expand: flattened images of {images.shape[1]} values are not square; do not flatten them"
            )
        grids = images.reshape(len(images), 1, side, side)
    if grids.ndim != 4:
        raise ag.ShapeError(
            f"expand: images must be (N, channels, height, width) or (N, side * side), got {images.shape}"
        )
    height, width = grids.shape[2:]
    padded = _pad(grids, pixels)
    # where in the padded image the window begins that shows it moved
    corners = [(pixels, pixels), (0, pixels), (2 * pixels, pixels), (pixels, 0), (pixels, 2 * pixels)]
    moved = np.empty((len(grids), 5, *grids.shape[1:]), grids.dtype)
    for k, (top, left) in enumerate(corners):
        moved[:, k] = padded[:, :, top : top + height, left : left + width]
    return TensorDataset(moved.reshape(5 * len(images), *images.shape[1:]), np.repeat(labels, 5, axis=0))


def check_probability(value: Any, who: str) -> float:
    """The value; OptionError unless it is a number from 0 to 1.

    >>> check_probability(0.5, "p")
    0.5
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise ag.OptionError(f"{who} must be a probability from 0 to 1, got {brief(value)}")
    return value  # type: ignore[return-value]  # stored as it was given


def _pad(images: NDArray[Any], margin: int) -> NDArray[Any]:
    *outer, height, width = images.shape
    padded = np.zeros((*outer, height + 2 * margin, width + 2 * margin), images.dtype)
    padded[..., margin : margin + height, margin : margin + width] = images
    return padded


def _windows(images: NDArray[Any], top: Any, left: Any, height: int, width: int) -> NDArray[Any]:
    """From each image the part that begins at its corner."""
    return sliding_window_view(images, (height, width), axis=(2, 3))[np.arange(len(images)), :, top, left]
