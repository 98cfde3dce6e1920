"""Machine code of steps agrees with NumPy: bit for bit where nothing is approximated, else within stated errors."""

import os
import subprocess
import sys

import numpy as np
import pytest
from lowered_programs import Program, assert_close, turned, view

from autograd_core.kernels import llvm, products, segments
from autograd_core.lowered import Buffer, Elementwise, Piece, Product, Reduce

pytestmark = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")


SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-310, -1e-42, 0.5, 1.5, 2.5, -2.5, 3e38, 1e300, -7.25]
UNARY = [
    *("negative", "positive", "absolute", "fabs", "sign", "square", "reciprocal", "sqrt", "floor", "ceil", "trunc"),
    *("rint", "isnan", "isfinite", "isinf", "signbit", "logical_not", "copy"),
]
BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "copysign"]
COMPARISONS = [
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("logical_and", "logical_or", "logical_xor"),
]
TRUTH = np.dtype(bool)
SIZES = [1, 2, 3, 7, 8, 10, 16, 17, 31, 64, 100, 257]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("size", SIZES)
def test_every_exact_function_has_numpys_bits(dtype, size):
    rng = np.random.default_rng(size)
    with np.errstate(over="ignore"):
        x, y = rng.choice(np.array(SPECIAL), (2, size)).astype(dtype)
    program = Program()
    a, b = program.array(x), program.array(y)
    for name in UNARY:
        result = bool if name[:2] == "is" or name in ("signbit", "logical_not") else dtype
        program.elementwise(name, a, kind="output", loop=(dtype, result))
    for name in BINARY:
        program.elementwise(name, a, b, kind="output")
    for name in COMPARISONS:
        program.elementwise(name, a, b, kind="output", loop=(dtype, dtype, bool))
    mask = program.elementwise("less", a, b, loop=(dtype, dtype, bool))
    program.elementwise("where", mask, a, b, kind="output", loop=(bool, dtype, dtype, dtype))
    program.agrees_exactly()


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i4", "u4", "i8"])
def test_integers_and_truth_values_have_numpys_bits(dtype):
    rng = np.random.default_rng(0)
    dtype = np.dtype(dtype)
    if dtype == TRUTH:
        x, y = rng.random((2, 37)) < 0.5
    else:
        limits = np.iinfo(dtype)
        x, y = rng.integers(limits.min, limits.max, (2, 37), dtype, endpoint=True)
    program = Program()
    a, b = program.array(x), program.array(y)
    unary = ["absolute", "copy", "invert", "square"] + (["negative", "sign"] if dtype != TRUTH else [])
    binary = ["add", "multiply", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"]
    for name in unary:
        program.elementwise(name, a, kind="output")
    for name in binary + (["subtract"] if dtype != TRUTH else []):
        program.elementwise(name, a, b, kind="output")
    for name in COMPARISONS:
        program.elementwise(name, a, b, kind="output", loop=(dtype, dtype, bool))
    for other in ("f4", "f8", "i2", "u8", "?"):
        program.elementwise("copy", a, kind="output", loop=(dtype, other))
    for name in ("add", "maximum", "minimum", "multiply"):
        program.reduce(name, a, (0,), dtype="i8" if name in ("add", "multiply") else dtype)
    program.agrees_exactly()


def test_operands_of_other_types_are_converted_first():
    rng = np.random.default_rng(1)
    program = Program()
    x = program.array(rng.standard_normal((5, 7)).astype("f4"))
    mask = program.array(rng.random((5, 7)) < 0.5)
    counts = program.array(rng.integers(-5, 5, (7,)))
    y = program.elementwise("multiply", x, mask, loop=("f4", "f4", "f4"))
    z = program.elementwise("add", y, counts, loop=("f8", "f8", "f8"))
    program.elementwise("multiply", z, 0.1, out=program.empty((5, 7), "f4", "output"), loop=("f8", "f8", "f8"))
    program.agrees_exactly()


SHAPES = [(), (1,), (5,), (3, 4), (4, 1, 3), (2, 3, 5), (10, 30), (17, 16), (3, 1), (33, 2), (2, 1, 70)]


def random_piece(program, rng, shape, dtype="f4"):
    """A piece of this shape that lies in memory in one of many ways: permuted, with gaps, backwards, or broadcast."""
    kept = [length if rng.random() < 0.8 else 1 for length in shape]
    lead = 0 if rng.random() < 0.8 else int(rng.integers(0, len(shape) + 1))
    kept = kept[lead:]
    order = rng.permutation(len(kept)) if rng.random() < 0.4 else np.arange(len(kept))
    steps = [int(rng.choice([1, 1, 1, 2, -1])) for _ in kept]
    whole = program.array(
        rng.standard_normal([kept[axis] * abs(steps[axis]) for axis in order]).astype(dtype)
        if dtype != "?"
        else rng.random([kept[axis] * abs(steps[axis]) for axis in order]) < 0.5
    )
    strides, offset = [0] * len(kept), 0
    for place, axis in enumerate(order):
        strides[axis] = whole.strides[place] * steps[axis]
        if steps[axis] < 0:
            offset += whole.strides[place] * (kept[axis] - 1)
    return Piece(whole.buffer, offset, tuple(kept), tuple(strides), np.dtype(dtype))


def random_program(seed, *, approximate=False):
    """Steps that read and overwrite each other's results in all ways, over few shapes, so that many share a nest."""
    rng = np.random.default_rng(seed)
    program = Program()
    shape = SHAPES[seed % len(SHAPES)]
    dtype = ["f4", "f8"][seed // len(SHAPES) % 2]
    values = [random_piece(program, rng, shape, dtype) for _ in range(3)] + [
        program.array(rng.standard_normal(shape).astype(dtype))
    ]
    masks = [random_piece(program, rng, shape, "?")]
    for _ in range(int(rng.integers(1, 25))):
        kind = str(rng.choice(["temporary", "temporary", "output"]))
        action = rng.random()
        a, b = (values[int(rng.integers(len(values)))] for _ in range(2))
        try:
            together = np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            continue
        if action < 0.5:
            values.append(program.elementwise(str(rng.choice(BINARY)), a, b if rng.random() < 0.8 else 1.5, kind=kind))
        elif action < 0.6:
            values.append(
                program.elementwise(str(rng.choice(["negative", "square", "absolute", "rint"])), a, kind=kind)
            )
        elif action < 0.65:
            mask = program.elementwise("less", a, b, loop=(dtype, dtype, bool), kind=kind)
            masks.append(mask)
        elif action < 0.7:
            mask = masks[int(rng.integers(len(masks)))]
            try:
                np.broadcast_shapes(mask.shape, together)
            except ValueError:
                continue
            values.append(program.elementwise("where", mask, a, b, loop=(bool, dtype, dtype, dtype), kind=kind))
        elif action < 0.8 and a.shape == together and 0 not in a.strides and b.buffer is not a.buffer:
            program.elementwise("add", a, b, out=a)  # in place, in the caller's memory too
        elif action < 0.85 and len(a.shape) > 1:
            values.append(turned(a))
        elif action < 0.9 and a.shape and a.shape[0] > 1:
            half = (a.shape[0] // 2, *a.shape[1:])
            values.append(Piece(a.buffer, a.offset + a.strides[0], half, a.strides, a.dtype))
        elif a.shape:
            axes = tuple(axis for axis in range(len(a.shape)) if rng.random() < 0.5)
            name = str(rng.choice(["add", "maximum", "minimum", "multiply"])) if approximate else "logical_or"
            if approximate:
                values.append(program.reduce(name, a, axes, kind))
            else:
                test = program.elementwise("greater", a, 0.5, loop=(dtype, dtype, bool))
                masks.append(program.reduce(name, test, axes, kind))
    return program


@pytest.mark.parametrize("seed", range(220))
def test_random_programs_have_numpys_bits(seed):
    random_program(seed).agrees_exactly()


@pytest.mark.parametrize("seed", range(110))
def test_random_programs_with_sums_and_contracted_products_are_close(seed):
    program = random_program(seed, approximate=True)
    machine, numpy = program.results(approximate=True)
    exact = program_in_more_digits(program)
    for buffer in machine:
        dtype = exact_types(program).get(buffer)
        if dtype is not None and exact[buffer]:
            # few operations, each of a few units; what cancels or overflows is left out by `exact`
            assert_close(machine[buffer][: buffer.nbytes], numpy[buffer][: buffer.nbytes], dtype, 256)


def exact_types(program):
    """The floating types of buffers."""
    found = {}
    for step in program.steps:
        for each in (step.out, *getattr(step, "operands", ())):
            if isinstance(each, Piece) and each.dtype.kind == "f":
                found[each.buffer] = each.dtype
    return found


def program_in_more_digits(program):
    """For each buffer whether rounding stays rounding there: what comes from comparisons, or rounds, may jump."""
    jumps = set()
    for step in program.steps:
        pieces = [
            each for each in getattr(step, "operands", (getattr(step, "operand", None),)) if isinstance(each, Piece)
        ]
        if getattr(step, "name", "") in ("less", "rint", "where", "divide", "copysign") or any(
            piece.buffer in jumps for piece in pieces
        ):
            jumps.add(step.out.buffer)
    return {buffer: buffer not in jumps for buffer in program.memory}


def test_what_never_leaves_registers_needs_no_memory():
    program = Program()
    x = program.array(np.linspace(-2, 2, 50))
    y = program.elementwise("multiply", x, x)
    z = program.elementwise("add", y, 1.0)
    program.elementwise("divide", x, z, kind="output")
    assert program.compiled().unneeded == {y.buffer, z.buffer}
    assert program.compiled(kept={z.buffer}).unneeded == {y.buffer}
    program.agrees_exactly(kept={z.buffer})


def test_empty_arrays_and_sums_of_nothing():
    program = Program()
    x = program.array(np.zeros((0, 3), "f4"))
    y = program.elementwise("add", x, x, kind="output")
    program.reduce("add", y, (0,), dtype="f4")
    program.reduce("add", y, (1,))
    program.reduce("multiply", program.array(np.zeros(0, "f4")), (0,))
    program.elementwise("multiply", program.array(np.ones(3, "f4")), 2.0, kind="output")
    machine, numpy = program.results(approximate=True)
    assert all(machine[buffer].tobytes() == numpy[buffer].tobytes() for buffer in machine)


@pytest.mark.parametrize("size", [300_000, 300_001, 1 << 19])
def test_large_nests_are_shared_between_threads_with_the_same_bits(size):
    rng = np.random.default_rng(size)
    program = Program()
    x, y = (program.array(rng.standard_normal(size).astype("f4")) for _ in range(2))
    z = program.elementwise("multiply", x, y)
    program.elementwise("add", z, x, out=x)
    program.elementwise("maximum", z, 0.5, kind="output")
    segment = program.compiled()
    assert any(phase.count > 1 for phase in segment._phases)
    program.agrees_exactly()
    program.reduce("add", z, (0,))
    results = [program.by_machine(program.compiled(approximate=True)) for _ in range(2)]
    assert all(
        results[0][buffer].tobytes() == results[1][buffer].tobytes()
        for buffer in program.memory
        if buffer.kind == "output"
    )


def test_large_nests_with_rows_are_shared_too():
    rng = np.random.default_rng(0)
    program = Program()
    x = program.array(rng.standard_normal((600, 1000)))
    bias = program.array(rng.standard_normal(1000))
    y = program.elementwise("add", x, bias, kind="output")
    outs = [program.reduce("add", y, axes) for axes in [(0,), (1,), (0, 1)]]
    largest = program.reduce("maximum", y, (1,))
    segment = program.compiled(approximate=True)
    assert any(phase.count > 1 for phase in segment._phases)
    machine, numpy = program.by_machine(segment), program.by_numpy()
    assert machine[y.buffer].tobytes() == numpy[y.buffer].tobytes()
    assert machine[largest.buffer].tobytes() == numpy[largest.buffer].tobytes()
    for out in outs:  # numbers of size 1, up to 600,000 of them; sums of either order are within sqrt(n) units of them
        np.testing.assert_allclose(view(machine, out), view(numpy, out), rtol=0, atol=600_000 * 2e-16)


def test_steps_around_a_product_keep_their_order():
    rng = np.random.default_rng(6)
    program = Program()
    w, x = program.array(rng.standard_normal((4, 6))), program.array(rng.standard_normal((3, 4)))
    y = program.product(x, w)
    z = program.elementwise("multiply", y, 2.0)
    total = program.reduce("add", z, (0,))
    program.elementwise("multiply", w, 0.5, out=w)  # after the product has read it
    weights, other = program.array(rng.standard_normal(6)), program.array(rng.standard_normal((3, 6)))
    program.elementwise("square", other, kind="output")  # a nest before the product that the sums might join
    u = program.product(x, w)
    program.product(turned(w), program.reduce("add", w, (1,)), program.empty((6,), "f8", "output"))
    program.product(w, weights)
    program.reduce("add", other, (0,), out=weights)
    program.elementwise("subtract", u, z, out=y)
    machine, numpy = program.results(approximate=True)
    for buffer in machine:
        assert_close(machine[buffer][: buffer.nbytes], numpy[buffer][: buffer.nbytes], "f8", 16)
    assert total.buffer in machine


def test_a_reduction_waits_for_the_product_that_it_reads():
    program = Program()
    x = program.array(np.arange(9.0).reshape(3, 3))
    program.elementwise("square", x, kind="output")
    out = program.reduce("maximum", program.product(x, x), (0,))
    memory = program.by_machine(program.compiled(approximate=True))
    assert (
        view(memory, out).tolist()
        == np.max(np.arange(9.0).reshape(3, 3) @ np.arange(9.0).reshape(3, 3), axis=0).tolist()
    )


@pytest.mark.parametrize("name", ["tanh", "exp", "log"])
def test_a_function_without_numpys_bits_is_taken_only_as_an_approximation(name):
    program = Program()
    x = program.array(np.linspace(0.1, 3, 50).astype("f4"))
    program.elementwise(name, x, kind="output")
    assert not segments.takes(program.steps[0], False)
    machine, numpy = program.results(approximate=True)
    for buffer in machine:
        assert_close(
            machine[buffer][: buffer.nbytes], numpy[buffer][: buffer.nbytes], "f4", 4
        )  # test_approximations says more


@pytest.mark.parametrize("dtype", ["f2", "c8", "c16", "M8[s]", ">f4"])
def test_other_types_are_not_taken(dtype):
    piece = Piece(Buffer(0, 64, "input"), 0, (2,), (np.dtype(dtype).itemsize,), np.dtype(dtype))
    step = Elementwise("add", (piece, piece), piece, (np.dtype(dtype),) * 3)
    assert not segments.takes(step, True)
    assert not segments.takes(Reduce("add", piece, (0,), piece), True)
    assert not segments.takes(Product(piece, piece, piece), True)


def test_nothing_is_taken_without_llvmlite(monkeypatch):
    monkeypatch.setattr(segments, "available", lambda: False)
    piece = Piece(Buffer(0, 64, "input"), 0, (2,), (4,), np.dtype("f4"))
    assert not segments.takes(Elementwise("add", (piece, piece), piece, (np.dtype("f4"),) * 3), True)


PROBE = """
import ctypes, sys
import numpy as np
from autograd_core.lowered import Buffer, Elementwise, Number, Piece, Product
from autograd_core.kernels import llvm, segments
if sys.argv[1] == "kept":
    def fails(*args): raise AssertionError("written again")
    llvm.keep = segments.Module = fails
x = Piece(Buffer(0, 64, "input"), 0, (4, 4), (16, 4), np.dtype("f4"))
y = Piece(Buffer(1, 64, "output"), 0, (4, 4), (16, 4), np.dtype("f4"))
steps = [Product(x, x, y), Elementwise("multiply", (y, Number(2.0, np.dtype("f4"))), y, (np.dtype("f4"),) * 3)]
segment = segments.Segment(steps, set(), approximate=True)
memory = np.arange(16, dtype="f4"), np.empty(16, "f4")
table = (ctypes.c_uint64 * 2)(*(a.ctypes.data for a in memory))
segment.run(ctypes.addressof(table))
a = memory[0].reshape(4, 4)
assert np.array_equal(memory[1].reshape(4, 4), 2 * (a @ a)), memory
"""


def probe(mode, folder):
    subprocess.run(
        [sys.executable, "-c", PROBE, mode], check=True, env={**os.environ, "AUTOGRAD_CORE_CACHE": str(folder)}
    )


def test_another_process_loads_what_was_compiled_and_notices_what_was_spoilt(tmp_path):
    probe("new", tmp_path)
    files = [*tmp_path.iterdir()]
    assert sorted(file.suffix for file in files) == [".json", ".o"]  # the code, and what is known of it
    for file in files:
        probe("kept", tmp_path)
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        with pytest.raises(subprocess.CalledProcessError):
            probe("kept", tmp_path)  # it wants to write it again
        probe("new", tmp_path)
    probe("kept", tmp_path)


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("seed", range(22))
def test_any_width_of_vectors_will_do(monkeypatch, width, seed):
    monkeypatch.setattr(segments, "vector_bytes", lambda: width)
    monkeypatch.setattr(products, "vector_bytes", lambda: width)
    program = random_program(seed)
    x = program.array(np.arange(70.0).reshape(7, 10))
    program.product(x, turned(x))
    program.product(turned(x), x)
    machine, numpy = program.results(approximate=True)
    for buffer in list(machine)[-2:]:  # whole numbers: any order gives the same
        assert machine[buffer].tobytes() == numpy[buffer].tobytes()
    program.steps = program.steps[:-2]
    program.agrees_exactly()
