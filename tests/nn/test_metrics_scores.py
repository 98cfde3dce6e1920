"""Areas under curves and errors of real numbers, held to scikit-learn and to their definitions."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from nn.metrics import (
    average_precision,
    mean_absolute_error,
    mean_squared_error,
    metrics_of,
    r2_score,
    roc_auc,
)

# sums of a few dozen terms around 1, in another order
CLOSE = {"rtol": 1e-11, "atol": 1e-13}
seeds = st.integers(0, 10**6)
ranked = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.5, 0.9, 1.0]), st.booleans()), min_size=2, max_size=30)


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@given(ranked)
def test_the_area_is_the_chance_that_a_positive_sample_scores_higher(pairs):
    scores, labels = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs], int)
    high, low = scores[labels == 1], scores[labels == 0]
    if not len(high) or not len(low):
        with pytest.warns(RuntimeWarning, match="roc_auc: the labels are all of one class"):
            assert np.isnan(roc_auc(scores, labels))
        return
    chance = np.mean([(p > n) + (p == n) / 2 for p in high for n in low])
    assert roc_auc(scores, labels) == pytest.approx(chance, rel=1e-12)


@given(ranked)
def test_areas_of_one_column_are_those_of_scikit_learn(pairs):
    sklearn = pytest.importorskip("sklearn.metrics")
    scores, labels = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs], int)
    if 0 < labels.sum() < len(labels):
        for outputs in (scores, scores[:, None], scores.astype(np.float32), ag.tensor(scores)):
            assert roc_auc(outputs, labels) == pytest.approx(sklearn.roc_auc_score(labels, scores), **_rel())
        assert average_precision(scores, labels) == pytest.approx(
            sklearn.average_precision_score(labels, scores), **_rel()
        )


def _rel():
    return {"rel": CLOSE["rtol"], "abs": CLOSE["atol"]}


@given(seeds, st.sampled_from(["macro", "weighted", None]), st.integers(3, 5))
def test_areas_of_several_classes_are_those_of_scikit_learn_one_against_the_rest(seed, average, classes):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.r_[np.arange(classes), rng.integers(0, classes, 20)])
    logits = rng.standard_normal((len(labels), classes)).round(1)
    p = softmax(logits)
    expected = sklearn.roc_auc_score(labels, p, multi_class="ovr", average=average)
    np.testing.assert_allclose(roc_auc(p, labels, average), expected, **CLOSE)
    truth = np.eye(classes)[labels]
    expected = sklearn.average_precision_score(truth, p, average=average)
    np.testing.assert_allclose(average_precision(p, truth, average), expected, **CLOSE)


@given(seeds)
def test_logits_count_as_the_probabilities_that_they_stand_for(seed):
    """Scores are exact, with gaps of 1/8, so that 12 digits of a probability tell them apart."""
    rng = np.random.default_rng(seed)
    for classes in (2, 4):
        labels = rng.permutation(np.r_[np.arange(classes), rng.integers(0, classes, 12)])
        logits = rng.permutation(len(labels) * classes).reshape(len(labels), classes) / 8
        assert roc_auc(logits, labels) == pytest.approx(roc_auc(softmax(logits).round(12), labels), rel=1e-12)


def test_confident_logits_are_told_apart_where_their_probabilities_are_all_1():
    logits = np.array([[50.0, 0.0], [60.0, 0.0], [40.0, 0.0], [45.0, 0.0]])
    assert roc_auc(logits, [0, 0, 1, 1]) == 1.0
    three = np.array([[50.0, 0, -9], [60, 0, -9], [40, 0, -9], [45, 0, -9], [-9, -9, 50]])
    assert roc_auc(three, [0, 0, 1, 1, 2], None)[0] == 1.0
    assert softmax(three)[:4, 0].tolist() == [1.0] * 4


def test_a_class_without_samples_has_no_area_and_is_counted():
    with pytest.warns(RuntimeWarning, match="roc_auc: 1 of the classes have no sample, or all"):
        figures = roc_auc(np.eye(3), [0, 1, 1], None)
    assert np.isnan(figures).tolist() == [False, False, True]


@pytest.mark.parametrize("metric", [roc_auc, average_precision])
def test_what_is_refused(metric):
    with pytest.raises(ag.OptionError, match=f"{metric.__name__}: average must be 'macro', 'weighted' or None"):
        metric([0.1, 0.2], [0, 1], "micro")
    with pytest.raises(ag.ShapeError, match=r"outputs must be scores .* got \(2, 2, 2\)"):
        metric(np.zeros((2, 2, 2)), [0, 1])
    with pytest.raises(ag.DataError, match="hold NaN"):
        metric([0.1, float("nan")], [0, 1])
    with pytest.raises(ag.DataError, match=r"must lie in 0 \.\.\. 1"):
        metric([0.1, 0.2], [0, 3])
    with pytest.raises(ag.ShapeError, match="no samples"):
        metric(np.zeros(0), np.zeros(0, int))


# --- real numbers -----------------------------------------------------------------------------------------------------

columns = st.sampled_from([(), (1,), (3,)])


@given(seeds, st.integers(2, 20), columns)
def test_errors_and_r2_are_those_of_scikit_learn(seed, count, shape):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    outputs, targets = rng.integers(-3, 4, (2, count, *shape)) / 2  # now and then a column that does not vary
    pairs = [
        (mean_absolute_error, sklearn.mean_absolute_error),
        (mean_squared_error, sklearn.mean_squared_error),
        (r2_score, sklearn.r2_score),
    ]
    for own, reference in pairs:
        np.testing.assert_allclose(own(outputs, targets), reference(targets, outputs), **CLOSE)


def test_targets_that_do_not_vary_are_met_or_not():
    assert r2_score([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert r2_score([2.0, 2.5], [2.0, 2.0]) == 0.0


@given(seed=seeds, sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), shape=columns)
def test_batch_by_batch_is_all_at_once(seed, sizes, shape):
    rng = np.random.default_rng(seed)
    outputs, targets = 1000 + rng.standard_normal((2, sum(sizes), *shape))  # far from zero: nothing may cancel
    kept = metrics_of(["r2_score", "mean_absolute_error", "mean_squared_error"])
    begin = 0
    for size in sizes:
        for metric in kept.values():
            metric.update(outputs[begin : begin + size], targets[begin : begin + size])
            metric.load_state_dict(metric.state_dict())
        begin += size
    whole = {"mean_absolute_error": mean_absolute_error, "mean_squared_error": mean_squared_error}
    for name, function in whole.items():
        assert kept[name].compute() == pytest.approx(function(outputs, targets), **_rel())
    if sum(sizes) > 1:
        # the squares lose what 1000² has more than the spread: 6 digits of 16
        assert kept["r2_score"].compute() == pytest.approx(r2_score(outputs, targets), rel=1e-8)
    else:
        assert np.isnan(kept["r2_score"].compute())


def test_shapes_that_would_spread_are_refused():
    with pytest.raises(ag.ShapeError, match=r"must be of one shape .* got \(3, 1\) and \(3,\); targets\[:, None\]"):
        mean_squared_error(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ag.ShapeError, match="needs two samples or more"):
        r2_score([1.0], [1.0])
    with pytest.raises(ag.ShapeError, match="there are no samples"):
        mean_absolute_error(np.zeros(0), np.zeros(0))
    with pytest.raises(ag.DTypeError, match="mean_absolute_error: outputs and targets must be real numbers, got <U1"):
        mean_absolute_error(["a"], ["b"])
