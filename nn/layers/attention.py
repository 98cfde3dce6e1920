"""Attention with several heads, each of which looks at a projection of its own."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd_core as ag

from .. import functional, init
from ..arguments import brief, check_flag, check_positive
from ..functional.attention import additive, attend, causal
from ..module import Module, Parameter
from ..randomness import RandomSource, generator
from .linear import Linear

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Attention of `num_heads` heads on projections of queries, keys and values; their results side by side, projected.

    ``MultiheadAttention(E, h)(x, x, x)`` is self-attention. In `key_padding_mask` and `attn_mask` True hides a key, or
    numbers are added to the matches (-inf hides): as in PyTorch, where True in the mask of
    `functional.scaled_dot_product_attention` means the opposite. A query that may see no key gets a mean of nothing,
    zeros, also where PyTorch gives NaN (with `need_weights`), so that no NaN gets into gradients. `is_causal` lets
    query i see the keys up to i; where a mask is given, the mask says all. In training a weight is left out with
    probability `dropout`. `add_bias_kv` adds a learned key and value at the end, `add_zero_attn` one of zeros; they are
    always seen.
    Shapes: query (L, N, embed_dim), key (S, N, kdim), value (S, N, vdim), or with N before L and S with `batch_first`,
    or without N; key_padding_mask (N, S) or (S,); attn_mask (L, S) or (N * num_heads, L, S)
    -> (L, N, embed_dim) as the query; the weights (N, L, S), averaged over heads, or (N, num_heads, L, S) with
    `average_attn_weights=False`, or None with `need_weights=False`.
    in_proj_weight (3 * embed_dim, embed_dim) for query, key and value, or, where `kdim` or `vdim` differ,
    q_proj_weight (embed_dim, embed_dim), k_proj_weight (embed_dim, kdim), v_proj_weight (embed_dim, vdim);
    in_proj_bias (3 * embed_dim,); out_proj a Linear; bias_k, bias_v (1, 1, embed_dim).
    Initial values: Glorot's uniform for the projections, zeros for their biases, Glorot's normal for bias_k and bias_v,
    and a Linear's for out_proj.weight, as in PyTorch.
    Source: Vaswani et al., Attention is all you need (2017), section 3.2.2.

    >>> x = np.ones((5, 2, 8), np.float32)
    >>> outputs, weights = MultiheadAttention(8, num_heads=2, rng=0)(x, x, x)
    >>> outputs.shape, weights.shape
    ((5, 2, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        who = "MultiheadAttention"
        self.embed_dim = check_positive(embed_dim, f"{who}: embed_dim")
        self.num_heads = check_positive(num_heads, f"{who}: num_heads")
        if embed_dim % num_heads:
            raise ag.OptionError(
                f"{who}: num_heads must divide embed_dim, whose features the heads share; got {num_heads} heads for "
                f"{embed_dim}"
            )
        if not 0 <= dropout <= 1:
            raise ag.OptionError(f"{who}: dropout is the probability to drop, from 0 to 1; got {brief(dropout)}")
        flags = {"bias": bias, "add_bias_kv": add_bias_kv, "add_zero_attn": add_zero_attn, "batch_first": batch_first}
        for name, flag in flags.items():
            check_flag(flag, f"{who}: {name}")
        self.dropout, self.bias, self.batch_first = dropout, bias, batch_first
        self.add_bias_kv, self.add_zero_attn, self.head_dim = add_bias_kv, add_zero_attn, embed_dim // num_heads
        self.kdim = embed_dim if kdim is None else check_positive(kdim, f"{who}: kdim")
        self.vdim = embed_dim if vdim is None else check_positive(vdim, f"{who}: vdim")
        self.rng, dtype = generator(rng, who), init.floating(dtype)
        alike = self.kdim == self.vdim == embed_dim
        self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight = (
            Parameter(np.zeros((rows, columns), dtype)) if wanted else None
            for wanted, rows, columns in (
                (alike, 3 * embed_dim, embed_dim),
                (not alike, embed_dim, embed_dim),
                (not alike, embed_dim, self.kdim),
                (not alike, embed_dim, self.vdim),
            )
        )
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype)) if bias else None
        self.bias_k = Parameter(np.zeros((1, 1, embed_dim), dtype)) if add_bias_kv else None
        self.bias_v = Parameter(np.zeros((1, 1, embed_dim), dtype)) if add_bias_kv else None
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight, rng=self.rng)
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=self.rng, dtype=dtype)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)
        if self.bias_k is not None and self.bias_v is not None:
            init.xavier_normal_(self.bias_k, rng=self.rng)
            init.xavier_normal_(self.bias_v, rng=self.rng)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        single = self._is_single(query, key, value)
        q, k, v = (self._batch_first(x, single) for x in (query, key, value))
        batch, queries, keys = q.shape[0], q.shape[1], k.shape[1]
        bias = self._bias(key_padding_mask, attn_mask, is_causal, batch, queries, keys, single, q.dtype)
        q, k, v = self._projected(q, k, v)
        if self.bias_k is not None:
            k, v = (
                ag.concatenate([x, ag.broadcast_to(end, (batch, 1, self.embed_dim))], axis=1)
                for x, end in ((k, self.bias_k), (v, self.bias_v))
            )
        if self.add_zero_attn:
            k, v = (ag.concatenate([x, np.zeros((batch, 1, self.embed_dim), x.dtype)], axis=1) for x in (k, v))
        if bias is not None and k.shape[1] > keys:  # what was added at the end is seen
            seen = np.zeros((*bias.shape[:-1], k.shape[1] - keys), bias.dtype)
            bias = ag.concatenate([bias, seen], axis=-1)
        q, k, v = (ag.swapaxes(ag.reshape(x, (*x.shape[:2], self.num_heads, self.head_dim)), 1, 2) for x in (q, k, v))
        dropout = self.dropout if self.training else 0.0
        out, weights = attend(q, k, v, bias, dropout, rng=self.rng)
        out = self.out_proj(ag.reshape(ag.swapaxes(out, 1, 2), (batch, queries, self.embed_dim)))
        out = out[0] if single else out if self.batch_first else ag.swapaxes(out, 0, 1)
        if not need_weights:
            return out, None
        weights = ag.mean(weights, axis=1) if average_attn_weights else weights
        return out, weights[0] if single else weights

    def _batch_first(self, x: Any, single: bool) -> Any:
        return ag.expand_dims(x, 0) if single else x if self.batch_first else ag.swapaxes(x, 0, 1)

    def _projected(self, *inputs: Any) -> list[Any]:
        """Queries, keys and values as the heads see them, side by side."""
        bias = self.in_proj_bias
        if self.in_proj_weight is None:
            weights: Any = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        else:
            weights = ag.split(self.in_proj_weight, 3)
        biases: Any = (None, None, None) if bias is None else ag.split(bias, 3)
        return [functional.linear(x, *given) for x, *given in zip(inputs, weights, biases, strict=True)]

    def _bias(
        self,
        key_padding_mask: Any,
        attn_mask: Any,
        is_causal: bool,
        batch: int,
        queries: int,
        keys: int,
        single: bool,
        dtype: Any,
    ) -> Any:
        """What the masks add to the matches, to be broadcast to (N, heads, L, S)."""
        who, parts = "MultiheadAttention", []
        if attn_mask is not None:
            mask = additive(attn_mask, dtype, f"{who}: attn_mask", visible=False)
            full = (batch * self.num_heads, queries, keys)
            if mask.shape not in (full[1:], full):
                raise ag.ShapeError(
                    f"{who}: attn_mask must be (queries, keys) or (batch * num_heads, queries, keys), here {full[1:]} "
                    f"or {full}; got {mask.shape}"
                )
            parts.append(mask if len(mask.shape) == 2 else ag.reshape(mask, (batch, self.num_heads, *full[1:])))
        elif is_causal:
            parts.append(causal(queries, keys, dtype))
        if key_padding_mask is not None:
            mask = additive(key_padding_mask, dtype, f"{who}: key_padding_mask", visible=False)
            wanted = (keys,) if single else (batch, keys)
            if mask.shape != wanted:
                raise ag.ShapeError(
                    f"{who}: key_padding_mask must be {'(keys,)' if single else '(batch, keys)'}, here {wanted}; "
                    f"got {mask.shape}" + ("; transpose it?" if mask.shape == wanted[::-1] else "")
                )
            parts.append(ag.reshape(mask, (batch, 1, 1, keys)))
        return parts[0] + parts[1] if len(parts) == 2 else parts[0] if parts else None

    def _is_single(self, query: Any, key: Any, value: Any) -> bool:
        """Whether there is no batch; refuses shapes that do not fit together."""
        q, k, v = (np.shape(x) for x in (query, key, value))
        single, first = len(q) == 2, self.batch_first
        length = 0 if single or not first else 1
        layout = "({0}, {1})" if single else "(batch, {0}, {1})" if first else "({0}, batch, {1})"
        fits = (
            len(q) == len(k) == len(v)
            and len(q) in (2, 3)
            and (q[-1], k[-1], v[-1]) == (self.embed_dim, self.kdim, self.vdim)
            and k[length] == v[length]
            and (single or q[1 - length] == k[1 - length] == v[1 - length])
        )
        if not fits:
            shown = [layout.format(*sizes) for sizes in (("L", self.embed_dim), ("S", self.kdim), ("S", self.vdim))]
            raise ag.ShapeError(
                f"MultiheadAttention: query must be {shown[0]}, key {shown[1]} and value {shown[2]} with "
                f"batch_first={first}, or all of them without a batch; got {q}, {k} and {v}"
            )
        return single

    def extra_repr(self) -> str:
        shown = f"{self.embed_dim}, {self.num_heads}"
        for name, default in {"dropout": 0, "bias": True, "add_bias_kv": False, "add_zero_attn": False}.items():
            if getattr(self, name) != default:
                shown += f", {name}={getattr(self, name)!r}"
        for name in ("kdim", "vdim"):
            shown += "" if getattr(self, name) == self.embed_dim else f", {name}={getattr(self, name)}"
        return shown + (", batch_first=True" if self.batch_first else "") + init.shown_dtype(self.out_proj.weight)
