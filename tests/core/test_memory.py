"""Memory in a sweep: what nobody needs is used again or freed, and what somebody holds is never written into."""

import gc
import weakref

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.engine import Overheard

SIZE = 1 << 15  # numbers: enough for the ways of large arrays


def address(array):
    return array.__array_interface__["data"][0]


def leaf(seed=0):
    return ag.tensor(np.random.default_rng(seed).standard_normal(SIZE), requires_grad=True)


def through(backward):
    """The identity, with a derivative of its own."""
    function = ag.custom_vjp(lambda x: x)
    function.defvjp(lambda x: (x, None), lambda residuals, g: (backward(g),))
    return function


def test_a_cotangent_that_nobody_needs_gives_its_memory_to_the_next():
    addresses = []

    def backward(g):
        fresh = np.full(SIZE, 3.0)
        addresses.append(address(fresh))
        return fresh

    for _ in range(2):  # what pulls is compiled in the first sweep, and called by another way
        x = leaf()
        ag.sum(through(backward)(ag.relu(x))).backward()
    assert addresses[-1] == address(x.grad.data)
    np.testing.assert_array_equal(x.grad.data, 3.0 * (x.data > 0))


def test_a_cotangent_that_goes_two_ways_is_not_overwritten():
    x, y = leaf(0), leaf(1)
    weights = np.random.default_rng(2).standard_normal(SIZE)
    ag.sum((ag.relu(x) + ag.relu(y)) * weights).backward()
    np.testing.assert_array_equal(x.grad.data, weights * (x.data > 0))
    np.testing.assert_array_equal(y.grad.data, weights * (y.data > 0))


def test_a_cotangent_that_a_leaf_gets_too_is_not_overwritten():
    x, bias = leaf(0), leaf(1)
    weights = np.random.default_rng(2).standard_normal(SIZE)
    ag.sum((bias + ag.relu(x)) * weights).backward()
    np.testing.assert_array_equal(bias.grad.data, weights)
    np.testing.assert_array_equal(x.grad.data, weights * (x.data > 0))


def test_a_cotangent_of_the_users_is_not_overwritten():
    x, seed = leaf(), np.full(SIZE, 2.0)
    y = ag.relu(x)
    y.backward(seed, retain_graph=True)
    y.backward(seed)
    np.testing.assert_array_equal(seed, 2.0)
    np.testing.assert_array_equal(x.grad.data, 4.0 * (x.data > 0))


@pytest.mark.parametrize("more", [0, 1], ids=["itself", "a view of it"])
def test_an_array_that_a_function_of_the_users_gives_back_is_not_overwritten(more):
    kept = np.arange(1.0, SIZE + 1 + more)
    for _ in range(2):
        x = leaf()
        ag.sum(through(lambda g: kept[1:] if more else kept)(ag.relu(x))).backward()
        np.testing.assert_array_equal(kept, np.arange(1.0, SIZE + 1 + more))
        np.testing.assert_array_equal(x.grad.data, kept[more:] * (x.data > 0))


def test_a_cotangent_that_somebody_listens_to_is_not_overwritten():
    x, heard = leaf(), []
    y = ag.relu(x)
    y.node.op = Overheard(y.node.op, lambda g, pulled: heard.append((g, pulled[0])))
    ag.sum(y * 5.0).backward()
    ((g, pulled),) = heard
    np.testing.assert_array_equal(g, 5.0)
    np.testing.assert_array_equal(pulled, 5.0 * (x.data > 0))


def test_what_is_written_over_is_right_for_every_order_in_memory():
    values = np.random.default_rng(0).standard_normal((128, 256))
    for laid_out in (values, values.T, values[::2], values.astype(np.float32)):
        x = ag.tensor(laid_out, requires_grad=True)
        ag.sum(ag.relu(x) * 2.0).backward()
        np.testing.assert_array_equal(x.grad.data, 2.0 * (laid_out > 0))


def test_a_checkpoint_frees_what_it_kept_once_it_is_swept():
    x = leaf()
    between = ag.checkpoint(lambda x: ag.exp(ag.tanh(x)))(x)
    total = ag.sum(ag.checkpoint(lambda x: ag.tanh(x) * 2.0)(between))
    held = weakref.ref(between._array)
    del between
    assert held() is not None
    total.backward()
    gc.collect()
    assert held() is None, "the graph is still there, but what it saved is not"
    with pytest.raises(ag.GraphError, match="already swept"):
        total.backward()


def test_a_checkpoint_can_be_swept_again_if_that_is_said():
    x = leaf()
    total = ag.sum(ag.checkpoint(lambda x: ag.exp(ag.tanh(x)))(x))
    total.backward(retain_graph=True)
    first = x.grad.data.copy()
    total.backward()
    np.testing.assert_array_equal(x.grad.data, 2 * first)


def test_a_checkpoint_compares_numbers_that_are_not_numbers():
    x = ag.tensor(np.array([np.nan, 1.0]), requires_grad=True)
    ag.sum(ag.checkpoint(ag.exp)(x)).backward()
    assert np.isnan(x.grad.data[0])
