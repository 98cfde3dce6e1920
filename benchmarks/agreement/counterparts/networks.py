"""Convolution, pooling, losses, and the affine map."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from benchmarks.agreement.counterparts.record import Counterpart, named, refuse


def _batched(ndim: int, call: Any) -> Any:
    """PyTorch takes one image without an axis for the batch."""

    def with_batch(input: Any, *args: Any, **kwargs: Any) -> Any:
        if np.ndim(input) == ndim + 1:
            return call(input[None], *args, **kwargs)[0]
        return call(input, *args, **kwargs)

    with_batch.__wrapped__ = call  # whose signature says which options there are
    return with_batch


def _whole(option: Any, ndim: int) -> Any:
    """PyTorch takes a list of one number for all axes."""
    return tuple(option) * ndim if isinstance(option, list | tuple) and len(option) == 1 else option


def _convolution(ndim: int) -> Any:
    name = f"nn.functional.conv{ndim}d"

    def call(
        input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Any:
        stride, padding, dilation = (_whole(option, ndim) for option in (stride, padding, dilation))
        return named(name)(input, weight, bias, stride, padding, dilation, groups)

    return Counterpart(name, (name, f"conv{ndim}d"), _batched(ndim, call))


def _transposed(ndim: int) -> Any:
    ours = f"conv{ndim}d_input"

    def call(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Any:
        s, p, o, d = (
            np.broadcast_to(np.ravel(x), (ndim,)).tolist() for x in (stride, padding, output_padding, dilation)
        )
        refuse(any(extra >= step for extra, step in zip(o, s, strict=True)), "output_padding of a stride or more")
        kernel = np.shape(weight)[2:]
        spatial = [
            (n - 1) * s[i] - 2 * p[i] + d[i] * (kernel[i] - 1) + o[i] + 1 for i, n in enumerate(np.shape(input)[2:])
        ]
        shape = (np.shape(input)[0], np.shape(weight)[1] * groups, *spatial)
        y = named(ours)(input, weight, shape, tuple(s), tuple(p), tuple(d), groups)
        return y if bias is None else y + ag.reshape(bias, (1, -1, *(1,) * ndim))

    return Counterpart(f"nn.functional.conv_transpose{ndim}d", (ours,), _batched(ndim, call))


def _average(ndim: int) -> Any:
    name = f"nn.functional.avg_pool{ndim}d"

    def call(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> Any:
        kernel_size, stride, padding = (_whole(option, ndim) for option in (kernel_size, stride, padding))
        given = (kernel_size, stride if np.size(stride) else None, padding, ceil_mode, count_include_pad)
        return named(name)(input, *given, *(() if divisor_override is None else (divisor_override,)))

    return Counterpart(name, (name, f"avg_pool{ndim}d"), _batched(ndim, call))


def _maximum(ndim: int) -> Any:
    name = f"nn.functional.max_pool{ndim}d"

    def call(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        given = (kernel_size, stride if np.size(stride) else None, padding, dilation, ceil_mode, return_indices)
        return named(name)(input, *given)

    return Counterpart(name, (name, f"max_pool{ndim}d"), call)


def _same(theirs: str) -> Counterpart:
    """A function that has the same name, arguments and options here."""

    def call(*args: Any, **options: Any) -> Any:
        return named(theirs)(*args, **options)

    name = theirs.rpartition(".")[2]
    return Counterpart(theirs, (theirs, name) if name in ag.__all__ else (theirs,), call)


NETWORKS = [
    *(_convolution(ndim) for ndim in (1, 2, 3)),
    *(_transposed(ndim) for ndim in (1, 2, 3)),
    *(_average(ndim) for ndim in (1, 2, 3)),
    *(_maximum(ndim) for ndim in (1, 2, 3)),
    Counterpart("nn.functional.linear", ("linear",), lambda input, weight, bias=None: ag.linear(input, weight, bias)),
    *(
        _same(f"nn.functional.{name}")
        for name in (
            "binary_cross_entropy",
            "binary_cross_entropy_with_logits",
            "cosine_embedding_loss",
            "cosine_similarity",
            "cross_entropy",
            "gaussian_nll_loss",
            "hinge_embedding_loss",
            "huber_loss",
            "kl_div",
            "l1_loss",
            "margin_ranking_loss",
            "mse_loss",
            "multi_margin_loss",
            "multilabel_margin_loss",
            "multilabel_soft_margin_loss",
            "nll_loss",
            "pairwise_distance",
            "poisson_nll_loss",
            "smooth_l1_loss",
            "soft_margin_loss",
            "triplet_margin_loss",
            # activations
            "celu",
            "elu",
            "gelu",
            "glu",
            "hardshrink",
            "hardsigmoid",
            "hardswish",
            "hardtanh",
            "leaky_relu",
            "mish",
            "prelu",
            "relu6",
            "selu",
            "silu",
            "softshrink",
            "tanhshrink",
            "threshold",
        )
    ),
]
