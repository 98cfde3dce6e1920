"""Recurrent layers over whole sequences: any number of them on top of each other, in one direction or both."""

import math
import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from .. import functional, init
from ..arguments import brief, check_flag, check_positive
from ..functional.recurrent import check_nonlinearity
from ..module import Module, Parameter
from ..randomness import RandomSource, generator
from ..sequences import PackedSequence, packed_like, padded
from .cells import pair

__all__ = ["GRU", "LSTM", "RNN"]

_LAYOUTS = (
    "input must be (seq, batch, {0}), or (batch, seq, {0}) with batch_first=True, or (seq, {0}) for one sequence, "
    "or a PackedSequence"
)


class Recurrent(Module):
    """What recurrent layers have in common: names, shapes and initial values of parameters, layers and directions."""

    gates: ClassVar[int]
    proj_size = 0

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        self.input_size = check_positive(input_size, f"{who}: input_size")
        self.hidden_size = check_positive(hidden_size, f"{who}: hidden_size")
        self.num_layers = check_positive(num_layers, f"{who}: num_layers")
        for name, flag in {"bias": bias, "batch_first": batch_first, "bidirectional": bidirectional}.items():
            check_flag(flag, f"{who}: {name}")
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ag.OptionError(f"{who}: dropout is the probability to drop, from 0 to 1; got {brief(dropout)}")
        if dropout and num_layers == 1:
            warnings.warn(
                f"{who}: dropout={dropout} does nothing with num_layers=1: it acts between layers, not after the last",
                stacklevel=3,
            )
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        if proj_size:
            self.proj_size = proj_size
        self.rng = generator(rng, who)
        outputs = proj_size or hidden_size
        rows, ends = self.gates * hidden_size, ("", "_reverse") if bidirectional else ("",)
        self._names: list[list[str]] = []  # of the parameters of each layer and direction
        for layer in range(num_layers):
            inputs = input_size if layer == 0 else outputs * len(ends)
            for end in ends:
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, inputs), "weight_hh": (rows, outputs)}
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
                shapes |= {"weight_hr": (proj_size, hidden_size)} if proj_size else {}
                self._names.append([f"{name}_l{layer}{end}" for name in shapes])
                for name, shape in zip(self._names[-1], shapes.values(), strict=True):
                    values = init.uniform_fan_in(shape, hidden_size, rng=self.rng, dtype=dtype)
                    setattr(self, name, Parameter(values))

    def reset_parameters(self, *, rng: RandomSource = None) -> None:
        """Draw all parameters anew, uniform within 1/sqrt(hidden_size)."""
        rng, bound = generator(rng, type(self).__name__), 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound, rng=rng)

    def flatten_parameters(self) -> None:
        """Nothing: for scripts that call it, as PyTorch needs on some devices."""

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """The states of the last layer after each step, and the last states of all layers."""
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        shape = self._checked(np.shape(input), self.batch_first)
        if len(shape) == 2:
            x = ag.expand_dims(input, 1)
            x, last = self._run(x, self._first(hx, x, single=True), None)
            return x[:, 0], self._last([part[:, 0] for part in last])
        x = ag.swapaxes(input, 0, 1) if self.batch_first else input
        x, last = self._run(x, self._first(hx, x), None)
        return (ag.swapaxes(x, 0, 1) if self.batch_first else x), self._last(last)

    def _packed(self, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        """Sequences of different lengths, from the longest to the shortest; states come and go in the old order."""
        x, lengths = padded(input, type(self).__name__)
        self._checked(np.shape(x), False)
        order, back = (
            None if places is None else (slice(None), places)
            for places in (input.sorted_indices, input.unsorted_indices)
        )
        first = [part if order is None else ag.getitem(part, order) for part in self._first(hx, x)]
        x, last = self._run(x, first, lengths)
        return packed_like(input, x), self._last([part if back is None else ag.getitem(part, back) for part in last])

    def _run(self, x: Any, first: list[Any], lengths: NDArray[np.int64] | None) -> tuple[Any, list[Any]]:
        """All layers, one after the other: the outputs, and the parts of the state after the last step."""
        directions = 2 if self.bidirectional else 1
        last: list[tuple[Any, ...]] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = functional.dropout(x, self.dropout, self.training, rng=self.rng)
            outputs = []
            for reverse in range(directions):
                k = layer * directions + reverse
                weights = {name.rpartition("_l")[0]: getattr(self, name) for name in self._names[k]}
                out, state = self._steps(
                    x, tuple(part[k] for part in first), weights, reverse=bool(reverse), lengths=lengths
                )
                outputs.append(out)
                last.append(state)
            x = outputs[0] if directions == 1 else ag.concatenate(outputs, axis=-1)
        return x, [ag.stack(parts) for parts in zip(*last, strict=True)]

    def _steps(
        self, x: Any, state: tuple[Any, ...], weights: dict[str, Any], **options: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        """One layer in one direction: the outputs, and the parts of the last state."""
        raise NotImplementedError

    def _first(self, hx: Any, x: Any, single: bool = False) -> list[Any]:
        """The parts of the state before the first step, each (layers * directions, batch, size)."""
        return [self._part(hx, "hx", self.hidden_size, x, single)]

    def _last(self, parts: list[Any]) -> Any:
        """The state as it is returned."""
        return parts[0]

    def _part(self, part: Any, name: str, size: int, x: Any, single: bool) -> Any:
        layers, dtype = self.num_layers * (2 if self.bidirectional else 1), getattr(self, self._names[0][0]).dtype
        if part is None:
            return np.zeros((layers, x.shape[1], size), dtype)
        wanted: tuple[int, ...] = layers, x.shape[1], size
        rule = "(num_layers * directions, batch, size)"
        if single:
            wanted, rule = (layers, size), "(num_layers * directions, size) for one sequence"
        if np.shape(part) != wanted:
            raise ag.ShapeError(
                f"{type(self).__name__}: {name} must be {rule}, here {wanted}; got {np.shape(part)}"
                + ("; the batch is second, with batch_first=True too" if self.batch_first and not single else "")
            )
        return ag.expand_dims(part, 1) if single else part

    def _checked(self, shape: tuple[int, ...], batch_first: bool) -> tuple[int, ...]:
        """The shape of an input, if it is one."""
        who = type(self).__name__
        if len(shape) not in (2, 3) or shape[-1] != self.input_size:
            raise ag.ShapeError(f"{who}: {_LAYOUTS.format(self.input_size)}; got {shape}")
        if not shape[1 if batch_first and len(shape) == 3 else 0]:
            raise ag.ShapeError(f"{who}: a sequence needs at least one step; got {shape}")
        return shape

    def extra_repr(self) -> str:
        shown = f"{self.input_size}, {self.hidden_size}"
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "nonlinearity": "tanh",
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        for name, default in defaults.items():
            value = getattr(self, name, default)
            if value != default:
                shown += f", {name}={value!r}"
        return shown + init.shown_dtype(getattr(self, self._names[0][0]))


class RNN(Recurrent):
    """Simple recurrence over a sequence, ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or with "relu" for tanh.

    Each of `num_layers` layers takes the outputs of the one below, left out at random with probability `dropout`;
    `bidirectional` ones have a second recurrence from the last step to the first, whose outputs stand behind.
    Shapes: input (seq, N, input_size), or (N, seq, input_size) with `batch_first`, or (seq, input_size), or a
    PackedSequence; hx (num_layers * directions, N, hidden_size), zeros if not given
    -> outputs like the input, with directions * hidden_size; the last hx.
    weight_ih_l0 (hidden_size, input_size), weight_hh_l0 (hidden_size, hidden_size), bias_ih_l0, bias_hh_l0
    (hidden_size,); the same for l1, ..., which take outputs; and with "_reverse" behind.
    Initial values: uniform within 1/sqrt(hidden_size), as in PyTorch.
    Source: Elman, Finding structure in time (1990).

    >>> outputs, last = RNN(3, 4, num_layers=2, rng=0)(np.ones((5, 2, 3), np.float32))
    >>> outputs.shape, last.shape
    ((5, 2, 4), (2, 2, 4))
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_nonlinearity(nonlinearity, "RNN")
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng=rng, dtype=dtype
        )
        self.nonlinearity = nonlinearity

    def _steps(
        self, x: Any, state: tuple[Any, ...], weights: dict[str, Any], **options: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        out, h = functional.rnn(x, state[0], **weights, nonlinearity=self.nonlinearity, **options)
        return out, (h,)


class LSTM(Recurrent):
    """Long short-term memory over a sequence; what one step does is said of `LSTMCell`.

    Layers, directions, shapes, names and initial values: as for RNN, except that the state is a pair (h_0, c_0), of
    which either may be None for zeros, and that weights and biases have 4 * hidden_size rows. With `proj_size`, h and
    the outputs have that size: they are multiplied by weight_hr_l0 (proj_size, hidden_size).
    Source: as LSTMCell; Sak, Senior and Beaufays (2014) for the projection.

    >>> outputs, (h, c) = LSTM(3, 4, bidirectional=True, rng=0)(np.ones((5, 2, 3), np.float32))
    >>> outputs.shape, h.shape, c.shape
    ((5, 2, 8), (2, 2, 4), (2, 2, 4))
    """

    gates = 4

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if (
            isinstance(proj_size, bool)
            or not isinstance(proj_size, int | np.integer)
            or not 0 <= proj_size < hidden_size
        ):
            raise ag.OptionError(
                f"LSTM: proj_size must be a whole number below hidden_size={hidden_size}, or 0 for none; "
                f"got {brief(proj_size)}"
            )
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            rng=rng,
            dtype=dtype,
        )

    def _first(self, hx: Any, x: Any, single: bool = False) -> list[Any]:
        h, c = pair(hx, "LSTM: hx", "(h_0, c_0)")
        return [
            self._part(h, "h_0", self.proj_size or self.hidden_size, x, single),
            self._part(c, "c_0", self.hidden_size, x, single),
        ]

    def _last(self, parts: list[Any]) -> Any:
        return tuple(parts)

    def _steps(
        self, x: Any, state: tuple[Any, ...], weights: dict[str, Any], **options: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        return functional.lstm(x, (state[0], state[1]), **weights, **options)


class GRU(Recurrent):
    """Gated recurrent units over a sequence; what one step does is said of `GRUCell`.

    Layers, directions, shapes, names and initial values: as for RNN, except that weights and biases have
    3 * hidden_size rows.
    Source: as GRUCell.

    >>> outputs, last = GRU(3, 4, batch_first=True, rng=0)(np.ones((2, 5, 3), np.float32))
    >>> outputs.shape, last.shape
    ((2, 5, 4), (1, 2, 4))
    """

    gates = 3

    def _steps(
        self, x: Any, state: tuple[Any, ...], weights: dict[str, Any], **options: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        out, h = functional.gru(x, state[0], **weights, **options)
        return out, (h,)
