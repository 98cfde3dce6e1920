"""Convolutions are sums of products, their transposes undo their shapes, and borders are of what is asked for."""

import re

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional

F64 = {"dtype": np.float64, "rng": 7}


def x(*shape, dtype=np.float64):
    return np.random.default_rng(1).normal(size=shape).astype(dtype)


def correlate(a, w, bias, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """A convolution written out: one sum of products for each output element."""
    a = np.pad(a, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    rows, columns = ((n - r) // s + 1 for n, r, s in zip(a.shape[2:], reach, stride, strict=True))
    out = np.empty((len(a), len(w), rows, columns))
    for o, i, j in np.ndindex(len(w), rows, columns):
        first = o // (len(w) // groups) * w.shape[1]
        window = a[:, first : first + w.shape[1], i * stride[0] :, j * stride[1] :]
        window = window[:, :, : reach[0] : dilation[0], : reach[1] : dilation[1]]
        out[:, o, i, j] = (window * w[o]).sum((1, 2, 3)) + bias[o]
    return out


def sent(a, w, stride, padding, dilation, longer):
    """A transposed convolution written out: each element sends the kernel to the places that it reaches."""
    sizes = [(n - 1) * s + d * (k - 1) + 1 + extra for n, k, s, d, extra in zip(
        a.shape[2:], w.shape[2:], stride, dilation, longer, strict=True)]  # fmt: skip
    out = np.zeros((len(a), w.shape[1], *sizes))
    for i, j, u, v in np.ndindex(*a.shape[2:], *w.shape[2:]):
        here = out[:, :, i * stride[0] + u * dilation[0], j * stride[1] + v * dilation[1]]
        here += a[:, :, i, j] @ w[:, :, u, v]
    return out[:, :, padding[0] : sizes[0] - padding[0], padding[1] : sizes[1] - padding[1]]


# --- convolutions ---


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1},
        {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)},
        {"groups": 2},
        {"padding": "same"},
        {"padding": "valid"},
    ],
)
def test_conv2d_is_a_sum_of_products(options):
    layer = nn.Conv2d(4, 6, 3, **options, **F64)
    a = x(2, 4, 7, 6)
    given = {k: v if isinstance(v, tuple) or k == "groups" else (v, v) for k, v in options.items()}
    given["padding"] = {"same": (1, 1), "valid": (0, 0)}.get(options.get("padding"), given.get("padding", (0, 0)))
    expected = correlate(a, layer.weight.data, layer.bias.data, **given)
    np.testing.assert_allclose(layer(a).data, expected, rtol=1e-12, atol=1e-13)  # sums of 36 in float64


@pytest.mark.parametrize("kernel", [2, (2, 4), (4, 3)])
def test_padding_same_keeps_the_size_and_pads_an_odd_zero_at_the_end(kernel):
    layer = nn.Conv2d(1, 1, kernel, padding="same", dilation=(1, 3), bias=False, **F64)
    a, w = x(1, 1, 9, 10), layer.weight.data
    total = [d * (k - 1) for d, k in zip((1, 3), w.shape[2:], strict=True)]
    padded = np.pad(a, [(0, 0), (0, 0), *((n // 2, n - n // 2) for n in total)])
    assert layer(a).shape == a.shape
    np.testing.assert_allclose(layer(a).data, correlate(padded, w, [0], dilation=(1, 3)), rtol=1e-12, atol=1e-14)


def test_conv1d_and_conv3d_agree_with_conv2d():
    a = x(2, 3, 8)
    one = nn.Conv1d(3, 4, 3, stride=2, padding=1, dilation=2, **F64)
    two = functional.conv2d(a[:, :, None], one.weight.data[:, :, None], one.bias.data, (1, 2), (0, 1), (1, 2))
    np.testing.assert_allclose(one(a).data, two[:, :, 0], rtol=1e-12, atol=1e-14)
    b = x(2, 3, 1, 5, 5)
    three = nn.Conv3d(3, 4, (1, 3, 3), padding=(0, 1, 1), **F64)
    plane = functional.conv2d(b[:, :, 0], three.weight.data[:, :, 0], three.bias.data, 1, 1)
    np.testing.assert_allclose(three(b).data[:, :, 0], plane, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("mode", "numpys"), [("zeros", "constant"), ("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")]
)
def test_padding_modes_say_what_lies_around_the_image(mode, numpys):
    a = x(2, 1, 5, 6)
    layer = nn.Conv2d(1, 2, 3, padding=(2, 1), padding_mode=mode, **F64)
    padded = np.pad(a, [(0, 0), (0, 0), (2, 2), (1, 1)], numpys)
    expected = correlate(padded, layer.weight.data, layer.bias.data)
    np.testing.assert_allclose(layer(a).data, expected, rtol=1e-12, atol=1e-14)
    same = nn.Conv2d(1, 1, (2, 3), padding="same", padding_mode=mode, **F64)
    padded = np.pad(a, [(0, 0), (0, 0), (0, 1), (1, 1)], numpys)
    expected = correlate(padded, same.weight.data, same.bias.data)
    np.testing.assert_allclose(same(a).data, expected, rtol=1e-12, atol=1e-14)


# --- transposed convolutions ---


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "longer"),
    [((1, 1), (0, 0), (1, 1), (0, 0)), ((2, 3), (1, 0), (1, 2), (1, 2)), ((1, 2), (1, 2), (3, 1), (2, 1))],
)
def test_a_transposed_convolution_sends_kernels(stride, padding, dilation, longer):
    layer = nn.ConvTranspose2d(2, 3, (3, 2), stride, padding, longer, dilation=dilation, **F64)
    a = x(2, 2, 4, 3)
    expected = sent(a, layer.weight.data, stride, padding, dilation, longer) + layer.bias.data[:, None, None]
    np.testing.assert_allclose(layer(a).data, expected, rtol=1e-12, atol=1e-14)  # sums of 12


def test_it_is_the_gradient_of_the_convolution():
    a, w = ag.Tensor(x(2, 4, 7, 6), requires_grad=True), x(6, 2, 3, 2)
    out = functional.conv2d(a, w, None, (2, 1), (1, 0), (1, 2), groups=2)
    g = x(*out.shape)
    out.backward(g)
    back = functional.conv_transpose2d(g, w, None, (2, 1), (1, 0), 0, 2, (1, 2))
    np.testing.assert_allclose(back, a.grad.data, rtol=1e-12, atol=1e-14)


def test_the_output_size_can_be_asked_for():
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, rng=0)
    down = nn.Conv2d(1, 1, 3, stride=2, padding=1, rng=0)
    for size in [(12, 11), (11, 12)]:
        small = down(x(3, 1, *size, dtype=np.float32))
        assert layer(small, output_size=size).shape == (3, 1, *size)
        assert layer(small, output_size=(3, 1, *size)).shape == (3, 1, *size)
    with pytest.raises(ag.ShapeError, match=re.escape("output_size must be from (11, 11) to (12, 12)")):
        layer(x(1, 1, 6, 6, dtype=np.float32), output_size=(13, 12))


def test_weights_of_transposed_convolutions_have_pytorchs_layout_and_start():
    """As torch.nn.modules.conv._ConvNd.reset_parameters of PyTorch 2.13, whose fan_in is that of the second axis."""
    layer = nn.ConvTranspose2d(8, 60, 3, groups=2, rng=0)
    assert [(name, p.shape) for name, p in layer.named_parameters()] == [("weight", (8, 30, 3, 3)), ("bias", (60,))]
    bound = 1 / np.sqrt(30 * 9)
    for p in layer.parameters():
        assert 0.9 * bound < abs(p.data).max() <= bound * (1 + 1e-6)  # of 60 and more, the largest is near it


# --- patches ---


def test_a_convolution_is_a_product_with_unfolded_patches():
    a, w = x(2, 3, 6, 5), x(4, 3, 2, 3)
    columns = functional.unfold(a, (2, 3), (2, 1), (1, 0), (1, 2))
    product = (w.reshape(4, -1) @ columns).reshape(2, 4, 6, 2)
    expected = functional.conv2d(a, w, None, (1, 2), (1, 0), (2, 1))
    np.testing.assert_allclose(product, expected, rtol=1e-12, atol=1e-13)


def test_fold_is_the_transpose_of_unfold():
    a, options = x(2, 3, 6, 5), {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)}
    columns = nn.Unfold(**options)(a)
    b = x(*columns.shape)
    np.testing.assert_allclose(np.vdot(columns, b), np.vdot(a, nn.Fold((6, 5), **options)(b)), rtol=1e-12)
    once = nn.Fold((6, 6), 2, stride=2)(nn.Unfold(2, stride=2)(x(1, 2, 6, 6)))
    np.testing.assert_array_equal(once, x(1, 2, 6, 6))  # nothing overlaps


# --- batches and types ---


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv1d(2, 3, 2, padding="same", **F64), (2, 5)),
        (nn.Conv2d(2, 3, 2, padding=1, padding_mode="reflect", **F64), (2, 5, 4)),
        (nn.Conv3d(2, 3, 2, **F64), (2, 3, 3, 3)),
        (nn.ConvTranspose1d(2, 3, 2, 2, **F64), (2, 5)),
        (nn.ConvTranspose2d(2, 3, 2, 2, output_padding=1, **F64), (2, 3, 3)),
        (nn.Unfold(2), (2, 4, 4)),
        (nn.Fold((3, 3), 2), (8, 4)),
    ],
    ids=lambda given: getattr(type(given), "__name__", ""),
)
def test_an_example_alone_is_a_batch_of_one(layer, shape):
    a = x(*shape)
    alone, batch = ag.asarray(layer(a)), ag.asarray(layer(a[None]))
    assert alone.ndim == batch.ndim - 1
    np.testing.assert_array_equal(alone.detach().numpy(), batch.detach().numpy()[0])
    assert ag.asarray(layer(x(0, *shape))).shape == (0, *batch.shape[1:])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_types_are_kept(dtype):
    for layer in (nn.Conv2d(1, 2, 3, dtype=dtype), nn.ConvTranspose2d(1, 2, 3, stride=2, dtype=dtype)):
        out = layer(x(1, 1, 5, 5, dtype=dtype))
        out.sum().backward()
        assert out.dtype == layer.weight.grad.dtype == layer.bias.grad.dtype == dtype


# --- what is refused ---


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Conv2d(3, 4, 3, groups=2), "groups=2 for 3 in, 4 out"),
        (lambda: nn.Conv2d(3, 4, (3, 3, 3)), r"kernel_size must be a whole number or 2 of them.*got \(3, 3, 3\)"),
        (lambda: nn.Conv2d(3, 4, 0), "kernel_size must be .* at least 1; got 0"),
        (lambda: nn.Conv1d(3, 4, 3, padding=-1), "padding must be .* at least 0; got -1"),
        (lambda: nn.Conv2d(3, 4, 3, padding="full"), "padding must be numbers, 'same' or 'valid'; got 'full'"),
        (lambda: nn.Conv2d(3, 4, 3, stride=2, padding="same"), "padding='same' needs stride 1, got 2"),
        (lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), "padding_mode must be one of zeros, reflect.*'mirror'"),
        (lambda: functional.conv2d(x(1, 1, 3, 3), x(1, 1, 2, 2), padding="full"), "'same' or 'valid'; got 'full'"),
        (lambda: functional.conv2d(x(1, 1, 3, 3), x(1, 1, 2, 2), None, 2, "same"), "padding='same' needs stride 1"),
        (lambda: nn.ConvTranspose2d(3, 4, 3, groups=2), "ConvTranspose2d: groups must divide the channels"),
        (lambda: nn.ConvTranspose2d(2, 2, 3, output_padding=1), "output_padding must be smaller than the stride"),
        (lambda: nn.ConvTranspose2d(2, 2, 3, padding_mode="reflect"), "padding_mode can only be 'zeros'"),
        (lambda: functional.conv_transpose1d(x(1, 2, 3), x(2, 1, 2), groups=3), "groups must be a whole number"),
        (lambda: functional.conv_transpose1d(x(1, 2, 3), x(2, 1, 2), output_padding=1), "smaller than the stride"),
    ],
)
def test_options_that_mean_nothing_are_refused(make, words):
    with pytest.raises(ag.OptionError, match=words):
        make()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Conv2d(3, 4, 3)(x(2, 1, 5, 5)), "x has 1 channels but weight expects 3"),
        (lambda: nn.Conv2d(3, 4, 3)(x(5, 5)), r"x must have 4 axes, got shape \(5, 5\)"),
        (lambda: nn.Conv2d(1, 1, 3, padding=3, padding_mode="reflect")(x(1, 1, 3, 3)), "at most 2 elements to repeat"),
        (lambda: nn.ConvTranspose2d(3, 4, 3)(x(1, 2, 5, 5)), "x has 2 channels but weight expects 3"),
        (lambda: nn.ConvTranspose2d(3, 4, 3)(x(5, 5)), r"x must be \(\[batch,\] channels, height, width\)"),
        (lambda: nn.ConvTranspose1d(1, 1, 3, padding=2)(x(1, 1, 1)), r"nothing is left of an output of \(-1,\)"),
        (lambda: functional.conv_transpose1d(x(1, 2, 3), x(2, 2)), "weight must be"),
        (lambda: functional.conv_transpose1d(x(1, 2, 3), x(2, 1, 2), x(2)), r"shape \(1,\); got \(2,\)"),
        (lambda: functional.unfold(x(4, 4), 2), "unfold: x must be"),
        (lambda: functional.fold(x(1, 8, 3), (3, 3), 2), r"fold: x must be .*channels \* 4, 2 \* 2"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(make, words):
    with pytest.raises(ag.ShapeError, match=words):
        make()
