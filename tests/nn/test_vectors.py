"""All parameters as one vector, and several linear layers as one."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.vectors import count_parameters, parameters_to_vector, vector_to_parameters


def test_a_vector_has_all_parameters_in_order_and_gives_them_back():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    vector = parameters_to_vector(net.parameters())
    np.testing.assert_array_equal(vector.data, np.concatenate([p.data.ravel() for p in net.parameters()]))
    before, held = net.state_dict(), [*net.parameters()]
    vector_to_parameters(vector * 2, net.parameters())
    assert all(a is b for a, b in zip(held, net.parameters(), strict=True))
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, 2 * before[name])
    assert all(p.is_leaf and p.requires_grad and p.dtype == np.float32 for p in held)


def test_gradients_flow_through_the_vector():
    layer = nn.Linear(2, 1, rng=0)
    (parameters_to_vector(layer.parameters()) ** 2).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.numpy(), 2 * layer.weight.data)
    np.testing.assert_array_equal(layer.bias.grad.numpy(), 2 * layer.bias.data)


def test_vectors_that_do_not_fit_are_refused_and_change_nothing():
    layer = nn.Linear(2, 1)
    before = layer.state_dict()
    with pytest.raises(
        ag.ShapeError, match=r"2 parameters have 3 elements, and need a vector \(3,\); got shape \(4,\)"
    ):
        vector_to_parameters(np.ones(4), layer.parameters())
    with pytest.raises(ag.ShapeError, match=r"got shape \(3, 1\)"):
        vector_to_parameters(np.ones((3, 1)), layer.parameters())
    with pytest.raises(ag.OptionError, match=r"got a module; pass its \.parameters\(\)"):
        parameters_to_vector(layer)
    with pytest.raises(ag.OptionError, match="there are no parameters"):
        vector_to_parameters(np.ones(0), [])
    np.testing.assert_array_equal(layer.weight.data, before["weight"])


def test_counting():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3))
    net[1].bias = net[0].bias
    net[0].weight.requires_grad = False
    assert count_parameters(net) == 6 + 3 + 9
    assert count_parameters(net, trainable=True) == 3 + 9
    with pytest.raises(ag.OptionError, match=r"expects an nn\.Module, got generator"):
        count_parameters(net.parameters())


@pytest.mark.parametrize(
    "biases", [(True, True, True), (False, False, False), (True, False, False), (False, True, False)]
)
def test_linear_layers_without_anything_between_are_one_linear_layer(biases):
    widths = [3, 50, 20, 2]
    deep = nn.Sequential(
        *(
            nn.Linear(n, m, bias, rng=i, dtype=np.float64)
            for i, (n, m, bias) in enumerate(zip(widths, widths[1:], biases, strict=False))
        )
    )
    shallow = nn.collapse(deep)
    x = np.random.default_rng(0).normal(size=(7, 3))
    np.testing.assert_allclose(shallow(x).data, deep(x).data, rtol=1e-12, atol=1e-12)  # sums of 50 in another order
    assert (shallow.weight.shape, shallow.bias is not None) == ((2, 3), any(biases))


def test_one_layer_collapses_to_a_copy_and_others_are_refused():
    layer = nn.Linear(2, 2, rng=0)
    assert nn.collapse([layer]).weight is not layer.weight
    np.testing.assert_array_equal(nn.collapse([layer]).weight.data, layer.weight.data)
    with pytest.raises(ag.OptionError, match=r"only Linear layers.*got ReLU\(\)"):
        nn.collapse(nn.Sequential(layer, nn.ReLU()))
    with pytest.raises(ag.OptionError, match="one at least, compose to one; got None"):
        nn.collapse([])
    with pytest.raises(ag.OptionError, match="does not take what"):
        nn.collapse([layer, nn.Linear(3, 1)])


def test_bilinear_is_linear_in_each_input():
    layer = nn.Bilinear(2, 3, 4, rng=0, dtype=np.float64)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
    expected = np.einsum("ni,kij,nj->nk", a, layer.weight.data, b) + layer.bias.data
    np.testing.assert_allclose(layer(a, b).data, expected, rtol=1e-13, atol=1e-13)  # sums of 6 in another order
    with pytest.raises(ag.ShapeError, match=r"whose lengths are those of weight; got input1 \(5, 3\)"):
        layer(b, a)
    with pytest.raises(ag.ShapeError, match="the inputs must be alike but for the last axes"):
        layer(a[:1], b)
    with pytest.raises(ag.ShapeError, match=r"input1 \(\.\.\., n\), input2 \(\.\.\., m\)"):
        layer(a[0], b)
    with pytest.raises(ag.ShapeError, match=r"bias must be \(4,\), got \(1,\)"):
        nn.functional.bilinear(a, b, layer.weight, np.ones(1))
