"""Programs written for NumPy, which know nothing of Tensors, run on them unchanged and are differentiated.

Each has an `objective`, a function of parameters (an array, or nested containers of arrays) and data that returns one
number, and an `example` of both. What is claimed of all is claimed once; below that, what each is known for.
"""

import inspect
import itertools
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from programs import (
    autoencoder,
    calculus,
    convnet,
    density,
    descent,
    factorization,
    fixed_point,
    fluid,
    gaussian_process,
    hidden_markov,
    kalman,
    logistic_regression,
    lotka_volterra,
    mixture,
    neural_net,
    recurrent,
    variational,
)

import autograd_core as ag
from autograd_core.containers import flatten

PROGRAMS = [
    autoencoder,
    calculus,
    convnet,
    density,
    factorization,
    fixed_point,
    fluid,
    gaussian_process,
    hidden_markov,
    kalman,
    logistic_regression,
    lotka_volterra,
    mixture,
    neural_net,
    recurrent,
    variational,
]
# a few dozen operations on numbers near 1, each right to one unit in the last place, some of them linear solves
close = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-11)

every_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__.rpartition(".")[2])


def as_tensors(tree, requires_grad=False):
    leaves, rebuild = flatten(tree)
    return rebuild([ag.tensor(x, requires_grad=requires_grad) for x in leaves])


def on_a_vector(program):
    """The objective as a function of one vector that holds all parameters, and the vector."""
    params, data = program.example()
    leaves, rebuild = flatten(params)
    bounds = np.cumsum([0, *(np.size(x) for x in leaves)])

    def objective(vector):
        pieces = [vector[a:b] for a, b in itertools.pairwise(bounds)]
        shaped = [np.reshape(piece, np.shape(x)) for piece, x in zip(pieces, leaves, strict=True)]
        return program.objective(rebuild(shaped), *data)

    return objective, np.concatenate([np.ravel(x) for x in leaves])


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", [*PROGRAMS, descent], ids=lambda p: p.__name__.rpartition(".")[2])
def test_a_program_knows_nothing_but_numpy(program):
    imported = re.findall(r"^ *(?:import|from) +(\w+)", inspect.getsource(program), re.MULTILINE)
    assert set(imported) <= {"numpy", "itertools"}


def test_the_page_about_programs_lists_all_of_them():
    page = (Path(__file__).parents[2] / "docs" / "programs.md").read_text()
    table = page.split("| program |")[1].split("\n\n")[0]
    files = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"test_programs"}
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == files
    assert {p.__name__.rpartition(".")[2] for p in [*PROGRAMS, descent]} == files


@every_program
def test_the_value_is_numpys_to_the_last_bit(program):
    params, data = program.example()
    expected = program.objective(params, *data)
    value = program.objective(as_tensors(params, requires_grad=True), *data)
    assert value.requires_grad
    assert value.detach().numpy() == expected
    assert program.objective(as_tensors(params), *as_tensors(data)).numpy() == expected


@every_program
def test_the_gradient_is_that_of_finite_differences(program):
    params, data = program.example()
    ag.gradcheck(lambda p: program.objective(p, *data), params, samples=6)


@every_program
def test_the_second_derivatives_are_those_of_finite_differences(program):
    params, data = program.example()
    ag.gradcheck(lambda p: program.objective(p, *data), params, order=2, samples=2)


@every_program
def test_gradients_have_the_containers_shapes_and_dtypes_of_the_parameters(program):
    params, data = program.example()
    gradient = ag.grad(program.objective)(params, *data)
    given, _ = flatten(params)
    found, rebuild = flatten(gradient)
    assert [(type(g), g.shape, g.dtype) for g in found] == [
        (np.ndarray, np.shape(x), np.asarray(x).dtype) for x in given
    ]
    assert type(rebuild(given)) is type(params)


@every_program
def test_steepest_descent_goes_down(program):
    objective, start = on_a_vector(program)
    end = descent.steepest(objective, ag.value_and_grad(objective), start, iterations=8)
    assert objective(end) < objective(start) - 1e-3 * abs(objective(start))


# --- calculus ---------------------------------------------------------------------------------------------------------


def test_derivatives_of_tanh_to_fourth_order_on_a_grid():
    x = np.linspace(-3, 3, 61)
    t = np.tanh(x)
    expected = [1 - t**2, -2 * t * (1 - t**2), (6 * t**2 - 2) * (1 - t**2), (16 * t - 24 * t**3) * (1 - t**2)]
    derivative = calculus.tanh
    for values in expected:
        derivative = ag.elementwise_grad(derivative)
        close(derivative(x), values)


def test_a_series_of_data_dependent_length_is_differentiated_term_by_term():
    for x in (-4.0, -0.3, 0.0, 1.0, 7.0):
        close(ag.grad(calculus.sine)(x), np.cos(x))
        close(ag.grad(ag.grad(calculus.sine))(x), -np.sin(x))


def test_newtons_method_walks_rosenbrocks_valley():
    start, _ = calculus.example()
    f = calculus.rosenbrock
    end, iterations = descent.newton(f, ag.value_and_grad(f), ag.hessian(f), start, iterations=50)
    close(end, np.ones(3))
    assert iterations < 40


# --- statistics -------------------------------------------------------------------------------------------------------


def test_newtons_method_fits_a_logistic_regression_in_a_few_steps():
    start, (features, labels) = logistic_regression.example()
    f = lambda weights: logistic_regression.objective(weights, features, labels)
    end, iterations = descent.newton(f, ag.value_and_grad(f), ag.hessian(f), start)
    assert iterations <= 7
    p = 1 / (1 + np.exp(-features @ end))
    close(end + features.T @ (p - labels), np.zeros(4))
    close(ag.hessian(f)(end), np.eye(4) + features.T @ (features * (p * (1 - p))[:, None]))


def test_the_gradient_of_a_log_partition_function_is_the_expected_count():
    params, (symbols, *_) = hidden_markov.example()
    symbols = symbols[2:8]
    value, (starts, steps, emits) = ag.value_and_grad(hidden_markov.log_partition)(params, symbols)
    pi, a, b = (np.exp(p) for p in params)
    paths = {}
    for path in itertools.product(range(2), repeat=6):
        along = [a[i, j] for i, j in itertools.pairwise(path)]
        paths[path] = pi[path[0]] * np.prod(along) * np.prod(b[list(path), symbols])
    total = sum(paths.values())
    close(value, np.log(total))
    close(starts, [sum(p for path, p in paths.items() if path[0] == i) / total for i in range(2)])
    for i, j in itertools.product(range(2), repeat=2):
        close(steps[i, j], sum(p * list(itertools.pairwise(path)).count((i, j)) for path, p in paths.items()) / total)
    for i, k in itertools.product(range(2), range(3)):
        shown = {path: np.sum((np.array(path) == i) & (symbols == k)) for path in paths}
        close(emits[i, k], sum(p * shown[path] for path, p in paths.items()) / total)


def test_expectation_maximization_never_lowers_the_likelihood():
    params, sequences = hidden_markov.example()
    total = lambda params: sum(hidden_markov.log_partition(params, s) for s in sequences)
    likelihoods = []
    for _ in range(15):
        likelihood, counts = ag.value_and_grad(total)(params)
        likelihoods.append(likelihood)
        params = hidden_markov.maximize(counts)
    assert np.all(np.diff(likelihoods) > -1e-12)
    assert likelihoods[-1] > likelihoods[0] + 1


def test_the_two_ways_to_a_marginal_likelihood_agree_with_each_other_and_with_the_book():
    params, (x, y) = gaussian_process.example()
    first = ag.value_and_grad(gaussian_process.objective)(params, x, y)
    second = ag.value_and_grad(gaussian_process.by_determinant)(params, x, y)
    close(first[0], second[0])
    close(first[1], second[1])
    # Rasmussen and Williams, equation 5.9, for the mean and the noise
    mean, noise, log_scale, log_lengths = gaussian_process.unpack(params)
    inverse = np.linalg.inv(gaussian_process.squared_exponential(log_scale, log_lengths, x, x) + noise * np.eye(12))
    alpha = inverse @ (y - mean)
    close(first[1][0], -np.sum(alpha))
    close(first[1][1], -0.5 * np.trace(np.outer(alpha, alpha) - inverse) * (noise - 1e-4))


def test_the_slope_of_a_prediction_is_the_gradient_of_its_mean():
    params, (x, y) = gaussian_process.example()
    mean = lambda points: gaussian_process.predict(params, x, y, points)[0]
    new, h = np.array([[0.3], [1.7]]), 1e-5
    slope = (mean(new + h) - mean(new - h)) / (2 * h)
    np.testing.assert_allclose(ag.elementwise_grad(mean)(new)[:, 0], slope, rtol=1e-7)
    assert np.all(gaussian_process.predict(params, x, y, new)[1] < np.exp(params[2]))


def test_the_filter_is_the_normal_distribution_of_the_whole_series():
    log_noises, (series,) = kalman.example()
    series = series[:8]

    def dense(log_noises):
        """The same density with all times in one covariance matrix."""
        f, h, q, r = kalman.local_trend(log_noises)
        n, powers, spread = len(series), [np.eye(2)], np.eye(2)
        covariances = []
        for _ in range(n):
            powers.append(f @ powers[-1])
            covariances.append(spread)
            spread = f @ spread @ f.T + q
        rows = [
            [
                (h @ powers[abs(i - j)] @ covariances[min(i, j)] @ h.T)[0, 0] + (r[0, 0] if i == j else 0.0)
                for j in range(n)
            ]
            for i in range(n)
        ]
        covariance = np.stack([np.stack(row) for row in rows])
        _, log_determinant = np.linalg.slogdet(2 * np.pi * covariance)
        return 0.5 * (series[:, 0] @ np.linalg.solve(covariance, series[:, 0]) + log_determinant)

    value, gradient = ag.value_and_grad(kalman.objective)(log_noises, series)
    expected, expected_gradient = ag.value_and_grad(dense)(log_noises)
    close(value, expected)
    close(gradient, expected_gradient)


def test_left_out_points_count_for_nothing_in_their_own_density():
    log_bandwidths, (points,) = density.example()

    def one_by_one(log_bandwidths):
        total = 0.0
        for i in range(len(points)):
            others = np.delete(points, i, axis=0)
            total = total + np.log(np.mean(np.exp(density.log_kernels(log_bandwidths, points[i : i + 1], others))))
        return -total / len(points)

    value, gradient = ag.value_and_grad(density.objective)(log_bandwidths, points)
    expected, expected_gradient = ag.value_and_grad(one_by_one)(log_bandwidths)
    close(value, expected)
    close(gradient, expected_gradient)


def test_missing_entries_have_no_influence_and_known_ones_the_textbooks():
    (users, items), (ratings,) = factorization.example()
    of_users, of_items = ag.grad(factorization.objective)((users, items), ratings)
    errors = np.nan_to_num(ratings - users @ items.T)
    close(of_users, -2 * errors @ items + 0.2 * users)
    close(of_items, -2 * errors.T @ users + 0.2 * items)
    of_ratings = ag.grad(factorization.objective, argnums=1)((users, items), ratings)
    close(of_ratings, 2 * errors)
    assert np.all(of_ratings[np.isnan(ratings)] == 0)


def test_a_natural_gradient_descends_further_than_a_plain_one_of_the_same_length():
    params, (noise,) = variational.example()
    gradient = ag.grad(variational.objective)(params, noise)
    natural = gradient / variational.fisher_diagonal(params)
    step = 0.01 / np.linalg.norm(gradient)
    plain = variational.objective(params - step * gradient, noise)
    step = 0.01 / np.linalg.norm(natural)
    assert variational.objective(params - step * natural, noise) < variational.objective(params, noise)
    assert plain < variational.objective(params, noise)


# --- equations --------------------------------------------------------------------------------------------------------


def test_rates_are_found_again_by_newtons_method_through_the_solver():
    start, data = lotka_volterra.example()
    f = lambda log_rates: lotka_volterra.objective(log_rates, *data)
    point = descent.steepest(f, ag.value_and_grad(f), start, iterations=30)
    end, _ = descent.newton(f, ag.value_and_grad(f), ag.hessian(f), point)
    np.testing.assert_allclose(np.exp(end), [1.0, 0.8, 0.6, 1.2], rtol=1e-6)


def test_the_sensitivity_of_a_solution_converges_with_the_order_of_the_solver():
    # x' = r x, so x(1) = e^r and dx(1)/dr = e^r
    def end(rate, steps):
        return lotka_volterra.solve(lambda x, r: r * x, np.ones(1), np.linspace(0, 1, steps + 1), rate)[-1, 0]

    errors = [abs(float(ag.grad(end)(1.0, steps)) - np.e) for steps in (4, 8, 16)]
    assert 12 < errors[0] / errors[1] < 20
    assert 12 < errors[1] / errors[2] < 20


def test_a_fixed_point_may_be_differentiated_through_all_its_steps_or_at_its_end():
    """By hand: x = f(x, a) gives x' = (1 - df/dx)^-1 df/da; the inverse is a fixed point again."""

    @ag.custom_vjp
    def implicit(a):
        return fixed_point.square_root(a)

    def forward(a):
        x = implicit(a)
        return x, (x, a)

    def backward(saved, g):
        x, a = saved
        _, pull = ag.vjp(fixed_point.step, x, a)
        total = fixed_point.fixed_point(lambda w: pull(w)[0] + g, np.zeros(np.shape(g)))
        return (pull(total)[1],)

    implicit.defvjp(forward, backward)
    a = np.array([2.0, 3.0, 1.5])
    for root in (fixed_point.square_root, implicit):
        close(root(a), np.sqrt(a))
        close(ag.elementwise_grad(root)(a), 0.5 / np.sqrt(a))
        close(ag.elementwise_grad(ag.elementwise_grad(root))(a), -0.25 * a**-1.5, rtol=1e-7)


def test_projected_velocities_have_less_divergence_and_their_gradient_the_shape_of_a_field():
    (vx, vy), _ = fluid.example()

    def divergence(vx, vy):
        across = np.roll(vx, -1, axis=0) - np.roll(vx, 1, axis=0)
        return np.sum((across + np.roll(vy, -1, axis=1) - np.roll(vy, 1, axis=1)) ** 2)

    assert divergence(*fluid.project(vx, vy)) < 0.5 * divergence(vx, vy)
    both = ag.grad(lambda vx, vy: divergence(*fluid.project(vx, vy)), argnums=(0, 1))(vx, vy)
    assert [g.shape for g in both] == [(8, 8), (8, 8)]


# --- networks ---------------------------------------------------------------------------------------------------------


def test_a_network_learns_its_spiral():
    objective, start = on_a_vector(neural_net)
    _, data = neural_net.example()
    end = descent.steepest(objective, ag.value_and_grad(objective), start, iterations=150)
    leaves, rebuild = flatten(neural_net.example()[0])
    pieces = np.split(end, np.cumsum([np.size(x) for x in leaves])[:-1])
    layers = rebuild([piece.reshape(np.shape(x)) for piece, x in zip(pieces, leaves, strict=True)])
    assert neural_net.accuracy(neural_net.example()[0], *data) < 0.7
    assert neural_net.accuracy(layers, *data) > 0.9


def test_a_convolution_of_shifts_is_the_librarys_own():
    params, (images, _) = convnet.example()
    close(convnet.convolve(images, params["kernels"]), ag.conv2d(images, np.swapaxes(params["kernels"], 0, 1)))


def test_what_a_recurrent_network_said_does_not_depend_on_what_comes_later():
    params, (sequences,) = recurrent.example()
    early = ag.grad(lambda s: np.sum(recurrent.log_probabilities(params, s)[3] ** 2))(sequences)
    assert np.all(early[3:] == 0)
    assert np.all(np.any(early[:3] != 0, axis=(1, 2)))
