"""Convolution and max pooling by machine code beside the kernels in NumPy, on random geometry."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
from autograd_core.kernels import convolution as code, llvm, pooling as pooling_code, writing
from autograd_core.ops import (
    convolution_kernels as convolution,
    convolution_native,
    pooling_kernels as pooling,
    pooling_native,
)

pytestmark = pytest.mark.skipif(
    not llvm.available(), reason="machine code needs llvmlite, and AUTOGRAD_CORE_NATIVE not 0"
)


@pytest.fixture(autouse=True)
def _however_small(monkeypatch):
    monkeypatch.setattr(convolution_native, "_WORTHWHILE", 0)
    monkeypatch.setattr(pooling_native, "_WORTHWHILE", 0)


def in_numpy(call, *arguments):
    """What the kernels in NumPy return."""
    never = {"suits": lambda *_: False}
    with mock.patch.multiple(convolution_native, **never), mock.patch.multiple(pooling_native, **never):
        return call(*arguments)


@st.composite
def convolutions(draw):
    """Draw the shapes of x and w, the options, and a seed. A batch from 1 to 70 fills vectors, or leaves a rest."""
    ndim, groups = draw(st.integers(1, 3)), draw(st.sampled_from([1, 1, 1, 2, 3]))

    def sizes(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    channels, out_channels = draw(st.integers(1, 7)), groups * draw(st.integers(1, 19))
    kernel, stride, padding, dilation = sizes(1, 4), sizes(1, 3), sizes(0, 3), sizes(1, 3)
    reach = [d * (k - 1) + 1 - 2 * p for d, k, p in zip(dilation, kernel, padding, strict=True)]
    space = tuple(max(1, n) + draw(st.integers(0, 6)) for n in reach)
    x_shape = draw(st.integers(1, 70)), groups * channels, *space
    return x_shape, (out_channels, channels, *kernel), (stride, padding, dilation, groups), draw(seeds)


seeds = st.integers(0, 2**32 - 1)
floats = st.sampled_from([np.float32, np.float64])


def drawn(x_shape, w_shape, options, seed, dtype):
    """x, w, a bias, and a cotangent of the output."""
    rng = np.random.default_rng(seed)
    x, w, bias = (rng.standard_normal(shape).astype(dtype) for shape in (x_shape, w_shape, w_shape[:1]))
    return x, w, bias, rng.standard_normal(convolution.conv_forward(x, w, *options).shape).astype(dtype)


def faces(x, w, bias, g, options):
    """The calls of the three faces, and of how many products each number of their results is the sum."""
    terms = w[0].size
    return [
        (convolution.conv_forward, (x, w, *options, bias), terms + 1),
        (convolution.conv_input, (g, w, x.shape[2:], *options), terms // w.shape[1] * w.shape[0]),
        (convolution.conv_weight, (x, g, w.shape[2:], *options), g.size // g.shape[1]),
    ]


@settings(deadline=None)  # kernels are compiled on the way
@given(convolutions(), floats)
def test_a_convolution_of_any_geometry_is_that_of_numpy(case, dtype):
    options = case[2]
    for call, arguments, terms in faces(*drawn(*case, dtype), options):
        ours, truth = call(*arguments), in_numpy(call, *arguments)
        assert (ours.shape, ours.dtype) == (truth.shape, truth.dtype)
        # Either sum of n products is off by at most n eps times the sum of their sizes (Higham 2002, 3.5).
        size = in_numpy(call, *(np.abs(a) if isinstance(a, np.ndarray) else a for a in arguments))
        assert (np.abs(ours - truth) <= 2 * (terms + 1) * np.finfo(dtype).eps * size).all()


@settings(deadline=None)
@given(convolutions(), seeds)
def test_a_nan_reaches_what_it_takes_part_in_and_nothing_else(case, place):
    x, w, bias, g = drawn(*case, np.float32)
    for call, (a, b, *rest), _ in faces(x, w, bias, g, case[2]):
        a, b, mark = np.ones_like(a), np.ones_like(b), np.zeros_like(a)
        a.flat[place % a.size], mark.flat[place % a.size] = np.nan, 1
        met = in_numpy(call, mark, b, *(v for v in rest if v is not bias)) > 0
        assert np.array_equal(np.isnan(call(a, b, *rest)), met)


@pytest.mark.parametrize("width", [16, 32, 64])
def test_processors_with_narrower_vectors_come_to_the_same(width, monkeypatch):
    made = code.products, code.correlations, pooling_code.maxima, pooling_code.scattered
    for module in (llvm, writing, code):
        monkeypatch.setattr(module, "vector_bytes", lambda: width)
    for kernels in made:
        kernels.cache_clear()
    try:
        test_a_convolution_of_any_geometry_is_that_of_numpy()
        test_a_pooling_in_any_memory_is_that_of_numpy()
    finally:
        for kernels in made:
            kernels.cache_clear()


@pytest.mark.parametrize("x_shape", [(64, 6, 12, 12), (5, 7, 33, 31)])
def test_the_bits_are_the_same_on_any_number_of_threads(x_shape):
    options = ((1, 1), (2, 2), (1, 1), 1)
    x, w, bias, g = drawn(x_shape, (64, x_shape[1], 5, 5), options, 0, np.float32)
    assert x.size // x_shape[1] * w.size > convolution_native._WORTH_THREADS
    before = ag.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            ag.set_num_threads(threads)
            convolution_native._product_tables.cache_clear()
            convolution_native._correlation_tables.cache_clear()
            results.append([call(*arguments) for call, arguments, _ in faces(x, w, bias, g, options)])
    finally:
        ag.set_num_threads(before)
    for others in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], others, strict=True))


def test_what_does_not_fill_a_vector_or_is_not_a_plain_array_of_reals_is_left_to_numpy():
    form = convolution.Form.of((1, 3, 9), (4, 3, 3), (1,), (0,), (1,), 1)
    real = np.zeros(1, np.float32)
    assert convolution_native.suits(form._replace(batch=16), real, real)
    assert not convolution_native.suits(form._replace(batch=1, stride=(1, 1, 2)), real, real)
    assert not convolution_native.suits(form._replace(batch=16), real, real.astype(np.float64))
    for other in (real.astype(">f4"), real.astype(np.float16), real.astype(int), np.ma.zeros(1, np.float32)):
        assert not convolution_native.suits(form._replace(batch=16), other, other)


@st.composite
def poolings(draw):
    """Draw an array that holds equal numbers and NaNs, and the options of a pooling."""
    ndim = draw(st.integers(1, 3))
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(ndim))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(ndim))
    space = tuple(k + draw(st.integers(0, 5)) for k in kernel)
    shape = draw(st.integers(1, 40)), draw(st.integers(1, 20)), *space
    rng = np.random.default_rng(draw(seeds))
    x = rng.integers(0, draw(st.sampled_from([2, 1000])), shape).astype(draw(floats))
    x[rng.random(shape) < draw(st.sampled_from([0, 0.1]))] = np.nan
    order = draw(st.permutations(range(x.ndim)))
    x = np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
    return x, (kernel, stride, (0,) * ndim)


@settings(deadline=None)
@given(poolings(), seeds)
def test_a_pooling_in_any_memory_is_that_of_numpy(case, seed):
    x, options = case
    (ours, residual), (truth, truths) = (call(pooling.max_pool_forward, x, *options) for call in (plainly, in_numpy))
    np.testing.assert_array_equal(ours, truth)
    g = np.random.default_rng(seed).standard_normal(ours.shape).astype(x.dtype)
    for_x = pooling.max_pool_input(g, residual, x.shape[2:], *options)
    # at most 27 shares meet, each of them rounded, in another order
    np.testing.assert_allclose(for_x, in_numpy(pooling.max_pool_input, g, truths, x.shape[2:], *options),
                               rtol=0, atol=56 * np.finfo(x.dtype).eps * np.abs(g).max())  # fmt: skip
    t = np.random.default_rng(seed).standard_normal(x.shape).astype(x.dtype)
    along = pooling.max_pool_gather(t, residual, *options)
    np.testing.assert_allclose(along, in_numpy(pooling.max_pool_gather, t, truths, *options), rtol=1e-6)


def plainly(call, *arguments):
    return call(*arguments)


def test_pooling_takes_machine_code_where_a_batch_or_channels_lie_innermost():
    grid = pooling._Windows.of((16, 16, 4, 4), (2, 2), (2, 2), (0, 0)).grid
    x = np.zeros((16, 16, 4, 4), np.float32)
    assert not pooling_native.suits(grid, x)
    assert pooling_native.suits(grid, x.transpose(1, 2, 3, 0).copy().transpose(3, 0, 1, 2))
    assert pooling_native.suits(grid, x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2))
    assert pooling._Windows.of((16, 16, 4, 4), (2, 2), (2, 2), (1, 1)).grid is None  # a tap may lie in the padding
