"""A model is as it was after its forward pass was looked at, whatever that pass does to it."""

import gc
import random
import weakref
from typing import NamedTuple

import numpy as np
import pytest

import autograd_core as ag
import nn


class Pair(NamedTuple):
    left: object
    right: object


class Busy(nn.Module):
    """A module that changes all that it can reach."""

    def __init__(self, fails=False):
        super().__init__()
        self.linear = nn.Linear(3, 3, rng=0)
        self.drop = nn.Dropout(rng=0)
        self.register_buffer("mean", np.zeros(3))
        self.register_buffer("seen", ag.tensor(np.zeros(3)))
        self.history, self.table, self.names = [], {"calls": 0, "inner": [np.zeros(2)]}, {"a"}
        self.last, self.count, self.fails = None, 0, fails
        self.legacy = np.random.RandomState(0)
        self.drop.training = False  # not as the others
        self.linear.bias.requires_grad_(False)

    def forward(self, x):
        h = self.drop(self.linear(x))
        self.mean += 1
        self.seen += ag.mean(h)
        self.history.append(h)
        self.table["calls"] += 1
        self.table["inner"][0][0] = 7
        self.table["more"] = h
        self.names.add("b")
        self.last, self.count = h, self.count + 1
        self.extra = h
        np.random.rand(), random.random(), self.legacy.rand()  # noqa: NPY002
        if self.fails:
            raise ValueError("as planned")
        return h


def state(model):
    attributes = {path: {k: v for k, v in vars(m).items() if k != "_own_name"} for path, m in model.named_modules()}
    return (
        attributes,
        [(list(a), a.get("training")) for a in attributes.values()],
        repr([model.mean, model.seen, model.history, model.table, sorted(model.names), model.last, model.count]),
        model.drop.rng.bit_generator.state,
        repr((np.random.get_state(), random.getstate(), model.legacy.get_state())),  # noqa: NPY002
        {name: value.tobytes() for name, value in model.state_dict().items()},
        [(p.requires_grad, p.grad, id(p)) for p in model.parameters()],
    )


def looked_at(model, **options):
    try:
        nn.summary(model, (3,), **options)
    except ag.AutogradError:
        assert model.fails


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_nothing_has_changed(training, fails):
    model = Busy(fails)
    buffer, lists = model.mean, (model.history, model.table, model.table["inner"], model.names)
    before = state(model)
    looked_at(model, training=training)
    after = state(model)
    assert after[0].keys() == before[0].keys()
    for path, attributes in before[0].items():
        assert after[0][path].keys() == attributes.keys()
        assert all(after[0][path][name] is value for name, value in attributes.items())
    assert after[1:] == before[1:]
    assert model.mean is buffer
    assert (model.history, model.table, model.table["inner"], model.names) == lists
    assert model.seen.node is None
    assert "forward" not in vars(model)


@pytest.mark.parametrize("fails", [False, True])
def test_a_sweep_inside_leaves_no_gradient_and_adds_to_none(fails):
    class Swept(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.fails = nn.Linear(3, 2, rng=0), fails

        def forward(self, x):
            ag.sum(self.linear(x)).backward()
            if self.fails:
                raise ValueError("as planned")
            return x

    model = Swept()
    model.linear.bias.grad = ag.tensor(np.ones(2, np.float32))
    gradient = model.linear.bias.grad
    looked_at(model)
    assert model.linear.weight.grad is None
    assert model.linear.bias.grad is gradient
    assert gradient.tolist() == [1.0, 1.0]


def test_dropout_goes_on_as_if_nobody_had_looked():
    looked, other = nn.Dropout(rng=3), nn.Dropout(rng=3)
    nn.summary(looked, (100,), training=True)
    assert np.array_equal(looked(np.ones(100)), other(np.ones(100)))


def test_the_input_is_not_written_into():
    def halve(x):
        x[...] = x // 2
        return x

    class Halve(nn.Module):
        def forward(self, x):
            return halve(x)

    class HalvePair(nn.Module):
        def forward(self, pair):
            return Pair(halve(pair.left), halve(pair.right))

    for array in (np.ones(3), np.ones(3, int)):
        x, t = array.copy(), ag.tensor(array)
        nn.summary(Halve(), input_data=x)
        nn.summary(Halve(), input_data=t)
        assert x.tolist() == t.tolist() == [1, 1, 1]
    pair = Pair(np.ones(3), np.ones(3, int))
    nn.summary(HalvePair(), input_data=[pair])
    assert [part.tolist() for part in pair] == [[1, 1, 1]] * 2


@pytest.mark.parametrize("fails", [False, True])
def test_no_graph_is_kept(fails):
    alive = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.kept = nn.Linear(3, 3, rng=0), []

        def forward(self, x):
            h = self.linear(x)
            alive.append(weakref.ref(h.node))
            self.kept.append(h)
            if fails:
                raise ValueError
            return h

    model = Spy()
    try:
        result = nn.summary(model, (3,))
    except ag.AutogradError:
        result = None
    if fails:
        gc.collect()  # an error holds the frames that it went through, which hold what was computed, and it
    assert alive
    assert [node() for node in alive] == [None] * len(alive)
    assert (result is None) == fails


def test_a_forward_that_was_assigned_stays():
    model = nn.Linear(3, 3, rng=0)
    model.forward = forward = lambda x: x
    nn.summary(model, (3,))
    assert model.forward is forward


def test_recording_switched_off_outside_does_not_matter():
    with ag.no_grad():
        assert nn.summary(nn.Linear(3, 4, rng=0), (3,)).multiply_adds == 12
