"""Layers compute their formulas, their gradients are those of finite differences, and they start where PyTorch's do."""

import gc
import math
import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
import nn

RNG = 7
F64 = {"dtype": np.float64, "rng": RNG}


def x(*shape, dtype=np.float64):
    """Numbers with no two alike and none near 0, where kinks would be."""
    size = math.prod(shape)
    values = np.random.default_rng(1).permutation(np.concatenate([np.arange(1, size + 1), -np.arange(1, size + 1)]))
    return (values[:size] / size).reshape(shape).astype(dtype)


# --- formulas ---


def test_linear_is_the_affine_map():
    layer = nn.Linear(3, 2, **F64)
    a = x(4, 5, 3)
    expected = np.einsum("nti,oi->nto", a, layer.weight.data) + layer.bias.data
    np.testing.assert_allclose(layer(a).data, expected, rtol=1e-14)  # sums of 3 in float64
    without = nn.Linear(3, 2, bias=False, **F64)
    assert without.bias is None
    np.testing.assert_allclose(without(a).data, a @ without.weight.data.T, rtol=1e-14)


@pytest.mark.parametrize(
    ("layer", "formula"),
    [
        (nn.ReLU(), lambda a: np.where(a > 0, a, 0)),
        (nn.Sigmoid(), lambda a: 1 / (1 + np.exp(-a))),
        (nn.Tanh(), np.tanh),
        (nn.Softplus(), lambda a: np.log(1 + np.exp(a))),
        (nn.Softmax(dim=1), lambda a: np.exp(a) / np.exp(a).sum(1, keepdims=True)),
        (nn.LogSoftmax(dim=0), lambda a: a - np.log(np.exp(a).sum(0, keepdims=True))),
        (nn.Identity(), lambda a: a),
    ],
    ids=repr,
)
def test_layers_without_parameters(layer, formula):
    a = 3 * x(3, 2, 4)
    np.testing.assert_allclose(layer(a), formula(a), rtol=1e-14, atol=1e-15)  # a few roundings
    assert isinstance(layer(ag.Tensor(a)), ag.Tensor)


def test_mlp_is_linear_layers_with_activations_between():
    net = nn.MLP([3, 5, 4, 2], activation=nn.Tanh, rng=0)
    assert [type(m) for m in net] == [nn.Linear, nn.Tanh] * 2 + [nn.Linear]
    assert [p.shape for p in net.parameters()] == [(5, 3), (5,), (4, 5), (4,), (2, 4), (2,)]
    assert [type(m) for m in nn.MLP([3, 5, 2], "sigmoid")][1] is nn.Sigmoid
    with pytest.raises(ag.OptionError, match="one of relu, sigmoid, softplus, tanh; got 'gelu'"):
        nn.MLP([3, 5, 2], "gelu")
    with pytest.raises(ag.OptionError, match=r"got ReLU\(\)"):
        nn.MLP([3, 5, 2], nn.ReLU())
    with pytest.raises(ag.OptionError, match="input, the hidden layers and the output"):
        nn.MLP([3])


# --- gradients ---


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.MLP([4, 5, 3], nn.Tanh, **F64), (6, 4)),
        (
            nn.Sequential(nn.Linear(3, 4, **F64), nn.Softplus(), nn.Linear(4, 3, bias=False, **F64), nn.LogSoftmax()),
            (2, 3),
        ),
        (
            nn.Sequential(
                nn.Conv2d(2, 4, 3, padding=1, groups=2, **F64),
                nn.Sigmoid(),
                nn.MaxPool2d(2),
                nn.Conv2d(4, 3, 2, stride=2, padding="valid", **F64),
                nn.Tanh(),
                nn.AvgPool2d((1, 2), 1),
                nn.Flatten(),
                nn.Linear(12, 2, **F64),
                nn.Softmax(),
            ),
            (2, 2, 8, 12),
        ),
        (
            nn.Sequential(
                nn.Conv1d(2, 3, 4, padding="same", dilation=2, **F64),
                nn.ReLU(),
                nn.AvgPool1d(3, 2, 1),
                nn.Conv1d(3, 1, 2, stride=2, **F64),
                nn.MaxPool1d(2, 1),
            ),
            (2, 2, 9),
        ),
        (nn.Conv3d(1, 2, (2, 1, 3), padding="same", **F64), (1, 1, 3, 2, 4)),
    ],
    ids=["mlp", "log-softmax", "cnn", "conv1d", "conv3d"],
)
def test_gradients_are_those_of_finite_differences(module, shape):
    report = ag.gradcheck(module, x(*shape), order=2, samples=40)
    assert report.labels[1:] == tuple(name for name, _ in module.named_parameters())
    assert not report.kinks


# --- options that are refused ---


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Linear(0, 2), "Linear: in_features must be a positive whole number"),
        (lambda: nn.Linear(2, 2.5), "Linear: out_features must be a positive whole number"),
        (lambda: nn.Linear(2, 2, rng="seed"), "Linear: rng must be a seed"),
    ],
)
def test_options_that_mean_nothing_are_refused(make, words):
    with pytest.raises(ag.OptionError, match=words):
        make()


def test_parameters_cannot_be_integers():
    with pytest.raises(ag.DTypeError, match="parameters need floating point numbers, got dtype int64"):
        nn.Linear(2, 2, dtype=np.int64)


# --- where layers start ---


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Linear(400, 300, rng=RNG), 400),
        (nn.Conv1d(32, 40, 5, groups=4, rng=RNG), 40),
        (nn.Conv2d(16, 64, 3, rng=RNG), 144),
        (nn.Conv3d(4, 64, (3, 3, 2), rng=RNG), 72),
    ],
    ids=["linear", "conv1d", "conv2d", "conv3d"],
)
def test_layers_start_uniform_within_one_over_root_fan_in(layer, fan_in):
    """As torch.nn.Linear.reset_parameters and torch.nn.modules.conv._ConvNd.reset_parameters in PyTorch 2.13."""
    bound = 1 / math.sqrt(fan_in)
    for p in layer.parameters():
        largest = abs(p.data).max()
        # of n uniform numbers the largest lies below a share q of the bound with probability q**n
        assert bound * 1e-6 ** (1 / p.size) < largest <= bound * (1 + 1e-6)
        assert abs(p.data.mean()) < 5 * bound / math.sqrt(3 * p.size)  # five standard deviations
        assert p.dtype == np.float32


def test_a_seed_gives_the_same_layer_and_a_generator_draws_on():
    np.testing.assert_array_equal(nn.Linear(3, 2, rng=5).weight.data, nn.Linear(3, 2, rng=5).weight.data)
    rng = np.random.default_rng(5)
    first, second = nn.Linear(3, 2, rng=rng), nn.Linear(3, 2, rng=rng)
    np.testing.assert_array_equal(first.weight.data, nn.Linear(3, 2, rng=5).weight.data)
    assert (first.weight.data != second.weight.data).all()
    assert (nn.Linear(3, 2).weight.data != nn.Linear(3, 2).weight.data).all()


def test_precision_changes_the_numbers_only_by_rounding():
    single, double = nn.Conv2d(2, 3, 3, rng=5), nn.Conv2d(2, 3, 3, rng=5, dtype=np.float64)
    np.testing.assert_array_equal(single.weight.data, double.weight.data.astype(np.float32))


def test_a_convolutional_network_trains_without_growing():
    """With the garbage collector off, 500 steps keep less than 64 KiB: every graph is freed by reference counting."""
    net = nn.Sequential(nn.Conv2d(1, 4, 3, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3, rng=1))
    optimizer, loss = nn.optim.Adam(net.parameters()), nn.CrossEntropyLoss()
    x, y = np.random.default_rng(0).normal(size=(8, 1, 6, 6)).astype(np.float32), np.arange(8) % 3

    def step():
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()

    def kept(steps):
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(steps):
            step()
        return tracemalloc.get_traced_memory()[0] - before

    while gc.collect():  # what other tests left, Matplotlib's figures for instance, can take several rounds
        pass
    gc.disable()
    tracemalloc.start()
    try:
        kept(20)  # what is made once
        assert kept(500) < 64 * 1024
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()
