"""Wrong at some places only: single elements, borders, and the inputs on one side of a number."""

from __future__ import annotations

import numpy as np

from benchmarks.gradcheck.bugs.bug import Bug
from benchmarks.gradcheck.numbers import distinct, real

_KERNEL = np.array([0.5, -1.0, 2.0])


def _with(array, index, factor):
    array[index] *= factor
    return array


def _smoothed(x):
    return np.convolve(x, _KERNEL, mode="same")


def _smoothed_inside(x, g):
    """The VJP of `_smoothed` with the two borders left out, as if nothing had been padded."""
    inside = np.convolve(g, _KERNEL[::-1], mode="same")
    inside[[0, -1]] = 0
    return inside


def _conv2d(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    return np.einsum("ijkl,kl->ij", windows, w)


def _conv2d_vjp(x, w, g):
    """The gradient of the weight lacks the last row of windows."""
    dx = np.zeros_like(x)
    for i, j in np.ndindex(g.shape):
        dx[i : i + w.shape[0], j : j + w.shape[1]] += g[i, j] * w
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    dw = np.einsum("ijkl,ij->kl", windows, g)
    dw[-1] = np.einsum("ijl,ij->l", windows[:-1, :, -1], g[:-1])
    return dx, dw


def _to_argmin(x, g):
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), x.argmin(axis=1)] = g
    return dx


def _pooled(x):
    return x.reshape(-1, 3).max(axis=1)


def _to_first_of_window(x, g):
    dx = np.zeros((g.size, 3))
    dx[:, 0] = g
    return dx.reshape(x.shape)


def _embedding_vjp(table, index, g):
    """Assigned instead of added up: of a row that is used twice only the last cotangent counts."""
    d = np.zeros_like(table)
    d[index] = g
    return d, None


ENTRIES = [
    Bug(
        "tanh, one element",
        (np.tanh, lambda x, g: _with(g * (1 - np.tanh(x) ** 2), 3, 1.5)),
        [real(8)],
        ("entries",),
    ),
    Bug(
        "exp, one element of a matrix zero",
        (np.exp, lambda x, g: _with(g * np.exp(x), (1, 2), 0.0)),
        [real(3, 4)],
        ("entries",),
    ),
    Bug(
        "matmul, last row of a gradient zero",
        (lambda a, b: a @ b, lambda a, b, g: (_with(g @ b.T, -1, 0.0), a.T @ g)),
        [real(4, 3), real(3, 2)],
        ("entries",),
    ),
    Bug(
        "sum of squares, first element off by 1e-3",
        (lambda x: np.sum(x * x, axis=0), lambda x, g: _with(2 * x * g, (0, 0), 1.001)),
        [real(4, 3, away=(0,), margin=0.3)],
        ("entries",),
    ),
    Bug("convolution, borders left out", (_smoothed, _smoothed_inside), [real(9)], ("entries",)),
    Bug(
        "2-d convolution, last row of the weight without the last windows",
        (_conv2d, _conv2d_vjp),
        [real(5, 4), real(3, 2)],
        ("entries",),
    ),
    Bug(
        "differences, last term missing",
        (
            lambda x: np.diff(x) ** 2,
            lambda x, g: (
                d := 2 * g * np.diff(x),
                np.concatenate([-d, [0.0]]) + np.concatenate([[0.0], d[:-1], [0.0]]),
            )[1],
        ),
        [real(7)],
        ("entries",),
    ),
    Bug(
        "maximum of rows, given to the minimum",
        (lambda x: x.max(axis=1), _to_argmin),
        [distinct(4, 5)],
        ("entries", "transposed"),  # of each row two entries are wrong: the right numbers in each other's places
    ),
    Bug(
        "max pooling, given to the first of the window",
        (_pooled, _to_first_of_window),
        [distinct(15)],
        ("entries", "transposed"),
    ),
    Bug(
        "embedding, repeated rows assigned and not added",
        (
            lambda table, index: np.sin(table[index]),
            lambda table, index, g: _embedding_vjp(table, index, g * np.cos(table[index])),
        ),
        [real(5, 2), np.array([0, 3, 3, 1, 0])],
        ("entries",),
    ),
    Bug(
        "trace also gives to an element beside the diagonal",
        (np.trace, lambda x, g: g * (np.eye(len(x)) + np.eye(len(x), k=2))),
        [real(3, 3)],
        ("entries",),
    ),
]

_ELU = 0.5

REGIONS = [
    Bug(
        "absolute value, right for positive inputs",
        (np.abs, lambda x, g: g.copy()),
        [real(8, away=(0,), given=(((1,), -1.3), ((2,), -0.4), ((5,), 0.7)))],
        ("region",),
    ),
    Bug(
        "leaky ReLU with another slope below zero",
        (lambda x: np.where(x > 0, x, 0.01 * x), lambda x, g: g * np.where(x > 0, 1.0, 0.1)),
        [real(8, away=(0,), given=(((0,), -1.0), ((4,), -0.3), ((6,), 1.1)))],
        ("region",),
    ),
    Bug(
        "ReLU passes everything",
        (lambda x: np.maximum(x, 0), lambda x, g: g.copy()),
        [real(3, 4, away=(0,), given=(((0, 0), -1.0), ((2, 1), -0.3), ((1, 3), 1.1)))],
        ("region",),
    ),
    Bug(
        "ELU without its factor below zero",
        (
            lambda x: np.where(x > 0, x, _ELU * np.expm1(np.minimum(x, 0))),
            lambda x, g: g * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
        ),
        [real(8, away=(0,), given=(((0,), -1.5), ((3,), -0.2), ((7,), 0.6)))],
        ("region",),
    ),
    Bug(
        "clip lets gradients through above",
        (lambda x: np.minimum(x, 1.0), lambda x, g: g.copy()),
        [real(8, away=(1,), given=(((0,), 1.5), ((3,), 1.2), ((7,), 0.6)))],
        ("region",),
    ),
    Bug(
        "Huber loss, not clipped above",
        (
            lambda x: np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5),
            lambda x, g: g * np.maximum(x, -1),
        ),
        [real(9, away=(-1, 1), given=(((0,), 1.5), ((3,), 1.8), ((7,), -1.6), ((8,), 0.5)))],
        ("region",),
    ),
    Bug(
        "softplus taken for linear above 1",
        (
            lambda x: np.logaddexp(0, x),
            lambda x, g: g * np.where(x > 1, 1.0, 1 / (1 + np.exp(-x))),
        ),
        [real(8, high=3, given=(((0,), 2.5), ((3,), 1.4), ((7,), -0.6)))],
        ("region",),
    ),
    Bug(
        "power of negative numbers",
        (lambda x: x**4, lambda x, g: 4 * g * np.abs(x) ** 3),
        [real(8, away=(0,), margin=0.2, given=(((0,), -1.5), ((3,), -0.7), ((7,), 0.6)))],
        ("region",),
    ),
    Bug(
        "softsign without the absolute value",
        (lambda x: x / (1 + np.abs(x)), lambda x, g: g / (1 + x) ** 2),
        [real(8, away=(-1, 0), margin=0.2, given=(((0,), -1.5), ((3,), -0.7), ((7,), 0.6)))],
        ("region",),
    ),
]
