"""MyGrad, with its memory guarding off, as its documentation advises for speed.

Updates are written out, as in its examples.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu, sigmoid
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks import problems
from benchmarks.libraries.updates import updater
from benchmarks.machine import numpy_kernels, version
from benchmarks.problems import NETWORKS, Network
from benchmarks.step import Step

mg.turn_memory_guarding_off()


def describe() -> dict[str, str]:
    """Versions, and the BLAS underneath."""
    return {"version": version("mygrad"), **numpy_kernels()}


def chain300() -> Step:
    start, factor, shift = problems.chain_data()
    x = mg.tensor(start)

    def run() -> None:
        problems.chain(x, factor, shift, mg.tanh).sum().backward()

    return Step(run, lambda: [x.grad])


def gelu() -> Step:
    x = mg.tensor(problems.gelu_data())

    def run() -> None:
        problems.gelu(x, mg.tanh).sum().backward()

    return Step(run, lambda: [x.grad])


def micrograd() -> Step:
    a, b = mg.tensor(-4.0), mg.tensor(2.0)

    def run() -> None:
        problems.micrograd(a, b, relu).backward()

    return Step(run, lambda: [a.grad, b.grad])


def chain100k() -> Step:
    x = mg.tensor(1.0)

    def run() -> None:
        problems.deep_chain(x).backward()

    return Step(run, lambda: [x.grad])


def train(network: Network) -> Step:
    """A training step: forward, backward, and an update of the parameters' arrays."""
    x, y = network.data()
    parameters = [mg.tensor(np.ascontiguousarray(a.T) if a.ndim == 2 else a) for a in network.parameters()]
    update = updater(network, [p.data for p in parameters])
    loss_of = _quadratic if network.loss == "quadratic" else softmax_crossentropy
    loss = mg.tensor(0.0)

    def run() -> None:
        nonlocal loss
        outputs = _forward(network, parameters, x)
        loss = loss_of(outputs, y)
        loss.backward()
        update([p.grad for p in parameters])

    def evidence() -> list[Any]:
        return network.evidence(loss.item(), [p.data.T if p.ndim == 2 else p.data for p in parameters])

    return Step(run, evidence)


def _quadratic(outputs: Any, y: Any) -> Any:
    return mg.mean((sigmoid(outputs) - y) ** 2)


def _forward(network: Network, parameters: list[Any], x: Any) -> Any:
    activation = sigmoid if network.activation == "sigmoid" else relu
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    convolutions = len(network.convolutions)
    for layer, (weight, bias) in zip(network.convolutions, layers[:convolutions], strict=True):
        x = relu(conv_nd(x, weight, stride=1, padding=layer.padding) + bias.reshape(-1, 1, 1))
        x = max_pool(x, (2, 2), 2) if layer.pool else x
    x = x.reshape(len(x), -1)
    for weight, bias in layers[convolutions:-1]:
        x = activation(mg.matmul(x, weight) + bias)
    weight, bias = layers[-1]
    return mg.matmul(x, weight) + bias


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain300,
    "gelu": gelu,
    "micrograd": micrograd,
    "chain100k": chain100k,
    **{name: partial(train, network) for name, network in NETWORKS.items()},
}
