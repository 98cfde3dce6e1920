"""PyTorch, eager, as its tutorials write it: default optimizers, default memory layout."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from benchmarks import problems
from benchmarks.families import FAMILIES
from benchmarks.problems import NETWORKS, Array, Network
from benchmarks.sequences import SEQUENCES, Attention, Sequential
from benchmarks.step import Step

Problem = Network | Sequential
Function = Callable[..., torch.Tensor]


def describe() -> dict[str, str]:
    """Version, threads and kernels."""
    pattern = r"(?:oneAPI Math Kernel Library|OpenBLAS|MKL-DNN) (?:Version )?v?[\d.]+"
    return {
        "version": torch.__version__,
        "threads": str(torch.get_num_threads()),
        "kernels": ", ".join([torch.backends.cpu.get_cpu_capability(), *re.findall(pattern, torch.__config__.show())]),
    }


def product(a: Array, b: Array) -> Callable[[], object]:
    """One matrix product, for the roof."""
    first, second = torch.from_numpy(a), torch.from_numpy(b)
    out = torch.empty(len(a), b.shape[1])
    return lambda: torch.mm(first, second, out=out)


def _same(function: Function) -> Function:
    return function


def chain(length: int = problems.CHAIN_LENGTH, prepared: Callable[[Function], Function] = _same) -> Step:
    x, factor, shift = (torch.from_numpy(array) for array in problems.chain_data(length))
    x.requires_grad_()
    function = prepared(lambda x: problems.chain(x, factor, shift, torch.tanh, length).sum())

    def run() -> None:
        x.grad = None
        function(x).backward()

    return Step(run, lambda: [x.grad])


def gelu(count: int = problems.GELU_NUMBERS, prepared: Callable[[Function], Function] = _same) -> Step:
    x = torch.from_numpy(problems.gelu_data(count)).requires_grad_()
    function = prepared(lambda x: problems.gelu(x, torch.tanh).sum())

    def run() -> None:
        x.grad = None
        function(x).backward()

    return Step(run, lambda: [x.grad])


def logistic(prepared: Callable[[Function], Function] = _same) -> Step:
    weight, bias, inputs, signs = (torch.from_numpy(array) for array in problems.logistic_data())
    weight.requires_grad_()
    bias.requires_grad_()
    function = prepared(lambda w, b: problems.logistic(w, b, inputs, signs, torch))
    value = bias

    def run() -> None:
        nonlocal value
        weight.grad = bias.grad = None
        value = function(weight, bias)
        value.backward()

    return Step(run, lambda: [value.detach(), weight.grad, bias.grad])


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


def train(problem: Problem, tuned: bool = False, prepared: Callable[[Function], Function] = _same) -> Step:
    """A training step as PyTorch's tutorials write it, or `tuned` as its performance guide advises.

    `prepared` is applied to the function from a batch to the loss: `torch.compile`, or nothing.
    """
    convolutions = isinstance(problem, Network) and bool(problem.convolutions)
    quadratic = isinstance(problem, Network) and problem.loss == "quadratic"
    model = _model(problem)
    criterion = nn.MSELoss() if quadratic else nn.CrossEntropyLoss()
    # The fused SGD is the faster one for images and the slower one for the smallest network.
    fused = tuned and (problem.optimizer == "adam" or convolutions)
    kind = torch.optim.Adam if problem.optimizer == "adam" else torch.optim.SGD
    optimizer = kind(model.parameters(), lr=problem.learning_rate, fused=fused or None)
    x, y = (torch.from_numpy(array) for array in problem.data())
    if tuned and convolutions:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    loss_of = prepared(lambda x, y: criterion(model(x), y))
    loss = x

    def run() -> None:
        nonlocal loss
        optimizer.zero_grad()
        loss = loss_of(x, y)
        loss.backward()
        optimizer.step()

    return Step(run, lambda: problem.evidence(loss.item(), [p.detach() for p in model.parameters()]))


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

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x).mean(dim=1) if self.attends else self.body(x)[1][0][0])


def _model(problem: Problem) -> nn.Module:
    model = _perceptron(problem) if isinstance(problem, Network) else Classifier(problem)
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), problem.parameters(), strict=True):
            parameter.copy_(torch.from_numpy(value))
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
