"""ag.explain: all paths, what each contributes, and backpropagation through layers as the textbook has it."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
import nn
from autograd_core.explaining import explain
from autograd_core.watching import watch

SIGMOID = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
SLOPE = {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a}


def leaf(value):
    return ag.tensor(value, requires_grad=True)


# --- paths ------------------------------------------------------------------------------------------------------------


def test_a_value_used_three_times_is_on_three_paths():
    x = leaf(3.0)
    y = x * x + x
    e = explain(y, x)
    assert e.count == 3
    assert [float(p.contribution) for p in e.paths] == [3.0, 3.0, 1.0]  # 2 x, as x + x, and 1
    assert float(e.gradient) == 7.0
    assert e.agrees
    assert "3 + 3 + 1 = 7" in str(e)
    assert r"1 \cdot 3 + 1 \cdot 3 + 1" in e.latex


def micrograd():
    """The expression on micrograd's first page, https://github.com/karpathy/micrograd (README.md)."""
    a, b = leaf(-4.0), leaf(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + ag.relu(b + a)
    d += 3 * d + ag.relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return a, b, g


def test_the_paths_of_micrograds_expression_sum_to_what_its_readme_prints():
    a, b, g = micrograd()
    for leaf_, published in ((a, 138.8338), (b, 645.5773)):  # to four digits behind the point
        e = explain(g, leaf_, limit=1000)
        assert len(e.paths) == e.count > 10
        assert float(e.total) == pytest.approx(published, abs=5e-5)
        assert e.agrees


def test_factors_of_scalars_multiply_to_the_contribution():
    a, _, g = micrograd()
    for path in explain(g, a, limit=1000).paths:
        # a product of at most 15 rounded factors, against the same factors taken from the other end
        assert float(path.contribution) == pytest.approx(np.prod([f.number for f in path.factors]), rel=1e-14)


def test_the_largest_contributions_are_listed_first_and_the_rest_is_counted():
    a, _, g = micrograd()
    every, few = explain(g, a, limit=1000), explain(g, a, limit=3)
    sizes = [abs(float(p.contribution)) for p in few.paths]
    assert few.count == every.count
    assert few.largest
    assert sizes == sorted((abs(float(p.contribution)) for p in every.paths), reverse=True)[:3]
    assert few.agrees is None
    assert float(few.gradient) == float(every.gradient)
    assert f"the 3 that contribute most, of {every.count}" in str(few)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), min_size=1, max_size=12))
def test_on_any_graph_the_paths_are_counted_and_their_sum_is_the_sweep(steps):
    x = leaf(1.25)
    values, ways = [x], [1]
    for i, j, multiply in steps:
        i, j = i % len(values), j % len(values)
        values.append(values[i] * values[j] * 0.5 if multiply else values[i] + values[j])
        ways.append(ways[i] + ways[j])
    e = explain(values[-1], x, limit=10_000)
    assert e.count == ways[-1]
    if len(e.paths) == e.count:
        assert e.agrees
        x.grad = None
        values[-1].backward()
        # the bound of `agrees`, by which sums in another order may differ
        assert abs(float(e.total) - float(x.grad.item())) <= 1e-13 * sum(abs(float(p.contribution)) for p in e.paths)


def test_what_arrives_along_paths_of_arrays_is_what_the_sweep_finds():
    rng = np.random.default_rng(0)
    x, w = leaf(rng.normal(size=(3, 4))), leaf(rng.normal(size=(4, 4)))
    y = ag.softmax(x @ w) * ag.tanh(x) + x[0]
    gradient = rng.normal(size=y.shape)
    e = explain(y, x, gradient=gradient)
    y.backward(gradient)
    assert e.count == 3
    assert e.agrees
    np.testing.assert_allclose(e.total, x.grad.data, rtol=1e-13, atol=1e-14)  # sums of three, of products of four
    first = e.paths[0].factors[-1]
    assert first.number is None
    assert first.jacobian[1] == (3, 4)
    assert np.linalg.norm(e.paths[0].contribution) == pytest.approx(e.paths[0].norms[-1])


def test_without_a_gradient_an_array_starts_with_ones_and_says_so():
    x = leaf([1.0, 2.0])
    e = explain(x * x, x)
    assert e.gradient.tolist() == [2.0, 4.0]
    assert "is all ones" in str(e)


def test_an_intermediate_result_can_be_explained_to():
    x = leaf(2.0)
    h = x * x
    y = ag.exp(h) + h
    assert float(explain(y, h).gradient) == pytest.approx(np.exp(4.0) + 1, rel=1e-15)
    assert explain(y, y).count == 1
    assert float(explain(y, y).gradient) == 1.0


# --- large graphs -----------------------------------------------------------------------------------------------------


def test_paths_beyond_number_are_counted_exactly():
    x = leaf(1.0)
    y = x
    for _ in range(2000):
        y = (y + y) * 0.5
    e = explain(y, x, limit=2)
    assert e.count == 2**2000
    assert len(e.paths) == 2
    assert not e.largest
    assert "about 10**602 paths" in str(e)
    assert "the first 2 as they come" in str(e)


def test_a_graph_a_hundred_thousand_deep_is_explained_and_abbreviated():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y * 1.00001
    e = explain(y, x)
    assert e.count == 1
    assert len(e.paths[0].factors) == 100_000
    assert float(e.gradient) == pytest.approx(1.00001**100_000, rel=1e-10)  # 1e5 roundings of 1e-16, and their drift
    assert "x 99,998 more of this operation" in str(e)
    assert len(str(e)) < 2000
    assert len(e.latex) < 5000


# --- the graph stays as it is -----------------------------------------------------------------------------------------


def test_an_explanation_changes_nothing():
    x = leaf([1.0, -2.0])
    h = ag.exp(x)
    h.retain_grad()
    y = (h * x).sum()
    before = y.node.op, h.node.op
    first = str(explain(y, x))
    assert (y.node.op, h.node.op) == before
    assert x.grad is None
    assert h.grad is None
    assert str(explain(y, x)) == first
    y.backward()
    assert x.grad is not None
    assert h.grad is not None


def test_a_look_at_scalars_is_no_gradient_either():
    x = leaf(2.0)
    h = x * x
    h.retain_grad()
    y = ag.sin(h)
    y.retain_grad()
    explain(y, x)
    assert h.grad is None
    assert y.grad is None


def test_a_freed_graph_is_refused_and_a_retained_one_is_not():
    x = leaf(2.0)
    y = ag.sin(x * x)
    y.backward(retain_graph=True)
    explain(y, x)
    y.backward()
    with pytest.raises(ag.GraphError, match=r"explain: this graph was already swept.*retain_graph=True"):
        explain(y, x)


def test_what_cannot_be_explained_is_refused_in_words():
    x, other = leaf(2.0), leaf(1.0)
    y = x * x
    with pytest.raises(ag.GraphError, match="explain: y was not computed from x"):
        explain(y, other)
    with pytest.raises(ag.GraphError, match="explain: x is a constant"):
        explain(y, ag.tensor(1.0))
    with pytest.raises(ag.GraphError, match="explain: y is a constant"):
        explain(y.detach(), x)
    with pytest.raises(ag.DTypeError, match="explain: x must be a Tensor, got float"):
        explain(y, 2.0)
    with pytest.raises(ag.OptionError, match="limit must be a whole number of paths, at least 1, got 0"):
        explain(y, x, limit=0)
    with pytest.raises(ag.ShapeError, match=r"gradient must have the shape of y, \(\); got \(2,\)"):
        explain(y, x, gradient=[1.0, 2.0])


# --- names, values, lines ---------------------------------------------------------------------------------------------


def test_values_are_called_as_the_caller_or_a_mapping_calls_them():
    height = leaf(2.0)
    area = height * 3.0
    assert str(explain(area, height)).startswith("darea/dheight: 1 path leads from area back to height")
    assert "a = multiply(h, 3)" in str(explain(area, height, names={"a": area, "h": height}))


def test_what_was_watched_has_its_values_and_lines():
    x = leaf(2.0)
    with watch():
        h = x * x
        y = ag.sin(h) + 1.0
    (path,) = explain(y, x, names={"x": x, "y": y}).paths[:1]
    assert [f.of for f in path.factors] == ["y", "v2", "v1"]
    assert float(path.factors[-1].value) == 4.0
    assert path.factors[-1].place.text == "h = x * x"
    assert "test_explain.py" in str(explain(y, x))


def test_a_nan_is_shown_and_not_warned_of():
    x = leaf(0.0)
    y = ag.log(x * 0.0 + 1e-320) * x
    e = explain(y * 1e300 * 1e300, x)
    assert "inf" in str(e) or "nan" in str(e)


def test_operations_that_stand_for_a_whole_call_are_explained_too():
    x = leaf(0.5)
    y = ag.checkpoint(lambda x: ag.exp(x) * x)(x) * x
    e = explain(y, x)
    assert e.agrees
    assert float(e.gradient) == pytest.approx(np.exp(0.5) * (0.25 + 1.0), rel=1e-14)
    assert "VJP of" in str(e)


# --- notebooks --------------------------------------------------------------------------------------------------------


def test_a_notebook_gets_formulas_and_words_and_never_an_error():
    x = leaf(3.0)
    y = x * x
    e = explain(y, x, names={"x<y": x, "y": y})
    shown = e._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html", "text/latex"}
    assert shown["text/latex"].count("$$") == 2
    assert r"\begin{aligned}" in shown["text/latex"]
    assert "x&lt;y" in shown["text/html"]
    assert "x<y" not in shown["text/html"]
    object.__setattr__(e, "paths", None)  # as broken as it can be
    assert "could not be shown" in e._repr_mimebundle_()["text/plain"]


def test_the_latex_has_no_double_superscripts_and_balanced_braces():
    _, _, loss, weights, _ = network("sigmoid", [3, 4, 2], 5, 0, columns=False)
    e = explain(loss, weights[0])
    assert e.latex.count("{") == e.latex.count("}")
    assert "}^{\\top}" in e.latex
    assert not re.search(r"\^\{\d\}\^", e.latex)
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="matplotlib reads the formulas (extra: demo)")
    for formula in (*(d.latex for d in e.deltas), *(f.rule.latex for f in e.paths[0].factors)):
        mathtext.MathTextParser("path").parse(f"${formula}$")


# --- layer by layer ---------------------------------------------------------------------------------------------------


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
