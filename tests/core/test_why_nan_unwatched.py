"""What why_nan says of a graph that nobody watched, or in which there is nothing to find: no more than is known."""

import numpy as np
import pytest

import autograd_core as ag
import nn

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy says that there is a NaN, and no more


def leaf(*values):
    return ag.tensor(list(values), requires_grad=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1)
        self.logarithm = Logarithm()

    def forward(self, x):
        return self.logarithm(self.second(ag.tanh(self.first(x))))


class Logarithm(nn.Module):
    def forward(self, x):
        return ag.log(x - 10.0)


def test_the_operation_and_the_module_are_known_and_the_line_is_not():
    report = ag.why_nan(Net()(np.ones((3, 2), np.float32)).sum())
    finding = report.forward
    assert (finding.operation, finding.path, finding.place, finding.index) == ("log", "logarithm", None, (0, 0))
    (x,) = finding.given
    assert x.high < 0
    assert "ag.watch()" in str(report)


def test_what_cannot_be_known_is_not_claimed():
    y = (leaf(1.0, 2.0) + np.array([np.inf, 0.0])).sum()
    report = ag.why_nan(y)
    assert report.forward is None
    assert report.notes[0] == "It came out of add, or in with an argument of that which is not known."
    y.backward()
    assert "freed the graph" in str(ag.why_nan(y))


def test_finite_results_are_called_so():
    report = ag.why_nan(lambda: (leaf(1.0, 2.0) ** 2).sum())
    assert not report
    assert str(report).startswith("the result float64 (): 5. No NaN or infinity reached it.")


def test_a_constant_was_not_recorded():
    report = ag.why_nan(ag.tensor([1.0, np.nan]))
    assert report.forward is None
    assert "constant" in str(report)


def test_a_rule_is_blamed_as_such_and_the_advice_holds_where_the_argument_is_not_known():
    report = ag.why_nan(ag.sqrt(leaf(0.0, 4.0)).sum())  # nobody holds the leaf
    assert report.forward is None
    assert (report.backward.kind, report.backward.operation, report.backward.index) == ("rule", "sqrt", (0,))
    assert "came out of the rule of sqrt" in str(report)
    assert "infinite derivative at 0" in report.backward.advice
