"""The raw kernels of convolution and pooling against naive loops, and against each other as transposes."""

import math
import threading
from itertools import product

import numpy as np
import pytest
from hypothesis import given, strategies as st

from autograd_core import parallel
from autograd_core.layout import reshape_batch, sum_to
from autograd_core.ops.convolution_kernels import conv_forward, conv_input, conv_weight
from autograd_core.ops.pooling_kernels import (
    avg_pool_forward,
    avg_pool_input,
    max_pool_forward,
    max_pool_gather,
    max_pool_input,
)
from autograd_core.ops.product_kernels import matmul

# Sums of at most some thousand products of numbers near 1, in double precision.
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def naive_conv(x, w, stride, padding, dilation, groups):
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    space = [
        (n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], w.shape[2:], stride, dilation, strict=True)
    ]
    out = np.zeros((x.shape[0], w.shape[0], *space), x.dtype)
    per_out, per_in = w.shape[0] // groups, w.shape[1]
    for o, position in product(range(w.shape[0]), np.ndindex(*space)):
        first = o // per_out * per_in
        window = tuple(
            slice(at * s, at * s + d * (k - 1) + 1, d)
            for at, s, d, k in zip(position, stride, dilation, w.shape[2:], strict=True)
        )
        patch = x[(slice(None), slice(first, first + per_in), *window)]
        out[(slice(None), o, *position)] = (patch * w[o]).sum(axis=tuple(range(1, x.ndim)))
    return out


def naive_windows(x, kernel, stride, padding, fill):
    """List, for each output position, the window of the padded x as (N, C, kernel numbers)."""
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], constant_values=fill)
    space = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], kernel, stride, strict=True)]
    for position in np.ndindex(*space):
        window = tuple(slice(at * s, at * s + k) for at, s, k in zip(position, stride, kernel, strict=True))
        yield position, x[(slice(None), slice(None), *window)].reshape(*x.shape[:2], math.prod(kernel))


@st.composite
def layouts(draw, a):
    """Give the same numbers in other memory: axes in any order, reversed, with gaps, read-only."""
    order = draw(st.permutations(range(a.ndim)))
    a = np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order))
    if draw(st.booleans()):
        gaps = np.zeros([2 * n for n in a.shape], a.dtype)[(slice(None, None, -2),) * a.ndim]
        gaps[...] = a
        a = gaps
    a.flags.writeable = False
    return a


@st.composite
def numbers(draw, shape, dtype=np.float64):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return draw(layouts(rng.standard_normal(shape).astype(dtype)))


def sizes(draw, ndim, lowest, highest):
    return tuple(draw(st.integers(lowest, highest)) for _ in range(ndim))


@st.composite
def convolutions(draw):
    """Draw x, w, a cotangent of the output, and the options."""
    ndim, groups = draw(st.integers(1, 3)), draw(st.sampled_from([1, 1, 2, 3]))
    thick = draw(st.sampled_from([1, 1, 20]))  # many channels take the way without copied patches
    batch, channels, out_channels = draw(st.integers(0, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel, stride, dilation = sizes(draw, ndim, 1, 3), sizes(draw, ndim, 1, 3), sizes(draw, ndim, 1, 2)
    padding = sizes(draw, ndim, 0, 3)
    reach = [d * (k - 1) + 1 - 2 * p for d, k, p in zip(dilation, kernel, padding, strict=True)]
    space = tuple(max(1, n) + draw(st.integers(0, 4)) for n in reach)
    x = draw(numbers((batch, groups * channels * thick, *space)))
    w = draw(numbers((groups * out_channels * thick, channels * thick, *kernel)))
    out = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(space, padding, dilation, kernel, stride, strict=True)
    )
    g = draw(numbers((batch, len(w), *out)))
    return x, w, g, (stride, padding, dilation, groups)


@given(convolutions())
def test_convolution_is_the_naive_sum_and_its_faces_are_its_transposes(case):
    x, w, g, options = case
    out = conv_forward(x, w, *options)
    np.testing.assert_allclose(out, naive_conv(x, w, *options), **CLOSE)
    for_x = conv_input(g, w, x.shape[2:], *options)
    for_w = conv_weight(x, g, w.shape[2:], *options)
    assert (for_x.shape, for_w.shape) == (x.shape, w.shape)
    np.testing.assert_allclose(np.vdot(for_x, x), np.vdot(out, g), **CLOSE)
    np.testing.assert_allclose(np.vdot(for_w, w), np.vdot(out, g), **CLOSE)


@pytest.mark.parametrize("shape", [(40, 3, 20, 20), (24, 16, 20, 20)])
def test_convolution_of_a_batch_large_enough_for_threads(shape):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(shape), rng.standard_normal((24, shape[1], 5, 5))
    options = ((1, 1), (2, 2), (1, 1), 1)
    out = conv_forward(x, w, *options)
    np.testing.assert_allclose(out, naive_conv(x, w, *options), rtol=1e-9, atol=1e-9)
    g = rng.standard_normal(out.shape)
    for_w = conv_weight(x, g, (5, 5), *options)
    np.testing.assert_allclose(np.vdot(conv_input(g, w, (20, 20), *options), x), np.vdot(out, g), rtol=1e-9)
    np.testing.assert_allclose(np.vdot(for_w, w), np.vdot(out, g), rtol=1e-9)
    assert np.array_equal(for_w, conv_weight(x, g, (5, 5), *options))  # whichever thread did what


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [2, 32])
def test_kernels_keep_the_dtype(dtype, channels):
    x, w = np.ones((2, channels, 6, 6), dtype), np.full((4, channels, 3, 3), 0.5, dtype)
    options = ((1, 1), (0, 0), (1, 1), 1)
    out = conv_forward(x, w, *options)
    assert out.dtype == dtype
    assert np.all(out == 4.5 * channels)  # exact in every format
    assert conv_input(out, w, (6, 6), *options).dtype == dtype
    assert conv_weight(x, out, (3, 3), *options).dtype == dtype
    pooled, residual = max_pool_forward(x, (2, 2), (2, 2), (0, 0))
    assert pooled.dtype == max_pool_input(pooled, residual, (6, 6), (2, 2), (2, 2), (0, 0)).dtype == dtype
    assert avg_pool_forward(x, (2, 2), (2, 2), (0, 0)).dtype == dtype


@given(convolutions())
def test_bias_is_added_to_each_channel(case):
    x, w, _, options = case
    bias = np.arange(len(w), dtype=x.dtype)
    expected = conv_forward(x, w, *options) + bias.reshape(-1, *(1,) * (x.ndim - 2))
    np.testing.assert_allclose(conv_forward(x, w, *options, bias), expected, **CLOSE)


def test_broadcast_input_is_read_through_its_zero_strides():
    x = np.broadcast_to(np.float64(2), (3, 4, 5, 5))
    out = conv_forward(x, np.ones((2, 4, 3, 3)), (1, 1), (0, 0), (1, 1), 1)
    assert np.all(out == 72)


def test_depthwise_convolution():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 6, 8, 8)), rng.standard_normal((6, 1, 3, 3))
    options = ((2, 2), (1, 1), (1, 1), 6)
    np.testing.assert_allclose(conv_forward(x, w, *options), naive_conv(x, w, *options), **CLOSE)


@st.composite
def poolings(draw):
    ndim = draw(st.integers(1, 2))
    kernel, stride = sizes(draw, ndim, 1, 3), sizes(draw, ndim, 1, 4)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    space = tuple(max(1, k - 2 * p) + draw(st.integers(0, 5)) for k, p in zip(kernel, padding, strict=True))
    x = draw(numbers((draw(st.integers(0, 3)), draw(st.integers(1, 3)), *space)))
    if draw(st.booleans()):
        x = draw(layouts(np.sign(x)))  # many ties
    return x, (kernel, stride, padding)


@given(poolings(), st.data())
def test_max_pool_takes_the_maximum_and_shares_its_cotangent_evenly(case, data):
    x, options = case
    out, residual = max_pool_forward(x, *options)
    g, t = data.draw(numbers(out.shape)), data.draw(numbers(x.shape))
    gathered = max_pool_gather(t, residual, *options)
    tangents = naive_windows(t, *options, 0)
    for (position, window), (_, tangent) in zip(naive_windows(x, *options, -np.inf), tangents, strict=True):
        top = window.max(axis=2, keepdims=True)
        at_top = window == top
        here = (slice(None), slice(None), *position)
        assert np.array_equal(out[here], top[..., 0])
        np.testing.assert_allclose(gathered[here], (tangent * at_top).sum(axis=2) / at_top.sum(axis=2), **CLOSE)
    for_x = max_pool_input(g, residual, x.shape[2:], *options)
    assert for_x.shape == x.shape
    np.testing.assert_allclose(np.vdot(for_x, t), np.vdot(g, gathered), **CLOSE)


def test_two_equal_maxima_receive_half_each():
    x = np.array([[[[3.0, 1.0], [3.0, 2.0]]]])
    _, residual = max_pool_forward(x, (2, 2), (2, 2), (0, 0))
    for_x = max_pool_input(np.full((1, 1, 1, 1), 8.0), residual, (2, 2), (2, 2), (2, 2), (0, 0))
    assert np.array_equal(for_x, [[[[4, 0], [4, 0]]]])


def test_padding_takes_no_share_from_an_input_of_minus_infinity():
    x = np.full((1, 1, 2), -np.inf)
    _, residual = max_pool_forward(x, (3,), (3,), (1,))
    assert np.array_equal(max_pool_input(np.ones((1, 1, 1)), residual, (2,), (3,), (3,), (1,)), [[[0.5, 0.5]]])


def test_a_nan_is_the_maximum_and_receives_the_cotangent():
    x = np.array([[[1.0, np.nan, 2.0, 3.0]]])
    out, residual = max_pool_forward(x, (2,), (2,), (0,))
    assert np.array_equal(out, [[[np.nan, 3]]], equal_nan=True)
    assert np.array_equal(max_pool_input(np.ones((1, 1, 2)), residual, (4,), (2,), (2,), (0,)), [[[0, 1, 0, 1]]])


@given(poolings(), st.data())
def test_average_pool_counts_the_padding(case, data):
    x, options = case
    out = avg_pool_forward(x, *options)
    for position, window in naive_windows(x, *options, 0):
        np.testing.assert_allclose(out[(slice(None), slice(None), *position)], window.mean(axis=2), **CLOSE)
    g = data.draw(numbers(out.shape))
    np.testing.assert_allclose(np.vdot(avg_pool_input(g, x.shape[2:], *options), x), np.vdot(g, out), **CLOSE)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1), (2, 1, 3, 0)])
def test_pools_keep_the_order_of_axes_in_memory(order):
    x = np.random.default_rng(0).standard_normal([(8, 6, 4, 10)[axis] for axis in order]).transpose(np.argsort(order))
    out, residual = max_pool_forward(x, (2, 2), (2, 2), (0, 0))
    for result in (
        out,
        max_pool_input(out, residual, x.shape[2:], (2, 2), (2, 2), (0, 0)),
        avg_pool_forward(x, (2, 2), (2, 2), (0, 0)),
    ):
        strides = result.transpose(order).strides
        assert list(strides) == sorted(strides, reverse=True)


@given(st.data())
def test_sum_to_is_the_sum(data):
    shape = data.draw(st.sampled_from([(3, 4), (64, 5, 7, 9), (40, 64, 12), (1, 9000), (1021 * 9,)]))
    g = data.draw(numbers(shape))
    axes = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1))))
    keepdims = data.draw(st.booleans())
    total = sum_to(g, axes, keepdims)
    np.testing.assert_allclose(total, np.sum(g, axes, keepdims=keepdims), **CLOSE)
    assert not np.shares_memory(total, g)


@given(st.data())
def test_reshape_batch_is_reshape(data):
    a = data.draw(numbers((4, 3, 2, 5)))
    assert np.array_equal(reshape_batch(a, (4, 30)), a.reshape(4, 30))
    assert np.array_equal(reshape_batch(a, (4, 6, 5)), a.reshape(4, 6, 5))


@pytest.mark.parametrize(("m", "k", "n"), [(3, 4, 5), (100, 90, 20), (700, 70, 100), (90, 80, 800)])
def test_matmul_is_matmul(m, k, n):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)), rng.standard_normal((n, k)).T
    np.testing.assert_allclose(matmul(a, b), a @ b, **CLOSE)


def test_shared_tasks_are_each_done_once_also_from_several_threads():
    done = [[0] * 50 for _ in range(4)]

    def call(mine):
        def work(tasks):
            for task in tasks:
                mine[task] += 1

        parallel.share(work, len(mine))

    threads = [threading.Thread(target=call, args=(mine,)) for mine in done]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [[1] * 50] * 4


def test_an_error_in_a_shared_task_is_raised_by_share():
    def work(tasks):
        for task in tasks:
            if task == 7:
                raise ValueError("task 7")

    with pytest.raises(ValueError, match="task 7"):
        parallel.share(work, 20)
    parallel.share(lambda tasks: list(tasks), 20)
