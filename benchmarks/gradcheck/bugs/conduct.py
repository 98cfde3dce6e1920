"""The numbers may be right, and yet: what a derivative does to memory, types and precision, and from call to call."""

from __future__ import annotations

import numpy as np

from benchmarks.gradcheck.bugs.bug import Bug
from benchmarks.gradcheck.numbers import positive, real


def _logistic(x):
    return 1 / (1 + np.exp(-x))


def _softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _matmul_in_single(a, b, g):
    a, b, g = (x.astype(np.float32) for x in (a, b, g))
    return (g @ b.T).astype(np.float64), (a.T @ g).astype(np.float64)


def _softmax_vjp_in_single(x, g):
    s = _softmax(x).astype(np.float32)
    return s * (g - np.sum(g * s, axis=-1, keepdims=True))


PRECISION = [
    Bug(
        "tanh through float32",
        (lambda x: np.tanh(x.astype(np.float32)).astype(np.float64), lambda x, g: g * (1 - np.tanh(x) ** 2)),
        [real(5)],
        ("precision",),
    ),
    Bug(
        "sum through float32",
        (lambda x: np.sum(np.exp(x).astype(np.float32)).astype(np.float64), lambda x, g: g * np.exp(x)),
        [real(3, 2)],
        ("precision",),
    ),
    Bug(
        "matmul, derivative in float32",
        (lambda a, b: a @ b, _matmul_in_single),
        [real(3, 4), real(4, 2)],
        ("precision",),
    ),
    Bug("softmax, derivative in float32", (_softmax, _softmax_vjp_in_single), [real(2, 5)], ("precision",)),
    Bug(
        "sine, derivative in float16",
        (np.sin, lambda x, g: (g.astype(np.float16) * np.cos(x.astype(np.float16))).astype(np.float64)),
        [real(6)],
        ("precision",),
    ),
]

TYPES = [
    Bug(
        "gradient in float32",
        (np.exp, lambda x, g: (g * np.exp(x)).astype(np.float32)),
        [real(5)],
        ("dtype",),
    ),
    Bug(
        "gradient of one input in float32",
        (lambda x, y: x * y, lambda x, y, g: (g * y, (g * x).astype(np.float32))),
        [real(5), real(5)],
        ("dtype",),
    ),
]


def _relu_in_place(x):
    return np.multiply(x, x > 0, out=x).copy()


def _softmax_in_place(x):
    x -= x.max(axis=-1, keepdims=True)
    return _softmax(x)


def _softmax_vjp(x, g):
    s = _softmax(x)
    return s * (g - np.sum(g * s, axis=-1, keepdims=True))


def _scales_its_input(x, y, g):
    x *= g
    return g * y, x.copy()


def _masks_the_cotangent(x, g):
    g *= x > 0
    return g.copy()


def _returns_the_input(x, g):
    return np.multiply(x, g, out=x)


MUTATIONS = [
    Bug("ReLU in place", (_relu_in_place, lambda x, g: g * (x > 0)), [real(6, away=(0,))], ("mutation",)),
    Bug("softmax shifts its argument", (_softmax_in_place, _softmax_vjp), [real(2, 4)], ("mutation",)),
    Bug(
        "the derivative writes into an input",
        (lambda x, y: x * y, _scales_its_input),
        [real(5), real(5)],
        ("mutation",),
    ),
    Bug(
        "the derivative writes into the cotangent",
        (lambda x: np.maximum(x, 0), _masks_the_cotangent),
        [real(6, away=(0,), given=(((0,), -1.0),))],
        ("mutation",),
    ),
    Bug(
        "the gradient is written into the input and returned",
        (lambda x: 0.5 * np.sum(x * x), _returns_the_input),
        [real(5)],
        ("mutation", "aliasing"),
    ),
]


def _shared(x, y, g):
    d = g * np.cos(x + y)
    return d, d


class _Buffers:
    """One array for each shape and type, given out again and again."""

    def __init__(self):
        self.arrays = {}

    def like(self, x):
        return self.arrays.setdefault((x.shape, x.dtype), np.empty_like(x))


def _buffered_vjp():
    buffers = _Buffers()
    return np.sin, lambda x, g: np.multiply(g, np.cos(x), out=buffers.like(x))


def _buffered_forward():
    buffers = _Buffers()
    return (lambda x: np.sin(x, out=buffers.like(x))), lambda x, g: g * np.cos(x)


ALIASING = [
    Bug("two gradients are one array", (lambda x, y: np.sin(x + y), _shared), [real(5), real(5)], ("aliasing",)),
    Bug("gradient in a buffer", None, [real(5)], ("aliasing",), fresh=_buffered_vjp),
    Bug("output in a buffer", None, [real(5)], ("aliasing",), fresh=_buffered_forward),
]


def _accumulating():
    total = np.zeros(5)

    def vjp(x, g):
        np.add(total, 2 * g * x, out=total)
        return total.copy()

    return (lambda x: x * x), vjp


def _dropout():
    rng = np.random.default_rng(3)
    return (lambda x: x * (rng.random(x.shape) < 0.5) * 2), (lambda x, g: g.copy())


def _estimated():
    rng = np.random.default_rng(4)
    return np.sin, (lambda x, g: g * np.cos(x) * rng.uniform(0.99, 1.01, x.shape))


def _warming_up():
    calls = []

    def vjp(x, g):
        calls.append(1)
        return g * np.exp(x) * (1.0 if len(calls) % 2 else 0.5)

    return np.exp, vjp


REPEATABILITY = [
    Bug("gradients are added up from call to call", None, [real(5)], ("repeatability",), fresh=_accumulating),
    Bug("dropout", None, [positive(6)], ("repeatability",), fresh=_dropout),
    Bug("derivative with random numbers", None, [real(5)], ("repeatability",), fresh=_estimated),
    Bug("every second gradient is half", None, [real(5)], ("repeatability",), fresh=_warming_up),
]

LAYOUT = [
    Bug(
        "elements in the order of memory, function",
        (
            lambda x: x.ravel(order="K") * np.arange(1.0, x.size + 1),
            lambda x, g: (g * np.arange(1.0, x.size + 1)).reshape(x.shape),
        ),
        [real(3, 4)],
        ("layout",),
    ),
    Bug(
        "elements in the order of memory, derivative",
        (np.sin, lambda x, g: (g.ravel() * np.cos(x).ravel(order="K")).reshape(x.shape)),
        [real(3, 4)],
        ("layout",),
    ),
    Bug(
        "zeros unless contiguous",
        (np.exp, lambda x, g: g * np.exp(x) if x.flags.c_contiguous else np.zeros_like(x)),
        [real(3, 2)],
        ("layout",),
    ),
    Bug(
        "wrong for a cotangent with other strides",
        (lambda x: np.tanh(x), lambda x, g: (1 - np.tanh(x) ** 2) * (g.ravel(order="K").reshape(x.shape))),
        [real(3, 4)],
        ("layout",),
    ),
]

TRANSPOSITION = [
    Bug(
        "forward mode without its minus",
        (np.cos, lambda x, g: -g * np.sin(x), lambda x, t: t * np.sin(x)),
        [positive(5)],
        ("transposition",),
    ),
    Bug(
        "forward mode of a product, one term of two",
        (lambda x, y: x * y, lambda x, y, g: (g * y, g * x), lambda x, y, s, t: s * y),
        [real(4), positive(4)],
        ("transposition",),
    ),
]


def _std_vjp(x, g):
    """Right, but the variance is the difference of two large numbers, of which nothing is left in single precision."""
    m = x.mean()
    return g * (x - m) / (x.size * np.sqrt(np.mean(x * x) - m * m))


SINGLE = [
    Bug(
        "softplus overflows in float32 only",
        (lambda x: np.logaddexp(0, x).astype(x.dtype), lambda x, g: g * np.exp(x) / (1 + np.exp(x))),
        [real(5, low=95, high=200)],
        ("float32",),
    ),
    Bug(
        "deviation by the mean of squares",
        (lambda x: np.std(x), _std_vjp),
        [real(6, low=998, high=1002)],
        ("float32",),
    ),
    Bug(
        "log cosh by sinh / cosh",
        (
            lambda x: np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))),
            lambda x, g: g * np.sinh(x) / np.cosh(x),
        ),
        [real(5, given=(((1,), 120.0), ((4,), -95.0)))],
        ("float32",),
    ),
    Bug(
        "a guard of 1e-9 that float32 rounds away",
        (
            lambda x: np.logaddexp(0, x),
            lambda x, g: (
                g * np.where(1 + (e := np.exp(-np.abs(x))) > 1 + 1e-9, np.where(x > 0, 1 / (1 + e), e / (1 + e)), 0)
            ),
        ),
        [real(5, low=16.8, high=18.5)],
        ("float32",),
    ),
]
