"""Gradients that are too long end up exactly as long as allowed, in the same direction."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

import autograd_core as ag
import nn
from nn.optim import clip_grad_norm_, clip_grad_value_

EPS = {np.float16: 1e-3, np.float32: 1.2e-7, np.float64: 2.3e-16}  # of one rounding; no more than a few happen


def parameters(*grads):
    made = []
    for grad in grads:
        made.append(nn.Parameter(np.zeros_like(grad)))
        made[-1].grad = grad.copy()
    return made


def norm_of(params, kind=2.0):
    """In extended precision, scaled, so that nothing is lost."""
    flat = np.concatenate([np.ravel(p.grad.data).astype(np.longdouble) for p in params])
    largest = np.abs(flat).max(initial=0)
    if largest == 0 or kind == math.inf:
        return largest
    return largest * ((np.abs(flat) / largest) ** kind).sum() ** (1 / np.longdouble(kind))


@given(
    st.sampled_from([np.float32, np.float64]),
    st.integers(-35, 35),
    st.floats(1e-3, 1e3),
    st.sampled_from([1.0, 2.0, 3.5, math.inf]),
    st.integers(0, 2**32),
)
def test_the_norm_is_the_bound_and_the_direction_stays(dtype, power, bound, kind, seed):
    """If ||g|| > v then g = g / ||g|| * v, for gradients of any size, and else nothing."""
    rng = np.random.default_rng(seed)
    grads = [(rng.normal(size=shape) * 10.0**power).astype(dtype) for shape in ((3, 4), (5,), ())]
    params = parameters(*grads)
    before = norm_of(params, kind)
    found = clip_grad_norm_(params, bound, kind)
    np.testing.assert_allclose(float(before), found.item(), rtol=20 * EPS[dtype])
    if before <= bound:
        assert all((p.grad.data == g).all() for p, g in zip(params, grads, strict=True))
        return
    np.testing.assert_allclose(float(norm_of(params, kind)), bound, rtol=20 * EPS[dtype])
    for p, g in zip(params, grads, strict=True):
        np.testing.assert_allclose(p.grad.data, g.astype(np.longdouble) / before * bound, rtol=20 * EPS[dtype])
        assert p.grad.dtype == dtype


@given(arrays(np.float64, 6, elements=st.floats(-1e308, 1e308)), st.floats(1e-200, 1e200))
def test_nothing_overflows_on_the_way(grad, bound):
    params = parameters(grad)
    before = norm_of(params)
    clip_grad_norm_(params, bound)
    if before > bound * (1 + 1e-12):
        np.testing.assert_allclose(float(norm_of(params) / bound), 1, rtol=1e-14)  # a few roundings of 2e-16


def test_halves_neither_overflow_nor_vanish():
    params = parameters(np.full(100, 300, np.float16))  # whose squares are infinite in float16
    assert clip_grad_norm_(params, 1.0).item() == 3000
    np.testing.assert_allclose(params[0].grad.data, 0.1, rtol=EPS[np.float16])
    assert clip_grad_norm_(parameters(np.full(100, 1e-4, np.float16)), 1.0).item() == pytest.approx(1e-3, rel=1e-3)


def test_long_gradients_are_summed_accurately():
    """Equal squares, which a sum in float32 alone rounds the same way again and again."""
    params = parameters(np.full(5_000_001, 3.1, np.float32))
    exact = float(np.float32(3.1)) * math.sqrt(5_000_001)
    np.testing.assert_allclose(clip_grad_norm_(params, 1.0).item(), exact, rtol=1e-6)  # of 8192 squares at a time


def test_what_is_no_number_is_left_or_refused():
    params = parameters(np.array([1.0, np.nan]))
    with pytest.raises(ag.GraphError, match="the norm of the gradient is nan"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert math.isnan(clip_grad_norm_(params, 1.0).item())
    assert params[0].grad.data[0] == 1
    params = parameters(np.array([1.0, np.inf]))
    with pytest.raises(ag.GraphError, match="the norm of the gradient is inf"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert clip_grad_norm_(params, 1.0).item() == math.inf
    np.testing.assert_array_equal(params[0].grad.data, [0, np.nan])  # g / inf * v


def test_no_gradients_have_no_length():
    assert clip_grad_norm_([nn.Parameter([1.0])], 1.0).item() == 0
    assert clip_grad_norm_([], 1.0).item() == 0
    (empty,) = parameters(np.zeros((0, 3)))
    assert clip_grad_norm_(empty, 1.0).item() == 0
    (zeros,) = parameters(np.zeros(3))
    assert clip_grad_norm_(zeros, 0.0, 1.0).item() == 0


def test_a_bound_of_zero_makes_zeros():
    (w,) = parameters(np.array([3.0, -4.0]))
    clip_grad_norm_(w, 0.0)
    assert w.grad.tolist() == [0, 0]


def test_values_are_brought_into_the_interval():
    params = parameters(np.array([-3.0, 0.5, np.inf]), np.array(2.0, np.float32))
    clip_grad_value_((p for p in params), 1)
    assert params[0].grad.tolist() == [-1, 0.5, 1]
    assert params[1].grad.item() == 1
    assert params[1].grad.dtype == np.float32


def test_clipping_stands_between_backward_and_step():
    net = nn.Linear(3, 2, rng=0)
    (100 * net(np.ones((4, 3), np.float32)) ** 2).sum().backward()
    assert clip_grad_norm_(net.parameters(), max_norm=0.5) > 0.5
    before = net.state_dict()
    nn.optim.SGD(net.parameters(), lr=1.0).step()
    moved = math.sqrt(sum(((value - before[name]) ** 2).sum() for name, value in net.state_dict().items()))
    assert moved == pytest.approx(0.5, rel=1e-5)  # differences of float32 numbers near 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: clip_grad_norm_(nn.Linear(1, 1), 1.0), r"got a module; pass its .parameters\(\)"),
        (lambda: clip_grad_norm_([np.ones(2)], 1.0), "parameters must be Tensors, got ndarray"),
        (lambda: clip_grad_norm_([], -1.0), "max_norm must be a number, at least 0; got float -1.0"),
        (lambda: clip_grad_norm_([], math.nan), "max_norm must be a number"),
        (lambda: clip_grad_norm_([], 1.0, 0), "norm_type must be a positive number"),
        (lambda: clip_grad_value_([], -1.0), "clip_grad_value_: clip_value must be a number, at least 0"),
    ],
)
def test_nonsense_is_refused(call, words):
    with pytest.raises(ag.OptionError, match=words):
        call()
