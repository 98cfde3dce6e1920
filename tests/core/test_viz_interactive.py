"""The interactive page: one file that needs nothing, driven in a real browser by mouse and keys as a reader would."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from page_browser import HOSTILE, card, network, numbers, operation

import autograd_core as ag
from autograd_core.places import Place
from autograd_core.viz import interactive
from autograd_core.viz.interactive import page
from autograd_core.viz.picture import Edge, Formula, Group, Item, Picture, Saved, Summary


class Parts(HTMLParser):
    """The texts of scripts and styles, and the policy, as an HTML parser that is not ours finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self.policy, self._inside = "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""
        self._inside = f"{tag} {values.get('type', '')}".strip() if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts.append((self._inside, data))


# --- the file -------------------------------------------------------------------------------------------------------


def test_the_same_picture_is_the_same_file_byte_for_byte():
    assert page(network()) == page(network())
    assert page(network()).isascii()


def test_the_policy_lets_run_exactly_the_program_and_the_style_of_the_page():
    parts = Parts(page(network()))
    assert [kind for kind, _ in parts.texts] == ["style", "script application/json", "script"]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for _, text in parts.texts]
    assert parts.policy.split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{hashes[2]}'",
        f"style-src 'sha256-{hashes[0]}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_the_page_names_no_address():
    addresses = set(
        re.findall(r"(?:https?:)?//[\w.-]+\.\w+[\w./]*", "".join(text for _, text in Parts(page(network())).texts))
    )
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}  # names, not places


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_any_name_comes_through_and_stays_text(name):
    picture = Picture([Item(name, "input", name)], {name: Group(name, name)}, title=name, notes=(name,))
    parts = Parts(page(picture))
    assert [kind for kind, _ in parts.texts] == ["style", "script application/json", "script"]
    data = json.loads(parts.texts[1][1])
    assert data["items"][0]["name"] == data["title"] == data["notes"][0] == data["groups"][0]["path"] == name


def test_numbers_that_json_lacks_are_left_out():
    summary = Summary((1,), "float64", low=float("nan"), high=float("inf"), norm=-0.0, thumbnail=((float("nan"), 0.5),))
    data = json.loads(Parts(page(Picture([Item("x", "input", "x", value=summary)]))).texts[1][1])
    value = data["items"][0]["value"]
    assert "low" not in value
    assert "high" not in value
    assert value["norm"] == 0
    assert value["thumbnail"] == [[0, 0.5]]


def test_every_part_of_the_program_is_in_the_page():
    folder = Path(interactive.__file__).parent / "page"
    assert sorted(path.name for path in folder.glob("*.js")) == sorted(interactive._PARTS)
    for path in folder.glob("*.js"):
        assert path.read_text("utf-8").startswith("// "), f"{path.name} does not say what it is"


# --- in the browser ---------------------------------------------------------------------------------------------------


def test_at_first_those_modules_are_folded_that_the_picture_says(show):
    browser = show(network())
    assert {"net.0/linear", "net.1/relu", "net.2"} <= browser.names()
    assert "net.2/linear" not in browser.names()
    assert browser.names(".header") == {"net", "net.0", "net.1"}


def test_a_click_folds_and_unfolds_a_module_which_keeps_its_place(show):
    browser = show(network())
    x, y, _, _ = browser.box(card("net.1/linear"))
    header = browser.box(f".header{card('net.1')} rect")[:2]
    browser.click(f".header{card('net.1')}")
    assert "net.1" in browser.names()
    assert "net.1/linear" not in browser.names()
    folded = browser.box(f"{card('net.1')} .shape")[:2]
    # the header stands 6 by 5 inside its box, drawn at a scale of at most 1.25; half a pixel is rounding
    assert all(0 <= h - f <= 6 * 1.25 + 0.5 for h, f in zip(header, folded, strict=True))
    browser.click(f".card{card('net.1')}")
    assert browser.box(card("net.1/linear"))[:2] == pytest.approx([x, y], abs=0.5)


def test_edges_to_a_folded_module_become_one(show):
    many = [Item("x", "input", "x"), *(operation(f"m/{k}", 0, path="m", step=k + 1) for k in range(5))]
    many.append(operation("sum", *range(1, 4), step=6))
    browser = show(Picture(many, {"m": Group("m", "m")}))
    assert browser.count(".edge") == 8
    browser.click("#fold-all")
    assert browser.names() == {"x", "m", "sum"}
    assert browser.count(".edge") == 2
    told = browser.evaluate("[...document.querySelectorAll('.edge title')].map((title) => title.textContent)")
    assert told[0].splitlines() == [f"x → {k} as a" for k in range(5)]
    assert told[1].splitlines() == ["0 → sum as a", "1 → sum as b", "2 → sum as c"]


def test_all_modules_can_be_folded_and_unfolded_at_once(show):
    browser = show(network())
    browser.click("#fold-all")
    assert browser.names() == {"x", "net", "loss"}
    browser.click("#unfold-all")
    assert browser.names() == {item.name for item in network().items}


def test_a_run_of_repetitions_is_a_pile_with_its_count(show):
    items = [Item("x", "input", "x")]
    groups = {"r": Group("r", "12 × (net.0 … net.11)", "repeat", "Block", True)}
    for k in range(12):
        groups[f"r.net.{k}"] = Group(f"r.net.{k}", f"net.{k}", type="Block")
        items += [
            operation(f"{k}/a", len(items) - 1, path=f"r.net.{k}"),
            operation(f"{k}/b", len(items), path=f"r.net.{k}"),
        ]
    browser = show(Picture(items, groups))
    assert browser.names() == {"x", "r"}
    assert "12 ×" in browser.text(card("r"))
    assert "24 operations" in browser.text(card("r"))
    assert browser.count(f"{card('r')} .sheet") == 2
    browser.click(card("r"))
    assert len(browser.names()) == 25


def test_a_module_of_one_operation_is_written_on_its_card(show):
    groups = {"net.1": Group("net.1", "net.1", type="ReLU")}
    browser = show(Picture([Item("x", "input", "x"), operation("net.1/relu", 0, path="net.1")], groups))
    assert browser.names(".header") == set()
    assert "net.1 · ReLU" in browser.text(card("net.1/relu"))


def test_search_counts_hits_and_goes_through_them_unfolding_what_hides_them(show):
    browser = show(network())
    browser.key("/")
    browser.write("linear")
    assert browser.text("#hits") == "3 hits"
    assert browser.names(".card.hit") == {"net.0/linear", "net.1/linear", "net.2"}  # the last is inside
    seen = []
    for count in ("1 of 3", "2 of 3", "3 of 3", "1 of 3"):
        browser.key("Enter")
        assert browser.text("#hits") == count
        seen += browser.names(".card.this-hit")
    assert seen == ["net.0/linear", "net.1/linear", "net.2/linear", "net.0/linear"]
    browser.key("Enter", shift=True)
    assert browser.names(".card.this-hit") == {"net.2/linear"}
    browser.key("Escape")
    assert browser.text("#hits") == ""
    assert browser.names(".card.hit") == set()


@pytest.mark.parametrize(
    ("query", "count"),
    [("net.1/", 2), ("parameter", 3), ("(3,3)", 3), ("(3, 3)", 3), ("layer relu", 3), ("LOSS", 1), ("nothing", 0)],
)
def test_search_knows_names_kinds_shapes_modules_and_operations(show, query, count):
    browser = show(network())
    browser.click("#query")
    browser.write(query)
    assert browser.text("#hits") == (f"{count} hit" if count == 1 else f"{count} hits")


def test_the_forward_pass_and_the_sweep_are_played_step_by_step(show):
    browser = show(network())
    browser.click("#unfold-all")
    assert browser.text("#caption").startswith("7 steps forward, 7 steps back.")
    browser.click("#next")
    assert browser.text("#caption") == "step 1 of 14, forward: net.0/linear computes (2, 3) from x and net.0.weight"
    assert browser.states()["net.0/linear"] == "current"
    assert browser.states()["net.1/relu"] == "coming"
    assert browser.states()["x"] == ""
    for _ in range(3):
        browser.key("ArrowRight")
    assert browser.states()["net.1/relu"] == "current"
    assert browser.states()["net.0/linear"] == "done"
    browser.key("ArrowLeft")
    assert browser.states()["net.1/linear"] == "current"
    shown = "[...document.querySelectorAll('.{}')].filter((head) => getComputedStyle(head).display !== 'none').length"
    backwards = shown.format("backwards")
    assert browser.evaluate(backwards) == 0
    browser.key("End")
    assert browser.text("#caption") == (
        "step 14 of 14, sweep: cotangent (2, 3) arrives at net.0/linear; goes on to x: g @ weight, to net.0.weight"
    )
    assert browser.evaluate(backwards) == 10  # all edges
    browser.click("#first")
    assert browser.states()["net.0/linear"] == ""


def test_the_sweep_says_numbers_where_they_are_few(show):
    browser = show(network())
    browser.of("#slider", "(it.value = 8, it.dispatchEvent(new Event('input')))")
    assert browser.text("#caption") == "step 8 of 14, sweep: cotangent 1 arrives at loss; goes on to relu"
    assert browser.states()["net.2"] == "coming"


def test_the_forward_pass_says_numbers_and_options(show):
    items = [Item("x", "input", "x"), operation("sum", 0, 0, step=1, shape=(), options="axis=1", value=numbers("2.5"))]
    browser = show(Picture(items))
    browser.key("ArrowRight")
    assert browser.text("#caption") == "step 1 of 1: sum computes 2.5 from x (2 times), with axis=1"


def test_a_program_whose_sweep_is_among_its_steps_is_said_to_have_these_only(show):
    program = ag.trace(ag.grad(lambda x: ag.sin(x).sum()))(np.ones(3))
    browser = show(ag.draw(program).html)
    assert browser.text("#caption") == "4 steps. Press \u2192 to begin."
    browser.key("ArrowRight")
    assert browser.text("#caption") == "step 1 of 4: sin computes (3,) from x"


def test_nothing_goes_back_to_a_constant(show):
    items = [Item("x", "input", "x"), Item("two", "constant", "two"), operation("f", 0, 1, step=1, sweep=1)]
    browser = show(Picture(items))
    browser.key("End")
    assert browser.text("#caption") == "step 2 of 2, sweep: cotangent (2, 3) arrives at f; goes on to x"
    assert browser.evaluate("[...document.querySelectorAll('.edge')].map((edge) => edge.dataset.state)") == [
        "current",
        "",
    ]


def test_a_folded_module_is_current_while_something_inside_is(show):
    browser = show(network())
    browser.click("#fold-all")
    browser.key("ArrowRight")
    assert browser.states() == {"x": "", "net": "current", "loss": "coming"}


def test_play_goes_on_by_itself_and_stops(show):
    browser = show(network())
    browser.key(" ")
    assert browser.text("#play") == "Pause"
    browser.wait("document.getElementById('slider').value >= 2")
    browser.click("#play")
    assert browser.text("#play") == "Play"
    browser.key("End")
    browser.key("ArrowLeft")
    browser.click("#play")
    assert browser.text("#play") == "Play"  # the last step was done, and that is the end


def test_a_node_tells_everything_that_is_known_of_it(show):
    place = Place(__file__, 1)
    item = Item(
        "net/conv", "operation", "conv", "", "conv2d", "stride=2", (64, 30), "float32", 7680,
        value=Summary((64, 30), "float32", "", -1.0, 2.0, 0.25, 12.5, zeros=3, size=1920, histogram=(1, 5, 2)),
        gradient=Summary((64, 30), "float32", nans=2, infinities=1, size=1920, thumbnail=((0.0, 1.0), (0.5, 0.25))),
        saved=(Saved("x", (64, 784), "float32", 200704),), place=place, step=3, sweep=4,
        edges=[Edge(0, "x", Formula("g * out * (1 - out)", r"\frac{\bar{y} \odot y}{2} (1 - y)"))],
    )  # fmt: skip
    browser = show(Picture([Item("x", "input", "x"), item, operation("next", 1)]))
    browser.click(card("net/conv"))
    panel = browser.text("#panel")
    for known in (
        "conv2d", "stride=2", "(64, 30) float32", "7.5 KiB", str(place), place.text, "computed as number 3",
        "swept as number 4", "12.5", "0.25", "3 of 1,920", "2 not a number and 1 infinite, of 1,920",
        "(64, 784) float32, 196 KiB", "g * out * (1 - out)", "next",
    ):  # fmt: skip
        assert known in panel
    assert browser.count("#panel .bars") == 1
    assert browser.count("#panel canvas") == 1
    assert browser.evaluate("document.querySelector('#panel math mfrac') !== null")
    assert browser.text(f"{card('net/conv')} .badge.NaN text") == "NaN"  # a mark, not only a colour
    browser.click("#panel .relatives .link")  # to x
    assert browser.text("#panel h2") == "x"
    assert browser.names(".card.selected") == {"x"}
    browser.key("Escape")
    assert browser.evaluate("document.getElementById('panel').hidden")
    assert browser.names(".card.selected") == set()


def test_latex_that_is_not_understood_is_shown_as_it_is(show):
    rule = Formula("words", r"\unknown{x} < y")
    browser = show(Picture([Item("x", "input", "x"), operation("f", 0, rule=rule)]))
    browser.click(card("f"))
    assert browser.evaluate("document.querySelector('#panel math')") is None
    assert r"\unknown{x} < y" in browser.text("#panel")


def test_hostile_names_break_nothing(show):
    items = [Item(name, "input", name, name, options=name, value=numbers(name)) for name in HOSTILE]
    items.append(operation("sum", *range(3), step=1, rule=Formula(HOSTILE[0], HOSTILE[1])))
    groups = {name: Group(name, name, type=name) for name in HOSTILE}
    browser = show(Picture(items, groups, title=HOSTILE[0], notes=tuple(HOSTILE)))
    assert browser.evaluate("document.title") == HOSTILE[0]
    assert (
        browser.names() == {*HOSTILE[:3], browser.evaluate("'\\u2028\\ufffdé漢😀'"), "sum"} or len(browser.names()) == 5
    )
    assert browser.count("img") == 0
    browser.click(card("sum"))
    assert HOSTILE[0] in browser.text("#panel")


def test_the_page_works_in_a_frame_as_in_a_notebook(browser, tmp_path):
    path = tmp_path / "notebook.html"
    path.write_text(f'<iframe width=900 height=600 srcdoc="{html.escape(page(network()))}"></iframe>')
    browser.open(path)
    browser.wait("document.querySelector('iframe').contentDocument.querySelectorAll('.card').length === 9")


def test_micrograds_expression_with_its_numbers(show):
    with ag.watch():
        a = ag.tensor(-4.0, requires_grad=True)
        b = ag.tensor(2.0, requires_grad=True)
        c = a * b + b**3
    c.backward()
    browser = show(ag.draw(c, {"a": a, "b": b, "c": c}).html)
    assert "grad2" in browser.text(card("a"))  # b
    assert "grad8" in browser.text(card("b"))  # a + 3 b**2
    browser.key("End")
    assert "sweep: cotangent 1 arrives at" in browser.text("#caption")
