"""What is seen of the interactive page: nothing lies over anything, all is in reach of mouse and keys, in any light."""

import random

import pytest
from page_browser import card, network, operation

from autograd_core.viz.picture import Group, Item, Picture

BOXES = """[...document.querySelectorAll('.card, .ground')].map((box) => {
  const it = (box.querySelector('.shape') || box).getBoundingClientRect();
  return [box.dataset.name || '', box.classList.contains('ground'), it.left, it.top, it.right, it.bottom];
})"""
EDGES = """[...document.querySelectorAll('.edge .line')].map((line) => {
  const seen = (at) => line.getPointAtLength(at).matrixTransform(line.getScreenCTM());
  const [from, to] = [seen(0), seen(line.getTotalLength())];
  return [from.x, from.y, to.x, to.y];
})"""
ROUNDING = 1.0  # pixels: a path is written with one decimal, and an outline is 1.2 wide


def at_random(seed: int) -> Picture:
    """Some 40 operations of each other, in modules inside modules, that are entered and left anywhere."""
    choose = random.Random(seed)
    paths = ["", "a", "a.b", "a.b.c", "d", "d.e"]
    items = [Item(f"x{i}", "input", f"x{i}", choose.choice(paths)) for i in range(4)]
    for k in range(40):
        sources = [choose.randrange(max(0, len(items) - 12), len(items)) for _ in range(choose.randint(1, 3))]
        items.append(operation(f"{k}/op", *sources, path=choose.choice(paths), step=k + 1))
    return Picture(items, {path: Group(path, path) for path in paths if path})


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("seed", range(4))
def test_boxes_do_not_overlap_and_modules_contain_their_own(show, seed, direction):
    picture = at_random(seed)
    picture.direction = direction
    browser = show(picture)
    browser.click("#fit")
    boxes = browser.evaluate(BOXES)
    cards = [box for box in boxes if not box[1]]
    for i, (name, _, left, top, right, bottom) in enumerate(cards):
        for other, _, l, t, r, b in cards[:i]:  # noqa: E741
            assert left >= r or l >= right or top >= b or t >= bottom, f"{name} lies over {other}"
    grounds = [box[2:] for box in boxes if box[1]]
    paths = {item.name: item.path for item in picture.items}
    for name, _, left, top, right, bottom in cards:
        around = [l <= left and t <= top and r >= right and b >= bottom for l, t, r, b in grounds]  # noqa: E741
        touched = [l < right and t < bottom and r > left and b > top for l, t, r, b in grounds]  # noqa: E741
        assert around == touched, f"{name} stands across the border of a module"
        assert sum(around) == (paths[name].count(".") + 1 if paths[name] else 0), f"{name} is in the wrong module"


@pytest.mark.parametrize("seed", range(4))
def test_every_edge_runs_from_under_its_source_to_above_its_target(show, seed):
    picture = at_random(seed)
    browser = show(picture)
    browser.click("#fit")
    boxes = {name: box for name, ground, *box in browser.evaluate(BOXES) if not ground}
    found = []
    for x, y, x2, y2 in browser.evaluate(EDGES):
        (source,) = [n for n, (l, t, r, b) in boxes.items() if l < x < r and abs(y - b) < ROUNDING]  # noqa: E741
        (target,) = [n for n, (l, t, r, b) in boxes.items() if l < x2 < r and abs(y2 - t) < ROUNDING]  # noqa: E741
        found.append((source, target))
    wanted = {(picture.items[edge.source].name, item.name) for item in picture.items for edge in item.edges}
    assert sorted(found) == sorted(wanted)


def test_without_circles_of_modules_everything_stands_below_what_it_was_computed_from(show):
    picture = at_random(1)
    for item in picture.items:
        item.path = ""
    browser = show(picture)
    assert all(y < y2 for _, y, _, y2 in browser.evaluate(EDGES))


def crossings(edges: list[list[float]]) -> int:
    """How many pairs of edges from one layer to the next cross each other."""
    return sum((x - v) * (x2 - v2) < 0 for i, (x, _, x2, _) in enumerate(edges) for v, _, v2, _ in edges[:i])


@pytest.mark.parametrize("seed", range(4))
def test_edges_that_need_not_cross_do_not(show, seed):
    pairs = random.Random(seed).sample(range(9), 9)  # a zigzag of ten inputs, told in any order
    items = [Item(f"x{i}", "input", f"x{i}") for i in range(10)] + [operation(f"{i}/op", i, i + 1) for i in pairs]
    edges = show(Picture(items)).evaluate(EDGES)
    assert len(edges) == 18
    assert crossings(edges) == 0


@pytest.mark.parametrize("seed", range(4))
def test_no_edge_runs_through_a_card(show, seed):
    browser = show(at_random(seed))
    through = browser.evaluate("""(() => {
      const cards = [...document.querySelectorAll('.card .shape')].map((shape) => shape.getBoundingClientRect());
      let count = 0;
      for (const line of document.querySelectorAll('.edge .line')) {
        const length = line.getTotalLength(), matrix = line.getScreenCTM();
        for (let at = 3; at < length - 3; at += 8) {
          const { x, y } = line.getPointAtLength(at).matrixTransform(matrix);
          count += cards.some((c) => x > c.left + 2 && x < c.right - 2 && y > c.top + 2 && y < c.bottom - 2);
        }
      }
      return count;
    })()""")
    assert through == 0


def test_a_module_that_is_called_twice_is_drawn_although_it_makes_a_circle(show):
    items = [Item("x", "input", "x"), operation("m/a", 0, path="m"), operation("f", 1), operation("m/b", 2, path="m")]
    items.append(operation("g", 3))
    browser = show(Picture(items, {"m": Group("m", "m")}))
    assert browser.names() == {"x", "m/a", "f", "m/b", "g"}
    browser.click("#fold-all")
    assert browser.names() == {"x", "m", "f", "g"}
    assert browser.count(".edge") == 4


def test_three_thousand_nodes_are_drawn_and_answer(show, capsys):
    choose = random.Random(0)
    items = [Item(f"x{i}", "input", f"x{i}", shape=(3,), dtype="float64") for i in range(30)]
    for k in range(30, 3000):
        items.append(
            operation(f"{k}/op", *(choose.randrange(k - 30, k) for _ in range(2)), step=k - 29, sweep=3000 - k)
        )
    browser = show(Picture(items))
    assert len(browser.names()) == 3000
    (drawn,) = browser.evaluate("performance.getEntriesByName('draw').map((entry) => entry.duration)")
    browser.key("End")
    stepped = browser.evaluate(
        "(() => { const start = performance.now(); document.getElementById('previous').click();"
        " document.body.getBoundingClientRect(); return performance.now() - start; })()"
    )
    with capsys.disabled():
        print(f"\n3,000 nodes, {browser.count('.edge'):,} edges: drawn in {drawn:.0f} ms, a step in {stepped:.0f} ms")
    assert drawn < 20_000  # it is a fraction of a second; this only says that it does not hang


def test_a_chain_of_twenty_thousand_operations_opens_in_stretches(show):
    items = [Item("x", "input", "x"), *(operation(f"{k}/op", k) for k in range(20_000))]
    browser = show(Picture(items))
    assert len(browser.names()) <= 200
    browser.click(card("1 to 101"))
    assert "90/op" in browser.names()
    browser.click("#unfold-all")
    assert len(browser.names()) < 7000
    browser.click("#query")
    browser.write("19000/op")
    browser.key("Enter")
    assert browser.names(".card.this-hit") == {"19000/op"}


def test_nothing_at_all_is_no_error(show):
    browser = show(Picture([]))
    assert browser.names() == set()
    assert browser.text("#caption") == "Nothing was computed here."


def test_the_wheel_zooms_about_the_pointer(show):
    browser = show(network())
    x, y, width, height = browser.box(card("loss"))
    middle = (x + width / 2, y + height / 2)
    browser.wheel(middle, -200)
    x, y, bigger, height = browser.box(card("loss"))
    assert bigger > 1.2 * width
    assert (x + bigger / 2, y + height / 2) == pytest.approx(middle, abs=1)  # pixels


def test_dragging_pans_and_is_no_click(show):
    browser = show(network())
    x, y, width, height = browser.box(card("loss"))
    browser.drag((x + width / 2, y + height / 2), (-120, -60))
    assert browser.box(card("loss"))[:2] == pytest.approx([x - 120, y - 60], abs=1)
    assert browser.of("#panel", "it.hidden")
    browser.click(card("loss"))
    browser.drag((200, 300), (50, 50))
    assert not browser.of("#panel", "it.hidden")


def test_keys_and_buttons_zoom_and_show_all(show):
    browser = show(network())
    browser.click("#fit")
    width = browser.box(card("loss"))[2]
    browser.key("+")
    assert browser.box(card("loss"))[2] == pytest.approx(1.25 * width, rel=0.01)  # outlines are as thick as before
    browser.click("#zoom-out")
    browser.key("-")
    assert browser.box(card("loss"))[2] == pytest.approx(width / 1.25, rel=0.01)
    browser.key("0")
    assert browser.box(card("loss"))[2] == pytest.approx(width, rel=0.001)


def test_the_keyboard_reaches_every_node(show):
    browser = show(network())
    browser.evaluate("document.getElementById('graph').focus()")
    browser.key("Tab")
    reached = []
    for _ in range(12):  # 9 cards and 3 headers
        reached.append(browser.evaluate("document.activeElement.dataset.name"))
        browser.key("ArrowDown")
    assert set(reached) == browser.names(".card") | browser.names(".header")
    browser.key("Enter")
    assert browser.text("#panel h2") == "loss"


def test_nodes_and_modules_say_what_they_are_to_who_listens(show):
    browser = show(network())
    assert "folded" in browser.evaluate(f"document.querySelector('{card('net.2')}').getAttribute('aria-label')")
    assert browser.evaluate(f"document.querySelector('.header{card('net.1')}').getAttribute('aria-expanded')") == "true"
    nameless = (
        "[...document.querySelectorAll('button, input')].filter((e) => !e.textContent.trim() && !e.ariaLabel).length"
    )
    assert browser.evaluate(nameless) == 0


def test_colours_follow_the_norm_of_the_gradient_and_can_be_chosen(show):
    browser = show(network())
    fill = "getComputedStyle(document.querySelector('{} .shape')).fill"
    weights = [fill.format(card(f"net.{k}.weight")) for k in range(2)]
    assert browser.evaluate(f"{weights[0]} !== {weights[1]}")
    assert "Norm of the gradient" in browser.text("#legend")
    browser.click("[data-colour=none]")
    assert browser.evaluate(f"{weights[0]} === {weights[1]}")
    browser.click("[data-colour=value]")
    assert "Norm of the value" in browser.text("#legend")


def test_light_or_dark_as_the_system_is_until_it_is_chosen(show):
    paper = "getComputedStyle(document.body).backgroundColor"
    browser = show(network())
    light = browser.evaluate(paper)
    browser.emulate(prefers_color_scheme="dark")
    dark = browser.evaluate(paper)
    assert dark != light
    browser.click("#theme")
    assert browser.evaluate(paper) == light
    browser.key("t")
    assert browser.evaluate(paper) == dark


def test_who_wants_no_motion_sees_none(show):
    browser = show(network())
    browser.key("ArrowRight")
    motion = "getComputedStyle(document.querySelector('.edge[data-state=current] .line')).animationName"
    assert browser.evaluate(motion) == "none"
    browser.emulate(prefers_reduced_motion="no-preference")
    assert browser.evaluate(motion) == "flow"
