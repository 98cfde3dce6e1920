"""Attention: means of values, weighted by how well their keys match a query.

Knows queries, keys, values and masks. Does not know heads or projections.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from ..randomness import RandomSource
from .dropout import dropout

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    rng: RandomSource = None,
) -> Any:
    """``softmax(query key^T * scale) value``: for each query a mean of the values, weighted by the match of their keys.

    `attn_mask` says with True which keys a query may see, or is a number to add to each match (-inf hides a key);
    `is_causal` lets query i see the keys up to i. A query that may see no key gets zeros, with a gradient of zero.
    `scale` is 1/sqrt(E) unless given. A weight is left out with probability `dropout_p`, which acts always: pass 0 when
    not training. With `enable_gqa`, groups of query heads share one key and value head.
    Shapes: query (..., L, E), key (..., S, E), value (..., S, V), attn_mask as (..., L, S) or broadcast to it
    -> (..., L, V); with `enable_gqa`, query (..., heads, L, E) and key (..., fewer heads, S, E).
    Errors: ShapeError for shapes that do not fit; OptionError for a mask of whole numbers, and for a mask together with
    `is_causal`.
    Source: Vaswani et al., Attention is all you need (2017), eq. 1.

    >>> q, k, v = np.zeros((1, 2)), np.zeros((3, 2)), np.array([[1.0], [2.0], [6.0]])
    >>> scaled_dot_product_attention(q, k, v), scaled_dot_product_attention(q, k, v, np.array([True, True, False]))
    (array([[3.]]), array([[1.5]]))
    """
    who = "scaled_dot_product_attention"
    if is_causal and attn_mask is not None:
        raise ag.OptionError(f"{who}: pass attn_mask or is_causal=True, not both; a mask can hide what comes later too")
    if enable_gqa:
        key, value = (_repeated(x, query, name, who) for x, name in ((key, "key"), (value, "value")))
    shape = _scores_shape(query, key, value, who)
    bias = None
    if attn_mask is not None:
        bias = additive(attn_mask, query.dtype, f"{who}: attn_mask", visible=True)
        _check_mask(np.shape(bias), shape, who)
    elif is_causal:
        bias = causal(shape[-2], shape[-1], query.dtype)
    return attend(query, key, value, bias, dropout_p, scale, rng=rng)[0]


def attend(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    dropout_p: float = 0.0,
    scale: float | None = None,
    *,
    rng: RandomSource = None,
) -> tuple[Any, Any]:
    """Attention, and the weights that it took the mean with; `bias` is added to the matches."""
    scale = 1 / math.sqrt(query.shape[-1] or 1) if scale is None else float(scale)
    scores = ag.matmul(query * scale, ag.swapaxes(key, -1, -2))
    # Note [Queries that see nothing]
    # A softmax of -inf throughout is 0/0, and its NaN would reach every parameter: 0 * NaN is NaN even where the loss
    # leaves the query out. Such rows are computed as if all keys were visible, and replaced by zeros.
    blind = None if bias is None else ag.perform(_blind, bias)
    if blind is not None and not ag.capturing() and not blind.any():  # captured, others may have some
        blind = None
    if bias is not None:
        scores = scores + (bias if blind is None else ag.where(blind, np.zeros((), scores.dtype), bias))
    weights = ag.softmax(scores)
    if blind is not None:
        weights = ag.where(blind, np.zeros((), scores.dtype), weights)
    weights = dropout(weights, dropout_p, rng=rng)
    return ag.matmul(weights, value), weights


def additive(mask: Any, dtype: DTypeLike, who: str, visible: bool) -> Any:
    """A mask as numbers to add: -inf for what is hidden. In a mask of booleans, `visible` stands for what is seen."""
    mask = mask if isinstance(mask, ag.Tensor) else np.asarray(mask)
    if mask.dtype == bool:
        return ag.perform(lambda mask: np.where(_plain(mask) == visible, 0, -np.inf).astype(dtype), mask)
    if mask.dtype.kind != "f":
        means = "may be seen" if visible else "is hidden"
        raise ag.OptionError(
            f"{who} must be of booleans (True: {means}) or of floating point numbers to add, got {mask.dtype}; "
            "use mask.astype(bool)"
        )
    return mask if mask.dtype == dtype else mask.astype(dtype)


def causal(queries: int, keys: int, dtype: DTypeLike) -> NDArray[Any]:
    """What to add so that query i sees the keys up to i.

    >>> causal(2, 3, float)
    array([[  0., -inf, -inf],
           [  0.,   0., -inf]])
    """
    return np.where(np.tri(queries, keys, dtype=bool), 0, -np.inf).astype(dtype)


def _blind(bias: Any) -> NDArray[np.bool_]:
    """Which queries see no key."""
    plain = _plain(bias)
    return np.asarray((plain == -np.inf).all(axis=-1, keepdims=True) & (plain.shape[-1] > 0))


def _plain(x: Any) -> Any:
    return np.asarray(x.detach().data if isinstance(x, ag.Tensor) else x)


def _repeated(x: Any, query: Any, name: str, who: str) -> Any:
    heads, fewer = (shape[-3] if len(shape) > 2 else 0 for shape in (query.shape, x.shape))
    if not fewer or heads % fewer:
        raise ag.ShapeError(
            f"{who}: with enable_gqa the heads of {name} must divide those of query: query {query.shape}, {name} "
            f"{x.shape}, laid out (..., heads, length, features)"
        )
    return x if heads == fewer else ag.repeat(x, heads // fewer, axis=len(x.shape) - 3)


def _scores_shape(query: Any, key: Any, value: Any, who: str) -> tuple[int, ...]:
    """The shape of the matches, if those of the three fit together."""
    q, k, v = (np.shape(x) for x in (query, key, value))
    if min(len(q), len(k), len(v)) < 2 or q[-1] != k[-1] or k[-2] != v[-2]:
        raise ag.ShapeError(
            f"{who}: query must be (..., L, E), key (..., S, E) and value (..., S, V); got {q}, {k} and {v}"
        )
    try:
        return (*np.broadcast_shapes(q[:-2], k[:-2], v[:-2]), q[-2], k[-2])
    except ValueError:
        raise ag.ShapeError(f"{who}: the axes before the last two do not broadcast: {q}, {k} and {v}") from None


def _check_mask(mask: tuple[int, ...], scores: tuple[int, ...], who: str) -> None:
    try:
        fits = np.broadcast_shapes(mask, scores) == scores
    except ValueError:
        fits = False
    if not fits:
        raise ag.ShapeError(
            f"{who}: attn_mask must be (..., queries, keys), here {scores} or what broadcasts to it; got {mask}"
        )
