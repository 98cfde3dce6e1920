"""Axes summed wrongly, exchanged or reversed, and gradients that belong to another input."""

from __future__ import annotations

import numpy as np

from benchmarks.gradcheck.bugs.bug import Bug
from benchmarks.gradcheck.numbers import distinct, invertible, positive, real

BROADCASTS = [
    Bug(
        "bias not summed over the rows",
        (lambda x, b: np.tanh(x + b), lambda x, b, g: (p := g * (1 - np.tanh(x + b) ** 2), p)),
        [real(4, 3), real(3)],
        ("broadcast",),
        summed=True,
    ),
    Bug(
        "bias from the first row only",
        (lambda x, b: x + b, lambda x, b, g: (g.copy(), g[0].copy())),
        [real(4, 3), real(3)],
        ("broadcast",),
    ),
    Bug(
        "bias averaged over the rows",  # not summed, and off by 1/N: the same thing
        (lambda x, b: x * b, lambda x, b, g: (g * b, (g * x).mean(axis=0))),
        [real(4, 3), real(3)],
        ("broadcast", "factor"),
    ),
    Bug(
        "column summed over the wrong axis",
        (lambda x, c: x * c, lambda x, c, g: (g * c, (g * x).sum(axis=0).reshape(c.shape))),
        [real(3, 3), real(3, 1)],
        ("broadcast", "transposed"),  # the sum over one axis of what is exchanged, or over the other
    ),
    Bug(
        "a number that scales an array: first product only",
        (lambda x, s: s * np.sin(x), lambda x, s, g: (g * s * np.cos(x), (g * np.sin(x)).flat[0])),
        [positive(5), real()],
        ("broadcast",),
    ),
    Bug(
        "weight of a batched matmul from the first matrix only",
        (lambda a, w: a @ w, lambda a, w, g: (g @ w.T, a[0].T @ g[0])),
        [real(3, 2, 3), real(3, 2)],
        ("broadcast",),
    ),
    Bug(
        "right for equal shapes, last row only where it is broadcast",
        (lambda x, w: x * w, lambda x, w, g: (g * w, g * x if x.shape == w.shape else (g * x)[-1])),
        [real(3, 4), real(4)],
        ("broadcast",),
    ),
    Bug(
        "one of two broadcast axes not summed",
        (lambda x, b: x + b, lambda x, b, g: (g.copy(), g.sum(axis=0)[:, :1])),
        [real(2, 3, 4), real(3, 1)],
        ("broadcast",),
    ),
]

TRANSPOSED = [
    Bug(
        "weight of a square matmul transposed",
        (lambda a, b: a @ b, lambda a, b, g: (g @ b.T, (a.T @ g).T)),
        [real(3, 3), real(3, 3)],
        ("transposed",),
    ),
    Bug(
        "matrix times vector without its transpose",
        (lambda a, x: a @ x, lambda a, x, g: (np.outer(g, x), a @ g)),
        [real(4, 4), real(4)],
        ("transposed",),
    ),
    Bug(
        "solve without the transpose",
        (
            np.linalg.solve,
            lambda a, b, g: (-np.outer(np.linalg.solve(a.T, g), np.linalg.solve(a, b)), np.linalg.solve(a, g)),
        ),
        [invertible(3), real(3)],
        ("transposed",),
    ),
    Bug(
        "axes moved forward again instead of back",
        (
            lambda x: np.transpose(x, (1, 2, 0)) ** 2,
            lambda x, g: np.transpose(2 * g * np.transpose(x, (1, 2, 0)), (1, 2, 0)),
        ),
        [real(3, 3, 3)],
        ("transposed",),
    ),
    Bug(
        "reversed vector not reversed back",
        (lambda x: x[::-1].copy(), lambda x, g: g.copy()),
        [real(5)],
        ("transposed",),
    ),
    Bug("rolled on instead of back", (lambda x: np.roll(x, 2), lambda x, g: np.roll(g, 2)), [real(7)], ("transposed",)),
    Bug("cumsum not reversed", (np.cumsum, lambda x, g: np.cumsum(g)), [real(6)], ("transposed",)),
    Bug(
        "sort: order applied again instead of undone",
        (np.sort, lambda x, g: g[np.argsort(x)]),
        [distinct(7)],
        ("transposed",),
    ),
]

SWAPPED = [
    Bug("multiplication", (lambda x, y: x * y, lambda x, y, g: (g * x, g * y)), [real(5), real(5)], ("swapped",)),
    Bug(
        "arctan2",
        (np.arctan2, lambda y, x, g: (-g * y / (x * x + y * y), g * x / (x * x + y * y))),
        [positive(4), real(4)],
        ("swapped",),
    ),
    Bug(
        "square matmul",
        (lambda a, b: a @ b, lambda a, b, g: (a.T @ g, g @ b.T)),
        [real(3, 3), real(3, 3)],
        ("swapped",),
    ),
]
