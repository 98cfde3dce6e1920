"""Every public layer, loss, optimizer and scheduler is run captured by some test; what is not is named, with why."""

import inspect

import numpy as np
import pytest

import autograd_core as ag
import nn
from tests.nn.optim_samples.schedulers import SCHEDULERS
from tests.nn.samples import FAMILIES
from tests.nn.test_captured_layers import OPTIMIZERS

# They hold other modules, and compute what these do: the architectures of test_captured_layers are made of them.
CONTAINERS = {"MLP", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"}
DECIDING = {"LBFGS": "it evaluates its closure as often as the numbers say"}
X = np.linspace(-1, 1, 12).reshape(4, 3)


def _classes(module, base):
    found = {name: getattr(module, name) for name in module.__all__}
    return {name: part for name, part in found.items() if inspect.isclass(part) and issubclass(part, base)}


def test_every_layer_and_loss_is_run_captured():
    assert set(_classes(nn, nn.Module)) - set(FAMILIES) == CONTAINERS


def test_every_optimizer_is_run_captured():
    weight = [ag.tensor(np.ones(1), requires_grad=True)]
    run = {type(make(weight)).__name__ for make in OPTIMIZERS.values()}
    assert set(_classes(nn.optim, nn.optim.Optimizer)) - run == {"Optimizer", *DECIDING}


def test_every_scheduler_is_run_captured():
    schedulers = set(_classes(nn.optim.lr_scheduler, nn.optim.lr_scheduler.LRScheduler))
    assert schedulers - {"LRScheduler"} <= {*SCHEDULERS, "Warmup"}


def test_an_optimizer_that_decides_by_its_numbers_is_refused():
    weight = ag.tensor(np.ones(3), requires_grad=True)
    optimizer = nn.optim.LBFGS([weight])

    def closure():
        optimizer.zero_grad()
        loss = ag.sum((weight * X) ** 2)
        loss.backward()
        return loss

    with pytest.raises(ag.GraphError, match="asks for the numbers of this one call"):
        ag.compile(lambda: optimizer.step(closure))()


class Descent:
    """Two weights whose optimizer has a scheduler, and a step of them."""

    def __init__(self, sample, captured, inside, warm=False):
        optimizer, self.scheduler = sample.made()
        if warm:
            self.scheduler = nn.optim.lr_scheduler.Warmup(self.scheduler, steps=4)
        self.optimizer, self.inside, self.sample = optimizer, inside, sample
        self.weights = [group["params"][0] for group in optimizer.param_groups]
        self.step = ag.compile(self.moved, exact=True) if captured else self.moved

    def moved(self, x):
        self.optimizer.zero_grad()
        loss = sum(ag.sum((weight * x) ** 2) for weight in self.weights)
        loss.backward()
        self.optimizer.step()
        if self.inside:
            self.scheduler.step()
        return loss

    def run(self, i):
        loss = self.step(X * 0.01)
        if not self.inside:
            self.sample.step(self.scheduler, i)
        return float(loss), [group["lr"] for group in self.optimizer.param_groups], [w.tolist() for w in self.weights]


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_moves_rates_captured_as_it_does_eagerly(name, inside):
    for seed in range(3):
        sample = SCHEDULERS[name].sample(seed)
        if inside and sample.measures is not None:
            continue  # what it is given is a number, which decides
        eager, captured = Descent(sample, False, inside), Descent(sample, True, inside)
        for i in range(12):
            assert captured.run(i) == eager.run(i), sample
        assert captured.step.plan is not None, sample


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_a_warmup_does_too(inside):
    sample = SCHEDULERS["StepLR"].sample(0)
    eager, captured = Descent(sample, False, inside, warm=True), Descent(sample, True, inside, warm=True)
    for i in range(12):
        assert captured.run(i) == eager.run(i)
    assert captured.step.plan is not None
