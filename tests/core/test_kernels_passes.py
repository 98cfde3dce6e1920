"""A formula of ufuncs as one loop of machine code: NumPy's bits, or nothing at all."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.kernels import llvm, passes

pytestmark = pytest.mark.skipif(
    not llvm.available(), reason="machine code needs llvmlite, and AUTOGRAD_CORE_NATIVE not 0"
)


def averaged(w, g, kept, numbers, rooted):
    """A mean that is kept, intermediate results in two arrays, one result that is made new, and a switch."""
    (mean, s, t), (rate, share) = kept, numbers
    np.multiply(g, share, s)
    np.multiply(mean, rate, mean)
    np.add(mean, s, mean)
    np.maximum(mean, np.negative(g), out=t)
    if rooted:
        np.sqrt(np.multiply(t, t, t), t)
    np.divide(t, rate, t)
    np.subtract(w, t, w)


def arrays_of(shape, dtype, order="C"):
    rng = np.random.default_rng(1)
    return [np.asarray(rng.normal(size=shape), dtype=dtype, order=order) for _ in range(3)]


def numbers_of(dtype):
    return [np.array(0.3, dtype), np.array(0.7, dtype)]


def by_numpy(arrays, numbers, rooted):
    w, g, mean = (a.copy(order="K") for a in arrays)
    averaged(w, g, (mean, np.empty_like(w), np.empty_like(w)), numbers, rooted)
    return w, g, mean


@pytest.mark.parametrize("rooted", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    "shape", [(), (0, 3), (1,), (7,), (16,), (17, 3), (5, 1, 40), (30, 784), (1 << 18, 1), (640, 641)]
)
def test_one_pass_gives_the_bits_of_many(shape, dtype, order, rooted):
    arrays, numbers = arrays_of(shape, dtype, order), numbers_of(dtype)
    expected = by_numpy(arrays, numbers, rooted)
    assert ag.in_one_pass(averaged, arrays[0], arrays[1], arrays[2:], numbers, (rooted,), scratch=2)
    for found, wanted in zip(arrays, expected, strict=True):
        assert found.tobytes("A") == wanted.tobytes("A")


def test_infinities_and_nan_go_through_as_in_numpy():
    arrays, numbers = arrays_of((40,), "f4"), numbers_of("f4")
    arrays[1][:4] = np.inf, -np.inf, np.nan, -0.0
    with np.errstate(invalid="ignore"):
        expected = by_numpy(arrays, numbers, True)
    assert ag.in_one_pass(averaged, arrays[0], arrays[1], arrays[2:], numbers, (True,), scratch=2)
    for found, wanted in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def turned(w, g, mean):
    return w, np.asfortranarray(g), mean


def with_gaps(w, g, mean):
    return tuple(np.repeat(a, 2, axis=1)[:, ::2] for a in (w, g, mean))


def halves(w, g, mean):
    return tuple(a.astype("f2") for a in (w, g, mean))


def swapped(w, g, mean):
    return tuple(a.astype(a.dtype.newbyteorder()) for a in (w, g, mean))


def mixed(w, g, mean):
    return w, g.astype("f8"), mean


def longer(w, g, mean):
    return w, np.concatenate([g, g]), mean


def locked(w, g, mean):
    w.flags.writeable = False
    return w, g, mean


@pytest.mark.parametrize(
    "change", [turned, with_gaps, halves, swapped, mixed, longer, locked], ids=lambda f: f.__name__
)
def test_what_does_not_lie_alike_is_left_alone(change):
    arrays = change(*arrays_of((6, 8), "f4"))
    before = [a.copy() for a in arrays]
    numbers = numbers_of(arrays[0].dtype)
    assert not ag.in_one_pass(averaged, arrays[0], arrays[1], arrays[2:], numbers, (False,), scratch=2)
    for found, wanted in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_numbers_of_another_type_are_left_alone():
    w, g, mean = arrays_of((6, 8), "f4")
    assert not ag.in_one_pass(averaged, w, g, (mean,), numbers_of("f8"), (False,), scratch=2)


def rounded_otherwise(w, g, kept, numbers):
    np.subtract(w, np.tanh(g), w)


def with_a_mask(w, g, kept, numbers):
    np.subtract(w, g, w, where=np.array(True))


def of_a_number(w, g, kept, numbers):
    np.multiply(w, 2.0, w)


@pytest.mark.parametrize("formula", [rounded_otherwise, with_a_mask, of_a_number], ids=lambda f: f.__name__)
def test_what_has_no_machine_code_with_numpys_bits_is_left_to_numpy(formula):
    w, g, _ = arrays_of((6, 8), "f4")
    before = w.copy()
    assert not ag.in_one_pass(formula, w, g, (), [])
    np.testing.assert_array_equal(w, before)


def test_there_is_machine_code_for_single_and_double_precision_of_this_processors_byte_order():
    kinds = ["f2", "f4", "f8", "i4", np.dtype("f4").newbyteorder()]
    assert [ag.machine_code(np.dtype(kind)) for kind in kinds] == [False, True, True, False, False]


def test_nothing_is_done_where_machine_code_is_switched_off(monkeypatch):
    monkeypatch.setattr(passes.llvm, "available", lambda: False)
    assert not ag.machine_code(np.dtype("f4"))
