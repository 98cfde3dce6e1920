"""Borders are those of numpy.pad in PyTorch's order of axes; images of another size pass through known points."""

import re

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional


def x(*shape, dtype=np.float64):
    return np.random.default_rng(1).normal(size=shape).astype(dtype)


# --- borders ---


@pytest.mark.parametrize(
    ("mode", "numpys"), [("constant", "constant"), ("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")]
)
def test_widths_begin_with_the_last_axis(mode, numpys):
    a = x(2, 3, 4, 5)
    expected = np.pad(a, [(0, 0), (0, 0), (3, 1), (2, 0)], numpys)
    np.testing.assert_array_equal(functional.pad(a, (2, 0, 3, 1), mode), expected)
    names = {
        "constant": "ZeroPad",
        "reflect": "ReflectionPad",
        "replicate": "ReplicationPad",
        "circular": "CircularPad",
    }
    layer = getattr(nn, f"{names[mode]}2d")
    np.testing.assert_array_equal(layer((2, 0, 3, 1))(a), expected)
    np.testing.assert_array_equal(layer(2)(a), np.pad(a, [(0, 0), (0, 0), (2, 2), (2, 2)], numpys))
    np.testing.assert_array_equal(layer(1)(a[0]), layer(1)(a)[0])


def test_a_constant_has_any_value_and_goes_around_arrays_of_any_kind():
    np.testing.assert_array_equal(nn.ConstantPad1d((1, 2), -3.5)(np.zeros(1)), [-3.5, 0, -3.5, -3.5])
    assert functional.pad(np.arange(3), (1, 1), value=7).tolist() == [7, 0, 1, 2, 7]
    assert functional.pad(np.ones(2, np.float32), (1, 0), value=0.5).dtype == np.float32
    assert functional.pad(np.ones(2, np.float16), (1, 0), "reflect").dtype == np.float16


def test_negative_widths_cut_off():
    a = np.arange(5.0)[None]
    np.testing.assert_array_equal(nn.ZeroPad1d((-1, 2))(a), [[1, 2, 3, 4, 0, 0]])
    np.testing.assert_array_equal(nn.ZeroPad1d(-2)(a), [[2]])
    # a mirror shows what is cut off too: golden, torch.nn.functional.pad(torch.arange(5.)[None], (-1, 4), "reflect")
    np.testing.assert_array_equal(nn.ReflectionPad1d((-1, 4))(a), [[1, 2, 3, 4, 3, 2, 1, 0]])
    np.testing.assert_array_equal(nn.CircularPad1d((-1, 2))(a), [[1, 2, 3, 4, 1, 2]])
    np.testing.assert_array_equal(nn.ReplicationPad1d((2, -4))(a), [[0, 0, 0]])


def test_the_gradient_of_a_border_adds_up_its_copies():
    a = ag.Tensor(np.zeros((1, 3)), requires_grad=True)
    nn.CircularPad1d((1, 3))(a).sum().backward()
    assert a.grad.tolist() == [[2, 2, 3]]


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: functional.pad(x(3), (1,)), ag.OptionError, "two for each axis from the last on, got (1,)"),
        (lambda: functional.pad(x(3), (1, 1), "mirror"), ag.OptionError, "one of constant, reflect, replicate, circ"),
        (lambda: functional.pad(x(3), (1, 1), "reflect", 2.0), ag.OptionError, "value is for mode='constant'"),
        (lambda: functional.pad(x(3), (1, 1, 1, 1)), ag.ShapeError, "4 numbers are for 2 axes, and x has shape (3,)"),
        (lambda: functional.pad(x(3), (3, 0), "reflect"), ag.ShapeError, "at most 2 elements to repeat along axis 0"),
        (lambda: functional.pad(x(3), (4, 0), "circular"), ag.ShapeError, "at most 3 elements to repeat"),
        (lambda: functional.pad(x(3), (-2, -2)), ag.ShapeError, "axis 0 of x (3,) is only 3 long; (-2, -2) leaves"),
        (lambda: nn.ZeroPad2d((1, 2)), ag.OptionError, "ZeroPad2d: padding must be a whole number or 4 of them"),
        (lambda: nn.ReflectionPad2d(1)(x(3, 3)), ag.ShapeError, "ReflectionPad2d: x must be ([batch,] channels, h"),
    ],
)
def test_borders_that_mean_nothing_are_refused(make, error, said):
    with pytest.raises(error, match=re.escape(said)):
        make()


# --- other sizes ---


def test_the_nearest_pixel_is_repeated():
    a = x(2, 3, 4, 5)
    np.testing.assert_array_equal(nn.Upsample(scale_factor=2)(a), a.repeat(2, 2).repeat(2, 3))
    np.testing.assert_array_equal(nn.UpsamplingNearest2d((8, 15))(a), a.repeat(2, 2).repeat(3, 3))
    assert nn.Upsample(size=(2, 5))(a).tolist() == a[:, :, ::2].tolist()
    b = np.arange(3.0)[None, None]
    assert nn.Upsample(scale_factor=1.3)(b).tolist() == [[[0, 1, 2]]]  # the same size, and the double one, say enough
    assert nn.Upsample(scale_factor=2.2)(b).tolist() == [[[0, 0, 1, 1, 2, 2]]]
    exact = nn.Upsample(3, mode="nearest-exact")(np.arange(5.0).reshape(1, 1, 5))
    assert exact.tolist() == [[[0, 2, 4]]]  # the middles of thirds; "nearest" takes 0, 1, 3, where thirds begin


@pytest.mark.parametrize(("mode", "axes"), [("linear", 1), ("bilinear", 2), ("trilinear", 3)])
@pytest.mark.parametrize("align_corners", [False, True])
def test_linear_modes_reproduce_planes(mode, axes, align_corners):
    """Of numbers that lie on a plane the result lies on it, at the positions that the convention says."""
    space, sizes, slopes = (4, 5, 3)[:axes], (7, 9, 8)[:axes], (1.0, -2.0, 0.5)[:axes]
    grid = np.indices(space).astype(float)
    a = sum(s * g for s, g in zip(slopes, grid, strict=True))[None, None]
    expected = np.zeros(sizes)
    for axis, (n, m, slope) in enumerate(zip(space, sizes, slopes, strict=True)):
        at = np.linspace(0, n - 1, m) if align_corners else np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
        expected += slope * at.reshape([-1 if i == axis else 1 for i in range(axes)])
    out = nn.Upsample(sizes, mode=mode, align_corners=align_corners)(a)
    np.testing.assert_allclose(out[0, 0], expected, rtol=1e-13, atol=1e-13)


def test_cubic_interpolation_reproduces_lines_inside_and_points():
    a = np.arange(8.0)[None, None, None].repeat(4, 2)
    out = functional.interpolate(a, (4, 15), mode="bicubic", align_corners=True)
    # inside, where no neighbour is repeated: halves lie between; cubic weights with slope -0.75 are exact for lines
    # there because they are symmetric about the middle
    np.testing.assert_allclose(out[0, 0, 0, 2:-2], np.linspace(0, 7, 15)[2:-2], rtol=1e-13)
    np.testing.assert_allclose(out[0, 0, 0, ::2], np.arange(8.0), atol=1e-14)


def test_areas_are_means_and_scale_factors_round_down():
    a = x(1, 2, 4, 6)
    np.testing.assert_allclose(nn.Upsample(scale_factor=0.5, mode="area")(a), nn.AvgPool2d(2)(a), rtol=1e-14)
    assert nn.Upsample(scale_factor=(1.3, 0.7))(a).shape == (1, 2, 5, 4)
    own = nn.Upsample(scale_factor=1.3, mode="bilinear")(a)
    again = nn.Upsample(scale_factor=1.3, mode="bilinear", recompute_scale_factor=True)(a)
    np.testing.assert_array_equal(again, nn.Upsample((5, 7), mode="bilinear")(a))
    assert (own != again).any()  # 1.3 is not 5 / 4


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
def test_float32_is_kept_by_every_mode(mode):
    leaf = ag.Tensor(x(1, 1, 3, 3, dtype=np.float32), requires_grad=True)
    out = functional.interpolate(leaf, (5, 4), mode=mode)
    out.sum().backward()
    assert out.dtype == leaf.grad.dtype == np.float32


def test_layers_show_their_options():
    assert repr(nn.Upsample(scale_factor=2.0)) == "Upsample(scale_factor=2.0, mode='nearest')"
    assert repr(nn.Upsample((3, 4), mode="bilinear", align_corners=True)).endswith(
        "mode='bilinear', align_corners=True)"
    )
    assert repr(nn.ConstantPad1d(2, 3.0)) == "ConstantPad1d(padding=(2, 2), value=3.0)"
    assert repr(nn.ZeroPad2d(1)) == "ZeroPad2d((1, 1, 1, 1))"


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({}, ag.OptionError, "give one of size and scale_factor, got neither"),
        ({"size": 3, "scale_factor": 2}, ag.OptionError, "give one of size and scale_factor, got both"),
        ({"size": (3, 3, 3)}, ag.OptionError, "size must be a number or 2 of them"),
        ({"size": 2.5}, ag.OptionError, "size must be positive whole numbers, got 2.5"),
        ({"scale_factor": -1}, ag.OptionError, "scale_factor must be positive numbers"),
        ({"scale_factor": 0.1}, ag.ShapeError, "from x (1, 1, 4, 4) to (0, 0) there is nothing to see"),
        ({"size": 3, "mode": "cubic"}, ag.OptionError, "mode must be one of nearest, nearest-exact, area"),
        ({"size": 3, "mode": "linear"}, ag.ShapeError, "mode='linear' is for 1 axes after (batch, channels)"),
        ({"size": 3, "align_corners": True}, ag.OptionError, "align_corners is for linear and cubic modes"),
        ({"size": 3, "mode": "bilinear", "antialias": True}, ag.OptionError, "there is no antialias=True here"),
    ],
)
def test_sizes_that_mean_nothing_are_refused(options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        functional.interpolate(x(1, 1, 4, 4), **options)
