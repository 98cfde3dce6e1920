"""Runs of many options at once, interrupted again and again at random points: the same bits as without interruption.

The cases are drawn from seeds, so that they are the same in every run. What each option does by itself is said beside.
"""

import random
import signal

import numpy as np
import pytest

from nn import BatchNorm1d, CrossEntropyLoss, Dropout, Linear, ReLU, Sequential, optim
from nn.averaging import AveragedModel, get_ema_multi_avg_fn
from nn.callbacks import Callback, EarlyStopping
from nn.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    MixedSampler,
    RandomSampler,
    StratifiedSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from nn.optim import lr_scheduler
from nn.train import fit

COUNT = 39


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    """Files are written as always, but nobody waits until they would survive a power cut."""
    monkeypatch.setattr("nn.files.os.fsync", lambda _: None)


def points(count=COUNT):
    x = np.random.default_rng(3).standard_normal((count, 6)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0.5)


class Noisy(Dataset):
    def __init__(self, seed):
        (self.x, self.y), self.rng = points(), np.random.default_rng(seed)

    def __len__(self):
        return COUNT

    def __getitem__(self, index):
        return self.x[index] + self.rng.standard_normal(6).astype(np.float32), self.y[index]


class Stream(IterableDataset):
    def __init__(self, seed):
        self.samples = Noisy(seed)
        self.rng = np.random.default_rng(seed)

    def __iter__(self):
        return (self.samples[i] for i in self.rng.permutation(COUNT).tolist())


class Remembering(Callback):
    """Learning rates that depend on all losses so far, and on numbers of its own."""

    def __init__(self):
        self.sum, self.rng = 0.0, np.random.default_rng(5)

    def batch_end(self, run):
        self.sum = 0.9 * self.sum + run.loss + self.rng.random()
        for group in run.optimizer.param_groups:
            group["lr"] *= 1 + 0.01 * np.tanh(self.sum)  # a number of NumPy, as users' are

    def state_dict(self):
        return {"sum": self.sum, "rng": self.rng.bit_generator.state}

    def load_state_dict(self, state):
        self.sum, self.rng.bit_generator.state = state["sum"], state["rng"]


class Stopping(Callback):
    """Ends training at a moment, in one of the ways in which it may end."""

    def __init__(self, at, how):
        self.left, self.how = at, how

    def look(self, run):
        self.left -= 1
        if self.left == 0:
            if self.how is signal.SIGINT:
                signal.raise_signal(signal.SIGINT)
            else:
                raise self.how("to be gone on from")

    epoch_begin = batch_begin = backward_end = batch_end = epoch_end = look


LOADERS = {
    "plain": lambda b, **o: DataLoader(TensorDataset(*points()), b, shuffle=True, rng=7, **o),
    "noisy": lambda b, **o: DataLoader(Noisy(4), b, shuffle=True, rng=7, **o),
    "stream": lambda b, **o: DataLoader(Stream(4), b, **o),
    "weighted": lambda b, **o: DataLoader(
        Noisy(4), b, sampler=WeightedRandomSampler(np.arange(1.0, 40.0), COUNT, rng=7), **o
    ),
    "stratified": lambda b, **o: DataLoader(Noisy(4), b, sampler=StratifiedSampler(points()[1], b, rng=7), **o),
    "subset": lambda b, **o: DataLoader(Noisy(4), b, sampler=SubsetRandomSampler(range(3, 30), rng=7), **o),
    "batches": lambda b, drop_last=False, **o: DataLoader(
        Noisy(4), batch_sampler=BatchSampler(RandomSampler(range(COUNT), True, rng=7), b, drop_last), **o
    ),
    "mixed": lambda b, **o: mixed(ConcatDataset([Noisy(4), Noisy(9)]), b, **o),
}


def mixed(both, batch_size, **options):
    return DataLoader(both, batch_size, sampler=MixedSampler(both, [0.3, 0.7], COUNT, rng=7), **options)


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "Adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
    "Rprop": lambda p: optim.Rprop(p, lr=0.01),
    "LBFGS": lambda p: optim.LBFGS([q for group in p for q in group["params"]], lr=0.1, max_iter=3),
}
SCHEDULERS = {
    "none": lambda o: None,
    "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0, factor=0.7),
    "one cycle": lambda o: lr_scheduler.OneCycleLR(o, 0.05, 400, cycle_momentum=False),
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.95**epoch),
    "warm-up": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, total_iters=2), lr_scheduler.ExponentialLR(o, 0.9)], milestones=[2]
    ),
}
LOSSES = {"mean": CrossEntropyLoss, "weighted": lambda: CrossEntropyLoss(weight=np.array([1, 2, 0.5], np.float32))}


def choices(draw):
    return {
        "optimizer": draw.choice([*OPTIMIZERS]),
        "scheduler": draw.choice([*SCHEDULERS]),
        "loss": draw.choice([*LOSSES]),
        "loader": draw.choice([*LOADERS]),
        "batch_size": draw.choice([4, 5, 7]),
        "drop_last": draw.choice([False, True]),
        "prefetch": draw.choice([0, 0, 2]),
        "norm": draw.choice([False, True]),
        "ema": draw.choice([None, "mean", 0.9]),
        "validation": draw.choice([None, "plain", "noisy"]),
        "callbacks": draw.choice([(), (Remembering,), (Remembering, EarlyStopping)]),
        "fit": {
            "accumulate": draw.choice([1, 2, 3]),
            "clip_norm": draw.choice([None, 0.5]),
            "l2": draw.choice([0.0, 1e-3]),
            "metrics": draw.choice([None, ["f1_score"]]),
            "checkpoint_every": draw.choice(["epoch", "1 step", "4 steps", "2 epochs", "0.001 seconds"]),
            "keep": draw.choice([1, 2]),
            "epochs": draw.choice([2, 3]),
        },
    }


def run(chosen, folder, stopping=None, resume=False):
    """Everything made anew, as in another process; what there is in the end, and whether it is the end."""
    norm = [BatchNorm1d(8)] if chosen["norm"] and chosen["batch_size"] != 7 else []  # 39 = 5 * 7 + 4, no batch of one
    model = Sequential(Linear(6, 8, rng=0), *norm, ReLU(), Dropout(0.3, rng=1), Linear(8, 3, rng=2))
    parameters = list(model.parameters())
    optimizer = OPTIMIZERS[chosen["optimizer"]]([{"params": parameters[:2]}, {"params": parameters[2:]}])
    scheduler = SCHEDULERS[chosen["scheduler"]](optimizer)
    average = None if chosen["ema"] is None else AveragedModel(model)
    if chosen["ema"] == 0.9:
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    loader = LOADERS[chosen["loader"]](chosen["batch_size"], drop_last=chosen["drop_last"], prefetch=chosen["prefetch"])
    checked = {None: None, "plain": TensorDataset(*points(20)), "noisy": DataLoader(Noisy(77), 8)}[chosen["validation"]]
    callbacks = [
        kind() if kind is Remembering else kind("train_loss", patience=1, restore_best=True)
        for kind in chosen["callbacks"]
    ]
    history = fit(
        model,
        loader,
        optimizer=optimizer,
        scheduler=scheduler,
        loss=LOSSES[chosen["loss"]](),
        ema=average,
        validation=checked,
        watch="train_loss",
        callbacks=[*callbacks, *([stopping] if stopping else [])],
        checkpoint=folder / "run.safetensors",
        progress=False,
        resume=resume,
        **chosen["fit"],
    )
    parts = [model, optimizer, loader, history, *callbacks, *filter(None, [scheduler, average])]
    return [part.state_dict() for part in parts], history.interrupted


def flat(state, path=""):
    if isinstance(state, dict):
        state = {key: value for key, value in state.items() if key != "seconds"}
    if isinstance(state, dict | list | tuple):
        for key, value in state.items() if isinstance(state, dict) else enumerate(state):
            yield from flat(value, f"{path}.{key}")
    else:
        yield path, state.tobytes() if isinstance(state, np.ndarray) else repr(state)


@pytest.mark.parametrize("seed", range(30))
def test_many_options_at_once_and_many_interruptions(tmp_path, seed):
    draw = random.Random(seed)
    chosen = choices(draw)
    if chosen["norm"] and (39 % chosen["batch_size"] == 1 or chosen["loader"] == "subset"):
        chosen["norm"] = False  # a batch of one sample has no variance
    expected, _ = run(chosen, tmp_path / "whole")
    interrupted, times = True, 0
    while interrupted:
        stopping = Stopping(draw.randrange(1, 70), draw.choice([RuntimeError, KeyboardInterrupt, signal.SIGINT]))
        try:
            found, interrupted = run(chosen, tmp_path, stopping if times < 5 else None, resume=times > 0)
        except RuntimeError as error:
            assert "to be gone on from" in str(error)  # noqa: PT017 - in some of the turns only
        times += 1
    assert dict(flat(found)) == dict(flat(expected)), chosen


@pytest.mark.parametrize("count", [7, 8, 9])
def test_stopping_at_the_last_update_of_an_epoch_does_not_repeat_the_epoch(tmp_path, count):
    class Stop(Callback):
        def batch_end(self, run):
            if run.batch == count:
                raise KeyboardInterrupt

    def go(callbacks, **options):
        x = np.random.default_rng(0).standard_normal((count, 2)).astype(np.float32)
        model = Linear(2, 2, rng=0)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        options = {"batch_size": 1, "accumulate": 3, "epochs": 1, "progress": False, "rng": 0, **options}
        data = TensorDataset(x, (x[:, 0] > 0).astype(np.int64))
        history = fit(model, data, optimizer=optimizer, callbacks=callbacks, **options)
        return history, model.weight.detach().numpy()

    _, expected = go([])
    assert go([Stop()], checkpoint=tmp_path / "run.safetensors")[0].interrupted
    history, weight = go([], checkpoint=tmp_path / "run.safetensors", resume=True)
    assert len(history) == 1
    assert np.array_equal(weight, expected)


def test_a_scheduler_that_goes_on_does_not_ask_whether_the_optimizer_has_made_a_step():
    def both():
        optimizer = optim.SGD(Linear(1, 1).parameters(), lr=0.1)
        return optimizer, lr_scheduler.ExponentialLR(optimizer, 0.5)

    (optimizer, scheduler), (later, goes_on) = both(), both()
    optimizer.step()
    later.load_state_dict(optimizer.state_dict())
    goes_on.load_state_dict(scheduler.state_dict())
    goes_on.step()  # a warning would be an error here
    assert goes_on.get_last_lr() == [0.05]


def test_resuming_says_what_is_used_otherwise_than_asked_for(tmp_path, capsys):
    def go(optimizer=None, sampler=None, loss=CrossEntropyLoss, **options):
        model = Linear(6, 3, rng=0)
        rate = {"lr": 0.1} if optimizer is None else optimizer
        loader = DataLoader(TensorDataset(*points()), 8, sampler=sampler and sampler(), shuffle=not sampler, rng=7)
        options = {"checkpoint": tmp_path / "run.safetensors", "ema": 0.9, **options}
        fit(model, loader, optimizer=optim.SGD(model.parameters(), **rate), loss=loss(), **options)
        return capsys.readouterr().out

    go(epochs=1, config={"name": "one"})
    assert "figures may follow" not in go(epochs=2, resume=True, config={"name": "one"})
    said = go(
        {"lr": 0.5},
        lambda: WeightedRandomSampler(np.ones(COUNT), COUNT, rng=7),
        lambda: CrossEntropyLoss(label_smoothing=0.1),
        epochs=3,
        resume=True,
        config={"name": "two"},
        ema=0.99,
        scheduler_every="step",
    )
    assert "lr=0.1 of the optimizer was saved and is used, not 0.5" in said
    assert "sampler=WeightedRandomSampler), but was DataLoader(" in said
    assert "loss is CrossEntropyLoss(label_smoothing=0.1), but was CrossEntropyLoss()" in said
    assert "name is two, but was one" in said
    assert "ema is 0.99, but was 0.9" in said
    assert "scheduler_every is step, but was None" in said
    assert said.count("figures may follow") == 5
