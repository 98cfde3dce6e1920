"""What can be checked: functions of Tensors, modules, closures, and pairs of plain functions in every convention."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.testing import GradientMismatch, gradcheck

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))


def product(a, b):
    return a @ b


@pytest.mark.parametrize(
    "vjp",
    [
        lambda a, b, g: (g @ b.T, a.T @ g),
        lambda a, b, upstream: [upstream @ b.T, a.T @ upstream],
        lambda g, a, b: (g @ b.T, a.T @ g),
        lambda a, b, *, g: (g @ b.T, a.T @ g),
        lambda cotangent, a, b: (cotangent @ b.T, a.T @ cotangent),
        lambda a, b: lambda g: (g @ b.T, a.T @ g),
        lambda a, b, g, scale=1.0: (scale * g @ b.T, scale * a.T @ g),
        lambda *arguments: (arguments[2] @ arguments[1].T, arguments[0].T @ arguments[2]),
    ],
    ids=["last", "any-name", "g-first", "g-keyword", "cotangent", "curried", "options", "star"],
)
def test_a_vjp_takes_its_cotangent_in_any_convention(vjp):
    report = gradcheck((product, vjp), A, B)
    assert report.checked == A.size + B.size
    wrong = gradcheck((product, lambda a, b, g: (g @ b.T, -(a.T @ g))), A, B, raise_exception=False)
    assert wrong.failed == B.size
    assert wrong.labels == ("a", "b")
    assert wrong.worst.input == 1


def test_a_function_of_one_number_may_come_with_its_gradient():
    report = gradcheck((lambda w: (w**2).sum(), lambda w: 2 * w), A)
    assert report.checked == A.size
    assert not gradcheck((lambda w: (w**2).sum(), lambda w: w), A, raise_exception=False)
    with pytest.raises(ag.OptionError, match=r"vjp\(\*inputs, g\)"):
        gradcheck((np.sin, np.cos), A)


def test_a_jvp_is_held_against_the_vjp():
    def jvp(a, b, da, db):
        return da @ b + a @ db

    vjp = lambda a, b, g: (g @ b.T, a.T @ g)
    assert gradcheck((product, vjp, jvp), A, B)
    report = gradcheck((product, vjp, lambda a, b, da, db: da @ b), A, B, raise_exception=False)
    assert report.cause.name == "transposition"


def test_containers_of_inputs_and_outputs_are_looked_into():
    def function(p, scale):
        return {"sum": p["w"] * scale[0] + p["b"], "product": [p["w"] * scale[1]]}

    def vjp(p, scale, g):
        s, q = g["sum"], g["product"][0]
        return {"w": s * scale[0] + q * scale[1], "b": s.sum(axis=0)}, [np.sum(s * p["w"]), np.sum(q * p["w"])]

    inputs = {"w": RNG.normal(size=(2, 3)), "b": RNG.normal(size=3)}, [1.5, np.array(-2.0)]
    assert gradcheck((function, vjp), *inputs).checked == 11
    assert gradcheck(function, *inputs, order=2).checked == 11
    report = gradcheck(
        (function, lambda p, s, g: ({"w": vjp(p, s, g)[0]["w"], "b": None}, None)), *inputs, raise_exception=False
    )
    assert report.labels == ("p['w']", "p['b']", "scale[0]", "scale[1]")
    assert report.failed == 5


def test_what_is_not_floating_point_is_held():
    def function(x, indices, power, label):
        assert label == "name"
        return x[indices] ** power

    def vjp(x, indices, power, label, g):
        gradient = np.zeros_like(x)
        np.add.at(gradient, indices, g * power * x[indices] ** (power - 1))
        return (gradient,)

    arguments = np.array([1.0, 2.0, 3.0]), np.array([0, 0, 2]), 3, "name"
    assert gradcheck((function, vjp), *arguments).checked == 3
    assert gradcheck((function, lambda *a: (*vjp(*a), None, None, None)), *arguments).checked == 3
    assert gradcheck(function, *arguments, order=2).checked == 3


@pytest.mark.parametrize(
    ("vjp", "error", "message"),
    [
        (lambda a, b, g: g @ b.T, ag.ShapeError, "must return 2 gradients"),
        (lambda a, b, g: (g @ b.T, a.T @ g, 0), ag.ShapeError, "must return 2 gradients"),
        (lambda a, b, g: (g @ b.T, [a.T @ g, 0]), ag.ShapeError, "an array is an array"),
        (lambda a, b, g: (g @ b.T, 1j * (a.T @ g)), ag.DTypeError, "real numbers"),
    ],
)
def test_a_vjp_that_returns_something_else_is_refused_in_words(vjp, error, message):
    with pytest.raises(error, match=message):
        gradcheck((product, vjp), A, B)


def test_a_function_without_a_derivative_is_refused_in_words():
    with pytest.raises(ag.DTypeError, match="nothing in floating point"):
        gradcheck((np.argmax, lambda x, g: g), A)
    with pytest.raises(ag.DTypeError, match="complex"):
        gradcheck((lambda x: 1j * x, lambda x, g: g), A)


def test_modules_are_checked_by_inputs_and_parameters_in_double_precision():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))
    before = [p.data.copy() for p in model.parameters()]
    report = gradcheck(model, RNG.normal(size=(5, 3)).astype(np.float32), order=2)
    assert report.checked == 15 + 12 + 4 + 8 + 2
    assert report.labels[0] == "input"
    assert report.labels[1:] == ("0.weight", "0.bias", "2.weight", "2.bias")
    for p, old in zip(model.parameters(), before, strict=True):
        assert p.dtype == np.float32
        assert np.array_equal(p.data, old)
        assert p.grad is None
        assert p.requires_grad


def test_a_frozen_parameter_is_held():
    model = nn.Linear(3, 2, rng=0)
    model.bias.requires_grad_(False)
    assert gradcheck(model, RNG.normal(size=(5, 3))).labels == ("input", "weight")


def test_parameters_come_back_when_the_function_raises():
    model = nn.Linear(3, 2, rng=0)
    weight = model.weight.data.copy()
    with pytest.raises(ag.ShapeError):
        gradcheck(model, RNG.normal(size=(5, 4)))
    assert np.array_equal(model.weight.data, weight)
    assert model.weight.dtype == np.float32


def test_single_precision_is_checked_in_double_where_the_function_computes_in_it():
    x = RNG.normal(size=5).astype(np.float32)
    assert gradcheck((np.sin, lambda x, g: g * np.cos(x)), x).worst.tolerance < 1e-9


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_function_that_computes_in_a_narrow_type_is_checked_in_it(dtype):
    def sine(x):
        return np.sin(x.astype(dtype))

    x = RNG.normal(size=5).astype(dtype)
    report = gradcheck((sine, lambda x, g: (g * np.cos(x)).astype(dtype)), x)
    assert report.worst.tolerance > np.finfo(dtype).eps
    with pytest.raises(GradientMismatch):
        gradcheck((sine, lambda x, g: (g * 1.5 * np.cos(x)).astype(dtype)), x)


def test_what_wants_one_type_gets_the_one_that_was_given():
    def function(x):
        if x.dtype != np.float32:
            raise TypeError("expected scalar type Float")
        return x * x

    assert gradcheck((function, lambda x, g: 2 * x * g), np.ones(3, np.float32) * np.float32(1.3))
