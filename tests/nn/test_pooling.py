"""Pools take the maximum, the mean or a power mean of windows; where windows lie is written out here once more."""

import re

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional


def x(*shape, dtype=np.float64):
    """Numbers with no two alike."""
    size = int(np.prod(shape))
    return (np.random.default_rng(1).permutation(size) - size / 2 + 0.5).reshape(shape).astype(dtype)


def slices(n, kernel, stride, padding=0, dilation=1, ceil_mode=False):
    """Which places of an axis each window sees, as the rule is written in PyTorch's documentation of MaxPool2d."""
    reach = dilation * (kernel - 1) + 1
    count = (np.ceil if ceil_mode else np.floor)((n + 2 * padding - reach) / stride) + 1
    windows = []
    for i in range(int(count)):
        first = i * stride - padding
        if ceil_mode and first >= n:  # windows that begin behind the input are left out
            break
        windows.append(range(first, first + reach, dilation))
    return windows


def pooled(a, options, reduce):
    """Every window of a plane, cut out and reduced; places outside are given too."""
    rows, columns = (slices(n, **options) for n in a.shape[-2:])
    return np.array([[reduce(a, r, c) for c in columns] for r in rows])


def inside(a, rows, columns):
    rows, columns = ([p for p in places if 0 <= p < n] for places, n in zip((rows, columns), a.shape, strict=True))
    return a[np.ix_(rows, columns)]


OPTIONS = [
    {"kernel": 2, "stride": 2},
    {"kernel": 3, "stride": 2, "padding": 1},
    {"kernel": 2, "stride": 3, "ceil_mode": True},
    {"kernel": 3, "stride": 2, "padding": 1, "ceil_mode": True},
]


def words(options):
    given = dict(options)
    return {"kernel_size": given.pop("kernel"), **given}


def test_pools_take_the_maximum_and_the_mean_of_windows():
    a = x(2, 3, 4, 6)
    blocks = a.reshape(2, 3, 2, 2, 3, 2)
    np.testing.assert_array_equal(nn.MaxPool2d(2)(a), blocks.max((3, 5)))
    np.testing.assert_allclose(nn.AvgPool2d(2)(a), blocks.mean((3, 5)), rtol=1e-15)
    rows = a[:, :, 0]
    np.testing.assert_array_equal(nn.MaxPool1d(3)(rows), rows.reshape(2, 3, 2, 3).max(-1))
    np.testing.assert_allclose(nn.AvgPool1d(3)(rows), rows.reshape(2, 3, 2, 3).mean(-1), rtol=1e-14)
    volume = x(1, 2, 4, 2, 6)
    cubes = volume.reshape(1, 2, 2, 2, 1, 2, 3, 2)
    np.testing.assert_array_equal(nn.MaxPool3d(2)(volume), cubes.max((3, 5, 7)))
    np.testing.assert_allclose(nn.AvgPool3d(2)(volume), cubes.mean((3, 5, 7)), rtol=1e-15)
    assert nn.MaxPool2d(3, stride=1, padding=1)(a).shape == a.shape
    assert nn.AvgPool2d((2, 3), (1, 2))(a).shape == (2, 3, 3, 2)


@pytest.mark.parametrize("options", [*OPTIONS, {"kernel": 3, "stride": 1, "dilation": 2, "padding": 2}], ids=str)
@pytest.mark.parametrize("space", [(7, 8), (5, 6)])
def test_maxima_and_their_places(options, space):
    a = x(*space)
    out, indices = nn.MaxPool2d(**words(options), return_indices=True)(a[None])
    np.testing.assert_array_equal(out[0], pooled(a, options, lambda *window: inside(*window).max()))
    np.testing.assert_array_equal(a.ravel()[indices[0]], out[0])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("space", [(7, 8), (5, 6)])
def test_what_a_mean_counts(options, space):
    """With the padding a window counts what lies in the padded image; without it, what lies in the image."""
    a, padding = x(*space), options.get("padding", 0)

    def counted(a, rows, columns):
        return [sum(-padding <= p < n + padding for p in places) for places, n in zip((rows, columns), a.shape)]  # noqa: B905

    means = {
        "count_include_pad": lambda *w: inside(*w).sum() / np.prod(counted(*w)),
        "": lambda *w: inside(*w).mean(),
        "divisor_override": lambda *w: inside(*w).sum() / 7,
    }
    for name, mean in means.items():
        further = {"divisor_override": 7} if name == "divisor_override" else {"count_include_pad": bool(name)}
        layer = nn.AvgPool2d(**words(options), **further)
        np.testing.assert_allclose(layer(a[None, None])[0, 0], pooled(a, options, mean), rtol=1e-13, atol=1e-14)


def test_a_window_of_padding_alone_is_minus_infinity_and_has_no_gradient():
    a = ag.Tensor(np.ones((1, 1, 1)), requires_grad=True)
    out = functional.max_pool1d(a, 2, padding=2, dilation=4)  # its two taps lie left and right of the only number
    assert out.tolist() == [[[-np.inf]]]
    ag.where(np.isinf(out.detach()), 0.0, out).sum().backward()
    assert a.grad.tolist() == [[[0.0]]]
    b = ag.Tensor(np.ones((1, 3, 2)), requires_grad=True)
    out = functional.max_pool2d(b, 2, 1, (2, 0), (4, 1))  # the window in the middle, between two with equal maxima
    assert out.tolist() == [[[1.0], [-np.inf], [1.0]]]
    out.sum().backward()
    assert b.grad.tolist() == [[[0.5, 0.5], [0.0, 0.0], [0.5, 0.5]]]


def test_large_images_with_rows_outermost_are_cut_between_windows():
    """Such arrays are shared between cores row by row, which must not part a window that reaches over the end."""
    a = x(64, 8, 33, 33)
    rows_first = np.ascontiguousarray(a.transpose(2, 1, 3, 0)).transpose(3, 1, 0, 2)
    for pool in (nn.MaxPool2d(2, ceil_mode=True), nn.AvgPool2d(2, ceil_mode=True), nn.MaxPool2d(2, dilation=2)):
        (here, pull), (there, pull_there) = ag.vjp(pool, a), ag.vjp(pool, rows_first)
        np.testing.assert_array_equal(here, there)
        g = x(*here.shape)
        np.testing.assert_array_equal(pull(g)[0], pull_there(g)[0])


def test_equal_maxima_share_the_gradient_evenly_also_in_the_adaptive_pool():
    for pool in (nn.MaxPool2d(2), nn.AdaptiveMaxPool2d(1), nn.AdaptiveMaxPool2d(1, return_indices=True)):
        a = ag.Tensor(np.array([[[1.0, 1.0], [1.0, 0.0]]]), requires_grad=True)
        out = pool(a)
        (out[0] if isinstance(out, tuple) else out).sum().backward()
        np.testing.assert_allclose(a.grad.data, [[[1 / 3, 1 / 3], [1 / 3, 0]]])


def test_unpooling_puts_maxima_back_where_they_were():
    a = x(2, 3, 5, 6)
    pool, unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
    back = unpool(*pool(a), output_size=a.shape)
    assert back.shape == a.shape
    kept = back != 0
    np.testing.assert_array_equal(back[kept], a[kept])
    assert kept.sum() == 2 * 3 * 2 * 3
    again = pool(ag.maximum(back, 0))[0]
    np.testing.assert_array_equal(again, np.maximum(pool(a)[0], 0))
    with pytest.raises(ag.ShapeError, match="nearer to"):
        unpool(*pool(a), output_size=(9, 9))
    with pytest.raises(ag.OptionError, match="whole numbers from 0 to 23"):
        unpool(np.ones((1, 2, 3)), np.full((1, 2, 3), 24))
    with pytest.raises(ag.ShapeError, match="must both be"):
        unpool(np.ones((1, 2, 3)), np.zeros((1, 2, 2), int))


def test_power_pools_are_norms_of_windows():
    a = abs(x(2, 3, 6, 4))
    blocks = a.reshape(2, 3, 3, 2, 2, 2)
    for p in (1, 2, 3.5):
        expected = (blocks**p).sum((3, 5)) ** (1 / p)
        np.testing.assert_allclose(nn.LPPool2d(p, 2)(a), expected, rtol=1e-13)
    zero = ag.Tensor(np.zeros((1, 1, 2)), requires_grad=True)
    nn.LPPool1d(2, 2)(zero).sum().backward()
    assert zero.grad.tolist() == [[[0.0, 0.0]]]


@pytest.mark.parametrize(("n", "m"), [(6, 3), (7, 3), (3, 7), (5, 5), (5, 1)])
def test_adaptive_windows_cover_the_axis_evenly(n, m):
    """Golden: the rule of torch.nn.AdaptiveAvgPool1d, from floor(i n / m) to ceil((i + 1) n / m)."""
    a = x(2, 3, n)
    windows = [a[..., i * n // m : -(-(i + 1) * n // m)] for i in range(m)]
    mean, top = nn.AdaptiveAvgPool1d(m)(a), nn.AdaptiveMaxPool1d(m)(a)
    np.testing.assert_allclose(mean, np.stack([w.mean(-1) for w in windows], -1), rtol=1e-14)
    np.testing.assert_array_equal(top, np.stack([w.max(-1) for w in windows], -1))
    again, places = nn.AdaptiveMaxPool1d(m, return_indices=True)(a)
    np.testing.assert_array_equal(again, top)
    np.testing.assert_array_equal(np.take_along_axis(a, places, -1), top)


def test_none_keeps_an_axis_and_a_nan_stays_in_its_windows():
    a = x(1, 2, 5, 4)
    np.testing.assert_allclose(nn.AdaptiveAvgPool2d((None, 1))(a), a.mean(-1, keepdims=True), rtol=1e-14)
    np.testing.assert_array_equal(nn.AdaptiveMaxPool2d((3, None))(a).shape, (1, 2, 3, 4))
    a[0, 0, 0, 0] = np.nan
    for pool in (nn.AdaptiveAvgPool2d((3, 2)), nn.AdaptiveMaxPool2d((3, 2)), nn.AvgPool2d(2), nn.MaxPool2d(2)):
        out = pool(a)
        assert np.isnan(out[0, 0, 0, 0])
        assert np.isnan(out).sum() == 1
    b = x(1, 5)
    b[0, 2] = np.nan
    for pool in (nn.AdaptiveAvgPool1d(3), nn.AdaptiveMaxPool1d(3)):
        assert np.isnan(pool(b)).tolist() == [[False, True, False]]  # of places 0-1, 1-3, 3-4


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.MaxPool1d(2), (3, 5)),
        (nn.MaxPool3d(2, return_indices=True), (2, 4, 4, 4)),
        (nn.AvgPool2d(2, ceil_mode=True), (2, 5, 5)),
        (nn.LPPool2d(2, 2), (2, 5, 5)),
        (nn.AdaptiveAvgPool2d((3, 2)), (2, 5, 5)),
        (nn.AdaptiveMaxPool1d(2, True), (2, 5)),
    ],
    ids=lambda given: getattr(type(given), "__name__", ""),
)
def test_an_example_alone_is_a_batch_of_one(layer, shape):
    a = x(*shape)
    alone, batch, none = (out if isinstance(out, tuple) else (out,) for out in map(layer, (a, a[None], x(0, *shape))))
    for one, many, empty in zip(alone, batch, none, strict=True):
        np.testing.assert_array_equal(one, many[0])
        assert empty.shape == (0, *one.shape)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_types_are_kept(dtype):
    a = x(1, 1, 5, 5, dtype=dtype)
    layers = [nn.MaxPool2d(2), nn.AvgPool2d(3, padding=1, count_include_pad=False), nn.AvgPool2d(2, ceil_mode=True)]
    layers += [nn.LPPool2d(2, 2), nn.AdaptiveAvgPool2d(2), nn.AdaptiveMaxPool2d(2), nn.AdaptiveAvgPool2d(1)]
    for layer in layers:
        leaf = ag.Tensor(a, requires_grad=True)
        out = layer(leaf)
        out.sum().backward()
        assert out.dtype == leaf.grad.dtype == dtype, layer


def test_layers_show_what_is_not_the_default():
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"
    assert repr(nn.AvgPool1d(2)) == "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"
    shown = repr(nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False, divisor_override=3))
    assert shown.endswith("padding=0, ceil_mode=True, count_include_pad=False, divisor_override=3)")


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: nn.MaxPool2d(0)(x(1, 1, 4, 4)), ag.OptionError, "max_pool2d: kernel_size must be at least 1"),
        (lambda: nn.MaxPool2d(2, padding=2)(x(1, 1, 4, 4)), ag.OptionError, "more than half of the kernel_size 2"),
        (lambda: nn.MaxPool2d(5)(x(1, 1, 4, 4)), ag.ShapeError, "reaches over 5 but x has only 4 (x (1, 1, 4, 4)"),
        (lambda: nn.AvgPool3d(2)(x(1, 4, 4)), ag.ShapeError, "avg_pool3d: x must have 5 axes"),
        (lambda: nn.AvgPool2d(2, divisor_override=0)(x(1, 1, 4, 4)), ag.OptionError, "must not be 0"),
        (lambda: nn.AdaptiveAvgPool2d((2, 0))(x(1, 1, 4, 4)), ag.OptionError, "output_size must be a positive whole"),
        (lambda: nn.AdaptiveMaxPool2d((2, 2, 2))(x(1, 1, 4, 4)), ag.OptionError, "or 2 of them; got (2, 2, 2)"),
        (lambda: nn.AdaptiveMaxPool2d(2)(x(4, 4)), ag.ShapeError, "x must be ([batch,] channels, height, width)"),
    ],
)
def test_what_means_nothing_is_refused(make, error, said):
    with pytest.raises(error, match=re.escape(said)):
        make()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_images_of_whole_numbers_are_pooled(dtype):
    """Maxima keep the type, padding is less than all of them; means are floating point, as NumPy's are."""
    x = np.array([[[[0, 1], [1, 1]]]]).astype(dtype)
    assert functional.max_pool2d(x, 2, padding=1).dtype == dtype
    assert functional.max_pool2d(x, 2, padding=1).tolist() == [[[[0, 1], [1, 1]]]]
    low = np.iinfo(np.int8).min
    assert functional.max_pool2d(np.full((1, 1, 1, 1), low, np.int8), 2, padding=1, stride=1).max() == low
    assert functional.avg_pool2d(x, 2).dtype == np.float64
    assert functional.avg_pool2d(x, 2).tolist() == [[[[0.75]]]]
    assert nn.AdaptiveAvgPool2d(1)(x).tolist() == [[[[0.75]]]]
    assert nn.LPPool2d(1, 2)(x.astype(np.int64)).tolist() == [[[[3.0]]]]


def test_unpooling_an_empty_batch_gives_one():
    x, places = np.empty((0, 2, 3, 3)), np.empty((0, 2, 3, 3), int)
    assert nn.MaxUnpool2d(2)(x, places).shape == (0, 2, 6, 6)
