"""The whole idea in less than a second: run it on every commit."""

import numpy as np

import autograd_core as ag


def test_a_gradient_by_both_styles():
    x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0, 6.0]
    assert ag.grad(lambda x: (x * x).sum())(np.array([1.0, 2.0, 3.0])).tolist() == [2.0, 4.0, 6.0]


def test_a_perceptron_learns_or():
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    labels = np.array([0.0, 1.0, 1.0, 1.0])
    w, b = ag.tensor(np.zeros(2), requires_grad=True), ag.tensor(0.0, requires_grad=True)
    for _ in range(100):
        loss = ((ag.sigmoid(x @ w + b) - labels) ** 2).sum()
        loss.backward()
        with ag.no_grad():
            w -= 2 * w.grad
            b -= 2 * b.grad
        w.grad = b.grad = None
    assert [bool(score > 0) for score in x @ w + b] == [False, True, True, True]


def test_third_derivatives():
    assert float(ag.grad(ag.grad(ag.grad(lambda x: x**4)))(2.0)) == 48.0


def test_numpy_functions_stay_in_the_graph():
    x = ag.tensor([0.0, 1.0], requires_grad=True)
    np.sum(np.exp(x)).backward()
    np.testing.assert_array_equal(x.grad, np.exp([0.0, 1.0]))
