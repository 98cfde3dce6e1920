"""What the kit draws: numbers in their domain, shapes that fit, graphs to test an engine with, and all of it small.

Our own operations and engine are what the strategies are tried on.
"""

import importlib
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import find, given, settings, strategies as st

import autograd_core as ag
from autograd_core.errors import DTypeError, OptionError
from autograd_core.examples import Apart, Distinct
from autograd_core.testing import gradcheck, strategies as gst
from autograd_core.testing.cases import examples_of
from autograd_core.testing.domains import points
from autograd_core.testing.graphs import Graph

FEW = settings(max_examples=max(10, settings.default.max_examples // 2))


def smallest(strategy, predicate):
    """What a test that fails where the predicate holds would show."""
    patient = settings(max_examples=2000, derandomize=True, database=None, report_multiple_bugs=False)
    return find(strategy, predicate, settings=patient)


# --- arrays -----------------------------------------------------------------------------------------------------------

DOMAINS = [
    gst.interval(-3, 3),
    gst.interval(1e-3, 2e-3),
    gst.interval(-1e4, 1e4),
    gst.positive(),
    gst.away_from(0),
    gst.away_from(-1, 0, 1, margin=0.3, low=-2, high=2),
    gst.distinct(),
    gst.distinct(margin=0.3, low=-20, high=20),
    gst.apart(),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16], ids=lambda t: t.__name__)
@FEW
@given(data=st.data())
def test_the_numbers_are_in_the_domain_in_their_own_type(domain, dtype, data):
    shape = data.draw(gst.shapes(max_side=3))
    x = data.draw(gst.arrays(shape, domain, dtype))
    assert (x.shape, x.dtype) == (shape, dtype)
    wide = x.astype(np.float64)
    assert ((domain.low <= wide) & (wide <= domain.high)).all()
    for point in getattr(domain, "away_from", ()):
        assert (np.abs(wide - point) >= domain.margin).all()
    if isinstance(domain, Distinct):
        assert (np.diff(np.sort(wide, axis=None)) >= domain.margin).all()


@pytest.mark.parametrize("domain", [d for d in DOMAINS if not isinstance(d, Distinct | Apart)], ids=repr)
def test_an_interval_has_whole_numbers_where_there_are_some_and_many_others(domain):
    numbers = points(domain)
    assert len(numbers) > 100
    assert len(np.unique(numbers)) == len(numbers)
    whole = np.arange(np.ceil(domain.low), np.floor(domain.high) + 1)
    inside = [n for n in whole if all(abs(n - kink) >= domain.margin for kink in domain.away_from)]
    assert 1.0 not in inside or numbers[0] == 1
    assert len(inside) > 100 or set(inside) <= set(numbers)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16], ids=lambda t: t.__name__)
@pytest.mark.parametrize("domain", [gst.distinct(), gst.distinct(margin=0.05, low=20, high=40)], ids=repr)
def test_distinct_numbers_keep_the_margin_once_they_are_rounded(domain, dtype):
    numbers = points(domain, dtype=dtype).astype(np.float64)
    assert np.diff(np.sort(numbers)).min() >= domain.margin
    assert len(numbers) > 100


@FEW
@given(gst.inputs(gst.broadcastable_shapes(3), gst.apart(margin=0.1), gst.floating_dtypes()))
def test_arrays_that_are_apart_never_meet(arrays):
    assert len({x.dtype for x in arrays}) == 1
    for i, j in ((0, 1), (0, 2), (1, 2)):
        x, y = (arrays[k].astype(np.float64) for k in (i, j))
        assert (np.abs(x - y) >= 0.1).all()


@FEW
@given(gst.arrays((2, 3, 3), gst.matrices(symmetric=True)))
def test_symmetric_matrices_are_positive_definite_with_simple_eigenvalues(x):
    np.testing.assert_array_equal(x, np.swapaxes(x, -1, -2))
    values = np.linalg.eigvalsh(x)
    # Gershgorin: discs of radius 2 around numbers that are at least 5 - 2 apart, the first around 5 - 1
    assert values.min() > 1
    assert np.diff(values).min() > 0.1


@FEW
@given(gst.arrays((3, 2), gst.matrices()))
def test_matrices_have_full_rank(x):
    assert np.linalg.matrix_rank(x) == 2


def test_each_array_may_have_a_domain_of_its_own():
    x, y = smallest(gst.inputs([(2,), ()], [gst.interval(-3, -2), gst.positive()]), lambda xs: True)
    assert (x >= -3).all()
    assert (x <= -2).all()
    assert y > 0


@FEW
@given(data=st.data(), dtype=gst.floating_dtypes())
def test_cotangents_have_shape_and_type_of_what_they_belong_to_and_no_zeros(data, dtype):
    like = [np.ones((2, 3), dtype), ag.tensor(np.ones(3)), 1.0]
    u, v, w = data.draw(gst.cotangents(like))
    assert (u.shape, u.dtype, v.shape, w.shape) == ((2, 3), dtype, (3,), ())
    assert all(np.all(np.abs(a.astype(float)) >= 0.25) for a in (u, v, w))


def test_drawn_arrays_belong_to_whoever_drew_them():
    """Writing into one leaves the next draw as it was."""

    @settings(max_examples=20, database=None, derandomize=True)
    @given(st.tuples(gst.arrays((2, 3)), gst.arrays((80,)), gst.arrays(4, gst.distinct())))
    def scribble(arrays):
        for x in arrays:
            assert not np.isnan(x).any()
            x[...] = np.nan

    scribble()


# --- shrinking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "predicate", "expected"),
    [
        (gst.arrays((2, 3)), lambda x: (x > 2.6).any(), [[1, 1, 1], [1, 1, 3]]),
        (gst.arrays((2, 3)), lambda x: x[0, 1] < -1.3, [[1, -2, 1], [1, 1, 1]]),
        (gst.arrays(5), lambda x: x[1] == x[4] != x[2], [1, 1, 2, 1, 1]),
        (gst.arrays(gst.shapes()), lambda x: x.sum() > 1, [1, 1]),
        (gst.arrays(3, gst.positive(high=1)), lambda x: x[0] < 0.3, [0.25, 1, 1]),
        (gst.arrays(4, gst.distinct()), lambda x: x.argmax() == 2, [1, 0, 2, -1]),
        (gst.arrays(2, gst.distinct()), lambda x: x[0] > x[1], [1, 0]),
    ],
    ids=["one large", "one negative", "tie", "sum", "positive", "distinct", "inversion"],
)
def test_numbers_shrink_to_whole_ones_and_to_1(strategy, predicate, expected):
    x = smallest(strategy, predicate)
    expected = np.array(expected, float)
    assert x.size == expected.size
    np.testing.assert_array_equal(x, expected)


def test_arrays_with_many_numbers_shrink_too():
    x = smallest(gst.arrays((6, 7)), lambda x: (x > 2).any())
    assert sorted(x.ravel()) == [1] * 41 + [3]


def test_shapes_shrink_to_few_axes_and_sides_of_1():
    assert smallest(gst.shapes(), lambda s: True) == ()
    assert smallest(gst.shapes(), lambda s: len(s) == 2) == (1, 1)
    assert smallest(gst.shapes(), lambda s: 0 in s) == (0,)
    assert smallest(gst.matmul_shapes(), lambda s: len(s[0]) == 1 and len(s[1]) > 2) == ((1,), (1, 1, 1))
    s = smallest(gst.convolution_shapes(2), lambda s: s.groups == 2)
    assert (s.x, s.weight, s.stride, s.padding) == ((1, 2, 1, 1), (2, 1, 1, 1), (1, 1), (0, 0))


def test_graphs_shrink_to_few_nodes():
    assert smallest(gst.random_graphs(), lambda g: "@" in g.source).source == (
        "def graph(x0, xp=np):\n    v0 = x0 @ x0\n    return v0"
    )
    g = smallest(gst.random_graphs(), lambda g: max(g.uses.values()) > 2)
    assert g.nodes == 2
    assert all((x == 1).all() for x in g.inputs)


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_shapes_without_axes_and_without_elements_are_among_them():
    for wanted in ((), (0,), (1,), (2, 3)):
        assert smallest(gst.shapes(), lambda s, wanted=wanted: s == wanted) == wanted
    assert smallest(gst.broadcastable_shapes(2), lambda s: 0 in s[0] and len(s[1]) == 0) == ((0,), ())


@FEW
@given(gst.shapes(min_dims=1, max_dims=2, min_side=1, max_side=2))
def test_shapes_keep_their_bounds(shape):
    assert 1 <= len(shape) <= 2
    assert set(shape) <= {1, 2}


@FEW
@given(gst.broadcastable_shapes(3))
def test_broadcastable_shapes_broadcast(shapes):
    assert len(shapes) == 3
    np.broadcast_shapes(*shapes)


@FEW
@given(gst.matmul_shapes(min_side=0))
def test_matmul_takes_matmul_shapes(shapes):
    x, y = (np.ones(s) for s in shapes)
    assert ag.matmul(x, y).shape == np.matmul(x, y).shape


@FEW
@given(gst.gufunc_shapes("(m,n),(n),(k)->(m,k)"))
def test_letters_of_a_signature_are_numbers(shapes):
    (*front, m, n), (*behind, same), (*beside, k) = shapes
    assert same == n
    assert np.broadcast_shapes(tuple(front), tuple(behind), tuple(beside)) is not None
    assert min(m, n, k) >= 1


@pytest.mark.parametrize(("spatial", "conv"), [(1, ag.conv1d), (2, ag.conv2d), (3, ag.conv3d)])
@FEW
@given(data=st.data())
def test_a_convolution_takes_convolution_shapes(spatial, conv, data):
    s = data.draw(gst.convolution_shapes(spatial))
    assert conv(np.ones(s.x), np.ones(s.weight), **s.options).shape == s.out
    assert min(s.out) >= 1


def test_convolution_shapes_reach_all_options():
    for beyond in (
        lambda s: s.groups > 1,
        lambda s: max(s.stride) > 1,
        lambda s: max(s.padding) > 0,
        lambda s: max(s.dilation) > 1 and max(s.weight[2:]) > 1,
        lambda s: s.stride[0] != s.stride[1],
        lambda s: max(s.out[2:]) > 1,
    ):
        assert smallest(gst.convolution_shapes(2), beyond)


# --- operations -------------------------------------------------------------------------------------------------------


@FEW
@given(gst.operation_inputs(ag.logsumexp))
def test_the_repr_of_a_case_is_the_call(case):
    outputs = case(*case.arrays)
    again = eval(repr(case), {"np": np, "logsumexp": ag.logsumexp})
    for y, expected, reference in zip([again], outputs, case.reference(), strict=True):
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_allclose(y, reference, rtol=1e-13)  # two computations of a few terms in double precision


def test_all_examples_of_an_operation_are_drawn():
    def shapes(case):
        return [x.shape for x in case.arrays], dict(case.options)

    seen = []

    @settings(max_examples=200, database=None, derandomize=True)
    @given(gst.operation_inputs(ag.concatenate))
    def collect(case):
        seen.append(shapes(case))

    collect()
    for i, example in enumerate(examples_of(ag.concatenate.op)):
        only = smallest(gst.operation_inputs(ag.concatenate.op, example=i), lambda case: True)
        assert [x.shape for x in only.arrays] == example.arguments["arrays"]
        assert shapes(only) in seen


# --- random graphs ----------------------------------------------------------------------------------------------------


@given(gst.random_graphs())
def test_graphs_are_smooth_unless_kinks_are_asked_for(graph):
    assert not re.search("abs|maximum", graph.source)
    assert not gradcheck(graph, *graph.inputs, mode="random").kinks


@given(gst.random_graphs(kinks=True))
def test_the_source_gives_the_same_numbers(graph):
    value = np.asarray(graph(*graph.inputs))
    assert np.isfinite(value).all()
    namespace = {"np": np}
    exec(graph.source, namespace)
    np.testing.assert_array_equal(namespace["graph"](*graph.inputs), value)
    *_, call = repr(graph).splitlines()
    np.testing.assert_array_equal(eval(call, namespace), value)
    tensors = [ag.tensor(x, requires_grad=True) for x in graph.inputs]
    for xp in (np, ag):
        found = graph(*tensors, xp=xp)
        assert isinstance(found, ag.Tensor)
        np.testing.assert_allclose(found.detach(), value, rtol=1e-13, atol=1e-13)  # values of size 1, other loops
    assert graph.shapes == tuple(x.shape for x in graph.inputs)
    assert all(graph.uses[f"x{i}"] for i in range(len(graph.inputs)))


@given(gst.random_graphs(kinks=True, max_nodes=20))
def test_values_stay_tame(graph):
    namespace = {"np": np}
    exec(re.sub("return .*", "return locals()", graph.source), namespace)
    largest = [np.full(shape, 2.0) for shape in graph.shapes]
    for inputs in (graph.inputs, largest):
        for name, value in namespace["graph"](*inputs).items():
            assert not name.startswith("v") or np.abs(value).max() <= 10


def test_every_kind_of_node_occurs_and_values_are_used_again():
    graphs = []

    @settings(max_examples=400, database=None, derandomize=True)
    @given(gst.random_graphs(kinks=True))
    def collect(graph):
        graphs.append(graph)

    collect()
    sources = [graph.source for graph in graphs]
    for word in (
        *(
            " * ",
            " + ",
            " - ",
            " / ",
            " @ ",
            "exp",
            "mean",
            "axis=",
            "keepdims",
            "reshape",
            "swapaxes",
            "[None]",
            "[0]",
        ),
        *("[1:]", "asarray", "concatenate", "stack", "abs", "maximum", "return xp.sum"),
    ):
        assert any(word in source for source in sources), word
    reused = [max(graph.uses.values()) for graph in graphs]
    assert np.mean(np.array(reused) > 1) > 0.5  # fan-out, in most
    assert max(reused) > 4
    intermediate = [n for graph in graphs for name, n in graph.uses.items() if name.startswith("v")]
    assert max(intermediate) > 2
    assert max(graph.nodes for graph in graphs) == 8
    assert any(len(set(graph.shapes)) > 1 for graph in graphs)


def test_a_graph_counts_its_nodes_and_their_uses():
    graph = Graph(
        "def graph(x0, x1, xp=np):\n    v0 = x0 * x0\n    v1 = xp.sin(x1)\n    return xp.sum(v0) + xp.sum(v1)",
        (np.ones(2), np.ones(())),
    )
    assert graph.nodes == 2
    assert graph.uses == {"x0": 2, "x1": 1, "v0": 1, "v1": 1}
    assert graph.shapes == ((2,), ())


def test_an_engine_that_forgets_to_add_is_caught():
    """Fan-out is what random graphs are for: a sweep that keeps only the last cotangent of a value is found out."""

    def without_adding(graph):
        def pull(*inputs_and_g):
            *inputs, g = inputs_and_g
            # each use of an input is a leaf of its own, of which only the last one is asked
            source, count = graph.source, {}
            for name, n in graph.uses.items():
                if name.startswith("x"):
                    count[name] = n
            head, body = source.split("\n", 1)
            for name in count:
                body = re.sub(rf"\b{name}\b", f"next({name})", body)
            namespace = {"np": np}
            exec(f"{head}\n{body}", namespace)
            leaves = [[ag.tensor(x, requires_grad=True) for _ in range(count[f"x{i}"])] for i, x in enumerate(inputs)]
            y = namespace["graph"](*map(iter, leaves))
            grads = ag.gradients(y, [uses[-1] for uses in leaves], g)
            return [grad.data for grad in grads]

        return pull

    def is_wrong(graph):
        inputs = graph.inputs
        y = np.asarray(graph(*inputs))
        found = without_adding(graph)(*inputs, np.ones_like(y))
        leaves = [ag.tensor(x, requires_grad=True) for x in inputs]
        right = ag.gradients(graph(*leaves), leaves, np.ones_like(y))
        return any(not np.allclose(a, b.data) for a, b in zip(found, right, strict=True))

    graph = smallest(gst.random_graphs(), is_wrong)
    assert graph.nodes == 1
    assert max(graph.uses.values()) > 1


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: gst.interval(1, 1), OptionError, "interval: low and high must be finite and low < high, got low=1"),
        (lambda: gst.interval(0, np.inf), OptionError, "must be finite"),
        (lambda: gst.positive(-1), OptionError, "positive: low must be greater than 0, got -1"),
        (lambda: gst.away_from(), OptionError, r"name the points to keep away from"),
        (lambda: gst.away_from(0, margin=5), OptionError, "nothing from -3.0 to 3.0 is 5 away from 0"),
        (lambda: gst.away_from(0, margin=0), OptionError, "margin must be greater than 0"),
        (lambda: gst.distinct(margin=7), OptionError, "no two numbers in a range of 6 are 7 apart"),
        (lambda: gst.apart(margin=-1), OptionError, "apart: margin must be greater than 0, got -1"),
        (lambda: gst.matrices(spacing=0), OptionError, "matrices: spacing must be greater than 0"),
        (lambda: gst.arrays(-1), OptionError, "a shape is a tuple of integers"),
        (lambda: gst.arrays("ab"), OptionError, "a shape is a tuple of integers"),
        (lambda: gst.arrays(3, (0, 1)), OptionError, r"a domain is made by interval, .* got \(0, 1\)"),
        (
            lambda: gst.arrays((20, 20), gst.distinct()),
            OptionError,
            r"\(20, 20\) needs 400 distinct numbers; .* has 119",
        ),
        (lambda: gst.arrays(3, gst.interval(1e8, 2e8), np.float16), OptionError, "has no numbers in float16"),
        (lambda: gst.arrays(3, dtype=int), DTypeError, "dtype is float16, float32 or float64, .* got int64"),
        (lambda: gst.arrays(3, dtype="no"), DTypeError, "dtype is float16, float32 or float64, .* got 'no'"),
        (lambda: gst.inputs(3), OptionError, "inputs: shapes is a sequence of shapes"),
        (lambda: gst.inputs([(20, 20)], gst.distinct()), OptionError, "needs 400 distinct numbers"),
        (lambda: gst.inputs([(), ()], [gst.distinct()]), OptionError, "2 shapes, 1 domains"),
        (lambda: gst.shapes(min_dims=3, max_dims=2), OptionError, "needs 0 <= min_dims <= max_dims"),
        (lambda: gst.shapes(min_side=-1), OptionError, "needs 0 <= min_side <= max_side"),
        (lambda: gst.broadcastable_shapes(0), OptionError, "n is the number of arrays, at least 1; got 0"),
        (lambda: gst.gufunc_shapes("m,n->"), OptionError, r"a signature is written as in '\(m,n\),\(n,p\)->\(m,p\)'"),
        (lambda: gst.convolution_shapes(0), OptionError, "spatial must be at least 1, got 0"),
        (lambda: gst.random_graphs(max_nodes=0), OptionError, "max_nodes must be at least 1, got 0"),
        (lambda: gst.random_graphs(max_dims=9), OptionError, "max_dims must be from 0 to 8, got 9"),
        (lambda: gst.operation_inputs(np.tanh), OptionError, "an operation is needed"),
        (lambda: gst.operation_inputs(ag.tanh, example=9), OptionError, "tanh has 5 examples, from 0; there is no 9"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_the_call(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_shapes_with_too_many_elements_for_a_domain_are_drawn_again():
    x = smallest(gst.arrays(gst.shapes(), gst.distinct(margin=0.5)), lambda x: x.ndim == 3 and x.size > 1)
    assert x.size == 2


# --- the door to Hypothesis -------------------------------------------------------------------------------------------


def test_without_hypothesis_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "autograd_core.testing.hypothesis")
    with pytest.raises(
        ImportError, match=r"need Hypothesis, which is not installed; pip install 'autograd-core\[test\]'"
    ):
        importlib.import_module("autograd_core.testing.hypothesis")


def test_profiles_are_registered_only_when_that_is_asked_for():
    program = """
from hypothesis import settings
settings.register_profile("dev", max_examples=7)
from autograd_core.testing.hypothesis import PROFILES, register_profiles
assert settings.get_profile("dev").max_examples == 7
register_profiles()
assert {name: settings.get_profile(name).max_examples for name in PROFILES} == {"dev": 50, "ci": 200, "nightly": 2000}
assert [settings.get_profile(name).derandomize for name in PROFILES] == [True, False, False]
"""
    subprocess.run([sys.executable, "-c", program], check=True)
