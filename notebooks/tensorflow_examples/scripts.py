"""The scripts: what each trains, with what, for how long, in which order it draws, and what accuracy it printed.

Knows networks, losses and optimizers. Does not know where images come from, nor where results go.

Two things are not as in TensorFlow, and too small to show in an accuracy: its Adam adds `eps` before the correction of
the bias of its second moment, and a script that takes the logarithm of a probability clips that at 1e-9, where we take
the logarithm of softmax itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

import numpy as np

import autograd_core as ag
import nn
from nn.functional import cross_entropy


@dataclass(frozen=True)
class Script:
    """One training script.

    `published` is the test accuracy in the saved output of the notebook `source`, or None where the script is a
    variation of ours; `tested` the number of test images it was measured on.
    """

    about: str
    network: Callable[[np.random.Generator], nn.Module]
    optimizer: Callable[[Any], Any]
    steps: int
    batch: int
    order: Callable[[int, np.random.Generator], Iterator[int]]
    loss: Callable[[Any, Any], Any] = cross_entropy
    source: str | None = None
    published: float | None = None
    tested: int = 10_000
    seeds: int = 3
    held_back: int = 0  # of the training images, the first so many are kept for validation, and not used


# --- the order in which images are drawn ------------------------------------------------------------------------------


def epochs(n: int, rng: np.random.Generator) -> Iterator[int]:
    """All, shuffled; then all again, shuffled anew: `next_batch` of TensorFlow 1."""
    while True:
        yield from rng.permutation(n).tolist()


def buffered(n: int, rng: np.random.Generator, size: int = 5000) -> Iterator[int]:
    """`repeat().shuffle(5000)` of TensorFlow 2: each is drawn from the next 5,000, and the next one takes its place."""
    waiting = [i % n for i in range(size)]
    for following in count(size):
        drawn = int(rng.integers(size))
        yield waiting[drawn]
        waiting[drawn] = following % n


# --- networks, by the initial values of their scripts -----------------------------------------------------------------


def normal(network: nn.Module, rng: np.random.Generator, std: float = 1.0, *, biases: bool = False) -> nn.Module:
    """All weights N(0, std²); the biases too, or 0."""
    for parameter in network.parameters():
        if parameter.ndim > 1 or biases:
            nn.init.normal_(parameter, 0.0, std, rng=rng)
        else:
            nn.init.zeros_(parameter)
    return network


def initialised(network: nn.Module, weights: Callable[..., Any], rng: np.random.Generator) -> nn.Module:
    """Weights by a function of `nn.init`; biases 0."""
    for parameter in network.parameters():
        if parameter.ndim > 1:
            weights(parameter, rng=rng)
        else:
            nn.init.zeros_(parameter)
    return network


def affine(*sizes: int) -> nn.Sequential:
    """Affine layers one after the other, and nothing between them."""
    return nn.Sequential(*(nn.Linear(a, b, rng=0) for a, b in zip(sizes, sizes[1:], strict=False)))


def images() -> nn.Module:
    """Rows of 784 numbers as images of 28 x 28."""
    return nn.Unflatten(1, (1, 28, 28))


def convolutions_raw(dropout: float) -> nn.Sequential:
    """Two convolutions that keep the size, each with a pool; 1,024 ReLUs."""
    return nn.Sequential(
        images(),
        *(nn.Conv2d(1, 32, 5, padding=2, rng=0), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, padding=2, rng=0), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(7 * 7 * 64, 1024, rng=0), nn.ReLU(), nn.Dropout(dropout, rng=0)),
        nn.Linear(1024, 10, rng=0),
    )


def convolutions_of_layers() -> nn.Sequential:
    """Two convolutions, each with a pool; 1,024 units which, in the script as well, have no activation."""
    return nn.Sequential(
        images(),
        *(nn.Conv2d(1, 32, 5, rng=0), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, rng=0), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(5 * 5 * 64, 1024, rng=0), nn.Dropout(0.5, rng=0)),
        nn.Linear(1024, 10, rng=0),
    )


def summed(logits: Any, labels: Any) -> Any:
    """Cross-entropy added up over the batch: the sum inside `reduce_mean` leaves that one number to average."""
    return cross_entropy(logits, labels, reduction="sum")


def softmax_twice(logits: Any, labels: Any) -> Any:
    """Cross-entropy of a softmax of probabilities."""
    return cross_entropy(nn.functional.softmax(logits, dim=1), labels)


def adam(lr: float) -> Callable[[Any], Any]:
    return lambda parameters: nn.optim.Adam(parameters, lr=lr)


def adam_of_keras(lr: float) -> Callable[[Any], Any]:
    return lambda parameters: nn.optim.Adam(parameters, lr=lr, eps=1e-7)


def sgd(lr: float) -> Callable[[Any], Any]:
    return lambda parameters: nn.optim.SGD(parameters, lr=lr)


V1, V2 = "tensorflow_v1/notebooks/3_NeuralNetworks", "tensorflow_v2/notebooks/3_NeuralNetworks"
OF_TENSORFLOW_1 = {"order": epochs, "held_back": 5000}
OF_TENSORFLOW_2 = {"order": buffered}

SCRIPTS = {
    "neural_network_raw": Script(
        "784-256-256-10 without any activation, all values N(0, 1), Adam .1",
        lambda rng: normal(affine(784, 256, 256, 10), rng, biases=True),
        adam(0.1),
        steps=500,
        batch=128,
        source=f"{V1}/neural_network_raw.ipynb",
        published=0.8729,
        seeds=20,
        **OF_TENSORFLOW_1,
    ),
    "neural_network_raw + ReLU": Script(
        "the same with ReLUs between, and nothing else changed",
        lambda rng: normal(nn.MLP([784, 256, 256, 10], nn.ReLU, rng=0), rng, biases=True),
        adam(0.1),
        steps=500,
        batch=128,
        **OF_TENSORFLOW_1,
    ),
    "neural_network_raw + ReLU + He": Script(
        "with ReLUs between, weights N(0, 2/n), biases 0, Adam .001",
        lambda rng: initialised(nn.MLP([784, 256, 256, 10], nn.ReLU, rng=0), nn.init.kaiming_normal_, rng),
        adam(0.001),
        steps=500,
        batch=128,
        **OF_TENSORFLOW_1,
    ),
    "neural_network_raw + He": Script(
        "without any activation, weights N(0, 2/n), biases 0, Adam .001",
        lambda rng: initialised(affine(784, 256, 256, 10), nn.init.kaiming_normal_, rng),
        adam(0.001),
        steps=500,
        batch=128,
        **OF_TENSORFLOW_1,
    ),
    "softmax regression": Script(
        "784-10, one layer, from 0, Adam .01",
        lambda rng: initialised(affine(784, 10), lambda parameter, rng: nn.init.zeros_(parameter), rng),
        adam(0.01),
        steps=500,
        batch=128,
        **OF_TENSORFLOW_1,
    ),
    "neural_network_raw, v2": Script(
        "784-128-256-10, sigmoid, weights N(0, .05²), SGD .001 on the summed loss",
        lambda rng: normal(nn.MLP([784, 128, 256, 10], nn.Sigmoid, rng=0), rng, 0.05),
        sgd(0.001),
        steps=3000,
        batch=256,
        loss=summed,
        source=f"{V2}/neural_network_raw.ipynb",
        published=0.9376,
        **OF_TENSORFLOW_2,
    ),
    "neural_network, v2, as published": Script(
        "784-128-10, ReLU, SGD .1; softmax twice, and a second hidden layer that is made and not called",
        lambda rng: initialised(nn.MLP([784, 128, 10], nn.ReLU, rng=0), nn.init.xavier_uniform_, rng),
        sgd(0.1),
        steps=2000,
        batch=256,
        loss=softmax_twice,
        source=f"{V2}/neural_network.ipynb",
        published=0.9207,
        **OF_TENSORFLOW_2,
    ),
    "neural_network, v2, as mended": Script(
        "784-128-256-10, ReLU, SGD .1; softmax once (its output was not made anew)",
        lambda rng: initialised(nn.MLP([784, 128, 256, 10], nn.ReLU, rng=0), nn.init.xavier_uniform_, rng),
        sgd(0.1),
        steps=2000,
        batch=256,
        source=f"{V2}/neural_network.ipynb",
        **OF_TENSORFLOW_2,
    ),
    "convolutional_network_raw": Script(
        "conv 32, conv 64 (5 x 5, pools), 1,024 ReLUs, dropout .25, all values N(0, 1), Adam .001",
        lambda rng: normal(convolutions_raw(0.25), rng, biases=True),
        adam(0.001),
        steps=500,
        batch=128,
        source=f"{V1}/convolutional_network_raw.ipynb",
        published=0.976562,
        tested=256,
        **OF_TENSORFLOW_1,
    ),
    "convolutional_network_raw, v2": Script(
        "the same without dropout, weights N(0, .05²), the summed loss, 200 steps",
        lambda rng: normal(convolutions_raw(0.0), rng, 0.05),
        adam_of_keras(0.001),
        steps=200,
        batch=128,
        loss=summed,
        source=f"{V2}/convolutional_network_raw.ipynb",
        published=0.98,
        **OF_TENSORFLOW_2,
    ),
    "convolutional_network, v2": Script(
        "conv 32 (5 x 5), conv 64 (3 x 3), pools, 1,024 linear units, dropout .5, Adam .001",
        lambda rng: initialised(convolutions_of_layers(), nn.init.xavier_uniform_, rng),
        adam_of_keras(0.001),
        steps=200,
        batch=128,
        source=f"{V2}/convolutional_network.ipynb",
        published=0.9777,
        **OF_TENSORFLOW_2,
    ),
}


# --- running them -----------------------------------------------------------------------------------------------------


def train(script: Script, images: Any, labels: Any, seed: int) -> tuple[nn.Module, float]:
    """A network that the script trained on these images (N, 784), and its loss on the last batch, afterwards."""
    rng = np.random.default_rng(seed)
    network = script.network(rng)
    for layer in network:
        if isinstance(layer, nn.Dropout):
            layer.rng = np.random.default_rng(rng.integers(2**32))
    optimizer = script.optimizer(network.parameters())

    @ag.compile
    def step(x: Any, y: Any) -> Any:
        loss = script.loss(network(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    images, labels = images[script.held_back :], labels[script.held_back :]
    order = script.order(len(images), rng)
    for _ in range(script.steps):
        chosen = list(islice(order, script.batch))
        step(ag.tensor(images[chosen]), ag.tensor(labels[chosen]))
    network.eval()
    with ag.no_grad():
        last = script.loss(network(images[chosen]), labels[chosen])
    return network, float(last)


def predictions(network: nn.Module, images: Any) -> np.ndarray:
    """The classes that a network gives images (N, 784), which go through it a thousand at a time."""
    with ag.no_grad():
        parts = [np.asarray(network(images[i : i + 1000])).argmax(1) for i in range(0, len(images), 1000)]
    return np.concatenate(parts)
