"""Recurrent cells, one step at a time, and whole sequences: the simple recurrence, the LSTM and the GRU.

The cells are written out in elementary operations, so that a graph shows what happens in them; sequences take the
recurrences of the core, which do the same in one operation. Weights are laid out as in PyTorch. Does not know layers on
top of each other.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

__all__ = ["gru", "gru_cell", "lstm", "lstm_cell", "rnn", "rnn_cell"]

State = tuple[Any, Any]


def rnn_cell(
    x: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    nonlinearity: str = "tanh",
) -> Any:
    """One step of a simple recurrence, ``tanh(x W_ih^T + b_ih + h W_hh^T + b_hh)``, or with "relu" for tanh.

    Shapes: x (..., inputs), h (..., hidden), weight_ih (hidden, inputs), weight_hh (hidden, hidden), biases (hidden,)
    -> (..., hidden).

    >>> rnn_cell(np.zeros(1), np.ones(1), np.ones((1, 1)), np.ones((1, 1))).round(4)
    array([0.7616])
    """
    check_nonlinearity(nonlinearity, "rnn_cell")
    z = ag.linear(x, weight_ih, bias_ih) + ag.linear(h, weight_hh, bias_hh)
    return ag.tanh(z) if nonlinearity == "tanh" else ag.relu(z)


def lstm_cell(
    x: Any,
    state: State,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    weight_hr: Any = None,
) -> State:
    """One step of a long short-term memory: the new state h and the new cell c.

    The rows of the weights are those of the input gate i, the forget gate f, the new content g and the output gate o:
    ``c = f * c + i * g`` and ``h = o * tanh(c)``, or ``(o * tanh(c)) W_hr^T`` with a projection.
    Shapes: x (..., inputs), state (h, c) of (..., projected) and (..., hidden), weight_ih (4 * hidden, inputs),
    weight_hh (4 * hidden, projected), biases (4 * hidden,), weight_hr (projected, hidden).
    Source: Sak, Senior and Beaufays, Long short-term memory based recurrent neural network architectures (2014), for
    the projection.

    >>> h, c = lstm_cell(np.zeros(1), (np.zeros(1), np.ones(1)), np.ones((4, 1)), np.ones((4, 1)))
    >>> c
    array([0.5])
    """
    return _lstm_step(ag.linear(x, weight_ih, bias_ih), state, weight_hh, bias_hh, weight_hr)


def _lstm_step(z: Any, state: State, weight_hh: Any, bias_hh: Any, weight_hr: Any) -> State:
    """The same, from what the input contributes."""
    h, c = state
    i, f, g, o = ag.split(z + ag.linear(h, weight_hh, bias_hh), 4, axis=-1)
    c = ag.sigmoid(f) * c + ag.sigmoid(i) * ag.tanh(g)
    h = ag.sigmoid(o) * ag.tanh(c)
    return (h if weight_hr is None else ag.linear(h, weight_hr)), c


def gru_cell(x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any = None, bias_hh: Any = None) -> Any:
    """One step of a gated recurrent unit, ``(1 - z) * n + z * h``.

    The rows of the weights are those of the reset gate r, the update gate z and the new content
    ``n = tanh(x W_in^T + b_in + r * (h W_hn^T + b_hn))``.
    Shapes: x (..., inputs), h (..., hidden), weight_ih (3 * hidden, inputs), weight_hh (3 * hidden, hidden), biases
    (3 * hidden,) -> (..., hidden).

    >>> gru_cell(np.zeros(1), np.ones(1), np.ones((3, 1)), np.zeros((3, 1)))
    array([0.5])
    """
    x_r, x_z, x_n = ag.split(ag.linear(x, weight_ih, bias_ih), 3, axis=-1)
    h_r, h_z, h_n = ag.split(ag.linear(h, weight_hh, bias_hh), 3, axis=-1)
    n = ag.tanh(x_n + ag.sigmoid(x_r + h_r) * h_n)
    return n + ag.sigmoid(x_z + h_z) * (h - n)


def rnn(
    x: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    nonlinearity: str = "tanh",
    *,
    reverse: bool = False,
    lengths: NDArray[np.int64] | None = None,
) -> tuple[Any, Any]:
    """`rnn_cell` from step to step: the states after each, and the last.

    With `reverse` the sequence is gone through from its end, and the last state is that after the first step. With
    `lengths` each sequence ends after its own number of steps.
    Shapes: x (steps, batch, inputs), h (batch, hidden), lengths (batch,) -> (steps, batch, hidden), (batch, hidden).

    >>> states, last = rnn(np.ones((5, 2, 3)), np.zeros((2, 4)), np.ones((4, 3)), np.zeros((4, 4)))
    >>> states.shape, last.shape
    ((5, 2, 4), (2, 4))
    """
    z = ag.linear(_ordered(x, reverse, lengths), weight_ih, _sum(bias_ih, bias_hh))
    out = ag.rnn_recurrence(z, h, weight_hh, nonlinearity)
    return _ordered(out, reverse, lengths), _last(out, lengths)


def lstm(
    x: Any,
    state: State,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    weight_hr: Any = None,
    *,
    reverse: bool = False,
    lengths: NDArray[np.int64] | None = None,
) -> tuple[Any, State]:
    """`lstm_cell` from step to step: the states after each, and the last state and cell.

    Options and shapes: as for `rnn`; state (h, c) and weights as for `lstm_cell`.

    >>> states, (h, c) = lstm(np.ones((5, 2, 3)), (np.zeros((2, 1)),) * 2, np.ones((4, 3)), np.zeros((4, 1)))
    >>> states.shape, h.shape
    ((5, 2, 1), (2, 1))
    """
    z = ag.linear(_ordered(x, reverse, lengths), weight_ih, _sum(bias_ih, bias_hh))
    if weight_hr is None:
        both = ag.lstm_recurrence(z, *state, weight_hh)
        out, cells = both[0], both[1]
    else:
        steps = []
        for t in range(z.shape[0]):
            state = _lstm_step(z[t], state, weight_hh, None, weight_hr)
            steps.append(state)
        out, cells = (ag.stack(parts) for parts in zip(*steps, strict=True))
    return _ordered(out, reverse, lengths), (_last(out, lengths), _last(cells, lengths))


def gru(
    x: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any = None,
    bias_hh: Any = None,
    *,
    reverse: bool = False,
    lengths: NDArray[np.int64] | None = None,
) -> tuple[Any, Any]:
    """`gru_cell` from step to step: the states after each, and the last.

    Options and shapes: as for `rnn`; weights as for `gru_cell`.

    >>> states, last = gru(np.ones((5, 2, 3)), np.zeros((2, 1)), np.ones((3, 3)), np.zeros((3, 1)))
    >>> states.shape, last.shape
    ((5, 2, 1), (2, 1))
    """
    z = ag.linear(_ordered(x, reverse, lengths), weight_ih, bias_ih)
    out = ag.gru_recurrence(z, h, weight_hh, bias_hh)
    return _ordered(out, reverse, lengths), _last(out, lengths)


def check_nonlinearity(nonlinearity: Any, who: str) -> None:
    """Refuse what is neither "tanh" nor "relu"."""
    if nonlinearity not in ("tanh", "relu"):
        raise ag.OptionError(f"{who}: nonlinearity must be one of tanh, relu; got {nonlinearity!r}")


def _sum(bias_ih: Any, bias_hh: Any) -> Any:
    return bias_ih if bias_hh is None else bias_hh if bias_ih is None else bias_ih + bias_hh


def _ordered(x: Any, reverse: bool, lengths: NDArray[np.int64] | None) -> Any:
    """Each sequence from its end to its beginning if `reverse`; once more, and it is as it was."""
    if not reverse:
        return x
    if lengths is None:
        return ag.getitem(x, slice(None, None, -1))
    t = np.arange(x.shape[0])[:, None]
    return ag.getitem(x, (np.where(t < lengths, lengths - 1 - t, t), np.arange(lengths.size)))


def _last(out: Any, lengths: NDArray[np.int64] | None) -> Any:
    """What each sequence ends with."""
    return out[-1] if lengths is None else ag.getitem(out, (lengths - 1, np.arange(lengths.size)))
