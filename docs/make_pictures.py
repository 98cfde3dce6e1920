"""Draws the pictures that the README and the pages show: `python docs/make_pictures.py [folder] [ending ...]`.

Each function is a small program and returns the graph of what it computed, under the name of its file. The same
program gives the same bytes; `make pictures` writes them all to docs/pictures.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import autograd_core as ag
import nn
from nn.models import lenet as lenet_model, nielsen as nielsen_model, quadratic_loss

HERE = Path(__file__).resolve().parent

PICTURES: dict[str, Callable[[], ag.Graph]] = {}


def picture(function: Callable[[], ag.Graph]) -> Callable[[], ag.Graph]:
    PICTURES[function.__name__] = function
    return function


@picture
def readme() -> ag.Graph:
    """The example that the README opens with: the code there is run, so that it cannot differ."""
    text = (HERE.parent / "README.md").read_text()
    first = text.split("```python\n")[1].split("```")[0]
    namespace: dict[str, object] = {}
    exec(compile(first, "README.md", "exec"), namespace)
    graph = namespace["picture"]
    assert isinstance(graph, ag.Graph)
    return graph


@picture
def xor() -> ag.Graph:
    """The network that solves XOR exactly, f(x) = w max(0, W x + c), on one of its four inputs.

    Source: I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, 2016, section 6.1.
    """
    x = ag.tensor([1.0, 0.0])
    W = ag.tensor([[1.0, 1.0], [1.0, 1.0]], requires_grad=True)
    c = ag.tensor([0.0, -1.0], requires_grad=True)
    w = ag.tensor([1.0, -2.0], requires_grad=True)
    with ag.watch():
        hidden = ag.relu(W @ x + c)
        y = w @ hidden
    y.backward()
    return ag.draw(y, {"x": x, "W": W, "c": c, "w": w, "hidden": hidden, "y": y})


@picture
def micrograd() -> ag.Graph:
    """The expression that micrograd opens with, whose gradients are 138.8338 and 645.5773.

    Source: A. Karpathy, https://github.com/karpathy/micrograd, README.
    """
    a = ag.tensor(-4.0, requires_grad=True)
    b = ag.tensor(2.0, requires_grad=True)
    with ag.watch():
        c = a + b
        d = a * b + b**3
        c = c + (c + 1)
        c = c + (1 + c - a)
        d = d + (d * 2 + ag.relu(b + a))
        d = d + (3 * d + ag.relu(b - a))
        e = c - d
        f = e**2
        g = f / 2.0
        g = g + 10.0 / f
    g.backward()
    return ag.draw(g, {"a": a, "b": b, "c": c, "d": d, "e": e, "f": f, "g": g})


@picture
def nielsen() -> ag.Graph:
    """The first network of Nielsen's book, 784-30-10, after one sweep over a mini-batch of ten."""
    rng = np.random.default_rng(0)
    model = nielsen_model((1, 28, 28), 10, rng=0)
    images, labels = rng.random((10, 1, 28, 28), dtype=np.float32), np.arange(10)
    with ag.watch():
        loss = quadratic_loss(model(images), labels)
    loss.backward()
    return ag.draw(loss, model)


def _lenet(depth: int | None) -> ag.Graph:
    model = lenet_model((1, 28, 28), 10, rng=0)
    images = np.random.default_rng(0).random((8, 1, 28, 28), dtype=np.float32)
    with ag.watch():
        loss = nn.functional.cross_entropy(model(images), np.arange(8))
    loss.backward()
    return ag.draw(loss, model, depth=depth)


@picture
def lenet_folded() -> ag.Graph:
    """LeNet, a box for each of its modules."""
    return _lenet(0)


@picture
def lenet() -> ag.Graph:
    """LeNet with every operation."""
    return _lenet(None)


class SigmoidLayer(nn.Module):
    """sigmoid(W x + b)."""

    def __init__(self, width: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width, rng=rng)

    def forward(self, x: ag.Tensor) -> ag.Tensor:
        return nn.functional.sigmoid(self.linear(x))


@picture
def vanishing() -> ag.Graph:
    """Twenty sigmoid layers: the gradients fade on the way to the first."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(*(SigmoidLayer(16, rng) for _ in range(20)))
    x = rng.normal(size=(32, 16)).astype(np.float32)
    with ag.watch():
        loss = (model(x) ** 2).mean()
    loss.backward()
    return ag.draw(loss, model, depth=0, fold=False, values=False)


class Residual(nn.Module):
    """x + W2 relu(W1 x)."""

    def __init__(self, width: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width, rng=rng), nn.Linear(width, width, rng=rng)

    def forward(self, x: ag.Tensor) -> ag.Tensor:
        return x + self.second(nn.functional.relu(self.first(x)))


@picture
def residual() -> ag.Graph:
    """A residual block twelve times, folded into one."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(8, 32, rng=rng), *(Residual(32, rng) for _ in range(12)), nn.Linear(32, 1, rng=rng))
    x = rng.normal(size=(16, 8)).astype(np.float32)
    with ag.watch():
        loss = (model(x) ** 2).mean()
    loss.backward()
    return ag.draw(loss, model, depth=0)


@picture
def second_derivative() -> ag.Graph:
    """The gradient of x sin(x), drawn as what it is: another computation, which was differentiated once more."""
    x = ag.tensor(2.0, requires_grad=True)
    with ag.watch():
        y = x * ag.sin(x)
        slope = ag.gradients(y, x, create_graph=True)
    slope.backward()
    return ag.draw(slope, {"x": x, "y": y, "slope": slope})


@picture
def backward() -> ag.Graph:
    """The sweep through one layer: what goes back along every edge, in the rules' own words."""
    x, target = ag.tensor([[1.0, 2.0]]), ag.tensor([[0.0]])
    W = ag.tensor([[0.5, -0.5]], requires_grad=True)
    b = ag.tensor([0.25], requires_grad=True)
    with ag.watch():
        y = ag.tanh(ag.linear(x, W, b))
        loss = ((y - target) ** 2).mean()
    loss.backward()
    return ag.draw(loss, {"W": W, "b": b}, graph="backward", rules="words")


def main(folder: str = str(HERE / "pictures"), *endings: str) -> None:
    for name, make in PICTURES.items():
        for ending in endings or ("svg",):
            path = make().save(Path(folder) / f"{name}.{ending}")
            print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
