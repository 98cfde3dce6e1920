"""`ag.taped` writes down what is computed from tracked values: in order, with every argument, at no cost to others."""

import gc
import threading
import weakref

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.watching import Watched, seen


def leaf(*numbers):
    return ag.tensor(np.array(numbers), requires_grad=True)


def names(tape):
    return [step.operation for step in tape.steps]


# --- what is written down ---


def test_steps_come_in_order_and_say_what_was_computed_from_what():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    with ag.taped() as tape:
        out = ag.sum(ag.sin(x) * y, axis=0, keepdims=True)
    sine, product, total = tape.steps
    assert names(tape) == ["sin", "multiply", "sum"]
    assert sine.arguments == (tape.number(x),)
    assert product.arguments == (sine.result, tape.number(y))
    assert total.arguments[0] == product.result
    assert (total.options["axis"], total.options["keepdims"]) == (0, True)
    assert total.result == tape.number(out)
    assert (total.shape, total.dtype) == ((1,), np.dtype(float))
    assert total.place.file == __file__


def test_replaying_the_tape_computes_the_same():
    x = leaf(0.5, 1.5, -2.0)
    with ag.taped() as tape:
        picked = x[np.array([2, 0])]
        out = ag.concatenate([picked, ag.exp(x)]) * 2 + np.arange(5.0)
        out = ag.where(out > 1, out, -out)
    values = {tape.number(x): x.data}
    for step in tape.steps:
        arguments = [values[a] if tape.refers(a) else a for a in step.arguments]
        function = getattr(ag, step.operation)
        given = [arguments] if step.operation == "concatenate" else arguments
        values[step.result] = function(*given, **step.options)
    np.testing.assert_array_equal(values[tape.number(out)], out.data)


def test_constants_are_given_as_they_are_and_left_out_arguments_as_none():
    x, weights = leaf(1.0, 2.0), np.array([3.0, 4.0])
    with ag.taped() as tape:
        ag.clip(x * weights, None, 5)
    product, clipped = tape.steps
    assert not tape.refers(product.arguments[1])
    np.testing.assert_array_equal(product.arguments[1], weights)
    assert clipped.arguments == (product.result, None, 5)


def test_operations_of_any_number_of_arguments_have_them_all():
    x, y = leaf(1.0), leaf(2.0)
    with ag.taped() as tape:
        ag.concatenate([x, np.zeros(1), y, x])
        ag.einsum("i,j->ij", x, y)
    joined, product = tape.steps
    assert [a for a in joined.arguments if tape.refers(a)] == [tape.number(v) for v in (x, y, x)]
    np.testing.assert_array_equal(joined.arguments[1], [0.0])
    assert product.arguments == (tape.number(x), tape.number(y))


def test_a_number_is_no_reference():
    x = leaf(1.0, 2.0)
    with ag.taped() as tape:
        x * 0
    (step,) = tape.steps
    assert step.arguments[1] == 0
    assert not tape.refers(step.arguments[1])
    assert tape.refers(step.arguments[0])


# --- what has no derivative ---


def test_masks_and_positions_are_written_down():
    x = leaf(1.0, 3.0, 2.0)
    with ag.taped() as tape:
        mask = (x > 1.5) & ag.isfinite(x)
        best = ag.argmax(x)
        out = ag.where(mask, x, 0.0) + best
    assert names(tape) == ["greater", "isfinite", "logical_and", "argmax", "where", "add"]
    assert tape.steps[4].arguments[0] == tape.number(mask)
    assert tape.steps[5].arguments == (tape.steps[4].result, tape.number(best))
    assert tape.number(out) == tape.steps[5].result


def test_detached_values_are_the_same_values():
    x = leaf(1.0, 2.0)
    with ag.taped() as tape:
        y = ag.exp(x)
        still = y.detach()
        ag.sin(still)
    assert tape.number(still) == tape.number(y)
    assert names(tape) == ["exp", "sin"]
    assert tape.steps[1].arguments == (tape.steps[0].result,)


def test_what_is_computed_while_recording_is_off_is_written_down():
    x = leaf(1.0, 2.0)
    with ag.taped() as tape, ag.no_grad():
        ag.sin(x * 2)
    assert names(tape) == ["multiply", "sin"]
    assert tape.steps[1].arguments == (tape.steps[0].result,)


def test_integers_are_followed_when_asked_for():
    ids, table = ag.asarray(np.array([2, 0])), leaf(1.0, 2.0, 3.0)
    with ag.taped() as tape:
        ids + 1
    assert tape.steps == []
    with ag.taped() as tape:
        number = tape.follow(ids)
        shifted = ids - 2
        table[shifted]
    assert names(tape) == ["subtract", "getitem"]
    assert tape.steps[0].arguments == (number, 2)
    assert tape.steps[1].options["index"] == tape.number(shifted)


def test_positions_in_an_index_are_references_where_they_are_known():
    ids, x = ag.asarray(np.array([1, 0])), ag.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    with ag.taped() as tape:
        number = tape.follow(ids)
        x[ids, 1:]
        x[:, np.array([2, 0])]
        y = x * 1
        y[ids, 0] = 5.0
    rows, columns, _, put = (step.options.get("index") for step in tape.steps)
    assert rows == (number, slice(1, None))
    assert not tape.refers(columns[1])
    np.testing.assert_array_equal(columns[1], [2, 0])
    assert put == (number, 0)
    assert tape.number(y) == tape.steps[-1].result


def test_what_comes_from_nothing_tracked_is_not_written_down():
    with ag.taped() as tape:
        ag.sin(np.ones(2))
        ag.asarray(np.ones(2)) * 2
    assert tape.steps == []
    assert tape.number(ag.asarray(np.ones(2))) is None


# --- pausing, in place, nesting ---


def test_nothing_is_written_while_it_is_paused():
    x = leaf(1.0, 2.0)
    with ag.taped() as tape:
        ag.sin(x)
        with tape.paused():
            hidden = ag.cos(x)
            ag.greater(x, 1)
            with tape.paused():
                pass
            ag.exp(x)
        ag.tanh(hidden)
    assert names(tape) == ["sin", "tanh"]


def test_a_value_changed_in_place_has_the_number_of_its_latest():
    x = leaf(1.0, 2.0)
    with ag.taped() as tape:
        y = x * 2
        before = tape.number(y)
        y += 1
        ag.sin(y)
    assert names(tape) == ["multiply", "add", "sin"]
    assert tape.steps[1].arguments == (before, 1)
    assert tape.steps[2].arguments == (tape.steps[1].result,)


def test_two_tapes_write_the_same_and_the_inner_one_ends_first():
    x = leaf(1.0)
    with ag.taped() as outer:
        ag.sin(x)
        with ag.taped() as inner:
            ag.cos(x)
        ag.exp(x)
    assert names(outer) == ["sin", "cos", "exp"]
    assert names(inner) == ["cos"]


def test_other_threads_do_not_write():
    x = leaf(1.0, 2.0)
    with ag.taped() as tape:
        thread = threading.Thread(target=lambda: ag.sin(x) * 2)
        thread.start()
        thread.join()
        ag.cos(x)
    assert names(tape) == ["cos"]


def test_gradients_are_those_without_a_tape():
    def loss(x):
        return ag.sum(ag.where(x > 0, ag.exp(x), x) * ag.argmax(x))

    x, twin = leaf(-1.0, 0.5, 2.0), leaf(-1.0, 0.5, 2.0)
    with ag.taped():
        value = loss(x)
    value.backward()
    loss(twin).backward()
    np.testing.assert_array_equal(x.grad.data, twin.grad.data)


# --- watching beside it, and no cost when nobody looks ---


def test_watching_and_taping_go_together():
    x = leaf(0.5)
    with ag.watch(), ag.taped() as tape:
        y = ag.sin(x)
    y.backward()
    assert names(tape) == ["sin"]
    assert seen(y.node).value[0] == np.sin(0.5)
    assert seen(y.node).gradient[0] == 1


@pytest.mark.parametrize("raises", [False, True])
def test_nothing_is_left_behind(raises):
    """Results are plain Tensors again, so that an operation costs what it costs; and the tape frees what it held."""
    x = leaf(1.0, 2.0)
    try:
        with ag.taped() as tape:
            inside = ag.sin(x)
            if raises:
                raise ValueError("in the middle")
    except ValueError:
        pass
    assert isinstance(inside, Watched)
    assert type(ag.sin(x)) is ag.Tensor
    assert type(x > 1) is ag.Tensor
    ag.sin(x)
    assert names(tape) == ["sin"]
    held = weakref.ref(inside.node)
    del inside, tape
    gc.collect()
    assert held() is None
