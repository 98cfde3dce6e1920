"""What training scripts do with optimizers: closures, hooks, names, freezing, looking into the state."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.optim import SGD, Adam
from tests.nn.optim_samples import OPTIMIZERS

W = nn.Parameter([1.0])


def small():
    return nn.MLP([3, 4, 2], rng=0)


def learn(net, stepper, steps=1):
    a = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    for _ in range(steps):
        stepper.zero_grad()
        nn.CrossEntropyLoss()(net(a), np.array([0, 1, 0, 1, 0, 1])).backward()
        stepper.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_step_calls_the_closure_first_and_returns_its_loss(name):
    w = nn.Parameter(np.array([2.0]))
    stepper = getattr(nn.optim, name)([w], lr=0.01)

    def closure():
        stepper.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    assert stepper.step(closure).item() == 4
    assert w.item() < 2
    with ag.no_grad():  # in which a step may stand, but a closure records all the same
        assert stepper.step(closure).item() < 4


def test_hooks_see_every_step_and_can_be_taken_away():
    w, seen = nn.Parameter(np.array([2.0])), []
    stepper = SGD([w], lr=1.0)
    before = stepper.register_step_pre_hook(lambda optimizer, args, kwargs: seen.append(("before", w.item())))
    w.grad = [1.0]
    with stepper.register_step_post_hook(lambda optimizer, args, kwargs: seen.append(("after", w.item()))):
        stepper.step()
    stepper.step()
    before.remove()
    before.remove()
    stepper.step()
    assert seen == [("before", 2), ("after", 1), ("before", 1)]


def test_a_hook_may_change_the_closure():
    w = nn.Parameter(np.array([2.0]))
    stepper = SGD([w], lr=1.0)
    stepper.register_step_pre_hook(lambda optimizer, args, kwargs: ((lambda: 7.0,), {}))
    assert stepper.step(lambda: 1.0) == 7


def test_named_parameters_keep_their_names():
    net = small()
    stepper = SGD(net.named_parameters(), lr=0.1)
    assert stepper.param_groups[0]["param_names"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    other = SGD(small().parameters(), lr=0.5)
    other.load_state_dict(stepper.state_dict())
    assert other.param_groups[0]["param_names"] == stepper.param_groups[0]["param_names"]
    stepper.load_state_dict(SGD(small().parameters()).state_dict())
    assert stepper.param_groups[0]["param_names"][0] == "0.weight"
    assert SGD([{"params": [W], "name": "head"}]).param_groups[0]["name"] == "head"


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_frozen_parameters_stay_and_thawed_ones_move(kind):
    net = small()
    net[0].requires_grad_(False)
    stepper = kind(net.parameters(), lr=0.1, weight_decay=0.1)
    before = net.state_dict()
    learn(net, stepper)
    assert [bool((net.state_dict()[name] != value).any()) for name, value in before.items()] == [
        False,
        False,
        True,
        True,
    ]
    net[0].requires_grad_(True)
    learn(net, stepper)
    before = net.state_dict()
    net[0].weight.requires_grad_(False)  # with a gradient, and momentum, of before
    stepper.step()
    assert [bool((net.state_dict()[name] != value).any()) for name, value in before.items()] == [
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_gradients_of_zeros_are_something_else_than_none(kind):
    w = nn.Parameter(np.ones(2))
    options = {"momentum": 0.9} if kind is SGD else {}
    stepper = kind([w], lr=0.1, **options)
    w.grad = np.ones(2)
    stepper.step()
    stepper.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0, 0]
    before = w.tolist()
    stepper.step()
    assert w.tolist() < before
    before = w.tolist()
    stepper.zero_grad()
    stepper.step()
    assert w.tolist() == before


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_of_zero_leaves_the_weights(name):
    options = {"step_sizes": (0.0, 1.0)} if name == "Rprop" else {}  # whose rate is only where steps start
    a, b = nn.Parameter(np.ones(3)), nn.Parameter(np.ones(3))
    groups = [{"params": [a, b]}] if name == "LBFGS" else [{"params": [a]}, {"params": [b], "lr": 0.1}]
    stepper = getattr(nn.optim, name)(groups, lr=0.0, **options)

    def closure():
        stepper.zero_grad()
        loss = (a * a).sum() + (b * b).sum()
        loss.backward()
        return loss

    stepper.step(closure)
    stepper.step(closure)
    assert a.tolist() == [1, 1, 1]
    assert name == "LBFGS" or b.tolist() != [1, 1, 1]


def test_state_may_be_looked_at_replaced_and_dropped():
    """As training scripts do that prune or grow parameters in the middle of a run."""
    w = nn.Parameter(np.ones(2))
    stepper = Adam([w], lr=0.1, betas=(0.5, 0.5))
    w.grad = np.ones(2)
    stepper.step()
    assert stepper.state[w]["exp_avg"].tolist() == [0.5, 0.5]
    stepper.state[w]["exp_avg"] = np.zeros(2)
    w.grad = np.zeros(2)
    before = w.tolist()
    stepper.step()
    assert w.tolist() == before
    stepper.state.clear()
    w.grad = np.ones(2)
    stepper.step()
    assert stepper.state[w]["step"] == 1
    other = stepper.param_groups[0]["params"][0] = nn.Parameter(np.ones(3))
    other.grad = np.ones(3)
    stepper.step()
    np.testing.assert_allclose(other.data, 0.9, rtol=1e-7)  # Adam divides by 1 + eps


def test_an_optimizer_of_ones_own_may_keep_books_as_in_pytorch():
    class Heavy(nn.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @ag.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    if len(state) == 0:
                        state["buffer"] = ag.zeros_like(p)
                    state["buffer"].mul_(0.5).add_(p.grad)
                    p.add_(state["buffer"], alpha=-group["lr"])

    w = nn.Parameter(np.ones(1))
    stepper = Heavy([w], 0.5)
    w.grad = [1.0]
    stepper.step()
    stepper.step()
    assert w.item() == -0.25
    saved = stepper.state_dict()
    assert saved["state"][0]["buffer"].tolist() == [1.5]
    other = Heavy([nn.Parameter(np.ones(1))], 0.1)
    other.load_state_dict(saved)
    assert other.param_groups[0]["lr"] == 0.5


def test_pytorchs_switches_in_a_saved_group_are_passed_over():
    stepper = Adam([nn.Parameter(np.ones(2))])
    saved = stepper.state_dict()
    saved["param_groups"][0] |= {"foreach": None, "fused": True, "capturable": False, "differentiable": False}
    saved["param_groups"][0]["lr"] = 0.5
    stepper.load_state_dict(saved)
    assert stepper.param_groups[0]["lr"] == 0.5
    assert "fused" not in stepper.param_groups[0]
    assert stepper.param_groups[0]["betas"] == (0.9, 0.999)


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))], ids=["copy", "pickle"]
)
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_copy_goes_on_by_itself(name, again):
    """With a parameter that is cut into blocks, which are views of what is kept."""
    shape = (3, 2) if name == "LBFGS" else (300, 200)  # which has no blocks
    weights = [nn.Parameter(np.ones(shape)), nn.Parameter(np.ones(3))]
    stepper = getattr(nn.optim, name)(weights, lr=0.01)

    def run(weights, stepper):
        def closure():
            stepper.zero_grad()
            loss = sum((w * w * np.arange(1, w.shape[-1] + 1)).mean() for w in weights)
            loss.backward()
            return loss

        stepper.step(closure)

    run(weights, stepper)
    others, copied = again((weights, stepper))
    before = [w.detach().numpy().copy() for w in weights]
    for _ in range(2):
        run(others, copied)
    assert all((w.data == kept).all() for w, kept in zip(weights, before, strict=True))
    for _ in range(2):
        run(weights, stepper)
    for w, v in zip(weights, others, strict=True):
        np.testing.assert_array_equal(w.data, v.data)
    for name, kept in stepper.state[weights[0]].items():
        np.testing.assert_array_equal(kept, copied.state[others[0]][name])


def test_every_optimizer_has_a_family():
    found = [getattr(nn.optim, name) for name in nn.optim.__all__]
    kinds = {kind.__name__ for kind in found if isinstance(kind, type) and issubclass(kind, nn.optim.Optimizer)}
    assert set(OPTIMIZERS) == kinds - {"Optimizer"}


# --- large parameters -------------------------------------------------------------------------------------------------

LARGE = [
    (SGD, {"lr": 0.1}),
    (SGD, {"lr": 0.1, "maximize": True}),
    (SGD, {"lr": 0.1, "weight_decay": 0.2}),
    (SGD, {"lr": 0.1, "momentum": 0.9}),
    (SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1, "maximize": True}),
    (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (Adam, {"lr": 0.1, "eps": 1e-3}),
    (Adam, {"lr": 0.1, "eps": 1e-3, "amsgrad": True, "maximize": True}),
    (Adam, {"lr": 0.1, "eps": 1e-3, "weight_decay": 0.1}),
    (Adam, {"lr": 0.1, "eps": 1e-3, "weight_decay": 0.1, "decoupled_weight_decay": True}),
]


def moved(kind, options, shape, dtype, order="C"):
    """A parameter after some steps, in which its gradient lies in memory as said."""
    rng = np.random.default_rng(2)
    w = nn.Parameter(rng.normal(size=shape).astype(dtype))
    stepper = kind([w], **options)
    for _ in range(3):
        w.grad = ag.asarray(np.asarray(rng.normal(size=shape).astype(dtype), order=order))
        stepper.step()
    return w.data


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("shape", "dtype"), [((90, 70), "f4"), ((500, 130), "f8"), ((90, 70), "f2"), ((70000,), "f4")])
@pytest.mark.parametrize(("kind", "options"), LARGE)
def test_large_parameters_move_to_the_same_bits_with_machine_code_and_without(
    kind, options, shape, dtype, order, monkeypatch
):
    here = moved(kind, options, shape, dtype, order)
    monkeypatch.setattr(ag, "machine_code", lambda dtype: False)
    assert here.tobytes() == moved(kind, options, shape, dtype, order).tobytes()


def test_a_plain_step_of_a_large_parameter_takes_a_fraction_of_its_memory():
    w = nn.Parameter(np.zeros((200, 200), np.float32))
    stepper = SGD([w], lr=0.1)
    w.grad = ag.asarray(np.ones((200, 200), np.float32))
    stepper.step()
    tracemalloc.start()
    stepper.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < w.nbytes / 4  # in pieces of a sixth where there is no machine code; a whole copy would be all of it
