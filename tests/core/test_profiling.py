"""Profiles: times belong to whom they should and add up, in all ways to compute."""

import time

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.op import REGISTRY
from autograd_core.profiling import profile
from autograd_core.profiling.recorder import Recorder
from nn.models import cnn

FORWARD, BACKWARD = 0.010, 0.020
# time.sleep(s) lasts at least s on its own clock; ours may be another one, which may differ by its resolution
EARLY = 1e-4


@pytest.fixture
def sleepy():
    """An operation that sleeps, less in its forward computation than in its rule."""

    def rule(x):
        time.sleep(BACKWARD)
        return 2.0

    @ag.elementwise(partials=[rule])
    def sleepy_double(xp, x, /):
        time.sleep(FORWARD)
        return 2.0 * x

    yield sleepy_double
    del REGISTRY["sleepy_double"]


def leaf(*values):
    return ag.Tensor(np.array(values), requires_grad=True)


def calls(p):
    return {(o.name, o.phase): o.calls for o in p.operations}


def module(p, path):
    return next(m for m in p.modules if m.path == path)


class Inner(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Outer(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.slow = Inner(function)

    def forward(self, x):
        return self.slow(x) + 1.0


class Root(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.net = Outer(function)

    def forward(self, x):
        return self.net(x)


# --- whose time it is -------------------------------------------------------------------------------------------------


def test_time_belongs_to_the_operation_that_took_it_in_the_pass_that_it_took_it_in(sleepy):
    x = leaf(1.0, 2.0)
    with profile() as p:
        y = sleepy(ag.exp(x))
        y = sleepy(y)
        ag.sum(y).backward()
    times = {(o.name, o.phase): o for o in p.operations}
    forward, backward = times["sleepy_double", "forward"], times["sleepy_double", "backward"]
    assert forward.seconds >= 2 * (FORWARD - EARLY)
    assert backward.seconds >= 2 * (BACKWARD - EARLY)
    assert forward.mean == forward.seconds / 2
    assert calls(p) == {
        ("exp", "forward"): 1,
        ("exp", "backward"): 1,
        ("sleepy_double", "forward"): 2,
        ("sleepy_double", "backward"): 2,
        ("sum", "forward"): 1,
        ("sum", "backward"): 1,
    }


def test_the_longest_operation_comes_first(sleepy):
    with profile() as p:
        ag.sum(sleepy(leaf(1.0))).backward()
    assert [o.seconds for o in p.operations] == sorted((o.seconds for o in p.operations), reverse=True)


def test_time_belongs_to_the_module_that_took_it_and_to_those_around_it(sleepy):
    model = Root(sleepy)
    x = leaf(1.0)
    with profile() as p:
        y = model(x)
        y.backward()
    assert [m.path for m in p.modules] == ["", "net", "net.slow"]
    slow, net = module(p, "net.slow"), module(p, "net")
    assert slow.calls == net.calls == 1
    assert slow.forward_own >= FORWARD - EARLY
    assert slow.backward_own >= BACKWARD - EARLY
    assert net.forward == pytest.approx(net.forward_own + slow.forward, abs=1e-12)  # rounding of sums of seconds
    assert net.backward == pytest.approx(net.backward_own + slow.backward, abs=1e-12)
    own = {(s.path, s.phase, s.name) for s in p.findings.shares if s.kind == "operation"}
    assert own == {
        ("net.slow", "forward", "sleepy_double"),
        ("net.slow", "backward", "sleepy_double"),
        ("net", "forward", "add"),
        ("net", "backward", "add"),
    }


def test_a_list_of_modules_stands_in_the_tree_too():
    class Chain(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = [Inner(ag.exp), Inner(ag.sin)]

        def forward(self, x):
            for part in self.parts:
                x = part(x)
            return x

    with profile() as p:
        Chain()(leaf(1.0)).backward()
    assert [m.path for m in p.modules] == ["", "parts", "parts.0", "parts.1"]
    parts = module(p, "parts")
    assert parts.calls == parts.forward_own == 0
    assert parts.forward == pytest.approx(module(p, "parts.0").forward + module(p, "parts.1").forward, abs=1e-12)


def test_python_in_a_module_is_told_from_python_elsewhere():
    def thoughtful(x):
        time.sleep(FORWARD)
        return ag.exp(x)

    model = Root(thoughtful)
    with profile() as p:
        model(leaf(1.0))
        time.sleep(BACKWARD)
    assert module(p, "net.slow").python >= FORWARD - EARLY
    assert p.parts["modules"] >= FORWARD - EARLY
    assert p.parts["elsewhere"] >= BACKWARD - EARLY


def test_everything_adds_up_to_the_time_on_the_wall(sleepy):
    model = Root(lambda x: sleepy(ag.tanh(x)) * x)
    before = time.perf_counter()
    with profile() as p:
        model(leaf(1.0, 2.0)).sum().backward()
    around = time.perf_counter() - before
    rounding = 1e-9  # seconds: what is summed are whole nanoseconds
    assert set(p.parts) == {"forward", "backward", "sweep", "modules", "elsewhere", "profiler"}
    assert all(part >= 0 for part in p.parts.values())
    assert sum(p.parts.values()) == pytest.approx(p.wall, abs=rounding)
    for phase in ("forward", "backward"):
        of_phase = sum(o.seconds for o in p.operations if o.phase == phase)
        assert of_phase == pytest.approx(p.parts[phase], abs=rounding)
    everything = module(p, "")
    rest = sum(p.parts[part] for part in ("sweep", "elsewhere", "profiler"))
    assert everything.forward + everything.backward + rest == pytest.approx(p.wall, abs=rounding)
    assert p.wall <= around
    assert 0 < p.explained <= 1


def test_the_sums_of_the_sweep_are_the_sweeps(sleepy):
    x = leaf(1.0)
    with profile() as p:
        y = ag.exp(x)
        (y + y + y).backward()
    assert p.parts["sweep"] > 0
    assert calls(p) == {("exp", "forward"): 1, ("exp", "backward"): 1, ("add", "forward"): 2, ("add", "backward"): 2}


def test_what_runs_inside_a_rule_is_part_of_it():
    x = leaf(*np.ones(8)).reshape(1, 1, 2, 4)
    w = ag.Tensor(np.ones((1, 1, 2, 2)), requires_grad=True)
    y = ag.conv2d(x, w).sum()  # its rules apply operations of their own
    with profile() as p:
        y.backward()
    assert set(calls(p)) == {(name, "backward") for name in ("conv2d", "reshape", "sum")}


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self):
        self.now = 1_000_000

    def __call__(self):
        return self.now

    def passes(self, nanoseconds):
        """A function that takes its argument, so long, and gives it back."""

        def function(x):
            self.now += nanoseconds
            return x

        return function


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for name in ("hooks", "recorder", "ledger", "session"):
        monkeypatch.setattr(f"autograd_core.profiling.{name}.clock", clock)
    return clock


@pytest.fixture
def ticking(clock):
    """An operation that takes 3 ns, and 5 for its rule."""

    def rule(x):
        return clock.passes(5)(1.0)

    @ag.elementwise(partials=[rule])
    def ticking(xp, x, /):
        return clock.passes(3)(x) + 0.0

    yield ticking
    del REGISTRY["ticking"]


def nanoseconds(p):
    return {part: round(t * 1e9) for part, t in p.parts.items()}


def test_to_the_nanosecond(clock, ticking):
    model = Root(lambda x: ticking(clock.passes(7)(ticking(x))))
    with profile() as p:
        clock.passes(11)(None)
        model(leaf(1.0)).backward()
    assert nanoseconds(p) == {
        "forward": 2 * 3,
        "backward": 2 * 5,
        "sweep": 0,
        "modules": 7,
        "elsewhere": 11,
        "profiler": 0,
    }
    slow = module(p, "net.slow")
    assert [round(t * 1e9) for t in (slow.forward, slow.forward_own, slow.python, slow.backward)] == [13, 13, 7, 10]
    net = module(p, "net")
    assert [round(t * 1e9) for t in (net.forward, net.forward_own, net.python, net.backward)] == [13, 0, 0, 10]


def test_what_looking_takes_is_nobody_elses_time(clock, ticking, monkeypatch):
    takes = {"computed": 100, "recorded": 200, "enter": 400, "_leave_last": 800, "end_pull": 1600}

    def slow(name, original):
        def slowly(*arguments):
            clock.passes(takes[name])(None)
            return original(*arguments)

        return slowly

    for name in takes:
        monkeypatch.setattr(Recorder, name, slow(name, getattr(Recorder, name)))
    with profile() as p:
        Root(ticking)(leaf(1.0)).backward()
    assert nanoseconds(p) == {
        "forward": 3,
        "backward": 5,
        "sweep": 0,
        "modules": 0,
        "elsewhere": 0,
        "profiler": 2 * sum(takes.values()),  # two operations in two modules
    }


def test_a_checkpoint_counts_its_own_time_alone(clock, ticking):
    with profile() as p:
        Root(ag.checkpoint(lambda x: ticking(clock.passes(7)(x))))(leaf(1.0)).backward()
    times = {(o.name, o.phase): round(o.seconds * 1e9) for o in p.operations if o.seconds}
    assert times == {
        ("ticking", "forward"): 3,
        ("ticking (applied)", "backward"): 3,
        ("ticking", "backward"): 5,
        ("checkpoint", "backward"): 7,
    }
    assert round(module(p, "net.slow").backward_own * 1e9) == 3 + 5 + 7


def test_an_event_is_told_its_cost():
    with profile() as p:
        ag.exp(leaf(1.0))
    assert p.findings.events >= 1
    assert 0 <= p.findings.event_cost < 1e-3  # a call of a Python function, on a machine however busy


# --- all ways to compute ----------------------------------------------------------------------------------------------


def test_a_graph_that_was_recorded_before_is_profiled_in_its_sweep(sleepy):
    y = Root(sleepy)(leaf(1.0))
    with profile() as p:
        y.backward()
    assert calls(p) == {("sleepy_double", "backward"): 1, ("add", "backward"): 1}
    assert module(p, "net.slow").backward_own >= BACKWARD - EARLY


def test_no_grad():
    with profile() as p, ag.no_grad():
        Root(ag.exp)(leaf(1.0))
    assert calls(p) == {("exp", "forward"): 1, ("add", "forward"): 1}
    assert p.parts["backward"] == p.parts["sweep"] == 0


def test_grad_and_its_grad():
    with profile() as p:
        assert ag.grad(ag.grad(lambda x: x**3))(2.0) == 12.0
    assert calls(p)["power", "forward"] == 1
    assert calls(p)["power", "backward"] == 2  # by the inner sweep, and by the outer one once more
    assert p.parts["sweep"] > 0


def test_create_graph():
    x = leaf(1.0)
    with profile() as p:
        ag.sin(x).backward(create_graph=True)
        g, x.grad = x.grad, None
        g.backward()
    assert calls(p)["sin", "backward"] == 1
    assert calls(p)["cos", "backward"] == 1
    assert not any(o.name == "cos" and o.phase == "forward" for o in p.operations)  # part of the rule of sin


def test_a_checkpoint_is_looked_into(sleepy):
    model = Root(ag.checkpoint(sleepy))
    with profile() as p:
        model(leaf(1.0)).backward()
    seen = calls(p)
    assert seen["sleepy_double", "forward"] == seen["sleepy_double (applied)", "backward"] == 1
    assert seen["sleepy_double", "backward"] == 1
    assert module(p, "net.slow").backward_own >= FORWARD + BACKWARD - 2 * EARLY


def test_modules_inside_a_checkpoint_keep_their_paths(sleepy):
    class Saving(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = Inner(sleepy)

        def forward(self, x):
            return ag.checkpoint(self.layer)(x)

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = Saving()

        def forward(self, x):
            return self.part(x)

    with profile() as p:
        Whole()(leaf(1.0)).backward()
    assert [m.path for m in p.modules] == ["", "part", "part.layer"]
    assert module(p, "part.layer").backward_own >= FORWARD + BACKWARD - 2 * EARLY


def test_custom_vjp():
    @ag.custom_vjp
    def clipped(x):
        return x

    def backward(residuals, g):
        time.sleep(BACKWARD)
        return (ag.clip(g, -1.0, 1.0),)

    clipped.defvjp(lambda x: (x, None), backward)
    with profile() as p:
        (5.0 * clipped(leaf(2.0))).backward()
    times = {(o.name, o.phase): o.seconds for o in p.operations}
    assert times["clipped", "backward"] >= BACKWARD - EARLY
    assert calls(p)["clip (applied)", "backward"] == 1


def test_a_training_step_is_the_same_step_bit_by_bit():
    def train(watch):
        model = cnn((1, 8, 8), 4, rng=0)
        optimizer = nn.optim.Adam(model.parameters(), lr=1e-2)
        x = np.random.default_rng(1).standard_normal((6, 1, 8, 8)).astype(np.float32)
        for _ in range(2):
            with profile() if watch else ag.enable_grad():
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), np.array([0, 1, 2, 3, 0, 1])).backward()
                optimizer.step()
        return model.state_dict()

    plain, watched = train(False), train(True)
    for name in plain:
        np.testing.assert_array_equal(plain[name], watched[name])


@pytest.mark.parametrize("memory", ["all", 2, None])
def test_another_memory_is_refused(memory):
    with pytest.raises(ag.OptionError, match="exact"), profile(memory=memory):
        pass
