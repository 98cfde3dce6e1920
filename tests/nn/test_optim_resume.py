"""What optimizers and schedulers have saved is all that they know: training goes on with the same bits."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
import nn
from nn.optim import lr_scheduler
from tests.nn.optim_samples import OPTIMIZERS, SCHEDULERS
from tests.nn.optim_samples.optimizers import Problem

STEPS = 12


def plain(value):
    """Whether a state is made of lists, dicts, numbers, strings, None and ndarrays only."""
    if isinstance(value, dict):
        return all(isinstance(name, str | int) and plain(part) for name, part in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or isinstance(value, bool | int | float | str | np.ndarray)


@pytest.mark.filterwarnings("ignore:overflow|invalid:RuntimeWarning")
@given(st.data())
@settings(max_examples=120, deadline=None)
def test_an_optimizer_goes_on_where_it_was(data):
    family = OPTIMIZERS[data.draw(st.sampled_from(sorted(OPTIMIZERS)))]
    sample, moment = family.sample(data.draw(st.integers(0, 10_000))), data.draw(st.integers(0, STEPS))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    whole = Problem(sample.seed, dtype=dtype)
    stepper = sample.made(whole)
    with np.errstate(all="ignore"):
        for i in range(STEPS):
            if i == moment:
                saved, weights = stepper.state_dict(), [p.detach().numpy().copy() for p in whole.params]
            stepper.step(whole.closure)
        if moment == STEPS:
            saved, weights = stepper.state_dict(), [p.detach().numpy().copy() for p in whole.params]
        assert plain(saved)
        # dirty on purpose: whatever another optimizer knows is replaced
        again = Problem(sample.seed + 1, dtype=dtype)
        resumed = sample.made(again)
        resumed.step(again.closure)
        again.inputs, again.targets = whole.inputs, whole.targets
        with ag.no_grad():
            for parameter, value in zip(again.params, weights, strict=True):
                parameter.copy_(value)
        resumed.load_state_dict(copy.deepcopy(saved))
        for _ in range(moment, STEPS):
            resumed.step(again.closure)
    for p, q in zip(whole.params, again.params, strict=True):
        assert p.detach().numpy().tobytes() == q.detach().numpy().tobytes()
    ours, theirs = (json.dumps(_listed(s.state_dict()), sort_keys=True) for s in (resumed, stepper))
    assert ours == theirs


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_a_scheduler_goes_on_where_it_was(data):
    family = SCHEDULERS[data.draw(st.sampled_from(sorted(SCHEDULERS)))]
    sample, moment = family.sample(data.draw(st.integers(0, 10_000))), data.draw(st.integers(0, 40))
    optimizer, scheduler = sample.made()
    saved, rates = (copy.deepcopy((optimizer.state_dict(), scheduler.state_dict())) if moment == 0 else None), []
    for i in range(40):
        optimizer.step()
        sample.step(scheduler, i)
        rates.append([_options(optimizer), scheduler.get_last_lr()])
        if i + 1 == moment:
            saved = optimizer.state_dict(), scheduler.state_dict()
    assert plain(saved[1])
    other, resumed = sample.made()
    other.step()
    sample.step(resumed, 0)
    resumed.load_state_dict(saved[1])
    other.load_state_dict(saved[0])
    for i in range(moment, 40):
        sample.step(resumed, i)
        assert [_options(other), resumed.get_last_lr()] == rates[i]
    assert resumed.state_dict() == scheduler.state_dict()


def test_the_number_of_a_parameter_may_have_become_a_word():
    """As JSON makes it."""
    w = nn.Parameter(np.ones(2))
    stepper = nn.optim.Adam([w])
    w.grad = np.ones(2)
    stepper.step()
    saved = stepper.state_dict()
    saved["state"] = {str(number): kept for number, kept in saved["state"].items()}
    other = nn.optim.Adam([nn.Parameter(np.ones(2))])
    other.load_state_dict(saved)
    assert other.state_dict()["state"][0]["step"] == 1


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing():
    w = nn.Parameter(np.ones(2))
    stepper = nn.optim.LBFGS([w])

    def closure():
        stepper.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    stepper.step(closure)
    before = _listed(stepper.state_dict())
    for name, value, words in [
        ("d", np.ones(3), "vectors must have the length 2"),
        ("momentum_buffer", np.ones(2), "this is not kept here: momentum_buffer"),
        ("old_dirs", None, "there must be a direction and a history"),
    ]:
        wrong = stepper.state_dict()
        wrong["state"][0][name] = value
        with pytest.raises(ag.DataError, match=words):
            stepper.load_state_dict(wrong)
    assert _listed(stepper.state_dict()) == before


@pytest.mark.parametrize("several", [False, True])
def test_a_schedulers_state_that_does_not_fit_is_refused_and_changes_nothing(several):
    def made(*names):
        optimizer = nn.optim.SGD([{"params": [nn.Parameter([1.0])]} for _ in names], lr=0.5)
        step, fall = lr_scheduler.StepLR(optimizer, 3), lr_scheduler.ExponentialLR(optimizer, 0.5)
        return lr_scheduler.ChainedScheduler([step, fall]) if several else fall

    scheduler = made("a", "b")
    before = copy.deepcopy(scheduler.state_dict())
    with pytest.raises(ag.DataError, match="is a list of 2 here, but a list of 1 there"):
        scheduler.load_state_dict(made("a").state_dict())
    with pytest.raises(ag.DataError, match="differing:"):
        scheduler.load_state_dict({**before, "T_max": 3})
    if several:  # the first part fits, the second does not
        first, second = before["_schedulers"]
        with pytest.raises(ag.DataError, match="differing: T_max"):
            scheduler.load_state_dict({**before, "_schedulers": [{**first, "gamma": 0.7}, {**second, "T_max": 3}]})
    assert scheduler.state_dict() == before


def _options(optimizer):
    return [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]


def _listed(value):
    if isinstance(value, dict):
        return {str(name): _listed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_listed(part) for part in value]
    return value.tolist() if isinstance(value, np.ndarray) else value
