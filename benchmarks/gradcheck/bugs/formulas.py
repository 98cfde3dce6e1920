"""Mistakes in the mathematics: a factor or a term of the formula is wrong or missing, or there is no formula at all."""

from __future__ import annotations

import numpy as np

from benchmarks.gradcheck.bugs.bug import Bug
from benchmarks.gradcheck.numbers import positive, real


def _logistic(x):
    return 1 / (1 + np.exp(-x))


def _softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _standardized(x):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)


def _over_deviation(x, g):
    return g / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)


def _without_mean_path(x, g):
    y = _standardized(x)
    return _over_deviation(x, g - y * (g * y).mean(axis=-1, keepdims=True))


def _without_variance_path(x, g):
    return _over_deviation(x, g - g.mean(axis=-1, keepdims=True))


def _noise_matrix(n):
    return np.random.default_rng(1).standard_normal((n, n))


INNER = [
    Bug(
        "logistic without 1 - s",
        (_logistic, lambda x, g: g * _logistic(x)),
        [real(6)],
        ("inner",),
    ),
    Bug("sin(x^2) without 2x", (lambda x: np.sin(x * x), lambda x, g: g * np.cos(x * x)), [positive(6)], ("inner",)),
    Bug("tanh evaluated at the input", (np.tanh, lambda x, g: g * (1 - x**2)), [real(6)], ("inner",)),
    Bug("exp evaluated at the output", (np.exp, lambda x, g: g * np.exp(np.exp(x))), [real(6, high=1)], ("inner",)),
    Bug("log for 1/x", (np.log, lambda x, g: g * np.log(x)), [positive(6)], ("inner",)),
    Bug("log, multiplied and not divided", (np.log, lambda x, g: g * x), [positive(6)], ("inner",)),
    Bug(
        "arcsin with a wrong sign inside",
        (np.arcsin, lambda x, g: g / np.sqrt(1 + x * x)),
        [real(6, low=-0.9, high=0.9)],
        ("inner",),
    ),
    Bug("power with the old exponent", (lambda x: x**3, lambda x, g: 3 * g * x**3), [positive(6)], ("inner",)),
    Bug(
        "norms of rows not divided by the norm",
        (lambda x: np.linalg.norm(x, axis=1), lambda x, g: g[:, None] * x),
        [real(4, 3)],
        ("inner",),
    ),
    Bug(
        "norm not divided by the norm",  # one number for all entries, and it depends on the output
        (np.linalg.norm, lambda x, g: g * x),
        [real(2, 3)],
        ("inner", "factor"),
    ),
    Bug(
        "GELU by tanh with 0.4715 for 0.044715",
        (
            lambda x: 0.5 * x * (1 + np.tanh(0.8 * (x + 0.044715 * x**3))),
            lambda x, g: (
                g
                * (
                    0.5 * (1 + (t := np.tanh(0.8 * (x + 0.044715 * x**3))))
                    + 0.5 * x * (1 - t * t) * 0.8 * (1 + 3 * 0.4715 * x * x)
                )
            ),
        ),
        [real(8)],
        ("inner", "term"),  # a factor inside one of two terms
    ),
    Bug(
        "weighted average, weights not normalised in the derivative",
        (
            lambda x, w: np.sum(w * x) / np.sum(w),
            lambda x, w, g: (g * w, g * (x - np.sum(w * x) / np.sum(w)) / np.sum(w)),
        ),
        [real(5), positive(5)],
        ("inner", "factor"),  # the sum of the weights: one number, which depends on the input
    ),
]

TERMS = [
    Bug("softmax without its sum", (_softmax, lambda x, g: g * _softmax(x)), [real(3, 4)], ("term",)),
    Bug("softmax, diagonal only", (_softmax, lambda x, g: g * (s := _softmax(x)) * (1 - s)), [real(3, 4)], ("term",)),
    Bug(
        "standardisation without the path through the mean",
        (_standardized, _without_mean_path),
        [real(3, 5)],
        ("term",),
    ),
    Bug(
        "standardisation without the path through the variance",
        (_standardized, _without_variance_path),
        [real(3, 5)],
        ("term",),
    ),
    Bug(
        "quadratic form without the transposed matrix",
        (lambda x, a: x @ a @ x, lambda x, a, g: (g * (a @ x), g * np.outer(x, x))),
        [real(4), real(4, 4)],
        ("term",),
    ),
    Bug("Gram matrix, one path of two", (lambda x: x @ x.T, lambda x, g: g @ x), [real(3, 2)], ("term",)),
    Bug(
        "residual connection forgotten",
        (lambda x, w: x + np.tanh(x @ w), lambda x, w, g: ((p := g * (1 - np.tanh(x @ w) ** 2)) @ w.T, x.T @ p)),
        [real(4, 3), real(3, 3)],
        ("term",),
    ),
    Bug(
        "product rule, one term of two",  # of one element, a missing term is a wrong factor
        (lambda x: x * np.exp(x), lambda x, g: g * np.exp(x)),
        [real(6)],
        ("term", "inner"),
    ),
    Bug(
        "variance about zero",
        (lambda x: np.mean((x - x.mean()) ** 2), lambda x, g: 2 * g * x / x.size),
        [real(6, low=0, high=2)],
        ("term",),
    ),
    Bug(
        "interpolation, second input",
        (lambda x, y: x * y + np.sin(y), lambda x, y, g: (g * y, g * x)),
        [real(5), real(5)],
        ("term", "inner"),
    ),
]

UNRELATED = [
    Bug(
        "a fixed matrix of random numbers",
        (np.tanh, lambda x, g: _noise_matrix(x.size) @ g),
        [real(7)],
        ("unrelated",),
    ),
    Bug(
        "gradient of another function of all inputs",
        (
            lambda x: np.array([np.sin(x @ np.arange(1.0, 7)), np.sum(x**2), np.prod(x)]),
            lambda x, g: g @ np.random.default_rng(2).standard_normal((3, 6)),
        ),
        [positive(6)],
        ("unrelated",),
    ),
]

NOT_FINITE = [
    Bug(
        "sinc, NaN at zero",
        (
            np.sinc,
            lambda x, g: g * (np.cos(np.pi * x) * np.pi * x - np.sin(np.pi * x)) / (np.pi * x * x),
        ),
        [real(6, away=(0,), given=(((2,), 0.0),))],
        ("not finite",),
    ),
    Bug(
        "softplus, overflow",
        (lambda x: np.logaddexp(0, x), lambda x, g: g * np.exp(x) / (1 + np.exp(x))),
        [real(5, given=(((1,), 800.0), ((3,), 750.0)))],
        ("not finite",),
    ),
    Bug(
        "cube by logarithms, NaN below zero",
        (lambda x: x**3, lambda x, g: 3 * g * np.exp(2 * np.log(x))),
        [real(6, away=(0,), given=(((0,), -1.0), ((3,), 1.0)))],
        ("not finite",),
    ),
    Bug(
        "logarithm of a softmax, infinite",
        (
            lambda x: x - x.max() - np.log(np.exp(x - x.max()).sum()),
            lambda x, g: (s := np.exp(x - x.max()), s := s / s.sum(), (g / s - np.sum(g)) * s)[2],
        ),
        [real(4, given=(((1,), -800.0), ((3,), 1.0)))],
        ("not finite",),
    ),
]
