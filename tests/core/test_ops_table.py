"""What libraries get wrong: calls where a tool for derivatives is known to answer with NaN, a wrong number or shape.

Each is asked of NumPy's own function on a Tensor and of ours, for its value, its gradient, and, where there is one, its
second derivative. Numbers that are not exact are computed from the same formula in float64, and may differ by rounding.
"""

import numpy as np
import pytest

import autograd_core as ag

pytestmark = pytest.mark.parametrize("lib", [np, ag], ids=["numpy", "ours"])

X = np.array([1.0, 2.0, 4.0])
MASK = np.array([True, False, True])
TAKEN = np.diag(MASK.astype(float))


def assert_derivatives(f, x, value, gradient, second=None):
    """f(x) sums to `value`, with this gradient and matrix of second derivatives (None if there is none)."""
    found, slope = ag.value_and_grad(f)(x)
    assert np.shape(slope) == np.shape(x)
    np.testing.assert_allclose(found, value, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(slope, gradient, rtol=1e-13, atol=1e-13)
    if second is not None:
        curvature = np.reshape(ag.hessian(f)(x), (np.size(x), np.size(x)))
        np.testing.assert_allclose(curvature, second, rtol=1e-13, atol=1e-13)


# --- reductions -------------------------------------------------------------------------------------------------------


def test_sum_with_a_mask(lib):
    assert_derivatives(lambda x: lib.sum(x**3, where=MASK), X, 65.0, [3.0, 0.0, 48.0], np.diag([6.0, 0.0, 24.0]))


def test_mean_with_a_mask(lib):
    assert_derivatives(lambda x: lib.mean(x**3, where=MASK), X, 32.5, [1.5, 0.0, 24.0], np.diag([3.0, 0.0, 12.0]))


def test_var_with_a_mask(lib):
    second = TAKEN - np.outer(MASK, MASK) / 2
    assert_derivatives(lambda x: lib.var(x, where=MASK), X, 2.25, [-1.5, 0.0, 1.5], second)


def test_std_with_a_mask(lib):
    # of two numbers the deviation is half their distance, which bends nowhere
    assert_derivatives(lambda x: lib.std(x, where=MASK), X, 1.5, [-0.5, 0.0, 0.5], np.zeros((3, 3)))
    deviations = np.array([-4.0, -1.0, 5.0]) / 3
    sigma = np.sqrt(14.0) / 3
    second = (np.eye(3) - 1 / 3) / (3 * sigma) - np.outer(deviations, deviations) / (9 * sigma**3)
    everything = np.ones(3, bool)
    assert_derivatives(lambda x: lib.std(x, where=everything), X, sigma, deviations / (3 * sigma), second)


def test_prod_with_a_mask(lib):
    second = [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert_derivatives(lambda x: lib.prod(x, where=MASK), X, 4.0, [4.0, 0.0, 1.0], second)


def test_max_below_its_initial_value(lib):
    assert_derivatives(lambda x: lib.max(x * x, initial=100), X, 100.0, np.zeros(3), np.zeros((3, 3)))


def test_prod_of_numbers_with_a_zero(lib):
    second = [[0.0, 3.0, 2.0], [3.0, 0.0, 0.0], [2.0, 0.0, 0.0]]
    assert_derivatives(lib.prod, np.array([0.0, 2.0, 3.0]), 0.0, [6.0, 0.0, 0.0], second)


def test_std_of_equal_numbers(lib):
    assert_derivatives(lib.std, np.full(3, 0.25), 0.0, np.zeros(3))


def test_max_with_ties(lib):
    x = np.array([1.0, 1.0, 0.0])
    assert_derivatives(lib.max, x, 1.0, [0.5, 0.5, 0.0], np.zeros((3, 3)))
    assert_derivatives(lambda x: lib.max(x * x), x, 1.0, [1.0, 1.0, 0.0], np.diag([1.0, 1.0, 0.0]))


def test_logarithms_of_sums_of_nothing(lib):
    """log(exp(-inf) + exp(-inf)): the value is -inf, and equal arguments share."""
    x = np.full(2, -np.inf)
    logsumexp = np.logaddexp.reduce if lib is np else ag.logsumexp
    assert_derivatives(logsumexp, x, -np.inf, [0.5, 0.5])
    assert_derivatives(lambda x: lib.logaddexp(x[0], x[1]), x, -np.inf, [0.5, 0.5])


# --- norms ------------------------------------------------------------------------------------------------------------


def test_norm_at_zero(lib):
    assert_derivatives(lib.linalg.norm, np.zeros(3), 0.0, np.zeros(3))


def test_norm_of_the_largest_element(lib):
    x = np.array([1.0, -3.0, 2.0])
    assert_derivatives(lambda x: lib.linalg.norm(x, np.inf), x, 3.0, [0.0, -1.0, 0.0], np.zeros((3, 3)))
    assert_derivatives(lambda x: lib.linalg.norm(x * x, np.inf), x, 9.0, [0.0, -6.0, 0.0], np.diag([0.0, 2.0, 0.0]))


# --- choices ----------------------------------------------------------------------------------------------------------


def test_where_keeps_out_the_branch_not_taken(lib):
    x = np.array([0.0, 4.0])
    second = np.diag([0.0, -1 / 32])
    assert_derivatives(lambda x: lib.sum(lib.where(x > 0, lib.sqrt(x), 0.0)), x, 2.0, [0.0, 0.25], second)


def test_where_of_three_shapes(lib):
    condition = np.arange(12).reshape(3, 4) % 3 == 0
    x = np.array([[1.0], [2.0], [3.0]])
    count = condition.sum(axis=1)
    assert_derivatives(
        lambda x: lib.sum(lib.where(condition, x * x, 0.0)),
        x,
        float(count @ (x * x)[:, 0]),
        2 * x * count[:, None],
        np.diag(2.0 * count),
    )


def test_clip_with_bounds_of_another_shape(lib):
    x, low = np.array([-1.0, 0.5, 3.0]), np.array([[0.0], [1.0]])
    value = np.clip(x * x, low, 4.0).sum()
    inside = np.array([1.5, 1.0, 0.0])  # in how many rows the bounds let x * x through; 1 ties with a bound of 1
    assert_derivatives(lambda x: lib.sum(lib.clip(x * x, low, 4.0)), x, value, 2 * x * inside, 2 * np.diag(inside))
    below = [[0.0], [1.5]]
    assert_derivatives(lambda low: lib.sum(lib.clip(x * x, low, 4.0)), low, value, below, np.zeros((2, 2)))


def test_clip_exactly_at_a_bound(lib):
    x = np.array([-1.0, 0.0, 1.0])
    assert_derivatives(lambda x: lib.sum(lib.clip(x, -1.0, 1.0)), x, 0.0, [0.5, 1.0, 0.5], np.zeros((3, 3)))


def test_maximum_at_a_tie_and_relu_at_zero(lib):
    relu = (lambda x: np.maximum(x, 0.0)) if lib is np else (lambda x: ag.maximum(x, 0.0))
    x = np.array([-1.0, 0.0, 1.0])
    assert_derivatives(lambda x: lib.sum(relu(x)), x, 1.0, [0.0, 0.5, 1.0], np.zeros((3, 3)))
    assert_derivatives(lambda x: lib.sum(ag.relu(x)), x, 1.0, [0.0, 0.0, 1.0], np.zeros((3, 3)))


# --- points where a formula divides 0 by 0 ----------------------------------------------------------------------------


def test_sinc_at_zero(lib):
    assert_derivatives(lib.sinc, np.array(0.0), 1.0, 0.0, -(np.pi**2) / 3)


def test_abs_at_zero(lib):
    x = np.array([-2.0, 0.0, 2.0])
    assert_derivatives(lambda x: lib.sum(lib.abs(x)), x, 4.0, [-1.0, 0.0, 1.0], np.zeros((3, 3)))


# --- shapes and types -------------------------------------------------------------------------------------------------


def test_diag_of_a_matrix_that_is_not_square(lib):
    x = np.arange(12.0).reshape(3, 4)
    on = np.eye(3, 4)
    assert_derivatives(lambda x: lib.sum(lib.diag(x * x)), x, 125.0, 2 * x * on, 2 * np.diag(on.ravel()))


def test_plain_functions_stay_in_the_graph(lib):
    assert_derivatives(lambda x: lib.sum(lib.sin(x)), X, np.sin(X).sum(), np.cos(X), -np.diag(np.sin(X)))
    twice = np.concatenate([X, X])
    assert_derivatives(lambda x: lib.sum(lib.concatenate([x, x]) ** 3), X, (twice**3).sum(), 6 * X**2, np.diag(12 * X))


def test_integers_have_no_gradient(lib):
    """They can be computed with; asking for a gradient is an error, never None or 0."""
    x = np.array([1, 2])
    total = lib.sum(ag.tensor(x) * ag.tensor(X[:2], requires_grad=True))
    assert float(total.detach()) == 5.0
    with pytest.raises(ag.DTypeError, match="int64"):
        ag.grad(lambda x: lib.sum(x * 1.0))(x)
    with pytest.raises(ag.DTypeError, match="int64"):
        ag.tensor(x, requires_grad=True)


def test_second_derivatives_exist(lib):
    tanh = np.tanh(X)
    curved = -2 * tanh * (1 - tanh**2)
    assert_derivatives(lambda x: lib.sum(lib.tanh(x)), X, tanh.sum(), 1 - tanh**2, np.diag(curved))
    mixed = [[24.0, 12.0, 0.0], [12.0, 2.0, 0.0], [0.0, 0.0, 0.0]]
    assert_derivatives(lambda x: lib.multiply(x[0] ** 3, lib.square(x[1])), X, 4.0, [12.0, 4.0, 0.0], mixed)
