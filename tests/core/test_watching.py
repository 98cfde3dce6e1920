"""Watching: what is seen of a computation, that it ends with the graph, and that nothing of it stays behind."""

import gc
import threading
import weakref

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.engine import Cut, Overheard, reachable
from autograd_core.places import Place, place_of_user
from autograd_core.watching import observed_by, seen, watch


def line_of(mark):
    """The line of this file that ends with a comment."""
    with open(__file__) as file:
        return next(i for i, line in enumerate(file, 1) if line.rstrip().endswith(f"# {mark}"))


def test_values_lines_inputs_and_gradients_are_seen():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with watch():
        y = x * 3.0  # triples
        z = (y * y).sum()
    z.backward()
    times = seen(y.node)
    assert np.array_equal(times.value, [3, 6])
    assert np.array_equal(times.gradient, [6, 12])
    assert np.array_equal(times.inputs[0], [1, 2])
    assert times.inputs[1] == 3.0
    assert [np.array_equal(p, [18, 36]) if p is not None else None for p in times.pulled] == [True, None]
    assert times.place == Place(__file__, line_of("triples"))
    assert times.place.text == "y = x * 3.0  # triples"
    assert seen(z.node).sweep < times.sweep
    assert np.array_equal(x.grad.data, [18, 36])


def test_every_sweep_is_seen_wherever_it_starts():
    x = ag.tensor(2.0, requires_grad=True)
    with watch():
        y = ag.exp(x)
        z = y * y
    for sweep in (
        lambda: ag.gradients(z, x),
        lambda: ag.gradients(z, x, create_graph=True),
        lambda: z.backward(retain_graph=True),
    ):
        seen(y.node).gradient = None
        sweep()
        assert float(seen(y.node).gradient) == pytest.approx(2 * np.exp(2.0), rel=1e-15)
        assert not isinstance(seen(y.node).gradient, ag.Tensor)  # a graph of gradients would never be freed


def test_a_watched_graph_is_freed_with_its_last_tensor():
    x = ag.tensor(np.ones(3), requires_grad=True)
    with watch():
        y = (ag.exp(x) * x).sum()
    y.backward(create_graph=True)
    nodes = [weakref.ref(node) for node in reachable([y.node]) if node.op is not None]
    gc.disable()  # by reference counting alone
    try:
        x.grad = None
        del y
        assert [ref() for ref in nodes] == [None] * len(nodes)
    finally:
        gc.enable()


def test_results_and_gradients_are_those_of_an_unwatched_run():
    x = np.random.default_rng(0).normal(size=(4, 3))

    def f(x):
        return (ag.softmax(x @ x.T, axis=0) * ag.tanh(x[:, :1])).sum()

    plain = ag.value_and_grad(f)(x)
    with watch():
        watched = ag.value_and_grad(f)(x)
        curvature = ag.hessian(f)(x)
    assert np.array_equal(plain[0], watched[0])
    assert np.array_equal(plain[1], watched[1])
    assert np.array_equal(curvature, ag.hessian(f)(x))


def test_nothing_stays_behind_in_any_thread():
    def run(inside, outside):
        with watch():
            inside.set()
            outside.wait(10)

    first, second = (threading.Event(), threading.Event()), (threading.Event(), threading.Event())
    threads = [threading.Thread(target=run, args=pair) for pair in (first, second)]
    for thread, (inside, _) in zip(threads, (first, second), strict=True):
        thread.start()
        assert inside.wait(10)
    x = ag.tensor(1.0, requires_grad=True)
    assert type(ag.sin(x)) is not ag.Tensor
    assert seen(ag.sin(x).node) is None  # nobody watches this thread
    for thread, (_, outside) in zip(threads, (first, second), strict=True):
        outside.set()
        thread.join(10)
    assert type(ag.sin(x)) is ag.Tensor


def test_observers_nest_and_both_are_told():
    told = []
    x = ag.tensor(1.0, requires_grad=True)
    with observed_by(lambda value, node: told.append("outer")):
        with observed_by(lambda value, node: told.append("inner")):
            ag.sin(x)
        ag.sin(x)
    ag.sin(x)
    assert told == ["outer", "inner", "outer"]


def test_an_exception_ends_watching():
    with pytest.raises(ZeroDivisionError), watch():
        raise ZeroDivisionError
    assert type(ag.sin(ag.tensor(1.0, requires_grad=True))) is ag.Tensor


def test_the_users_line_is_not_one_of_the_packages():
    nn = pytest.importorskip("nn")
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Sigmoid())
    with watch():
        y = model(np.ones((1, 2), np.float32))  # the call
    assert {seen(n).place for n in reachable([y.node]) if n.op} == {Place(__file__, line_of("the call"))}
    assert place_of_user().text.startswith("assert place_of_user()")


# --- constants that were something else -------------------------------------------------------------------------------


def test_a_constant_remembers_what_cut_it_off():
    x = ag.tensor([1.0, 3.0], requires_grad=True)
    detached = x.detach()  # detached here
    stopped = ag.stop_gradient(x)  # stopped here
    with ag.no_grad():  # switched off here
        unrecorded = x * 2
    here = weakref.ref(x.node)
    assert detached.lost == Cut("detach", "", Place(__file__, line_of("detached here")), here)
    assert stopped.lost == Cut("stop_gradient", "", Place(__file__, line_of("stopped here")), here)
    assert unrecorded.lost.place == Place(__file__, line_of("switched off here"))
    assert ag.argmax(x).lost.by == "argmax"
    for start in (detached, stopped, unrecorded):
        assert ((start + 1) * 2)[0].lost is start.lost
        assert ag.concatenate([ag.tensor([1.0]), start]).lost is start.lost
        assert start.detach().lost is start.lost


def test_what_was_never_anything_else_has_lost_nothing():
    x = ag.tensor([1.0, 2.0])
    with ag.no_grad():
        assert getattr(x * 2, "lost", None) is None
    assert getattr(x.detach(), "lost", None) is None


def test_a_detached_value_does_not_keep_the_graph():
    x = ag.tensor(1.0, requires_grad=True)
    y = ag.exp(x)
    node, value = weakref.ref(y.node), y.detach() + 1
    del y
    assert node() is None
    assert value.lost.by == "detach"


# --- gradients of intermediate results --------------------------------------------------------------------------------


def test_retain_grad_fills_the_gradient_of_an_intermediate_result():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    assert not y.retains_grad
    y.retain_grad()
    y.retain_grad()  # once is enough
    assert y.retains_grad
    (y * 3).sum().backward(retain_graph=True)
    assert np.array_equal(y.grad.data, [3, 3])
    (y * 3).sum().backward()
    assert np.array_equal(y.grad.data, [6, 6])  # it accumulates, as a leaf's does
    assert np.array_equal(x.grad.data, [12, 24])


def test_retained_gradients_can_be_differentiated_and_do_not_change_the_others():
    x = ag.tensor(2.0, requires_grad=True)
    y = x * x
    y.retain_grad()
    (y * y).backward(create_graph=True)
    assert float(y.grad) == 8
    assert float(ag.gradients(y.grad, x)) == 8  # d(2 x^2)/dx
    assert float(x.grad) == 32


def test_a_retained_gradient_has_memory_of_its_own():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x + 0
    y.retain_grad()
    y.sum().backward()  # its cotangent is one number, broadcast
    assert y.grad._array.flags.owndata
    assert y.grad._array.strides == (8,)


def test_a_leaf_needs_no_retain_grad_and_a_constant_has_nothing_to_retain():
    x = ag.tensor(1.0, requires_grad=True)
    x.retain_grad()
    assert not x.retains_grad
    with pytest.raises(ag.GraphError, match=r"retain_grad: .*why_none"):
        ag.tensor(1.0).retain_grad()


def test_retaining_makes_no_reference_cycle():
    x = ag.tensor(1.0, requires_grad=True)
    y = ag.exp(x)
    y.retain_grad()
    node = weakref.ref(y.node)
    gc.disable()
    try:
        del y
        assert node() is None
    finally:
        gc.enable()


def test_an_overheard_operation_answers_as_the_operation_does():
    x = ag.tensor(1.0, requires_grad=True)
    y = ag.tanh(x)
    plain = y.node.op
    y.retain_grad()
    assert isinstance(y.node.op, Overheard)
    assert (y.node.op.name, y.node.op.arrays, y.node.op.statics) == (plain.name, plain.arrays, plain.statics)
    assert repr(y) == f"Tensor({np.tanh(1.0):.8f}, op=tanh)"
