"""Attention."""

import numpy as np

from . import Sample, family, sample


def mask(rng: np.random.Generator, shape: tuple[int, ...], kind: int) -> np.ndarray | None:
    """None, booleans or numbers; every row lets something through."""
    if kind == 0:
        return None
    hidden = rng.random(shape) < 0.4
    hidden[..., int(rng.integers(shape[-1]))] = False
    return hidden if kind == 1 else np.where(hidden, -np.inf, rng.normal(size=shape))


@family
def MultiheadAttention(rng: np.random.Generator) -> Sample:
    heads, size, batch, queries, keys = (int(n) for n in rng.integers(1, 4, 5))
    features = heads * size
    batch_first, single = bool(rng.integers(2)), bool(rng.integers(5) == 0)
    kdim, vdim = (int(n) for n in rng.integers(1, 5, 2)) if rng.integers(3) == 0 else (features, features)

    def shape(length: int, width: int) -> tuple[int, ...]:
        return (length, width) if single else (batch, length, width) if batch_first else (length, batch, width)

    training = bool(rng.integers(2))
    dropout = 0.3 if rng.integers(4) == 0 else 0.0
    kind = int(rng.integers(3))
    attn = mask(rng, (queries, keys) if rng.integers(2) else ((1 if single else batch) * heads, queries, keys), kind)
    padding = mask(rng, (keys,) if single else (batch, keys), kind and int(rng.integers(2)) * kind)
    ends = {name: bool(rng.integers(4) == 0) for name in ("add_bias_kv", "add_zero_attn")}
    # with need_weights=False the hint makes PyTorch hide what was added at the end, which the mask does not
    is_causal = kind == 1 and attn is not None and attn.ndim == 2 and not any(ends.values()) and bool(rng.integers(2))
    if is_causal:  # for PyTorch a hint that the mask is of this form
        attn = ~np.tri(queries, keys, dtype=bool)
    if attn is not None and padding is not None:
        # both together must leave something: a first key that neither hides
        attn[..., 0] = padding[..., 0] = 0
    return sample(
        features,
        heads,
        dropout=dropout,
        bias=bool(rng.integers(4)),
        **ends,
        kdim=kdim,
        vdim=vdim,
        batch_first=batch_first,
        inputs=[
            shape(queries, features),
            shape(keys, kdim),
            shape(keys, vdim),
            padding,
            bool(rng.integers(2)),
            attn,
            bool(rng.integers(2)),
            is_causal,
        ],
        training=training,
        only_here="what is dropped is drawn otherwise" if dropout and training else "",
    )
