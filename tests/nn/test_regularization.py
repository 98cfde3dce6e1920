"""Penalties and bounds of weights, exactly as the lecture notes and the papers define them."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.regularization import l1_penalty, l2_penalty, max_norm_, weights


def net():
    model = nn.Sequential(nn.Conv2d(2, 3, 2, rng=0), nn.Flatten(), nn.Linear(12, 4, rng=1))
    model.scale = nn.Parameter(np.ones(4, np.float32))
    return model


def test_biases_and_scales_are_not_weights():
    assert [w.shape for w in weights(net())] == [(3, 2, 2, 2), (4, 12)]


def test_l2_is_half_lambda_over_n_times_the_squares():
    model = net()
    expected = 5.0 / (2 * 50) * sum((w.data.astype(float) ** 2).sum() for w in weights(model))
    penalty = l2_penalty(model, lmbda=5.0, n=50)
    assert penalty.dtype == np.float32
    assert penalty.item() == pytest.approx(expected, rel=1e-6)  # a sum in float32


def test_l1_is_lambda_over_n_times_the_sizes():
    model = net()
    expected = 5.0 / 50 * sum(np.abs(w.data.astype(float)).sum() for w in weights(model))
    penalty = l1_penalty(model, lmbda=5.0, n=50)
    assert penalty.dtype == np.float32
    assert penalty.item() == pytest.approx(expected, rel=1e-6)  # a sum in float32


def test_a_step_with_l1_takes_off_the_sign():
    """w -> w - (eta lambda / n) sgn(w), with sgn(0) = 0: Nielsen's equation 97 without a loss."""
    start = np.array([[0.5, -2.0, 0.0, 1e-9]])
    w = nn.Parameter(start)
    l1_penalty([w], lmbda=3.0, n=10).backward()
    nn.optim.SGD([w], lr=0.1).step()
    np.testing.assert_allclose(w.data, start - 0.1 * 3.0 / 10 * np.sign(start), rtol=1e-14)


def test_a_step_with_l2_shrinks_and_is_weight_decay():
    """w -> (1 - eta lambda / n) w - eta dC/dw: Nielsen's equation 93."""
    rng = np.random.default_rng(0)
    start, slope = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    w, v = nn.Parameter(start), nn.Parameter(start)
    ((w * slope).sum() + l2_penalty([w], lmbda=2.0, n=10)).backward()
    (v * slope).sum().backward()
    nn.optim.SGD([w], lr=0.1).step()
    nn.optim.SGD([v], lr=0.1, weight_decay=2.0 / 10).step()
    np.testing.assert_allclose(w.data, (1 - 0.1 * 2 / 10) * start - 0.1 * slope, rtol=1e-13)
    np.testing.assert_allclose(v.data, w.data, rtol=1e-13)


def test_penalties_of_nothing_are_nothing():
    assert l2_penalty(nn.ReLU(), 1.0).item() == 0
    assert l1_penalty([], 1.0).item() == 0


def test_penalties_can_be_differentiated_twice():
    w = ag.tensor(np.array([[1.0, -2.0]]), requires_grad=True)
    (slope,) = ag.gradients(l2_penalty([w], 4.0, 2), [w], create_graph=True)
    (slope**2).sum().backward()
    np.testing.assert_allclose(w.grad.data, [[8.0, -16.0]])  # of (2 w)**2, by hand


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 7), (5, 2, 3, 3)])
def test_long_vectors_of_units_end_on_the_sphere_and_short_ones_stay(shape, dtype):
    rng = np.random.default_rng(0)
    start = (rng.normal(size=shape) * np.array([0.1, 1, 10, 1e30, 0]).reshape(-1, *[1] * (len(shape) - 1))).astype(
        dtype
    )
    w = nn.Parameter(start)
    max_norm_([w], 2.0)
    before, after = (np.linalg.norm(a.reshape(5, -1).astype(float), axis=1) for a in (start, w.data))
    assert w.dtype == dtype
    np.testing.assert_allclose(after, np.minimum(before, 2.0), rtol=1e-6 if dtype == np.float32 else 1e-14)
    short = before <= 2
    assert (w.data[short] == start[short]).all()
    direction = start.astype(float) / np.maximum(before, 1e-300).reshape(-1, *[1] * (len(shape) - 1))
    scaled = direction * after.reshape(-1, *[1] * (len(shape) - 1))
    np.testing.assert_allclose(w.data, scaled, rtol=1e-5 if dtype == np.float32 else 1e-13)


def test_only_the_weights_of_a_model_are_shortened():
    model = nn.Linear(3, 4, rng=0)
    with ag.no_grad():
        model.bias.fill_(100.0)
    max_norm_(model, 0.1)
    assert (np.linalg.norm(model.weight.data, axis=1) <= 0.1 * (1 + 1e-6)).all()
    assert (model.bias.data == 100).all()


def test_transposed_convolutions_hold_units_along_the_second_axis():
    model = nn.ConvTranspose2d(4, 6, 3, groups=2, rng=0)
    start = model.weight.data.copy()
    max_norm_(model, 0.1)
    for group in range(2):
        for unit in range(3):
            part = slice(2 * group, 2 * group + 2), unit
            length = np.linalg.norm(start[part])
            np.testing.assert_allclose(model.weight.data[part], start[part] * min(1, 0.1 / length), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: l2_penalty([], -1.0), "l2_penalty: lmbda must be a finite number, at least 0; got float -1.0"),
        (lambda: l1_penalty([], 1.0, 0), "l1_penalty: n is the number of training samples"),
        (lambda: l1_penalty([np.ones(2)], 1.0), "parameters must be a module or Tensors, got ndarray"),
        (lambda: max_norm_([nn.Parameter([1.0])], 1.0), r"parameters need two axes or more; got shape \(1,\)"),
        (lambda: max_norm_([], -1.0), "max_norm_: max_norm must be a number"),
    ],
)
def test_nonsense_is_refused(call, words):
    with pytest.raises(ag.OptionError, match=words):
        call()
