"""Precision, recall, F1 and top-k accuracy, held to scikit-learn and to their definitions."""

import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from nn.data import one_hot
from nn.metrics import accuracy, confusion_matrix, f1_score, metrics_of, precision, recall, top_k_accuracy

RATES = {"precision": precision, "recall": recall, "f1_score": f1_score}
# a mean of a handful of fractions, taken in another order
CLOSE = {"rtol": 1e-12, "atol": 1e-15}


def ids(classes):
    return st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1, max_size=30)


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
@pytest.mark.parametrize("empty", [0.0, 1.0, float("nan")])
@given(pairs=ids(4))
def test_means_over_classes_are_those_of_scikit_learn(name, average, empty, pairs):
    reference = getattr(pytest.importorskip("sklearn.metrics"), name.replace("precision", "precision_score"), None)
    reference = reference or pytest.importorskip("sklearn.metrics").recall_score
    predicted, true = np.array(pairs).T
    found = RATES[name](predicted, true, average, zero_division=empty)
    np.testing.assert_allclose(found, reference(true, predicted, average=average, zero_division=empty), **CLOSE)


@pytest.mark.parametrize("name", RATES)
@given(pairs=ids(3))
def test_each_class_by_itself_is_that_of_scikit_learn(name, pairs):
    sklearn = pytest.importorskip("sklearn.metrics")
    reference = {"precision": sklearn.precision_score, "recall": sklearn.recall_score, "f1_score": sklearn.f1_score}[
        name
    ]
    predicted, true = np.array(pairs).T
    found = RATES[name](one_hot(predicted, 3), true, None, zero_division=0)
    np.testing.assert_allclose(
        found, reference(true, predicted, labels=[0, 1, 2], average=None, zero_division=0), **CLOSE
    )


@pytest.mark.parametrize("name", RATES)
@given(pairs=ids(2))
def test_of_two_classes_the_second_is_the_positive_one(name, pairs):
    sklearn = pytest.importorskip("sklearn.metrics")
    reference = {"precision": sklearn.precision_score, "recall": sklearn.recall_score, "f1_score": sklearn.f1_score}[
        name
    ]
    predicted, true = np.array(pairs).T
    expected = reference(true, predicted, average="binary", zero_division=0)
    assert RATES[name](predicted, true, zero_division=0) == pytest.approx(expected, rel=1e-12)
    scores = np.where(predicted == 1, 0.75, 0.25)
    for outputs in (scores, scores[:, None], ag.tensor(scores, requires_grad=True)):
        for labels in (true, true[:, None].astype(np.float32)):
            assert RATES[name](outputs, labels, threshold=0.5, zero_division=0) == pytest.approx(expected, rel=1e-12)


def test_by_hand():
    predicted, true = [1, 1, 0, 1, 0], [1, 0, 0, 1, 1]  # two right of three said, two found of three there
    assert precision(predicted, true) == recall(predicted, true) == f1_score(predicted, true) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("metric", "outputs", "labels", "words"),
    [
        (precision, [0, 0], [0, 1], "precision: the positive class is never predicted"),
        (recall, [0, 1], [0, 0], "recall: the positive class is not in the labels"),
        (f1_score, [0, 0], [0, 0], "f1_score: the positive class is neither predicted nor there"),
    ],
)
def test_what_has_no_value_counts_as_0_and_says_so(metric, outputs, labels, words):
    with pytest.warns(RuntimeWarning, match=words) as caught:
        assert metric(outputs, labels) == 0.0
    assert caught[0].filename == __file__, "the warning points at the line that asked"
    for value in (0, 1, 0.5):
        assert metric(outputs, labels, zero_division=value) == value
    assert np.isnan(metric(outputs, labels, zero_division=float("nan")))


def test_what_is_refused():
    with pytest.raises(ag.OptionError, match="precision: there are 3 classes, so average='binary' has no meaning"):
        precision([0, 1, 2], [0, 1, 2])
    with pytest.raises(ag.OptionError, match="recall: average must be 'binary', 'micro', 'macro', 'weighted' or None"):
        recall([0], [0], "mean")
    with pytest.raises(ag.OptionError, match="zero_division must be 'warn' or a number"):
        f1_score([0], [0], zero_division="ignore")
    with pytest.raises(ag.ShapeError, match="precision: there are no samples"):
        precision(np.zeros(0, int), np.zeros(0, int))
    with pytest.raises(ag.ShapeError, match="threshold is for the scores of one unit"):
        accuracy(np.zeros((2, 3)), [0, 1], threshold=0.5)
    with pytest.raises(ag.DataError, match="labels of one unit are 0 or 1"):
        accuracy([0.1, 0.9], [0.0, 0.5], threshold=0.5)
    with pytest.raises(ag.DataError, match=r"labels of one unit must lie in 0 \.\.\. 1"):
        accuracy([0.1, 0.9], [0, 2], threshold=0.5)
    with pytest.raises(ag.DataError, match=r"the scores hold NaN .first in row 1"):
        accuracy([0.1, float("nan")], [0, 1], threshold=0.5)


# --- the first k ------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_the_first_k_are_those_of_scikit_learn(seed, k):
    reference = pytest.importorskip("sklearn.metrics").top_k_accuracy_score
    rng = np.random.default_rng(seed)
    scores, labels = rng.permutation(12 * 5).reshape(12, 5) * 1.0, rng.integers(0, 5, 12)  # no two are equal
    assert top_k_accuracy(scores, labels, k) == pytest.approx(
        reference(labels, scores, k=k, labels=range(5)), rel=1e-12
    )


@given(st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=1, max_size=10), st.integers(0, 99))
def test_among_equal_scores_the_first_counts_as_in_accuracy(rows, seed):
    scores = np.array(rows, float)
    labels = np.random.default_rng(seed).integers(0, 4, len(rows))
    assert top_k_accuracy(scores, labels, 1) == accuracy(scores, labels)
    by_hand = [
        label in sorted(range(4), key=lambda j: (-row[j], j))[:2] for row, label in zip(rows, labels, strict=True)
    ]
    assert top_k_accuracy(scores, labels, 2) == np.mean(by_hand)


def test_what_the_first_k_refuse():
    with pytest.raises(ag.OptionError, match="among the first 3 of 3 classes every sample is right"):
        top_k_accuracy(np.eye(3), [0, 1, 2], 3)
    with pytest.raises(ag.ShapeError, match="outputs must be scores"):
        top_k_accuracy([0, 1], [0, 1], 1)
    with pytest.raises(ag.DataError, match="hold NaN"):
        top_k_accuracy(np.full((2, 3), np.nan), [0, 1], 1)


# --- over batches -----------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10**6), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), classes=st.integers(2, 7))
def test_batch_by_batch_is_all_at_once(seed, sizes, classes):
    rng = np.random.default_rng(seed)
    count = sum(sizes)
    outputs, labels = rng.standard_normal((count, classes)), rng.integers(0, classes, count)
    average = "binary" if classes == 2 else "macro"
    whole = {
        "accuracy": accuracy(outputs, labels),
        **{name: metric(outputs, labels, average, zero_division=0) for name, metric in RATES.items()},
        "matrix": confusion_matrix(outputs, labels),
    }
    kept = metrics_of({**{name: name for name in whole if name != "matrix"}, "matrix": confusion_matrix})
    for _ in range(2):  # reset forgets
        begin = 0
        for size in sizes:
            for metric in kept.values():
                metric.update(outputs[begin : begin + size], labels[begin : begin + size])
            begin += size
            states = {name: metric.state_dict() for name, metric in kept.items()}
            for name, metric in kept.items():  # also when what was kept goes through a file in between
                metric.reset()
                metric.load_state_dict(states[name])
        for name, metric in kept.items():
            np.testing.assert_array_equal(metric.compute(), whole[name], err_msg=name)
            metric.reset()


def test_ids_tell_the_number_of_classes_as_they_come():
    kept = metrics_of("recall")["recall"]
    kept.update(np.array([0, 1]), np.array([0, 1]))
    kept.update(np.array([5]), np.array([5]))
    kept.update(np.array([2]), np.array([0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert kept.compute() == recall([0, 1, 5, 2], [0, 1, 5, 0], "macro")
