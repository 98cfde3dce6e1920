"""Plots: what stands on the axes, read back from what was drawn, is what NumPy, scikit-learn and the models say."""

import doctest
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import MLP, Conv2d, Dropout, Flatten, Linear, ReLU, Sequential, Sigmoid, Softmax, optim, plots
from nn.data import TensorDataset
from nn.history import Epoch, History
from nn.monitor import GradientNorms
from nn.train import LearningRates

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed (extra: demo)")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

RNG = np.random.default_rng(0)
HISTORY = History([Epoch(1, 0.9, 0.6, 0.8, 0.7), Epoch(2, 0.5, 0.8, 0.4, 0.85), Epoch(3, 0.3, 0.9, 0.6, 0.8)])

RATES = LearningRates([1e-3, 1e-2, 0.1, 1.0, 10.0], [2.0, 1.9, 1.0, 0.9, 7.0], [2.0, 1.95, 1.5, 1.2, 2.0])


@pytest.fixture
def ax():
    figure, ax = pyplot.subplots()
    yield ax
    pyplot.close(figure)


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def words(ax):
    return [text.get_text() for text in ax.texts]


# --- the axis ---------------------------------------------------------------------------------------------------------


def recorded():
    record = GradientNorms(MLP([2, 3, 1], rng=0))
    record.at, record.norms = [1, 2], {"0": [1e-3, 1e-4], "2": [1.0, 2.0]}
    return record


X = RNG.standard_normal((40, 2)).astype(np.float32)
IMAGE = RNG.random((1, 5, 5))
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
ALL = {
    "learning_curves": lambda **ax: plots.learning_curves(HISTORY, **ax),
    "gradient_norms": lambda **ax: plots.gradient_norms(recorded(), **ax),
    "learning_rates": lambda **ax: plots.learning_rates(RATES, **ax),
    "filters": lambda **ax: plots.filters(Conv2d(1, 4, 3, rng=0), **ax),
    "feature_maps": lambda **ax: plots.feature_maps(Conv2d(1, 4, 3, rng=0), IMAGE, "", **ax),
    "confusion_matrix": lambda **ax: plots.confusion_matrix([[3, 1], [0, 2]], **ax),
    "decision_boundary": lambda **ax: plots.decision_boundary(MLP([2, 2], rng=0), X, Y, resolution=20, **ax),
    "activations": lambda **ax: plots.activations(MLP([2, 4, 1], rng=0), X, **ax),
}


@pytest.mark.parametrize("plot", ALL.values(), ids=ALL)
def test_each_takes_an_axis_or_makes_one_and_returns_it(plot, ax):
    assert plot(ax=ax) is ax
    made = plot()
    assert made is not ax
    assert made.has_data()
    with pytest.raises(ag.OptionError, match=r"ax must be one axis of Matplotlib, got ndarray; take one of them"):
        plot(ax=np.array([ax, ax]))


@pytest.mark.parametrize("plot", ALL.values(), ids=ALL)
def test_each_makes_an_svg_that_is_whole_and_the_same_again(plot):
    svgs = []
    for _ in range(2):
        with plots.style("page"):
            svgs.append(plots.as_svg(plot(), 'a "title" & more'))
    assert svgs[0] == svgs[1]
    root = ElementTree.fromstring(svgs[0])
    assert root.get("aria-label") == 'a "title" & more'
    assert "var(--ink)" in svgs[0]
    assert "#0a0b" not in svgs[0], "a colour that was to be replaced"
    assert not [
        v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href") and v[0] != "#" and v[:5] != "data:"
    ]


@pytest.mark.parametrize("name", plots.__all__)
def test_the_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one saves a picture
    model = Sequential(Conv2d(1, 4, 3, rng=0), ReLU(), Flatten(), Linear(36, 2, rng=0))
    images, labels = RNG.random((8, 1, 5, 5)).astype(np.float32), np.arange(8) % 2
    given = {"nn": nn, "np": np, "ag": ag, "history": HISTORY, "model": model, "X": X, "y": Y, "labels": labels}
    given |= {"images": images, "image": images[0], "predictions": labels, "data": TensorDataset(images, labels)}
    given |= {"optimizer": optim.SGD(model.parameters(), lr=0.1)}
    for test in doctest.DocTestFinder().find(getattr(plots, name), name, globs=given):
        for example in test.examples:
            example.options.clear()  # they are skipped where Matplotlib may be missing
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


def test_themes_are_matplotlibs_own_settings_and_only_for_a_while():
    before = dict(matplotlib.rcParams)
    colors = {}
    for theme in ("light", "dark", "print"):
        with plots.style(theme):
            ax = plots.learning_curves(HISTORY)
            assert len(set(matplotlib.rcParams["axes.prop_cycle"].by_key()["color"])) == 8
            colors[theme] = (ax.figure.get_facecolor(), ax.lines[0].get_color(), ax.xaxis.label.get_color())
    assert colors["light"] != colors["dark"]
    assert colors["print"][2] == "#000000"
    assert dict(matplotlib.rcParams) == before
    with (
        pytest.raises(ag.OptionError, match="theme must be one of light, dark, print, page; got 'sepia'"),
        plots.style("sepia"),
    ):
        pass


def test_without_matplotlib_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for call in (plots.require, lambda: plots.learning_curves(HISTORY), lambda: plots.filters(np.ones((1, 1, 2, 2)))):
        with pytest.raises(ImportError, match=r"needs matplotlib.*pip install 'autograd-core\[plots\]'"):
            call()


def test_rates_and_losses_stand_on_the_axes_with_the_suggestion(ax):
    plots.learning_rates(RATES, ax)
    drawn = lines(ax)
    assert drawn["loss"].get_xdata().tolist() == RATES.rates
    assert drawn["loss"].get_ydata().tolist() == RATES.losses
    assert drawn["smoothed"].get_ydata().tolist() == RATES.smoothed
    assert drawn[f"suggestion {RATES.suggestion:.2g}"].get_xdata() == [RATES.suggestion] * 2
    assert ax.get_xscale() == "log"
    with pytest.raises(ag.OptionError, match=r"expects what nn\.train\.find_lr gives, got list"):
        plots.learning_rates([1.0])


def test_importing_the_plots_does_not_import_matplotlib():
    code = "import sys, nn.plots, nn.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- learning curves --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", ["loss", "accuracy"])
def test_learning_curves_are_the_figures_of_the_history(quantity, ax):
    plots.learning_curves(HISTORY, ax, quantity=quantity)
    for part, style in (("train", "-"), ("validation", "--")):
        line = lines(ax)["training" if part == "train" else part]
        assert line.get_xdata().tolist() == [1, 2, 3]
        assert line.get_ydata().tolist() == HISTORY[f"{part}_{quantity}"]
        assert line.get_linestyle() == style
    assert (ax.get_yscale(), ax.get_title("left") or ax.get_title()) == (
        "log" if quantity == "loss" else "linear",
        quantity.capitalize(),
    )


@pytest.mark.parametrize(("quantity", "best"), [("loss", (2, 0.4)), ("accuracy", (2, 0.85))])
def test_the_best_epoch_of_the_validation_is_ringed(quantity, best, ax):
    ring = lines(plots.learning_curves(HISTORY, ax, quantity=quantity))["_best"]
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == best


def test_networks_differ_by_more_than_colour(ax):
    plots.learning_curves({"a": HISTORY, "b": HISTORY}, ax)
    assert {"a, training", "b, validation"} <= set(lines(ax))
    assert lines(ax)["a, training"].get_marker() != lines(ax)["b, training"].get_marker()


def test_a_plain_list_of_losses_will_do(ax):
    plots.learning_curves([3.0, 2.0, -1.0], ax)
    assert lines(ax)["training"].get_ydata().tolist() == [3.0, 2.0, -1.0]
    assert ax.get_yscale() == "linear"  # a loss below 0 has no logarithm


@pytest.mark.parametrize(
    ("histories", "options", "message"),
    [
        ({}, {}, "there is no history"),
        (History(), {}, "has no epoch yet; train first"),
        ({"mlp": History()}, {}, "history 'mlp' has no epoch yet"),
        (History([Epoch(1, 0.5)]), {"quantity": "accuracy"}, "no accuracy, because its targets are no classes"),
        (HISTORY, {"quantity": "speed"}, "quantity must be loss or accuracy, got 'speed'"),
        ("loss", {}, "must be a History or a list of numbers, got str"),
        (np.ones((3, 2)), {}, "must be a History or a list of numbers, got ndarray"),
    ],
)
def test_histories_that_cannot_be_drawn_are_refused(histories, options, message):
    with pytest.raises(ag.OptionError, match=message):
        plots.learning_curves(histories, **options)


# --- gradient norms ---------------------------------------------------------------------------------------------------


def test_gradient_norms_are_those_recorded_on_a_logarithmic_scale(ax):
    record = recorded()
    plots.gradient_norms(record, ax)
    assert ax.get_yscale() == "log"
    for path in ("0", "2"):
        line = lines(ax)[f"{path} Linear"]
        assert line.get_xdata().tolist() == record.at
        assert line.get_ydata().tolist() == record.norms[path]
    assert words(ax) == ["0 Linear", "2 Linear"]  # beside the lines, from below


def test_what_has_no_place_on_a_logarithmic_scale_is_marked(ax):
    record = recorded()
    record.at = [1, 2, 3, 4]
    record.norms = {"0": [0.0, None, 1.0, 0.0], "2": [1.0, float("nan"), 2.0, float("inf")]}
    drawn = lines(plots.gradient_norms(record, ax))
    assert np.isnan(drawn["0 Linear"].get_ydata()).tolist() == [True, True, False, True]
    assert drawn["0 Linear: zero"].get_xdata().tolist() == [1, 4]
    assert drawn["0 Linear: zero"].get_marker() == "v"
    assert drawn["2 Linear: NaN"].get_xdata().tolist() == [2, 4]
    assert drawn["2 Linear: NaN"].get_marker() == "X"


def test_labels_of_many_layers_do_not_lie_on_each_other(ax):
    record = GradientNorms(MLP([2] * 31, rng=0))
    record.at = [1, 2]
    record.norms = {path: [1.0, 1.01**i] for i, path in enumerate(record.layers)}
    plots.gradient_norms(record, ax)
    ax.figure.canvas.draw()
    boxes = sorted(text.get_window_extent().intervaly.tolist() for text in ax.texts)
    assert {"0 Linear", "58 Linear"} <= set(words(ax))
    assert all(below[1] <= above[0] + 1 for below, above in pairwise(boxes))  # of a pixel


def test_an_empty_record_is_refused_with_what_to_do():
    with pytest.raises(ag.OptionError, match=r"nothing was recorded; call record\(\) after backward\(\)"):
        plots.gradient_norms(GradientNorms(MLP([2, 1])))
    with pytest.raises(ag.OptionError, match=r"expects a nn\.monitor\.GradientNorms, got History"):
        plots.gradient_norms(HISTORY)


# --- filters and feature maps -----------------------------------------------------------------------------------------


def test_filters_of_one_channel_are_the_weights_on_one_scale_around_zero(ax):
    layer = Conv2d(1, 6, 3, rng=0)
    weights = layer.weight.detach().numpy()
    plots.filters(layer, ax)
    assert len(ax.images) == 6
    for i, image in enumerate(ax.images):
        assert np.array_equal(image.get_array(), weights[i, 0])
        assert image.get_clim() == (-np.abs(weights).max(), np.abs(weights).max())
    low, zero, high = ax.images[0].get_cmap()([0.0, 0.5, 1.0])
    assert zero[3] < 0.01, "the paper is seen at 0"
    assert low[2] > low[0], "blue below"
    assert high[0] > high[2], "red above"


def test_filters_of_three_channels_are_colours(ax):
    weights = np.array([[[[0.0, 2.0]], [[0.0, -2.0]], [[0.0, 1.0]]]])
    plots.filters(weights, ax)
    assert ax.images[0].get_array().tolist() == [[[0.5, 0.5, 0.5], [1.0, 0.0, 0.75]]]
    assert "as RGB" in ax.get_title("left") + ax.get_title()


def test_filters_of_other_channels_are_their_means_and_the_title_says_so(ax):
    weights = RNG.standard_normal((3, 5, 2, 2))
    plots.filters(weights, ax)
    for image, each in zip(ax.images, weights, strict=True):
        assert np.array_equal(image.get_array(), each.mean(axis=0))
    assert "mean over 5 channels" in ax.get_title("left") + ax.get_title()


def test_of_many_filters_the_strongest_are_shown_in_their_order(ax):
    weights = RNG.standard_normal((10, 1, 3, 3))
    plots.filters(weights, ax, limit=4)
    strongest = sorted(sorted(range(10), key=lambda i: -np.linalg.norm(weights[i]))[:4])
    assert [image.get_array().tolist() for image in ax.images] == [weights[i, 0].tolist() for i in strongest]
    assert "the 4 strongest of 10" in ax.get_title("left") + ax.get_title()


def test_units_that_look_at_a_square_of_pixels_are_squares(ax):
    layer = Linear(16, 2, rng=0)
    plots.filters(layer, ax)
    assert np.array_equal(ax.images[1].get_array(), layer.weight.detach().numpy()[1].reshape(4, 4))


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (ReLU(), ag.OptionError, r"ReLU has no weight; give the layer itself"),
        (Linear(3, 2, rng=0), ag.ShapeError, r"must be \(filters, channels, height, width\).*got \(2, 3\)"),
        (np.ones((3, 3)), ag.ShapeError, r"got \(3, 3\)"),
    ],
)
def test_what_has_no_filters_is_refused(layer, error, message):
    with pytest.raises(error, match=message):
        plots.filters(layer)


def test_feature_maps_are_what_the_layer_gives_for_the_image(ax):
    model = Sequential(Conv2d(1, 4, 3, rng=0), Dropout(0.9, rng=0), ReLU(), Flatten(), Linear(36, 2, rng=0))
    image = RNG.random((1, 5, 5)).astype(np.float32)
    before = model[0](image[None]).detach().numpy()[0]
    for layer, expected in (("0", before), (model[2], np.maximum(before, 0))):
        drawn = plots.feature_maps(model, image, layer)
        assert np.array_equal([tile.get_array() for tile in drawn.images], expected)
    assert drawn.images[0].get_clim() == (0.0, before.max())
    assert plots.feature_maps(model, ag.tensor(image[None]), "0", ax).images[0].get_clim()[0] == -np.abs(before).max()
    with pytest.raises(ag.ShapeError, match=r"output of 4 Linear is \(1, 2\)"):
        plots.feature_maps(model, image, "4")
    with pytest.raises(ag.ShapeError, match=r"takes one image, got 2, \(2, 1, 5, 5\); give images\[0\]"):
        plots.feature_maps(model, np.ones((2, 1, 5, 5)), "0")
    with pytest.raises(ag.OptionError, match="feature_maps: the model has no layer 'conv'; there is '0'"):
        plots.feature_maps(model, image, "conv")


# --- activations ------------------------------------------------------------------------------------------------------


def test_histograms_of_activations_are_those_of_numpy(ax):
    model = Sequential(Linear(2, 8, rng=0), ReLU(), Linear(8, 3, rng=0), Sigmoid())
    plots.activations(model, X, ax, bins=20)
    hidden = np.maximum(X @ model[0].weight.detach().numpy().T + model[0].bias.detach().numpy(), 0)
    # two floors, the first layer above; the highest bar of each has the same height
    for patch, floor, values in zip(ax.patches, (1, 0), (hidden, model(X).detach().numpy()), strict=True):
        heights, edges, baseline = patch.get_data()
        counts = np.histogram(values[values != 0], edges)[0]
        assert baseline == floor
        assert counts.sum() == np.count_nonzero(values)
        assert np.allclose((heights - floor) / (heights - floor).max(), counts / counts.max(), rtol=1e-12)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1 ReLU", "3 Sigmoid"]


def test_dead_units_and_broken_numbers_are_told_beside_the_histogram(ax):
    x = np.array([[1.0, -1.0, 0.0, np.nan], [2.0, -2.0, 0.0, np.inf]], np.float32)
    plots.activations(Sequential(ReLU()), x, ax)
    assert words(ax) == ["✕ 2 NaN or infinite\n50 % zeros\n▲ 2 of 4 dead"]


def test_layers_are_chosen_by_path_and_without_activations_all_are_shown(ax):
    model = MLP([2, 4, 1], rng=0)
    plots.activations(model, X, ax, layers=["0", model[2]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0 Linear", "2 Linear"]
    alone = plots.activations(Sequential(Linear(2, 2, rng=0), Softmax()), X)
    assert [label.get_text() for label in alone.get_yticklabels()] == ["0 Linear", "1 Softmax"]
    one = plots.activations(Sequential(Linear(2, 2, rng=0), Sequential(ReLU(), ReLU())), X, layers="1.0")
    assert [label.get_text() for label in one.get_yticklabels()] == ["1.0 ReLU"]
    with pytest.raises(ag.ShapeError, match="activations: there are no inputs in this batch"):
        plots.activations(model, X[:0])
