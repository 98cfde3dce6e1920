"""Lazy layers become the usual ones at their first call; before it, what needs a value is refused in words."""

import copy
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn


def ones(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("lazy", "usual", "shape"),
    [
        (lambda: nn.LazyLinear(4, rng=3), lambda: nn.Linear(5, 4, rng=3), (2, 5)),
        (lambda: nn.LazyLinear(4, rng=3, dtype=float), lambda: nn.Linear(5, 4, rng=3, dtype=float), (2, 5)),
        (
            lambda: nn.LazyLinear(4, rng=np.random.default_rng(3)),
            lambda: nn.Linear(5, 4, rng=np.random.default_rng(3)),
            (2, 5),
        ),
        (lambda: nn.LazyLinear(4, False, rng=3), lambda: nn.Linear(5, 4, False, rng=3), (5,)),
        (lambda: nn.LazyConv1d(4, 3, 2, rng=3), lambda: nn.Conv1d(2, 4, 3, 2, rng=3), (1, 2, 8)),
        (lambda: nn.LazyConv2d(4, 3, groups=2, rng=3), lambda: nn.Conv2d(6, 4, 3, groups=2, rng=3), (1, 6, 5, 5)),
        (
            lambda: nn.LazyConv3d(4, 2, bias=False, rng=3),
            lambda: nn.Conv3d(2, 4, 2, bias=False, rng=3),
            (1, 2, 3, 3, 3),
        ),
        (lambda: nn.LazyConvTranspose1d(4, 3, 2, rng=3), lambda: nn.ConvTranspose1d(2, 4, 3, 2, rng=3), (1, 2, 8)),
        (
            lambda: nn.LazyConvTranspose2d(4, 3, groups=2, rng=3),
            lambda: nn.ConvTranspose2d(6, 4, 3, groups=2, rng=3),
            (6, 5, 5),
        ),
        (
            lambda: nn.LazyConvTranspose3d(4, 2, rng=3, dtype=float),
            lambda: nn.ConvTranspose3d(1, 4, 2, rng=3, dtype=float),
            (1, 1, 2, 2, 2),
        ),
        (lambda: nn.LazyBatchNorm1d(0.1), lambda: nn.BatchNorm1d(3, 0.1), (4, 3)),
        (lambda: nn.LazyBatchNorm2d(momentum=None), lambda: nn.BatchNorm2d(3, momentum=None), (2, 3, 2, 2)),
        (lambda: nn.LazyBatchNorm3d(dtype=float), lambda: nn.BatchNorm3d(3, dtype=float), (2, 3, 1, 2, 2)),
        (lambda: nn.LazyInstanceNorm1d(), lambda: nn.InstanceNorm1d(3, 1e-5, 0.1, True, True), (3, 5)),
        (
            lambda: nn.LazyInstanceNorm2d(0.1, 0.3, True, True, bias=False),
            lambda: nn.InstanceNorm2d(3, 0.1, 0.3, True, True, bias=False),
            (2, 3, 2, 2),
        ),
        (
            lambda: nn.LazyInstanceNorm3d(0.1, None, True, False),
            lambda: nn.InstanceNorm3d(3, 0.1, None, True),
            (1, 3, 2, 2, 2),
        ),
    ],
)
def test_after_the_first_call_it_is_the_usual_layer(lazy, usual, shape):
    layer, other = lazy(), usual()
    assert isinstance(layer, type(other))
    held = [*layer.parameters()]
    assert [*map(repr, held)] == [f"UninitializedParameter(name={p.name!r})" for p in held]
    np.testing.assert_array_equal(layer(ones(*shape)).data, other(ones(*shape)).data)
    assert type(layer) is type(other)
    assert repr(layer) == repr(other)
    assert vars(layer).keys() == vars(other).keys()
    assert all(a is b for a, b in zip(held, layer.parameters(), strict=True))
    assert {name: type(value) for name, value in layer.named_buffers()} == {
        name: type(value) for name, value in other.named_buffers()
    }
    for name, value in other.state_dict().items():
        np.testing.assert_array_equal(layer.state_dict()[name], value)
    assert [type(p) for p in held] == [nn.Parameter] * len(held)
    layer(ones(*shape)).sum().backward()
    assert held[0].grad is not None


def test_what_needs_a_value_is_refused_before():
    net = nn.Sequential(nn.LazyLinear(2), nn.ReLU())
    words = r"weight has no value yet .*call the model once on a batch \(and then make the optimizer\)"
    for use in (
        lambda: nn.optim.SGD(net.parameters(), lr=0.1),
        net.state_dict,
        lambda: net[0].weight.shape,
        lambda: net[0].weight + 1,
        lambda: ag.sum(net[0].weight),
    ):
        with pytest.raises(ag.GraphError, match=words):
            use()
    with pytest.raises(ag.OptionError, match=r"0.weight of Sequential has no shape before the first call"):
        nn.summary(net, (3,))
    assert net[0].weight.grad is None
    net.zero_grad()
    assert repr(net[0]) == "LazyLinear(out_features=2, bias=True)"


def test_arguments_are_checked_when_they_are_given():
    with pytest.raises(ag.OptionError, match="out_features must be a positive whole number"):
        nn.LazyLinear(0)
    with pytest.raises(ag.OptionError, match="groups must divide the channels"):
        nn.LazyConv2d(3, 3, groups=2)
    with pytest.raises(ag.ShapeError, match=r"LazyConv2d: x needs at least 3 axes, got shape \(4,\)"):
        nn.LazyConv2d(3, 3)(ones(4))
    with pytest.raises(ag.OptionError, match="groups must divide the channels"):
        nn.LazyConv2d(4, 3, groups=2)(ones(1, 5, 4, 4))


def test_freezing_types_and_sharing_are_kept_over_the_first_call():
    net = nn.Sequential(nn.LazyLinear(3), nn.LazyLinear(3))
    net[1].weight = net[0].weight
    net[0].bias.requires_grad = False
    net.double().requires_grad_(True)
    net[0].requires_grad_(False)
    net(np.ones((2, 3)))
    assert net[0].weight is net[1].weight
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float64)}
    assert [p.requires_grad for p in net.parameters()] == [False, False, True]


def test_loaded_values_stay():
    given = nn.Sequential(nn.Linear(3, 2, rng=0), nn.ReLU(), nn.Linear(2, 1, rng=1))
    lazy = nn.Sequential(nn.LazyLinear(2), nn.ReLU(), nn.LazyLinear(1))
    lazy.load_state_dict(given.state_dict())
    assert [p.shape for p in lazy.parameters()] == [p.shape for p in given.parameters()]
    np.testing.assert_array_equal(lazy(ones(4, 3)).data, given(ones(4, 3)).data)
    assert repr(lazy) == repr(given)
    with pytest.raises(ag.DataError, match="numbers of type int64 where floating point is needed"):
        nn.LazyLinear(1).load_state_dict({"weight": np.ones((1, 1), int), "bias": np.ones(1)})


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_waits_too(copied):
    layer = nn.LazyLinear(2, rng=0, dtype=np.float64)
    layer.bias.requires_grad = False
    other = copied(layer)
    np.testing.assert_array_equal(other(np.ones((1, 3))).data, layer(np.ones((1, 3))).data)
    assert other.weight is not layer.weight
    assert not other.bias.requires_grad


@pytest.mark.parametrize("affine", [True, False])
def test_running_statistics_wait_can_be_loaded_and_are_copied(affine):
    given = nn.BatchNorm1d(3, affine=affine, dtype=np.float64)
    given(np.arange(6.0).reshape(2, 3))
    lazy = nn.LazyBatchNorm1d(affine=affine, dtype=np.float64)
    with pytest.raises(ag.GraphError, match="has no value yet"):
        lazy.state_dict()
    fresh = pickle.loads(pickle.dumps(copy.deepcopy(lazy)))
    assert fresh(np.ones((2, 3))).dtype == np.float64
    lazy.load_state_dict(given.state_dict())
    for layer in (lazy, copy.deepcopy(lazy)):
        np.testing.assert_array_equal(layer.eval()(np.ones((2, 3))).tolist(), given.eval()(np.ones((2, 3))).tolist())
        assert repr(layer) == repr(given)
        assert vars(layer).keys() == vars(given).keys()
    single = nn.LazyBatchNorm1d(affine=affine, dtype=np.float64).float()
    assert single(ones(2, 3)).dtype == np.float32
    assert single.running_mean.dtype == np.float32
