"""Recurrent cells: layers that take one step, for loops that are written by hand."""

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import functional, init
from ..arguments import check_positive
from ..functional.recurrent import check_nonlinearity
from ..module import Module, Parameter
from ..randomness import RandomSource, generator

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


class Cell(Module):
    """What recurrent cells have in common: weights for the input and for the state, and the shapes of both."""

    gates: ClassVar[int]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        self.input_size = check_positive(input_size, f"{who}: input_size")
        self.hidden_size = check_positive(hidden_size, f"{who}: hidden_size")
        self.bias, rng, rows = bias, generator(rng, who), self.gates * hidden_size

        def parameter(*shape: int) -> Parameter:
            return Parameter(init.uniform_fan_in(shape, hidden_size, rng=rng, dtype=dtype))

        self.weight_ih, self.weight_hh = parameter(rows, input_size), parameter(rows, hidden_size)
        self.bias_ih: Parameter | None = parameter(rows) if bias else None
        self.bias_hh: Parameter | None = parameter(rows) if bias else None

    def reset_parameters(self, *, rng: RandomSource = None) -> None:
        """Draw all parameters anew, uniform within 1/sqrt(hidden_size)."""
        rng, bound = generator(rng, type(self).__name__), 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound, rng=rng)

    def _started(self, x: Any, h: Any, name: str = "hx") -> Any:
        """The state, or zeros if it was not given; refuses shapes that do not fit."""
        who, shape = type(self).__name__, np.shape(x)
        if len(shape) not in (1, 2) or shape[-1] != self.input_size:
            raise ag.ShapeError(
                f"{who}: input must be (batch, {self.input_size}) or ({self.input_size},), one step of the sequence; "
                f"got {shape}"
            )
        wanted = (*shape[:-1], self.hidden_size)
        if h is None:
            return np.zeros(wanted, self.weight_hh.dtype)
        if np.shape(h) != wanted:
            raise ag.ShapeError(f"{who}: {name} must be {wanted} for input {shape}, got {np.shape(h)}")
        return h

    def _weights(self) -> tuple[Any, Any, Any, Any]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def extra_repr(self) -> str:
        shown = f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")
        return shown + init.shown_dtype(self.weight_ih)


class RNNCell(Cell):
    """One step of a simple recurrence, ``tanh(W_ih x + b_ih + W_hh h + b_hh)``, or with "relu" for tanh.

    Shapes: input (N, input_size) or (input_size,), hx alike with hidden_size, zeros if not given -> the next hx.
    weight_ih (hidden_size, input_size), weight_hh (hidden_size, hidden_size), bias_ih and bias_hh (hidden_size,).
    Initial values: uniform within 1/sqrt(hidden_size), as in PyTorch.
    Source: Elman, Finding structure in time (1990).

    >>> RNNCell(3, 4, rng=0)(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, rng=rng, dtype=dtype)
        check_nonlinearity(nonlinearity, "RNNCell")
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        return functional.rnn_cell(input, self._started(input, hx), *self._weights(), self.nonlinearity)

    def extra_repr(self) -> str:
        other = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity!r}"
        return super().extra_repr() + other


class LSTMCell(Cell):
    """One step of a long short-term memory: gates let the input into a cell, keep the cell, and let it out.

    ``c = f * c + i * g`` and ``h = o * tanh(c)``, where i, f and o are the logistic function and g is tanh of
    ``W_ih x + b_ih + W_hh h + b_hh``, whose rows are those of i, f, g and o in this order.
    Shapes: input (N, input_size) or (input_size,), hx = (h, c) alike with hidden_size, zeros if not given
    -> the next (h, c). Weights and biases have 4 * hidden_size rows.
    Initial values: uniform within 1/sqrt(hidden_size), as in PyTorch.
    Source: Hochreiter and Schmidhuber, Long short-term memory (1997); Gers, Schmidhuber and Cummins (2000) for f.

    >>> h, c = LSTMCell(3, 4, rng=0)(np.ones((2, 3), np.float32))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    gates = 4

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        h, c = pair(hx, "LSTMCell: hx", "(h, c)")
        state = self._started(input, h, "h of hx"), self._started(input, c, "c of hx")
        return functional.lstm_cell(input, state, *self._weights())


class GRUCell(Cell):
    """One step of a gated recurrent unit: ``(1 - z) * n + z * h`` with gates r and z and new content n.

    ``n = tanh(W_in x + b_in + r * (W_hn h + b_hn))``; the rows of the weights are those of r, z and n in this order.
    Shapes: input (N, input_size) or (input_size,), hx alike with hidden_size, zeros if not given -> the next hx.
    Weights and biases have 3 * hidden_size rows.
    Initial values: uniform within 1/sqrt(hidden_size), as in PyTorch.
    Source: Cho et al., Learning phrase representations using RNN encoder-decoder (2014), with r behind the product, as
    in cuDNN and PyTorch.

    >>> GRUCell(3, 4, rng=0)(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """

    gates = 3

    def forward(self, input: Any, hx: Any = None) -> Any:
        return functional.gru_cell(input, self._started(input, hx), *self._weights())


def pair(hx: Any, who: str, what: str) -> tuple[Any, Any]:
    """The two parts of a state, or None twice if it was not given.

    >>> pair((1, 2), "LSTM: hx", "(h_0, c_0)")
    (1, 2)
    """
    if hx is None:
        return None, None
    if not isinstance(hx, tuple | list) or len(hx) != 2:
        raise ag.OptionError(
            f"{who} must be a pair {what}, got {type(hx).__name__} "
            f"{f'of {len(hx)}' if isinstance(hx, tuple | list) else f'of shape {np.shape(hx)}'}"
        )
    return hx[0], hx[1]
