"""PyTorch, eager, as its tutorials write it: default optimizers, default memory layout."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from benchmarks import problems
from benchmarks.problems import NETWORKS, Network
from benchmarks.step import Step


def describe() -> dict[str, str]:
    """Version, threads and kernels."""
    pattern = r"(?:oneAPI Math Kernel Library|OpenBLAS|MKL-DNN) (?:Version )?v?[\d.]+"
    return {
        "version": torch.__version__,
        "threads": str(torch.get_num_threads()),
        "kernels": ", ".join([torch.backends.cpu.get_cpu_capability(), *re.findall(pattern, torch.__config__.show())]),
    }


def chain300() -> Step:
    start, factor, shift = (torch.from_numpy(array) for array in problems.chain_data())
    x = start.requires_grad_()

    def run() -> None:
        x.grad = None
        problems.chain(x, factor, shift, torch.tanh).sum().backward()

    return Step(run, lambda: [x.grad])


def gelu() -> Step:
    x = torch.from_numpy(problems.gelu_data()).requires_grad_()

    def run() -> None:
        x.grad = None
        problems.gelu(x, torch.tanh).sum().backward()

    return Step(run, lambda: [x.grad])


def micrograd() -> Step:
    a = torch.tensor(-4.0, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)

    def run() -> None:
        a.grad = b.grad = None
        problems.micrograd(a, b, torch.relu).backward()

    return Step(run, lambda: [a.grad, b.grad])


def chain100k() -> Step:
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)

    def run() -> None:
        x.grad = None
        problems.deep_chain(x).backward()

    return Step(run, lambda: [x.grad])


def train(network: Network, tuned: bool = False) -> Step:
    """A training step as PyTorch's tutorials write it, or `tuned` as its performance guide advises."""
    model = _model(network)
    criterion = nn.MSELoss() if network.loss == "quadratic" else nn.CrossEntropyLoss()
    # The fused SGD is the faster one for images and the slower one for the smallest network.
    fused = tuned and (network.optimizer == "adam" or bool(network.convolutions))
    kind = torch.optim.Adam if network.optimizer == "adam" else torch.optim.SGD
    optimizer = kind(model.parameters(), lr=network.learning_rate, fused=fused or None)
    x, y = (torch.from_numpy(array) for array in network.data())
    if tuned and network.convolutions:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    loss = x

    def run() -> None:
        nonlocal loss
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

    return Step(run, lambda: network.evidence(loss.item(), [p.detach() for p in model.parameters()]))


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
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), network.parameters(), strict=True):
            parameter.copy_(torch.from_numpy(value))
    return model


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain300,
    "gelu": gelu,
    "micrograd": micrograd,
    "chain100k": chain100k,
    **{name: partial(train, network) for name, network in NETWORKS.items()},
}
