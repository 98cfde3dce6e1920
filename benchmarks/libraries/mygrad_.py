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
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks import problems
from benchmarks.libraries.updates import updater
from benchmarks.machine import numpy_kernels, version
from benchmarks.problems import NETWORKS, Network
from benchmarks.sequences import SEQUENCES, Recurrent, Sequential
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


def logistic() -> Step:
    weight, bias, inputs, signs = problems.logistic_data()
    w, b = mg.tensor(weight), mg.tensor(bias)
    value = b

    def run() -> None:
        nonlocal value
        value = problems.logistic(w, b, inputs, signs, mg)
        value.backward()

    return Step(run, lambda: [value.item(), w.grad, b.grad])


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


def train_sequence(problem: Sequential) -> Step:
    """The same for an LSTM or a Transformer block, written out over MyGrad's functions."""
    x, y = problem.data()
    activation = sigmoid if isinstance(problem, Recurrent) else relu
    parameters = [mg.tensor(array) for array in problem.parameters()]
    update = updater(problem, [p.data for p in parameters])
    loss = mg.tensor(0.0)

    def run() -> None:
        nonlocal loss
        loss = softmax_crossentropy(problem.logits(parameters, x, mg, activation), y)
        loss.backward()
        update([p.grad for p in parameters])

    return Step(run, lambda: problem.evidence(loss.item(), [p.data for p in parameters]))


def _quadratic(outputs: Any, y: Any) -> Any:
    return mg.mean((sigmoid(outputs) - y) ** 2)


def _forward(network: Network, parameters: list[Any], x: Any) -> Any:
    activation = sigmoid if network.activation == "sigmoid" else relu
    layers = network.layers(parameters)
    convolutions = len(network.convolutions)
    for layer, (weight, *rest) in zip(network.convolutions, layers[:convolutions], strict=True):
        x = conv_nd(x, weight, stride=1, padding=layer.padding)
        x = batchnorm(x, gamma=rest[0], beta=rest[1], eps=1e-5) if layer.normalize else x + rest[0].reshape(-1, 1, 1)
        x = relu(x)
        x = max_pool(x, (2, 2), 2) if layer.pool else x
    x = x.reshape(len(x), -1)
    for weight, bias in layers[convolutions:-1]:
        x = activation(mg.matmul(x, weight) + bias)
    weight, bias = layers[-1]
    return mg.matmul(x, weight) + bias


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain300,
    "gelu": gelu,
    "logistic": logistic,
    "micrograd": micrograd,
    "chain100k": chain100k,
    **{name: partial(train, network) for name, network in NETWORKS.items()},
    **{name: partial(train_sequence, problem) for name, problem in SEQUENCES.items()},
}
