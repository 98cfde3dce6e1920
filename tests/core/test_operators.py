"""Python's operators on Tensors mean what they mean on ndarrays, with the reflected forms; what has none is refused."""

import operator

import numpy as np
import pytest

import autograd_core as ag

INTEGERS, TRUTHS = np.array([6, 3, 0]), np.array([True, False, True])
BITS = [operator.and_, operator.or_, operator.xor]
SHIFTS = [operator.lshift, operator.rshift]


def same(got, expected):
    assert isinstance(got, ag.Tensor)
    assert not got.requires_grad
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got.data, expected)


@pytest.mark.parametrize("f", BITS + SHIFTS)
def test_bits_of_integers(f):
    other = np.array([1, 2, 3])
    same(f(ag.tensor(INTEGERS), ag.tensor(other)), f(INTEGERS, other))
    same(f(ag.tensor(INTEGERS), other), f(INTEGERS, other))
    same(f(INTEGERS, ag.tensor(other)), f(INTEGERS, other))
    same(f(ag.tensor(INTEGERS), 2), f(INTEGERS, 2))
    same(f(2, ag.tensor(INTEGERS)), f(2, INTEGERS))
    same(f(ag.tensor(INTEGERS.astype(np.int8)), 2), f(INTEGERS.astype(np.int8), 2))
    same(f(ag.tensor(TRUTHS), ag.tensor(other)), f(TRUTHS, other))


@pytest.mark.parametrize("f", BITS)
def test_of_truth_values_it_is_logic(f):
    other = np.array([True, True, False])
    same(f(ag.tensor(TRUTHS), ag.tensor(other)), f(TRUTHS, other))
    same(f(True, ag.tensor(TRUTHS)), f(True, TRUTHS))
    same(f(TRUTHS, ag.tensor(other)), f(TRUTHS, other))


def test_inversion():
    same(~ag.tensor(INTEGERS), ~INTEGERS)
    same(~ag.tensor(TRUTHS), ~TRUTHS)


@pytest.mark.parametrize("f", BITS + SHIFTS)
def test_floats_have_no_bits_to_combine(f):
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    for call in (lambda: f(x, 1), lambda: f(1, x), lambda: f(x, x)):
        with pytest.raises(ag.DTypeError, match=r"^(&|\||\^|<<|>>): .*not those of float64; compare first"):
            call()
    with pytest.raises(ag.DTypeError):
        f(np.array([1, 2]), x)
    with pytest.raises(ag.DTypeError, match=r"^~: "):
        operator.invert(x)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ag.ShapeError, match=r"^&: "):
        operator.and_(ag.tensor([1, 2]), ag.tensor([1, 2, 3]))


@pytest.mark.parametrize("f", [operator.floordiv, operator.mod])
def test_division_with_a_remainder(f):
    a, b = np.array([7.5, -7.5, 1.25]), np.array([2.0, 2.0, -0.5])
    for x, y in [(ag.tensor(a), ag.tensor(b)), (ag.tensor(a), b), (a, ag.tensor(b))]:
        same(f(x, y), f(a, b))
    same(f(ag.tensor(a), 2), f(a, 2))
    same(f(7, ag.tensor(b)), f(7, b))
    same(f(ag.tensor(INTEGERS), 4), f(INTEGERS, 4))


def test_divmod():
    a, b = np.array([7.5, -7.5]), np.array([2.0, 2.0])
    for got in (divmod(ag.tensor(a), b), divmod(a, ag.tensor(b)), divmod(ag.tensor(a), 2), np.divmod(ag.tensor(a), b)):
        for y, e in zip(got, divmod(a, b), strict=True):
            same(y, e)
    for y, e in zip(divmod(7, ag.tensor(b)), divmod(7, b), strict=True):
        same(y, e)
    ag.gradcheck(lambda x, y: divmod(x, y)[1], a, b)


def test_rounding():
    x = np.array([1.25, -2.5, 3.75])
    same(round(ag.tensor(x)), np.round(x))
    same(round(ag.tensor(x), 1), np.round(x, 1))
    t = ag.tensor(x, requires_grad=True)
    assert not np.any(ag.gradients(round(t).sum(), t).data)


def test_plus_is_a_new_tensor_of_the_same_numbers():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = +x
    assert y is not x
    np.testing.assert_array_equal(ag.gradients((y * y).sum(), x), [2.0, 4.0])


SQUARE = np.array([[1.25, -2.5, 3.75], [0.5, 0.0, 1.5], [2.0, 7.0, -1.0]])


@pytest.mark.parametrize(
    ("method", "arguments", "options"),
    [
        ("argsort", (0,), {}),
        ("conj", (), {}),
        ("conjugate", (), {}),
        ("cumprod", (1,), {}),
        ("cumsum", (), {"axis": 0}),
        ("diagonal", (1,), {}),
        ("nonzero", (), {}),
        ("round", (1,), {}),
        ("take", (np.array([2, 0]),), {"axis": 1}),
        ("trace", (-1,), {}),
    ],
)
def test_ndarrays_methods(method, arguments, options):
    got = getattr(ag.tensor(SQUARE), method)(*arguments, **options)
    expected = getattr(SQUARE, method)(*arguments, **options)
    for y, e in zip(got, expected, strict=True) if isinstance(expected, tuple) else [(got, expected)]:
        np.testing.assert_array_equal(y.data, e)
    if method not in ("argsort", "nonzero"):
        ag.gradcheck(lambda x: getattr(x, method)(*arguments, **options), SQUARE + 0.01)


def test_places_in_a_sorted_array():
    got = ag.tensor([1.0, 2.0, 3.0]).searchsorted(np.array([2.0, 2.5]), "right")
    np.testing.assert_array_equal(got.data, [2, 2])


def test_integers_and_truth_values_are_cloned_too():
    for values in ([True, False], [1, 2], [1.5, 2.5]):
        t = ag.tensor(values)
        twin = t.clone()
        assert twin.tolist() == values
        assert twin.dtype == t.dtype
        assert not np.shares_memory(twin.data, t.data)
