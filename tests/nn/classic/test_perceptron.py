"""The threshold unit: gates, the learning rule and its bound, and what it says of data that no plane separates."""

import itertools

import numpy as np
import pytest

import autograd_core as ag
from nn.classic import Perceptron

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def nand_gate():
    """Nielsen, Neural Networks and Deep Learning, chapter 1: both weights -2, bias 3."""
    gate = Perceptron(2)
    gate.load_state_dict({"weight": np.array([-2, -2]), "bias": np.array(3)})
    return gate


def separable(seed, samples=40, features=3, gap=0.3):
    """Points on both sides of a random plane, none within `gap` of it; the plane too."""
    rng = np.random.default_rng(seed)
    plane = rng.normal(size=features + 1)
    plane[-1] *= 0.2  # close to the origin, so that there are points on both sides
    plane /= np.linalg.norm(plane)
    x = rng.normal(size=(10 * samples, features))
    side = x @ plane[:-1] + plane[-1]
    kept = np.flatnonzero(abs(side) > gap)[:samples]
    return x[kept], (side[kept] > 0).astype(int), plane


def test_nand_is_a_perceptron():
    assert nand_gate().predict(CORNERS).tolist() == [1, 1, 1, 0]
    assert nand_gate()(CORNERS.astype(np.float32)).tolist() == [1, 1, 1, 0]


def test_two_bits_are_added_by_five_nands():
    """The half-adder of the same chapter: sum x1 xor x2, carry x1 x2."""
    gate = nand_gate()

    def nand(a, b):
        return gate(np.array([a, b], np.float32)).item()

    for a, b in itertools.product([0, 1], repeat=2):
        inner = nand(a, b)
        total, carry = nand(nand(a, inner), nand(b, inner)), nand(inner, inner)
        assert (total, carry) == (a ^ b, a & b)


@pytest.mark.parametrize("seed", range(5))
def test_what_a_plane_separates_is_learned_within_novikoffs_bound(seed):
    x, y, plane = separable(seed)
    model = Perceptron(3, dtype=np.float64)
    assert model.fit(x, y) is model
    report = model.convergence
    assert report.converged
    assert model.predict(x).tolist() == y.tolist()
    assert report.mistakes[-1] == 0
    wide = np.hstack([x, np.ones((len(x), 1))])
    margin = abs(wide @ plane).min()  # of a unit vector
    assert 0 < report.corrections <= (np.linalg.norm(wide, axis=1).max() / margin) ** 2


def test_a_correction_is_the_rule():
    model = Perceptron(2, learning_rate=0.5)
    assert model.learn([1.0, 3.0], 1)  # at 0 the sum is 0, and the output 0
    assert model.weight.tolist() == [0.5, 1.5]
    assert model.bias.item() == 0.5
    assert not model.learn([1.0, 3.0], 1)
    assert model.learn([1.0, 3.0], 0)
    assert model.weight.tolist() == [0, 0]


def test_fitting_is_learning_sample_by_sample():
    x, y, _ = separable(7)
    one, other = Perceptron(3), Perceptron(3)
    one.fit(x, y, max_epochs=3)
    report = one.convergence
    wrong = [sum(other.learn(*pair) for pair in zip(x, y, strict=True)) for _ in range(report.epochs)]
    assert wrong == list(report.mistakes)
    # float32, corrected one after the other in both
    np.testing.assert_allclose(one.weight.detach().numpy(), other.weight.detach().numpy(), rtol=1e-5)


def test_xor_is_given_up_and_said_so():
    model = Perceptron(2)
    with pytest.warns(RuntimeWarning, match="Perceptron: not separated after 20 epochs"):
        model.fit(CORNERS, [0, 1, 1, 0], max_epochs=20)
    report = model.convergence
    assert not report.converged
    assert report.epochs == 20
    assert str(report).startswith("not separated after 20 epochs")
    assert "the last epoch still corrected 4 of 4 samples" in str(report)


def test_its_gradient_is_zero():
    model = Perceptron(2)
    model.fit(CORNERS, [1, 1, 1, 0])
    model(CORNERS.astype(np.float32)).sum().backward()
    assert not model.weight.grad.numpy().any()
    assert model.bias.grad.item() == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p: p.fit(CORNERS, [-1, 1, 1, -1]), ag.DataError, r"class ids are 0 to 1, got -1; .* \(y \+ 1\) // 2"),
        (lambda p: p.fit(CORNERS, [0, 1, 2, 0]), ag.DataError, "got 2"),
        (lambda p: p.fit(CORNERS, [0.0, 1.0, 1.0, 0.0]), ag.DTypeError, "must be integers, got float64"),
        (lambda p: p.fit(CORNERS, list("abba")), ag.DTypeError, r"got <U1; np.unique\(y, return_inverse=True\)\[1\]"),
        (lambda p: p.fit(CORNERS, [[0], [1], [1], [0]]), ag.ShapeError, r"got shape \(4, 1\); use y\[:, 0\]"),
        (lambda p: p.predict([0, 1]), ag.ShapeError, r"got \(2,\); x\[:, None\] is a column .* x\[None\] a single"),
        (lambda p: p.fit(CORNERS, [0, 1]), ag.ShapeError, r"each of 4 samples, got shape \(2,\)"),
        (lambda p: p.fit(CORNERS[:, :1], [0, 1, 1, 0]), ag.ShapeError, r"\(samples, 2 features\).* got \(4, 1\)"),
        (lambda p: p.predict(CORNERS[:0]), ag.ShapeError, r"at least one of each; got \(0, 2\)"),
        (lambda p: p.predict([[0, np.nan]]), ag.DataError, r"x\[0, 1\] is NaN"),
        (lambda p: p.fit(CORNERS, [0, 1, 1, 0], max_epochs=0), ag.OptionError, "max_epochs must be a positive"),
        (lambda p: Perceptron(2, learning_rate=0), ag.OptionError, "learning_rate must be positive, got 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(Perceptron(2))
