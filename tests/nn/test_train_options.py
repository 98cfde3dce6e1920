"""What goes along with updates: each option against the same thing written out by hand."""

import json

import numpy as np
import pytest

import autograd_core as ag
from nn import CrossEntropyLoss, Linear, MSELoss, ReLU, Sequential, functional, metrics, optim
from nn.averaging import AveragedModel
from nn.data import DataLoader, TensorDataset
from nn.history import Epoch, History
from nn.optim import lr_scheduler
from nn.saving import read_weights
from nn.train import evaluate, find_lr, fit


def data(count=40, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 3))
    return TensorDataset(x.astype(dtype), (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 1))


def network(seed=0, dtype=np.float64):
    return Sequential(Linear(3, 6, rng=seed, dtype=dtype), ReLU(), Linear(6, 3, rng=seed, dtype=dtype))


def trained(model, samples=None, optimizer=None, batch_size=10, **options):
    optimizer = optimizer or optim.SGD(model.parameters(), lr=0.5)
    options = {"epochs": 3, "progress": False, **options}
    return fit(model, DataLoader(samples or data(), batch_size), optimizer=optimizer, **options)


def weights(model):
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in model.parameters()])


# sums in another order: a few thousand additions of numbers around 1 in float64
CLOSE = {"rtol": 1e-10, "atol": 1e-12}


@pytest.mark.parametrize("count", [40, 37])  # 37: the last batches are smaller, and the last update is of fewer
@pytest.mark.parametrize("loss", [functional.cross_entropy, CrossEntropyLoss(reduction="sum")])
@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
def test_accumulated_batches_are_one_large_batch(count, loss, kind):
    large, small = network(), network()
    histories = [
        trained(model, data(count), kind(model.parameters(), lr=0.05), size, loss=loss, **options)
        for model, size, options in ((large, 20, {}), (small, 5, {"accumulate": 4}))
    ]
    np.testing.assert_allclose(weights(small), weights(large), **CLOSE)
    if not isinstance(loss, CrossEntropyLoss):
        np.testing.assert_allclose(histories[1]["train_loss"], histories[0]["train_loss"], **CLOSE)
    assert histories[1]["train_accuracy"] == histories[0]["train_accuracy"]


def by_hand(model, epochs=3, *, penalty=lambda w: 0.0, change=lambda gradients: gradients, lr=0.5):
    """Gradient descent written out."""
    for _ in range(epochs):
        for x, y in DataLoader(data(), 10):
            parameters = list(model.parameters())
            value = functional.cross_entropy(model(x), y)
            value = value + sum(penalty(p) for p in parameters if p.ndim == 2)
            gradients = change([g.numpy() for g in ag.gradients(value, parameters)])
            with ag.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter -= lr * gradient
    return weights(model)


def test_penalties_are_descended_on_weights_but_not_on_biases_and_not_shown_in_the_loss():
    expected = by_hand(network(), penalty=lambda w: 0.01 * abs(w).sum() + 0.02 / 2 * (w * w).sum())
    model = network()
    history = trained(model, l1=0.01, l2=0.02)
    np.testing.assert_allclose(weights(model), expected, **CLOSE)
    first = network()
    assert trained(first)["train_loss"][0] != history["train_loss"][0]
    one = data(10)
    start = network()
    assert trained(start, one, epochs=1, l2=100.0)["train_loss"][0] == evaluate(network(), one).loss


def test_gradients_are_clipped_by_norm_and_by_value():
    def shortened(gradients):
        norm = np.sqrt(sum((g * g).sum() for g in gradients))
        return [g * min(1.0, 0.1 / norm) for g in gradients]

    model = network()
    trained(model, clip_norm=0.1)
    np.testing.assert_allclose(weights(model), by_hand(network(), change=shortened), **CLOSE)
    model = network()
    trained(model, clip_value=0.01)
    expected = by_hand(network(), change=lambda gradients: [np.clip(g, -0.01, 0.01) for g in gradients])
    np.testing.assert_allclose(weights(model), expected, **CLOSE)


def test_an_average_follows_every_update_and_is_what_is_validated_and_saved(tmp_path):
    model = network()
    seen = []

    class Watching:
        def batch_end(self, run):
            seen.append(weights(run.model))

    history = trained(
        model, ema=0.9, validation=data(seed=1), callbacks=[Watching()], save_to=tmp_path / "w.safetensors"
    )
    expected = seen[0]
    for value in seen[1:]:
        expected = expected + (1 - 0.9) * (value - expected)
    average = network(seed=9)
    average.load_state_dict(read_weights(tmp_path / "w.safetensors"))
    np.testing.assert_allclose(weights(average), expected, **CLOSE)
    assert evaluate(average, data(seed=1)).loss == history.last.validation_loss
    assert not np.allclose(weights(model), expected)


def test_an_average_may_be_of_another_kind():
    model = network()
    average = AveragedModel(model)
    seen = []

    class Watching:
        def batch_end(self, run):
            seen.append(weights(run.model))

    trained(model, ema=average, callbacks=[Watching()])
    np.testing.assert_allclose(weights(average.module), np.mean(seen, axis=0), **CLOSE)


def rates_of(scheduler, **options):
    model, rates = network(), []
    optimizer = optim.SGD(model.parameters(), lr=1.0)

    class Watching:
        def batch_begin(self, run):
            rates.append(optimizer.param_groups[0]["lr"])

    made = scheduler(optimizer)
    history = trained(model, optimizer=optimizer, scheduler=made, callbacks=[Watching()], **options)
    return rates, history


def test_schedulers_make_their_steps_by_epochs_or_by_updates():
    rates, history = rates_of(lambda o: lr_scheduler.ExponentialLR(o, 0.5))
    assert rates == [1.0] * 4 + [0.5] * 4 + [0.25] * 4
    assert history["lr"] == [1.0, 0.5, 0.25]
    rates, _ = rates_of(lambda o: lr_scheduler.ExponentialLR(o, 0.5), scheduler_every="step")
    assert rates == [0.5**k for k in range(12)]
    rates, _ = rates_of(lambda o: lr_scheduler.OneCycleLR(o, 2.0, 12, cycle_momentum=False))
    assert max(rates) > 1.9
    assert len(set(rates)) > 6, "it counts updates by itself"


@pytest.mark.parametrize("options", [{"validation": data(seed=1), "watch": "validation_accuracy"}, {}])
def test_a_scheduler_that_looks_at_a_figure_is_given_it(options):
    seen = []

    class Plateau(lr_scheduler.ReduceLROnPlateau):
        def step(self, metrics, epoch=None):
            seen.append(metrics)

    _, history = rates_of(Plateau, **options)
    assert seen == history[options.get("watch", "train_loss")]


def test_a_closure_is_given_to_optimizers_that_want_one():
    model = network()
    history = trained(model, optimizer=optim.LBFGS(model.parameters(), lr=1.0, max_iter=5), batch_size=40, epochs=8)
    assert history["train_loss"][0] == pytest.approx(evaluate(network(), data()).loss, rel=1e-12)
    assert history.last.train_loss < history["train_loss"][0] / 4


# --- figures ----------------------------------------------------------------------------------------------------------


def test_figures_by_name_and_by_function_over_all_samples():
    model = network()

    def largest(outputs, targets):
        return float(outputs.max())

    wanted = {"f1": "f1_score", "auc": metrics.roc_auc, "largest": largest}
    history = trained(model, validation=data(seed=1), metrics=wanted, epochs=1)
    x, y = (tensor.numpy() for tensor in data(seed=1).tensors)
    outputs = model(x).detach().numpy()
    assert history["validation_f1"] == [metrics.f1_score(outputs, y, "macro")]
    assert history["validation_auc"] == [metrics.roc_auc(outputs, y)]
    assert history["validation_largest"] == [outputs.max()]
    assert evaluate(model, data(seed=1), metrics=wanted).figures == {
        name: history[f"validation_{name}"][0] for name in wanted
    }
    assert set(history.names) >= {"train_f1", "train_auc", "train_largest", "lr"}
    assert f"f1 {history['validation_f1'][0]:.4f}" in str(history.last)


def test_the_accuracy_of_one_unit_is_what_the_user_says():
    x, y = (tensor.numpy() for tensor in data().tensors)
    model = Linear(3, 1, rng=0, dtype=np.float64)
    labels = (y > 0).astype(np.float64)[:, None]
    history = trained(
        model,
        TensorDataset(x, labels),
        loss=functional.binary_cross_entropy_with_logits,
        metrics={"accuracy": lambda outputs, targets: metrics.accuracy(outputs, targets, threshold=0.0)},
        epochs=40,
    )
    assert history.last.train_accuracy > 0.9


def test_several_labels_at_once_have_no_accuracy_and_do_no_harm():
    model = Linear(3, 4, rng=0, dtype=np.float64)
    x = data().tensors[0].numpy()
    labels = (np.random.default_rng(0).random((40, 4)) > 0.5).astype(np.int64)
    history = trained(model, TensorDataset(x, labels), loss=lambda o, t: ((o - t) ** 2).mean())
    assert history.last.train_accuracy is None


def test_what_is_not_there_is_named():
    with pytest.raises(ag.OptionError, match="there is no 'f2'; there is accuracy, "):
        trained(network(), metrics="f2")
    with pytest.raises(ag.OptionError, match="'accuracy' comes twice"):
        trained(network(), metrics=["accuracy", metrics.accuracy])
    with pytest.raises(ag.OptionError, match="must be a name, a function or a Metric; got 3"):
        trained(network(), metrics={"three": 3})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accumulate": 0}, "accumulate must be a positive whole number"),
        ({"clip_norm": -1.0}, "clip_norm must be a finite number, at least 0"),
        ({"l2": float("nan")}, "l2 must be a finite number"),
        ({"ema": 1.5}, "ema must be an AveragedModel, or a decay from 0 to below 1; got 1.5"),
        ({"scheduler": 3}, r"scheduler must have a step\(\), got int"),
        ({"scheduler_every": "week"}, "scheduler_every must be 'epoch', 'step' or None"),
        ({"resume": True}, "resume=True needs the name of the checkpoint"),
        ({"checkpoint": "run.pt"}, r"checkpoint must be the name of a \.safetensors file"),
        ({"callbacks": [3]}, "a callback is an nn.callbacks.Callback or a function of the history, got 3"),
    ],
)
def test_options_without_meaning_are_refused(options, words):
    with pytest.raises(ag.OptionError, match=words):
        trained(network(), **options)


# --- the log ----------------------------------------------------------------------------------------------------------


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_log_of_json_lines_lies_beside_the_weights_and_is_a_history(tmp_path):
    path = tmp_path / "w.safetensors"
    history = trained(network(), save_to=path, config={"note": "first"}, validation=data(seed=1))
    log = tmp_path / "w.jsonl"
    lines = lines_of(log)
    assert [line["event"] for line in lines] == ["start", "epoch", "epoch", "epoch", "end"]
    assert lines[0]["config"] == {"note": "first"}
    assert lines[0]["parameters"] == 45
    assert lines[-1]["reason"] == "finished"
    assert History.load(log) == history
    assert History.load(tmp_path / "w.json") == history


def test_a_log_goes_on_and_a_crash_costs_half_a_line_at_most(tmp_path):
    path = tmp_path / "w.safetensors"
    log = path.with_suffix(".jsonl")
    trained(network(), checkpoint=path, epochs=2)
    with log.open("a") as file:
        file.write('{"event": "epoch", "number": 3, "train_lo')  # the process was killed here
    history = trained(network(), checkpoint=path, epochs=4, resume=True)
    assert [line.get("number") for line in lines_of(log)] == [None, 1, 2, None, None, 3, 4, None]
    assert History.load(log) == history


def test_an_epoch_that_is_taken_again_replaces_what_the_log_has_of_it(tmp_path):
    path, calls = tmp_path / "w.safetensors", []

    def fails_in_the_fourth_epoch(outputs, targets):
        calls.append(1)
        if len(calls) == 4 * 3 + 1:
            raise ZeroDivisionError
        return functional.cross_entropy(outputs, targets)

    options = {"checkpoint": path, "checkpoint_every": "2 epochs", "epochs": 4}
    with pytest.raises(ZeroDivisionError):
        trained(network(), loss=fails_in_the_fourth_epoch, **options)
    history = trained(network(), resume=True, **options)
    lines = lines_of(path.with_suffix(".jsonl"))
    assert [line["number"] for line in lines if line["event"] == "epoch"] == [1, 2, 3, 3, 4]
    assert [line["reason"] for line in lines if line["event"] == "end"] == ["failed: ZeroDivisionError: ", "finished"]
    assert History.load(path.with_suffix(".jsonl")) == history


def test_figures_that_are_no_numbers_are_in_the_log_as_words(tmp_path):
    log = tmp_path / "log.jsonl"
    odd = {"nothing": lambda o, t: float("nan"), "much": lambda o, t: np.inf}
    history = trained(network(), log=log, metrics=odd, epochs=1)
    assert '"train_nothing": "NaN", "train_much": "Infinity"' in log.read_text()
    assert repr(History.load(log)) == repr(history)


def test_no_log_without_a_place_or_when_it_is_not_wanted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained(network())
    trained(network(), save_to="w.safetensors", log=False)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["w.json", "w.safetensors"]


def test_the_best_epoch_and_figures_by_name():
    history = History([Epoch(1, 0.5, 0.6, figures={"f1": 0.1}), Epoch(2, 0.4, 0.6, figures={"f1": float("nan")})])
    assert history.best("train_loss").number == 2
    assert history.best("train_accuracy").number == 1, "the first of equal ones"
    assert history.best("f1").number == 1
    assert history.best("train_loss", "max").number == 1
    assert history["f1"][0] == 0.1
    with pytest.raises(ag.OptionError, match="no epoch has a figure 'recall'; there is number, train_loss"):
        history.best("recall")


# --- finding a learning rate ------------------------------------------------------------------------------------------


def test_finding_a_rate_leaves_everything_as_it_was():
    from nn import Dropout

    model = Sequential(network(), Dropout(0.5, rng=0), Linear(3, 3, rng=1, dtype=np.float64))
    optimizer = optim.Adam([{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.1}], lr=0.2)
    loader = DataLoader(data(), 10, shuffle=True, rng=0)
    fit(model, loader, epochs=1, optimizer=optimizer, progress=False)
    gradients = [parameter.grad for parameter in model.parameters()]

    def state():
        return repr(
            [weights(model).tobytes(), optimizer.state_dict(), loader.state_dict(), model[1].rng.bit_generator.state]
        )

    before = state()
    found = find_lr(model, loader, optimizer=optimizer, steps=30)
    assert state() == before
    assert all(parameter.grad is gradient for parameter, gradient in zip(model.parameters(), gradients, strict=True))
    assert len(found.rates) == len(found.losses) == len(found.smoothed) > 10
    np.testing.assert_allclose(np.diff(np.log(found.rates)), np.log(10 / 1e-6) / 29)  # equal factors, to rounding


def test_the_rate_that_is_suggested_is_of_the_right_size():
    """On a parabola (a/2) w² gradient descent converges up to 2/a, so a good rate lies below, and not far."""
    points = np.full((64, 1), 2.0)  # the loss (2 w - 6)² has a = 8
    model = Linear(1, 1, bias=False, rng=0, dtype=np.float64)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    found = find_lr(model, TensorDataset(points, 3 * points), optimizer=optimizer, loss=MSELoss(), rng=0)
    assert 2 / 8 / 20 < found.suggestion < 2 / 8
    assert found.losses[-1] > min(found.losses), "it goes on until the rate is too large"


def test_a_loss_that_never_falls_has_no_rate():
    model = Linear(1, 1, rng=0)
    still = ag.tensor(1.0)
    data = TensorDataset(np.ones((8, 1), np.float32), np.ones((8, 1), np.float32))
    found = find_lr(
        model, data, optimizer=optim.SGD(model.parameters(), lr=1.0), loss=lambda o, t: still + 0 * o.sum(), steps=20
    )
    with pytest.raises(ag.DataError, match="the loss never falls"):
        _ = found.suggestion
    with pytest.raises(ag.OptionError, match="0 < start < end"):
        find_lr(model, data, optimizer=optim.SGD(model.parameters(), lr=1.0), start=1.0, end=0.1)
