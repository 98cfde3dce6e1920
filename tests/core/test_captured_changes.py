"""What changes between two calls of a captured function, or between a call and its sweep, as eager code sees it."""

from types import SimpleNamespace

import numpy as np
import pytest

import autograd_core as ag
import nn

X = np.linspace(-1, 1, 4)
LONG = 100  # more elements than are looked into one by one


def scale_deep_in_objects():
    deepest = SimpleNamespace(scale=2.0)
    config = SimpleNamespace(model=SimpleNamespace(block=SimpleNamespace(attention=SimpleNamespace(of=deepest))))
    return lambda x: x * config.model.block.attention.of.scale, lambda: setattr(deepest, "scale", 3.0)


def element_of_a_long_list():
    scales = [2.0] * LONG
    return lambda x: x * scales[LONG - 1], lambda: scales.__setitem__(LONG - 1, 3.0)


def entry_of_a_long_dict():
    scales = {f"scale {i}": 2.0 for i in range(LONG)}
    return lambda x: x * scales["scale " + str(len(x))], lambda: scales.__setitem__("scale 4", 3.0)


def container_that_is_there_no_more():
    options = {"scales": [2.0], "names": {"on"}}

    def scaled(x):
        return x * options["scales"][0] if options["names"] else x

    return scaled, lambda: options.update(scales=None, names=None)


class Scaling:
    def __init__(self):
        self.scale = 2.0

    def __call__(self, x):
        return x * self.scale

    def __getitem__(self, x):
        return x + self.scale


def attribute_of_an_object_that_is_called():
    scaling = Scaling()
    return lambda x: scaling(x), lambda: setattr(scaling, "scale", 3.0)


def attribute_of_an_object_that_is_the_function():
    scaling = Scaling()
    return scaling, lambda: setattr(scaling, "scale", 3.0)


def attribute_that_an_operator_reads():
    scaling = Scaling()
    return lambda x: scaling[x], lambda: setattr(scaling, "scale", 3.0)


def row_of_an_array():
    scales = np.full((2, 4), 2.0)
    return lambda x: x * scales[1], lambda: scales.__setitem__(1, 3.0)


def every_other_number_of_an_array():
    scales = np.full(8, 2.0)
    return lambda x: x * scales[::2], lambda: scales.__setitem__(2, 3.0)


def one_number_of_an_array():
    scales = np.full(3, 2.0)
    return lambda x: x * float(scales[1]), lambda: scales.__setitem__(1, 3.0)


def array_that_numpy_computes_with():
    scales = np.full(4, 2.0)
    return lambda x: x * (scales + 1), lambda: scales.__setitem__(1, 3.0)


def array_that_a_tensor_is_made_of():
    scales = np.full(4, 2.0)
    return lambda x: x * ag.tensor(scales), lambda: scales.__setitem__(1, 3.0)


CHANGES = [
    scale_deep_in_objects,
    element_of_a_long_list,
    entry_of_a_long_dict,
    container_that_is_there_no_more,
    attribute_of_an_object_that_is_called,
    attribute_of_an_object_that_is_the_function,
    attribute_that_an_operator_reads,
    row_of_an_array,
    every_other_number_of_an_array,
    one_number_of_an_array,
    array_that_numpy_computes_with,
    array_that_a_tensor_is_made_of,
]


@pytest.mark.parametrize("make", CHANGES, ids=lambda make: make.__name__)
def test_what_a_function_sees_may_change(make):
    function, change = make()
    f = ag.compile(function, exact=True)
    before = [np.asarray(f(X)).tolist() for _ in range(4)][-1]
    assert f.plan is not None
    change()
    expected = np.asarray(function(X)).tolist()
    assert before != expected
    for _ in range(4):
        assert np.asarray(f(X)).tolist() == expected


def test_what_is_performed_may_change_what_a_function_sees():
    calls, seen = np.zeros(1), []

    def noted():
        calls[0] += 1
        seen.append(float(calls[0]))
        return calls

    f = ag.compile(lambda x: x - x + ag.perform(noted))
    found = [f(X)[0] for _ in range(2)]
    plan = f.plan
    found += [f(X)[0] for _ in range(4)]
    assert f.plan is plan is not None
    assert found == seen == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_a_tensor_from_outside_may_stop_wanting_a_gradient():
    w = ag.tensor(np.ones(4), requires_grad=True)
    f = ag.compile(lambda x: ag.sum(w * x))
    for wants in (True, True, True, False, False, False, True, True):
        w.requires_grad_(wants)
        assert f(X).requires_grad is wants


def test_gradients_are_forgotten_though_there_were_none_when_the_plan_was_made():
    w = ag.tensor(np.ones(4), requires_grad=True)

    def loss_from_scratch(x):
        w.grad = None
        return ag.sum(w * x)

    f = ag.compile(loss_from_scratch)
    for _ in range(3):
        f(X)
    assert f.plan is not None
    for _ in range(2):
        f(X).backward()
        assert w.grad.tolist() == X.tolist()


# --- between a call and its sweep -------------------------------------------------------------------------------------


def outside(x, w):
    return lambda: ag.sum(w * x), x


def in_a_tensor(x, w):
    shared = ag.asarray(x)
    return lambda: ag.sum(w * shared), x


@pytest.mark.parametrize("make", [outside, in_a_tensor])
def test_a_sweep_is_that_of_the_numbers_in_the_call(make):
    w = ag.tensor(np.ones(4), requires_grad=True)
    function, array = make(X.copy(), w)
    f = ag.compile(function)
    for number in range(4):
        array[...] = number
        loss = f()
        array[...] = -1
        w.grad = None
        loss.backward()
        assert w.grad.tolist() == [number] * 4
    assert f.plan is not None


def test_a_result_that_is_a_plain_array_may_be_written_into_before_a_sweep():
    w = ag.tensor(np.ones(4), requires_grad=True)

    def loss_and_hidden(x):
        hidden = ag.square(x)
        return ag.sum(w * hidden), hidden

    f = ag.compile(loss_and_hidden)
    for _ in range(4):
        loss, hidden = f(X)
        hidden[...] = 9
        w.grad = None
        loss.backward()
        assert w.grad.tolist() == (X * X).tolist()
    assert f.plan is not None


def test_a_sweep_from_one_result_reaches_what_that_was_computed_from():
    u, w = (ag.tensor(np.ones(4), requires_grad=True) for _ in range(2))
    f = ag.compile(lambda x: (ag.sum(u * x), u * w, w * x))
    for _ in range(4):
        u.grad = w.grad = None
        f(X)[0].backward()
        assert u.grad.tolist() == X.tolist()
        assert w.grad is None  # of zeros, an optimizer would still move it by its momentum
    assert f.plan is not None


def test_results_that_are_equal_are_arrays_of_their_own():
    f = ag.compile(lambda x: (ag.square(x), ag.square(x)))
    for _ in range(4):
        one, other = f(X)
        one[...] = 9
        assert other.tolist() == (X * X).tolist()
    assert f.plan is not None


@pytest.mark.parametrize("exact", [True, False])
def test_a_gradient_that_was_kept_stays_though_it_is_computed_with(exact):
    u, w = ag.tensor(np.ones(4), requires_grad=True), ag.tensor(np.ones(4), requires_grad=True)

    def step(x):
        u.grad = w.grad = None
        (ag.sum(w * x) + ag.sum(ag.tanh(u) * x)).backward()  # the gradient of w is the cotangent of tanh(u)

    f = ag.compile(step, exact=exact)
    kept = []
    for i in range(6):
        f(X + i)
        kept.append(w.grad)
    assert f.plan is not None
    assert [grad.tolist() for grad in kept] == [(X + i).tolist() for i in range(6)]


# --- in the middle of a replay ----------------------------------------------------------------------------------------


def test_what_is_performed_is_performed_once_where_a_tensor_has_another_shape():
    w, calls = ag.tensor(np.ones(4)), []

    def count():
        calls.append(len(calls))

    def total(x):
        ag.perform(count)
        return ag.sum(w) + ag.sum(x)

    f = ag.compile(ag.no_grad()(total))
    for _ in range(3):
        f(np.zeros(2))
    w.data = np.ones(7)
    assert f(np.zeros(2)) == 7
    assert len(calls) == 4


# --- optimizers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [{"momentum": 0.9}, {"weight_decay": 0.1}, {"momentum": 0.9, "weight_decay": 0.1}])
@pytest.mark.parametrize("exact", [True, False])
def test_options_of_descent_may_change(start, exact):
    found = []
    for captured in (False, True):
        w = ag.tensor(X.copy(), requires_grad=True)
        optimizer = nn.optim.SGD([w], lr=0.125, **start)

        def step(w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = ag.sum(ag.square(w))
            loss.backward()
            optimizer.step()

        f = ag.compile(step, exact=exact) if captured else step
        for momentum in (None, None, None, None, 0.5, 0.5, 0.25):
            if momentum is not None:
                optimizer.param_groups[0]["momentum"] = momentum
            f()
        found.append(w.tolist())
    # five units: with machine code a step is fused, and rounds a product and a sum once
    np.testing.assert_allclose(*found, rtol=5 * np.finfo(float).eps)
