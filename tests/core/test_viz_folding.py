"""Folding: the smaller picture says what the larger one does, has no cycles, and tells how to see the rest."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
from autograd_core.engine import enter_module, leave_module
from autograd_core.viz.collecting import collect
from autograd_core.viz.folding import folded
from autograd_core.viz.names import Names
from autograd_core.viz.repeats import LEAST, runs_in
from autograd_core.viz.sections import Structure
from autograd_core.viz.unfolding import unfolded

nn = pytest.importorskip("nn")


def leaf(*values):
    return ag.tensor(np.array(values or (1.0,), dtype=float), requires_grad=True)


def brief(graph):
    return [(item.kind, item.title, item.count) for item in graph.picture.items]


# --- repetitions in sequences -----------------------------------------------------------------------------------------


def is_run(codes, run):
    stretches = [tuple(codes[run.start + k * run.period :][: run.period]) for k in range(run.count)]
    return len(set(stretches)) == 1 and run.count >= LEAST


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 12))
def test_what_is_found_repeats_is_worth_it_and_does_not_overlap(codes, worthwhile):
    runs = runs_in(codes, [1] * len(codes), worthwhile)
    assert all(is_run(codes, run) and run.end - run.start >= worthwhile for run in runs)
    assert all(a.end <= b.start for a, b in pairwise(runs))


@given(
    st.lists(st.integers(0, 3), max_size=8),
    st.lists(st.integers(4, 9), min_size=1, max_size=8, unique=True),
    st.integers(3, 9),
    st.lists(st.integers(0, 3), max_size=8),
)
def test_a_repetition_between_other_things_is_found_whole(before, stretch, count, after):
    (found,) = [run for run in runs_in([*before, *stretch * count, *after], [1] * 99, 3) if run.start >= len(before)][
        :1
    ]
    assert (found.start, found.period, found.count) == (len(before), len(stretch), count)


def test_long_stretches_are_found_too_and_the_shortest_period_is_taken():
    stretch = list(np.random.default_rng(0).permutation(500))
    (run,) = runs_in(stretch * 4, [1] * 2000, 9)
    assert (run.period, run.count) == (500, 4)
    (run,) = runs_in([1, 2] * 50, [1] * 100, 9)
    assert (run.period, run.count) == (2, 50)


def test_of_overlapping_repetitions_the_heaviest_is_taken():
    (run,) = runs_in([1, 1, 1, 1, 2] * 5, [1] * 25, 3)
    assert (run.start, run.period, run.count) == (0, 5, 5)


# --- any program ------------------------------------------------------------------------------------------------------


def program(seed, size):
    """A random program: operations on earlier results, in modules that open and close as they like."""
    rng = np.random.default_rng(seed)
    values, tokens = [leaf(1.0), leaf(2.0)], []
    for _ in range(size):
        while tokens and rng.random() < 0.3:
            leave_module(tokens.pop())
        while len(tokens) < 3 and rng.random() < 0.3:
            tokens.append(enter_module("abc"[rng.integers(3)]))
        kind, x, y = rng.integers(4), *(values[-1 - rng.integers(min(4, len(values)))] for _ in range(2))
        values.append([ag.sin(x), x * y, x + np.array([1.0]), nn.Parameter(np.ones(1)) * x][kind])
    while tokens:
        leave_module(tokens.pop())
    return sum(values[-3:])


def assert_sound(picture, structure):
    items = structure.collection.items
    assert len({item.name for item in picture.items}) == len(picture.items)
    for i, item in enumerate(picture.items):
        assert all(edge.source < i for edge in item.edges), "each after all that it was computed from"
        assert not item.path or item.path in picture.groups
    shown = sum(item.operations * item.count for item in picture.items)
    assert shown == sum(item.operations for item in items), "each operation is in one item"
    inside = "".join(f"{item.path}.\n" for item in picture.items)
    assert all(f"{path}." in inside for path in picture.groups), "no group is empty"
    reached, stack = set(), [len(picture.items) - 1]
    while stack:
        i = stack.pop()
        if i not in reached:
            reached.add(i)
            stack += [edge.source for edge in picture.items[i].edges]
    assert len(reached) == len(picture.items), "everything leads to the output"


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 60), st.none() | st.integers(0, 3), st.booleans(), st.integers(1, 60))
def test_any_program_folded_in_any_way_has_no_cycle_and_loses_no_operation(seed, size, depth, fold, limit):
    out = program(seed, size)
    structure = Structure(collect([out], Names()))
    small = folded(structure, depth, fold, limit)
    assert_sound(small, structure)
    assert len(small.items) <= limit + 1  # and one that stands for all others
    assert bool(small.notes) or len(small.items) <= limit
    assert_sound(unfolded(structure, depth, fold, limit), structure)
    assert_sound(unfolded(structure, depth, fold, limit, most=10), structure)


# --- repetitions ------------------------------------------------------------------------------------------------------


def chain(count, **options):
    x = leaf()
    h = x
    for k in range(count):
        h = ag.tanh(h * 2.0 + np.array([float(k)]))
    return ag.draw(h.sum(), {"x": x}, **options)


def test_repeated_operations_are_one_item_with_a_count():
    graph = chain(300)
    assert brief(graph) == [("input", "x", 1), ("repeat", "multiply, add, tanh", 300), ("output", "sum", 1)]
    whole = graph.picture.items[1]
    assert (whole.operations, whole.shape, [edge.source for edge in whole.edges]) == (3, (1,), [0])
    assert any("fold=False" in note for note in graph.picture.notes)


def test_what_is_short_or_rare_is_not_folded_nor_what_should_not_be():
    assert "repeat" not in {item.kind for item in chain(2).picture.items}
    x = leaf()
    assert len(ag.draw(ag.sin(ag.sin(ag.sin(x)))).picture.items) == 4
    assert "repeat" not in {item.kind for item in chain(20, fold=False).picture.items}
    assert chain(20, fold=False).picture.notes == ()


def test_work_that_differs_in_shape_or_options_is_not_the_same():
    h = leaf(*range(20))
    for k in range(10):
        h = ag.sin(h[1:]) if k % 2 else ag.sin(h[:-1])
    assert "repeat" not in {item.kind for item in ag.draw(h).picture.items}
    assert [item.kind for item in ag.draw(h, fold=False).picture.items].count("operation") == 19


def test_the_same_work_wired_otherwise_is_not_a_repetition():
    x = leaf()
    a, b = ag.sin(x), ag.sin(x)
    for k in range(6):  # each repetition reads results of other ones than the one before
        a, b = (a * b, ag.sin(a)) if k % 2 else (b * a, ag.sin(b))
    wired = ag.draw(a + b, {"x": x})
    assert all(item.count <= 2 or item.kind == "repeat" for item in wired.picture.items)
    h = [ag.sin(x)]
    for k in range(1, 40):
        h.append(h[k // 2] * h[-1])  # ever further back
    assert all(item.count < 20 for item in ag.draw(h[-1], {"x": x}).picture.items)


def test_where_the_wiring_changes_one_repetition_ends_and_another_begins():
    x = leaf()
    first = before = ag.cos(x)
    h = ag.sin(first)
    for _ in range(12):
        h, before = h * before, h
    for _ in range(15):
        h = h * first
    shown = ag.draw(h, {"x": x}).picture.items
    assert [(item.title, item.count) for item in shown if item.kind == "repeat"] == [("multiply", 12), ("multiply", 15)]


def test_what_goes_into_a_repetition_stands_where_that_stands():
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(2, 2, rng=0)

        def forward(self, h):
            return ag.tanh(self.inner(h)) + 1.0

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = Cell()

        def forward(self, h):
            for _ in range(6):
                h = self.cell(h)
            return h

    net = Net()
    shown = ag.draw(net(np.zeros((1, 2), np.float32)), net).picture.items
    assert [(item.title, item.path) for item in shown] == [
        ("constant", "cell"),
        ("cell.inner.weight", "cell"),
        ("cell.inner.bias", "cell"),
        ("cell", "cell"),
    ]


def test_leaves_that_each_repetition_has_one_of_are_folded_with_it_and_shared_ones_are_not():
    x, shared = leaf(), leaf()
    h = x
    for _ in range(5):
        h = ag.sin(h * leaf() * shared)
    graph = ag.draw(h + 1, {"x": x, "shared": shared})
    assert brief(graph)[:3] == [("input", "x", 1), ("input", "shared", 1), ("repeat", "multiply, multiply, sin", 5)]


class Block(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.fc, self.act = nn.Linear(4, 4, rng=k), nn.ReLU()

    def forward(self, x):
        return x + self.act(self.fc(x))


class Net(nn.Module):
    def __init__(self, count=12):
        super().__init__()
        self.blocks, self.head = nn.Sequential(*[Block(k) for k in range(count)]), nn.Linear(4, 2, rng=99)

    def forward(self, x):
        return self.head(self.blocks(x))


@pytest.fixture
def swept():
    net = Net()
    loss = net(np.ones((3, 4), np.float32)).sum()
    loss.backward()
    return net, loss


def test_blocks_of_the_same_structure_are_one_item_with_their_parameters_and_gradients(swept):
    net, loss = swept
    (block,) = [item for item in ag.draw(loss, net).picture.items if item.kind == "repeat"]
    assert (block.title, block.operation, block.count) == ("blocks.0 … blocks.11", "Block", 12)
    assert (block.operations, block.parameters, block.path) == (3, 20, "blocks")
    gradients = [
        p.grad.numpy().ravel().astype(float) for name, p in net.named_parameters() if name.startswith("blocks")
    ]
    # the norm of all their gradients; the sums are of float64, so that only rounding of 240 terms is left
    assert block.gradient.norm == pytest.approx(np.linalg.norm(np.concatenate(gradients)), rel=1e-12)
    assert block.gradient.size == 240


def test_a_wrong_gradient_in_a_folded_module_is_flagged_on_it(swept):
    net, loss = swept
    net.blocks[3].fc.bias.grad = np.full(4, np.nan, np.float32)
    flags = {item.title: item.gradient.flag for item in ag.draw(loss, net, depth=0).picture.items if item.gradient}
    assert flags == {"blocks": "NaN", "head": ""}


# --- depth and limit --------------------------------------------------------------------------------------------------


def kinds(graph):
    return {item.title: item.kind for item in graph.picture.items}


def test_modules_are_unfolded_down_to_the_depth_that_is_asked_for(swept):
    net, loss = swept
    top = ag.draw(loss, net, depth=0)
    assert [(i.title, i.kind, i.operation) for i in top.picture.items if i.kind == "module"] == [
        ("blocks", "module", "Sequential"),
        ("head", "module", "Linear"),
    ]
    blocks = ag.draw(loss, net, depth=1, fold=False)
    assert [i.title for i in blocks.picture.items if i.kind == "module"] == [f"blocks.{k}" for k in range(12)]
    inner = ag.draw(loss, net, depth=2, fold=False)
    assert kinds(inner)["blocks.7.fc"] == "module"
    assert "module" not in kinds(ag.draw(loss, net, depth=3, fold=False)).values()
    assert kinds(ag.draw(loss, net, depth=9, fold=False)) == kinds(ag.draw(loss, net, fold=False))


def test_a_folded_module_reads_and_gives_what_its_operations_do(swept):
    net, loss = swept
    top = ag.draw(loss, net, depth=0).picture
    by_title = {item.title: i for i, item in enumerate(top.items)}
    assert [edge.source for edge in top.items[by_title["head"]].edges] == [by_title["blocks"]]
    assert top.items[by_title["blocks"]].shape == (3, 4)
    assert top.items[by_title["head"]].parameters == 10


def test_a_parameter_that_was_asked_for_is_not_folded_away(swept):
    net, loss = swept
    assert kinds(ag.draw([loss, net.head.weight], net, depth=0))["head.weight"] == "parameter"


def test_beyond_the_limit_modules_are_folded_and_the_note_says_how_to_see_more(swept):
    net, loss = swept
    graph = ag.draw(loss, net, fold=False, limit=36)
    assert "blocks.11" in kinds(graph)
    assert len(graph) <= 36
    (note,) = graph.picture.notes
    assert "folded at depth 1, to show at most 36 items" in note
    assert len(ag.draw(loss, net, fold=False, limit=int(note.split("limit=")[1].split(")")[0]))) == 65


def test_then_repetitions_and_at_last_the_earliest_items():
    graph = chain(300, fold=False)
    assert brief(graph)[1] == ("repeat", "multiply, add, tanh", 300)
    assert "to show at most 300 items" in graph.picture.notes[0]
    y = leaf()
    for step in np.random.default_rng(0).permutation(1000):
        y = y[None] if step % 2 else ag.sin(y)[..., 0] if y.ndim > 1 else ag.exp(y)
    many = ag.draw(y)
    assert len(many) == 301  # and one that stands for all others
    assert many.picture.items[0].kind == "hidden"
    assert "The last 300 of" in many.picture.notes[0]


def test_a_wide_graph_shows_its_end():
    out = ag.stack([leaf() for _ in range(2000)]).sum()
    graph = ag.draw(out, {})
    assert len(graph) == 301
    assert len({edge.source for edge in graph.picture.items[-2].edges}) == 299  # the hidden one is one of them


def test_a_list_out_of_a_folded_item_is_one_edge_and_two_arguments_are_two():
    x = leaf()
    listed = ag.draw(ag.stack([ag.sin(x * k) for k in range(30)]), {"x": x}, rules="words").picture
    assert [edge.argument for edge in listed.items[2].edges] == ["arrays"]
    assert listed.items[2].edges[0].rule is not None
    token = enter_module("net")
    inside = ag.sin(x)
    leave_module(token)
    squared = ag.draw(inside * inside, {"x": x}, depth=0).picture
    assert [edge.argument for edge in squared.items[2].edges] == ["a", "b"]


def test_all_that_comes_out_of_one_folded_item_into_another_is_one_edge():
    x = leaf()
    token = enter_module("first")
    one, two = ag.sin(x), ag.cos(x)
    leave_module(token)
    token = enter_module("second")
    out = ag.exp(one) + ag.exp(two)
    leave_module(token)
    items = ag.draw(out, {"x": x}, depth=0).picture.items
    assert [(item.title, [edge.source for edge in item.edges]) for item in items[1:]] == [
        ("first", [0]),
        ("second", [1]),
    ]


# --- for readers who fold themselves ----------------------------------------------------------------------------------


def test_the_unfolded_picture_has_all_items_in_groups_and_tells_which_start_folded(swept):
    net, loss = swept
    graph = ag.draw(loss, net)
    whole = graph._whole
    assert len(whole.items) == 65
    run = whole.groups["blocks.×12"]
    assert (run.kind, run.folded, run.label) == ("repeat", True, "12 × blocks.0 … blocks.11")
    inside = {item.name: item.path for item in whole.items}
    assert inside["blocks.7.fc/linear"] == "blocks.×12.7.fc"
    assert inside["blocks.7.fc.weight"] == "blocks.×12.7.fc"
    assert [path for path, group in ag.draw(loss, net, depth=0)._whole.groups.items() if group.folded] == [
        "blocks",
        "head",
    ]
    assert all(edge.rule for item in whole.items for edge in item.edges if whole.items[edge.source].kind != "constant")


def test_what_is_too_large_to_be_unfolded_is_folded_first():
    whole = chain(3000)._whole
    assert [(item.kind, item.count) for item in whole.items] == [("input", 1), ("repeat", 3000), ("output", 1)]
    assert "to show" not in "".join(whole.notes)


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["deep", "wide", "listed"])
def test_ten_times_the_nodes_are_about_ten_times_the_work(shape):
    """Near-linear, in calls of functions: a step that is quadratic would make a hundred times as many."""

    def calls(count):
        if shape == "listed":
            out = ag.stack([ag.sin(leaf()) for _ in range(count // 2)])
        elif shape == "wide":
            out = sum(ag.sin(leaf()) if k % 3 else ag.exp(leaf()) for k in range(count // 3))
        else:
            out = leaf()
            for k in np.random.default_rng(0).integers(0, 2, count):
                out = ag.sin(out) if k else -out
        total = 0

        def counted(frame, event, argument):
            nonlocal total
            total += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(counted)
        try:
            ag.draw(out, {})
        finally:
            sys.setprofile(before)
        return total

    few = calls(1000)
    assert 5 * few < calls(10_000) < 15 * few
