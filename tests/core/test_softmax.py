"""Softmax, its logarithm and cross-entropy of many rows at once are those of each row alone, derivatives included."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.layout import LARGE

ROWS = [(3000, 5), (40, 7, 100), (300, 1000), (2, 70_000)]  # blocks of many rows, and rows longer than a block


def drawn(shape, dtype=np.float64):
    rng = np.random.default_rng(0)
    return rng.normal(scale=5, size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)


def probabilities(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("shape", ROWS)
def test_softmax_of_many_rows(shape):
    x, g = drawn(shape)
    assert x.size > LARGE
    p = probabilities(x)
    out, pull = ag.vjp(ag.softmax, x)
    # float64: sums of at most 70,000, each addend below 1
    np.testing.assert_allclose(out, p, rtol=1e-12)
    np.testing.assert_allclose(pull(g)[0], p * (g - (g * p).sum(-1, keepdims=True)), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("shape", ROWS)
def test_log_softmax_of_many_rows(shape):
    x, g = drawn(shape)
    p = probabilities(x)
    out, pull = ag.vjp(ag.log_softmax, x)
    np.testing.assert_allclose(out, np.log(p), rtol=1e-12, atol=1e-14)  # of numbers near 1 both are roundings
    np.testing.assert_allclose(pull(g)[0], g - p * g.sum(-1, keepdims=True), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, -2])
def test_other_axes_and_orders_in_memory_are_not_cut_into_rows(axis):
    x, g = drawn((200, 300))
    for a in (x, np.asfortranarray(x), x[::-1, ::2]):
        e = np.exp(a - a.max(axis, keepdims=True))
        p, up = e / e.sum(axis, keepdims=True), g[: a.shape[0], : a.shape[1]]
        out, pull = ag.vjp(lambda a: ag.softmax(a, axis=axis), a)
        np.testing.assert_allclose(out, p, rtol=1e-12)
        np.testing.assert_allclose(pull(up)[0], p * (up - (up * p).sum(axis, keepdims=True)), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("shape", [(2,), (64, 10), *ROWS])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.int32])
def test_cross_entropy_by_class_ids(shape, reduction, kind):
    x, _ = drawn(shape)
    labels = np.random.default_rng(1).integers(0, min(shape[-1], 100), shape[:-1]).astype(kind)
    p = probabilities(x)
    losses = -np.log(np.take_along_axis(p, labels[..., None].astype(int), -1))[..., 0]
    hot = np.arange(shape[-1]) == labels[..., None]
    g = np.random.default_rng(2).normal(size=losses.shape) if reduction == "none" else np.array(3.0)
    expected = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](losses)
    each = g[..., None] if reduction == "none" else g / (losses.size if reduction == "mean" else 1)
    out, pull = ag.vjp(lambda x: ag.cross_entropy(x, labels, reduction), x)
    # float64: sums of at most 70,000; losses near 0 are roundings
    np.testing.assert_allclose(out, expected, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(pull(g)[0], (p - hot) * each, rtol=1e-9, atol=1e-15)


def test_a_label_is_refused_wherever_it_is_wrong():
    x = np.zeros((5, 3))
    for wrong in (-1, 3, np.iinfo(np.int64).min):
        with pytest.raises(ag.OptionError, match=f"label {wrong} is out of range for 3 classes"):
            ag.cross_entropy(x, np.array([0, 1, 2, wrong, 0]))
    with pytest.raises(ag.OptionError, match="label 255 is out of range"):
        ag.cross_entropy(x, np.array([0, 1, 2, 255, 0], np.uint8))


def test_nothing_costs_nothing():
    for shape in ((0, 3), (0, 0)):
        assert ag.cross_entropy(np.zeros(shape), np.zeros(0, int), "sum") == 0


def test_large_scores_lose_no_digits():
    """Beside the largest score only differences count: float32 scores near 1e4 as if they were near 0."""
    near = np.array([[0.0, 0.5, -0.25]], np.float32)
    labels = np.array([1])
    for f in (ag.cross_entropy, lambda x, y: ag.log_softmax(x)):
        # 1e4 + 0.5 and 1e4 - 0.25 are exact in float32
        np.testing.assert_array_equal(f(near + np.float32(1e4), labels), f(near, labels))
