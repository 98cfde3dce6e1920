"""The engine: deep graphs, freed graphs, shared graphs, and who may write into what a graph holds.

Where a gradient is compared with another one of the same computation, the numbers are small integers or halves, which
float64 holds exactly, so that equality is exact. Where differences are compared with, the tolerance is theirs.
"""

import asyncio
import gc
import sys
import threading
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
from autograd_core.engine import CONTEXT
from autograd_core.testing.strategies import random_graphs


def leaf(*values):
    return ag.tensor(np.array(values, dtype=float), requires_grad=True)


@contextmanager
def no_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


# --- depth and memory -------------------------------------------------------------------------------------------------


def test_a_chain_of_200_000_operations_needs_no_recursion():
    assert sys.getrecursionlimit() <= 10_000
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
        y = y * 1.0
    y.backward(np.ones(1))
    assert x.grad.tolist() == [100_001.0]
    del y  # freeing it is as deep


def test_a_deep_graph_that_was_never_swept_is_freed_without_recursion():
    y = leaf(1.0)
    for _ in range(200_000):
        y = y + 1.0
    del y


def train(steps, w, b, x):
    for _ in range(steps):
        loss = ((ag.tanh(x @ w) + b) ** 2).mean()
        loss.backward()
        with ag.no_grad():
            w -= 0.01 * w.grad
            b -= 0.01 * b.grad
        w.grad = b.grad = None


def test_training_frees_its_graphs_by_reference_counting_alone():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(16, 8))
    w, b = ag.tensor(rng.normal(size=(8, 4)), requires_grad=True), ag.tensor(np.zeros(4), requires_grad=True)
    with no_garbage_collector():
        train(3000, w, b, x)  # Python keeps up to 2,000 freed tuples of a length for later, and they count
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            train(500, w, b, x)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert after - before < 64 * 1024  # one leaked step holds more than 128 bytes


def test_a_graph_makes_no_reference_cycles():
    with no_garbage_collector():
        x = leaf(1.0, 2.0)
        y = (ag.exp(x) * x).sum()
        y.backward(create_graph=False)
        ag.grad(lambda x: ag.grad(lambda x: (x**3).sum())(x).sum())(np.ones(3))
        del x, y
        assert gc.collect() == 0


def test_backward_with_create_graph_leaves_gradients_that_can_be_differentiated():
    x = leaf(3.0)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    assert ag.gradients(x.grad.sum(), x).tolist() == [18.0]
    x.grad = None


# --- sweeping twice ---------------------------------------------------------------------------------------------------


def test_a_second_sweep_is_refused_and_says_what_to_do():
    y = (leaf(2.0) ** 2).sum()
    y.backward()
    with pytest.raises(ag.GraphError, match=r"retain_graph=True"):
        y.backward()


def test_a_retained_graph_can_be_swept_again():
    x = leaf(2.0)
    y = (x**2).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8.0]


def test_gradients_keeps_the_graph_and_fills_nothing():
    x = leaf(2.0)
    y = (x**2).sum()
    assert ag.gradients(y, x).tolist() == ag.gradients(y, x).tolist() == [4.0]
    assert x.grad is None


def test_gradients_accumulate_over_sweeps():
    x = leaf(1.0, 2.0)
    (x * 3).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]
    assert first.tolist() == [3.0, 3.0]


def test_backward_without_a_graph_is_refused():
    with pytest.raises(ag.GraphError, match="requires_grad=True"):
        ag.tensor([1.0]).sum().backward()


def test_only_a_single_element_knows_its_seed():
    x = leaf(1.0, 2.0)
    with pytest.raises(ag.GraphError, match=r"shape \(2,\).*pass gradient="):
        (x * 2).backward()
    with pytest.raises(ag.ShapeError, match=r"\(2,\).*\(3,\)"):
        (x * 2).backward(np.ones(3))
    (x * 2).backward([1.0, 10.0])
    assert x.grad.tolist() == [2.0, 20.0]


def test_seeds_are_taken_in_the_type_of_the_output():
    x = ag.tensor(np.ones(2, np.float32), requires_grad=True)
    (x * 2).backward(np.array([1.0, 0.5]))
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [2.0, 1.0]


# --- shapes of graphs -------------------------------------------------------------------------------------------------


@given(st.integers(1, 50))
def test_every_use_of_a_leaf_counts(n):
    x = leaf(2.0)
    total = x * 1.0
    for _ in range(n - 1):
        total = total + x
    total.sum().backward()
    assert x.grad.tolist() == [float(n)]


def test_a_leaf_serves_many_graphs():
    x = leaf(2.0)
    first, second = (x * x).sum(), (x * 3).sum()
    second.backward()
    first.backward()
    assert x.grad.tolist() == [7.0]


def test_both_arguments_may_be_the_same_tensor():
    x = leaf(3.0)
    (x * x - x / x + x**x).sum().backward()
    # d/dx x**x = x**x (log x + 1); the other terms give 2 x and 0. Rounded a few times: 8 units in the last place.
    np.testing.assert_allclose(x.grad, [6 + 27 * (np.log(3) + 1)], rtol=8 * np.finfo(float).eps)


@given(random_graphs(max_nodes=12))
def test_any_graph_has_the_gradient_that_differences_have(graph):
    """Diamonds, fan-out, indexing and broadcasting: each step takes any of the results so far."""
    assert not ag.gradcheck(graph, *graph.inputs).kinks


@settings(max_examples=20)
@given(random_graphs(max_nodes=4))
def test_any_graph_has_the_second_derivatives_that_differences_have(graph):
    ag.gradcheck(graph, *graph.inputs, order=2)


def test_a_branch_that_leads_to_a_constant_is_not_walked():
    x = leaf(1.0)
    (x * 2 + ag.stop_gradient(ag.exp(x)) + x.detach()).sum().backward()
    assert x.grad.tolist() == [2.0]


# --- recording or not -------------------------------------------------------------------------------------------------


def recording():
    return CONTEXT.get().recording


def test_no_grad_is_undone_after_an_error():
    with pytest.raises(ZeroDivisionError), ag.no_grad():
        raise ZeroDivisionError
    assert recording()


def test_enable_grad_records_within_no_grad():
    x = leaf(1.0)
    with ag.no_grad():
        assert not (x * 2).requires_grad
        with ag.enable_grad():
            assert (x * 2).requires_grad
        assert not recording()


def test_no_grad_decorates_functions():
    @ag.no_grad()
    def double(x):
        """Doubled."""
        return 2 * x

    assert not double(leaf(1.0)).requires_grad
    assert double.__doc__ == "Doubled."
    assert recording()


def test_a_decorated_generator_switches_only_while_it_runs():
    @ag.no_grad()
    def steps(x):
        for _ in range(2):
            reply = yield recording()
            assert reply == "go on"
            assert not recording()
        return x

    generator = steps(leaf(1.0))
    assert next(generator) is False
    assert recording()
    assert generator.send("go on") is False
    assert recording()
    with pytest.raises(StopIteration):
        generator.send("go on")
    assert recording()


def test_a_decorated_generator_can_be_closed_and_thrown_into():
    seen = []

    @ag.no_grad()
    def steps():
        try:
            while True:
                try:
                    yield recording()
                except KeyError:
                    seen.append("thrown")
        finally:
            seen.append("closed")

    generator = steps()
    next(generator)
    assert generator.throw(KeyError()) is False
    generator.close()
    assert seen == ["thrown", "closed"]
    assert recording()


def test_threads_do_not_see_each_others_switch():
    entered, looked, seen = threading.Event(), threading.Event(), []

    def off():
        with ag.no_grad():
            entered.set()
            looked.wait(10)
            seen.append(("inside", recording()))

    thread = threading.Thread(target=off)
    thread.start()
    entered.wait(10)
    seen.append(("outside", recording()))
    looked.set()
    thread.join()
    assert seen == [("outside", True), ("inside", False)]


def test_threads_sweep_their_own_graphs():
    results = {}

    def work(k):
        x = leaf(float(k))
        for _ in range(50):
            (x * x).sum().backward()
        results[k] = x.grad.tolist()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: [100.0 * k] for k in range(4)}


def test_tasks_do_not_see_each_others_switch():
    async def off(entered, looked):
        with ag.no_grad():
            entered.set()
            await looked.wait()
            return recording()

    async def main():
        entered, looked = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(off(entered, looked))
        await entered.wait()
        outside = recording()
        looked.set()
        return outside, await task

    assert asyncio.run(main()) == (True, False)


# --- Note [Who may write] ---------------------------------------------------------------------------------------------


def _through_data(x, array):
    x.data[...] = 100.0


def _through_an_array_taken_before(x, array):
    array[...] = 100.0


def _by_an_optimizer(x, array):
    with ag.no_grad():
        x -= 100.0


def _by_an_underscore_method(x, array):
    with ag.no_grad():
        x.add_(np.full(x.shape, 100.0), alpha=-2)


def _by_an_index(x, array):
    with ag.no_grad():
        x[0] = 100.0


def _by_filling(x, array):
    with ag.no_grad():
        x.fill_(100.0)
        x.mul_(2.0)
        x.zero_()


def _by_a_new_value(x, array):
    x.data = np.full(x.shape, 100.0)


WRITES = [
    _through_data,
    _through_an_array_taken_before,
    _by_an_optimizer,
    _by_an_underscore_method,
    _by_an_index,
    _by_filling,
    _by_a_new_value,
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("size", [3, 20_000], ids=["small", "large"])
@pytest.mark.parametrize("taken", ["before", "after", "never"])
def test_a_leaf_written_to_after_the_forward_keeps_the_gradient_of_what_was_recorded(write, size, taken):
    """Small and large arrays: large ones are not copied twice, but they are copied once."""
    if write is _through_an_array_taken_before and taken == "never":
        taken = "before"
    x = ag.tensor(np.full(size, 2.0), requires_grad=True)
    array = x.data if taken == "before" else None
    y = (x * x * x + ag.reshape(x, (-1, 1)).sum()).sum()
    array = x.data if taken == "after" else array
    write(x, array)
    y.backward()
    np.testing.assert_array_equal(x.grad, np.full(size, 12.0 + size))


@pytest.mark.parametrize("size", [3, 20_000], ids=["small", "large"])
def test_an_ndarray_written_to_after_the_forward_changes_no_gradient(size):
    x = ag.tensor(np.full(size, 2.0), requires_grad=True)
    constant, shared = np.full(size, 3.0), np.full(size, 5.0)
    y = (x * constant * ag.asarray(shared)).sum()
    constant[...] = shared[...] = 100.0
    y.backward()
    np.testing.assert_array_equal(x.grad, np.full(size, 15.0))


def test_an_ndarray_written_to_between_two_uses_counts_as_it_was_at_each():
    x, constant = ag.tensor(np.ones(20_000), requires_grad=True), np.full(20_000, 2.0)
    first = x * constant
    constant[...] = 3.0
    (first + x * constant).sum().backward()
    np.testing.assert_array_equal(x.grad, np.full(20_000, 5.0))


def test_a_leaf_that_shares_memory_is_recorded_as_it_was():
    array = np.full(3, 2.0)
    x = ag.asarray(array).requires_grad_()
    y = (x * x).sum()
    array[...] = 100.0
    y.backward()
    assert x.grad.tolist() == [4.0] * 3


def test_writing_into_a_result_changes_no_gradient():
    x = leaf(0.0, 0.0)
    y = ag.exp(x)  # its rule reads the result
    y.data[...] = 100.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_writing_into_a_gradient_changes_no_other():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (a + b).sum().backward()
    a.grad.data[...] = 100.0
    with ag.no_grad():
        b.grad.mul_(2.0)
    assert b.grad.tolist() == [2.0, 2.0]


def test_detached_tensors_share_memory_and_graphs_do_not_mind():
    x = leaf(2.0, 3.0)
    y = (x * x).sum()
    with ag.no_grad():
        x.detach().zero_()
    y.backward()
    assert x.grad.tolist() == [4.0, 6.0]
    assert x.tolist() == [0.0, 0.0]


def test_a_leaf_is_updated_in_place():
    x = leaf(1.0, 2.0)
    array = x.data
    with ag.no_grad():
        x -= 1.0
    assert array.tolist() == [0.0, 1.0]
    assert x.is_leaf
    assert x.requires_grad


# --- assignment while recording ---------------------------------------------------------------------------------------


def test_an_assignment_is_differentiable():
    x, v = leaf(1.0, 2.0, 3.0), leaf(5.0)
    y = x * 2
    before = (y * y).sum()
    y[1] = v[0] * 3
    (before + (y * y).sum()).backward()
    # of the y before: 8 x each; of the y after: 8 x, but 18 v in the place of the second
    assert x.grad.tolist() == [16.0, 16.0, 48.0]
    assert v.grad.tolist() == [90.0]


def test_augmented_assignment_re_binds_the_same_tensor():
    x = leaf(1.0, 2.0)
    y = x * 1.0
    same, before = y, (y * y).sum()
    y += x
    y *= 3.0
    assert y is same
    (before + y.sum()).backward()
    assert x.grad.tolist() == [8.0, 10.0]


def test_an_assigned_tensor_keeps_its_type_and_shape():
    y = ag.tensor(np.ones(2, np.float32), requires_grad=True) * 1
    y += np.ones(2)
    assert y.dtype == np.float32
    with pytest.raises(ag.ShapeError, match=r"does not fit into \(2,\)"):
        y += np.ones((3, 2))


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[0],
        lambda x: x.reshape(6),
        lambda x: x.T,
        lambda x: ag.broadcast_to(x, (2, 2, 3)),
        lambda x: x[1:][0],
    ],
    ids=["index", "reshape", "transpose", "broadcast", "view of a view"],
)
@pytest.mark.parametrize("record", [True, False])
def test_writing_into_a_view_is_refused(view, record):
    x = leaf(*range(6)).reshape(2, 3) * 1.0
    w = view(x)
    with pytest.raises(ag.GraphError, match="view"), (ag.enable_grad if record else ag.no_grad)():
        w += 1.0
    with pytest.raises(ag.GraphError, match=r"x\[i, j\] = v"), (ag.enable_grad if record else ag.no_grad)():
        w[0] = 1.0


def test_writing_into_a_copy_is_not():
    x = leaf(1.0, 2.0, 3.0) * 1.0
    w = x[np.array([0, 1])]
    w += 1.0
    assert (x.tolist(), w.tolist()) == ([1.0, 2.0, 3.0], [2.0, 3.0])


@pytest.mark.parametrize(
    "write", [lambda x: x.__iadd__(1.0), lambda x: x.__setitem__(0, 1.0), lambda x: x.zero_(), lambda x: x.add_(1.0)]
)
def test_a_leaf_refuses_to_be_written_to_while_recording(write):
    x = leaf(1.0, 2.0)
    with pytest.raises(ag.GraphError, match=r"no_grad"):
        write(x)
    assert x.tolist() == [1.0, 2.0]
