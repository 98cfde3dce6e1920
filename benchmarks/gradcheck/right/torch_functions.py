"""Functions of PyTorch with the derivatives that PyTorch computes, through an adapter of two lines."""

from __future__ import annotations

from typing import Any

from benchmarks.gradcheck.numbers import Numbers, definite, distinct, in_single, invertible, positive, real
from benchmarks.gradcheck.right.case import Right


def adapted(function: Any) -> tuple[Any, Any]:
    """A function of PyTorch tensors as a pair (f, vjp) of functions of arrays."""
    import torch

    def f(*arrays: Any) -> Any:
        return function(*map(torch.tensor, arrays)).numpy()

    def vjp(*arrays: Any, g: Any) -> Any:
        inputs = [torch.tensor(x, requires_grad=True) for x in arrays]
        return [d.numpy() for d in torch.autograd.grad(function(*inputs), inputs, torch.tensor(g), allow_unused=False)]

    return f, vjp


def cases() -> list[Right]:
    """All of them, in double and some in single precision. Raises ImportError without PyTorch."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)  # arrays of some numbers, and as many processes as there are cores
    labels = torch.tensor([2, 0, 1])
    lstm_gates = lambda i, f, o: torch.sigmoid(f) * torch.tanh(i) + torch.sigmoid(o)
    table: list[tuple[str, Any, list[Numbers]]] = [
        ("sin", torch.sin, [real(5)]),
        ("tanh", torch.tanh, [real(2, 3)]),
        ("lgamma", torch.lgamma, [positive(5, high=6)]),
        ("erf", torch.erf, [real(5)]),
        ("softplus", functional.softplus, [real(5, low=-10, high=10)]),
        ("gelu", functional.gelu, [real(6)]),
        ("silu", functional.silu, [real(6)]),
        ("mish", functional.mish, [real(6)]),
        ("elu", functional.elu, [real(6, away=(0,))]),
        ("hardswish", functional.hardswish, [real(6, low=-4, high=4, away=(-3, 3))]),
        ("relu", torch.relu, [real(6, away=(0,))]),
        ("softmax", lambda x: torch.softmax(x, -1), [real(3, 4)]),
        ("log_softmax", lambda x: torch.log_softmax(x, -1), [real(3, 4)]),
        ("logsumexp", lambda x: torch.logsumexp(x, 1), [real(3, 4)]),
        ("cross_entropy", lambda x: functional.cross_entropy(x, labels), [real(3, 4)]),
        ("mse_loss", functional.mse_loss, [real(3, 4), real(3, 4)]),
        ("kl_div", lambda p, q: functional.kl_div(torch.log(p), q, reduction="sum"), [positive(5), positive(5)]),
        ("layer_norm", lambda x, w, b: functional.layer_norm(x, (4,), w, b), [real(3, 4), real(4), real(4)]),
        ("group_norm", lambda x: functional.group_norm(x, 2), [real(2, 4, 2)]),
        ("linear", functional.linear, [real(3, 4), real(2, 4), real(2)]),
        ("bilinear", functional.bilinear, [real(2, 2), real(2, 3), real(2, 2, 3)]),
        ("conv1d", functional.conv1d, [real(1, 2, 6), real(2, 2, 3)]),
        ("conv2d", lambda x, w: functional.conv2d(x, w, padding=1), [real(1, 1, 4, 4), real(2, 1, 3, 3)]),
        ("conv_transpose1d", lambda x, w: functional.conv_transpose1d(x, w, stride=2), [real(1, 2, 3), real(2, 1, 3)]),
        ("max_pool2d", lambda x: functional.max_pool2d(x, 2), [distinct(1, 1, 4, 4)]),
        ("avg_pool1d", lambda x: functional.avg_pool1d(x, 2), [real(1, 2, 6)]),
        ("interpolate", lambda x: functional.interpolate(x, scale_factor=2, mode="linear"), [real(1, 2, 3)]),
        ("cosine_similarity", functional.cosine_similarity, [real(2, 3), real(2, 3)]),
        ("cdist", torch.cdist, [real(2, 3), real(3, 3, low=3, high=6)]),
        ("cumprod", lambda x: torch.cumprod(x, 0), [positive(5)]),
        ("sort", lambda x: torch.sort(x)[0], [distinct(6)]),
        ("median", torch.median, [distinct(7)]),
        (
            "scaled dot product attention",
            functional.scaled_dot_product_attention,
            [real(1, 3, 2), real(1, 3, 2), real(1, 3, 2)],
        ),
        ("linalg.inv", torch.linalg.inv, [invertible(3)]),
        ("linalg.slogdet", lambda a: torch.linalg.slogdet(a)[1], [invertible(3)]),
        ("linalg.cholesky", lambda a: torch.linalg.cholesky((a + a.T) / 2), [definite(3)]),
        ("linalg.eigvalsh", lambda a: torch.linalg.eigvalsh((a + a.T) / 2), [definite(3)]),
        ("linalg.solve", torch.linalg.solve, [invertible(3), real(3)]),
        ("gates of an LSTM", lstm_gates, [real(4), real(4), real(4)]),
    ]
    single = {"sin", "tanh", "softmax", "gelu", "cross_entropy", "layer_norm", "linear", "conv2d", "logsumexp", "relu"}
    return [Right(name, adapted(function), inputs) for name, function, inputs in table] + [
        Right(f"{name} in float32", adapted(function), [in_single(x) for x in inputs])
        for name, function, inputs in table
        if name in single
    ]
