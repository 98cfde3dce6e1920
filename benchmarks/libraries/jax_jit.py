"""JAX on the CPU, everything under `jit`: one compiled program per step, parameters donated, images channels-last.

There is no `chain100k`: JAX would run a compiled loop, and unrolled it does not compile in reasonable time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks import problems
from benchmarks.machine import version
from benchmarks.problems import NETWORKS, Array, Network
from benchmarks.step import Step

jax.config.update("jax_platforms", "cpu")

Layers = list[tuple[Any, Any]]


def describe() -> dict[str, str]:
    """Versions and device. XLA's own thread pool has one thread for each core."""
    return {
        "version": f"{jax.__version__} (jaxlib {version('jaxlib')})",
        "threads": str(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else str(os.cpu_count()),
        "kernels": f"XLA, compiled for this {jax.devices()[0].device_kind}",
    }


def _value_and_grad(function: Callable[..., Any], *arguments: Any, argnums: tuple[int, ...] = (0,)) -> Step:
    compiled = jax.jit(jax.value_and_grad(function, argnums=argnums))
    _, gradients = compiled(*arguments)

    def run() -> None:
        nonlocal gradients
        _, gradients = compiled(*arguments)

    return Step(run, lambda: gradients, finish=lambda: jax.block_until_ready(gradients))


def chain300() -> Step:
    arrays = [jnp.asarray(array) for array in problems.chain_data()]
    return _value_and_grad(lambda x, factor, shift: jnp.sum(problems.chain(x, factor, shift, jnp.tanh)), *arrays)


def gelu() -> Step:
    return _value_and_grad(lambda x: jnp.sum(problems.gelu(x, jnp.tanh)), jnp.asarray(problems.gelu_data()))


def micrograd() -> Step:
    scalars = jnp.float32(-4.0), jnp.float32(2.0)
    return _value_and_grad(lambda a, b: problems.micrograd(a, b, jax.nn.relu), *scalars, argnums=(0, 1))


def train(network: Network) -> Step:
    """A compiled training step: loss, gradients and update in one program."""

    def loss_of(layers: Layers, x: Any, y: Any) -> Any:
        outputs = _forward(network, layers, x)
        if network.loss == "quadratic":
            return jnp.mean((jax.nn.sigmoid(outputs) - y) ** 2)
        right = jnp.take_along_axis(outputs, y[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(outputs, axis=1) - right)

    @partial(jax.jit, donate_argnums=0)
    def update(state: Any, x: Any, y: Any) -> tuple[Any, Any]:
        loss, gradients = jax.value_and_grad(loss_of)(state[0], x, y)
        step = _adam if network.optimizer == "adam" else _sgd
        return step(state, gradients, network.learning_rate), loss

    x, y = (jnp.asarray(array) for array in network.data())
    if network.convolutions:
        x = jnp.transpose(x, (0, 2, 3, 1))
    layers = _layers(network)
    state: Any = (layers,)
    if network.optimizer == "adam":
        state = (layers, jax.tree.map(jnp.zeros_like, layers), jax.tree.map(jnp.zeros_like, layers), jnp.float32(0))
    loss = x

    def run() -> None:
        nonlocal state, loss
        state, loss = update(state, x, y)

    return Step(
        run,
        evidence=lambda: network.evidence(loss, _torch_layouts(network, state[0])),
        finish=lambda: jax.block_until_ready(state),
    )


def _sgd(state: Any, gradients: Layers, rate: float) -> Any:
    return (jax.tree.map(lambda p, g: p - rate * g, state[0], gradients),)


def _adam(state: Any, gradients: Layers, rate: float) -> Any:
    layers, first, second, count = state
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    scale, root = rate / (1 - 0.9**count), jnp.sqrt(1 - 0.999**count)
    layers = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) / root + 1e-8), layers, first, second)
    return layers, first, second, count


def _forward(network: Network, layers: Layers, x: Any) -> Any:
    activation = jax.nn.sigmoid if network.activation == "sigmoid" else jax.nn.relu
    convolutions = len(network.convolutions)
    for layer, (weight, bias) in zip(network.convolutions, layers[:convolutions], strict=True):
        padding = [(layer.padding, layer.padding)] * 2
        x = lax.conv_general_dilated(x, weight, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x + bias)
        if layer.pool:
            # Faster than lax.reduce_window, forward and backward.
            n, h, w, c = x.shape
            x = jnp.max(x.reshape(n, h // 2, 2, w // 2, 2, c), axis=(2, 4))
    x = x.reshape(x.shape[0], -1)
    for weight, bias in layers[convolutions:-1]:
        x = activation(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


def _layers(network: Network) -> Layers:
    """First parameters in JAX's customary layouts: filters HWIO, weights (inputs, outputs)."""
    values = network.parameters()
    layers: Layers = []
    for weight, bias in zip(values[::2], values[1::2], strict=True):
        if weight.ndim == 4:
            weight = weight.transpose(2, 3, 1, 0)
        elif len(layers) == len(network.convolutions) > 0:
            weight = weight.reshape(_flattened(network)).transpose(2, 3, 1, 0).reshape(weight.shape[::-1])
        else:
            weight = weight.T
        layers.append((jnp.array(weight), jnp.array(bias)))
    return layers


def _torch_layouts(network: Network, layers: Layers) -> list[Array]:
    """The inverse of `_layers`."""
    values: list[Array] = []
    for index, (weight, bias) in enumerate(layers):
        weight = np.asarray(weight)
        if weight.ndim == 4:
            weight = weight.transpose(3, 2, 0, 1)
        elif index == len(network.convolutions) > 0:
            outputs, channels, height, width = _flattened(network)
            weight = weight.reshape(height, width, channels, outputs).transpose(3, 2, 0, 1).reshape(outputs, -1)
        else:
            weight = weight.T
        values += [weight, np.asarray(bias)]
    return values


def _flattened(network: Network) -> tuple[int, int, int, int]:
    """The first affine layer's weight before its images were flattened: (outputs, channels, height, width)."""
    channels = network.convolutions[-1].channels
    side = round((network.sizes[0] // channels) ** 0.5)
    return network.sizes[1], channels, side, side


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain300,
    "gelu": gelu,
    "micrograd": micrograd,
    **{name: partial(train, network) for name, network in NETWORKS.items()},
}
