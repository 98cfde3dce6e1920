"""What cannot be captured is refused with its line; what may change is seen; and no number is frozen unnoticed."""

import gc
import random
import threading
import time
import types

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import GraphError, OptionError

X = np.linspace(0.5, 2.0, 4)
RNG = np.random.default_rng(0)
KEPT = []


def _calls(f, count=4):
    """Some calls with different numbers, as lists."""
    return [np.asarray(f(X + i)).tolist() for i in range(count)]


def _refused(f, words):
    """What is refused says so in words, and the next function is captured as if nothing had been."""
    captured = ag.compile(f)
    with pytest.raises(GraphError, match=words) as caught:  # noqa: PT012 - any of the calls may be the one
        for i in range(6):
            captured(X + i)
    assert "test_captured_refusals.py:" in str(caught.value)
    double = ag.compile(lambda x: x * 2)
    assert _calls(double) == [((X + i) * 2).tolist() for i in range(4)]
    assert double.plan is not None


# --- the ways out -----------------------------------------------------------------------------------------------------


def _if(x):
    return x * 2 if ag.sum(x) > 0 else x


def _while(x):
    while ag.sum(x) < 100:
        x = x * 2
    return x


WAYS_OUT = {
    "if": (_if, "use ag.where"),
    "while": (_while, "use ag.where"),
    "float": (lambda x: x * float(ag.sum(x)), "compute with the Tensor itself"),
    "int": (lambda x: x * int(ag.sum(x)), "compute with the Tensor itself"),
    "item": (lambda x: x * ag.sum(x).item(), "compute with the Tensor itself"),
    "tolist": (lambda x: x * sum(x.tolist()), "compute with the Tensor itself"),
    "print": (lambda x: (print(x), x)[1], "ag.perform"),
    "f-string": (lambda x: (f"{ag.sum(x):.3f}", x)[1], "ag.perform"),
    "str": (lambda x: (str(x), x)[1], "ag.perform"),
    "numpy": (lambda x: x * np.cumsum(x.numpy()), "use operations of ag"),
    "data": (lambda x: x * x.data, "use operations of ag"),
    "asarray": (lambda x: x * np.asarray(x), "use operations of ag"),
    "in": (lambda x: x if ag.sum(x) in [1.0, 2.0] else x * 2, "use ag.where"),
    "assert": (lambda x: x if ag.all(x > 0) else x, "use ag.where"),  # noqa: RUF034 - the condition is what counts
    "range": (lambda x: sum(x * i for i in range(ag.sum(x).astype(int))), "compute with the Tensor itself"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", WAYS_OUT)
def test_what_depends_on_the_numbers_of_one_call_is_refused_with_its_line(name):
    _refused(*WAYS_OUT[name])


CHANGING = {
    "np.random": lambda x: x * np.random.rand(),  # noqa: NPY002 - the old generator is what is refused
    "random": lambda x: x * random.random(),
    "a generator": lambda x: x * RNG.normal(size=4),
    "a clock": lambda x: x * time.perf_counter(),
    "a generator's scale in perform": lambda x: x * _performed_with(random.random()),
}


def _performed_with(scale):
    return ag.perform(lambda: np.full(4, scale))


@pytest.mark.parametrize("name", CHANGING)
def test_a_number_that_changes_by_itself_is_refused(name):
    KEPT.clear()
    _refused(CHANGING[name], "computed something else when it was called again")


def test_what_a_function_changes_that_it_also_sees_is_refused_by_name():
    KEPT.clear()
    captured = ag.compile(lambda x: (KEPT.append(0), x * len(KEPT))[1])
    with pytest.raises(GraphError, match="changes in every call what it also sees, 'KEPT'"):  # noqa: PT012 - in which call is not promised
        for i in range(6):
            np.testing.assert_array_equal(captured(X), X * (i + 1))


def test_rows_of_a_tensor_may_be_walked_through():
    f = ag.compile(lambda x: sum(row * i for i, row in enumerate(x)))
    assert _calls(f) == [sum(row * i for i, row in enumerate(X + k)) for k in range(4)]
    assert f.plan is not None


# --- what is guarded --------------------------------------------------------------------------------------------------

FACTOR = 2.0
ARRAY = np.full(4, 2.0)
TABLE = {"factor": 2.0, "deep": {"factor": 2.0}}
LIST = [1.0, 2.0]
OBJECT = types.SimpleNamespace(factor=2.0, inner=types.SimpleNamespace(factor=2.0), of=lambda: FACTOR)


class Holder:
    """An object with a method that reads its attributes."""

    factor = 2.0

    def __init__(self):
        self.own = 2.0
        self.table = {"factor": 2.0}

    def by_own(self, x):
        return x * self.own

    def by_table(self, x):
        return x * self.table["factor"]


HOLDER = Holder()


def _by_helper(x):
    return x * _helper()


def _helper():
    return FACTOR


def _in_place(of, name, value):
    return lambda: of.__setitem__(name, value)


def _attribute(of, name, value):
    return lambda: setattr(of, name, value)


def _global(name, value):
    return lambda: globals().__setitem__(name, value)


GUARDED = {
    "a global number": (lambda x: x * FACTOR, _global("FACTOR", 3.0), _global("FACTOR", 2.0)),
    "its sign": (lambda x: x * 0 * FACTOR, _global("FACTOR", -2.0), _global("FACTOR", 2.0)),
    "a number in a function that is called": (_by_helper, _global("FACTOR", 3.0), _global("FACTOR", 2.0)),
    "a number in an inner function": (
        lambda x: (lambda y: y * FACTOR)(x), _global("FACTOR", 3.0), _global("FACTOR", 2.0)),
    "another array of that name": (
        lambda x: x * ARRAY, _global("ARRAY", np.full(4, 3.0)), _global("ARRAY", ARRAY)),
    "what is written into an array": (lambda x: x * ARRAY, _in_place(ARRAY, 0, 9.0), _in_place(ARRAY, 0, 2.0)),
    "a value of a dict": (
        lambda x: x * TABLE["factor"], _in_place(TABLE, "factor", 3.0), _in_place(TABLE, "factor", 2.0)),
    "a value of a dict in a dict": (
        lambda x: x * TABLE["deep"]["factor"],
        _in_place(TABLE["deep"], "factor", 3.0), _in_place(TABLE["deep"], "factor", 2.0)),
    "an element of a list": (lambda x: x * LIST[1], _in_place(LIST, 1, 3.0), _in_place(LIST, 1, 2.0)),
    "the elements of a list": (lambda x: x * sum(LIST), lambda: LIST.append(3.0), lambda: LIST.pop()),
    "an attribute": (
        lambda x: x * OBJECT.factor, _attribute(OBJECT, "factor", 3.0), _attribute(OBJECT, "factor", 2.0)),
    "an attribute of an attribute": (
        lambda x: x * OBJECT.inner.factor,
        _attribute(OBJECT.inner, "factor", 3.0), _attribute(OBJECT.inner, "factor", 2.0)),
    "an attribute of the object of a method": (
        HOLDER.by_own, _attribute(HOLDER, "own", 3.0), _attribute(HOLDER, "own", 2.0)),
    "a dict of the object of a method": (
        HOLDER.by_table, _in_place(HOLDER.table, "factor", 3.0), _in_place(HOLDER.table, "factor", 2.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", GUARDED)
def test_what_a_function_sees_may_change_between_calls(name):
    function, change, restore = GUARDED[name]
    captured = ag.compile(function, exact=True)
    try:
        for _ in range(2):
            assert _calls(captured) == _calls(function)
            assert captured.plan is not None
            change()
            assert _calls(captured) == _calls(function)
            restore()
    finally:
        restore()


def test_a_variable_of_a_closure_may_change():
    factor = 2.0

    def scaled(x):
        return x * factor

    captured = ag.compile(scaled)
    for factor in (2.0, 3.0, 2.0, True, 1, -0.0, 0.0):  # noqa: B007 - a closure reads it
        assert [np.copysign(1, y).tolist() for y in _calls(captured)] == [
            np.copysign(1, y).tolist() for y in _calls(scaled)
        ]
        assert _calls(captured) == _calls(scaled)


@pytest.mark.parametrize("values", [(1.0, 2.0), (0.0, -0.0), (True, 1), (1, 1.0)])
def test_an_argument_that_is_no_array_belongs_to_the_signature(values):
    def f(x, k):
        return x * k

    captured = ag.compile(f)
    for _ in range(2):
        for k in values:
            for i in range(3):
                wanted, found = f(X + i, k), captured(X + i, k)
                assert found.tolist() == wanted.tolist()
                assert np.signbit(found).tolist() == np.signbit(wanted).tolist()


def test_arguments_may_be_containers_and_keywords():
    def f(pair, *, table, power=2):
        return {"sum": pair[0] + table["a"], "power": [pair[1] ** power]}

    captured = ag.compile(f, exact=True)
    for power in (2, 3):
        for i in range(4):
            given = ((X + i, X * i), {"a": X - i})
            wanted, found = f(given[0], table=given[1], power=power), captured(given[0], table=given[1], power=power)
            assert found.keys() == wanted.keys()
            np.testing.assert_array_equal(found["sum"], wanted["sum"])
            np.testing.assert_array_equal(found["power"][0], wanted["power"][0])
    assert captured.plan is not None


def test_an_argument_that_cannot_be_compared_is_refused():
    with pytest.raises(OptionError, match="neither an array nor a constant"):
        ag.compile(lambda x, s: x)(X, {1, 2})


def test_no_more_plans_are_kept_than_asked_for():
    captured = ag.compile(lambda x: x * 2, cache_size=3)
    for n in range(1, 10):
        for _ in range(3):
            assert captured(np.ones(n)).shape == (n,)
    assert len(captured._plans) == 3


# --- what is handed out -----------------------------------------------------------------------------------------------


def test_what_was_returned_is_not_written_into_by_the_next_call():
    fixed = np.ones(4)
    captured = ag.compile(lambda x: (x * 2, x, fixed, x[1:], ag.zeros(3), ag.perform(lambda: fixed)))
    for i in range(3):
        captured(X + i)
    results = [captured(X + i) for i in range(5)]
    for i, found in enumerate(results):
        for a, b in zip(found, (X * 2 + 2 * i, X + i, np.ones(4), X[1:] + i, np.zeros(3), np.ones(4)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-15)
    for found in results:
        for part in found:
            part += 1  # everything is the caller's own
    np.testing.assert_array_equal(fixed, np.ones(4))
    np.testing.assert_array_equal(captured(X)[4], np.zeros(3))
    np.testing.assert_array_equal(captured(X)[0], X * 2)


def test_an_array_that_is_performed_into_again_and_again_gives_its_numbers_of_then():
    buffer, rng = np.empty(3), np.random.default_rng(0)

    def drawn():
        return rng.random(out=buffer)

    captured = ag.compile(lambda x: (ag.perform(drawn), ag.perform(drawn)))
    found = [part.tolist() for i in range(4) for part in captured(X + i)]
    again = np.random.default_rng(0)
    assert found == [again.random(3).tolist() for _ in range(8)]


def test_an_array_that_was_given_may_be_written_into_afterwards():
    w = ag.Tensor(np.ones(4), requires_grad=True)
    captured = ag.compile(lambda x: ag.sum(w * x * x))
    for i in range(4):
        x = X + i
        loss = captured(x)
        x[:] = np.nan
        w.grad = None
        loss.backward()
        np.testing.assert_allclose(w.grad.data, (X + i) ** 2, rtol=1e-15)


# --- exceptions -------------------------------------------------------------------------------------------------------


def test_an_exception_leaves_nothing_behind():
    def f(x, bad):
        if bad:
            raise ValueError("on purpose")
        return ag.sum(x * 2)

    captured = ag.compile(f)
    for bad in (True, False, False, False, True, False):
        if bad:
            with pytest.raises(ValueError, match="on purpose"):
                captured(X, bad)
        else:
            assert captured(X, bad) == np.sum(X * 2)
    assert float(ag.sum(ag.Tensor(X))) == np.sum(X)  # what a trace refuses is permitted again


def test_an_exception_in_a_replay_lets_the_next_one_run():
    fails = []

    def checked(x):
        if fails:
            raise ValueError("on purpose")

    captured = ag.compile(lambda x: (ag.perform(checked, x), x * 2)[1])
    assert _calls(captured) == [((X + i) * 2).tolist() for i in range(4)]
    fails.append(0)
    with pytest.raises(ValueError, match="on purpose"):
        captured(X)
    fails.clear()
    assert _calls(captured) == [((X + i) * 2).tolist() for i in range(4)]


def test_what_is_performed_must_keep_its_shape():
    sizes = iter([4, 4, 4, 1])
    captured = ag.compile(lambda x: x * ag.perform(lambda: np.ones(next(sizes))))
    for _ in range(3):
        captured(X)
    with pytest.raises(ValueError, match="when it was captured"):
        captured(X)


# --- functions in functions -------------------------------------------------------------------------------------------


def _polynomial(x):
    return ag.sum(x * x * x)


TRANSFORMS = {
    "grad": ag.grad,
    "value_and_grad": ag.value_and_grad,
    "jvp": lambda f: lambda x: ag.jvp(f, (x,), (np.ones(4),)),
    "vjp": lambda f: lambda x: ag.vjp(f, x)[1](1.0),
    "hessian": ag.hessian,
    "jacobian": lambda f: ag.jacobian(lambda x: f(x) * x),
    "checkpoint": lambda f: ag.grad(ag.checkpoint(f)),
    "grad of grad": lambda f: ag.grad(lambda x: ag.sum(ag.grad(f)(x) ** 2)),
    "compile": ag.compile,
}


def _flat(tree):
    return [x for part in tree for x in _flat(part)] if isinstance(tree, tuple | list) else [np.asarray(tree)]


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("order", ["inside", "outside"])
def test_transforms_of_captured_functions_and_captured_transforms(name, order):
    transform = TRANSFORMS[name]
    eager = transform(_polynomial)
    captured = transform(ag.compile(_polynomial)) if order == "inside" else ag.compile(eager)
    for i in range(5):
        for a, b in zip(_flat(captured(X + i)), _flat(eager(X + i)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)


def test_a_function_may_call_itself():
    def power(x, n):
        return x if n == 0 else x * captured(x, n - 1)

    captured = ag.compile(power)
    for i in range(4):
        np.testing.assert_allclose(captured(X + i, 3), (X + i) ** 4, rtol=1e-15)


def test_what_is_performed_may_call_the_same_function():
    inner = []

    def again(x):
        if len(inner) % 2 == 0:
            inner.append(0)
            inner.append(np.asarray(captured(np.asarray(x.data) * 10)))

    def f(x):
        doubled = ag.tanh(x) * 2
        ag.perform(again, x)
        return ag.exp(doubled) + doubled

    captured = ag.compile(f, exact=True)
    for i in range(6):
        inner.clear()
        doubled = np.tanh(X + i) * 2
        np.testing.assert_array_equal(captured(X + i), np.exp(doubled) + doubled)


def test_generators_are_followed():
    def terms(x):
        for i in range(3):
            yield x * i

    f = ag.compile(lambda x: sum(terms(x)))
    assert _calls(f) == [(sum(terms(X + i))).tolist() for i in range(4)]


# --- threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fused"])
def test_threads_may_call_one_function_at_the_same_time(exact):
    w = np.linspace(-1, 1, 64 * 64).reshape(64, 64)

    def f(x):
        for _ in range(4):
            x = ag.tanh(x @ w) + ag.sin(x) * 0.5
        return x

    captured = ag.compile(f, exact=exact)
    given = [np.full((64, 64), 0.1 * i) for i in range(8)]
    for x in given[:3]:
        captured(x)
    assert captured.plan is not None
    wanted = [captured(x) for x in given]
    failures = []

    def work(i):
        for _ in range(40):
            if not np.array_equal(captured(given[i]), wanted[i]):
                failures.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_another_thread_computes_as_ever_while_one_is_traced():
    begun, ended = threading.Event(), threading.Event()
    seen = []

    def other():
        begun.wait()
        x = ag.Tensor(X, requires_grad=True)
        y = ag.sum(x * x)
        y.backward()
        seen.append((float(y), x.grad.numpy().tolist(), str(x)))
        ended.set()

    thread = threading.Thread(target=other)
    thread.start()

    def f(x):
        begun.set()
        ended.wait()
        return x * 2

    captured = ag.compile(f)
    assert _calls(captured) == [((X + i) * 2).tolist() for i in range(4)]
    thread.join()
    assert seen[0][:2] == (float(np.sum(X * X)), (2 * X).tolist())


def test_a_plan_goes_when_its_function_goes():
    captured = ag.compile(lambda x: ag.sum(x * 2))
    _calls(captured)
    held = captured.plan
    assert held is not None
    before = len(gc.get_referrers(held))
    assert before >= 1
    del captured
    gc.collect()
    assert len(gc.get_referrers(held)) <= 1
