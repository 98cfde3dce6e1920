"""What a picture says of an array: true to NumPy for any numbers, and silent about none that are wrong."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from autograd_core.viz.picture import Summary
from autograd_core.viz.summaries import BINS, SIDE, summarize

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)
kinds = st.sampled_from(["float64", "float32", "float16", "int64", "uint8", "bool"])
arrays = kinds.flatmap(lambda dtype: hnp.arrays(dtype, shapes))


@given(arrays)
def test_counts_add_up_and_agree_with_numpy(x):
    summary = summarize(x)
    assert (summary.shape, summary.dtype, summary.size) == (x.shape, str(x.dtype), x.size)
    assert summary.nans == np.isnan(x).sum()
    assert summary.infinities == np.isinf(x).sum()
    assert summary.zeros == (x == 0).sum()
    assert sum(summary.histogram) == np.isfinite(x).sum()
    assert (summary.norm is None) == (not np.isfinite(x).any())


@given(arrays)
def test_the_finite_numbers_lie_between_low_and_high_and_so_does_their_mean(x):
    finite = x[np.isfinite(x)].astype(float)
    summary = summarize(x)
    if finite.size:
        assert (summary.low, summary.high) == (finite.min(), finite.max())
        assert summary.low <= summary.mean <= summary.high
        assert math.isfinite(summary.norm)


@given(hnp.arrays(float, hnp.array_shapes(max_dims=2), elements=st.floats(-1e100, 1e100)))
def test_the_norm_is_euclid_s(x):
    # both sum squares of float64, in another order and scaled: n + 2 roundings of 2^-53 each, for at most 100 numbers
    assert summarize(x).norm == pytest.approx(math.hypot(*x.ravel()), rel=102 * 2**-53, abs=0)


def test_neither_the_largest_nor_the_smallest_numbers_overflow_or_vanish():
    huge, tiny = summarize([1e308, -1e308]), summarize([3e-300, 4e-300])
    assert huge.norm == pytest.approx(math.sqrt(2) * 1e308)  # approx: 1e-6, far above rounding
    assert sum(huge.histogram) == 2
    assert tiny.norm == pytest.approx(5e-300, abs=0)
    assert summarize([5e-324]).norm > 0
    assert summarize([np.finfo(float).max] * 9).norm == np.finfo(float).max  # the norm itself cannot be said


@pytest.mark.parametrize("x", [np.linspace(-3, 5, 100), np.random.default_rng(0).normal(size=1000) ** 3])
def test_the_histogram_is_numpy_s(x):
    assert list(summarize(x).histogram) == np.histogram(x, BINS)[0].tolist()


def test_equal_numbers_fill_one_bin():
    assert summarize(np.full(30, 0.1)).histogram == (30,)


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.array(24.70408), "24.7"),
        (np.array(3), "3"),
        (np.array([True, False]), "[True, False]"),
        (np.array([2**62]), "[4611686018427387904]"),
        (np.array([1.0, -0.5, np.nan, np.inf]), "[1, -0.5, nan, inf]"),
        (np.array([-0.0, 1.0]), "[0, 1]"),
        (np.array([[0.0, 1.0], [10.0, 0.125]]), "[[ 0,     1],\n [10, 0.125]]"),
        (np.arange(9).reshape(3, 3), "[[0, 1, 2],\n [3, 4, 5],\n [6, 7, 8]]"),
        (np.arange(4).reshape(2, 2, 1), "[[[0],\n  [1]],\n [[2],\n  [3]]]"),
        (np.float16([0.1]), "[0.09998]"),
        (np.arange(7), ""),
        (np.arange(10).reshape(2, 5), ""),
        (np.zeros((0, 3)), ""),
        (np.array(["text"]), ""),
        (np.array([None]), ""),
    ],
    ids=lambda x: None if isinstance(x, str) else f"{x.shape}{x.dtype}",
)
def test_few_numbers_are_said_and_many_are_not(array, text):
    assert summarize(array).numbers == text


@given(hnp.arrays(float, st.tuples(st.integers(4, 40), st.integers(4, 40)), elements=st.floats(-1e6, 1e6)))
def test_a_thumbnail_has_few_rows_of_brightness(x):
    image = np.array(summarize(x).thumbnail)
    assert image.shape == (min(x.shape[0], SIDE), min(x.shape[1], SIDE))
    assert image.min() == 0
    assert image.max() in (0, 1)


def test_a_thumbnail_is_the_array_if_it_is_small_and_block_means_if_not():
    small = np.arange(20.0).reshape(4, 5)
    # rounded to three digits
    np.testing.assert_allclose(summarize(small[None, :, None]).thumbnail, small / 19, atol=0.5e-3)
    large = np.kron(np.arange(196.0).reshape(14, 14), np.ones((2, 3)))
    np.testing.assert_allclose(summarize(large).thumbnail, np.arange(196.0).reshape(14, 14) / 195, atol=0.5e-3)
    uneven = np.outer(np.ones(4), np.repeat(np.arange(14.0), [1, 2] * 7))  # blocks of one and of two columns
    assert [b for i, b in enumerate(summarize(uneven).thumbnail[0]) if i in (0, 13)] == [0, 1]
    assert set(summarize(np.arange(4)[:, None] * np.ones(21)).thumbnail[1]) == {0.333}


def test_what_is_no_image_has_no_thumbnail():
    assert not any(summarize(np.ones(shape)).thumbnail for shape in [(), (9,), (3, 9), (2, 5, 5), (0, 5)])


def test_holes_in_an_image_are_dark():
    x = np.ones((4, 4))
    x[0, 0], x[1, 1], x[2, 2] = np.nan, np.inf, 0
    assert summarize(x).thumbnail == ((0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 1))


@pytest.mark.parametrize(
    ("x", "flag"),
    [([0, 0], "zero"), ([0, 1], ""), ([np.nan, np.inf], "NaN"), ([np.inf, 0], "inf"), ([], ""), ([-0.0], "zero")],
)
def test_what_is_wrong_is_flagged(x, flag):
    assert summarize(x).flag == flag


def test_without_numbers_there_is_a_shape():
    assert summarize(np.array(["a", "b"])) == Summary((2,), "<U1", size=2)
    assert summarize(np.zeros((0, 3))) == Summary((0, 3), "float64")
