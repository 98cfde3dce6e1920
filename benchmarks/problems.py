"""What is computed: expressions, networks, their data and their first weights. Knows no library but NumPy.

The expressions are written once, over operators, and run on whatever arrays a library brings. The networks are plain
descriptions; their arrays have PyTorch's layouts (NCHW images, OIHW filters, weights as (outputs, inputs)).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

CHAIN_LENGTH = 300
DEEP_CHAIN_LENGTH = 100_000
GELU_NUMBERS = 1_000_000


def chain(x: Any, factor: Any, shift: Any, tanh: Callable[[Any], Any], length: int = CHAIN_LENGTH) -> Any:
    """Multiply, add and tanh, 300 times over: almost nothing to compute, so what is left is the price of recording."""
    for _ in range(length):
        x = tanh(x * factor + shift)
    return x


def chain_data(length: int = CHAIN_LENGTH) -> tuple[Array, Array, Array]:
    """Starting point, factor and shift of `chain`: ten numbers each, float32.

    The factor is near one and the shift near zero, the nearer the longer the chain, so that the gradient neither
    vanishes nor explodes on the way.
    """
    rng = np.random.default_rng(0)
    start = rng.uniform(-0.05, 0.05, 10)
    factor = rng.uniform(1.0, 1.0 + 3.0 / length, 10)
    shift = rng.uniform(-0.003 / length, 0.003 / length, 10)
    return start.astype(np.float32), factor.astype(np.float32), shift.astype(np.float32)


def gelu(x: Any, tanh: Callable[[Any], Any]) -> Any:
    """The tanh form of the Gaussian error linear unit, as one writes it down (Hendrycks and Gimpel, 2016)."""
    return 0.5 * x * (1 + tanh(0.7978845608 * (x + 0.044715 * x**3)))


def gelu_data(count: int = GELU_NUMBERS) -> Array:
    """A million standard normal numbers, float32."""
    return np.random.default_rng(0).standard_normal(count, dtype=np.float32)


def logistic(weight: Any, bias: Any, inputs: Any, signs: Any, xp: Any) -> Any:
    """Logistic regression with a ridge, as a function written by hand; `xp` has exp, log, mean and sum."""
    margins = signs * (inputs @ weight + bias)
    return xp.mean(xp.log(1 + xp.exp(-margins))) + 0.01 * xp.sum(weight * weight)


def logistic_data() -> tuple[Array, Array, Array, Array]:
    """Weight, bias, inputs and signs of `logistic`: 2,000 points in 100 dimensions, float32."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((2_000, 100), dtype=np.float32)
    weight = 0.1 * rng.standard_normal(100, dtype=np.float32)
    signs = np.sign(inputs @ weight + rng.standard_normal(2_000, dtype=np.float32))
    return weight, np.zeros((), np.float32), inputs, signs


def micrograd(a: Any, b: Any, relu: Callable[[Any], Any]) -> Any:
    """The example of micrograd's README, on the scalars a = -4 and b = 2: g = 24.70, dg/da = 138.83, dg/db = 645.58."""
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def deep_chain(x: Any) -> Any:
    """100,000 operations on one number, each on the result of the one before."""
    for _ in range(DEEP_CHAIN_LENGTH // 2):
        x = x * 1.00001 + 0.00001
    return x


@dataclass(frozen=True)
class Convolution:
    """A square convolution of stride 1 and a ReLU, then perhaps a 2x2 max-pooling.

    With `normalize`, batch normalization stands before the ReLU, and the convolution has no bias.
    """

    channels: int
    kernel: int
    padding: int = 0
    pool: bool = True
    normalize: bool = False


@dataclass(frozen=True)
class Network:
    """One training problem: convolutions if there are any, affine layers, a loss and an optimizer, on one fixed batch.

    `sizes` are the widths of the affine layers, from the first one's inputs to the last one's outputs. The activation
    stands between affine layers; the quadratic loss, the mean over all outputs, has one more behind the last. `gain`
    scales the first weights, for networks so deep that their gradients would vanish.
    """

    image: tuple[int, ...]
    sizes: tuple[int, ...]
    batch: int
    convolutions: tuple[Convolution, ...] = ()
    activation: Literal["relu", "sigmoid"] = "relu"
    loss: Literal["cross_entropy", "quadratic"] = "cross_entropy"
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 0.1
    gain: float = 1.0

    def data(self) -> tuple[Array, Array]:
        """Inputs in [0, 1), float32, and random answers: classes, or their one-hot rows for the quadratic loss."""
        rng = np.random.default_rng(1)
        inputs = rng.random((self.batch, *self.image), dtype=np.float32)
        classes = rng.integers(0, self.sizes[-1], self.batch)
        if self.loss == "quadratic":
            return inputs, np.eye(self.sizes[-1], dtype=np.float32)[classes]
        return inputs, classes

    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the parameters: weight and bias of each layer, from the input on."""
        shapes: list[tuple[int, ...]] = []
        channels = self.image[0]
        for layer in self.convolutions:
            shapes += [(layer.channels, channels, layer.kernel, layer.kernel)]
            shapes += [(layer.channels,)] * (2 if layer.normalize else 1)
            channels = layer.channels
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            shapes += [(outputs, inputs), (outputs,)]
        return shapes

    def layers(self, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Values in the order of `shapes`, layer by layer: weight and bias, or weight, scale and shift."""
        taken = iter(values)
        counts = [3 if layer.normalize else 2 for layer in self.convolutions] + [2] * (len(self.sizes) - 1)
        return [tuple(islice(taken, count)) for count in counts]

    def parameters(self) -> list[Array]:
        """First values in the order of `shapes`: uniform within 1/sqrt(fan_in), as PyTorch would draw them."""
        scales = [group[1] for group in self.layers(range(len(self.shapes()))) if len(group) == 3]
        return drawn(self.shapes(), ones=scales, gain=self.gain)

    def evidence(self, loss: Any, parameters: Sequence[Any]) -> list[Array]:
        """What a library shows for this problem: its last loss, and by how much each parameter has moved."""
        return [np.asarray(loss), *moved(self.parameters(), parameters)]


def drawn(shapes: Sequence[tuple[int, ...]], ones: Sequence[int] = (), gain: float = 1.0) -> list[Array]:
    """First values of parameters: uniform within gain/sqrt(fan_in) of the last weight met, as PyTorch would draw them.

    Those at the places `ones`, the scales of normalizations, begin with 1.
    """
    rng = np.random.default_rng(2)
    values = []
    bound = 1.0
    for shape in shapes:
        if len(shape) > 1:
            bound = gain * float(np.prod(shape[1:])) ** -0.5
        values.append(rng.uniform(-bound, bound, shape).astype(np.float32))
    for place in ones:
        values[place][:] = 1
    return values


def moved(first: Sequence[Array], now: Sequence[Any]) -> list[Array]:
    """By how much each parameter has moved."""
    return [np.asarray(b) - a for a, b in zip(first, now, strict=True)]


NETWORKS = {
    "mlp_nielsen": Network(
        image=(784,), sizes=(784, 30, 10), batch=10, activation="sigmoid", loss="quadratic", learning_rate=3.0
    ),
    "mlp_small": Network(image=(784,), sizes=(784, 128, 64, 10), batch=64, optimizer="adam", learning_rate=1e-4),
    "mlp_wide": Network(image=(1024,), sizes=(1024, 1024, 1024, 1024), batch=512),
    "lenet": Network(
        image=(1, 28, 28),
        convolutions=(Convolution(6, kernel=5), Convolution(16, kernel=5)),
        sizes=(16 * 4 * 4, 120, 84, 10),
        batch=64,
    ),
    "cnn28": Network(
        image=(1, 28, 28),
        convolutions=(Convolution(32, kernel=3, pool=False), Convolution(64, kernel=3)),
        sizes=(64 * 12 * 12, 128, 10),
        batch=64,
    ),
    "cnn32": Network(
        image=(3, 32, 32),
        convolutions=(
            Convolution(32, kernel=5, padding=2),
            Convolution(32, kernel=5, padding=2),
            Convolution(64, kernel=5, padding=2),
        ),
        sizes=(64 * 4 * 4, 10),
        batch=64,
    ),
    "cnn_norm": Network(
        image=(3, 32, 32),
        convolutions=(
            Convolution(16, kernel=3, padding=1, normalize=True),
            Convolution(32, kernel=3, padding=1, normalize=True),
        ),
        sizes=(32 * 8 * 8, 10),
        batch=32,
        learning_rate=0.01,
    ),
}
