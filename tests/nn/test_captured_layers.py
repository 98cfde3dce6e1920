"""Layers, losses and whole training steps compute the same captured as eagerly, and change the same things.

Each has a twin with the same parameters and the same generators: one is called, the other captured.
"""

import copy

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.containers import flatten
from tests.nn.architectures import build
from tests.nn.samples import FAMILIES

CALLS = 5  # two are traced
MODES = pytest.mark.parametrize("exact", [True, False], ids=["exact", "fused"])


def _numbers(tree):
    leaves, _ = flatten(tree)
    return [np.asarray(x._array if isinstance(x, ag.Tensor) else x).copy() for x in leaves if x is not None]


def _generators(module):
    held = [value for part in module.modules() for value in vars(part).values()]
    return [x.bit_generator.state for x in held if isinstance(x, np.random.Generator)]


def _check_alike(found, wanted, exact, who):
    """The same bits; fused, up to what some thousand roundings of 4 units each can do (docs/approximations.md)."""
    assert len(found) == len(wanted), who
    for a, b in zip(found, wanted, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype), who
        if exact or b.dtype.kind != "f":
            np.testing.assert_array_equal(a, b, err_msg=who)
        else:
            rounding = 4000 * float(np.finfo(b.dtype).eps)
            scale = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
            np.testing.assert_allclose(a, b, rtol=rounding, atol=rounding * scale, err_msg=who)


def _moved(x, call):
    """Other numbers in each call; whole numbers, and truth values, stay."""
    if isinstance(x, tuple | list):
        return type(x)(_moved(part, call) for part in x)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return (x * (1 + 0.1 * np.random.default_rng(call).uniform(size=x.shape))).astype(x.dtype)
    return x


def _called(layer, call, inputs):
    """Outputs, gradients and buffers of a layer that is called with Tensors, and swept from outside."""
    layer.zero_grad()
    given = [
        ag.Tensor(x, requires_grad=True) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in inputs
    ]
    out = call(*given)
    live = [x for x in flatten(out)[0] if isinstance(x, ag.Tensor) and x.node is not None]
    if live:
        sum(ag.sum(x * x) for x in live).backward()
    leaves = [x for x in given if isinstance(x, ag.Tensor)] + list(layer.parameters())
    return (
        _numbers(out)
        + [None if x.grad is None else _numbers(x.grad)[0] for x in leaves]
        + _numbers(list(layer.buffers()))
    )


def _without_none(numbers):
    return [x for x in numbers if x is not None]


@MODES
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_layer_is_the_same_captured(family, training, exact):
    for seed in range(2):
        sample = family.sample(seed)
        one, other = (sample.layer(np.float64).train(training) for _ in range(2))
        captured = ag.compile(other, exact=exact)
        for call in range(CALLS):
            inputs = _moved(sample.arrays(np.float64), call)
            try:
                wanted = _called(one, one, inputs)
            except ag.AutogradError as error:  # such as one number for each channel in training
                with pytest.raises(type(error)):
                    _called(other, captured, inputs)
                break
            found = _called(other, captured, inputs)
            assert [x is None for x in found] == [x is None for x in wanted], sample
            _check_alike(_without_none(found), _without_none(wanted), exact, f"{sample}, call {call}")
            assert _generators(one) == _generators(other), sample
        else:
            assert captured.plan is not None, f"{sample} was never replayed"


# --- training steps ---------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": lambda p: nn.optim.SGD(p, lr=0.01),
    "momentum": lambda p: nn.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-2),
    "Adam": lambda p: nn.optim.Adam(p, lr=0.01),
    "AMSGrad": lambda p: nn.optim.Adam(p, lr=0.01, amsgrad=True, weight_decay=1e-2),
    "AdamW": lambda p: nn.optim.AdamW(p, lr=0.01),
    "RMSprop": lambda p: nn.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "Adagrad": lambda p: nn.optim.Adagrad(p, lr=0.01),
    "Adadelta": lambda p: nn.optim.Adadelta(p),
    "Adamax": lambda p: nn.optim.Adamax(p),
    "NAdam": lambda p: nn.optim.NAdam(p),
    "RAdam": lambda p: nn.optim.RAdam(p),
    "Rprop": lambda p: nn.optim.Rprop(p),
    "ASGD": lambda p: nn.optim.ASGD(p),
}
ARCHITECTURES = list(build(nn, ag.concatenate))


class Training:
    """A model, its optimizer, and a training step of them, captured or not."""

    def __init__(self, name, make, dtype, captured, exact, before=True, clip=True, inside=None, zero=True):
        model, self.inputs = build(nn, ag.concatenate)[name]
        self.model, self.scheduler = _seeded(model).to(dtype), None
        self.dtype = dtype
        self.optimizer = make(self.model.parameters())
        if inside is not None:
            self.scheduler = inside(self.optimizer)
        model, optimizer, scheduler = self.model, self.optimizer, self.scheduler

        def step(*inputs):
            if before and zero:
                optimizer.zero_grad()
            outs = flatten(model(*inputs))[0]
            loss = sum(ag.mean(out * out) for out in outs)
            loss.backward()
            norm = nn.optim.clip_grad_norm_(model.parameters(), 0.1) if clip else loss
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            if not before and zero:
                optimizer.zero_grad(set_to_none=False)
            return loss, norm

        self.step = ag.compile(step, exact=exact) if captured else step

    def run(self, call, batch=None):
        """The results of a step, and everything that it may have changed."""
        inputs = [_moved(x.astype(self.dtype) if x.dtype.kind == "f" else x, call)[:batch] for x in self.inputs]
        out = self.step(*inputs)
        state = [x for kept in self.optimizer.state_dict()["state"].values() for x in kept.values()]
        grads = [p.grad for p in self.model.parameters()]
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return _numbers([out, list(self.model.state_dict().values()), state, grads, rates])


def _seeded(model):
    rng = np.random.default_rng(5)
    with ag.no_grad():
        for p in model.parameters():
            p.writable()[...] = rng.normal(size=p.shape) * 0.2
    for part in model.modules():
        for name, value in vars(part).items():
            if name == "rng" or isinstance(value, np.random.Generator):
                setattr(part, name, np.random.default_rng(7))
    return model


def _twins(name, make, exact, dtype=np.float64, **options):
    return Training(name, make, dtype, False, exact, **options), Training(name, make, dtype, True, exact, **options)


def _check_runs(one, other, exact, calls=range(CALLS), batch=None):
    for call in calls:
        wanted, found = one.run(call, batch), other.run(call, batch)
        _check_alike(found, wanted, exact, f"step {call}")
        assert _generators(one.model) == _generators(other.model)


@MODES
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_training_step_is_the_same_captured(name, exact):
    one, other = _twins(name, OPTIMIZERS["momentum"], exact)
    _check_runs(one, other, exact)
    assert other.step.plan is not None


@MODES
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_moves_parameters_as_it_does_eagerly(optimizer, exact):
    one, other = _twins("tied", OPTIMIZERS[optimizer], exact)
    _check_runs(one, other, exact, range(8))
    assert other.step.plan is not None


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("name", ["mlp", "vgg", "transformer"])
def test_other_types_have_the_same_bits(name, dtype):
    one, other = _twins(name, OPTIMIZERS["momentum"], True, dtype)
    _check_runs(one, other, True)
    assert other.step.plan is not None


@MODES
@pytest.mark.parametrize(
    "options",
    [
        {"before": False},
        {"zero": False},
        {"clip": False},
        {"inside": lambda o: nn.optim.lr_scheduler.StepLR(o, 2, 0.5)},
        {"inside": lambda o: nn.optim.lr_scheduler.CosineAnnealingLR(o, 10)},
        {"inside": lambda o: nn.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=20)},
    ],
    ids=["zero_grad at the end", "no zero_grad", "no clipping", "StepLR", "CosineAnnealingLR", "OneCycleLR"],
)
def test_a_step_may_be_written_in_other_ways(options, exact):
    one, other = _twins("mlp", OPTIMIZERS["Adam"], exact, **options)
    _check_runs(one, other, exact, range(7))
    assert other.step.plan is not None


def _frozen(training):
    training.model.parameters().__next__().requires_grad = False


def _thawed(training):
    training.model.parameters().__next__().requires_grad = True


def _loaded(training):
    model, optimizer = training.model, training.optimizer
    state = {k: np.asarray(v) for k, v in model.state_dict().items()}
    model.load_state_dict({k: v * 0.5 if v.dtype.kind == "f" else v for k, v in state.items()})
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))


def _rate(training):
    for group in training.optimizer.param_groups:
        group["lr"] *= 0.5


def _decay(training):
    for group in training.optimizer.param_groups:
        group["weight_decay"] = 0.1


def _new_numbers(training):
    for p in training.model.parameters():
        p.data = np.asarray(p.data) * 0.9


def _assigned(training):
    with ag.no_grad():
        for p in training.model.parameters():
            p *= 0.5


BETWEEN = {
    "frozen": _frozen,
    "thawed": lambda t: (_frozen(t), t.run(1), _thawed(t)),
    "eval": lambda t: t.model.eval(),
    "eval and train": lambda t: (t.model.eval(), t.run(1), t.run(2), t.run(3), t.model.train()),
    "load_state_dict": _loaded,
    "another rate": _rate,
    "another decay": _decay,
    "data of its own": _new_numbers,
    "written into": _assigned,
    "no gradients": lambda t: t.model.zero_grad(),
    "another batch": lambda t: [t.run(k, 2) for k in range(4)],
    "a hook": lambda t: t.model.register_forward_pre_hook(lambda m, args: tuple(x * 2 for x in args)),
}


@MODES
@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("name", ["vgg", "mlp"])
def test_what_happens_between_steps_is_seen(name, between, exact):
    one, other = _twins(name, OPTIMIZERS["momentum"], exact)
    _check_runs(one, other, exact, range(4))
    assert other.step.plan is not None
    for training in (one, other):
        BETWEEN[between](training)
    _check_runs(one, other, exact, range(4, 8))


def test_a_copied_model_goes_its_own_way():
    model, inputs = build(nn, ag.concatenate)["lenet"]
    captured = ag.compile(_seeded(model), exact=True)
    for _ in range(3):
        captured(*inputs)
    twin = copy.deepcopy(model)
    again = ag.compile(twin, exact=True)
    with ag.no_grad():
        for p in twin.parameters():
            p.writable()[...] *= 2
    for _ in range(4):
        _check_alike(_numbers(captured(*inputs)), _numbers(model(*inputs)), True, "the model")
        _check_alike(_numbers(again(*inputs)), _numbers(twin(*inputs)), True, "its copy")


@MODES
def test_the_mean_of_all_batches_may_be_the_running_statistic(exact):
    one, other = (nn.BatchNorm1d(3, momentum=None, dtype=np.float64) for _ in range(2))
    captured = ag.compile(other, exact=exact)
    for call in range(6):
        x = np.random.default_rng(call).normal(size=(5, 3))
        _check_alike(_numbers(captured(x)), _numbers(one(x)), exact, "the result")
        _check_alike(_numbers(list(other.buffers())), _numbers(list(one.buffers())), exact, "the statistics")


def test_statistics_move_even_where_nobody_reads_the_result():
    one, other = (nn.BatchNorm1d(3, dtype=np.float64) for _ in range(2))

    def watched(layer):
        return lambda x: (layer(x), x * 2)[1]

    eager, captured = watched(one), ag.compile(watched(other), exact=True)
    for call in range(6):
        x = np.random.default_rng(call).normal(size=(5, 3))
        eager(x), captured(x)
        _check_alike(_numbers(list(other.buffers())), _numbers(list(one.buffers())), True, "the statistics")


def test_labels_may_be_arguments():
    rng = np.random.default_rng(0)
    losses = {
        "cross_entropy": nn.functional.cross_entropy,
        "smoothed": lambda s, t: nn.functional.cross_entropy(s, t, label_smoothing=0.1),
        "ignoring": lambda s, t: nn.functional.cross_entropy(s, t, ignore_index=1),
        "weighted": lambda s, t: nn.functional.cross_entropy(s, t, weight=np.arange(1.0, 6.0)),
        "nll": lambda s, t: nn.functional.nll_loss(ag.log_softmax(s), t, ignore_index=1),
        "margin": nn.functional.multi_margin_loss,
    }
    for name, loss in losses.items():
        eager = ag.value_and_grad(loss)
        captured = ag.compile(eager, exact=True)
        for _ in range(6):
            scores, labels = rng.normal(size=(6, 5)), rng.integers(0, 5, 6)
            _check_alike(_numbers(captured(scores, labels)), _numbers(eager(scores, labels)), True, name)
        assert captured.plan is not None, name
        with pytest.raises(ag.OptionError, match="out of range"):
            captured(scores, labels + 9)


def test_padding_may_move_from_call_to_call():
    one, other = (nn.MultiheadAttention(8, 2, batch_first=True, rng=0, dtype=np.float64) for _ in range(2))

    def masked(layer):
        return lambda x, hidden: layer(x, x, x, key_padding_mask=hidden)[0]

    eager, captured = masked(one), ag.compile(masked(other), exact=True)
    rng = np.random.default_rng(0)
    for call in range(6):
        x, hidden = rng.normal(size=(3, 4, 8)), np.arange(4) >= rng.integers(call > 3, 5, 3)[:, None]
        _check_alike(_numbers(captured(x, hidden)), _numbers(eager(x, hidden)), True, "attention")
    assert captured.plan is not None
