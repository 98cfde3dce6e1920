"""What a trained network does on a test set: the figures and examples that a report shows.

Knows classification of images. Does not know how the network was trained, nor how a report looks.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import TensorDataset
from .history import History
from .metrics import accuracy, confusion_matrix
from .module import Module
from .monitor import GradientNorms
from .train import predict

__all__ = ["Mistake", "Result", "examine"]

_LOOKED_AT = 256  # images


@dataclass(frozen=True)
class Mistake:
    """An image that was taken for another class; `index` is its place in the test set."""

    index: int
    image: NDArray[Any]
    predicted: str
    true: str


@dataclass(frozen=True)
class Result:
    """A trained network with its figures on the test set.

    `images` are the first test images, to look at what the network makes of them; `norms` were recorded in training.
    """

    name: str
    model: Module
    history: History
    classes: tuple[str, ...]
    accuracy: float
    confusion: NDArray[np.int64]
    mistakes: list[Mistake]
    settings: dict[str, Any] = field(default_factory=dict)
    images: NDArray[Any] = field(default_factory=lambda: np.empty((0,)))
    norms: GradientNorms | None = None

    @property
    def tested(self) -> int:
        """The number of test images."""
        return int(self.confusion.sum())

    @property
    def parameters(self) -> int:
        """The number of learned numbers."""
        return sum(parameter.size for parameter in self.model.parameters())

    def __str__(self) -> str:
        wrong = self.tested - round(self.accuracy * self.tested)
        return f"{self.name}: {100 * self.accuracy:.2f} % of {self.tested:,} test images right, {wrong:,} wrong"


def examine(
    name: str,
    model: Module,
    history: History,
    test: TensorDataset,
    classes: tuple[str, ...],
    settings: dict[str, Any] | None = None,
    norms: GradientNorms | None = None,
) -> Result:
    """Run a network over the test set, once, and keep what a report needs."""
    images, labels = (tensor.numpy() for tensor in test.tensors)
    outputs = predict(model, test)
    guesses = outputs.argmax(axis=1)
    mistakes = [
        Mistake(i, images[i], classes[guesses[i]], classes[labels[i]])
        for i in np.flatnonzero(guesses != labels).tolist()
    ]
    return Result(
        name,
        model,
        history,
        classes,
        accuracy(outputs, labels),
        confusion_matrix(outputs, labels, len(classes)),
        mistakes,
        settings or {},
        images[:_LOOKED_AT],
        norms,
    )
