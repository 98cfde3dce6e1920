"""Random changes of images: what they have in common, several in a row, and data sets that are seen through them.

Knows batches of images, labels beside them, and whose generator draws. Does not know what a change does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from ..arguments import brief
from ..data import Dataset, Samples, Stateful, fetch
from ..randomness import RandomSource, generator

__all__ = ["Augmentation", "Augmented", "Compose"]


class Augmentation(Stateful, ABC):
    """A random change of images, another for each of them; derive from it and define `apply`.

    Called with a batch (N, channels, height, width) or one image (channels, height, width), array or Tensor, it gives a
    new one of the same kind and type. It draws from `rng` of the call, or else from its own.
    Errors: ShapeError for other axes, DTypeError for images that are not floating point.

    >>> class Darken(Augmentation):
    ...     def apply(self, images, rng):
    ...         return images * rng.random((len(images), 1, 1, 1), images.dtype)
    >>> Darken()(np.ones((4, 1, 8, 8), np.float32), rng=0).shape
    (4, 1, 8, 8)
    """

    rng: "np.random.Generator | None" = None

    @abstractmethod
    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """The changed images (N, channels, height, width), of the same type; `images` stays as it is."""

    def __call__(self, images: Any, rng: RandomSource = None) -> Any:
        who = type(self).__name__
        if self.rng is None:
            self.rng = generator(None, who)
        draw = self.rng if rng is None else generator(rng, who)
        array = images.detach().numpy() if isinstance(images, ag.Tensor) else np.asarray(images)
        if array.ndim not in (3, 4):
            raise ag.ShapeError(
                f"{who}: images must be (N, channels, height, width), or one (channels, height, width), got "
                f"{array.shape}; load them with flatten=False, and flatten them in the network"
            )
        if array.dtype.kind != "f":
            raise ag.DTypeError(
                f"{who}: images must be floating point, got {array.dtype}; images.astype(np.float32) / 255"
            )
        changed = self.apply(array if array.ndim == 4 else array[None], draw)
        changed = changed if array.ndim == 4 else changed[0]
        return ag.asarray(changed) if isinstance(images, ag.Tensor) else changed

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in vars(self).items() if name != "rng" and name[0] != "_"]
        return f"{type(self).__name__}({', '.join(shown)})"


class Compose(Augmentation):
    """Changes one after the other, given as a list as in torchvision.

    >>> from nn.augment import Flip, Shift
    >>> Compose([Shift(2), Flip()])
    Compose([Shift(pixels=2), Flip(p=0.5)])
    """

    _undrawn = ("transforms",)  # they are handed the generator

    def __init__(self, transforms: list[Callable[..., Any]], *, rng: RandomSource = None):
        for transform in transforms:
            if not isinstance(transform, Augmentation):
                raise ag.OptionError(
                    f"Compose: transforms must be a list of augmentations such as Shift(2), got {brief(transform)}; "
                    "derive your own from Augmentation"
                )
        self.transforms = list(transforms)
        self.rng = generator(rng, "Compose")

    def apply(self, images: NDArray[Any], rng: "np.random.Generator") -> NDArray[Any]:
        """All of them, drawing from one generator."""
        for transform in self.transforms:
            images = transform(images, rng=rng)
        return images

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"


class Augmented(Dataset):
    """A data set of (image, label, ...) whose images are changed at random each time they are fetched.

    The rest of a sample stays as it is. All that is random comes from `rng`, which is part of `state_dict`.
    Errors: DataError for samples that do not begin with an image.

    >>> from nn.augment import Flip, Shift
    >>> data = nn.data.TensorDataset(np.zeros((4, 1, 8, 8), np.float32), np.arange(4))
    >>> x, y = next(iter(nn.data.DataLoader(Augmented(data, Shift(1), Flip(), rng=0), batch_size=4)))
    >>> x.shape, y.tolist()
    ((4, 1, 8, 8), [0, 1, 2, 3])
    """

    _undrawn = ("transform",)  # it is handed the generator

    def __init__(self, dataset: Samples, *transforms: Augmentation, rng: RandomSource = None):
        self.dataset = dataset
        self.transform = transforms[0] if len(transforms) == 1 else Compose(list(transforms), rng=0)
        if not isinstance(self.transform, Augmentation):
            Compose(list(transforms))  # which refuses it in words
        self.rng = generator(rng, type(self).__name__)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Any, /) -> Any:
        image, *rest = self._parts(self.dataset[index])
        return (self.transform(image, rng=self.rng), *rest)

    def batch(self, indices: NDArray[np.intp]) -> Any:
        """The samples at `indices`, each image changed in its own way, all at once."""
        if type(self).__getitem__ is not Augmented.__getitem__:
            return super().batch(indices)
        images, *rest = self._parts(fetch(self.dataset, indices))
        return (self.transform(images, rng=self.rng), *rest)

    def _parts(self, sample: Any) -> Any:
        if not isinstance(sample, tuple | list) or not sample:
            raise ag.DataError(
                f"{type(self).__name__}: a sample must be a tuple that begins with an image, got {brief(sample)}"
            )
        return sample

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dataset!r}, {self.transform!r})"
