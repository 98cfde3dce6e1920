"""ag.explain: all paths from a result to a value, what each contributes, and their sum."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
from autograd_core.explaining import explain
from autograd_core.watching import watch


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
    with pytest.raises(ag.DTypeError, match="explain: gradient must be numbers of the shape of y"):
        explain(y, x, gradient="one")
    with pytest.raises(ag.OptionError, match="explain: names must be a mapping"):
        explain(y, x, names=3)


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


def test_of_a_call_with_several_results_it_is_said_which_one():
    x = leaf([0.5, 1.0])
    pair = ag.checkpoint(lambda x: (ag.tanh(x), 2 * x))(x)
    e = explain(ag.sum(pair[0] * pair[1]), x)
    assert e.agrees
    first = e.paths[0].factors
    assert [f.by for f in first[-2:]] == ["v1[0]", "checkpoint(x)"]
    assert [f.rule.words for f in first[-2:]] == ["g", "VJP of checkpoint"]
    assert first[-1].rule.latex == r"\left(\frac{\partial v_{1}}{\partial x}\right)^{\top} \bar{v}_{1}"
    assert "Jacobian" not in str(e).partition("v1[0]")[2].partition("path 2")[0], "a call has no shape of its own"


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
