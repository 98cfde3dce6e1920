"""Monitoring: norms are those of NumPy, outputs those of the layers, and the units that are dead are the dead ones."""

import numpy as np
import pytest

import autograd_core as ag
from nn import MLP, Conv2d, Dropout, Linear, Module, ReLU, Sequential, Sigmoid, Softplus, Tanh, functional, optim
from nn.data import TensorDataset
from nn.monitor import GradientNorms, dead_units, layer_outputs
from nn.train import fit

X = np.random.default_rng(0).standard_normal((32, 2)).astype(np.float32)


def backward(model):
    model.zero_grad()
    functional.mse_loss(model(X), np.zeros((32, 1), np.float32)).backward()


def test_the_norm_of_a_layer_is_that_of_all_its_own_gradients():
    model = MLP([2, 8, 1], rng=0)
    norms = GradientNorms(model)
    backward(model)
    norms.record()
    assert norms.layers == ["0", "2"], "what has no parameters of its own has no norm"
    for path, layer in (("0", model[0]), ("2", model[2])):
        both = np.concatenate([layer.weight.grad.numpy().ravel(), layer.bias.grad.numpy()])
        # float32 gradients, squared and summed in float64: the last digits of float32 stay
        assert norms.norms[path] == [pytest.approx(float(np.linalg.norm(both.astype(np.float64))), rel=1e-12)]


def test_what_has_no_gradient_is_none_and_what_is_zero_is_zero():
    model = MLP([2, 8, 1], rng=0)
    norms = GradientNorms(model)
    norms.record()
    backward(model)
    for parameter in model[0].parameters():
        parameter.grad = ag.zeros(parameter.shape, dtype=np.float32)
    norms.record()
    assert norms.norms["0"] == [None, 0.0]
    assert norms.norms["2"][0] is None
    assert norms.norms["2"][1] > 0


def test_gradients_whose_squares_overflow_have_a_norm():
    model = Sequential(Linear(1, 1, bias=False, rng=0))
    norms = GradientNorms(model)
    model[0].weight.grad = ag.tensor(np.full((1, 1), 1e30, np.float32))
    norms.record()
    assert norms.norms["0"] == [pytest.approx(1e30, rel=1e-6)]  # the rounding of float32


def test_as_a_callback_it_records_each_epoch():
    model = MLP([2, 8, 1], rng=0)
    norms = GradientNorms(model)
    data = TensorDataset(X, X[:, :1])
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    fit(model, data, epochs=3, optimizer=optimizer, loss=functional.mse_loss, progress=False, callbacks=[norms])
    assert norms.at == [1, 2, 3]
    assert norms.unit == "epoch"
    assert all(norm > 0 for path in norms.layers for norm in norms.norms[path])


def test_what_has_no_parameters_is_refused():
    with pytest.raises(ag.OptionError, match="ReLU has no parameters"):
        GradientNorms(ReLU())
    with pytest.raises(ag.OptionError, match=r"expects an nn\.Module, got int"):
        GradientNorms(3)


def test_outputs_are_those_of_the_layers_in_evaluation_mode():
    model = Sequential(Linear(2, 4, rng=0), Dropout(0.9, rng=0), Sequential(Tanh()))
    outputs = layer_outputs(model, X)
    assert [out.label for out in outputs] == ["0 Linear", "1 Dropout", "2.0 Tanh"]
    straight = X @ model[0].weight.detach().numpy().T + model[0].bias.detach().numpy()
    for out, expected in zip(outputs, (straight, straight, np.tanh(straight)), strict=True):
        # a matrix product of two terms in float32
        assert np.allclose(out.values, expected, rtol=1e-5, atol=1e-6)
    assert model.training
    assert model[1].training


def test_layers_are_found_by_path_and_as_modules():
    model = Sequential(Linear(2, 4, rng=0), Sequential(ReLU()))
    by_path, by_module = layer_outputs(model, X, ["1.0"]), layer_outputs(model, X, [model[1][0]])
    assert np.array_equal(by_path[0].values, by_module[0].values)
    assert layer_outputs(model, X, [""])[0].label == "Sequential"
    assert [out.path for one in ("1.0", model[1], "") for out in layer_outputs(model, X, one)] == ["1.0", "1", ""]


def test_a_layer_that_is_used_twice_is_there_twice():
    class Again(Module):
        def __init__(self):
            super().__init__()
            self.linear, self.relu = Linear(2, 2, rng=0), ReLU()

        def forward(self, x):
            return self.relu(self.linear(self.relu(x)))

    labels = [out.label for out in layer_outputs(Again(), X)]
    assert labels == ["relu ReLU", "linear Linear", "relu (2nd call) ReLU"]
    assert len(dead_units(Again(), X)) == 2


def test_layers_that_are_not_there_are_told_with_those_that_are():
    model = Sequential(Linear(2, 4, rng=0), ReLU())
    with pytest.raises(ag.OptionError, match=r"no layer '7'; there is '0' \(Linear\), '1' \(ReLU\)"):
        layer_outputs(model, X, ["7"])
    with pytest.raises(ag.OptionError, match="no layer Tanh; there is"):
        layer_outputs(model, X, [Tanh()])
    with pytest.raises(ag.OptionError, match=r"model must be an nn\.Module, got int"):
        layer_outputs(3, X)


def test_a_layer_that_the_input_does_not_come_through_is_told():
    class Idle(Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = ReLU(), Tanh()

        def forward(self, x):
            return self.used(x)

    with pytest.raises(ag.OptionError, match="'idle' was not called for this input"):
        layer_outputs(Idle(), X, ["used", "idle"])


def test_a_layer_that_gives_no_array_is_told():
    class Pair(Module):
        def forward(self, x):
            return x, x

    with pytest.raises(ag.DataError, match=r"the model \(Pair\) gives tuple, and only arrays can be looked at"):
        layer_outputs(Pair(), X)


def put(layer, weight, bias):
    with ag.no_grad():
        layer.weight[...] = np.asarray(weight, np.float32)
        layer.bias[...] = np.asarray(bias, np.float32)
    return layer


def test_the_dead_units_of_a_hand_made_network_are_known():
    """For inputs in [0, 1]: x lives, -x - 0.1 is never above 0, x - 2 neither, 1 - x lives, 0 is 0."""
    first = put(Linear(1, 5, rng=0), [[1], [-1], [1], [-1], [0]], [0, -0.1, -2, 1, 0])
    # of (a, b) = (x, 1 - x) only the sum and what is below 0 are used
    second = put(Linear(5, 2, rng=0), [[1, 0, 0, 1, 0], [-1, 0, 0, -1, 0]], [0, 0])
    x = np.linspace(0, 1, 11, dtype=np.float32)[:, None]
    one, two = dead_units(Sequential(first, ReLU(), second, ReLU()), x)
    assert one.dead.tolist() == [False, True, True, False, True]
    assert two.dead.tolist() == [False, True]
    assert (one.count, str(one)) == (3, "1 ReLU: 3 of 5 dead")


def test_one_input_that_wakes_a_unit_is_enough():
    layer = put(Linear(1, 1, rng=0), [[1]], [-1])
    asleep, awake = np.full((100, 1), 0.5, np.float32), np.full((100, 1), 0.5, np.float32)
    awake[37] = 1.5
    model = Sequential(layer, ReLU())
    assert dead_units(model, asleep)[0].count == 1
    assert dead_units(model, awake)[0].count == 0


@pytest.mark.parametrize(
    ("activation", "flat", "live"), [(Sigmoid(), (8, -8), 2.0), (Tanh(), (4, -4), 1.0), (Softplus(), (-8,), 0.0)]
)
def test_a_saturated_unit_is_one_whose_slope_is_small_for_every_input(activation, flat, live):
    """The slopes are those of central differences, beside the largest slope that the function has."""
    inputs, h = np.array([*flat, live], np.float64), 1e-5
    slopes = (activation(inputs + h) - activation(inputs - h)) / (2 * h)
    grid = np.linspace(-20, 20, 4001)
    largest = float(np.max((activation(grid + h) - activation(grid - h)) / (2 * h)))
    found = dead_units(Sequential(activation), inputs[None].astype(np.float32))[0]
    assert found.kind == "saturated"
    assert found.dead.tolist() == (slopes < 0.01 * largest).tolist() == [True] * len(flat) + [False]


def test_a_channel_is_one_unit_at_all_positions():
    layer = put(Conv2d(1, 3, 1, rng=0), [[[[1]]], [[[-1]]], [[[1]]]], [0, 0, -0.95])
    images = np.random.default_rng(0).random((4, 1, 5, 5), dtype=np.float32)
    images[2, 0, 3, 3] = 0.99
    assert dead_units(Sequential(layer, ReLU()), images)[0].dead.tolist() == [False, True, False]


def test_a_nan_is_another_illness():
    model = Sequential(ReLU())
    assert dead_units(model, np.array([[np.nan, -1.0]], np.float32))[0].dead.tolist() == [False, True]


def test_units_along_another_axis_and_an_axis_that_is_not_there():
    x = np.ones((4, 6, 3), np.float32) * np.array([1, -1, 1], np.float32)
    assert dead_units(Sequential(ReLU()), x, axis=-1)[0].dead.tolist() == [False, True, False]
    with pytest.raises(ag.OptionError, match=r"output of 0 ReLU is \(4, 6, 3\) and has no axis 3"):
        dead_units(Sequential(ReLU()), x, axis=3)
