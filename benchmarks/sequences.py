"""Problems on sequences: a Transformer block and an LSTM, each with a classifier behind it. Knows NumPy only.

Their forward passes are written once, over operators and a namespace `xp` with NumPy's names, for libraries that bring
no such layers. Parameters have PyTorch's layouts and stand in the order of its modules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.problems import Array, drawn, moved


@dataclass(frozen=True)
class Attention:
    """A Transformer block that normalizes first, the mean over positions, and an affine layer; cross-entropy, SGD."""

    batch: int = 16
    length: int = 32
    width: int = 64
    heads: int = 4
    hidden: int = 256
    classes: int = 10
    learning_rate: float = 0.1
    optimizer: str = "sgd"

    def data(self) -> tuple[Array, Array]:
        """Inputs (batch, length, width), standard normal float32, and classes."""
        return _data(self.batch, self.length, self.width, self.classes)

    def shapes(self) -> list[tuple[int, ...]]:
        """Projections in and out, the perceptron, the two normalizations, the classifier."""
        w, h = self.width, self.hidden
        block = [(3 * w, w), (3 * w,), (w, w), (w,), (h, w), (h,), (w, h), (w,), (w,), (w,), (w,), (w,)]
        return [*block, (self.classes, w), (self.classes,)]

    def parameters(self) -> list[Array]:
        """First values in the order of `shapes`."""
        return drawn(self.shapes(), ones=(8, 10))

    def evidence(self, loss: Any, parameters: Sequence[Any]) -> list[Array]:
        """The last loss, and by how much each parameter has moved."""
        return [np.asarray(loss), *moved(self.parameters(), parameters)]

    def logits(self, parameters: Sequence[Any], x: Any, xp: Any, relu: Callable[[Any], Any]) -> Any:
        """The forward pass, written out."""
        w_in, b_in, w_out, b_out, w1, b1, w2, b2, scale1, shift1, scale2, shift2, w_head, b_head = parameters
        n, length, width = x.shape
        size = width // self.heads
        # (N, L, 3W) -> (3, N, heads, L, size)
        projected = _normalized(x, scale1, shift1, xp) @ w_in.T + b_in
        apart = xp.transpose(xp.reshape(projected, (n, length, 3, self.heads, size)), (2, 0, 3, 1, 4))
        query, key, value = apart[0], apart[1], apart[2]
        scores = (query @ xp.swapaxes(key, -1, -2)) * size**-0.5
        powers = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
        attended = (powers / xp.sum(powers, axis=-1, keepdims=True)) @ value
        x = x + xp.reshape(xp.swapaxes(attended, 1, 2), (n, length, width)) @ w_out.T + b_out
        x = x + relu(_normalized(x, scale2, shift2, xp) @ w1.T + b1) @ w2.T + b2
        return xp.mean(x, axis=1) @ w_head.T + b_head


@dataclass(frozen=True)
class Recurrent:
    """An LSTM over the rows of an image, an affine layer on its last state; cross-entropy, SGD."""

    batch: int = 32
    length: int = 28
    width: int = 28
    hidden: int = 64
    classes: int = 10
    learning_rate: float = 0.1
    optimizer: str = "sgd"

    def data(self) -> tuple[Array, Array]:
        """Inputs (batch, length, width), standard normal float32, and classes."""
        return _data(self.batch, self.length, self.width, self.classes)

    def shapes(self) -> list[tuple[int, ...]]:
        """The four gates' weights for the input and for the state, their biases, the classifier."""
        gates, hidden = 4 * self.hidden, self.hidden
        return [(gates, self.width), (gates, hidden), (gates,), (gates,), (self.classes, hidden), (self.classes,)]

    def parameters(self) -> list[Array]:
        """First values in the order of `shapes`."""
        return drawn(self.shapes())

    def evidence(self, loss: Any, parameters: Sequence[Any]) -> list[Array]:
        """The last loss, and by how much each parameter has moved."""
        return [np.asarray(loss), *moved(self.parameters(), parameters)]

    def logits(self, parameters: Sequence[Any], x: Any, xp: Any, sigmoid: Callable[[Any], Any]) -> Any:
        """The forward pass, written out step by step."""
        w_input, w_state, b_input, b_state, w_head, b_head = parameters
        inputs = xp.swapaxes(x, 0, 1) @ w_input.T + (b_input + b_state)
        state = cell = np.zeros((x.shape[0], self.hidden), np.float32)
        for t in range(x.shape[1]):
            state, cell = self.step(inputs[t] + state @ w_state.T, cell, xp, sigmoid)
        return state @ w_head.T + b_head

    def step(self, gates: Any, cell: Any, xp: Any, sigmoid: Callable[[Any], Any]) -> tuple[Any, Any]:
        """One step from the sums of its gates (Hochreiter and Schmidhuber, 1997; forget gates by Gers et al., 2000)."""
        h = self.hidden
        entered = sigmoid(gates[:, :h]) * xp.tanh(gates[:, 2 * h : 3 * h])
        cell = sigmoid(gates[:, h : 2 * h]) * cell + entered
        return sigmoid(gates[:, 3 * h :]) * xp.tanh(cell), cell


Sequential = Attention | Recurrent

SEQUENCES: dict[str, Sequential] = {"attention": Attention(), "lstm": Recurrent()}


def _normalized(x: Any, scale: Any, shift: Any, xp: Any) -> Any:
    centred = x - xp.mean(x, axis=-1, keepdims=True)
    return centred / xp.sqrt(xp.mean(centred * centred, axis=-1, keepdims=True) + 1e-5) * scale + shift


def _data(batch: int, length: int, width: int, classes: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(1)
    return rng.standard_normal((batch, length, width), dtype=np.float32), rng.integers(0, classes, batch)
