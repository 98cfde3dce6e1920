"""Transformers and their parts.

Second derivatives are asked of the layers; those of the stacks are their composition, and take long.
"""

from typing import Any

import numpy as np

from . import Sample, family, sample


def options(rng: np.random.Generator) -> dict[str, Any]:
    """What all of them take; what is dropped is not compared, so it is dropped in evaluation only, where it is not."""
    heads = int(rng.integers(1, 3))
    return {
        "d_model": heads * int(rng.integers(1, 4)),
        "nhead": heads,
        "dim_feedforward": int(rng.integers(1, 5)),
        "dropout": 0.0,
        "activation": str(rng.choice(["relu", "gelu"])),
        "layer_norm_eps": float(rng.choice([1e-5, 1e-2])),
        "batch_first": bool(rng.integers(2)),
        "norm_first": bool(rng.integers(2)),
        "bias": bool(rng.integers(4)),
    }


def sequence(rng: np.random.Generator, given: dict[str, Any], length: int, batch: int) -> tuple[int, ...]:
    """The shape of a sequence."""
    width = given["d_model"]
    if not batch:
        return (length, width)
    return (batch, length, width) if given["batch_first"] else (length, batch, width)


def hidden(rng: np.random.Generator, queries: int, keys: int) -> np.ndarray | None:
    """A mask of matches that leaves the first key visible, or none."""
    kind = int(rng.integers(3))
    if not kind:
        return None
    mask = ~np.tri(queries, keys, dtype=bool) if kind == 1 else rng.random((queries, keys)) < 0.3
    mask[:, 0] = False
    return mask


def padded(rng: np.random.Generator, keys: int, batch: int) -> np.ndarray | None:
    """A mask of keys that leaves the first one visible, or none."""
    if rng.integers(2):
        return None
    mask = rng.random((batch, keys) if batch else (keys,)) < 0.3
    mask[..., 0] = False
    return mask


def sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """The lengths of two sequences, and the batch, 0 for none."""
    return int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(3))


def mode(rng: np.random.Generator, given: dict[str, Any]) -> bool:
    """Whether it trains; in evaluation there may be a probability to drop."""
    training = bool(rng.integers(2))
    given["dropout"] = 0.0 if training else 0.1
    return training


def encoder_layer(rng: np.random.Generator) -> tuple[Sample, dict[str, Any]]:
    """A layer of an encoder, with the masks and the shape of its input; and its options."""
    given, (length, _, batch) = options(rng), sizes(rng)
    inputs = [sequence(rng, given, length, batch), hidden(rng, length, length), padded(rng, length, batch)]
    return sample(inputs=inputs, training=mode(rng, given), **given), given


def decoder_layer(rng: np.random.Generator) -> tuple[Sample, dict[str, Any]]:
    """A layer of a decoder, with the masks and the shapes of its inputs; and its options."""
    given, (target, source, batch) = options(rng), sizes(rng)
    inputs = [
        sequence(rng, given, target, batch),
        sequence(rng, given, source, batch),
        hidden(rng, target, target),
        hidden(rng, target, source),
        padded(rng, target, batch),
        padded(rng, source, batch),
    ]
    return sample(inputs=inputs, training=mode(rng, given), **given), given


def stacked(rng: np.random.Generator, name: str, layer: Sample, given: dict[str, Any]) -> Sample:
    """Copies of a layer, with or without a norm behind them."""
    inner = Sample((), layer.options, training=layer.training, name=name)
    norm = Sample((given["d_model"],), name="LayerNorm") if rng.integers(2) else None
    number = int(rng.integers(1, 3))
    return sample(inner, number, norm, inputs=layer.inputs, training=layer.training, order=1)


@family
def TransformerEncoderLayer(rng: np.random.Generator) -> Sample:
    return encoder_layer(rng)[0]


@family
def TransformerDecoderLayer(rng: np.random.Generator) -> Sample:
    return decoder_layer(rng)[0]


@family
def TransformerEncoder(rng: np.random.Generator) -> Sample:
    return stacked(rng, "TransformerEncoderLayer", *encoder_layer(rng))


@family
def TransformerDecoder(rng: np.random.Generator) -> Sample:
    return stacked(rng, "TransformerDecoderLayer", *decoder_layer(rng))


@family
def Transformer(rng: np.random.Generator) -> Sample:
    given, (source, target, batch) = options(rng), sizes(rng)
    inputs = [
        sequence(rng, given, source, batch),
        sequence(rng, given, target, batch),
        hidden(rng, source, source),
        hidden(rng, target, target),
        hidden(rng, target, source),
        padded(rng, source, batch),
        padded(rng, target, batch),
        padded(rng, source, batch),
    ]
    training = mode(rng, given)
    layers = {"num_encoder_layers": 1 + int(rng.integers(4) == 0), "num_decoder_layers": 1}
    return sample(inputs=inputs, training=training, order=1, **layers, **given)
