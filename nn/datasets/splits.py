"""MNIST, Fashion-MNIST and CIFAR-10 as scripts written for torchvision ask for them: one split at a time.

Knows torchvision's arguments and attributes. What it reads and where from is said in `mnist` and `cifar`; new code has
`mnist()`, which gives both splits, scaled.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..data import Dataset
from .cifar import CLASSES, cifar10_arrays
from .mnist import FASHION_CLASSES, fashion_mnist_arrays, mnist_arrays
from .transforms import Transform, batch_transform

__all__ = ["CIFAR10", "MNIST", "FashionMNIST"]


class _Split(Dataset):
    """The training or the test images of a data set, each with its class as an int.

    `transform` is a function of one image, an array of uint8 (height, width) or (height, width, channels); without one
    an image is that array. `target_transform` is a function of the class.
    """

    _names: tuple[str, ...]

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
        download: bool = False,
    ):
        self.root, self.train = root, train
        self.transform, self.target_transform = transform, target_transform
        self._images, self._labels = self._read(root, download)[0 if train else 1]
        self.classes = list(self._names)

    @staticmethod
    def _read(root: Any, download: bool) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        """Images (N, height, width[, channels]) and labels (N,) of both splits."""
        raise NotImplementedError

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class by its name."""
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: Any, /) -> Any:
        image, target = self._images[index], int(self._labels[index])
        return (
            image if self.transform is None else self.transform(image),
            target if self.target_transform is None else self.target_transform(target),
        )

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices`, transformed all at once where the transform can."""
        plain = type(self).__getitem__ is _Split.__getitem__ and self.target_transform is None
        if not plain or not (self.transform is None or isinstance(self.transform, Transform)):
            return super().batch(indices)
        images = self._images[indices]
        images = images if self.transform is None else batch_transform(self.transform, images)
        return ag.asarray(images), ag.asarray(self._labels[indices].astype(np.int64))

    def __repr__(self) -> str:
        shown = [f"{len(self)} images for {'training' if self.train else 'testing'}"]
        shown += [] if self.transform is None else [f"transform={self.transform!r}"]
        return f"{type(self).__name__}({', '.join(shown)})"


class MNIST(_Split):
    """`mnist`, as torchvision.datasets.MNIST.

    >>> from nn.datasets.transforms import Compose, Normalize, ToTensor
    >>> scaled = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
    >>> train = MNIST("data", train=True, download=True, transform=scaled)  # doctest: +SKIP
    >>> train[0][0].shape, train[0][1]  # doctest: +SKIP
    ((1, 28, 28), 5)
    """

    _names = tuple("0123456789")
    _read = staticmethod(mnist_arrays)

    @property
    def data(self) -> ag.Tensor:
        """All images, (N, 28, 28) uint8."""
        return ag.asarray(self._images)

    @property
    def targets(self) -> ag.Tensor:
        """All classes, (N,) int64."""
        return ag.asarray(self._labels.astype(np.int64))


class FashionMNIST(MNIST):
    """`fashion_mnist`, as torchvision.datasets.FashionMNIST.

    >>> test = FashionMNIST("data", train=False, download=True)  # doctest: +SKIP
    >>> test.classes[test[0][1]]  # doctest: +SKIP
    'Ankle boot'
    """

    _names = FASHION_CLASSES
    _read = staticmethod(fashion_mnist_arrays)


class CIFAR10(_Split):
    """`cifar10`, as torchvision.datasets.CIFAR10, but from the binary version, which needs no pickle.

    >>> train = CIFAR10("data", train=True, download=True)  # doctest: +SKIP
    >>> train.data.shape  # doctest: +SKIP
    (50000, 32, 32, 3)
    """

    _names = CLASSES
    _read = staticmethod(cifar10_arrays)

    @property
    def data(self) -> NDArray[np.uint8]:
        """All images, (N, 32, 32, 3)."""
        return self._images

    @property
    def targets(self) -> list[int]:
        """All classes."""
        return self._labels.tolist()
