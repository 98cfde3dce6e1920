"""Optimizers follow the published formulas to the last digits, change parameters in place, and refuse nonsense."""

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.optim import SGD, Adam, AdamW, blocks

# --- against PyTorch ---

# Four steps from (1, -2, 3) in float64 on sum(a w**2 / 2 + b w), a = (1, 0.5, 0.1), b = (0.3, -0.2, 0.1), by
# torch.optim of PyTorch 2.13.0 on a CPU, printed to 12 decimals.
GOLDEN = [
    (SGD, {"lr": 0.1}, [0.55293, -1.554815, 2.84238404]),
    (SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}, [-0.035390583125, -0.91990135375, 2.513632023125]),
    (SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}, [0.26057625, -1.284546875, 2.752519805]),
    (
        SGD,
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05, "nesterov": True},
        [-0.20481812757, -0.652700099058, 2.359943088871],
    ),
    (
        SGD,
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05, "maximize": True},
        [2.303021859375, -3.06535094875, 3.227957940625],
    ),
    (Adam, {"lr": 0.1}, [0.602681711106, -1.601197020998, 2.600653230038]),
    (
        Adam,
        {"lr": 0.1, "betas": (0.8, 0.99), "eps": 1e-3, "weight_decay": 0.05},
        [0.60499643639, -1.602559980705, 2.602107908485],
    ),
    (
        Adam,
        {"lr": 0.1, "weight_decay": 0.05, "maximize": True},
        [1.401043027988, -2.400714117201, 3.400399048156],
    ),
    (AdamW, {"lr": 0.1}, [0.599321182836, -1.593836549629, 2.589292408491]),
    (
        AdamW,
        {"lr": 0.1, "weight_decay": 0.3, "maximize": True},
        [1.268485989889, -2.153270331226, 3.038289189221],
    ),
]


@pytest.mark.parametrize(("kind", "options", "expected"), GOLDEN)
def test_four_steps_are_pytorchs(kind, options, expected):
    w = ag.Tensor(np.array([1.0, -2.0, 3.0]), requires_grad=True)
    stepper = kind([w], **options)
    for _ in range(4):
        stepper.zero_grad()
        (0.5 * np.array([1.0, 0.5, 0.1]) * w * w + np.array([0.3, -0.2, 0.1]) * w).sum().backward()
        stepper.step()
    np.testing.assert_allclose(w.data, expected, atol=6e-13)  # the golden numbers have 12 decimals


# --- against the formulas, restated ---


def sgd(w, grads, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False, maximize=False):
    b = None
    for g in grads:
        g = (-g if maximize else g) + weight_decay * w
        b = g if b is None else momentum * b + (1 - dampening) * g
        w = w - lr * (g + momentum * b if nesterov else b if momentum else g)
    return w


def adam(w, grads, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, maximize=False, decoupled=False):
    m = v = 0
    for t, g in enumerate(grads, 1):
        g = -g if maximize else g
        if decoupled:
            w = w - lr * weight_decay * w
        else:
            g = g + weight_decay * w
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        w = w - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return w


def adamw(w, grads, weight_decay=1e-2, **options):
    return adam(w, grads, weight_decay=weight_decay, decoupled=True, **options)


VARIANTS = [
    (SGD, sgd, {"lr": 0.1}),
    (SGD, sgd, {"lr": 0.1, "weight_decay": 0.2}),
    (SGD, sgd, {"lr": 0.1, "momentum": 0.7}),
    (SGD, sgd, {"lr": 0.1, "momentum": 0.7, "dampening": 0.3, "weight_decay": 0.2, "maximize": True}),
    (SGD, sgd, {"lr": 0.1, "momentum": 0.7, "weight_decay": 0.2, "nesterov": True, "maximize": True}),
    (Adam, adam, {}),
    (Adam, adam, {"lr": 0.05, "betas": (0.5, 0.7), "eps": 0.1, "weight_decay": 0.2, "maximize": True}),
    (Adam, adam, {"lr": 0.05, "betas": (0, 0)}),
    (AdamW, adamw, {}),
    (AdamW, adamw, {"lr": 0.05, "weight_decay": 0.5, "maximize": True}),
]


@pytest.mark.parametrize("shape", [(), (5,), (300, 200), (3, 40_000), (2, 0)], ids=str)
@pytest.mark.parametrize(("kind", "restated", "options"), VARIANTS)
def test_updates_are_the_published_formulas(kind, restated, options, shape):
    """Small, cut into blocks of rows, of rows longer than a block, and empty."""
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=shape), rng.normal(size=(4, *shape))
    w = nn.Parameter(np.asarray(start))
    stepper = kind([w], **options)
    for g in grads:
        w.grad = g
        stepper.step()
    # the formulas differ in the order of a few roundings
    np.testing.assert_allclose(w.data, restated(start, grads, **options), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("kind", "restated", "options"), VARIANTS)
def test_float32_stays_float32(kind, restated, options):
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=50).astype(np.float32), rng.normal(size=(4, 50)).astype(np.float32)
    w = nn.Parameter(start)
    stepper = kind([w], **options)
    for g in grads:
        w.grad = g
        stepper.step()
    assert w.dtype == np.float32
    exact = restated(start.astype(float), grads.astype(float), **options)
    np.testing.assert_allclose(w.data, exact, rtol=1e-5, atol=1e-5)  # four steps of float32, 6e-8 each, some cancelling


def test_transposed_arrays_are_updated_too():
    w = ag.asarray(np.ones((300, 400)).T)
    w.requires_grad_()
    stepper = SGD([w], lr=0.5, momentum=0.5)
    w.grad = np.arange(120_000.0).reshape(300, 400).T
    stepper.step()
    np.testing.assert_array_equal(w.data, 1 - 0.5 * np.arange(120_000.0).reshape(300, 400).T)


# --- what else a step must keep ---


def small():
    return nn.MLP([3, 4, 2], rng=0)


def learn(net, stepper, steps=1):
    a = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    for _ in range(steps):
        stepper.zero_grad()
        nn.CrossEntropyLoss()(net(a), np.array([0, 1, 0, 1, 0, 1])).backward()
        stepper.step()


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_parameters_are_changed_in_place(kind):
    net = small()
    arrays = [p.data for p in net.parameters()]
    before = net.state_dict()
    learn(net, kind(net.parameters(), lr=0.1))
    assert all(p.data is array for p, array in zip(net.parameters(), arrays, strict=True))
    assert all((value != before[name]).any() for name, value in net.state_dict().items())


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_a_parameter_without_a_gradient_is_left_alone(kind):
    net, w = small(), nn.Parameter([1.0])
    learn(net, kind([*net.parameters(), w], lr=0.1, weight_decay=0.5), steps=2)
    assert w.tolist() == [1]


def test_steps_are_counted_for_each_parameter():
    early, late = nn.Parameter(np.ones(1)), nn.Parameter(np.ones(1))
    stepper = Adam([early, late], lr=0.1)
    early.grad = [1.0]
    stepper.step()
    late.grad = early.grad = [1.0]
    stepper.step()
    np.testing.assert_allclose(late.data, adam(np.ones(1), [np.ones(1)], lr=0.1), rtol=1e-14)
    np.testing.assert_allclose(early.data, adam(np.ones(1), np.ones((2, 1)), lr=0.1), rtol=1e-14)


def test_gradients_are_read_and_kept():
    w = nn.Parameter(np.ones(3))
    w.grad = np.arange(3.0)
    for stepper in (SGD([w], 0.1, 0.9, weight_decay=0.1, maximize=True), Adam([w], weight_decay=0.1, maximize=True)):
        stepper.step()
        assert w.grad.tolist() == [0, 1, 2]


def test_a_graph_that_is_still_alive_keeps_its_gradient():
    w = nn.Parameter(np.array([3.0]))
    a = ag.Tensor([1.0], requires_grad=True)
    out = w * a
    w.grad = [1.0]
    SGD([w], lr=1.0).step()
    assert w.tolist() == [2]
    out.sum().backward()
    assert a.grad.tolist() == [3]


def test_a_step_is_not_recorded():
    w = nn.Parameter(np.ones(2))
    w.grad = np.ones(2)
    SGD([w], lr=0.5).step()
    assert w.is_leaf
    assert w.requires_grad


def test_zero_grad_forgets():
    net = small()
    stepper = SGD(net.parameters(), lr=0.1)
    learn(net, stepper)
    stepper.zero_grad()
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_groups_have_their_own_options_which_may_change(kind):
    a, b = nn.Parameter(np.ones(1)), nn.Parameter(np.ones(1))
    stepper = kind([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.25, weight_decay=0)
    assert [group["lr"] for group in stepper.param_groups] == [0.25, 0.5]
    a.grad = b.grad = [1.0]
    stepper.step()
    np.testing.assert_allclose([a.item(), b.item()], [0.75, 0.5], rtol=1e-7)  # Adam divides by 1 + eps
    stepper.param_groups[1]["lr"] = 0.0
    stepper.step()
    np.testing.assert_allclose([a.item(), b.item()], [0.5, 0.5], rtol=1e-7)
    stepper.add_param_group({"params": [nn.Parameter([1.0])], "lr": 3.0})
    assert stepper.param_groups[2]["lr"] == 3


def test_momentum_may_be_switched_on_and_off():
    w = nn.Parameter(np.array([0.0]))
    stepper = SGD([w], lr=1.0)
    w.grad = [1.0]
    for momentum, expected in [(0.0, -1), (0.5, -2), (0.5, -3.5), (0.0, -4.5)]:
        stepper.param_groups[0]["momentum"] = momentum
        stepper.step()
        assert w.item() == expected


@pytest.mark.parametrize("options", [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {}])
@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_training_goes_on_from_a_saved_state(kind, options):
    if kind is not SGD:
        options = {"betas": (0.8, 0.9)} if options else {}
    net, other = small(), small()
    stepper, resumed = kind(net.parameters(), lr=0.1, **options), kind(other.parameters(), lr=0.7)
    learn(net, stepper, 3)
    saved, weights = stepper.state_dict(), net.state_dict()
    learn(net, stepper, 3)
    learn(other, resumed)  # what it has kept so far is replaced
    resumed.load_state_dict(saved)
    other.load_state_dict(weights)
    learn(other, resumed, 3)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], value)


def test_state_dict_has_pytorchs_layout():
    net = small()
    stepper = Adam([{"params": net[0].parameters()}, {"params": net[2].parameters()}])
    assert stepper.state_dict()["state"] == {}
    learn(net, stepper, 2)
    saved = stepper.state_dict()
    assert [group["params"] for group in saved["param_groups"]] == [[0, 1], [2, 3]]
    assert {key: value for key, value in saved["param_groups"][0].items() if key != "params"} == {
        "lr": 1e-3,
        "betas": [0.9, 0.999],  # a tuple in PyTorch; lists are what every format can hold
        "eps": 1e-8,
        "weight_decay": 0.0,
        "amsgrad": False,
        "maximize": False,
        "decoupled_weight_decay": False,
    }
    assert list(saved["state"][0]) == ["step", "exp_avg", "exp_avg_sq"]
    assert saved["state"][0]["step"] == 2
    assert saved["state"][2]["exp_avg"].shape == (2, 4)
    saved["state"][0]["exp_avg"][...] = np.nan
    assert np.isfinite(stepper.state_dict()["state"][0]["exp_avg"]).all()


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing():
    net = small()
    stepper = Adam(net.parameters(), lr=0.5)
    learn(net, stepper)
    with pytest.raises(ag.DataError, match="groups of 4 parameters, but this was saved for groups of 1"):
        stepper.load_state_dict(Adam([nn.Parameter([1.0])]).state_dict())
    with pytest.raises(ag.DataError, match="differing: amsgrad, betas, dampening"):
        stepper.load_state_dict(SGD(net.parameters()).state_dict())
    wrong = stepper.state_dict()
    wrong["state"][3]["exp_avg"] = np.zeros(7)
    wrong["param_groups"][0]["lr"] = 9.0
    with pytest.raises(ag.DataError, match="a parameter needs the shapes"):
        stepper.load_state_dict(wrong)
    wrong = stepper.state_dict()
    wrong["param_groups"][0]["lr"] = -1
    with pytest.raises(ag.OptionError, match="lr must be"):
        stepper.load_state_dict(wrong)
    assert stepper.param_groups[0]["lr"] == 0.5


def test_blocks_cover_an_array_once():
    w = nn.Parameter(np.zeros((1001, 199)))
    w.grad = np.ones((1001, 199))
    stepper = Adam([w])
    stepper.step()
    numbers = np.arange(w.size, dtype=float).reshape(w.shape)
    parts = list(stepper._slots[w].blocks(numbers, numbers))
    assert len(parts) == math.ceil(w.size / blocks.BLOCK) > 1
    for part, g, arrays in parts:
        np.testing.assert_array_equal(part, g)
        assert all(array.shape == part.shape for array in arrays)
    np.testing.assert_array_equal(np.concatenate([part for part, _, _ in parts]), numbers)


def test_plain_gradient_descent_keeps_no_scratch():
    parameters = [nn.Parameter(np.ones(shape)) for shape in ((30, 784), (1001, 199), (10,))]
    stepper = nn.optim.SGD(parameters, lr=0.5)
    for w in parameters:
        w.grad = np.ones(w.shape)
    stepper.step()
    assert not stepper._scratch._flat
    for w in parameters:
        np.testing.assert_array_equal(w.data, np.full(w.shape, 0.5))
        pieces = [part.size for part, _, _ in stepper._slots[w].blocks(w.data, w.grad.data)]
        assert sum(pieces) == w.size
        assert max(pieces) <= max(blocks.PIECE, w.size // 6)


# --- what is refused ---

W = nn.Parameter([1.0])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SGD([]), "SGD: there are no parameters"),
        (lambda: SGD(nn.ReLU().parameters()), "SGD: there are no parameters"),
        (lambda: SGD(nn.Linear(1, 1)), r"SGD: params must be parameters, got a module; pass its .parameters\(\)"),
        (lambda: Adam(W), "Adam: params must be a list of parameters or of dicts, got Parameter"),
        (lambda: SGD([np.ones(1)]), "number 0 is ndarray"),
        (lambda: SGD([W, W * 2]), "number 1 is a tensor that is no leaf"),
        (lambda: SGD([ag.Tensor([1.0])]), "number 0 is a tensor that requires no gradient"),
        (lambda: SGD([W, W]), r"parameter number 1, of shape \(1,\), is there twice"),
        (lambda: SGD([{"params": [W]}, {"params": [W]}]), "is there twice"),
        (lambda: SGD([{"params": [W], "learning_rate": 1}]), "unknown option learning_rate; there are lr, momentum"),
        (lambda: SGD([{"lr": 1}]), "a group is a dict with 'params'"),
        (lambda: SGD([{"params": [W], "lr": -1}]), "SGD: lr must be a finite number, at least 0; got -1"),
        (lambda: SGD([W], lr=-0.1), "SGD: lr must be a finite number, at least 0; got -0.1"),
        (lambda: SGD([W], lr=float("nan")), "lr must be a finite number"),
        (lambda: SGD([W], lr="0.1"), "lr must be a finite number"),
        (lambda: SGD([W], momentum=-1), "momentum must be"),
        (lambda: SGD([W], weight_decay=-1), "weight_decay must be"),
        (lambda: SGD([W], nesterov=True), "nesterov needs a momentum above 0 and no dampening; got momentum=0.0"),
        (lambda: SGD([W], 0.1, 0.9, 0.1, nesterov=True), "no dampening; got momentum=0.9, dampening=0.1"),
        (lambda: Adam([W], betas=(0.9, 1.0)), r"Adam: betas\[1\] must be a number from 0 to below 1; got 1.0"),
        (lambda: Adam([W], betas=0.9), "betas must be two numbers, got float 0.9"),
        (lambda: AdamW([W], eps=-1), "AdamW: eps must be"),
        (lambda: AdamW([{"params": [W], "decoupled_weight_decay": False}]), "for the other one use Adam"),
        (lambda: SGD({W}), "a set has another order in every run"),
        (lambda: SGD([{"params": {W}}]), "a set has another order in every run"),
        (lambda: SGD([W], lr=ag.tensor(0.1)), r"lr must be a finite number.*pass lr=lr.item\(\)"),
        (lambda: Adam([W], fused=True), "Adam: leave fused out: steps here go through blocks"),
        (lambda: SGD([W], foreach=True), "SGD: leave foreach out"),
        (lambda: nn.optim.RMSprop([W], capturable=True), "there is no graph capture"),
        (lambda: nn.optim.RAdam([W], differentiable=True), "steps are not recorded"),
        (lambda: nn.optim.NAdam([W], momentum_decay=-1), "NAdam: momentum_decay must be"),
        (lambda: nn.optim.Adamax([W], betas=(1, 0)), r"Adamax: betas\[0\] must be a number from 0 to below 1"),
        (lambda: nn.optim.Adagrad([W], lr_decay=-0.5), "Adagrad: lr_decay must be"),
        (lambda: nn.optim.Adadelta([W], rho=1.1), "Adadelta: rho must be"),
        (lambda: nn.optim.RMSprop([W], alpha=-1), "RMSprop: alpha must be"),
        (lambda: nn.optim.Rprop([W], etas=(1.2, 0.5)), "Rprop: etas must be two factors, below and above 1"),
        (lambda: nn.optim.Rprop([W], step_sizes=(2, 1)), "step_sizes must be a least and a largest"),
        (lambda: nn.optim.ASGD([W], t0=-1), "ASGD: t0 must be"),
        (lambda: nn.optim.LBFGS([W], line_search_fn="armijo"), "line_search_fn must be 'strong_wolfe' or None"),
        (lambda: nn.optim.LBFGS([W], max_iter=0), "LBFGS: max_iter must be a positive whole number"),
        (lambda: nn.optim.LBFGS([{"params": [W]}, {"params": [nn.Parameter([2.0])]}]), "there can be only one group"),
        (lambda: nn.optim.LBFGS([W]).step(), "LBFGS: step needs a closure"),
        (lambda: nn.optim.LBFGS([W]).step(lambda: None), "the closure must return the loss"),
    ],
)
def test_nonsense_is_refused(make, words):
    with pytest.raises(ag.OptionError, match=words):
        make()


def test_repr_shows_the_options():
    assert repr(SGD([W], lr=0.5)).startswith("SGD(1 numbers in 1 parameters, lr=0.5, momentum=0.0")
