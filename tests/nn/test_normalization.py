"""Normalization brings numbers to mean 0 and variance 1, also where they are large, and remembers what it saw."""

import re

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.ops import standardization_kernels
from nn import functional


def x(*shape, dtype=np.float64):
    return np.random.default_rng(1).normal(1.5, 2, size=shape).astype(dtype)


def by_hand(a, axes, eps=1e-5):
    mean = a.mean(axes, keepdims=True, dtype=np.float64)
    return (a - mean) / np.sqrt(((a - mean) ** 2).mean(axes, keepdims=True) + eps)


# --- what is computed ---


def test_each_kind_has_its_own_axes():
    a = x(3, 4, 5, 6)
    for layer, axes in [
        (nn.BatchNorm2d(4), (0, 2, 3)),
        (nn.InstanceNorm2d(4), (2, 3)),
        (nn.LayerNorm([5, 6]), (2, 3)),
        (nn.LayerNorm(6), (3,)),
        (nn.GroupNorm(1, 4), (1, 2, 3)),
        (nn.GroupNorm(4, 4), (2, 3)),
    ]:
        # float64 sums of at most 120
        np.testing.assert_allclose(ag.asarray(layer(a)).detach().numpy(), by_hand(a, axes), rtol=1e-12, atol=1e-13)
    grouped = by_hand(a.reshape(3, 2, 2, 5, 6), (2, 3, 4)).reshape(a.shape)
    np.testing.assert_allclose(nn.GroupNorm(2, 4)(a).data, grouped, rtol=1e-12, atol=1e-13)


def test_weight_and_bias_are_of_channels_or_of_elements():
    a, weight, bias = x(3, 4, 5), x(4), -x(4)
    for function in (functional.group_norm, functional.instance_norm, functional.batch_norm):
        arguments = {"batch_norm": (None, None), "group_norm": (2,)}.get(function.__name__, ())
        options = {"training": True} if function is functional.batch_norm else {}
        plain = function(a, *arguments, **options)
        scaled = function(a, *arguments, weight=weight, bias=bias, **options)
        np.testing.assert_allclose(scaled, plain * weight[:, None] + bias[:, None], rtol=1e-13, atol=1e-14)
    weight, bias = x(4, 5), -x(4, 5)
    plain = functional.layer_norm(a, (4, 5))
    np.testing.assert_allclose(functional.layer_norm(a, (4, 5), weight, bias), plain * weight + bias, rtol=1e-13)


def test_root_mean_squares_and_neighbours():
    a = x(3, 5, 4)
    root = np.sqrt((a**2).mean((1, 2), keepdims=True) + np.finfo(float).eps)
    np.testing.assert_allclose(nn.RMSNorm([5, 4])(a).data, a / root, rtol=1e-13)
    out = nn.LocalResponseNorm(3, alpha=0.5, beta=0.75, k=2.0)(a)
    squares = np.pad(a**2, [(0, 0), (1, 1), (0, 0)])
    sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    np.testing.assert_allclose(out, a / (2 + 0.5 * sums / 3) ** 0.75, rtol=1e-13)


def test_normalize_divides_by_norms():
    a = x(3, 4)
    np.testing.assert_allclose(functional.normalize(a), a / np.linalg.norm(a, axis=1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(functional.normalize(a, 1, dim=0), a / abs(a).sum(0), rtol=1e-13)
    whole = functional.normalize(a, 3, dim=(0, 1))
    np.testing.assert_allclose(whole, a / (abs(a) ** 3).sum() ** (1 / 3), rtol=1e-13)
    zero = ag.Tensor(np.zeros((1, 3)), requires_grad=True)
    out = functional.normalize(zero)
    out.sum().backward()
    assert out.tolist() == [[0.0, 0.0, 0.0]]
    assert np.isfinite(zero.grad.data).all()


# --- running statistics ---


def test_running_statistics_move_by_momentum_and_are_those_over_n_less_one():
    layer, batches = nn.BatchNorm1d(2, momentum=0.3, dtype=np.float64), [x(6, 2), 3 * x(4, 2, 5) - 1]
    mean, var = np.zeros(2), np.ones(2)
    for batch in batches:
        layer(batch)
        axes = (0, 2)[: batch.ndim - 1]
        mean += 0.3 * (batch.mean(axes) - mean)
        var += 0.3 * (batch.var(axes, ddof=1) - var)
    np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-13)
    np.testing.assert_allclose(layer.running_var, var, rtol=1e-13)
    assert layer.num_batches_tracked == 2
    assert layer.num_batches_tracked.dtype == np.int64
    layer.eval()
    expected = (batches[0] - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(layer(batches[0]).data, expected, rtol=1e-13)
    np.testing.assert_allclose(layer.running_var, var, rtol=1e-13)
    assert layer.num_batches_tracked == 2


def test_without_momentum_they_are_the_means_of_all_batches():
    layer, batches = nn.BatchNorm1d(2, momentum=None, dtype=np.float64), [x(6, 2) + i for i in range(5)]
    for batch in batches:
        layer(batch)
    np.testing.assert_allclose(layer.running_mean, np.mean([b.mean(0) for b in batches], 0), rtol=1e-13)
    np.testing.assert_allclose(layer.running_var, np.mean([b.var(0, ddof=1) for b in batches], 0), rtol=1e-13)
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0, 0]
    assert layer.running_var.tolist() == [1, 1]
    assert layer.num_batches_tracked == 0


def test_instances_average_their_statistics():
    layer, a = nn.InstanceNorm1d(2, track_running_stats=True, momentum=1.0, dtype=np.float64), x(3, 2, 7)
    layer(a)
    np.testing.assert_allclose(layer.running_mean, a.mean((0, 2)), rtol=1e-13)
    np.testing.assert_allclose(layer.running_var, a.var(2, ddof=1).mean(0), rtol=1e-13)


def test_a_layer_without_running_statistics_uses_those_of_the_batch():
    layer = nn.BatchNorm1d(2, affine=False, track_running_stats=False).eval()
    assert list(layer.state_dict()) == []
    np.testing.assert_allclose(layer(x(6, 2)), by_hand(x(6, 2), 0), rtol=1e-12)


def test_the_state_has_pytorchs_names_and_comes_back():
    layer = nn.BatchNorm2d(3)
    layer(x(2, 3, 4, 4, dtype=np.float32))
    state = layer.state_dict()
    assert list(state) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    other = nn.BatchNorm2d(3)
    other.load_state_dict(state)
    a = x(2, 3, 4, 4, dtype=np.float32)
    np.testing.assert_array_equal(other.eval()(a).data, layer.eval()(a).data)
    assert other.num_batches_tracked == 1
    assert [nn.BatchNorm1d(2, bias=False).bias, nn.BatchNorm1d(2, affine=False).weight] == [None, None]


def test_what_an_evaluation_saved_is_not_changed_by_a_later_batch():
    layer, a = nn.BatchNorm1d(2, dtype=np.float64), ag.Tensor(x(4, 2), requires_grad=True)
    layer.running_var[...] = 4
    out = layer.eval()(a)
    layer.train()(10 * x(4, 2))
    out.sum().backward()
    np.testing.assert_allclose(a.grad.data, np.full((4, 2), 1 / np.sqrt(4 + 1e-5)), rtol=1e-14)


# --- numbers that are hard ---


@pytest.mark.parametrize("shape", [(64, 3, 8, 8), (40, 3), (5000, 1), (64, 3, 20, 20), (9, 20, 700)])
@pytest.mark.parametrize("spread", [1.0, 0.01])
def test_a_large_mean_costs_no_digits(shape, spread):
    """What is left of float32 numbers near 1e4 is standardized to the last digits, as if computed in float64."""
    a = (1e4 + spread * np.random.default_rng(0).normal(size=shape)).astype(np.float32)
    axes = (0, *range(2, len(shape)))
    out = ag.standardize(a, axes, eps=1e-5)
    # results up to 5, of a few float32 operations on deviations, which are exact: 1e-6 each
    np.testing.assert_allclose(out, by_hand(a.astype(np.float64), axes), rtol=0, atol=1e-5)


def test_halves_do_not_overflow_in_sums():
    a = (200 + 30 * np.random.default_rng(0).normal(size=(500, 2))).astype(np.float16)
    out = functional.batch_norm(a, None, None, training=True)
    assert out.dtype == np.float16
    np.testing.assert_allclose(out, by_hand(a.astype(np.float64), 0), atol=2e-3)  # halves up to 4 are 2**-9 apart


@pytest.mark.parametrize("eps", [0.0, 1e-5])
def test_constant_channels_have_finite_gradients(eps):
    """Without eps a deviation of 0 is divided by 0: the result and the gradient are 0, to second order."""
    a = ag.Tensor(np.array([[2.0, 1.0], [2.0, 5.0], [2.0, 3.0]]), requires_grad=True)
    out = functional.batch_norm(a, None, None, training=True, eps=eps)
    assert out[:, 0].tolist() == [0, 0, 0]
    (first,) = ag.gradients((out**3).sum(), [a], create_graph=True)
    (second,) = ag.gradients((first**2).sum(), [a])
    assert first[:, 0].tolist() == second[:, 0].tolist() == [0, 0, 0]
    assert np.isfinite(second.data).all()
    g = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    functional.batch_norm(a, None, None, training=True, eps=eps).backward(g)
    slope = (g[:, 0] - 1 / 3) / np.sqrt(eps) if eps else np.zeros(3)
    np.testing.assert_allclose(a.grad.data[:, 0], slope, rtol=1e-13)


def test_a_nan_stays_in_its_channel():
    a = x(4, 3)
    a[1, 2] = np.nan
    out = nn.BatchNorm1d(3)(a)
    assert np.isnan(out.data).all(0).tolist() == [False, False, True]


def pulled_by_hand(a, g, axes, eps=1e-5):
    """g less what would move the mean or the variance, over the deviation."""
    out, spread = by_hand(a, axes, eps), np.sqrt(a.var(axes, keepdims=True) + eps)
    return (g - g.mean(axes, keepdims=True) - out * (g * out).mean(axes, keepdims=True)) / spread


@pytest.mark.parametrize("shape", [(6, 3, 4, 5), (16, 7, 20, 21)], ids=["small", "in-blocks"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 3, 0), (0, 2, 3, 1), (3, 2, 1, 0)])
def test_the_order_in_memory_changes_nothing_and_is_kept(shape, order):
    a, g = (np.ascontiguousarray(v.transpose(order)).transpose(np.argsort(order)) for v in (x(*shape), x(*shape) ** 2))
    for axes in ((0, 2, 3), (1, 3), (0, 1, 2, 3)):
        out, pull = ag.vjp(lambda a, axes=axes: ag.standardize(a, axes), a)
        # float64: sums of up to 47,040 in another order
        np.testing.assert_allclose(out, by_hand(a, axes), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(pull(g)[0], pulled_by_hand(a, g, axes), rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(pull(x(*shape) ** 2)[0], pulled_by_hand(a, g, axes), rtol=1e-10, atol=1e-11)
        assert ag.standardize(a, axes).strides == a.strides


@pytest.mark.parametrize("shape", [(3, 2, 300_000), (400, 2, 1500), (9, 2, 7), (70_000, 2)])
def test_pieces_of_large_arrays_fit_together(shape):
    """Rows that are longer than a block, many rows in a block, and a last block that is shorter than the others."""
    a, g = x(*shape), x(*shape) ** 2
    for axes in ((0, *range(2, len(shape))), -1):
        moments = np.empty((2, *np.mean(a, axes).shape))
        out, pull = ag.vjp(lambda a, axes=axes, moments=moments: ag.standardize(a, axes, moments=moments), a)
        np.testing.assert_allclose(out, by_hand(a, axes), rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(pull(g)[0], pulled_by_hand(a, g, axes), rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(moments, [a.mean(axes), a.var(axes)], rtol=1e-11)


@pytest.mark.parametrize("shape", [(6, 4, 5, 2), (16, 8, 20, 21)], ids=["small", "in-blocks"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 3, 0), (0, 2, 3, 1)])
@pytest.mark.parametrize("axes", [(0, 2, 3), (3,), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("along", [(1,), (3,), (1, 3), (0, 1, 2, 3), ()])
def test_weight_and_bias_are_part_of_the_pass(shape, order, axes, along, monkeypatch):
    """Whatever axes they have, and however rows are cut, they act as written out, and so do all three derivatives."""
    monkeypatch.setattr(standardization_kernels, "_BLOCK", 1 << 12)
    rng = np.random.default_rng(0)
    a, g = (np.ascontiguousarray(v.transpose(order)).transpose(np.argsort(order)) for v in (x(*shape), x(*shape) ** 2))
    weight, bias = rng.normal(size=(2, *(n if i in along else 1 for i, n in enumerate(shape))))
    out, pull = ag.vjp(lambda a, w, b: ag.standardize_affine(a, w, b, axes), a, weight, bias)
    gone = tuple(i for i in range(4) if i not in along)
    normal = by_hand(a, axes)
    by_x, by_weight, by_bias = pull(g)
    # float64: sums of up to 53,760 in another order
    np.testing.assert_allclose(out, normal * weight + bias, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(by_x, pulled_by_hand(a, g * weight, axes), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(by_weight, (g * normal).sum(gone, keepdims=True), rtol=1e-10, atol=1e-8)
    np.testing.assert_allclose(by_bias, g.sum(gone, keepdims=True), rtol=1e-11)


@pytest.mark.parametrize("count", [7, 70_000])
def test_a_weight_of_a_wider_type_widens_the_result(count):
    a, weight = x(count, 3, dtype=np.float32), np.array([1 / 3, 1.0, 2.0])
    out, pull = ag.vjp(lambda a, w: ag.standardize_affine(a, w, None, 0), a, weight)
    np.testing.assert_allclose(out, by_hand(a.astype(np.float64), 0) * weight, rtol=1e-10, atol=1e-11)
    by_x, by_weight = pull(out)
    assert (by_x.dtype, by_weight.dtype) == (np.float32, np.float64)
    normal = by_hand(a.astype(np.float64), 0)
    np.testing.assert_allclose(by_weight, (out * normal).sum(0), rtol=1e-10)


# --- edges, and what is refused ---


def test_examples_alone_and_empty_batches():
    a = x(3, 4, 5)
    np.testing.assert_array_equal(nn.InstanceNorm2d(3)(a), nn.InstanceNorm2d(3)(a[None])[0])
    for layer, shape in [(nn.InstanceNorm1d(3), (0, 3, 5)), (nn.GroupNorm(1, 3), (0, 3, 5)), (nn.LayerNorm(5), (0, 5))]:
        assert layer(np.ones(shape, np.float32)).shape == shape
    layer = nn.BatchNorm1d(3)
    assert layer(np.ones((0, 3, 2), np.float32)).shape == (0, 3, 2)
    assert layer.running_mean.tolist() == [0, 0, 0]
    assert nn.BatchNorm1d(3).eval()(np.ones((0, 3), np.float32)).shape == (0, 3)


def test_a_batch_that_is_refused_does_not_count():
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ag.ShapeError, match=r"more than one number for each channel, got x \(1, 3\); use a larger"):
        layer(x(1, 3))
    assert layer.num_batches_tracked == 0
    assert layer.running_mean.tolist() == [0, 0, 0]
    layer.eval()(x(1, 3))


def test_layers_show_their_options():
    shown = "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"
    assert repr(nn.BatchNorm2d(3)) == shown
    assert repr(nn.LayerNorm(3)) == "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)"
    assert repr(nn.GroupNorm(2, 4, dtype=np.float64)).endswith("bias=True, dtype='float64')")


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: nn.BatchNorm1d(0), ag.OptionError, "BatchNorm1d: num_features must be a positive whole number"),
        (lambda: nn.BatchNorm1d(2, eps=-1), ag.OptionError, "BatchNorm1d: eps must not be negative, got -1"),
        (lambda: nn.BatchNorm1d(2, momentum=1.5), ag.OptionError, "momentum is a share from 0 to 1, or None"),
        (lambda: nn.BatchNorm1d(2, dtype=int), ag.DTypeError, "parameters need floating point numbers"),
        (lambda: nn.BatchNorm2d(2)(x(3, 2)), ag.ShapeError, "BatchNorm2d: x must have 4 axes, got shape (3, 2)"),
        (lambda: nn.BatchNorm1d(2)(x(3, 4)), ag.ShapeError, "BatchNorm1d: x (3, 4) has 4 channels, not 2"),
        (lambda: nn.InstanceNorm1d(2)(x(3, 2, 1)), ag.ShapeError, "more than one number in each channel"),
        (lambda: nn.InstanceNorm1d(2)(x(3, 4, 5)), ag.ShapeError, "x (3, 4, 5) has 4 channels, not 2"),
        (lambda: nn.LayerNorm([4, 5])(x(3, 5)), ag.ShapeError, "layer_norm: x must have shape (..., 4, 5), got (3, 5)"),
        (lambda: nn.LayerNorm([]), ag.OptionError, "normalized_shape needs at least one axis"),
        (lambda: nn.GroupNorm(3, 4), ag.OptionError, "num_groups=3 must divide num_channels=4"),
        (lambda: nn.GroupNorm(2, 4)(x(3, 6)), ag.ShapeError, "GroupNorm: x must be (batch, 4, ...), got shape (3, 6)"),
        (lambda: nn.GroupNorm(4, 4)(x(3, 4)), ag.ShapeError, "a group needs more than one number"),
        (lambda: functional.batch_norm(x(3, 4), None, None), ag.OptionError, "are needed where training=False"),
        (lambda: functional.instance_norm(x(3, 4, 2), use_input_stats=False), ag.OptionError, "are needed where"),
        (lambda: nn.LocalResponseNorm(2)(x(3, 4)), ag.ShapeError, "local_response_norm: x must be (batch, channels, n"),
    ],
)
def test_what_means_nothing_is_refused(make, error, said):
    with pytest.raises(error, match=re.escape(said)):
        make()


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(3), nn.BatchNorm1d(3, affine=False), nn.InstanceNorm1d(3)])
def test_another_number_of_channels_is_named(layer):
    with pytest.raises(ag.ShapeError, match=rf"{type(layer).__name__}: x \(2, 4, 5\) has 4 channels, not 3"):
        layer(np.ones((2, 4, 5), np.float32))
