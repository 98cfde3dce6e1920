"""The gradient check: right gradients pass whatever their scale, wrong ones never do, inputs stay as they were."""

import subprocess
import sys

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


@pytest.mark.parametrize("function", [ag.relu, ag.absolute, lambda x: ag.maximum(x, 0.0), lambda x: ag.clip(x, 0, 2)])
@pytest.mark.parametrize("mode", ["full", "random"])
def test_a_kink_is_reported_and_not_judged(function, mode):
    report = gradcheck(function, np.array([1.0, 0.0]), mode=mode)
    assert report.ok
    assert report.kinks == (1 if mode == "full" else 3)  # every direction leads over it
    assert "kink" in str(report)


@pytest.mark.parametrize("distance", [0.0, *(3.0 * 10.0**-k for k in range(1, 15))])
@pytest.mark.parametrize("far", [0.0, 1e-5, 1e-3])
def test_however_near_a_kink_is_the_gradient_is_not_blamed(distance, far):
    """Nor if there are others a little further away, as in a network of many ReLUs."""

    def function(x):
        return 2 * x + 0.05 * np.maximum(x, -distance) + 0.03 * np.maximum(x, far + 2 * distance)

    def vjp(x, g):
        return g * (2 + 0.05 * (x > -distance) + 0.03 * (x > far + 2 * distance))

    assert gradcheck((function, vjp), np.array(0.0), skip=["layout"])
    assert gradcheck(lambda x: ag.sum(function(x)), np.array([0.0, 1.0]), order=1)


def test_a_kink_that_cannot_explain_the_difference_is_no_excuse():
    """The derivative at the kink is 3 - 1e-6 on one side and 3 + 1e-6 on the other, and nowhere near 6."""
    bent = (lambda x: 3 * x + 1e-6 * np.abs(x), lambda x, g: 6 * g)
    report = gradcheck(bent, np.array(0.0), raise_exception=False)
    assert (report.failed, report.kinks) == (1, 0)


@pytest.mark.parametrize("function", [ag.sqrt, ag.cbrt, lambda x: x**0.75], ids=["sqrt", "cbrt", "power"])
def test_a_vertical_tangent_or_the_edge_of_a_domain_is_not_judged(function):
    report = gradcheck(function, np.array([0.0, 1.0]))
    assert (report.checked, report.kinks) == (2, 1)


def test_a_function_that_is_not_finite_here_is_not_judged():
    with np.errstate(divide="ignore"):
        report = gradcheck((np.log, lambda x, g: g / x), np.array([1.0, -0.0]))
    assert (report.checked, report.kinks) == (2, 1)


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
        (lambda: gradcheck(np.ones(3)), ag.OptionError, "not gradcheck"),
        (lambda: gradcheck((np.sin,), np.ones(3)), ag.OptionError, r"\(f, vjp\)"),
        (lambda: gradcheck((np.sin, 2), np.ones(3)), ag.OptionError, r"\(f, vjp\)"),
        (lambda: gradcheck(lambda: 1.0, np.ones(3)), ag.OptionError, "takes no arguments"),
        (lambda: gradcheck(lambda: 1.0, ag.tensor(1.0, requires_grad=True) * 2), ag.GraphError, "detach"),
        (lambda: gradcheck(ag.exp, np.ones(3), mode="fast"), ag.OptionError, "mode"),
        (lambda: gradcheck(ag.exp, np.ones(3), eps=0), ag.OptionError, "eps"),
        (lambda: gradcheck(ag.exp, np.ones(3), skip="layout"), ag.OptionError, "skip"),
        (lambda: gradcheck(ag.exp, np.ones(3), skip=["colour"]), ag.OptionError, "colour"),
        (lambda: gradcheck((np.sin, lambda x, g: g * np.cos(x)), np.ones(3), order=2), ag.OptionError, "order=2"),
        (lambda: gradcheck(ag.exp, np.ones(3), order=0), ag.OptionError, "order"),
        (lambda: gradcheck(ag.exp, np.ones(3), samples=0), ag.OptionError, "samples"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("mode", ["full", "random"])
@pytest.mark.parametrize(
    "numbers",
    [[np.nan, 1.0], [np.inf, 1.0], [1e300, 1.0], [1e-300, 5e-324], [0.0, -0.0], [1e-20, 1e20], [], 0.5],
    ids=str,
)
def test_extreme_numbers_are_checked_or_left_out(numbers, mode):
    report = gradcheck((lambda x: 3 * x, lambda x, g: 3 * g), np.array(numbers), mode=mode)
    assert report.kinks == (np.count_nonzero(~np.isfinite(numbers)) if mode == "full" else report.kinks)
    assert report.failed == 0
    assert str(report)


def test_nothing_optional_is_imported():
    code = (
        "import sys, autograd_core, autograd_core.testing; autograd_core.gradcheck; "
        "print(sorted({'pytest', 'hypothesis', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
