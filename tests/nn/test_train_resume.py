"""A run that was interrupted and gone on with gives the same bits as one that never stopped, wherever that was.

Each run here has dropout, shuffling, random distortions, batches made ahead in a thread, metrics, and an average of the
weights. "The same" is: every weight, what the optimizer and the average keep, every figure of the
history but the seconds, and the random numbers that would come next.
"""

import dataclasses
import signal

import numpy as np
import pytest

import autograd_core as ag
from nn import Dropout, Flatten, Linear, ReLU, Sequential, functional, optim
from nn.augment import Distorted
from nn.averaging import AveragedModel, get_ema_multi_avg_fn
from nn.callbacks import Callback, EarlyStopping
from nn.data import DataLoader, TensorDataset
from nn.metrics import metrics_of
from nn.optim import lr_scheduler
from nn.saving import load_checkpoint
from nn.train import DivergenceError, fit
from nn.train.tally import Tally

EPOCHS, BATCHES = 3, 7

OPTIMIZERS = [
    name
    for name in optim.__all__
    if isinstance(getattr(optim, name), type)
    and issubclass(getattr(optim, name), optim.Optimizer)
    and name != "Optimizer"
]
OPTIONS = {"LBFGS": {"lr": 0.1, "max_iter": 3}, "SGD": {"lr": 0.05, "momentum": 0.9}}

# a scheduler for each name; a new one fails here until it has a line
SCHEDULERS = {
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, 0.5, 7), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, 0.5, 9),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 10),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 2),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, 4),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "LRScheduler": lambda o: Halving(o),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda step: 1 / (1 + step)),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, 0.1, 1.0, 8),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [3, 9, 9]),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda step: 0.95),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.2, EPOCHS * BATCHES + 1),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, 20, 2.0),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0, threshold=0.5),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.1, 1.0, 4), lr_scheduler.StepLR(o, 3)], [4]
    ),
    "StepLR": lambda o: lr_scheduler.StepLR(o, 5),
    "Warmup": lambda o: lr_scheduler.Warmup(lr_scheduler.StepLR(o, 3), 4),
}


class Halving(lr_scheduler.LRScheduler):
    """A scheduler of the user's."""

    def get_lr(self):
        return [base * 0.5**self.last_epoch for base in self.base_lrs]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    """Files are written as always, but nobody waits until they would survive a power cut."""
    monkeypatch.setattr("nn.files.os.fsync", lambda _: None)


def images(count, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    blank = rng.random((count, 1, 4, 4), dtype=np.float32)
    blank[np.arange(count), 0, labels] += 1
    return TensorDataset(blank, labels)


class Setting:
    """All that takes part in a run, made anew, as a new process would."""

    def __init__(self, optimizer="Adam", scheduler=None, seed=0, **options):
        self.model = Sequential(
            Flatten(), Linear(16, 8, rng=seed), ReLU(), Dropout(0.3, rng=seed), Linear(8, 3, rng=seed)
        )
        self.optimizer = getattr(optim, optimizer)(self.model.parameters(), **OPTIONS.get(optimizer, {}))
        self.scheduler = scheduler and SCHEDULERS[scheduler](self.optimizer)
        self.train = DataLoader(Distorted(images(50, 1), rng=5), 8, shuffle=True, rng=seed, prefetch=2)
        self.ema = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
        self.options = {"metrics": ["f1_score", "roc_auc"], "scheduler_every": None, **options}
        if scheduler and scheduler != "ReduceLROnPlateau":
            self.options["scheduler_every"] = "step"

    def fit(self, **options):
        return fit(
            self.model,
            self.train,
            **{
                **{"epochs": EPOCHS, "optimizer": self.optimizer, "scheduler": self.scheduler, "ema": self.ema},
                **{"validation": DataLoader(images(20, 2), 7, shuffle=True, rng=3), "progress": False, "log": False},
                **self.options,
                **options,
            },
        )

    def bits(self, history):
        """Everything that must be the same."""
        parts = [self.model, self.optimizer, self.train, self.scheduler, self.ema]
        states = [part.state_dict() for part in parts if part is not None]
        figures = [dataclasses.replace(epoch, seconds=0.0) for epoch in history]
        drawing = [module.rng.bit_generator.state for module in self.model.modules() if isinstance(module, Dropout)]
        return repr([[*map(plain, states)], figures, drawing])


def plain(value):
    """Nested values with arrays as the bytes that they are, in an order that does not depend on who wrote them."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value, key=repr)}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray | np.generic) else value


def check_resume_everywhere(folder, points=20, **setting):
    """One run saves a checkpoint after each update and is compared with one that saves none; then resume from some."""
    alone = Setting(**setting)
    expected = alone.bits(alone.fit())
    saving = Setting(**setting)
    files = folder / "run.safetensors"
    history = saving.fit(checkpoint=files, checkpoint_every="step", keep=EPOCHS * BATCHES + 2)
    assert saving.bits(history) == expected, "saving is not to be noticed"
    kept = sorted(folder.glob("run*.safetensors"))
    assert len(kept) >= EPOCHS * BATCHES
    chosen = np.random.default_rng(0).choice(len(kept), points, replace=False)
    for path in (kept[i] for i in chosen):
        again = Setting(seed=9, **setting)  # whatever it begins with does not count
        history = again.fit(checkpoint=folder / "other.safetensors", checkpoint_every="1000 steps", resume=path)
        assert again.bits(history) == expected, path


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_resuming_at_20_random_points_with_every_optimizer(tmp_path, name):
    check_resume_everywhere(tmp_path, optimizer=name)


@pytest.mark.parametrize("name", sorted(n for n in lr_scheduler.__all__ if isinstance(getattr(lr_scheduler, n), type)))
def test_resuming_at_20_random_points_with_every_scheduler(tmp_path, name):
    check_resume_everywhere(tmp_path, optimizer="SGD", scheduler=name)


@pytest.mark.parametrize(
    "options",
    [
        {"accumulate": 2, "metrics": None},
        {"clip_norm": 0.1, "l2": 0.01},
        {"l1": 0.01, "clip_value": 0.01, "metrics": ["precision", "accuracy"]},
    ],
)
def test_resuming_with_other_options(tmp_path, options):
    alone = Setting(**options)
    expected = alone.bits(alone.fit())
    for stop in (2, 5, 9):
        path = tmp_path / f"{stop}.safetensors"
        history = Setting(**options).fit(checkpoint=path, checkpoint_every="1000 steps", callbacks=[StopAt(stop)])
        assert history.interrupted
        again = Setting(seed=9, **options)
        assert again.bits(again.fit(checkpoint=path, resume=True)) == expected


class StopAt(Callback):
    """Ctrl-C after so many updates, by the signal itself."""

    def __init__(self, step, moment="batch_end"):
        self.step = step
        setattr(self, moment, self.interrupt)

    def interrupt(self, run):
        if run.step >= self.step:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("times", "reached"), [(1, (1, 5)), (2, None)])
def test_ctrl_c_within_an_update_waits_for_its_end_and_a_second_does_not(tmp_path, times, reached):
    alone = Setting()
    expected = alone.bits(alone.fit())
    calls = []

    def loss(outputs, targets):
        calls.append(1)
        if len(calls) == 5:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return functional.cross_entropy(outputs, targets)

    path = tmp_path / "run.safetensors"
    assert Setting().fit(checkpoint=path, loss=loss).interrupted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if reached is None:
        assert not path.exists(), "half an update is no state to go on from"
        return
    run = load_checkpoint(path)["run"]
    assert (run["epoch"], run["batch"]) == reached
    again = Setting(seed=9)
    assert again.bits(again.fit(checkpoint=path, resume=True)) == expected


def test_ctrl_c_within_validation_is_gone_on_from(tmp_path):
    alone = Setting()
    expected = alone.bits(alone.fit())
    calls = []

    def loss(outputs, targets):
        if not outputs.requires_grad:
            calls.append(1)
            if len(calls) == 5:  # in the second epoch
                signal.raise_signal(signal.SIGINT)
        return functional.cross_entropy(outputs, targets)

    first = Setting()
    history = first.fit(checkpoint=tmp_path / "run.safetensors", loss=loss)
    assert history.interrupted
    assert len(history) == 1
    again = Setting(seed=9)
    assert again.bits(again.fit(checkpoint=tmp_path / "run.safetensors", resume=True)) == expected


def test_a_generator_that_model_and_loader_share_is_where_it_would_be(tmp_path):
    def run(**options):
        rng = np.random.default_rng(0)
        model = Sequential(Flatten(), Dropout(0.5, rng=rng), Linear(16, 3, rng=0))
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        settings = {"epochs": 3, "optimizer": optimizer, "progress": False, "log": False, "batch_size": 8}
        fit(model, images(40, 1), rng=rng, **{**settings, **options})
        return model[2].weight.data.tobytes()

    expected = run()
    for stop in (1, 4, 5, 7):
        path = tmp_path / f"{stop}.safetensors"
        run(checkpoint=path, callbacks=[StopAt(stop)])
        assert run(checkpoint=path, resume=True) == expected, stop


def test_callbacks_remember(tmp_path):
    def stopping():
        return EarlyStopping("validation_loss", patience=2, min_delta=0.5, restore_best=True)

    alone = Setting(callbacks=[stopping()])
    history = alone.fit(epochs=20)
    assert len(history) < 20
    expected = alone.bits(history)
    first = Setting(callbacks=[stopping(), StopAt(8)])
    first.fit(epochs=20, checkpoint=tmp_path / "run.safetensors")
    again = Setting(seed=9, callbacks=[stopping()])
    assert again.bits(again.fit(epochs=20, checkpoint=tmp_path / "run.safetensors", resume=True)) == expected


def test_a_finished_run_stays_finished_and_more_epochs_go_on(tmp_path):
    alone = Setting()
    expected = alone.bits(alone.fit(epochs=6))
    path = tmp_path / "run.safetensors"
    first = Setting()
    three = first.bits(first.fit(epochs=3, checkpoint=path))
    again = Setting(seed=9)
    assert again.bits(again.fit(epochs=3, checkpoint=path, resume=True)) == three
    more = Setting(seed=9)
    assert more.bits(more.fit(epochs=6, checkpoint=path, resume=True)) == expected


def test_after_an_error_the_run_goes_on_from_the_last_checkpoint(tmp_path):
    path = tmp_path / "run.safetensors"
    alone = Setting()
    expected = alone.bits(alone.fit())

    class Fault(Callback):
        def epoch_end(self, run):
            if run.epoch == 2:
                raise ZeroDivisionError("a fault of the user's")

    with pytest.raises(ZeroDivisionError) as caught:
        Setting().fit(checkpoint=path, callbacks=[Fault()])
    notes = "\n".join(caught.value.__notes__)
    assert "the callback" in notes
    assert "Fault.epoch_end in epoch 2" in notes
    assert f"The run up to epoch 3, batch 0 is in {path}; resume=True goes on from it" in notes
    again = Setting(seed=9)
    assert again.bits(again.fit(checkpoint=path, resume=True)) == expected


def test_resume_begins_where_there_is_nothing_yet_and_says_when_settings_differ(tmp_path, capsys):
    path = tmp_path / "run.safetensors"
    Setting().fit(epochs=1, checkpoint=path, resume=True)
    assert path.exists()
    Setting().fit(epochs=2, checkpoint=path, resume=True, progress=True, clip_norm=1.0)
    said = capsys.readouterr().out
    assert f"resumed from {path}: epoch 2, batch 0" in said
    assert "clip_norm is 1.0, but was None: other figures may follow" in said
    Setting().fit(epochs=1, checkpoint=path, progress=True)
    assert "is of an earlier run and will be replaced; resuming goes on from it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizer": "SGD"}, "optimizer does not fit"),
        ({"metrics": ["recall"]}, "the metrics are recall, but the run was saved with f1_score, roc_auc"),
        ({"callbacks": [EarlyStopping()]}, "callbacks that remember .* EarlyStopping, but .* with none"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_nothing_changes(tmp_path, change, words):
    path = tmp_path / "run.safetensors"
    Setting().fit(epochs=1, checkpoint=path)
    other = Setting(seed=9, **change)
    before = repr(plain(other.model.state_dict()))
    with pytest.raises(ag.DataError, match=words):
        other.fit(epochs=2, checkpoint=path, resume=True)
    assert repr(plain(other.model.state_dict())) == before


@pytest.mark.parametrize("every", ["2", "1.5 epochs", "0 steps", "3 weeks", "one two three", 5])
def test_intervals_without_meaning_are_refused(tmp_path, every):
    with pytest.raises(ag.OptionError, match="checkpoint_every must be such as"):
        Setting().fit(checkpoint=tmp_path / "run.safetensors", checkpoint_every=every)


def test_the_best_and_the_last_few_are_kept(tmp_path):
    path = tmp_path / "run.safetensors"
    history = Setting().fit(epochs=5, checkpoint=path, keep=2, keep_best=True, watch="validation_f1_score")
    assert {file.name for file in tmp_path.iterdir()} == {
        "run.safetensors",
        "run.1.safetensors",
        "run.best.safetensors",
    }
    best = load_checkpoint(tmp_path / "run.best.safetensors")["history"]["epochs"]
    assert len(best) == history.best("validation_f1_score").number
    assert len(load_checkpoint(tmp_path / "run.1.safetensors")["history"]["epochs"]) == 4


def test_divergence_leaves_the_checkpoint_before_it(tmp_path):
    path = tmp_path / "run.safetensors"
    setting = Setting("SGD")

    def blow_up(history):
        setting.optimizer.param_groups[0]["lr"] = 1e30

    with pytest.raises(DivergenceError) as caught:
        setting.fit(checkpoint=path, callbacks=[blow_up])
    assert "The run up to epoch 2, batch 0 is in" in caught.value.__notes__[0]


def test_sums_are_taken_in_the_same_order_after_an_interruption(monkeypatch):
    """Sums of floating point numbers depend on how they are grouped, and batches are held and summed in groups."""
    monkeypatch.setattr("nn.train.tally._HELD", 60)
    rng = np.random.default_rng(0)
    batches = [rng.standard_normal((2, 7, 3)) * 10.0**k for k in range(-5, 6)]
    whole = Tally(metrics_of(["mean_squared_error", "r2_score"]))
    for outputs, targets in batches:
        whole.add(0.1, outputs, targets)
    for stop in range(1, len(batches)):
        first, second = (Tally(metrics_of(["mean_squared_error", "r2_score"])) for _ in range(2))
        for outputs, targets in batches[:stop]:
            first.add(0.1, outputs, targets)
        second.load_state_dict(first.state_dict())
        for outputs, targets in batches[stop:]:
            second.add(0.1, outputs, targets)
        assert (second.loss, second.figures()) == (whole.loss, whole.figures()), stop


@pytest.mark.parametrize(
    ("every", "found"),
    [
        # where each checkpoint stands, as (epoch, batch); the last is what there is at the end
        ("epoch", [(2, 0), (3, 0), (4, 0)]),
        ("2 epochs", [(3, 0), (4, 0)]),
        ("5 steps", [(1, 5), (2, 3), (3, 1), (3, 6), (4, 0)]),
        ("1e-9 seconds", [*((e, b) for e in (1, 2, 3) for b in [*range(1, BATCHES + 1), None]), (4, 0)]),
        ("3 hours", [(4, 0)]),
    ],
)
def test_checkpoints_come_as_often_as_is_said(tmp_path, every, found):
    Setting().fit(checkpoint=tmp_path / "run.safetensors", checkpoint_every=every, keep=99)
    runs = [load_checkpoint(path)["run"] for path in tmp_path.glob("run*.safetensors")]
    stands = sorted((run["epoch"], run["batch"]) for run in runs)
    expected = {(e + 1, 0) if b is None else (e, b) for e, b in found}
    assert stands == sorted(expected)
