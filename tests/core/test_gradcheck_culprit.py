"""The operation to blame: found in graphs with many right ones, with its line, and explained by its own numbers."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.testing import gradcheck

RNG = np.random.default_rng(0)


def with_rule(forward, backward):
    """A function with this derivative: `backward(x, y, g)`."""

    @ag.custom_vjp
    def suspect(x):
        return forward(x)

    suspect.defvjp(lambda x: (forward(x), (x, forward(x))), lambda saved, g: (backward(*saved, g),))
    return suspect


wrong_tanh = with_rule(ag.tanh, lambda x, y, g: g * (1 - y))


def test_the_wrong_rule_is_found_between_right_ones_with_its_line():
    def loss(w, x):
        h = ag.sin(x @ w)
        h = wrong_tanh(h)  # the line that is named
        return ag.sum(h * h) + ag.sum(w)

    report = gradcheck(loss, RNG.normal(size=(3, 2)), RNG.normal(size=(4, 3)), raise_exception=False)
    line = loss.__code__.co_firstlineno + 2
    assert report.operation.startswith("suspect at ")
    assert report.operation.endswith(f"test_gradcheck_culprit.py:{line}")
    assert report.cause.name == "inner"
    assert "1 + out" in report.cause.message


def test_the_wrong_rule_is_found_in_a_module():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 4, rng=0), nn.Linear(4, 1, rng=1)

        def forward(self, x):
            return self.b(wrong_tanh(self.a(x)))

    report = gradcheck(Net(), RNG.normal(size=(2, 3)), raise_exception=False)
    assert report.operation.startswith("suspect at ")


@pytest.mark.parametrize("depth", [1, 5, 40])
def test_one_wrong_rule_in_a_chain_is_named_and_the_others_are_not(depth):
    wrong_sine = with_rule(ag.sin, lambda x, y, g: 2 * g * ag.cos(x))
    where = int(RNG.integers(depth))

    def chain(x):
        for i in range(depth):
            x = wrong_sine(x) if i == where else ag.cos(x)
        return x

    report = gradcheck(chain, np.array([0.3, 0.4]), raise_exception=False)
    assert report.operation.startswith("suspect at ")
    assert report.cause.name == "factor"


def test_the_first_operation_may_be_the_one():
    report = gradcheck(lambda x: ag.exp(wrong_tanh(x)), RNG.normal(size=3), raise_exception=False)
    assert report.operation.startswith("suspect at ")


def test_a_registered_operation_with_a_wrong_rule_is_named():
    op = ag.tanh.op
    right = op.pull
    try:
        op.pull = lambda xp, parents, saved, statics, g: tuple(2 * c for c in right(xp, parents, saved, statics, g))
        report = gradcheck(lambda x: ag.sum(ag.tanh(ag.sin(x)) * x), RNG.normal(size=3), raise_exception=False)
    finally:
        op.pull = right
    assert report.operation.startswith("tanh at ")


def test_watching_leaves_nothing_behind():
    x = RNG.normal(size=3)
    gradcheck(wrong_tanh, x, raise_exception=False)
    y = ag.sin(ag.tensor(x, requires_grad=True))
    assert type(y) is ag.Tensor
    assert type(y + 1) is ag.Tensor
