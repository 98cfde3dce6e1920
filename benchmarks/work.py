"""The work that a row cannot avoid, counted by hand: floating-point operations, and bytes moved at least once.

Whatever a library does beyond it (activations written out and read again, patches copied, gradients kept) is its own
affair and does not count. A multiplication with its addition is two operations, as usual; a tanh or an exp is one,
though it takes a dozen. Knows the problems, no library and no machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from benchmarks import problems
from benchmarks.problems import NETWORKS, Network
from benchmarks.sequences import SEQUENCES, Attention, Recurrent

FLOAT = 4  # bytes


@dataclass(frozen=True)
class Work:
    """Floating-point operations of one step, and the bytes that must be read or written."""

    flops: float
    bytes: float


def chain_work(length: int = problems.CHAIN_LENGTH) -> Work:
    """Three operations forward, and 1 - out^2, two multiplications and a square backward, on ten numbers."""
    return Work(flops=7 * 10 * length, bytes=4 * 10 * FLOAT)


def gelu_work(count: int = problems.GELU_NUMBERS) -> Work:
    """x and its gradient pass the memory once; 10 operations forward, 13 for the derivative."""
    return Work(flops=23 * count, bytes=2 * FLOAT * count)


def logistic_work() -> Work:
    """Two products with the inputs, which are read once."""
    _, _, inputs, _ = problems.logistic_data()
    return Work(flops=4 * inputs.size, bytes=inputs.size * FLOAT)


def network_work(network: Network) -> Work:
    """Each weight's product forward, for its own gradient, and, but for the first layer, for its input's gradient.

    The inputs are read, and each parameter read and written, once; Adam has two more arrays of each parameter's size.
    Elementwise work is left out: it is less than a hundredth of the rest in all rows that are not tiny.
    """
    products = []
    side = network.image[-1] if network.convolutions else 0
    channels = network.image[0]
    for layer in network.convolutions:
        side += 2 * layer.padding - layer.kernel + 1
        products.append(network.batch * side * side * layer.channels * channels * layer.kernel**2)
        side, channels = side // (2 if layer.pool else 1), layer.channels
    products += [network.batch * a * b for a, b in zip(network.sizes, network.sizes[1:], strict=False)]
    arrays = 3 if network.optimizer == "adam" else 1
    parameters = sum(prod(shape) for shape in network.shapes())
    inputs = network.batch * prod(network.image)
    return Work(flops=2 * (3 * sum(products) - products[0]), bytes=FLOAT * (inputs + 2 * arrays * parameters))


def attention_work(problem: Attention) -> Work:
    """As for a network; a normalization stands before the first product, so that its input needs a gradient too."""
    w, positions = problem.width, problem.batch * problem.length
    affine = positions * (3 * w * w + w * w + 2 * w * problem.hidden)
    attention = 2 * positions * problem.length * w
    head = problem.batch * w * problem.classes
    return _sequence_work(problem, 6 * (affine + attention + head))


def recurrent_work(problem: Recurrent) -> Work:
    """As for a network: the products with the input need no gradient of the input."""
    steps = problem.batch * problem.length
    entering, staying = steps * 4 * problem.hidden * problem.width, steps * 4 * problem.hidden**2
    head = problem.batch * problem.hidden * problem.classes
    return _sequence_work(problem, 2 * (2 * entering + 3 * (staying + head)))


def _sequence_work(problem: Attention | Recurrent, flops: float) -> Work:
    parameters = sum(prod(shape) for shape in problem.shapes())
    return Work(flops, FLOAT * (problem.batch * problem.length * problem.width + 2 * parameters))


# Rows without work to speak of (scalars, imports) are not here: their time is the interpreter's.
WORK: dict[str, Callable[[], Work]] = {
    "chain300": chain_work,
    "gelu": gelu_work,
    "logistic": logistic_work,
    **{name: lambda network=network: network_work(network) for name, network in NETWORKS.items()},
    "attention": lambda: attention_work(SEQUENCES["attention"]),
    "lstm": lambda: recurrent_work(SEQUENCES["lstm"]),
}
