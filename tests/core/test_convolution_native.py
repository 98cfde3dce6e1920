"""Convolution by machine code beside the kernels in NumPy, on random geometry."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from autograd_core.kernels import llvm
from autograd_core.ops import convolution_kernels as kernels, convolution_native as native
from autograd_core.ops.convolution_geometry import Form

pytestmark = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite, and AUTOGRAD_CORE_NATIVE=1")


@st.composite
def cases(draw):
    """Draw the shapes and options of a convolution whose runs fill a vector: x, w, the output's cotangent, options."""
    ndim = draw(st.integers(1, 3))

    def sizes(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(ndim))

    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels, out_channels = groups * draw(st.integers(1, 7)), groups * draw(st.integers(1, 19))
    kernel, stride, padding, dilation = sizes(1, 4), sizes(1, 3), sizes(0, 3), sizes(1, 3)
    reach = [d * (k - 1) + 1 - 2 * p for d, k, p in zip(dilation, kernel, padding, strict=True)]
    space = tuple(max(1, n) + draw(st.integers(0, 6)) for n in reach)
    batch = draw(st.integers(1, 70))
    shape = (batch, channels, *space), (out_channels, channels // groups, *kernel)
    return *shape, (stride, padding, dilation, groups), draw(st.integers(0, 2**32 - 1))


def without(call, *arguments):
    """What the kernels in NumPy return."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "suits", lambda *_: False)
        return call(*arguments)


def arrays(x_shape, w_shape, options, seed, dtype):
    rng = np.random.default_rng(seed)
    x, w, bias = (rng.standard_normal(shape).astype(dtype) for shape in (x_shape, w_shape, w_shape[:1]))
    g = rng.standard_normal(without(kernels.conv_forward, x, w, *options).shape).astype(dtype)
    return x, w, bias, g


def assert_close(ours, truth, sizes, terms):
    """Both are sums of so many products, in different orders: each is within terms * eps of the sum of the sizes."""
    assert ours.shape == truth.shape and ours.dtype == truth.dtype
    bound = 2 * (terms + 2) * np.finfo(ours.dtype).eps * sizes
    assert (np.abs(ours - truth) <= bound).all()


@pytest.fixture(autouse=True)
def small_ones_too(monkeypatch):
    monkeypatch.setattr(native, "_WORTHWHILE", 0)


@settings(deadline=None)  # kernels are compiled on the way
@given(cases(), st.sampled_from([np.float32, np.float64]))
def test_every_geometry_agrees_with_numpy(case, dtype):
    x_shape, w_shape, options, seed = case
    x, w, bias, g = arrays(x_shape, w_shape, options, seed, dtype)
    kernel = int(np.prod(w_shape[1:]))
    calls = [
        (kernels.conv_forward, (x, w, *options, bias), kernel + 1),
        (kernels.conv_input, (g, w, x_shape[2:], *options), kernel // w_shape[1] * w_shape[0]),
        (kernels.conv_weight, (x, g, w_shape[2:], *options), g.size // g.shape[1]),
    ]
    for call, arguments, terms in calls:
        size = without(call, *(np.abs(a) if isinstance(a, np.ndarray) else a for a in arguments))
        assert_close(call(*arguments), without(call, *arguments), size, terms)


def test_the_examples_take_machine_code():
    form = Form.of((16, 3, 9), (4, 3, 3), (1,), (0,), (1,), 1)
    assert native.suits(form, np.zeros(1, np.float32), np.zeros(1, np.float32))
