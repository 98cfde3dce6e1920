"""The programs of Nielsen's book do what the book says: its rules, written out in NumPy, give the same numbers."""

import doctest

import numpy as np
import pytest
from nielsen import experiments, mnist_loader, network, network2, network3, results

import autograd_core as ag
import nn


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _batch(outputs=10, inputs=784):
    rng = np.random.default_rng(0)
    return rng.random((8, inputs), np.float32), np.eye(outputs, dtype=np.float32)[rng.integers(0, outputs, 8)]


def _backprop(net, x, y, delta_of):
    """The book's equations BP1 to BP4 in float64: gradients of all biases and weights, as means over the samples."""
    weights, biases = ([p.astype(float) for p in _arrays(group)] for group in (net.weights, net.biases))
    activations = [x.astype(float)]
    for w, b in zip(weights, biases, strict=True):
        activations.append(_sigmoid(activations[-1] @ w.T + b))
    delta = delta_of(activations[-1], y)  # BP1
    nabla_b, nabla_w = [], []
    for layer in reversed(range(len(weights))):
        nabla_b.insert(0, delta.mean(axis=0))  # BP3
        nabla_w.insert(0, delta.T @ activations[layer] / len(x))  # BP4
        a = activations[layer]
        delta = delta @ weights[layer] * a * (1 - a)  # BP2
    return nabla_b, nabla_w


def _arrays(parameters):
    return [p.detach().numpy().copy() for p in parameters]


def _assert_alike(found, wanted):
    # float32 has 7 digits, and 784 rounded products are added up
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_step_of_the_first_program_is_the_books():
    net, eta, (x, y) = network.Network([784, 30, 10], rng=0), 3.0, _batch()
    nabla_b, nabla_w = _backprop(net, x, y, lambda a, y: (a - y) * a * (1 - a))
    biases, weights = _arrays(net.biases), _arrays(net.weights)
    net.update_mini_batch(x, y, nn.optim.SGD(net.parameters(), lr=eta))
    _assert_alike(_arrays(net.biases), [b - eta * nb for b, nb in zip(biases, nabla_b, strict=True)])
    _assert_alike(_arrays(net.weights), [w - eta * nw for w, nw in zip(weights, nabla_w, strict=True)])


@pytest.mark.parametrize(
    ("cost", "delta_of"),
    [
        (network2.QuadraticCost, lambda a, y: (a - y) * a * (1 - a)),
        (network2.CrossEntropyCost, lambda a, y: a - y),
    ],
)
def test_a_step_of_the_second_program_is_the_books_and_only_weights_decay(cost, delta_of):
    net = network2.Network([784, 30, 30, 10], cost, rng=0)
    x, y = _batch()
    eta, lmbda, n = 0.5, 5.0, len(x)
    nabla_b, nabla_w = _backprop(net, x, y, delta_of)
    biases, weights = _arrays(net.biases), _arrays(net.weights)
    net.SGD((x, y.argmax(axis=1)), 1, n, eta, lmbda)
    _assert_alike(_arrays(net.biases), [b - eta * nb for b, nb in zip(biases, nabla_b, strict=True)])
    wanted = [(1 - eta * lmbda / n) * w - eta * nw for w, nw in zip(weights, nabla_w, strict=True)]
    _assert_alike(_arrays(net.weights), wanted)


def test_the_cost_is_a_sum_over_outputs_with_half_the_squared_weights():
    net, lmbda, (x, y) = network2.Network([784, 30, 10], rng=0), 0.7, _batch()
    a = net.feedforward(x).detach().numpy().astype(float)
    penalty = 0.5 * lmbda / len(x) * sum((w**2).sum() for w in _arrays(net.weights))
    cross_entropy = -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum() / len(x)
    assert net.total_cost((x, y.argmax(axis=1)), lmbda) == pytest.approx(cross_entropy + penalty, rel=1e-5)


def test_saturated_outputs_have_a_cost_and_a_gradient():
    z = ag.tensor(np.array([[200.0, -200.0]], np.float32), requires_grad=True)
    cost = network2.CrossEntropyCost.fn(z, np.array([[0.0, 1.0]], np.float32))
    cost.backward()
    assert cost.item() == 400
    assert z.grad.tolist() == [[1.0, -1.0]]


def test_monitors_give_a_number_an_epoch_and_nothing_where_they_are_off():
    data, test = mnist_loader.load_thousand()
    net = network2.Network([784, 30, 10], rng=0)
    cost, right, training_cost, training_right = net.SGD(
        data, 3, 10, 0.5, evaluation_data=test, monitor_evaluation_accuracy=True, monitor_training_cost=True
    )
    assert (len(cost), len(right), len(training_cost), len(training_right)) == (0, 3, 3, 0)
    assert training_cost[2] < training_cost[0]
    assert 7500 < right[2] == net.accuracy(test)  # 8 of 10 digits after 300 steps, where chance has 1


def test_a_saved_network_comes_back(tmp_path):
    net, (x, _) = network2.Network([784, 30, 10], network2.QuadraticCost, rng=0), _batch()
    net.save(tmp_path / "net.safetensors")
    again = network2.load(tmp_path / "net.safetensors")
    assert again.cost is network2.QuadraticCost
    assert again.feedforward(x).tolist() == net.feedforward(x).tolist()


def test_first_weights_have_the_books_scales():
    def deviation(parameter):
        return parameter.detach().numpy().std()

    # the deviation of n draws is known to 1/sqrt(2 n) of itself: 3 % of 500 weights, and three times that is allowed
    net = network2.Network([784, 400, 10], rng=0)
    assert deviation(net.weights[0]) == pytest.approx(784**-0.5, rel=0.01)
    net.large_weight_initializer()
    assert deviation(net.weights[0]) == pytest.approx(1, rel=0.01)
    layers = network3.Network(experiments.convolutional(), rng=0).layers
    assert deviation(layers[0].w) == pytest.approx((20 * 25 / 4) ** -0.5, rel=0.1)
    assert deviation(layers[2].w) == pytest.approx(100**-0.5, rel=0.02)
    assert not layers[3].w.detach().numpy().any()


def test_dropout_leaves_what_stays_as_it_is_and_a_network_in_use_multiplies():
    layer = network3.FullyConnectedLayer(1000, 1000, network3.linear, p_dropout=0.5)
    layer.initialize(np.random.default_rng(0))
    with ag.no_grad():
        layer.w.copy_(np.eye(1000, dtype=np.float32))
        nn.init.zeros_(layer.b)
    x = np.full((1, 1000), 3.0, np.float32)
    outputs = layer(x).detach().numpy()
    assert set(np.unique(outputs)) == {0.0, 3.0}
    assert 400 < (outputs == 3).sum() < 600  # 500 with a deviation of 16
    assert set(np.unique(layer.eval()(x).detach().numpy())) == {1.5}


def test_convolution_pools_before_it_adds_the_bias_and_is_not_turned():
    layer = network3.ConvPoolLayer((2, 1, 5, 5), image_shape=(1, 28, 28), activation_fn=network3.linear)
    layer.initialize(np.random.default_rng(0))
    image = np.random.default_rng(1).random((28, 28), np.float32)
    w, b = _arrays([layer.w, layer.b])
    windows = np.lib.stride_tricks.sliding_window_view(image, (5, 5))
    surface = np.einsum("ijkl,kl->ij", windows, w[1, 0])
    pooled = surface.reshape(12, 2, 12, 2).max(axis=(1, 3)) + b[1]
    np.testing.assert_allclose(layer(image.reshape(1, 784)).detach().numpy()[0, 1], pooled, rtol=1e-4, atol=1e-5)


def test_the_third_program_learns_and_keeps_the_order_of_its_mini_batches():
    (images, labels), (test_images, test_labels) = mnist_loader.load_thousand()
    test = test_images[:1000], test_labels[:1000]
    net = network3.Network(experiments.shallow(), rng=0)
    validation_right, test_right = net.SGD((images, labels), 10, 10, 0.1, test, test, lmbda=0.1)
    assert validation_right == test_right
    assert len(test_right) == 10
    assert test_right[-1] > 750  # chance has 100
    again = network3.Network(experiments.shallow(), rng=0).SGD((images, labels), 10, 10, 0.1, test, test, lmbda=0.1)
    assert again[1] == test_right


@pytest.mark.parametrize(("hidden", "count"), [((100,), 85_670), ((1000, 1000), 1_672_570)])
def test_the_convolutional_networks_have_as_many_parameters_as_the_books(hidden, count):
    net = network3.Network(experiments.convolutional(hidden), rng=0)
    assert sum(p.size for p in net.parameters()) == count


def test_of_equally_good_epochs_the_last_counts():
    assert experiments.at_best_validation({"validation": [9, 11, 11, 10], "test": [100, 200, 300, 400]}) == 3


def test_each_experiment_was_run_as_it_says():
    for name, experiment in experiments.EXPERIMENTS.items():
        entries = results.load(name)
        assert [entry["seed"] for entry in entries] == list(experiment.seeds), name
        assert all(entry["options"] == experiment.reduced for entry in entries), name


def test_the_darkness_of_digits_tells_as_much_of_them_as_the_book_says():
    assert results.measured("ch1/darkness").values == (22.25,)


@pytest.mark.parametrize(
    "module", [mnist_loader, network, network2, network3, results], ids=lambda module: module.__name__
)
def test_the_examples_in_docstrings_run(module):
    found = doctest.testmod(module, extraglobs={"np": np})
    assert found.attempted > 0
    assert found.failed == 0


def test_an_experiment_without_results_says_how_to_run_it(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="python -m nielsen depth/2 makes them"):
        results.measured("depth/2")
