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
from benchmarks.families import FAMILIES
from benchmarks.machine import version
from benchmarks.problems import NETWORKS, Array, Network
from benchmarks.sequences import SEQUENCES, Attention, Recurrent, Sequential
from benchmarks.step import Step

jax.config.update("jax_platforms", "cpu")
# Programs are kept on disk where the environment names a folder, however quickly they were compiled.
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

Layers = list[tuple[Any, ...]]
Loss = Callable[[Any, Any, Any, Any], tuple[Any, Any]]


def describe() -> dict[str, str]:
    """Versions and device. XLA's own thread pool has one thread for each core."""
    return {
        "version": f"{jax.__version__} (jaxlib {version('jaxlib')})",
        "threads": str(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else str(os.cpu_count()),
        "kernels": f"XLA, compiled for this {jax.devices()[0].device_kind}",
    }


def product(a: Array, b: Array) -> Callable[[], object]:
    """One matrix product, for the roof."""
    first, second, multiply = jnp.asarray(a), jnp.asarray(b), jax.jit(jnp.matmul)
    return lambda: jax.block_until_ready(multiply(first, second))


def _value_and_grad(function: Callable[..., Any], *arguments: Any, argnums: tuple[int, ...] = (0,)) -> Step:
    compiled = jax.jit(jax.value_and_grad(function, argnums=argnums))
    value, gradients = 0.0, arguments[:1]

    def run() -> None:
        nonlocal value, gradients
        value, gradients = compiled(*arguments)

    return Step(run, lambda: gradients, finish=lambda: jax.block_until_ready(gradients))


def chain(length: int = problems.CHAIN_LENGTH) -> Step:
    arrays = [jnp.asarray(array) for array in problems.chain_data(length)]
    return _value_and_grad(
        lambda x, factor, shift: jnp.sum(problems.chain(x, factor, shift, jnp.tanh, length)), *arrays
    )


def gelu(count: int = problems.GELU_NUMBERS) -> Step:
    return _value_and_grad(lambda x: jnp.sum(problems.gelu(x, jnp.tanh)), jnp.asarray(problems.gelu_data(count)))


def logistic() -> Step:
    arrays = [jnp.asarray(array) for array in problems.logistic_data()]
    step = _value_and_grad(lambda w, b, x, y: problems.logistic(w, b, x, y, jnp), *arrays, argnums=(0, 1))
    value = problems.logistic(*arrays, jnp)
    return Step(step.run, lambda: [value, *step.evidence()], step.finish)


def micrograd() -> Step:
    scalars = jnp.float32(-4.0), jnp.float32(2.0)
    return _value_and_grad(lambda a, b: problems.micrograd(a, b, jax.nn.relu), *scalars, argnums=(0, 1))


def train(network: Network) -> Step:
    """A compiled training step: loss, gradients and update in one program. Running statistics are part of the state."""

    def loss_of(layers: Layers, statistics: Any, x: Any, y: Any) -> tuple[Any, Any]:
        outputs, statistics = _forward(network, layers, statistics, x)
        if network.loss == "quadratic":
            return jnp.mean((jax.nn.sigmoid(outputs) - y) ** 2), statistics
        return _cross_entropy(outputs, y), statistics

    statistics = [
        (jnp.zeros(layer.channels), jnp.ones(layer.channels)) for layer in network.convolutions if layer.normalize
    ]
    x, y = (jnp.asarray(array) for array in network.data())
    if network.convolutions:
        x = jnp.transpose(x, (0, 2, 3, 1))
    update = _sgd(network.learning_rate)
    state: Any = (_layers(network),)
    if network.optimizer == "adam":
        update = _adam(network.learning_rate)
        state = (*state, *(jax.tree.map(jnp.zeros_like, state[0]) for _ in range(2)), jnp.float32(0))
    return _training(
        loss_of,
        update,
        state,
        statistics,
        x,
        y,
        lambda loss, layers: network.evidence(loss, _torch_layouts(network, layers)),
    )


def train_sequence(problem: Sequential) -> Step:
    """The same for an LSTM, as a `lax.scan`, or a Transformer block."""

    def loss_of(parameters: Any, statistics: Any, x: Any, y: Any) -> tuple[Any, Any]:
        if isinstance(problem, Attention):
            logits = problem.logits(parameters, x, jnp, jax.nn.relu)
        else:
            logits = _lstm(problem, parameters, x)
        return _cross_entropy(logits, y), statistics

    x, y = (jnp.asarray(array) for array in problem.data())
    state = ([jnp.asarray(array) for array in problem.parameters()],)
    return _training(loss_of, _sgd(problem.learning_rate), state, [], x, y, problem.evidence)


def _training(
    loss_of: Loss, update: Callable[[Any, Any], Any], state: Any, statistics: Any, x: Any, y: Any, evidence: Any
) -> Step:
    @partial(jax.jit, donate_argnums=(0, 1))
    def step(state: Any, statistics: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
        (loss, statistics), gradients = jax.value_and_grad(loss_of, has_aux=True)(state[0], statistics, x, y)
        return update(state, gradients), statistics, loss

    loss = x

    def run() -> None:
        nonlocal state, statistics, loss
        state, statistics, loss = step(state, statistics, x, y)

    return Step(run, lambda: evidence(loss, state[0]), finish=lambda: jax.block_until_ready(state))


def _cross_entropy(outputs: Any, y: Any) -> Any:
    right = jnp.take_along_axis(outputs, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(outputs, axis=1) - right)


def _lstm(problem: Recurrent, parameters: Any, x: Any) -> Any:
    w_input, w_state, b_input, b_state, w_head, b_head = parameters
    inputs = jnp.swapaxes(x, 0, 1) @ w_input.T + (b_input + b_state)

    def step(carried: Any, entering: Any) -> Any:
        state, cell = carried
        return problem.step(entering + state @ w_state.T, cell, jnp, jax.nn.sigmoid), None

    zeros = jnp.zeros((problem.batch, problem.hidden), jnp.float32)
    (state, _), _ = lax.scan(step, (zeros, zeros), inputs)
    return state @ w_head.T + b_head


def _sgd(rate: float) -> Callable[[Any, Any], Any]:
    return lambda state, gradients: (jax.tree.map(lambda p, g: p - rate * g, state[0], gradients),)


def _adam(rate: float) -> Callable[[Any, Any], Any]:
    def update(state: Any, gradients: Layers) -> Any:
        layers, first, second, count = state
        count = count + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        scale, root = rate / (1 - 0.9**count), jnp.sqrt(1 - 0.999**count)
        layers = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) / root + 1e-8), layers, first, second)
        return layers, first, second, count

    return update


def _forward(network: Network, layers: Layers, statistics: Any, x: Any) -> tuple[Any, Any]:
    activation = jax.nn.sigmoid if network.activation == "sigmoid" else jax.nn.relu
    convolutions = len(network.convolutions)
    running, seen = iter(statistics), []
    for layer, (weight, *rest) in zip(network.convolutions, layers[:convolutions], strict=True):
        padding = [(layer.padding, layer.padding)] * 2
        x = lax.conv_general_dilated(x, weight, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        if layer.normalize:
            x, statistic = _batch_normalized(x, *rest, *next(running))
            seen.append(statistic)
        else:
            x = x + rest[0]
        x = jax.nn.relu(x)
        if layer.pool:
            # Faster than lax.reduce_window, forward and backward.
            n, h, w, c = x.shape
            x = jnp.max(x.reshape(n, h // 2, 2, w // 2, 2, c), axis=(2, 4))
    x = x.reshape(x.shape[0], -1)
    for weight, bias in layers[convolutions:-1]:
        x = activation(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias, seen


def _batch_normalized(x: Any, scale: Any, shift: Any, mean: Any, variance: Any) -> tuple[Any, Any]:
    """PyTorch's BatchNorm2d in training: momentum 0.1, running variance without bias."""
    now, spread = jnp.mean(x, axis=(0, 1, 2)), jnp.var(x, axis=(0, 1, 2))
    count = x.size // x.shape[-1]
    statistic = 0.9 * mean + 0.1 * now, 0.9 * variance + 0.1 * spread * (count / (count - 1))
    return (x - now) * lax.rsqrt(spread + 1e-5) * scale + shift, statistic


def _layers(network: Network) -> Layers:
    """First parameters in JAX's customary layouts: filters HWIO, weights (inputs, outputs)."""
    values = network.parameters()
    layers: Layers = []
    for weight, *rest in network.layers(values):
        if weight.ndim == 4:
            weight = weight.transpose(2, 3, 1, 0)
        elif len(layers) == len(network.convolutions) > 0:
            weight = weight.reshape(_flattened(network)).transpose(2, 3, 1, 0).reshape(weight.shape[::-1])
        else:
            weight = weight.T
        layers.append((jnp.array(weight), *map(jnp.array, rest)))
    return layers


def _torch_layouts(network: Network, layers: Layers) -> list[Array]:
    """The inverse of `_layers`."""
    values: list[Array] = []
    for index, (weight, *rest) in enumerate(layers):
        weight = np.asarray(weight)
        if weight.ndim == 4:
            weight = weight.transpose(3, 2, 0, 1)
        elif index == len(network.convolutions) > 0:
            outputs, channels, height, width = _flattened(network)
            weight = weight.reshape(height, width, channels, outputs).transpose(3, 2, 0, 1).reshape(outputs, -1)
        else:
            weight = weight.T
        values += [weight, *map(np.asarray, rest)]
    return values


def _flattened(network: Network) -> tuple[int, int, int, int]:
    """The first affine layer's weight before its images were flattened: (outputs, channels, height, width)."""
    channels = network.convolutions[-1].channels
    side = round((network.sizes[0] // channels) ** 0.5)
    return network.sizes[1], channels, side, side


STEPS: dict[str, Callable[[], Step]] = {
    "chain300": chain,
    "gelu": gelu,
    "micrograd": micrograd,
    "logistic": logistic,
    **{name: partial(train, network) for name, network in NETWORKS.items()},
    **{name: partial(train_sequence, problem) for name, problem in SEQUENCES.items()},
}

CURVES: dict[str, Callable[[int], Step]] = {
    "operations": lambda size: chain(size // 3),
    "numbers": gelu,
    **{name: lambda size, f=family: train(f.network(size)) for name, family in FAMILIES.items() if family.network},
}
