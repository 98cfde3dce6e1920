"""Matrix products in machine code against NumPy's in higher precision, and the bits that they promise."""

import ctypes
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
from autograd_core.errors import DTypeError, OptionError, ShapeError
from autograd_core.kernels import gemm, llvm
from autograd_core.kernels.gemm_tile import Tile
from autograd_core.ops import product_kernels

if not llvm.available():
    pytest.skip("machine code needs llvmlite", allow_module_level=True)

FLOATS = [np.dtype(np.float32), np.dtype(np.float64)]
LENGTHS = st.integers(1, 70) | st.sampled_from([1, 8, 9, 31, 32, 33, 128, 129, 255, 256, 257, 300, 513])


@st.composite
def matrices(draw, shape, dtype, values):
    """A matrix of some numbers in any memory: transposed, with gaps, backwards, or with one row again and again."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    layout = draw(st.sampled_from(["rows", "columns", "gaps", "backwards", "one row", "inside"]))
    m, n = shape
    if layout == "columns":
        return values(rng, (n, m)).astype(dtype).T
    if layout == "gaps":
        return values(rng, (2 * m, 3 * n)).astype(dtype)[::2, ::3]
    if layout == "backwards":
        return values(rng, shape).astype(dtype)[::-1, ::-1]
    if layout == "one row":
        return np.broadcast_to(values(rng, (1, n)).astype(dtype), shape)
    if layout == "inside":
        return values(rng, (m + 3, n + 5)).astype(dtype)[1 : m + 1, 2 : n + 2]
    return values(rng, shape).astype(dtype)


def whole(rng, shape):
    return rng.integers(-8, 9, shape)


def real(rng, shape):
    return rng.standard_normal(shape)


@settings(max_examples=150)
@given(st.data(), LENGTHS, LENGTHS, LENGTHS, st.sampled_from(FLOATS))
def test_products_of_small_whole_numbers_are_exact(data, m, k, n, dtype):
    """Sums of at most 513 products below 65, times 3, and so below 2**24: float32 has them all."""
    a = data.draw(matrices((m, k), dtype, whole))
    b = data.draw(matrices((k, n), dtype, whole))
    bias = data.draw(st.none() | matrices((n, 1), dtype, whole))
    frame = np.full((m + 2, n + 2), 99, dtype, order=data.draw(st.sampled_from("CF")))
    frame = frame[::-1, ::-1] if data.draw(st.booleans()) else frame
    out = frame[1:-1, 1:-1]
    out[...] = data.draw(matrices((m, n), dtype, whole))
    alpha, beta = data.draw(st.sampled_from([(1, 0), (1, 1), (-3, 2), (0, 1), (2, 0)]))
    relu = data.draw(st.booleans())
    gate = data.draw(st.none() | matrices((m, n), dtype, whole))
    bias = None if bias is None else bias[:, 0]
    expected = alpha * (a.astype(int) @ b.astype(int)) + beta * out.astype(int) + (0 if bias is None else bias)
    expected = np.maximum(expected, 0) if relu else expected
    got = gemm.multiply(a, b, out, alpha=alpha, beta=beta, bias=bias, relu=relu, gate=gate)
    assert got is out
    np.testing.assert_array_equal(out, expected if gate is None else expected * (gate > 0))
    around = np.ones(frame.shape, bool)
    around[1:-1, 1:-1] = False
    assert (frame[around] == 99).all()  # tiles at the edge write nothing beside C


@settings(max_examples=60)
@given(st.data(), LENGTHS, LENGTHS, LENGTHS, st.sampled_from(FLOATS))
def test_rounding_errors_stay_within_the_bound_of_a_sum_in_any_order(data, m, k, n, dtype):
    """Higham (2002), *Accuracy and stability*, (3.5): k products summed are off by at most k u |a| |b| (1 + O(k u))."""
    if dtype == np.float64 and np.finfo(np.longdouble).eps == np.finfo(dtype).eps:
        return  # no higher precision here
    a = data.draw(matrices((m, k), dtype, real))
    b = data.draw(matrices((k, n), dtype, real))
    wide = np.float64 if dtype == np.float32 else np.longdouble
    exact = a.astype(wide) @ b.astype(wide)
    unit = np.finfo(dtype).eps / 2
    bound = 1.01 * (k + 1) * unit * (abs(a.astype(wide)) @ abs(b.astype(wide)))  # + 1: the factor alpha
    assert (abs(gemm.multiply(a, b) - exact) <= bound).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_bits_of_a_number_depend_on_its_row_its_column_and_nothing_else(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    a, b = real(rng, (150, 700)).astype(dtype), real(rng, (700, 190)).astype(dtype)
    full = gemm.multiply(a, b)
    for rows, columns in (slice(0, 1), slice(3, 8)), (slice(5, 77), slice(100, 190)), (slice(149, 150), slice(0, 190)):
        np.testing.assert_array_equal(gemm.multiply(a[rows], b[:, columns]), full[rows, columns])
    np.testing.assert_array_equal(gemm.multiply(np.asfortranarray(a), np.asfortranarray(b)), full)
    np.testing.assert_array_equal(gemm.multiply(b.T, a.T).T, full)
    options = {"alpha": 0.3, "beta": 1.7, "bias": b[0], "gate": real(rng, (150, 190)).astype(dtype)}
    full = gemm.multiply(a, b, full.copy(), **options)
    monkeypatch.setattr(gemm, "_WORTH_THREADS", 1)
    for threads in (1, 2, 3, 8):
        with ag.set_num_threads(threads):
            for order in "CF":
                out = gemm.multiply(a, b).copy(order)
                np.testing.assert_array_equal(gemm.multiply(a, b, out, **options), full)


@pytest.mark.parametrize("dtype", FLOATS)
def test_every_size_of_vectors_and_tiles_gives_the_same_bits(dtype, monkeypatch):
    """So that processors with narrower vectors compute the same; LLVM makes code for those here too."""
    rng = np.random.default_rng(1)
    a, b, c = (real(rng, shape).astype(dtype) for shape in [(37, 300), (300, 101), (37, 101)])
    full = gemm.multiply(a, b, c.copy(), alpha=-0.3, beta=0.7, bias=b[0])
    for lanes, rows, vectors in (16, 8, 2), (8, 4, 3), (4, 4, 2), (4, 8, 1), (8, 16, 1):
        code = gemm.Product(dtype, Tile(dtype, lanes, rows, vectors))
        monkeypatch.setattr(gemm, "product", lambda dtype, code=code: code)
        for left in (a, np.asfortranarray(a)):
            for right in (b, np.asfortranarray(b)):
                got = gemm.multiply(left, right, c.copy(), alpha=-0.3, beta=0.7, bias=b[0])
                np.testing.assert_array_equal(got, full)


@pytest.mark.parametrize("k", [1, 255, 256, 257, 600])
def test_a_number_is_the_sum_of_its_products_in_their_order_each_added_with_one_rounding(k):
    """In pieces of equal length up to 256, whose sums are added. float64 holds a product of two float32 exactly."""
    rng = np.random.default_rng(3)
    a, b = real(rng, (4, k)).astype(np.float32), real(rng, (k, 5)).astype(np.float32)
    pieces = -(-k // 256)
    length = -(-k // pieces)
    expected = np.zeros((4, 5), np.float32)
    for start in range(0, k, length):
        part = np.zeros((4, 5), np.float32)
        for i in range(start, min(start + length, k)):
            part = (a[:, i, None].astype(float) * b[i] + part).astype(np.float32)
        expected += part
    np.testing.assert_array_equal(gemm.multiply(a, b), expected)


PRINT_BITS = """
import sys, hashlib, numpy as np
from autograd_core.kernels import gemm
rng = np.random.default_rng(0)
a, b = (rng.standard_normal((300, 300)).astype(np.float32) for _ in "ab")
print(*(hashlib.sha256(gemm.multiply(a, b)).hexdigest() for _ in range(2)))
"""


def test_code_from_the_disk_gives_the_bits_of_the_first_process(tmp_path):
    environment = os.environ | {"AUTOGRAD_CORE_CACHE": str(tmp_path)}
    answers = []
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", PRINT_BITS], env=environment, capture_output=True, text=True, check=True
        )
        answers += run.stdout.split()
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((300, 300)).astype(np.float32) for _ in "ab")
    assert set(answers) == {hashlib.sha256(gemm.multiply(a, b)).hexdigest()}
    assert len(answers) == 4


READ_TO_THE_END = """
import ctypes, mmap, numpy as np
from autograd_core.kernels import gemm
PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None)
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
kept = []
def fenced(shape):
    "An array that ends where memory that must not be touched begins."
    size = 4 * shape[0] * shape[1]
    pages = -(-size // PAGE) * PAGE
    memory = mmap.mmap(-1, pages + PAGE)
    kept.append(memory)
    whole = np.frombuffer(memory, np.uint8)
    assert libc.mprotect(whole.ctypes.data + pages, PAGE, 0) == 0
    x = whole[pages - size : pages].view(np.float32).reshape(shape)
    x[...] = 1
    return x
for m, k, n in (1, 1, 1), (7, 5, 33), (9, 17, 31), (130, 257, 65), (8, 256, 32):
    for left in (fenced((m, k)), fenced((k, m)).T):
        for right in (fenced((k, n)), fenced((n, k)).T):
            out = fenced((m, n))
            gemm.multiply(left, right, out, beta=1, bias=fenced((1, n))[0], gate=fenced((m, n)))
            assert (out == k + 2).all()
print("whole")
import os
os._exit(0)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fences memory by mprotect")
def test_nothing_is_read_or_written_behind_the_matrices():
    run = subprocess.run([sys.executable, "-c", READ_TO_THE_END], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "whole\n"), run.stderr


@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_and_infinity_go_where_they_belong(dtype):
    a, b = np.ones((20, 300), dtype), np.ones((300, 40), dtype)
    a[3, 7], a[5, 9], b[9, 2] = np.nan, np.inf, 0
    out = gemm.multiply(a, b, np.full((20, 40), np.nan, dtype), relu=True)  # beta = 0: what was there does not count
    assert np.isnan(out[3]).all()
    assert np.isnan(out[5, 2])  # infinity times zero
    assert (np.delete(out[5], 2) == np.inf).all()
    rest = np.delete(out, [3, 5], axis=0)
    assert (np.delete(rest, 2, axis=1) == 300).all()
    assert (rest[:, 2] == 299).all()
    assert np.isnan(gemm.multiply(a[:1], b, np.full((1, 40), np.nan, dtype), beta=1)).all()
    closed = gemm.multiply(a, b, gate=np.zeros((20, 40), dtype))  # times 0, as in eager code, and no cut
    assert np.isnan(closed[[3, 5]]).all()
    assert (np.delete(closed, [3, 5], axis=0) == 0).all()
    unknown = gemm.multiply(a, b, gate=np.full((20, 40), np.nan, dtype))
    np.testing.assert_array_equal(unknown, closed)  # a NaN is not above zero


@pytest.mark.parametrize(("m", "k", "n"), [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (3, 0, 0)])
def test_empty_matrices(m, k, n):
    a, b = np.ones((m, k)), np.ones((k, n))
    np.testing.assert_array_equal(gemm.multiply(a, b), np.zeros((m, n)))
    np.testing.assert_array_equal(gemm.multiply(a, b, np.ones((m, n)), beta=2.0), np.full((m, n), k + 2.0))


def test_the_c_function_is_what_its_signature_says():
    code = gemm.product(np.dtype(np.float64))
    size, number, pointer = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
    call = ctypes.CFUNCTYPE(None, *[pointer] * 6, *[size] * 10, number, number)(code.address)
    a, b, c = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(4, 3).T, np.ones((2, 4))
    gate = np.array([[1.0, 0, -1, 2, 9], [3, -2, 0, 0, 9]])  # five numbers from row to row
    expected = np.maximum(2 * a @ b - 5 * c + 1, 0) * (gate[:, :4] > 0)
    space = np.empty(code.workspace + 64, np.uint8)
    aligned = -(-space.ctypes.data // 64) * 64
    one = np.ones(4)
    call(
        a.ctypes.data, b.ctypes.data, c.ctypes.data, one.ctypes.data, gate.ctypes.data, aligned,
        2, 4, 3, 3, 1, 1, 3, 4, 5, 1, 2.0, -5.0,
    )  # fmt: skip
    np.testing.assert_array_equal(c, expected)


def test_unaligned_numbers_are_multiplied_too():
    record = np.zeros((20, 30), np.dtype([("pad", "u1"), ("x", "f4")]))
    record["x"] = 2
    out = record["x"].copy()[:, :20]
    gemm.multiply(record["x"], record["x"].T, out)
    assert (out == 120).all()
    target = record["x"][:, :20]
    gemm.multiply(record["x"], record["x"].T.copy(), target)
    assert (record["x"][:, :20] == 120).all()


@pytest.mark.parametrize(
    ("error", "words", "arguments"),
    [
        (ShapeError, r"\(2, 3\) @ \(2, 3\)", [np.ones((2, 3)), np.ones((2, 3))]),
        (ShapeError, "as many as the rows of b", [np.ones(3), np.ones((3, 2))]),
        (ShapeError, r"out has shape \(3, 2\)", [np.ones((2, 3)), np.ones((3, 2)), np.ones((3, 2))]),
        (DTypeError, "float64, float32", [np.ones((2, 3)), np.ones((3, 2), np.float32)]),
        (DTypeError, "got int64", [np.ones((2, 3), np.int64), np.ones((3, 2), np.int64)]),
        (DTypeError, "got >f8", [np.ones((2, 3), ">f8"), np.ones((3, 2), ">f8")]),
    ],
)
def test_what_does_not_fit_is_refused(error, words, arguments):
    with pytest.raises(error, match=words):
        gemm.multiply(*arguments)


def test_a_bias_must_fit():
    with pytest.raises(ShapeError, match=r"bias must be \(2,\), got \(3,\)"):
        gemm.multiply(np.ones((2, 3)), np.ones((3, 2)), bias=np.ones(3))


def test_large_products_take_machine_code_where_the_blas_is_narrow_and_numpy_elsewhere(monkeypatch):
    rng = np.random.default_rng(2)
    x, weight, bias = (real(rng, shape).astype(np.float32) for shape in [(200, 300), (400, 300), (400,)])
    monkeypatch.setattr(product_kernels, "_blas_is_narrow", lambda: True)
    np.testing.assert_array_equal(product_kernels.matmul(x, weight.T), gemm.multiply(x, weight.T))
    np.testing.assert_array_equal(product_kernels.linear(x, weight, bias), gemm.multiply(x, weight.T, bias=bias))
    repeated = np.broadcast_to(x[:, None], (200, 2, 300))  # as the gradient of a mean is
    stack = product_kernels.matmul(repeated, weight.T)
    np.testing.assert_array_equal(stack, np.broadcast_to(gemm.multiply(x, weight.T)[:, None], (200, 2, 400)))
    monkeypatch.setattr(gemm, "multiply", None)
    # NumPy's product, in some order of its sums: two of them differ by two bounds (Higham, as above)
    bound = 1.01 * 2 * 300 * 2.0**-24 * (abs(x) @ abs(weight.T))
    mixed = product_kernels.matmul(x, weight.T.astype(float))
    assert (abs(mixed - x @ weight.T.astype(float)) <= bound).all()
    monkeypatch.setattr(product_kernels, "_blas_is_narrow", lambda: False)
    assert (abs(product_kernels.matmul(x, weight.T) - x @ weight.T) <= bound).all()
    np.testing.assert_array_equal(product_kernels.linear(x, weight, bias), product_kernels.linear(x, weight) + bias)


def test_the_choice_follows_from_the_processor_and_the_blas(monkeypatch):
    for vectors, kernels, expected in (
        (64, "Haswell", True),
        (64, "Zen", True),
        (64, "SkylakeX", False),
        (32, "Zen", False),
    ):
        monkeypatch.setattr(product_kernels, "vector_bytes", lambda vectors=vectors: vectors)
        monkeypatch.setattr(product_kernels, "blas_kernels", lambda kernels=kernels: kernels)
        assert product_kernels._blas_is_narrow.__wrapped__() is expected
    monkeypatch.setattr(product_kernels, "available", lambda: False)
    monkeypatch.setattr(product_kernels, "vector_bytes", lambda: pytest.fail("asks LLVM where there is none"))
    assert product_kernels._blas_is_narrow.__wrapped__() is False


def test_without_llvmlite_a_product_in_machine_code_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(llvm, "available", lambda: False)
    llvm._machine.cache_clear()
    try:
        with pytest.raises(OptionError, match="needs llvmlite"):
            gemm.Product(np.dtype(np.float32))
    finally:
        monkeypatch.undo()
        llvm._machine.cache_clear()


def test_a_bias_or_gate_that_does_not_fit_is_refused():
    a, b = np.ones((2, 3)), np.ones((3, 4))
    with pytest.raises(ShapeError, match=r"bias must be \(4,\), got \(2,\)"):
        gemm.multiply(a, b, bias=np.ones(2))
    with pytest.raises(ShapeError, match=r"gate must be \(2, 4\), got \(4,\)"):
        gemm.multiply(a, b, gate=np.ones(4))
    with pytest.raises(DTypeError, match="one dtype"):
        gemm.multiply(a, b, gate=np.ones((2, 4), np.float32))
