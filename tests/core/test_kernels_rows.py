"""Softmax, its losses and normalizations by machine code: right for rows that lie in memory in any way."""

import itertools
from contextlib import contextmanager

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.kernels import llvm, row_kernels, rows, writing
from autograd_core.ops import rows_native as native, standardization_kernels as kernels

pytestmark = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")

EPS = np.finfo(np.float32).eps
# tails of vectors, of four rows at a time, and of blocks; rows of one number, and one row
SHAPES = [(7, 65), (4, 33), (9, 1), (1, 5000), (3, 4100), (2, 5, 3, 7), (5, 17, 2)]


@pytest.fixture(autouse=True)
def _however_small(monkeypatch):
    monkeypatch.setattr(native, "_WORTHWHILE", 1)


@pytest.fixture
def kernels_run(monkeypatch):
    """The kernels that were called so far."""
    ran, call = [], native._call
    monkeypatch.setattr(native, "_call", lambda kernel, *rest: (ran.append(kernel), call(kernel, *rest)))
    return ran


def drawn(shape, order=None, *, seed=0, offset=0.0, dtype=np.float32):
    """Numbers whose axes lie in that order in memory."""
    order = range(len(shape)) if order is None else order
    x = np.random.default_rng(seed).normal(scale=3, size=[shape[axis] for axis in order]) + offset
    return x.astype(dtype).transpose(np.argsort(order))


def memories(ndim):
    """All orders in which axes may lie."""
    return itertools.permutations(range(ndim))


def probabilities(x, axis):
    e = np.exp(x.astype(float) - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_and_its_logarithm_along_any_axis(shape, kernels_run):
    tolerance = 40 * EPS  # exponentials of numbers below 40, each rounded by up to eps/2 of itself
    for axis, order in itertools.product(range(len(shape)), memories(len(shape))):
        x, g = drawn(shape, order), drawn(shape, seed=1)
        p = probabilities(x, axis)
        for function, truth, back in (
            (ag.softmax, p, p * (g - (g * p).sum(axis, keepdims=True))),
            (ag.log_softmax, np.log(p), g - p * g.sum(axis, keepdims=True, dtype=float)),
        ):
            kernels_run.clear()
            out, pull = ag.vjp(lambda x, f=function, axis=axis: f(x, axis), x)
            np.testing.assert_allclose(out, truth, rtol=tolerance, atol=0 if function is ag.softmax else tolerance)
            np.testing.assert_allclose(pull(g)[0], back, rtol=tolerance, atol=tolerance * np.abs(back).max())
            assert kernels_run or len(shape) > 2
            assert out.dtype == np.float32


def test_rows_with_infinities_and_nans_are_those_of_numpy():
    x = drawn((6, 40))
    x[0, 3], x[1, 5], x[2], x[3, 39], x[4, 0] = np.inf, -np.inf, -np.inf, np.nan, 3e38
    with np.errstate(invalid="ignore"):
        for axis, a in ((1, x), (0, np.ascontiguousarray(x.T))):
            e = np.exp(a.astype(float) - a.max(axis, keepdims=True))
            np.testing.assert_allclose(ag.softmax(a, axis), e / e.sum(axis, keepdims=True), rtol=40 * EPS)


@pytest.mark.parametrize(("count", "classes"), [(7, 10), (64, 33), (1, 5000)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_by_class_ids(count, classes, reduction, kernels_run):
    x, ids = drawn((count, classes)), np.random.default_rng(1).integers(0, classes, count, np.uint16)
    p = probabilities(x, 1)
    losses, hot = -np.log(p[np.arange(count), ids]), np.eye(classes)[ids]
    g = drawn((count,), seed=2) if reduction == "none" else np.float32(0.5)
    loss, pull = ag.vjp(lambda x: ag.cross_entropy(x, ids, reduction), x)
    # the sum of as many losses as there are rows, each the difference of numbers below 40
    expected = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
    np.testing.assert_allclose(loss, expected, rtol=40 * EPS, atol=40 * EPS)
    factor = g[:, None] if reduction == "none" else g / (count if reduction == "mean" else 1)
    np.testing.assert_allclose(pull(g)[0], factor * (p - hot), rtol=60 * EPS, atol=8 * EPS * np.abs(factor).max())
    assert len(kernels_run) == 2


# shape, axes of a row, shape of the weight: one for each number of a row, for each row, and for runs of a row
AFFINE = [
    ((6, 5, 64), (2,), (64,)),
    ((33, 17), (1,), (17,)),
    ((9, 70), (0,), (70,)),
    ((4, 3, 2, 5, 3), (2, 3, 4), (3, 2, 1, 1)),
    ((5, 4, 3, 7), (0, 2, 3), (4, 1, 1)),
    ((5, 4, 3, 7), (2, 3), (4, 1, 1)),
    ((2, 3, 4, 9), (2, 3), (4, 9)),
    ((3, 4100), (1,), None),
    ((2, 3, 4), (0, 1, 2), (3, 1)),
]
NONE = (None, None)


def standardized(x, along, weight, bias, g, eps=1e-5):
    """The result and its derivatives, in double precision."""
    x, g = x.astype(float), g.astype(float)
    deviation = x - x.mean(along, keepdims=True)
    scale = np.sqrt((deviation**2).mean(along, keepdims=True) + eps)
    normal, factor = deviation / scale, 1.0 if weight is None else weight.astype(float)
    by_normal = g * factor
    share = (by_normal * normal).mean(along, keepdims=True)
    by_x = (by_normal - by_normal.mean(along, keepdims=True) - normal * share) / scale
    if weight is None:
        return normal, by_x
    repeated = np.broadcast_to(np.arange(weight.size).reshape(weight.shape), x.shape).ravel()
    sums = [np.bincount(repeated, v.ravel(), weight.size).reshape(weight.shape) for v in (g * normal, g)]
    return normal * factor + bias, by_x, *sums


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "along", "weights"), AFFINE)
def test_standardization_times_a_weight_in_any_memory(shape, along, weights, dtype, kernels_run):
    eps = np.finfo(dtype).eps
    for order in memories(len(shape)):
        x, g = drawn(shape, order, offset=5, dtype=dtype), drawn(shape, seed=1, dtype=dtype)
        given = [] if weights is None else [drawn(weights, seed=seed, dtype=dtype) for seed in (2, 3)]
        out, pull = ag.vjp(lambda x, *given: ag.standardize_affine(x, *(given or NONE), along, 1e-5), x, *given)
        truth = standardized(x, along, *(given or NONE), g)
        # a few roundings of numbers that are no larger than the largest; the mean is 5/3 of the deviations
        for found, expected in zip((out, *pull(g)), truth, strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=32 * eps * np.abs(expected).max())
            assert found.dtype == dtype
            assert found.shape == expected.shape
    assert len(kernels_run) >= 2


def test_moments_and_a_row_without_variance(kernels_run):
    x = drawn((8, 40), offset=1000)
    x[3] = 1000
    moments = np.empty((2, 8), np.float32)
    out, pull = ag.vjp(lambda x: ag.standardize(x, eps=0, moments=moments), x)
    np.testing.assert_allclose(moments[0], x.mean(1, dtype=float), rtol=2 * EPS)
    np.testing.assert_allclose(moments[1], x.var(1, dtype=float), rtol=8 * EPS)
    assert (out[3] == 0).all()
    assert (pull(x)[0][3] == 0).all()
    assert len(kernels_run) == 2


def test_a_large_mean_is_taken_out_exactly():
    # near 2**20 a mean is rounded to multiples of 1/16, and the numbers are no further apart; see the Note there
    x = (2**20 + np.random.default_rng(0).integers(0, 4, (5, 90)) / 16).astype(np.float32)
    moments = np.empty((2, 5), np.float32)
    out, pull = ag.vjp(lambda x: ag.standardize(x, eps=0, moments=moments), x)
    expected, by_x = standardized(x - 2**20, (1,), None, None, drawn((5, 90)), eps=0)
    np.testing.assert_allclose(out, expected, rtol=0, atol=8 * EPS)
    np.testing.assert_allclose(pull(drawn((5, 90)))[0], by_x, rtol=0, atol=32 * EPS * np.abs(by_x).max())
    np.testing.assert_allclose(moments[1], x.var(1, dtype=float), rtol=8 * EPS)


def test_moments_are_in_the_order_of_axes_not_of_memory():
    for order in memories(4):
        x, moments = drawn((3, 4, 5, 6), order), np.empty((2, 3, 4), np.float32)
        ag.standardize(x, (2, 3), moments=moments)
        truth = [x.mean((2, 3), dtype=float), x.var((2, 3), dtype=float)]
        np.testing.assert_allclose(moments, truth, rtol=8 * EPS, atol=8 * EPS)


def test_arrays_with_gaps_and_cotangents_in_another_order(kernels_run):
    x = drawn((12, 30))[::2, 3:]
    g = np.broadcast_to(drawn((27,), seed=1), x.shape)
    weight, bias = drawn((27,), seed=2), drawn((27,), seed=3)
    out, pull = ag.vjp(lambda *a: ag.standardize_affine(*a, -1), x, weight, bias)
    for found, expected in zip((out, *pull(g)), standardized(x, (1,), weight, bias, g), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=32 * EPS * np.abs(expected).max())
    p = probabilities(x, 0)
    np.testing.assert_allclose(ag.softmax(x, 0), p, rtol=40 * EPS)
    assert len(kernels_run) == 3


@pytest.mark.parametrize("shape", [(700, 400), (400, 700), (20, 300, 50)])
def test_the_bits_are_the_same_on_any_number_of_threads(shape):
    x, g, weight = drawn(shape), drawn(shape, seed=1), drawn(shape[1:2] + (1,) * (len(shape) - 2), seed=2)
    assert x.size >= native._WORTH_THREADS
    axes = (0, *range(2, len(shape)))
    results = []
    for threads in (1, 2, 3):
        with ag.set_num_threads(threads):
            out, pull = ag.vjp(lambda x, w: ag.standardize_affine(x, w, w, axes), x, weight)
            p, back = ag.vjp(lambda x: ag.softmax(x, 1), x)
            results.append([out, *pull(g), p, *back(g)])
    for others in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], others, strict=True))


def test_a_cotangent_of_another_type_is_left_to_numpy(kernels_run):
    x, g, weight = drawn((6, 70)), drawn((6, 70), seed=1, dtype=float), drawn((70,), seed=2)
    out, found = kernels.standardized(x, (1,), (6,), 1e-5, None, weight, weight)
    assert len(kernels_run) == 1
    truth = standardized(x, (1,), weight, weight, g)
    for a, b in zip((out, *found.pull(g, x, weight)), truth, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=32 * EPS * np.abs(b).max())
    assert len(kernels_run) == 1


@contextmanager
def vectors_of(width, monkeypatch):
    """Machine code for processors with vectors of so many bytes."""
    made = [getattr(row_kernels, name) for name in row_kernels.__all__] + [native._kernel, native._rows]
    with monkeypatch.context() as changed:
        changed.setattr(writing, "vector_bytes", lambda: width)
        for each in made:
            each.cache_clear()
        yield
    for each in made:
        each.cache_clear()


@pytest.mark.parametrize("width", [16, 32])
def test_processors_with_narrower_vectors(width, monkeypatch, kernels_run):
    with vectors_of(width, monkeypatch):
        assert rows.lanes_of(np.dtype(np.float32)) == width // 4
        for shape in SHAPES[:2]:
            test_softmax_and_its_logarithm_along_any_axis(shape, kernels_run)
        for case in AFFINE[:5]:
            test_standardization_times_a_weight_in_any_memory(*case, np.float32, kernels_run)


def test_other_arrays_are_left_to_numpy(monkeypatch, kernels_run):
    x = drawn((40, 40))
    for other in (x.astype(np.float16), x.astype(">f4"), x.astype(float), np.ma.asarray(x), x[:0]):
        assert native.mapped("softmax", -1, other) is None
    monkeypatch.setattr(llvm, "available", lambda: False)
    np.testing.assert_allclose(ag.softmax(x), probabilities(x, 1), rtol=40 * EPS)
    ag.standardize(x)
    assert not kernels_run
