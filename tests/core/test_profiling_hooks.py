"""How profiles hear: what is replaced while one lasts is put back, and neither threads nor nesting confuse them."""

import contextvars
import sys
import threading
from inspect import unwrap

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import custom, engine
from autograd_core.op import REGISTRY
from autograd_core.profiling import profile
from autograd_core.profiling.hooks import _Timed


def leaf(*values):
    return ag.Tensor(np.array(values), requires_grad=True)


def calls(p):
    return {(o.name, o.phase): o.calls for o in p.operations}


def module(p, path):
    return next(m for m in p.modules if m.path == path)


def looked_up():
    """Everything that a profile replaces, as it is now."""
    homes = [unwrap(op.call).__globals__ for op in REGISTRY.values()]
    homes += [vars(sys.modules[f"autograd_core.{name}"]) for name in ("tensor", "transforms", "custom", "engine")]
    homes.append(vars(ag))
    names = ("forward", "record", "why_lost", "sweep", "take_own", "_deliver", "enter_module", "leave_module")
    return [{name: home[name] for name in names if name in home} for home in homes]


@pytest.fixture(autouse=True)
def nothing_left():
    before = looked_up()
    yield
    assert looked_up() == before
    assert custom.record is engine.record


def test_while_it_lasts_something_is_replaced():
    before = looked_up()
    with profile():
        assert looked_up() != before


def test_nothing_is_left_after_an_error_in_an_operation():
    before = looked_up()
    with pytest.raises(ag.ShapeError), profile() as p:
        ag.exp(leaf(1.0, 2.0)) @ leaf(1.0, 2.0, 3.0)
    assert looked_up() == before
    assert calls(p) == {("exp", "forward"): 1, ("matmul", "forward"): 1}  # what was tried counts
    assert sum(p.parts.values()) == pytest.approx(p.wall, abs=1e-9)


def test_nothing_is_left_after_an_error_in_a_sweep():
    @ag.custom_vjp
    def broken(x):
        return x

    def backward(residuals, g):
        raise KeyError("planted")

    broken.defvjp(lambda x: (x, None), backward)
    y = broken(ag.exp(leaf(1.0)))
    with pytest.raises(KeyError, match="planted"), profile() as p:
        y.backward()
    assert not any(type(node.op) is _Timed for node in engine.reachable([y.node]))
    assert sum(p.parts.values()) == pytest.approx(p.wall, abs=1e-9)


def test_nodes_have_their_own_operations_again():
    x = leaf(1.0)
    y = ag.exp(ag.sin(x))
    with profile():
        y.backward(retain_graph=True)
    assert [node.op for node in engine.reachable([y.node])] == [None, REGISTRY["sin"], REGISTRY["exp"]]


def test_a_module_that_is_left_after_the_profile_began_in_it():
    token = ag.enter_module("net")
    with profile() as p:
        ag.exp(leaf(1.0))
    ag.leave_module(token)
    assert module(p, "net").forward_own > 0
    with profile() as p:
        token = ag.enter_module("net")
        ag.exp(leaf(1.0))
    ag.leave_module(token)
    assert sum(p.parts.values()) == pytest.approx(p.wall, abs=1e-9)
    assert module(p, "net").calls == 1


def test_profiles_nest():
    x = leaf(1.0)
    with profile() as outer:
        ag.exp(x)
        with profile() as inner:
            ag.sin(x).backward()
        ag.exp(x)
    assert calls(inner) == {("sin", "forward"): 1, ("sin", "backward"): 1}
    assert calls(outer) == calls(inner) | {("exp", "forward"): 2}
    for p in (outer, inner):
        assert sum(p.parts.values()) == pytest.approx(p.wall, abs=1e-9)


# --- threads ----------------------------------------------------------------------------------------------------------


def in_threads(*functions):
    errors = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_each_thread_has_its_own_profile():
    found = {}
    together = threading.Barrier(3)

    def profiled(name):
        def run():
            operation = getattr(ag, name)
            together.wait()
            with profile() as p:
                for _ in range(50):
                    operation(leaf(0.5)).backward()
            found[name] = p

        return run

    def bystander():
        together.wait()
        for _ in range(50):
            ag.tan(leaf(0.5)).backward()

    in_threads(profiled("sin"), profiled("cos"), bystander)
    for name in ("sin", "cos"):
        assert calls(found[name]) == {(name, "forward"): 50, (name, "backward"): 50}
        assert sum(found[name].parts.values()) == pytest.approx(found[name].wall, abs=1e-9)


def test_a_thread_with_a_copy_of_the_context_is_not_seen():
    with profile() as p:
        ag.exp(leaf(1.0))
        context = contextvars.copy_context()
        in_threads(lambda: context.run(lambda: ag.sin(leaf(1.0)).backward()))
    assert calls(p) == {("exp", "forward"): 1}


def test_two_threads_may_sweep_one_graph():
    x = leaf(0.5)
    y = x
    for _ in range(50):
        y = ag.sin(y)
    grads, together = [], threading.Barrier(2)

    def run():
        together.wait()
        with profile() as p:
            for _ in range(10):
                grads.append(ag.gradients([y], [x])[0].item())
        assert sum(p.parts.values()) == pytest.approx(p.wall, abs=1e-9)

    in_threads(run, run)
    assert len(grads) == 20
    assert len(set(grads)) == 1
    assert not any(type(node.op) is _Timed for node in engine.reachable([y.node]))


def test_a_deep_graph():
    x = leaf(0.5)
    y = x
    for _ in range(20_000):
        y = y + 1.0
    with profile() as p:
        y.backward()
    assert calls(p) == {("add", "backward"): 20_000}
