"""Pictures of graphs: the same text in every run, kinds told apart by shape, and never an exception in a notebook."""

import subprocess
import sys

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import viz


def loss():
    x = ag.tensor(np.ones((2, 3)), requires_grad=True)
    w = ag.tensor(np.ones((4, 3)), requires_grad=True)
    return ag.cross_entropy(ag.linear(x, w), np.array([1, 2])), {"x": x, "w": w}


def test_the_text_is_the_same_whatever_was_computed_before():
    first = ag.draw(*loss()).dot
    _ = ag.exp(ag.tensor(1.0, requires_grad=True))
    assert ag.draw(*loss()).dot == first


def test_operations_shapes_names_and_numbers_are_shown():
    text = str(ag.draw(loss()[0] * 3.0, loss()[1]))
    assert "linear  (2, 4) float64" in text
    value, names = loss()
    listing = str(ag.draw(3.0 * value, names)).splitlines()
    assert listing == [
        "  0  x  input  (2, 3) float64",
        "  1  w  input  (4, 3) float64",
        "  2  linear  (2, 4) float64  <- 0, 1",
        "  3  constant (2,) int64",
        "  4  cross_entropy  () float64  <- 2, 3",
        "  5  multiply  b=3  () float64  output  <- 4",
    ]


def test_kinds_differ_in_shape_and_not_only_in_colour():
    looks = {kind: style.split(", fillcolor")[0].split(", color")[0] for kind, style in viz._STYLES.items()}
    assert len(set(looks.values())) == len(looks)


def test_modules_are_clusters_and_their_parameters_stand_in_them():
    nn = pytest.importorskip("nn")
    model = nn.Sequential(nn.Linear(3, 2, rng=0), nn.ReLU())
    graph = ag.draw(model(np.ones((1, 3), np.float32)).sum(), dict(model.named_parameters()))
    assert 'subgraph "cluster_0"' in graph.dot
    inside = graph.dot.split('subgraph "cluster_0"')[1].split("}")[0]
    assert "0.weight\\nparameter" in inside
    assert "linear" in inside


def test_names_cannot_break_the_text():
    x = ag.tensor(1.0, requires_grad=True)
    graph = ag.draw(x * x, {'a "quoted"\\name\nin two lines': x})
    assert '\\"quoted\\"\\\\name in two lines' in graph.dot


def test_a_large_graph_shows_its_end_and_says_so():
    y = ag.tensor(1.0, requires_grad=True)
    for _ in range(1000):
        y = ag.sin(y)
    graph = ag.draw(y)
    assert len(graph) == 301  # and one that stands for all others
    assert "The last 300 of 1,001 nodes" in graph.dot
    assert "701 earlier nodes" in graph.dot
    assert len(ag.draw(y, limit=2000)) == 1001


def test_a_graph_as_deep_as_they_come_is_drawn_without_recursion():
    y = ag.tensor(1.0, requires_grad=True)
    for _ in range(20_000):
        y = -y
    assert "20,001" in ag.draw(y).dot


def test_a_swept_graph_and_a_constant_can_be_drawn():
    value, names = loss()
    value.backward()
    assert "cross_entropy" in str(ag.draw(value, names))
    assert str(ag.draw(ag.tensor([1.0]))) == "  0  constant  (1,) float64"


@pytest.mark.parametrize(("ending", "start"), [("dot", b"digraph"), ("txt", b"  0  x")])
def test_text_is_saved_without_graphviz(tmp_path, ending, start):
    path = ag.draw(*loss()).save(tmp_path / f"graph.{ending}")
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures_are_saved(tmp_path, ending, start):
    pytest.importorskip("pygraphviz", reason="Graphviz lays graphs out")
    path = ag.draw(*loss()).save(tmp_path / f"graph.{ending}")
    assert path.read_bytes().startswith(start)


def test_without_graphviz_a_notebook_gets_text_and_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(viz.shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)  # the import fails
    graph = ag.draw(*loss())
    assert graph._repr_svg_() is None
    shown = graph._repr_mimebundle_()
    assert list(shown) == ["text/plain"]
    assert "cross_entropy" in shown["text/plain"]
    assert "pip install" in shown["text/plain"]
    with pytest.raises(ImportError, match="install"):
        graph.save(tmp_path / "graph.svg")


def test_what_cannot_be_drawn_is_refused_in_words(tmp_path):
    with pytest.raises(ag.DTypeError, match="ndarray"):
        ag.draw(np.ones(3))
    with pytest.raises(ag.OptionError, match="direction"):
        ag.draw(*loss(), direction="up")
    with pytest.raises(ag.OptionError, match=r"\.svg, \.png, \.pdf, \.dot, \.txt"):
        ag.draw(*loss()).save(tmp_path / "graph.jpg")


def test_graphviz_is_not_imported_before_a_picture_is_asked_for():
    code = "import sys, autograd_core as ag; ag.draw(ag.tensor(1.0)).dot; print('graphviz' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
