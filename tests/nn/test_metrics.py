"""Accuracy and the confusion matrix, held to their definitions."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from nn.data import one_hot
from nn.metrics import accuracy, confusion_matrix

CLASSES = 4
pairs = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=30)


def scores_of(classes):
    """Scores whose highest entry is the class."""
    return one_hot(classes, CLASSES) * 0.5 - np.arange(CLASSES) * 0.01


@given(pairs)
def test_the_definitions(pairs):
    predicted, true = np.array(pairs).T
    matrix = confusion_matrix(predicted, true, CLASSES)
    for i in range(CLASSES):
        for j in range(CLASSES):
            assert matrix[i, j] == sum(p == j and t == i for p, t in pairs)
    assert accuracy(predicted, true) == sum(p == t for p, t in pairs) / len(pairs)
    assert matrix.dtype == np.int64
    assert type(accuracy(predicted, true)) is float


@given(pairs)
def test_scores_ids_and_one_hot_labels_say_the_same(pairs):
    predicted, true = np.array(pairs).T
    trainable = ag.tensor(scores_of(predicted), requires_grad=True)
    expected = accuracy(predicted, true), confusion_matrix(predicted, true, CLASSES).tolist()
    for outputs in (predicted, scores_of(predicted), trainable, ag.asarray(predicted), predicted.tolist()):
        for labels in (true, one_hot(true, CLASSES), ag.asarray(true), true.astype(np.uint8)):
            assert accuracy(outputs, labels) == expected[0]
            assert confusion_matrix(outputs, labels, CLASSES).tolist() == expected[1]


def test_the_number_of_classes_comes_from_columns_or_else_from_the_largest_id():
    assert confusion_matrix(scores_of([0]), [0]).shape == (CLASSES, CLASSES)
    assert confusion_matrix([0], one_hot([0], CLASSES)).shape == (CLASSES, CLASSES)
    assert confusion_matrix([0], [2]).shape == confusion_matrix([2], [0]).shape == (3, 3)
    assert confusion_matrix(np.zeros(0, int), np.zeros(0, int), 2).tolist() == [[0, 0], [0, 0]]


def test_two_classes_may_be_signs_or_booleans():
    assert accuracy([1, -1, 1], [1, -1, -1]) == accuracy([True, False, True], [1, 0, 0]) == 2 / 3


def test_ids_of_small_types_do_not_wrap_round():
    assert accuracy(np.array([-1], np.int8), np.array([255], np.uint8)) == 0
    assert confusion_matrix(np.array([200], np.uint8), np.array([199], np.uint8))[199, 200] == 1


ids, scores = np.array([0, 1, 2]), np.eye(3)


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
@pytest.mark.parametrize(
    ("outputs", "labels", "error", "words"),
    [
        (
            scores,
            ids[:, None],
            ag.ShapeError,
            r"1 columns cannot.*outputs \(3, 3\) and labels \(3, 1\).*labels\[:, 0\]",
        ),
        (ids[:, None] * 0.5, ids, ag.ShapeError, r"1 columns cannot.*> 0.5"),
        (scores, ids[:2], ag.ShapeError, r"one row for each sample; got outputs \(3, 3\) and labels \(2,\)"),
        (scores, np.eye(3, 4), ag.ShapeError, "one column for each class"),
        (np.ones((3, 2, 2)), ids, ag.ShapeError, r"must be \(N, classes\) or \(N,\); got outputs \(3, 2, 2\)"),
        (scores, np.array(1), ag.ShapeError, r"labels \(\)"),
        (ids * 0.3, ids, ag.DTypeError, r"outputs \(N,\) must be class ids.*float64.*> 0.5"),
        (ids, ids * 1.0, ag.DTypeError, "labels must be class ids"),
        (scores, ids + 1, ag.DataError, r"labels must lie in 0 \.\.\. 2 \(3 classes\), but 3 stands at position 2"),
        (scores, scores * 0.5, ag.DataError, "one-hot.*row 0"),
        (scores, 1 - scores, ag.DataError, "one-hot.*row 0"),
        (np.where(scores == 1, np.nan, 0), ids, ag.DataError, "hold NaN.*row 0"),
    ],
)
def test_what_is_refused_and_in_which_words(metric, outputs, labels, error, words):
    with pytest.raises(error, match=f"{metric.__name__}.*{words}"):
        metric(outputs, labels)


def test_what_only_one_of_them_refuses():
    nothing = np.zeros(0, int)
    with pytest.raises(ag.ShapeError, match="no samples"):
        accuracy(nothing, nothing)
    with pytest.raises(ag.OptionError, match="pass num_classes"):
        confusion_matrix(nothing, nothing)
    with pytest.raises(ag.OptionError, match=r"num_classes must be a positive whole number, got float 2\.0"):
        confusion_matrix(ids, ids, 2.0)
    with pytest.raises(ag.DataError, match=r"predicted classes must lie in 0 \.\.\. 1 .2 classes., but 2"):
        confusion_matrix(ids, ids, 2)
    with pytest.raises(ag.DataError, match=r"labels must lie in.*but -1"):
        confusion_matrix([0], [-1])
