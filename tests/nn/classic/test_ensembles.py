"""Stumps are the best there are, boosting is scikit-learn's, and a vote is what most say."""

import itertools
import math

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer, make_blobs
from sklearn.ensemble import AdaBoostClassifier, VotingClassifier

import autograd_core as ag
import nn
from nn.classic import AdaBoost, DecisionStump, plurality, vote


def best_by_trying(x, y, weight):
    """The smallest weight of mistakes that any feature, threshold and pair of classes has."""
    classes = range(y.max() + 1)
    cuts = [(0, np.inf)] + [
        (j, (a + b) / 2) for j in range(x.shape[1]) for a, b in itertools.pairwise(np.unique(x[:, j]))
    ]
    return min(
        weight[np.where(x[:, j] > cut, above, below) != y].sum()
        for j, cut in cuts
        for above, below in itertools.product(classes, repeat=2)
    )


@pytest.mark.parametrize("seed", range(30))
def test_no_other_stump_makes_fewer_mistakes(seed):
    rng = np.random.default_rng(seed)
    samples, features, classes = rng.integers(1, 12), rng.integers(1, 4), rng.integers(1, 4)
    x = rng.integers(0, 5, (samples, features)).astype(float)  # many values are equal
    y, weight = rng.integers(0, classes, samples), rng.uniform(0.1, 1, samples)
    stump = DecisionStump().fit(x, y, weight)
    wrong = weight[stump.predict(x) != y].sum()
    assert wrong == pytest.approx(best_by_trying(x, y, weight), abs=1e-12)  # sums of a dozen numbers in another order


def test_a_threshold_separates_numbers_that_follow_each_other():
    """Between two neighbours in float32 there is no middle: the lower one is the threshold, and is below it."""
    low = np.float32(1)
    x = np.array([[low], [np.nextafter(low, np.float32(2))]])
    stump = DecisionStump().fit(x, [0, 1])
    assert stump.predict(x).tolist() == [0, 1]
    huge = np.array([[-1e308], [1e308]]) * 1.5
    with np.errstate(over="ignore"):
        assert DecisionStump().fit(huge, [0, 1]).predict(huge).tolist() == [0, 1]


def test_without_a_better_threshold_there_is_none():
    stump = DecisionStump().fit(np.ones((4, 2)), [1, 1, 0, 1])
    assert stump.predict(np.array([[0.0, 0.0], [9.0, 9.0]])).tolist() == [1, 1]


def test_no_gradient_can_move_a_stump_and_the_graph_shows_why():
    stump = DecisionStump().fit([[0.0], [2.0]], [0, 1])
    assert list(stump.parameters()) == []
    x = ag.tensor([[0.9], [1.1]], requires_grad=True)
    out = stump(x)
    assert out.tolist() == [0, 1]
    out.sum().backward()
    assert x.grad.tolist() == [[0], [0]]
    assert "heaviside" in str(ag.draw(out))


class Stump(ClassifierMixin, BaseEstimator):
    """Our stump as an estimator of scikit-learn, whose own minds impurity and not mistakes."""

    def fit(self, x, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.stump_ = DecisionStump().fit(x, y, sample_weight)
        return self

    def predict(self, x):
        return self.stump_.predict(x)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_boosting_is_that_of_scikit_learn(classes, rate):
    x, y = make_blobs(150, 4, centers=classes, cluster_std=6.0, random_state=0)
    ours = AdaBoost(12, rate, num_classes=classes).fit(x, y)
    theirs = AdaBoostClassifier(Stump(), n_estimators=12, learning_rate=rate).fit(x, y)
    weights = np.asarray(ours.weights)
    used = weights[weights > 0]
    # the same sums; weights of samples are kept as logarithms there
    np.testing.assert_allclose(used, theirs.estimator_weights_[: len(used)], rtol=1e-9)
    np.testing.assert_allclose(ours.errors, theirs.estimator_errors_[: len(used)], rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    for mine, yours in zip(ours.staged_predict(x), theirs.staged_predict(x), strict=True):
        np.testing.assert_array_equal(mine, yours)


def test_the_training_error_is_below_freund_and_schapires_bound():
    """At most the product of 2 sqrt(e (1 - e)); real data, which no single stump gets right."""
    x, y = load_breast_cancer(return_X_y=True)
    model = AdaBoost(30).fit(x, y)
    bound = math.prod(2 * math.sqrt(e * (1 - e)) for e in model.errors)
    mistakes = [np.mean(says != y) for says in model.staged_predict(x)]
    assert mistakes[-1] <= bound < 1
    assert mistakes[-1] < mistakes[0] / 4


def test_by_hand_a_ring_takes_three_stumps():
    """Six points, the middle two of class 1. Round 1: the best stump misses two of six, so alpha = ln 2."""
    x, y = np.arange(6.0)[:, None], np.array([0, 0, 1, 1, 0, 0])
    model = AdaBoost(3).fit(x, y)
    assert model.errors[0] == pytest.approx(1 / 3, rel=1e-12)
    assert float(model.weights[0]) == pytest.approx(math.log(2), rel=1e-12)
    assert model.errors[1] == pytest.approx(1 / 4, rel=1e-12)  # the two that were missed weigh 1/4 each now
    assert float(model.weights[1]) == pytest.approx(math.log(3), rel=1e-12)
    assert model.predict(x).tolist() == y.tolist()


def test_a_stump_without_mistakes_ends_it():
    model = AdaBoost(5).fit([[0.0], [1.0]], [0, 1])
    assert model.weights.tolist() == [1, 0, 0, 0, 0]
    assert model.errors == [0]


def test_an_ensemble_is_saved_and_loaded():
    x, y = make_blobs(60, 3, centers=2, cluster_std=6.0, random_state=1)
    model, again = AdaBoost(6).fit(x, y), AdaBoost(6)
    again.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(again(x), model(x))


def test_scores_are_sums_of_votes():
    x, y = make_blobs(60, 3, centers=2, cluster_std=6.0, random_state=1)
    model = AdaBoost(6).fit(x, y)
    by_hand = np.zeros((60, 2))
    for alpha, stump in zip(model.weights.tolist(), model.stumps, strict=True):
        by_hand[np.arange(60), stump.predict(x)] += alpha
    np.testing.assert_allclose(model(x), by_hand, rtol=1e-12)
    np.testing.assert_allclose(model(x).sum(axis=1), np.sum(model.weights.tolist()), rtol=1e-12)


# --- votes ---


def test_most_votes_win_and_the_smallest_of_equals():
    rng = np.random.default_rng(0)
    votes = rng.integers(0, 4, (5, 200))
    wanted = [np.bincount(column, minlength=4).argmax() for column in votes.T]
    assert plurality(votes).tolist() == wanted
    assert plurality([[7], [3]]).tolist() == [3]


def test_a_vote_of_fitted_models_is_that_of_scikit_learn():
    x, y = make_blobs(90, 3, centers=3, cluster_std=8.0, random_state=2)
    parts = [DecisionStump().fit(x[i::3], y[i::3]) for i in range(3)]
    theirs = VotingClassifier([(str(i), Stump()) for i in range(3)])
    theirs.estimators_ = [Stump().fit(x[i::3], y[i::3]) for i in range(3)]
    theirs.le_ = type("Labels", (), {"inverse_transform": staticmethod(lambda ids: ids)})()
    np.testing.assert_array_equal(vote(parts, x), theirs.predict(x))


def test_networks_vote_in_evaluation_mode_and_go_on_as_they_were():
    networks = [nn.Sequential(nn.Linear(4, 3, rng=i), nn.Dropout(0.9, rng=i)) for i in range(5)]
    networks[0][0].eval()
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    wanted = plurality([net[0](x).detach().numpy().argmax(1) for net in networks])
    np.testing.assert_array_equal(vote(networks, x), wanted)
    assert [(net[0].training, net[1].training) for net in networks] == [(False, True)] + [(True, True)] * 4


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: DecisionStump().fit([[1.0]], [0], [0.0]), ag.DataError, "must not be negative, and not all 0"),
        (lambda: DecisionStump().fit([[1.0]], [0], [1.0, 2.0]), ag.ShapeError, r"sample_weight must have shape \(1,\)"),
        (lambda: DecisionStump().fit([[1.0]], [-1]), ag.DataError, "class ids are 0, 1, .*, got -1"),
        (lambda: AdaBoost(num_classes=1), ag.OptionError, "must be 2 or more"),
        (lambda: AdaBoost(learning_rate=-1), ag.OptionError, "learning_rate must be positive"),
        (lambda: AdaBoost().fit([[1.0], [2.0]], [0, 2]), ag.DataError, "class ids are 0 to 1, got 2"),
        (lambda: AdaBoost().fit([[1.0], [1.0]], [0, 1]), ag.DataError, "wrong for 50% of the samples"),
        (lambda: plurality([0, 1]), ag.ShapeError, r"\(voters, samples\), got shape \(2,\)"),
        (lambda: plurality([[0.5]]), ag.DTypeError, "must be integers"),
        (lambda: vote([], [[1.0]]), ag.OptionError, "no models to ask"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
