"""Pictures as text: a tree for terminals, a line an item; and Mermaid, whatever the names are."""

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from pictures import EVIL, everything, expression, item, pictures

from autograd_core.viz.listing import to_text
from autograd_core.viz.mermaid import to_mermaid
from autograd_core.viz.picture import Group, Picture, Saved
from autograd_core.viz.wording import MARKS, details, gradient_line, sparkline, value_line


def test_the_tree_says_all_that_the_picture_shows():
    assert to_text(expression(title="An expression")).splitlines() == [
        "An expression",
        "norm of the gradient 0.5 … 645.6",
        "  0  a  input  () float64 8 B  data -4  grad 138.8",
        "  1  b  parameter  () float64 8 B  data 2  grad 645.6",
        "  2  multiply  () float64 8 B  data -8  grad -0.5  <- 0, 1",
        "  3  g  power  b=3  output  () float64 8 B  data 24.7  grad 1  <- 2",
    ]


def test_options_add_to_it_and_take_from_it():
    bare = to_text(expression(values=False, gradients=False)).splitlines()
    assert bare[-1] == "  3  g  power  b=3  output  () float64 8 B  <- 2"
    full = to_text(expression(rules="words", saved=True, places=True, order=True)).splitlines()
    assert full[-1] == (
        "  3  ▶2 ◀1  g  power  b=3  output  () float64 8 B  data 24.7  grad 1  keeps a () 8 B  train.py:12  <- 2"
    )
    assert "       to 0: g · b" in full
    assert r"       to 0: g \cdot b" in to_text(expression(rules="latex")).splitlines()


def test_groups_are_headings_and_what_stands_in_them_is_indented():
    paths = ["", "net.0", "net.0", "net", "net.1"]
    groups = {"net.0": Group("net.0", "0", type="Linear"), "net.1": Group("net.1", "2 × (Block)", "repeat")}
    picture = Picture([item(f"x{i}", path=path) for i, path in enumerate(paths)], groups)
    assert to_text(picture).splitlines() == [
        "  0  x0",
        "     [net]",
        "       [net.0] Linear",
        "  1      x1",
        "  2      x2",
        "     [net]",
        "  3    x3",
        "       [2 × (Block)]",
        "  4      x4",
    ]


def test_many_numbers_are_a_sparkline_and_a_range():
    picture = Picture([item("x", value=np.repeat([0.0, 11.0], [30, 10]))])
    assert "data █          ▃ 0 … 11" in to_text(picture)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros(20), "all 0"),
        (np.zeros((0, 2)), "empty"),
        ([np.nan] * 20, "⚠ NaN (20 of 20) no finite numbers"),
        ([[1.0, -2.0], [10.0, 3.0]], "[[1, -2], [10, 3]]"),
        (np.inf, "∞ inf"),
        ([1.0, np.nan], "⚠ NaN (1 of 2) [1, nan]"),
    ],
)
def test_values_in_words(values, said):
    assert value_line(item("x", value=values).value) == said


@pytest.mark.parametrize(
    ("gradient", "said"),
    [
        (np.full(16, 0.5), "norm 2"),
        (np.zeros(20), "0 zero (20 of 20)"),
        (0.0, "0 zero"),
        ([np.inf, 3.0, 4.0], "∞ inf (1 of 3) [inf, 3, 4]"),
        ([np.nan] + [3.0] * 9, "⚠ NaN (1 of 10) norm 9"),
        (np.zeros((0, 2)), "empty"),
        (138.8, "138.8"),
    ],
)
def test_gradients_in_words(gradient, said):
    assert gradient_line(item("x", gradient=gradient).gradient) == said


def test_every_mark_has_a_word_behind_it():
    assert all(re.fullmatch(rf"\S {flag}", mark) for flag, mark in MARKS.items())


def test_what_is_there_is_seen_in_a_sparkline():
    assert sparkline([0, 1, 10_000]) == " ▁█"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "  "


def test_what_is_freed_is_said_to_be():
    picture = Picture([item("x", saved=None), item("y", saved=()), item("z", saved=(Saved("b", (2,), "float32", 8),))])
    picture.saved = True
    lines = to_text(picture).splitlines()
    assert ["keeps" in line for line in lines] == [True, False, True]
    assert "freed" in lines[0]
    assert "keeps b (2,) 8 B" in lines[2]


def test_details_tell_everything():
    picture = expression(rules="words")
    told = "\n".join(details(picture.items[3], picture))
    for words in (
        "g",
        "what was asked for",
        "operation power",
        "options b=3",
        "data 24.7",
        "grad 1",
        "line train.py:12",
    ):
        assert words in told
    assert "a = a; back: g · b" in "\n".join(details(picture.items[2], picture))


@settings(deadline=None)
@given(pictures())
def test_every_item_has_one_line_of_its_own(picture):
    lines = to_text(picture).split("\n")
    numbered = [int(found[1]) for line in lines if (found := re.match(r" *(\d+)  ", line)) and "to " not in line[:12]]
    assert [n for i, n in enumerate(numbered) if n not in numbered[:i]][: len(picture.items)] == sorted(set(numbered))
    assert set(range(len(picture.items))) <= set(numbered)


@settings(deadline=None)
@given(pictures())
def test_mermaid_has_every_node_and_edge_and_nothing_that_could_be_read_as_markup(picture):
    body = to_mermaid(picture).split("flowchart TB\n", 1)[1]
    node = re.compile(r' +n(\d+)[\[({>/\\]+"([^"]*)"[\])}/\\]+(:::\w+)?')
    edge = re.compile(r'  n\d+ -\.?->(\|"[^"]*"\|)? n\d+')
    other = re.compile(r'  %%.*| +subgraph g\d+ \["([^"]*)"\]| +end|  classDef .*')
    nodes = edges = 0
    for line in body.splitlines():
        if found := node.fullmatch(line):
            nodes += 1
            words = found[2].replace("<br/>", "")
        elif edge.fullmatch(line):
            edges += 1
            continue
        else:
            found = other.fullmatch(line)
            assert found, line
            words = found[1] or ""
        assert not re.search(r"[<>\[\]{}&`$|\\]|%%|#(?!\d+;)", words)
    assert nodes == len(picture.items)
    assert edges == sum(len(i.edges) for i in picture.items)
    assert body.count("subgraph ") == len(re.findall(r"^ +end$", body, re.MULTILINE))


def test_mermaid_says_what_the_picture_says():
    text = to_mermaid(expression(title='A "title"', direction="LR", rules="words"))
    assert text.startswith('---\ntitle: "A \\"title\\""\n---\nflowchart LR\n')
    assert '  n0>"a<br/>input () float64 8 B<br/>data -4<br/>grad 138.8"]\n' in text
    assert '  n0 -->|"g · b"| n2\n' in text
    assert "  n1 --> n2\n" in text
    assert '  n3(["g power<br/>b=3<br/>() float64 8 B<br/>data 24.7<br/>grad 1"]):::thick\n' in text


def test_groups_are_subgraphs():
    text = to_mermaid(everything())
    assert '  subgraph g0 ["net Sequential"]\n' in text
    assert '    subgraph g1 ["0 Linear"]\n' in text


def test_the_worst_title_stays_on_its_line():
    assert to_mermaid(Picture([], title=EVIL)).splitlines()[2:4] == ["---", "flowchart TB"]
    assert len(to_text(Picture([item("x", title=EVIL)], title=EVIL)).split("\n")) == 2


@settings(deadline=None)
@given(pictures())
def test_nothing_a_terminal_would_obey_or_a_file_could_not_hold(picture):
    for text in (to_text(picture), to_mermaid(picture)):
        text.encode()
        assert not [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cs")]


@settings(deadline=None)
@given(pictures())
def test_the_same_picture_gives_the_same_text(picture):
    assert to_text(picture) == to_text(picture)
    assert to_mermaid(picture) == to_mermaid(picture)
