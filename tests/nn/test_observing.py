"""Observing calls: every call is seen, in order and in its place, and nothing is left behind."""

import copy
import threading

import numpy as np
import pytest

import autograd_core as ag
from nn import Linear, Module, ReLU, Sequential
from nn.observing import observed

PLAIN = Module.__call__
ONE = np.ones((1, 2), np.float32)


class Twice(Module):
    """A module that uses another one twice, and a part of it once more."""

    def __init__(self):
        super().__init__()
        self.body = Sequential(Linear(2, 2, rng=0), ReLU())
        self.last = self.body[1]

    def forward(self, x):
        return self.last(self.body(self.body(x)))


def test_calls_come_in_the_order_in_which_they_begin_each_time_anew():
    with observed(Twice()) as calls:
        Twice()(ONE)  # another model is not observed
        assert calls == []
    model = Twice()
    with observed(model) as calls:
        result = model(ONE)
    body = ["body", "body.0", "body.1"]
    assert [call.path for call in calls] == ["", *body, *body, "body.1"]
    assert [call.depth for call in calls] == [0, 1, 2, 2, 1, 2, 2, 1]
    assert [call.leaf for call in calls] == [False, False, True, True, False, True, True, True]
    assert calls[0].output is calls[-1].output is result
    assert calls[3].args[0] is calls[2].output
    assert calls[2].caller is calls[1]
    assert all(call.finished for call in calls)


def test_a_call_that_raises_stays_unfinished_and_nothing_is_left_behind():
    model = Twice()
    with observed(model) as calls, pytest.raises(ag.ShapeError):
        model(np.ones((1, 3), np.float32))
    assert [(call.path, call.finished) for call in calls] == [("", False), ("body", False), ("body.0", False)]
    assert Module.__call__ is PLAIN
    with observed(model) as calls:
        with pytest.raises(ag.ShapeError):
            model(np.ones((1, 3), np.float32))
        model(ONE)
    assert calls[3].depth == 0, "the failed call is over"


def test_while_nobody_observes_a_call_is_what_it_always_was():
    assert Module.__call__ is PLAIN
    with observed(Twice()):
        with observed(Twice()):
            assert Module.__call__ is not PLAIN
        assert Module.__call__ is not PLAIN
    assert Module.__call__ is PLAIN


def test_the_model_itself_is_untouched_and_a_copy_is_another_model():
    model = Twice()
    before = dict(vars(model))
    with observed(model) as calls:
        assert vars(model) == before
        copy.deepcopy(model)(ONE)
    assert calls == []


def test_two_observers_see_their_own_paths():
    model = Twice()
    with observed(model) as outer, observed(model.body) as inner:
        model(ONE)
    assert len(outer) == 8
    assert [call.path for call in inner] == ["", "0", "1"] * 2 + ["1"]


def test_other_threads_are_not_seen():
    model = Twice()
    with observed(model) as calls:
        thread = threading.Thread(target=model, args=(ONE,))
        thread.start()
        thread.join()
    assert calls == []


def test_what_is_no_module_is_refused():
    with pytest.raises(ag.OptionError, match=r"observed: expects an nn\.Module, got function"), observed(lambda x: x):
        pass
