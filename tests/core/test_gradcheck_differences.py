"""Differences and what they say of themselves: the estimated error holds, noise is measured, kinks are seen as such."""

import numpy as np
import pytest

from autograd_core.testing.differences import Differences, first_step, noise_along

EPS = float(np.finfo(np.float64).eps)
RNG = np.random.default_rng(0)


def along(function, x, step=None, noise=None):
    """Differences of a function of one number (that returns an array) at x, over all steps."""

    def line(t):
        return (x + t) - x, np.atleast_1d(function(x + t))

    center = line(0.0)[1]
    noise = noise_along(line, center, EPS) if noise is None else noise
    differences = Differences(line, center, noise, EPS, step or first_step(EPS), max(1, abs(x)))
    while differences.refine():
        pass
    return differences


SMOOTH = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "cubic": (lambda x: x**3 - x, lambda x: 3 * x**2 - 1),
    "fast": (lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x)),
    "steep": (lambda x: np.tanh(100 * (x - 1)), lambda x: 100 / np.cosh(100 * (x - 1)) ** 2),
    "constant": (lambda x: 0 * x + 3, lambda x: 0 * x),
    "offset": (lambda x: np.sin(x) + 1e6, np.cos),
    "several": (
        lambda x: np.array([np.sin(x), 1e6 * np.exp(x), 0.0]),
        lambda x: np.array([np.cos(x), 1e6 * np.exp(x), 0]),
    ),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_the_error_is_no_larger_than_its_estimate(name):
    """In 500 places each. The estimate is one: the kit tolerates four times as much, and so does this test."""
    function, derivative = SMOOTH[name]
    for x in RNG.uniform(0.1, 3, 500):
        differences = along(function, x)
        value, error = differences.estimate()
        off = np.abs(value - derivative(x))
        assert (off <= 4 * error).all(), f"at {x}: off by {off}, estimated {error}"
        assert not differences.kinks().any()
        assert not differences.undefined().any()


@pytest.mark.parametrize("name", SMOOTH)
def test_the_estimate_is_sharp(name):
    """It says something: at most a millionth of the size of what is differentiated, and of its derivative."""
    function, derivative = SMOOTH[name]
    for x in RNG.uniform(0.1, 3, 100):
        _, error = along(function, x).estimate()
        assert (error <= 1e-6 * (np.abs(derivative(x)) + 1) + 1e-6 * EPS**0.5 * np.abs(function(x))).all()


@pytest.mark.parametrize("size", [1e-13, 1e-9, 1e-6])
def test_noise_is_measured(size):
    def noisy(x):
        return np.sin(x) + size * np.random.default_rng(abs(hash(float(x)))).normal(size=200)

    def line(t):
        return t, noisy(1.0 + t)

    measured = np.median(noise_along(line, noisy(1.0), EPS))
    assert size / 2 < measured < 2 * size  # the median over 200 elements of estimates that scatter by half


@pytest.mark.parametrize(
    ("function", "left", "right"),
    [
        (np.abs, -1, 1),
        (lambda x: np.maximum(x, 0), 0, 1),
        (lambda x: 3 * x + 1e-3 * np.abs(x), 2.999, 3.001),
        (lambda x: np.abs(np.sin(x)) + np.exp(x), 0, 2),
    ],
)
def test_a_kink_is_seen_with_the_derivatives_on_both_sides(function, left, right):
    differences = along(function, 0.0)
    assert differences.kinks().all()
    forward, backward = differences.one_sided()
    assert forward == pytest.approx(right, abs=1e-6)
    assert backward == pytest.approx(left, abs=1e-6)


@pytest.mark.parametrize("distance", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_a_kink_beside_is_stepped_under(distance):
    differences = along(np.abs, distance)
    value, error = differences.estimate()
    assert not differences.kinks().any()
    assert abs(value - 1) <= 4 * error <= 1e-6


@pytest.mark.parametrize(
    "function",
    [np.sqrt, np.cbrt, np.log, lambda x: np.sqrt(np.abs(x)), lambda x: np.divide(1, x), np.sign],
)
def test_where_there_is_no_derivative_it_is_said(function):
    with np.errstate(all="ignore"):
        differences = along(function, 0.0)
        assert (differences.undefined() | (differences.kinks() > 0)).all()
