"""tinygrad on the CPU, every step under its TinyJit, which compiles C: it needs clang, or a compiler that $CC names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ |= {"DEV": "CPU", "TRAINING": "1"}  # read when it is imported

import numpy as np
from tinygrad import Device, Tensor, TinyJit, nn

from benchmarks import problems
from benchmarks.libraries import CannotRunError
from benchmarks.machine import version
from benchmarks.problems import NETWORKS, Network
from benchmarks.step import Step

COMPILER = os.environ.get("CC", "clang")

if shutil.which(COMPILER) is None:
    raise CannotRunError(f"tinygrad's CPU device compiles C with {COMPILER}, which is not on the path")


def describe() -> dict[str, str]:
    """Version and compiler. Its kernels run on one thread for each core at most, as it decides."""
    return {"version": version("tinygrad"), "kernels": f"its own, compiled by {COMPILER}"}


def _differentiated(function: Callable[..., Any], *arrays: Any, wanted: int = 1) -> Step:
    tensors = [Tensor(array).realize() for array in arrays]

    @TinyJit
    def differentiated() -> tuple[Tensor, ...]:
        for tensor in tensors[:wanted]:
            tensor.grad = None
        value = function(*tensors)
        value.backward()
        results = value, *(tensor.grad for tensor in tensors[:wanted])
        Tensor.realize(*results)
        return results

    results: tuple[Any, ...] = ()

    def run() -> None:
        nonlocal results
        results = differentiated()

    return Step(run, lambda: [result.numpy() for result in results[-wanted:]], finish=_finish)


def _finish() -> None:
    Device[Device.DEFAULT].synchronize()


def gelu() -> Step:
    return _differentiated(lambda x: problems.gelu(x, Tensor.tanh).sum(), problems.gelu_data())


def train(network: Network) -> Step:
    """A training step with tinygrad's optimizers."""
    x, y = network.data()
    inputs, answers = Tensor(x).realize(), Tensor(y if network.loss == "quadratic" else y.astype(np.int32)).realize()
    parameters = [Tensor(array).realize() for array in network.parameters()]
    kind = nn.optim.Adam if network.optimizer == "adam" else nn.optim.SGD
    optimizer = kind(parameters, lr=network.learning_rate)

    @TinyJit
    def step() -> Tensor:
        optimizer.zero_grad()
        outputs = _forward(network, parameters, inputs)
        if network.loss == "quadratic":
            loss = ((outputs.sigmoid() - answers) ** 2).mean()
        else:
            loss = outputs.sparse_categorical_crossentropy(answers)
        loss.backward()
        return loss.realize(*optimizer.schedule_step())  # together, so that the loss is that of the old parameters

    loss = inputs

    def run() -> None:
        nonlocal loss
        loss = step()

    return Step(run, lambda: network.evidence(loss.numpy(), [p.numpy() for p in parameters]), finish=_finish)


def _forward(network: Network, parameters: list[Tensor], x: Tensor) -> Tensor:
    activation = Tensor.sigmoid if network.activation == "sigmoid" else Tensor.relu
    layers = network.layers(parameters)
    convolutions = len(network.convolutions)
    for layer, (weight, bias) in zip(network.convolutions, layers[:convolutions], strict=True):
        x = x.conv2d(weight, bias, padding=layer.padding).relu()
        x = x.max_pool2d((2, 2)) if layer.pool else x
    x = x.flatten(1)
    for weight, bias in layers[convolutions:-1]:
        x = activation(x.linear(weight.T, bias))
    weight, bias = layers[-1]
    return x.linear(weight.T, bias)


STEPS: dict[str, Callable[[], Step]] = {
    "gelu": gelu,
    **{name: partial(train, NETWORKS[name]) for name in NETWORKS if name != "cnn_norm"},
}
