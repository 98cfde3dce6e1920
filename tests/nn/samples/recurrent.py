"""Recurrent layers and cells."""

import numpy as np

from . import Sample, family, sample


def recurrent(rng: np.random.Generator, state: str, **options: object) -> Sample:
    """Settings of a recurrent layer; `state` says whether it is one array or a pair."""
    single, batch_first = bool(rng.integers(5) == 0), bool(rng.integers(2))
    layers = int(rng.integers(1, 3))
    directions = 1 + int(rng.integers(2 * layers) == 0)  # seldom all at once, which takes long to check
    inputs, hidden, steps, batch = (int(n) for n in rng.integers(1, 4, 4))
    hidden = min(hidden + 1, 3)
    drops = layers > 1 and bool(rng.integers(3) == 0)
    training = bool(rng.integers(2))
    projected = int(rng.integers(1, hidden)) if state == "pair" and rng.integers(3) == 0 else 0
    shape = (steps, inputs) if single else (batch, steps, inputs) if batch_first else (steps, batch, inputs)
    start = (layers * directions,) if single else (layers * directions, batch)
    h, c = (*start, projected or hidden), (*start, hidden)
    hx = None if rng.integers(3) == 0 else [h, c] if state == "pair" else h
    if projected:
        options["proj_size"] = projected
    return sample(
        inputs,
        hidden,
        num_layers=layers,
        bias=bool(rng.integers(2)),
        batch_first=batch_first,
        dropout=0.5 if drops else 0.0,
        bidirectional=directions == 2,
        inputs=[shape, hx],
        training=training,
        only_here="what is dropped is drawn otherwise" if drops and training else "",
        **options,
    )


def cell(rng: np.random.Generator, state: str, **options: object) -> Sample:
    """Settings of a recurrent cell."""
    inputs, hidden, batch = (int(n) for n in rng.integers(1, 5, 3))
    rows = () if rng.integers(4) == 0 else (batch,)
    h = (*rows, hidden)
    hx = None if rng.integers(3) == 0 else [h, h] if state == "pair" else h
    return sample(inputs, hidden, bias=bool(rng.integers(2)), inputs=[(*rows, inputs), hx], **options)


@family
def RNN(rng: np.random.Generator) -> Sample:
    return recurrent(rng, "array", nonlinearity=str(rng.choice(["tanh", "relu"])))


@family
def LSTM(rng: np.random.Generator) -> Sample:
    return recurrent(rng, "pair")


@family
def GRU(rng: np.random.Generator) -> Sample:
    return recurrent(rng, "array")


@family
def RNNCell(rng: np.random.Generator) -> Sample:
    return cell(rng, "array", nonlinearity=str(rng.choice(["tanh", "relu"])))


@family
def LSTMCell(rng: np.random.Generator) -> Sample:
    return cell(rng, "pair")


@family
def GRUCell(rng: np.random.Generator) -> Sample:
    return cell(rng, "array")
