"""autograd_core and nn, eager, as their README writes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

import autograd_core as ag
import nn
from benchmarks import problems
from benchmarks.families import FAMILIES
from benchmarks.machine import native_code, numpy_kernels, version
from benchmarks.problems import NETWORKS, Array, Network
from benchmarks.sequences import SEQUENCES, Attention, Sequential
from benchmarks.step import Step

Problem = Network | Sequential


def describe() -> dict[str, str]:
    """Versions, the BLAS underneath, and what machine code comes from."""
    return {"version": version("autograd-core"), **numpy_kernels(), "machine code": native_code()}


def product(a: Array, b: Array) -> Callable[[], object]:
    """One matrix product, for the roof."""
    out = np.empty((len(a), b.shape[1]), a.dtype)
    return lambda: np.matmul(a, b, out=out)


def chain(length: int = problems.CHAIN_LENGTH) -> Step:
    x, factor, shift = (ag.tensor(array) for array in problems.chain_data(length))
    x.requires_grad = True

    def run() -> None:
        x.grad = None
        ag.sum(problems.chain(x, factor, shift, ag.tanh, length)).backward()

    return Step(run, lambda: [x.grad])


def gelu(count: int = problems.GELU_NUMBERS) -> Step:
    x = ag.tensor(problems.gelu_data(count), requires_grad=True)

    def run() -> None:
        x.grad = None
        ag.sum(problems.gelu(x, ag.tanh)).backward()

    return Step(run, lambda: [x.grad])


def micrograd() -> Step:
    a, b = ag.tensor(-4.0, requires_grad=True), ag.tensor(2.0, requires_grad=True)

    def run() -> None:
        a.grad = b.grad = None
        problems.micrograd(a, b, ag.relu).backward()

    return Step(run, lambda: [a.grad, b.grad])


def chain100k() -> Step:
    x = ag.tensor(1.0, requires_grad=True)

    def run() -> None:
        x.grad = None
        problems.deep_chain(x).backward()

    return Step(run, lambda: [x.grad])


def logistic() -> Step:
    weight, bias, inputs, signs = problems.logistic_data()
    value_and_grad = ag.value_and_grad(lambda w, b: problems.logistic(w, b, inputs, signs, ag), (0, 1))
    value, gradients = 0.0, (weight, bias)

    def run() -> None:
        nonlocal value, gradients
        value, gradients = value_and_grad(weight, bias)

    return Step(run, lambda: [value, *gradients])


def training(problem: Problem) -> tuple[nn.Module, Callable[[ag.Tensor, ag.Tensor], ag.Tensor]]:
    """A model with the problem's first values, and a training step in PyTorch's manner, which returns the loss."""
    model = model_of(problem)
    quadratic = isinstance(problem, Network) and problem.loss == "quadratic"
    criterion = nn.MSELoss() if quadratic else nn.CrossEntropyLoss()
    kind = nn.optim.Adam if problem.optimizer == "adam" else nn.optim.SGD
    optimizer = kind(model.parameters(), lr=problem.learning_rate)

    def step(x: ag.Tensor, y: ag.Tensor) -> ag.Tensor:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return model, step


def train(problem: Problem) -> Step:
    """Training steps on one batch."""
    model, step = training(problem)
    x, y = (ag.tensor(array) for array in problem.data())
    loss = x

    def run() -> None:
        nonlocal loss
        loss = step(x, y)

    return Step(run, lambda: problem.evidence(loss.item(), [p.data for p in model.parameters()]))


class Classifier(nn.Module):
    """A Transformer block and the mean over positions, or an LSTM and its last state; then an affine layer."""

    def __init__(self, problem: Sequential) -> None:
        super().__init__()
        self.attends = isinstance(problem, Attention)
        if isinstance(problem, Attention):
            options = {"dropout": 0.0, "batch_first": True, "norm_first": True}
            self.body = nn.TransformerEncoderLayer(problem.width, problem.heads, problem.hidden, **options)
            self.head = nn.Linear(problem.width, problem.classes)
        else:
            self.body = nn.LSTM(problem.width, problem.hidden, batch_first=True)
            self.head = nn.Linear(problem.hidden, problem.classes)

    def forward(self, x: ag.Tensor) -> ag.Tensor:
        return self.head(ag.mean(self.body(x), axis=1) if self.attends else self.body(x)[1][0][0])


def model_of(problem: Problem) -> nn.Module:
    """The problem's model, with its first values."""
    model = _perceptron(problem) if isinstance(problem, Network) else Classifier(problem)
    with ag.no_grad():
        for parameter, value in zip(model.parameters(), problem.parameters(), strict=True):
            parameter.copy_(value)
    return model


def _perceptron(network: Network) -> nn.Sequential:
    activation = nn.Sigmoid if network.activation == "sigmoid" else nn.ReLU
    layers: list[nn.Module] = []
    channels = network.image[0]
    for layer in network.convolutions:
        bias = not layer.normalize
        layers.append(nn.Conv2d(channels, layer.channels, layer.kernel, padding=layer.padding, bias=bias))
        layers += [nn.BatchNorm2d(layer.channels)] if layer.normalize else []
        layers.append(nn.ReLU())
        layers += [nn.MaxPool2d(2)] if layer.pool else []
        channels = layer.channels
    layers += [nn.Flatten()] if network.convolutions else []
    for inputs, outputs in zip(network.sizes, network.sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), activation()]
    if network.loss != "quadratic":
        layers.pop()
    return nn.Sequential(*layers)


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain,
    "gelu": gelu,
    "logistic": logistic,
    "micrograd": micrograd,
    "chain100k": chain100k,
    **{name: partial(train, problem) for name, problem in (NETWORKS | SEQUENCES).items()},
}

CURVES: dict[str, Callable[[int], Step]] = {
    "operations": lambda size: chain(size // 3),
    "numbers": gelu,
    **{name: lambda size, f=family: train(f.network(size)) for name, family in FAMILIES.items() if family.network},
}
