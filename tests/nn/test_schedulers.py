"""Learning rates follow the formulas of their schedulers, and refuse what makes no sense."""

import copy
import math
import warnings

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.optim import SGD, Adam, lr_scheduler
from nn.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
    Warmup,
)
from tests.nn.optim_samples import SCHEDULERS


def stepper(*rates, kind=SGD, **options):
    return kind([{"params": [nn.Parameter([1.0])], "lr": rate} for rate in rates or (1.0,)], **options)


def rates(scheduler, epochs, measures=None):
    """The rates of the first group in the first epochs."""
    seen = [scheduler.get_last_lr()[0]]
    for i in range(epochs - 1):
        scheduler.optimizer.step()
        scheduler.step() if measures is None else scheduler.step(measures[i])
        assert scheduler.get_last_lr() == [group["lr"] for group in scheduler.optimizer.param_groups]
        seen.append(scheduler.get_last_lr()[0])
    return seen


# --- the formulas ---

EPOCHS = 30
FORMULAS = [
    (StepLR, {"step_size": 7, "gamma": 0.5}, lambda k: 0.5 ** (k // 7)),
    (MultiStepLR, {"milestones": [3, 8, 8], "gamma": 0.5}, lambda k: 0.5 ** ((k >= 3) + 2 * (k >= 8))),
    (ConstantLR, {"factor": 0.25, "total_iters": 4}, lambda k: 0.25 if k < 4 else 1),
    (LinearLR, {"start_factor": 0.1, "total_iters": 9}, lambda k: 0.1 + 0.9 * min(k, 9) / 9),
    (LinearLR, {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 9}, lambda k: 1 - min(k, 9) / 9),
    (ExponentialLR, {"gamma": 0.9}, lambda k: 0.9**k),
    (PolynomialLR, {"total_iters": 12, "power": 2.5}, lambda k: (1 - min(k, 12) / 12) ** 2.5),
    (CosineAnnealingLR, {"T_max": 10}, lambda k: (1 + math.cos(math.pi * k / 10)) / 2),
    (
        CosineAnnealingLR,
        {"T_max": 10, "eta_min": 0.3},
        lambda k: (0.3 + 0.5 * (1 + math.cos(math.pi * k / 10)) / 2) / 0.8,
    ),
    (CosineAnnealingWarmRestarts, {"T_0": 8}, lambda k: (1 + math.cos(math.pi * (k % 8) / 8)) / 2),
    (LambdaLR, {"lr_lambda": lambda k: 1 / (k + 1)}, lambda k: 1 / (k + 1)),
    (MultiplicativeLR, {"lr_lambda": lambda k: k / (k + 1)}, lambda k: 1 / (k + 1)),
]


@pytest.mark.parametrize(("kind", "options", "formula"), FORMULAS, ids=lambda value: getattr(value, "__name__", ""))
def test_rates_follow_the_formula(kind, options, formula):
    seen = rates(kind(stepper(0.8, 0.3), **options), EPOCHS)
    # up to the roundings of 30 products
    np.testing.assert_allclose(seen, [0.8 * formula(k) for k in range(EPOCHS)], rtol=1e-13, atol=1e-15)


def test_warm_restarts_may_be_asked_for_any_epoch():
    """Cycles of 3, 6, 12 epochs, in any order, between batches too."""
    scheduler = CosineAnnealingWarmRestarts(stepper(), T_0=3, T_mult=2)
    for epoch, part in [(0, 0), (1.5, 0.5), (3, 0), (7.5, 0.75), (20.99, 11.99 / 12), (2, 2 / 3), (9, 0)]:
        scheduler.step(epoch)
        np.testing.assert_allclose(scheduler.get_last_lr(), (1 + math.cos(math.pi * part)) / 2, atol=1e-15)
    scheduler.step()
    assert scheduler.last_epoch == 10
    with pytest.raises(ag.OptionError, match="epoch must be at least 0, got -1"):
        scheduler.step(-1)


def test_warm_restarts_come_later_each_time():
    seen = rates(CosineAnnealingWarmRestarts(stepper(), T_0=2, T_mult=3), 27)
    assert [k for k, rate in enumerate(seen) if rate == 1] == [0, 2, 8, 26]


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_one_cycle_goes_up_and_down_and_the_momentum_the_other_way(kind):
    optimizer = stepper(kind=kind)
    scheduler, seen, momenta = OneCycleLR(optimizer, 2.0, total_steps=11, pct_start=0.55), [], []
    for _ in range(11):
        seen.append(scheduler.get_last_lr()[0])
        momenta.append(optimizer.param_groups[0]["betas"][0] if kind is Adam else optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose([seen[0], max(seen), seen[-1]], [2 / 25, 2, 2 / 25 / 1e4], rtol=1e-2)
    assert seen.index(max(seen)) == momenta.index(min(momenta)) == 5
    np.testing.assert_allclose([momenta[0], min(momenta), momenta[-1]], [0.95, 0.85, 0.95], rtol=1e-3)
    with pytest.raises(ag.OptionError, match="this is step 12, but the cycle has 11 steps"):
        scheduler.step()


def test_a_cycle_may_have_a_phase_of_no_length():
    """0.1 of 10 steps ends where it begins, in step 0: then that is the top."""
    scheduler = OneCycleLR(stepper(momentum=0.9), 2.0, total_steps=10, pct_start=0.1)
    assert scheduler.get_last_lr() == [2.0]


@pytest.mark.parametrize(
    ("options", "tops"),
    [
        ({}, [2, 2, 2]),
        ({"mode": "triangular2"}, [2, 1.5, 1.25]),
        ({"mode": "exp_range", "gamma": 0.9}, [1 + 0.9**2, 1 + 0.9**6, 1 + 0.9**10]),
        ({"scale_fn": lambda cycle: 1 / cycle}, [2, 1.5, 1 + 1 / 3]),
        ({"scale_fn": lambda step: step, "scale_mode": "iterations"}, [3, 7, 11]),
    ],
)
def test_cycles_reach_the_heights_of_their_mode(options, tops):
    optimizer = stepper(momentum=0.5)
    seen = rates(CyclicLR(optimizer, 1.0, 2.0, step_size_up=2, **options), 12)
    np.testing.assert_allclose(seen[2::4], tops, rtol=1e-14)
    np.testing.assert_allclose(seen[::4], 1.0, rtol=1e-14)


def test_momentum_cycles_against_the_rate():
    optimizer = stepper(momentum=0.5)
    scheduler = CyclicLR(optimizer, 1.0, 2.0, step_size_up=2, base_momentum=0.6, max_momentum=0.8)
    momenta = [optimizer.param_groups[0]["momentum"]]
    for _ in range(4):
        optimizer.step()
        scheduler.step()
        momenta.append(optimizer.param_groups[0]["momentum"])
    np.testing.assert_allclose(momenta, [0.8, 0.7, 0.6, 0.7, 0.8], rtol=1e-14)


# --- plateaus ---


def test_a_plateau_lowers_the_rate_after_patience_and_rests():
    scheduler = ReduceLROnPlateau(stepper(), factor=0.5, patience=2, cooldown=1)
    losses = [5, 4, 4, 4, 4, 4, 4, 4, 4, math.nan, math.nan]
    #            best, 3 bad ones, rest, 3 bad ones, rest, NaN is no improvement
    assert rates(scheduler, 12, losses) == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    ("options", "measure", "better", "worse"),
    [
        ({"mode": "min", "threshold_mode": "rel"}, 2.0, 1.7, 1.9),
        ({"mode": "min", "threshold_mode": "abs"}, 2.0, 1.85, 1.95),
        ({"mode": "max", "threshold_mode": "rel"}, 2.0, 2.3, 2.1),
        ({"mode": "max", "threshold_mode": "abs"}, 2.0, 2.15, 2.05),
    ],
)
def test_better_means_by_more_than_the_threshold(options, measure, better, worse):
    for value, expected in ((better, 1.0), (worse, 0.1)):
        scheduler = ReduceLROnPlateau(stepper(), patience=0, threshold=0.1, **options)
        scheduler.step(measure)
        scheduler.step(ag.tensor(value))
        assert scheduler.get_last_lr() == [expected]


def test_rates_do_not_fall_below_their_bound():
    scheduler = ReduceLROnPlateau(stepper(1.0, 1.0), patience=0, min_lr=[0.5, 0.01])
    for _ in range(5):
        scheduler.step(1.0)
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.5, 0.01])
    scheduler.optimizer.add_param_group({"params": [nn.Parameter([1.0])], "lr": 1.0})
    scheduler.step(1.0)
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.5, 0.01, 0.1])


# --- several ---


def test_warm_up_is_what_pytorch_spells_out():
    optimizer, other = stepper(0.4), stepper(0.4)
    warm = Warmup(CosineAnnealingLR(optimizer, 10), steps=5, start_factor=0.1)
    parts = [LinearLR(other, 0.1, total_iters=5), CosineAnnealingLR(other, 10)]
    spelled = SequentialLR(other, parts, milestones=[5])
    seen = rates(warm, 16)
    assert seen == rates(spelled, 16)
    expected = [0.1 + 0.9 * k / 5 if k < 5 else (1 + math.cos(math.pi * (k - 5) / 10)) / 2 for k in range(16)]
    np.testing.assert_allclose(seen, [0.4 * e for e in expected], rtol=1e-13, atol=1e-15)


def test_chained_schedulers_multiply():
    optimizer = stepper(2.0)
    chained = ChainedScheduler([ExponentialLR(optimizer, 0.9), ConstantLR(optimizer, 0.5, total_iters=3)])
    np.testing.assert_allclose(rates(chained, 6), [1.0, 0.9, 0.81, 2 * 0.729, 2 * 0.9**4, 2 * 0.9**5], rtol=1e-14)


def test_several_may_be_parts_of_several():
    """A chain that takes its turn after a warm-up starts from the rate at the start."""
    optimizer = stepper(2.0)
    chain = ChainedScheduler([ExponentialLR(optimizer, 0.5), ExponentialLR(optimizer, 0.5)])
    scheduler = Warmup(chain, steps=2, start_factor=0.5)
    np.testing.assert_allclose(rates(scheduler, 5), [1, 1.5, 2, 0.5, 0.125], rtol=1e-14)
    saved, before = copy.deepcopy(scheduler.state_dict()), rates(scheduler, 3)
    scheduler.optimizer.param_groups[0]["lr"] = 0.125
    scheduler.load_state_dict(saved)
    assert rates(scheduler, 3)[1:] == before[1:]


# --- what all have ---


def test_every_scheduler_has_a_family():
    assert set(SCHEDULERS) == set(lr_scheduler.__all__) - {"LRScheduler", "Warmup"}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_rates_are_python_numbers_and_repr_shows_options(name):
    optimizer, scheduler = SCHEDULERS[name].sample(0).made()
    optimizer.step()
    SCHEDULERS[name].sample(0).step(scheduler, 0)
    assert all(type(group["lr"]) is float for group in optimizer.param_groups)
    assert repr(scheduler).startswith(f"{name}(")


def test_a_scheduler_that_comes_first_is_warned_about():
    optimizer = stepper()
    scheduler = StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"StepLR.step\(\) came before the first optimizer.step\(\)"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()  # once is enough


def test_functions_are_not_saved_but_the_attributes_of_objects_are():
    class Fall:
        def __init__(self):
            self.by = 0.5

        def __call__(self, epoch):
            return self.by**epoch

    fall, other = Fall(), Fall()
    saved = LambdaLR(stepper(1.0, 1.0), [fall, lambda epoch: 1.0]).state_dict()
    assert saved["lr_lambdas"] == [{"by": 0.5}, None]
    other.by = 0.1
    LambdaLR(stepper(1.0, 1.0), [other, lambda epoch: 1.0]).load_state_dict(saved)
    assert other.by == 0.5
    assert CyclicLR(stepper(), 0.1, 1.0, scale_fn=lambda x: 1.0).state_dict()["scale_fn"] is None


def test_training_may_go_on_from_a_later_epoch():
    optimizer = stepper(1.0)
    first = ExponentialLR(optimizer, 0.5)
    seen = rates(first, 3)
    again = ExponentialLR(optimizer, 0.5, last_epoch=1)  # of the optimizer as it is, which has an initial_lr
    assert again.last_epoch == 2
    assert again.get_last_lr() == [seen[-1]] == [0.25]
    assert again.base_lrs == [1.0]


def test_a_scheduler_of_ones_own():
    class Triangle(LRScheduler):
        def __init__(self, optimizer, top, last_epoch=-1):
            self.top = top
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            return [np.float64(base) * (1 + min(self.last_epoch, self.top)) for base in self.base_lrs]

    scheduler = Triangle(stepper(0.5), 2)
    assert rates(scheduler, 4) == [0.5, 1.0, 1.5, 1.5]
    assert type(scheduler.optimizer.param_groups[0]["lr"]) is float  # NumPy's would make float32 weights float64
    assert {"top", "base_lrs", "last_epoch", "_step_count", "_last_lr"} == set(scheduler.state_dict())


OPTIMIZER = stepper(0.5, 0.5, momentum=0.9)
PLAIN = nn.optim.Adagrad([nn.Parameter([1.0])])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: StepLR(nn.Linear(1, 1), 3), "StepLR: optimizer must be an Optimizer of nn.optim, got Linear"),
        (lambda: StepLR(OPTIMIZER, 0), "StepLR: step_size must be a positive whole number, got int 0"),
        (lambda: StepLR(stepper(), 3, last_epoch=4), "to go on from last_epoch=4, group 0 of the optimizer needs"),
        (lambda: MultiStepLR(OPTIMIZER, [0.5]), "milestones must be whole numbers"),
        (lambda: LambdaLR(OPTIMIZER, [lambda k: 1.0]), "lr_lambda must be one for each of the 2 groups, got 1"),
        (lambda: LambdaLR(OPTIMIZER, 0.5), "LambdaLR: lr_lambda must be a function of the epoch, got float 0.5"),
        (lambda: ConstantLR(OPTIMIZER, 1.5), "ConstantLR: factor must be a factor from above 0 to 1; got float 1.5"),
        (lambda: LinearLR(OPTIMIZER, 0.0), "LinearLR: start_factor must be a factor from above 0 to 1"),
        (lambda: LinearLR(OPTIMIZER, total_iters=0), "total_iters must be a positive whole number"),
        (lambda: ExponentialLR(OPTIMIZER, -0.5), "ExponentialLR: gamma must be a finite number"),
        (lambda: CosineAnnealingLR(OPTIMIZER, 2.5), "T_max must be a positive whole number, got float 2.5"),
        (lambda: CosineAnnealingWarmRestarts(OPTIMIZER, 0), "T_0 must be a positive whole number"),
        (lambda: CyclicLR(OPTIMIZER, 0.1, 1.0, mode="square"), "mode must be 'triangular'.*got 'square'"),
        (lambda: CyclicLR(PLAIN, 0.1, 1.0), "Adagrad has neither momentum nor betas; write cycle_momentum=False"),
        (lambda: CyclicLR(OPTIMIZER, [0.1], 1.0), "base_lr must be one for each of the 2 groups"),
        (lambda: OneCycleLR(OPTIMIZER, 1.0, epochs=3), "give total_steps, or epochs and steps_per_epoch"),
        (lambda: OneCycleLR(OPTIMIZER, 1.0, 5, pct_start=30), "pct_start must be a fraction from 0 to 1; got int 30"),
        (lambda: OneCycleLR(OPTIMIZER, 1.0, 5, anneal_strategy="exp"), "must be 'cos' or 'linear'; got 'exp'"),
        (lambda: OneCycleLR(OPTIMIZER, 1.0, 5, div_factor=0), "div_factor must be a positive number"),
        (lambda: ReduceLROnPlateau(OPTIMIZER, "least"), "mode must be 'min' or 'max'; got 'least'"),
        (lambda: ReduceLROnPlateau(OPTIMIZER, factor=1.0), "factor must be a number from 0 to below 1"),
        (lambda: ReduceLROnPlateau(OPTIMIZER).step(), "step needs the measure to watch"),
        (lambda: ReduceLROnPlateau(OPTIMIZER).step("low"), "step needs a number, got str 'low'"),
        (lambda: SequentialLR(OPTIMIZER, [StepLR(OPTIMIZER, 3)], [3]), "1 schedulers need 0 milestones"),
        (lambda: SequentialLR(OPTIMIZER, [StepLR(stepper(), 3)], []), "must be those of one optimizer; number 0"),
        (lambda: ChainedScheduler([]), "there are no schedulers"),
        (lambda: ChainedScheduler([ReduceLROnPlateau(OPTIMIZER)]), "ReduceLROnPlateau, whose steps need a measure"),
        (lambda: Warmup(StepLR(OPTIMIZER, 3), 0), "Warmup: steps must be a positive whole number"),
    ],
)
def test_nonsense_is_refused(make, words):
    with pytest.raises(ag.OptionError, match=words):
        make()
