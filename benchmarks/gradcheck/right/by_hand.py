"""Functions of NumPy with VJPs written by hand: nothing here knows this library."""

from __future__ import annotations

import numpy as np

from benchmarks.gradcheck.numbers import definite, distinct, invertible, positive, real
from benchmarks.gradcheck.right.case import Right

_LABELS = np.array([2, 0, 1, 2])
_ONE_HOT = np.eye(3)[_LABELS]
_KERNEL = np.array([0.5, -1.0, 2.0])


def _logistic(x):
    return 1 / (1 + np.exp(-x))


def _softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _softmax_vjp(x, g):
    s = _softmax(x)
    return s * (g - np.sum(g * s, axis=-1, keepdims=True))


def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _cross_entropy(z):
    return -np.mean(np.sum(_log_softmax(z) * _ONE_HOT.astype(z.dtype), axis=1))


def _standardized(x):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)


def _standardized_vjp(x, g):
    y, deviation = _standardized(x), np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return (g - g.mean(axis=-1, keepdims=True) - y * (g * y).mean(axis=-1, keepdims=True)) / deviation


def _conv2d(x, w):
    return np.einsum("ijkl,kl->ij", np.lib.stride_tricks.sliding_window_view(x, w.shape), w)


def _conv2d_vjp(x, w, g):
    dx = np.zeros_like(x)
    for i, j in np.ndindex(g.shape):
        dx[i : i + w.shape[0], j : j + w.shape[1]] += g[i, j] * w
    return dx, np.einsum("ijkl,ij->kl", np.lib.stride_tricks.sliding_window_view(x, w.shape), g)


def _sort_vjp(x, g):
    dx = np.empty_like(g)
    dx[np.argsort(x)] = g
    return dx


def _max_vjp(x, g):
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), x.argmax(axis=1)] = g
    return dx


def _embedding_vjp(table, index, g):
    d = np.zeros_like(table)
    np.add.at(d, index, g)
    return d, None


def _gelu(x):
    return 0.5 * x * (1 + np.tanh(0.8 * (x + 0.044715 * x**3)))


def _gelu_vjp(x, g):
    t = np.tanh(0.8 * (x + 0.044715 * x**3))
    return g * (0.5 * (1 + t) + 0.4 * x * (1 - t * t) * (1 + 0.134145 * x * x))


def _eigenvalues_vjp(a, g):
    _, v = np.linalg.eigh((a + a.T) / 2)
    return (v * g) @ v.T


def _diff_vjp(x, g):
    edge = np.zeros_like(g[:1])
    return np.concatenate([edge, g]) - np.concatenate([g, edge])


def _of_symmetric(a):
    return np.linalg.eigvalsh((a + a.T) / 2)


def _mlp(x, w, b, v):
    return np.tanh(x @ w + b) @ v


def _mlp_vjp(x, w, b, v, g):
    h = np.tanh(x @ w + b)
    d = (g @ v.T) * (1 - h * h)
    return d @ w.T, x.T @ d, d.sum(axis=0), h.T @ g


BY_HAND = [
    Right("sin", (np.sin, lambda x, g: g * np.cos(x)), [real(5)]),
    Right("exp", (np.exp, lambda x, g: g * np.exp(x)), [real(2, 3)]),
    Right("log", (np.log, lambda x, g: g / x), [positive(5)]),
    Right("sqrt", (np.sqrt, lambda x, g: g / (2 * np.sqrt(x))), [positive(5, low=0.01)]),
    Right("tan", (np.tan, lambda x, g: g * (1 + np.tan(x) ** 2)), [real(5, low=-1.4, high=1.4)]),
    Right("tanh", (np.tanh, lambda x, g: g * (1 - np.tanh(x) ** 2)), [real(5, low=-8, high=8)]),
    Right("arcsin", (np.arcsin, lambda x, g: g / np.sqrt(1 - x * x)), [real(5, low=-0.99, high=0.99)]),
    Right(
        "arctan2",
        (np.arctan2, lambda y, x, g: (g * x / (x * x + y * y), -g * y / (x * x + y * y))),
        [real(4), positive(4)],
    ),
    Right("power", (np.power, lambda x, p, g: (g * p * x ** (p - 1), g * np.log(x) * x**p)), [positive(4), real(4)]),
    Right("reciprocal near a pole", (lambda x: 1 / x, lambda x, g: -g / x**2), [positive(5, low=1e-3)]),
    Right("logistic", (_logistic, lambda x, g: g * _logistic(x) * (1 - _logistic(x))), [real(5, low=-20, high=20)]),
    Right(
        "softplus",
        (lambda x: np.logaddexp(0, x).astype(x.dtype), lambda x, g: g * _logistic(x)),
        [real(5, low=-30, high=30)],
    ),
    Right(
        "hypot", (np.hypot, lambda x, y, g: (g * x / np.hypot(x, y), g * y / np.hypot(x, y))), [real(4), positive(4)]
    ),
    Right("gelu", (_gelu, _gelu_vjp), [real(6, low=-4, high=4)]),
    Right(
        "linear function of large numbers", (lambda x: 3 * x + 1e6, lambda x, g: 3 * g), [real(5, low=-1e3, high=1e3)]
    ),
    Right("tiny values", (lambda x: 1e-9 * np.sin(x), lambda x, g: 1e-9 * g * np.cos(x)), [real(5)]),
    Right("huge values", (lambda x: 1e9 * x**3, lambda x, g: 3e9 * g * x * x), [real(5)]),
    Right("constant", (lambda x: 0 * x + 1, lambda x, g: 0 * g), [real(5)]),
    Right(
        "sum and a sum of steps",
        (lambda x: np.sum(x) + np.floor(x).sum(), lambda x, g: g * np.ones_like(x)),
        [real(5, away=(-2, -1, 0, 1, 2), margin=0.05)],
    ),
    Right("abs", (np.abs, lambda x, g: g * np.sign(x)), [real(6, away=(0,))]),
    Right("relu", (lambda x: np.maximum(x, 0), lambda x, g: g * (x > 0)), [real(3, 4, away=(0,))]),
    Right("clip", (lambda x: np.clip(x, -1, 1), lambda x, g: g * (np.abs(x) < 1)), [real(6, away=(-1, 1))]),
    Right(
        "where",
        (lambda x: np.where(x > 0.5, x * x, np.exp(x)), lambda x, g: g * np.where(x > 0.5, 2 * x, np.exp(x))),
        [real(6, away=(0.5,))],
    ),
    Right("sum", (lambda x: np.sum(x, axis=0), lambda x, g: np.broadcast_to(g, x.shape)), [real(3, 4)]),
    Right("mean", (np.mean, lambda x, g: np.full_like(x, g / x.size)), [real(3, 4)]),
    Right("var", (np.var, lambda x, g: 2 * g * (x - x.mean()) / x.size), [real(8)]),
    Right("var far from zero", (np.var, lambda x, g: 2 * g * (x - x.mean()) / x.size), [real(8, low=9999, high=10001)]),
    Right("prod", (np.prod, lambda x, g: g * np.prod(x) / x), [positive(5)]),
    Right("cumsum", (np.cumsum, lambda x, g: np.cumsum(g[::-1])[::-1]), [real(6)]),
    Right("diff", (np.diff, _diff_vjp), [real(6)]),
    Right("max of rows", (lambda x: x.max(axis=1), _max_vjp), [distinct(3, 4)]),
    Right("sort", (np.sort, _sort_vjp), [distinct(7)]),
    Right("norm", (np.linalg.norm, lambda x, g: g * x / np.linalg.norm(x)), [real(2, 3)]),
    Right("logsumexp", (lambda x: np.log(np.sum(np.exp(x))), lambda x, g: g * _softmax(x)), [real(5)]),
    Right("softmax", (_softmax, _softmax_vjp), [real(3, 4, low=-5, high=5)]),
    Right("log_softmax", (_log_softmax, lambda x, g: g - _softmax(x) * g.sum(axis=-1, keepdims=True)), [real(3, 4)]),
    Right(
        "cross entropy",
        (_cross_entropy, lambda z, g: g * (_softmax(z) - _ONE_HOT.astype(z.dtype)) / len(z)),
        [real(4, 3)],
    ),
    Right("standardisation", (_standardized, _standardized_vjp), [real(3, 5)]),
    Right("add and broadcast", (lambda x, b: x + b, lambda x, b, g: (g, g.sum(axis=0))), [real(4, 3), real(3)]),
    Right(
        "multiply and broadcast",
        (lambda x, c: x * c, lambda x, c, g: (g * c, (g * x).sum(axis=1, keepdims=True))),
        [real(4, 3), real(4, 1)],
    ),
    Right(
        "scale by a number",
        (lambda x, s: s * np.sin(x), lambda x, s, g: (g * s * np.cos(x), np.sum(g * np.sin(x)))),
        [real(5), real()],
    ),
    Right("a number", (lambda x: np.sin(x) * x, lambda x, g: g * (np.sin(x) + x * np.cos(x))), [real()]),
    Right("no elements", (np.sin, lambda x, g: g * np.cos(x)), [real(0, 3)]),
    Right(
        "transpose",
        (lambda x: np.transpose(x, (1, 2, 0)), lambda x, g: np.transpose(g, (2, 0, 1))),
        [real(2, 3, 2)],
    ),
    Right("matmul", (lambda a, b: a @ b, lambda a, b, g: (g @ b.T, a.T @ g)), [real(3, 4), real(4, 2)]),
    Right(
        "quadratic form",
        (lambda x, a: x @ a @ x, lambda x, a, g: (g * (a + a.T) @ x, g * np.outer(x, x))),
        [real(4), real(4, 4)],
    ),
    Right("inv", (np.linalg.inv, lambda a, g: -(i := np.linalg.inv(a)).T @ g @ i.T), [invertible(3)]),
    Right("det", (np.linalg.det, lambda a, g: g * np.linalg.det(a) * np.linalg.inv(a).T), [invertible(3)]),
    Right("slogdet", (lambda a: np.linalg.slogdet(a)[1], lambda a, g: g * np.linalg.inv(a).T), [invertible(3)]),
    Right(
        "solve",
        (np.linalg.solve, lambda a, b, g: (-np.outer(y := np.linalg.solve(a.T, g), np.linalg.solve(a, b)), y)),
        [invertible(3), real(3)],
    ),
    Right("eigenvalues", (_of_symmetric, _eigenvalues_vjp), [definite(3)]),
    Right(
        "einsum",
        (
            lambda a, b: np.einsum("ij,jk->ki", a, b),
            lambda a, b, g: (np.einsum("ki,jk->ij", g, b), np.einsum("ij,ki->jk", a, g)),
        ),
        [real(2, 3), real(3, 2)],
    ),
    Right(
        "convolve",
        (
            lambda x: np.convolve(x, _KERNEL.astype(x.dtype)),
            lambda x, g: np.correlate(g, _KERNEL.astype(x.dtype), "valid"),
        ),
        [real(7)],
    ),
    Right("2-d convolution", (_conv2d, _conv2d_vjp), [real(4, 4), real(2, 2)]),
    Right("embedding", (lambda table, index: table[index], _embedding_vjp), [real(4, 2), np.array([0, 3, 3, 1])]),
    Right("two layers", (_mlp, _mlp_vjp), [real(3, 2), real(2, 4), real(4), real(4, 2)]),
    Right("with forward mode", (np.sin, lambda x, g: g * np.cos(x), lambda x, t: t * np.cos(x)), [real(5)]),
    Right("two outputs", (lambda x: (np.sin(x), x * x), lambda x, g: g[0] * np.cos(x) + 2 * g[1] * x), [real(4)]),
    Right(
        "dictionary of inputs",
        (lambda p: np.sin(p["a"]) * p["b"], lambda p, g: {"a": g * np.cos(p["a"]) * p["b"], "b": g * np.sin(p["a"])}),
        [{"a": real(3), "b": positive(3)}],
    ),
]
