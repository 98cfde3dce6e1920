"""autograd_core and nn, eager, as their README writes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import autograd_core as ag
import nn
from benchmarks import problems
from benchmarks.machine import numpy_kernels, version
from benchmarks.problems import NETWORKS, Network
from benchmarks.step import Step


def describe() -> dict[str, str]:
    """Versions, and the BLAS underneath."""
    return {"version": version("autograd-core"), **numpy_kernels()}


def chain300() -> Step:
    x, factor, shift = (ag.tensor(array) for array in problems.chain_data())
    x.requires_grad = True

    def run() -> None:
        x.grad = None
        ag.sum(problems.chain(x, factor, shift, ag.tanh)).backward()

    return Step(run, lambda: [x.grad])


def gelu() -> Step:
    x = ag.tensor(problems.gelu_data(), requires_grad=True)

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


def train(network: Network) -> Step:
    """A training step in PyTorch's manner."""
    model = _model(network)
    criterion = nn.MSELoss() if network.loss == "quadratic" else nn.CrossEntropyLoss()
    if network.optimizer == "adam":
        optimizer = nn.optim.Adam(model.parameters(), lr=network.learning_rate)
    else:
        optimizer = nn.optim.SGD(model.parameters(), lr=network.learning_rate)
    x, y = (ag.tensor(array) for array in network.data())
    loss = x

    def run() -> None:
        nonlocal loss
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

    return Step(run, lambda: network.evidence(loss.item(), [p.data for p in model.parameters()]))


def _model(network: Network) -> nn.Sequential:
    activation = nn.Sigmoid if network.activation == "sigmoid" else nn.ReLU
    layers: list[nn.Module] = []
    channels = network.image[0]
    for layer in network.convolutions:
        layers += [nn.Conv2d(channels, layer.channels, layer.kernel, padding=layer.padding), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if layer.pool else []
        channels = layer.channels
    layers += [nn.Flatten()] if network.convolutions else []
    for inputs, outputs in zip(network.sizes, network.sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), activation()]
    if network.loss != "quadratic":
        layers.pop()
    model = nn.Sequential(*layers)
    with ag.no_grad():
        for parameter, value in zip(model.parameters(), network.parameters(), strict=True):
            parameter.copy_(value)
    return model


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain300,
    "gelu": gelu,
    "micrograd": micrograd,
    "chain100k": chain100k,
    **{name: partial(train, network) for name, network in NETWORKS.items()},
}
