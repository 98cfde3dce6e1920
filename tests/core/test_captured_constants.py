"""Arrays that a captured function neither gets nor computes: those from outside are read in each replay."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.kernels import llvm

X = np.linspace(-1, 1, 5)


@pytest.mark.parametrize("shape", [(), (1,), (5,)])
def test_an_array_from_outside_is_read_in_each_replay(shape):
    scale = np.full(shape, 2.0)
    f = ag.compile(ag.grad(lambda x: ag.sum(x * x * scale)))
    for number in (2.0, 2.0, 3.0, -1.0):
        scale[...] = number
        assert f(X).tolist() == (X * number + X * number).tolist()
    assert f.plan is not None


@pytest.mark.skipif(not llvm.available(), reason="without llvmlite, all constants lie in memory")
def test_an_array_made_inside_is_part_of_the_code():
    f = ag.compile(ag.grad(lambda x: ag.sum(ag.tanh(x) * np.array(3.0))))
    found = [f(X) for _ in range(3)]
    # within 5 units: tanh to 2.2 (docs/approximations.md), which 1 - t * t and the product round twice more
    np.testing.assert_allclose(found[-1], 3 / np.cosh(X) ** 2, rtol=5 * np.finfo(float).eps)
    used = {b for item in f.plan.replay.items for stage in item.stages for b in stage}
    assert not [b for b in used if b.kind == "constant"]
