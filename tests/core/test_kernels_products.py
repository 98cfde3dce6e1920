"""Matrix products in machine code agree with NumPy's, however the matrices lie."""

import numpy as np
import pytest
from lowered_programs import Program, moved, turned, view

import autograd_core as ag
from autograd_core.kernels import llvm, segments
from autograd_core.lowered import Product

pytestmark = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")


def laid_out(program, rng, shape, way, dtype):
    """A matrix that lies row by row, column by column, or in a larger one."""
    values = rng.standard_normal(shape).astype(dtype)
    if way == "rows":
        return program.array(values)
    if way == "columns":
        return turned(program.array(values.T))
    whole = program.array(rng.standard_normal((shape[0] + 2, shape[1] + 3)).astype(dtype))
    return moved(whole, offset=shape[1] + 4, shape=shape)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("sizes", [(3, 4, 5), (10, 30, 784), (1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1), (64, 64, 64)])
@pytest.mark.parametrize(
    "ways",
    [
        (a, b, c)
        for a in ("rows", "columns", "part")
        for b in ("rows", "columns", "part")
        for c in ("rows", "columns", "part")
    ],
    ids="-".join,
)
def test_products_in_every_layout(dtype, sizes, ways):
    rng = np.random.default_rng(3)
    m, n, k = sizes
    program = Program()
    a, b = laid_out(program, rng, (m, k), ways[0], dtype), laid_out(program, rng, (k, n), ways[1], dtype)
    out = laid_out(program, rng, (m, n), ways[2], dtype)
    program.product(
        a,
        b,
        out,
        scale=-0.5,
        keep=0.25,
        rate=moved(program.array(np.array([9, 1.5], dtype)), offset=1, shape=(), strides=()),
    )
    machine, numpy = (
        view(memory, out) for memory in (program.by_machine(program.compiled(approximate=True)), program.by_numpy())
    )
    bound = np.abs(view(program.memory, a)) @ np.abs(view(program.memory, b)) + 1
    # Higham, Accuracy and Stability of Numerical Algorithms, 3.5: k units of |a| |b| in any order
    assert np.all(np.abs(machine - numpy) <= (k + 3) * np.finfo(dtype).eps * bound)


@pytest.mark.parametrize("turn", [False, True])
def test_a_product_for_several_threads(turn):
    rng = np.random.default_rng(8)
    program = Program()
    a, b = program.array(rng.standard_normal((512, 128))), program.array(rng.standard_normal((128, 300)))
    out = program.array(rng.standard_normal((300, 512) if turn else (512, 300)))
    rate = moved(program.array(np.array([9, -0.25])), offset=1, shape=(), strides=())
    program.product(a, b, turned(out) if turn else out, scale=0.5, keep=-1.0, rate=rate)
    segment = program.compiled(approximate=True)
    assert any(phase.sizes for phase in segment._phases)
    machine, numpy = (view(memory, out) for memory in (program.by_machine(segment), program.by_numpy()))
    np.testing.assert_allclose(machine, numpy, rtol=0, atol=128 * 128 * 2.3e-16)  # of 128 products of size 1


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize(("m", "n"), [(512, 300), (300, 512)])
def test_what_ends_a_product_for_several_threads(relu, gated, m, n):
    rng = np.random.default_rng(9)
    program = Program()
    a, b = program.array(rng.standard_normal((m, 128))), program.array(rng.standard_normal((128, n)))
    bias = moved(program.array(rng.standard_normal(600)), offset=3, shape=(n,), strides=(8,))
    gate = moved(program.array(rng.standard_normal((m, n + 3))), offset=2, shape=(m, n)) if gated else None
    out = program.product(a, b, bias=bias, relu=relu, gate=gate)
    segment = program.compiled(approximate=True)
    numpy = view(program.by_numpy(), out)
    for threads in (1, 2, 4):
        with ag.set_num_threads(threads):
            machine = view(program.by_machine(segment), out)
        np.testing.assert_allclose(machine, numpy, rtol=0, atol=128 * 128 * 2.3e-16)  # of 128 products of size 1
        assert (machine < 0).any() == (not relu)


def test_other_products_end_with_nothing_else():
    program = Program()
    a, b, bias = (program.array(np.ones(shape)) for shape in ((4, 3), (3, 5), (5,)))
    assert segments.takes(Product(a, b, program.empty((4, 5), "f8")), approximate=True)
    for end in ({"bias": bias}, {"relu": True}, {"gate": program.array(np.ones((4, 5)))}):
        assert not segments.takes(Product(a, b, program.empty((4, 5), "f8"), **end), approximate=True)
    a, b, out = (program.array(np.ones((512, 512))) for _ in range(3))
    for is_taken, gate in (
        (True, program.array(np.ones((512, 512)))),
        (False, turned(program.array(np.ones((512, 512))))),
    ):
        assert segments.takes(Product(a, b, out, gate=gate), approximate=True) is is_taken
        assert segments.takes(Product(a, b, turned(out), gate=gate), approximate=True) is False


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3, 4, 5), (3, 5, 2)),
        ((3, 4, 5), (5, 2)),
        ((2, 1, 4, 5), (3, 5, 2)),
        ((4, 5), (3, 5, 2)),
        ((3, 4, 5), (5,)),
        ((5,), (3, 5, 2)),
    ],
)
def test_stacks_of_matrices(first, second):
    rng = np.random.default_rng(9)
    program = Program()
    a, b = program.array(rng.standard_normal(first)), program.array(rng.standard_normal(second))
    out = program.empty((view(program.memory, a) @ view(program.memory, b)).shape, "f8", "output")
    program.product(a, b, out)
    machine, numpy = (
        view(memory, out) for memory in (program.by_machine(program.compiled(approximate=True)), program.by_numpy())
    )
    np.testing.assert_allclose(machine, numpy, rtol=0, atol=1e-14)  # 5 units of some 5


def test_products_with_vectors():
    rng = np.random.default_rng(4)
    program = Program()
    matrix, vector = program.array(rng.standard_normal((5, 5))), program.array(rng.standard_normal(5))
    outs = [program.product(matrix, vector), program.product(vector, matrix), program.product(vector, vector)]
    machine, numpy = program.by_machine(program.compiled(approximate=True)), program.by_numpy()
    for out in outs:
        np.testing.assert_allclose(view(machine, out), view(numpy, out), rtol=0, atol=1e-14)  # 5 units of some 5


def test_an_exact_product_has_numpys_bits():
    rng = np.random.default_rng(5)
    program = Program()
    a, b = (
        program.array(rng.standard_normal((20, 100)).astype("f4")),
        program.array(rng.standard_normal((30, 100)).astype("f4")),
    )
    program.product(a, turned(b))
    program.agrees_exactly()
    others = [
        Product(a, turned(a), program.empty((20, 20), "f4")),  # NumPy computes one half of it
        Product(a, turned(b), program.empty((20, 30), "f4"), scale=2.0),
        Product(a, moved(b, shape=(100,), strides=(4,)), program.empty((20,), "f4")),
    ]
    assert not any(segments.takes(step, False) for step in others)


def test_a_row_times_a_matrix_that_is_larger_than_the_cache():
    rng = np.random.default_rng(5)
    program = Program()
    row, matrix = program.array(rng.standard_normal((1, 1500))), program.array(rng.standard_normal((1500, 130)))
    out = program.product(row, matrix)
    machine, numpy = program.by_machine(program.compiled(approximate=True)), program.by_numpy()
    np.testing.assert_allclose(view(machine, out), view(numpy, out), rtol=0, atol=1500 * 10 * 2.3e-16)  # sums of either
