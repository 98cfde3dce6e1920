"""Right but for a number: constant factors, signs, zeros, and a cotangent that is not multiplied in."""

from __future__ import annotations

import numpy as np

from benchmarks.gradcheck.bugs.bug import Bug
from benchmarks.gradcheck.numbers import positive, real

_LABELS = np.array([2, 0, 1, 2])
_ONE_HOT = np.eye(3)[_LABELS]


def _softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _cross_entropy(z):
    shifted = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - np.sum(shifted * _ONE_HOT, axis=1))


def _logistic(x):
    return 1 / (1 + np.exp(-x))


FACTORS = [
    Bug("square without its 2", (lambda x: x * x, lambda x, g: g * x), [real(5)], ("factor",)),
    Bug(
        "half the sum of squares, with a 2",
        (lambda x: 0.5 * np.sum(x * x), lambda x, g: 2 * g * x),
        [real(4, 2)],
        ("factor",),
    ),
    Bug(
        "mean square error without 1/N",
        (lambda x, y: np.mean((x - y) ** 2), lambda x, y, g: (2 * g * (x - y), -2 * g * (x - y))),
        [real(3, 4), real(3, 4)],
        ("factor",),
    ),
    Bug(
        "sum with a 1/N too many",
        (lambda x: np.sum(np.sin(x)), lambda x, g: g * np.cos(x) / x.size),
        [real(6)],
        ("factor",),
    ),
    Bug(
        "cross entropy not divided by the batch",
        (_cross_entropy, lambda z, g: g * (_softmax(z) - _ONE_HOT)),
        [real(4, 3)],
        ("factor",),
    ),
    Bug(
        "variance divided by N - 1 in the derivative",
        (lambda x: np.var(x), lambda x, g: 2 * g * (x - x.mean()) / (x.size - 1)),
        [real(7)],
        ("factor",),
    ),
    Bug(
        "degrees taken for radians",
        (lambda x: np.sin(np.deg2rad(x)), lambda x, g: g * np.cos(np.deg2rad(x))),
        [real(5, low=-80, high=80)],
        ("factor",),
    ),
    Bug(
        "tanh off by 1e-4",
        (np.tanh, lambda x, g: 1.0001 * g * (1 - np.tanh(x) ** 2)),
        [real(5)],
        ("factor",),
    ),
    Bug(
        "logistic off by 1e-3",
        (_logistic, lambda x, g: 0.999 * g * _logistic(x) * (1 - _logistic(x))),
        [real(2, 3)],
        ("factor",),
    ),
    Bug(
        "matmul, one operand off by 1e-4",
        (lambda a, b: a @ b, lambda a, b, g: (g @ b.T, 1.0001 * (a.T @ g))),
        [real(3, 4), real(4, 2)],
        ("factor",),
    ),
    Bug(
        "one of two inputs twice too large",
        (lambda x, y: np.exp(x) * y, lambda x, y, g: (g * np.exp(x) * y, 2 * g * np.exp(x))),
        [real(4), positive(4)],
        ("factor",),
    ),
]

SIGNS = [
    Bug("cosine without its minus", (np.cos, lambda x, g: g * np.sin(x)), [positive(5)], ("sign",)),
    Bug(
        "subtraction, second input",
        (lambda x, y: np.tanh(x) - y * y, lambda x, y, g: (g * (1 - np.tanh(x) ** 2), 2 * g * y)),
        [real(3, 2), real(3, 2)],
        ("sign",),
    ),
    Bug(
        "division, second input",
        (lambda x, y: x / y, lambda x, y, g: (g / y, g * x / y**2)),
        [real(5), positive(5)],
        ("sign",),
    ),
    Bug(
        "inverse of a matrix",
        (np.linalg.inv, lambda a, g: np.linalg.inv(a).T @ g @ np.linalg.inv(a).T),
        [real(3, 3, changed=lambda a: a + 5 * np.eye(3))],
        ("sign",),
    ),
]

ZEROS = [
    Bug("zeros", (np.exp, lambda x, g: np.zeros_like(x)), [real(4)], ("zero",)),
    Bug("None", (lambda x: np.sum(x**3), lambda x, g: None), [positive(3)], ("zero",)),
    Bug(
        "None for the second input",
        (lambda x, y: np.sin(x) * y, lambda x, y, g: (g * np.cos(x) * y, None)),
        [real(4), positive(4)],
        ("zero",),
    ),
    Bug(
        "zeros for the bias",
        (lambda x, w, b: x @ w + b, lambda x, w, b, g: (g @ w.T, x.T @ g, np.zeros_like(b))),
        [real(4, 3), real(3, 2), real(2)],
        ("zero",),
    ),
]

COTANGENTS = [
    Bug("cotangent left out", (np.sin, lambda x, g: np.cos(x)), [real(5)], ("cotangent",)),
    Bug("cotangent squared", (np.exp, lambda x, g: g * g * np.exp(x)), [real(5)], ("cotangent",)),
    Bug(
        "first element of the cotangent for all",
        (np.sin, lambda x, g: g.flat[0] * np.cos(x)),
        [real(5)],
        ("cotangent",),
    ),
    Bug(
        "sum of the cotangent for all",
        (np.tanh, lambda x, g: g.sum() * (1 - np.tanh(x) ** 2)),
        [real(2, 3)],
        ("cotangent",),
    ),
    Bug(
        "sign of the cotangent",
        (np.arctan, lambda x, g: np.sign(g) / (1 + x * x)),
        [real(5)],
        ("cotangent",),
    ),
    Bug(
        "gradient clipped",
        (lambda x: x**3, lambda x, g: np.clip(3 * g * x * x, -0.5, 0.5)),
        [positive(6, low=0.7)],
        ("cotangent",),
    ),
    Bug(
        "a little of the input added, as for weight decay",  # a term too many, and one without the cotangent
        (np.sin, lambda x, g: g * np.cos(x) + 0.01 * x),
        [real(5)],
        ("cotangent", "term"),
    ),
]
