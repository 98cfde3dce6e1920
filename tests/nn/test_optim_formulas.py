"""Every optimizer is its published formula, in float32 and float64, whole and in blocks, and finds a minimum."""

import math

import numpy as np
import pytest
from scipy.optimize import rosen

import autograd_core as ag
import nn
from nn.optim import ASGD, LBFGS, SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, NAdam, RAdam, RMSprop, Rprop

# --- the formulas, restated one expression at a time, from the papers that the docstrings name ---


def adam(w, grads, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """With amsgrad, as in Reddi et al."""
    m = v = most = 0
    for t, g in enumerate(grads, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        most = np.maximum(most, v)
        w = w - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(most / (1 - betas[1] ** t)) + eps)
    return w


def nadam(w, grads, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3, weight_decay=0.0, decoupled=False):
    def mu(t):
        return betas[0] * (1 - 0.5 * 0.96 ** (t * momentum_decay))

    m = v = 0
    for t, g in enumerate(grads, 1):
        if decoupled:
            w = w - lr * weight_decay * w
        else:
            g = g + weight_decay * w
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        now, then = (math.prod(mu(i) for i in range(1, n + 1)) for n in (t, t + 1))
        ahead = (1 - mu(t)) * g / (1 - now) + mu(t + 1) * m / (1 - then)
        w = w - lr * ahead / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return w


def radam(w, grads, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    m = v = 0
    longest = 2 / (1 - betas[1]) - 1
    for t, g in enumerate(grads, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        step = m / (1 - betas[0] ** t)
        length = longest - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        if length > 5:
            r = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            step = step * math.sqrt(r) * math.sqrt(1 - betas[1] ** t) / (np.sqrt(v) + eps)
        w = w - lr * step
    return w


def adamax(w, grads, lr=2e-3, betas=(0.9, 0.999), eps=1e-8):
    m = u = 0
    for t, g in enumerate(grads, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        u = np.maximum(betas[1] * u, abs(g) + eps)
        w = w - lr / (1 - betas[0] ** t) * m / u
    return w


def adagrad(w, grads, lr=1e-2, lr_decay=0.0, initial_accumulator_value=0.0, eps=1e-10):
    total = initial_accumulator_value
    for t, g in enumerate(grads, 1):
        total = total + g * g
        w = w - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(total) + eps)
    return w


def adadelta(w, grads, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0, maximize=False):
    v = u = 0
    for g in grads:
        g = (-g if maximize else g) + weight_decay * w
        v = rho * v + (1 - rho) * g * g
        step = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * step * step
        w = w - lr * step
    return w


def rmsprop(w, grads, lr=1e-2, alpha=0.99, eps=1e-8, momentum=0.0, centered=False, weight_decay=0.0):
    v = mean = b = 0
    for g in grads:
        g = g + weight_decay * w
        v = alpha * v + (1 - alpha) * g * g
        mean = alpha * mean + (1 - alpha) * g
        b = momentum * b + g / (np.sqrt(v - mean * mean * centered) + eps)
        w = w - lr * b
    return w


def rprop(w, grads, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50)):
    before, size = np.zeros_like(w), np.full_like(w, lr)
    for g in grads:
        same = np.sign(g) * np.sign(before)
        size = np.clip(size * np.where(same > 0, etas[1], np.where(same < 0, etas[0], 1)), *step_sizes)
        g = np.where(same < 0, 0, g)
        w = w - np.sign(g) * size
        before = g
    return w


def asgd(w, grads, lr=1e-2, lambd=1e-4, alpha=0.75):
    for t, g in enumerate(grads):
        eta = lr / (1 + lambd * lr * t) ** alpha
        w = w * (1 - lambd * eta) - eta * g
    return w


DECAY = {"weight_decay": 0.2}
VARIANTS = [
    (Adam, adam, {"amsgrad": True, "betas": (0.5, 0.7)}),
    (NAdam, nadam, {}),
    (NAdam, nadam, {"betas": (0.5, 0.7), "eps": 0.1, "momentum_decay": 0.3, **DECAY}),
    (NAdam, nadam, {"lr": 0.1, "decoupled_weight_decay": True, **DECAY}),
    (RAdam, radam, {}),
    (RAdam, radam, {"lr": 0.05, "betas": (0.5, 0.9)}),
    (Adamax, adamax, {}),
    (Adamax, adamax, {"lr": 0.05, "betas": (0.5, 0.7), "eps": 0.1}),
    (Adagrad, adagrad, {}),
    (Adagrad, adagrad, {"lr": 0.1, "lr_decay": 0.3, "initial_accumulator_value": 0.5, "eps": 0.1}),
    (Adadelta, adadelta, {}),
    (Adadelta, adadelta, {"rho": 0.5, "eps": 1e-3, "lr": 0.3, "maximize": True, **DECAY}),
    (RMSprop, rmsprop, {}),
    (RMSprop, rmsprop, {"alpha": 0.5, "momentum": 0.7, "centered": True, "eps": 0.1, **DECAY}),
    (Rprop, rprop, {}),
    (Rprop, rprop, {"lr": 0.3, "etas": (0.3, 2.0), "step_sizes": (0.1, 0.5)}),
    (ASGD, asgd, {}),
    (ASGD, asgd, {"lr": 0.3, "lambd": 0.2, "alpha": 0.5}),
]


def restated(function, start, grads, options):
    given = {name: value for name, value in options.items() if name != "amsgrad"}
    if "decoupled_weight_decay" in given:
        given["decoupled"] = given.pop("decoupled_weight_decay")
    return function(start, grads, **given)


@pytest.mark.parametrize("shape", [(), (5,), (300, 200), (2, 0)], ids=str)
@pytest.mark.parametrize(("kind", "function", "options"), VARIANTS)
def test_updates_are_the_published_formulas(kind, function, options, shape):
    """Of a number, a vector, a matrix that is cut into blocks, and nothing."""
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=shape), rng.normal(size=(8, *shape))
    w = nn.Parameter(np.asarray(start))
    stepper = kind([w], **options)
    for g in grads:
        w.grad = g
        stepper.step()
    # the formulas differ in the order of a few roundings, which the difference of centered RMSprop enlarges
    np.testing.assert_allclose(w.data, restated(function, start, grads, options), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("kind", "function", "options"), VARIANTS)
def test_float32_stays_float32(kind, function, options):
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=50).astype(np.float32), rng.normal(size=(4, 50)).astype(np.float32)
    w = nn.Parameter(start)
    stepper = kind([w], **options)
    for g in grads:
        w.grad = g
        stepper.step()
    assert w.dtype == np.float32
    assert all(value.dtype == np.float32 for value in stepper.state[w].values() if isinstance(value, np.ndarray))
    exact = restated(function, start.astype(float), grads.astype(float), options)
    # four steps of float32, 6e-8 each, some cancelling; steps of Adam's kind divide small numbers by small ones
    np.testing.assert_allclose(w.data, exact, rtol=2e-5, atol=2e-5)


def test_the_mean_of_asgd_begins_where_it_is_told():
    """Golden by hand: w goes 1, 0.9, 0.8, ... with t0 = 2, so that the mean is over the steps from the third on."""
    w = nn.Parameter(np.array([1.0]))
    stepper, means = ASGD([w], lr=0.1, lambd=0.0, t0=2), []
    for _ in range(5):
        w.grad = [1.0]
        stepper.step()
        means.append(stepper.state[w]["ax"].item())
    # mu is 1 / max(1, t - t0) with the t of the step before
    np.testing.assert_allclose(means, [0.9, 0.8, 0.7, 0.6, 0.55], rtol=1e-14)


def test_gradients_that_are_all_alike_have_no_variance():
    """The mean square minus the squared mean may round to below 0: no NaN comes of it."""
    w = nn.Parameter(np.full(100, 1.0, np.float32))
    stepper = RMSprop([w], lr=1e-3, alpha=0.3, centered=True, eps=1e-2)
    for _ in range(50):
        w.grad = np.linspace(0.1, 3, 100, dtype=np.float32)
        stepper.step()
    assert np.isfinite(w.data).all()


def test_signs_of_tiny_gradients_count():
    """The product of two of them is 0 in float32, but their signs are alike."""
    w = nn.Parameter(np.zeros(1, np.float32))
    stepper = Rprop([w], lr=1.0, etas=(0.5, 2.0))
    for _ in range(2):
        w.grad = np.full(1, 1e-30, np.float32)
        stepper.step()
    assert w.item() == -3


# --- a minimum is found ---

SETTINGS = {
    SGD: {"lr": 1e-3, "momentum": 0.9},
    Adam: {"lr": 0.02},
    AdamW: {"lr": 0.02, "weight_decay": 0.0},
    NAdam: {"lr": 0.02},
    RAdam: {"lr": 0.01, "betas": (0.9, 0.9)},
    Adamax: {"lr": 0.02},
    Adagrad: {"lr": 0.5},
    Adadelta: {},
    RMSprop: {"lr": 1e-3},
    Rprop: {},
    ASGD: {"lr": 1e-3},
}


def valley(w):
    """Rosenbrock's function."""
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda kind: kind.__name__)
def test_rosenbrocks_valley_is_followed(kind):
    """From (-1.5, 2), where the function is 12.5, round the bend, and along the floor towards (1, 1)."""
    w = nn.Parameter(np.array([-1.5, 2.0]))
    stepper = kind([w], **SETTINGS[kind])
    assert valley(w).item() == rosen(w.data.copy())
    for _ in range(4000):
        stepper.zero_grad()
        loss = valley(w)
        loss.backward()
        stepper.step()
    assert valley(w).item() < (0.5 if kind is Adadelta else 0.05)  # whose steps begin at sqrt(eps), and grow slowly


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_finds_the_minimum(search):
    w = nn.Parameter(np.array([-1.5, 2.0]))
    stepper, calls = LBFGS([w], lr=1.0 if search else 0.5, max_iter=200, max_eval=300, line_search_fn=search), []

    def closure():
        stepper.zero_grad()
        loss = valley(w)
        loss.backward()
        calls.append(loss.item())
        return loss

    stepper.step(closure)
    np.testing.assert_allclose(w.data, [1, 1], atol=1e-4)  # it ends where steps are below 1e-9, the valley being flat
    assert stepper.state[w]["func_evals"] == len(calls) <= 300


# Three steps of four iterations from (-1.5, 2) in Rosenbrock's valley, with a history of two, by torch.optim.LBFGS of
# PyTorch 2.13.0 on a CPU in float64: where it is, to 12 decimals, iterations, evaluations, the last step's length.
GOLDEN = [
    (None, 0.02, [-1.472658895700, 2.008755427233], 12, 12, 0.02),
    ("strong_wolfe", 1.0, [-0.785693373545, 0.587773233545], 10, 16, 0.1461645197875917),
]


@pytest.mark.parametrize(("search", "rate", "expected", "iterations", "evaluations", "length"), GOLDEN)
def test_a_few_steps_of_lbfgs_are_pytorchs(search, rate, expected, iterations, evaluations, length):
    w = nn.Parameter(np.array([-1.5, 2.0]))
    stepper = LBFGS([w], lr=rate, max_iter=4, history_size=2, line_search_fn=search)

    def closure():
        stepper.zero_grad()
        loss = valley(w)
        loss.backward()
        return loss

    for _ in range(3):
        stepper.step(closure)
    state = stepper.state[w]
    np.testing.assert_allclose(w.data, expected, atol=6e-13)  # the golden numbers have 12 decimals
    assert (state["n_iter"], state["func_evals"], len(state["old_dirs"])) == (iterations, evaluations, 2)
    assert state["t"] == pytest.approx(length, rel=1e-9)  # of the rounding of 16 evaluations


def test_lbfgs_solves_a_quadratic_in_as_many_steps_as_it_has_axes():
    """Nocedal and Wright, theorem 6.4: with exact searches; the strong Wolfe search comes near."""
    rng = np.random.default_rng(0)
    square = rng.normal(size=(5, 5))
    matrix, vector = square @ square.T + np.eye(5), rng.normal(size=5)
    w = nn.Parameter(np.zeros(5))
    stepper = LBFGS([w], max_iter=40, line_search_fn="strong_wolfe")

    def closure():
        stepper.zero_grad()
        loss = 0.5 * (w @ (matrix @ w)) - vector @ w
        loss.backward()
        return loss

    stepper.step(closure)
    # within the tolerance of 1e-7 on the gradient, and of 1e-9 on the change of the loss
    np.testing.assert_allclose(w.data, np.linalg.solve(matrix, vector), atol=1e-4)


def test_lbfgs_leaves_frozen_parameters_where_they_are():
    a, b = nn.Parameter(np.array([2.0])), nn.Parameter(np.array([3.0]))
    stepper = LBFGS([a, b], lr=0.05, max_iter=3)

    def closure():
        stepper.zero_grad()
        loss = ((a * b) ** 2 + b * b).sum()
        loss.backward()
        return loss

    stepper.step(closure)
    b.requires_grad_(False)
    kept, moved = b.item(), a.item()
    stepper.step(closure)
    assert b.item() == kept
    assert a.item() != moved


@pytest.mark.parametrize("rate", [0.05, 0.19, 0.21])
def test_gradient_descent_converges_up_to_two_over_the_largest_curvature(rate):
    """On w**2 * 5, of curvature 10: exactly for rates below 0.2."""
    w = nn.Parameter(np.array([1.0]))
    stepper = SGD([w], lr=rate)
    for _ in range(200):
        stepper.zero_grad()
        (5 * w * w).sum().backward()
        stepper.step()
    assert (abs(w.item()) < 1) == (rate < 0.2)
    assert isinstance(w, ag.Tensor)
