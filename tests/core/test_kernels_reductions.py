"""Sums and other reductions in machine code are as accurate as NumPy's, whatever threads share them."""

import numpy as np
import pytest
from lowered_programs import Program, assert_close, view

from autograd_core.kernels import llvm

pytestmark = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")


def summed(program, shape, dtype, axes):
    x = program.array(np.random.default_rng(len(shape)).standard_normal(shape).astype(dtype))
    square = program.elementwise("multiply", x, x)
    return program.reduce("add", square, axes)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((10,), (0,)), ((1000,), (0,)), ((10, 30), (0,)), ((10, 30), (1,)), ((10, 30), (0, 1)), ((3, 5, 7), (1,)),
        ((3, 5, 7), (0, 2)), ((64, 10), (1,)), ((1, 9), (0,)), ((20000,), (0,)), ((70, 300), (0,)), ((), ()),
        ((300000,), (0,)), ((2000, 200), (0,)), ((2000, 200), (1,)), ((2000, 200), (0, 1)), ((1 << 18,), (0,)),
    ],
)  # fmt: skip
def test_sums_are_as_accurate_as_pairwise_ones(dtype, shape, axes):
    program = Program()
    out = summed(program, shape, dtype, axes)
    machine = view(program.by_machine(program.compiled(approximate=True)), out)
    x = view(program.memory, program.steps[0].operands[0])
    exact = np.sum(np.square(x.astype(np.longdouble)), axis=axes)
    # at most 64 numbers are added in a row along the last axis; NumPy adds up to 128, and other axes one by one
    rows = 1 + np.prod([shape[axis] for axis in axes if axis != len(shape) - 1], dtype=int)
    assert np.all(np.abs(machine - exact) <= (16 + rows**0.5) * np.finfo(dtype).eps * exact)


@pytest.mark.parametrize("size", [250_000, 2_000_000])
def test_a_long_sum_forgets_nothing_on_its_way(size):
    equal, uneven = np.full(size, 0.1, "f4"), np.full(size, 0.01, "f4")
    uneven[0] = 2.0**30
    program = Program()
    outs = [program.reduce("add", program.array(x), (0,)) for x in (equal, uneven)]
    memory = program.by_machine(program.compiled(approximate=True))
    for x, out in zip((equal, uneven), outs, strict=True):
        exact = np.sum(x.astype("f8"))
        # 64 equal numbers one after the other: 32 units at worst. Beside 2**30, whose lane in its block (64 numbers)
        # and whose part (2**17 numbers) lose less than a unit of 128 in all, nothing else may be lost.
        assert abs(float(view(memory, out)) - exact) <= 32 * 2.0**-23 * (exact if x is equal else 2.0**27)


def test_a_sum_with_infinities_is_infinite_and_one_with_nan_is_nan():
    for values, expected in [
        ([np.inf], np.inf),
        ([np.inf, -np.inf], np.nan),
        ([np.nan], np.nan),
        ([3e38, 3e38], np.inf),
    ]:
        x = np.ones(100_000, "f4")
        x[50_000 : 50_000 + len(values)] = values
        program = Program()
        out = program.reduce("add", program.array(x), (0,))
        result = view(program.by_machine(program.compiled(approximate=True)), out)[()]
        np.testing.assert_equal(result, np.float32(expected))


@pytest.mark.parametrize("name", ["maximum", "minimum", "multiply"])
@pytest.mark.parametrize("shape", [(5,), (100,), (20000,), (30, 17), (300000,)])
def test_other_reductions(name, shape):
    rng = np.random.default_rng(2)
    program = Program()
    x = program.array(rng.uniform(0.99, 1.01, shape).astype("f8"))
    outs = [program.reduce(name, x, axes) for axes in [(0,), tuple(range(len(shape)))]]
    machine, numpy = program.by_machine(program.compiled(approximate=True)), program.by_numpy()
    for out in outs:
        # a product of n numbers is within n units in the last place of any other order of it
        ulps = x.shape[0] * 32 if name == "multiply" else 0
        assert_close(machine[out.buffer][: out.buffer.nbytes], numpy[out.buffer][: out.buffer.nbytes], "f8", ulps)


def test_a_maximum_of_numbers_with_nan_is_nan():
    program = Program()
    x = np.zeros(40, "f4")
    x[33] = np.nan
    outs = [program.reduce(name, program.array(x), (0,)) for name in ("maximum", "minimum")]
    machine = program.by_machine(program.compiled(approximate=True))
    assert all(np.isnan(view(machine, out)) for out in outs)
