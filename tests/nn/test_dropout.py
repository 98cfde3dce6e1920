"""Dropout drops the right share, keeps means, repeats with its seed, and drops whole channels where it says so."""

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional

LAYERS = [nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout]
CHANNELS = {nn.Dropout1d: (40, 50, 3), nn.Dropout2d: (40, 50, 2, 3), nn.Dropout3d: (40, 50, 2, 3, 1)}


def test_dropout_keeps_the_mean_and_drops_the_right_share():
    out = nn.Dropout(0.2, rng=0)(np.ones(40_000, np.float32))
    assert set(np.unique(out)) == {np.float32(0), np.float32(1.25)}
    share = (out == 0).mean()
    assert abs(share - 0.2) < 5 * math.sqrt(0.2 * 0.8 / 40_000)  # five standard deviations of a binomial share
    assert out.dtype == np.float32


@pytest.mark.parametrize("kind", CHANNELS)
def test_channels_are_dropped_together(kind):
    out = kind(0.3, rng=0)(np.ones(CHANNELS[kind])).reshape(2000, -1)
    assert (out == out[:, :1]).all()
    share = (out[:, 0] == 0).mean()
    assert abs(share - 0.3) < 5 * math.sqrt(0.3 * 0.7 / 2000)  # five standard deviations of a binomial share


def test_an_example_alone_loses_channels_too_and_three_axes_of_dropout2d_are_a_batch():
    for kind, shape in ((nn.Dropout1d, (200, 3)), (nn.Dropout3d, (200, 2, 3, 1))):
        out = kind(0.5, rng=0)(np.ones(shape)).reshape(200, -1)
        assert (out == out[:, :1]).all()
        assert len(np.unique(out)) == 2
    out = nn.Dropout2d(0.5, rng=0)(np.ones((20, 30, 4)))  # (N, channels, n), as in PyTorch
    assert (out == out[..., :1]).all()
    assert (out != out[:, :1]).any()


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_alpha_dropout_keeps_mean_and_variance(p):
    """For normal numbers the result is a mixture; its fourth moment bounds how far a sample variance strays."""
    n = 200_000
    out = nn.AlphaDropout(p, rng=0)(np.random.default_rng(1).normal(size=n))
    assert abs(out.mean()) < 5 / math.sqrt(n)
    fourth = ((out - out.mean()) ** 4).mean()
    assert abs(out.var() - 1) < 5 * math.sqrt((fourth - 1) / n)  # the variance of a sample variance, to first order
    features = nn.FeatureAlphaDropout(p, rng=0)(np.zeros((20, 30, 4)))
    assert (features == features[..., :1]).all()
    assert len(np.unique(features)) == 2


def test_dropout_draws_anew_and_repeats_with_its_seed():
    a, one, other = np.ones(50), nn.Dropout(rng=3), nn.Dropout(rng=3)
    first, second = one(a), one(a)
    assert (first != second).any()
    np.testing.assert_array_equal(first, other(a))
    np.testing.assert_array_equal(second, other(a))


def test_dropout_passes_its_mask_to_the_gradient():
    a = ag.Tensor(np.ones(30), requires_grad=True)
    out = nn.Dropout(0.5, rng=0)(a)
    out.sum().backward()
    np.testing.assert_array_equal(a.grad.data, out.data)
    b = ag.Tensor(np.zeros(30), requires_grad=True)
    out = nn.AlphaDropout(0.5, rng=0)(b)
    out.sum().backward()
    dropped = out.data == out.data.min()  # zeros give one number where they are kept, and a lower one elsewhere
    assert (b.grad.data[dropped] == 0).all()
    assert (b.grad.data[~dropped] > 0).all()


@pytest.mark.parametrize("kind", LAYERS)
def test_at_its_ends_and_in_evaluation(kind):
    a = np.random.default_rng(0).normal(size=CHANNELS.get(kind, (3, 4, 2)))
    np.testing.assert_array_equal(kind(0)(a), a)
    np.testing.assert_array_equal(kind(1.0)(a), np.zeros(a.shape))
    assert kind(0.5).eval()(a) is a
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(ag.OptionError, match=f"{kind.__name__}: p is the probability to drop"):
            kind(p)
    for dtype in (np.float16, np.float32, np.float64):
        assert kind(0.5, rng=0)(a.astype(dtype)).dtype == dtype


@pytest.mark.parametrize("kind", LAYERS)
def test_inplace_is_taken_and_overwrites_nothing(kind):
    a = np.ones(CHANNELS.get(kind, (3, 4, 2)))
    layer = kind(0.5, inplace=True, rng=0)
    out = layer(a)
    assert (a == 1).all()
    assert (out != 1).any()
    assert repr(layer) == f"{kind.__name__}(p=0.5, inplace=True)"


def test_axes_are_checked():
    with pytest.raises(ag.ShapeError, match=r"dropout2d: x must have 4 axes .* got shape \(3, 2\). To drop single"):
        nn.Dropout2d()(np.ones((3, 2)))
    with pytest.raises(ag.ShapeError, match=r"feature_alpha_dropout: x must be \(batch, channels"):
        functional.feature_alpha_dropout(np.ones(3), training=True)


def test_a_checkpointed_layer_that_draws_is_named():
    layer = nn.Dropout(0.5, rng=0)
    with pytest.raises(ag.GraphError, match="checkpoint: Dropout gave other values when it was run again"):
        ag.checkpoint(layer)(ag.Tensor(np.ones(100), requires_grad=True)).sum().backward()
