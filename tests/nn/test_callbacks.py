"""What is done at moments of training: which come when, what stops a run, and that no fault of one loses it."""

import sys

import numpy as np
import pytest

import autograd_core as ag
from nn import MLP, Linear, functional, optim
from nn.callbacks import BestWeights, Callback, EarlyStopping, JSONLog, TensorBoard
from nn.callbacks.base import MOMENTS
from nn.data import TensorDataset
from nn.history import History
from nn.monitor import GradientNorms
from nn.saving import read_weights
from nn.train import fit

points = np.linspace(-1, 1, 12, dtype=np.float32)[:, None]
DATA = TensorDataset(points, 2 * points)


def trained(callbacks, model=None, **options):
    model = model or Linear(1, 1, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    settings = {"epochs": 2, "batch_size": 6, "loss": functional.mse_loss, "progress": False, "rng": 0}
    return fit(model, DATA, optimizer=optimizer, callbacks=callbacks, **{**settings, **options})


class Recorder(Callback):
    """Writes down every moment."""

    def __init__(self):
        self.seen = []
        for moment in MOMENTS:
            setattr(self, moment, lambda run, moment=moment: self.seen.append((moment, run.epoch, run.batch, run.step)))


def test_the_moments_come_in_order_and_see_where_the_run_stands():
    recorder = Recorder()
    trained([recorder], epochs=1)
    update = ["batch_begin", "backward_end", "batch_end"]
    assert [moment for moment, *_ in recorder.seen] == [
        "train_begin", "epoch_begin", *update, *update, "epoch_end", "train_end"
    ]  # fmt: skip
    assert [at for moment, *at in recorder.seen if moment == "batch_end"] == [[1, 1, 1], [1, 2, 2]]
    assert recorder.seen[-2] == ("epoch_end", 1, 2, 2)


def test_gradients_may_be_changed_when_they_are_there():
    class Freeze(Callback):
        def backward_end(self, run):
            for parameter in run.model.parameters():
                parameter.grad.writable()[...] = 0

    model = Linear(1, 1, rng=0)
    before = model.weight.item()
    trained([Freeze()], model)
    assert model.weight.item() == before


def test_what_has_moments_need_not_derive_from_anything_and_functions_get_the_history():
    class Counting:
        count = 0

        def epoch_end(self, run):
            self.count += 1

    counting, seen = Counting(), []
    history = trained([counting, seen.append])
    assert counting.count == 2
    assert seen == [history, history]


@pytest.mark.parametrize(
    ("moment", "epochs", "batches"), [("batch_end", 1, 1), ("epoch_end", 1, 2), ("epoch_begin", 1, 1)]
)
def test_anybody_can_stop_a_run(moment, epochs, batches):
    class Stop(Callback):
        reason = ""

        def __init__(self):
            setattr(self, moment, lambda run: run.stop("enough"))

        def train_end(self, run):
            self.reason, self.step = run.reason, run.step

    stop = Stop()
    history = trained([stop], epochs=5)
    assert (len(history), stop.step) == (epochs, batches)
    assert stop.reason == "stopped: enough"
    assert not history.interrupted


@pytest.mark.parametrize("moment", [moment for moment in MOMENTS if moment != "train_end"])
def test_a_fault_in_one_callback_keeps_the_others_going_and_saves_what_was_reached(tmp_path, moment):
    class Fault(Callback):
        def __init__(self):
            setattr(self, moment, self.fault)

        def fault(self, run):
            raise ZeroDivisionError("mine")

    recorder, path = Recorder(), tmp_path / "w.safetensors"
    model = Linear(1, 1, rng=0)
    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        trained([Fault(), recorder], model, save_to=path)
    assert "It was raised by the callback" in caught.value.__notes__[0]
    assert moment in [seen for seen, *_ in recorder.seen], "the one behind it still had its turn"
    assert recorder.seen[-1][0] == "train_end"
    assert np.array_equal(read_weights(path)["weight"], model.weight.detach().numpy())
    assert '"reason": "failed: ZeroDivisionError: mine"' in path.with_suffix(".jsonl").read_text()


def test_a_fault_at_the_end_comes_out_when_all_is_saved(tmp_path):
    class Fault(Callback):
        def train_end(self, run):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        trained([Fault()], save_to=tmp_path / "w.safetensors")
    assert (tmp_path / "w.safetensors").exists()
    assert len(History.load(tmp_path / "w.jsonl")) == 2


# --- early stopping, and the best -------------------------------------------------------------------------------------


class Planned(Callback):
    """Puts planned figures where the losses of validation would be."""

    def __init__(self, figures):
        self.figures = figures

    def epoch_end(self, run):
        run.history.last.figures["validation_planned"] = self.figures[run.epoch - 1]


@pytest.mark.parametrize(
    ("figures", "options", "last"),
    [
        ([3.0, 2.0, 2.5, 2.0, 1.0, 1.0], {"patience": 2, "mode": "min"}, 4),
        ([3.0, 2.0, 2.5, 1.9, 1.8, 1.0], {"patience": 2, "mode": "min"}, 6),
        ([3.0, 2.9, 2.8, 2.7, 2.6, 2.5], {"patience": 2, "mode": "min", "min_delta": 0.15}, 6),
        ([3.0, 2.9, 2.8, 2.7, 2.6, 2.5], {"patience": 2, "mode": "min", "min_delta": 0.45}, 3),
        ([1.0, 2.0, 3.0, 2.0, 2.0, 9.0], {"patience": 1}, 4),
        ([1.0, float("nan"), float("nan"), 0.5, 0.5, 0.5], {"patience": 2}, 3),
    ],
)
def test_early_stopping_counts_from_the_best_epoch(figures, options, last):
    stopping = EarlyStopping("validation_planned", **options)
    history = trained([Planned(figures), stopping], epochs=6)
    assert len(history) == last


def test_the_best_weights_come_back_and_are_what_is_saved(tmp_path):
    class Keep(Callback):
        def __init__(self):
            self.weights = []

        def epoch_end(self, run):
            self.weights.append(run.model.weight.item())

    model, keep = Linear(1, 1, rng=0), Keep()
    stopping = EarlyStopping("validation_planned", patience=2, restore_best=True)
    best = BestWeights(tmp_path / "best.safetensors", "validation_planned")
    planned = Planned([1.0, 3.0, 2.0, 2.0, 9.0])
    history = trained([planned, stopping, best, keep], model, epochs=5, save_to=tmp_path / "w.safetensors")
    assert len(history) == 4
    assert stopping.best_epoch == 2
    assert model.weight.item() == keep.weights[1] != keep.weights[3]
    for name in ("w", "best"):
        assert read_weights(tmp_path / f"{name}.safetensors")["weight"].item() == keep.weights[1]


def test_a_figure_that_is_not_there_is_named_with_what_is():
    with pytest.raises(
        ag.OptionError, match="EarlyStopping: the epochs have no figure 'validation_loss'; give fit valid"
    ):
        trained([EarlyStopping()])
    with pytest.raises(ag.OptionError, match=r"BestWeights: .*'f1'; watch one of these: number, train_loss, "):
        trained([BestWeights("best.safetensors", "f1")])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"patience": 0}, "patience must be a positive whole number"),
        ({"min_delta": -1}, "min_delta must be a number, at least 0"),
        ({"mode": "low"}, "mode must be 'min', 'max' or None"),
        ({"restore_best": 1}, "restore_best must be True or False"),
    ],
)
def test_options_without_meaning_are_refused(options, words):
    with pytest.raises(ag.OptionError, match=words):
        EarlyStopping(**options)


def test_gradient_norms_of_a_run_that_was_interrupted_are_all_there(tmp_path):
    def norms(epochs, **options):
        model = Linear(1, 1, rng=0)
        record = GradientNorms(model)
        trained([record], model, epochs=epochs, checkpoint=tmp_path / "run.safetensors", **options)
        return record

    whole = norms(4)
    norms(2)
    again = norms(4, resume=True)
    assert (
        (again.at, again.norms, again.unit) == (whole.at, whole.norms, "epoch") == ([1, 2, 3, 4], whole.norms, "epoch")
    )
    with pytest.raises(ag.DataError, match="GradientNorms: the layers are 0, 2, but these norms are of "):
        GradientNorms(MLP([1, 2, 1])).load_state_dict(whole.state_dict())


# --- logs -------------------------------------------------------------------------------------------------------------


def test_a_log_can_be_anywhere(tmp_path):
    history = trained([JSONLog(tmp_path / "deep" / "er" / "log.jsonl")])
    assert History.load(tmp_path / "deep" / "er" / "log.jsonl") == history


def test_tensorboard_gets_the_figures(tmp_path):
    pytest.importorskip("tensorboardX", reason="event files are written by tensorboardX")
    history = trained([TensorBoard(tmp_path, every=1)], validation=DATA)
    found = scalars(tmp_path)
    (first, one), (second, two) = found["loss/train"]
    assert (first, second) == (2, 4)
    assert [one, two] == pytest.approx(history["train_loss"], rel=1e-6)  # they are float32 in the file
    assert [step for step, _ in found["loss"]] == [1, 2, 3, 4]
    assert {"loss/validation", "lr", "seconds"} <= set(found)
    assert [step for step, _ in found["lr"]] == [2, 4]


def scalars(folder):
    """What is in the event files: records of a length, its checksum, an event, and the checksum of that."""
    from tensorboardX.proto.event_pb2 import Event

    found = {}
    for path in folder.iterdir():
        content, at = path.read_bytes(), 0
        while at < len(content):
            length = int.from_bytes(content[at : at + 8], "little")
            event = Event.FromString(content[at + 12 : at + 12 + length])
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
            at += length + 16
    return found


def test_without_tensorboardx_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"tensorboardX; python -m pip install 'autograd-core\[tensorboard\]'"):
        TensorBoard("somewhere")
