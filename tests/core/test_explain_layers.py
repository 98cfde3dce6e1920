"""ag.explain of a network: backpropagation through its layers, as the textbook has it."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
import nn
from autograd_core.explaining import explain

SIGMOID = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
SLOPE = {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a}


def leaf(value):
    return ag.tensor(value, requires_grad=True)


def network(f, widths, batch, seed, columns):
    """A network with the squared error, as in the lecture notes: of columns (W a + b), or of rows (a W^T + b)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(widths[0], batch))
    t = rng.normal(size=(widths[-1], batch))
    weights = [leaf(rng.normal(size=(m, n))) for n, m in itertools.pairwise(widths)]
    biases = [leaf(rng.normal(size=(m, 1) if columns else (m,))) for m in widths[1:]]
    a = x if columns else x.T
    for w, b in zip(weights, biases, strict=True):
        a = getattr(ag, f)(w @ a + b if columns else nn.functional.linear(a, w, b))
    loss = ag.sum(ag.square(a - (t if columns else t.T))) / 2
    return x, t, loss, weights, biases


def by_hand(f, x, t, weights, biases):
    """delta^L = (a - t) f'(z^L), delta^l = f'(z^l) W^(l+1)^T delta^(l+1), of all layers."""
    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        activations.append(SIGMOID[f](w.data @ activations[-1] + b.data.reshape(-1, 1)))
    deltas = [(activations[-1] - t) * SLOPE[f](activations[-1])]
    for w, a in zip(weights[:0:-1], activations[-2:0:-1], strict=True):
        deltas.insert(0, SLOPE[f](a) * (w.data.T @ deltas[0]))
    return activations, deltas


@settings(deadline=None, max_examples=40)
@given(
    f=st.sampled_from(sorted(SLOPE)),
    widths=st.lists(st.integers(1, 5), min_size=2, max_size=6),
    batch=st.integers(1, 4),
    seed=st.integers(0, 2**16),
    columns=st.booleans(),
)
def test_the_deltas_are_those_of_the_recursion_written_by_hand(f, widths, batch, seed, columns):
    x, t, loss, weights, biases = network(f, widths, batch, seed, columns)
    activations, deltas = by_hand(f, x, t, weights, biases)
    e = explain(loss, weights[0], names={})
    found = {d.layer: d.value if columns else d.value.T for d in e.deltas if d.layer}
    assert sorted(found) == list(range(1, len(widths)))
    for layer, delta in found.items():
        # at most 5 layers of sums of 5 products of numbers around 1: some tens of roundings of 1e-16
        np.testing.assert_allclose(delta, deltas[layer - 1], rtol=1e-10, atol=1e-13)
    expected = deltas[0] @ activations[0].T
    np.testing.assert_allclose(e.gradient, expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(e.deltas[-1].value, expected, rtol=1e-10, atol=1e-13)
    bias = explain(loss, biases[0], names={}).gradient.ravel()
    np.testing.assert_allclose(bias, deltas[0].sum(axis=1), rtol=1e-10, atol=1e-13)


def test_backpropagation_reads_as_in_the_notes():
    _, _, loss, (W1, W2, W3), _ = network("sigmoid", [3, 4, 2, 1], 1, 0, columns=True)
    steps = {d.name: d for d in explain(loss, W1).deltas}
    assert list(steps) == ["dloss/da3", "delta3", "delta2", "delta1", "dloss/dW1"]
    assert steps["delta3"].words == "sigmoid'(z3) * dloss/da3"
    assert steps["delta2"].words == "sigmoid'(z2) * (W3.T @ delta3)"
    assert steps["delta1"].words == "sigmoid'(z1) * (W2.T @ delta2)"
    assert steps["dloss/dW1"].words == "delta1 @ a0.T"
    assert steps["delta1"].latex == r"{\delta^{1}} = \sigma'({z^{1}}) \odot ({W^{2}}^{\top} {\delta^{2}})"
    assert steps["delta1"].where[:2] == ("z1 = W1 @ a0 + b1", "a1 = sigmoid(z1)")
    assert [d.name for d in explain(loss, W2).deltas] == ["dloss/da3", "delta3", "delta2", "dloss/dW2"]
    assert W3.shape == (1, 2)


def test_of_rows_the_same_reads_the_other_way_round():
    _, _, loss, (W1, _), _ = network("tanh", [3, 4, 2], 5, 0, columns=False)
    steps = {d.name: d.words for d in explain(loss, W1).deltas}
    assert steps["delta1"] == "tanh'(z1) * (delta2 @ W2)"
    assert steps["dloss/dW1"] == "delta1.T @ a0"


def test_with_cross_entropy_the_last_delta_is_softmax_minus_labels():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
    x, labels = np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    scores = model(x)
    loss = nn.functional.cross_entropy(scores, labels)
    e = explain(loss, model[0].weight)
    last = e.deltas[0]
    assert last.words == "(softmax(z2) - onehot(labels)) / 5"
    np.testing.assert_allclose(last.value, (ag.softmax(scores.data) - np.eye(2)[labels]) / 5, rtol=1e-14, atol=1e-16)
    assert "W2 is 2.weight" in last.where
    assert e.paths[0].factors[-1].path == "0"


def last_words(loss, W, **names):
    return [d.words for d in explain(loss, W, names={"W": W, **names}).deltas]


def test_the_last_delta_is_written_out_with_its_numbers_gathered():
    rng = np.random.default_rng(0)
    W, x, t = leaf(rng.normal(size=(3, 2))), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    assert last_words(ag.sum((ag.sigmoid(x @ W) - t) ** 2) / 2, W)[0] == "a1 - constant"  # Nielsen, equation 30
    assert last_words(0.5 * ag.sum((x @ W - t) ** 2), W)[0] == "z1 - constant"
    assert last_words(ag.mean((x @ W - t) ** 2), W)[0] == "(z1 - constant) / 4"  # of eight numbers
    assert last_words(ag.mean((t - x @ W) ** 2), W)[0] == "-(constant - z1) / 4"


def test_a_single_layer_knows_its_weight_on_either_side():
    rng = np.random.default_rng(0)
    W, x = leaf(rng.normal(size=(2, 3))), rng.normal(size=(3, 4))
    assert last_words(ag.sum(ag.tanh(W @ x)), W) == ["1", "tanh'(z1) * dy/da1", "delta1 @ a0.T"]
    V = leaf(rng.normal(size=(3, 2)))
    assert last_words(ag.sum(ag.tanh(x.T @ V)), V) == ["1", "tanh'(z1) * dy/da1", "a0.T @ delta1"]


def test_a_weight_that_is_transposed_where_it_is_used_goes_by_its_own_name():
    rng = np.random.default_rng(0)
    W, V, x = leaf(rng.normal(size=(4, 3))), leaf(rng.normal(size=(2, 4))), rng.normal(size=(5, 3))
    e = explain(ag.sum(ag.tanh(x @ W.T) @ V.swapaxes(0, 1)), W)
    assert [d.words for d in e.deltas] == ["1", "tanh'(z1) * (delta2 @ W2)", "delta1.T @ a0"]
    assert e.deltas[1].where[0] == "z1 = a0 @ W1.T"
    assert e.deltas[0].where == ("z2 = a1 @ W2.T", "W2 is V")
    np.testing.assert_allclose(
        e.deltas[-1].value, e.deltas[1].value.T @ x, rtol=1e-13, atol=1e-14
    )  # sums of five, in another order


def test_a_weight_that_is_used_again_and_again_goes_by_the_callers_name():
    rng = np.random.default_rng(0)
    W, h = leaf(rng.normal(size=(3, 3))), np.zeros(3)
    for x in rng.normal(size=(4, 3)):
        h = ag.tanh(W @ h + x)
    e = explain(ag.sum(h**2), W)
    assert e.agrees
    assert e.count == 4
    assert [d.name for d in e.deltas] == ["dy/da4", "delta4", "dy/dW"], "W is no weight of one layer alone"


def test_what_the_caller_has_no_name_for_is_not_told():
    x = leaf(np.ones((2, 3)))
    loss = ag.sum(ag.tanh((x - 0.5) @ leaf(np.ones((3, 2)))))
    assert explain(loss, x).deltas[1].where == ("z1 = (x - constant) @ W1", "a1 = tanh(z1)")


def test_a_twenty_layer_network_shows_how_its_deltas_vanish():
    _, _, loss, weights, _ = network("sigmoid", [4] * 21, 1, 0, columns=True)
    e = explain(loss, weights[0])
    norms = [np.linalg.norm(d.value) for d in e.deltas if d.layer]
    assert len(norms) == 20
    assert norms[-1] < 1e-6 * norms[0]
    assert "more ..." in str(e).partition("layer by layer")[2]


def test_deltas_of_scores_start_from_the_cotangent_that_is_given():
    rng = np.random.default_rng(0)
    W, x, gradient = leaf(rng.normal(size=(3, 2))), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    scores = x @ W
    e = explain(scores, W, gradient=gradient)
    assert [d.words for d in e.deltas] == ["gradient", "a0.T @ delta1"]
    np.testing.assert_allclose(
        e.deltas[-1].value, x.T @ gradient, rtol=1e-13, atol=1e-14
    )  # sums of four, in another order
    assert [d.words for d in explain(scores, W).deltas] == ["1", "a0.T @ delta1"]


def test_a_layer_that_some_paths_pass_by_is_no_step_of_its_own():
    rng = np.random.default_rng(0)
    W1, W2, x = leaf(rng.normal(size=(3, 3))), leaf(rng.normal(size=(3, 3))), rng.normal(size=(2, 3))
    h = ag.sigmoid(x @ W1)
    loss = ag.sum(h + ag.tanh(h @ W2))  # a residual block: h goes on beside the layer too
    e = explain(loss, W1)
    assert e.count == 2
    assert [d.name for d in e.deltas] == ["dloss/da1", "delta1", "dloss/dW1"]
    assert e.deltas[0].words == "sum over 2 ways"
    a = h.data
    slope = 1 + (1 - np.tanh(a @ W2.data) ** 2) @ W2.data.T
    np.testing.assert_allclose(
        e.deltas[0].value, slope, rtol=1e-13, atol=1e-14
    )  # a sum of three products, in another order
    np.testing.assert_allclose(e.deltas[1].value, slope * a * (1 - a), rtol=1e-13, atol=1e-14)


def test_where_there_is_no_layer_there_are_no_deltas():
    x = leaf([1.0, 2.0])
    assert explain(ag.sum(ag.exp(x)), x).deltas == ()


def test_the_latex_has_no_double_superscripts_and_balanced_braces():
    _, _, loss, weights, _ = network("sigmoid", [3, 4, 2], 5, 0, columns=False)
    e = explain(loss, weights[0])
    assert e.latex.count("{") == e.latex.count("}")
    assert "}^{\\top}" in e.latex
    assert not re.search(r"\^\{\d\}\^", e.latex)
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="matplotlib reads the formulas (extra: demo)")
    for formula in (*(d.latex for d in e.deltas), *(f.rule.latex for f in e.paths[0].factors)):
        mathtext.MathTextParser("path").parse(f"${formula}$")
