"""Activations are their formulas, at their kinks and far out too, and refuse what they cannot mean."""

import math
import sys

import numpy as np
import pytest
from scipy import special, stats

import autograd_core as ag
import nn
from nn import functional as F

X = np.concatenate([np.linspace(-8, 8, 65), [-1e4, 1e4]])  # 0, -3 and 3 among them
LEFT = X <= 0

FORMULAS = [
    (nn.ReLU(), np.maximum(X, 0)),
    (nn.ReLU6(), np.clip(X, 0, 6)),
    (nn.LeakyReLU(0.2), np.where(LEFT, 0.2 * X, X)),
    (nn.ELU(0.5), np.where(LEFT, 0.5 * np.expm1(np.minimum(X, 0)), X)),
    (nn.CELU(0.5), np.where(LEFT, 0.5 * np.expm1(np.minimum(X, 0) / 0.5), X)),
    (nn.SELU(), 1.0507009873554805 * np.where(LEFT, 1.6732632423543772 * np.expm1(np.minimum(X, 0)), X)),
    (nn.GELU(), X * stats.norm.cdf(X)),
    (nn.GELU("tanh"), X / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)))),
    (nn.SiLU(), X * special.expit(X)),
    (nn.Mish(), X * np.tanh(np.logaddexp(X, 0))),
    (nn.Hardswish(), X * np.clip(X + 3, 0, 6) / 6),
    (nn.Softplus(2.0), np.logaddexp(2 * X, 0) / 2),
    (nn.Threshold(1.0, -5.0), np.where(X > 1, X, -5)),
    (nn.Sigmoid(), special.expit(X)),
    (nn.LogSigmoid(), special.log_expit(X)),
    (nn.Tanh(), np.tanh(X)),
    (nn.Softsign(), X / (1 + abs(X))),
    (nn.Hardtanh(-2, 0.5), np.clip(X, -2, 0.5)),
    (nn.Hardsigmoid(), np.clip(X / 6 + 0.5, 0, 1)),
    (nn.Step(), (X > 0) * 1.0),
    (nn.Hardshrink(), np.where(abs(X) > 0.5, X, 0)),
    (nn.Softshrink(), np.sign(X) * np.maximum(abs(X) - 0.5, 0)),
    (nn.Tanhshrink(), X - np.tanh(X)),
]


@pytest.mark.parametrize(("layer", "wanted"), FORMULAS, ids=[repr(layer) for layer, _ in FORMULAS])
def test_values_are_those_of_the_formula(layer, wanted):
    # float64; Softplus is x itself above 20, which is off by e^-20 / 2 at most
    np.testing.assert_allclose(layer(X), wanted, rtol=1e-12, atol=2e-9 if isinstance(layer, nn.Softplus) else 1e-13)


@pytest.mark.parametrize(("layer", "wanted"), FORMULAS, ids=[repr(layer) for layer, _ in FORMULAS])
def test_gradients_are_finite_far_out_and_nan_is_passed_on(layer, wanted):
    """No exponential overflows (a warning is an error here), and no infinity meets a zero."""
    x = ag.Tensor(np.array([-1e4, -100.0, 100.0, 1e4], np.float32), requires_grad=True)
    layer(x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    assert x.grad.dtype == np.float32
    assert np.isnan(layer(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("layer", "at", "slope"),
    [
        (nn.ReLU(), 0.0, 0.0),
        (nn.ReLU6(), 0.0, 0.0),
        (nn.ReLU6(), 6.0, 0.0),
        (nn.LeakyReLU(0.2), 0.0, 0.2),
        (nn.PReLU(init=0.3, dtype=np.float64), 0.0, 0.3),
        (nn.ELU(0.5), 0.0, 0.5),
        (nn.CELU(0.5), 0.0, 1.0),
        (nn.Hardtanh(), 1.0, 0.0),
        (nn.Hardtanh(), -1.0, 0.0),
        (nn.Hardsigmoid(), 3.0, 0.0),
        (nn.Hardswish(), -3.0, 0.0),
        (nn.Hardswish(), 3.0, 1.0),
        (nn.Hardshrink(), 0.5, 0.0),
        (nn.Softshrink(), -0.5, 0.0),
        (nn.Threshold(1.0, 0.0), 1.0, 0.0),
        (nn.Softsign(), 0.0, 1.0),
        (nn.Step(), 0.0, 0.0),
    ],
    ids=repr,
)
def test_slopes_at_kinks_are_pytorchs(layer, at, slope):
    """Golden: PyTorch 2.13.0, asked at the same places (except for Step, which it does not have)."""
    x = ag.Tensor(np.array([at]), requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.item() == slope


def test_gelu_needs_no_scipy(monkeypatch):
    wanted = nn.GELU()(X)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    origin = sys.modules["autograd_core.ops.special.origin"]
    monkeypatch.setattr(origin, "_package", origin._package.__wrapped__)  # and not what it found before
    with pytest.raises(ImportError, match="need SciPy"):
        ag.special.digamma(1.0)
    np.testing.assert_allclose(nn.GELU()(X), wanted, rtol=1e-12, atol=1e-300)  # both to the last bits of erfc
    x = ag.Tensor(X.astype(np.float32), requires_grad=True)
    out = nn.GELU()(x)
    out.sum().backward()
    assert out.dtype == x.grad.dtype == np.float32
    assert nn.GELU()(np.array(0.0)) == 0


def test_inplace_changes_nothing():
    x = np.array([-1.0, 2.0])
    for layer in (nn.ReLU(inplace=True), nn.ELU(inplace=True), nn.Hardtanh(inplace=True), nn.Threshold(0, 0, True)):
        layer(x)
        assert x.tolist() == [-1, 2]
        assert "inplace=True" in repr(layer)
    assert F.relu(x, inplace=True).tolist() == [0, 2]


# --- slopes that are learned or drawn ---


def test_each_channel_has_its_slope():
    layer = nn.PReLU(3, dtype=np.float64)
    layer.load_state_dict({"weight": np.array([0.1, 0.2, 0.3])})
    x = ag.Tensor(-np.ones((2, 3, 4)), requires_grad=True)
    out = layer(x)
    np.testing.assert_allclose(out.data, -np.broadcast_to([[[0.1], [0.2], [0.3]]], (2, 3, 4)))
    out.sum().backward()
    assert layer.weight.grad.tolist() == [-8, -8, -8]


def test_random_slopes_lie_between_the_bounds_and_follow_from_the_seed():
    x = -np.ones(1000)
    layer = nn.RReLU(0.1, 0.3, rng=0)
    slopes = -layer(x)
    assert 0.1 <= slopes.min() < 0.11
    assert 0.29 < slopes.max() < 0.3
    assert not np.array_equal(-layer(x), slopes)  # each call draws anew
    np.testing.assert_array_equal(-nn.RReLU(0.1, 0.3, rng=0)(x), slopes)
    np.testing.assert_allclose(layer.eval()(x), -0.2, rtol=1e-15)


# --- over an axis ---


@pytest.mark.parametrize("kind", [nn.Softmax, nn.LogSoftmax, nn.Softmin])
def test_without_a_dim_classes_are_the_last_of_at_most_two_axes(kind):
    """There PyTorch takes the same; of three axes it takes the first, of four the second."""
    x = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_array_equal(kind()(x), kind(dim=1)(x))
    np.testing.assert_array_equal(kind()(x[0]), kind(dim=0)(x[0]))
    with pytest.raises(ag.OptionError, match=r"say which dim the classes are of x \(3, 4, 1\)"):
        kind()(x[:, :, None])


def test_softmin_is_the_softmax_of_the_negative_and_softmax2d_that_of_channels():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    np.testing.assert_array_equal(nn.Softmin(dim=2)(x), nn.Softmax(dim=2)(-x))
    np.testing.assert_array_equal(nn.Softmax2d()(x), nn.Softmax(dim=1)(x))
    np.testing.assert_array_equal(nn.Softmax2d()(x[0]), nn.Softmax(dim=0)(x[0]))


def test_softmax_in_another_type():
    x = np.array([0.0, 1.0], np.float32)
    assert F.softmax(x, dtype=np.float64).dtype == np.float64
    assert F.log_softmax(np.array([0, 1]), dtype=np.float32).dtype == np.float32


def test_a_gate_is_half_of_the_axis():
    x = np.random.default_rng(0).normal(size=(2, 6, 3))
    np.testing.assert_allclose(nn.GLU(1)(x), x[:, :3] * special.expit(x[:, 3:]), rtol=1e-14)


def test_gumbel_choices_have_the_probabilities_of_the_softmax():
    p = np.array([0.5, 0.3, 0.2])
    logits = ag.Tensor(np.tile(np.log(p), (20_000, 1)), requires_grad=True)
    hard = F.gumbel_softmax(logits, hard=True, rng=0)
    assert set(np.unique(hard.data.round(12))) == {0, 1}
    # three standard deviations of a frequency among 20,000, with a seed
    np.testing.assert_allclose(hard.data.mean(0), p, atol=3 * math.sqrt(0.25 / 20_000))
    (hard * np.arange(3)).sum().backward()
    soft = ag.Tensor(np.tile(np.log(p), (20_000, 1)), requires_grad=True)
    (F.gumbel_softmax(soft, rng=0) * np.arange(3)).sum().backward()
    np.testing.assert_array_equal(logits.grad.data, soft.grad.data)
    sharp = F.gumbel_softmax(np.log(p), tau=1e-3, rng=0)
    assert sharp.max() == pytest.approx(1)


# --- maxout ---


def test_maxout_is_the_largest_of_its_maps():
    layer = nn.Maxout(3, 2, pieces=4, rng=0, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(5, 3))
    maps = x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    np.testing.assert_allclose(layer(x).detach().numpy(), maps.reshape(5, 2, 4).max(-1), rtol=1e-14)


def test_two_maxout_units_are_any_continuous_function_in_difference():
    """Goodfellow et al.: max(x, -x) - max(0, 2x - 2) is a difference of convex functions."""
    layer = nn.Maxout(1, 2, dtype=np.float64)
    layer.load_state_dict({"weight": np.array([[1.0], [-1.0], [0.0], [2.0]]), "bias": np.array([0.0, 0.0, 0.0, -2.0])})
    out = layer(np.array([[-2.0], [0.0], [1.0], [3.0]])).detach().numpy()
    assert (out[:, 0] - out[:, 1]).tolist() == [2, 0, 1, -1]


# --- what is refused ---


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Hardtanh(1, -1), ag.OptionError, "min_val must not be above max_val, got 1 and -1"),
        (lambda: nn.GELU("erf"), ag.OptionError, "approximate must be 'none' or 'tanh', got 'erf'"),
        (lambda: nn.Softshrink(-1), ag.OptionError, "lambd must not be negative, got -1"),
        (lambda: nn.Softplus(beta=0), ag.OptionError, "beta must not be 0"),
        (lambda: nn.CELU(0), ag.OptionError, "alpha must not be 0"),
        (lambda: nn.RReLU(0.5, 0.1), ag.OptionError, "lower must not be above upper, got 0.5 and 0.1"),
        (lambda: nn.PReLU(0), ag.OptionError, "PReLU: num_parameters must be a positive whole number"),
        (lambda: nn.PReLU(3)(np.zeros((2, 4))), ag.ShapeError, r"got weight \(3,\) for x \(2, 4\)"),
        (lambda: nn.GLU()(np.zeros((2, 3))), ag.ShapeError, r"axis -1 of x is cut into two halves, got shape \(2, 3\)"),
        (lambda: nn.Softmax2d()(np.zeros((2, 3))), ag.ShapeError, r"got shape \(2, 3\)"),
        (lambda: F.gumbel_softmax(X, tau=0), ag.OptionError, "tau must be positive, got 0"),
        (lambda: F.softmax(X, axis=0), TypeError, "axis"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
