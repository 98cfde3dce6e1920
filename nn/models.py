"""Ready-made networks for images of digits, each with what it is trained with.

Knows layers. Does not know data sets beyond the shape of their images and the number of classes.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_core as ag

from . import functional, init
from .augment import Affine, Augmented
from .containers import Sequential
from .layers.activation import ReLU, Sigmoid
from .layers.batch_norm import BatchNorm1d, BatchNorm2d
from .layers.conv import Conv2d
from .layers.dropout import Dropout
from .layers.linear import Linear
from .layers.pool import MaxPool2d
from .layers.shaping import Flatten
from .module import Module
from .randomness import generator

__all__ = ["MODELS", "Recipe", "cnn", "lenet", "mlp", "modern", "nielsen", "quadratic_loss"]

Shape = tuple[int, int, int]


def mlp(image: Shape, classes: int, *, rng: Any = None) -> Module:
    """A multi-layer perceptron with two hidden layers of 256 and 128 ReLU units, and dropout after each.

    Shapes: x (N, channels, height, width) -> (N, classes).
    """
    rng = generator(rng, "mlp")
    return Sequential(
        Flatten(),
        Linear(int(np.prod(image)), 256, rng=rng),
        ReLU(),
        Dropout(0.2, rng=rng),
        Linear(256, 128, rng=rng),
        ReLU(),
        Dropout(0.2, rng=rng),
        Linear(128, classes, rng=rng),
    )


def cnn(image: Shape, classes: int, *, rng: Any = None) -> Module:
    """A convolutional network: 3x3 filters in 16 and 32 maps, a pooling, 64 units; dropout before both affine layers.

    Shapes: x (N, channels, height, width) -> (N, classes).
    """
    rng = generator(rng, "cnn")
    channels, height, width = image
    return Sequential(
        Conv2d(channels, 16, 3, padding=1, rng=rng),
        ReLU(),
        Conv2d(16, 32, 3, padding=1, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Dropout(0.25, rng=rng),
        Linear(32 * (height // 2) * (width // 2), 64, rng=rng),
        ReLU(),
        Dropout(0.25, rng=rng),
        Linear(64, classes, rng=rng),
    )


def lenet(image: Shape, classes: int, *, rng: Any = None) -> Module:
    """LeCun's design with ReLU and max-pooling: 5x5 filters in 6 and 16 maps, each pooled, then 120 and 84 units.

    Shapes: x (N, channels, height, width), 16 x 16 pixels or more -> (N, classes).
    Errors: OptionError for images that are too small.
    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, 1998.
    """
    rng = generator(rng, "lenet")
    channels = image[0]
    rest = _after_two_poolings("lenet", image)
    return Sequential(
        Conv2d(channels, 6, 5, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Conv2d(6, 16, 5, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Linear(16 * rest[0] * rest[1], 120, rng=rng),
        ReLU(),
        Linear(120, 84, rng=rng),
        ReLU(),
        Linear(84, classes, rng=rng),
    )


def modern(image: Shape, classes: int, *, rng: Any = None) -> Module:
    """LeNet's plan with what was learned since: more maps, batch normalization, ReLU, and dropout.

    Shapes: x (N, channels, height, width), 16 x 16 pixels or more -> (N, classes).
    Errors: OptionError for images that are too small.
    Source: as `lenet`; S. Ioffe, C. Szegedy, Batch normalization, 2015.
    """
    rng = generator(rng, "modern")
    channels = image[0]
    rest = _after_two_poolings("modern", image)
    return Sequential(
        Conv2d(channels, 32, 5, bias=False, rng=rng),
        BatchNorm2d(32),
        ReLU(),
        MaxPool2d(2),
        Conv2d(32, 64, 5, bias=False, rng=rng),
        BatchNorm2d(64),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Dropout(0.3, rng=rng),
        Linear(64 * rest[0] * rest[1], 256, bias=False, rng=rng),
        BatchNorm1d(256),
        ReLU(),
        Dropout(0.3, rng=rng),
        Linear(256, classes, rng=rng),
    )


def _after_two_poolings(who: str, image: Shape) -> list[int]:
    """Height and width after two 5x5 convolutions, each pooled."""
    _, height, width = image
    if min(height, width) < 16:
        raise ag.OptionError(
            f"{who}: two 5x5 convolutions with pooling need images of 16 x 16 pixels or more, got {height} x {width}; "
            "choose cnn"
        )
    return [((n - 4) // 2 - 4) // 2 for n in (height, width)]


def nielsen(image: Shape, classes: int, *, scaled: bool = True, rng: Any = None) -> Module:
    """The network of Nielsen's first chapter: 30 hidden sigmoid units, to be trained with `quadratic_loss`.

    Weights and biases come from a standard normal, the weights divided by sqrt(fan_in) as his third chapter advises;
    with `scaled=False` as in the first chapter, which saturates the hidden units and takes three times as long.
    Shapes: x (N, channels, height, width) -> (N, classes), each in (0, 1).
    Source: M. Nielsen, Neural Networks and Deep Learning, network.py, and default_weight_initializer in network2.py.
    """
    rng = generator(rng, "nielsen")
    hidden, output = Linear(int(np.prod(image)), 30, rng=rng), Linear(30, classes, rng=rng)
    model = Sequential(Flatten(), hidden, Sigmoid(), output, Sigmoid())
    for parameter in model.parameters():
        fan_in = parameter.shape[1] if scaled and parameter.ndim == 2 else 1
        init.normal_(parameter, std=fan_in**-0.5, rng=rng)
    return model


def quadratic_loss(outputs: Any, labels: Any) -> Any:
    """Half the squared distance from the outputs to the labels' one-hot vectors, as a mean over samples.

    Shapes: outputs (N, classes), labels (N,) class ids -> ().

    >>> quadratic_loss(np.array([[1.0, 1.0]]), np.array([0])).item()
    0.5
    """
    targets = functional.one_hot(labels, outputs.shape[1], outputs.dtype)
    return functional.quadratic_loss(outputs, targets)


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained unless told otherwise; `epochs` by data set.

    `schedule` is what the learning rate does: "cosine" falls to zero by epochs, "onecycle" rises and falls by updates,
    "constant" stays. `weight_decay` is of weights, not of biases and scales. `ema` is the decay of an average of the
    weights, which is then validated, tested and saved. `augment` makes a data set of distorted images of one, given
    `rng`; None stands for `nn.augment.Distorted`. `augmented` are the data sets where it is used unless told otherwise.
    `prefetch` batches are made ahead in a thread, which changes no figure.
    Figures were chosen by cross-validation within the training images of the digits, never on test images.
    """

    build: Callable[..., Module]
    epochs: Mapping[str, int]
    optimizer: str = "adam"
    learning_rate: float = 3e-3
    batch_size: int = 32
    loss: Callable[[Any, Any], Any] = functional.cross_entropy
    schedule: str = "cosine"
    weight_decay: float = 0.0
    ema: float | None = None
    augment: Callable[..., Any] | None = None
    augmented: Collection[str] = ("digits",)
    prefetch: int = 0


def _turned_and_shifted(data: Any, *, rng: Any = None) -> Augmented:
    return Augmented(data, Affine(degrees=10, scale=0.1, pixels=1.5), rng=rng)


MODELS = {
    "mlp": Recipe(mlp, {"digits": 100, "mnist": 10, "fashion_mnist": 10, "cifar10": 20}),
    "cnn": Recipe(cnn, {"digits": 60, "mnist": 5, "fashion_mnist": 10, "cifar10": 10}),
    "lenet": Recipe(lenet, {"mnist": 10, "fashion_mnist": 15, "cifar10": 20}, learning_rate=2e-3),
    "modern": Recipe(
        modern,
        {"mnist": 20, "fashion_mnist": 30, "cifar10": 30},
        "adamw",
        0.01,
        batch_size=100,
        schedule="onecycle",
        weight_decay=0.01,
        augment=_turned_and_shifted,
        augmented=("mnist",),
    ),
    "nielsen": Recipe(
        nielsen,
        {"digits": 100, "mnist": 30},
        "sgd",
        3.0,
        batch_size=10,
        loss=quadratic_loss,
        schedule="constant",
        augmented=(),
    ),
}
"""The networks of the command line, by name."""
