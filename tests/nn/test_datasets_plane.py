"""Points that are made up: each class lies where it is said to lie."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from nn.datasets import circles, intervals, moons, rings, spirals, xor

ALL = [moons, circles, spirals, xor, rings, intervals]
everywhere = pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
numbers = st.integers(1, 60)
seeds = st.integers(0, 2**32 - 1)
EPS = 1e-6  # of float32, for points within a radius of 2


def arrays(data):
    points, labels = data.tensors
    return points.data, labels.data


@everywhere
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_are_so_many_points_in_classes_of_one_size(make, dtype):
    points, labels = arrays(make(21, dtype=dtype))
    assert points.shape == (21, 1 if make is intervals else 2)
    assert (points.dtype, labels.dtype) == (dtype, np.int64)
    counts = np.bincount(labels)
    assert len(counts) == 2
    assert counts.max() - counts.min() <= 1
    assert repr(make(21)) == f"TensorDataset({points.shape} float32, (21,) int64)"


@everywhere
def test_the_seed_decides(make):
    one, again, other = (arrays(make(50, rng=rng))[0] for rng in (1, np.random.default_rng(1), 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@everywhere
def test_noise_is_normal_with_its_deviation(make):
    clean, noisy = (arrays(make(20_000, noise=noise, dtype=np.float64))[0] for noise in (0, 0.3))
    difference = noisy - clean
    assert abs(difference.std() - 0.3) < 5 * 0.3 / math.sqrt(2 * difference.size)  # five standard errors
    assert abs(difference.mean()) < 5 * 0.3 / math.sqrt(difference.size)


@given(numbers, seeds)
def test_moons_are_half_circles(n, seed):
    points, labels = arrays(moons(n, 0, rng=seed))
    upper, lower = points[labels == 0], points[labels == 1]
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1, atol=EPS)
    np.testing.assert_allclose(np.linalg.norm(lower - [1, 0.5], axis=1), 1, atol=EPS)
    assert (upper[:, 1] >= -EPS).all()
    assert (lower[:, 1] <= 0.5 + EPS).all()


@given(numbers, st.floats(0, 0.99), seeds)
def test_circles_have_their_radii(n, factor, seed):
    points, labels = arrays(circles(n, 0, factor, rng=seed))
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), np.where(labels, factor, 1), atol=EPS)


@given(numbers, st.integers(1, 5), st.floats(0.5, 3), seeds)
def test_spirals_wind_around_the_origin(n, classes, turns, seed):
    points, labels = arrays(spirals(n, 0, classes, turns, rng=seed, dtype=np.float64))
    radius = np.linalg.norm(points, axis=1)
    assert (radius <= 1 + EPS).all()
    angle = 2 * np.pi * (turns * radius + labels / classes)
    np.testing.assert_allclose(points, radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), atol=EPS)


def test_xor_is_the_truth_table_around_the_corners():
    points, labels = arrays(xor(400, 0.1))
    assert np.array_equal(labels, (points[:, 0] > 0) ^ (points[:, 1] > 0))
    # within six deviations of its corner
    assert np.abs(np.abs(points) - 1).max() < 0.6


@given(numbers, seeds)
def test_rings_and_intervals_leave_room_between_the_classes(n, seed):
    for make in (rings, intervals):
        points, labels = arrays(make(n, rng=seed))
        radius = np.linalg.norm(points, axis=1)
        assert (radius[labels == 0] <= 1 / 3 + EPS).all()
        assert (radius[labels == 1] >= 2 / 3 - EPS).all()
        assert (radius[labels == 1] <= 1 + EPS).all()


def test_rings_are_filled_evenly():
    points, labels = arrays(rings(40_000))
    for label, inner, outer in ((0, 0, 1 / 3), (1, 2 / 3, 1)):
        radius = np.linalg.norm(points[labels == label], axis=1)
        half = math.sqrt((inner**2 + outer**2) / 2)  # which halves the area
        assert abs((radius < half).mean() - 0.5) < 5 * 0.5 / math.sqrt(len(radius))  # five standard deviations


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: moons(0), "moons: n must be a positive whole number"),
        (lambda: rings(10, -1), "rings: noise is a standard deviation: a number from 0, got int -1"),
        (lambda: xor(10, float("inf")), "noise is a standard deviation"),
        (lambda: circles(factor=1), "factor must be at least 0 and below 1"),
        (lambda: spirals(classes=0), "spirals: classes must be a positive whole number"),
        (lambda: intervals(rng=-1), "intervals: rng must be a seed"),
    ],
)
def test_what_is_refused_and_in_which_words(call, words):
    with pytest.raises(ag.OptionError, match=words):
        call()
