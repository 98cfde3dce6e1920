"""What scripts written for torchvision do to an image before it goes into a batch, under the names that they use.

Knows images as torchvision's data sets hand them out: arrays (height, width) or (height, width, channels) of uint8, and
what `ToTensor` makes of them. The data sets of `splits` do it to a whole batch at once. New code has `nn.augment`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import autograd_core as ag

from ..arguments import brief
from ..augment import Augmentation, Crop, Flip, Rotate
from ..data import Stateful
from ..randomness import RandomSource, generator

__all__ = [
    "Compose",
    "Normalize",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomRotation",
    "ToTensor",
    "Transform",
    "batch_transform",
]


class Transform(Stateful, ABC):
    """A change of images; define `batch`, for many of them.

    Shapes: images (height, width) or (height, width, channels) as arrays, (channels, height, width) as Tensors.
    """

    @abstractmethod
    def batch(self, images: Any) -> Any:
        """The changed images, along the first axis."""

    def __call__(self, image: Any) -> Any:
        return self.batch(image[None])[0]

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in vars(self).items() if name != "rng" and name[0] != "_"]
        return f"{type(self).__name__}({', '.join(shown)})"


class Compose(Transform):
    """Transforms, or other functions of one image, one after the other.

    >>> tensor = Compose([ToTensor(), Normalize((0.5,), (0.5,))])(np.full((28, 28), 255, np.uint8))
    >>> tensor.shape, tensor.numpy().max().item()
    ((1, 28, 28), 1.0)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]):
        self.transforms = list(transforms)

    def batch(self, images: Any) -> Any:
        """All of them; those that know one image only are asked for each."""
        for transform in self.transforms:
            images = batch_transform(transform, images)
        return images

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            image = transform(image)
        return image


class ToTensor(Transform):
    """An array of uint8 becomes a Tensor of float32 from 0 to 1, channels first; other types keep theirs.

    Shapes: (height, width) -> (1, height, width), (height, width, channels) -> (channels, height, width).

    >>> ToTensor()(np.full((2, 3, 4), 255, np.uint8)).shape
    (4, 2, 3)
    """

    def batch(self, images: Any) -> Any:
        """The same for images along the first axis."""
        array = np.asarray(images)
        if array.ndim not in (3, 4):
            raise ag.ShapeError(
                f"ToTensor: an image must be (height, width) or (height, width, channels), got {array.shape[1:]}"
            )
        planes = array[:, None] if array.ndim == 3 else np.moveaxis(array, -1, 1)
        if planes.dtype == np.uint8:
            return ag.asarray(np.divide(planes, 255, dtype=np.float32))
        return ag.asarray(np.ascontiguousarray(planes))


class Normalize(Transform):
    """``(x - mean) / std`` for each channel of a Tensor.

    Errors: ShapeError for a number of channels that is neither 1 nor that of mean and std.

    >>> Normalize((0.1307,), (0.3081,))
    Normalize(mean=(0.1307,), std=(0.3081,))
    """

    def __init__(self, mean: ArrayLike, std: ArrayLike, inplace: bool = False):
        self.mean, self.std = mean, std
        self._mean, self._std = (np.asarray(value, float).reshape(-1, 1, 1) for value in (mean, std))
        if not (self._std > 0).all():
            raise ag.OptionError(f"Normalize: std must be positive, got {brief(std)}")

    def batch(self, images: Any) -> Any:
        """The same for images along the first axis."""
        if not isinstance(images, ag.Tensor) or images.dtype.kind != "f":
            raise ag.DTypeError(
                f"Normalize: needs a Tensor of floating point, got {brief(images)}; put ToTensor() before"
            )
        for values in (self._mean, self._std):
            if len(values) not in (1, images.shape[1]):
                raise ag.ShapeError(f"Normalize: {len(values)} values for images of {images.shape[1]} channels")
        mean, std = (values.astype(images.dtype) for values in (self._mean, self._std))
        return ag.asarray((images.numpy() - mean) / std)


class _Random(Transform):
    """An augmentation of `nn.augment`, before or after `ToTensor`; its generator is in `rng`."""

    _change: Augmentation
    rng: "np.random.Generator"

    def batch(self, images: Any) -> Any:
        """The same for images along the first axis, each changed in its own way."""
        if isinstance(images, ag.Tensor):
            return self._change(images, rng=self.rng)
        planes = images[:, None] if images.ndim == 3 else np.moveaxis(images, -1, 1)
        if planes.dtype.kind == "f":
            changed = self._change(planes, rng=self.rng)
        else:  # rounded, where values between are made up
            changed = np.round(self._change(planes.astype(np.float32), rng=self.rng)).astype(planes.dtype)
        return changed[:, 0] if images.ndim == 3 else np.moveaxis(changed, 1, -1)

    def __call__(self, image: Any) -> Any:
        return self.batch(image[None])[0]


class RandomCrop(_Random):
    """`nn.augment.Crop`.

    >>> RandomCrop(32, padding=4)(np.zeros((32, 32, 3), np.uint8)).shape
    (32, 32, 3)
    """

    _undrawn = ("_change",)

    def __init__(self, size: int | tuple[int, int], padding: int | None = None, *, rng: RandomSource = None):
        self.size, self.padding = size, padding
        self.rng = generator(rng, "RandomCrop")
        self._change = Crop(size, padding or 0, rng=0)


class RandomHorizontalFlip(_Random):
    """`nn.augment.Flip`.

    >>> RandomHorizontalFlip()
    RandomHorizontalFlip(p=0.5)
    """

    _undrawn = ("_change",)

    def __init__(self, p: float = 0.5, *, rng: RandomSource = None):
        self.p = p
        self.rng = generator(rng, "RandomHorizontalFlip")
        self._change = Flip(p, rng=0)


class RandomRotation(_Random):
    """`nn.augment.Rotate`, with values interpolated between pixels.

    >>> RandomRotation(10)
    RandomRotation(degrees=10)
    """

    _undrawn = ("_change",)

    def __init__(self, degrees: float, *, rng: RandomSource = None):
        self.degrees = degrees
        self.rng = generator(rng, "RandomRotation")
        self._change = Rotate(degrees, rng=0)


def batch_transform(transform: Callable[[Any], Any], images: NDArray[Any] | ag.Tensor) -> Any:
    """A transform of every image along the first axis: at once where it can, or one by one.

    >>> batch_transform(lambda image: image.T, np.zeros((5, 2, 3))).shape
    (5, 3, 2)
    """
    if isinstance(transform, Transform):
        return transform.batch(images)
    changed = [transform(image) for image in images]
    if all(isinstance(image, ag.Tensor) for image in changed):
        return ag.asarray(np.stack([image.detach().numpy() for image in changed]))
    return np.stack(changed)
