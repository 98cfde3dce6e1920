"""Right derivatives asked for where there is none: at a kink any number between the one-sided derivatives is right."""

from __future__ import annotations

import numpy as np

from benchmarks.gradcheck.numbers import real
from benchmarks.gradcheck.right.case import Right


def _shared_max(x):
    """The gradient of a maximum, in equal shares where several elements are largest."""
    ties = x == x.max()
    return ties / ties.sum()


def _first_max(x, g):
    d = np.zeros_like(x)
    d[x.argmax()] = g
    return d


def _pooled_first(x, g):
    windows = x.reshape(-1, 3)
    d = np.zeros_like(windows)
    d[np.arange(len(d)), windows.argmax(axis=1)] = g
    return d.reshape(x.shape)


_ZEROS = [((0,), 0.0), ((3,), 0.0)]

AT_KINKS = [
    Right("relu(0), derivative 0", (lambda x: np.maximum(x, 0), lambda x, g: g * (x > 0)), [real(5, given=(*_ZEROS,))]),
    Right(
        "relu(0), derivative 1", (lambda x: np.maximum(x, 0), lambda x, g: g * (x >= 0)), [real(5, given=(*_ZEROS,))]
    ),
    Right(
        "relu(0), derivative 1/2",
        (lambda x: np.maximum(x, 0), lambda x, g: g * np.heaviside(x, 0.5)),
        [real(5, given=(*_ZEROS,))],
    ),
    Right("abs(0), derivative 0", (np.abs, lambda x, g: g * np.sign(x)), [real(5, given=(*_ZEROS,))]),
    Right(
        "abs(0), derivative 1",
        (np.abs, lambda x, g: g * np.where(x >= 0, 1.0, -1.0).astype(x.dtype)),
        [real(5, given=(*_ZEROS,))],
    ),
    Right(
        "leaky relu(0)",
        (lambda x: np.where(x > 0, x, x / 8), lambda x, g: g * np.where(x > 0, 1, 0.125).astype(x.dtype)),
        [real(5, given=(*_ZEROS,))],
    ),
    Right(
        "clip at its limits",
        (lambda x: np.clip(x, -1, 1), lambda x, g: g * (np.abs(x) <= 1)),
        [real(5, given=(((0,), 1.0), ((3,), -1.0)))],
    ),
    Right(
        "maximum with ties, shared",
        (np.max, lambda x, g: g * _shared_max(x)),
        [real(5, given=(((1,), 2.5), ((3,), 2.5)))],
    ),
    Right("maximum with ties, to the first", (np.max, _first_max), [real(5, given=(((1,), 2.5), ((3,), 2.5)))]),
    Right(
        "pooling with ties",
        (lambda x: x.reshape(-1, 3).max(axis=1), _pooled_first),
        [real(6, given=(((0,), 2.5), ((2,), 2.5), ((4,), 3.0), ((5,), 3.0)))],
    ),
    Right(
        "maximum of two that are equal",
        (np.maximum, lambda x, y, g: (g * (x >= y), g * (x < y))),
        [real(4, given=(((0,), 0.5), ((2,), -1.0))), real(4, given=(((0,), 0.5), ((2,), -1.0)))],
    ),
    Right(
        "norm of zeros",
        (np.linalg.norm, lambda x, g: g * (x / n if (n := np.linalg.norm(x)) else 0 * x)),
        [real(3, low=0.0, high=0.0)],
    ),
    Right(
        "hinge loss",
        (lambda x: np.sum(np.maximum(0, 1 - x)), lambda x, g: -g * (x < 1)),
        [real(5, given=(((0,), 1.0), ((2,), 1.0)))],
    ),
    Right(
        "a step inside the kink", (np.abs, lambda x, g: g * np.sign(x)), [real(5, given=(((0,), 1e-7), ((3,), -1e-8)))]
    ),
]
"""The last one has no kink at its inputs, but within any step that can be taken."""
