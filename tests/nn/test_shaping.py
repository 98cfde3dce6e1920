"""The same elements in another shape or order: what goes in comes out once, where the layout says."""

import re

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional


def counted(*shape):
    return np.arange(float(np.prod(shape))).reshape(shape)


def test_flatten_and_unflatten_undo_each_other():
    a = counted(3, 2, 4)
    np.testing.assert_array_equal(nn.Flatten()(a), a.reshape(3, 8))
    np.testing.assert_array_equal(nn.Flatten(0, 1)(a), a.reshape(6, 4))
    np.testing.assert_array_equal(nn.Unflatten(1, (2, 4))(nn.Flatten()(a)), a)
    np.testing.assert_array_equal(nn.Unflatten(-1, (2, -1))(a), a.reshape(3, 2, 2, 2))
    assert nn.Unflatten(1, (-1, 4))(np.ones((0, 8))).shape == (0, 2, 4)
    assert nn.Unflatten(0, (-1, 2))(np.ones((0, 8))).shape == (0, 2, 8)


def test_identity_takes_any_arguments():
    a = counted(2)
    assert nn.Identity(54, unused=0.1)(a) is a


def test_pixels_and_channels_change_places():
    """Golden: the rule of Shi et al. (2016), eq. 4: out[c, y, x] = in[c r r + r (y % r) + x % r, y / r, x / r]."""
    r, a = 3, counted(2, 2 * 9, 4, 5)
    out = nn.PixelShuffle(r)(a)
    for c, i, j in [(0, 0, 0), (1, 5, 7), (0, 11, 14), (1, 3, 2)]:
        np.testing.assert_array_equal(out[:, c, i, j], a[:, c * r * r + r * (i % r) + j % r, i // r, j // r])
    np.testing.assert_array_equal(nn.PixelUnshuffle(r)(out), a)
    np.testing.assert_array_equal(nn.PixelShuffle(r)(a[0]), out[0])


def test_groups_of_channels_are_dealt_out_in_turn():
    a = counted(1, 6, 1)
    assert nn.ChannelShuffle(2)(a).ravel().tolist() == [0, 3, 1, 4, 2, 5]
    np.testing.assert_array_equal(nn.ChannelShuffle(3)(nn.ChannelShuffle(2)(a)), a)


def test_gradients_go_back_where_elements_came_from():
    for layer in (
        nn.Flatten(),
        nn.PixelShuffle(2),
        nn.PixelUnshuffle(2),
        nn.ChannelShuffle(2),
        nn.Unflatten(1, (2, 2)),
    ):
        a = ag.Tensor(np.zeros((1, 4, 2, 2)), requires_grad=True)
        out = layer(a)
        out.backward(layer(counted(1, 4, 2, 2)))
        np.testing.assert_array_equal(a.grad.data, counted(1, 4, 2, 2))


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: nn.Flatten(1, 2)(counted(2, 3)), ag.ShapeError, "x has shape (2, 3), and no axes from 1 to 2"),
        (lambda: nn.Unflatten(1, (2, 2))(counted(2, 3)), ag.ShapeError, "axis 1 of x (2, 3) has 3 elements"),
        (lambda: nn.Unflatten(1, (-1, -1))(counted(2, 3)), ag.ShapeError, "which is not (-1, -1)"),
        (lambda: nn.Unflatten(2, (1, 3))(counted(2, 3)), ag.ShapeError, "x has shape (2, 3), and no axis 2"),
        (lambda: nn.PixelShuffle(0), ag.OptionError, "upscale_factor must be a positive whole number"),
        (
            lambda: nn.PixelShuffle(2)(counted(1, 3, 2, 2)),
            ag.ShapeError,
            "x must be (..., channels * 4, height, width)",
        ),
        (lambda: nn.PixelUnshuffle(2)(counted(1, 3, 3, 2)), ag.ShapeError, "x must be (..., height * 2, width * 2)"),
        (lambda: nn.ChannelShuffle(2)(counted(1, 3, 2)), ag.ShapeError, "x must be (batch, channels that 2 divides"),
        (lambda: functional.channel_shuffle(counted(1, 4, 2), 1.5), ag.OptionError, "positive whole number"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(make, error, said):
    with pytest.raises(error, match=re.escape(said)):
        make()
