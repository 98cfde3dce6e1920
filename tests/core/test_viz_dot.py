"""Pictures in Graphviz' language: read as exactly our nodes and edges whatever their names, and always the same."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from pictures import EVIL, everything, expression, item, pictures

from autograd_core.viz.backward import backward
from autograd_core.viz.dot import to_dot
from autograd_core.viz.picture import KINDS, Edge, Formula, Group, Picture
from autograd_core.viz.rendering import rendered
from autograd_core.viz.themes import THEMES, colour_at


def text_of(picture, name):
    """All that the card of an item says."""
    line = next(line for line in to_dot(picture).splitlines() if line.strip().startswith(f'"{name}" ['))
    label = re.search(r"label=<(.*)>, id=", line).group(1)
    return " ".join(" ".join(ElementTree.fromstring(f"<X>{label}</X>").itertext()).split())


@settings(deadline=None)
@given(pictures())
def test_graphviz_finds_exactly_our_nodes_and_edges_whatever_they_are_called(picture):
    pygraphviz = pytest.importorskip("pygraphviz", reason="Graphviz' own parser")
    graph = pygraphviz.AGraph(string=to_dot(picture))
    assert graph.number_of_nodes() == len(picture.items)
    assert graph.number_of_edges() == sum(len(i.edges) for i in picture.items)
    assert {node.attr["class"].split()[0] for node in graph.nodes()} == {f"kind-{i.kind}" for i in picture.items}
    # every label is well-formed XML, which Graphviz checks no earlier than it draws
    cards = [node.attr["label"] for node in graph.nodes()] + [graph.graph_attr["label"] or ""]
    cards += [edge.attr["label"] for edge in graph.edges() if edge.attr["label"]]
    for card in cards:
        ElementTree.fromstring(f"<X>{card}</X>")


@settings(deadline=None)
@given(pictures())
def test_the_same_picture_gives_the_same_text(picture):
    assert to_dot(picture) == to_dot(picture)


@pytest.mark.parametrize("theme", THEMES)
def test_the_worst_names_are_drawn_without_complaint(theme, capfd):
    pygraphviz = pytest.importorskip("pygraphviz", reason="Graphviz lays graphs out")
    picture = everything(theme=theme, rules="words", order=True, saved=True, places=True)
    picture.title, picture.notes = EVIL, (EVIL,)
    picture.groups["net.0"] = Group("net.0", EVIL, type=EVIL)
    for i in picture.items:
        i.name, i.title, i.options, i.operation = EVIL + i.name, EVIL * 5, EVIL, EVIL
        i.edges = [Edge(e.source, EVIL, Formula(EVIL, EVIL)) for e in i.edges]
    svg = pygraphviz.AGraph(string=to_dot(picture)).draw(format="svg", prog="dot").decode()
    assert "label" not in capfd.readouterr().err  # "Error: not well-formed ... in label of node ..."
    classes = [element.get("class", "") for element in ElementTree.fromstring(svg).iter()]
    assert sum(name.startswith("node kind-") for name in classes) == len(picture.items)
    assert classes.count("edge") == sum(len(i.edges) for i in picture.items)
    assert "☃" in svg


def test_nodes_go_by_their_names_a_line_each_so_that_files_can_be_compared():
    before, after = expression(), expression()
    after.items[2].options = "changed"
    different = set(to_dot(before).splitlines()) ^ set(to_dot(after).splitlines())
    assert len(different) == 2
    assert all(line.startswith('  "multiply" [') for line in different)
    assert '  "a" -> "multiply" [' in to_dot(before)


def test_equal_names_do_not_become_one_node():
    dot = to_dot(Picture([item("x"), item("x"), item("x (2)")]))
    assert re.findall(r'^  ("x.*?) \[', dot, re.MULTILINE) == ['"x"', '"x (2)"', '"x (2) (2)"']


def test_a_card_says_what_micrograd_s_says_and_more():
    assert text_of(expression(), "g") == "g power b=3 () float64 8 B data 24.7 grad 1"
    shown = expression(order=True, saved=True, places=True)
    assert text_of(shown, "g") == "▶2 ◀1 g power b=3 () float64 8 B data 24.7 grad 1 keeps a () 8 B train.py:12"
    assert text_of(expression(values=False, gradients=False), "g") == "g power b=3 () float64 8 B"


def test_an_empty_gradient_is_said_to_be_empty():
    empty = Picture([item("x", value=np.zeros((0, 3)), gradient=np.zeros((0, 3)))])
    assert text_of(empty, "x").endswith("data empty grad empty")


def test_rules_stand_on_edges():
    assert "label=<g · b>" in to_dot(expression(rules="words"))
    assert r"label=<g \\cdot b>" in to_dot(expression(rules="latex"))
    assert "label=<g" not in to_dot(expression())


def test_wrong_gradients_and_values_are_marked_by_word_and_border():
    for theme in THEMES:
        picture = Picture(
            [item("n", value=[1.0, np.nan]), item("i", gradient=np.inf), item("z", gradient=np.zeros(4))], theme=theme
        )
        assert "data ⚠ NaN (1 of 2)" in text_of(picture, "n")
        assert "grad ∞ inf" in text_of(picture, "i")
        assert "grad 0 zero (4 of 4)" in text_of(picture, "z")
        lines = {line.split('"')[1]: line for line in to_dot(picture).splitlines() if line.startswith('  "')}
        assert [("penwidth" in lines[name]) for name in "niz"] == [True, True, False]
        assert "flag-nan" in lines["n"]


def test_gradients_are_coloured_by_the_logarithm_of_their_norms_and_the_legend_says_the_range():
    picture = Picture([item("s", gradient=1e-4), item("m", gradient=1e-2), item("l", gradient=1.0)])
    dot = to_dot(picture)
    for name, fraction in (("s", 0), ("m", 0.5), ("l", 1)):
        colour = colour_at(THEMES["light"], fraction)
        assert re.search(rf'^  "{name}" .*BGCOLOR="{colour}"', dot, re.MULTILINE)
    assert "norm of the gradient 0.0001" in dot
    assert "norm of" not in to_dot(Picture(picture.items, gradients=False))


def test_groups_are_nested_frames_with_label_and_type():
    pygraphviz = pytest.importorskip("pygraphviz", reason="Graphviz' own parser")
    graph = pygraphviz.AGraph(string=to_dot(everything()))
    outer = graph.get_subgraph("cluster_net")
    inner = outer.get_subgraph("cluster_net.0")
    picture = everything()
    assert set(inner.nodes()) == {i.name for i in picture.items if i.path == "net.0"}
    assert set(outer.nodes()) == {i.name for i in picture.items if i.path.startswith("net")}
    assert "<B>0</B>" in inner.graph_attr["label"]
    assert "Linear" in inner.graph_attr["label"]


def test_every_group_is_opened_once_however_items_go_in_and_out():
    paths = ["a.b.c", "", "a", "d", "a.b", "a.b.c", "d.e"]
    dot = to_dot(Picture([item(f"i{n}", path=path) for n, path in enumerate(paths)]))
    opened = re.findall(r'subgraph "cluster_(.*?)"', dot)
    assert opened == ["a", "a.b", "a.b.c", "d", "d.e"]
    outside_strings = re.sub(r"<.*>|\"[^\"]*\"", "", dot)
    assert outside_strings.count("{") == outside_strings.count("}")


def test_folded_items_say_what_they_stand_for():
    picture = Picture([item("blocks", "repeat", count=12, operations=5, parameters=1234)])
    assert text_of(picture, "blocks") == "blocks ×12 5 operations, 1,234 parameters each"


def test_large_pictures_have_plain_cards_and_a_rough_layout():
    few, many = (Picture([item(f"x{i}", value=np.arange(20.0)) for i in range(n)]) for n in (10, 400))
    assert "nslimit" not in to_dot(few)
    assert "nslimit" in to_dot(many)
    assert len(to_dot(many)) / 400 < len(to_dot(few)) / 10 / 3
    assert "▁" in text_of(many, "x7") or "█" in text_of(many, "x7")


def test_groups_nested_a_thousand_deep_need_no_recursion():
    path = ".".join(["m"] * 3000)
    assert to_dot(Picture([item("x", path=path)])).count("subgraph") == 3000


def layered(count, parameters):
    """Layers of so many parameters, each an operation in its own frame, and one without between every two."""
    items = [item("x", "input")]
    for k in range(count):
        given = [Edge(len(items) - 1)]
        for p in range(parameters):
            given.append(Edge(len(items)))
            items.append(item(f"{k}.p{p}", "parameter", path=f"m{k}"))
        items += [item(f"{k}/op", sources=given, path=f"m{k}", operations=1)]
        items += [item(f"{k}/relu", sources=[Edge(len(items) - 1)], path=f"r{k}", operations=1)]
    return items


def places(dot):
    """Where the middle of each node is, by its name."""
    nodes = (e for e in ElementTree.fromstring(rendered(dot, "svg")).iter() if e.get("class", "").startswith("node"))
    boxes = {}
    for node in nodes:
        numbers = re.findall(r"-?[\d.]+", " ".join(e.get("points", "") + e.get("d", "") for e in node.iter()))
        xs, ys = np.array(numbers[::2], float), np.array(numbers[1::2], float)
        boxes[node.get("id")] = (xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2
    return boxes


@pytest.mark.parametrize("back", [False, True])
def test_layers_stand_straight_below_each_other_with_their_parameters_at_their_sides(back):
    pytest.importorskip("pygraphviz", reason="Graphviz lays graphs out")
    picture = Picture(layered(6, 2))
    at = places(to_dot(backward(picture) if back else picture))
    named = (
        ("{}/op/vjp", "{}/relu/vjp", "{}.p0/gradient", "{}.p1/gradient")
        if back
        else ("{}/op", "{}/relu", "{}.p0", "{}.p1")
    )
    column = [at[name.format(k)][0] for k in range(6) for name in named[:2]]
    assert max(column) - min(column) < 1  # a point: coordinates are rounded
    for k in range(6):
        (x, y), (x0, y0), (x1, y1) = (at[named[i].format(k)] for i in (0, 2, 3))
        assert (x0 - x) * (x1 - x) < 0
        assert y0 == pytest.approx(y, abs=2)  # a cylinder's lid is no part of its middle
        assert y1 == pytest.approx(y, abs=2)


def test_more_than_two_parameters_and_shared_ones_stand_above():
    assert to_dot(Picture(layered(2, 2))).count("rank=same") == 2
    assert "rank=same" not in to_dot(Picture(layered(2, 3)))
    shared = [
        item("w", "parameter", path="m"),
        *(item(f"op{k}", sources=[Edge(0)], path="m") for k in "12"),
    ]
    assert "rank=same" not in to_dot(Picture(shared))


def test_what_stands_beside_is_drawn_even_if_both_could():
    odd = [item("v", "parameter", path="m"), item("w", "parameter", sources=[Edge(0)], path="m")]
    assert len(re.findall(r'^ +"[vw]" \[label', to_dot(Picture(odd)), re.MULTILINE)) == 2


def test_what_comes_from_hidden_items_does_not_pull_its_readers_out_of_line():
    sources = [item("…", "hidden"), item("a", sources=[Edge(0)]), item("b", sources=[Edge(1), Edge(0)])]
    first, _, second = (line for line in to_dot(Picture(sources)).splitlines() if "->" in line)
    assert "constraint" not in first  # or it would not stand above
    assert "constraint=false" in second


def test_svg_has_titles_names_and_classes():
    pytest.importorskip("pygraphviz", reason="Graphviz lays graphs out")
    svg = rendered(to_dot(everything()), "svg").decode()
    classes = {element.get("id"): element.get("class", "") for element in ElementTree.fromstring(svg).iter()}
    for kind in KINDS:
        assert classes[f"{kind} 1"].startswith(f"node kind-{kind}")
    assert 'xlink:title="operation 1&#10;an operation' in svg


def test_labels_and_tooltips_say_literally_what_they_were_given():
    pytest.importorskip("pygraphviz", reason="Graphviz lays graphs out")
    name = r"""a &lt; b \N \n \\N \L & 'c' "d" \\"""
    edge = Edge(0, name, Formula("", r"\Lambda \Nabla \cdot \Gamma"))
    picture = Picture([item("x", title=name), item("y", sources=[edge])], rules="latex")
    drawn = list(ElementTree.fromstring(rendered(to_dot(picture), "svg")).iter())
    assert any(e.get("{http://www.w3.org/1999/xlink}title", "").startswith(f"{name}\n") for e in drawn)
    written = ["".join(e.itertext()).strip() for e in drawn]
    assert name in written
    assert edge.rule.latex in written
