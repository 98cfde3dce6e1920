"""What people give `fit`: batches of many shapes, and mistakes, which are told before the work and not after it."""

import math
import os

import numpy as np
import pytest

import autograd_core as ag
from nn import BatchNorm1d, CrossEntropyLoss, Linear, Module, MSELoss, NLLLoss, Sequential, functional, optim
from nn.callbacks import Callback, EarlyStopping
from nn.data import DataLoader, Dataset, IterableDataset, TensorDataset
from nn.train import evaluate, find_lr, fit, predict

N = 11
X = np.random.default_rng(0).standard_normal((N, 4))
Y = (X[:, 0] > 0).astype(np.int64)
DATA = TensorDataset(X, Y)


class Samples(Dataset):
    """Samples of any structure: a function of the position."""

    def __init__(self, of):
        self.of = of

    def __len__(self):
        return N

    def __getitem__(self, index):
        return self.of(index)


class Heads(Module):
    """Two outputs, in a dict or a tuple."""

    def __init__(self, named):
        super().__init__()
        self.named = named
        self.kind, self.size = Linear(4, 2, rng=0, dtype=np.float64), Linear(4, 1, rng=1, dtype=np.float64)

    def forward(self, x):
        outputs = {"kind": self.kind(x), "size": self.size(x)}
        return outputs if self.named else tuple(outputs.values())


def both(outputs, targets):
    if isinstance(outputs, dict):
        outputs, targets = tuple(outputs.values()), tuple(targets.values())
    kinds, sizes = outputs
    return functional.cross_entropy(kinds, targets[0]) + functional.mse_loss(sizes, targets[1])


def linear(outputs=2):
    return Linear(4, outputs, rng=0, dtype=np.float64)


def trained(model, data, **options):
    options = {"epochs": 2, "batch_size": 4, "progress": False, "rng": 0, **options}
    optimizer = options.pop("optimizer", None) or optim.SGD(model.parameters(), lr=0.1)
    return fit(model, data, optimizer=optimizer, **options)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_model_may_have_several_outputs_and_a_sample_several_targets(named, accumulate):
    targets = (lambda i: {"kind": Y[i], "size": X[i, :1]}) if named else (lambda i: (Y[i], X[i, :1]))
    data, model = Samples(lambda i: (X[i], targets(i))), Heads(named)
    before = evaluate(model, data, loss=both, batch_size=4)
    history = trained(model, data, loss=both, validation=data, accumulate=accumulate)
    assert before.accuracy is history.last.train_accuracy is None
    assert history.last.validation_loss < before.loss
    outputs = model(X)
    whole = both(outputs, {"kind": Y, "size": X[:, :1]} if named else (Y, X[:, :1])).item()
    assert history.last.validation_loss == pytest.approx(whole, rel=1e-12)  # means over 11 samples in another order
    found = predict(model, data, batch_size=4)
    for one, other in zip(*(list(o.values()) if named else o for o in (found, outputs)), strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), rtol=1e-12)
    with pytest.raises(ag.OptionError, match="metrics: one output is compared with one target, but the outputs are"):
        trained(model, data, loss=both, metrics=["accuracy"])


def test_inputs_may_be_dicts():
    class Sum(Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = linear(), linear()

        def forward(self, inputs):
            return self.left(inputs["left"]) + self.right(inputs["right"])

    data = Samples(lambda i: ({"left": X[i], "right": -X[i]}, Y[i]))
    history = trained(Sum(), data, validation=data, metrics=["precision"])
    assert history.last.validation_accuracy is not None
    assert predict(Sum(), data).shape == (N, 2)


@pytest.mark.parametrize("wrap", [lambda x: x, ag.tensor, TensorDataset, lambda x: DataLoader(x, 4), list])
def test_what_has_no_targets_can_be_predicted(wrap):
    model = linear()
    found = predict(model, wrap(X), batch_size=4)
    assert np.array_equal(found, predict(model, DATA, batch_size=4))


def test_a_stream_needs_no_loader_of_its_own():
    class Stream(IterableDataset):
        def __iter__(self):
            return zip(X, Y, strict=True)

    model, other = linear(), linear()
    trained(model, Stream())
    trained(other, DataLoader(DATA, 4))
    assert np.array_equal(model.weight.detach().numpy(), other.weight.detach().numpy())


@pytest.mark.parametrize("data", [[], DataLoader(DATA, N + 1, drop_last=True)])
def test_a_rate_cannot_be_found_without_batches(data):
    model = linear()
    with pytest.raises(ag.OptionError, match="find_lr: there is no batch"):
        find_lr(model, data, optimizer=optim.SGD(model.parameters(), lr=0.1))


def test_more_parts_than_two_are_refused_with_what_to_do():
    with pytest.raises(ag.DataError, match=r"got 3 parts; several inputs.* as in \(\(left, right\), target\)"):
        trained(linear(), Samples(lambda i: (X[i], X[i], Y[i])))


WEIGHT = np.array([1.0, 3.0, 0.2])


@pytest.mark.parametrize("loss", [CrossEntropyLoss, NLLLoss])
@pytest.mark.parametrize("options", [{"weight": WEIGHT}, {"ignore_index": 1}, {"weight": WEIGHT, "ignore_index": 2}])
def test_accumulated_batches_are_one_large_batch_where_the_mean_is_of_weights_too(loss, options):
    # the mean of these losses is over the weights of classes, which are other ones in every batch
    labels = np.random.default_rng(1).integers(0, 3, N)
    weights = []
    for size, accumulate in ((N, 1), (2, 6), (8, 1), (4, 2)):
        model = Sequential(linear(3))
        data = DataLoader(TensorDataset(X, labels), size)
        trained(model, data, loss=loss(**options), accumulate=accumulate)
        weights.append(model[0].weight.detach().numpy())
    # a few sums of 11 numbers around 1 in another order
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(weights[3], weights[2], rtol=1e-12, atol=1e-14)


def test_accumulation_weighs_one_hot_rows_as_samples():
    weights = []
    for size, accumulate in ((N, 1), (2, 6)):
        model = linear()
        loss = CrossEntropyLoss(weight=np.array([1.0, 3.0]))
        trained(model, DataLoader(TensorDataset(X, np.eye(2)[Y]), size), loss=loss, accumulate=accumulate)
        weights.append(model.weight.detach().numpy())
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-12, atol=1e-14)  # as above


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        ((X, Y), {}, r"fit: arrays are no data set; nn.data.TensorDataset\(inputs, targets\) makes one"),
        (X, {}, "fit: arrays are no data set"),
        (zip(X, Y, strict=True), {}, "fit: data is a DataLoader, or a data set with a length and samples by position"),
        (DATA, {"validation": []}, "fit: validation has no samples; leave it out, or hold out a larger part"),
        (
            DATA,
            {"optimizer": optim.SGD},
            r"fit: optimizer must be one of the model's parameters, such as nn.optim.Adam",
        ),
        (
            DATA,
            {"callbacks": [EarlyStopping]},
            r"a callback is an nn\.callbacks\.Callback or a function of the history",
        ),
        (DATA, {"callbacks": EarlyStopping()}, "fit: callbacks is a list of them, got EarlyStopping"),
        (DATA, {"optimizer": "adam"}, "fit: optimizer must be one of the model's parameters.* got str 'adam'"),
        (DATA, {"optimizer": optim.SGD(linear().parameters())}, "the optimizer has none of this model's parameters"),
        (DATA, {"loss": CrossEntropyLoss(reduction="none")}, r"return a Tensor of one number, got shape \(4,\)"),
        (DATA, {"loss": lambda outputs, targets: 0.5}, "fit: the loss must return a Tensor of one number, got float"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(data, options, words):
    model = linear()
    with pytest.raises(ag.OptionError, match=words):
        trained(model, data, **options)
    assert np.array_equal(model.weight.detach().numpy(), linear().weight.detach().numpy())


def test_a_model_must_be_a_module():
    with pytest.raises(ag.OptionError, match=r"fit: model must be an nn\.Module, got function"):
        trained(lambda x: x, DATA, optimizer=optim.SGD(linear().parameters()))


def test_a_loss_that_learns_may_be_all_that_the_optimizer_moves():
    class Scaled(Module):
        def __init__(self):
            super().__init__()
            self.last = linear()

        def forward(self, outputs, targets):
            return functional.cross_entropy(self.last(outputs), targets)

    loss, model = Scaled(), linear(4)
    model.requires_grad_(False)
    trained(model, DATA, loss=loss, optimizer=optim.SGD(loss.parameters(), lr=0.1))
    assert not np.array_equal(loss.last.weight.detach().numpy(), linear().weight.detach().numpy())


def test_an_error_of_an_update_tells_where_and_a_batch_of_one_what_helps():
    model = Sequential(linear(), BatchNorm1d(2, dtype=np.float64))
    with pytest.raises(ag.ShapeError, match="training needs more than one number for each channel") as error:
        trained(model, DATA, batch_size=5)
    assert error.value.__notes__[-1] == (
        "In epoch 1, batch 3: inputs (1, 4), targets (1,); drop_last=True leaves a last batch out that is smaller."
    )
    trained(model, DataLoader(DATA, 5, drop_last=True))


@pytest.mark.parametrize("what", ["save_to", "checkpoint", "log"])
def test_where_no_file_can_be_written_is_told_before_training(tmp_path, what):
    (tmp_path / "file").touch()
    (tmp_path / "folder.safetensors").mkdir()
    touched = []

    class Touch(Callback):
        def batch_begin(self, run):
            touched.append(run)

    for place in ("file/run.safetensors", "folder.safetensors"):
        with pytest.raises(OSError, match=f"fit: {what}: no file can be written there: .*{place}"):
            trained(linear(), DATA, callbacks=[Touch()], **{what: tmp_path / place})
    assert not touched
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.safetensors"]


def test_numbers_of_numpy_are_numbers():
    history = trained(linear(), DATA, clip_norm=np.float32(1), l2=np.float32(0.1), ema=np.float32(0.9), accumulate=1)
    assert math.isfinite(history.last.train_loss)
    trained(linear(1), TensorDataset(X, X[:, :1]), loss=MSELoss(), clip_value=np.int64(1))
