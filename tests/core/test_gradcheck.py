"""The gradient check: right gradients pass whatever their scale, wrong ones never do, inputs stay as they were."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.testing import GradientMismatch, gradcheck

RNG = np.random.default_rng(0)


def scaled_tanh(factor):
    """Hyperbolic tangent with a derivative that is off by a factor."""

    @ag.custom_vjp
    def function(x):
        return ag.tanh(x)

    function.defvjp(lambda x: (ag.tanh(x), x), lambda x, g: (factor * g * (1 - ag.tanh(x) ** 2),))
    return function


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.5, 0.999, 1.00001, 2.0])
def test_a_derivative_that_is_off_by_a_factor_is_caught(factor):
    with pytest.raises(GradientMismatch, match="analytic / numeric") as caught:
        gradcheck(scaled_tanh(factor), RNG.normal(size=4))
    report = caught.value.report
    assert not report
    assert report.failed == 4
    assert report.worst.analytic == pytest.approx(factor * report.worst.numeric, rel=1e-6)  # differences have 1e-9


def test_the_right_derivative_passes_to_second_order():
    assert gradcheck(scaled_tanh(1.0), RNG.normal(size=4), order=2)


def test_a_second_derivative_that_is_lost_is_caught():
    @ag.custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda x, g: (2 * g * ag.stop_gradient(x),))
    x = RNG.normal(size=3)
    assert gradcheck(square, x)
    report = gradcheck(square, x, order=2, raise_exception=False)
    assert (report.ok, report.order) == (False, 2)


@pytest.mark.parametrize(
    ("function", "values"),
    [
        (lambda x: x**3, 1e4 * RNG.normal(size=5)),
        (lambda x: 1 / x, RNG.uniform(0.01, 0.1, 5)),
        (lambda x: 1e-9 * ag.sum(x), RNG.normal(size=5)),
        (lambda x: ag.var(x + 1e6), RNG.normal(size=5)),
        (lambda x: ag.sqrt(x), RNG.uniform(1e-4, 1, 5)),  # a step may leave the domain
        (lambda x: 0 * x, RNG.normal(size=5)),
        (lambda x: ag.max_pool2d(ag.relu(ag.conv2d(x, np.ones((2, 1, 3, 3)))), 2), RNG.normal(size=(2, 1, 6, 6))),
    ],
    ids=["cubic", "reciprocal", "tiny", "cancelling", "root", "zero", "kinks"],
)
def test_right_derivatives_pass_whatever_their_scale(function, values):
    assert gradcheck(function, values)


def test_a_kink_is_reported():
    report = gradcheck(ag.relu, np.array([1.0, 0.0]), raise_exception=False)
    assert report.failed == 1
    assert report.worst.index == (1,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_read_by_a_closure_are_checked_in_float64_and_come_back_untouched(dtype):
    w = ag.tensor(RNG.normal(size=(4, 3)), dtype=dtype, requires_grad=True)
    b = ag.tensor(np.zeros(4), dtype=dtype, requires_grad=True)
    x, labels = RNG.normal(size=(5, 3)).astype(dtype), np.array([0, 1, 2, 3, 0])
    before = w.data.copy()
    report = gradcheck(lambda: ag.cross_entropy(ag.linear(x, w, b), labels), [w, b], order=2)
    assert report.checked == 16
    assert (w.dtype, w.grad, w.requires_grad) == (dtype, None, True)
    assert np.array_equal(w.data, before)
    assert ag.gradients(w.sum(), w).dtype == dtype


def test_samples_limits_the_work_and_the_seed_repeats_it():
    calls = []

    def function(x):
        calls.append(1)
        return ag.sin(x).sum()

    x = RNG.normal(size=1000)
    one = gradcheck(function, x, samples=5, rng=3)
    count = len(calls)
    two = gradcheck(function, x, samples=5, rng=3)
    assert one == two
    assert one.checked == 5
    assert count < 150  # of 20,000 for all entries


def test_arrays_stay_as_they_were():
    x = RNG.normal(size=3)
    before = x.copy()
    gradcheck(ag.exp, x)
    assert np.array_equal(x, before)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gradcheck(ag.exp), ag.OptionError, "no input"),
        (lambda: gradcheck(ag.exp, np.arange(3)), ag.DTypeError, "floating point"),
        (lambda: gradcheck(lambda x: np.ones(3), np.ones(3)), ag.GraphError, "does not depend on the inputs"),
        (lambda: gradcheck(lambda x: x * RNG.random(), np.ones(3)), ag.GraphError, "when it was called again"),
        (lambda: gradcheck(ag.exp, np.ones(3), order=0), ag.OptionError, "order"),
        (lambda: gradcheck(ag.exp, np.ones(3), samples=0), ag.OptionError, "samples"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
