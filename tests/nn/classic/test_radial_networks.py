"""Radial basis functions: exact interpolation, centres that stay where they are, and centres that are trained."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs, make_moons

import autograd_core as ag
import nn
from nn.classic import RBFNetwork, k_means


def test_a_unit_is_the_formula():
    unit = nn.RBF(2, 3, sigma=0.7, rng=0, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(5, 2))
    c = unit.centers.detach().numpy()
    wanted = [[np.exp(-((p - q) ** 2).sum() / (2 * 0.7**2)) for q in c] for p in x]
    np.testing.assert_allclose(unit(x).detach().numpy(), wanted, rtol=1e-13)
    assert unit(c).detach().numpy().diagonal().tolist() == [1, 1, 1]  # differences first: nothing cancels


def test_units_refuse_other_features():
    with pytest.raises(ag.ShapeError, match=r"RBF: x needs 2 features on its last axis, got shape \(4, 3\)"):
        nn.RBF(2, 3)(np.zeros((4, 3), np.float32))
    with pytest.raises(ag.OptionError, match="sigma is a width, and must be positive; got 0"):
        nn.RBF(2, 3, sigma=0)


@pytest.mark.parametrize("outputs", [1, 2])
def test_n_centres_go_through_n_points(outputs):
    """Gaussians at distinct points are independent: any values can be met."""
    rng = np.random.default_rng(0)
    x = rng.permutation(np.stack(np.meshgrid(np.arange(5.0), np.arange(4.0)), -1).reshape(-1, 2))
    y = rng.normal(size=(20, outputs)) if outputs > 1 else rng.normal(size=20)
    model = RBFNetwork(2, 20, outputs, sigma=0.6, dtype=np.float64).fit(x, y)
    assert model.predict(x).shape == y.shape
    # the condition of the matrix is some hundreds
    np.testing.assert_allclose(model.predict(x), y, atol=1e-12)


def test_fewer_centres_give_the_least_squares():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    model = RBFNetwork(2, 6, rng=0, dtype=np.float64).fit(x, y)
    design = np.hstack([model.units(x).detach().numpy(), np.ones((40, 1))])
    # the residual is orthogonal to everything that the weights could change
    np.testing.assert_allclose(design.T @ (y - model.predict(x)), 0, atol=1e-11)


def test_centres_and_widths_are_trained_by_gradient():
    x, labels = make_moons(80, noise=0.1, random_state=0)
    y = labels[:, None].astype(float)
    model = RBFNetwork(2, 5, rng=0, dtype=np.float64).fit(x, labels)
    before, loss = model.units.centers.detach().numpy().copy(), nn.MSELoss()
    start = loss(model(x), y).item()
    for _ in range(100):
        loss(model(x), y).backward()
        with ag.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        model.zero_grad()
    assert loss(model(x), y).item() < start
    assert abs(model.units.centers.detach().numpy() - before).max() > 1e-3


def test_names_are_those_of_its_parts():
    state = RBFNetwork(2, 3, 4).state_dict()
    assert {name: value.shape for name, value in state.items()} == {
        "units.centers": (3, 2),
        "units.log_sigma": (3,),
        "output.weight": (4, 3),
        "output.bias": (4,),
    }
    assert {value.dtype for value in state.values()} == {np.dtype(np.float32)}


# --- k-means ---


@pytest.mark.parametrize("seed", range(5))
def test_centres_are_a_fixed_point_of_scikit_learns_steps(seed):
    x, _ = make_blobs(200, 3, centers=6, random_state=seed)
    centers = k_means(x, 6, rng=seed)
    there = KMeans(6, init=centers, n_init=1, tol=0).fit(x)
    np.testing.assert_allclose(there.cluster_centers_, centers, rtol=1e-12, atol=1e-12)


def test_separated_groups_are_found():
    """k-means++ starts in every group, where they lie apart; a plain random start would not."""
    means = 100 * np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(-1, 2)
    x = (means[:, None] + np.random.default_rng(0).normal(size=(16, 10, 2))).reshape(-1, 2)
    for seed in range(10):
        found = k_means(x, 16, rng=seed)
        assert sorted({tuple(np.round(c / 100).astype(int) * 100) for c in found}) == sorted(map(tuple, means.tolist()))


def test_equal_samples_may_be_equal_centres():
    assert k_means([[1.0], [1.0], [1.0]], 2, rng=0).tolist() == [[1], [1]]


def test_the_same_seed_gives_the_same_centres_and_the_samples_are_left_alone():
    x = np.random.default_rng(0).normal(size=(50, 2))
    kept = x.copy()
    np.testing.assert_array_equal(k_means(x, 5, rng=3), k_means(x, 5, rng=3))
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: k_means([[1.0]], 2), ag.OptionError, "2 centres need as many samples, got 1"),
        (lambda: RBFNetwork(1, 2).fit([[1.0]], [1.0]), ag.OptionError, "2 centres need as many samples"),
        (
            lambda: RBFNetwork(1, 1).fit([[1.0]], [[1.0, 2.0]]),
            ag.ShapeError,
            r"y must have shape \(1, 1\), got \(1, 2\)",
        ),
        (lambda: RBFNetwork(2, 1).fit([[1.0]], [1.0]), ag.ShapeError, r"\(samples, 2 features\)"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
