"""No library at all: forward and backward written out in NumPy. What an engine on NumPy costs is what it adds to this.

The rows are those whose derivative fits on a page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import problems
from benchmarks.libraries.updates import updater
from benchmarks.machine import numpy_kernels
from benchmarks.problems import NETWORKS, Array, Network
from benchmarks.step import Step


def describe() -> dict[str, str]:
    """NumPy's version, and the BLAS underneath."""
    return numpy_kernels()


def chain300() -> Step:
    start, factor, shift = problems.chain_data()
    gradient = start

    def run() -> None:
        nonlocal gradient
        x, outputs = start, []
        for _ in range(problems.CHAIN_LENGTH):
            x = np.tanh(x * factor + shift)
            outputs.append(x)
        gradient = np.ones_like(x)
        for out in reversed(outputs):
            gradient = gradient * (1 - out * out) * factor

    return Step(run, lambda: [gradient])


def gelu() -> Step:
    x = problems.gelu_data()
    gradient = x

    def run() -> None:
        nonlocal gradient
        t = np.tanh(0.7978845608 * (x + 0.044715 * (x * x * x)))
        np.sum(0.5 * x * (1 + t))
        gradient = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (0.7978845608 * (1 + 0.134145 * (x * x)))

    return Step(run, lambda: [gradient])


def logistic() -> Step:
    weight, bias, inputs, signs = problems.logistic_data()
    value, gradients = 0.0, (weight, bias)

    def run() -> None:
        nonlocal value, gradients
        powers = np.exp(-signs * (inputs @ weight + bias))
        value = np.mean(np.log(1 + powers)) + 0.01 * np.sum(weight * weight)
        delta = -signs * powers / (1 + powers) / len(signs)
        gradients = delta @ inputs + 0.02 * weight, delta.sum()

    return Step(run, lambda: [value, *gradients])


def train(network: Network) -> Step:
    """A training step of a multi-layer perceptron, as in Nielsen's book, a batch at a time."""
    x, y = network.data()
    if network.loss != "quadratic":
        y = np.eye(network.sizes[-1], dtype=np.float32)[y]
    parameters = [np.ascontiguousarray(a.T) for a in network.parameters()]
    update = updater(network, parameters)
    loss = np.float32(0)

    def run() -> None:
        nonlocal loss
        loss, gradients = _backpropagation(network, parameters, x, y)
        update(gradients)

    return Step(run, lambda: network.evidence(loss, [p.T for p in parameters]))


def _backpropagation(network: Network, parameters: list[Array], x: Array, y: Array) -> tuple[Any, list[Array]]:
    sigmoid = network.activation == "sigmoid"
    activations = [x]
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    for weight, bias in layers:
        z = activations[-1] @ weight
        z += bias
        last = len(activations) == len(layers)
        if sigmoid:
            z = 1 / (1 + np.exp(-z))
        elif not last:
            np.maximum(z, 0, out=z)
        activations.append(z)
    out = activations.pop()
    if network.loss == "quadratic":
        error = out - y
        loss = np.mean(error * error)
        delta = error * (2 / error.size) * out * (1 - out)
    else:
        out -= out.max(axis=1, keepdims=True)
        powers = np.exp(out)
        total = powers.sum(axis=1, keepdims=True)
        loss = (np.log(total).sum() - np.vdot(out, y)) / len(out)
        delta = (powers / total - y) / np.float32(len(out))
    gradients: list[Array] = []
    for (weight, _), inputs in zip(reversed(layers), reversed(activations), strict=True):
        gradients += [delta.sum(axis=0), inputs.T @ delta]
        if inputs is not x:
            delta = delta @ weight.T
            delta *= inputs * (1 - inputs) if sigmoid else inputs > 0
    return loss, gradients[::-1]


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain300,
    "gelu": gelu,
    "logistic": logistic,
    **{name: partial(train, NETWORKS[name]) for name in ("mlp_nielsen", "mlp_small", "mlp_wide")},
}
