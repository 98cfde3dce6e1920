"""The diagnosis names the mistake: right functions with one known mistake in the gradient, over many draws."""

import dataclasses
import re

import numpy as np
import pytest

from autograd_core.testing.diagnosis import Evidence, cause_of_shape, diagnose
from autograd_core.testing.report import CAUSES

SEEDS = range(20)
STEP = 5e-4  # five points: off by STEP^4 / 30 of the fifth derivative, and by rounding, 1e-12 of the function
ERROR = 3e-9  # share of the largest numeric derivative that is claimed to be its error: more than the differences have


def numeric_jacobian(f, inputs, i):
    """Columns of the Jacobian of all outputs, flattened, by input `i`; central differences of fourth order."""
    columns = []
    for k in range(inputs[i].size):

        def at(t, k=k):
            moved = [x.copy() for x in inputs]
            moved[i].flat[k] += t
            return np.concatenate([np.ravel(y) for y in _listed(f(*moved))])

        h = STEP
        columns.append((8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h))
    return np.stack(columns, axis=-1) if columns else np.zeros((0, 0))


def _listed(values):
    return [np.asarray(v) for v in values] if isinstance(values, tuple | list) else [np.asarray(values)]


def evidence(f, vjp, inputs, *, columns=True, order=1, seed=0, labels="xwbcd", known=None):
    """What a check would hand on about f, whose gradients `vjp(*inputs, *cotangents)` claims."""
    rng = np.random.default_rng(1000 + seed)
    inputs = [np.asarray(x, np.float64) for x in inputs]
    outputs = _listed(f(*inputs))
    cotangents = [rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1, 1], y.shape) for y in outputs]
    pull = lambda u: _listed(vjp(*[x.copy() for x in inputs], *u))
    analytic = [np.asarray(g, np.float64) for g in pull(cotangents)]
    jacobians = [numeric_jacobian(f, inputs, i) for i in range(len(inputs))]
    flat = np.concatenate([u.ravel() for u in cotangents])
    numeric = [(flat @ j).reshape(x.shape) for j, x in zip(jacobians, inputs, strict=True)]
    if known is not None:  # differences were taken in some entries only
        numeric = [np.where(rng.random(n.shape) < known, n, np.nan) for n in numeric]
    error = [np.full(n.shape, ERROR * np.nanmax(np.abs(n), initial=1e-3)) for n in numeric]
    if any(np.shape(a) != n.shape for a, n in zip(analytic, numeric, strict=True)):
        wrong = [np.full(n.shape, True) for n in numeric]
    else:
        wrong = [~(np.abs(a - n) <= e) & np.isfinite(n) for a, n, e in zip(analytic, numeric, error, strict=True)]
    return Evidence(
        inputs, list(labels[: len(inputs)]), outputs, cotangents, analytic, numeric, error, wrong,
        jacobians if columns else [None] * len(inputs), pull, order,
    )  # fmt: skip


# ---- functions with right gradients, which mistakes are then made in


def matmul_vjp(a, b, g):
    return [g @ b.T, a.T @ g]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalized(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True))


def layer_norm_vjp(x, g, mean=True, projection=True):
    y, sigma = normalized(x), x.std(-1, keepdims=True)
    return (g - mean * g.mean(-1, keepdims=True) - projection * y * (g * y).mean(-1, keepdims=True)) / sigma


def norm(x):
    return np.sqrt((x * x).sum(-1))


def conv1d(x, w):
    """Correlation of x (batch, n) with w (k): (batch, n - k + 1)."""
    return np.lib.stride_tricks.sliding_window_view(x, len(w), axis=-1) @ w


def conv1d_vjp(x, w, g, kernel=slice(None)):
    k = len(w)
    gx = np.zeros_like(x)
    for j, weight in enumerate(w[kernel]):
        gx[:, j : j + g.shape[1]] += weight * g
    gw = np.array([(x[:, j : j + g.shape[1]] * g).sum() for j in range(k)])
    return [gx, gw]


def distinct(rng, *shape):
    """Numbers that lie apart, of both signs, in random order: no kink of max or relu is near."""
    size = int(np.prod(shape))
    return (rng.permutation(size) - size // 2 + 0.5 + rng.uniform(-0.2, 0.2, size)).reshape(shape) * (3 / size)


REPEATED = np.array([0, 3, 3, 1, 0])


def assigned(x, g):
    """The gradient of x[REPEATED] in which the last cotangent of a row counts, and not their sum."""
    gradient = np.zeros_like(x)
    gradient[REPEATED] = g
    return gradient


def softmax_vjp(x, g):
    return (g - (g * softmax(x)).sum(-1, keepdims=True)) * softmax(x)


def largest_mask(x):
    return (x == x.max(-1, keepdims=True)).astype(float)


def at_one(values, k, change):
    """A copy in which the entry with flat index k is another."""
    values = np.array(values)
    values.flat[k % values.size] = change(values.flat[k % values.size])
    return values


NORMAL = lambda *shapes: lambda rng: [rng.normal(size=s) for s in shapes]
POSITIVE = lambda *shapes: lambda rng: [rng.uniform(0.5, 2.0, s) for s in shapes]
DISTINCT = lambda *shapes: lambda rng: [distinct(rng, *s) for s in shapes]

MATRIX = np.vander(np.linspace(-1, 1, 6), 4)
MATRIX = np.concatenate([MATRIX, -MATRIX])  # half of the products with it are positive

MISTAKES = {
    # name: (cause, function, wrong VJP, inputs, what the sentence must say)
    "sigmoid, sign": ("sign", sigmoid, lambda x, g: -g * sigmoid(x) * (1 - sigmoid(x)), NORMAL((4,)), "-numeric"),
    "matmul, sign": ("sign", np.matmul, lambda a, b, g: [-g @ b.T, a.T @ g], NORMAL((3, 4), (4, 2)), "of x"),
    "scalar, sign": ("sign", np.sin, lambda x, g: -g * np.cos(x), NORMAL(()), "one number"),
    "square, factor 2": ("factor", lambda x: x * x, lambda x, g: x * g, NORMAL((5,)), "0.5 x numeric"),
    "scalar, factor 2": ("factor", np.sin, lambda x, g: 2 * g * np.cos(x), NORMAL(()), "factor 2 too much"),
    "mean, no 1/N": (
        "factor", lambda x: x.mean(0), lambda x, g: np.broadcast_to(g, x.shape), NORMAL((6, 3)), "axis 0 of x"),
    "mean of all, no 1/N": ("factor", np.mean, lambda x, g: g + 0 * x, NORMAL((3, 5)), "size of x"),
    "sum, 1/N": ("factor", np.sum, lambda x, g: g / x.size + 0 * x, NORMAL((7,)), "1 over the length of axis 0"),
    "var, N - 1": (
        "factor", np.var, lambda x, g: 2 * g * (x - x.mean()) / (x.size - 1), NORMAL((8,)), r"N / \(N - 1\)"),
    "log2": ("factor", np.log2, lambda x, g: g / x, POSITIVE((4,)), "ln 2"),
    "matmul, both factor 3": (
        "factor", np.matmul, lambda a, b, g: [3 * d for d in matmul_vjp(a, b, g)], NORMAL((2, 3), (3, 4)), "likewise"),
    "off by 1e-4": ("factor", np.exp, lambda x, g: 1.0001 * g * np.exp(x), NORMAL((5,)), "relative 1.0e-04"),
    "max, factor 2": (
        "factor", lambda x: x.max(-1), lambda x, g: 2 * g[:, None] * largest_mask(x), DISTINCT((3, 4)), ""),
    "zero": ("zero", np.exp, lambda x, g: 0 * x, NORMAL((3,)), "up to"),
    "one of two zero": ("zero", np.multiply, lambda x, w, g: [g * w, 0 * w], NORMAL((3,), (3,)), "of w"),
    "no cotangent": ("cotangent", np.exp, lambda x, g: np.exp(x), NORMAL((4,)), "not multiplied in"),
    "no cotangent, loss": ("cotangent", lambda x: (x * x).sum(), lambda x, g: 2 * x, NORMAL((4,)), "not multiplied in"),
    "cotangent squared": ("cotangent", np.sin, lambda x, g: g * g * np.cos(x), NORMAL((4,)), "twice"),
    "cotangent's modulus": ("cotangent", np.sin, lambda x, g: abs(g) * np.cos(x), NORMAL((4,)), "minus"),
    "cotangent summed": ("cotangent", np.sin, lambda x, g: g.sum() * np.cos(x), NORMAL((4,)), "sum of the cotangent"),
    "NaN": (
        "not finite", np.exp, lambda x, g: at_one(g * np.exp(x), 1, lambda _: np.nan), NORMAL((4,)), r"NaN in 1 of 4"),
    "infinite": ("not finite", lambda x: x**3, lambda x, g: x * 0 + np.inf, NORMAL((3,)), "infinite in 3"),
    "product, swapped": ("swapped", np.multiply, lambda x, w, g: [g * x, g * w], NORMAL((4,), (4,)), "x and w"),
    "product of numbers, swapped": ("swapped", np.multiply, lambda x, w, g: [g * x, g * w], NORMAL((), ()), "x and w"),
    "three inputs, swapped": (
        "swapped", lambda x, w, b: np.exp(x) * w + b * b,
        lambda x, w, b, g: [g * np.exp(x) * w, 2 * b * g, g * np.exp(x)], NORMAL((3,), (3,), (3,)), "w and b"),
    "matmul, transposed result": (
        "transposed", np.matmul, lambda a, b, g: [(g @ b.T).T, a.T @ g], NORMAL((3, 3), (3, 3)), "exchanged"),
    "matmul, factor not transposed": (
        "transposed", np.matmul, lambda a, b, g: [g @ b, a.T @ g], NORMAL((2, 3), (3, 3)), ""),
    "matmul, other factor not transposed": (
        "transposed", np.matmul, lambda a, b, g: [g @ b.T, a @ g], NORMAL((3, 3), (3, 2)), ""),
    "matrix times vector": (
        "transposed", lambda x: MATRIX[:4] @ x, lambda x, g: MATRIX[:4] @ g, NORMAL((4,)), "Jacobian"),
    "transpose, read in order": (
        "transposed", lambda x: 1.5 * x.T, lambda x, g: 1.5 * g.reshape(x.shape), NORMAL((3, 4)), ""),
    "ravel, other order": (
        "transposed", lambda x: 3 * x.ravel(), lambda x, g: 3 * g.reshape(x.shape, order="F"), NORMAL((3, 4)), "order"),
    "cumsum, direction": ("transposed", np.cumsum, lambda x, g: np.cumsum(g), NORMAL((5,)), ""),
    "cumsum along an axis, direction": (
        "transposed", lambda x: np.cumsum(x, 1), lambda x, g: np.cumsum(g, 1), NORMAL((3, 4)), ""),
    "flip": ("transposed", lambda x: x[::-1] * 2, lambda x, g: 2 * g, NORMAL((5,)), "reversed"),
    "conv1d, kernel": (
        "transposed", conv1d, lambda x, w, g: conv1d_vjp(x, w, g, slice(None, None, -1)), NORMAL((2, 6), (3,)), ""),
    "conv1d, gradient of the kernel": (
        "transposed", conv1d, lambda x, w, g: [conv1d_vjp(x, w, g)[0], conv1d_vjp(x, w, g)[1][::-1]],
        NORMAL((2, 6), (3,)), "reversed along axis 0"),
    "gather": (
        "transposed", lambda x: x[[2, 0, 3, 1, 4]], lambda x, g: g[[2, 0, 3, 1, 4]], NORMAL((5,)), ""),
    "bias, first row": ("broadcast", np.add, lambda x, w, g: [g, g[0]], NORMAL((4, 3), (3,)), "slice 0 contributes"),
    "bias, last row": ("broadcast", np.add, lambda x, w, g: [g, g[-1]], NORMAL((4, 3), (3,)), "slice 3 contributes"),
    "bias, all but one": (
        "broadcast", np.add, lambda x, w, g: [g, g[1:].sum(0)], NORMAL((4, 3), (3,)), "slices 1, 2, 3"),
    "bias, mean": (
        "broadcast", np.add, lambda x, w, g: [g, g.mean(0)], NORMAL((4, 3), (3,)), "mean instead of the sum"),
    "bias, mean of two": ("broadcast", np.add, lambda x, w, g: [g, g.mean(0)], NORMAL((2, 3), (3,)), "mean"),
    "bias, wrong axis": ("broadcast", np.add, lambda x, w, g: [g, g.sum(1)], NORMAL((3, 3), (3,)), "axes"),
    "column, first": (
        "broadcast", np.multiply, lambda x, w, g: [g * w, (g * x)[:, :1]], NORMAL((4, 3), (4, 1)), "axis 1"),
    "number, first": ("broadcast", np.multiply, lambda x, w, g: [g * w, (g * x)[0, 0]], NORMAL((4, 3), ()), ""),
    "number, mean": ("broadcast", np.multiply, lambda x, w, g: [g * w, (g * x).mean()], NORMAL((4, 3), ()), "/ 12"),
    "one entry": (
        "entries", np.exp, lambda x, g: at_one(g * np.exp(x), 2, lambda v: v * 1.5), NORMAL((6,)), r"entry \[2\] of 6"),
    "two entries, hardly": (
        "entries", np.exp, lambda x, g: at_one(at_one(g * np.exp(x), 1, lambda v: v * 1.001), 7, lambda v: v * 0.999),
        NORMAL((12,)), r"2 of 12 entries \(\[1\], \[7\]\)"),
    "last entry": (
        "entries", np.cumsum, lambda x, g: at_one(np.cumsum(g[::-1])[::-1], -1, lambda v: 0), NORMAL((6,)), ""),
    "matmul, one entry": (
        "entries", np.matmul, lambda a, b, g: [at_one(g @ b.T, 4, lambda v: v + 1), a.T @ g], NORMAL((3, 4), (4, 2)),
        r"\[1, 0\]"),
    "one row": (
        "entries", softmax, lambda x, g: ((g - (g * softmax(x)).sum(-1, keepdims=True)) * softmax(x))
        * np.array([[1.0], [1], [3], [1]]), NORMAL((4, 5)), "index 2 of axis 0"),
    "conv1d, border": (
        "entries", conv1d, lambda x, w, g: [conv1d_vjp(x, w, g)[0] * np.array([0, 1, 1, 1, 1, 0]),
        conv1d_vjp(x, w, g)[1]], NORMAL((2, 6), (3,)), "border of the last axis"),
    "one output": (
        "entries", lambda x: np.sin(x @ np.arange(1.0, 13).reshape(4, 3) / 9),
        lambda x, g: np.arange(1.0, 13).reshape(4, 3) / 9 @ (
            np.array([1.0, 1, 2]) * g * np.cos(x @ np.arange(1.0, 13).reshape(4, 3) / 9)), NORMAL((4,)), "output"),
    "relu": ("region", lambda x: np.maximum(x, 0), lambda x, g: g, DISTINCT((12,)), "x < 0 .*should be 0"),
    "leaky relu": (
        "region", lambda x: np.where(x > 0, x, 0.1 * x), lambda x, g: np.where(x > 0, g, 0.2 * g), DISTINCT((3, 4)),
        "2 x numeric"),
    "abs": ("region", np.abs, lambda x, g: g, DISTINCT((8,)), "-1 x numeric"),
    "clip": ("region", lambda x: np.clip(x, -1, 1), lambda x, g: g, DISTINCT((16,)), r"x - out|abs\(x\)"),
    "relu6": ("region", lambda x: np.clip(x, -9, 0.7), lambda x, g: g, DISTINCT((14,)), "x - out > 0"),
    "relu of a product": (
        "region", lambda x: np.maximum(x @ MATRIX.T, 0), lambda x, g: g @ MATRIX, NORMAL((4,)), "outputs <= 0"),
    "max, to all": (
        "region", lambda x: x.max(-1), lambda x, g: g[:, None] + 0 * x, DISTINCT((4, 3)), "x - out"),
    "maximum of two": (
        "region", np.maximum, lambda x, w, g: [g, g * (w > x)], lambda rng: list(distinct(rng, 2, 20)), "x - w"),
    "sigmoid, no 1 - y": ("inner", sigmoid, lambda x, g: g * sigmoid(x), NORMAL((5,)), r"1 - (out|sigmoid)"),
    "tanh, 1 - y": ("inner", np.tanh, lambda x, g: g * (1 - np.tanh(x)), NORMAL((5,)), r"1 \+ out"),
    "sine of a square": (
        "inner", lambda x: np.sin(x * x), lambda x, g: g * np.cos(x * x), NORMAL((5,)), r"\(2 \* x\) .*missing"),
    "scalar, inner": ("inner", lambda x: np.sin(x**3), lambda x, g: g * np.cos(x**3), NORMAL(()), r"3 \* x\*\*2"),
    "cotangent only": ("inner", lambda x: np.exp(x) * x, lambda x, g: g, NORMAL((5,)), "cotangent itself"),
    "norm, no 1 / y": ("inner", norm, lambda x, g: g[:, None] * x, NORMAL((3, 4)), "out .*too much"),
    "norm of all, no 1 / y": ("inner", norm, lambda x, g: g * x, NORMAL((4,)), "out"),
    "product of all, no 1 / x": ("inner", np.prod, lambda x, g: g * np.prod(x) + 0 * x, NORMAL((4,)), "x .*too much"),
    "product, other factor forgotten": (
        "inner", np.multiply, lambda x, w, g: [g * w, g.sum(0)], NORMAL((4, 3), (3,)), "cotangent wants the factor x"),
    "layer, no derivative of the activation": (
        "inner", lambda x: sigmoid(x @ np.vander(np.linspace(-1, 1, 5), 4).T),
        lambda x, g: g @ np.vander(np.linspace(-1, 1, 5), 4), NORMAL((4,)), r"out \* \(1 - out\)"),
    "softmax, no projection": ("term", softmax, lambda x, g: g * softmax(x), NORMAL((3, 4)), "multiple of out"),
    "softmax of a vector": ("term", softmax, lambda x, g: g * softmax(x), NORMAL((5,)), "multiple of out"),
    "log softmax": ("term", lambda x: np.log(softmax(x)), lambda x, g: 1 * g, NORMAL((3, 5)), r"exp\((out|x)\)"),
    "log softmax, for one-hot cotangents": (
        "cotangent", lambda x: np.log(softmax(x)), lambda x, g: g - softmax(x), NORMAL((3, 5)), "twice"),
    "layer norm, no mean": (
        "term", normalized, lambda x, g: layer_norm_vjp(x, g, mean=False), NORMAL((3, 5)), "constant"),
    "layer norm, no projection": (
        "term", normalized, lambda x, g: layer_norm_vjp(x, g, projection=False), NORMAL((3, 5)), "multiple of out"),
    "layer norm, neither": (
        "term", normalized, lambda x, g: layer_norm_vjp(x, g, False, False), NORMAL((3, 6)), "constant plus"),
    "product rule": (
        "term", lambda x: x * np.sin(x), lambda x, g: g * x * np.cos(x), NORMAL((6,)), r"cotangent \* sin\(x\)"),
    "weight decay": (
        "term", lambda x: np.sin(x).sum() + 0.3 * (x * x).sum(), lambda x, g: g * np.cos(x), NORMAL((6,)), ""),
    "float32 inside": (
        "precision", np.sin, lambda x, g: g * np.cos(x.astype(np.float32)).astype(float), NORMAL((12,)), ""),
    "float32 result": (
        "precision", np.matmul, lambda a, b, g: [(g @ b.T).astype(np.float32), a.T @ g], NORMAL((3, 4), (4, 3)), ""),
    "float16 result": ("precision", np.sin, lambda x, g: (g * np.cos(x)).astype(np.float16), NORMAL((6,)), "float16"),
    "float16 inside": (
        "precision", np.sin, lambda x, g: g * np.cos(x.astype(np.float16)).astype(float), NORMAL((12,)), "coarse"),
    "random numbers": (
        "unrelated", np.matmul, lambda a, b, g: [np.sin(99 * a) * g[:, :1], a.T @ g], NORMAL((3, 9), (9, 3)), "cosine"),
    # element by element: another factor at each entry, whatever the numbers are
    "tanh, 1 - x^2": (
        "inner", np.tanh, lambda x, g: g * (1 - x * x), NORMAL((6,)), r"\(1 - x\*\*2\), .*\(1 - out\*\*2\)"),
    "log, no reciprocal": ("inner", np.log, lambda x, g: g * np.log(x), POSITIVE((6,)), "cotangent / x"),
    "sine, another function": ("inner", np.sin, lambda x, g: g * np.sin(7 * x + 1), NORMAL((6,)), "entry by entry"),
    "tanh, 1 + y^2": (
        "inner", np.tanh, lambda x, g: g * (1 + np.tanh(x) ** 2), NORMAL((6,)), "out.*2 has the wrong sign"),
    "ten by ten, another function": (
        "inner", np.sin, lambda x, g: g * np.sin(7 * x + 1), NORMAL((10, 10)), "entry by entry"),
    # an input that all of the output depends on, and only some of it contributes
    "batched matmul, first matrix": (
        "broadcast", np.matmul, lambda a, w, g: [g @ w.T, a[0].T @ g[0]], NORMAL((3, 2, 3), (3, 2)), "only slice 0"),
    "layer, last of the batch": (
        "broadcast", np.matmul, lambda a, w, g: [g @ w.T, np.outer(a[-1], g[-1])], NORMAL((4, 3), (3, 2)), "slice 3"),
    "tiled": ("broadcast", lambda x: np.tile(x, 3), lambda x, g: 1 * g[:4], NORMAL((4,)), "slices 0, 1, 2, 3"),
    "attention, all but the first": (
        "broadcast", lambda q, k: np.einsum("d,bkd->bk", q, k),
        lambda q, k, g: [np.einsum("bk,bkd->d", g[1:], k[1:]), g[:, :, None] * q], NORMAL((3,), (3, 4, 3)),
        "slices 1, 2 contribute"),
    "column, wrong axis": (
        "broadcast", np.multiply, lambda x, w, g: [g * w, (g * x).sum(0)[:, None]], NORMAL((3, 3), (3, 1)),
        "another axis than 1"),
    "row, wrong axis": (
        "broadcast", np.multiply, lambda x, w, g: [g * w, (g * x).sum(1)], NORMAL((4, 4), (4,)), "another axis than 0"),
    # entries that are used more than once
    "embedding, assigned": (
        "entries", lambda x: np.sin(x[REPEATED]), lambda x, g: assigned(x, g * np.cos(x[REPEATED])), NORMAL((5, 2)),
        "4 entries that several .* right in the 2 .* some is missing"),
    "gather, assigned": ("entries", lambda x: 1 * x[REPEATED], assigned, NORMAL((6,)), "2 entries that several"),
    # thresholds
    "softplus, linear above 1": (
        "region", lambda x: np.logaddexp(0, x), lambda x, g: g * np.where(x > 0.6, 1, sigmoid(x)), DISTINCT((8,)),
        r"x > .*right where x <="),
    "Huber": (
        "region", lambda x: np.where(abs(x) < 1, x * x / 2, abs(x) - 0.5), lambda x, g: g * np.maximum(x, -1),
        DISTINCT((9,)), "x > 1"),
    "clip above": (
        "region", lambda x: np.minimum(x, 0.7), lambda x, g: 1 * g, DISTINCT((6,)), "there it should be 0"),
    "the only negative one": (
        "region", np.abs, lambda x, g: 1 * g,
        lambda rng: [at_one(rng.uniform(0.5, 2, 5), rng.integers(5), np.negative)],
        r"x < 0 \(1 of 1 entries\).* or else just at"),
    "the only flat one": (
        "region", lambda x: np.minimum(x, 3), lambda x, g: 1 * g,
        lambda rng: [at_one(rng.uniform(0.5, 2, 5), rng.integers(5), lambda v: v + 3)], r"x > [23]"),
    "flat altogether": (
        "region", lambda x: np.maximum(x, 0), lambda x, g: 1 * g, lambda rng: [-rng.uniform(0.5, 2, 3)], "not change"),
    "flat, one number": (
        "region", lambda x: np.maximum(x, 0), lambda x, g: 1 * g, lambda rng: [-rng.uniform(0.5, 2)], "not change"),
    "a positive one": (
        "entries", np.exp, lambda x, g: at_one(g * np.exp(x), 3, lambda v: -v), POSITIVE((6,)), r"entry \[3\] of 6"),
    # rounding, hardly above what is tolerated
    "softmax in float32": ("precision", softmax, lambda x, g: softmax_vjp(np.float32(x), np.float32(g)).astype(float),
        NORMAL((2, 5)), "float32"),
    # terms that are matrix products, and Jacobians of which a part is right
    "quadratic form": (
        "term", lambda x, w: x @ w @ x, lambda x, w, g: [g * (w @ x), g * np.outer(x, x)], NORMAL((4,), (4, 4)),
        r"x @ w \* cotangent|w.T @ x"),
    "Gram matrix": ("term", lambda x: x @ x.T, lambda x, g: g @ x, NORMAL((3, 2)), r"cotangent.T @ x"),
    "square of a matrix": ("term", lambda x: x @ x, lambda x, g: g @ x.T, NORMAL((3, 3)), r"x.T @ cotangent"),
    "softmax, the diagonal": (
        "term", softmax, lambda x, g: g * softmax(x) * (1 - softmax(x)), NORMAL((2, 4)), "8 of the 32 numbers"),
    "matrix of random numbers": (
        "unrelated", np.tanh, lambda x, g: np.random.default_rng(3).normal(size=(7, 7)) @ g, NORMAL((7,)), "cosine"),
    "1e-5": ("factor", np.sin, lambda x, g: (1 + 1e-5) * g * np.cos(x), NORMAL((3,)), "1.00001 x"),
}  # fmt: skip


NEEDS_JACOBIAN = {  # the weighted sum of the outputs does not tell
    "one output", "tanh, 1 - x^2", "log, no reciprocal", "sine, another function", "tanh, 1 + y^2",
    "ten by ten, another function", "batched matmul, first matrix", "layer, last of the batch", "tiled",
    "attention, all but the first", "column, wrong axis", "row, wrong axis", "embedding, assigned", "gather, assigned",
    "softmax, the diagonal", "matrix of random numbers",
}  # fmt: skip


def diagnoses(f, vjp, draw, **options):
    """The causes found over many draws, leaving out those where the mistake changes nothing."""
    drawn = [evidence(f, vjp, draw(np.random.default_rng(seed)), seed=seed, **options) for seed in SEEDS]
    return [diagnose(e) for e in drawn if any(w.any() for w in e.wrong)]


@pytest.mark.parametrize(
    ("mistake", "columns"), [(m, c) for m in MISTAKES for c in (True, False) if c or m not in NEEDS_JACOBIAN]
)
def test_the_mistake_is_named_whatever_the_numbers(mistake, columns):
    cause, f, vjp, draw, words = MISTAKES[mistake]
    found = diagnoses(f, vjp, draw, columns=columns)
    assert len(found) > 10
    for c in found:
        assert c.name == cause, c
        assert re.search(words, c.message), c
        assert "  " not in c.message
        assert " ," not in c.message


# Mistakes of the whole gradient show in the entries that were looked at.
@pytest.mark.parametrize("mistake", [
    "sigmoid, sign", "mean, no 1/N", "matmul, both factor 3", "zero", "no cotangent", "relu", "bias, mean",
    "sigmoid, no 1 - y", "matmul, transposed result", "float16 result",
])  # fmt: skip
def test_half_of_the_differences_suffice(mistake):
    cause, f, vjp, draw, _ = MISTAKES[mistake]
    found = [c.name for c in diagnoses(f, vjp, draw, columns=False, known=0.5)]
    # with two or three entries left, more than one mistake fits
    assert found.count(cause) >= 0.8 * len(found)


@pytest.mark.parametrize("mistake", ["square, factor 2", "zero", "relu", "softmax, no projection", "matmul, sign"])
def test_at_second_order_the_name_is_second_order_and_the_sentence_the_observation(mistake):
    cause, f, vjp, draw, _ = MISTAKES[mistake]
    first, second = (evidence(f, vjp, draw(np.random.default_rng(0)), order=order) for order in (1, 2))
    assert diagnose(first).name == cause
    assert diagnose(second).name == "second order"
    assert diagnose(first).message in diagnose(second).message


def test_a_number_that_is_not_finite_stays_so_at_second_order():
    e = evidence(np.sqrt, lambda x, g: g * np.inf, [np.ones(2)], order=2)
    assert diagnose(e).name == "not finite"


def test_a_right_gradient_has_nothing_wrong_to_explain():
    """That the evidence of these tests is good: differences agree with right gradients within their error."""
    for f, vjp, draw in [
        (np.matmul, matmul_vjp, NORMAL((3, 4), (4, 2))),
        (normalized, layer_norm_vjp, NORMAL((3, 5))),
        (conv1d, conv1d_vjp, NORMAL((2, 6), (3,))),
        (sigmoid, lambda x, g: g * sigmoid(x) * (1 - sigmoid(x)), NORMAL((5,))),
        (softmax, lambda x, g: (g - (g * softmax(x)).sum(-1, keepdims=True)) * softmax(x), NORMAL((3, 4))),
    ]:
        assert not diagnoses(f, vjp, draw)


@pytest.mark.parametrize("factor", [3.0, -1.0])
def test_a_factor_is_not_mistaken_for_a_transposition_of_a_symmetric_matrix(factor):
    def draw(rng):
        x = rng.normal(size=(3, 3))
        return [x + x.T]

    found = diagnoses(lambda x: (x * x).sum(), lambda x, g: factor * 2 * x * g, draw)
    assert {c.name for c in found} == {"factor" if factor > 0 else "sign"}


@pytest.mark.parametrize("columns", [True, False])
def test_zeros_in_the_gradient_agree_with_every_factor_and_disprove_none(columns):
    f, vjp = lambda x: x * np.maximum(x, 0), lambda x, g: 3 * g * np.maximum(x, 0)
    assert {c.name for c in diagnoses(f, vjp, DISTINCT((8,)), columns=columns)} == {"factor"}


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize(
    ("change", "cause"), [(2, "factor"), (0.5, "factor"), (-1, "sign"), (0, "zero"), (1.001, "factor")]
)
def test_one_number_is_enough_for_a_plain_factor(shape, change, cause):
    found = diagnoses(np.sin, lambda x, g: change * g * np.cos(x), NORMAL(shape))
    assert {c.name for c in found} == {cause}


def test_one_number_of_many_outputs_is_judged_by_the_jacobian():
    """0.37 would be any number, were it not the same for all outputs."""
    f, vjp = (
        lambda x: np.sin(x * np.arange(1.0, 6)),
        lambda x, g: 0.37 * g @ (np.cos(x * np.arange(1.0, 6)) * np.arange(1.0, 6)),
    )
    found = diagnoses(f, vjp, NORMAL(()))
    assert {c.name for c in found} == {"factor"}
    assert all("0.37 x numeric in every number of the Jacobian" in c.message for c in found)


def test_one_number_that_nothing_explains_is_a_factor_and_said_to_be_too_few():
    e = evidence(lambda x: np.sin(np.exp(x)) / 7, lambda x, g: 0.77123 * g, [np.array(0.4)])
    assert diagnose(e).name == "factor"
    assert re.search("analytic = .* x numeric in the one number there is .* one number is too few", diagnose(e).message)


def test_a_number_where_the_function_is_not_defined_says_nothing_of_the_others():
    not_there = np.array([np.nan, 1, 1])
    e = evidence(np.sqrt, lambda x, g: g / np.sqrt(x), [np.array([1.0, 2.0, 0.7])])
    unknown = dataclasses.replace(
        e, analytic=[e.analytic[0] * not_there], numeric=[e.numeric[0] * not_there],
        wrong=[np.array([False, True, True])], columns=[None], pull=lambda u: [e.pull(u)[0] * not_there],
    )  # fmt: skip
    assert diagnose(unknown).name == "factor"


@pytest.mark.parametrize("seed", SEEDS)
def test_rounding_that_differences_hardly_tell_is_not_taken_for_numbers_in_other_places(seed):
    """Within an error as large as what is wrong, the numbers agree with themselves in any order that is near."""
    rng = np.random.default_rng(seed)
    x = 1 + 1e-7 * rng.normal(size=(2, 5))
    e = evidence(np.exp, lambda x, g: g * np.exp(np.float32(x)).astype(float), [x], seed=seed)
    u = [1 + 1e-7 * rng.normal(size=x.shape)]
    analytic, numeric = e.pull(u)[0], u[0] * np.exp(x)
    error = np.full(x.shape, 0.9 * np.abs(analytic - numeric).max())
    hardly = dataclasses.replace(
        e, cotangents=u, analytic=[analytic], numeric=[numeric], error=[error], columns=[None],
        wrong=[np.abs(analytic - numeric) > error],
    )  # fmt: skip
    assert diagnose(hardly).name == "precision"


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_that_are_off_by_little_more_than_the_error_are_not_in_other_places(seed):
    rng = np.random.default_rng(seed)
    x = 1 + 1e-4 * rng.normal(size=(2, 6))
    off = np.zeros(x.shape)
    off[0, [1, 4]] = 1e-3 * np.array([1, -1])
    e = evidence(np.exp, lambda x, g: g * (np.exp(x) + off), [x], seed=seed)
    u = [np.ones(x.shape)]
    error = np.full(x.shape, 0.8e-3)
    hardly = dataclasses.replace(e, cotangents=u, analytic=e.pull(u), numeric=[np.exp(x)], error=[error],
                                 wrong=[np.abs(off) > error], columns=[None])  # fmt: skip
    assert diagnose(hardly).name != "transposed"


def test_the_output_that_is_wrong_is_found_among_several():
    f = lambda x: (np.sin(x), np.exp(x), x * x)
    vjp = lambda x, a, b, c: a * np.cos(x) + 2 * b * np.exp(x) + 2 * x * c
    for c in diagnoses(f, vjp, NORMAL((4,))):
        assert c.name == "factor"
        assert c.message.startswith("only what comes from output 1 of 3 is wrong: the gradient of x: analytic = 2 x")


def test_two_inputs_with_different_mistakes_give_the_one_of_more_entries():
    found = diagnoses(np.matmul, lambda a, b, g: [-g @ b.T, 2 * a.T @ g], NORMAL((2, 3), (3, 5)))
    assert {c.name for c in found} == {"factor"}


def test_a_vjp_that_refuses_other_cotangents_is_diagnosed_by_its_numbers():
    x = np.array([0.3, -1.0, 2.0])
    e = evidence(np.sin, lambda x, g: -g * np.cos(x), [x])
    given = e.cotangents[0]

    def pull(cotangents):
        if not np.array_equal(cotangents[0], given):
            raise ValueError("only these")
        return [-given * np.cos(x)]

    assert diagnose(dataclasses.replace(e, pull=pull)).name == "sign"


def test_a_vjp_that_changes_from_call_to_call_is_not_explained_by_its_numbers():
    rng = np.random.default_rng(0)
    e = evidence(np.sin, lambda x, g: g * np.cos(x) * rng.normal(size=x.shape), [np.ones(4)])
    assert diagnose(e).name == "repeatability"


def test_random_numbers_that_no_cotangent_changes_are_unrelated_and_not_a_forgotten_cotangent():
    found = diagnoses(np.sin, lambda x, g: np.sin(1e4 * x), NORMAL((40,)))
    assert {c.name for c in found} == {"unrelated"}


def test_the_inputs_and_cotangents_stay_as_they_were_even_if_the_vjp_writes_into_them():
    def vjp(x, g):
        g *= 2
        return g * np.cos(x)

    e = evidence(np.sin, vjp, [np.ones(4)])
    fresh = dataclasses.replace(e, cotangents=[np.full(4, 0.7)], analytic=[1.4 * np.cos(np.ones(4))],
                                numeric=[0.7 * np.cos(np.ones(4))], wrong=[np.full(4, True)])  # fmt: skip
    assert diagnose(fresh).name == "factor"
    assert np.array_equal(fresh.cotangents[0], np.full(4, 0.7))


@pytest.mark.parametrize(
    ("x", "gradient", "outputs", "cause", "words"),
    [
        ((3,), (4, 3), [(4, 3)], "broadcast", "axis 0"),
        ((3, 1), (3, 4), [(3, 4)], "broadcast", "axis 1"),
        ((), (2, 2), [()], "broadcast", "axes 0, 1"),
        ((3, 4), (4, 3), [(4, 3)], "transposed", "exchanged"),
        ((2, 3, 4), (4, 2, 3), [()], "transposed", "exchanged"),
        ((3, 4), (12,), [(12,)], "shape", "reshape"),
        ((3,), (1, 3), [(3,)], "shape", "reshape"),
        ((3, 4), (3,), [(3,)], "shape", "of the output"),
        ((3, 4), (7,), [()], "shape", "of its input"),
    ],
)
def test_a_gradient_of_another_shape_tells_by_its_shape(x, gradient, outputs, cause, words):
    found = cause_of_shape(x, gradient, outputs)
    assert found.name == cause
    assert words in found.message
    assert f"{gradient}" in found.message


def test_a_gradient_of_another_shape_is_diagnosed_by_its_shape():
    e = evidence(np.add, lambda x, w, g: [g, g], [np.ones((4, 3)), np.ones(3)])
    assert diagnose(e).name == "broadcast"


def test_causes_have_names_that_reports_know():
    names = {cause for cause, *_ in MISTAKES.values()}
    assert names <= CAUSES.keys()
    assert names >= {"sign", "factor", "zero", "cotangent", "broadcast", "transposed", "swapped", "entries", "region",
                     "inner", "term", "unrelated", "not finite", "precision"}  # fmt: skip
