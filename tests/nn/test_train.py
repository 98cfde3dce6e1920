"""Training: it learns, the same seed gives the same bits, and neither Ctrl-C nor divergence loses what was reached."""

import numpy as np
import pytest

import autograd_core as ag
from nn import MLP, Dropout, Linear, ReLU, Sequential, functional, optim
from nn.augment import Distorted, affine
from nn.data import DataLoader, TensorDataset
from nn.history import Epoch, History
from nn.saving import load_weights
from nn.train import DivergenceError, evaluate, fit, predict


def blobs(count=120, seed=0):
    """Three classes of points around three corners, well apart."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    corners = np.array([[0, 0], [3, 0], [0, 3]])
    return TensorDataset((corners[labels] + 0.4 * rng.standard_normal((count, 2))).astype(np.float32), labels)


def trained(seed=0, epochs=8, **options):
    model = Sequential(Linear(2, 16, rng=seed), ReLU(), Dropout(0.1, rng=seed), Linear(16, 3, rng=seed))
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    return model, fit(
        model, blobs(), epochs=epochs, optimizer=optimizer, rng=seed, batch_size=16, progress=False, **options
    )


def test_it_learns():
    model, history = trained(validation=blobs(seed=1))
    assert history.last.validation_accuracy > 0.95
    assert history["train_loss"][-1] < history["train_loss"][0] / 2
    assert evaluate(model, blobs(seed=2)).accuracy > 0.95


def test_the_same_seed_gives_the_same_bits_and_another_gives_others():
    (one, first), (two, second), (three, _) = trained(0), trained(0), trained(1)
    assert first["train_loss"] == second["train_loss"]
    same = [np.array_equal(a.data, b.data) for a, b in zip(one.parameters(), two.parameters(), strict=True)]
    assert all(same)
    assert not np.array_equal(next(one.parameters()).data, next(three.parameters()).data)


def test_what_is_not_a_class_has_no_accuracy():
    x = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
    model = MLP([1, 8, 1], rng=0)
    history = fit(
        model,
        TensorDataset(x, 2 * x),
        epochs=30,
        optimizer=optim.SGD(model.parameters(), lr=0.1),
        loss=functional.mse_loss,
        rng=0,
        batch_size=8,
        progress=False,
    )
    assert history.last.train_accuracy is None
    assert history.last.train_loss < 0.01


def test_evaluation_is_without_dropout_and_leaves_the_mode_alone():
    model = Sequential(Linear(2, 3, rng=0), Dropout(0.9, rng=0))
    model[0].eval()
    assert np.array_equal(predict(model, blobs()), model[0](blobs().tensors[0]).detach().numpy())
    assert [model.training, model[0].training, model[1].training] == [True, False, True]
    assert evaluate(model, blobs(), batch_size=7).loss == pytest.approx(evaluate(model, blobs()).loss, rel=1e-5)


def test_ctrl_c_leaves_what_was_reached_saved(tmp_path):
    def interrupt(history):
        if len(history) == 3:
            raise KeyboardInterrupt

    path = tmp_path / "weights.safetensors"
    model, history = trained(save_to=path, callbacks=[interrupt])
    assert history.interrupted
    assert len(history) == 3
    again = Sequential(Linear(2, 16), ReLU(), Dropout(0.1), Linear(16, 3))
    load_weights(again, path)
    assert np.array_equal(predict(again, blobs()), predict(model, blobs()))
    kept = History.load(path.with_suffix(".json"))
    assert kept == history


def test_ctrl_c_within_an_epoch_is_saved_too(tmp_path):
    path = tmp_path / "weights.safetensors"
    calls = []

    def loss(outputs, targets):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return functional.cross_entropy(outputs, targets)

    _, history = trained(save_to=path, loss=loss)
    assert history.interrupted
    assert len(history) == 0
    assert path.exists()


def test_a_history_is_continued():
    model, history = trained(epochs=2)
    fit(
        model,
        blobs(),
        epochs=2,
        optimizer=optim.SGD(model.parameters(), lr=0.1),
        rng=0,
        progress=False,
        history=history,
    )
    assert history["number"] == [1, 2, 3, 4]


def test_a_loss_that_is_no_number_ends_training_with_where_and_what_helps():
    model = MLP([2, 16, 3], rng=0)
    optimizer = optim.SGD(model.parameters(), lr=1e20)
    with pytest.raises(DivergenceError, match=r"loss is (nan|inf) in epoch 1, batch \d+; try a smaller .* than 1e\+20"):
        fit(model, blobs(), epochs=5, optimizer=optimizer, rng=0, batch_size=16, progress=False)


def test_inputs_that_are_no_numbers_are_named_as_the_cause():
    points = blobs().tensors[0].numpy().copy()
    points[7, 1] = np.nan
    model = MLP([2, 3], rng=0)
    data = TensorDataset(points, blobs().tensors[1].numpy())
    with pytest.raises(DivergenceError, match="the inputs of this batch hold NaN"):
        fit(model, data, epochs=1, optimizer=optim.SGD(model.parameters(), lr=0.1), progress=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be a positive whole number"),
        ({"epochs": 1, "save_to": "weights.pt"}, r"\.safetensors"),
        ({"epochs": 1, "batch_size": 0}, "batch_size must be a positive whole number"),
    ],
)
def test_options_without_meaning_are_refused(options, message):
    model = MLP([2, 3], rng=0)
    with pytest.raises(ag.OptionError, match=message):
        fit(model, blobs(), optimizer=optim.SGD(model.parameters(), lr=0.1), **options)


def test_samples_that_are_no_pairs_are_refused():
    model = MLP([2, 3], rng=0)
    with pytest.raises(ag.DataError, match="a pair of an input and a target, got 1 parts"):
        fit(model, TensorDataset(np.zeros((4, 2))), epochs=1, optimizer=optim.SGD(model.parameters(), lr=0.1))


def test_without_a_terminal_there_is_one_line_for_each_epoch(capsys):
    model = MLP([2, 3], rng=0)
    fit(model, blobs(), epochs=3, optimizer=optim.SGD(model.parameters(), lr=0.1), rng=0)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("epoch   3/3  loss ")


def test_a_history_that_is_something_else_is_refused(tmp_path):
    path = History([Epoch(1, 0.5)]).save(tmp_path / "history.json")
    path.write_text(path.read_text().replace("train_loss", "loss"))
    with pytest.raises(ag.DataError, match=r"history\.json: not a training history"):
        History.load(path)


def test_a_turned_image_is_turned():
    images = np.random.default_rng(0).random((2, 3, 5, 5), dtype=np.float32)
    quarter = np.array([[[0.0, 1.0], [-1.0, 0.0]]] * 2)
    # exact: every position falls on a pixel
    assert np.array_equal(affine(images, quarter, np.zeros((2, 2))), np.rot90(images, axes=(2, 3)))


def test_distorted_images_keep_their_labels_and_differ_from_epoch_to_epoch():
    images = np.random.default_rng(0).random((10, 1, 8, 8), dtype=np.float32)
    loader = DataLoader(Distorted(TensorDataset(images, np.arange(10)), rng=0), batch_size=10)
    (first, labels), (second, _) = next(iter(loader)), next(iter(loader))
    assert labels.tolist() == list(range(10))
    assert first.dtype == np.float32
    assert not np.array_equal(first.numpy(), second.numpy())
