"""The LSTM and the GRU by machine code beside their steps in NumPy."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.kernels import llvm, recurrences, writing
from autograd_core.ops import recurrence_native as native

pytestmark = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")

EPS = np.finfo(np.float32).eps
# steps, rows, hidden: less than a tile of rows, several with some left over, tails of vectors, blocks of a product
SIZES = [(1, 1, 1), (3, 2, 16), (4, 7, 5), (6, 9, 33), (5, 12, 70)]
KINDS = ["lstm", "gru", "gru without bias"]


@pytest.fixture(autouse=True)
def _however_small(monkeypatch):
    monkeypatch.setattr(native, "_WORTHWHILE", 1)


@pytest.fixture
def kernels_run(monkeypatch):
    """The names of the kernels that were called so far."""
    ran, call = [], native._call
    monkeypatch.setattr(native, "_call", lambda name, *rest: (ran.append(name), call(name, *rest)))
    return ran


def drawn(kind, steps, rows, hidden):
    """The operation, its arrays, and a cotangent."""
    rng = np.random.default_rng(hidden)
    gates = 4 if kind == "lstm" else 3
    state, weight = (rows, hidden), (gates * hidden, hidden)
    shapes = [(steps, rows, gates * hidden), state, *([state] if kind == "lstm" else []), weight]
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    arrays[-1] /= np.float32(np.sqrt(hidden))
    if kind == "gru":
        arrays.append(rng.normal(size=gates * hidden).astype(np.float32))
    g = rng.normal(size=((2,) if kind == "lstm" else ()) + (steps, rows, hidden)).astype(np.float32)
    return ag.lstm_recurrence if kind == "lstm" else ag.gru_recurrence, arrays, g


def results(operation, arrays, g):
    """The states and all derivatives."""
    out, pull = ag.vjp(operation, *arrays)
    return [out, *pull(g)]


def compare(found, truth):
    """A step rounds a few times, and there are up to 6; the gates are right within 2 units in the last place."""
    for a, b in zip(found, truth, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=32 * EPS * np.abs(b).max())
        assert a.dtype == np.float32
        assert a.shape == b.shape


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_states_and_derivatives_are_those_of_double_precision(kind, sizes, kernels_run):
    operation, arrays, g = drawn(kind, *sizes)
    found = results(operation, arrays, g)
    name = kind.split()[0]
    assert kernels_run == [name, f"{name}_pulled"]
    compare(found, results(operation, [a.astype(float) for a in arrays], g.astype(float)))
    assert len(kernels_run) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_that_lie_in_another_way(kind, kernels_run):
    operation, arrays, g = drawn(kind, 4, 6, 10)
    found = results(operation, [np.asfortranarray(a) for a in arrays], np.asfortranarray(g))
    compare(found, results(operation, [a.astype(float) for a in arrays], g.astype(float)))
    assert len(kernels_run) == 2


@pytest.mark.parametrize("width", [16, 32])
def test_processors_with_narrower_vectors(width, monkeypatch, kernels_run):
    made = [getattr(recurrences, name) for name in ("lstm", "lstm_pulled", "gru", "gru_pulled")] + [native._kernel]
    with monkeypatch.context() as changed:
        changed.setattr(writing, "vector_bytes", lambda: width)
        for each in made:
            each.cache_clear()
        for kind in KINDS:
            for sizes in SIZES:
                kernels_run.clear()
                test_states_and_derivatives_are_those_of_double_precision(kind, sizes, kernels_run)
    for each in made:
        each.cache_clear()


@pytest.mark.parametrize("kind", KINDS)
def test_the_bits_are_the_same_on_any_number_of_threads(kind):
    operation, arrays, g = drawn(kind, 20, 50, 40)
    weight = arrays[2 if "gru" in kind else 3]
    assert arrays[0].shape[0] * arrays[0].shape[1] * weight.size >= native._WORTH_THREADS
    found = []
    for threads in (1, 2, 3):
        with ag.set_num_threads(threads):
            found.append(results(operation, arrays, g)[:3])  # those behind are products, which the BLAS may share out
    for others in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], others, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_without_machine_code_numpy_computes_the_same(kind, monkeypatch, kernels_run):
    operation, arrays, g = drawn(kind, 4, 6, 10)
    found = results(operation, arrays, g)
    monkeypatch.setattr(llvm, "available", lambda: False)
    compare(found, results(operation, arrays, g))
    assert len(kernels_run) == 2
