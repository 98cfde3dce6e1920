"""Files made of a graph: the right ones, the same every time; and whatever goes wrong, no exception in a notebook."""

import gc
import os
import re
import stat
import subprocess
import sys
import time
import weakref

import pytest
from pictures import everything, expression

import autograd_core as ag
from autograd_core.viz import rendering
from autograd_core.viz.graph import Graph

STARTS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.fixture
def layout():
    pytest.importorskip("pygraphviz", reason="Graphviz lays graphs out")


@pytest.fixture
def no_layout(monkeypatch):
    monkeypatch.setattr(rendering.shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)  # neither found nor imported


@pytest.mark.usefixtures("layout")
@pytest.mark.parametrize("format", STARTS)
def test_the_same_picture_gives_the_same_bytes(format, monkeypatch):
    graph = Graph(everything())
    first = graph.render(format)
    assert first.startswith(STARTS[format])
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")  # another day, for those that look there
    assert Graph(everything()).render(format) == first


@pytest.mark.usefixtures("layout")
def test_a_pdf_has_no_date_of_today():
    dates = re.findall(rb"Date \(D:(\d{8})", Graph(expression()).render("pdf"))
    assert set(dates) <= {b"19700101"}


@pytest.mark.usefixtures("layout")
def test_svg_has_no_versions_in_it_and_fits_its_page():
    svg = Graph(everything()).svg
    assert "<!--" not in svg
    assert "viewBox" in svg
    assert "max-width:100%" in svg


@pytest.mark.usefixtures("layout")
@pytest.mark.parametrize("format", STARTS)
def test_pictures_are_saved_in_folders_that_need_not_be_there(tmp_path, format):
    path = Graph(expression()).save(tmp_path / "new" / f"graph.{format.upper()}")
    assert path.read_bytes().startswith(STARTS[format])


@pytest.mark.usefixtures("no_layout")
def test_text_is_saved_without_a_layout_program(tmp_path):
    graph = Graph(expression(title="⚠"))
    assert graph.save(tmp_path / "g.dot").read_text("utf-8") == graph.dot
    assert graph.save(str(tmp_path / "g.mmd")).read_text("utf-8") == graph.mermaid
    assert graph.save(tmp_path / "g.txt").read_text("utf-8") == f"{graph}\n"
    assert "<html" in graph.save(tmp_path / "g.html").read_text("utf-8")


@pytest.mark.usefixtures("no_layout")
def test_without_a_layout_program_one_line_says_what_to_install(tmp_path):
    graph = Graph(expression())
    with pytest.raises(ImportError, match=re.escape(rendering.INSTALL)):
        graph.save(tmp_path / "graph.svg")
    assert not (tmp_path / "graph.svg").exists()
    shown = graph._repr_mimebundle_()
    assert shown == {"text/plain": f"{graph}\nNo picture: {rendering.INSTALL}."}


@pytest.mark.usefixtures("layout")
def test_a_notebook_shows_the_picture():
    graph = Graph(expression())
    shown = graph._repr_mimebundle_(include=None, exclude=None)
    assert shown == {"image/svg+xml": graph.svg, "text/plain": repr(graph)}
    assert repr(graph) == "<Graph of 4 nodes and 3 edges>"
    assert len(graph) == 4


@pytest.mark.parametrize("error", [RuntimeError, OSError, MemoryError, RecursionError, UnicodeDecodeError])
def test_whatever_goes_wrong_a_notebook_gets_the_tree(monkeypatch, error):
    def fail(*_, **__):
        raise error("utf-8", b"", 0, 1, "broken") if error is UnicodeDecodeError else error("bro\nken")

    monkeypatch.setattr("autograd_core.viz.graph.rendered", fail)
    graph = Graph(expression())
    text = graph._repr_mimebundle_()["text/plain"]
    assert text.startswith(str(graph))
    assert error.__name__ in text.splitlines()[-1]
    assert "bro" in text.splitlines()[-1]


def test_even_a_picture_that_makes_no_sense_raises_nothing_in_a_notebook():
    picture = expression(theme="none")
    picture.items[0].edges = [None]
    assert "cannot be written" in Graph(picture)._repr_mimebundle_()["text/plain"]
    assert Graph(None)._repr_mimebundle_()["text/plain"]


def test_unknown_formats_and_endings_are_refused_in_words(tmp_path):
    graph = Graph(expression())
    with pytest.raises(ag.OptionError, match=r"svg, png, pdf, got 'gif'"):
        graph.render("gif")
    for name in ("graph.jpg", "graph", ".svg"):
        with pytest.raises(ag.OptionError, match=r"\.svg, \.png, \.pdf, \.dot, \.mmd, \.html, \.txt, got"):
            graph.save(tmp_path / name)


@pytest.mark.usefixtures("layout")
def test_what_is_no_dot_is_an_error_that_says_so():
    with pytest.raises(ag.GraphError, match="could not draw"):
        rendering.rendered("digraph {", "svg")


@pytest.mark.usefixtures("layout")
def test_a_layout_that_takes_too_long_is_ended():
    lines = [f"n{i} -> n{(i * 7919 + k * k) % 3000};" for i in range(3000) for k in range(4)]
    start = time.perf_counter()
    with pytest.raises(ag.GraphError, match=r"longer than 0.5 s.*folded"):
        rendering.rendered(f"digraph {{{''.join(lines)}}}", "svg", nodes=3000, seconds=0.5)
    assert time.perf_counter() - start < 30, "the limit is kept, give or take a busy machine"


@pytest.mark.usefixtures("layout")
def test_graphs_that_nobody_could_read_are_not_tried():
    with pytest.raises(ag.GraphError, match=r"3,001 nodes are too many"):
        rendering.rendered("digraph {}", "svg", nodes=3001)


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for dot is a script")
def test_the_program_dot_is_preferred(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text(
        f"#!{sys.executable}\nimport sys; sys.stdout.write('<svg >' + sys.argv[-1] + sys.stdin.read())\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert rendering.layout_program() == "dot"
    svg = rendering.rendered("digraph {}", "svg").decode()
    assert svg.startswith("<svg style=")
    assert "-Tsvg" in svg
    assert "digraph {}" in svg


@pytest.mark.usefixtures("layout")
def test_the_layout_runs_outside_this_process():
    code = (
        "import sys, autograd_core as ag; ag.draw(ag.tensor(1.0)).svg; "
        "print({'pygraphviz', 'graphviz'} & {name.split('.')[0] for name in sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_a_graph_keeps_no_node_alive():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    graph = ag.draw(y, {})
    str(graph), graph.dot
    node = weakref.ref(y.node)
    del x, y
    gc.collect()
    assert node() is None
