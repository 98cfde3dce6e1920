"""ONNX's recurrent operators, step by step or as our recurrences: their gates and layouts are ONNX's.

Inputs: x (steps, samples, features), w (directions, gates * hidden, features), r (directions, gates * hidden, hidden),
b (directions, 2 * gates * hidden), then lengths (not read here), and the states to begin with (directions, samples,
hidden). Source: https://onnx.ai/onnx/operators/onnx__LSTM.html, and of GRU and RNN beside it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag

__all__ = ["OPERATORS"]


def _lstm(
    o: Any, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, h: Any = None, c: Any = None, p: Any = None
) -> Any:
    """Outputs (steps, directions, samples, hidden), the last state and the last cell (directions, samples, hidden)."""
    _check(o, "LSTM", ["Sigmoid", "Tanh", "Tanh"], lengths, p)

    def step(gates: Any, h: Any, c: Any, r: Any, bias: Any) -> tuple[Any, Any]:
        i, out, forget, new = _parts(gates + h @ ag.transpose(r) + bias, 4)
        c = ag.sigmoid(forget) * c + ag.sigmoid(i) * ag.tanh(new)
        return ag.sigmoid(out) * ag.tanh(c), c

    return _run(o, x, w, r, b, (h, c), step)


def _gru(o: Any, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, h: Any = None) -> Any:
    """Outputs (steps, directions, samples, hidden), and the last state (directions, samples, hidden)."""
    _check(o, "GRU", ["Sigmoid", "Tanh"], lengths, None)
    if not o.get("linear_before_reset"):
        raise ag.OptionError("GRU: only linear_before_reset=1 is read here, as PyTorch computes it")

    def step(gates: Any, h: Any, r: Any, bias: Any) -> tuple[Any]:
        zx, rx, nx = _parts(gates, 3)
        zh, rh, nh = _parts(h @ ag.transpose(r) + bias, 3)
        update = ag.sigmoid(zx + zh)
        new = ag.tanh(nx + ag.sigmoid(rx + rh) * nh)
        return ((1 - update) * new + update * h,)

    return _run(o, x, w, r, b, (h,), step)


def _rnn(o: Any, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, h: Any = None) -> Any:
    """Outputs (steps, directions, samples, hidden), and the last state (directions, samples, hidden)."""
    names = {name.lower() for name in o.get("activations", ["Tanh"])}
    if names not in ({"tanh"}, {"relu"}):
        raise ag.OptionError(f"RNN: activations must all be Tanh or all Relu to be read here, got {sorted(names)}")
    _check({**o, "activations": []}, "RNN", [], lengths, None)
    activation = ag.relu if names == {"relu"} else ag.tanh

    def step(gates: Any, h: Any, r: Any, bias: Any) -> tuple[Any]:
        return (activation(gates + h @ ag.transpose(r) + bias),)

    return _run(o, x, w, r, b, (h,), step)


def _run(o: Any, x: Any, w: Any, r: Any, b: Any, first: tuple[Any, ...], step: Callable[..., Any]) -> tuple[Any, ...]:
    """All directions, one after the other; the bias of the input is added beforehand, that of the state in the step."""
    hidden = np.shape(r)[2]
    gates = np.shape(w)[1]
    way = o.get("direction", "forward")
    outputs, last = [], []
    for d in range(np.shape(w)[0]):
        bias_in, bias_state = (b[d, :gates], b[d, gates:]) if b is not None else (0.0, 0.0)
        seen = x @ ag.transpose(w[d]) + bias_in
        states = tuple(np.zeros((np.shape(x)[1], hidden), seen.dtype) if state is None else state[d] for state in first)
        backwards = way == "reverse" or d == 1
        found: list[Any] = []
        order = range(np.shape(x)[0])
        for t in order[::-1] if backwards else order:
            states = step(seen[t], *states, r[d], bias_state)
            found.append(states[0])
        outputs.append(ag.stack(found[::-1] if backwards else found))
        last.append(states)
    return (ag.stack(outputs, axis=1), *(ag.stack(parts) for parts in zip(*last, strict=True)))


def _parts(gates: Any, count: int) -> list[Any]:
    size = np.shape(gates)[-1] // count
    return [gates[..., i * size : (i + 1) * size] for i in range(count)]


def _check(o: Any, who: str, usual: list[str], lengths: Any, peepholes: Any) -> None:
    given = o.get("activations") or usual
    times = len(given) // max(len(usual), 1)
    unusual = [name for name, value in (("sequence_lens", lengths), ("P", peepholes)) if value is not None]
    unusual += [name for name in ("clip", "input_forget", "layout", "activation_alpha") if o.get(name)]
    unusual += ["activations"] if [a.lower() for a in given] != [u.lower() for u in usual] * times else []
    if unusual:
        raise ag.OptionError(f"{who}: {', '.join(unusual)} is not read here")


OPERATORS: dict[str, Callable[..., Any]] = {"GRU": _gru, "LSTM": _lstm, "RNN": _rnn}
"""By the operator's name."""
