"""The rules besides the numbers: each finds what was planted against it, and right derivatives break none."""

import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.testing.functions import adapted
from autograd_core.testing.properties import PROPERTIES, broken_rules
from autograd_core.testing.properties.rounding import significant_bits

DRAWS = 8  # of everything random, for each claim


def findings(function, *inputs, seed=0, skip=()):
    """What is found at these inputs, with random cotangents."""
    rng = np.random.default_rng(seed)
    checked = adapted(function, inputs)
    with np.errstate(all="ignore"):
        outputs = checked([x.copy() for x in checked.inputs])
    cotangents = [np.asarray(rng.normal(size=y.shape)) for y in outputs]
    return broken_rules(checked, cotangents, rng, skip=skip)


def causes(*arguments, **options):
    return {finding.cause for finding in findings(*arguments, **options)}


def normal(*shape, seed=0):
    return np.random.default_rng(seed + 100).normal(size=shape)


# --- what is planted --------------------------------------------------------------------------------------------------


class Accumulating:
    """A VJP that adds to what it gave before, in one buffer."""

    def __init__(self):
        self.total = 0.0

    def __call__(self, x, g):
        self.total = self.total + g * np.cos(x)
        return self.total


class Buffered:
    """Computes into an array that it keeps."""

    def __init__(self, compute, n):
        self.compute, self.out = compute, np.empty(n)

    def __call__(self, *arguments):
        self.out[...] = self.compute(*arguments)
        return self.out


class Layer:
    """A layer whose backward pass reads what its forward pass kept."""

    def forward(self, x):
        self.x = x.copy()
        return np.sin(x)

    def backward(self, x, g):
        return g * np.cos(self.x)


def double_in_place(x):
    x *= 2
    return x.copy()


def scale_cotangent(x, g):
    g *= 2
    return g.copy()


def overwrite_inputs(x, g):
    x[...] = g * np.cos(x)
    return x.copy()


def overwrite_tangent(x, t):
    t *= np.cos(x)
    return t.copy()


def as_if_contiguous(x):
    """The numbers from the first on, as C code that ignores strides reads them."""
    return np.lib.stride_tricks.as_strided(x, (x.size,), (x.itemsize,), writeable=False) if x.size else x


def single(x):
    return np.asarray(x).astype(np.float32).astype(np.float64)


SINE = (np.sin, lambda x, g: g * np.cos(x))
PRODUCT = lambda x, y: x * y
X, Y = normal(5), normal(5, seed=1)
DRAW = np.random.default_rng(7)

PLANTED = {
    "dropout in f": ("repeatability", (lambda x: x * (DRAW.random(x.shape) < 0.5), lambda x, g: g * 1), [X]),
    "dropout in the VJP": ("repeatability", (np.sin, lambda x, g: g * np.cos(x) * DRAW.random(x.shape)), [X]),
    "reads what the last call left": ("repeatability", ((LAYER := Layer()).forward, LAYER.backward), [X]),
    "accumulates": ("repeatability", (np.sin, Accumulating()), [X]),
    "f writes": ("mutation", (double_in_place, lambda x, g: 2 * g), [X]),
    "VJP writes into the cotangent": ("mutation", (lambda x: 2 * x, scale_cotangent), [X]),
    "VJP writes into the input": ("mutation", (np.sin, overwrite_inputs), [X]),
    "JVP writes into the tangent": ("mutation", (*SINE, overwrite_tangent), [X]),
    "one gradient twice": ("aliasing", (np.add, lambda x, y, g: (h := g.copy(), h)), [X, Y]),
    "both gradients are the cotangent": ("aliasing", (np.add, lambda x, y, g: (g, g)), [X, Y]),
    "gradients are inputs": ("aliasing", (np.dot, lambda x, y, g: (y, x) if g.size else None), [X, Y]),
    "gradient in a buffer": ("aliasing", (np.sin, Buffered(lambda x, g: g * np.cos(x), 5)), [X]),
    "output in a buffer": ("aliasing", (Buffered(np.sin, 5), lambda x, g: g * np.cos(x)), [X]),
    "not summed": ("shape", (np.add, lambda x, y, g: (g.copy(), g.copy())), [normal(3, 4), normal(4)]),
    "an axis too many": ("shape", (np.sin, lambda x, g: (g * np.cos(x))[None]), [X]),
    "transposed": ("shape", (np.sin, lambda x, g: (g * np.cos(x)).T), [normal(2, 3)]),
    "single gradient": ("dtype", (np.sin, lambda x, g: (g * np.cos(x)).astype(np.float32)), [X]),
    "integer gradient": ("dtype", (np.abs, lambda x, g: np.sign(x).astype(int)), [X]),
    "double gradient of single": (
        "dtype",
        (lambda x: x.sum(), lambda x, g: g * np.ones(x.shape)),
        [normal(5).astype(np.float32)],
    ),
    "single function": ("precision", (lambda x: np.sin(x.astype(np.float32)), lambda x, g: g * np.cos(x)), [X]),
    "cotangent ignored": ("cotangent", (np.sin, lambda x, g: np.cos(x)), [X]),
    "constant added": ("cotangent", (np.sin, lambda x, g: g * np.cos(x) + 1e-3), [X]),
    "absolute cotangent": ("cotangent", (np.sin, lambda x, g: np.abs(g) * np.cos(x)), [X]),
    "normalised cotangent": ("cotangent", (np.sin, lambda x, g: g / np.linalg.norm(g) * np.cos(x)), [X]),
    "clipped cotangent": ("cotangent", (np.sin, lambda x, g: np.clip(g, -1, 1) * np.cos(x)), [X]),
    "JVP of something else": ("transposition", (*SINE, lambda x, t: t * np.sin(x)), [X]),
    "JVP not transposed": (
        "transposition",
        (lambda x: W3 @ x, lambda x, g: W3.T @ g, lambda x, t: W3.T @ t),
        [normal(3)],
    ),
    "f ignores strides": ("layout", (lambda x: 2.0 * as_if_contiguous(x), lambda x, g: 2 * g), [X]),
    "VJP ignores the strides of g": ("layout", (lambda x: 2.0 * x, lambda x, g: 2.0 * as_if_contiguous(g)), [X]),
    "VJP ravels in memory order": (
        "layout",
        (np.sin, lambda x, g: g * np.cos(x.ravel(order="K")).reshape(x.shape)),
        [normal(3, 4)],
    ),
    "cancelling in single precision only": (
        "float32",
        (lambda x: np.sin(x), lambda x, g: g * ((np.cos(x) + x.dtype.type(1e8)) - x.dtype.type(1e8))),
        [X],
    ),
    "wrong in single precision": (
        "float32",
        (np.sin, lambda x, g: g * np.cos(x) * x.dtype.type(1.0 if x.dtype == np.float64 else 1.5)),
        [X],
    ),
}
W3 = normal(3, 3)


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("seed", range(DRAWS))
def test_a_rule_that_is_broken_is_named(planted, seed):
    cause, function, inputs = PLANTED[planted]
    assert cause in causes(function, *inputs, seed=seed)


# Each of these computes in double precision before and after.
ROUNDED = {
    "f rounds its input": (lambda x: np.sin(single(x)), SINE[1]),
    "f rounds its output": (lambda x: single(np.sin(x)), SINE[1]),
    "f computes a sum in single precision": (lambda x: np.float64(np.sum(np.sin(x.astype(np.float32)))), SINE[1]),
    "f in half precision": (lambda x: np.sin(x.astype(np.float16).astype(np.float64)), SINE[1]),
    "f in bfloat16": (lambda x: np.ldexp(np.rint(np.ldexp(np.frexp(x)[0], 8)), np.frexp(x)[1] - 8), lambda x, g: 1 * g),
    "the VJP rounds its input": (np.sin, lambda x, g: g * np.cos(single(x))),
    "the VJP rounds its cotangent": (np.sin, lambda x, g: single(g) * np.cos(x)),
    "the VJP rounds its result": (np.sin, lambda x, g: single(g * np.cos(x))),
    "the VJP rounds a factor": (np.sin, lambda x, g: g * single(np.cos(x))),
    "the VJP rounds in the middle": (lambda x: np.sin(x) ** 2, lambda x, g: single(2 * g * np.sin(x)) * np.cos(x)),
    "the VJP in half precision": (np.sin, lambda x, g: (g.astype(np.float16)).astype(float) * np.cos(x)),
}
# What cannot be told of a single number: cos hardly moves near 0.
SEVERAL_ONLY = ("the VJP rounds a factor",)


@pytest.mark.parametrize("planted", ROUNDED)
@pytest.mark.parametrize("shape", [(), (1,), (5,), (4, 50)], ids=str)
@pytest.mark.parametrize("seed", range(DRAWS))
def test_rounding_to_a_coarser_type_on_the_way_is_found(planted, shape, seed):
    if planted in SEVERAL_ONLY:
        shape = (4, 50)
    x = normal(*shape, seed=seed) + 0.1
    assert "precision" in causes(ROUNDED[planted], x, seed=seed)


@pytest.mark.parametrize("seed", range(DRAWS))
def test_a_matrix_product_in_single_precision_is_found(seed):
    w = normal(20, 30)
    product = (lambda x: x @ w, lambda x, g: (g.astype(np.float32) @ w.astype(np.float32).T).astype(np.float64))
    assert causes(product, normal(7, 20, seed=seed), seed=seed) == {"precision"}


# --- what is right ----------------------------------------------------------------------------------------------------


def read_only(a):
    a = np.array(a)
    a.flags.writeable = False
    return a


def variance_pair(offset):
    def vjp(x, g):
        z = x + offset
        return g * 2 * (z - z.mean()) / z.size

    return (lambda x: np.var(x + offset), vjp)


W4 = normal(4, 3, seed=5)
CONSTANT = normal(3, seed=6)

RIGHT = {
    "sine": ((*SINE, lambda x, t: t * np.cos(x)), [X]),
    "identity": ((np.copy, lambda x, g: g), [X]),
    "a view": ((lambda x: x, lambda x, g: g), [X]),
    "reshape": ((lambda x: x.reshape(6), lambda x, g: g.reshape(2, 3)), [normal(2, 3)]),
    "transpose": ((np.transpose, lambda x, g: g.T), [normal(2, 3)]),
    "parts of the cotangent": ((lambda x, y: np.stack([x, y]), lambda x, y, g: (*g,)), [X, Y]),
    "two views": ((lambda x: (x[:2], x[1:]), lambda x, g: _scattered(g)), [normal(3)]),
    "read-only results": ((lambda x: read_only(np.sin(x)), lambda x, g: read_only(g * np.cos(x))), [X]),
    "read-only and shared": ((np.add, lambda x, y, g: (h := read_only(g), h)), [X, Y]),
    "broadcast gradient": ((np.sum, lambda x, g: np.broadcast_to(g, x.shape)), [normal(3, 2)]),
    "variance": (variance_pair(0.0), [X]),
    "variance, cancelling": (variance_pair(1e6), [X]),
    "variance of 4, cancelling": (variance_pair(1e6), [normal(4)]),  # 2 / 4 rounds nothing
    "variance, cancelling more": (variance_pair(1e8), [X]),
    "variance, cancelling most": (variance_pair(1e9), [X]),
    "sign": ((np.sign, lambda x, g: 0 * g), [X]),
    "floor": ((np.floor, lambda x, g: 0 * g), [X]),
    "round to a grid": ((lambda x: np.round(x * 16) / 16, lambda x, g: 1 * g), [normal(100)]),
    "constant": ((lambda x: CONSTANT.copy(), lambda x, g: np.zeros(x.shape)), [X]),
    "the same constant": ((lambda x: CONSTANT, lambda x, g: None), [X]),
    "weights in single precision": (
        (lambda x: single(W4) @ x, lambda x, g: single(W4).T @ g, lambda x, t: single(W4) @ t),
        [normal(3)],
    ),
    "no dimensions": (SINE, [np.array(0.7)]),
    "no numbers": (SINE, [np.zeros((0,))]),
    "no numbers, two axes": ((lambda x: x.sum(axis=1), lambda x, g: g[:, None] * np.ones_like(x)), [np.zeros((2, 0))]),
    "zeros": ((lambda x: x * x, lambda x, g: 2 * x * g), [np.zeros(4)]),
    "maximum of ties": ((np.max, lambda x, g: g * (np.arange(x.size) == np.argmax(x))), [np.ones(4)]),
    "relu at its kink": ((lambda x: np.maximum(x, 0), lambda x, g: g * (x > 0)), [np.array([0.0, 1.0, -1.0])]),
    "a root at the edge": ((np.sqrt, lambda x, g: g / (2 * np.sqrt(x))), [np.array([0.0, 1.0])]),
    "saturated": ((np.tanh, lambda x, g: g * (1 - np.tanh(x) ** 2)), [np.array([10.72, -12.0, 18.0])]),
    "saturated number": ((np.tanh, lambda x, g: g - g * np.tanh(x) ** 2), [np.array(10.72)]),
    "large and small": ((lambda x: x**3, lambda x, g: 3 * x**2 * g), [np.array([1e-8, 1.0, 1e8])]),
    "remainder": ((lambda x: x % 1.0, lambda x, g: 1 * g), [1e9 + normal(20) * 1e3]),
    "product": ((np.multiply, lambda x, y, g: (g * y, g * x)), [X, Y]),
    "matrices": ((np.matmul, lambda a, b, g: (g @ b.T, a.T @ g)), [normal(3, 4), normal(4, 2)]),
    "gradient without a cotangent": ((lambda x: np.sum(x * x), lambda x: 2 * x), [X]),
    "softmax": (
        (lambda x: _softmax(x), lambda x, g: (p := _softmax(x)) * (g - np.sum(g * p))),
        [normal(6)],
    ),
    "softmax of one": ((lambda x: _softmax(x), lambda x, g: (p := _softmax(x)) * (g - np.sum(g * p))), [normal(1)]),
    "does not take backward strides": ((lambda x: np.sin(_contiguous(x)), lambda x, g: g * np.cos(x)), [X]),
    "in double precision only": ((lambda x: np.sin(_double(x)), lambda x, g: g * np.cos(x)), [X]),
    "weights in double precision": ((lambda x: W4 @ x, lambda x, g: W4.T @ g), [normal(3)]),
}


def _scattered(g):
    found = np.zeros(3, g[0].dtype)
    found[:2] += g[0]
    found[1:] += g[1]
    return found


def _softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def _contiguous(x):
    if not x.flags.c_contiguous:
        raise ValueError("strides are not supported")
    return x


def _double(x):
    if x.dtype != np.float64:
        raise TypeError("expected double precision")
    return x


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", range(DRAWS))
def test_right_derivatives_break_no_rule(name, seed):
    function, inputs = RIGHT[name]
    assert findings(function, *inputs, seed=seed) == []


# --- what is said, and what it costs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ("accumulates", r"the second call gives 2 times the first; it adds to what it gave before"),
        ("dropout in f", "switch off what is random"),
        ("reads what the last call left", "keeps something from one call to the next"),
        ("one gradient twice", "and the gradient of .* share memory"),
        ("gradient in a buffer", "the next call of the VJP overwrites the gradient of"),
        ("cotangent ignored", "ignores its cotangent"),
        ("constant added", "0.001 is added"),
        ("absolute cotangent", r"J'\(2 u - 3 w\)"),
        ("not summed", "sum it over the axes"),
        ("single function", "returns float32 for float64 inputs"),
        ("double gradient of single", "float64 where all else is float32"),
    ],
)
def test_the_message_says_what_came(planted, words):
    cause, function, inputs = PLANTED[planted]
    if planted == "accumulates":
        function = (np.sin, Accumulating())
    (message, *_) = [f.message for f in findings(function, *inputs) if f.cause == cause]
    assert re.search(words, message), message


def test_what_makes_others_meaningless_is_said_alone():
    assert causes((lambda x: x + np.random.default_rng().normal(), lambda x, g: 2 * np.abs(g)), X) == {"repeatability"}
    assert causes((np.sin, lambda x, g: np.abs(g * np.cos(x)).sum()), X) == {"shape"}


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_rule_that_is_skipped_is_not_tried(name):
    left = {f.cause for _, function, inputs in PLANTED.values() for f in findings(function, *inputs, skip=[name])}
    cause = {"linearity": "cotangent"}.get(name, name)
    assert cause not in left - {"dtype", "precision"}  # these two are also found beside other rules


def test_an_unknown_rule_cannot_be_skipped():
    with pytest.raises(ag.OptionError, match="repeatability"):
        findings(SINE, X, skip=["repeatable"])


def test_tensor_functions_break_no_rule():
    w = ag.tensor(normal(2, 3), requires_grad=True)
    for function in (ag.sin, lambda x: ag.softmax(x @ w.data.T, axis=-1), lambda x: ag.var(x + 1e6), ag.relu):
        assert findings(function, normal(4, 3)) == []


def test_inputs_are_left_as_they_were():
    for _, function, inputs in PLANTED.values():
        before = [x.copy() for x in inputs]
        findings(function, *inputs)
        assert all(np.array_equal(a, b) for a, b in zip(inputs, before, strict=True))


def test_a_right_derivative_costs_no_more_than_25_calls_of_each():
    calls = {"f": 0, "vjp": 0}

    def counted(name, function):
        def call(x, *g):
            calls[name] += 1
            return function(x, *g)

        return call

    vjp = counted("vjp", SINE[1])
    assert findings((counted("f", np.sin), lambda x, g: vjp(x, g)), X) == []
    assert max(calls.values()) <= 25, calls


@pytest.mark.parametrize(
    ("number", "bits"), [(0.0, 0), (-1.0, 1), (0.75, 2), (float(np.float32(0.1)), 24), (1 / 3, 53)]
)
def test_significant_bits(number, bits):
    assert significant_bits(np.array(number)) == bits
