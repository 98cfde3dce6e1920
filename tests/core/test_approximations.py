"""Approximations are as near to the truth as they say: in machine code, on arrays, and where operations use them."""

import numpy as np
import pytest
from scipy import special

import autograd_core as ag
from autograd_core.kernels import llvm, maps
from autograd_core.kernels.approximations import ERRORS, approximation
from autograd_core.kernels.maps import mapped
from benchmarks.ulps import SEAMS, TRUTH, distance, doubles, singles

SINGLE = [name for name, kind in ERRORS if kind == "float32"]
DOUBLE = [name for name, kind in ERRORS if kind == "float64"]
in_machine_code = pytest.mark.skipif(not llvm.available(), reason="machine code needs llvmlite")
wide = pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52, reason="long double is double here: no truth to compare")


class Arrays:
    """The arithmetic of formulas on NumPy's arrays of one type."""

    abs, copysign = staticmethod(np.abs), staticmethod(np.copysign)

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        self.integer = np.dtype(f"i{self.dtype.itemsize}")

    def fma(self, a, b, c):
        """``a b + c``, rounded once but for very few numbers, because it is first rounded to more digits."""
        if self.dtype == np.float32:
            a, b, c = (np.asarray(x, self.dtype).astype(np.float64) for x in (a, b, c))
            return (a * b + c).astype(self.dtype)
        a, b, c = (np.asarray(x, self.dtype).astype(np.longdouble) for x in (a, b, c))
        (a_high, a_low), (b_high, b_low) = halves(a), halves(b)
        product = a * b
        lost = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low  # Dekker 1971
        total = product + c
        added = total - product
        rest = ((product - (total - added)) + (c - added)) + lost
        return np.where(rest == 0, total, total + rest).astype(self.dtype)  # so that -0.0 stays

    def where(self, condition, a, b):
        return np.where(condition, *(x if isinstance(x, np.ndarray) else self.dtype.type(x) for x in (a, b)))

    def bits(self, x):
        return x.view(self.integer)

    def from_bits(self, i):
        return i.view(self.dtype)

    def widened(self, x):
        return Arrays(np.float64), x.astype(np.float64)

    def to_float(self, x):
        return x.astype(self.dtype)


def halves(x):
    """A sum of two numbers of half as many digits (Veltkamp 1968)."""
    large = x * (2 ** ((np.finfo(x.dtype).nmant + 2) // 2) + 1)
    high = large - (large - x)
    return high, x - high


def neighbourhoods(kind, points, reach):
    """Each point, and as many numbers on both sides of it."""
    integer = np.dtype(f"i{np.dtype(kind).itemsize}")
    bits = np.array(points, kind).view(integer)[:, None] + np.arange(-reach, reach + 1, dtype=integer)
    return bits.ravel().view(kind)


def numbers(kind):
    """Some of every size, all around powers of two, special values, and all around where a formula changes its mind."""
    limits = np.finfo(kind)
    powers = 2.0 ** np.arange(limits.minexp, limits.maxexp)
    seams = [s for s in SEAMS if s] + list(np.log(2) * (np.arange(-40, 40) + 0.5))  # where e**x takes the next power
    ends = [1.0, limits.tiny, limits.smallest_subnormal, limits.max]
    one_sided = np.concatenate(
        [
            neighbourhoods(kind, powers, 2),
            neighbourhoods(kind, np.abs(seams), 100),
            neighbourhoods(kind, [*ends, 3.0], 1),
        ]
    )
    special_values = np.array([0.0, np.inf, np.nan, 0.5, 2.0, 1e-3], kind)
    with np.errstate(all="ignore"):
        return np.concatenate([one_sided, -one_sided, special_values, -special_values])


def largest(found, name, x, truth_type):
    with np.errstate(all="ignore"):
        return distance(found, np.asarray(TRUTH[name](x.astype(truth_type)))).max()


@in_machine_code
@pytest.mark.parametrize("name", SINGLE)
def test_machine_code_in_single_precision_is_within_its_stated_error(name):
    for x in [numbers(np.float32), *singles(every=4099)]:
        assert largest(mapped(name, x), name, x, np.float64) <= ERRORS[name, "float32"]


@in_machine_code
@wide
@pytest.mark.parametrize("name", DOUBLE)
def test_machine_code_in_double_precision_is_within_its_stated_error(name):
    for x in [numbers(np.float64), *doubles(1)]:
        assert largest(mapped(name, x), name, x, np.longdouble) <= ERRORS[name, "float64"]


@pytest.mark.parametrize("name", SINGLE)
def test_the_formula_on_arrays_is_within_the_same_error(name):
    x = numbers(np.float32)
    with np.errstate(all="ignore"):
        found = approximation(name, x.dtype)(Arrays(x.dtype), x)
    # A product and sum in double precision, rounded to single, is off by 2**-30 units more than if rounded once.
    assert largest(found, name, x, np.float64) <= ERRORS[name, "float32"] + 0.01


@wide
@pytest.mark.parametrize("name", DOUBLE)
def test_the_formula_on_arrays_of_doubles_is_within_the_same_error(name):
    x = numbers(np.float64)
    with np.errstate(all="ignore"):
        found = approximation(name, x.dtype)(Arrays(x.dtype), x)
    assert largest(found, name, x, np.longdouble) <= ERRORS[name, "float64"] + 0.01  # and 2**-12 here


def test_every_stated_error_has_a_formula():
    assert all(approximation(name, np.dtype(kind)) for name, kind in ERRORS)
    assert approximation("exp", np.dtype(np.float16)) is None
    assert approximation("cbrt", np.dtype(np.float32)) is None


def test_the_distance_counts_units_and_finds_what_is_wrong():
    one, next_up = np.float64(1), 1 + 2.0**-23
    found = np.array([1, 1, 1, 0, np.inf, 1, np.nan, np.nan], np.float32)
    truth = np.array([one, next_up, 1 - 2.0**-25, -0.0, 1e39, np.nan, np.nan, 1.0])
    with np.errstate(all="ignore"):
        assert distance(found, truth).tolist() == [0, 1, 0.5, np.inf, 0, np.inf, 0, np.inf]


# Formulas mapped over memory ----------------------------------------------------------------------------------------


@in_machine_code
@pytest.mark.parametrize("size", [0, 1, 7, 16, 33, 1000])
def test_a_number_has_one_value_wherever_it_stands(size):
    x = np.linspace(-3, 3, 4096, dtype=np.float32)
    whole = mapped("tanh", x)
    np.testing.assert_array_equal(mapped("tanh", x[:size].copy()), whole[:size])  # in vectors, and one by one
    np.testing.assert_array_equal(mapped("tanh", x[5 : 5 + size].copy()), whole[5 : 5 + size])


@in_machine_code
def test_long_arrays_are_shared_between_cores_and_get_the_same_bits():
    x = np.random.default_rng(0).normal(size=maps._WORTH_THREADS + 12_345).astype(np.float32)
    pieces = [mapped("ndtr", piece) for piece in np.array_split(x, 7)]
    np.testing.assert_array_equal(mapped("ndtr", x), np.concatenate(pieces))


@in_machine_code
def test_a_factor_is_multiplied_in():
    x, g = np.random.default_rng(0).normal(size=(2, 5, 1001)).astype(np.float32)
    np.testing.assert_array_equal(mapped("exp", x, g), mapped("exp", x) * g)


@in_machine_code
def test_the_order_in_memory_is_kept_and_gaps_are_left_to_others():
    x = np.random.default_rng(0).normal(size=(6, 40)).astype(np.float32)
    turned = mapped("exp", x.T)
    assert turned.shape == (40, 6)
    assert turned.flags.f_contiguous
    np.testing.assert_array_equal(turned, mapped("exp", x).T)
    assert mapped("exp", x[:, ::2]) is None
    assert mapped("exp", x, x.T.copy().T) is None
    assert mapped("exp", x.astype(">f4")) is None
    assert mapped("exp", x.astype(np.float16)) is None


# Where eager operations use them -------------------------------------------------------------------------------------

EAGER = ["erf", "erfc", "ndtr"]


@pytest.mark.parametrize("name", EAGER)
@pytest.mark.parametrize("shape", [(20, 100), (300_000,)])
def test_the_normal_distribution_is_as_exact_as_scipy_in_single_precision(name, shape):
    x = np.random.default_rng(0).normal(size=shape, scale=3).astype(np.float32)
    truth = getattr(special, name)(x.astype(np.float64))
    for given in (x, np.asfortranarray(x)):
        found = getattr(ag.special, name)(given)
        assert found.dtype == np.float32
        assert distance(found, truth).max() <= 0.51  # that of a function rounded from double precision


@pytest.mark.parametrize("name", EAGER)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_machine_code_the_bits_are_those_of_scipy_on_any_number_of_cores(name, dtype, monkeypatch):
    monkeypatch.setattr(llvm, "available", lambda: False)
    x = np.random.default_rng(0).normal(size=(3, 50_001)).astype(dtype)
    expected = getattr(special, name)(x)
    for given in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(getattr(ag.special, name)(given), expected)


@pytest.mark.parametrize("machine_code", [False, pytest.param(True, marks=in_machine_code)])
@pytest.mark.parametrize(("name", "slope"), [("erf", "erf_slope"), ("ndtr", "ndtr_slope")])
def test_the_slope_of_a_long_array_is_that_of_the_formula(name, slope, machine_code, monkeypatch):
    if not machine_code:
        monkeypatch.setattr(llvm, "available", lambda: False)
    x = ag.tensor(np.linspace(-12, 12, 3001, dtype=np.float32), requires_grad=True)
    g = np.random.default_rng(0).uniform(1, 2, 3001).astype(np.float32)
    getattr(ag.special, name)(x).backward(g)
    truth = g * TRUTH[slope](x.detach().numpy().astype(np.float64))
    # NumPy's way rounds x**2, up to 144 here, to 2**-24 of itself, and e**-x**2 shows that as so many units in the last
    # place; its products add some more. Below the smallest normal number nothing is sure.
    np.testing.assert_allclose(x.grad.numpy(), truth, rtol=2e-7 if machine_code else 2e-5, atol=1e-37)
