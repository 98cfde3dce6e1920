"""detect_anomaly raises at the first NaN, in the user's line or in the sweep, and lets through what is legitimate."""

import traceback
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.engine import Overheard
from autograd_core.errors import AnomalyError

LINES = Path(__file__).read_text().splitlines()


def line_of(marker):
    """The number of the line of this file that ends in a comment with the marker."""
    (found,) = [i for i, line in enumerate(LINES, 1) if line.endswith(f"  # {marker}")]
    return found


def lines_in(error):
    """The lines of this file that the traceback of an error goes through."""
    return [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == __file__]


def raised(function, *args, **options):
    """The error that a function raises while anomalies are looked for."""
    with ag.detect_anomaly(**options), pytest.raises(AnomalyError) as caught:
        function(*args)
    return caught.value


def leaf(*values, dtype=None):
    return ag.tensor(list(values), dtype=dtype, requires_grad=True)


class Root(nn.Module):
    def forward(self, x):
        return ag.sqrt(-1.0 - ag.absolute(x))  # root


# --- forward ----------------------------------------------------------------------------------------------------------


def test_the_traceback_ends_in_the_line_that_made_the_nan():
    def loss(x):
        h = x * 2.0
        h = ag.log(h)  # log
        return (h * 3.0).sum()

    error = raised(loss, leaf(4.0, -1.0))
    assert lines_in(error)[-1] == line_of("log")
    finding = error.report.forward
    assert (finding.operation, finding.index, finding.place.line) == ("log", (1,), line_of("log"))
    assert str(finding.place) in str(error).splitlines()[0]


def test_the_module_is_named_once():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), Root())
    error = raised(model, np.ones((1, 2), np.float32))
    finding = error.report.forward
    assert (finding.operation, finding.path, finding.place.line) == ("sqrt", "1", line_of("root"))
    assert str(error).count("in 1") == 2  # in the headline, and in the report
    assert "(Root)" not in str(error)


def test_a_nan_loss_is_not_let_through():
    prediction, target = leaf(1.0, 2.0), np.array([1.0, np.nan])

    def loss():
        error = prediction - target  # data
        return (error * error).mean()

    finding = raised(loss).report.forward
    assert (finding.kind, finding.name, finding.index) == ("constant", "target", (1,))
    assert finding.place.line == line_of("data")


def test_a_nan_of_an_infinity_names_both():
    def softmax(z):
        e = ag.exp(z)  # exp
        return e / e.sum()  # ratio

    with np.errstate(over="ignore"):
        error = raised(softmax, leaf(1000.0, 0.0))
    assert lines_in(error)[-1] == line_of("ratio")
    report = error.report
    assert (report.forward.operation, report.forward.place.line) == ("exp", line_of("exp"))
    assert (report.became_nan.operation, report.became_nan.place.line) == ("divide", line_of("ratio"))


# --- in the sweep -----------------------------------------------------------------------------------------------------


def test_in_the_sweep_the_line_of_the_forward_computation_is_named():
    def step(x):
        h = x * 0.0
        y = ag.sqrt(h)  # infinite slope
        y.sum().backward()  # backward

    error = raised(step, leaf(0.0, 4.0))
    assert "in the sweep" in str(error)
    assert lines_in(error)[-1] == line_of("backward")
    report = error.report
    assert (report.backward.operation, report.backward.place.line) == ("sqrt", line_of("infinite slope"))
    assert report.backward.flaw == "infinity"
    assert "became NaN in the rule of multiply" in report.notes[0]


def test_sweeps_that_start_after_the_block_are_watched_too():
    x = leaf(0.0, 4.0)
    with ag.detect_anomaly():
        y = (ag.sqrt(x * 0.0)).sum()
    with pytest.raises(AnomalyError), np.errstate(all="ignore"):
        y.backward()


def test_a_sweep_over_a_graph_that_was_there_before_is_watched_and_left_as_it_was():
    x = leaf(0.0, 4.0)
    h = x * 0.0
    y = ag.sqrt(h).sum()
    operations = [y.node.op, y.node.parents[0].op, h.node.op]
    with pytest.raises(AnomalyError) as caught, ag.detect_anomaly():
        y.backward()
    assert caught.value.report.backward.operation == "sqrt"
    assert [y.node.op, y.node.parents[0].op, h.node.op] == operations


def test_inside_a_custom_vjp_and_a_checkpoint():
    @ag.custom_vjp
    def size(x):
        return ag.absolute(x)

    size.defvjp(lambda x: (ag.absolute(x), x), lambda x, g: (g * x / abs(x),))

    def step():
        size(leaf(0.0, 1.0) * 1.0).sum().backward()  # custom

    finding = raised(step).report.backward
    assert (finding.operation, finding.place.line) == ("size", line_of("custom"))

    def part(v):
        return ag.log(v)  # part

    assert raised(ag.checkpoint(part), leaf(-1.0)).report.forward.place.line == line_of("part")


def test_a_gradient_that_is_nan_when_it_is_given():
    error = raised(lambda: ag.exp(leaf(1.0)).backward(np.array([np.nan])))
    assert error.report.backward.kind == "sum"
    assert "gradient given to backward" in str(error)


# --- what is legitimate -----------------------------------------------------------------------------------------------


def test_infinities_that_are_masked_on_purpose_pass():
    scores = ag.tensor(np.zeros((2, 2)), requires_grad=True)
    mask = np.tril(np.ones((2, 2), bool))
    x = leaf(0.0, 1.0)
    with ag.detect_anomaly(), np.errstate(divide="ignore"):
        attention = ag.softmax(ag.where(mask, scores, -np.inf))
        entropy = ag.where(x > 0, ag.log(x), 0.0)
        (attention.sum() + entropy.sum()).backward()
    assert np.isfinite(scores.grad.data).all()
    assert x.grad.tolist() == [0.0, 1.0]


def test_infinities_raise_when_they_are_asked_for():
    error = raised(lambda: ag.log(leaf(0.0, 1.0)), check_infinities=True)  # zero
    assert "infinity in the result of log" in str(error)
    assert error.report.forward.place.line == line_of("zero")
    with ag.detect_anomaly(check_nan=False, check_infinities=True), np.errstate(invalid="ignore"):
        ag.log(leaf(-1.0))


def test_a_nan_that_is_not_let_through_passes():
    x, hole = leaf(1.0, 2.0), np.array([np.nan, 1.0])
    with ag.detect_anomaly():
        ag.where(np.isnan(hole), x, hole * 2.0).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0]


def test_nothing_to_check_is_refused():
    with pytest.raises(ag.OptionError, match="nothing would be checked"), ag.detect_anomaly(False):
        pass


# --- when it is off ---------------------------------------------------------------------------------------------------


def test_nothing_stays_behind():
    with ag.detect_anomaly():
        pass
    assert ag.Tensor.result_class is ag.Tensor
    y = ag.exp(leaf(1.0))
    assert not isinstance(y.node.op, Overheard)
    with np.errstate(invalid="ignore"):
        ag.log(leaf(-1.0))


def test_a_training_loop_without_anomalies_gives_the_same_numbers():
    def train():
        model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 1, rng=1))
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
        for _ in range(3):
            optimizer.zero_grad()
            (model(x) ** 2).mean().backward()
            optimizer.step()
        return model.state_dict()

    plain = train()
    with ag.detect_anomaly(check_infinities=True):
        watched = train()
    assert all(np.array_equal(plain[name], watched[name]) for name in plain)


def test_graphs_are_freed_by_counting_alone():
    import gc
    import weakref

    gc.disable()
    try:
        with ag.detect_anomaly():
            x = leaf(1.0, 2.0)
            y = (ag.exp(x) * x).sum()
        node = weakref.ref(y.node)
        del y
        assert node() is None
    finally:
        gc.enable()
