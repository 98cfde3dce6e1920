"""HIPS autograd: functions of NumPy arrays, and their gradients. Updates are written out, as in its examples.

Of the convolutional networks it runs LeNet, with the `convolve` that its own example uses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import autograd
import autograd.numpy as np
from autograd.scipy.signal import convolve

from benchmarks import problems
from benchmarks.libraries.updates import updater
from benchmarks.machine import numpy_kernels, version
from benchmarks.problems import NETWORKS, Network
from benchmarks.sequences import SEQUENCES, Recurrent, Sequential
from benchmarks.step import Step

Layers = list[tuple[Any, ...]]


def describe() -> dict[str, str]:
    """Versions, and the BLAS underneath."""
    return {"version": version("autograd"), **numpy_kernels()}


def _relu(x: Any) -> Any:
    # Not np.maximum, whose derivative turns float32 into float64, and is slower for it.
    return x * (x > 0)


def _sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def chain300() -> Step:
    start, factor, shift = problems.chain_data()
    gradient_of = autograd.grad(lambda x: np.sum(problems.chain(x, factor, shift, np.tanh)))
    gradient = start

    def run() -> None:
        nonlocal gradient
        gradient = gradient_of(start)

    return Step(run, lambda: [gradient])


def gelu() -> Step:
    x = problems.gelu_data()
    gradient_of = autograd.grad(lambda x: np.sum(problems.gelu(x, np.tanh)))
    gradient = x

    def run() -> None:
        nonlocal gradient
        gradient = gradient_of(x)

    return Step(run, lambda: [gradient])


def logistic() -> Step:
    weight, bias, inputs, signs = problems.logistic_data()
    loss_and_gradients = autograd.value_and_grad(lambda parameters: problems.logistic(*parameters, inputs, signs, np))
    value, gradients = 0.0, (weight, bias)

    def run() -> None:
        nonlocal value, gradients
        value, gradients = loss_and_gradients((weight, bias))

    return Step(run, lambda: [value, *gradients])


def micrograd() -> Step:
    gradients_of = autograd.grad(lambda a, b: problems.micrograd(a, b, _relu), argnum=(0, 1))
    gradients = (0.0, 0.0)

    def run() -> None:
        nonlocal gradients
        gradients = gradients_of(-4.0, 2.0)

    return Step(run, lambda: gradients)


def chain100k() -> Step:
    gradient_of = autograd.grad(problems.deep_chain)
    gradient = 0.0

    def run() -> None:
        nonlocal gradient
        gradient = gradient_of(1.0)

    return Step(run, lambda: [gradient])


def train(network: Network) -> Step:
    """A training step: `value_and_grad` of the loss with respect to the list of layers, then the update."""
    x, y = network.data()

    def loss_of(layers: Layers) -> Any:
        outputs = _forward(network, layers, x)
        if network.loss == "quadratic":
            return np.mean((_sigmoid(outputs) - y) ** 2)
        return _cross_entropy(outputs, y)

    loss_and_gradients = autograd.value_and_grad(loss_of)
    parameters = [np.ascontiguousarray(a.T) if a.ndim == 2 else a for a in network.parameters()]
    layers = network.layers(parameters)
    update = updater(network, parameters)
    loss = 0.0

    def run() -> None:
        nonlocal loss
        loss, gradients = loss_and_gradients(layers)
        update([gradient for layer in gradients for gradient in layer])

    def evidence() -> list[Any]:
        return network.evidence(loss, [p.T if p.ndim == 2 else p for p in parameters])

    return Step(run, evidence)


def train_sequence(problem: Sequential) -> Step:
    """The same for an LSTM or a Transformer block, written out over NumPy's functions."""
    x, y = problem.data()
    activation = _sigmoid if isinstance(problem, Recurrent) else _relu
    loss_and_gradients = autograd.value_and_grad(
        lambda parameters: _cross_entropy(problem.logits(parameters, x, np, activation), y)
    )
    parameters = problem.parameters()
    update = updater(problem, parameters)
    loss = 0.0

    def run() -> None:
        nonlocal loss
        loss, gradients = loss_and_gradients(parameters)
        update(gradients)

    return Step(run, lambda: problem.evidence(loss, parameters))


def _cross_entropy(outputs: Any, y: Any) -> Any:
    shifted = outputs - np.max(outputs, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(shifted), axis=1)) - shifted[np.arange(len(y)), y])


def _forward(network: Network, layers: Layers, x: Any) -> Any:
    activation = _sigmoid if network.activation == "sigmoid" else _relu
    convolutions = len(network.convolutions)
    for layer, (weight, bias) in zip(network.convolutions, layers[:convolutions], strict=True):
        # `convolve` turns the filter around, networks do not.
        x = convolve(x, weight[:, :, ::-1, ::-1], axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")
        x = _relu(x + bias[:, None, None])
        if layer.pool:
            n, c, h, w = x.shape
            x = np.max(np.reshape(x, (n, c, h // 2, 2, w // 2, 2)), axis=(3, 5))
    x = np.reshape(x, (len(x), -1))
    for weight, bias in layers[convolutions:-1]:
        x = activation(np.dot(x, weight) + bias)
    weight, bias = layers[-1]
    return np.dot(x, weight) + bias


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain300,
    "gelu": gelu,
    "logistic": logistic,
    "micrograd": micrograd,
    "chain100k": chain100k,
    **{name: partial(train, NETWORKS[name]) for name in ("mlp_nielsen", "mlp_small", "mlp_wide", "lenet")},
    **{name: partial(train_sequence, problem) for name, problem in SEQUENCES.items()},
}
